/* chart.h - a chart of columns or curves, made once of marks in whole units and then written as
 * inline SVG or drawn on paper.
 *
 * Threads: a chart belongs to one.
 */
#ifndef NODE_CHART_H
#define NODE_CHART_H

#include "node/paper.h"

enum {
    CHART_LEFT = 60, /* of the plot; what is outside is for labels */
    CHART_TOP = 24,
    CHART_PLOT_WIDTH = 640,
    CHART_PLOT_HEIGHT = 220,
    CHART_WIDTH = CHART_LEFT + CHART_PLOT_WIDTH + 90,
    CHART_HEIGHT = CHART_TOP + CHART_PLOT_HEIGHT + 44,
    CHART_TEXT_SIZE = 64
};
enum chart_anchor { CHART_START, CHART_MIDDLE, CHART_END };
enum chart_mark_kind { CHART_BOX, CHART_CURVE, CHART_LABEL };

struct chart_point {
    int x, y; /* from the top left corner */
};
struct chart_mark {
    enum chart_mark_kind kind;
    struct chart_point at; /* a box's corner; a label's base line */
    int width, height;
    size_t first, count; /* a curve's points */
    enum chart_anchor anchor;
    uint32_t rgb; /* 0xRRGGBB */
    char text[CHART_TEXT_SIZE];
};
struct chart {
    const char *title;   /* borrowed */
    const char *heading; /* above it; NULL: in SVG none, on paper the title */
    struct chart_mark *marks;
    size_t mark_count, mark_capacity;
    struct chart_point *points;
    size_t point_count, point_capacity;
};

void chart_init(struct chart *chart, const char *title, const char *heading);
void chart_release(struct chart *chart);

void chart_box(struct chart *chart, int x, int y, int width, int height, uint32_t rgb);
/* A label is cut where it is longer than CHART_TEXT_SIZE. */
void chart_label(struct chart *chart, int x, int y, enum chart_anchor anchor, const char *text);
/* A curve ends with a dot; its points follow. */
void chart_curve(struct chart *chart, uint32_t rgb);
void chart_curve_point(struct chart *chart, int x, int y);

void chart_svg(const struct chart *chart, struct buffer *out);
/* At the current y, with its heading, kept on one page; moves below it. */
void chart_draw(const struct chart *chart, struct paper *paper);

#endif
