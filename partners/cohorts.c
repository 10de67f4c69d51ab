/* Cohorts: lots on the same terms, made in one month, that end in one month. Each lot names its
 * cohort, so that moving its points costs an addition; which funder they are of is worked out when
 * it is asked for. */
#include "partners/period_calendar.h"
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- keeping them ---------------------------------------------------------------------------- */

static bool cohort_is(const void *context, uint32_t value, const void *key)
{
    const struct cohort *a = &((const struct state *)context)->cohorts[value], *b = key;
    return a->terms == b->terms && a->vintage == b->vintage && a->expires == b->expires;
}

static uint64_t cohort_hash(const struct state *state, const struct cohort *cohort)
{
    uint8_t key[12];
    put_u32be(key, cohort->terms);
    put_u32be(key + 4, cohort->vintage);
    put_u32be(key + 8, cohort->expires);
    return table_hash(get_u64be(state->charter->coalition.at), bytes_of(key, sizeof(key)));
}

/* The month that holds the last moment before it: what ends with December ends in December. */
static uint32_t month_of_expiry(struct state *state, uint32_t vintage, uint64_t expires_ms)
{
    if (expires_ms == 0)
        return MONTH_NEVER;
    if (expires_ms != state->expiry_ms) { /* most lots of a day end at once */
        state->expiry_ms = expires_ms;
        state->expiry_month = month_at(state->charter, expires_ms - 1);
    }
    uint32_t latest = vintage + EXPIRY_MONTHS_MAX;
    return state->expiry_month < latest ? state->expiry_month : latest;
}

uint32_t cohort_intern(struct state *state, uint32_t terms, uint32_t vintage, uint64_t expires_ms)
{
    struct cohort cohort = {
        .terms = terms, .vintage = vintage, .expires = month_of_expiry(state, vintage, expires_ms)};
    uint32_t place = state->last_cohort;
    if (place < state->cohort_count && cohort_is(state, place, &cohort))
        return place; /* most lots follow one of their kind */
    uint64_t hash = cohort_hash(state, &cohort);
    if (!table_find(&state->cohort_table, hash, cohort_is, state, &cohort, &place)) {
        must(state->cohort_count < NOTHING);
        place = (uint32_t)state->cohort_count++;
        state->cohorts = large_array_grow(state->cohorts, &state->cohort_capacity,
                                          state->cohort_count, sizeof(*state->cohorts));
        state->cohorts[place] = cohort;
        table_insert(&state->cohort_table, hash, place);
    }
    state->last_cohort = place;
    return place;
}

uint32_t lot_vintage(const struct state *state, uint32_t lot)
{
    return state->cohorts[state->lots[lot].cohort].vintage;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct ending { /* points of each cohort that end soon */
    const struct state *state;
    uint64_t *points;
};

static void add_ending(void *context, const struct due_item *item)
{
    const struct ending *ending = context;
    const struct lot *lot = &ending->state->lots[item->what];
    ending->points[lot->cohort] += lot->pools[POOL_REMAINING];
}

static void add_rows(const struct state *state, const struct cohort *cohort, uint64_t ending,
                     struct vintage_rows *rows)
{
    const struct funding_split *split = &state->terms[cohort->terms].split;
    for (size_t i = 0; i < split->count; i++) {
        struct vintage_row row = {.funder = split->funders[i].partner,
                                  .vintage = cohort->vintage,
                                  .expires = cohort->expires};
        for (size_t k = 0; k < VINTAGE_SUMS; k++)
            row.sums[k] = (__int128)cohort->sums[k] * split->funders[i].bp;
        row.sums[VINTAGE_ENDED] += (__int128)ending * split->funders[i].bp;
        vintage_rows_add(rows, &row);
    }
}

void cohorts_rows(const struct state *state, uint64_t time_ms, struct vintage_rows *rows_out)
{
    struct ending ending = {.state = state,
                            .points = allocate(state->cohort_count + 1, sizeof(uint64_t))};
    *rows_out = (struct vintage_rows){.at = NULL};
    due_each(&state->ends, time_ms, add_ending, &ending);
    for (size_t i = 0; i < state->cohort_count; i++)
        add_rows(state, &state->cohorts[i], ending.points[i], rows_out);
    vintage_rows_settle(rows_out);
    free(ending.points);
}

void state_vintages_now(const struct state *state, struct vintage_rows *rows_out)
{
    cohorts_rows(state, state->now_ms, rows_out);
}

const struct vintages *state_vintages(const struct state *state)
{
    return &state->vintages;
}
