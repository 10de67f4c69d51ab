/* Lots, and what moving their points makes partners owe each other. */
#include "node/naive_parts.h"

#include <stdlib.h>
#include <string.h>

bool naive_ended(const struct naive *n, const struct naive_lot *lot)
{
    return lot->expires_ms != 0 && lot->expires_ms <= n->now_ms;
}

/* ---- effects --------------------------------------------------------------------------------- */

/* Bytes of a number in CBOR. */
static size_t number_bytes(uint64_t value)
{
    return value < 24            ? 1
           : value <= UINT8_MAX  ? 2
           : value <= UINT16_MAX ? 3
           : value <= UINT32_MAX ? 5
                                 : 9;
}

static size_t signed_bytes(int64_t value)
{
    return number_bytes(value < 0 ? (uint64_t)(-1 - value) : (uint64_t)value);
}

static size_t effect_bytes(const struct effect *e)
{
    switch (e->kind) {
    case EFFECT_LOT:
        return 2 + number_bytes(e->lot.v) + signed_bytes(e->amount);
    case EFFECT_MOVE:
        return 4 + number_bytes(e->lot.v) + signed_bytes(e->amount);
    case EFFECT_OBLIGATION:
        return 3 + number_bytes(e->partner.v) + number_bytes(e->creditor.v) +
               number_bytes(e->tariff) + signed_bytes(e->amount);
    case EFFECT_DEFICIT:
        return 2 + number_bytes(e->partner.v) + signed_bytes(e->amount);
    case EFFECT_WAIVED:
        return 2 + signed_bytes(e->amount);
    case EFFECT_FIRST:
        return 2 + number_bytes(e->first.v);
    case EFFECT_AMENDED:
    case EFFECT_LAPSED:
        return 3 + number_bytes(e->what) + number_bytes(e->height);
    }
    return 0;
}

static void effect_put(struct naive *n, size_t at, const struct effect *effect)
{
    n->effects = (struct effect *)array_grow(n->effects, &n->effect_capacity, n->effect_count + 1,
                                             sizeof(*n->effects));
    memmove(n->effects + at + 1, n->effects + at, (n->effect_count - at) * sizeof(*effect));
    n->effects[at] = *effect;
    n->effect_count++;
}

/* Obligations of the item stay behind all else, so that their sums are found by looking. */
void naive_effect(struct naive *n, struct effect effect)
{
    effect_put(n, n->first_obligation++, &effect);
    n->bytes += effect_bytes(&effect);
    n->item_bytes += effect_bytes(&effect);
}

void naive_owe_amount(struct naive *n, uint16_t debtor, uint16_t creditor, int64_t amount,
                      enum line_class line_class, uint8_t tariff)
{
    if (debtor == creditor || amount == 0)
        return;
    *naive_owed_cell(n, debtor, creditor, line_class, tariff) += amount;
    for (size_t i = n->first_obligation; i < n->effect_count; i++) {
        struct effect *known = &n->effects[i];
        if (known->partner.v == debtor && known->creditor.v == creditor &&
            known->line_class == line_class && known->tariff == tariff) {
            known->amount += amount;
            return;
        }
    }
    struct effect effect = {.kind = EFFECT_OBLIGATION,
                            .partner = {debtor},
                            .creditor = {creditor},
                            .line_class = line_class,
                            .tariff = tariff,
                            .amount = amount};
    effect_put(n, n->effect_count, &effect);
}

void naive_end_item(struct naive *n)
{
    size_t kept = n->first_obligation;
    for (size_t i = kept; i < n->effect_count; i++) {
        if (n->effects[i].amount == 0)
            continue;
        n->bytes += effect_bytes(&n->effects[i]);
        n->effects[kept++] = n->effects[i];
    }
    n->effect_count = n->first_obligation = kept;
    n->item_bytes = n->rest_bytes = 0;
}

void naive_owe(struct naive *n, uint32_t lot, uint16_t creditor, int64_t points,
               enum line_class line_class)
{
    const struct funding_split split = n->lots[lot].split;
    for (size_t i = 0; i < split.count; i++) {
        struct naive_price price =
            naive_price_of(n, split.funders[i].partner.v, creditor, n->lots[lot].epoch);
        naive_owe_amount(n, split.funders[i].partner.v, creditor,
                         points * price.reimbursement * split.funders[i].bp, line_class,
                         price.tariff);
    }
}

