/* The rows of an image that say who stood for which points at the ends of periods: each can only
 * have grown out of the one before, and into what the lots come to now. */
#include "partners/state_image_parts.h"

#include <string.h>

#define SUM_MAX ((__int128)1 << 110)

static bool row_sound(const struct loader *loader, const struct vintage_row *row)
{
    for (size_t i = 0; i < VINTAGE_SUMS; i++)
        if (row->sums[i] < 0 || row->sums[i] > SUM_MAX)
            return false;
    return row->funder.v < loader->state->charter->partner_count &&
           row->sums[VINTAGE_ENDED] <= row->sums[POOL_REMAINING] && vintage_quantity(row) > 0;
}

/* Points are never unmade. */
static bool has_grown(const struct vintage_rows *before, const struct vintage_row *row)
{
    const struct vintage_row *known = vintage_rows_find(before, row);
    return !known || (vintage_quantity(known) <= vintage_quantity(row) &&
                      memcmp(known->sums, row->sums, sizeof(row->sums)) != 0);
}

static bool load_row(struct loader *loader, struct vintage_table *table)
{
    const uint8_t *at = loader_take(loader, VINTAGE_PART_SIZE);
    if (!at)
        return false;
    struct vintage_row row = {.funder = {next_u16(&at)}};
    row.vintage = next_u32(&at);
    row.expires = next_u32(&at);
    for (size_t i = 0; i < VINTAGE_SUMS; i++)
        row.sums[i] = next_i128(&at);
    const struct vintage_row *last =
        table->rows.count > 0 ? &table->rows.at[table->rows.count - 1] : NULL;
    if (!row_sound(loader, &row) || (last && vintage_row_compare(last, &row) >= 0))
        return loader_refuse(loader, "its points are out of order or range");
    if (!has_grown(&loader->state->vintages.latest, &row))
        return loader_refuse(loader, "its points did not grow out of those before");
    vintage_rows_add(&table->rows, &row);
    return true;
}

bool load_vintages(struct loader *loader, const uint8_t *row)
{
    const struct periods *periods = &loader->state->periods;
    struct vintage_table table = {.period = next_u32(&row)};
    uint8_t carried = next_u8(&row), rooted = next_u8(&row);
    table.records = next_u64(&row);
    next_bytes(&row, table.root.at, HASH_SIZE);
    uint32_t count = next_u32(&row);
    table.carried = carried;
    table.rooted = rooted;
    bool unknown = table.records == 0 && hash_is_zero(&table.root);
    bool unrooted_before = loader->row > 0 && !loader->state->vintages.at[loader->row - 1].rooted;
    if (table.period >= periods->open || table.period < loader->last || rooted > 1 ||
        carried > (loader->row == 0) || unrooted_before || table.records > INT64_MAX ||
        !(rooted || (periods->awaits_tree && unknown)))
        return loader_refuse(loader, "what it says of itself does not add up");
    loader->last = (uint64_t)table.period + 1;
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++)
        good = load_row(loader, &table);
    if (good)
        vintages_add(&loader->state->vintages, &table);
    else
        vintage_rows_release(&table.rows);
    return good;
}

bool vintages_settle(struct loader *loader)
{
    struct vintage_rows now;
    const struct vintage_rows *latest = &loader->state->vintages.latest;
    bool good = true;
    cohorts_rows(loader->state, 0, &now);
    for (size_t i = 0; i < latest->count && good; i++) {
        const struct vintage_row *row = vintage_rows_find(&now, &latest->at[i]);
        good = row && vintage_quantity(&latest->at[i]) <= vintage_quantity(row);
    }
    vintage_rows_release(&now);
    return good || loader_refuse(loader, "more was issued by the end of a period than ever since");
}
