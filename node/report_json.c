/* Reports as JSON: one object, its head the same in all of them. */
#include "node/json_out.h"
#include "node/report_parts.h"
#include "partners/charter_contracts.h"

#include <stdlib.h>

/* ---- the head -------------------------------------------------------------------------------- */

static void put_date(struct json_out *json, const char *name, struct date date)
{
    char text[DATE_TEXT_SIZE];
    date_format(date, text);
    json_put_word(json, name, text);
}

static void put_checkpoint(const struct period_view *view, struct json_out *json)
{
    char root[BASE64_SIZE(HASH_SIZE) + 1];
    base64_encode(hash_as_bytes(&view->root), root);
    json_open_object(json, "checkpoint");
    json_put_word(json, "origin", view->charter->origin);
    json_put_uint(json, "records", view->records);
    json_put_word(json, "root", root);
    json_close_object(json);
    if (view->rooted)
        json_put_hex(json, "totals", hash_as_bytes(&view->totals));
    else
        json_put_null(json, "totals");
}

/* Every amount stands beside its currency; for those who know only one, it is said above all. */
static void put_currencies(const struct report *report, struct json_out *json)
{
    if (report->part_count == 1)
        json_put_word(json, "currency", report->parts[0].statement.currency);
    else
        json_put_null(json, "currency");
    json_open_array(json, "currencies");
    for (size_t i = 0; i < report->part_count; i++)
        json_put_word(json, NULL, report->parts[i].statement.currency);
    json_close_array(json);
}

static void begin(const struct report *report, const char *name, struct json_out *json,
                  struct buffer *out)
{
    const struct period_view *view = report->view;
    json_out_init(json, out);
    json_open_object(json, NULL);
    json_put_word(json, "report", name);
    json_put_word(json, "coalition", view->charter->name);
    json_put_bool(json, "sandbox", view->charter->sandbox);
    json_put_word(json, "period", view->name);
    put_date(json, "from", view->first_day);
    put_date(json, "to", view->last_day);
    json_put_word(json, "state", view->state);
    json_put_bool(json, "preliminary", view->preliminary);
    put_currencies(report, json);
    put_checkpoint(view, json);
}

static bool end(struct json_out *json, struct buffer *out)
{
    json_close_object(json);
    buffer_append_byte(out, '\n');
    return true;
}

static void put_partner(const struct report *report, struct json_out *json, const char *name,
                        struct partner_id partner)
{
    json_put_word(json, name, report_name_of(report, partner));
}

static void put_disputed(const struct report *report, struct json_out *json, const char *name,
                         const struct view_dispute *dispute, struct money money)
{
    json_put_money(json, name, money,
                   charter_minor_digits(report->view->charter, dispute->currency));
}

