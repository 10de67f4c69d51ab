// links: node
/* Late entries among the records of a period, of a node that answers no more than it has room for.
 */
#include "check.h"

#include "node/late_entries.h"

enum { FIRST = 7, RECORDS = 1007 };

struct node {
    unsigned room;       /* records that fit into an answer */
    unsigned asked;      /* times */
    uint64_t told;       /* records */
    const char *instead; /* the page that it gives; NULL: a good one */
};

static json_t *answer(struct node *node, uint64_t from, unsigned limit)
{
    node->asked++;
    if (limit > node->room)
        return NULL;
    if (node->instead)
        return json_loads(node->instead, 0, NULL);
    json_t *list = json_array();
    for (unsigned i = 0; i < limit; i++, node->told++)
        json_array_append_new(list, json_pack("{s:i, s:b, s:s, s:s, s:s, s:s, s:s}", "index",
                                              (int)(from + i), "late", (from + i) % 100 == 0,
                                              "time", "2027-01-15T08:00:00.000Z", "at",
                                              "2027-01-14T08:00:00.000Z", "type", "earn", "verdict",
                                              "accepted", "partner", "grocer"));
    return json_pack("{s:o}", "transactions", list);
}

static bool find(struct node *node, struct late_entries *entries, struct error *error)
{
    struct view_partner grocer = {.name = "grocer"};
    struct period_view view = {
        .first_record = FIRST, .records = RECORDS, .partners = &grocer, .partner_count = 1};
    struct late_search search = {.begun = false};
    uint64_t from = 0;
    unsigned limit = 0;
    bool ok = true;
    while (ok && late_search_next(&search, &view, &from, &limit)) {
        json_t *page = answer(node, from, limit);
        ok = page ? late_search_take(&search, &view, page, error)
                  : late_search_smaller(&search) || error_set(error, ERROR_LIMIT, "too-large");
        json_decref(page);
    }
    *entries = search.entries;
    return ok;
}

CASE(a_page_that_is_too_large_is_asked_for_in_halves)
{
    static const struct {
        unsigned room, asked;
    } all[] = {{250, 4}, {249, 9}, {3, 340}, {1, 1007}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct node node = {.room = all[i].room};
        struct late_entries entries;
        struct error error = {.text = ""};
        CHECK(find(&node, &entries, &error));
        CHECK_INT(node.asked, all[i].asked);
        /* Each record once: none is left out, none comes twice. */
        CHECK_INT(entries.count, 10);
        for (size_t k = 0; k < entries.count; k++)
            CHECK_INT(entries.at[k].record, (k + 1) * 100);
        late_entries_release(&entries);
    }
}

CASE(a_node_that_gives_nothing_is_not_asked_for_ever)
{
    struct node node = {.room = 0};
    struct late_entries entries;
    struct error error = {.text = ""};
    CHECK(!find(&node, &entries, &error));
    CHECK_TEXT(error.text, "too-large");
    CHECK_INT(node.asked, 8); /* 250, 125, 62, ... 1 */
    late_entries_release(&entries);
}

CASE(a_page_that_is_none_is_refused)
{
    static const char *const pages[] = {
        "{}", "{\"transactions\":7}",
        "{\"transactions\":[{\"index\":8,\"late\":true,\"time\":\"x\"}]}"};
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        struct node node = {.room = 250, .instead = pages[i]};
        struct late_entries entries;
        struct error error = {.code = ERROR_NONE};
        CHECK(!find(&node, &entries, &error));
        CHECK_INT(error.code, ERROR_INVALID);
        late_entries_release(&entries);
    }
}

int main(void)
{
    RUN(a_page_that_is_too_large_is_asked_for_in_halves);
    RUN(a_node_that_gives_nothing_is_not_asked_for_ever);
    RUN(a_page_that_is_none_is_refused);
    return check_report();
}
