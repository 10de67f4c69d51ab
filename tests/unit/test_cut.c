// links: protocol
#include "protocol/codec.h"
#include "protocol/cut.h"
#include "protocol/evidence.h"
#include "unit/codec_law.h"

static struct cut example(void)
{
    struct cut cut;
    memset(&cut, 0, sizeof(cut));
    cut.coalition = hash_bytes(bytes_text("coalition"));
    cut.height = 41;
    cut.previous = hash_bytes(bytes_text("cut 40"));
    cut.lane_count = 3;
    cut.lanes[0] = (struct lane_head){9, hash_bytes(bytes_text("A:9"))};
    cut.lanes[2] = (struct lane_head){70000, hash_bytes(bytes_text("C:70000"))};
    cut.time_ms = UINT64_C(1767225600123);
    cut.state_digest = hash_bytes(bytes_text("state"));
    cut.record_root = hash_bytes(bytes_text("root"));
    cut.record_count = 1234567;
    return cut;
}

static struct bytes encoded(struct cut *cut)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, CUT_SIZE_MAX);
    cut_encode(cut, &out);
    return buffer_bytes(&out);
}

static bool again(struct bytes in, struct buffer *out)
{
    struct cut cut;
    law_fill(&cut, sizeof(cut));
    if (!cut_decode(in, &cut, NULL)) {
        CHECK(law_untouched(&cut, sizeof(cut)));
        return false;
    }
    struct hash id = cut.id, expected = hash_bytes(in);
    cut_encode(&cut, out);
    CHECK(hash_equal(&id, &cut.id) && hash_equal(&id, &expected));
    return true;
}

CASE(a_cut_has_its_frozen_bytes_and_id)
{
    struct cut cut = example();
    CHECK_HEX(encoded(&cut),
              "8a0158205640f1bb0da6809125614ea0eee62f308c87424aaa33a39e9feb2da99fd92f7c1829582060f7"
              "ba1a0e1ac487f506e69f362453486cf081fb85c258a8bcb05b0c317b5cf483820958205eeba935cc8adb"
              "f459cf2fc3cb380134926b503b28716aba14dd76fc552d111d8200582000000000000000000000000000"
              "00000000000000000000000000000000000000821a0001117058206c85df437b44cc38c185cf5c597882"
              "ac8cb1938ef9a8ec3ac46e7b5c1df4dbcf1b0000019b76daa87b8058204ba69735ca53765ed6a709edb5"
              "6c6ea236b7193a3b29a6b390c346f0f4340e4e58204813494d137e1631bba301d5acab6e7bb7aa74ce11"
              "85d456565ef51d737677b21a0012d687");
    CHECK_HEX(hash_as_bytes(&cut.id),
              "50164ec2ce0e5134da864ba564888a9558f90bb0492e1b5de85ae62f10ec5ae1");
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct cut cut = example();
    law_check(again, encoded(&cut));
    law_refuses_other_forms(again, encoded(&cut));
}

CASE(the_id_does_not_depend_on_what_stands_before_the_cut)
{
    struct cut cut = example(), second = example();
    (void)encoded(&cut);
    struct buffer out;
    buffer_init(&out, CUT_SIZE_MAX);
    codec_put_uint(&out, 7);
    cut_encode(&second, &out);
    CHECK(hash_equal(&cut.id, &second.id));
    buffer_release(&out);
}

#define TAKEN_WITH(field, value)                                                                   \
    __extension__({                                                                                \
        struct cut c_ = example();                                                                 \
        c_.field = (value);                                                                        \
        law_holds(again, encoded(&c_));                                                            \
    })

