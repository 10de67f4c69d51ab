#include "node/chart.h"

#include "node/html.h"

#include <stdio.h>
#include <stdlib.h>

enum { DOT = 3, AXIS_GREY = 0x666666, LABEL_ROOM = 140, LABEL_BASELINE = 9 };

void chart_init(struct chart *chart, const char *title, const char *heading)
{
    *chart = (struct chart){.title = title, .heading = heading};
}

void chart_release(struct chart *chart)
{
    free(chart->marks);
    free(chart->points);
    *chart = (struct chart){.title = NULL};
}

static struct chart_mark *add(struct chart *chart, enum chart_mark_kind kind)
{
    chart->marks = array_grow(chart->marks, &chart->mark_capacity, chart->mark_count + 1,
                              sizeof(*chart->marks));
    struct chart_mark *mark = &chart->marks[chart->mark_count++];
    *mark = (struct chart_mark){.kind = kind};
    return mark;
}

void chart_box(struct chart *chart, int x, int y, int width, int height, uint32_t rgb)
{
    struct chart_mark *mark = add(chart, CHART_BOX);
    mark->at = (struct chart_point){x, y};
    mark->width = width;
    mark->height = height;
    mark->rgb = rgb;
}

void chart_label(struct chart *chart, int x, int y, enum chart_anchor anchor, const char *text)
{
    struct chart_mark *mark = add(chart, CHART_LABEL);
    mark->at = (struct chart_point){x, y};
    mark->anchor = anchor;
    (void)snprintf(mark->text, sizeof(mark->text), "%s", text);
}

void chart_curve(struct chart *chart, uint32_t rgb)
{
    struct chart_mark *mark = add(chart, CHART_CURVE);
    mark->first = chart->point_count;
    mark->rgb = rgb;
}

void chart_curve_point(struct chart *chart, int x, int y)
{
    must(chart->mark_count > 0 && chart->marks[chart->mark_count - 1].kind == CHART_CURVE);
    chart->points = array_grow(chart->points, &chart->point_capacity, chart->point_count + 1,
                               sizeof(*chart->points));
    chart->points[chart->point_count++] = (struct chart_point){x, y};
    chart->marks[chart->mark_count - 1].count++;
}

/* ---- SVG ------------------------------------------------------------------------------------- */

static void put_curve(const struct chart *chart, const struct chart_mark *mark, struct buffer *out)
{
    const struct chart_point *points = &chart->points[mark->first];
    buffer_append_text(out, "<path d=\"");
    for (size_t i = 0; i < mark->count; i++)
        buffer_printf(out, "%c%d %d", i == 0 ? 'M' : 'L', points[i].x, points[i].y);
    buffer_printf(out, "\" fill=\"none\" stroke=\"#%06x\" stroke-width=\"2\"/>\n", mark->rgb);
    buffer_printf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"#%06x\"/>\n",
                  points[mark->count - 1].x, points[mark->count - 1].y, DOT, mark->rgb);
}

static void put_mark(const struct chart *chart, const struct chart_mark *mark, struct buffer *out)
{
    static const char *const anchors[] = {"start", "middle", "end"};
    switch (mark->kind) {
    case CHART_BOX:
        buffer_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>\n",
                      mark->at.x, mark->at.y, mark->width, mark->height, mark->rgb);
        return;
    case CHART_CURVE:
        if (mark->count > 0)
            put_curve(chart, mark, out);
        return;
    case CHART_LABEL:
        buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", mark->at.x, mark->at.y,
                      anchors[mark->anchor]);
        html_put_text(out, mark->text);
        buffer_append_text(out, "</text>\n");
        return;
    }
}

