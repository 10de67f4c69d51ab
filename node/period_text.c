#include "node/period_text.h"

#include "partners/date.h"

#include <inttypes.h>
#include <stdio.h>

enum { LAST_YEAR = 9999, LAST_MONTH = 12, LAST_DAY = 31, THURSDAY = 3 };

static bool has_date(int64_t day)
{
    return day >= 0 && day <= date_to_days((struct date){LAST_YEAR, LAST_MONTH, LAST_DAY});
}

void period_text(const struct charter *charter, uint32_t number, char text_out[PERIOD_TEXT_SIZE])
{
    char name[PERIOD_NAME_SIZE];
    /* A week is named by its Thursday; week 0 begins before 1970. */
    if (!charter || !has_date(period_first_day(charter, number) + THURSDAY)) {
        (void)snprintf(text_out, PERIOD_TEXT_SIZE, "number %" PRIu32, number);
        return;
    }
    period_name(charter, number, name);
    (void)snprintf(text_out, PERIOD_TEXT_SIZE, "%s", name);
}

bool day_text(int64_t day, char text_out[PERIOD_TEXT_SIZE])
{
    char text[DATE_TEXT_SIZE];
    if (!has_date(day))
        return false;
    date_format(date_from_days(day), text);
    (void)snprintf(text_out, PERIOD_TEXT_SIZE, "%s", text);
    return true;
}
