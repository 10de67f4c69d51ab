#include "node/local_time.h"

#include "node/time_text.h"
#include "partners/date.h"
#include "protocol/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_S = 60, HOUR_S = 3600, TO_SECONDS = 19 /* "2026-11-10T08:30:00" */ };

/* A zone of before 1900 may be off by seconds, and the ends of time have no local text. */
static bool has_local_text(uint64_t time_ms, int32_t offset_s)
{
    int64_t local_ms = (int64_t)time_ms + offset_s * INT64_C(1000);
    return offset_s % MINUTE_S == 0 && local_ms >= 0 && local_ms <= (int64_t)TIME_MS_MAX;
}

static void put_offset(int32_t offset_s, char *out, size_t size)
{
    int32_t away_s = offset_s < 0 ? -offset_s : offset_s;
    if (offset_s == 0)
        (void)snprintf(out, size, "Z");
    else
        (void)snprintf(out, size, "%c%02" PRId32 ":%02" PRId32, offset_s < 0 ? '-' : '+',
                       away_s / HOUR_S, away_s % HOUR_S / MINUTE_S);
}

void local_time_format(const struct charter *charter, uint64_t time_ms,
                       char text_out[LOCAL_TIME_SIZE])
{
    char whole[TIME_TEXT_SIZE], offset[16];
    int32_t offset_s = charter ? charter_offset_s(charter, time_ms) : 0;
    if (!has_local_text(time_ms, offset_s)) {
        time_format(time_ms, whole);
        (void)snprintf(text_out, LOCAL_TIME_SIZE, "%s", whole);
        return;
    }
    time_format((uint64_t)((int64_t)time_ms + offset_s * INT64_C(1000)), whole);
    if (charter && charter_day_start(charter, charter_day(charter, time_ms)) == time_ms) {
        (void)snprintf(text_out, LOCAL_TIME_SIZE, "%.*s", DATE_TEXT_SIZE - 1, whole);
        return;
    }
    put_offset(offset_s, offset, sizeof(offset));
    (void)snprintf(text_out, LOCAL_TIME_SIZE, "%.*s%s",
                   time_ms % 1000 ? TO_SECONDS + 4 : TO_SECONDS, whole, offset);
}

void local_time_of_text(const struct charter *charter, const char *text,
                        char text_out[LOCAL_TIME_SIZE])
{
    uint64_t time_ms;
    if (text && time_parse(bytes_text(text), &time_ms))
        local_time_format(charter, time_ms, text_out);
    else
        (void)snprintf(text_out, LOCAL_TIME_SIZE, "%.*s", LOCAL_TIME_SIZE - 1,
                       text && text[0] ? text : "-");
}
