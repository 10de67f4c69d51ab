/* Taking back what an earn gave: ledger.md section 4.
 *
 * The refunded share of the order is spread over its lots. Each lot first gives up its own: points
 * that expired unspent count, then pending, then remaining ones. What is missing then comes from
 * the member's other lots in consumption order, whose funders owe the funders of the reversed lots
 * for it; then it becomes a deficit; then it is waived, as the policy says. */
#include "partners/state_parts.h"

struct share { /* of one lot of the earn */
    uint32_t lot;
    int64_t asked;
    int64_t counted, pending, remaining; /* from the lot itself */
    int64_t rest, waived;
};
struct claim {
    struct partner_id claimant;
    int64_t points;
};
struct reversal {
    const struct earn *earn;
    struct share shares[EARN_LOTS_MAX];
    size_t share_count;
    struct claim claims[EARN_LOTS_MAX * SPLIT_MAX]; /* by name */
    size_t claim_count;
    int64_t others, deficit; /* of the rests: from other lots, left owing */
};

/* 4.1 over the order, then by largest remainder over what its lots have left: for one lot this is
 * the formula itself; for several it never asks a lot for more than it gave. */
static void spread(const struct state *state, struct reversal *reversal, uint64_t refunded)
{
    const struct earn *earn = reversal->earn;
    int64_t total = 0, already = 0, left[EARN_LOTS_MAX], asked[EARN_LOTS_MAX] = {0};
    reversal->share_count = earn->lot_count;
    for (uint32_t i = 0; i < earn->lot_count; i++) {
        const struct lot *lot = &state->lots[earn->first_lot + i];
        total += lot->quantity;
        already += lot->reversed;
        left[i] = (int64_t)lot->quantity - lot->reversed;
    }
    int64_t target = multiply_divide_half_up(total, (int64_t)(earn->refunded + refunded),
                                             (int64_t)earn->eligible);
    must(target >= already && target <= total);
    if (target > already)
        split_largest_remainder(target - already, left, earn->lot_count, asked);
    for (uint32_t i = 0; i < earn->lot_count; i++) {
        must(asked[i] >= 0 && asked[i] <= left[i]);
        reversal->shares[i] = (struct share){.lot = earn->first_lot + i, .asked = asked[i]};
    }
}

static int64_t take(int64_t *rest, int64_t available)
{
    int64_t part = *rest < available ? *rest : available;
    *rest -= part;
    return part;
}

static void from_own_lots(const struct state *state, struct reversal *reversal)
{
    for (size_t i = 0; i < reversal->share_count; i++) {
        struct share *share = &reversal->shares[i];
        const struct lot *lot = &state->lots[share->lot];
        int64_t expired = (int64_t)lot->pools[POOL_EXPIRED] +
                          (lot->ended ? lot->pools[POOL_REMAINING] : 0) - lot->expired_counted;
        share->rest = share->asked;
        share->counted = take(&share->rest, expired);
        share->pending = take(&share->rest, lot->pools[POOL_PENDING]);
        if (!lot->ended && state->charter->policy.reversal != REVERSAL_ONLY_PENDING)
            share->remaining = take(&share->rest, lot->pools[POOL_REMAINING]);
    }
}

/* What the lot will have left once from_own_lots is carried out. */
static int64_t left_after_own(const struct state *state, const struct reversal *reversal,
                              uint32_t lot)
{
    int64_t remaining = state->lots[lot].pools[POOL_REMAINING];
    if (lot - reversal->earn->first_lot < reversal->share_count)
        remaining -= reversal->shares[lot - reversal->earn->first_lot].remaining;
    return remaining;
}

static void from_other_lots(struct state *state, struct reversal *reversal, int64_t rest)
{
    size_t most = (size_t)state->charter->limits.allocations + 1;
    plan_clear(&state->plan);
    if (state->charter->policy.reversal == REVERSAL_ONLY_PENDING)
        return;
    for (uint32_t id = state->members[reversal->earn->member].first_lot;
         id != NOTHING && state->plan.points < rest && state->plan.count < most;
         id = state->lots[id].next) {
        int64_t left = rest - state->plan.points;
        int64_t part = take(&left, left_after_own(state, reversal, id));
        if (part > 0)
            plan_add(state, id, (uint32_t)part);
    }
    reversal->others = state->plan.points;
}

/* The different funders of the lots that cannot give up their share themselves. */
static size_t claimants(const struct state *state, const struct reversal *reversal)
{
    uint16_t seen[EARN_LOTS_MAX * SPLIT_MAX];
    size_t count = 0;
    for (size_t i = 0; i < reversal->share_count; i++) {
        const struct funding_split *split = &lot_terms(state, reversal->shares[i].lot)->split;
        for (size_t j = 0; reversal->shares[i].rest > 0 && j < split->count; j++) {
            size_t at = 0;
            while (at < count && seen[at] != split->funders[j].partner.v)
                at++;
            if (at == count)
                seen[count++] = split->funders[j].partner.v;
        }
    }
    return count;
}

/* How much of a rest may stay owing: none but under `unlimited`, and none past deficit_max. */
static int64_t deficit_room(const struct state *state, const struct reversal *reversal)
{
    const struct member *member = &state->members[reversal->earn->member];
    if (state->charter->policy.reversal != REVERSAL_UNLIMITED)
        return 0;
    int64_t room = state->charter->policy.deficit_max.v - member->deficit;
    return room < 0 || member->deficit_count + claimants(state, reversal) > DEFICITS_MAX ? 0 : room;
}

