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

/* Every record of the period is looked at, page by page, in smaller pages where one is too large.
 */
struct late_search { /* zeroed: at the beginning */
    struct late_entries entries;
    bool begun;
    uint64_t from;
    unsigned limit;
};
/* The next page to ask for: so many records from there on, as GET /v1/transactions answers. False:
 * all are seen. */
bool late_search_next(struct late_search *search, const struct period_view *view,
                      uint64_t *from_out, unsigned *limit_out) MUST_USE;
/* That page. ERROR_INVALID: it is not what it should be. */
bool late_search_take(struct late_search *search, const struct period_view *view,
                      const json_t *page, struct error *error) MUST_USE;
/* Instead: so many are too much for one answer. False: a single one is. */
bool late_search_smaller(struct late_search *search) MUST_USE;

#endif
