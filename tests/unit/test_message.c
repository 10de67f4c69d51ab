// links: protocol
#include "protocol/codec.h"
#include "protocol/consensus.h"
#include "protocol/evidence.h"
#include "protocol/message.h"
#include "unit/codec_law.h"

static struct message message;

static struct vote vote_of(uint16_t voter)
{
    struct vote vote = {.type = VOTE_PREVOTE,
                        .height = 41,
                        .round = 3,
                        .valid_round = -1,
                        .cut = hash_bytes(bytes_text("cut 41")),
                        .voter = {voter}};
    memset(vote.signature.at, 0x51, SIGNATURE_SIZE);
    return vote;
}

static void example_status(struct status *status)
{
    status->height = 42;
    status->lane_count = 2;
    status->lanes[0] = (struct lane_head){9, hash_bytes(bytes_text("A:9"))};
    status->round_count = 2;
    status->rounds[0] = (struct status_round){4, 1, 0, 0};
    status->rounds[1] = (struct status_round){3, UINT64_C(0x8000000000000001), 7, 2};
}

static void example_decided(void)
{
    message.body.decided.certificate = (struct certificate){
        .height = 41, .round = 3, .cut = hash_bytes(bytes_text("cut 41")), .count = 1};
    message.body.decided.certificate.votes[0].voter.v = 2;
    message.body.decided.cut = bytes_text("cut");
}

/* One example of each kind; no default, so that a new kind needs one. */
static void example(enum message_kind kind)
{
    memset(&message, 0, sizeof(message));
    message.kind = kind;
    switch (kind) {
    case MESSAGE_BATCH:
        message.body.batch = bytes_text("batch");
        return;
    case MESSAGE_PROPOSAL:
        message.body.proposal = bytes_text("proposal");
        return;
    case MESSAGE_VOTES:
        message.body.votes.count = 2;
        message.body.votes.items[0] = vote_of(1);
        message.body.votes.items[1] = vote_of(2);
        return;
    case MESSAGE_STATUS:
        example_status(&message.body.status);
        return;
    case MESSAGE_FETCH_BATCHES:
        message.body.fetch_batches.count = 1;
        message.body.fetch_batches.items[0] = (struct fetch_batch){
            .lane = {3}, .head = hash_bytes(bytes_text("D:9")), .head_sequence = 9, .above = 6};
        return;
    case MESSAGE_FETCH_HEIGHTS:
        message.body.fetch_heights.from = 7;
        message.body.fetch_heights.count = FETCH_HEIGHTS_MAX;
        return;
    case MESSAGE_DECIDED:
        example_decided();
        return;
    case MESSAGE_ASK:
        message.body.ask.nonce = UINT64_MAX;
        return;
    case MESSAGE_ANSWER:
        message.body.answer.nonce = UINT64_MAX;
        message.body.answer.batch = bytes_text("batch");
        message.body.answer.vote_count = 1;
        message.body.answer.votes[0] = vote_of(3);
        return;
    case MESSAGE_COSIGNATURE:
        message.body.cosignature.item =
            (struct cosignature){.node = {2},
                                 .size = 311,
                                 .root = hash_bytes(bytes_text("root at 311")),
                                 .time_s = 1700000000};
        memset(message.body.cosignature.item.signature.at, 0x51, SIGNATURE_SIZE);
        message.body.cosignature.final_size = 307;
        return;
    case MESSAGE_ATTESTATION:
        message.body.attestation =
            (struct attestation){.snapshot = {.height = 41,
                                              .size = 70000,
                                              .id = hash_bytes(bytes_text("snapshot at 41"))},
                                 .node = {2}};
        memset(message.body.attestation.signature.at, 0x51, SIGNATURE_SIZE);
        return;
    case MESSAGE_FETCH_SNAPSHOT:
        message.body.fetch_snapshot.height = 41;
        message.body.fetch_snapshot.piece = SNAPSHOT_PIECES_MAX;
        return;
    case MESSAGE_SNAPSHOT_PIECE:
        message.body.snapshot_piece.height = 41;
        message.body.snapshot_piece.piece = 1;
        message.body.snapshot_piece.bytes = bytes_text("piece");
        return;
    case MESSAGE_EVIDENCE:
        message.body.evidence = bytes_text("evidence");
        return;
    }
}

static struct bytes encoded(void)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 2 * MESSAGE_SIZE_MAX);
    message_encode(&message, &out);
    CHECK(!out.overflowed);
    return buffer_bytes(&out);
}

static struct bytes encoded_example(enum message_kind kind)
{
    example(kind);
    return encoded();
}

static bool again(struct bytes in, struct buffer *out)
{
    static struct message decoded;
    struct error error = {0};
    if (!message_decode(in, &decoded, &error)) {
        CHECK(error.code == ERROR_INVALID || error.code == ERROR_LIMIT);
        return false;
    }
    message_encode(&decoded, out);
    return true;
}

