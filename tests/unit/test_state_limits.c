// links: partners
/* The largest records that a hostile member and many funders can bring about still fit the log. */
#include "unit/coalition.h"

enum { PARTNERS = 15, MEMBER = 1 };

static struct driver *open_fifteen(void)
{
    struct coalition_spec spec = {
        .names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"},
        .operator_name = "z",
        .face = "9000000",
        .reimbursement = "9000000",
        .issue_fee = "9000000",
        .redemption_fee = "9000000"};
    struct charter *draft = coalition_draft(&spec);
    draft->policy.deficit_max.v = POINTS_PER_RECORD_MAX;
    for (uint16_t i = 0; i < PARTNERS; i++)
        if (i != 0)
            coalition_joint(draft, 0, i, POINTS_PER_RECORD_MAX * 100);
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction enrol = tx_enrol(MEMBER);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    return driver;
}

/* Sixteen lots of eight funders each, never the same eight twice running. */
static struct transaction wide_earn(uint32_t round, int64_t points)
{
    struct transaction t = tx_earn(MEMBER, points);
    t.body.earn.lot_count = EARN_LOTS_MAX;
    for (uint32_t i = 0; i < EARN_LOTS_MAX; i++) {
        struct earn_lot *lot = &t.body.earn.lots[i];
        lot->quantity.v = points;
        lot->split.count = SPLIT_MAX;
        uint16_t skip = (uint16_t)((round + i) % (PARTNERS - SPLIT_MAX));
        for (uint16_t j = 0; j < SPLIT_MAX; j++)
            lot->split.funders[j] =
                (struct funder){{(uint16_t)(skip + j)}, j ? 1250 : 10000 - 7 * 1250};
    }
    return t;
}

/* Earns once more and refunds all of it while its points are spent: claims of all funders. */
static void owe_to_everybody(struct driver *driver)
{
    struct transaction earn = wide_earn(3, 100), spend = tx_redeem(MEMBER, 1600);
    CHECK_INT(driver_apply(driver, 0, &earn), VERDICT_ACCEPTED);
    struct record_index index = driver_last(driver);
    CHECK_INT(driver_apply(driver, 1, &spend), VERDICT_ACCEPTED);
    struct transaction refund = tx_refund(index, 1600);
    CHECK_INT(driver_apply(driver, 0, &refund), VERDICT_ACCEPTED);
}

CASE(the_largest_hold_fits_the_seal_that_releases_it)
{
    struct driver *driver = open_fifteen();
    for (uint32_t i = 0; i < 80; i++) {
        struct transaction earn = wide_earn(i, 7);
        CHECK_INT(driver_apply(driver, 0, &earn), VERDICT_ACCEPTED);
    }
    int64_t lots = 80 * EARN_LOTS_MAX, held = 0;
    for (int64_t part = lots; part > 0 && held < lots;) {
        struct transaction hold = tx_hold(MEMBER, 7 * part, 1000);
        enum verdict verdict = driver_apply(driver, 2, &hold);
        CHECK(verdict == VERDICT_ACCEPTED || verdict == VERDICT_TOO_MANY_ALLOCATIONS);
        if (verdict == VERDICT_ACCEPTED)
            held += part;
        if (part > lots - held)
            part = lots - held;
        else if (verdict != VERDICT_ACCEPTED)
            part -= 16;
    }
    CHECK_INT(held, lots);
    owe_to_everybody(driver);
    int64_t deficit = balance_of(driver, MEMBER).deficit.v;
    CHECK_INT(deficit, 1600);
    /* The driver reads the automatic effects back; the state's own bounds end the process. */
    driver_pass(driver, 2000);
    for (int i = 0; i < 20; i++)
        driver_pass(driver, 1);
    CHECK_INT(balance_of(driver, MEMBER).held.v, 0);
    CHECK_INT(balance_of(driver, MEMBER).deficit.v, 0);
    CHECK_INT(balance_of(driver, MEMBER).spendable.v, lots * 7 - deficit);
    driver_close(driver);
}

CASE(the_largest_quantities_and_prices_stay_exact)
{
    struct driver *driver = open_fifteen();
    for (int i = 0; i < 20; i++) {
        struct transaction earn = tx_earn(MEMBER, POINTS_PER_RECORD_MAX);
        struct transaction spend = tx_redeem(MEMBER, POINTS_PER_RECORD_MAX);
        CHECK_INT(driver_apply(driver, 0, &earn), VERDICT_ACCEPTED);
        CHECK_INT(driver_apply(driver, 1, &spend), VERDICT_ACCEPTED);
    }
    __int128 each = (__int128)POINTS_PER_RECORD_MAX * PRICE_MICRO_MAX * BASIS_POINTS;
    CHECK(state_obligation(driver->state, (struct partner_id){0}, (struct partner_id){1},
                           LINE_REDEMPTION, 0)
              .v == 20 * each);
    driver_close(driver);
}

/* One batch's worth of transfers of 256 lots, to and fro: what it would make every node write is
 * many times what one group of the store holds. */
