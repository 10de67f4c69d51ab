/* consensus.h - agreement on one cut a height: Tendermint as published (arXiv 1807.04938, algorithm
 * 1), as a pure step function with the safety rules of protocol/FORMAT.md.
 *
 * Events go in through the consensus_on_ functions; actions come out of consensus_next(), to be
 * taken in order after each event. Votes and proposals that go in are verified by the caller. The
 * object never signs, sends, stores or reads a clock:
 *
 *   - ACTION_PROPOSE and ACTION_VOTE must be signed and made durable first, then sent and given
 * back through consensus_on_proposal / consensus_on_vote: not counted before they are durable;
 *   - a lock or valid value taken with a vote is durable in the same write (consensus_lock()).
 *
 * One departure, for memory bounded against liars: of each voter, beyond our own round, only the
 * newest round's votes are kept, and line 55 (f + 1 voters in a higher round) jumps to the round
 * that f + 1 voters have reached or passed: at least one of them is honest, as in the paper.
 *
 * Threads: one at a time.
 */
#ifndef PROTOCOL_CONSENSUS_H
#define PROTOCOL_CONSENSUS_H

#include "protocol/vote.h"

struct consensus_config {
    const uint16_t *voters; /* node numbers, ascending; borrowed */
    size_t voter_count;
    /* Those of them who take turns to propose, ascending: all but the suspended (rule 1). Borrowed;
     * at least one. */
    const uint16_t *proposers;
    size_t proposer_count;
    size_t faulty; /* f */
    size_t quorum; /* Q */
    int self;      /* place in `voters`, or -1: an observer follows without voting */
    uint32_t timeout_ms, timeout_delta_ms;
};

enum { ROUND_TIMEOUT_MAX_MS = 60000, CONSENSUS_SLOTS = 2 };

enum consensus_step { STEP_WAITING, STEP_PROPOSE, STEP_PREVOTE, STEP_PRECOMMIT, STEP_DECIDED };
enum cut_status {
    CUT_UNKNOWN, /* not judged yet, or batches are still being fetched */
    CUT_VALID,   /* well-formed, descends from what was decided, every batch held */
    CUT_INVALID
};
enum timeout_kind { TIMEOUT_PROPOSE, TIMEOUT_PREVOTE, TIMEOUT_PRECOMMIT };

enum consensus_action_kind {
    ACTION_NEED_CUT, /* we propose in `round`: answer with consensus_propose_fresh() */
    ACTION_PROPOSE,  /* propose the cut `cut` again, `valid_round` >= 0, with consensus_proof() */
    ACTION_VOTE,     /* sign, store, send, give back */
    ACTION_TIMEOUT,  /* call consensus_on_timeout(kind, round) after delay_ms */
    ACTION_JUDGE,    /* a cut was heard of: call consensus_cut_status() when it is known */
    ACTION_DECIDED,  /* certificate is in consensus_certificate() */
    ACTION_ALARM,    /* Q precommits stand for a cut that we hold to be invalid: stop */
};
struct consensus_action {
    enum consensus_action_kind kind;
    int32_t round;
    int32_t valid_round;
    struct vote vote; /* ACTION_VOTE: unsigned */
    bool locks;       /* ACTION_VOTE: the lock or valid value changed: store it too */
    enum timeout_kind timeout;
    uint32_t delay_ms;
    struct hash cut;
};

struct consensus;

struct consensus *consensus_open(void);
void consensus_close(struct consensus *consensus);

/* Waits at `height`: stores what it hears, does nothing until consensus_start(). */
void consensus_begin(struct consensus *consensus, const struct consensus_config *config,
                     uint64_t height);
/* Enters the first round (or the one restored); no effect when started already. */
void consensus_start(struct consensus *consensus);
/* True when a proposal or votes of f + 1 voters ask for a start (rule 5). */
bool consensus_wants_start(const struct consensus *consensus);

