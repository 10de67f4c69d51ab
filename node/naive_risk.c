/* What partners have to pay for still, and the collateral that they have posted for it: counted
 * lot by lot. protocol/SETTLEMENT.md, 25. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

#define NAIVE_COLLATERAL_MAX INT64_C(1000000000000000)

/* ---- outstanding ----------------------------------------------------------------------------- */

static int64_t stands_for(const struct naive *n, const struct naive_lot *lot)
{
    if (naive_ended(n, lot))
        return lot->pools[POOL_HELD];
    return lot->pools[POOL_PENDING] + lot->pools[POOL_REMAINING] + lot->pools[POOL_HELD];
}

/* Whatever happened to a lot: its funders stand for what it is now. */
static void count_again(struct naive *n, uint32_t id)
{
    struct naive_lot *lot = &n->lots[id];
    int64_t more = stands_for(n, lot) - lot->stood_for;
    for (size_t i = 0; i < lot->split.count; i++)
        n->risks[lot->split.funders[i].partner.v].outstanding +=
            (__int128)more * lot->split.funders[i].bp;
    lot->stood_for += more;
}

/* When all have to be looked at again. */
static void next_end(struct naive *n, uint32_t id)
{
    uint64_t ends_ms = n->lots[id].expires_ms;
    if (ends_ms > n->now_ms && (n->next_end_ms == 0 || ends_ms < n->next_end_ms))
        n->next_end_ms = ends_ms;
}

static void count_effects(struct naive *n)
{
    for (size_t i = 0; i < n->effect_count; i++)
        if (n->effects[i].kind == EFFECT_LOT || n->effects[i].kind == EFFECT_MOVE)
            count_again(n, (uint32_t)(n->effects[i].lot.v - 1));
    for (; n->risk_lots < n->lot_count; n->risk_lots++)
        next_end(n, (uint32_t)n->risk_lots);
}

static void count_all(struct naive *n)
{
    n->next_end_ms = 0;
    for (uint32_t i = 0; i < n->lot_count; i++) {
        count_again(n, i);
        next_end(n, i);
    }
    n->risk_lots = n->lot_count;
}

/* ---- money ----------------------------------------------------------------------------------- */

static __int128 exact(int64_t micro)
{
    return (__int128)micro * BASIS_POINTS;
}

static __int128 exposure_of(const struct naive_risk *risk)
{
    return risk->outstanding * risk->price;
}

/* exposure * weight / 10^8, rounded up, in two steps: their product has no room. */
static __int128 needed_of(const struct naive *n, const struct naive_risk *risk)
{
    const __int128 divisor = 100000000;
    __int128 weight =
        (__int128)(BASIS_POINTS - n->rules.risk.breakage_bp) * n->rules.risk.haircut_bp;
    __int128 high = (exposure_of(risk) >> 32) * weight;
    __int128 low = (exposure_of(risk) & UINT32_MAX) * weight + (high % divisor << 32);
    __int128 needed = (high / divisor << 32) + low / divisor + (low % divisor != 0);
    __int128 floor = exact(n->rules.risk.floor);
    return needed < floor ? floor : needed;
}

static bool is_beyond(__int128 needed, int64_t collateral, uint32_t threshold_bp)
{
    if (needed > (__int128)1 << 100) /* more than any collateral */
        return true;
    return needed * BASIS_POINTS > exact(collateral) * threshold_bp;
}

static enum naive_mode mode_of(const struct naive *n, const struct naive_risk *risk)
{
    __int128 needed = needed_of(n, risk);
    enum naive_mode mode = NAIVE_COVERED;
    if (is_beyond(needed, risk->collateral, n->rules.risk.alert_bp))
        mode = NAIVE_ALERT;
    if (is_beyond(needed, risk->collateral, n->rules.risk.prepaid_bp))
        mode = NAIVE_PREPAID;
    if (is_beyond(needed, risk->collateral, n->rules.risk.refuse_bp))
        mode = NAIVE_REFUSED;
    return mode;
}

/* ---- moments --------------------------------------------------------------------------------- */

static void set_prices(struct naive *n)
{
    for (uint16_t i = 0; i < n->rules.partner_count; i++) {
        int64_t highest = naive_highest_price(n, i);
        if (!n->rules.contracts_required && highest < n->rules.reimbursement)
            highest = n->rules.reimbursement;
        n->risks[i].price = highest;
    }
    n->risk_cards = n->signed_cards.count;
    n->risk_partners = n->rules.partner_count;
}

