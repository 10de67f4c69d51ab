// links: partners
/* Collateral: what is outstanding and needed, modes at their thresholds, what they refuse, what is
 * given back, and partners that leave. */
#include "partners/state_parts.h"
#include "unit/changes.h"

enum { GROCER, BOOKS, CINEMA, HOUSE }; /* the house is the operator, with a lane of its own */
enum { EXACT = 10000 };                /* of a micro-unit */

static const struct charter_risk usual = {
    .on = true, .haircut_bp = 10000, .alert_bp = 10000, .prepaid_bp = 11000, .refuse_bp = 12500};

/* ---- figures --------------------------------------------------------------------------------- */

CASE(what_is_needed_is_exact_and_rounded_up)
{
    static const struct {
        int64_t points_bp, price;
        uint32_t breakage_bp, haircut_bp;
        int64_t floor, needed;
    } rows[] = {
        {10000000, 9000, 0, 10000, 0, INT64_C(90000000000)},
        {10000000, 9000, 1000, 10000, 0, INT64_C(81000000000)},
        {10000000, 9000, 1000, 12500, 0, INT64_C(101250000000)},
        {10000000, 9000, 0, 10000, 9000000, INT64_C(90000000000)},
        {10000000, 9000, 0, 10000, 9000001, INT64_C(90000010000)},
        {10000000, 9000, 10000, 10000, 0, 0},
        {0, 9000, 0, 10000, 7, 70000},
        {1, 1, 1, 10000, 0, 1}, /* 0.9999 */
        {3, 1, 0, 3334, 0, 2},  /* 1.0002 */
        {100000000, 3, 0, 1, 0, 30000},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct charter_risk rules = usual;
        struct risk risk = {.outstanding_bp = rows[i].points_bp, .price = {rows[i].price}};
        rules.breakage_bp = rows[i].breakage_bp;
        rules.haircut_bp = rows[i].haircut_bp;
        rules.floor.v = rows[i].floor;
        CHECK_INT(risk_needed(&rules, &risk).v, rows[i].needed);
    }
}

CASE(the_most_that_there_can_be_fits)
{
    struct charter_risk rules = usual;
    struct risk risk = {.outstanding_bp = ((__int128)1 << 32) * POINTS_PER_RECORD_MAX * 10000,
                        .price = {INT64_C(9000000000000)},
                        .collateral = {AMOUNT_MICRO_MAX}};
    rules.haircut_bp = HAIRCUT_BP_MAX;
    rules.alert_bp = rules.prepaid_bp = rules.refuse_bp = THRESHOLD_BP_MAX;
    CHECK(risk_needed(&rules, &risk).v == risk_exposure(&risk).v * 10);
    CHECK(risk_exposure(&risk).v / risk.price.v == risk.outstanding_bp);
    CHECK_INT(risk_mode_of(&rules, &risk), RISK_REFUSED);
}

/* 1,000 points at 0.009: 9.00 are needed. */
static struct risk of_a_thousand(int64_t collateral)
{
    return (struct risk){.outstanding_bp = 10000000, .price = {9000}, .collateral = {collateral}};
}

CASE(modes_change_beyond_their_thresholds_and_not_at_them)
{
    static const struct {
        int64_t collateral;
        enum risk_mode mode;
    } rows[] = {{9000000, RISK_COVERED}, {8999999, RISK_ALERT},   {8181819, RISK_ALERT},
                {8181818, RISK_PREPAID}, {7200000, RISK_PREPAID}, {7199999, RISK_REFUSED},
                {0, RISK_REFUSED}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct risk risk = of_a_thousand(rows[i].collateral);
        CHECK_TEXT(risk_mode_word(risk_mode_of(&usual, &risk)), risk_mode_word(rows[i].mode));
    }
    struct risk nothing = {.price = {9000}};
    CHECK_INT(risk_mode_of(&usual, &nothing), RISK_COVERED);
}

