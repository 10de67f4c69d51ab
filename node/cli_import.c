/* accrue import: purchases and redemptions out of CSV files. */
#include "node/cli_commands.h"
#include "node/config.h"
#include "node/import_rates.h"
#include "node/import_run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static volatile int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct own {
    const char *map, *state;
    bool dry_run, move_clock;
    uint64_t parallel;
};

/* Member references are made with the coalition's secret, so that a household number cannot be
 * guessed from the ledger; the same number gives the same member in every import. */
static bool import_secret(const struct cli *cli, json_t *mapping, struct buffer *secret,
                          struct error *error)
{
    const char *salt = json_string_value(json_object_get(mapping, "salt"));
    if (salt && strlen(salt) >= 16) {
        buffer_append_text(secret, salt);
        json_object_del(mapping, "salt");
        return true;
    }
    if (!cli->dir)
        return error_set(error, ERROR_INVALID,
                         "give --dir DIR, or in the mapping a \"salt\" of 16 characters or more: "
                         "members are known to the ledger by HMAC(salt, value)");
    struct cli_target target;
    char path[CLI_PATH_MAX];
    struct config *config;
    if (!cli_target_in(cli->dir, cli->node, "till", &target, error) ||
        !cli_path(path, error, "%s/%s/node.json", cli->dir, target.name) ||
        !config_load(path, &config, NULL, error))
        return false;
    struct hash made =
        hmac(bytes_of(config->secret, CONFIG_SECRET_SIZE), bytes_text("accrue import member"));
    buffer_append(secret, hash_as_bytes(&made));
    config_close(config);
    return true;
}

/* A partner's node: the one of its name in --dir; with --url, one node for all of them. */
static bool find_targets(const struct cli *cli, const struct import_plan *plan,
                         struct cli_target *targets, struct error *error)
{
    for (size_t i = 0; i < plan->partner_count; i++) {
        if (cli->url && plan->partner_count > 1)
            return error_set(error, ERROR_INVALID,
                             "the rows belong to %zu partners: give --dir DIR, so that each goes "
                             "through the node of its own",
                             plan->partner_count);
        bool ok = cli->url ? cli_target_find(cli, "till", &targets[i], error)
                           : cli_target_in(cli->dir, plan->partners[i], "till", &targets[i], error);
        if (!ok)
            return false;
    }
    return true;
}

/* Rows in other currencies become points by what their partners have published. */
static bool convert(const struct cli *cli, struct import_plan *plan, struct error *error)
{
    struct import_rates rates;
    struct cli_target *targets =
        (struct cli_target *)allocate(plan->partner_count + 1, sizeof(*targets));
    bool ok = find_targets(cli, plan, targets, error) &&
              import_rates_ask(plan, targets, cli->timeout_s * 1000, &rates, error);
    free(targets);
    if (!ok)
        return false;
    import_convert(plan, import_rates_find, &rates);
    import_rates_release(&rates);
    return true;
}

/* ---- output -------------------------------------------------------------------------------- */

static void print_rejects(const struct import_plan *plan, char **files)
{
    size_t kept = plan->reject_count < IMPORT_REJECTS_MAX ? plan->reject_count : IMPORT_REJECTS_MAX;
    for (size_t i = 0; i < kept; i++)
        fprintf(stderr, "%s:%" PRIu64 ": %s\n", files[plan->rejects[i].source],
                plan->rejects[i].line, plan->rejects[i].why);
    if (plan->reject_count > kept)
        fprintf(stderr, "... and %zu more rows that are wrong\n", plan->reject_count - kept);
}

static json_t *rejects_json(const struct import_plan *plan, char **files)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->reject_count && i < IMPORT_REJECTS_MAX; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:s}", "file", files[plan->rejects[i].source], "line",
                            (json_int_t)plan->rejects[i].line, "why", plan->rejects[i].why));
    return list;
}

static void print_counts(const struct cli *cli, const struct import_plan *plan,
                         const struct import_counts *counts)
{
    json_t *codes = json_object();
    for (size_t i = 0; i < counts->code_count; i++)
        json_object_set_new(codes, counts->codes[i].code,
                            json_integer((json_int_t)counts->codes[i].count));
    if (cli->json) {
        cli_print_json(json_pack(
            "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "members",
            (json_int_t)counts->members, "earns", (json_int_t)counts->earns, "earned",
            (json_int_t)counts->earned, "redemptions", (json_int_t)counts->redemptions, "spent",
            (json_int_t)counts->spent, "refused_earns", (json_int_t)counts->refused_earns,
            "refused_redemptions", (json_int_t)counts->refused_redemptions, "repeats",
            (json_int_t)counts->repeats, "skipped", (json_int_t)plan->skipped, "resumed_after",
            (json_int_t)counts->resumed, "refusals", codes, "rejected",
            rejects_json(plan, cli->rest)));
        return;
    }
    printf("members enrolled   %" PRIu64 "\nearns              %" PRIu64 " (%" PRIu64
           " points)\nredemptions        %" PRIu64 " (%" PRIu64
           " points)\nrefused            %" PRIu64 " earns, %" PRIu64
           " redemptions\ndecided before     %" PRIu64 "\nrows below minimum "
           "%" PRIu64 "\nrows rejected      %zu\n",
           counts->members, counts->earns, counts->earned, counts->redemptions, counts->spent,
           counts->refused_earns, counts->refused_redemptions, counts->repeats, plan->skipped,
           plan->reject_count);
    for (size_t i = 0; i < counts->code_count; i++)
        printf("  %-24s %" PRIu64 "\n", counts->codes[i].code, counts->codes[i].count);
    if (counts->resumed)
        printf("went on after the first %" PRIu64 " events, which were done before\n",
               counts->resumed);
    json_decref(codes);
}

