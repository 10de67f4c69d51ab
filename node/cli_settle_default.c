/* accrue settle default: says that the payer of a payment does not pay, after showing what that
 * makes of the period. */
#include "node/cli_commands.h"
#include "node/cli_settle.h"
#include "node/period_default.h"
#include "node/period_words.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* The one that the node's partner may declare; or that of --payment, whoever is to get it: the
 * ledger knows whether its payee has a node. */
static const struct view_payment *find_payment(const struct cli *cli,
                                               const struct cli_period *period, const char *given,
                                               int *exit_out)
{
    const struct period_view *view = period->view;
    const struct view_payment *found = NULL;
    uint64_t number = 0;
    if (given) {
        if (parse_u64(bytes_text(given), PAYMENTS_MAX, &number) && number < view->payment_count)
            return &view->payments[number];
        *exit_out = cli_fail(cli, CLI_USAGE, "%s has no payment '%.40s'", view->name, given);
        return NULL;
    }
    size_t count = 0;
    for (size_t i = 0; i < view->payment_count; i++) {
        if (!partner_equal(view->payments[i].payment.to, period->self) ||
            !period_default_possible(view, &view->payments[i]))
            continue;
        found = &view->payments[i];
        count++;
    }
    if (count == 1)
        return found;
    *exit_out =
        count > 0
            ? cli_fail(cli, CLI_USAGE, "several do not pay %s: say which one with --payment",
                       period_view_name(view, period->self))
            : cli_fail(cli, CLI_REFUSED, "nobody who pays %s may be declared in default of %s",
                       period_view_name(view, period->self), view->name);
    return NULL;
}

/* Before its day is over nobody is shown what is not going to happen. */
static bool may_be_declared(const struct cli *cli, const struct period_view *view,
                            const struct view_payment *payment, int *exit_out)
{
    char last[DATE_TEXT_SIZE];
    if (period_default_possible(view, payment))
        return true;
    date_format(payment->default_after, last);
    *exit_out = cli_fail(cli, CLI_REFUSED,
                         "the payer of payment %" PRIu32
                         " cannot be declared in default: that is for a netted payment of a final "
                         "period that was not sent in time, after %s, and later while money of it "
                         "may be on its way",
                         payment->number, last);
    return false;
}

