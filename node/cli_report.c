/* accrue report: what finance gets of a settlement period, as a file. */
#include "node/cli_commands.h"
#include "node/cli_exposure.h"
#include "node/cli_period.h"
#include "node/paper.h"
#include "node/report.h"
#include "node/time_text.h"
#include "partners/charter_contracts.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 250, EXCEPTIONS_MAX = 1 << 20 };

struct own {
    const char *period, *format, *partner, *out, *accounts, *dialect, *execution, *paid_on;
    const char *currency;
    bool continues;
};
struct exceptions {
    struct report_exception *at;
    size_t count, capacity;
};

/* ---- late entries ---------------------------------------------------------------------------- */

static bool take_exception(const struct period_view *view, const json_t *record,
                           struct exceptions *list)
{
    const char *time = json_string_value(json_object_get(record, "time"));
    const char *at = json_string_value(json_object_get(record, "at"));
    const char *type = json_string_value(json_object_get(record, "type"));
    const char *verdict = json_string_value(json_object_get(record, "verdict"));
    const char *partner = json_string_value(json_object_get(record, "partner"));
    struct report_exception exception = {
        .record = (uint64_t)json_integer_value(json_object_get(record, "index"))};
    if (!time || !at || !type || !verdict || !partner || list->count == EXCEPTIONS_MAX ||
        !time_parse(bytes_text(time), &exception.time_ms) ||
        !time_parse(bytes_text(at), &exception.till_ms) ||
        !period_view_partner(view, partner, &exception.partner))
        return false;
    (void)snprintf(exception.type, sizeof(exception.type), "%s", type);
    (void)snprintf(exception.verdict, sizeof(exception.verdict), "%s", verdict);
    list->at = array_grow(list->at, &list->capacity, list->count + 1, sizeof(*list->at));
    list->at[list->count++] = exception;
    return true;
}

static bool take_page(const struct period_view *view, const json_t *page, struct exceptions *list,
                      struct error *error)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(page, "transactions"), i, record)
    {
        uint64_t index = (uint64_t)json_integer_value(json_object_get(record, "index"));
        if (index >= view->records)
            return true;
        if (json_is_true(json_object_get(record, "late")) && !take_exception(view, record, list))
            return error_set(error, ERROR_INVALID,
                             "what the node says of record %" PRIu64 " is not what it should be",
                             index);
    }
    return true;
}

/* One page of at most `limit` records; *size_out: the node has no room for so many in an answer. */
static bool ask_page(struct cli_period *own, uint64_t from, int limit, json_t **page_out,
                     bool *size_out, struct error *error)
{
    char path[HTTP_PATH_MAX], text[512];
    int status = 0;
    *size_out = false;
    (void)snprintf(path, sizeof(path), "/v1/transactions?from=%" PRIu64 "&limit=%d", from, limit);
    if (!http_ask(own->http, &own->target, path, NULL, NULL, &status, page_out, error))
        return false;
    if (status == 200 && json_is_array(json_object_get(*page_out, "transactions")))
        return true;
    *size_out = status == 413;
    if (status == 200)
        error_set(error, ERROR_INVALID, "the node's page of records is none");
    else {
        http_problem_text(status, *page_out, text);
        error_set(error, ERROR_DENIED, "%s", text);
    }
    json_decref(*page_out);
    return false;
}

/* Every record of the period is looked at: the ledger keeps no list of late ones. What is too much
 * for one answer is asked for in smaller pages. */
static bool find_exceptions(struct cli_period *own, struct exceptions *list, struct error *error)
{
    const struct period_view *view = own->view;
    int limit = PAGE;
    for (uint64_t from = view->first_record; from < view->records;) {
        json_t *page;
        bool too_large;
        if (!ask_page(own, from, limit, &page, &too_large, error)) {
            if (!too_large || limit == 1)
                return false;
            limit /= 2;
            continue;
        }
        bool ok = take_page(view, page, list, error);
        json_decref(page);
        if (!ok)
            return false;
        from += (uint64_t)limit;
    }
    return true;
}

/* ---- the request ----------------------------------------------------------------------------- */

static bool read_dialect(const struct cli *cli, const struct own *own, enum report_format format,
                         enum journal_form *dialect_out, int *exit_out)
{
    static const char *const words[] = {"hledger", "ledger", "beancount"};
    if ((own->dialect || own->continues || own->paid_on) && format != REPORT_JOURNAL) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--dialect, --continues and --paid-on are for --format journal");
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(own->dialect ? own->dialect : words[0], words[i]) == 0) {
            *dialect_out = (enum journal_form)i;
            return true;
        }
    *exit_out = cli_fail(cli, CLI_USAGE, "--dialect is hledger, ledger or beancount, not '%.40s'",
                         own->dialect);
    return false;
}

