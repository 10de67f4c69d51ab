/* accrue report: what finance gets of a settlement period, as a file. */
#include "node/cli_commands.h"
#include "node/cli_period.h"
#include "node/paper.h"
#include "node/report_source.h"

#include <string.h>

static const struct report_words words = {"--", "paid-on"};

struct asked { /* of whom, by whom */
    const struct cli *cli;
    const char *out; /* NULL: standard output */
    struct cli_target target;
    struct http *http;
};

/* ---- what it is made of ---------------------------------------------------------------------- */

/* What is wrong with the options, or cannot be done with the files that are here, is usage. */
static int fail(const struct cli *cli, enum report_fault fault, const struct error *error)
{
    switch (fault) {
    case REPORT_FAULT_NAME:
    case REPORT_FAULT_USAGE:
        return cli_fail(cli, CLI_USAGE, "%s", error->text);
    case REPORT_FAULT_ANSWER:
    case REPORT_FAULT_UNTRUE:
        return cli_fail(cli, CLI_REFUSED, "%s", error->text);
    case REPORT_FAULT_REPORT:
        return cli_fail_error(cli, error);
    }
    must(!"a fault of no kind");
}

/* A refusal is the node's word, and no failure to ask. */
static int refuse(const struct cli *cli, int status, struct bytes body)
{
    char text[512];
    json_t *problem = json_loadb((const char *)body.at, body.size, 0, NULL);
    http_problem_text(status, problem, text);
    json_decref(problem);
    return cli_fail(cli, status >= 500 ? CLI_UNREACHABLE : CLI_REFUSED, "%s", text);
}

/* Asks for one of the answers that it needs. */
static int gather_one(struct asked *asked, struct report_source *source, const char *path)
{
    struct buffer body;
    struct error error;
    enum report_fault fault;
    int status = 0, code = CLI_OK;
    buffer_init(&body, HTTP_BODY_MAX);
    if (!http_fetch(asked->http, &asked->target, path, &status, &body, &error))
        code = cli_fail_error(asked->cli, &error);
    else if (!report_source_take(source, status, buffer_bytes(&body), &fault, &error))
        code = fault == REPORT_FAULT_ANSWER ? refuse(asked->cli, status, buffer_bytes(&body))
                                            : fail(asked->cli, fault, &error);
    buffer_release(&body);
    return code;
}

static int gather(struct asked *asked, struct report_source *source)
{
    char path[REPORT_PATH_SIZE];
    struct error error;
    int code = CLI_OK;
    if (!cli_target_find(asked->cli, "office", &asked->target, &error))
        return cli_fail_error(asked->cli, &error);
    asked->http = http_open(1, asked->cli->timeout_s * 1000);
    while (code == CLI_OK && report_source_next(source, path))
        code = gather_one(asked, source, path);
    http_close(asked->http);
    return code;
}

/* ---- the report ------------------------------------------------------------------------------ */

static bool deliver(const char *path, struct buffer *report, struct error *error)
{
    if (path)
        return cli_file_write(path, 0644, buffer_bytes(report), error);
    return (fwrite(report->at, 1, report->size, stdout) == report->size && fflush(stdout) == 0) ||
           error_set(error, ERROR_IO, "standard output takes no more");
}

static int make(const struct asked *asked, const struct report_source *source,
                const struct report_options *own)
{
    struct buffer report, left_out;
    struct error error;
    enum report_fault fault;
    buffer_init(&report, REPORT_SIZE_MAX);
    buffer_init(&left_out, REPORT_SIZE_MAX);
    bool ok = report_source_write(source, &report, &left_out, &fault, &error) &&
              deliver(asked->out, &report, &error);
    if (ok && asked->out && !asked->cli->json)
        printf("%s: %s%s%s, %zu bytes\n", asked->out, own->name, own->period ? " of " : "",
               own->period ? own->period : "", report.size);
    bool whole = left_out.size == 0;
    if (!whole)
        (void)fwrite(left_out.at, 1, left_out.size, stderr);
    buffer_release(&report);
    buffer_release(&left_out);
    if (!ok)
        return cli_fail_error(asked->cli, &error);
    return whole ? CLI_OK : CLI_REFUSED;
}

static int run(const struct cli *cli, const struct report_options *own, const char *out,
               struct accounts *accounts)
{
    struct asked asked = {.cli = cli, .out = out};
    struct report_source *source;
    struct error error;
    enum report_fault fault;
    if (!report_source_open(own, accounts, &source, &fault, &error))
        return fail(cli, fault, &error);
    int code = gather(&asked, source);
    if (code == CLI_OK)
        code = make(&asked, source, own);
    report_source_close(source);
    return code;
}

static int run_report(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct report_options own = {.words = &words};
    const char *out = NULL, *path = NULL;
    const struct cli_option options[] = {
        {"period", CLI_TEXT, &own.period},       {"format", CLI_TEXT, &own.format},
        {"partner", CLI_TEXT, &own.partner},     {"out", CLI_TEXT, &out},
        {"accounts", CLI_TEXT, &path},           {"dialect", CLI_TEXT, &own.dialect},
        {"continues", CLI_FLAG, &own.continues}, {"execution", CLI_TEXT, &own.execution},
        {"paid-on", CLI_TEXT, &own.paid_on},     {"currency", CLI_TEXT, &own.currency}};
    struct accounts accounts = {.at = NULL};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code) || !cli_accounts_read(&cli, path, &accounts, &code))
        return code;
    own.name = cli.rest[0];
    code = run(&cli, &own, out, &accounts);
    accounts_release(&accounts);
    if (own.format && strcmp(own.format, "pdf") == 0)
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
