#include "node/liability_view.h"

#include "node/period_view.h"

#include <stdlib.h>
#include <string.h>

#define POINTS_UNIT 1000000 /* of a basis point of a point, as a text of ten decimals reads */

/* The highest of a card, 9 of its currency, at the highest rate; and far more than is ever made. */
#define PRICE_MAX     (9 * RATE_MICRO_MAX)
#define POINTS_BP_MAX ((__int128)1 << 80)

/* ---- members of an object -------------------------------------------------------------------- */

static bool wrong(struct error *error, const char *name)
{
    return error_set(error, ERROR_INVALID,
                     "the node's answer about liabilities: '%s' is not what it should be", name);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool get_date(const json_t *object, const char *name, struct date *out, struct error *error)
{
    return date_parse(bytes_text(text_of(object, name)), out) || wrong(error, name);
}

static bool get_list(const json_t *object, const char *name, const json_t **list_out,
                     struct error *error)
{
    const json_t *list = json_object_get(object, name);
    if (!json_is_array(list) || json_array_size(list) > LIABILITY_ROWS_MAX)
        return wrong(error, name);
    *list_out = list;
    return true;
}

static bool get_hash(const json_t *object, struct hash *out, struct error *error)
{
    return hex_decode(bytes_text(text_of(object, "hash")), out->at, HASH_SIZE) ||
           wrong(error, "hash");
}

/* Size and root; null while nobody has told. */
static bool get_tree(const json_t *object, bool *known_out, uint64_t *records_out,
                     struct hash *root_out, struct error *error)
{
    const json_t *records = json_object_get(object, "records");
    size_t size = 0;
    *known_out = !json_is_null(records);
    if (!*known_out)
        return true;
    if (!json_is_integer(records) || json_integer_value(records) < 0)
        return wrong(error, "records");
    *records_out = (uint64_t)json_integer_value(records);
    return (base64_decode(bytes_text(text_of(object, "root")), root_out->at, HASH_SIZE, &size) &&
            size == HASH_SIZE) ||
           wrong(error, "root");
}

/* Nothing where it is left out. */
static bool get_points(const json_t *object, const char *name, __int128 *points_bp_out,
                       struct error *error)
{
    const json_t *value = json_object_get(object, name);
    struct money points = {0};
    *points_bp_out = 0;
    if (!value)
        return true;
    if (!json_is_string(value) || !money_parse(json_string_value(value), &points) || points.v < 0 ||
        points.v % POINTS_UNIT != 0 || points.v / POINTS_UNIT > POINTS_BP_MAX)
        return wrong(error, name);
    *points_bp_out = points.v / POINTS_UNIT;
    return true;
}

static bool get_partner(const struct liability_view *view, const json_t *object, const char *name,
                        struct partner_id *out, struct error *error)
{
    return liability_view_partner(view, text_of(object, name), out) || wrong(error, name);
}

static bool get_month(const json_t *object, const char *name, bool may_be_none, uint32_t *out,
                      struct error *error)
{
    *out = MONTH_NEVER;
    if (may_be_none && json_is_null(json_object_get(object, name)))
        return true;
    return month_from_name(text_of(object, name), out) || wrong(error, name);
}

static bool get_period(const struct liability_view *view, const json_t *object, uint32_t *out,
                       struct error *error)
{
    return period_from_name(view->charter, bytes_text(text_of(object, "period")), out) ||
           wrong(error, "period");
}

/* ---- the head -------------------------------------------------------------------------------- */

static bool read_partner(struct liability_view *view, const json_t *item, struct error *error)
{
    struct liability_partner *partner = &view->partners[view->partner_count];
    const char *name = text_of(item, "partner");
    struct money price = {0};
    if (!name_valid(bytes_text(name)) || strlen(name) > CHARTER_NAME_MAX)
        return wrong(error, "partner");
    partner->rated = !json_is_null(json_object_get(item, "reimbursement"));
    if (partner->rated && (!money_parse(text_of(item, "reimbursement"), &price) || price.v < 0 ||
                           price.v % BASIS_POINTS != 0 || price.v / BASIS_POINTS > PRICE_MAX))
        return wrong(error, "reimbursement");
    memcpy(partner->name, name, strlen(name) + 1);
    partner->reimbursement.v = (int64_t)(price.v / BASIS_POINTS);
    view->partner_count++;
    return true;
}

static bool read_partners(struct liability_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "partners", &list, error))
        return false;
    if (json_array_size(list) < view->charter->partner_count ||
        json_array_size(list) > PARTNERS_MAX)
        return wrong(error, "partners");
    view->partners = allocate(json_array_size(list), sizeof(*view->partners));
    json_array_foreach(list, i, item)
    {
        if (!read_partner(view, item, error))
            return false;
        if (i < view->charter->partner_count &&
            strcmp(view->partners[i].name, view->charter->partners[i].name) != 0)
            return wrong(error, "partners");
    }
    return true;
}

