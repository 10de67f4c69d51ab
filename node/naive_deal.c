/* What partners agree upon: contracts, promotions, payment accounts, collateral. */
#include "node/naive_parts.h"

enum verdict naive_deal(struct naive *n, const struct naive_tx *tx)
{
    enum deal_step step;
    must(transaction_is_deal(tx->transaction->type, &step));
    switch (step) {
    case DEAL_ACCOUNT:
        return naive_set_account(n, tx);
    case DEAL_PROPOSE:
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_PROMOTE:
    case DEAL_COLLATERAL:
        return VERDICT_NOT_AUTHORISED;
    }
    return VERDICT_MALFORMED;
}
