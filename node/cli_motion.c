/* accrue motion ...: a change of the coalition, proposed on the lane of one node. */
#include "node/cli_commands.h"
#include "node/cli_write.h"
#include "node/node_card.h"

#include "protocol/motion.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MOTION_OPTIONS                                                                             \
    "  --delay N             heights from the deciding ballot to the change (2 to 1024, default "  \
    "2);\n"                                                                                        \
    "                        one passes with each decision, or with a heartbeat\n"                 \
    "  --key KEY             idempotency key (default: random)\n"

struct motion_options {
    const char *key, *card, *partner, *node, *governance;
    uint64_t delay;
    bool observer, voter;
};

/* Posts the body, of which the kind is the command's second word. */
static int propose(const struct cli *cli, const struct motion_options *options, json_t *body)
{
    json_object_set_new(body, "change", json_string(strchr(cli->command->name, ' ') + 1));
    json_object_set_new(body, "delay", json_integer((json_int_t)options->delay));
    int code = cli_write(cli, "admin", "/v1/motions", options->key, body);
    if (code == CLI_OK && !cli->json)
        puts("The record's number is the motion's: partners vote for it with\n"
             "  accrue ballot --governance FILE NUMBER");
    return code;
}

static bool begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                  const struct cli_option *own, size_t count, struct motion_options *options,
                  int *exit_out)
{
    struct cli_option all[CLI_OPTIONS_MAX] = {{"key", CLI_TEXT, &options->key},
                                              {"delay", CLI_NUMBER, &options->delay}};
    must(count + 2 <= ARRAY_SIZE(all));
    for (size_t i = 0; i < count; i++)
        all[2 + i] = own[i];
    options->delay = MOTION_DELAY_MIN;
    return cli_parse(cli, command, argc, argv, all, 2 + count, exit_out);
}

/* ---- what a card says ----------------------------------------------------------------------- */

static void put_base64(json_t *body, const char *name, const uint8_t *at, size_t size)
{
    char text[BASE64_SIZE(TRANSPORT_KEY_SIZE) + 1];
    must(size <= TRANSPORT_KEY_SIZE);
    base64_encode(bytes_of(at, size), text);
    json_object_set_new(body, name, json_string(text));
}

static void put_note_key(json_t *body, const char *name, const struct note_key *key)
{
    struct buffer text;
    buffer_init(&text, NOTE_NAME_MAX + 80);
    note_key_format(key, &text);
    json_object_set_new(body, name, json_string(buffer_text(&text)));
    buffer_release(&text);
}

static void put_node(json_t *body, const struct charter_node *node)
{
    json_object_set_new(body, "node", json_string(node->name));
    put_base64(body, "sign_key", node->sign_key.at, PUBLIC_KEY_SIZE);
    put_base64(body, "transport_key", node->transport_key, TRANSPORT_KEY_SIZE);
    put_base64(body, "transport_signature", node->transport_signature.at, SIGNATURE_SIZE);
    put_note_key(body, "log_key", &node->log_key);
    put_note_key(body, "cosigner_key", &node->cosigner_key);
    json_object_set_new(body, "address", json_string(node->address));
}

static bool read_card(const struct cli *cli, const char *path, struct node_card *card,
                      int *exit_out)
{
    struct buffer json;
    struct error error;
    if (!path) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--card FILE is needed: the node's card.json");
        return false;
    }
    buffer_init(&json, NODE_CARD_SIZE_MAX);
    bool ok =
        cli_file_read(path, NODE_CARD_SIZE_MAX, &json, &error) &&
        (node_card_parse(buffer_bytes(&json), card, &error) || error_wrap(&error, "%s", path));
    buffer_release(&json);
    if (!ok)
        *exit_out = cli_fail_error(cli, &error);
    return ok;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static int run_admit(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    struct node_card card;
    const struct cli_option own[] = {{"card", CLI_TEXT, &options.card},
                                     {"observer", CLI_FLAG, &options.observer}};
    int code;
    if (!begin(&cli, command, argc, argv, own, ARRAY_SIZE(own), &options, &code) ||
        !cli_rest(&cli, 0, 0, &code) || !read_card(&cli, options.card, &card, &code))
        return code;
    json_t *body = json_object();
    put_node(body, &card.node);
    json_object_set_new(body, "partner", json_string(card.partner));
    if (card.has_governance_key)
        put_base64(body, "governance_key", card.governance_key.at, PUBLIC_KEY_SIZE);
    json_object_set_new(body, "voter", json_boolean(!options.observer));
    return propose(&cli, &options, body);
}

