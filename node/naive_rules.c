/* What each type of transaction does, in the order in which the reasons to refuse it are asked. */
#include "node/naive_parts.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)

/* ---- members --------------------------------------------------------------------------------- */

static enum verdict enrol(struct naive *n, const struct naive_tx *tx)
{
    const struct member_ref *ref = &tx->transaction->body.enrol.member;
    if (naive_member_find(n, ref) != NAIVE_NONE)
        return VERDICT_MEMBER_EXISTS;
    n->members = (struct naive_member *)array_grow(n->members, &n->member_capacity,
                                                   n->member_count + 1, sizeof(*n->members));
    n->members[n->member_count] = (struct naive_member){.ref = *ref, .enrolled_by = tx->writer};
    naive_name_add(&n->member_names, bytes_of(ref->at, MEMBER_REF_SIZE))->what =
        (uint32_t)n->member_count++;
    return VERDICT_ACCEPTED;
}

static enum verdict card_link(struct naive *n, const struct naive_tx *tx)
{
    uint32_t member = naive_member_find(n, &tx->transaction->body.card_link.member);
    struct bytes card = bytes_of(tx->transaction->body.card_link.card.at, HASH_SIZE);
    if (member == NAIVE_NONE)
        return VERDICT_UNKNOWN_MEMBER;
    if (n->members[member].enrolled_by != tx->writer)
        return VERDICT_NOT_AUTHORISED;
    uint32_t known = naive_name_find(&n->cards, card);
    if (known != NAIVE_NONE)
        return n->cards.at[known].what == member ? VERDICT_NOTHING_TO_DO : VERDICT_CARD_TAKEN;
    naive_name_add(&n->cards, card)->what = member;
    return VERDICT_ACCEPTED;
}

/* ---- earning --------------------------------------------------------------------------------- */

static const struct naive_joint *joint_of(const struct naive *n, uint16_t issuer, uint16_t funder)
{
    for (size_t i = 0; i < n->rules.joint_count; i++)
        if (n->rules.joint[i].issuer == issuer && n->rules.joint[i].funder == funder)
            return &n->rules.joint[i];
    return NULL;
}

static uint32_t epoch_of(const struct naive *n)
{
    return (uint32_t)(n->epoch_count - 1);
}

/* The promotion that a lot counts against, or NULL. */
static struct naive_promotion *promotion_of(const struct naive *n, uint16_t issuer, uint16_t funder,
                                            uint32_t epoch)
{
    return naive_promotion_of(n, issuer, funder, n->epochs[epoch]);
}

/* What another pays of it: the charter says so, or it has signed for so much. */
static bool is_signed_for(const struct naive *n, const struct funder *funder, uint16_t issuer)
{
    const struct naive_promotion *promotion =
        promotion_of(n, issuer, funder->partner.v, epoch_of(n));
    return joint_of(n, issuer, funder->partner.v) || (promotion && funder->bp <= promotion->bp);
}

static struct funding_split split_of(const struct earn_lot *lot, uint16_t writer)
{
    struct funding_split alone = {.count = 1, .funders = {{{writer}, BASIS_POINTS}}};
    return lot->split.count ? lot->split : alone;
}

static enum verdict split_allowed(const struct naive *n, const struct funding_split *split,
                                  uint16_t writer)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < split->count; i++) {
        const struct funder *funder = &split->funders[i];
        if (funder->partner.v >= n->rules.partner_count || funder->bp == 0)
            return VERDICT_BAD_SPLIT;
        if (i > 0 && split->funders[i - 1].partner.v >= funder->partner.v)
            return VERDICT_BAD_SPLIT;
        sum += funder->bp;
    }
    if (sum != BASIS_POINTS)
        return VERDICT_BAD_SPLIT;
    for (size_t i = 0; i < split->count; i++)
        if (split->funders[i].partner.v != writer && !is_signed_for(n, &split->funders[i], writer))
            return VERDICT_NOT_AUTHORISED;
    for (size_t i = 0; i < split->count; i++)
        if (n->now->partners[split->funders[i].partner.v].left)
            return VERDICT_UNKNOWN_PARTNER;
    return VERDICT_ACCEPTED;
}

