// links: partners
/* Calendar days: known ones, every day of eight centuries, and texts. */
#include "check.h"
#include "partners/date.h"

CASE(known_days_have_their_numbers)
{
    CHECK_INT(date_to_days((struct date){1970, 1, 1}), 0);
    CHECK_INT(date_to_days((struct date){1969, 12, 31}), -1);
    CHECK_INT(date_to_days((struct date){2000, 2, 29}), 11016);
    CHECK_INT(date_to_days((struct date){2026, 11, 30}), 20787);
    CHECK_INT(date_weekday(0), 3);
    CHECK_INT(date_weekday(date_to_days((struct date){2026, 11, 27})), 4);
    CHECK_INT(date_weekday(date_to_days((struct date){1969, 12, 28})), 6);
}

CASE(every_day_follows_the_one_before)
{
    struct date date = {1600, 1, 1};
    int64_t first = date_to_days(date);
    for (int64_t day = first; day < first + 2 * 146097; day++) {
        struct date seen = date_from_days(day);
        REQUIRE(seen.year == date.year && seen.month == date.month && seen.day == date.day);
        REQUIRE(date_to_days(seen) == day);
        if (++date.day > date_month_length(date.year, date.month)) {
            date.day = 1;
            date.year += date.month == 12;
            date.month = date.month % 12 + 1;
        }
    }
    CHECK_INT(date.year, 2400);
}

CASE(texts_are_days_of_the_calendar_or_refused)
{
    static const char *const bad[] = {"",           "2026-11-3",  "2026-11-31", "2025-02-29",
                                      "2026-13-01", "2026-00-10", "2026-01-00", "1969-12-31",
                                      "2026/01/01", "20260101",   "2026-01-01Z"};
    struct date date = {1, 2, 3};
    char text[DATE_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!date_parse(bytes_text(bad[i]), &date));
    CHECK_INT(date.year, 1);
    REQUIRE(date_parse(bytes_text("2024-02-29"), &date));
    CHECK_INT(date.month, 2);
    CHECK_INT(date.day, 29);
    date_format(date, text);
    CHECK_TEXT(text, "2024-02-29");
}

int main(void)
{
    RUN(known_days_have_their_numbers);
    RUN(every_day_follows_the_one_before);
    RUN(texts_are_days_of_the_calendar_or_refused);
    return check_report();
}
