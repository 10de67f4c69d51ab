/* leveldb_table.h - verifies one table file of LevelDB, block by block (leveldb
 * doc/table_format.md):
 *
 *   data blocks | filter block | metaindex block | index block | footer, 48 bytes
 *
 * each block followed by its compression type (1 byte) and CRC-32C of both (4 bytes). The blocks
 * must follow each other without a gap, so that every byte of the file is covered.
 *
 * Threads: any.
 */
#ifndef NODE_LEVELDB_TABLE_H
#define NODE_LEVELDB_TABLE_H

#include "crypto/base.h"

/* ERROR_CORRUPT with the place; the caller names the file. */
bool leveldb_table_check(struct bytes file, struct error *error) MUST_USE;

/* LEB128 of at most 64 bits; advances `rest`. */
bool leveldb_varint(struct bytes *rest, uint64_t *value_out) MUST_USE;

#endif
