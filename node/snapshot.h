/* snapshot.h - images of the state as files of the data folder, so that start-up goes on from the
 * newest one instead of the first height.
 *
 *   state-<height>.image       u32 size, then so many bytes of the caller's (the replica's place in
 *                              the ledger); u32 size, so many bytes of the head, and
 *                              partners/state_image.h: written beside, synced, then renamed
 *   state-<height>.pieces      where there is a head: the hashes of the pieces of the snapshot
 *   state-<height>.image.new   one that is being written, or was when the power went
 *
 * The head, with its size, and the image after it are the snapshot that voters attest
 * (protocol/attestation.h): the same bytes at every node. Most images have an empty head and are
 * this node's alone. One that was fetched from others has an empty note.
 *
 * The node does not wait while one is written: a forked child has the state as it was at the fork.
 * The fork itself copies page tables: some 10 ms a gigabyte. While the child writes, every page
 * that the node changes is copied once: at worst the node's memory is taken twice.
 *
 * An image leaves SNAPSHOT_DISK_LEFT of the disk to the store, which needs it more: it fails before
 * the disk is full.
 *
 * Touches the outside world. Threads: one at a time; the one that begins must live as long as the
 * child (Linux ends the child with the thread that forked it).
 */
#ifndef NODE_SNAPSHOT_H
#define NODE_SNAPSHOT_H

#include "partners/state_image.h"
#include "protocol/attestation.h"

#include <sys/types.h>

enum {
    SNAPSHOTS_KEPT = 2,            /* the newest may turn out damaged */
    SNAPSHOT_FOLDER_MAX = 3800,    /* leaves room for a file name below PATH_MAX */
    SNAPSHOT_NOTE_MAX = 64 * 1024, /* the caller's bytes */
    SNAPSHOT_HEAD_MAX = 256 * 1024,
    SNAPSHOT_HASHES = 128, /* gathered before they are written */
    SNAPSHOT_PATH_SIZE = SNAPSHOT_FOLDER_MAX + 64,
    SNAPSHOTS_SEEN_MAX = 1024, /* files of one folder that are looked at */
    SNAPSHOT_DISK_LEFT = 256 * 1024 * 1024
};

/* Whether a file of the data folder is one of these, whole or not: no part of the store. */
bool snapshot_owns(const char *name);

struct snapshot {
    char folder[SNAPSHOT_FOLDER_MAX + 1];
    char path[SNAPSHOT_PATH_SIZE], fresh_path[SNAPSHOT_PATH_SIZE], pieces_path[SNAPSHOT_PATH_SIZE];
    pid_t child; /* 0: none */
    uint64_t height;
    uint64_t disk_left; /* SNAPSHOT_DISK_LEFT, but for tests */
    uint64_t keep;      /* the image of this height stays, however old; 0: none */
    struct buffer note; /* of the image that is written, its size before it */
    struct buffer head; /* likewise */
    struct state_image_writer writer;
    struct hasher hasher; /* of a piece */
    struct hash hashes[SNAPSHOT_HASHES];
};

/* ERROR_LIMIT when the path is too long. No file is touched; the process no longer ignores SIGCHLD.
 */
bool snapshot_init(struct snapshot *snapshot, const char *folder, struct error *error) MUST_USE;
/* Ends and reaps a child that is still writing. Safe on a zeroed one. */
void snapshot_release(struct snapshot *snapshot);
/* Removes what an earlier process left unfinished. Only the folder's owner may. */
void snapshot_clean(struct snapshot *snapshot);

/* Forks a child that writes the note, the head (empty: none) and the state, between heights.
 * ERROR_BUSY while the last one is still writing, ERROR_LIMIT when the note is larger than
 * SNAPSHOT_NOTE_MAX, ERROR_IO when there is no room for another process. */
bool snapshot_begin(struct snapshot *snapshot, const struct state *state, struct bytes note,
                    struct bytes head, struct error *error) MUST_USE;

enum snapshot_progress { SNAPSHOT_IDLE, SNAPSHOT_WRITING, SNAPSHOT_DONE, SNAPSHOT_FAILED };
/* Never waits. DONE and FAILED (with an error) are told once, then it is idle. DONE has removed all
 * but the newest SNAPSHOTS_KEPT, and those of later heights: the ledger is not there yet, so they
 * are of a store that is gone, and would have kept this one from being kept. */
enum snapshot_progress snapshot_poll(struct snapshot *snapshot, struct error *error);

/* Heights of the images in a folder, newest first; none when the folder is missing. */
struct snapshot_list {
    uint64_t heights[SNAPSHOTS_SEEN_MAX];
    size_t count;
};
bool snapshot_list(const char *folder, struct snapshot_list *list_out,
                   struct error *error) MUST_USE;

/* Reads one image; its note and its head are appended (head_out may be NULL). ERROR_CORRUPT when it
 * is damaged or not of that height, ERROR_CONFLICT when it is of another coalition. The note's
 * bytes are not checked here, and whether the state is the ledger's is for the caller to compare
 * (replica.h does both). */
bool snapshot_read(const char *folder, uint64_t height, const struct charter *charter,
                   struct state **state_out, struct buffer *note_out, struct buffer *head_out,
                   struct error *error) MUST_USE;

#endif
