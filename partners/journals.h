/* journals.h - a closed period as plain-text accounting: hledger, ledger and beancount.
 *
 * Either of two books: the coalition's, where each partner is an account whose balance is its net;
 * or one partner's own, with what it spent, earned and is taxed by class and counterparty, the
 * positions cleared into an account of the period, and the payments out of that. The files carry
 * balance assertions, so that the programs themselves refuse a book that differs from the report.
 *
 * A default is booked on a day of its own: what was taken over and what collateral paid
 * moves claims, and what is between one in default and the others leaves the account of the period
 * for one of its own. Then every account holds what payments that are not confirmed would bring.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_JOURNALS_H
#define PARTNERS_JOURNALS_H

#include "partners/date.h"
#include "partners/defaults.h"

enum { JOURNALS_SIZE_MAX = 256 * 1024 * 1024 };

enum journal_form { JOURNAL_HLEDGER, JOURNAL_LEDGER, JOURNAL_BEANCOUNT };

struct booked_payment {
    struct payment payment;
    char currency[CURRENCY_SIZE];
    const char *end_to_end;
    bool ring_fenced;
};
struct journal_source {
    const char *coalition;    /* its name: [a-z0-9-] */
    const char *period;       /* its name, a part of accounts' names: "2026-11" */
    const char *checkpoint;   /* one line that names it: "ORIGIN SIZE ROOT" */
    const char *const *names; /* partners': [a-z0-9-], a letter first */
    size_t partner_count;
    const struct currency_rule *currencies; /* of every line */
    size_t currency_count;
    struct date closed_on;
    const struct lines *closed;
    const struct booked_payment *payments; /* confirmed ones */
    size_t payment_count;
    const struct booked_payment *open; /* neither confirmed nor void */
    size_t open_count;
    const struct period_default *defaults;
    size_t default_count;
    const struct taken_over *taken;
    size_t taken_count;
    struct date paid_on;      /* after closed_on, where there are payments */
    struct date defaulted_on; /* the same, where there are defaults */
    bool declare;             /* the accounts that periods share: in the first file of a set */
};

/* Appends the journal; everything is in the period's currencies and minor units. ERROR_LIMIT when
 * it is larger than `out` may be; then `out` is of no use. */
bool journals_coalition(const struct journal_source *source, enum journal_form form,
                        struct buffer *out, struct error *error) MUST_USE;
bool journals_partner(const struct journal_source *source, struct partner_id partner,
                      enum journal_form form, struct buffer *out, struct error *error) MUST_USE;

#endif