static bool read_head(struct liability_view *view, const json_t *answer, struct error *error)
{
    const char *state = text_of(answer, "state"), *currency = text_of(answer, "currency");
    view->open = strcmp(state, "open") == 0;
    if (!view->open && strcmp(state, "ended") != 0)
        return wrong(error, "state");
    if (strcmp(currency, view->charter->currency) != 0)
        return wrong(error, "currency");
    if (!get_period(view, answer, &view->number, error) ||
        !get_date(answer, "first_day", &view->first_day, error) ||
        !get_date(answer, "last_day", &view->last_day, error) ||
        !get_date(answer, "today", &view->today, error) || !get_hash(answer, &view->hash, error) ||
        !get_tree(answer, &view->rooted, &view->records, &view->root, error))
        return false;
    period_name(view->charter, view->number, view->name);
    bool known = true;
    if (!view->rooted &&
        (!get_tree(json_object_get(answer, "ledger"), &known, &view->records, &view->root, error) ||
         !known))
        return wrong(error, "ledger");
    return read_partners(view, answer, error);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool read_row(const struct liability_view *view, const json_t *item, struct vintage_row *row,
                     struct error *error)
{
    if (!get_partner(view, item, "funder", &row->funder, error) ||
        !get_month(item, "vintage", false, &row->vintage, error) ||
        !get_month(item, "expires", true, &row->expires, error))
        return false;
    for (int i = 0; i < VINTAGE_SUMS; i++)
        if (!get_points(item, i == VINTAGE_ENDED ? "ended" : pool_word((enum pool)i), &row->sums[i],
                        error))
            return false;
    const struct vintage_row *known = vintage_rows_find(&view->tables.latest, row);
    return (row->sums[VINTAGE_ENDED] <= row->sums[POOL_REMAINING] &&
            (!known || vintage_quantity(known) <= vintage_quantity(row))) ||
           error_set(error, ERROR_INVALID,
                     "the node's answer about liabilities does not tie: points made in %s were "
                     "unmade",
                     text_of(item, "vintage"));
}

static bool read_rows(const struct liability_view *view, const json_t *list,
                      struct vintage_rows *rows, struct error *error)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        struct vintage_row row = {.vintage = 0};
        if (!read_row(view, item, &row, error))
            return false;
        if (rows->count > 0 && vintage_row_compare(&rows->at[rows->count - 1], &row) >= 0)
            return error_set(error, ERROR_INVALID,
                             "the node's answer about liabilities: its rows are not in order");
        vintage_rows_add(rows, &row);
    }
    return true;
}

static bool read_table(struct liability_view *view, const json_t *item, struct error *error)
{
    struct vintage_table table = {.carried = json_is_true(json_object_get(item, "carried"))};
    struct vintages *tables = &view->tables;
    struct hash told;
    const json_t *rows = NULL;
    if (!get_period(view, item, &table.period, error) || !get_hash(item, &told, error) ||
        !get_tree(item, &table.rooted, &table.records, &table.root, error) ||
        !get_list(item, "rows", &rows, error))
        return false;
    if (tables->count > 0 && tables->at[tables->count - 1].period >= table.period)
        return wrong(error, "period");
    if (!read_rows(view, rows, &table.rows, error)) {
        vintage_rows_release(&table.rows);
        return false;
    }
    vintages_add(tables, &table);
    return hash_equal(&tables->at[tables->count - 1].hash, &told) ||
           error_set(error, ERROR_INVALID,
                     "the node's answer about liabilities does not tie: the hash of %s",
                     text_of(item, "period"));
}

