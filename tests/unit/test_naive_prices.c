// links: node
/* What a point costs whom, in the naive model alone: epochs, amounts of mixed faces, caps. */
#include "unit/naive_town.h"

/* ---- prices ---------------------------------------------------------------------------------- */

CASE(a_lot_keeps_the_prices_of_its_epoch)
{
    struct town town = town_of(false);
    struct rate_card dearer = card_of(GROCER, CINEMA, 20, 30);
    dearer.reimbursement.v = 7000;
    memcpy(dearer.redemption_tax, "AT-10", 6);
    TAKEN(&town, GROCER, earn(100)); /* lot 1: the charter's, 9000 */
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    agree(&town, dearer);
    on_day(&town, 9);
    CHECK_INT(naive_epoch_count(town.model), 1);
    on_day(&town, 11);
    CHECK_INT(naive_epoch_count(town.model), 2);
    CHECK_INT(naive_epoch_at(town.model, 1), START + 10 * DAY);
    TAKEN(&town, GROCER, earn(100)); /* lot 2: 8000 */
    on_day(&town, 25);
    TAKEN(&town, GROCER, earn(100)); /* lot 3: 7000, taxed */
    on_day(&town, 29);
    CHECK_INT(naive_epoch_count(town.model), 3);
    TAKEN(&town, CINEMA, redeem(250, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0),
              100 * 9000 * MICRO + 100 * 8000 * MICRO);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 1), 50 * 7000 * MICRO);
    /* Last consumed comes back first, at what it was charged. */
    TAKEN(&town, CINEMA, take_back(TRANSACTION_REVERSE_REDEEM, town.index, 150));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION_CONTRA, 1), -50 * 7000 * MICRO);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION_CONTRA, 0), -100 * 8000 * MICRO);
    naive_close(town.model);
}

CASE(moments_between_two_heights_make_one_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 11));
    agree(&town, card_of(GROCER, CINEMA, 12, 0));
    TAKEN(&town, BOOKS, promote(CINEMA, 5000, BUDGET, 3, 13));
    on_day(&town, 14);
    REQUIRE(naive_epoch_count(town.model) == 2);
    CHECK_INT(naive_epoch_at(town.model, 1), START + 13 * DAY);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 10 * 8000 * MICRO);
    on_day(&town, 15);
    CHECK_INT(naive_epoch_count(town.model), 2);
    naive_close(town.model);
}

CASE(a_card_that_was_ended_prices_no_later_lot)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 40);
    card.exit_days = 5;
    agree(&town, card);
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, end_contract(0, 20));
    on_day(&town, 19);
    CHECK_INT(naive_epoch_count(town.model), 2);
    on_day(&town, 20);
    CHECK_INT(naive_epoch_count(town.model), 3);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(20, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0),
              10 * 8000 * MICRO + 10 * 9000 * MICRO);
    on_day(&town, 40); /* what it said first is no moment any more */
    CHECK_INT(naive_epoch_count(town.model), 3);
    naive_close(town.model);
}

/* Card 0, with caps, is ended for day 20. */
static struct town town_with_exit(uint64_t until, bool year)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, until);
    card.exit_days = 5;
    (year ? &card.year_cap : &card.period_cap)->v = 10;
    agree(&town, card);
    on_day(&town, 10);
    TAKEN(&town, GROCER, end_contract(0, 20));
    TAKEN(&town, GROCER, earn(100));
    SAID(&town, CINEMA, redeem(11, 0), VERDICT_OVER_CAP);
    return town;
}

CASE(a_cap_holds_though_a_party_has_ended_its_card)
{
    for (int year = 0; year <= 1; year++) {
        struct town town = town_with_exit(27, year);
        on_day(&town, 20);
        SAID(&town, CINEMA, redeem(11, 0), VERDICT_OVER_CAP);
        SAID(&town, CINEMA, hold(11), VERDICT_OVER_CAP);
        on_day(&town, 26);
        SAID(&town, CINEMA, redeem(11, 0), VERDICT_OVER_CAP);
        on_day(&town, 27); /* as it would have ended */
        TAKEN(&town, CINEMA, redeem(11, 0));
        naive_close(town.model);
    }
}

CASE(a_cap_holds_until_the_next_card_takes_its_place)
{
    for (uint64_t until = 0; until <= 60; until += 60) {
        struct town town = town_with_exit(until, true);
        agree(&town, card_of(GROCER, CINEMA, 30, 40));
        on_day(&town, 29);
        SAID(&town, CINEMA, redeem(11, 0), VERDICT_OVER_CAP);
        on_day(&town, 30); /* on which both have agreed */
        TAKEN(&town, CINEMA, redeem(11, 0));
        on_day(&town, 41);
        TAKEN(&town, CINEMA, redeem(11, 0));
        naive_close(town.model);
    }
}

