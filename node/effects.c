#include "node/effects.h"

#include <stdlib.h>
#include <string.h>

/* Orders effects by what they are about; the amount does not count. */
static int about_compare(const void *a, const void *b)
{
    const struct effect *x = (const struct effect *)a, *y = (const struct effect *)b;
    const uint64_t left[] = {x->kind,      x->lot.v,      x->from,       x->to,
                             x->partner.v, x->creditor.v, x->line_class, x->tariff,
                             x->first.v,   x->what,       x->height,     x->change};
    const uint64_t right[] = {y->kind,      y->lot.v,      y->from,       y->to,
                              y->partner.v, y->creditor.v, y->line_class, y->tariff,
                              y->first.v,   y->what,       y->height,     y->change};
    for (size_t i = 0; i < ARRAY_SIZE(left); i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* Sums those about the same; what comes to nothing is nothing. */
static size_t fold(struct effect *effects, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(effects, count, sizeof(*effects), about_compare);
    for (size_t i = 0; i < count;) {
        struct effect sum = effects[i];
        for (i++; i < count && about_compare(&sum, &effects[i]) == 0; i++)
            sum.amount = add_capped(sum.amount, effects[i].amount);
        bool has_amount =
            sum.kind != EFFECT_FIRST && sum.kind != EFFECT_AMENDED && sum.kind != EFFECT_LAPSED;
        if (sum.amount != 0 || !has_amount)
            effects[kept++] = sum;
    }
    return kept;
}

size_t effects_read(struct bytes encoded, struct effect **effects_out)
{
    struct effect_reader reader;
    struct effect *effects = NULL;
    size_t count = 0, capacity = 0;
    bool good = effect_reader_init(&reader, encoded);
    for (struct effect effect; good && effect_next(&reader, &effect); count++) {
        effects = (struct effect *)array_grow(effects, &capacity, count + 1, sizeof(*effects));
        must(effects);
        effects[count] = effect;
    }
    *effects_out = effects;
    return count;
}

bool effects_differ(const struct effect *effects, size_t count, struct bytes recorded,
                    struct effect *own_out, struct effect *recorded_out)
{
    struct effect *theirs = NULL;
    struct effect *own = (struct effect *)allocate(count + 1, sizeof(*own));
    size_t their_count = effects_read(recorded, &theirs);
    if (count > 0)
        memcpy(own, effects, count * sizeof(*own));
    their_count = fold(theirs, their_count);
    count = fold(own, count);
    must(theirs || their_count == 0);
    size_t i = 0;
    while (i < count && i < their_count && about_compare(&own[i], &theirs[i]) == 0 &&
           own[i].amount == theirs[i].amount)
        i++;
    bool same = i == count && i == their_count;
    bool left = i < count;
    bool right = i < their_count;
    int order = left && right ? about_compare(&own[i], &theirs[i]) : left ? -1 : 1;
    if (!same) {
        *own_out = left && order <= 0 ? own[i] : (struct effect){0};
        *recorded_out = right && order >= 0 ? theirs[i] : (struct effect){0};
    }
    free(theirs);
    free(own);
    return !same;
}
