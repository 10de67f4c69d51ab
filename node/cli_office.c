/* What offices do: reverse, activate, adjust, transfer, expire; and a sandbox's clock. */
#include "node/cli_commands.h"
#include "node/cli_write.h"

#include <string.h>

#define KEY_OPTION "  --key KEY             idempotency key (default: a random one)\n"

/* ---- reverse ------------------------------------------------------------------------------- */

struct reversal {
    const char *key, *earn, *redemption, *document, *original_key, *points, *refunded;
};

static bool reversal_body(const struct cli *cli, const struct reversal *own, json_t *body,
                          int *exit_out)
{
    int originals = (own->earn != NULL) + (own->redemption != NULL) + (own->document != NULL) +
                    (own->original_key != NULL);
    if (originals != 1 || (own->points != NULL) == (own->refunded != NULL) ||
        (own->redemption && own->refunded)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "name one original (--earn, --redemption, --original-document or "
                             "--original-key) and --points, or for an earn --refunded");
        return false;
    }
    cli_put_text(body, "original_document", own->document);
    cli_put_text(body, "original_key", own->original_key);
    cli_put_text(body, "refunded", own->refunded);
    return (!own->earn || cli_put_number(cli, body, "earn", own->earn, exit_out)) &&
           (!own->redemption ||
            cli_put_number(cli, body, "redemption", own->redemption, exit_out)) &&
           (!own->points || cli_put_number(cli, body, "points", own->points, exit_out));
}

static int run_reverse(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct reversal own = {0};
    const struct cli_option options[] = {
        {"key", CLI_TEXT, &own.key},
        {"earn", CLI_TEXT, &own.earn},
        {"redemption", CLI_TEXT, &own.redemption},
        {"original-document", CLI_TEXT, &own.document},
        {"original-key", CLI_TEXT, &own.original_key},
        {"points", CLI_TEXT, &own.points},
        {"refunded", CLI_TEXT, &own.refunded},
    };
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    json_t *body = json_object();
    if (reversal_body(&cli, &own, body, &code))
        return cli_write(&cli, "till", own.redemption ? "/v1/reverse-redeem" : "/v1/reverse-earn",
                         own.key, body);
    json_decref(body);
    return code;
}

const struct cli_command cli_reverse = {
    "reverse", "Takes back points of a refunded purchase, or gives back a redemption's",
    "[options]",
    "  --earn RECORD         the earn that is refunded\n"
    "  --original-document D the same, by its receipt\n"
    "  --original-key KEY    the same, by its idempotency key\n"
    "  --redemption RECORD   the redemption that is undone\n"
    "  --points N            how many points\n"
    "  --refunded AMOUNT     how much of the purchase's eligible amount was paid back\n" KEY_OPTION
    "\nExamples:\n  accrue reverse --dir demo --node grocer --earn 17 --points 100\n"
    "  accrue reverse --dir demo --node cinema --redemption 42 --points 100\n",
    run_reverse};

/* ---- activate, adjust, transfer, expire ---------------------------------------------------- */

static int run_activate(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    json_t *body = json_object();
    if (cli_put_number(&cli, body, "earn", cli.rest[0], &code))
        return cli_write(&cli, "office", "/v1/activate", key, body);
    json_decref(body);
    return code;
}

const struct cli_command cli_activate = {
    "activate", "Makes the pending points of an earn spendable now", "[options] EARN",
    KEY_OPTION "\nExample:\n  accrue activate --dir demo --node grocer 17\n", run_activate};

static int run_adjust(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const char *reason = NULL;
    const char *approver = NULL;
    const char *expires = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key},
                                         {"reason", CLI_TEXT, &reason},
                                         {"approver", CLI_TEXT, &approver},
                                         {"expires", CLI_TEXT, &expires}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 2, 2, &code))
        return code;
    if (!reason || !approver)
        return cli_fail(&cli, CLI_USAGE, "an adjustment needs --reason and --approver");
    json_t *body = json_object();
    const char *points = cli.rest[1];
    bool minus = points[0] == '-';
    cli_put_text(body, "reason", reason);
    cli_put_text(body, "approver", approver);
    if (cli_put_member(&cli, body, cli.rest[0], NULL, &code) &&
        cli_put_number(&cli, body, "points", points + (minus || points[0] == '+'), &code) &&
        cli_put_time(&cli, body, "expires", expires, &code)) {
        json_t *value = json_object_get(body, "points");
        json_integer_set(value, minus ? -json_integer_value(value) : json_integer_value(value));
        return cli_write(&cli, "office", "/v1/adjust", key, body);
    }
    json_decref(body);
    return code;
}

