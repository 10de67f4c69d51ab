/* accrue settle collateral ...: what the operator holds of each partner. */
#include "node/cli_commands.h"
#include "node/cli_deal.h"

#include "protocol/deal.h"

#include <string.h>

/* ---- post, release --------------------------------------------------------------------------- */

static int run_move(const struct cli_command *command, int argc, char **argv, bool release)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *partner = NULL, *amount = NULL;
    int64_t micro = 0;
    const struct cli_option options[] = {{"partner", CLI_TEXT, &partner},
                                         {"amount", CLI_TEXT, &amount}};
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code) || !deal_needs(&cli, "partner", partner, &code) ||
        !deal_needs(&cli, "amount", amount, &code))
        return code;
    if (!cli_micro_parse(amount, &micro) || micro == 0 || micro > COLLATERAL_MAX)
        return cli_fail(&cli, CLI_USAGE,
                        "--amount is money above 0 with at most 6 decimals, such as 1500.00, not "
                        "'%.40s'",
                        amount);
    json_t *body = json_object();
    cli_put_text(body, "partner", partner);
    cli_put_text(body, "amount", amount);
    if (release)
        must(json_object_set_new(body, "release", json_true()) == 0);
    return cli_write(&cli, deal_scope(&own), "/v1/collateral", own.key, body);
}

static int run_post(const struct cli_command *command, int argc, char **argv)
{
    return run_move(command, argc, argv, false);
}

static int run_release(const struct cli_command *command, int argc, char **argv)
{
    return run_move(command, argc, argv, true);
}

#define MOVE_HELP                                                                                  \
    "  --partner NAME        whose\n"                                                              \
    "  --amount AMOUNT       in the charter's currency, such as 1500.00\n" DEAL_HELP

const struct cli_command cli_settle_collateral_post = {
    "settle collateral post", "Writes that a partner has posted collateral: the operator does",
    "[options] --partner NAME --amount AMOUNT",
    MOVE_HELP "\nThe operator holds it. The money moves apart from the ledger: write what has "
              "come.\n"
              "\nExample:\n  accrue settle collateral post --dir demo --node house --partner books "
              "\\\n      --amount 1500.00\n",
    run_post};

const struct cli_command cli_settle_collateral_release = {
    "settle collateral release", "Writes that collateral is given back: the operator does",
    "[options] --partner NAME --amount AMOUNT",
    MOVE_HELP "\nWhat the partner's outstanding points need stays.\n"
              "\nExample:\n  accrue settle collateral release --dir demo --node house --partner "
              "books \\\n      --amount 200.00\n",
    run_release};

/* ---- list ------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_list(const json_t *answer)
{
    size_t i;
    json_t *row;
    if (json_is_null(json_object_get(answer, "terms"))) {
        puts("the charter asks for no collateral");
        return;
    }
    const json_t *rows = json_object_get(answer, "partners");
    int width = cli_width(rows, "partner", 14);
    cli_say(stdout, "%-*s %16s %12s %14s %14s %14s  %s\n", width, "partner", "points", "at most",
            "exposure", "needed", "collateral", "");
    json_array_foreach(rows, i, row)
    {
        cli_say(stdout, "%-*s %16s %12s %14s %14s %14s  %s%s\n", width, text_of(row, "partner"),
                text_of(row, "outstanding"), text_of(row, "highest_reimbursement"),
                text_of(row, "exposure"), text_of(row, "needed"), text_of(row, "collateral"),
                text_of(row, "mode"), json_is_true(json_object_get(row, "left")) ? ", left" : "");
    }
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const struct cli_option options[] = {{"as", CLI_TEXT, &own.as}};
    json_t *answer;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (own.as && !name_valid(bytes_text(own.as)))
        return cli_fail(&cli, CLI_USAGE, "--as takes the name of a token, such as finance");
    if (!cli_ask(&cli, deal_scope(&own), "/v1/exposure", &answer, &code))
        return code;
    if (cli.json) {
        cli_print_json(answer);
        return CLI_OK;
    }
    print_list(answer);
    json_decref(answer);
    return CLI_OK;
}

const struct cli_command cli_settle_collateral_list = {
    "settle collateral list", "Shows what partners have outstanding, and their collateral",
    "[options]",
    "  --as NAME             who asks: takes NAME.token of --dir (default office)\n"
    "\nExample:\n  accrue settle collateral list --dir demo\n",
    run_list};