static bool read_tables(struct liability_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    uint64_t from;
    if (!get_list(answer, "tables", &list, error))
        return false;
    if (liability_view_next(answer, &from))
        return wrong(error, "tables_next");
    if (json_array_size(list) > VINTAGE_TABLES_KEPT + 1)
        return wrong(error, "tables");
    json_array_foreach(list, i, item) if (!read_table(view, item, error)) return false;
    const struct vintage_table *last =
        view->tables.count > 0 ? &view->tables.at[view->tables.count - 1] : NULL;
    if (!last || last->period != view->number || last->carried ||
        !hash_equal(&last->hash, &view->hash))
        return wrong(error, "tables");
    vintages_at(&view->tables, view->number, &view->after);
    if (view->number > 0)
        vintages_at(&view->tables, view->number - 1, &view->before);
    return true;
}

/* ---- pages ----------------------------------------------------------------------------------- */

bool liability_view_next(const json_t *answer, uint64_t *from_out)
{
    const json_t *next = json_object_get(answer, "tables_next");
    if (!json_is_integer(next) || json_integer_value(next) < 0)
        return false;
    *from_out = (uint64_t)json_integer_value(next);
    return true;
}

static size_t count_rows(const json_t *tables)
{
    size_t i, count = 0;
    json_t *table;
    json_array_foreach(tables, i, table) count +=
        1 + json_array_size(json_object_get(table, "rows"));
    return count;
}

/* The first table of a page may be the rest of the last one before. */
static bool join_split(json_t *tables, json_t *then, struct error *error)
{
    json_t *last = json_array_get(tables, json_array_size(tables) - 1);
    json_t *rest = json_array_get(then, 0);
    if (!json_equal(json_object_get(last, "period"), json_object_get(rest, "period")))
        return true;
    if (!json_equal(json_object_get(last, "hash"), json_object_get(rest, "hash")))
        return error_set(error, ERROR_INVALID,
                         "points moved while the node's pages were asked for: ask again, or for a "
                         "period that has ended");
    if (json_array_extend(json_object_get(last, "rows"), json_object_get(rest, "rows")) != 0)
        return wrong(error, "rows");
    json_array_remove(then, 0);
    return true;
}

bool liability_view_join(json_t *earlier, json_t *answer, struct error *error)
{
    json_t *tables = json_object_get(earlier, "tables"), *then = json_object_get(answer, "tables");
    if (json_array_size(tables) == 0 || json_array_size(then) == 0 ||
        count_rows(tables) + count_rows(then) > LIABILITY_ALL_ROWS_MAX)
        return wrong(error, "tables");
    if (!join_split(tables, then, error))
        return false;
    json_array_extend(tables, then);
    json_object_set(answer, "tables", tables);
    return true;
}

/* ---- the view -------------------------------------------------------------------------------- */

static uint32_t month_of(struct date date)
{
    return (uint32_t)((date.year - 1970) * 12 + date.month - 1);
}

bool liability_view_read(const json_t *answer, const struct charter *charter,
                         struct liability_view **view_out, struct error *error)
{
    struct liability_view *view = allocate(1, sizeof(*view));
    view->charter = charter;
    if (!read_head(view, answer, error) || !read_tables(view, answer, error)) {
        liability_view_close(view);
        return false;
    }
    view->month =
        month_of(view->open ? view->today : date_from_days(date_to_days(view->last_day) + 1));
    *view_out = view;
    return true;
}

void liability_view_close(struct liability_view *view)
{
    if (!view)
        return;
    vintages_release(&view->tables);
    vintage_rows_release(&view->before);
    vintage_rows_release(&view->after);
    free(view->partners);
    free(view);
}

bool liability_view_partner(const struct liability_view *view, const char *name,
                            struct partner_id *partner_out)
{
    for (size_t i = 0; i < view->partner_count; i++)
        if (strcmp(view->partners[i].name, name) == 0) {
            partner_out->v = (uint16_t)i;
            return true;
        }
    return false;
}

bool liability_view_value(const struct liability_view *view, struct partner_id funder,
                          __int128 points_bp, struct money *value_out)
{
    const struct liability_partner *partner = &view->partners[funder.v];
    return partner->rated &&
           !__builtin_mul_overflow(points_bp, partner->reimbursement.v, &value_out->v);
}

uint32_t liability_view_month(const struct liability_view *view, const struct vintage_table *table)
{
    if (view->open && table->period == view->number)
        return month_of(view->today);
    return month_of(date_from_days(period_last_day(view->charter, table->period)));
}
