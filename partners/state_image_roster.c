/* The rows of an image that say who takes part. Each amendment is applied again to the charter that
 * those before it made: what does not fit was never in force. */
#include "partners/state_image_parts.h"

/* What names the amendment: a record that was, or the node of a kind that no motion brings. */
static bool what_sound(const struct loader *loader, const struct change *change, uint64_t what)
{
    return change_is_proposed(change->kind) ? what < loader->state->next_index
                                            : what == change->node.v;
}

bool load_amendments(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    uint64_t height = next_u64(&row), what = next_u64(&row);
    uint16_t size = next_u16(&row);
    uint64_t known = state->height + ROSTER_AHEAD;
    struct change change;
    struct turn turn;
    if (size > CHANGE_SIZE_MAX)
        return loader_refuse(loader, "its change is too large");
    const uint8_t *bytes = loader_take(loader, size);
    if (!bytes)
        return false;
    if (height <= ROSTER_AHEAD || height < loader->last ||
        height > known + MOTION_DELAY_MAX - MOTION_DELAY_MIN)
        return loader_refuse(loader, "its height is out of order or range");
    loader->last = height;
    if (!change_decode(bytes_of(bytes, size), &change, NULL) ||
        !what_sound(loader, &change, what) || (height > known && !change_is_proposed(change.kind)))
        return loader_refuse(loader, "its change is not well formed");
    if (height > known && roster_waiting(&state->roster) == PENDING_MAX)
        return loader_refuse(loader, "too much waits");
    roster_add(&state->roster, height, what, &change);
    if (height > known)
        return true;
    return (roster_turn(&state->roster, known, &turn) && turn.fits) ||
           loader_refuse(loader, "its change does not fit the charter before it");
}

static bool ballots_load(struct loader *loader, struct proposed *motion, uint16_t ballots)
{
    const uint8_t *at = loader_take(loader, (size_t)ballots * BALLOT_PART_SIZE);
    for (uint16_t i = 0; at && i < ballots; i++) {
        struct partner_id partner = {next_u16(&at)};
        for (size_t j = 0; j < motion->ballot_count; j++)
            if (partner_equal(motion->ballots[j], partner))
                return loader_refuse(loader, "a partner's ballot counts twice");
        if (partner.v >= loader->state->charter->partner_count)
            return loader_refuse(loader, "there is no such partner");
        motions_count(motion, partner);
    }
    return at != NULL;
}

bool load_motions(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct motion motion;
    uint64_t record = next_u64(&row), proposed_ms = next_u64(&row);
    struct partner_id by = {next_u16(&row)};
    uint8_t carried = next_u8(&row);
    uint16_t size = next_u16(&row), ballots = next_u16(&row);
    if (!loader_in_log_order(loader, record))
        return false;
    if (proposed_ms < loader->seen_ms || proposed_ms > state->now_ms ||
        state->now_ms - proposed_ms >= 2 * MOTION_OPEN_MS)
        return loader_refuse(loader, "its time is out of range");
    loader->seen_ms = proposed_ms;
    if (by.v >= state->charter->partner_count || carried > (ballots > 0) ||
        size > MOTION_SIZE_MAX || ballots > PARTNERS_MAX)
        return loader_refuse(loader, "it has no partner, or what nobody counted");
    const uint8_t *body = loader_take(loader, size);
    if (!body)
        return false;
    if (!motion_decode(bytes_of(body, size), &motion, NULL))
        return loader_refuse(loader, "its body is not well formed");
    struct proposed *added = motions_add(state, record, proposed_ms, by, bytes_of(body, size));
    added->carried = carried;
    return ballots_load(loader, added, ballots);
}

bool load_digests(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct hash digest;
    next_bytes(&row, digest.at, HASH_SIZE);
    if (loader->row >= state->height || (loader->row == 0 && !hash_equal(&digest, &state->digest)))
        return loader_refuse(loader, "it is not the digest of that height");
    state->digests[(state->height - loader->row) % DIGESTS_KEPT] = digest;
    loader->digests = loader->row + 1;
    return true;
}
