#include "node/effects.h"
#include "node/naive_parts.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* ---- names ----------------------------------------------------------------------------------- */

enum { BUCKETS_FIRST = 64 };

static size_t bucket_of(const struct naive_names *names, struct bytes bytes)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ bytes.at[i]) * UINT64_C(1099511628211);
    return (size_t)(sum ^ sum >> 29) & (names->bucket_count - 1);
}

uint32_t naive_name_find(const struct naive_names *names, struct bytes bytes)
{
    if (names->count == 0)
        return NAIVE_NONE;
    uint32_t at = names->buckets[bucket_of(names, bytes)];
    while (at != NAIVE_NONE &&
           !bytes_equal(bytes_of(names->at[at].bytes, names->at[at].size), bytes))
        at = names->at[at].next;
    return at;
}

static void link_name(struct naive_names *names, uint32_t at)
{
    must(names->at && at < names->capacity);
    struct naive_name *name = &names->at[at];
    size_t bucket = bucket_of(names, bytes_of(name->bytes, name->size));
    name->next = names->buckets[bucket];
    names->buckets[bucket] = at;
}

static void grow_buckets(struct naive_names *names)
{
    free(names->buckets);
    names->bucket_count = names->bucket_count ? names->bucket_count * 2 : BUCKETS_FIRST;
    names->buckets = (uint32_t *)allocate(names->bucket_count, sizeof(*names->buckets));
    memset(names->buckets, 0xff, names->bucket_count * sizeof(*names->buckets));
    for (size_t i = 0; i < names->count; i++)
        link_name(names, (uint32_t)i);
}

struct naive_name *naive_name_add(struct naive_names *names, struct bytes bytes)
{
    if (names->count >= names->bucket_count)
        grow_buckets(names);
    names->at = (struct naive_name *)array_grow(names->at, &names->capacity, names->count + 1,
                                                sizeof(*names->at));
    must(names->at);
    struct naive_name *name = &names->at[names->count];
    *name = (struct naive_name){.size = (uint32_t)bytes.size};
    name->bytes = (uint8_t *)allocate(bytes.size + 1, 1);
    memcpy(name->bytes, bytes.at, bytes.size);
    link_name(names, (uint32_t)names->count++);
    return name;
}

void naive_names_release(struct naive_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i].bytes);
    free(names->at);
    free(names->buckets);
}

uint32_t naive_member_find(const struct naive *n, const struct member_ref *ref)
{
    uint32_t at = naive_name_find(&n->member_names, bytes_of(ref->at, MEMBER_REF_SIZE));
    return at == NAIVE_NONE ? NAIVE_NONE : n->member_names.at[at].what;
}

uint32_t naive_spend_find(const struct naive_spend *rows, size_t count, uint64_t record)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rows[middle].record < record)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && rows[low].record == record ? (uint32_t)low : NAIVE_NONE;
}

void naive_list_add(struct naive_list *list, uint32_t what)
{
    list->at = (uint32_t *)array_grow(list->at, &list->capacity, list->count + 1, sizeof(what));
    list->at[list->count++] = what;
}

/* ---- lifecycle ------------------------------------------------------------------------------- */

void naive_rules_release(struct naive_rules *rules)
{
    free(rules->partners);
    free(rules->lane_partner);
    free(rules->zones);
    free(rules->joint);
    free(rules->settlement.holidays);
    free(rules->settlement.taxes);
    free(rules->settlement.currencies);
    naive_coalition_free(rules->coalition);
    memset(rules, 0, sizeof(*rules));
}

struct naive *naive_open(struct naive_rules rules)
{
    struct naive *n = (struct naive *)allocate(1, sizeof(*n));
    n->rules = rules;
    n->owed = (__int128 *)allocate(naive_owed_cells(n), sizeof(*n->owed));
    n->flows =
        (struct naive_flow *)allocate(rules.partner_count * rules.partner_count, sizeof(*n->flows));
    n->joint_used = (__int128 *)allocate(rules.joint_count + 1, sizeof(*n->joint_used));
    n->lane_effects = (size_t *)allocate(rules.lane_count, sizeof(*n->lane_effects));
    n->lane_bytes = (size_t *)allocate(rules.lane_count, sizeof(*n->lane_bytes));
    naive_deal_open(n);
    naive_risk_open(n);
    naive_membership_open(n);
    return n;
}

