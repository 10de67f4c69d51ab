/* Contracts, promotions, payment accounts and collateral from requests. */
#include "node/api_build_parts.h"

void build_deal(struct build *build)
{
    build_stop(build, VERDICT_NOT_AUTHORISED, "");
}
