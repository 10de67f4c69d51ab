// links: node
/* Changes as JSON: what is shown can be asked for again, and what is wrong is named. */
#include "node/change_form.h"
#include "unit/changes.h"

enum { JSON_MAX = 16 * 1024 };

static const struct coalition_spec spec = {.names = {"grocer", "books", NULL}};

static void shown(const struct charter *charter, const struct change *change, struct buffer *out)
{
    struct json_out json;
    json_out_init(&json, out);
    json_open_object(&json, NULL);
    change_write(&json, charter, change);
    json_close_object(&json);
    REQUIRE(!out->overflowed);
}

/* The first mistake's pointer, "" for none; a change without mistakes decodes. */
static const char *asked(const struct charter *charter, struct bytes text, struct buffer *out)
{
    static char pointer[FORM_POINTER_SIZE];
    struct form_mistakes mistakes = {.count = 0};
    struct change change = {0}, decoded;
    struct form form;
    json_t *object;
    REQUIRE(form_parse(text, &object, NULL));
    form_init(&form, object, "", &mistakes);
    change_take(&form, charter, &change);
    form_finish(&form);
    if (mistakes.count == 0) {
        change_encode(&change, out);
        CHECK(change_decode(buffer_bytes(out), &decoded, NULL));
    }
    snprintf(pointer, sizeof(pointer), "%s", mistakes.count ? mistakes.at[0].pointer : "");
    json_decref(object);
    return pointer;
}

static void there_and_back(const struct charter *charter, struct change change)
{
    struct buffer json, first, second;
    buffer_init(&json, JSON_MAX);
    buffer_init(&first, CHANGE_SIZE_MAX);
    buffer_init(&second, CHANGE_SIZE_MAX);
    change_encode(&change, &first);
    shown(charter, &change, &json);
    CHECK_TEXT(asked(charter, buffer_bytes(&json), &second), "");
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_release(&json);
    buffer_release(&first);
    buffer_release(&second);
}

CASE(what_is_shown_can_be_asked_for)
{
    struct charter *charter = coalition_found(coalition_draft(&spec));
    there_and_back(charter, change_found("bakery", "bakery-1", 1, true));
    there_and_back(charter, change_admit(1, "books-2", 1, false));
    there_and_back(charter, change_remove_node(1));
    there_and_back(charter, change_remove_partner(0));
    there_and_back(charter, change_set_voter(0, true));
    there_and_back(charter, change_set_voter(0, false));
    there_and_back(charter, change_replace_keys(1, 2));
    there_and_back(charter, change_replace_governance(1, 2));
    struct change limits = change_set_limit(LIMIT_BATCH_BYTES, 20000);
    for (int i = 2; i <= LIMIT_NUMBER_MAX; i++)
        limits.limits[limits.limit_count++] =
            (struct limit_value){(enum limit_number)i, i == LIMIT_LANE_DAY_BYTES ? 1 << 20
                                                       : i <= 3                  ? 20000
                                                                                 : 500};
    there_and_back(charter, limits);
    charter_close(charter);
}

/* On the log there may be anything that decodes. */
CASE(what_fits_no_charter_is_shown_too)
{
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct buffer json;
    buffer_init(&json, JSON_MAX);
    struct change change = change_replace_keys(200, 1);
    shown(charter, &change, &json);
    CHECK(strstr(buffer_text(&json), "\"node\":\"?\"") != NULL);
    buffer_clear(&json);
    change = change_remove_partner(900);
    shown(charter, &change, &json);
    CHECK_TEXT(buffer_text(&json), "{\"change\":\"remove-partner\",\"partner\":\"?\"}");
    buffer_clear(&json);
    change = change_suspend(charter, 1);
    shown(charter, &change, &json);
    CHECK(strstr(buffer_text(&json), "\"change\":\"suspend\",\"node\":\"books-1\"") != NULL);
    buffer_clear(&json);
    change = change_promote(0);
    shown(charter, &change, &json);
    CHECK_TEXT(buffer_text(&json), "{\"change\":\"promote\",\"node\":\"grocer-1\"}");
    buffer_release(&json);
    charter_close(charter);
}

CASE(mistakes_are_named)
{
    static const struct {
        const char *json, *pointer;
    } rows[] = {
        {"{}", "/change"},
        {"{\"change\":\"suspend\",\"node\":\"books-1\"}", "/change"},
        {"{\"change\":\"promote\",\"node\":\"books-1\"}", "/change"},
        {"{\"change\":7}", "/change"},
        {"{\"change\":\"remove-node\"}", "/node"},
        {"{\"change\":\"remove-node\",\"node\":\"nobody\"}", "/node"},
        {"{\"change\":\"remove-node\",\"node\":\"books-1\",\"voter\":true}", "/voter"},
        {"{\"change\":\"remove-partner\",\"partner\":\"books-1\"}", "/partner"},
        {"{\"change\":\"set-voter\",\"node\":\"books-1\"}", "/voter"},
        {"{\"change\":\"set-voter\",\"node\":\"books-1\",\"voter\":1}", "/voter"},
        {"{\"change\":\"set-limits\"}", "/limits"},
        {"{\"change\":\"set-limits\",\"limits\":{}}", "/limits"},
        {"{\"change\":\"set-limits\",\"limits\":[1]}", "/limits"},
        {"{\"change\":\"set-limits\",\"limits\":{\"timeout_ms\":1}}", "/limits/timeout_ms"},
        {"{\"change\":\"set-limits\",\"limits\":{\"timeout_ms\":20,\"speed\":1}}", "/limits/speed"},
        {"{\"change\":\"replace-governance\",\"partner\":\"books\",\"governance_key\":\"AA==\"}",
         "/governance_key"},
        {"{\"change\":\"replace-governance\",\"partner\":\"books\"}", "/governance_key"},
        {"{\"change\":\"admit\",\"partner\":\"Books\",\"governance_key\":\"AA==\"}", "/partner"},
    };
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct buffer out;
    buffer_init(&out, CHANGE_SIZE_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        CHECK_TEXT(asked(charter, bytes_text(rows[i].json), &out), rows[i].pointer);
    buffer_release(&out);
    charter_close(charter);
}

/* A card of another log, or of another node, is noticed before it is proposed. */
CASE(keys_are_named_after_this_log_and_this_node)
{
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct charter *other = charter_copy(charter);
    struct buffer json, out;
    struct change change = change_admit(1, "books-2", 1, false);
    snprintf(other->origin, sizeof(other->origin), "elsewhere.example/log");
    buffer_init(&json, JSON_MAX);
    buffer_init(&out, CHANGE_SIZE_MAX);
    shown(other, &change, &json);
    CHECK_TEXT(asked(charter, buffer_bytes(&json), &out), "/log_key");
    buffer_clear(&json);
    shown(charter, &change, &json);
    const char *name = strstr(buffer_text(&json), "\"node\":\"books-2\"");
    REQUIRE(name != NULL);
    json.at[name - (const char *)json.at + (ptrdiff_t)strlen("\"node\":\"books-")] = '3';
    CHECK_TEXT(asked(charter, buffer_bytes(&json), &out), "/cosigner_key");
    buffer_release(&json);
    buffer_release(&out);
    charter_close(other);
    charter_close(charter);
}

int main(void)
{
    RUN(what_is_shown_can_be_asked_for);
    RUN(what_fits_no_charter_is_shown_too);
    RUN(mistakes_are_named);
    RUN(keys_are_named_after_this_log_and_this_node);
    return check_report();
}
