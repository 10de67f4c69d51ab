/* replica_same.h - are two replicas the same, inside and out? For a start from an image beside a
 * replay of everything over the same store.
 */
#ifndef TESTS_UNIT_REPLICA_SAME_H
#define TESTS_UNIT_REPLICA_SAME_H

#include "node/replica_parts.h"
#include "partners/state_image.h"

#include <stdlib.h>
#include <string.h>

static inline bool same_sink(void *context, struct bytes piece, struct error *error)
{
    (void)error;
    buffer_append((struct buffer *)context, piece);
    return true;
}

static inline bool same_states(const struct replica *a, const struct replica *b)
{
    struct buffer images[2];
    const struct replica *replicas[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&images[i], (size_t)1 << 30);
        must(state_image_write(replicas[i]->state, same_sink, &images[i], NULL));
        must(!images[i].overflowed);
    }
    bool same = bytes_equal(buffer_bytes(&images[0]), buffer_bytes(&images[1]));
    buffer_release(&images[0]);
    buffer_release(&images[1]);
    return same;
}

static inline bool same_trees(const struct merkle *a, const struct merkle *b)
{
    struct hash root_a = merkle_root(a), root_b = merkle_root(b);
    bool same = a->size == b->size && hash_equal(&root_a, &root_b);
    for (size_t i = 0; i < MERKLE_LEVEL_MAX && same; i++)
        same = a->levels[i].count == b->levels[i].count &&
               a->levels[i].full_tiles == b->levels[i].full_tiles &&
               memcmp(a->levels[i].hashes, b->levels[i].hashes,
                      a->levels[i].count * sizeof(struct hash)) == 0;
    return same;
}

static inline bool same_lanes(const struct lane *a, const struct lane *b)
{
    bool same = a->decided.sequence == b->decided.sequence &&
                hash_equal(&a->decided.id, &b->decided.id) && a->day == b->day &&
                a->day_bytes == b->day_bytes && a->count == b->count && a->bytes == b->bytes;
    for (size_t i = 0; i < a->count && same; i++)
        same = hash_equal(&a->entries[i]->batch.id, &b->entries[i]->batch.id) &&
               a->entries[i]->connected == b->entries[i]->connected;
    return same;
}

static inline bool same_vote(const struct vote *a, const struct vote *b)
{
    return a->height == b->height && a->round == b->round && a->type == b->type &&
           a->nil == b->nil && hash_equal(&a->cut, &b->cut) && a->valid_round == b->valid_round &&
           a->voter.v == b->voter.v &&
           memcmp(a->signature.at, b->signature.at, sizeof(a->signature.at)) == 0;
}

/* An image may know a newer vote of a voter than the store: its height was decided here with one
 * certificate, lost in a crash, and came back with another. */
static inline bool same_seen(const struct peer_seen *image, const struct peer_seen *replay)
{
    bool newer = image->decided.height > replay->decided.height;
    for (size_t i = 0; i < 2 && !newer; i++)
        if (image->has_vote[i] != replay->has_vote[i] ||
            (image->has_vote[i] && !same_vote(&image->votes[i], &replay->votes[i])))
            return false;
    return (newer || same_vote(&image->decided, &replay->decided)) &&
           image->conflicts == replay->conflicts && image->omissions == replay->omissions &&
           bytes_equal(buffer_bytes(&image->proposal), buffer_bytes(&replay->proposal));
}

static inline bool same_status(const struct replica *a, const struct replica *b)
{
    struct replica_status *status = (struct replica_status *)allocate(2, sizeof(*status));
    struct replica_status *x = &status[0], *y = &status[1];
    replica_status(a, a->now_ms, x);
    replica_status(b, b->now_ms, y);
    bool same = x->height == y->height && x->records == y->records &&
                x->ledger_time_ms == y->ledger_time_ms && hash_equal(&x->root, &y->root) &&
                hash_equal(&x->digest, &y->digest) && x->round == y->round &&
                x->may_sign == y->may_sign && x->has_quorum == y->has_quorum &&
                x->stopped == y->stopped && x->mempool_bytes == y->mempool_bytes &&
                x->mempool_count == y->mempool_count &&
                x->undecided_batches == y->undecided_batches && x->outbox_count == y->outbox_count;
    for (size_t i = 0; i < NODES_MAX && same; i++)
        same = x->heard_ms[i] == y->heard_ms[i] && x->peer_height[i] == y->peer_height[i] &&
               x->conflicts[i] == y->conflicts[i] && x->bad_signatures[i] == y->bad_signatures[i] &&
               x->omissions[i] == y->omissions[i];
    free(status);
    return same;
}

/* NULL, or what differs. `image` was opened with one. */
static inline const char *replica_differs(const struct replica *image, const struct replica *replay)
{
    if (!same_status(image, replay))
        return "the status";
    if (image->height != replay->height || image->cut_time_ms != replay->cut_time_ms ||
        !hash_equal(&image->cut_id, &replay->cut_id) ||
        image->shown_time_ms != replay->shown_time_ms)
        return "the place";
    if (memcmp(&image->attesting.clock, &replay->attesting.clock, sizeof(image->attesting.clock)) !=
        0)
        return "when a snapshot is due";
    if (!same_states(image, replay))
        return "the state";
    if (!same_trees(&image->tree, &replay->tree))
        return "the tree";
    for (size_t i = 0; i < HISTORY_KEPT; i++) {
        const struct passed *a = &image->passed[i], *b = &replay->passed[i];
        if (a->height != b->height || a->count != b->count || !hash_equal(&a->root, &b->root) ||
            !hash_equal(&a->digest, &b->digest) || !hash_equal(&a->cut, &b->cut))
            return "the last heights";
    }
    for (size_t i = 0; i < NODES_MAX; i++) {
        if (!same_lanes(&image->lanes[i], &replay->lanes[i]))
            return "a lane";
        if (!same_seen(&image->seen[i], &replay->seen[i]))
            return "what was seen of a node";
    }
    if (image->own_round_count != replay->own_round_count ||
        image->lock_stored != replay->lock_stored || image->may_sign != replay->may_sign ||
        consensus_round(image->consensus) != consensus_round(replay->consensus) ||
        consensus_step(image->consensus) != consensus_step(replay->consensus))
        return "the agreement";
    if (image->waiting_count != replay->waiting_count ||
        image->outbox_next != replay->outbox_next || image->outbox_count != replay->outbox_count ||
        !bytes_equal(buffer_bytes(&image->mempool), buffer_bytes(&replay->mempool)))
        return "what waits";
    for (size_t i = 0; i < 2; i++)
        if (image->writes[i].after_count != replay->writes[i].after_count ||
            !bytes_equal(buffer_bytes(&image->writes[i].group.ops),
                         buffer_bytes(&replay->writes[i].group.ops)))
            return "what is written next";
    return NULL;
}

#endif
