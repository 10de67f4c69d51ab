#include "node/cli_write.h"

#include "crypto/hash.h"
#include "node/local_time.h"
#include "protocol/ids.h"

#include <string.h>
#include <unistd.h>

enum { KEY_RANDOM_SIZE = 16 };

static void make_key(char key_out[2 * KEY_RANDOM_SIZE + 8])
{
    uint8_t random[KEY_RANDOM_SIZE];
    random_bytes(random, sizeof(random));
    memcpy(key_out, "cli-", 4);
    hex_encode(bytes_of(random, sizeof(random)), key_out + 4);
}

static void print_lots(const json_t *lots)
{
    size_t i;
    json_t *lot;
    json_array_foreach(lots, i, lot)
    {
        printf("  lot %-10lld %lld points\n",
               (long long)json_integer_value(json_object_get(lot, "lot")),
               (long long)json_integer_value(json_object_get(lot, "quantity")));
    }
}

static void print_obligations(const json_t *obligations)
{
    size_t i;
    json_t *line;
    json_array_foreach(obligations, i, line)
    {
        const char *currency = json_string_value(json_object_get(line, "currency"));
        cli_say(stdout, "  %s owes %s %s%s%s (%s)\n",
                json_string_value(json_object_get(line, "debtor")),
                json_string_value(json_object_get(line, "creditor")),
                json_string_value(json_object_get(line, "amount")), currency ? " " : "",
                currency ? currency : "", json_string_value(json_object_get(line, "class")));
    }
}

/* Of a step in the life of a settlement period. */
static void print_period(const json_t *result)
{
    const char *period = json_string_value(json_object_get(result, "period"));
    const char *state = json_string_value(json_object_get(result, "state"));
    if (!period || !state)
        return;
    printf("  period %s is %s\n", period, state);
    if (json_is_true(json_object_get(result, "second_approval_needed")))
        puts("  one of two has approved: now another person, with a token of another name (--as)");
}

/* Of an approval of a payment account. */
static void print_account(const json_t *result)
{
    const char *iban = json_string_value(json_object_get(result, "iban"));
    const char *holder = json_string_value(json_object_get(result, "holder"));
    const char *state = json_string_value(json_object_get(result, "state"));
    const char *from = json_string_value(json_object_get(result, "from"));
    if (!iban || !holder || !state)
        return;
    cli_say(stdout, "  account %s of %s: %s%s%s\n", iban, holder, state, from ? " from " : "",
            from ? from : "");
    if (json_is_true(json_object_get(result, "second_approval_needed")))
        puts("  one of two has approved: now another person, with a token of another name (--as)");
}

/* Of what partners agree upon. */
static void print_deal(const json_t *result, const struct charter *charter)
{
    char from[LOCAL_TIME_SIZE], ends[LOCAL_TIME_SIZE];
    const json_t *contract = json_object_get(result, "contract");
    const json_t *promotion = json_object_get(result, "promotion");
    const char *state = json_string_value(json_object_get(result, "state"));
    const char *digest = json_string_value(json_object_get(result, "digest"));
    const char *until = json_string_value(json_object_get(result, "ends"));
    local_time_of_text(charter, json_string_value(json_object_get(result, "from")), from);
    local_time_of_text(charter, until, ends);
    if (json_is_integer(contract))
        cli_say(stdout, "  contract %lld is %s, from %s on%s%s\n  digest %s\n",
                (long long)json_integer_value(contract), state ? state : "?", from,
                until ? ", until " : "", until ? ends : "", digest ? digest : "?");
    if (json_is_integer(promotion))
        cli_say(stdout, "  promotion %lld, from %s on\n", (long long)json_integer_value(promotion),
                from);
}

/* What was published, or what a purchase was turned with. */
static void print_rates(const json_t *result)
{
    const char *day = json_string_value(json_object_get(result, "day"));
    const json_t *exchange = json_object_get(result, "exchange");
    size_t i;
    json_t *rate;
    json_array_foreach(json_object_get(result, "rates"), i, rate)
    {
        const char *currency = json_string_value(json_object_get(rate, "currency"));
        const char *worth = json_string_value(json_object_get(rate, "rate"));
        cli_say(stdout, "  1 %s is %s on %s\n", currency ? currency : "?", worth ? worth : "?",
                day ? day : "?");
    }
    const char *used = json_string_value(json_object_get(exchange, "rate"));
    const char *of = json_string_value(json_object_get(exchange, "day"));
    if (used && of)
        cli_say(stdout, "  at %s, the rate of %s\n", used, of);
}

