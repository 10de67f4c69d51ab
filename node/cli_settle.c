/* accrue settle ...: the steps of a settlement period, each for one partner at its own node. */
#include "node/cli_settle.h"

#include "node/cli_commands.h"
#include "node/period_words.h"

#include <inttypes.h>
#include <string.h>

const char *settle_scope(const struct settle_step_options *own)
{
    return own->as ? own->as : "office";
}

static bool period_given(const struct cli *cli, const struct settle_step_options *own,
                         int *exit_out)
{
    if (own->period && own->period[0] && strlen(own->period) < PERIOD_NAME_SIZE &&
        strspn(own->period, "0123456789W-") == strlen(own->period))
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE,
                         "--period PERIOD is needed, such as 2026-11: 'accrue settle status' lists "
                         "them");
    return false;
}

bool settle_as_given(const struct cli *cli, const struct settle_step_options *own, int *exit_out)
{
    if (!own->as || name_valid(bytes_text(own->as)))
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE, "--as takes the name of a token, such as finance");
    return false;
}

int settle_post(const struct cli *cli, const struct settle_step_options *own, const char *step,
                json_t *body)
{
    char path[HTTP_PATH_MAX];
    (void)snprintf(path, sizeof(path), "/v1/periods/%s/%s", own->period, step);
    return cli_write(cli, settle_scope(own), path, own->key, body);
}

/* After the second of two approvals: who has said what by it, and what comes now. It is done, also
 * where the node does not answer any more. */
static void tell_next(const struct cli *cli, const struct settle_step_options *own,
                      const char *what)
{
    struct cli_period period;
    struct buffer words;
    int unused;
    if (!cli_period_open(cli, settle_scope(own), own->period, &period, &unused))
        return;
    struct command_place place = cli_place_open(cli, period.coalition);
    buffer_init(&words, PERIOD_WORDS_MAX);
    buffer_printf(&words, "  %s has %s\n\nNext\n", period_view_name(period.view, period.self),
                  what);
    period_words_next(period.view, &place, &words);
    (void)fwrite(words.at, 1, words.size, stdout);
    buffer_release(&words);
    cli_place_close(&place);
    cli_period_close(&period);
}

/* A step that two people of a partner take. */
static int post_approval(const struct cli *cli, const struct settle_step_options *own,
                         const char *step, json_t *body, const char *what)
{
    char path[HTTP_PATH_MAX];
    json_t *result;
    (void)snprintf(path, sizeof(path), "/v1/periods/%s/%s", own->period, step);
    int code = cli_write_result(cli, settle_scope(own), path, own->key, body, &result);
    if (json_integer_value(json_object_get(result, "approvals")) == 2)
        tell_next(cli, own, what);
    json_decref(result);
    return code;
}

bool settle_begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                  const struct cli_option *more, size_t count, struct settle_step_options *own,
                  int *exit_out)
{
    struct cli_option all[CLI_OPTIONS_MAX] = {{"period", CLI_TEXT, &own->period},
                                              {"key", CLI_TEXT, &own->key},
                                              {"as", CLI_TEXT, &own->as}};
    must(count + 3 <= ARRAY_SIZE(all));
    for (size_t i = 0; i < count; i++)
        all[3 + i] = more[i];
    return cli_parse(cli, command, argc, argv, all, count + 3, exit_out) &&
           cli_rest(cli, 0, 0, exit_out) && period_given(cli, own, exit_out) &&
           settle_as_given(cli, own, exit_out);
}

/* ---- propose, sign, finalise ----------------------------------------------------------------- */

static int run_propose(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    int code;
    if (!settle_begin(&cli, command, argc, argv, NULL, 0, &own, &code))
        return code;
    return settle_post(&cli, &own, "propose", json_object());
}

const struct cli_command cli_settle_propose = {
    "settle propose", "Proposes what everyone owes for a period that is over",
    "[options] --period PERIOD",
    SETTLE_HELP
    "\nThe node takes the figures from its own ledger; every other node compares them with what it "
    "has.\nOne partner is enough, from the first business day after the period on.\n"
    "\nExample:\n  accrue settle propose --dir demo --period 2026-11\n",
    run_propose};

