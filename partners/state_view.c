/* Asking the state: nothing here changes it. */
#include "partners/state_parts.h"

const struct charter *state_charter(const struct state *state)
{
    return state->charter;
}

uint64_t state_height(const struct state *state)
{
    return state->height;
}

uint64_t state_time_ms(const struct state *state)
{
    return state->now_ms;
}

struct hash state_digest(const struct state *state)
{
    return state->digest;
}

uint64_t state_member_count(const struct state *state)
{
    return state->member_count;
}

uint64_t state_lot_count(const struct state *state)
{
    return state->lot_count;
}

struct member_ref state_member_at(const struct state *state, uint64_t place)
{
    must(place < state->member_count);
    return state->members[place].ref;
}

bool state_balance(const struct state *state, const struct member_ref *ref,
                   struct balance *balance_out)
{
    uint32_t place = members_find(state, ref);
    if (place == NOTHING)
        return false;
    const struct member *member = &state->members[place];
    *balance_out = (struct balance){.spendable = {member->remaining - member->deficit},
                                    .pending = {member->pending},
                                    .held = {member->held},
                                    .deficit = {member->deficit},
                                    .expired_unbooked = {member->ended},
                                    .enrolled_by = member->enrolled_by,
                                    .lot_count = member->lot_count};
    return true;
}

static struct lot_view lot_view(const struct state *state, uint32_t id)
{
    const struct lot *lot = &state->lots[id];
    const struct terms *terms = lot_terms(state, id);
    struct lot_view view = {.number = {(uint64_t)id + 1},
                            .issuer = terms->issuer,
                            .split = &terms->split,
                            .epoch = terms->epoch,
                            .earn = {lot->record},
                            .member = state->members[lot->member].ref,
                            .activates_ms = lot->activates_ms,
                            .expires_ms = lot->expires_ms,
                            .quantity = {lot->quantity}};
    for (size_t i = 0; i < POOL_COUNT; i++)
        view.pools[i].v = lot->pools[i];
    return view;
}

size_t state_lots(const struct state *state, const struct member_ref *ref, size_t skip,
                  struct lot_view *lots_out, size_t count)
{
    uint32_t place = members_find(state, ref);
    if (place == NOTHING)
        return 0;
    size_t written = 0;
    for (uint32_t id = state->members[place].first_lot; id != NOTHING && written < count;
         id = state->lots[id].next) {
        if (skip > 0)
            skip--;
        else
            lots_out[written++] = lot_view(state, id);
    }
    return written;
}

bool state_lot(const struct state *state, struct lot_number number, struct lot_view *lot_out)
{
    uint32_t id = NOTHING;
    if (!lot_exists(state, number, &id))
        return false;
    *lot_out = lot_view(state, id);
    return true;
}

size_t state_lots_to_expire(const struct state *state, struct partner_id issuer,
                            struct lot_number *lots_out, size_t count)
{
    size_t written = 0;
    if (issuer.v >= state->charter->partner_count)
        return 0;
    if (count > EXPIRE_LOTS_MAX)
        count = EXPIRE_LOTS_MAX;
    for (uint32_t id = state->ended[issuer.v].first; id != NOTHING && written < count;
         id = state->lots[id].next)
        lots_out[written++] = (struct lot_number){(uint64_t)id + 1};
    /* An expire record names its lots in ascending order. */
    for (size_t i = 1; i < written; i++)
        for (size_t j = i; j > 0 && lots_out[j - 1].v > lots_out[j].v; j--) {
            struct lot_number swap = lots_out[j];
            lots_out[j] = lots_out[j - 1];
            lots_out[j - 1] = swap;
        }
    return written;
}

bool state_card(const struct state *state, const struct card_token *card,
                struct member_ref *member_out)
{
    uint32_t member = cards_find(state, card);
    if (member == NOTHING)
        return false;
    *member_out = state->members[member].ref;
    return true;
}

