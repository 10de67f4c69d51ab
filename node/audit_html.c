/* The report of an audit as one HTML page. */
#include "node/audit_report.h"
#include "node/html.h"

#include "partners/settlement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n"
    "<title>Audit report</title>\n<style>\n"
    "body{font:11pt/1.4 serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}\n"
    "h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:1.6rem 0 .4rem;"
    "border-bottom:1px solid #999}\n"
    "table{border-collapse:collapse;width:100%;margin:.4rem 0}"
    "th,td{border:1px solid #bbb;padding:.2rem .5rem;text-align:left;vertical-align:top}\n"
    "th{background:#eee}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "code{font:.85em monospace;overflow-wrap:anywhere}\n"
    ".clean{color:#064}.findings,.unchecked{color:#a00}.verdict{font-weight:bold}\n"
    ".note{border-left:.3rem solid #a60;padding-left:.6rem}\n"
    "pre{font:.8em monospace;white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid #bbb;"
    "padding:.5rem}\n"
    "@page{margin:18mm}@media print{body{margin:0;max-width:none;font-size:9.5pt}"
    "h2{break-after:avoid}tr,pre{break-inside:avoid}thead{display:table-header-group}}\n"
    "</style>\n</head>\n<body>\n";

struct audit_text_line { /* of names and amounts */
    char text[4 * CHARTER_NAME_MAX + 4 * MONEY_TEXT_SIZE];
};

/* ---- texts ----------------------------------------------------------------------------------- */

static void text(struct buffer *out, const char *plain)
{
    for (const char *at = plain; *at; at++) {
        if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t')
            buffer_append_text(out, "&#xfffd;");
        else
            html_put_byte(out, (uint8_t)*at);
    }
}

/* <tag class>text</tag>; the class may be NULL. */
static void element(struct buffer *out, const char *tag, const char *class, const char *plain)
{
    buffer_printf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
    text(out, plain);
    buffer_printf(out, "</%s>", tag);
}

static void cell_number(struct buffer *out, int64_t value)
{
    buffer_printf(out, "<td class=\"n\">%" PRId64 "</td>", value);
}

static void row(struct buffer *out, const char *name, const char *plain)
{
    buffer_append_text(out, "<tr>");
    element(out, "th", NULL, name);
    element(out, "td", NULL, plain);
    buffer_append_text(out, "</tr>\n");
}

static void row_code(struct buffer *out, const char *name, const char *plain)
{
    buffer_append_text(out, "<tr>");
    element(out, "th", NULL, name);
    buffer_append_text(out, "<td>");
    element(out, "code", NULL, plain);
    buffer_append_text(out, "</td></tr>\n");
}

static void row_number(struct buffer *out, const char *name, uint64_t value)
{
    char number[32];
    snprintf(number, sizeof(number), "%" PRIu64, value);
    row(out, name, number);
}

/* ---- sections -------------------------------------------------------------------------------- */

static void put_title(const struct audit_report *report, struct buffer *out)
{
    const struct audit_view *best = audit_views_best(report->views, report->view_count);
    const char *verdict = audit_verdict_word(audit_report_verdict(report));
    char made[32];
    char sentence[160];
    cli_time_format(report->made_ms, made);
    buffer_append_text(out, "<h1>Audit report</h1>\n");
    snprintf(sentence, sizeof(sentence), "Verdict: %s, %zu findings in %zu sources", verdict,
             audit_views_findings(report->views, report->view_count), report->view_count);
    buffer_printf(out, "<p class=\"verdict %s\">", verdict);
    text(out, sentence);
    buffer_append_text(out, "</p>\n<table>\n");
    if (best) {
        char id[HASH_HEX_SIZE + 1];
        hex_encode(hash_as_bytes(&best->charter->coalition), id);
        row(out, "Coalition", best->charter->name);
        row(out, "Log", best->charter->origin);
        row_code(out, "Coalition id", id);
    }
    row(out, "Made", made);
    row(out, "Policy", audit_policy_words(report));
    if (report->state_path)
        row(out, "Kept in", report->state_path);
    buffer_append_text(out, "</table>\n");
    if (best && best->charter->sandbox)
        buffer_append_text(out,
                           "<p class=\"note\">This is a sandbox: its time is moved by hand and "
                           "nothing in it is owed.</p>\n");
    if (report->policy == AUDIT_POLICY_OF_SOURCE)
        buffer_append_text(
            out, "<p class=\"note\">No policy and no charter was given: the keys that the "
                 "checkpoint was judged by come from the source itself.</p>\n");
}

