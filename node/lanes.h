/* lanes.h - the undecided part of every lane: batches by hash, every branch of them (rule 2).
 *
 * A lane is the decided head and whatever was heard beyond it. Honest lanes are one chain; a liar's
 * may fork. All branches are kept, bounded, until a cut decides which one is the lane.
 *
 *     decided (A:7#) <- A:8# <- A:9#        connected: descends from the decided head
 *                    \- A:8'#               a fork: void once A:8# is decided
 *              (?)  <- A:12#                not connected: its predecessors are being fetched
 *
 * A liar may fork without end, so what nobody asked for has LANE_BRANCH_MAX places and
 * LANE_BYTES_MAX bytes, and the farthest leaves first. What a cut names is wanted: it always finds
 * room and stays until the height is decided, or else a flood of forks would keep the branch that
 * was voted for out of memory, and halt everybody.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_LANES_H
#define NODE_LANES_H

#include "protocol/batch.h"
#include "protocol/cut.h"

enum {
    LANE_BYTES_MAX = 128 * 1024 * 1024,
    LANE_KEPT_MAX = 2 * LANE_BRANCH_MAX, /* with what is wanted: a few cuts a round */
    LANE_ASKED_MAX = 8                   /* heads that cuts name and that have not arrived */
};

struct lane_entry {
    struct batch batch;  /* its payload points into `bytes` */
    struct buffer bytes; /* the encoded batch */
    bool connected;      /* every batch between it and the decided head is held */
    bool hidden;         /* our own, not durable yet: exists for nobody */
    bool wanted;         /* a cut that matters now names it or what follows it */
    bool heard;          /* of our own lane, from others: not in the store before it is decided */
    uint64_t *tokens;    /* our own: who waits for each transaction; or NULL */
};

struct lane {
    struct lane_head decided;
    struct lane_entry **entries; /* sequences ascend; of one sequence, as they came */
    size_t count, capacity;
    size_t bytes;            /* of all entries */
    uint64_t day, day_bytes; /* payload decided on that day of cut time (rule 13) */
    struct hash asked[LANE_ASKED_MAX];
    size_t asked_count; /* ever: the place of the next one modulo LANE_ASKED_MAX */
};

/* Told of each entry that leaves, before it is freed. */
typedef void lane_left(void *context, const struct lane_entry *entry, bool decided);

/* The day that a cut's payload counts for: what is judged and what is booked must agree. */
static inline uint64_t lane_day(uint64_t cut_time_ms)
{
    return cut_time_ms / (UINT64_C(24) * 3600 * 1000);
}

void lane_release(struct lane *lane);
struct lane_entry *lane_find(const struct lane *lane, const struct hash *id);
/* The same, told where to look. */
struct lane_entry *lane_find_at(const struct lane *lane, uint64_t sequence, const struct hash *id);
/* Any batch at that sequence. */
bool lane_holds(const struct lane *lane, uint64_t sequence);
/* Another batch at the same place; NULL: none. */
const struct lane_entry *lane_rival(const struct lane *lane, const struct batch *batch);
/* Copies `bytes`, which encode `batch` (checked and verified: it is not hashed again). NULL when it
 * is held already, lies at or below the decided head, too far beyond it, or the lane has no room.
 */
struct lane_entry *lane_add(struct lane *lane, const struct batch *batch, struct bytes bytes,
                            bool hidden);
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
/* Makes `head` the decided head (its path must be held). The path's entries leave, and the void
 * ones: those at its sequences, and those that descend from them. */
void lane_decide(struct lane *lane, const struct lane_head *head, lane_left *left, void *context);

/* All that is undecided is void: its writer may not write any more, or not under that key. */
void lane_void(struct lane *lane, lane_left *left, void *context);

/* What others told of our own lane leaves. */
void lane_unhear(struct lane *lane, lane_left *left, void *context);

/* A cut names `head`: it and what it descends from are wanted, held or yet to come. */
void lane_want(struct lane *lane, const struct lane_head *head);
void lane_unwant(struct lane *lane); /* nothing is, until lane_want() says so again */
bool lane_wants(const struct lane *lane, const struct batch *batch);
/* Makes a place for a batch that is not held, at the cost of farther ones that nobody wants. False:
 * it is the farthest itself and nobody wants it. */
bool lane_make_room(struct lane *lane, const struct batch *batch, size_t size, lane_left *left,
                    void *context) MUST_USE;

#endif
