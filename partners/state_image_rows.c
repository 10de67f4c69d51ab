/* One row of an image after the other: each is checked against what came before it, so that what is
 * kept refers only to what exists. */
#include "partners/period_calendar.h"
#include "partners/state_image_parts.h"

/* ---- who and at which terms ------------------------------------------------------------------ */

static bool partner_exists(const struct loader *loader, uint16_t partner)
{
    return partner < loader->state->charter->partner_count;
}

static bool split_load(struct funding_split *split, const uint8_t *at)
{
    for (size_t i = 0; i < SPLIT_MAX; i++) {
        struct funder funder = {.partner = {next_u16(&at)}};
        funder.bp = next_u16(&at);
        if (i < split->count)
            split->funders[i] = funder;
        else if (funder.partner.v != 0 || funder.bp != 0)
            return false;
    }
    return true;
}

bool load_terms(struct loader *loader, const uint8_t *row)
{
    struct terms terms = {.issuer = {next_u16(&row)}};
    terms.split.count = next_u8(&row);
    terms.epoch = next_u32(&row);
    if (!partner_exists(loader, terms.issuer.v))
        return loader_refuse(loader, "there is no such issuer");
    if (terms.epoch >= loader->state->contracts.epoch_count)
        return loader_refuse(loader, "its epoch is yet to come");
    if (terms.split.count == 0 || terms.split.count > SPLIT_MAX || !split_load(&terms.split, row) ||
        split_check(loader->state, terms.issuer, &terms.split, terms.epoch) != VERDICT_ACCEPTED)
        return loader_refuse(loader, "its funders may not pay for it");
    return terms_add(loader->state, &terms) || loader_refuse(loader, "it is there twice");
}

bool load_members(struct loader *loader, const uint8_t *row)
{
    struct member_ref ref;
    next_bytes(&row, ref.at, MEMBER_REF_SIZE);
    struct partner_id enrolled_by = {next_u16(&row)};
    if (!partner_exists(loader, enrolled_by.v))
        return loader_refuse(loader, "there is no such partner");
    if (!members_add(loader->state, enrolled_by, &ref))
        return loader_refuse(loader, "it is there twice");
    struct member *member = &loader->state->members[loader->row];
    member->first_lot = next_u32(&row); /* not followed before the lots are there */
    member->last.v = next_u64(&row);
    return member->last.v < loader->state->next_index ||
           loader_refuse(loader, "the last record of its history is yet to come");
}

static bool member_exists(const struct loader *loader, uint32_t member)
{
    return member < loader->state->member_count;
}

bool load_cards(struct loader *loader, const uint8_t *row)
{
    struct card_token token;
    next_bytes(&row, token.at, HASH_SIZE);
    uint32_t member = next_u32(&row);
    if (!member_exists(loader, member))
        return loader_refuse(loader, "there is no such member");
    if (cards_find(loader->state, &token) != NOTHING)
        return loader_refuse(loader, "it is there twice");
    cards_add(loader->state, member, &token);
    return true;
}

/* ---- earns and lots -------------------------------------------------------------------------- */

bool load_earns(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct earn earn = {.record = next_u64(&row)};
    earn.eligible = next_u64(&row);
    earn.refunded = next_u64(&row);
    earn.member = next_u32(&row);
    earn.partner.v = next_u16(&row);
    earn.lot_count = next_u8(&row);
    earn.first_lot = NOTHING;
    if (!loader_in_log_order(loader, earn.record))
        return false;
    if (!member_exists(loader, earn.member) || !partner_exists(loader, earn.partner.v) ||
        earn.lot_count == 0 || earn.lot_count > EARN_LOTS_MAX)
        return loader_refuse(loader, "it has no member, partner or lots");
    if (earn.eligible == 0 || earn.eligible > INT64_MAX || earn.refunded > earn.eligible)
        return loader_refuse(loader, "it was refunded beyond what it is for");
    state->earns = large_array_grow(state->earns, &state->earn_capacity, state->earn_count + 1,
                                    sizeof(*state->earns));
    state->earns[state->earn_count++] = earn;
    return true;
}

/* ledger.md 4.1: what reversals asked of an earn's lots follows from what was refunded. */
static bool own_lots_end(struct loader *loader)
{
    const struct earn *earn = &loader->state->earns[loader->earns_begun - 1];
    if (loader->own_quantity > POINTS_PER_RECORD_MAX ||
        multiply_divide_half_up(loader->own_quantity, (int64_t)earn->refunded,
                                (int64_t)earn->eligible) != loader->own_reversed)
        return loader_refuse(loader, "its earn was not reversed as it was refunded");
    return true;
}

