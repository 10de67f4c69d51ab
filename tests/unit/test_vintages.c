// links: partners
/* Points by vintage: cohorts as points move, tables at the ends of periods, and what finance makes
 * of them; images that contradict them are refused. */
#include "unit/coalition.h"
#include "unit/image_copy.h"

#include "partners/liability.h"
#include "partners/period_calendar.h"

enum { A, B, C };
enum { M1 = 1, M2 = 2 };
enum { JANUARY = 684, FEBRUARY, MARCH, APRIL }; /* of 2027, in which ledgers begin */

static struct charter *draft_of(enum period_kind every)
{
    struct coalition_spec spec = {
        .names = {"ada", "bob", "cyd"}, .face = "10000", .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.every = every;
    coalition_joint(draft, A, B, 1000000);
    return draft;
}

static struct driver *open_draft(struct charter *draft)
{
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction first = tx_enrol(M1), second = tx_enrol(M2);
    REQUIRE(driver_apply(driver, A, &first) == VERDICT_ACCEPTED);
    REQUIRE(driver_apply(driver, B, &second) == VERDICT_ACCEPTED);
    return driver;
}

static struct driver *open_with(enum period_kind every)
{
    return open_draft(draft_of(every));
}

static struct record_index done(struct driver *driver, uint16_t lane,
                                struct transaction transaction)
{
    CHECK_INT(driver_apply(driver, lane, &transaction), VERDICT_ACCEPTED);
    return driver_last(driver);
}

static struct transaction earn_until(uint32_t member, int64_t points, uint64_t expires_ms)
{
    struct transaction t = tx_earn(member, points);
    t.body.earn.lots[0].expires_ms = expires_ms;
    return t;
}

/* 60 of 100 are A's. */
static struct transaction earn_joint(uint32_t member, int64_t points)
{
    struct transaction t = tx_earn(member, points);
    t.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{A}, 6000}, {{B}, 4000}}};
    return t;
}

static const struct vintages *tables_of(const struct driver *driver)
{
    return state_vintages(driver->state);
}

/* All that may be spent, over vintages or over months of expiry, is what the state says. */
static void check_sums(const struct driver *driver)
{
    struct vintage_rows now;
    struct liability_rows roll;
    struct ageing_rows ageing;
    static const struct vintage_rows none;
    struct totals totals = state_totals(driver->state);
    __int128 closing = 0, unbooked = 0, aged = 0;
    state_vintages_now(driver->state, &now);
    liability_roll(&none, &now, &roll);
    liability_age(&now, &ageing);
    for (size_t i = 0; i < roll.count; i++) {
        closing += roll.at[i].closing;
        unbooked += roll.at[i].unbooked;
    }
    for (size_t i = 0; i < ageing.count; i++)
        aged += ageing.at[i].pending + ageing.at[i].remaining + ageing.at[i].held;
    CHECK(closing == aged);
    CHECK_INT((int64_t)(closing + unbooked),
              (totals.pools[POOL_PENDING].v + totals.pools[POOL_REMAINING].v +
               totals.pools[POOL_HELD].v) *
                  BASIS_POINTS);
    vintage_rows_release(&now);
    liability_rows_release(&roll);
    ageing_rows_release(&ageing);
}

/* Whole points of each funder, as a period rolled them forward. */
struct rolled {
    uint16_t funder;
    uint32_t vintage;
    int64_t opening, issued, redeemed, clawed_back, expired, transferred, closing, unbooked;
};

