/* record.h - what the log holds: one record a transaction, and one seal a height.
 *
 *     record = [version, 1, index, height, time_ms, lane, sequence, position, transaction,
 *               verdict, late, effects]
 *     seal   = [version, 2, index, height, time_ms, cut id, state digest, transactions,
 *               SHA-256 of the automatic effects, state root or null]
 *
 * A node stores batches and outcomes; a record is their join, made when somebody reads it. The leaf
 * of the Merkle tree is taken over the record's bytes.
 *
 * An outcome is [verdict, late, effects] without its array head: the tail of the record. Effects
 * are an array of arrays, each [kind, ...] as below; the auditor recomputes them.
 */
#ifndef PROTOCOL_RECORD_H
#define PROTOCOL_RECORD_H

#include "protocol/motion.h"
#include "protocol/transaction.h"
#include "protocol/verdict.h"

enum { RECORD_KIND_TRANSACTION = 1, RECORD_KIND_SEAL = 2 };

/* X(name, number, word): where points of a lot can be. */
#define POOLS(X)                                                                                   \
    X(POOL_PENDING, 0, "pending")                                                                  \
    X(POOL_REMAINING, 1, "remaining")                                                              \
    X(POOL_HELD, 2, "held")                                                                        \
    X(POOL_SPENT, 3, "spent")                                                                      \
    X(POOL_CLAWED_BACK, 4, "clawed-back")                                                          \
    X(POOL_EXPIRED, 5, "expired")                                                                  \
    X(POOL_TRANSFERRED, 6, "transferred-out")
enum pool {
#define X(name, number, word) name = number,
    POOLS(X)
#undef X
        POOL_COUNT
};

const char *pool_word(enum pool pool);

/* Effects:
 *   [1, lot, quantity]                      a lot came into being (pending or remaining)
 *   [2, lot, from pool, to pool, quantity]  points of a lot moved
 *   [3, debtor, creditor, class, tariff, amount]   an obligation, 1e-10 units, may be negative
 *   [4, partner, +/- points]                a deficit owed to that partner grew or was covered
 *   [5, +/- points]                         waived by policy; negative: made good since
 *   [6, index]                              the record that decided this key first (repeat)
 *   [7, kind, what, height]                 the coalition changes at this height, unless it lapses
 *   [8, kind, what, height]                 that change does not fit any more: nothing happens
 * where kind is that of a change, and what the motion's record, or the node for the kinds that no
 * motion brings.
 */
enum effect_kind {
    EFFECT_LOT = 1,
    EFFECT_MOVE = 2,
    EFFECT_OBLIGATION = 3,
    EFFECT_DEFICIT = 4,
    EFFECT_WAIVED = 5,
    EFFECT_FIRST = 6,
    EFFECT_AMENDED = 7,
    EFFECT_LAPSED = 8
};
/* The last of them. */
enum { EFFECT_KIND_MAX = EFFECT_LAPSED };
struct effect {
    enum effect_kind kind;
    struct lot_number lot;
    enum pool from, to;
    int64_t amount; /* points, or 1e-10 units for an obligation */
    struct partner_id partner, creditor;
    enum line_class line_class;
    uint8_t tariff; /* of an obligation: its currency and tax codes; SETTLEMENT.md section 23 */
    struct record_index first;
    enum change_kind change;
    uint64_t what, height; /* the motion's record or the node; from which height on */
};

struct outcome { /* encoded effects: an array item; borrowed from whoever made or decoded it */
    enum verdict verdict;
    bool late; /* the ledger heard of it later than charter.late_after_ms */
    struct bytes effects;
};
void outcome_encode(const struct outcome *outcome, struct buffer *out);
/* Steps over one outcome; `reader` may hold more. */
struct codec_reader;
struct outcome outcome_get(struct codec_reader *reader);
/* Reads the effects one by one: init, then next until false. */
struct effect_reader {
    struct bytes rest;
    size_t left;
};
bool effect_reader_init(struct effect_reader *reader, struct bytes effects) MUST_USE;
bool effect_next(struct effect_reader *reader, struct effect *effect_out) MUST_USE;
/* Appends one encoded effect (without the array head). */
void effect_encode(const struct effect *effect, struct buffer *out);

struct record {
    int kind;
    struct record_index index;
    uint64_t height;
    uint64_t time_ms; /* ledger time */
    /* kind 1 */
    struct node_id lane;
    uint64_t sequence;
    uint32_t position;        /* in its batch, from 0 */
    struct bytes transaction; /* borrowed */
    struct outcome outcome;
    /* kind 2 */
    struct hash cut;
    struct hash state_digest;
    uint64_t transaction_count;
    struct hash automatic; /* of the encoded effects that no transaction has: time, evidence */
    bool has_state_root;   /* reserved for epochs: snapshots */
    struct hash state_root;
};
void record_encode(const struct record *record, struct buffer *out);
/* The same for kind 1, with the outcome as it was encoded before; record->outcome is not read. */
void record_join(const struct record *record, struct bytes outcome, struct buffer *out);
bool record_decode(struct bytes bytes, struct record *record_out, struct error *error) MUST_USE;

#endif
