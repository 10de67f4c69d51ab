#include "protocol/transaction.h"

#include "protocol/codec.h"

#include <string.h>

/* ---- words and numbers --------------------------------------------------------------------- */

const char *transaction_type_word(enum transaction_type type)
{
    switch (type) {
#define X(name, number, word)                                                                      \
    case name:                                                                                     \
        return word;
        TRANSACTION_TYPES(X)
#undef X
    }
    must(!"a transaction type outside its table");
}

bool transaction_type_from_number(uint64_t number, enum transaction_type *type_out)
{
    switch (number) {
#define X(name, value, word)                                                                       \
    case value:                                                                                    \
        *type_out = name;                                                                          \
        return true;
        TRANSACTION_TYPES(X)
#undef X
    }
    return false;
}

bool transaction_type_from_word(const char *word, enum transaction_type *type_out)
{
#define X(name, number, text)                                                                      \
    if (strcmp(word, text) == 0) {                                                                 \
        *type_out = name;                                                                          \
        return true;                                                                               \
    }
    TRANSACTION_TYPES(X)
#undef X
    return false;
}

bool transaction_is_deal(enum transaction_type type, enum deal_step *step_out)
{
    if (type < TRANSACTION_CONTRACT_PROPOSE || type > TRANSACTION_CONTRACT_END)
        return false;
    *step_out = (enum deal_step)(type - TRANSACTION_CONTRACT_PROPOSE);
    return true;
}
_Static_assert(TRANSACTION_CONTRACT_END - TRANSACTION_CONTRACT_PROPOSE == (int)DEAL_END,
               "a type for each step, in their order");

bool transaction_is_settle(enum transaction_type type, enum settle_step *step_out)
{
    if (type < TRANSACTION_PERIOD_PROPOSE || type > TRANSACTION_PAYMENT_DEFAULT)
        return false;
    *step_out = (enum settle_step)(type - TRANSACTION_PERIOD_PROPOSE);
    return true;
}
_Static_assert(TRANSACTION_PAYMENT_DEFAULT - TRANSACTION_PERIOD_PROPOSE == (int)SETTLE_DEFAULT,
               "a type for each step, in their order");

/* ---- encoding ------------------------------------------------------------------------------ */

static void put_member(struct buffer *out, const struct member_ref *member)
{
    codec_put_bytes(out, bytes_of(member->at, MEMBER_REF_SIZE));
}

static void put_split(struct buffer *out, const struct funding_split *split)
{
    codec_put_array(out, split->count);
    for (size_t i = 0; i < split->count; i++) {
        codec_put_array(out, 2);
        codec_put_uint(out, split->funders[i].partner.v);
        codec_put_uint(out, split->funders[i].bp);
    }
}

static void put_earn(struct buffer *out, const struct transaction *t)
{
    codec_put_array(out, 4);
    put_member(out, &t->body.earn.member);
    codec_put_uint(out, t->body.earn.eligible);
    if (hash_is_zero(&t->body.earn.basket))
        codec_put_null(out);
    else
        codec_put_bytes(out, hash_as_bytes(&t->body.earn.basket));
    codec_put_array(out, t->body.earn.lot_count);
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *lot = &t->body.earn.lots[i];
        codec_put_array(out, 5);
        codec_put_int(out, lot->quantity.v);
        codec_put_uint(out, lot->activates_ms);
        codec_put_uint(out, lot->expires_ms);
        codec_put_int(out, lot->qualifying.v);
        put_split(out, &lot->split);
    }
}

/* A spend names points or an amount of money: [member, points, amount, ...]. */
static void put_spend(struct buffer *out, const struct member_ref *member, struct points points,
                      struct micro amount)
{
    put_member(out, member);
    codec_put_int(out, points.v);
    codec_put_int(out, amount.v);
}

static void put_spending(struct buffer *out, const struct transaction *t)
{
    if (t->type == TRANSACTION_HOLD) {
        codec_put_array(out, 4);
        put_spend(out, &t->body.hold.member, t->body.hold.points, t->body.hold.amount);
        codec_put_uint(out, t->body.hold.ttl_ms);
    } else if (t->type == TRANSACTION_COMMIT) {
        codec_put_array(out, 2);
        codec_put_uint(out, t->body.commit.hold.v);
        codec_put_int(out, t->body.commit.points.v);
    } else if (t->type == TRANSACTION_RELEASE) {
        codec_put_array(out, 1);
        codec_put_uint(out, t->body.release.hold.v);
    } else {
        codec_put_array(out, 3);
        put_spend(out, &t->body.redeem.member, t->body.redeem.points, t->body.redeem.amount);
    }
}

