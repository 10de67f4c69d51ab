// links: node
/* What a node tells of the points that funders stand for, read back: it ties or is refused. And the
 * reports by vintage that are made of it. */
#include "unit/coalition.h"
#include "unit/pdf.h"

#include "node/liability_view.h"
#include "node/report.h"

#include <jansson.h>

enum { GROCER, BOOKS };
static const char *const partners[] = {"grocer", "books"};
enum { JANUARY = 672, TABLES = 4, ROWS_MAX = 5 }; /* of 2026 */

/* Vintages of the grocer that end with the month after; of each 30, 25 and 20 % break. */
struct told { /* a row, in whole points */
    uint16_t funder;
    const char *vintage, *expires;
    int spent, remaining, ended, expired;
};
static const struct told told[TABLES][ROWS_MAX] = {
    {{GROCER, "2026-01", "2026-02", 0, 100, 0, 0}},
    {{GROCER, "2026-01", "2026-02", 70, 30, 30, 0}, {GROCER, "2026-02", "2026-03", 0, 200, 0, 0}},
    {{GROCER, "2026-01", "2026-02", 70, 0, 0, 30},
     {GROCER, "2026-02", "2026-03", 150, 50, 50, 0},
     {GROCER, "2026-03", "2026-04", 0, 100, 0, 0}},
    {{GROCER, "2026-02", "2026-03", 150, 0, 0, 50},
     {GROCER, "2026-03", "2026-04", 80, 20, 20, 0},
     {GROCER, "2026-04", "2026-05", 0, 10, 0, 0},
     {BOOKS, "2026-04", NULL, 0, 5, 0, 0}},
};

/* ---- an answer ------------------------------------------------------------------------------- */

/* SHA-256 as the format says it, of all rows that stand. */
static json_t *hash_json(const struct vintage_rows *rows, uint32_t period)
{
    struct buffer bytes;
    char hex[HASH_HEX_SIZE + 1];
    buffer_init(&bytes, 1 << 16);
    put_u32be(buffer_extend(&bytes, 4), period);
    for (size_t i = 0; i < rows->count; i++) {
        uint8_t *at = buffer_extend(&bytes, 10);
        put_u16be(at, rows->at[i].funder.v);
        put_u32be(at + 2, rows->at[i].vintage);
        put_u32be(at + 6, rows->at[i].expires);
        for (size_t k = 0; k < VINTAGE_SUMS; k++) {
            at = buffer_extend(&bytes, 16);
            put_u64be(at, 0);
            put_u64be(at + 8, (uint64_t)rows->at[i].sums[k]);
        }
    }
    struct hash hash = hash_bytes(buffer_bytes(&bytes));
    hex_encode(hash_as_bytes(&hash), hex);
    buffer_release(&bytes);
    return json_string(hex);
}

static void put_sum(json_t *row, const char *name, int points)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", points);
    if (points != 0)
        json_object_set_new(row, name, json_string(text));
}

static json_t *row_json(const struct told *row, struct vintage_row *out)
{
    json_t *json = json_pack("{s:s, s:s, s:s?}", "funder", partners[row->funder], "vintage",
                             row->vintage, "expires", row->expires);
    put_sum(json, "spent", row->spent);
    put_sum(json, "remaining", row->remaining);
    put_sum(json, "ended", row->ended);
    put_sum(json, "expired", row->expired);
    *out = (struct vintage_row){.funder = {row->funder}, .expires = MONTH_NEVER};
    REQUIRE(month_from_name(row->vintage, &out->vintage));
    REQUIRE(!row->expires || month_from_name(row->expires, &out->expires));
    out->sums[POOL_SPENT] = (__int128)row->spent * BASIS_POINTS;
    out->sums[POOL_REMAINING] = (__int128)row->remaining * BASIS_POINTS;
    out->sums[VINTAGE_ENDED] = (__int128)row->ended * BASIS_POINTS;
    out->sums[POOL_EXPIRED] = (__int128)row->expired * BASIS_POINTS;
    return json;
}

