/* accrue backup, accrue restore: a node's data folder, copied while it runs and put back. */
#include "node/backup.h"
#include "node/cli_commands.h"
#include "node/config.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEEP_DEFAULT = 2 };

/* The data folder of --dir's node. */
static bool find_data(const struct cli *cli, char path_out[CLI_PATH_MAX], struct error *error)
{
    char path[CLI_PATH_MAX];
    struct config *config;
    if (!cli->dir || !cli->node)
        return error_set(error, ERROR_INVALID,
                         "which node? Give --data FOLDER, or --dir DIR and --node NAME");
    if (!cli_path(path, error, "%s/%s/node.json", cli->dir, cli->node) ||
        !config_load(path, &config, NULL, error))
        return false;
    bool good = cli_path(path_out, error, "%s", config->data);
    config_close(config);
    return good;
}

/* What is damaged is a finding. */
static int print_failure(const struct cli *cli, const struct error *error)
{
    return error->code == ERROR_CORRUPT ? cli_fail(cli, CLI_REFUSED, "%s", error->text)
                                        : cli_fail_error(cli, error);
}

static int print_backup(const struct cli *cli, const struct backup_summary *summary)
{
    if (cli->json) {
        cli_print_json(
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "backup", summary->path, "groups",
                      (json_int_t)summary->groups, "files", (json_int_t)summary->files, "bytes",
                      (json_int_t)summary->bytes, "copied", (json_int_t)summary->copied,
                      "copied_bytes", (json_int_t)summary->copied_bytes, "mended",
                      (json_int_t)summary->mended, "removed", (json_int_t)summary->removed));
        return CLI_OK;
    }
    printf("%s: %" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " groups of the store, checked\n"
           "%" PRIu64 " files copied (%" PRIu64 " bytes), %" PRIu64 " were there\n",
           summary->path, summary->files, summary->bytes, summary->groups, summary->copied,
           summary->copied_bytes, summary->files - summary->copied);
    if (summary->mended)
        printf("%" PRIu64 " damaged in the backup before: copied again\n", summary->mended);
    if (summary->removed)
        printf("%" PRIu64 " older backups removed\n", summary->removed);
    puts("Keys, tokens, node.json and the charter are not in it: keep copies of those apart.");
    return CLI_OK;
}

static int run_backup(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct backup_request request = {.keep = KEEP_DEFAULT};
    struct backup_summary summary;
    struct error error;
    char data[CLI_PATH_MAX];
    int code;
    const struct cli_option options[] = {{"data", CLI_TEXT, &request.data},
                                         {"keep", CLI_NUMBER, &request.keep}};
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (request.keep == 0 || request.keep > BACKUP_KEEP_MAX)
        return cli_fail(&cli, CLI_USAGE, "--keep takes 1 to %d", (int)BACKUP_KEEP_MAX);
    if (!request.data && !find_data(&cli, data, &error))
        return cli_fail_error(&cli, &error);
    request.data = request.data ? request.data : data;
    request.folder = cli.rest[0];
    request.now_ms = cli_wall_ms();
    request.progress = cli.progress;
    return backup_take(&request, &summary, &error) ? print_backup(&cli, &summary)
                                                   : print_failure(&cli, &error);
}

const struct cli_command cli_backup = {
    "backup", "Copies a node's data folder, while the node runs or not", "[options] FOLDER",
    "  FOLDER                of backups; each is a folder 000001, 000002, ... in it\n"
    "  --data DATA           the node's data folder (default: that of --dir and --node)\n"
    "  --keep N              how many backups stay, this one among them (default 2)\n"
    "\nRun it as the node's user, on the node's machine; the node is not asked. What the backup\n"
    "before has already is linked, not copied. The copy is read as 'verify --store' reads a store\n"
    "before it counts; until then, and whatever happens, the backups before stay as they are.\n"
    "Keys, tokens, node.json and the charter are not in a backup: keep copies of those apart.\n"
    "\nExamples:\n  accrue backup --dir demo --node grocer /backup/grocer\n"
    "  accrue backup --data /var/lib/accrue/data --keep 7 /backup/grocer\n",
    run_backup};

/* ---- restore -------------------------------------------------------------------------------- */

static int print_restore(const struct cli *cli, const struct restore_request *request,
                         const struct backup_summary *summary)
{
    char taken[32];
    cli_time_format(summary->taken_ms, taken);
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:s, s:I, s:I, s:I, s:s?}", "backup", summary->path,
                                 "taken", taken, "groups", (json_int_t)summary->groups, "files",
                                 (json_int_t)summary->files, "bytes", (json_int_t)summary->bytes,
                                 "data", request->data));
        return CLI_OK;
    }
    printf("%s of %s: %" PRIu64 " files, %" PRIu64 " bytes, all as they were backed up\n",
           summary->path, taken, summary->files, summary->bytes);
    if (request->data)
        printf("restored into %s\n"
               "What comes next: start the node with its own keys. Before it signs anything it "
               "asks the other\nvoters. If they know of nothing newer from its key, it catches up "
               "and goes on. If its key signed\nsomething after this backup was taken, the node "
               "says so and stops with status 3: that key must\nnot sign again, and the node "
               "joins under a fresh one. What it had acknowledged and the others\ntook is in "
               "their copies of the ledger either way.\n",
               request->data);
    return CLI_OK;
}

static int run_restore(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct restore_request request = {0};
    struct backup_summary summary;
    struct error error;
    bool check = false;
    int code;
    const struct cli_option options[] = {{"data", CLI_TEXT, &request.data},
                                         {"number", CLI_NUMBER, &request.number},
                                         {"check", CLI_FLAG, &check}};
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (check == (request.data != NULL))
        return cli_fail(&cli, CLI_USAGE, "give --data FOLDER to restore into, or --check");
    request.folder = cli.rest[0];
    request.progress = cli.progress;
    return backup_restore(&request, &summary, &error) ? print_restore(&cli, &request, &summary)
                                                      : print_failure(&cli, &error);
}

const struct cli_command cli_restore = {
    "restore", "Puts a backup back into a new data folder, or only checks it", "[options] FOLDER",
    "  FOLDER                of backups\n"
    "  --data DATA           where to: a new folder, or an empty one\n"
    "  --number N            which backup (default: the newest)\n"
    "  --check               instead: only compare every file with the backup's list\n"
    "\nA restored node asks the other voters what its key signed before it signs again; if that "
    "is\n"
    "more than the backup knows, the node stops with status 3 and needs a fresh key.\n"
    "\nExamples:\n  accrue restore --check /backup/grocer\n"
    "  accrue restore /backup/grocer --data /var/lib/accrue/data\n",
    run_restore};
