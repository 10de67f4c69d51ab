// links: partners
/* A settlement period step by step: worked example B with its dispute, deadlines in business days,
 * and every step out of order refused. */
#include "unit/books.h"

#include "partners/period.h"

static const struct partner_id grocer = {GROCER}, books = {BOOKS}, cinema = {CINEMA},
                               operator_partner = {OPERATOR};
static const struct hash totals = {{1}}, other_totals = {{2}};
static const struct hash ann = {{3}}, bob = {{4}};

static int64_t day(int64_t month, int64_t day_of_month)
{
    return date_to_days((struct date){2026, month, day_of_month});
}

/* Saturdays, Sundays and All Saints' rest; T is Saturday 2026-10-31. */
struct world {
    int64_t holidays[1];
    struct period_rules rules;
    struct period period;
    struct lines exact, closed;
};

static void begin(struct world *world, int64_t disputed_apart)
{
    memset(world, 0, sizeof(*world));
    world->holidays[0] = day(11, 2);
    world->rules = (struct period_rules){.calendar = {SATURDAY_AND_SUNDAY, world->holidays, 1},
                                         .propose_days = 1,
                                         .answer_days = 3,
                                         .pay_days = 5};
    period_open(&world->period, 12, day(10, 31), &world->rules, EXAMPLE_PARTNERS);
    example_b(&world->exact, disputed_apart);
}

static void end(struct world *world)
{
    period_release(&world->period);
    lines_release(&world->exact);
    lines_release(&world->closed);
}

static void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}

static enum verdict finalise(struct world *world, int64_t today)
{
    return period_finalise(&world->period, world->exact.at, world->exact.count, &book_rules,
                           example_names, &world->rules.calendar, today, &world->closed);
}

static enum verdict confirm(struct world *world, struct partner_id partner, size_t payment)
{
    return period_confirm(&world->period, partner, payment, &world->rules.calendar, day(11, 11));
}

/* Long before the other party may. */
static enum verdict resolve(struct world *world, struct partner_id partner,
                            const struct disputed_line *about, struct money upheld,
                            struct line *rest_out)
{
    return period_resolve(&world->period, partner, about, upheld, day(11, 20), day(12, 4),
                          rest_out);
}

/* ---- calendar ------------------------------------------------------------------------------ */

CASE(business_days_skip_what_rests)
{
    int64_t holidays[] = {day(12, 25), day(12, 28)};
    struct business_days calendar = {SATURDAY_AND_SUNDAY, holidays, 2};
    struct error error;
    CHECK(business_days_check(&calendar, &error));
    CHECK_INT(business_days_later(&calendar, day(12, 23), 0), day(12, 23));
    CHECK_INT(business_days_later(&calendar, day(12, 23), 1), day(12, 24));
    CHECK_INT(business_days_later(&calendar, day(12, 24), 1), day(12, 29));
    CHECK_INT(business_days_later(&calendar, day(12, 25), 0), day(12, 29));
    CHECK_INT(business_days_later(&calendar, day(12, 25), 1), day(12, 30));
    CHECK_INT(business_days_later(&calendar, day(12, 24), 5), day(12, 29) + 6);
    calendar.rest_days = 0x7F;
    CHECK(!business_days_check(&calendar, &error));
    calendar.rest_days = 0x80;
    CHECK(!business_days_check(&calendar, &error));
    calendar.rest_days = 0;
    holidays[1] = holidays[0];
    CHECK(!business_days_check(&calendar, &error));
    /* Only Sundays work, and many are holidays. */
    int64_t sundays[60];
    for (int i = 0; i < 60; i++)
        sundays[i] = day(11, 1) + 7 * i;
    calendar = (struct business_days){0x3F, sundays, 60};
    CHECK(business_days_check(&calendar, &error));
    CHECK_INT(business_days_later(&calendar, day(11, 1), 1), day(11, 1) + 7 * 61);
}

CASE(deadlines_count_from_the_periods_last_day)
{
    struct world world;
    begin(&world, 0);
    CHECK_INT(world.period.deadlines.propose, day(11, 4));
    CHECK_INT(world.period.deadlines.answer, day(11, 6));
    CHECK_INT(world.period.deadlines.pay, day(11, 10));
    end(&world);
}

/* ---- steps --------------------------------------------------------------------------------- */

