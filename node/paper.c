#include "node/paper.h"

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_HEIGHT = 15,
    HEAD_HEIGHT = 17,
    HEAD_LINE = 10, /* what a second line of the head takes */
    CELL_PAD = 4,
    BASELINE = 9,
    FIT_TRIES = 4,
    TITLE_MAX = 64 /* a line of a head */
};

struct paper {
    struct paper_about about;
    size_t page_count;  /* what the footer says; 0 while they are counted */
    struct buffer *out; /* NULL: only counts */
    double width, height;
    bool overflowed;
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoLayout *layout;
    double y;
    size_t page;
    bool too_many;
};

#define NAME_LEAST 0.75 /* of its size: smaller is hard to read */

/* ---- fonts and colours --------------------------------------------------------------------- */

#define SANS  "Liberation Sans,DejaVu Sans,Sans"
#define FIXED "Liberation Mono,DejaVu Sans Mono,Monospace"

static const struct font {
    const char *face;
    double size; /* points */
} fonts[] = {
    [PAPER_TEXT] = {SANS, 9.5},
    [PAPER_BOLD] = {SANS " Bold", 9.5},
    [PAPER_SMALL] = {SANS, 8.5},
    [PAPER_LABEL] = {SANS, 8},
    [PAPER_MONO] = {FIXED, 8},
    [PAPER_FIGURE] = {SANS " Bold", 16},
    [PAPER_HEADING] = {SANS " Bold", 12},
    [PAPER_TITLE] = {SANS " Bold", 20},
};

static void set_ink(struct paper *paper, enum paper_style style)
{
    bool grey = style == PAPER_SMALL || style == PAPER_LABEL;
    double ink = grey ? 0.40 : 0.10;
    cairo_set_source_rgb(paper->cairo, ink, ink, ink + 0.03);
}

static void set_colour(struct paper *paper, enum paper_colour colour)
{
    static const double rgb[][3] = {[PAPER_SHADE] = {0.955, 0.962, 0.97},
                                    [PAPER_OWED_TO] = {0.18, 0.49, 0.44},
                                    [PAPER_OWED_BY] = {0.77, 0.41, 0.22},
                                    [PAPER_INK] = {0.13, 0.20, 0.29}};
    cairo_set_source_rgb(paper->cairo, rgb[colour][0], rgb[colour][1], rgb[colour][2]);
}

static void set_font(struct paper *paper, enum paper_style style, double scale)
{
    PangoFontDescription *font = pango_font_description_from_string(fonts[style].face);
    pango_font_description_set_size(font, (int)(fonts[style].size * scale * PANGO_SCALE));
    pango_layout_set_font_description(paper->layout, font);
    pango_font_description_free(font);
}

static void set_text(struct paper *paper, enum paper_style style, double width, const char *text)
{
    set_font(paper, style, 1);
    pango_layout_set_width(paper->layout, (int)(width * PANGO_SCALE));
    pango_layout_set_text(paper->layout, text, -1);
}

/* Names may end in an ellipsis; a number that is cut is another number. */
static bool may_be_cut(enum paper_style style, enum paper_align align)
{
    return align == PAPER_ALIGN_LEFT && style != PAPER_MONO && style != PAPER_FIGURE;
}

/* What may not be cut is made smaller until it fits; widths do not follow sizes exactly. `least`:
 * no smaller than that part of its size. */
static void fit_text(struct paper *paper, enum paper_style style, double width, double least)
{
    double scale = 1;
    int natural;
    pango_layout_set_width(paper->layout, -1);
    pango_layout_get_size(paper->layout, &natural, NULL);
    for (int tries = 0; tries < FIT_TRIES && natural > width * PANGO_SCALE; tries++) {
        scale *= 0.98 * width * PANGO_SCALE / natural;
        scale = scale < least ? least : scale;
        set_font(paper, style, scale);
        pango_layout_get_size(paper->layout, &natural, NULL);
    }
    pango_layout_set_width(paper->layout, (int)(width * PANGO_SCALE));
}

static bool has_fonts(void)
{
    PangoFontFamily **families;
    int count = 0;
    pango_font_map_list_families(pango_cairo_font_map_get_default(), &families, &count);
    g_free(families);
    return count > 0;
}

/* ---- pages --------------------------------------------------------------------------------- */

double paper_right(const struct paper *paper)
{
    return paper->width - PAPER_LEFT;
}

double paper_inner(const struct paper *paper)
{
    return paper->width - 2 * PAPER_LEFT;
}

static double bottom(const struct paper *paper)
{
    return paper->height - PAPER_FOOT;
}

