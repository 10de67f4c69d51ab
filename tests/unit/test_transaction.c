// links: protocol
#include "protocol/codec.h"
#include "protocol/transaction.h"
#include "unit/codec_law.h"

static const struct member_ref anna = {{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
static const struct member_ref ben = {{0xb0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

static struct transaction of_type(enum transaction_type type)
{
    struct transaction t;
    memset(&t, 0, sizeof(t));
    t.type = type;
    t.at_ms = UINT64_C(1767225600000);
    t.key = bytes_text("till-7/000123");
    t.document = bytes_text("R-2026-000123");
    t.line = 2;
    return t;
}

static struct transaction example_earn(void)
{
    struct transaction t = of_type(TRANSACTION_EARN);
    t.body.earn.member = anna;
    t.body.earn.eligible = 25990000;
    t.body.earn.basket = hash_bytes(bytes_text("basket"));
    t.body.earn.lot_count = 2;
    t.body.earn.lots[0] = (struct earn_lot){.quantity = {26}, .qualifying = {26}};
    t.body.earn.lots[1] =
        (struct earn_lot){.quantity = {100},
                          .activates_ms = UINT64_C(1767312000000),
                          .expires_ms = UINT64_C(1798761600000),
                          .split = {.count = 2, .funders = {{{0}, 7500}, {{3}, 2500}}}};
    return t;
}

static struct motion example_motion(void)
{
    return (struct motion){.delay = 10,
                           .change = {.kind = CHANGE_SET_VOTER, .node = {4}, .voter = true}};
}

static struct settle example_settle(enum transaction_type type)
{
    static const uint8_t record[] = {1, 2, 3}, path[2 * HASH_SIZE] = {4};
    struct settle settle = {.period = 682};
    enum settle_step step;
    REQUIRE(transaction_is_settle(type, &step));
    if (step == SETTLE_PROPOSE) {
        settle.records = 900;
        settle.root = hash_bytes(bytes_text("root"));
    }
    if (step == SETTLE_PROPOSE || step == SETTLE_SIGN)
        settle.totals = hash_bytes(bytes_text("totals"));
    if (step == SETTLE_SIGN || step == SETTLE_PAY || step == SETTLE_DEFAULT)
        settle.approver = hash_bytes(bytes_text("ann"));
    if (step == SETTLE_DISPUTE || step == SETTLE_RESPOND || step == SETTLE_RESOLVE)
        settle.line =
            (struct disputed_line){.debtor = {1}, .creditor = {2}, .line_class = LINE_DISPUTE};
    if (step == SETTLE_DISPUTE) {
        settle.code = DISPUTE_MISSING_TX;
        settle.evidence = bytes_of(record, sizeof(record));
        settle.path = bytes_of(path, sizeof(path));
    }
    if (step == SETTLE_RESPOND || step == SETTLE_RESOLVE) {
        settle.line.record.v = 17;
        settle.amount = -4500000000;
    }
    if (step == SETTLE_PAY || step == SETTLE_CONFIRM || step == SETTLE_FAIL ||
        step == SETTLE_DEFAULT)
        settle.payment = 3;
    if (step == SETTLE_PAY)
        settle.attempt = 2;
    return settle;
}

static struct deal example_deal(enum transaction_type type)
{
    struct deal deal = {.number = 0};
    enum deal_step step;
    REQUIRE(transaction_is_deal(type, &step));
    switch (step) {
    case DEAL_PROPOSE:
        deal.card = (struct rate_card){.funder = {1},
                                       .redeemer = {2},
                                       .face_currency = "EUR",
                                       .settlement_currency = "SEK",
                                       .face = {10000},
                                       .reimbursement = {95000},
                                       .redemption_tax = "SE-25",
                                       .year_cap = {5000000},
                                       .from_ms = UINT64_C(1767225600000),
                                       .exit_days = 90};
        break;
    case DEAL_SIGN:
        deal.digest = hash_bytes(bytes_text("card"));
        deal.number = 7;
        break;
    case DEAL_WITHDRAW:
        deal.number = 8;
        break;
    case DEAL_END:
        deal.number = 9;
        deal.until_ms = UINT64_C(1782864000000);
        break;
    case DEAL_PROMOTE:
        deal.promotion =
            (struct promotion){.issuer = {3}, .bp = 5000, .budget = {100000}, .until_ms = 99};
        break;
    case DEAL_ACCOUNT:
        deal.account = (struct account_words){.currency = "EUR",
                                              .holder = bytes_text("Books GmbH"),
                                              .iban = bytes_text("AT611904300234573201"),
                                              .approver = hash_bytes(bytes_text("ann"))};
        break;
    case DEAL_COLLATERAL:
        deal.collateral =
            (struct collateral){.partner = {4}, .currency = "EUR", .amount = {-2500000000}};
        break;
    case DEAL_RATES:
        deal.rates = (struct day_rates){
            .day = 20454, .count = 2, .at = {{"NOK", {85000}}, {"SEK", {87100}}}};
        break;
    }
    return deal;
}

/* One example of each type; no default, so that a new type needs one. */
static struct transaction example(enum transaction_type type)
{
    struct transaction t = of_type(type);
    switch (type) {
    case TRANSACTION_ENROL:
        t.body.enrol.member = anna;
        break;
    case TRANSACTION_CARD_LINK:
        t.body.card_link.member = anna;
        memset(t.body.card_link.card.at, 0xcc, HASH_SIZE);
        break;
    case TRANSACTION_EARN:
        return example_earn();
    case TRANSACTION_ACTIVATE:
        t.body.activate.earn.v = 41;
        break;
    case TRANSACTION_HOLD:
        t.body.hold.member = anna;
        t.body.hold.points.v = 300;
        t.body.hold.ttl_ms = 600000;
        break;
    case TRANSACTION_COMMIT:
        t.body.commit.hold.v = 77;
        t.body.commit.points.v = 250;
        break;
    case TRANSACTION_RELEASE:
        t.body.release.hold.v = 77;
        break;
    case TRANSACTION_REDEEM:
        t.body.redeem.member = anna;
        t.body.redeem.amount.v = 4990000;
        break;
    case TRANSACTION_REVERSE_EARN:
        t.body.reverse_earn.earn.v = 41;
        t.body.reverse_earn.refunded = 12000000;
        break;
    case TRANSACTION_REVERSE_REDEEM:
        t.body.reverse_redeem.redemption.v = 90;
        t.body.reverse_redeem.points.v = 50;
        break;
    case TRANSACTION_EXPIRE:
        t.body.expire.lot_count = 3;
        t.body.expire.lots[0].v = 1;
        t.body.expire.lots[1].v = 24;
        t.body.expire.lots[2].v = 70000;
        break;
    case TRANSACTION_ADJUST:
        t.body.adjust.member = anna;
        t.body.adjust.delta.v = -40;
        t.body.adjust.reason = bytes_text("Kulanz, Beleg fehlte");
        t.body.adjust.approver = bytes_text("M. Gr\xc3\xbc"
                                            "n");
        break;
    case TRANSACTION_TRANSFER:
        t.body.transfer.from = anna;
        t.body.transfer.to = ben;
        t.body.transfer.points.v = 500;
        break;
    case TRANSACTION_MOTION:
        t.body.motion.motion = example_motion();
        break;
    case TRANSACTION_BALLOT:
        t.body.ballot.motion.v = 1200;
        t.body.ballot.partner.v = 3;
        memset(t.body.ballot.signature.at, 0x55, SIGNATURE_SIZE);
        break;
    case TRANSACTION_READY:
        t.body.ready.height = 500;
        t.body.ready.digest = hash_bytes(bytes_text("digest"));
        break;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        t.body.deal = example_deal(type);
        break;
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
        t.body.settle = example_settle(type);
        break;
    case TRANSACTION_CLOCK:
        t.body.clock.advance_ms = 86400000;
        break;
    }
    return t;
}

static bool again(struct bytes in, struct buffer *out)
{
    struct transaction t;
    law_fill(&t, sizeof(t));
    struct error error = {0};
    if (!transaction_decode(in, &t, &error)) {
        CHECK(law_untouched(&t, sizeof(t)));
        CHECK(error.code == ERROR_INVALID || error.code == ERROR_LIMIT);
        return false;
    }
    transaction_encode(&t, out);
    return true;
}

static bool taken(const struct transaction *t)
{
    struct buffer out;
    buffer_init(&out, 2 * TRANSACTION_SIZE_MAX);
    transaction_encode(t, &out);
    bool good = law_holds(again, buffer_bytes(&out));
    buffer_release(&out);
    return good;
}

static struct bytes encoded(const struct transaction *t)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 2 * TRANSACTION_SIZE_MAX);
    transaction_encode(t, &out);
    return buffer_bytes(&out);
}

static struct bytes encoded_example(enum transaction_type type)
{
    struct transaction t = example(type);
    return encoded(&t);
}

CASE(each_type_has_its_frozen_bytes)
{
    CHECK_HEX(encoded_example(TRANSACTION_ENROL),
              "86011b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028150"
              "a00102030405060708090a0b0c0d0e0f");
    CHECK_HEX(encoded_example(TRANSACTION_CARD_LINK),
              "86021b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028250"
              "a00102030405060708090a0b0c0d0e0f5820cccccccccccccccccccccccccccccccccccccccccccccccc"
              "cccccccccccccccc");
    CHECK_HEX(encoded_example(TRANSACTION_EARN),
              "860a1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028450"
              "a00102030405060708090a0b0c0d0e0f1a018c93705820fa76d99ad957d952fb3738ae1ed7282a18d3bc"
              "a1531c7efc273d52e16b774bd68285181a0000181a808518641b0000019b7c0104001b000001a2ce8bd4"
              "0000828200191d4c82031909c4");
    CHECK_HEX(encoded_example(TRANSACTION_ACTIVATE),
              "860b1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028118"
              "29");
    CHECK_HEX(encoded_example(TRANSACTION_HOLD),
              "860c1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028450"
              "a00102030405060708090a0b0c0d0e0f19012c001a000927c0");
    CHECK_HEX(encoded_example(TRANSACTION_COMMIT),
              "860d1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028218"
              "4d18fa");
    CHECK_HEX(encoded_example(TRANSACTION_RELEASE),
              "860e1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028118"
              "4d");
    CHECK_HEX(encoded_example(TRANSACTION_REDEEM),
              "860f1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028350"
              "a00102030405060708090a0b0c0d0e0f001a004c2430");
    CHECK_HEX(encoded_example(TRANSACTION_REVERSE_EARN),
              "86101b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028218"
              "291a00b71b00");
    CHECK_HEX(encoded_example(TRANSACTION_REVERSE_REDEEM),
              "86111b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028218"
              "5a1832");
    CHECK_HEX(encoded_example(TRANSACTION_EXPIRE),
              "86121b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028301"
              "18181a00011170");
    CHECK_HEX(encoded_example(TRANSACTION_ADJUST),
              "86131b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028550"
              "a00102030405060708090a0b0c0d0e0f382700744b756c616e7a2c2042656c6567206665686c7465684d"
              "2e204772c3bc6e");
    CHECK_HEX(encoded_example(TRANSACTION_TRANSFER),
              "86141b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d303030313233028350"
              "a00102030405060708090a0b0c0d0e0f50b00102030405060708090a0b0c0d0e0f1901f4");
    CHECK_HEX(encoded_example(TRANSACTION_EXCHANGE_RATES),
              "8618421b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330282"
              "194fe68282634e4f4b1a00014c08826353454b1a0001543c");
    CHECK_HEX(encoded_example(TRANSACTION_CONTRACT_END),
              "8618431b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330282"
              "091b0000019f1af9b400");
    CHECK_HEX(encoded_example(TRANSACTION_PAYMENT_DEFAULT),
              "8618591b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330283"
              "1902aa03582049915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1");
    CHECK_HEX(encoded_example(TRANSACTION_MOTION),
              "8618461b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330282"
              "0a830404f5");
    CHECK_HEX(encoded_example(TRANSACTION_BALLOT),
              "8618471b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330283"
              "1904b0035840"
              "5555555555555555555555555555555555555555555555555555555555555555"
              "5555555555555555555555555555555555555555555555555555555555555555");
    CHECK_HEX(encoded_example(TRANSACTION_READY),
              "8618481b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330282"
              "1901f458200bf474896363505e5ea5e5d6ace8ebfb13a760a409b1fb467d428fc716f9f284");
    CHECK_HEX(encoded_example(TRANSACTION_CLOCK),
              "86185a1b0000019b76daa8006d74696c6c2d372f3030303132336d522d323032362d3030303132330281"
              "1a05265c00");
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
#define X(name, number, word) law_check(again, encoded_example(name));
    TRANSACTION_TYPES(X)
#undef X
}

CASE(longer_and_indefinite_forms_are_refused_in_every_type)
{
#define X(name, number, word) law_refuses_other_forms(again, encoded_example(name));
    TRANSACTION_TYPES(X)
#undef X
}

CASE(numbers_and_words_name_the_same_type)
{
#define X(name, number, word)                                                                      \
    do {                                                                                           \
        enum transaction_type type = TRANSACTION_CLOCK;                                            \
        CHECK(transaction_type_from_number(number, &type) && type == name);                        \
        CHECK_TEXT(transaction_type_word(name), word);                                             \
        CHECK(transaction_type_from_word(word, &type) && type == name);                            \
    } while (0);
    TRANSACTION_TYPES(X)
#undef X
    enum transaction_type type = TRANSACTION_EARN;
    CHECK(!transaction_type_from_number(0, &type) && !transaction_type_from_number(21, &type));
    CHECK(!transaction_type_from_word("", &type) && !transaction_type_from_word("Earn", &type));
    CHECK(type == TRANSACTION_EARN);
}

/* Sets one field to a value and asks whether the decoder takes it. */
#define TAKEN_WITH(type, field, value)                                                             \
    __extension__({                                                                                \
        struct transaction t_ = example(type);                                                     \
        t_.field = (value);                                                                        \
        taken(&t_);                                                                                \
    })

CASE(the_head_keeps_to_its_bounds)
{
    char long_text[DOCUMENT_SIZE_MAX + 2];
    memset(long_text, 'k', sizeof(long_text));
    CHECK(TAKEN_WITH(TRANSACTION_ENROL, at_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, at_ms, TIME_MS_MAX + 1));
    CHECK(TAKEN_WITH(TRANSACTION_ENROL, key, bytes_of(long_text, KEY_SIZE_MAX)));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, key, bytes_of(long_text, KEY_SIZE_MAX + 1)));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, key, bytes_of(long_text, 0)));
    CHECK(TAKEN_WITH(TRANSACTION_ENROL, key, bytes_text("!~")));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, key, bytes_text("a b")));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, key, bytes_text("\x7f")));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, key, bytes_text("\xc3\xbc")));
    CHECK(TAKEN_WITH(TRANSACTION_ENROL, document, bytes_of(long_text, DOCUMENT_SIZE_MAX)));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, document, bytes_of(long_text, DOCUMENT_SIZE_MAX + 1)));
    CHECK(TAKEN_WITH(TRANSACTION_ENROL, line, UINT32_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_ENROL, document, bytes_of(long_text, 0)));
    struct transaction t = example(TRANSACTION_ENROL);
    t.document = bytes_of(long_text, 0);
    t.line = 0;
    CHECK(taken(&t));
}

