// links: partners
/* Prices on the ledger: what points cost whom, when contracts come, change and end; amounts, caps
 * and promotions. */
#include "unit/coalition.h"

#include "partners/charter_contracts.h"

enum { A, B, C }; /* anna, bert, and cleo, the operator */
enum { M1 = 1, M2, M3 };
#define MICRO INT64_C(10000) /* of a price in 1e-10 */

/* ---- a ledger -------------------------------------------------------------------------------- */

static struct charter *draft_three(void)
{
    struct coalition_spec spec = {.names = {"anna", "bert", "cleo"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .redemption_fee = "100"};
    struct charter *draft = coalition_draft(&spec);
    draft->partners[C].is_operator = true;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currencies[0] = (struct charter_currency){"SEK", 2, {0}};
    draft->contracts.currency_count = 1;
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.taxes[0] = (struct charter_tax){"AT-20", 2000};
    draft->settlement.tax_count = 1;
    return draft;
}

static void check_applied(struct driver *driver, uint16_t lane, struct transaction t,
                          enum verdict verdict)
{
    CHECK_TEXT(verdict_word(driver_apply(driver, lane, &t)), verdict_word(verdict));
}

static void done(struct driver *driver, uint16_t lane, struct transaction t)
{
    check_applied(driver, lane, t, VERDICT_ACCEPTED);
}

static struct driver *open_drafted(struct charter *draft)
{
    struct driver *driver = driver_open(coalition_found(draft));
    for (uint32_t i = M1; i <= M3; i++)
        done(driver, A, tx_enrol(i));
    return driver;
}

static struct driver *open_three(void)
{
    return open_drafted(draft_three());
}

/* In euro, without taxes, from the next millisecond on. */
static struct rate_card card_of(const struct driver *driver, uint16_t funder, uint16_t redeemer,
                                int64_t reimbursement)
{
    return (struct rate_card){.funder = {funder},
                              .redeemer = {redeemer},
                              .face_currency = "EUR",
                              .settlement_currency = "EUR",
                              .face = {10000},
                              .reimbursement = {reimbursement},
                              .from_ms = state_time_ms(driver->state) + 1};
}

static struct transaction tx_propose(struct rate_card card)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = card;
    return t;
}

static struct transaction tx_sign(const struct driver *driver, size_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = (uint32_t)number;
    t.body.deal.digest = rate_card_digest(&state_contracts(driver->state)->versions[number].card);
    return t;
}

/* Proposed by the funder, signed by the redeemer, in force when it returns. */
static void agree(struct driver *driver, struct rate_card card)
{
    done(driver, card.funder.v, tx_propose(card));
    done(driver, card.redeemer.v, tx_sign(driver, state_contracts(driver->state)->count - 1));
    driver_pass(driver, card.from_ms - state_time_ms(driver->state));
}

static struct transaction tx_amount(uint32_t member, int64_t micro)
{
    struct transaction t = tx_redeem(member, 0);
    t.body.redeem.amount.v = micro;
    return t;
}

static struct transaction tx_promote(uint16_t issuer, uint16_t bp, int64_t budget,
                                     uint64_t until_ms)
{
    struct transaction t = {.type = TRANSACTION_PROMOTION_SIGN};
    t.body.deal.promotion =
        (struct promotion){.issuer = {issuer}, .bp = bp, .budget = {budget}, .until_ms = until_ms};
    return t;
}

/* Points of A's for which B pays so many basis points. */
static struct transaction tx_joint(uint32_t member, int64_t points, uint16_t bp)
{
    struct transaction t = tx_earn(member, points);
    t.body.earn.lots[0].split = (struct funding_split){
        .count = 2, .funders = {{{A}, (uint16_t)(BASIS_POINTS - bp)}, {{B}, bp}}};
    return t;
}

static int64_t owed(const struct driver *driver, uint16_t debtor, uint16_t creditor,
                    enum line_class line_class, uint8_t tariff)
{
    return (int64_t)state_obligation(driver->state, (struct partner_id){debtor},
                                     (struct partner_id){creditor}, line_class, tariff)
        .v;
}

