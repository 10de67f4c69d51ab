/* accrue audit: nodes, exported folders or stores, each by itself and with each other. */
#include "node/audit_report.h"
#include "node/cli_commands.h"
#include "node/cli_nodes.h"
#include "node/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORT_MAX = 256 * 1024 * 1024 };

struct own {
    const char *policy, *charter, *state, *html, *archive, *policy_out;
};

struct auditing {
    const struct cli *cli;
    const struct own *own;
    struct policy policy;
    struct buffer policy_text;
    struct buffer charter;
    struct cli_target *targets;
    struct audit_view *views;
    size_t count;
    struct http *http;
};

/* ---- sources --------------------------------------------------------------------------------- */

static bool is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

static bool has_file(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    return cli_path(path, NULL, "%s/%s", dir, name) && access(path, F_OK) == 0;
}

/* A store knows its coalition's id only: its charter is given, or lies beside the node's folder as
 * 'coalition new' makes them: DIR/NODE/data. */
static bool open_store(struct auditing *all, const char *dir, struct audit_source *source_out,
                       struct error *error)
{
    char path[CLI_PATH_MAX];
    struct buffer beside;
    buffer_init(&beside, CHARTER_SIZE_MAX);
    bool ok = all->charter.size > 0;
    if (!ok) {
        ok = cli_path(path, error, "%s/../../charter.json", dir) &&
             (cli_file_read(path, CHARTER_SIZE_MAX, &beside, error) ||
              error_wrap(error, "give --charter FILE; none beside the store"));
    }
    if (ok)
        audit_source_store(source_out, dir,
                           buffer_bytes(all->charter.size ? &all->charter : &beside));
    buffer_release(&beside);
    return ok;
}

static void open_view(struct auditing *all, struct audit_source *source)
{
    if (all->own->archive)
        audit_source_archive(source, all->own->archive);
    audit_view_open(&all->views[all->count++], source);
}

static bool open_source(struct auditing *all, const char *text, struct error *error)
{
    struct audit_source source = {0};
    struct cli one = *all->cli;
    one.url = text;
    if (is_url(text)) {
        struct cli_target *target = &all->targets[all->count];
        if (!cli_target_find(&one, "auditor", target, error))
            return false;
        audit_source_http(&source, all->http, target);
    } else if (has_file(text, "checkpoint") && has_file(text, "charter.json")) {
        audit_source_folder(&source, text);
    } else if (has_file(text, "CURRENT") || has_file(text, "accrued.last")) {
        if (!open_store(all, text, &source, error))
            return error_wrap(error, "%s", text);
    } else {
        return error_set(error, ERROR_INVALID,
                         "'%.200s' is no URL of a node, no folder of 'accrue export' and no data "
                         "folder of a node",
                         text);
    }
    open_view(all, &source);
    return true;
}

static bool open_folder_node(struct auditing *all, const char *name, struct error *error)
{
    struct audit_source source;
    struct cli_target *target = &all->targets[all->count];
    if (!cli_target_in(all->cli->dir, name, "auditor", target, error))
        return false;
    audit_source_http(&source, all->http, target);
    open_view(all, &source);
    return true;
}

/* The nodes of --dir, or the one that is named. */
static bool open_folder_nodes(struct auditing *all, struct error *error)
{
    if (all->cli->node)
        return open_folder_node(all, all->cli->node, error);
    struct cli_nodes *nodes = (struct cli_nodes *)allocate(1, sizeof(*nodes));
    bool ok =
        cli_nodes_find(all->cli, all->http, "auditor", buffer_bytes(&all->charter), nodes, error);
    for (size_t i = 0; ok && i < nodes->count; i++)
        ok = open_folder_node(all, nodes->targets[i].name, error);
    if (ok)
        cli_nodes_say(nodes, "audit");
    free(nodes);
    return ok;
}

