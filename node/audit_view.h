/* audit_view.h - one source audited: its charter, its checkpoint by a policy, its log; fresh, or
 * going on from what an earlier audit kept. Several of them are compared.
 *
 * Threads: one.
 */
#ifndef NODE_AUDIT_VIEW_H
#define NODE_AUDIT_VIEW_H

#include "crypto/policy.h"
#include "node/audit_compare.h"
#include "node/audit_source.h"

enum { AUDIT_VIEWS_MAX = NODES_MAX };

struct audit_request {           /* the same for every source; all of it borrowed */
    const struct policy *policy; /* NULL: what the source's charter says */
    struct bytes policy_text;    /* of that policy, to be followed through changes of members */
    struct bytes charter;        /* that it must have; empty: whatever it says */
    const char *state_path;      /* goes on from there when there is such a file; NULL: never */
    bool progress;
};

struct audit_view {
    struct audit_source source;
    struct charter *charter;
    struct buffer charter_bytes;
    struct policy policy;   /* that its checkpoint was judged by */
    bool own_policy;        /* ... which is this view's to release */
    uint64_t policy_height; /* that it was followed to, as members changed; 0: it is as it was */
    /* What the policy is from the height after the last on. Empty when the audit is not clean, or
     * when nothing says that the first charter is the coalition's: neither was it given, nor did a
     * checkpoint of this log meet a policy that was given. */
    struct buffer policy_text;
    struct buffer note;
    bool has_checkpoint; /* and it satisfies the policy; else only what it claims is here */
    struct checkpoint checkpoint;
    struct policy_result signatures;
    struct error unmet;             /* why it does not satisfy the policy as it was given */
    bool kept_met;                  /* the checkpoint that an earlier audit kept does */
    struct audit *audit;            /* NULL: it could not be audited at all */
    struct checkpoint went_on_from; /* size 0: it began at the beginning */
    enum error_code trouble_code;   /* ERROR_NONE: it was audited */
    char trouble[ERROR_TEXT_SIZE];
};

/* Opened with its source, which it takes over. */
void audit_view_open(struct audit_view *view_out, const struct audit_source *source);
void audit_view_release(struct audit_view *view); /* safe on a zeroed one */
/* Checks everything. What is wrong with the ledger becomes findings; why it could not be checked,
 * the view's trouble. */
void audit_view_run(struct audit_view *view, const struct audit_request *request);
/* Compares every view with the first that was audited. */
void audit_views_compare(struct audit_view *views, size_t count);
size_t audit_views_findings(const struct audit_view *views, size_t count);
/* The first that was audited, and best without findings; NULL: none. */
const struct audit_view *audit_views_best(const struct audit_view *views, size_t count);
/* Keeps the longest log among the views in a file; nothing when there is none with a height. */
bool audit_views_keep(const struct audit_view *views, size_t count, const char *path,
                      struct error *error) MUST_USE;

#endif
