// links: node
/* Who may say that somebody does not pay, and when, and what comes of money that is late: in the
 * naive model alone, with days counted by hand from SETTLEMENT.md section 27. Books close on day
 * 34, to be paid by day 35; day 40 is the last one. */
#include "unit/naive_debts.h"

#include <stdlib.h>

/* ---- in which order -------------------------------------------------------------------------- */

CASE(a_default_is_refused_for_what_is_wrong_in_this_order)
{
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    on_day(&town, 31);
    on_day(&town, 32);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    struct transaction other = accuse(&town, 0, 1);
    other.body.settle.period = 9;
    SAID(&town, OPERATOR, other, VERDICT_UNKNOWN_PERIOD);
    SAID(&town, OPERATOR, accuse(&town, 9, 1), VERDICT_WRONG_STATE);
    on_day(&town, 34);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_FINAL));
    pay(&town, TO_CINEMA);
    send(&town, TO_BOOKS);
    SAID(&town, OPERATOR, accuse(&town, 9, 1), VERDICT_UNKNOWN_PAYMENT);
    SAID(&town, GROCER, accuse(&town, TO_CINEMA, 1), VERDICT_NOT_A_PARTY);
    SAID(&town, GROCER, accuse(&town, TO_OPERATOR, 1), VERDICT_NOT_A_PARTY);
    SAID(&town, BOOKS, accuse(&town, TO_OPERATOR, 1), VERDICT_NOT_A_PARTY);
    SAID(&town, CINEMA, accuse(&town, TO_CINEMA, 1), VERDICT_PAID_TWICE);
    SAID(&town, BOOKS, accuse(&town, TO_BOOKS, 1), VERDICT_WRONG_STATE);
    on_day(&town, 40);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    on_day(&town, 41);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_SAME_APPROVER);
    CHECK_INT(january(&town)->default_count, 0);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 2));
    CHECK_INT(january(&town)->default_count, 1);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 3), VERDICT_WRONG_STATE); /* void */
    uint32_t last = (uint32_t)january(&town)->payment_count - 1;               /* ring-fenced */
    SAID(&town, OPERATOR, accuse(&town, last, 3), VERDICT_WRONG_STATE);
    naive_close(town.model);
}

/* ---- who ------------------------------------------------------------------------------------- */

CASE(the_operator_speaks_for_one_that_has_no_node)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 41);
    SAID(&town, OPERATOR, accuse(&town, TO_BOOKS, 1), VERDICT_NOT_A_PARTY);
    town.model->now->nodes[BOOKS].left = true;
    SAID(&town, GROCER, accuse(&town, TO_BOOKS, 1), VERDICT_NOT_A_PARTY);
    SAID(&town, CINEMA, accuse(&town, TO_BOOKS, 1), VERDICT_NOT_A_PARTY);
    TAKEN(&town, OPERATOR, accuse(&town, TO_BOOKS, 1));
    TAKEN(&town, OPERATOR, accuse(&town, TO_BOOKS, 2));
    CHECK(naive_in_default(january(&town), GROCER, "EUR"));
    naive_close(town.model);
}

CASE(any_but_the_payer_speaks_where_the_operator_has_no_node_either)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 41);
    town.model->now->nodes[BOOKS].left = town.model->now->nodes[OPERATOR].left = true;
    SAID(&town, GROCER, accuse(&town, TO_OPERATOR, 1), VERDICT_NOT_A_PARTY);
    TAKEN(&town, CINEMA, accuse(&town, TO_BOOKS, 1));
    TAKEN(&town, CINEMA, accuse(&town, TO_BOOKS, 2));
    CHECK_INT(january(&town)->default_count, 1);
    naive_close(town.model);
}

static const struct debt by_operator[] = {{OPERATOR, BOOKS, LINE_REDEMPTION, 500}};

CASE(any_but_the_payer_speaks_where_the_operator_is_to_pay)
{
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, by_operator, 1, 0);
    close_books(&town);
    on_day(&town, 41);
    town.model->now->nodes[BOOKS].left = true;
    SAID(&town, OPERATOR, accuse(&town, 0, 1), VERDICT_NOT_A_PARTY);
    TAKEN(&town, CINEMA, accuse(&town, 0, 1));
    naive_close(town.model);
}