void naive_close(struct naive *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n->member_count; i++) {
        free(n->members[i].lots);
        free(n->members[i].deficits);
    }
    naive_names_release(&n->member_names);
    naive_names_release(&n->cards);
    naive_names_release(&n->keys);
    naive_names_release(&n->documents);
    naive_membership_close(n);
    naive_deal_close(n);
    for (size_t i = 0; i < n->period_count; i++)
        naive_period_release(&n->periods[i]);
    free(n->periods);
    naive_standings_release(&n->standings);
    naive_rules_release(&n->rules);
    free(n->members);
    free(n->lots);
    free(n->earns);
    free(n->holds);
    free(n->redemptions);
    free(n->parts);
    free(n->owed);
    free(n->joint_used);
    free(n->accounts);
    free(n->risks);
    free(n->rates);
    free(n->pending.at);
    free(n->open.at);
    free(n->lane_effects);
    free(n->lane_bytes);
    free(n->effects);
    free(n->time_effects);
    free(n->plan);
    free(n);
}

size_t naive_owed_cells(const struct naive *n)
{
    return n->rules.partner_count * n->rules.partner_count * LINE_CLASS_COUNT;
}

__int128 *naive_owed_cell(const struct naive *n, uint16_t debtor, uint16_t creditor,
                          enum line_class line_class, uint8_t tariff)
{
    size_t pair = (size_t)debtor * n->rules.partner_count + creditor;
    must(debtor < n->rules.partner_count && creditor < n->rules.partner_count &&
         tariff < n->tariff_count);
    return &n->owed[tariff * naive_owed_cells(n) + pair * LINE_CLASS_COUNT + line_class];
}

/* ---- time ------------------------------------------------------------------------------------ */

uint64_t naive_time_at(const struct naive *n, uint64_t cut_time_ms)
{
    uint64_t time_ms = cut_time_ms;
    if (n->rules.sandbox)
        time_ms = n->rules.sandbox_start_ms + n->advance_ms + (cut_time_ms - n->first_cut_ms);
    return time_ms < TIME_MS_MAX ? time_ms : TIME_MS_MAX;
}

static int64_t offset_at(const struct naive *n, uint64_t time_ms)
{
    int64_t offset_ms = n->rules.zone_count ? n->rules.zones[0].offset_ms : 0;
    for (size_t i = 1; i < n->rules.zone_count && n->rules.zones[i].from_ms <= time_ms; i++)
        offset_ms = n->rules.zones[i].offset_ms;
    return offset_ms;
}

/* The first moment at which local clocks show this time or a later one of that day: sought in each
 * stretch of the zone. */
static uint64_t first_at(const struct naive *n, int64_t local_ms)
{
    for (size_t i = 0; i < n->rules.zone_count; i++) {
        int64_t from = i ? (int64_t)n->rules.zones[i].from_ms : 0;
        bool last = i + 1 == n->rules.zone_count;
        int64_t to = last ? (int64_t)TIME_MS_MAX : (int64_t)n->rules.zones[i + 1].from_ms;
        int64_t at = local_ms - n->rules.zones[i].offset_ms;
        if (at < from)
            at = from;
        if (at < to)
            return (uint64_t)at;
    }
    return TIME_MS_MAX;
}

int64_t naive_day(const struct naive *n, uint64_t time_ms)
{
    int64_t local_ms = (int64_t)time_ms + offset_at(n, time_ms);
    return local_ms < 0 ? -1 : local_ms / DAY_MS;
}

uint64_t naive_day_start(const struct naive *n, int64_t day)
{
    int64_t start_ms = day * DAY_MS;
    return start_ms >= (int64_t)TIME_MS_MAX ? TIME_MS_MAX : first_at(n, start_ms);
}

uint64_t naive_day_end(const struct naive *n, uint64_t time_ms, uint32_t days)
{
    return naive_day_start(n, naive_day(n, time_ms) + 1 + days);
}