CASE(each_kind_has_its_frozen_bytes)
{
    CHECK_HEX(encoded_example(MESSAGE_BATCH), "830101456261746368");
    CHECK_HEX(encoded_example(MESSAGE_PROPOSAL), "8301024870726f706f73616c");
    CHECK_HEX(encoded_example(MESSAGE_VOTES),
              "8301038287011829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d15"
              "212001584051515151515151515151515151515151515151515151515151515151515151515151515151"
              "51515151515151515151515151515151515151515151515151515187011829035820c04d6da0822f31a8"
              "004d7769731d0099c7a7ffc4b9c85966cb398ba7315d1521200258405151515151515151515151515151"
              "515151515151515151515151515151515151515151515151515151515151515151515151515151515151"
              "5151515151515151");
    CHECK_HEX(encoded_example(MESSAGE_STATUS),
              "83010483182a82820958205eeba935cc8adbf459cf2fc3cb380134926b503b28716aba14dd76fc552d11"
              "1d8200582000000000000000000000000000000000000000000000000000000000000000008284040100"
              "0084031b80000000000000010702");
    CHECK_HEX(
        encoded_example(MESSAGE_FETCH_BATCHES),
        "8301058184035820274a627af4de1af3dbbcd16bd6424b6befdcb8cbbe39e325988d0ad91863760d0906");
    CHECK_HEX(encoded_example(MESSAGE_FETCH_HEIGHTS), "83010682071820");
    CHECK_HEX(encoded_example(MESSAGE_DECIDED),
              "83010782841829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d1521"
              "818202584000000000000000000000000000000000000000000000000000000000000000000000000000"
              "00000000000000000000000000000000000000000000000000000043637574");
    CHECK_HEX(encoded_example(MESSAGE_ASK), "8301081bffffffffffffffff");
    CHECK_HEX(encoded_example(MESSAGE_ANSWER),
              "830109841bffffffffffffffff4562617463688187011829035820c04d6da0822f31a8004d7769731d00"
              "99c7a7ffc4b9c85966cb398ba7315d152120035840515151515151515151515151515151515151515151"
              "515151515151515151515151515151515151515151515151515151515151515151515151515151515151"
              "5140");
    CHECK_HEX(encoded_example(MESSAGE_COSIGNATURE),
              "83010a8285021901375820120af3b3ed5c0b48d96030e5c6cac61671f254473532a4adde4f2603100450"
              "a81a6553f100584051515151515151515151515151515151515151515151515151515151515151515151"
              "515151515151515151515151515151515151515151515151515151515151190133");
    CHECK_HEX(encoded_example(MESSAGE_ATTESTATION),
              "83010b8518291a00011170582097634b0d9518e7de41a4f06de4a67cd5de1b7cdd26330d015906454aae"
              "0e0122025840515151515151515151515151515151515151515151515151515151515151515151515151"
              "51515151515151515151515151515151515151515151515151515151");
    CHECK_HEX(encoded_example(MESSAGE_FETCH_SNAPSHOT), "83010c821829198000");
    CHECK_HEX(encoded_example(MESSAGE_SNAPSHOT_PIECE), "83010d83182901457069656365");
}

#define COSIGNATURE_TAKEN(field, value)                                                            \
    __extension__({                                                                                \
        example(MESSAGE_COSIGNATURE);                                                              \
        message.body.cosignature.field = (value);                                                  \
        law_holds(again, encoded());                                                               \
    })

CASE(a_cosignature_keeps_to_its_bounds)
{
    CHECK(COSIGNATURE_TAKEN(item.node.v, NODES_MAX - 1));
    CHECK(!COSIGNATURE_TAKEN(item.node.v, NODES_MAX));
    CHECK(COSIGNATURE_TAKEN(item.size, 1));
    CHECK(!COSIGNATURE_TAKEN(item.size, 0));
    CHECK(!COSIGNATURE_TAKEN(item.size, (uint64_t)INT64_MAX + 1));
    CHECK(COSIGNATURE_TAKEN(item.time_s, TIME_MS_MAX / 1000));
    CHECK(!COSIGNATURE_TAKEN(item.time_s, TIME_MS_MAX / 1000 + 1));
    CHECK(COSIGNATURE_TAKEN(final_size, 0));
    CHECK(!COSIGNATURE_TAKEN(final_size, (uint64_t)INT64_MAX + 1));
}