static bool of_earn(const struct loader *loader, const struct lot *lot)
{
    const struct earn *earn = &loader->state->earns[lot->earn];
    return lot->member == earn->member && lot->record == earn->record &&
           partner_equal(loader->state->terms[lot->terms].issuer, earn->partner);
}

/* A lot of its earn's own: the first of the next earn, or the next of the last one begun. */
static bool own_lot(struct loader *loader, const struct lot *lot)
{
    if (loader->own_left == 0) {
        struct earn *earn = &loader->state->earns[loader->earns_begun++];
        earn->first_lot = (uint32_t)loader->row;
        loader->own_left = earn->lot_count;
        loader->own_quantity = loader->own_reversed = 0;
    }
    loader->own_left--;
    loader->own_quantity += lot->quantity;
    loader->own_reversed += lot->reversed;
    return loader->own_left > 0 || own_lots_end(loader);
}

static bool origin_sound(struct loader *loader, const struct lot *lot)
{
    const struct state *state = loader->state;
    uint32_t earn = lot->earn, begun = loader->earns_begun;
    if (lot->record >= state->next_index ||
        (earn != NOTHING && (earn >= state->earn_count || !of_earn(loader, lot))))
        return loader_refuse(loader, "it is not of its earn");
    if (loader->own_left > 0 ? earn == begun - 1 : earn == begun)
        return own_lot(loader, lot);
    if (loader->own_left > 0 || (earn != NOTHING && earn > begun))
        return loader_refuse(loader, "the lots of an earn are not together");
    /* Reversals are asked of an earn's own lots only, not of those that came out of them. */
    if (lot->reversed != 0)
        return loader_refuse(loader, "it was reversed without an earn");
    return true;
}

/* What one lot says by itself; held and spent points are not there yet. */
static const char *lot_mistake(const struct loader *loader, const struct lot *lot)
{
    const struct state *state = loader->state;
    if (lot->terms >= state->terms_count)
        return "there are no such terms";
    if (!member_exists(loader, lot->member))
        return "there is no such member";
    if (lot->quantity == 0 || lot->quantity > POINTS_PER_RECORD_MAX)
        return "its quantity is out of range";
    if (lot->activates_ms > TIME_MS_MAX || lot->expires_ms > TIME_MS_MAX)
        return "its times are out of range";
    if (lot->reversed > lot->quantity ||
        (uint64_t)lot->waived + lot->expired_counted > lot->reversed)
        return "its reversals do not add up";
    if ((uint64_t)lot->expired_counted >
        (uint64_t)lot->pools[POOL_EXPIRED] + (lot->ended ? lot->pools[POOL_REMAINING] : 0))
        return "more counts as expired than has expired";
    return NULL;
}

#define DAY_MS UINT64_C(86400000) /* a zone puts its clocks back by less */

/* All that came of one earn was made with it. */
static bool vintage_sound(struct loader *loader, const struct lot *lot, uint32_t vintage)
{
    const struct state *state = loader->state;
    uint32_t first = lot->earn == NOTHING ? NOTHING : state->earns[lot->earn].first_lot;
    if (vintage > month_at(state->charter, state->now_ms + DAY_MS))
        return loader_refuse(loader, "it was made in a month that is yet to come");
    return first >= loader->row || lot_vintage(state, first) == vintage ||
           loader_refuse(loader, "it is not of its earn's month");
}

