// links: crypto
#include "check.h"
#include "crypto/proof.h"

#include <stdio.h>

enum { ENTRIES = 300, TRIED = 11 /* of them, spread */ };

struct party {
    struct signing_key *signer;
    struct note_key key;
};

static struct party log_party, witness;
static struct policy policy;
static struct merkle tree;
static struct hash first_tile[TILE_WIDTH];

static struct party party_make(const char *name, uint8_t type, uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    struct party party = {.signer = signing_key_from_seed(seed)};
    struct public_key public_key = signing_key_public(party.signer);
    REQUIRE(note_key_make(name, type, &public_key, &party.key, NULL));
    return party;
}

static void policy_make(void)
{
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_append_text(&text, "log ");
    note_key_format(&log_party.key, &text);
    buffer_append_text(&text, "\nwitness w ");
    note_key_format(&witness.key, &text);
    buffer_append_text(&text, "\nquorum w\n");
    REQUIRE(policy_parse(buffer_bytes(&text), &policy, NULL));
    buffer_release(&text);
}

static struct bytes entry(uint64_t index, char text_out[32])
{
    snprintf(text_out, 32, "entry %u", (unsigned)index);
    return bytes_text(text_out);
}

static void keep_tile(void *context, uint32_t level, uint64_t index,
                      const struct hash tile[TILE_WIDTH])
{
    (void)context;
    REQUIRE(level == 0 && index == 0);
    memcpy(first_tile, tile, sizeof(first_tile));
}

static bool read_tile(void *context, uint32_t level, uint64_t index,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    (void)context;
    (void)error;
    REQUIRE(level == 0 && index == 0);
    memcpy(tile_out, first_tile, sizeof(first_tile));
    return true;
}

static void tree_make(void)
{
    char text[32];
    merkle_init(&tree);
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct hash leaf = merkle_leaf(entry(i, text));
        merkle_append(&tree, &leaf, keep_tile, NULL);
    }
}

/* A checkpoint of the first `size` entries. */
static void note_make(struct buffer *note, uint64_t size, bool cosigned)
{
    struct checkpoint checkpoint = {.origin = "ledger.example", .size = size};
    struct buffer text;
    REQUIRE(merkle_root_at(&tree, size, read_tile, NULL, &checkpoint.root, NULL));
    buffer_init(&text, NOTE_SIZE_MAX);
    buffer_init(note, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &text);
    REQUIRE(note_begin(note, buffer_bytes(&text), NULL));
    note_sign(note, &log_party.key, log_party.signer);
    if (cosigned) {
        note_cosign(note, &witness.key, witness.signer, 1700000000);
    }
    buffer_release(&text);
}

/* The proof of entry `index` in the tree of `size`, with the entry in `extra`. */
static void proof_make(struct buffer *text, uint64_t index, uint64_t size, bool cosigned)
{
    char name[32];
    struct buffer note;
    struct proof proof = {.index = index, .extra = entry(index, name)};
    note_make(&note, size, cosigned);
    proof.checkpoint = buffer_bytes(&note);
    REQUIRE(merkle_prove_inclusion(&tree, index, size, read_tile, NULL, proof.hashes,
                                   &proof.hash_count, NULL));
    buffer_init(text, PROOF_SIZE_MAX);
    proof_format(&proof, text);
    REQUIRE(!text->overflowed);
    buffer_release(&note);
}

static enum error_code judged(struct bytes text, struct proof *proof_out, struct buffer *scratch)
{
    struct checkpoint checkpoint;
    struct policy_result result;
    struct error error = {.code = ERROR_NONE};
    bool good = proof_parse(text, scratch, proof_out, &error) &&
                proof_verify(proof_out, proof_out->extra, &policy, &checkpoint, &result, &error);
    CHECK_INT(good, error.code == ERROR_NONE);
    if (good) {
        CHECK_INT(result.witnesses, 1);
        CHECK_INT(result.times_s[0], 1700000000);
        CHECK(proof_out->index < checkpoint.size);
    }
    return error.code;
}