/* Times of agreements as the clocks of the charter show them; NULL: in UTC. */
static void print_result(const json_t *result, const struct charter *charter)
{
    const char *verdict = json_string_value(json_object_get(result, "verdict"));
    const char *time = json_string_value(json_object_get(result, "time"));
    const char *member = json_string_value(json_object_get(result, "member"));
    const json_t *balance = json_object_get(result, "balance");
    printf("%s: record %lld, height %lld, %s%s%s\n", verdict ? verdict : "decided",
           (long long)json_integer_value(json_object_get(result, "index")),
           (long long)json_integer_value(json_object_get(result, "height")), time ? time : "",
           json_is_true(json_object_get(result, "repeat")) ? ", decided before" : "",
           json_is_true(json_object_get(result, "late")) ? ", late" : "");
    if (member)
        printf("  member %s\n", member);
    print_lots(json_object_get(result, "lots"));
    print_lots(json_object_get(result, "allocations"));
    print_obligations(json_object_get(result, "obligations"));
    print_period(result);
    print_account(result);
    print_deal(result, charter);
    print_rates(result);
    if (json_is_object(balance))
        printf("  balance %lld\n",
               (long long)json_integer_value(json_object_get(balance, "spendable")));
}

/* What is decided is told anyway: without the charter, in UTC. */
static void print_decided(struct http *http, const struct cli_target *target, const json_t *reply)
{
    struct charter *charter = NULL;
    struct error unheard;
    bool agreed = json_object_get(reply, "contract") || json_object_get(reply, "promotion");
    if (agreed && !cli_charter(http, target, &charter, &unheard))
        charter = NULL;
    print_result(reply, charter);
    charter_close(charter);
}

static int print_answer(const struct cli *cli, struct http *http, const struct cli_target *target,
                        int status, json_t *reply, const char *key, json_t **result_out)
{
    int code = status == 202 || status == 503 || status == 429 ? CLI_UNREACHABLE
               : status == 200 || status == 201                ? CLI_OK
                                                               : CLI_REFUSED;
    if (cli->json) {
        cli_print_json(reply);
        return code;
    }
    if (code == CLI_OK) {
        print_decided(http, target, reply);
        *result_out = json_incref(reply);
    } else if (status == 202) {
        fprintf(stderr,
                "accrue %s: accepted by the node, but the coalition has not decided it yet. Ask "
                "again with --key %s\n",
                cli->command->name, key);
    } else {
        char text[512];
        http_problem_text(status, reply, text);
        fprintf(stderr, "accrue %s: %s\n", cli->command->name, text);
    }
    json_decref(reply);
    return code;
}

int cli_write(const struct cli *cli, const char *scope, const char *path, const char *key,
              json_t *body)
{
    json_t *result;
    int code = cli_write_result(cli, scope, path, key, body, &result);
    json_decref(result);
    return code;
}

int cli_write_result(const struct cli *cli, const char *scope, const char *path, const char *key,
                     json_t *body, json_t **result_out)
{
    struct cli_target target;
    struct error error;
    char made[2 * KEY_RANDOM_SIZE + 8];
    *result_out = NULL;
    if (!cli_target_find(cli, scope, &target, &error)) {
        json_decref(body);
        return cli_fail_error(cli, &error);
    }
    if (!key) {
        make_key(made);
        key = made;
    }
    struct http *http = http_open(1, cli->timeout_s * 1000);
    int status;
    json_t *reply;
    int code = http_ask(http, &target, path, key, body, &status, &reply, &error)
                   ? print_answer(cli, http, &target, status, reply, key, result_out)
                   : cli_fail_error(cli, &error);
    http_close(http);
    return code;
}

