// links: node
// also: sim/disk.c
/* The points that funders stand for, over the API: rolled forward, by expiry, and in pages. */
#include "unit/api_january.h"

#include "node/report.h"

#define FEBRUARY  "/v1/periods/2027-02"
#define LIABILITY "/liability?history=true"

/* What was told, read back and made into a report, has this in it. */
static void check_report_has(const char *part)
{
    struct liability_view *view = NULL;
    struct buffer out;
    struct error error;
    REQUIRE(liability_view_read(answer.json, w->charter, &view, &error));
    struct report_request request = {.liability = view};
    buffer_init(&out, REPORT_SIZE_MAX);
    CHECK(report_write("liability", REPORT_CSV, &request, &out, &error));
    CHECK(strstr(buffer_text(&out), part));
    buffer_release(&out);
    liability_view_close(view);
}

CASE(points_are_rolled_forward_by_vintage)
{
    open_january();
    CHECK_INT(get(BOOKS, JANUARY "/liability"), 200);
    CHECK_TEXT(word("state"), "open");
    CHECK(json_is_null(json_object_get(answer.json, "records")) && count_of("tables") == 0);
    CHECK_TEXT(word_in(item("rows", 0), "closing"), "200");
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(post(BOOKS, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":50}"), 200);
    CHECK_INT(get(BOOKS, JANUARY LIABILITY), 200);
    CHECK_TEXT(word("state"), "ended");
    check_report_has("grocer,2027-01,0,350,150,0,0,0,200,0,0.00,1.80");
    CHECK_INT(get(BOOKS, FEBRUARY LIABILITY), 200); /* begins as January ended */
    CHECK_INT(count_of("tables"), 2);
    check_report_has("grocer,2027-01,200,0,50,0,0,0,150,0,1.80,1.35");
    CHECK_TEXT(word_in(item("ageing", 0), "remaining"), "150");
    CHECK(json_is_null(json_object_get(item("ageing", 0), "expires")));
    close_all();
}

/* As `accrue report` asks: pages of one row, joined, are what one answer has. */
static void get_in_pages(const char *target, size_t expected_pages)
{
    struct error error;
    json_t *earlier = NULL;
    uint64_t from = 0;
    size_t pages = 0;
    char page[128];
    do {
        snprintf(page, sizeof(page), "%s&limit=1&tables_from=%llu", target,
                 (unsigned long long)from);
        CHECK_INT(get(BOOKS, page), 200);
        CHECK(count_of("rows") == 0 && count_of("ageing") == 0);
        REQUIRE(!earlier || liability_view_join(earlier, answer.json, &error));
        json_decref(earlier);
        earlier = json_incref(answer.json);
        pages++;
    } while (liability_view_next(earlier, &from) && pages < 100);
    CHECK_INT(pages, expected_pages);
    json_decref(earlier);
}

/* Points of two vintages, so that a table has two rows. */
CASE(tables_are_told_in_pages)
{
    static const struct {
        const char *history;
        size_t pages;
        const char *told; /* periods */
    } cases[] = {{FEBRUARY "/liability?history=true", 3, "2027-01 2027-02 "},
                 {FEBRUARY "/liability?history=last", 3, "2027-01 2027-02 "},
                 {"/v1/periods/2027-03/liability?history=true", 5, "2027-01 2027-02 2027-03 "},
                 {"/v1/periods/2027-03/liability?history=last", 4, "2027-02 2027-03 "},
                 {JANUARY "/liability?history=last", 1, "2027-01 "}};
    open_january();
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":40}"), 200);
    CHECK_INT(post(BOOKS, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":50}"), 200);
    clock_to("2027-03-01T00:00:00Z");
    enrol_somebody();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char told[64] = "";
        CHECK_INT(get(BOOKS, cases[i].history), 200);
        json_t *whole = json_incref(json_object_get(answer.json, "tables"));
        for (size_t k = 0; k < json_array_size(whole); k++)
            snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s ",
                     word_in(json_array_get(whole, k), "period"));
        CHECK_TEXT(told, cases[i].told);
        CHECK(json_is_null(json_object_get(answer.json, "tables_next")));
        get_in_pages(cases[i].history, cases[i].pages);
        CHECK(json_equal(whole, json_object_get(answer.json, "tables")));
        json_decref(whole);
    }
    CHECK_INT(get(BOOKS, FEBRUARY "/liability?history=last"), 200);
    check_report_has("grocer,2027-01,200,0,50,0,0,0,150,0,1.80,1.35");
    close_all();
}