void chart_svg(const struct chart *chart, struct buffer *out)
{
    if (chart->heading) {
        buffer_append_text(out, "<h2>");
        html_put_text(out, chart->heading);
        buffer_append_text(out, "</h2>\n");
    }
    buffer_printf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\"><title>", CHART_WIDTH,
                  CHART_HEIGHT, CHART_WIDTH);
    html_put_text(out, chart->title);
    buffer_append_text(out, "</title>\n");
    buffer_printf(out, "<path d=\"M%d %dv%dh%d\" fill=\"none\" stroke=\"#%06x\"/>\n", CHART_LEFT,
                  CHART_TOP, CHART_PLOT_HEIGHT, CHART_PLOT_WIDTH, AXIS_GREY);
    for (size_t i = 0; i < chart->mark_count; i++)
        put_mark(chart, &chart->marks[i], out);
    buffer_append_text(out, "</svg>\n");
}

/* ---- paper ----------------------------------------------------------------------------------- */

/* As wide as an upright page's text, on any page: a chart is not the whole of it. */
static double scaled(double units)
{
    return units * PAPER_INNER / CHART_WIDTH;
}

static struct paper_point placed(double x, double y)
{
    return (struct paper_point){PAPER_LEFT + scaled(x), scaled(y)};
}

static void draw_area(struct paper *paper, double x, double y, double width, double height,
                      uint32_t rgb)
{
    struct paper_point corners[] = {placed(x, y), placed(x + width, y),
                                    placed(x + width, y + height), placed(x, y + height)};
    paper_area(paper, corners, ARRAY_SIZE(corners), rgb);
}

static void draw_curve(const struct chart *chart, const struct chart_mark *mark,
                       struct paper *paper)
{
    struct paper_point *points = allocate(mark->count, sizeof(*points));
    const struct chart_point *last = &chart->points[mark->first + mark->count - 1];
    for (size_t i = 0; i < mark->count; i++)
        points[i] = placed(chart->points[mark->first + i].x, chart->points[mark->first + i].y);
    paper_curve(paper, points, mark->count, 1.2, mark->rgb);
    draw_area(paper, last->x - DOT, last->y - DOT, 2 * DOT, 2 * DOT, mark->rgb);
    free(points);
}

static void draw_label(const struct chart_mark *mark, struct paper *paper)
{
    static const enum paper_align aligns[] = {PAPER_ALIGN_LEFT, PAPER_ALIGN_CENTER,
                                              PAPER_ALIGN_RIGHT};
    static const double before[] = {0, LABEL_ROOM / 2.0, LABEL_ROOM}; /* of the room */
    struct paper_point at = placed(mark->at.x, mark->at.y);
    paper_move(paper, at.y - LABEL_BASELINE);
    paper_put(paper, at.x - before[mark->anchor], LABEL_ROOM, aligns[mark->anchor], PAPER_LABEL,
              mark->text);
    paper_move(paper, LABEL_BASELINE - at.y);
}

void chart_draw(const struct chart *chart, struct paper *paper)
{
    struct paper_point axes[] = {
        placed(CHART_LEFT, CHART_TOP), placed(CHART_LEFT, CHART_TOP + CHART_PLOT_HEIGHT),
        placed(CHART_LEFT + CHART_PLOT_WIDTH, CHART_TOP + CHART_PLOT_HEIGHT)};
    paper_heading(paper, chart->heading ? chart->heading : chart->title, scaled(CHART_HEIGHT));
    paper_curve(paper, axes, ARRAY_SIZE(axes), 0.6, AXIS_GREY);
    for (size_t i = 0; i < chart->mark_count; i++) {
        const struct chart_mark *mark = &chart->marks[i];
        switch (mark->kind) {
        case CHART_BOX:
            draw_area(paper, mark->at.x, mark->at.y, mark->width, mark->height, mark->rgb);
            break;
        case CHART_CURVE:
            if (mark->count > 0)
                draw_curve(chart, mark, paper);
            break;
        case CHART_LABEL:
            draw_label(mark, paper);
            break;
        }
    }
    paper_move(paper, scaled(CHART_HEIGHT));
}
