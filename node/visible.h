/* visible.h - texts that others wrote, made fit to be shown in logs and on terminals: what would
 * move a cursor, hide, or turn what stands beside it around is told by its number instead.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_VISIBLE_H
#define NODE_VISIBLE_H

#include "crypto/base.h"

/* Size and code of the UTF-8 character at the beginning of `rest`, which is not empty; 0: there is
 * none, and *code_out is untouched. */
size_t visible_character(struct bytes rest, uint32_t *code_out);
/* Controls (C0, DEL, C1), marks of direction and of order, and what takes no room. */
bool visible_is_dangerous(uint32_t code);
/* Appends the text with each dangerous character but the line end as \u009b, and each byte that is
 * no UTF-8 as \x9b. What no longer fits is left out, as buffer_append() does. */
void visible_append(struct buffer *out, struct bytes text);

#endif
