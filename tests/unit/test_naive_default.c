// links: node
/* Who does not pay, in the naive model alone: ledger.md section 8, example B, with all figures
 * worked out by hand from SETTLEMENT.md section 27. */
#include "unit/naive_debts.h"

/* ---- ring-fenced ----------------------------------------------------------------------------- */

CASE(what_it_owes_is_between_two_again_and_the_others_net_anew)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    PAYMENTS(&town, 0, {GROCER, CINEMA, NET, 0, NAIVE_DUE, 128000},
             {GROCER, OPERATOR, NET, 0, NAIVE_DUE, 108000},
             {GROCER, BOOKS, NET, 0, NAIVE_DUE, 94000});
    pay(&town, TO_CINEMA);
    TAKEN(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, TO_BOOKS, 1));
    on_day(&town, 41);
    TAKEN(&town, BOOKS, accuse(&town, TO_BOOKS, 1));
    begin_default(&town, TO_OPERATOR);
    /* The cinema is owed 2250 - 450 - 1280, and books 3600 - 2700. Of the others books get 1080 -
     * 720 - 320, the cinema 720 - 1080 - 160, the operator 320 + 160. */
    PAYMENTS(
        &town, 0, {GROCER, CINEMA, NET, 0, NAIVE_CONFIRMED, 128000},
        {GROCER, OPERATOR, NET, 0, NAIVE_VOID, 108000}, {GROCER, BOOKS, NET, 0, NAIVE_VOID, 94000},
        {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 48000}, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 4000},
        {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000}, {GROCER, CINEMA, RING, 1, NAIVE_DUE, 52000},
        {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 60000});
    CHECK_INT(january(&town)->taking_count, 0);
    for (uint32_t i = TO_OPERATOR; i <= TO_BOOKS; i++) {
        CHECK(hash_is_zero(&payment_at(&town, i)->approver));
        CHECK(hash_is_zero(&payment_at(&town, i)->accuser));
    }
    naive_close(town.model);
}

/* ---- what stands was paid on account of all -------------------------------------------------- */

CASE(who_got_more_than_it_was_owed_makes_up_for_it)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_OPERATOR);
    on_day(&town, 41);
    begin_default(&town, TO_CINEMA);
    /* The operator was owed 600 and got 1080; the cinema is owed 1800, and books 900. */
    TAKEN_OVER(&town, {GROCER, CINEMA, OPERATOR, false, 48000});
    PAYMENTS(&town, 3, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 4000},
             {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 132000});
    naive_close(town.model);
}

/* What was paid to one that has no node had come as soon as it was said to be sent. */
CASE(who_has_no_node_makes_up_for_nothing_that_it_got)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    town.model->now->nodes[OPERATOR].left = true;
    send(&town, TO_OPERATOR);
    REQUIRE(payment_at(&town, TO_OPERATOR)->state == NAIVE_CONFIRMED);
    on_day(&town, 41);
    begin_default(&town, TO_CINEMA);
    CHECK_INT(january(&town)->taking_count, 0);
    PAYMENTS(&town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 48000},
             {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 4000}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 180000},
             {OPERATOR, GROCER, RING, 1, NAIVE_DUE, 48000});
    naive_close(town.model);
}

CASE(the_largest_claim_is_made_up_for_first)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_OPERATOR);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_BOOKS);
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, false, 48000}); /* of 900; the cinema's is 520 */
    PAYMENTS(&town, 3, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 52000},
             {GROCER, BOOKS, RING, 1, NAIVE_DUE, 42000},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 52000});
    naive_close(town.model);
}

CASE(who_owes_and_got_nothing_makes_up_for_nothing)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 600},
                                        {CINEMA, GROCER, LINE_REDEMPTION, 200}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->taking_count, 0);
    PAYMENTS(&town, 2, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 600},
             {CINEMA, GROCER, RING, 1, NAIVE_DUE, 200});
    naive_close(town.model);
}

