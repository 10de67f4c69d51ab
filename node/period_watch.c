#include "node/period_watch.h"

#include "node/period_default.h"
#include "node/period_text.h"
#include "partners/charter_contracts.h"
#include "partners/charter_settlement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is told of one payment. */
enum { TOLD_DUE, TOLD_OVERDUE, TOLD_DEFAULT_POSSIBLE, PAYMENT_EVENTS };

struct period_watch_row {
    uint64_t number;
    enum period_state state;
    bool told[PERIOD_EVENT_COUNT];   /* of deadlines of the period itself */
    bool (*told_of)[PAYMENT_EVENTS]; /* by payment */
    size_t payment_count, default_count;
};

static const struct {
    const char *name, *message;
    enum log_level level;
} events[] = {
#define X(name, level, message) {#name, message, level},
    PERIOD_EVENTS(X)
#undef X
};

enum log_level period_event_level(enum period_event_kind kind)
{
    return events[kind].level;
}

const char *period_event_message(enum period_event_kind kind)
{
    return events[kind].message;
}

static void row_release(struct period_watch_row *row)
{
    free(row->told_of);
}

void period_watch_release(struct period_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        row_release(&watch->rows[i]);
    free(watch->rows);
    *watch = (struct period_watch){0};
}

/* ---- one look -------------------------------------------------------------------------------- */

struct look {
    struct period_watch *watch;
    const struct charter *charter;
    struct partner_id own;
    int64_t today;
    void (*tell)(void *context, const struct period_event *event);
    void *context;
};

static void say(const struct look *look, const struct period_event *event)
{
    look->watch->counts[event->kind]++;
    look->tell(look->context, event);
}

static void say_once(const struct look *look, bool *told, const struct period_event *event)
{
    if (*told)
        return;
    *told = true;
    say(look, event);
}

/* Every state between the one it was seen in and the one it is in: a sandbox's clock runs fast. */
static void look_at_state(const struct look *look, struct period_watch_row *row,
                          const struct closed_period *closed)
{
    static const enum period_event_kind reached[] = {[PERIOD_PROPOSED] = PERIOD_EVENT_proposed,
                                                     [PERIOD_FINAL] = PERIOD_EVENT_final,
                                                     [PERIOD_SETTLED] = PERIOD_EVENT_settled};
    while (row->state < closed->period.state) {
        row->state++;
        must((size_t)row->state < ARRAY_SIZE(reached));
        say(look, &(struct period_event){.kind = reached[row->state], .closed = closed});
    }
}

static void look_at_deadlines(const struct look *look, struct period_watch_row *row,
                              const struct closed_period *closed)
{
    const struct period *period = &closed->period;
    struct period_event event = {.closed = closed};
    if (period->state == PERIOD_OPEN && look->today > period->deadlines.propose) {
        event.kind = PERIOD_EVENT_proposal_overdue;
        event.until = period->deadlines.propose;
    } else if (period->state == PERIOD_PROPOSED && look->today > period->deadlines.answer) {
        event.kind = PERIOD_EVENT_final_overdue;
        event.until = period->deadlines.answer;
    } else if (period->state == PERIOD_PROPOSED && look->today == period->deadlines.answer &&
               look->own.v < period->partner_count && period->answers[look->own.v] == ANSWER_NONE) {
        event.kind = PERIOD_EVENT_answer_due;
        event.until = period->deadlines.answer;
    } else {
        return;
    }
    say_once(look, &row->told[event.kind], &event);
}

/* One that was sent anew after it failed is told again; of what is void, or ring-fenced, the
 * default tells. */
static void look_at_payment(const struct look *look, struct period_watch_row *row,
                            const struct closed_period *closed, size_t number)
{
    const struct period_payment *payment = &closed->period.payments[number];
    struct period_event event = {
        .closed = closed, .until = payment->pay_by, .payment = payment, .number = number};
    bool *told = row->told_of[number];
    if (payment->ring_fenced ||
        (payment->state != PAYMENT_DUE && payment->state != PAYMENT_FAILED)) {
        memset(told, 0, sizeof(row->told_of[number]));
    } else if (look->today > event.until) {
        event.kind = PERIOD_EVENT_payment_overdue;
        say_once(look, &told[TOLD_OVERDUE], &event);
        event.until = charter_default_after(look->charter, event.until);
        event.kind = PERIOD_EVENT_default_possible;
        if (payment_may_default(look->charter, &closed->period, number, look->today))
            say_once(look, &told[TOLD_DEFAULT_POSSIBLE], &event);
    } else if (look->today == event.until && partner_equal(payment->payment.from, look->own)) {
        event.kind = PERIOD_EVENT_payment_due;
        say_once(look, &told[TOLD_DUE], &event);
    }
}

