/* Members: enrolled, shown, given a card. */
#include "node/cli_commands.h"
#include "node/cli_write.h"

#include <string.h>

#define KEY_OPTION "  --key KEY             idempotency key (default: a random one)\n"

static int run_new(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const char *card = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}, {"card", CLI_TEXT, &card}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 1, &code))
        return code;
    json_t *body = json_object();
    if (cli.rest_count && !cli_put_member(&cli, body, cli.rest[0], NULL, &code)) {
        json_decref(body);
        return code;
    }
    if (card)
        json_object_set_new(body, "cards", json_pack("[s]", card));
    return cli_write(&cli, "till", "/v1/members", key, body);
}

const struct cli_command cli_member_new = {
    "member new", "Enrols a member, with a random reference unless one is given",
    "[options] [MEMBER]",
    "  --card NUMBER         link this card: a random number of 20 digits or more\n" KEY_OPTION
    "\nExample:\n  accrue member new --dir demo --node grocer --card 73160258419406285173\n",
    run_new};

static void print_lots(const json_t *balance)
{
    const json_t *lots = json_object_get(balance, "lots");
    size_t i;
    json_t *lot;
    if (json_array_size(lots) == 0)
        return;
    printf("\n  %-8s %-12s %10s %10s %10s %10s  %s\n", "lot", "issuer", "quantity", "remaining",
           "held", "pending", "expires");
    json_array_foreach(lots, i, lot)
    {
        const char *expires = json_string_value(json_object_get(lot, "expires"));
        printf("  %-8lld %-12s %10lld %10lld %10lld %10lld  %s\n",
               (long long)json_integer_value(json_object_get(lot, "lot")),
               json_string_value(json_object_get(lot, "issuer")),
               (long long)json_integer_value(json_object_get(lot, "quantity")),
               (long long)json_integer_value(json_object_get(lot, "remaining")),
               (long long)json_integer_value(json_object_get(lot, "held")),
               (long long)json_integer_value(json_object_get(lot, "pending")),
               expires ? expires : "never");
    }
    if (json_is_string(json_object_get(balance, "next")))
        puts("  ... and more: --json shows the cursor");
}

static int show(const struct cli *cli, const char *member, bool lots)
{
    char path[96];
    json_t *balance;
    int code;
    snprintf(path, sizeof(path), "/v1/members/%.40s", member);
    if (!cli_ask(cli, "till", path, &balance, &code))
        return code;
    if (cli->json) {
        cli_print_json(balance);
        return CLI_OK;
    }
    static const char *const numbers[] = {"spendable", "pending", "held", "deficit",
                                          "expired_unbooked"};
    printf("member %s%s\n", member,
           json_is_true(json_object_get(balance, "locked")) ? " (locked)" : "");
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        printf("  %-18s %lld\n", numbers[i],
               (long long)json_integer_value(json_object_get(balance, numbers[i])));
    if (lots)
        print_lots(balance);
    json_decref(balance);
    return CLI_OK;
}

/* The member that a card belongs to, or the argument itself. */
static bool find_member(const struct cli *cli, const char *card, char member_out[40], int *exit_out)
{
    struct cli_target target;
    struct error error;
    if (!cli_rest(cli, card ? 0 : 1, card ? 0 : 1, exit_out))
        return false;
    json_t *body = json_object();
    if (!card) {
        bool ok = cli_put_member(cli, body, cli->rest[0], NULL, exit_out);
        snprintf(member_out, 40, "%s", cli->rest[0]);
        json_decref(body);
        return ok;
    }
    cli_put_text(body, "number", card);
    if (!cli_target_find(cli, "till", &target, &error)) {
        json_decref(body);
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    struct http *http = http_open(1, cli->timeout_s * 1000);
    int status;
    json_t *reply = NULL;
    bool ok = http_ask(http, &target, "/v1/cards/lookup", NULL, body, &status, &reply, &error);
    http_close(http);
    if (!ok) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    const char *member = json_string_value(json_object_get(reply, "member"));
    ok = status == 200 && member;
    if (ok) {
        snprintf(member_out, 40, "%s", member);
    } else {
        char text[512];
        http_problem_text(status, reply, text);
        *exit_out = cli_fail(cli, CLI_REFUSED, "%s", text);
    }
    json_decref(reply);
    return ok;
}

static int run_show(const struct cli_command *command, int argc, char **argv, bool lots)
{
    struct cli cli;
    const char *card = NULL;
    const struct cli_option options[] = {{"card", CLI_TEXT, &card}};
    char member[40];
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !find_member(&cli, card, member, &code))
        return code;
    return show(&cli, member, lots);
}