/* What the operator has of the payer's collateral; 0 where nothing is paid out of any. */
static bool ask_fund(const struct cli *cli, struct cli_period *period,
                     const struct view_payment *payment, struct money *fund_out, int *exit_out)
{
    const struct charter *charter = period->charter;
    const char *payer = period_view_name(period->view, payment->payment.from);
    struct error error;
    json_t *answer = NULL, *row;
    size_t i;
    int status = 0;
    fund_out->v = 0;
    if (charter->settlement.on_default == DEFAULT_RING_FENCE || !charter->risk.on)
        return true;
    if (!http_ask(period->http, &period->target, "/v1/exposure", NULL, NULL, &status, &answer,
                  &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    bool known = false;
    json_array_foreach(json_object_get(answer, "partners"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "partner"));
        const char *held = json_string_value(json_object_get(row, "collateral"));
        if (name && held && strcmp(name, payer) == 0)
            known = money_parse(held, fund_out) && fund_out->v >= 0;
    }
    json_decref(answer);
    if (!known)
        *exit_out =
            cli_fail(cli, CLI_REFUSED, "the node does not say what collateral %s has", payer);
    return known;
}

static const char *terms_words(enum on_default how)
{
    switch (how) {
    case DEFAULT_RING_FENCE:
        return "each keeps its own claim, and loses what is never paid";
    case DEFAULT_FUND:
        return "claims are paid out of the payer's collateral as far as it goes; then each keeps "
               "its own";
    case DEFAULT_MUTUALISE:
        return "claims are paid out of the payer's collateral as far as it goes; what is left is "
               "shared by what each is owed in the period";
    }
    return "";
}

static void show(const struct period_view *view, const struct view_payment *payment,
                 struct money fund)
{
    struct period then;
    struct buffer words;
    char amount[MONEY_TEXT_SIZE];
    buffer_init(&words, PERIOD_WORDS_MAX);
    period_view_amount(view, payment->currency, payment->payment.amount, amount);
    buffer_printf(&words, "%s has not paid %s %s %s (payment %" PRIu32 " of %s)\n",
                  period_view_name(view, payment->payment.from),
                  period_view_name(view, payment->payment.to), amount, payment->currency,
                  payment->number, view->name);
    buffer_printf(&words, "the charter's on_default is %s: %s\n\n",
                  on_default_word(view->charter->settlement.on_default),
                  terms_words(view->charter->settlement.on_default));
    buffer_printf(&words, "%s, as things stand now:\n\n",
                  payment->accused ? "With this second approval"
                                   : "With a second person's approval");
    period_default_preview(view, payment, fund, &then);
    if (then.default_count > view->default_count)
        period_default_words(view, &then, then.default_count, &words);
    else
        buffer_printf(&words,
                      "the payment is ring-fenced, and that is all: it is more than %d business "
                      "days\nafter its last day, so %s alone bears what is not paid\n",
                      DEFAULT_CLAIM_DAYS, period_view_name(view, payment->payment.to));
    period_release(&then);
    buffer_append_byte(&words, '\n');
    (void)fwrite(words.at, 1, words.size, stdout);
    buffer_release(&words);
}

static bool is_meant(const struct cli *cli, const char *payer, bool yes, int *exit_out)
{
    char line[16];
    if (yes)
        return true;
    if (!isatty(STDIN_FILENO) || cli->json) { /* nobody sees it, or can answer */
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "nobody is there to be asked: give --yes; nothing was declared");
        return false;
    }
    fprintf(stderr, "Say that %s is in default? [y/N] ", payer);
    if (fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y'))
        return true;
    *exit_out = cli_fail(cli, CLI_REFUSED, "nothing was declared");
    return false;
}

static int declare(const struct cli *cli, const struct settle_step_options *own, const char *given,
                   bool yes)
{
    struct cli_period period;
    struct money fund;
    char path[64], payer[CHARTER_NAME_MAX + 1];
    int code;
    if (!cli_period_open(cli, settle_scope(own), own->period, &period, &code))
        return code;
    const struct view_payment *payment = find_payment(cli, &period, given, &code);
    bool ok = payment && may_be_declared(cli, period.view, payment, &code) &&
              ask_fund(cli, &period, payment, &fund, &code);
    if (ok) {
        if (!cli->json)
            show(period.view, payment, fund);
        (void)snprintf(payer, sizeof(payer), "%s",
                       period_view_name(period.view, payment->payment.from));
        (void)snprintf(path, sizeof(path), "payments/%" PRIu32 "/default", payment->number);
    }
    cli_period_close(&period);
    if (!ok || !is_meant(cli, payer, yes, &code))
        return code;
    return settle_post(cli, own, path, json_object());
}

static int run_default(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const char *payment = NULL;
    bool yes = false;
    const struct cli_option more[] = {{"payment", CLI_TEXT, &payment}, {"yes", CLI_FLAG, &yes}};
    int code;
    if (!settle_begin(&cli, command, argc, argv, more, ARRAY_SIZE(more), &own, &code))
        return code;
    return declare(&cli, &own, payment, yes);
}

const struct cli_command cli_settle_default = {
    "settle default", "Says that who was to pay the partner is in default",
    "[options] --period PERIOD",
    "  --payment NUMBER      which payment; only needed where several were to pay\n"
    "  --yes                 do not ask\n" SETTLE_HELP
    "\nFor the creditor, when more days have passed after the day to pay than the charter gives; "
    "two\npeople of it say so, each with a token of an own name (--as). Shows what becomes of the "
    "period,\nand asks on a terminal. Payments that nobody has sent are void then, what the others "
    "owe one\nanother is netted anew, and what is owed with the one in default is ring-fenced: it "
    "is paid apart,\nand the period is settled without it.\n"
    "\nExample:\n  accrue settle default --dir demo --node books --period 2026-11\n"
    "  accrue settle default --dir demo --node books --period 2026-11 --as finance --yes\n",
    run_default};
