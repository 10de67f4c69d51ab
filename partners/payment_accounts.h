/* payment_accounts.h - where partners are paid, as they have said on the ledger: two people of a
 * partner name an account, everybody is told, and only days later it is in force.
 *
 *     first approver    pending
 *     second approver   waiting   until ledger time reaches effective_ms
 *     time alone        in force  instead of what was
 *
 * protocol/SETTLEMENT.md section 24; ledger.md section 2, Authority. Pure. Threads: one at a time.
 */
#ifndef PARTNERS_PAYMENT_ACCOUNTS_H
#define PARTNERS_PAYMENT_ACCOUNTS_H

#include "partners/payment_account.h"
#include "protocol/verdict.h"

/* Between the second approval and the day from which money goes there. */
enum { ACCOUNT_DAYS_MAX = 90 };

/* Of one partner in one currency. An account without a holder is none. */
struct account_row {
    struct partner_id partner;
    char currency[CURRENCY_SIZE];
    struct payment_account in_force; /* effective_ms: since when */
    struct payment_account waiting;  /* effective_ms: from when on; later than now */
    struct payment_account pending;  /* effective_ms: 0 */
    struct hash approver;            /* of what is pending */
};
struct payment_accounts {   /* zeroed is empty */
    struct account_row *at; /* ascending by partner, then currency */
    size_t count, capacity;
    size_t waiting_count;
    uint64_t next_ms; /* the first moment at which one that waits is in force; where any does */
};
void payment_accounts_release(struct payment_accounts *accounts);

bool payment_account_given(const struct payment_account *account);
/* The same holder, IBAN and BIC, from whenever on. */
bool payment_account_same(const struct payment_account *a, const struct payment_account *b);

/* One approval, at `now_ms`, of what the partner says in a currency that the coalition settles in;
 * `days` are the charter's. VERDICT_BAD_ACCOUNT, NOTHING_TO_DO or SAME_APPROVER leave everything
 * as it was. */
enum verdict payment_accounts_set(struct payment_accounts *accounts, struct partner_id partner,
                                  const struct account_words *words, uint32_t days,
                                  uint64_t now_ms);
/* What has waited long enough is in force; returns how many there were. */
size_t payment_accounts_pass(struct payment_accounts *accounts, uint64_t now_ms);

/* NULL: the partner has never said anything in that currency. Borrowed until the next call. */
const struct account_row *payment_accounts_of(const struct payment_accounts *accounts,
                                              struct partner_id partner, const char *currency);
/* A row after those that are there, as an image has it. False, with nothing added: it is out of
 * order, or none that payment_accounts_set() makes by `now_ms`. */
bool payment_accounts_add(struct payment_accounts *accounts, const struct account_row *row,
                          uint64_t now_ms) MUST_USE;

#endif
