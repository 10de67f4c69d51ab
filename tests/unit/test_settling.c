// links: partners
/* Settlement on the ledger: a month passes, its books are proposed, signed, disputed, closed and
 * paid by transactions, with real records and paths; after every step an image says the same. */
#include "unit/ledger_month.h"

/* As open_world(), with kronor and a second tax for contracts. */
static void open_world_of_contracts(struct world *w)
{
    struct coalition_spec spec = {
        .names = {"anna", "bert", "cinema"}, .face = "10000", .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    memset(w, 0, sizeof(*w));
    draft->settlement.every = PERIOD_MONTH;
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 1;
    draft->settlement.taxes[0] = (struct charter_tax){.code = "AT-20", .rate_bp = 2000};
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currencies[0] = (struct charter_currency){"BHD", 3, {0}};
    draft->contracts.currency_count = 1;
    w->charter = coalition_found(draft);
    w->state = state_open(w->charter);
    merkle_init(&w->tree);
    w->cut_ms = MAY_MS + DAY_MS;
    begin(w);
}

/* ---- cases ----------------------------------------------------------------------------------- */

CASE(a_month_ends_at_the_last_cut_before_its_boundary)
{
    struct world w;
    uint64_t redeemed;
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    pass(&w, MAY_MS + MONTH_MS - 1 - w.cut_ms);
    accepted(&w, C, tx_redeem(1, 10));
    CHECK_INT(state_periods(w.state)->count, 0);
    CHECK_INT(open_line(&w, B, C, LINE_REDEMPTION), INT64_C(90000000) * 110);
    pass(&w, 1);
    CHECK_INT(state_periods(w.state)->count, 1);
    CHECK_INT(open_line(&w, B, C, LINE_REDEMPTION), 0);
    CHECK(!may(&w)->rooted);
    /* Nobody can propose what has no tree yet. */
    CHECK_INT(apply(&w, A, tx_propose(&w)), VERDICT_PERIOD_NOT_OVER);
    uint64_t size = w.past[w.height - 1].count;
    struct hash root = w.past[w.height - 1].root;
    accepted(&w, C, tx_redeem(1, 7));
    CHECK_INT(open_line(&w, B, C, LINE_REDEMPTION), INT64_C(90000000) * 7);
    pass(&w, 1);
    CHECK(may(&w)->rooted);
    CHECK_INT(may(&w)->first_record, 0);
    CHECK_INT(may(&w)->records, size);
    CHECK(hash_equal(&may(&w)->root, &root));
    /* A->C 200, B->C 110, B->A 50 points, and fees of both. */
    const struct lines *exact = &may(&w)->exact;
    REQUIRE(exact->count == 5);
    CHECK_INT(exact->at[0].exact.v, INT64_C(90000000) * 200);
    CHECK_INT(exact->at[1].book_class, BOOK_ISSUE_FEE);
    CHECK_INT(exact->at[2].exact.v, INT64_C(90000000) * 50);
    CHECK_INT(exact->at[3].exact.v, INT64_C(90000000) * 110);
    REQUIRE(may(&w)->redeemed_count == 3);
    CHECK_INT(may(&w)->redeemed[0].points_bp, 200 * 10000);
    CHECK_INT(state_redeemed_bp(w.state, (struct partner_id){B}, (struct partner_id){C}),
              7 * 10000);
    close_world(&w);
}

CASE(a_month_in_which_nothing_is_owed_leaves_nothing)
{
    struct world w;
    open_world(&w, NULL);
    accepted(&w, A, tx_enrol(1));
    pass_to(&w, 6, 2);
    CHECK_INT(state_periods(w.state)->count, 0);
    CHECK_INT(apply(&w, A, step(TRANSACTION_PERIOD_FINAL)), VERDICT_UNKNOWN_PERIOD);
    accepted(&w, A, tx_earn(1, 200));
    uint64_t begins = state_periods(w.state)->open_first_record;
    CHECK(begins > 0);
    pass_to(&w, 9, 2);
    REQUIRE(state_periods(w.state)->count == 1);
    CHECK_INT(state_periods(w.state)->at[0]->period.number, month(6));
    CHECK_INT(state_periods(w.state)->at[0]->first_record, begins);
    close_world(&w);
}

CASE(a_month_is_proposed_signed_by_two_people_each_closed_and_paid)
{
    struct world w;
    uint64_t redeemed;
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    pass_to(&w, 5, 31);
    CHECK_INT(apply(&w, A, step(TRANSACTION_PERIOD_FINAL)), VERDICT_UNKNOWN_PERIOD);
    pass_to(&w, 6, 1);
    struct transaction wrong = tx_propose(&w);
    wrong.body.settle.records++;
    CHECK_INT(apply(&w, A, wrong), VERDICT_WRONG_TOTALS);
    wrong = tx_propose(&w);
    wrong.body.settle.totals.at[0] ^= 1;
    CHECK_INT(apply(&w, A, wrong), VERDICT_WRONG_TOTALS);
    CHECK_INT(apply(&w, A, tx_sign(&w, ann)), VERDICT_WRONG_STATE);
    accepted(&w, A, tx_propose(&w));
    pass(&w, 1);
    for (uint16_t i = A; i <= C; i++) {
        accepted(&w, i, tx_sign(&w, ann));
        CHECK_INT(apply(&w, i, tx_sign(&w, ann)), VERDICT_SAME_APPROVER);
        accepted(&w, i, tx_sign(&w, bob));
        CHECK_INT(may(&w)->period.answers[i], ANSWER_SIGNED);
    }
    /* The operator has no node: its silence accepts. */
    CHECK_INT(apply(&w, A, step(TRANSACTION_PERIOD_FINAL)), VERDICT_TOO_EARLY);
    pass_to(&w, 6, 7);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    pass(&w, 1);
    /* A owes C 1.80 and O 0.08, has 0.45 from B; B owes C 0.90, A 0.45, O 0.20. */
    const struct period *period = &may(&w)->period;
    REQUIRE(period->payment_count == 3);
    CHECK_INT(period->payments[0].payment.from.v, B);
    CHECK_INT(period->payments[0].payment.to.v, C);
    CHECK_INT(period->payments[0].payment.amount.v, INT64_C(15500000000));
    CHECK_INT(period->payments[1].payment.amount.v, INT64_C(11500000000));
    CHECK_INT(period->payments[2].payment.amount.v, INT64_C(2800000000));
    CHECK_INT(apply(&w, C, tx_payment(TRANSACTION_PAYMENT_SENT, 0, ann)), VERDICT_NOT_A_PARTY);
    accepted(&w, B, tx_payment(TRANSACTION_PAYMENT_SENT, 0, ann));
    accepted(&w, B, tx_payment(TRANSACTION_PAYMENT_SENT, 0, bob));
    CHECK_INT(period->payments[0].state, PAYMENT_SENT);
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_FAILED, 0, ann));
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 0, ann));
    accepted(&w, C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 1, ann));
    CHECK_INT(apply(&w, C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 1, ann)), VERDICT_PAID_TWICE);
    CHECK_TEXT(period_state_word(period->state), "final");
    close_world(&w);
}

