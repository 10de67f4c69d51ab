/* What a point costs whom: the contract that was in force when the point was issued, or the
 * charter's rates. protocol/SETTLEMENT.md section 23, ledger.md 8.2. */
#include "partners/state_parts.h"

#include <string.h>

static struct price charter_price(const struct charter *charter, bool missing)
{
    return (struct price){.face = charter->rates.face,
                          .reimbursement = charter->rates.reimbursement,
                          .face_currency = charter->currency,
                          .missing = missing};
}

struct price price_of(const struct state *state, struct partner_id funder,
                      struct partner_id redeemer, uint32_t epoch, uint32_t until)
{
    const struct contracts *contracts = &state->contracts;
    bool required = state->charter->contracts.required;
    if (partner_equal(funder, redeemer) || (contracts->cards.count == 0 && !required))
        return charter_price(state->charter, false);
    const struct contract_version *version = contract_in(contracts, funder, redeemer, epoch);
    if (!version && required)
        version = contract_after(contracts, funder, redeemer, epoch, until);
    if (!version)
        return charter_price(state->charter, required);
    return (struct price){.face = version->card.face,
                          .reimbursement = version->card.reimbursement,
                          .face_currency = version->card.face_currency,
                          .tariff = version->tariff};
}

/* The card of a partner with the operator; NULL: the charter's fees. */
static const struct contract_version *fee_card(const struct state *state, struct partner_id partner,
                                               uint32_t epoch)
{
    return state->contracts.cards.count == 0 || !state->charter->has_operator
               ? NULL
               : contract_in(&state->contracts, partner, state->charter->operator_id, epoch);
}

struct fee issue_fee_of(const struct state *state, struct partner_id funder, uint32_t epoch)
{
    const struct contract_version *version = fee_card(state, funder, epoch);
    return version ? (struct fee){version->card.issue_fee, version->tariff}
                   : (struct fee){state->charter->rates.issue_fee, 0};
}

struct fee redemption_fee_of(const struct state *state, struct partner_id redeemer, uint32_t epoch)
{
    const struct contract_version *version = fee_card(state, redeemer, epoch);
    return version ? (struct fee){version->card.redemption_fee, version->tariff}
                   : (struct fee){state->charter->rates.redemption_fee, 0};
}

bool state_price(const struct state *state, struct partner_id funder, struct partner_id redeemer,
                 struct rate_card *card_out)
{
    const struct charter *charter = state->charter;
    const struct contract_version *version =
        contract_in(&state->contracts, funder, redeemer, contracts_epoch(&state->contracts));
    if (version) {
        *card_out = version->card;
        return true;
    }
    *card_out = (struct rate_card){.funder = funder,
                                   .redeemer = redeemer,
                                   .face = charter->rates.face,
                                   .reimbursement = charter->rates.reimbursement};
    if (charter->has_operator && partner_equal(redeemer, charter->operator_id)) {
        card_out->issue_fee = charter->rates.issue_fee;
        card_out->redemption_fee = charter->rates.redemption_fee;
    }
    memcpy(card_out->face_currency, charter->currency, CURRENCY_SIZE);
    memcpy(card_out->settlement_currency, charter->currency, CURRENCY_SIZE);
    memcpy(card_out->redemption_tax, charter->settlement.redemption_tax, TAX_CODE_SIZE);
    memcpy(card_out->fee_tax, charter->settlement.fee_tax, TAX_CODE_SIZE);
    return false;
}

/* ---- what is asked of a plan --------------------------------------------------------------- */

/* Whether the redeemer has a price for every funder of the lot. */
static bool is_priced(const struct state *state, uint32_t lot, struct partner_id redeemer)
{
    const struct terms *terms = lot_terms(state, lot);
    uint32_t now = contracts_epoch(&state->contracts);
    for (size_t i = 0; i < terms->split.count; i++)
        if (price_of(state, terms->split.funders[i].partner, redeemer, terms->epoch, now).missing)
            return false;
    return true;
}

/* What a point of the lot is worth at the redeemer, in 1e-10 of `*currency_io`, which the first lot
 * sets. */