CASE(an_earn_keeps_to_its_bounds)
{
    enum transaction_type earn = TRANSACTION_EARN;
    CHECK(TAKEN_WITH(earn, body.earn.eligible, INT64_MAX));
    CHECK(!TAKEN_WITH(earn, body.earn.eligible, (uint64_t)INT64_MAX + 1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[0].quantity.v, 1));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[0].quantity.v, 0));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[0].quantity.v, -1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[0].quantity.v, POINTS_PER_RECORD_MAX));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[0].quantity.v, POINTS_PER_RECORD_MAX + 1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[0].qualifying.v, POINTS_PER_RECORD_MAX));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[0].qualifying.v, POINTS_PER_RECORD_MAX + 1));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[0].qualifying.v, -1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[1].activates_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[1].activates_ms, TIME_MS_MAX + 1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[1].expires_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[1].expires_ms, TIME_MS_MAX + 1));
    CHECK(TAKEN_WITH(earn, body.earn.lots[1].split.funders[1].partner.v, PARTNERS_MAX - 1));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[1].split.funders[1].partner.v, PARTNERS_MAX));
    CHECK(TAKEN_WITH(earn, body.earn.lots[1].split.funders[1].bp, BASIS_POINTS));
    CHECK(!TAKEN_WITH(earn, body.earn.lots[1].split.funders[1].bp, BASIS_POINTS + 1));
    CHECK(!TAKEN_WITH(earn, body.earn.lot_count, 0));
}

