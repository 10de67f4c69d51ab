/* replica.h - one node's part in the coalition as a step function: events in, actions out.
 *
 * Lanes, agreement, execution and catching up, tied together without a clock, socket, file or
 * randomness inside: time and nonces are arguments, reading goes through a store interface, writing
 * is an action. The same object runs in accrued and in the simulator.
 *
 * After each event the caller takes every action with replica_next(), in order:
 *
 *   SEND   may be lost; never sent before the write it depends on is durable: the replica emits it
 *          only then.
 *   WRITE  one atomic group. Groups are applied in order; when the group is synced the caller gives
 *          back replica_on_durable(number). A write that fails ends the process.
 *   ANSWER the fate of a submitted transaction.
 *   FATAL  the replica has stopped for good; its text says why and what to do.
 *
 * Threads: the loop's thread only.
 */
#ifndef NODE_REPLICA_H
#define NODE_REPLICA_H

#include "node/cosign.h"
#include "node/store.h"
#include "partners/settlement.h"
#include "partners/state.h"
#include "protocol/attestation.h"
#include "protocol/evidence.h"
#include "protocol/message.h"

struct signing_key;

enum {
    REPLICA_TO_ALL = 0xffff,
    MEMBER_SKIP_MAX = 4096 /* the loop's thread reads each of them from the store */
};

/* The snapshots that this node holds, and the one that it fetches (node/snapshot_file.h). */
struct replica_snapshots {
    void *context;
    /* Piece `piece` from 1 of the one of that height; 0: the hashes of all. Appended, at most
     * SNAPSHOT_PIECE. False: it is not here. */
    bool (*read)(void *context, uint64_t height, uint64_t piece, struct buffer *out);
};

struct replica_config {
    const struct charter *charter; /* of the coalition's beginning; borrowed */
    struct node_id self;           /* beyond the charter: a guest until a ballot admits it */
    /* The keys that this node holds, borrowed; NULL: none. It signs with those that the charter in
     * force names for it, and with none where that names others. The next ones are for a change
     * that is on its way; without a cosigner key it cosigns nothing. */
    const struct signing_key *key, *next_key;
    const struct signing_key *cosigner_key, *next_cosigner_key;
    struct store store;
    uint64_t nonce;           /* random: pairs questions at start with their answers */
    size_t mempool_bytes_max; /* transactions that wait for a batch; 0: 16 MiB */
    /* Optional: a state that was read from an image (partners/state_image.h) with the place that
     * replica_place() gave beside it. The state's ownership passes, also when opening fails. */
    struct state *image;
    struct bytes place; /* borrowed during replica_open() */
    /* Optional: it tells when snapshots are due, attests them and serves their pieces. */
    const struct replica_snapshots *snapshots; /* borrowed */
    /* A node whose height is less than half of a snapshot's, and so many heights and more below it,
     * fetches it and begins with it. 0: it never does. */
    uint64_t fetch_ahead;
    /* With an image: that of the snapshot which the store says it began with (store_gaps.h). Its
     * head is the place, and its hash was compared. */
    struct snapshot_name joined;
};

enum replica_action_kind {
    REPLICA_SEND,
    REPLICA_WRITE,
    REPLICA_DURABLE,  /* token's transaction is durable in our lane (or in the outbox) */
    REPLICA_DECIDED,  /* token's transaction was decided and executed here */
    REPLICA_EXECUTED, /* a height was applied; for event streams and metrics */
    REPLICA_SNAPSHOT, /* one is due of the state as it is: no height is executed before
                         replica_snapshot_taken() */
    REPLICA_PIECE,    /* of a snapshot that is being fetched, good: to be kept */
    REPLICA_FETCHED,  /* all of it is: to be made whole, then replica_snapshot_whole() */
    REPLICA_REOPEN, /* the node begins with it: this replica has stopped, another is to be opened */
    REPLICA_CHARTER, /* from `height` on another charter is in force: replica_charter() */
    REPLICA_WARN,
    REPLICA_FATAL
};
struct replica_action {
    enum replica_action_kind kind;
    uint16_t peer;                   /* SEND: node number or REPLICA_TO_ALL */
    struct bytes message;            /* SEND, PIECE; valid until the next event */
    uint64_t write;                  /* WRITE: its number */
    const struct store_group *group; /* WRITE; owned by the replica until it is durable */
    uint64_t token;                  /* DURABLE, DECIDED */
    struct record_index index;       /* DECIDED */
    enum verdict verdict;            /* DECIDED */
    bool late;                       /* DECIDED */
    struct record_index first;       /* DECIDED with VERDICT_REPEAT */
    uint64_t height;                 /* DECIDED, EXECUTED, CHARTER */
    struct snapshot_name snapshot;   /* PIECE, FETCHED, REOPEN */
    uint64_t piece;                  /* PIECE: from 1, in order */
    const char *text;                /* WARN, FATAL; valid until the next event */
};

