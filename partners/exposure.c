/* What partners have outstanding as points come and go, the modes that follow, and what those
 * refuse. protocol/FORMAT.md section 25. */
#include "partners/state_parts.h"

/* ---- outstanding ----------------------------------------------------------------------------- */

static void touch(struct state *state, struct partner_id partner)
{
    struct risk *risk = &state->risks[partner.v];
    if (risk->changed)
        return;
    risk->changed = true;
    must(state->risk_changed_count < state->partner_count);
    state->risk_changed[state->risk_changed_count++] = partner;
}

void exposure_add(struct state *state, const struct terms *terms, int64_t points)
{
    if (!state->charter->risk.on || points == 0)
        return;
    for (size_t i = 0; i < terms->split.count; i++) {
        const struct funder *funder = &terms->split.funders[i];
        struct risk *risk = &state->risks[funder->partner.v];
        risk->outstanding_bp += (__int128)points * funder->bp;
        must(risk->outstanding_bp >= 0);
        touch(state, funder->partner);
    }
}

int64_t exposure_of_lot(const struct lot *lot)
{
    int64_t points = lot->pools[POOL_HELD];
    if (!lot->ended)
        points += (int64_t)lot->pools[POOL_PENDING] + lot->pools[POOL_REMAINING];
    return points;
}

/* ---- modes ----------------------------------------------------------------------------------- */

static void settle(struct state *state, struct partner_id partner)
{
    struct risk *risk = &state->risks[partner.v];
    if (risk_settle(&state->charter->risk, risk))
        journal_note(&state->journal, NOTE_RISK, (uint64_t)partner.v << 8 | risk->mode,
                     (uint64_t)risk->collateral.v);
}

void exposure_settle(struct state *state)
{
    for (size_t i = 0; i < state->risk_changed_count; i++)
        settle(state, state->risk_changed[i]);
    state->risk_changed_count = 0;
}

struct micro exposure_price(const struct state *state, struct partner_id funder)
{
    const struct charter *charter = state->charter;
    struct micro price = contracts_highest(&state->contracts, charter, funder, 0);
    if (!charter->contracts.required && price.v < charter->rates.reimbursement.v)
        price = charter->rates.reimbursement;
    return price;
}

bool state_highest_reimbursement(const struct state *state, struct partner_id funder,
                                 struct micro *price_out)
{
    if (!contracts_rated(&state->contracts, state->charter, funder))
        return false;
    *price_out = exposure_price(state, funder);
    return true;
}

/* By the cards that began since prices were looked at: those before stay, for lots that keep them.
 */
static void price_rises(struct state *state, struct partner_id funder)
{
    struct micro *price = &state->risks[funder.v].price;
    struct micro now = contracts_highest(&state->contracts, state->charter, funder,
                                         state->contracts.epochs[state->risk_epochs - 1]);
    if (now.v > price->v)
        *price = now;
}

void exposure_loaded(struct state *state)
{
    for (size_t i = 0; i < state->risk_changed_count; i++)
        state->risks[state->risk_changed[i].v].changed = false;
    state->risk_changed_count = 0;
    state->risk_epochs = state->contracts.epoch_count;
    state->risk_partners = state->charter->partner_count;
}

void exposure_begin(struct state *state)
{
    if (!state->charter->risk.on)
        return;
    for (uint16_t i = 0; i < state->charter->partner_count; i++) {
        if (state->risk_partners <= (size_t)i)
            state->risks[i].price = exposure_price(state, (struct partner_id){i});
        else if (state->risk_epochs != state->contracts.epoch_count)
            price_rises(state, (struct partner_id){i});
        settle(state, (struct partner_id){i});
    }
    exposure_loaded(state);
}

/* ---- what is refused ------------------------------------------------------------------------- */

/* What these lots add to what is outstanding of the partner. */
static __int128 asked_of(const struct state *state, struct partner_id partner,
                         const struct earn_lot *lots, size_t count)
{
    __int128 asked = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lots[i].split.count; j++)
            if (partner_equal(lots[i].split.funders[j].partner, partner) &&
                (lots[i].expires_ms == 0 || lots[i].expires_ms > state->now_ms))
                asked += (__int128)lots[i].quantity.v * lots[i].split.funders[j].bp;
    return asked;
}

bool exposure_room(const struct state *state, const struct earn_lot *lots, size_t count)
{
    if (!state->charter->risk.on)
        return true;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lots[i].split.count; j++) {
            struct partner_id partner = lots[i].split.funders[j].partner;
            if (!risk_allows(&state->risks[partner.v], asked_of(state, partner, lots, count)))
                return false;
        }
    return true;
}

/* ---- collateral ------------------------------------------------------------------------------ */

enum verdict exposure_collateral(struct state *state, struct partner_id writer,
                                 const struct collateral *posted)
{
    const struct charter *charter = state->charter;
    if (!charter->risk.on || !partner_equal(writer, charter->operator_id))
        return VERDICT_NOT_AUTHORISED;
    if (posted->partner.v >= charter->partner_count)
        return VERDICT_UNKNOWN_PARTNER;
    if (__builtin_strcmp(posted->currency, charter->currency) != 0)
        return VERDICT_BAD_CARD;
    enum verdict verdict =
        risk_post(&charter->risk, &state->risks[posted->partner.v], posted->amount);
    if (verdict == VERDICT_ACCEPTED)
        touch(state, posted->partner);
    return verdict;
}
