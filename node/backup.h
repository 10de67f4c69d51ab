/* backup.h - copies of a node's data folder: taken while the node runs, and put back.
 *
 *   FOLDER/000001/  backup.list and the files, named as in the data folder
 *   FOLDER/000002/  the next; a table that was there already is a hard link to the one before
 *   FOLDER/unfinished/  one that is being taken; renamed when it is whole, checked and synced
 *
 * Decision (2026-11-26): a backup is taken from the files, beside the running node and without
 * asking it. The node needs no new call, no path that a request could choose, and does no work for
 * it; the same command takes the backup of a stopped node. It is consistent because of how LevelDB
 * writes:
 *   - tables never change once the manifest names them, so they are copied first, for as long as
 *     that takes, in passes, until a pass finds none that is not there yet;
 *   - then accrued.last, the logs, the manifest up to the length that was read, and CURRENT are
 *     copied, and the manifest and the list of logs are looked at once more. When neither changed,
 *     the tables are those of the manifest, each log but the newest was complete when the list was
 *     read, and the newest is a prefix of what was written: the folder as a kill -9 at that moment
 *     would have left it. When one changed, there is another pass;
 *   - accrued.last was read before the logs, so the store in the copy reaches it;
 *   - the whole copy is read as `accrue verify --store` would, before it counts.
 * That a node which goes on from it may have signed newer things is rule 3's business at its start.
 *
 * Not in a backup: keys, tokens, node.json, charter.json.
 *
 * Threads: one. One backup or restore of a FOLDER at a time (flock).
 */
#ifndef NODE_BACKUP_H
#define NODE_BACKUP_H

#include "node/backup_list.h"
#include "node/cli.h"

enum { BACKUP_PASSES_MAX = 100, BACKUP_KEEP_MAX = 10000 };

struct backup_request {
    const char *data, *folder;
    uint64_t keep; /* how many backups stay, this one among them; at least 1 */
    uint64_t now_ms;
    bool progress;
};
struct backup_summary {
    char path[CLI_PATH_MAX]; /* of the backup */
    uint64_t taken_ms, groups, files, bytes;
    uint64_t copied, copied_bytes; /* the rest was there */
    uint64_t mended;               /* was there, damaged, and was copied again */
    uint64_t removed;              /* older backups */
};
/* On false every backup that was whole is as it was. ERROR_NOT_FOUND: no store; ERROR_BUSY: another
 * backup is being taken, or the store moved on at every pass; ERROR_CORRUPT: the copy does not
 * pass, so the node's own store is damaged; ERROR_CONFLICT: the store was pruned, or its history is
 * not whole, and there is no image that a copy could be started from. */
bool backup_take(const struct backup_request *request, struct backup_summary *summary_out,
                 struct error *error) MUST_USE;

struct restore_request {
    const char *folder; /* of backups */
    uint64_t number;    /* which; 0: the newest */
    const char *data;   /* new, or empty; NULL: the backup is only checked */
    bool progress;
};
/* Every file is checked against the backup's list. ERROR_CORRUPT names the file that is damaged;
 * ERROR_CONFLICT: `data` holds something. On false `data` is as it was. */
bool backup_restore(const struct restore_request *request, struct backup_summary *summary_out,
                    struct error *error) MUST_USE;

#endif