CASE(any_but_the_payer_speaks_where_there_is_no_operator)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 500}};
    struct naive_rules rules = rules_with(NAIVE_RING_FENCE, false);
    rules.operator_number = -1;
    struct town town = town_by(rules);
    owe_in(&town, debts, 1, 0);
    close_books(&town);
    on_day(&town, 41);
    town.model->now->nodes[BOOKS].left = true;
    SAID(&town, GROCER, accuse(&town, 0, 1), VERDICT_NOT_A_PARTY);
    TAKEN(&town, CINEMA, accuse(&town, 0, 1));
    naive_close(town.model);
}

CASE(the_first_approval_holds_until_the_payment_is_confirmed)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 41);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    send(&town, TO_OPERATOR);
    CHECK(!hash_is_zero(&payment_at(&town, TO_OPERATOR)->accuser));
    fail(&town, TO_OPERATOR);
    CHECK(!hash_is_zero(&payment_at(&town, TO_OPERATOR)->accuser));
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_SAME_APPROVER);
    confirm(&town, TO_OPERATOR);
    CHECK(hash_is_zero(&payment_at(&town, TO_OPERATOR)->accuser));
    TAKEN(&town, BOOKS, accuse(&town, TO_BOOKS, 1));
    send(&town, TO_BOOKS);
    TAKEN(&town, BOOKS, accuse(&town, TO_BOOKS, 2)); /* it is sent, and late */
    CHECK_INT(january(&town)->default_count, 1);
    CHECK_INT(payment_at(&town, TO_BOOKS)->state, NAIVE_VOID);
    CHECK(hash_is_zero(&payment_at(&town, TO_BOOKS)->accuser));
    naive_close(town.model);
}

/* ---- when ------------------------------------------------------------------------------------ */

static struct town town_with_holidays(int64_t first, int64_t count)
{
    struct naive_rules rules = rules_with(NAIVE_RING_FENCE, false);
    free(rules.settlement.holidays);
    rules.settlement.holidays = (int64_t *)allocate((size_t)count, sizeof(int64_t));
    for (int64_t i = 0; i < count; i++)
        rules.settlement.holidays[i] = (int64_t)(START / DAY) + first + i;
    rules.settlement.holiday_count = (size_t)count;
    struct town town = town_by(rules);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    return town;
}

CASE(business_days_are_waited_for)
{
    struct town town = town_with_holidays(38, 1);
    close_books(&town);
    on_day(&town, 41);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    on_day(&town, 42);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    naive_close(town.model);
}

static int64_t day_to_pay(const struct town *town, uint32_t number)
{
    return (int64_t)payment_at(town, number)->pay_by - (int64_t)(START / DAY);
}

CASE(what_is_decided_late_is_to_be_paid_on_the_business_day_after)
{
    struct town town = town_with_holidays(41, 2);
    on_day(&town, 31);
    on_day(&town, 32);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    on_day(&town, 40);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_FINAL));
    CHECK_INT(day_to_pay(&town, TO_CINEMA), 43);
    on_day(&town, 48);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    on_day(&town, 49);
    begin_default(&town, TO_OPERATOR);
    for (uint32_t i = 3; i < january(&town)->payment_count; i++)
        CHECK_INT(day_to_pay(&town, i), 50);
    on_day(&town, 55);
    SAID(&town, payment_at(&town, 3)->to, accuse(&town, 3, 1), VERDICT_TOO_EARLY);
    on_day(&town, 56);
    TAKEN(&town, payment_at(&town, 3)->to, accuse(&town, 3, 1));
    naive_close(town.model);
}

CASE(what_is_decided_soon_is_to_be_paid_when_the_period_is)
{
    struct naive_rules rules = rules_with(NAIVE_RING_FENCE, false);
    rules.settlement.pay_days = 9;
    rules.settlement.default_days = 0;
    struct town town = town_by(rules);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    close_books(&town);
    CHECK_INT(day_to_pay(&town, TO_CINEMA), 39);
    on_day(&town, 39);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    on_day(&town, 40);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    naive_close(town.model);
}

CASE(who_has_sent_on_the_last_day_has_done_what_it_can)
{
    for (int late = 0; late <= 1; late++) {
        struct town town = town_with(NAIVE_RING_FENCE, 0);
        on_day(&town, 40 + (uint64_t)late);
        send(&town, TO_OPERATOR);
        on_day(&town, 50);
        SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1),
             late ? VERDICT_ACCEPTED : VERDICT_WRONG_STATE);
        naive_close(town.model);
    }
}

