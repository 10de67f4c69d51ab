// links: partners
/* Periods by month, week and day: numbers, names, boundaries in a zone that moves its clocks. */
#include "unit/coalition.h"

#include "partners/period_calendar.h"
#include "protocol/settle.h"

/* Central Europe around the change of 2017-03-26 01:00 UTC. */
static struct charter *in_europe(enum period_kind every)
{
    struct coalition_spec spec = {.names = {"anna", "bert"}};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.every = every;
    draft->transition_count = 2;
    draft->transitions[0].offset_s = 3600;
    draft->transitions[1].from_ms = UINT64_C(1490490000000);
    draft->transitions[1].offset_s = 7200;
    return coalition_found(draft);
}

static int64_t day_of(int64_t year, int64_t month, int64_t day)
{
    return date_to_days((struct date){year, month, day});
}

static void check_name(const struct charter *charter, uint32_t number, const char *name)
{
    char text[PERIOD_NAME_SIZE];
    uint32_t back = 0;
    period_name(charter, number, text);
    CHECK_TEXT(text, name);
    CHECK(period_from_name(charter, bytes_text(name), &back));
    CHECK_INT(back, number);
}

static void check_no_name(const struct charter *charter, const char *name)
{
    uint32_t number;
    CHECK(!period_from_name(charter, bytes_text(name), &number));
}

/* Of every period: its end is the next one's first millisecond. */
static void check_boundaries(const struct charter *charter, uint32_t from, uint32_t to)
{
    char name[PERIOD_NAME_SIZE];
    for (uint32_t i = from; i < to; i++) {
        uint64_t end = period_ends_ms(charter, i);
        CHECK_INT(period_at(charter, end), i + 1);
        CHECK_INT(period_at(charter, end - 1), i);
        CHECK_INT(period_last_day(charter, i) + 1, period_first_day(charter, i + 1));
        period_name(charter, i, name);
        check_name(charter, i, name);
    }
}

CASE(months_of_a_zone)
{
    struct charter *charter = in_europe(PERIOD_MONTH);
    check_name(charter, 0, "1970-01");
    check_name(charter, (2017 - 1970) * 12 + 2, "2017-03");
    check_boundaries(charter, 1, 2000);
    /* April began at 22:00 UTC, an hour earlier than March did. */
    CHECK_INT(period_ends_ms(charter, (2017 - 1970) * 12 + 2),
              day_of(2017, 4, 1) * 86400000 - 2 * 3600000);
    CHECK_INT(period_ends_ms(charter, (2017 - 1970) * 12 + 1),
              day_of(2017, 3, 1) * 86400000 - 3600000);
    CHECK_INT(period_last_day(charter, (2016 - 1970) * 12 + 1), day_of(2016, 2, 29));
    check_no_name(charter, "2017-13");
    check_no_name(charter, "2017-3");
    check_no_name(charter, "2017-03-01");
    check_no_name(charter, "1969-12");
    check_no_name(charter, "");
    charter_close(charter);
}

CASE(weeks_begin_on_monday_and_are_named_by_iso_8601)
{
    struct charter *charter = in_europe(PERIOD_WEEK);
    CHECK_INT(period_first_day(charter, 1), day_of(1970, 1, 5));
    check_name(charter, 0, "1970-W01");
    check_boundaries(charter, 1, 5000);
    uint32_t number;
    REQUIRE(period_from_name(charter, bytes_text("2020-W53"), &number));
    CHECK_INT(period_first_day(charter, number), day_of(2020, 12, 28));
    REQUIRE(period_from_name(charter, bytes_text("2021-W01"), &number));
    CHECK_INT(period_first_day(charter, number), day_of(2021, 1, 4));
    check_no_name(charter, "2021-W53");
    check_no_name(charter, "2021-W00");
    check_no_name(charter, "2021-W1");
    check_no_name(charter, "2021-01");
    charter_close(charter);
}

CASE(days)
{
    struct charter *charter = in_europe(PERIOD_DAY);
    check_boundaries(charter, 1, 20000);
    check_name(charter, (uint32_t)day_of(2017, 3, 26), "2017-03-26");
    uint64_t length = period_ends_ms(charter, (uint32_t)day_of(2017, 3, 26)) -
                      period_ends_ms(charter, (uint32_t)day_of(2017, 3, 25));
    CHECK_INT(length, 23 * 3600000);
    check_no_name(charter, "2017-02-29");
    charter_close(charter);
}

CASE(the_last_times_are_in_periods_too)
{
    for (int i = PERIOD_MONTH; i <= PERIOD_DAY; i++) {
        struct charter *charter = in_europe((enum period_kind)i);
        uint32_t number = period_at(charter, TIME_MS_MAX);
        CHECK(number < PERIOD_NUMBER_MAX);
        CHECK(period_ends_ms(charter, number) >= TIME_MS_MAX);
        CHECK_INT(period_at(charter, 0), 0);
        charter_close(charter);
    }
}

int main(void)
{
    RUN(months_of_a_zone);
    RUN(weeks_begin_on_monday_and_are_named_by_iso_8601);
    RUN(days);
    RUN(the_last_times_are_in_periods_too);
    return check_report();
}
