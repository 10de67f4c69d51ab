/* Reports as comma-separated values: partners/statement.h writes most of them. */
#include "node/report_parts.h"

#include "node/time_text.h"
#include "partners/csv_out.h"

#include <inttypes.h>

bool report_statement_csv(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    statement_csv_lines(&report->parts[0].statement, out);
    return true;
}

bool report_matrix_csv(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    statement_csv_matrix(&report->parts[0].statement, out);
    return true;
}

bool report_nets_csv(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    statement_csv_nets(&report->parts[0].statement, out);
    return true;
}

bool report_payments_csv(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    statement_csv_payments(&report->parts[0].statement, out);
    return true;
}

bool report_fees_csv(const struct report *report, struct buffer *out, struct error *error)
{
    (void)error;
    statement_csv_fees(&report->parts[0].statement, out);
    return true;
}

/* ---- registers ------------------------------------------------------------------------------- */

static void put_source(const struct report *report, struct csv_out *csv)
{
    const struct period_view *view = report->view;
    char text[32], root[BASE64_SIZE(HASH_SIZE) + 1], totals[HASH_HEX_SIZE + 1] = "";
    csv_out_field(csv, view->name);
    (void)snprintf(text, sizeof(text), "%" PRIu64, view->records);
    csv_out_field(csv, text);
    base64_encode(hash_as_bytes(&view->root), root);
    csv_out_field(csv, root);
    if (view->rooted)
        hex_encode(hash_as_bytes(&view->totals), totals);
    csv_out_field(csv, totals);
}

static void put_number(struct csv_out *csv, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    csv_out_field(csv, text);
}

static void put_money(const struct report *report, struct csv_out *csv, const char *currency,
                      struct money money)
{
    char text[MONEY_TEXT_SIZE];
    period_view_amount(report->view, currency, money, text);
    csv_out_field(csv, text);
}

static void put_dispute(const struct report *report, struct csv_out *csv,
                        const struct view_dispute *dispute)
{
    put_source(report, csv);
    put_number(csv, dispute->about.record.v);
    csv_out_field(csv, report_name_of(report, dispute->about.debtor));
    csv_out_field(csv, report_name_of(report, dispute->about.creditor));
    csv_out_field(csv, line_class_word(dispute->about.line_class));
    put_number(csv, dispute->about.tariff);
    csv_out_field(csv, dispute->currency);
    csv_out_field(csv, dispute->tax_code);
    csv_out_field(csv, dispute_code_word(dispute->code));
    csv_out_field(csv, report_name_of(report, dispute->by));
    csv_out_field(csv, report_dispute_word(dispute));
    put_money(report, csv, dispute->currency, dispute->amount);
    put_money(report, csv, dispute->currency, dispute->offered);
    put_money(report, csv, dispute->currency, dispute->upheld);
    put_money(report, csv, dispute->currency, dispute->rest);
    csv_out_end_row(csv);
}

bool report_disputes_csv(const struct report *report, struct buffer *out, struct error *error)
{
    static const char *const heading[] = {
        "period",   "checkpoint_size", "checkpoint_root", "totals",   "record",   "debtor",
        "creditor", "class",           "tariff",          "currency", "tax_code", "code",
        "by",       "state",           "amount",          "offered",  "upheld",   "rest"};
    struct csv_out csv = {.out = out};
    (void)error;
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (size_t i = 0; i < report->view->dispute_count; i++)
        put_dispute(report, &csv, &report->view->disputes[i]);
    return true;
}

bool report_exceptions_csv(const struct report *report, struct buffer *out, struct error *error)
{
    static const char *const heading[] = {
        "period", "checkpoint_size", "checkpoint_root", "totals", "record",
        "time",   "till_time",       "partner",         "type",   "verdict"};
    struct csv_out csv = {.out = out};
    char time[TIME_TEXT_SIZE];
    (void)error;
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (size_t i = 0; i < report->request->exception_count; i++) {
        const struct report_exception *exception = &report->request->exceptions[i];
        put_source(report, &csv);
        put_number(&csv, exception->record);
        time_format(exception->time_ms, time);
        csv_out_field(&csv, time);
        time_format(exception->till_ms, time);
        csv_out_field(&csv, time);
        csv_out_field(&csv, report_name_of(report, exception->partner));
        csv_out_field(&csv, exception->type);
        csv_out_field(&csv, exception->verdict);
        csv_out_end_row(&csv);
    }
    return true;
}