/* Who signs sees what. */
static void show_what_is_signed(const struct cli *cli, const struct period_view *view)
{
    struct buffer words;
    if (cli->json)
        return;
    buffer_init(&words, PERIOD_WORDS_MAX);
    period_words_head(view, &words);
    buffer_append_byte(&words, '\n');
    period_words_nets(view, &words);
    (void)fwrite(words.at, 1, words.size, stdout);
    putchar('\n');
    buffer_release(&words);
}

static int sign_period(const struct cli *cli, const struct settle_step_options *own,
                       const char *totals)
{
    struct cli_period period;
    char known[HASH_HEX_SIZE + 1];
    int code;
    if (!cli_period_open(cli, settle_scope(own), own->period, &period, &code))
        return code;
    hex_encode(hash_as_bytes(&period.view->totals), known);
    bool rooted = period.view->rooted;
    show_what_is_signed(cli, period.view);
    cli_period_close(&period);
    if (!rooted)
        return cli_fail(cli, CLI_REFUSED, "%s is not over yet: there is nothing to sign",
                        own->period);
    if (totals && strcmp(totals, known) != 0)
        return cli_fail(cli, CLI_REFUSED,
                        "the totals of %s are %s, not what --totals says: nothing was signed",
                        own->period, known);
    return post_approval(cli, own, "sign", json_pack("{s:s}", "totals", known), "signed");
}

static int run_sign(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const char *totals = NULL;
    const struct cli_option more[] = {{"totals", CLI_TEXT, &totals}};
    int code;
    if (!settle_begin(&cli, command, argc, argv, more, ARRAY_SIZE(more), &own, &code))
        return code;
    return sign_period(&cli, &own, totals);
}

const struct cli_command cli_settle_sign = {
    "settle sign", "Approves the figures of a period for the node's partner",
    "[options] --period PERIOD",
    SETTLE_HELP
    "  --totals HEX          sign only if these are the totals, as a report has named them\n"
    "\nTwo people of a partner sign, each with a token of an own name (--as). Shows the figures, "
    "which\nare checked against the totals first.\n"
    "\nExample:\n  accrue settle sign --dir demo --node books --period 2026-11\n"
    "  accrue settle sign --dir demo --node books --period 2026-11 --as finance\n",
    run_sign};

static int run_finalise(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    int code;
    if (!settle_begin(&cli, command, argc, argv, NULL, 0, &own, &code))
        return code;
    return settle_post(&cli, &own, "finalise", json_object());
}

const struct cli_command cli_settle_finalise = {
    "settle finalise", "Makes a period final: rounded lines, nets and payments",
    "[options] --period PERIOD",
    SETTLE_HELP "\nOnce every partner has signed or disputed, or the day of the answers is over. "
                "What is disputed is\ncarved out.\n"
                "\nExample:\n  accrue settle finalise --dir demo --period 2026-11\n",
    run_finalise};

/* ---- disputes -------------------------------------------------------------------------------- */

static int post_dispute(const struct cli *cli, const struct settle_step_options *own,
                        const char *step, json_t *body, bool opens)
{
    char path[HTTP_PATH_MAX];
    struct buffer words;
    json_t *result;
    (void)snprintf(path, sizeof(path), "/v1/periods/%s/%s", own->period, step);
    int code = cli_write_result(cli, settle_scope(own), path, own->key, body, &result);
    buffer_init(&words, PERIOD_WORDS_MAX);
    period_words_owed(json_object_get(result, "obligations"), opens, &words);
    (void)fwrite(words.at, 1, words.size, stdout);
    buffer_release(&words);
    json_decref(result);
    return code;
}

struct disputed {
    const char *record, *debtor, *creditor, *class, *tariff, *code, *amount;
    uint64_t index;
};

enum { DISPUTED_OPTIONS = 6 };

static const struct cli_option *disputed_options(struct disputed *disputed, bool opening,
                                                 struct cli_option options[DISPUTED_OPTIONS])
{
    const struct cli_option all[] = {
        {"record", CLI_TEXT, &disputed->record},
        {"debtor", CLI_TEXT, &disputed->debtor},
        {"creditor", CLI_TEXT, &disputed->creditor},
        {"class", CLI_TEXT, &disputed->class},
        {"tariff", CLI_TEXT, &disputed->tariff},
        {opening ? "code" : "amount", CLI_TEXT, opening ? &disputed->code : &disputed->amount}};
    memcpy(options, all, sizeof(all));
    return options;
}

static bool same(const char *given, const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text && (!given || strcmp(given, text) == 0);
}

