/* store_folder.h - a node's data folder beside what LevelDB keeps in it: one owner, and a witness
 * of where the store ends.
 *
 *   accrued.pid    locked (flock) while a process has the folder; holds its pid as text
 *   accrued.last   [counter8][chained value32][SHA-256 of both]: the newest group
 *
 * The witness is overwritten after every group, without a sync of its own: after a stop or a crash
 * of the process it is exact, after a power cut it may be some groups old, and it is never ahead of
 * what is durable. So a store that ends before it has lost a tail, which LevelDB cannot see: it
 * takes a log that is cut short for a torn last write.
 *
 * Threads: one at a time.
 */
#ifndef NODE_STORE_FOLDER_H
#define NODE_STORE_FOLDER_H

#include "crypto/hash.h"

enum { STORE_FOLDER_PATH_MAX = 3800 }; /* leaves room for a file name below PATH_MAX */

struct store_last {
    uint64_t counter; /* 1 is the group that made the store; 0: there is none */
    struct hash value;
};

/* What accrued.last holds; false: damaged, or being written. */
bool store_last_decode(struct bytes file, struct store_last *last_out) MUST_USE;

struct store_folder {
    char path[STORE_FOLDER_PATH_MAX + 1];
    int owner_fd, last_fd; /* -1: not open */
    bool fresh;            /* there is no store in it yet */
    struct store_last last;
};

/* Takes the folder for this process. With `create` a missing folder is made (0700) and an empty
 * one is `fresh`; without, ERROR_NOT_FOUND. ERROR_BUSY names the pid that has it. ERROR_CORRUPT
 * when files of a store are there but what leads to them is missing or damaged. Nothing that
 * belongs to LevelDB is changed. Closed with store_folder_release(). */
bool store_folder_init(struct store_folder *folder, const char *path, bool create,
                       struct error *error) MUST_USE;
void store_folder_release(
    struct store_folder *folder); /* safe on a failed init; syncs the witness */
bool store_folder_witness(struct store_folder *folder, const struct store_last *last,
                          struct error *error) MUST_USE;
/* Whether the folder is still where it was: one that was moved or removed would go on taking groups
 * that no start finds again. */
bool store_folder_is_there(const struct store_folder *folder, struct error *error) MUST_USE;
/* Makes the witness durable at once. */
bool store_folder_sync(struct store_folder *folder, struct error *error) MUST_USE;

#endif
