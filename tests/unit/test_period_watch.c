// links: node
#include "node/period_watch.h"
#include "partners/charter_settlement.h"
#include "unit/coalition.h"

enum { JANUARY = 684, FIRST_FEBRUARY = 20850 }; /* of 2027: months and days since 1970 */

static struct charter *charter;
static struct periods periods;
static struct period_watch watch;
static struct period_event told[64];
static size_t told_count;

static void on_told(void *context, const struct period_event *event)
{
    (void)context;
    REQUIRE(told_count < ARRAY_SIZE(told));
    told[told_count++] = *event;
}

/* How many were told; the first is told[0]. */
static size_t look(int64_t today)
{
    told_count = 0;
    period_watch_look(&watch, &periods, charter, (struct partner_id){0}, today, on_told, NULL);
    return told_count;
}

static struct period *end_period(uint64_t number)
{
    struct period_rules rules = {.propose_days = 1, .answer_days = 3, .pay_days = 5};
    struct closed_period *closed = allocate(1, sizeof(*closed));
    period_open(&closed->period, number, FIRST_FEBRUARY - 1, &rules, 2);
    closed->rooted = true;
    closed->records = 30;
    periods_add(&periods, closed);
    return &closed->period;
}

/* One payment in euro, one in yen. */
static void make_final(struct period *period)
{
    static const char *const currencies[] = {"EUR", "JPY"};
    period->state = PERIOD_FINAL;
    period->payments =
        array_grow(period->payments, &period->payment_capacity, 2, sizeof(*period->payments));
    for (uint16_t i = 0; i < 2; i++) {
        period->payments[i] = (struct period_payment){
            .payment = {.from = {i}, .to = {1 - i}, .amount = {(__int128)10000000000}},
            .pay_by = (uint32_t)period->deadlines.pay};
        memcpy(period->payments[i].currency, currencies[i], CURRENCY_SIZE);
    }
    period->payment_count = 2;
}

static struct charter *two_partners(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", NULL}};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.default_days = 20;
    return draft;
}

static void set_up(void)
{
    struct charter *draft = two_partners();
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "JPY", .minor_digits = 0};
    charter = coalition_found(draft);
    (void)look(FIRST_FEBRUARY - 10);
}

static void tear_down(void)
{
    period_watch_release(&watch);
    periods_release(&periods);
    charter_close(charter);
}

static bool told_of(enum period_event_kind kind)
{
    for (size_t i = 0; i < told_count; i++)
        if (told[i].kind == kind)
            return true;
    return false;
}

CASE(each_state_is_told_once)
{
    set_up();
    struct period *period = end_period(JANUARY);
    REQUIRE(look(FIRST_FEBRUARY) == 1);
    CHECK(told_of(PERIOD_EVENT_ended));
    CHECK_INT(look(FIRST_FEBRUARY), 0);
    period->state = PERIOD_PROPOSED;
    REQUIRE(look(FIRST_FEBRUARY) == 1);
    CHECK(told_of(PERIOD_EVENT_proposed));
    make_final(period);
    REQUIRE(look(FIRST_FEBRUARY) == 1);
    CHECK(told_of(PERIOD_EVENT_final));
    period->state = PERIOD_SETTLED;
    period->payments[0].state = period->payments[1].state = PAYMENT_CONFIRMED;
    REQUIRE(look(FIRST_FEBRUARY + 20) == 1);
    CHECK(told_of(PERIOD_EVENT_settled));
    CHECK_INT(watch.counts[PERIOD_EVENT_ended], 1);
    CHECK_INT(watch.counts[PERIOD_EVENT_settled], 1);
    tear_down();
}

CASE(states_that_were_passed_between_two_looks_are_told_in_order)
{
    set_up();
    make_final(end_period(JANUARY));
    REQUIRE(look(FIRST_FEBRUARY) == 3);
    CHECK_INT(told[0].kind, PERIOD_EVENT_ended);
    CHECK_INT(told[1].kind, PERIOD_EVENT_proposed);
    CHECK_INT(told[2].kind, PERIOD_EVENT_final);
    tear_down();
}

CASE(what_was_before_the_start_is_not_told_but_what_is_overdue)
{
    charter = coalition_found(two_partners());
    make_final(end_period(JANUARY));
    (void)end_period(JANUARY + 1);
    REQUIRE(look(FIRST_FEBRUARY + 10) == 3);
    CHECK_INT(told[0].kind, PERIOD_EVENT_payment_overdue);
    CHECK_INT(told[1].kind, PERIOD_EVENT_payment_overdue);
    CHECK_INT(told[2].kind, PERIOD_EVENT_proposal_overdue);
    CHECK_INT(look(FIRST_FEBRUARY + 11), 0);
    tear_down();
}

