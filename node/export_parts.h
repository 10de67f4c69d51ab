/* export_parts.h - what export.c and export_parts.c share; nobody else includes it.
 *
 * A part is one file of the log: a tile, a bundle of entries, a bundle of heights. Each is fetched,
 * checked against what is known already and written; or kept when it is there. What the folder's
 * checkpoint covers was checked when it was written; what lies beyond it, from a run that was
 * killed, is checked again. Threads: one.
 */
#ifndef NODE_EXPORT_PARTS_H
#define NODE_EXPORT_PARTS_H

#include "node/export.h"

struct export
{
    struct http *http;
    const struct cli_target *target;
    const char *dir;
    struct bytes policy; /* that a new checkpoint must meet; size 0: the charter's */
    int folder;          /* open, and locked */
    struct charter *charter;
    struct buffer note, part;
    bool has_old;
    struct checkpoint old, new;
    struct merkle tree; /* of the new checkpoint; its unfinished tiles are known to be right */
    uint32_t parent_level;
    uint64_t parent_index; /* of the tile in `parent`; UINT64_MAX: none */
    struct hash parent[TILE_WIDTH];
    uint64_t height, fetched, kept;
    struct cli_progress progress;
    struct error *error;
};

bool export_make_folder(struct export *export, const char *path) MUST_USE;
/* One file of the folder, in one step, its folders made; a part of the log. */
bool export_put(struct export *export, const char *name, struct bytes contents) MUST_USE;
bool export_put_part(struct export *export, const struct tile_name *name,
                     struct bytes contents) MUST_USE;
/* The first name->width hashes of the node's tile. */
bool export_fetch_tile(struct export *export, const struct tile_name *name,
                       struct hash *hashes_out) MUST_USE;
/* Kept, or fetched and written: its root is the hash above it. */
bool export_full_tile(struct export *export, uint32_t level, uint64_t index) MUST_USE;
/* All bundles of records; sets the height of the last. */
bool export_entries(struct export *export) MUST_USE;
bool export_heights(struct export *export) MUST_USE;
/* Removes the partial files of a part of which there are `items` in all now, but the one of today.
 */
bool export_drop_parts(struct export *export, enum tile_kind kind, uint32_t level, uint64_t index,
                       uint64_t items) MUST_USE;

#endif
