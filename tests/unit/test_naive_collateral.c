// links: node
/* What is kept of a partner's collateral when some is given back, in the naive model alone:
 * SETTLEMENT.md section 25, with all figures worked out by hand. */
#include "unit/naive_debts.h"

#define CENT_MICRO INT64_C(10000)

static struct transaction give_back(uint16_t partner, int64_t micro)
{
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    t.body.deal.collateral =
        (struct collateral){.partner = {partner}, .currency = "EUR", .amount = {-micro}};
    return t;
}

/* All but so much is given back, and no more; then it is posted again. */
static void check_kept(struct town *town, uint16_t partner, int64_t cents)
{
    int64_t posted = naive_risk_of(town->model, partner).collateral;
    int64_t more = posted - cents * CENT_MICRO;
    SAID(town, OPERATOR, give_back(partner, more + 1), VERDICT_COLLATERAL_NEEDED);
    TAKEN(town, OPERATOR, give_back(partner, more));
    CHECK_INT(naive_risk_of(town->model, partner).collateral, cents * CENT_MICRO);
    post(town, partner, more);
}

static struct town posted(enum naive_on_default how)
{
    struct town town = town_by(rules_with(how, true));
    for (uint16_t i = 0; i < PARTIES; i++)
        post(&town, i, INT64_C(9000) * 1000000);
    return town;
}

CASE(what_a_partner_owes_on_balance_is_kept)
{
    struct town town = posted(NAIVE_RING_FENCE);
    check_kept(&town, GROCER, 0);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    for (int ended = 0; ended <= 1; ended++) {
        check_kept(&town, GROCER, 330000);
        check_kept(&town, BOOKS, 0); /* 940 are owed to them */
        check_kept(&town, OPERATOR, 0);
        on_day(&town, 31);
    }
    on_day(&town, 32);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    check_kept(&town, GROCER, 330000);
    naive_close(town.model);
}

CASE(what_is_owed_to_it_in_one_period_is_no_collateral_for_another)
{
    static const struct debt later[] = {{BOOKS, GROCER, LINE_REDEMPTION, 100000}};
    struct town town = posted(NAIVE_RING_FENCE);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    on_day(&town, 31);
    owe_in(&town, later, ARRAY_SIZE(later), 0);
    check_kept(&town, GROCER, 330000);
    check_kept(&town, BOOKS, 100000); /* in spite of 940 */
    on_day(&town, 60);
    check_kept(&town, GROCER, 330000);
    check_kept(&town, BOOKS, 100000);
    naive_close(town.model);
}

CASE(what_it_is_to_pay_is_kept_until_it_is_confirmed_or_void)
{
    struct town town = posted(NAIVE_RING_FENCE);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    close_books(&town);
    check_kept(&town, GROCER, 330000);
    check_kept(&town, CINEMA, 0);
    send(&town, TO_CINEMA);
    check_kept(&town, GROCER, 330000);
    fail(&town, TO_CINEMA);
    check_kept(&town, GROCER, 330000);
    pay(&town, TO_CINEMA);
    check_kept(&town, GROCER, 202000);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    check_kept(&town, GROCER, 202000); /* 900, 520 and 600, ring-fenced */
    check_kept(&town, CINEMA, 52000);
    pay(&town, 3);
    pay(&town, 4);
    REQUIRE(january(&town)->state == NAIVE_SETTLED);
    pay(&town, 5);
    check_kept(&town, GROCER, 112000);
    naive_close(town.model);
}

static void dispute(const struct town *town, uint16_t debtor, uint16_t creditor,
                    enum line_class line_class, int64_t cents)
{
    struct naive_period *period = january(town);
    period->disputes =
        (struct naive_dispute *)array_grow(period->disputes, &period->dispute_capacity,
                                           period->dispute_count + 1, sizeof(*period->disputes));
    period->disputes[period->dispute_count++] = (struct naive_dispute){.record = 3,
                                                                       .debtor = debtor,
                                                                       .creditor = creditor,
                                                                       .by = debtor,
                                                                       .line_class = line_class,
                                                                       .exact = cents * CENT};
}

static struct transaction about(const struct town *town, enum transaction_type type, int64_t cents)
{
    struct transaction t = settle(town, type);
    t.body.settle.line = (struct disputed_line){
        .record = {3}, .debtor = {GROCER}, .creditor = {CINEMA}, .line_class = LINE_REDEMPTION};
    t.body.settle.amount = cents * CENT;
    return t;
}

