// links: partners
/* The largest records that a hostile member and many funders can bring about still fit the log. */
#include "unit/coalition.h"
#include "unit/image_copy.h"

enum { PARTNERS = 15, MEMBER = 1 };

static struct driver *open_fifteen_with(enum reversal_policy reversal)
{
    struct coalition_spec spec = {
        .names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"},
        .operator_name = "z",
        .face = "9000000",
        .reimbursement = "9000000",
        .issue_fee = "9000000",
        .redemption_fee = "9000000"};
    struct charter *draft = coalition_draft(&spec);
    draft->policy.reversal = reversal;
    draft->policy.deficit_max.v = POINTS_PER_RECORD_MAX;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currencies[0] = (struct charter_currency){"SEK", 2, {0}};
    draft->contracts.currency_count = 1;
    for (uint16_t i = 0; i < PARTNERS; i++)
        if (i != 0)
            coalition_joint(draft, 0, i, POINTS_PER_RECORD_MAX * 100);
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction enrol = tx_enrol(MEMBER);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    return driver;
}

static struct driver *open_fifteen(void)
{
    return open_fifteen_with(REVERSAL_UNLIMITED);
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

/* ---- many epochs ----------------------------------------------------------------------------- */

static void begin_epoch(struct driver *driver)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = (struct rate_card){.funder = {0},
                                          .redeemer = {1},
                                          .face_currency = "EUR",
                                          .settlement_currency = "SEK",
                                          .from_ms = state_time_ms(driver->state) + 1};
    struct hash digest = rate_card_digest(&t.body.deal.card);
    CHECK_INT(driver_apply(driver, 0, &t), VERDICT_ACCEPTED);
    t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = (uint32_t)state_contracts(driver->state)->count - 1;
    t.body.deal.digest = digest;
    CHECK_INT(driver_apply(driver, 1, &t), VERDICT_ACCEPTED);
    driver_pass(driver, 1);
}

/* Each partner in turn makes a lot of one point. */
static void earn_in_turn(struct driver *driver, uint16_t lots)
{
    for (uint16_t i = 0; i < lots; i++) {
        struct transaction earn = tx_earn(MEMBER, 1);
        CHECK_INT(driver_apply(driver, i % PARTNERS, &earn), VERDICT_ACCEPTED);
    }
}

/* Done with as many points, lots of one each, and not with one more. */
static void fits_up_to(struct driver *driver, uint16_t lane, const struct transaction *t,
                       int64_t *points, int64_t most)
{
    *points = most + 1;
    CHECK_INT(driver_apply(driver, lane, t), VERDICT_TOO_MANY_ALLOCATIONS);
    *points = most;
    CHECK_INT(driver_apply(driver, lane, t), VERDICT_ACCEPTED);
}

/* In one epoch a funder's lots owe the redeemer in one line, in many each may have a tariff of its
 * own, and an issue fee that comes back in another: of a hold 45 bytes a lot, and 20 for each of
 * the two lines and that of a claim, and for what the other claims add. */
CASE(more_epochs_leave_room_for_fewer_lots)
{
    struct driver *driver = open_fifteen();
    struct transaction redeem = tx_redeem(MEMBER, 1024);
    earn_in_turn(driver, 1024);
    CHECK_INT(driver_apply(driver, 2, &redeem), VERDICT_ACCEPTED);
    for (int i = 0; i < 100; i++) {
        begin_epoch(driver);
        earn_in_turn(driver, PARTNERS);
    }
    struct transaction hold = tx_hold(MEMBER, 0, 1000);
    fits_up_to(driver, 2, &hold, &hold.body.hold.points.v, (36000 - 512 * 20) / (45 + 3 * 20));
    driver_close(driver);
}

/* Each of its lots may write two moves, what was waived and a child, and each of fifteen funders is
 * owed by the redeemer, and a fee by the operator: both are planned. */
CASE(what_a_reversal_writes_is_planned)
{
    struct driver *driver = open_fifteen();
    struct transaction redeem = tx_redeem(MEMBER, 1000);
    earn_in_turn(driver, 1000);
    CHECK_INT(driver_apply(driver, 2, &redeem), VERDICT_ACCEPTED);
    struct transaction back = tx_unredeem(driver_last(driver), 0);
    fits_up_to(driver, 2, &back, &back.body.reverse_redeem.points.v,
               (36000 - 2 * PARTNERS * 20) / 47);
    driver_close(driver);
}

