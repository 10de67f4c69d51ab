/* Lots: points with one issuer, one set of terms and one expiry; the pools they are in, and the
 * lists that they stand in. Every point that moves anywhere moves through lot_move. */
#include "partners/state_parts.h"

struct terms *lot_terms(const struct state *state, uint32_t lot)
{
    return &state->terms[state->lots[lot].terms];
}

bool lot_exists(const struct state *state, struct lot_number number, uint32_t *lot_out)
{
    if (number.v == 0 || number.v > state->lot_count)
        return false;
    *lot_out = (uint32_t)(number.v - 1);
    return true;
}

/* ---- lists --------------------------------------------------------------------------------- */

bool lot_consumed_before(const struct state *state, uint32_t a, uint32_t b)
{
    const struct lot *x = &state->lots[a], *y = &state->lots[b];
    uint64_t x_ends = x->expires_ms - 1, y_ends = y->expires_ms - 1; /* 0 wraps: never is last */
    if (x_ends != y_ends)
        return x_ends < y_ends;
    if (x->activates_ms != y->activates_ms)
        return x->activates_ms < y->activates_ms;
    return a < b;
}

static void link_after(struct state *state, uint32_t lot, uint32_t previous, uint32_t *first,
                       uint32_t *last)
{
    uint32_t next = previous == NOTHING ? *first : state->lots[previous].next;
    state->lots[lot].previous = previous;
    state->lots[lot].next = next;
    *(previous == NOTHING ? first : &state->lots[previous].next) = lot;
    *(next == NOTHING ? last : &state->lots[next].previous) = lot;
}

static void unlink_from(struct state *state, uint32_t lot, uint32_t *first, uint32_t *last)
{
    uint32_t previous = state->lots[lot].previous, next = state->lots[lot].next;
    *(previous == NOTHING ? first : &state->lots[previous].next) = next;
    *(next == NOTHING ? last : &state->lots[next].previous) = previous;
}

static void list_leave(struct state *state, uint32_t id)
{
    struct lot *lot = &state->lots[id];
    if (lot->list == LIST_MEMBER) {
        struct member *member = &state->members[lot->member];
        unlink_from(state, id, &member->first_lot, &member->last_lot);
        member->lot_count--;
    } else if (lot->list == LIST_ENDED) {
        struct ended_list *ended = &state->ended[lot_terms(state, id)->issuer.v];
        unlink_from(state, id, &ended->first, &ended->last);
    }
    lot->list = LIST_NONE;
}

/* The lot after which a lot belongs, sought from both ends: a new lot nearly always belongs at the
 * last, one that is restored at the first. */
static uint32_t place_for(const struct state *state, uint32_t id, const struct member *member)
{
    uint32_t back = member->last_lot, front = member->first_lot;
    while (back != NOTHING && lot_consumed_before(state, id, back)) {
        if (lot_consumed_before(state, id, front))
            return state->lots[front].previous;
        back = state->lots[back].previous;
        front = state->lots[front].next;
    }
    return back;
}

static void list_join(struct state *state, uint32_t id, enum lot_list list)
{
    struct lot *lot = &state->lots[id];
    if (list == LIST_MEMBER) {
        struct member *member = &state->members[lot->member];
        uint32_t previous = place_for(state, id, member);
        link_after(state, id, previous, &member->first_lot, &member->last_lot);
        member->lot_count++;
    } else if (list == LIST_ENDED) {
        struct ended_list *ended = &state->ended[lot_terms(state, id)->issuer.v];
        link_after(state, id, ended->last, &ended->first, &ended->last);
    }
    lot->list = (uint8_t)list;
}

