/* How the coalition is doing: status, and who owes whom. */
#include "node/cli_commands.h"
#include "node/cli_write.h"

#include <string.h>
#include <unistd.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- status -------------------------------------------------------------------------------- */

static const char *role_of(const json_t *node)
{
    return json_is_true(json_object_get(node, "left"))        ? "left"
           : json_is_true(json_object_get(node, "suspended")) ? "SUSPENDED"
           : json_is_true(json_object_get(node, "joining"))   ? "joining"
           : json_is_true(json_object_get(node, "voter"))     ? "voter"
                                                              : "observer";
}

static void print_nodes(const json_t *coalition)
{
    const json_t *nodes = json_object_get(coalition, "nodes");
    const char *self = text_of(coalition, "node");
    size_t i;
    json_t *node;
    int node_width = cli_width(nodes, "name", 16), partner_width = cli_width(nodes, "partner", 12);
    printf("%-*s %-*s %-9s %10s %14s  %s\n", node_width, "node", partner_width, "partner", "role",
           "height", "last heard", "address");
    json_array_foreach(nodes, i, node)
    {
        const char *name = text_of(node, "name");
        json_t *heard = json_object_get(node, "heard_ago_ms");
        json_t *height = json_object_get(node, "height");
        char ago[32] = "never";
        char reached[32] = "-";
        if (strcmp(name, self) == 0)
            snprintf(ago, sizeof(ago), "this one");
        else if (json_is_integer(heard))
            snprintf(ago, sizeof(ago), "%lld ms ago", (long long)json_integer_value(heard));
        if (json_is_integer(height))
            snprintf(reached, sizeof(reached), "%lld", (long long)json_integer_value(height));
        printf("%-*s %-*s %-9s %10s %14s  %s\n", node_width, name, partner_width,
               text_of(node, "partner"), role_of(node), reached, ago, text_of(node, "address"));
    }
}

