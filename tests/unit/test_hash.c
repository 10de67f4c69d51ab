// links: crypto
#include "check.h"
#include "crypto/hash.h"

#include <pthread.h>

static void check_hex(struct bytes seen, const char *expected)
{
    char text[2 * 128 + 1];
    REQUIRE(seen.size <= 128);
    hex_encode(seen, text);
    CHECK_TEXT(text, expected);
}

static void check_hash(struct hash hash, const char *expected)
{
    check_hex(hash_as_bytes(&hash), expected);
}

/* FIPS 180-4 examples. */
CASE(sha256_agrees_with_the_standard)
{
    check_hash(hash_bytes(bytes_of(NULL, 0)),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_hash(hash_bytes(bytes_text("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_hash(hash_bytes(bytes_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    REQUIRE(million);
    memset(million, 'a', 1000000);
    check_hash(hash_bytes(bytes_of(million, 1000000)),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

CASE(parts_and_streams_hash_like_one_piece)
{
    uint8_t data[300];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    struct hash whole = hash_bytes(bytes_of(data, sizeof(data)));
    for (size_t cut = 0; cut <= sizeof(data); cut += 13) {
        struct bytes parts[] = {bytes_of(data, cut), bytes_of(NULL, 0),
                                bytes_of(data + cut, sizeof(data) - cut)};
        struct hash joined = hash_parts(parts, ARRAY_SIZE(parts));
        CHECK(hash_equal(&joined, &whole));
        struct hasher hasher;
        hasher_init(&hasher);
        hasher_update(&hasher, parts[0]);
        /* Another hash in between must not disturb the stream. */
        struct hash other = hash_bytes(parts[2]);
        CHECK(cut == 0 || !hash_equal(&other, &whole));
        hasher_update(&hasher, parts[2]);
        struct hash streamed = hasher_final(&hasher);
        CHECK(hash_equal(&streamed, &whole));
        hasher_release(&hasher);
    }
    struct hash none = hash_parts(NULL, 0);
    struct hash empty = hash_bytes(bytes_text(""));
    CHECK(hash_equal(&none, &empty));
    CHECK(!hash_is_zero(&none));
    CHECK(hash_is_zero(&(struct hash){{0}}));
}

CASE(an_abandoned_stream_leaves_nothing_behind)
{
    struct hasher hasher;
    hasher_init(&hasher);
    hasher_update(&hasher, bytes_text("abc"));
    hasher_release(&hasher);
    hasher_release(&hasher);
    CHECK(hasher.context == NULL);
}

/* RFC 4231 cases 1, 2, 3 and 6 (a key longer than a block). */
CASE(hmac_agrees_with_rfc_4231)
{
    uint8_t key[131];
    memset(key, 0x0B, 20);
    check_hash(hmac(bytes_of(key, 20), bytes_text("Hi There")),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hash(hmac(bytes_text("Jefe"), bytes_text("what do ya want for nothing?")),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    uint8_t message[50];
    memset(key, 0xAA, sizeof(key));
    memset(message, 0xDD, sizeof(message));
    check_hash(hmac(bytes_of(key, 20), bytes_of(message, sizeof(message))),
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    check_hash(hmac(bytes_of(key, sizeof(key)),
                    bytes_text("Test Using Larger Than Block-Size Key - Hash Key First")),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869 A.1, A.3. */
CASE(hkdf_agrees_with_rfc_5869)
{
    uint8_t secret[22], salt[13], info[10], out[42];
    memset(secret, 0x0B, sizeof(secret));
    for (size_t i = 0; i < sizeof(salt); i++) {
        salt[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof(info); i++) {
        info[i] = (uint8_t)(0xF0 + i);
    }
    hkdf(bytes_of(secret, 22), bytes_of(salt, 13), bytes_of(info, 10), out, sizeof(out));
    check_hex(
        bytes_of(out, sizeof(out)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    hkdf(bytes_of(secret, 22), bytes_of(NULL, 0), bytes_of(NULL, 0), out, sizeof(out));
    check_hex(
        bytes_of(out, sizeof(out)),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

CASE(hkdf_writes_up_to_its_longest_output)
{
    static uint8_t longest[255 * HASH_SIZE + 1];
    uint8_t first[HASH_SIZE];
    longest[255 * HASH_SIZE] = 42;
    hkdf(bytes_text("secret"), bytes_text("salt"), bytes_text("info"), longest, 255 * HASH_SIZE);
    hkdf(bytes_text("secret"), bytes_text("salt"), bytes_text("info"), first, sizeof(first));
    CHECK(memcmp(longest, first, sizeof(first)) == 0);
    CHECK_INT(longest[255 * HASH_SIZE], 42);
}

static void *hash_in_thread(void *wrong_out)
{
    int *wrong = wrong_out;
    struct hash first = hash_bytes(bytes_text("abc"));
    for (int i = 0; i < 20000; i++) {
        struct hash again = hash_bytes(bytes_text("abc"));
        *wrong += !hash_equal(&first, &again);
    }
    return NULL;
}

CASE(threads_hash_side_by_side)
{
    pthread_t threads[4];
    int wrong[4] = {0};
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        REQUIRE(pthread_create(&threads[i], NULL, hash_in_thread, &wrong[i]) == 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        REQUIRE(pthread_join(threads[i], NULL) == 0);
        CHECK_INT(wrong[i], 0);
    }
}

CASE(random_bytes_differ)
{
    struct hash a, b;
    random_bytes(a.at, sizeof(a.at));
    random_bytes(b.at, sizeof(b.at));
    CHECK(!hash_equal(&a, &b));
}

int main(void)
{
    RUN(sha256_agrees_with_the_standard);
    RUN(parts_and_streams_hash_like_one_piece);
    RUN(an_abandoned_stream_leaves_nothing_behind);
    RUN(hmac_agrees_with_rfc_4231);
    RUN(hkdf_agrees_with_rfc_5869);
    RUN(hkdf_writes_up_to_its_longest_output);
    RUN(threads_hash_side_by_side);
    RUN(random_bytes_differ);
    return check_report();
}