/* The funder proposes, the redeemer signs; it is in force when this returns. */
static void agree(struct world *w, struct rate_card card)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    card.from_ms = state_time_ms(w->state) + 1;
    t.body.deal.card = card;
    accepted(w, card.funder.v, t);
    t.type = TRANSACTION_CONTRACT_SIGN;
    t.body.deal.number = (uint32_t)state_contracts(w->state)->count - 1;
    t.body.deal.digest = rate_card_digest(&card);
    accepted(w, card.redeemer.v, t);
    pass(w, 1);
}

static struct rate_card card_of(uint16_t funder, uint16_t redeemer, const char *currency,
                                int64_t reimbursement)
{
    struct rate_card card = {.funder = {funder},
                             .redeemer = {redeemer},
                             .face_currency = "EUR",
                             .face = {reimbursement},
                             .reimbursement = {reimbursement}};
    memcpy(card.settlement_currency, currency, CURRENCY_SIZE);
    return card;
}

/* A owes C 200 points in euro and 100 in dinar, 50 of them taxed; B owes A 30 points in dinar. The
 * redemption of C's has a line of each tariff. */
static void play_tariffs(struct world *w, uint64_t *redeemed_out)
{
    struct rate_card taxed = card_of(A, C, "BHD", 4001);
    memcpy(taxed.redemption_tax, "AT-20", 6);
    accepted(w, A, tx_enrol(1));
    accepted(w, A, tx_earn(1, 200));
    agree(w, card_of(A, C, "BHD", 4001));
    accepted(w, A, tx_earn(1, 50));
    agree(w, taxed);
    accepted(w, A, tx_earn(1, 50));
    accepted(w, C, tx_redeem(1, 300));
    *redeemed_out = last(w);
    agree(w, card_of(B, A, "BHD", 2500));
    accepted(w, B, tx_earn(1, 30));
    accepted(w, A, tx_redeem(1, 30));
}

