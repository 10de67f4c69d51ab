/* payment_account.h - where a partner is paid, and what its payments are called at the bank.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_PAYMENT_ACCOUNT_H
#define PARTNERS_PAYMENT_ACCOUNT_H

#include "crypto/hash.h"
#include "partners/iban.h"
#include "partners/lines.h"
#include "protocol/deal.h"

enum { END_TO_END_SIZE = 36 /* Max35Text and a NUL */ };

/* What two approvers of the partner set: ledger.md section 2, Authority. */
struct payment_account {
    char holder[HOLDER_MAX + 1]; /* in the SEPA character set */
    char iban[IBAN_SIZE];        /* as iban_parse() gives it */
    char bic[BIC_SIZE];          /* "" where the bank is found by the IBAN */
    uint64_t effective_ms;       /* nothing is paid to it before; 0: never */
};
/* Whether every field is what it must be; the error begins with `what`. */
bool payment_account_check(const char *what, const struct payment_account *account,
                           struct error *error) MUST_USE;

/* One payment of a period, as the coalition names it. */
struct payment_name {
    struct hash coalition;
    uint64_t period;
    const char *currency, *from, *to; /* partners' names */
    uint32_t attempt;                 /* 1; one more when a payment failed and is sent anew */
    uint32_t number; /* in the period, of one that was made after it was final; else 0 */
};
/* "P<period>-<currency>-<18 hex digits>", the digits from SHA-256 over all of it: the same
 * payment has the same name everywhere, and no two payments share one. */
void end_to_end_make(const struct payment_name *name, char text_out[END_TO_END_SIZE]);
/* Whether a text has that shape: one that is not expected then deserves a look. */
bool end_to_end_shaped(const char *text);

#endif