/* What can be told before any node is asked. */
static bool read_usage(const struct cli *cli, const struct own *own, enum report_format *format_out,
                       int *exit_out)
{
    struct error error;
    const char *name = cli->rest[0];
    if (!own->format) {
        *exit_out =
            cli_fail(cli, CLI_USAGE, "--format is needed: pdf, csv, json, html, xml or journal");
        return false;
    }
    if (!report_format_from_word(own->format, format_out)) {
        *exit_out =
            cli_fail(cli, CLI_USAGE,
                     "--format is pdf, csv, json, html, xml or journal, not '%.40s'", own->format);
        return false;
    }
    if (!report_known(name, *format_out, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    if (own->partner && report_scope(name, *format_out) == REPORT_OF_ALL) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "the report '%s' is of all partners: it takes no --partner", name);
        return false;
    }
    if (own->execution && *format_out != REPORT_XML) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--execution is for --format xml");
        return false;
    }
    return true;
}

static struct date day_after(struct date date)
{
    return date_from_days(date_to_days(date) + 1);
}

/* Payments are booked on the day by which they are due, unless it is said when they were made. */
static bool read_days(const struct cli *cli, const struct own *own, const struct period_view *view,
                      struct report_request *request, int *exit_out)
{
    request->execution = view->today;
    request->paid_on = view->pay_by;
    if (date_to_days(request->paid_on) <= date_to_days(view->last_day))
        request->paid_on = day_after(view->last_day);
    return (!own->execution ||
            cli_date_read(cli, "execution", own->execution, &request->execution, exit_out)) &&
           (!own->paid_on ||
            cli_date_read(cli, "paid-on", own->paid_on, &request->paid_on, exit_out));
}

static bool read_partner(const struct cli *cli, const struct own *own,
                         const struct cli_period *period, enum report_scope scope,
                         struct report_request *request, int *exit_out)
{
    request->partner = period->self;
    request->has_partner = own->partner || scope == REPORT_OF_ONE;
    if (!own->partner || period_view_partner(period->view, own->partner, &request->partner))
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE, "no partner '%.64s' in this coalition", own->partner);
    return false;
}

/* Journals, and registers, are of all currencies. */
static bool is_of_one_currency(const char *name, enum report_format format)
{
    return format != REPORT_JOURNAL && strcmp(name, "disputes") != 0 &&
           !report_needs_exceptions(name);
}

static bool read_currency(const struct cli *cli, const struct own *own,
                          const struct period_view *view, enum report_format format,
                          struct report_request *request, int *exit_out)
{
    const char *currency = own->currency ? own->currency : view->charter->currency;
    if (own->currency && !is_of_one_currency(cli->rest[0], format)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "this report is of all currencies: it takes no "
                             "--currency");
        return false;
    }
    if (!charter_has_currency(view->charter, currency)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--currency is the charter's, or one that it has for "
                             "contracts");
        return false;
    }
    memcpy(request->currency, currency, CURRENCY_SIZE);
    return true;
}

/* What is of one currency leaves out the lines of others: that is said. */
static void say_other_currencies(const struct cli *cli, const struct period_view *view,
                                 const struct report_request *request, enum report_format format)
{
    struct charter_line_rules rules;
    if (!is_of_one_currency(cli->rest[0], format))
        return;
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < rules.rules.currency_count; i++)
        if (strcmp(rules.currencies[i].code, request->currency) != 0 &&
            period_view_has_currency(view, rules.currencies[i].code))
            fprintf(stderr,
                    "accrue report: this is what is owed in %s; there is more in %s: "
                    "--currency %s\n",
                    request->currency, rules.currencies[i].code, rules.currencies[i].code);
}

/* ---- the report ------------------------------------------------------------------------------ */

static bool deliver(const struct own *own, struct buffer *report, struct error *error)
{
    if (own->out)
        return cli_file_write(own->out, 0644, buffer_bytes(report), error);
    return (fwrite(report->at, 1, report->size, stdout) == report->size && fflush(stdout) == 0) ||
           error_set(error, ERROR_IO, "standard output takes no more");
}