/* Pages of one row of a list, joined: what one answer has of it. The other list is empty. */
static json_t *list_in_pages(const char *target, const char *list, const char *other,
                             size_t *pages_out)
{
    json_t *all = json_array(), *next;
    long long from = 0;
    char page[128], name[32];
    snprintf(name, sizeof(name), "%s_next", list);
    *pages_out = 0;
    do {
        snprintf(page, sizeof(page), "%s%climit=1&%s_from=%lld", target,
                 strchr(target, '?') ? '&' : '?', list, from);
        CHECK_INT(get(BOOKS, page), 200);
        CHECK(count_of(list) <= 1 && count_of(other) == 0 && count_of("tables") == 0);
        json_array_extend(all, json_object_get(answer.json, list));
        next = json_object_get(answer.json, name);
        CHECK(json_is_null(next) || json_integer_value(next) > from);
        from = json_integer_value(next);
        ++*pages_out;
    } while (!json_is_null(next) && *pages_out < 100);
    return all;
}

CASE(points_by_vintage_and_by_expiry_are_told_in_pages)
{
    static const struct {
        const char *target;
        size_t rows, ageing;
    } cases[] = {{FEBRUARY "/liability", 3, 2},
                 {FEBRUARY "/liability?partner=grocer", 2, 1},
                 {FEBRUARY "/liability?partner=books", 1, 1},
                 {FEBRUARY "/liability?partner=cinema", 0, 0}};
    static const char *const lists[] = {"rows", "ageing"};
    open_january();
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":40}"), 200);
    CHECK_INT(post(BOOKS, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":30}"), 200);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
            size_t pages, expected = k == 0 ? cases[i].rows : cases[i].ageing;
            CHECK_INT(get(BOOKS, cases[i].target), 200);
            CHECK(json_is_null(json_object_get(answer.json, "rows_next")));
            CHECK(json_is_null(json_object_get(answer.json, "ageing_next")));
            json_t *whole = json_incref(json_object_get(answer.json, lists[k]));
            json_t *joined = list_in_pages(cases[i].target, lists[k], lists[1 - k], &pages);
            CHECK_INT(json_array_size(whole), expected);
            CHECK_INT(pages, expected > 0 ? expected : 1);
            CHECK(json_equal(whole, joined));
            json_decref(whole);
            json_decref(joined);
        }
    CHECK_INT(get(BOOKS, FEBRUARY "/liability?limit=2"), 200); /* the first page of each */
    CHECK_INT(count_of("rows"), 2);
    CHECK_INT(number("rows_next"), 2);
    CHECK_INT(count_of("ageing"), 2);
    CHECK_INT(get(BOOKS, FEBRUARY "/liability?rows_from=9000000"), 200);
    CHECK(count_of("rows") == 0 && json_is_null(json_object_get(answer.json, "rows_next")));
    close_all();
}

CASE(who_asks_for_points_asks_for_a_period_and_a_partner_that_there_are)
{
    open_january();
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(get(BOOKS, JANUARY "/liability?partner=books"), 200);
    CHECK_INT(count_of("rows"), 0);
    CHECK_INT(get(BOOKS, JANUARY "/liability?partner=nobody"), 400);
    CHECK_INT(get(BOOKS, JANUARY "/liability?vintage=2027-01"), 400);
    CHECK_INT(get(BOOKS, JANUARY "/liability?history=some"), 400);
    CHECK_INT(get(BOOKS, JANUARY "/liability?history=true&tables_from=x"), 400);
    CHECK_INT(get(BOOKS, JANUARY "/liability?rows_from=-1"), 400);
    CHECK_INT(get(BOOKS, JANUARY "/liability?ageing_from=x"), 400);
    CHECK_INT(get(BOOKS, "/v1/periods/2026-12/liability"), 404);
    CHECK_INT(ask(GROCER, "GET", JANUARY "/liability", TILL, NULL, NULL), 403);
    clock_to("2027-03-01T00:00:00Z");
    CHECK_INT(get(BOOKS, FEBRUARY "/liability"), 404); /* nothing moved in it */
    close_all();
}

int main(void)
{
    RUN(points_are_rolled_forward_by_vintage);
    RUN(tables_are_told_in_pages);
    RUN(points_by_vintage_and_by_expiry_are_told_in_pages);
    RUN(who_asks_for_points_asks_for_a_period_and_a_partner_that_there_are);
    return check_report();
}
