/* Points in the hands of tills: earn, redeem, hold, commit, release. */
#include "node/cli_commands.h"
#include "node/cli_write.h"

#include <string.h>

/* Options that most of them take. */
struct points_options {
    const char *key, *card, *amount, *document, *at;
};

#define KEY_OPTION                                                                                 \
    "  --key KEY             idempotency key: repeat a command with the same key and nothing is\n" \
    "                        booked twice (default: a random one)\n"
#define DOCUMENT_OPTIONS                                                                           \
    "  --document TEXT       receipt or order number\n"                                            \
    "  --at TIME             the till's time (default: now)\n"
#define CARD_OPTION "  --card NUMBER         the member's card, instead of MEMBER\n"

/* Arguments are [MEMBER] [POINTS]: the first falls away with --card, the second with --amount. */
static bool read_arguments(const struct cli *cli, const struct points_options *options,
                           json_t *body, int *exit_out)
{
    size_t wanted = (options->card ? 0 : 1) + (options->amount ? 0 : 1);
    if (!cli_rest(cli, wanted, wanted, exit_out))
        return false;
    const char *member = options->card ? NULL : cli->rest[0];
    if (!cli_put_member(cli, body, member, options->card, exit_out))
        return false;
    cli_put_text(body, "amount", options->amount);
    cli_put_text(body, "document", options->document);
    return (options->amount ||
            cli_put_number(cli, body, "points", cli->rest[wanted - 1], exit_out)) &&
           cli_put_time(cli, body, "at", options->at, exit_out);
}

/* ---- earn ---------------------------------------------------------------------------------- */

/* "grocer:6000,books:4000" */
static bool put_split(const struct cli *cli, json_t *lot, const char *text, int *exit_out)
{
    json_t *split = json_array();
    while (text && *text) {
        size_t size = strcspn(text, ",");
        size_t name = strcspn(text, ":");
        uint64_t bp;
        if (name >= size || !parse_u64(bytes_of(text + name + 1, size - name - 1), 10000, &bp)) {
            json_decref(split);
            *exit_out = cli_fail(cli, CLI_USAGE,
                                 "--split is PARTNER:BASISPOINTS,... such as "
                                 "grocer:6000,books:4000");
            return false;
        }
        json_array_append_new(
            split, json_pack("{s:s%, s:I}", "partner", text, name, "bp", (json_int_t)bp));
        text += size + (text[size] == ',');
    }
    if (json_array_size(split))
        json_object_set_new(lot, "split", split);
    else
        json_decref(split);
    return true;
}

/* "SEK=249.00": what counts for refunds is found by the node, by its partner's exchange rates. */
static bool put_purchase(const struct cli *cli, json_t *body, const char *text,
                         const char *eligible, int *exit_out)
{
    char code[CURRENCY_SIZE];
    int64_t micro;
    if (!text)
        return true;
    if (eligible) {
        *exit_out = cli_fail(cli, CLI_USAGE, "either --purchase or --eligible, not both");
        return false;
    }
    if (!cli_amount_parse(text, INT64_MAX, code, &micro)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--purchase is CURRENCY=AMOUNT, such as SEK=249.00: above 0, with at "
                             "most 6 decimals; not '%.40s'",
                             text);
        return false;
    }
    json_object_set_new(body, "purchase",
                        json_pack("{s:s, s:s}", "amount", text + CURRENCY_SIZE, "currency", code));
    return true;
}

static int run_earn(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct points_options own = {0};
    const char *eligible = NULL;
    const char *activates = NULL;
    const char *expires = NULL;
    const char *split = NULL;
    const char *purchase = NULL;
    const struct cli_option options[] = {
        {"key", CLI_TEXT, &own.key},           {"card", CLI_TEXT, &own.card},
        {"document", CLI_TEXT, &own.document}, {"at", CLI_TEXT, &own.at},
        {"eligible", CLI_TEXT, &eligible},     {"activates", CLI_TEXT, &activates},
        {"expires", CLI_TEXT, &expires},       {"split", CLI_TEXT, &split},
        {"purchase", CLI_TEXT, &purchase},
    };
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code))
        return code;
    json_t *body = json_object();
    json_t *lot = json_object();
    bool ok = read_arguments(&cli, &own, body, &code) &&
              put_purchase(&cli, body, purchase, eligible, &code) &&
              cli_put_time(&cli, lot, "activates", activates, &code) &&
              cli_put_time(&cli, lot, "expires", expires, &code) &&
              put_split(&cli, lot, split, &code);
    cli_put_text(body, "eligible", eligible);
    if (ok && json_object_size(lot)) { /* terms of its own: a lot instead of plain points */
        json_object_set(lot, "points", json_object_get(body, "points"));
        json_object_del(body, "points");
        json_object_set_new(body, "lots", json_pack("[O]", lot));
    }
    json_decref(lot);
    if (ok)
        return cli_write(&cli, "till", "/v1/earn", own.key, body);
    json_decref(body);
    return code;
}

