/* What everybody is told of payments that passed their day, and of those who do not pay. */
#include "node/api_parts.h"
#include "node/period_default.h"
#include "node/period_text.h"
#include "partners/charter_contracts.h"
#include "partners/charter_settlement.h"

#include <string.h>

/* So many payments at once; metrics count all. */
enum { OVERDUE_TOLD_MAX = 64 };

static void put_period(const struct api *api, struct json_out *json, const struct period *period)
{
    char name[PERIOD_TEXT_SIZE];
    period_text(api->charter, (uint32_t)period->number, name);
    json_put_word(json, "period", name);
}

static void put_overdue(const struct api *api, struct json_out *json, const struct period *period,
                        size_t number, bool may_default)
{
    const struct period_payment *payment = &period->payments[number];
    json_open_object(json, NULL);
    put_period(api, json, period);
    json_put_uint(json, "payment", number);
    json_put_word(json, "from", api_partner_name(api, payment->payment.from));
    json_put_word(json, "to", api_partner_name(api, payment->payment.to));
    json_put_word(json, "currency", payment->currency);
    json_put_money(json, "amount", payment->payment.amount,
                   charter_minor_digits(api->charter, payment->currency));
    json_put_bool(json, "may_default", may_default);
    json_close_object(json);
}

/* Gives how many more may be told. */
static size_t put_overdue_of(const struct api *api, struct json_out *json,
                             const struct period *period, int64_t today, size_t room)
{
    for (size_t i = 0; i < period->payment_count && room > 0; i++) {
        if (!api_payment_overdue(&period->payments[i], today))
            continue;
        put_overdue(api, json, period, i, payment_may_default(api->charter, period, i, today));
        room--;
    }
    return room;
}

/* Payments with one in default that are not confirmed. */
static uint64_t open_with(const struct period *period, const struct period_default *own)
{
    uint64_t count = 0;
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        count += payment->ring_fenced && payment_is_open(payment) &&
                 strcmp(payment->currency, own->currency) == 0 &&
                 (partner_equal(payment->payment.from, own->partner) ||
                  partner_equal(payment->payment.to, own->partner));
    }
    return count;
}

static void put_defaults_of(const struct api *api, struct json_out *json,
                            const struct period *period)
{
    for (size_t i = 0; i < period->default_count; i++) {
        const struct period_default *own = &period->defaults[i];
        uint64_t open = open_with(period, own);
        if (open == 0 && period->state == PERIOD_SETTLED)
            continue;
        json_open_object(json, NULL);
        put_period(api, json, period);
        json_put_word(json, "partner", api_partner_name(api, own->partner));
        json_put_word(json, "currency", own->currency);
        json_put_uint(json, "ring_fenced", open);
        json_close_object(json);
    }
}

void api_defaults_write(struct api *api, struct json_out *json)
{
    const struct periods *periods = state_periods(api_state(api));
    int64_t today = api_today(api);
    size_t room = OVERDUE_TOLD_MAX;
    json_open_array(json, "payments_overdue");
    for (size_t i = 0; i < periods->count; i++)
        room = put_overdue_of(api, json, &periods->at[i]->period, today, room);
    json_close_array(json);
    json_open_array(json, "in_default");
    for (size_t i = 0; i < periods->count; i++)
        put_defaults_of(api, json, &periods->at[i]->period);
    json_close_array(json);
}