struct replica;

/* Recovers from the store: replays every height (checking digests, tiles and chains), own votes,
 * lock, lanes and outbox. `now_ms` is wall-clock time. ERROR_CORRUPT names the key that is damaged.
 *
 * With an image it replays only the heights after it, and is then the replica that a replay of all
 * of them gives. An image is trusted for nothing that can be compared: ERROR_CONFLICT when it is
 * not what this store's ledger had at that height, or the store does not reach it. Whatever fails
 * with an image is to be tried without. What lies before the image is not looked at, but for the
 * tiles that the tree's open end rests on: that is left to a replay from the first height. */
bool replica_open(const struct replica_config *config, uint64_t now_ms,
                  struct replica **replica_out, struct error *error) MUST_USE;
void replica_close(struct replica *replica);

enum { REPLICA_PLACE_MAX = 64 * 1024 };
/* What an image of replica_state(), made at this same moment, needs beside it to be gone on from:
 * few kilobytes, with a hash of their own at the end (protocol/FORMAT.md, 14). Appended. */
void replica_place(const struct replica *replica, struct buffer *place_out);

/* ---- events -------------------------------------------------------------------------------- */

void replica_on_message(struct replica *replica, uint16_t from, struct bytes bytes,
                        uint64_t now_ms);
void replica_on_durable(struct replica *replica, uint64_t number, uint64_t now_ms);
/* At or after replica_deadline_ms(). */
void replica_on_time(struct replica *replica, uint64_t now_ms);
/* A transaction of a client, canonical bytes. `token` comes back with its answers; 0: none wanted.
 * ERROR_BUSY when the node has no room: try later. ERROR_INVALID when it does not decode.
 * ERROR_DENIED when its lane is closed: replica_standing() says why. */
bool replica_submit(struct replica *replica, struct bytes transaction, uint64_t token,
                    uint64_t now_ms, struct error *error) MUST_USE;
/* The same of bytes that the caller has decoded. */
bool replica_submit_decoded(struct replica *replica, struct bytes transaction, uint64_t token,
                            uint64_t now_ms, struct error *error) MUST_USE;
/* No new transactions; batches already made go on. For a graceful stop. */
void replica_drain(struct replica *replica);
bool replica_drained(const struct replica *replica); /* nothing of ours waits to be durable */

/* ---- membership ---------------------------------------------------------------------------- */

/* The charter in force at the next height, and the one at the height after: two heights are always
 * known ahead. They live as long as the replica. */
const struct charter *replica_charter(const struct replica *replica);
const struct charter *replica_next_charter(const struct replica *replica);

enum replica_standing {
    REPLICA_WRITES,    /* takes part: its lane is open */
    REPLICA_GUEST,     /* not in the charter yet: it follows */
    REPLICA_SUSPENDED, /* for evidence: it votes, if it is a voter, and writes nothing */
    REPLICA_OTHER_KEY, /* the charter names a key that it does not hold: it follows */
    REPLICA_LEFT       /* it follows, and helps others to catch up */
};
enum replica_standing replica_standing(const struct replica *replica);
/* The keys for a change that is on its way, instead of those that the charter does not name, or of
 * those with the same signing key; borrowed. They sign from the height on from which the charter
 * names them, without a restart. ERROR_INVALID when they are no keys. */
bool replica_hold_next(struct replica *replica, const struct signing_key *key,
                       const struct signing_key *cosigner_key, struct error *error) MUST_USE;

bool replica_next(struct replica *replica, struct replica_action *action_out);
uint64_t replica_deadline_ms(const struct replica *replica); /* UINT64_MAX: none */

/* ---- asking -------------------------------------------------------------------------------- */

