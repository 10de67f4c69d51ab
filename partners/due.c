#include "partners/due.h"

#include "crypto/large_array.h"

void due_release(struct due *due)
{
    large_array_release(due->items, due->capacity, sizeof(*due->items));
    *due = (struct due){0};
}

bool due_before(const struct due_item *a, const struct due_item *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->what < b->what;
}

void due_push(struct due *due, struct due_item item)
{
    due->items = large_array_grow(due->items, &due->capacity, due->count + 1, sizeof(*due->items));
    size_t i = due->count++;
    while (i > 0 && due_before(&item, &due->items[(i - 1) / 2])) {
        due->items[i] = due->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    due->items[i] = item;
}

const struct due_item *due_first(const struct due *due)
{
    return due->count > 0 ? &due->items[0] : NULL;
}

void due_pop(struct due *due)
{
    must(due->count > 0);
    struct due_item last = due->items[--due->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= due->count)
            break;
        if (child + 1 < due->count && due_before(&due->items[child + 1], &due->items[child]))
            child++;
        if (!due_before(&due->items[child], &last))
            break;
        due->items[i] = due->items[child];
        i = child;
    }
    if (due->count > 0)
        due->items[i] = last;
}

/* Below what comes later everything does: as deep as the heap is high. */
static void each_from(const struct due *due, size_t place, uint64_t time_ms, due_visit *visit,
                      void *context)
{
    if (place >= due->count || due->items[place].time_ms > time_ms)
        return;
    visit(context, &due->items[place]);
    each_from(due, 2 * place + 1, time_ms, visit, context);
    each_from(due, 2 * place + 2, time_ms, visit, context);
}

void due_each(const struct due *due, uint64_t time_ms, due_visit *visit, void *context)
{
    each_from(due, 0, time_ms, visit, context);
}
