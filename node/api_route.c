#include "node/api_parts.h"
#include "node/receipt_link.h"

#include <stdio.h>
#include <string.h>

enum { T = API_TILL, O = API_OFFICE, A = API_AUDITOR, X = API_ADMIN, F = API_FINANCE };

#define GET(pattern, scopes, handler)                                                              \
    {                                                                                              \
        "GET", pattern, API_READ, scopes, false, handler, TRANSACTION_ENROL, false                 \
    }
#define OPEN(pattern, scopes, local, handler)                                                      \
    {                                                                                              \
        "GET", pattern, API_READ, scopes, local, handler, TRANSACTION_ENROL, false                 \
    }
#define LOG(pattern, scopes, handler)                                                              \
    {                                                                                              \
        "GET", pattern, API_READ, scopes, false, handler, TRANSACTION_ENROL, true                  \
    }
#define LATE(pattern, scopes, handler)                                                             \
    {                                                                                              \
        "GET", pattern, API_LATE, scopes, false, handler, TRANSACTION_ENROL, false                 \
    }
#define POST(pattern, scopes, type)                                                                \
    {                                                                                              \
        "POST", pattern, API_WRITE, scopes, false, NULL, type, false                               \
    }

/* The whole API: who may do what. What is not here does not exist. */
const struct api_route api_routes[] = {
    POST("/v1/members", T | O, TRANSACTION_ENROL),
    POST("/v1/members/{}/cards", T | O, TRANSACTION_CARD_LINK),
    {"POST", "/v1/cards/lookup", API_ASK, T | O, false, api_card_lookup, TRANSACTION_ENROL, false},
    POST("/v1/earn", T, TRANSACTION_EARN),
    POST("/v1/activate", O, TRANSACTION_ACTIVATE),
    POST("/v1/hold", T, TRANSACTION_HOLD),
    POST("/v1/commit", T, TRANSACTION_COMMIT),
    POST("/v1/release", T, TRANSACTION_RELEASE),
    POST("/v1/redeem", T, TRANSACTION_REDEEM),
    POST("/v1/reverse-earn", T, TRANSACTION_REVERSE_EARN),
    POST("/v1/reverse-redeem", T, TRANSACTION_REVERSE_REDEEM),
    POST("/v1/expire", O, TRANSACTION_EXPIRE),
    POST("/v1/adjust", O, TRANSACTION_ADJUST),
    POST("/v1/transfer", O, TRANSACTION_TRANSFER),
    POST("/v1/clock", X, TRANSACTION_CLOCK),
    POST("/v1/motions", X, TRANSACTION_MOTION),
    POST("/v1/ballots", X, TRANSACTION_BALLOT),
    POST("/v1/periods/{}/propose", O | F, TRANSACTION_PERIOD_PROPOSE),
    POST("/v1/periods/{}/sign", O | F, TRANSACTION_PERIOD_SIGN),
    POST("/v1/periods/{}/disputes", O | F, TRANSACTION_DISPUTE_OPEN),
    POST("/v1/periods/{}/disputes/respond", O | F, TRANSACTION_DISPUTE_RESPOND),
    POST("/v1/periods/{}/disputes/resolve", O | F, TRANSACTION_DISPUTE_RESOLVE),
    POST("/v1/periods/{}/finalise", O | F, TRANSACTION_PERIOD_FINAL),
    POST("/v1/periods/{}/payments/{}/pay", O | F, TRANSACTION_PAYMENT_SENT),
    POST("/v1/periods/{}/payments/{}/confirm", O | F, TRANSACTION_PAYMENT_CONFIRMED),
    POST("/v1/periods/{}/payments/{}/fail", O | F, TRANSACTION_PAYMENT_FAILED),
    POST("/v1/periods/{}/payments/{}/default", O | F, TRANSACTION_PAYMENT_DEFAULT),
    POST("/v1/payment-accounts", O | F, TRANSACTION_PAYMENT_ACCOUNT),
    POST("/v1/collateral", O | F, TRANSACTION_COLLATERAL),
    POST("/v1/exchange-rates", O | F, TRANSACTION_EXCHANGE_RATES),
    POST("/v1/contracts", O | F, TRANSACTION_CONTRACT_PROPOSE),
    POST("/v1/contracts/{}/sign", O | F, TRANSACTION_CONTRACT_SIGN),
    POST("/v1/contracts/{}/withdraw", O | F, TRANSACTION_CONTRACT_WITHDRAW),
    POST("/v1/contracts/{}/end", O | F, TRANSACTION_CONTRACT_END),
    POST("/v1/promotions", O | F, TRANSACTION_PROMOTION_SIGN),
    {"POST", "/v1/batch", API_BATCH, T, false, NULL, TRANSACTION_ENROL, false},

    GET("/v1/members/{}", T | O | A, api_get_member),
    GET("/v1/members/{}/lots", T | O | A, api_get_member_lots),
    GET("/v1/members/{}/transactions", T | O | A, api_get_member_transactions),
    GET("/v1/balances", A, api_get_balances),
    GET("/v1/transactions", O | A | F, api_get_transactions),
    GET("/v1/transactions/{}", T | O | A | F, api_get_transaction),
    GET("/v1/transactions/by-key/{}", T | O | F, api_get_by_key),
    GET("/v1/coalition", API_ANY, api_get_coalition),
    LOG("/v1/charter", API_ANY, api_get_charter),
    LOG("/v1/policy", API_ANY, api_get_policy),
    OPEN("/v1/membership", API_ANY, true, api_get_membership),
    GET("/v1/settlement", O | A | F, api_get_settlement),
    GET("/v1/periods", O | A | F, api_get_periods),
    GET("/v1/periods/{}", O | A | F, api_get_period),
    GET("/v1/payment-accounts", O | A | F, api_get_accounts),
    GET("/v1/exposure", O | A | F, api_get_exposure),
    GET("/v1/exchange-rates", T | O | A | F, api_get_exchange_rates),
    GET("/v1/contracts", O | A | F, api_get_contracts),
    GET("/v1/contracts/{}", O | A | F, api_get_contract),
    GET("/v1/promotions", O | A | F, api_get_promotions),
    GET("/v1/prices", T | O | A | F, api_get_prices),
    GET("/v1/periods/{}/liability", O | A | F, api_get_liability),
    LATE("/v1/periods/{}/reports/{}", O | A | F, api_get_report),
    LATE("/v1/reports/{}", O | A | F, api_get_report_of_now),
    GET("/v1/evidence", O | A | X, api_get_evidence_list),
    GET("/v1/evidence/{}", O | A | X, api_get_evidence),
    LOG("/v1/heights", A, api_get_heights),
    LOG("/v1/heights/{}", A, api_get_height),
    LOG("/checkpoint", API_ANY, api_get_checkpoint),
    LOG("/tile/*", API_ANY, api_get_tile),
    GET("/v1/records/{}/receipt", T | O | A | F, api_get_receipt),
    OPEN(RECEIPT_LINK_PATH "{}", 0, false, api_get_receipt_link),
    OPEN("/healthz", A | X, true, api_get_health),
    OPEN("/metrics", A | X, true, api_get_metrics),
    OPEN("/openapi.json", 0, false, api_get_openapi),
};
const size_t api_route_count = ARRAY_SIZE(api_routes);

