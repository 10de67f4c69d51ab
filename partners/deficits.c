/* Deficits: points that a member owes to the funders of reversed lots. Active points cover them,
 * oldest first: ledger.md 4.4 and 4.5. */
#include "partners/state_parts.h"

static uint32_t node_take(struct state *state)
{
    if (state->free_deficit != NOTHING) {
        uint32_t node = state->free_deficit;
        state->free_deficit = state->deficits[node].next;
        return node;
    }
    must(state->deficit_count < NOTHING);
    state->deficits = large_array_grow(state->deficits, &state->deficit_capacity,
                                       state->deficit_count + 1, sizeof(*state->deficits));
    return (uint32_t)state->deficit_count++;
}

static void change_sum(struct state *state, struct member *member, struct partner_id claimant,
                       int64_t points)
{
    member->deficit += points;
    state->deficits_open += points;
    must(member->deficit >= 0 && state->deficits_open >= 0);
    journal_effect(&state->journal,
                   &(struct effect){.kind = EFFECT_DEFICIT, .partner = claimant, .amount = points});
}

void deficit_add(struct state *state, uint32_t member_place, struct partner_id claimant,
                 int64_t points)
{
    struct member *member = &state->members[member_place];
    must(points > 0);
    change_sum(state, member, claimant, points);
    if (member->last_deficit != NOTHING &&
        partner_equal(state->deficits[member->last_deficit].claimant, claimant)) {
        state->deficits[member->last_deficit].points += points;
        return;
    }
    must(member->deficit_count < DEFICITS_MAX);
    uint32_t node = node_take(state);
    state->deficits[node] =
        (struct deficit){.points = points, .next = NOTHING, .claimant = claimant};
    *(member->last_deficit == NOTHING ? &member->first_deficit
                                      : &state->deficits[member->last_deficit].next) = node;
    member->last_deficit = node;
    member->deficit_count++;
}

static void drop_first(struct state *state, struct member *member)
{
    uint32_t node = member->first_deficit;
    member->first_deficit = state->deficits[node].next;
    if (member->first_deficit == NOTHING)
        member->last_deficit = NOTHING;
    member->deficit_count--;
    state->deficits[node].next = state->free_deficit;
    state->free_deficit = node;
}

uint32_t deficits_cover(struct state *state, uint32_t lot, enum pool from, uint32_t available)
{
    struct member *member = &state->members[state->lots[lot].member];
    uint32_t covered = 0;
    while (covered < available && member->first_deficit != NOTHING) {
        struct deficit *deficit = &state->deficits[member->first_deficit];
        int64_t left = available - covered;
        int64_t part = deficit->points < left ? deficit->points : left;
        struct partner_id claimant = deficit->claimant;
        deficit->points -= part;
        if (deficit->points == 0)
            drop_first(state, member);
        change_sum(state, member, claimant, -part);
        money_owe(state, lot, claimant, part, LINE_CLAW_BACK);
        covered += (uint32_t)part;
    }
    if (covered > 0)
        lot_move(state, lot, from, POOL_CLAWED_BACK, covered);
    return covered;
}
