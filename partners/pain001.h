/* pain001.h - payment orders to a bank: ISO 20022 pain.001.001.09, one file a payer and currency.
 *
 * Euro goes by SEPA credit transfer (EPC132-08: service level SEPA, charges shared, IBAN only, at
 * most 999,999,999.99); another currency as a plain transfer. Every text is in the SEPA character
 * set or the file is not made.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_PAIN001_H
#define PARTNERS_PAIN001_H

#include "partners/date.h"
#include "partners/payment_account.h"

enum {
    PAIN001_TRANSFERS_MAX = PARTNERS_MAX,
    PAIN001_SIZE_MAX = 4 * 1024 * 1024,
    PAIN001_TEXT_MAX = 140
};

struct pain001_transfer {
    const struct payment_account *to;
    struct money amount;
    const char *end_to_end; /* end_to_end_make() */
    /* What the creditor reads: a creditor reference (ISO 11649) or a text; one of them NULL. */
    const char *reference, *text;
};
struct pain001 {
    const char *message_id; /* new for every file: banks drop a second one of the same name */
    uint64_t created_ms;
    const char *initiator; /* the payer's name, for the bank */
    const struct payment_account *from;
    char currency[CURRENCY_SIZE];
    int minor_digits;
    struct date execution;
    const struct pain001_transfer *transfers;
    size_t transfer_count;
};

/* Whether a file with that head, whose transfers are not looked at, can carry the transfer; the
 * error begins with `what`. */
bool pain001_check_transfer(const struct pain001 *message, const struct pain001_transfer *transfer,
                            const char *what, struct error *error) MUST_USE;
/* Appends the document to `out`, or nothing. Refused, each with what is wrong: no transfer, too
 * many, one EndToEndId twice, an amount that is not positive or finer than the minor unit or beyond
 * the scheme, an account that is not effective at created_ms, the payer's own, or outside SEPA for
 * euro, an execution day that is over, a character outside the set. `out` needs room for
 * PAIN001_SIZE_MAX. */
bool pain001_write(const struct pain001 *message, struct buffer *out, struct error *error) MUST_USE;

#endif
