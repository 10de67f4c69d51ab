/* Reports as pages to read and print: no scripts, nothing that is fetched. */
#include "node/html.h"
#include "node/report_parts.h"
#include "node/time_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n";
static const char style[] =
    "<style>\n"
    "body{font:11pt/1.4 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}\n"
    "h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:1.6rem 0 .4rem;"
    "border-bottom:1px solid #999}\n"
    "table{border-collapse:collapse;width:100%;margin:.4rem 0}"
    "th,td{border:1px solid #bbb;padding:.2rem .5rem;text-align:left;vertical-align:top}\n"
    "th{background:#eee}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "code{font:.85em monospace;overflow-wrap:anywhere}\n"
    "svg{max-width:100%;height:auto;font:13px sans-serif}\n"
    ".note{border-left:.3rem solid #a60;padding-left:.6rem}\n"
    "@page{margin:18mm}@media print{body{margin:0;max-width:none;font-size:9.5pt}"
    "h2{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}}\n"
    "</style>\n</head>\n<body>\n";

/* ---- pieces ---------------------------------------------------------------------------------- */

static void element(struct buffer *out, const char *tag, const char *plain)
{
    buffer_printf(out, "<%s>", tag);
    html_put_text(out, plain);
    buffer_printf(out, "</%s>\n", tag);
}

static void fact(struct buffer *out, const char *name, const char *plain, bool code)
{
    buffer_append_text(out, "<tr>");
    element(out, "th", name);
    buffer_append_text(out, code ? "<td><code>" : "<td>");
    html_put_text(out, plain);
    buffer_append_text(out, code ? "</code></td></tr>\n" : "</td></tr>\n");
}

/* Heads of columns; one that begins with '#' is of figures. */
static void table(struct buffer *out, const char *const *columns, size_t count)
{
    buffer_append_text(out, "<table><thead><tr>");
    for (size_t i = 0; i < count; i++) {
        bool figures = columns[i][0] == '#';
        buffer_append_text(out, figures ? "<th class=\"n\">" : "<th>");
        html_put_text(out, columns[i] + figures);
        buffer_append_text(out, "</th>");
    }
    buffer_append_text(out, "</tr></thead><tbody>\n");
}

static void cell(struct buffer *out, const char *plain)
{
    buffer_append_text(out, "<td>");
    html_put_text(out, plain);
    buffer_append_text(out, "</td>");
}

static void cell_money(const struct report_part *part, struct buffer *out, struct money money)
{
    char text[STATEMENT_AMOUNT_SIZE];
    statement_amount(&part->statement, money, text);
    buffer_printf(out, "<td class=\"n\">%s</td>", text);
}

static void cell_partner(const struct report *report, struct buffer *out, struct partner_id partner)
{
    cell(out, report_name_of(report, partner));
}

static void row(struct buffer *out)
{
    buffer_append_text(out, "<tr>");
}

static void row_end(struct buffer *out)
{
    buffer_append_text(out, "</tr>\n");
}

static void table_end(struct buffer *out)
{
    buffer_append_text(out, "</tbody></table>\n");
}

/* Of a part: where there are several, it says which currency it is in. */
static void heading(const struct report_part *part, struct buffer *out, const char *words)
{
    char text[160];
    (void)snprintf(text, sizeof(text), part->report->part_count > 1 ? "%s, in %s" : "%s", words,
                   part->statement.currency);
    element(out, "h2", text);
}

/* "EUR", "EUR, SEK" */
static void put_currencies(const struct report *report, struct buffer *out)
{
    char text[8 * (1 + CHARTER_CURRENCIES_MAX)];
    size_t size = 0;
    for (size_t i = 0; i < report->part_count; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", i > 0 ? ", " : "",
                                 report->parts[i].statement.currency);
    must(size < sizeof(text));
    fact(out, report->part_count > 1 ? "Currencies" : "Currency", text, false);
}