CASE(transfers_to_and_fro_do_not_write_without_end)
{
    struct driver *driver = open_fifteen();
    struct transaction enrol = tx_enrol(MEMBER + 1);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    uint64_t now = state_time_ms(driver->state), effects = 0, sent = 0;
    for (uint64_t i = 0; i < 250; i++) {
        struct transaction earn = tx_earn(MEMBER, 1);
        earn.body.earn.lots[0].expires_ms = now + 86400000 * (i + 2);
        REQUIRE(driver_apply(driver, 0, &earn) == VERDICT_ACCEPTED);
    }
    driver_pass(driver, 5000);
    uint32_t to = MEMBER + 1;
    enum verdict verdict = VERDICT_ACCEPTED;
    while (sent < BATCH_PAYLOAD_MAX && verdict == VERDICT_ACCEPTED) {
        struct transaction transfer = tx_transfer(to == MEMBER ? MEMBER + 1 : MEMBER, to, 250);
        verdict = driver_apply(driver, 0, &transfer);
        effects += driver->outcome.effects.size;
        sent += driver->bytes.size;
        to = to == MEMBER ? MEMBER + 1 : MEMBER;
    }
    CHECK_INT(verdict, VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK(effects > CUT_EFFECTS_MAX && effects <= CUT_EFFECTS_MAX + 65536);
    /* Other lanes do not suffer from it, and in the next cut nobody does. */
    struct transaction earn = tx_earn(MEMBER, 1);
    CHECK_INT(driver_apply(driver, 1, &earn), VERDICT_ACCEPTED);
    driver_pass(driver, 5000);
    CHECK_INT(driver_apply(driver, 0, &earn), VERDICT_ACCEPTED);
    driver_close(driver);
}

/* ---- many tariffs ---------------------------------------------------------------------------- */

/* Sixteen points of each of the partners, as often as `rounds` says. */
static void earn_alone(struct driver *driver, uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds * PARTNERS; i++) {
        struct transaction earn = tx_earn(MEMBER, 1);
        earn.body.earn.lot_count = EARN_LOTS_MAX;
        for (uint32_t j = 1; j < EARN_LOTS_MAX; j++)
            earn.body.earn.lots[j] = earn.body.earn.lots[0];
        CHECK_INT(driver_apply(driver, (uint16_t)(i % PARTNERS), &earn), VERDICT_ACCEPTED);
    }
}

static struct driver *open_taxed(void)
{
    struct coalition_spec spec = {
        .names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"},
        .face = "10000",
        .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.taxes = allocate(TARIFFS_MAX, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = TARIFFS_MAX;
    for (size_t i = 0; i < TARIFFS_MAX; i++)
        snprintf(draft->settlement.taxes[i].code, TAX_CODE_SIZE, "T-%zu", i);
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction enrol = tx_enrol(MEMBER);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    return driver;
}

/* A card between the first two for each but the charter's, days from now. */
static void make_tariffs(struct driver *driver)
{
    for (uint32_t i = 1; i < TARIFFS_MAX; i++) {
        struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
        struct rate_card *card = &t.body.deal.card;
        *card = (struct rate_card){.funder = {0},
                                   .redeemer = {1},
                                   .face_currency = "EUR",
                                   .settlement_currency = "EUR",
                                   .from_ms = state_time_ms(driver->state) + i * DAY_MS,
                                   .until_ms = state_time_ms(driver->state) + (i + 1) * DAY_MS};
        snprintf(card->fee_tax, TAX_CODE_SIZE, "T-%u", i);
        struct hash digest = rate_card_digest(card);
        CHECK_INT(driver_apply(driver, 0, &t), VERDICT_ACCEPTED);
        t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
        t.body.deal.number = i - 1;
        t.body.deal.digest = digest;
        CHECK_INT(driver_apply(driver, 1, &t), VERDICT_ACCEPTED);
    }
    CHECK_INT(state_contracts(driver->state)->tariff_count, TARIFFS_MAX);
}

/* Each lot may owe in a tariff of its own, and its issue fee come back in another: 14 bytes a lot,
 * and 20 for each of the two lines. */
CASE(more_tariffs_leave_room_for_fewer_lots)
{
    struct driver *driver = open_taxed();
    earn_alone(driver, 8);
    struct transaction redeem = tx_redeem(MEMBER, 1024);
    CHECK_INT(driver_apply(driver, 2, &redeem), VERDICT_ACCEPTED);
    make_tariffs(driver);
    redeem.body.redeem.points.v = 664;
    CHECK_INT(driver_apply(driver, 2, &redeem), VERDICT_TOO_MANY_ALLOCATIONS);
    redeem.body.redeem.points.v = 663;
    CHECK_INT(driver_apply(driver, 2, &redeem), VERDICT_ACCEPTED);
    driver_close(driver);
}

int main(void)
{
    RUN(more_tariffs_leave_room_for_fewer_lots);
    RUN(transfers_to_and_fro_do_not_write_without_end);
    RUN(the_largest_hold_fits_the_seal_that_releases_it);
    RUN(the_largest_quantities_and_prices_stay_exact);
    return check_report();
}