/* ---- prices ---------------------------------------------------------------------------------- */

CASE(a_lot_keeps_the_price_that_it_was_issued_under)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 100)); /* under the charter's rates */
    agree(driver, card_of(driver, A, B, 8000));
    done(driver, A, tx_earn(M1, 100));
    agree(driver, card_of(driver, A, B, 5000));
    done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_redeem(M1, 100));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 100 * 9000 * MICRO);
    done(driver, B, tx_redeem(M1, 100));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 100 * (9000 + 8000) * MICRO);
    done(driver, B, tx_redeem(M1, 100));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 100 * (9000 + 8000 + 5000) * MICRO);
    /* Another pair goes by the charter as before. */
    done(driver, B, tx_earn(M1, 10));
    done(driver, A, tx_redeem(M1, 10));
    CHECK_INT(owed(driver, B, A, LINE_REDEMPTION, 0), 10 * 9000 * MICRO);
    driver_close(driver);
}

CASE(a_card_that_has_ended_prices_what_was_issued_under_it_alone)
{
    struct driver *driver = open_three();
    struct rate_card card = card_of(driver, A, B, 8000);
    card.until_ms = card.from_ms + 1000;
    agree(driver, card);
    done(driver, A, tx_earn(M1, 100));
    driver_pass(driver, 1000);
    CHECK_INT(contracts_epoch(state_contracts(driver->state)), 2);
    done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_redeem(M1, 200));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 100 * (8000 + 9000) * MICRO);
    driver_close(driver);
}

/* Ended with a day's notice: what was issued until then keeps the card, and its cap goes with it.
 */
CASE(a_card_that_a_party_ended_prices_what_was_issued_before_alone)
{
    struct driver *driver = open_three();
    struct rate_card card = card_of(driver, A, B, 8000);
    struct transaction end = {.type = TRANSACTION_CONTRACT_END};
    card.period_cap.v = 150;
    card.exit_days = 1;
    card.until_ms = card.from_ms + 8 * DAY_MS;
    agree(driver, card);
    done(driver, A, tx_earn(M1, 100));
    end.body.deal.until_ms = state_time_ms(driver->state) + DAY_MS - 1;
    check_applied(driver, B, end, VERDICT_NOTICE_TOO_SHORT);
    end.body.deal.until_ms++;
    check_applied(driver, C, end, VERDICT_NOT_A_PARTY);
    done(driver, B, end);
    done(driver, A, tx_earn(M1, 100));
    check_applied(driver, B, tx_redeem(M1, 151), VERDICT_OVER_CAP);
    driver_pass(driver, DAY_MS);
    CHECK_INT(contracts_epoch(state_contracts(driver->state)), 2);
    done(driver, A, tx_earn(M1, 100));
    /* Who has had enough does not get more by an exit: the cap holds until its own end. */
    check_applied(driver, B, tx_redeem(M1, 151), VERDICT_OVER_CAP);
    done(driver, B, tx_redeem(M1, 150));
    driver_pass(driver, 9 * DAY_MS);
    done(driver, B, tx_redeem(M1, 150));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 100 * (2 * 8000 + 9000) * MICRO);
    check_applied(driver, B, end, VERDICT_CONTRACT_CLOSED);
    driver_close(driver);
}

/* Where a transfer makes a lot of another, that one's epoch goes along. */
CASE(a_transferred_lot_keeps_its_price)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 100));
    agree(driver, card_of(driver, A, B, 8000));
    done(driver, A, tx_transfer(M1, M2, 60));
    done(driver, B, tx_redeem(M2, 60));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 60 * 9000 * MICRO);
    driver_close(driver);
}

