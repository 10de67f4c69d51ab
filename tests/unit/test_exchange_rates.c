// links: partners
/* Exchange rates: who may say what of which day, what is kept, what a purchase is worth, and what
 * an image says of them. */
#include "partners/state_image_parts.h"
#include "unit/coalition.h"
#include "unit/image_copy.h"

enum { GROCER, BOOKS, TODAY = 20833 /* 2027-01-15 */ };

static struct driver *driver;

/* Two hours east until `back_ms`, then one. */
static void set_up_in(uint64_t back_ms)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *draft = coalition_draft(&spec);
    if (back_ms > 0) {
        draft->transitions[0].offset_s = 7200;
        draft->transitions[1].from_ms = back_ms;
        draft->transitions[1].offset_s = 3600;
        draft->transition_count = 2;
    }
    driver = driver_open(coalition_found(draft));
}

static void set_up(void)
{
    set_up_in(0);
}

static enum verdict say_both(uint16_t lane, uint32_t day, const char *first, int64_t rate,
                             const char *second)
{
    struct transaction t = {.type = TRANSACTION_EXCHANGE_RATES};
    struct day_rates *rates = &t.body.deal.rates;
    rates->day = day;
    rates->count = second ? 2 : 1;
    rates->at[0].rate.v = rates->at[1].rate.v = rate;
    memcpy(rates->at[0].currency, first, CURRENCY_SIZE);
    if (second)
        memcpy(rates->at[1].currency, second, CURRENCY_SIZE);
    return driver_apply(driver, lane, &t);
}

static enum verdict say(uint16_t lane, uint32_t day, const char *currency, int64_t rate)
{
    return say_both(lane, day, currency, rate, NULL);
}

/* "rate of day"; "none". */
static const char *rate_of(uint16_t partner, const char *currency, int64_t day)
{
    static char text[64];
    struct micro rate;
    int64_t found;
    if (!state_exchange_rate(driver->state, (struct partner_id){partner}, currency, day, &rate,
                             &found))
        return "none";
    snprintf(text, sizeof(text), "%lld of %lld", (long long)rate.v, (long long)(found - TODAY));
    return text;
}

static bool sound(const struct state *state)
{
    struct error error;
    return state_check(state, &error);
}

/* ---- rules ----------------------------------------------------------------------------------- */

CASE(rates_are_of_today_or_one_of_the_seven_days_before)
{
    static const struct {
        int day;
        enum verdict verdict;
    } rows[] = {{1, VERDICT_BAD_RATE},
                {0, VERDICT_ACCEPTED},
                {-7, VERDICT_ACCEPTED},
                {-8, VERDICT_BAD_RATE}};
    set_up();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        CHECK_INT(say(GROCER, (uint32_t)(TODAY + rows[i].day), "SEK", 87100), rows[i].verdict);
    CHECK_INT(
        exchange_rates_of(state_exchange_rates(driver->state), (struct partner_id){GROCER}, "SEK")
            ->count,
        2);
    driver_close(driver);
}

CASE(currencies_ascend_and_none_is_the_charters)
{
    set_up();
    CHECK_INT(say(GROCER, TODAY, "EUR", 1000000), VERDICT_BAD_RATE);
    CHECK_INT(say_both(GROCER, TODAY, "CHF", 1, "EUR"), VERDICT_BAD_RATE);
    CHECK_INT(say_both(GROCER, TODAY, "SEK", 1, "NOK"), VERDICT_BAD_RATE);
    CHECK_INT(say_both(GROCER, TODAY, "SEK", 1, "SEK"), VERDICT_BAD_RATE);
    CHECK_INT(state_exchange_rates(driver->state)->count, 0); /* nothing of it is kept */
    CHECK_INT(say_both(GROCER, TODAY, "NOK", 1, "SEK"), VERDICT_ACCEPTED);
    CHECK_INT(state_exchange_rates(driver->state)->count, 2);
    driver_close(driver);
}

CASE(they_are_the_writers_own)
{
    set_up();
    CHECK_INT(say(GROCER, TODAY, "SEK", 87100), VERDICT_ACCEPTED);
    CHECK_INT(say(BOOKS, TODAY, "SEK", 90000), VERDICT_ACCEPTED);
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY), "87100 of 0");
    CHECK_TEXT(rate_of(BOOKS, "SEK", TODAY), "90000 of 0");
    CHECK_TEXT(rate_of(BOOKS, "NOK", TODAY), "none");
    driver_close(driver);
}

CASE(the_rate_of_a_day_is_its_own_or_the_last_one_of_a_week)
{
    static const struct {
        int day;
        const char *rate;
    } rows[] = {{-8, "none"},    {-7, "1 of -7"}, {-6, "1 of -7"}, {-4, "1 of -7"},
                {-3, "2 of -3"}, {0, "2 of -3"},  {4, "2 of -3"},  {5, "none"}};
    set_up();
    CHECK_INT(say(GROCER, TODAY - 3, "SEK", 2), VERDICT_ACCEPTED);
    CHECK_INT(say(GROCER, TODAY - 7, "SEK", 1), VERDICT_ACCEPTED); /* in any order */
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        CHECK_TEXT(rate_of(GROCER, "SEK", TODAY + rows[i].day), rows[i].rate);
    CHECK_INT(say(GROCER, TODAY - 3, "SEK", 3), VERDICT_ACCEPTED); /* a correction */
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY), "3 of -3");
    driver_close(driver);
}

