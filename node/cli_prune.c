/* accrue prune: old heights leave a stopped node's store; an archive holds them. */
#include "node/cli_commands.h"
#include "node/config.h"
#include "node/prune.h"
#include "partners/charter.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEEP_DAYS_MAX = 36500 };

static int print_summary(const struct cli *cli, const char *archive,
                         const struct prune_summary *summary)
{
    if (cli->json)
        cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:I}", "height", (json_int_t)summary->height,
                                 "records", (json_int_t)summary->records, "heights_pruned",
                                 (json_int_t)summary->heights, "bytes_before",
                                 (json_int_t)summary->bytes_before, "bytes_now",
                                 (json_int_t)summary->bytes_now));
    else if (summary->heights == 0)
        puts("nothing is old enough, archived, final and behind an image of the state");
    else
        printf("%" PRIu64 " heights pruned, up to %" PRIu64 ": %" PRIu64
               " records of the log are in %s\n"
               "the store has %" PRIu64 " bytes, and had %" PRIu64 "\n",
               summary->heights, summary->height, summary->records, archive, summary->bytes_now,
               summary->bytes_before);
    return CLI_OK;
}

static int run_prune(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct prune_request request = {.keep_days = UINT64_MAX};
    struct prune_summary summary;
    struct error error = {.code = ERROR_NONE};
    struct config *config = NULL;
    struct buffer charter;
    char path[CLI_PATH_MAX];
    const struct cli_option options[] = {{"archive", CLI_TEXT, &request.archive},
                                         {"keep-days", CLI_NUMBER, &request.keep_days}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (!cli.dir || !cli.node || !request.archive || request.keep_days > KEEP_DAYS_MAX)
        return cli_fail(&cli, CLI_USAGE,
                        "--dir, --node, --archive and --keep-days (0 to %d) are all needed",
                        (int)KEEP_DAYS_MAX);
    buffer_init(&charter, CHARTER_SIZE_MAX);
    bool good = cli_path(path, &error, "%s/%s/node.json", cli.dir, cli.node) &&
                config_load(path, &config, NULL, &error) &&
                cli_file_read(config->charter, CHARTER_SIZE_MAX, &charter, &error);
    if (good) {
        request.data = config->data;
        request.node = config->node;
        request.charter = buffer_bytes(&charter);
        request.progress = cli.progress;
        good = prune_run(&request, &summary, &error);
    }
    config_close(config);
    buffer_release(&charter);
    if (good)
        return print_summary(&cli, request.archive, &summary);
    bool refused = error.code == ERROR_CONFLICT || error.code == ERROR_CORRUPT;
    return refused ? cli_fail(&cli, CLI_REFUSED, "%s", error.text) : cli_fail_error(&cli, &error);
}

const struct cli_command cli_prune = {
    "prune", "Takes old heights that an archive holds out of a stopped node's store",
    "--dir DIR --node NODE --archive FOLDER --keep-days N",
    "  --archive FOLDER      what 'accrue export' wrote from this node, lately enough\n"
    "  --keep-days N         heights of the last N days stay, counted from the newest one\n"
    "\nThe archive is compared with the store first; nothing goes that is not in it, not final, "
    "or\n"
    "not behind the image of the state that the node starts from. Tiles of hashes stay: receipts\n"
    "and proofs of what is newer work on. For what was pruned the node answers 410; an audit "
    "reads\n"
    "it with --archive FOLDER. A run that was interrupted goes on where it was.\n"
    "\nExample:\n"
    "  accrue export --dir demo --node books archive    # while the node runs\n"
    "  accrue prune --dir demo --node books --archive archive --keep-days 400    # once it is "
    "stopped\n",
    run_prune};
