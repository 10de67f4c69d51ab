/* verify_kept.h - where the audit of a store begins that was pruned.
 *
 *     1 .. pruned          | pruned + 1 .. image              | image + 1 ..
 *     an archive's         | certificates, chain of cuts, and | the audit's
 *                          | every record by its tile's hash  |
 *
 * What was pruned cannot be executed here, so the state of the image is taken as given: its digest
 * is what the cut of two heights later names, which a quorum signed. Threads: one.
 */
#ifndef NODE_VERIFY_KEPT_H
#define NODE_VERIFY_KEPT_H

#include "node/audit.h"
#include "node/replica.h"

struct verify_kept {
    uint64_t pruned_height, pruned_records; /* 0: nothing was pruned */
    uint64_t image_height, image_records;
    uint64_t blocks; /* entries O of heights from the pruned ones up to the image's */
};

/* An audit from the image on; `replica` was opened with it, over the store in `folder`. Tiles of
 * all records before are read. ERROR_CORRUPT when they do not lead to the root that is known. */
bool verify_kept_open(const struct replica *replica, const char *folder,
                      const struct charter *charter, const struct audit_tiles *tiles,
                      struct verify_kept *kept_out, struct audit **audit_out,
                      struct error *error) MUST_USE;
/* What is there of heights before the image: findings go to the audit. */
void verify_kept_check(const struct replica *replica, struct audit *audit,
                       struct verify_kept *kept);

#endif
