#include "partners/period_calendar.h"

#include "partners/date.h"
#include "protocol/settle.h"

#include <stdio.h>
#include <string.h>

enum {
    FIRST_YEAR = 1970,
    MONTHS = 12,
    DAYS_A_WEEK = 7,
    MONDAY_BEFORE = 3, /* 1970-01-01 was a Thursday: week 0 began three days earlier */
    THURSDAY = 3       /* the day of an ISO week that tells its year */
};

static struct date month_start(uint32_t number)
{
    return (struct date){FIRST_YEAR + number / MONTHS, number % MONTHS + 1, 1};
}

static uint32_t month_of_day(int64_t day)
{
    struct date date = date_from_days(day > 0 ? day : 0); /* west of Greenwich on the first day */
    return (uint32_t)((date.year - FIRST_YEAR) * MONTHS + date.month - 1);
}

uint32_t month_at(const struct charter *charter, uint64_t time_ms)
{
    uint32_t month = month_of_day(charter_day(charter, time_ms));
    return month < MONTH_MAX ? month : MONTH_MAX; /* east of Greenwich on the last day */
}

static uint32_t of_day(const struct charter *charter, int64_t day)
{
    if (day < 0)
        day = 0; /* west of Greenwich on the first day */
    switch (charter->settlement.every) {
    case PERIOD_MONTH:
        return month_of_day(day);
    case PERIOD_WEEK:
        return (uint32_t)((day + MONDAY_BEFORE) / DAYS_A_WEEK);
    case PERIOD_DAY:
        return (uint32_t)day;
    }
    return 0;
}

uint32_t period_at(const struct charter *charter, uint64_t time_ms)
{
    return of_day(charter, charter_day(charter, time_ms));
}

int64_t period_first_day(const struct charter *charter, uint32_t number)
{
    must(number <= PERIOD_NUMBER_MAX);
    switch (charter->settlement.every) {
    case PERIOD_MONTH:
        return date_to_days(month_start(number));
    case PERIOD_WEEK:
        return (int64_t)number * DAYS_A_WEEK - MONDAY_BEFORE;
    case PERIOD_DAY:
        return number;
    }
    return 0;
}

int64_t period_last_day(const struct charter *charter, uint32_t number)
{
    return period_first_day(charter, number + 1) - 1;
}

uint64_t period_ends_ms(const struct charter *charter, uint32_t number)
{
    return charter_day_start(charter, period_last_day(charter, number) + 1);
}

/* ---- names --------------------------------------------------------------------------------- */

void month_name(uint32_t number, char name_out[MONTH_NAME_SIZE])
{
    struct date date = month_start(number < MONTH_MAX ? number : MONTH_MAX);
    snprintf(name_out, MONTH_NAME_SIZE, "%04d-%02d", (int)(date.year % 10000),
             (int)(date.month % 100));
}

bool month_from_name(const char *name, uint32_t *number_out)
{
    char day[DATE_TEXT_SIZE];
    struct date date;
    if (strlen(name) != sizeof("2026-11") - 1)
        return false;
    snprintf(day, sizeof(day), "%s-01", name);
    if (!date_parse(bytes_text(day), &date))
        return false;
    *number_out = month_of_day(date_to_days(date));
    return true;
}

static void week_name(int64_t monday, char name_out[PERIOD_NAME_SIZE])
{
    struct date thursday = date_from_days(monday + THURSDAY);
    int64_t new_year = date_to_days((struct date){thursday.year, 1, 1});
    int week = (int)((monday + THURSDAY - new_year) / DAYS_A_WEEK) + 1;
    snprintf(name_out, PERIOD_NAME_SIZE, "%04d-W%02d", (int)(thursday.year % 10000), week % 100);
}

void period_name(const struct charter *charter, uint32_t number, char name_out[PERIOD_NAME_SIZE])
{
    char day[DATE_TEXT_SIZE];
    int64_t first = period_first_day(charter, number);
    if (charter->settlement.every == PERIOD_WEEK) {
        week_name(first, name_out);
        return;
    }
    date_format(date_from_days(first), day);
    if (charter->settlement.every == PERIOD_MONTH)
        day[sizeof("2026-11") - 1] = 0;
    snprintf(name_out, PERIOD_NAME_SIZE, "%s", day);
}

/* By way of its day: the one name of that period is the only one that is taken. */
bool period_from_name(const struct charter *charter, struct bytes name, uint32_t *number_out)
{
    char text[DATE_TEXT_SIZE] = "", own[PERIOD_NAME_SIZE];
    struct date date;
    if (name.size == 0 || name.size >= PERIOD_NAME_SIZE)
        return false;
    memcpy(text, name.at, name.size);
    int64_t week = 0;
    if (charter->settlement.every == PERIOD_WEEK) {
        if (name.size != sizeof("2026-W48") - 1 || text[5] != 'W' || text[6] < '0' ||
            text[6] > '5' || text[7] < '0' || text[7] > '9')
            return false;
        week = (text[6] - '0') * 10 + text[7] - '0';
        memcpy(text + 4, "-01-04", sizeof("-01-04")); /* is always in week 1 */
    } else if (charter->settlement.every == PERIOD_MONTH) {
        if (name.size != sizeof("2026-11") - 1)
            return false;
        memcpy(text + name.size, "-01", sizeof("-01"));
    }
    if (!date_parse(bytes_text(text), &date))
        return false;
    int64_t day = date_to_days(date) + (week > 0 ? (week - 1) * DAYS_A_WEEK : 0);
    *number_out = of_day(charter, day);
    period_name(charter, *number_out, own);
    return bytes_equal(bytes_text(own), name);
}
