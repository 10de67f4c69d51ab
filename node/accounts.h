/* accounts.h - where partners are paid and how they are addressed: accounts from the ledger, as a
 * node tells them (GET /v1/payment-accounts), names and addresses from a file that a partner keeps
 * for itself:
 *
 *     {"grocer": {"name": "Green Grocer AG", "iban": "AT61 1904 3002 3457 3201", "bic": "BKAUATWW",
 *                 "address": ["Marktplatz 1", "1010 Wien"], "tax_number": "ATU12345678"}}
 *
 * Only "name" must be there. Money goes where the ledger says; an IBAN in the file has to be the
 * same, or nothing is done. Everything is checked, and what is not known is refused: a bank does
 * what comes of it.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_ACCOUNTS_H
#define NODE_ACCOUNTS_H

#include "partners/statement.h"

#include <jansson.h>

enum { ACCOUNTS_FILE_MAX = 4 * 1024 * 1024 };

struct account_holder {
    char partner[CHARTER_NAME_MAX + 1];
    char name[STATEMENT_TEXT_MAX + 1];       /* as people write it */
    char tax_number[STATEMENT_TEXT_MAX + 1]; /* "" where there is none */
    char address[STATEMENT_ADDRESS_LINES][STATEMENT_TEXT_MAX + 1];
    size_t address_count;
    char iban[IBAN_SIZE], bic[BIC_SIZE]; /* as the file has them; "" where it has none */
};
struct ledger_account {
    char partner[CHARTER_NAME_MAX + 1], currency[CURRENCY_SIZE];
    struct payment_account account; /* in force, with the time since when */
};
struct accounts {              /* zeroed is empty */
    struct account_holder *at; /* of the file */
    size_t count;
    struct ledger_account *ledger;
    size_t ledger_count, ledger_capacity;
};

/* The file. ERROR_INVALID tells of every mistake the first, with a JSON pointer, and how many there
 * are. */
bool accounts_read(struct bytes json, struct accounts *accounts_out, struct error *error) MUST_USE;
/* Adds what is in force by a node's answer, after the file was read: ERROR_INVALID where that is
 * not what it should be, ERROR_CONFLICT where the file names another account than the ledger, or
 * one where the ledger has none. */
bool accounts_join(struct accounts *accounts, const json_t *answer, struct error *error) MUST_USE;
void accounts_release(struct accounts *accounts);

/* NULL: the file does not name the partner. */
const struct account_holder *accounts_of(const struct accounts *accounts, const char *partner);
/* NULL: none of the partner is in force in that currency. */
const struct payment_account *accounts_payment(const struct accounts *accounts, const char *partner,
                                               const char *currency);

#endif
