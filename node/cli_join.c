/* accrue join: from an invitation to a node that can be started. */
#include "node/cli_commands.h"
#include "node/invitation.h"
#include "node/node_folder.h"

#include "crypto/channel_keyfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct joining {
    const char *dir, *secret, *listen, *http;
    struct buffer bytes; /* of the invitation, which borrows from them */
    struct invitation invitation;
    struct charter *charter;
    struct checkpoint checkpoint;
};

static void joining_release(struct joining *joining)
{
    charter_close(joining->charter);
    buffer_release(&joining->bytes);
}

static bool read_invitation(struct joining *joining, const char *path, struct error *error)
{
    buffer_init(&joining->bytes, INVITATION_SIZE_MAX);
    if (!cli_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, INVITATION_SIZE_MAX,
                       &joining->bytes, error))
        return false;
    return (invitation_decode(buffer_bytes(&joining->bytes), &joining->invitation, error) &&
            charter_parse(joining->invitation.charter, &joining->charter, NULL, error) &&
            invitation_checkpoint(&joining->invitation, joining->charter->origin,
                                  &joining->checkpoint, error)) ||
           error_wrap(error, "%s", path);
}

/* The coalition let in whoever has this folder's keys, and nobody else. */
static bool check_keys(const struct joining *joining, struct error *error)
{
    char path[CLI_PATH_MAX];
    struct channel_key *key;
    uint8_t point[CHANNEL_POINT_SIZE];
    const struct invitation_contact *own =
        invitation_contact_of(&joining->invitation, joining->invitation.node);
    if (!cli_path(path, error, "%s/transport.key", joining->dir) ||
        !channel_keyfile_read(path, &key, error))
        return error_wrap(error, "the keys are made first, with 'accrue node new'");
    channel_key_point(key, point);
    channel_key_close(key);
    return memcmp(point, own->transport_key, sizeof(point)) == 0 ||
           error_set(error, ERROR_CONFLICT,
                     "the invitation is for other keys than those in %s: the coalition has to know "
                     "of %s/card.json first",
                     joining->dir, joining->dir);
}

static bool read_secret(const char *path, uint8_t secret_out[CONFIG_SECRET_SIZE],
                        struct error *error)
{
    struct buffer text;
    buffer_init(&text, 2 * CONFIG_SECRET_SIZE + 1);
    bool ok = cli_file_read(path, 2 * CONFIG_SECRET_SIZE + 1, &text, error);
    struct bytes hex = buffer_bytes(&text);
    hex.size -= hex.size > 0 && hex.at[hex.size - 1] == '\n';
    if (ok && !hex_decode(hex, secret_out, CONFIG_SECRET_SIZE))
        ok = error_set(error, ERROR_INVALID, "%s: %d bytes in hexadecimal are wanted", path,
                       CONFIG_SECRET_SIZE);
    if (text.at)
        explicit_bzero(text.at, text.capacity);
    buffer_release(&text);
    return ok;
}

/* Callers of this machine, a thousand above the peers' port, unless told. */
static bool fill_folder(const struct joining *joining, struct node_folder *folder,
                        struct error *error)
{
    char host[CONFIG_URL_MAX + 1];
    uint16_t port;
    const struct invitation *invitation = &joining->invitation;
    const char *listen = joining->listen
                             ? joining->listen
                             : invitation_contact_of(invitation, invitation->node)->address;
    if (strncmp(listen, "tcp://", 6) != 0 || !config_split_address(listen + 6, host, &port))
        return error_set(error, ERROR_INVALID,
                         "it cannot listen at '%.100s': give --listen tcp://HOST:PORT", listen);
    folder->node = invitation->name;
    folder->charter = "charter.json";
    folder->invitation = "invitation";
    snprintf(folder->listen, sizeof(folder->listen), "%s", listen);
    if (joining->http)
        snprintf(folder->http, sizeof(folder->http), "%s", joining->http);
    else
        snprintf(folder->http, sizeof(folder->http), "127.0.0.1:%u",
                 port < 64000 ? port + 1000u : port - 1000u);
    return cli_path(folder->dir, error, "%s", joining->dir);
}

