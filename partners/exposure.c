/* What partners have outstanding as points come and go, the modes that follow, and what those
 * refuse. protocol/SETTLEMENT.md section 25. */
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

/* Of a funder without a card. */
static struct micro price_at_first(const struct charter *charter)
{
    return charter->contracts.required ? (struct micro){0} : charter->rates.reimbursement;
}

bool state_highest_reimbursement(const struct state *state, struct partner_id funder,
                                 struct micro *price_out)
{
    struct micro first = price_at_first(state->charter);
    bool rated = contracts_highest(&state->contracts, state->charter, funder, price_out);
    if (price_out->v < first.v)
        *price_out = first;
    return rated;
}

static bool price_rises(struct micro *price, const struct charter *charter,
                        const struct rate_card *card)
{
    struct micro of_card = contract_price(charter, card);
    if (of_card.v <= price->v)
        return false;
    *price = of_card;
    return true;
}

void exposure_prices(const struct state *state, struct micro *prices_out)
{
    const struct contracts *contracts = &state->contracts;
    for (size_t i = 0; i < state->charter->partner_count; i++)
        prices_out[i] = price_at_first(state->charter);
    for (size_t i = 0; i < contracts->count; i++) {
        const struct rate_card *card = &contracts->versions[i].card;
        if (contracts->versions[i].state == CONTRACT_SIGNED)
            (void)price_rises(&prices_out[card->funder.v], state->charter, card);
    }
}

void exposure_card(struct state *state, const struct rate_card *card)
{
    if (state->charter->risk.on &&
        price_rises(&state->risks[card->funder.v].price, state->charter, card))
        touch(state, card->funder);
}

void exposure_loaded(struct state *state)
{
    for (size_t i = 0; i < state->risk_changed_count; i++)
        state->risks[state->risk_changed[i].v].changed = false;
    state->risk_changed_count = 0;
    state->risk_partners = state->charter->partner_count;
}

void exposure_begin(struct state *state)
{
    if (!state->charter->risk.on)
        return;
    for (uint16_t i = 0; i < state->charter->partner_count; i++) {
        if (state->risk_partners <= (size_t)i)
            state->risks[i].price = price_at_first(state->charter);
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
            if (state->charter->contracts.required && state->risks[partner.v].price.v == 0)
                return false;
            if (!risk_allows(&state->charter->risk, &state->risks[partner.v],
                             asked_of(state, partner, lots, count)))
                return false;
        }
    return true;
}

/* ---- collateral ------------------------------------------------------------------------------ */

static __int128 net_of(struct partner_id partner, struct partner_id debtor,
                       struct partner_id creditor, __int128 amount)
{
    if (partner_equal(debtor, partner))
        return amount;
    return partner_equal(creditor, partner) ? -amount : 0;
}

static __int128 owed_in_open(const struct state *state, struct partner_id partner)
{
    struct obligation_walk walk = {0};
    struct obligation_change line;
    struct money amount;
    __int128 net = 0;
    while (obligations_next(&state->obligations, &walk, &line, &amount))
        if (__builtin_strcmp(state->contracts.tariffs[line.tariff].currency,
                             state->charter->currency) == 0)
            net += net_of(partner, line.debtor, line.creditor, amount.v);
    return net > 0 ? net : 0;
}

static __int128 owed_in_ended(const struct state *state, const struct closed_period *closed,
                              struct partner_id partner)
{
    const char *currency = state->charter->currency;
    __int128 net = 0, to_pay = 0;
    for (size_t i = 0; i < closed->period.payment_count; i++) {
        const struct period_payment *payment = &closed->period.payments[i];
        if (partner_equal(payment->payment.from, partner) &&
            __builtin_strcmp(payment->currency, currency) == 0 && payment_is_open(payment))
            to_pay += payment->payment.amount.v;
    }
    for (size_t i = 0; i < closed->period.dispute_count; i++) {
        const struct dispute *dispute = &closed->period.disputes[i];
        __int128 owes =
            net_of(partner, dispute->line.debtor, dispute->line.creditor, dispute->line.exact.v);
        if (!dispute->resolved && owes > 0 &&
            __builtin_strcmp(dispute->line.currency, currency) == 0)
            to_pay += owes;
    }
    if (closed->period.state >= PERIOD_FINAL)
        return to_pay;
    for (size_t i = 0; i < closed->exact.count; i++) {
        const struct line *line = &closed->exact.at[i];
        if (__builtin_strcmp(line->currency, currency) == 0)
            net += net_of(partner, line->debtor, line->creditor, line->exact.v);
    }
    return net > 0 ? net : 0;
}

/* What it has yet to pay in the charter's currency: collateral answers for that, too. */
static struct money owed_by(const struct state *state, struct partner_id partner)
{
    struct money owed = {owed_in_open(state, partner)};
    for (size_t i = 0; i < state->periods.count; i++)
        owed.v += owed_in_ended(state, state->periods.at[i], partner);
    return owed;
}

struct money exposure_fund(const struct state *state, struct partner_id partner)
{
    return (struct money){(__int128)state->risks[partner.v].collateral.v * MONEY_PER_MICRO};
}

void exposure_pay_out(struct state *state, struct partner_id partner, struct money used)
{
    struct risk *risk = &state->risks[partner.v];
    if (used.v == 0)
        return;
    must(used.v % MONEY_PER_MICRO == 0 && used.v <= exposure_fund(state, partner).v);
    risk->collateral.v -= (int64_t)(used.v / MONEY_PER_MICRO);
    touch(state, partner);
}

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
    struct money owed = {0};
    if (posted->amount.v < 0)
        owed = owed_by(state, posted->partner);
    enum verdict verdict =
        risk_post(&charter->risk, &state->risks[posted->partner.v], posted->amount, owed);
    if (verdict == VERDICT_ACCEPTED)
        touch(state, posted->partner);
    return verdict;
}