/* Puts the lot where its pools and time say it belongs. */
static void list_settle(struct state *state, uint32_t id)
{
    const struct lot *lot = &state->lots[id];
    enum lot_list list = LIST_NONE;
    if (lot->ended)
        list = lot->pools[POOL_REMAINING] > 0 ? LIST_ENDED : LIST_NONE;
    else if (lot->pools[POOL_PENDING] + lot->pools[POOL_REMAINING] + lot->pools[POOL_HELD] > 0)
        list = LIST_MEMBER;
    if (list == (enum lot_list)lot->list)
        return;
    list_leave(state, id);
    list_join(state, id, list);
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void tally_add(struct tally *tally, enum pool pool, __int128 amount)
{
    tally->pools[pool] += amount;
    must(tally->pools[pool] >= 0);
}

/* Whether points in that pool may still be spent, or are. */
static bool is_outstanding(const struct lot *lot, enum pool pool)
{
    return pool == POOL_HELD || (!lot->ended && (pool == POOL_PENDING || pool == POOL_REMAINING));
}

static void tallies_add(struct state *state, uint32_t id, enum pool pool, int64_t points)
{
    const struct terms *terms = lot_terms(state, id);
    if (is_outstanding(&state->lots[id], pool))
        exposure_add(state, terms, points);
    tally_add(&state->total, pool, points);
    tally_add(&state->issuers[terms->issuer.v], pool, points);
    for (size_t i = 0; i < terms->split.count; i++)
        tally_add(&state->funders[terms->split.funders[i].partner.v], pool,
                  (__int128)points * terms->split.funders[i].bp);
}

static void tallies_create(struct state *state, uint32_t id, int64_t points)
{
    const struct terms *terms = lot_terms(state, id);
    state->total.quantity += points;
    state->issuers[terms->issuer.v].quantity += points;
    for (size_t i = 0; i < terms->split.count; i++)
        state->funders[terms->split.funders[i].partner.v].quantity +=
            (__int128)points * terms->split.funders[i].bp;
}

static void member_add(struct state *state, const struct lot *lot, enum pool pool, int64_t points)
{
    struct member *member = &state->members[lot->member];
    int64_t *sum = NULL;
    if (pool == POOL_PENDING)
        sum = &member->pending;
    else if (pool == POOL_HELD)
        sum = &member->held;
    else if (pool == POOL_REMAINING)
        sum = lot->ended ? &member->ended : &member->remaining;
    if (!sum)
        return;
    *sum += points;
    must(*sum >= 0);
}

/* Of those remaining, the ones that time has ended are told apart. */
static void cohort_move(struct state *state, const struct lot *lot, enum pool from, enum pool to,
                        uint32_t quantity)
{
    uint64_t *sums = state->cohorts[lot->cohort].sums;
    must(sums[from] >= quantity);
    sums[from] -= quantity;
    sums[to] += quantity;
    if (!lot->ended)
        return;
    sums[VINTAGE_ENDED] += to == POOL_REMAINING ? quantity : 0;
    sums[VINTAGE_ENDED] -= from == POOL_REMAINING ? quantity : 0;
    must(sums[VINTAGE_ENDED] <= sums[POOL_REMAINING]);
}

static void tally_check(const struct tally *tally)
{
    __int128 sum = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += tally->pools[i];
    must(sum == tally->quantity);
}

/* ledger.md 3.2: per lot, issuer, funder and in total, at every change. */
static void conservation_check(const struct state *state, uint32_t id)
{
    const struct lot *lot = &state->lots[id];
    const struct terms *terms = lot_terms(state, id);
    uint64_t sum = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += lot->pools[i];
    must(sum == lot->quantity);
    tally_check(&state->total);
    tally_check(&state->issuers[terms->issuer.v]);
    for (size_t i = 0; i < terms->split.count; i++)
        tally_check(&state->funders[terms->split.funders[i].partner.v]);
}

/* Who is to be looked at when the record is done. */
static void touch(struct state *state, uint32_t member)
{
    for (size_t i = state->touched_count; i > 0; i--)
        if (state->touched[i - 1] == member)
            return;
    must(state->touched_count < ARRAY_SIZE(state->touched));
    state->touched[state->touched_count++] = member;
}

/* ---- changes --------------------------------------------------------------------------------- */

void lot_move(struct state *state, uint32_t id, enum pool from, enum pool to, uint32_t quantity)
{
    struct lot *lot = &state->lots[id];
    must(from != to && quantity > 0 && quantity <= lot->pools[from]);
    lot->pools[from] -= quantity;
    lot->pools[to] += quantity;
    tallies_add(state, id, from, -(int64_t)quantity);
    tallies_add(state, id, to, quantity);
    member_add(state, lot, from, -(int64_t)quantity);
    member_add(state, lot, to, quantity);
    cohort_move(state, lot, from, to, quantity);
    conservation_check(state, id);
    touch(state, lot->member);
    list_settle(state, id);
    journal_effect(&state->journal, &(struct effect){.kind = EFFECT_MOVE,
                                                     .lot = {(uint64_t)id + 1},
                                                     .from = from,
                                                     .to = to,
                                                     .amount = quantity});
}

static void schedule(struct state *state, uint32_t id)
{
    const struct lot *lot = &state->lots[id];
    if (lot->pools[POOL_PENDING] > 0)
        due_push(&state->timers, (struct due_item){lot->activates_ms, DUE_LOT_ACTIVATES, id});
    if (lot->expires_ms != 0 && !lot->ended)
        due_push(&state->ends, (struct due_item){lot->expires_ms, DUE_LOT_ENDS, id});
}

uint32_t lot_create(struct state *state, const struct lot_seed *seed)
{
    must(seed->quantity > 0 && state->lot_count < NOTHING);
    state->lots = large_array_grow(state->lots, &state->lot_capacity, state->lot_count + 1,
                                   sizeof(*state->lots));
    uint32_t id = (uint32_t)state->lot_count++;
    uint32_t cohort = cohort_intern(state, seed->terms, seed->vintage, seed->expires_ms);
    struct lot *lot = &state->lots[id];
    *lot = (struct lot){.terms = seed->terms,
                        .member = seed->member,
                        .earn = seed->earn,
                        .previous = NOTHING,
                        .next = NOTHING,
                        .ended = seed->expires_ms != 0 && seed->expires_ms <= state->now_ms,
                        .quantity = seed->quantity,
                        .activates_ms = seed->activates_ms,
                        .expires_ms = seed->expires_ms,
                        .cohort = cohort,
                        .record = seed->record};
    enum pool pool = seed->activates_ms > state->now_ms ? POOL_PENDING : POOL_REMAINING;
    lot->pools[pool] = seed->quantity;
    tallies_create(state, id, seed->quantity);
    tallies_add(state, id, pool, seed->quantity);
    member_add(state, lot, pool, seed->quantity);
    state->cohorts[cohort].sums[pool] += seed->quantity;
    if (lot->ended && pool == POOL_REMAINING)
        state->cohorts[cohort].sums[VINTAGE_ENDED] += seed->quantity;
    conservation_check(state, id);
    touch(state, lot->member);
    list_settle(state, id);
    schedule(state, id);
    journal_effect(
        &state->journal,
        &(struct effect){.kind = EFFECT_LOT, .lot = {(uint64_t)id + 1}, .amount = seed->quantity});
    journal_note(&state->journal, NOTE_LOT, (uint64_t)seed->terms << 32 | seed->member,
                 seed->record);
    journal_note(&state->journal, NOTE_LOT, seed->activates_ms, seed->expires_ms);
    return id;
}

void lot_end(struct state *state, uint32_t id)
{
    struct lot *lot = &state->lots[id];
    must(!lot->ended && lot->expires_ms <= state->now_ms);
    int64_t remaining = lot->pools[POOL_REMAINING];
    member_add(state, lot, POOL_REMAINING, -remaining);
    exposure_add(state, lot_terms(state, id), -(remaining + lot->pools[POOL_PENDING]));
    lot->ended = true;
    member_add(state, lot, POOL_REMAINING, remaining);
    state->cohorts[lot->cohort].sums[VINTAGE_ENDED] += (uint64_t)remaining;
    list_settle(state, id);
}

void lot_arrive(struct state *state, uint32_t id, bool with_fee)
{
    const struct lot *lot = &state->lots[id];
    uint32_t active = lot->pools[POOL_REMAINING];
    if (active == 0)
        return;
    if (with_fee)
        money_issue_fee(state, id, active);
    if (!lot->ended)
        (void)deficits_cover(state, id, POOL_REMAINING, active);
}

void lot_activate(struct state *state, uint32_t id)
{
    uint32_t pending = state->lots[id].pools[POOL_PENDING];
    if (pending == 0) /* taken back, or brought forward, since it was scheduled */
        return;
    must(state->lots[id].pools[POOL_REMAINING] == 0);
    lot_move(state, id, POOL_PENDING, POOL_REMAINING, pending);
    lot_arrive(state, id, true);
}

void lot_bring_forward(struct state *state, uint32_t id, uint64_t activates_ms)
{
    enum lot_list list = (enum lot_list)state->lots[id].list;
    list_leave(state, id);
    state->lots[id].activates_ms = activates_ms;
    list_join(state, id, list);
}
