/* message.h - what nodes say to each other. A message is [version, kind, body]; protocol/FORMAT.md.
 *
 * Nothing in a message is trusted for who carried it: batches, proposals, votes, certificates
 * and cosignatures carry signatures of their makers. Pure. Threads: any.
 */
#ifndef PROTOCOL_MESSAGE_H
#define PROTOCOL_MESSAGE_H

#include "protocol/attestation.h"
#include "protocol/batch.h"
#include "protocol/cosignature.h"
#include "protocol/vote.h"

#define MESSAGE_KINDS(X)                                                                           \
    X(MESSAGE_BATCH, 1, "batch")                                                                   \
    X(MESSAGE_PROPOSAL, 2, "proposal")                                                             \
    X(MESSAGE_VOTES, 3, "votes")                                                                   \
    X(MESSAGE_STATUS, 4, "status")                                                                 \
    X(MESSAGE_FETCH_BATCHES, 5, "fetch-batches")                                                   \
    X(MESSAGE_FETCH_HEIGHTS, 6, "fetch-heights")                                                   \
    X(MESSAGE_DECIDED, 7, "decided")                                                               \
    X(MESSAGE_ASK, 8, "ask")                                                                       \
    X(MESSAGE_ANSWER, 9, "answer")                                                                 \
    X(MESSAGE_COSIGNATURE, 10, "cosignature")                                                      \
    X(MESSAGE_ATTESTATION, 11, "attestation")                                                      \
    X(MESSAGE_FETCH_SNAPSHOT, 12, "fetch-snapshot")                                                \
    X(MESSAGE_SNAPSHOT_PIECE, 13, "snapshot-piece")                                                \
    X(MESSAGE_EVIDENCE, 14, "evidence")

enum message_kind {
#define X(name, number, word) name = number,
    MESSAGE_KINDS(X)
#undef X
};
const char *message_kind_word(enum message_kind kind);

enum {
    MESSAGE_KIND_MAX = MESSAGE_EVIDENCE,
    MESSAGE_VOTES_MAX = 2 * VOTERS_MAX,
    STATUS_ROUNDS_MAX = 8,
    STATUS_PROPOSALS_MAX = 2, /* slots of a round: CONSENSUS_SLOTS */
    FETCH_BATCHES_MAX = 64,
    FETCH_HEIGHTS_MAX = 32
};

/* Where a node stands: sent until the height is decided, at growing intervals (rule 11). */
struct status {
    uint64_t height; /* being decided */
    uint16_t lane_count;
    struct lane_head lanes[NODES_MAX]; /* highest verified */
    size_t round_count;
    struct status_round {
        int32_t round;
        uint64_t prevotes, precommits; /* bit i: of voters[i] */
        uint8_t proposals;             /* slots filled, 0..STATUS_PROPOSALS_MAX */
    } rounds[STATUS_ROUNDS_MAX];
};

/* "Send the chain of `lane` from batch `head` down to, and without, sequence `above`." */
struct fetch_batch {
    struct node_id lane;
    struct hash head;
    uint64_t head_sequence;
    uint64_t above;
};

/* Rule 3: the newest things signed by the asker's key that we know of. */
struct answer {
    uint64_t nonce;
    struct bytes batch; /* encoded, or empty */
    size_t vote_count;  /* 0..2 */
    struct vote votes[2];
    struct bytes proposal; /* encoded, or empty */
};

struct message {
    enum message_kind kind;
    union {
        struct bytes batch; /* encoded batch, borrowed */
        struct bytes proposal;
        struct bytes evidence; /* encoded, borrowed */
        struct {
            size_t count;
            struct vote items[MESSAGE_VOTES_MAX];
        } votes;
        struct status status;
        struct {
            size_t count;
            struct fetch_batch items[FETCH_BATCHES_MAX];
        } fetch_batches;
        struct {
            uint64_t from;
            uint64_t count;
        } fetch_heights;
        struct {
            struct certificate certificate;
            struct bytes cut; /* encoded, borrowed */
        } decided;
        struct {
            uint64_t nonce;
        } ask;
        struct answer answer;
        struct {
            struct cosignature item;
            uint64_t final_size; /* of the newest final checkpoint that the sender holds; 0: none */
        } cosignature;
        struct attestation attestation;
        struct {
            uint64_t height; /* 0: whatever is vouched for, by its attestations */
            uint64_t piece;  /* 0: the hashes of all pieces; else one of them, from 1 */
        } fetch_snapshot;
        struct {
            uint64_t height, piece;
            struct bytes bytes; /* borrowed */
        } snapshot_piece;
    } body;
};

void message_encode(const struct message *message, struct buffer *out);
/* A message is large: the caller keeps one; on failure its contents mean nothing. Borrows from
 * `bytes`. ERROR_LIMIT beyond MESSAGE_SIZE_MAX. */
bool message_decode(struct bytes bytes, struct message *message_out, struct error *error) MUST_USE;

#endif
