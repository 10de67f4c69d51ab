/* Contracts, promotions, payment accounts, collateral and rates in records and in answers to those
 * who wrote them. */
#include "node/api_parts.h"

#include "partners/contracts.h"

/* "" is none. */
static void put_code(struct json_out *json, const char *name, const char *code)
{
    if (code[0])
        json_put_word(json, name, code);
    else
        json_put_null(json, name);
}

static void put_cap(struct json_out *json, const char *name, struct points cap)
{
    if (cap.v > 0)
        json_put_int(json, name, cap.v);
    else
        json_put_null(json, name);
}

static void put_time_or_null(struct json_out *json, const char *name, uint64_t time_ms)
{
    if (time_ms > 0)
        json_put_time(json, name, time_ms);
    else
        json_put_null(json, name);
}

static void put_price(struct json_out *json, const char *name, struct micro price)
{
    json_put_money(json, name, api_micro_money(price), 2);
}

/* ---- what an obligation is in --------------------------------------------------------------- */

void api_put_tariff(const struct api *api, struct json_out *json, uint8_t tariff,
                    enum line_class line_class)
{
    const struct contracts *contracts = state_contracts(api_state(api));
    json_put_uint(json, "tariff", tariff);
    if (tariff >= contracts->tariff_count) { /* a record says it that this state has not executed */
        json_put_null(json, "currency");
        json_put_null(json, "tax_code");
        return;
    }
    json_put_word(json, "currency", contracts->tariffs[tariff].currency);
    json_put_word(json, "tax_code", tariff_tax(&contracts->tariffs[tariff], line_class));
}

/* ---- bodies --------------------------------------------------------------------------------- */

void api_card_write(const struct api *api, struct json_out *json, const struct rate_card *card)
{
    json_put_word(json, "funder", api_partner_name(api, card->funder));
    json_put_word(json, "redeemer", api_partner_name(api, card->redeemer));
    put_price(json, "face", card->face);
    json_put_word(json, "face_currency", card->face_currency);
    put_price(json, "reimbursement", card->reimbursement);
    json_put_word(json, "currency", card->settlement_currency);
    put_price(json, "issue_fee", card->issue_fee);
    put_price(json, "redemption_fee", card->redemption_fee);
    put_code(json, "redemption_tax", card->redemption_tax);
    put_code(json, "fee_tax", card->fee_tax);
    put_cap(json, "period_cap", card->period_cap);
    put_cap(json, "year_cap", card->year_cap);
    json_put_time(json, "from", card->from_ms);
    put_time_or_null(json, "until", card->until_ms);
    json_put_uint(json, "exit_days", card->exit_days);
}

void api_put_ends(struct json_out *json, const struct contracts *contracts,
                  const struct contract_version *version)
{
    bool is_signed = version->state == CONTRACT_SIGNED;
    put_time_or_null(json, "ends", is_signed ? contract_ends_ms(contracts, version) : 0);
}

static void put_promotion(const struct api *api, struct json_out *json,
                          const struct promotion *promotion)
{
    json_put_word(json, "issuer", api_partner_name(api, promotion->issuer));
    json_put_uint(json, "bp", promotion->bp);
    json_put_int(json, "budget", promotion->budget.v);
    put_time_or_null(json, "from", promotion->from_ms);
    put_time_or_null(json, "until", promotion->until_ms);
}

void api_deal_body_write(const struct api *api, struct json_out *json, const struct transaction *t)
{
    const struct deal *deal = &t->body.deal;
    enum deal_step step;
    must(transaction_is_deal(t->type, &step));
    switch (step) {
    case DEAL_PROPOSE: {
        struct hash digest = rate_card_digest(&deal->card);
        api_card_write(api, json, &deal->card);
        json_put_hex(json, "digest", hash_as_bytes(&digest));
        return;
    }
    case DEAL_SIGN:
        json_put_uint(json, "contract", deal->number);
        json_put_hex(json, "digest", hash_as_bytes(&deal->digest));
        return;
    case DEAL_WITHDRAW:
        json_put_uint(json, "contract", deal->number);
        return;
    case DEAL_END:
        json_put_uint(json, "contract", deal->number);
        json_put_time(json, "until", deal->until_ms);
        return;
    case DEAL_PROMOTE:
        put_promotion(api, json, &deal->promotion);
        return;
    case DEAL_ACCOUNT:
        api_account_body_write(json, &deal->account);
        return;
    case DEAL_RATES:
        api_rates_body_write(json, &deal->rates);
        return;
    case DEAL_COLLATERAL:
        api_collateral_body_write(api, json, &deal->collateral);
        return;
    }
}

/* ---- results -------------------------------------------------------------------------------- */

static void put_contract_result(const struct api *api, struct json_out *json, size_t number)
{
    const struct contracts *contracts = state_contracts(api_state(api));
    if (number >= contracts->count)
        return;
    const struct contract_version *version = &contracts->versions[number];
    struct hash digest = rate_card_digest(&version->card);
    json_put_uint(json, "contract", number);
    json_put_word(json, "state", contract_state_word(version->state));
    json_put_hex(json, "digest", hash_as_bytes(&digest));
    json_put_time(json, "from", version->card.from_ms);
    api_put_ends(json, contracts, version);
}

/* The newest are asked for, so it is looked for from the end. */
static void put_proposed(const struct api *api, struct json_out *json, struct record_index index)
{
    const struct contracts *contracts = state_contracts(api_state(api));
    for (size_t i = contracts->count; i > 0; i--)
        if (contracts->versions[i - 1].record.v == index.v) {
            put_contract_result(api, json, i - 1);
            return;
        }
}

static void put_promoted(const struct api *api, struct json_out *json, struct record_index index)
{
    const struct contracts *contracts = state_contracts(api_state(api));
    for (size_t i = contracts->promotion_count; i > 0; i--)
        if (contracts->promotions[i - 1].record.v == index.v) {
            json_put_uint(json, "promotion", i - 1);
            json_put_time(json, "from", contracts->promotions[i - 1].promotion.from_ms);
            return;
        }
}

void api_deal_result_write(const struct api *api, struct json_out *json,
                           const struct transaction *t, struct record_index index)
{
    enum deal_step step;
    if (!transaction_is_deal(t->type, &step))
        return;
    switch (step) {
    case DEAL_PROPOSE:
        put_proposed(api, json, index);
        return;
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_END:
        put_contract_result(api, json, t->body.deal.number);
        return;
    case DEAL_PROMOTE:
        put_promoted(api, json, index);
        return;
    case DEAL_ACCOUNT:
        api_account_result_write(api, json, &t->body.deal.account);
        return;
    case DEAL_RATES:
        api_rates_body_write(json, &t->body.deal.rates);
        return;
    case DEAL_COLLATERAL:
        api_collateral_result_write(api, json, &t->body.deal.collateral);
        return;
    }
}
