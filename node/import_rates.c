#include "node/import_rates.h"

#include "node/cli_write.h"
#include "node/json_form.h"
#include "partners/date.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGES_MAX = 1024 };

/* ---- what nodes answer ----------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool day_of(const json_t *json, struct day_rate *out)
{
    struct date date;
    if (!date_parse(bytes_text(text_of(json, "day")), &date) ||
        !decimal_parse(bytes_text(text_of(json, "rate")), RATE_MICRO_MAX, &out->rate.v))
        return false;
    out->day = (uint32_t)date_to_days(date);
    return true;
}

/* The newest day comes first. */
static bool row_of(const json_t *json, struct rate_row *row)
{
    const json_t *days = json_object_get(json, "days");
    struct bytes code = bytes_text(text_of(json, "currency"));
    size_t count = json_array_size(days);
    if (!currency_valid(code) || count > RATE_DAYS_KEPT)
        return false;
    memcpy(row->currency, code.at, code.size);
    row->count = (uint8_t)count;
    for (size_t i = 0; i < count; i++)
        if (!day_of(json_array_get(days, i), &row->at[count - 1 - i]))
            return false;
    return true;
}

bool import_rates_add(struct import_rates *rates, uint16_t place, const json_t *page,
                      struct error *error)
{
    const json_t *list = json_object_get(page, "exchange_rates");
    bool good = json_is_array(list);
    for (size_t i = 0; i < json_array_size(list) && good; i++) {
        struct rate_row row = {.partner = {place}};
        good = row_of(json_array_get(list, i), &row) &&
               exchange_rates_add(&rates->rates, &row, rates->charter->currency, RATE_DAY_MAX);
    }
    return good || error_set(error, ERROR_INVALID, "the node tells no exchange rates");
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool ask_page(struct http *http, const struct cli_target *target, const char *path,
                     json_t **page_out, struct error *error)
{
    char why[512];
    int status;
    if (!http_ask(http, target, path, NULL, NULL, &status, page_out, error))
        return false;
    if (status == 200)
        return true;
    http_problem_text(status, *page_out, why);
    json_decref(*page_out);
    return error_set(error, ERROR_DENIED, "exchange rates: %.300s", why);
}

static bool ask_partner(struct http *http, const struct cli_target *target, const char *name,
                        struct import_rates *rates, uint16_t place, struct error *error)
{
    uint64_t from = 0;
    bool more = true;
    for (size_t i = 0; i < PAGES_MAX && more; i++) {
        char path[HTTP_PATH_MAX];
        json_t *page;
        (void)snprintf(path, sizeof(path), "/v1/exchange-rates?partner=%s&limit=250&from=%" PRIu64,
                       name, from);
        if (!ask_page(http, target, path, &page, error))
            return false;
        const json_t *next = json_object_get(page, "next");
        bool good = import_rates_add(rates, place, page, error);
        more = json_is_integer(next) && (uint64_t)json_integer_value(next) > from;
        from = (uint64_t)json_integer_value(next);
        json_decref(page);
        if (!good)
            return false;
    }
    return true;
}

bool import_rates_ask(const struct import_plan *plan, const struct cli_target *targets,
                      uint64_t patience_ms, struct import_rates *rates_out, struct error *error)
{
    struct import_rates rates = {.charter = NULL};
    struct http *http = http_open(1, patience_ms);
    bool ok = plan->partner_count == 0 || cli_charter(http, &targets[0], &rates.charter, error);
    for (size_t i = 0; i < plan->partner_count && ok; i++) {
        ok = name_valid(bytes_text(plan->partners[i])) ||
             error_set(error, ERROR_INVALID, "partner: \"%.40s\" is no name", plan->partners[i]);
        ok = ok && ask_partner(http, &targets[i], plan->partners[i], &rates, (uint16_t)i, error);
    }
    http_close(http);
    if (ok)
        *rates_out = rates;
    else
        import_rates_release(&rates);
    return ok;
}

void import_rates_release(struct import_rates *rates)
{
    charter_close(rates->charter);
    exchange_rates_release(&rates->rates);
}

/* ---- finding --------------------------------------------------------------------------------- */

bool import_rates_find(void *context, const struct import_event *event, int64_t *rate_out,
                       char why_out[IMPORT_WHY_SIZE])
{
    const struct import_rates *own = context;
    struct day_rate rate;
    char day_text[DATE_TEXT_SIZE];
    if (strcmp(event->currency, own->charter->currency) == 0) {
        *rate_out = 1000000;
        return true;
    }
    int64_t day = charter_day(own->charter, event->time_ms);
    if (exchange_rates_find(&own->rates, (struct partner_id){event->partner}, event->currency, day,
                            &rate)) {
        *rate_out = rate.rate.v;
        return true;
    }
    date_format(date_from_days(day > 0 ? day : 0), day_text);
    (void)snprintf(why_out, IMPORT_WHY_SIZE,
                   "currency: no rate of %s was published for %s or the %d days before it",
                   event->currency, day_text, RATE_LATE_DAYS);
    return false;
}
