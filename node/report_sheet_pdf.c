/* A report by vintage on paper: cells are kept until all are known, then drawn below a letterhead.
 */
#include "node/letter.h"
#include "node/report_points.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHARTS_MAX = 2,
    TEXT_SIZE = 256,
    TITLE_SIZE = 48,
    TITLE_WHOLE = 10, /* a longer one is broken in two */
    PART_MIN = 2,     /* no "%" is left alone */
    FIGURES_SIZE = 96
};
/* Of the fonts of cells and of heads, what a letter takes; and what is around it. */
#define CELL_LETTER  5.3
#define TITLE_LETTER 4.5
#define CELL_ROOM    10.0

struct sheet_paper {
    const char *title, *note, *verified; /* borrowed */
    struct chart charts[CHARTS_MAX];
    size_t chart_count;
    struct buffer cells; /* texts with their NULs, row by row */
    size_t cell_count;
    size_t longest[SHEET_COLUMNS_MAX]; /* of the cells of each column */
};

void sheet_paper_begin(struct sheet *sheet, const char *title, const char *note)
{
    sheet->paper = allocate(1, sizeof(*sheet->paper));
    sheet->paper->title = title;
    sheet->paper->note = note;
    buffer_init(&sheet->paper->cells, REPORT_SIZE_MAX);
}

void sheet_paper_chart(struct sheet *sheet, struct chart *chart)
{
    must(sheet->paper->chart_count < CHARTS_MAX);
    sheet->paper->charts[sheet->paper->chart_count++] = *chart;
    *chart = (struct chart){.title = NULL};
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* "-1234567.5" as "−1,234,567.5"; what is no number, or has no room, stands as it is. */
static void group_figures(const char *text, char text_out[FIGURES_SIZE])
{
    static const char minus[] = "\xe2\x88\x92"; /* as wide as a digit: columns stand straight */
    bool negative = text[0] == '-';
    const char *digits = text + negative;
    size_t whole = strspn(digits, "0123456789"), size = 0;
    const char *rest = digits + whole;
    size_t decimals = rest[0] == '.' ? strspn(rest + 1, "0123456789") : 0;
    bool number = whole > 0 && rest[rest[0] == '.' ? 1 + decimals : 0] == 0;
    if (!number || strlen(text) > FIGURES_SIZE / 2) {
        (void)snprintf(text_out, FIGURES_SIZE, "%s", text);
        return;
    }
    if (negative)
        size = (size_t)snprintf(text_out, FIGURES_SIZE, "%s", minus);
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            text_out[size++] = ',';
        text_out[size++] = digits[i];
    }
    (void)snprintf(text_out + size, FIGURES_SIZE - size, "%s", rest);
}

void sheet_paper_cell(struct sheet *sheet, bool figures, const char *text)
{
    struct sheet_paper *paper = sheet->paper;
    size_t column = paper->cell_count++ % sheet->column_count;
    char grouped[FIGURES_SIZE];
    if (figures) {
        group_figures(text, grouped);
        text = grouped;
    }
    size_t size = strlen(text);
    if (size > paper->longest[column])
        paper->longest[column] = size;
    buffer_append(&paper->cells, bytes_of(text, size + 1));
}

/* ---- columns --------------------------------------------------------------------------------- */

/* In two lines where it is long: a newline for the blank nearest to the middle. */
static void break_title(const char *title, char text_out[TITLE_SIZE])
{
    size_t size = strlen(title), best = 0;
    (void)snprintf(text_out, TITLE_SIZE, "%s", title);
    if (size <= TITLE_WHOLE || size >= TITLE_SIZE)
        return;
    for (size_t i = PART_MIN; i + PART_MIN < size; i++)
        if (title[i] == ' ' &&
            (best == 0 || labs((long)(2 * i) - (long)size) < labs((long)(2 * best) - (long)size)))
            best = i;
    if (best > 0)
        text_out[best] = '\n';
}

/* Widths in points that no cell is squeezed in; returns their sum. */
static double measure(const struct sheet *sheet, char titles[][TITLE_SIZE],
                      struct paper_column *columns)
{
    double sum = 0;
    for (size_t i = 0; i < sheet->column_count; i++) {
        break_title(sheet->columns[i].title, titles[i]);
        size_t first = strcspn(titles[i], "\n"), second = strlen(titles[i] + first);
        double cells = CELL_LETTER * (double)sheet->paper->longest[i];
        double title = TITLE_LETTER * (double)(first > second ? first : second);
        columns[i] = (struct paper_column){
            titles[i], CELL_ROOM + (cells > title ? cells : title),
            sheet->columns[i].figures ? PAPER_ALIGN_RIGHT : PAPER_ALIGN_LEFT, PAPER_TEXT};
        sum += columns[i].width;
    }
    return sum;
}

/* ---- the page -------------------------------------------------------------------------------- */

struct drawing {
    const struct sheet *sheet;
    struct statement_party issuer;
    struct letter_source source;
    char number[TEXT_SIZE];
    char titles[SHEET_COLUMNS_MAX][TITLE_SIZE];
    struct paper_column columns[SHEET_COLUMNS_MAX];
};

static const char *funder(const struct sheet *sheet)
{
    const struct report_request *request = sheet->request;
    return request->has_partner ? sheet->view->partners[request->partner.v].name : NULL;
}