CASE(who_pays_in_advance_issues_what_is_paid_for)
{
    struct risk risk = of_a_thousand(8000000);
    CHECK(risk_settle(&usual, &risk));
    CHECK(!risk_settle(&usual, &risk));
    CHECK_INT(risk.mode, RISK_PREPAID);
    CHECK(risk_allows(&usual, &risk, 0) && !risk_allows(&usual, &risk, 1));
    CHECK_INT(risk_post(&usual, &risk, (struct micro){90000}, (struct money){0}), VERDICT_ACCEPTED);
    CHECK(!risk_settle(&usual, &risk)); /* and what it came in with stays */
    CHECK(risk_allows(&usual, &risk, 100000) &&
          !risk_allows(&usual, &risk, 100001)); /* ten points */
    risk.outstanding_bp += 60000;
    CHECK(risk_allows(&usual, &risk, 40000) && !risk_allows(&usual, &risk, 40001));
    risk.outstanding_bp -= 160000; /* ten less than at first */
    CHECK(risk_allows(&usual, &risk, 200000) && !risk_allows(&usual, &risk, 200001));
    risk.collateral.v = 9000000;
    CHECK(risk_settle(&usual, &risk));
    CHECK_INT(risk.entry_exposure.v, 0);
    CHECK_INT(risk.entry_collateral.v, 0);
    CHECK(risk_allows(&usual, &risk, 2600000) && !risk_allows(&usual, &risk, 2600001));
    risk.collateral.v = 1;
    CHECK(risk_settle(&usual, &risk));
    CHECK(!risk_allows(&usual, &risk, 0));
}

CASE(what_is_paid_for_may_be_too_much_still)
{
    struct charter_risk rules = usual;
    struct risk risk = of_a_thousand(15000000);
    rules.haircut_bp = 20000;
    CHECK(risk_settle(&rules, &risk));
    CHECK_INT(risk.mode, RISK_PREPAID); /* 18.00 against 15.00 */
    risk.collateral.v = 19000000;
    risk.outstanding_bp = 12000000; /* 2.20 more is paid for, twice as much needed */
    CHECK(risk_allows(&rules, &risk, 1194444) && !risk_allows(&rules, &risk, 1194445));
}

/* ---- on the ledger --------------------------------------------------------------------------- */

static struct charter *draft_with(struct charter_risk risk)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "house"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->partners[HOUSE].is_operator = true;
    draft->risk = risk;
    draft->contracts.currencies = allocate(2, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 2;
    draft->contracts.currencies[0] = (struct charter_currency){"SEK", 2, {87101}};
    draft->contracts.currencies[1] = (struct charter_currency){"JPY", 0, {0}};
    coalition_joint(draft, GROCER, BOOKS, 1000000);
    return draft;
}

static struct driver *open_with(struct charter_risk risk)
{
    struct driver *driver = driver_open(coalition_found(draft_with(risk)));
    for (uint32_t i = 1; i <= 2; i++) {
        struct transaction enrol = tx_enrol(i);
        CHECK_INT(driver_apply(driver, GROCER, &enrol), VERDICT_ACCEPTED);
    }
    return driver;
}

static struct transaction tx_collateral(uint16_t partner, int64_t amount)
{
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    t.body.deal.collateral =
        (struct collateral){.partner = {partner}, .currency = "EUR", .amount = {amount}};
    return t;
}

static enum verdict apply(struct driver *driver, uint16_t lane, struct transaction t)
{
    return driver_apply(driver, lane, &t);
}

static void post(struct driver *driver, uint16_t partner, int64_t amount)
{
    CHECK_INT(apply(driver, HOUSE, tx_collateral(partner, amount)), VERDICT_ACCEPTED);
}

static const struct risk *risk_at(const struct driver *driver, uint16_t partner)
{
    return state_risk(driver->state, (struct partner_id){partner});
}

