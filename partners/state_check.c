/* Everything recomputed from the lots and the allocations, and compared: slow, for the simulator
 * and the auditor. What it recomputes from is what nothing else is allowed to lose. */
#include "partners/defaults.h"
#include "partners/period_calendar.h"
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

struct checker {
    const struct state *state;
    struct error *error;
    struct tally total, *issuers, *funders;
    struct member *members;              /* only the sums are used */
    uint32_t *held, *spent;              /* a lot, from the allocations */
    __int128 *redeemed, *held_at;        /* [funder * partners + redeemer] */
    __int128 *outstanding;               /* by partner */
    struct micro *prices;                /* by partner */
    struct joint_used *joint, *promoted; /* by joint funding, by promotion */
    struct cohort *cohorts;              /* only the sums are used */
    int64_t reversed, waived, expired_counted;
};

static bool differs(const struct checker *checker, const char *what, uint64_t where)
{
    return error_set(checker->error, ERROR_CORRUPT, "state: %s do not add up (at %llu)", what,
                     (unsigned long long)where);
}

static void checker_init(struct checker *checker, const struct state *state, struct error *error)
{
    size_t partners = state->charter->partner_count;
    *checker = (struct checker){.state = state, .error = error};
    checker->issuers = allocate(partners, sizeof(*checker->issuers));
    checker->funders = allocate(partners, sizeof(*checker->funders));
    checker->members = allocate(state->member_count + 1, sizeof(*checker->members));
    checker->held = allocate(state->lot_count + 1, sizeof(*checker->held));
    checker->spent = allocate(state->lot_count + 1, sizeof(*checker->spent));
    checker->redeemed = allocate(partners * partners, sizeof(*checker->redeemed));
    checker->held_at = allocate(partners * partners, sizeof(*checker->held_at));
    checker->outstanding = allocate(partners, sizeof(*checker->outstanding));
    checker->prices = allocate(partners, sizeof(*checker->prices));
    checker->cohorts = allocate(state->cohort_count + 1, sizeof(*checker->cohorts));
    checker->joint = allocate(state->charter->joint_funding_count + 1, sizeof(*checker->joint));
    checker->promoted = allocate(state->contracts.promotion_count + 1, sizeof(*checker->promoted));
}

static void checker_release(struct checker *checker)
{
    free(checker->issuers);
    free(checker->funders);
    free(checker->members);
    free(checker->held);
    free(checker->spent);
    free(checker->redeemed);
    free(checker->held_at);
    free(checker->outstanding);
    free(checker->prices);
    free(checker->joint);
    free(checker->cohorts);
    free(checker->promoted);
}

/* ---- allocations -------------------------------------------------------------------------------
 */

/* Points of a lot that stand for a debt, or may come to, of its funders to the redeemer. */
static void add_points(const struct checker *checker, __int128 *pairs, struct partner_id redeemer,
                       uint32_t lot, int64_t points)
{
    size_t partners = checker->state->charter->partner_count;
    const struct funding_split *split = &lot_terms(checker->state, lot)->split;
    for (size_t i = 0; i < split->count; i++)
        if (!partner_equal(split->funders[i].partner, redeemer))
            pairs[split->funders[i].partner.v * partners + redeemer.v] +=
                (__int128)points * split->funders[i].bp;
}

static bool add_holds(struct checker *checker)
{
    const struct state *state = checker->state;
    for (size_t i = 0; i < state->hold_count; i++) {
        const struct hold *hold = &state->holds[i];
        int64_t points = 0;
        for (uint32_t j = 0; j < hold->allocation_count; j++) {
            const struct allocation *part = &state->allocations[hold->first_allocation + j];
            points += part->quantity;
            if (hold->status != HOLD_OPEN)
                continue;
            checker->held[part->lot] += part->quantity;
            add_points(checker, checker->held_at, hold->redeemer, part->lot, part->quantity);
        }
        if (points != hold->points || hold->committed > points)
            return differs(checker, "allocations of a hold", hold->record);
    }
    return true;
}

static bool add_redemptions(struct checker *checker)
{
    const struct state *state = checker->state;
    for (size_t i = 0; i < state->redemption_count; i++) {
        const struct redemption *redemption = &state->redemptions[i];
        int64_t points = 0, returned = 0;
        for (uint32_t j = 0; j < redemption->allocation_count; j++) {
            const struct allocation *part = &state->allocations[redemption->first_allocation + j];
            if (part->returned > part->quantity)
                return differs(checker, "returned allocations", redemption->record);
            points += part->quantity;
            returned += part->returned;
            checker->spent[part->lot] += part->quantity - part->returned;
            add_points(checker, checker->redeemed, redemption->redeemer, part->lot,
                       (int64_t)part->quantity - part->returned);
        }
        if (points != redemption->points || returned != redemption->returned)
            return differs(checker, "allocations of a redemption", redemption->record);
    }
    return true;
}

