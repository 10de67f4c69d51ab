#include "partners/liability.h"

#include "protocol/points.h"

#include <stdlib.h>

/* ---- lives ----------------------------------------------------------------------------------- */

static struct vintage_life *life_of(struct vintage_lives *lives, const struct vintage_row *row)
{
    struct vintage_life *last = lives->count > 0 ? &lives->at[lives->count - 1] : NULL;
    if (last && partner_equal(last->funder, row->funder) && last->vintage == row->vintage)
        return last;
    lives->at = array_grow(lives->at, &lives->capacity, lives->count + 1, sizeof(*lives->at));
    last = &lives->at[lives->count++];
    *last = (struct vintage_life){.funder = row->funder, .vintage = row->vintage};
    return last;
}

/* What lots passed on to others was issued once. */
static void live(struct vintage_life *life, const struct vintage_row *row)
{
    life->issued += vintage_quantity(row) - row->sums[POOL_TRANSFERRED];
    life->redeemed += row->sums[POOL_SPENT];
    life->clawed_back += row->sums[POOL_CLAWED_BACK];
    life->expired += vintage_expired(row);
    life->outstanding += vintage_outstanding(row);
}

void liability_lives(const struct vintage_rows *rows, struct vintage_lives *out)
{
    *out = (struct vintage_lives){.at = NULL};
    for (size_t i = 0; i < rows->count; i++)
        live(life_of(out, &rows->at[i]), &rows->at[i]);
}

void vintage_lives_release(struct vintage_lives *lives)
{
    free(lives->at);
    *lives = (struct vintage_lives){.at = NULL};
}

bool vintage_life_closed(const struct vintage_life *life, uint32_t month)
{
    return life->outstanding == 0 && life->vintage < month;
}

bool liability_breakage(const struct vintage_lives *lives, struct partner_id funder, uint32_t month,
                        uint32_t *bp_out)
{
    __int128 expired = 0, kept = 0;
    size_t count = 0;
    for (size_t i = 0; i < lives->count; i++) {
        const struct vintage_life *life = &lives->at[i];
        if (!partner_equal(life->funder, funder) || !vintage_life_closed(life, month))
            continue;
        expired += life->expired;
        kept += life->issued - life->clawed_back;
        count++;
    }
    if (count < BREAKAGE_VINTAGES_MIN || kept <= 0)
        return false;
    *bp_out = (uint32_t)((expired * BASIS_POINTS + kept / 2) / kept);
    return true;
}

/* ---- roll-forward ---------------------------------------------------------------------------- */

static struct liability_row *roll_of(struct liability_rows *rows, const struct vintage_row *row)
{
    struct liability_row *last = rows->count > 0 ? &rows->at[rows->count - 1] : NULL;
    if (last && partner_equal(last->funder, row->funder) && last->vintage == row->vintage)
        return last;
    rows->at = array_grow(rows->at, &rows->capacity, rows->count + 1, sizeof(*rows->at));
    last = &rows->at[rows->count++];
    *last = (struct liability_row){.funder = row->funder, .vintage = row->vintage};
    return last;
}

static bool is_still(const struct liability_row *row)
{
    return row->opening == 0 && row->closing == 0 && row->issued == 0 && row->redeemed == 0 &&
           row->clawed_back == 0 && row->expired == 0 && row->transferred == 0 &&
           row->unbooked == 0;
}

void liability_roll(const struct vintage_rows *before, const struct vintage_rows *after,
                    struct liability_rows *out)
{
    static const struct vintage_row none;
    size_t kept = 0;
    *out = (struct liability_rows){.at = NULL};
    for (size_t i = 0; i < after->count; i++) {
        const struct vintage_row *now = &after->at[i], *was = vintage_rows_find(before, now);
        struct liability_row *row = roll_of(out, now);
        if (!was)
            was = &none;
        __int128 passed_on = now->sums[POOL_TRANSFERRED] - was->sums[POOL_TRANSFERRED];
        row->opening += vintage_outstanding(was);
        row->issued += vintage_quantity(now) - vintage_quantity(was) - passed_on;
        row->redeemed += now->sums[POOL_SPENT] - was->sums[POOL_SPENT];
        row->clawed_back += now->sums[POOL_CLAWED_BACK] - was->sums[POOL_CLAWED_BACK];
        row->expired += vintage_expired(now) - vintage_expired(was);
        row->transferred += passed_on;
        row->closing += vintage_outstanding(now);
        row->unbooked += now->sums[VINTAGE_ENDED];
    }
    for (size_t i = 0; i < out->count; i++)
        if (!is_still(&out->at[i]))
            out->at[kept++] = out->at[i];
    out->count = kept;
}

void liability_rows_release(struct liability_rows *rows)
{
    free(rows->at);
    *rows = (struct liability_rows){.at = NULL};
}

/* ---- ageing ---------------------------------------------------------------------------------- */

void liability_age(const struct vintage_rows *rows, struct ageing_rows *out)
{
    struct vintage_rows by_month = {.at = NULL};
    *out = (struct ageing_rows){.at = NULL};
    for (size_t i = 0; i < rows->count; i++) {
        struct vintage_row row = rows->at[i];
        row.vintage = 0; /* of whatever month they are */
        if (vintage_outstanding(&row) != 0)
            vintage_rows_add(&by_month, &row);
    }
    vintage_rows_settle(&by_month);
    for (size_t i = 0; i < by_month.count; i++) {
        const struct vintage_row *row = &by_month.at[i];
        out->at = array_grow(out->at, &out->capacity, out->count + 1, sizeof(*out->at));
        out->at[out->count++] =
            (struct ageing_row){.funder = row->funder,
                                .expires = row->expires,
                                .pending = row->sums[POOL_PENDING],
                                .remaining = row->sums[POOL_REMAINING] - row->sums[VINTAGE_ENDED],
                                .held = row->sums[POOL_HELD]};
    }
    vintage_rows_release(&by_month);
}

void ageing_rows_release(struct ageing_rows *rows)
{
    free(rows->at);
    *rows = (struct ageing_rows){.at = NULL};
}
