/* evidence.h - proof that a node lied: two things under one of its keys that exclude each other
 * (rule 6). It needs nothing but the charter to be judged.
 *
 *     evidence = [version, kind, coalition, node, first, second]
 *     id       = SHA-256(evidence)
 *
 *     proposals      [height, round, valid round, cut id, signature], twice
 *     votes          two votes (protocol/vote.h)
 *     amnesia        a precommit, and the prevote of a later round that forgot it
 *     batches        [header, signature], twice
 *     cosignatures   two cosignatures (protocol/cosignature.h)
 *
 * Of two equal things the one whose encoding sorts first is the first, so that the same two have
 * one encoding and one id. The time of a cosignature is no claim; the height, round, sequence or
 * size is the place, and only claims about one place exclude each other.
 *
 * An honest node cannot be framed: it writes down what it signs before anyone sees it, and what it
 * signs in one place is one claim for ever. Pure. Threads: any.
 */
#ifndef PROTOCOL_EVIDENCE_H
#define PROTOCOL_EVIDENCE_H

#include "protocol/batch.h"
#include "protocol/cosignature.h"
#include "protocol/vote.h"

/* X(name, number, word, what the node did) */
#define EVIDENCE_KINDS(X)                                                                          \
    X(EVIDENCE_PROPOSALS, 1, "proposals", "proposed two cuts")                                     \
    X(EVIDENCE_PREVOTES, 2, "prevotes", "prevoted two ways")                                       \
    X(EVIDENCE_PRECOMMITS, 3, "precommits", "precommitted two ways")                               \
    X(EVIDENCE_AMNESIA, 4, "amnesia", "prevoted against its own precommit")                        \
    X(EVIDENCE_BATCHES, 5, "batches", "wrote two batches")                                         \
    X(EVIDENCE_COSIGNATURES, 6, "cosignatures", "cosigned two roots")

enum evidence_kind {
#define X(name, number, word, did) name = (number),
    EVIDENCE_KINDS(X)
#undef X
};

enum {
    EVIDENCE_KIND_MAX = EVIDENCE_COSIGNATURES,
    EVIDENCE_SIZE_MAX = 1024, /* two batch headers and what is around them */
    EVIDENCE_WORDS_SIZE = 320
};

struct evidence_item { /* which member, the kind says */
    union {
        struct {
            struct proposal_claim claim;
            struct signature signature;
        } proposal;
        struct vote vote;
        struct batch batch; /* of its payload only the size */
        struct cosignature cosignature;
    };
};

struct evidence {
    enum evidence_kind kind;
    struct hash coalition;
    struct node_id node;
    struct evidence_item first, second;
};

/* What it is judged by, of the charter. */
struct evidence_keys {
    const struct hash *coalition;
    const char *origin;
    size_t node_count;
    const struct verifier *const *signers, *const *cosigners; /* by node number */
};

/* The two in order; whether they prove anything is another question. */
void evidence_make(enum evidence_kind kind, const struct hash *coalition, struct node_id node,
                   const struct evidence_item *a, const struct evidence_item *b,
                   struct evidence *evidence_out);
void evidence_encode(const struct evidence *evidence, struct buffer *out);
/* Well-formed and in order, no more. */
bool evidence_decode(struct bytes bytes, struct evidence *evidence_out,
                     struct error *error) MUST_USE;
/* It proves a lie of `node`: both are signed by its key, for this coalition, and exclude each
 * other. ERROR_INVALID says why not. */
bool evidence_verify(const struct evidence *evidence, const struct evidence_keys *keys,
                     struct error *error) MUST_USE;

struct evidence_place {
    uint64_t number; /* height, sequence or size */
    int32_t round;   /* the second's, where there are rounds; else -1 */
};
struct evidence_place evidence_place(const struct evidence *evidence);

const char *evidence_word(enum evidence_kind kind);
/* "node fuel prevoted two ways in height 7, round 0" */
void evidence_words(const struct evidence *evidence, const char *name,
                    char words_out[EVIDENCE_WORDS_SIZE]);

#endif
