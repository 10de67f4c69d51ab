/* store_leveldb.h - the store of node/store.h on disk, in LevelDB.
 *
 * LevelDB's defaults lose records silently, so: paranoid_checks, verify_checksums on every read,
 * one synced write a group, and to every group a link of a chain is added,
 *
 *   C counter8  ->  SHA-256(value of the link before (zeros before 1) || the group's ops bytes)
 *   M last      ->  counter8 value32
 *
 * of which the newest STORE_LINKS_KEPT are kept. At open the chain must be without a gap, end at
 * "M last", begin where it should and reach the folder's witness (store_folder.h). What cannot be
 * seen here is a tail lost in a power cut before the witness reached the disk, or the whole folder
 * put back to an earlier day: the peers' answers at start show those (design, agreement rule 3).
 *
 * Threads: one thread may write while others read; LevelDB allows it, and the writer's own state
 * is behind a mutex. Reads see a group once store_leveldb_write() has returned.
 */
#ifndef NODE_STORE_LEVELDB_H
#define NODE_STORE_LEVELDB_H

#include "node/store.h"

enum { STORE_LINKS_KEPT = 65536, STORE_FORMAT = 2 };

struct store_leveldb_options {
    struct hash coalition;
    uint16_t node;
    bool create;    /* make a store where there is none */
    bool any_owner; /* for tools that only read: whatever the coalition and node */
};

struct store_leveldb;

/* Errors: ERROR_NOT_FOUND no store and not `create`; ERROR_BUSY another process has the folder,
 * with its pid; ERROR_CONFLICT it belongs to another coalition or node or has another format, with
 * both named; ERROR_CORRUPT it is damaged or lacks groups, with what is missing and what to do.
 * Logs, manifest and CURRENT are verified before LevelDB may touch them. */
bool store_leveldb_open(const char *path, const struct store_leveldb_options *options,
                        struct store_leveldb **store_out, struct error *error) MUST_USE;
void store_leveldb_close(struct store_leveldb *store); /* NULL is fine */
/* After an ERROR_CORRUPT of a store that is closed again: LevelDB names no file, so all are read
 * once more, and where one is damaged the error tells which and where instead. */
void store_leveldb_explain(const char *path, struct error *error);
struct store store_leveldb_store(struct store_leveldb *store); /* borrowed: valid until close */

/* One atomic batch, synced. Keys of kind C and "M last" are the store's own and not allowed in the
 * group. After an error the store takes no more groups: the process must end. */
bool store_leveldb_write(struct store_leveldb *store, const struct store_group *group,
                         struct error *error) MUST_USE;
/* What was deleted leaves the disk: every table is written anew. May take long. */
bool store_leveldb_compact(struct store_leveldb *store, struct error *error) MUST_USE;
uint64_t store_leveldb_counter(struct store_leveldb *store); /* groups written since it was made */

struct store_leveldb_report {
    uint64_t groups, entries, bytes; /* bytes of keys and values */
    uint64_t files;                  /* files verified */
    /* What the store goes on from an image for (store_gaps.h); 0: it has all its heights. */
    uint64_t pruned_height, began_height;
};
/* Reads every file and every entry of a stopped node's store with all checksums. Changes nothing:
 * LevelDB, which cannot open without writing, works on a shadow of the folder in the temporary
 * directory. `options` NULL: of any coalition and node. On false the error names the file, or the
 * key after which reading failed. */
bool store_leveldb_check(const char *path, const struct store_leveldb_options *options,
                         struct store_leveldb_report *report_out, struct error *error) MUST_USE;

#endif