static void claim_add(const struct state *state, struct reversal *reversal,
                      struct partner_id claimant, int64_t points)
{
    size_t at = 0;
    uint16_t rank = state->name_rank[claimant.v];
    if (points == 0)
        return;
    while (at < reversal->claim_count && state->name_rank[reversal->claims[at].claimant.v] < rank)
        at++;
    if (at == reversal->claim_count || !partner_equal(reversal->claims[at].claimant, claimant)) {
        for (size_t i = reversal->claim_count++; i > at; i--)
            reversal->claims[i] = reversal->claims[i - 1];
        reversal->claims[at] = (struct claim){.claimant = claimant};
    }
    reversal->claims[at].points += points;
}

/* Whose the rests are, in whole points (4.4), less what the policy waives. */
static void share_out(const struct state *state, struct reversal *reversal)
{
    int64_t met = reversal->others + reversal->deficit;
    for (size_t i = 0; i < reversal->share_count; i++) {
        struct share *share = &reversal->shares[i];
        const struct funding_split *split = &lot_terms(state, share->lot)->split;
        int64_t points[SPLIT_MAX], claimed = share->rest < met ? share->rest : met;
        met -= claimed;
        share->waived = share->rest - claimed;
        if (claimed == 0)
            continue;
        split_points(state, split, claimed, points);
        for (size_t j = 0; j < split->count; j++)
            claim_add(state, reversal, split->funders[j].partner, points[j]);
    }
    must(met == 0);
}

static void give_up_own(struct state *state, const struct share *share)
{
    struct lot *lot = &state->lots[share->lot];
    lot->reversed += (uint32_t)share->asked;
    lot->waived += (uint32_t)share->waived;
    lot->expired_counted += (uint32_t)share->counted;
    state->reversed += share->asked;
    state->waived += share->waived;
    state->expired_counted += share->counted;
    if (share->pending > 0)
        lot_move(state, share->lot, POOL_PENDING, POOL_CLAWED_BACK, (uint32_t)share->pending);
    if (share->remaining > 0)
        lot_move(state, share->lot, POOL_REMAINING, POOL_CLAWED_BACK, (uint32_t)share->remaining);
    /* Pending points were never charged, expired ones stay charged, waived ones wait (8.3). */
    money_issue_fee(state, share->lot,
                    -(share->asked - share->counted - share->pending - share->waived));
    if (share->waived > 0)
        journal_effect(&state->journal,
                       &(struct effect){.kind = EFFECT_WAIVED, .amount = share->waived});
}

/* Other lots meet the claims in order of name; what they do not meet is owed. */
static void meet_claims(struct state *state, struct reversal *reversal)
{
    size_t next = 0;
    for (size_t i = 0; i < state->plan.count; i++) {
        const struct allocation part = state->plan.at[i];
        int64_t left = part.quantity;
        while (left > 0) {
            must(next < reversal->claim_count);
            struct claim *claim = &reversal->claims[next];
            int64_t met = take(&left, claim->points);
            money_owe(state, part.lot, claim->claimant, met, LINE_CLAW_BACK);
            claim->points -= met;
            next += claim->points == 0;
        }
        lot_move(state, part.lot, POOL_REMAINING, POOL_CLAWED_BACK, part.quantity);
    }
    for (; next < reversal->claim_count; next++)
        deficit_add(state, reversal->earn->member, reversal->claims[next].claimant,
                    reversal->claims[next].points);
}

static enum verdict reversal_plan(struct state *state, struct reversal *reversal, uint64_t refunded)
{
    int64_t rest = 0;
    spread(state, reversal, refunded);
    from_own_lots(state, reversal);
    for (size_t i = 0; i < reversal->share_count; i++)
        rest += reversal->shares[i].rest;
    from_other_lots(state, reversal, rest);
    int64_t room = deficit_room(state, reversal), missing = rest - reversal->others;
    reversal->deficit = missing < room ? missing : room;
    share_out(state, reversal);
    size_t own = EARN_LOTS_MAX * (3 * MOVE_SIZE_MAX + SPLIT_MAX * OBLIGATION_SIZE_MAX) +
                 reversal->claim_count * MOVE_SIZE_MAX;
    must(own < PLAN_SIZE_MAX);
    /* The lots of the earn itself share the room with the others. */
    size_t per_lot = MOVE_SIZE_MAX + (state->plan.count ? own / state->plan.count + 1 : 0);
    return plan_fits(state, per_lot, 0, reversal->claim_count) ? VERDICT_ACCEPTED
                                                               : VERDICT_TOO_MANY_ALLOCATIONS;
}

enum verdict apply_reverse_earn(struct state *state, const struct context *context)
{
    uint64_t refunded = context->transaction->body.reverse_earn.refunded;
    uint32_t id = earn_find(state, context->transaction->body.reverse_earn.earn);
    if (id == NOTHING)
        return VERDICT_UNKNOWN_REFERENCE;
    struct earn *earn = &state->earns[id];
    if (!partner_equal(earn->partner, context->writer))
        return VERDICT_NOT_AUTHORISED;
    if (refunded == 0)
        return VERDICT_BAD_QUANTITY;
    if (refunded > earn->eligible - earn->refunded)
        return VERDICT_OVER_REVERSED;
    struct reversal reversal = {.earn = earn};
    enum verdict verdict = reversal_plan(state, &reversal, refunded);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    earn->refunded += refunded;
    journal_note(&state->journal, NOTE_REFUND, id, earn->refunded);
    for (size_t i = 0; i < reversal.share_count; i++)
        give_up_own(state, &reversal.shares[i]);
    meet_claims(state, &reversal);
    return VERDICT_ACCEPTED;
}
