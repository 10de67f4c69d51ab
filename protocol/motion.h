/* motion.h - a change of the coalition: what a motion proposes, and what a ballot signs.
 *
 *     motion body  [delay, change]             change: an array, its kind first
 *     ballot text  [version, motion's record index, SHA-256(motion body)]
 *
 * A change takes effect at a height. Two kinds are never proposed: evidence brings `suspend`, and a
 * node that says it is ready brings `promote` (partners/roster.h keeps all of them alike).
 *
 * A decoded change borrows its texts from the bytes it was decoded from. Pure. Threads: any.
 */
#ifndef PROTOCOL_MOTION_H
#define PROTOCOL_MOTION_H

#include "crypto/sign.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

/* X(name, number, word): numbers are wire format. */
#define CHANGE_KINDS(X)                                                                            \
    X(CHANGE_ADMIT, 1, "admit")                                                                    \
    X(CHANGE_REMOVE_NODE, 2, "remove-node")                                                        \
    X(CHANGE_REMOVE_PARTNER, 3, "remove-partner")                                                  \
    X(CHANGE_SET_VOTER, 4, "set-voter")                                                            \
    X(CHANGE_REPLACE_KEYS, 5, "replace-keys")                                                      \
    X(CHANGE_REPLACE_GOVERNANCE, 6, "replace-governance")                                          \
    X(CHANGE_SET_LIMITS, 7, "set-limits")                                                          \
    X(CHANGE_SUSPEND, 8, "suspend")                                                                \
    X(CHANGE_PROMOTE, 9, "promote")

enum change_kind {
#define X(name, number, word) name = (number),
    CHANGE_KINDS(X)
#undef X
};

/* X(name, number, word): the charter's limits, whose word the charter spells so. */
#define CHARTER_LIMITS(X)                                                                          \
    X(LIMIT_BATCH_BYTES, 1, "batch_bytes")                                                         \
    X(LIMIT_CUT_BYTES, 2, "cut_bytes")                                                             \
    X(LIMIT_LANE_CUT_BYTES, 3, "lane_cut_bytes")                                                   \
    X(LIMIT_LANE_DAY_BYTES, 4, "lane_day_bytes")                                                   \
    X(LIMIT_ALLOCATIONS, 5, "allocations")                                                         \
    X(LIMIT_HEARTBEAT_MS, 6, "heartbeat_ms")                                                       \
    X(LIMIT_TIMEOUT_MS, 7, "timeout_ms")                                                           \
    X(LIMIT_TIMEOUT_DELTA_MS, 8, "timeout_delta_ms")                                               \
    X(LIMIT_SNAPSHOT_RECORDS, 9, "snapshot_records")

enum limit_number {
#define X(name, number, word) name = (number),
    CHARTER_LIMITS(X)
#undef X
};

enum {
    CHANGE_KIND_MAX = CHANGE_PROMOTE,
    LIMIT_NUMBER_MAX = LIMIT_SNAPSHOT_RECORDS,
    CHANGE_SIZE_MAX = 1024, /* an admission: two names, an address, six keys and a signature */
    MOTION_SIZE_MAX = CHANGE_SIZE_MAX + 8,
    MOTION_DELAY_MIN = 2, /* heights: the cuts of the next two may be on their way already */
    MOTION_DELAY_MAX = 1024
};

struct node_keys {
    struct public_key sign_key;
    uint8_t transport_key[TRANSPORT_KEY_SIZE]; /* P-256, SEC 1 uncompressed */
    struct signature transport_signature;      /* by sign_key, PURPOSE_TRANSPORT, zero coalition */
    struct public_key log_key, cosigner_key;
};
struct limit_value {
    enum limit_number number;
    uint64_t value;
};

struct change {
    enum change_kind kind;
    struct node_id node;       /* remove-node, set-voter, replace-keys, suspend, promote */
    struct partner_id partner; /* admit unless it founds one, remove-partner, replace-governance */
    bool founds_partner;       /* admit: the first node of a new partner */
    struct bytes partner_name; /* admit; empty unless it founds one */
    struct bytes node_name;    /* admit */
    struct public_key key; /* governance: replace-governance, admit that founds; sign: suspend */
    struct node_keys keys; /* admit, replace-keys */
    struct bytes address;  /* admit, replace-keys */
    bool voter;            /* admit, set-voter */
    size_t limit_count;    /* set-limits: 1.., numbers ascending */
    struct limit_value limits[LIMIT_NUMBER_MAX];
};

struct motion {
    uint32_t delay; /* heights from the deciding ballot to the effect */
    struct change change;
};

const char *change_kind_word(enum change_kind kind);
bool change_kind_from_word(const char *word, enum change_kind *kind_out) MUST_USE;
const char *limit_word(enum limit_number number);
/* True for the kinds that partners propose and vote on. */
bool change_is_proposed(enum change_kind kind);

void change_encode(const struct change *change, struct buffer *out);
/* Any kind; fails for what a change of its kind cannot say (names, addresses, numbers). */
struct codec_reader;
void change_get(struct codec_reader *reader, struct change *change_out);
bool change_decode(struct bytes bytes, struct change *change_out, struct error *error) MUST_USE;

/* The body of a motion's transaction, of a kind that is proposed. */
void motion_encode(const struct motion *motion, struct buffer *out);
void motion_get(struct codec_reader *reader, struct motion *motion_out);
bool motion_decode(struct bytes bytes, struct motion *motion_out, struct error *error) MUST_USE;

/* What a partner's governance key signs (PURPOSE_BALLOT); `motion` is the hash of the body's bytes.
 */
enum { BALLOT_TEXT_SIZE = 64 };
void ballot_text(struct record_index index, const struct hash *motion, struct buffer *out);
struct signature ballot_sign(const struct signing_key *governance_key, const struct hash *coalition,
                             struct record_index index, const struct hash *motion);
bool ballot_holds(const struct public_key *governance_key, const struct hash *coalition,
                  struct record_index index, const struct hash *motion,
                  const struct signature *signature) MUST_USE;

#endif