void naive_take_back(struct naive *n, const struct naive_spend *redemption, uint32_t lot,
                     int64_t points)
{
    const struct funding_split split = n->lots[lot].split;
    for (size_t i = 0; i < split.count; i++) {
        struct naive_price price =
            naive_price_of(n, split.funders[i].partner.v, redemption->partner, n->lots[lot].epoch);
        const struct disputed_line line = {.record = {redemption->record},
                                           .debtor = split.funders[i].partner,
                                           .creditor = {redemption->partner},
                                           .line_class = LINE_REDEMPTION,
                                           .tariff = price.tariff};
        __int128 amount = -(__int128)points * price.reimbursement * split.funders[i].bp;
        naive_owe_amount(n, line.debtor.v, line.creditor.v, (int64_t)naive_stands(n, &line, amount),
                         LINE_REDEMPTION_CONTRA, line.tariff);
    }
    naive_flow(n, &n->lots[lot], redemption->partner, -points);
}

void naive_issue_fee(struct naive *n, uint32_t lot, int64_t points)
{
    const struct funding_split split = n->lots[lot].split;
    for (size_t i = 0; i < split.count && n->rules.operator_number >= 0; i++) {
        struct naive_fees fees = naive_fees_of(n, split.funders[i].partner.v, n->lots[lot].epoch);
        naive_owe_amount(n, split.funders[i].partner.v, (uint16_t)n->rules.operator_number,
                         points * fees.issue * split.funders[i].bp, LINE_ISSUE_FEE, fees.tariff);
    }
}

void naive_redemption_fee(struct naive *n, const struct naive_spend *redemption, int64_t points)
{
    if (n->rules.operator_number < 0)
        return;
    struct naive_fees fees = naive_fees_of(n, redemption->partner, redemption->epoch);
    naive_owe_amount(n, redemption->partner, (uint16_t)n->rules.operator_number,
                     points * fees.redemption * BASIS_POINTS, LINE_REDEMPTION_FEE, fees.tariff);
}

void naive_fee_back(struct naive *n, const struct naive_spend *redemption, int64_t points)
{
    if (n->rules.operator_number < 0)
        return;
    struct naive_fees fees = naive_fees_of(n, redemption->partner, redemption->epoch);
    const struct disputed_line line = {.record = {redemption->record},
                                       .debtor = {redemption->partner},
                                       .creditor = {(uint16_t)n->rules.operator_number},
                                       .line_class = LINE_REDEMPTION_FEE,
                                       .tariff = fees.tariff};
    __int128 amount = -(__int128)points * fees.redemption * BASIS_POINTS;
    naive_owe_amount(n, line.debtor.v, line.creditor.v, (int64_t)naive_stands(n, &line, amount),
                     LINE_REDEMPTION_FEE, line.tariff);
}

/* ---- lots ------------------------------------------------------------------------------------ */

void naive_move(struct naive *n, uint32_t lot, enum pool from, enum pool to, int64_t points)
{
    if (points == 0)
        return;
    n->lots[lot].pools[from] -= points;
    n->lots[lot].pools[to] += points;
    naive_effect(n, (struct effect){.kind = EFFECT_MOVE,
                                    .lot = {(uint64_t)lot + 1},
                                    .from = from,
                                    .to = to,
                                    .amount = points});
}

uint32_t naive_lot_add(struct naive *n, const struct naive_lot *lot)
{
    n->lots = (struct naive_lot *)array_grow(n->lots, &n->lot_capacity, n->lot_count + 1,
                                             sizeof(*n->lots));
    uint32_t id = (uint32_t)n->lot_count++;
    struct naive_member *member = &n->members[lot->member];
    n->lots[id] = *lot;
    n->lots[id].pools[lot->activates_ms > n->now_ms ? POOL_PENDING : POOL_REMAINING] =
        lot->quantity;
    member->lots = (uint32_t *)array_grow(member->lots, &member->lot_capacity,
                                          member->lot_count + 1, sizeof(*member->lots));
    member->lots[member->lot_count++] = id;
    if (n->lots[id].pools[POOL_PENDING] > 0)
        naive_list_add(&n->pending, id);
    naive_effect(
        n, (struct effect){.kind = EFFECT_LOT, .lot = {(uint64_t)id + 1}, .amount = lot->quantity});
    return id;
}

