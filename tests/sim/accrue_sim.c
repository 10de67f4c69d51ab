/* accrue-sim - plays whole coalitions from seeds and checks them at every step.
 *
 *   accrue-sim --seeds 1..300        play these; exit 1 and print the first seed that fails
 *   accrue-sim --seed 17             replay one, with what the nodes said
 *   accrue-sim --minutes 30          go on from a seed taken from the clock
 *   accrue-sim --attack all          play the directed attacks (directed.c)
 *   accrue-sim --crash-writes 60     crash a node at its k-th write, for k = 1..60, kept or lost
 *   accrue-sim --away 4              how fast a node that was away catches up
 *   accrue-sim --crowd               7 voters and 40 observers, whose membership changes
 *   accrue-sim --calm 4              no faults: virtual time and messages a height
 *   accrue-sim --plant no-lock|all   plant a bug; exit 0 when it is found
 *   accrue-sim --plant no-lock 327   replay one seed with the bug
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocol/plant.h"
#include "sim/directed.h"
#include "sim/world.h"

enum plant plant_active = PLANT_NONE;

enum { PLANT_SEEDS_MAX = 20000, CAUGHT_SEEDS_MIN = 50, CHANGED_SEEDS_MIN = 300 };

static const char *const plant_words[] = {
#define X(name, word, wrong) word,
    PLANTS(X)
#undef X
};
static const char *const plant_wrongs[] = {
#define X(name, word, wrong) wrong,
    PLANTS(X)
#undef X
};

/* Evidence at honest nodes, by kind, in all worlds played. */
static uint64_t caught[EVIDENCE_KIND_MAX + 1];
/* Changes of membership that took effect, by kind, and nodes that came back without their disk. */
static uint64_t changed[CHANGE_KIND_MAX + 1], returned;
/* In all worlds played: snapshots made, starts from one, histories that became whole. */
static uint64_t snapshots, joined, whole;
/* Settlement days that ended, by what became of them, and disputes of their lines. */
static uint64_t periods[PERIOD_SETTLED + 1], disputes, defaults, accounts, accounts_wait;
/* Partners at the end: whose collateral covers what they issued, and who issue no more. */
static uint64_t covered, stopped;
/* What partners agreed upon, and what came of it. */
static uint64_t contracts, ended, promoted, epochs, tariffs;
/* Honest nodes that refused to go on in the world played last. */
static size_t retired_count;

static bool play(const struct scenario *scenario, bool verbose, char why[SIM_TEXT])
{
    struct world *world = (struct world *)allocate(1, sizeof(*world));
    world->verbose = verbose;
    bool good = world_play(world, scenario);
    memcpy(why, world->why, SIM_TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
        caught[i] += world->evidence[i];
    for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
        changed[i] += world->changes[i];
    for (size_t i = 0; i < ARRAY_SIZE(periods); i++)
        periods[i] += world->periods[i];
    disputes += world->disputes;
    defaults += world->defaults;
    accounts += world->accounts;
    accounts_wait += world->accounts_wait;
    covered += world->covered;
    stopped += world->stopped;
    contracts += world->contracts;
    ended += world->ended;
    promoted += world->promoted;
    epochs += world->epochs;
    tariffs += world->tariffs;
    returned += world->returned;
    snapshots += world->snapshots;
    joined += world->joined;
    whole += world->whole;
    retired_count = 0;
    for (size_t i = 0; i < scenario->nodes; i++)
        retired_count += world->nodes[i].retired && !world->nodes[i].liar;
    if (verbose)
        printf("seed %" PRIu64 ": %zu nodes, %zu liars (%x), %zu heights, %" PRIu64
               " messages, %zu promises, %" PRIu64 " starts from an image, %" PRIu64
               " images refused, %" PRIu64 " snapshots, %" PRIu64 " starts from one, %" PRIu64
               " histories whole\n",
               scenario->seed, scenario->nodes, scenario->liars, scenario->lie_kinds,
               world->sealed_count, world->messages, world->promise_count, world->resumed,
               world->refused, world->snapshots, world->joined, world->whole);
    world_release(world);
    free(world);
    return good;
}

/* Liars of so many seeds tell every lie: each is caught by somebody. */
static bool caught_every_kind(void)
{
    bool every = true;
    printf("evidence:");
    for (size_t i = EVIDENCE_PROPOSALS; i <= EVIDENCE_KIND_MAX; i++) {
        printf(" %" PRIu64 " %s", caught[i], evidence_word((enum evidence_kind)i));
        every = every && caught[i] > 0;
    }
    puts("");
    return every;
}

/* Those that the scenarios draw; the others have tests of their own. */
static bool changed_in_every_way(void)
{
    static const enum change_kind kinds[] = {CHANGE_ADMIT,
                                             CHANGE_REMOVE_NODE,
                                             CHANGE_REMOVE_PARTNER,
                                             CHANGE_SET_VOTER,
                                             CHANGE_REPLACE_GOVERNANCE,
                                             CHANGE_REPLACE_KEYS,
                                             CHANGE_SET_LIMITS,
                                             CHANGE_SUSPEND,
                                             CHANGE_PROMOTE};
    bool every = returned > 0;
    printf("changes:");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        printf(" %" PRIu64 " %s", changed[kinds[i]], change_kind_word(kinds[i]));
        every = every && changed[kinds[i]] > 0;
    }
    printf("; %" PRIu64 " nodes came back without their disk\n", returned);
    return every;
}

