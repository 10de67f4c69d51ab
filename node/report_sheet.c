/* Rows of a report by vintage, as comma-separated values, JSON, a page or paper. */
#include "node/html.h"
#include "node/report_points.h"

#include <inttypes.h>

#define POINTS_UNIT 1000000 /* of a basis point of a point, in 1e-10 */

static const char verified[] =
    "The hash is SHA-256 over every row by funder, vintage and month of expiry that these figures "
    "follow from (protocol/SETTLEMENT.md, section 22). The ledger's state digests, which the "
    "checkpoint's seals hold, cover it at the end of a period. 'accrue audit' replays all records "
    "up to the checkpoint, adds up all lots a second time by other code, and prints its own hash "
    "for the same period: equal hashes, equal figures.";

/* ---- forms ----------------------------------------------------------------------------------- */

static void put_checkpoint_json(struct sheet *sheet)
{
    const struct liability_view *view = sheet->view;
    struct json_out *json = &sheet->json;
    char from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
    date_format(view->first_day, from);
    date_format(view->last_day, to);
    json_put_word(json, "coalition", view->charter->name);
    json_put_bool(json, "sandbox", view->charter->sandbox);
    json_put_word(json, "period", view->name);
    json_put_word(json, "from", from);
    json_put_word(json, "to", to);
    json_put_word(json, "state", view->open ? "open" : "ended");
    json_put_bool(json, "preliminary", view->open);
    json_put_word(json, "currency", view->charter->currency);
    json_open_object(json, "checkpoint");
    json_put_word(json, "origin", view->charter->origin);
    json_put_uint(json, "records", view->records);
    json_put_base64(json, "root", hash_as_bytes(&view->root));
    json_close_object(json);
    json_put_hex(json, "hash", hash_as_bytes(&view->hash));
}

static void put_fact(struct buffer *out, const char *name, const char *plain, bool code)
{
    buffer_append_text(out, "<tr><th>");
    html_put_text(out, name);
    buffer_append_text(out, code ? "</th><td><code>" : "</th><td>");
    html_put_text(out, plain);
    buffer_append_text(out, code ? "</code></td></tr>\n" : "</td></tr>\n");
}

static void put_note(struct buffer *out, const char *text)
{
    buffer_append_text(out, "<p class=\"note\">");
    html_put_text(out, text);
    buffer_append_text(out, "</p>\n");
}

static void put_facts_html(struct sheet *sheet)
{
    const struct liability_view *view = sheet->view;
    struct buffer *out = sheet->out;
    char text[64], from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
    char root[BASE64_SIZE(HASH_SIZE) + 1], hash[HASH_HEX_SIZE + 1];
    date_format(view->first_day, from);
    date_format(view->last_day, to);
    if (view->charter->sandbox)
        put_note(out, "This is a sandbox: its time is moved by hand and nothing in it is owed.");
    if (view->open)
        put_note(out, "Preliminary: the period is open, and this is what stands now.");
    buffer_append_text(out, "<table>\n");
    put_fact(out, "Coalition", view->charter->name, false);
    (void)snprintf(text, sizeof(text), "%s to %s", from, to);
    put_fact(out, "Period", text, false);
    if (sheet->request->has_partner)
        put_fact(out, "Funder", view->partners[sheet->request->partner.v].name, false);
    put_fact(out, "Currency", view->charter->currency, false);
    (void)snprintf(text, sizeof(text), "%" PRIu64, view->records);
    put_fact(out, "Checkpoint: records", text, false);
    base64_encode(hash_as_bytes(&view->root), root);
    put_fact(out, "Checkpoint: root", root, true);
    hex_encode(hash_as_bytes(&view->hash), hash);
    put_fact(out, "Hash", hash, true);
    buffer_append_text(out, "</table>\n");
}

