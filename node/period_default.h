/* period_default.h - what defaults have made of a settlement period, and what another one would.
 *
 * Of each partner and currency
 *
 *     net of the lines + collateral = netted + ring-fenced
 *
 * where collateral is what one in default has paid by it, or less what its keeper owes for it, and
 * netted and ring-fenced are what payments bring, made or to be made.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_PERIOD_DEFAULT_H
#define NODE_PERIOD_DEFAULT_H

#include "node/period_view.h"
#include "partners/statement.h"

/* `sums_out` has one a partner of the view. */
void period_default_sums(const struct period_view *view, const char *currency,
                         struct default_sums *sums_out);

/* Whether the payer of a payment may be declared in default on a day, as the ledger has it. */
bool payment_may_default(const struct charter *charter, const struct period *period, size_t payment,
                         int64_t today) MUST_USE;
/* The same today, as the node tells it; and never of one that is in default already. */
bool period_default_possible(const struct period_view *view,
                             const struct view_payment *payment) MUST_USE;
/* What the period would be with the payer of a payment, which may be declared so, in default: as
 * `period_view_period()` gives it. `fund` is what the operator holds of its collateral. */
void period_default_preview(const struct period_view *view, const struct view_payment *payment,
                            struct money fund, struct period *out);
/* In words: what becomes void, who bears what, who is to pay whom then, of one default of a period;
 * of the one that comes last where `round` is their count. */
void period_default_words(const struct period_view *view, const struct period *period, size_t round,
                          struct buffer *out);
/* Everything that defaults have made of it, in words; nothing where there are none. */
void period_words_defaults(const struct period_view *view, struct buffer *out);

#endif