static struct naive_result result_of(const struct naive *n, enum verdict verdict, bool late)
{
    return (struct naive_result){
        .verdict = verdict, .late = late, .effects = n->effects, .effect_count = n->effect_count};
}

static void begin_effects(struct naive *n)
{
    n->effect_count = n->first_obligation = 0;
    n->bytes = n->item_bytes = n->rest_bytes = 0;
}

/* Forgets what no longer waits. */
static void drop_done(struct naive *n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->pending.count; i++)
        if (n->lots[n->pending.at[i]].pools[POOL_PENDING] > 0)
            n->pending.at[kept++] = n->pending.at[i];
    n->pending.count = kept;
    kept = 0;
    for (size_t i = 0; i < n->open.count; i++)
        if (n->holds[n->open.at[i]].status == NAIVE_OPEN)
            n->open.at[kept++] = n->open.at[i];
    n->open.count = kept;
}

struct waiting { /* what comes next by time: lots before holds, then by number */
    uint64_t time_ms;
    bool is_hold, any;
    uint32_t what;
};

static bool is_next(const struct waiting *next, uint64_t time_ms, bool is_hold, uint32_t what)
{
    if (!next->any || time_ms != next->time_ms)
        return !next->any || time_ms < next->time_ms;
    return is_hold != next->is_hold ? next->is_hold : what < next->what;
}

static struct waiting next_waiting(const struct naive *n)
{
    struct waiting next = {0};
    for (size_t i = 0; i < n->pending.count; i++) {
        uint32_t id = n->pending.at[i];
        if (n->lots[id].pools[POOL_PENDING] > 0 &&
            is_next(&next, n->lots[id].activates_ms, false, id))
            next = (struct waiting){n->lots[id].activates_ms, false, true, id};
    }
    for (size_t i = 0; i < n->open.count; i++) {
        uint32_t id = n->open.at[i];
        if (n->holds[id].status == NAIVE_OPEN && is_next(&next, n->holds[id].ends_ms, true, id))
            next = (struct waiting){n->holds[id].ends_ms, true, true, id};
    }
    return next;
}

void naive_begin(struct naive *n, uint64_t cut_time_ms, const struct naive_tree *tree)
{
    bool first = !n->started;
    if (first)
        n->first_cut_ms = cut_time_ms;
    n->started = true;
    n->cut_time_ms = cut_time_ms;
    uint64_t now_ms = naive_time_at(n, cut_time_ms);
    naive_membership_begin(n);
    if (first)
        n->open_period = naive_period_of(&n->rules.settlement, naive_day(n, now_ms));
    naive_periods_begin(n, now_ms, tree);
    naive_epochs_begin(n, now_ms);
    begin_effects(n);
    n->cut_effects = 0;
    memset(n->lane_effects, 0, n->rules.lane_count * sizeof(*n->lane_effects));
    memset(n->lane_bytes, 0, n->rules.lane_count * sizeof(*n->lane_bytes));
    /* What would not fit the seal waits for the next height. */
    while (n->bytes <= NAIVE_TIME_MAX) {
        struct waiting next = next_waiting(n);
        if (!next.any || next.time_ms > now_ms)
            break;
        /* The moment at which it happens decides which lots have ended by then. */
        if (next.time_ms > n->now_ms)
            n->now_ms = next.time_ms;
        if (next.is_hold)
            naive_release_hold(n, next.what, NAIVE_ENDED);
        else
            naive_activate(n, next.what);
        naive_end_item(n);
    }
    n->now_ms = now_ms;
    drop_done(n);
    naive_risk_begin(n);
    n->time_count = n->effect_count;
    n->time_effects = (struct effect *)array_grow(n->time_effects, &n->time_capacity,
                                                  n->time_count + 1, sizeof(*n->time_effects));
    if (n->time_count > 0)
        memcpy(n->time_effects, n->effects, n->time_count * sizeof(*n->effects));
}

bool naive_late(const struct naive *n, const struct transaction *t)
{
    return n->now_ms > t->at_ms && n->now_ms - t->at_ms > n->rules.late_after_ms;
}

/* ---- a transaction --------------------------------------------------------------------------- */

