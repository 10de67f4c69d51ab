/* sharing.h - a sum shared out in proportion, to the last unit. protocol/SETTLEMENT.md section 27.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_SHARING_H
#define PARTNERS_SHARING_H

#include "crypto/base.h"

/* Shares out `units` in proportion to weights, none negative, and not all of them 0: the largest
 * remainders get what is left over, ties by name. `shares_out` has `count` elements and sums to
 * `units`, which is below 2^100, as is the sum of the weights. */
void share_out(__int128 units, const __int128 *weights, const char *const *names, size_t count,
               __int128 *shares_out);

#endif