bool load_lots(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct lot lot = {.terms = next_u32(&row), .previous = NOTHING};
    lot.member = next_u32(&row);
    lot.earn = next_u32(&row);
    lot.next = next_u32(&row);
    lot.quantity = next_u32(&row);
    lot.pools[POOL_PENDING] = next_u32(&row);
    lot.pools[POOL_REMAINING] = next_u32(&row);
    lot.pools[POOL_CLAWED_BACK] = next_u32(&row);
    lot.pools[POOL_EXPIRED] = next_u32(&row);
    lot.pools[POOL_TRANSFERRED] = next_u32(&row);
    lot.reversed = next_u32(&row);
    lot.waived = next_u32(&row);
    lot.expired_counted = next_u32(&row);
    lot.activates_ms = next_u64(&row);
    lot.expires_ms = next_u64(&row);
    lot.record = next_u64(&row);
    uint32_t vintage = next_u32(&row);
    lot.ended = lot.expires_ms != 0 && lot.expires_ms <= state->now_ms;
    const char *mistake = lot_mistake(loader, &lot);
    if (mistake)
        return loader_refuse(loader, mistake);
    if (!origin_sound(loader, &lot) || !vintage_sound(loader, &lot, vintage))
        return false;
    lot.cohort = cohort_intern(state, lot.terms, vintage, lot.expires_ms);
    state->lots = large_array_grow(state->lots, &state->lot_capacity, state->lot_count + 1,
                                   sizeof(*state->lots));
    state->lots[state->lot_count++] = lot;
    return true;
}

bool load_ended(struct loader *loader, const uint8_t *row)
{
    uint16_t issuer = next_u16(&row);
    uint32_t first = next_u32(&row);
    if (!partner_exists(loader, issuer) || issuer < loader->last ||
        first >= loader->state->lot_count)
        return loader_refuse(loader, "there is no such issuer or lot");
    loader->last = (uint64_t)issuer + 1;
    loader->state->ended[issuer].first = first;
    return true;
}

/* ---- holds and redemptions --------------------------------------------------------------------
 */

/* Takes the parts of a hold or a redemption into the plan, which knows whether a record of so many
 * may be. While they are `standing`, they are in that pool of their lots. */
static bool parts_load(struct loader *loader, uint32_t member, uint32_t count, enum pool pool,
                       bool standing)
{
    struct state *state = loader->state;
    size_t size = pool == POOL_HELD ? HOLD_PART_SIZE : REDEMPTION_PART_SIZE;
    plan_clear(&state->plan);
    if (count == 0 || count > ALLOCATIONS_MAX) /* the charter's limit was another, perhaps */
        return loader_refuse(loader, "it has too many parts or none");
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = loader_take(loader, size);
        if (!at)
            return false;
        uint32_t lot = next_u32(&at), quantity = next_u32(&at);
        uint32_t returned = pool == POOL_HELD ? 0 : next_u32(&at);
        if (lot >= state->lot_count || state->lots[lot].member != member)
            return loader_refuse(loader, "its lots are not its member's");
        if (quantity == 0 || quantity > state->lots[lot].quantity || returned > quantity)
            return loader_refuse(loader, "its parts are out of range");
        plan_add(state, lot, quantity);
        state->plan.at[i].returned = returned;
        uint32_t *sum = &state->lots[lot].pools[pool];
        *sum += standing ? quantity - returned : 0;
        if (*sum > state->lots[lot].quantity)
            return loader_refuse(loader, "more was taken from a lot than it has");
    }
    return state->plan.points <= POINTS_PER_RECORD_MAX ||
           loader_refuse(loader, "its points are out of range");
}

/* What of a hold was not committed came back when it was closed: its last parts. */
static void mark_released(struct state *state, const struct hold *hold)
{
    int64_t skip = hold->committed;
    for (size_t i = 0; hold->status != HOLD_OPEN && i < state->plan.count; i++) {
        struct allocation *part = &state->plan.at[i];
        int64_t used = part->quantity < skip ? part->quantity : skip;
        skip -= used;
        part->returned = part->quantity - (uint32_t)used;
    }
}

static bool status_sound(const struct hold *hold, int64_t points)
{
    switch (hold->status) {
    case HOLD_OPEN:
    case HOLD_RELEASED:
    case HOLD_ENDED:
        return hold->committed == 0;
    case HOLD_COMMITTED:
        return hold->committed > 0 && hold->committed <= points;
    }
    return false;
}

