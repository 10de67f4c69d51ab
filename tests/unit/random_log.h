/* random_log.h - the log of a random play: its records, and paths in the tree of any height.
 */
#ifndef TESTS_UNIT_RANDOM_LOG_H
#define TESTS_UNIT_RANDOM_LOG_H

#include "crypto/merkle.h"
#include "unit/coalition.h"

struct log_entry {
    struct buffer record, automatic; /* automatic: of a seal */
    struct hash leaf;
};
struct log_past { /* after a height */
    uint64_t count;
    struct hash root;
};
struct random_log {
    struct log_entry *entries;
    struct log_past *past; /* [0] is before height 1 */
    size_t count, capacity, past_count, past_capacity;
    struct merkle tree;
};

static inline void log_init(struct random_log *log)
{
    merkle_init(&log->tree);
    log->past = array_grow(NULL, &log->past_capacity, 1, sizeof(*log->past));
    log->past[log->past_count++] = (struct log_past){0};
}

static inline void log_release(struct random_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        buffer_release(&log->entries[i].record);
        buffer_release(&log->entries[i].automatic);
    }
    free(log->entries);
    free(log->past);
}

static inline struct log_entry *log_append(struct random_log *log, const struct record *record)
{
    REQUIRE(record->index.v == log->count);
    log->entries = array_grow(log->entries, &log->capacity, log->count + 1, sizeof(*log->entries));
    struct log_entry *entry = &log->entries[log->count++];
    *entry = (struct log_entry){0};
    buffer_init(&entry->record, RECORD_SIZE_MAX);
    buffer_init(&entry->automatic, RECORD_SIZE_MAX);
    record_encode(record, &entry->record);
    REQUIRE(!entry->record.overflowed);
    entry->leaf = merkle_leaf(buffer_bytes(&entry->record));
    merkle_append(&log->tree, &entry->leaf, NULL, NULL);
    return entry;
}

static inline void log_seal(struct random_log *log, const struct record *seal,
                            struct bytes automatic)
{
    struct log_entry *entry = log_append(log, seal);
    buffer_append(&entry->automatic, automatic);
    log->past = array_grow(log->past, &log->past_capacity, log->past_count + 1, sizeof(*log->past));
    log->past[log->past_count++] =
        (struct log_past){.count = log->count, .root = merkle_root(&log->tree)};
}

/* What the cut of a height says of the tree two heights before. */
static inline struct log_past log_named(const struct random_log *log, uint64_t height)
{
    return height > 2 ? log->past[height - 2] : (struct log_past){0};
}

/* ---- paths, as RFC 9162 2.1.3.1 defines them ------------------------------------------------- */

static inline uint64_t log_split(uint64_t size)
{
    uint64_t left = 1;
    while (left * 2 < size)
        left *= 2;
    return left;
}

static inline struct hash log_root(const struct random_log *log, uint64_t first, uint64_t size)
{
    if (size == 1)
        return log->entries[first].leaf;
    uint64_t left = log_split(size);
    struct hash a = log_root(log, first, left), b = log_root(log, first + left, size - left);
    return merkle_node(&a, &b);
}

/* Appended leaf to root. */
static inline void log_path(const struct random_log *log, uint64_t index, uint64_t first,
                            uint64_t size, struct buffer *out)
{
    if (size <= 1)
        return;
    uint64_t left = log_split(size);
    bool in_left = index < left;
    log_path(log, in_left ? index : index - left, in_left ? first : first + left,
             in_left ? left : size - left, out);
    struct hash other =
        in_left ? log_root(log, first + left, size - left) : log_root(log, first, left);
    buffer_append(out, hash_as_bytes(&other));
}

#endif
