/* report_points.h - what the files report_points*.c share: reports of points by vintage, as sheets
 * of rows that come out in each form.
 *
 * Threads: as node/report.h.
 */
#ifndef NODE_REPORT_POINTS_H
#define NODE_REPORT_POINTS_H

#include "node/chart.h"
#include "node/json_out.h"
#include "node/liability_view.h"
#include "node/report_parts.h"
#include "partners/csv_out.h"

enum { SHEET_COLUMNS_MAX = 16 };

struct sheet_column {
    const char *key;   /* in JSON and CSV */
    const char *title; /* in HTML and PDF */
    bool figures;
};
/* A report under way: its columns are named, then cells come row by row. */
struct sheet {
    const struct report_request *request;
    const struct liability_view *view;
    enum report_format format;
    struct buffer *out;
    const char *name; /* of the report */
    const struct sheet_column *columns;
    size_t column_count, at; /* the column that comes next */
    struct csv_out csv;
    struct json_out json;
    struct sheet_paper *paper; /* in PDF: what is drawn when the report ends */
};

/* Everything but the rows: head, checkpoint, how it is verified. `note` says what the figures are.
 */
void sheet_begin(struct sheet *sheet, const char *title, const char *note);
void sheet_columns(struct sheet *sheet, const struct sheet_column *columns, size_t count);
void sheet_row(struct sheet *sheet);
void sheet_text(struct sheet *sheet, const char *text);
void sheet_none(struct sheet *sheet); /* nothing is known */
void sheet_partner(struct sheet *sheet, struct partner_id partner);
void sheet_month(struct sheet *sheet, uint32_t month); /* MONTH_NEVER: none */
void sheet_number(struct sheet *sheet, uint64_t number);
void sheet_points(struct sheet *sheet, __int128 points_bp);
void sheet_money(struct sheet *sheet, struct money money);
/* What points come to for their funder, where that can be told. */
void sheet_value(struct sheet *sheet, struct partner_id funder, __int128 points_bp);
void sheet_percent(struct sheet *sheet, uint32_t bp); /* of basis points */
void sheet_row_end(struct sheet *sheet);
/* Errors: those of paper.h. What the sheet holds is given back in any case. */
bool sheet_end(struct sheet *sheet, struct error *error) MUST_USE;

/* Is it of the partner that was asked for, or was none? */
bool sheet_wants(const struct sheet *sheet, struct partner_id funder);
/* `part` of `whole`, to the nearest basis point; nothing of nothing. */
uint32_t share_bp(__int128 part, __int128 whole);

/* One vintage at the end of a month of its age: all funders' that are wanted together. */
struct curve_point {
    uint32_t vintage, age, period;
    struct vintage_life life;
};
struct curve { /* ascending by vintage, age */
    struct curve_point *at;
    size_t count, capacity;
};

/* Whether the form has any. */
bool sheet_has_charts(const struct sheet *sheet);
/* Takes the chart, which comes before the columns. */
void sheet_put_chart(struct sheet *sheet, struct chart *chart);

/* report_sheet_pdf.c: a table on paper has to be whole before it is drawn, and pages are counted
 * first. */
void sheet_paper_begin(struct sheet *sheet, const char *title, const char *note);
void sheet_paper_chart(struct sheet *sheet, struct chart *chart); /* takes it */
void sheet_paper_cell(struct sheet *sheet, bool figures, const char *text);
bool sheet_paper_end(struct sheet *sheet, const char *verified, struct error *error) MUST_USE;

/* report_points_chart.c: those of each report. */
void sheet_chart_liability(struct sheet *sheet, const struct liability_rows *rows);
void sheet_chart_ageing(struct sheet *sheet, const struct ageing_rows *rows);
void sheet_chart_curves(struct sheet *sheet, const struct curve *curve);

#endif