bool load_holds(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct hold hold = {.record = next_u64(&row)};
    hold.ends_ms = next_u64(&row);
    hold.member = next_u32(&row);
    hold.redeemer.v = next_u16(&row);
    uint8_t status = next_u8(&row);
    hold.committed = next_u32(&row);
    hold.allocation_count = next_u32(&row);
    if (!loader_in_log_order(loader, hold.record))
        return false;
    if (!member_exists(loader, hold.member) || !partner_exists(loader, hold.redeemer.v) ||
        status > HOLD_ENDED || hold.ends_ms > INT64_MAX)
        return loader_refuse(loader, "it has no member, redeemer or end");
    hold.status = (enum hold_status)status;
    if (!parts_load(loader, hold.member, hold.allocation_count, POOL_HELD, status == HOLD_OPEN))
        return false;
    hold.points = state->plan.points;
    if (!status_sound(&hold, hold.points))
        return loader_refuse(loader, "what was committed of it does not add up");
    /* As when it was made: time must be able to release it within one seal. */
    if (!plan_hold_fits(state))
        return loader_refuse(loader, "it has too many parts or funders");
    mark_released(state, &hold);
    hold.first_allocation = allocations_keep(state);
    state->holds = large_array_grow(state->holds, &state->hold_capacity, state->hold_count + 1,
                                    sizeof(*state->holds));
    state->holds[state->hold_count++] = hold;
    if (hold.status == HOLD_OPEN)
        hold_counts(state, &hold, true);
    return true;
}

/* Whose points went into redemptions at whom: what obligations are compared with. */
static void add_redeemed(struct state *state, struct partner_id redeemer,
                         const struct allocation *part, int64_t *returned)
{
    const struct funding_split *split = &lot_terms(state, part->lot)->split;
    int64_t points = (int64_t)part->quantity - part->returned;
    *returned += part->returned;
    for (size_t i = 0; i < split->count; i++)
        obligations_add_redeemed(&state->obligations, split->funders[i].partner, redeemer,
                                 points * split->funders[i].bp);
}

bool load_redemptions(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct redemption redemption = {.record = next_u64(&row)};
    redemption.member = next_u32(&row);
    redemption.redeemer.v = next_u16(&row);
    redemption.epoch = next_u32(&row);
    redemption.allocation_count = next_u32(&row);
    if (!loader_in_log_order(loader, redemption.record))
        return false;
    if (!member_exists(loader, redemption.member) || !partner_exists(loader, redemption.redeemer.v))
        return loader_refuse(loader, "it has no member or redeemer");
    uint32_t before =
        state->redemption_count ? state->redemptions[state->redemption_count - 1].epoch : 0;
    if (redemption.epoch < before || redemption.epoch >= state->contracts.epoch_count)
        return loader_refuse(loader, "its epoch is out of order");
    if (!parts_load(loader, redemption.member, redemption.allocation_count, POOL_SPENT, true))
        return false;
    redemption.points = state->plan.points;
    for (size_t i = 0; i < state->plan.count; i++)
        add_redeemed(state, redemption.redeemer, &state->plan.at[i], &redemption.returned);
    redemption.first_allocation = allocations_keep(state);
    state->redemptions = large_array_grow(state->redemptions, &state->redemption_capacity,
                                          state->redemption_count + 1, sizeof(*state->redemptions));
    state->redemptions[state->redemption_count++] = redemption;
    return true;
}

/* ---- debts ----------------------------------------------------------------------------------- */

bool load_deficits(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    uint32_t place = next_u32(&row), node = (uint32_t)state->deficit_count;
    struct deficit deficit = {.next = NOTHING, .claimant = {next_u16(&row)}};
    deficit.points = (int64_t)next_u64(&row);
    int64_t most = state->charter->policy.deficit_max.v;
    if (!member_exists(loader, place) || !partner_exists(loader, deficit.claimant.v) ||
        place < loader->last)
        return loader_refuse(loader, "it has no member or claimant, or is out of order");
    loader->last = place;
    struct member *member = &state->members[place];
    if (deficit.points < 1 || deficit.points > most - member->deficit ||
        member->deficit_count == DEFICITS_MAX ||
        __builtin_add_overflow(state->deficits_open, deficit.points, &state->deficits_open))
        return loader_refuse(loader, "a member owes too much");
    state->deficits = large_array_grow(state->deficits, &state->deficit_capacity,
                                       state->deficit_count + 1, sizeof(*state->deficits));
    state->deficits[state->deficit_count++] = deficit;
    *(member->last_deficit == NOTHING ? &member->first_deficit
                                      : &state->deficits[member->last_deficit].next) = node;
    member->last_deficit = node;
    member->deficit_count++;
    member->deficit += deficit.points;
    return true;
}

/* Fees go to the operator alone. Beyond 2^110 no ledger of 2^63
 * records gets. */
