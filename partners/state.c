/* The state's life: opened, a height begun, transactions applied, the height sealed. */
#include "partners/period_calendar.h"
#include "partners/state_parts.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

/* ---- lifecycle ------------------------------------------------------------------------------- */

struct state *state_open(const struct charter *charter)
{
    struct state *state = allocate(1, sizeof(*state));
    roster_init(&state->roster, charter);
    state->digest = charter->coalition;
    state->free_deficit = NOTHING;
    state->joint_used = allocate(charter->joint_funding_count + 1, sizeof(*state->joint_used));
    state->keys.seed = state->documents.seed = get_u64be(charter->coalition.at);
    contracts_init(&state->contracts, charter);
    obligations_init(&state->obligations, 0);
    membership_enter(state, 0);
    journal_init(&state->journal);
    effect_list_init(&state->automatic);
    return state;
}

static void arrays_free(struct state *state)
{
    large_array_release(state->members, state->member_capacity, sizeof(*state->members));
    large_array_release(state->cards, state->card_capacity, sizeof(*state->cards));
    free(state->terms);
    large_array_release(state->lots, state->lot_capacity, sizeof(*state->lots));
    large_array_release(state->cohorts, state->cohort_capacity, sizeof(*state->cohorts));
    large_array_release(state->earns, state->earn_capacity, sizeof(*state->earns));
    large_array_release(state->holds, state->hold_capacity, sizeof(*state->holds));
    large_array_release(state->redemptions, state->redemption_capacity,
                        sizeof(*state->redemptions));
    large_array_release(state->allocations, state->allocation_capacity,
                        sizeof(*state->allocations));
    large_array_release(state->deficits, state->deficit_capacity, sizeof(*state->deficits));
    free(state->name_rank);
    free(state->issuers);
    free(state->funders);
    free(state->risks);
    free(state->risk_changed);
    free(state->ended);
    free(state->joint_used);
    free(state->plan.at);
    free(state->plan.seen);
    free(state->plan.asked);
    motions_free(state);
}

void state_close(struct state *state)
{
    if (!state)
        return;
    table_release(&state->member_table);
    table_release(&state->card_table);
    table_release(&state->terms_table);
    table_release(&state->cohort_table);
    keys_release(&state->keys);
    keys_release(&state->documents);
    due_release(&state->timers);
    due_release(&state->ends);
    contracts_release(&state->contracts);
    obligations_release(&state->obligations);
    periods_release(&state->periods);
    payment_accounts_release(&state->accounts);
    vintages_release(&state->vintages);
    exchange_rates_release(&state->rates);
    journal_release(&state->journal);
    effect_list_release(&state->automatic);
    arrays_free(state);
    roster_release(&state->roster);
    free(state);
}

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t state_time_at(const struct state *state, uint64_t cut_time_ms)
{
    uint64_t time_ms = cut_time_ms;
    if (state->charter->sandbox) {
        uint64_t first_ms = state->started ? state->first_cut_ms : cut_time_ms;
        uint64_t passed_ms = cut_time_ms > first_ms ? cut_time_ms - first_ms : 0;
        time_ms = state->charter->sandbox_start_ms + state->advance_ms + passed_ms;
    }
    return time_ms < TIME_MS_MAX ? time_ms : TIME_MS_MAX;
}

uint64_t state_next_due_ms(const struct state *state)
{
    const struct due_item *first = due_first(&state->timers);
    if (!first || !state->started)
        return UINT64_MAX;
    if (!state->charter->sandbox)
        return first->time_ms;
    uint64_t origin_ms = state->charter->sandbox_start_ms + state->advance_ms;
    return state->first_cut_ms + (first->time_ms > origin_ms ? first->time_ms - origin_ms : 0);
}

static enum verdict apply_clock(struct state *state, const struct context *context)
{
    uint64_t advance_ms = context->transaction->body.clock.advance_ms;
    if (!state->charter->sandbox)
        return VERDICT_NOT_SANDBOX;
    /* Counted on what other records of this height added: the height's own time stands still. */
    uint64_t reached_ms = state_time_at(state, state->cut_time_ms);
    if (advance_ms == 0 || advance_ms > TIME_MS_MAX - reached_ms)
        return VERDICT_BAD_QUANTITY;
    state->advance_ms += advance_ms;
    journal_note(&state->journal, NOTE_CLOCK, state->advance_ms, 0);
    return VERDICT_ACCEPTED;
}