void sheet_begin(struct sheet *sheet, const char *title, const char *note)
{
    if (sheet->format == REPORT_JSON) {
        json_out_init(&sheet->json, sheet->out);
        json_open_object(&sheet->json, NULL);
        json_put_word(&sheet->json, "report", sheet->name);
        put_checkpoint_json(sheet);
        if (sheet->request->has_partner)
            json_put_word(&sheet->json, "partner",
                          sheet->view->partners[sheet->request->partner.v].name);
        json_put_word(&sheet->json, "note", note);
        json_put_word(&sheet->json, "verified", verified);
    } else if (sheet->format == REPORT_HTML) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%s, %s", title, sheet->view->name);
        report_page_open(sheet->out, text);
        put_facts_html(sheet);
        buffer_append_text(sheet->out, "<p>");
        html_put_text(sheet->out, note);
        buffer_append_text(sheet->out, "</p>\n");
    } else if (sheet->format == REPORT_PDF) {
        sheet_paper_begin(sheet, title, note);
    }
}

bool sheet_has_charts(const struct sheet *sheet)
{
    return sheet->format == REPORT_HTML || sheet->format == REPORT_PDF;
}

void sheet_put_chart(struct sheet *sheet, struct chart *chart)
{
    must(sheet_has_charts(sheet));
    if (sheet->format == REPORT_PDF) {
        sheet_paper_chart(sheet, chart);
        return;
    }
    chart_svg(chart, sheet->out);
    chart_release(chart);
}

static void put_heads_csv(struct sheet *sheet)
{
    static const char *const source[] = {"period", "checkpoint_size", "checkpoint_root", "hash"};
    for (size_t i = 0; i < ARRAY_SIZE(source); i++)
        csv_out_field(&sheet->csv, source[i]);
    for (size_t i = 0; i < sheet->column_count; i++)
        csv_out_field(&sheet->csv, sheet->columns[i].key);
    csv_out_end_row(&sheet->csv);
}

void sheet_columns(struct sheet *sheet, const struct sheet_column *columns, size_t count)
{
    must(count <= SHEET_COLUMNS_MAX);
    sheet->columns = columns;
    sheet->column_count = count;
    if (sheet->format == REPORT_CSV) {
        sheet->csv = (struct csv_out){.out = sheet->out};
        put_heads_csv(sheet);
    } else if (sheet->format == REPORT_JSON) {
        json_open_array(&sheet->json, "rows");
    } else if (sheet->format == REPORT_HTML) {
        buffer_append_text(sheet->out, "<table><thead><tr>");
        for (size_t i = 0; i < count; i++) {
            buffer_append_text(sheet->out, columns[i].figures ? "<th class=\"n\">" : "<th>");
            html_put_text(sheet->out, columns[i].title);
            buffer_append_text(sheet->out, "</th>");
        }
        buffer_append_text(sheet->out, "</tr></thead><tbody>\n");
    }
}

static void put_source_csv(struct sheet *sheet)
{
    const struct liability_view *view = sheet->view;
    char text[32], root[BASE64_SIZE(HASH_SIZE) + 1], hash[HASH_HEX_SIZE + 1];
    csv_out_field(&sheet->csv, view->name);
    (void)snprintf(text, sizeof(text), "%" PRIu64, view->records);
    csv_out_field(&sheet->csv, text);
    base64_encode(hash_as_bytes(&view->root), root);
    csv_out_field(&sheet->csv, root);
    hex_encode(hash_as_bytes(&view->hash), hash);
    csv_out_field(&sheet->csv, hash);
}

void sheet_row(struct sheet *sheet)
{
    sheet->at = 0;
    if (sheet->format == REPORT_CSV)
        put_source_csv(sheet);
    else if (sheet->format == REPORT_JSON)
        json_open_object(&sheet->json, NULL);
    else if (sheet->format == REPORT_HTML)
        buffer_append_text(sheet->out, "<tr>");
}

