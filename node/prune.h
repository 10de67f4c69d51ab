/* prune.h - takes old heights out of a stopped node's store that an archive holds, a folder as
 * `accrue export` writes it, and gives their room on the disk back.
 *
 * What goes: batches, outcomes and certificates (entries B, O, H). What stays: everything newer,
 * all tiles of hashes, so that proofs still work, and what the node signed. The node goes on from
 * an image afterwards, and answers for what was pruned with 410.
 *
 * Nothing goes that the archive does not hold, compared byte by byte with the store; that no
 * checkpoint covers which is final by the charter's policy; or that the image which the node is
 * going to start from does not cover.
 *
 * Touches the outside world: files. At any moment, and after a kill at any moment, the store is
 * whole but for what is pruned; the same command goes on. Threads: one.
 */
#ifndef NODE_PRUNE_H
#define NODE_PRUNE_H

#include "crypto/note.h"
#include "partners/charter.h"

struct prune_request {
    const char *data;     /* the node's folder: stopped */
    const char *node;     /* its name in the charter */
    struct bytes charter; /* the bytes of it */
    const char *archive;
    uint64_t keep_days; /* before the newest cut's time */
    bool progress;
};
struct prune_summary {
    uint64_t height, records;         /* pruned up to; 0: nothing */
    uint64_t heights;                 /* that went now */
    uint64_t bytes_before, bytes_now; /* of the store's files */
};

/* ERROR_BUSY: the node runs. ERROR_CONFLICT: the archive is another log's, lacks something, or
 * holds something else than the store. ERROR_NOT_FOUND: there is no image to start from afterwards.
 * ERROR_NOT_YET: the history is not whole. Else what the files say. */
bool prune_run(const struct prune_request *request, struct prune_summary *summary_out,
               struct error *error) MUST_USE;
/* Is an archive's checkpoint final? By the policy of the charter in force, or, for what was
 * exported before members changed, by that of the first. */
bool prune_is_final(struct bytes note, const struct charter *now, const struct charter *first,
                    struct checkpoint *checkpoint_out, struct error *error) MUST_USE;

#endif