static void check_roll(const struct driver *driver, uint32_t period, const struct rolled *expected,
                       size_t count)
{
    struct vintage_rows before, after;
    struct liability_rows rows;
    vintages_at(tables_of(driver), period - 1, &before);
    vintages_at(tables_of(driver), period, &after);
    liability_roll(&before, &after, &rows);
    CHECK_INT(rows.count, count);
    for (size_t i = 0; i < rows.count && i < count; i++) {
        const struct liability_row *row = &rows.at[i];
        CHECK_INT(row->funder.v, expected[i].funder);
        CHECK_INT(row->vintage, expected[i].vintage);
        CHECK(row->opening == (__int128)expected[i].opening * BASIS_POINTS);
        CHECK(row->issued == (__int128)expected[i].issued * BASIS_POINTS);
        CHECK(row->redeemed == (__int128)expected[i].redeemed * BASIS_POINTS);
        CHECK(row->clawed_back == (__int128)expected[i].clawed_back * BASIS_POINTS);
        CHECK(row->expired == (__int128)expected[i].expired * BASIS_POINTS);
        CHECK(row->transferred == (__int128)expected[i].transferred * BASIS_POINTS);
        CHECK(row->closing == (__int128)expected[i].closing * BASIS_POINTS);
        CHECK(row->unbooked == (__int128)expected[i].unbooked * BASIS_POINTS);
        CHECK(row->closing ==
              row->opening + row->issued - row->redeemed - row->clawed_back - row->expired);
    }
    vintage_rows_release(&before);
    vintage_rows_release(&after);
    liability_rows_release(&rows);
}

static void check_image(const struct driver *driver)
{
    struct buffer image, again;
    struct state *copy = NULL;
    struct error error = {0};
    buffer_init(&image, IMAGE_LIMIT);
    buffer_init(&again, IMAGE_LIMIT);
    image_of(driver->state, &image);
    if (!image_read(driver->charter, buffer_bytes(&image), &copy, &error))
        printf("%s\n", error.text);
    REQUIRE(copy != NULL);
    image_of(copy, &again);
    CHECK(bytes_equal(buffer_bytes(&image), buffer_bytes(&again)));
    CHECK(state_check(copy, &error));
    const struct vintages *own = tables_of(driver), *read = state_vintages(copy);
    REQUIRE(own->count == read->count);
    for (size_t i = 0; i < own->count; i++)
        CHECK(hash_equal(&own->at[i].hash, &read->at[i].hash));
    state_close(copy);
    buffer_release(&image);
    buffer_release(&again);
}

static void next_height(struct driver *driver, uint64_t ms)
{
    driver_seal(driver);
    check_image(driver);
    driver->cut_ms += ms;
    begin_height(driver->state, ++driver->height, driver->cut_ms);
    driver->begun = true;
    check_sums(driver);
}

/* ---- a story worked out by hand -------------------------------------------------------------- */

/* January the 15th: lots 1 to 5. */
static struct record_index play_january(struct driver *driver)
{
    uint64_t end = START_MS + 36 * DAY_MS; /* 20 February */
    struct record_index earn = done(driver, A, earn_until(M1, 1000, end));
    done(driver, A, earn_joint(M1, 100));
    struct record_index spent = done(driver, B, tx_redeem(M1, 300));
    done(driver, A, tx_refund(earn, 100));
    done(driver, A, tx_transfer(M1, M2, 200));
    done(driver, B, tx_adjust(M2, 50));
    return spent;
}

static void play_february(struct driver *driver, struct record_index spent)
{
    next_height(driver, 21 * DAY_MS); /* 5 February */
    done(driver, C, tx_redeem(M2, 150));
    done(driver, A, tx_earn(M1, 70));
    next_height(driver, 17 * DAY_MS); /* 22 February: lots 1 and 3 have ended */
    done(driver, A, tx_expire(1));
    /* A child until the end of 24 March: its points are of January still. */
    done(driver, B, tx_unredeem(spent, 100));
}