static bool times_allowed(uint64_t at_ms, const struct earn_lot *lot)
{
    uint64_t activates = lot->activates_ms, expires = lot->expires_ms;
    if (activates > TIME_MS_MAX || expires > TIME_MS_MAX)
        return false;
    if (activates != 0 && activates < at_ms)
        return false;
    return expires == 0 || (expires > at_ms && expires > activates);
}

/* What an earn would put on a funder. */
static __int128 asked_of(const struct transaction *t, uint16_t writer, uint16_t funder)
{
    __int128 asked = 0;
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        struct funding_split split = split_of(&t->body.earn.lots[i], writer);
        for (size_t k = 0; k < split.count; k++)
            if (split.funders[k].partner.v == funder)
                asked += (__int128)t->body.earn.lots[i].quantity.v * split.funders[k].bp;
    }
    return asked;
}

static bool has_room(__int128 used, __int128 asked, int64_t budget)
{
    return asked == 0 || used + asked <= (__int128)budget * BASIS_POINTS;
}

/* A partner pays for at most its budget, over all lots ever, taken back or not. */
static bool budgets_allow(const struct naive *n, const struct transaction *t, uint16_t writer)
{
    uint64_t begun_ms = n->epochs[epoch_of(n)];
    for (size_t i = 0; i < n->rules.joint_count; i++) {
        const struct naive_joint *joint = &n->rules.joint[i];
        if (joint->issuer == writer &&
            !has_room(n->joint_used[i], asked_of(t, writer, joint->funder), joint->budget))
            return false;
    }
    for (size_t i = 0; i < n->promotion_count; i++) {
        const struct naive_promotion *promotion = &n->promotions[i];
        if (promotion->issuer == writer &&
            naive_in_force(promotion->from_ms, promotion->until_ms, begun_ms) &&
            !has_room(promotion->used, asked_of(t, writer, promotion->funder), promotion->budget))
            return false;
    }
    return true;
}

void naive_budget_use(struct naive *n, const struct naive_lot *lot, int64_t points)
{
    for (size_t i = 0; i < lot->split.count; i++) {
        const struct funder *funder = &lot->split.funders[i];
        __int128 used = (__int128)points * funder->bp;
        if (funder->partner.v == lot->issuer)
            continue;
        const struct naive_joint *joint = joint_of(n, lot->issuer, funder->partner.v);
        struct naive_promotion *promotion =
            promotion_of(n, lot->issuer, funder->partner.v, lot->epoch);
        if (joint)
            n->joint_used[joint - n->rules.joint] += used;
        else if (promotion)
            promotion->used += used;
    }
}

/* What the lots put on a funder from now on; -1: it has no share in any of them. */
static __int128 put_on(const struct naive *n, const struct transaction *t, uint16_t writer,
                       uint16_t funder)
{
    __int128 sum = -1;
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *lot = &t->body.earn.lots[i];
        struct funding_split split = split_of(lot, writer);
        bool over = lot->expires_ms != 0 && lot->expires_ms <= n->now_ms;
        for (size_t k = 0; k < split.count; k++)
            if (split.funders[k].partner.v == funder)
                sum = (sum < 0 ? 0 : sum) +
                      (over ? 0 : (__int128)lot->quantity.v * split.funders[k].bp);
    }
    return sum;
}

static bool covered(const struct naive *n, const struct transaction *t, uint16_t writer)
{
    for (uint16_t funder = 0; n->rules.risk.on && funder < n->rules.partner_count; funder++) {
        __int128 points_bp = put_on(n, t, writer, funder);
        if (points_bp >= 0 && !naive_may_issue(n, funder, points_bp))
            return false;
    }
    return true;
}

static enum verdict earn_allowed(const struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    int64_t sum = 0;
    if (t->body.earn.lot_count == 0 || t->body.earn.lot_count > EARN_LOTS_MAX ||
        t->body.earn.eligible > INT64_MAX)
        return VERDICT_BAD_QUANTITY;
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *lot = &t->body.earn.lots[i];
        struct funding_split split = split_of(lot, tx->writer);
        sum += lot->quantity.v;
        if (lot->quantity.v < 1 || sum > POINTS_PER_RECORD_MAX)
            return VERDICT_BAD_QUANTITY;
        enum verdict verdict = split_allowed(n, &split, tx->writer);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
        if (!times_allowed(t->at_ms, lot))
            return VERDICT_BAD_TERMS;
    }
    if (!budgets_allow(n, t, tx->writer))
        return VERDICT_NOT_AUTHORISED;
    return naive_late(n, t) || covered(n, t, tx->writer) ? VERDICT_ACCEPTED : VERDICT_OVER_LIMIT;
}

