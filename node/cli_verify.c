/* accrue verify: audits running nodes, or the folder of a stopped one. */
#include "node/cli_commands.h"
#include "node/cli_nodes.h"
#include "node/verify.h"

#include <stdlib.h>
#include <string.h>

struct own {
    const char *store, *charter;
};

static bool read_charter(const char *path, struct buffer *out, struct error *error)
{
    buffer_init(out, CHARTER_SIZE_MAX);
    return !path || cli_file_read(path, CHARTER_SIZE_MAX, out, error);
}

/* The charter lies beside a node's folder as 'coalition new' makes them: DIR/NODE/data. */
static bool find_charter(const struct own *own, struct buffer *out, struct error *error)
{
    char path[CLI_PATH_MAX];
    if (own->charter)
        return read_charter(own->charter, out, error);
    return cli_path(path, error, "%s/../../charter.json", own->store) &&
           (read_charter(path, out, error) ||
            error_wrap(error, "give --charter FILE; none beside the store"));
}

/* What was found comes first, then who did not answer, then what could not be done. */
static int exit_code(const struct verify_node *nodes, size_t count)
{
    int code = CLI_OK;
    for (size_t i = 0; i < count; i++) {
        const struct verify_node *node = &nodes[i];
        if (node->audit && audit_finding_count(node->audit))
            return CLI_REFUSED;
        if (node->trouble[0] && node->trouble_code == ERROR_CONFLICT)
            return CLI_REFUSED;
        if (node->trouble[0] && code != CLI_UNREACHABLE)
            code = node->trouble_code == ERROR_BUSY ? CLI_UNREACHABLE : CLI_USAGE;
    }
    return code;
}

static int finish(const struct cli *cli, struct verify_node *nodes, size_t count)
{
    verify_agreement(nodes, count);
    size_t good = verify_good(nodes, count);
    if (cli->json) {
        cli_print_json(verify_json(nodes, count));
    } else {
        verify_print(nodes, count);
        printf("verify: %s (%zu of %zu)\n", good == count ? "pass" : "FAIL", good, count);
    }
    int code = exit_code(nodes, count);
    for (size_t i = 0; i < count; i++)
        verify_node_release(&nodes[i]);
    return code;
}

static int run_store(const struct cli *cli, const struct own *own)
{
    struct verify_node node;
    struct buffer charter = {0};
    struct error error;
    if (!find_charter(own, &charter, &error)) {
        buffer_release(&charter);
        return cli_fail_error(cli, &error);
    }
    bool ok = verify_store(own->store, buffer_bytes(&charter), cli->progress, &node, &error);
    buffer_release(&charter);
    if (ok)
        return finish(cli, &node, 1);
    verify_node_release(&node);
    return cli_fail_error(cli, &error);
}

static bool find_in_folder(const struct cli *cli, struct http *http, struct cli_target *targets,
                           size_t *count_out, struct error *error)
{
    char path[CLI_PATH_MAX];
    struct buffer file = {0};
    struct cli_nodes *nodes = (struct cli_nodes *)allocate(1, sizeof(*nodes));
    bool ok = cli_path(path, error, "%s/charter.json", cli->dir) &&
              read_charter(path, &file, error) &&
              cli_nodes_find(cli, http, "auditor", buffer_bytes(&file), nodes, error);
    if (ok) {
        memcpy(targets, nodes->targets, nodes->count * sizeof(*targets));
        *count_out = nodes->count;
        cli_nodes_say(nodes, "verify");
    }
    buffer_release(&file);
    free(nodes);
    return ok;
}

/* The nodes of --dir, or the URLs given. */
static bool find_targets(const struct cli *cli, struct http *http, struct cli_target *targets,
                         size_t *count_out, struct error *error)
{
    size_t count = cli->rest_count;
    for (size_t i = 0; i < count; i++) {
        struct cli one = *cli;
        one.url = cli->rest[i];
        if (i == VERIFY_NODES_MAX || !cli_target_find(&one, "auditor", &targets[i], error))
            return i < VERIFY_NODES_MAX || error_set(error, ERROR_LIMIT, "too many URLs");
    }
    if (count == 0 && (cli->url || !cli->dir || cli->node)) {
        count = 1;
        if (!cli_target_find(cli, "auditor", &targets[0], error))
            return false;
    } else if (count == 0) {
        return find_in_folder(cli, http, targets, count_out, error);
    }
    *count_out = count;
    return true;
}

static int run_nodes(const struct cli *cli, const struct own *own)
{
    struct cli_target *targets = (struct cli_target *)allocate(VERIFY_NODES_MAX, sizeof(*targets));
    struct verify_node *nodes = (struct verify_node *)allocate(VERIFY_NODES_MAX, sizeof(*nodes));
    struct buffer charter = {0};
    struct error error;
    size_t count = 0;
    int code;
    char path[CLI_PATH_MAX];
    const char *charter_path = own->charter;
    if (!charter_path && cli->dir && cli_path(path, &error, "%s/charter.json", cli->dir))
        charter_path = path;
    struct http *http = http_open(1, cli->timeout_s * 1000);
    if (!find_targets(cli, http, targets, &count, &error) ||
        !read_charter(charter_path, &charter, &error)) {
        code = cli_fail_error(cli, &error);
    } else {
        for (size_t i = 0; i < count; i++)
            if (!verify_over_http(http, &targets[i], buffer_bytes(&charter), cli->progress,
                                  &nodes[i], &error) &&
                !cli->json)
                fprintf(stderr, "accrue verify: %s: %s\n", targets[i].name, error.text);
        code = finish(cli, nodes, count);
    }
    http_close(http);
    buffer_release(&charter);
    free(nodes);
    free(targets);
    return code;
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct own own = {0};
    const struct cli_option options[] = {{"store", CLI_TEXT, &own.store},
                                         {"charter", CLI_TEXT, &own.charter}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, own.store ? 0 : VERIFY_NODES_MAX, &code))
        return code;
    return own.store ? run_store(&cli, &own) : run_nodes(&cli, &own);
}

const struct cli_command cli_verify_command = {
    "verify", "Audits nodes: everything that they hold, and with each other", "[options] [URL...]",
    "  URL...                the nodes; with --dir alone, all of its charter, and\n"
    "                        those that joined later and have their folders there\n"
    "  --charter FILE        the charter that they must have (recommended: what you were given)\n"
    "  --store DIR           instead: a stopped node's data folder\n"
    "\nChecks that the checkpoint is final (Q cosignatures); certificates, lanes, batches, order,\n"
    "records, the tree and every tile; replays all transactions and compares verdicts, effects,\n"
    "state digests and balances. Of a store that was pruned what is there is checked, and it is "
    "said\n"
    "from which height on it is executed.\n"
    "\nExamples:\n  accrue verify --dir demo\n"
    "  accrue verify --charter charter.json --token-file auditor.token http://127.0.0.1:8100\n"
    "  accrue verify --store demo/grocer/data --charter demo/charter.json\n",
    run_verify};
