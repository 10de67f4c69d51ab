// links: crypto
#include "check.h"
#include "crypto/note.h"

struct party {
    struct signing_key *signer;
    struct note_key key;
};

static struct party log_party, cosigner, stranger;
static const char text[] = "ledger.example\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

static struct party party_make(const char *name, uint8_t type, uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    struct party party = {.signer = signing_key_from_seed(seed)};
    struct public_key public_key = signing_key_public(party.signer);
    REQUIRE(note_key_make(name, type, &public_key, &party.key, NULL));
    return party;
}

static void signed_note(struct buffer *note, bool with_cosigner)
{
    buffer_init(note, NOTE_SIZE_MAX);
    REQUIRE(note_begin(note, bytes_text(text), NULL));
    note_sign(note, &log_party.key, log_party.signer);
    if (with_cosigner) {
        note_cosign(note, &cosigner.key, cosigner.signer, 1700000000);
    }
    REQUIRE(!note->overflowed);
}

static bool opens(struct bytes note, const struct note_key *keys, size_t key_count,
                  uint64_t verified)
{
    struct note_result result = {.verified = 99};
    struct error error = {0};
    bool opened = note_open(note, keys, key_count, &result, &error);
    CHECK(opened || (result.verified == 99 && error.code != ERROR_NONE));
    return opened && result.verified == verified;
}

CASE(a_note_names_who_signed_it_and_when)
{
    struct buffer note;
    signed_note(&note, true);
    struct note_key keys[] = {stranger.key, cosigner.key, log_party.key};
    struct note_result result;
    REQUIRE(note_open(buffer_bytes(&note), keys, 3, &result, NULL));
    CHECK_INT(result.verified, 6);
    CHECK_INT(result.times_s[1], 1700000000);
    CHECK_INT(result.times_s[2], 0);
    CHECK(bytes_equal(result.text, bytes_text(text)));
    CHECK(result.text.at == note.at);
    buffer_release(&note);
}

CASE(a_note_without_a_known_signer_is_refused)
{
    struct buffer note;
    signed_note(&note, false);
    CHECK(opens(buffer_bytes(&note), &log_party.key, 1, 1));
    CHECK(!opens(buffer_bytes(&note), &stranger.key, 1, 0));
    CHECK(!opens(buffer_bytes(&note), NULL, 0, 0));
    buffer_clear(&note);
    REQUIRE(note_begin(&note, bytes_text(text), NULL));
    CHECK(!opens(buffer_bytes(&note), &log_party.key, 1, 0));
    buffer_release(&note);
}