CASE(nobody_makes_up_for_more_than_it_got)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 1000},
                                        {CINEMA, GROCER, LINE_REDEMPTION, 300},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 800}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    pay(&town, 0); /* 5.00 to the cinema, which owes 3.00 */
    on_day(&town, 41);
    begin_default(&town, 1);
    TAKEN_OVER(&town, {GROCER, BOOKS, CINEMA, false, 500});
    PAYMENTS(&town, 0, {GROCER, CINEMA, NET, 0, NAIVE_CONFIRMED, 500},
             {GROCER, BOOKS, NET, 0, NAIVE_VOID, 200}, {BOOKS, CINEMA, NET, 1, NAIVE_DUE, 300},
             {GROCER, BOOKS, RING, 1, NAIVE_DUE, 500}, {CINEMA, GROCER, RING, 1, NAIVE_DUE, 300});
    naive_close(town.model);
}

/* Who was to get, by the end of the month, and after the first default is to give; the operator
 * with a node or without one. */
static void check_owed_who_paid(bool silent)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 1000},
                                        {BOOKS, GROCER, LINE_REDEMPTION, 500},
                                        {OPERATOR, CINEMA, LINE_REDEMPTION, 200}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    pay(&town, 0); /* 5.00 to the cinema, by books, which owes it nothing */
    on_day(&town, 41);
    begin_default(&town, 1);
    CHECK_INT(january(&town)->taking_count, 0);
    on_day(&town, 48);
    town.model->now->nodes[OPERATOR].left = silent;
    begin_default(&town, 3); /* the cinema: 3.00 of them back */
    TAKEN_OVER(&town, {CINEMA, BOOKS, OPERATOR, false, 200});
    PAYMENTS(&town, 0, {BOOKS, CINEMA, NET, 0, NAIVE_CONFIRMED, 500},
             {GROCER, CINEMA, NET, 0, NAIVE_VOID, 500}, {OPERATOR, CINEMA, NET, 0, NAIVE_VOID, 200},
             {CINEMA, BOOKS, NET, 1, NAIVE_VOID, 300}, {OPERATOR, BOOKS, NET, 1, NAIVE_VOID, 200},
             {BOOKS, GROCER, RING, 1, NAIVE_DUE, 500}, {GROCER, CINEMA, RING, 1, NAIVE_DUE, 1000},
             {OPERATOR, BOOKS, NET, 2, NAIVE_DUE, 200}, {CINEMA, BOOKS, RING, 2, NAIVE_DUE, 300});
    naive_close(town.model);
}

CASE(who_paid_the_debtor_is_owed_by_those_who_owe_it)
{
    check_owed_who_paid(false);
    check_owed_who_paid(true);
}

/* ---- what becomes of payments ---------------------------------------------------------------- */

CASE(a_void_payment_is_not_paid_any_more)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    struct transaction wrong = of_payment(&town, TRANSACTION_PAYMENT_SENT, TO_BOOKS, 1);
    wrong.body.settle.attempt = 9;
    SAID(&town, BOOKS, wrong, VERDICT_NOT_A_PARTY);
    SAID(&town, GROCER, wrong, VERDICT_WRONG_STATE);
    SAID(&town, BOOKS, of_payment(&town, TRANSACTION_PAYMENT_FAILED, TO_BOOKS, 0),
         VERDICT_WRONG_STATE);
    naive_close(town.model);
}

CASE(a_payment_of_one_in_default_that_fails_late_is_ring_fenced)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    send(&town, TO_CINEMA); /* it stands, as yet */
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    PAYMENTS(&town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 48000},
             {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 4000}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 52000},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 60000});
    pay(&town, 3);
    send(&town, 4);
    fail(&town, 4);
    CHECK(!payment_at(&town, 4)->ring_fenced); /* neither of the two is */
    pay(&town, 4);
    CHECK_INT(january(&town)->state, NAIVE_FINAL);
    fail(&town, TO_CINEMA);
    CHECK(payment_at(&town, TO_CINEMA)->ring_fenced);
    CHECK_INT(payment_at(&town, TO_CINEMA)->round, 0);
    CHECK_INT(january(&town)->state, NAIVE_SETTLED); /* nothing else was netted */
    SAID(&town, CINEMA, accuse(&town, TO_CINEMA, 1), VERDICT_PAID_TWICE);
    pay(&town, TO_CINEMA);
    CHECK_INT(payment_at(&town, TO_CINEMA)->attempts, 2);
    naive_close(town.model);
}

