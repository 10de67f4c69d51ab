// links: crypto
/* Notes of golang.org/x/mod (sumdb/note, BSD) and one worked coalition checkpoint, byte for byte.
 */
#include "check.h"
#include "crypto/merkle.h"
#include "crypto/note.h"

#include <jansson.h>

enum { VECTOR_KEYS_MAX = 8 };

/* ---- the worked vector: seeds 32 x 01 and 32 x 02, leaves "rec0" to "rec6" --------------------
 */

#define TEXT                                                                                       \
    "ledger.example/coalition\n"                                                                   \
    "7\n"                                                                                          \
    "wxY2V3WLHTT6SEL+X4zlWJFVlzZOdxNDTbiQk8Vn+cM=\n"
static const char log_key_text[] =
    "ledger.example/coalition+ccf77a9b+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
static const char cosigner_key_text[] =
    "partner-a.example/cosigner+71d30f36+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
static const char worked_note[] = TEXT
    "\n"
    "\xE2\x80\x94 ledger.example/coalition zPd6m/sFlVNPfQAPjhX66Ha1m6GlIMHQNebAnfpb47CwowqWjqo1"
    "lJQhwVCDDXHE97yxWmG4iFmjdPE4j/uhb9F1FwY=\n"
    "\xE2\x80\x94 partner-a.example/cosigner cdMPNgAAAABlU/EA3miQqxGzAU/hEo/tr470WrgW4q1HyjQAtr+"
    "/6H889m6aB5iP5Aai/5vG7xkZ1Ha2bVG2BC1DOZH+cRH2Vds7Dw==\n";
enum { WORKED_TIME_S = 1700000000 };

static struct signing_key *signer_of(uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    return signing_key_from_seed(seed);
}

static struct note_key key_of(const char *name, uint8_t type, const struct signing_key *signer)
{
    struct public_key public_key = signing_key_public(signer);
    struct note_key key;
    REQUIRE(note_key_make(name, type, &public_key, &key, NULL));
    return key;
}

static struct checkpoint worked_checkpoint(void)
{
    static struct merkle merkle;
    merkle_init(&merkle);
    for (int i = 0; i < 7; i++) {
        char record[] = {'r', 'e', 'c', (char)('0' + i), '\0'};
        struct hash leaf = merkle_leaf(bytes_text(record));
        merkle_append(&merkle, &leaf, NULL, NULL);
    }
    struct checkpoint checkpoint = {.origin = "ledger.example/coalition", .size = merkle.size};
    checkpoint.root = merkle_root(&merkle);
    return checkpoint;
}

static void check_key_text(const struct note_key *key, const char *expected)
{
    struct buffer formatted;
    buffer_init(&formatted, 1024);
    note_key_format(key, &formatted);
    CHECK_TEXT(buffer_text(&formatted), expected);
    buffer_release(&formatted);
}

CASE(the_worked_checkpoint_is_made_byte_for_byte)
{
    struct signing_key *log_signer = signer_of(1), *cosigner = signer_of(2);
    struct note_key log_key = key_of("ledger.example/coalition", NOTE_TYPE_ED25519, log_signer);
    struct note_key cosigner_key =
        key_of("partner-a.example/cosigner", NOTE_TYPE_COSIGNATURE, cosigner);
    check_key_text(&log_key, log_key_text);
    check_key_text(&cosigner_key, cosigner_key_text);
    struct checkpoint checkpoint = worked_checkpoint();
    struct buffer text, note;
    buffer_init(&text, 1024);
    buffer_init(&note, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &text);
    CHECK_TEXT(buffer_text(&text), TEXT);
    REQUIRE(note_begin(&note, buffer_bytes(&text), NULL));
    note_sign(&note, &log_key, log_signer);
    note_cosign(&note, &cosigner_key, cosigner, WORKED_TIME_S);
    CHECK_TEXT(buffer_text(&note), worked_note);
    buffer_release(&text);
    buffer_release(&note);
    signing_key_close(log_signer);
    signing_key_close(cosigner);
}

CASE(the_worked_checkpoint_is_read)
{
    struct note_key keys[2];
    REQUIRE(note_key_parse(bytes_text(log_key_text), &keys[0], NULL));
    REQUIRE(note_key_parse(bytes_text(cosigner_key_text), &keys[1], NULL));
    struct note_result result;
    REQUIRE(note_open(bytes_text(worked_note), keys, 2, &result, NULL));
    CHECK_INT(result.verified, 3);
    CHECK_INT(result.times_s[1], WORKED_TIME_S);
    struct checkpoint checkpoint, expected = worked_checkpoint();
    REQUIRE(checkpoint_parse(result.text, &checkpoint, NULL));
    CHECK_TEXT(checkpoint.origin, expected.origin);
    CHECK_INT(checkpoint.size, 7);
    CHECK(hash_equal(&checkpoint.root, &expected.root));
}

/* ---- published notes --------------------------------------------------------------------------
 */

static void check_names(const json_t *names, const struct note_key *keys, size_t key_count,
                        uint64_t verified)
{
    size_t found = 0;
    for (size_t i = 0; i < key_count; i++) {
        found += verified >> i & 1;
    }
    CHECK_INT(found, json_array_size(names));
    for (size_t k = 0; k < json_array_size(names); k++) {
        bool named = false;
        for (size_t i = 0; i < key_count; i++) {
            named |= (verified >> i & 1) &&
                     strcmp(keys[i].name, json_string_value(json_array_get(names, k))) == 0;
        }
        CHECK(named);
    }
}

static void check_published(const json_t *vector)
{
    struct note_key keys[VECTOR_KEYS_MAX];
    const json_t *key_texts = json_object_get(vector, "vkeys");
    size_t key_count = json_array_size(key_texts);
    REQUIRE(key_count <= VECTOR_KEYS_MAX);
    for (size_t i = 0; i < key_count; i++) {
        const char *text = json_string_value(json_array_get(key_texts, i));
        REQUIRE(text && note_key_parse(bytes_text(text), &keys[i], NULL));
        check_key_text(&keys[i], text);
    }
    const char *note = json_string_value(json_object_get(vector, "note"));
    const char *expect = json_string_value(json_object_get(vector, "expect"));
    REQUIRE(note && expect);
    struct note_result result = {.verified = 0};
    bool opened = note_open(bytes_text(note), keys, key_count, &result, NULL);
    CHECK_TEXT(opened ? "accept" : "reject", expect);
    check_names(json_object_get(vector, "verified_key_names"), keys, key_count, result.verified);
}

CASE(published_notes_are_judged_as_published)
{
    json_error_t problem;
    json_t *vectors = json_load_file(ACCRUE_SHARED "/vectors/tlog/signed-note.json", 0, &problem);
    if (!vectors) {
        printf("no vectors/tlog/signed-note.json below " ACCRUE_SHARED "\n");
        exit(CHECK_SKIPPED);
    }
    CHECK(json_array_size(vectors) >= 3);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        check_published(json_array_get(vectors, i));
    }
    json_decref(vectors);
}

int main(void)
{
    RUN(the_worked_checkpoint_is_made_byte_for_byte);
    RUN(the_worked_checkpoint_is_read);
    if (check_failed_count > 0) {
        return check_report();
    }
    RUN(published_notes_are_judged_as_published);
    return check_report();
}