static int64_t points_of(const struct driver *driver, uint16_t partner)
{
    return (int64_t)(risk_at(driver, partner)->outstanding_bp / BASIS_POINTS);
}

static void check_mode(const struct driver *driver, uint16_t partner, enum risk_mode mode)
{
    CHECK_TEXT(risk_mode_word(risk_at(driver, partner)->mode), risk_mode_word(mode));
}

CASE(a_charter_without_risk_asks_for_nothing)
{
    struct driver *driver = open_with((struct charter_risk){0});
    CHECK_INT(apply(driver, GROCER, tx_earn(1, POINTS_PER_RECORD_MAX)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, 1)), VERDICT_NOT_AUTHORISED);
    CHECK_INT(points_of(driver, GROCER), 0);
    driver_close(driver);
}

CASE(earns_go_on_until_the_collateral_is_far_too_small)
{
    struct driver *driver = open_with(usual);
    post(driver, GROCER, 9000000); /* a thousand points */
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1000)), VERDICT_ACCEPTED);
    check_mode(driver, GROCER, RISK_COVERED);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 100)), VERDICT_ACCEPTED);
    check_mode(driver, GROCER, RISK_ALERT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_ACCEPTED);
    check_mode(driver, GROCER, RISK_PREPAID);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(points_of(driver, GROCER), 1101);
    CHECK_INT(apply(driver, BOOKS, tx_redeem(1, 1)), VERDICT_ACCEPTED); /* makes room for one */
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 2)), VERDICT_ACCEPTED);  /* 1100: in alert again */
    CHECK_INT(points_of(driver, GROCER), 1102);
    post(driver, GROCER, 45000);
    check_mode(driver, GROCER, RISK_ALERT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 155)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 154)), VERDICT_ACCEPTED); /* 11.304: 1.25 times */
    check_mode(driver, GROCER, RISK_PREPAID);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, -1)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, BOOKS, tx_redeem(1, 154)), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 1101);
    check_mode(driver, GROCER, RISK_ALERT); /* 9.909 against 9.045 */
    driver_close(driver);
}

CASE(in_advance_means_collateral_for_every_point)
{
    struct driver *driver = open_with(usual);
    post(driver, GROCER, 9000000);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1150)), VERDICT_ACCEPTED);
    check_mode(driver, GROCER, RISK_PREPAID);
    post(driver, GROCER, 90000); /* ten points */
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 11)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 4)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, 7)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, 6)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    check_mode(driver, GROCER, RISK_PREPAID);
    /* Points of a lot that is over already add nothing. */
    struct transaction over = tx_earn(1, 50);
    over.at_ms = state_time_ms(driver->state) - 20000;
    over.body.earn.lots[0].expires_ms = over.at_ms + 1;
    CHECK_INT(apply(driver, GROCER, over), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 1160);
    driver_close(driver);
}

CASE(no_single_earn_goes_beyond_what_is_refused)
{
    struct driver *driver = open_with(usual);
    struct transaction two = tx_earn(1, 700);
    two.body.earn.lots[1] = two.body.earn.lots[0];
    two.body.earn.lots[1].quantity.v = 551;
    two.body.earn.lot_count = 2;
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, POINTS_PER_RECORD_MAX)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, POINTS_PER_RECORD_MAX)), VERDICT_OVER_LIMIT);
    post(driver, GROCER, 9000000);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, 1251)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, two), VERDICT_OVER_LIMIT);
    check_mode(driver, GROCER, RISK_COVERED);
    two.body.earn.lots[1].quantity.v = 550;
    CHECK_INT(apply(driver, GROCER, two), VERDICT_ACCEPTED);
    check_mode(driver, GROCER, RISK_PREPAID);
    driver_close(driver);
}

