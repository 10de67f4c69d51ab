#include "partners/obligations.h"

#include <stdlib.h>
#include <string.h>

void obligations_init(struct obligations *obligations, size_t partner_count)
{
    *obligations = (struct obligations){.partner_count = partner_count, .tariff_count = 1};
    obligations->rows[0] =
        (struct obligation_cell **)allocate(partner_count, sizeof(obligations->rows[0][0]));
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

/* The pointer to a row of any kind. */
static void *row_at(const void *rows, size_t debtor)
{
    void *row = NULL;
    memcpy(&row, (const uint8_t *)rows + debtor * sizeof(row), sizeof(row));
    return row;
}

/* Rows by debtor, each of `cells` elements a partner. */
static void *rows_widened(void *rows, size_t before, size_t after, size_t cells, size_t size)
{
    if (!rows)
        return NULL;
    uint8_t *wide = widened(rows, before, after, sizeof(void *));
    for (size_t i = 0; i < before; i++) {
        void *row = row_at(wide, i);
        if (row)
            row = widened(row, before * cells, after * cells, size);
        memcpy(wide + i * sizeof(row), &row, sizeof(row));
    }
    return wide;
}

void obligations_widen(struct obligations *obligations, size_t partner_count)
{
    size_t before = obligations->partner_count;
    must(partner_count >= before && obligations->change_count == 0);
    for (size_t i = 0; i < TARIFFS_MAX; i++) {
        obligations->rows[i] = (struct obligation_cell **)rows_widened(
            (void *)obligations->rows[i], before, partner_count, LINE_CLASS_COUNT,
            sizeof(struct obligation_cell));
        obligations->apart[i] = (struct money **)rows_widened(
            (void *)obligations->apart[i], before, partner_count, 1, sizeof(struct money));
    }
    obligations->redeemed = (struct redeemed_cell **)rows_widened(
        (void *)obligations->redeemed, before, partner_count, 1, sizeof(struct redeemed_cell));
    obligations->partner_count = partner_count;
}

static void rows_free(void *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++)
        free(row_at(rows, i));
    free(rows);
}

void obligations_release(struct obligations *obligations)
{
    for (size_t i = 0; i < TARIFFS_MAX; i++) {
        rows_free((void *)obligations->rows[i], obligations->partner_count);
        rows_free((void *)obligations->apart[i], obligations->partner_count);
    }
    rows_free((void *)obligations->redeemed, obligations->partner_count);
    free(obligations->changes);
    *obligations = (struct obligations){0};
}

static size_t cell_place(struct partner_id creditor, enum line_class line_class)
{
    return (size_t)creditor.v * LINE_CLASS_COUNT + line_class;
}

static struct obligation_change *change_of(struct obligations *obligations,
                                           struct obligation_cell *cell, struct partner_id debtor,
                                           struct partner_id creditor, enum line_class line_class,
                                           uint8_t tariff)
{
    if (cell->touched == 0) {
        obligations->changes =
            array_grow(obligations->changes, &obligations->change_capacity,
                       obligations->change_count + 1, sizeof(*obligations->changes));
        obligations->changes[obligations->change_count++] = (struct obligation_change){
            .debtor = debtor, .creditor = creditor, .line_class = line_class, .tariff = tariff};
        cell->touched = (uint32_t)obligations->change_count;
    }
    return &obligations->changes[cell->touched - 1];
}

static struct obligation_cell *cell_of(struct obligations *obligations, struct partner_id debtor,
                                       struct partner_id creditor, enum line_class line_class,
                                       uint8_t tariff)
{
    size_t partners = obligations->partner_count;
    must(debtor.v < partners && creditor.v < partners && tariff < TARIFFS_MAX);
    struct obligation_cell ***rows = &obligations->rows[tariff];
    if (!*rows)
        *rows = (struct obligation_cell **)allocate(partners, sizeof((*rows)[0]));
    if (tariff >= obligations->tariff_count)
        obligations->tariff_count = (size_t)tariff + 1;
    struct obligation_cell **row = &(*rows)[debtor.v];
    if (!*row)
        *row = allocate(partners * LINE_CLASS_COUNT, sizeof(**row));
    return &(*row)[cell_place(creditor, line_class)];
}

void obligations_set(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                     struct money amount)
{
    cell_of(obligations, debtor, creditor, line_class, tariff)->amount = amount;
}

void obligations_add(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                     int64_t amount)
{
    if (partner_equal(debtor, creditor) || amount == 0)
        return;
    struct obligation_cell *cell = cell_of(obligations, debtor, creditor, line_class, tariff);
    cell->amount.v += amount;
    struct obligation_change *change =
        change_of(obligations, cell, debtor, creditor, line_class, tariff);
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

void obligations_add_held(struct obligations *obligations, struct partner_id debtor,
                          struct partner_id creditor, int64_t points_bp)
{
    if (partner_equal(debtor, creditor))
        return;
    struct redeemed_cell *cell = redeemed_cell(obligations, debtor, creditor);
    cell->held_bp += points_bp;
    must(cell->held_bp >= 0);
}

void obligations_set_apart(struct obligations *obligations, struct partner_id debtor,
                           struct partner_id creditor, uint8_t tariff, __int128 amount)
{
    size_t partners = obligations->partner_count;
    must(debtor.v < partners && creditor.v < partners && tariff < TARIFFS_MAX);
    if (amount == 0)
        return;
    struct money ***rows = &obligations->apart[tariff];
    if (!*rows)
        *rows = (struct money **)allocate(partners, sizeof((*rows)[0]));
    struct money **row = &(*rows)[debtor.v];
    if (!*row)
        *row = allocate(partners, sizeof(**row));
    (*row)[creditor.v].v += amount;
}

struct money obligations_apart(const struct obligations *obligations, struct partner_id debtor,
                               struct partner_id creditor, uint8_t tariff)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    struct money **rows = obligations->apart[tariff];
    return rows && rows[debtor.v] ? rows[debtor.v][creditor.v] : (struct money){0};
}

