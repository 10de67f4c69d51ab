/* naive_model.h - the ledger's rules a second time, as plainly as they can be said: everything is
 * found by looking through everything. For comparing with partners/state.c; it follows what was
 * accepted and judges only whether points sufficed.
 */
#ifndef TESTS_UNIT_NAIVE_MODEL_H
#define TESTS_UNIT_NAIVE_MODEL_H

#include "unit/coalition.h"

enum { NAIVE_PARTNERS = 8, NAIVE_LOTS = 4000, NAIVE_PARTS = 64, NAIVE_RECORDS = 4000 };

struct naive_lot {
    uint32_t member;
    struct partner_id issuer;
    struct funding_split split;
    int64_t earn; /* record, or -1 */
    bool own;     /* one of the earn's own lots, not a child */
    uint64_t activates, expires;
    int64_t quantity, pending, remaining, held, spent, expired;
    int64_t reversed, waived, counted;
};
struct naive_part {
    size_t lot;
    int64_t points;
};
struct naive_record { /* an earn, a hold or a redemption */
    uint64_t index;
    enum transaction_type type; /* EARN, HOLD or REDEEM */
    uint16_t partner;
    uint32_t member;
    int64_t eligible, refunded;
    struct naive_part parts[NAIVE_PARTS];
    size_t part_count;
    uint64_t ends;
    bool open;
};
struct naive_deficit {
    uint32_t member;
    uint16_t claimant;
    int64_t points;
};
struct naive {
    const struct charter *charter;
    uint64_t now;
    struct naive_lot lots[NAIVE_LOTS];
    size_t lot_count;
    struct naive_record records[NAIVE_RECORDS];
    size_t record_count;
    struct naive_deficit deficits[NAIVE_RECORDS];
    size_t deficit_count;
    __int128 owed[NAIVE_PARTNERS][NAIVE_PARTNERS];
};

static inline uint32_t naive_member(const struct member_ref *ref)
{
    return get_u32be(ref->at + 12);
}

static inline bool naive_ended(const struct naive *n, const struct naive_lot *lot)
{
    return lot->expires != 0 && lot->expires <= n->now;
}

/* Whole points by share: floors, then one each by remainder, then by name. */
static inline void naive_shares(const struct naive *n, const struct funding_split *split,
                                int64_t points, int64_t *out)
{
    int64_t left = points, rest[SPLIT_MAX];
    for (size_t i = 0; i < split->count; i++) {
        out[i] = points * split->funders[i].bp / BASIS_POINTS;
        rest[i] = points * split->funders[i].bp % BASIS_POINTS;
        left -= out[i];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < split->count; i++)
            if (rest[i] > rest[best] ||
                (rest[i] == rest[best] &&
                 strcmp(n->charter->partners[split->funders[i].partner.v].name,
                        n->charter->partners[split->funders[best].partner.v].name) < 0))
                best = i;
        out[best]++;
        rest[best] = -1;
    }
}

static inline void naive_owe(struct naive *n, size_t lot, uint16_t creditor, int64_t points,
                             int64_t price)
{
    const struct funding_split *split = &n->lots[lot].split;
    for (size_t i = 0; i < split->count; i++)
        if (split->funders[i].partner.v != creditor)
            n->owed[split->funders[i].partner.v][creditor] +=
                (__int128)points * price * split->funders[i].bp;
}

static inline void naive_fee(struct naive *n, size_t lot, int64_t points)
{
    naive_owe(n, lot, n->charter->operator_id.v, points, n->charter->rates.issue_fee.v);
}

static inline int64_t naive_deficit(const struct naive *n, uint32_t member)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->deficit_count; i++)
        if (n->deficits[i].member == member)
            sum += n->deficits[i].points;
    return sum;
}

static inline int64_t naive_spendable(const struct naive *n, uint32_t member)
{
    int64_t sum = -naive_deficit(n, member);
    for (size_t i = 0; i < n->lot_count; i++)
        if (n->lots[i].member == member && !naive_ended(n, &n->lots[i]))
            sum += n->lots[i].remaining;
    return sum;
}

