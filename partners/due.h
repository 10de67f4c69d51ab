/* due.h - a min-heap of (time, kind, what): what time alone will bring.
 *
 * Pure. Threads: one at a time.
 */
#ifndef PARTNERS_DUE_H
#define PARTNERS_DUE_H

#include "crypto/base.h"

/* On equal times the lower kind comes first: a lot that ends at the moment at which a hold ends has
 * ended before the hold's points come back. */
enum due_kind { DUE_LOT_ENDS, DUE_LOT_ACTIVATES, DUE_HOLD_ENDS, DUE_EPOCH };

struct due_item {
    uint64_t time_ms;
    enum due_kind kind;
    uint32_t what;
};
struct due { /* zeroed is empty */
    struct due_item *items;
    size_t count, capacity;
};

void due_release(struct due *due);
void due_push(struct due *due, struct due_item item);
/* NULL when empty; valid until the next push or pop. */
const struct due_item *due_first(const struct due *due);
void due_pop(struct due *due);
/* Gives every item that is due by a time, in no order. */
typedef void due_visit(void *context, const struct due_item *item);
void due_each(const struct due *due, uint64_t time_ms, due_visit *visit, void *context);
/* True when a comes before b. */
bool due_before(const struct due_item *a, const struct due_item *b);

#endif
