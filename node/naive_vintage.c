/* Who stands for which points: found by looking through all lots that there ever were. */
#include "node/naive_parts.h"

#include <stdlib.h>

enum { KEY_SIZE = 2 + 4 + 4 };

void naive_standings_release(struct naive_standings *standings)
{
    free(standings->at);
    naive_names_release(&standings->places);
    *standings = (struct naive_standings){.at = NULL};
}

struct naive_standing *naive_standing_of(struct naive_standings *standings, uint16_t funder,
                                         uint32_t vintage, uint32_t expires)
{
    uint8_t key[KEY_SIZE];
    put_u16be(key, funder);
    put_u32be(key + 2, vintage);
    put_u32be(key + 6, expires);
    uint32_t place = naive_name_find(&standings->places, bytes_of(key, sizeof(key)));
    if (place != NAIVE_NONE)
        return &standings->at[standings->places.at[place].what];
    naive_name_add(&standings->places, bytes_of(key, sizeof(key)))->what =
        (uint32_t)standings->count;
    standings->at = (struct naive_standing *)array_grow(
        standings->at, &standings->capacity, standings->count + 1, sizeof(*standings->at));
    must(standings->at);
    struct naive_standing *added = &standings->at[standings->count++];
    *added = (struct naive_standing){.funder = funder, .vintage = vintage, .expires = expires};
    return added;
}

/* The month with which the lot ends; twenty years after it was made, or later still, is all one. */
static uint32_t ends_in(const struct naive *n, const struct naive_lot *lot)
{
    if (lot->expires_ms == 0)
        return NAIVE_NONE;
    uint64_t month = naive_month(n, lot->expires_ms - 1);
    uint64_t last = (uint64_t)lot->vintage + 20 * 12;
    return (uint32_t)(month > last ? last : month);
}

void naive_stand(const struct naive *n, uint64_t time_ms, struct naive_standings *out)
{
    for (size_t i = 0; i < n->lot_count; i++) {
        const struct naive_lot *lot = &n->lots[i];
        uint32_t expires = ends_in(n, lot);
        for (size_t j = 0; j < lot->split.count; j++) {
            const struct funder *funder = &lot->split.funders[j];
            struct naive_standing *row =
                naive_standing_of(out, funder->partner.v, lot->vintage, expires);
            for (size_t k = 0; k < POOL_COUNT; k++)
                row->pools[k] += (__int128)lot->pools[k] * funder->bp;
            if (naive_ended(n, lot) || (lot->expires_ms != 0 && lot->expires_ms <= time_ms))
                row->ended += (__int128)lot->pools[POOL_REMAINING] * funder->bp;
        }
    }
}

size_t naive_standing_count(const struct naive_standings *standings)
{
    return standings->count;
}

const struct naive_standing *naive_standing_at(const struct naive_standings *standings,
                                               size_t place)
{
    must(place < standings->count);
    return &standings->at[place];
}

struct naive_standings *naive_standings_now(const struct naive *naive)
{
    struct naive_standings *now = (struct naive_standings *)allocate(1, sizeof(*now));
    naive_stand(naive, naive->now_ms, now);
    return now;
}

void naive_standings_close(struct naive_standings *standings)
{
    naive_standings_release(standings);
    free(standings);
}

const struct naive_standings *naive_last_standings(const struct naive *naive)
{
    return &naive->standings;
}