static bool write_in(const char *dir, const char *name, struct bytes contents, struct error *error)
{
    char path[CLI_PATH_MAX];
    return cli_path(path, error, "%s/%s", dir, name) && cli_file_write(path, 0644, contents, error);
}

static bool make(const struct joining *joining, struct node_folder *folder, struct error *error)
{
    uint8_t secret[CONFIG_SECRET_SIZE] = {0};
    bool ok = check_keys(joining, error) && fill_folder(joining, folder, error) &&
              read_secret(joining->secret, secret, error) &&
              write_in(joining->dir, "charter.json", joining->invitation.charter, error) &&
              write_in(joining->dir, "invitation", buffer_bytes(&joining->bytes), error) &&
              node_folder_write(folder, bytes_of(secret, sizeof(secret)), error);
    explicit_bzero(secret, sizeof(secret));
    return ok;
}

static void print_joined(const struct cli *cli, const struct joining *joining,
                         const struct node_folder *folder)
{
    char id[HASH_HEX_SIZE + 1], root[HASH_BASE64_SIZE + 1];
    hex_encode(hash_as_bytes(&joining->charter->coalition), id);
    base64_encode(hash_as_bytes(&joining->checkpoint.root), root);
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:s, s:s, s:I, s:s, s:s}", "dir", joining->dir, "node",
                                 folder->node, "coalition", id, "size",
                                 (json_int_t)joining->checkpoint.size, "root", root, "http",
                                 folder->http));
        return;
    }
    cli_say(stdout,
            "Node %s of %s (%s) in %s.\n\n"
            "Compare these with what a partner reads to you from its own 'accrue status' and log:\n"
            "  coalition   %s\n  checkpoint  size %" PRIu64 ", root %s\n",
            folder->node, joining->charter->name, joining->charter->origin, joining->dir, id,
            joining->checkpoint.size, root);
    printf("\nThen start it:\n  accrued --config %s/node.json\n"
           "\nIt fetches the ledger, or begins with a snapshot of it, says that it is ready, and "
           "votes from then "
           "on.\nIt answers at %s.\n",
           joining->dir, folder->http);
}

static int run_join(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct joining *joining = (struct joining *)allocate(1, sizeof(*joining));
    struct node_folder folder = {.node = NULL};
    const struct cli_option options[] = {{"secret", CLI_TEXT, &joining->secret},
                                         {"listen", CLI_TEXT, &joining->listen},
                                         {"http", CLI_TEXT, &joining->http}};
    struct error error;
    int code;
    if (cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) &&
        cli_rest(&cli, 1, 1, &code)) {
        joining->dir = cli.dir;
        code = CLI_OK;
        if (!cli.dir || !joining->secret)
            code = cli_fail(&cli, CLI_USAGE,
                            "--dir DIR (made by 'accrue node new') and --secret FILE (a partner's "
                            "secret.key) are needed");
        else if (!read_invitation(joining, cli.rest[0], &error) || !make(joining, &folder, &error))
            code = cli_fail_error(&cli, &error);
        else
            print_joined(&cli, joining, &folder);
    }
    joining_release(joining);
    free(joining);
    return code;
}

const struct cli_command cli_join = {
    "join", "Makes a node of the keys in a folder and an invitation",
    "[options] --dir DIR --secret FILE INVITATION",
    "  --dir DIR             the folder with the node's keys ('accrue node new')\n"
    "  --secret FILE         a partner's secret.key: the coalition's secret, for card numbers. It "
    "is\n"
    "                        not in the invitation: let it be given to you in person\n"
    "  --listen ADDRESS      where it listens for the other nodes (default: the address on its "
    "card)\n"
    "  --http HOST:PORT      where it answers (default: this machine only, 1000 above)\n"
    "\nWrites node.json, charter.json and tokens beside the keys. 'accrued' then follows the "
    "ledger\n"
    "from its first height or a snapshot, says by itself that it is ready, and votes from then "
    "on.\n"
    "\nExample:\n  accrue join --dir bakery --secret secret.key bakery.invitation\n",
    run_join};
