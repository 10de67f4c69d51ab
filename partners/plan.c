/* The plan of what a record will consume: made, and measured against the limits, before anything
 * changes. */
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

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

static int compare(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* Different funders in different epochs: each has one price, and so one tariff, with a partner. */
static size_t priced_apart(const struct state *state)
{
    const struct plan *plan = &state->plan;
    if (state->contracts.epoch_count == 1 || plan->split_sum == 0)
        return plan->distinct;
    uint64_t *funders = allocate(plan->split_sum, sizeof(*funders));
    size_t count = 0, different = 1;
    for (size_t i = 0; i < plan->count; i++) {
        const struct terms *terms = lot_terms(state, plan->at[i].lot);
        for (size_t j = 0; j < terms->split.count; j++)
            funders[count++] = (uint64_t)terms->epoch << 16 | terms->split.funders[j].partner.v;
    }
    must(count == plan->split_sum);
    qsort(funders, count, sizeof(*funders), compare);
    for (size_t i = 1; i < count; i++)
        different += funders[i] != funders[i - 1];
    free(funders);
    return different;
}

/* What it finds depends on the lots alone, and not on what is agreed upon later: a hold that fits
 * fits as long as it is open. */
bool plan_effects_fit(const struct state *state, size_t per_lot, size_t owed, size_t claims)
{
    const struct plan *plan = &state->plan;
    size_t apart = priced_apart(state);
    /* Each piece of a lot adds an obligation a funder; pieces are at most lots and claims. */
    size_t pieces = plan->split_sum + claims * SPLIT_MAX;
    size_t lines = apart * owed + smaller(apart * claims, pieces);
    return plan->count * per_lot + lines * OBLIGATION_SIZE_MAX <= PLAN_SIZE_MAX;
}

bool plan_fits(const struct state *state, size_t per_lot, size_t owed, size_t claims)
{
    return state->plan.count <= state->charter->limits.allocations &&
           plan_effects_fit(state, per_lot, owed, claims);
}

/* The redeemer for what is committed, the operator for fees of what was waived. */
bool plan_hold_fits(const struct state *state)
{
    return plan_effects_fit(state, RELEASE_SIZE_MAX, 2, DEFICITS_MAX);
}
