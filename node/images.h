/* images.h - a running node's images of the state: when one is made, and a start that goes on from
 * the newest that fits.
 *
 * An image is an aid: one that cannot be written is a warning and a figure, one that cannot be read
 * or does not fit the ledger is passed over with a warning, and without any the node replays all.
 *
 * Where the replica says that a snapshot is due, the image gets a head and is one that voters
 * attest and others fetch (node/snapshot.h). A node that began with such a one goes on from it at
 * every start until its history is whole, and from nothing else.
 *
 * Touches the outside world (snapshot.h). Threads: the loop's thread only, which must be the one
 * that lives as long as the process.
 */
#ifndef NODE_IMAGES_H
#define NODE_IMAGES_H

#include "node/replica.h"
#include "node/snapshot.h"

struct images {
    struct snapshot snapshot;
    struct replica_snapshots files; /* for the replica: it reads them from the folder */
    bool attesting;                 /* the one that is written has a head */
    uint64_t every;                 /* records; 0: none is made, and none is read but where ...
                                       ... the store was pruned */
    uint64_t overdue;               /* records after which a quiet moment is no longer waited for */
    uint64_t looked_ms, looked_records; /* at the last look for a quiet moment */
    bool quiet;
    bool wanted;      /* one of this node's own, however few records there are: it has none yet */
    uint64_t records; /* that the last one covers; after a failure, that there were */
    uint64_t began_ms, took_ms, ended_ms, pause_us; /* of the last one; a clock that never jumps */
    uint64_t began_records;
    uint64_t height;  /* of the newest; 0: none */
    uint64_t resumed; /* height of the one that this process went on from; 0: it replayed all */
    uint64_t written, failed;
    bool last_tried; /* the one that a stop makes */
};

/* `every`: records that have to come between two images. */
bool images_init(struct images *images, const char *folder, uint64_t every,
                 struct error *error) MUST_USE;
void images_release(struct images *images); /* safe on a zeroed one */

/* As replica_open(), from the newest image that fits, or from the snapshot that the store began
 * with. The folder must be this process's own. */
bool images_open_replica(struct images *images, const struct replica_config *config,
                         uint64_t now_ms, struct replica **replica_out,
                         struct error *error) MUST_USE;
/* Begins one when it is worth it and the moment is quiet, or it is overdue, and hears what became
 * of it. Call it every moment. */
void images_step(struct images *images, struct replica *replica);
/* At a stop, instead of images_step(): makes a last one when it is worth it. True when there is
 * nothing to wait for any more. */
bool images_last(struct images *images, struct replica *replica) MUST_USE;
/* What the replica asks for: REPLICA_SNAPSHOT, PIECE and FETCHED. */
void images_on_snapshot(struct images *images, struct replica *replica, uint64_t now_ms);
void images_on_piece(struct images *images, const struct replica_action *action);
void images_on_fetched(struct images *images, struct replica *replica,
                       const struct snapshot_name *name, uint64_t now_ms);
/* The history behind the snapshot that this node began with is whole. */
void images_history_whole(struct images *images);
/* For Prometheus; appended. */
void images_metrics(const struct images *images, struct buffer *out);

#endif