static int64_t open_tariff(const struct world *w, uint16_t debtor, uint16_t creditor,
                           enum line_class line_class, uint8_t tariff)
{
    return (int64_t)state_obligation(w->state, (struct partner_id){debtor},
                                     (struct partner_id){creditor}, line_class, tariff)
        .v;
}

CASE(each_currency_of_a_month_is_rounded_netted_and_paid_apart)
{
    struct world w;
    uint64_t redeemed;
    open_world_of_contracts(&w);
    play_tariffs(&w, &redeemed);
    pass_to(&w, 6, 1);
    /* Exact lines ascend by debtor, creditor, class, tariff. */
    const struct lines *exact = &may(&w)->exact;
    REQUIRE(exact->count == 4);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(exact->at[i].tariff, i);
    CHECK_TEXT(exact->at[0].currency, "EUR");
    CHECK_INT(exact->at[1].exact.v, INT64_C(40010000) * 50);
    CHECK_TEXT(exact->at[1].tax_code, "");
    CHECK_TEXT(exact->at[2].tax_code, "AT-20");
    CHECK_INT(exact->at[3].debtor.v, B);
    accepted(&w, B, tx_propose(&w));
    pass_to(&w, 6, 8);
    accepted(&w, B, step(TRANSACTION_PERIOD_FINAL));
    /* 50 points at 0.004001 dinar are 0.20005, rounded to 0.200, twice; the tax of one is 0.040.
     * B owes A 0.075. Dinar come before euro. */
    const struct period *period = &may(&w)->period;
    REQUIRE(period->payment_count == 3);
    CHECK_TEXT(period->payments[0].currency, "BHD");
    CHECK_INT(period->payments[0].payment.from.v, A);
    CHECK_INT(period->payments[0].payment.to.v, C);
    CHECK_INT(period->payments[0].payment.amount.v, INT64_C(3650000000));
    CHECK_TEXT(period->payments[1].currency, "BHD");
    CHECK_INT(period->payments[1].payment.from.v, B);
    CHECK_INT(period->payments[1].payment.to.v, C);
    CHECK_INT(period->payments[1].payment.amount.v, INT64_C(750000000));
    CHECK_TEXT(period->payments[2].currency, "EUR");
    CHECK_INT(period->payments[2].payment.from.v, A);
    CHECK_INT(period->payments[2].payment.amount.v, INT64_C(18000000000));
    close_world(&w);
}

