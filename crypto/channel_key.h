/* channel_key.h - the node's P-256 transport key and the certificate made from it.
 *
 * DTLS 1.2 cannot use Ed25519 certificates, so a node has a second key for the wire only. Its
 * identity is the 65-byte point, pinned by the other nodes; the certificate is self-signed, made
 * anew at each start, and nothing but its key is ever read from it.
 *
 * Threads: a key may be used by one thread at a time.
 */
#ifndef CRYPTO_CHANNEL_KEY_H
#define CRYPTO_CHANNEL_KEY_H

#include "crypto/hash.h"

enum {
    CHANNEL_POINT_SIZE = 65,   /* 04 ‖ x ‖ y, SEC 1 section 2.3.3 */
    CHANNEL_KEY_PEM_MAX = 512, /* a P-256 PKCS#8 file has about 240 bytes */
};

struct channel_key; /* opaque: holds a private key */
struct evp_pkey_st;
struct ssl_ctx_st;

struct channel_key *channel_key_generate(void);
void channel_key_close(struct channel_key *key); /* NULL is fine */
void channel_key_point(const struct channel_key *key, uint8_t point_out[CHANNEL_POINT_SIZE]);

/* PKCS#8 PEM (RFC 5958, RFC 7468), unencrypted; at most CHANNEL_KEY_PEM_MAX bytes are appended.
 * The caller wipes the buffer. */
void channel_key_encode(const struct channel_key *key, struct buffer *pem_out);
/* ERROR_INVALID when the text is no unencrypted P-256 private key. */
bool channel_key_decode(struct bytes pem, struct channel_key **key_out,
                        struct error *error) MUST_USE;

/* For the modules of the channel. A pinned point as an OpenSSL key, freed with EVP_PKEY_free();
 * ERROR_INVALID when it does not lie on the curve. */
bool channel_point_open(const uint8_t point[CHANNEL_POINT_SIZE], struct evp_pkey_st **point_out,
                        struct error *error) MUST_USE;
/* ECDH (SEC 1 section 3.3.1): the x coordinate. The caller wipes it. */
void channel_key_agree(const struct channel_key *key, struct evp_pkey_st *point,
                       uint8_t secret32_out[32]);
/* The DTLS settings that every session of this key shares; borrowed. */
struct ssl_ctx_st *channel_key_context(const struct channel_key *key);

#endif
