/* Which period a day is in, and business days: by counting days from 1970 on. */
#include "node/naive_parts.h"

enum {
    FIRST_YEAR = 1970,
    LAST_MONTH = (9999 - FIRST_YEAR) * 12 + 11,
    WEEK = 7,
    THURSDAY = 3 /* 1970-01-01 was one; Monday is 0 */
};

static int64_t month_length(int64_t year, int64_t month)
{
    static const int64_t lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return lengths[month] + (month == 1 && leap);
}

/* How many days there are before a month of that number, since 1970. */
static int64_t days_before_month(uint32_t number)
{
    int64_t days = 0;
    for (uint32_t i = 0; i < number; i++)
        days += month_length(FIRST_YEAR + i / 12, i % 12);
    return days;
}

/* Days before the first one of a year. */
static int64_t days_before_year(int64_t year)
{
    int64_t last = year - 1, before = FIRST_YEAR - 1;
    return 365 * (year - FIRST_YEAR) + (last / 4 - last / 100 + last / 400) -
           (before / 4 - before / 100 + before / 400);
}

/* From a year on that it is not before: no year is longer than that. */
static uint32_t month_of(int64_t day)
{
    int64_t years = day / 366;
    uint32_t number = (uint32_t)years * 12;
    for (day -= days_before_year(FIRST_YEAR + years);
         day >= month_length(FIRST_YEAR + number / 12, number % 12); number++)
        day -= month_length(FIRST_YEAR + number / 12, number % 12);
    return number;
}

uint32_t naive_month(const struct naive *n, uint64_t time_ms)
{
    int64_t day = naive_day(n, time_ms);
    uint32_t month = month_of(day < 0 ? 0 : day);
    return month > LAST_MONTH ? LAST_MONTH : month;
}

/* West of Greenwich time begins on the day before. */
uint32_t naive_period_of(const struct naive_settlement *rules, int64_t day)
{
    if (day < 0)
        day = 0;
    if (rules->every == NAIVE_MONTHS)
        return month_of(day);
    return (uint32_t)(rules->every == NAIVE_WEEKS ? (day + THURSDAY) / WEEK : day);
}

int64_t naive_period_last_day(const struct naive_settlement *rules, uint32_t number)
{
    if (rules->every == NAIVE_MONTHS)
        return days_before_month(number + 1) - 1;
    return rules->every == NAIVE_WEEKS ? (int64_t)number * WEEK - THURSDAY + WEEK - 1 : number;
}

int64_t naive_year_of(int64_t day)
{
    return day < 0 ? 0 : month_of(day) / 12;
}

static bool is_worked(const struct naive_settlement *rules, int64_t day)
{
    if (rules->rests[(day + THURSDAY) % WEEK])
        return false;
    for (size_t i = 0; i < rules->holiday_count; i++)
        if (rules->holidays[i] == day)
            return false;
    return true;
}

/* Day 0 is the first one worked, from `day` on. Some day of the week is, and holidays end. */
int64_t naive_business_day(const struct naive_settlement *rules, int64_t day, uint32_t count)
{
    while (!is_worked(rules, day))
        day++;
    for (; count > 0; count--)
        do
            day++;
        while (!is_worked(rules, day));
    return day;
}
