/* What a point costs whom, where, and how many of them there may be: by looking through the cards
 * that were signed. protocol/SETTLEMENT.md, 23. */
#include "node/naive_parts.h"

#include <string.h>

/* ---- cards ----------------------------------------------------------------------------------- */

static bool is_of(const struct naive_contract *contract, uint16_t funder, uint16_t redeemer)
{
    return contract->card.funder.v == funder && contract->card.redeemer.v == redeemer;
}

/* The pair's card that began last: it took the place of those before it. */
static const struct naive_contract *last_card(const struct naive *n, uint16_t funder,
                                              uint16_t redeemer, uint64_t time_ms)
{
    const struct naive_contract *last = NULL;
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *contract = &n->contracts[n->signed_cards.at[i]];
        if (is_of(contract, funder, redeemer) && contract->card.from_ms <= time_ms &&
            (!last || contract->card.from_ms > last->card.from_ms))
            last = contract;
    }
    return last;
}

static const struct naive_contract *card_at(const struct naive *n, uint16_t funder,
                                            uint16_t redeemer, uint64_t time_ms)
{
    const struct naive_contract *last = last_card(n, funder, redeemer, time_ms);
    bool stands = last && naive_in_force(last->card.from_ms, naive_card_end(last), time_ms);
    return stands ? last : NULL;
}

/* The pair's first card after a time, if it has begun by now: what time brings to a height is later
 * than the moments that it has passed. */
static const struct naive_contract *first_after(const struct naive *n, uint16_t funder,
                                                uint16_t redeemer, uint64_t time_ms)
{
    const struct naive_contract *first = NULL;
    uint64_t begun_ms = n->epochs[n->epoch_count - 1];
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *contract = &n->contracts[n->signed_cards.at[i]];
        if (is_of(contract, funder, redeemer) && contract->card.from_ms > time_ms &&
            contract->card.from_ms <= begun_ms &&
            (!first || contract->card.from_ms < first->card.from_ms))
            first = contract;
    }
    return first;
}

/* ---- prices ---------------------------------------------------------------------------------- */

struct naive_price naive_price_of(const struct naive *n, uint16_t funder, uint16_t redeemer,
                                  uint32_t epoch)
{
    struct naive_price price = {
        .agreed = true, .face = n->rules.face, .reimbursement = n->rules.reimbursement};
    const struct naive_contract *contract = NULL;
    must(epoch < n->epoch_count);
    memcpy(price.face_currency, n->tariffs[0].currency, CURRENCY_SIZE);
    if (funder == redeemer)
        return price;
    contract = card_at(n, funder, redeemer, n->epochs[epoch]);
    if (!contract && n->rules.contracts_required) {
        contract = first_after(n, funder, redeemer, n->epochs[epoch]);
        price.agreed = contract != NULL;
    }
    if (!contract)
        return price;
    price.face = contract->card.face.v;
    price.reimbursement = contract->card.reimbursement.v;
    price.tariff = contract->tariff;
    memcpy(price.face_currency, contract->card.face_currency, CURRENCY_SIZE);
    return price;
}

struct naive_fees naive_fees_of(const struct naive *n, uint16_t partner, uint32_t epoch)
{
    struct naive_fees fees = {n->rules.issue_fee, n->rules.redemption_fee, 0};
    must(n->rules.operator_number >= 0 && epoch < n->epoch_count);
    const struct naive_contract *contract =
        card_at(n, partner, (uint16_t)n->rules.operator_number, n->epochs[epoch]);
    if (contract)
        fees = (struct naive_fees){contract->card.issue_fee.v, contract->card.redemption_fee.v,
                                   contract->tariff};
    return fees;
}

enum verdict naive_worth(const struct naive *n, const struct naive_lot *lot, uint16_t redeemer,
                         char currency[CURRENCY_SIZE], __int128 *worth_out)
{
    struct naive_price prices[SPLIT_MAX];
    bool mixed = false;
    *worth_out = 0;
    for (size_t i = 0; i < lot->split.count; i++) {
        prices[i] = naive_price_of(n, lot->split.funders[i].partner.v, redeemer, lot->epoch);
        if (!prices[i].agreed)
            return VERDICT_NO_CONTRACT;
    }
    for (size_t i = 0; i < lot->split.count; i++) {
        if (!currency[0])
            memcpy(currency, prices[i].face_currency, CURRENCY_SIZE);
        mixed = mixed || strcmp(currency, prices[i].face_currency) != 0;
        *worth_out += (__int128)prices[i].face * lot->split.funders[i].bp;
    }
    if (mixed)
        return VERDICT_MIXED_CURRENCIES;
    return *worth_out > 0 ? VERDICT_ACCEPTED : VERDICT_BAD_QUANTITY;
}