CASE(what_a_till_gave_without_a_line_is_given)
{
    struct driver *driver = open_with(usual);
    post(driver, GROCER, 900000);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 100)), VERDICT_ACCEPTED);
    struct transaction earn = tx_earn(1, 100), adjust = tx_adjust(1, 100);
    earn.at_ms = adjust.at_ms =
        state_time_ms(driver->state) - driver->charter->policy.late_after_ms;
    CHECK_INT(apply(driver, GROCER, earn), VERDICT_OVER_LIMIT);
    earn.at_ms--;
    adjust.at_ms--;
    CHECK_INT(apply(driver, GROCER, adjust), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, earn), VERDICT_ACCEPTED);
    CHECK(driver->outcome.late);
    check_mode(driver, GROCER, RISK_REFUSED);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, earn), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 300);
    driver_close(driver);
}

CASE(every_funder_of_a_lot_is_asked)
{
    struct driver *driver = open_with(usual);
    struct transaction joint = tx_earn(1, 100);
    joint.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{GROCER}, 4000}, {{BOOKS}, 6000}}};
    post(driver, GROCER, 900000);
    CHECK_INT(apply(driver, GROCER, joint), VERDICT_OVER_LIMIT);
    post(driver, BOOKS, 540000); /* just enough */
    CHECK_INT(apply(driver, GROCER, joint), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 40);
    CHECK_INT(points_of(driver, BOOKS), 60);
    check_mode(driver, GROCER, RISK_COVERED);
    check_mode(driver, BOOKS, RISK_COVERED);
    CHECK_INT(apply(driver, GROCER, joint), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_ACCEPTED);
    driver_close(driver);
}

CASE(points_count_until_they_are_spent_or_over)
{
    struct driver *driver = open_with(usual);
    struct transaction earn = tx_earn(1, 100), pending = tx_earn(2, 30);
    uint64_t now_ms = state_time_ms(driver->state);
    post(driver, GROCER, 90000000);
    earn.body.earn.lots[0].expires_ms = now_ms + 5000;
    pending.body.earn.lots[0].activates_ms = now_ms + DAY_MS;
    CHECK_INT(apply(driver, GROCER, earn), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, GROCER, pending), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 130);
    CHECK_INT(apply(driver, BOOKS, tx_hold(1, 40, 60000)), VERDICT_ACCEPTED);
    struct record_index hold = driver_last(driver);
    CHECK_INT(points_of(driver, GROCER), 130);
    CHECK_INT(apply(driver, BOOKS, tx_redeem(1, 10)), VERDICT_ACCEPTED);
    struct record_index redemption = driver_last(driver);
    CHECK_INT(points_of(driver, GROCER), 120);
    driver_pass(driver, 5000);
    CHECK_INT(points_of(driver, GROCER), 70); /* the held ones, and those that are pending */
    CHECK_INT(apply(driver, BOOKS, tx_commit(hold, 15)), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 30); /* 25 came back, into a lot that is over */
    CHECK_INT(apply(driver, BOOKS, tx_unredeem(redemption, 10)), VERDICT_ACCEPTED);
    CHECK_INT(points_of(driver, GROCER), 40); /* what lives on for the days of grace */
    driver_close(driver);
}

static void sign_card(struct driver *driver, struct rate_card card)
{
    struct transaction propose = {.type = TRANSACTION_CONTRACT_PROPOSE};
    struct transaction sign = {.type = TRANSACTION_CONTRACT_SIGN};
    propose.body.deal.card = card;
    CHECK_INT(apply(driver, card.funder.v, propose), VERDICT_ACCEPTED);
    sign.body.deal.number = (uint32_t)state_contracts(driver->state)->count - 1;
    sign.body.deal.digest = rate_card_digest(&card);
    CHECK_INT(apply(driver, card.redeemer.v, sign), VERDICT_ACCEPTED);
}

static struct rate_card card_in(const char *currency, int64_t price, uint64_t from_ms)
{
    struct rate_card card = {.funder = {GROCER},
                             .redeemer = {BOOKS},
                             .face_currency = "EUR",
                             .face = {20000},
                             .reimbursement = {price},
                             .from_ms = from_ms};
    memcpy(card.settlement_currency, currency, CURRENCY_SIZE);
    return card;
}