CASE(each_funder_of_a_joint_lot_has_its_own_price_and_currency)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = open_drafted(draft);
    struct rate_card sek = card_of(driver, B, C, 70000);
    sek.face.v = 90000;
    memcpy(sek.settlement_currency, "SEK", CURRENCY_SIZE);
    memcpy(sek.redemption_tax, "AT-20", 6);
    agree(driver, card_of(driver, A, C, 8000));
    sek.from_ms = state_time_ms(driver->state) + 1;
    agree(driver, sek);
    done(driver, A, tx_joint(M1, 10, 4000));
    done(driver, C, tx_redeem(M1, 10));
    CHECK_INT(owed(driver, A, C, LINE_REDEMPTION, 0), 10 * 8000 * INT64_C(6000));
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION, 0), 0);
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION, 1), 10 * 70000 * INT64_C(4000));
    CHECK_TEXT(state_contracts(driver->state)->tariffs[1].currency, "SEK");
    CHECK(state_redeemed_bp(driver->state, (struct partner_id){B}, (struct partner_id){C}) ==
          10 * 4000);
    driver_close(driver);
}

CASE(fees_are_those_of_the_card_with_the_operator)
{
    struct driver *driver = open_three();
    struct rate_card issues = card_of(driver, A, C, 9000), redeems = card_of(driver, B, C, 9000);
    issues.issue_fee.v = 700;
    redeems.redemption_fee.v = 300;
    memcpy(redeems.fee_tax, "AT-20", 6);
    agree(driver, issues);
    redeems.from_ms = state_time_ms(driver->state) + 1;
    agree(driver, redeems);
    done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_redeem(M1, 40));
    CHECK_INT(owed(driver, A, C, LINE_ISSUE_FEE, 0), 100 * 700 * MICRO);
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION_FEE, 0), 0);
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION_FEE, 1), 40 * 300 * MICRO);
    /* B's own issue fee is of its card with the operator too, and A's redemption fee. */
    done(driver, B, tx_earn(M2, 10));
    done(driver, A, tx_redeem(M2, 10));
    CHECK_INT(owed(driver, B, C, LINE_ISSUE_FEE, 1), 0);
    CHECK_INT(owed(driver, A, C, LINE_REDEMPTION_FEE, 0), 0);
    driver_close(driver);
}

/* Of both: the reimbursement and the fee, after new cards with another price and tariff. */
CASE(what_is_taken_back_goes_by_the_prices_at_which_it_was_charged)
{
    struct driver *driver = open_three();
    struct rate_card fee = card_of(driver, B, C, 9000);
    agree(driver, card_of(driver, A, B, 8000));
    fee.from_ms = state_time_ms(driver->state) + 1;
    fee.redemption_fee.v = 300;
    agree(driver, fee);
    done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_redeem(M1, 100));
    struct record_index redemption = driver_last(driver);
    struct rate_card later = card_of(driver, A, B, 70000);
    later.face.v = 90000;
    memcpy(later.settlement_currency, "SEK", CURRENCY_SIZE);
    memcpy(later.face_currency, "SEK", CURRENCY_SIZE);
    agree(driver, later);
    fee.from_ms = state_time_ms(driver->state) + 1;
    fee.redemption_fee.v = 50;
    memcpy(fee.settlement_currency, "SEK", CURRENCY_SIZE);
    agree(driver, fee);
    done(driver, B, tx_unredeem(redemption, 30));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION_CONTRA, 0), -30 * 8000 * MICRO);
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION_FEE, 0), 70 * 300 * MICRO);
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION_CONTRA, 1), 0);
    CHECK_INT(owed(driver, B, C, LINE_REDEMPTION_FEE, 1), 0);
    driver_close(driver);
}

CASE(an_issue_fee_comes_back_as_it_was_charged)
{
    struct driver *driver = open_three();
    struct rate_card card = card_of(driver, A, C, 9000);
    card.issue_fee.v = 700;
    agree(driver, card);
    done(driver, A, tx_earn(M1, 100));
    struct record_index earn = driver_last(driver);
    card.from_ms = state_time_ms(driver->state) + 1;
    card.issue_fee.v = 20;
    agree(driver, card);
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(owed(driver, A, C, LINE_ISSUE_FEE, 0), 0);
    driver_close(driver);
}

