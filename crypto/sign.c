#include "crypto/sign.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNING_PREFIX_MAX = 32 + HASH_SIZE, /* "accrue/" name "/v1\n" and the coalition */
    SIGNING_STACK_MAX = 1024             /* longer texts are built on the heap */
};

/* A context is bound to its key once: setting one up costs about as much as 20 small hashes, and
 * one-shot Ed25519 calls leave nothing in it from one message to the next. */
struct signing_key {
    EVP_PKEY *pkey;
    EVP_MD_CTX *context;
    struct public_key public_key;
};

struct verifier {
    EVP_PKEY *pkey;
    EVP_MD_CTX *context;
};

const char *purpose_name(enum purpose purpose)
{
    switch (purpose) {
#define X(name, text)                                                                              \
    case name:                                                                                     \
        return text;
        PURPOSES(X)
#undef X
    }
    must(!"a purpose outside the enum");
    return NULL;
}

/* ---- the text that is signed ------------------------------------------------------------------
 */

struct signing_text {
    uint8_t *at; /* `local`, or the heap when the message is long */
    size_t size;
    uint8_t local[SIGNING_STACK_MAX];
};

static void signing_text_init(struct signing_text *text, enum purpose purpose,
                              const struct hash *coalition, struct bytes message)
{
    struct bytes parts[] = {bytes_text("accrue/"), bytes_text(purpose_name(purpose)),
                            bytes_text("/v1\n"), hash_as_bytes(coalition), message};
    must(message.size <= SIZE_MAX - SIGNING_PREFIX_MAX);
    size_t wanted = SIGNING_PREFIX_MAX + message.size;
    text->at = wanted <= sizeof(text->local) ? text->local : allocate(1, wanted);
    text->size = 0;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        must(parts[i].size <= wanted - text->size);
        if (parts[i].size > 0) {
            memcpy(text->at + text->size, parts[i].at, parts[i].size);
        }
        text->size += parts[i].size;
    }
}

static void signing_text_release(struct signing_text *text)
{
    if (text->at != text->local) {
        free(text->at);
    }
    text->at = NULL;
}

/* ---- signing ----------------------------------------------------------------------------------
 */

struct signing_key *signing_key_from_seed(const uint8_t seed32[SEED_SIZE])
{
    struct signing_key *key = allocate(1, sizeof(*key));
    key->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed32, SEED_SIZE);
    key->context = EVP_MD_CTX_new();
    must(key->pkey != NULL && key->context != NULL);
    must(EVP_DigestSignInit(key->context, NULL, NULL, NULL, key->pkey) == 1);
    size_t size = PUBLIC_KEY_SIZE;
    must(EVP_PKEY_get_raw_public_key(key->pkey, key->public_key.at, &size) == 1);
    must(size == PUBLIC_KEY_SIZE);
    return key;
}

struct signing_key *signing_key_generate(void)
{
    uint8_t seed[SEED_SIZE];
    random_bytes(seed, sizeof(seed));
    struct signing_key *key = signing_key_from_seed(seed);
    OPENSSL_cleanse(seed, sizeof(seed));
    return key;
}

void signing_key_close(struct signing_key *key)
{
    if (!key) {
        return;
    }
    EVP_MD_CTX_free(key->context);
    EVP_PKEY_free(key->pkey);
    free(key);
}

struct public_key signing_key_public(const struct signing_key *key)
{
    return key->public_key;
}

void signing_key_seed(const struct signing_key *key, uint8_t seed32_out[SEED_SIZE])
{
    size_t size = SEED_SIZE;
    must(EVP_PKEY_get_raw_private_key(key->pkey, seed32_out, &size) == 1);
    must(size == SEED_SIZE);
}

struct signature sign_raw(const struct signing_key *key, struct bytes message)
{
    struct signature signature;
    size_t size = SIGNATURE_SIZE;
    must(EVP_DigestSign(key->context, signature.at, &size, message.at, message.size) == 1);
    must(size == SIGNATURE_SIZE);
    return signature;
}

struct signature sign(const struct signing_key *key, enum purpose purpose,
                      const struct hash *coalition, struct bytes message)
{
    struct signing_text text;
    signing_text_init(&text, purpose, coalition, message);
    struct signature signature = sign_raw(key, bytes_of(text.at, text.size));
    signing_text_release(&text);
    return signature;
}

/* ---- what a key and a signature must look like ------------------------------------------------
 */

/* Little-endian a < b, both of 32 bytes. */
static bool little_endian_less(const uint8_t a[32], const uint8_t b[32])
{
    for (int i = 31; i >= 0; i--) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return false;
}

/* p = 2^255 - 19, the field of the curve. */
static const uint8_t field_prime[32] = {
    0xED, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F};

/* L = 2^252 + 27742317777372353535851937790883648493, the order of the base point. */
static const uint8_t group_order[32] = {
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10};