static void put_reversal(struct buffer *out, const struct transaction *t)
{
    codec_put_array(out, 2);
    if (t->type == TRANSACTION_REVERSE_EARN) {
        codec_put_uint(out, t->body.reverse_earn.earn.v);
        codec_put_uint(out, t->body.reverse_earn.refunded);
    } else {
        codec_put_uint(out, t->body.reverse_redeem.redemption.v);
        codec_put_int(out, t->body.reverse_redeem.points.v);
    }
}

static void put_transfer(struct buffer *out, const struct transaction *t)
{
    codec_put_array(out, 3);
    put_member(out, &t->body.transfer.from);
    put_member(out, &t->body.transfer.to);
    codec_put_int(out, t->body.transfer.points.v);
}

static void put_adjust(struct buffer *out, const struct transaction *t)
{
    codec_put_array(out, 5);
    put_member(out, &t->body.adjust.member);
    codec_put_int(out, t->body.adjust.delta.v);
    codec_put_uint(out, t->body.adjust.expires_ms);
    codec_put_text(out, t->body.adjust.reason);
    codec_put_text(out, t->body.adjust.approver);
}

/* How the coalition changes. */
static void put_membership(struct buffer *out, const struct transaction *t)
{
    if (t->type == TRANSACTION_MOTION) {
        motion_encode(&t->body.motion.motion, out);
    } else if (t->type == TRANSACTION_BALLOT) {
        codec_put_array(out, 3);
        codec_put_uint(out, t->body.ballot.motion.v);
        codec_put_uint(out, t->body.ballot.partner.v);
        codec_put_bytes(out, bytes_of(t->body.ballot.signature.at, SIGNATURE_SIZE));
    } else {
        codec_put_array(out, 2);
        codec_put_uint(out, t->body.ready.height);
        codec_put_bytes(out, hash_as_bytes(&t->body.ready.digest));
    }
}

static void put_body(struct buffer *out, const struct transaction *t)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        codec_put_array(out, 1);
        put_member(out, &t->body.enrol.member);
        return;
    case TRANSACTION_CARD_LINK:
        codec_put_array(out, 2);
        put_member(out, &t->body.card_link.member);
        codec_put_bytes(out, bytes_of(t->body.card_link.card.at, HASH_SIZE));
        return;
    case TRANSACTION_EARN:
        put_earn(out, t);
        return;
    case TRANSACTION_ACTIVATE:
        codec_put_array(out, 1);
        codec_put_uint(out, t->body.activate.earn.v);
        return;
    case TRANSACTION_HOLD:
    case TRANSACTION_COMMIT:
    case TRANSACTION_RELEASE:
    case TRANSACTION_REDEEM:
        put_spending(out, t);
        return;
    case TRANSACTION_REVERSE_EARN:
    case TRANSACTION_REVERSE_REDEEM:
        put_reversal(out, t);
        return;
    case TRANSACTION_EXPIRE:
        codec_put_array(out, t->body.expire.lot_count);
        for (size_t i = 0; i < t->body.expire.lot_count; i++)
            codec_put_uint(out, t->body.expire.lots[i].v);
        return;
    case TRANSACTION_ADJUST:
        put_adjust(out, t);
        return;
    case TRANSACTION_TRANSFER:
        put_transfer(out, t);
        return;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        deal_put((enum deal_step)(t->type - TRANSACTION_CONTRACT_PROPOSE), &t->body.deal, out);
        return;
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
        put_membership(out, t);
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
        settle_put((enum settle_step)(t->type - TRANSACTION_PERIOD_PROPOSE), &t->body.settle, out);
        return;
    case TRANSACTION_CLOCK:
        codec_put_array(out, 1);
        codec_put_uint(out, t->body.clock.advance_ms);
        return;
    }
}

void transaction_encode(const struct transaction *t, struct buffer *out)
{
    codec_put_array(out, 6);
    codec_put_uint(out, t->type);
    codec_put_uint(out, t->at_ms);
    codec_put_text(out, t->key);
    codec_put_text(out, t->document);
    codec_put_uint(out, t->line);
    put_body(out, t);
}

/* ---- decoding ------------------------------------------------------------------------------ */

static void get_member(struct codec_reader *reader, struct member_ref *member_out)
{
    codec_get_fixed(reader, member_out->at, MEMBER_REF_SIZE);
}

static uint64_t get_time(struct codec_reader *reader)
{
    return codec_get_uint(reader, TIME_MS_MAX);
}

static struct points get_points(struct codec_reader *reader, int64_t min)
{
    return (struct points){codec_get_int(reader, min, POINTS_PER_RECORD_MAX)};
}

static struct record_index get_index(struct codec_reader *reader)
{
    return (struct record_index){codec_get_uint(reader, INT64_MAX)};
}

