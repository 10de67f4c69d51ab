/* points.h - quantities that never mix: points, prices a point, money.
 *
 * Points are whole. A price is in micro-units (1e-6) of the currency. Money that is owed is exact
 * in 1e-10 units (price * basis points), summed in 128 bits. Nothing here is a float.
 */
#ifndef PROTOCOL_POINTS_H
#define PROTOCOL_POINTS_H

#include "crypto/base.h"

struct points {
    int64_t v;
};
struct micro { /* 1e-6 of the currency */
    int64_t v;
};
struct money { /* 1e-10 of the currency */
    __int128 v;
};

enum { MONEY_DECIMALS = 10, MONEY_TEXT_SIZE = 56, MONEY_PER_MICRO = 10000 };

/* Exact decimal text without trailing zeros beyond `min_decimals`: 22860000000 -> "2.286". */
void money_format(struct money money, int min_decimals, char text_out[MONEY_TEXT_SIZE]);
/* The minor unit of a currency with so many digits, 0..MONEY_DECIMALS. */
__int128 money_unit(int minor_digits);
/* To the minor unit (2 digits for EUR), half to even: ledger.md section 8.10. */
struct money money_round(struct money money, int minor_digits);

/* floor((a * b + divisor/2) / divisor) for non-negative values: round half up (ledger.md 4.1). */
int64_t multiply_divide_half_up(int64_t a, int64_t b, int64_t divisor);
/* Splits `total` by weights (their sum > 0), largest remainder first; on equal remainders the lower
 * index wins, so callers order by name. Shares sum to total exactly. `count` at most 1024. */
void split_largest_remainder(int64_t total, const int64_t *weights, size_t count,
                             int64_t *shares_out);

#endif