/* Whole points by share: floors, then one each by remainder, then by name. */
void naive_shares(const struct naive *n, const struct funding_split *split, int64_t points,
                  int64_t shares_out[SPLIT_MAX])
{
    int64_t left = points, rest[SPLIT_MAX] = {0};
    for (size_t i = 0; i < split->count; i++) {
        shares_out[i] = points * split->funders[i].bp / BASIS_POINTS;
        rest[i] = points * split->funders[i].bp % BASIS_POINTS;
        left -= shares_out[i];
    }
    for (; left > 0; left--) {
        size_t best = 0;
        for (size_t i = 1; i < split->count; i++)
            if (rest[i] > rest[best] ||
                (rest[i] == rest[best] &&
                 strcmp(n->rules.partners[split->funders[i].partner.v],
                        n->rules.partners[split->funders[best].partner.v]) < 0))
                best = i;
        shares_out[best]++;
        rest[best] = -1;
    }
}

/* ---- deficits -------------------------------------------------------------------------------- */

int64_t naive_deficit(const struct naive *n, uint32_t member)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->members[member].deficit_count; i++)
        sum += n->members[member].deficits[i].points;
    return sum;
}

int64_t naive_spendable(const struct naive *n, uint32_t member)
{
    const struct naive_member *who = &n->members[member];
    int64_t sum = -naive_deficit(n, member);
    for (size_t i = 0; i < who->lot_count; i++)
        if (!naive_ended(n, &n->lots[who->lots[i]]))
            sum += n->lots[who->lots[i]].pools[POOL_REMAINING];
    return sum;
}

int64_t naive_cover(struct naive *n, uint32_t lot, enum pool from, int64_t points)
{
    struct naive_member *member = &n->members[n->lots[lot].member];
    int64_t covered = 0;
    size_t closed = 0;
    while (closed < member->deficit_count && covered < points) {
        struct naive_deficit *deficit = &member->deficits[closed];
        int64_t part = deficit->points < points - covered ? deficit->points : points - covered;
        deficit->points -= part;
        covered += part;
        naive_effect(n, (struct effect){.kind = EFFECT_DEFICIT,
                                        .partner = {deficit->claimant},
                                        .amount = -part});
        naive_owe(n, lot, deficit->claimant, part, LINE_CLAW_BACK);
        closed += deficit->points == 0;
    }
    member->deficit_count -= closed;
    if (closed > 0)
        memmove(member->deficits, member->deficits + closed,
                member->deficit_count * sizeof(*member->deficits));
    naive_move(n, lot, from, POOL_CLAWED_BACK, covered);
    return points - covered;
}

void naive_arrive(struct naive *n, uint32_t lot, bool fee)
{
    int64_t active = n->lots[lot].pools[POOL_REMAINING];
    if (active > 0 && fee)
        naive_issue_fee(n, lot, active);
    if (active > 0 && !naive_ended(n, &n->lots[lot]))
        (void)naive_cover(n, lot, POOL_REMAINING, active);
}

void naive_activate(struct naive *n, uint32_t lot)
{
    naive_move(n, lot, POOL_PENDING, POOL_REMAINING, n->lots[lot].pools[POOL_PENDING]);
    naive_arrive(n, lot, true);
}

/* ---- what comes back ------------------------------------------------------------------------- */

/* What was waived on `noted` comes first (4.2); other funders than the paying lot's are owed. */
static int64_t cover_waived(struct naive *n, uint32_t noted, uint32_t paying, int64_t points)
{
    struct naive_lot *lot = &n->lots[noted];
    int64_t part = lot->waived < points ? lot->waived : points, shares[SPLIT_MAX] = {0};
    if (part == 0)
        return 0;
    if (noted != paying) {
        naive_shares(n, &lot->split, part, shares);
        for (size_t i = 0; i < lot->split.count; i++)
            naive_owe(n, paying, lot->split.funders[i].partner.v, shares[i], LINE_CLAW_BACK);
    }
    lot->waived -= part;
    naive_issue_fee(n, noted, -part);
    naive_effect(n, (struct effect){.kind = EFFECT_WAIVED, .amount = -part});
    return part;
}