/* The member's lot to be consumed next, or NAIVE_LOTS. */
static inline size_t naive_next(const struct naive *n, uint32_t member, int only_funder)
{
    size_t best = NAIVE_LOTS;
    for (size_t i = 0; i < n->lot_count; i++) {
        const struct naive_lot *a = &n->lots[i], *b = best < NAIVE_LOTS ? &n->lots[best] : NULL;
        if (a->member != member || naive_ended(n, a) || a->remaining == 0 ||
            (only_funder >= 0 &&
             (a->split.count != 1 || a->split.funders[0].partner.v != only_funder)))
            continue;
        uint64_t a_ends = a->expires ? a->expires : UINT64_MAX;
        uint64_t b_ends = b && b->expires ? b->expires : UINT64_MAX;
        if (!b || a_ends < b_ends || (a_ends == b_ends && a->activates < b->activates))
            best = i;
    }
    return best;
}

static inline size_t naive_take(struct naive *n, uint32_t member, int64_t points, int only_funder,
                                struct naive_part *parts)
{
    size_t count = 0;
    while (points > 0) {
        size_t lot = naive_next(n, member, only_funder);
        if (lot == NAIVE_LOTS)
            break;
        int64_t part = n->lots[lot].remaining < points ? n->lots[lot].remaining : points;
        n->lots[lot].remaining -= part;
        points -= part;
        REQUIRE(count < NAIVE_PARTS);
        parts[count++] = (struct naive_part){lot, part};
    }
    return count;
}

/* Points that a lot could give: what is not needed for the member's deficits is returned. */
static inline int64_t naive_cover(struct naive *n, size_t lot, int64_t points)
{
    for (size_t i = 0; i < n->deficit_count && points > 0; i++) {
        struct naive_deficit *deficit = &n->deficits[i];
        if (deficit->member != n->lots[lot].member)
            continue;
        int64_t part = deficit->points < points ? deficit->points : points;
        deficit->points -= part;
        points -= part;
        naive_owe(n, lot, deficit->claimant, part, n->charter->rates.reimbursement.v);
    }
    return points;
}

static inline size_t naive_lot_add(struct naive *n, struct naive_lot lot)
{
    REQUIRE(n->lot_count < NAIVE_LOTS);
    n->lots[n->lot_count] = lot;
    return n->lot_count++;
}

/* A lot becomes active: charged, and set against deficits while it stands. */
static inline void naive_activate(struct naive *n, size_t at, bool fee)
{
    struct naive_lot *lot = &n->lots[at];
    lot->remaining += lot->pending;
    lot->pending = 0;
    if (fee)
        naive_fee(n, at, lot->remaining);
    if (!naive_ended(n, lot))
        lot->remaining = naive_cover(n, at, lot->remaining);
}

static inline int64_t naive_cover_waived(struct naive *n, size_t noted, size_t paying,
                                         int64_t points)
{
    struct naive_lot *lot = &n->lots[noted];
    int64_t part = lot->waived < points ? lot->waived : points, shares[SPLIT_MAX];
    lot->waived -= part;
    naive_fee(n, noted, -part);
    if (noted != paying) {
        naive_shares(n, &lot->split, part, shares);
        for (size_t i = 0; i < lot->split.count; i++)
            naive_owe(n, paying, lot->split.funders[i].partner.v, shares[i],
                      n->charter->rates.reimbursement.v);
    }
    return points - part;
}

static inline void naive_back(struct naive *n, size_t at, bool from_hold, int64_t points)
{
    struct naive_lot *lot = &n->lots[at];
    *(from_hold ? &lot->held : &lot->spent) -= points;
    if (lot->earn >= 0) {
        points = naive_cover_waived(n, at, at, points);
        for (size_t i = 0; i < n->lot_count; i++)
            if (i != at && n->lots[i].own && n->lots[i].earn == lot->earn)
                points = naive_cover_waived(n, i, at, points);
    }
    points = naive_cover(n, at, points);
    if (!naive_ended(n, lot))
        lot->remaining += points;
    else if (from_hold)
        lot->expired += points;
    else if (points > 0) {
        struct naive_lot child = *lot;
        child.own = false;
        child.quantity = child.remaining = points;
        child.pending = child.held = child.spent = child.expired = 0;
        child.reversed = child.waived = child.counted = 0;
        child.expires = charter_end_of_day(n->charter, n->now, n->charter->policy.grace_days);
        naive_lot_add(n, child);
    }
}

