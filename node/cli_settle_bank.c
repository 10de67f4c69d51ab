/* accrue settle confirm --file: what a bank's file shows to have come is confirmed; everything else
 * in it is told. */
#include "node/bookings.h"
#include "node/cli_settle.h"
#include "node/file.h"
#include "node/time_text.h"

#include "partners/charter_contracts.h"
#include "partners/confirm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHANGED_SIZE = 200, ADVICE_SIZE = 400 };

/* Payments of the period to or from the partner, as its bank would name them. One that failed may
 * come after all, or anew: it is looked for under both references, as is a void one, which a bank
 * may have been told to pay. */
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
    struct bookings bookings; /* what earlier files have shown */
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

/* A payment may have been ordered before that; 0: its account was in force when the period ended,
 * and no payment of it is older. */
static uint64_t changed_ms(const struct checked *checked, struct partner_id partner,
                           const char *currency)
{
    const struct period_view *view = checked->period.view;
    const struct payment_account *account =
        accounts_payment(&checked->accounts, period_view_name(view, partner), currency);
    uint64_t ended_ms = period_ends_ms(checked->period.charter, view->number);
    return account && account->effective_ms > ended_ms ? account->effective_ms : 0;
}

static void put_changed(const struct checked *checked, struct partner_id partner,
                        const char *currency, char text_out[CHANGED_SIZE])
{
    char since[TIME_TEXT_SIZE];
    time_format(changed_ms(checked, partner, currency), since);
    (void)snprintf(text_out, CHANGED_SIZE,
                   "the account of %s in %s has changed since the period ended, on %s",
                   period_view_name(checked->period.view, partner), currency, since);
}

/* A payment between accounts that are not both known cannot be told by them. */
static void say_left_out(const struct checked *checked, const struct view_payment *payment)
{
    bool from = iban_of(checked, payment->payment.from, payment->currency) != NULL;
    struct partner_id lacks = from ? payment->payment.to : payment->payment.from;
    cli_say(stderr,
            "payment %" PRIu32 " is left out: no account of %s in %s is in force on the ledger; "
            "confirm it by number: --payment %" PRIu32 "\n",
            payment->number, period_view_name(checked->period.view, lacks), payment->currency,
            payment->number);
}

static void await(struct checked *checked, const struct view_payment *payment, uint32_t attempt)
{
    struct awaited *awaited = &checked->awaited;
    struct expected_payment *expected = &awaited->expected[awaited->count];
    period_view_end_to_end(checked->period.view, payment, attempt, expected->end_to_end);
    memcpy(expected->currency, payment->currency, CURRENCY_SIZE);
    expected->amount = payment->payment.amount;
    expected->is_void = payment->state == PAYMENT_VOID;
    (void)snprintf(expected->debtor_account, IBAN_SIZE, "%s",
                   iban_of(checked, payment->payment.from, payment->currency));
    (void)snprintf(expected->creditor_account, IBAN_SIZE, "%s",
                   iban_of(checked, payment->payment.to, payment->currency));
    expected->debtor_changed = changed_ms(checked, payment->payment.from, payment->currency) > 0;
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
            if (payment->state != PAYMENT_VOID)
                say_left_out(checked, payment);
            continue;
        }
        await(checked, payment, period_view_attempt(payment));
        if ((payment->state == PAYMENT_FAILED || payment->state == PAYMENT_VOID) &&
            payment->attempt > 0)
            await(checked, payment, payment->attempt);
    }
}

/* The partner's accounts, one a currency. `own_out` is the caller's to free. */
static bool own_accounts(const struct checked *checked, const char ***own_out, size_t *count_out,
                         struct error *error)
{
    const char *name = period_view_name(checked->period.view, checked->period.self);
    const struct accounts *accounts = &checked->accounts;
    const char **own = allocate(accounts->ledger_count, sizeof(*own));
    size_t count = 0;
    for (size_t i = 0; i < accounts->ledger_count; i++)
        if (strcmp(accounts->ledger[i].partner, name) == 0)
            own[count++] = accounts->ledger[i].account.iban;
    *own_out = own;
    *count_out = count;
    return count > 0 ||
           error_set(error, ERROR_NOT_FOUND,
                     "no account of %s is in force on the ledger: two people of it set one with "
                     "'accrue settle account set'",
                     name);
}

/* ---- what earlier files have shown ----------------------------------------------------------- */

/* A file that is not there yet is empty. */
static bool read_bookings(struct checked *checked, struct error *error)
{
    struct buffer file;
    if (!checked->bank->bookings || access(checked->bank->bookings, F_OK) != 0)
        return true;
    buffer_init(&file, BOOKINGS_FILE_MAX);
    bool ok = cli_file_read(checked->bank->bookings, BOOKINGS_FILE_MAX, &file, error) &&
              (bookings_read(buffer_bytes(&file), &checked->bookings, error) ||
               error_wrap(error, "%s", checked->bank->bookings));
    buffer_release(&file);
    return ok;
}