/* A receiver's deficits are told of lot by lot. */
CASE(what_a_transfer_writes_is_planned)
{
    struct driver *driver = open_fifteen();
    struct transaction enrol = tx_enrol(MEMBER + 1);
    struct transaction transfer = tx_transfer(MEMBER, MEMBER + 1, 0);
    earn_in_turn(driver, 1000);
    CHECK_INT(driver_apply(driver, 0, &enrol), VERDICT_ACCEPTED);
    fits_up_to(driver, 0, &transfer, &transfer.body.transfer.points.v, 36000 / 50);
    driver_close(driver);
}

/* An earn of a first lot of 100 points, that ends before the fifteen others of 2. */
static struct record_index earn_sixteen(struct driver *driver)
{
    uint64_t now = state_time_ms(driver->state);
    struct transaction earn = tx_earn(MEMBER, 100);
    earn.body.earn.lot_count = EARN_LOTS_MAX;
    for (size_t i = 0; i < EARN_LOTS_MAX; i++) {
        earn.body.earn.lots[i] = earn.body.earn.lots[0];
        earn.body.earn.lots[i].quantity.v = i == 0 ? 100 : 2;
        earn.body.earn.lots[i].expires_ms = now + (i == 0 ? 1 : 2) * DAY_MS;
    }
    earn.body.earn.eligible = 2;
    CHECK_INT(driver_apply(driver, 0, &earn), VERDICT_ACCEPTED);
    return driver_last(driver);
}

/* All spent, half waived, and then the first lots come back: each makes up for fifteen others,
 * whose rests would fill the record before the last lots have had their turn. */
CASE(waived_rests_leave_room_for_what_comes_back)
{
    enum { EARNS = 765 };
    static struct record_index earns[EARNS];
    struct driver *driver = open_fifteen_with(REVERSAL_WITHIN_BALANCE);
    for (size_t i = 0; i < EARNS; i++)
        earns[i] = earn_sixteen(driver);
    struct transaction first = tx_redeem(MEMBER, 100 * EARNS),
                       others = tx_redeem(MEMBER, 2 * EARNS);
    CHECK_INT(driver_apply(driver, 1, &first), VERDICT_ACCEPTED);
    struct transaction back = tx_unredeem(driver_last(driver), 100 * EARNS);
    for (size_t i = 1; i < EARN_LOTS_MAX; i++)
        CHECK_INT(driver_apply(driver, 1, &others), VERDICT_ACCEPTED);
    for (size_t i = 0; i < EARNS; i++) {
        struct transaction refund = tx_refund(earns[i], 1);
        CHECK_INT(driver_apply(driver, 0, &refund), VERDICT_ACCEPTED);
        if (i % 100 == 0)
            driver_pass(driver, 1);
    }
    CHECK_INT(driver_apply(driver, 1, &back), VERDICT_ACCEPTED);
    CHECK(driver->outcome.effects.size < 36000);
    /* What does not fit is not made up for. */
    CHECK(balance_of(driver, MEMBER).spendable.v > 35 * EARNS);
    CHECK(balance_of(driver, MEMBER).spendable.v < 50 * EARNS);
    driver_close(driver);
}

/* As large as it may be, and then others agree on new terms: an image of it is still read. */
CASE(a_hold_that_fits_goes_on_fitting)
{
    struct driver *driver = open_fifteen();
    struct transaction hold = tx_hold(MEMBER, 0, 1000);
    struct buffer image;
    struct state *copy = NULL;
    struct error error = {0};
    earn_in_turn(driver, 700);
    fits_up_to(driver, 2, &hold, &hold.body.hold.points.v, 387);
    begin_epoch(driver);
    CHECK_INT(state_contracts(driver->state)->tariff_count, 2);
    driver_seal(driver);
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    if (!image_read(driver->charter, buffer_bytes(&image), &copy, &error))
        printf("%s\n", error.text);
    REQUIRE(copy != NULL);
    state_close(copy);
    buffer_release(&image);
    driver_close(driver);
}

int main(void)
{
    RUN(a_hold_that_fits_goes_on_fitting);
    RUN(more_epochs_leave_room_for_fewer_lots);
    RUN(what_a_reversal_writes_is_planned);
    RUN(what_a_transfer_writes_is_planned);
    RUN(waived_rests_leave_room_for_what_comes_back);
    RUN(transfers_to_and_fro_do_not_write_without_end);
    RUN(the_largest_hold_fits_the_seal_that_releases_it);
    RUN(the_largest_quantities_and_prices_stay_exact);
    return check_report();
}
