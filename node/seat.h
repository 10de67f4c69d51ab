/* seat.h - a node's place in its coalition: its number, its keys, whom it talks to, and how it
 * comes to vote.
 *
 *   guest      follows the ledger by its invitation, which names whom to talk to until the ledger
 *              itself does
 *   joining    the charter names it: once it is near the head it says so on its lane ("ready") with
 *              the digest of what it executed, and votes two heights later
 *   member     its keys may be replaced while it runs: it goes on with the next ones (keyring.h)
 *   suspended, left, or known by keys that it does not have: it follows, and says what to do
 *
 * It looks at the replica and submits to it; the owner takes what follows to transport and API.
 * Threads: the loop's thread only.
 */
#ifndef NODE_SEAT_H
#define NODE_SEAT_H

#include "node/invitation.h"
#include "node/keyring.h"
#include "node/replica.h"
#include "node/transport.h"

struct seat {
    const struct config *config;    /* borrowed */
    const struct charter *charter;  /* in force at the next height; the replica's */
    enum replica_standing standing; /* that was told last */
    struct node_id self;
    struct keyring keys;
    struct key_set retired;        /* until seat_settle() */
    struct invitation *invitation; /* NULL: none */
    struct buffer invitation_bytes;
    struct checkpoint
        led_to; /* of the invitation, until the node has come to it; size 0: no more */
    /* Whom it talks to, and the key for it. */
    struct transport_peer peers[NODES_MAX];
    size_t peer_count;
    bool by_invitation;
    const struct channel_key *transport_key;
    uint64_t served_until_ms[NODES_MAX]; /* nodes that left catch up to where they did */
    const struct key_set *tried;         /* instead of what the charter says; NULL: nothing */
    uint64_t linked_ms;                  /* when a peer was up last, or another key was tried */
    uint64_t ready_ms, look_ms;
    char trouble[ERROR_TEXT_SIZE]; /* of the next keys, told once */
};

/* Its number by the coalition's first charter or by the invitation, and its keys. The seat knows no
 * charter in force before seat_take(). The error says what to do. */
bool seat_open(struct seat *seat, const struct config *config, const struct charter *first,
               struct error *error) MUST_USE;
void seat_close(struct seat *seat); /* after replica and transport; safe on a zeroed one */

/* Fills in the keys that the replica may sign with. */
void seat_give_keys(const struct seat *seat, struct replica_config *config_out);
/* After a start: the keys of its configuration are, or were, or are about to be this node's.
 * ERROR_CONFLICT when they are another's. */
bool seat_check_keys(const struct seat *seat, const struct replica *replica,
                     struct error *error) MUST_USE;

/* The charter in force is another one (or the first): peers and transport key follow. */
void seat_take(struct seat *seat, const struct replica *replica, uint64_t now_ms);
/* NULL: the log key in force is not one that it has. */
const struct signing_key *seat_log_key(const struct seat *seat);

enum seat_news {
    SEAT_NOTHING,
    SEAT_PEERS, /* whom it talks to, or with which key, has changed: transport and API follow */
    SEAT_ASTRAY /* the ledger that it followed is not the one it was invited to: it must stop */
};
/* Some times a second. `linked`: a peer is up. What is astray stands in the error. */
enum seat_news seat_step(struct seat *seat, struct replica *replica, bool linked, uint64_t now_ms,
                         struct error *error);
/* After SEAT_PEERS was taken: keys that nobody uses any more go. */
void seat_settle(struct seat *seat);

#endif