static struct bytes key_name(uint8_t *scratch, const struct naive_tx *tx)
{
    put_u16be(scratch, tx->writer);
    memcpy(scratch + 2, tx->transaction->key.at, tx->transaction->key.size);
    return bytes_of(scratch, 2 + tx->transaction->key.size);
}

static struct bytes document_name(uint8_t *scratch, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    put_u16be(scratch, tx->writer);
    put_u16be(scratch + 2, (uint16_t)t->type);
    put_u32be(scratch + 4, t->line);
    memcpy(scratch + 8, t->document.at, t->document.size);
    return bytes_of(scratch, 8 + t->document.size);
}

/* Whatever could come again under a name that is forgotten is too old by then. */
static bool forgotten(const struct naive *n, const struct naive_name *name)
{
    uint64_t kept_ms = n->rules.window_ms + n->rules.clock_bound_ms;
    return n->now_ms > kept_ms && name->seen_ms < n->now_ms - kept_ms;
}

static struct naive_name *known_name(struct naive *n, struct naive_names *names, struct bytes bytes)
{
    uint32_t at = naive_name_find(names, bytes);
    return at == NAIVE_NONE || forgotten(n, &names->at[at]) ? NULL : &names->at[at];
}

static void remember(struct naive *n, struct naive_names *names, struct bytes bytes,
                     uint64_t record, const struct hash *client)
{
    uint32_t at = naive_name_find(names, bytes);
    struct naive_name *name = at == NAIVE_NONE ? naive_name_add(names, bytes) : &names->at[at];
    must(name);
    name->record = record;
    name->seen_ms = n->now_ms;
    name->client = *client;
}

static enum verdict apply_new(struct naive *n, const struct naive_tx *tx)
{
    static const struct hash none;
    const struct transaction *t = tx->transaction;
    uint8_t scratch[8 + DOCUMENT_SIZE_MAX];
    if (n->now_ms > n->rules.window_ms && t->at_ms < n->now_ms - n->rules.window_ms)
        return VERDICT_TOO_OLD;
    if (t->at_ms > n->now_ms + n->rules.clock_bound_ms)
        return VERDICT_FUTURE_DATED;
    struct bytes document = document_name(scratch, tx);
    if (t->document.size > 0 && known_name(n, &n->documents, document))
        return VERDICT_DUPLICATE_DOCUMENT;
    enum verdict verdict = naive_body(n, tx);
    if (verdict == VERDICT_ACCEPTED && t->document.size > 0)
        remember(n, &n->documents, document, tx->index, &none);
    return verdict;
}

static enum verdict apply_decoded(struct naive *n, const struct naive_tx *tx)
{
    const struct transaction *t = tx->transaction;
    uint8_t scratch[2 + KEY_SIZE_MAX];
    struct bytes key = key_name(scratch, tx);
    struct bytes fields[] = {t->client_type, t->client_rest}; /* everything but the till's time */
    struct hash client = hash_parts(fields, ARRAY_SIZE(fields));
    const struct naive_name *known = known_name(n, &n->keys, key);
    if (known && !hash_equal(&known->client, &client))
        return VERDICT_KEY_REUSED;
    if (known) {
        naive_effect(n, (struct effect){.kind = EFFECT_FIRST, .first = {known->record}});
        return VERDICT_REPEAT;
    }
    enum verdict verdict = apply_new(n, tx);
    remember(n, &n->keys, key, tx->index, &client);
    return verdict;
}

struct naive_result naive_apply(struct naive *n, uint16_t lane, uint64_t index,
                                struct bytes transaction)
{
    struct transaction decoded;
    must(lane < n->rules.lane_count);
    struct naive_tx tx = {.lane = lane,
                          .writer = n->rules.lane_partner[lane],
                          .index = index,
                          .transaction = &decoded};
    begin_effects(n);
    bool good = transaction_decode(transaction, &decoded, NULL);
    if (n->cut_effects > CUT_EFFECTS_MAX && n->lane_effects[lane] > 2 * n->lane_bytes[lane])
        return result_of(n, VERDICT_TOO_MANY_ALLOCATIONS, false);
    if (!good)
        return result_of(n, VERDICT_MALFORMED, false);
    enum verdict verdict = apply_decoded(n, &tx);
    naive_end_item(n);
    naive_risk_after(n);
    return result_of(n, verdict, naive_late(n, &decoded));
}