static void look_at_payments(const struct look *look, struct period_watch_row *row,
                             const struct closed_period *closed)
{
    size_t count = closed->period.payment_count;
    if (row->payment_count < count) { /* it is final by now, or a default has made more */
        bool(*more)[PAYMENT_EVENTS] = allocate(count, sizeof(*more));
        if (row->payment_count > 0)
            memcpy(more, row->told_of, row->payment_count * sizeof(*more));
        free(row->told_of);
        row->told_of = more;
        row->payment_count = count;
    }
    for (size_t i = 0; i < count; i++)
        look_at_payment(look, row, closed, i);
}

static void look_at_defaults(const struct look *look, struct period_watch_row *row,
                             const struct closed_period *closed)
{
    for (; row->default_count < closed->period.default_count; row->default_count++)
        say(look,
            &(struct period_event){.kind = PERIOD_EVENT_in_default,
                                   .closed = closed,
                                   .in_default = &closed->period.defaults[row->default_count]});
}

static struct period_watch_row row_of(const struct look *look, const struct closed_period *closed)
{
    struct period_watch_row row = {.number = closed->period.number};
    if (look->watch->begun)
        say(look, &(struct period_event){.kind = PERIOD_EVENT_ended, .closed = closed});
    else
        row.state = closed->period.state;
    if (row.state == PERIOD_SETTLED)
        row.default_count = closed->period.default_count;
    return row;
}

void period_watch_look(struct period_watch *watch, const struct periods *periods,
                       const struct charter *charter, struct partner_id own, int64_t today,
                       void (*tell)(void *context, const struct period_event *event), void *context)
{
    struct look look = {watch, charter, own, today, tell, context};
    struct period_watch_row *rows = allocate(periods->count, sizeof(*rows));
    size_t old = 0;
    for (size_t i = 0; i < periods->count; i++) {
        const struct closed_period *closed = periods->at[i];
        while (old < watch->count && watch->rows[old].number < closed->period.number)
            row_release(&watch->rows[old++]);
        if (old < watch->count && watch->rows[old].number == closed->period.number)
            rows[i] = watch->rows[old++];
        else
            rows[i] = row_of(&look, closed);
        look_at_state(&look, &rows[i], closed);
        look_at_deadlines(&look, &rows[i], closed);
        look_at_defaults(&look, &rows[i], closed);
        look_at_payments(&look, &rows[i], closed);
    }
    while (old < watch->count)
        row_release(&watch->rows[old++]);
    free(watch->rows);
    watch->rows = rows;
    watch->count = periods->count;
    watch->begun = true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const char *name_of(const struct charter *charter, struct partner_id partner)
{
    return partner.v < charter->partner_count ? charter->partners[partner.v].name : "?";
}

static size_t payment_fields(const struct period_event *event, const struct charter *charter,
                             struct period_event_room *room, struct log_field *fields_out)
{
    const struct payment *payment = &event->payment->payment;
    const char *currency = event->payment->currency;
    money_format(payment->amount, charter_minor_digits(charter, currency), room->amount);
    fields_out[0] = log_unsigned("payment", event->number);
    fields_out[1] = log_text("from", name_of(charter, payment->from));
    fields_out[2] = log_text("to", name_of(charter, payment->to));
    fields_out[3] = log_text("amount", room->amount);
    fields_out[4] = log_text("currency", currency);
    return 5;
}

size_t period_event_fields(const struct period_event *event, const struct charter *charter,
                           struct period_event_room *room,
                           struct log_field fields_out[PERIOD_FIELDS_MAX])
{
    const struct closed_period *closed = event->closed;
    size_t count = 0;
    period_text(charter, (uint32_t)closed->period.number, room->period);
    fields_out[count++] = log_text("period", room->period);
    if (event->until > 0 && day_text(event->until, room->until))
        fields_out[count++] = log_text("until", room->until);
    if (event->payment)
        return count + payment_fields(event, charter, room, fields_out + count);
    if (event->in_default) {
        fields_out[count++] = log_text("partner", name_of(charter, event->in_default->partner));
        fields_out[count++] = log_text("currency", event->in_default->currency);
        return count;
    }
    if (closed->rooted) {
        hex_encode(hash_as_bytes(&closed->totals), room->totals);
        fields_out[count++] = log_unsigned("records", closed->records);
        fields_out[count++] = log_text("totals", room->totals);
    }
    if (closed->period.state != PERIOD_OPEN)
        fields_out[count++] = log_text("proposer", name_of(charter, closed->period.proposer));
    return count;
}

/* ---- metrics --------------------------------------------------------------------------------- */

struct standing { /* of all periods that are told of */
    uint64_t states[PERIOD_SETTLED + 1], payments[PAYMENT_STATE_COUNT];
    uint64_t disputes, payments_overdue, proposals_overdue, finals_overdue, defaults;
    /* Not confirmed yet, in the order of the charter's line rules. */
    struct money unpaid[1 + CHARTER_CURRENCIES_MAX], ring_fenced[1 + CHARTER_CURRENCIES_MAX];
};

static void add_unpaid(struct standing *sums, const struct charter_line_rules *rules,
                       const struct period_payment *payment)
{
    struct money *into = payment->ring_fenced ? sums->ring_fenced : sums->unpaid;
    for (size_t i = 0; i < rules->rules.currency_count; i++)
        if (payment_is_open(payment) && strcmp(payment->currency, rules->currencies[i].code) == 0)
            into[i].v += payment->payment.amount.v;
}

static void add_period(struct standing *sums, const struct charter_line_rules *rules,
                       const struct period *period, int64_t today)
{
    sums->states[period->state]++;
    sums->proposals_overdue += period->state == PERIOD_OPEN && today > period->deadlines.propose;
    sums->finals_overdue += period->state == PERIOD_PROPOSED && today > period->deadlines.answer;
    for (size_t i = 0; i < period->dispute_count; i++)
        sums->disputes += !period->disputes[i].resolved;
    sums->defaults += period->default_count;
    for (size_t i = 0; i < period->payment_count; i++) {
        enum payment_state state = period->payments[i].state;
        sums->payments[state]++;
        add_unpaid(sums, rules, &period->payments[i]);
        sums->payments_overdue += today > period->payments[i].pay_by &&
                                  !period->payments[i].ring_fenced &&
                                  (state == PAYMENT_DUE || state == PAYMENT_FAILED);
    }
}

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP accrue_%s %s\n# TYPE accrue_%s %s\n", name, help, name, type);
}