bool obligation_sound(const struct state *state, struct partner_id creditor, uint8_t line_class,
                      __int128 amount)
{
    const __int128 most = (__int128)1 << 110;
    if (amount == 0 || amount > most || amount < -most)
        return false;
    if (line_class == LINE_REDEMPTION)
        return amount > 0;
    /* What was taken back counts no more while it is disputed: contra lines may turn positive. */
    return line_class == LINE_REDEMPTION_CONTRA || line_class == LINE_CLAW_BACK ||
           line_class == LINE_DISPUTE ||
           (state->charter->has_operator && partner_equal(creditor, state->charter->operator_id));
}

bool load_obligations(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct partner_id debtor = {next_u16(&row)}, creditor = {next_u16(&row)};
    uint8_t line_class = next_u8(&row), tariff = next_u8(&row);
    __int128 amount = next_i128(&row);
    uint64_t place =
        (uint64_t)debtor.v << 32 | (uint64_t)creditor.v << 16 | (uint64_t)line_class << 8 | tariff;
    if (!partner_exists(loader, debtor.v) || !partner_exists(loader, creditor.v) ||
        partner_equal(debtor, creditor) || line_class >= LINE_CLASS_COUNT ||
        tariff >= state->contracts.tariff_count || place < loader->last)
        return loader_refuse(loader,
                             "it has no debtor, creditor, class or tariff, or is out of order");
    loader->last = place + 1;
    if (!obligation_sound(state, creditor, line_class, amount))
        return loader_refuse(loader, "its amount is out of range");
    obligations_set(&state->obligations, debtor, creditor, (enum line_class)line_class, tariff,
                    (struct money){amount});
    return true;
}

/* ---- what was decided under a key -------------------------------------------------------------
 */

struct decided {
    uint64_t index, seen_ms;
    size_t key_size, note_size;
    enum verdict verdict;
    const uint8_t *text;
};

static bool decided_load(struct loader *loader, const uint8_t *row, struct decided *decided_out)
{
    decided_out->index = next_u64(&row);
    decided_out->seen_ms = next_u64(&row);
    decided_out->key_size = next_u16(&row);
    decided_out->note_size = next_u8(&row);
    if (!loader_in_log_order(loader, decided_out->index))
        return false;
    if (decided_out->seen_ms < loader->seen_ms || decided_out->seen_ms > loader->state->now_ms ||
        !verdict_from_number(next_u8(&row), &decided_out->verdict))
        return loader_refuse(loader, "its time or verdict is out of range");
    loader->seen_ms = decided_out->seen_ms;
    if (decided_out->key_size > SCRATCH_KEY_SIZE)
        return loader_refuse(loader, "its key is out of range");
    decided_out->text = loader_take(loader, decided_out->key_size + decided_out->note_size);
    return decided_out->text != NULL;
}

static bool decided_add(struct loader *loader, struct keys *keys, const struct decided *decided)
{
    struct bytes key = bytes_of(decided->text, decided->key_size);
    struct bytes note = bytes_of(decided->text + decided->key_size, decided->note_size);
    uint64_t hash = keys_hash(keys, key);
    if (!partner_exists(loader, get_u16be(key.at)))
        return loader_refuse(loader, "there is no such partner");
    if (keys_find(keys, hash, key))
        return loader_refuse(loader, "it is there twice");
    keys_add(keys, hash, key, note, (struct record_index){decided->index}, decided->verdict,
             decided->seen_ms);
    return true;
}

bool load_keys(struct loader *loader, const uint8_t *row)
{
    struct decided decided = {0}; /* the analyser cannot see that a refusal is false */
    if (!decided_load(loader, row, &decided))
        return false;
    must(decided.text != NULL);
    if (decided.key_size < 2 || decided.key_size > 2 + KEY_SIZE_MAX ||
        decided.note_size != HASH_SIZE)
        return loader_refuse(loader, "its key is out of range");
    return decided_add(loader, &loader->state->keys, &decided);
}

bool load_documents(struct loader *loader, const uint8_t *row)
{
    struct decided decided = {0}; /* the analyser cannot see that a refusal is false */
    enum transaction_type type;
    if (!decided_load(loader, row, &decided))
        return false;
    must(decided.text != NULL);
    if (decided.key_size < 8 || decided.note_size != 0 || decided.verdict != VERDICT_ACCEPTED ||
        !transaction_type_from_number(decided.text[2], &type))
        return loader_refuse(loader, "its key is out of range");
    return decided_add(loader, &loader->state->documents, &decided);
}