static int dry_run(const struct cli *cli, const struct import_plan *plan)
{
    struct import_counts counts = {.members = 0};
    uint8_t *seen = (uint8_t *)allocate(plan->member_count + 1, 1);
    for (size_t i = 0; i < plan->event_count; i++) {
        const struct import_event *event = &plan->events[i];
        bool earn = event->type == IMPORT_EARN;
        counts.members += !seen[event->member];
        seen[event->member] = 1;
        *(earn ? &counts.earns : &counts.redemptions) += 1;
        *(earn ? &counts.earned : &counts.spent) += (uint64_t)event->points;
    }
    free(seen);
    if (!cli->json)
        puts("dry run: nothing was sent");
    print_counts(cli, plan, &counts);
    return plan->reject_count ? CLI_REFUSED : CLI_OK;
}

/* ---- the run ------------------------------------------------------------------------------- */

static int send_plan(const struct cli *cli, const struct own *own, const struct import_plan *plan)
{
    struct cli_target *targets =
        (struct cli_target *)allocate(plan->partner_count + 1, sizeof(*targets));
    struct cli_target *admin = &targets[plan->partner_count];
    char state[CLI_PATH_MAX];
    struct error error;
    struct import_counts counts;
    bool ok =
        find_targets(cli, plan, targets, &error) &&
        (!own->move_clock || (cli->dir ? cli_target_in(cli->dir, cli->node, "admin", admin, &error)
                                       : cli_target_find(cli, "admin", admin, &error))) &&
        cli_path(state, &error, "%s.accrue-import", cli->rest[0]);
    if (!ok) {
        free(targets);
        return cli_fail_error(cli, &error);
    }
    struct import_options options = {.targets = targets,
                                     .admin = own->move_clock ? admin : NULL,
                                     .state_path = own->state ? own->state : state,
                                     .parallel = own->parallel,
                                     .patience_ms = cli->timeout_s * 1000,
                                     .progress = cli->progress,
                                     .interrupted = &interrupted};
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    ok = import_run(plan, &options, &counts, &error);
    if (ok || !cli->json)
        print_counts(cli, plan, &counts);
    free(targets);
    if (!ok)
        return cli_fail(cli, error.code == ERROR_BUSY ? CLI_UNREACHABLE : CLI_USAGE,
                        "%s. Run the same command again: it goes on where it stopped", error.text);
    return plan->reject_count || counts.refused_earns || counts.refused_redemptions ? CLI_REFUSED
                                                                                    : CLI_OK;
}

static bool open_plan(const struct cli *cli, const struct own *own, struct import_plan *plan,
                      struct error *error)
{
    json_error_t why;
    json_t *mapping = json_load_file(own->map, JSON_REJECT_DUPLICATES, &why);
    if (!mapping)
        return error_set(error, ERROR_INVALID, "%s:%d: %s", own->map, why.line, why.text);
    struct buffer secret;
    buffer_init(&secret, CLI_PATH_MAX);
    bool ok = import_secret(cli, mapping, &secret, error) &&
              import_plan_open(mapping, (const char *const *)cli->rest, cli->rest_count,
                               buffer_bytes(&secret), plan, error);
    buffer_release(&secret);
    json_decref(mapping);
    return ok;
}

static int run_import(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct own own = {.parallel = 64};
    struct import_plan plan;
    struct error error;
    const struct cli_option options[] = {
        {"map", CLI_TEXT, &own.map},
        {"dry-run", CLI_FLAG, &own.dry_run},
        {"parallel", CLI_NUMBER, &own.parallel},
        {"state", CLI_TEXT, &own.state},
        {"move-clock", CLI_FLAG, &own.move_clock},
    };
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, IMPORT_SOURCES_MAX, &code))
        return code;
    if (!own.map)
        return cli_fail(&cli, CLI_USAGE,
                        "--map MAP.json says what the columns mean; see the "
                        "manual page for its format");
    if (own.parallel < 1 || own.parallel > HTTP_PARALLEL_MAX)
        return cli_fail(&cli, CLI_USAGE, "--parallel must be between 1 and %d", HTTP_PARALLEL_MAX);
    if (!open_plan(&cli, &own, &plan, &error))
        return cli_fail_error(&cli, &error);
    if (plan.foreign_count > 0 && !convert(&cli, &plan, &error)) {
        import_plan_release(&plan);
        return cli_fail_error(&cli, &error);
    }
    if (!cli.json)
        print_rejects(&plan, cli.rest);
    code = own.dry_run ? dry_run(&cli, &plan) : send_plan(&cli, &own, &plan);
    import_plan_release(&plan);
    return code;
}

const struct cli_command cli_import_command = {
    "import", "Books purchases and redemptions from CSV files",
    "[options] --map MAP.json FILE [FILE...]",
    "  --map MAP.json        what the columns mean: one source a file (see accrue(1))\n"
    "  --dry-run             read and check everything, send nothing\n"
    "  --parallel N          members at a time (default 64, at most 256)\n"
    "  --state FILE          where progress is kept (default FILE.accrue-import)\n"
    "  --move-clock          sandbox only: move ledger time along, day by day\n"
    "\nEvents of a member go in time order, each once the one before is decided. A second run of\n"
    "the same files books nothing twice.\n"
    "\nExample:\n  accrue import --dir demo --map purchases.json --dry-run purchases.csv\n",
    run_import};
