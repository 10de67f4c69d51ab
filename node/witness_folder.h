/* witness_folder.h - what a witness must never forget: its key, and the newest checkpoint that it
 * cosigned of each log.
 *
 *   witness.key       its signing key (keyfile.h)
 *   witness.vkey      the verifier key that others name it by, type 04, a line
 *   logs/<hex>        named by SHA-256 of the log's origin: the checkpoint as a signed note, with
 *                     the log's signatures and the witness's own
 *
 * A file is replaced in one step and is durable before its cosignature is given away, so a witness
 * that is killed at any moment holds every checkpoint that anybody has its signature for. An older
 * copy of the folder forgets some: then the key must not be used again.
 *
 * Touches the outside world. Threads: one at a time.
 */
#ifndef NODE_WITNESS_FOLDER_H
#define NODE_WITNESS_FOLDER_H

#include "node/witness.h"

/* Makes the folder, which may exist but holds no key yet, and a new key in it. ERROR_CONFLICT when
 * there is one. */
bool witness_folder_make(const char *path, const char *name, struct note_key *key_out,
                         struct error *error) MUST_USE;

struct witness_folder;

/* ERROR_BUSY when another process has the folder; ERROR_CORRUPT when a checkpoint in it is not one
 * that this key cosigned: it says what to do. */
bool witness_folder_open(const char *path, struct witness_folder **folder_out,
                         struct error *error) MUST_USE;
void witness_folder_close(struct witness_folder *folder); /* NULL is fine */

const struct note_key *witness_folder_key(const struct witness_folder *folder);
/* What is held of a log; all zero when nothing is. ERROR_CORRUPT, ERROR_IO. */
bool witness_folder_held(const struct witness_folder *folder, const char *origin,
                         struct witness_held *held_out, struct error *error) MUST_USE;
/* The stored note of the log whose origin has this hash. ERROR_NOT_FOUND when there is none. */
bool witness_folder_note(const struct witness_folder *folder, const struct hash *origin_hash,
                         struct buffer *note_out, struct error *error) MUST_USE;
/* Cosigns the checkpoint at this time, keeps it, and only then appends the cosignature line. The
 * note is what witness_read() left of it. On false nothing was given away. */
bool witness_folder_cosign(struct witness_folder *folder, const struct checkpoint *checkpoint,
                           struct bytes note, uint64_t time_s, struct buffer *line_out,
                           struct error *error) MUST_USE;
/* The cosignature line alone, for what is held already. */
void witness_folder_cosign_again(const struct witness_folder *folder, struct bytes note,
                                 uint64_t time_s, struct buffer *line_out);

#endif