static inline void naive_release(struct naive *n, struct naive_record *hold, int64_t skip)
{
    hold->open = false;
    for (size_t i = 0; i < hold->part_count; i++) {
        int64_t used = hold->parts[i].points < skip ? hold->parts[i].points : skip;
        skip -= used;
        naive_back(n, hold->parts[i].lot, true, hold->parts[i].points - used);
    }
}

/* Lets time pass, one thing after the other. */
static inline void naive_time(struct naive *n, uint64_t now)
{
    for (;;) {
        uint64_t best = UINT64_MAX;
        size_t which = 0;
        int kind = 0;
        for (size_t i = 0; i < n->lot_count; i++)
            if (n->lots[i].pending > 0 && n->lots[i].activates < best)
                best = n->lots[i].activates, which = i, kind = 1;
        for (size_t i = 0; i < n->record_count; i++)
            if (n->records[i].type == TRANSACTION_HOLD && n->records[i].open &&
                n->records[i].ends < best)
                best = n->records[i].ends, which = i, kind = 2;
        if (best > now)
            break;
        /* The time at which it happens decides which lots have ended by then. */
        if (best > n->now)
            n->now = best;
        if (kind == 1)
            naive_activate(n, which, true);
        else
            naive_release(n, &n->records[which], 0);
    }
    n->now = now;
}

static inline struct naive_record *naive_find(struct naive *n, uint64_t index,
                                              enum transaction_type type)
{
    for (size_t i = 0; i < n->record_count; i++)
        if (n->records[i].index == index && n->records[i].type == type)
            return &n->records[i];
    REQUIRE(!"an accepted transaction refers to a record that exists");
    return NULL;
}

static inline struct naive_record *naive_record_add(struct naive *n, uint64_t index,
                                                    enum transaction_type type, uint16_t partner,
                                                    uint32_t member)
{
    REQUIRE(n->record_count < NAIVE_RECORDS);
    struct naive_record *record = &n->records[n->record_count++];
    *record =
        (struct naive_record){.index = index, .type = type, .partner = partner, .member = member};
    return record;
}

/* ---- transactions -------------------------------------------------------------------------------
 */

static inline void naive_earn(struct naive *n, uint64_t index, uint16_t writer,
                              const struct transaction *t)
{
    uint32_t member = naive_member(&t->body.earn.member);
    struct naive_record *record = naive_record_add(n, index, TRANSACTION_EARN, writer, member);
    size_t first = n->lot_count;
    record->eligible = (int64_t)t->body.earn.eligible;
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *given = &t->body.earn.lots[i];
        struct naive_lot lot = {.member = member,
                                .issuer = {writer},
                                .split = given->split,
                                .earn = (int64_t)index,
                                .own = true,
                                .activates = given->activates_ms ? given->activates_ms : n->now,
                                .expires = given->expires_ms,
                                .quantity = given->quantity.v};
        if (lot.split.count == 0)
            lot.split = (struct funding_split){1, {{{writer}, BASIS_POINTS}}};
        if (t->body.earn.eligible == 0)
            record->eligible += lot.quantity;
        *(lot.activates > n->now ? &lot.pending : &lot.remaining) = lot.quantity;
        naive_lot_add(n, lot);
    }
    for (size_t i = first; i < n->lot_count; i++)
        if (n->lots[i].pending == 0)
            naive_activate(n, i, true);
}

/* Books parts as spent at `writer`. */
static inline void naive_spend(struct naive *n, struct naive_record *record)
{
    for (size_t i = 0; i < record->part_count; i++) {
        size_t lot = record->parts[i].lot;
        n->lots[lot].spent += record->parts[i].points;
        naive_owe(n, lot, record->partner, record->parts[i].points,
                  n->charter->rates.reimbursement.v);
        if (record->partner != n->charter->operator_id.v)
            n->owed[record->partner][n->charter->operator_id.v] +=
                (__int128)record->parts[i].points * n->charter->rates.redemption_fee.v *
                BASIS_POINTS;
    }
}

