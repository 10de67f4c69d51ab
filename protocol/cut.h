/* cut.h - what a quorum agrees on: a vector of lane heads, and through it the order of everything.
 *
 *     cut = [version, coalition, height, previous cut id, [[sequence, head id] a lane], time_ms,
 *            [evidence], state digest and record root after height - 2, record count there]
 *     id  = SHA-256(cut)
 *
 * Rounds, signers and certificates never enter a cut: honest nodes hold different ones.
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_CUT_H
#define PROTOCOL_CUT_H

#include "protocol/ids.h"
#include "protocol/limits.h"

struct lane_head {
    uint64_t sequence; /* 0: the lane is empty, id zero */
    struct hash id;
};

struct cut {
    struct hash coalition;
    uint64_t height;      /* from 1 */
    struct hash previous; /* the coalition id at height 1 */
    uint16_t lane_count;
    struct lane_head lanes[NODES_MAX];
    uint64_t time_ms;
    /* What proves lies, as it is encoded (protocol/evidence.h): ascending by its SHA-256, each
     * about another node. Borrowed: of what was decoded, or of who makes the cut. */
    uint16_t evidence_count;
    struct bytes evidence[EVIDENCE_PER_CUT_MAX];
    /* After height - 2; zeros below height 3. */
    struct hash state_digest;
    struct hash record_root;
    uint64_t record_count;
    struct hash id; /* computed, not sent */
};

/* Fills in the id too, and puts the evidence in its order. */
void cut_encode(struct cut *cut, struct buffer *out);
/* Borrows from `bytes`. Evidence is well-formed and in order; whether it holds is another question.
 */
bool cut_decode(struct bytes bytes, struct cut *cut_out, struct error *error) MUST_USE;

/* Order inside a cut (rule 12): lanes by SHA-256(previous cut id || lane number as u16 big-endian).
 */
void cut_lane_order(const struct hash *previous, uint16_t lane_count,
                    uint16_t order_out[NODES_MAX]);

#endif