CASE(an_earn_carries_sixteen_lots_of_eight_funders_and_no_more)
{
    struct transaction t = example(TRANSACTION_EARN);
    t.body.earn.lot_count = EARN_LOTS_MAX;
    for (size_t i = 0; i < EARN_LOTS_MAX; i++) {
        t.body.earn.lots[i] = (struct earn_lot){.quantity = {1}, .split = {.count = SPLIT_MAX}};
        for (uint16_t j = 0; j < SPLIT_MAX; j++)
            t.body.earn.lots[i].split.funders[j] = (struct funder){{j}, 1250};
    }
    CHECK(taken(&t));
    struct buffer out, more;
    buffer_init(&out, TRANSACTION_SIZE_MAX);
    buffer_init(&more, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &out);
    /* The lots' head stands before the first lot: 16 lots is 0x90, 17 would be 0x91. */
    size_t lots_at = 0;
    for (size_t i = 0; i + 1 < out.size && !lots_at; i++)
        if (out.at[i] == 0x90 && out.at[i + 1] == 0x85)
            lots_at = i;
    REQUIRE(lots_at > 0);
    size_t lot_size = (out.size - lots_at - 1) / EARN_LOTS_MAX;
    buffer_append(&more, buffer_bytes(&out));
    more.at[lots_at] = 0x91;
    buffer_append(&more, bytes_of(out.at + lots_at + 1, lot_size));
    CHECK(!law_holds(again, buffer_bytes(&more)));
    buffer_release(&out);
    buffer_release(&more);
}