/* B's lot pays for A's points that were spent: by B's card with A, whatever A's with B is. */
CASE(a_claw_back_goes_by_the_card_of_who_pays_with_who_is_owed)
{
    struct driver *driver = open_three();
    agree(driver, card_of(driver, B, A, 6000));
    done(driver, A, tx_earn(M1, 100));
    struct record_index earn = driver_last(driver);
    done(driver, C, tx_redeem(M1, 100));
    done(driver, B, tx_earn(M1, 100));
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(owed(driver, B, A, LINE_CLAW_BACK, 0), 100 * 6000 * MICRO);
    driver_close(driver);
}

/* ---- contracts that are required ------------------------------------------------------------- */

CASE(without_a_contract_nothing_is_redeemed_where_one_is_required)
{
    struct charter *draft = draft_three();
    draft->contracts.required = true;
    struct driver *driver = open_drafted(draft);
    done(driver, A, tx_earn(M1, 100));
    check_applied(driver, B, tx_redeem(M1, 10), VERDICT_NO_CONTRACT);
    check_applied(driver, B, tx_hold(M1, 10, 0), VERDICT_NO_CONTRACT);
    check_applied(driver, B, tx_amount(M1, 10000), VERDICT_NO_CONTRACT);
    check_applied(driver, B, tx_redeem(M1, 101), VERDICT_INSUFFICIENT);
    done(driver, A, tx_redeem(M1, 10)); /* its own */
    CHECK_INT(owed_exact(driver, A, B), 0);
    driver_close(driver);
}

CASE(where_one_is_required_the_first_card_prices_what_was_issued_before)
{
    struct charter *draft = draft_three();
    draft->contracts.required = true;
    struct driver *driver = open_drafted(draft);
    done(driver, A, tx_earn(M1, 100));
    struct rate_card first = card_of(driver, A, B, 8000);
    first.until_ms = first.from_ms + 1000;
    agree(driver, first);
    driver_pass(driver, 1000);
    struct rate_card second = card_of(driver, A, B, 5000);
    second.from_ms += 1000;
    agree(driver, second);
    /* The first has ended, and still it prices what came before it; what was issued between the
     * two, the second. */
    done(driver, B, tx_redeem(M1, 60));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 60 * 8000 * MICRO);
    struct record_index redemption = driver_last(driver);
    struct rate_card third = card_of(driver, A, B, 100);
    agree(driver, third);
    done(driver, B, tx_unredeem(redemption, 60));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION_CONTRA, 0), -60 * 8000 * MICRO);
    driver_close(driver);
}

CASE(a_hold_is_committed_at_the_price_that_it_was_allowed_for)
{
    struct charter *draft = draft_three();
    draft->contracts.required = true;
    struct driver *driver = open_drafted(draft);
    done(driver, A, tx_earn(M1, 100));
    struct rate_card card = card_of(driver, A, B, 8000);
    card.until_ms = card.from_ms + 1000;
    agree(driver, card);
    done(driver, B, tx_hold(M1, 50, 100000));
    struct record_index hold = driver_last(driver);
    driver_pass(driver, 2000);
    done(driver, B, tx_commit(hold, 0));
    CHECK_INT(owed(driver, A, B, LINE_REDEMPTION, 0), 50 * 8000 * MICRO);
    driver_close(driver);
}

CASE(a_claw_back_without_a_contract_goes_by_the_charters_rates)
{
    struct charter *draft = draft_three();
    draft->contracts.required = true;
    struct driver *driver = open_drafted(draft);
    done(driver, A, tx_earn(M1, 100));
    struct record_index earn = driver_last(driver);
    done(driver, A, tx_redeem(M1, 100));
    done(driver, B, tx_earn(M1, 100));
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(owed(driver, B, A, LINE_CLAW_BACK, 0), 100 * 9000 * MICRO);
    driver_close(driver);
}

/* ---- amounts --------------------------------------------------------------------------------- */

