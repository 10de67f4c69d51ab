// links: node
#include "check.h"

#include "node/import_rates.h"

#include "unit/coalition.h"

#include <unistd.h>

static const char earns[] =
    "{\"type\":\"earn\",\"key\":\"b-\",\"member\":{\"column\":\"who\"},"
    "\"points\":{\"column\":\"cents\",\"divisor\":100},"
    "\"minimum\":{\"column\":\"cents\",\"value\":100},\"time\":{\"column\":\"when\"},"
    "\"document\":{\"column\":\"doc\"},"
    "\"partner\":{\"column\":\"shop\",\"modulo\":2,\"of\":[\"grocer\",\"books\"]}}";
static const char redeems[] =
    "{\"type\":\"redeem\",\"key\":\"\",\"member\":{\"column\":\"who\"},\"points\":{\"value\":50},"
    "\"time\":{\"column\":\"day\",\"suffix\":\"T23:59:59\"},\"partner\":{\"value\":\"fuel\"}}";

static struct import_plan plan;
static struct error error;

static void write_file(char path[32], const char *contents)
{
    snprintf(path, 32, "/tmp/test_import.XXXXXX");
    int file = mkstemp(path);
    REQUIRE(file >= 0);
    REQUIRE(write(file, contents, strlen(contents)) == (ssize_t)strlen(contents));
    close(file);
}

/* Opens a plan of one or two files; NULL: none. */
static bool open_plan(const char *first, const char *first_csv, const char *second,
                      const char *second_csv)
{
    char text[2048];
    char paths[2][32];
    const char *list[2] = {paths[0], paths[1]};
    snprintf(text, sizeof(text), "{\"sources\":[%s%s%s]}", first, second ? "," : "",
             second ? second : "");
    json_t *mapping = json_loads(text, 0, NULL);
    REQUIRE(mapping);
    write_file(paths[0], first_csv);
    write_file(paths[1], second_csv ? second_csv : "");
    bool ok = import_plan_open(mapping, list, second ? 2 : 1, bytes_text("a secret of 16 bytes"),
                               &plan, &error);
    unlink(paths[0]);
    unlink(paths[1]);
    json_decref(mapping);
    return ok;
}

CASE(events_stand_in_time_order_and_a_redemption_after_its_day)
{
    char key[72];
    REQUIRE(open_plan(earns,
                      "who,cents,when,doc,shop\n"
                      "ann,250,2017-01-02T10:00:00,d1,4\n"
                      "bob,99,2017-01-01T10:00:00,d2,4\n"
                      "ann,1099,2017-01-01T23:59:59,d3,7\n"
                      "ann,100,2017-01-01T23:59:59,d4,7\n",
                      redeems, "day,who\n2017-01-01,ann\n"));
    CHECK_INT(plan.event_count, 4);
    CHECK_INT(plan.skipped, 1);
    CHECK_INT(plan.reject_count, 0);
    CHECK_INT(plan.member_count, 1);
    CHECK_INT(plan.events[0].points, 10);
    CHECK_TEXT(import_document(&plan, &plan.events[0]), "d3");
    CHECK_TEXT(plan.partners[plan.events[0].partner], "books");
    CHECK_TEXT(import_document(&plan, &plan.events[1]), "d4");
    CHECK_INT(plan.events[2].type, IMPORT_REDEEM);
    CHECK_TEXT(plan.partners[plan.events[2].partner], "fuel");
    CHECK(import_document(&plan, &plan.events[2]) == NULL);
    CHECK_TEXT(plan.partners[plan.events[3].partner], "grocer");
    CHECK_INT(plan.events[0].next, 1);
    CHECK_INT(plan.events[2].next, 3);
    CHECK_INT(plan.events[3].next, UINT32_MAX);
    import_key(&plan, &plan.events[0], key);
    CHECK_TEXT(key, "b-3");
    import_key(&plan, &plan.events[2], key);
    CHECK_TEXT(key, "1");
    import_plan_release(&plan);
}

CASE(a_wrong_row_is_left_out_with_its_line_and_the_reason)
{
    REQUIRE(open_plan(earns,
                      "who,cents,when,doc,shop\n"
                      "ann,2x,2017-01-02,d1,4\n"
                      "ann,200,2017-02-30,d1,4\n"
                      ",200,2017-01-02,d1,4\n"
                      "ann,200,2017-01-02,d1,four\n"
                      "ann,99999999999999,2017-01-02,d1,4\n"
                      "ann,200\n"
                      "a\"b,200,2017-01-02,d1,4\n"
                      "ann,200,2017-01-02,d1,4\n",
                      NULL, NULL));
    static const char *const why[] = {"minimum", "time",    "member", "partner",
                                      "points",  "partner", "a quote"};
    CHECK_INT(plan.event_count, 1);
    CHECK_INT(plan.reject_count, ARRAY_SIZE(why));
    for (size_t i = 0; i < ARRAY_SIZE(why) && i < plan.reject_count; i++) {
        CHECK_INT(plan.rejects[i].line, i + 2);
        CHECK(strncmp(plan.rejects[i].why, why[i], strlen(why[i])) == 0);
    }
    import_plan_release(&plan);
}

