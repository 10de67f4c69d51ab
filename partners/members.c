/* Members and the cards that lead to them. */
#include "partners/state_parts.h"

static uint64_t hash_of(const struct state *state, const void *at, size_t size)
{
    /* The coalition's id as seed: tables of two coalitions differ. */
    return table_hash(get_u64be(state->charter->coalition.at), bytes_of(at, size));
}

uint64_t members_hash(const struct state *state, const struct member_ref *ref)
{
    return hash_of(state, ref->at, MEMBER_REF_SIZE);
}

static bool member_is(const void *context, uint32_t value, const void *key)
{
    const struct state *state = context;
    return member_equal(&state->members[value].ref, key);
}

uint32_t members_find(const struct state *state, const struct member_ref *ref)
{
    uint32_t member = NOTHING;
    uint64_t hash = members_hash(state, ref);
    return table_find(&state->member_table, hash, member_is, state, ref, &member) ? member
                                                                                  : NOTHING;
}

bool members_add(struct state *state, struct partner_id enrolled_by, const struct member_ref *ref)
{
    if (members_find(state, ref) != NOTHING)
        return false;
    must(state->member_count < NOTHING);
    state->members = large_array_grow(state->members, &state->member_capacity,
                                      state->member_count + 1, sizeof(*state->members));
    state->members[state->member_count] = (struct member){.ref = *ref,
                                                          .enrolled_by = enrolled_by,
                                                          .first_lot = NOTHING,
                                                          .last_lot = NOTHING,
                                                          .first_deficit = NOTHING,
                                                          .last_deficit = NOTHING,
                                                          .last = {NO_RECORD}};
    table_insert(&state->member_table, members_hash(state, ref), (uint32_t)state->member_count++);
    return true;
}

enum verdict members_enrol(struct state *state, struct partner_id writer,
                           const struct member_ref *ref)
{
    if (!members_add(state, writer, ref))
        return VERDICT_MEMBER_EXISTS;
    journal_note_bytes(&state->journal, NOTE_MEMBER, bytes_of(ref->at, MEMBER_REF_SIZE));
    return VERDICT_ACCEPTED;
}

static bool card_is(const void *context, uint32_t value, const void *key)
{
    const struct state *state = context;
    return bytes_equal(bytes_of(state->cards[value].token.at, HASH_SIZE),
                       bytes_of(((const struct card_token *)key)->at, HASH_SIZE));
}

uint32_t cards_find(const struct state *state, const struct card_token *card)
{
    uint32_t place = 0;
    uint64_t hash = hash_of(state, card->at, HASH_SIZE);
    if (!table_find(&state->card_table, hash, card_is, state, card, &place))
        return NOTHING;
    return state->cards[place].member;
}

void cards_add(struct state *state, uint32_t member, const struct card_token *card)
{
    state->cards = large_array_grow(state->cards, &state->card_capacity, state->card_count + 1,
                                    sizeof(*state->cards));
    state->cards[state->card_count] = (struct card){.token = *card, .member = member};
    table_insert(&state->card_table, hash_of(state, card->at, HASH_SIZE),
                 (uint32_t)state->card_count++);
}

enum verdict members_link_card(struct state *state, struct partner_id writer,
                               const struct member_ref *ref, const struct card_token *card)
{
    uint32_t member = members_find(state, ref);
    if (member == NOTHING)
        return VERDICT_UNKNOWN_MEMBER;
    if (!partner_equal(state->members[member].enrolled_by, writer))
        return VERDICT_NOT_AUTHORISED;
    uint32_t holder = cards_find(state, card);
    if (holder != NOTHING)
        return holder == member ? VERDICT_NOTHING_TO_DO : VERDICT_CARD_TAKEN;
    cards_add(state, member, card);
    journal_note(&state->journal, NOTE_CARD, member, get_u64be(card->at));
    return VERDICT_ACCEPTED;
}