CASE(an_amount_goes_by_the_faces_of_the_lots)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = open_drafted(draft);
    struct rate_card card = card_of(driver, A, C, 4000);
    done(driver, A, tx_earn(M1, 10)); /* 0.01 each */
    card.face.v = 4000;
    agree(driver, card);
    done(driver, A, tx_earn(M1, 10));        /* 0.004 */
    done(driver, A, tx_joint(M1, 10, 5000)); /* 0.007 */
    /* 0.10 of the first lot, 0.04 of the second, and 0.0141 takes three of the last. */
    done(driver, C, tx_amount(M1, 154100));
    CHECK_INT(lot_pool(driver, 1, POOL_SPENT), 10);
    CHECK_INT(lot_pool(driver, 2, POOL_SPENT), 10);
    CHECK_INT(lot_pool(driver, 3, POOL_SPENT), 3);
    check_applied(driver, C, tx_amount(M1, 49001), VERDICT_INSUFFICIENT);
    done(driver, C, tx_amount(M1, 49000));
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    /* At another till each is worth what the charter says. */
    done(driver, A, tx_earn(M2, 10));
    struct transaction hold = tx_hold(M2, 0, 0);
    hold.body.hold.amount.v = 40000;
    done(driver, B, hold);
    CHECK_INT(balance_of(driver, M2).held.v, 4);
    driver_close(driver);
}

CASE(an_amount_is_of_one_currency_and_of_points_that_are_worth_something)
{
    struct driver *driver = open_three();
    struct rate_card sek = card_of(driver, A, C, 70000), nothing = card_of(driver, B, C, 0);
    sek.face.v = 100000;
    memcpy(sek.face_currency, "SEK", CURRENCY_SIZE);
    memcpy(sek.settlement_currency, "SEK", CURRENCY_SIZE);
    nothing.face.v = 0;
    agree(driver, sek);
    nothing.from_ms = state_time_ms(driver->state) + 1;
    agree(driver, nothing);
    done(driver, C, tx_earn(M1, 10)); /* at its own till the charter's face, in euro */
    done(driver, A, tx_earn(M1, 10));
    check_applied(driver, C, tx_amount(M1, 100001), VERDICT_MIXED_CURRENCIES);
    done(driver, C, tx_amount(M1, 100000));
    done(driver, C, tx_amount(M1, 100001)); /* kronor, two points */
    CHECK_INT(balance_of(driver, M1).spendable.v, 8);
    CHECK_INT(owed(driver, A, C, LINE_REDEMPTION, 1), 2 * 70000 * MICRO);
    done(driver, B, tx_earn(M2, 10));
    check_applied(driver, C, tx_amount(M2, 1), VERDICT_BAD_QUANTITY);
    done(driver, C, tx_redeem(M2, 1));
    driver_close(driver);
}

/* ---- caps ------------------------------------------------------------------------------------ */

static void agree_capped(struct driver *driver, int64_t period_cap, int64_t year_cap)
{
    struct rate_card card = card_of(driver, A, B, 8000);
    card.period_cap.v = period_cap;
    card.year_cap.v = year_cap;
    agree(driver, card);
}

CASE(a_periods_cap_leaves_room_for_what_came_back)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 1000));
    done(driver, B, tx_redeem(M1, 30)); /* before the card, in the same month: it counts */
    agree_capped(driver, 100, 0);
    done(driver, B, tx_redeem(M1, 70));
    struct record_index redemption = driver_last(driver);
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    check_applied(driver, B, tx_hold(M1, 1, 0), VERDICT_OVER_CAP);
    done(driver, C, tx_redeem(M1, 50)); /* another pair */
    done(driver, B, tx_unredeem(redemption, 20));
    check_applied(driver, B, tx_redeem(M1, 21), VERDICT_OVER_CAP);
    done(driver, B, tx_redeem(M1, 20));
    driver_pass(driver, 20 * DAY_MS); /* February */
    done(driver, B, tx_redeem(M1, 100));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    /* What comes back of January gives room now. */
    done(driver, B, tx_unredeem(redemption, 5));
    done(driver, B, tx_redeem(M1, 5));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    driver_close(driver);
}

