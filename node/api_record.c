/* Records as JSON: a write's result, a refusal, an entry of the log. */
#include "node/api_parts.h"
#include "node/change_form.h"

#include <string.h>

/* A record of a transaction, taken apart. */
struct parsed {
    struct record record;
    struct transaction t;
    bool readable; /* the transaction decodes: a malformed one is on the log too */
};

static bool parse(struct bytes bytes, struct parsed *out)
{
    memset(out, 0, sizeof(*out));
    if (!record_decode(bytes, &out->record, NULL) || out->record.kind != RECORD_KIND_TRANSACTION)
        return false;
    out->readable = transaction_decode(out->record.transaction, &out->t, NULL);
    return true;
}

const char *api_partner_name(const struct api *api, struct partner_id partner)
{
    const struct charter *charter = api->charter;
    return partner.v < charter->partner_count ? charter->partners[partner.v].name : "?";
}

struct money api_micro_money(struct micro micro)
{
    return (struct money){(__int128)micro.v * BASIS_POINTS};
}

enum verdict api_record_verdict(struct bytes bytes)
{
    struct record record;
    must(record_decode(bytes, &record, NULL) && record.kind == RECORD_KIND_TRANSACTION);
    return record.outcome.verdict;
}

/* ---- effects -------------------------------------------------------------------------------- */

/* Calls `write` for each effect of a kind, in an array of that name that is left out when empty. */
static void each_effect(struct api *api, struct json_out *json, struct bytes effects,
                        enum effect_kind kind, const char *name,
                        void (*write)(struct api *, struct json_out *, const struct effect *))
{
    struct effect_reader reader;
    struct effect effect;
    bool any = false;
    if (!effect_reader_init(&reader, effects))
        return;
    while (effect_next(&reader, &effect)) {
        if (effect.kind != kind)
            continue;
        if (!any)
            json_open_array(json, name);
        any = true;
        json_open_object(json, NULL);
        write(api, json, &effect);
        json_close_object(json);
    }
    if (any)
        json_close_array(json);
}

static void write_lot(struct api *api, struct json_out *json, const struct effect *effect)
{
    (void)api;
    json_put_uint(json, "lot", effect->lot.v);
    json_put_int(json, "quantity", effect->amount);
}

static void write_move(struct api *api, struct json_out *json, const struct effect *effect)
{
    write_lot(api, json, effect);
    json_put_word(json, "from", pool_word(effect->from));
    json_put_word(json, "to", pool_word(effect->to));
}

static void write_obligation(struct api *api, struct json_out *json, const struct effect *effect)
{
    json_put_word(json, "debtor", api_partner_name(api, effect->partner));
    json_put_word(json, "creditor", api_partner_name(api, effect->creditor));
    json_put_word(json, "class", line_class_word(effect->line_class));
    json_put_money(json, "amount", (struct money){effect->amount}, 0);
    api_put_tariff(api, json, effect->tariff, effect->line_class);
}

static void write_deficit(struct api *api, struct json_out *json, const struct effect *effect)
{
    json_put_word(json, "partner", api_partner_name(api, effect->partner));
    json_put_int(json, "points", effect->amount);
}

static void write_waived(struct api *api, struct json_out *json, const struct effect *effect)
{
    (void)api;
    json_put_int(json, "points", effect->amount);
}

static void write_amended(struct api *api, struct json_out *json, const struct effect *effect)
{
    (void)api;
    json_put_word(json, "change", change_kind_word(effect->change));
    json_put_uint(json, change_is_proposed(effect->change) ? "motion" : "node", effect->what);
    json_put_uint(json, "height", effect->height);
}

/* "allocations" are the points that a spend took, lot by lot; "moves" of other types go anywhere.
 */
