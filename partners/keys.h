/* keys.h - what was decided under a key, for as long as the charter's window: idempotency keys and
 * document numbers.
 *
 *     entries   [ e0 e1 e2 ... ]        oldest first; dropped from the front
 *     text      [ key0 note0 key1 ... ] the bytes of each, in the same order
 *     table     hash of the key -> sequence number of its entry
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_KEYS_H
#define PARTNERS_KEYS_H

#include "partners/table.h"
#include "protocol/record.h"

struct key_entry {
    uint64_t index : 56; /* the record that decided it */
    uint64_t verdict : 8;
    uint64_t seen_ms : 56;
    uint64_t note_size : 8;
    uint64_t offset : 48; /* of its bytes, counted from the first byte ever */
    uint64_t size : 16;   /* of the key */
};
struct keys { /* zeroed is empty */
    struct table table;
    uint64_t seed;
    struct key_entry *entries;
    size_t first, count, capacity; /* live: entries[first .. first + count) */
    uint32_t sequence;             /* of entries[first]; wraps */
    uint8_t *text;
    size_t text_first, text_size, text_capacity; /* live: text[text_first .. text_size) */
    uint64_t text_offset;                        /* of text[0] */
};

void keys_release(struct keys *keys);
/* A key's place in the table: computed once for finding and adding. */
uint64_t keys_hash(const struct keys *keys, struct bytes key);
/* The entry of a key, borrowed until the next change, or NULL. */
const struct key_entry *keys_find(const struct keys *keys, uint64_t hash, struct bytes key);
/* What was kept with a key. */
struct bytes keys_note(const struct keys *keys, const struct key_entry *entry);
/* The key must be new; `note` is at most 255 bytes. */
void keys_add(struct keys *keys, uint64_t hash, struct bytes key, struct bytes note,
              struct record_index index, enum verdict verdict, uint64_t now_ms);
/* Forgets what was seen before `time_ms`. */
void keys_forget(struct keys *keys, uint64_t time_ms);

#endif
