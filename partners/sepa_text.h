/* sepa_text.h - the characters that every bank in SEPA takes: EPC217-08, section 6.1.
 *
 * Letters a-z and A-Z, digits, blank, and / - ? : ( ) . , ' +
 * A text with others is refused with the place and the character, or folded where its owner lets
 * it: nobody finds out at the bank.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_SEPA_TEXT_H
#define PARTNERS_SEPA_TEXT_H

#include "crypto/base.h"

/* 1..max characters of the set, neither first nor last a blank. `what` names it in the error. */
bool sepa_text_check(const char *what, struct bytes text, size_t max, struct error *error) MUST_USE;
/* An identification: besides, no blank, no '/' first or last, and no "//" (EPC115-06). */
bool sepa_identifier_check(const char *what, struct bytes text, size_t max,
                           struct error *error) MUST_USE;

/* Appends the text with Latin letters stripped of their accents, '&' as '+', '_' as '-' and curly
 * quotes and dashes made straight, one character for one. What is left outside the set is refused
 * as by sepa_text_check(); then `out` is as it was. */
bool sepa_text_fold(const char *what, struct bytes utf8, size_t max, struct buffer *out,
                    struct error *error) MUST_USE;

#endif
