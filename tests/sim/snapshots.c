/* Snapshots in the simulator: each node makes them when they are due, keeps two, and a node that
 * comes late begins with one that it fetched, its history behind it. All snapshots of a height must
 * be the same bytes, and a history that is whole must be what a replay of everything gives. */

#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "node/store_gaps.h"
#include "partners/state_image.h"
#include "unit/replica_same.h"

enum { SNAPSHOT_LIMIT = 1 << 30, SIZE_BYTES = 4 };

static void snapshot_release(struct sim_snapshot *snapshot)
{
    if (snapshot->name.height > 0) {
        buffer_release(&snapshot->bytes);
        buffer_release(&snapshot->hashes);
    }
    memset(snapshot, 0, sizeof(*snapshot));
}

void snapshots_release(struct sim_node *node)
{
    for (size_t i = 0; i < SIM_SNAPSHOTS_KEPT; i++)
        snapshot_release(&node->snapshots[i]);
    snapshot_release(&node->part);
}

static struct sim_snapshot *find(struct sim_node *node, uint64_t height)
{
    for (size_t i = 0; i < SIM_SNAPSHOTS_KEPT; i++)
        if (height > 0 && node->snapshots[i].name.height == height)
            return &node->snapshots[i];
    return NULL;
}

/* ---- as files ---------------------------------------------------------------------------------
 */

static struct bytes piece_of(const struct sim_snapshot *snapshot, uint64_t piece)
{
    size_t before = (size_t)(piece - 1) * SNAPSHOT_PIECE;
    if (before >= snapshot->bytes.size)
        return bytes_of(NULL, 0);
    size_t left = snapshot->bytes.size - before;
    return bytes_of(snapshot->bytes.at + before, left < SNAPSHOT_PIECE ? left : SNAPSHOT_PIECE);
}

bool snapshots_read(void *context, uint64_t height, uint64_t piece, struct buffer *out)
{
    struct sim_node *node = (struct sim_node *)context;
    struct sim_snapshot *snapshot = find(node, height);
    if (!snapshot && node->part.name.height == height)
        snapshot = &node->part;
    if (!snapshot || (piece == 0 && snapshot == &node->part))
        return false;
    struct bytes bytes = piece == 0 ? buffer_bytes(&snapshot->hashes) : piece_of(snapshot, piece);
    buffer_append(out, bytes);
    return bytes.size > 0;
}

static void set_name(struct sim_snapshot *snapshot, uint64_t height)
{
    buffer_init(&snapshot->hashes, SNAPSHOT_LIMIT);
    snapshot->name.height = height;
    snapshot->name.size = snapshot->bytes.size;
    for (uint64_t i = 1; i <= snapshot_piece_count(snapshot->bytes.size); i++) {
        struct hash hash = hash_bytes(piece_of(snapshot, i));
        buffer_append(&snapshot->hashes, hash_as_bytes(&hash));
    }
    snapshot->name.id = snapshot_id(snapshot->bytes.size, buffer_bytes(&snapshot->hashes));
}

/* The oldest gives way, but for the one that the node began with. */
static struct sim_snapshot *room_for_one(struct sim_node *node)
{
    struct sim_snapshot *oldest = NULL;
    for (size_t i = 0; i < SIM_SNAPSHOTS_KEPT; i++) {
        struct sim_snapshot *at = &node->snapshots[i];
        if (at->name.height == 0)
            return at;
        if (at->name.height != node->began && (!oldest || at->name.height < oldest->name.height))
            oldest = at;
    }
    must(oldest != NULL); /* one of them alone is what the node began with */
    snapshot_release(oldest);
    return oldest;
}

/* ---- making -----------------------------------------------------------------------------------
 */

void snapshots_make(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    const struct state *state = replica_state(node->replica);
    struct buffer head;
    uint8_t size[SIZE_BYTES];
    if (!find(node, state_height(state))) {
        struct sim_snapshot *snapshot = room_for_one(node);
        buffer_init(&head, REPLICA_HEAD_MAX);
        buffer_init(&snapshot->bytes, SNAPSHOT_LIMIT);
        replica_snapshot_head(node->replica, &head);
        put_u32be(size, (uint32_t)head.size);
        buffer_append(&snapshot->bytes, bytes_of(size, sizeof(size)));
        buffer_append(&snapshot->bytes, buffer_bytes(&head));
        must(!head.overflowed);
        must(state_image_write(state, same_sink, &snapshot->bytes, NULL));
        buffer_release(&head);
        set_name(snapshot, state_height(state));
        w->snapshots++;
        replica_snapshot_made(node->replica, &snapshot->name);
    }
    replica_snapshot_taken(node->replica, (uint64_t)((int64_t)w->now_ms + node->skew_ms));
}

