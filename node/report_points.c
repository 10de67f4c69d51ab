/* Reports of points by vintage: what funders stand for, when it ends, what became of it. Measures
 * are shares in basis points of exact sums. */
#include "node/report_points.h"

#include <stdlib.h>

static struct sheet sheet_of(const struct report *report, enum report_format format,
                             const char *name, struct buffer *out)
{
    return (struct sheet){.request = report->request,
                          .view = report->request->liability,
                          .format = format,
                          .out = out,
                          .name = name};
}

/* ---- liability ------------------------------------------------------------------------------- */

static void put_roll(struct sheet *sheet, const struct liability_row *row)
{
    sheet_row(sheet);
    sheet_partner(sheet, row->funder);
    sheet_month(sheet, row->vintage);
    sheet_points(sheet, row->opening);
    sheet_points(sheet, row->issued);
    sheet_points(sheet, row->redeemed);
    sheet_points(sheet, row->clawed_back);
    sheet_points(sheet, row->expired);
    sheet_points(sheet, row->transferred);
    sheet_points(sheet, row->closing);
    sheet_points(sheet, row->unbooked);
    sheet_value(sheet, row->funder, row->opening);
    sheet_value(sheet, row->funder, row->closing);
    sheet_row_end(sheet);
}

static bool liability(const struct report *report, enum report_format format, struct buffer *out,
                      struct error *error)
{
    static const struct sheet_column columns[] = {{"funder", "Funder", false},
                                                  {"vintage", "Made in", false},
                                                  {"opening", "Opening", true},
                                                  {"issued", "Issued", true},
                                                  {"redeemed", "Redeemed", true},
                                                  {"clawed_back", "Clawed back", true},
                                                  {"expired", "Expired", true},
                                                  {"transferred", "Passed on", true},
                                                  {"closing", "Closing", true},
                                                  {"unbooked", "Unbooked", true},
                                                  {"opening_value", "Opening value", true},
                                                  {"closing_value", "Closing value", true}};
    struct sheet sheet = sheet_of(report, format, "liability", out);
    struct liability_rows rows;
    liability_roll(&sheet.view->before, &sheet.view->after, &rows);
    sheet_begin(
        &sheet, "Liability by vintage",
        "Points: closing = opening + issued - redeemed - clawed back - expired. Redeemed is "
        "net of reversals. Expired is what time has ended; unbooked tells how much of all "
        "that is not booked yet. Passed on went to other lots of the same vintage. Values "
        "are at the funder's highest reimbursement when this was asked for, in the "
        "charter's currency; none where it has a card in a currency without a rate.");
    sheet_chart_liability(&sheet, &rows);
    sheet_columns(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < rows.count; i++)
        if (sheet_wants(&sheet, rows.at[i].funder))
            put_roll(&sheet, &rows.at[i]);
    liability_rows_release(&rows);
    return sheet_end(&sheet, error);
}

/* ---- ageing ---------------------------------------------------------------------------------- */

static bool ageing(const struct report *report, enum report_format format, struct buffer *out,
                   struct error *error)
{
    static const struct sheet_column columns[] = {{"funder", "Funder", false},
                                                  {"expires", "Ends with", false},
                                                  {"pending", "Pending", true},
                                                  {"remaining", "Remaining", true},
                                                  {"held", "Held", true},
                                                  {"outstanding", "Outstanding", true},
                                                  {"outstanding_value", "Value", true}};
    struct sheet sheet = sheet_of(report, format, "ageing", out);
    struct ageing_rows rows;
    liability_age(&sheet.view->after, &rows);
    sheet_begin(&sheet, "Outstanding points by month of expiry",
                "Points that may still be spent, by the month with which they end; none: they do "
                "not end. 240 months after that in which they were made stands for that month "
                "and later. Values are at the funder's highest reimbursement when this was asked "
                "for, in the charter's currency; none where it has a card in a currency without a "
                "rate.");
    sheet_chart_ageing(&sheet, &rows);
    sheet_columns(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < rows.count; i++) {
        const struct ageing_row *row = &rows.at[i];
        __int128 outstanding = row->pending + row->remaining + row->held;
        if (!sheet_wants(&sheet, row->funder))
            continue;
        sheet_row(&sheet);
        sheet_partner(&sheet, row->funder);
        sheet_month(&sheet, row->expires);
        sheet_points(&sheet, row->pending);
        sheet_points(&sheet, row->remaining);
        sheet_points(&sheet, row->held);
        sheet_points(&sheet, outstanding);
        sheet_value(&sheet, row->funder, outstanding);
        sheet_row_end(&sheet);
    }
    ageing_rows_release(&rows);
    return sheet_end(&sheet, error);
}

/* ---- breakage -------------------------------------------------------------------------------- */

