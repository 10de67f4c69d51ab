/* Redeeming, and taking a redemption back. */
#include "partners/state_parts.h"

uint64_t allocations_keep(struct state *state)
{
    const struct plan *plan = &state->plan;
    uint64_t first = state->allocation_count;
    state->allocations =
        large_array_grow(state->allocations, &state->allocation_capacity,
                         state->allocation_count + plan->count, sizeof(*state->allocations));
    for (size_t i = 0; i < plan->count; i++)
        state->allocations[state->allocation_count++] = plan->at[i];
    return first;
}

void redemption_book(struct state *state, const struct context *context, uint32_t member,
                     enum pool from)
{
    const struct plan *plan = &state->plan;
    must(state->redemption_count < NOTHING);
    state->redemptions = large_array_grow(state->redemptions, &state->redemption_capacity,
                                          state->redemption_count + 1, sizeof(*state->redemptions));
    state->redemptions[state->redemption_count++] =
        (struct redemption){.record = context->index.v,
                            .first_allocation = allocations_keep(state),
                            .allocation_count = (uint32_t)plan->count,
                            .member = member,
                            .redeemer = context->writer,
                            .epoch = contracts_epoch(&state->contracts),
                            .points = plan->points};
    for (size_t i = 0; i < plan->count; i++) {
        const struct allocation *part = &plan->at[i];
        lot_move(state, part->lot, from, POOL_SPENT, part->quantity);
        money_owe(state, part->lot, context->writer, part->quantity, LINE_REDEMPTION);
        money_redemption_fee(state, context->writer, part->quantity);
    }
    journal_note(&state->journal, NOTE_REDEMPTION, member, (uint64_t)plan->points);
}

bool asked_sound(struct points points, struct micro amount)
{
    return points.v >= 0 && amount.v >= 0 && (points.v > 0) != (amount.v > 0) &&
           points.v <= POINTS_PER_RECORD_MAX && amount.v <= POINTS_PER_RECORD_MAX * PRICE_MICRO_MAX;
}

enum verdict apply_redeem(struct state *state, const struct context *context)
{
    struct points points = context->transaction->body.redeem.points;
    struct micro amount = context->transaction->body.redeem.amount;
    uint32_t member = members_find(state, &context->transaction->body.redeem.member);
    if (member == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    if (!asked_sound(points, amount))
        return VERDICT_BAD_QUANTITY;
    enum verdict verdict = plan_asked(state, member, context->writer, points, amount);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!plan_fits(state, MOVE_SIZE_MAX, 1, 0))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    if (!plan_within_caps(state, context->writer))
        return VERDICT_OVER_CAP;
    redemption_book(state, context, member, POOL_REMAINING);
    return VERDICT_ACCEPTED;
}

/* Plans what comes back, last consumed first. */
static void plan_back(struct state *state, const struct redemption *redemption, int64_t points)
{
    plan_clear(&state->plan);
    for (uint32_t i = redemption->allocation_count; i > 0 && state->plan.points < points; i--) {
        const struct allocation *part = &state->allocations[redemption->first_allocation + i - 1];
        int64_t standing = (int64_t)part->quantity - part->returned;
        int64_t left = points - state->plan.points;
        if (standing > 0)
            plan_add(state, part->lot, (uint32_t)(standing < left ? standing : left));
    }
    must(state->plan.points == points);
}

static void mark_returned(struct state *state, struct redemption *redemption, int64_t points)
{
    redemption->returned += points;
    for (uint32_t i = redemption->allocation_count; i > 0 && points > 0; i--) {
        struct allocation *part = &state->allocations[redemption->first_allocation + i - 1];
        int64_t standing = (int64_t)part->quantity - part->returned;
        int64_t back = standing < points ? standing : points;
        part->returned += (uint32_t)back;
        points -= back;
    }
    must(points == 0 && redemption->returned <= redemption->points);
}

enum verdict apply_reverse_redeem(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    int64_t points = transaction->body.reverse_redeem.points.v;
    uint32_t id = redemption_find(state, transaction->body.reverse_redeem.redemption);
    if (id == NOTHING)
        return VERDICT_UNKNOWN_REFERENCE;
    struct redemption *redemption = &state->redemptions[id];
    if (!partner_equal(redemption->redeemer, context->writer))
        return VERDICT_NOT_AUTHORISED;
    if (points < 1)
        return VERDICT_BAD_QUANTITY;
    if (points > redemption->points - redemption->returned)
        return VERDICT_OVER_REVERSED;
    plan_back(state, redemption, points);
    size_t claims = state->members[redemption->member].deficit_count;
    /* The redeemer owes what it got; the operator, fees of what was waived. */
    if (!plan_fits(state, UNSPEND_SIZE_MAX, 2, claims))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    mark_returned(state, redemption, points);
    for (size_t i = 0; i < state->plan.count; i++) {
        struct allocation part = state->plan.at[i];
        money_take_back(state, redemption, part.lot, part.quantity);
        money_fee_back(state, redemption, part.quantity);
        points_return(state, part.lot, POOL_SPENT, part.quantity);
    }
    journal_note(&state->journal, NOTE_REDEMPTION, id, (uint64_t)points);
    return VERDICT_ACCEPTED;
}