void obligations_set_before(struct obligations *obligations, struct partner_id debtor,
                            struct partner_id creditor, __int128 before_bp, __int128 year_bp)
{
    struct redeemed_cell *cell = redeemed_cell(obligations, debtor, creditor);
    cell->before_bp = before_bp;
    cell->year_bp = year_bp;
}

struct money obligations_get(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, enum line_class line_class, uint8_t tariff)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count &&
         tariff < TARIFFS_MAX);
    struct obligation_cell **rows = obligations->rows[tariff];
    const struct obligation_cell *row = rows ? rows[debtor.v] : NULL;
    return row ? row[cell_place(creditor, line_class)].amount : (struct money){0};
}

struct redeemed_cell obligations_redeemed(const struct obligations *obligations,
                                          struct partner_id debtor, struct partner_id creditor)
{
    must(debtor.v < obligations->partner_count && creditor.v < obligations->partner_count);
    const struct redeemed_cell *row = obligations->redeemed[debtor.v];
    return row ? row[creditor.v] : (struct redeemed_cell){0};
}

/* ---- periods ------------------------------------------------------------------------------- */

/* Most debtors owe in few of the tariffs that others made: the rest is not looked at. */
static bool debtor_owes(const struct obligations *obligations, struct obligation_walk *walk)
{
    walk->tariff_count = 0;
    for (size_t i = 0; i < obligations->tariff_count; i++)
        if (obligations->rows[i] && obligations->rows[i][walk->debtor])
            walk->tariffs[walk->tariff_count++] = (uint8_t)i;
    return walk->tariff_count > 0;
}

/* Where the walk stands, the next one; false: nothing is owed there. */
static bool walk_one(const struct obligations *obligations, struct obligation_walk *walk,
                     struct obligation_change *key_out, struct money *amount_out)
{
    uint8_t tariff = walk->tariffs[walk->tariff];
    size_t cell = walk->cell;
    struct money amount = obligations->rows[tariff][walk->debtor][cell].amount;
    if (++walk->tariff == walk->tariff_count) {
        walk->tariff = 0;
        walk->cell++;
    }
    if (amount.v == 0)
        return false;
    *key_out = (struct obligation_change){.debtor = {(uint16_t)walk->debtor},
                                          .creditor = {(uint16_t)(cell / LINE_CLASS_COUNT)},
                                          .line_class = (enum line_class)(cell % LINE_CLASS_COUNT),
                                          .tariff = tariff};
    *amount_out = amount;
    return true;
}

bool obligations_next(const struct obligations *obligations, struct obligation_walk *walk,
                      struct obligation_change *key_out, struct money *amount_out)
{
    size_t cells = obligations->partner_count * LINE_CLASS_COUNT;
    for (; walk->debtor < obligations->partner_count; walk->debtor++, walk->cell = 0) {
        if (walk->cell == 0 && walk->tariff == 0 && !debtor_owes(obligations, walk))
            continue;
        while (walk->cell < cells)
            if (walk_one(obligations, walk, key_out, amount_out))
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

/* What redemptions and their contra lines of a row have come to stays known. */
static void row_end(struct obligations *obligations, size_t debtor, uint8_t tariff)
{
    struct obligation_cell *row = obligations->rows[tariff][debtor];
    for (size_t i = 0; row && i < obligations->partner_count; i++)
        obligations_set_apart(obligations, (struct partner_id){(uint16_t)debtor},
                              (struct partner_id){(uint16_t)i}, tariff,
                              row[i * LINE_CLASS_COUNT + LINE_REDEMPTION].amount.v +
                                  row[i * LINE_CLASS_COUNT + LINE_REDEMPTION_CONTRA].amount.v);
    free(row);
    obligations->rows[tariff][debtor] = NULL;
}

void obligations_begin_period(struct obligations *obligations)
{
    must(obligations->change_count == 0);
    for (size_t i = 0; i < obligations->partner_count; i++) {
        for (size_t j = 0; j < obligations->tariff_count; j++)
            if (obligations->rows[j])
                row_end(obligations, i, (uint8_t)j);
        struct redeemed_cell *redeemed = obligations->redeemed[i];
        for (size_t j = 0; redeemed && j < obligations->partner_count; j++)
            redeemed[j].before_bp = redeemed[j].points_bp;
    }
}

void obligations_begin_year(struct obligations *obligations)
{
    for (size_t i = 0; i < obligations->partner_count; i++)
        for (size_t j = 0; obligations->redeemed[i] && j < obligations->partner_count; j++)
            obligations->redeemed[i][j].year_bp = obligations->redeemed[i][j].points_bp;
}

void obligations_settle_changes(struct obligations *obligations)
{
    for (size_t i = 0; i < obligations->change_count; i++) {
        const struct obligation_change *change = &obligations->changes[i];
        struct obligation_cell *row = obligations->rows[change->tariff][change->debtor.v];
        row[cell_place(change->creditor, change->line_class)].touched = 0;
    }
    obligations->change_count = 0;
}