CASE(what_open_holds_set_aside_counts_against_a_cap)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 1000));
    done(driver, B, tx_hold(M1, 10, 2 * DAY_MS)); /* before the card: it counts */
    struct record_index first = driver_last(driver);
    agree_capped(driver, 100, 0);
    done(driver, B, tx_hold(M1, 60, DAY_MS));
    struct record_index second = driver_last(driver);
    done(driver, C, tx_hold(M1, 50, DAY_MS)); /* another pair */
    check_applied(driver, B, tx_hold(M1, 31, DAY_MS), VERDICT_OVER_CAP);
    check_applied(driver, B, tx_redeem(M1, 31), VERDICT_OVER_CAP);
    done(driver, B, tx_redeem(M1, 30));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    done(driver, B, tx_commit(second, 40)); /* 20 are free again */
    check_applied(driver, B, tx_hold(M1, 21, DAY_MS), VERDICT_OVER_CAP);
    done(driver, B, tx_hold(M1, 20, DAY_MS));
    struct record_index third = driver_last(driver);
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    done(driver, B, tx_release(third));
    done(driver, B, tx_redeem(M1, 20));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    CHECK(state_check(driver->state, NULL));
    driver_pass(driver, 3 * DAY_MS); /* and the first has ended */
    check_applied(driver, B, tx_commit(first, 10), VERDICT_HOLD_EXPIRED);
    done(driver, B, tx_redeem(M1, 10));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    driver_close(driver);
}

CASE(a_years_cap_goes_on_over_the_months)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 1000));
    agree_capped(driver, 0, 100);
    done(driver, B, tx_redeem(M1, 60));
    struct record_index redemption = driver_last(driver);
    driver_pass(driver, 40 * DAY_MS);
    check_applied(driver, B, tx_redeem(M1, 41), VERDICT_OVER_CAP);
    done(driver, B, tx_redeem(M1, 40));
    done(driver, B, tx_unredeem(redemption, 10));
    check_applied(driver, B, tx_redeem(M1, 11), VERDICT_OVER_CAP);
    done(driver, B, tx_redeem(M1, 10));
    driver_pass(driver, 310 * DAY_MS - 1); /* to 2027-12-31T08:00, in UTC */
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    driver_pass(driver, DAY_MS);
    done(driver, B, tx_redeem(M1, 100));
    check_applied(driver, B, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    driver_close(driver);
}

/* Of a joint lot a share counts, and each funder's own. */
CASE(a_cap_counts_a_funders_share)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = open_drafted(draft);
    struct rate_card card = card_of(driver, B, C, 9000);
    card.period_cap.v = 40;
    agree(driver, card);
    done(driver, A, tx_joint(M1, 200, 4000));
    done(driver, A, tx_joint(M1, 200, 5000));
    check_applied(driver, C, tx_redeem(M1, 101), VERDICT_OVER_CAP);
    done(driver, C, tx_redeem(M1, 100)); /* 40 of B's */
    struct record_index redemption = driver_last(driver);
    check_applied(driver, C, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    done(driver, C, tx_unredeem(redemption, 5));
    done(driver, C, tx_redeem(M1, 5));
    check_applied(driver, C, tx_redeem(M1, 1), VERDICT_OVER_CAP);
    driver_close(driver);
}

/* ---- promotions ------------------------------------------------------------------------------ */

static __int128 used(const struct driver *driver, size_t number)
{
    return state_contracts(driver->state)->promotions[number].used_bp;
}

