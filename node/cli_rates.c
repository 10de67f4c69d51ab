/* accrue rates ...: what other currencies are worth, day by day, for the partner's own purchases.
 */
#include "node/cli_commands.h"
#include "node/cli_deal.h"
#include "partners/date.h"
#include "protocol/deal.h"
#include "protocol/limits.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- publish --------------------------------------------------------------------------------- */

static int publish(const struct cli *cli, const struct deal_options *own, const char *day)
{
    struct date date;
    if (day && !date_parse(bytes_text(day), &date))
        return cli_fail(cli, CLI_USAGE, "--day is a day such as 2027-02-01, not '%.40s'", day);
    json_t *rates = json_array();
    for (size_t i = 0; i < cli->rest_count; i++) {
        char code[CURRENCY_SIZE];
        int64_t micro;
        if (!cli_amount_parse(cli->rest[i], RATE_MICRO_MAX, code, &micro)) {
            json_decref(rates);
            return cli_fail(cli, CLI_USAGE,
                            "a rate is CURRENCY=AMOUNT, such as SEK=0.0871: above 0, at most "
                            "1000000, with at most 6 decimals; not '%.40s'",
                            cli->rest[i]);
        }
        json_array_append_new(
            rates, json_pack("{s:s, s:s}", "currency", code, "rate", cli->rest[i] + CURRENCY_SIZE));
    }
    json_t *body = json_pack("{s:o}", "rates", rates);
    if (day)
        cli_put_text(body, "day", day);
    return cli_write(cli, deal_scope(own), "/v1/exchange-rates", own->key, body);
}

static int run_publish(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *day = NULL;
    const struct cli_option options[] = {{"day", CLI_TEXT, &day}};
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 1, RATES_MAX, &code))
        return code;
    return publish(&cli, &own, day);
}

const struct cli_command cli_rates_publish = {
    "rates publish", "Says what other currencies are worth on a day",
    "[options] CURRENCY=AMOUNT [CURRENCY=AMOUNT...]",
    "  --day DAY             in the charter's zone: today (the default), or one of the 7 days\n"
    "                        before\n" DEAL_HELP
    "\nAMOUNT is what one unit is worth in the coalition's currency. It turns the partner's own\n"
    "purchases into points, and nothing else. The same day again corrects it.\n"
    "\nExample:\n  accrue rates publish --dir demo --node grocer SEK=0.0871 NOK=0.085\n",
    run_publish};

/* ---- list ------------------------------------------------------------------------------------ */

static void print_rates(const json_t *rows)
{
    size_t i, j;
    json_t *row, *day;
    int width = cli_width(rows, "partner", 14);
    cli_say(stdout, "%-*s %-8s %-10s %16s\n", width, "partner", "currency", "day", "rate");
    json_array_foreach(rows, i, row)
    {
        json_array_foreach(json_object_get(row, "days"), j, day)
        {
            cli_say(stdout, "%-*s %-8s %-10s %16s\n", width, text_of(row, "partner"),
                    text_of(row, "currency"), text_of(day, "day"), text_of(day, "rate"));
        }
    }
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *partner = NULL, *currency = NULL;
    char path[HTTP_PATH_MAX];
    const struct cli_option options[] = {{"partner", CLI_TEXT, &partner},
                                         {"currency", CLI_TEXT, &currency}};
    json_t *rates;
    int code;
    if (!deal_begin_reading(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (partner && !name_valid(bytes_text(partner)))
        return cli_fail(&cli, CLI_USAGE, "--partner takes the name of a partner");
    if (currency && !currency_valid(bytes_text(currency)))
        return cli_fail(&cli, CLI_USAGE, "--currency takes three capital letters, such as SEK");
    (void)snprintf(path, sizeof(path), "/v1/exchange-rates?limit=250%s%s%s%s",
                   partner ? "&partner=" : "", partner ? partner : "", currency ? "&currency=" : "",
                   currency ? currency : "");
    if (!deal_list(&cli, &own, path, "exchange_rates", &rates, &code))
        return code;
    if (cli.json)
        cli_print_json(json_pack("{s:O}", "exchange_rates", rates));
    else
        print_rates(rates);
    json_decref(rates);
    return CLI_OK;
}

const struct cli_command cli_rates_list = {
    "rates list", "Lists what partners have said that other currencies are worth", "[options]",
    "  --partner NAME        only what it has said\n"
    "  --currency CODE       only of this currency\n" DEAL_AS_HELP
    "\nOf each, the latest eight days that were published, newest first.\n"
    "\nExample:\n  accrue rates list --dir demo\n",
    run_list};
