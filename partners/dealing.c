/* What partners agree upon, on the ledger: contracts, promotions, payment accounts, collateral. */
#include "partners/state_parts.h"

enum verdict apply_deal(struct state *state, const struct context *context)
{
    (void)state;
    (void)context;
    return VERDICT_NOT_AUTHORISED;
}
