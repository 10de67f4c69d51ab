/* audit_policy.h - by whose signatures a checkpoint is judged once the members have changed.
 *
 * A reader's policy (C2SP tlog-policy) names keys, and keys change. An audit that replayed the
 * ledger from its first charter knows every later one: what the policy has become follows from
 * those, by the rule by which the coalition's own goes along (partners/charter_policy.h).
 *
 *   height        1 ............... 41 ............... 91
 *   charters      the file's        another            another
 *   the policy    given         ->  followed       ->  followed
 *
 * What the reader asks for beyond the coalition, as witnesses from outside, stays. Nothing here is
 * worth more than the first charter. Pure. Threads: any.
 */
#ifndef NODE_AUDIT_POLICY_H
#define NODE_AUDIT_POLICY_H

#include "crypto/policy.h"
#include "partners/state.h"

/* What a policy text is at `height`, which is 1 .. state_height() + 2, when it was right at some
 * height up to there; appended. ERROR_NOT_FOUND: it never was a policy of this coalition as a
 * charter's must be. ERROR_DENIED: it cannot go along with a change. */
bool audit_policy_follow(const struct state *state, struct bytes text, uint64_t height,
                         struct buffer *text_out, struct error *error) MUST_USE;
/* Judges the checkpoint of the last executed height by what the text has become there. A node may
 * sign it later, with a log key that is in force in one of the next two heights. As policy_check();
 * the policy that judged is the caller's to release, also when the answer is no; a zeroed one when
 * there is none. */
bool audit_policy_judge(const struct state *state, struct bytes text, struct bytes note,
                        struct policy *policy_out, struct checkpoint *checkpoint_out,
                        struct policy_result *result_out, struct error *error) MUST_USE;

/* The checkpoint of the last executed height, when the next one has other voters: whether a quorum
 * of those cosigned it as well. True, too, when nothing is handed over. */
struct handover {
    size_t quorum, cosigned; /* of the next voters */
};
bool audit_handover_holds(const struct state *state, struct bytes note,
                          struct handover *handover_out) MUST_USE;

#endif