CASE(evidence_travels_as_bytes_and_no_more_of_them_than_it_may_have)
{
    static uint8_t most[EVIDENCE_SIZE_MAX + 1];
    CHECK_HEX(encoded_example(MESSAGE_EVIDENCE), "83010e4865766964656e6365");
    example(MESSAGE_EVIDENCE);
    message.body.evidence = bytes_of(most, EVIDENCE_SIZE_MAX);
    CHECK(law_holds(again, encoded()));
    message.body.evidence = bytes_of(most, EVIDENCE_SIZE_MAX + 1);
    CHECK(!law_holds(again, encoded()));
    message.body.evidence = bytes_of(most, 0);
    CHECK(!law_holds(again, encoded()));
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
#define X(name, number, word) law_check(again, encoded_example(name));
    MESSAGE_KINDS(X)
#undef X
}

CASE(longer_and_indefinite_forms_are_refused_in_every_kind)
{
#define X(name, number, word) law_refuses_other_forms(again, encoded_example(name));
    MESSAGE_KINDS(X)
#undef X
}

CASE(kinds_and_versions_other_than_known_are_refused)
{
    struct buffer out;
    buffer_init(&out, 64);
    buffer_append(&out, encoded_example(MESSAGE_ASK));
    REQUIRE(out.at[0] == 0x83 && out.at[1] == 1 && out.at[2] == MESSAGE_ASK);
    for (uint8_t kind = 0; kind < 24; kind++) {
        out.at[2] = kind;
        CHECK(law_holds(again, buffer_bytes(&out)) == (kind == MESSAGE_ASK));
    }
    out.at[2] = MESSAGE_ASK;
    out.at[1] = 2;
    CHECK(!law_holds(again, buffer_bytes(&out)));
    buffer_release(&out);
#define X(name, number, word) CHECK_TEXT(message_kind_word(name), word);
    MESSAGE_KINDS(X)
#undef X
}

CASE(votes_come_1_to_128_at_a_time)
{
    example(MESSAGE_VOTES);
    message.body.votes.count = 0;
    CHECK(!law_holds(again, encoded()));
    message.body.votes.count = MESSAGE_VOTES_MAX;
    for (uint16_t i = 0; i < MESSAGE_VOTES_MAX; i++)
        message.body.votes.items[i] = vote_of(i);
    struct bytes most = encoded();
    CHECK(law_holds(again, most));
    struct buffer more;
    buffer_init(&more, MESSAGE_SIZE_MAX);
    buffer_append(&more, most);
    REQUIRE(more.at[3] == 0x98 && more.at[4] == MESSAGE_VOTES_MAX);
    more.at[4]++;
    struct vote vote = vote_of(1);
    vote_put(&vote, &more);
    CHECK(!law_holds(again, buffer_bytes(&more)));
    buffer_release(&more);
}

#define STATUS_TAKEN(field, value)                                                                 \
    __extension__({                                                                                \
        example(MESSAGE_STATUS);                                                                   \
        message.body.status.field = (value);                                                       \
        law_holds(again, encoded());                                                               \
    })

CASE(a_status_keeps_to_its_bounds)
{
    CHECK_INT(STATUS_PROPOSALS_MAX, CONSENSUS_SLOTS);
    CHECK(STATUS_TAKEN(height, INT64_MAX));
    CHECK(!STATUS_TAKEN(height, (uint64_t)INT64_MAX + 1));
    CHECK(STATUS_TAKEN(lane_count, 1));
    CHECK(!STATUS_TAKEN(lane_count, 0));
    CHECK(STATUS_TAKEN(lane_count, NODES_MAX));
    CHECK(!STATUS_TAKEN(lanes[1].sequence, (uint64_t)INT64_MAX + 1));
    CHECK(STATUS_TAKEN(round_count, 0));
    CHECK(STATUS_TAKEN(round_count, STATUS_ROUNDS_MAX));
    CHECK(STATUS_TAKEN(rounds[0].round, ROUND_MAX));
    CHECK(!STATUS_TAKEN(rounds[0].round, ROUND_MAX + 1));
    CHECK(!STATUS_TAKEN(rounds[0].round, -1));
    CHECK(STATUS_TAKEN(rounds[0].prevotes, UINT64_MAX));
    CHECK(STATUS_TAKEN(rounds[0].proposals, 2));
    CHECK(!STATUS_TAKEN(rounds[0].proposals, 3));
}

/* Written by hand: the struct has no room for one too many. */
CASE(a_status_of_too_many_lanes_or_rounds_is_refused)
{
    for (int i = 0; i < 4; i++) {
        size_t lanes = i == 1 ? NODES_MAX + 1 : 1, rounds = i == 2 ? STATUS_ROUNDS_MAX + 1 : 0;
        struct buffer out;
        buffer_init(&out, MESSAGE_SIZE_MAX);
        codec_put_array(&out, 3);
        codec_put_uint(&out, FORMAT_VERSION);
        codec_put_uint(&out, MESSAGE_STATUS);
        codec_put_array(&out, 3);
        codec_put_uint(&out, 42);
        codec_put_array(&out, lanes);
        for (size_t j = 0; j < lanes; j++) {
            struct hash zero = {{0}};
            codec_put_array(&out, 2);
            codec_put_uint(&out, 0);
            codec_put_bytes(&out, hash_as_bytes(&zero));
        }
        codec_put_array(&out, rounds);
        for (size_t j = 0; j < rounds * 5; j++)
            j % 5 == 0 ? codec_put_array(&out, 4) : codec_put_uint(&out, 0);
        CHECK(law_holds(again, buffer_bytes(&out)) == (i == 0 || i == 3));
        buffer_release(&out);
    }
}