CASE(a_story_of_two_months_rolls_forward_as_worked_out_by_hand)
{
    struct driver *driver = open_with(PERIOD_MONTH);
    struct record_index spent = play_january(driver);
    play_february(driver, spent);
    CHECK_INT(tables_of(driver)->count, 1);
    next_height(driver, 8 * DAY_MS); /* 2 March */
    CHECK_INT(tables_of(driver)->count, 2);
    const struct rolled january[] = {{A, JANUARY, 0, 1060, 300, 100, 0, 200, 660, 0},
                                     {B, JANUARY, 0, 90, 0, 0, 0, 0, 90, 0}};
    check_roll(driver, JANUARY, january, ARRAY_SIZE(january));
    /* Spent: 150 less the 100 that came back; ended: 400 booked and 50 not. */
    const struct rolled february[] = {{A, JANUARY, 660, 0, 50, 0, 450, 100, 160, 50},
                                      {A, FEBRUARY, 0, 70, 0, 0, 0, 0, 70, 0},
                                      {B, JANUARY, 90, 0, 0, 0, 0, 0, 90, 0}};
    check_roll(driver, FEBRUARY, february, ARRAY_SIZE(february));
    next_height(driver, 30 * DAY_MS); /* 1 April: the child has ended, with nobody's word */
    const struct rolled march[] = {{A, JANUARY, 160, 0, 0, 0, 100, 0, 60, 150},
                                   {A, FEBRUARY, 70, 0, 0, 0, 0, 0, 70, 0},
                                   {B, JANUARY, 90, 0, 0, 0, 0, 0, 90, 0}};
    check_roll(driver, MARCH, march, ARRAY_SIZE(march));
    CHECK_INT(tables_of(driver)->count, 3);
    next_height(driver, 40 * DAY_MS); /* nothing moved in April: there is no table of it */
    CHECK_INT(tables_of(driver)->count, 3);
    CHECK(!vintages_find(tables_of(driver), APRIL));
    done(driver, A, tx_earn(M1, 1));
    next_height(driver, 30 * DAY_MS);
    const struct rolled may[] = {{A, JANUARY, 60, 0, 0, 0, 0, 0, 60, 150},
                                 {A, FEBRUARY, 70, 0, 0, 0, 0, 0, 70, 0},
                                 {A, APRIL + 1, 0, 1, 0, 0, 0, 0, 1, 0},
                                 {B, JANUARY, 90, 0, 0, 0, 0, 0, 90, 0}};
    check_roll(driver, APRIL + 1, may, ARRAY_SIZE(may));
    driver_close(driver);
}

CASE(what_is_outstanding_ages_by_the_month_with_which_it_ends)
{
    static const struct {
        uint16_t funder;
        uint32_t expires;
        int64_t points;
    } expected[] = {{A, MARCH, 100}, {A, MONTH_NEVER, 130}, {B, MONTH_NEVER, 90}};
    struct driver *driver = open_with(PERIOD_MONTH);
    struct vintage_rows now;
    struct ageing_rows rows;
    play_february(driver, play_january(driver));
    state_vintages_now(driver->state, &now);
    liability_age(&now, &rows);
    CHECK_INT(rows.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < rows.count && i < ARRAY_SIZE(expected); i++) {
        CHECK_INT(rows.at[i].funder.v, expected[i].funder);
        CHECK_INT(rows.at[i].expires, expected[i].expires);
        CHECK(rows.at[i].pending + rows.at[i].remaining + rows.at[i].held ==
              (__int128)expected[i].points * BASIS_POINTS);
    }
    vintage_rows_release(&now);
    ageing_rows_release(&rows);
    driver_close(driver);
}

CASE(pending_and_held_points_are_outstanding_and_an_end_of_month_is_of_that_month)
{
    struct driver *driver = open_with(PERIOD_MONTH);
    uint64_t february = START_MS + 17 * DAY_MS - 8 * 3600 * 1000; /* begins */
    struct transaction pending = earn_until(M1, 10, february);
    struct vintage_rows now;
    pending.body.earn.lots[0].activates_ms = START_MS + DAY_MS;
    done(driver, A, pending);
    done(driver, A, earn_until(M1, 20, february));
    done(driver, A, earn_until(M1, 30, february + 1));
    done(driver, C, tx_hold(M1, 5, 60000));
    state_vintages_now(driver->state, &now);
    REQUIRE(now.count == 2);
    CHECK_INT(now.at[0].expires, JANUARY);
    CHECK_INT(now.at[1].expires, FEBRUARY);
    CHECK(vintage_outstanding(&now.at[0]) == 30 * BASIS_POINTS);
    CHECK(now.at[0].sums[POOL_PENDING] == 10 * BASIS_POINTS);
    CHECK(now.at[0].sums[POOL_HELD] == 5 * BASIS_POINTS);
    vintage_rows_release(&now);
    driver_close(driver);
}