/* Those who only now have to pay in advance do so from here on. */
static void enter_modes(struct naive *n)
{
    if (n->risk_cards != n->signed_cards.count || n->risk_partners != n->rules.partner_count)
        set_prices(n);
    for (size_t i = 0; i < n->rules.partner_count; i++) {
        struct naive_risk *risk = &n->risks[i];
        enum naive_mode mode = mode_of(n, risk);
        if (mode == risk->mode)
            continue;
        risk->mode = mode;
        risk->exposure_then = mode == NAIVE_PREPAID ? exposure_of(risk) : 0;
        risk->collateral_then = mode == NAIVE_PREPAID ? risk->collateral : 0;
    }
}

void naive_risk_open(struct naive *n)
{
    n->risks = (struct naive_risk *)allocate(n->rules.partner_count, sizeof(*n->risks));
}

void naive_risk_more(struct naive *n, size_t partners)
{
    struct naive_risk *risks = (struct naive_risk *)allocate(partners, sizeof(*risks));
    memcpy(risks, n->risks, n->rules.partner_count * sizeof(*risks));
    free(n->risks);
    n->risks = risks;
}

void naive_risk_begin(struct naive *n)
{
    if (!n->rules.risk.on)
        return;
    if (n->next_end_ms != 0 && n->next_end_ms <= n->now_ms)
        count_all(n);
    else
        count_effects(n);
    enter_modes(n);
}

void naive_risk_after(struct naive *n)
{
    if (!n->rules.risk.on)
        return;
    count_effects(n);
    enter_modes(n);
}

/* ---- what follows ---------------------------------------------------------------------------- */

bool naive_may_issue(const struct naive *n, uint16_t partner, __int128 points_bp)
{
    const struct naive_risk *risk = &n->risks[partner];
    if (!n->rules.risk.on)
        return true;
    if (n->rules.contracts_required && risk->price == 0)
        return false;
    struct naive_risk more = *risk;
    more.outstanding += points_bp;
    if (mode_of(n, &more) == NAIVE_REFUSED)
        return false;
    if (risk->mode < NAIVE_PREPAID)
        return true;
    __int128 grown = exposure_of(risk) + points_bp * risk->price - risk->exposure_then;
    __int128 paid = exact(risk->collateral) - exact(risk->collateral_then);
    return risk->mode == NAIVE_PREPAID && grown <= paid;
}

static bool is_ours(const struct naive *n, const char *currency)
{
    return strcmp(currency, n->rules.settlement.currencies[0].code) == 0;
}

/* What an exact line adds to what the partner owes on balance, in the charter's currency. */
static __int128 share_of(const struct naive *n, uint16_t partner, const struct naive_line *line)
{
    if (!is_ours(n, n->tariffs[line->tariff].currency))
        return 0;
    return line->debtor == partner ? line->exact : line->creditor == partner ? -line->exact : 0;
}

static __int128 owed_in_open(const struct naive *n, uint16_t partner)
{
    __int128 owed = 0;
    for (size_t tariff = 0; tariff < n->tariff_count; tariff++)
        for (uint16_t i = 0; i < n->rules.partner_count; i++)
            for (int k = 0; k < LINE_CLASS_COUNT; k++) {
                enum line_class line_class = (enum line_class)k;
                uint8_t number = (uint8_t)tariff;
                struct naive_line to = {.debtor = partner, .creditor = i, .tariff = number};
                struct naive_line of = {.debtor = i, .creditor = partner, .tariff = number};
                to.exact = *naive_owed_cell(n, partner, i, line_class, number);
                of.exact = *naive_owed_cell(n, i, partner, line_class, number);
                owed += i == partner ? 0 : share_of(n, partner, &to) + share_of(n, partner, &of);
            }
    return owed > 0 ? owed : 0;
}

/* Of lines that the books left out, and nobody has agreed on yet. */
static __int128 disputed_in(const struct naive *n, uint16_t partner,
                            const struct naive_period *period)
{
    __int128 owed = 0;
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct naive_dispute *dispute = &period->disputes[i];
        const struct naive_line line = {.debtor = dispute->debtor,
                                        .creditor = dispute->creditor,
                                        .tariff = dispute->tariff,
                                        .exact = dispute->exact};
        __int128 share = dispute->resolved ? 0 : share_of(n, partner, &line);
        owed += share > 0 ? share : 0;
    }
    return owed;
}

