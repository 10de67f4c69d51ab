/* crc32c.h - the checksum of LevelDB's files: CRC-32C (RFC 3720 appendix B.4), stored masked.
 *
 * Threads: any.
 */
#ifndef NODE_CRC32C_H
#define NODE_CRC32C_H

#include "crypto/base.h"

enum { CRC32C_SIZE = 4 };

/* Goes on from `crc` (0 at the beginning) over more bytes. */
uint32_t crc32c(uint32_t crc, struct bytes bytes);
/* The value stored at `at` (little-endian, masked: leveldb util/crc32c.h). */
uint32_t crc32c_stored(const uint8_t at[CRC32C_SIZE]);

#endif
