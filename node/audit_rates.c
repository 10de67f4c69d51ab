/* What currencies are worth: do the state and the second model tell the same? */
#include "node/audit_parts.h"

static size_t days_told(const struct exchange_rates *rates)
{
    size_t days = 0;
    for (size_t i = 0; i < rates->count; i++)
        days += rates->at[i].count;
    return days;
}

static const struct day_rate *of_day(const struct rate_row *row, uint32_t day)
{
    for (size_t i = 0; row && i < row->count; i++)
        if (row->at[i].day == day)
            return &row->at[i];
    return NULL;
}

/* As many on both sides, and each that the model has: then there are no others. */
bool audit_rates_agree(const struct state *state, const struct naive *model,
                       struct audit_text *expected_out, struct audit_text *found_out)
{
    const struct exchange_rates *rates = state_exchange_rates(state);
    size_t count = naive_rate_count(model), told = days_told(rates);
    *expected_out = audit_text("%zu exchange rates", count);
    *found_out = audit_text("%zu", told);
    bool same = count == told;
    for (size_t i = 0; i < count && same; i++) {
        struct naive_rate own = naive_rate_at(model, i);
        struct partner_id partner = {own.partner};
        const struct day_rate *found =
            of_day(exchange_rates_of(rates, partner, own.currency), own.day);
        *expected_out = audit_text("partner %u, %s on day %u: %lld", own.partner, own.currency,
                                   own.day, (long long)own.rate);
        *found_out = audit_text("%lld", found ? (long long)found->rate.v : 0);
        same = found && found->rate.v == own.rate;
    }
    return same;
}
