/* accrue settle confirm --file: what a bank's file shows to have come is confirmed; everything else
 * in it is told. */
#include "node/cli_settle.h"

#include "partners/confirm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Payments of the period to or from the partner, as its bank would name them. One that failed may
 * come after all, or anew: it is awaited under both references. */
struct awaited {
    struct expected_payment *expected;
    uint32_t *numbers; /* of the payment, in the same order */
    size_t count;
};
struct checked {
    const struct cli *cli;
    const struct settle_step_options *own;
    const struct settle_bank *bank;
    struct cli_period period;
    struct accounts accounts;
    struct awaited awaited;
    struct camt camt;
    struct confirm_finding *findings;
};

/* In force in that currency; NULL: there is none. */
static const char *iban_of(const struct checked *checked, struct partner_id partner,
                           const char *currency)
{
    const char *name = period_view_name(checked->period.view, partner);
    const struct payment_account *account = accounts_payment(&checked->accounts, name, currency);
    return account ? account->iban : NULL;
}

/* A payment between accounts that are not both known cannot be told by them. */
static void say_left_out(const struct checked *checked, const struct view_payment *payment)
{
    bool from = iban_of(checked, payment->payment.from, payment->currency) != NULL;
    struct partner_id lacks = from ? payment->payment.to : payment->payment.from;
    cli_say(stderr,
            "payment %" PRIu32 " is left out: no account of %s in %s is in force on the ledger\n",
            payment->number, period_view_name(checked->period.view, lacks), payment->currency);
}

/* What the ledger says is confirmed was counted before: seen again it is a repeat. */
static void await(struct checked *checked, const struct view_payment *payment, uint32_t attempt)
{
    struct awaited *awaited = &checked->awaited;
    struct expected_payment *expected = &awaited->expected[awaited->count];
    period_view_end_to_end(checked->period.view, payment, attempt, expected->end_to_end);
    memcpy(expected->currency, payment->currency, CURRENCY_SIZE);
    expected->amount = payment->payment.amount;
    (void)snprintf(expected->debtor_account, IBAN_SIZE, "%s",
                   iban_of(checked, payment->payment.from, payment->currency));
    (void)snprintf(expected->creditor_account, IBAN_SIZE, "%s",
                   iban_of(checked, payment->payment.to, payment->currency));
    if (payment->state == PAYMENT_CONFIRMED) {
        expected->received = expected->amount;
        expected->part_count = 1;
    }
    awaited->numbers[awaited->count++] = payment->number;
}

static void await_all(struct checked *checked)
{
    const struct period_view *view = checked->period.view;
    struct awaited *awaited = &checked->awaited;
    awaited->expected = allocate(2 * view->payment_count, sizeof(*awaited->expected));
    awaited->numbers = allocate(2 * view->payment_count, sizeof(*awaited->numbers));
    for (size_t i = 0; i < view->payment_count; i++) {
        const struct view_payment *payment = &view->payments[i];
        if (!partner_equal(payment->payment.from, checked->period.self) &&
            !partner_equal(payment->payment.to, checked->period.self))
            continue;
        if (!iban_of(checked, payment->payment.from, payment->currency) ||
            !iban_of(checked, payment->payment.to, payment->currency)) {
            say_left_out(checked, payment);
            continue;
        }
        await(checked, payment, period_view_attempt(payment));
        if (payment->state == PAYMENT_FAILED && payment->attempt > 0)
            await(checked, payment, payment->attempt);
    }
}

static bool is_for(const struct camt *camt, const char *iban)
{
    for (size_t i = 0; i < camt->statement_count; i++)
        if (strcmp(camt->statements[i].account, iban) == 0)
            return true;
    return false;
}

