/* A zone's UTC offsets out of the system's time zone data, so that the charter carries them and no
 * node ever asks its own machine. */
#include "node/coalition.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const time_t end_s = (time_t)4102444800; /* 2100-01-01 */
static const time_t day_s = 86400;

static int32_t offset_at(time_t time_s)
{
    struct tm tm;
    localtime_r(&time_s, &tm);
    return (int32_t)tm.tm_gmtoff;
}

/* The first second after `before` at which the offset is another; both ends are known to differ. */
static time_t find_change(time_t before, time_t after)
{
    int32_t offset = offset_at(before);
    while (after - before > 1) {
        time_t middle = before + (after - before) / 2;
        if (offset_at(middle) == offset)
            before = middle;
        else
            after = middle;
    }
    return after;
}

static bool name_is_safe(const char *name)
{
    char path[CLI_PATH_MAX];
    struct stat file;
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") !=
        strlen(name))
        return false;
    return cli_path(path, NULL, "/usr/share/zoneinfo/%s", name) && stat(path, &file) == 0 &&
           S_ISREG(file.st_mode);
}

static bool walk_days(struct charter *charter, struct error *error)
{
    charter->transitions[0].from_ms = 0;
    charter->transitions[0].offset_s = offset_at(0);
    charter->transition_count = 1;
    for (time_t at = 0; at < end_s; at += day_s) {
        if (offset_at(at) == offset_at(at + day_s))
            continue;
        time_t change = find_change(at, at + day_s);
        if (charter->transition_count == CHARTER_TRANSITIONS_MAX)
            return error_set(error, ERROR_LIMIT, "more than %d changes", CHARTER_TRANSITIONS_MAX);
        size_t place = charter->transition_count++;
        charter->transitions[place].from_ms = (uint64_t)change * 1000;
        charter->transitions[place].offset_s = offset_at(change);
    }
    return true;
}

bool zone_transitions(struct charter *charter, const char *name, struct error *error)
{
    snprintf(charter->zone, sizeof(charter->zone), "%s", name);
    if (strcmp(name, "UTC") == 0) {
        charter->transitions[0].from_ms = 0;
        charter->transitions[0].offset_s = 0;
        charter->transition_count = 1;
        return true;
    }
    if (!name_is_safe(name))
        return error_set(error, ERROR_NOT_FOUND,
                         "no time zone '%s' in /usr/share/zoneinfo (try Europe/Berlin; is the "
                         "package tzdata installed?)",
                         name);
    const char *before = getenv("TZ");
    char *kept = before ? strdup(before) : NULL;
    setenv("TZ", name, 1);
    tzset();
    bool ok = walk_days(charter, error);
    if (kept)
        setenv("TZ", kept, 1);
    else
        unsetenv("TZ");
    tzset();
    free(kept);
    return ok;
}
