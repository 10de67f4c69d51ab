/* What partners agree upon: contracts, promotions, payment accounts, collateral. */
#include "node/naive_parts.h"

enum verdict naive_deal(struct naive *n, const struct naive_tx *tx)
{
    (void)n;
    (void)tx;
    return VERDICT_NOT_AUTHORISED;
}