static bool settled_in_every_way(void)
{
    bool every = disputes > 0 && defaults > 0 && accounts > 0 && accounts_wait > 0 && covered > 0 &&
                 stopped > 0;
    printf("settlement days:");
    for (int i = PERIOD_OPEN; i <= PERIOD_SETTLED; i++) {
        printf(" %" PRIu64 " %s", periods[i], period_state_word((enum period_state)i));
        every = every && periods[i] > 0;
    }
    printf("; %" PRIu64 " disputes, %" PRIu64 " defaults; accounts: %" PRIu64 " in force, %" PRIu64
           " wait; collateral: %" PRIu64 " covered, %" PRIu64 " stopped\n",
           disputes, defaults, accounts, accounts_wait, covered, stopped);
    return every;
}

static bool agreed_in_every_way(void)
{
    printf("agreed: %" PRIu64 " contracts, %" PRIu64 " ended, %" PRIu64
           " promotions that paid, %" PRIu64 " epochs, %" PRIu64 " tariffs\n",
           contracts, ended, promoted, epochs, tariffs);
    return contracts > 0 && ended > 0 && promoted > 0 && epochs > 0 && tariffs > 0;
}

static int play_range(uint64_t first, uint64_t last)
{
    char why[SIM_TEXT];
    uint64_t failed = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        struct scenario scenario = scenario_of(seed);
        if (play(&scenario, false, why))
            continue;
        failed++;
        printf("seed %" PRIu64 " fails: %s\n  replay: accrue-sim --seed %" PRIu64 "\n", seed, why,
               seed);
    }
    if (!caught_every_kind() && last - first + 1 >= CAUGHT_SEEDS_MIN) {
        puts("a kind of lie was never caught");
        failed++;
    }
    if (!changed_in_every_way() && last - first + 1 >= CHANGED_SEEDS_MIN) {
        puts("a kind of change never took effect");
        failed++;
    }
    if (!settled_in_every_way() && last - first + 1 >= CHANGED_SEEDS_MIN) {
        puts("a settlement day never came so far");
        failed++;
    }
    if (!agreed_in_every_way() && last - first + 1 >= CHANGED_SEEDS_MIN) {
        puts("nobody agreed on something");
        failed++;
    }
    printf("%" PRIu64 " snapshots, %" PRIu64 " starts from one, %" PRIu64 " histories whole\n",
           snapshots, joined, whole);
    if ((snapshots == 0 || joined == 0 || whole == 0) && last - first + 1 >= CAUGHT_SEEDS_MIN) {
        puts("no node began with a snapshot");
        failed++;
    }
    printf("%" PRIu64 " seeds played, %" PRIu64 " failed\n", last - first + 1, failed);
    return failed ? 1 : 0;
}

static int play_minutes(uint64_t minutes)
{
    time_t end = time(NULL) + (time_t)minutes * 60;
    uint64_t first = (uint64_t)time(NULL) * 1000, seed = first;
    char why[SIM_TEXT];
    while (time(NULL) < end) {
        struct scenario scenario = scenario_of(++seed);
        if (!play(&scenario, false, why)) {
            printf("seed %" PRIu64 " fails: %s\n  replay: accrue-sim --seed %" PRIu64 "\n", seed,
                   why, seed);
            return 1;
        }
        if ((seed - first) % 200 == 0) {
            printf("%" PRIu64 " seeds played\n", seed - first);
            (void)fflush(stdout);
        }
    }
    printf("%" PRIu64 " seeds played, 0 failed\n", seed - first);
    return 0;
}

