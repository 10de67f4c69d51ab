// links: protocol
#include "codec_law.h"
#include "protocol/batch.h"
#include "protocol/codec.h"

static struct hash coalition, other_coalition;
static struct signing_key *key, *other_key;
static struct verifier *verifier, *other_verifier;

static void set_up(void)
{
    uint8_t seed[SEED_SIZE];
    coalition = hash_bytes(bytes_text("coalition"));
    other_coalition = hash_bytes(bytes_text("another coalition"));
    memset(seed, 1, sizeof(seed));
    key = signing_key_from_seed(seed);
    memset(seed, 2, sizeof(seed));
    other_key = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(key);
    verifier = verifier_open(&public_key);
    public_key = signing_key_public(other_key);
    other_verifier = verifier_open(&public_key);
    REQUIRE(verifier && other_verifier);
}

static void tear_down(void)
{
    signing_key_close(key);
    signing_key_close(other_key);
    verifier_close(verifier);
    verifier_close(other_verifier);
}

/* Three framed items, the second of them empty. */
static struct batch example(void)
{
    static struct buffer payload;
    buffer_release(&payload);
    buffer_init(&payload, BATCH_PAYLOAD_MAX);
    batch_payload_put(&payload, bytes_text("first"));
    batch_payload_put(&payload, bytes_of(NULL, 0));
    batch_payload_put(&payload, bytes_text("a third one, longer than 23 bytes"));
    return (struct batch){.coalition = coalition,
                          .lane = {3},
                          .sequence = 9,
                          .previous = hash_bytes(bytes_text("batch 8")),
                          .created_ms = UINT64_C(1767225600000),
                          .transaction_count = 3,
                          .payload = buffer_bytes(&payload)};
}

static struct bytes encoded(struct batch *batch)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 2 * BATCH_SIZE_MAX);
    batch_seal(batch, key);
    batch_encode(batch, &out);
    CHECK(!out.overflowed);
    return buffer_bytes(&out);
}

static bool again(struct bytes in, struct buffer *out)
{
    struct batch batch;
    memset(&batch, 0x5a, sizeof(batch));
    struct batch before = batch;
    struct error error = {0};
    if (!batch_decode(in, &batch, &error)) {
        CHECK(memcmp(&batch, &before, sizeof(batch)) == 0 && error.code == ERROR_INVALID);
        return false;
    }
    batch_encode(&batch, out);
    return true;
}

static bool taken(struct batch batch)
{
    return law_holds(again, encoded(&batch));
}

CASE(a_batch_has_its_frozen_bytes_and_id)
{
    struct batch batch = example();
    CHECK_HEX(encoded(&batch),
              "835876890158205640f1bb0da6809125614ea0eee62f308c87424aaa33a39e9feb2da99fd92f7c030958"
              "2044bebdb574da63e53f1a87a99e867af1945aee666cc62830831f38980d1d2b6e1b0000019b76daa800"
              "03182a582099d8daf9f181e0ffe3d67158754c2912521b9b19f061a615e0fa3b7a009e13c658407da5be"
              "960cb43e265176747fbe4be1c7efed0dc36d525c9f8e1f9a0f5e0f08498c3cdb778051a93d20630df82b"
              "4efa0149735f28adc648e683ba1dc970000e04582a45666972737440582161207468697264206f6e652c"
              "206c6f6e676572207468616e203233206279746573");
    CHECK_HEX(hash_as_bytes(&batch.id),
              "5d5d742e07c83318ad9f55fc08cbd02825d1baa1f1c30931938364b9faba1c31");
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct batch batch = example();
    law_check(again, encoded(&batch));
    law_refuses_other_forms(again, encoded(&batch));
}