static int make(const struct cli *cli, const struct own *own, struct cli_period *period,
                enum report_format format, struct report_request *request)
{
    const char *name = cli->rest[0];
    struct exceptions exceptions = {.at = NULL};
    struct buffer report;
    struct error error;
    buffer_init(&report, REPORT_SIZE_MAX);
    bool ok = !report_needs_exceptions(name) || find_exceptions(period, &exceptions, &error);
    request->exceptions = exceptions.at;
    request->exception_count = exceptions.count;
    ok =
        ok && report_write(name, format, request, &report, &error) && deliver(own, &report, &error);
    if (ok)
        say_other_currencies(cli, period->view, request, format);
    if (ok && own->out && !cli->json)
        printf("%s: %s of %s, %zu bytes\n", own->out, name, period->view->name, report.size);
    buffer_release(&report);
    free(exceptions.at);
    return ok ? CLI_OK : cli_fail_error(cli, &error);
}

static int run_report(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct own own = {.period = NULL};
    const struct cli_option options[] = {
        {"period", CLI_TEXT, &own.period},       {"format", CLI_TEXT, &own.format},
        {"partner", CLI_TEXT, &own.partner},     {"out", CLI_TEXT, &own.out},
        {"accounts", CLI_TEXT, &own.accounts},   {"dialect", CLI_TEXT, &own.dialect},
        {"continues", CLI_FLAG, &own.continues}, {"execution", CLI_TEXT, &own.execution},
        {"paid-on", CLI_TEXT, &own.paid_on},     {"currency", CLI_TEXT, &own.currency}};
    enum report_format format = REPORT_CSV;
    struct accounts accounts = {.at = NULL};
    struct cli_period period;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (strcmp(cli.rest[0], "exposure") == 0)
        return cli_report_exposure(
            &cli, &(struct exposure_options){own.format, own.out, own.period, own.partner});
    if (!read_usage(&cli, &own, &format, &code))
        return code;
    struct report_request request = {.accounts = &accounts, .continues = own.continues};
    if (!read_dialect(&cli, &own, format, &request.dialect, &code) ||
        !cli_accounts_read(&cli, own.accounts, &accounts, &code))
        return code;
    if (cli_period_open(&cli, "office", own.period, &period, &code)) {
        request.view = period.view;
        if (cli_accounts_join(&cli, &period, &accounts, &code) &&
            read_partner(&cli, &own, &period, report_scope(cli.rest[0], format), &request, &code) &&
            read_days(&cli, &own, period.view, &request, &code) &&
            read_currency(&cli, &own, period.view, format, &request, &code))
            code = make(&cli, &own, &period, format, &request);
        cli_period_close(&period);
    }
    accounts_release(&accounts);
    if (format == REPORT_PDF)
        paper_release_fonts();
    return code;
}

const struct cli_command cli_report = {
    "report", "Writes what finance needs of a settlement period: statements, nets, books, orders",
    "[options] --period PERIOD --format FORMAT REPORT",
    "  --period PERIOD       such as 2026-11; 'accrue settle status' lists them\n"
    "  --format FORMAT       pdf, csv, json, html, xml or journal\n"
    "  --out FILE            a new file (default: standard output)\n"
    "  --partner NAME        whose (default: the node's own; a journal: the whole coalition's)\n"
    "  --currency CODE       what is owed in it (default: in the charter's; journals and registers "
    "are\n"
    "                        of all)\n"
    "  --accounts FILE       names, addresses and tax numbers of partners: accrue-settle(1)\n"
    "  --dialect PROGRAM     of a journal: hledger (the default), ledger or beancount\n"
    "  --continues           of a journal: it follows another one, which has the declarations\n"
    "  --paid-on DAY         of a journal: when payments are booked (default: when they are due)\n"
    "  --execution DAY       of payment orders: when the bank is to act (default: today)\n"
    "\nReports, with their formats:\n"
    "  statement   pdf, csv, json, html   what one partner owes and is owed, line by line\n"
    "  matrix      csv, json, html        who owes whom\n"
    "  nets        csv, json, html        nets, and the payments that settle them\n"
    "  payments    xml, csv, json, html   payments; xml: orders to the payer's bank\n"
    "                                     (pain.001.001.09), to accounts on the ledger\n"
    "  journal     journal                a book for hledger, ledger or beancount\n"
    "  fees        csv, json, html        fee lines of one partner with their tax\n"
    "  disputes    csv, json, html        the register of disputes\n"
    "  exceptions  csv, json, html        entries that tills made off-line and brought late\n"
    "  exposure    csv, json, html        outstanding points and collateral, of now: no --period\n"
    "\nEach names the checkpoint of the ledger that its figures can be proved from, and the totals "
    "that\nthe partners sign. The figures are checked against both before anything is written.\n"
    "\nExample:\n  accrue report statement --dir demo --period 2026-11 --format pdf --out s.pdf\n",
    run_report};