/* ---- invariants of a record --------------------------------------------------------------------
 */

/* ledger.md 3.2 for reversals, and 4.5: nobody owes points while having some. */
static void record_check(struct state *state)
{
    must(state->total.pools[POOL_CLAWED_BACK] + state->expired_counted + state->deficits_open +
             state->waived ==
         state->reversed);
    for (size_t i = 0; i < state->touched_count; i++) {
        const struct member *member = &state->members[state->touched[i]];
        must(member->deficit == 0 || member->remaining == 0);
        must((member->deficit == 0) == (member->first_deficit == NOTHING));
    }
    state->touched_count = 0;
}

/* ---- what time alone brings --------------------------------------------------------------------
 */

static bool timer_is_void(const struct state *state, const struct due_item *item)
{
    switch (item->kind) {
    case DUE_LOT_ACTIVATES:
        return state->lots[item->what].pools[POOL_PENDING] == 0;
    case DUE_HOLD_ENDS:
        return state->holds[item->what].status != HOLD_OPEN;
    case DUE_LOT_ENDS:
    case DUE_EPOCH:
        return false;
    }
    return false;
}

static void timer_fire(struct state *state, struct due_item item)
{
    state->item_start = journal_size(&state->journal);
    state->rests_size = 0;
    if (item.kind == DUE_LOT_ACTIVATES)
        lot_activate(state, item.what);
    else
        hold_end(state, item.what);
    money_flush(state);
    record_check(state);
}

/* In order of time. Timers leave effects, which have to fit the seal: the rest waits. */
static void time_passes(struct state *state)
{
    for (;;) {
        const struct due_item *end = due_first(&state->ends), *timer = due_first(&state->timers);
        if (end && end->time_ms > state->now_ms)
            end = NULL;
        if (timer &&
            (timer->time_ms > state->now_ms || journal_size(&state->journal) > AUTOMATIC_BEGIN_MAX))
            timer = NULL;
        if (!end && !timer)
            return;
        if (end && (!timer || due_before(end, timer))) {
            uint32_t lot = end->what;
            due_pop(&state->ends);
            lot_end(state, lot);
        } else {
            struct due_item item = *timer;
            due_pop(&state->timers);
            timer_fire(state, item);
        }
    }
}

void state_begin(struct state *state, const struct cut *cut)
{
    uint64_t height = cut->height, cut_time_ms = cut->time_ms;
    must(!state->begun && height == state->height + 1);
    must(!state->started || cut_time_ms > state->cut_time_ms);
    uint64_t now_ms = state_time_at(state, cut_time_ms);
    must(now_ms >= state->now_ms);
    uint64_t before_ms = state->now_ms;
    if (!state->started)
        state->first_cut_ms = cut_time_ms;
    state->started = state->begun = true;
    state->applied = false;
    state->height = height;
    membership_enter(state, height);
    state->cut_time_ms = cut_time_ms;
    state->now_ms = now_ms;
    state->month = month_at(state->charter, now_ms);
    state->cut_effects = 0;
    memset(state->lane_effects, 0, sizeof(state->lane_effects));
    memset(state->lane_bytes, 0, sizeof(state->lane_bytes));
    memset(state->lane_motions, 0, sizeof(state->lane_motions));
    journal_begin_height(&state->journal);
    journal_begin_record(&state->journal);
    journal_note(&state->journal, NOTE_CLOCK, cut_time_ms, now_ms);
    /* Whatever could come again under a forgotten key is too old by now. */
    uint64_t kept_ms = state->charter->policy.window_ms + state->charter->policy.clock_bound_ms;
    if (now_ms > kept_ms) {
        keys_forget(&state->keys, now_ms - kept_ms);
        keys_forget(&state->documents, now_ms - kept_ms);
    }
    motions_forget(state);
    periods_pass(state, cut);
    deals_pass(state, before_ms);
    time_passes(state);
    exposure_begin(state);
    effect_list_clear(&state->automatic);
    automatic_keep(state);
}

void automatic_keep(struct state *state)
{
    (void)journal_end_record(&state->journal);
    effect_list_join(&state->automatic, &state->journal.effects);
}

/* ---- one transaction ---------------------------------------------------------------------------
 */

