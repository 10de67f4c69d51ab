/* Charts of points as inline SVG, in whole units: columns by month, curves by age. */
#include "node/html.h"
#include "node/report_points.h"

#include <stdlib.h>

enum {
    LEFT = 60,
    TOP = 24,
    PLOT_WIDTH = 640,
    PLOT_HEIGHT = 220,
    FOOT = 44,
    COLUMNS_MAX = 72, /* months; more could not be read */
    LABELS_MAX = 12,
    CURVES_MAX = 12,
    PERCENT_STEP = 25
};

static void begin(struct buffer *out, const char *title)
{
    int width = LEFT + PLOT_WIDTH + 90, height = TOP + PLOT_HEIGHT + FOOT;
    buffer_printf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\"><title>", width,
                  height, width);
    html_put_text(out, title);
    buffer_append_text(out, "</title>\n");
    buffer_printf(out, "<path d=\"M%d %dv%dh%d\" fill=\"none\" stroke=\"#666\"/>\n", LEFT, TOP,
                  PLOT_HEIGHT, PLOT_WIDTH);
}

static void put_label(struct buffer *out, int x, int y, const char *anchor, const char *text)
{
    buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
    html_put_text(out, text);
    buffer_append_text(out, "</text>\n");
}

/* ---- columns --------------------------------------------------------------------------------- */

struct column {
    uint32_t month; /* MONTH_NEVER: last */
    __int128 points_bp;
};
struct columns {
    struct column *at;
    size_t count, capacity;
};

static void add_column(struct columns *columns, uint32_t month, __int128 points_bp)
{
    size_t place = 0;
    while (place < columns->count && columns->at[place].month != month)
        place++;
    if (place == columns->count) {
        columns->at =
            array_grow(columns->at, &columns->capacity, columns->count + 1, sizeof(*columns->at));
        columns->at[columns->count++] = (struct column){.month = month};
    }
    columns->at[place].points_bp += points_bp;
}

static int by_month(const void *a, const void *b)
{
    const struct column *x = (const struct column *)a, *y = (const struct column *)b;
    return x->month == y->month ? 0 : x->month < y->month ? -1 : 1;
}

static void put_columns(struct buffer *out, const char *title, struct columns *columns)
{
    __int128 largest = 0;
    size_t count = columns->count, every = count / LABELS_MAX + 1;
    if (count == 0 || count > COLUMNS_MAX)
        return;
    qsort(columns->at, count, sizeof(*columns->at), by_month);
    for (size_t i = 0; i < count; i++)
        if (columns->at[i].points_bp > largest)
            largest = columns->at[i].points_bp;
    char text[MONEY_TEXT_SIZE];
    int step = PLOT_WIDTH / (int)count;
    begin(out, title);
    money_format((struct money){largest / BASIS_POINTS * BASIS_POINTS * 1000000}, 0, text);
    put_label(out, LEFT, TOP - 8, "start", text);
    for (size_t i = 0; i < count; i++) {
        int height = (int)((__int128)share_bp(columns->at[i].points_bp, largest) * PLOT_HEIGHT /
                           BASIS_POINTS);
        int x = LEFT + (int)i * step;
        buffer_printf(out,
                      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#2166ac\"/>\n",
                      x + 2, TOP + PLOT_HEIGHT - height, step > 5 ? step - 4 : 1, height);
        if (i % every != 0)
            continue;
        char name[MONTH_NAME_SIZE] = "never";
        if (columns->at[i].month != MONTH_NEVER)
            month_name(columns->at[i].month, name);
        put_label(out, x + step / 2, TOP + PLOT_HEIGHT + 18, "middle", name);
    }
    buffer_append_text(out, "</svg>\n");
}

void sheet_chart_liability(struct sheet *sheet, const struct liability_rows *rows)
{
    struct columns columns = {.at = NULL};
    if (sheet->format != REPORT_HTML)
        return;
    for (size_t i = 0; i < rows->count; i++)
        if (sheet_wants(sheet, rows->at[i].funder) && rows->at[i].closing > 0)
            add_column(&columns, rows->at[i].vintage, rows->at[i].closing);
    put_columns(sheet->out, "Outstanding points by the month in which they were made", &columns);
    free(columns.at);
}

