/* merkle.h - the RFC 6962 tree over records, kept as C2SP tlog-tiles.
 *
 * leaf = SHA-256(00 || record), node = SHA-256(01 || left || right), empty = SHA-256("").
 * A full tile at level L holds 256 hashes; hash i of tile n covers leaves (n*256+i) * 256^L and on.
 * Only full tiles are stored. `struct merkle` keeps the unfinished tile of each level in memory, so
 * appending and taking the root never read anything.
 *
 *     level 1   [ T0 T1 . . . . . ]            <- roots of full level-0 tiles
 *     level 0   [ h0 .. h255 ][ h256 .. h511 ][ h512 . . ]   <- unfinished: in memory
 *
 * Pure. Threads: one writer; proofs may be made from a copy.
 */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include "crypto/hash.h"

enum {
    TILE_WIDTH = 256,
    TILE_SIZE = TILE_WIDTH * HASH_SIZE,
    MERKLE_LEVEL_MAX = 8,  /* 256^8 leaves: more than a u64 counts */
    MERKLE_PROOF_MAX = 64, /* hashes in an inclusion proof */
    MERKLE_CONSISTENCY_MAX = 128
};

struct merkle_level {
    uint32_t count;      /* hashes in the unfinished tile, 0..255 */
    uint64_t full_tiles; /* finished tiles of this level */
    struct hash hashes[TILE_WIDTH];
};

struct merkle {
    uint64_t size; /* leaves */
    struct merkle_level levels[MERKLE_LEVEL_MAX];
};

/* Called with each tile as it becomes full; `tile` is valid during the call only. */
typedef void merkle_tile_sink(void *context, uint32_t level, uint64_t index,
                              const struct hash tile[TILE_WIDTH]);
/* Reads one full tile; false when it cannot. */
typedef bool merkle_tile_source(void *context, uint32_t level, uint64_t index,
                                struct hash tile_out[TILE_WIDTH], struct error *error);

struct hash merkle_leaf(struct bytes record);
struct hash merkle_node(const struct hash *left, const struct hash *right);
struct hash merkle_empty(void);

/* The hash that a full tile leaves to the level above. */
struct hash merkle_tile_root(const struct hash tile[TILE_WIDTH]);
/* In a tree of `size` leaves: how many tiles of a level are full, and how many hashes the one after
 * them holds, 0..255. */
uint64_t merkle_full_tiles(uint64_t size, uint32_t level);
uint32_t merkle_edge_width(uint64_t size, uint32_t level);

void merkle_init(struct merkle *merkle);
/* `sink` may be NULL. */
void merkle_append(struct merkle *merkle, const struct hash *leaf, merkle_tile_sink *sink,
                   void *context);
struct hash merkle_root(const struct merkle *merkle);
/* Rebuilds the state at `size` from stored full tiles; the leaves of the unfinished level-0 tile
 * (size mod 256 of them) are given by the caller. */
bool merkle_restore(struct merkle *merkle_out, uint64_t size, const struct hash *tail_leaves,
                    merkle_tile_source *source, void *context, struct error *error) MUST_USE;
/* Hashes of tile (level, index) at the tree's current size: the full tile through `source`, or the
 * unfinished one from memory. count_out is 1..256; ERROR_NOT_FOUND when no such tile exists. */
bool merkle_tile(const struct merkle *merkle, uint32_t level, uint64_t index,
                 merkle_tile_source *source, void *context, struct hash tile_out[TILE_WIDTH],
                 uint32_t *count_out, struct error *error) MUST_USE;

/* Root at an older size (0 < size <= merkle->size). */
bool merkle_root_at(const struct merkle *merkle, uint64_t size, merkle_tile_source *source,
                    void *context, struct hash *root_out, struct error *error) MUST_USE;
/* RFC 9162 2.1.3.1: the path for leaf `index` in the tree of `size` (index < size). */
bool merkle_prove_inclusion(const struct merkle *merkle, uint64_t index, uint64_t size,
                            merkle_tile_source *source, void *context,
                            struct hash proof_out[MERKLE_PROOF_MAX], size_t *count_out,
                            struct error *error) MUST_USE;
/* RFC 9162 2.1.4.1: from `old_size` to `size` (0 < old_size <= size). */
bool merkle_prove_consistency(const struct merkle *merkle, uint64_t old_size, uint64_t size,
                              merkle_tile_source *source, void *context,
                              struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out,
                              struct error *error) MUST_USE;

/* RFC 9162 2.1.3.2 and 2.1.4.2. Any input is safe. Old size 0 is refused. */
bool merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                             const struct hash *proof, size_t proof_count,
                             const struct hash *root) MUST_USE;
bool merkle_verify_consistency(uint64_t old_size, uint64_t size, const struct hash *old_root,
                               const struct hash *root, const struct hash *proof,
                               size_t proof_count) MUST_USE;

#endif
