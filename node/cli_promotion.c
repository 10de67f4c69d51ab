/* accrue promotion ...: one partner pays for points that another gives, up to a budget. */
#include "node/cli_commands.h"
#include "node/cli_deal.h"
#include "node/local_time.h"
#include "protocol/ids.h"

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

/* ---- sign ------------------------------------------------------------------------------------ */

struct offer {
    const char *issuer, *bp, *budget, *from, *until;
};

static int sign_offer(const struct cli *cli, const struct deal_options *own,
                      const struct offer *offer)
{
    int code;
    if (!deal_needs(cli, "issuer", offer->issuer, &code) ||
        !deal_needs(cli, "bp", offer->bp, &code) ||
        !deal_needs(cli, "budget", offer->budget, &code))
        return code;
    json_t *body = json_object();
    cli_put_text(body, "issuer", offer->issuer);
    if (deal_put_points(cli, body, "bp", offer->bp, &code) &&
        deal_put_points(cli, body, "budget", offer->budget, &code) &&
        deal_put_moment(cli, own, body, "from", offer->from, &code) &&
        deal_put_moment(cli, own, body, "until", offer->until, &code))
        return cli_write(cli, deal_scope(own), "/v1/promotions", own->key, body);
    json_decref(body);
    return code;
}

static int run_sign(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    struct offer offer = {.issuer = NULL};
    const struct cli_option options[] = {{"issuer", CLI_TEXT, &offer.issuer},
                                         {"bp", CLI_TEXT, &offer.bp},
                                         {"budget", CLI_TEXT, &offer.budget},
                                         {"from", CLI_TEXT, &offer.from},
                                         {"until", CLI_TEXT, &offer.until}};
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    return sign_offer(&cli, &own, &offer);
}

const struct cli_command cli_promotion_sign = {
    "promotion sign", "Lets another partner give points that this one pays for",
    "[options] --issuer NAME --bp N --budget POINTS",
    "  --issuer NAME         who gives them\n"
    "  --bp N                basis points of each lot that may be put on the node's partner\n"
    "                        (10000: all of it)\n"
    "  --budget POINTS       so many in all, also of what is taken back later\n"
    "  --from DAY, --until DAY\n"
    "                        from its midnight in the charter's zone, or a time such as\n"
    "                        2027-02-01T00:00:00Z (default: from now on, without an "
    "end)\n" DEAL_HELP "\nIt cannot be taken back: --until and --budget are its limits.\n"
    "\nExample:\n  accrue promotion sign --dir demo --node books --issuer grocer --bp 5000 "
    "--budget 100000\n",
    run_sign};

/* ---- list ------------------------------------------------------------------------------------ */

static void print_promotions(const json_t *promotions, const struct charter *charter)
{
    size_t i;
    json_t *promotion;
    int funder = cli_width(promotions, "funder", 14), issuer = cli_width(promotions, "issuer", 14);
    cli_say(stdout, "%-6s %-*s %-*s %6s %16s %16s  %-25s %s\n", "number", funder, "paid by", issuer,
            "given by", "bp", "budget", "left", "from", "until");
    json_array_foreach(promotions, i, promotion)
    {
        char from[LOCAL_TIME_SIZE], until[LOCAL_TIME_SIZE];
        local_time_of_text(charter, text_of(promotion, "from"), from);
        local_time_of_text(charter, text_of(promotion, "until"), until);
        cli_say(stdout, "%-6lld %-*s %-*s %6lld %16lld %16s  %-25s %s\n",
                number_of(promotion, "promotion"), funder, text_of(promotion, "funder"), issuer,
                text_of(promotion, "issuer"), number_of(promotion, "bp"),
                number_of(promotion, "budget"), text_of(promotion, "left"), from, until);
    }
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *partner = NULL;
    char path[HTTP_PATH_MAX];
    const struct cli_option options[] = {{"partner", CLI_TEXT, &partner}};
    json_t *promotions;
    int code;
    if (!deal_begin_reading(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (partner && !name_valid(bytes_text(partner)))
        return cli_fail(&cli, CLI_USAGE, "--partner takes the name of a partner");
    (void)snprintf(path, sizeof(path), "/v1/promotions?limit=250%s%s", partner ? "&partner=" : "",
                   partner ? partner : "");
    if (!deal_list(&cli, &own, path, "promotions", &promotions, &code))
        return code;
    if (cli.json) {
        cli_print_json(json_pack("{s:o}", "promotions", promotions));
        return CLI_OK;
    }
    struct charter *charter;
    if (!deal_charter(&cli, &own, &charter, &code)) {
        json_decref(promotions);
        return code;
    }
    print_promotions(promotions, charter);
    charter_close(charter);
    json_decref(promotions);
    return CLI_OK;
}

const struct cli_command cli_promotion_list = {
    "promotion list", "Lists promotions, and how much of their budgets is left", "[options]",
    "  --partner NAME        only those that it pays for or gives\n" DEAL_AS_HELP
    "\nA day begins at its midnight in the charter's zone; times are of that zone, with --json of "
    "UTC.\n"
    "\nExample:\n  accrue promotion list --dir demo\n",
    run_list};
