/* export.h - writes a node's log as a folder of plain files (export_folder.h), and brings one up to
 * date.
 *
 * Touches the outside world: HTTP and files. Nothing is believed for coming from the node: the
 * checkpoint must satisfy the policy, the charter's unless a later one is given, every tile and
 * record must lie under its root, and that tree must continue the one that the folder held. What
 * cannot be checked here, the proofs of heights, is checked by an audit of the folder.
 *
 * At any moment, and after a kill at any moment, the folder is what its `checkpoint` says: files
 * are written beside it first, each in one step, and what it no longer needs is removed after it.
 * Threads: one.
 */
#ifndef NODE_EXPORT_H
#define NODE_EXPORT_H

#include "node/cli_http.h"
#include "partners/charter.h"

struct export_request {
    struct http *http; /* borrowed, as the rest */
    const struct cli_target *target;
    const char *dir;
    struct bytes charter; /* what the node's must be; size 0: whatever it is, or the folder has */
    /* What the charter's policy has become since members changed (accrue audit --policy-out): a new
     * checkpoint must satisfy it. Size 0: the charter's own. */
    struct bytes policy;
    bool progress;
};
struct export_summary {
    struct checkpoint checkpoint;
    uint64_t height;        /* the last whose proof is there */
    uint64_t fetched, kept; /* files */
};

/* ERROR_CONFLICT: the folder holds something else, or another is writing it. ERROR_CORRUPT: what
 * the node gave contradicts itself or what it gave before. ERROR_BUSY: it did not answer, or is
 * behind the folder. ERROR_DENIED, ERROR_NOT_FOUND, ERROR_IO, ERROR_DISK as they come. */
bool export_run(const struct export_request *request, struct export_summary *summary_out,
                struct error *error) MUST_USE;

#endif