static enum verdict earn(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint32_t member = naive_member_find(n, &t->body.earn.member);
    enum verdict verdict = member == NAIVE_NONE ? VERDICT_UNKNOWN_MEMBER : earn_allowed(n, tx);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    n->earns = (struct naive_earn *)array_grow(n->earns, &n->earn_capacity, n->earn_count + 1,
                                               sizeof(*n->earns));
    uint32_t id = (uint32_t)n->earn_count++, first = (uint32_t)n->lot_count;
    struct naive_earn *kept = &n->earns[id];
    *kept = (struct naive_earn){.record = tx->index,
                                .eligible = t->body.earn.eligible,
                                .member = member,
                                .first_lot = first,
                                .lot_count = t->body.earn.lot_count,
                                .partner = tx->writer};
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *given = &t->body.earn.lots[i];
        struct naive_lot lot = {.member = member,
                                .earn = id,
                                .issuer = tx->writer,
                                .own = true,
                                .epoch = epoch_of(n),
                                .split = split_of(given, tx->writer),
                                .activates_ms =
                                    given->activates_ms ? given->activates_ms : n->now_ms,
                                .expires_ms = given->expires_ms,
                                .quantity = given->quantity.v,
                                .vintage = naive_month(n, n->now_ms)};
        if (t->body.earn.eligible == 0)
            kept->eligible += (uint64_t)lot.quantity;
        naive_budget_use(n, &lot, lot.quantity);
        (void)naive_lot_add(n, &lot);
    }
    for (uint32_t i = 0; i < t->body.earn.lot_count; i++)
        naive_arrive(n, first + i, true);
    return VERDICT_ACCEPTED;
}

