#include "partners/sharing.h"

#include <stdlib.h>
#include <string.h>

struct quotient {
    __int128 whole, rest;
};

/* a * b / c, where the product may have 200 bits: bit by bit, nothing grows beyond 3c. */
static struct quotient multiply_divide(__int128 a, __int128 b, __int128 c)
{
    struct quotient q = {0, 0};
    for (int bit = 126; bit >= 0; bit--) {
        q.whole *= 2;
        q.rest *= 2;
        if (b >> bit & 1) {
            q.whole += a / c;
            q.rest += a % c;
        }
        q.whole += q.rest / c;
        q.rest %= c;
    }
    return q;
}

struct share {
    size_t place;
    __int128 rest;
    const char *name;
};

static int by_rest(const void *a, const void *b)
{
    const struct share *left = a, *right = b;
    if (left->rest != right->rest)
        return left->rest > right->rest ? -1 : 1;
    return strcmp(left->name, right->name);
}

void share_out(__int128 units, const __int128 *weights, const char *const *names, size_t count,
               __int128 *shares_out)
{
    const __int128 most = (__int128)1 << 100;
    struct share *shares = allocate(count, sizeof(*shares));
    __int128 sum = 0, left = units;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    must(units >= 0 && units < most && sum > 0 && sum < most);
    for (size_t i = 0; i < count; i++) {
        struct quotient q = multiply_divide(units, weights[i], sum);
        shares_out[i] = q.whole;
        shares[i] = (struct share){.place = i, .rest = q.rest, .name = names[i]};
        left -= q.whole;
    }
    qsort(shares, count, sizeof(*shares), by_rest);
    must(left >= 0 && left < (__int128)count);
    for (size_t i = 0; left > 0; i++, left--)
        shares_out[shares[i].place]++;
    free(shares);
}