static int by_vintage_and_age(const void *a, const void *b)
{
    const struct curve_point *x = (const struct curve_point *)a;
    const struct curve_point *y = (const struct curve_point *)b;
    if (x->vintage != y->vintage)
        return x->vintage < y->vintage ? -1 : 1;
    if (x->age != y->age)
        return x->age < y->age ? -1 : 1;
    return x->period == y->period ? 0 : x->period < y->period ? -1 : 1;
}

static void add_life(struct vintage_life *sum, const struct vintage_life *life)
{
    sum->issued += life->issued;
    sum->redeemed += life->redeemed;
    sum->clawed_back += life->clawed_back;
    sum->expired += life->expired;
    sum->outstanding += life->outstanding;
}

/* How the vintages stood after one table. */
static void take_points(const struct sheet *sheet, const struct vintage_table *table,
                        const struct vintage_rows *whole, struct curve *curve)
{
    struct vintage_lives lives;
    uint32_t month = liability_view_month(sheet->view, table);
    liability_lives(whole, &lives);
    for (size_t i = 0; i < lives.count; i++) {
        const struct vintage_life *life = &lives.at[i];
        if (!sheet_wants(sheet, life->funder) || life->vintage > month)
            continue;
        curve->at = array_grow(curve->at, &curve->capacity, curve->count + 1, sizeof(*curve->at));
        curve->at[curve->count++] = (struct curve_point){.vintage = life->vintage,
                                                         .age = month - life->vintage,
                                                         .period = table->period,
                                                         .life = *life};
    }
    vintage_lives_release(&lives);
}

/* Nothing was left, and nothing became of it since. */
static bool is_over(const struct vintage_life *before, const struct vintage_life *life)
{
    return life->outstanding == 0 && before->issued == life->issued &&
           before->redeemed == life->redeemed && before->clawed_back == life->clawed_back &&
           before->expired == life->expired;
}

/* Funders are added up; of several tables of one month the last stands; what is spent or expired
 * wholly is told once. */
static void settle_curve(struct curve *curve)
{
    size_t kept = 0;
    if (curve->count > 0)
        qsort(curve->at, curve->count, sizeof(*curve->at), by_vintage_and_age);
    for (size_t i = 0; i < curve->count;) {
        struct curve_point point = curve->at[i];
        const struct curve_point *last = kept > 0 ? &curve->at[kept - 1] : NULL;
        for (i++; i < curve->count && by_vintage_and_age(&curve->at[i], &point) == 0; i++)
            add_life(&point.life, &curve->at[i].life);
        if (last && last->vintage == point.vintage && last->age == point.age)
            curve->at[kept - 1] = point;
        else if (!last || last->vintage != point.vintage || !is_over(&last->life, &point.life))
            curve->at[kept++] = point;
    }
    curve->count = kept;
}

static void put_point(struct sheet *sheet, const struct curve_point *point)
{
    const struct vintage_life *life = &point->life;
    char period[PERIOD_NAME_SIZE];
    period_name(sheet->view->charter, point->period, period);
    sheet_row(sheet);
    sheet_month(sheet, point->vintage);
    sheet_number(sheet, point->age);
    sheet_text(sheet, period);
    sheet_points(sheet, life->issued);
    sheet_points(sheet, life->redeemed);
    sheet_points(sheet, life->clawed_back);
    sheet_points(sheet, life->expired);
    sheet_points(sheet, life->outstanding);
    sheet_percent(sheet, share_bp(life->redeemed, life->issued));
    sheet_percent(sheet, share_bp(life->clawed_back, life->issued));
    sheet_percent(sheet, share_bp(life->expired, life->issued));
    sheet_percent(sheet, share_bp(life->outstanding, life->issued));
    sheet_row_end(sheet);
}

static bool breakage(const struct report *report, enum report_format format, struct buffer *out,
                     struct error *error)
{
    static const struct sheet_column columns[] = {{"vintage", "Made in", false},
                                                  {"age_months", "Age", true},
                                                  {"at_end_of", "At the end of", false},
                                                  {"issued", "Issued", true},
                                                  {"redeemed", "Redeemed", true},
                                                  {"clawed_back", "Clawed back", true},
                                                  {"expired", "Expired", true},
                                                  {"outstanding", "Outstanding", true},
                                                  {"redeemed_percent", "Redeemed %", true},
                                                  {"clawed_back_percent", "Clawed back %", true},
                                                  {"expired_percent", "Expired %", true},
                                                  {"outstanding_percent", "Outstanding %", true}};
    struct sheet sheet = sheet_of(report, format, "breakage", out);
    struct curve curve = {.at = NULL};
    struct vintage_rows whole = {.at = NULL};
    for (size_t i = 0; i < sheet.view->tables.count; i++) {
        vintage_rows_put(&whole, &sheet.view->tables.at[i].rows);
        take_points(&sheet, &sheet.view->tables.at[i], &whole, &curve);
    }
    vintage_rows_release(&whole);
    settle_curve(&curve);
    sheet_begin(&sheet, "Breakage curve by vintage",
                "What had become of the points of a month by the end of later ones: age 0 is the "
                "end of their own month. Shares are of what was issued. A vintage of which nothing "
                "is left has no later row. Ages before the oldest table that is kept are not "
                "known.");
    sheet_chart_curves(&sheet, &curve);
    sheet_columns(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < curve.count; i++)
        put_point(&sheet, &curve.at[i]);
    free(curve.at);
    return sheet_end(&sheet, error);
}

