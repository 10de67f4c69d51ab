/* accrue export: a node's log as plain files that any web server can carry. */
#include "node/cli_commands.h"
#include "node/export.h"

#include "crypto/policy.h"

#include <inttypes.h>
#include <string.h>

static int print_summary(const struct cli *cli, const char *dir,
                         const struct export_summary *summary)
{
    char root[HASH_BASE64_SIZE + 1];
    base64_encode(hash_as_bytes(&summary->checkpoint.root), root);
    if (cli->json)
        cli_print_json(json_pack("{s:s, s:I, s:s, s:I, s:I, s:I}", "dir", dir, "size",
                                 (json_int_t)summary->checkpoint.size, "root", root, "height",
                                 (json_int_t)summary->height, "fetched",
                                 (json_int_t)summary->fetched, "kept", (json_int_t)summary->kept));
    else
        printf("%s: %" PRIu64 " records up to height %" PRIu64 "\nroot %s\n%" PRIu64
               " files written, %" PRIu64 " kept\n",
               dir, summary->checkpoint.size, summary->height, root, summary->fetched,
               summary->kept);
    return CLI_OK;
}

/* What the node or the folder got wrong is a finding; the rest could not be done. */
static int print_failure(const struct cli *cli, struct error *error)
{
    if (error->code == ERROR_CORRUPT)
        return cli_fail(cli, CLI_REFUSED, "%s", error->text);
    if (error->code == ERROR_DENIED)
        error_wrap(error, "it takes the token of an auditor (--token-file NODE/auditor.token)");
    return cli_fail_error(cli, error);
}

static int run_export(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *charter_path = NULL;
    const char *policy_path = NULL;
    const struct cli_option options[] = {{"charter", CLI_TEXT, &charter_path},
                                         {"policy", CLI_TEXT, &policy_path}};
    struct cli_target target;
    struct buffer charter;
    struct buffer policy;
    struct export_summary summary;
    struct error error = {.code = ERROR_NONE};
    char path[CLI_PATH_MAX];
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    buffer_init(&charter, CHARTER_SIZE_MAX);
    buffer_init(&policy, POLICY_SIZE_MAX);
    struct http *http = http_open(1, cli.timeout_s * 1000);
    bool ok = true;
    if (!charter_path && cli.dir) {
        ok = cli_path(path, &error, "%s/charter.json", cli.dir);
        charter_path = path;
    }
    ok = ok && (!charter_path || cli_file_read(charter_path, CHARTER_SIZE_MAX, &charter, &error)) &&
         (!policy_path || cli_file_read(policy_path, POLICY_SIZE_MAX, &policy, &error)) &&
         cli_target_find(&cli, "auditor", &target, &error);
    if (ok) {
        struct export_request request = {.http = http,
                                         .target = &target,
                                         .dir = cli.rest[0],
                                         .charter = buffer_bytes(&charter),
                                         .policy = buffer_bytes(&policy),
                                         .progress = cli.progress};
        ok = export_run(&request, &summary, &error);
    }
    http_close(http);
    buffer_release(&charter);
    buffer_release(&policy);
    return ok ? print_summary(&cli, cli.rest[0], &summary) : print_failure(&cli, &error);
}

const struct cli_command cli_export = {
    "export", "Writes a node's log as plain files, or brings such a folder up to date",
    "[options] FOLDER",
    "  FOLDER                new, or from an earlier export: then only what is new is fetched\n"
    "  --charter FILE        the charter that the node must have (recommended: what you were\n"
    "                        given; default: that of --dir)\n"
    "  --policy FILE         that the checkpoint must meet, once members have changed ('accrue\n"
    "                        audit --policy-out FILE'; default: the charter's)\n"
    "\nThe files are named as C2SP tlog-tiles asks, so any web server, CDN or rsync can carry the\n"
    "log: checkpoint, tile/..., charter.json, heights/... Every tile and record is checked "
    "against\n"
    "the signed checkpoint, which is written last: a run that was interrupted goes on where it "
    "was.\n"
    "\nExamples:\n  accrue export --dir demo published\n"
    "  accrue export --url https://node.example --token-file auditor.token published\n",
    run_export};
