/* Exchange rates from requests, and what a purchase in another currency is worth by them. */
#include "node/api_build_parts.h"

#include "partners/date.h"

#include <stdio.h>
#include <string.h>

static bool take_currency(struct form *form, char code_out[CURRENCY_SIZE])
{
    struct bytes text;
    if (!form_text(form, "currency", 1, TEXT_SIZE_MAX, &text)) {
        if (!form_has(form, "currency"))
            form_missing(form, "currency");
        return false;
    }
    if (!currency_valid(text)) {
        form_wrong(form, "currency", "must be three capital letters (ISO 4217)");
        return false;
    }
    memcpy(code_out, text.at, text.size);
    code_out[text.size] = 0;
    return true;
}

static bool take_decimal(struct form *form, const char *name, int64_t max, struct micro *out)
{
    if (form_decimal(form, name, max, &out->v))
        return true;
    if (!form_has(form, name))
        form_missing(form, name);
    return false;
}

/* ---- publishing ------------------------------------------------------------------------------ */

/* Kept in the order of their currencies, as the ledger wants them. */
static void take_rate(struct build *build, struct form *form, struct day_rates *rates)
{
    struct currency_rate rate = {.rate = {0}};
    bool named = take_currency(form, rate.currency);
    if (!take_decimal(form, "rate", RATE_MICRO_MAX, &rate.rate) || !named)
        return;
    if (strcmp(rate.currency, build->input->charter->currency) == 0) {
        form_wrong(form, "currency", "is the coalition's own");
        return;
    }
    size_t place = 0;
    while (place < rates->count && strcmp(rates->at[place].currency, rate.currency) < 0)
        place++;
    if (place < rates->count && strcmp(rates->at[place].currency, rate.currency) == 0) {
        form_wrong(form, "currency", "is given twice");
        return;
    }
    memmove(&rates->at[place + 1], &rates->at[place], (rates->count - place) * sizeof(rate));
    rates->at[place] = rate;
    rates->count++;
}

/* Absent: that of the transaction's time. */
static void take_day(struct build *build, uint32_t *day_out)
{
    struct form *form = &build->form;
    struct bytes text;
    struct date date;
    int64_t today = charter_day(build->input->charter, build->t->at_ms);
    *day_out = today > 0 ? (uint32_t)today : 0;
    if (!form_text(form, "day", 1, TEXT_SIZE_MAX, &text))
        return; /* absent, or noted */
    if (date_parse(text, &date))
        *day_out = (uint32_t)date_to_days(date);
    else
        form_wrong(form, "day", "must be a day, \"2026-11-30\"");
}

void build_rates(struct build *build)
{
    struct form *form = &build->form;
    struct day_rates *rates = &build->t->body.deal.rates;
    json_t *array;
    take_day(build, &rates->day);
    if (!form_array(form, "rates", 1, RATES_MAX, &array)) {
        if (!form_has(form, "rates"))
            form_missing(form, "rates");
        return;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct form element;
        if (!form_element(form, "rates", array, i, &element))
            continue;
        take_rate(build, &element, rates);
        form_finish(&element);
    }
}

/* ---- a purchase ------------------------------------------------------------------------------ */

/* Which of the rates that a purchase of that day may have had gives this worth. */
static bool rate_giving(const struct rate_row *row, int64_t day, struct micro amount,
                        uint64_t worth, struct day_rate *rate_out)
{
    for (size_t i = 0; row && i < row->count; i++) {
        struct micro own;
        if (row->at[i].day <= day && day - row->at[i].day <= RATE_LATE_DAYS &&
            exchange_rate_convert(amount, row->at[i].rate, &own) && (uint64_t)own.v == worth) {
            *rate_out = row->at[i];
            return true;
        }
    }
    return false;
}

/* A repeat is built with the rate of the first, though a later one may have been published since.
 */
static bool find_rate(const struct build *build, const char *currency, int64_t day,
                      struct micro amount, struct day_rate *rate_out)
{
    const struct build_input *input = build->input;
    const struct exchange_rates *rates = state_exchange_rates(input->state);
    if (input->first && input->first->type == TRANSACTION_EARN &&
        rate_giving(exchange_rates_of(rates, input->partner, currency), day, amount,
                    input->first->body.earn.eligible, rate_out))
        return true;
    return exchange_rates_find(rates, input->partner, currency, day, rate_out);
}

static void stop_without_rate(struct build *build, const char *currency, int64_t day)
{
    char text[DATE_TEXT_SIZE];
    if (build->stopped)
        return;
    build->stopped = true;
    date_format(date_from_days(day > 0 ? day : 0), text);
    problem_init(build->problem, PROBLEM_NO_RATE);
    (void)snprintf(build->problem->detail, sizeof(build->problem->detail),
                   "No rate of %s was published for %s or the %d days before it: publish one at "
                   "/v1/exchange-rates (accrue rates publish %s=... --day %s).",
                   currency, text, RATE_LATE_DAYS, currency, text);
}

void build_purchase(struct build *build)
{
    struct form form;
    char currency[CURRENCY_SIZE];
    struct micro amount = {0}, worth = {0};
    struct day_rate rate = {.day = 0};
    const struct charter *charter = build->input->charter;
    if (!form_object(&build->form, "purchase", &form))
        return;
    if (form_has(&build->form, "eligible"))
        form_wrong(&build->form, "purchase", "either eligible or purchase is needed, not both");
    bool named = take_currency(&form, currency);
    bool good = take_decimal(&form, "amount", INT64_MAX, &amount) && named;
    form_finish(&form);
    if (!good)
        return;
    if (strcmp(currency, charter->currency) == 0) {
        build->t->body.earn.eligible = (uint64_t)amount.v;
        return;
    }
    int64_t day = charter_day(charter, build->t->at_ms);
    if (!find_rate(build, currency, day, amount, &rate)) {
        stop_without_rate(build, currency, day);
    } else if (!exchange_rate_convert(amount, rate.rate, &worth)) {
        form_wrong(&form, "amount", "is worth nothing, or too much, at the rate of the day");
    } else {
        build->t->body.earn.eligible = (uint64_t)worth.v;
        build->built->exchange = (struct build_exchange){.rate = rate.rate, .day = rate.day};
    }
}
