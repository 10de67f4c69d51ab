/* The plan of what a record will consume: made, and measured against the limits, before anything
 * changes. */
#include "partners/state_parts.h"

void plan_clear(struct plan *plan)
{
    plan->count = 0;
    plan->points = 0;
    plan->split_sum = 0;
    plan->distinct = 0;
    plan->stamp++;
}

void plan_add(struct state *state, uint32_t lot, uint32_t quantity)
{
    struct plan *plan = &state->plan;
    plan->at = array_grow(plan->at, &plan->capacity, plan->count + 1, sizeof(*plan->at));
    plan->at[plan->count++] = (struct allocation){.lot = lot, .quantity = quantity};
    plan->points += quantity;
    const struct funding_split *split = &lot_terms(state, lot)->split;
    plan->split_sum += split->count;
    for (size_t i = 0; i < split->count; i++) {
        uint32_t *seen = &plan->seen[split->funders[i].partner.v];
        plan->distinct += *seen != plan->stamp;
        *seen = plan->stamp;
    }
}

static bool funded_alone(const struct terms *terms, struct partner_id partner)
{
    return terms->split.count == 1 && partner_equal(terms->split.funders[0].partner, partner);
}

bool plan_consume(struct state *state, uint32_t member, int64_t points,
                  const struct partner_id *only_funder)
{
    plan_clear(&state->plan);
    /* One lot more than allowed is enough for plan_fits to refuse it. */
    size_t most = (size_t)state->charter->limits.allocations + 1;
    for (uint32_t id = state->members[member].first_lot;
         id != NOTHING && state->plan.points < points && state->plan.count < most;
         id = state->lots[id].next) {
        uint32_t remaining = state->lots[id].pools[POOL_REMAINING];
        if (remaining == 0 || (only_funder && !funded_alone(lot_terms(state, id), *only_funder)))
            continue;
        int64_t left = points - state->plan.points;
        plan_add(state, id, remaining < left ? remaining : (uint32_t)left);
    }
    return state->plan.points == points || state->plan.count == most;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool plan_effects_fit(const struct state *state, size_t per_lot, size_t creditors)
{
    const struct plan *plan = &state->plan;
    size_t tariffs = state->contracts.tariff_count;
    /* Each piece of a lot adds an obligation a funder, in one tariff; pieces are at most lots and
     * creditors. */
    size_t pairs = plan->distinct * creditors * tariffs;
    size_t pieces = plan->split_sum + creditors * SPLIT_MAX;
    /* Fees have room but for those of further tariffs. */
    size_t fees = smaller(plan->distinct * (tariffs - 1), plan->split_sum);
    return plan->count * per_lot + (smaller(pairs, pieces) + fees) * OBLIGATION_SIZE_MAX <=
           PLAN_SIZE_MAX;
}

bool plan_fits(const struct state *state, size_t per_lot, size_t creditors)
{
    return state->plan.count <= state->charter->limits.allocations &&
           plan_effects_fit(state, per_lot, creditors);
}
