/* growth.h - cost as the ledger grows: members, and records behind it. Threads: one. */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include "crypto/base.h"

enum { GROWTH_SIZES_MAX = 12 };

struct growth_plan {
    const char *dir, *program;
    const char *out;     /* folder of growth.md and growth.svg; must exist */
    const char *members; /* "10000,100000,1000000", each a new coalition */
    const char *records; /* more records behind the last size: "1000000,5000000"; NULL: none */
    uint64_t seconds, seed;
};

bool growth_run(const struct growth_plan *plan, struct error *error) MUST_USE;

#endif
