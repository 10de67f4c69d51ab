/* channel_frame.h - the outermost bytes between two nodes, and the MAC that keeps strangers out.
 *
 *     0        1         3           5             13          29
 *     | version | sender u16 | receiver u16 | session u64 | MAC [16] | DTLS records ... |
 *
 * MAC = the first 16 bytes of HMAC-SHA-256 over the first 13 bytes and the records, under a key
 * that only the two nodes can compute: HKDF over the ECDH of their pinned keys, one key for each
 * direction. It is no substitute for DTLS: it keeps anything a stranger sends away from OpenSSL.
 *
 * Threads: a struct is used by one thread at a time.
 */
#ifndef CRYPTO_CHANNEL_FRAME_H
#define CRYPTO_CHANNEL_FRAME_H

#include "crypto/channel_key.h"

enum {
    CHANNEL_FRAME_VERSION = 1,
    CHANNEL_HEADER_SIZE = 13,
    CHANNEL_MAC_SIZE = 16,
    CHANNEL_PAYLOAD_AT = CHANNEL_HEADER_SIZE + CHANNEL_MAC_SIZE,
    CHANNEL_FRAME_MAX = 64 * 1024, /* what a stranger can make us hold per connection */
};

struct channel_header {
    uint16_t sender, receiver; /* node indexes */
    uint64_t session;          /* 0: none, see channel.h */
};

/* Keyed HMAC contexts, one a direction. */
struct channel_macs {
    struct evp_mac_ctx_st *sending, *receiving;
};

/* `point` is the peer's key as channel_point_open() gives it. */
void channel_macs_init(struct channel_macs *macs, const struct channel_key *key,
                       struct evp_pkey_st *point, const struct hash *coalition, uint16_t own,
                       uint16_t peer);
void channel_macs_release(struct channel_macs *macs);

/* False when the frame is too short, too long or of another version. Nothing is authenticated. */
bool channel_header_decode(struct bytes frame, struct channel_header *header_out) MUST_USE;
/* Writes header and MAC before the records that are in place at frame + CHANNEL_PAYLOAD_AT. */
void channel_frame_seal(const struct channel_macs *macs, const struct channel_header *header,
                        uint8_t *frame, size_t frame_size);
/* Constant time in the MAC's bytes; allocates nothing. */
bool channel_frame_check(const struct channel_macs *macs, struct bytes frame) MUST_USE;

#endif
