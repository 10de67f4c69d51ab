#include "node/late_entries.h"

#include "node/time_text.h"

#include <inttypes.h>
#include <stdlib.h>

void late_entries_release(struct late_entries *entries)
{
    free(entries->at);
    *entries = (struct late_entries){.at = NULL};
}

static bool take_entry(const struct period_view *view, const json_t *record,
                       struct late_entries *list)
{
    const char *time = json_string_value(json_object_get(record, "time"));
    const char *at = json_string_value(json_object_get(record, "at"));
    const char *type = json_string_value(json_object_get(record, "type"));
    const char *verdict = json_string_value(json_object_get(record, "verdict"));
    const char *partner = json_string_value(json_object_get(record, "partner"));
    struct report_exception exception = {
        .record = (uint64_t)json_integer_value(json_object_get(record, "index"))};
    if (!time || !at || !type || !verdict || !partner || list->count == LATE_ENTRIES_MAX ||
        !time_parse(bytes_text(time), &exception.time_ms) ||
        !time_parse(bytes_text(at), &exception.till_ms) ||
        !period_view_partner(view, partner, &exception.partner))
        return false;
    (void)snprintf(exception.type, sizeof(exception.type), "%s", type);
    (void)snprintf(exception.verdict, sizeof(exception.verdict), "%s", verdict);
    list->at = array_grow(list->at, &list->capacity, list->count + 1, sizeof(*list->at));
    list->at[list->count++] = exception;
    return true;
}

static bool take_page(const struct period_view *view, const json_t *page, struct late_entries *list,
                      struct error *error)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(page, "transactions"), i, record)
    {
        uint64_t index = (uint64_t)json_integer_value(json_object_get(record, "index"));
        if (index >= view->records)
            return true;
        if (json_is_true(json_object_get(record, "late")) && !take_entry(view, record, list))
            return error_set(error, ERROR_INVALID,
                             "what the node says of record %" PRIu64 " is not what it should be",
                             index);
    }
    return true;
}

bool late_search_next(struct late_search *search, const struct period_view *view,
                      uint64_t *from_out, unsigned *limit_out)
{
    if (!search->begun) {
        search->begun = true;
        search->from = view->first_record;
        search->limit = LATE_PAGE_MAX;
    }
    *from_out = search->from;
    *limit_out = search->limit;
    return search->from < view->records;
}

bool late_search_take(struct late_search *search, const struct period_view *view,
                      const json_t *page, struct error *error)
{
    if (!json_is_array(json_object_get(page, "transactions")))
        return error_set(error, ERROR_INVALID, "the node's page of records is none");
    search->from += search->limit;
    return take_page(view, page, &search->entries, error);
}

bool late_search_smaller(struct late_search *search)
{
    if (search->limit <= 1)
        return false;
    search->limit /= 2;
    return true;
}