CASE(the_last_eight_days_are_kept)
{
    set_up();
    for (int i = 0; i < 9; i++) {
        CHECK_INT(say(GROCER, (uint32_t)(TODAY + i), "SEK", 100 + i), VERDICT_ACCEPTED);
        driver_pass(driver, DAY_MS);
    }
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY), "none");
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY + 1), "101 of 1");
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY + 8), "108 of 8");
    CHECK(sound(driver->state));
    driver_close(driver);
}

/* At midnight clocks go back an hour: today comes once more, after tomorrow. */
CASE(a_day_that_comes_twice_forgets_nothing_later)
{
    uint64_t midnight_ms = (TODAY + 1) * DAY_MS - 7200 * 1000;
    struct buffer image;
    struct state *copy = NULL;
    set_up_in(midnight_ms + 60000);
    driver_pass(driver, midnight_ms - START_MS);
    for (int i = -6; i <= 1; i++)
        CHECK_INT(say(GROCER, (uint32_t)(TODAY + i), "SEK", 100 + i), VERDICT_ACCEPTED);
    driver_pass(driver, 60000);
    CHECK_INT(say(GROCER, TODAY + 1, "SEK", 1), VERDICT_BAD_RATE);
    CHECK_INT(say(GROCER, TODAY - 7, "SEK", 1), VERDICT_ACCEPTED); /* before all of them */
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY - 7), "none");
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY - 6), "94 of -6");
    CHECK_TEXT(rate_of(GROCER, "SEK", TODAY + 1), "101 of 1");
    CHECK(sound(driver->state));
    driver_seal(driver);
    buffer_init(&image, IMAGE_LIMIT);
    image_of(driver->state, &image);
    CHECK(image_read(driver->charter, buffer_bytes(&image), &copy, NULL));
    state_close(copy);
    buffer_release(&image);
    driver_close(driver);
}

CASE(a_partner_has_so_many_currencies)
{
    struct transaction t = {.type = TRANSACTION_EXCHANGE_RATES};
    struct day_rates *rates = &t.body.deal.rates;
    set_up();
    rates->day = TODAY;
    rates->count = RATES_MAX;
    for (size_t i = 0; i < RATE_CURRENCIES_MAX; i++) {
        struct currency_rate *rate = &rates->at[i % RATES_MAX];
        *rate = (struct currency_rate){.currency = "AAA", .rate = {1}};
        rate->currency[0] = (char)('F' + i / RATES_MAX);
        rate->currency[1] = (char)('A' + i % RATES_MAX / 26);
        rate->currency[2] = (char)('A' + i % RATES_MAX % 26);
        if (i % RATES_MAX == RATES_MAX - 1)
            CHECK_INT(driver_apply(driver, GROCER, &t), VERDICT_ACCEPTED);
    }
    CHECK_INT(say(GROCER, TODAY, "SEK", 1), VERDICT_BAD_RATE);
    CHECK_INT(say(GROCER, TODAY, "FAA", 2), VERDICT_ACCEPTED);
    CHECK_INT(say(BOOKS, TODAY, "SEK", 1), VERDICT_ACCEPTED);
    CHECK(sound(driver->state));
    driver_close(driver);
}

/* What is said is part of what a quorum signs. */
CASE(the_digest_tells_one_rate_from_another)
{
    struct hash digests[2];
    for (int i = 0; i < 2; i++) {
        set_up();
        CHECK_INT(say(GROCER, TODAY, "SEK", 87100 + i), VERDICT_ACCEPTED);
        driver_pass(driver, 1000);
        digests[i] = state_digest(driver->state);
        driver_close(driver);
    }
    CHECK(!hash_equal(&digests[0], &digests[1]));
}

/* ---- what a purchase is worth ---------------------------------------------------------------- */

