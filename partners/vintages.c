#include "partners/vintages.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows ------------------------------------------------------------------------------------ */

int vintage_row_compare(const struct vintage_row *a, const struct vintage_row *b)
{
    if (a->funder.v != b->funder.v)
        return a->funder.v < b->funder.v ? -1 : 1;
    if (a->vintage != b->vintage)
        return a->vintage < b->vintage ? -1 : 1;
    return a->expires == b->expires ? 0 : a->expires < b->expires ? -1 : 1;
}

static int compare(const void *a, const void *b)
{
    return vintage_row_compare(a, b);
}

static bool same_sums(const struct vintage_row *a, const struct vintage_row *b)
{
    return memcmp(a->sums, b->sums, sizeof(a->sums)) == 0;
}

void vintage_rows_add(struct vintage_rows *rows, const struct vintage_row *row)
{
    rows->at = array_grow(rows->at, &rows->capacity, rows->count + 1, sizeof(*rows->at));
    rows->at[rows->count++] = *row;
}

void vintage_rows_settle(struct vintage_rows *rows)
{
    size_t kept = 0;
    if (rows->count == 0)
        return;
    qsort(rows->at, rows->count, sizeof(*rows->at), compare);
    for (size_t i = 1; i < rows->count; i++) {
        if (compare(&rows->at[kept], &rows->at[i]) != 0) {
            rows->at[++kept] = rows->at[i];
            continue;
        }
        for (size_t k = 0; k < VINTAGE_SUMS; k++)
            rows->at[kept].sums[k] += rows->at[i].sums[k];
    }
    rows->count = kept + 1;
}

void vintage_rows_put(struct vintage_rows *rows, const struct vintage_rows *newer)
{
    struct vintage_rows both = {.at = NULL};
    size_t i = 0, j = 0;
    while (i < rows->count || j < newer->count) {
        int order = j == newer->count  ? -1
                    : i == rows->count ? 1
                                       : compare(&rows->at[i], &newer->at[j]);
        vintage_rows_add(&both, order < 0 ? &rows->at[i] : &newer->at[j]);
        i += order <= 0;
        j += order >= 0;
    }
    vintage_rows_release(rows);
    *rows = both;
}

const struct vintage_row *vintage_rows_find(const struct vintage_rows *rows,
                                            const struct vintage_row *like)
{
    return rows->count > 0 ? bsearch(like, rows->at, rows->count, sizeof(*rows->at), compare)
                           : NULL;
}

void vintage_rows_release(struct vintage_rows *rows)
{
    free(rows->at);
    *rows = (struct vintage_rows){.at = NULL};
}

enum { ROW_SIZE = 2 + 4 + 4 + VINTAGE_SUMS * 16 };

struct hash vintage_rows_hash(const struct vintage_rows *rows, uint32_t period)
{
    struct hasher hasher;
    uint8_t head[4], row[ROW_SIZE];
    hasher_init(&hasher);
    put_u32be(head, period);
    hasher_update(&hasher, bytes_of(head, sizeof(head)));
    for (size_t i = 0; i < rows->count; i++) {
        uint8_t *at = row + 10;
        put_u16be(row, rows->at[i].funder.v);
        put_u32be(row + 2, rows->at[i].vintage);
        put_u32be(row + 6, rows->at[i].expires);
        for (size_t k = 0; k < VINTAGE_SUMS; k++, at += 16) {
            unsigned __int128 sum = (unsigned __int128)rows->at[i].sums[k];
            put_u64be(at, (uint64_t)(sum >> 64));
            put_u64be(at + 8, (uint64_t)sum);
        }
        hasher_update(&hasher, bytes_of(row, sizeof(row)));
    }
    struct hash hash = hasher_result(&hasher);
    hasher_release(&hasher);
    return hash;
}

__int128 vintage_quantity(const struct vintage_row *row)
{
    __int128 sum = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += row->sums[i];
    return sum;
}

__int128 vintage_outstanding(const struct vintage_row *row)
{
    return row->sums[POOL_PENDING] + row->sums[POOL_REMAINING] - row->sums[VINTAGE_ENDED] +
           row->sums[POOL_HELD];
}

__int128 vintage_expired(const struct vintage_row *row)
{
    return row->sums[POOL_EXPIRED] + row->sums[VINTAGE_ENDED];
}

/* ---- tables ---------------------------------------------------------------------------------- */

void vintages_release(struct vintages *vintages)
{
    for (size_t i = 0; i < vintages->count; i++)
        vintage_rows_release(&vintages->at[i].rows);
    free(vintages->at);
    vintage_rows_release(&vintages->latest);
    *vintages = (struct vintages){.at = NULL};
}

struct vintage_table *vintages_find(const struct vintages *vintages, uint32_t period)
{
    for (size_t i = 0; i < vintages->count; i++)
        if (vintages->at[i].period == period)
            return &vintages->at[i];
    return NULL;
}

/* The oldest goes: what it has and the next one has not stays with that one. */
static void forget(struct vintages *vintages)
{
    struct vintage_table *oldest = &vintages->at[0], *next = &vintages->at[1];
    if (vintages->count <= VINTAGE_TABLES_KEPT)
        return;
    vintage_rows_put(&oldest->rows, &next->rows);
    vintage_rows_release(&next->rows);
    next->rows = oldest->rows;
    next->carried = true;
    vintages->count--;
    memmove(vintages->at, vintages->at + 1, vintages->count * sizeof(*vintages->at));
}

static void append(struct vintages *vintages, const struct vintage_table *table)
{
    must(vintages->count == 0 || vintages->at[vintages->count - 1].period < table->period);
    vintages->at =
        array_grow(vintages->at, &vintages->capacity, vintages->count + 1, sizeof(*vintages->at));
    vintages->at[vintages->count++] = *table;
}

void vintages_add(struct vintages *vintages, const struct vintage_table *table)
{
    vintage_rows_put(&vintages->latest, &table->rows);
    append(vintages, table);
    vintages->at[vintages->count - 1].hash = vintage_rows_hash(&vintages->latest, table->period);
}

const struct vintage_table *vintages_close(struct vintages *vintages, uint32_t period,
                                           struct vintage_rows *whole, bool wanted)
{
    struct vintage_table table = {.period = period, .hash = vintage_rows_hash(whole, period)};
    for (size_t i = 0; i < whole->count; i++) {
        const struct vintage_row *known = vintage_rows_find(&vintages->latest, &whole->at[i]);
        if (!known || !same_sums(known, &whole->at[i]))
            vintage_rows_add(&table.rows, &whole->at[i]);
    }
    vintage_rows_release(&vintages->latest);
    vintages->latest = *whole;
    *whole = (struct vintage_rows){.at = NULL};
    if (table.rows.count == 0 && !wanted)
        return NULL;
    append(vintages, &table);
    forget(vintages);
    return &vintages->at[vintages->count - 1];
}

void vintages_at(const struct vintages *vintages, uint32_t period, struct vintage_rows *rows_out)
{
    *rows_out = (struct vintage_rows){.at = NULL};
    for (size_t i = 0; i < vintages->count && vintages->at[i].period <= period; i++)
        vintage_rows_put(rows_out, &vintages->at[i].rows);
}