static cairo_status_t on_write(void *context, const unsigned char *data, unsigned size)
{
    struct paper *paper = context;
    if (!paper->out)
        return CAIRO_STATUS_SUCCESS;
    buffer_append(paper->out, bytes_of(data, size));
    paper->overflowed = paper->out->overflowed;
    return paper->overflowed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void begin_page(struct paper *paper)
{
    paper->page++;
    paper->y = PAPER_TOP;
    if (!paper->about.banner)
        return;
    paper->y = 18;
    paper_box(paper, PAPER_LEFT, paper_inner(paper), 16, PAPER_OWED_BY);
    cairo_set_source_rgb(paper->cairo, 1, 1, 1);
    set_text(paper, PAPER_BOLD, paper_inner(paper), paper->about.banner);
    pango_layout_set_alignment(paper->layout, PANGO_ALIGN_CENTER);
    cairo_move_to(paper->cairo, PAPER_LEFT, paper->y + 2.5);
    pango_cairo_show_layout(paper->cairo, paper->layout);
    paper->y = PAPER_TOP;
}

static void end_page(struct paper *paper)
{
    char number[64];
    (void)snprintf(number, sizeof(number), "Page %zu of %zu", paper->page, paper->page_count);
    paper->y = bottom(paper) + 18;
    paper_line(paper, PAPER_LEFT, paper_inner(paper), 0.5, 0.7);
    paper->y += 5;
    paper_put(paper, PAPER_LEFT, paper_inner(paper) - 90, PAPER_ALIGN_LEFT, PAPER_LABEL,
              paper->about.footer);
    paper_put(paper, paper_right(paper) - 85, 85, PAPER_ALIGN_RIGHT, PAPER_LABEL, number);
    cairo_show_page(paper->cairo);
}

static void turn(struct paper *paper)
{
    end_page(paper);
    paper->too_many = paper->too_many || paper->page >= PAPER_PAGES_MAX;
    begin_page(paper);
}

static void describe(const struct paper *paper)
{
    char date[32];
    (void)snprintf(date, sizeof(date), "%.10sT00:00:00Z", paper->about.date);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_TITLE, paper->about.title);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_AUTHOR, paper->about.author);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATOR, "accrue");
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_MOD_DATE, date);
}

/* Sizes are points, and letters stand where the font wants them: a page has no pixels. */
static void set_resolution(struct paper *paper)
{
    PangoContext *context = pango_layout_get_context(paper->layout);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_cairo_context_set_resolution(context, 72);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_layout_context_changed(paper->layout);
}

static struct paper *open_paper(const struct paper_about *about, size_t page_count,
                                struct buffer *out)
{
    struct paper *paper = allocate(1, sizeof(*paper));
    paper->about = *about;
    paper->page_count = page_count;
    paper->out = out;
    paper->width = about->landscape ? PAPER_HEIGHT : PAPER_WIDTH;
    paper->height = about->landscape ? PAPER_WIDTH : PAPER_HEIGHT;
    paper->surface =
        cairo_pdf_surface_create_for_stream(on_write, paper, paper->width, paper->height);
    paper->cairo = cairo_create(paper->surface);
    paper->layout = pango_cairo_create_layout(paper->cairo);
    set_resolution(paper);
    describe(paper);
    begin_page(paper);
    return paper;
}

/* Closes in any case. */
static bool close_paper(struct paper *paper, size_t *page_count_out, struct error *error)
{
    end_page(paper);
    g_object_unref(paper->layout);
    cairo_surface_finish(paper->surface);
    cairo_status_t drawn = cairo_status(paper->cairo), kept = cairo_surface_status(paper->surface);
    bool overflowed = paper->overflowed, too_many = paper->too_many;
    size_t pages = paper->page;
    cairo_destroy(paper->cairo);
    cairo_surface_destroy(paper->surface);
    free(paper);
    if (too_many)
        return error_set(error, ERROR_LIMIT, "PDF: more than %d pages", PAPER_PAGES_MAX);
    if (overflowed)
        return error_set(error, ERROR_LIMIT, "PDF: larger than there is room for");
    if (drawn != CAIRO_STATUS_SUCCESS || kept != CAIRO_STATUS_SUCCESS)
        return error_set(error, ERROR_IO, "PDF: %s",
                         cairo_status_to_string(drawn != CAIRO_STATUS_SUCCESS ? drawn : kept));
    *page_count_out = pages;
    return true;
}

static bool draw_once(const struct paper_about *about, paper_drawing *draw, void *context,
                      struct buffer *out, size_t *page_count, struct error *error)
{
    struct paper *paper = open_paper(about, *page_count, out);
    draw(context, paper);
    return close_paper(paper, page_count, error);
}

