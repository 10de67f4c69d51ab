#include "partners/business_days.h"

#include <stdlib.h>

enum { ALL_DAYS = 0x7F };

bool business_days_check(const struct business_days *calendar, struct error *error)
{
    if ((calendar->rest_days & ALL_DAYS) == ALL_DAYS || (calendar->rest_days & ~ALL_DAYS) != 0)
        return error_set(error, ERROR_INVALID, "calendar: no day of the week works");
    if (calendar->holiday_count > HOLIDAYS_MAX)
        return error_set(error, ERROR_LIMIT, "calendar: more than %d holidays", HOLIDAYS_MAX);
    for (size_t i = 1; i < calendar->holiday_count; i++)
        if (calendar->holidays[i] <= calendar->holidays[i - 1])
            return error_set(error, ERROR_INVALID, "calendar: holidays are not in order");
    return true;
}

static int compare_days(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, two = *(const int64_t *)b;
    return one < two ? -1 : one > two;
}

bool business_day(const struct business_days *calendar, int64_t day)
{
    if (calendar->rest_days & 1 << date_weekday(day))
        return false;
    return calendar->holiday_count == 0 ||
           !bsearch(&day, calendar->holidays, calendar->holiday_count, sizeof(day), compare_days);
}

int64_t business_days_later(const struct business_days *calendar, int64_t day, uint32_t count)
{
    must(count <= BUSINESS_DAYS_MAX);
    /* Each week has a working day, and no more days rest besides than there are holidays. */
    int64_t last = day + 7 * ((int64_t)count + (int64_t)calendar->holiday_count + 1);
    while (!business_day(calendar, day) && day < last)
        day++;
    for (; count > 0; count--)
        for (day++; !business_day(calendar, day) && day < last;)
            day++;
    must(business_day(calendar, day));
    return day;
}
