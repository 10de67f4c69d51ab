/* Where the partners are paid, and the month after the play: it is closed, signed by two people of
 * each partner and made final; each partner gets its statement on paper. And who owes whom in all,
 * over every period. */
#include "node/demo.h"
#include "node/paper.h"
#include "node/report.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PERIODS_MAX = 64, TICKS = 2, TICK_MS = 1000, ACCOUNT_KEYS = 100 /* more than are used */ };

struct settling {
    struct demo *demo;
    struct charter *charter;
    unsigned keys;
    struct error *error;
};

/* ---- asking and writing ---------------------------------------------------------------------- */

static bool post(struct settling *settling, const struct cli_target *target, json_t *body,
                 const char *format, ...) PRINTF_LIKE(4, 5);

static bool post(struct settling *settling, const struct cli_target *target, json_t *body,
                 const char *format, ...)
{
    char path[HTTP_PATH_MAX], key[32], text[512];
    int status = 0;
    json_t *reply;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    (void)snprintf(key, sizeof(key), "settle-%u", settling->keys++);
    if (!http_ask(settling->demo->http, target, path, key, body, &status, &reply, settling->error))
        return false;
    http_problem_text(status, reply, text);
    json_decref(reply);
    return status == 200 || error_set(settling->error, ERROR_DENIED, "%s: %.300s", path, text);
}

static bool get_view(struct settling *settling, const struct cli_target *target, const char *period,
                     struct period_view **view_out)
{
    char path[HTTP_PATH_MAX];
    json_t *answer;
    (void)snprintf(path, sizeof(path), "/v1/periods/%s", period);
    if (!demo_ask(settling->demo, target, path, &answer, settling->error))
        return false;
    bool ok = period_view_read(answer, settling->charter, view_out, settling->error);
    json_decref(answer);
    return ok;
}

static bool read_charter(struct settling *settling)
{
    char path[CLI_PATH_MAX];
    struct buffer json;
    buffer_init(&json, CHARTER_SIZE_MAX);
    bool ok = cli_path(path, settling->error, "%s/charter.json", settling->demo->cluster.dir) &&
              cli_file_read(path, CHARTER_SIZE_MAX, &json, settling->error) &&
              charter_parse(buffer_bytes(&json), &settling->charter, NULL, settling->error);
    buffer_release(&json);
    return ok;
}

/* ---- where they are paid --------------------------------------------------------------------- */

/* Two people of each partner say it; a week later it is in force. */
static bool set_account(struct settling *settling, size_t partner)
{
    static const struct {
        const char *holder, *iban;
    } accounts[DEMO_NODES] = {{"Green Grocer AG", "AT611904300234573201"},
                              {"Books and More Ltd", "IE29AIBK93115212345678"},
                              {"Lux Cinemas GmbH", "DE89370400440532013000"},
                              {"High Street Fuel BV", "NL91ABNA0417164300"}};
    const struct demo *demo = settling->demo;
    const struct cli_target *people[] = {&demo->office[partner], &demo->finance[partner]};
    bool ok = true;
    for (size_t i = 0; i < ARRAY_SIZE(people) && ok; i++)
        ok = post(settling, people[i],
                  json_pack("{s:s, s:s, s:s}", "currency", settling->charter->currency, "holder",
                            accounts[partner].holder, "iban", accounts[partner].iban),
                  "/v1/payment-accounts");
    return ok;
}

bool demo_accounts(struct demo *demo, struct error *error)
{
    struct settling settling = {.demo = demo, .error = error};
    bool ok = read_charter(&settling);
    for (size_t i = 0; i < DEMO_NODES && ok; i++)
        ok = set_account(&settling, i);
    if (ok)
        printf("Two people of each partner have said where it is paid; that waits %u days.\n\n",
               settling.charter->settlement.account_days);
    charter_close(settling.charter);
    return ok;
}

/* ---- the end of the month -------------------------------------------------------------------- */

/* To the first working day after the open period. A period ends with the decision after its end,
 * and the one after that tells which records it has. */
static bool pass_the_end(struct settling *settling)
{
    const struct demo *demo = settling->demo;
    json_t *periods;
    if (!demo_ask(settling->demo, &demo->office[0], "/v1/periods", &periods, settling->error))
        return false;
    const json_t *list = json_object_get(periods, "periods");
    const json_t *open = json_array_get(list, json_array_size(list) - 1);
    const char *day =
        json_string_value(json_object_get(json_object_get(open, "deadlines"), "propose"));
    char to[48] = "";
    if (day)
        (void)snprintf(to, sizeof(to), "%.16sT08:00:00Z", day);
    json_decref(periods);
    bool ok = to[0] || error_set(settling->error, ERROR_INVALID, "no settlement period is open");
    ok = ok && post(settling, &demo->admin, json_pack("{s:s}", "to", to), "/v1/clock");
    for (int i = 0; i < TICKS && ok; i++)
        ok = post(settling, &demo->admin, json_pack("{s:i}", "advance_ms", TICK_MS), "/v1/clock");
    return ok;
}

