/* leveldb_log.h - reads one log or manifest of LevelDB (leveldb doc/log_format.md): blocks of
 * 32 KiB, in them
 *
 *   [CRC-32C of type and data, masked u32][size u16][type 1: whole 2: first 3: middle 4:
 * last][data]
 *
 * in little-endian, and up to six zero bytes where no header fits.
 *
 * Threads: any.
 */
#ifndef NODE_LEVELDB_LOG_H
#define NODE_LEVELDB_LOG_H

#include "crypto/base.h"

enum { LEVELDB_RECORD_MAX = 128 * 1024 * 1024 };

/* Gives every whole record to `visit` (may be NULL). ERROR_CORRUPT with the place; the caller
 * names the file. A last record that was not written to its end is accepted and left out. */
bool leveldb_log_check(struct bytes file,
                       bool (*visit)(void *visitor, struct bytes record, struct error *error),
                       void *visitor, struct error *error) MUST_USE;

#endif
