/* Reads about what partners have agreed upon: contracts, promotions, and what a point is worth. */
#include "node/api_parts.h"
#include "partners/contracts.h"

static uint64_t ledger_now(struct api *api)
{
    return replica_ledger_now_ms(api->config.replica, api_now(api));
}

static void put_now(struct api *api, struct json_out *json)
{
    json_put_time(json, "ledger_time", ledger_now(api));
    json_put_bool(json, "sandbox", api->charter->sandbox);
    json_put_uint(json, "height", api_status(api)->height);
    json_put_uint(json, "records", api_status(api)->records);
}

/* ---- contracts ------------------------------------------------------------------------------ */

static bool in_force(struct api *api, const struct contract_version *version)
{
    const struct rate_card *card = &version->card;
    return contract_at(state_contracts(api_state(api)), card->funder, card->redeemer,
                       ledger_now(api)) == version;
}

static void put_contract(struct api *api, struct json_out *json, size_t number)
{
    const struct contract_version *version = &state_contracts(api_state(api))->versions[number];
    struct hash digest = rate_card_digest(&version->card);
    bool is_signed = version->state == CONTRACT_SIGNED;
    json_put_uint(json, "contract", number);
    json_put_word(json, "state", contract_state_word(version->state));
    json_put_bool(json, "in_force", is_signed && in_force(api, version));
    json_put_word(json, "proposer", api_partner_name(api, version->proposer));
    json_put_uint(json, "record", version->record.v);
    if (is_signed) {
        json_put_time(json, "signed", version->signed_ms);
        json_put_uint(json, "tariff", version->tariff);
    } else {
        json_put_null(json, "signed");
        json_put_null(json, "tariff");
    }
    api_put_ends(json, state_contracts(api_state(api)), version);
    json_put_hex(json, "digest", hash_as_bytes(&digest));
    api_card_write(api, json, &version->card);
}

struct contract_filter {
    bool by_partner, by_state;
    struct partner_id partner; /* funder or redeemer */
    enum contract_state state;
};

static bool fits(const struct contract_filter *filter, const struct contract_version *version)
{
    return (!filter->by_state || version->state == filter->state) &&
           (!filter->by_partner || version->card.funder.v == filter->partner.v ||
            version->card.redeemer.v == filter->partner.v);
}

static bool take_state(struct api_call *call, struct contract_filter *filter)
{
    static const enum contract_state all[] = {CONTRACT_PROPOSED, CONTRACT_SIGNED,
                                              CONTRACT_WITHDRAWN};
    struct bytes text;
    if (!api_query(call, "state", &text))
        return true;
    filter->by_state = true;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (bytes_equal(text, bytes_text(contract_state_word(all[i])))) {
            filter->state = all[i];
            return true;
        }
    api_refuse(call, PROBLEM_MALFORMED, "state is proposed, signed or withdrawn.");
    return false;
}

void api_get_contracts(struct api_call *call)
{
    static const char *const filters[API_FILTERS_MAX] = {"partner", "state"};
    struct api *api = call->api;
    const struct contracts *contracts = state_contracts(api_state(api));
    struct contract_filter filter = {.by_partner = false};
    uint64_t at = 0, limit, told = 0;
    if (!api_page_of(call, "from", filters, &at, &limit) ||
        !api_query_partner(call, "partner", &filter.by_partner, &filter.partner) ||
        !take_state(call, &filter))
        return;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    put_now(api, &json);
    json_open_array(&json, "contracts");
    for (; at < contracts->count; at++) {
        if (!fits(&filter, &contracts->versions[at]))
            continue;
        if (told++ == limit)
            break;
        json_open_object(&json, NULL);
        put_contract(api, &json, at);
        json_close_object(&json);
    }
    json_close_array(&json);
    api_put_next(&json, at < contracts->count, at);
    json_close_object(&json);
    api_respond_json(call, &body);
}

void api_get_contract(struct api_call *call)
{
    struct api *api = call->api;
    uint32_t number;
    if (!api_argument_contract(call, &number))
        return;
    if (number >= state_contracts(api_state(api))->count) {
        api_refuse(call, PROBLEM_NOT_FOUND, "No contract has this number.");
        return;
    }
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    put_now(api, &json);
    put_contract(api, &json, number);
    json_close_object(&json);
    api_respond_json(call, &body);
}

/* ---- promotions ----------------------------------------------------------------------------- */

static void put_promotion(struct api *api, struct json_out *json, size_t number)
{
    const struct promotion_version *version = &state_contracts(api_state(api))->promotions[number];
    const struct promotion *promotion = &version->promotion;
    uint64_t now = ledger_now(api);
    json_put_uint(json, "promotion", number);
    json_put_bool(json, "in_force",
                  promotion->from_ms <= now &&
                      (promotion->until_ms == 0 || now < promotion->until_ms));
    json_put_word(json, "issuer", api_partner_name(api, promotion->issuer));
    json_put_word(json, "funder", api_partner_name(api, version->funder));
    json_put_uint(json, "bp", promotion->bp);
    json_put_int(json, "budget", promotion->budget.v);
    api_put_points_bp(json, "used", version->used_bp);
    api_put_points_bp(json, "left",
                      (__int128)promotion->budget.v * BASIS_POINTS - version->used_bp);
    json_put_time(json, "from", promotion->from_ms);
    if (promotion->until_ms > 0)
        json_put_time(json, "until", promotion->until_ms);
    else
        json_put_null(json, "until");
    json_put_uint(json, "record", version->record.v);
}