static void write_effects(struct api *api, struct json_out *json, const struct parsed *parsed)
{
    struct bytes effects = parsed->record.outcome.effects;
    enum transaction_type type = parsed->t.type;
    bool spends =
        type == TRANSACTION_HOLD || type == TRANSACTION_COMMIT || type == TRANSACTION_REDEEM;
    each_effect(api, json, effects, EFFECT_LOT, "lots", write_lot);
    each_effect(api, json, effects, EFFECT_MOVE, spends ? "allocations" : "moves", write_move);
    each_effect(api, json, effects, EFFECT_OBLIGATION, "obligations", write_obligation);
    each_effect(api, json, effects, EFFECT_DEFICIT, "deficits", write_deficit);
    each_effect(api, json, effects, EFFECT_WAIVED, "waived", write_waived);
    each_effect(api, json, effects, EFFECT_AMENDED, "amended", write_amended);
}

void api_automatic_write(struct api *api, struct json_out *json, struct bytes effects)
{
    each_effect(api, json, effects, EFFECT_MOVE, "moves", write_move);
    each_effect(api, json, effects, EFFECT_OBLIGATION, "obligations", write_obligation);
}

/* ---- whose record --------------------------------------------------------------------------- */

/* The member of the record referred to. */
static bool member_of_index(struct api *api, struct record_index index,
                            struct member_ref *member_out)
{
    struct hold_view hold;
    if (state_hold(api_state(api), index, &hold)) {
        *member_out = hold.member;
        return true;
    }
    struct buffer bytes;
    struct parsed parsed;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    bool found = index.v < api_status(api)->records &&
                 replica_record(api->config.replica, index.v, &bytes, NULL) &&
                 parse(buffer_bytes(&bytes), &parsed) && parsed.readable;
    if (found && parsed.t.type == TRANSACTION_EARN)
        *member_out = parsed.t.body.earn.member;
    else if (found && parsed.t.type == TRANSACTION_REDEEM)
        *member_out = parsed.t.body.redeem.member;
    else if (found && parsed.t.type == TRANSACTION_COMMIT &&
             state_hold(api_state(api), parsed.t.body.commit.hold, &hold))
        *member_out = hold.member;
    else
        found = false;
    buffer_release(&bytes);
    return found;
}

static bool member_of(struct api *api, const struct transaction *t, struct member_ref *member_out)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        *member_out = t->body.enrol.member;
        return true;
    case TRANSACTION_CARD_LINK:
        *member_out = t->body.card_link.member;
        return true;
    case TRANSACTION_EARN:
        *member_out = t->body.earn.member;
        return true;
    case TRANSACTION_HOLD:
        *member_out = t->body.hold.member;
        return true;
    case TRANSACTION_REDEEM:
        *member_out = t->body.redeem.member;
        return true;
    case TRANSACTION_ADJUST:
        *member_out = t->body.adjust.member;
        return true;
    case TRANSACTION_TRANSFER:
        *member_out = t->body.transfer.from;
        return true;
    case TRANSACTION_ACTIVATE:
        return member_of_index(api, t->body.activate.earn, member_out);
    case TRANSACTION_COMMIT:
        return member_of_index(api, t->body.commit.hold, member_out);
    case TRANSACTION_RELEASE:
        return member_of_index(api, t->body.release.hold, member_out);
    case TRANSACTION_REVERSE_EARN:
        return member_of_index(api, t->body.reverse_earn.earn, member_out);
    case TRANSACTION_REVERSE_REDEEM:
        return member_of_index(api, t->body.reverse_redeem.redemption, member_out);
    case TRANSACTION_EXPIRE:
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
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
    case TRANSACTION_CLOCK:
        return false;
    }
    must(!"a transaction type outside its table");
}

void api_balance_write(struct api *api, struct json_out *json, const struct member_ref *member,
                       const struct balance *balance)
{
    json_put_member(json, "member", member);
    json_put_int(json, "spendable", balance->spendable.v);
    json_put_int(json, "pending", balance->pending.v);
    json_put_int(json, "held", balance->held.v);
    json_put_int(json, "deficit", balance->deficit.v);
    json_put_int(json, "expired_unbooked", balance->expired_unbooked.v);
    json_put_bool(json, "locked", balance->locked);
    json_put_word(json, "enrolled_by", api_partner_name(api, balance->enrolled_by));
    json_put_uint(json, "lot_count", balance->lot_count);
}