CASE(no_basket_has_one_encoding)
{
    struct transaction t = example(TRANSACTION_EARN);
    memset(&t.body.earn.basket, 0, HASH_SIZE);
    CHECK(taken(&t));
    struct buffer out;
    buffer_init(&out, TRANSACTION_SIZE_MAX);
    t = example(TRANSACTION_EARN);
    transaction_encode(&t, &out);
    for (size_t i = 0; i + HASH_SIZE <= out.size; i++)
        if (memcmp(out.at + i, t.body.earn.basket.at, HASH_SIZE) == 0)
            memset(out.at + i, 0, HASH_SIZE);
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
}

CASE(a_spend_names_either_points_or_an_amount)
{
    CHECK(!TAKEN_WITH(TRANSACTION_REDEEM, body.redeem.points.v, 1));
    CHECK(!TAKEN_WITH(TRANSACTION_REDEEM, body.redeem.amount.v, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_REDEEM, body.redeem.amount.v, -1));
    int64_t most = POINTS_PER_RECORD_MAX * PRICE_MICRO_MAX;
    CHECK(TAKEN_WITH(TRANSACTION_REDEEM, body.redeem.amount.v, most));
    CHECK(!TAKEN_WITH(TRANSACTION_REDEEM, body.redeem.amount.v, most + 1));
    CHECK(!TAKEN_WITH(TRANSACTION_HOLD, body.hold.amount.v, 1));
    CHECK(!TAKEN_WITH(TRANSACTION_HOLD, body.hold.points.v, 0));
    CHECK(TAKEN_WITH(TRANSACTION_HOLD, body.hold.points.v, POINTS_PER_RECORD_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_HOLD, body.hold.points.v, POINTS_PER_RECORD_MAX + 1));
    CHECK(TAKEN_WITH(TRANSACTION_HOLD, body.hold.ttl_ms, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_HOLD, body.hold.ttl_ms, TIME_MS_MAX + 1));
}

