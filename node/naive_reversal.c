/* Taking back what an earn gave: ledger.md section 4. */
#include "node/naive_parts.h"

#include <string.h>

struct taking { /* from one lot of the earn */
    int64_t asked, counted, pending, own, rest, claimed;
};

/* Of the whole order, half up; then over its lots by what each has left, largest remainder. */
static void ask_lots(const struct naive *n, const struct naive_earn *earn, struct taking *takings)
{
    __int128 total = 0, already = 0, rest[EARN_LOTS_MAX] = {0};
    must(earn->eligible > 0);
    const struct naive_lot *lots = &n->lots[earn->first_lot];
    for (size_t i = 0; i < earn->lot_count; i++) {
        total += lots[i].quantity;
        already += lots[i].reversed;
    }
    __int128 target =
        (2 * total * earn->refunded + earn->eligible) / (2 * (__int128)earn->eligible);
    __int128 delta = target - already, left = delta;
    for (size_t i = 0; i < earn->lot_count && delta > 0; i++) {
        __int128 weight = lots[i].quantity - lots[i].reversed;
        must(total > already);
        takings[i].asked = (int64_t)(delta * weight / (total - already));
        rest[i] = delta * weight % (total - already);
        left -= takings[i].asked;
    }
    for (; delta > 0 && left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < earn->lot_count; i++)
            if (rest[i] > rest[best])
                best = i;
        takings[best].asked++;
        rest[best] = -1;
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The lot itself first: what expired unspent counts, then pending, then remaining. */
static int64_t take_own(const struct naive *n, const struct naive_earn *earn,
                        struct taking *takings)
{
    int64_t missing = 0;
    for (size_t i = 0; i < earn->lot_count; i++) {
        const struct naive_lot *lot = &n->lots[earn->first_lot + i];
        struct taking *taking = &takings[i];
        bool ended = naive_ended(n, lot);
        int64_t gone = lot->pools[POOL_EXPIRED] + (ended ? lot->pools[POOL_REMAINING] : 0);
        taking->counted = least(taking->asked, gone - lot->counted);
        taking->rest = taking->asked - taking->counted;
        taking->pending = least(taking->rest, lot->pools[POOL_PENDING]);
        taking->rest -= taking->pending;
        if (!ended && n->rules.reversal != NAIVE_ONLY_PENDING)
            taking->own = least(taking->rest, lot->pools[POOL_REMAINING]);
        taking->rest -= taking->own;
        missing += taking->rest;
    }
    return missing;
}

/* Then the member's other lots, as if the earn's had given theirs already. */
static void plan_others(struct naive *n, const struct naive_earn *earn,
                        const struct taking *takings, int64_t missing)
{
    n->plan_count = 0;
    n->plan_points = 0;
    if (n->rules.reversal == NAIVE_ONLY_PENDING)
        return;
    for (size_t i = 0; i < earn->lot_count; i++)
        n->lots[earn->first_lot + i].pools[POOL_REMAINING] -= takings[i].own;
    naive_plan(n, earn->member, missing, -1);
    for (size_t i = 0; i < earn->lot_count; i++)
        n->lots[earn->first_lot + i].pools[POOL_REMAINING] += takings[i].own;
}

/* Then a deficit, as far as the policy lets it grow. */
static int64_t may_owe(const struct naive *n, const struct naive_earn *earn,
                       const struct taking *takings, int64_t missing)
{
    bool seen[PARTNERS_MAX] = {false};
    size_t claimants = n->members[earn->member].deficit_count;
    for (size_t i = 0; i < earn->lot_count; i++) {
        const struct funding_split *split = &n->lots[earn->first_lot + i].split;
        for (size_t j = 0; takings[i].rest > 0 && j < split->count; j++) {
            claimants += !seen[split->funders[j].partner.v];
            seen[split->funders[j].partner.v] = true;
        }
    }
    int64_t room = n->rules.deficit_max - naive_deficit(n, earn->member);
    if (n->rules.reversal != NAIVE_UNLIMITED || room < 0 || claimants > NAIVE_CLAIMS_MAX)
        return 0;
    return least(room, missing);
}

/* Whose the rests are: whole points of each funder. */
static size_t claims_of(const struct naive *n, const struct naive_earn *earn,
                        struct taking *takings, int64_t met, int64_t claims[PARTNERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < earn->lot_count; i++) {
        const struct funding_split *split = &n->lots[earn->first_lot + i].split;
        int64_t shares[SPLIT_MAX];
        takings[i].claimed = least(takings[i].rest, met);
        met -= takings[i].claimed;
        if (takings[i].claimed == 0)
            continue;
        naive_shares(n, split, takings[i].claimed, shares);
        for (size_t j = 0; j < split->count; j++) {
            int64_t *claim = &claims[split->funders[j].partner.v];
            count += *claim == 0 && shares[j] > 0;
            *claim += shares[j];
        }
    }
    return count;
}

static void give_up(struct naive *n, uint32_t id, const struct taking *taking)
{
    struct naive_lot *lot = &n->lots[id];
    int64_t waived = taking->rest - taking->claimed;
    lot->reversed += taking->asked;
    lot->waived += waived;
    lot->counted += taking->counted;
    naive_move(n, id, POOL_PENDING, POOL_CLAWED_BACK, taking->pending);
    naive_move(n, id, POOL_REMAINING, POOL_CLAWED_BACK, taking->own);
    naive_issue_fee(n, id, -(taking->own + taking->claimed));
    if (waived > 0)
        naive_effect(n, (struct effect){.kind = EFFECT_WAIVED, .amount = waived});
}

static void deficit_add(struct naive *n, uint32_t member, uint16_t claimant, int64_t points)
{
    struct naive_member *who = &n->members[member];
    naive_effect(n,
                 (struct effect){.kind = EFFECT_DEFICIT, .partner = {claimant}, .amount = points});
    if (who->deficit_count > 0 && who->deficits[who->deficit_count - 1].claimant == claimant) {
        who->deficits[who->deficit_count - 1].points += points;
        return;
    }
    who->deficits = (struct naive_deficit *)array_grow(
        who->deficits, &who->deficit_capacity, who->deficit_count + 1, sizeof(*who->deficits));
    who->deficits[who->deficit_count++] = (struct naive_deficit){claimant, points};
}

/* The claimant that comes next by name; partner_count: none is left. */
static size_t next_claimant(const struct naive *n, const int64_t claims[PARTNERS_MAX])
{
    size_t best = n->rules.partner_count;
    for (size_t i = 0; i < n->rules.partner_count; i++)
        if (claims[i] > 0 && (best == n->rules.partner_count ||
                              strcmp(n->rules.partners[i], n->rules.partners[best]) < 0))
            best = i;
    return best;
}

/* By name: first out of the planned lots, what is left is owed. */
static void meet_claims(struct naive *n, uint32_t member, int64_t claims[PARTNERS_MAX])
{
    size_t part = 0;
    int64_t of_part = 0;
    for (size_t i = 0; i < n->plan_count; i++)
        naive_move(n, n->plan[i].lot, POOL_REMAINING, POOL_CLAWED_BACK, n->plan[i].points);
    for (;;) {
        size_t who = next_claimant(n, claims);
        if (who == n->rules.partner_count)
            return;
        while (claims[who] > 0 && part < n->plan_count) {
            int64_t points = least(claims[who], n->plan[part].points - of_part);
            naive_owe(n, n->plan[part].lot, (uint16_t)who, points, LINE_CLAW_BACK);
            claims[who] -= points;
            of_part += points;
            if (of_part == n->plan[part].points) {
                part++;
                of_part = 0;
            }
        }
        if (claims[who] > 0)
            deficit_add(n, member, (uint16_t)who, claims[who]);
        claims[who] = 0;
    }
}

enum verdict naive_reverse_earn(struct naive *n, const struct naive_tx *tx)
{
    uint64_t refunded = tx->transaction->body.reverse_earn.refunded;
    uint32_t id = naive_earn_find(n, tx->transaction->body.reverse_earn.earn.v);
    struct taking takings[EARN_LOTS_MAX] = {{0}};
    int64_t claims[PARTNERS_MAX] = {0};
    if (id == NAIVE_NONE)
        return VERDICT_UNKNOWN_REFERENCE;
    struct naive_earn *earned = &n->earns[id];
    if (earned->partner != tx->writer)
        return VERDICT_NOT_AUTHORISED;
    if (refunded == 0)
        return VERDICT_BAD_QUANTITY;
    if (refunded > earned->eligible - earned->refunded)
        return VERDICT_OVER_REVERSED;
    earned->refunded += refunded;
    ask_lots(n, earned, takings);
    int64_t missing = take_own(n, earned, takings);
    plan_others(n, earned, takings, missing);
    int64_t met = n->plan_points + may_owe(n, earned, takings, missing - n->plan_points);
    size_t claimants = claims_of(n, earned, takings, met, claims);
    size_t own =
        EARN_LOTS_MAX * (size_t)(3 * NAIVE_MOVE_BYTES + SPLIT_MAX * NAIVE_OBLIGATION_BYTES) +
        claimants * NAIVE_MOVE_BYTES;
    size_t per_lot = NAIVE_MOVE_BYTES + (n->plan_count ? own / n->plan_count + 1 : 0);
    if (!naive_plan_fits(n, per_lot, 0, claimants)) {
        earned->refunded -= refunded;
        return VERDICT_TOO_MANY_ALLOCATIONS;
    }
    for (uint32_t i = 0; i < earned->lot_count; i++)
        give_up(n, earned->first_lot + i, &takings[i]);
    meet_claims(n, earned->member, claims);
    return VERDICT_ACCEPTED;
}