CASE(a_dispute_is_of_the_line_of_one_tariff)
{
    struct world w;
    uint64_t redeemed;
    open_world_of_contracts(&w);
    play_tariffs(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    struct transaction t = tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION);
    t.body.settle.line.tariff = 3;
    CHECK_INT(apply(&w, A, t), VERDICT_NOT_IN_PERIOD);
    t.body.settle.line.tariff = 1;
    accepted(&w, A, t);
    CHECK_INT(apply(&w, A, t), VERDICT_ALREADY_DISPUTED);
    t.body.settle.line.tariff = 2;
    accepted(&w, A, t);
    const struct dispute *disputes = may(&w)->period.disputes;
    REQUIRE(may(&w)->period.dispute_count == 2);
    CHECK_INT(disputes[0].line.exact.v, INT64_C(40010000) * 50);
    CHECK_TEXT(disputes[0].line.currency, "BHD");
    CHECK_TEXT(disputes[1].line.tax_code, "AT-20");
    /* The last points consumed come back first: of the second tariff, whose contra waits; then of
     * the first, and the euro line, that nobody disputes, is taken back at once. */
    accepted(&w, C, tx_unredeem((struct record_index){redeemed}, 120));
    CHECK_INT(open_tariff(&w, A, C, LINE_REDEMPTION_CONTRA, 0), INT64_C(-90000000) * 20);
    CHECK_INT(open_tariff(&w, A, C, LINE_REDEMPTION_CONTRA, 1), 0);
    CHECK_INT(open_tariff(&w, A, C, LINE_REDEMPTION_CONTRA, 2), 0);
    pass_to(&w, 6, 8);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    REQUIRE(may(&w)->closed.count == 2);
    CHECK_TEXT(may(&w)->closed.at[0].currency, "EUR");
    CHECK_INT(may(&w)->closed.at[1].debtor.v, B);
    /* Given up: both enter the open period in their own tariffs, and what was taken back does. */
    struct transaction give_up =
        tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, A, C, LINE_REDEMPTION, 0);
    CHECK_INT(apply(&w, A, give_up), VERDICT_UNKNOWN_DISPUTE);
    give_up.body.settle.line.tariff = 2;
    accepted(&w, A, give_up);
    CHECK_INT(open_tariff(&w, A, C, LINE_DISPUTE, 2), INT64_C(40010000) * 50);
    CHECK_INT(open_tariff(&w, A, C, LINE_REDEMPTION_CONTRA, 2), INT64_C(-40010000) * 50);
    CHECK_INT(open_tariff(&w, A, C, LINE_DISPUTE, 1), 0);
    close_world(&w);
}

CASE(fees_carry_the_charters_tax)
{
    struct world w;
    uint64_t redeemed;
    open_world(&w, "AT-20");
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    pass_to(&w, 6, 8);
    accepted(&w, A, step(TRANSACTION_PERIOD_FINAL));
    const struct lines *closed = &may(&w)->closed;
    int64_t tax = 0;
    for (size_t i = 0; i < closed->count; i++)
        if (closed->at[i].book_class == BOOK_TAX)
            tax += (int64_t)closed->at[i].rounded.v;
    /* Of 0.08 and 0.20 for issuing, and of 0.03 and 0.005 (rounded to nothing) for redeeming. */
    CHECK_INT(tax, INT64_C(200000000) + INT64_C(400000000) + INT64_C(100000000));
    close_world(&w);
}

