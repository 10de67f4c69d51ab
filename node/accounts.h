/* accounts.h - where partners are paid and how they are addressed, from a file that a partner keeps
 * for itself: the ledger does not hold accounts.
 *
 *     {"grocer": {"name": "Green Grocer AG", "iban": "AT61 1904 3002 3457 3201", "bic": "BKAUATWW",
 *                 "address": ["Marktplatz 1", "1010 Wien"], "tax_number": "ATU12345678"}}
 *
 * Only "name" must be there; without "iban" nothing is paid to or by that partner. Everything is
 * checked, and what is not known is refused: a bank does what the file says.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_ACCOUNTS_H
#define NODE_ACCOUNTS_H

#include "partners/statement.h"

enum { ACCOUNTS_FILE_MAX = 4 * 1024 * 1024 };

struct account_holder {
    char partner[CHARTER_NAME_MAX + 1];
    char name[STATEMENT_TEXT_MAX + 1];       /* as people write it */
    char tax_number[STATEMENT_TEXT_MAX + 1]; /* "" where there is none */
    char address[STATEMENT_ADDRESS_LINES][STATEMENT_TEXT_MAX + 1];
    size_t address_count;
    bool has_account;
    struct payment_account account; /* its holder is the name in the SEPA character set */
};
struct accounts { /* zeroed is empty */
    struct account_holder *at;
    size_t count;
};

/* ERROR_INVALID tells of every mistake the first, with a JSON pointer, and how many there are. */
bool accounts_read(struct bytes json, struct accounts *accounts_out, struct error *error) MUST_USE;
void accounts_release(struct accounts *accounts);

/* NULL: the file does not name the partner. */
const struct account_holder *accounts_of(const struct accounts *accounts, const char *partner);
/* NULL: none is known for the partner. */
const struct payment_account *accounts_payment(const struct accounts *accounts,
                                               const char *partner);

#endif
