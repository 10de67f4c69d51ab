// links: node
#include "check.h"

#include "node/cli.h"
#include "protocol/deal.h"

#include <stdlib.h>
#include <string.h>

static uint64_t time_of(const char *text)
{
    uint64_t time_ms = 1;
    return cli_time_parse(text, &time_ms) ? time_ms : 1;
}

CASE(times_are_read_in_each_of_their_forms)
{
    CHECK_INT(time_of("1970-01-01T00:00:00Z"), 0);
    CHECK_INT(time_of("2017-01-01"), INT64_C(1483228800000));
    CHECK_INT(time_of("2017-01-01T12:30:27"), INT64_C(1483273827000));
    CHECK_INT(time_of("2017-01-01 12:30"), INT64_C(1483273800000));
    CHECK_INT(time_of("2017-01-01T12:30:27.5Z"), INT64_C(1483273827500));
    CHECK_INT(time_of("2017-01-01T12:30:27.1239Z"), INT64_C(1483273827123));
    CHECK_INT(time_of("2016-02-29"), INT64_C(1456704000000));
}

CASE(what_is_no_time_is_refused)
{
    static const char *const bad[] = {"",
                                      "2017",
                                      "2017-13-01",
                                      "2017-02-29",
                                      "2017-04-31",
                                      "2017-00-10",
                                      "1969-12-31",
                                      "2017-01-01T24:00:00",
                                      "2017-01-01T10:60:00",
                                      "2017-01-01T10:00:00+01:00",
                                      "2017-01-01T10:00:00.",
                                      "2017-01-01x",
                                      "2017-1-1"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK_INT(time_of(bad[i]), 1);
}

CASE(a_time_that_is_printed_reads_back)
{
    char text[32];
    cli_time_format(UINT64_C(1483273827045), text);
    CHECK_TEXT(text, "2017-01-01T12:30:27.045Z");
    CHECK_INT(time_of(text), INT64_C(1483273827045));
    cli_time_format(UINT64_MAX, text);
    CHECK_INT(strlen(text), 24);
}

CASE(spans_have_units)
{
    uint64_t ms = 7;
    CHECK(cli_duration_parse("90", &ms) && ms == 90000);
    CHECK(cli_duration_parse("15m", &ms) && ms == 900000);
    CHECK(cli_duration_parse("7d", &ms) && ms == UINT64_C(604800000));
    CHECK(!cli_duration_parse("", &ms) && !cli_duration_parse("d", &ms));
    CHECK(!cli_duration_parse("-1s", &ms) && !cli_duration_parse("1.5h", &ms));
    CHECK_INT(ms, 604800000);
}

CASE(money_is_read_exactly)
{
    int64_t micro = 7;
    CHECK(cli_micro_parse("0.0090", &micro) && micro == 9000);
    CHECK(cli_micro_parse("12", &micro) && micro == 12000000);
    CHECK(cli_micro_parse("0.000001", &micro) && micro == 1);
    CHECK(cli_micro_parse("1.00000000", &micro) && micro == 1000000);
    CHECK(!cli_micro_parse("0.0000001", &micro) && !cli_micro_parse("1.", &micro));
    CHECK(!cli_micro_parse("-1", &micro) && !cli_micro_parse(".5", &micro));
    CHECK(!cli_micro_parse("1e3", &micro) && !cli_micro_parse("", &micro));
    CHECK_INT(micro, 1000000);
}

CASE(an_amount_names_its_currency)
{
    static const char *const bad[] = {
        "",       "SEK",          "SEK=",   "sek=1",   "SE=1",
        "SEKR=1", "SEK=0",        "SEK=-1", "=1",      "SEK=0.0871x",
        "1 SEK",  "SEK 1",        "1=SEK",  "SEK=1,5", "SEK=1000000.01",
        "SEK=.5", "SEK=0.0000001"};
    char code[CURRENCY_SIZE] = "";
    int64_t micro = 7;
    CHECK(cli_amount_parse("SEK=0.0871", RATE_MICRO_MAX, code, &micro) && micro == 87100);
    CHECK_TEXT(code, "SEK");
    CHECK(cli_amount_parse("NOK=1000000", RATE_MICRO_MAX, code, &micro) && micro == RATE_MICRO_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!cli_amount_parse(bad[i], RATE_MICRO_MAX, code, &micro));
    CHECK_TEXT(code, "NOK");
    CHECK_INT(micro, RATE_MICRO_MAX);
    CHECK(cli_amount_parse("CHF=1000000000000", INT64_MAX, code, &micro));
    CHECK_INT(micro, INT64_C(1000000000000000000));
}

CASE(a_column_is_as_wide_as_its_longest_text_within_reason)
{
    json_t *rows = json_pack("[{s:s}, {s:s}, {s:i}, {}]", "a", "0123456789", "a", "012", "a", 7);
    REQUIRE(rows != NULL);
    CHECK_INT(cli_width(rows, "a", 4), 10);
    CHECK_INT(cli_width(rows, "a", 14), 14);
    CHECK_INT(cli_width(NULL, "a", 14), 14);
    char *much = memset(allocate(1001, 1), 'x', 1000); /* of a node that says anything */
    json_array_append_new(rows, json_pack("{s:s}", "a", much));
    CHECK_INT(cli_width(rows, "a", 4), NAME_SIZE_MAX);
    free(much);
    json_decref(rows);
}

int main(void)
{
    RUN(times_are_read_in_each_of_their_forms);
    RUN(what_is_no_time_is_refused);
    RUN(a_time_that_is_printed_reads_back);
    RUN(spans_have_units);
    RUN(money_is_read_exactly);
    RUN(an_amount_names_its_currency);
    RUN(a_column_is_as_wide_as_its_longest_text_within_reason);
    return check_report();
}