void sheet_row_end(struct sheet *sheet)
{
    must(sheet->at == sheet->column_count);
    if (sheet->format == REPORT_CSV)
        csv_out_end_row(&sheet->csv);
    else if (sheet->format == REPORT_JSON)
        json_close_object(&sheet->json);
    else if (sheet->format == REPORT_HTML)
        buffer_append_text(sheet->out, "</tr>\n");
}

bool sheet_end(struct sheet *sheet, struct error *error)
{
    if (sheet->format == REPORT_PDF)
        return sheet_paper_end(sheet, verified, error);
    if (sheet->format == REPORT_JSON) {
        json_close_array(&sheet->json);
        json_close_object(&sheet->json);
        buffer_append_byte(sheet->out, '\n');
    } else if (sheet->format == REPORT_HTML) {
        buffer_append_text(sheet->out, "</tbody></table>\n<p>");
        html_put_text(sheet->out, verified);
        buffer_append_text(sheet->out, "</p>\n</body>\n</html>\n");
    }
    return true;
}

/* ---- cells ----------------------------------------------------------------------------------- */

void sheet_text(struct sheet *sheet, const char *text)
{
    must(sheet->at < sheet->column_count);
    const struct sheet_column *column = &sheet->columns[sheet->at++];
    if (sheet->format == REPORT_CSV) {
        csv_out_field(&sheet->csv, text);
    } else if (sheet->format == REPORT_JSON) {
        json_put_word(&sheet->json, column->key, text);
    } else if (sheet->format == REPORT_PDF) {
        sheet_paper_cell(sheet, column->figures, text);
    } else {
        buffer_append_text(sheet->out, column->figures ? "<td class=\"n\">" : "<td>");
        html_put_text(sheet->out, text);
        buffer_append_text(sheet->out, "</td>");
    }
}

void sheet_none(struct sheet *sheet)
{
    if (sheet->format != REPORT_JSON) {
        sheet_text(sheet, "");
        return;
    }
    must(sheet->at < sheet->column_count);
    json_put_null(&sheet->json, sheet->columns[sheet->at++].key);
}

void sheet_partner(struct sheet *sheet, struct partner_id partner)
{
    sheet_text(sheet, sheet->view->partners[partner.v].name);
}

void sheet_month(struct sheet *sheet, uint32_t month)
{
    char text[MONTH_NAME_SIZE];
    if (month == MONTH_NEVER) {
        sheet_none(sheet);
        return;
    }
    month_name(month, text);
    sheet_text(sheet, text);
}

void sheet_number(struct sheet *sheet, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    sheet_text(sheet, text);
}

void sheet_points(struct sheet *sheet, __int128 points_bp)
{
    char text[MONEY_TEXT_SIZE];
    money_format((struct money){points_bp * POINTS_UNIT}, 0, text);
    sheet_text(sheet, text);
}

void sheet_money(struct sheet *sheet, struct money money)
{
    char text[MONEY_TEXT_SIZE];
    money_format(money, sheet->view->charter->minor_digits, text);
    sheet_text(sheet, text);
}

void sheet_value(struct sheet *sheet, struct partner_id funder, __int128 points_bp)
{
    struct money value;
    if (liability_view_value(sheet->view, funder, points_bp, &value))
        sheet_money(sheet, value);
    else if (sheet_has_charts(sheet)) /* for people */
        sheet_text(sheet, "no rate");
    else
        sheet_none(sheet);
}

void sheet_percent(struct sheet *sheet, uint32_t bp)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu32 ".%02" PRIu32, bp / 100, bp % 100);
    sheet_text(sheet, text);
}

bool sheet_wants(const struct sheet *sheet, struct partner_id funder)
{
    return !sheet->request->has_partner || partner_equal(sheet->request->partner, funder);
}

uint32_t share_bp(__int128 part, __int128 whole)
{
    if (part <= 0 || whole <= 0)
        return 0;
    return (uint32_t)((part * BASIS_POINTS + whole / 2) / whole);
}
