/* period_words.h - a settlement period in words for the people who settle it: who owes whom, and
 * what is to be done next, by whom, until when.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_PERIOD_WORDS_H
#define NODE_PERIOD_WORDS_H

#include "node/command_place.h"
#include "node/period_view.h"

enum { PERIOD_WORDS_MAX = 16 * 1024 * 1024 };

/* Lines of text. */
void period_words_head(const struct period_view *view, struct buffer *out);
void period_words_nets(const struct period_view *view, struct buffer *out); /* and the answers */
void period_words_pairs(const struct period_view *view, struct buffer *out);
void period_words_payments(const struct period_view *view, struct buffer *out);
void period_words_disputes(const struct period_view *view, struct buffer *out);
/* Why a step of a dispute, which opens or resolves it, moves what is owed, as its answer tells. */
void period_words_owed(const json_t *obligations, bool opens, struct buffer *out);
/* One line a step that is open: until when, who, does what, with which command, which goes to the
 * node of whoever is to act. */
void period_words_next(const struct period_view *view, const struct command_place *place,
                       struct buffer *out);

#endif
