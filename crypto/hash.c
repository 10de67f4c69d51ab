#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

enum { HMAC_BLOCK_SIZE = 64, HMAC_PARTS_MAX = 3 };

/* ---- one digest a process, one context a thread --------------------------------------------- */

/* Looking the digest up by name costs more than hashing a small record, and so does making a
 * context: the first is done once, the second once a thread. */
static EVP_MD *sha256;
static pthread_key_t context_key;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static _Thread_local EVP_MD_CTX *thread_context;

static void context_free(void *context)
{
    EVP_MD_CTX_free(context);
}

static void sha256_fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256 != NULL);
    must(pthread_key_create(&context_key, context_free) == 0);
}

static EVP_MD_CTX *context_new(void)
{
    must(pthread_once(&sha256_once, sha256_fetch) == 0);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestInit_ex2(context, sha256, NULL) == 1);
    return context;
}

/* The thread's own context, started afresh. The pthread key is there for its destructor only: it
 * frees the context when the thread ends; reading the thread-local variable is faster. */
static EVP_MD_CTX *context_started(void)
{
    if (!thread_context) {
        thread_context = context_new();
        must(pthread_setspecific(context_key, thread_context) == 0);
    } else {
        must(EVP_DigestInit_ex2(thread_context, NULL, NULL) == 1);
    }
    return thread_context;
}

static struct hash context_final(EVP_MD_CTX *context)
{
    struct hash hash;
    unsigned size = 0;
    must(EVP_DigestFinal_ex(context, hash.at, &size) == 1);
    must(size == HASH_SIZE);
    return hash;
}

/* ---- hashes --------------------------------------------------------------------------------- */

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->at, b->at, HASH_SIZE) == 0;
}

bool hash_is_zero(const struct hash *hash)
{
    static const struct hash zero;
    return hash_equal(hash, &zero);
}

struct hash hash_bytes(struct bytes bytes)
{
    return hash_parts(&bytes, 1);
}

struct hash hash_parts(const struct bytes *parts, size_t part_count)
{
    EVP_MD_CTX *context = context_started();
    for (size_t i = 0; i < part_count; i++) {
        must(EVP_DigestUpdate(context, parts[i].at, parts[i].size) == 1);
    }
    return context_final(context);
}

void hasher_init(struct hasher *hasher)
{
    hasher->context = context_new();
}

void hasher_update(struct hasher *hasher, struct bytes bytes)
{
    must(hasher->context != NULL);
    must(EVP_DigestUpdate(hasher->context, bytes.at, bytes.size) == 1);
}

struct hash hasher_result(struct hasher *hasher)
{
    must(hasher->context != NULL);
    return context_final(hasher->context);
}

struct hash hasher_final(struct hasher *hasher)
{
    struct hash hash = hasher_result(hasher);
    hasher_release(hasher);
    return hash;
}

void hasher_restart(struct hasher *hasher)
{
    must(hasher->context != NULL);
    must(EVP_DigestInit_ex2(hasher->context, NULL, NULL) == 1);
}

void hasher_release(struct hasher *hasher)
{
    EVP_MD_CTX_free(hasher->context);
    hasher->context = NULL;
}

/* ---- HMAC and HKDF ----------------------------------------------------------------------------
 */

/* H(key ^ pad || parts), one of the two nested hashes of RFC 2104. */
static struct hash hmac_pass(const uint8_t key[HMAC_BLOCK_SIZE], uint8_t pad,
                             const struct bytes *parts, size_t part_count)
{
    must(part_count <= HMAC_PARTS_MAX);
    uint8_t padded[HMAC_BLOCK_SIZE];
    for (size_t i = 0; i < HMAC_BLOCK_SIZE; i++) {
        padded[i] = key[i] ^ pad;
    }
    struct bytes all[1 + HMAC_PARTS_MAX] = {bytes_of(padded, sizeof(padded))};
    for (size_t i = 0; i < part_count; i++) {
        all[1 + i] = parts[i];
    }
    struct hash hash = hash_parts(all, 1 + part_count);
    OPENSSL_cleanse(padded, sizeof(padded));
    return hash;
}

/* Written on SHA-256 itself: OpenSSL 3.0's HMAC() looks its algorithms up by name in each call. */
static struct hash hmac_parts(struct bytes key, const struct bytes *parts, size_t part_count)
{
    uint8_t block[HMAC_BLOCK_SIZE] = {0};
    if (key.size > sizeof(block)) {
        struct hash short_key = hash_bytes(key);
        memcpy(block, short_key.at, HASH_SIZE);
        OPENSSL_cleanse(&short_key, sizeof(short_key));
    } else if (key.size > 0) {
        memcpy(block, key.at, key.size);
    }
    struct hash inner = hmac_pass(block, 0x36, parts, part_count);
    struct bytes inner_bytes = hash_as_bytes(&inner);
    struct hash outer = hmac_pass(block, 0x5C, &inner_bytes, 1);
    OPENSSL_cleanse(block, sizeof(block));
    return outer;
}

struct hash hmac(struct bytes key, struct bytes message)
{
    return hmac_parts(key, &message, 1);
}

void hkdf(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out, size_t out_size)
{
    must(out_size <= 255 * HASH_SIZE);
    /* RFC 5869: no salt means HASH_SIZE zeros, which HMAC's padding makes the same key as none. */
    struct hash extracted = hmac(salt, secret);
    struct hash block = {{0}};
    uint8_t counter = 1;
    for (size_t done = 0; done < out_size; counter++) {
        struct bytes previous = bytes_of(block.at, done == 0 ? 0 : HASH_SIZE);
        struct bytes parts[] = {previous, info, bytes_of(&counter, 1)};
        block = hmac_parts(hash_as_bytes(&extracted), parts, ARRAY_SIZE(parts));
        size_t left = out_size - done;
        size_t taken = left < HASH_SIZE ? left : HASH_SIZE;
        memcpy(out + done, block.at, taken);
        done += taken;
    }
    OPENSSL_cleanse(&extracted, sizeof(extracted));
    OPENSSL_cleanse(&block, sizeof(block));
}

void random_bytes(uint8_t *out, size_t size)
{
    must(size <= INT32_MAX);
    must(RAND_bytes(out, (int)size) == 1);
}