/* However many months a funder makes points end in, its rows are as many as those of 20 years. */
CASE(what_ends_long_after_it_was_made_is_of_one_month)
{
    enum { LATEST = JANUARY + EXPIRY_MONTHS_MAX };
    struct driver *driver = open_with(PERIOD_MONTH);
    struct vintage_rows now;
    for (uint64_t i = 0; i < 400; i++)
        done(driver, A, earn_until(M1, 1, START_MS + (i + 1) * 30 * DAY_MS));
    done(driver, A, earn_until(M1, 1, TIME_MS_MAX));
    done(driver, A, tx_earn(M1, 1));
    state_vintages_now(driver->state, &now);
    REQUIRE(now.count > 2 && now.count <= EXPIRY_MONTHS_MAX + 2);
    CHECK_INT(now.at[now.count - 1].expires, MONTH_NEVER);
    CHECK_INT(now.at[now.count - 2].expires, LATEST);
    CHECK_INT(now.at[now.count - 3].expires, LATEST - 1);
    CHECK(vintage_outstanding(&now.at[now.count - 2]) > 150 * BASIS_POINTS);
    vintage_rows_release(&now);
    next_height(driver, 31 * DAY_MS);
    CHECK(tables_of(driver)->latest.count <= EXPIRY_MONTHS_MAX + 2);
    /* What a transfer makes of it is of the same month. */
    done(driver, A, tx_transfer(M1, M2, 300));
    state_vintages_now(driver->state, &now);
    CHECK_INT(now.at[now.count - 2].expires, LATEST);
    CHECK(now.count <= EXPIRY_MONTHS_MAX + 2);
    vintage_rows_release(&now);
    next_height(driver, 1000);
    driver_close(driver);
}

