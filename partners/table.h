/* table.h - an open-addressing hash table from keys to 32-bit values.
 *
 * The table keeps 32 bits of the hash and the value, 8 bytes a slot: at ten million entries each
 * lookup is a cache miss, and half as wide a table has half as many. The key lives in the caller's
 * own array and is compared through `table_equal`. Linear probing, at most 3/4 full, removal
 * without tombstones.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_TABLE_H
#define PARTNERS_TABLE_H

#include "crypto/base.h"

struct table_slot {
    uint32_t tag; /* of the hash, and where its search begins; 0: empty */
    uint32_t value;
};
struct table { /* zeroed is empty */
    struct table_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t room;     /* slots that there is memory for: the capacity at least */
    size_t count;
};

/* True when the entry `value` of the caller's array has this key. */
typedef bool table_equal(const void *context, uint32_t value, const void *key);

/* Spreads keys over the table; no cryptographic strength. */
uint64_t table_hash(uint64_t seed, struct bytes bytes);

void table_release(struct table *table);
bool table_find(const struct table *table, uint64_t hash, table_equal *equal, const void *context,
                const void *key, uint32_t *value_out) MUST_USE;
/* Asks memory for the place where a search for this hash begins; changes nothing. */
void table_fetch(const struct table *table, uint64_t hash);
/* The first entry with this hash's tag: nearly always the one that table_find() would compare. */
bool table_guess(const struct table *table, uint64_t hash, uint32_t *value_out) MUST_USE;
/* Makes room for `count` entries at once, so that none of them has to make it. */
void table_reserve(struct table *table, size_t count);
/* The key must not be there yet. */
void table_insert(struct table *table, uint64_t hash, uint32_t value);
/* Removes the entry with exactly this hash and value, which must be there. */
void table_remove(struct table *table, uint64_t hash, uint32_t value);

#endif
