/* snapshot_file.h - snapshots of the data folder (node/snapshot.h) as others get them, piece by
 * piece, and one of others as it comes.
 *
 *   state-<height>.part   what came of it so far, laid out as the image that it becomes
 *
 * Touches the outside world: files. What is read is not checked here: whoever asked compares it
 * with hashes. Threads: any; a part has one writer.
 */
#ifndef NODE_SNAPSHOT_FILE_H
#define NODE_SNAPSHOT_FILE_H

#include "node/snapshot.h"

/* What a snapshot of the folder is called: its size and the hash over its list of hashes.
 * ERROR_NOT_FOUND when there is no list, or it does not fit the image. */
bool snapshot_file_name(const char *folder, uint64_t height, struct snapshot_name *name_out,
                        struct error *error) MUST_USE;
/* The same, but every piece is hashed: ERROR_CORRUPT when one is another than the list says. */
bool snapshot_file_check(const char *folder, uint64_t height, struct snapshot_name *name_out,
                         struct error *error) MUST_USE;
/* Piece `piece` from 1; 0: the list of hashes. Appended. Looks in the part where there is no image.
 */
bool snapshot_file_read(const char *folder, uint64_t height, uint64_t piece, struct buffer *out,
                        struct error *error) MUST_USE;

/* Keeps a piece that came; the first one begins the part, and removes those of other heights. */
bool snapshot_part_write(const char *folder, const struct snapshot_name *name, uint64_t piece,
                         struct bytes bytes, struct error *error) MUST_USE;
/* The part is whole: synced, it becomes an image with an empty note, unless the image is there
 * already. Its pieces are hashed once more, for the list. ERROR_CORRUPT when they are not what the
 * name says, ERROR_NOT_FOUND when there is no part: then it is removed, with an image of that
 * height that is another. */
bool snapshot_part_finish(const char *folder, const struct snapshot_name *name,
                          struct error *error) MUST_USE;

#endif