CASE(a_promotion_pays_up_to_its_share_and_budget)
{
    struct driver *driver = open_three();
    check_applied(driver, A, tx_joint(M1, 10, 5000), VERDICT_NOT_AUTHORISED);
    done(driver, B, tx_promote(A, 5000, 100, 0));
    check_applied(driver, A, tx_joint(M1, 10, 5000), VERDICT_NOT_AUTHORISED); /* not yet */
    driver_pass(driver, 1);
    check_applied(driver, A, tx_joint(M1, 10, 5001), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_joint(M1, 160, 5000));
    struct record_index earn = driver_last(driver);
    check_applied(driver, A, tx_joint(M1, 41, 5000), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_joint(M1, 40, 5000));
    CHECK(used(driver, 0) == 100 * BASIS_POINTS);
    check_applied(driver, A, tx_joint(M1, 1, 1), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_refund(earn, 20));
    CHECK(used(driver, 0) == 100 * BASIS_POINTS);
    check_applied(driver, A, tx_joint(M1, 1, 1), VERDICT_NOT_AUTHORISED);
    /* It is for A's points alone. */
    struct transaction other = tx_joint(M1, 1, 1);
    check_applied(driver, C, other, VERDICT_NOT_AUTHORISED);
    driver_close(driver);
}

/* A member that is thrown away: its deficit brings nothing back. */
CASE(whoever_earns_and_is_refunded_cannot_ask_for_more_than_the_budget)
{
    struct charter *draft = draft_three();
    draft->policy.reversal = REVERSAL_WITHIN_BALANCE;
    coalition_joint(draft, A, C, 50);
    struct driver *driver = open_drafted(draft);
    done(driver, B, tx_promote(A, 10000, 50, 0));
    driver_pass(driver, 1);
    struct transaction earn = tx_joint(M1, 100, 5000);
    earn.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{B}, 5000}, {{C}, 5000}}};
    done(driver, A, earn);
    struct record_index index = driver_last(driver);
    done(driver, B, tx_redeem(M1, 100));
    done(driver, A, tx_refund(index, 100));
    CHECK(used(driver, 0) == 50 * BASIS_POINTS);
    for (uint16_t funder = B; funder <= C; funder++) {
        struct transaction alone = tx_joint(M2, 1, 1);
        alone.body.earn.lots[0].split = (struct funding_split){1, {{{funder}, 10000}}};
        check_applied(driver, A, alone, VERDICT_NOT_AUTHORISED);
    }
    driver_close(driver);
}

CASE(a_lot_counts_against_the_promotion_of_its_epoch)
{
    struct driver *driver = open_three();
    uint64_t end_ms = state_time_ms(driver->state) + 1000;
    done(driver, B, tx_promote(A, 10000, 100, end_ms));
    driver_pass(driver, 1);
    done(driver, A, tx_joint(M1, 100, 9999));
    struct record_index earn = driver_last(driver);
    struct transaction next = tx_promote(A, 10000, 50, 0);
    next.body.deal.promotion.from_ms = end_ms;
    done(driver, B, next);
    driver_pass(driver, end_ms - 1 - state_time_ms(driver->state));
    check_applied(driver, A, tx_joint(M2, 10, 9000), VERDICT_NOT_AUTHORISED);
    driver_pass(driver, 1);
    done(driver, A, tx_joint(M2, 50, 9000));
    CHECK(used(driver, 1) == 45 * BASIS_POINTS);
    done(driver, A, tx_refund(earn, 100));
    CHECK(used(driver, 0) == INT64_C(100) * 9999);
    CHECK(used(driver, 1) == 45 * BASIS_POINTS);
    driver_close(driver);
}

CASE(the_charters_joint_funding_stays)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, A, B, 10);
    struct driver *driver = open_drafted(draft);
    check_applied(driver, B, tx_promote(A, 100, 100, 0), VERDICT_OVERLAP);
    check_applied(driver, A, tx_joint(M1, 21, 5000), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_joint(M1, 20, 5000));
    driver_close(driver);
}

/* ---- on the ledger --------------------------------------------------------------------------- */

static struct hash digest_with(int64_t cap, bool promoted)
{
    struct driver *driver = open_three();
    struct rate_card card = card_of(driver, A, B, 8000);
    card.from_ms += DAY_MS;
    card.period_cap.v = cap;
    done(driver, A, tx_propose(card));
    done(driver, B, tx_promote(A, promoted ? 2 : 1, 1, 0));
    driver_seal(driver);
    struct hash digest = state_digest(driver->state);
    driver_close(driver);
    return digest;
}