/* A scenario bent so that the planted mistake has room to matter. */
static struct scenario planted_scenario(enum plant plant, uint64_t seed)
{
    struct scenario s = scenario_of(seed);
    s.nodes = 4;
    s.joiners = 0;
    s.motions = false;
    s.liars = 1;
    s.wipes = false;
    s.lie_kinds = LIE_EQUIVOCATE | LIE_DOUBLE_VOTE;
    s.timeout_ms = 40;
    s.delay_ms = 60;
    s.trouble_ms = 12000;
    s.submits = 150;
    if (plant == PLANT_LOST_STORE)
        s.wipes = s.crashes = true;
    if (plant == PLANT_EARLY_COUNT) {
        s.crashes = true;
        s.slow_write_ms = 150;
    }
    if (plant == PLANT_EARLY_COSIGN) {
        s.crashes = true;
        s.slow_write_ms = 100;
    }
    if (plant == PLANT_OLD_VOTERS || plant == PLANT_LOST_BATCHES) {
        s.motions = true;
        s.joiners = 2;
        s.nodes += s.joiners;
        s.liars = 0;
    }
    if (plant == PLANT_NO_PROOF || plant == PLANT_LOCAL_TEST) {
        s.loss = 350;
        s.partitions = true;
    }
    return s;
}

static int find_plant(enum plant plant)
{
    char why[SIM_TEXT];
    for (uint64_t seed = 1; seed <= PLANT_SEEDS_MAX; seed++) {
        struct scenario scenario = planted_scenario(plant, seed);
        plant_active = plant;
        bool passed = play(&scenario, false, why);
        plant_active = PLANT_NONE;
        char sound[SIM_TEXT];
        /* The same seed without the bug must pass: it is the bug that is found, not the weather. */
        bool sound_passes = !passed && play(&scenario, false, sound);
        /* A node that lost its store must have been told, and stop, where the plant signs on. */
        if (sound_passes && (plant != PLANT_LOST_STORE || retired_count > 0)) {
            printf("planted %s (%s): found with seed %" PRIu64 ": %s\n", plant_words[plant],
                   plant_wrongs[plant], seed, why);
            return 0;
        }
    }
    printf("planted %s (%s): NOT found in %d seeds\n", plant_words[plant], plant_wrongs[plant],
           PLANT_SEEDS_MAX);
    return 1;
}

static int find_plants(const char *word)
{
    int missed = 0, known = 0;
    for (size_t i = 1; i < ARRAY_SIZE(plant_words); i++)
        if (strcmp(word, "all") == 0 || strcmp(word, plant_words[i]) == 0) {
            known++;
            missed += find_plant((enum plant)i);
        }
    if (!known) {
        (void)fprintf(stderr, "accrue-sim: no such plant: %s\n", word);
        return 2;
    }
    return missed ? 1 : 0;
}

/* One planted seed again, with what the nodes said. */
static int replay_plant(const char *word, uint64_t seed)
{
    char why[SIM_TEXT];
    for (size_t i = 1; i < ARRAY_SIZE(plant_words); i++) {
        if (strcmp(word, plant_words[i]) != 0)
            continue;
        struct scenario scenario = planted_scenario((enum plant)i, seed);
        plant_active = (enum plant)i;
        bool good = play(&scenario, true, why);
        printf("%s%s\n", good ? "passed" : "FAILED: ", good ? "" : why);
        return good ? 1 : 0;
    }
    return 2;
}

/* Calm weather, and node 0 dies once: while its k-th group is being written, which a quarter of an
 * hour later is there or is not. Nothing else may help it: every promise was made before. */
static int crash_at_writes(uint64_t last)
{
    static const size_t sizes[] = {1, 2, 3, 4};
    char why[SIM_TEXT];
    int failed = 0;
    for (uint64_t write = 1; write <= last; write++)
        for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
            struct scenario s = {.seed = write, .nodes = sizes[i / 2], .delay_ms = 8};
            s.slow_write_ms = 30;
            s.trouble_ms = 4000;
            s.heal_ms = 60000;
            s.submits = 40;
            s.timeout_ms = 200;
            s.no_new_work = true;
            s.crash_at_write = write;
            s.crash_kept = i % 2 ? 1000 : 0;
            if (play(&s, false, why))
                continue;
            failed++;
            printf("write %" PRIu64 ", %zu nodes, %s: %s\n", write, s.nodes,
                   i % 2 ? "kept" : "lost", why);
        }
    printf("%" PRIu64 " writes crashed, %d failed\n", last, failed);
    return failed ? 1 : 0;
}

