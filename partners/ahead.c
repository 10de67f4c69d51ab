/* What the next transactions will touch is asked of memory before they are applied: at millions of
 * members each lookup misses every cache, and a node spent a sixth of a batch's time waiting. Three
 * steps, since each needs what the one before brought:
 *
 *   heard of now        the slots of its key and its member in the tables
 *   STEP ago            the member
 *   2 * STEP ago        the member's first and last lot
 *
 * Only hints: whatever is wrong here costs time and changes nothing. */
#include "partners/state_parts.h"

#include "protocol/codec.h"

enum { STEP = 3 };
_Static_assert(2 * STEP < AHEAD_PLACES, "all three steps see their transaction");

/* The key, and the member that a body of most types begins with. */
static bool peek(struct bytes transaction, struct bytes *key_out, struct bytes *member_out)
{
    struct codec_reader reader;
    codec_reader_init(&reader, transaction);
    (void)codec_get_array(&reader, 6, 6);
    (void)codec_get_uint(&reader, UINT8_MAX);
    (void)codec_get_uint(&reader, TIME_MS_MAX);
    *key_out = codec_get_text(&reader, 1, KEY_SIZE_MAX);
    (void)codec_get_text(&reader, 0, DOCUMENT_SIZE_MAX);
    (void)codec_get_uint(&reader, UINT32_MAX);
    (void)codec_get_array(&reader, 1, CODEC_ITEMS_MAX);
    bool good = !reader.failed;
    *member_out = codec_get_bytes(&reader, MEMBER_REF_SIZE, MEMBER_REF_SIZE);
    return good;
}

static void fetch_slots(struct state *state, struct node_id lane, struct bytes transaction,
                        struct ahead *ahead)
{
    uint8_t scratch[SCRATCH_KEY_SIZE];
    struct bytes key, member;
    *ahead = (struct ahead){.member = NOTHING};
    if (lane.v >= state->charter->node_count || !peek(transaction, &key, &member))
        return;
    key = idempotency_key(scratch, state->charter->nodes[lane.v].partner, key);
    table_fetch(&state->keys.table, keys_hash(&state->keys, key));
    if (member.size == 0)
        return;
    ahead->has_member = true;
    ahead->member_hash = members_hash(state, (const struct member_ref *)member.at);
    table_fetch(&state->member_table, ahead->member_hash);
}

static void fetch_member(const struct state *state, struct ahead *ahead)
{
    if (!ahead->has_member ||
        !table_guess(&state->member_table, ahead->member_hash, &ahead->member))
        return;
    const struct member *member = &state->members[ahead->member];
    __builtin_prefetch(member, 1);
    __builtin_prefetch((const uint8_t *)(member + 1) - 1, 1);
}

static void fetch_lots(const struct state *state, const struct ahead *ahead)
{
    if (!ahead->has_member || ahead->member == NOTHING)
        return;
    const struct member *member = &state->members[ahead->member];
    const uint32_t lots[] = {member->first_lot, member->last_lot};
    for (size_t i = 0; i < ARRAY_SIZE(lots); i++) {
        if (lots[i] == NOTHING)
            continue;
        __builtin_prefetch(&state->lots[lots[i]], 1);
        __builtin_prefetch((const uint8_t *)(&state->lots[lots[i]] + 1) - 1, 1);
    }
}

void state_expect(struct state *state, struct node_id lane, struct bytes transaction)
{
    size_t now = state->ahead_count++;
    fetch_slots(state, lane, transaction, &state->ahead[now % AHEAD_PLACES]);
    fetch_member(state, &state->ahead[(now - STEP) % AHEAD_PLACES]);
    fetch_lots(state, &state->ahead[(now - 2 * STEP) % AHEAD_PLACES]);
}
