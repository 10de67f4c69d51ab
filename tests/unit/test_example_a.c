// links: partners
/* Worked example A of ledger.md section 8, figure for figure: lots after each event, obligations
 * added by each event, the end, fees, and nets open and after rounding. */
#include "unit/coalition.h"

enum { A, B, C, O }; /* grocer, books, cinema, operator */
enum { M1 = 1, M2 = 2 };

/* Euro with four decimals, in 1e-10. */
static int64_t euro(int64_t ten_thousandths)
{
    return ten_thousandths * 1000000;
}

static struct driver *example_open(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema"},
                                  .operator_name = "operator",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400"};
    struct charter *draft = coalition_draft(&spec);
    coalition_joint(draft, B, A, 160);
    return driver_open(coalition_found(draft));
}

static void apply(struct driver *driver, uint16_t lane, struct transaction transaction)
{
    driver_pass(driver, 1000);
    CHECK_INT(driver_apply(driver, lane, &transaction), VERDICT_ACCEPTED);
}

static struct transaction earn(const struct driver *driver, uint32_t member, int64_t points)
{
    struct transaction t = tx_earn(member, points);
    t.body.earn.lots[0].expires_ms =
        charter_end_of_day(driver->charter, state_time_ms(driver->state), 365);
    return t;
}

static struct transaction joint_earn(const struct driver *driver)
{
    struct transaction t = earn(driver, M1, 40);
    t.body.earn.lot_count = 2;
    t.body.earn.lots[1] = t.body.earn.lots[0];
    t.body.earn.lots[1].quantity.v = 160;
    t.body.earn.lots[1].split = (struct funding_split){
        .count = 2, .funders = {{.partner = {A}, .bp = 4000}, {.partner = {B}, .bp = 6000}}};
    return t;
}

#define REMAINING(lot) lot_pool(driver, lot, POOL_REMAINING)

/* Obligations that no event of the table names stay at nothing. */
static void check_added(const struct driver *driver, int64_t ab, int64_t ac, int64_t ba, int64_t bc,
                        int64_t ca, int64_t cb)
{
    CHECK_INT(added(driver, A, B), euro(ab));
    CHECK_INT(added(driver, A, C), euro(ac));
    CHECK_INT(added(driver, B, A), euro(ba));
    CHECK_INT(added(driver, B, C), euro(bc));
    CHECK_INT(added(driver, C, A), euro(ca));
    CHECK_INT(added(driver, C, B), euro(cb));
}

static struct driver *play(void)
{
    struct driver *driver = example_open();
    apply(driver, A, tx_enrol(M1));
    apply(driver, C, tx_enrol(M2));

    apply(driver, A, earn(driver, M1, 250));
    struct record_index event1 = driver_last(driver);
    CHECK_INT(REMAINING(1), 250);
    check_added(driver, 0, 0, 0, 0, 0, 0);

    apply(driver, B, joint_earn(driver));
    CHECK_INT(REMAINING(2), 40);
    CHECK_INT(REMAINING(3), 160);
    check_added(driver, 0, 0, 0, 0, 0, 0);

    apply(driver, C, tx_redeem(M1, 300));
    struct record_index event3 = driver_last(driver);
    CHECK_INT(REMAINING(1), 0);
    CHECK_INT(REMAINING(2), 0);
    CHECK_INT(REMAINING(3), 150);
    check_added(driver, 0, 22860, 0, 4140, 0, 0);

    apply(driver, A, tx_refund(event1, 100));
    CHECK_INT(REMAINING(3), 50);
    check_added(driver, 0, 0, 5400, 0, 0, 0);

    apply(driver, C, earn(driver, M2, 120));
    struct record_index event5 = driver_last(driver);
    apply(driver, A, tx_redeem(M2, 120));
    CHECK_INT(REMAINING(4), 0);
    check_added(driver, 0, 0, 0, 0, 10800, 0);

    apply(driver, C, tx_refund(event5, 120));
    CHECK_INT(balance_of(driver, M2).spendable.v, -120);
    CHECK_INT(balance_of(driver, M2).deficit.v, 120);
    CHECK_INT(driver->effects[0].kind, EFFECT_DEFICIT);
    CHECK_INT(driver->effects[0].partner.v, C);
    check_added(driver, 0, 0, 0, 0, 0, 0);

    apply(driver, B, earn(driver, M2, 200));
    CHECK_INT(REMAINING(5), 80);
    CHECK_INT(balance_of(driver, M2).spendable.v, 80);
    check_added(driver, 0, 0, 0, 10800, 0, 0);

    apply(driver, C, tx_unredeem(event3, 100));
    CHECK_INT(REMAINING(1), 50);
    CHECK_INT(REMAINING(2), 40);
    CHECK_INT(REMAINING(3), 60);
    check_added(driver, 0, -4860, 0, -4140, 0, 0);
    return driver;
}

CASE(lots_and_obligations_after_each_event)
{
    driver_close(play());
}

CASE(obligations_at_the_end)
{
    struct driver *driver = play();
    CHECK_INT(owed_exact(driver, A, C), euro(18000));
    CHECK_INT(owed_exact(driver, B, C), euro(10800));
    CHECK_INT(owed_exact(driver, B, A), euro(5400));
    CHECK_INT(owed_exact(driver, C, A), euro(10800));
    CHECK_INT(owed_exact(driver, A, B), 0);
    CHECK_INT(owed_exact(driver, C, B), 0);
    CHECK_INT(owed_in(driver, A, C, LINE_REDEMPTION), euro(22860));
    CHECK_INT(owed_in(driver, A, C, LINE_REDEMPTION_CONTRA), euro(-4860));
    CHECK_INT(owed_in(driver, B, C, LINE_REDEMPTION), euro(4140));
    CHECK_INT(owed_in(driver, B, C, LINE_REDEMPTION_CONTRA), euro(-4140));
    CHECK_INT(owed_in(driver, B, C, LINE_CLAW_BACK), euro(10800));
    driver_close(driver);
}

CASE(fees_at_the_end)
{
    struct driver *driver = play();
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), euro(856));
    CHECK_INT(owed_in(driver, B, O, LINE_ISSUE_FEE), euro(1344));
    CHECK_INT(owed_in(driver, C, O, LINE_ISSUE_FEE), 0);
    driver_close(driver);
}

CASE(nets_open_and_after_rounding)
{
    struct driver *driver = play();
    static const int64_t open[] = {-2656, -17544, 18000, 2200};
    static const int64_t closed[] = {-2700, -17500, 18000, 2200};
    for (uint16_t i = 0; i < 4; i++) {
        CHECK_INT(net_of(driver, i, false), euro(open[i]));
        CHECK_INT(net_of(driver, i, true), euro(closed[i]));
    }
    struct payment payments[3];
    CHECK_INT(payments_of(driver, payments), 3);
    CHECK_INT(payments[0].from.v, B);
    CHECK_INT(payments[0].to.v, C);
    CHECK_INT(payments[0].amount.v, euro(17500));
    CHECK_INT(payments[1].from.v, A);
    CHECK_INT(payments[1].to.v, O);
    CHECK_INT(payments[1].amount.v, euro(2200));
    CHECK_INT(payments[2].from.v, A);
    CHECK_INT(payments[2].to.v, C);
    CHECK_INT(payments[2].amount.v, euro(500));
    driver_close(driver);
}

int main(void)
{
    RUN(lots_and_obligations_after_each_event);
    RUN(obligations_at_the_end);
    RUN(fees_at_the_end);
    RUN(nets_open_and_after_rounding);
    return check_report();
}