static void put_facts(const struct drawing *drawing, struct paper *paper)
{
    const struct liability_view *view = drawing->sheet->view;
    char text[TEXT_SIZE], from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
    letter_fact(paper, "Report", drawing->number);
    date_format(view->first_day, from);
    date_format(view->last_day, to);
    (void)snprintf(text, sizeof(text), "%s to %s", from, to);
    letter_fact(paper, "Period", text);
    date_format(view->today, text);
    letter_fact(paper, "Issued", text);
    letter_fact(paper, "Currency", view->charter->currency);
    letter_fact(paper, "State", view->open ? "open, preliminary" : "ended");
}

static void put_head(const struct drawing *drawing, struct paper *paper)
{
    const struct sheet *sheet = drawing->sheet;
    const char *name = funder(sheet);
    letter_head(paper, &drawing->issuer);
    double top = paper_y(paper);
    paper_put(paper, PAPER_LEFT, 270, PAPER_ALIGN_LEFT, PAPER_SMALL, "Points funded by");
    paper_move(paper, 13);
    paper_put(paper, PAPER_LEFT, 270, PAPER_ALIGN_LEFT, PAPER_BOLD, name ? name : "all partners");
    paper_to(paper, top);
    put_facts(drawing, paper);
    paper_move(paper, 20);
    paper_put(paper, PAPER_LEFT, paper_inner(paper), PAPER_ALIGN_LEFT, PAPER_TITLE,
              sheet->paper->title);
    paper_move(paper, 32);
    paper_paragraph(paper, PAPER_SMALL, sheet->paper->note);
    if (sheet->view->open) {
        paper_move(paper, 4);
        paper_paragraph(paper, PAPER_SMALL,
                        "Preliminary: the period is open, and this is what stands now.");
    }
}

static void put_table(const struct drawing *drawing, struct paper *paper)
{
    const struct sheet_paper *own = drawing->sheet->paper;
    size_t count = drawing->sheet->column_count;
    const char *cells[SHEET_COLUMNS_MAX], *at = (const char *)own->cells.at;
    struct paper_table table;
    if (own->cell_count == 0) {
        paper_move(paper, 16);
        paper_paragraph(paper, PAPER_TEXT, "There are no such points.");
        return;
    }
    paper_move(paper, 16);
    paper_table_begin(&table, paper, drawing->columns, count);
    for (size_t i = 0; i < own->cell_count; i++) {
        cells[i % count] = at;
        at += strlen(at) + 1;
        if (i % count == count - 1)
            paper_table_row(&table, cells);
    }
    paper_table_end(&table);
}

static void draw(void *context, struct paper *paper)
{
    const struct drawing *drawing = (const struct drawing *)context;
    const struct sheet_paper *own = drawing->sheet->paper;
    put_head(drawing, paper);
    for (size_t i = 0; i < own->chart_count; i++)
        chart_draw(&own->charts[i], paper);
    put_table(drawing, paper);
    letter_checkpoint(paper, &drawing->source, "How to check this report", own->verified);
}

/* "2026-04-liability", "2026-04-liability-grocer" */
static void prepare(const struct sheet *sheet, struct drawing *drawing)
{
    const struct liability_view *view = sheet->view;
    const struct charter *charter = view->charter;
    const char *name = funder(sheet);
    report_issuer(charter, sheet->request->accounts,
                  charter->has_operator ? view->partners[charter->operator_id.v].name : NULL,
                  &drawing->issuer);
    drawing->source = (struct letter_source){.coalition = charter->name,
                                             .origin = charter->origin,
                                             .records = view->records,
                                             .root = view->root,
                                             .digest = &view->hash,
                                             .digest_name = "hash"};
    (void)snprintf(drawing->number, TEXT_SIZE, "%s-%s%s%s", view->name, sheet->name,
                   name ? "-" : "", name ? name : "");
}

static bool write_file(const struct sheet *sheet, struct error *error)
{
    struct drawing drawing = {.sheet = sheet};
    char title[2 * TEXT_SIZE], footer[LETTER_FOOTER_SIZE], today[DATE_TEXT_SIZE];
    prepare(sheet, &drawing);
    double needed = measure(sheet, drawing.titles, drawing.columns);
    letter_footer(&drawing.source, drawing.number, footer);
    date_format(sheet->view->today, today);
    (void)snprintf(title, sizeof(title), "%s, %s", sheet->paper->title, drawing.number);
    struct paper_about about = {.title = title,
                                .author = drawing.issuer.legal_name,
                                .date = today,
                                .footer = footer,
                                .banner = sheet->view->charter->sandbox ? LETTER_SANDBOX : NULL,
                                .landscape = needed > PAPER_INNER};
    return paper_write(&about, draw, &drawing, REPORT_SIZE_MAX, sheet->out, error);
}

bool sheet_paper_end(struct sheet *sheet, const char *verified, struct error *error)
{
    struct sheet_paper *paper = sheet->paper;
    paper->verified = verified;
    bool good = paper->cells.overflowed
                    ? error_set(error, ERROR_LIMIT, "the report has more than there is room for")
                    : write_file(sheet, error);
    for (size_t i = 0; i < paper->chart_count; i++)
        chart_release(&paper->charts[i]);
    buffer_release(&paper->cells);
    free(paper);
    sheet->paper = NULL;
    return good;
}
