/* Contracts, promotions, payment accounts and collateral from requests. */
#include "node/api_build_parts.h"

void build_deal(struct build *build)
{
    enum deal_step step;
    must(transaction_is_deal(build->t->type, &step));
    switch (step) {
    case DEAL_ACCOUNT:
        build_account(build);
        return;
    case DEAL_PROPOSE:
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_PROMOTE:
    case DEAL_COLLATERAL:
        build_stop(build, VERDICT_NOT_AUTHORISED, "");
        return;
    }
}