CASE(ring_fenced_payments_are_paid_after_the_period_is_settled)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    SAID(&town, BOOKS, accuse(&town, 5, 1), VERDICT_WRONG_STATE);
    pay(&town, 3);
    CHECK_INT(january(&town)->state, NAIVE_FINAL);
    pay(&town, 4);
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    SAID(&town, BOOKS, accuse(&town, 5, 1), VERDICT_PAID_TWICE);
    SAID(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, TO_BOOKS, 1),
         VERDICT_WRONG_STATE); /* void */
    SAID(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, 3, 1), VERDICT_PAID_TWICE);
    SAID(&town, BOOKS, accuse(&town, TO_BOOKS, 1), VERDICT_PAID_TWICE);
    SAID(&town, GROCER, of_payment(&town, TRANSACTION_PAYMENT_SENT, 9, 1), VERDICT_PAID_TWICE);
    send(&town, 5);
    fail(&town, 5);
    pay(&town, 5);
    confirm(&town, 6); /* money may come before anybody says so */
    SAID(&town, CINEMA, of_payment(&town, TRANSACTION_PAYMENT_CONFIRMED, 6, 0), VERDICT_PAID_TWICE);
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    naive_close(town.model);
}

/* ---- shared ---------------------------------------------------------------------------------- */

CASE(a_fund_pays_each_its_share_and_the_operator_takes_over)
{
    /* What is less than a cent is not paid out. */
    struct town town = town_with(NAIVE_FUND, 1000 * 1000000 + 9999);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    /* Of 100,000 cents: 44554.46, 25742.57, 29702.97; two are left for the largest remainders. */
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, true, 44554},
               {GROCER, CINEMA, OPERATOR, true, 25743}, {GROCER, OPERATOR, OPERATOR, true, 29703});
    PAYMENTS(
        &town, 3, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 26257},
        {OPERATOR, BOOKS, NET, 1, NAIVE_DUE, 22297}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 45446},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 26257}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 30297});
    CHECK_INT(naive_risk_of(town.model, GROCER).collateral, 9999);
    naive_close(town.model);
}

CASE(a_fund_that_is_enough_leaves_nothing_owing)
{
    struct town town = town_with(NAIVE_FUND, INT64_C(3000) * 1000000);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, true, 90000},
               {GROCER, CINEMA, OPERATOR, true, 52000}, {GROCER, OPERATOR, OPERATOR, true, 60000});
    /* Books are owed 940 and the cinema nothing, by the operator alone. */
    PAYMENTS(&town, 3, {OPERATOR, BOOKS, NET, 1, NAIVE_DUE, 94000});
    CHECK_INT(naive_risk_of(town.model, GROCER).collateral, INT64_C(980) * 1000000);
    naive_close(town.model);
}

CASE(a_fund_pays_what_nobody_made_up_for)
{
    struct town town = town_with(NAIVE_FUND, INT64_C(1000) * 1000000);
    pay(&town, TO_OPERATOR);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_BOOKS);
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, false, 48000},
               {GROCER, BOOKS, OPERATOR, true, 42000}, {GROCER, CINEMA, OPERATOR, true, 52000});
    PAYMENTS(&town, 3, {OPERATOR, BOOKS, NET, 1, NAIVE_DUE, 94000});
    CHECK_INT(naive_risk_of(town.model, GROCER).collateral, INT64_C(60) * 1000000);
    naive_close(town.model);
}

