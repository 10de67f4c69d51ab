// links: protocol
/* A cosignature apart from its note is the published one, and says what it says of one node. */
#include "crypto/note.h"
#include "protocol/codec.h"
#include "protocol/cosignature.h"
#include "unit/codec_law.h"

/* The example of c2sp.org/tlog-cosignature as this project's formats have it: cosigner seed 32 x
 * 02, leaves "rec0" to "rec6". */
static const char origin[] = "ledger.example/coalition";
static const char root_text[] = "wxY2V3WLHTT6SEL+X4zlWJFVlzZOdxNDTbiQk8Vn+cM=";
static const char line_data[] =
    "cdMPNgAAAABlU/EA3miQqxGzAU/hEo/tr470WrgW4q1HyjQAtr+/6H889m6aB5iP5Aai/5vG7xkZ1Ha2bVG2BC1DOZH+"
    "cRH2Vds7Dw==";

static struct signing_key *cosigner(void)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, 2, sizeof(seed));
    return signing_key_from_seed(seed);
}

static struct cosignature example(void)
{
    struct cosignature item = {.node = {3}, .size = 7, .time_s = 1700000000};
    struct signing_key *key = cosigner();
    size_t size = 0;
    REQUIRE(base64_decode(bytes_text(root_text), item.root.at, HASH_SIZE, &size));
    cosignature_sign(&item, key, origin);
    signing_key_close(key);
    return item;
}

CASE(it_is_the_published_signature)
{
    uint8_t line[4 + 8 + SIGNATURE_SIZE];
    size_t size = 0;
    struct cosignature item = example();
    REQUIRE(base64_decode(bytes_text(line_data), line, sizeof(line), &size) &&
            size == sizeof(line));
    CHECK(memcmp(item.signature.at, line + 12, SIGNATURE_SIZE) == 0);
}

CASE(its_line_in_a_note_is_the_one_that_cosigning_the_note_gives)
{
    struct signing_key *key = cosigner();
    struct public_key public_key = signing_key_public(key);
    struct note_key note_key;
    struct cosignature item = example();
    struct checkpoint checkpoint = {.size = item.size, .root = item.root};
    struct buffer text, notes[2];
    REQUIRE(note_key_make("ledger.example/coalition/fuel", NOTE_TYPE_COSIGNATURE, &public_key,
                          &note_key, NULL));
    snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origin);
    buffer_init(&text, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &text);
    for (int i = 0; i < 2; i++) {
        buffer_init(&notes[i], NOTE_SIZE_MAX);
        REQUIRE(note_begin(&notes[i], buffer_bytes(&text), NULL));
    }
    note_cosign(&notes[0], &note_key, key, item.time_s);
    note_put_cosignature(&notes[1], &note_key, item.time_s, &item.signature);
    CHECK(bytes_equal(buffer_bytes(&notes[0]), buffer_bytes(&notes[1])));
    buffer_release(&text);
    buffer_release(&notes[0]);
    buffer_release(&notes[1]);
    signing_key_close(key);
}

CASE(it_holds_for_its_log_size_root_and_time_alone)
{
    struct signing_key *key = cosigner();
    struct public_key public_key = signing_key_public(key);
    struct verifier *verifier = verifier_open(&public_key);
    const struct cosignature good = example();
    CHECK(cosignature_verify(&good, verifier, origin));
    CHECK(!cosignature_verify(&good, verifier, "ledger.example/other"));
    struct cosignature item = good;
    item.size++;
    CHECK(!cosignature_verify(&item, verifier, origin));
    item = good;
    item.root.at[31] ^= 1;
    CHECK(!cosignature_verify(&item, verifier, origin));
    item = good;
    item.time_s++;
    CHECK(!cosignature_verify(&item, verifier, origin));
    CHECK(cosignature_same_claim(&item, &good));
    item.root.at[0] ^= 1;
    CHECK(!cosignature_same_claim(&item, &good));
    item = good;
    item.node.v++;
    CHECK(!cosignature_same_claim(&item, &good));
    verifier_close(verifier);
    signing_key_close(key);
}

static bool again(struct bytes in, struct buffer *out)
{
    struct codec_reader reader;
    struct cosignature item;
    codec_reader_init(&reader, in);
    cosignature_get(&reader, &item);
    if (!codec_finish(&reader, "cosignature", NULL))
        return false;
    cosignature_put(&item, out);
    return true;
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct buffer out;
    struct cosignature item = example();
    buffer_init(&out, 1024);
    cosignature_put(&item, &out);
    law_check(again, buffer_bytes(&out));
    law_refuses_other_forms(again, buffer_bytes(&out));
    buffer_release(&out);
}

int main(void)
{
    RUN(it_is_the_published_signature);
    RUN(its_line_in_a_note_is_the_one_that_cosigning_the_note_gives);
    RUN(it_holds_for_its_log_size_root_and_time_alone);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    return check_report();
}
