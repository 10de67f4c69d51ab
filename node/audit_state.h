/* audit_state.h - what an audit keeps in a file, to go on from there the next time.
 *
 *     "accraud" 00 | u32 version 2 | coalition 32 | u32 size, note | u32 size, place |
 *     u64 size, naive model | state image ... | SHA-256 of every byte before it
 *
 * The note is the checkpoint that it ended with; place: audit_place(). Touches the outside world:
 * one file. Threads: one.
 */
#ifndef NODE_AUDIT_STATE_H
#define NODE_AUDIT_STATE_H

#include "node/audit.h"

#include <stdio.h>

enum { AUDIT_STATE_VERSION = 5 };

/* Replaces the file in one step. The audit has no finding, a second model and a height. */
bool audit_state_write(const char *path, const struct audit *audit, struct bytes note,
                       struct error *error) MUST_USE;
/* ERROR_NOT_FOUND: there is no such file. ERROR_CORRUPT: it is damaged or contradicts itself.
 * ERROR_CONFLICT: it belongs to another coalition. The note that it ended with is appended to
 * note_out. */
bool audit_state_read(const char *path, const struct charter *charter,
                      const struct audit_tiles *tiles, struct audit **audit_out,
                      struct buffer *note_out, struct error *error) MUST_USE;
/* The same from an open file of this size, whose place is its beginning. */
bool audit_state_load(FILE *file, uint64_t size, const struct charter *charter,
                      const struct audit_tiles *tiles, struct audit **audit_out,
                      struct buffer *note_out, struct error *error) MUST_USE;

#endif
