/* Who takes part, height by height: the charter in force, evidence, and amendments whose turn
 * comes. */
#include "partners/amend.h"
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the charter in force -------------------------------------------------------------------- */

static uint16_t *name_ranks(const struct charter *charter)
{
    uint16_t *ranks = allocate(charter->partner_count, sizeof(*ranks));
    for (size_t i = 0; i < charter->partner_count; i++)
        for (size_t j = 0; j < charter->partner_count; j++)
            ranks[i] += strcmp(charter->partners[j].name, charter->partners[i].name) < 0;
    return ranks;
}

static void widen(struct state *state, size_t partners)
{
    size_t before = state->partner_count;
    state->issuers = widened(state->issuers, before, partners, sizeof(*state->issuers));
    state->funders = widened(state->funders, before, partners, sizeof(*state->funders));
    state->plan.seen = widened(state->plan.seen, before, partners, sizeof(*state->plan.seen));
    state->plan.asked = widened(state->plan.asked, before, partners, sizeof(*state->plan.asked));
    state->risks = widened(state->risks, before, partners, sizeof(*state->risks));
    state->risk_changed =
        widened(state->risk_changed, before, partners, sizeof(*state->risk_changed));
    state->ended = widened(state->ended, before, partners, sizeof(*state->ended));
    for (size_t i = before; i < partners; i++)
        state->ended[i] = (struct ended_list){.first = NOTHING, .last = NOTHING};
    obligations_widen(&state->obligations, partners);
    free(state->name_rank);
    state->name_rank = name_ranks(state->charter);
    state->partner_count = partners;
}

void membership_enter(struct state *state, uint64_t height)
{
    state->charter = roster_at(&state->roster, height);
    if (state->charter->partner_count > state->partner_count)
        widen(state, state->charter->partner_count);
}

const struct charter *state_charter_at(const struct state *state, uint64_t height)
{
    must(height >= 1 && height <= state->height + ROSTER_AHEAD - state->begun);
    return roster_at(&state->roster, height);
}

/* ---- evidence -------------------------------------------------------------------------------- */

static bool out_of_it(const struct charter *charter, struct node_id node)
{
    return node.v < charter->node_count &&
           (charter->nodes[node.v].left || charter->nodes[node.v].suspended);
}

bool state_accused(const struct state *state, struct node_id node)
{
    const struct charter *newest = roster_newest(&state->roster);
    const struct charter *now = roster_at(&state->roster, state->height + !state->begun);
    return node.v >= newest->node_count || out_of_it(newest, node) || out_of_it(now, node) ||
           charter_last_lane(newest, node) ||
           roster_waits_for(&state->roster, CHANGE_SUSPEND, node);
}

void state_evidence(struct state *state, const struct evidence *evidence)
{
    struct node_id node = evidence->node;
    must(state->begun && !state->applied && !state_accused(state, node));
    must(node.v < state->charter->node_count);
    struct change change = {
        .kind = CHANGE_SUSPEND, .node = node, .key = state->charter->nodes[node.v].sign_key};
    uint64_t height = state->height + ROSTER_AHEAD;
    roster_add(&state->roster, height, node.v, &change);
    journal_begin_record(&state->journal);
    journal_note(&state->journal, NOTE_EVIDENCE, node.v, height);
    journal_effect(&state->journal, &(struct effect){.kind = EFFECT_AMENDED,
                                                     .change = CHANGE_SUSPEND,
                                                     .what = node.v,
                                                     .height = height});
    automatic_keep(state);
}

/* ---- turns ----------------------------------------------------------------------------------- */

void membership_settle(struct state *state)
{
    struct turn turn;
    while (roster_turn(&state->roster, state->height + ROSTER_AHEAD, &turn)) {
        journal_begin_record(&state->journal);
        journal_note(&state->journal, NOTE_AMENDMENT, turn.height,
                     (uint64_t)turn.kind << 1 | turn.fits);
        if (!turn.fits)
            journal_effect(&state->journal, &(struct effect){.kind = EFFECT_LAPSED,
                                                             .change = turn.kind,
                                                             .what = turn.what,
                                                             .height = turn.height});
        automatic_keep(state);
    }
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool ballots_sound(const struct state *state, const struct proposed *motion)
{
    for (size_t i = 0; i < motion->ballot_count; i++) {
        if (motion->ballots[i].v >= state->partner_count)
            return false;
        for (size_t j = 0; j < i; j++)
            if (partner_equal(motion->ballots[i], motion->ballots[j]))
                return false;
    }
    return !motion->carried || motion->ballot_count > 0;
}

bool membership_sound(const struct state *state)
{
    const struct roster *roster = &state->roster;
    uint64_t known = state->height + ROSTER_AHEAD - state->begun;
    if (state->charter != roster_at(roster, state->height) ||
        state->partner_count != state->charter->partner_count ||
        roster_newest(roster)->from_height > known)
        return false;
    for (size_t i = 1; i < roster->charter_count; i++)
        if (roster->charters[i]->from_height <= roster->charters[i - 1]->from_height)
            return false;
    for (size_t i = 1; i < roster->amendment_count; i++)
        if (roster->amendments[i].height < roster->amendments[i - 1].height)
            return false;
    if (roster_waiting(roster) > 0 && roster->amendments[roster->effective_count].height <= known)
        return false;
    for (size_t i = 0; i < state->motion_count; i++)
        if (!ballots_sound(state, &state->motions[i]))
            return false;
    return true;
}