/* ---- lots -------------------------------------------------------------------------------------
 */

static void tally_lot(struct tally *tally, const struct lot *lot, int64_t weight)
{
    tally->quantity += (__int128)lot->quantity * weight;
    for (size_t i = 0; i < POOL_COUNT; i++)
        tally->pools[i] += (__int128)lot->pools[i] * weight;
}

static bool lot_sound(const struct checker *checker, uint32_t id)
{
    const struct state *state = checker->state;
    const struct lot *lot = &state->lots[id];
    uint64_t sum = 0, standing = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += lot->pools[i];
    standing = (uint64_t)lot->pools[POOL_PENDING] + lot->pools[POOL_REMAINING];
    enum lot_list list = lot->ended ? (lot->pools[POOL_REMAINING] ? LIST_ENDED : LIST_NONE)
                         : standing + lot->pools[POOL_HELD] > 0 ? LIST_MEMBER
                                                                : LIST_NONE;
    return sum == lot->quantity && lot->pools[POOL_HELD] == checker->held[id] &&
           lot->pools[POOL_SPENT] == checker->spent[id] && lot->reversed <= lot->quantity &&
           lot->waived <= lot->reversed && lot->list == list &&
           lot->ended == (lot->expires_ms != 0 && lot->expires_ms <= state->now_ms) &&
           lot->expired_counted <=
               lot->pools[POOL_EXPIRED] + (lot->ended ? lot->pools[POOL_REMAINING] : 0);
}

static void add_joint(struct checker *checker, const struct lot *lot, const struct terms *terms)
{
    const struct charter *charter = checker->state->charter;
    const struct contracts *contracts = &checker->state->contracts;
    for (size_t j = 0; j < terms->split.count; j++) {
        const struct funder *funder = &terms->split.funders[j];
        __int128 share = (__int128)lot->quantity * funder->bp;
        for (size_t i = 0; i < charter->joint_funding_count; i++)
            if (partner_equal(charter->joint_funding[i].issuer, terms->issuer) &&
                partner_equal(charter->joint_funding[i].funder, funder->partner))
                checker->joint[i].points_bp += share;
        const struct promotion_version *version =
            promotion_in(contracts, terms->issuer, funder->partner, terms->epoch);
        if (version)
            checker->promoted[version - contracts->promotions].points_bp += share;
    }
}

/* Lots of a cohort are alike, but for the moment of their month at which they end. */
static bool add_cohort(struct checker *checker, const struct lot *lot)
{
    const struct state *state = checker->state;
    const struct cohort *cohort = &state->cohorts[lot->cohort];
    uint64_t *sums = checker->cohorts[lot->cohort].sums;
    uint32_t expires =
        lot->expires_ms ? month_at(state->charter, lot->expires_ms - 1) : MONTH_NEVER;
    if (expires != MONTH_NEVER && expires > cohort->vintage + EXPIRY_MONTHS_MAX)
        expires = cohort->vintage + EXPIRY_MONTHS_MAX;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sums[i] += lot->pools[i];
    sums[VINTAGE_ENDED] += lot->ended ? lot->pools[POOL_REMAINING] : 0;
    return cohort->terms == lot->terms && cohort->expires == expires &&
           (lot->earn == NOTHING ||
            cohort->vintage == lot_vintage(state, state->earns[lot->earn].first_lot));
}

static bool cohorts_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    for (size_t i = 0; i < state->cohort_count; i++)
        if (memcmp(checker->cohorts[i].sums, state->cohorts[i].sums,
                   sizeof(state->cohorts[i].sums)) != 0)
            return differs(checker, "points of a cohort", i);
    return true;
}