/* The law on the header alone: the hash of the payload leaves it nothing to break. */
static bool header_again(struct bytes in, struct buffer *out)
{
    struct batch batch = example();
    struct buffer bytes, whole;
    buffer_init(&bytes, BATCH_SIZE_MAX);
    buffer_init(&whole, BATCH_SIZE_MAX);
    codec_put_array(&bytes, 3);
    codec_put_bytes(&bytes, in);
    codec_put_bytes(&bytes, bytes_of(batch.signature.at, SIGNATURE_SIZE));
    codec_put_bytes(&bytes, batch.payload);
    bool good = again(buffer_bytes(&bytes), &whole);
    if (good) {
        struct codec_reader reader;
        codec_reader_init(&reader, buffer_bytes(&whole));
        codec_get_array(&reader, 3, 3);
        buffer_append(out, codec_get_bytes(&reader, 1, SIZE_MAX));
    }
    buffer_release(&bytes);
    buffer_release(&whole);
    return good;
}

CASE(any_header_fails_or_comes_back_as_it_was)
{
    struct batch batch = example();
    struct codec_reader reader;
    codec_reader_init(&reader, encoded(&batch));
    codec_get_array(&reader, 3, 3);
    struct bytes header = codec_get_bytes(&reader, 1, SIZE_MAX);
    law_check(header_again, header);
    law_refuses_other_forms(header_again, header);
}

#define TAKEN_WITH(field, value)                                                                   \
    __extension__({                                                                                \
        struct batch b_ = example();                                                               \
        b_.field = (value);                                                                        \
        taken(b_);                                                                                 \
    })

CASE(the_header_keeps_to_its_bounds)
{
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    CHECK(TAKEN_WITH(lane.v, NODES_MAX - 1));
    CHECK(!TAKEN_WITH(lane.v, NODES_MAX));
    CHECK(TAKEN_WITH(sequence, INT64_MAX));
    CHECK(!TAKEN_WITH(sequence, beyond));
    CHECK(!TAKEN_WITH(sequence, 0));
    CHECK(TAKEN_WITH(created_ms, TIME_MS_MAX));
    CHECK(!TAKEN_WITH(created_ms, TIME_MS_MAX + 1));
}

CASE(only_the_first_batch_has_no_predecessor)
{
    struct batch batch = example();
    batch.sequence = 1;
    CHECK(!taken(batch));
    memset(&batch.previous, 0, sizeof(batch.previous));
    CHECK(taken(batch));
    batch.sequence = 2;
    CHECK(!taken(batch));
}

CASE(the_count_is_the_number_of_framed_transactions)
{
    CHECK(TAKEN_WITH(transaction_count, 3));
    CHECK(!TAKEN_WITH(transaction_count, 2));
    CHECK(!TAKEN_WITH(transaction_count, 4));
    CHECK(!TAKEN_WITH(transaction_count, 0));
    CHECK(!TAKEN_WITH(transaction_count, UINT32_MAX));
}

