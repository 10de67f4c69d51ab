/* Reads about the points that funders stand for: a period's roll-forward by vintage, ageing, and
 * the tables that all of it follows from. */
#include "node/api_parts.h"
#include "node/period_text.h"
#include "partners/liability.h"

#include <stdlib.h>
#include <string.h>

/* Which tables are told. */
enum history { HISTORY_NONE, HISTORY_LAST, HISTORY_ALL };

/* So many rows of a list at once, unless fewer are asked for: three lists of them are far below
 * what an answer may have. */
enum { ROWS_PAGE = 32768 };

struct price { /* of a funder's point */
    bool known;
    struct micro highest;
};
/* A list's page: places count what the whole list has, whomever it is of. */
struct page {
    bool given; /* its beginning was asked for */
    uint64_t from, limit, told, next;
    bool full; /* the next page begins at `next` */
};
struct liability { /* what is asked for */
    struct api *api;
    enum history history;
    struct page rows, ageing, tables;
    struct price *prices; /* by partner */
    uint32_t period;
    bool open;
    bool of_one; /* of `funder` alone */
    struct partner_id funder;
    struct vintage_table table; /* which the answer ends with; its rows are not used */
    struct vintage_rows before, after;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool is_asked(const struct liability *asked, struct partner_id funder)
{
    return !asked->of_one || partner_equal(asked->funder, funder);
}

static void put_month(struct json_out *json, const char *name, uint32_t month)
{
    char text[MONTH_NAME_SIZE];
    if (month == MONTH_NEVER) {
        json_put_null(json, name);
        return;
    }
    month_name(month, text);
    json_put_word(json, name, text);
}

static void put_funder(const struct liability *asked, struct json_out *json,
                       struct partner_id funder)
{
    json_put_word(json, "funder", api_partner_name(asked->api, funder));
}

/* Null where it cannot be told: nothing would read as no debt. */
static void put_value(const struct liability *asked, struct json_out *json,
                      struct partner_id funder, __int128 points_bp)
{
    const struct price *price = &asked->prices[funder.v];
    if (price->known)
        json_put_money(json, "value", (struct money){points_bp * price->highest.v},
                       asked->api->charter->minor_digits);
    else
        json_put_null(json, "value");
}

static void put_row(const struct liability *asked, struct json_out *json,
                    const struct liability_row *row)
{
    json_open_object(json, NULL);
    put_funder(asked, json, row->funder);
    put_month(json, "vintage", row->vintage);
    api_put_points_bp(json, "opening", row->opening);
    api_put_points_bp(json, "issued", row->issued);
    api_put_points_bp(json, "redeemed", row->redeemed);
    api_put_points_bp(json, "clawed_back", row->clawed_back);
    api_put_points_bp(json, "expired", row->expired);
    api_put_points_bp(json, "transferred", row->transferred);
    api_put_points_bp(json, "closing", row->closing);
    api_put_points_bp(json, "unbooked", row->unbooked);
    put_value(asked, json, row->funder, row->closing);
    json_close_object(json);
}

static bool page_ends(struct page *page, uint64_t at)
{
    if (!page->full && page->told == page->limit) {
        page->full = true;
        page->next = at;
    }
    return page->full;
}

static void put_next(struct json_out *json, const char *name, const struct page *page)
{
    if (page->full)
        json_put_uint(json, name, page->next);
    else
        json_put_null(json, name);
}

/* Where a page of one list is asked for, the others are empty. */
static bool is_told(const struct liability *asked, const struct page *page)
{
    return page->given || !(asked->rows.given || asked->ageing.given || asked->tables.given);
}

static void put_rows(struct liability *asked, struct json_out *json)
{
    struct page *page = &asked->rows;
    struct liability_rows rows = {.at = NULL};
    if (is_told(asked, page))
        liability_roll(&asked->before, &asked->after, &rows);
    json_open_array(json, "rows");
    for (size_t i = page->from; i < rows.count; i++) {
        if (!is_asked(asked, rows.at[i].funder))
            continue;
        if (page_ends(page, i))
            break;
        put_row(asked, json, &rows.at[i]);
        page->told++;
    }
    json_close_array(json);
    put_next(json, "rows_next", page);
    liability_rows_release(&rows);
}

static void put_age(const struct liability *asked, struct json_out *json,
                    const struct ageing_row *row)
{
    json_open_object(json, NULL);
    put_funder(asked, json, row->funder);
    put_month(json, "expires", row->expires);
    api_put_points_bp(json, "pending", row->pending);
    api_put_points_bp(json, "remaining", row->remaining);
    api_put_points_bp(json, "held", row->held);
    put_value(asked, json, row->funder, row->pending + row->remaining + row->held);
    json_close_object(json);
}

static void put_ageing(struct liability *asked, struct json_out *json)
{
    struct page *page = &asked->ageing;
    struct ageing_rows rows = {.at = NULL};
    if (is_told(asked, page))
        liability_age(&asked->after, &rows);
    json_open_array(json, "ageing");
    for (size_t i = page->from; i < rows.count; i++) {
        if (!is_asked(asked, rows.at[i].funder))
            continue;
        if (page_ends(page, i))
            break;
        put_age(asked, json, &rows.at[i]);
        page->told++;
    }
    json_close_array(json);
    put_next(json, "ageing_next", page);
    ageing_rows_release(&rows);
}

static void put_partners(const struct liability *asked, struct json_out *json)
{
    const struct state *state = api_state(asked->api);
    json_open_array(json, "partners");
    for (uint16_t i = 0; i < state_charter(state)->partner_count; i++) {
        const struct price *price = &asked->prices[i];
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(asked->api, (struct partner_id){i}));
        if (price->known)
            json_put_money(json, "reimbursement", api_micro_money(price->highest),
                           asked->api->charter->minor_digits);
        else
            json_put_null(json, "reimbursement");
        json_close_object(json);
    }
    json_close_array(json);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void put_tree(struct json_out *json, const struct vintage_table *table)
{
    if (table->rooted) {
        json_put_uint(json, "records", table->records);
        json_put_base64(json, "root", hash_as_bytes(&table->root));
    } else {
        json_put_null(json, "records");
        json_put_null(json, "root");
    }
    json_put_hex(json, "hash", hash_as_bytes(&table->hash));
}

/* Sums that are nothing are left out: most are. */
static void put_table_row(const struct liability *asked, struct json_out *json,
                          const struct vintage_row *row)
{
    json_open_object(json, NULL);
    put_funder(asked, json, row->funder);
    put_month(json, "vintage", row->vintage);
    put_month(json, "expires", row->expires);
    for (int k = 0; k < VINTAGE_SUMS; k++)
        if (row->sums[k] != 0)
            api_put_points_bp(json, k == VINTAGE_ENDED ? "ended" : pool_word((enum pool)k),
                              row->sums[k]);
    json_close_object(json);
}

/* A page of tables under way. In `at` each table counts one and each of its rows does. */
struct tables_out {
    const struct liability *asked;
    struct json_out *json;
    struct page *page;
    uint64_t at;
};

/* What the page has of it. */
static void put_table(struct tables_out *out, const struct vintage_table *table, bool carried,
                      const struct vintage_rows *rows)
{
    const struct liability *asked = out->asked;
    struct json_out *json = out->json;
    char name[PERIOD_TEXT_SIZE];
    uint64_t first = out->at + 1, from = out->page->from;
    out->at = first + rows->count;
    if (out->at <= from || page_ends(out->page, first - 1))
        return;
    period_text(asked->api->charter, table->period, name);
    json_open_object(json, NULL);
    json_put_word(json, "period", name);
    json_put_bool(json, "carried", carried);
    put_tree(json, table);
    json_open_array(json, "rows");
    for (size_t i = from > first ? from - first : 0; i < rows->count; i++) {
        if (!is_asked(asked, rows->at[i].funder))
            continue;
        if (page_ends(out->page, first + i))
            break;
        put_table_row(asked, json, &rows->at[i]);
        out->page->told++;
    }
    json_close_array(json);
    json_close_object(json);
}

/* Up to the period's own; that of the open one has every row. */
static void put_all_tables(struct tables_out *out, const struct vintages *vintages)
{
    const struct liability *asked = out->asked;
    for (size_t i = 0; i < vintages->count && vintages->at[i].period <= asked->period; i++)
        put_table(out, &vintages->at[i], vintages->at[i].carried, &vintages->at[i].rows);
}

/* The one before the period's own, with every row that stood then, and that. */
static void put_last_tables(struct tables_out *out, const struct vintages *vintages)
{
    const struct liability *asked = out->asked;
    size_t count = 0;
    while (count < vintages->count && vintages->at[count].period < asked->period)
        count++;
    if (count > 0)
        put_table(out, &vintages->at[count - 1], count > 1 || vintages->at[0].carried,
                  &asked->before);
    if (!asked->open)
        put_table(out, &vintages->at[count], false, &vintages->at[count].rows);
}

static void put_tables(struct liability *asked, struct json_out *json)
{
    const struct vintages *vintages = state_vintages(api_state(asked->api));
    struct tables_out out = {.asked = asked, .json = json, .page = &asked->tables};
    bool told = is_told(asked, out.page);
    json_open_array(json, "tables");
    if (told && asked->history == HISTORY_ALL)
        put_all_tables(&out, vintages);
    else if (told)
        put_last_tables(&out, vintages);
    if (told && asked->open)
        put_table(&out, &asked->table, false, &asked->after);
    json_close_array(json);
    put_next(json, "tables_next", out.page);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void put_head(const struct liability *asked, struct json_out *json)
{
    const struct charter *charter = asked->api->charter;
    char text[PERIOD_TEXT_SIZE];
    period_text(charter, asked->period, text);
    json_put_word(json, "period", text);
    json_put_word(json, "state", asked->open ? "open" : "ended");
    if (day_text(period_first_day(charter, asked->period), text))
        json_put_word(json, "first_day", text);
    if (day_text(period_last_day(charter, asked->period), text))
        json_put_word(json, "last_day", text);
    put_tree(json, &asked->table);
}

static void respond(struct api_call *call, struct liability *asked)
{
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    api_put_now(asked->api, &json);
    json_open_object(&json, "ledger");
    api_put_ledger(asked->api, &json);
    json_close_object(&json);
    put_head(asked, &json);
    put_partners(asked, &json);
    put_rows(asked, &json);
    put_ageing(asked, &json);
    if (asked->history != HISTORY_NONE)
        put_tables(asked, &json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

/* False: answered. */
static bool read_history(struct api_call *call, enum history *history_out)
{
    static const char *const words[] = {"false", "last", "true"};
    struct bytes text;
    *history_out = HISTORY_NONE;
    if (!api_query(call, "history", &text))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (bytes_equal(text, bytes_text(words[i]))) {
            *history_out = (enum history)i;
            return true;
        }
    api_refuse(call, PROBLEM_MALFORMED, "history is true, last or false.");
    return false;
}

/* False: answered. */
static bool read_page(struct api_call *call, struct liability *asked)
{
    static const char *const filters[API_FILTERS_MAX] = {"partner", "history", "rows_from",
                                                         "ageing_from"};
    struct page *pages[] = {&asked->tables, &asked->rows, &asked->ageing};
    struct bytes text;
    uint64_t from = 0, limit = 0;
    if (!api_page_of(call, "tables_from", filters, &from, &limit) ||
        !read_history(call, &asked->history) ||
        !api_query_place(call, "tables_from", &asked->tables.given, &asked->tables.from) ||
        !api_query_place(call, "rows_from", &asked->rows.given, &asked->rows.from) ||
        !api_query_place(call, "ageing_from", &asked->ageing.given, &asked->ageing.from))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        pages[i]->limit = api_query(call, "limit", &text) ? limit : ROWS_PAGE;
    return true;
}

/* False: answered. */
static bool read_query(struct api_call *call, struct liability *asked)
{
    const struct charter *charter = state_charter(api_state(call->api));
    struct bytes text;
    if (!read_page(call, asked))
        return false;
    if (!api_query(call, "partner", &text))
        return true;
    asked->of_one = true;
    for (uint16_t i = 0; i < charter->partner_count; i++)
        if (bytes_equal(text, bytes_text(charter->partners[i].name))) {
            asked->funder.v = i;
            return true;
        }
    api_refuse(call, PROBLEM_MALFORMED, "There is no such partner.");
    return false;
}

/* A look through a funder's cards: once, not for each row. */
static void find_prices(struct liability *asked)
{
    const struct state *state = api_state(asked->api);
    size_t count = state_charter(state)->partner_count;
    asked->prices = allocate(count, sizeof(*asked->prices));
    for (size_t i = 0; i < count; i++)
        asked->prices[i].known = state_highest_reimbursement(
            state, (struct partner_id){(uint16_t)i}, &asked->prices[i].highest);
}

/* False: it is not known. */
static bool find(struct liability *asked)
{
    const struct state *state = api_state(asked->api);
    const struct periods *periods = state_periods(state);
    const struct vintages *vintages = state_vintages(state);
    const struct vintage_table *table = vintages_find(vintages, asked->period);
    asked->open = periods->begun && asked->period == periods->open;
    if (asked->open) {
        state_vintages_now(state, &asked->after);
        asked->table = (struct vintage_table){
            .period = asked->period, .hash = vintage_rows_hash(&asked->after, asked->period)};
    } else if (table && !table->carried) {
        vintages_at(vintages, asked->period, &asked->after);
        asked->table = *table;
    } else {
        return false;
    }
    if (asked->period > 0)
        vintages_at(vintages, asked->period - 1, &asked->before);
    return true;
}

void api_get_liability(struct api_call *call)
{
    struct liability asked = {.api = call->api};
    if (!api_argument_period(call, &asked.period) || !read_query(call, &asked))
        return;
    if (!find(&asked)) {
        api_refuse(call, PROBLEM_NOT_FOUND,
                   asked.period > state_periods(api_state(call->api))->open
                       ? "It has not begun."
                       : "No points moved in it, or it is not kept any more.");
        return;
    }
    find_prices(&asked);
    respond(call, &asked);
    free(asked.prices);
    vintage_rows_release(&asked.before);
    vintage_rows_release(&asked.after);
}