static enum verdict point_worth(const struct state *state, uint32_t lot, struct partner_id redeemer,
                                const char **currency_io, int64_t *worth_out)
{
    const struct terms *terms = lot_terms(state, lot);
    uint32_t now = contracts_epoch(&state->contracts);
    int64_t worth = 0;
    if (!is_priced(state, lot, redeemer))
        return VERDICT_NO_CONTRACT;
    for (size_t i = 0; i < terms->split.count; i++) {
        const struct funder *funder = &terms->split.funders[i];
        struct price price = price_of(state, funder->partner, redeemer, terms->epoch, now);
        if (*currency_io && strcmp(*currency_io, price.face_currency) != 0)
            return VERDICT_MIXED_CURRENCIES;
        *currency_io = price.face_currency;
        worth += price.face.v * funder->bp;
    }
    *worth_out = worth;
    return worth > 0 ? VERDICT_ACCEPTED : VERDICT_BAD_QUANTITY;
}

/* Plans the fewest of the member's points, in consumption order, that are worth the amount. */
static enum verdict plan_worth(struct state *state, uint32_t member, struct partner_id redeemer,
                               struct micro amount)
{
    int64_t left = amount.v * BASIS_POINTS, worth = 0;
    size_t most = (size_t)state->charter->limits.allocations;
    const char *currency = NULL;
    plan_clear(&state->plan);
    for (uint32_t id = state->members[member].first_lot; id != NOTHING && left > 0;
         id = state->lots[id].next) {
        uint32_t remaining = state->lots[id].pools[POOL_REMAINING];
        if (remaining == 0)
            continue;
        if (state->plan.count == most)
            return VERDICT_TOO_MANY_ALLOCATIONS;
        enum verdict verdict = point_worth(state, id, redeemer, &currency, &worth);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
        int64_t needed = left / worth + (left % worth != 0);
        int64_t points = needed < remaining ? needed : remaining;
        plan_add(state, id, (uint32_t)points);
        left = points == needed ? 0 : left - points * worth;
    }
    if (left > 0)
        return VERDICT_INSUFFICIENT;
    return state->plan.points > POINTS_PER_RECORD_MAX ? VERDICT_BAD_QUANTITY : VERDICT_ACCEPTED;
}

static enum verdict plan_points(struct state *state, uint32_t member, struct partner_id redeemer,
                                struct points points)
{
    if (state->members[member].remaining - state->members[member].deficit < points.v)
        return VERDICT_INSUFFICIENT;
    must(plan_consume(state, member, points.v, NULL));
    if (!state->charter->contracts.required)
        return VERDICT_ACCEPTED;
    for (size_t i = 0; i < state->plan.count; i++)
        if (!is_priced(state, state->plan.at[i].lot, redeemer))
            return VERDICT_NO_CONTRACT;
    return VERDICT_ACCEPTED;
}

enum verdict plan_asked(struct state *state, uint32_t member, struct partner_id redeemer,
                        struct points points, struct micro amount)
{
    return amount.v > 0 ? plan_worth(state, member, redeemer, amount)
                        : plan_points(state, member, redeemer, points);
}

/* What is planned of each funder's points. */
static void count_asked(struct state *state)
{
    struct plan *plan = &state->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const struct funding_split *split = &lot_terms(state, plan->at[i].lot)->split;
        for (size_t j = 0; j < split->count; j++)
            plan->asked[split->funders[j].partner.v] = 0;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct funding_split *split = &lot_terms(state, plan->at[i].lot)->split;
        for (size_t j = 0; j < split->count; j++)
            plan->asked[split->funders[j].partner.v] +=
                (int64_t)plan->at[i].quantity * split->funders[j].bp;
    }
}

static bool cap_leaves_room(const struct state *state, struct partner_id funder,
                            struct partner_id redeemer)
{
    const struct contract_version *version =
        contract_capping(&state->contracts, funder, redeemer, state->now_ms);
    if (!version)
        return true;
    struct redeemed_cell cell = obligations_redeemed(&state->obligations, funder, redeemer);
    __int128 asked = cell.held_bp + state->plan.asked[funder.v];
    __int128 period_cap = (__int128)version->card.period_cap.v * BASIS_POINTS;
    __int128 year_cap = (__int128)version->card.year_cap.v * BASIS_POINTS;
    return (period_cap == 0 || cell.points_bp - cell.before_bp + asked <= period_cap) &&
           (year_cap == 0 || cell.points_bp - cell.year_bp + asked <= year_cap);
}

bool plan_within_caps(struct state *state, struct partner_id redeemer)
{
    if (state->contracts.cards.count == 0)
        return true;
    count_asked(state);
    for (size_t i = 0; i < state->plan.count; i++) {
        const struct funding_split *split = &lot_terms(state, state->plan.at[i].lot)->split;
        for (size_t j = 0; j < split->count; j++)
            if (!cap_leaves_room(state, split->funders[j].partner, redeemer))
                return false;
    }
    return true;
}