CASE(the_dearest_signed_card_is_the_price_whenever_it_begins)
{
    struct driver *driver = open_with(usual);
    uint64_t now_ms = state_time_ms(driver->state);
    CHECK_INT(risk_at(driver, GROCER)->price.v, 9000);
    post(driver, GROCER, 9000000);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1000)), VERDICT_ACCEPTED);
    sign_card(driver, card_in("EUR", 8000, now_ms + 100000));
    CHECK_INT(risk_at(driver, GROCER)->price.v, 9000);
    check_mode(driver, GROCER, RISK_COVERED);
    sign_card(driver, card_in("EUR", 12000, now_ms + 200000));
    CHECK_INT(risk_at(driver, GROCER)->price.v, 12000);
    check_mode(driver, GROCER, RISK_REFUSED); /* 12.00 against 9.00 */
    sign_card(driver, card_in("SEK", 123456, now_ms + 300000));
    CHECK_INT(risk_at(driver, GROCER)->price.v, 12000);
    sign_card(driver, card_in("SEK", 140000, now_ms + 400000));
    CHECK_INT(risk_at(driver, GROCER)->price.v, 12195); /* 140000 * 0.087101, rounded up */
    CHECK_INT(risk_at(driver, BOOKS)->price.v, 9000);
    /* What began and gave way was issued under still. */
    driver_pass(driver, DAY_MS);
    CHECK_INT(risk_at(driver, GROCER)->price.v, 12195);
    struct transaction yen = {.type = TRANSACTION_CONTRACT_PROPOSE};
    yen.body.deal.card = card_in("JPY", 1, state_time_ms(driver->state) + 9000);
    CHECK_INT(apply(driver, GROCER, yen), VERDICT_BAD_CARD);
    driver_close(driver);
}

/* Points issued before a pair's first card are paid by it once it begins: nobody issues before
 * anything says what they may cost, and a dear card asks for collateral before it begins. */
CASE(where_contracts_are_required_cards_alone_make_the_price)
{
    struct charter *draft = draft_with(usual);
    draft->contracts.required = true;
    struct driver *driver = driver_open(coalition_found(draft));
    uint64_t now_ms = state_time_ms(driver->state);
    struct rate_card cheap = card_in("EUR", 1, now_ms + 100000);
    struct transaction over = tx_earn(1, 50);
    cheap.redeemer.v = CINEMA;
    CHECK_INT(apply(driver, GROCER, tx_enrol(1)), VERDICT_ACCEPTED);
    CHECK_INT(risk_at(driver, GROCER)->price.v, 0);
    post(driver, GROCER, 90000000);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    CHECK_INT(apply(driver, GROCER, tx_adjust(1, 1)), VERDICT_OVER_LIMIT);
    over.at_ms = state_time_ms(driver->state) - 20000;
    over.body.earn.lots[0].expires_ms = over.at_ms + 1;
    CHECK_INT(apply(driver, GROCER, over), VERDICT_OVER_LIMIT);
    sign_card(driver, cheap);
    CHECK_INT(risk_at(driver, GROCER)->price.v, 1);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1000)), VERDICT_ACCEPTED);
    post(driver, GROCER, -89999000);
    check_mode(driver, GROCER, RISK_COVERED);
    sign_card(driver, card_in("EUR", 8000, now_ms + 200000));
    CHECK_INT(risk_at(driver, GROCER)->price.v, 8000);
    check_mode(driver, GROCER, RISK_REFUSED);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, -1)), VERDICT_COLLATERAL_NEEDED);
    post(driver, GROCER, 7999000);
    check_mode(driver, GROCER, RISK_COVERED);
    driver_pass(driver, DAY_MS);
    CHECK_INT(risk_at(driver, GROCER)->price.v, 8000);
    CHECK(state_check(driver->state, NULL));
    driver_close(driver);
}