static void put_facts(const struct report *report, struct buffer *out)
{
    const struct period_view *view = report->view;
    char text[64], from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
    char root[BASE64_SIZE(HASH_SIZE) + 1], totals[HASH_HEX_SIZE + 1];
    date_format(view->first_day, from);
    date_format(view->last_day, to);
    (void)snprintf(text, sizeof(text), "%s to %s", from, to);
    buffer_append_text(out, "<table>\n");
    fact(out, "Coalition", view->charter->name, false);
    fact(out, "Period", text, false);
    fact(out, "State", report->state, false);
    put_currencies(report, out);
    (void)snprintf(text, sizeof(text), "%" PRIu64, view->records);
    fact(out, "Checkpoint: records", text, false);
    base64_encode(hash_as_bytes(&view->root), root);
    fact(out, "Checkpoint: root", root, true);
    if (view->rooted) {
        hex_encode(hash_as_bytes(&view->totals), totals);
        fact(out, "Totals", totals, true);
    }
    buffer_append_text(out, "</table>\n");
}

void report_page_open(struct buffer *out, const char *title)
{
    buffer_append_text(out, head);
    element(out, "title", title);
    buffer_append_text(out, style);
    element(out, "h1", title);
}

static void begin(const struct report *report, struct buffer *out, const char *format, ...)
    PRINTF_LIKE(3, 4);

static void begin(const struct report *report, struct buffer *out, const char *format, ...)
{
    char title[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(title, sizeof(title), format, arguments);
    va_end(arguments);
    report_page_open(out, title);
    if (report->view->charter->sandbox)
        buffer_append_text(out, "<p class=\"note\">This is a sandbox: its time is moved by hand "
                                "and nothing in it is owed.</p>\n");
    if (report->view->preliminary)
        buffer_append_text(out, "<p class=\"note\">Preliminary: the period is not final, and its "
                                "figures may change.</p>\n");
    put_facts(report, out);
}

static bool end(struct buffer *out)
{
    buffer_append_text(out, "<p>Every figure follows from the coalition's ledger up to the "
                            "checkpoint above. Anyone can recompute it from the records: "
                            "<code>accrue audit</code>.</p>\n</body>\n</html>\n");
    return true;
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void put_positions(const struct report_part *part, struct buffer *out)
{
    static const char *const columns[] = {"Partner", "#Net", "#+ Collateral", "#= Netted",
                                          "#+ Ring-fenced"};
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < part->statement.party_count; i++) {
        const struct default_sums *sums = &part->statement.sums[i];
        row(out);
        cell(out, part->statement.parties[i].name);
        cell_money(part, out, sums->net);
        cell_money(part, out, sums->collateral);
        cell_money(part, out, sums->netted);
        cell_money(part, out, sums->ring_fenced);
        row_end(out);
    }
    table_end(out);
}

/* Who does not pay, who bears what of it, and how nets become payments; nothing where all pay. */
static void put_default(const struct report_part *part, struct buffer *out)
{
    const struct statement *statement = &part->statement;
    char text[TAKEN_WORDS_SIZE + 1];
    if (!statement->sums)
        return;
    heading(part, out, "Default");
    for (size_t i = 0; i < statement->default_count; i++) {
        (void)snprintf(text, sizeof(text), "%s is in default of what it owes in %s.",
                       report_name_of(part->report, statement->defaults[i].partner),
                       statement->currency);
        element(out, "p", text);
    }
    if (statement->taken_count > 0)
        buffer_append_text(out, "<ul>\n");
    for (size_t i = 0; i < statement->taken_count; i++) {
        char words[TAKEN_WORDS_SIZE];
        report_taken_words(part, &statement->taken[i], words);
        element(out, "li", words);
    }
    if (statement->taken_count > 0)
        buffer_append_text(out, "</ul>\n");
    element(out, "p",
            "What each receives, or pays with a minus: the net of the lines, and what collateral "
            "has paid, come to the payments that are netted and those that are ring-fenced, made "
            "or to be made. Void payments are part of neither.");
    put_positions(part, out);
}

/* ---- statement and fees ---------------------------------------------------------------------- */

static void put_own_lines(const struct report_part *part, struct buffer *out, bool fees)
{
    static const char *const columns[] = {"Partner", "For",          "Tax",
                                          "#Exact",  "#Owed to you", "#You owe"};
    struct statement_line *lines;
    size_t count = statement_lines(&part->statement, &lines);
    heading(part, out, fees ? "Fees and tax" : "Lines");
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < count; i++) {
        const struct line *line = lines[i].line;
        char exact[MONEY_TEXT_SIZE];
        if (fees && !statement_line_invoiced(line))
            continue;
        money_format(line->exact, part->statement.minor_digits, exact);
        row(out);
        cell_partner(part->report, out, lines[i].other);
        cell(out, book_class_word(line->book_class));
        cell(out, line->tax_code);
        buffer_printf(out, "<td class=\"n\">%s</td>", exact);
        if (lines[i].owed)
            cell(out, "");
        cell_money(part, out, line->rounded);
        if (!lines[i].owed)
            cell(out, "");
        row_end(out);
    }
    table_end(out);
    free(lines);
}