static json_t *tables_json(const char *root, struct vintage_rows *whole)
{
    json_t *tables = json_array();
    for (uint32_t i = 0; i < TABLES; i++) {
        struct vintage_rows rows = {.at = NULL};
        char name[MONTH_NAME_SIZE];
        json_t *list = json_array();
        for (size_t k = 0; k < ROWS_MAX && told[i][k].vintage; k++) {
            struct vintage_row row;
            json_array_append_new(list, row_json(&told[i][k], &row));
            vintage_rows_add(&rows, &row);
        }
        vintage_rows_put(whole, &rows);
        vintage_rows_release(&rows);
        month_name(JANUARY + i, name);
        json_array_append_new(tables,
                              json_pack("{s:s, s:b, s:i, s:s, s:o, s:o}", "period", name, "carried",
                                        0, "records", 100 * (int)(i + 1), "root", root, "hash",
                                        hash_json(whole, JANUARY + i), "rows", list));
    }
    return tables;
}

static json_t *answer_json(void)
{
    struct hash root = hash_bytes(bytes_text("root"));
    struct vintage_rows whole = {.at = NULL};
    char root_text[BASE64_SIZE(HASH_SIZE) + 1];
    base64_encode(hash_as_bytes(&root), root_text);
    json_t *tables = tables_json(root_text, &whole);
    json_t *answer =
        json_pack("{s:s, s:b, s:s, s:{s:i, s:i, s:s}, s:s, s:s, s:s, s:s, s:i, s:s, s:o, s:o}",
                  "currency", "EUR", "sandbox", 0, "today", "2026-05-02", "ledger", "height", 9,
                  "records", 500, "root", root_text, "period", "2026-04", "state", "ended",
                  "first_day", "2026-04-01", "last_day", "2026-04-30", "records", 400, "root",
                  root_text, "hash", hash_json(&whole, JANUARY + 3), "tables", tables);
    json_object_set_new(answer, "partners",
                        json_pack("[{s:s, s:s}, {s:s, s:s}]", "partner", "grocer", "reimbursement",
                                  "0.009", "partner", "books", "reimbursement", "0.01"));
    vintage_rows_release(&whole);
    return answer;
}

static struct charter *open_charter(void)
{
    struct coalition_spec spec = {
        .names = {"grocer", "books"}, .face = "10000", .reimbursement = "9000"};
    return coalition_found(coalition_draft(&spec));
}

static bool make(const struct liability_view *view, const char *name, enum report_format format,
                 int partner, struct buffer *out)
{
    struct error error = {.text = ""};
    struct report_request request = {.liability = view, .has_partner = partner >= 0};
    request.partner.v = (uint16_t)(partner >= 0 ? partner : 0);
    buffer_init(out, REPORT_SIZE_MAX);
    REQUIRE(report_known(name, format, &error));
    return report_write(name, format, &request, out, &error);
}