CASE(collateral_is_used_whatever_is_outstanding)
{
    struct town town = town_by(rules_with(NAIVE_FUND, true));
    post(&town, GROCER, INT64_C(1000) * 1000000);
    TAKEN(&town, GROCER, earn(100000)); /* 900 of exposure */
    CHECK_INT(naive_risk_of(town.model, GROCER).mode, NAIVE_COVERED);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    CHECK_INT(naive_risk_of(town.model, GROCER).collateral, 0);
    CHECK_INT(naive_risk_of(town.model, GROCER).mode, NAIVE_REFUSED);
    naive_close(town.model);
}

CASE(a_loss_is_shared_by_what_each_was_owed)
{
    struct town town = town_with(NAIVE_MUTUALISE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    /* 2020 by 4680, 2970 and 1080: 1082.89, 687.21, 249.90, where 900, 520 and 600 are lost. */
    TAKEN_OVER(&town, {GROCER, OPERATOR, BOOKS, false, 18289},
               {GROCER, OPERATOR, CINEMA, false, 16721});
    PAYMENTS(
        &town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 68721},
        {BOOKS, OPERATOR, NET, 1, NAIVE_DUE, 14289}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 108289},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 68721}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 24990});
    naive_close(town.model);
}

CASE(the_fund_comes_first_and_what_is_left_is_shared)
{
    struct town town = town_with(NAIVE_MUTUALISE, INT64_C(1000) * 1000000);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    /* 454.46, 262.57 and 302.97 are left; shared 546.80, 347.01, 126.19. */
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, true, 44554},
               {GROCER, CINEMA, OPERATOR, true, 25743}, {GROCER, OPERATOR, OPERATOR, true, 29703},
               {GROCER, OPERATOR, BOOKS, false, 9234}, {GROCER, OPERATOR, CINEMA, false, 8444});
    PAYMENTS(&town, 3, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 34701},
             {OPERATOR, BOOKS, NET, 1, NAIVE_DUE, 4619}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 54680},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 34701},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 12619});
    naive_close(town.model);
}

CASE(who_was_owed_nothing_by_lines_shares_in_nothing)
{
    /* Lines of less than nothing: the debtor's creditor is owed, and no line says so. */
    static const struct debt debts[] = {{BOOKS, GROCER, LINE_REDEMPTION_CONTRA, -500},
                                        {CINEMA, GROCER, LINE_REDEMPTION_CONTRA, -300}};
    struct town town = town_by(rules_with(NAIVE_MUTUALISE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->taking_count, 0);
    PAYMENTS(&town, 2, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 500},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 300});
    naive_close(town.model);
}

CASE(who_was_owed_less_than_nothing_shares_in_nothing)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 600},
                                        {BOOKS, CINEMA, LINE_REDEMPTION_CONTRA, -100}};
    struct town town = town_by(rules_with(NAIVE_MUTUALISE, false));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->taking_count, 0);
    PAYMENTS(&town, 2, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 100},
             {GROCER, BOOKS, RING, 1, NAIVE_DUE, 600});
    naive_close(town.model);
}

CASE(one_unit_that_is_left_goes_by_name_among_equals)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 100},
                                        {GROCER, BOOKS, LINE_REDEMPTION, 100},
                                        {GROCER, OPERATOR, LINE_ISSUE_FEE, 100}};
    struct town town = town_by(rules_with(NAIVE_FUND, true));
    post(&town, GROCER, 1010000); /* 101 cents for three */
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    TAKEN_OVER(&town, {GROCER, BOOKS, OPERATOR, true, 34}, {GROCER, CINEMA, OPERATOR, true, 34},
               {GROCER, OPERATOR, OPERATOR, true, 33});
    naive_close(town.model);
}