static void write_balance_of(struct api *api, struct json_out *json, const struct transaction *t)
{
    struct member_ref member;
    struct balance balance;
    if (!member_of(api, t, &member) || !state_balance(api_state(api), &member, &balance))
        return;
    json_open_object(json, "balance");
    api_balance_write(api, json, &member, &balance);
    json_close_object(json);
}

static void put_receipt(const struct api *api, struct json_out *json, struct record_index index)
{
    char link[API_LINK_SIZE];
    api_receipt_link(api, index.v, link);
    json_put_word(json, "receipt", link);
}

/* ---- results -------------------------------------------------------------------------------- */

bool api_result_write(struct api *api, struct json_out *json, struct bytes bytes, bool repeat,
                      bool line)
{
    struct parsed parsed;
    struct member_ref member;
    if (!parse(bytes, &parsed) || !parsed.readable)
        return false;
    json_put_text(json, "key", parsed.t.key);
    json_put_word(json, "type", transaction_type_word(parsed.t.type));
    if (!line)
        json_put_word(json, "status", "decided");
    json_put_word(json, "verdict", verdict_word(parsed.record.outcome.verdict));
    json_put_uint(json, "index", parsed.record.index.v);
    json_put_uint(json, "height", parsed.record.height);
    json_put_time(json, "time", parsed.record.time_ms);
    json_put_bool(json, "late", parsed.record.outcome.late);
    json_put_bool(json, "repeat", repeat);
    if (api->charter->sandbox)
        json_put_bool(json, "sandbox", true);
    if (!line) /* a batch is read by machines, which know how to ask for any record's */
        put_receipt(api, json, parsed.record.index);
    if (member_of(api, &parsed.t, &member))
        json_put_member(json, "member", &member);
    write_effects(api, json, &parsed);
    api_settle_result_write(api, json, &parsed.t);
    api_deal_result_write(api, json, &parsed.t, parsed.record.index);
    write_balance_of(api, json, &parsed.t);
    return true;
}

void api_refusal_write(struct api *api, struct json_out *json, struct bytes bytes, bool repeat,
                       const char *trace_id, struct bytes instance)
{
    struct parsed parsed;
    struct problem problem;
    must(parse(bytes, &parsed));
    problem_init_verdict(&problem, parsed.record.outcome.verdict);
    if (parsed.readable)
        api_refusal_explain(api, &parsed.t, &problem);
    problem_write(&problem, json, instance, trace_id);
    if (parsed.readable) {
        json_put_text(json, "key", parsed.t.key);
        json_put_word(json, "type_of_transaction", transaction_type_word(parsed.t.type));
    }
    json_put_uint(json, "index", parsed.record.index.v);
    json_put_uint(json, "height", parsed.record.height);
    json_put_time(json, "time", parsed.record.time_ms);
    json_put_bool(json, "late", parsed.record.outcome.late);
    json_put_bool(json, "repeat", repeat);
    put_receipt(api, json, parsed.record.index);
    if (parsed.readable)
        write_balance_of(api, json, &parsed.t);
}

/* ---- the log -------------------------------------------------------------------------------- */

static void write_spend(struct json_out *json, const struct member_ref *member,
                        struct points points, struct micro amount)
{
    json_put_member(json, "member", member);
    if (points.v > 0)
        json_put_int(json, "points", points.v);
    else
        json_put_money(json, "amount", api_micro_money(amount), 2);
}

static void write_split(struct api *api, struct json_out *json, const struct funding_split *split)
{
    if (split->count == 0)
        return;
    json_open_array(json, "split");
    for (size_t i = 0; i < split->count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, split->funders[i].partner));
        json_put_int(json, "bp", split->funders[i].bp);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_time_or_null(struct json_out *json, const char *name, uint64_t time_ms)
{
    if (time_ms == 0)
        json_put_null(json, name);
    else
        json_put_time(json, name, time_ms);
}