static struct liability_view *read_view(const struct charter *charter, json_t *answer)
{
    struct liability_view *view = NULL;
    struct error error = {.text = ""};
    if (!liability_view_read(answer, charter, &view, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    return view;
}

/* ---- reading --------------------------------------------------------------------------------- */

CASE(what_is_told_is_read)
{
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct liability_view *view = read_view(charter, answer);
    CHECK_TEXT(view->name, "2026-04");
    CHECK(view->rooted && !view->open);
    CHECK_INT(view->records, 400);
    CHECK_INT(view->month, JANUARY + 4);
    CHECK_INT(view->tables.count, TABLES);
    CHECK_INT(view->before.count, 3);
    CHECK_INT(view->after.count, 5);
    CHECK_INT(view->partners[BOOKS].reimbursement.v, 10000);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* One value of the answer, of a table (from 0) or of a row of it, is another. */
static const struct {
    int table, row; /* -1: not of one */
    const char *name, *value, *why;
} wrongs[] = {
    {-1, -1, "currency", "CHF", "'currency'"},
    {-1, -1, "state", "final", "'state'"},
    {-1, -1, "period", "2026-03", "'tables'"},
    {-1, -1, "period", "April", "'period'"},
    {-1, -1, "today", "tomorrow", "'today'"},
    {-1, -1, "root", "x", "'root'"},
    {-1, -1, "hash", "00", "'hash'"},
    {-1, -1, "hash", "0000000000000000000000000000000000000000000000000000000000000000",
     "'tables'"},
    {-1, -1, "partners", NULL, "'partners'"},
    {-1, -1, "tables", NULL, "'tables'"},
    {1, -1, "period", "2026-01", "'period'"},
    {1, -1, "hash", "0000000000000000000000000000000000000000000000000000000000000000",
     "the hash of 2026-02"},
    {1, -1, "rows", NULL, "'rows'"},
    {1, 1, "funder", "nobody", "'funder'"},
    {1, 1, "vintage", "2026-13", "'vintage'"},
    {1, 1, "expires", "soon", "'expires'"},
    {1, 1, "vintage", "2025-12", "not in order"},
    {1, 1, "remaining", "-1", "'remaining'"},
    {1, 1, "remaining", "0.00001", "'remaining'"},
    {1, 1, "remaining", "199", "the hash of 2026-02"},
    {1, 0, "ended", "31", "were unmade"},
    {1, 0, "spent", "1", "were unmade"},
};

CASE(what_does_not_tie_is_refused)
{
    struct charter *charter = open_charter();
    for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
        json_t *answer = answer_json(), *of = answer;
        struct liability_view *view = NULL;
        struct error error = {.text = ""};
        if (wrongs[i].table >= 0)
            of = json_array_get(json_object_get(of, "tables"), (size_t)wrongs[i].table);
        if (wrongs[i].row >= 0)
            of = json_array_get(json_object_get(of, "rows"), (size_t)wrongs[i].row);
        if (wrongs[i].value)
            json_object_set_new(of, wrongs[i].name, json_string(wrongs[i].value));
        else
            json_object_del(of, wrongs[i].name);
        CHECK(!liability_view_read(answer, charter, &view, &error));
        if (!strstr(error.text, wrongs[i].why))
            printf("%zu: %s\n", i, error.text);
        CHECK(strstr(error.text, wrongs[i].why));
        json_decref(answer);
    }
    charter_close(charter);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* The answer with one row of its tables, the `number`th of all; *more_out: there are later ones. */
static json_t *page_of(size_t number, bool *more_out)
{
    json_t *answer = answer_json(), *all = json_object_get(answer, "tables"), *one = NULL, *table;
    size_t i, before = 0;
    *more_out = false;
    json_array_foreach(all, i, table)
    {
        json_t *rows = json_object_get(table, "rows");
        size_t count = json_array_size(rows);
        if (number >= before && number < before + count) {
            one = json_deep_copy(table);
            json_object_set_new(one, "rows",
                                json_pack("[O]", json_array_get(rows, number - before)));
        }
        *more_out = *more_out || before + count > number + 1;
        before += count;
    }
    REQUIRE(one);
    json_object_set_new(answer, "tables", json_pack("[o]", one));
    json_object_set_new(answer, "tables_next",
                        *more_out ? json_integer((json_int_t)number + 1) : json_null());
    return answer;
}

CASE(tables_come_in_pages_of_which_one_may_have_a_part)
{
    struct charter *charter = open_charter();
    struct liability_view *view = NULL;
    struct error error = {.text = ""};
    bool more = true;
    uint64_t next = 0;
    json_t *answer = page_of(0, &more);
    while (more) {
        json_t *earlier = answer;
        CHECK(!liability_view_read(answer, charter, &view, &error));
        CHECK(strstr(error.text, "'tables_next'"));
        REQUIRE(liability_view_next(answer, &next));
        answer = page_of((size_t)next, &more);
        REQUIRE(liability_view_join(earlier, answer, &error));
        json_decref(earlier);
    }
    CHECK_INT(next, 9); /* ten rows */
    json_t *whole = answer_json();
    CHECK(json_equal(json_object_get(whole, "tables"), json_object_get(answer, "tables")));
    view = read_view(charter, answer);
    CHECK_INT(view->after.count, 5);
    liability_view_close(view);
    json_decref(whole);
    json_decref(answer);
    charter_close(charter);
}

CASE(pages_that_do_not_go_together_are_refused)
{
    static const struct {
        const char *name, *value, *why;
    } cases[] = {
        {"hash", "0000", "points moved"}, {"rows", "none", "'rows'"}, {NULL, NULL, "'tables'"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error error = {.text = ""};
        bool more = false;
        json_t *earlier = page_of(1, &more), *answer = page_of(2, &more); /* of one table */
        json_t *tables = json_object_get(answer, "tables");
        if (cases[i].name)
            json_object_set_new(json_array_get(tables, 0), cases[i].name,
                                json_string(cases[i].value));
        else
            json_array_clear(tables);
        CHECK(!liability_view_join(earlier, answer, &error));
        CHECK(strstr(error.text, cases[i].why));
        json_decref(earlier);
        json_decref(answer);
    }
}

/* ---- reports --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int partner; /* -1: all */
    const char *parts[6], *absent;
} sheets[] = {
    {"liability",
     -1,
     {"grocer,2026-03,100,0,80,0,20,0,0,20,0.90,0.00\r\n",
      "grocer,2026-04,0,10,0,0,0,0,10,0,0.00,0.09\r\n",
      "books,2026-04,0,5,0,0,0,0,5,0,0.00,0.05\r\n"},
     "2026-02,"}, /* nothing of it is left, and nothing moved */
    {"liability", BOOKS, {"books,2026-04,0,5,"}, "grocer"},
    {"ageing",
     -1,
     {"grocer,2026-05,0,10,0,10,0.09\r\n", "books,,0,5,0,5,0.05\r\n"},
     "2026-04,2026-04"},
    {"breakage",
     -1,
     {"2026-01,0,2026-01,100,0,0,0,100,0.00,0.00,0.00,100.00\r\n",
      "2026-01,1,2026-02,100,70,0,30,0,70.00,0.00,30.00,0.00\r\n",
      "2026-02,1,2026-03,200,150,0,50,0,75.00,0.00,25.00,0.00\r\n",
      "2026-04,0,2026-04,15,0,0,0,15,"},
     "2026-01,2,"}, /* told once */
    {"breakage", BOOKS, {"2026-04,0,2026-04,5,0,0,0,5,"}, "2026-01"},
    {"deferred",
     -1,
     {"grocer,2026-01,closed,100,0,0,70,30,0,0.00,30.00,\r\n",
      "grocer,2026-03,closed,100,0,80,80,20,0,0.00,20.00,\r\n",
      "grocer,2026-04,open,10,0,0,0,0,10,0.09,,25.00\r\n",
      "books,2026-04,open,5,0,0,0,0,5,0.05,,not enough data\r\n"},
     NULL},
};

CASE(sheets_say_what_the_tables_say)
{
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct liability_view *view = read_view(charter, answer);
    for (size_t i = 0; i < ARRAY_SIZE(sheets); i++) {
        struct buffer out;
        CHECK(make(view, sheets[i].name, REPORT_CSV, sheets[i].partner, &out));
        const char *text = buffer_text(&out);
        for (size_t k = 0; sheets[i].parts[k]; k++) {
            CHECK(strstr(text, sheets[i].parts[k]));
            if (!strstr(text, sheets[i].parts[k]))
                printf("%s: no %s in\n%s", sheets[i].name, sheets[i].parts[k], text);
        }
        CHECK(!sheets[i].absent || !strstr(text, sheets[i].absent));
        buffer_release(&out);
    }
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* A funder with a card in a currency without a rate: its points have no value, not one of nothing.
 */
CASE(what_cannot_be_valued_is_said_to_be_so)
{
    static const struct {
        const char *name;
        enum report_format format;
        const char *part;
    } cases[] = {{"liability", REPORT_CSV, "grocer,2026-04,0,10,0,0,0,0,10,0,,\r\n"},
                 {"ageing", REPORT_CSV, "grocer,2026-05,0,10,0,10,\r\n"},
                 {"deferred", REPORT_CSV, "grocer,2026-04,open,10,0,0,0,0,10,,,25.00\r\n"},
                 {"deferred", REPORT_CSV, "books,2026-04,open,5,0,0,0,0,5,0.05,"},
                 {"ageing", REPORT_JSON, "\"outstanding_value\":null"},
                 {"ageing", REPORT_HTML, "<td class=\"n\">no rate</td>"}};
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    json_object_set_new(json_array_get(json_object_get(answer, "partners"), GROCER),
                        "reimbursement", json_null());
    struct liability_view *view = read_view(charter, answer);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buffer out;
        CHECK(make(view, cases[i].name, cases[i].format, -1, &out));
        CHECK(strstr(buffer_text(&out), cases[i].part));
        buffer_release(&out);
    }
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

CASE(every_form_names_checkpoint_and_hash_and_how_they_are_verified)
{
    static const char *const names[] = {"liability", "ageing", "breakage", "deferred"};
    static const enum report_format formats[] = {REPORT_CSV, REPORT_JSON, REPORT_HTML};
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct liability_view *view = read_view(charter, answer);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        for (size_t k = 0; k < ARRAY_SIZE(formats); k++) {
            struct buffer out;
            CHECK(make(view, names[i], formats[k], -1, &out));
            const char *text = buffer_text(&out);
            CHECK(strstr(text, json_string_value(json_object_get(answer, "hash"))));
            CHECK(strstr(text, json_string_value(json_object_get(answer, "root"))));
            CHECK(formats[k] == REPORT_CSV || strstr(text, "accrue audit"));
            CHECK(formats[k] != REPORT_HTML || strcmp(names[i], "deferred") == 0 ||
                  strstr(text, "<svg"));
            json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
            CHECK((formats[k] == REPORT_JSON) == (json != NULL));
            json_decref(json);
            buffer_release(&out);
        }
    CHECK(report_needs_history("breakage") && !report_needs_history("deferred"));
    CHECK(report_needs_liability("breakage") && !report_needs_liability("statement"));
    CHECK(report_scope("ageing", REPORT_CSV) == REPORT_OF_EITHER);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* Of the open period the last table is what stands now, and the checkpoint the node's own. */
CASE(what_is_open_says_so)
{
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct buffer out;
    json_object_set_new(answer, "state", json_string("open"));
    json_object_set_new(answer, "records", json_null());
    json_object_set_new(answer, "root", json_null());
    json_object_set_new(answer, "today", json_string("2026-04-15"));
    struct liability_view *view = read_view(charter, answer);
    CHECK(view->open && !view->rooted);
    CHECK_INT(view->records, 500);
    CHECK_INT(view->month, JANUARY + 3);
    CHECK(make(view, "deferred", REPORT_CSV, GROCER, &out));
    CHECK(strstr(buffer_text(&out), "grocer,2026-03,closed,"));
    CHECK(strstr(buffer_text(&out), "grocer,2026-04,open,"));
    buffer_release(&out);
    CHECK(make(view, "liability", REPORT_HTML, -1, &out));
    CHECK(strstr(buffer_text(&out), "Preliminary: the period is open"));
    buffer_release(&out);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* ---- on paper -------------------------------------------------------------------------------- */

static void make_pdf(const struct liability_view *view, const char *name, int partner,
                     struct buffer *out)
{
    struct buffer again;
    CHECK(make(view, name, REPORT_PDF, partner, out));
    CHECK(out->size > 1000 && memcmp(out->at, "%PDF-", 5) == 0);
    CHECK(make(view, name, REPORT_PDF, partner, &again));
    CHECK(bytes_equal(buffer_bytes(out), buffer_bytes(&again)));
    buffer_release(&again);
}

CASE(a_pdf_says_what_the_sheet_says)
{
    static const struct {
        const char *name;
        const char *parts[7];
    } cases[] = {{"liability",
                  {"Liability by vintage", "Opening", "value", "Page 1 of 2", "all partners",
                   "Outstanding points by the month in which they were made", "2026-04-liability"}},
                 {"ageing",
                  {"Outstanding points by month of expiry", "2026-05", "0.09", "no rate", "never"}},
                 {"breakage",
                  {"Breakage curve by vintage", "Redeemed by age, in %", "Expired by age, in %",
                   "70.00", "25 %", "1 month"}},
                 {"deferred",
                  {"Inputs of deferred revenue (IFRS 15)", "not enough data", "25.00", "closed"}}};
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct liability_view *view = read_view(charter, answer);
    view->partners[BOOKS].rated = false;
    const char *const sources[] = {json_string_value(json_object_get(answer, "hash")),
                                   json_string_value(json_object_get(answer, "root")),
                                   charter->origin,
                                   charter->name,
                                   "2026-04-01 to 2026-04-30",
                                   "checkpoint 400",
                                   "accrue audit"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct buffer out, text;
        size_t count = 0;
        make_pdf(view, cases[i].name, -1, &out);
        while (count < ARRAY_SIZE(cases[i].parts) && cases[i].parts[count])
            count++;
        if (pdf_readable()) {
            pdf_read(&out, cases[i].name, &text);
            pdf_check_has(&text, cases[i].parts, count);
            pdf_check_has(&text, sources, ARRAY_SIZE(sources));
            CHECK(!strstr(buffer_text(&text), "Preliminary"));
            buffer_release(&text);
        }
        buffer_release(&out);
    }
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* All of them are in the month of their issue: the scale has two ends all the same. */
CASE(a_curve_of_one_month_has_a_scale)
{
    struct charter *charter = open_charter();
    json_t *answer = answer_json(), *tables = json_object_get(answer, "tables");
    struct buffer out;
    while (json_array_size(tables) > 1)
        json_array_remove(tables, 1);
    json_object_set_new(answer, "period", json_string("2026-01"));
    json_object_set_new(answer, "first_day", json_string("2026-01-01"));
    json_object_set_new(answer, "last_day", json_string("2026-01-31"));
    json_object_set_new(answer, "records", json_integer(100));
    json_object_set(answer, "hash", json_object_get(json_array_get(tables, 0), "hash"));
    struct liability_view *view = read_view(charter, answer);
    REQUIRE(make(view, "breakage", REPORT_HTML, -1, &out));
    CHECK(strstr(buffer_text(&out), ">1 month<") != NULL);
    CHECK(strstr(buffer_text(&out), ">0 months<") == NULL);
    buffer_release(&out);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* Vintages of forty years, of points in millions: pages in landscape, each below the table's head.
 */
CASE(a_long_sheet_goes_over_pages_with_its_head)
{
    enum { YEARS = 40 };
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct liability_view *view = read_view(charter, answer);
    struct buffer out, text;
    for (uint32_t i = 0; i < YEARS * 12; i++) {
        struct vintage_row row = {.vintage = i, .expires = MONTH_NEVER};
        row.sums[POOL_REMAINING] = (__int128)(123456789 + 1000 * i) * BASIS_POINTS + 5000;
        row.sums[POOL_SPENT] = (__int128)98765432 * BASIS_POINTS;
        vintage_rows_add(&view->after, &row);
    }
    vintage_rows_settle(&view->after);
    struct vintage_row reversed = {.expires = MONTH_NEVER};
    reversed.sums[POOL_SPENT] = (__int128)(98765432 + 1234567) * BASIS_POINTS;
    vintage_rows_add(&view->before, &reversed);
    vintage_rows_settle(&view->before);
    make_pdf(view, "liability", GROCER, &out);
    if (pdf_readable()) {
        static const char *const parts[] = {"1970-01",
                                            "2009-12",
                                            "123,935,789.5",
                                            ("\xe2\x88\x92"
                                             "1,234,567"),
                                            "Page 1 of 17",
                                            "Page 17 of 17",
                                            "2026-04-liability-grocer"};
        size_t heads = 0;
        pdf_read(&out, "long", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        for (const char *at = buffer_text(&text); (at = strstr(at, "Clawed")); at++)
            heads++;
        CHECK_INT(heads, 17);
        CHECK(!strstr(buffer_text(&text), "books"));
        buffer_release(&text);
    }
    buffer_release(&out);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

/* Of a partner that never issued, in a sandbox, while the period is open. */
CASE(a_pdf_without_rows_says_so)
{
    struct charter *charter = open_charter();
    json_t *answer = answer_json();
    struct buffer out, text;
    json_object_set_new(answer, "state", json_string("open"));
    json_object_set_new(answer, "today", json_string("2026-04-15"));
    struct liability_view *view = read_view(charter, answer);
    vintage_rows_release(&view->after);
    vintage_rows_release(&view->before);
    charter->sandbox = true;
    make_pdf(view, "liability", BOOKS, &out);
    if (pdf_readable()) {
        static const char *const parts[] = {"There are no such points.",
                                            "SANDBOX: not real money",
                                            "open, preliminary",
                                            "Preliminary: the period is open",
                                            "Page 1 of 1",
                                            "2026-04-liability-books"};
        pdf_read(&out, "empty", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        buffer_release(&text);
    }
    buffer_release(&out);
    liability_view_close(view);
    json_decref(answer);
    charter_close(charter);
}

int main(void)
{
    pdf_begin();
    RUN(what_is_told_is_read);
    RUN(what_does_not_tie_is_refused);
    RUN(sheets_say_what_the_tables_say);
    RUN(tables_come_in_pages_of_which_one_may_have_a_part);
    RUN(pages_that_do_not_go_together_are_refused);
    RUN(what_cannot_be_valued_is_said_to_be_so);
    RUN(every_form_names_checkpoint_and_hash_and_how_they_are_verified);
    RUN(what_is_open_says_so);
    RUN(a_pdf_says_what_the_sheet_says);
    RUN(a_curve_of_one_month_has_a_scale);
    RUN(a_long_sheet_goes_over_pages_with_its_head);
    RUN(a_pdf_without_rows_says_so);
    pdf_end();
    return check_report();
}
