/* accrue node new, governance new: keys, of which only the public halves travel. */
#include "node/cli_commands.h"
#include "node/node_card.h"
#include "node/node_folder.h"

#include "crypto/keyfile.h"

#include <string.h>

struct wanted {
    const char *name, *partner, *address, *origin, *charter;
    bool governance;
};

/* The log's name, of which its keys are. */
static bool find_origin(const struct wanted *wanted, char origin_out[NOTE_NAME_MAX + 1],
                        struct error *error)
{
    struct charter *charter = NULL;
    struct buffer json;
    if (!wanted->charter) {
        snprintf(origin_out, NOTE_NAME_MAX + 1, "%s", wanted->origin);
        return note_name_valid(bytes_text(origin_out)) ||
               error_set(error, ERROR_INVALID, "'%.100s' is no name of a log", wanted->origin);
    }
    buffer_init(&json, CHARTER_SIZE_MAX);
    bool ok = cli_file_read(wanted->charter, CHARTER_SIZE_MAX, &json, error) &&
              (charter_parse(buffer_bytes(&json), &charter, NULL, error) ||
               error_wrap(error, "%s", wanted->charter));
    if (ok)
        snprintf(origin_out, NOTE_NAME_MAX + 1, "%s", charter->origin);
    charter_close(charter);
    buffer_release(&json);
    return ok;
}

static bool fill_names(const struct wanted *wanted, struct node_card *card, struct error *error)
{
    const char *partner = wanted->partner ? wanted->partner : wanted->name;
    if (!name_valid(bytes_text(wanted->name)) || !name_valid(bytes_text(partner)))
        return error_set(error, ERROR_INVALID,
                         "names are of a-z, 0-9 and '-', a letter first, at most %d",
                         CHARTER_NAME_MAX);
    if (!address_valid(bytes_text(wanted->address)))
        return error_set(error, ERROR_INVALID, "--address is tcp://HOST:PORT, not '%.100s'",
                         wanted->address);
    snprintf(card->node.name, sizeof(card->node.name), "%s", wanted->name);
    snprintf(card->partner, sizeof(card->partner), "%s", partner);
    snprintf(card->node.address, sizeof(card->node.address), "%s", wanted->address);
    return find_origin(wanted, card->origin, error);
}

/* The card is written last: where it is, all is. */
static bool make(const char *dir, const struct wanted *wanted, struct node_card *card,
                 struct error *error)
{
    char path[CLI_PATH_MAX];
    struct buffer text;
    if (!fill_names(wanted, card, error) || !node_folder_make(dir, error) ||
        !node_card_make_keys(dir, card->origin, &card->node, error))
        return false;
    card->has_governance_key = wanted->governance;
    if (wanted->governance &&
        !node_card_make_key(dir, "governance.key", &card->governance_key, error))
        return false;
    buffer_init(&text, NODE_CARD_SIZE_MAX);
    node_card_format(card, &text);
    bool ok = cli_path(path, error, "%s/card.json", dir) &&
              cli_file_write(path, 0644, buffer_bytes(&text), error);
    buffer_release(&text);
    return ok;
}

static void print_next(const char *dir, const struct node_card *card)
{
    printf("Keys of node %s of %s in %s.\n\n"
           "Send %s/card.json to a partner; it holds no secret. There it becomes a motion:\n",
           card->node.name, card->partner, dir, dir);
    printf("  accrue motion admit --card card.json           a node that is new\n"
           "  accrue motion replace-keys --card card.json    fresh keys of one that is not\n"
           "\nand once enough partners have voted for it, an invitation comes back:\n"
           "  accrue join --dir %s --secret secret.key INVITATION\n",
           dir);
    if (card->has_governance_key)
        printf("\n%s/governance.key is the partner's vote: keep it off-line.\n", dir);
}

static int run_new(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct wanted wanted = {.name = NULL};
    struct node_card card = {.has_governance_key = false};
    const struct cli_option options[] = {
        {"name", CLI_TEXT, &wanted.name},       {"partner", CLI_TEXT, &wanted.partner},
        {"address", CLI_TEXT, &wanted.address}, {"origin", CLI_TEXT, &wanted.origin},
        {"charter", CLI_TEXT, &wanted.charter}, {"governance", CLI_FLAG, &wanted.governance},
    };
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!wanted.name || !wanted.address)
        return cli_fail(&cli, CLI_USAGE, "--name NAME and --address tcp://HOST:PORT are needed");
    if (!wanted.origin == !wanted.charter)
        return cli_fail(&cli, CLI_USAGE,
                        "give --charter FILE or --origin TEXT: keys are named after the log");
    if (!make(cli.rest[0], &wanted, &card, &error))
        return cli_fail_error(&cli, &error);
    if (cli.json)
        cli_print_json(json_pack("{s:s, s:s, s:s}", "dir", cli.rest[0], "node", card.node.name,
                                 "partner", card.partner));
    else
        print_next(cli.rest[0], &card);
    return CLI_OK;
}

const struct cli_command cli_node_new = {
    "node new", "Makes the keys of a node that is to join, or to go on under fresh keys",
    "[options] --name NAME --address tcp://HOST:PORT DIR",
    "  --name NAME           of the node\n"
    "  --address ADDRESS     where the other nodes will reach it\n"
    "  --partner NAME        whose node it is (default: named like the node)\n"
    "  --governance          a governance key too: for a partner that is new\n"
    "  --charter FILE        the coalition's charter, or\n"
    "  --origin TEXT         the name of its log\n"
    "\nWrites DIR/node.key, transport.key, log.key, cosigner.key, and DIR/card.json with their "
    "public\n"
    "halves for the others. For a node that runs, DIR is the folder 'next' beside its node.json: "
    "it\n"
    "goes on with these keys by itself when the coalition has agreed to them.\n"
    "\nExample:\n  accrue node new --charter charter.json --name bakery --governance \\\n"
    "      --address tcp://10.0.0.5:7100 bakery\n",
    run_new};

/* ---- governance ----------------------------------------------------------------------------- */

static int run_governance(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct error error;
    char text[BASE64_SIZE(PUBLIC_KEY_SIZE) + 1];
    int code;
    if (!cli_parse(&cli, command, argc, argv, NULL, 0, &code) || !cli_rest(&cli, 1, 1, &code))
        return code;
    struct signing_key *key = signing_key_generate();
    struct public_key public_key = signing_key_public(key);
    bool ok = keyfile_write(cli.rest[0], key, &error);
    signing_key_close(key);
    if (!ok)
        return cli_fail_error(&cli, &error);
    base64_encode(bytes_of(public_key.at, PUBLIC_KEY_SIZE), text);
    if (cli.json)
        cli_print_json(json_pack("{s:s, s:s}", "file", cli.rest[0], "governance_key", text));
    else
        puts(text);
    return CLI_OK;
}

const struct cli_command cli_governance_new = {
    "governance new", "Makes a governance key, a partner's vote, and prints its public half",
    "[options] FILE",
    "\nThe file belongs off-line. A partner's key is replaced with 'accrue motion "
    "replace-governance'.\n"
    "\nExample:\n  accrue governance new fresh-governance.key\n",
    run_governance};