void api_get_promotions(struct api_call *call)
{
    static const char *const filters[API_FILTERS_MAX] = {"partner"};
    struct api *api = call->api;
    const struct contracts *contracts = state_contracts(api_state(api));
    struct partner_id partner;
    bool by_partner;
    uint64_t at = 0, limit, told = 0;
    if (!api_page_of(call, "from", filters, &at, &limit) ||
        !api_query_partner(call, "partner", &by_partner, &partner))
        return;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    put_now(api, &json);
    json_open_array(&json, "promotions");
    for (; at < contracts->promotion_count; at++) {
        const struct promotion_version *version = &contracts->promotions[at];
        if (by_partner && version->funder.v != partner.v &&
            version->promotion.issuer.v != partner.v)
            continue;
        if (told++ == limit)
            break;
        json_open_object(&json, NULL);
        put_promotion(api, &json, at);
        json_close_object(&json);
    }
    json_close_array(&json);
    api_put_next(&json, at < contracts->promotion_count, at);
    json_close_object(&json);
    api_respond_json(call, &body);
}

/* ---- prices --------------------------------------------------------------------------------- */

static void put_price(struct json_out *json, const char *name, struct micro price)
{
    json_put_money(json, name, api_micro_money(price), 2);
}

/* By a card, by the charter, or (where it wants contracts) not at all. */
static void put_terms(struct api *api, struct json_out *json, const struct rate_card *card)
{
    const struct charter *charter = api->charter;
    const char *face_currency = card ? card->face_currency : charter->currency;
    const char *currency = card ? card->settlement_currency : charter->currency;
    if (!card && charter->contracts.required) {
        json_put_null(json, "face");
        json_put_null(json, "reimbursement");
        return;
    }
    put_price(json, "face", card ? card->face : charter->rates.face);
    json_put_word(json, "face_currency", face_currency);
    put_price(json, "reimbursement", card ? card->reimbursement : charter->rates.reimbursement);
    json_put_word(json, "currency", currency);
}

static void put_pair(struct api *api, struct json_out *json, struct partner_id funder,
                     struct partner_id redeemer)
{
    const struct contracts *contracts = state_contracts(api_state(api));
    const struct contract_version *version =
        contract_at(contracts, funder, redeemer, ledger_now(api));
    json_open_object(json, NULL);
    json_put_word(json, "funder", api_partner_name(api, funder));
    json_put_word(json, "redeemer", api_partner_name(api, redeemer));
    json_put_word(json, "by",
                  version                            ? "contract"
                  : api->charter->contracts.required ? "nothing"
                                                     : "charter");
    if (version)
        json_put_uint(json, "contract", (uint64_t)(version - contracts->versions));
    else
        json_put_null(json, "contract");
    put_terms(api, json, version ? &version->card : NULL);
    json_close_object(json);
}

struct pair_filter {
    bool by_funder, by_redeemer;
    struct partner_id funder, redeemer;
};

/* Of two different partners that are there. */
static bool pair_fits(const struct pair_filter *filter, const struct charter *charter,
                      struct partner_id funder, struct partner_id redeemer)
{
    return funder.v != redeemer.v && !charter->partners[funder.v].left &&
           !charter->partners[redeemer.v].left &&
           (!filter->by_funder || filter->funder.v == funder.v) &&
           (!filter->by_redeemer || filter->redeemer.v == redeemer.v);
}

void api_get_prices(struct api_call *call)
{
    static const char *const filters[API_FILTERS_MAX] = {"funder", "redeemer"};
    struct api *api = call->api;
    uint64_t count = api->charter->partner_count, at = 0, limit, told = 0;
    struct pair_filter filter = {.by_funder = false};
    if (!api_page_of(call, "from", filters, &at, &limit) ||
        !api_query_partner(call, "funder", &filter.by_funder, &filter.funder) ||
        !api_query_partner(call, "redeemer", &filter.by_redeemer, &filter.redeemer))
        return;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    put_now(api, &json);
    json_open_array(&json, "prices");
    for (; at < count * count; at++) {
        struct partner_id funder = {(uint16_t)(at / count)}, redeemer = {(uint16_t)(at % count)};
        if (!pair_fits(&filter, api->charter, funder, redeemer))
            continue;
        if (told++ == limit)
            break;
        put_pair(api, &json, funder, redeemer);
    }
    json_close_array(&json);
    api_put_next(&json, at < count * count, at);
    json_close_object(&json);
    api_respond_json(call, &body);
}
