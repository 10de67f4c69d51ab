// links: protocol
/* What a voter says of a snapshot: bound to its hash, height, size, coalition and purpose. */
#include "protocol/attestation.h"
#include "protocol/codec.h"
#include "protocol/limits.h"
#include "unit/codec_law.h"

static struct signing_key *key, *other_key;
static struct verifier *verifier, *other_verifier;
static struct hash coalition;

static void open_key(uint8_t byte, struct signing_key **key_out, struct verifier **verifier_out)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, byte, sizeof(seed));
    *key_out = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(*key_out);
    *verifier_out = verifier_open(&public_key);
    REQUIRE(*verifier_out);
}

static struct attestation example(void)
{
    struct attestation item = {
        .snapshot = {.height = 41, .size = 70000, .id = hash_bytes(bytes_text("snapshot"))},
        .node = {2}};
    attestation_sign(&item, key, &coalition);
    return item;
}

CASE(it_holds_for_what_was_signed_and_for_nothing_else)
{
    struct attestation item = example();
    struct hash elsewhere = hash_bytes(bytes_text("another coalition"));
    CHECK(attestation_verify(&item, verifier, &coalition));
    CHECK(!attestation_verify(&item, other_verifier, &coalition));
    CHECK(!attestation_verify(&item, verifier, &elsewhere));
    item.snapshot.height++;
    CHECK(!attestation_verify(&item, verifier, &coalition));
    item.snapshot.height--;
    item.snapshot.size++;
    CHECK(!attestation_verify(&item, verifier, &coalition));
    item.snapshot.size--;
    item.snapshot.id.at[31] ^= 1;
    CHECK(!attestation_verify(&item, verifier, &coalition));
    item.snapshot.id.at[31] ^= 1;
    CHECK(attestation_verify(&item, verifier, &coalition));
}

static bool again(struct bytes in, struct buffer *out)
{
    struct attestation item;
    struct codec_reader reader;
    codec_reader_init(&reader, in);
    attestation_get(&reader, &item);
    if (!codec_finish(&reader, "attestation", NULL))
        return false;
    attestation_put(&item, out);
    return true;
}

static bool taken(const struct attestation *item)
{
    struct buffer out;
    buffer_init(&out, 1024);
    attestation_put(item, &out);
    bool good = law_holds(again, buffer_bytes(&out));
    buffer_release(&out);
    return good;
}

CASE(it_keeps_to_its_bounds)
{
    struct attestation item = example();
    CHECK(taken(&item));
    item.snapshot.height = 0;
    CHECK(!taken(&item));
    item.snapshot.height = (uint64_t)INT64_MAX + 1;
    CHECK(!taken(&item));
    item = example();
    item.snapshot.size = 0;
    CHECK(!taken(&item));
    item.snapshot.size = (uint64_t)SNAPSHOT_PIECE * SNAPSHOT_PIECES_MAX;
    CHECK(taken(&item));
    item.snapshot.size++;
    CHECK(!taken(&item));
    item = example();
    item.node.v = NODES_MAX;
    CHECK(!taken(&item));
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct attestation item = example();
    struct buffer out;
    buffer_init(&out, 1024);
    attestation_put(&item, &out);
    for (size_t i = 0; i < out.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            out.at[i] ^= (uint8_t)(1 << bit);
            (void)law_holds(again, buffer_bytes(&out));
            out.at[i] ^= (uint8_t)(1 << bit);
        }
    buffer_release(&out);
}

CASE(pieces_are_counted_and_their_hashes_and_size_make_the_id)
{
    CHECK_INT(snapshot_piece_count(1), 1);
    CHECK_INT(snapshot_piece_count(SNAPSHOT_PIECE), 1);
    CHECK_INT(snapshot_piece_count(SNAPSHOT_PIECE + 1), 2);
    struct hash hashes[2] = {hash_bytes(bytes_text("a")), hash_bytes(bytes_text("b"))};
    struct bytes list = bytes_of(hashes, sizeof(hashes));
    struct hash id = snapshot_id(SNAPSHOT_PIECE + 1, list);
    struct hash longer = snapshot_id(SNAPSHOT_PIECE + 2, list);
    CHECK(!hash_equal(&id, &longer));
    hashes[1].at[0] ^= 1;
    struct hash changed = snapshot_id(SNAPSHOT_PIECE + 1, list);
    CHECK(!hash_equal(&id, &changed));
}

int main(void)
{
    coalition = hash_bytes(bytes_text("coalition"));
    open_key(3, &key, &verifier);
    open_key(4, &other_key, &other_verifier);
    RUN(it_holds_for_what_was_signed_and_for_nothing_else);
    RUN(it_keeps_to_its_bounds);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(pieces_are_counted_and_their_hashes_and_size_make_the_id);
    signing_key_close(key);
    signing_key_close(other_key);
    verifier_close(verifier);
    verifier_close(other_verifier);
    return check_report();
}