/* By currency, also those in which nothing is open: a series that comes and goes is hard to watch.
 */
static void put_unpaid(const struct money *unpaid, const char *name, const char *help,
                       const struct charter_line_rules *rules, struct buffer *out)
{
    char amount[MONEY_TEXT_SIZE];
    head(out, name, "gauge", help);
    for (size_t i = 0; i < rules->rules.currency_count; i++) {
        const struct currency_rule *currency = &rules->currencies[i];
        money_format(unpaid[i], currency->minor_digits, amount);
        buffer_printf(out, "accrue_%s{currency=\"%s\"} %s\n", name, currency->code, amount);
    }
}

void period_watch_metrics(const struct period_watch *watch, const struct periods *periods,
                          const struct charter *charter, int64_t today, struct buffer *out)
{
    struct standing sums = {0};
    struct charter_line_rules rules;
    charter_line_rules(charter, &rules);
    for (size_t i = 0; i < periods->count; i++)
        add_period(&sums, &rules, &periods->at[i]->period, today);
    head(out, "periods", "gauge", "Settlement periods that have ended, by state.");
    for (size_t i = 0; i < ARRAY_SIZE(sums.states); i++)
        buffer_printf(out, "accrue_periods{state=\"%s\"} %" PRIu64 "\n",
                      i == PERIOD_OPEN ? "ended" : period_state_word((enum period_state)i),
                      sums.states[i]);
    head(out, "period_payments", "gauge", "Payments of settlement periods, by state.");
    for (size_t i = 0; i < ARRAY_SIZE(sums.payments); i++)
        buffer_printf(out, "accrue_period_payments{state=\"%s\"} %" PRIu64 "\n",
                      payment_state_word((enum payment_state)i), sums.payments[i]);
    put_unpaid(sums.unpaid, "period_unpaid",
               "Amount of netted payments that are not confirmed, by currency.", &rules, out);
    put_unpaid(sums.ring_fenced, "period_ring_fenced_unpaid",
               "Amount of payments of and to those in default that are not confirmed, by currency.",
               &rules, out);
    head(out, "period_defaults", "gauge",
         "Partners in default, of each settlement period and currency apart.");
    buffer_printf(out, "accrue_period_defaults %" PRIu64 "\n", sums.defaults);
    head(out, "period_disputes_open", "gauge", "Disputes that are not resolved.");
    buffer_printf(out, "accrue_period_disputes_open %" PRIu64 "\n", sums.disputes);
    head(out, "period_overdue", "gauge", "What was not done by its deadline, by step.");
    buffer_printf(out,
                  "accrue_period_overdue{step=\"propose\"} %" PRIu64 "\n"
                  "accrue_period_overdue{step=\"finalise\"} %" PRIu64 "\n"
                  "accrue_period_overdue{step=\"pay\"} %" PRIu64 "\n",
                  sums.proposals_overdue, sums.finals_overdue, sums.payments_overdue);
    head(out, "period_events_total", "counter", "What happened to settlement periods.");
    for (size_t i = 0; i < PERIOD_EVENT_COUNT; i++)
        buffer_printf(out, "accrue_period_events_total{event=\"%s\"} %" PRIu64 "\n", events[i].name,
                      watch->counts[i]);
}
