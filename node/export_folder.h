/* export_folder.h - a log as a folder of plain files, as `accrue export` writes it: reading one.
 *
 *     charter.json   checkpoint   tile/...   heights/...        (node/tile_name.h; FORMAT.md, 8)
 *
 * Touches the outside world: files. What is read is only what somebody put there: nothing here is
 * checked but that it has the size that was asked for. The widths come from a checkpoint: of a part
 * whose first W items exist, the file .p/W is read or, when that has been dropped since, the full
 * one. A writer removes no file that its checkpoint needs.
 *
 * Threads: any; a reader of heights is used by one at a time.
 */
#ifndef NODE_EXPORT_FOLDER_H
#define NODE_EXPORT_FOLDER_H

#include "crypto/merkle.h"

enum {
    EXPORT_HEIGHTS = 256, /* of one bundle; bundle n begins with height 256 n + 1 */
    EXPORT_PROOF_MAX = 48 * 1024 * 1024,
    EXPORT_BUNDLE_MAX = TILE_WIDTH * (2 + 65535)
};

/* Appended, within the buffer's limit. ERROR_NOT_FOUND names the file that is missing, ERROR_IO one
 * that cannot be read. */
bool export_folder_charter(const char *dir, struct buffer *json_out, struct error *error) MUST_USE;
bool export_folder_checkpoint(const char *dir, struct buffer *note_out,
                              struct error *error) MUST_USE;
/* The first `width` hashes of a tile; the rest of tile_out is untouched. ERROR_CORRUPT when the
 * file has another size than its name says. */
bool export_folder_tile(const char *dir, uint32_t level, uint64_t index, uint32_t width,
                        struct hash tile_out[TILE_WIDTH], struct error *error) MUST_USE;
/* The bundle that holds at least the first `width` of entries 256 index and on, as it is: u16 size
 * || record, repeated. It may hold more. Appended; EXPORT_BUNDLE_MAX is limit enough. */
bool export_folder_entries(const char *dir, uint64_t index, uint32_t width,
                           struct buffer *bundle_out, struct error *error) MUST_USE;

/* Height proofs from `first` to `last`, in order, one at a time: memory for one of them. */
struct export_heights;
struct export_heights *export_heights_open(const char *dir, uint64_t first, uint64_t last);
void export_heights_close(struct export_heights *heights); /* NULL is fine */
/* Clears `proof_out` and puts the next proof there; its limit should be EXPORT_PROOF_MAX. After the
 * last *end_out is true and the buffer empty. ERROR_CORRUPT when a file ends too early or is framed
 * wrongly. */
bool export_heights_next(struct export_heights *heights, struct buffer *proof_out, bool *end_out,
                         struct error *error) MUST_USE;

#endif
