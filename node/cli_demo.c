/* accrue demo: a coalition of four on this machine, and a day (or a year of real data) on it. */
#include "node/cli_commands.h"
#include "node/coalition.h"
#include "node/demo.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_SEED = 20261121, READY_MS = 60000, PARALLEL = 32, PATIENCE_MS = 60000 };

static volatile int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct own {
    bool once, keep;
    const char *data, *dir;
    uint64_t seed;
};

static bool make_coalition(const struct own *own, struct demo *demo, struct error *error)
{
    struct coalition_plan *plan = (struct coalition_plan *)allocate(1, sizeof(*plan));
    uint16_t ports[2 * DEMO_NODES];
    coalition_plan_init(plan, 7100);
    plan->dir = demo->cluster.dir;
    plan->sandbox = true;
    plan->late_after_ms = UINT64_C(2) * 86400000; /* a day is played at its end */
    bool ok = coalition_partners(plan, "grocer,books,cinema,fuel", error) &&
              cluster_free_ports(ports, ARRAY_SIZE(ports), error);
    for (size_t i = 0; i < DEMO_NODES && ok; i++) {
        plan->peer_ports[i] = ports[i];
        plan->http_ports[i] = ports[DEMO_NODES + i];
        memcpy(demo->cluster.names[i], plan->partners[i], sizeof(demo->cluster.names[i]));
    }
    ok = ok &&
         cli_time_parse(own->data ? "2017-01-01T00:00:00Z" : "2026-03-02T07:00:00Z",
                        &plan->sandbox_start_ms) &&
         coalition_make(plan, error);
    demo->cluster.count = DEMO_NODES;
    free(plan);
    return ok;
}

static bool find_targets(struct demo *demo, struct error *error)
{
    const char *dir = demo->cluster.dir;
    for (size_t i = 0; i < DEMO_NODES; i++) {
        const char *name = demo->cluster.names[i];
        if (!cli_target_in(dir, name, "till", &demo->till[i], error) ||
            !cli_target_in(dir, name, "office", &demo->office[i], error) ||
            !cli_target_in(dir, name, "finance", &demo->finance[i], error) ||
            !cli_target_in(dir, name, "auditor", &demo->auditor[i], error))
            return false;
    }
    return cli_target_in(dir, demo->cluster.names[0], "admin", &demo->admin, error);
}

static bool play(const struct own *own, struct demo *demo, bool *good_out, struct error *error)
{
    struct demo_counts counts = {0};
    for (size_t i = 0; i < DEMO_NODES; i++)
        printf("  %-8s %s  (log: %s/%s/accrued.log)\n", demo->cluster.names[i], demo->till[i].url,
               demo->cluster.dir, demo->cluster.names[i]);
    puts("SANDBOX: ledger time is moved along with the play.\n");
    fflush(stdout);
    bool ok = demo_accounts(demo, error);
    ok = ok && (own->data ? demo_play_data(demo, own->data, &counts, error)
                          : demo_play_day(demo, &counts, error));
    return ok && demo_settle(demo, error) && demo_conclude(demo, &counts, good_out, error);
}

static void print_next(const struct demo *demo)
{
    const char *dir = demo->cluster.dir;
    int tool = (int)strlen(demo->cluster.program) - 1; /* .../accrue beside .../accrued */
    printf("\nThe four nodes stay up; Ctrl-C ends them. Try, in another terminal:\n"
           "  curl -s -H \"Authorization: Bearer $(cat %s/grocer/till.token)\" "
           "%s/v1/members/%s\n"
           "  curl -s -H \"Authorization: Bearer $(cat %s/cinema/till.token)\" "
           "-H 'Idempotency-Key: my-1' \\\n"
           "    --json '{\"member\":\"%s\",\"points\":10}' %s/v1/earn\n"
           "  %.*s status --dir %s --watch\n"
           "  %.*s settle status --dir %s\n",
           dir, demo->till[0].url, demo->sample_member, dir, demo->sample_member, demo->till[2].url,
           tool, demo->cluster.program, dir, tool, demo->cluster.program, dir);
    fflush(stdout);
}

