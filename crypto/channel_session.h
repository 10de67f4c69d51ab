/* channel_session.h - one DTLS 1.2 association between two pinned keys, in memory.
 *
 * Records go in one at a time, records come out; there is no socket and no clock. OpenSSL's own
 * retransmission timer is switched off, because it reads the wall clock: the session keeps the last
 * flight of handshake records and its owner sends them again. Receiving a record twice is harmless
 * (RFC 6347 section 4.1.2.6).
 *
 * Threads: one thread at a time.
 */
#ifndef CRYPTO_CHANNEL_SESSION_H
#define CRYPTO_CHANNEL_SESSION_H

#include "crypto/channel_key.h"

struct x509_st;

enum {
    CHANNEL_RECORD_HEADER_SIZE = 13,
    CHANNEL_RECORD_PLAIN_MAX = 16384,                         /* RFC 6347 section 4.1 */
    CHANNEL_RECORD_MAX = 13 + CHANNEL_RECORD_PLAIN_MAX + 256, /* AES-GCM adds 24 bytes */
    CHANNEL_FLIGHT_MAX = 16384,                               /* a flight has about 1,200 bytes */
    CHANNEL_COOKIE_SIZE = 32,
};

enum channel_session_state {
    CHANNEL_SESSION_HANDSHAKE,
    CHANNEL_SESSION_READY, /* the peer has proved its pinned key */
    CHANNEL_SESSION_FAILED,
};

struct channel_session {
    struct ssl_st *ssl;
    struct bio_st *in, *out; /* owned by ssl */
    struct evp_pkey_st *pinned;
    uint64_t id;
    enum channel_session_state state;
    bool client;
    uint8_t cookie[CHANNEL_COOKIE_SIZE];
    struct buffer flight; /* the last handshake records sent, until the peer has surely got them */
    /* For the owner's use. */
    uint64_t started_ms, heard_ms, sent_ms, resend_ms;
    unsigned resend_wait_ms;
};

/* The settings of all sessions of a key; freed with SSL_CTX_free(). */
struct ssl_ctx_st *channel_session_context(struct evp_pkey_st *pair, struct x509_st *certificate);

/* `pinned` is borrowed and must outlive the session: the one key the peer may prove. */
struct channel_session *channel_session_open(const struct channel_key *key,
                                             struct evp_pkey_st *pinned, uint64_t id, bool client);
void channel_session_close(struct channel_session *session); /* NULL is fine */

/* The size of the first record in `bytes`; 0 when it is cut short or larger than allowed. */
size_t channel_record_size(struct bytes bytes);
/* The first record of a new association: an unencrypted ClientHello, message 0. */
bool channel_record_is_hello(struct bytes record);

/* Takes one whole record. What it leads to is seen by _handshake and _read. */
void channel_session_input(struct channel_session *session, struct bytes record);
/* Goes on with the handshake; a client's first call makes its hello. */
void channel_session_handshake(struct channel_session *session);
/* One decrypted application record into `plain_out` of CHANNEL_RECORD_PLAIN_MAX bytes; 0 when there
 * is none (now, or any more: see the state). */
size_t channel_session_read(struct channel_session *session, uint8_t *plain_out);
/* Encrypts one record; READY sessions only. */
void channel_session_write(struct channel_session *session, struct bytes plain);
/* Moves the records that are waiting to be sent to `out` (at most `capacity` bytes; more than that
 * fails the session) and returns their size. */
size_t channel_session_output(struct channel_session *session, uint8_t *out, size_t capacity);

#endif
