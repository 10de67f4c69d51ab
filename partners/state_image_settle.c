/* What an image does not say because it follows: lists backwards, sums, what time will bring. Made
 * from the rows, and compared where both are there. Linear in the rows. */
#include "partners/state_image_parts.h"

#include <stdlib.h>

/* ---- lists ----------------------------------------------------------------------------------- */

/* Follows `next` from `first`, makes `previous` and marks each lot, which stands in one list only:
 * so no list has a loop. Returns false when a link is wrong. */
static bool walk(struct state *state, uint32_t first, enum lot_list list, uint32_t *last_out,
                 uint32_t *count_out)
{
    uint32_t previous = NOTHING;
    for (uint32_t id = first; id != NOTHING; id = state->lots[id].next) {
        if (id >= state->lot_count || state->lots[id].list != LIST_NONE)
            return false;
        state->lots[id].list = (uint8_t)list;
        state->lots[id].previous = previous;
        previous = id;
        (*count_out)++;
    }
    *last_out = previous;
    return true;
}

static bool member_list(struct state *state, uint32_t place)
{
    struct member *member = &state->members[place];
    if (!walk(state, member->first_lot, LIST_MEMBER, &member->last_lot, &member->lot_count))
        return false;
    for (uint32_t id = member->first_lot; id != NOTHING; id = state->lots[id].next)
        if (state->lots[id].member != place ||
            (state->lots[id].previous != NOTHING &&
             !lot_consumed_before(state, state->lots[id].previous, id)))
            return false;
    return true;
}

static bool ended_list(struct state *state, uint16_t issuer)
{
    struct ended_list *ended = &state->ended[issuer];
    uint32_t count = 0;
    if (!walk(state, ended->first, LIST_ENDED, &ended->last, &count))
        return false;
    for (uint32_t id = ended->first; id != NOTHING; id = state->lots[id].next)
        if (lot_terms(state, id)->issuer.v != issuer)
            return false;
    return true;
}

static bool settle_lists(struct loader *loader)
{
    struct state *state = loader->state;
    for (uint32_t i = 0; i < state->member_count; i++)
        if (!member_list(state, i))
            return loader_refuse(loader, "the list of a member's lots is wrong");
    for (size_t i = 0; i < state->charter->partner_count; i++)
        if (!ended_list(state, (uint16_t)i))
            return loader_refuse(loader, "the list of an issuer's ended lots is wrong");
    return true;
}

/* ---- lots ------------------------------------------------------------------------------------ */

struct terms_sum { /* of all lots on the same terms */
    uint64_t quantity, pools[POOL_COUNT];
    uint64_t budget; /* points of earns */
};

/* Pools add up; points are pending all or not at all; and the lot stands in the list in which its
 * points and time say that it belongs. */
static const char *lot_mistake(const struct state *state, const struct lot *lot)
{
    uint64_t sum = 0, standing = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += lot->pools[i];
    if (sum != lot->quantity)
        return "the pools of a lot do not add up";
    if ((uint64_t)lot->pools[POOL_PENDING] + lot->pools[POOL_CLAWED_BACK] != lot->quantity &&
        (lot->pools[POOL_PENDING] != 0 || lot->activates_ms > state->now_ms))
        return "a lot is pending and active at once";
    standing = (uint64_t)lot->pools[POOL_PENDING] + lot->pools[POOL_REMAINING];
    enum lot_list list = LIST_NONE;
    if (lot->ended)
        list = lot->pools[POOL_REMAINING] > 0 ? LIST_ENDED : LIST_NONE;
    else if (standing + lot->pools[POOL_HELD] > 0)
        list = LIST_MEMBER;
    if (lot->list != list || (list == LIST_NONE && lot->next != NOTHING))
        return "a lot is not in the list where it belongs";
    return NULL;
}

static void lot_sums(struct state *state, uint32_t id, struct terms_sum *sums)
{
    const struct lot *lot = &state->lots[id];
    struct cohort *cohort = &state->cohorts[lot->cohort];
    struct terms_sum *sum = &sums[lot->terms];
    struct member *member = &state->members[lot->member];
    sum->quantity += lot->quantity;
    for (size_t i = 0; i < POOL_COUNT; i++) {
        sum->pools[i] += lot->pools[i];
        cohort->sums[i] += lot->pools[i];
    }
    cohort->sums[VINTAGE_ENDED] += lot->ended ? lot->pools[POOL_REMAINING] : 0;
    if (lot->earn != NOTHING &&
        id - state->earns[lot->earn].first_lot < state->earns[lot->earn].lot_count)
        sum->budget += lot->quantity;
    member->pending += lot->pools[POOL_PENDING];
    member->held += lot->pools[POOL_HELD];
    *(lot->ended ? &member->ended : &member->remaining) += lot->pools[POOL_REMAINING];
    state->reversed += lot->reversed;
    state->waived += lot->waived;
    state->expired_counted += lot->expired_counted;
}