CASE(the_operator_in_default_pays_out_of_no_fund)
{
    static const struct debt debts[] = {{OPERATOR, GROCER, LINE_REDEMPTION, 500},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 200}};
    struct town town = town_by(rules_with(NAIVE_FUND, true));
    post(&town, OPERATOR, 9000000);
    post(&town, BOOKS, 9000000);
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->taking_count, 0);
    CHECK_INT(naive_risk_of(town.model, OPERATOR).collateral, 9000000);
    PAYMENTS(&town, 0, {OPERATOR, GROCER, NET, 0, NAIVE_VOID, 500},
             {BOOKS, CINEMA, NET, 0, NAIVE_VOID, 200}, {BOOKS, CINEMA, NET, 1, NAIVE_DUE, 200},
             {OPERATOR, GROCER, RING, 1, NAIVE_DUE, 500});
    on_day(&town, 48);
    begin_default(&town, 2); /* and after it there is no operator to hold anything */
    CHECK_INT(january(&town)->taking_count, 0);
    CHECK_INT(naive_risk_of(town.model, BOOKS).collateral, 9000000);
    naive_close(town.model);
}

/* ---- one after the other --------------------------------------------------------------------- */

CASE(one_default_after_another_leaves_the_earlier_ring_fenced)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    on_day(&town, 48);
    begin_default(&town, 3); /* the cinema */
    PAYMENTS(
        &town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_VOID, 48000},
        {CINEMA, BOOKS, NET, 1, NAIVE_VOID, 4000}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 52000}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 60000},
        {BOOKS, OPERATOR, NET, 2, NAIVE_DUE, 32000}, {CINEMA, BOOKS, RING, 2, NAIVE_DUE, 36000},
        {CINEMA, OPERATOR, RING, 2, NAIVE_DUE, 16000});
    CHECK_INT(january(&town)->state, NAIVE_FINAL);
    on_day(&town, 55);
    begin_default(&town, 8); /* books, and nobody is left who nets */
    PAYMENTS(&town, 8, {BOOKS, OPERATOR, NET, 2, NAIVE_VOID, 32000},
             {CINEMA, BOOKS, RING, 2, NAIVE_DUE, 36000},
             {CINEMA, OPERATOR, RING, 2, NAIVE_DUE, 16000},
             {BOOKS, OPERATOR, RING, 3, NAIVE_DUE, 32000});
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    naive_close(town.model);
}

CASE(who_has_taken_over_a_claim_may_be_next)
{
    struct town town = town_with(NAIVE_MUTUALISE, 0);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    on_day(&town, 48);
    begin_default(&town, 3); /* the cinema: 687.21 to the operator */
    /* It owes books 1080 - 720, the operator 160 and 167.21 that it took over. Shared by 4680 and
     * 1080: 558.36, 128.85. */
    TAKEN_OVER(&town, {GROCER, OPERATOR, BOOKS, false, 18289},
               {GROCER, OPERATOR, CINEMA, false, 16721}, {CINEMA, OPERATOR, BOOKS, false, 19836});
    PAYMENTS(
        &town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_VOID, 68721},
        {BOOKS, OPERATOR, NET, 1, NAIVE_VOID, 14289}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 108289},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 68721}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 24990},
        {BOOKS, OPERATOR, NET, 2, NAIVE_DUE, 70125}, /* 320 + 182.89 + 198.36 */
        {CINEMA, BOOKS, RING, 2, NAIVE_DUE, 55836}, {CINEMA, OPERATOR, RING, 2, NAIVE_DUE, 12885});
    naive_close(town.model);
}

/* The operator owes the cinema what it paid it out of the grocer's collateral. */
CASE(whose_claim_was_taken_over_may_be_next)
{
    struct town town = town_with(NAIVE_FUND, INT64_C(1000) * 1000000);
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    on_day(&town, 48);
    begin_default(&town, 3); /* the cinema: 262.57 to books */
    PAYMENTS(
        &town, 3, {CINEMA, BOOKS, NET, 1, NAIVE_VOID, 26257},
        {OPERATOR, BOOKS, NET, 1, NAIVE_VOID, 22297}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 45446},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 26257}, {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 30297},
        {OPERATOR, BOOKS, NET, 2, NAIVE_DUE, 12554}, /* 445.54 - 320 */
        {CINEMA, BOOKS, RING, 2, NAIVE_DUE, 36000},
        {OPERATOR, CINEMA, RING, 2, NAIVE_DUE, 9743}); /* 257.43 - 160 */
    naive_close(town.model);
}

