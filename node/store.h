/* store.h - what a node keeps: ordered keys and values, written in atomic groups.
 *
 * An interface, so that the same replica runs over LevelDB (store_leveldb.c) and over the
 * simulator's disk, which loses everything that was not synced. Reads see every group given to
 * write() so far.
 *
 * Keys (big-endian numbers; protocol/FORMAT.md, "The store"):
 *   M name                     version, coalition, node: checked at every start
 *   C counter8                 chained counter: one a group, shows a group lost from the middle
 *   B lane2 sequence8 id32     a batch
 *   H height8                  certificate, cut, and where its records begin
 *   O index8                   a batch's outcomes from record `index` on, each with its links: the
 *                              record before of each member it touched; or the height's seal
 *   T level1 index8            a full tile, 8,192 bytes
 *   V height8 round4 type1     own vote;  P height8 round4: own proposal;  L: own lock
 *   Q number8                  outbox: a transaction that waits for the right to sign, or the
 *                              payload of an own batch that became void
 *   A                          the height from which rule 3's question is open
 *   E node2 kind1 id8          evidence that a node lied
 *   S                          own cosignature, the newest;  F: the newest final checkpoint
 *   N height8 node2            a voter's attestation of a snapshot
 *   G                          the snapshot that this node began with, while the history before it
 *                              is being fetched
 *   R                          what was pruned
 */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "protocol/ids.h"

enum {
    STORE_KEY_MAX = 64,
    EVIDENCE_KEY_ID_SIZE = 8, /* enough to tell 4,096 apart */
    /* The largest are a batch's outcomes: effects of twice a cut's payload (limits.h), and with
     * each its head and four links. */
    STORE_VALUE_MAX = 36 * 1024 * 1024,
    STORE_GROUP_MAX = 192 * 1024 * 1024
};

/* A group of changes under construction: a flat buffer of
 * [u8 1 put | 2 delete][u32 key size][u32 value size][key][value]. */
struct store_group {
    struct buffer ops;
    size_t count;
};
void store_group_init(struct store_group *group);
void store_group_release(struct store_group *group);
void store_group_clear(struct store_group *group);
void store_put(struct store_group *group, struct bytes key, struct bytes value);
void store_delete(struct store_group *group, struct bytes key);

/* Walks a group's changes; false at its end. value.at is NULL for a deletion. */
bool store_group_next(struct bytes *rest, struct bytes *key_out, struct bytes *value_out);

/* Reading. `value_out` is appended to the buffer given.. */
struct store {
    void *context;
    /* ERROR_NOT_FOUND when there is no such key, ERROR_CORRUPT when its checksum fails. */
    bool (*get)(void *context, struct bytes key, struct buffer *value_out, struct error *error);
    /* The entry with the greatest key <= `key` that starts with `prefix`. */
    bool (*get_at_or_before)(void *context, struct bytes prefix, struct bytes key,
                             struct buffer *key_out, struct buffer *value_out, struct error *error);
    /* Calls `visit` for keys from `from` on while they start with `prefix`, at most `limit`; stops
     * early when visit returns false. `backwards`: from the greatest key <= from downwards. False
     * only on an error. */
    bool (*scan)(void *context, struct bytes prefix, struct bytes from, bool backwards,
                 size_t limit, bool (*visit)(void *visitor, struct bytes key, struct bytes value),
                 void *visitor, struct error *error);
};

/* The greatest height that the store has an entry for. ERROR_NOT_FOUND: it has none; a key that is
 * no height's counts as UINT64_MAX. */
bool store_last_height(const struct store *store, uint64_t *height_out,
                       struct error *error) MUST_USE;

/* Key makers; each returns the bytes used in `key`. */
struct store_key {
    uint8_t at[STORE_KEY_MAX];
    size_t size;
};
static inline struct bytes store_key_bytes(const struct store_key *key)
{
    return (struct bytes){.at = key->at, .size = key->size};
}
struct store_key key_prefix(char kind);
struct store_key key_meta(const char *name);
struct store_key key_counter(uint64_t counter);
struct store_key key_batch(uint16_t lane, uint64_t sequence, const struct hash *id);
struct store_key key_lane(uint16_t lane); /* prefix of a lane's batches */
struct store_key key_height(uint64_t height);
struct store_key key_outcomes(uint64_t index);
struct store_key key_tile(uint32_t level, uint64_t index);
struct store_key key_vote(uint64_t height, int32_t round, int type);
struct store_key key_proposal(uint64_t height, int32_t round);
struct store_key key_lock(void);
struct store_key key_outbox(uint64_t number);
struct store_key key_evidence(uint16_t node, int kind, const struct hash *id);
struct store_key key_cosigned(void);
struct store_key key_final(void);
struct store_key key_attestation(uint64_t height, uint16_t node);
struct store_key key_gap(void);
struct store_key key_pruned(void);
struct store_key key_asked(void);

/* Whose store it is, by its entries M: the coalition, and the node, which may have joined later
 * than the genesis charter. */
bool store_owner(const struct store *store, struct hash *coalition_out, struct node_id *node_out,
                 struct error *error) MUST_USE;

#endif