CASE(an_amount_is_converted_exactly_and_rounded_half_up)
{
    static const struct {
        int64_t amount, rate, worth; /* 0: none */
    } rows[] = {
        {249000000, 87100, 21687900},
        {1, 500000, 1},
        {1, 499999, 0},
        {3, 500000, 2},
        {7, 1000000, 7},
        {1, 1, 0},
        {1000000, 1, 1},
        {INT64_MAX, 1000000, INT64_MAX},
        {INT64_MAX, 1000001, 0},
        {INT64_MAX, RATE_MICRO_MAX, 0},
        {9223372036854, RATE_MICRO_MAX, INT64_C(9223372036854000000)},
        {9223372036855, RATE_MICRO_MAX, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct micro amount = {rows[i].amount}, rate = {rows[i].rate}, worth = {0};
        CHECK_INT(exchange_rate_convert(amount, rate, &worth), rows[i].worth > 0);
        CHECK_INT(worth.v, rows[i].worth);
    }
}

/* ---- images ---------------------------------------------------------------------------------- */

enum {
    ROW_ONE = 12,                         /* after the section's head */
    PART_ONE = ROW_ONE + 6,               /* yesterday */
    PART_TWO = PART_ONE + RATE_PART_SIZE, /* today */
    ROW_TWO = PART_TWO + RATE_PART_SIZE,  /* in another currency */
    PART_THREE = ROW_TWO + 6,
    SECTION_SIZE = PART_THREE + RATE_PART_SIZE /* the last section */
};

static void image_of_rates(struct buffer *image)
{
    set_up();
    CHECK_INT(say(GROCER, TODAY - 1, "NOK", 85000), VERDICT_ACCEPTED);
    CHECK_INT(say_both(GROCER, TODAY, "NOK", 87100, "SEK"), VERDICT_ACCEPTED);
    driver_seal(driver);
    buffer_init(image, IMAGE_LIMIT);
    image_of(driver->state, image);
}

CASE(an_image_goes_on_with_what_was_said)
{
    struct buffer image, again;
    struct state *copy = NULL;
    image_of_rates(&image);
    buffer_init(&again, IMAGE_LIMIT);
    REQUIRE(image_read(driver->charter, buffer_bytes(&image), &copy, NULL));
    CHECK(sound(copy));
    image_of(copy, &again);
    CHECK(bytes_equal(buffer_bytes(&image), buffer_bytes(&again)));
    struct day_rate rate = {.day = 0};
    CHECK(exchange_rates_find(state_exchange_rates(copy), (struct partner_id){GROCER}, "NOK",
                              TODAY - 1, &rate));
    CHECK_INT(rate.rate.v, 85000);
    state_close(copy);
    buffer_release(&again);
    buffer_release(&image);
    driver_close(driver);
}

CASE(an_image_of_rates_that_cannot_be_is_refused)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {"no partner", ROW_TWO + 1, 2, "no partner"},
        {"of another partner", ROW_TWO + 1, BOOKS, NULL}, /* fine */
        {"partners out of order", ROW_ONE + 1, BOOKS, "does not add up"},
        {"currencies out of order", ROW_ONE + 2, 'T', "does not add up"},
        {"no currency", ROW_ONE + 2, 'n', "does not add up"},
        {"no day", ROW_TWO + 5, 0, "does not add up"},
        {"nine days", ROW_ONE + 5, 9, "too many days"},
        {"days out of order", PART_ONE + 3, TODAY & 0xff, "does not add up"},
        {"a day to come", PART_TWO + 2, (TODAY >> 8) + 1, "does not add up"},
        {"a day far off", PART_TWO, 0xff, "does not add up"},
        {"a rate too high", PART_THREE + 4, 1, "does not add up"},
        {"a rate below 0", PART_THREE + 4, 0x80, "does not add up"},
    };
    struct buffer image;
    image_of_rates(&image);
    uint8_t *section = image.at + image.size - HASH_SIZE - SECTION_SIZE;
    REQUIRE(get_u32be(section) == SECTION_RATES && get_u64be(section + 4) == 2);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct state *copy = NULL;
        struct error error = {.text = ""};
        uint8_t kept = section[rows[i].at];
        section[rows[i].at] = rows[i].byte;
        image_seal(image.at, image.size);
        bool read = image_read(driver->charter, buffer_bytes(&image), &copy, &error);
        if (read != (rows[i].why == NULL) || (rows[i].why && !strstr(error.text, rows[i].why))) {
            printf("%s: %s\n", rows[i].what, error.text);
            CHECK(!"is refused for its reason");
        }
        CHECK(read || error.code == ERROR_CORRUPT);
        state_close(copy);
        section[rows[i].at] = kept;
    }
    /* The charter's own, and a rate of nothing. */
    struct rate_row row = {.currency = "EUR", .count = 1, .at = {{TODAY, {1}}}};
    struct exchange_rates rates = {.at = NULL};
    CHECK(!exchange_rates_add(&rates, &row, "EUR", TODAY));
    CHECK(exchange_rates_add(&rates, &row, "SEK", TODAY));
    memcpy(row.currency, "NOK", CURRENCY_SIZE);
    row.at[0].rate.v = 0;
    CHECK(!exchange_rates_add(&rates, &row, "SEK", TODAY));
    exchange_rates_release(&rates);
    buffer_release(&image);
    driver_close(driver);
}

int main(void)
{
    RUN(rates_are_of_today_or_one_of_the_seven_days_before);
    RUN(currencies_ascend_and_none_is_the_charters);
    RUN(they_are_the_writers_own);
    RUN(the_rate_of_a_day_is_its_own_or_the_last_one_of_a_week);
    RUN(the_last_eight_days_are_kept);
    RUN(a_day_that_comes_twice_forgets_nothing_later);
    RUN(a_partner_has_so_many_currencies);
    RUN(the_digest_tells_one_rate_from_another);
    RUN(an_amount_is_converted_exactly_and_rounded_half_up);
    RUN(an_image_goes_on_with_what_was_said);
    RUN(an_image_of_rates_that_cannot_be_is_refused);
    return check_report();
}