static void put_checkpoint(const struct audit_view *view, struct buffer *out)
{
    char root[HASH_BASE64_SIZE + 1];
    if (!view->has_checkpoint) {
        row(out, "Checkpoint", "none that can be relied on");
        return;
    }
    base64_encode(hash_as_bytes(&view->checkpoint.root), root);
    row_number(out, "Checkpoint: records", view->checkpoint.size);
    row_code(out, "Checkpoint: root", root);
    buffer_append_text(out, "<tr><th>Cosigned by</th><td>");
    if (view->signatures.witnesses == 0)
        buffer_append_text(out, "nobody: the policy asks for none");
    for (size_t i = 0, count = 0; i < view->policy.witness_count; i++) {
        char when[32];
        if (!(view->signatures.witnesses >> i & 1))
            continue;
        uint64_t time_s = view->signatures.times_s[i]; /* any that the witness signed */
        cli_time_format(time_s <= TIME_MS_MAX / 1000 ? time_s * 1000 : TIME_MS_MAX, when);
        buffer_append_text(out, count++ ? ", " : "");
        text(out, view->policy.witnesses[i].name);
        buffer_printf(out, " (%s)", when);
    }
    buffer_append_text(out, "</td></tr>\n");
    if (view->policy_height)
        row_number(out, "Members have changed: policy followed to height", view->policy_height);
}

static void put_source(const struct audit_view *view, struct buffer *out)
{
    element(out, "h2", NULL, view->source.name);
    buffer_append_text(out, "\n<table>\n");
    if (view->audit) {
        struct audit_counts counts = audit_counts_of(view->audit);
        put_checkpoint(view, out);
        row_number(out, "Records", counts.records);
        row_number(out, "Transactions replayed", counts.transactions);
        row_number(out, "Heights", counts.heights);
        row_number(out, "Batches", counts.batches);
        row_number(out, "Votes", counts.votes);
        row_number(out, "Tiles", counts.tiles);
        if (view->went_on_from.size)
            row_number(out, "Went on from record", view->went_on_from.size);
        row_number(out, "Findings", audit_finding_count(view->audit));
    }
    if (view->trouble_code != ERROR_NONE)
        row(out, "Could not be checked", view->trouble);
    buffer_append_text(out, "</table>\n");
}

static void put_finding(const struct charter *charter, const struct audit_finding *finding,
                        struct buffer *out)
{
    buffer_append_text(out, "<table>\n");
    row_code(out, "Finding", audit_code_word(finding->code));
    row(out, "Rule", audit_code_rule(finding->code));
    row(out, "Where", finding->where);
    row_code(out, "Expected", finding->expected);
    row_code(out, "Found", finding->found);
    if (finding->spot.has_batch)
        row_code(out, "Batch signed by", audit_signer_text(charter, finding->spot.lane).text);
    for (size_t i = 0; i < finding->signer_count; i++)
        row_code(out, "Cut signed by", audit_signer_text(charter, finding->signers[i]).text);
    buffer_append_text(out, "</table>\n");
}

static void put_findings(const struct audit_report *report, struct buffer *out)
{
    buffer_append_text(out, "<h2>Findings</h2>\n");
    if (audit_views_findings(report->views, report->view_count) == 0)
        buffer_append_text(out, "<p>None.</p>\n");
    for (size_t i = 0; i < report->view_count; i++) {
        const struct audit_view *view = &report->views[i];
        const struct audit_finding *findings;
        size_t count = view->audit ? audit_findings(view->audit, &findings) : 0;
        if (count > 0)
            element(out, "h3", NULL, view->source.name);
        for (size_t j = 0; j < count; j++)
            put_finding(audit_charter(view->audit), &findings[j], out);
        if (view->audit && audit_finding_count(view->audit) > count)
            buffer_printf(out, "<p>... and %zu more.</p>\n",
                          audit_finding_count(view->audit) - count);
    }
}