unsigned api_scopes_to_write(enum transaction_type type)
{
    for (size_t i = 0; i < api_route_count; i++)
        if (api_routes[i].kind == API_WRITE && api_routes[i].type == type)
            return api_routes[i].scopes;
    return 0;
}

bool api_in_batch(enum transaction_type type)
{
    enum settle_step settle;
    enum deal_step deal;
    return !transaction_is_settle(type, &settle) && !transaction_is_deal(type, &deal);
}

/* %XX undone into a text; false when it is malformed, too long or hides a control character. */
static bool segment_decode(struct bytes segment, char out[API_ARGUMENT_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < segment.size; i++) {
        uint8_t byte = segment.at[i];
        if (byte == '%') {
            if (i + 2 >= segment.size)
                return false;
            char hex[3] = {(char)segment.at[i + 1], (char)segment.at[i + 2], 0};
            for (size_t k = 0; k < 2; k++)
                if (hex[k] >= 'A' && hex[k] <= 'F')
                    hex[k] = (char)(hex[k] - 'A' + 'a');
            if (!hex_decode(bytes_text(hex), &byte, 1))
                return false;
            i += 2;
        }
        if (byte < 0x20 || byte == 0x7f || size + 1 == API_ARGUMENT_SIZE)
            return false;
        out[size++] = (char)byte;
    }
    out[size] = 0;
    return size > 0;
}

static struct bytes segment_next(struct bytes *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->at[size] != '/')
        size++;
    struct bytes segment = bytes_of(rest->at, size);
    size_t used = size < rest->size ? size + 1 : size;
    *rest = bytes_of(rest->at + used, rest->size - used);
    return segment;
}

static bool matches(const char *pattern, struct bytes path,
                    char arguments[API_ARGUMENTS_MAX][API_ARGUMENT_SIZE])
{
    if (path.size == 0 || path.at[path.size - 1] == '/')
        return false;
    struct bytes want = bytes_text(pattern);
    size_t count = 0;
    while (want.size > 0 && path.size > 0) {
        struct bytes part = segment_next(&want);
        if (bytes_equal(part, bytes_text("*")))
            return segment_decode(path, arguments[count]);
        struct bytes segment = segment_next(&path);
        if (bytes_equal(part, bytes_text("{}"))) {
            if (!segment_decode(segment, arguments[count++]))
                return false;
        } else if (!bytes_equal(part, segment)) {
            return false;
        }
    }
    return want.size == 0 && path.size == 0;
}

/* HEAD is GET without the body. */
static bool method_fits(const struct api_route *route, struct bytes method)
{
    return bytes_equal(method, bytes_text(route->method)) ||
           (bytes_equal(method, bytes_text("HEAD")) && strcmp(route->method, "GET") == 0);
}

const struct api_route *api_route_find(struct bytes method, struct bytes path,
                                       char arguments_out[API_ARGUMENTS_MAX][API_ARGUMENT_SIZE],
                                       char allow_out[32])
{
    allow_out[0] = 0;
    bool get = false, post = false;
    for (size_t i = 0; i < api_route_count; i++) {
        if (!matches(api_routes[i].pattern, path, arguments_out))
            continue;
        if (method_fits(&api_routes[i], method))
            return &api_routes[i];
        get = get || strcmp(api_routes[i].method, "GET") == 0;
        post = post || strcmp(api_routes[i].method, "POST") == 0;
    }
    (void)snprintf(allow_out, 32, "%s%s%s", get ? "GET, HEAD" : "", get && post ? ", " : "",
                   post ? "POST" : "");
    return NULL;
}