static inline int64_t naive_asked(const struct naive *n, struct points points, struct micro amount)
{
    int64_t face = n->charter->rates.face.v;
    return points.v ? points.v : (amount.v + face - 1) / face;
}

static inline void naive_commit(struct naive *n, uint64_t index, const struct transaction *t)
{
    struct naive_record *hold = naive_find(n, t->body.commit.hold.v, TRANSACTION_HOLD);
    struct naive_record *spent =
        naive_record_add(n, index, TRANSACTION_REDEEM, hold->partner, hold->member);
    int64_t points = t->body.commit.points.v, left;
    if (points == 0)
        for (size_t i = 0; i < hold->part_count; i++)
            points += hold->parts[i].points;
    left = points;
    for (size_t i = 0; i < hold->part_count && left > 0; i++) {
        int64_t part = hold->parts[i].points < left ? hold->parts[i].points : left;
        left -= part;
        n->lots[hold->parts[i].lot].held -= part;
        spent->parts[spent->part_count++] = (struct naive_part){hold->parts[i].lot, part};
    }
    naive_spend(n, spent);
    naive_release(n, hold, points);
}

static inline void naive_unredeem(struct naive *n, const struct transaction *t)
{
    struct naive_record *spent =
        naive_find(n, t->body.reverse_redeem.redemption.v, TRANSACTION_REDEEM);
    int64_t points = t->body.reverse_redeem.points.v;
    for (size_t i = spent->part_count; i > 0 && points > 0; i--) {
        struct naive_part *part = &spent->parts[i - 1];
        int64_t back = part->points < points ? part->points : points;
        if (back == 0)
            continue;
        part->points -= back;
        points -= back;
        naive_owe(n, part->lot, spent->partner, -back, n->charter->rates.reimbursement.v);
        if (spent->partner != n->charter->operator_id.v)
            n->owed[spent->partner][n->charter->operator_id.v] -=
                (__int128)back * n->charter->rates.redemption_fee.v * BASIS_POINTS;
        naive_back(n, part->lot, false, back);
    }
    REQUIRE(points == 0);
}

static inline int64_t naive_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What each lot of the earn is asked for: by remainder over what it has left, then by number. */
static inline void naive_spread(const struct naive *n, const struct naive_record *earn,
                                int64_t asked[NAIVE_LOTS])
{
    __int128 total = 0, already = 0, rest[EARN_LOTS_MAX];
    size_t lots[EARN_LOTS_MAX], count = 0;
    for (size_t i = 0; i < n->lot_count; i++)
        if (n->lots[i].own && n->lots[i].earn == (int64_t)earn->index) {
            total += n->lots[i].quantity;
            already += n->lots[i].reversed;
            lots[count++] = i;
        }
    __int128 target =
        (2 * total * earn->refunded + earn->eligible) / (2 * (__int128)earn->eligible);
    __int128 delta = target - already, left = delta;
    for (size_t i = 0; i < count; i++) {
        __int128 weight = n->lots[lots[i]].quantity - n->lots[lots[i]].reversed;
        asked[lots[i]] = total > already ? (int64_t)(delta * weight / (total - already)) : 0;
        rest[i] = total > already ? delta * weight % (total - already) : 0;
        left -= asked[lots[i]];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            if (rest[i] > rest[best])
                best = i;
        asked[lots[best]]++;
        rest[best] = -1;
    }
}