static bool open_sources(struct auditing *all, struct error *error)
{
    for (size_t i = 0; i < all->cli->rest_count; i++)
        if (!open_source(all, all->cli->rest[i], error))
            return false;
    if (all->count > 0)
        return true;
    if (all->cli->dir)
        return open_folder_nodes(all, error);
    const char *url = all->cli->url ? all->cli->url : getenv("ACCRUE_URL");
    if (url)
        return open_source(all, url, error);
    return error_set(error, ERROR_INVALID,
                     "what is to be audited? Give URLs of nodes, folders of 'accrue export' or of "
                     "stopped nodes, or --dir DIR");
}

/* ---- what is given --------------------------------------------------------------------------- */

static bool read_policy(struct auditing *all, struct error *error)
{
    return !all->own->policy ||
           (cli_file_read(all->own->policy, POLICY_SIZE_MAX, &all->policy_text, error) &&
            (policy_parse(buffer_bytes(&all->policy_text), &all->policy, error) ||
             error_wrap(error, "%s", all->own->policy)));
}

static bool read_charter(struct auditing *all, struct error *error)
{
    char path[CLI_PATH_MAX];
    const char *from = all->own->charter;
    if (!from && all->cli->dir) {
        if (!cli_path(path, error, "%s/charter.json", all->cli->dir))
            return false;
        from = path;
    }
    return !from || cli_file_read(from, CHARTER_SIZE_MAX, &all->charter, error);
}

/* ---- running --------------------------------------------------------------------------------- */

static bool write_html(const struct audit_report *report, const char *path, struct error *error)
{
    struct buffer page;
    buffer_init(&page, REPORT_MAX);
    audit_report_html(report, &page);
    bool ok = page.overflowed
                  ? error_set(error, ERROR_LIMIT, "the report is larger than %d bytes", REPORT_MAX)
                  : file_replace(path, 0644, buffer_bytes(&page), error);
    buffer_release(&page);
    return ok;
}

/* What receipts, exports and later audits are to be judged by. */
static bool write_policy(const struct auditing *all, struct error *error)
{
    const struct audit_view *best = audit_views_best(all->views, all->count);
    if (!best || best->policy_text.size == 0)
        return error_set(error, ERROR_INVALID,
                         "there is no policy to write: it follows from a clean audit, and from a "
                         "charter or a policy that was given and that it meets");
    return file_replace(all->own->policy_out, 0644, buffer_bytes(&best->policy_text), error);
}

static int exit_of(enum audit_verdict verdict)
{
    switch (verdict) {
    case AUDIT_CLEAN:
        return CLI_OK;
    case AUDIT_FOUND:
        return CLI_REFUSED;
    case AUDIT_UNCHECKED:
        break;
    }
    return CLI_USAGE;
}

static int report(struct auditing *all)
{
    struct audit_report report = {.views = all->views,
                                  .view_count = all->count,
                                  .policy = all->own->policy    ? AUDIT_POLICY_GIVEN
                                            : all->charter.size ? AUDIT_POLICY_OF_CHARTER
                                                                : AUDIT_POLICY_OF_SOURCE,
                                  .policy_path = all->own->policy,
                                  .state_path = all->own->state,
                                  .made_ms = cli_wall_ms()};
    enum audit_verdict verdict = audit_report_verdict(&report);
    struct error error = {.code = ERROR_NONE};
    if (all->cli->json)
        cli_print_json(audit_report_json(&report));
    else
        audit_report_print(&report);
    bool ok = !all->own->html || write_html(&report, all->own->html, &error);
    if (ok && verdict == AUDIT_CLEAN && all->own->state)
        ok = audit_views_keep(all->views, all->count, all->own->state, &error);
    if (ok && verdict == AUDIT_CLEAN && all->own->policy_out)
        ok = write_policy(all, &error);
    if (ok)
        return exit_of(verdict);
    cli_say(stderr, "accrue audit: %s\n", error.text);
    return verdict == AUDIT_FOUND ? CLI_REFUSED : CLI_USAGE;
}

