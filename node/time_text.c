#include "node/time_text.h"

#include "protocol/limits.h"

#include <stdio.h>

enum { DAY_S = 86400 };

/* Days since 1970-01-01 of a proleptic Gregorian date, counted in eras of 400 years that begin in
 * March, so that the leap day is the last of its year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

void time_format(uint64_t time_ms, char text_out[TIME_TEXT_SIZE])
{
    must(time_ms <= TIME_MS_MAX);
    int64_t seconds = (int64_t)(time_ms / 1000), days = seconds / DAY_S + 719468;
    int64_t era = days / 146097, of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    int year = (int)(year_of_era + era * 400 + (month <= 2));
    int second = (int)(seconds % DAY_S);
    char text[64];
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
                   second / 3600, second / 60 % 60, second % 60, (int)(time_ms % 1000));
    (void)snprintf(text_out, TIME_TEXT_SIZE, "%.24s", text);
}

/* A cursor over the text: each step takes what it expects or marks the whole as bad. */
struct scan {
    struct bytes rest;
    bool failed;
};

static int scan_digits(struct scan *scan, size_t count, int min, int max)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (scan->rest.size <= i || scan->rest.at[i] < '0' || scan->rest.at[i] > '9') {
            scan->failed = true;
            return min;
        }
        value = value * 10 + (scan->rest.at[i] - '0');
    }
    scan->rest = bytes_of(scan->rest.at + count, scan->rest.size - count);
    if (value < min || value > max) {
        scan->failed = true;
        return min;
    }
    return value;
}

static bool scan_char(struct scan *scan, uint8_t a, uint8_t b)
{
    if (scan->rest.size == 0 || (scan->rest.at[0] != a && scan->rest.at[0] != b))
        return false;
    scan->rest = bytes_of(scan->rest.at + 1, scan->rest.size - 1);
    return true;
}

static void scan_want(struct scan *scan, uint8_t a, uint8_t b)
{
    if (!scan_char(scan, a, b))
        scan->failed = true;
}

static int scan_fraction_ms(struct scan *scan)
{
    if (!scan_char(scan, '.', '.'))
        return 0;
    int ms = 0, digits = 0;
    while (scan->rest.size > 0 && scan->rest.at[0] >= '0' && scan->rest.at[0] <= '9') {
        if (digits < 3)
            ms = ms * 10 + (scan->rest.at[0] - '0');
        digits++;
        scan->rest = bytes_of(scan->rest.at + 1, scan->rest.size - 1);
    }
    if (digits == 0)
        scan->failed = true;
    for (; digits < 3; digits++)
        ms *= 10;
    return ms;
}

static int64_t scan_offset_s(struct scan *scan)
{
    if (scan_char(scan, 'Z', 'z'))
        return 0;
    int sign = scan->rest.size > 0 && scan->rest.at[0] == '-' ? -1 : 1;
    scan_want(scan, '+', '-');
    int hours = scan_digits(scan, 2, 0, 23);
    scan_want(scan, ':', ':');
    return sign * (hours * 3600 + scan_digits(scan, 2, 0, 59) * 60);
}

bool time_parse(struct bytes text, uint64_t *time_ms_out)
{
    struct scan scan = {.rest = text};
    int year = scan_digits(&scan, 4, 1969, 9999);
    scan_want(&scan, '-', '-');
    int month = scan_digits(&scan, 2, 1, 12);
    scan_want(&scan, '-', '-');
    int day = scan_digits(&scan, 2, 1, 31);
    scan_want(&scan, 'T', 't');
    int hour = scan_digits(&scan, 2, 0, 23);
    scan_want(&scan, ':', ':');
    int minute = scan_digits(&scan, 2, 0, 59);
    scan_want(&scan, ':', ':');
    int second = scan_digits(&scan, 2, 0, 59);
    int ms = scan_fraction_ms(&scan);
    int64_t offset_s = scan_offset_s(&scan);
    if (scan.failed || scan.rest.size > 0 || day > days_in_month(year, month))
        return false;
    int64_t total_s =
        days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second - offset_s;
    if (total_s < 0 || total_s > (int64_t)(TIME_MS_MAX / 1000))
        return false;
    *time_ms_out = (uint64_t)total_s * 1000 + (uint64_t)ms;
    return true;
}
