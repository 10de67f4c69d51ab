/* effects.h - two accounts of what a record did, compared by what they come to.
 *
 * Effects about the same thing (kind, lot, pools, partners, class, tariff) are summed: their order
 * and in how many pieces they come does not matter. Threads: any.
 */
#ifndef NODE_EFFECTS_H
#define NODE_EFFECTS_H

#include "protocol/record.h"

/* Takes an encoded array apart; the caller frees. Returns their count. */
size_t effects_read(struct bytes encoded, struct effect **effects_out);
/* True when they differ: the first, by kind and what it is about, as each side has it; kind 0 where
 * a side has none. */
bool effects_differ(const struct effect *effects, size_t count, struct bytes recorded,
                    struct effect *own_out, struct effect *recorded_out) MUST_USE;

#endif