/* Nothing, of a member. */
static void print_standing(const char *standing)
{
    static const struct {
        const char *standing, *says;
    } all[] = {
        {"guest", "GUEST: this node follows; a ballot has to admit it before it may write"},
        {"suspended", "SUSPENDED: evidence against this node's key is on the ledger; it writes "
                      "nothing until a motion replace-keys gives it a fresh one"},
        {"keys-replaced", "KEYS REPLACED: put the keys that the coalition knows this node by into "
                          "its folder of next keys"},
        {"left", "LEFT: the coalition has removed this node"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (strcmp(standing, all[i].standing) == 0)
            puts(all[i].says);
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void print_history(const json_t *history)
{
    long long wanted = number_of(history, "wanted_records");
    long long here = number_of(history, "fetched_records");
    if (number_of(history, "snapshot_pieces_wanted") > 0)
        printf("fetching a snapshot: %lld of %lld pieces\n", number_of(history, "snapshot_pieces"),
               number_of(history, "snapshot_pieces_wanted"));
    if (number_of(history, "snapshot_height") > 0)
        printf("began with the snapshot of height %lld; history: %lld of %lld records (%lld %%)\n",
               number_of(history, "snapshot_height"), here, wanted,
               wanted > 0 ? here * 100 / wanted : 0);
    if (number_of(history, "pruned_height") > 0)
        printf("pruned up to height %lld: %lld records are in an archive\n",
               number_of(history, "pruned_height"), number_of(history, "pruned_records"));
}

/* Everybody is alerted: a change that its partner did not want has to be heard of. */
static void print_account_changes(const json_t *changes)
{
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
    {
        printf("ACCOUNT CHANGE: %s is paid in %s at an IBAN that ends with %s from %s on\n",
               text_of(change, "partner"), text_of(change, "currency"),
               text_of(change, "iban_ends"), text_of(change, "from"));
    }
}

static void print_collateral(const char *currency, const json_t *shorts)
{
    size_t i;
    json_t *one;
    json_array_foreach(shorts, i, one)
    {
        const char *mode = text_of(one, "mode");
        printf("COLLATERAL: %s has posted %s of %s %s: %s\n", text_of(one, "partner"),
               text_of(one, "collateral"), text_of(one, "needed"), currency,
               strcmp(mode, "refused") == 0   ? "its earns are refused"
               : strcmp(mode, "prepaid") == 0 ? "what it issues is paid for in advance"
                                              : "it should post more");
    }
}

static void print_overdue(const json_t *payments)
{
    size_t i;
    json_t *one;
    json_array_foreach(payments, i, one)
    {
        printf("OVERDUE: payment %lld of %s, %s pays %s %s %s%s\n", number_of(one, "payment"),
               text_of(one, "period"), text_of(one, "from"), text_of(one, "to"),
               text_of(one, "amount"), text_of(one, "currency"),
               json_is_true(json_object_get(one, "may_default")) ? ": it may be declared in default"
                                                                 : "");
    }
}

static void print_defaults(const json_t *defaults)
{
    size_t i;
    json_t *one;
    json_array_foreach(defaults, i, one)
    {
        printf("DEFAULT: %s does not pay what it owes in %s for %s; %lld ring-fenced payments are "
               "open\n",
               text_of(one, "partner"), text_of(one, "currency"), text_of(one, "period"),
               number_of(one, "ring_fenced"));
    }
}

static void print_status(const json_t *coalition)
{
    json_t *quorum = json_object_get(coalition, "quorum");
    printf("%s%s  (%s)\n", text_of(coalition, "name"),
           json_is_true(json_object_get(coalition, "sandbox")) ? "  SANDBOX" : "",
           text_of(coalition, "origin"));
    printf("height %lld, records %lld, final %lld, ledger time %s\nroot %s\n",
           (long long)json_integer_value(json_object_get(coalition, "height")),
           (long long)json_integer_value(json_object_get(coalition, "records")),
           (long long)json_integer_value(json_object_get(coalition, "final_size")),
           text_of(coalition, "ledger_time"), text_of(coalition, "root"));
    print_standing(text_of(coalition, "standing"));
    print_history(json_object_get(coalition, "history"));
    print_account_changes(json_object_get(coalition, "account_changes_waiting"));
    print_collateral(text_of(coalition, "currency"),
                     json_object_get(coalition, "collateral_short"));
    print_overdue(json_object_get(coalition, "payments_overdue"));
    print_defaults(json_object_get(coalition, "in_default"));
    if (json_is_false(quorum))
        puts("NO QUORUM: earns are taken and land later; redemptions wait");
    putchar('\n');
    print_nodes(coalition);
}

static int show_status(const struct cli *cli)
{
    json_t *coalition;
    int code;
    if (!cli_ask(cli, "till", "/v1/coalition", &coalition, &code))
        return code;
    if (cli->json) {
        cli_print_json(coalition);
        return CLI_OK;
    }
    print_status(coalition);
    json_decref(coalition);
    return CLI_OK;
}

static int run_status(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    bool watch = false;
    const struct cli_option options[] = {{"watch", CLI_FLAG, &watch}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    for (;;) {
        if (watch && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        code = show_status(&cli);
        fflush(stdout);
        if (!watch)
            return code;
        cli_sleep_ms(1000);
    }
}

const struct cli_command cli_status = {
    "status", "Shows the coalition as one node sees it", "[options]",
    "  --watch               again every second, until interrupted\n"
    "\nExample:\n  accrue status --dir demo --node books\n",
    run_status};

/* ---- owes ---------------------------------------------------------------------------------- */

static void print_settlement(const json_t *settlement)
{
    size_t i;
    json_t *line;
    const json_t *owed = json_object_get(settlement, "obligations");
    const json_t *nets = json_object_get(settlement, "nets");
    int from = cli_width(owed, "debtor", 14), to = cli_width(owed, "creditor", 14);
    int net = cli_width(nets, "partner", 14);
    printf("%-*s %-*s %16s %-3s %18s %14s\n", from, "from", to, "to", "points", "", "exactly",
           "rounded");
    json_array_foreach(owed, i, line)
    {
        printf("%-*s %-*s %16s %-3s %18s %14s\n", from, text_of(line, "debtor"), to,
               text_of(line, "creditor"), text_of(line, "points"), text_of(line, "currency"),
               text_of(line, "open"), text_of(line, "rounded"));
    }
    printf("\n%-*s %-3s %18s %14s\n", net, "net", "", "exactly", "rounded");
    json_array_foreach(nets, i, line)
    {
        printf("%-*s %-3s %18s %14s\n", net, text_of(line, "partner"), text_of(line, "currency"),
               text_of(line, "open"), text_of(line, "rounded"));
    }
    json_array_foreach(json_object_get(settlement, "payments"), i, line)
    {
        printf("%s%s pays %s %s %s\n", i ? "" : "\n", text_of(line, "from"), text_of(line, "to"),
               text_of(line, "amount"), text_of(line, "currency"));
    }
}

static int run_owes(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    json_t *settlement;
    int code;
    if (!cli_parse(&cli, command, argc, argv, NULL, 0, &code) || !cli_rest(&cli, 0, 0, &code) ||
        !cli_ask(&cli, "office", "/v1/settlement", &settlement, &code))
        return code;
    if (cli.json) {
        cli_print_json(settlement);
        return CLI_OK;
    }
    print_settlement(settlement);
    json_decref(settlement);
    return CLI_OK;
}

const struct cli_command cli_owes = {
    "owes", "Shows who owes whom, each partner's net, and the payments that would settle it",
    "[options]", "\nExample:\n  accrue owes --dir demo --node fuel\n", run_owes};
