/* audit_compare.h - several audits of one log with each other: a split view.
 *
 * Threads: one.
 */
#ifndef NODE_AUDIT_COMPARE_H
#define NODE_AUDIT_COMPARE_H

#include "node/audit.h"

struct audit_side { /* what one source said, and what its audit made of it */
    const char *name;
    struct audit *audit;
    bool has_checkpoint; /* one whose signatures hold */
    struct checkpoint checkpoint;
};

/* Charters, then roots and states after the heights that both have, then checkpoints. The finding,
 * one at most, goes to `other`: of the first height at which they part. */
void audit_compare(const struct audit_side *first, const struct audit_side *other);

/* Whether the source still has what the audit went on from: the hashes of the tree's open end at
 * that size are what it serves. `size`: of the source's log, not less. False: a finding, or (with
 * an error) the source could not be asked; *found_out tells which. */
bool audit_history_stands(struct audit *audit, const struct audit_tiles *tiles, uint64_t size,
                          bool *found_out, struct error *error) MUST_USE;

#endif