CASE(a_period_is_proposed_when_it_is_over_and_adds_up)
{
    struct world world;
    begin(&world, 0);
    check_verdict(period_propose(&world.period, (struct partner_id){EXAMPLE_PARTNERS}, &totals,
                                 &totals, &world.rules.calendar, day(11, 4)),
                  VERDICT_NOT_A_PARTY);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 3)),
        VERDICT_PERIOD_NOT_OVER);
    check_verdict(period_propose(&world.period, grocer, &totals, &other_totals,
                                 &world.rules.calendar, day(11, 4)),
                  VERDICT_WRONG_TOTALS);
    check_verdict(period_sign(&world.period, books, &totals, &ann, day(11, 4)),
                  VERDICT_WRONG_STATE);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(
        period_propose(&world.period, books, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_WRONG_STATE);
    CHECK_TEXT(period_state_word(world.period.state), "proposed");
    end(&world);
}

CASE(a_proposal_that_comes_late_leaves_a_day_to_answer)
{
    struct world world;
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(12, 1)),
        VERDICT_ACCEPTED);
    CHECK_INT(world.period.deadlines.answer, day(12, 2));
    CHECK_INT(world.period.deadlines.pay, day(12, 2));
    check_verdict(finalise(&world, day(12, 2)), VERDICT_TOO_EARLY);
    check_verdict(finalise(&world, day(12, 3)), VERDICT_ACCEPTED);
    end(&world);
    /* On a Friday: until Monday. */
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 27)),
        VERDICT_ACCEPTED);
    CHECK_INT(world.period.deadlines.answer, day(11, 30));
    end(&world);
}

CASE(everyone_signs_and_the_period_is_final_at_once)
{
    struct world world;
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(period_sign(&world.period, grocer, &other_totals, &ann, day(11, 4)),
                  VERDICT_TOTALS_CHANGED);
    check_verdict(period_sign(&world.period, grocer, &totals, &ann, day(11, 4)), VERDICT_ACCEPTED);
    check_verdict(period_sign(&world.period, grocer, &totals, &ann, day(11, 4)),
                  VERDICT_SAME_APPROVER);
    CHECK_INT(world.period.answers[GROCER], ANSWER_NONE);
    world.period.approvers[GROCER] = (struct hash){{0}};
    check_verdict(period_sign(&world.period, (struct partner_id){9}, &totals, &ann, day(11, 4)),
                  VERDICT_NOT_A_PARTY);
    for (uint16_t i = 0; i < EXAMPLE_PARTNERS; i++) {
        check_verdict(finalise(&world, day(11, 4)), VERDICT_TOO_EARLY);
        struct partner_id partner = {i};
        check_verdict(period_sign(&world.period, partner, &totals, &ann, day(11, 4)),
                      VERDICT_ACCEPTED);
        check_verdict(finalise(&world, day(11, 4)), VERDICT_TOO_EARLY);
        check_verdict(period_sign(&world.period, partner, &totals, &bob, day(11, 4)),
                      VERDICT_ACCEPTED);
    }
    check_verdict(period_sign(&world.period, grocer, &totals, &ann, day(11, 4)),
                  VERDICT_ALREADY_ANSWERED);
    check_verdict(finalise(&world, day(11, 4)), VERDICT_ACCEPTED);
    REQUIRE(world.period.payment_count == 3);
    CHECK_INT(world.period.payments[0].payment.amount.v, euro4(12800000));
    check_verdict(finalise(&world, day(11, 4)), VERDICT_WRONG_STATE);
    end(&world);
}

CASE(silence_accepts_when_the_day_is_over)
{
    struct world world;
    struct disputed_line about = {{1}, books, grocer, LINE_REDEMPTION, 0};
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(finalise(&world, day(11, 6)), VERDICT_TOO_EARLY);
    check_verdict(period_sign(&world.period, books, &totals, &ann, day(11, 7)), VERDICT_TOO_LATE);
    check_verdict(
        period_dispute(&world.period, books, &about, &world.exact.at[0], DISPUTE_LATE, day(11, 7)),
        VERDICT_TOO_LATE);
    check_verdict(finalise(&world, day(11, 7)), VERDICT_ACCEPTED);
    end(&world);
}

