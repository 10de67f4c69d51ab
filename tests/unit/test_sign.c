// links: crypto
#include "check.h"
#include "crypto/sign.h"

#include <openssl/err.h>

static const struct hash coalition_a = {{1}};
static const struct hash coalition_b = {{2}};

static struct signing_key *key_of(uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    return signing_key_from_seed(seed);
}

static struct verifier *verifier_of(const struct signing_key *key)
{
    struct public_key public_key = signing_key_public(key);
    struct verifier *verifier = verifier_open(&public_key);
    REQUIRE(verifier != NULL);
    return verifier;
}

CASE(a_signature_holds_for_its_message_only)
{
    struct signing_key *key = key_of(1);
    struct verifier *verifier = verifier_of(key);
    struct signature signature = sign(key, PURPOSE_BATCH, &coalition_a, bytes_text("hello"));
    CHECK(verify(verifier, PURPOSE_BATCH, &coalition_a, bytes_text("hello"), &signature));
    CHECK(!verify(verifier, PURPOSE_BATCH, &coalition_a, bytes_text("hellp"), &signature));
    CHECK(!verify(verifier, PURPOSE_BATCH, &coalition_a, bytes_text(""), &signature));
    for (size_t bit = 0; bit < SIGNATURE_SIZE * 8; bit++) {
        struct signature bent = signature;
        bent.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!verify(verifier, PURPOSE_BATCH, &coalition_a, bytes_text("hello"), &bent));
    }
    CHECK(verify(verifier, PURPOSE_BATCH, &coalition_a, bytes_text("hello"), &signature));
    verifier_close(verifier);
    signing_key_close(key);
}

CASE(a_signature_is_bound_to_purpose_and_coalition)
{
    struct signing_key *key = key_of(1);
    struct verifier *verifier = verifier_of(key);
    struct signature signature = sign(key, PURPOSE_PREVOTE, &coalition_a, bytes_text("round 1"));
    for (int purpose = PURPOSE_BATCH; purpose <= PURPOSE_BALLOT; purpose++) {
        bool holds = verify(verifier, (enum purpose)purpose, &coalition_a, bytes_text("round 1"),
                            &signature);
        CHECK_INT(holds, purpose == PURPOSE_PREVOTE);
    }
    CHECK(!verify(verifier, PURPOSE_PREVOTE, &coalition_b, bytes_text("round 1"), &signature));
    CHECK(!verify_raw(verifier, bytes_text("round 1"), &signature));
    verifier_close(verifier);
    signing_key_close(key);
}

/* The layout in sign.h, byte for byte. */
CASE(the_text_that_is_signed_is_the_documented_one)
{
    struct signing_key *key = key_of(3);
    uint8_t joined[16 + HASH_SIZE + 3];
    memcpy(joined, "accrue/batch/v1\n", 16);
    memcpy(joined + 16, coalition_b.at, HASH_SIZE);
    memcpy(joined + 16 + HASH_SIZE, "abc", 3);
    struct signature bound = sign(key, PURPOSE_BATCH, &coalition_b, bytes_text("abc"));
    struct signature raw = sign_raw(key, bytes_of(joined, sizeof(joined)));
    CHECK(memcmp(bound.at, raw.at, SIGNATURE_SIZE) == 0);
    CHECK_TEXT(purpose_name(PURPOSE_PRECOMMIT), "precommit");
    CHECK_TEXT(purpose_name(PURPOSE_TRANSPORT), "transport");
    signing_key_close(key);
}

CASE(messages_of_any_length_are_signed)
{
    static uint8_t message[100000];
    struct signing_key *key = key_of(4);
    struct verifier *verifier = verifier_of(key);
    static const size_t sizes[] = {0, 1, 900, 959, 960, 961, 1023, 1024, 1025, 65536, 100000};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct bytes range = bytes_of(sizes[i] ? message : NULL, sizes[i]);
        struct signature signature = sign(key, PURPOSE_PROPOSAL, &coalition_a, range);
        CHECK(verify(verifier, PURPOSE_PROPOSAL, &coalition_a, range, &signature));
    }
    verifier_close(verifier);
    signing_key_close(key);
}

CASE(a_key_survives_through_its_seed)
{
    struct signing_key *key = signing_key_generate();
    uint8_t seed[SEED_SIZE];
    signing_key_seed(key, seed);
    struct signing_key *again = signing_key_from_seed(seed);
    struct public_key a = signing_key_public(key), b = signing_key_public(again);
    CHECK(memcmp(a.at, b.at, PUBLIC_KEY_SIZE) == 0);
    struct signing_key *other = signing_key_generate();
    struct public_key c = signing_key_public(other);
    CHECK(memcmp(a.at, c.at, PUBLIC_KEY_SIZE) != 0);
    signing_key_close(key);
    signing_key_close(again);
    signing_key_close(other);
    signing_key_close(NULL);
    verifier_close(NULL);
}