CASE(requests_keep_to_their_bounds)
{
    example(MESSAGE_FETCH_BATCHES);
    message.body.fetch_batches.count = 0;
    CHECK(!law_holds(again, encoded()));
    message.body.fetch_batches.count = FETCH_BATCHES_MAX;
    struct bytes most = encoded();
    CHECK(law_holds(again, most));
    struct buffer more;
    buffer_init(&more, MESSAGE_SIZE_MAX);
    buffer_append(&more, most);
    REQUIRE(more.at[3] == 0x98 && more.at[4] == FETCH_BATCHES_MAX);
    more.at[4]++;
    size_t item_size = 1 + 1 + 34 + 1 + 1;
    buffer_append(&more, bytes_of(most.at + most.size - item_size, item_size));
    CHECK(!law_holds(again, buffer_bytes(&more)));
    buffer_release(&more);
    example(MESSAGE_FETCH_BATCHES);
    message.body.fetch_batches.items[0].lane.v = NODES_MAX;
    CHECK(!law_holds(again, encoded()));
    example(MESSAGE_FETCH_HEIGHTS);
    message.body.fetch_heights.count = FETCH_HEIGHTS_MAX + 1;
    CHECK(!law_holds(again, encoded()));
    example(MESSAGE_FETCH_HEIGHTS);
    message.body.fetch_heights.from = (uint64_t)INT64_MAX + 1;
    CHECK(!law_holds(again, encoded()));
}

CASE(carried_objects_keep_to_their_sizes)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX + 1];
    example(MESSAGE_BATCH);
    message.body.batch = bytes_of(bytes, BATCH_SIZE_MAX);
    CHECK(law_holds(again, encoded()));
    message.body.batch.size++;
    CHECK(!law_holds(again, encoded()));
    message.body.batch.size = 0;
    CHECK(!law_holds(again, encoded()));
    example(MESSAGE_DECIDED);
    message.body.decided.cut = bytes_of(bytes, CUT_SIZE_MAX);
    CHECK(law_holds(again, encoded()));
    message.body.decided.cut.size++;
    CHECK(!law_holds(again, encoded()));
    example(MESSAGE_ANSWER);
    message.body.answer.batch = bytes_of(bytes, 0);
    message.body.answer.vote_count = 0;
    CHECK(law_holds(again, encoded()));
    message.body.answer.vote_count = 2;
    message.body.answer.votes[1] = message.body.answer.votes[0] = vote_of(3);
    CHECK(law_holds(again, encoded()));
}

/* The channel carries 2 MiB: what is taken must fit when it is written again. */
CASE(a_message_beyond_its_size_is_refused)
{
    static uint8_t bytes[MESSAGE_SIZE_MAX + 1];
    example(MESSAGE_PROPOSAL);
    message.body.proposal = bytes_of(bytes, 1);
    message.body.proposal.size = MESSAGE_SIZE_MAX - 8;
    CHECK_INT(encoded().size, MESSAGE_SIZE_MAX);
    CHECK(law_holds(again, encoded()));
    message.body.proposal.size++;
    CHECK(!law_holds(again, encoded()));
    example(MESSAGE_ANSWER);
    message.body.answer.batch = bytes_of(bytes, BATCH_SIZE_MAX);
    message.body.answer.proposal = bytes_of(bytes, MESSAGE_SIZE_MAX - BATCH_SIZE_MAX);
    CHECK(!law_holds(again, encoded()));
}

int main(void)
{
    RUN(each_kind_has_its_frozen_bytes);
    RUN(evidence_travels_as_bytes_and_no_more_of_them_than_it_may_have);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(longer_and_indefinite_forms_are_refused_in_every_kind);
    RUN(kinds_and_versions_other_than_known_are_refused);
    RUN(votes_come_1_to_128_at_a_time);
    RUN(a_status_keeps_to_its_bounds);
    RUN(a_status_of_too_many_lanes_or_rounds_is_refused);
    RUN(requests_keep_to_their_bounds);
    RUN(a_cosignature_keeps_to_its_bounds);
    RUN(carried_objects_keep_to_their_sizes);
    RUN(a_message_beyond_its_size_is_refused);
    return check_report();
}