/* Worked example B: 50,000 points of A->C (450.00) are disputed, 30,000 upheld. */
CASE(a_dispute_is_carved_out_and_its_rest_enters_a_later_period)
{
    struct world world;
    struct disputed_line about = {{4711}, grocer, cinema, LINE_REDEMPTION, 0}, other = about;
    other.line_class = LINE_REDEMPTION_FEE;
    struct line disputed = book_line(GROCER, CINEMA, BOOK_REDEMPTION, euro4(90) * 50000), rest;
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(
        period_dispute(&world.period, books, &about, &disputed, DISPUTE_DUPLICATE, day(11, 5)),
        VERDICT_NOT_A_PARTY);
    check_verdict(
        period_dispute(&world.period, grocer, &about, NULL, DISPUTE_DUPLICATE, day(11, 5)),
        VERDICT_NOT_IN_PERIOD);
    check_verdict(
        period_dispute(&world.period, grocer, &about, &disputed, DISPUTE_WRONG_AMOUNT, day(11, 5)),
        VERDICT_ACCEPTED);
    check_verdict(
        period_dispute(&world.period, cinema, &about, &disputed, DISPUTE_DUPLICATE, day(11, 5)),
        VERDICT_ALREADY_DISPUTED);
    check_verdict(resolve(&world, grocer, &about, (struct money){0}, &rest), VERDICT_WRONG_STATE);
    check_verdict(finalise(&world, day(11, 9)), VERDICT_ACCEPTED);
    struct money nets[EXAMPLE_PARTNERS];
    netting_nets(&world.closed, "EUR", EXAMPLE_PARTNERS, nets);
    CHECK_INT(nets[GROCER].v, euro4(-28500000));
    CHECK_INT(nets[CINEMA].v, euro4(8300000));
    REQUIRE(world.period.payment_count == 3);
    CHECK_INT(world.period.payments[0].payment.to.v, OPERATOR);
    CHECK_INT(world.period.payments[1].payment.amount.v, euro4(9400000));
    CHECK_INT(world.period.payments[2].payment.amount.v, euro4(8300000));

    struct money upheld = {euro4(90) * 30000};
    check_verdict(resolve(&world, grocer, &about, upheld, &rest), VERDICT_TOTALS_CHANGED);
    check_verdict(period_respond(&world.period, grocer, &about, upheld), VERDICT_NOT_A_PARTY);
    check_verdict(period_respond(&world.period, cinema, &other, upheld), VERDICT_UNKNOWN_DISPUTE);
    check_verdict(
        period_respond(&world.period, cinema, &about, (struct money){disputed.exact.v + 1}),
        VERDICT_OVER_AMOUNT);
    check_verdict(period_respond(&world.period, cinema, &about, (struct money){-1}),
                  VERDICT_OVER_AMOUNT);
    check_verdict(period_respond(&world.period, cinema, &about, upheld), VERDICT_ACCEPTED);
    check_verdict(resolve(&world, books, &about, upheld, &rest), VERDICT_NOT_A_PARTY);
    check_verdict(resolve(&world, cinema, &about, upheld, &rest), VERDICT_TOO_EARLY);
    check_verdict(resolve(&world, grocer, &about, upheld, &rest), VERDICT_ACCEPTED);
    CHECK_INT(rest.exact.v, euro4(1800000));
    CHECK_INT(rest.book_class, BOOK_DISPUTE);
    CHECK_INT(rest.debtor.v, GROCER);
    check_verdict(resolve(&world, grocer, &about, upheld, &rest), VERDICT_ALREADY_ANSWERED);
    check_verdict(period_respond(&world.period, cinema, &about, upheld), VERDICT_ALREADY_ANSWERED);
    end(&world);
}