const struct state *replica_state(const struct replica *replica);
uint64_t replica_height(const struct replica *replica);       /* last executed */
uint64_t replica_record_count(const struct replica *replica); /* up to that height */
/* Ledger time that now would have: what a till's transaction is stamped with. */
uint64_t replica_ledger_now_ms(const struct replica *replica, uint64_t now_ms);

/* ---- snapshots: replica_snapshot.c, replica_fetch.c, replica_join.c -------------------------- */

enum { REPLICA_HEAD_MAX = 256 * 1024 };
/* What goes before the image of a snapshot, the same at every node: when REPLICA_SNAPSHOT says so.
 * Appended. */
void replica_snapshot_head(const struct replica *replica, struct buffer *head_out);
/* The state was copied, or is not going to be: execution goes on. */
void replica_snapshot_taken(struct replica *replica, uint64_t now_ms);
/* This node made the snapshot itself, now or before it was started: it is attested, once that
 * height is durable, and served. */
void replica_snapshot_made(struct replica *replica, const struct snapshot_name *name);
/* The one that was fetched is whole and durable. */
void replica_snapshot_whole(struct replica *replica, const struct snapshot_name *name,
                            uint64_t now_ms);
/* Who vouches for it: attestations of the newest snapshot that Q voters signed. Valid until the
 * next event; fewer than `room` are all. */
size_t replica_vouched(const struct replica *replica, struct attestation *attestations_out,
                       size_t room);

/* Where the store lacks history: behind the snapshot that it began with, and what was pruned. */
struct replica_gap {
    struct snapshot_name snapshot;      /* height 0: it lacks nothing */
    uint64_t records;                   /* up to the snapshot */
    uint64_t here_height, here_records; /* of them: executed again and compared, in this process */
    uint64_t pruned_height, pruned_records; /* 0: nothing was pruned */
};
/* A second replica over the same store, which fetches and executes the heights behind the snapshot
 * that `replica` began with, at a bounded pace, and signs nothing. It is given every message that
 * the first one is given; its actions are taken likewise. A height that is in the store already is
 * executed from there. NULL when nothing is lacking. `replica` must outlive it. */
struct replica *replica_open_history(const struct replica *replica, uint64_t now_ms);
/* Tells `replica` how far its history is. True when it is over: all heights are there, and the last
 * had the snapshot's digest, root and cut (else `replica` stops for good: FATAL). Then the history
 * is to be closed. */
bool replica_history_passed(struct replica *replica, const struct replica *history,
                            uint64_t now_ms);

struct replica_status {
    uint64_t height, records, ledger_time_ms;
    struct hash root, digest;
    int32_t round;
    bool may_sign;   /* rule 3 is satisfied */
    bool has_quorum; /* Q - 1 other voters were heard from within the last seconds */
    bool stopped;    /* FATAL was emitted */
    enum replica_standing standing;
    uint64_t resumed_height, resumed_records; /* of the image that it was opened with; 0: none */
    uint64_t mempool_bytes, mempool_count, undecided_batches, outbox_count;
    uint64_t heard_ms[NODES_MAX]; /* when each node was last heard, 0: never */
    uint64_t peer_height[NODES_MAX];
    /* Of each node: what its key signed against itself and proposed that was refused or could not
     * be fetched in time; and what it carried, whoever made it. */
    uint64_t conflicts[NODES_MAX], refused_cuts[NODES_MAX], unfetched_cuts[NODES_MAX];
    uint64_t omissions[NODES_MAX];
    uint64_t bad_signatures[NODES_MAX], malformed[NODES_MAX], useless[NODES_MAX];
    uint64_t ignored[NODES_MAX];        /* messages, unread: it had wasted too much of our time */
    uint64_t unserved[NODES_MAX];       /* requests beyond what a peer gets in a second */
    struct lane_head lanes[NODES_MAX];  /* decided */
    uint64_t final_size, cosigned_size; /* records; 0: none yet */
    uint64_t vouched_height;            /* of the newest snapshot that Q voters attest; 0: none */
    struct replica_gap gap;
    uint64_t fetched_pieces, fetching_pieces; /* of a snapshot; 0 of 0: none is being fetched */
    /* Of each node: its cosignatures that agree with the log here, and those that exclude another
     * of its own or the root that was computed here. */
    uint64_t cosignatures[NODES_MAX], cosignature_conflicts[NODES_MAX];
};
void replica_status(const struct replica *replica, uint64_t now_ms,
                    struct replica_status *status_out);