static bool same_tariff(const char *given, const json_t *item)
{
    uint64_t number;
    return !given || (parse_u64(bytes_text(given), TARIFFS_MAX - 1, &number) &&
                      (uint64_t)json_integer_value(json_object_get(item, "tariff")) == number);
}

/* Whether a line is one of those that the options speak of. */
static bool meant(const struct disputed *disputed, const json_t *item)
{
    const json_t *record = json_object_get(item, "record"); /* a dispute's; a line has none */
    return (!record || (uint64_t)json_integer_value(record) == disputed->index) &&
           same(disputed->debtor, item, "debtor") && same(disputed->creditor, item, "creditor") &&
           same(disputed->class, item, "class") && same_tariff(disputed->tariff, item);
}

static bool same_line(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "debtor"), json_object_get(b, "debtor")) &&
           json_equal(json_object_get(a, "creditor"), json_object_get(b, "creditor")) &&
           json_equal(json_object_get(a, "class"), json_object_get(b, "class")) &&
           json_integer_value(json_object_get(a, "tariff")) ==
               json_integer_value(json_object_get(b, "tariff"));
}

static const char *word_of(const json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text ? text : "";
}

/* With the options that say which one it is. */
static void show_lines(const struct disputed *disputed, const json_t *list)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (meant(disputed, item))
            cli_say(stderr,
                    "  --debtor %s --creditor %s --class %s --tariff %" JSON_INTEGER_FORMAT
                    "   %s %s\n",
                    word_of(item, "debtor"), word_of(item, "creditor"), word_of(item, "class"),
                    json_integer_value(json_object_get(item, "tariff")), word_of(item, "amount"),
                    word_of(item, "currency"));
    }
}

/* The one line of a list that is meant, into the body; none, or more than one: it is said. */
static bool find_line(const struct cli *cli, const struct disputed *disputed, const json_t *list,
                      const char *none, json_t *body, int *exit_out)
{
    static const char *const names[] = {"debtor", "creditor", "class", "tariff"};
    const json_t *found = NULL;
    bool several = false;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (!meant(disputed, item))
            continue;
        several = several || (found && !same_line(found, item));
        found = item;
    }
    if (!found || several) {
        *exit_out = cli_fail(cli, CLI_USAGE, "record %" PRIu64 " has %s", disputed->index,
                             several ? "several such lines: say which one with --debtor, "
                                       "--creditor, --class and --tariff"
                                     : none);
        if (several)
            show_lines(disputed, list);
        return false;
    }
    for (i = 0; i < ARRAY_SIZE(names); i++)
        if (json_object_get(found, names[i]))
            json_object_set(body, names[i], json_object_get(found, names[i]));
    return true;
}

/* What the options leave open is taken from the record, where that has one such line. */
static bool line_of_record(const struct cli *cli, const struct settle_step_options *own,
                           struct disputed *disputed, json_t *body, int *exit_out)
{
    char path[HTTP_PATH_MAX];
    json_t *record;
    if (disputed->debtor && disputed->creditor && disputed->class) {
        cli_put_text(body, "debtor", disputed->debtor);
        cli_put_text(body, "creditor", disputed->creditor);
        cli_put_text(body, "class", disputed->class);
        return !disputed->tariff || cli_put_number(cli, body, "tariff", disputed->tariff, exit_out);
    }
    (void)snprintf(path, sizeof(path), "/v1/transactions/%" PRIu64, disputed->index);
    if (!cli_ask(cli, settle_scope(own), path, &record, exit_out))
        return false;
    bool ok = find_line(cli, disputed, json_object_get(record, "obligations"), "no such line", body,
                        exit_out);
    json_decref(record);
    return ok;
}

