/* Reads about settlement periods: what is owed in each, and how far its settlement is. */
#include "node/api_parts.h"
#include "node/period_default.h"
#include "node/period_text.h"
#include "partners/charter_contracts.h"
#include "partners/charter_settlement.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces --------------------------------------------------------------------------------- */

static void put_day(struct json_out *json, const char *name, int64_t day)
{
    char text[PERIOD_TEXT_SIZE];
    if (day_text(day, text))
        json_put_word(json, name, text);
    else
        json_put_null(json, name);
}

/* "" is none. */
static void put_code(struct json_out *json, const char *name, const char *code)
{
    if (code[0])
        json_put_word(json, name, code);
    else
        json_put_null(json, name);
}

static void put_parties(const struct api *api, struct json_out *json, struct partner_id debtor,
                        struct partner_id creditor)
{
    json_put_word(json, "debtor", api_partner_name(api, debtor));
    json_put_word(json, "creditor", api_partner_name(api, creditor));
}

static void put_amount(const struct api *api, struct json_out *json, const char *name,
                       const char *currency, struct money amount)
{
    json_put_money(json, name, amount, charter_minor_digits(api->charter, currency));
}

void api_put_ledger(struct api *api, struct json_out *json)
{
    const struct replica_status *status = api_status(api);
    json_put_uint(json, "height", status->height);
    json_put_uint(json, "records", status->records);
    json_put_base64(json, "root", hash_as_bytes(&status->root));
}

int64_t api_today(struct api *api)
{
    return charter_day(api->charter, replica_ledger_now_ms(api->config.replica, api_now(api)));
}

void api_put_now(struct api *api, struct json_out *json)
{
    json_put_word(json, "currency", api->charter->currency);
    json_put_bool(json, "sandbox", api->charter->sandbox);
    json_put_time(json, "ledger_time", replica_ledger_now_ms(api->config.replica, api_now(api)));
    put_day(json, "today", api_today(api));
}

/* A period that is told of; its books are ours where it is open. */
struct view {
    struct api *api;
    const struct closed_period *closed;
    struct closed_period *own; /* NULL unless it is open */
};

static struct view view_of(struct api *api, const struct closed_period *closed)
{
    struct view view = {.api = api, .closed = closed};
    if (!closed)
        view.closed = view.own = state_open_books(api_state(api));
    return view;
}

static void view_release(struct view *view)
{
    if (view->own)
        closed_period_free(view->own);
}

/* ---- a period in short ---------------------------------------------------------------------- */

static const char *state_word(const struct view *view)
{
    enum period_state state = view->closed->period.state;
    return state == PERIOD_OPEN && !view->own ? "ended" : period_state_word(state);
}

static void put_tree(const struct view *view, struct json_out *json)
{
    const struct closed_period *closed = view->closed;
    json_put_uint(json, "first_record", closed->first_record);
    if (!closed->rooted) {
        json_put_null(json, "records");
        json_put_null(json, "root");
        json_put_null(json, "totals");
        return;
    }
    json_put_uint(json, "records", closed->records);
    json_put_base64(json, "root", hash_as_bytes(&closed->root));
    json_put_hex(json, "totals", hash_as_bytes(&closed->totals));
}

