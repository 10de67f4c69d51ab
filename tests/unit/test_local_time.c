// links: node
/* Moments by the clocks of a charter: what commands take for a day is shown as that day. */
#include "unit/coalition.h"

#include "node/local_time.h"

struct shown_time {
    const char *utc, *shown;
};

static void check_shown(const struct charter *charter, const struct shown_time *times, size_t count)
{
    char text[LOCAL_TIME_SIZE];
    for (size_t i = 0; i < count; i++) {
        local_time_of_text(charter, times[i].utc, text);
        CHECK_TEXT(text, times[i].shown);
    }
}

/* `later_s` from the moment on, `offset_s` until then; 0: always. */
static struct charter *in_zone(int32_t offset_s, uint64_t moment_ms, int32_t later_s)
{
    struct coalition_spec spec = {.names = {"anna", "bert"}};
    struct charter *draft = coalition_draft(&spec);
    draft->transition_count = moment_ms ? 2 : 1;
    draft->transitions[0].offset_s = offset_s;
    draft->transitions[1].from_ms = moment_ms;
    draft->transitions[1].offset_s = later_s;
    return coalition_found(draft);
}

/* Clocks go from +01:00 to +02:00 at 2027-03-28 01:00 UTC. */
CASE(a_day_is_shown_where_it_begins_and_else_the_time_with_its_offset)
{
    static const struct shown_time times[] = {
        {"2027-01-31T23:00:00Z", "2027-02-01"},
        {"2027-02-01T00:00:00Z", "2027-02-01T01:00:00+01:00"},
        {"2027-01-31T22:59:59.999Z", "2027-01-31T23:59:59.999+01:00"},
        {"2027-03-28T00:59:59Z", "2027-03-28T01:59:59+01:00"},
        {"2027-03-28T01:00:00Z", "2027-03-28T03:00:00+02:00"},
        {"2027-03-28T22:00:00Z", "2027-03-29"},
        {"2027-03-28T23:00:00Z", "2027-03-29T01:00:00+02:00"},
        {"9999-12-31T23:30:00Z", "9999-12-31T23:30:00.000Z"}, /* after the last day of all */
    };
    struct charter *charter = in_zone(3600, UINT64_C(1806195600000), 7200);
    check_shown(charter, times, ARRAY_SIZE(times));
    charter_close(charter);
}

CASE(clocks_that_are_behind_show_the_day_before)
{
    static const struct shown_time times[] = {
        {"2027-02-01T03:30:00Z", "2027-02-01"},
        {"2027-02-01T00:00:00Z", "2027-01-31T20:30:00-03:30"},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
    };
    struct charter *charter = in_zone(-12600, 0, 0);
    check_shown(charter, times, ARRAY_SIZE(times));
    charter_close(charter);
}

/* Of midnight to one there is nothing where clocks skip it. */
CASE(a_day_without_a_midnight_begins_after_the_skip)
{
    static const struct shown_time times[] = {
        {"2027-03-28T01:00:00Z", "2027-03-28"},
        {"2027-03-28T00:59:59Z", "2027-03-27T23:59:59-01:00"}};
    struct charter *charter = in_zone(-3600, UINT64_C(1806195600000), 0);
    check_shown(charter, times, ARRAY_SIZE(times));
    charter_close(charter);
}

CASE(what_has_no_local_text_is_shown_in_utc)
{
    static const struct shown_time times[] = {{"2027-02-01T00:00:00Z", "2027-02-01T00:00:00.000Z"}};
    struct charter *charter = in_zone(3601, 0, 0);
    check_shown(charter, times, ARRAY_SIZE(times));
    charter_close(charter);
}

CASE(what_is_no_time_stays_as_it_is)
{
    static const struct shown_time times[] = {
        {NULL, "-"},
        {"", "-"},
        {"soon", "soon"},
        {"2027-02-01T00:00:00Z", "2027-02-01T00:00:00Z"},
        {"0123456789012345678901234567890123456789", "012345678901234567890123456789012345678"}};
    check_shown(NULL, times, ARRAY_SIZE(times));
}

int main(void)
{
    RUN(a_day_is_shown_where_it_begins_and_else_the_time_with_its_offset);
    RUN(clocks_that_are_behind_show_the_day_before);
    RUN(a_day_without_a_midnight_begins_after_the_skip);
    RUN(what_has_no_local_text_is_shown_in_utc);
    RUN(what_is_no_time_stays_as_it_is);
    return check_report();
}