CASE(what_is_agreed_upon_enters_the_digest)
{
    struct hash first = digest_with(1, false), same = digest_with(1, false);
    struct hash other = digest_with(2, false), promoted = digest_with(1, true);
    CHECK(hash_equal(&first, &same));
    CHECK(!hash_equal(&first, &other));
    CHECK(!hash_equal(&first, &promoted));
}

CASE(steps_are_taken_by_those_whom_they_concern)
{
    struct driver *driver = open_three();
    struct rate_card card = card_of(driver, A, B, 8000);
    card.from_ms += 1000;
    struct transaction withdraw = {.type = TRANSACTION_CONTRACT_WITHDRAW};
    check_applied(driver, C, tx_propose(card), VERDICT_NOT_A_PARTY);
    check_applied(driver, A, withdraw, VERDICT_UNKNOWN_CONTRACT);
    done(driver, B, tx_propose(card));
    struct transaction sign = tx_sign(driver, 0);
    check_applied(driver, B, sign, VERDICT_OWN_PROPOSAL);
    check_applied(driver, A, withdraw, VERDICT_NOT_A_PARTY);
    sign.body.deal.digest.at[0] ^= 1;
    check_applied(driver, A, sign, VERDICT_CONTRACT_CHANGED);
    done(driver, A, tx_sign(driver, 0));
    check_applied(driver, B, withdraw, VERDICT_CONTRACT_CLOSED);
    struct rate_card shown;
    struct partner_id a = {A}, b = {B};
    CHECK(!state_price(driver->state, a, b, &shown));
    CHECK_INT(shown.reimbursement.v, 9000);
    driver_pass(driver, 1001);
    CHECK(state_price(driver->state, a, b, &shown));
    CHECK_INT(shown.reimbursement.v, 8000);
    CHECK(!state_price(driver->state, a, (struct partner_id){C}, &shown));
    CHECK_INT(shown.issue_fee.v, 400);
    driver_close(driver);
}

int main(void)
{
    RUN(a_lot_keeps_the_price_that_it_was_issued_under);
    RUN(a_card_that_has_ended_prices_what_was_issued_under_it_alone);
    RUN(a_card_that_a_party_ended_prices_what_was_issued_before_alone);
    RUN(a_transferred_lot_keeps_its_price);
    RUN(each_funder_of_a_joint_lot_has_its_own_price_and_currency);
    RUN(fees_are_those_of_the_card_with_the_operator);
    RUN(what_is_taken_back_goes_by_the_prices_at_which_it_was_charged);
    RUN(an_issue_fee_comes_back_as_it_was_charged);
    RUN(a_claw_back_goes_by_the_card_of_who_pays_with_who_is_owed);
    RUN(without_a_contract_nothing_is_redeemed_where_one_is_required);
    RUN(where_one_is_required_the_first_card_prices_what_was_issued_before);
    RUN(a_hold_is_committed_at_the_price_that_it_was_allowed_for);
    RUN(a_claw_back_without_a_contract_goes_by_the_charters_rates);
    RUN(an_amount_goes_by_the_faces_of_the_lots);
    RUN(an_amount_is_of_one_currency_and_of_points_that_are_worth_something);
    RUN(a_periods_cap_leaves_room_for_what_came_back);
    RUN(what_open_holds_set_aside_counts_against_a_cap);
    RUN(a_years_cap_goes_on_over_the_months);
    RUN(a_cap_counts_a_funders_share);
    RUN(a_promotion_pays_up_to_its_share_and_budget);
    RUN(whoever_earns_and_is_refunded_cannot_ask_for_more_than_the_budget);
    RUN(a_lot_counts_against_the_promotion_of_its_epoch);
    RUN(the_charters_joint_funding_stays);
    RUN(what_is_agreed_upon_enters_the_digest);
    RUN(steps_are_taken_by_those_whom_they_concern);
    return check_report();
}