/* Four eyes on what it does not dispute, or the whole time that it has. */
CASE(a_dispute_alone_is_no_answer)
{
    struct world world;
    struct line disputed = book_line(GROCER, CINEMA, BOOK_REDEMPTION, euro4(90));
    struct disputed_line about = {{1}, grocer, cinema, LINE_REDEMPTION, 0};
    begin(&world, 0);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    for (uint16_t i = 0; i < EXAMPLE_PARTNERS; i++) {
        struct partner_id partner = {i};
        if (i == CINEMA)
            continue;
        check_verdict(period_sign(&world.period, partner, &totals, &ann, day(11, 4)),
                      VERDICT_ACCEPTED);
        check_verdict(period_sign(&world.period, partner, &totals, &bob, day(11, 4)),
                      VERDICT_ACCEPTED);
    }
    for (about.record.v = 1; about.record.v <= PARTNER_DISPUTES_MAX; about.record.v++)
        check_verdict(
            period_dispute(&world.period, cinema, &about, &disputed, DISPUTE_LATE, day(11, 4)),
            VERDICT_ACCEPTED);
    check_verdict(
        period_dispute(&world.period, cinema, &about, &disputed, DISPUTE_LATE, day(11, 4)),
        VERDICT_TOO_MANY_DISPUTES);
    check_verdict(finalise(&world, day(11, 4)), VERDICT_TOO_EARLY);
    check_verdict(period_sign(&world.period, cinema, &totals, &ann, day(11, 4)), VERDICT_ACCEPTED);
    check_verdict(finalise(&world, day(11, 4)), VERDICT_TOO_EARLY);
    check_verdict(period_sign(&world.period, cinema, &totals, &bob, day(11, 4)), VERDICT_ACCEPTED);
    check_verdict(finalise(&world, day(11, 4)), VERDICT_ACCEPTED);
    end(&world);
}

CASE(whoever_disputes_may_give_up)
{
    struct world world;
    struct line disputed = book_line(GROCER, CINEMA, BOOK_REDEMPTION_CONTRA, euro4(-500)), rest;
    struct disputed_line about = {{1}, grocer, cinema, LINE_REDEMPTION_CONTRA, 0};
    begin(&world, 0);
    lines_add(&world.exact, &disputed);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(
        period_dispute(&world.period, cinema, &about, &disputed, DISPUTE_UNAUTHORISED, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(period_sign(&world.period, cinema, &totals, &ann, day(11, 4)), VERDICT_ACCEPTED);
    CHECK_INT(world.period.answers[CINEMA], ANSWER_DISPUTED);
    check_verdict(period_sign(&world.period, cinema, &totals, &bob, day(11, 4)), VERDICT_ACCEPTED);
    CHECK_INT(world.period.answers[CINEMA], ANSWER_SIGNED_REST);
    check_verdict(period_sign(&world.period, cinema, &totals, &ann, day(11, 4)),
                  VERDICT_ALREADY_ANSWERED);
    check_verdict(finalise(&world, day(11, 9)), VERDICT_ACCEPTED);
    check_verdict(period_respond(&world.period, grocer, &about, (struct money){1}),
                  VERDICT_OVER_AMOUNT);
    check_verdict(resolve(&world, cinema, &about, (struct money){0}, &rest), VERDICT_ACCEPTED);
    CHECK_INT(rest.exact.v, euro4(-500));
    end(&world);
}

/* ledger.md 8.9: suspended while disputed; afterwards no more than stands. */
CASE(a_contra_takes_back_what_stands_of_a_disputed_line)
{
    struct dispute dispute = {.line = book_line(GROCER, CINEMA, BOOK_REDEMPTION, euro4(1000))};
    struct dispute before = dispute;
    before.contra.v = before.entered.v = euro4(-400);
    CHECK_INT(dispute_contra(&before, (struct money){0}).v, euro4(400));
    CHECK_INT(dispute_contra(&dispute, (struct money){euro4(-300)}).v, 0);
    dispute.resolved = true;
    dispute.upheld.v = euro4(600);
    CHECK_INT(dispute_contra(&dispute, (struct money){0}).v, euro4(-300));
    CHECK_INT(dispute_contra(&dispute, (struct money){euro4(-300)}).v, euro4(-100));
    CHECK_INT(dispute_contra(&dispute, (struct money){euro4(-400)}).v, 0);
    CHECK_INT(dispute.contra.v, euro4(-1000));
    /* A line that was negative, and wholly cancelled. */
    struct dispute contra = {.line = book_line(GROCER, CINEMA, BOOK_REDEMPTION, euro4(-1000)),
                             .resolved = true,
                             .upheld = {euro4(-1000)}};
    CHECK_INT(dispute_contra(&contra, (struct money){euro4(300)}).v, 0);
}

CASE(payments_are_sent_once_and_confirmed_by_the_creditor_alone)
{
    struct world world;
    begin(&world, 0);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &ann, false, day(11, 10)),
                  VERDICT_WRONG_STATE);
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(finalise(&world, day(11, 9)), VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, cinema, 0, 1, &ann, false, day(11, 10)),
                  VERDICT_NOT_A_PARTY);
    check_verdict(period_pay(&world.period, grocer, 3, 1, &ann, false, day(11, 10)),
                  VERDICT_UNKNOWN_PAYMENT);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_WRONG_STATE);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &ann, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &ann, false, day(11, 10)),
                  VERDICT_SAME_APPROVER);
    CHECK_INT(world.period.payments[0].state == PAYMENT_SENT, 0);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &bob, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &ann, false, day(11, 10)),
                  VERDICT_PAID_TWICE);
    check_verdict(confirm(&world, grocer, 0), VERDICT_NOT_A_PARTY);
    check_verdict(confirm(&world, books, 0), VERDICT_NOT_A_PARTY);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_ACCEPTED);
    /* An approval of what failed comes late. */
    check_verdict(period_pay(&world.period, grocer, 0, 1, &bob, false, day(11, 10)),
                  VERDICT_TOTALS_CHANGED);
    check_verdict(period_pay(&world.period, grocer, 0, 2, &ann, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 0, 2, &ann, false, day(11, 10)),
                  VERDICT_SAME_APPROVER);
    CHECK_INT(world.period.payments[0].state == PAYMENT_SENT, 0);
    check_verdict(period_pay(&world.period, grocer, 0, 2, &bob, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    CHECK_INT(world.period.payments[0].attempt, 2);
    check_verdict(confirm(&world, cinema, 0), VERDICT_ACCEPTED);
    check_verdict(confirm(&world, cinema, 0), VERDICT_PAID_TWICE);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_PAID_TWICE);
    /* The operator loses its nodes after the payment was sent. */
    check_verdict(period_pay(&world.period, grocer, 1, 1, &ann, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 1, 1, &bob, false, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 1, 1, &ann, false, day(11, 10)),
                  VERDICT_PAID_TWICE);
    check_verdict(period_pay(&world.period, grocer, 1, 1, &ann, true, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 1, 1, &bob, true, day(11, 10)),
                  VERDICT_ACCEPTED);
    CHECK_INT(world.period.payments[1].state, PAYMENT_CONFIRMED);
    CHECK_TEXT(period_state_word(world.period.state), "final");
    world.period.payments[2].payment.to = operator_partner; /* has no node here */
    check_verdict(period_pay(&world.period, grocer, 2, 1, &bob, true, day(11, 10)),
                  VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 2, 1, &ann, true, day(11, 10)),
                  VERDICT_ACCEPTED);
    CHECK_TEXT(period_state_word(world.period.state), "settled");
    check_verdict(confirm(&world, books, 2), VERDICT_PAID_TWICE);
    end(&world);
}