void naive_applied(struct naive *n, uint16_t lane, size_t transaction_size, size_t effects_size)
{
    n->cut_effects += effects_size;
    n->lane_effects[lane] += effects_size;
    n->lane_bytes[lane] += transaction_size;
}

/* ---- comparing ------------------------------------------------------------------------------- */

bool naive_differs(const struct naive_result *result, struct bytes effects,
                   struct effect *naive_out, struct effect *recorded_out)
{
    return effects_differ(result->effects, result->effect_count, effects, naive_out, recorded_out);
}

/* ---- asking ---------------------------------------------------------------------------------- */

bool naive_balance(const struct naive *n, const struct member_ref *ref,
                   struct naive_balance *balance_out)
{
    uint32_t id = naive_member_find(n, ref);
    if (id == NAIVE_NONE)
        return false;
    const struct naive_member *member = &n->members[id];
    struct naive_balance balance = {.spendable = naive_spendable(n, id),
                                    .deficit = naive_deficit(n, id)};
    for (size_t i = 0; i < member->lot_count; i++) {
        const struct naive_lot *lot = &n->lots[member->lots[i]];
        balance.pending += lot->pools[POOL_PENDING];
        balance.held += lot->pools[POOL_HELD];
        if (naive_ended(n, lot))
            balance.expired_unbooked += lot->pools[POOL_REMAINING];
    }
    *balance_out = balance;
    return true;
}

size_t naive_lot_count(const struct naive *n)
{
    return n->lot_count;
}

void naive_lot_pools(const struct naive *n, uint64_t number, int64_t pools_out[POOL_COUNT])
{
    must(number >= 1 && number <= n->lot_count);
    memcpy(pools_out, n->lots[number - 1].pools, sizeof(n->lots[0].pools));
}

uint32_t naive_lot_epoch(const struct naive *n, uint64_t number)
{
    must(number >= 1 && number <= n->lot_count);
    return n->lots[number - 1].epoch;
}

__int128 naive_owed(const struct naive *n, uint16_t debtor, uint16_t creditor,
                    enum line_class line_class, size_t tariff)
{
    if (tariff >= n->tariff_count)
        return 0;
    return *naive_owed_cell(n, debtor, creditor, line_class, (uint8_t)tariff);
}

size_t naive_contract_count(const struct naive *n)
{
    return n->contract_count;
}

const struct naive_contract *naive_contract_at(const struct naive *n, size_t number)
{
    must(number < n->contract_count);
    return &n->contracts[number];
}

size_t naive_promotion_count(const struct naive *n)
{
    return n->promotion_count;
}

const struct naive_promotion *naive_promotion_at(const struct naive *n, size_t number)
{
    must(number < n->promotion_count);
    return &n->promotions[number];
}

size_t naive_tariff_count(const struct naive *n)
{
    return n->tariff_count;
}

const struct naive_tariff *naive_tariff_at(const struct naive *n, size_t number)
{
    must(number < n->tariff_count);
    return &n->tariffs[number];
}

size_t naive_epoch_count(const struct naive *n)
{
    return n->epoch_count;
}

uint64_t naive_epoch_at(const struct naive *n, size_t number)
{
    must(number < n->epoch_count);
    return n->epochs[number];
}

uint32_t naive_open_period(const struct naive *n)
{
    return n->open_period;
}

size_t naive_period_count(const struct naive *n)
{
    return n->period_count;
}

const struct naive_period *naive_period_at(const struct naive *n, size_t place)
{
    must(place < n->period_count);
    return &n->periods[place];
}

int64_t naive_spent_at(const struct naive *n, uint16_t partner)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->redemption_count; i++)
        if (n->redemptions[i].partner == partner)
            sum += n->redemptions[i].points - n->redemptions[i].used;
    return sum;
}

uint64_t naive_time_ms(const struct naive *n)
{
    return n->now_ms;
}