CASE(deadlines_are_warned_of_on_their_last_day_and_told_once_they_pass)
{
    set_up();
    struct period *period = end_period(JANUARY);
    (void)look(FIRST_FEBRUARY);
    int64_t propose = period->deadlines.propose, answer = period->deadlines.answer,
            pay = period->deadlines.pay;
    CHECK_INT(look(propose), 0);
    REQUIRE(look(propose + 1) == 1);
    CHECK(told_of(PERIOD_EVENT_proposal_overdue));
    period->state = PERIOD_PROPOSED;
    (void)look(answer - 1);
    REQUIRE(look(answer) == 1);
    CHECK(told_of(PERIOD_EVENT_answer_due));
    CHECK_INT(look(answer), 0);
    REQUIRE(look(answer + 1) == 1);
    CHECK(told_of(PERIOD_EVENT_final_overdue));
    make_final(period);
    (void)look(pay - 1);
    REQUIRE(look(pay) == 1); /* its own only */
    CHECK_INT(told[0].kind, PERIOD_EVENT_payment_due);
    CHECK_INT(told[0].number, 0);
    REQUIRE(look(pay + 1) == 2);
    CHECK_INT(told[0].kind, PERIOD_EVENT_payment_overdue);
    CHECK_INT(look(pay + 2), 0);
    period->payments[0].state = PAYMENT_SENT;
    CHECK_INT(look(pay + 2), 0);
    period->payments[0].state = PAYMENT_FAILED;
    CHECK_INT(look(pay + 2), 1);
    tear_down();
}

CASE(who_has_answered_is_not_warned)
{
    set_up();
    struct period *period = end_period(JANUARY);
    period->state = PERIOD_PROPOSED;
    period->answers[0] = ANSWER_SIGNED;
    (void)look(FIRST_FEBRUARY);
    CHECK_INT(look(period->deadlines.answer), 0);
    tear_down();
}

/* The first payment is void; in its place come one that is netted and one that is ring-fenced. */
static void default_of_payer(struct period *period)
{
    period->defaults =
        array_grow(period->defaults, &period->default_capacity, 1, sizeof(*period->defaults));
    period->defaults[period->default_count++] = (struct period_default){.currency = "EUR"};
    period->payments[0].state = PAYMENT_VOID;
    for (uint16_t i = 0; i < 2; i++)
        period_add_payment(period,
                           &(struct period_payment){
                               .payment = {.from = {i}, .to = {1 + i}, .amount = {20000000000}},
                               .currency = "EUR",
                               .round = 1,
                               .ring_fenced = i == 0});
}

CASE(a_payer_that_may_be_declared_in_default_is_told_of_and_one_that_is)
{
    set_up();
    struct period *period = end_period(JANUARY);
    make_final(period);
    int64_t last = charter_default_after(charter, period->deadlines.pay);
    CHECK(last > period->deadlines.pay);
    period->payments[1].state = PAYMENT_SENT;
    (void)look(last);
    REQUIRE(look(last + 1) == 1);
    CHECK(told_of(PERIOD_EVENT_default_possible));
    CHECK_INT(told[0].until, last);
    CHECK_INT(look(last + 1), 0);
    default_of_payer(period);
    REQUIRE(look(last + 1) == 3); /* what is netted anew has passed its day */
    CHECK_INT(told[0].kind, PERIOD_EVENT_in_default);
    CHECK_INT(told[1].kind, PERIOD_EVENT_payment_overdue);
    CHECK_INT(told[1].number, 3);
    CHECK_INT(told[2].kind, PERIOD_EVENT_default_possible);
    struct period_event_room room;
    struct log_field fields[PERIOD_FIELDS_MAX];
    REQUIRE(period_event_fields(&told[0], charter, &room, fields) == 3);
    CHECK(bytes_equal(fields[1].text, bytes_text("grocer")));
    CHECK(bytes_equal(fields[2].text, bytes_text("EUR")));
    CHECK_INT(look(last + 2), 0);
    /* A node that begins anew tells of it as long as the period is not settled. */
    period_watch_release(&watch);
    (void)look(last + 2);
    CHECK(told_of(PERIOD_EVENT_in_default));
    period_watch_release(&watch);
    period->state = PERIOD_SETTLED;
    (void)look(last + 2);
    CHECK(!told_of(PERIOD_EVENT_in_default));
    tear_down();
}

CASE(what_is_ring_fenced_or_void_is_counted_apart)
{
    struct buffer out;
    set_up();
    make_final(end_period(JANUARY));
    default_of_payer(&periods.at[0]->period);
    buffer_init(&out, 1 << 16);
    period_watch_metrics(&watch, &periods, charter, FIRST_FEBRUARY + 60, &out);
    const char *text = buffer_text(&out);
    CHECK(strstr(text, "accrue_period_unpaid{currency=\"EUR\"} 2.00\n") != NULL);
    CHECK(strstr(text, "accrue_period_ring_fenced_unpaid{currency=\"EUR\"} 2.00\n") != NULL);
    CHECK(strstr(text, "accrue_period_ring_fenced_unpaid{currency=\"JPY\"} 0\n") != NULL);
    CHECK(strstr(text, "accrue_period_payments{state=\"void\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_defaults 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_overdue{step=\"pay\"} 2\n") != NULL);
    buffer_release(&out);
    tear_down();
}

