/* period_tie.h - whether what a node tells of a period follows from its exact lines and the
 * charter: what period_view_read() asks once all of it is read.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_PERIOD_TIE_H
#define NODE_PERIOD_TIE_H

#include "node/period_view.h"

/* The rounded lines are what the charter makes of the exact ones, less what is disputed: so that
 * all that is shown, and every order to a bank, follows from the totals. */
bool period_tie_rounded(const struct period_view *view, struct error *error) MUST_USE;
/* Once it is final: the first payments are those that settle its nets, and the others what defaults
 * have made of them (partners/defaults.h). */
bool period_tie_payments(const struct period_view *view, struct error *error) MUST_USE;
/* What netting makes of the rounded lines, of each currency apart, in the order of their codes.
 * `payments_out` is the caller's to free. */
size_t period_tie_expected(const struct period_view *view, struct view_payment **payments_out);

#endif
