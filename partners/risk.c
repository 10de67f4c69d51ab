#include "partners/risk.h"

#include "protocol/deal.h"

enum { SQUARE_BP = BASIS_POINTS * BASIS_POINTS };

const char *risk_mode_word(enum risk_mode mode)
{
    static const char *const words[] = {"covered", "alert", "prepaid", "refused"};
    must(mode < ARRAY_SIZE(words));
    return words[mode];
}

static __int128 exact(struct micro amount)
{
    return (__int128)amount.v * MONEY_PER_MICRO;
}

struct money risk_exposure(const struct risk *risk)
{
    return (struct money){risk->outstanding_bp * risk->price.v};
}

/* amount * weight / 10^8, rounded up, without a product that is larger than the result. */
static __int128 weighed(__int128 amount, int64_t weight)
{
    return amount / SQUARE_BP * weight + (amount % SQUARE_BP * weight + SQUARE_BP - 1) / SQUARE_BP;
}

struct money risk_needed(const struct charter_risk *rules, const struct risk *risk)
{
    int64_t weight = (int64_t)(BASIS_POINTS - rules->breakage_bp) * rules->haircut_bp;
    __int128 needed = weighed(risk_exposure(risk).v, weight);
    return (struct money){needed > exact(rules->floor) ? needed : exact(rules->floor)};
}

/* needed * 10000 > collateral * threshold_bp, of whole numbers. */
static bool breaks(__int128 needed, struct micro collateral, uint32_t threshold_bp)
{
    return needed > exact(collateral) * threshold_bp / BASIS_POINTS;
}

enum risk_mode risk_mode_of(const struct charter_risk *rules, const struct risk *risk)
{
    __int128 needed = risk_needed(rules, risk).v;
    if (breaks(needed, risk->collateral, rules->refuse_bp))
        return RISK_REFUSED;
    if (breaks(needed, risk->collateral, rules->prepaid_bp))
        return RISK_PREPAID;
    return breaks(needed, risk->collateral, rules->alert_bp) ? RISK_ALERT : RISK_COVERED;
}

bool risk_settle(const struct charter_risk *rules, struct risk *risk)
{
    enum risk_mode mode = risk_mode_of(rules, risk);
    must(risk->outstanding_bp >= 0 && risk->collateral.v >= 0);
    risk->changed = false;
    if (mode == risk->mode)
        return false;
    bool prepaid = mode == RISK_PREPAID;
    risk->mode = mode;
    risk->entry_exposure = (struct money){prepaid ? risk_exposure(risk).v : 0};
    risk->entry_collateral = (struct micro){prepaid ? risk->collateral.v : 0};
    return true;
}

bool risk_allows(const struct charter_risk *rules, const struct risk *risk, __int128 asked_bp)
{
    struct risk after = *risk;
    after.outstanding_bp += asked_bp;
    if (risk_mode_of(rules, &after) == RISK_REFUSED)
        return false;
    switch (risk->mode) {
    case RISK_COVERED:
    case RISK_ALERT:
        return true;
    case RISK_PREPAID: {
        __int128 grown = risk_exposure(&after).v - risk->entry_exposure.v;
        return grown <= exact(risk->collateral) - exact(risk->entry_collateral);
    }
    case RISK_REFUSED:
        break;
    }
    return false;
}

enum verdict risk_post(const struct charter_risk *rules, struct risk *risk, struct micro amount,
                       struct money owed)
{
    must(amount.v >= -COLLATERAL_MAX && amount.v <= COLLATERAL_MAX);
    struct micro left = {risk->collateral.v + amount.v};
    if (amount.v > 0 && left.v > COLLATERAL_MAX)
        return VERDICT_BAD_QUANTITY;
    __int128 needed = risk->outstanding_bp > 0 ? risk_needed(rules, risk).v : 0;
    if (amount.v <= 0 && (left.v < 0 || exact(left) < needed + owed.v))
        return VERDICT_COLLATERAL_NEEDED;
    risk->collateral = left;
    return VERDICT_ACCEPTED;
}