CASE(every_entry_of_every_size_is_proved)
{
    static const uint64_t sizes[] = {1, 2, 3, 7, 8, 255, 256, 257, 299, 300};
    struct buffer text, scratch, again;
    struct proof proof;
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    buffer_init(&again, PROOF_SIZE_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (uint64_t index = 0; index < sizes[i]; index += sizes[i] / TRIED + 1) {
            proof_make(&text, index, sizes[i], true);
            CHECK_INT(judged(buffer_bytes(&text), &proof, &scratch), ERROR_NONE);
            buffer_clear(&again);
            proof_format(&proof, &again);
            CHECK(bytes_equal(buffer_bytes(&again), buffer_bytes(&text)));
            buffer_release(&text);
        }
    }
    buffer_release(&scratch);
    buffer_release(&again);
}

CASE(another_entry_index_or_checkpoint_is_refused)
{
    struct buffer text, scratch, note;
    struct proof proof;
    struct checkpoint checkpoint;
    struct policy_result result;
    struct error error = {.code = ERROR_NONE};
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    proof_make(&text, 100, 300, true);
    REQUIRE(judged(buffer_bytes(&text), &proof, &scratch) == ERROR_NONE);
    CHECK(!proof_verify(&proof, bytes_text("entry 101"), &policy, &checkpoint, &result, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    struct proof other = proof;
    other.index = 101;
    CHECK(!proof_verify(&other, proof.extra, &policy, &checkpoint, &result, NULL));
    other.index = UINT64_MAX;
    CHECK(!proof_verify(&other, proof.extra, &policy, &checkpoint, &result, NULL));
    other = proof;
    other.hash_count--;
    CHECK(!proof_verify(&other, proof.extra, &policy, &checkpoint, &result, NULL));
    other.hash_count += 2;
    CHECK(!proof_verify(&other, proof.extra, &policy, &checkpoint, &result, NULL));
    note_make(&note, 299, true);
    other = proof;
    other.checkpoint = buffer_bytes(&note);
    CHECK(!proof_verify(&other, proof.extra, &policy, &checkpoint, &result, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    buffer_release(&note);
    buffer_release(&text);
    proof_make(&text, 100, 300, false);
    CHECK_INT(judged(buffer_bytes(&text), &proof, &scratch), ERROR_DENIED);
    buffer_release(&text);
    buffer_release(&scratch);
}

/* Only the names of signatures nobody asked for could change, and there are none. */
CASE(no_bit_of_a_proof_can_change)
{
    struct buffer text, scratch;
    struct proof proof;
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    proof_make(&text, 3, 7, true);
    for (size_t bit = 0; bit < text.size * 8; bit++) {
        text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(judged(buffer_bytes(&text), &proof, &scratch) != ERROR_NONE);
        text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size < text.size; size++) {
        CHECK(judged(bytes_of(text.at, size), &proof, &scratch) != ERROR_NONE);
    }
    CHECK_INT(judged(buffer_bytes(&text), &proof, &scratch), ERROR_NONE);
    buffer_release(&text);
    buffer_release(&scratch);
}

#define FIRST "c2sp.org/tlog-proof@v1\n"
#define HASH  "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

CASE(what_breaks_the_format_is_refused)
{
    static const char *const refused[] = {
        "",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx\n\n",
        FIRST,
        FIRST "index 0\n",
        FIRST "index 0\n\n",
        FIRST "index 00\n\nx\n\n",
        FIRST "index -1\n\nx\n\n",
        FIRST "index 18446744073709551616\n\nx\n\n",
        FIRST "index\n\nx\n\n",
        FIRST " index 0\n\nx\n\n",
        FIRST "index 0 \n\nx\n\n",
        FIRST "\nindex 0\n\nx\n\n",
        FIRST "extra \nindex 0\n\nx\n\n",
        FIRST "extra AAA\nindex 0\n\nx\n\n",
        FIRST "extra AA==\nextra AA==\nindex 0\n\nx\n\n",
        FIRST "extra AB==\nindex 0\n\nx\n\n",
        FIRST "index 0\nextra AA==\n\nx\n\n",
        FIRST "index 0\nAAAA\n\nx\n\n",
        FIRST "index 0\n" HASH,
        FIRST "index 0\n" HASH "\n",
        FIRST "index 0\r\n\r\nx\n\n",
        FIRST "index 0\n\nx",                /* no line */
        FIRST "index 0\n\n\x1b]0;x\x07\n\n", /* speaks to the terminal */
        FIRST "index 0\n\n\xff\n\n",         /* no UTF-8 */
    };
    struct buffer scratch;
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct proof proof = {.index = 42};
        struct error error = {.code = ERROR_NONE};
        CHECK(!proof_parse(bytes_text(refused[i]), &scratch, &proof, &error));
        CHECK_INT(error.code, ERROR_INVALID);
        CHECK_INT(proof.index, 42);
    }
    struct proof proof;
    CHECK(proof_parse(bytes_text(FIRST "index 0\n" HASH HASH "\nx\n\n"), &scratch, &proof, NULL));
    CHECK_INT(proof.hash_count, 2);
    CHECK_INT(proof.extra.size, 0);
    CHECK(bytes_equal(proof.checkpoint, bytes_text("x\n\n")));
    buffer_release(&scratch);
}

static bool parses(struct buffer *text, struct buffer *scratch, struct error *error)
{
    struct proof proof;
    bool parsed = proof_parse(buffer_bytes(text), scratch, &proof, error);
    buffer_clear(text);
    return parsed;
}

CASE(each_part_has_a_limit_that_can_be_reached)
{
    static uint8_t large[PROOF_EXTRA_MAX];
    static char note[NOTE_SIZE_MAX];
    memset(note, 'a', sizeof(note));
    memcpy(note + sizeof(note) - 2, "\n\n", 2);
    struct buffer text, scratch;
    struct error error = {.code = ERROR_NONE};
    struct proof proof = {.extra = bytes_of(large, sizeof(large)),
                          .hash_count = MERKLE_PROOF_MAX,
                          .index = UINT64_MAX,
                          .checkpoint = bytes_of(note, sizeof(note))};
    buffer_init(&text, 2 * PROOF_SIZE_MAX);
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    proof_format(&proof, &text);
    CHECK(text.size < PROOF_SIZE_MAX);
    CHECK(parses(&text, &scratch, NULL));
    CHECK_INT(scratch.size, PROOF_EXTRA_MAX);
    buffer_append_text(&text, FIRST "extra ");
    memset(buffer_extend(&text, BASE64_SIZE(PROOF_EXTRA_MAX) + 4), 'A',
           BASE64_SIZE(PROOF_EXTRA_MAX) + 4);
    buffer_append_text(&text, "\nindex 0\n\nx\n\n");
    CHECK(!parses(&text, &scratch, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_append_text(&text, FIRST "index 0\n");
    for (size_t i = 0; i <= MERKLE_PROOF_MAX; i++) {
        buffer_append_text(&text, HASH);
    }
    buffer_append_text(&text, "\nx\n\n");
    CHECK(!parses(&text, &scratch, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    memset(buffer_extend(&text, PROOF_SIZE_MAX + 1), '\n', PROOF_SIZE_MAX + 1);
    CHECK(!parses(&text, &scratch, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&text);
    buffer_release(&scratch);
}

int main(void)
{
    log_party = party_make("ledger.example", NOTE_TYPE_ED25519, 1);
    witness = party_make("w.example", NOTE_TYPE_COSIGNATURE, 2);
    policy_make();
    tree_make();
    RUN(every_entry_of_every_size_is_proved);
    RUN(another_entry_index_or_checkpoint_is_refused);
    RUN(no_bit_of_a_proof_can_change);
    RUN(what_breaks_the_format_is_refused);
    RUN(each_part_has_a_limit_that_can_be_reached);
    policy_release(&policy);
    signing_key_close(log_party.signer);
    signing_key_close(witness.signer);
    return check_report();
}
