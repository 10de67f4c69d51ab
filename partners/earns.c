/* Earning and activating. */
#include "partners/state_parts.h"

#include <string.h>

/* Each kind of record is kept in the order of the log, with its record index first. */
static uint32_t find_record(const void *array, size_t count, size_t size, uint64_t record)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t seen;
        memcpy(&seen, (const uint8_t *)array + middle * size, sizeof(seen));
        if (seen == record)
            return (uint32_t)middle;
        if (seen < record)
            low = middle + 1;
        else
            high = middle;
    }
    return NOTHING;
}

uint32_t earn_find(const struct state *state, struct record_index index)
{
    return find_record(state->earns, state->earn_count, sizeof(*state->earns), index.v);
}

uint32_t hold_find(const struct state *state, struct record_index index)
{
    return find_record(state->holds, state->hold_count, sizeof(*state->holds), index.v);
}

uint32_t redemption_find(const struct state *state, struct record_index index)
{
    return find_record(state->redemptions, state->redemption_count, sizeof(*state->redemptions),
                       index.v);
}

/* Activation not before the till's time, expiry after both. */
static bool terms_in_order(uint64_t at_ms, uint64_t activates_ms, uint64_t expires_ms)
{
    if (activates_ms != 0 && activates_ms < at_ms)
        return false;
    uint64_t from = activates_ms > at_ms ? activates_ms : at_ms;
    return activates_ms <= TIME_MS_MAX && expires_ms <= TIME_MS_MAX &&
           (expires_ms == 0 || expires_ms > from);
}

/* Resolves empty splits to the writer and checks every lot; nothing changes. */
static enum verdict earn_check(const struct state *state, const struct context *context,
                               struct earn_lot lots_out[EARN_LOTS_MAX], int64_t *points_out)
{
    const struct transaction *transaction = context->transaction;
    size_t count = transaction->body.earn.lot_count;
    int64_t points = 0;
    if (count == 0 || count > EARN_LOTS_MAX || transaction->body.earn.eligible > INT64_MAX)
        return VERDICT_BAD_QUANTITY;
    for (size_t i = 0; i < count; i++) {
        struct earn_lot *lot = &lots_out[i];
        *lot = transaction->body.earn.lots[i];
        if (lot->quantity.v < 1 || lot->quantity.v > POINTS_PER_RECORD_MAX - points)
            return VERDICT_BAD_QUANTITY;
        points += lot->quantity.v;
        if (lot->split.count == 0)
            lot->split = split_alone(context->writer);
        enum verdict verdict =
            split_check(state, context->writer, &lot->split, contracts_epoch(&state->contracts));
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
        if (!split_stands(state, &lot->split))
            return VERDICT_UNKNOWN_PARTNER;
        if (!terms_in_order(transaction->at_ms, lot->activates_ms, lot->expires_ms))
            return VERDICT_BAD_TERMS;
    }
    *points_out = points;
    if (!budget_room(state, context->writer, lots_out, count))
        return VERDICT_NOT_AUTHORISED;
    /* What a till gave without a line is given. */
    return context->late || exposure_room(state, lots_out, count) ? VERDICT_ACCEPTED
                                                                  : VERDICT_OVER_LIMIT;
}

static void earn_lot_make(struct state *state, const struct context *context, uint32_t earn,
                          const struct earn_lot *lot)
{
    struct lot_seed seed = {.member = state->earns[earn].member,
                            .terms = terms_intern(state, context->writer, &lot->split),
                            .earn = earn,
                            .quantity = (uint32_t)lot->quantity.v,
                            .vintage = state->month,
                            .activates_ms = lot->activates_ms ? lot->activates_ms : state->now_ms,
                            .expires_ms = lot->expires_ms,
                            .record = context->index.v};
    budget_use(state, &state->terms[seed.terms], (uint64_t)lot->quantity.v);
    (void)lot_create(state, &seed);
}

enum verdict apply_earn(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    struct earn_lot lots[EARN_LOTS_MAX];
    int64_t points = 0;
    uint32_t member = members_find(state, &transaction->body.earn.member);
    if (member == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    enum verdict verdict = earn_check(state, context, lots, &points);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;

    must(state->earn_count < NOTHING);
    state->earns = large_array_grow(state->earns, &state->earn_capacity, state->earn_count + 1,
                                    sizeof(*state->earns));
    uint32_t id = (uint32_t)state->earn_count++;
    uint64_t eligible = transaction->body.earn.eligible;
    state->earns[id] = (struct earn){.record = context->index.v,
                                     .eligible = eligible ? eligible : (uint64_t)points,
                                     .member = member,
                                     .first_lot = (uint32_t)state->lot_count,
                                     .partner = context->writer,
                                     .lot_count = transaction->body.earn.lot_count};
    /* All lots stand before the first point covers a deficit: an earn's lots are consecutive. */
    for (size_t i = 0; i < transaction->body.earn.lot_count; i++)
        earn_lot_make(state, context, id, &lots[i]);
    for (uint32_t i = 0; i < state->earns[id].lot_count; i++)
        lot_arrive(state, state->earns[id].first_lot + i, true);
    return VERDICT_ACCEPTED;
}

enum verdict apply_activate(struct state *state, const struct context *context)
{
    uint32_t id = earn_find(state, context->transaction->body.activate.earn);
    if (id == NOTHING)
        return VERDICT_UNKNOWN_REFERENCE;
    const struct earn *earn = &state->earns[id];
    if (!partner_equal(earn->partner, context->writer))
        return VERDICT_NOT_AUTHORISED;
    uint64_t pending = 0;
    for (uint32_t i = 0; i < earn->lot_count; i++)
        pending += state->lots[earn->first_lot + i].pools[POOL_PENDING];
    if (pending == 0)
        return VERDICT_ALREADY_ACTIVE;
    for (uint32_t i = 0; i < earn->lot_count; i++) {
        uint32_t lot = earn->first_lot + i;
        if (state->lots[lot].pools[POOL_PENDING] == 0)
            continue;
        if (state->lots[lot].activates_ms > state->now_ms)
            lot_bring_forward(state, lot, state->now_ms);
        lot_activate(state, lot);
    }
    return VERDICT_ACCEPTED;
}
