#include "bench/zipf.h"

#include <math.h>

uint64_t mix64(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t dice_roll(struct dice *dice)
{
    uint64_t value = mix64(dice->state);
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return value;
}

/* The bias of a multiplication of 64 bits is below 2^-40 for the ranges here. */
uint64_t dice_between(struct dice *dice, uint64_t first, uint64_t last)
{
    unsigned __int128 wide = (unsigned __int128)dice_roll(dice) * (last - first + 1);
    return first + (uint64_t)(wide >> 64);
}

/* In 0..1, one excluded, with the 53 bits that a double has. */
static double dice_fraction(struct dice *dice)
{
    return (double)(dice_roll(dice) >> 11) * 0x1p-53;
}

/* h(x) = x^-exponent; its integral from 1 is H(x) = (x^(1-exponent) - 1) / (1-exponent). Written
 * with expm1 and log1p so that an exponent near 1 loses no digits. */
static double height(const struct zipf *zipf, double x)
{
    return exp(-zipf->exponent * log(x));
}

static double area(const struct zipf *zipf, double x)
{
    double log_x = log(x), t = (1 - zipf->exponent) * log_x;
    return fabs(t) < 1e-12 ? log_x : expm1(t) / t * log_x;
}

static double area_inverse(const struct zipf *zipf, double y)
{
    double t = y * (1 - zipf->exponent);
    if (t < -1) /* rounding at the left end only */
        t = -1;
    return exp(fabs(t) < 1e-12 ? y : log1p(t) / t * y);
}

void zipf_init(struct zipf *zipf, uint64_t count, double exponent)
{
    zipf->count = count;
    zipf->exponent = exponent;
    zipf->area_first = area(zipf, 1.5) - 1;
    zipf->area_last = area(zipf, (double)count + 0.5);
    zipf->shortcut = 2 - area_inverse(zipf, area(zipf, 2.5) - height(zipf, 2));
}

uint64_t zipf_draw(const struct zipf *zipf, struct dice *dice)
{
    /* Ends with probability 1; a draw is rejected in well under half of the cases. */
    for (;;) {
        double width = zipf->area_first - zipf->area_last;
        double y = zipf->area_last + dice_fraction(dice) * width;
        double x = area_inverse(zipf, y), near = floor(x + 0.5);
        if (near < 1)
            near = 1;
        if (near > (double)zipf->count)
            near = (double)zipf->count;
        if (near - x <= zipf->shortcut || y >= area(zipf, near + 0.5) - height(zipf, near))
            return (uint64_t)near;
    }
}
