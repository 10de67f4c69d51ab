#include "node/cli.h"

#include "protocol/limits.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static uint64_t clock_ms(clockid_t id)
{
    struct timespec now;
    must(clock_gettime(id, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t cli_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

uint64_t cli_steady_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void cli_sleep_ms(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Takes exactly `digits` decimal digits. */
static bool take_number(const char **at, int digits, int *value_out)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += digits;
    *value_out = value;
    return true;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_clock(const char **at, struct tm *tm, int *ms_out)
{
    if (!take_number(at, 2, &tm->tm_hour) || !take(at, ':') || !take_number(at, 2, &tm->tm_min))
        return false;
    if (take(at, ':') && !take_number(at, 2, &tm->tm_sec))
        return false;
    if (take(at, '.')) {
        int digits = 0;
        for (; **at >= '0' && **at <= '9'; ++*at, digits++)
            if (digits < 3)
                *ms_out = *ms_out * 10 + (**at - '0');
        if (digits == 0)
            return false;
        for (; digits < 3; digits++)
            *ms_out *= 10;
    }
    return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

bool cli_time_parse(const char *text, uint64_t *time_ms_out)
{
    struct tm tm = {0};
    int ms = 0;
    const char *at = text;
    if (!take_number(&at, 4, &tm.tm_year) || !take(&at, '-') || !take_number(&at, 2, &tm.tm_mon) ||
        !take(&at, '-') || !take_number(&at, 2, &tm.tm_mday))
        return false;
    int day = tm.tm_mday;
    if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || day < 1)
        return false;
    if ((take(&at, 'T') || take(&at, ' ')) && !take_clock(&at, &tm, &ms))
        return false;
    (void)take(&at, 'Z');
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t seconds = timegm(&tm);
    if (*at != '\0' || tm.tm_mday != day || seconds < 0) /* 30 February became March */
        return false;
    *time_ms_out = (uint64_t)seconds * 1000 + (uint64_t)ms;
    return *time_ms_out <= TIME_MS_MAX;
}

void cli_time_format(uint64_t time_ms, char text_out[32])
{
    time_t seconds = (time_t)((time_ms <= TIME_MS_MAX ? time_ms : TIME_MS_MAX) / 1000);
    struct tm tm;
    char day[24];
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text_out, 32, "%s.%03uZ", day, (unsigned)(time_ms % 1000));
}

bool cli_duration_parse(const char *text, uint64_t *ms_out)
{
    size_t size = strlen(text);
    uint64_t unit_ms = 1000;
    static const struct {
        char letter;
        uint64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (size && text[size - 1] == units[i].letter) {
            unit_ms = units[i].ms;
            size--;
            break;
        }
    uint64_t count;
    if (!parse_u64(bytes_of(text, size), 100000000, &count))
        return false;
    *ms_out = count * unit_ms;
    return true;
}

bool cli_micro_parse(const char *text, int64_t *micro_out)
{
    const char *point = strchr(text, '.');
    size_t whole_size = point ? (size_t)(point - text) : strlen(text);
    size_t decimals = point ? strlen(point + 1) : 0;
    uint64_t whole;
    uint64_t part = 0;
    if (!parse_u64(bytes_of(text, whole_size), 1000000000000, &whole) || (point && !decimals))
        return false;
    for (size_t i = 0; i < 6 || i < decimals; i++) {
        char digit = i < decimals ? point[1 + i] : '0';
        if (digit < '0' || digit > '9' || (i >= 6 && digit != '0'))
            return false;
        if (i < 6)
            part = part * 10 + (uint64_t)(digit - '0');
    }
    *micro_out = (int64_t)(whole * 1000000 + part);
    return true;
}

bool cli_amount_parse(const char *text, int64_t max_micro, char code_out[CURRENCY_SIZE],
                      int64_t *micro_out)
{
    int64_t micro;
    size_t size = CURRENCY_SIZE - 1;
    if (strlen(text) <= size || text[size] != '=' || !currency_valid(bytes_of(text, size)) ||
        !cli_micro_parse(text + size + 1, &micro) || micro < 1 || micro > max_micro)
        return false;
    memcpy(code_out, text, size);
    code_out[size] = 0;
    *micro_out = micro;
    return true;
}