/* ---- fetching ---------------------------------------------------------------------------------
 */

void snapshots_piece(struct sim_node *node, const struct replica_action *action)
{
    struct sim_snapshot *part = &node->part;
    if (action->piece == 1) {
        snapshot_release(part);
        part->name = action->snapshot;
        buffer_init(&part->bytes, SNAPSHOT_LIMIT);
        buffer_init(&part->hashes, SNAPSHOT_LIMIT);
    }
    must(snapshot_name_equal(&part->name, &action->snapshot));
    part->bytes.size = (size_t)(action->piece - 1) * SNAPSHOT_PIECE;
    buffer_append(&part->bytes, action->message);
}

void snapshots_fetched(struct world *w, uint16_t number, const struct snapshot_name *name)
{
    struct sim_node *node = &w->nodes[number];
    struct snapshot_name fetched = *name;
    if (!find(node, name->height)) { /* or it is there, from before a crash */
        must(snapshot_name_equal(&node->part.name, name));
        struct sim_snapshot *snapshot = room_for_one(node);
        *snapshot = node->part;
        buffer_release(&snapshot->hashes);
        memset(&node->part, 0, sizeof(node->part));
        set_name(snapshot, fetched.height);
        if (!snapshot_name_equal(&snapshot->name, &fetched))
            world_fail(w, "node %u fetched something else than it asked for", number);
    }
    replica_snapshot_whole(node->replica, &fetched, (uint64_t)((int64_t)w->now_ms + node->skew_ms));
}

/* ---- beginning --------------------------------------------------------------------------------
 */

static bool take_piece(void *context, uint8_t *room, size_t size, size_t *size_out,
                       struct error *error)
{
    struct bytes *left = (struct bytes *)context;
    (void)error;
    *size_out = size < left->size ? size : left->size;
    if (*size_out > 0)
        memcpy(room, left->at, *size_out);
    *left = bytes_of(left->at + *size_out, left->size - *size_out);
    return true;
}

struct replica *snapshots_open(struct world *w, uint16_t number,
                               const struct replica_config *config, uint64_t now_ms)
{
    struct sim_node *node = &w->nodes[number];
    struct replica_config with = *config;
    struct replica *replica = NULL;
    struct snapshot_name began;
    struct error error = {0};
    node->began = 0;
    if (!store_began_with(&config->store, &began, &error))
        return NULL;
    node->began = began.height;
    const struct sim_snapshot *snapshot = find(node, began.height);
    if (!snapshot) {
        world_fail(w, "node %u lost the snapshot that it began with", number);
        return NULL;
    }
    struct bytes all = buffer_bytes(&snapshot->bytes);
    size_t head_size = get_u32be(all.at);
    struct bytes left =
        bytes_of(all.at + SIZE_BYTES + head_size, all.size - SIZE_BYTES - head_size);
    with.place = bytes_of(all.at + SIZE_BYTES, head_size);
    with.joined = snapshot->name;
    if (!state_image_read(w->charter, take_piece, &left, &with.image, &error) ||
        !replica_open(&with, now_ms, &replica, &error)) {
        world_fail(w, "node %u does not go on from its snapshot: %s", number, error.text);
        return NULL;
    }
    node->history = replica_open_history(replica, now_ms);
    must(node->history != NULL);
    w->joined++;
    return replica;
}

void snapshots_tell(struct sim_node *node)
{
    for (size_t i = 0; i < SIM_SNAPSHOTS_KEPT; i++)
        if (node->snapshots[i].name.height > 0)
            replica_snapshot_made(node->replica, &node->snapshots[i].name);
}

void snapshots_history(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    if (!node->history || node->history_writing.at || !node->replica ||
        !replica_history_passed(node->replica, node->history,
                                (uint64_t)((int64_t)w->now_ms + node->skew_ms)))
        return;
    replica_close(node->history);
    node->history = NULL;
    node->began = 0;
    w->whole++;
}

/* Its disk, history and all, is one that was written from the first height on. */
void snapshots_check_end(struct world *w, uint16_t number, const struct replica_config *config)
{
    const struct sim_node *node = &w->nodes[number];
    struct replica *replay = NULL;
    struct error error = {0};
    if (!replica_open(config, w->now_ms, &replay, &error)) {
        world_fail(w, "node %u, which began with a snapshot, does not replay: %s", number,
                   error.text);
        return;
    }
    /* A height that is executed but not durable is in the state and not yet in the store. */
    bool whole = state_height(replica_state(node->replica)) == replica_height(node->replica);
    if (replay->height != replica_height(node->replica) ||
        (whole &&
         (!same_states(replay, node->replica) || !same_trees(&replay->tree, &node->replica->tree))))
        world_fail(w, "node %u, which began with a snapshot, replays to something else", number);
    replica_close(replay);
}
