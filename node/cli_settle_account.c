/* accrue settle account ...: where a partner is paid, said by two people of it; and where all are.
 */
#include "node/cli_commands.h"
#include "node/cli_settle.h"

#include "partners/iban.h"

#include <string.h>

/* ---- set ------------------------------------------------------------------------------------- */

static int run_set(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const char *currency = NULL, *holder = NULL, *iban = NULL, *bic = NULL;
    const struct cli_option options[] = {
        {"currency", CLI_TEXT, &currency}, {"holder", CLI_TEXT, &holder},
        {"iban", CLI_TEXT, &iban},         {"bic", CLI_TEXT, &bic},
        {"key", CLI_TEXT, &own.key},       {"as", CLI_TEXT, &own.as}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code) || !settle_as_given(&cli, &own, &code))
        return code;
    if (!currency || !holder || !iban)
        return cli_fail(&cli, CLI_USAGE,
                        "--currency, --holder and --iban say where the partner is to be paid");
    json_t *body = json_object();
    cli_put_text(body, "currency", currency);
    cli_put_text(body, "holder", holder);
    cli_put_text(body, "iban", iban);
    cli_put_text(body, "bic", bic);
    return cli_write(&cli, settle_scope(&own), "/v1/payment-accounts", own.key, body);
}

const struct cli_command cli_settle_account_set = {
    "settle account set", "Says where the node's partner is paid: two people have to",
    "[options] --currency CODE --holder NAME --iban IBAN",
    "  --currency CODE       such as EUR\n"
    "  --holder NAME         as the bank has it; accents are stripped\n"
    "  --iban IBAN           with or without blanks\n"
    "  --bic BIC             where the bank is not found by the IBAN\n"
    "  --as NAME             who asks: takes NAME.token of --dir (default office)\n"
    "  --key KEY             idempotency key (default: random)\n"
    "\nThe same account by another person approves it. It then waits for the days of the charter, "
    "while\nevery node warns of it; money goes there afterwards. Whoever did not want it sets what "
    "is in force\nonce more: that, by two people, ends the wait.\n"
    "\nExample:\n  accrue settle account set --dir demo --node cinema --currency EUR \\\n"
    "      --holder 'Lux Cinemas' --iban 'DE89 3704 0044 0532 0130 00'\n"
    "  accrue settle account set --dir demo --node cinema --currency EUR \\\n"
    "      --holder 'Lux Cinemas' --iban 'DE89 3704 0044 0532 0130 00' --as finance\n",
    run_set};

/* ---- list ------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* As people read it; anything that is no IBAN as it came. */
static void print_iban(const char *iban)
{
    char parsed[IBAN_SIZE], text[IBAN_TEXT_SIZE];
    struct error error;
    if (iban_parse(bytes_text(iban), parsed, &error)) {
        iban_format(parsed, text);
        iban = text;
    }
    cli_say(stdout, "%-42s", iban);
}

static void print_account(const json_t *row, int width, const char *name, const char *since,
                          const char *state)
{
    const json_t *account = json_object_get(row, name);
    if (!json_is_object(account))
        return;
    cli_say(stdout, "%-*s %-4s %-16s ", width, text_of(row, "partner"), text_of(row, "currency"),
            state);
    print_iban(text_of(account, "iban"));
    cli_say(stdout, " %-11s %s%s%s\n", text_of(account, "bic"), text_of(account, "holder"),
            since ? ", from " : "", since ? text_of(account, since) : "");
}

static void print_list(const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "accounts");
    int width = cli_width(rows, "partner", 14);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        print_account(row, width, "in_force", "since", "in force");
        print_account(row, width, "waiting", "from", "WAITS");
        print_account(row, width, "pending", NULL, "one of two");
    }
    if (json_array_size(rows) == 0)
        puts("no partner has said where it is paid: 'accrue settle account set'");
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const struct cli_option options[] = {{"as", CLI_TEXT, &own.as}};
    json_t *answer;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code) || !settle_as_given(&cli, &own, &code) ||
        !cli_ask(&cli, settle_scope(&own), "/v1/payment-accounts", &answer, &code))
        return code;
    if (cli.json) {
        cli_print_json(answer);
        return CLI_OK;
    }
    print_list(answer);
    json_decref(answer);
    return CLI_OK;
}

const struct cli_command cli_settle_account_list = {
    "settle account list", "Shows where partners are paid, and what is about to change",
    "[options]",
    "  --as NAME             who asks: takes NAME.token of --dir (default office)\n"
    "\nExample:\n  accrue settle account list --dir demo\n",
    run_list};