static bool stay_up(struct demo *demo, struct error *error)
{
    print_next(demo);
    while (!interrupted) {
        if (!cluster_alive(&demo->cluster, error))
            return false;
        cli_sleep_ms(200);
    }
    puts("\nstopping the nodes");
    return true;
}

/* A folder of our own in the temporary directory, unless --dir says where. */
static bool make_dir(const struct own *own, struct demo *demo, struct error *error)
{
    if (own->dir)
        return cli_path(demo->cluster.dir, error, "%s", own->dir);
    const char *tmp = getenv("TMPDIR");
    if (!cli_path(demo->cluster.dir, error, "%s/accrue-demo-XXXXXX", tmp ? tmp : "/tmp"))
        return false;
    return mkdtemp(demo->cluster.dir) != NULL ||
           error_set(error, ERROR_IO, "%s: %s", demo->cluster.dir, strerror(errno));
}

static int conduct(const struct cli *cli, const struct own *own, struct demo *demo)
{
    struct error error;
    bool good = false;
    bool made = cluster_find_program(demo->cluster.program, &error) && make_dir(own, demo, &error);
    bool ok = made && make_coalition(own, demo, &error) && find_targets(demo, &error);
    if (ok) {
        printf("Starting four nodes, one a partner, in %s\n", demo->cluster.dir);
        fflush(stdout);
        ok = cluster_start(&demo->cluster, READY_MS, &interrupted, &error);
    }
    ok = ok && play(own, demo, &good, &error) && (own->once || stay_up(demo, &error));
    /* A node that ended is the better reason. */
    struct error ended;
    bool alive = !made || interrupted || cluster_alive(&demo->cluster, &ended);
    cluster_stop(&demo->cluster);
    if (interrupted || (ok && good)) {
        if (!own->dir && !own->keep && made)
            cluster_remove(demo->cluster.dir);
        return ok && good ? CLI_OK : CLI_UNREACHABLE;
    }
    if (!ok)
        cli_fail(cli, CLI_USAGE, "%s", alive ? error.text : ended.text);
    if (made)
        fprintf(stderr, "accrue demo: logs and data are left in %s\n", demo->cluster.dir);
    return ok ? CLI_REFUSED : error.code == ERROR_BUSY ? CLI_UNREACHABLE : CLI_USAGE;
}

static int run_demo(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct own own = {.seed = DEFAULT_SEED};
    const struct cli_option options[] = {{"once", CLI_FLAG, &own.once},
                                         {"data", CLI_TEXT, &own.data},
                                         {"keep", CLI_FLAG, &own.keep},
                                         {"seed", CLI_NUMBER, &own.seed}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    own.dir = cli.dir;
    char baskets[CLI_PATH_MAX];
    struct error error;
    if (own.data &&
        (!cli_path(baskets, &error, "%s/baskets.csv", own.data) || access(baskets, R_OK) != 0))
        return cli_fail(&cli, CLI_USAGE, "--data: no baskets.csv can be read in %s", own.data);
    struct demo *demo = (struct demo *)allocate(1, sizeof(*demo));
    demo->progress = cli.progress;
    demo->seed = own.seed;
    demo->folder_goes = !own.dir && !own.keep;
    demo->interrupted = &interrupted;
    demo->http = http_open(PARALLEL, PATIENCE_MS);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    code = conduct(&cli, &own, demo);
    http_close(demo->http);
    free(demo);
    return code;
}

const struct cli_command cli_demo = {
    "demo", "Starts a sandbox coalition of four nodes here and plays on it", "[options]",
    "  --once                stop when the play is over, and exit 0\n"
    "  --data DIR            play the Complete Journey data of this folder (baskets.csv,\n"
    "                        coupon_redemptions.csv) instead of a synthetic day\n"
    "  --dir DIR             where keys, data, logs and statements go, and stay (default: a "
    "temporary\n                        folder)\n"
    "  --keep                keep the temporary folder\n"
    "  --seed N              another synthetic day\n"
    "\nExample:\n  accrue demo --once\n",
    run_demo};