static size_t written(const struct naive *n)
{
    return n->item_bytes + (n->effect_count - n->first_obligation) * NAIVE_OBLIGATION_BYTES;
}

/* A rest may add a claim of each of its funders on each payer, and a fee of each. */
static bool room_for_rest(const struct naive *n)
{
    size_t most =
        NAIVE_WAIVED_BYTES + (size_t)(SPLIT_MAX * SPLIT_MAX + SPLIT_MAX) * NAIVE_OBLIGATION_BYTES;
    return n->rest_bytes + most <= NAIVE_RESTS_MAX;
}

static int64_t waived_of_earn(struct naive *n, uint32_t paying, int64_t points)
{
    if (n->lots[paying].earn == NAIVE_NONE)
        return 0;
    const struct naive_earn *earn = &n->earns[n->lots[paying].earn];
    int64_t covered = cover_waived(n, paying, paying, points);
    for (uint32_t i = 0; i < earn->lot_count && covered < points; i++) {
        uint32_t noted = earn->first_lot + i;
        if (noted == paying || n->lots[noted].waived == 0)
            continue;
        if (!room_for_rest(n))
            break;
        size_t before = written(n);
        covered += cover_waived(n, noted, paying, points - covered);
        n->rest_bytes += written(n) - before;
    }
    return covered;
}

void naive_give_back(struct naive *n, uint32_t lot, enum pool from, int64_t points)
{
    int64_t covered = waived_of_earn(n, lot, points);
    naive_move(n, lot, from, POOL_CLAWED_BACK, covered);
    points = naive_cover(n, lot, from, points - covered);
    if (points == 0)
        return;
    if (!naive_ended(n, &n->lots[lot])) {
        naive_move(n, lot, from, POOL_REMAINING, points);
    } else if (from == POOL_HELD) {
        naive_move(n, lot, from, POOL_EXPIRED, points);
    } else {
        naive_move(n, lot, from, POOL_TRANSFERRED, points);
        const struct naive_lot *parent = &n->lots[lot];
        struct naive_lot child = {.member = parent->member,
                                  .earn = parent->earn,
                                  .issuer = parent->issuer,
                                  .epoch = parent->epoch,
                                  .split = parent->split,
                                  .activates_ms = parent->activates_ms,
                                  .expires_ms = naive_day_end(n, n->now_ms, n->rules.grace_days),
                                  .quantity = points,
                                  .vintage = parent->vintage};
        (void)naive_lot_add(n, &child);
    }
}

/* ---- plans ----------------------------------------------------------------------------------- */

/* Soonest end first, none last; then the earliest activation; then the number. */
static bool comes_before(const struct naive_lot *a, uint32_t a_id, const struct naive_lot *b,
                         uint32_t b_id)
{
    uint64_t a_ends = a->expires_ms ? a->expires_ms : UINT64_MAX;
    uint64_t b_ends = b->expires_ms ? b->expires_ms : UINT64_MAX;
    if (a_ends != b_ends)
        return a_ends < b_ends;
    if (a->activates_ms != b->activates_ms)
        return a->activates_ms < b->activates_ms;
    return a_id < b_id;
}

/* Among those that come after the one planned last. */
static uint32_t next_lot(const struct naive *n, uint32_t member, int only_funder)
{
    const struct naive_member *who = &n->members[member];
    uint32_t best = NAIVE_NONE, last = n->plan_count ? n->plan[n->plan_count - 1].lot : NAIVE_NONE;
    for (size_t i = 0; i < who->lot_count; i++) {
        uint32_t id = who->lots[i];
        const struct naive_lot *lot = &n->lots[id];
        if (lot->pools[POOL_REMAINING] == 0 || naive_ended(n, lot) ||
            (last != NAIVE_NONE && !comes_before(&n->lots[last], last, lot, id)))
            continue;
        if (only_funder >= 0 &&
            (lot->split.count != 1 || lot->split.funders[0].partner.v != only_funder))
            continue;
        if (best == NAIVE_NONE || comes_before(lot, id, &n->lots[best], best))
            best = id;
    }
    return best;
}

