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

bool late_entries_find(const struct period_view *view, late_page *ask, void *context,
                       struct late_entries *entries_out, struct error *error)
{
    unsigned limit = LATE_PAGE_MAX;
    for (uint64_t from = view->first_record; from < view->records;) {
        json_t *page;
        bool too_large = false;
        if (!ask(context, from, limit, &page, &too_large, error)) {
            if (!too_large || limit == 1)
                return false;
            limit /= 2;
            continue;
        }
        bool ok = json_is_array(json_object_get(page, "transactions"))
                      ? take_page(view, page, entries_out, error)
                      : error_set(error, ERROR_INVALID, "the node's page of records is none");
        json_decref(page);
        if (!ok)
            return false;
        from += limit;
    }
    return true;
}