static void put_points(const struct audit *audit, struct buffer *out)
{
    const struct charter *charter = audit_charter(audit);
    struct audit_partner_totals *totals =
        (struct audit_partner_totals *)allocate(charter->partner_count, sizeof(*totals));
    audit_report_totals(audit, totals);
    buffer_append_text(out, "<h2>Points by issuer</h2>\n<table>\n<thead><tr><th>Partner</th>"
                            "<th class=\"n\">Issued</th><th class=\"n\">Outstanding</th>"
                            "<th class=\"n\">Spent</th><th class=\"n\">Expired</th>"
                            "<th class=\"n\">Taken back</th><th class=\"n\">Spent here</th>"
                            "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < charter->partner_count; i++) {
        buffer_append_text(out, "<tr>");
        element(out, "td", NULL, charter->partners[i].name);
        cell_number(out, totals[i].issued);
        cell_number(out, totals[i].outstanding);
        cell_number(out, totals[i].spent);
        cell_number(out, totals[i].expired);
        cell_number(out, totals[i].clawed_back);
        cell_number(out, totals[i].redeemed_here);
        buffer_append_text(out, "</tr>\n");
    }
    buffer_append_text(out, "</tbody></table>\n");
    free(totals);
}

/* Rows owe columns. */
static void put_debts(const struct audit *audit, const char *currency, struct buffer *out)
{
    const struct charter *charter = audit_charter(audit);
    struct settlement settlement;
    settlement_make(audit_state(audit), NULL, NULL, &settlement);
    const struct money *nets =
        settlement_nets(&settlement, settlement_currency(&settlement, currency), false);
    element(out, "h2", NULL, "Obligations of the open period, exact: rows owe columns");
    buffer_append_text(out, "\n<table>\n<thead><tr>");
    element(out, "th", NULL, currency);
    for (size_t i = 0; i < charter->partner_count; i++)
        element(out, "th", "n", charter->partners[i].name);
    buffer_append_text(out, "<th class=\"n\">Net</th></tr></thead>\n<tbody>\n");
    for (uint16_t i = 0; i < charter->partner_count; i++) {
        buffer_append_text(out, "<tr>");
        element(out, "th", NULL, charter->partners[i].name);
        for (uint16_t j = 0; j < charter->partner_count; j++) {
            struct money owed = settlement_open(audit_state(audit), (struct partner_id){i},
                                                (struct partner_id){j}, currency);
            element(out, "td", "n", owed.v ? audit_money_text(audit, currency, owed).text : "");
        }
        element(out, "td", "n", audit_money_text(audit, currency, nets[i]).text);
        buffer_append_text(out, "</tr>\n");
    }
    buffer_append_text(out, "</tbody></table>\n");
    settlement_release(&settlement);
}

static void put_period_head(const struct closed_period *closed,
                            const struct audit_period_summary *summary, struct buffer *out)
{
    row(out, "State",
        closed->period.state == PERIOD_OPEN ? "ended" : period_state_word(closed->period.state));
    if (closed->rooted) {
        row_number(out, "First record", closed->first_record);
        row_number(out, "Ends before record", closed->records);
        row_code(out, "Totals", summary->totals);
    }
}

static void put_period_sums(const struct audit *audit, const struct audit_period_summary *summary,
                            struct buffer *out)
{
    const struct charter *charter = audit_charter(audit);
    for (int i = 0; i < BOOK_CLASS_COUNT; i++)
        if (summary->by_class[i].v != 0)
            row(out, book_class_word((enum book_class)i),
                audit_money_text(audit, summary->currency, summary->by_class[i]).text);
    for (size_t i = 0; i < charter->partner_count; i++) {
        struct audit_text_line line;
        if (summary->nets[i].v == 0)
            continue;
        snprintf(line.text, sizeof(line.text), "Net of %s", charter->partners[i].name);
        row(out, line.text, audit_money_text(audit, summary->currency, summary->nets[i]).text);
    }
}

