/* settlement.h - who owes whom: obligations rounded by line class, and nets. ledger.md
 * section 8.10-11.
 *
 * Pure. Threads: any, over a state that does not change meanwhile.
 */
#ifndef PARTNERS_SETTLEMENT_H
#define PARTNERS_SETTLEMENT_H

#include "partners/netting.h"
#include "partners/state.h"

/* Each is of one currency, the charter's or one of its contracts. */

/* Exact debt of debtor to creditor over all classes. */
struct money settlement_open(const struct state *state, struct partner_id debtor,
                             struct partner_id creditor, const char *currency);
/* The same with each (debtor, creditor, class, tax code) line rounded to the minor unit, half to
 * even. */
struct money settlement_rounded(const struct state *state, struct partner_id debtor,
                                struct partner_id creditor, const char *currency);
/* Receivable less payable; open or rounded. Nets of all partners sum to zero. */
struct money settlement_net(const struct state *state, struct partner_id partner,
                            const char *currency, bool rounded);

/* The largest debtor pays the largest creditor, ties by name; at most partners - 1 payments, which
 * is the room `payments_out` must have. Returns their count. */
size_t settlement_payments(const struct state *state, const char *currency,
                           struct payment *payments_out);

#endif