static inline void naive_refund(struct naive *n, const struct transaction *t)
{
    static int64_t asked[NAIVE_LOTS], rest[NAIVE_LOTS];
    struct naive_record *earn = naive_find(n, t->body.reverse_earn.earn.v, TRANSACTION_EARN);
    enum reversal_policy policy = n->charter->policy.reversal;
    int64_t claims[NAIVE_PARTNERS] = {0};
    memset(asked, 0, sizeof(asked));
    memset(rest, 0, sizeof(rest));
    earn->refunded += (int64_t)t->body.reverse_earn.refunded;
    naive_spread(n, earn, asked);
    int64_t missing = 0;
    for (size_t i = 0; i < n->lot_count; i++) {
        struct naive_lot *lot = &n->lots[i];
        if (asked[i] == 0)
            continue;
        bool ended = naive_ended(n, lot);
        int64_t left = asked[i];
        int64_t counted =
            naive_min(left, lot->expired + (ended ? lot->remaining : 0) - lot->counted);
        left -= counted;
        int64_t pending = naive_min(left, lot->pending);
        left -= pending;
        int64_t own =
            ended || policy == REVERSAL_ONLY_PENDING ? 0 : naive_min(left, lot->remaining);
        lot->reversed += asked[i];
        lot->counted += counted;
        lot->pending -= pending;
        lot->remaining -= own;
        naive_fee(n, i, -own);
        rest[i] = left - own;
        missing += rest[i];
    }
    struct naive_part parts[NAIVE_PARTS];
    size_t part_count =
        policy == REVERSAL_ONLY_PENDING ? 0 : naive_take(n, earn->member, missing, -1, parts);
    int64_t met = 0;
    for (size_t i = 0; i < part_count; i++)
        met += parts[i].points;
    int64_t room = n->charter->policy.deficit_max.v - naive_deficit(n, earn->member);
    if (policy == REVERSAL_UNLIMITED && room > 0)
        met += naive_min(room, missing - met);
    for (size_t i = 0; i < n->lot_count; i++) {
        struct naive_lot *lot = &n->lots[i];
        int64_t claimed = naive_min(rest[i], met), shares[SPLIT_MAX];
        if (rest[i] == 0)
            continue;
        met -= claimed;
        lot->waived += rest[i] - claimed;
        naive_fee(n, i, -claimed);
        naive_shares(n, &lot->split, claimed, shares);
        for (size_t j = 0; j < lot->split.count; j++)
            claims[lot->split.funders[j].partner.v] += shares[j];
    }
    size_t part = 0;
    for (size_t done = 0; done < n->charter->partner_count; done++) {
        size_t who = NAIVE_PARTNERS;
        for (size_t i = 0; i < n->charter->partner_count; i++)
            if (claims[i] > 0 &&
                (who == NAIVE_PARTNERS ||
                 strcmp(n->charter->partners[i].name, n->charter->partners[who].name) < 0))
                who = i;
        if (who == NAIVE_PARTNERS)
            break;
        while (claims[who] > 0 && part < part_count) {
            int64_t points = naive_min(claims[who], parts[part].points);
            naive_owe(n, parts[part].lot, (uint16_t)who, points, n->charter->rates.reimbursement.v);
            claims[who] -= points;
            parts[part].points -= points;
            part += parts[part].points == 0;
        }
        if (claims[who] > 0) {
            REQUIRE(n->deficit_count < NAIVE_RECORDS);
            n->deficits[n->deficit_count++] =
                (struct naive_deficit){earn->member, (uint16_t)who, claims[who]};
        }
        claims[who] = 0;
    }
}

static inline void naive_transfer(struct naive *n, const struct transaction *t)
{
    struct naive_part parts[NAIVE_PARTS];
    size_t count =
        naive_take(n, naive_member(&t->body.transfer.from), t->body.transfer.points.v, -1, parts);
    for (size_t i = 0; i < count; i++) {
        struct naive_lot child = {.member = naive_member(&t->body.transfer.to),
                                  .issuer = n->lots[parts[i].lot].issuer,
                                  .split = n->lots[parts[i].lot].split,
                                  .earn = -1,
                                  .activates = n->lots[parts[i].lot].activates,
                                  .expires = n->lots[parts[i].lot].expires,
                                  .quantity = parts[i].points,
                                  .remaining = parts[i].points};
        naive_activate(n, naive_lot_add(n, child), false);
    }
}