struct bytes idempotency_key(uint8_t scratch[SCRATCH_KEY_SIZE], struct partner_id partner,
                             struct bytes key)
{
    must(key.size <= KEY_SIZE_MAX);
    put_u16be(scratch, partner.v);
    memcpy(scratch + 2, key.at, key.size);
    return bytes_of(scratch, 2 + key.size);
}

struct bytes document_key(uint8_t scratch[SCRATCH_KEY_SIZE], struct partner_id partner,
                          enum transaction_type type, uint32_t line, struct bytes document)
{
    must(document.size <= DOCUMENT_SIZE_MAX);
    put_u16be(scratch, partner.v);
    scratch[2] = (uint8_t)type;
    put_u32be(scratch + 3, line);
    memcpy(scratch + 7, document.at, document.size);
    return bytes_of(scratch, 7 + document.size);
}

static enum verdict apply_body(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    switch (transaction->type) {
    case TRANSACTION_ENROL:
        return members_enrol(state, context->writer, &transaction->body.enrol.member);
    case TRANSACTION_CARD_LINK:
        return members_link_card(state, context->writer, &transaction->body.card_link.member,
                                 &transaction->body.card_link.card);
    case TRANSACTION_EARN:
        return apply_earn(state, context);
    case TRANSACTION_ACTIVATE:
        return apply_activate(state, context);
    case TRANSACTION_HOLD:
        return apply_hold(state, context);
    case TRANSACTION_COMMIT:
        return apply_commit(state, context);
    case TRANSACTION_RELEASE:
        return apply_release(state, context);
    case TRANSACTION_REDEEM:
        return apply_redeem(state, context);
    case TRANSACTION_REVERSE_EARN:
        return apply_reverse_earn(state, context);
    case TRANSACTION_REVERSE_REDEEM:
        return apply_reverse_redeem(state, context);
    case TRANSACTION_EXPIRE:
        return apply_expire(state, context);
    case TRANSACTION_ADJUST:
        return apply_adjust(state, context);
    case TRANSACTION_TRANSFER:
        return apply_transfer(state, context);
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        return apply_deal(state, context);
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
        return apply_membership(state, context);
    case TRANSACTION_PERIOD_PROPOSE:
    case TRANSACTION_PERIOD_SIGN:
    case TRANSACTION_DISPUTE_OPEN:
    case TRANSACTION_DISPUTE_RESPOND:
    case TRANSACTION_DISPUTE_RESOLVE:
    case TRANSACTION_PERIOD_FINAL:
    case TRANSACTION_PAYMENT_SENT:
    case TRANSACTION_PAYMENT_CONFIRMED:
    case TRANSACTION_PAYMENT_FAILED:
    case TRANSACTION_PAYMENT_DEFAULT:
        return apply_settle(state, context);
    case TRANSACTION_CLOCK:
        return apply_clock(state, context);
    }
    must(!"decoding knows only these types");
    return VERDICT_MALFORMED;
}

/* What concerns every type: its time, and its document. */
static enum verdict apply_new(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    uint64_t window_ms = state->charter->policy.window_ms;
    uint8_t scratch[SCRATCH_KEY_SIZE];
    struct bytes document = {0};
    uint64_t hash = 0;
    if (state->now_ms > window_ms && transaction->at_ms < state->now_ms - window_ms)
        return VERDICT_TOO_OLD;
    if (transaction->at_ms > state->now_ms + state->charter->policy.clock_bound_ms)
        return VERDICT_FUTURE_DATED;
    if (transaction->document.size > 0) {
        document = document_key(scratch, context->writer, transaction->type, transaction->line,
                                transaction->document);
        hash = keys_hash(&state->documents, document);
        if (keys_find(&state->documents, hash, document))
            return VERDICT_DUPLICATE_DOCUMENT;
    }
    enum verdict verdict = apply_body(state, context);
    if (verdict == VERDICT_ACCEPTED && document.size > 0)
        keys_add(&state->documents, hash, document, bytes_of(NULL, 0), context->index, verdict,
                 state->now_ms);
    return verdict;
}

/* The key was decided before: the same fields get the first result again. */
static enum verdict apply_known(struct state *state, const struct hash *client,
                                const struct key_entry *entry)
{
    if (!bytes_equal(keys_note(&state->keys, entry), hash_as_bytes(client)))
        return VERDICT_KEY_REUSED;
    journal_effect(&state->journal,
                   &(struct effect){.kind = EFFECT_FIRST, .first = {entry->index}});
    return VERDICT_REPEAT;
}

