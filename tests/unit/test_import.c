// links: node
#include "check.h"

#include "node/import.h"

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
    RUN(a_mapping_that_is_wrong_is_refused);
    return check_report();
}