/* The cosignature covers the text and the time: any bit may cost the note, none may change it. */
CASE(no_bit_of_a_note_can_change)
{
    struct buffer note;
    signed_note(&note, true);
    struct note_key keys[] = {log_party.key, cosigner.key};
    for (size_t bit = 0; bit < note.size * 8; bit++) {
        note.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct note_result result;
        if (note_open(buffer_bytes(&note), keys, 2, &result, NULL)) {
            /* Only a name or key id that has become unknown. */
            CHECK(bit / 8 > strlen(text));
            CHECK(bytes_equal(result.text, bytes_text(text)));
            CHECK(result.verified == 1 || result.verified == 2);
        }
        note.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK(opens(buffer_bytes(&note), keys, 2, 3));
    buffer_release(&note);
}

CASE(a_shortened_note_loses_its_last_signer_or_is_refused)
{
    struct buffer note;
    signed_note(&note, true);
    struct buffer alone;
    signed_note(&alone, false);
    struct note_key keys[] = {log_party.key, cosigner.key};
    for (size_t size = 0; size < note.size; size++) {
        CHECK_INT(opens(bytes_of(note.at, size), keys, 2, 1), size == alone.size);
    }
    buffer_release(&note);
    buffer_release(&alone);
}

CASE(a_known_key_with_a_bad_signature_rejects_the_note)
{
    struct buffer note, other;
    signed_note(&note, false);
    buffer_init(&other, NOTE_SIZE_MAX);
    REQUIRE(note_begin(&other, bytes_text("another text\n"), NULL));
    size_t begun = other.size;
    note_cosign(&other, &cosigner.key, cosigner.signer, 5);
    buffer_append(&note, bytes_of(other.at + begun, other.size - begun));
    struct note_key keys[] = {log_party.key, cosigner.key};
    CHECK(!opens(buffer_bytes(&note), keys, 2, 1));
    CHECK(opens(buffer_bytes(&note), keys, 1, 1));
    buffer_release(&note);
    buffer_release(&other);
}

CASE(a_signature_of_one_type_is_not_one_of_the_other)
{
    /* The same secret under both types: what it signs differs. */
    struct note_key as_log = log_party.key;
    struct note_key as_cosigner;
    REQUIRE(note_key_make(as_log.name, NOTE_TYPE_COSIGNATURE, &as_log.key, &as_cosigner, NULL));
    CHECK(as_log.id != as_cosigner.id);
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    REQUIRE(note_begin(&note, bytes_text(text), NULL));
    note_cosign(&note, &as_cosigner, log_party.signer, 7);
    CHECK(opens(buffer_bytes(&note), &as_cosigner, 1, 1));
    CHECK(!opens(buffer_bytes(&note), &as_log, 1, 1));
    as_log.id = as_cosigner.id;
    CHECK(!opens(buffer_bytes(&note), &as_log, 1, 1));
    buffer_release(&note);
}

CASE(a_repeated_signature_counts_once_with_its_first_time)
{
    struct buffer note;
    signed_note(&note, true);
    note_cosign(&note, &cosigner.key, cosigner.signer, 1800000000);
    struct note_result result;
    REQUIRE(note_open(buffer_bytes(&note), &cosigner.key, 1, &result, NULL));
    CHECK_INT(result.verified, 1);
    CHECK_INT(result.times_s[0], 1700000000);
    buffer_release(&note);
}

CASE(the_number_of_signatures_has_a_limit)
{
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    REQUIRE(note_begin(&note, bytes_text(text), NULL));
    for (int i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        note_sign(&note, &log_party.key, log_party.signer);
    }
    CHECK(opens(buffer_bytes(&note), &log_party.key, 1, 1));
    note_sign(&note, &log_party.key, log_party.signer);
    struct note_result result;
    struct error error = {0};
    CHECK(!note_open(buffer_bytes(&note), &log_party.key, 1, &result, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&note);
}

CASE(texts_with_empty_lines_are_split_at_the_last)
{
    static const char *const texts[] = {"\n", "\n\n", "a\n\n", "a\n\n\xE2\x80\x94 b AAAAAAAA\n",
                                        "a\n\nb\n\n\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct buffer note;
        buffer_init(&note, NOTE_SIZE_MAX);
        REQUIRE(note_begin(&note, bytes_text(texts[i]), NULL));
        note_sign(&note, &log_party.key, log_party.signer);
        note_cosign(&note, &cosigner.key, cosigner.signer, UINT64_MAX);
        struct note_key keys[] = {log_party.key, cosigner.key};
        struct note_result result = {0};
        CHECK(note_open(buffer_bytes(&note), keys, 2, &result, NULL));
        CHECK(bytes_equal(result.text, bytes_text(texts[i])));
        CHECK(result.times_s[1] == UINT64_MAX);
        buffer_release(&note);
    }
}

CASE(a_text_that_is_no_note_is_not_begun)
{
    static const char *const refused[] = {"", "a", "a\nb", "a\tb\n", "a\r\n", "\x01\n", "\xFF\n"};
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        CHECK(!note_begin(&note, bytes_text(refused[i]), NULL));
    }
    CHECK(!note_begin(&note, bytes_of("a\0\n", 3), NULL));
    CHECK_INT(note.size, 0);
    buffer_release(&note);
    buffer_init(&note, 4);
    struct error error = {0};
    CHECK(!note_begin(&note, bytes_text("abc\n"), &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(note_begin(&note, bytes_text("ab\n"), &error));
    note_sign(&note, &log_party.key, log_party.signer);
    CHECK(note.overflowed);
    note_sign(&note, &log_party.key, log_party.signer);
    CHECK_INT(note.size, 4);
    buffer_release(&note);
}

/* Appended to a good note, each of these lines makes the whole malformed. */
CASE(malformed_signature_lines_reject_the_note)
{
    static const char *const lines[] = {
        "\xE2\x80\x94 name AAAAAAAA",           /* no newline */
        "\xE2\x80\x94 name AAAA\n",             /* three bytes: not even a key id */
        "\xE2\x80\x94 name AAAAAA==\n",         /* a key id and nothing */
        "\xE2\x80\x94 name AAAAAAB=\n",         /* trailing bits */
        "\xE2\x80\x94 name  AAAAAAAA\n",        /* two spaces */
        "\xE2\x80\x94 name AAAAAAAA \n",        /* space at the end */
        "\xE2\x80\x94  AAAAAAAA\n",             /* empty name */
        "\xE2\x80\x94 AAAAAAAA\n",              /* no name */
        "\xE2\x80\x94 na+me AAAAAAAA\n",        /* plus */
        "\xE2\x80\x94 na\xC2\xA0me AAAAAAAA\n", /* no-break space */
        "\xE2\x80\x94name AAAAAAAA\n",          /* no space after the dash */
        "\xE2\x80\x93 name AAAAAAAA\n",         /* en dash */
        "- name AAAAAAAA\n",
        "- \n",
        "\xE2\x80\x94 \n",
        "x\n"};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct buffer note;
        signed_note(&note, false);
        buffer_append_text(&note, lines[i]);
        CHECK(!opens(buffer_bytes(&note), &log_party.key, 1, 1));
        buffer_release(&note);
    }
    struct buffer note;
    signed_note(&note, false);
    buffer_append_text(&note, "\xE2\x80\x94 name AAAAAAA=\n");
    CHECK(opens(buffer_bytes(&note), &log_party.key, 1, 1));
    buffer_append_text(&note, "\n");
    CHECK(!opens(buffer_bytes(&note), &log_party.key, 1, 1));
    buffer_release(&note);
}

CASE(a_note_longer_than_the_limit_is_refused)
{
    struct buffer note;
    signed_note(&note, false);
    buffer_append_text(&note, "\xE2\x80\x94 large ");
    size_t left = NOTE_SIZE_MAX - note.size - 1;
    for (size_t i = 0; i < left / 4 * 4; i++) {
        buffer_append_byte(&note, 'A');
    }
    buffer_append_byte(&note, '\n');
    REQUIRE(!note.overflowed);
    CHECK(opens(buffer_bytes(&note), &log_party.key, 1, 1));
    static uint8_t longer[NOTE_SIZE_MAX + 1];
    memset(longer, '\n', sizeof(longer));
    struct note_result result;
    struct error error = {0};
    CHECK(!note_open(bytes_of(longer, sizeof(longer)), &log_party.key, 1, &result, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&note);
}

CASE(a_key_whose_point_is_bad_verifies_nothing)
{
    struct note_key bad = log_party.key;
    memset(bad.key.at, 0xFF, PUBLIC_KEY_SIZE);
    struct buffer note;
    signed_note(&note, false);
    CHECK(!opens(buffer_bytes(&note), &bad, 1, 1));
    buffer_release(&note);
}

CASE(names_are_free_of_spaces_and_plus)
{
    static const char *const good[] = {"a", "ledger.example/coalition", "caf\xC3\xA9", "a=b",
                                       "\xE2\x80\x94"};
    static const char *const bad[] = {"",
                                      " ",
                                      "a b",
                                      "a+b",
                                      "a\n",
                                      "a\t",
                                      "a\x1F",
                                      "\xC2\x85",
                                      "a\xE2\x80\xA8",
                                      "\xE3\x80\x80",
                                      "a\xE1\x9A\x80z",
                                      "\xFF"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK(note_name_valid(bytes_text(good[i])));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(!note_name_valid(bytes_text(bad[i])));
    }
    CHECK(!note_name_valid(bytes_of("a\0b", 3)));
    char longest[NOTE_NAME_MAX + 1];
    memset(longest, 'n', sizeof(longest));
    CHECK(note_name_valid(bytes_of(longest, NOTE_NAME_MAX)));
    CHECK(!note_name_valid(bytes_of(longest, NOTE_NAME_MAX + 1)));
}

CASE(a_verifier_key_survives_its_text)
{
    struct buffer formatted;
    buffer_init(&formatted, 1024);
    note_key_format(&cosigner.key, &formatted);
    struct note_key parsed;
    REQUIRE(note_key_parse(buffer_bytes(&formatted), &parsed, NULL));
    CHECK_TEXT(parsed.name, cosigner.key.name);
    CHECK(parsed.id == cosigner.key.id && parsed.type == cosigner.key.type);
    CHECK(memcmp(parsed.key.at, cosigner.key.key.at, PUBLIC_KEY_SIZE) == 0);
    struct error error = {0};
    for (size_t size = 0; size < formatted.size; size++) {
        CHECK(!note_key_parse(bytes_of(formatted.at, size), &parsed, &error));
        CHECK_INT(error.code, ERROR_INVALID);
    }
    for (size_t bit = 0; bit < formatted.size * 8; bit++) {
        formatted.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!note_key_parse(buffer_bytes(&formatted), &parsed, &error));
        formatted.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buffer_release(&formatted);
}

CASE(a_key_of_unknown_type_or_bad_name_is_not_made)
{
    struct note_key key;
    struct error error = {0};
    CHECK(!note_key_make("a b", NOTE_TYPE_ED25519, &log_party.key.key, &key, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    CHECK(!note_key_make("a", 0x06, &log_party.key.key, &key, &error));
    CHECK(!note_key_make("a", 0x00, &log_party.key.key, &key, &error));
}

CASE(a_checkpoint_survives_its_text)
{
    struct checkpoint checkpoint = {.origin = "ledger.example", .size = UINT64_MAX};
    random_bytes(checkpoint.root.at, HASH_SIZE);
    struct buffer formatted;
    buffer_init(&formatted, 1024);
    checkpoint_format(&checkpoint, &formatted);
    struct checkpoint parsed;
    REQUIRE(checkpoint_parse(buffer_bytes(&formatted), &parsed, NULL));
    CHECK_TEXT(parsed.origin, "ledger.example");
    CHECK(parsed.size == UINT64_MAX);
    CHECK(hash_equal(&parsed.root, &checkpoint.root));
    for (size_t size = 0; size < formatted.size; size++) {
        CHECK(!checkpoint_parse(bytes_of(formatted.at, size), &parsed, NULL));
    }
    buffer_release(&formatted);
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

CASE(a_checkpoint_is_exactly_three_lines)
{
    static const char *const refused[] = {"",
                                          "\n\n\n",
                                          "o\n1\n" ROOT,
                                          "o\n1\n" ROOT "\n\n",
                                          "o\n1\n" ROOT "\nextension\n",
                                          "\n1\n" ROOT "\n",
                                          "o\n01\n" ROOT "\n",
                                          "o\n-1\n" ROOT "\n",
                                          "o\n\n" ROOT "\n",
                                          "o\n18446744073709551616\n" ROOT "\n",
                                          "o\n1\n\n",
                                          "o\n1\nAAAA\n",
                                          "o\n1\n" ROOT "AAAA\n",
                                          "o\n1 \n" ROOT "\n",
                                          "o\n1\r\n" ROOT "\n",
                                          "o o\n1\n" ROOT "\n",
                                          "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n"};
    struct checkpoint parsed = {.size = 42};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct error error = {0};
        CHECK(!checkpoint_parse(bytes_text(refused[i]), &parsed, &error));
        CHECK_INT(error.code, ERROR_INVALID);
    }
    CHECK_INT(parsed.size, 42);
    CHECK(checkpoint_parse(bytes_text("o\n0\n" ROOT "\n"), &parsed, NULL));
}

int main(void)
{
    log_party = party_make("ledger.example", NOTE_TYPE_ED25519, 1);
    cosigner = party_make("partner-a.example/cosigner", NOTE_TYPE_COSIGNATURE, 2);
    stranger = party_make("stranger.example", NOTE_TYPE_ED25519, 3);
    RUN(a_note_names_who_signed_it_and_when);
    RUN(a_note_without_a_known_signer_is_refused);
    RUN(no_bit_of_a_note_can_change);
    RUN(a_shortened_note_loses_its_last_signer_or_is_refused);
    RUN(a_known_key_with_a_bad_signature_rejects_the_note);
    RUN(a_signature_of_one_type_is_not_one_of_the_other);
    RUN(a_repeated_signature_counts_once_with_its_first_time);
    RUN(the_number_of_signatures_has_a_limit);
    RUN(texts_with_empty_lines_are_split_at_the_last);
    RUN(a_text_that_is_no_note_is_not_begun);
    RUN(malformed_signature_lines_reject_the_note);
    RUN(a_note_longer_than_the_limit_is_refused);
    RUN(a_key_whose_point_is_bad_verifies_nothing);
    RUN(names_are_free_of_spaces_and_plus);
    RUN(a_verifier_key_survives_its_text);
    RUN(a_key_of_unknown_type_or_bad_name_is_not_made);
    RUN(a_checkpoint_survives_its_text);
    RUN(a_checkpoint_is_exactly_three_lines);
    signing_key_close(log_party.signer);
    signing_key_close(cosigner.signer);
    signing_key_close(stranger.signer);
    return check_report();
}