static enum verdict apply_decoded(struct state *state, const struct context *context)
{
    const struct transaction *transaction = context->transaction;
    uint8_t scratch[SCRATCH_KEY_SIZE];
    struct bytes key = idempotency_key(scratch, context->writer, transaction->key);
    uint64_t hash = keys_hash(&state->keys, key);
    struct hash client = transaction_client(transaction);
    const struct key_entry *entry = keys_find(&state->keys, hash, key);
    if (entry)
        return apply_known(state, &client, entry);
    enum verdict verdict = apply_new(state, context);
    keys_add(&state->keys, hash, key, hash_as_bytes(&client), context->index, verdict,
             state->now_ms);
    journal_note_bytes(&state->journal, NOTE_KEY, hash_as_bytes(&client));
    return verdict;
}

/* A hundred bytes that move a member's lots to and fro write thousands: without an end, one lane's
 * batch would make every node write more than a group may hold. Beyond CUT_EFFECTS_MAX a lane goes
 * on while its effects are at most twice what it sent; the key of what is refused stays free. */
static bool lane_is_greedy(const struct state *state, struct node_id lane)
{
    return state->cut_effects > CUT_EFFECTS_MAX &&
           state->lane_effects[lane.v] > 2 * state->lane_bytes[lane.v];
}

struct outcome state_apply(struct state *state, struct node_id lane, struct record_index index,
                           struct bytes bytes)
{
    must(state->begun && lane.v < state->charter->node_count && index.v >= state->next_index);
    must(!state->charter->nodes[lane.v].left && !state->charter->nodes[lane.v].suspended);
    state->applied = true;
    state->next_index = index.v + 1;
    state->item_start = 0;
    state->rests_size = 0;
    journal_begin_record(&state->journal);
    state->link_count = 0;
    struct transaction transaction;
    struct context context = {.lane = lane,
                              .writer = state->charter->nodes[lane.v].partner,
                              .index = index,
                              .transaction = &transaction};
    struct outcome outcome = {.verdict = VERDICT_MALFORMED};
    bool decoded = transaction_decode(bytes, &transaction, NULL);
    if (lane_is_greedy(state, lane)) {
        outcome.verdict = VERDICT_TOO_MANY_ALLOCATIONS;
    } else if (decoded) {
        context.late = state->now_ms > transaction.at_ms &&
                       state->now_ms - transaction.at_ms > state->charter->policy.late_after_ms;
        outcome.verdict = apply_decoded(state, &context);
        outcome.late = context.late;
    }
    if (decoded)
        links_make(state, &context);
    money_flush(state);
    record_check(state);
    exposure_settle(state);
    must(journal_size(&state->journal) <= EFFECTS_SIZE_MAX);
    state->accepted += outcome.verdict == VERDICT_ACCEPTED;
    state->refused += outcome.verdict != VERDICT_ACCEPTED && outcome.verdict != VERDICT_REPEAT;
    journal_note(&state->journal, NOTE_VERDICT, index.v,
                 (uint64_t)lane.v << 16 | (uint64_t)outcome.verdict << 1 | outcome.late);
    outcome.effects = journal_end_record(&state->journal);
    state->cut_effects += outcome.effects.size;
    state->lane_effects[lane.v] += outcome.effects.size;
    state->lane_bytes[lane.v] += bytes.size;
    return outcome;
}

struct hash state_seal(struct state *state, const struct hash *cut, struct bytes *automatic_out)
{
    must(state->begun);
    membership_settle(state);
    state->begun = false;
    for (const struct due_item *item = due_first(&state->timers);
         item && timer_is_void(state, item); item = due_first(&state->timers))
        due_pop(&state->timers);
    struct hash changes = journal_end_height(&state->journal);
    uint8_t height[8];
    put_u64be(height, state->height);
    struct bytes parts[] = {hash_as_bytes(&state->digest), bytes_of(height, sizeof(height)),
                            hash_as_bytes(cut), hash_as_bytes(&changes)};
    state->digest = hash_parts(parts, ARRAY_SIZE(parts));
    state->digests[state->height % DIGESTS_KEPT] = state->digest;
    *automatic_out = effect_list_encoded(&state->automatic);
    return state->digest;
}
