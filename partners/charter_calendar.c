/* The charter's days and months: UTC transitions in the charter itself, so that two machines with
 * different zone files agree. Dates by the proleptic Gregorian calendar. */
#include "partners/charter.h"
#include "partners/date.h"

#define SECOND_MS INT64_C(1000)
#define DAY_MS    (86400 * SECOND_MS)

/* The stretch of the zone that a time is in, from 0; charters that say nothing have one, of UTC. */
static size_t stretch_at(const struct charter *charter, uint64_t time_ms)
{
    size_t i = charter->transition_count;
    while (i > 1 && charter->transitions[i - 1].from_ms > time_ms)
        i--;
    return i == 0 ? 0 : i - 1;
}

static int64_t offset_ms(const struct charter *charter, size_t stretch)
{
    return charter->transition_count == 0 ? 0 : charter->transitions[stretch].offset_s * SECOND_MS;
}

int32_t charter_offset_s(const struct charter *charter, uint64_t time_ms)
{
    return (int32_t)(offset_ms(charter, stretch_at(charter, time_ms)) / SECOND_MS);
}

/* The first moment at which clocks show the day: its midnight, or where they skip that, the skip.
 * Offsets are less than a day, so that the search need not begin earlier. */
uint64_t charter_day_start(const struct charter *charter, int64_t day)
{
    int64_t local_ms = day * DAY_MS;
    if (local_ms >= (int64_t)TIME_MS_MAX)
        return TIME_MS_MAX;
    size_t i = stretch_at(charter, local_ms > DAY_MS ? (uint64_t)(local_ms - DAY_MS) : 0);
    for (;; i++) {
        int64_t from_ms = i == 0 ? 0 : (int64_t)charter->transitions[i].from_ms;
        int64_t at_ms = local_ms - offset_ms(charter, i);
        if (at_ms < from_ms)
            at_ms = from_ms;
        if (i + 1 >= charter->transition_count ||
            at_ms < (int64_t)charter->transitions[i + 1].from_ms)
            return (uint64_t)at_ms;
    }
}

int64_t charter_day(const struct charter *charter, uint64_t time_ms)
{
    must(time_ms <= TIME_MS_MAX);
    int64_t local_ms = (int64_t)time_ms + offset_ms(charter, stretch_at(charter, time_ms));
    return local_ms < 0 ? -1 : local_ms / DAY_MS;
}

uint64_t charter_end_of_day(const struct charter *charter, uint64_t time_ms, uint32_t days)
{
    return charter_day_start(charter, charter_day(charter, time_ms) + 1 + days);
}

uint64_t charter_months_later(const struct charter *charter, uint64_t time_ms, uint32_t months)
{
    struct date date = date_from_days(charter_day(charter, time_ms));
    int64_t month = date.month - 1 + months;
    date.year += month / 12;
    date.month = month % 12 + 1;
    int64_t length = date_month_length(date.year, date.month);
    if (date.day > length)
        date.day = length;
    return charter_day_start(charter, date_to_days(date) + 1);
}

bool charter_time_parse(struct bytes text, uint64_t *time_ms_out)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    int64_t field[6] = {0};
    size_t at = 0;
    if (text.size != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (shape[i] != 'd') {
            if (text.at[i] != (uint8_t)shape[i])
                return false;
            at++;
        } else if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        else
            field[at] = field[at] * 10 + (text.at[i] - '0');
    }
    if (field[0] < 1970 || field[1] < 1 || field[1] > 12 || field[2] < 1 ||
        field[2] > date_month_length(field[0], field[1]) || field[3] > 23 || field[4] > 59 ||
        field[5] > 59)
        return false;
    int64_t days = date_to_days((struct date){field[0], field[1], field[2]});
    *time_ms_out =
        (uint64_t)(days * DAY_MS + ((field[3] * 60 + field[4]) * 60 + field[5]) * SECOND_MS);
    return true;
}

void charter_time_format(uint64_t time_ms, char text_out[CHARTER_TIME_SIZE])
{
    must(time_ms <= TIME_MS_MAX);
    struct date date = date_from_days((int64_t)time_ms / DAY_MS);
    uint64_t seconds = time_ms / 1000 % 86400;
    int64_t field[] = {date.year,
                       date.month,
                       date.day,
                       (int64_t)(seconds / 3600),
                       (int64_t)(seconds / 60 % 60),
                       (int64_t)(seconds % 60)};
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    size_t part = ARRAY_SIZE(field);
    for (size_t i = sizeof(shape) - 1; i-- > 0;) {
        bool digit = shape[i] == 'd';
        if (digit && shape[i + 1] != 'd')
            part--;
        text_out[i] = digit ? (char)('0' + field[part] % 10) : shape[i];
        if (digit)
            field[part] /= 10;
    }
    text_out[sizeof(shape) - 1] = 0;
}