CASE(numbers_keep_to_their_bounds)
{
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    CHECK(TAKEN_WITH(height, INT64_MAX));
    CHECK(!TAKEN_WITH(height, beyond));
    CHECK(TAKEN_WITH(lanes[1].sequence, INT64_MAX));
    CHECK(!TAKEN_WITH(lanes[1].sequence, beyond));
    CHECK(TAKEN_WITH(time_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(time_ms, TIME_MS_MAX + 1));
    CHECK(TAKEN_WITH(record_count, INT64_MAX));
    CHECK(!TAKEN_WITH(record_count, beyond));
}

CASE(a_cut_has_from_one_to_256_lanes)
{
    struct cut cut = example();
    cut.lane_count = 0;
    CHECK(!law_holds(again, encoded(&cut)));
    cut.lane_count = NODES_MAX;
    for (size_t i = 0; i < NODES_MAX; i++)
        cut.lanes[i].sequence = INT64_MAX;
    struct bytes largest = encoded(&cut);
    CHECK(largest.size < CUT_SIZE_MAX);
    CHECK(law_holds(again, largest));
    /* 257 lanes: the count at its place, and one lane more. */
    size_t at = 1 + 1 + 34 + 2 + 34;
    REQUIRE(largest.at[at] == 0x99 && largest.at[at + 1] == 1 && largest.at[at + 2] == 0);
    struct buffer more;
    buffer_init(&more, CUT_SIZE_MAX);
    buffer_append(&more, bytes_of(largest.at, at));
    codec_put_array(&more, NODES_MAX + 1);
    size_t lane_size = 1 + 9 + 34;
    buffer_append(&more, bytes_of(largest.at + at + 3, lane_size));
    buffer_append(&more, bytes_of(largest.at + at + 3, largest.size - at - 3));
    CHECK(!law_holds(again, buffer_bytes(&more)));
    buffer_release(&more);
}

CASE(other_versions_are_refused)
{
    struct cut cut = example();
    struct buffer out;
    buffer_init(&out, CUT_SIZE_MAX);
    buffer_append(&out, encoded(&cut));
    out.at[1] = 2;
    CHECK(!law_holds(again, buffer_bytes(&out)));
    out.at[1] = 0;
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
}

/* ---- evidence ------------------------------------------------------------------------------- */

enum { PIECES_MAX = EVIDENCE_PER_CUT_MAX + 1 };
static struct buffer pieces[PIECES_MAX];

/* Well-formed: two prevotes of one round. Whether they are signed is not the cut's question. */
static struct bytes piece(size_t number, uint16_t node)
{
    struct evidence_item a = {.vote = {.type = VOTE_PREVOTE, .height = 7, .valid_round = -1}};
    struct evidence_item b = a;
    struct evidence evidence;
    struct hash coalition = hash_bytes(bytes_text("coalition"));
    a.vote.nil = true;
    b.vote.cut = hash_bytes(bytes_text("a"));
    a.vote.voter.v = b.vote.voter.v = node;
    evidence_make(EVIDENCE_PREVOTES, &coalition, (struct node_id){node}, &a, &b, &evidence);
    buffer_release(&pieces[number]);
    buffer_init(&pieces[number], EVIDENCE_SIZE_MAX);
    evidence_encode(&evidence, &pieces[number]);
    return buffer_bytes(&pieces[number]);
}

static void pieces_release(void)
{
    for (size_t i = 0; i < PIECES_MAX; i++) {
        buffer_release(&pieces[i]);
        pieces[i] = (struct buffer){0};
    }
}

/* A cut with these byte strings in the place of evidence, as they are. */
static bool taken_with(const struct bytes *items, size_t count)
{
    struct cut cut = example();
    struct bytes plain = encoded(&cut);
    size_t at = plain.size - (34 + 34 + 5 + 1);
    struct buffer with;
    REQUIRE(plain.at[at] == 0x80);
    buffer_init(&with, CUT_SIZE_MAX);
    buffer_append(&with, bytes_of(plain.at, at));
    codec_put_array(&with, count);
    for (size_t i = 0; i < count; i++)
        codec_put_bytes(&with, items[i]);
    buffer_append(&with, bytes_of(plain.at + at + 1, plain.size - at - 1));
    bool taken = law_holds(again, buffer_bytes(&with));
    buffer_release(&with);
    return taken;
}

CASE(evidence_stands_in_the_order_of_its_ids_whatever_order_it_is_given_in)
{
    struct cut cut = example(), decoded;
    cut.evidence_count = EVIDENCE_PER_CUT_MAX;
    for (uint16_t i = 0; i < EVIDENCE_PER_CUT_MAX; i++)
        cut.evidence[i] = piece(i, i);
    struct hash id;
    encoded(&cut);
    id = cut.id;
    for (uint16_t i = 0; i < EVIDENCE_PER_CUT_MAX; i++)
        cut.evidence[i] = piece(i, EVIDENCE_PER_CUT_MAX - 1 - i);
    struct bytes bytes = encoded(&cut);
    CHECK(hash_equal(&cut.id, &id));
    CHECK(law_holds(again, bytes));
    law_refuses_other_forms(again, bytes);
    REQUIRE(cut_decode(bytes, &decoded, NULL));
    CHECK_INT(decoded.evidence_count, EVIDENCE_PER_CUT_MAX);
    for (size_t i = 0; i < EVIDENCE_PER_CUT_MAX; i++)
        CHECK(bytes_equal(decoded.evidence[i], cut.evidence[i]));
    pieces_release();
}

CASE(evidence_out_of_order_twice_about_a_node_too_much_or_malformed_is_refused)
{
    struct bytes one = piece(0, 1), other = piece(1, 2);
    struct hash first = hash_bytes(one), second = hash_bytes(other);
    bool ascend = memcmp(first.at, second.at, HASH_SIZE) < 0;
    struct bytes right[] = {ascend ? one : other, ascend ? other : one};
    struct bytes wrong[] = {right[1], right[0]}, same[] = {one, one};
    CHECK(taken_with(right, 2));
    CHECK(!taken_with(wrong, 2));
    CHECK(!taken_with(same, 2));
    struct bytes shorter[] = {bytes_of(one.at, one.size - 1)}, none[] = {bytes_of(one.at, 0)};
    CHECK(taken_with(&one, 1));
    CHECK(!taken_with(shorter, 1));
    CHECK(!taken_with(none, 1));
    struct bytes many[PIECES_MAX];
    struct cut cut = example();
    cut.evidence_count = EVIDENCE_PER_CUT_MAX; /* sorted by the encoder, and one more */
    for (uint16_t i = 0; i < EVIDENCE_PER_CUT_MAX; i++)
        cut.evidence[i] = piece(i, i);
    encoded(&cut);
    memcpy(many, cut.evidence, sizeof(cut.evidence));
    CHECK(taken_with(many, EVIDENCE_PER_CUT_MAX));
    for (uint16_t node = 100; node < 140; node++) {
        many[EVIDENCE_PER_CUT_MAX] = piece(EVIDENCE_PER_CUT_MAX, node);
        CHECK(!taken_with(many, PIECES_MAX));
    }
    pieces_release();
}

CASE(a_cut_beyond_its_size_is_refused_unread)
{
    static uint8_t large[CUT_SIZE_MAX + 1];
    struct cut cut;
    struct error error = {0};
    CHECK(!cut_decode(bytes_of(large, sizeof(large)), &cut, &error));
    CHECK(error.code == ERROR_LIMIT);
}

/* SHA-256(previous || u16 lane), ascending: the numbers come from another program. */
CASE(the_order_inside_a_cut_is_frozen)
{
    static const uint16_t expected[] = {3, 1, 9, 4, 11, 6, 7, 2, 0, 8, 5, 10};
    struct hash previous = hash_bytes(bytes_text("cut 40"));
    uint16_t order[NODES_MAX];
    cut_lane_order(&previous, ARRAY_SIZE(expected), order);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        CHECK_INT(order[i], expected[i]);
}

CASE(the_order_inside_a_cut_holds_every_lane_once_and_follows_the_predecessor)
{
    struct hash previous = hash_bytes(bytes_text("cut 40"));
    uint16_t order[NODES_MAX], other[NODES_MAX];
    bool seen[NODES_MAX] = {false};
    cut_lane_order(&previous, NODES_MAX, order);
    for (size_t i = 0; i < NODES_MAX; i++) {
        REQUIRE(order[i] < NODES_MAX);
        CHECK(!seen[order[i]]);
        seen[order[i]] = true;
    }
    previous.at[31] ^= 1;
    cut_lane_order(&previous, NODES_MAX, other);
    CHECK(memcmp(order, other, sizeof(order)) != 0);
    cut_lane_order(&previous, 1, order);
    CHECK_INT(order[0], 0);
}

int main(void)
{
    RUN(a_cut_has_its_frozen_bytes_and_id);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(the_id_does_not_depend_on_what_stands_before_the_cut);
    RUN(numbers_keep_to_their_bounds);
    RUN(a_cut_has_from_one_to_256_lanes);
    RUN(other_versions_are_refused);
    RUN(evidence_stands_in_the_order_of_its_ids_whatever_order_it_is_given_in);
    RUN(evidence_out_of_order_twice_about_a_node_too_much_or_malformed_is_refused);
    RUN(a_cut_beyond_its_size_is_refused_unread);
    RUN(the_order_inside_a_cut_is_frozen);
    RUN(the_order_inside_a_cut_holds_every_lane_once_and_follows_the_predecessor);
    return check_report();
}