static void put_money(const struct report_part *part, struct json_out *json, const char *name,
                      struct money money)
{
    json_put_money(json, name, money, part->statement.minor_digits);
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void put_taken(const struct report_part *part, struct json_out *json)
{
    json_open_array(json, "taken_over");
    for (size_t i = 0; i < part->statement.taken_count; i++) {
        const struct taken_over *taken = &part->statement.taken[i];
        json_open_object(json, NULL);
        put_partner(part->report, json, "debtor", taken->debtor);
        put_partner(part->report, json, "claimant", taken->claimant);
        put_partner(part->report, json, "by", taken->by);
        json_put_bool(json, "collateral", taken->collateral);
        put_money(part, json, "amount", taken->amount);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_positions(const struct report_part *part, struct json_out *json)
{
    json_open_array(json, "positions");
    for (size_t i = 0; i < part->statement.party_count; i++) {
        const struct default_sums *sums = &part->statement.sums[i];
        json_open_object(json, NULL);
        json_put_word(json, "partner", part->statement.parties[i].name);
        put_money(part, json, "net", sums->net);
        put_money(part, json, "collateral", sums->collateral);
        put_money(part, json, "netted", sums->netted);
        put_money(part, json, "ring_fenced", sums->ring_fenced);
        json_close_object(json);
    }
    json_close_array(json);
}

/* Of each currency in which somebody is in default. */
static void put_defaults(const struct report *report, struct json_out *json)
{
    json_open_array(json, "defaults");
    for (size_t i = 0; i < report->part_count; i++) {
        const struct report_part *part = &report->parts[i];
        if (!part->statement.sums)
            continue;
        json_open_object(json, NULL);
        json_put_word(json, "currency", part->statement.currency);
        json_put_word(json, "on_default",
                      on_default_word(report->view->charter->settlement.on_default));
        json_open_array(json, "in_default");
        for (size_t k = 0; k < part->statement.default_count; k++)
            json_put_word(json, NULL, report_name_of(report, part->statement.defaults[k].partner));
        json_close_array(json);
        put_taken(part, json);
        put_positions(part, json);
        json_close_object(json);
    }
    json_close_array(json);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_line(const struct report_part *part, struct json_out *json, const struct line *line)
{
    json_open_object(json, NULL);
    put_partner(part->report, json, "debtor", line->debtor);
    put_partner(part->report, json, "creditor", line->creditor);
    json_put_word(json, "class", book_class_word(line->book_class));
    json_put_word(json, "currency", line->currency);
    json_put_word(json, "tax_code", line->tax_code);
    put_money(part, json, "exact", line->exact);
    put_money(part, json, "amount", line->rounded);
    json_close_object(json);
}

static void put_lines_of(const struct report_part *part, struct json_out *json, bool fees)
{
    struct statement_line *lines;
    size_t count = statement_lines(&part->statement, &lines);
    for (size_t i = 0; i < count; i++) {
        const struct line *line = lines[i].line;
        if (!fees || statement_line_invoiced(line))
            put_line(part, json, line);
    }
    free(lines);
}

static void put_own_lines(const struct report *report, struct json_out *json, bool fees)
{
    json_open_array(json, "lines");
    for (size_t i = 0; i < report->part_count; i++)
        put_lines_of(&report->parts[i], json, fees);
    json_close_array(json);
}

static void put_sums_of(const struct report_part *part, struct json_out *json)
{
    struct statement_sums sums = statement_sums(&part->statement);
    put_money(part, json, "owed_to", sums.owed_to);
    put_money(part, json, "owed_by", sums.owed_by);
    put_money(part, json, "net", (struct money){sums.owed_to.v - sums.owed_by.v});
    json_put_uint(json, "disputed_lines", part->statement.disputed_count);
    put_money(part, json, "disputed_to", part->statement.disputed_to);
    put_money(part, json, "disputed_by", part->statement.disputed_by);
}

/* One a currency; where there is one, beside the rest. */
static void put_sums(const struct report *report, struct json_out *json)
{
    if (report->part_count == 1)
        put_sums_of(&report->parts[0], json);
    json_open_array(json, "sums");
    for (size_t i = 0; i < report->part_count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "currency", report->parts[i].statement.currency);
        put_sums_of(&report->parts[i], json);
        json_close_object(json);
    }
    json_close_array(json);
}

bool report_statement_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "statement", &json, out);
    put_partner(report, &json, "partner", report->request->partner);
    put_sums(report, &json);
    put_own_lines(report, &json, false);
    put_defaults(report, &json);
    return end(&json, out);
}

bool report_fees_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "fees", &json, out);
    put_partner(report, &json, "partner", report->request->partner);
    put_own_lines(report, &json, true);
    return end(&json, out);
}

static void put_pairs(const struct report_part *part, struct json_out *json)
{
    const struct lines *closed = &part->report->view->closed;
    for (size_t i = 0; i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        if (!report_begins_pair(part, i))
            continue;
        json_open_object(json, NULL);
        put_partner(part->report, json, "debtor", line->debtor);
        put_partner(part->report, json, "creditor", line->creditor);
        json_put_word(json, "currency", line->currency);
        put_money(part, json, "amount",
                  statement_owed(&part->statement, line->debtor, line->creditor));
        json_close_object(json);
    }
}

bool report_matrix_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "matrix", &json, out);
    json_open_array(&json, "pairs");
    for (size_t i = 0; i < report->part_count; i++)
        put_pairs(&report->parts[i], &json);
    json_close_array(&json);
    put_defaults(report, &json);
    return end(&json, out);
}

/* ---- nets and payments ----------------------------------------------------------------------- */

