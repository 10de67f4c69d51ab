/* business_days.h - the charter's working days: which days of the week rest, and which dates.
 *
 * Deadlines of a settlement count in them. Pure. Threads: any.
 */
#ifndef PARTNERS_BUSINESS_DAYS_H
#define PARTNERS_BUSINESS_DAYS_H

#include "partners/date.h"

enum {
    HOLIDAYS_MAX = 4096,       /* a century of 40 a year */
    BUSINESS_DAYS_MAX = 366,   /* of one deadline */
    SATURDAY_AND_SUNDAY = 0x60 /* bits 5 and 6 of rest_days */
};

struct business_days {
    uint8_t rest_days;       /* bit i: the day of date_weekday() i rests; not all seven do */
    const int64_t *holidays; /* days since 1970, ascending */
    size_t holiday_count;
};

/* Whether the calendar is one: ascending holidays, a day of the week that works, within bounds. */
bool business_days_check(const struct business_days *calendar, struct error *error) MUST_USE;
bool business_day(const struct business_days *calendar, int64_t day);
/* The first business day from `day` on, and `count` more after it: T + count. At most
 * BUSINESS_DAYS_MAX. */
int64_t business_days_later(const struct business_days *calendar, int64_t day, uint32_t count);

#endif