const struct cli_command cli_adjust = {
    "adjust", "Gives or takes points by hand, with a reason", "[options] -- MEMBER [+-]POINTS",
    "  --reason TEXT         why (kept on the ledger)\n"
    "  --approver TEXT       who allowed it (kept on the ledger)\n"
    "  --expires TIME        of points given\n" KEY_OPTION
    "\nExample:\n  accrue adjust --dir demo --reason goodwill --approver mz -- "
    "0123456789abcdef0123456789abcdef -50\n",
    run_adjust};

static int run_transfer(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 3, 3, &code))
        return code;
    json_t *body = json_object();
    cli_put_text(body, "from", cli.rest[0]);
    cli_put_text(body, "to", cli.rest[1]);
    if (cli_put_number(&cli, body, "points", cli.rest[2], &code))
        return cli_write(&cli, "office", "/v1/transfer", key, body);
    json_decref(body);
    return code;
}

const struct cli_command cli_transfer = {
    "transfer", "Moves points from one member to another", "[options] FROM TO POINTS",
    KEY_OPTION "\nExample:\n  accrue transfer --dir demo 0123456789abcdef0123456789abcdef "
               "fedcba9876543210fedcba9876543210 30\n",
    run_transfer};

static int run_expire(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 64, &code))
        return code;
    json_t *lots = json_array();
    json_t *body = json_pack("{s:o}", "lots", lots);
    for (size_t i = 0; i < cli.rest_count; i++) {
        uint64_t lot;
        if (!parse_u64(bytes_text(cli.rest[i]), INT64_MAX, &lot)) {
            json_decref(body);
            return cli_fail(&cli, CLI_USAGE, "a lot is a number, not '%s'", cli.rest[i]);
        }
        json_array_append_new(lots, json_integer((json_int_t)lot));
    }
    return cli_write(&cli, "office", "/v1/expire", key, body);
}

const struct cli_command cli_expire = {
    "expire", "Books the points of lots whose time has ended", "[options] LOT...",
    KEY_OPTION "\nExample:\n  accrue expire --dir demo --node grocer 12 13\n", run_expire};

/* ---- clock --------------------------------------------------------------------------------- */

static int run_clock(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const char *advance = NULL;
    const char *to = NULL;
    const struct cli_option options[] = {
        {"key", CLI_TEXT, &key}, {"advance", CLI_TEXT, &advance}, {"to", CLI_TEXT, &to}};
    int code;
    uint64_t ms;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (!advance && !to) {
        json_t *reply;
        if (!cli_ask(&cli, "till", "/v1/coalition", &reply, &code))
            return code;
        puts(json_string_value(json_object_get(reply, "ledger_time")));
        json_decref(reply);
        return CLI_OK;
    }
    if ((advance && to) || (advance && !cli_duration_parse(advance, &ms)))
        return cli_fail(&cli, CLI_USAGE, "give --advance TIME (such as 7d) or --to TIME");
    json_t *body = json_object();
    if (advance)
        json_object_set_new(body, "advance_ms", json_integer((json_int_t)ms));
    if (cli_put_time(&cli, body, "to", to, &code))
        return cli_write(&cli, "admin", "/v1/clock", key, body);
    json_decref(body);
    return code;
}

const struct cli_command cli_clock = {
    "clock", "Shows ledger time; moves it forward in a sandbox coalition", "[options]",
    "  --advance TIME        by so much: 90s, 15m, 12h, 7d\n"
    "  --to TIME             to that time\n" KEY_OPTION
    "\nExample:\n  accrue clock --dir demo --advance 31d\n",
    run_clock};