bool naive_plan_priced(const struct naive *n, uint16_t redeemer)
{
    for (size_t i = 0; i < n->plan_count; i++) {
        const struct naive_lot *lot = &n->lots[n->plan[i].lot];
        for (size_t j = 0; j < lot->split.count; j++)
            if (!naive_price_of(n, lot->split.funders[j].partner.v, redeemer, lot->epoch).agreed)
                return false;
    }
    return true;
}

int64_t naive_highest_price(const struct naive *n, uint16_t funder)
{
    int64_t highest = 0;
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct rate_card *card = &n->contracts[n->signed_cards.at[i]].card;
        if (card->funder.v != funder)
            continue;
        __int128 price = (__int128)card->reimbursement.v * naive_rate(n, card->settlement_currency);
        price = price / 1000000 + (price % 1000000 != 0);
        highest = price > highest ? (int64_t)price : highest;
    }
    return highest;
}

/* ---- caps ------------------------------------------------------------------------------------ */

struct naive_flow *naive_flow_cell(const struct naive *n, uint16_t funder, uint16_t redeemer)
{
    must(funder < n->rules.partner_count && redeemer < n->rules.partner_count);
    return &n->flows[(size_t)funder * n->rules.partner_count + redeemer];
}

void naive_flow(struct naive *n, const struct naive_lot *lot, uint16_t redeemer, int64_t points)
{
    for (size_t i = 0; i < lot->split.count; i++) {
        const struct funder *funder = &lot->split.funders[i];
        struct naive_flow *flow = naive_flow_cell(n, funder->partner.v, redeemer);
        flow->in_period += (__int128)points * funder->bp;
        flow->in_year += (__int128)points * funder->bp;
    }
}

static __int128 planned_of(const struct naive *n, uint16_t funder)
{
    __int128 sum = 0;
    for (size_t i = 0; i < n->plan_count; i++) {
        const struct funding_split *split = &n->lots[n->plan[i].lot].split;
        for (size_t j = 0; j < split->count; j++)
            if (split->funders[j].partner.v == funder)
                sum += (__int128)n->plan[i].points * split->funders[j].bp;
    }
    return sum;
}

/* In holds that may be committed there still. */
static __int128 held_of(const struct naive *n, uint16_t funder, uint16_t redeemer)
{
    __int128 sum = 0;
    for (size_t i = 0; i < n->open.count; i++) {
        const struct naive_spend *spend = &n->holds[n->open.at[i]];
        bool counts = spend->status == NAIVE_OPEN && spend->partner == redeemer;
        for (size_t j = 0; counts && j < spend->part_count; j++) {
            const struct naive_part *part = &n->parts[spend->first_part + j];
            const struct funding_split *split = &n->lots[part->lot].split;
            for (size_t k = 0; k < split->count; k++)
                if (split->funders[k].partner.v == funder)
                    sum += (__int128)part->points * split->funders[k].bp;
        }
    }
    return sum;
}

/* Whose caps hold: that a party has ended it lifts none. */
static const struct naive_contract *capping(const struct naive *n, uint16_t funder,
                                            uint16_t redeemer)
{
    const struct naive_contract *last = last_card(n, funder, redeemer, n->now_ms);
    bool stands = last && naive_in_force(last->card.from_ms, last->card.until_ms, n->now_ms);
    return stands ? last : NULL;
}

bool naive_plan_within_caps(const struct naive *n, uint16_t redeemer)
{
    if (n->signed_cards.count == 0)
        return true;
    for (uint16_t funder = 0; funder < n->rules.partner_count; funder++) {
        __int128 asked = planned_of(n, funder);
        const struct naive_contract *contract = asked > 0 ? capping(n, funder, redeemer) : NULL;
        if (!contract)
            continue;
        const struct naive_flow *flow = naive_flow_cell(n, funder, redeemer);
        asked += held_of(n, funder, redeemer);
        int64_t period_cap = contract->card.period_cap.v, year_cap = contract->card.year_cap.v;
        if (period_cap > 0 && flow->in_period + asked > (__int128)period_cap * BASIS_POINTS)
            return false;
        if (year_cap > 0 && flow->in_year + asked > (__int128)year_cap * BASIS_POINTS)
            return false;
    }
    return true;
}