static void write_earn(struct api *api, struct json_out *json, const struct transaction *t)
{
    json_put_member(json, "member", &t->body.earn.member);
    if (t->body.earn.eligible > 0)
        json_put_money(json, "eligible",
                       (struct money){(__int128)t->body.earn.eligible * BASIS_POINTS}, 2);
    if (!hash_is_zero(&t->body.earn.basket))
        json_put_hex(json, "basket", hash_as_bytes(&t->body.earn.basket));
    json_open_array(json, "lots");
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *lot = &t->body.earn.lots[i];
        json_open_object(json, NULL);
        json_put_int(json, "points", lot->quantity.v);
        put_time_or_null(json, "activates", lot->activates_ms);
        put_time_or_null(json, "expires", lot->expires_ms);
        json_put_int(json, "qualifying", lot->qualifying.v);
        write_split(api, json, &lot->split);
        json_close_object(json);
    }
    json_close_array(json);
}

static void write_adjust(struct json_out *json, const struct transaction *t)
{
    json_put_member(json, "member", &t->body.adjust.member);
    json_put_int(json, "points", t->body.adjust.delta.v);
    if (t->body.adjust.delta.v > 0)
        put_time_or_null(json, "expires", t->body.adjust.expires_ms);
    json_put_text(json, "reason", t->body.adjust.reason);
    json_put_text(json, "approver", t->body.adjust.approver);
}

static void write_expire(struct json_out *json, const struct transaction *t)
{
    json_open_array(json, "lots");
    for (size_t i = 0; i < t->body.expire.lot_count; i++)
        json_put_uint(json, NULL, t->body.expire.lots[i].v);
    json_close_array(json);
}

static void write_commit(struct json_out *json, const struct transaction *t)
{
    json_put_uint(json, "hold", t->body.commit.hold.v);
    if (t->body.commit.points.v > 0)
        json_put_int(json, "points", t->body.commit.points.v);
}

static void write_transfer(struct json_out *json, const struct transaction *t)
{
    json_put_member(json, "from", &t->body.transfer.from);
    json_put_member(json, "to", &t->body.transfer.to);
    json_put_int(json, "points", t->body.transfer.points.v);
}

static void write_ballot(struct api *api, struct json_out *json, const struct transaction *t)
{
    json_put_uint(json, "motion", t->body.ballot.motion.v);
    json_put_word(json, "partner", api_partner_name(api, t->body.ballot.partner));
    json_put_base64(json, "signature", bytes_of(t->body.ballot.signature.at, SIGNATURE_SIZE));
}

static void write_ready(struct json_out *json, const struct transaction *t)
{
    json_put_uint(json, "height", t->body.ready.height);
    json_put_hex(json, "digest", hash_as_bytes(&t->body.ready.digest));
}