void naive_plan_add(struct naive *n, uint32_t lot, int64_t points)
{
    n->plan = (struct naive_part *)array_grow(n->plan, &n->plan_capacity, n->plan_count + 1,
                                              sizeof(*n->plan));
    n->plan[n->plan_count++] = (struct naive_part){.lot = lot, .points = points};
    n->plan_points += points;
}

void naive_plan(struct naive *n, uint32_t member, int64_t points, int only_funder)
{
    n->plan_count = 0;
    n->plan_points = 0;
    while (n->plan_points < points && n->plan_count <= n->rules.allocations) {
        uint32_t lot = next_lot(n, member, only_funder);
        if (lot == NAIVE_NONE)
            return;
        int64_t left = points - n->plan_points, remaining = n->lots[lot].pools[POOL_REMAINING];
        naive_plan_add(n, lot, remaining < left ? remaining : left);
    }
}

enum verdict naive_plan_amount(struct naive *n, uint32_t member, uint16_t redeemer, int64_t amount)
{
    __int128 left = (__int128)amount * BASIS_POINTS;
    char currency[CURRENCY_SIZE] = "";
    n->plan_count = 0;
    n->plan_points = 0;
    while (left > 0) {
        uint32_t lot = next_lot(n, member, -1);
        __int128 worth = 0;
        if (lot == NAIVE_NONE)
            return VERDICT_INSUFFICIENT;
        if (n->plan_count == n->rules.allocations)
            return VERDICT_TOO_MANY_ALLOCATIONS;
        enum verdict verdict = naive_worth(n, &n->lots[lot], redeemer, currency, &worth);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
        __int128 needed = (left + worth - 1) / worth;
        int64_t remaining = n->lots[lot].pools[POOL_REMAINING];
        naive_plan_add(n, lot, needed < remaining ? (int64_t)needed : remaining);
        left -= worth * n->plan[n->plan_count - 1].points;
    }
    if (n->plan_points > naive_spendable(n, member))
        return VERDICT_INSUFFICIENT;
    return n->plan_points > POINTS_PER_RECORD_MAX ? VERDICT_BAD_QUANTITY : VERDICT_ACCEPTED;
}

struct payer {
    uint16_t partner;
    uint32_t epoch;
};

/* Adds the funders of a lot to those that are there, each once an epoch. */
static size_t payers_add(struct payer *payers, size_t count, const struct naive_lot *lot)
{
    for (size_t i = 0; i < lot->split.count; i++) {
        struct payer own = {lot->split.funders[i].partner.v, lot->epoch};
        size_t at = 0;
        while (at < count && (payers[at].partner != own.partner || payers[at].epoch != own.epoch))
            at++;
        payers[at] = own;
        count += at == count;
    }
    return count;
}

/* At most so many lots, and effects that a record has room for: for the lots of an epoch a funder
 * owes each of `owed` partners, and with `claims` each piece of a lot goes to one of them. */
bool naive_plan_fits(const struct naive *n, size_t per_lot, size_t owed, size_t claims)
{
    size_t funders = 0, apart = 0;
    for (size_t i = 0; i < n->plan_count; i++)
        funders += n->lots[n->plan[i].lot].split.count;
    struct payer *payers = allocate(funders + 1, sizeof(*payers));
    for (size_t i = 0; i < n->plan_count; i++)
        apart = payers_add(payers, apart, &n->lots[n->plan[i].lot]);
    free(payers);
    size_t pairs = apart * claims, pieces = funders + claims * SPLIT_MAX;
    size_t lines = apart * owed + (pairs < pieces ? pairs : pieces);
    return n->plan_count <= n->rules.allocations &&
           n->plan_count * per_lot + lines * NAIVE_OBLIGATION_BYTES <= NAIVE_PLAN_MAX;
}
