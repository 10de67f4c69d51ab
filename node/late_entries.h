/* late_entries.h - what tills made while they were cut off and brought late, found among the
 * records of a period: the ledger keeps no list of it.
 *
 * Threads: any.
 */
#ifndef NODE_LATE_ENTRIES_H
#define NODE_LATE_ENTRIES_H

#include "node/report.h"

#include <jansson.h>

enum {
    LATE_PAGE_MAX = 250, /* records asked for at once */
    LATE_ENTRIES_MAX = 1 << 20
};

struct late_entries { /* zeroed is empty */
    struct report_exception *at;
    size_t count, capacity;
};
void late_entries_release(struct late_entries *entries);

/* Up to `limit` records from `from` on, as GET /v1/transactions answers; the page is the caller's.
 * On false *too_large_out may tell that so many are too much for one answer. */
typedef bool late_page(void *context, uint64_t from, unsigned limit, json_t **page_out,
                       bool *too_large_out, struct error *error);

/* Every record of the period is looked at, in smaller pages where one is too large. ERROR_INVALID:
 * a page is not what it should be; what `ask` says as it comes. */
bool late_entries_find(const struct period_view *view, late_page *ask, void *context,
                       struct late_entries *entries_out, struct error *error) MUST_USE;

#endif