CASE(references_and_quantities_keep_to_their_bounds)
{
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    CHECK(TAKEN_WITH(TRANSACTION_ACTIVATE, body.activate.earn.v, INT64_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_ACTIVATE, body.activate.earn.v, beyond));
    CHECK(!TAKEN_WITH(TRANSACTION_COMMIT, body.commit.hold.v, beyond));
    CHECK(TAKEN_WITH(TRANSACTION_COMMIT, body.commit.points.v, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_COMMIT, body.commit.points.v, -1));
    CHECK(!TAKEN_WITH(TRANSACTION_RELEASE, body.release.hold.v, beyond));
    CHECK(TAKEN_WITH(TRANSACTION_REVERSE_EARN, body.reverse_earn.refunded, 1));
    CHECK(!TAKEN_WITH(TRANSACTION_REVERSE_EARN, body.reverse_earn.refunded, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_REVERSE_EARN, body.reverse_earn.refunded, beyond));
    CHECK(!TAKEN_WITH(TRANSACTION_REVERSE_REDEEM, body.reverse_redeem.points.v, 0));
    CHECK(TAKEN_WITH(TRANSACTION_TRANSFER, body.transfer.points.v, POINTS_PER_RECORD_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_TRANSFER, body.transfer.points.v, POINTS_PER_RECORD_MAX + 1));
    CHECK(!TAKEN_WITH(TRANSACTION_TRANSFER, body.transfer.points.v, 0));
    CHECK(TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.delta.v, -POINTS_PER_RECORD_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.delta.v, -POINTS_PER_RECORD_MAX - 1));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.delta.v, 0));
    CHECK(TAKEN_WITH(TRANSACTION_CLOCK, body.clock.advance_ms, 1));
    CHECK(!TAKEN_WITH(TRANSACTION_CLOCK, body.clock.advance_ms, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_CLOCK, body.clock.advance_ms, TIME_MS_MAX + 1));
}