CASE(a_member_is_the_same_in_every_file_and_known_by_hmac_only)
{
    REQUIRE(open_plan(earns, "who,cents,when,doc,shop\n7,200,2017-01-02,d1,4\n", redeems,
                      "day,who\n2017-01-01,7\n2017-01-01,8\n"));
    CHECK_INT(plan.member_count, 2);
    struct hash hash = hmac(bytes_text("a secret of 16 bytes"), bytes_text("7"));
    CHECK(memcmp(plan.members[0].at, hash.at, MEMBER_REF_SIZE) == 0);
    import_plan_release(&plan);
}

/* ---- currencies ------------------------------------------------------------------------------ */

static const char foreign[] =
    "{\"type\":\"earn\",\"key\":\"b-\",\"member\":{\"column\":\"who\"},"
    "\"points\":{\"column\":\"cents\",\"divisor\":100},\"time\":{\"column\":\"when\"},"
    "\"currency\":{\"column\":\"money\"},\"partner\":{\"column\":\"shop\"}}";
static const char page[] =
    "{\"exchange_rates\":[{\"partner\":\"grocer\",\"currency\":\"NOK\",\"days\":["
    "{\"day\":\"2027-01-02\",\"rate\":\"1000000.00\"}]},"
    "{\"partner\":\"grocer\",\"currency\":\"SEK\",\"days\":["
    "{\"day\":\"2027-01-20\",\"rate\":\"0.0871\"},{\"day\":\"2027-01-10\",\"rate\":\"0.5\"}]}],"
    "\"next\":null}";

/* A charter of two partners, an hour east of Greenwich, and what the first has published. */
static void told(struct import_rates *rates)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *draft = coalition_draft(&spec);
    draft->transitions[0].offset_s = 3600;
    *rates = (struct import_rates){.charter = coalition_found(draft)};
    json_t *json = json_loads(page, 0, NULL);
    REQUIRE(json && import_rates_add(rates, 0, json, &error));
    json_decref(json);
}

CASE(rows_in_other_currencies_go_by_their_partners_rate_of_the_day)
{
    struct import_rates rates;
    told(&rates);
    REQUIRE(open_plan(foreign,
                      "who,cents,when,money,shop\n"
                      "ann,24900,2027-01-20T10:00:00,SEK,grocer\n" /* 21.6879 */
                      "ann,4800,2027-01-17T22:59:59,SEK,grocer\n"  /* 24, of the 10th */
                      "ann,4800,2027-01-17T23:00:00,SEK,grocer\n"  /* the 18th there: none */
                      "ann,24900,2027-01-20T10:00:01,SEK,books\n"
                      "ann,250,2027-01-20T10:00:02,EUR,grocer\n"
                      "ann,350,2027-01-20T10:00:03,,grocer\n"
                      "ann,1100,2027-01-20T10:00:04,SEK,grocer\n" /* 0.9581 */
                      "ann,24900,2027-01-20T10:00:05,sek,grocer\n"
                      "ann,9223372036854775807,2027-01-02T10:00:00,NOK,grocer\n",
                      NULL, NULL));
    struct hash before = plan.fingerprint;
    CHECK_INT(plan.foreign_count, 7);
    CHECK_INT(plan.reject_count, 1);
    import_convert(&plan, import_rates_find, &rates);
    CHECK_INT(plan.foreign_count, 0);
    CHECK(!hash_equal(&before, &plan.fingerprint));
    static const int64_t points[] = {24, 21, 2, 3};
    REQUIRE(plan.event_count == ARRAY_SIZE(points));
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        CHECK_INT(plan.events[i].points, points[i]);
        CHECK_INT(plan.events[i].next, i + 1 < ARRAY_SIZE(points) ? i + 1 : UINT32_MAX);
    }
    static const struct {
        uint64_t line;
        const char *why;
    } rejects[] = {{9, "currency: \"sek\""},
                   {10, "points: 9223372036854775807 is not"},
                   {4, "currency: no rate of SEK was published for 2027-01-18 or the 7 days"},
                   {5, "currency: no rate of SEK was published for 2027-01-20"},
                   {8, "points: 0 is not"}};
    REQUIRE(plan.reject_count == ARRAY_SIZE(rejects));
    for (size_t i = 0; i < ARRAY_SIZE(rejects); i++) {
        CHECK_INT(plan.rejects[i].line, rejects[i].line);
        CHECK(strncmp(plan.rejects[i].why, rejects[i].why, strlen(rejects[i].why)) == 0);
    }
    import_plan_release(&plan);
    import_rates_release(&rates);
}

