/* zipf.h - numbers 1..n drawn with probability proportional to 1 / k^exponent, and the seeded
 * generator below it.
 *
 * The sampler is exact for any n and exponent > 0 and needs no table: rejection-inversion, after
 * W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", ACM TOMACS 6 (1996), pages 169-184. Threads: none; one object a user.
 */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

#include <stdint.h>

/* SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): also a mixer of one number. */
uint64_t mix64(uint64_t value);

struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
/* Uniform in first..last. */
uint64_t dice_between(struct dice *dice, uint64_t first, uint64_t last);

struct zipf {
    uint64_t count;
    double exponent;
    double area_first, area_last, shortcut; /* of the hat function */
};

void zipf_init(struct zipf *zipf, uint64_t count, double exponent);
uint64_t zipf_draw(const struct zipf *zipf, struct dice *dice);

#endif
