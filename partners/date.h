/* date.h - calendar days by the proleptic Gregorian calendar, without zone or time of day.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_DATE_H
#define PARTNERS_DATE_H

#include "crypto/base.h"

enum { DATE_TEXT_SIZE = 11 /* "2026-11-30" */ };

struct date {
    int64_t year;
    int64_t month; /* 1..12 */
    int64_t day;   /* 1..31 */
};

/* Days since 1970-01-01; negative before it. Months and days must be those of a calendar. */
int64_t date_to_days(struct date date);
struct date date_from_days(int64_t days);
int64_t date_month_length(int64_t year, int64_t month);
/* 0 is Monday, 6 Sunday (ISO 8601 less one). */
int date_weekday(int64_t days);

/* ISO 8601, years 1970..9999, a day that the calendar has: "2026-11-30". */
bool date_parse(struct bytes text, struct date *date_out) MUST_USE;
void date_format(struct date date, char text_out[DATE_TEXT_SIZE]);

#endif