CASE(a_period_in_which_nothing_is_owed_is_settled_when_it_is_final)
{
    struct world world;
    begin(&world, 0);
    world.exact.count = 0;
    check_verdict(
        period_propose(&world.period, grocer, &totals, &totals, &world.rules.calendar, day(11, 4)),
        VERDICT_ACCEPTED);
    check_verdict(finalise(&world, day(11, 9)), VERDICT_ACCEPTED);
    CHECK_TEXT(period_state_word(world.period.state), "settled");
    end(&world);
}

CASE(every_code_has_its_word)
{
    enum dispute_code code;
    CHECK(dispute_code_from_word("LATE", &code) && code == DISPUTE_LATE);
    CHECK(!dispute_code_from_word("late", &code));
    CHECK_TEXT(dispute_code_word(DISPUTE_DUPLICATE), "DUPLICATE");
    CHECK_TEXT(dispute_code_word(DISPUTE_MISSING_TX), "MISSING_TX");
}

int main(void)
{
    RUN(business_days_skip_what_rests);
    RUN(deadlines_count_from_the_periods_last_day);
    RUN(a_period_is_proposed_when_it_is_over_and_adds_up);
    RUN(a_proposal_that_comes_late_leaves_a_day_to_answer);
    RUN(everyone_signs_and_the_period_is_final_at_once);
    RUN(silence_accepts_when_the_day_is_over);
    RUN(a_dispute_is_carved_out_and_its_rest_enters_a_later_period);
    RUN(a_dispute_alone_is_no_answer);
    RUN(whoever_disputes_may_give_up);
    RUN(a_contra_takes_back_what_stands_of_a_disputed_line);
    RUN(payments_are_sent_once_and_confirmed_by_the_creditor_alone);
    RUN(a_period_in_which_nothing_is_owed_is_settled_when_it_is_final);
    RUN(every_code_has_its_word);
    return check_report();
}