static void run_views(struct auditing *all)
{
    struct audit_request request = {.policy = all->own->policy ? &all->policy : NULL,
                                    .policy_text = buffer_bytes(&all->policy_text),
                                    .charter = buffer_bytes(&all->charter),
                                    .state_path = all->own->state,
                                    .progress = all->cli->progress};
    for (size_t i = 0; i < all->count; i++)
        audit_view_run(&all->views[i], &request);
    audit_views_compare(all->views, all->count);
}

static int run_auditing(const struct cli *cli, const struct own *own)
{
    struct auditing all = {.cli = cli, .own = own};
    struct error error = {.code = ERROR_NONE};
    int code = CLI_USAGE;
    all.targets = (struct cli_target *)allocate(AUDIT_VIEWS_MAX, sizeof(*all.targets));
    all.views = (struct audit_view *)allocate(AUDIT_VIEWS_MAX, sizeof(*all.views));
    all.http = http_open(1, cli->timeout_s * 1000);
    buffer_init(&all.charter, CHARTER_SIZE_MAX);
    buffer_init(&all.policy_text, POLICY_SIZE_MAX);
    if (read_policy(&all, &error) && read_charter(&all, &error) && open_sources(&all, &error)) {
        run_views(&all);
        code = report(&all);
    } else {
        code = cli_fail(cli, CLI_USAGE, "%s", error.text);
    }
    for (size_t i = 0; i < all.count; i++)
        audit_view_release(&all.views[i]);
    http_close(all.http);
    policy_release(&all.policy);
    buffer_release(&all.policy_text);
    buffer_release(&all.charter);
    free(all.views);
    free(all.targets);
    return code;
}

static int run_audit(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct own own = {0};
    const struct cli_option options[] = {
        {"policy", CLI_TEXT, &own.policy},   {"charter", CLI_TEXT, &own.charter},
        {"state", CLI_TEXT, &own.state},     {"html", CLI_TEXT, &own.html},
        {"archive", CLI_TEXT, &own.archive}, {"policy-out", CLI_TEXT, &own.policy_out}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, AUDIT_VIEWS_MAX, &code))
        return code;
    return run_auditing(&cli, &own);
}

const struct cli_command cli_audit_command = {
    "audit", "Checks a ledger from its bytes alone, and its sources with each other",
    "[options] [SOURCE...]",
    "  SOURCE...             URLs of nodes, folders of 'accrue export', data folders of stopped\n"
    "                        nodes; with --dir alone, all nodes of its charter, and\n"
    "                        those that joined later and have their folders there\n"
    "  --policy FILE         whose signatures make a checkpoint (C2SP tlog-policy); without it\n"
    "                        those that the charter names\n"
    "  --charter FILE        the charter that the sources must have (default: that of --dir);\n"
    "                        without it, whatever the source shows: then give --policy\n"
    "  --state FILE          goes on from the last audit, and keeps this one if it is clean\n"
    "  --html FILE           writes a report to print as well\n"
    "  --archive FOLDER      what the sources have pruned ('accrue prune') is read from there\n"
    "  --policy-out FILE     writes what the policy has become as members changed, if all is "
    "clean:\n"
    "                        for 'accrue receipt verify', 'accrue export' and later audits\n"
    "\nChecks the checkpoint, certificates, lanes, order, every record and its place in the tree;\n"
    "replays all transactions by two programs that were written apart; compares the sources.\n"
    "Who joins, leaves or gets other keys follows from the ledger itself, from its first charter "
    "on.\n"
    "Exit status here: 0 clean, 1 findings, 2 could not be checked.\n"
    "\nExamples:\n"
    "  accrue audit --charter charter.json --token-file auditor.token http://127.0.0.1:8100\n"
    "  accrue audit --policy policy.txt --state audit.state --html report.html export/\n"
    "  accrue audit --charter demo/charter.json demo/grocer/data demo/books/data\n",
    run_audit};
