#include "partners/exchange_rates.h"

#include <stdlib.h>
#include <string.h>

#define MICRO INT64_C(1000000)

void exchange_rates_release(struct exchange_rates *rates)
{
    free(rates->at);
    *rates = (struct exchange_rates){0};
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int compare(const struct rate_row *row, struct partner_id partner, const char *currency)
{
    if (row->partner.v != partner.v)
        return row->partner.v < partner.v ? -1 : 1;
    return strcmp(row->currency, currency);
}

/* The first row that is not before this one. */
static size_t place_of(const struct exchange_rates *rates, struct partner_id partner,
                       const char *currency)
{
    size_t low = 0, high = rates->count;
    must(high == 0 || rates->at);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&rates->at[middle], partner, currency) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct rate_row *exchange_rates_of(const struct exchange_rates *rates,
                                         struct partner_id partner, const char *currency)
{
    size_t place = place_of(rates, partner, currency);
    bool there = place < rates->count && compare(&rates->at[place], partner, currency) == 0;
    return there ? &rates->at[place] : NULL;
}

static struct rate_row *row_of(struct exchange_rates *rates, struct partner_id partner,
                               const char *currency)
{
    size_t place = place_of(rates, partner, currency);
    if (place < rates->count && compare(&rates->at[place], partner, currency) == 0)
        return &rates->at[place];
    rates->at = array_grow(rates->at, &rates->capacity, rates->count + 1, sizeof(*rates->at));
    struct rate_row *row = &rates->at[place];
    memmove(row + 1, row, (rates->count - place) * sizeof(*row));
    rates->count++;
    *row = (struct rate_row){.partner = partner};
    memcpy(row->currency, currency, CURRENCY_SIZE);
    return row;
}

/* Rows of a partner stand together. "" is before every currency. */
static size_t currencies_of(const struct exchange_rates *rates, struct partner_id partner)
{
    size_t first = place_of(rates, partner, ""), end = first;
    while (end < rates->count && rates->at[end].partner.v == partner.v)
        end++;
    return end - first;
}

/* ---- publishing ------------------------------------------------------------------------------ */

/* The latest days are kept: the first makes room, unless the new one is before all of them. (It is
 * so where clocks went back over midnight, and today has come twice.) */
static void put(struct rate_row *row, uint32_t day, struct micro rate)
{
    size_t place = 0;
    while (place < row->count && row->at[place].day < day)
        place++;
    bool there = place < row->count && row->at[place].day == day;
    if (!there && row->count == RATE_DAYS_KEPT) {
        if (place == 0)
            return;
        memmove(&row->at[0], &row->at[1], --place * sizeof(row->at[0]));
    } else if (!there) {
        memmove(&row->at[place + 1], &row->at[place], (row->count - place) * sizeof(row->at[0]));
        row->count++;
    }
    row->at[place] = (struct day_rate){.day = day, .rate = rate};
}

static bool said_sound(const struct day_rates *said, const char *own, int64_t today)
{
    bool sound = said->count > 0 && said->day <= today && said->day + RATE_LATE_DAYS >= today;
    for (size_t i = 0; i < said->count && sound; i++)
        sound = strcmp(said->at[i].currency, own) != 0 &&
                (i == 0 || strcmp(said->at[i - 1].currency, said->at[i].currency) < 0);
    return sound;
}

enum verdict exchange_rates_publish(struct exchange_rates *rates, struct partner_id partner,
                                    const struct day_rates *said, const char *own, int64_t today)
{
    size_t more = 0;
    if (!said_sound(said, own, today))
        return VERDICT_BAD_RATE;
    for (size_t i = 0; i < said->count; i++)
        more += exchange_rates_of(rates, partner, said->at[i].currency) == NULL;
    if (more > 0 && currencies_of(rates, partner) + more > RATE_CURRENCIES_MAX)
        return VERDICT_BAD_RATE;
    for (size_t i = 0; i < said->count; i++)
        put(row_of(rates, partner, said->at[i].currency), said->day, said->at[i].rate);
    return VERDICT_ACCEPTED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool exchange_rates_find(const struct exchange_rates *rates, struct partner_id partner,
                         const char *currency, int64_t day, struct day_rate *rate_out)
{
    const struct rate_row *row = exchange_rates_of(rates, partner, currency);
    for (size_t i = row ? row->count : 0; i > 0; i--) {
        int64_t found = row->at[i - 1].day;
        if (found > day)
            continue;
        if (day - found > RATE_LATE_DAYS)
            return false;
        *rate_out = row->at[i - 1];
        return true;
    }
    return false;
}

bool exchange_rate_convert(struct micro amount, struct micro rate, struct micro *worth_out)
{
    must(amount.v > 0 && rate.v > 0);
    __int128 worth = ((__int128)amount.v * rate.v + MICRO / 2) / MICRO;
    if (worth == 0 || worth > INT64_MAX)
        return false;
    worth_out->v = (int64_t)worth;
    return true;
}

/* ---- from an image --------------------------------------------------------------------------- */

/* Today may have been tomorrow before clocks went back over midnight. */
static bool row_sound(const struct rate_row *row, const char *own, int64_t today)
{
    bool sound = row->count >= 1 && row->count <= RATE_DAYS_KEPT &&
                 currency_valid(bytes_text(row->currency)) && strcmp(row->currency, own) != 0;
    for (size_t i = 0; i < row->count && sound; i++)
        sound = row->at[i].day <= today + 1 && row->at[i].rate.v >= 1 &&
                row->at[i].rate.v <= RATE_MICRO_MAX &&
                (i == 0 || row->at[i - 1].day < row->at[i].day);
    return sound;
}

bool exchange_rates_add(struct exchange_rates *rates, const struct rate_row *row, const char *own,
                        int64_t today)
{
    const struct rate_row *last = rates->count > 0 ? &rates->at[rates->count - 1] : NULL;
    if ((last && compare(last, row->partner, row->currency) >= 0) || !row_sound(row, own, today) ||
        currencies_of(rates, row->partner) == RATE_CURRENCIES_MAX)
        return false;
    *row_of(rates, row->partner, row->currency) = *row;
    return true;
}