CASE(a_card_that_gave_way_does_not_come_back)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    agree(&town, card_of(GROCER, CINEMA, 20, 30));
    on_day(&town, 31);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 10 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(where_contracts_are_required_nothing_is_spent_without_one)
{
    struct town town = town_of(true);
    TAKEN(&town, GROCER, earn(300));
    TAKEN(&town, GROCER, redeem(10, 0)); /* own points at own tills */
    SAID(&town, CINEMA, redeem(10, 0), VERDICT_NO_CONTRACT);
    SAID(&town, CINEMA, redeem(0, 10000), VERDICT_NO_CONTRACT);
    SAID(&town, CINEMA, hold(10), VERDICT_NO_CONTRACT);
    agree(&town, card_of(GROCER, CINEMA, 10, 12));
    struct rate_card later = card_of(GROCER, CINEMA, 20, 0);
    later.reimbursement.v = 1000;
    agree(&town, later);
    on_day(&town, 9);
    SAID(&town, CINEMA, redeem(10, 0), VERDICT_NO_CONTRACT);
    on_day(&town, 10); /* its first one, also when it is over */
    TAKEN(&town, CINEMA, redeem(10, 0));
    on_day(&town, 21);
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 20 * 8000 * MICRO);
    naive_close(town.model);
}

CASE(fees_go_by_the_card_with_the_operator_at_their_own_epochs)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, OPERATOR, 10, 0);
    card.issue_fee.v = 500;
    card.redemption_fee.v = 50;
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 0), 100 * 400 * MICRO);
    uint64_t first = town.index;
    TAKEN(&town, GROCER, hold(60));
    uint64_t held = town.index;
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 0);
    on_day(&town, 0);
    TAKEN(&town, GROCER, commit(held));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 60 * 100 * MICRO);
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 1), 100 * 500 * MICRO);
    TAKEN(&town, GROCER, redeem(20, 0));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 1), 20 * 50 * MICRO);
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 60));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 0);
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 1), 20 * 50 * MICRO);
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, first, 100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 0), 0);
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 1), 100 * 500 * MICRO);
    naive_close(town.model);
}

CASE(a_transferred_lot_keeps_its_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    TAKEN(&town, GROCER, earn(100));
    on_day(&town, 10);
    struct transaction t = {.type = TRANSACTION_TRANSFER};
    t.body.transfer.from = member(1);
    t.body.transfer.to = member(2);
    t.body.transfer.points.v = 100;
    TAKEN(&town, GROCER, t);
    t = redeem(100, 0);
    t.body.redeem.member = member(2);
    TAKEN(&town, CINEMA, t);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 100 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(what_comes_back_of_an_expired_lot_keeps_its_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    struct transaction t = earn(100);
    t.body.earn.lots[0].expires_ms = START + 5 * DAY;
    TAKEN(&town, GROCER, t);
    TAKEN(&town, BOOKS, redeem(100, 0));
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    TAKEN(&town, BOOKS, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 100));
    TAKEN(&town, CINEMA, redeem(100, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 100 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(a_claw_back_goes_by_the_card_of_the_lot_that_pays)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(BOOKS, GROCER, 10, 0);
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100));
    uint64_t earned = town.index;
    TAKEN(&town, GROCER, redeem(100, 0));
    on_day(&town, 10);
    TAKEN(&town, BOOKS, earn(30));
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, earned, 100));
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 1), 30 * 8000 * MICRO);
    TAKEN(&town, BOOKS, earn(20)); /* covers the deficit */
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 1), 50 * 8000 * MICRO);
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 0), 0);
    naive_close(town.model);
}

/* ---- amounts --------------------------------------------------------------------------------- */

static int64_t spent(const struct town *town)
{
    int64_t sum = 0;
    for (uint64_t i = 1; i <= naive_lot_count(town->model); i++) {
        int64_t pools[POOL_COUNT];
        naive_lot_pools(town->model, i, pools);
        sum += pools[POOL_SPENT];
    }
    return sum;
}

CASE(an_amount_is_covered_by_the_fewest_points_of_mixed_faces)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    card.face.v = 20000;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100)); /* 100 a 0.01 */
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(100)); /* 100 a 0.02 */
    SAID(&town, CINEMA, redeem(0, 3000001), VERDICT_INSUFFICIENT);
    TAKEN(&town, CINEMA, redeem(0, 1030001)); /* 1.03 and a bit: 100, and 2 */
    CHECK_INT(spent(&town), 102);
    TAKEN(&town, CINEMA, redeem(0, 40000));
    CHECK_INT(spent(&town), 104);
    TAKEN(&town, CINEMA, redeem(0, 1));
    CHECK_INT(spent(&town), 105);
    naive_close(town.model);
}