static bool is_to_self(const struct checked *checked, const struct view_payment *payment)
{
    return partner_equal(payment->payment.to, checked->period.self);
}

/* What the ledger says is confirmed was counted before; how, only the file of bookings can tell.
 * Without it any booking may be the one, and is a repeat. What is whole by that file and not
 * confirmed, is to be confirmed when it is seen again, unless money of it went back: then a person
 * confirms it, and has looked. */
static bool recall(const struct checked *checked, const struct view_payment *payment,
                   struct expected_payment *expected, struct error *error)
{
    bool confirmed = payment->state == PAYMENT_CONFIRMED;
    if (!bookings_recall(&checked->bookings, expected, error))
        return false;
    bool whole = expected->received.v == expected->amount.v;
    if (!confirmed && expected->returned)
        return true;
    expected->returned = false;
    if (confirmed == whole || (whole && !is_to_self(checked, payment)))
        return true;
    expected->part_count = 0;
    expected->received = confirmed ? expected->amount : (struct money){0};
    expected->confirmed = confirmed;
    return true;
}

static bool recall_all(struct checked *checked, struct error *error)
{
    struct awaited *awaited = &checked->awaited;
    for (size_t i = 0; i < awaited->count; i++)
        if (!recall(checked, &checked->period.view->payments[awaited->numbers[i]],
                    &awaited->expected[i], error))
            return false;
    return true;
}

static bool holds(const json_t *numbers, uint32_t wanted)
{
    size_t place;
    json_t *number;
    json_array_foreach(numbers, place, number)
    {
        if (json_integer_value(number) == wanted)
            return true;
    }
    return false;
}

/* Of what is confirmed by bookings that nobody kept there is nothing to keep. A payment that is
 * whole and could not be confirmed stays as it was before the file, which then brings it again. */
static bool is_kept(const struct checked *checked, size_t place, const json_t *confirmed)
{
    const struct expected_payment *expected = &checked->awaited.expected[place];
    uint32_t number = checked->awaited.numbers[place];
    const struct view_payment *payment = &checked->period.view->payments[number];
    bool whole = expected->received.v == expected->amount.v && !expected->returned;
    return !expected->confirmed &&
           (!whole || !is_to_self(checked, payment) || payment->state == PAYMENT_CONFIRMED ||
            holds(confirmed, number));
}

static bool write_bookings(struct checked *checked, const json_t *confirmed, struct error *error)
{
    const struct awaited *awaited = &checked->awaited;
    struct buffer file;
    if (!checked->bank->bookings || checked->bank->dry_run)
        return true;
    for (size_t i = 0; i < awaited->count; i++) {
        const struct expected_payment *expected = &awaited->expected[i];
        if (is_kept(checked, i, confirmed))
            bookings_note(&checked->bookings, expected,
                          charter_minor_digits(checked->period.charter, expected->currency));
    }
    buffer_init(&file, BOOKINGS_FILE_MAX);
    bookings_write(&checked->bookings, &file);
    bool ok = (!file.overflowed || error_set(error, ERROR_LIMIT, "%s: larger than %d bytes",
                                             checked->bank->bookings, BOOKINGS_FILE_MAX)) &&
              file_replace(checked->bank->bookings, 0600, buffer_bytes(&file), error);
    buffer_release(&file);
    return ok;
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
    return is_to_self(checked, &checked->period.view->payments[checked->awaited.numbers[place]]);
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
        uint32_t number = checked->awaited.numbers[finding->payment];
        bool again = holds(confirmed, number);
        if (!again && !checked->bank->dry_run && !post_confirm(checked, number, exit_out))
            return false;
        if (again)
            checked->findings[i].code = CONFIRM_TWICE;
        else
            json_array_append_new(confirmed, json_integer(number));
    }
    return true;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Whether somebody has to look at it. */
static bool needs_a_look(enum confirm_code code)
{
    return code != CONFIRM_WHOLE && code != CONFIRM_OTHER && code != CONFIRM_REPEATED;
}

/* Where an account has changed since, what went to or came from the earlier one is no mistake. */
static bool advise(const struct checked *checked, const struct confirm_finding *finding,
                   char text_out[ADVICE_SIZE])
{
    char changed[CHANGED_SIZE];
    if (finding->code != CONFIRM_WRONG_ACCOUNT || finding->payment == SIZE_MAX)
        return false;
    uint32_t number = checked->awaited.numbers[finding->payment];
    const struct view_payment *payment = &checked->period.view->payments[number];
    bool to = changed_ms(checked, payment->payment.to, payment->currency) > 0;
    if (!to && changed_ms(checked, payment->payment.from, payment->currency) == 0)
        return false;
    put_changed(checked, to ? payment->payment.to : payment->payment.from, payment->currency,
                changed);
    (void)snprintf(text_out, ADVICE_SIZE,
                   "another account than is in force now; %s: what was ordered before is confirmed "
                   "by number, --payment %" PRIu32,
                   changed, number);
    return true;
}