/* By its lines, and once it is final by what is to be paid, and what is disputed. */
static __int128 owed_in(const struct naive *n, uint16_t partner, const struct naive_period *period)
{
    __int128 owed = 0;
    for (size_t i = 0; i < period->owed.count && period->state < NAIVE_FINAL; i++)
        owed += share_of(n, partner, &period->owed.at[i]);
    if (owed < 0)
        owed = 0;
    if (period->state >= NAIVE_FINAL)
        owed += disputed_in(n, partner, period);
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *payment = &period->payments[i];
        bool to_be_paid = payment->state != NAIVE_CONFIRMED && payment->state != NAIVE_VOID;
        if (payment->from == partner && to_be_paid && is_ours(n, payment->currency))
            owed += payment->amount;
    }
    return owed;
}

/* What it holds for points, and for what is not paid yet, is not given back. */
static __int128 kept_of(const struct naive *n, uint16_t partner)
{
    const struct naive_risk *risk = &n->risks[partner];
    __int128 kept = risk->outstanding > 0 ? needed_of(n, risk) : 0;
    kept += owed_in_open(n, partner);
    for (size_t i = 0; i < n->period_count; i++)
        kept += owed_in(n, partner, &n->periods[i]);
    return kept;
}

enum verdict naive_collateral(struct naive *n, const struct naive_tx *tx)
{
    const struct collateral *says = &tx->transaction->body.deal.collateral;
    if (!n->rules.risk.on || tx->writer != n->rules.operator_number)
        return VERDICT_NOT_AUTHORISED;
    if (says->partner.v >= n->rules.partner_count)
        return VERDICT_UNKNOWN_PARTNER;
    if (!is_ours(n, says->currency))
        return VERDICT_BAD_CARD;
    struct naive_risk *risk = &n->risks[says->partner.v];
    int64_t left = risk->collateral + says->amount.v;
    if (says->amount.v > 0 && left > NAIVE_COLLATERAL_MAX)
        return VERDICT_BAD_QUANTITY;
    if (says->amount.v < 0 && (left < 0 || exact(left) < kept_of(n, says->partner.v)))
        return VERDICT_COLLATERAL_NEEDED;
    risk->collateral = left;
    return VERDICT_ACCEPTED;
}

__int128 naive_collateral_of(const struct naive *n, uint16_t partner)
{
    return exact(n->risks[partner].collateral);
}

void naive_collateral_use(struct naive *n, uint16_t partner, __int128 amount)
{
    must(amount >= 0 && amount <= naive_collateral_of(n, partner) && amount % BASIS_POINTS == 0);
    n->risks[partner].collateral -= (int64_t)(amount / BASIS_POINTS);
}

/* ---- asking, keeping ------------------------------------------------------------------------- */

struct naive_risk naive_risk_of(const struct naive *n, uint16_t partner)
{
    must(partner < n->rules.partner_count);
    return n->risks[partner];
}

void naive_put_risks(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->rules.partner_count);
    for (size_t i = 0; i < n->rules.partner_count; i++) {
        codec_put_uint(out, (uint64_t)n->risks[i].collateral);
        codec_put_uint(out, n->risks[i].mode);
        naive_put_wide(n->risks[i].exposure_then, out);
        codec_put_uint(out, (uint64_t)n->risks[i].collateral_then);
    }
}

static bool adds_up(const struct naive *n, const struct naive_risk *risk)
{
    bool paid_then = risk->exposure_then != 0 || risk->collateral_then != 0;
    if (!n->rules.risk.on || !n->started)
        return risk->collateral == 0 && risk->mode == NAIVE_COVERED && !paid_then;
    return risk->exposure_then >= 0 && risk->exposure_then < (__int128)1 << 120 &&
           risk->mode == mode_of(n, risk) && (risk->mode == NAIVE_PREPAID || !paid_then);
}

void naive_get_risks(struct codec_reader *reader, struct naive *n)
{
    uint64_t count = codec_get_uint(reader, n->rules.partner_count);
    if (!reader->failed && count != n->rules.partner_count)
        codec_fail(reader, "risks of some partners");
    for (size_t i = 0; i < count && !reader->failed; i++) {
        n->risks[i].collateral = (int64_t)codec_get_uint(reader, NAIVE_COLLATERAL_MAX);
        n->risks[i].mode = (enum naive_mode)codec_get_uint(reader, NAIVE_REFUSED);
        n->risks[i].exposure_then = naive_get_wide(reader);
        n->risks[i].collateral_then = (int64_t)codec_get_uint(reader, NAIVE_COLLATERAL_MAX);
    }
    if (n->rules.risk.on && n->started && !reader->failed) {
        count_all(n);
        set_prices(n);
    }
    for (size_t i = 0; i < count && !reader->failed; i++)
        if (!adds_up(n, &n->risks[i]))
            codec_fail(reader, "a risk that does not add up");
}