CASE(faces_of_two_currencies_or_of_nothing_cover_no_amount)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 20);
    memcpy(card.face_currency, "SEK", 4);
    agree(&town, card);
    card = card_of(GROCER, CINEMA, 20, 0);
    card.face.v = card.reimbursement.v = 0;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(10));
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(0, 50000)); /* out of the first alone */
    SAID(&town, CINEMA, redeem(0, 60000), VERDICT_MIXED_CURRENCIES);
    TAKEN(&town, CINEMA, redeem(5, 0)); /* points need no face */
    TAKEN(&town, CINEMA, redeem(0, 100000));
    on_day(&town, 20);
    TAKEN(&town, GROCER, earn(10));
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_BAD_QUANTITY);
    TAKEN(&town, CINEMA, redeem(10, 0));
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_INSUFFICIENT);
    naive_close(town.model);
}

/* ---- caps ------------------------------------------------------------------------------------ */

static void check_caps(bool year)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    (year ? &card.year_cap : &card.period_cap)->v = 50;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(1000));
    TAKEN(&town, CINEMA, redeem(20, 0)); /* before it is in force: it counts */
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    SAID(&town, CINEMA, redeem(31, 0), VERDICT_OVER_CAP);
    SAID(&town, CINEMA, hold(31), VERDICT_OVER_CAP);
    TAKEN(&town, BOOKS, redeem(31, 0)); /* somewhere else */
    TAKEN(&town, CINEMA, redeem(30, 0));
    SAID(&town, CINEMA, redeem(1, 0), VERDICT_OVER_CAP);
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_OVER_CAP);
    TAKEN(&town, CINEMA, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 20));
    SAID(&town, CINEMA, redeem(21, 0), VERDICT_OVER_CAP);
    TAKEN(&town, CINEMA, hold(15)); /* counts at once */
    uint64_t held = town.index;
    SAID(&town, CINEMA, redeem(6, 0), VERDICT_OVER_CAP);
    SAID(&town, CINEMA, hold(6), VERDICT_OVER_CAP);
    TAKEN(&town, CINEMA, redeem(5, 0));
    on_day(&town, 10);
    TAKEN(&town, CINEMA, commit(held));
    SAID(&town, CINEMA, redeem(1, 0), VERDICT_OVER_CAP);
    on_day(&town, 31); /* February */
    SAID(&town, CINEMA, redeem(50, 0), year ? VERDICT_OVER_CAP : VERDICT_ACCEPTED);
    on_day(&town, 364);
    SAID(&town, CINEMA, redeem(1, 0), year ? VERDICT_OVER_CAP : VERDICT_ACCEPTED);
    on_day(&town, 365);
    TAKEN(&town, CINEMA, redeem(50, 0));
    SAID(&town, CINEMA, redeem(1, 0), VERDICT_OVER_CAP);
    naive_close(town.model);
}

CASE(a_cap_holds_for_the_period_and_reversals_give_room)
{
    check_caps(false);
}

CASE(a_cap_holds_for_the_calendar_year)
{
    check_caps(true);
}

CASE(a_joint_lot_counts_by_its_shares)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(CINEMA, BOOKS, 10, 0);
    card.period_cap.v = 10;
    agree(&town, card);
    on_day(&town, 10);
    TAKEN(&town, GROCER, joint_earn(100, GROCER, 7500, CINEMA));
    SAID(&town, BOOKS, redeem(41, 0), VERDICT_OVER_CAP);
    TAKEN(&town, BOOKS, redeem(40, 0));
    CHECK_INT(owed(&town, GROCER, BOOKS, LINE_REDEMPTION, 0), 30 * 9000 * MICRO);
    CHECK_INT(owed(&town, CINEMA, BOOKS, LINE_REDEMPTION, 0), 10 * 8000 * MICRO);
    naive_close(town.model);
}

int main(void)
{
    RUN(a_lot_keeps_the_prices_of_its_epoch);
    RUN(moments_between_two_heights_make_one_epoch);
    RUN(a_card_that_was_ended_prices_no_later_lot);
    RUN(a_cap_holds_though_a_party_has_ended_its_card);
    RUN(a_cap_holds_until_the_next_card_takes_its_place);
    RUN(a_card_that_gave_way_does_not_come_back);
    RUN(where_contracts_are_required_nothing_is_spent_without_one);
    RUN(fees_go_by_the_card_with_the_operator_at_their_own_epochs);
    RUN(a_transferred_lot_keeps_its_epoch);
    RUN(what_comes_back_of_an_expired_lot_keeps_its_epoch);
    RUN(a_claw_back_goes_by_the_card_of_the_lot_that_pays);
    RUN(an_amount_is_covered_by_the_fewest_points_of_mixed_faces);
    RUN(faces_of_two_currencies_or_of_nothing_cover_no_amount);
    RUN(a_cap_holds_for_the_period_and_reversals_give_room);
    RUN(a_cap_holds_for_the_calendar_year);
    RUN(a_joint_lot_counts_by_its_shares);
    return check_report();
}
