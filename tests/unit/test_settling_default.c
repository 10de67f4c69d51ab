// links: partners
/* One that does not pay, on the ledger: a month closed with and without a fund, in the charter's
 * days, and what collateral may not be given back meanwhile. */
#include "unit/ledger_month.h"

/* Cinema is the operator, and holds collateral that pays for who does not. */
static void open_world_with_fund(struct world *w, enum on_default how)
{
    struct coalition_spec spec = {.names = {"anna", "bert", "cinema"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400"};
    struct charter *draft = coalition_draft(&spec);
    memset(w, 0, sizeof(*w));
    draft->partners[C].is_operator = true;
    draft->settlement.every = PERIOD_MONTH;
    draft->settlement.default_days = 5;
    draft->settlement.dispute_days = 20;
    draft->settlement.on_default = how;
    draft->risk = (struct charter_risk){.on = true,
                                        .haircut_bp = 10000,
                                        .alert_bp = THRESHOLD_BP_MAX,
                                        .prepaid_bp = THRESHOLD_BP_MAX,
                                        .refuse_bp = THRESHOLD_BP_MAX};
    w->charter = coalition_found(draft);
    w->state = state_open(w->charter);
    merkle_init(&w->tree);
    w->cut_ms = MAY_MS + DAY_MS;
    begin(w);
}

static struct transaction tx_collateral(uint16_t partner, int64_t micro)
{
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    t.body.deal.collateral =
        (struct collateral){.partner = {partner}, .currency = "EUR", .amount = {micro}};
    return t;
}

/* May is final on 8 June, and to be paid by the ninth: A owes C 1.88, B owes C 1.10 and A 0.45; so
 * B pays C 1.55, and A C 1.43.
 */
static void close_may(struct world *w, enum on_default how)
{
    uint64_t redeemed;
    open_world_with_fund(w, how);
    accepted(w, C, tx_collateral(A, 5000000));
    accepted(w, C, tx_collateral(B, 1000000));
    play_may(w, &redeemed);
    pass_to(w, 6, 1);
    accepted(w, A, tx_propose(w));
    pass_to(w, 6, 8);
    accepted(w, A, step(TRANSACTION_PERIOD_FINAL));
    pass(w, 1);
    REQUIRE(may(w)->period.payment_count == 2);
    CHECK_INT(may(w)->period.payments[0].payment.from.v, B);
    CHECK_INT(may(w)->period.payments[0].payment.amount.v, INT64_C(15500000000));
}

static void check_payment(const struct world *w, size_t number, uint16_t from, uint16_t to,
                          int64_t cents, bool ring_fenced)
{
    REQUIRE(number < may(w)->period.payment_count);
    const struct period_payment *payment = &may(w)->period.payments[number];
    CHECK_INT(payment->payment.from.v, from);
    CHECK_INT(payment->payment.to.v, to);
    CHECK_INT(payment->payment.amount.v, cents * 100000000);
    CHECK_INT(payment->ring_fenced, ring_fenced);
}

/* Of 1.00 each gets 100 * 110 / 155 and 100 * 45 / 155 cents: 70.97 and 29.03. */
CASE(collateral_pays_for_one_that_does_not)
{
    struct world w;
    close_may(&w, DEFAULT_FUND);
    pass_to(&w, 6, 16); /* the fifth business day after the ninth */
    CHECK_INT(apply(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, ann)), VERDICT_TOO_EARLY);
    pass_to(&w, 6, 17);
    CHECK_INT(apply(&w, A, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, ann)), VERDICT_NOT_A_PARTY);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, ann));
    pass(&w, 1);
    CHECK_INT(may(&w)->period.default_count, 0);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, bob));
    REQUIRE(may(&w)->period.payment_count == 5);
    CHECK_INT(may(&w)->period.payments[1].state, PAYMENT_VOID);
    check_payment(&w, 2, A, C, 159, false); /* 1.88 less what C pays of B's debt */
    check_payment(&w, 3, B, A, 16, true);
    check_payment(&w, 4, B, C, 39, true);
    CHECK_INT(state_risk(w.state, (struct partner_id){B})->collateral.v, 0);
    CHECK_INT(state_risk(w.state, (struct partner_id){B})->mode, RISK_REFUSED);
    pass(&w, 1);
    CHECK_INT(apply(&w, B, tx_earn(1, 10)), VERDICT_OVER_LIMIT);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 2, ann));
    CHECK_TEXT(period_state_word(may(&w)->period.state), "settled");
    accepted(&w, A, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 3, ann));
    pass(&w, 1);
    CHECK_INT(apply(&w, A, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 3, ann)), VERDICT_PAID_TWICE);
    close_world(&w);
}

/* What is ring-fenced touches no collateral. */
CASE(one_that_does_not_pay_owes_each_apart)
{
    struct world w;
    close_may(&w, DEFAULT_RING_FENCE);
    pass_to(&w, 6, 17);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, ann));
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, bob));
    check_payment(&w, 2, A, C, 188, false);
    check_payment(&w, 3, B, A, 45, true);
    check_payment(&w, 4, B, C, 110, true);
    CHECK_INT(state_risk(w.state, (struct partner_id){B})->collateral.v, 1000000);
    close_world(&w);
}