CASE(who_has_sent_it_twice_has_not_sent_it_on_time)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 38);
    send(&town, TO_OPERATOR);
    fail(&town, TO_OPERATOR);
    send(&town, TO_OPERATOR);
    CHECK_INT(payment_at(&town, TO_OPERATOR)->sent_on, START / DAY + 38);
    on_day(&town, 40);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    on_day(&town, 41);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    naive_close(town.model);
}

CASE(what_is_under_way_is_waited_for_whoever_is_to_get_it)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 38);
    send(&town, TO_CINEMA);
    on_day(&town, 43); /* five days after it was sent */
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_EARLY);
    fail(&town, TO_CINEMA);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    naive_close(town.model);
    town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 38);
    send(&town, TO_CINEMA);
    on_day(&town, 44);
    TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
    naive_close(town.model);
}

/* What another partner has sent, or in another currency, is not. */
CASE(what_is_under_way_is_the_payers_and_in_that_currency)
{
    static const struct debt two[] = {{GROCER, BOOKS, LINE_REDEMPTION, 500},
                                      {CINEMA, OPERATOR, LINE_REDEMPTION, 400}};
    static const struct debt one[] = {{GROCER, CINEMA, LINE_REDEMPTION, 700}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    memcpy(card.settlement_currency, "SEK", 4);
    memset(card.fee_tax, 0, sizeof(card.fee_tax));
    agree(&town, card);
    owe_in(&town, two, ARRAY_SIZE(two), 0);
    owe_in(&town, one, ARRAY_SIZE(one), 1);
    close_books(&town);
    on_day(&town, 40);
    send(&town, 1);
    send(&town, 2);
    on_day(&town, 41);
    TAKEN(&town, BOOKS, accuse(&town, 0, 1));
    naive_close(town.model);
}

/* It says first that it has not come; and then it is between the two. */
CASE(nobody_is_in_default_of_what_it_sent_late_to_one_that_is)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 1000},
                                        {BOOKS, GROCER, LINE_REDEMPTION, 500},
                                        {OPERATOR, CINEMA, LINE_REDEMPTION, 200}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    send(&town, 0); /* 5.00 to the cinema, by books */
    begin_default(&town, 1);
    on_day(&town, 48);
    begin_default(&town, 3); /* the cinema */
    CHECK_INT(payment_at(&town, 0)->state, NAIVE_SENT);
    SAID(&town, CINEMA, accuse(&town, 0, 1), VERDICT_WRONG_STATE);
    fail(&town, 0);
    CHECK(payment_at(&town, 0)->ring_fenced);
    naive_close(town.model);
}

/* ---- late money ------------------------------------------------------------------------------ */

CASE(what_the_payer_has_sent_late_is_void_and_what_others_have_is_not)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 500},
                                        {GROCER, CINEMA, LINE_REDEMPTION, 300},
                                        {CINEMA, OPERATOR, LINE_REDEMPTION, 700}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    PAYMENTS(&town, 0, {GROCER, OPERATOR, NET, 0, NAIVE_DUE, 700},
             {CINEMA, BOOKS, NET, 0, NAIVE_DUE, 400}, {GROCER, BOOKS, NET, 0, NAIVE_DUE, 100});
    on_day(&town, 41);
    send(&town, 0);
    send(&town, 1);
    begin_default(&town, 2);
    PAYMENTS(&town, 0, {GROCER, OPERATOR, NET, 0, NAIVE_VOID, 700},
             {CINEMA, BOOKS, NET, 0, NAIVE_SENT, 400}, {GROCER, BOOKS, NET, 0, NAIVE_VOID, 100},
             {BOOKS, OPERATOR, NET, 1, NAIVE_DUE, 400}, {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 300},
             {GROCER, BOOKS, RING, 1, NAIVE_DUE, 500}, {GROCER, CINEMA, RING, 1, NAIVE_DUE, 300});
    CHECK_INT(payment_at(&town, 0)->attempts, 1);
    naive_close(town.model);
}