CASE(what_is_no_page_of_rates_is_refused)
{
    static const char *const bad[] = {
        "{}",
        "{\"exchange_rates\":7}",
        "{\"exchange_rates\":[7]}",
        "{\"exchange_rates\":[{\"currency\":\"SEK\",\"days\":[]}]}",
        "{\"exchange_rates\":[{\"currency\":\"SEKX\",\"days\":[{\"day\":\"2027-01-02\",\"rate\":"
        "\"1\"}]}]}",
        "{\"exchange_rates\":[{\"currency\":\"EUR\",\"days\":[{\"day\":\"2027-01-02\",\"rate\":"
        "\"1\"}]}]}",
        "{\"exchange_rates\":[{\"currency\":\"SEK\",\"days\":[{\"day\":\"2027-01-32\",\"rate\":"
        "\"1\"}]}]}",
        "{\"exchange_rates\":[{\"currency\":\"SEK\",\"days\":[{\"day\":\"2027-01-02\",\"rate\":"
        "\"0\"}]}]}",
        "{\"exchange_rates\":[{\"currency\":\"SEK\",\"days\":[{\"day\":\"2027-01-02\",\"rate\":1}]}"
        "]}",
        "{\"exchange_rates\":[{\"currency\":\"SEK\",\"days\":[{},{},{},{},{},{},{},{},{}]}]}",
        page, /* once more */
    };
    struct import_rates rates;
    told(&rates);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        json_t *json = json_loads(bad[i], 0, NULL);
        REQUIRE(json);
        CHECK(!import_rates_add(&rates, 0, json, &error));
        CHECK_INT(error.code, ERROR_INVALID);
        json_decref(json);
    }
    CHECK_INT(rates.rates.count, 2);
    import_rates_release(&rates);
}

CASE(only_an_earn_with_a_column_of_points_has_a_currency)
{
    static const char *const bad[] = {
        "{\"type\":\"redeem\",\"key\":\"\",\"member\":{\"column\":\"who\"},\"points\":{\"column\":"
        "\"cents\"},\"time\":{\"column\":\"when\"},\"currency\":{\"column\":\"money\"},"
        "\"partner\":{\"value\":\"fuel\"}}",
        "{\"type\":\"earn\",\"key\":\"\",\"member\":{\"column\":\"who\"},\"points\":{\"value\":5},"
        "\"time\":{\"column\":\"when\"},\"currency\":{\"column\":\"money\"},"
        "\"partner\":{\"value\":\"fuel\"}}"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(!open_plan(bad[i], "who,cents,when,money,shop\n", NULL, NULL));
        CHECK(strstr(error.text, "\"currency\" is of the column") != NULL);
    }
    CHECK(!open_plan(foreign, "who,cents,when,shop\n", NULL, NULL));
    CHECK(strstr(error.text, "no column \"money\"") != NULL);
}

CASE(a_mapping_that_is_wrong_is_refused)
{
    static const char csv[] = "who,cents,when,doc,shop\n";
    CHECK(!open_plan("{\"type\":\"gift\",\"key\":\"\"}", csv, NULL, NULL));
    CHECK(!open_plan("{\"type\":\"earn\",\"key\":\"\",\"surprise\":1}", csv, NULL, NULL));
    CHECK_TEXT(error.text, "mapping: source: unknown member \"surprise\"");
    CHECK(!open_plan(earns, "who,cents,when,doc\n", NULL, NULL));
    CHECK(strstr(error.text, "no column \"shop\"") != NULL);
    CHECK(!open_plan(earns, "", NULL, NULL));
}

int main(void)
{
    RUN(events_stand_in_time_order_and_a_redemption_after_its_day);
    RUN(a_wrong_row_is_left_out_with_its_line_and_the_reason);
    RUN(a_member_is_the_same_in_every_file_and_known_by_hmac_only);
    RUN(rows_in_other_currencies_go_by_their_partners_rate_of_the_day);
    RUN(what_is_no_page_of_rates_is_refused);
    RUN(only_an_earn_with_a_column_of_points_has_a_currency);
    RUN(a_mapping_that_is_wrong_is_refused);
    return check_report();
}