bool state_hold(const struct state *state, struct record_index index, struct hold_view *hold_out)
{
    uint32_t id = hold_find(state, index);
    if (id == NOTHING)
        return false;
    const struct hold *hold = &state->holds[id];
    *hold_out = (struct hold_view){.member = state->members[hold->member].ref,
                                   .redeemer = hold->redeemer,
                                   .points = {hold->points},
                                   .committed = {hold->committed},
                                   .ends_ms = hold->ends_ms,
                                   .open = hold->status == HOLD_OPEN};
    return true;
}

bool state_key(const struct state *state, struct partner_id partner, struct bytes key,
               struct key_result *result_out)
{
    uint8_t scratch[SCRATCH_KEY_SIZE];
    if (key.size > KEY_SIZE_MAX)
        return false;
    struct bytes stored = idempotency_key(scratch, partner, key);
    const struct key_entry *entry =
        keys_find(&state->keys, keys_hash(&state->keys, stored), stored);
    if (!entry)
        return false;
    *result_out =
        (struct key_result){.index = {entry->index}, .verdict = (enum verdict)entry->verdict};
    struct bytes client = keys_note(&state->keys, entry);
    must(client.size == HASH_SIZE);
    __builtin_memcpy(result_out->client.at, client.at, HASH_SIZE);
    return true;
}

bool state_document(const struct state *state, struct partner_id partner,
                    enum transaction_type type, struct bytes document, uint32_t line,
                    struct record_index *index_out)
{
    uint8_t scratch[SCRATCH_KEY_SIZE];
    if (document.size == 0 || document.size > DOCUMENT_SIZE_MAX)
        return false;
    struct bytes stored = document_key(scratch, partner, type, line, document);
    const struct key_entry *entry =
        keys_find(&state->documents, keys_hash(&state->documents, stored), stored);
    if (!entry)
        return false;
    *index_out = (struct record_index){entry->index};
    return true;
}

struct money state_obligation(const struct state *state, struct partner_id debtor,
                              struct partner_id creditor, enum line_class line_class,
                              uint8_t tariff)
{
    return obligations_get(&state->obligations, debtor, creditor, line_class, tariff);
}

__int128 state_redeemed_bp(const struct state *state, struct partner_id debtor,
                           struct partner_id creditor)
{
    struct redeemed_cell cell = obligations_redeemed(&state->obligations, debtor, creditor);
    return cell.points_bp - cell.before_bp;
}

const struct contracts *state_contracts(const struct state *state)
{
    return &state->contracts;
}

const struct risk *state_risk(const struct state *state, struct partner_id partner)
{
    must(partner.v < state->partner_count);
    return &state->risks[partner.v];
}

const struct periods *state_periods(const struct state *state)
{
    return &state->periods;
}

struct closed_period *state_open_books(const struct state *state)
{
    return period_books_now(&state->obligations, state->charter, &state->contracts,
                            state->periods.open, state->periods.open_first_record);
}

const struct payment_accounts *state_accounts(const struct state *state)
{
    return &state->accounts;
}

const struct exchange_rates *state_exchange_rates(const struct state *state)
{
    return &state->rates;
}

bool state_exchange_rate(const struct state *state, struct partner_id partner, const char *currency,
                         int64_t day, struct micro *rate_out, int64_t *day_out)
{
    struct day_rate found;
    if (!exchange_rates_find(&state->rates, partner, currency, day, &found))
        return false;
    *rate_out = found.rate;
    *day_out = found.day;
    return true;
}

struct totals state_totals(const struct state *state)
{
    struct totals totals = {.quantity = {(int64_t)state->total.quantity},
                            .deficits = {state->deficits_open},
                            .waived = {state->waived},
                            .reversed = {state->reversed},
                            .expired_counted = {state->expired_counted},
                            .accepted = state->accepted,
                            .refused = state->refused};
    for (size_t i = 0; i < POOL_COUNT; i++)
        totals.pools[i].v = (int64_t)state->total.pools[i];
    return totals;
}