static void confirm_void(struct town *town, uint32_t number)
{
    const struct naive_payment was = *payment_at(town, number);
    const uint32_t count = (uint32_t)january(town)->payment_count;
    struct transaction arrived = of_payment(town, TRANSACTION_PAYMENT_CONFIRMED, number, 0);
    REQUIRE(was.state == NAIVE_VOID);
    SAID(town, was.from, arrived, VERDICT_NOT_A_PARTY);
    TAKEN(town, was.to, arrived);
    SAID(town, was.to, arrived, VERDICT_PAID_TWICE);
    CHECK_INT(payment_at(town, number)->state, NAIVE_CONFIRMED);
    CHECK_INT(payment_at(town, number)->ring_fenced, was.ring_fenced);
    REQUIRE(january(town)->payment_count == count + 1);
    const struct naive_payment *back = payment_at(town, count);
    CHECK_INT(back->from, was.to);
    CHECK_INT(back->to, was.from);
    CHECK(back->amount == was.amount && back->ring_fenced);
    CHECK_TEXT(back->currency, was.currency);
    CHECK_INT(back->state, NAIVE_DUE);
    CHECK_INT(back->round, january(town)->default_count);
}

CASE(money_for_what_is_void_is_to_be_paid_back)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    send(&town, TO_BOOKS);
    begin_default(&town, TO_OPERATOR);
    on_day(&town, 43);
    confirm_void(&town, TO_BOOKS);
    CHECK_INT(day_to_pay(&town, 8), 44);
    CHECK_INT(january(&town)->state, NAIVE_FINAL);
    pay(&town, 3);
    pay(&town, 4);
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    confirm_void(&town, TO_OPERATOR); /* whenever it comes */
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    SAID(&town, GROCER, accuse(&town, 8, 1), VERDICT_PAID_TWICE);
    pay(&town, 8);
    send(&town, 9);
    fail(&town, 9);
    CHECK(payment_at(&town, 9)->ring_fenced);
    naive_close(town.model);
}

/* Who is next, and has paid what was void, owes that no more; unless it was sent back. */
CASE(money_that_is_not_paid_back_is_netted_anew)
{
    static const struct debt debts[] = {{GROCER, OPERATOR, LINE_REDEMPTION, 900},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 500}};
    for (int sent = 0; sent <= 1; sent++) {
        struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
        owe_in(&town, debts, ARRAY_SIZE(debts), 0);
        close_books(&town);
        on_day(&town, 41);
        begin_default(&town, 0);
        confirm_void(&town, 1); /* 5.00 of books, to the cinema */
        if (sent)
            send(&town, 4);
        on_day(&town, 48);
        begin_default(&town, 2);
        CHECK_INT(january(&town)->taking_count, 0);
        CHECK_INT(payment_at(&town, 2)->state, NAIVE_VOID);
        CHECK_INT(payment_at(&town, 3)->state, NAIVE_DUE);
        CHECK_INT(payment_at(&town, 4)->state, sent ? NAIVE_SENT : NAIVE_VOID);
        CHECK_INT(january(&town)->payment_count, sent ? 6 : 5);
        if (sent)
            PAYMENTS(&town, 5, {BOOKS, CINEMA, RING, 2, NAIVE_DUE, 500});
        else
            confirm_void(&town, 4); /* it was, and nobody had said so */
        naive_close(town.model);
    }
}

CASE(money_that_others_are_to_pay_back_is_netted_anew)
{
    static const struct debt debts[] = {{GROCER, OPERATOR, LINE_REDEMPTION, 900},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 500},
                                        {OPERATOR, BOOKS, LINE_REDEMPTION, 100}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    PAYMENTS(&town, 0, {GROCER, OPERATOR, NET, 0, NAIVE_DUE, 800},
             {BOOKS, CINEMA, NET, 0, NAIVE_DUE, 400}, {GROCER, CINEMA, NET, 0, NAIVE_DUE, 100});
    on_day(&town, 41);
    begin_default(&town, 0);
    confirm_void(&town, 1);
    PAYMENTS(&town, 3, {BOOKS, CINEMA, NET, 1, NAIVE_DUE, 400},
             {OPERATOR, CINEMA, NET, 1, NAIVE_DUE, 100},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 900}, {CINEMA, BOOKS, RING, 1, NAIVE_DUE, 400});
    on_day(&town, 48);
    begin_default(&town, 4); /* the operator */
    PAYMENTS(&town, 3, {BOOKS, CINEMA, NET, 1, NAIVE_VOID, 400},
             {OPERATOR, CINEMA, NET, 1, NAIVE_VOID, 100},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 900}, {CINEMA, BOOKS, RING, 1, NAIVE_VOID, 400},
             {BOOKS, CINEMA, NET, 2, NAIVE_DUE, 100}, {OPERATOR, BOOKS, RING, 2, NAIVE_DUE, 100});
    naive_close(town.model);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* More payments, which are in no currency, up to so many. */