static void get_split(struct codec_reader *reader, struct funding_split *split_out)
{
    split_out->count = (uint8_t)codec_get_array(reader, 0, SPLIT_MAX);
    for (size_t i = 0; i < split_out->count; i++) {
        codec_get_array(reader, 2, 2);
        split_out->funders[i].partner.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
        split_out->funders[i].bp = (uint16_t)codec_get_uint(reader, BASIS_POINTS);
    }
}

static void get_earn(struct codec_reader *reader, struct transaction *t)
{
    codec_get_array(reader, 4, 4);
    get_member(reader, &t->body.earn.member);
    t->body.earn.eligible = codec_get_uint(reader, INT64_MAX);
    if (!codec_get_null(reader)) {
        codec_get_fixed(reader, t->body.earn.basket.at, HASH_SIZE);
        if (hash_is_zero(&t->body.earn.basket))
            codec_fail(reader, "a basket commitment of zeros"); /* none is written as null */
    }
    t->body.earn.lot_count = (uint8_t)codec_get_array(reader, 1, EARN_LOTS_MAX);
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        struct earn_lot *lot = &t->body.earn.lots[i];
        codec_get_array(reader, 5, 5);
        lot->quantity = get_points(reader, 1);
        lot->activates_ms = get_time(reader);
        lot->expires_ms = get_time(reader);
        lot->qualifying = get_points(reader, 0);
        get_split(reader, &lot->split);
    }
}

static void get_spend(struct codec_reader *reader, struct member_ref *member_out,
                      struct points *points_out, struct micro *amount_out)
{
    get_member(reader, member_out);
    *points_out = get_points(reader, 0);
    amount_out->v = codec_get_int(reader, 0, POINTS_PER_RECORD_MAX * PRICE_MICRO_MAX);
    if ((points_out->v > 0) == (amount_out->v > 0))
        codec_fail(reader, "either points or an amount must be given");
}

static void get_spending(struct codec_reader *reader, struct transaction *t)
{
    if (t->type == TRANSACTION_HOLD) {
        codec_get_array(reader, 4, 4);
        get_spend(reader, &t->body.hold.member, &t->body.hold.points, &t->body.hold.amount);
        t->body.hold.ttl_ms = get_time(reader);
    } else if (t->type == TRANSACTION_COMMIT) {
        codec_get_array(reader, 2, 2);
        t->body.commit.hold = get_index(reader);
        t->body.commit.points = get_points(reader, 0);
    } else if (t->type == TRANSACTION_RELEASE) {
        codec_get_array(reader, 1, 1);
        t->body.release.hold = get_index(reader);
    } else {
        codec_get_array(reader, 3, 3);
        get_spend(reader, &t->body.redeem.member, &t->body.redeem.points, &t->body.redeem.amount);
    }
}

static void get_expire(struct codec_reader *reader, struct transaction *t)
{
    t->body.expire.lot_count = (uint8_t)codec_get_array(reader, 1, EXPIRE_LOTS_MAX);
    uint64_t last = 0;
    for (size_t i = 0; i < t->body.expire.lot_count; i++) {
        uint64_t lot = codec_get_uint(reader, INT64_MAX);
        if (lot <= last)
            codec_fail(reader, "lots do not ascend");
        t->body.expire.lots[i].v = last = lot;
    }
}

static void get_adjust(struct codec_reader *reader, struct transaction *t)
{
    codec_get_array(reader, 5, 5);
    get_member(reader, &t->body.adjust.member);
    t->body.adjust.delta.v = codec_get_int(reader, -POINTS_PER_RECORD_MAX, POINTS_PER_RECORD_MAX);
    if (t->body.adjust.delta.v == 0)
        codec_fail(reader, "an adjustment of nothing");
    t->body.adjust.expires_ms = get_time(reader);
    t->body.adjust.reason = codec_get_text(reader, 1, TEXT_SIZE_MAX);
    t->body.adjust.approver = codec_get_text(reader, 1, TEXT_SIZE_MAX);
}

static void get_reversal(struct codec_reader *reader, struct transaction *t)
{
    codec_get_array(reader, 2, 2);
    if (t->type == TRANSACTION_REVERSE_EARN) {
        t->body.reverse_earn.earn = get_index(reader);
        t->body.reverse_earn.refunded = codec_get_uint(reader, INT64_MAX);
        if (t->body.reverse_earn.refunded == 0)
            codec_fail(reader, "a refund of nothing");
    } else {
        t->body.reverse_redeem.redemption = get_index(reader);
        t->body.reverse_redeem.points = get_points(reader, 1);
    }
}

static void get_transfer(struct codec_reader *reader, struct transaction *t)
{
    codec_get_array(reader, 3, 3);
    get_member(reader, &t->body.transfer.from);
    get_member(reader, &t->body.transfer.to);
    t->body.transfer.points = get_points(reader, 1);
}

