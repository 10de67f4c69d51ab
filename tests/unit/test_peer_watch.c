// links: node
#include "check.h"
#include "node/peer_watch.h"

static struct peer_watch watch;
static uint64_t counts[FAULT_COUNT];
static struct log_field fields[FAULT_COUNT];

static size_t look(uint64_t now_ms)
{
    return peer_watch_look(&watch, counts, now_ms, fields);
}

static void set_up(void)
{
    watch = (struct peer_watch){0};
    for (size_t i = 0; i < FAULT_COUNT; i++)
        counts[i] = 0;
}

CASE(a_peer_without_a_fault_is_not_named)
{
    set_up();
    for (uint64_t now = 1000; now < 100000; now += 100)
        CHECK_INT(look(now), 0);
}

CASE(what_came_since_the_last_line_is_told)
{
    set_up();
    counts[FAULT_bad_signatures] = 5;
    REQUIRE(look(1000) == 1);
    CHECK(strcmp(fields[0].key, "bad_signatures") == 0);
    CHECK_INT(fields[0].number, 5);
    counts[FAULT_bad_signatures] = 12;
    counts[FAULT_conflicts] = 1;
    CHECK_INT(look(1000 + WATCH_FIRST_MS - 1), 0);
    REQUIRE(look(1000 + WATCH_FIRST_MS) == 2);
    CHECK(strcmp(fields[0].key, "conflicts") == 0);
    CHECK_INT(fields[1].number, 7);
}

CASE(what_honest_peers_do_now_and_then_is_not_told)
{
    set_up();
    counts[FAULT_unfetched_cuts] = 2;
    counts[FAULT_useless] = 999;
    CHECK_INT(look(1000), 0);
    counts[FAULT_unfetched_cuts] = 3;
    CHECK_INT(look(1000), 2);
}

CASE(a_liar_that_keeps_at_it_does_not_fill_the_log)
{
    size_t lines = 0;
    set_up();
    for (uint64_t now = 1000; now < 86400000; now += 100) {
        counts[FAULT_malformed] += 1000;
        lines += look(now) > 0;
    }
    CHECK(lines > 100 && lines < 160);
    /* It stopped for a while: the next fault is told at once again. */
    CHECK_INT(look(86400000 + WATCH_LAST_MS), 1);
    CHECK_INT(look(86400000 + 3 * WATCH_LAST_MS), 0);
    counts[FAULT_malformed]++;
    CHECK_INT(look(86400000 + 3 * WATCH_LAST_MS + 100), 1);
}

CASE(a_clock_that_was_put_back_silences_nothing)
{
    set_up();
    counts[FAULT_malformed] = 1;
    CHECK_INT(look(1000000), 1);
    counts[FAULT_malformed] = 2;
    CHECK_INT(look(1000), 1);
}

int main(void)
{
    RUN(a_peer_without_a_fault_is_not_named);
    RUN(what_came_since_the_last_line_is_told);
    RUN(what_honest_peers_do_now_and_then_is_not_told);
    RUN(a_liar_that_keeps_at_it_does_not_fill_the_log);
    RUN(a_clock_that_was_put_back_silences_nothing);
    return check_report();
}
