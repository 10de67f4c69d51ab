/* Contracts, promotions, payment accounts and collateral in records and in answers to those who
 * wrote them. */
#include "node/api_parts.h"

void api_deal_body_write(const struct api *api, struct json_out *json, const struct transaction *t)
{
    enum deal_step step;
    (void)api;
    must(transaction_is_deal(t->type, &step));
    switch (step) {
    case DEAL_ACCOUNT:
        api_account_body_write(json, &t->body.deal.account);
        return;
    case DEAL_PROPOSE:
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_PROMOTE:
    case DEAL_COLLATERAL:
        return;
    }
}
