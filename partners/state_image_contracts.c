/* The rows of an image that say what partners agreed upon: they come before what they price. */
#include "partners/state_image_parts.h"

bool load_tariffs(struct loader *loader, const uint8_t *row)
{
    struct tariff tariff;
    bool good = next_code(&row, tariff.currency, CURRENCY_SIZE - 1);
    good = next_code(&row, tariff.redemption_tax, TAX_CODE_SIZE - 1) && good;
    good = next_code(&row, tariff.fee_tax, TAX_CODE_SIZE - 1) && good;
    return (good &&
            contracts_load_tariff(&loader->state->contracts, loader->state->charter, &tariff)) ||
           loader_refuse(loader,
                         "it is there twice, or its currency or taxes are not the charter's");
}

/* The codes and prices of a card; false: a code goes on after its end. */
static bool card_load(const uint8_t **at, struct rate_card *card)
{
    card->funder.v = next_u16(at);
    card->redeemer.v = next_u16(at);
    bool good = next_code(at, card->face_currency, CURRENCY_SIZE - 1);
    good = next_code(at, card->settlement_currency, CURRENCY_SIZE - 1) && good;
    card->face.v = (int64_t)next_u64(at);
    card->reimbursement.v = (int64_t)next_u64(at);
    card->issue_fee.v = (int64_t)next_u64(at);
    card->redemption_fee.v = (int64_t)next_u64(at);
    good = next_code(at, card->redemption_tax, TAX_CODE_SIZE - 1) && good;
    good = next_code(at, card->fee_tax, TAX_CODE_SIZE - 1) && good;
    card->period_cap.v = (int64_t)next_u64(at);
    card->year_cap.v = (int64_t)next_u64(at);
    card->from_ms = next_u64(at);
    card->until_ms = next_u64(at);
    card->exit_days = next_u16(at);
    return good;
}

bool load_contracts(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct contract_version version = {.record = {next_u64(&row)}};
    version.proposer.v = next_u16(&row);
    uint8_t step = next_u8(&row);
    version.state = (enum contract_state)step;
    version.tariff = next_u8(&row);
    version.signed_ms = next_u64(&row);
    bool good = card_load(&row, &version.card);
    version.ended_ms = next_u64(&row);
    if (!loader_in_log_order(loader, version.record.v))
        return false;
    return (good && step <= CONTRACT_WITHDRAWN &&
            contracts_load_version(&state->contracts, state->charter, &version, state->now_ms)) ||
           loader_refuse(loader, "it is none that could be proposed or signed");
}

bool load_promotions(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct promotion_version version = {.record = {next_u64(&row)}};
    version.promotion.issuer.v = next_u16(&row);
    version.funder.v = next_u16(&row);
    version.promotion.bp = next_u16(&row);
    version.promotion.budget.v = (int64_t)next_u64(&row);
    version.promotion.from_ms = next_u64(&row);
    version.promotion.until_ms = next_u64(&row);
    if (!loader_in_log_order(loader, version.record.v))
        return false;
    return contracts_load_promotion(&state->contracts, state->charter, &version) ||
           loader_refuse(loader, "it is none that could be signed");
}

bool load_epochs(struct loader *loader, const uint8_t *row)
{
    return contracts_load_epoch(&loader->state->contracts, next_u64(&row)) ||
           loader_refuse(loader, "it begins before the one before");
}
