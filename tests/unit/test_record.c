// links: protocol
#include "protocol/codec.h"
#include "protocol/record.h"
#include "unit/codec_law.h"

static const struct effect each_effect[] = {
    {.kind = EFFECT_LOT, .lot = {7}, .amount = 26},
    {.kind = EFFECT_MOVE, .lot = {7}, .from = POOL_REMAINING, .to = POOL_HELD, .amount = 20},
    {.kind = EFFECT_OBLIGATION,
     .partner = {1},
     .creditor = {300},
     .line_class = LINE_REDEMPTION_FEE,
     .amount = -2286000000},
    {.kind = EFFECT_DEFICIT, .partner = {2}, .amount = -5},
    {.kind = EFFECT_WAIVED, .amount = 3},
    {.kind = EFFECT_FIRST, .first = {41}},
    {.kind = EFFECT_AMENDED, .change = CHANGE_ADMIT, .what = 41, .height = 50},
    {.kind = EFFECT_LAPSED, .change = CHANGE_SUSPEND, .what = 2, .height = 300},
};

static struct bytes effects_of(const struct effect *effects, size_t count)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 2 * RECORD_SIZE_MAX);
    codec_put_array(&out, count);
    for (size_t i = 0; i < count; i++)
        effect_encode(&effects[i], &out);
    return buffer_bytes(&out);
}

static struct record example_transaction(void)
{
    return (struct record){
        .kind = RECORD_KIND_TRANSACTION,
        .index = {1000},
        .height = 12,
        .time_ms = UINT64_C(1767225600123),
        .lane = {3},
        .sequence = 9,
        .position = 2,
        .transaction = bytes_of("\x86\x01", 2),
        .outcome = {.verdict = VERDICT_ACCEPTED,
                    .late = true,
                    .effects = effects_of(each_effect, ARRAY_SIZE(each_effect))}};
}

static struct record example_seal(void)
{
    return (struct record){.kind = RECORD_KIND_SEAL,
                           .index = {1001},
                           .height = 12,
                           .time_ms = UINT64_C(1767225600123),
                           .cut = hash_bytes(bytes_text("cut")),
                           .state_digest = hash_bytes(bytes_text("state")),
                           .transaction_count = 1,
                           .automatic = hash_bytes(bytes_text("automatic"))};
}

static bool again(struct bytes in, struct buffer *out)
{
    struct record record;
    law_fill(&record, sizeof(record));
    if (!record_decode(in, &record, NULL)) {
        CHECK(law_untouched(&record, sizeof(record)));
        return false;
    }
    record_encode(&record, out);
    return true;
}

static struct bytes encoded(const struct record *record)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 4 * RECORD_SIZE_MAX);
    record_encode(record, &out);
    CHECK(!out.overflowed);
    return buffer_bytes(&out);
}

static bool taken(const struct record *record)
{
    return law_holds(again, encoded(record));
}

CASE(both_kinds_have_their_frozen_bytes)
{
    struct record record = example_transaction();
    CHECK_HEX(encoded(&record),
              "8c01011903e80c1b0000019b76daa87b03090242860100f588830107181a85020701021486030119012c"
              "04003a8841977f830402248205038206182984070118291832"
              "8408080219012c");
    record = example_seal();
    CHECK_HEX(encoded(&record),
              "8a01021903e90c1b0000019b76daa87b5820378bfce5cda2599a6cda399f1cacef861e4e575ec794744d"
              "cf0e55e9c478063358204ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e"
              "01582053e0ff348c9be93a14d05757c5717681c1d9539bf600022d12495d406fedcc4ef6");
    record.has_state_root = true;
    record.state_root = hash_bytes(bytes_text("root"));
    CHECK_HEX(encoded(&record),
              "8a01021903e90c1b0000019b76daa87b5820378bfce5cda2599a6cda399f1cacef861e4e575ec794744d"
              "cf0e55e9c478063358204ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e"
              "01582053e0ff348c9be93a14d05757c5717681c1d9539bf600022d12495d406fedcc4e58204813494d13"
              "7e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2");
}

CASE(each_effect_has_its_frozen_bytes)
{
    CHECK_HEX(effects_of(&each_effect[0], 1), "81830107181a");
    CHECK_HEX(effects_of(&each_effect[1], 1), "81850207010214");
    CHECK_HEX(effects_of(&each_effect[2], 1), "8186030119012c04003a8841977f");
    CHECK_HEX(effects_of(&each_effect[3], 1), "8183040224");
    CHECK_HEX(effects_of(&each_effect[4], 1), "81820503");
    CHECK_HEX(effects_of(&each_effect[5], 1), "8182061829");
    CHECK_HEX(effects_of(&each_effect[6], 1), "8184070118291832");
    CHECK_HEX(effects_of(&each_effect[7], 1), "818408080219012c");
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct record record = example_transaction();
    law_check(again, encoded(&record));
    law_refuses_other_forms(again, encoded(&record));
    record = example_seal();
    law_check(again, encoded(&record));
    law_refuses_other_forms(again, encoded(&record));
    record.has_state_root = true;
    law_check(again, encoded(&record));
}