static void write_body(struct api *api, struct json_out *json, const struct transaction *t)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        json_put_member(json, "member", &t->body.enrol.member);
        return;
    case TRANSACTION_CARD_LINK:
        json_put_member(json, "member", &t->body.card_link.member);
        json_put_hex(json, "card_token", bytes_of(t->body.card_link.card.at, HASH_SIZE));
        return;
    case TRANSACTION_EARN:
        write_earn(api, json, t);
        return;
    case TRANSACTION_ACTIVATE:
        json_put_uint(json, "earn", t->body.activate.earn.v);
        return;
    case TRANSACTION_HOLD:
        write_spend(json, &t->body.hold.member, t->body.hold.points, t->body.hold.amount);
        if (t->body.hold.ttl_ms > 0)
            json_put_uint(json, "ttl_s", t->body.hold.ttl_ms / 1000);
        return;
    case TRANSACTION_COMMIT:
        write_commit(json, t);
        return;
    case TRANSACTION_RELEASE:
        json_put_uint(json, "hold", t->body.release.hold.v);
        return;
    case TRANSACTION_REDEEM:
        write_spend(json, &t->body.redeem.member, t->body.redeem.points, t->body.redeem.amount);
        return;
    case TRANSACTION_REVERSE_EARN:
        json_put_uint(json, "earn", t->body.reverse_earn.earn.v);
        json_put_uint(json, "refunded_units", t->body.reverse_earn.refunded);
        return;
    case TRANSACTION_REVERSE_REDEEM:
        json_put_uint(json, "redemption", t->body.reverse_redeem.redemption.v);
        json_put_int(json, "points", t->body.reverse_redeem.points.v);
        return;
    case TRANSACTION_EXPIRE:
        write_expire(json, t);
        return;
    case TRANSACTION_ADJUST:
        write_adjust(json, t);
        return;
    case TRANSACTION_TRANSFER:
        write_transfer(json, t);
        return;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        api_deal_body_write(api, json, t);
        return;
    case TRANSACTION_MOTION:
        json_put_uint(json, "delay", t->body.motion.motion.delay);
        change_write(json, api->charter, &t->body.motion.motion.change);
        return;
    case TRANSACTION_BALLOT:
        write_ballot(api, json, t);
        return;
    case TRANSACTION_READY:
        write_ready(json, t);
        return;
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
        api_settle_body_write(api, json, t);
        return;
    case TRANSACTION_CLOCK:
        json_put_uint(json, "advance_ms", t->body.clock.advance_ms);
        return;
    }
}

static void write_transaction(struct api *api, struct json_out *json, const struct parsed *parsed)
{
    const struct transaction *t = &parsed->t;
    if (!parsed->readable) {
        json_put_null(json, "type");
        return;
    }
    json_put_word(json, "type", transaction_type_word(t->type));
    json_put_text(json, "key", t->key);
    json_put_time(json, "at", t->at_ms);
    if (t->document.size > 0) {
        json_put_text(json, "document", t->document);
        json_put_uint(json, "line", t->line);
    }
    json_open_object(json, "body");
    write_body(api, json, t);
    json_close_object(json);
}

static void write_seal(struct json_out *json, const struct record *record)
{
    json_put_word(json, "kind", "seal");
    json_put_uint(json, "index", record->index.v);
    json_put_uint(json, "height", record->height);
    json_put_time(json, "time", record->time_ms);
    json_put_hex(json, "cut", hash_as_bytes(&record->cut));
    json_put_hex(json, "digest", hash_as_bytes(&record->state_digest));
    json_put_uint(json, "transactions", record->transaction_count);
    json_put_hex(json, "automatic", hash_as_bytes(&record->automatic));
}

void api_record_write(struct api *api, struct json_out *json, struct bytes bytes)
{
    struct parsed parsed;
    struct effect_reader reader;
    struct effect effect;
    if (!parse(bytes, &parsed)) {
        write_seal(json, &parsed.record);
        return;
    }
    const struct record *record = &parsed.record;
    const struct charter *charter = api->charter;
    json_put_word(json, "kind", "transaction");
    json_put_uint(json, "index", record->index.v);
    json_put_uint(json, "height", record->height);
    json_put_time(json, "time", record->time_ms);
    if (record->lane.v < charter->node_count) {
        json_put_word(json, "node", charter->nodes[record->lane.v].name);
        json_put_word(json, "partner",
                      api_partner_name(api, charter->nodes[record->lane.v].partner));
    }
    json_put_uint(json, "sequence", record->sequence);
    json_put_uint(json, "position", record->position);
    json_put_word(json, "verdict", verdict_word(record->outcome.verdict));
    json_put_bool(json, "late", record->outcome.late);
    write_transaction(api, json, &parsed);
    put_receipt(api, json, record->index);
    write_effects(api, json, &parsed);
    if (effect_reader_init(&reader, record->outcome.effects))
        while (effect_next(&reader, &effect))
            if (effect.kind == EFFECT_FIRST)
                json_put_uint(json, "first", effect.first.v);
}
