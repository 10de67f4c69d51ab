#include "partners/date.h"

#include <string.h>

/* In eras of 400 years that start on 1 March: the leap day is then the last of its year. */
int64_t date_to_days(struct date date)
{
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
    int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct date date = {.year = year_of_era + era * 400,
                        .month = month < 10 ? month + 3 : month - 9,
                        .day = day_of_year - (153 * month + 2) / 5 + 1};
    date.year += date.month <= 2;
    return date;
}

int64_t date_month_length(int64_t year, int64_t month)
{
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : lengths[month - 1];
}

int date_weekday(int64_t days)
{
    int64_t weekday = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(weekday < 0 ? weekday + 7 : weekday);
}

static const char shape[] = "dddd-dd-dd";

bool date_parse(struct bytes text, struct date *date_out)
{
    int64_t field[3] = {0};
    size_t at = 0;
    if (text.size != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool digit = text.at[i] >= '0' && text.at[i] <= '9';
        if (shape[i] == 'd' ? !digit : text.at[i] != (uint8_t)shape[i])
            return false;
        if (digit)
            field[at] = field[at] * 10 + (text.at[i] - '0');
        else
            at++;
    }
    struct date date = {field[0], field[1], field[2]};
    if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > date_month_length(date.year, date.month))
        return false;
    *date_out = date;
    return true;
}

void date_format(struct date date, char text_out[DATE_TEXT_SIZE])
{
    must(date.year >= 0 && date.year <= 9999);
    int64_t field[] = {date.year, date.month, date.day};
    size_t part = ARRAY_SIZE(field);
    for (size_t i = sizeof(shape) - 1; i-- > 0;) {
        bool digit = shape[i] == 'd';
        if (digit && (shape[i + 1] != 'd'))
            part--;
        text_out[i] = digit ? (char)('0' + field[part] % 10) : shape[i];
        if (digit)
            field[part] /= 10;
    }
    text_out[sizeof(shape) - 1] = 0;
}
