/* transport.h - messages between the nodes of a coalition: authenticated, private, bounded.
 *
 * A message arrives whole or not at all, from the peer named or not at all; it may be lost,
 * repeated or reordered, and the protocol above expects that. A stranger can neither read, forge,
 * nor cost more than one MAC check a frame. Threads: the loop's thread only.
 */
#ifndef NODE_TRANSPORT_H
#define NODE_TRANSPORT_H

#include "crypto/hash.h"

struct uv_loop_s;
struct channel_key; /* crypto/channel.h: the node's own P-256 transport key */

enum { TRANSPORT_POINT_SIZE = 65, TRANSPORT_URL_MAX = 255 };

struct transport_peer {
    uint16_t node;                       /* index in the charter, not our own */
    char url[TRANSPORT_URL_MAX + 1];     /* "tcp://127.0.0.1:7101" */
    uint8_t point[TRANSPORT_POINT_SIZE]; /* its pinned P-256 key, uncompressed (SEC 1) */
};

struct transport_config {
    struct hash coalition;
    uint16_t node;                      /* our own index */
    char listen[TRANSPORT_URL_MAX + 1]; /* "tcp://127.0.0.1:7100" */
    const struct channel_key *key;      /* borrowed, must outlive the transport */
    const struct transport_peer *peers;
    size_t peer_count;
    size_t
        queue_bytes_max; /* unsent bytes kept a peer; a message larger than the room is dropped */
    /* Open descriptors of this process beyond which the listening socket is closed and bound anew,
     * to be rid of idle strangers. 0: half the limit of the process. */
    size_t descriptors_max;
};

/* Called from the loop. `message` is valid during the call only. Both may call transport_send(),
 * and neither may close the transport. */
struct transport_events {
    void *context;
    void (*message)(void *context, uint16_t from, struct bytes message);
    void (*link)(void *context, uint16_t peer, bool up); /* authenticated, or lost */
};

struct transport_counts { /* a peer's, since the start; for /metrics */
    uint64_t sent_messages, sent_bytes, received_messages, received_bytes;
    uint64_t dropped_queue_full, handshakes, handshake_failures, bad_frames;
    uint64_t over_budget;        /* frames in its name, unread: it had used up its share */
    uint64_t incomplete;         /* messages whose rest did not come */
    uint64_t refused_handshakes; /* too many, or a replay */
    bool up;
};
struct transport_strangers { /* frames that belong to no peer */
    uint64_t bad_mac, malformed, unknown_peer;
    uint64_t rebinds; /* the listening socket was renewed, see descriptors_max */
};

struct transport;

bool transport_open(const struct transport_config *config, struct uv_loop_s *loop,
                    const struct transport_events *events, struct transport **transport_out,
                    struct error *error) MUST_USE;
void transport_close(struct transport *transport); /* NULL is fine; run the loop once after it */
/* From now on these are the peers, and `key` is our own (borrowed; the one before is not used any
 * more). A link to a peer of which nothing changed goes on undisturbed; whoever is left out is a
 * stranger. Not from within an event. ERROR_INVALID with nothing changed: a peer listed twice;
 * ERROR_LIMIT: too many. Any other failure is one peer's, the first of them named: it is tried
 * again later, or, where its key is no key, left out; the rest is as asked. */
bool transport_set_peers(struct transport *transport, const struct channel_key *key,
                         const struct transport_peer *peers, size_t peer_count,
                         struct error *error) MUST_USE;
/* Copies the message (at most MESSAGE_SIZE_MAX bytes). False when the link is down or the peer's
 * queue is full: the message is dropped, as on any lossy network, and counted. */
bool transport_send(struct transport *transport, uint16_t peer, struct bytes message);
bool transport_counts_of(const struct transport *transport, uint16_t peer,
                         struct transport_counts *counts_out);
struct transport_strangers transport_strangers_of(const struct transport *transport);

#endif