/* ---- currencies and taxes -------------------------------------------------------------------- */

CASE(another_currency_has_no_part_in_it)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 700},
                                        {CINEMA, BOOKS, LINE_REDEMPTION, 300}};
    struct town town = town_by(rules_with(NAIVE_FUND, false));
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    memcpy(card.settlement_currency, "SEK", 4);
    memset(card.fee_tax, 0, sizeof(card.fee_tax));
    agree(&town, card);
    town.model->rules.risk.on = true;
    town.model->risks[GROCER].collateral = 1000000000;
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    owe_in(&town, debts, ARRAY_SIZE(debts), 1);
    close_books(&town);
    on_day(&town, 41);
    pay(&town, TO_CINEMA);
    begin_default(&town, 3); /* 4.00 SEK to the cinema */
    CHECK(naive_in_default(january(&town), GROCER, "SEK"));
    CHECK(!naive_in_default(january(&town), GROCER, "EUR"));
    CHECK_INT(january(&town)->taking_count, 0); /* a fund is in the charter's currency */
    begin_default(&town, TO_OPERATOR);
    PAYMENTS(
        &town, 1, {GROCER, OPERATOR, NET, 0, NAIVE_VOID, 108000},
        {GROCER, BOOKS, NET, 0, NAIVE_VOID, 94000}, {GROCER, CINEMA, NET, 0, NAIVE_VOID, 400},
        {GROCER, BOOKS, NET, 0, NAIVE_VOID, 300}, {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 300},
        {GROCER, CINEMA, RING, 1, NAIVE_DUE, 700}, {CINEMA, BOOKS, NET, 2, NAIVE_DUE, 26257},
        {OPERATOR, BOOKS, NET, 2, NAIVE_DUE, 22297}, {GROCER, BOOKS, RING, 2, NAIVE_DUE, 45446},
        {GROCER, CINEMA, RING, 2, NAIVE_DUE, 26257}, {GROCER, OPERATOR, RING, 2, NAIVE_DUE, 30297});
    CHECK_TEXT(payment_at(&town, 5)->currency, "SEK");
    CHECK_TEXT(payment_at(&town, 11)->currency, "EUR");
    naive_close(town.model);
}

CASE(taxes_are_owed_as_lines_are)
{
    static const struct debt debts[] = {{GROCER, OPERATOR, LINE_ISSUE_FEE, 1000},
                                        {GROCER, CINEMA, LINE_REDEMPTION, 600}};
    struct naive_rules rules = rules_with(NAIVE_MUTUALISE, false);
    memcpy(rules.settlement.fee_tax, "AT-20", 6);
    struct town town = town_by(rules);
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 34);
    pay(&town, 0); /* 12.00 to the operator */
    on_day(&town, 41);
    begin_default(&town, 1);
    /* 6.00 by 6 and 12. */
    TAKEN_OVER(&town, {GROCER, CINEMA, OPERATOR, false, 400});
    PAYMENTS(&town, 2, {OPERATOR, CINEMA, NET, 1, NAIVE_DUE, 400},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 200},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 400});
    naive_close(town.model);
}

/* 10^19 units times 10^19: a product that has no room in 128 bits. */
CASE(sums_of_any_size_are_shared_out_exactly)
{
    const __int128 large = (__int128)INT64_MAX * 3;
    struct town town = town_by(rules_with(NAIVE_MUTUALISE, false));
    *naive_owed_cell(town.model, GROCER, BOOKS, LINE_REDEMPTION, 0) = large * 2 * CENT;
    *naive_owed_cell(town.model, GROCER, CINEMA, LINE_REDEMPTION, 0) = large * CENT;
    close_books(&town);
    pay(&town, 0);
    on_day(&town, 41);
    begin_default(&town, 1);
    REQUIRE(january(&town)->taking_count == 1);
    CHECK(january(&town)->takings[0].amount == large / 3 * 2 * CENT);
    naive_close(town.model);
}

