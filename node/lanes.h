/* lanes.h - the undecided part of every lane: batches by hash, every branch of them (rule 2).
 *
 * A lane is the decided head and whatever was heard beyond it. Honest lanes are one chain; a liar's
 * may fork. All branches are kept, bounded, until a cut decides which one is the lane.
 *
 *     decided (A:7#) <- A:8# <- A:9#        connected: descends from the decided head
 *                    \- A:8'#               a fork: void once A:8# is decided
 *              (?)  <- A:12#                not connected: its predecessors are being fetched
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_LANES_H
#define NODE_LANES_H

#include "protocol/batch.h"
#include "protocol/cut.h"

struct lane_entry {
    struct batch batch;  /* its payload points into `bytes` */
    struct buffer bytes; /* the encoded batch */
    bool connected;      /* every batch between it and the decided head is held */
    bool hidden;         /* our own, not durable yet: exists for nobody */
    uint64_t *tokens;    /* our own: who waits for each transaction; or NULL */
};

struct lane {
    struct lane_head decided;
    struct lane_entry **entries;
    size_t count, capacity;
    size_t bytes;            /* of all entries */
    uint64_t day, day_bytes; /* payload decided on that day of ledger time (rule 13) */
};

enum { LANE_BYTES_MAX = 128 * 1024 * 1024 };

void lane_release(struct lane *lane);
struct lane_entry *lane_find(const struct lane *lane, const struct hash *id);
/* Copies `bytes` (a checked, verified batch). NULL when it is held already, lies at or below the
 * decided head, too far beyond it, or the lane has no room. */
struct lane_entry *lane_add(struct lane *lane, struct bytes bytes, bool hidden);
void lane_show(struct lane *lane, struct lane_entry *entry); /* hidden no more */
/* The highest connected visible batch; NULL: none beyond the decided head. */
struct lane_entry *lane_tip(const struct lane *lane);
/* Our own newest, hidden or not. */
struct lane_entry *lane_last(const struct lane *lane);

enum lane_path_result {
    LANE_PATH_FOUND,   /* path_out holds the batches from decided + 1 to head, in order */
    LANE_PATH_MISSING, /* missing_out names the batch to fetch */
    LANE_PATH_WRONG    /* head does not descend from the decided head, or is too far beyond it */
};
/* `path_out` has room for LANE_BATCHES_PER_CUT_MAX; count_out is 0 when head is the decided head.
 */
enum lane_path_result lane_path(const struct lane *lane, const struct lane_head *head,
                                struct lane_entry **path_out, size_t *count_out,
                                struct lane_head *missing_out);
/* Makes `head` the decided head (its path must be held) and gives each entry that leaves, the
 * path's and the void ones, to `left` before it is freed. */
void lane_decide(struct lane *lane, const struct lane_head *head,
                 void (*left)(void *context, const struct lane_entry *entry, bool decided),
                 void *context);
/* Frees a place for a batch that a quorum wants: drops the farthest entry that is not ours. */
void lane_make_room(struct lane *lane);

#endif