CASE(a_signature_with_s_beyond_the_group_order_is_refused)
{
    static const uint8_t order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58,       0xD6,
                                      0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10};
    struct signing_key *key = key_of(5);
    struct verifier *verifier = verifier_of(key);
    struct signature signature = sign_raw(key, bytes_text("malleable"));
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.at[32 + i] + order[i];
        signature.at[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK(!verify_raw(verifier, bytes_text("malleable"), &signature));
    memcpy(signature.at + 32, order, 32);
    CHECK(!verify_raw(verifier, bytes_text("malleable"), &signature));
    verifier_close(verifier);
    signing_key_close(key);
}

/* With the neutral element as key, R = S*B verifies any message: S = 0 makes R the neutral
 * element, of which only one encoding may pass. */
CASE(only_the_canonical_encoding_of_r_is_taken)
{
    struct public_key neutral = {{1}};
    struct verifier *verifier = verifier_open(&neutral);
    REQUIRE(verifier != NULL);
    struct signature signature = {{1}};
    CHECK(verify_raw(verifier, bytes_text("any"), &signature));
    signature.at[31] = 0x80;
    CHECK(!verify_raw(verifier, bytes_text("any"), &signature));
    memset(signature.at, 0xFF, 32);
    signature.at[0] = 0xEE; /* p + 1, which is 1 again */
    signature.at[31] = 0x7F;
    CHECK(!verify_raw(verifier, bytes_text("any"), &signature));
    verifier_close(verifier);
}

CASE(a_key_that_is_no_canonical_point_is_refused)
{
    struct public_key key = {{1}};
    key.at[31] = 0x80; /* x = 0 with sign bit */
    CHECK(verifier_open(&key) == NULL);
    memset(key.at, 0xFF, sizeof(key.at));
    key.at[31] = 0x7F;
    for (int low = 0xEC; low <= 0xFF; low++) {
        key.at[0] = (uint8_t)low;
        struct verifier *verifier = verifier_open(&key);
        CHECK_INT(verifier != NULL, low == 0xEC); /* p - 1 is -1, a point of order 2 */
        verifier_close(verifier);
    }
    key.at[0] = 0xEC;
    key.at[31] = 0xFF;
    CHECK(verifier_open(&key) == NULL);
    /* y = 2 lies on no point of the curve; y = 3 does. */
    struct verifier *two = verifier_open(&(struct public_key){{2}});
    struct verifier *three = verifier_open(&(struct public_key){{3}});
    CHECK(two == NULL);
    CHECK(three != NULL);
    verifier_close(two);
    verifier_close(three);
}

CASE(about_half_of_all_strings_are_points_and_every_real_key_is)
{
    int points = 0;
    for (int i = 0; i < 400; i++) {
        uint8_t seed[SEED_SIZE] = {(uint8_t)i, (uint8_t)(i >> 8), 9};
        struct hash hash = hash_bytes(bytes_of(seed, sizeof(seed)));
        struct public_key candidate;
        memcpy(candidate.at, hash.at, sizeof(candidate.at));
        struct verifier *verifier = verifier_open(&candidate);
        points += verifier != NULL;
        verifier_close(verifier);
        struct signing_key *key = signing_key_from_seed(seed);
        verifier_close(verifier_of(key));
        signing_key_close(key);
    }
    CHECK(points > 150 && points < 250);
}

CASE(a_refused_signature_leaves_no_error_behind)
{
    struct signing_key *key = key_of(6);
    struct verifier *verifier = verifier_of(key);
    struct signature signature = sign_raw(key, bytes_text("a"));
    CHECK(!verify_raw(verifier, bytes_text("b"), &signature));
    CHECK_INT(ERR_peek_error(), 0);
    verifier_close(verifier);
    signing_key_close(key);
}

int main(void)
{
    RUN(a_signature_holds_for_its_message_only);
    RUN(a_signature_is_bound_to_purpose_and_coalition);
    RUN(the_text_that_is_signed_is_the_documented_one);
    RUN(messages_of_any_length_are_signed);
    RUN(a_key_survives_through_its_seed);
    RUN(a_signature_with_s_beyond_the_group_order_is_refused);
    RUN(only_the_canonical_encoding_of_r_is_taken);
    RUN(a_key_that_is_no_canonical_point_is_refused);
    RUN(about_half_of_all_strings_are_points_and_every_real_key_is);
    RUN(a_refused_signature_leaves_no_error_behind);
    return check_report();
}