static void put_defaults(const struct audit *audit, const struct period *period, struct buffer *out)
{
    const struct charter_partner *partners = audit_charter(audit)->partners;
    struct audit_text_line line;
    for (size_t i = 0; i < period->default_count; i++) {
        snprintf(line.text, sizeof(line.text), "%s does not pay what it owes in %s",
                 partners[period->defaults[i].partner.v].name, period->defaults[i].currency);
        row(out, "Default", line.text);
    }
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        snprintf(line.text, sizeof(line.text), "%s, of the claim of %s on %s: %s %s%s",
                 partners[taken->by.v].name, partners[taken->claimant.v].name,
                 partners[taken->debtor.v].name, taken->currency,
                 audit_money_text(audit, taken->currency, taken->amount).text,
                 taken->collateral ? ", out of collateral" : "");
        row(out, "Taken over by", line.text);
    }
}

static void put_period_parts(const struct audit *audit, const struct period *period,
                             struct buffer *out)
{
    const struct charter_partner *partners = audit_charter(audit)->partners;
    struct audit_text_line line;
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct payment *payment = &period->payments[i].payment;
        const char *currency = period->payments[i].currency;
        snprintf(line.text, sizeof(line.text), "%s to %s: %s %s, %s%s",
                 partners[payment->from.v].name, partners[payment->to.v].name, currency,
                 audit_money_text(audit, currency, payment->amount).text,
                 payment_state_word(period->payments[i].state),
                 period->payments[i].ring_fenced ? ", ring-fenced" : "");
        row(out, "Payment", line.text);
    }
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct dispute *dispute = &period->disputes[i];
        const char *currency = dispute->line.currency;
        snprintf(
            line.text, sizeof(line.text),
            "record %" PRIu64 ", %s to %s, %s: %s %s, %s by %s; %s, upheld %s",
            dispute->about.record.v, partners[dispute->about.debtor.v].name,
            partners[dispute->about.creditor.v].name, line_class_word(dispute->about.line_class),
            currency, audit_money_text(audit, currency, dispute->line.exact).text,
            dispute_code_word(dispute->code), partners[dispute->by.v].name,
            audit_dispute_word(dispute), audit_money_text(audit, currency, dispute->upheld).text);
        row(out, "Dispute", line.text);
    }
}

/* A table a currency; the first one tells the state, the last one payments and disputes. */
static void put_period(const struct audit *audit, const struct closed_period *closed,
                       struct audit_period_summary *summary, struct buffer *out)
{
    struct audit_text_line line;
    *summary = (struct audit_period_summary){0};
    for (bool first = true; audit_period_summary(audit, closed, summary); first = false) {
        if (!first)
            buffer_append_text(out, "</table>\n");
        snprintf(line.text, sizeof(line.text), "Settlement period %s, %s, %s", summary->name,
                 summary->currency, summary->final ? "rounded" : "exact");
        element(out, "h2", NULL, line.text);
        buffer_append_text(out, "\n<table>\n");
        if (first)
            put_period_head(closed, summary, out);
        put_period_sums(audit, summary, out);
    }
    put_defaults(audit, &closed->period, out);
    put_period_parts(audit, &closed->period, out);
    buffer_append_text(out, "</table>\n");
}

static void put_periods(const struct audit *audit, struct buffer *out)
{
    const struct periods *periods = state_periods(audit_state(audit));
    struct audit_period_summary *summary =
        (struct audit_period_summary *)allocate(1, sizeof(*summary));
    for (size_t i = 0; i < periods->count; i++)
        put_period(audit, periods->at[i], summary, out);
    free(summary);
}

void audit_report_html(const struct audit_report *report, struct buffer *out)
{
    const struct audit_view *best = audit_views_best(report->views, report->view_count);
    buffer_append_text(out, head);
    put_title(report, out);
    for (size_t i = 0; i < report->view_count; i++)
        put_source(&report->views[i], out);
    put_findings(report, out);
    if (best) {
        put_points(best->audit, out);
        size_t place = 0;
        for (const char *currency; (currency = audit_next_owed(best->audit, &place));)
            put_debts(best->audit, currency, out);
        put_periods(best->audit, out);
    }
    if (best && best->has_checkpoint) {
        struct buffer note;
        buffer_init(&note, NOTE_SIZE_MAX + 1);
        buffer_append(&note, buffer_bytes(&best->note));
        element(out, "h2", NULL, "The checkpoint that this report is about");
        buffer_append_text(out, "\n");
        element(out, "pre", NULL, buffer_text(&note));
        buffer_append_text(out, "\n");
        buffer_release(&note);
    }
    buffer_append_text(out, "</body>\n</html>\n");
}
