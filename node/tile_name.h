/* tile_name.h - the names of a log's parts as others fetch them: C2SP tlog-tiles, and heights after
 * its manner (protocol/FORMAT.md, 8).
 *
 *     tile/<L>/<N>[.p/<W>]      hashes          heights/<N>[.p/<W>]    256 height proofs
 *     tile/entries/<N>[.p/<W>]  records
 *
 * N in groups of three digits, all but the last behind an x: 1234067 is x001/x234/067. A part has
 * one name. Pure. Threads: any.
 */
#ifndef NODE_TILE_NAME_H
#define NODE_TILE_NAME_H

#include "crypto/merkle.h"

enum { TILE_NAME_SIZE = 64 };

enum tile_kind { TILE_HASHES, TILE_ENTRIES, TILE_HEIGHTS };
struct tile_name {
    enum tile_kind kind;
    uint32_t level; /* TILE_HASHES */
    uint64_t index;
    uint32_t width; /* 1..256; 256: full, then the name has no .p */
};

void tile_name_format(const struct tile_name *name, char text_out[TILE_NAME_SIZE]);
/* The whole text; false when it is no such name. */
bool tile_name_parse(struct bytes text, struct tile_name *name_out) MUST_USE;

#endif