/* ---- collateral ------------------------------------------------------------------------------ */

CASE(collateral_is_the_operators_to_write_in_the_charters_currency)
{
    struct driver *driver = open_with(usual);
    struct transaction kronor = tx_collateral(GROCER, 1);
    memcpy(kronor.body.deal.collateral.currency, "SEK", CURRENCY_SIZE);
    CHECK_INT(apply(driver, GROCER, tx_collateral(GROCER, 1)), VERDICT_NOT_AUTHORISED);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(4, 1)), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(apply(driver, HOUSE, kronor), VERDICT_BAD_CARD);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, -1)), VERDICT_COLLATERAL_NEEDED);
    post(driver, GROCER, COLLATERAL_MAX);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, 1)), VERDICT_BAD_QUANTITY);
    post(driver, GROCER, -COLLATERAL_MAX);
    CHECK_INT(risk_at(driver, GROCER)->collateral.v, 0);
    driver_close(driver);
}

CASE(collateral_that_is_needed_stays)
{
    struct charter_risk rules = usual;
    rules.floor.v = 5000000;
    struct driver *driver = open_with(rules);
    check_mode(driver, GROCER, RISK_REFUSED); /* of the floor, before the first point */
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1)), VERDICT_OVER_LIMIT);
    post(driver, GROCER, 9000001);
    CHECK_INT(apply(driver, GROCER, tx_earn(1, 1000)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, -2)), VERDICT_COLLATERAL_NEEDED);
    post(driver, GROCER, -1);
    CHECK_INT(apply(driver, GROCER, tx_redeem(1, 999)), VERDICT_ACCEPTED); /* at its own till */
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, -4000001)), VERDICT_COLLATERAL_NEEDED);
    post(driver, GROCER, -4000000); /* down to the floor */
    CHECK_INT(apply(driver, GROCER, tx_redeem(1, 1)), VERDICT_ACCEPTED);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(GROCER, -5000001)), VERDICT_COLLATERAL_NEEDED);
    post(driver, GROCER, -5000000); /* nothing is outstanding */
    driver_close(driver);
}

/* ---- who has left ---------------------------------------------------------------------------- */

static void wait_for(struct driver *driver, uint64_t height, struct change change)
{
    roster_add(&driver->state->roster, height, 7, &change);
}

CASE(a_partner_that_has_left_stands_for_its_points_until_they_are_over)
{
    struct driver *driver = open_with(usual);
    struct transaction earn = tx_earn(1, 1000), joint = tx_earn(1, 10);
    joint.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{GROCER}, 4000}, {{BOOKS}, 6000}}};
    earn.body.earn.lots[0].expires_ms = state_time_ms(driver->state) + 10 * DAY_MS;
    post(driver, BOOKS, 9900000);
    post(driver, GROCER, 9900000);
    CHECK_INT(apply(driver, BOOKS, earn), VERDICT_ACCEPTED);
    wait_for(driver, driver->height + 3, change_remove_partner(BOOKS));
    for (int i = 0; i < 3; i++)
        driver_pass(driver, 1000);
    CHECK(state_charter(driver->state)->partners[BOOKS].left);
    CHECK(state_charter(driver->state)->nodes[BOOKS].left); /* so nothing is issued, or taken */
    CHECK_INT(apply(driver, GROCER, joint), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(apply(driver, CINEMA, tx_redeem(1, 400)), VERDICT_ACCEPTED);
    CHECK_INT(owed_exact(driver, BOOKS, CINEMA), INT64_C(400) * 9000 * EXACT);
    CHECK_INT(points_of(driver, BOOKS), 600);
    /* 5.40 is needed for what is outstanding, 3.60 for what it owes. */
    CHECK_INT(apply(driver, HOUSE, tx_collateral(BOOKS, -900001)), VERDICT_COLLATERAL_NEEDED);
    post(driver, BOOKS, -900000);
    driver_pass(driver, 11 * DAY_MS);
    CHECK_INT(points_of(driver, BOOKS), 0);
    CHECK_INT(apply(driver, GROCER, tx_redeem(1, 1)), VERDICT_INSUFFICIENT);
    CHECK_INT(apply(driver, HOUSE, tx_collateral(BOOKS, -5400001)), VERDICT_COLLATERAL_NEEDED);
    post(driver, BOOKS, -5400000);
    CHECK_INT(risk_at(driver, BOOKS)->collateral.v, 3600000);
    driver_close(driver);
}

