/* Holds: points set aside for one redeemer until it commits, releases, or time ends it. */
#include "partners/state_parts.h"

void hold_counts(struct state *state, const struct hold *hold, bool open)
{
    for (uint32_t i = 0; i < hold->allocation_count; i++) {
        const struct allocation *part = &state->allocations[hold->first_allocation + i];
        const struct funding_split *split = &lot_terms(state, part->lot)->split;
        int64_t points = open ? (int64_t)part->quantity : -(int64_t)part->quantity;
        for (size_t j = 0; j < split->count; j++)
            obligations_add_held(&state->obligations, split->funders[j].partner, hold->redeemer,
                                 points * split->funders[j].bp);
    }
}

/* Plans what the hold sets aside. */
static enum verdict hold_plan(struct state *state, const struct context *context, uint32_t member)
{
    const struct transaction *transaction = context->transaction;
    struct points points = transaction->body.hold.points;
    struct micro amount = transaction->body.hold.amount;
    if (!asked_sound(points, amount))
        return VERDICT_BAD_QUANTITY;
    if (transaction->body.hold.ttl_ms > state->charter->policy.hold_max_ms)
        return VERDICT_BAD_TERMS;
    enum verdict verdict = plan_asked(state, member, context->writer, points, amount);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (state->plan.count > state->charter->limits.allocations || !plan_hold_fits(state))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    return plan_within_caps(state, context->writer) ? VERDICT_ACCEPTED : VERDICT_OVER_CAP;
}

enum verdict apply_hold(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    uint64_t ttl_ms = transaction->body.hold.ttl_ms;
    uint32_t member = members_find(state, &transaction->body.hold.member);
    if (member == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    enum verdict verdict = hold_plan(state, context, member);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;

    must(state->hold_count < NOTHING);
    state->holds = large_array_grow(state->holds, &state->hold_capacity, state->hold_count + 1,
                                    sizeof(*state->holds));
    uint64_t ends_ms = state->now_ms + (ttl_ms ? ttl_ms : state->charter->policy.hold_default_ms);
    uint32_t id = (uint32_t)state->hold_count++;
    state->holds[id] = (struct hold){.record = context->index.v,
                                     .ends_ms = ends_ms,
                                     .first_allocation = allocations_keep(state),
                                     .allocation_count = (uint32_t)state->plan.count,
                                     .member = member,
                                     .redeemer = context->writer,
                                     .status = HOLD_OPEN,
                                     .points = state->plan.points};
    hold_counts(state, &state->holds[id], true);
    due_push(&state->timers, (struct due_item){ends_ms, DUE_HOLD_ENDS, id});
    for (size_t i = 0; i < state->plan.count; i++)
        lot_move(state, state->plan.at[i].lot, POOL_REMAINING, POOL_HELD,
                 state->plan.at[i].quantity);
    journal_note(&state->journal, NOTE_HOLD, id, ends_ms);
    return VERDICT_ACCEPTED;
}

/* Only its redeemer uses a hold, once, before it ends. */
static enum verdict hold_usable(const struct state *state, const struct context *context,
                                uint32_t id)
{
    if (id == NOTHING)
        return VERDICT_UNKNOWN_REFERENCE;
    const struct hold *hold = &state->holds[id];
    if (!partner_equal(hold->redeemer, context->writer))
        return VERDICT_NOT_AUTHORISED;
    switch (hold->status) {
    case HOLD_OPEN: /* its end may be due and still wait for its turn */
        return hold->ends_ms <= state->now_ms ? VERDICT_HOLD_EXPIRED : VERDICT_ACCEPTED;
    case HOLD_COMMITTED:
    case HOLD_RELEASED:
        return VERDICT_HOLD_CLOSED;
    case HOLD_ENDED:
        return VERDICT_HOLD_EXPIRED;
    }
    must(!"a hold has one of four states");
}

/* Gives back what of the hold was not committed. */
static void release_rest(struct state *state, uint32_t id, enum hold_status status)
{
    struct hold *hold = &state->holds[id];
    hold->status = status;
    hold_counts(state, hold, false);
    journal_note(&state->journal, NOTE_HOLD_CLOSED, id, status);
    int64_t skip = hold->committed;
    for (uint32_t i = 0; i < hold->allocation_count; i++) {
        struct allocation *part = &state->allocations[hold->first_allocation + i];
        int64_t used = part->quantity < skip ? part->quantity : skip;
        skip -= used;
        part->returned = part->quantity - (uint32_t)used;
        if (part->returned > 0)
            points_return(state, part->lot, POOL_HELD, part->returned);
    }
}

enum verdict apply_commit(struct state *state, const struct context *context)
{
    uint32_t id = hold_find(state, context->transaction->body.commit.hold);
    int64_t points = context->transaction->body.commit.points.v;
    enum verdict verdict = hold_usable(state, context, id);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct hold *hold = &state->holds[id];
    if (points < 0)
        return VERDICT_BAD_QUANTITY;
    if (points == 0)
        points = hold->points;
    if (points > hold->points)
        return VERDICT_INSUFFICIENT;
    plan_clear(&state->plan);
    for (uint32_t i = 0; state->plan.points < points; i++) {
        must(i < hold->allocation_count);
        const struct allocation *part = &state->allocations[hold->first_allocation + i];
        int64_t left = points - state->plan.points;
        plan_add(state, part->lot, part->quantity < left ? part->quantity : (uint32_t)left);
    }
    hold->committed = points;
    redemption_book(state, context, hold->member, POOL_HELD);
    release_rest(state, id, HOLD_COMMITTED);
    return VERDICT_ACCEPTED;
}

enum verdict apply_release(struct state *state, const struct context *context)
{
    uint32_t id = hold_find(state, context->transaction->body.release.hold);
    enum verdict verdict = hold_usable(state, context, id);
    if (verdict == VERDICT_ACCEPTED)
        release_rest(state, id, HOLD_RELEASED);
    return verdict;
}

void hold_end(struct state *state, uint32_t id)
{
    if (state->holds[id].status == HOLD_OPEN)
        release_rest(state, id, HOLD_ENDED);
}