/* A disputes what it owes C by the redemption, and C upholds 0.60 of 1.80. */
CASE(a_dispute_is_shown_by_its_record_carved_out_and_resolved)
{
    struct world w;
    uint64_t redeemed;
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    uint64_t june = last(&w);
    accepted(&w, A, tx_propose(&w));
    accepted(&w, A, tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION));
    CHECK_INT(apply(&w, C, tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION)),
              VERDICT_ALREADY_DISPUTED);
    /* Another's line; a class that the record has not; a record shown wrong, or of June. */
    CHECK_INT(apply(&w, A, tx_dispute(&w, redeemed, B, C, LINE_REDEMPTION)), VERDICT_NOT_A_PARTY);
    CHECK_INT(apply(&w, C, tx_dispute(&w, redeemed, B, C, LINE_CLAW_BACK)), VERDICT_NOT_IN_PERIOD);
    struct transaction wrong = tx_dispute(&w, redeemed, B, C, LINE_REDEMPTION);
    wrong.body.settle.path.size -= HASH_SIZE;
    CHECK_INT(apply(&w, C, wrong), VERDICT_NOT_IN_PERIOD);
    wrong = tx_dispute(&w, redeemed, B, C, LINE_REDEMPTION);
    wrong.body.settle.evidence = buffer_bytes(&w.records[june]);
    CHECK_INT(apply(&w, C, wrong), VERDICT_NOT_IN_PERIOD);
    wrong.body.settle.evidence = bytes_text("no record");
    CHECK_INT(apply(&w, C, wrong), VERDICT_NOT_IN_PERIOD);
    pass_to(&w, 6, 8);
    CHECK_INT(apply(&w, C, tx_dispute(&w, redeemed, B, C, LINE_REDEMPTION)), VERDICT_TOO_LATE);
    accepted(&w, B, step(TRANSACTION_PERIOD_FINAL));
    pass(&w, 1);
    for (size_t i = 0; i < may(&w)->closed.count; i++)
        CHECK(may(&w)->closed.at[i].debtor.v != A || may(&w)->closed.at[i].creditor.v != C);
    accepted(&w, C,
             tx_amount(TRANSACTION_DISPUTE_RESPOND, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(6000000000)));
    CHECK_INT(apply(&w, A,
                    tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, A, C, LINE_REDEMPTION,
                              INT64_C(5000000000))),
              VERDICT_TOTALS_CHANGED);
    accepted(&w, A,
             tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(6000000000)));
    CHECK_INT(open_line(&w, A, C, LINE_DISPUTE), INT64_C(12000000000));
    close_world(&w);
}

/* While it is disputed nothing is taken back; then no more than stands. */
CASE(what_is_taken_back_of_a_disputed_redemption_waits)
{
    struct world w;
    uint64_t redeemed;
    struct transaction back = {.type = TRANSACTION_REVERSE_REDEEM};
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    accepted(&w, A, tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION));
    pass(&w, 1);
    back.body.reverse_redeem.redemption.v = redeemed;
    back.body.reverse_redeem.points.v = 200; /* last consumed first: B's 100, then 100 of A's */
    accepted(&w, C, back);
    CHECK_INT(open_line(&w, B, C, LINE_REDEMPTION_CONTRA), INT64_C(-90000000) * 100);
    CHECK_INT(open_line(&w, A, C, LINE_REDEMPTION_CONTRA), 0);
    pass_to(&w, 6, 8);
    accepted(&w, B, step(TRANSACTION_PERIOD_FINAL));
    accepted(&w, C,
             tx_amount(TRANSACTION_DISPUTE_RESPOND, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(90000000) * 150));
    accepted(&w, A,
             tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(90000000) * 150));
    /* 50 of 200 stand; 100 were taken back: 50 enter. */
    CHECK_INT(open_line(&w, A, C, LINE_DISPUTE), INT64_C(90000000) * 50);
    CHECK_INT(open_line(&w, A, C, LINE_REDEMPTION_CONTRA), INT64_C(-90000000) * 50);
    pass(&w, 1);
    back.body.reverse_redeem.points.v = 100;
    accepted(&w, C, back);
    CHECK_INT(open_line(&w, A, C, LINE_REDEMPTION_CONTRA), INT64_C(-90000000) * 50);
    close_world(&w);
}