void sheet_chart_ageing(struct sheet *sheet, const struct ageing_rows *rows)
{
    struct columns columns = {.at = NULL};
    if (sheet->format != REPORT_HTML)
        return;
    for (size_t i = 0; i < rows->count; i++)
        if (sheet_wants(sheet, rows->at[i].funder))
            add_column(&columns, rows->at[i].expires,
                       rows->at[i].pending + rows->at[i].remaining + rows->at[i].held);
    put_columns(sheet->out, "Outstanding points by the month with which they end", &columns);
    free(columns.at);
}

/* ---- curves ---------------------------------------------------------------------------------- */

static const char *const colours[] = {"#2166ac", "#b35806", "#1b7837", "#762a83",
                                      "#8c510a", "#01665e", "#c51b7d", "#4d4d4d"};

static int share_y(__int128 part, __int128 whole)
{
    return TOP + PLOT_HEIGHT - (int)((__int128)share_bp(part, whole) * PLOT_HEIGHT / BASIS_POINTS);
}

/* The points of one vintage, from `from` on; returns where the next one begins. */
static size_t put_curve(struct buffer *out, const struct curve *curve, size_t from, uint32_t oldest,
                        size_t place, bool expired)
{
    const char *colour = colours[place % ARRAY_SIZE(colours)];
    char name[MONTH_NAME_SIZE];
    size_t i = from;
    int x = 0, y = 0;
    buffer_append_text(out, "<path d=\"");
    for (; i < curve->count && curve->at[i].vintage == curve->at[from].vintage; i++) {
        const struct vintage_life *life = &curve->at[i].life;
        x = LEFT + (int)((uint64_t)curve->at[i].age * PLOT_WIDTH / (oldest ? oldest : 1));
        y = share_y(expired ? life->expired : life->redeemed, life->issued);
        buffer_printf(out, "%c%d %d", i == from ? 'M' : 'L', x, y);
    }
    buffer_printf(out, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", colour);
    buffer_printf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"3\" fill=\"%s\"/>\n", x, y, colour);
    month_name(curve->at[from].vintage, name);
    put_label(out, x + 6, y + 4, "start", name);
    return i;
}

static void put_curves(struct buffer *out, const struct curve *curve, const char *title,
                       bool expired)
{
    size_t vintages = 0, place = 0;
    uint32_t oldest = 0;
    char text[32];
    for (size_t i = 0; i < curve->count; i++) {
        vintages += i == 0 || curve->at[i].vintage != curve->at[i - 1].vintage;
        if (curve->at[i].age > oldest)
            oldest = curve->at[i].age;
    }
    begin(out, title);
    for (int percent = 0; percent <= 100; percent += PERCENT_STEP) {
        (void)snprintf(text, sizeof(text), "%d %%", percent);
        put_label(out, LEFT - 6, TOP + PLOT_HEIGHT - percent * PLOT_HEIGHT / 100 + 4, "end", text);
    }
    (void)snprintf(text, sizeof(text), "%u months", oldest);
    put_label(out, LEFT, TOP + PLOT_HEIGHT + 18, "middle", "0");
    put_label(out, LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT + 18, "middle", text);
    for (size_t i = 0; i < curve->count; place++) {
        if (place + CURVES_MAX >= vintages) { /* the newest ones */
            i = put_curve(out, curve, i, oldest, place, expired);
            continue;
        }
        uint32_t vintage = curve->at[i].vintage;
        while (i < curve->count && curve->at[i].vintage == vintage)
            i++;
    }
    buffer_append_text(out, "</svg>\n");
}

void sheet_chart_curves(struct sheet *sheet, const struct curve *curve)
{
    if (sheet->format != REPORT_HTML || curve->count == 0)
        return;
    buffer_append_text(sheet->out, "<h2>Redeemed by age, in % of what was issued</h2>\n");
    put_curves(sheet->out, curve, "Redeemed by age", false);
    buffer_append_text(sheet->out, "<h2>Expired by age, in % of what was issued</h2>\n");
    put_curves(sheet->out, curve, "Expired by age", true);
}
