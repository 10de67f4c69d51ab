/* Charts of points, in whole units: columns by month, curves by age. */
#include "node/report_points.h"

#include <stdlib.h>

enum {
    COLUMNS_MAX = 72, /* months; more could not be read */
    LABELS_MAX = 12,
    CURVES_MAX = 12,
    PERCENT_STEP = 25,
    COLUMN_RGB = 0x2166ac
};

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

static void put_columns(struct sheet *sheet, const char *title, struct columns *columns)
{
    __int128 largest = 0;
    size_t count = columns->count, every = count / LABELS_MAX + 1;
    if (count == 0 || count > COLUMNS_MAX)
        return;
    qsort(columns->at, count, sizeof(*columns->at), by_month);
    for (size_t i = 0; i < count; i++)
        if (columns->at[i].points_bp > largest)
            largest = columns->at[i].points_bp;
    struct chart chart;
    char text[MONEY_TEXT_SIZE];
    int step = CHART_PLOT_WIDTH / (int)count, foot = CHART_TOP + CHART_PLOT_HEIGHT;
    chart_init(&chart, title, NULL);
    money_format((struct money){largest / BASIS_POINTS * BASIS_POINTS * 1000000}, 0, text);
    chart_label(&chart, CHART_LEFT, CHART_TOP - 8, CHART_START, text);
    for (size_t i = 0; i < count; i++) {
        int height = (int)((__int128)share_bp(columns->at[i].points_bp, largest) *
                           CHART_PLOT_HEIGHT / BASIS_POINTS);
        int x = CHART_LEFT + (int)i * step;
        chart_box(&chart, x + 2, foot - height, step > 5 ? step - 4 : 1, height, COLUMN_RGB);
        if (i % every != 0)
            continue;
        char name[MONTH_NAME_SIZE] = "never";
        if (columns->at[i].month != MONTH_NEVER)
            month_name(columns->at[i].month, name);
        chart_label(&chart, x + step / 2, foot + 18, CHART_MIDDLE, name);
    }
    sheet_put_chart(sheet, &chart);
}

void sheet_chart_liability(struct sheet *sheet, const struct liability_rows *rows)
{
    struct columns columns = {.at = NULL};
    if (!sheet_has_charts(sheet))
        return;
    for (size_t i = 0; i < rows->count; i++)
        if (sheet_wants(sheet, rows->at[i].funder) && rows->at[i].closing > 0)
            add_column(&columns, rows->at[i].vintage, rows->at[i].closing);
    put_columns(sheet, "Outstanding points by the month in which they were made", &columns);
    free(columns.at);
}

void sheet_chart_ageing(struct sheet *sheet, const struct ageing_rows *rows)
{
    struct columns columns = {.at = NULL};
    if (!sheet_has_charts(sheet))
        return;
    for (size_t i = 0; i < rows->count; i++)
        if (sheet_wants(sheet, rows->at[i].funder))
            add_column(&columns, rows->at[i].expires,
                       rows->at[i].pending + rows->at[i].remaining + rows->at[i].held);
    put_columns(sheet, "Outstanding points by the month with which they end", &columns);
    free(columns.at);
}

/* ---- curves ---------------------------------------------------------------------------------- */

static const uint32_t colours[] = {0x2166ac, 0xb35806, 0x1b7837, 0x762a83,
                                   0x8c510a, 0x01665e, 0xc51b7d, 0x4d4d4d};

static int share_y(__int128 part, __int128 whole)
{
    return CHART_TOP + CHART_PLOT_HEIGHT -
           (int)((__int128)share_bp(part, whole) * CHART_PLOT_HEIGHT / BASIS_POINTS);
}

/* The points of one vintage, from `from` on; returns where the next one begins. */
static size_t put_curve(struct chart *chart, const struct curve *curve, size_t from,
                        uint32_t oldest, size_t place, bool expired)
{
    char name[MONTH_NAME_SIZE];
    size_t i = from;
    int x = 0, y = 0;
    chart_curve(chart, colours[place % ARRAY_SIZE(colours)]);
    for (; i < curve->count && curve->at[i].vintage == curve->at[from].vintage; i++) {
        const struct vintage_life *life = &curve->at[i].life;
        x = CHART_LEFT + (int)((uint64_t)curve->at[i].age * CHART_PLOT_WIDTH / oldest);
        y = share_y(expired ? life->expired : life->redeemed, life->issued);
        chart_curve_point(chart, x, y);
    }
    month_name(curve->at[from].vintage, name);
    chart_label(chart, x + 6, y + 4, CHART_START, name);
    return i;
}

static void put_scales(struct chart *chart, uint32_t oldest)
{
    int foot = CHART_TOP + CHART_PLOT_HEIGHT;
    char text[32];
    for (int percent = 0; percent <= 100; percent += PERCENT_STEP) {
        (void)snprintf(text, sizeof(text), "%d %%", percent);
        chart_label(chart, CHART_LEFT - 6, foot - percent * CHART_PLOT_HEIGHT / 100 + 4, CHART_END,
                    text);
    }
    (void)snprintf(text, sizeof(text), oldest == 1 ? "%u month" : "%u months", oldest);
    chart_label(chart, CHART_LEFT, foot + 18, CHART_MIDDLE, "0");
    chart_label(chart, CHART_LEFT + CHART_PLOT_WIDTH, foot + 18, CHART_MIDDLE, text);
}

static void put_curves(struct sheet *sheet, const struct curve *curve, const char *title,
                       const char *heading, bool expired)
{
    size_t vintages = 0, place = 0;
    uint32_t oldest = 1; /* a scale has two ends, also when all are of this month */
    struct chart chart;
    for (size_t i = 0; i < curve->count; i++) {
        vintages += i == 0 || curve->at[i].vintage != curve->at[i - 1].vintage;
        if (curve->at[i].age > oldest)
            oldest = curve->at[i].age;
    }
    chart_init(&chart, title, heading);
    put_scales(&chart, oldest);
    for (size_t i = 0; i < curve->count; place++) {
        if (place + CURVES_MAX >= vintages) { /* the newest ones */
            i = put_curve(&chart, curve, i, oldest, place, expired);
            continue;
        }
        uint32_t vintage = curve->at[i].vintage;
        while (i < curve->count && curve->at[i].vintage == vintage)
            i++;
    }
    sheet_put_chart(sheet, &chart);
}

void sheet_chart_curves(struct sheet *sheet, const struct curve *curve)
{
    if (!sheet_has_charts(sheet) || curve->count == 0)
        return;
    put_curves(sheet, curve, "Redeemed by age", "Redeemed by age, in % of what was issued", false);
    put_curves(sheet, curve, "Expired by age", "Expired by age, in % of what was issued", true);
}