uint32_t naive_earn_find(const struct naive *n, uint64_t record)
{
    size_t low = 0, high = n->earn_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (n->earns[middle].record < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n->earn_count && n->earns[low].record == record ? (uint32_t)low : NAIVE_NONE;
}

static enum verdict activate(struct naive *n, const struct naive_tx *tx)
{
    uint32_t id = naive_earn_find(n, tx->transaction->body.activate.earn.v);
    if (id == NAIVE_NONE)
        return VERDICT_UNKNOWN_REFERENCE;
    const struct naive_earn *earned = &n->earns[id];
    if (earned->partner != tx->writer)
        return VERDICT_NOT_AUTHORISED;
    bool any = false;
    for (uint32_t i = 0; i < earned->lot_count; i++) {
        struct naive_lot *lot = &n->lots[earned->first_lot + i];
        if (lot->pools[POOL_PENDING] == 0)
            continue;
        if (lot->activates_ms > n->now_ms)
            lot->activates_ms = n->now_ms;
        naive_activate(n, earned->first_lot + i);
        any = true;
    }
    return any ? VERDICT_ACCEPTED : VERDICT_ALREADY_ACTIVE;
}

/* ---- spending -------------------------------------------------------------------------------- */

/* Points or an amount, not both. */
static bool asks_well(struct points points, struct micro amount)
{
    return points.v >= 0 && points.v <= POINTS_PER_RECORD_MAX && amount.v >= 0 &&
           (points.v > 0) != (amount.v > 0);
}

struct spending {
    uint32_t member;
    uint16_t redeemer;
    struct points points; /* 0: the fewest that cover the amount */
    struct micro amount;
};

/* Plans it, where its points have a price there and no cap stands against them. */
static enum verdict plan_spending(struct naive *n, const struct spending *s, size_t per_lot,
                                  size_t owed, size_t claims)
{
    if (s->amount.v > 0) {
        enum verdict verdict = naive_plan_amount(n, s->member, s->redeemer, s->amount.v);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
    } else {
        if (naive_spendable(n, s->member) < s->points.v)
            return VERDICT_INSUFFICIENT;
        naive_plan(n, s->member, s->points.v, -1);
    }
    if (!naive_plan_priced(n, s->redeemer))
        return VERDICT_NO_CONTRACT;
    if (!naive_plan_fits(n, per_lot, owed, claims))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    return naive_plan_within_caps(n, s->redeemer) ? VERDICT_ACCEPTED : VERDICT_OVER_CAP;
}

/* Keeps the plan as the parts of a hold or a redemption. */
static void keep_plan(struct naive *n, struct naive_spend *spend)
{
    spend->first_part = n->part_count;
    spend->part_count = n->plan_count;
    spend->points = n->plan_points;
    n->parts = (struct naive_part *)array_grow(n->parts, &n->part_capacity,
                                               n->part_count + n->plan_count, sizeof(*n->parts));
    for (size_t i = 0; i < n->plan_count; i++)
        n->parts[n->part_count++] = n->plan[i];
}

static void book(struct naive *n, const struct naive_tx *tx, uint32_t member, enum pool from)
{
    struct naive_spend spend = {
        .record = tx->index, .member = member, .partner = tx->writer, .epoch = epoch_of(n)};
    keep_plan(n, &spend);
    n->redemptions = (struct naive_spend *)array_grow(n->redemptions, &n->redemption_capacity,
                                                      n->redemption_count + 1, sizeof(spend));
    n->redemptions[n->redemption_count++] = spend;
    for (size_t i = 0; i < n->plan_count; i++) {
        naive_move(n, n->plan[i].lot, from, POOL_SPENT, n->plan[i].points);
        naive_owe(n, n->plan[i].lot, tx->writer, n->plan[i].points, LINE_REDEMPTION);
        naive_redemption_fee(n, &spend, n->plan[i].points);
        naive_flow(n, &n->lots[n->plan[i].lot], tx->writer, n->plan[i].points);
    }
}

static enum verdict redeem(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint32_t member = naive_member_find(n, &t->body.redeem.member);
    const struct spending spending = {member, tx->writer, t->body.redeem.points,
                                      t->body.redeem.amount};
    if (member == NAIVE_NONE)
        return VERDICT_UNKNOWN_MEMBER;
    if (!asks_well(spending.points, spending.amount))
        return VERDICT_BAD_QUANTITY;
    enum verdict verdict = plan_spending(n, &spending, NAIVE_MOVE_BYTES, 1, 0);
    if (verdict == VERDICT_ACCEPTED)
        book(n, tx, member, POOL_REMAINING);
    return verdict;
}

static enum verdict hold(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint32_t member = naive_member_find(n, &t->body.hold.member);
    uint64_t ttl_ms = t->body.hold.ttl_ms;
    const struct spending spending = {member, tx->writer, t->body.hold.points, t->body.hold.amount};
    if (member == NAIVE_NONE)
        return VERDICT_UNKNOWN_MEMBER;
    if (!asks_well(spending.points, spending.amount))
        return VERDICT_BAD_QUANTITY;
    if (ttl_ms > n->rules.hold_max_ms)
        return VERDICT_BAD_TERMS;
    /* Each lot may be waived in part, and cover deficits with the rest; the redeemer and the
     * operator are owed. */
    size_t per_lot = NAIVE_WAIVED_BYTES + 2 * NAIVE_MOVE_BYTES + NAIVE_DEFICIT_BYTES;
    enum verdict verdict = plan_spending(n, &spending, per_lot, 2, NAIVE_CLAIMS_MAX);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct naive_spend spend = {.record = tx->index,
                                .ends_ms = n->now_ms + (ttl_ms ? ttl_ms : n->rules.hold_default_ms),
                                .member = member,
                                .partner = tx->writer,
                                .status = NAIVE_OPEN};
    keep_plan(n, &spend);
    n->holds = (struct naive_spend *)array_grow(n->holds, &n->hold_capacity, n->hold_count + 1,
                                                sizeof(spend));
    naive_list_add(&n->open, (uint32_t)n->hold_count);
    n->holds[n->hold_count++] = spend;
    for (size_t i = 0; i < n->plan_count; i++)
        naive_move(n, n->plan[i].lot, POOL_REMAINING, POOL_HELD, n->plan[i].points);
    return VERDICT_ACCEPTED;
}

void naive_release_hold(struct naive *n, uint32_t id, enum naive_status status)
{
    struct naive_spend *spend = &n->holds[id];
    int64_t skip = spend->used;
    spend->status = status;
    for (size_t i = 0; i < spend->part_count; i++) {
        const struct naive_part part = n->parts[spend->first_part + i];
        int64_t used = part.points < skip ? part.points : skip;
        skip -= used;
        if (part.points > used)
            naive_give_back(n, part.lot, POOL_HELD, part.points - used);
    }
}

static enum verdict hold_stands(const struct naive *n, uint32_t id, uint16_t writer)
{
    if (id == NAIVE_NONE)
        return VERDICT_UNKNOWN_REFERENCE;
    const struct naive_spend *spend = &n->holds[id];
    if (spend->partner != writer)
        return VERDICT_NOT_AUTHORISED;
    if (spend->status == NAIVE_COMMITTED || spend->status == NAIVE_RELEASED)
        return VERDICT_HOLD_CLOSED;
    bool over = spend->status == NAIVE_ENDED || spend->ends_ms <= n->now_ms;
    return over ? VERDICT_HOLD_EXPIRED : VERDICT_ACCEPTED;
}

static enum verdict commit(struct naive *n, const struct naive_tx *tx)
{
    uint32_t id = naive_spend_find(n->holds, n->hold_count, tx->transaction->body.commit.hold.v);
    int64_t points = tx->transaction->body.commit.points.v;
    enum verdict verdict = hold_stands(n, id, tx->writer);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct naive_spend *spend = &n->holds[id];
    if (points < 0)
        return VERDICT_BAD_QUANTITY;
    if (points > spend->points)
        return VERDICT_INSUFFICIENT;
    spend->used = points ? points : spend->points;
    n->plan_count = 0;
    n->plan_points = 0;
    for (size_t i = 0; i < spend->part_count && n->plan_points < spend->used; i++) {
        const struct naive_part *part = &n->parts[spend->first_part + i];
        int64_t left = spend->used - n->plan_points;
        naive_plan_add(n, part->lot, part->points < left ? part->points : left);
    }
    book(n, tx, spend->member, POOL_HELD);
    naive_release_hold(n, id, NAIVE_COMMITTED);
    return VERDICT_ACCEPTED;
}

static enum verdict release(struct naive *n, const struct naive_tx *tx)
{
    uint32_t id = naive_spend_find(n->holds, n->hold_count, tx->transaction->body.release.hold.v);
    enum verdict verdict = hold_stands(n, id, tx->writer);
    if (verdict == VERDICT_ACCEPTED)
        naive_release_hold(n, id, NAIVE_RELEASED);
    return verdict;
}

/* ---- taking back a redemption ---------------------------------------------------------------- */

static enum verdict reverse_redeem(struct naive *n, const struct naive_tx *tx)
{
    int64_t points = tx->transaction->body.reverse_redeem.points.v;
    uint32_t id = naive_spend_find(n->redemptions, n->redemption_count,
                                   tx->transaction->body.reverse_redeem.redemption.v);
    if (id == NAIVE_NONE)
        return VERDICT_UNKNOWN_REFERENCE;
    struct naive_spend *spend = &n->redemptions[id];
    if (spend->partner != tx->writer)
        return VERDICT_NOT_AUTHORISED;
    if (points < 1)
        return VERDICT_BAD_QUANTITY;
    if (points > spend->points - spend->used)
        return VERDICT_OVER_REVERSED;
    n->plan_count = 0;
    n->plan_points = 0;
    for (size_t i = spend->part_count; i > 0 && n->plan_points < points; i--) {
        const struct naive_part *part = &n->parts[spend->first_part + i - 1];
        int64_t left = points - n->plan_points, stands = part->points - part->returned;
        if (stands > 0)
            naive_plan_add(n, part->lot, stands < left ? stands : left);
    }
    /* Each lot may be waived in part, and leave a child. */
    size_t per_lot = NAIVE_WAIVED_BYTES + 2 * NAIVE_MOVE_BYTES + NAIVE_LOT_BYTES;
    if (!naive_plan_fits(n, per_lot, 2, n->members[spend->member].deficit_count))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    spend->used += points;
    for (size_t i = spend->part_count, next = 0; next < n->plan_count; i--) {
        struct naive_part *part = &n->parts[spend->first_part + i - 1];
        if (part->points == part->returned)
            continue;
        const struct naive_part back = n->plan[next++];
        part->returned += back.points;
        naive_take_back(n, spend, back.lot, back.points);
        naive_fee_back(n, spend, back.points);
        naive_give_back(n, back.lot, POOL_SPENT, back.points);
    }
    return VERDICT_ACCEPTED;
}

/* ---- what concerns no till ------------------------------------------------------------------- */

static enum verdict expire(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    int64_t sum = 0;
    for (size_t i = 0; i < t->body.expire.lot_count; i++) {
        uint64_t number = t->body.expire.lots[i].v;
        if (number == 0 || number > n->lot_count)
            return VERDICT_UNKNOWN_REFERENCE;
        const struct naive_lot *lot = &n->lots[number - 1];
        if (!naive_ended(n, lot))
            return VERDICT_NOT_EXPIRED;
        if (lot->issuer != tx->writer &&
            n->now_ms < lot->expires_ms + n->rules.expire_days * DAY_MS)
            return VERDICT_NOT_AUTHORISED;
        sum += lot->pools[POOL_REMAINING];
    }
    for (size_t i = 0; i < t->body.expire.lot_count; i++) {
        uint32_t lot = (uint32_t)(t->body.expire.lots[i].v - 1);
        naive_move(n, lot, POOL_REMAINING, POOL_EXPIRED, n->lots[lot].pools[POOL_REMAINING]);
    }
    return sum > 0 ? VERDICT_ACCEPTED : VERDICT_NOTHING_TO_DO;
}

static enum verdict adjust_down(struct naive *n, const struct naive_tx *tx, uint32_t member,
                                int64_t points)
{
    naive_plan(n, member, points, tx->writer);
    if (n->plan_points < points && n->plan_count <= n->rules.allocations)
        return VERDICT_INSUFFICIENT;
    if (!naive_plan_fits(n, NAIVE_MOVE_BYTES, 0, 0))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    for (size_t i = 0; i < n->plan_count; i++)
        naive_move(n, n->plan[i].lot, POOL_REMAINING, POOL_CLAWED_BACK, n->plan[i].points);
    return VERDICT_ACCEPTED;
}

static enum verdict adjust(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint32_t member = naive_member_find(n, &t->body.adjust.member);
    int64_t delta = t->body.adjust.delta.v;
    uint64_t expires_ms = t->body.adjust.expires_ms;
    if (member == NAIVE_NONE)
        return VERDICT_UNKNOWN_MEMBER;
    if (delta == 0 || delta > POINTS_PER_RECORD_MAX || delta < -POINTS_PER_RECORD_MAX)
        return VERDICT_BAD_QUANTITY;
    if (delta < 0)
        return adjust_down(n, tx, member, -delta);
    if (expires_ms != 0 && (expires_ms <= t->at_ms || expires_ms > TIME_MS_MAX))
        return VERDICT_BAD_TERMS;
    bool over = expires_ms != 0 && expires_ms <= n->now_ms;
    if (!naive_may_issue(n, tx->writer, over ? 0 : (__int128)delta * BASIS_POINTS))
        return VERDICT_OVER_LIMIT;
    struct naive_lot lot = {.member = member,
                            .earn = NAIVE_NONE,
                            .issuer = tx->writer,
                            .epoch = epoch_of(n),
                            .split = {1, {{{tx->writer}, BASIS_POINTS}}},
                            .activates_ms = n->now_ms,
                            .expires_ms = expires_ms,
                            .quantity = delta,
                            .vintage = naive_month(n, n->now_ms)};
    naive_arrive(n, naive_lot_add(n, &lot), true);
    return VERDICT_ACCEPTED;
}

static enum verdict transfer(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint32_t from = naive_member_find(n, &t->body.transfer.from);
    uint32_t to = naive_member_find(n, &t->body.transfer.to);
    int64_t points = t->body.transfer.points.v;
    if (from == NAIVE_NONE || to == NAIVE_NONE)
        return VERDICT_UNKNOWN_MEMBER;
    if (from == to)
        return VERDICT_SAME_MEMBER;
    if (n->members[from].enrolled_by != tx->writer)
        return VERDICT_NOT_AUTHORISED;
    if (points < 1 || points > POINTS_PER_RECORD_MAX)
        return VERDICT_BAD_QUANTITY;
    if (naive_deficit(n, from) > 0)
        return VERDICT_DEFICIT;
    if (naive_spendable(n, from) < points)
        return VERDICT_INSUFFICIENT;
    naive_plan(n, from, points, -1);
    size_t per_lot = 2 * NAIVE_MOVE_BYTES + NAIVE_LOT_BYTES + NAIVE_DEFICIT_BYTES;
    if (!naive_plan_fits(n, per_lot, 0, n->members[to].deficit_count))
        return VERDICT_TOO_MANY_ALLOCATIONS;
    for (size_t i = 0; i < n->plan_count; i++) {
        const struct naive_part part = n->plan[i];
        naive_move(n, part.lot, POOL_REMAINING, POOL_TRANSFERRED, part.points);
        struct naive_lot child = {.member = to,
                                  .earn = NAIVE_NONE,
                                  .issuer = n->lots[part.lot].issuer,
                                  .epoch = n->lots[part.lot].epoch,
                                  .split = n->lots[part.lot].split,
                                  .activates_ms = n->lots[part.lot].activates_ms,
                                  .expires_ms = n->lots[part.lot].expires_ms,
                                  .quantity = part.points,
                                  .vintage = n->lots[part.lot].vintage};
        naive_arrive(n, naive_lot_add(n, &child), false);
    }
    return VERDICT_ACCEPTED;
}

static enum verdict move_clock(struct naive *n, const struct naive_tx *tx)
{
    uint64_t by_ms = tx->transaction->body.clock.advance_ms;
    if (!n->rules.sandbox)
        return VERDICT_NOT_SANDBOX;
    if (by_ms == 0 || by_ms > TIME_MS_MAX - naive_time_at(n, n->cut_time_ms))
        return VERDICT_BAD_QUANTITY;
    n->advance_ms += by_ms;
    return VERDICT_ACCEPTED;
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum verdict naive_body(struct naive *n, const struct naive_tx *tx)
{
    switch (tx->transaction->type) {
    case TRANSACTION_ENROL:
        return enrol(n, tx);
    case TRANSACTION_CARD_LINK:
        return card_link(n, tx);
    case TRANSACTION_EARN:
        return earn(n, tx);
    case TRANSACTION_ACTIVATE:
        return activate(n, tx);
    case TRANSACTION_HOLD:
        return hold(n, tx);
    case TRANSACTION_COMMIT:
        return commit(n, tx);
    case TRANSACTION_RELEASE:
        return release(n, tx);
    case TRANSACTION_REDEEM:
        return redeem(n, tx);
    case TRANSACTION_REVERSE_EARN:
        return naive_reverse_earn(n, tx);
    case TRANSACTION_REVERSE_REDEEM:
        return reverse_redeem(n, tx);
    case TRANSACTION_EXPIRE:
        return expire(n, tx);
    case TRANSACTION_ADJUST:
        return adjust(n, tx);
    case TRANSACTION_TRANSFER:
        return transfer(n, tx);
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        return naive_deal(n, tx);
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
        return naive_membership(n, tx);
    case TRANSACTION_PERIOD_PROPOSE:
    case TRANSACTION_PERIOD_SIGN:
    case TRANSACTION_DISPUTE_OPEN:
    case TRANSACTION_DISPUTE_RESPOND:
    case TRANSACTION_DISPUTE_RESOLVE:
    case TRANSACTION_PERIOD_FINAL:
    case TRANSACTION_PAYMENT_SENT:
    case TRANSACTION_PAYMENT_CONFIRMED:
    case TRANSACTION_PAYMENT_FAILED:
    case TRANSACTION_PAYMENT_DEFAULT:
        return naive_settle(n, tx);
    case TRANSACTION_CLOCK:
        return move_clock(n, tx);
    }
    return VERDICT_MALFORMED;
}
