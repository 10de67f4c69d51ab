/* hash.h - SHA-256, HMAC-SHA-256 and HKDF by OpenSSL, with the digest fetched once.
 *
 * Threads: any; each thread reuses a context of its own.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "crypto/base.h"

enum { HASH_SIZE = 32, HASH_BASE64_SIZE = 44, HASH_HEX_SIZE = 64 };

struct hash {
    uint8_t at[HASH_SIZE];
};

static inline struct bytes hash_as_bytes(const struct hash *hash)
{
    return (struct bytes){.at = hash->at, .size = HASH_SIZE};
}
bool hash_equal(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *hash);

struct hash hash_bytes(struct bytes bytes);
/* SHA-256 of the parts one after the other, without joining them in memory. */
struct hash hash_parts(const struct bytes *parts, size_t part_count);

/* Streaming. init, update..., final; final releases; release alone abandons. After init, update,
 * result and restart take no memory and no lock: they may be called in a forked child. */
struct hasher {
    void *context;
};
void hasher_init(struct hasher *hasher);
void hasher_update(struct hasher *hasher, struct bytes bytes);
struct hash hasher_final(struct hasher *hasher);
struct hash hasher_result(struct hasher *hasher); /* final without the release */
void hasher_restart(struct hasher *hasher);       /* after a result: for the next hash */
void hasher_release(struct hasher *hasher);

/* RFC 2104 with SHA-256. */
struct hash hmac(struct bytes key, struct bytes message);
/* RFC 5869 extract-and-expand with SHA-256; out_size at most 255 * 32. */
void hkdf(struct bytes secret, struct bytes salt, struct bytes info, uint8_t *out, size_t out_size);
/* Cryptographic randomness from OpenSSL: for edges and tools, never inside the core. */
void random_bytes(uint8_t *out, size_t size);

#endif