static bool line_of_dispute(const struct cli *cli, const struct settle_step_options *own,
                            struct disputed *disputed, json_t *body, int *exit_out)
{
    struct cli_target target;
    struct error error;
    json_t *period;
    if (!cli_target_find(cli, settle_scope(own), &target, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    struct http *http = http_open(1, cli->timeout_s * 1000);
    bool ok = cli_period_ask(cli, http, &target, own->period, &period, exit_out);
    http_close(http);
    if (!ok)
        return false;
    ok = find_line(cli, disputed, json_object_get(period, "disputes"),
                   "no such line that is disputed in this period", body, exit_out);
    json_decref(period);
    return ok;
}

static bool read_record(const struct cli *cli, struct disputed *disputed, json_t *body,
                        int *exit_out)
{
    if (!disputed->record ||
        !parse_u64(bytes_text(disputed->record), INT64_MAX, &disputed->index)) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--record NUMBER is needed: the record it is about");
        return false;
    }
    json_object_set_new(body, "record", json_integer((json_int_t)disputed->index));
    return true;
}

static bool read_code(const struct cli *cli, const struct disputed *disputed, json_t *body,
                      int *exit_out)
{
    enum dispute_code code;
    char words[160];
    size_t size = 0;
    if (disputed->code && dispute_code_from_word(disputed->code, &code)) {
        cli_put_text(body, "code", disputed->code);
        return true;
    }
    for (int i = 0; i < DISPUTE_CODE_COUNT; i++)
        size += (size_t)snprintf(words + size, sizeof(words) - size, "%s%s", i ? ", " : "",
                                 dispute_code_word((enum dispute_code)i));
    must(size < sizeof(words));
    *exit_out = cli_fail(cli, CLI_USAGE, "--code says why: %s", words);
    return false;
}

static int run_dispute(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    struct disputed disputed = {.record = NULL};
    struct cli_option options[DISPUTED_OPTIONS];
    int code;
    if (!settle_begin(&cli, command, argc, argv, disputed_options(&disputed, true, options),
                      DISPUTED_OPTIONS, &own, &code))
        return code;
    json_t *body = json_object();
    if (read_record(&cli, &disputed, body, &code) && read_code(&cli, &disputed, body, &code) &&
        line_of_record(&cli, &own, &disputed, body, &code))
        return post_dispute(&cli, &own, "disputes", body, true);
    json_decref(body);
    return code;
}

#define LINE_HELP                                                                                  \
    "  --record NUMBER       the record that it is about\n"                                        \
    "  --debtor NAME, --creditor NAME, --class WORD, --tariff N\n"                                 \
    "                        which line of it; only needed where it has several\n"

const struct cli_command cli_settle_dispute = {
    "settle dispute", "Disputes one line of a proposed period",
    "[options] --period PERIOD --record NUMBER --code CODE",
    LINE_HELP
    "  --code CODE           DUPLICATE, WRONG_RATE, WRONG_AMOUNT, UNKNOWN_MEMBER, LATE,\n"
    "                        OFFLINE_LIMIT, UNAUTHORISED, REFUND_MISSING, MISSING_TX\n" SETTLE_HELP
    "\nFor either party of the line, until the day of the answers is over. The node brings the "
    "record and\nits proof. The line is left out of the period until the dispute is resolved.\n"
    "\nExample:\n  accrue settle dispute --dir demo --node grocer --period 2026-11 --record 12 \\\n"
    "      --code WRONG_AMOUNT\n",
    run_dispute};

static int answer_dispute(const struct cli_command *command, int argc, char **argv,
                          const char *step)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    struct disputed disputed = {.record = NULL};
    struct cli_option options[DISPUTED_OPTIONS];
    struct money amount;
    int code;
    if (!settle_begin(&cli, command, argc, argv, disputed_options(&disputed, false, options),
                      DISPUTED_OPTIONS, &own, &code))
        return code;
    if (!disputed.amount)
        return cli_fail(&cli, CLI_USAGE, "--amount MONEY is needed: how much of it is cancelled");
    if (!money_parse(disputed.amount, &amount))
        return cli_fail(&cli, CLI_USAGE,
                        "--amount is money, such as 270.00, with at most 10 decimals, not '%s'",
                        disputed.amount);
    json_t *body = json_object();
    if (read_record(&cli, &disputed, body, &code) &&
        line_of_dispute(&cli, &own, &disputed, body, &code)) {
        cli_put_text(body, "amount", disputed.amount);
        return post_dispute(&cli, &own, step, body, false);
    }
    json_decref(body);
    return code;
}

static int run_respond(const struct cli_command *command, int argc, char **argv)
{
    return answer_dispute(command, argc, argv, "disputes/respond");
}

const struct cli_command cli_settle_respond = {
    "settle respond", "Says how much of a disputed line is given up",
    "[options] --period PERIOD --record NUMBER --amount MONEY",
    LINE_HELP
    "  --amount MONEY        how much is cancelled; 0: nothing\n" SETTLE_HELP
    "\nFor the party that did not open the dispute, as often as it likes until it is resolved; "
    "also "
    "after\nthe period is settled.\n"
    "\nExample:\n  accrue settle respond --dir demo --node cinema --period 2026-11 --record 12 \\\n"
    "      --amount 270.00\n",
    run_respond};