/* ---- deferred revenue ------------------------------------------------------------------------ */

static __int128 redeemed_in_period(const struct liability_rows *rows,
                                   const struct vintage_life *life)
{
    for (size_t i = 0; i < rows->count; i++)
        if (partner_equal(rows->at[i].funder, life->funder) && rows->at[i].vintage == life->vintage)
            return rows->at[i].redeemed;
    return 0;
}

/* Of a closed vintage what broke; of an open one what its funder's closed ones let expect. */
static void put_rates(struct sheet *sheet, const struct vintage_lives *lives,
                      const struct vintage_life *life)
{
    uint32_t month = sheet->view->month, expected = 0;
    bool closed = vintage_life_closed(life, month);
    if (closed)
        sheet_percent(sheet, share_bp(life->expired, life->issued - life->clawed_back));
    else
        sheet_none(sheet);
    if (closed)
        sheet_none(sheet);
    else if (liability_breakage(lives, life->funder, month, &expected))
        sheet_percent(sheet, expected);
    else
        sheet_text(sheet, "not enough data");
}

static void put_deferred(struct sheet *sheet, const struct vintage_lives *lives,
                         const struct liability_rows *rolls, const struct vintage_life *life)
{
    bool closed = vintage_life_closed(life, sheet->view->month);
    sheet_row(sheet);
    sheet_partner(sheet, life->funder);
    sheet_month(sheet, life->vintage);
    sheet_text(sheet, closed ? "closed" : "open");
    sheet_points(sheet, life->issued);
    sheet_points(sheet, life->clawed_back);
    sheet_points(sheet, redeemed_in_period(rolls, life));
    sheet_points(sheet, life->redeemed);
    sheet_points(sheet, life->expired);
    sheet_points(sheet, life->outstanding);
    sheet_value(sheet, life->funder, life->outstanding);
    put_rates(sheet, lives, life);
    sheet_row_end(sheet);
}

static bool deferred(const struct report *report, enum report_format format, struct buffer *out,
                     struct error *error)
{
    static const struct sheet_column columns[] = {
        {"funder", "Funder", false},
        {"vintage", "Made in", false},
        {"state", "State", false},
        {"issued", "Issued", true},
        {"clawed_back", "Clawed back", true},
        {"redeemed_in_period", "Redeemed in the period", true},
        {"redeemed", "Redeemed ever", true},
        {"expired", "Expired", true},
        {"outstanding", "Outstanding", true},
        {"outstanding_value", "Value", true},
        {"breakage_percent", "Breakage %", true},
        {"expected_breakage_percent", "Expected breakage %", true}};
    struct sheet sheet = sheet_of(report, format, "deferred", out);
    struct vintage_lives lives;
    struct liability_rows rolls;
    liability_lives(&sheet.view->after, &lives);
    liability_roll(&sheet.view->before, &sheet.view->after, &rolls);
    sheet_begin(&sheet, "Inputs of deferred revenue (IFRS 15)",
                "Inputs, not a booking. A vintage is closed when nothing of it can be spent any "
                "more. Breakage is what expired of what was issued and not clawed back: of a "
                "closed vintage what was observed; of an open one that of all closed ones of the "
                "funder together, which takes three of them. Values are at the funder's highest "
                "reimbursement when this was asked for, in the charter's currency; none where it "
                "has a card in a currency without a rate.");
    sheet_columns(&sheet, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < lives.count; i++)
        if (sheet_wants(&sheet, lives.at[i].funder))
            put_deferred(&sheet, &lives, &rolls, &lives.at[i]);
    vintage_lives_release(&lives);
    liability_rows_release(&rolls);
    return sheet_end(&sheet, error);
}

/* ---- each in its forms ----------------------------------------------------------------------- */

#define WRITER(report_word, form, format)                                                          \
    bool report_##report_word##_##form(const struct report *report, struct buffer *out,            \
                                       struct error *error)                                        \
    {                                                                                              \
        return report_word(report, format, out, error);                                            \
    }
#define WRITERS(report_word)                                                                       \
    WRITER(report_word, pdf, REPORT_PDF)                                                           \
    WRITER(report_word, csv, REPORT_CSV)                                                           \
    WRITER(report_word, json, REPORT_JSON)                                                         \
    WRITER(report_word, html, REPORT_HTML)
WRITERS(liability)
WRITERS(ageing)
WRITERS(breakage)
WRITERS(deferred)
