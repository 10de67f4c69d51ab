#include "node/lanes.h"

#include <stdlib.h>
#include <string.h>

static void entry_close(struct lane_entry *entry)
{
    buffer_release(&entry->bytes);
    free(entry->tokens);
    free(entry);
}

void lane_release(struct lane *lane)
{
    for (size_t i = 0; i < lane->count; i++)
        entry_close(lane->entries[i]);
    free(lane->entries);
    memset(lane, 0, sizeof(*lane));
}

struct lane_entry *lane_find(const struct lane *lane, const struct hash *id)
{
    for (size_t i = 0; i < lane->count; i++)
        if (hash_equal(&lane->entries[i]->batch.id, id))
            return lane->entries[i];
    return NULL;
}

static bool follows(const struct lane *lane, const struct lane_entry *entry)
{
    if (entry->batch.sequence == lane->decided.sequence + 1)
        return hash_equal(&entry->batch.previous, &lane->decided.id);
    const struct lane_entry *before = lane_find(lane, &entry->batch.previous);
    return before && before->connected && before->batch.sequence + 1 == entry->batch.sequence;
}

/* Each pass connects at least one more entry or ends. */
static void connect_all(struct lane *lane)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < lane->count; i++) {
            struct lane_entry *entry = lane->entries[i];
            if (!entry->connected && follows(lane, entry)) {
                entry->connected = true;
                changed = true;
            }
        }
    }
}

struct lane_entry *lane_add(struct lane *lane, struct bytes bytes, bool hidden)
{
    if (lane->count >= LANE_BRANCH_MAX || lane->bytes + bytes.size > LANE_BYTES_MAX)
        return NULL;
    struct lane_entry *entry = (struct lane_entry *)allocate(1, sizeof(*entry));
    buffer_init(&entry->bytes, BATCH_SIZE_MAX);
    buffer_append(&entry->bytes, bytes);
    bool good = !entry->bytes.overflowed &&
                batch_decode(buffer_bytes(&entry->bytes), &entry->batch, NULL) &&
                entry->batch.sequence > lane->decided.sequence &&
                entry->batch.sequence <= lane->decided.sequence + LANE_BRANCH_MAX &&
                !lane_find(lane, &entry->batch.id);
    if (!good) {
        entry_close(entry);
        return NULL;
    }
    entry->hidden = hidden;
    lane->entries = (struct lane_entry **)array_grow(lane->entries, &lane->capacity,
                                                     lane->count + 1, sizeof(lane->entries[0]));
    lane->entries[lane->count++] = entry;
    lane->bytes += bytes.size;
    connect_all(lane);
    return entry;
}

void lane_show(struct lane *lane, struct lane_entry *entry)
{
    must(entry->hidden && lane_find(lane, &entry->batch.id) == entry);
    entry->hidden = false;
}

struct lane_entry *lane_tip(const struct lane *lane)
{
    struct lane_entry *tip = NULL;
    for (size_t i = 0; i < lane->count; i++) {
        struct lane_entry *entry = lane->entries[i];
        if (entry->connected && !entry->hidden &&
            (!tip || entry->batch.sequence > tip->batch.sequence))
            tip = entry;
    }
    return tip;
}

struct lane_entry *lane_last(const struct lane *lane)
{
    struct lane_entry *last = NULL;
    for (size_t i = 0; i < lane->count; i++)
        if (!last || lane->entries[i]->batch.sequence > last->batch.sequence)
            last = lane->entries[i];
    return last;
}

enum lane_path_result lane_path(const struct lane *lane, const struct lane_head *head,
                                struct lane_entry **path_out, size_t *count_out,
                                struct lane_head *missing_out)
{
    if (head->sequence < lane->decided.sequence ||
        head->sequence - lane->decided.sequence > LANE_BATCHES_PER_CUT_MAX)
        return LANE_PATH_WRONG;
    size_t count = (size_t)(head->sequence - lane->decided.sequence);
    struct lane_head at = *head;
    for (size_t i = count; i-- > 0;) {
        struct lane_entry *entry = lane_find(lane, &at.id);
        if (!entry || entry->hidden) {
            *missing_out = at;
            return LANE_PATH_MISSING;
        }
        if (entry->batch.sequence != at.sequence)
            return LANE_PATH_WRONG;
        path_out[i] = entry;
        at = (struct lane_head){.sequence = at.sequence - 1, .id = entry->batch.previous};
    }
    if (!hash_equal(&at.id, &lane->decided.id))
        return LANE_PATH_WRONG;
    *count_out = count;
    return LANE_PATH_FOUND;
}

void lane_decide(struct lane *lane, const struct lane_head *head,
                 void (*left)(void *context, const struct lane_entry *entry, bool decided),
                 void *context)
{
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    size_t path_count = 0;
    struct lane_head missing;
    must(lane_path(lane, head, path, &path_count, &missing) == LANE_PATH_FOUND);
    lane->decided = *head;
    size_t kept = 0;
    for (size_t i = 0; i < lane->count; i++) {
        struct lane_entry *entry = lane->entries[i];
        entry->connected = false;
        if (entry->batch.sequence > head->sequence) {
            lane->entries[kept++] = entry;
            continue;
        }
        bool decided = false;
        for (size_t j = 0; j < path_count; j++)
            decided = decided || path[j] == entry;
        left(context, entry, decided);
        lane->bytes -= entry->bytes.size;
        entry_close(entry);
    }
    lane->count = kept;
    connect_all(lane);
}

void lane_make_room(struct lane *lane)
{
    size_t farthest = lane->count;
    for (size_t i = 0; i < lane->count; i++) {
        const struct lane_entry *entry = lane->entries[i];
        if (entry->tokens || entry->hidden)
            continue;
        if (farthest == lane->count ||
            entry->batch.sequence >= lane->entries[farthest]->batch.sequence)
            farthest = i;
    }
    if (farthest == lane->count)
        return;
    lane->bytes -= lane->entries[farthest]->bytes.size;
    entry_close(lane->entries[farthest]);
    lane->entries[farthest] = lane->entries[--lane->count];
    for (size_t i = 0; i < lane->count; i++)
        lane->entries[i]->connected = false;
    connect_all(lane);
}