static bool add_lots(struct checker *checker)
{
    const struct state *state = checker->state;
    for (uint32_t id = 0; id < state->lot_count; id++) {
        const struct lot *lot = &state->lots[id];
        const struct terms *terms = lot_terms(state, id);
        struct member *member = &checker->members[lot->member];
        if (!lot_sound(checker, id))
            return differs(checker, "pools of a lot", (uint64_t)id + 1);
        if (!add_cohort(checker, lot))
            return differs(checker, "the cohort of a lot", (uint64_t)id + 1);
        tally_lot(&checker->total, lot, 1);
        tally_lot(&checker->issuers[terms->issuer.v], lot, 1);
        for (size_t i = 0; i < terms->split.count; i++)
            tally_lot(&checker->funders[terms->split.funders[i].partner.v], lot,
                      terms->split.funders[i].bp);
        for (size_t i = 0; i < terms->split.count; i++)
            checker->outstanding[terms->split.funders[i].partner.v] +=
                (__int128)exposure_of_lot(lot) * terms->split.funders[i].bp;
        member->pending += lot->pools[POOL_PENDING];
        member->held += lot->pools[POOL_HELD];
        *(lot->ended ? &member->ended : &member->remaining) += lot->pools[POOL_REMAINING];
        member->lot_count += lot->list == LIST_MEMBER;
        checker->reversed += lot->reversed;
        checker->waived += lot->waived;
        checker->expired_counted += lot->expired_counted;
        /* Children of expired lots carry their parent's earn, but no budget of their own. */
        if (lot->earn != NOTHING &&
            id - state->earns[lot->earn].first_lot < state->earns[lot->earn].lot_count)
            add_joint(checker, lot, terms);
    }
    return true;
}

/* ---- members ------------------------------------------------------------------------------------
 */

static bool in_order(const struct state *state, uint32_t a, uint32_t b)
{
    const struct lot *x = &state->lots[a], *y = &state->lots[b];
    uint64_t x_ends = x->expires_ms ? x->expires_ms : UINT64_MAX;
    uint64_t y_ends = y->expires_ms ? y->expires_ms : UINT64_MAX;
    if (x_ends != y_ends)
        return x_ends < y_ends;
    return x->activates_ms != y->activates_ms ? x->activates_ms < y->activates_ms : a < b;
}

static bool list_sound(const struct state *state, uint32_t place)
{
    const struct member *member = &state->members[place];
    uint32_t count = 0, previous = NOTHING;
    for (uint32_t id = member->first_lot; id != NOTHING; id = state->lots[id].next) {
        if (++count > member->lot_count || state->lots[id].member != place ||
            state->lots[id].previous != previous ||
            (previous != NOTHING && !in_order(state, previous, id)))
            return false;
        previous = id;
    }
    return count == member->lot_count && member->last_lot == previous;
}

static bool members_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    int64_t deficits = 0;
    for (uint32_t i = 0; i < state->member_count; i++) {
        const struct member *seen = &state->members[i], *sum = &checker->members[i];
        int64_t deficit = 0;
        for (uint32_t at = seen->first_deficit; at != NOTHING; at = state->deficits[at].next)
            deficit += state->deficits[at].points;
        deficits += deficit;
        if (seen->remaining != sum->remaining || seen->pending != sum->pending ||
            seen->held != sum->held || seen->ended != sum->ended ||
            seen->lot_count != sum->lot_count || seen->deficit != deficit ||
            (deficit > 0 && seen->remaining > 0) || seen->last.v >= state->next_index ||
            !list_sound(state, i))
            return differs(checker, "sums of a member", i);
    }
    return deficits == state->deficits_open || differs(checker, "open deficits", 0);
}

/* ---- money --------------------------------------------------------------------------------------
 */

static bool has_fees(const struct state *state, struct partner_id debtor,
                     struct partner_id creditor)
{
    for (size_t i = 0; i < state->contracts.tariff_count; i++)
        if (state_obligation(state, debtor, creditor, LINE_ISSUE_FEE, (uint8_t)i).v != 0 ||
            state_obligation(state, debtor, creditor, LINE_REDEMPTION_FEE, (uint8_t)i).v != 0)
            return true;
    return false;
}

static bool money_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    size_t partners = state->charter->partner_count;
    for (size_t i = 0; i < partners; i++)
        for (size_t j = 0; j < partners; j++) {
            struct partner_id debtor = {(uint16_t)i}, creditor = {(uint16_t)j};
            struct redeemed_cell cell = obligations_redeemed(&state->obligations, debtor, creditor);
            if (checker->redeemed[i * partners + j] != cell.points_bp)
                return differs(checker, "redeemed points", i * partners + j);
            if (checker->held_at[i * partners + j] != cell.held_bp)
                return differs(checker, "points in holds", i * partners + j);
            if (has_fees(state, debtor, creditor) &&
                !(state->charter->has_operator &&
                  partner_equal(creditor, state->charter->operator_id)))
                return differs(checker, "fees", i * partners + j);
        }
    return money_adds_up(state) || differs(checker, "redemption obligations", 0);
}