static void put_answers(const struct view *view, struct json_out *json)
{
    const struct period *period = &view->closed->period;
    json_open_array(json, "answers");
    for (size_t i = 0; i < period->partner_count && !view->own; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner",
                      api_partner_name(view->api, (struct partner_id){(uint16_t)i}));
        json_put_word(json, "answer", period_answer_word(period->answers[i]));
        json_put_bool(json, "first_approval", !hash_is_zero(&period->approvers[i]));
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_head(const struct view *view, struct json_out *json)
{
    char name[PERIOD_TEXT_SIZE];
    const struct period *period = &view->closed->period;
    const struct charter *charter = view->api->charter;
    period_text(charter, (uint32_t)period->number, name);
    json_put_word(json, "period", name);
    json_put_word(json, "state", state_word(view));
    put_day(json, "first_day", period_first_day(charter, (uint32_t)period->number));
    put_day(json, "last_day", period->ended_on);
    json_open_object(json, "deadlines");
    put_day(json, "propose", period->deadlines.propose);
    put_day(json, "answer", period->deadlines.answer);
    put_day(json, "pay", period->deadlines.pay);
    put_day(json, "disputes_end", charter_disputes_end(charter, period->deadlines.answer));
    json_close_object(json);
    put_tree(view, json);
    if (period->state == PERIOD_OPEN)
        json_put_null(json, "proposer");
    else
        json_put_word(json, "proposer", api_partner_name(view->api, period->proposer));
    put_answers(view, json);
}

/* What is ring-fenced has no day any more. */
bool api_payment_overdue(const struct period_payment *payment, int64_t day)
{
    return day > payment->pay_by && !payment->ring_fenced &&
           (payment->state == PAYMENT_DUE || payment->state == PAYMENT_FAILED);
}

static void put_counts(const struct view *view, struct json_out *json)
{
    const struct period *period = &view->closed->period;
    uint64_t resolved = 0, overdue = 0, ring_fenced = 0, payments[PAYMENT_STATE_COUNT] = {0};
    int64_t day = api_today(view->api);
    for (size_t i = 0; i < period->dispute_count; i++)
        resolved += period->disputes[i].resolved;
    for (size_t i = 0; i < period->payment_count; i++) {
        payments[period->payments[i].state]++;
        overdue += api_payment_overdue(&period->payments[i], day);
        ring_fenced += period->payments[i].ring_fenced && payment_is_open(&period->payments[i]);
    }
    json_put_uint(json, "lines", view->closed->exact.count);
    json_open_object(json, "disputes");
    json_put_uint(json, "open", period->dispute_count - resolved);
    json_put_uint(json, "resolved", resolved);
    json_close_object(json);
    json_open_object(json, "payments");
    for (size_t i = 0; i < ARRAY_SIZE(payments); i++)
        json_put_uint(json, payment_state_word((enum payment_state)i), payments[i]);
    json_put_uint(json, "overdue", overdue);
    json_put_uint(json, "ring_fenced", ring_fenced);
    json_close_object(json);
    json_put_uint(json, "defaults", period->default_count);
}

static void put_summary(struct api *api, struct json_out *json, const struct closed_period *closed)
{
    struct view view = view_of(api, closed);
    json_open_object(json, NULL);
    put_head(&view, json);
    put_counts(&view, json);
    json_close_object(json);
    view_release(&view);
}

static const char *length_word(enum period_kind every)
{
    switch (every) {
    case PERIOD_MONTH:
        return "month";
    case PERIOD_WEEK:
        return "week";
    case PERIOD_DAY:
        return "day";
    }
    must(!"a period of no length");
}

void api_get_periods(struct api_call *call)
{
    struct api *api = call->api;
    const struct periods *periods = state_periods(api_state(api));
    bool open = periods->begun;
    char name[PERIOD_TEXT_SIZE];
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    api_put_now(api, &json);
    json_put_word(&json, "length", length_word(api->charter->settlement.every));
    api_put_ledger(api, &json);
    period_text(api->charter, periods->open, name);
    put_code(&json, "open", open ? name : "");
    json_open_array(&json, "periods");
    for (size_t i = 0; i < periods->count; i++)
        put_summary(api, &json, periods->at[i]);
    if (open)
        put_summary(api, &json, NULL);
    json_close_array(&json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

/* ---- a period as a whole -------------------------------------------------------------------- */

static void put_line(const struct view *view, struct json_out *json, const struct line *line)
{
    put_parties(view->api, json, line->debtor, line->creditor);
    json_put_word(json, "class", book_class_word(line->book_class));
    json_put_word(json, "currency", line->currency);
    json_put_word(json, "tax_code", line->tax_code);
    put_amount(view->api, json, "exact", line->currency, line->exact);
}

static void put_lines(const struct view *view, struct json_out *json, const char *name,
                      const struct lines *lines, bool rounded)
{
    json_open_array(json, name);
    for (size_t i = 0; i < lines->count; i++) {
        json_open_object(json, NULL);
        put_line(view, json, &lines->at[i]);
        if (rounded)
            put_amount(view->api, json, "rounded", lines->at[i].currency, lines->at[i].rounded);
        else
            json_put_uint(json, "tariff", lines->at[i].tariff);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_redeemed(const struct view *view, struct json_out *json)
{
    json_open_array(json, "redeemed");
    for (size_t i = 0; i < view->closed->redeemed_count; i++) {
        const struct redeemed *redeemed = &view->closed->redeemed[i];
        json_open_object(json, NULL);
        put_parties(view->api, json, redeemed->debtor, redeemed->creditor);
        api_put_points_bp(json, "points", redeemed->points_bp);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_nets_of(const struct view *view, struct json_out *json, const char *currency,
                        const struct lines *closed)
{
    size_t count = view->closed->period.partner_count;
    struct money *receivable = allocate(count, sizeof(*receivable));
    struct money *payable = allocate(count, sizeof(*payable));
    for (size_t i = 0; i < closed->count; i++) {
        if (strcmp(closed->at[i].currency, currency) != 0)
            continue;
        payable[closed->at[i].debtor.v].v += closed->at[i].rounded.v;
        receivable[closed->at[i].creditor.v].v += closed->at[i].rounded.v;
    }
    for (size_t i = 0; i < count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner",
                      api_partner_name(view->api, (struct partner_id){(uint16_t)i}));
        json_put_word(json, "currency", currency);
        put_amount(view->api, json, "receivable", currency, receivable[i]);
        put_amount(view->api, json, "payable", currency, payable[i]);
        put_amount(view->api, json, "net", currency,
                   (struct money){receivable[i].v - payable[i].v});
        json_close_object(json);
    }
    free(receivable);
    free(payable);
}

/* Of the charter's currency, and of each other one that there are lines of. */
static void put_nets(const struct view *view, struct json_out *json, const struct lines *closed)
{
    struct charter_line_rules rules;
    const struct charter *charter = state_charter(api_state(view->api));
    charter_line_rules(charter, &rules);
    json_open_array(json, "nets");
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        const char *currency = rules.currencies[i].code;
        if (strcmp(currency, charter->currency) == 0 || lines_have_currency(closed, currency))
            put_nets_of(view, json, currency, closed);
    }
    json_close_array(json);
}

static void put_sum(const struct view *view, struct json_out *json,
                    const struct currency_rule *currency, const struct lines *rounded)
{
    const struct lines *lines = &view->closed->exact;
    struct money exact = {0}, sum = {0};
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->at[i].currency, currency->code) == 0)
            exact.v += lines->at[i].exact.v;
    for (size_t i = 0; i < rounded->count; i++)
        if (strcmp(rounded->at[i].currency, currency->code) == 0)
            sum.v += rounded->at[i].rounded.v;
    json_open_object(json, NULL);
    json_put_word(json, "currency", currency->code);
    json_put_int(json, "minor_digits", currency->minor_digits);
    json_put_money(json, "exact", exact, currency->minor_digits);
    json_put_money(json, "rounded", sum, currency->minor_digits);
    json_close_object(json);
}

/* Of all lines, of each currency apart: the charter's, and each other one that there are lines of.
 */
static void put_sums(const struct view *view, struct json_out *json, const struct lines *rounded)
{
    struct charter_line_rules rules;
    const struct charter *charter = state_charter(api_state(view->api));
    charter_line_rules(charter, &rules);
    json_open_array(json, "sums");
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        const struct currency_rule *currency = &rules.currencies[i];
        if (strcmp(currency->code, charter->currency) == 0 ||
            lines_have_currency(&view->closed->exact, currency->code))
            put_sum(view, json, currency, rounded);
    }
    json_close_array(json);
}

/* What period_finalise() would close: everything but what is disputed. */
static bool close_now(const struct view *view, struct lines *closed_out)
{
    const struct closed_period *closed = view->closed;
    struct charter_line_rules rules;
    struct lines lines = {0};
    charter_line_rules(state_charter(api_state(view->api)), &rules);
    for (size_t i = 0; i < closed->exact.count; i++)
        lines_add(&lines, &closed->exact.at[i]);
    for (size_t i = 0; i < closed->period.dispute_count; i++) {
        struct line without = closed->period.disputes[i].line;
        without.exact.v = -without.exact.v;
        lines_add(&lines, &without);
    }
    bool good = lines_close(lines.at, lines.count, &rules.rules, closed_out, NULL);
    lines_release(&lines);
    return good;
}

static void put_books(const struct view *view, struct json_out *json)
{
    const struct closed_period *closed = view->closed;
    bool preliminary = closed->period.state < PERIOD_FINAL;
    struct lines now = {0};
    const struct lines *rounded = preliminary ? &now : &closed->closed;
    if (preliminary && !close_now(view, &now))
        now = (struct lines){0};
    put_lines(view, json, "lines", &closed->exact, false);
    json_put_bool(json, "preliminary", preliminary);
    put_lines(view, json, "rounded", rounded, true);
    put_redeemed(view, json);
    put_nets(view, json, rounded);
    put_sums(view, json, rounded);
    lines_release(&now);
}

/* Days since 1970; 0: none. */
static void put_day_or_null(struct json_out *json, const char *name, uint32_t day)
{
    if (day > 0)
        put_day(json, name, day);
    else
        json_put_null(json, name);
}

static void put_payment_days(const struct view *view, struct json_out *json, size_t number,
                             int64_t day)
{
    const struct charter *charter = view->api->charter;
    const struct period *period = &view->closed->period;
    const struct period_payment *payment = &period->payments[number];
    put_day_or_null(json, "pay_by", payment->pay_by);
    put_day_or_null(json, "sent_on", payment->sent_on);
    put_day(json, "default_after", charter_default_after(charter, payment->pay_by));
    json_put_bool(json, "overdue", api_payment_overdue(payment, day));
    json_put_bool(json, "may_default", payment_may_default(charter, period, number, day));
}

static void put_payments(const struct view *view, struct json_out *json)
{
    const struct period *period = &view->closed->period;
    int64_t day = api_today(view->api);
    json_open_array(json, "payments");
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        json_open_object(json, NULL);
        json_put_uint(json, "number", i);
        json_put_word(json, "from", api_partner_name(view->api, payment->payment.from));
        json_put_word(json, "to", api_partner_name(view->api, payment->payment.to));
        json_put_word(json, "currency", payment->currency);
        put_amount(view->api, json, "amount", payment->currency, payment->payment.amount);
        json_put_uint(json, "round", payment->round);
        json_put_bool(json, "ring_fenced", payment->ring_fenced);
        json_put_word(json, "state", payment_state_word(payment->state));
        json_put_uint(json, "attempt", payment->attempt);
        json_put_bool(json, "first_approval", !hash_is_zero(&payment->approver));
        json_put_bool(json, "default_first_approval", !hash_is_zero(&payment->accuser));
        put_payment_days(view, json, i, day);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_defaults(const struct view *view, struct json_out *json)
{
    const struct period *period = &view->closed->period;
    json_open_array(json, "defaults");
    for (size_t i = 0; i < period->default_count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(view->api, period->defaults[i].partner));
        json_put_word(json, "currency", period->defaults[i].currency);
        json_close_object(json);
    }
    json_close_array(json);
    json_open_array(json, "taken_over");
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        json_open_object(json, NULL);
        json_put_word(json, "debtor", api_partner_name(view->api, taken->debtor));
        json_put_word(json, "claimant", api_partner_name(view->api, taken->claimant));
        json_put_word(json, "by", api_partner_name(view->api, taken->by));
        json_put_word(json, "currency", taken->currency);
        json_put_bool(json, "collateral", taken->collateral);
        put_amount(view->api, json, "amount", taken->currency, taken->amount);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_amount_or_null(const struct api *api, struct json_out *json, const char *name,
                               const char *currency, bool known, __int128 amount)
{
    if (known)
        put_amount(api, json, name, currency, (struct money){amount});
    else
        json_put_null(json, name);
}

static void put_dispute(const struct api *api, struct json_out *json, const struct dispute *dispute)
{
    bool resolved = dispute->resolved;
    const char *currency = dispute->line.currency;
    json_put_uint(json, "record", dispute->about.record.v);
    put_parties(api, json, dispute->about.debtor, dispute->about.creditor);
    json_put_word(json, "class", line_class_word(dispute->about.line_class));
    json_put_uint(json, "tariff", dispute->about.tariff);
    json_put_word(json, "currency", currency);
    json_put_word(json, "tax_code", dispute->line.tax_code);
    json_put_word(json, "code", dispute_code_word(dispute->code));
    json_put_word(json, "by", api_partner_name(api, dispute->by));
    json_put_word(json, "state", resolved ? "resolved" : dispute->responded ? "responded" : "open");
    put_amount(api, json, "amount", currency, dispute->line.exact);
    put_amount_or_null(api, json, "offered", currency, dispute->responded && !resolved,
                       dispute->upheld.v);
    put_amount_or_null(api, json, "upheld", currency, resolved, dispute->upheld.v);
    put_amount_or_null(api, json, "rest", currency, resolved,
                       dispute->line.exact.v - dispute->upheld.v);
    put_amount(api, json, "taken_back", currency, dispute->contra);
    put_amount(api, json, "entered", currency, dispute->entered);
}

/* So many disputes at once, unless fewer are asked for: far below what an answer may have. */
enum { DISPUTES_PAGE = 4096 };
struct page {
    uint64_t from, limit;
};

static bool take_page(struct api_call *call, struct page *page)
{
    struct bytes text;
    page->from = 0;
    if (!api_page(call, "disputes_from", &page->from, &page->limit))
        return false;
    if (!api_query(call, "limit", &text))
        page->limit = DISPUTES_PAGE;
    return true;
}

static void put_disputes(const struct view *view, const struct page *page, struct json_out *json)
{
    const struct period *period = &view->closed->period;
    uint64_t at = page->from;
    json_open_array(json, "disputes");
    for (; at < period->dispute_count && at - page->from < page->limit; at++) {
        json_open_object(json, NULL);
        put_dispute(view->api, json, &period->disputes[at]);
        json_close_object(json);
    }
    json_close_array(json);
    if (at < period->dispute_count)
        json_put_uint(json, "disputes_next", at);
    else
        json_put_null(json, "disputes_next");
}

static void put_taxes(const struct api *api, struct json_out *json)
{
    const struct charter *charter = state_charter(api_state(api));
    json_open_array(json, "taxes");
    for (size_t i = 0; i < charter->settlement.tax_count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "code", charter->settlement.taxes[i].code);
        json_put_int(json, "rate_bp", charter->settlement.taxes[i].rate_bp);
        json_close_object(json);
    }
    json_close_array(json);
    put_code(json, "fee_tax", charter->settlement.fee_tax);
    put_code(json, "redemption_tax", charter->settlement.redemption_tax);
}

static void respond_period(struct api_call *call, const struct view *view, const struct page *page)
{
    struct api *api = call->api;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    api_put_now(api, &json);
    json_open_object(&json, "ledger");
    api_put_ledger(api, &json);
    json_close_object(&json);
    put_head(view, &json);
    put_books(view, &json);
    put_payments(view, &json);
    put_defaults(view, &json);
    put_disputes(view, page, &json);
    put_taxes(api, &json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

void api_get_period(struct api_call *call)
{
    struct api *api = call->api;
    const struct periods *periods = state_periods(api_state(api));
    uint32_t number = 0;
    struct page page;
    if (!api_argument_period(call, &number) || !take_page(call, &page))
        return;
    const struct closed_period *closed = periods_find(periods, number);
    if (!closed && (number != periods->open || !periods->begun)) {
        api_refuse(call, PROBLEM_NOT_FOUND,
                   number > periods->open ? "It has not begun."
                                          : "Nothing was owed in it, or it is not kept any more.");
        return;
    }
    struct view view = view_of(api, closed);
    respond_period(call, &view, &page);
    view_release(&view);
}
