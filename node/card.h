/* card.h - from a card's number to what the ledger knows of it.
 *
 * Only random numbers of 64 bits or more are linked: a guessable number hashed with a secret that
 * every partner has would be no secret (ledger.md section 1). Pure. Threads: any.
 */
#ifndef NODE_CARD_H
#define NODE_CARD_H

#include "protocol/ids.h"

enum { CARD_NUMBER_MAX = 64, CARD_DIGITS_MIN = 20, CARD_ALNUM_MIN = 16 };

/* HMAC-SHA-256(secret, number), blanks and dashes dropped first. ERROR_INVALID when the number
 * could be guessed: fewer than 20 digits, fewer than 16 letters and digits, or a pattern. */
bool card_token(struct bytes secret, struct bytes number, struct card_token *token_out,
                struct error *error) MUST_USE;

#endif
