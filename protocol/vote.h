/* vote.h - proposals, prevotes, precommits and certificates (arXiv 1807.04938).
 *
 *     vote text     = [version, height, round, cut id or null, valid round]   (valid round:
 * prevotes) proposal text = [version, height, round, valid round, cut id]
 *
 * The purpose in the signature tells them apart (crypto/sign.h). A prevote carries the valid round
 * that it relied on, -1 for none, so that evidence across rounds can be judged (rule 6).
 * A certificate is Q precommits of one (height, round, cut): it proves a decision by itself.
 *
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_VOTE_H
#define PROTOCOL_VOTE_H

#include "crypto/sign.h"
#include "protocol/cut.h"

struct codec_reader;

enum vote_type { VOTE_PREVOTE = 1, VOTE_PRECOMMIT = 2 };

struct vote {
    enum vote_type type;
    uint64_t height;
    int32_t round;       /* 0..ROUND_MAX */
    bool nil;            /* for no cut */
    struct hash cut;     /* zero when nil */
    int32_t valid_round; /* prevote: -1 or the round it relied on; precommit: -1 */
    struct node_id voter;
    struct signature signature;
};

/* A key's claim is the same when a second signature on it would be no double vote. */
bool vote_same_claim(const struct vote *a, const struct vote *b);
void vote_sign(struct vote *vote, const struct signing_key *key, const struct hash *coalition);
bool vote_verify(const struct vote *vote, const struct verifier *verifier,
                 const struct hash *coalition) MUST_USE;
void vote_put(const struct vote *vote, struct buffer *out);
void vote_get(struct codec_reader *reader, struct vote *vote_out);

/* What a proposal's signature is on. */
struct proposal_claim {
    uint64_t height;
    int32_t round;
    int32_t valid_round; /* -1: a fresh cut */
    struct hash cut;
};
bool proposal_claim_equal(const struct proposal_claim *a, const struct proposal_claim *b);
bool proposal_claim_verify(const struct proposal_claim *claim, const struct signature *signature,
                           const struct verifier *verifier, const struct hash *coalition) MUST_USE;

struct proposal {
    uint64_t height;
    int32_t round;
    int32_t valid_round; /* -1: a fresh cut */
    struct node_id proposer;
    struct signature signature;
    struct bytes cut_bytes; /* borrowed */
    struct cut cut;         /* decoded from cut_bytes */
    /* With valid_round >= 0: the Q prevotes of that round that justify it. */
    size_t proof_count;
    struct vote proof[VOTERS_MAX];
};
struct proposal_claim proposal_claim(const struct proposal *proposal);
void proposal_sign(struct proposal *proposal, const struct signing_key *key,
                   const struct hash *coalition);
bool proposal_verify(const struct proposal *proposal, const struct verifier *verifier,
                     const struct hash *coalition) MUST_USE; /* not the proof's signatures */
void proposal_put(const struct proposal *proposal, struct buffer *out);
/* Large: the caller allocates. Decodes the cut too. */
void proposal_get(struct codec_reader *reader, struct proposal *proposal_out);

struct certificate {
    uint64_t height;
    int32_t round;
    struct hash cut;
    size_t count;
    struct {
        struct node_id voter;
        struct signature signature;
    } votes[VOTERS_MAX]; /* voters ascend */
};
void certificate_put(const struct certificate *certificate, struct buffer *out);
void certificate_get(struct codec_reader *reader, struct certificate *certificate_out);
/* Judged by itself: at least `quorum` distinct voters of the set, every signature good.
 * `verifiers` is indexed by node number; `is_voter` tells who counts. */
bool certificate_verify(const struct certificate *certificate, const struct hash *coalition,
                        const struct verifier *const *verifiers, const bool *is_voter,
                        size_t node_count, size_t quorum, struct error *error) MUST_USE;

#endif