static void fill(const struct town *town, size_t count)
{
    struct naive_period *period = january(town);
    struct naive_payment *payments =
        (struct naive_payment *)allocate(NAIVE_PAYMENTS_MAX, sizeof(*payments));
    memcpy(payments, period->payments, period->payment_count * sizeof(*payments));
    free(period->payments);
    period->payments = payments;
    period->payment_capacity = NAIVE_PAYMENTS_MAX;
    period->payment_count = count;
}

CASE(a_period_has_so_many_payments_and_no_more)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 41);
    fill(&town, NAIVE_PAYMENTS_MAX - 2 * PARTIES + 1);
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1), VERDICT_TOO_MANY_ALLOCATIONS);
    january(&town)->payment_count--;
    begin_default(&town, TO_OPERATOR);
    january(&town)->payment_count = NAIVE_PAYMENTS_MAX;
    struct transaction arrived = of_payment(&town, TRANSACTION_PAYMENT_CONFIRMED, TO_BOOKS, 0);
    SAID(&town, BOOKS, arrived, VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK_INT(payment_at(&town, TO_BOOKS)->state, NAIVE_VOID);
    january(&town)->payment_count--;
    TAKEN(&town, BOOKS, arrived);
    CHECK_INT(january(&town)->payment_count, NAIVE_PAYMENTS_MAX);
    naive_close(town.model);
}

/* ---- who waits too long ---------------------------------------------------------------------- */

CASE(who_waits_for_more_than_twenty_business_days_bears_it_alone)
{
    static const enum naive_on_default how[] = {NAIVE_RING_FENCE, NAIVE_FUND, NAIVE_MUTUALISE};
    static const size_t shared[] = {0, 3, 5};
    for (size_t i = 0; i < ARRAY_SIZE(how); i++)
        for (uint64_t late = 0; late <= 1; late++) {
            struct town town = town_with(how[i], INT64_C(1000) * 1000000);
            pay(&town, TO_CINEMA);
            on_day(&town, 60);
            TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 1));
            on_day(&town, 60 + late); /* the second one's day counts */
            TAKEN(&town, OPERATOR, accuse(&town, TO_OPERATOR, 2));
            CHECK_INT(january(&town)->default_count, late ? 0 : 1);
            CHECK_INT(january(&town)->taking_count, late ? 0 : shared[i]);
            CHECK_INT(naive_risk_of(town.model, GROCER).collateral,
                      late || i == 0 ? INT64_C(1000) * 1000000 : 0);
            if (late)
                PAYMENTS(&town, 0, {GROCER, CINEMA, NET, 0, NAIVE_CONFIRMED, 128000},
                         {GROCER, OPERATOR, RING, 0, NAIVE_DUE, 108000},
                         {GROCER, BOOKS, NET, 0, NAIVE_DUE, 94000});
            naive_close(town.model);
        }
}

CASE(what_was_waited_for_too_long_is_paid_after_the_period_is_settled)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 61);
    TAKEN(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, TO_OPERATOR, 1));
    begin_default(&town, TO_OPERATOR);
    CHECK(!hash_is_zero(&payment_at(&town, TO_OPERATOR)->accuser)); /* until it is confirmed */
    CHECK(!hash_is_zero(&payment_at(&town, TO_OPERATOR)->approver));
    SAID(&town, OPERATOR, accuse(&town, TO_OPERATOR, 9), VERDICT_WRONG_STATE);
    CHECK_INT(january(&town)->state, NAIVE_FINAL);
    begin_default(&town, TO_BOOKS); /* and nothing else is netted */
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    TAKEN(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, TO_OPERATOR, 2));
    fail(&town, TO_OPERATOR);
    pay(&town, TO_OPERATOR);
    confirm(&town, TO_BOOKS);
    CHECK(hash_is_zero(&payment_at(&town, TO_BOOKS)->accuser));
    naive_close(town.model);
}