CASE(exchange_rates_keep_to_their_bounds)
{
    enum transaction_type rates = TRANSACTION_EXCHANGE_RATES;
    CHECK(TAKEN_WITH(rates, body.deal.rates.day, RATE_DAY_MAX));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.day, RATE_DAY_MAX + 1));
    CHECK(TAKEN_WITH(rates, body.deal.rates.at[0].rate.v, 1));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.at[0].rate.v, 0));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.at[0].rate.v, -1));
    CHECK(TAKEN_WITH(rates, body.deal.rates.at[1].rate.v, RATE_MICRO_MAX));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.at[1].rate.v, RATE_MICRO_MAX + 1));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.at[0].currency[0], 'n'));
    CHECK(TAKEN_WITH(rates, body.deal.rates.at[0].currency[0], 'X')); /* order: the state's */
    CHECK(TAKEN_WITH(rates, body.deal.rates.count, 1));
    CHECK(!TAKEN_WITH(rates, body.deal.rates.count, 0));
    struct transaction t = example(rates);
    for (size_t i = 0; i < RATES_MAX; i++)
        t.body.deal.rates.at[i] = t.body.deal.rates.at[0];
    t.body.deal.rates.count = RATES_MAX;
    CHECK(taken(&t));
    struct buffer out;
    struct bytes bytes = encoded(&t);
    buffer_init(&out, 2 * TRANSACTION_SIZE_MAX);
    for (size_t i = 0; i < bytes.size; i++) { /* the array's head is 98 40 */
        bool head = i > 0 && bytes.at[i - 1] == 0x98 && bytes.at[i] == RATES_MAX;
        buffer_append_byte(&out, (uint8_t)(bytes.at[i] + head));
    }
    buffer_append(&out, bytes_of((const uint8_t *)"\x82\x63SEK\x01", 6));
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
}