/* The grocer disputes 100.00 of what it owes the cinema, and books 50.00 that come back to it. */
CASE(what_is_disputed_is_kept_until_it_is_resolved)
{
    for (int64_t upheld = 0; upheld <= 4000; upheld += 4000) {
        struct town town = posted(NAIVE_RING_FENCE);
        owe_in(&town, month, ARRAY_SIZE(month), 0);
        on_day(&town, 31);
        on_day(&town, 32);
        TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
        dispute(&town, GROCER, CINEMA, LINE_REDEMPTION, 10000);
        dispute(&town, BOOKS, OPERATOR, LINE_REDEMPTION_CONTRA, -5000);
        check_kept(&town, GROCER, 330000); /* by the lines, whatever is disputed */
        check_kept(&town, OPERATOR, 0);
        on_day(&town, 34);
        TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_FINAL));
        check_kept(&town, GROCER, 330000); /* less to pay, and as much disputed */
        check_kept(&town, BOOKS, 0);
        check_kept(&town, CINEMA, 0);
        check_kept(&town, OPERATOR, 5000);
        for (uint32_t i = 0; i < january(&town)->payment_count; i++)
            pay(&town, i);
        REQUIRE(january(&town)->state == NAIVE_SETTLED);
        check_kept(&town, GROCER, 10000);
        check_kept(&town, OPERATOR, 5000);
        TAKEN(&town, CINEMA, about(&town, TRANSACTION_DISPUTE_RESPOND, upheld));
        check_kept(&town, GROCER, 10000); /* whole */
        TAKEN(&town, GROCER, about(&town, TRANSACTION_DISPUTE_RESOLVE, upheld));
        check_kept(&town, GROCER, 10000 - upheld); /* in the open period */
        naive_close(town.model);
    }
}

CASE(what_is_owed_in_another_currency_is_not_kept)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 700}};
    struct town town = posted(NAIVE_RING_FENCE);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    memcpy(card.face_currency, "SEK", 4);
    memcpy(card.settlement_currency, "SEK", 4);
    memset(card.fee_tax, 0, sizeof(card.fee_tax));
    town.model->rules.settlement.currencies[1].rate = 1000000;
    agree(&town, card);
    owe_in(&town, debts, ARRAY_SIZE(debts), 1);
    check_kept(&town, GROCER, 0);
    close_books(&town);
    REQUIRE(january(&town)->payment_count == 1);
    dispute(&town, GROCER, CINEMA, LINE_REDEMPTION, 100);
    january(&town)->disputes[0].tariff = 1;
    check_kept(&town, GROCER, 0);
    naive_close(town.model);
}

CASE(what_points_need_and_what_is_owed_are_kept_together)
{
    static const struct debt debts[] = {{GROCER, CINEMA, LINE_REDEMPTION, 700}};
    struct naive_rules rules = rules_with(NAIVE_RING_FENCE, true);
    rules.risk.floor = 100 * 1000000;
    struct town town = town_by(rules);
    post(&town, GROCER, INT64_C(5000) * 1000000);
    check_kept(&town, GROCER, 0); /* no points, and no floor */
    TAKEN(&town, GROCER, earn(100000));
    owe_in(&town, debts, ARRAY_SIZE(debts), 0); /* in place of the fee */
    *naive_owed_cell(town.model, GROCER, OPERATOR, LINE_ISSUE_FEE, 0) = 0;
    check_kept(&town, GROCER, 90700);
    SAID(&town, OPERATOR, give_back(GROCER, INT64_C(5001) * 1000000), VERDICT_COLLATERAL_NEEDED);
    naive_close(town.model);
}

int main(void)
{
    RUN(what_a_partner_owes_on_balance_is_kept);
    RUN(what_is_owed_to_it_in_one_period_is_no_collateral_for_another);
    RUN(what_it_is_to_pay_is_kept_until_it_is_confirmed_or_void);
    RUN(what_is_disputed_is_kept_until_it_is_resolved);
    RUN(what_is_owed_in_another_currency_is_not_kept);
    RUN(what_points_need_and_what_is_owed_are_kept_together);
    return check_report();
}
