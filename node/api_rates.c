/* Exchange rates: what partners have published, and what a purchase was turned with. */
#include "node/api_parts.h"
#include "partners/date.h"

#include <string.h>

static void put_day(struct json_out *json, const char *name, int64_t day)
{
    char text[DATE_TEXT_SIZE];
    date_format(date_from_days(day), text);
    json_put_word(json, name, text);
}

static void put_rate(struct json_out *json, struct micro rate)
{
    json_put_money(json, "rate", api_micro_money(rate), 2);
}

/* ---- records and answers --------------------------------------------------------------------- */

void api_rates_body_write(struct json_out *json, const struct day_rates *rates)
{
    put_day(json, "day", rates->day);
    json_open_array(json, "rates");
    for (size_t i = 0; i < rates->count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "currency", rates->at[i].currency);
        put_rate(json, rates->at[i].rate);
        json_close_object(json);
    }
    json_close_array(json);
}

void api_exchange_write(struct json_out *json, const struct build_exchange *exchange)
{
    if (exchange->rate.v == 0)
        return;
    json_open_object(json, "exchange");
    put_rate(json, exchange->rate);
    put_day(json, "day", exchange->day);
    json_close_object(json);
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct rate_filter {
    bool by_partner, by_currency;
    struct partner_id partner;
    struct bytes currency;
};

static bool take_filter(struct api_call *call, struct rate_filter *filter)
{
    if (!api_query_partner(call, "partner", &filter->by_partner, &filter->partner))
        return false;
    filter->by_currency = api_query(call, "currency", &filter->currency);
    if (!filter->by_currency || currency_valid(filter->currency))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "currency is three capital letters (ISO 4217).");
    return false;
}

static bool fits(const struct rate_filter *filter, const struct rate_row *row)
{
    return (!filter->by_partner || row->partner.v == filter->partner.v) &&
           (!filter->by_currency || bytes_equal(filter->currency, bytes_text(row->currency)));
}

static void put_row(const struct api *api, struct json_out *json, const struct rate_row *row)
{
    json_open_object(json, NULL);
    json_put_word(json, "partner", api_partner_name(api, row->partner));
    json_put_word(json, "currency", row->currency);
    json_open_array(json, "days");
    for (size_t i = row->count; i > 0; i--) {
        json_open_object(json, NULL);
        put_day(json, "day", row->at[i - 1].day);
        put_rate(json, row->at[i - 1].rate);
        json_close_object(json);
    }
    json_close_array(json);
    json_close_object(json);
}

static void put_now(struct api *api, struct json_out *json)
{
    uint64_t now_ms = state_time_ms(api_state(api));
    int64_t today = charter_day(api->charter, now_ms);
    json_put_word(json, "currency", api->charter->currency);
    put_day(json, "day", today > 0 ? today : 0);
    json_put_time(json, "ledger_time", now_ms);
    json_put_bool(json, "sandbox", api->charter->sandbox);
    json_put_uint(json, "height", api_status(api)->height);
    json_put_uint(json, "records", api_status(api)->records);
}

void api_get_exchange_rates(struct api_call *call)
{
    static const char *const filters[API_FILTERS_MAX] = {"partner", "currency"};
    struct api *api = call->api;
    const struct exchange_rates *rates = state_exchange_rates(api_state(api));
    struct rate_filter filter = {.by_partner = false};
    uint64_t at = 0, limit, told = 0;
    if (!api_page_of(call, "from", filters, &at, &limit) || !take_filter(call, &filter))
        return;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    put_now(api, &json);
    json_open_array(&json, "exchange_rates");
    for (; at < rates->count; at++) {
        if (!fits(&filter, &rates->at[at]))
            continue;
        if (told++ == limit)
            break;
        put_row(api, &json, &rates->at[at]);
    }
    json_close_array(&json);
    api_put_next(&json, at < rates->count, at);
    json_close_object(&json);
    api_respond_json(call, &body);
}