static const struct view_payment *payment_of(const struct checked *checked,
                                             const struct confirm_finding *finding)
{
    return &checked->period.view->payments[checked->awaited.numbers[finding->payment]];
}

/* `text` holds what is made for this finding alone. */
static const char *sentence(const struct checked *checked, const struct confirm_finding *finding,
                            char text[ADVICE_SIZE])
{
    if (advise(checked, finding, text))
        return text;
    if (finding->code == CONFIRM_WHOLE && !to_self(checked, finding->payment))
        return "the payment has left, exactly; its receiver confirms it";
    if (finding->code == CONFIRM_WHOLE &&
        checked->awaited.expected[finding->payment].part_count > 1)
        return "the rest of the payment: it came in parts, and is there, exactly";
    if (finding->code == CONFIRM_WHOLE && payment_of(checked, finding)->ring_fenced)
        return "the payment is there, exactly: ring-fenced, apart from the period";
    if (finding->code == CONFIRM_PARTIAL && !checked->bank->bookings)
        return "a part of the payment; the rest is open, and --bookings keeps what came for the "
               "file that brings it";
    return confirm_sentence(finding->code);
}

/* A bank may have money in any currency. */
static void put_amount(const struct checked *checked, const struct camt_entry *entry,
                       char text_out[MONEY_TEXT_SIZE])
{
    const struct charter *charter = checked->period.charter;
    bool known = charter_has_currency(charter, entry->currency);
    money_format(entry->amount, known ? charter_minor_digits(charter, entry->currency) : 0,
                 text_out);
}

static void print_finding(const struct checked *checked, const struct confirm_finding *finding)
{
    const struct camt_entry *entry = &checked->camt.entries[finding->entry];
    char amount[MONEY_TEXT_SIZE], payment[32] = "", text[ADVICE_SIZE];
    put_amount(checked, entry, amount);
    if (finding->payment != SIZE_MAX)
        (void)snprintf(payment, sizeof(payment), "payment %" PRIu32 ", ",
                       checked->awaited.numbers[finding->payment]);
    cli_say(stdout, "line %" PRIu64 "  %s %s %s  %s: %s%s\n", entry->line, entry->booked_on, amount,
            entry->currency, confirm_word(finding->code), payment,
            sentence(checked, finding, text));
    if (entry->end_to_end[0])
        cli_say(stdout, "    %s\n", entry->end_to_end);
}

static json_t *finding_json(const struct checked *checked, const struct confirm_finding *finding)
{
    const struct camt_entry *entry = &checked->camt.entries[finding->entry];
    char amount[MONEY_TEXT_SIZE], text[ADVICE_SIZE];
    put_amount(checked, entry, amount);
    json_t *json =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "line", (json_int_t)entry->line,
                  "booked_on", entry->booked_on, "amount", amount, "currency", entry->currency,
                  "end_to_end", entry->end_to_end, "code", confirm_word(finding->code), "detail",
                  sentence(checked, finding, text));
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

/* A statement of an earlier account of the partner is refused as another's: it may be neither. */
static bool explain(const struct checked *checked, struct error *error)
{
    const struct accounts *accounts = &checked->accounts;
    struct partner_id self = checked->period.self;
    const char *name = period_view_name(checked->period.view, self);
    char changed[CHANGED_SIZE];
    for (size_t i = 0; i < accounts->ledger_count; i++) {
        const struct ledger_account *own = &accounts->ledger[i];
        if (strcmp(own->partner, name) != 0 || changed_ms(checked, self, own->currency) == 0)
            continue;
        put_changed(checked, self, own->currency, changed);
        return error_wrap(
            error, "%s: what came to an earlier one is confirmed by number, --payment", changed);
    }
    return false;
}

static bool judge(struct checked *checked, struct error *error)
{
    const char **own = NULL;
    size_t own_count;
    await_all(checked);
    bool ok = read_file(checked, error) && read_bookings(checked, error) &&
              recall_all(checked, error) && own_accounts(checked, &own, &own_count, error);
    if (ok) {
        checked->findings = allocate(checked->camt.entry_count, sizeof(*checked->findings));
        ok = confirm_payments(&checked->camt, own, own_count, checked->awaited.expected,
                              checked->awaited.count, checked->findings, error) ||
             explain(checked, error);
    }
    free(own);
    return ok;
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
    if (!write_bookings(checked, confirmed, &error))
        code = cli_fail_error(checked->cli, &error);
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
    bookings_release(&checked.bookings);
    accounts_release(&checked.accounts);
    return code;
}