bool paper_write(const struct paper_about *about, paper_drawing *draw, void *context,
                 size_t size_max, struct buffer *out, struct error *error)
{
    struct buffer file;
    size_t counted = 0;
    if (!has_fonts())
        return error_set(error, ERROR_IO, "no font is installed: a PDF cannot be drawn");
    buffer_init(&file, size_max);
    bool good = draw_once(about, draw, context, NULL, &counted, error);
    size_t pages = counted;
    good = good && draw_once(about, draw, context, &file, &pages, error);
    must(!good || pages == counted);
    if (good)
        buffer_append(out, buffer_bytes(&file));
    buffer_release(&file);
    return good;
}

void paper_release_thread(void)
{
    pango_cairo_font_map_set_default(NULL);
}

void paper_release_fonts(void)
{
    paper_release_thread();
    cairo_debug_reset_static_data();
    FcFini();
}

double paper_y(const struct paper *paper)
{
    return paper->y;
}

void paper_move(struct paper *paper, double down)
{
    paper->y += down;
}

void paper_to(struct paper *paper, double y)
{
    paper->y = y;
}

void paper_need(struct paper *paper, double height)
{
    if (paper->y + height > bottom(paper))
        turn(paper);
}

/* ---- texts and shapes ---------------------------------------------------------------------- */

static void put_text(struct paper *paper, double x, double width, enum paper_align align,
                     enum paper_style style, const char *text, PangoEllipsizeMode cut, double least)
{
    static const PangoAlignment alignments[] = {[PAPER_ALIGN_LEFT] = PANGO_ALIGN_LEFT,
                                                [PAPER_ALIGN_RIGHT] = PANGO_ALIGN_RIGHT,
                                                [PAPER_ALIGN_CENTER] = PANGO_ALIGN_CENTER};
    /* Texts of a row stand on one line, whatever their size. */
    bool large = style == PAPER_FIGURE || style == PAPER_HEADING || style == PAPER_TITLE;
    set_text(paper, style, width, text);
    pango_layout_set_ellipsize(paper->layout, PANGO_ELLIPSIZE_NONE);
    pango_layout_set_height(paper->layout, -1);
    if (least < 1)
        fit_text(paper, style, width, least);
    pango_layout_set_ellipsize(paper->layout, cut);
    pango_layout_set_alignment(paper->layout, alignments[align]);
    double baseline = (double)pango_layout_get_baseline(paper->layout) / PANGO_SCALE;
    set_ink(paper, style);
    cairo_move_to(paper->cairo, x, large ? paper->y : paper->y + BASELINE - baseline);
    pango_cairo_show_layout(paper->cairo, paper->layout);
}

void paper_put(struct paper *paper, double x, double width, enum paper_align align,
               enum paper_style style, const char *text)
{
    bool cut = may_be_cut(style, align);
    put_text(paper, x, width, align, style, text, cut ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE,
             cut ? 1 : 0);
}

void paper_put_name(struct paper *paper, double x, double width, enum paper_align align,
                    enum paper_style style, const char *text)
{
    put_text(paper, x, width, align, style, text, PANGO_ELLIPSIZE_MIDDLE, NAME_LEAST);
}

