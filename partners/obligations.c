#include "partners/obligations.h"

#include <stdlib.h>
#include <string.h>

void obligations_init(struct obligations *obligations, size_t partner_count)
{
    *obligations = (struct obligations){.partner_count = partner_count};
    obligations->rows = allocate(partner_count, sizeof(*obligations->rows));
    obligations->redeemed_bp = allocate(partner_count, sizeof(*obligations->redeemed_bp));
}

void *widened(void *array, size_t before, size_t after, size_t size)
{
    uint8_t *wide = allocate(after, size);
    if (before > 0)
        memcpy(wide, array, before * size);
    free(array);
    return wide;
}

void obligations_widen(struct obligations *obligations, size_t partner_count)
{
    size_t before = obligations->partner_count;
    must(partner_count >= before && obligations->change_count == 0);
    obligations->rows =
        widened(obligations->rows, before, partner_count, sizeof(*obligations->rows));
    obligations->redeemed_bp =
        widened(obligations->redeemed_bp, before, partner_count, sizeof(*obligations->redeemed_bp));
    for (size_t i = 0; i < before; i++) {
        struct obligation_cell **row = &obligations->rows[i];
        __int128 **redeemed = &obligations->redeemed_bp[i];
        if (*row)
            *row = widened(*row, before * LINE_CLASS_COUNT, partner_count * LINE_CLASS_COUNT,
                           sizeof(**row));
        if (*redeemed)
            *redeemed = widened(*redeemed, before, partner_count, sizeof(**redeemed));
    }
    obligations->partner_count = partner_count;
}

void obligations_release(struct obligations *obligations)
{
    for (size_t i = 0; i < obligations->partner_count; i++) {
        free(obligations->rows[i]);
        free(obligations->redeemed_bp[i]);
    }
    free(obligations->rows);
    free(obligations->redeemed_bp);
    free(obligations->changes);
    *obligations = (struct obligations){0};
}

static size_t cell_place(struct partner_id creditor, enum line_class line_class)
{
    return (size_t)creditor.v * LINE_CLASS_COUNT + line_class;
}

static struct obligation_change *change_of(struct obligations *obligations,
                                           struct obligation_cell *cell, struct partner_id debtor,
                                           struct partner_id creditor, enum line_class line_class)
{
    if (cell->touched == 0) {
        obligations->changes =
            array_grow(obligations->changes, &obligations->change_capacity,
                       obligations->change_count + 1, sizeof(*obligations->changes));
        obligations->changes[obligations->change_count++] = (struct obligation_change){
            .debtor = debtor, .creditor = creditor, .line_class = line_class};
        cell->touched = (uint32_t)obligations->change_count;
    }
    return &obligations->changes[cell->touched - 1];
}

static struct obligation_cell *cell_of(struct obligations *obligations, struct partner_id debtor,
                                       struct partner_id creditor, enum line_class line_class)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    struct obligation_cell **row = &obligations->rows[debtor.v];
    if (!*row)
        *row = allocate(obligations->partner_count * LINE_CLASS_COUNT, sizeof(**row));
    return &(*row)[cell_place(creditor, line_class)];
}

void obligations_set(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, struct money amount)
{
    cell_of(obligations, debtor, creditor, line_class)->amount = amount;
}

void obligations_add(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, int64_t amount)
{
    if (partner_equal(debtor, creditor) || amount == 0)
        return;
    struct obligation_cell *cell = cell_of(obligations, debtor, creditor, line_class);
    cell->amount.v += amount;
    struct obligation_change *change = change_of(obligations, cell, debtor, creditor, line_class);
    /* A record moves at most POINTS_PER_RECORD_MAX points at each class: limits.h keeps the sum
     * within 63 bits. */
    must(!__builtin_add_overflow(change->amount, amount, &change->amount));
}

void obligations_add_redeemed(struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor, int64_t points_bp)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    if (partner_equal(debtor, creditor))
        return;
    __int128 **row = &obligations->redeemed_bp[debtor.v];
    if (!*row)
        *row = allocate(obligations->partner_count, sizeof(**row));
    (*row)[creditor.v] += points_bp;
}

struct money obligations_get(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, enum line_class line_class)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    const struct obligation_cell *row = obligations->rows[debtor.v];
    return row ? row[cell_place(creditor, line_class)].amount : (struct money){0};
}

__int128 obligations_redeemed(const struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    const __int128 *row = obligations->redeemed_bp[debtor.v];
    return row ? row[creditor.v] : 0;
}

void obligations_settle_changes(struct obligations *obligations)
{
    for (size_t i = 0; i < obligations->change_count; i++) {
        const struct obligation_change *change = &obligations->changes[i];
        obligations->rows[change->debtor.v][cell_place(change->creditor, change->line_class)]
            .touched = 0;
    }
    obligations->change_count = 0;
}