static int run_member_show(const struct cli_command *command, int argc, char **argv)
{
    return run_show(command, argc, argv, true);
}

const struct cli_command cli_member_show = {
    "member show", "Shows a member's points and the lots they lie in", "[options] MEMBER",
    "  --card NUMBER         the member's card, instead of MEMBER\n"
    "\nExample:\n  accrue member show --dir demo 0123456789abcdef0123456789abcdef\n",
    run_member_show};

static int run_balance(const struct cli_command *command, int argc, char **argv)
{
    return run_show(command, argc, argv, false);
}

const struct cli_command cli_balance = {
    "balance", "Shows a member's points", "[options] MEMBER",
    "  --card NUMBER         the member's card, instead of MEMBER\n"
    "\nExample:\n  accrue balance --dir demo --json 0123456789abcdef0123456789abcdef\n",
    run_balance};

static int run_card(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *key = NULL;
    const struct cli_option options[] = {{"key", CLI_TEXT, &key}};
    char path[96];
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 2, 2, &code))
        return code;
    json_t *body = json_object();
    bool ok = cli_put_member(&cli, body, cli.rest[0], NULL, &code);
    json_decref(body);
    if (!ok)
        return code;
    snprintf(path, sizeof(path), "/v1/members/%.40s/cards", cli.rest[0]);
    return cli_write(&cli, "till", path, key, json_pack("{s:s}", "number", cli.rest[1]));
}

const struct cli_command cli_member_card = {
    "member card", "Links a card to a member", "[options] MEMBER NUMBER",
    KEY_OPTION "\nExample:\n  accrue member card --dir demo 0123456789abcdef0123456789abcdef "
               "73160258419406285173\n"
               "Only random numbers of 64 bits or more: 20 digits, or 16 letters and digits.\n",
    run_card};

/* ---- history ------------------------------------------------------------------------------- */

static void print_history(const json_t *page)
{
    const json_t *list = json_object_get(page, "transactions");
    size_t i;
    json_t *line;
    printf("%-8s %-25s %-14s %-12s %-20s %s\n", "record", "time", "type", "partner", "verdict",
           "key");
    json_array_foreach(list, i, line)
    {
        const char *partner = json_string_value(json_object_get(line, "partner"));
        const char *key = json_string_value(json_object_get(line, "key"));
        printf("%-8lld %-25s %-14s %-12s %-20s %s\n",
               (long long)json_integer_value(json_object_get(line, "index")),
               json_string_value(json_object_get(line, "time")),
               json_string_value(json_object_get(line, "type")), partner ? partner : "",
               json_string_value(json_object_get(line, "verdict")), key ? key : "");
    }
}

static int run_history(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    uint64_t limit = 50;
    const char *cursor = NULL;
    const struct cli_option options[] = {{"limit", CLI_NUMBER, &limit},
                                         {"cursor", CLI_TEXT, &cursor}};
    char path[HTTP_PATH_MAX];
    json_t *page;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    json_t *body = json_object();
    bool ok = cli_put_member(&cli, body, cli.rest[0], NULL, &code);
    json_decref(body);
    if (!ok)
        return code;
    snprintf(path, sizeof(path), "/v1/members/%.40s/transactions?limit=%llu%s%.100s", cli.rest[0],
             (unsigned long long)limit, cursor ? "&cursor=" : "", cursor ? cursor : "");
    if (!cli_ask(&cli, "till", path, &page, &code))
        return code;
    if (cli.json) {
        cli_print_json(page);
        return CLI_OK;
    }
    print_history(page);
    json_decref(page);
    return CLI_OK;
}

const struct cli_command cli_history = {
    "history", "Lists what happened to a member's points, newest first", "[options] MEMBER",
    "  --limit N             how many (default 50, at most 250)\n"
    "  --cursor TEXT         go on where an answer's \"next\" pointed\n"
    "\nExample:\n  accrue history --dir demo --limit 10 0123456789abcdef0123456789abcdef\n",
    run_history};