bool cli_charter(struct http *http, const struct cli_target *target, struct charter **charter_out,
                 struct error *error)
{
    struct buffer json;
    buffer_init(&json, CHARTER_SIZE_MAX);
    bool ok = http_get(http, target, "/v1/charter", &json, error) &&
              charter_parse(buffer_bytes(&json), charter_out, NULL, error);
    buffer_release(&json);
    return ok;
}

bool cli_ask(const struct cli *cli, const char *scope, const char *path, json_t **reply_out,
             int *exit_out)
{
    struct cli_target target;
    struct error error;
    if (!cli_target_find(cli, scope, &target, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    struct http *http = http_open(1, cli->timeout_s * 1000);
    int status = 0;
    bool ok = http_ask(http, &target, path, NULL, NULL, &status, reply_out, &error);
    http_close(http);
    if (!ok) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    if (status == 200)
        return true;
    char text[512];
    http_problem_text(status, *reply_out, text);
    json_decref(*reply_out);
    *exit_out = cli_fail(cli, status >= 500 ? CLI_UNREACHABLE : CLI_REFUSED, "%s", text);
    return false;
}

/* ---- where it was ---------------------------------------------------------------------------- */

static bool is_in_folder(const struct cli *cli, const char *node)
{
    char path[CLI_PATH_MAX];
    struct error error;
    return name_valid(bytes_text(node)) &&
           cli_path(path, &error, "%s/%s/node.json", cli->dir, node) && access(path, F_OK) == 0;
}

struct command_place cli_place_open(const struct cli *cli, const json_t *coalition)
{
    struct command_place place = {.dir = cli->dir,
                                  .node = cli->node,
                                  .url = cli->url,
                                  .token_file = cli->token_file,
                                  .ca = cli->ca};
    json_t *nodes = json_object(), *node;
    size_t i;
    place.self = json_string_value(json_object_get(coalition, "partner"));
    json_array_foreach(json_object_get(coalition, "nodes"), i, node)
    {
        const char *name = json_string_value(json_object_get(node, "name"));
        const char *partner = json_string_value(json_object_get(node, "partner"));
        if (cli->dir && name && partner && !json_is_true(json_object_get(node, "left")) &&
            !json_object_get(nodes, partner) && is_in_folder(cli, name))
            json_object_set_new(nodes, partner, json_string(name));
    }
    place.nodes = nodes;
    return place;
}

void cli_place_close(struct command_place *place)
{
    json_decref(place->nodes);
    place->nodes = NULL;
}

/* ---- bodies -------------------------------------------------------------------------------- */

bool cli_put_member(const struct cli *cli, json_t *body, const char *member, const char *card,
                    int *exit_out)
{
    struct member_ref reference;
    if (card) {
        json_object_set_new(body, "card", json_string(card));
        return true;
    }
    if (member && member_parse(bytes_text(member), &reference)) {
        json_object_set_new(body, "member", json_string(member));
        return true;
    }
    *exit_out = cli_fail(cli, CLI_USAGE,
                         "a member is 32 hex digits (or give --card NUMBER), not "
                         "'%s'",
                         member ? member : "");
    return false;
}

bool cli_put_number(const struct cli *cli, json_t *body, const char *name, const char *text,
                    int *exit_out)
{
    uint64_t value;
    if (text && parse_u64(bytes_text(text), INT64_MAX, &value)) {
        json_object_set_new(body, name, json_integer((json_int_t)value));
        return true;
    }
    *exit_out =
        cli_fail(cli, CLI_USAGE, "%s must be a whole number, not '%s'", name, text ? text : "");
    return false;
}

bool cli_put_time(const struct cli *cli, json_t *body, const char *name, const char *text,
                  int *exit_out)
{
    uint64_t time_ms;
    char formatted[32];
    if (!text)
        return true;
    if (!cli_time_parse(text, &time_ms)) {
        *exit_out = cli_fail(
            cli, CLI_USAGE, "%s must be a time such as 2026-11-21T10:00:00Z, not '%s'", name, text);
        return false;
    }
    cli_time_format(time_ms, formatted);
    json_object_set_new(body, name, json_string(formatted));
    return true;
}

void cli_put_text(json_t *body, const char *name, const char *text)
{
    if (text)
        json_object_set_new(body, name, json_string(text));
}
