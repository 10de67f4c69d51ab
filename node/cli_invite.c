/* accrue invite: what a node that was admitted needs to find the coalition (node/invitation.h). */
#include "node/cli_commands.h"
#include "node/cli_http.h"
#include "node/cli_membership.h"
#include "node/invitation.h"

#include <stdlib.h>
#include <string.h>

struct inviting {
    struct invitation invitation;
    struct buffer charter, checkpoint;
    json_t *membership;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool take_contacts(struct inviting *inviting, struct error *error)
{
    struct charter_node *nodes = (struct charter_node *)allocate(NODES_MAX, sizeof(*nodes));
    struct invitation *invitation = &inviting->invitation;
    size_t count = 0;
    bool named = false, good = membership_nodes(inviting->membership, nodes, &count, error);
    invitation->height =
        (uint64_t)json_integer_value(json_object_get(inviting->membership, "height"));
    for (uint16_t i = 0; good && i < count; i++) {
        struct invitation_contact *contact = &invitation->contacts[invitation->contact_count];
        if (nodes[i].left)
            continue;
        contact->node.v = i;
        memcpy(contact->transport_key, nodes[i].transport_key, TRANSPORT_KEY_SIZE);
        snprintf(contact->address, sizeof(contact->address), "%s", nodes[i].address);
        invitation->contact_count++;
        if (strcmp(nodes[i].name, invitation->name) == 0) {
            invitation->node.v = i;
            named = true;
        }
    }
    free(nodes);
    if (good && !named)
        return error_set(error, ERROR_NOT_FOUND,
                         "the charter in force knows no node %s: it is invited once a motion that "
                         "admits it is in force ('accrue membership')",
                         invitation->name);
    return good;
}

static bool fetch(const struct cli *cli, struct inviting *inviting, struct error *error)
{
    struct cli_target target;
    struct buffer text;
    if (!cli_target_find(cli, "auditor", &target, error))
        return false;
    struct http *http = http_open(1, cli->timeout_s * 1000);
    buffer_init(&text, HTTP_BODY_MAX);
    bool ok = http_get(http, &target, "/v1/charter", &inviting->charter, error) &&
              http_get(http, &target, "/v1/membership", &text, error) &&
              http_get(http, &target, "/checkpoint", &inviting->checkpoint, error);
    if (ok) {
        inviting->membership = json_loads(buffer_text(&text), JSON_REJECT_DUPLICATES, NULL);
        ok =
            inviting->membership || error_set(error, ERROR_INVALID, "the node's answer is no JSON");
    }
    buffer_release(&text);
    http_close(http);
    return ok;
}

/* Read back as the newcomer will. */
static bool write_out(struct inviting *inviting, const char *path, struct error *error)
{
    struct invitation *again = (struct invitation *)allocate(1, sizeof(*again));
    struct charter *charter = NULL;
    struct checkpoint checkpoint;
    struct buffer bytes;
    inviting->invitation.charter = buffer_bytes(&inviting->charter);
    inviting->invitation.checkpoint = buffer_bytes(&inviting->checkpoint);
    buffer_init(&bytes, INVITATION_SIZE_MAX);
    invitation_encode(&inviting->invitation, &bytes);
    bool ok = (invitation_decode(buffer_bytes(&bytes), again, error) &&
               charter_parse(again->charter, &charter, NULL, error) &&
               invitation_checkpoint(again, charter->origin, &checkpoint, error)) ||
              error_wrap(error, "the node's answers make no invitation");
    ok = ok && cli_file_write(path, 0644, buffer_bytes(&bytes), error);
    charter_close(charter);
    buffer_release(&bytes);
    free(again);
    return ok;
}

static void print_done(const struct cli *cli, const struct inviting *inviting, const char *path)
{
    const char *coalition = text_of(inviting->membership, "coalition");
    if (cli->json)
        cli_print_json(json_pack("{s:s, s:s, s:s}", "file", path, "node", inviting->invitation.name,
                                 "coalition", coalition));
    else
        printf("An invitation for node %s in %s; it holds no secret.\n"
               "Send it, and give the coalition's secret.key in person. There:\n"
               "  accrue join --dir DIR --secret secret.key %s\n"
               "Coalition %s\n",
               inviting->invitation.name, path, path, coalition);
}

static int run_invite(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *out = NULL;
    const struct cli_option options[] = {{"out", CLI_TEXT, &out}};
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!out)
        return cli_fail(&cli, CLI_USAGE, "--out FILE is needed: it is no text");
    if (!name_valid(bytes_text(cli.rest[0])))
        return cli_fail(&cli, CLI_USAGE, "'%.80s' is no name of a node", cli.rest[0]);
    struct inviting *inviting = (struct inviting *)allocate(1, sizeof(*inviting));
    buffer_init(&inviting->charter, CHARTER_SIZE_MAX);
    buffer_init(&inviting->checkpoint, NOTE_SIZE_MAX);
    snprintf(inviting->invitation.name, sizeof(inviting->invitation.name), "%s", cli.rest[0]);
    bool ok = fetch(&cli, inviting, &error) && take_contacts(inviting, &error) &&
              write_out(inviting, out, &error);
    if (ok)
        print_done(&cli, inviting, out);
    json_decref(inviting->membership);
    buffer_release(&inviting->charter);
    buffer_release(&inviting->checkpoint);
    free(inviting);
    return ok ? CLI_OK : cli_fail_error(&cli, &error);
}

const struct cli_command cli_invite = {
    "invite", "Writes an invitation for a node that the coalition has admitted",
    "[options] --out FILE NODE",
    "  --out FILE            into a new file\n"
    "\nIt holds the genesis charter, the nodes of now with their addresses and transport keys, and "
    "a\nfinal checkpoint, by which the newcomer knows that it was led to this ledger and no "
    "other.\n"
    "\nExample:\n  accrue invite --dir demo --out bakery.invitation bakery\n",
    run_invite};