const struct cli_command cli_earn = {
    "earn", "Gives points to a member", "[options] MEMBER POINTS",
    CARD_OPTION DOCUMENT_OPTIONS
    "  --eligible AMOUNT     what the purchase counts for, the measure of later refunds\n"
    "  --purchase CUR=AMOUNT what was bought, in any currency, instead: the partner's exchange\n"
    "                        rate of its day (accrue rates) turns it into the coalition's\n"
    "  --activates TIME      spendable only from then on\n"
    "  --expires TIME        spendable only until then (default: as the charter says)\n"
    "  --split P:BP,...      who pays for the points, in basis points\n" KEY_OPTION
    "\nExample:\n  accrue earn --dir demo --node grocer --document R-1001 "
    "0123456789abcdef0123456789abcdef 250\n"
    "  accrue earn --dir demo --purchase SEK=249.00 0123456789abcdef0123456789abcdef 21\n"
    "Exit status 1 with 'no-rate' when the partner published none for that day or the 7 before.\n",
    run_earn};

/* ---- redeem, hold -------------------------------------------------------------------------- */

static int run_take(const struct cli_command *command, int argc, char **argv, const char *path,
                    bool is_hold)
{
    struct cli cli;
    struct points_options own = {0};
    const char *ttl = NULL;
    const struct cli_option options[] = {
        {"key", CLI_TEXT, &own.key},       {"card", CLI_TEXT, &own.card},
        {"amount", CLI_TEXT, &own.amount}, {"document", CLI_TEXT, &own.document},
        {"at", CLI_TEXT, &own.at},         {"ttl", CLI_TEXT, &ttl},
    };
    int code;
    uint64_t ttl_ms;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options) - !is_hold, &code))
        return code;
    json_t *body = json_object();
    bool ok = read_arguments(&cli, &own, body, &code);
    if (ok && ttl) {
        ok = cli_duration_parse(ttl, &ttl_ms);
        if (ok)
            json_object_set_new(body, "ttl_s", json_integer((json_int_t)(ttl_ms / 1000)));
        else
            code = cli_fail(&cli, CLI_USAGE, "--ttl is a time such as 15m, not '%s'", ttl);
    }
    if (ok)
        return cli_write(&cli, "till", path, own.key, body);
    json_decref(body);
    return code;
}

static int run_redeem(const struct cli_command *command, int argc, char **argv)
{
    return run_take(command, argc, argv, "/v1/redeem", false);
}

const struct cli_command cli_redeem = {
    "redeem", "Takes points of a member, at once and for good", "[options] MEMBER POINTS",
    CARD_OPTION
    "  --amount AMOUNT       instead of POINTS: the fewest points that cover this "
    "amount\n" DOCUMENT_OPTIONS KEY_OPTION
    "\nExample:\n  accrue redeem --dir demo --node cinema 0123456789abcdef0123456789abcdef 200\n"
    "Exit status 1 with 'insufficient-points' when the member has too few.\n",
    run_redeem};

static int run_hold(const struct cli_command *command, int argc, char **argv)
{
    return run_take(command, argc, argv, "/v1/hold", true);
}

const struct cli_command cli_hold = {
    "hold", "Sets points of a member aside until commit or release", "[options] MEMBER POINTS",
    CARD_OPTION
    "  --amount AMOUNT       instead of POINTS: the fewest points that cover this amount\n"
    "  --ttl TIME            how long (default: the charter's, 15m)\n" DOCUMENT_OPTIONS KEY_OPTION
    "\nExample:\n  accrue hold --dir demo --ttl 10m 0123456789abcdef0123456789abcdef 200\n"
    "The record's number in the answer is what commit and release take.\n",
    run_hold};

/* ---- commit, release ----------------------------------------------------------------------- */

static int run_end_hold(const struct cli_command *command, int argc, char **argv, const char *path,
                        size_t arguments_max)
{
    struct cli cli;
    const char *key = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, arguments_max, &code))
        return code;
    json_t *body = json_object();
    if (cli_put_number(&cli, body, "hold", cli.rest[0], &code) &&
        (cli.rest_count == 1 || cli_put_number(&cli, body, "points", cli.rest[1], &code)))
        return cli_write(&cli, "till", path, key, body);
    json_decref(body);
    return code;
}

static int run_commit(const struct cli_command *command, int argc, char **argv)
{
    return run_end_hold(command, argc, argv, "/v1/commit", 2);
}

const struct cli_command cli_commit = {
    "commit", "Takes what a hold set aside", "[options] HOLD [POINTS]",
    KEY_OPTION "\nExample:\n  accrue commit --dir demo 1042 150\n"
               "Without POINTS all of it; with fewer, the rest goes back.\n",
    run_commit};

static int run_release(const struct cli_command *command, int argc, char **argv)
{
    return run_end_hold(command, argc, argv, "/v1/release", 1);
}

const struct cli_command cli_release = {
    "release", "Gives back what a hold set aside", "[options] HOLD",
    KEY_OPTION "\nExample:\n  accrue release --dir demo 1042\n", run_release};