static void lot_due(struct state *state, uint32_t id)
{
    const struct lot *lot = &state->lots[id];
    if (lot->pools[POOL_PENDING] > 0)
        due_push(&state->timers, (struct due_item){lot->activates_ms, DUE_LOT_ACTIVATES, id});
    if (lot->expires_ms != 0 && !lot->ended)
        due_push(&state->ends, (struct due_item){lot->expires_ms, DUE_LOT_ENDS, id});
}

static void tally_terms(struct tally *tally, const struct terms_sum *sum, int64_t weight)
{
    tally->quantity += (__int128)sum->quantity * weight;
    for (size_t i = 0; i < POOL_COUNT; i++)
        tally->pools[i] += (__int128)sum->pools[i] * weight;
}

static void settle_terms(struct state *state, const struct terms_sum *sums)
{
    for (size_t i = 0; i < state->terms_count; i++) {
        const struct terms *terms = &state->terms[i];
        tally_terms(&state->total, &sums[i], 1);
        tally_terms(&state->issuers[terms->issuer.v], &sums[i], 1);
        for (size_t j = 0; j < terms->split.count; j++)
            tally_terms(&state->funders[terms->split.funders[j].partner.v], &sums[i],
                        terms->split.funders[j].bp);
        budget_use(state, terms, sums[i].budget);
    }
}

static bool budgets_kept(const struct state *state)
{
    const struct charter *charter = state->charter;
    for (size_t i = 0; i < charter->joint_funding_count; i++)
        if (state->joint_used[i].points_bp >
            (__int128)charter->joint_funding[i].budget.v * BASIS_POINTS)
            return false;
    for (size_t i = 0; i < state->contracts.promotion_count; i++)
        if (state->contracts.promotions[i].used_bp >
            (__int128)state->contracts.promotions[i].promotion.budget.v * BASIS_POINTS)
            return false;
    return true;
}

static bool settle_lots(struct loader *loader)
{
    struct state *state = loader->state;
    if (loader->own_left > 0 || loader->earns_begun != state->earn_count)
        return loader_refuse(loader, "an earn has no lots");
    struct terms_sum *sums = allocate(state->terms_count + 1, sizeof(*sums));
    const char *mistake = NULL;
    for (uint32_t id = 0; id < state->lot_count && !mistake; id++) {
        mistake = lot_mistake(state, &state->lots[id]);
        lot_sums(state, id, sums);
        lot_due(state, id);
    }
    settle_terms(state, sums);
    free(sums);
    if (mistake)
        return loader_refuse(loader, mistake);
    return budgets_kept(state) || loader_refuse(loader, "a budget is overdrawn");
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void settle_holds(struct state *state)
{
    for (uint32_t i = 0; i < state->hold_count; i++)
        if (state->holds[i].status == HOLD_OPEN)
            due_push(&state->timers, (struct due_item){state->holds[i].ends_ms, DUE_HOLD_ENDS, i});
}

/* Modes follow; who paid in advance was written. */
static bool settle_risks(struct loader *loader)
{
    struct state *state = loader->state;
    if (!state->charter->risk.on || state->height == 0)
        return true;
    for (uint32_t id = 0; id < state->lot_count; id++)
        exposure_add(state, lot_terms(state, id), exposure_of_lot(&state->lots[id]));
    struct micro *prices = allocate(state->charter->partner_count, sizeof(*prices));
    exposure_prices(state, prices);
    bool good = true;
    for (size_t i = 0; i < state->charter->partner_count; i++) {
        struct risk *risk = &state->risks[i];
        risk->price = prices[i];
        enum risk_mode mode = risk_mode_of(&state->charter->risk, risk);
        good = good && (mode == RISK_PREPAID) == (risk->mode == RISK_PREPAID);
        risk->mode = mode;
    }
    free(prices);
    exposure_loaded(state);
    return good || loader_refuse(loader, "a partner pays in advance that need not, or does not");
}

/* ledger.md 3.2: what was asked back was clawed back, had expired, is owed or is waived; what is
 * clawed back beyond the reversals of earns are adjustments. */
static bool settle_reversals(struct loader *loader)
{
    struct state *state = loader->state;
    for (size_t i = 0; i < state->member_count; i++)
        if (state->members[i].deficit > 0 && state->members[i].remaining > 0)
            return loader_refuse(loader, "a member owes points while having some");
    __int128 elsewhere = (__int128)state->expired_counted + state->deficits_open + state->waived;
    __int128 reversed = elsewhere + state->total.pools[POOL_CLAWED_BACK];
    if (state->reversed > reversed || state->reversed < elsewhere || reversed > INT64_MAX)
        return loader_refuse(loader, "reversals do not add up");
    state->reversed = (int64_t)reversed;
    return true;
}

bool loader_settle(struct loader *loader)
{
    if (loader->digests != digests_kept(loader->state))
        return loader_refuse(loader, "digests of heights are missing");
    if (!contracts_load_end(&loader->state->contracts, loader->state->now_ms))
        return loader_refuse(loader, "epochs or tariffs are not those of what was signed");
    if (!settle_lists(loader) || !settle_lots(loader))
        return false;
    settle_holds(loader->state);
    return settle_reversals(loader) && settle_risks(loader) &&
           (money_adds_up(loader->state) ||
            loader_refuse(loader, "redemption obligations do not add up")) &&
           vintages_settle(loader);
}