CASE(a_payload_is_framed_byte_strings_in_their_shortest_form)
{
    static const struct {
        struct bytes payload;
        bool good;
    } payloads[] = {
        {{(const uint8_t *)"\x41\x61", 2}, true},
        {{(const uint8_t *)"\x40", 1}, true},
        {{(const uint8_t *)"\x61\x61", 2}, false},
        {{(const uint8_t *)"\x58\x01\x61", 3}, false},
        {{(const uint8_t *)"\x5f\x41\x61\xff", 4}, false},
        {{(const uint8_t *)"\x42\x61", 2}, false},
        {{(const uint8_t *)"\x41\x61\x00", 3}, false},
        {{(const uint8_t *)"", 0}, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
        struct batch batch = example();
        batch.payload = payloads[i].payload;
        batch.transaction_count = 1;
        CHECK(taken(batch) == payloads[i].good);
    }
}

CASE(the_largest_batch_is_taken_and_one_beyond_is_not)
{
    static uint8_t zeros[TRANSACTION_SIZE_MAX + 1];
    struct buffer payload;
    buffer_init(&payload, 2 * BATCH_PAYLOAD_MAX);
    struct batch batch = example();
    batch_payload_put(&payload, bytes_of(zeros, TRANSACTION_SIZE_MAX + 1));
    batch.payload = buffer_bytes(&payload);
    batch.transaction_count = 1;
    CHECK(!taken(batch));
    buffer_clear(&payload);
    for (batch.transaction_count = 0; payload.size + TRANSACTION_SIZE_MAX + 3 <= BATCH_PAYLOAD_MAX;
         batch.transaction_count++)
        batch_payload_put(&payload, bytes_of(zeros, TRANSACTION_SIZE_MAX));
    batch_payload_put(&payload, bytes_of(zeros, BATCH_PAYLOAD_MAX - payload.size - 3));
    batch.transaction_count++;
    batch.payload = buffer_bytes(&payload);
    CHECK_INT(batch.payload.size, BATCH_PAYLOAD_MAX);
    CHECK(taken(batch));
    batch_payload_put(&payload, bytes_of(NULL, 0));
    batch.payload = buffer_bytes(&payload);
    batch.transaction_count++;
    CHECK(!taken(batch));
    buffer_clear(&payload);
    for (uint32_t i = 0; i < BATCH_TRANSACTIONS_MAX; i++)
        batch_payload_put(&payload, bytes_of(NULL, 0));
    batch.payload = buffer_bytes(&payload);
    batch.transaction_count = BATCH_TRANSACTIONS_MAX;
    CHECK(taken(batch));
    batch_payload_put(&payload, bytes_of(NULL, 0));
    batch.payload = buffer_bytes(&payload);
    batch.transaction_count++;
    CHECK(!taken(batch));
    buffer_release(&payload);
}

CASE(the_payload_is_bound_by_size_and_hash)
{
    struct batch batch = example();
    struct bytes bytes = encoded(&batch);
    uint8_t *last = (uint8_t *)(uintptr_t)bytes.at + bytes.size - 1;
    *last ^= 1;
    CHECK(!law_holds(again, bytes));
    *last ^= 1;
    CHECK(law_holds(again, bytes));
}

CASE(transactions_are_taken_off_one_by_one)
{
    struct batch batch = example();
    struct bytes rest = batch.payload, transaction;
    CHECK(batch_payload_next(&rest, &transaction));
    CHECK(bytes_equal(transaction, bytes_text("first")));
    CHECK(batch_payload_next(&rest, &transaction) && transaction.size == 0);
    CHECK(batch_payload_next(&rest, &transaction) && transaction.size == 33);
    CHECK(!batch_payload_next(&rest, &transaction));
}

CASE(a_signature_is_bound_to_key_coalition_and_purpose)
{
    struct batch batch = example();
    (void)encoded(&batch);
    CHECK(batch_verify(&batch, verifier));
    CHECK(!batch_verify(&batch, other_verifier));
    struct batch other = batch;
    other.coalition = other_coalition;
    CHECK(!batch_verify(&other, verifier));
    other = batch;
    other.id.at[0] ^= 1;
    CHECK(!batch_verify(&other, verifier));
    other = batch;
    other.signature.at[40] ^= 1;
    CHECK(!batch_verify(&other, verifier));
    enum purpose purposes[] = {PURPOSE_PROPOSAL, PURPOSE_PREVOTE, PURPOSE_PRECOMMIT,
                               PURPOSE_TRANSPORT, PURPOSE_BALLOT};
    for (size_t i = 0; i < ARRAY_SIZE(purposes); i++) {
        other = batch;
        other.signature = sign(key, purposes[i], &coalition, hash_as_bytes(&batch.id));
        CHECK(!batch_verify(&other, verifier));
    }
}

int main(void)
{
    set_up();
    RUN(a_batch_has_its_frozen_bytes_and_id);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(any_header_fails_or_comes_back_as_it_was);
    RUN(the_header_keeps_to_its_bounds);
    RUN(only_the_first_batch_has_no_predecessor);
    RUN(the_count_is_the_number_of_framed_transactions);
    RUN(a_payload_is_framed_byte_strings_in_their_shortest_form);
    RUN(the_largest_batch_is_taken_and_one_beyond_is_not);
    RUN(the_payload_is_bound_by_size_and_hash);
    RUN(transactions_are_taken_off_one_by_one);
    RUN(a_signature_is_bound_to_key_coalition_and_purpose);
    tear_down();
    return check_report();
}