const struct cli_command cli_motion_admit = {
    "motion admit", "Proposes to let a node in: of a new partner, or one more of a partner",
    "[options] --card FILE",
    "  --card FILE           the node's card.json ('accrue node new'); with a governance key in "
    "it\n"
    "                        the partner is new\n"
    "  --observer            it follows and does not vote\n" MOTION_OPTIONS
    "\nThe answer names the motion's record; partners then vote for it with 'accrue ballot'. It is "
    "open\nfor 30 days of ledger time. A node that is to vote does so once it has caught up and "
    "said that\nit is ready.\n"
    "\nExample:\n  accrue motion admit --dir demo --card card.json\n",
    run_admit};

static int run_replace_keys(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    struct node_card card;
    const struct cli_option own[] = {{"card", CLI_TEXT, &options.card}};
    int code;
    if (!begin(&cli, command, argc, argv, own, ARRAY_SIZE(own), &options, &code) ||
        !cli_rest(&cli, 0, 0, &code) || !read_card(&cli, options.card, &card, &code))
        return code;
    json_t *body = json_object();
    put_node(body, &card.node);
    return propose(&cli, &options, body);
}

const struct cli_command cli_motion_replace_keys = {
    "motion replace-keys", "Proposes fresh keys for a node: a rotation, a lost disk, a suspension",
    "[options] --card FILE",
    "  --card FILE           the card.json of the fresh keys ('accrue node new', under the node's "
    "name)\n" MOTION_OPTIONS
    "\nA node that runs goes on with them by itself when they lie in its folder 'next'. A fresh "
    "signing\nkey ends a suspension.\n"
    "\nExample:\n  accrue motion replace-keys --dir demo --card demo/grocer/next/card.json\n",
    run_replace_keys};

/* Of a "node" or a "partner", which the one argument names. */
static int remove_one(const struct cli_command *command, int argc, char **argv, const char *what)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    int code;
    if (!begin(&cli, command, argc, argv, NULL, 0, &options, &code) || !cli_rest(&cli, 1, 1, &code))
        return code;
    return propose(&cli, &options, json_pack("{s:s}", what, cli.rest[0]));
}

static int run_remove_node(const struct cli_command *command, int argc, char **argv)
{
    return remove_one(command, argc, argv, "node");
}

const struct cli_command cli_motion_remove_node = {
    "motion remove-node", "Proposes that a node leaves", "[options] NODE",
    MOTION_OPTIONS "\nIts number and name are never used again; what it wrote stays.\n"
                   "\nExample:\n  accrue motion remove-node --dir demo fuel-2\n",
    run_remove_node};

static int run_set_voter(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    int code;
    if (!begin(&cli, command, argc, argv, NULL, 0, &options, &code) || !cli_rest(&cli, 2, 2, &code))
        return code;
    bool yes = strcmp(cli.rest[1], "yes") == 0;
    if (!yes && strcmp(cli.rest[1], "no") != 0)
        return cli_fail(&cli, CLI_USAGE, "does it vote? 'yes' or 'no', not '%s'", cli.rest[1]);
    return propose(&cli, &options, json_pack("{s:s, s:b}", "node", cli.rest[0], "voter", (int)yes));
}

const struct cli_command cli_motion_set_voter = {
    "motion set-voter", "Proposes that a node votes, or only follows", "[options] NODE yes|no",
    MOTION_OPTIONS "\nOne that is to vote does so once it has said that it is ready.\n"
                   "\nExample:\n  accrue motion set-voter --dir demo fuel-2 yes\n",
    run_set_voter};