static int calm(size_t nodes)
{
    struct scenario s = {.seed = 1, .nodes = nodes, .delay_ms = 10, .slow_write_ms = 3};
    struct world *world = (struct world *)allocate(1, sizeof(*world));
    s.trouble_ms = 20000;
    s.heal_ms = 60000;
    s.submits = 2000;
    s.timeout_ms = 1000;
    s.no_new_work = true;
    bool good = world_play(world, &s);
    printf("%zu nodes: %zu heights, %.1f virtual ms and %.1f messages (%.0f bytes) each%s%s\n",
           nodes, world->sealed_count, 20000.0 / (double)world->sealed_count,
           (double)world->messages / (double)world->sealed_count,
           (double)world->message_bytes / (double)world->sealed_count, good ? "" : ": ",
           world->why);
    world_release(world);
    free(world);
    return good ? 0 : 1;
}

/* Seven voters and forty observers, while partners join, leave and change their keys. */
static int crowd(void)
{
    char why[SIM_TEXT];
    struct scenario s = {.seed = 1, .nodes = 49, .delay_ms = 10, .slow_write_ms = 3};
    s.observers = 40;
    s.joiners = 2;
    s.motions = true;
    s.loss = 20;
    s.trouble_ms = 2500;
    s.heal_ms = 60000;
    s.submits = 200;
    s.timeout_ms = 300;
    s.crash_kept = 300;
    bool good = play(&s, true, why);
    uint64_t count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
        count += changed[i];
    printf("7 voters, 40 observers: %" PRIu64 " changes%s%s\n", count, good ? "" : ": ", why);
    return good && count > 0 ? 0 : 1;
}

/* Node 0 comes late to a busy coalition, or finds it idle again. */
static int away(size_t nodes)
{
    struct scenario s = {.seed = 1, .nodes = nodes, .delay_ms = 10, .slow_write_ms = 3};
    struct world *world = (struct world *)allocate(1, sizeof(*world));
    s.trouble_ms = 60000;
    s.heal_ms = 120000;
    s.submits = 8000;
    s.timeout_ms = 30;
    s.away_ms = 45000;
    s.no_new_work = true;
    bool good = world_play(world, &s) && world->caught_up_ms > 0;
    uint64_t took = world->caught_up_ms - world->back_ms;
    printf("%zu nodes: a node that was away caught up with %" PRIu64 " heights in %" PRIu64
           " virtual ms, while the others went on%s%s\n",
           nodes, world->caught_up_height, took, good ? "" : ": ", world->why);
    world_release(world);
    free(world);
    return good ? 0 : 1;
}

static int usage(FILE *to, int status)
{
    (void)fprintf(to,
                  "usage: accrue-sim --seeds A..B | --seed N | --minutes N | --plant WORD [SEED]\n"
                  "  --plant all, or one of:\n");
    for (size_t i = 1; i < ARRAY_SIZE(plant_words); i++)
        (void)fprintf(to, "    %-14s %s\n", plant_words[i], plant_wrongs[i]);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seeds", required_argument, NULL, 'r'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"minutes", required_argument, NULL, 'm'},
                                            {"plant", required_argument, NULL, 'p'},
                                            {"attack", required_argument, NULL, 'a'},
                                            {"crash-writes", required_argument, NULL, 'w'},
                                            {"calm", required_argument, NULL, 'c'},
                                            {"away", required_argument, NULL, 'y'},
                                            {"crowd", no_argument, NULL, 'o'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option = getopt_long(argc, argv, "h", options, NULL);
    char *end = NULL;
    char why[SIM_TEXT];
    if (option == 'h')
        return usage(stdout, 0);
    if (option == 'p' && optind < argc)
        return replay_plant(optarg, strtoull(argv[optind], NULL, 10));
    if (option == 'p')
        return find_plants(optarg);
    if (option == 'a')
        return directed_play(optarg);
    if (option == 'w')
        return crash_at_writes(strtoull(optarg, NULL, 10));
    if (option == 'y')
        return away((size_t)strtoull(optarg, NULL, 10));
    if (option == 'o')
        return crowd();
    if (option == 'c')
        return calm((size_t)strtoull(optarg, NULL, 10));
    if (option == 'm')
        return play_minutes(strtoull(optarg, NULL, 10));
    if (option == 's') {
        struct scenario scenario = scenario_of(strtoull(optarg, NULL, 10));
        bool good = play(&scenario, true, why);
        printf("%s%s\n", good ? "passed" : "FAILED: ", good ? "" : why);
        return good ? 0 : 1;
    }
    if (option == 'r') {
        uint64_t first = strtoull(optarg, &end, 10);
        if (strncmp(end, "..", 2) == 0)
            return play_range(first, strtoull(end + 2, NULL, 10));
    }
    return usage(stderr, 2);
}
