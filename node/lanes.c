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

/* ---- finding ------------------------------------------------------------------------------- */

/* The first place whose sequence is >= sequence. */
static size_t place_of(const struct lane *lane, uint64_t sequence)
{
    size_t low = 0, high = lane->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lane->entries[middle]->batch.sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct lane_entry *lane_find_at(const struct lane *lane, uint64_t sequence, const struct hash *id)
{
    for (size_t i = place_of(lane, sequence);
         i < lane->count && lane->entries[i]->batch.sequence == sequence; i++)
        if (hash_equal(&lane->entries[i]->batch.id, id))
            return lane->entries[i];
    return NULL;
}

struct lane_entry *lane_find(const struct lane *lane, const struct hash *id)
{
    for (size_t i = 0; i < lane->count; i++)
        if (hash_equal(&lane->entries[i]->batch.id, id))
            return lane->entries[i];
    return NULL;
}

bool lane_holds(const struct lane *lane, uint64_t sequence)
{
    size_t at = place_of(lane, sequence);
    return at < lane->count && lane->entries[at]->batch.sequence == sequence;
}

static struct lane_entry *before(const struct lane *lane, const struct lane_entry *entry)
{
    return lane_find_at(lane, entry->batch.sequence - 1, &entry->batch.previous);
}

struct lane_entry *lane_tip(const struct lane *lane)
{
    struct lane_entry *tip = NULL;
    for (size_t i = lane->count; i-- > 0;) {
        struct lane_entry *entry = lane->entries[i];
        if (tip && entry->batch.sequence < tip->batch.sequence)
            break;
        if (entry->connected && !entry->hidden)
            tip = entry; /* of several, the one that came first */
    }
    return tip;
}

struct lane_entry *lane_last(const struct lane *lane)
{
    return lane->count > 0 ? lane->entries[lane->count - 1] : NULL;
}

/* ---- adding -------------------------------------------------------------------------------- */

/* From `first` on, in ascending order, so that one pass connects everything: a liar must not make
 * each of its batches cost a walk over all the others for each of them. */
static void connect_from(struct lane *lane, size_t first)
{
    for (size_t i = first; i < lane->count; i++) {
        struct lane_entry *entry = lane->entries[i];
        if (entry->batch.sequence == lane->decided.sequence + 1) {
            entry->connected = hash_equal(&entry->batch.previous, &lane->decided.id);
            continue;
        }
        const struct lane_entry *previous = before(lane, entry);
        entry->connected = previous && previous->connected;
    }
}

static void want_down(struct lane *lane, struct lane_entry *entry)
{
    while (entry && !entry->wanted) {
        entry->wanted = true;
        entry = before(lane, entry);
    }
}

const struct lane_entry *lane_rival(const struct lane *lane, const struct batch *batch)
{
    for (size_t i = place_of(lane, batch->sequence);
         i < lane->count && lane->entries[i]->batch.sequence == batch->sequence; i++)
        if (!hash_equal(&lane->entries[i]->batch.id, &batch->id))
            return lane->entries[i];
    return NULL;
}

struct lane_entry *lane_add(struct lane *lane, const struct batch *batch, struct bytes bytes,
                            bool hidden)
{
    must(batch->payload.size <= bytes.size);
    if (lane->count >= LANE_KEPT_MAX || lane->bytes + bytes.size > 2 * (size_t)LANE_BYTES_MAX ||
        bytes.size > BATCH_SIZE_MAX || batch->sequence <= lane->decided.sequence ||
        batch->sequence - lane->decided.sequence > LANE_BRANCH_MAX ||
        lane_find_at(lane, batch->sequence, &batch->id))
        return NULL;
    struct lane_entry *entry = (struct lane_entry *)allocate(1, sizeof(*entry));
    buffer_init(&entry->bytes, bytes.size);
    buffer_append(&entry->bytes, bytes);
    entry->batch = *batch;
    /* A batch ends with its payload. */
    size_t head = bytes.size - batch->payload.size;
    entry->batch.payload = bytes_of(entry->bytes.at + head, batch->payload.size);
    entry->hidden = hidden;
    lane->entries = (struct lane_entry **)array_grow(lane->entries, &lane->capacity,
                                                     lane->count + 1, sizeof(lane->entries[0]));
    size_t at = place_of(lane, entry->batch.sequence + 1);
    memmove(&lane->entries[at + 1], &lane->entries[at],
            (lane->count - at) * sizeof(lane->entries[0]));
    lane->entries[at] = entry;
    lane->count++;
    lane->bytes += bytes.size;
    connect_from(lane, at);
    if (lane_wants(lane, &entry->batch))
        want_down(lane, entry);
    return entry;
}

void lane_show(struct lane *lane, struct lane_entry *entry)
{
    must(entry->hidden && lane_find(lane, &entry->batch.id) == entry);
    entry->hidden = false;
}

/* ---- paths and deciding -------------------------------------------------------------------- */

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
        struct lane_entry *entry = lane_find_at(lane, at.sequence, &at.id);
        if (!entry && lane_find(lane, &at.id))
            return LANE_PATH_WRONG; /* it is there, at another place of the lane */
        if (!entry || entry->hidden) {
            *missing_out = at;
            return LANE_PATH_MISSING;
        }
        path_out[i] = entry;
        at = (struct lane_head){.sequence = at.sequence - 1, .id = entry->batch.previous};
    }
    if (!hash_equal(&at.id, &lane->decided.id))
        return LANE_PATH_WRONG;
    *count_out = count;
    return LANE_PATH_FOUND;
}