/* The last one that has ended; "" when nothing was owed in any. */
static bool find_ended(struct settling *settling, char period_out[PERIOD_NAME_SIZE])
{
    json_t *periods, *period;
    size_t i;
    period_out[0] = 0;
    if (!demo_ask(settling->demo, &settling->demo->office[0], "/v1/periods", &periods,
                  settling->error))
        return false;
    json_array_foreach(json_object_get(periods, "periods"), i, period)
    {
        const char *name = json_string_value(json_object_get(period, "period"));
        const char *state = json_string_value(json_object_get(period, "state"));
        if (name && state && strcmp(state, "ended") == 0)
            (void)snprintf(period_out, PERIOD_NAME_SIZE, "%s", name);
    }
    json_decref(periods);
    return true;
}

static bool sign_all(struct settling *settling, const char *period, const struct hash *totals)
{
    struct demo *demo = settling->demo;
    char text[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(totals), text);
    for (size_t i = 0; i < DEMO_NODES; i++) {
        const struct cli_target *people[] = {&demo->office[i], &demo->finance[i]};
        for (size_t k = 0; k < ARRAY_SIZE(people); k++)
            if (!post(settling, people[k], json_pack("{s:s}", "totals", text),
                      "/v1/periods/%s/sign", period))
                return false;
    }
    return true;
}

static bool take_the_steps(struct settling *settling, const char *period)
{
    struct demo *demo = settling->demo;
    struct period_view *view;
    if (!get_view(settling, &demo->office[0], period, &view))
        return false;
    struct hash totals = view->totals;
    period_view_close(view);
    return post(settling, &demo->office[0], json_object(), "/v1/periods/%s/propose", period) &&
           demo_wait_level(demo, settling->error) && sign_all(settling, period, &totals) &&
           post(settling, &demo->office[0], json_object(), "/v1/periods/%s/finalise", period);
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool write_statement(struct settling *settling, const struct period_view *view,
                            const struct accounts *accounts, uint16_t partner)
{
    const struct report_request request = {
        .view = view, .accounts = accounts, .has_partner = true, .partner = {partner}};
    char path[CLI_PATH_MAX];
    struct buffer pdf;
    buffer_init(&pdf, REPORT_SIZE_MAX);
    bool ok = cli_path(path, settling->error, "%s/statement-%s-%s.pdf", settling->demo->cluster.dir,
                       view->name, view->partners[partner].name) &&
              report_write("statement", REPORT_PDF, &request, &pdf, settling->error) &&
              cli_file_write(path, 0644, buffer_bytes(&pdf), settling->error);
    if (ok)
        printf("  %s\n", path);
    buffer_release(&pdf);
    return ok;
}

static void print_nets(const struct period_view *view)
{
    struct view_payment *payments;
    size_t count = period_view_payments(view, &payments);
    char amount[MONEY_TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        period_view_amount(view, payments[i].currency, payments[i].payment.amount, amount);
        printf("  %s pays %s %s %s\n", period_view_name(view, payments[i].payment.from),
               period_view_name(view, payments[i].payment.to), amount, payments[i].currency);
    }
    free(payments);
}

static bool get_accounts(struct settling *settling, struct accounts *accounts_out)
{
    json_t *answer;
    if (!demo_ask(settling->demo, &settling->demo->office[0], "/v1/payment-accounts", &answer,
                  settling->error))
        return false;
    bool ok = accounts_join(accounts_out, answer, settling->error);
    json_decref(answer);
    return ok;
}

static bool tell(struct settling *settling, const char *period)
{
    struct accounts accounts = {.at = NULL};
    struct period_view *view;
    if (!get_view(settling, &settling->demo->office[0], period, &view))
        return false;
    char totals[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&view->totals), totals);
    printf("\nThe books of %s: proposed by %s, signed by two people of each partner, %s.\n"
           "  %" PRIu64 " records, totals %s\n",
           view->name, settling->demo->cluster.names[0], view->state, view->records, totals);
    print_nets(view);
    printf("Each partner's statement, on paper%s:\n",
           settling->demo->folder_goes ? ", until the demo ends (--keep keeps the folder)" : "");
    bool ok = get_accounts(settling, &accounts);
    for (uint16_t i = 0; i < view->partner_count && ok; i++)
        ok = write_statement(settling, view, &accounts, i);
    accounts_release(&accounts);
    paper_release_fonts();
    fflush(stdout);
    period_view_close(view);
    return ok;
}