static int run_resolve(const struct cli_command *command, int argc, char **argv)
{
    return answer_dispute(command, argc, argv, "disputes/resolve");
}

const struct cli_command cli_settle_resolve = {
    "settle resolve", "Ends a dispute: takes what was offered, or nothing",
    "[options] --period PERIOD --record NUMBER --amount MONEY",
    LINE_HELP
    "  --amount MONEY        what was offered, or 0\n" SETTLE_HELP
    "\nFor the party that opened it; when its days are over, also for the other one, with 0 "
    "alone. What is\nnot cancelled is owed in the period that is open now.\n"
    "\nExample:\n  accrue settle resolve --dir demo --node grocer --period 2026-11 "
    "--record 12 \\\n      --amount 270.00\n",
    run_resolve};

/* ---- payments -------------------------------------------------------------------------------- */

enum payment_step { STEP_PAY, STEP_CONFIRM, STEP_FAIL };
static const struct {
    const char *word;
    bool by_payer;
    unsigned states; /* bits: those in which it can be taken */
} payment_steps[] = {
    [STEP_PAY] = {"pay", true, 1 << PAYMENT_DUE | 1 << PAYMENT_FAILED},
    [STEP_CONFIRM] = {"confirm", false, 1 << PAYMENT_DUE | 1 << PAYMENT_SENT | 1 << PAYMENT_FAILED},
    [STEP_FAIL] = {"fail", false, 1 << PAYMENT_SENT},
};

static bool can_take(const struct cli_period *period, const struct view_payment *payment,
                     enum payment_step step)
{
    struct partner_id whose =
        payment_steps[step].by_payer ? payment->payment.from : payment->payment.to;
    return partner_equal(whose, period->self) && (payment_steps[step].states >> payment->state & 1);
}

/* What is ring-fenced is named as such: it is paid apart from the period. */
static int say_which(const struct cli *cli, const struct cli_period *period, enum payment_step step)
{
    const struct period_view *view = period->view;
    char list[160] = "";
    size_t size = 0;
    for (size_t i = 0; i < view->payment_count && size < sizeof(list) - 32; i++)
        if (can_take(period, &view->payments[i], step))
            size += (size_t)snprintf(list + size, sizeof(list) - size, "%s%" PRIu32 "%s",
                                     size ? ", " : "", view->payments[i].number,
                                     view->payments[i].ring_fenced ? " (ring-fenced)" : "");
    return cli_fail(
        cli, CLI_USAGE, "%s has several payments of %s to %s: say which one with --payment, of %s",
        period_view_name(view, period->self), view->name, payment_steps[step].word, list);
}

/* The one payment for which the node's partner can take the step. */
static bool only_payment(const struct cli *cli, const struct cli_period *period,
                         enum payment_step step, uint64_t *payment_out, int *exit_out)
{
    const struct period_view *view = period->view;
    size_t count = 0;
    for (size_t i = 0; i < view->payment_count; i++) {
        if (!can_take(period, &view->payments[i], step))
            continue;
        *payment_out = view->payments[i].number;
        count++;
    }
    if (count == 1)
        return true;
    if (count == 0)
        *exit_out =
            cli_fail(cli, CLI_REFUSED, "%s has no payment of %s to %s",
                     period_view_name(view, period->self), view->name, payment_steps[step].word);
    else
        *exit_out = say_which(cli, period, step);
    return false;
}

static bool find_payment(const struct cli *cli, const struct settle_step_options *own,
                         enum payment_step step, uint64_t *payment_out, int *exit_out)
{
    struct cli_period period;
    if (!cli_period_open(cli, settle_scope(own), own->period, &period, exit_out))
        return false;
    bool ok = only_payment(cli, &period, step, payment_out, exit_out);
    cli_period_close(&period);
    return ok;
}