/* What was taken back before counts no more: else whoever disputes it gains by it. */
CASE(a_redemption_that_was_taken_back_is_disputed_for_nothing)
{
    struct world w;
    uint64_t redeemed;
    struct transaction back = {.type = TRANSACTION_REVERSE_REDEEM};
    open_world(&w, NULL);
    play_may(&w, &redeemed);
    back.body.reverse_redeem.redemption.v = redeemed;
    back.body.reverse_redeem.points.v = 300;
    accepted(&w, C, back);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    accepted(&w, A, tx_dispute(&w, redeemed, A, C, LINE_REDEMPTION));
    CHECK_INT(open_line(&w, A, C, LINE_REDEMPTION_CONTRA), INT64_C(90000000) * 200);
    pass_to(&w, 6, 8);
    accepted(&w, B, step(TRANSACTION_PERIOD_FINAL));
    accepted(&w, C,
             tx_amount(TRANSACTION_DISPUTE_RESPOND, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(90000000) * 200));
    accepted(&w, A,
             tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, A, C, LINE_REDEMPTION,
                       INT64_C(90000000) * 200));
    /* May: -1.80 and nothing for the redemption; June: +1.80. */
    CHECK_INT(open_line(&w, A, C, LINE_REDEMPTION_CONTRA), INT64_C(90000000) * 200);
    CHECK_INT(open_line(&w, A, C, LINE_DISPUTE), 0);
    close_world(&w);
}

/* What a dispute leaves of a fee carries the tax of fees, and is disputed no more; what was
 * cancelled of it is not given back a second time. */
CASE(a_disputed_fee_stays_a_fee)
{
    struct world w;
    uint64_t redeemed;
    struct transaction back = {.type = TRANSACTION_REVERSE_REDEEM};
    open_world(&w, "AT-20");
    play_may(&w, &redeemed);
    pass_to(&w, 6, 1);
    accepted(&w, A, tx_propose(&w));
    accepted(&w, C, tx_dispute(&w, redeemed, C, O, LINE_REDEMPTION_FEE));
    pass_to(&w, 6, 8);
    accepted(&w, B, step(TRANSACTION_PERIOD_FINAL));
    back.body.reverse_redeem.redemption.v = redeemed;
    back.body.reverse_redeem.points.v = 100;
    accepted(&w, C, back);
    CHECK_INT(open_line(&w, C, O, LINE_REDEMPTION_FEE), 0);
    accepted(&w, C, tx_amount(TRANSACTION_DISPUTE_RESOLVE, redeemed, C, O, LINE_REDEMPTION_FEE, 0));
    CHECK_INT(open_line(&w, C, O, LINE_DISPUTE_FEE), INT64_C(1000000) * 300);
    CHECK_INT(open_line(&w, C, O, LINE_REDEMPTION_FEE), INT64_C(-1000000) * 100);
    uint64_t resolved = last(&w);
    pass_to(&w, 7, 3);
    const struct closed_period *june = periods_find(state_periods(w.state), month(6));
    REQUIRE(june != NULL);
    for (size_t i = 0; i < june->exact.count; i++)
        if (june->exact.at[i].book_class == BOOK_DISPUTE_FEE)
            CHECK_TEXT(june->exact.at[i].tax_code, "AT-20");
    struct transaction again = about(TRANSACTION_DISPUTE_OPEN, resolved, C, O, LINE_DISPUTE_FEE);
    again.body.settle.period = month(6);
    again.body.settle.evidence = buffer_bytes(&w.records[resolved]);
    CHECK_INT(apply(&w, C, again), VERDICT_ALREADY_DISPUTED);
    close_world(&w);
}

/* A fee that time brought stands in a seal. */
CASE(what_time_brought_is_disputed_by_its_seal)
{
    struct world w;
    struct transaction earn = tx_earn(1, 1000);
    open_world(&w, NULL);
    earn.body.earn.lots[0].activates_ms = MAY_MS + 10 * DAY_MS;
    accepted(&w, A, tx_enrol(1));
    accepted(&w, A, earn);
    pass(&w, 15 * DAY_MS);
    pass(&w, 1);
    uint64_t seal = last(&w);
    REQUIRE(w.automatic[seal].size > 0);
    pass_to(&w, 6, 1);
    accepted(&w, B, tx_propose(&w));
    struct transaction wrong = tx_dispute(&w, seal, A, O, LINE_ISSUE_FEE);
    wrong.body.settle.automatic = bytes_of(NULL, 0);
    CHECK_INT(apply(&w, A, wrong), VERDICT_NOT_IN_PERIOD);
    accepted(&w, A, tx_dispute(&w, seal, A, O, LINE_ISSUE_FEE));
    CHECK_INT(may(&w)->period.disputes[0].line.exact.v, INT64_C(4000000) * 1000);
    close_world(&w);
}