/* The rest, 0.16 and 0.39 of B's debt, by what each is owed: all of it is C's but A's 0.45. */
CASE(what_collateral_leaves_is_shared)
{
    struct world w;
    close_may(&w, DEFAULT_MUTUALISE);
    pass_to(&w, 6, 17);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, ann));
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 0, bob));
    /* 55 cents by 45 and 298: 7.22 and 47.78, so A bears 7 and C 48. */
    check_payment(&w, 2, A, C, 150, false);
    check_payment(&w, 3, B, A, 7, true);
    check_payment(&w, 4, B, C, 48, true);
    CHECK_INT(may(&w)->period.taken_count, 3);
    close_world(&w);
}

/* Outstanding or not: it answers for what is owed in the open month, in one that has ended, and
 * until the payment is confirmed. */
CASE(collateral_stays_while_something_is_owed)
{
    struct world w;
    uint64_t redeemed;
    open_world_with_fund(&w, DEFAULT_FUND);
    accepted(&w, C, tx_collateral(A, 5000000));
    accepted(&w, C, tx_collateral(B, 1000000));
    play_may(&w, &redeemed);
    /* A's points are all spent; it owes 1.88 less 0.45. */
    CHECK_INT(apply(&w, C, tx_collateral(A, -3570001)), VERDICT_COLLATERAL_NEEDED);
    pass_to(&w, 6, 1);
    CHECK_INT(apply(&w, C, tx_collateral(A, -3570001)), VERDICT_COLLATERAL_NEEDED);
    accepted(&w, A, tx_propose(&w));
    pass_to(&w, 6, 8);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    CHECK_INT(apply(&w, C, tx_collateral(A, -3570001)), VERDICT_COLLATERAL_NEEDED);
    accepted(&w, C, tx_collateral(A, -3570000));
    accepted(&w, A, tx_payment(TRANSACTION_PAYMENT_SENT, 1, ann));
    accepted(&w, A, tx_payment(TRANSACTION_PAYMENT_SENT, 1, bob));
    CHECK_INT(apply(&w, C, tx_collateral(A, -1)), VERDICT_COLLATERAL_NEEDED);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 1, ann));
    accepted(&w, C, tx_collateral(A, -1430000));
    close_world(&w);
}

/* Olaf has no node: of what he is to get, anyone may say that it did not come. */
CASE(anyone_speaks_for_a_payee_without_a_node)
{
    struct world w;
    uint64_t redeemed;
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    pass_to(&w, 6, 8);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    REQUIRE(may(&w)->period.payment_count == 3 && may(&w)->period.payments[2].payment.to.v == O);
    pass_to(&w, 6, 17);
    CHECK_INT(apply(&w, A, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 2, ann)), VERDICT_NOT_A_PARTY);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 2, ann));
    accepted(&w, B, tx_payment(TRANSACTION_PAYMENT_DEFAULT, 2, bob));
    CHECK_INT(may(&w)->period.default_count, 1);
    close_world(&w);
}

/* A disputes what it owes C, and leaves it at that: what was signed into the log stands. */
CASE(a_dispute_ends_without_its_opener_when_its_time_is_over)
{
    struct world w;
    uint64_t redeemed;
    open_world_with_fund(&w, DEFAULT_RING_FENCE);
    accepted(&w, C, tx_collateral(A, 5000000));
    accepted(&w, C, tx_collateral(B, 1000000));
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    accepted(&w, A, tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION));
    struct transaction answer = tx_amount(TRANSACTION_DISPUTE_RESPOND, redeemed, A, C,
                                          LINE_REDEMPTION, INT64_C(6000000000));
    accepted(&w, C, answer);
    pass_to(&w, 6, 8);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    pass_to(&w, 7, 3); /* the twentieth business day after 5 June, to answer by */
    answer.type = TRANSACTION_DISPUTE_RESOLVE;
    answer.body.settle.amount = 0;
    CHECK_INT(apply(&w, C, answer), VERDICT_TOO_EARLY);
    CHECK_INT(apply(&w, B, answer), VERDICT_NOT_A_PARTY);
    pass_to(&w, 7, 4);
    answer.body.settle.amount = INT64_C(6000000000);
    CHECK_INT(apply(&w, C, answer), VERDICT_TOTALS_CHANGED);
    answer.body.settle.amount = 0;
    accepted(&w, C, answer);
    CHECK_INT(open_line(&w, A, C, LINE_DISPUTE), INT64_C(18000000000));
    CHECK_INT(apply(&w, A, answer), VERDICT_ALREADY_ANSWERED);
    close_world(&w);
}

int main(void)
{
    RUN(collateral_pays_for_one_that_does_not);
    RUN(one_that_does_not_pay_owes_each_apart);
    RUN(what_collateral_leaves_is_shared);
    RUN(collateral_stays_while_something_is_owed);
    RUN(anyone_speaks_for_a_payee_without_a_node);
    RUN(a_dispute_ends_without_its_opener_when_its_time_is_over);
    return check_report();
}