/* A default by who is not paid later is of all: what was waited for too long is netted anew. */
CASE(what_was_waited_for_too_long_is_netted_anew_by_a_default_in_time)
{
    static const struct debt debts[] = {{GROCER, OPERATOR, LINE_REDEMPTION, 900},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 500},
                                        {OPERATOR, BOOKS, LINE_REDEMPTION, 300}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    PAYMENTS(&town, 0, {GROCER, OPERATOR, NET, 0, NAIVE_DUE, 600},
             {GROCER, CINEMA, NET, 0, NAIVE_DUE, 300}, {BOOKS, CINEMA, NET, 0, NAIVE_DUE, 200});
    on_day(&town, 60);
    begin_default(&town, 0);
    PAYMENTS(&town, 3, {OPERATOR, CINEMA, NET, 1, NAIVE_DUE, 300},
             {BOOKS, CINEMA, NET, 1, NAIVE_DUE, 200}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 900});
    CHECK_INT(day_to_pay(&town, 3), 61);
    on_day(&town, 86); /* day 66 is the last one, and 86 that for the others */
    TAKEN(&town, CINEMA, accuse(&town, 4, 1));
    on_day(&town, 87);
    TAKEN(&town, CINEMA, accuse(&town, 4, 2));
    PAYMENTS(&town, 3, {OPERATOR, CINEMA, NET, 1, NAIVE_DUE, 300},
             {BOOKS, CINEMA, RING, 1, NAIVE_DUE, 200}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 900});
    january(&town)->payments[3].pay_by++; /* it is a day later than that one's */
    begin_default(&town, 3);
    PAYMENTS(&town, 3, {OPERATOR, CINEMA, NET, 1, NAIVE_VOID, 300},
             {BOOKS, CINEMA, RING, 1, NAIVE_VOID, 200}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 900},
             {BOOKS, CINEMA, NET, 2, NAIVE_DUE, 500}, {OPERATOR, BOOKS, RING, 2, NAIVE_DUE, 300});
    confirm_void(&town, 4);
    naive_close(town.model);
}

CASE(an_operator_that_came_after_the_period_pays_out_of_no_fund)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 500}};
    struct town town = town_by(rules_with(NAIVE_FUND, true));
    post(&town, GROCER, 9000000);
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    january(&town)->partner_count = OPERATOR;
    on_day(&town, 41);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->taking_count, 0);
    PAYMENTS(&town, 1, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 500});
    naive_close(town.model);
}

int main(void)
{
    RUN(a_default_is_refused_for_what_is_wrong_in_this_order);
    RUN(the_operator_speaks_for_one_that_has_no_node);
    RUN(any_but_the_payer_speaks_where_the_operator_has_no_node_either);
    RUN(any_but_the_payer_speaks_where_the_operator_is_to_pay);
    RUN(any_but_the_payer_speaks_where_there_is_no_operator);
    RUN(the_first_approval_holds_until_the_payment_is_confirmed);
    RUN(business_days_are_waited_for);
    RUN(what_is_decided_late_is_to_be_paid_on_the_business_day_after);
    RUN(what_is_decided_soon_is_to_be_paid_when_the_period_is);
    RUN(who_has_sent_on_the_last_day_has_done_what_it_can);
    RUN(who_has_sent_it_twice_has_not_sent_it_on_time);
    RUN(what_is_under_way_is_waited_for_whoever_is_to_get_it);
    RUN(what_is_under_way_is_the_payers_and_in_that_currency);
    RUN(nobody_is_in_default_of_what_it_sent_late_to_one_that_is);
    RUN(what_the_payer_has_sent_late_is_void_and_what_others_have_is_not);
    RUN(money_for_what_is_void_is_to_be_paid_back);
    RUN(money_that_is_not_paid_back_is_netted_anew);
    RUN(money_that_others_are_to_pay_back_is_netted_anew);
    RUN(a_period_has_so_many_payments_and_no_more);
    RUN(who_waits_for_more_than_twenty_business_days_bears_it_alone);
    RUN(what_was_waited_for_too_long_is_paid_after_the_period_is_settled);
    RUN(what_was_waited_for_too_long_is_netted_anew_by_a_default_in_time);
    RUN(an_operator_that_came_after_the_period_pays_out_of_no_fund);
    return check_report();
}
