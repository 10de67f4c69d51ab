#include "node/report_exposure.h"

#include "node/html.h"
#include "partners/csv_out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Members of a partner's row, in the order of the columns; a head that begins with '#' is of
 * figures. */
static const struct {
    const char *member, *head;
} columns[] = {
    {"partner", "Partner"},
    {"outstanding", "#Points outstanding"},
    {"highest_reimbursement", "#A point at most"},
    {"exposure", "#Exposure"},
    {"needed", "#Collateral needed"},
    {"collateral", "#Collateral"},
    {"mode", "Mode"},
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_answer(const json_t *answer)
{
    size_t i;
    json_t *row;
    if (!text_of(answer, "currency") || !text_of(answer, "root") ||
        !text_of(answer, "ledger_time") || !json_is_integer(json_object_get(answer, "records")) ||
        !json_is_array(json_object_get(answer, "partners")))
        return false;
    json_array_foreach(json_object_get(answer, "partners"), i, row)
    {
        for (size_t j = 0; j < ARRAY_SIZE(columns); j++)
            if (!text_of(row, columns[j].member))
                return false;
    }
    return true;
}

static void records_text(const json_t *answer, char out[32])
{
    (void)snprintf(out, 32, "%" PRId64,
                   (int64_t)json_integer_value(json_object_get(answer, "records")));
}

/* ---- csv ------------------------------------------------------------------------------------- */

static void write_csv(const json_t *answer, struct buffer *out)
{
    struct csv_out csv = {.out = out};
    char records[32];
    size_t i;
    json_t *row;
    records_text(answer, records);
    for (size_t j = 0; j < ARRAY_SIZE(columns); j++)
        csv_out_field(&csv, columns[j].member);
    csv_out_row(&csv, (const char *const[]){"currency", "ledger_time", "records", "root"}, 4);
    json_array_foreach(json_object_get(answer, "partners"), i, row)
    {
        for (size_t j = 0; j < ARRAY_SIZE(columns); j++)
            csv_out_typed(&csv, text_of(row, columns[j].member));
        csv_out_row(&csv,
                    (const char *const[]){text_of(answer, "currency"),
                                          text_of(answer, "ledger_time"), records,
                                          text_of(answer, "root")},
                    4);
    }
}

/* ---- html ------------------------------------------------------------------------------------ */

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
    "style-src 'unsafe-inline'\">\n<title>Exposure</title>\n<style>\n"
    "body{font:11pt/1.4 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}\n"
    "table{border-collapse:collapse;width:100%;margin:.4rem 0}"
    "th,td{border:1px solid #bbb;padding:.2rem .5rem;text-align:left}\n"
    "th{background:#eee}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "code{font:.85em monospace;overflow-wrap:anywhere}\n"
    ".note{border-left:.3rem solid #a60;padding-left:.6rem}\n"
    "</style>\n</head>\n<body>\n<h1>Exposure and collateral</h1>\n";

static void cell(struct buffer *out, const char *tag, size_t column, const char *text)
{
    bool figures = columns[column].head[0] == '#';
    buffer_printf(out, "<%s%s>", tag, figures ? " class=\"n\"" : "");
    html_put_text(out, text);
    buffer_printf(out, "</%s>", tag);
}

static void put_source(const json_t *answer, struct buffer *out)
{
    char records[32];
    records_text(answer, records);
    if (json_is_true(json_object_get(answer, "sandbox")))
        buffer_append_text(out, "<p class=\"note\">This is a sandbox: its time is moved by hand "
                                "and nothing in it is owed.</p>\n");
    buffer_append_text(out, "<p>In ");
    html_put_text(out, text_of(answer, "currency"));
    buffer_append_text(out, ", at ");
    html_put_text(out, text_of(answer, "ledger_time"));
    buffer_printf(out, "; from the ledger's first %s records, root <code>", records);
    html_put_text(out, text_of(answer, "root"));
    buffer_append_text(out, "</code></p>\n");
}

static void write_html(const json_t *answer, struct buffer *out)
{
    size_t i;
    json_t *row;
    buffer_append_text(out, page_head);
    put_source(answer, out);
    if (json_is_null(json_object_get(answer, "terms")))
        buffer_append_text(out, "<p class=\"note\">The charter asks for no collateral.</p>\n");
    buffer_append_text(out, "<table><thead><tr>");
    for (size_t j = 0; j < ARRAY_SIZE(columns); j++)
        cell(out, "th", j, columns[j].head + (columns[j].head[0] == '#'));
    buffer_append_text(out, "</tr></thead><tbody>\n");
    json_array_foreach(json_object_get(answer, "partners"), i, row)
    {
        buffer_append_text(out, "<tr>");
        for (size_t j = 0; j < ARRAY_SIZE(columns); j++)
            cell(out, "td", j, text_of(row, columns[j].member));
        buffer_append_text(out, "</tr>\n");
    }
    buffer_append_text(out, "</tbody></table>\n</body>\n</html>\n");
}

/* ---- all ------------------------------------------------------------------------------------- */

static void write_json(const json_t *answer, struct buffer *out)
{
    char *text = json_dumps(answer, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    must(text != NULL);
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    free(text);
}

bool report_exposure_write(const json_t *answer, const char *format, struct buffer *out,
                           struct error *error)
{
    if (!is_answer(answer))
        return error_set(error, ERROR_INVALID, "what the node says of exposure is none");
    if (strcmp(format, "csv") == 0)
        write_csv(answer, out);
    else if (strcmp(format, "json") == 0)
        write_json(answer, out);
    else if (strcmp(format, "html") == 0)
        write_html(answer, out);
    else
        return error_set(error, ERROR_INVALID, "exposure is csv, json or html, not '%.40s'",
                         format);
    return !out->overflowed || error_set(error, ERROR_LIMIT, "the report is too large");
}
