/* accrue report: what finance gets of a settlement period, as a file. */
#include "node/cli_commands.h"
#include "node/cli_period.h"
#include "node/paper.h"
#include "node/report.h"
#include "node/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 250, EXCEPTIONS_MAX = 1 << 20 };

struct own {
    const char *period, *format, *partner, *out, *accounts, *dialect, *execution, *paid_on;
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

/* Every record of the period is looked at: the ledger keeps no list of late ones. */
static bool find_exceptions(struct cli_period *own, struct exceptions *list, struct error *error)
{
    const struct period_view *view = own->view;
    char path[HTTP_PATH_MAX];
    bool ok = true;
    for (uint64_t from = view->first_record; ok && from < view->records; from += PAGE) {
        struct buffer body;
        buffer_init(&body, HTTP_BODY_MAX);
        (void)snprintf(path, sizeof(path), "/v1/transactions?from=%" PRIu64 "&limit=%d", from,
                       PAGE);
        ok = http_get(own->http, &own->target, path, &body, error);
        json_t *page = ok ? json_loads(buffer_text(&body), JSON_REJECT_DUPLICATES, NULL) : NULL;
        ok = ok &&
             (json_is_array(json_object_get(page, "transactions")) ||
              error_set(error, ERROR_INVALID, "the node's page of records is none")) &&
             take_page(view, page, list, error);
        json_decref(page);
        buffer_release(&body);
    }
    return ok;
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
    if (ok && own->out && !cli->json)
        printf("%s: %s of %s, %zu bytes\n", own->out, name, period->view->name, report.size);
    buffer_release(&report);
    free(exceptions.at);
    return ok ? CLI_OK : cli_fail_error(cli, &error);
}

/* Of the points that funders stand for: those of one, where a partner is named. */
static int make_of_points(const struct cli *cli, const struct own *own, enum report_format format)
{
    struct report_request request = {.has_partner = own->partner != NULL};
    struct cli_liability points;
    struct buffer report;
    struct error error;
    int code;
    if (!cli_liability_open(cli, "office", own->period, &points, &code))
        return code;
    request.liability = points.view;
    if (own->partner && !liability_view_partner(points.view, own->partner, &request.partner)) {
        cli_liability_close(&points);
        return cli_fail(cli, CLI_USAGE, "no partner '%.64s' in this coalition", own->partner);
    }
    buffer_init(&report, REPORT_SIZE_MAX);
    bool ok = report_write(cli->rest[0], format, &request, &report, &error) &&
              deliver(own, &report, &error);
    if (ok && own->out && !cli->json)
        printf("%s: %s of %s, %zu bytes\n", own->out, cli->rest[0], points.view->name, report.size);
    buffer_release(&report);
    cli_liability_close(&points);
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
        {"paid-on", CLI_TEXT, &own.paid_on}};
    enum report_format format = REPORT_CSV;
    struct accounts accounts = {.at = NULL};
    struct cli_period period;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code) || !read_usage(&cli, &own, &format, &code))
        return code;
    struct report_request request = {.accounts = &accounts, .continues = own.continues};
    if (!read_dialect(&cli, &own, format, &request.dialect, &code) ||
        !cli_accounts_read(&cli, own.accounts, &accounts, &code))
        return code;
    if (report_needs_liability(cli.rest[0])) {
        accounts_release(&accounts);
        return make_of_points(&cli, &own, format);
    }
    if (cli_period_open(&cli, "office", own.period, &period, &code)) {
        request.view = period.view;
        if (read_partner(&cli, &own, &period, report_scope(cli.rest[0], format), &request, &code) &&
            read_days(&cli, &own, period.view, &request, &code))
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
    "  --partner NAME        whose (default: the node's own; a journal, and reports of points: "
    "all)\n"
    "  --accounts FILE       names, addresses and IBANs of partners: accrue-settle(1)\n"
    "  --dialect PROGRAM     of a journal: hledger (the default), ledger or beancount\n"
    "  --continues           of a journal: it follows another one, which has the declarations\n"
    "  --paid-on DAY         of a journal: when payments are booked (default: when they are due)\n"
    "  --execution DAY       of payment orders: when the bank is to act (default: today)\n"
    "\nReports, with their formats:\n"
    "  statement   pdf, csv, json, html   what one partner owes and is owed, line by line\n"
    "  matrix      csv, json, html        who owes whom\n"
    "  nets        csv, json, html        nets, and the payments that settle them\n"
    "  payments    xml, csv, json, html   payments; xml: orders to the payer's bank\n"
    "                                     (pain.001.001.09), with --accounts\n"
    "  journal     journal                a book for hledger, ledger or beancount\n"
    "  fees        csv, json, html        fee lines of one partner with their tax\n"
    "  disputes    csv, json, html        the register of disputes\n"
    "  exceptions  csv, json, html        entries that tills made off-line and brought late\n"
    "  liability   csv, json, html        points by the month of making: opening to closing\n"
    "  ageing      csv, json, html        outstanding points by the month with which they end\n"
    "  breakage    csv, json, html        what became of each month's points, by age\n"
    "  deferred    csv, json, html        inputs of deferred revenue (IFRS 15), no booking\n"
    "\nEach names the checkpoint of the ledger that its figures can be proved from, and the totals "
    "that\nthe partners sign; of points, the hash that 'accrue audit' prints. The figures are "
    "checked "
    "against\nthem before anything is written.\n"
    "\nExample:\n  accrue report statement --dir demo --period 2026-11 --format pdf --out s.pdf\n",
    run_report};