/* ---- what is told of ------------------------------------------------------------------------- */

/* A day in which nobody owes anybody on balance is settled when its books close. */
static uint32_t close_a_day(struct town *town, uint64_t day)
{
    static const struct debt even[] = {{GROCER, BOOKS, LINE_REDEMPTION, 100},
                                       {BOOKS, GROCER, LINE_REDEMPTION, 100}};
    uint32_t number = naive_open_period(town->model);
    owe_in(town, even, ARRAY_SIZE(even), 0);
    on_day(town, day + 1);
    on_day(town, day + 1);
    struct naive_period *period = &town->model->periods[town->model->period_count - 1];
    CHECK_INT(period->number, number);
    naive_close_books(town->model, period, (int64_t)(town->now_ms / DAY));
    CHECK_INT(period->state, NAIVE_SETTLED);
    return number;
}

CASE(a_period_is_told_of_until_what_is_ring_fenced_is_paid)
{
    struct naive_rules rules = rules_with(NAIVE_RING_FENCE, false);
    rules.settlement.every = NAIVE_DAYS;
    struct town town = town_by(rules);
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 700}};
    owe_in(&town, debts, 1, 0);
    uint32_t number = naive_open_period(town.model);
    on_day(&town, 1);
    on_day(&town, 1);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    on_day(&town, 4);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_FINAL));
    on_day(&town, 11);
    begin_default(&town, 0);
    CHECK_INT(january(&town)->state, NAIVE_SETTLED);
    uint64_t day = 11;
    for (int i = 0; i <= NAIVE_PERIODS_KEPT; i++)
        (void)close_a_day(&town, day++);
    CHECK_INT(naive_period_at(town.model, 0)->number, number);
    pay(&town, 1);
    (void)close_a_day(&town, day);
    CHECK(naive_period_at(town.model, 0)->number > number);
    naive_close(town.model);
}

int main(void)
{
    RUN(what_it_owes_is_between_two_again_and_the_others_net_anew);
    RUN(who_got_more_than_it_was_owed_makes_up_for_it);
    RUN(who_has_no_node_makes_up_for_nothing_that_it_got);
    RUN(the_largest_claim_is_made_up_for_first);
    RUN(who_owes_and_got_nothing_makes_up_for_nothing);
    RUN(nobody_makes_up_for_more_than_it_got);
    RUN(who_paid_the_debtor_is_owed_by_those_who_owe_it);
    RUN(a_void_payment_is_not_paid_any_more);
    RUN(a_payment_of_one_in_default_that_fails_late_is_ring_fenced);
    RUN(ring_fenced_payments_are_paid_after_the_period_is_settled);
    RUN(a_fund_pays_each_its_share_and_the_operator_takes_over);
    RUN(a_fund_that_is_enough_leaves_nothing_owing);
    RUN(a_fund_pays_what_nobody_made_up_for);
    RUN(collateral_is_used_whatever_is_outstanding);
    RUN(a_loss_is_shared_by_what_each_was_owed);
    RUN(the_fund_comes_first_and_what_is_left_is_shared);
    RUN(who_was_owed_nothing_by_lines_shares_in_nothing);
    RUN(who_was_owed_less_than_nothing_shares_in_nothing);
    RUN(one_unit_that_is_left_goes_by_name_among_equals);
    RUN(the_operator_in_default_pays_out_of_no_fund);
    RUN(one_default_after_another_leaves_the_earlier_ring_fenced);
    RUN(who_has_taken_over_a_claim_may_be_next);
    RUN(whose_claim_was_taken_over_may_be_next);
    RUN(another_currency_has_no_part_in_it);
    RUN(taxes_are_owed_as_lines_are);
    RUN(sums_of_any_size_are_shared_out_exactly);
    RUN(a_period_is_told_of_until_what_is_ring_fenced_is_paid);
    return check_report();
}
