/* channel_reassembly.h - messages cut into fragments that fit a DTLS record, and put together.
 *
 * An application record is
 *
 *     0         4          8         12
 *     | id u32 | offset u32 | total u32 | data, at most CHANNEL_FRAGMENT_MAX |
 *
 * Offsets are multiples of CHANNEL_FRAGMENT_MAX and every fragment but the last is full, so that
 * there is one way to cut a message. Memory is taken as data arrives, never for a claimed total;
 * at most CHANNEL_REASSEMBLY_MAX messages are incomplete at a time, the oldest gives way.
 *
 * Threads: one thread at a time.
 */
#ifndef CRYPTO_CHANNEL_REASSEMBLY_H
#define CRYPTO_CHANNEL_REASSEMBLY_H

#include "crypto/base.h"

enum {
    CHANNEL_MESSAGE_MAX = 2 * 1024 * 1024,
    CHANNEL_FRAGMENT_HEADER_SIZE = 12,
    CHANNEL_FRAGMENT_MAX = 16000, /* four records fill a frame of 64 KiB to 98 % */
    CHANNEL_FRAGMENTS_MAX = (CHANNEL_MESSAGE_MAX + CHANNEL_FRAGMENT_MAX - 1) / CHANNEL_FRAGMENT_MAX,
    CHANNEL_REASSEMBLY_MAX = 4,    /* incomplete messages a peer: at most 8 MiB */
    CHANNEL_REASSEMBLY_MS = 10000, /* an incomplete message is given up */
};

struct channel_fragment {
    uint32_t id, offset, total; /* total 0: no message, only a sign of life */
    struct bytes data;
};

struct channel_partial {
    bool used;
    uint64_t session;
    uint32_t id, total;
    size_t held; /* bytes of data that are here */
    uint64_t started_ms;
    uint64_t number; /* order of arrival */
    uint8_t *fragments[CHANNEL_FRAGMENTS_MAX];
};

struct channel_reassembly {
    struct channel_partial partials[CHANNEL_REASSEMBLY_MAX];
    uint64_t next_number;
    uint64_t evicted; /* incomplete messages given up */
};

void channel_reassembly_init(struct channel_reassembly *reassembly);
void channel_reassembly_release(struct channel_reassembly *reassembly);

void channel_fragment_header_encode(const struct channel_fragment *fragment,
                                    uint8_t header_out[CHANNEL_FRAGMENT_HEADER_SIZE]);
/* False when it breaks a rule above. `data` points into `plain`. */
bool channel_fragment_decode(struct bytes plain, struct channel_fragment *fragment_out) MUST_USE;

/* Takes a fragment (not a sign of life). True when it completes its message: the whole is in
 * `message_out`, owned by the caller, freed with free(); false while parts are missing. */
bool channel_reassembly_add(struct channel_reassembly *reassembly, uint64_t session,
                            const struct channel_fragment *fragment, uint64_t now_ms,
                            uint8_t **message_out) MUST_USE;
void channel_reassembly_expire(struct channel_reassembly *reassembly, uint64_t now_ms);
/* Bytes of incomplete messages. */
size_t channel_reassembly_held(const struct channel_reassembly *reassembly);

#endif
