/* accrue report: what finance gets of a settlement period, as a file. */
#include "node/cli_commands.h"
#include "node/cli_exposure.h"
#include "node/cli_period.h"
#include "node/late_entries.h"
#include "node/paper.h"
#include "node/report.h"
#include "partners/charter_contracts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct own {
    const char *period, *format, *partner, *out, *accounts, *dialect, *execution, *paid_on;
    const char *currency;
    bool continues;
};

/* ---- late entries ---------------------------------------------------------------------------- */

static bool ask_page(void *context, uint64_t from, unsigned limit, json_t **page_out,
                     bool *too_large_out, struct error *error)
{
    struct cli_period *own = (struct cli_period *)context;
    char path[HTTP_PATH_MAX], text[512];
    int status = 0;
    (void)snprintf(path, sizeof(path), "/v1/transactions?from=%" PRIu64 "&limit=%u", from, limit);
    if (!http_ask(own->http, &own->target, path, NULL, NULL, &status, page_out, error))
        return false;
    if (status == 200)
        return true;
    *too_large_out = status == 413;
    http_problem_text(status, *page_out, text);
    json_decref(*page_out);
    return error_set(error, ERROR_DENIED, "%s", text);
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
static bool may_be_of_one_currency(const char *name, enum report_format format)
{
    return format != REPORT_JOURNAL && strcmp(name, "disputes") != 0 &&
           !report_needs_exceptions(name);
}

static bool read_currency(const struct cli *cli, const struct own *own,
                          const struct period_view *view, enum report_format format,
                          struct report_request *request, int *exit_out)
{
    if (!own->currency)
        return true;
    if (!may_be_of_one_currency(cli->rest[0], format)) {
        *exit_out =
            cli_fail(cli, CLI_USAGE, "this report is of all currencies: it takes no --currency");
        return false;
    }
    if (!charter_has_currency(view->charter, own->currency)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--currency is the charter's, or one that it has for contracts");
        return false;
    }
    memcpy(request->currency, own->currency, CURRENCY_SIZE);
    return true;
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
    struct late_entries exceptions = {.at = NULL};
    struct buffer report, left_out;
    struct error error;
    buffer_init(&report, REPORT_SIZE_MAX);
    buffer_init(&left_out, REPORT_SIZE_MAX);
    request->left_out = &left_out;
    bool ok = !report_needs_exceptions(name) ||
              late_entries_find(period->view, ask_page, period, &exceptions, &error);
    request->exceptions = exceptions.at;
    request->exception_count = exceptions.count;
    ok =
        ok && report_write(name, format, request, &report, &error) && deliver(own, &report, &error);
    if (ok && own->out && !cli->json)
        printf("%s: %s of %s, %zu bytes\n", own->out, name, period->view->name, report.size);
    bool whole = left_out.size == 0;
    if (!whole)
        (void)fwrite(left_out.at, 1, left_out.size, stderr);
    buffer_release(&report);
    buffer_release(&left_out);
    request->left_out = NULL;
    late_entries_release(&exceptions);
    if (!ok)
        return cli_fail_error(cli, &error);
    return whole ? CLI_OK : CLI_REFUSED;
}

/* Of the points that funders stand for: those of one, where a partner is named. */
static int make_of_points(const struct cli *cli, const struct own *own, enum report_format format,
                          const struct accounts *accounts)
{
    struct report_request request = {.has_partner = own->partner != NULL, .accounts = accounts};
    struct cli_liability points;
    struct buffer report;
    struct error error;
    int code;
    bool all = report_needs_history(cli->rest[0]);
    if (!cli_liability_open(cli, "office", own->period, all, &points, &code))
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
    if (report_needs_liability(cli.rest[0])) {
        code = own.currency
                   ? cli_fail(&cli, CLI_USAGE, "points are in no currency: it takes no --currency")
                   : make_of_points(&cli, &own, format, &accounts);
    } else if (cli_period_open(&cli, "office", own.period, &period, &code)) {
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
    "  --partner NAME        whose (default: the node's own; a journal, and reports of points: "
    "all)\n"
    "  --currency CODE       only what is in it (default: every currency, each apart)\n"
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
    "                                     (pain.001.001.09), to accounts on the ledger,\n"
    "                                     one currency a file; euro by SEPA\n"
    "  journal     journal                a book for hledger, ledger or beancount\n"
    "  fees        csv, json, html        fee lines of one partner with their tax\n"
    "  disputes    csv, json, html        the register of disputes\n"
    "  exceptions  csv, json, html        entries that tills made off-line and brought late\n"
    "  exposure    csv, json, html        outstanding points and collateral, of now: no --period\n"
    "  liability   pdf, csv, json, html   points by the month of making: opening to closing\n"
    "  ageing      pdf, csv, json, html   outstanding points by the month with which they end\n"
    "  breakage    pdf, csv, json, html   what became of each month's points, by age\n"
    "  deferred    pdf, csv, json, html   inputs of deferred revenue (IFRS 15), no booking\n"
    "\nEach names the checkpoint of the ledger that its figures can be proved from, and the totals "
    "that\nthe partners sign; of points, the hash that 'accrue audit' prints. The figures are "
    "checked "
    "against\nthem before anything is written.\n"
    "\nExample:\n  accrue report statement --dir demo --period 2026-11 --format pdf --out s.pdf\n",
    run_report};