/* Of the partner's accounts, one a currency, that whose bank wrote the file; else any. */
static bool own_account(const struct checked *checked, const char **iban_out, struct error *error)
{
    const char *name = period_view_name(checked->period.view, checked->period.self);
    const struct accounts *accounts = &checked->accounts;
    *iban_out = NULL;
    for (size_t i = 0; i < accounts->ledger_count; i++) {
        const struct ledger_account *own = &accounts->ledger[i];
        if (strcmp(own->partner, name) == 0 &&
            (!*iban_out || is_for(&checked->camt, own->account.iban)))
            *iban_out = own->account.iban;
    }
    return *iban_out ||
           error_set(error, ERROR_NOT_FOUND,
                     "no account of %s is in force on the ledger: two people of it set one with "
                     "'accrue settle account set'",
                     name);
}

static bool read_file(struct checked *checked, struct error *error)
{
    struct buffer file;
    buffer_init(&file, CAMT_SIZE_MAX);
    bool ok = cli_file_read(checked->bank->file, CAMT_SIZE_MAX, &file, error) &&
              (camt_read(buffer_bytes(&file), &checked->camt, error) ||
               error_wrap(error, "%s", checked->bank->file));
    buffer_release(&file);
    return ok;
}

/* ---- what is confirmed ----------------------------------------------------------------------- */

static bool to_self(const struct checked *checked, size_t place)
{
    const struct view_payment *payment =
        &checked->period.view->payments[checked->awaited.numbers[place]];
    return partner_equal(payment->payment.to, checked->period.self);
}

static bool post_confirm(struct checked *checked, uint32_t payment, int *exit_out)
{
    char path[HTTP_PATH_MAX], key[96], text[512];
    const char *period = checked->period.view->name;
    struct error error;
    int status = 0;
    json_t *reply;
    (void)snprintf(path, sizeof(path), "/v1/periods/%s/payments/%" PRIu32 "/confirm", period,
                   payment);
    uint8_t random[8];
    char digits[2 * sizeof(random) + 1];
    random_bytes(random, sizeof(random));
    hex_encode(bytes_of(random, sizeof(random)), digits);
    (void)snprintf(key, sizeof(key), "cli-%s-%" PRIu32 "-%s", period, payment, digits);
    if (!http_ask(checked->period.http, &checked->period.target, path, key, json_object(), &status,
                  &reply, &error)) {
        *exit_out = cli_fail_error(checked->cli, &error);
        return false;
    }
    bool ok = status == 200;
    if (!ok) {
        http_problem_text(status, reply, text);
        *exit_out =
            cli_fail(checked->cli, status == 202 || status >= 500 ? CLI_UNREACHABLE : CLI_REFUSED,
                     "payment %" PRIu32 ": %s", payment, text);
    }
    json_decref(reply);
    return ok;
}

/* Every payment once. One that failed and was sent anew may come under both references: then the
 * creditor has it twice. */
static bool confirm_what_came(struct checked *checked, json_t *confirmed, int *exit_out)
{
    for (size_t i = 0; i < checked->camt.entry_count; i++) {
        const struct confirm_finding *finding = &checked->findings[i];
        if (finding->code != CONFIRM_WHOLE || !to_self(checked, finding->payment))
            continue;
        json_t *number = json_integer(checked->awaited.numbers[finding->payment]);
        bool again = false;
        size_t place;
        json_t *before;
        json_array_foreach(confirmed, place, before) again = again || json_equal(before, number);
        if (!again && !checked->bank->dry_run &&
            !post_confirm(checked, checked->awaited.numbers[finding->payment], exit_out)) {
            json_decref(number);
            return false;
        }
        if (again) {
            json_decref(number);
            checked->findings[i].code = CONFIRM_TWICE;
        } else {
            json_array_append_new(confirmed, number);
        }
    }
    return true;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Whether somebody has to look at it. */
static bool needs_a_look(enum confirm_code code)
{
    return code != CONFIRM_WHOLE && code != CONFIRM_OTHER && code != CONFIRM_REPEATED;
}

static const char *sentence(const struct checked *checked, const struct confirm_finding *finding)
{
    if (finding->code == CONFIRM_WHOLE && !to_self(checked, finding->payment))
        return "the payment has left, exactly; its receiver confirms it";
    return confirm_sentence(finding->code);
}

static void print_finding(const struct checked *checked, const struct confirm_finding *finding)
{
    const struct camt_entry *entry = &checked->camt.entries[finding->entry];
    char amount[MONEY_TEXT_SIZE], payment[32] = "";
    money_format(entry->amount, checked->period.charter->minor_digits, amount);
    if (finding->payment != SIZE_MAX)
        (void)snprintf(payment, sizeof(payment), "payment %" PRIu32 ", ",
                       checked->awaited.numbers[finding->payment]);
    cli_say(stdout, "line %" PRIu64 "  %s %s %s  %s: %s%s\n", entry->line, entry->booked_on, amount,
            entry->currency, confirm_word(finding->code), payment, sentence(checked, finding));
    if (entry->end_to_end[0])
        cli_say(stdout, "    %s\n", entry->end_to_end);
}

static json_t *finding_json(const struct checked *checked, const struct confirm_finding *finding)
{
    const struct camt_entry *entry = &checked->camt.entries[finding->entry];
    char amount[MONEY_TEXT_SIZE];
    money_format(entry->amount, checked->period.charter->minor_digits, amount);
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "line", (json_int_t)entry->line,
                             "booked_on", entry->booked_on, "amount", amount, "currency",
                             entry->currency, "end_to_end", entry->end_to_end, "code",
                             confirm_word(finding->code), "detail", sentence(checked, finding));
    if (finding->payment != SIZE_MAX)
        json_object_set_new(json, "payment",
                            json_integer(checked->awaited.numbers[finding->payment]));
    return json;
}

