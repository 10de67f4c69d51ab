/* channel.h - the private, authenticated line to one other node: frames in, messages out.
 *
 * A frame (channel_frame.h) is a MAC that only the two nodes can make, around DTLS 1.2 records
 * (channel_session.h), around fragments of messages (channel_reassembly.h). The node with the lower
 * index is the DTLS client. Frames may be lost, repeated, reordered or forged: a message then
 * arrives late or not at all, but the line stays.
 *
 * At most: one session in use, the one before it for a moment longer, CHANNEL_SLOTS_MAX handshakes
 * and CHANNEL_REASSEMBLY_MAX incomplete messages. A new handshake, whoever starts it, disturbs the
 * session in use only once the peer has proved its key in the new one.
 *
 * A frame with session 0 and no records is a knock: the server side, which cannot start a handshake
 * itself, asks the client for one, because it has no session and no handshake under way.
 *
 * No socket, no clock: times are arguments, milliseconds of one monotonic clock. Session ids and
 * keys come from OpenSSL's generator. Threads: one thread at a time.
 */
#ifndef CRYPTO_CHANNEL_H
#define CRYPTO_CHANNEL_H

#include "crypto/channel_frame.h"
#include "crypto/channel_key.h"
#include "crypto/channel_reassembly.h"

enum {
    CHANNEL_SLOTS_MAX = 2,            /* handshakes under way; one more replaces the oldest */
    CHANNEL_SLOT_MS = 10000,          /* the life of a handshake */
    CHANNEL_STARTS_PER_S = 5,         /* handshakes begun, by either side */
    CHANNEL_SEEN_MAX = 64,            /* session ids remembered, so that a replay starts nothing */
    CHANNEL_LINGER_MS = 3000,         /* the replaced session still receives */
    CHANNEL_KEEPALIVE_MS = 2000,      /* a sign of life when nothing else was sent */
    CHANNEL_SILENCE_MS = 10000,       /* a session that hears nothing is lost */
    CHANNEL_SESSION_MS = 86400000,    /* a day: then the client makes a fresh one */
    CHANNEL_RESEND_MS = 200,          /* handshake flights, doubling ... */
    CHANNEL_RESEND_MAX_MS = 1000,     /* ... up to this */
    CHANNEL_RETRY_MS = 1000,          /* between a client's attempts, doubling ... */
    CHANNEL_RETRY_MAX_MS = 8000,      /* ... up to this */
    CHANNEL_KNOCK_MS = 1000,          /* between knocks */
    CHANNEL_STRANGE_FRAME_MAX = 2048, /* larger frames of unknown sessions are not worth a MAC */
    CHANNEL_RECORDS_MAX = 64,         /* a frame */
    CHANNEL_TICK_MS = 50,             /* how often channel_tick() wants to be called, about */
};

struct channel_config {
    struct hash coalition;
    uint16_t own, peer;                     /* node indexes, different */
    const struct channel_key *key;          /* borrowed, must outlive the channel */
    uint8_t peer_point[CHANNEL_POINT_SIZE]; /* the peer's pinned key */
};

/* Called from within channel_receive, _send, _tick. `message` and `link` may call channel_send();
 * nothing may close the channel. Bytes are valid during the call only. */
struct channel_events {
    void *context;
    void (*frame)(void *context, struct bytes frame);     /* to be carried to the peer */
    void (*message)(void *context, struct bytes message); /* from the peer, whole */
    void (*link)(void *context, bool up);
};

enum channel_result {
    CHANNEL_ACCEPTED,
    CHANNEL_FORGED,    /* not by the peer, or not for us: no effect, and nobody to blame */
    CHANNEL_MALFORMED, /* made by the peer (or a replay of what it made), and breaks a rule */
};

struct channel_counts {
    uint64_t frames_sent, frames_received; /* received: with a good MAC */
    uint64_t bad_mac;
    uint64_t strange;            /* refused unread: not ours, or too large for an unknown session */
    uint64_t malformed;          /* good MAC, bad contents */
    uint64_t unknown_session;    /* good MAC, no session of that id */
    uint64_t starts;             /* handshakes begun */
    uint64_t starts_refused;     /* over the rate, or a replayed session id */
    uint64_t handshakes;         /* completed */
    uint64_t handshake_failures; /* refused, expired or replaced */
    uint64_t sessions_lost;      /* in use, then silent or broken */
    uint64_t messages_sent, bytes_sent, messages_received, bytes_received;
    uint64_t reassembly_evicted;
};

struct channel;

/* ERROR_INVALID when own == peer, or the peer's point is not on the curve or is our own. */
bool channel_open(const struct channel_config *config, const struct channel_events *events,
                  struct channel **channel_out, struct error *error) MUST_USE;
void channel_close(struct channel *channel); /* NULL is fine; sends nothing */

/* Starts and repeats handshakes, signs of life, expiry. */
void channel_tick(struct channel *channel, uint64_t now_ms);
/* Any bytes. */
enum channel_result channel_receive(struct channel *channel, struct bytes frame, uint64_t now_ms);
/* 1 .. CHANNEL_MESSAGE_MAX bytes. False when the link is down: nothing was sent. */
bool channel_send(struct channel *channel, struct bytes message, uint64_t now_ms);
bool channel_is_up(const struct channel *channel);
struct channel_counts channel_counts_of(const struct channel *channel);
/* Bytes that frames and records add to a message: for queue limits. */
size_t channel_sealed_size(size_t message_size);

#endif
