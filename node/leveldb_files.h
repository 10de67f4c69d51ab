/* leveldb_files.h - verifies LevelDB's own files without opening the database.
 *
 * LevelDB takes a log or manifest whose last record is cut short for a torn write and goes on
 * without it; one flipped bit in a length looks the same, and opening then throws away all that
 * follows. Its errors for tables name no file. So the files are read here as their documents
 * describe (leveldb doc/log_format.md, doc/table_format.md; db/version_edit.cc), before LevelDB may
 * change them. What a crash leaves behind, a last record that was not written to its end, is
 * accepted.
 *
 * Threads: any. leveldb_files_check() wants a folder that no database has open; leveldb_live_read()
 * may look at one that has.
 */
#ifndef NODE_LEVELDB_FILES_H
#define NODE_LEVELDB_FILES_H

#include "crypto/base.h"

/* CURRENT, the manifest that it names, every log and, with `tables`, every block of every table.
 * ERROR_CORRUPT names the file and the place. A folder without CURRENT passes: it holds no
 * database. `count_out` (may be NULL) gets the number of files verified. */
bool leveldb_files_check(const char *path, bool tables, uint64_t *count_out,
                         struct error *error) MUST_USE;

enum { LEVELDB_NAME_MAX = 64, LEVELDB_LOGS_MAX = 64 };

struct leveldb_table {
    uint64_t number, size;
};
/* What a database consists of at one moment: the manifest up to a length, the tables that it names,
 * and the logs from log_number on. */
struct leveldb_live {
    char manifest[LEVELDB_NAME_MAX];
    uint64_t manifest_size, log_number;
    struct leveldb_table *tables;
    size_t table_count;
    uint64_t logs[LEVELDB_LOGS_MAX]; /* ascending */
    size_t log_count;
};
/* ERROR_NOT_FOUND: there is no database. ERROR_CORRUPT also when the database moved on meanwhile.
 */
bool leveldb_live_read(const char *path, struct leveldb_live *live_out,
                       struct error *error) MUST_USE;
void leveldb_live_release(struct leveldb_live *live); /* zeroed is fine */
/* Whether no change of what it consists of lies between the two. Logs may have grown. */
bool leveldb_live_same(const struct leveldb_live *left, const struct leveldb_live *right);
void leveldb_table_name(uint64_t number, char name_out[LEVELDB_NAME_MAX]);
void leveldb_log_name(uint64_t number, char name_out[LEVELDB_NAME_MAX]);

#endif
