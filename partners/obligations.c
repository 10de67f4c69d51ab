#include "partners/obligations.h"

#include <stdlib.h>
#include <string.h>

void obligations_init(struct obligations *obligations, size_t partner_count)
{
    *obligations = (struct obligations){.partner_count = partner_count};
    obligations->rows = allocate(partner_count, sizeof(*obligations->rows));
    obligations->redeemed =
        (struct redeemed_cell **)allocate(partner_count, sizeof(obligations->redeemed[0]));
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
    obligations->redeemed = (struct redeemed_cell **)widened(
        (void *)obligations->redeemed, before, partner_count, sizeof(obligations->redeemed[0]));
    for (size_t i = 0; i < before; i++) {
        struct obligation_cell **row = &obligations->rows[i];
        struct redeemed_cell **redeemed = &obligations->redeemed[i];
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
        free(obligations->redeemed[i]);
    }
    free(obligations->rows);
    free((void *)obligations->redeemed);
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

static struct redeemed_cell *redeemed_cell(struct obligations *obligations,
                                           struct partner_id debtor, struct partner_id creditor)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    struct redeemed_cell **row = &obligations->redeemed[debtor.v];
    if (!*row)
        *row = allocate(obligations->partner_count, sizeof(**row));
    return &(*row)[creditor.v];
}

void obligations_add_redeemed(struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor, int64_t points_bp)
{
    if (!partner_equal(debtor, creditor))
        redeemed_cell(obligations, debtor, creditor)->points_bp += points_bp;
}

void obligations_set_apart(struct obligations *obligations, struct partner_id debtor,
                           struct partner_id creditor, __int128 amount)
{
    redeemed_cell(obligations, debtor, creditor)->apart += amount;
}

void obligations_set_before(struct obligations *obligations, struct partner_id debtor,
                            struct partner_id creditor, __int128 before_bp, __int128 apart)
{
    struct redeemed_cell *cell = redeemed_cell(obligations, debtor, creditor);
    cell->before_bp = before_bp;
    cell->apart = apart;
}

struct money obligations_get(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, enum line_class line_class)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    const struct obligation_cell *row = obligations->rows[debtor.v];
    return row ? row[cell_place(creditor, line_class)].amount : (struct money){0};
}

struct redeemed_cell obligations_redeemed(const struct obligations *obligations,
                                          struct partner_id debtor, struct partner_id creditor)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    const struct redeemed_cell *row = obligations->redeemed[debtor.v];
    return row ? row[creditor.v] : (struct redeemed_cell){0};
}

bool obligations_value_sound(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, struct micro price)
{
    struct redeemed_cell cell = obligations_redeemed(obligations, debtor, creditor);
    __int128 money = obligations_get(obligations, debtor, creditor, LINE_REDEMPTION).v +
                     obligations_get(obligations, debtor, creditor, LINE_REDEMPTION_CONTRA).v +
                     cell.apart;
    return money == cell.points_bp * price.v;
}

/* ---- periods ------------------------------------------------------------------------------- */

bool obligations_next(const struct obligations *obligations, struct obligation_walk *walk,
                      struct obligation_change *key_out, struct money *amount_out)
{
    size_t cells = obligations->partner_count * LINE_CLASS_COUNT;
    for (; walk->debtor < obligations->partner_count; walk->debtor++, walk->cell = 0) {
        const struct obligation_cell *row = obligations->rows[walk->debtor];
        while (row && walk->cell < cells && row[walk->cell].amount.v == 0)
            walk->cell++;
        if (!row || walk->cell == cells)
            continue;
        *key_out = (struct obligation_change){
            .debtor = {(uint16_t)walk->debtor},
            .creditor = {(uint16_t)(walk->cell / LINE_CLASS_COUNT)},
            .line_class = (enum line_class)(walk->cell % LINE_CLASS_COUNT)};
        *amount_out = row[walk->cell++].amount;
        return true;
    }
    return false;
}

bool obligations_next_redeemed(const struct obligations *obligations, struct redeemed_walk *walk,
                               struct partner_id *debtor_out, struct partner_id *creditor_out,
                               __int128 *points_bp_out)
{
    size_t partners = obligations->partner_count;
    for (; walk->debtor < partners; walk->debtor++, walk->creditor = 0) {
        const struct redeemed_cell *row = obligations->redeemed[walk->debtor];
        while (row && walk->creditor < partners &&
               row[walk->creditor].points_bp == row[walk->creditor].before_bp)
            walk->creditor++;
        if (!row || walk->creditor == partners)
            continue;
        *debtor_out = (struct partner_id){(uint16_t)walk->debtor};
        *creditor_out = (struct partner_id){(uint16_t)walk->creditor};
        *points_bp_out = row[walk->creditor].points_bp - row[walk->creditor].before_bp;
        walk->creditor++;
        return true;
    }
    return false;
}

void obligations_begin_period(struct obligations *obligations)
{
    must(obligations->change_count == 0);
    for (size_t i = 0; i < obligations->partner_count; i++) {
        struct obligation_cell *row = obligations->rows[i];
        for (size_t j = 0; row && j < obligations->partner_count; j++)
            if (i != j)
                obligations_set_apart(
                    obligations, (struct partner_id){(uint16_t)i}, (struct partner_id){(uint16_t)j},
                    row[j * LINE_CLASS_COUNT + LINE_REDEMPTION].amount.v +
                        row[j * LINE_CLASS_COUNT + LINE_REDEMPTION_CONTRA].amount.v);
        struct redeemed_cell *redeemed = obligations->redeemed[i];
        for (size_t j = 0; redeemed && j < obligations->partner_count; j++)
            redeemed[j].before_bp = redeemed[j].points_bp;
        free(row);
        obligations->rows[i] = NULL;
    }
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