static inline void naive_adjust(struct naive *n, uint16_t writer, const struct transaction *t)
{
    struct naive_part parts[NAIVE_PARTS];
    uint32_t member = naive_member(&t->body.adjust.member);
    int64_t delta = t->body.adjust.delta.v;
    if (delta < 0) {
        (void)naive_take(n, member, -delta, writer, parts);
        return;
    }
    struct naive_lot lot = {.member = member,
                            .issuer = {writer},
                            .split = {1, {{{writer}, BASIS_POINTS}}},
                            .earn = -1,
                            .activates = n->now,
                            .expires = t->body.adjust.expires_ms,
                            .quantity = delta,
                            .remaining = delta};
    naive_activate(n, naive_lot_add(n, lot), true);
}

/* Checks that a spend was judged by the balance, and follows it. */
static inline void naive_consume(struct naive *n, uint64_t index, uint16_t writer,
                                 const struct transaction *t, enum verdict verdict)
{
    bool hold = t->type == TRANSACTION_HOLD;
    uint32_t member = naive_member(hold ? &t->body.hold.member : &t->body.redeem.member);
    int64_t points = hold ? naive_asked(n, t->body.hold.points, t->body.hold.amount)
                          : naive_asked(n, t->body.redeem.points, t->body.redeem.amount);
    if (verdict == VERDICT_INSUFFICIENT)
        CHECK(naive_spendable(n, member) < points);
    if (verdict != VERDICT_ACCEPTED)
        return;
    CHECK(naive_spendable(n, member) >= points);
    struct naive_record *record =
        naive_record_add(n, index, hold ? TRANSACTION_HOLD : TRANSACTION_REDEEM, writer, member);
    record->part_count = naive_take(n, member, points, -1, record->parts);
    if (!hold) {
        naive_spend(n, record);
        return;
    }
    uint64_t ttl = t->body.hold.ttl_ms;
    record->open = true;
    record->ends = n->now + (ttl ? ttl : n->charter->policy.hold_default_ms);
    for (size_t i = 0; i < record->part_count; i++)
        n->lots[record->parts[i].lot].held += record->parts[i].points;
}

static inline void naive_apply(struct naive *n, uint64_t index, uint16_t writer,
                               const struct transaction *t, enum verdict verdict)
{
    if (t->type == TRANSACTION_HOLD || t->type == TRANSACTION_REDEEM) {
        naive_consume(n, index, writer, t, verdict);
        return;
    }
    if (verdict != VERDICT_ACCEPTED)
        return;
    switch (t->type) {
    case TRANSACTION_EARN:
        naive_earn(n, index, writer, t);
        return;
    case TRANSACTION_ACTIVATE:
        for (size_t i = 0; i < n->lot_count; i++)
            if (n->lots[i].own && n->lots[i].earn == (int64_t)t->body.activate.earn.v &&
                n->lots[i].pending > 0) {
                n->lots[i].activates = n->now;
                naive_activate(n, i, true);
            }
        return;
    case TRANSACTION_COMMIT:
        naive_commit(n, index, t);
        return;
    case TRANSACTION_RELEASE:
        naive_release(n, naive_find(n, t->body.release.hold.v, TRANSACTION_HOLD), 0);
        return;
    case TRANSACTION_REVERSE_EARN:
        naive_refund(n, t);
        return;
    case TRANSACTION_REVERSE_REDEEM:
        naive_unredeem(n, t);
        return;
    case TRANSACTION_EXPIRE:
        for (size_t i = 0; i < t->body.expire.lot_count; i++) {
            struct naive_lot *lot = &n->lots[t->body.expire.lots[i].v - 1];
            lot->expired += lot->remaining;
            lot->remaining = 0;
        }
        return;
    case TRANSACTION_ADJUST:
        naive_adjust(n, writer, t);
        return;
    case TRANSACTION_TRANSFER:
        naive_transfer(n, t);
        return;
    case TRANSACTION_ENROL:
    case TRANSACTION_CARD_LINK:
    case TRANSACTION_CLOCK:
    case TRANSACTION_HOLD:
    case TRANSACTION_REDEEM:
        return;
    }
}

#endif
