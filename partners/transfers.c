/* Transfers between members, adjustments by a partner at its own cost, and booking what time has
 * ended. */
#include "partners/state_parts.h"

#define DAY_MS UINT64_C(86400000)

/* The same terms, expiry and activation at the receiver; reversals stay with the giver (3.10). */
static void transfer_part(struct state *state, const struct context *context, uint32_t to,
                          struct allocation part)
{
    lot_move(state, part.lot, POOL_REMAINING, POOL_TRANSFERRED, part.quantity);
    const struct lot *lot = &state->lots[part.lot];
    struct lot_seed seed = {.member = to,
                            .terms = lot->terms,
                            .earn = NOTHING,
                            .quantity = part.quantity,
                            .vintage = lot_vintage(state, part.lot),
                            .activates_ms = lot->activates_ms,
                            .expires_ms = lot->expires_ms,
                            .record = context->index.v};
    lot_arrive(state, lot_create(state, &seed), false);
}

enum verdict apply_transfer(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    int64_t points = transaction->body.transfer.points.v;
    uint32_t from = members_find(state, &transaction->body.transfer.from);
    uint32_t to = members_find(state, &transaction->body.transfer.to);
    if (from == NOTHING || to == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    if (from == to)
        return VERDICT_SAME_MEMBER;
    const struct member *giver = &state->members[from];
    if (!partner_equal(giver->enrolled_by, context->writer))
        return VERDICT_NOT_AUTHORISED;
    if (points < 1 || points > POINTS_PER_RECORD_MAX)
        return VERDICT_BAD_QUANTITY;
    if (giver->deficit > 0)
        return VERDICT_DEFICIT;
    if (giver->remaining < points)
        return VERDICT_INSUFFICIENT;
    must(plan_consume(state, from, points, NULL));
    if (!plan_fits(state, TRANSFER_SIZE_MAX, 0, state->members[to].deficit_count))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    for (size_t i = 0; i < state->plan.count; i++)
        transfer_part(state, context, to, state->plan.at[i]);
    return VERDICT_ACCEPTED;
}

static enum verdict adjust_up(struct state *state, const struct context *context, uint32_t member)
{
    const struct transaction *transaction = context->transaction;
    uint64_t expires_ms = transaction->body.adjust.expires_ms;
    struct funding_split split = split_alone(context->writer);
    if (expires_ms != 0 && (expires_ms <= transaction->at_ms || expires_ms > TIME_MS_MAX))
        return VERDICT_BAD_TERMS;
    struct earn_lot lot = {
        .quantity = transaction->body.adjust.delta, .expires_ms = expires_ms, .split = split};
    if (!exposure_room(state, &lot, 1))
        return VERDICT_OVER_LIMIT;
    struct lot_seed seed = {.member = member,
                            .terms = terms_intern(state, context->writer, &split),
                            .earn = NOTHING,
                            .quantity = (uint32_t)transaction->body.adjust.delta.v,
                            .vintage = state->month,
                            .activates_ms = state->now_ms,
                            .expires_ms = expires_ms,
                            .record = context->index.v};
    lot_arrive(state, lot_create(state, &seed), true);
    return VERDICT_ACCEPTED;
}

/* Taken back by the only funder: nobody else is concerned, so nothing is owed. */
static enum verdict adjust_down(struct state *state, const struct context *context, uint32_t member)
{
    int64_t points = -context->transaction->body.adjust.delta.v;
    if (!plan_consume(state, member, points, &context->writer))
        return VERDICT_INSUFFICIENT;
    if (!plan_fits(state, MOVE_SIZE_MAX, 0, 0))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    state->reversed += points;
    for (size_t i = 0; i < state->plan.count; i++)
        lot_move(state, state->plan.at[i].lot, POOL_REMAINING, POOL_CLAWED_BACK,
                 state->plan.at[i].quantity);
    return VERDICT_ACCEPTED;
}

enum verdict apply_adjust(struct state *state, const struct context *context)
{
    int64_t delta = context->transaction->body.adjust.delta.v;
    uint32_t member = members_find(state, &context->transaction->body.adjust.member);
    if (member == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    if (delta == 0 || delta > POINTS_PER_RECORD_MAX || delta < -POINTS_PER_RECORD_MAX)
        return VERDICT_BAD_QUANTITY;
    return delta > 0 ? adjust_up(state, context, member) : adjust_down(state, context, member);
}

static enum verdict expire_check(const struct state *state, const struct context *context,
                                 uint32_t lot)
{
    const struct lot *ended = &state->lots[lot];
    if (!ended->ended)
        return VERDICT_NOT_EXPIRED;
    uint64_t others_from = ended->expires_ms + state->charter->policy.expire_days * DAY_MS;
    if (!partner_equal(lot_terms(state, lot)->issuer, context->writer) &&
        state->now_ms < others_from)
        return VERDICT_NOT_AUTHORISED;
    return VERDICT_ACCEPTED;
}

enum verdict apply_expire(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    uint32_t lots[EXPIRE_LOTS_MAX];
    uint64_t points = 0;
    must(transaction->body.expire.lot_count <= EXPIRE_LOTS_MAX);
    for (size_t i = 0; i < transaction->body.expire.lot_count; i++) {
        if (!lot_exists(state, transaction->body.expire.lots[i], &lots[i]))
            return VERDICT_UNKNOWN_REFERENCE;
        enum verdict verdict = expire_check(state, context, lots[i]);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
        points += state->lots[lots[i]].pools[POOL_REMAINING];
    }
    if (points == 0)
        return VERDICT_NOTHING_TO_DO;
    for (size_t i = 0; i < transaction->body.expire.lot_count; i++)
        /* A lot named twice is empty the second time. */
        if (state->lots[lots[i]].pools[POOL_REMAINING] > 0)
            lot_move(state, lots[i], POOL_REMAINING, POOL_EXPIRED,
                     state->lots[lots[i]].pools[POOL_REMAINING]);
    return VERDICT_ACCEPTED;
}
