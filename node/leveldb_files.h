/* leveldb_files.h - verifies LevelDB's own files without opening the database.
 *
 * LevelDB takes a log or manifest whose last record is cut short for a torn write and goes on
 * without it; one flipped bit in a length looks the same, and opening then throws away all that
 * follows. Its errors for tables name no file. So the files are read here as their documents
 * describe (leveldb doc/log_format.md, doc/table_format.md; db/version_edit.cc), before LevelDB may
 * change them. What a crash leaves behind, a last record that was not written to its end, is
 * accepted.
 *
 * Threads: any, on a folder that no database has open.
 */
#ifndef NODE_LEVELDB_FILES_H
#define NODE_LEVELDB_FILES_H

#include "crypto/base.h"

/* CURRENT, the manifest that it names, every log and, with `tables`, every block of every table.
 * ERROR_CORRUPT names the file and the place. A folder without CURRENT passes: it holds no
 * database. `count_out` (may be NULL) gets the number of files verified. */
bool leveldb_files_check(const char *path, bool tables, uint64_t *count_out,
                         struct error *error) MUST_USE;

#endif