void paper_paragraph(struct paper *paper, enum paper_style style, const char *text)
{
    int height;
    set_text(paper, style, paper_inner(paper), text);
    pango_layout_set_ellipsize(paper->layout, PANGO_ELLIPSIZE_NONE);
    pango_layout_set_spacing(paper->layout, 2 * PANGO_SCALE);
    pango_layout_set_wrap(paper->layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(paper->layout, PANGO_ALIGN_LEFT);
    pango_layout_get_pixel_size(paper->layout, NULL, &height);
    paper_need(paper, height);
    set_text(paper, style, paper_inner(paper), text); /* a new page has used the layout */
    set_ink(paper, style);
    cairo_move_to(paper->cairo, PAPER_LEFT, paper->y);
    pango_cairo_show_layout(paper->cairo, paper->layout);
    paper->y += height;
}

void paper_heading(struct paper *paper, const char *text, double with)
{
    paper->y += 16;
    paper_need(paper, 24 + with);
    paper_put(paper, PAPER_LEFT, paper_inner(paper), PAPER_ALIGN_LEFT, PAPER_HEADING, text);
    paper->y += 20;
}

void paper_line(struct paper *paper, double x, double width, double thickness, double grey)
{
    cairo_set_source_rgb(paper->cairo, grey, grey, grey);
    cairo_set_line_width(paper->cairo, thickness);
    cairo_move_to(paper->cairo, x, paper->y);
    cairo_line_to(paper->cairo, x + width, paper->y);
    cairo_stroke(paper->cairo);
}

void paper_box(struct paper *paper, double x, double width, double height, enum paper_colour colour)
{
    set_colour(paper, colour);
    cairo_rectangle(paper->cairo, x, paper->y, width, height);
    cairo_fill(paper->cairo);
}

static void set_path(struct paper *paper, const struct paper_point *points, size_t count,
                     uint32_t rgb)
{
    cairo_set_source_rgb(paper->cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                         (rgb & 255) / 255.0);
    cairo_new_path(paper->cairo); /* a text before has left its place */
    for (size_t i = 0; i < count; i++)
        cairo_line_to(paper->cairo, points[i].x, paper->y + points[i].y);
}

void paper_area(struct paper *paper, const struct paper_point *points, size_t count, uint32_t rgb)
{
    set_path(paper, points, count, rgb);
    cairo_fill(paper->cairo);
}

void paper_curve(struct paper *paper, const struct paper_point *points, size_t count,
                 double thickness, uint32_t rgb)
{
    set_path(paper, points, count, rgb);
    cairo_set_line_width(paper->cairo, thickness);
    cairo_stroke(paper->cairo);
}

/* ---- tables -------------------------------------------------------------------------------- */

/* Titles stand on the last line of the head, those of two lines on both. */
static void draw_title(struct paper_table *table, size_t column)
{
    struct paper *paper = table->paper;
    const char *title = table->columns[column].title, *second = strchr(title, '\n');
    double x = table->x[column] + CELL_PAD, width = table->width[column] - 2 * CELL_PAD;
    enum paper_align align = table->columns[column].align;
    char first[TITLE_MAX];
    if (second) {
        (void)snprintf(first, sizeof(first), "%.*s", (int)(second - title), title);
        paper_put_name(paper, x, width, align, PAPER_LABEL, first);
    }
    paper_move(paper, table->head - HEAD_HEIGHT);
    paper_put_name(paper, x, width, align, PAPER_LABEL, second ? second + 1 : title);
    paper_move(paper, HEAD_HEIGHT - table->head);
}

static void draw_head(struct paper_table *table)
{
    struct paper *paper = table->paper;
    paper_box(paper, PAPER_LEFT, paper_inner(paper), table->head, PAPER_SHADE);
    paper->y += 4;
    for (size_t i = 0; i < table->count; i++)
        draw_title(table, i);
    paper->y += table->head - 4;
    paper_line(paper, PAPER_LEFT, paper_inner(paper), 0.6, 0.45);
    paper->y += 1;
}

void paper_table_begin(struct paper_table *table, struct paper *paper,
                       const struct paper_column *columns, size_t count)
{
    must(count > 0 && count <= PAPER_COLUMNS_MAX);
    double shares = 0, x = PAPER_LEFT;
    *table = (struct paper_table){
        .paper = paper, .columns = columns, .count = count, .head = HEAD_HEIGHT};
    for (size_t i = 0; i < count; i++) {
        shares += columns[i].width;
        if (strchr(columns[i].title, '\n'))
            table->head = HEAD_HEIGHT + HEAD_LINE;
    }
    for (size_t i = 0; i < count; i++) {
        table->x[i] = x;
        table->width[i] = columns[i].width / shares * paper_inner(paper);
        x += table->width[i];
    }
    paper_need(paper, table->head + 2 * ROW_HEIGHT);
    draw_head(table);
}

bool paper_table_need(struct paper_table *table)
{
    if (table->paper->y + ROW_HEIGHT <= bottom(table->paper))
        return false;
    turn(table->paper);
    draw_head(table);
    return true;
}

static void draw_row(struct paper_table *table, const char *const *cells, bool bold)
{
    struct paper *paper = table->paper;
    paper->y += 2;
    for (size_t i = 0; i < table->count; i++)
        paper_put(paper, table->x[i] + CELL_PAD, table->width[i] - 2 * CELL_PAD,
                  table->columns[i].align, bold ? PAPER_BOLD : table->columns[i].style,
                  cells[i] ? cells[i] : "");
    paper->y += ROW_HEIGHT - 2;
}

void paper_table_row(struct paper_table *table, const char *const *cells)
{
    (void)paper_table_need(table);
    draw_row(table, cells, false);
    paper_line(table->paper, PAPER_LEFT, paper_inner(table->paper), 0.3, 0.86);
}

void paper_table_sum(struct paper_table *table, const char *const *cells)
{
    (void)paper_table_need(table);
    paper_line(table->paper, PAPER_LEFT, paper_inner(table->paper), 0.6, 0.45);
    draw_row(table, cells, true);
    paper_line(table->paper, PAPER_LEFT, paper_inner(table->paper), 0.3, 0.86);
}

void paper_table_end(struct paper_table *table)
{
    table->paper->y += 4;
}