static int take_payment_step(const struct cli *cli, const struct settle_step_options *own,
                             const char *given, enum payment_step step)
{
    uint64_t payment = 0;
    char path[64], what[64];
    int code;
    if (given && !parse_u64(bytes_text(given), PAYMENTS_MAX, &payment))
        return cli_fail(cli, CLI_USAGE, "--payment takes a payment's number, not '%.40s'", given);
    if (!given && !find_payment(cli, own, step, &payment, &code))
        return code;
    (void)snprintf(path, sizeof(path), "payments/%" PRIu64 "/%s", payment,
                   payment_steps[step].word);
    (void)snprintf(what, sizeof(what), "said that payment %" PRIu64 " is sent", payment);
    return step == STEP_PAY ? post_approval(cli, own, path, json_object(), what)
                            : settle_post(cli, own, path, json_object());
}

static int run_payment(const struct cli_command *command, int argc, char **argv,
                       enum payment_step step)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const char *payment = NULL;
    const struct cli_option more[] = {{"payment", CLI_TEXT, &payment}};
    int code;
    if (!settle_begin(&cli, command, argc, argv, more, ARRAY_SIZE(more), &own, &code))
        return code;
    return take_payment_step(&cli, &own, payment, step);
}

static int run_pay(const struct cli_command *command, int argc, char **argv)
{
    return run_payment(command, argc, argv, STEP_PAY);
}

static int run_fail(const struct cli_command *command, int argc, char **argv)
{
    return run_payment(command, argc, argv, STEP_FAIL);
}

#define PAYMENT_HELP                                                                               \
    "  --payment NUMBER      which payment; only needed where the partner has several\n"

const struct cli_command cli_settle_pay = {
    "settle pay", "Says that a payment was sent", "[options] --period PERIOD",
    PAYMENT_HELP SETTLE_HELP
    "\nFor the payer; two people of it say so, each with a token of an own name (--as). The orders "
    "for the\nbank: 'accrue report payments --format xml'.\n"
    "\nExample:\n  accrue settle pay --dir demo --node grocer --period 2026-11\n"
    "  accrue settle pay --dir demo --node grocer --period 2026-11 --as finance\n",
    run_pay};

const struct cli_command cli_settle_fail = {
    "settle fail", "Says that a payment that was sent never came", "[options] --period PERIOD",
    PAYMENT_HELP SETTLE_HELP "\nFor the creditor. The payer sends it anew, under another "
                             "reference.\n"
                             "\nExample:\n  accrue settle fail --dir demo --node cinema --period "
                             "2026-11 --payment 0\n",
    run_fail};

static int run_confirm(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    struct settle_bank bank = {.file = NULL};
    const char *payment = NULL;
    const struct cli_option more[] = {{"payment", CLI_TEXT, &payment},
                                      {"file", CLI_TEXT, &bank.file},
                                      {"accounts", CLI_TEXT, &bank.accounts},
                                      {"bookings", CLI_TEXT, &bank.bookings},
                                      {"dry-run", CLI_FLAG, &bank.dry_run}};
    int code;
    if (!settle_begin(&cli, command, argc, argv, more, ARRAY_SIZE(more), &own, &code))
        return code;
    if (bank.file && (payment || own.key))
        return cli_fail(&cli, CLI_USAGE,
                        "--file finds the payments: --payment and --key are not "
                        "for it");
    if (!bank.file && (bank.accounts || bank.bookings || bank.dry_run))
        return cli_fail(&cli, CLI_USAGE, "--accounts, --bookings and --dry-run are for --file");
    if (bank.file)
        return settle_confirm_by_bank(&cli, &own, &bank);
    return take_payment_step(&cli, &own, payment, STEP_CONFIRM);
}

const struct cli_command cli_settle_confirm = {
    "settle confirm", "Says that a payment has come", "[options] --period PERIOD",
    PAYMENT_HELP
    "  --file FILE           a bank's statement (camt.053) or notification (camt.054): confirms\n"
    "                        what it shows to have come, between accounts on the ledger\n"
    "  --accounts FILE       IBANs that have to be those of the ledger: accrue-settle(1)\n"
    "  --bookings FILE       keeps what the bank's files have shown, from one to the next: parts\n"
    "                        add up, and what is paid twice is told from what is seen twice\n"
    "  --dry-run             says what the file shows, and confirms nothing\n" SETTLE_HELP
    "\nFor the creditor. A payment is found in the file by its reference alone, and confirmed when "
    "its\namount has come exactly, between the right accounts. Everything else is told, and never "
    "guessed:\nthen the exit status is 1.\n"
    "\nExample:\n  accrue settle confirm --dir demo --node cinema --period 2026-11 --file "
    "camt.xml\n",
    run_confirm};
