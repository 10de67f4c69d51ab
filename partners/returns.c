/* Points that come back: out of a hold that ended, or out of a redemption that was reversed.
 * ledger.md 3.5, 4.2 and 4.6. */
#include "partners/state_parts.h"

static size_t item_size(const struct state *state)
{
    return journal_size(&state->journal) - state->item_start +
           state->obligations.change_count * OBLIGATION_SIZE_MAX;
}

/* Sets up to `available` points of `paying` against what was waived on `noted`, a lot of the same
 * earn. */
static uint32_t waived_cover_one(struct state *state, uint32_t noted, uint32_t paying,
                                 uint32_t available)
{
    struct lot *lot = &state->lots[noted];
    uint32_t part = lot->waived < available ? lot->waived : available;
    if (part == 0)
        return 0;
    if (noted != paying) {
        const struct funding_split *split = &lot_terms(state, noted)->split;
        int64_t shares[SPLIT_MAX];
        split_points(state, split, part, shares);
        for (size_t i = 0; i < split->count; i++)
            money_owe(state, paying, split->funders[i].partner, shares[i], LINE_CLAW_BACK);
    }
    lot->waived -= part;
    state->waived -= part;
    must(state->waived >= 0);
    money_issue_fee(state, noted, -(int64_t)part);
    journal_effect(&state->journal,
                   &(struct effect){.kind = EFFECT_WAIVED, .amount = -(int64_t)part});
    return part;
}

static uint32_t waived_cover(struct state *state, uint32_t paying, enum pool from,
                             uint32_t available)
{
    if (state->lots[paying].earn == NOTHING)
        return 0;
    const struct earn *earn = &state->earns[state->lots[paying].earn];
    uint32_t covered = waived_cover_one(state, paying, paying, available);
    for (uint32_t i = 0; i < earn->lot_count && covered < available; i++) {
        uint32_t noted = earn->first_lot + i;
        if (noted == paying || state->lots[noted].waived == 0)
            continue;
        /* A rest of another lot that would not fit this record stays noted for the next: those
         * that are still to come back have their own room. */
        if (state->rests_size + REST_SIZE_MAX > RESTS_SIZE_MAX)
            break;
        size_t before = item_size(state);
        covered += waived_cover_one(state, noted, paying, available - covered);
        state->rests_size += item_size(state) - before;
    }
    if (covered > 0)
        lot_move(state, paying, from, POOL_CLAWED_BACK, covered);
    return covered;
}

/* 4.6: of an expired lot, a child with the same terms that lives on for the days of grace. */
static void child_of_expired(struct state *state, uint32_t parent, uint32_t quantity)
{
    lot_move(state, parent, POOL_SPENT, POOL_TRANSFERRED, quantity);
    struct lot_seed seed = {.member = state->lots[parent].member,
                            .terms = state->lots[parent].terms,
                            .earn = state->lots[parent].earn,
                            .quantity = quantity,
                            .vintage = lot_vintage(state, parent),
                            .activates_ms = state->lots[parent].activates_ms,
                            .expires_ms = charter_end_of_day(state->charter, state->now_ms,
                                                             state->charter->policy.grace_days),
                            .record = state->lots[parent].record};
    (void)lot_create(state, &seed);
}

void points_return(struct state *state, uint32_t lot, enum pool from, uint32_t quantity)
{
    must(from == POOL_HELD || from == POOL_SPENT);
    uint32_t rest = quantity - waived_cover(state, lot, from, quantity);
    if (rest > 0)
        rest -= deficits_cover(state, lot, from, rest);
    if (rest == 0)
        return;
    if (!state->lots[lot].ended)
        lot_move(state, lot, from, POOL_REMAINING, rest);
    else if (from == POOL_HELD)
        lot_move(state, lot, POOL_HELD, POOL_EXPIRED, rest);
    else
        child_of_expired(state, lot, rest);
}