/* The newest checkpoint that Q voters cosigned and that is durable; size 0: none yet. Valid until
 * the next event. */
const struct cosign_final *replica_final(const struct replica *replica);
/* What is known of a node's cosignatures, and two that exclude each other if there were such. Valid
 * until the next event. */
const struct cosign_peer *replica_cosigner(const struct replica *replica, struct node_id node);

/* Evidence that nodes lied (protocol/evidence.h), the earliest first: a node, kind and place once,
 * EVIDENCE_NODE_MAX of a node and EVIDENCE_KEPT_MAX in all; the earliest stay, but for those under
 * keys that were replaced since, which make room. What was seen in the last instant before a power
 * cut may be lost with it. */
enum { EVIDENCE_NODE_MAX = 64, EVIDENCE_KEPT_MAX = 4096 };
struct evidence_kept {
    struct hash id;
    enum evidence_kind kind;
    struct node_id node;
    struct evidence_place place;
    uint64_t seen_ms; /* by this node's clock */
    bool holds;       /* under the keys in force; else its node has others since */
    uint16_t size;
    uint8_t bytes[EVIDENCE_SIZE_MAX]; /* as they are encoded */
};
size_t replica_evidence_count(const struct replica *replica);
/* Valid until the next event. */
const struct evidence_kept *replica_evidence(const struct replica *replica, size_t number);

/* Reading the log, from the store. ------------------------------------------------------------ */

/* The bytes of record `index`: the join of its batch and its outcome. Appended. */
bool replica_record(const struct replica *replica, uint64_t index, struct buffer *record_out,
                    struct error *error) MUST_USE;
/* The automatic effects that seal `index` has the hash of: what a dispute of it brings. Appended.
 * ERROR_NOT_FOUND: it is no seal, had none, or more of them than a dispute may bring, or was stored
 * before they were kept. */
bool replica_automatic(const struct replica *replica, uint64_t index, struct buffer *effects_out,
                       struct error *error) MUST_USE;
/* Records from `index` on, at most `count`, each given to `visit`; reads each block once. */
bool replica_records(const struct replica *replica, uint64_t index, uint64_t count,
                     bool (*visit)(void *visitor, uint64_t index, struct bytes record),
                     void *visitor, struct error *error) MUST_USE;
/* Record numbers of a member, newest first, below `before` (UINT64_MAX: all). Quick when `before`
 * is one of them; else at most MEMBER_SKIP_MAX are passed over, and then it is ERROR_LIMIT.
 * ERROR_CORRUPT when the chain in the store leads nowhere. */
bool replica_member_records(const struct replica *replica, const struct member_ref *member,
                            uint64_t before, size_t count, uint64_t *indexes_out, size_t *count_out,
                            struct error *error) MUST_USE;
/* Tile of hashes at the current size (crypto/merkle.h). */
bool replica_tile(const struct replica *replica, uint32_t level, uint64_t index,
                  struct hash tile_out[256], uint32_t *count_out, struct error *error) MUST_USE;

/* The path of leaf `index` to the root of the first `size` records (crypto/merkle.h); index < size
 * <= replica_record_count(), else ERROR_NOT_FOUND. */
bool replica_prove_inclusion(const struct replica *replica, uint64_t index, uint64_t size,
                             struct hash proof_out[64], size_t *count_out,
                             struct error *error) MUST_USE;

/* What proves a height: its certificate, its cut and the headers and signatures of its batches in
 * execution order. CBOR: [version, height, first record index, certificate, cut bytes,
 * [[header, signature, first record index]...]]. With the records it is everything an auditor
 * needs. Appended. */
bool replica_height_proof(const struct replica *replica, uint64_t height, struct buffer *proof_out,
                          struct error *error) MUST_USE;

/* That the first `old_size` records are the beginning of the first `size` (crypto/merkle.h); 0 <
 * old_size <= size <= replica_record_count(), else ERROR_NOT_FOUND. */
bool replica_prove_consistency(const struct replica *replica, uint64_t old_size, uint64_t size,
                               struct hash proof_out[128], size_t *count_out,
                               struct error *error) MUST_USE;

#endif
