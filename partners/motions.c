/* How the coalition changes itself: motions, ballots on them, and nodes that are ready to vote. */
#include "partners/amend.h"
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- motions --------------------------------------------------------------------------------- */

struct proposed *motions_add(struct state *state, uint64_t record, uint64_t proposed_ms,
                             struct partner_id by, struct bytes body)
{
    state->motions = array_grow(state->motions, &state->motion_capacity, state->motion_count + 1,
                                sizeof(*state->motions));
    struct proposed *motion = &state->motions[state->motion_count++];
    uint8_t *own = allocate(body.size, 1);
    memcpy(own, body.at, body.size);
    *motion = (struct proposed){.record = record,
                                .proposed_ms = proposed_ms,
                                .by = by,
                                .body = bytes_of(own, body.size),
                                .hash = hash_bytes(body)};
    return motion;
}

void motions_count(struct proposed *motion, struct partner_id partner)
{
    motion->ballots = array_grow(motion->ballots, &motion->ballot_capacity,
                                 motion->ballot_count + 1, sizeof(*motion->ballots));
    motion->ballots[motion->ballot_count++] = partner;
}

static void proposed_free(struct proposed *motion)
{
    free((void *)(uintptr_t)motion->body.at);
    free(motion->ballots);
}

void motions_free(struct state *state)
{
    for (size_t i = 0; i < state->motion_count; i++)
        proposed_free(&state->motions[i]);
    free(state->motions);
}

void motions_forget(struct state *state)
{
    size_t past = 0;
    while (past < state->motion_count &&
           state->now_ms - state->motions[past].proposed_ms >= 2 * MOTION_OPEN_MS)
        proposed_free(&state->motions[past++]);
    state->motion_count -= past;
    if (past > 0)
        memmove(state->motions, state->motions + past,
                state->motion_count * sizeof(*state->motions));
}

static bool is_open(const struct state *state, const struct proposed *motion)
{
    return !motion->carried && state->now_ms - motion->proposed_ms < MOTION_OPEN_MS;
}

static enum verdict apply_motion(struct state *state, const struct context *context)
{
    const struct motion *motion = &context->transaction->body.motion.motion;
    struct charter *after = NULL;
    size_t open = 0;
    for (size_t i = 0; i < state->motion_count; i++)
        open += partner_equal(state->motions[i].by, context->writer) &&
                is_open(state, &state->motions[i]);
    if (open >= MOTIONS_OPEN_MAX)
        return VERDICT_TOO_MANY_MOTIONS;
    enum verdict verdict = charter_amend(roster_newest(&state->roster), &motion->change,
                                         state->height + motion->delay, &after);
    charter_close(after);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    (void)motions_add(state, context->index.v, state->now_ms, context->writer,
                      context->transaction->body.motion.bytes);
    journal_note(&state->journal, NOTE_MOTION, context->index.v, state->now_ms);
    return VERDICT_ACCEPTED;
}

/* ---- what is decided ------------------------------------------------------------------------- */

static void decide(struct state *state, uint64_t height, uint64_t what, const struct change *change)
{
    roster_add(&state->roster, height, what, change);
    journal_effect(&state->journal, &(struct effect){.kind = EFFECT_AMENDED,
                                                     .change = change->kind,
                                                     .what = what,
                                                     .height = height});
}

/* ---- ballots --------------------------------------------------------------------------------- */

static struct proposed *motion_find(struct state *state, struct record_index record)
{
    for (size_t i = 0; i < state->motion_count; i++)
        if (state->motions[i].record == record.v)
            return &state->motions[i];
    return NULL;
}

static bool partner_votes(const struct charter *charter, struct partner_id partner)
{
    for (size_t i = 0; i < charter->voter_count; i++)
        if (partner_equal(charter->nodes[charter->voters[i]].partner, partner))
            return true;
    return false;
}

/* Whether the partner has a say, and has not had it. */
static enum verdict ballot_right(const struct state *state, const struct proposed *motion,
                                 struct partner_id partner)
{
    const struct charter *charter = state->charter;
    if (partner.v >= charter->partner_count || charter->partners[partner.v].left)
        return VERDICT_UNKNOWN_PARTNER;
    if (!partner_votes(charter, partner))
        return VERDICT_NOT_A_VOTER;
    for (size_t i = 0; i < motion->ballot_count; i++)
        if (partner_equal(motion->ballots[i], partner))
            return VERDICT_NOTHING_TO_DO;
    return VERDICT_ACCEPTED;
}