/* The curve's d = -121665/121666, little-endian. */
static const uint8_t curve_d[32] = {
    0xA3, 0x78, 0x59, 0x13, 0xCA, 0x4D, 0xEB, 0x75, 0xAB, 0xD8, 0x41, 0x41, 0x4D, 0x0A, 0x70, 0x00,
    0x98, 0xE8, 0x79, 0x77, 0x79, 0x40, 0xC7, 0x8C, 0x73, 0xFE, 0x6F, 0x2B, 0xEE, 0x6C, 0x03, 0x52};

/* RFC 8032 5.1.3: y < p, and x = 0 (that is, y = 1 or y = -1) has sign bit 0. OpenSSL reduces y
 * and takes both, so that one point would have several keys. */
static bool point_is_canonical(const uint8_t point[32])
{
    static const uint8_t one[32] = {1};
    uint8_t y[32];
    memcpy(y, point, sizeof(y));
    y[31] &= 0x7F;
    if (!little_endian_less(y, field_prime)) {
        return false;
    }
    uint8_t minus_one[32];
    memcpy(minus_one, field_prime, sizeof(minus_one));
    minus_one[0]--;
    bool x_is_zero = memcmp(y, one, sizeof(y)) == 0 || memcmp(y, minus_one, sizeof(y)) == 0;
    return !(x_is_zero && (point[31] & 0x80));
}

/* Whether some x makes (x, y) a point: x^2 = (y^2 - 1) / (d y^2 + 1) has a root just when the
 * product of the two is a square. OpenSSL would take the key and refuse each signature later. */
static bool point_is_on_curve(const uint8_t point[32])
{
    uint8_t y_bytes[32];
    memcpy(y_bytes, point, sizeof(y_bytes));
    y_bytes[31] &= 0x7F;
    BN_CTX *context = BN_CTX_new();
    BIGNUM *p = BN_lebin2bn(field_prime, sizeof(field_prime), NULL);
    BIGNUM *d = BN_lebin2bn(curve_d, sizeof(curve_d), NULL);
    BIGNUM *u = BN_lebin2bn(y_bytes, sizeof(y_bytes), NULL);
    BIGNUM *v = BN_new();
    must(context && p && d && u && v);
    must(BN_mod_sqr(u, u, p, context) && BN_mod_mul(v, u, d, p, context));
    must(BN_sub_word(u, 1) && BN_add_word(v, 1));
    must(BN_mod_mul(u, u, v, p, context));
    int symbol = BN_kronecker(u, p, context);
    must(symbol >= -1);
    BN_free(v);
    BN_free(u);
    BN_free(d);
    BN_free(p);
    BN_CTX_free(context);
    return symbol >= 0;
}

/* ---- verifying --------------------------------------------------------------------------------
 */

struct verifier *verifier_open(const struct public_key *key)
{
    if (!point_is_canonical(key->at) || !point_is_on_curve(key->at)) {
        return NULL;
    }
    struct verifier *verifier = allocate(1, sizeof(*verifier));
    verifier->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->at, PUBLIC_KEY_SIZE);
    verifier->context = EVP_MD_CTX_new();
    must(verifier->pkey != NULL && verifier->context != NULL);
    must(EVP_DigestVerifyInit(verifier->context, NULL, NULL, NULL, verifier->pkey) == 1);
    return verifier;
}

/* The y of the eight points whose order divides 8 (order 1, 2, 4 and twice 8; each of the last
 * three has two x): a signature by such a key holds for many messages. */
static bool point_is_small(const uint8_t point[32])
{
    static const uint8_t small[][32] = {
        {0x01},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
        {0x00},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a}};
    uint8_t y[32];
    memcpy(y, point, sizeof(y));
    y[31] &= 0x7F;
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
        if (memcmp(y, small[i], sizeof(y)) == 0) {
            return true;
        }
    }
    return false;
}

bool public_key_usable(const struct public_key *key)
{
    return point_is_canonical(key->at) && point_is_on_curve(key->at) && !point_is_small(key->at);
}

void verifier_close(struct verifier *verifier)
{
    if (!verifier) {
        return;
    }
    EVP_MD_CTX_free(verifier->context);
    EVP_PKEY_free(verifier->pkey);
    free(verifier);
}

bool verify_raw(const struct verifier *verifier, struct bytes message,
                const struct signature *signature)
{
    if (!point_is_canonical(signature->at) ||
        !little_endian_less(signature->at + 32, group_order)) {
        return false;
    }
    /* A refused signature must not leave its reason in the thread's queue of OpenSSL errors. */
    ERR_set_mark();
    int result = EVP_DigestVerify(verifier->context, signature->at, SIGNATURE_SIZE, message.at,
                                  message.size);
    ERR_pop_to_mark();
    return result == 1;
}

bool verify(const struct verifier *verifier, enum purpose purpose, const struct hash *coalition,
            struct bytes message, const struct signature *signature)
{
    struct signing_text text;
    signing_text_init(&text, purpose, coalition, message);
    bool holds = verify_raw(verifier, bytes_of(text.at, text.size), signature);
    signing_text_release(&text);
    return holds;
}
