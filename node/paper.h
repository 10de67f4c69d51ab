/* paper.h - a page to draw reports on: texts, tables and bars on A4, as PDF (cairo and pango).
 *
 * Lengths are points (1/72 inch) from the top left corner. What is drawn moves down the page, and
 * turns to a new one by itself. A report is drawn twice: once to count its pages, once for good
 * (paper_write()).
 *
 * Threads: a paper belongs to one; fonts are shared within the process by pango.
 */
#ifndef NODE_PAPER_H
#define NODE_PAPER_H

#include "crypto/base.h"

enum {
    PAPER_WIDTH = 595,
    PAPER_HEIGHT = 842,
    PAPER_LEFT = 48,
    PAPER_RIGHT = PAPER_WIDTH - 48, /* upright; paper_right() knows */
    PAPER_INNER = PAPER_RIGHT - PAPER_LEFT,
    PAPER_TOP = 48,
    PAPER_FOOT = 62, /* what the footer takes */
    PAPER_PAGES_MAX = 5000,
    PAPER_COLUMNS_MAX = 12
};

enum paper_style {
    PAPER_TEXT,
    PAPER_BOLD,
    PAPER_SMALL, /* grey */
    PAPER_LABEL, /* small, grey, for the heads of columns and figures */
    PAPER_MONO,  /* hashes and account numbers */
    PAPER_FIGURE,
    PAPER_HEADING,
    PAPER_TITLE
};
enum paper_align { PAPER_ALIGN_LEFT, PAPER_ALIGN_RIGHT, PAPER_ALIGN_CENTER };

struct paper_about { /* borrowed while the paper is open */
    const char *title, *author;
    const char *date; /* "2026-11-03": the file's date, so that the same report is the same bytes */
    const char *footer; /* on every page, beside the page number */
    const char *banner; /* on top of every page, or NULL */
    bool landscape;
};
struct paper;

/* Draws the whole, the same each time that it is called. */
typedef void paper_drawing(void *context, struct paper *paper);
/* Appends the file, of at most so many bytes; untouched on failure. ERROR_IO where no font is
 * installed or cairo failed, ERROR_LIMIT for more bytes or pages than there may be. */
bool paper_write(const struct paper_about *about, paper_drawing *draw, void *context,
                 size_t size_max, struct buffer *out, struct error *error) MUST_USE;

/* Gives back the fonts that they keep for this thread, which may go on. */
void paper_release_thread(void);
/* Gives back the fonts that the libraries keep for the process. At a program's end, when no paper
 * is open: what looks for lost memory would find them. */
void paper_release_fonts(void);

double paper_right(const struct paper *paper); /* where the right margin begins */
double paper_inner(const struct paper *paper); /* the width between the margins */
double paper_y(const struct paper *paper);
void paper_move(struct paper *paper, double down); /* from where it is */
void paper_to(struct paper *paper, double y);
/* A new page unless so much is left on this one. */
void paper_need(struct paper *paper, double height);

/* One line at (x, current y), which does not move. Where it is wider than `width` a text that
 * stands left is cut with an ellipsis, and a number made smaller. */
void paper_put(struct paper *paper, double x, double width, enum paper_align align,
               enum paper_style style, const char *text);
/* A heading, or a name among facts: made smaller as far as it is read with ease, then cut by an
 * ellipsis in its middle, since names differ at their ends. Never an amount. */
void paper_put_name(struct paper *paper, double x, double width, enum paper_align align,
                    enum paper_style style, const char *text);
/* A paragraph over the whole width, broken into lines; moves below it. */
void paper_paragraph(struct paper *paper, enum paper_style style, const char *text);
/* A heading with room around it, kept together with so much of what follows. */
void paper_heading(struct paper *paper, const char *text, double with);
void paper_line(struct paper *paper, double x, double width, double thickness, double grey);
/* A filled box at (x, current y). */
enum paper_colour { PAPER_SHADE, PAPER_OWED_TO, PAPER_OWED_BY, PAPER_INK };
void paper_box(struct paper *paper, double x, double width, double height,
               enum paper_colour colour);
/* Charts: a filled area, or a line of that thickness, through points whose heights are below the
 * current y. Colours are 0xRRGGBB. */
struct paper_point {
    double x, y;
};
void paper_area(struct paper *paper, const struct paper_point *points, size_t count, uint32_t rgb);
void paper_curve(struct paper *paper, const struct paper_point *points, size_t count,
                 double thickness, uint32_t rgb);

struct paper_column {
    const char *title; /* of one line, or of two with a newline between them */
    double width;      /* shares of the whole; they need not sum to anything */
    enum paper_align align;
    enum paper_style style; /* of its cells */
};
struct paper_table {
    struct paper *paper;
    const struct paper_column *columns;
    size_t count;
    double head; /* its height */
    double x[PAPER_COLUMNS_MAX], width[PAPER_COLUMNS_MAX];
};
/* The head is drawn again on every page that the table reaches. */
void paper_table_begin(struct paper_table *table, struct paper *paper,
                       const struct paper_column *columns, size_t count);
/* Makes room for a row; true when the table went on to a new page for it. */
bool paper_table_need(struct paper_table *table);
void paper_table_row(struct paper_table *table, const char *const *cells);
/* A row of sums: bold, under a line. */
void paper_table_sum(struct paper_table *table, const char *const *cells);
void paper_table_end(struct paper_table *table);

#endif