/* With one ballot more. Of those before only partners count that have a vote now. */
static bool carries(const struct state *state, const struct proposed *motion)
{
    size_t ballots = 1;
    for (size_t i = 0; i < motion->ballot_count; i++)
        ballots += partner_votes(state->charter, motion->ballots[i]);
    return ballots >= quorum_size(state->charter->voter_count);
}

static enum verdict apply_ballot(struct state *state, const struct context *context)
{
    struct record_index record = context->transaction->body.ballot.motion;
    struct partner_id partner = context->transaction->body.ballot.partner;
    struct proposed *motion = motion_find(state, record);
    if (!motion)
        return VERDICT_UNKNOWN_MOTION;
    if (!is_open(state, motion))
        return VERDICT_MOTION_CLOSED;
    enum verdict verdict = ballot_right(state, motion, partner);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    bool carried = carries(state, motion);
    if (carried && !roster_has_room(&state->roster))
        return VERDICT_TOO_MANY_MOTIONS;
    if (!ballot_holds(&state->charter->partners[partner.v].governance_key,
                      &state->charter->coalition, record, &motion->hash,
                      &context->transaction->body.ballot.signature))
        return VERDICT_BAD_SIGNATURE;
    motions_count(motion, partner);
    journal_note(&state->journal, NOTE_BALLOT, record.v, partner.v);
    if (carried) {
        struct motion decided;
        must(motion_decode(motion->body, &decided, NULL));
        motion->carried = true;
        decide(state, state->height + decided.delay, record.v, &decided.change);
    }
    return VERDICT_ACCEPTED;
}

/* ---- nodes that are ready -------------------------------------------------------------------- */

static bool digest_known(const struct state *state, uint64_t height, const struct hash *digest)
{
    return height >= 1 && height < state->height && state->height - height <= DIGESTS_KEPT &&
           hash_equal(&state->digests[height % DIGESTS_KEPT], digest);
}

static enum verdict apply_ready(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    struct change change = {.kind = CHANGE_PROMOTE, .node = context->lane};
    if (!state->charter->nodes[context->lane.v].joining)
        return VERDICT_NOT_JOINING;
    if (roster_waits_for(&state->roster, CHANGE_PROMOTE, context->lane))
        return VERDICT_NOTHING_TO_DO;
    if (!digest_known(state, transaction->body.ready.height, &transaction->body.ready.digest))
        return VERDICT_WRONG_DIGEST;
    if (!roster_has_room(&state->roster))
        return VERDICT_TOO_MANY_MOTIONS;
    decide(state, state->height + ROSTER_AHEAD, context->lane.v, &change);
    return VERDICT_ACCEPTED;
}

enum verdict apply_membership(struct state *state, const struct context *context)
{
    if (state->lane_motions[context->lane.v] >= LANE_MOTIONS_MAX)
        return VERDICT_TOO_MANY_MOTIONS;
    state->lane_motions[context->lane.v]++;
    if (context->transaction->type == TRANSACTION_MOTION)
        return apply_motion(state, context);
    if (context->transaction->type == TRANSACTION_BALLOT)
        return apply_ballot(state, context);
    must(context->transaction->type == TRANSACTION_READY);
    return apply_ready(state, context);
}

/* ---- asking ---------------------------------------------------------------------------------- */

size_t state_motion_count(const struct state *state)
{
    return state->motion_count;
}

void state_motion(const struct state *state, size_t place, struct motion_view *motion_out)
{
    must(place < state->motion_count);
    const struct proposed *motion = &state->motions[place];
    *motion_out = (struct motion_view){.record = {motion->record},
                                       .proposed_ms = motion->proposed_ms,
                                       .by = motion->by,
                                       .open = is_open(state, motion),
                                       .carried = motion->carried,
                                       .body = motion->body,
                                       .hash = motion->hash,
                                       .ballots = motion->ballots,
                                       .ballot_count = motion->ballot_count};
}

size_t state_amendment_count(const struct state *state)
{
    return roster_waiting(&state->roster);
}

void state_amendment(const struct state *state, size_t place, struct amendment_view *out)
{
    must(place < roster_waiting(&state->roster));
    const struct roster *roster = &state->roster;
    const struct amendment *amendment = &roster->amendments[roster->effective_count + place];
    *out = (struct amendment_view){
        .height = amendment->height, .what = amendment->what, .change = amendment->change};
}
