/* accrue-bench - the coalition's side of the benchmark, and the file that feeds both sides.
 *
 * bench.sh calls it; what it measures goes to stdout as lines of measure.h, the rest to stderr. */
#include "bench/coalition_side.h"
#include "bench/growth.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS_MAX = 21, PRELOAD_CLIENTS = 4 };

static const char help[] =
    "usage: accrue-bench make FILE [--members N] [--count N] [--seed N]\n"
    "       accrue-bench run FILE --dir NEW [--seconds N] [--rounds N] [--program ACCRUED]\n"
    "                    [--only CLASS] [--ndjson]\n"
    "       accrue-bench growth --dir NEW --out FOLDER [--members LIST] [--records LIST]\n"
    "                    [--seconds N] [--program ACCRUED]\n"
    "\n"
    "make    writes a file of transactions\n"
    "run     starts four nodes, feeds them the file, checks them, prints a line a class\n"
    "growth  the same coalition at several sizes: growth.md and growth.svg\n"
    "--only  interactive-1, interactive-8, interactive-64, batched-4 or batched-16\n"
    "        alone, for a profiler\n"
    "--ndjson  batches as NDJSON instead of CBOR\n";

struct options {
    uint64_t members, count, seed, seconds, rounds;
    const char *dir, *program, *out, *members_list, *records_list, *only;
    bool ndjson;
};

static int fail(const struct error *error)
{
    (void)fprintf(stderr, "accrue-bench: %s\n", error->text);
    return 1;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    return parse_u64(bytes_text(text), max, out) && *out >= min;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"members", required_argument, NULL, 'm'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"rounds", required_argument, NULL, 'r'},

                                          {"dir", required_argument, NULL, 'd'},
                                          {"program", required_argument, NULL, 'p'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"records", required_argument, NULL, 'e'},
                                          {"only", required_argument, NULL, 'h'},
                                          {"ndjson", no_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
    int option;
    bool ok = true;
    while (ok && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'm') {
            o->members_list = optarg;
            ok = strchr(optarg, ',') || read_number(optarg, 1, WORK_MEMBERS_MAX, &o->members);
        } else if (option == 'c') {
            ok = read_number(optarg, 1, WORK_COUNT_MAX, &o->count);
        } else if (option == 's') {
            ok = read_number(optarg, 0, UINT32_MAX, &o->seed);
        } else if (option == 't') {
            ok = read_number(optarg, 1, 3600, &o->seconds);
        } else if (option == 'r') {
            ok = read_number(optarg, 1, ROUNDS_MAX, &o->rounds);
        } else if (option == 'd') {
            o->dir = optarg;
        } else if (option == 'p') {
            o->program = optarg;
        } else if (option == 'o') {
            o->out = optarg;
        } else if (option == 'e') {
            o->records_list = optarg;
        } else if (option == 'h') {
            o->only = optarg;
        } else if (option == 'n') {
            o->ndjson = true;
        } else {
            ok = false;
        }
    }
    return ok;
}

/* ---- run ----------------------------------------------------------------------------------- */

/* The same order and the same parts of the file as in postgres_load.c. */
static const struct class
{
    const char *name, *word;
    unsigned clients, lines;
} classes[] = {{"interactive", "interactive-1", 1, 0},
               {"interactive", "interactive-8", 8, 0},
               {"interactive", "interactive-64", 64, 0},
               {"batched", "batched-4", 4, 1000},
               {"batched", "batched-16", 16, 1000}};

static bool run_class(struct coalition_side *side, size_t place, const struct options *o,
                      struct error *error)
{
    const struct class *class = &classes[place];
    struct outcome outcomes[ROUNDS_MAX];
    uint64_t disk = side_disk_bytes(side).ledger, done = 0;
    for (uint64_t i = 0; i < o->rounds; i++) {
        struct load_run run = {.kind = LOAD_WORK,
                               .clients = class->clients,
                               .lines = class->lines,
                               .ndjson = o->ndjson,
                               .limit_us = o->seconds * 1000000};
        uint64_t shares = o->rounds * ARRAY_SIZE(classes);
        work_file_part(&side->file, place * o->rounds + i, shares, &run.first, &run.end);
        if (!side_measure(side, &run, class->name, &outcomes[i], error))
            return false;
        done += outcomes[i].done;
    }
    struct outcome middle = outcome_median(outcomes, o->rounds);
    /* The store compacts when it likes: the rounds together say more than one of them. */
    uint64_t disk_after = side_disk_bytes(side).ledger;
    middle.bytes = disk_after > disk ? (double)(disk_after - disk) / (double)done / SIDE_NODES : 0;
    outcome_print(&middle);
    return true;
}

static bool check(const struct coalition_side *side, struct error *error)
{
    struct where where;
    uint64_t answers = side->model.accepted + side->model.refused;
    if (!side_agree(side, &where, error) || !side_check_balances(side, 0, error))
        return false;
    printf("# accrue: %zu nodes agree at height %llu on %llu records, root %s; the balances of "
           "%llu members are what %llu answers say\n",
           side->cluster.count, (unsigned long long)where.height, (unsigned long long)where.records,
           where.root, (unsigned long long)where.members, (unsigned long long)answers);
    return true;
}

static bool run_all(struct coalition_side *side, const struct options *o, struct error *error)
{
    struct outcome preload;
    if (!side_preload(side, PRELOAD_CLIENTS, &preload, error))
        return false;
    outcome_print(&preload);
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        if ((!o->only || strcmp(o->only, classes[i].word) == 0) && !run_class(side, i, o, error))
            return false;
    return check(side, error);
}

static int run(const char *path, const struct options *o)
{
    struct error error;
    struct work_file file;
    struct coalition_side side = {0};
    if (!work_file_open(path, &file, &error))
        return fail(&error);
    bool ok = side_open(o->dir, o->program, &file, &side, &error) && run_all(&side, o, &error);
    side_close(&side);
    work_file_close(&file);
    return ok ? 0 : fail(&error);
}

int main(int argc, char **argv)
{
    struct error error;
    char program[CLI_PATH_MAX];
    struct options o = {.members = 1000000,
                        .count = 1000000,
                        .seed = 1,
                        .seconds = 8,
                        .rounds = 3,
                        .members_list = "10000,100000,1000000"};
    if (argc < 2 || !read_options(argc, argv, &o)) {
        (void)fputs(help, stderr);
        return 2;
    }
    const char *command = argv[optind], *path = argv[optind + 1];
    if (command && strcmp(command, "make") == 0 && path)
        return work_file_make(path, (uint32_t)o.members, o.count, o.seed, &error) ? 0
                                                                                  : fail(&error);
    if (!o.program) {
        if (!cluster_find_program(program, &error))
            return fail(&error);
        o.program = program;
    }
    if (command && strcmp(command, "run") == 0 && path && o.dir)
        return run(path, &o);
    if (command && strcmp(command, "growth") == 0 && o.dir && o.out) {
        struct growth_plan plan = {.dir = o.dir,
                                   .program = o.program,
                                   .out = o.out,
                                   .members = o.members_list,
                                   .seconds = o.seconds,
                                   .records = o.records_list,
                                   .seed = o.seed};
        return growth_run(&plan, &error) ? 0 : fail(&error);
    }
    (void)fputs(help, stderr);
    return 2;
}