/* Beyond the new head: void is what follows another head, or what follows something void. What
 * follows a batch that is not held may still turn out to be the lane. */
static bool is_void(const struct lane *lane, const struct lane_entry *entry)
{
    if (entry->batch.sequence == lane->decided.sequence + 1)
        return !hash_equal(&entry->batch.previous, &lane->decided.id);
    return false;
}

static void leave(struct lane *lane, struct lane_entry *entry, bool decided, lane_left *left,
                  void *context)
{
    left(context, entry, decided);
    lane->bytes -= entry->bytes.size;
    entry_close(entry);
}

/* Drops, in ascending order, every void branch: `gone` are the ids dropped one sequence below. */
static void drop_void(struct lane *lane, lane_left *left, void *context)
{
    struct hash *gone = (struct hash *)allocate(lane->count + 1, sizeof(*gone));
    size_t gone_count = 0, kept = 0;
    for (size_t i = 0; i < lane->count; i++) {
        struct lane_entry *entry = lane->entries[i];
        bool is_gone = is_void(lane, entry);
        for (size_t g = 0; g < gone_count && !is_gone; g++)
            is_gone = hash_equal(&gone[g], &entry->batch.previous);
        if (!is_gone) {
            lane->entries[kept++] = entry;
            continue;
        }
        gone[gone_count++] = entry->batch.id;
        leave(lane, entry, false, left, context);
    }
    lane->count = kept;
    free(gone);
}

void lane_decide(struct lane *lane, const struct lane_head *head, lane_left *left, void *context)
{
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    size_t path_count = 0;
    struct lane_head missing;
    must(lane_path(lane, head, path, &path_count, &missing) == LANE_PATH_FOUND);
    uint64_t first = lane->decided.sequence + 1;
    lane->decided = *head;
    lane_unwant(lane);
    size_t leaving = place_of(lane, head->sequence + 1);
    for (size_t i = 0; i < leaving; i++) {
        struct lane_entry *entry = lane->entries[i];
        leave(lane, entry, path[entry->batch.sequence - first] == entry, left, context);
    }
    lane->count -= leaving;
    if (leaving > 0)
        memmove(lane->entries, lane->entries + leaving, lane->count * sizeof(lane->entries[0]));
    if (path_count > 0)
        drop_void(lane, left, context);
    connect_from(lane, 0);
}

void lane_void(struct lane *lane, lane_left *left, void *context)
{
    for (size_t i = 0; i < lane->count; i++)
        leave(lane, lane->entries[i], false, left, context);
    lane->count = 0;
    lane_unwant(lane);
}

void lane_unhear(struct lane *lane, lane_left *left, void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < lane->count; i++)
        if (lane->entries[i]->heard)
            leave(lane, lane->entries[i], false, left, context);
        else
            lane->entries[kept++] = lane->entries[i];
    lane->count = kept;
    connect_from(lane, 0);
}

/* ---- room against floods ------------------------------------------------------------------- */

static bool was_asked(const struct lane *lane, const struct hash *id)
{
    size_t count = lane->asked_count < LANE_ASKED_MAX ? lane->asked_count : LANE_ASKED_MAX;
    for (size_t i = 0; i < count; i++)
        if (hash_equal(&lane->asked[i], id))
            return true;
    return false;
}

void lane_want(struct lane *lane, const struct lane_head *head)
{
    struct lane_entry *entry = lane_find_at(lane, head->sequence, &head->id);
    if (entry)
        want_down(lane, entry);
    else if (head->sequence > lane->decided.sequence && !was_asked(lane, &head->id))
        lane->asked[lane->asked_count++ % LANE_ASKED_MAX] = head->id;
}

void lane_unwant(struct lane *lane)
{
    for (size_t i = 0; i < lane->count; i++)
        lane->entries[i]->wanted = false;
    lane->asked_count = 0;
}

bool lane_wants(const struct lane *lane, const struct batch *batch)
{
    if (was_asked(lane, &batch->id))
        return true;
    for (size_t i = place_of(lane, batch->sequence + 1);
         i < lane->count && lane->entries[i]->batch.sequence == batch->sequence + 1; i++)
        if (lane->entries[i]->wanted && hash_equal(&lane->entries[i]->batch.previous, &batch->id))
            return true;
    return false;
}

bool lane_make_room(struct lane *lane, const struct batch *batch, size_t size, lane_left *left,
                    void *context)
{
    bool wanted = lane_wants(lane, batch);
    size_t lowest = lane->count;
    for (size_t i = lane->count;
         i-- > 0 && (lane->count >= LANE_BRANCH_MAX || lane->bytes + size > LANE_BYTES_MAX);) {
        struct lane_entry *entry = lane->entries[i];
        if (!wanted && entry->batch.sequence <= batch->sequence)
            break;
        if (entry->wanted || entry->tokens || entry->hidden)
            continue;
        leave(lane, entry, false, left, context);
        lane->count--;
        memmove(&lane->entries[i], &lane->entries[i + 1],
                (lane->count - i) * sizeof(lane->entries[0]));
        lowest = i;
    }
    connect_from(lane, lowest);
    return wanted || (lane->count < LANE_BRANCH_MAX && lane->bytes + size <= LANE_BYTES_MAX);
}