/* In a period's last hour nothing need be decided: what ends with it has ended in its table. */
CASE(what_ends_with_a_period_has_ended_in_its_table)
{
    static const struct {
        int64_t after_ms; /* the first moment of February */
        int64_t expired;
    } cases[] = {{-1, 30}, {0, 30}, {1, 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct driver *driver = open_with(PERIOD_MONTH);
        uint64_t february = START_MS + 17 * DAY_MS - 8 * 3600 * 1000;
        done(driver, A, earn_until(M1, 30, february + (uint64_t)cases[i].after_ms));
        next_height(driver, 17 * DAY_MS);
        const struct rolled january[] = {{A, JANUARY, 0, 30, 0, 0, cases[i].expired, 0,
                                          30 - cases[i].expired, cases[i].expired}};
        check_roll(driver, JANUARY, january, 1);
        driver_close(driver);
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

enum { DAYS = VINTAGE_TABLES_KEPT + 20 };

/* Whatever is dropped stays with the oldest that is kept: each end is as it was. */
CASE(the_oldest_table_carries_those_that_are_forgotten)
{
    struct driver *driver = open_with(PERIOD_DAY);
    static struct vintage_rows ends[DAYS];
    uint32_t first = state_periods(driver->state)->open;
    for (uint32_t day = 0; day < DAYS; day++) {
        done(driver, (uint16_t)(day % 3), tx_earn(M1, 1 + day));
        done(driver, (uint16_t)((day + 1) % 3), tx_redeem(M1, 1));
        state_vintages_now(driver->state, &ends[day]);
        driver_pass(driver, DAY_MS);
    }
    const struct vintages *tables = tables_of(driver);
    CHECK_INT(tables->count, VINTAGE_TABLES_KEPT);
    CHECK(tables->at[0].carried && !tables->at[1].carried);
    CHECK_INT(tables->at[0].period, first + DAYS - VINTAGE_TABLES_KEPT);
    for (uint32_t day = DAYS - VINTAGE_TABLES_KEPT; day < DAYS; day++) {
        struct vintage_rows rows;
        vintages_at(tables, first + day, &rows);
        struct hash is = vintage_rows_hash(&rows, first + day);
        struct hash was = vintage_rows_hash(&ends[day], first + day);
        CHECK(hash_equal(&is, &was));
        CHECK(hash_equal(&vintages_find(tables, first + day)->hash, &was));
        vintage_rows_release(&rows);
    }
    for (uint32_t day = 0; day < DAYS; day++)
        vintage_rows_release(&ends[day]);
    driver_seal(driver);
    check_image(driver);
    driver_pass(driver, 1);
    driver_close(driver);
}

/* A table that the digest does not cover would be nobody's word. */
CASE(the_end_of_a_period_is_in_the_digest)
{
    struct driver *one = open_with(PERIOD_MONTH), *other = open_with(PERIOD_DAY);
    struct hash digests[2];
    driver_pass(one, DAY_MS);
    driver_pass(other, DAY_MS); /* an end, at which nothing changed */
    driver_seal(one);
    driver_seal(other);
    digests[0] = state_digest(one->state);
    CHECK_INT(tables_of(other)->count, 0);
    driver_pass(one, 1);
    driver_pass(other, 1);
    done(one, A, tx_earn(M1, 1));
    done(other, A, tx_earn(M1, 1));
    driver_pass(one, DAY_MS);
    driver_pass(other, DAY_MS);
    CHECK_INT(tables_of(other)->count, 1);
    CHECK_INT(tables_of(one)->count, 0);
    driver_seal(one);
    driver_seal(other);
    digests[0] = state_digest(one->state);
    digests[1] = state_digest(other->state);
    CHECK(!hash_equal(&digests[0], &digests[1]));
    driver_pass(one, 1);
    driver_pass(other, 1);
    driver_close(one);
    driver_close(other);
}

/* ---- measures -------------------------------------------------------------------------------- */

static void add_vintage(struct vintage_rows *rows, uint32_t vintage, int64_t spent, int64_t expired,
                        int64_t clawed_back, int64_t remaining)
{
    struct vintage_row row = {.funder = {B}, .vintage = vintage, .expires = MONTH_NEVER};
    row.sums[POOL_SPENT] = spent;
    row.sums[POOL_EXPIRED] = expired;
    row.sums[POOL_CLAWED_BACK] = clawed_back;
    row.sums[POOL_REMAINING] = remaining;
    vintage_rows_add(rows, &row);
}

CASE(breakage_takes_three_closed_vintages)
{
    struct vintage_rows rows = {.at = NULL};
    struct vintage_lives lives;
    uint32_t bp = 7;
    add_vintage(&rows, 1, 90, 10, 5, 0);
    add_vintage(&rows, 2, 80, 20, 0, 0);
    add_vintage(&rows, 3, 1000, 0, 0, 1); /* open */
    add_vintage(&rows, 4, 70, 31, 0, 0);
    liability_lives(&rows, &lives);
    CHECK_INT(lives.count, 4);
    CHECK(lives.at[0].issued == 105 && lives.at[0].clawed_back == 5);
    CHECK(!liability_breakage(&lives, (struct partner_id){B}, 4, &bp)); /* 4 may still grow */
    CHECK(!liability_breakage(&lives, (struct partner_id){A}, 9, &bp));
    CHECK_INT(bp, 7);
    CHECK(liability_breakage(&lives, (struct partner_id){B}, 5, &bp));
    CHECK_INT(bp, 2027); /* 61 of 301 */
    vintage_lives_release(&lives);
    vintage_rows_release(&rows);
}

/* -1: it cannot be told. */
static int64_t price_of(const struct driver *driver, uint16_t funder)
{
    struct micro price = {0};
    return state_highest_reimbursement(driver->state, (struct partner_id){funder}, &price) ? price.v
                                                                                           : -1;
}

/* Cards of A's at C, a day apart; each in force when what follows holds. */
static const struct {
    const char *currency;
    int64_t reimbursement, price;
} valued[] = {
    {"EUR", 12000, 12000},
    {"EUR", 11000, 12000}, /* what was issued under the one before keeps its price */
    {"SEK", 200000, 17421},
    {"NOK", 0, 17421}, /* nothing is nothing in any currency */
    {"NOK", 1, -1},
    {"EUR", 13000, -1},
};

CASE(points_are_valued_at_the_highest_price_of_all_currencies)
{
    struct charter *draft = draft_of(PERIOD_MONTH);
    draft->contracts.currencies = allocate(2, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 2;
    draft->contracts.currencies[0] =
        (struct charter_currency){.code = "SEK", .minor_digits = 2, .collateral_rate = {87103}};
    draft->contracts.currencies[1] = (struct charter_currency){.code = "NOK", .minor_digits = 2};
    struct driver *driver = open_draft(draft);
    CHECK_INT(price_of(driver, A), 9000);
    for (size_t i = 0; i < ARRAY_SIZE(valued); i++) {
        struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
        struct rate_card card = {.funder = {A},
                                 .redeemer = {C},
                                 .face_currency = "EUR",
                                 .face = {20000},
                                 .reimbursement = {valued[i].reimbursement},
                                 .from_ms = state_time_ms(driver->state) + DAY_MS};
        memcpy(card.settlement_currency, valued[i].currency, CURRENCY_SIZE);
        t.body.deal.card = card;
        done(driver, A, t);
        t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
        t.body.deal.number = (uint32_t)i;
        t.body.deal.digest = rate_card_digest(&card);
        done(driver, C, t);
        driver_pass(driver, 2 * DAY_MS);
        CHECK_INT(price_of(driver, A), valued[i].price);
    }
    CHECK_INT(price_of(driver, C), 9000);
    driver_close(driver);
}

CASE(months_have_names_to_the_last_one)
{
    static const struct {
        uint32_t month;
        const char *name;
    } cases[] = {{0, "1970-01"}, {JANUARY, "2027-01"}, {695, "2027-12"}, {MONTH_MAX, "9999-12"}};
    static const char *const wrong[] = {"", "2027-13", "2027-1", "2027-011", "1969-12", "27-01-01"};
    struct driver *driver = open_with(PERIOD_WEEK);
    uint32_t month = 0;
    char name[MONTH_NAME_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        month_name(cases[i].month, name);
        CHECK_TEXT(name, cases[i].name);
        CHECK(month_from_name(name, &month) && month == cases[i].month);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        CHECK(!month_from_name(wrong[i], &month));
    CHECK_INT(month_at(driver->charter, 0), 0);
    CHECK_INT(month_at(driver->charter, START_MS), JANUARY);
    CHECK_INT(month_at(driver->charter, TIME_MS_MAX), MONTH_MAX);
    driver_close(driver);
}

/* ---- images that contradict themselves ------------------------------------------------------- */

enum {
    HEAD_SIZE = 50,
    ROW_SIZE = 10 + 8 * 16,
    /* From the end of an image with two tables of two rows: the hash, and each. */
    SECOND_ROW = HASH_SIZE + ROW_SIZE,
    SECOND = SECOND_ROW + ROW_SIZE + HEAD_SIZE,
    FIRST_ROW = SECOND + ROW_SIZE,
    FIRST = FIRST_ROW + ROW_SIZE + HEAD_SIZE,
    LAST_OF_SUM = 15, /* the byte of an i128 that counts ones */
    REMAINING = 10 + POOL_REMAINING * 16 + LAST_OF_SUM,
    ENDED = 10 + POOL_COUNT * 16 + LAST_OF_SUM
};

/* One byte, so far before the end, takes another value. */
static const struct {
    size_t before_end;
    uint8_t at, to;
    const char *why;
} damages[] = {
    {FIRST, 3, 0xff, "of itself"},             /* ended after it */
    {SECOND, 3, 1, "of itself"},               /* out of order */
    {FIRST, 4, 2, "of itself"},                /* carried: no truth */
    {SECOND, 4, 1, "of itself"},               /* carried, and not the oldest */
    {FIRST, 5, 0, "of itself"},                /* its tree is known by now */
    {SECOND, 6, 0x80, "of itself"},            /* more records than there can be */
    {SECOND, 49, 3, "too early"},              /* a row more than there is */
    {FIRST_ROW, 1, 0xff, "out of order"},      /* nobody's */
    {FIRST_ROW, 1, 0, "out of order"},         /* of the row before it, again */
    {FIRST_ROW, 10, 0x80, "out of order"},     /* less than nothing */
    {FIRST_ROW, ENDED - 2, 1, "out of order"}, /* more ended than there is */
    {SECOND_ROW, REMAINING - 1, 0, "grow"},
    {SECOND_ROW, REMAINING - 3, 0xff, "more was issued"},
};

enum { RATES_SIZE = 12 }; /* of the section that follows: its head alone */

static bool is_read(const struct driver *driver, struct buffer *image, struct error *error)
{
    struct state *copy = NULL;
    image_seal(image->at, image->size);
    bool good = image_read(driver->charter, buffer_bytes(image), &copy, error);
    if (good)
        state_close(copy);
    return good;
}

static struct driver *open_two_tables(void)
{
    struct driver *driver = open_with(PERIOD_DAY);
    for (int day = 0; day < 2; day++) {
        done(driver, A, tx_earn(M1, 1));
        done(driver, B, tx_earn(M2, 1));
        driver_pass(driver, DAY_MS);
    }
    driver_pass(driver, 1); /* the cut tells of the second one's tree */
    driver_seal(driver);
    CHECK_INT(tables_of(driver)->count, 2);
    CHECK(tables_of(driver)->at[1].rooted);
    return driver;
}

CASE(tables_that_contradict_themselves_or_the_lots_are_refused)
{
    struct driver *driver = open_two_tables();
    struct buffer image;
    struct error error;
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    CHECK(is_read(driver, &image, &error));
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        uint8_t *byte = &image.at[image.size - RATES_SIZE - damages[i].before_end + damages[i].at];
        uint8_t was = *byte;
        CHECK(was != damages[i].to);
        *byte = damages[i].to;
        error.text[0] = 0;
        CHECK(!is_read(driver, &image, &error));
        if (!strstr(error.text, damages[i].why))
            printf("%zu: %s\n", i, error.text);
        CHECK(strstr(error.text, damages[i].why));
        *byte = was;
    }
    CHECK(is_read(driver, &image, &error));
    buffer_release(&image);
    driver_pass(driver, 1);
    driver_close(driver);
}

/* The column of lots: found by the bytes of a row that no other has. */
CASE(a_lot_of_a_month_to_come_or_not_of_its_earns_is_refused)
{
    struct driver *driver = open_with(PERIOD_MONTH);
    struct transaction two = tx_earn(M1, 0x1234);
    struct buffer image;
    struct error error;
    two.body.earn.lot_count = 2;
    two.body.earn.lots[1].quantity.v = 0x5678;
    done(driver, A, two);
    driver_pass(driver, 1);
    driver_seal(driver);
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    size_t places[2], found = 0;
    for (size_t i = 0; i + 4 <= image.size && found < 2; i++)
        if (get_u32be(image.at + i) == (found == 0 ? 0x1234 : 0x5678))
            places[found++] = i;
    REQUIRE(found == 2);
    enum { QUANTITY_TO_VINTAGE = 80 - 4 - 16 };
    for (size_t i = 0; i < 2; i++) {
        uint8_t *vintage = image.at + places[i] + QUANTITY_TO_VINTAGE;
        REQUIRE(get_u32be(vintage) == JANUARY);
        put_u32be(vintage, FEBRUARY);
        CHECK(!is_read(driver, &image, &error));
        CHECK(strstr(error.text, "yet to come"));
        put_u32be(vintage, JANUARY);
    }
    put_u32be(image.at + places[1] + QUANTITY_TO_VINTAGE, JANUARY - 1);
    CHECK(!is_read(driver, &image, &error));
    CHECK(strstr(error.text, "not of its earn's month"));
    put_u32be(image.at + places[1] + QUANTITY_TO_VINTAGE, JANUARY);
    CHECK(is_read(driver, &image, &error));
    buffer_release(&image);
    driver_pass(driver, 1);
    driver_close(driver);
}

int main(void)
{
    RUN(a_story_of_two_months_rolls_forward_as_worked_out_by_hand);
    RUN(what_is_outstanding_ages_by_the_month_with_which_it_ends);
    RUN(pending_and_held_points_are_outstanding_and_an_end_of_month_is_of_that_month);
    RUN(what_ends_long_after_it_was_made_is_of_one_month);
    RUN(what_ends_with_a_period_has_ended_in_its_table);
    RUN(the_oldest_table_carries_those_that_are_forgotten);
    RUN(the_end_of_a_period_is_in_the_digest);
    RUN(breakage_takes_three_closed_vintages);
    RUN(points_are_valued_at_the_highest_price_of_all_currencies);
    RUN(months_have_names_to_the_last_one);
    RUN(tables_that_contradict_themselves_or_the_lots_are_refused);
    RUN(a_lot_of_a_month_to_come_or_not_of_its_earns_is_refused);
    return check_report();
}