/* A partner confirms; what goes to the operator, which has no node, is done when it is sent. */
static void settle_payments(struct world *w, uint32_t number)
{
    const struct period *period = &periods_find(state_periods(w->state), number)->period;
    for (uint32_t i = 0; i < period->payment_count; i++) {
        const struct payment *payment = &period->payments[i].payment;
        struct transaction t = tx_payment(TRANSACTION_PAYMENT_CONFIRMED, i, ann);
        t.body.settle.period = number;
        if (payment->to.v != O) {
            accepted(w, payment->to.v, t);
            continue;
        }
        t.type = TRANSACTION_PAYMENT_SENT;
        accepted(w, payment->from.v, t);
        t.body.settle.approver = bob;
        accepted(w, payment->from.v, t);
        CHECK_INT(period->payments[i].state, PAYMENT_CONFIRMED);
    }
}

CASE(settled_months_are_forgotten_when_enough_later_ones_are)
{
    struct world w;
    open_world_by(&w, NULL, PERIOD_DAY);
    accepted(&w, A, tx_enrol(1));
    accepted(&w, A, tx_earn(1, 10));
    for (int i = 0; i < PERIODS_KEPT + 3; i++) {
        accepted(&w, A, tx_earn(1, 10));
        accepted(&w, C, tx_redeem(1, 10));
        pass(&w, DAY_MS);
        pass(&w, 1);
    }
    const struct periods *periods = state_periods(w.state);
    REQUIRE(periods->count == PERIODS_KEPT + 3);
    uint32_t first = periods->at[0]->period.number;
    pass(&w, 10 * DAY_MS);
    for (uint32_t i = 0; i < PERIODS_KEPT + 3; i++) {
        const struct closed_period *closed = periods->at[i];
        struct transaction t = {.type = TRANSACTION_PERIOD_PROPOSE};
        t.body.settle = (struct settle){.period = first + i,
                                        .records = closed->records,
                                        .root = closed->root,
                                        .totals = closed->totals};
        accepted(&w, A, t);
    }
    pass(&w, 10 * DAY_MS);
    for (uint32_t i = 0; i < PERIODS_KEPT + 3; i++) {
        struct transaction t = {.type = TRANSACTION_PERIOD_FINAL};
        t.body.settle.period = first + i;
        accepted(&w, A, t);
        settle_payments(&w, first + i);
    }
    CHECK(periods_find(periods, first + PERIODS_KEPT + 2)->period.state == PERIOD_SETTLED);
    CHECK(periods_find(periods, first) != NULL);
    accepted(&w, C, tx_redeem(1, 10));
    pass(&w, DAY_MS);
    /* The one that has ended now is not settled. */
    CHECK_INT(periods->count, PERIODS_KEPT + 1);
    CHECK(periods_find(periods, first) == NULL && periods_find(periods, first + 2) == NULL);
    CHECK(periods_find(periods, first + 3) != NULL);
    close_world(&w);
}

int main(void)
{
    RUN(a_month_ends_at_the_last_cut_before_its_boundary);
    RUN(a_month_in_which_nothing_is_owed_leaves_nothing);
    RUN(a_month_is_proposed_signed_by_two_people_each_closed_and_paid);
    RUN(each_currency_of_a_month_is_rounded_netted_and_paid_apart);
    RUN(a_dispute_is_of_the_line_of_one_tariff);
    RUN(fees_carry_the_charters_tax);
    RUN(a_dispute_is_shown_by_its_record_carved_out_and_resolved);
    RUN(what_is_taken_back_of_a_disputed_redemption_waits);
    RUN(a_redemption_that_was_taken_back_is_disputed_for_nothing);
    RUN(a_disputed_fee_stays_a_fee);
    RUN(what_time_brought_is_disputed_by_its_seal);
    RUN(settled_months_are_forgotten_when_enough_later_ones_are);
    return check_report();
}