/* ---- partners ------------------------------------------------------------------------------- */

static int run_remove_partner(const struct cli_command *command, int argc, char **argv)
{
    return remove_one(command, argc, argv, "partner");
}

const struct cli_command cli_motion_remove_partner = {
    "motion remove-partner", "Proposes that a partner leaves, with all its nodes",
    "[options] PARTNER",
    MOTION_OPTIONS "\nWhat it owes and is owed stays on the ledger.\n"
                   "\nExample:\n  accrue motion remove-partner --dir demo fuel\n",
    run_remove_partner};

static bool read_governance(const struct cli *cli, const struct motion_options *options,
                            struct public_key *key_out, int *exit_out)
{
    size_t size = 0;
    if (options->governance &&
        base64_decode(bytes_text(options->governance), key_out->at, PUBLIC_KEY_SIZE, &size) &&
        size == PUBLIC_KEY_SIZE)
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE,
                         "--governance-key takes the public half in base64, which 'accrue "
                         "governance new' prints");
    return false;
}

static int run_replace_governance(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    struct public_key key;
    const struct cli_option own[] = {{"governance-key", CLI_TEXT, &options.governance}};
    int code;
    if (!begin(&cli, command, argc, argv, own, ARRAY_SIZE(own), &options, &code) ||
        !cli_rest(&cli, 1, 1, &code) || !read_governance(&cli, &options, &key, &code))
        return code;
    json_t *body = json_pack("{s:s}", "partner", cli.rest[0]);
    put_base64(body, "governance_key", key.at, PUBLIC_KEY_SIZE);
    return propose(&cli, &options, body);
}

const struct cli_command cli_motion_replace_governance = {
    "motion replace-governance", "Proposes another governance key for a partner",
    "[options] --governance-key KEY PARTNER",
    "  --governance-key KEY  the public half, base64\n" MOTION_OPTIONS
    "\nExample:\n  accrue motion replace-governance --dir demo \\\n      --governance-key "
    "63W4FOzc2w5GuVrUHToeFqj/EkPjSPZiH2rCnDpVZLc= fuel\n",
    run_replace_governance};

/* ---- limits --------------------------------------------------------------------------------- */

/* "heartbeat_ms=30000" into the object; the names are the node's to know. */
static bool put_limit(const struct cli *cli, json_t *limits, const char *text, int *exit_out)
{
    char name[64];
    uint64_t value;
    size_t size = strcspn(text, "=");
    if (size > 0 && size < sizeof(name) && text[size] == '=' &&
        parse_u64(bytes_text(text + size + 1), INT64_MAX, &value)) {
        snprintf(name, sizeof(name), "%.*s", (int)size, text);
        json_object_set_new(limits, name, json_integer((json_int_t)value));
        return true;
    }
    *exit_out = cli_fail(cli, CLI_USAGE,
                         "a limit is NAME=NUMBER, as in heartbeat_ms=30000, not '%s'", text);
    return false;
}

static int run_set_limits(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct motion_options options = {.key = NULL};
    int code;
    if (!begin(&cli, command, argc, argv, NULL, 0, &options, &code) ||
        !cli_rest(&cli, 1, LIMIT_NUMBER_MAX, &code))
        return code;
    json_t *limits = json_object();
    for (size_t i = 0; i < cli.rest_count; i++)
        if (!put_limit(&cli, limits, cli.rest[i], &code)) {
            json_decref(limits);
            return code;
        }
    return propose(&cli, &options, json_pack("{s:o}", "limits", limits));
}

const struct cli_command cli_motion_set_limits = {
    "motion set-limits", "Proposes other limits", "[options] NAME=NUMBER...",
    "  NAME                  batch_bytes, cut_bytes, lane_cut_bytes, lane_day_bytes, "
    "allocations,\n"
    "                        heartbeat_ms, timeout_ms, timeout_delta_ms, snapshot_records: as "
    "in the\n                        charter\n" MOTION_OPTIONS
    "\nExample:\n  accrue motion set-limits --dir demo heartbeat_ms=30000\n",
    run_set_limits};