bool demo_settle(struct demo *demo, struct error *error)
{
    struct settling settling = {.demo = demo, .keys = ACCOUNT_KEYS, .error = error};
    char period[PERIOD_NAME_SIZE];
    bool ok = read_charter(&settling) && pass_the_end(&settling) && find_ended(&settling, period);
    if (ok && !period[0])
        puts("\nNothing is owed: there is no period to settle.");
    else
        ok = ok && take_the_steps(&settling, period) && tell(&settling, period);
    charter_close(settling.charter);
    return ok;
}

/* ---- who owes whom in all -------------------------------------------------------------------- */

struct pair {
    struct money open, rounded;
};
struct owed { /* [debtor][creditor] */
    struct charter_line_rules rules;
    struct pair pairs[1 + CHARTER_CURRENCIES_MAX][DEMO_NODES][DEMO_NODES]; /* by currency first */
    struct money points[DEMO_NODES][DEMO_NODES];
};

static struct pair *pair_of(struct owed *owed, const struct line *line)
{
    size_t i = 0;
    while (i < owed->rules.rules.currency_count &&
           strcmp(owed->rules.currencies[i].code, line->currency) != 0)
        i++;
    must(i < owed->rules.rules.currency_count);
    return &owed->pairs[i][line->debtor.v][line->creditor.v];
}

static bool add_period(struct settling *settling, const char *period, struct owed *owed)
{
    struct period_view *view;
    if (!get_view(settling, &settling->demo->office[0], period, &view))
        return false;
    must(view->partner_count <= DEMO_NODES);
    for (size_t i = 0; i < view->exact.count; i++) {
        const struct line *line = &view->exact.at[i];
        pair_of(owed, line)->open.v += line->exact.v;
    }
    for (size_t i = 0; i < view->closed.count; i++) {
        const struct line *line = &view->closed.at[i];
        pair_of(owed, line)->rounded.v += line->rounded.v;
    }
    for (size_t i = 0; i < view->redeemed_count; i++) {
        struct money points = {0};
        must(money_parse(view->redeemed[i].points, &points));
        owed->points[view->redeemed[i].debtor.v][view->redeemed[i].creditor.v].v += points.v;
    }
    period_view_close(view);
    return true;
}

static bool add_all(struct settling *settling, struct owed *owed)
{
    json_t *periods, *period;
    size_t i;
    bool ok = true;
    if (!demo_ask(settling->demo, &settling->demo->office[0], "/v1/periods", &periods,
                  settling->error))
        return false;
    json_array_foreach(json_object_get(periods, "periods"), i, period)
    {
        const char *name = json_string_value(json_object_get(period, "period"));
        ok = ok && name && i < PERIODS_MAX && add_period(settling, name, owed);
    }
    json_decref(periods);
    return ok;
}

/* A pair's points stand with the charter's currency; another one is shown where it is owed. */
static void print_owed(const struct settling *settling, const struct owed *owed, size_t currency)
{
    const struct currency_rule *rule = &owed->rules.currencies[currency];
    bool own = strcmp(rule->code, settling->charter->currency) == 0, begun = false;
    char points[MONEY_TEXT_SIZE], open[MONEY_TEXT_SIZE], rounded[MONEY_TEXT_SIZE];
    for (size_t debtor = 0; debtor < DEMO_NODES; debtor++)
        for (size_t creditor = 0; creditor < DEMO_NODES; creditor++) {
            const struct pair *pair = &owed->pairs[currency][debtor][creditor];
            struct money behind = own ? owed->points[debtor][creditor] : (struct money){0};
            if (!begun && (own || pair->open.v != 0))
                printf("%-14s %-14s %16s %18s %14s\n", "from", "to", own ? "points" : "",
                       rule->code, "rounded");
            begun = begun || own || pair->open.v != 0;
            if (pair->open.v == 0 && behind.v == 0)
                continue;
            money_format(behind, 0, points);
            money_format(pair->open, rule->minor_digits, open);
            money_format(pair->rounded, rule->minor_digits, rounded);
            printf("%-14s %-14s %16s %18s %14s\n", settling->demo->cluster.names[debtor],
                   settling->demo->cluster.names[creditor], own ? points : "", open, rounded);
        }
}

bool demo_print_owed(struct demo *demo, struct error *error)
{
    struct settling settling = {.demo = demo, .error = error};
    struct owed *owed = allocate(1, sizeof(*owed));
    bool ok = read_charter(&settling);
    if (ok)
        charter_line_rules(settling.charter, &owed->rules);
    ok = ok && add_all(&settling, owed);
    for (size_t i = 0; ok && i < owed->rules.rules.currency_count; i++)
        print_owed(&settling, owed, i);
    free(owed);
    charter_close(settling.charter);
    return ok;
}
