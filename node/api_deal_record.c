/* Contracts, promotions, payment accounts and collateral in records. */
#include "node/api_parts.h"

void api_deal_body_write(const struct api *api, struct json_out *json, const struct transaction *t)
{
    (void)api;
    (void)json;
    (void)t;
}
