/* audit_parts.h - the insides of an audit, for the files audit*.c.
 * Threads: as node/audit.h.
 */
#ifndef NODE_AUDIT_PARTS_H
#define NODE_AUDIT_PARTS_H

#include "node/audit.h"

enum { AUDIT_HEADER_MAX = 256 };

/* A batch of the height under way: what its header says, until its records have come. */
struct audit_step {
    struct bytes header; /* into the proof */
    struct signature signature;
    uint16_t lane;
    uint64_t sequence;
    struct hash id, previous;
    uint32_t transaction_count;
    uint64_t first; /* record index */
};

struct audit {
    const struct charter *charter; /* in force at the height under way, or the last one */
    struct audit_tiles tiles;
    bool has_tiles;
    struct verifier *verifiers[NODES_MAX];
    bool is_voter[NODES_MAX];
    struct state *state;
    struct naive *model;
    struct merkle tree;
    struct cut cut; /* of the height under way, or the last one; its lanes are those that ended */
    struct lane_head lanes[NODES_MAX];

    struct buffer proof; /* of the height under way; steps point into it */
    struct audit_step *steps;
    size_t step_count, step_capacity;
    size_t step;       /* whose record comes next; step_count: the seal's turn */
    uint32_t position; /* in it */
    struct buffer payload, scratch;
    uint64_t transactions; /* of this height */
    bool under_way, stopped;
    bool derailed;       /* what the height's records should be is not known any more */
    size_t signer_count; /* of the height's certificate */
    uint16_t signers[VOTERS_MAX];
    struct audit_spot spot;

    uint64_t began; /* goes on from this height; heights[0] is began - past_count + 1 */
    size_t past_count;
    struct audit_height *heights;
    size_t height_count, height_capacity;
    struct audit_finding findings[AUDIT_FINDINGS_MAX];
    size_t finding_count;
    struct audit_counts counts;
};

/* "height 7: lane of books, sequence 12", and the like: a text for `where`. */
struct audit_text {
    char text[AUDIT_TEXT_MAX];
};
struct audit_text audit_text(const char *format, ...) PRINTF_LIKE(1, 2);
struct audit_text audit_step_text(const struct audit *audit, const struct audit_step *step);
/* What an effect says, with the charter's names. */
struct audit_text audit_effect_text(const struct audit *audit, const struct effect *effect);

/* True when they are equal; else a finding. */
bool audit_same_hash(struct audit *audit, enum audit_code code, const struct hash *expected,
                     const struct hash *found, const char *where);
bool audit_same_number(struct audit *audit, enum audit_code code, uint64_t expected, uint64_t found,
                       const char *where);
/* audit_charter.c: takes the charter in force at the height, with its keys and voters. */
void audit_enter(struct audit *audit, uint64_t height);
/* The charter of another height whose voters this certificate is of; NULL: of none. */
const struct charter *audit_other_voters(const struct audit *audit,
                                         const struct certificate *certificate);
/* The lane's key in force signed the batch. */
bool audit_step_signed(struct audit *audit, const struct audit_step *step, const char *where);
bool audit_evidence_holds(struct audit *audit, const struct cut *cut, const char *where);
bool audit_lanes_may_move(struct audit *audit, const struct cut *cut, const char *where);
/* audit_proof.c: all of a height but its records; the cut becomes the audit's. */
bool audit_proof_holds(struct audit *audit, uint64_t *first_out);
/* audit_record.c */
void audit_compare_tile(struct audit *audit, uint32_t level, uint64_t index, const struct hash *own,
                        uint32_t count);
/* The state and the model end alike; the first difference becomes the text. */
bool audit_model_agrees(const struct audit *audit, struct audit_text *expected_out,
                        struct audit_text *found_out);
/* audit_periods.c: the state and the model tell the same of settlement periods, or the first
 * difference: how many there are and the head of the last one; then all of all. */
bool audit_last_period_agrees(const struct state *state, const struct naive *model,
                              struct audit_text *expected_out, struct audit_text *found_out);
/* Who stands for which points: `now`, or at the end of the last period. */
bool audit_vintages_agree(const struct state *state, const struct naive *model, bool now,
                          struct audit_text *expected_out, struct audit_text *found_out);
bool audit_periods_agree(const struct state *state, const struct naive *model,
                         struct audit_text *expected_out, struct audit_text *found_out);
/* audit_accounts.c: and of where partners are paid. */
bool audit_accounts_agree(const struct state *state, const struct naive *model,
                          struct audit_text *expected_out, struct audit_text *found_out);
/* audit_risk.c: and of what partners stand for, and with which collateral. */
bool audit_risks_agree(const struct state *state, const struct naive *model,
                       struct audit_text *expected_out, struct audit_text *found_out);
/* audit_rates.c: and of what currencies are worth. */
bool audit_rates_agree(const struct state *state, const struct naive *model,
                       struct audit_text *expected_out, struct audit_text *found_out);
/* audit_contracts.c: likewise of what partners agreed upon: how many cards, promotions, tariffs and
 * epochs there are, and the last of each; then all of all. */
bool audit_last_contracts_agree(const struct state *state, const struct naive *model,
                                struct audit_text *expected_out, struct audit_text *found_out);
bool audit_contracts_agree(const struct state *state, const struct naive *model,
                           struct audit_text *expected_out, struct audit_text *found_out);
/* A proposal of a period that has ended, with another checkpoint or other totals than the audit
 * has: as each side has them. */
bool audit_proposal_differs(const struct audit *audit, struct bytes transaction,
                            struct audit_text *expected_out, struct audit_text *found_out);

#endif