static int tell(const struct checked *checked, const json_t *confirmed)
{
    size_t looks = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < checked->camt.entry_count; i++) {
        const struct confirm_finding *finding = &checked->findings[i];
        looks += needs_a_look(finding->code);
        if (checked->cli->json)
            json_array_append_new(list, finding_json(checked, finding));
        else if (finding->code != CONFIRM_OTHER)
            print_finding(checked, finding);
    }
    if (checked->cli->json)
        cli_print_json(json_pack("{s:s, s:O, s:b, s:I, s:O}", "period", checked->period.view->name,
                                 "confirmed", confirmed, "dry_run", (int)checked->bank->dry_run,
                                 "to_look_at", (json_int_t)looks, "entries", list));
    else
        printf("%zu entries: %zu payments %s, %zu to be looked at\n", checked->camt.entry_count,
               json_array_size(confirmed),
               checked->bank->dry_run ? "would be confirmed" : "confirmed", looks);
    json_decref(list);
    return looks > 0 ? CLI_REFUSED : CLI_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool judge(struct checked *checked, struct error *error)
{
    const char *own = NULL;
    if (!read_file(checked, error) || !own_account(checked, &own, error))
        return false;
    await_all(checked);
    checked->findings = allocate(checked->camt.entry_count, sizeof(*checked->findings));
    return confirm_payments(&checked->camt, own, checked->awaited.expected, checked->awaited.count,
                            checked->findings, error);
}

static int confirm_with(struct checked *checked)
{
    struct error error;
    int code = CLI_OK;
    if (!judge(checked, &error))
        return cli_fail_error(checked->cli, &error);
    json_t *confirmed = json_array();
    if (confirm_what_came(checked, confirmed, &code))
        code = tell(checked, confirmed);
    json_decref(confirmed);
    return code;
}

int settle_confirm_by_bank(const struct cli *cli, const struct settle_step_options *own,
                           const struct settle_bank *bank)
{
    struct checked checked = {.cli = cli, .own = own, .bank = bank};
    int code;
    if (!cli_accounts_read(cli, bank->accounts, &checked.accounts, &code))
        return code;
    if (cli_period_open(cli, settle_scope(own), own->period, &checked.period, &code)) {
        if (cli_accounts_join(cli, &checked.period, &checked.accounts, &code))
            code = confirm_with(&checked);
        cli_period_close(&checked.period);
    }
    free(checked.findings);
    free(checked.awaited.expected);
    free(checked.awaited.numbers);
    camt_release(&checked.camt);
    accounts_release(&checked.accounts);
    return code;
}