static bool sums_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    size_t partners = state->charter->partner_count;
    if (memcmp(&checker->total, &state->total, sizeof(checker->total)) != 0 ||
        memcmp(checker->issuers, state->issuers, partners * sizeof(*checker->issuers)) != 0 ||
        memcmp(checker->funders, state->funders, partners * sizeof(*checker->funders)) != 0)
        return differs(checker, "totals", 0);
    /* Adjustments downwards are claw-backs without a lot that was reversed. */
    if (checker->waived != state->waived || checker->expired_counted != state->expired_counted ||
        checker->reversed > state->reversed ||
        state->total.pools[POOL_CLAWED_BACK] + state->expired_counted + state->deficits_open +
                state->waived !=
            state->reversed)
        return differs(checker, "reversals", 0);
    for (size_t i = 0; i < state->charter->joint_funding_count; i++)
        if (checker->joint[i].points_bp != state->joint_used[i].points_bp)
            return differs(checker, "joint budgets", i);
    for (size_t i = 0; i < state->contracts.promotion_count; i++)
        if (checker->promoted[i].points_bp != state->contracts.promotions[i].used_bp)
            return differs(checker, "budgets of promotions", i);
    return true;
}

/* Payments come to what is owed, whoever is in default. */
static bool payments_sound(const struct checker *checker)
{
    const struct periods *periods = &checker->state->periods;
    struct charter_line_rules rules;
    charter_line_rules(checker->state->charter, &rules);
    for (size_t i = 0; i < periods->count; i++)
        if (!defaults_sound(&periods->at[i]->period, &periods->at[i]->closed, &rules.rules))
            return differs(checker, "payments of a period", periods->at[i]->period.number);
    return true;
}

/* As an image would have them. */
static bool accounts_sound(const struct checker *checker)
{
    const struct payment_accounts *accounts = &checker->state->accounts;
    struct payment_accounts again = {.at = NULL};
    bool sound = true;
    for (size_t i = 0; i < accounts->count && sound; i++)
        sound = payment_accounts_add(&again, &accounts->at[i], checker->state->now_ms);
    sound = sound && again.waiting_count == accounts->waiting_count &&
            (again.waiting_count == 0 || again.next_ms == accounts->next_ms);
    payment_accounts_release(&again);
    return sound || differs(checker, "payment accounts", 0);
}

static bool risks_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    const struct charter_risk *rules = &state->charter->risk;
    exposure_prices(state, checker->prices);
    for (size_t i = 0; rules->on && state->started && i < state->charter->partner_count; i++) {
        const struct risk *risk = &state->risks[i];
        bool entered = risk->entry_exposure.v != 0 || risk->entry_collateral.v != 0;
        if (risk->outstanding_bp != checker->outstanding[i] ||
            risk->price.v != checker->prices[i].v || risk->collateral.v < 0 || risk->changed ||
            risk->mode != risk_mode_of(rules, risk) || (entered && risk->mode != RISK_PREPAID))
            return differs(checker, "what is outstanding and its collateral", i);
    }
    return state->risk_changed_count == 0 || differs(checker, "modes of risk", 0);
}

static bool rates_sound(const struct checker *checker)
{
    const struct state *state = checker->state;
    struct exchange_rates again = {.at = NULL};
    int64_t today = charter_day(state->charter, state->now_ms);
    bool sound = true;
    for (size_t i = 0; i < state->rates.count && sound; i++)
        sound = exchange_rates_add(&again, &state->rates.at[i], state->charter->currency, today);
    exchange_rates_release(&again);
    return sound || differs(checker, "exchange rates", 0);
}

bool state_check(const struct state *state, struct error *error)
{
    struct checker checker;
    checker_init(&checker, state, error);
    bool good = (membership_sound(state) || differs(&checker, "amendments", state->height)) &&
                (contracts_shares_sound(&state->contracts) ||
                 differs(&checker, "shares of contracts", 0)) &&
                accounts_sound(&checker) && rates_sound(&checker) && add_holds(&checker) &&
                add_redemptions(&checker) && add_lots(&checker) && cohorts_sound(&checker) &&
                members_sound(&checker) && money_sound(&checker) && sums_sound(&checker) &&
                payments_sound(&checker) && risks_sound(&checker);
    checker_release(&checker);
    return good;
}
