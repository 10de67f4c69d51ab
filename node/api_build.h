/* api_build.h - from a request's JSON body to a transaction.
 *
 * What a till leaves out is filled in here: its time, an expiry by the charter's policy, a random
 * reference for a new member. All of it is a function of the input, so that a repeat with the same
 * key and the first one's time builds the same transaction. Pure. Threads: any.
 */
#ifndef NODE_API_BUILD_H
#define NODE_API_BUILD_H

#include "node/api_problem.h"
#include "partners/state.h"

enum {
    BUILD_CARDS_MAX = 8,
    BUILD_EVIDENCE_MAX = 2 * DISPUTE_EVIDENCE_MAX + DISPUTE_PATH_MAX * HASH_SIZE
};

/* What a settlement step has from its path and from who asks. */
struct build_settle {
    uint32_t period, payment;
    const char *approver; /* the name of the token that asks */
};
/* What a step of a contract has from its path. */
struct build_deal {
    uint32_t number;
};
struct build_input {
    const struct charter *charter;
    const struct state *state;
    struct partner_id partner;       /* ours */
    struct bytes secret;             /* the coalition's */
    struct bytes key;                /* idempotency key: borrowed by the transaction */
    uint64_t at_ms;                  /* when the body does not say */
    const struct member_ref *member; /* from the path; NULL: from the body */
    bool lone;                       /* an enrolment may bring cards */
    struct build_settle settle;
    struct build_deal deal;
    /* What was decided under the key before: of a repeat, what this node filled in then is taken
     * from it; NULL: nothing. */
    const struct transaction *first;
    void *context;
    /* The bytes of a record of the log, appended. */
    bool (*record)(void *context, uint64_t index, struct buffer *record_out, struct error *error);
    /* As replica_automatic() and replica_prove_inclusion(); only a dispute asks. */
    bool (*automatic)(void *context, uint64_t index, struct buffer *effects_out,
                      struct error *error);
    bool (*prove)(void *context, uint64_t index, uint64_t size, struct hash path_out[64],
                  size_t *count_out, struct error *error);
};

struct built {
    struct transaction transaction; /* its texts borrow from the body, or from ... */
    struct buffer evidence;         /* ... this, which a dispute brings */
    struct card_token cards[BUILD_CARDS_MAX];
    size_t card_count;
};

/* False: the problem says what is wrong, with a pointer to every mistake. What is built is the
 * caller's to release. */
bool build_transaction(const struct build_input *input, enum transaction_type type, json_t *body,
                       struct built *built_out, struct problem *problem_out) MUST_USE;
void built_release(struct built *built);
/* What tells one person at a partner from another on the ledger, where two have to approve:
 * SHA-256("accrue approver" 0 name of the token). */
struct hash build_approver(const char *token_name);
/* The key under which card `place` of an enrolment is linked: 32 hex digits. */
void build_card_key(struct bytes key, size_t place, char key_out[33]);

#endif