CASE(ballots_and_readiness_keep_to_their_bounds)
{
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    CHECK(TAKEN_WITH(TRANSACTION_BALLOT, body.ballot.motion.v, INT64_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_BALLOT, body.ballot.motion.v, beyond));
    CHECK(TAKEN_WITH(TRANSACTION_BALLOT, body.ballot.partner.v, PARTNERS_MAX - 1));
    CHECK(!TAKEN_WITH(TRANSACTION_BALLOT, body.ballot.partner.v, PARTNERS_MAX));
    CHECK(TAKEN_WITH(TRANSACTION_READY, body.ready.height, INT64_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_READY, body.ready.height, beyond));
    CHECK(TAKEN_WITH(TRANSACTION_MOTION, body.motion.motion.delay, MOTION_DELAY_MAX));
    CHECK(!TAKEN_WITH(TRANSACTION_MOTION, body.motion.motion.delay, MOTION_DELAY_MAX + 1));
    CHECK(!TAKEN_WITH(TRANSACTION_MOTION, body.motion.motion.delay, MOTION_DELAY_MIN - 1));
}

/* What ballots sign is the hash of the body, as it stands in the transaction. */
CASE(a_decoded_motion_knows_its_body_s_bytes)
{
    struct transaction t = example(TRANSACTION_MOTION), decoded;
    struct buffer body;
    buffer_init(&body, MOTION_SIZE_MAX);
    motion_encode(&t.body.motion.motion, &body);
    REQUIRE(transaction_decode(encoded(&t), &decoded, NULL));
    CHECK(bytes_equal(decoded.body.motion.bytes, buffer_bytes(&body)));
    buffer_release(&body);
}

CASE(an_adjustment_says_why_and_who)
{
    char text[TEXT_SIZE_MAX + 1];
    memset(text, 'r', sizeof(text));
    CHECK(TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.reason, bytes_of(text, TEXT_SIZE_MAX)));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.reason, bytes_of(text, TEXT_SIZE_MAX + 1)));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.reason, bytes_of(text, 0)));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.approver, bytes_of(text, 0)));
    CHECK(!TAKEN_WITH(TRANSACTION_ADJUST, body.adjust.approver, bytes_text("\xff")));
}

CASE(lots_to_expire_ascend_from_one_and_are_at_most_64)
{
    struct transaction t = example(TRANSACTION_EXPIRE);
    t.body.expire.lot_count = EXPIRE_LOTS_MAX;
    for (size_t i = 0; i < EXPIRE_LOTS_MAX; i++)
        t.body.expire.lots[i].v = i + 1;
    CHECK(taken(&t));
    t.body.expire.lots[63].v = t.body.expire.lots[62].v;
    CHECK(!taken(&t));
    CHECK(!TAKEN_WITH(TRANSACTION_EXPIRE, body.expire.lots[0].v, 0));
    CHECK(!TAKEN_WITH(TRANSACTION_EXPIRE, body.expire.lot_count, 0));
    struct buffer out;
    buffer_init(&out, TRANSACTION_SIZE_MAX);
    t = example(TRANSACTION_EXPIRE);
    t.body.expire.lot_count = 0;
    transaction_encode(&t, &out);
    out.size--; /* the empty array */
    codec_put_array(&out, EXPIRE_LOTS_MAX + 1);
    for (uint64_t i = 1; i <= EXPIRE_LOTS_MAX + 1; i++)
        codec_put_uint(&out, i);
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
}