static void put_payment(const struct report_part *part, struct json_out *json, size_t place)
{
    const struct statement_payment *payment = &part->payments[place];
    json_open_object(json, NULL);
    json_put_uint(json, "number", part->states[place].number);
    put_partner(part->report, json, "from", payment->payment.from);
    put_partner(part->report, json, "to", payment->payment.to);
    json_put_word(json, "currency", part->statement.currency);
    put_money(part, json, "amount", payment->payment.amount);
    json_put_word(json, "state", report_payment_word(part, place));
    if (payment->ring_fenced)
        json_put_null(json, "due");
    else
        put_date(json, "due", payment->due);
    json_put_bool(json, "ring_fenced", payment->ring_fenced);
    json_put_uint(json, "round", payment->round);
    json_put_word(json, "end_to_end", payment->end_to_end);
    if (payment->to) {
        json_put_word(json, "holder", payment->to->holder);
        json_put_word(json, "iban", payment->to->iban);
    }
    json_close_object(json);
}

static void put_payments(const struct report *report, struct json_out *json)
{
    json_open_array(json, "payments");
    for (size_t i = 0; i < report->part_count; i++)
        for (size_t k = 0; k < report->parts[i].statement.payment_count; k++)
            put_payment(&report->parts[i], json, k);
    json_close_array(json);
}

bool report_payments_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "payments", &json, out);
    put_payments(report, &json);
    put_defaults(report, &json);
    return end(&json, out);
}

static void put_nets_of(const struct report_part *part, struct json_out *json)
{
    const struct period_view *view = part->report->view;
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    netting_nets(&view->closed, part->statement.currency, view->partner_count, nets);
    for (size_t i = 0; i < view->partner_count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner", view->partners[i].name);
        json_put_word(json, "currency", part->statement.currency);
        put_money(part, json, "net", nets[i]);
        json_close_object(json);
    }
    free(nets);
}

bool report_nets_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "nets", &json, out);
    json_open_array(&json, "nets");
    for (size_t i = 0; i < report->part_count; i++)
        put_nets_of(&report->parts[i], &json);
    json_close_array(&json);
    put_payments(report, &json);
    put_defaults(report, &json);
    return end(&json, out);
}

/* ---- registers ------------------------------------------------------------------------------- */

bool report_disputes_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "disputes", &json, out);
    json_open_array(&json, "disputes");
    for (size_t i = 0; i < report->view->dispute_count; i++) {
        const struct view_dispute *dispute = &report->view->disputes[i];
        json_open_object(&json, NULL);
        json_put_uint(&json, "record", dispute->about.record.v);
        put_partner(report, &json, "debtor", dispute->about.debtor);
        put_partner(report, &json, "creditor", dispute->about.creditor);
        json_put_word(&json, "class", line_class_word(dispute->about.line_class));
        json_put_uint(&json, "tariff", dispute->about.tariff);
        json_put_word(&json, "currency", dispute->currency);
        json_put_word(&json, "tax_code", dispute->tax_code);
        json_put_word(&json, "code", dispute_code_word(dispute->code));
        put_partner(report, &json, "by", dispute->by);
        json_put_word(&json, "state", report_dispute_word(dispute));
        put_disputed(report, &json, "amount", dispute, dispute->amount);
        put_disputed(report, &json, "offered", dispute, dispute->offered);
        put_disputed(report, &json, "upheld", dispute, dispute->upheld);
        put_disputed(report, &json, "rest", dispute, dispute->rest);
        json_close_object(&json);
    }
    json_close_array(&json);
    return end(&json, out);
}

bool report_exceptions_json(const struct report *report, struct buffer *out, struct error *error)
{
    struct json_out json;
    (void)error;
    begin(report, "exceptions", &json, out);
    json_open_array(&json, "exceptions");
    for (size_t i = 0; i < report->request->exception_count; i++) {
        const struct report_exception *exception = &report->request->exceptions[i];
        json_open_object(&json, NULL);
        json_put_uint(&json, "record", exception->record);
        json_put_time(&json, "time", exception->time_ms);
        json_put_time(&json, "till_time", exception->till_ms);
        put_partner(report, &json, "partner", exception->partner);
        json_put_word(&json, "type", exception->type);
        json_put_word(&json, "verdict", exception->verdict);
        json_close_object(&json);
    }
    json_close_array(&json);
    return end(&json, out);
}