static void get_membership(struct codec_reader *reader, struct transaction *t)
{
    const uint8_t *start = reader->at;
    if (t->type == TRANSACTION_MOTION) {
        motion_get(reader, &t->body.motion.motion);
        t->body.motion.bytes = bytes_of(start, (size_t)(reader->at - start));
    } else if (t->type == TRANSACTION_BALLOT) {
        codec_get_array(reader, 3, 3);
        t->body.ballot.motion = get_index(reader);
        t->body.ballot.partner.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
        codec_get_fixed(reader, t->body.ballot.signature.at, SIGNATURE_SIZE);
    } else {
        codec_get_array(reader, 2, 2);
        t->body.ready.height = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, t->body.ready.digest.at, HASH_SIZE);
    }
}

static void get_card_link(struct codec_reader *reader, struct transaction *t)
{
    codec_get_array(reader, 2, 2);
    get_member(reader, &t->body.card_link.member);
    codec_get_fixed(reader, t->body.card_link.card.at, HASH_SIZE);
}

static void get_body(struct codec_reader *reader, struct transaction *t)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        codec_get_array(reader, 1, 1);
        get_member(reader, &t->body.enrol.member);
        return;
    case TRANSACTION_CARD_LINK:
        get_card_link(reader, t);
        return;
    case TRANSACTION_EARN:
        get_earn(reader, t);
        return;
    case TRANSACTION_ACTIVATE:
        codec_get_array(reader, 1, 1);
        t->body.activate.earn = get_index(reader);
        return;
    case TRANSACTION_HOLD:
    case TRANSACTION_COMMIT:
    case TRANSACTION_RELEASE:
    case TRANSACTION_REDEEM:
        get_spending(reader, t);
        return;
    case TRANSACTION_REVERSE_EARN:
    case TRANSACTION_REVERSE_REDEEM:
        get_reversal(reader, t);
        return;
    case TRANSACTION_EXPIRE:
        get_expire(reader, t);
        return;
    case TRANSACTION_ADJUST:
        get_adjust(reader, t);
        return;
    case TRANSACTION_TRANSFER:
        get_transfer(reader, t);
        return;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        deal_get((enum deal_step)(t->type - TRANSACTION_CONTRACT_PROPOSE), reader, &t->body.deal);
        return;
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
        get_membership(reader, t);
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
        settle_get((enum settle_step)(t->type - TRANSACTION_PERIOD_PROPOSE), reader,
                   &t->body.settle);
        return;
    case TRANSACTION_CLOCK:
        codec_get_array(reader, 1, 1);
        t->body.clock.advance_ms = get_time(reader);
        if (t->body.clock.advance_ms == 0)
            codec_fail(reader, "a clock moved by nothing");
        return;
    }
}

/* A key is compared, logged and typed by people: printable ASCII only. */
static struct bytes get_key(struct codec_reader *reader)
{
    struct bytes key = codec_get_text(reader, 1, KEY_SIZE_MAX);
    for (size_t i = 0; i < key.size; i++)
        if (key.at[i] < 0x21 || key.at[i] > 0x7e)
            codec_fail(reader, "idempotency key is not printable ASCII");
    return key;
}

bool transaction_decode(struct bytes bytes, struct transaction *transaction_out,
                        struct error *error)
{
    if (bytes.size > TRANSACTION_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "transaction: larger than %d bytes",
                         TRANSACTION_SIZE_MAX);
    struct transaction t;
    memset(&t, 0, sizeof(t));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 6, 6);
    const uint8_t *type_at = reader.at;
    uint64_t number = codec_get_uint(&reader, UINT16_MAX);
    t.client_type = bytes_of(type_at, (size_t)(reader.at - type_at));
    if (!reader.failed && !transaction_type_from_number(number, &t.type))
        codec_fail(&reader, "unknown type");
    t.at_ms = get_time(&reader);
    const uint8_t *client_at = reader.at;
    t.key = get_key(&reader);
    t.document = codec_get_text(&reader, 0, DOCUMENT_SIZE_MAX);
    t.line = (uint32_t)codec_get_uint(&reader, UINT32_MAX);
    if (t.document.size == 0 && t.line != 0)
        codec_fail(&reader, "a line without a document");
    if (!reader.failed)
        get_body(&reader, &t);
    if (!codec_finish(&reader, "transaction", error))
        return false;
    t.client_rest = bytes_of(client_at, (size_t)(bytes.at + bytes.size - client_at));
    *transaction_out = t;
    return true;
}

struct hash transaction_client(const struct transaction *transaction)
{
    must(transaction->client_rest.size > 0);
    struct bytes parts[] = {transaction->client_type, transaction->client_rest};
    return hash_parts(parts, ARRAY_SIZE(parts));
}
