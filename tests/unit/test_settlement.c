// links: partners
/* Rounding once a line, nets that sum to zero, and few payments: ledger.md section 8.10-11. */
#include "unit/coalition.h"

static struct driver *open_four(const char *reimbursement)
{
    struct coalition_spec spec = {.names = {"alpha", "bravo", "carol", "delta"},
                                  .face = "1000000",
                                  .reimbursement = reimbursement};
    struct driver *driver = driver_open(coalition_found(coalition_draft(&spec)));
    struct transaction enrol = tx_enrol(1);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    return driver;
}

/* `points` earned at one partner and spent at another: a debt of points * price. */
static void owe(struct driver *driver, uint16_t debtor, uint16_t creditor, int64_t points)
{
    struct transaction earn = tx_earn(1, points), redeem = tx_redeem(1, points);
    REQUIRE(driver_apply(driver, debtor, &earn) == VERDICT_ACCEPTED);
    REQUIRE(driver_apply(driver, creditor, &redeem) == VERDICT_ACCEPTED);
}

static int64_t rounded(const struct driver *driver, uint16_t debtor, uint16_t creditor)
{
    return (int64_t)settlement_rounded(driver->state, (struct partner_id){debtor},
                                       (struct partner_id){creditor}, "EUR")
        .v;
}

CASE(half_a_cent_goes_to_the_even_cent)
{
    struct driver *driver = open_four("5000"); /* half a cent a point */
    owe(driver, 0, 1, 1);
    owe(driver, 0, 2, 3);
    owe(driver, 1, 2, 5);
    CHECK_INT(rounded(driver, 0, 1), 0);
    CHECK_INT(rounded(driver, 0, 2), INT64_C(200000000));
    CHECK_INT(rounded(driver, 1, 2), INT64_C(200000000));
    CHECK_INT(owed_exact(driver, 0, 2), INT64_C(150000000));
    driver_close(driver);
}

CASE(each_line_class_is_rounded_on_its_own)
{
    struct driver *driver = open_four("4000"); /* 0.4 cent */
    owe(driver, 0, 1, 4);                      /* 1.6 cent -> 2 */
    struct transaction back = tx_unredeem(driver_last(driver), 3);
    CHECK_INT(driver_apply(driver, 1, &back), VERDICT_ACCEPTED); /* -1.2 cent -> -1 */
    CHECK_INT(owed_exact(driver, 0, 1), INT64_C(40000000));      /* 0.4 cent in all */
    CHECK_INT(rounded(driver, 0, 1), INT64_C(100000000));
    driver_close(driver);
}

CASE(own_points_spent_at_home_are_owed_to_nobody)
{
    struct driver *driver = open_four("9000");
    owe(driver, 2, 2, 1000);
    for (uint16_t i = 0; i < 4; i++)
        CHECK_INT(settlement_net(driver->state, (struct partner_id){i}, "EUR", false).v, 0);
    struct payment payments[4];
    CHECK_INT(settlement_payments(driver->state, "EUR", payments), 0);
    driver_close(driver);
}

/* Worked example B of ledger.md: a month at € 0.0090, without its fees. */
CASE(a_month_is_paid_from_the_largest_debtor_to_the_largest_creditor)
{
    struct driver *driver = open_four("9000");
    owe(driver, 0, 1, 400000);
    owe(driver, 0, 2, 250000);
    owe(driver, 1, 0, 300000);
    owe(driver, 1, 2, 80000);
    owe(driver, 2, 0, 50000);
    owe(driver, 2, 1, 120000);
    static const int64_t nets[] = {-2700, 1260, 1440, 0};
    for (uint16_t i = 0; i < 4; i++)
        CHECK_INT(settlement_net(driver->state, (struct partner_id){i}, "EUR", true).v,
                  nets[i] * INT64_C(10000000000));
    struct payment payments[3];
    CHECK_INT(settlement_payments(driver->state, "EUR", payments), 2);
    CHECK_INT(payments[0].from.v, 0);
    CHECK_INT(payments[0].to.v, 2);
    CHECK_INT(payments[0].amount.v, 1440 * INT64_C(10000000000));
    CHECK_INT(payments[1].from.v, 0);
    CHECK_INT(payments[1].to.v, 1);
    CHECK_INT(payments[1].amount.v, 1260 * INT64_C(10000000000));
    driver_close(driver);
}

CASE(equal_debts_are_paid_in_order_of_name)
{
    struct driver *driver = open_four("9000");
    owe(driver, 3, 1, 1000);
    owe(driver, 2, 0, 1000);
    struct payment payments[3];
    CHECK_INT(settlement_payments(driver->state, "EUR", payments), 2);
    CHECK_INT(payments[0].from.v, 2);
    CHECK_INT(payments[0].to.v, 0);
    CHECK_INT(payments[1].from.v, 3);
    CHECK_INT(payments[1].to.v, 1);
    driver_close(driver);
}

CASE(exact_sums_pass_64_bits)
{
    struct driver *driver = open_four("1000000");
    for (int i = 0; i < 12; i++)
        owe(driver, 0, 1, POINTS_PER_RECORD_MAX);
    __int128 expected = (__int128)12 * POINTS_PER_RECORD_MAX * 1000000 * BASIS_POINTS;
    struct money open =
        settlement_open(driver->state, (struct partner_id){0}, (struct partner_id){1}, "EUR");
    CHECK(expected > INT64_MAX);
    CHECK(open.v == expected);
    driver_close(driver);
}

int main(void)
{
    RUN(half_a_cent_goes_to_the_even_cent);
    RUN(each_line_class_is_rounded_on_its_own);
    RUN(own_points_spent_at_home_are_owed_to_nobody);
    RUN(a_month_is_paid_from_the_largest_debtor_to_the_largest_creditor);
    RUN(equal_debts_are_paid_in_order_of_name);
    RUN(exact_sums_pass_64_bits);
    return check_report();
}
