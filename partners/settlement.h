/* settlement.h - who owes whom: obligations rounded by line class, and nets. ledger.md
 * section 8.10-11.
 *
 * Pure. Threads: any, over a state that does not change meanwhile.
 */
#ifndef PARTNERS_SETTLEMENT_H
#define PARTNERS_SETTLEMENT_H

#include "partners/netting.h"
#include "partners/periods.h"
#include "partners/state.h"

/* Exact debt of debtor to creditor over all classes, in one currency: the charter's or one of its
 * contracts. */
struct money settlement_open(const struct state *state, struct partner_id debtor,
                             struct partner_id creditor, const char *currency);

/* What one partner owes another in one currency. */
struct settlement_pair {
    struct partner_id debtor, creditor;
    size_t currency;                         /* its place among the rules' */
    __int128 points_bp;                      /* redeemed; told with the charter's currency alone */
    struct money by_class[LINE_CLASS_COUNT]; /* exact */
    struct money open;                       /* their sum */
    struct money rounded; /* of each (class, tax code) line, to the minor unit, half to even */
};
typedef void settlement_visit(void *context, const struct settlement_pair *pair);

/* The open period as it stands. Do not move it: its rules point into it. */
struct settlement {
    struct charter_line_rules rules;
    size_t partner_count;
    bool used[1 + CHARTER_CURRENCIES_MAX]; /* by currency: there is a pair of it */
    struct money *open, *rounded;          /* receivable less payable, [currency][partner] */
};

/* Goes through what is owed once, however many tariffs there are. `visit` (NULL: nobody) is told of
 * each pair and currency with something in it, ascending by debtor, creditor, currency. The caller
 * releases `settlement_out`. */
void settlement_make(const struct state *state, settlement_visit *visit, void *context,
                     struct settlement *settlement_out);
void settlement_release(struct settlement *settlement);

/* The place of a currency that the charter has. */
size_t settlement_currency(const struct settlement *settlement, const char *code);
/* Receivable less payable of each partner, open or rounded: partner_count elements that sum to
 * zero; borrowed. */
const struct money *settlement_nets(const struct settlement *settlement, size_t currency,
                                    bool rounded);

/* What settles the rounded nets: the largest debtor pays the largest creditor, ties by name; at
 * most partners - 1 payments, which is the room `payments_out` must have. Returns their count. */
size_t settlement_payments(const struct settlement *settlement, const struct charter *charter,
                           size_t currency, struct payment *payments_out);

#endif