static void put_sums(const struct report_part *part, struct buffer *out)
{
    static const char *const columns[] = {"#Owed to you", "#You owe", "#Net"};
    struct statement_sums sums = statement_sums(&part->statement);
    heading(part, out, "In all");
    table(out, columns, ARRAY_SIZE(columns));
    row(out);
    cell_money(part, out, sums.owed_to);
    cell_money(part, out, sums.owed_by);
    cell_money(part, out, (struct money){sums.owed_to.v - sums.owed_by.v});
    row_end(out);
    table_end(out);
}

static void put_disputed(const struct report_part *part, struct buffer *out)
{
    char text[DISPUTED_WORDS_SIZE];
    statement_disputed_words(&part->statement, text);
    if (text[0])
        element(out, "p", text);
}

bool report_statement_html(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    begin(report, out, "Statement of %s, %s", report_name_of(report, report->request->partner),
          report->view->name);
    for (size_t i = 0; i < report->part_count; i++) {
        put_sums(&report->parts[i], out);
        put_own_lines(&report->parts[i], out, false);
        put_disputed(&report->parts[i], out);
        put_default(&report->parts[i], out);
    }
    return end(out);
}

bool report_fees_html(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    begin(report, out, "Fees of %s, %s", report_name_of(report, report->request->partner),
          report->view->name);
    for (size_t i = 0; i < report->part_count; i++)
        put_own_lines(&report->parts[i], out, true);
    return end(out);
}

/* ---- matrix, nets, payments ------------------------------------------------------------------ */

/* Above what has no heading where it is alone. */
static void divide(const struct report_part *part, struct buffer *out)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "In %s", part->statement.currency);
    if (part->report->part_count > 1)
        element(out, "h2", text);
}

static void put_matrix(const struct report_part *part, struct buffer *out)
{
    static const char *const columns[] = {"Debtor", "Creditor", "#Amount"};
    const struct lines *closed = &part->report->view->closed;
    divide(part, out);
    report_chart_matrix(part, out);
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        if (!report_begins_pair(part, i))
            continue;
        row(out);
        cell_partner(part->report, out, line->debtor);
        cell_partner(part->report, out, line->creditor);
        cell_money(part, out, statement_owed(&part->statement, line->debtor, line->creditor));
        row_end(out);
    }
    table_end(out);
}

bool report_matrix_html(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    begin(report, out, "Who owes whom, %s", report->view->name);
    for (size_t i = 0; i < report->part_count; i++) {
        put_matrix(&report->parts[i], out);
        put_default(&report->parts[i], out);
    }
    return end(out);
}

static void put_payments(const struct report_part *part, struct buffer *out)
{
    static const char *const columns[] = {"From",      "To",    "#Amount", "Due",
                                          "Reference", "State", "Account"};
    char due[DATE_TEXT_SIZE];
    heading(part, out, "Payments");
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < part->statement.payment_count; i++) {
        const struct statement_payment *payment = &part->payments[i];
        char iban[IBAN_TEXT_SIZE] = "", state[32];
        if (payment->to)
            iban_format(payment->to->iban, iban);
        row(out);
        cell_partner(part->report, out, payment->payment.from);
        cell_partner(part->report, out, payment->payment.to);
        cell_money(part, out, payment->payment.amount);
        date_format(payment->due, due);
        cell(out, payment->ring_fenced ? "" : due);
        buffer_printf(out, "<td><code>%s</code></td>", payment->end_to_end);
        (void)snprintf(state, sizeof(state), "%s%s", payment->ring_fenced ? "ring-fenced, " : "",
                       report_payment_word(part, i));
        cell(out, state);
        cell(out, iban);
        row_end(out);
    }
    table_end(out);
}