CASE(periods_that_are_forgotten_leave_the_others_as_they_were)
{
    set_up();
    for (uint64_t i = 0; i < 3; i++)
        (void)end_period(JANUARY + i);
    CHECK_INT(look(FIRST_FEBRUARY), 3);
    closed_period_free(periods.at[1]);
    periods.at[1] = periods.at[2];
    periods.count = 2;
    CHECK_INT(look(FIRST_FEBRUARY), 0);
    closed_period_free(periods.at[0]);
    periods.at[0] = periods.at[1];
    periods.count = 1;
    periods.at[0]->period.state = PERIOD_PROPOSED;
    CHECK_INT(look(FIRST_FEBRUARY), 1);
    tear_down();
}

CASE(a_line_names_the_period_and_what_it_is_about)
{
    struct period_event_room room;
    struct log_field fields[PERIOD_FIELDS_MAX];
    set_up();
    struct period *period = end_period(JANUARY);
    make_final(period);
    struct period_event event = {.kind = PERIOD_EVENT_payment_overdue,
                                 .closed = periods.at[0],
                                 .until = FIRST_FEBRUARY,
                                 .payment = &period->payments[1],
                                 .number = 1};
    REQUIRE(period_event_fields(&event, charter, &room, fields) == 7);
    CHECK_TEXT(room.period, "2027-01");
    CHECK_TEXT(room.until, "2027-02-01");
    CHECK_TEXT(room.amount, "1");
    CHECK_TEXT(fields[6].key, "currency");
    CHECK(bytes_equal(fields[6].text, bytes_text("JPY")));
    CHECK_TEXT(fields[3].key, "from");
    CHECK(bytes_equal(fields[3].text, bytes_text("books")));
    event = (struct period_event){.kind = PERIOD_EVENT_final, .closed = periods.at[0]};
    REQUIRE(period_event_fields(&event, charter, &room, fields) == 4);
    CHECK_TEXT(fields[1].key, "records");
    CHECK_INT(strlen(room.totals), HASH_HEX_SIZE);
    tear_down();
}

CASE(metrics_say_how_periods_stand)
{
    struct buffer out;
    set_up();
    make_final(end_period(JANUARY));
    (void)end_period(JANUARY + 1);
    periods.at[0]->period.payments[0].state = PAYMENT_SENT;
    (void)look(FIRST_FEBRUARY + 10);
    buffer_init(&out, 1 << 16);
    period_watch_metrics(&watch, &periods, charter, FIRST_FEBRUARY + 10, &out);
    const char *text = buffer_text(&out);
    CHECK(strstr(text, "accrue_periods{state=\"ended\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_periods{state=\"final\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_payments{state=\"sent\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_unpaid{currency=\"EUR\"} 1.00\n") != NULL);
    CHECK(strstr(text, "accrue_period_unpaid{currency=\"JPY\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_overdue{step=\"pay\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_overdue{step=\"propose\"} 1\n") != NULL);
    CHECK(strstr(text, "accrue_period_overdue{step=\"finalise\"} 0\n") != NULL);
    CHECK(strstr(text, "accrue_period_events_total{event=\"ended\"} 2\n") != NULL);
    CHECK(strstr(text, "accrue_period_events_total{event=\"payment_overdue\"} 1\n") != NULL);
    buffer_clear(&out);
    periods.at[0]->period.payments[1].state = PAYMENT_CONFIRMED;
    period_watch_metrics(&watch, &periods, charter, FIRST_FEBRUARY + 10, &out);
    CHECK(strstr(buffer_text(&out), "accrue_period_unpaid{currency=\"JPY\"} 0\n") != NULL);
    buffer_release(&out);
    tear_down();
}

int main(void)
{
    RUN(each_state_is_told_once);
    RUN(states_that_were_passed_between_two_looks_are_told_in_order);
    RUN(what_was_before_the_start_is_not_told_but_what_is_overdue);
    RUN(deadlines_are_warned_of_on_their_last_day_and_told_once_they_pass);
    RUN(who_has_answered_is_not_warned);
    RUN(a_payer_that_may_be_declared_in_default_is_told_of_and_one_that_is);
    RUN(what_is_ring_fenced_or_void_is_counted_apart);
    RUN(periods_that_are_forgotten_leave_the_others_as_they_were);
    RUN(a_line_names_the_period_and_what_it_is_about);
    RUN(metrics_say_how_periods_stand);
    return check_report();
}
