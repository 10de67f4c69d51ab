/* The benchmark's own parts: what it draws, what it writes, what it counts. */
#include "bench/measure.h"
#include "bench/work_file.h"
#include "bench/zipf.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MEMBERS = 1000, COUNT = 200000, SEED = 7 };

static void path_of(char path_out[64])
{
    (void)snprintf(path_out, 64, "/tmp/accrue-test-bench.%d", (int)getpid());
}

static void open_new(uint32_t members, uint64_t seed, struct work_file *file_out)
{
    char path[64];
    struct error error;
    path_of(path);
    CHECK(work_file_make(path, members, COUNT, seed, &error));
    CHECK(work_file_open(path, file_out, &error));
    CHECK(unlink(path) == 0);
}

/* Against the definition, summed: within five standard deviations of each of the first ten ranks
 * and of the tail. */
CASE(zipf_draws_each_rank_as_often_as_its_definition_says)
{
    static const double exponents[] = {0.5, 0.99, 1.0, 1.5};
    for (size_t e = 0; e < ARRAY_SIZE(exponents); e++) {
        struct dice dice = {.state = SEED};
        struct zipf zipf;
        uint64_t seen[MEMBERS + 1] = {0};
        double sum = 0;
        zipf_init(&zipf, MEMBERS, exponents[e]);
        for (int k = 1; k <= MEMBERS; k++)
            sum += pow(k, -exponents[e]);
        for (int i = 0; i < COUNT; i++) {
            uint64_t drawn = zipf_draw(&zipf, &dice);
            CHECK(drawn >= 1 && drawn <= MEMBERS);
            seen[drawn > 10 ? 0 : drawn]++;
        }
        double tail = 1;
        for (int k = 1; k <= 10; k++) {
            double share = pow(k, -exponents[e]) / sum;
            tail -= share;
            CHECK(fabs((double)seen[k] - share * COUNT) < 5 * sqrt(share * COUNT));
        }
        CHECK(fabs((double)seen[0] - tail * COUNT) < 5 * sqrt(tail * COUNT));
    }
}

CASE(the_same_seed_makes_the_same_file_and_another_seed_another)
{
    struct work_file a, b, c;
    open_new(MEMBERS, SEED, &a);
    open_new(MEMBERS, SEED, &b);
    open_new(MEMBERS, SEED + 1, &c);
    CHECK(a.size == b.size && memcmp(a.at, b.at, a.size) == 0);
    CHECK(a.size == c.size && memcmp(a.at, c.at, a.size) != 0);
    work_file_close(&a);
    work_file_close(&b);
    work_file_close(&c);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, WORK_ID_SIZE);
}

CASE(four_of_five_earn_and_no_id_comes_twice)
{
    struct work_file file;
    uint64_t earns = 0;
    open_new(MEMBERS, SEED, &file);
    const uint8_t **ids = (const uint8_t **)allocate(COUNT, sizeof(*ids));
    for (uint64_t i = 0; i < COUNT; i++) {
        struct work work = work_file_at(&file, i);
        CHECK(work.member < MEMBERS);
        CHECK((work.points >= 10 && work.points <= 100) ||
              (work.points >= -10 && work.points <= -1));
        earns += work.points > 0;
        ids[i] = work.id;
    }
    CHECK(fabs((double)earns - 0.8 * COUNT) < 5 * sqrt(0.16 * COUNT));
    qsort(ids, COUNT, sizeof(*ids), by_id);
    for (uint64_t i = 1; i < COUNT; i++)
        CHECK(by_id(&ids[i - 1], &ids[i]) != 0);
    free(ids);
    work_file_close(&file);
}

CASE(the_parts_of_a_file_are_all_of_it_once)
{
    struct work_file file = {.count = 1003};
    uint64_t expected = 0;
    for (uint64_t i = 0; i < 12; i++) {
        uint64_t first, end;
        work_file_part(&file, i, 12, &first, &end);
        CHECK(first == expected && end >= first);
        expected = end;
    }
    CHECK(expected == file.count);
}

CASE(a_file_that_lost_its_tail_is_refused)
{
    char path[64];
    struct error error;
    struct work_file file;
    path_of(path);
    CHECK(work_file_make(path, 10, 100, SEED, &error));
    CHECK(truncate(path, 32 + 24 * 99) == 0);
    CHECK(!work_file_open(path, &file, &error));
    CHECK(unlink(path) == 0);
}

CASE(percentiles_are_those_of_the_sorted_times)
{
    struct times times = {0};
    CHECK(times_share_ms(&times, 0.5) == 0);
    for (uint64_t i = 1000; i > 0; i--)
        times_add(&times, i * 1000);
    CHECK(times_share_ms(&times, 0.5) == 501);
    CHECK(times_share_ms(&times, 0.99) == 991);
    CHECK(times_share_ms(&times, 1) == 1000);
    times_release(&times);
}

CASE(processor_time_and_memory_of_this_process_are_seen)
{
    struct watched self = {.pids = {getpid()}, .count = 1};
    uint64_t before = watched_cpu_us(&self), until = steady_us() + 10000000, rolled = 0;
    struct dice dice = {.state = SEED};
    do /* a tick may come between the two questions: roll all the same */
        for (int i = 0; i < 1000000; i++)
            rolled += dice_roll(&dice) & 1;
    while (watched_cpu_us(&self) == before && steady_us() < until);
    CHECK(rolled > 0);
    CHECK(watched_cpu_us(&self) > before);
    CHECK(watched_peak_kib(&self) > 100);
}

int main(void)
{
    printf("seed %d\n", SEED);
    RUN(zipf_draws_each_rank_as_often_as_its_definition_says);
    RUN(the_same_seed_makes_the_same_file_and_another_seed_another);
    RUN(four_of_five_earn_and_no_id_comes_twice);
    RUN(the_parts_of_a_file_are_all_of_it_once);
    RUN(a_file_that_lost_its_tail_is_refused);
    RUN(percentiles_are_those_of_the_sorted_times);
    RUN(processor_time_and_memory_of_this_process_are_seen);
    return check_report();
}