bool report_payments_html(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    begin(report, out, "Payments, %s", report->view->name);
    for (size_t i = 0; i < report->part_count; i++) {
        put_payments(&report->parts[i], out);
        put_default(&report->parts[i], out);
    }
    return end(out);
}

static void put_nets(const struct report_part *part, struct buffer *out)
{
    static const char *const columns[] = {"Partner", "#Net"};
    const struct period_view *view = part->report->view;
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    netting_nets(&view->closed, part->statement.currency, view->partner_count, nets);
    divide(part, out);
    report_chart_nets(part, out);
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < view->partner_count; i++) {
        row(out);
        cell(out, view->partners[i].name);
        cell_money(part, out, nets[i]);
        row_end(out);
    }
    table_end(out);
    free(nets);
}

bool report_nets_html(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    begin(report, out, "Nets, %s", report->view->name);
    for (size_t i = 0; i < report->part_count; i++) {
        put_nets(&report->parts[i], out);
        put_payments(&report->parts[i], out);
        put_default(&report->parts[i], out);
    }
    return end(out);
}

/* ---- registers ------------------------------------------------------------------------------- */

static void cell_disputed(const struct report *report, struct buffer *out,
                          const struct view_dispute *dispute, struct money money)
{
    char text[MONEY_TEXT_SIZE];
    period_view_amount(report->view, dispute->currency, money, text);
    buffer_printf(out, "<td class=\"n\">%s %s</td>", text, dispute->currency);
}

static void put_dispute(const struct report *report, struct buffer *out,
                        const struct view_dispute *dispute)
{
    row(out);
    buffer_printf(out, "<td>%" PRIu64 "</td>", dispute->about.record.v);
    cell_partner(report, out, dispute->about.debtor);
    cell_partner(report, out, dispute->about.creditor);
    cell(out, line_class_word(dispute->about.line_class));
    cell(out, dispute_code_word(dispute->code));
    cell_partner(report, out, dispute->by);
    cell(out, report_dispute_word(dispute));
    cell_disputed(report, out, dispute, dispute->amount);
    cell_disputed(report, out, dispute,
                  dispute->state == VIEW_DISPUTE_RESOLVED ? dispute->upheld : dispute->offered);
    row_end(out);
}

bool report_disputes_html(const struct report *report, struct buffer *out, struct error *error)
{
    static const char *const columns[] = {"Record", "Debtor", "Creditor", "For",    "Reason",
                                          "By",     "State",  "#Amount",  "#Upheld"};
    (void)error;
    begin(report, out, "Disputes, %s", report->view->name);
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < report->view->dispute_count; i++)
        put_dispute(report, out, &report->view->disputes[i]);
    table_end(out);
    return end(out);
}

bool report_exceptions_html(const struct report *report, struct buffer *out, struct error *error)
{
    static const char *const columns[] = {"Record",  "On the ledger", "At the till",
                                          "Partner", "Type",          "Verdict"};
    char time[TIME_TEXT_SIZE];
    (void)error;
    begin(report, out, "Late and off-line entries, %s", report->view->name);
    table(out, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < report->request->exception_count; i++) {
        const struct report_exception *exception = &report->request->exceptions[i];
        row(out);
        buffer_printf(out, "<td>%" PRIu64 "</td>", exception->record);
        time_format(exception->time_ms, time);
        cell(out, time);
        time_format(exception->till_ms, time);
        cell(out, time);
        cell_partner(report, out, exception->partner);
        cell(out, exception->type);
        cell(out, exception->verdict);
        row_end(out);
    }
    table_end(out);
    return end(out);
}
