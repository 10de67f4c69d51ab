#include "protocol/points.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHARES_MAX = 1024 };

void money_format(struct money money, int min_decimals, char text_out[MONEY_TEXT_SIZE])
{
    must(min_decimals >= 0 && min_decimals <= MONEY_DECIMALS);
    char digits[MONEY_TEXT_SIZE];
    int at = MONEY_TEXT_SIZE - 1;
    digits[at] = 0;
    bool negative = money.v < 0;
    unsigned __int128 rest = negative ? -(unsigned __int128)money.v : (unsigned __int128)money.v;
    bool kept = false; /* a decimal that may not be dropped was written */
    for (int place = MONEY_DECIMALS; place > 0; place--) {
        char digit = (char)('0' + (int)(rest % 10));
        rest /= 10;
        kept = kept || digit != '0' || place <= min_decimals;
        if (kept)
            digits[--at] = digit;
    }
    if (kept)
        digits[--at] = '.';
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest);
    if (negative)
        digits[--at] = '-';
    (void)snprintf(text_out, MONEY_TEXT_SIZE, "%s", digits + at);
}

__int128 money_unit(int minor_digits)
{
    must(minor_digits >= 0 && minor_digits <= MONEY_DECIMALS);
    __int128 unit = 1;
    for (int i = minor_digits; i < MONEY_DECIMALS; i++)
        unit *= 10;
    return unit;
}

struct money money_round(struct money money, int minor_digits)
{
    __int128 unit = money_unit(minor_digits);
    __int128 magnitude = money.v < 0 ? -money.v : money.v;
    __int128 whole = magnitude / unit, rest = magnitude % unit;
    if (2 * rest > unit || (2 * rest == unit && whole % 2 == 1))
        whole++;
    __int128 rounded = whole * unit;
    return (struct money){money.v < 0 ? -rounded : rounded};
}

int64_t multiply_divide_half_up(int64_t a, int64_t b, int64_t divisor)
{
    must(a >= 0 && b >= 0 && divisor > 0);
    __int128 result = ((__int128)a * b + divisor / 2) / divisor;
    must(result <= INT64_MAX);
    return (int64_t)result;
}

void split_largest_remainder(int64_t total, const int64_t *weights, size_t count,
                             int64_t *shares_out)
{
    must(total >= 0 && count > 0 && count <= SHARES_MAX);
    __int128 sum = 0;
    for (size_t i = 0; i < count; i++) {
        must(weights[i] >= 0);
        sum += weights[i];
    }
    must(sum > 0);
    __int128 remainders[SHARES_MAX];
    int64_t given = 0;
    for (size_t i = 0; i < count; i++) {
        __int128 product = (__int128)total * weights[i];
        shares_out[i] = (int64_t)(product / sum);
        remainders[i] = product % sum;
        given += shares_out[i];
    }
    /* Fewer than `count` points are left: each goes to the largest remainder not yet served. */
    for (; given < total; given++) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            if (remainders[i] > remainders[best])
                best = i;
        shares_out[best]++;
        remainders[best] = -1;
    }
}