#define TAKEN_WITH(made, field, value)                                                             \
    __extension__({                                                                                \
        struct record r_ = (made);                                                                 \
        r_.field = (value);                                                                        \
        taken(&r_);                                                                                \
    })

CASE(numbers_keep_to_their_bounds)
{
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    CHECK(TAKEN_WITH(example_transaction(), index.v, INT64_MAX));
    CHECK(!TAKEN_WITH(example_transaction(), index.v, beyond));
    CHECK(!TAKEN_WITH(example_transaction(), height, beyond));
    CHECK(TAKEN_WITH(example_transaction(), time_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(example_transaction(), time_ms, TIME_MS_MAX + 1));
    CHECK(TAKEN_WITH(example_transaction(), lane.v, NODES_MAX - 1));
    CHECK(!TAKEN_WITH(example_transaction(), lane.v, NODES_MAX));
    CHECK(!TAKEN_WITH(example_transaction(), sequence, beyond));
    CHECK(TAKEN_WITH(example_transaction(), position, BATCH_TRANSACTIONS_MAX - 1));
    CHECK(!TAKEN_WITH(example_transaction(), position, BATCH_TRANSACTIONS_MAX));
    CHECK(TAKEN_WITH(example_transaction(), outcome.verdict, VERDICT_TOO_MANY_DISPUTES));
    CHECK(!TAKEN_WITH(example_transaction(), outcome.verdict, VERDICT_NO_EXIT + 1));
    CHECK(!TAKEN_WITH(example_seal(), transaction_count, beyond));
    CHECK(!TAKEN_WITH(example_seal(), time_ms, TIME_MS_MAX + 1));
}

CASE(a_record_carries_any_transaction_bytes_up_to_their_limit)
{
    static uint8_t bytes[TRANSACTION_SIZE_MAX + 1];
    CHECK(TAKEN_WITH(example_transaction(), transaction, bytes_of(bytes, 0)));
    CHECK(TAKEN_WITH(example_transaction(), transaction, bytes_of(bytes, TRANSACTION_SIZE_MAX)));
    CHECK(
        !TAKEN_WITH(example_transaction(), transaction, bytes_of(bytes, TRANSACTION_SIZE_MAX + 1)));
}

/* tlog-tiles gives an entry a u16 length. */
CASE(a_record_of_more_than_65535_bytes_is_refused)
{
    static struct effect effects[20000];
    struct record record = example_transaction();
    record.transaction = bytes_of(NULL, 0);
    size_t count = 15000;
    for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
        effects[i] = (struct effect){.kind = EFFECT_WAIVED, .amount = 24};
    record.outcome.effects = effects_of(effects, count);
    size_t rest = RECORD_SIZE_MAX - encoded(&record).size;
    count += rest / 4; /* four bytes an effect; the array's head stays three */
    record.outcome.effects = effects_of(effects, count);
    rest = RECORD_SIZE_MAX - encoded(&record).size;
    for (size_t i = 0; i < rest; i++)
        effects[i].amount = 256; /* one byte more than 24 takes */
    record.outcome.effects = effects_of(effects, count);
    CHECK_INT(encoded(&record).size, RECORD_SIZE_MAX);
    CHECK(taken(&record));
    effects[rest].amount = 256;
    record.outcome.effects = effects_of(effects, count);
    CHECK_INT(encoded(&record).size, RECORD_SIZE_MAX + 1);
    CHECK(!taken(&record));
}

static bool effect_taken(struct effect effect)
{
    struct record record = example_transaction();
    record.outcome.effects = effects_of(&effect, 1);
    struct effect_reader reader;
    struct effect seen;
    bool read = effect_reader_init(&reader, record.outcome.effects) && effect_next(&reader, &seen);
    bool good = taken(&record);
    CHECK(read == good);
    return good;
}

CASE(effects_keep_to_their_bounds)
{
    struct effect move = each_effect[1], debt = each_effect[2];
    CHECK(effect_taken(move));
    move.to = POOL_TRANSFERRED;
    CHECK(effect_taken(move));
    move.to = POOL_COUNT;
    CHECK(!effect_taken(move));
    move = each_effect[1];
    move.from = POOL_COUNT;
    CHECK(!effect_taken(move));
    move = each_effect[1];
    move.amount = 0;
    CHECK(!effect_taken(move));
    move = each_effect[0];
    move.amount = -1;
    CHECK(!effect_taken(move));
    debt.amount = INT64_MIN;
    CHECK(effect_taken(debt));
    debt.amount = INT64_MAX;
    CHECK(effect_taken(debt));
    debt.line_class = LINE_CLASS_COUNT;
    CHECK(!effect_taken(debt));
    debt = each_effect[2];
    debt.partner.v = PARTNERS_MAX - 1;
    CHECK(effect_taken(debt));
    debt.partner.v = PARTNERS_MAX;
    CHECK(!effect_taken(debt));
    debt = each_effect[2];
    debt.creditor.v = PARTNERS_MAX;
    CHECK(!effect_taken(debt));
    struct effect amended = each_effect[6];
    amended.change = (enum change_kind)CHANGE_KIND_MAX;
    CHECK(effect_taken(amended));
    amended.change = (enum change_kind)(CHANGE_KIND_MAX + 1);
    CHECK(!effect_taken(amended));
    amended.change = (enum change_kind)0;
    CHECK(!effect_taken(amended));
    amended = each_effect[6];
    amended.height = (uint64_t)INT64_MAX + 1;
    CHECK(!effect_taken(amended));
}

CASE(unknown_effects_and_wrong_lengths_are_refused)
{
    static const char *const wrong[] = {
        "81820003",     "81820703",     "818301",     "8184010718 1a", "8182011a",
        "818505182901", "818306182900", "8181",       "8180",          "81850207010214ff",
        "8101",         "9f8205 03ff",  "8282050382", "81820519",      "f6",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char hex[64];
        uint8_t bytes[32];
        size_t size = 0;
        for (const char *c = wrong[i]; *c; c++)
            if (*c != ' ')
                hex[size++] = *c;
        hex[size] = 0;
        REQUIRE(hex_decode(bytes_of(hex, size), bytes, size / 2));
        struct record record = example_transaction();
        record.outcome.effects = bytes_of(bytes, size / 2);
        CHECK(!taken(&record));
    }
}

CASE(effects_are_read_one_by_one)
{
    struct effect_reader reader;
    struct effect effect;
    struct buffer joined;
    buffer_init(&joined, RECORD_SIZE_MAX);
    struct bytes all = effects_of(each_effect, ARRAY_SIZE(each_effect));
    CHECK(effect_reader_init(&reader, all));
    codec_put_array(&joined, ARRAY_SIZE(each_effect));
    for (size_t i = 0; effect_next(&reader, &effect); i++) {
        CHECK(effect.kind == each_effect[i].kind && effect.amount == each_effect[i].amount);
        effect_encode(&effect, &joined);
    }
    CHECK(bytes_equal(buffer_bytes(&joined), all));
    buffer_release(&joined);
    CHECK(effect_reader_init(&reader, effects_of(NULL, 0)) && !effect_next(&reader, &effect));
    CHECK(!effect_reader_init(&reader, bytes_of(NULL, 0)));
}

CASE(kinds_and_versions_other_than_known_are_refused)
{
    struct buffer out;
    buffer_init(&out, RECORD_SIZE_MAX);
    struct record seal = example_seal();
    buffer_append(&out, encoded(&seal));
    REQUIRE(out.at[0] == 0x8a && out.at[1] == 1 && out.at[2] == RECORD_KIND_SEAL);
    for (uint8_t kind = 0; kind < 24; kind++) {
        out.at[2] = kind;
        CHECK(law_holds(again, buffer_bytes(&out)) == (kind == RECORD_KIND_SEAL));
    }
    out.at[2] = RECORD_KIND_SEAL;
    out.at[1] = 2;
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
}

CASE(every_verdict_has_a_number_a_word_and_a_status)
{
    size_t count = 0;
#define X(name, number, word, status, sentence)                                                    \
    do {                                                                                           \
        enum verdict verdict = VERDICT_ACCEPTED;                                                   \
        CHECK(verdict_from_number(number, &verdict) && verdict == name);                           \
        CHECK_TEXT(verdict_word(name), word);                                                      \
        CHECK(verdict_status(name) >= 200 && verdict_status(name) < 500);                          \
        CHECK(strlen(verdict_sentence(name)) > 10);                                                \
        CHECK_INT(number, count++);                                                                \
    } while (0);
    VERDICTS(X)
#undef X
    enum verdict verdict = VERDICT_REPEAT;
    CHECK(!verdict_from_number(count, &verdict) && verdict == VERDICT_REPEAT);
    CHECK_TEXT(pool_word(POOL_CLAWED_BACK), "clawed-back");
    CHECK_TEXT(line_class_word(LINE_ISSUE_FEE), "issue-fee");
}

int main(void)
{
    RUN(both_kinds_have_their_frozen_bytes);
    RUN(each_effect_has_its_frozen_bytes);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(numbers_keep_to_their_bounds);
    RUN(a_record_carries_any_transaction_bytes_up_to_their_limit);
    RUN(a_record_of_more_than_65535_bytes_is_refused);
    RUN(effects_keep_to_their_bounds);
    RUN(unknown_effects_and_wrong_lengths_are_refused);
    RUN(effects_are_read_one_by_one);
    RUN(kinds_and_versions_other_than_known_are_refused);
    RUN(every_verdict_has_a_number_a_word_and_a_status);
    return check_report();
}