CASE(the_operator_stays_with_the_collateral_that_it_holds)
{
    struct driver *driver = open_with(usual);
    struct charter *after = NULL;
    struct change change = change_remove_partner(HOUSE);
    CHECK_INT(charter_amend(state_charter(driver->state), &change, 9, &after),
              VERDICT_OPERATOR_STAYS);
    driver_close(driver);
}

/* ---- a charter ------------------------------------------------------------------------------- */

static void check_charter(struct charter *draft, const char *mistake)
{
    struct buffer json;
    static struct charter_mistakes mistakes;
    struct charter *charter = NULL;
    mistakes.count = 0;
    buffer_init(&json, COALITION_JSON_MAX);
    charter_format(draft, &json);
    CHECK(!charter_parse(buffer_bytes(&json), &charter, &mistakes, NULL));
    CHECK_TEXT(mistakes.count > 0 ? mistakes.text[0] : "", mistake);
    buffer_release(&json);
    charter_close(draft);
}

CASE(mistakes_of_risk_are_told)
{
    struct charter_risk rules = usual;
    rules.prepaid_bp = 9999;
    check_charter(draft_with(rules),
                  "risk: the thresholds of alert, prepaid and refuse must not go back");
    rules = usual;
    rules.floor.v = AMOUNT_MICRO_MAX + 1;
    check_charter(draft_with(rules), "risk.floor: is more than 1000000000");
    rules = usual;
    rules.breakage_bp = 10001;
    check_charter(draft_with(rules), "risk.breakage_bp: is 10001; 0 to 10000 are possible");
    struct charter *draft = draft_with(usual);
    draft->partners[HOUSE].is_operator = false;
    check_charter(draft, "risk: asks for collateral, and there is no operator to hold it");
    rules = usual;
    rules.floor.v = AMOUNT_MICRO_MAX;
    struct charter *good = coalition_found(draft_with(rules));
    CHECK_INT(good->risk.floor.v, AMOUNT_MICRO_MAX);
    CHECK_INT(good->risk.refuse_bp, 12500);
    charter_close(good);
}

int main(void)
{
    RUN(what_is_needed_is_exact_and_rounded_up);
    RUN(the_most_that_there_can_be_fits);
    RUN(modes_change_beyond_their_thresholds_and_not_at_them);
    RUN(who_pays_in_advance_issues_what_is_paid_for);
    RUN(what_is_paid_for_may_be_too_much_still);
    RUN(a_charter_without_risk_asks_for_nothing);
    RUN(earns_go_on_until_the_collateral_is_far_too_small);
    RUN(in_advance_means_collateral_for_every_point);
    RUN(no_single_earn_goes_beyond_what_is_refused);
    RUN(what_a_till_gave_without_a_line_is_given);
    RUN(every_funder_of_a_lot_is_asked);
    RUN(points_count_until_they_are_spent_or_over);
    RUN(the_dearest_signed_card_is_the_price_whenever_it_begins);
    RUN(where_contracts_are_required_cards_alone_make_the_price);
    RUN(collateral_is_the_operators_to_write_in_the_charters_currency);
    RUN(collateral_that_is_needed_stays);
    RUN(a_partner_that_has_left_stands_for_its_points_until_they_are_over);
    RUN(the_operator_stays_with_the_collateral_that_it_holds);
    RUN(mistakes_of_risk_are_told);
    return check_report();
}