CASE(an_unknown_type_and_an_oversized_transaction_are_refused)
{
    struct buffer out;
    buffer_init(&out, 2 * TRANSACTION_SIZE_MAX);
    struct transaction t = example(TRANSACTION_ENROL);
    transaction_encode(&t, &out);
    for (unsigned number = 0; number < 24; number++) {
        enum transaction_type type;
        out.at[1] = (uint8_t)number;
        if (!transaction_type_from_number(number, &type))
            CHECK(!law_holds(again, buffer_bytes(&out)));
    }
    buffer_clear(&out);
    CHECK(buffer_extend(&out, TRANSACTION_SIZE_MAX + 1) != NULL);
    memset(out.at, 0, out.size);
    struct error error = {0};
    CHECK(!transaction_decode(buffer_bytes(&out), &t, &error));
    CHECK(error.code == ERROR_LIMIT);
    buffer_release(&out);
}

static struct hash client_of(const struct transaction *t)
{
    struct transaction decoded;
    memset(&decoded, 0, sizeof(decoded));
    CHECK(transaction_decode(encoded(t), &decoded, NULL));
    return transaction_client(&decoded);
}

CASE(the_client_hash_covers_everything_but_the_tills_time)
{
    struct transaction t = example(TRANSACTION_REDEEM), other = t;
    struct hash first = client_of(&t), second;
    CHECK_HEX(hash_as_bytes(&first),
              "b17dbf65ab66b31fedcd7bf88ae3a2f602c8dddd48b67715bd0fdb91a0df3b61");
    other.at_ms += 5000;
    second = client_of(&other);
    CHECK(hash_equal(&first, &second));
    other.body.redeem.amount.v++;
    second = client_of(&other);
    CHECK(!hash_equal(&first, &second));
    other = t;
    other.key = bytes_text("till-7/000124");
    second = client_of(&other);
    CHECK(!hash_equal(&first, &second));
    other = t;
    other.line++;
    second = client_of(&other);
    CHECK(!hash_equal(&first, &second));
    /* commit and reverse-redeem have bodies of one shape: the type is covered too. */
    t = example(TRANSACTION_COMMIT);
    other = t;
    other.type = TRANSACTION_REVERSE_REDEEM;
    first = client_of(&t);
    second = client_of(&other);
    CHECK(!hash_equal(&first, &second));
}

int main(void)
{
    RUN(each_type_has_its_frozen_bytes);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(longer_and_indefinite_forms_are_refused_in_every_type);
    RUN(numbers_and_words_name_the_same_type);
    RUN(the_head_keeps_to_its_bounds);
    RUN(an_earn_keeps_to_its_bounds);
    RUN(an_earn_carries_sixteen_lots_of_eight_funders_and_no_more);
    RUN(no_basket_has_one_encoding);
    RUN(a_spend_names_either_points_or_an_amount);
    RUN(references_and_quantities_keep_to_their_bounds);
    RUN(exchange_rates_keep_to_their_bounds);
    RUN(ballots_and_readiness_keep_to_their_bounds);
    RUN(a_decoded_motion_knows_its_body_s_bytes);
    RUN(an_adjustment_says_why_and_who);
    RUN(lots_to_expire_ascend_from_one_and_are_at_most_64);
    RUN(an_unknown_type_and_an_oversized_transaction_are_refused);
    RUN(the_client_hash_covers_everything_but_the_tills_time);
    return check_report();
}
