/* snapshot.h - images of the state as files of the data folder, so that start-up goes on from the
 * newest one instead of the first height.
 *
 *   state-<height>.image       partners/state_image.h, whole: written beside, synced, then renamed
 *   state-<height>.image.new   one that is being written, or was when the power went
 *
 * The node does not wait while one is written: a forked child has the state as it was at the fork.
 * The fork itself copies page tables: some 10 ms a gigabyte.
 *
 * Touches the outside world. Threads: one at a time; the one that begins must live as long as the
 * child (Linux ends the child with the thread that forked it).
 */
#ifndef NODE_SNAPSHOT_H
#define NODE_SNAPSHOT_H

#include "partners/state_image.h"

#include <sys/types.h>

enum {
    SNAPSHOTS_KEPT = 2,         /* the newest may turn out damaged */
    SNAPSHOT_FOLDER_MAX = 3800, /* leaves room for a file name below PATH_MAX */
    SNAPSHOT_PATH_SIZE = SNAPSHOT_FOLDER_MAX + 64,
    SNAPSHOTS_SEEN_MAX = 1024 /* files of one folder that are looked at */
};

struct snapshot {
    char folder[SNAPSHOT_FOLDER_MAX + 1];
    char path[SNAPSHOT_PATH_SIZE], fresh_path[SNAPSHOT_PATH_SIZE];
    pid_t child; /* 0: none */
    uint64_t height;
    struct state_image_writer writer;
};

/* ERROR_LIMIT when the path is too long. Nothing is touched. */
bool snapshot_init(struct snapshot *snapshot, const char *folder, struct error *error) MUST_USE;
/* Ends and reaps a child that is still writing. Safe on a zeroed one. */
void snapshot_release(struct snapshot *snapshot);

/* Forks a child that writes the state, between heights. ERROR_BUSY while the last one is still
 * writing, ERROR_IO when there is no room for another process. */
bool snapshot_begin(struct snapshot *snapshot, const struct state *state,
                    struct error *error) MUST_USE;

enum snapshot_progress { SNAPSHOT_IDLE, SNAPSHOT_WRITING, SNAPSHOT_DONE, SNAPSHOT_FAILED };
/* Never waits. DONE and FAILED (with an error) are told once, then it is idle; DONE has removed all
 * but the newest SNAPSHOTS_KEPT. */
enum snapshot_progress snapshot_poll(struct snapshot *snapshot, struct error *error);

/* Writes the state here and now, then as DONE: for a stop, and for tools. */
bool snapshot_write(struct snapshot *snapshot, const struct state *state,
                    struct error *error) MUST_USE;

/* Reads the newest image of a height up to `height_max` that is whole and of this coalition;
 * `damaged_out` counts those passed over. ERROR_NOT_FOUND when there is none; the folder may be
 * missing. Whether the state is the ledger's is for the caller to compare: state_digest with what
 * was decided at state_height, and if it differs, once more with a lower `height_max`. */
bool snapshot_read(const char *folder, const struct charter *charter, uint64_t height_max,
                   struct state **state_out, size_t *damaged_out, struct error *error) MUST_USE;

#endif