/* `bytes` is the encoded proposal, copied, for relaying. `timely`: its cut's time lay within the
 * bound when it arrived; asked of fresh cuts only. `proof_holds`: its Q prevotes were verified. */
void consensus_on_proposal(struct consensus *consensus, const struct proposal *proposal,
                           struct bytes bytes, bool timely, bool proof_holds);
void consensus_on_vote(struct consensus *consensus, const struct vote *vote);
void consensus_on_timeout(struct consensus *consensus, enum timeout_kind kind, uint64_t height,
                          int32_t round);
void consensus_cut_status(struct consensus *consensus, const struct hash *cut,
                          enum cut_status status);

/* After a restart, between begin and start: what this key signed at this height, from the store. */
void consensus_restore_vote(struct consensus *consensus, const struct vote *own);
void consensus_restore_proposal(struct consensus *consensus, int32_t round);
/* The lock and valid value with the Q prevotes of valid_round, and the cut's bytes. */
void consensus_restore_lock(struct consensus *consensus, int32_t locked_round,
                            const struct hash *locked, int32_t valid_round,
                            const struct hash *valid, struct bytes valid_cut,
                            const struct vote *proof, size_t proof_count);

bool consensus_next(struct consensus *consensus, struct consensus_action *action_out);
/* Is it worth verifying: of a round that is near, with a place free for it? */
bool consensus_takes_proposal(const struct consensus *consensus, const struct proposal *proposal);

/* ---- asking -------------------------------------------------------------------------------- */

uint64_t consensus_height(const struct consensus *consensus);
int32_t consensus_round(const struct consensus *consensus);
enum consensus_step consensus_step(const struct consensus *consensus);
uint16_t consensus_proposer(const struct consensus_config *config, uint64_t height, int32_t round);
const struct certificate *consensus_certificate(const struct consensus *consensus);
/* Bytes of a cut that a proposal brought, or nothing. */
struct bytes consensus_cut_bytes(const struct consensus *consensus, const struct hash *cut);

/* Is the cut proposed in this round, locked or valid: may its batches be needed for a vote now? */
bool consensus_cut_matters(const struct consensus *consensus, const struct hash *cut);
/* The first round in which it was proposed, as far as is known; -1: none. */
int32_t consensus_cut_round(const struct consensus *consensus, const struct hash *cut);
/* Cuts proposed in this round; returns how many. */
size_t consensus_round_cuts(const struct consensus *consensus,
                            struct hash cuts_out[CONSENSUS_SLOTS]);

struct consensus_lock {                /* what must be durable with a vote that locks */
    int32_t locked_round, valid_round; /* -1: none */
    struct hash locked, valid;
    struct bytes valid_cut;
    size_t proof_count;
    struct vote proof[VOTERS_MAX]; /* Q prevotes of valid_round */
};
void consensus_lock(const struct consensus *consensus, struct consensus_lock *lock_out);

/* What peers lack (rule 11). Rounds that hold anything, the newest first; returns how many. */
size_t consensus_rounds(const struct consensus *consensus, int32_t *rounds_out, size_t count);
/* Bit i: voters[i]'s vote of that round and type is held. */
uint64_t consensus_vote_mask(const struct consensus *consensus, int32_t round, enum vote_type type);
/* The voter's first claim (0), then others that it made for proposed cuts; NULL: no more. */
const struct vote *consensus_vote(const struct consensus *consensus, int32_t round,
                                  enum vote_type type, size_t voter_place, size_t claim);
/* Encoded proposal `slot` (0..CONSENSUS_SLOTS-1) of a round, or nothing. */
struct bytes consensus_proposal(const struct consensus *consensus, int32_t round, size_t slot);
/* Conflicting signed claims seen (rule 6): kept as a count a voter place until they can be
 * recorded. */
uint64_t consensus_conflicts(const struct consensus *consensus, size_t voter_place);
/* Before voters get other places: what was counted is the caller's to keep. */
void consensus_forget_conflicts(struct consensus *consensus);

#endif
