/* accrue membership: who takes part, what is on its way, and what is voted on. */
#include "node/cli_membership.h"

#include "node/cli_commands.h"
#include "node/cli_write.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static bool is_set(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* ---- names ---------------------------------------------------------------------------------- */

static const char *name_in(const json_t *membership, const char *list, uint16_t number)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(membership, list), i,
                       item) if (json_integer_value(json_object_get(item, "number")) ==
                                 number) return json_string_value(json_object_get(item, "name"));
    return NULL;
}

static const char *node_name(const void *context, uint16_t number)
{
    return name_in((const json_t *)context, "nodes", number);
}

static const char *partner_name(const void *context, uint16_t number)
{
    return name_in((const json_t *)context, "partners", number);
}

struct motion_names membership_names(const json_t *membership)
{
    return (struct motion_names){.context = membership, .node = node_name, .partner = partner_name};
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static bool key_of(const json_t *object, const char *name, uint8_t *out, size_t size)
{
    size_t got = 0;
    return base64_decode(bytes_text(text_of(object, name)), out, size, &got) && got == size;
}

static bool take_node(const json_t *object, struct charter_node *node)
{
    const char *name = text_of(object, "name"), *address = text_of(object, "address");
    if (!name_valid(bytes_text(name)) || !address_valid(bytes_text(address)) ||
        !key_of(object, "sign_key", node->sign_key.at, PUBLIC_KEY_SIZE) ||
        !key_of(object, "transport_key", node->transport_key, TRANSPORT_KEY_SIZE) ||
        !note_key_parse(bytes_text(text_of(object, "log_key")), &node->log_key, NULL) ||
        !note_key_parse(bytes_text(text_of(object, "cosigner_key")), &node->cosigner_key, NULL))
        return false;
    snprintf(node->name, sizeof(node->name), "%s", name);
    snprintf(node->address, sizeof(node->address), "%s", address);
    node->voter = is_set(object, "voter");
    node->joining = is_set(object, "joining");
    node->suspended = is_set(object, "suspended");
    node->left = is_set(object, "left");
    return true;
}

bool membership_nodes(const json_t *membership, struct charter_node nodes_out[NODES_MAX],
                      size_t *count_out, struct error *error)
{
    const json_t *nodes = json_object_get(membership, "nodes");
    size_t i, count = json_array_size(nodes);
    json_t *node;
    if (count == 0 || count > NODES_MAX)
        return error_set(error, ERROR_INVALID, "the node's answer names no nodes");
    json_array_foreach(nodes, i, node)
    {
        memset(&nodes_out[i], 0, sizeof(nodes_out[i]));
        if (json_integer_value(json_object_get(node, "number")) != (json_int_t)i ||
            !take_node(node, &nodes_out[i]))
            return error_set(error, ERROR_INVALID,
                             "what the node's answer says of node %zu is none", i);
    }
    *count_out = count;
    return true;
}

/* ---- printing ------------------------------------------------------------------------------- */

static const char *role_of(const json_t *node)
{
    return is_set(node, "left")        ? "left"
           : is_set(node, "suspended") ? "SUSPENDED"
           : is_set(node, "joining")   ? "joining"
           : is_set(node, "voter")     ? "voter"
                                       : "observer";
}

static void print_nodes(const json_t *membership, FILE *to)
{
    size_t i;
    json_t *node;
    const json_t *nodes = json_object_get(membership, "nodes");
    int name = cli_width(nodes, "name", 16), partner = cli_width(nodes, "partner", 16);
    fprintf(to, "%-*s %-*s %-10s %s\n", name, "node", partner, "partner", "role", "address");
    json_array_foreach(nodes, i, node)
        cli_say(to, "%-*s %-*s %-10s %s\n", name, text_of(node, "name"), partner,
                text_of(node, "partner"), role_of(node), text_of(node, "address"));
}

static void print_motions(const json_t *membership, FILE *to)
{
    size_t i, k;
    json_t *motion, *name;
    json_array_foreach(json_object_get(membership, "motions"), i, motion)
    {
        const json_t *ballots = json_object_get(motion, "ballots");
        cli_say(to, "%smotion %lld: %s\n  until %s; %zu of %lld votes%s", i ? "" : "\n",
                number_of(motion, "motion"), text_of(motion, "what"), text_of(motion, "closes"),
                json_array_size(ballots), number_of(motion, "needed"),
                json_array_size(ballots) ? ": " : "");
        json_array_foreach(ballots, k, name) cli_say(
            to, "%s%s", k ? ", " : "", json_is_string(name) ? json_string_value(name) : "?");
        cli_say(to, "\n");
    }
}

static void print_pending(const json_t *membership, FILE *to)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(membership, "pending"), i, item)
        cli_say(to, "%sfrom height %lld: %s\n", i ? "" : "\n", number_of(item, "height"),
                text_of(item, "what"));
}

void membership_print(const json_t *membership, FILE *to)
{
    const json_t *voters = json_object_get(membership, "voters");
    cli_say(to,
            "height %lld; the charter in force is that of height %lld\n"
            "%lld voters, of whom %lld decide; %lld may fail or lie\n"
            "%s is %s\n\n",
            number_of(membership, "height"), number_of(membership, "from_height"),
            number_of(voters, "count"), number_of(voters, "quorum"), number_of(voters, "tolerated"),
            text_of(membership, "node"), text_of(membership, "standing"));
    print_nodes(membership, to);
    print_pending(membership, to);
    print_motions(membership, to);
}

static int run_membership(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    json_t *membership;
    int code;
    if (!cli_parse(&cli, command, argc, argv, NULL, 0, &code) || !cli_rest(&cli, 0, 0, &code) ||
        !cli_ask(&cli, "till", "/v1/membership", &membership, &code))
        return code;
    if (cli.json) {
        cli_print_json(membership);
        return CLI_OK;
    }
    membership_print(membership, stdout);
    json_decref(membership);
    return CLI_OK;
}

const struct cli_command cli_membership = {
    "membership", "Shows who takes part, which changes are on their way, and what is voted on",
    "[options]",
    "\nThe charter in force, changes that are decided with the height at which they take effect, "
    "and\nopen motions with their votes.\n"
    "\nExample:\n  accrue membership --dir demo\n",
    run_membership};
