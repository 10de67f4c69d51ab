/* policy_join.h - the policy of a coalition that asks witnesses outside, too.
 *
 * Both are texts of C2SP tlog-policy (crypto/policy.h). The coalition's own ends in `quorum NAME`.
 * The one of the witnesses has no log lines:
 *
 *     witness east east.example+...  https://east.example/witness
 *     witness west west.example+...  https://west.example/witness
 *     group outside any east west
 *     quorum outside                          or: quorum none
 *
 * Joined they ask for both quorums, or, after `quorum none`, for the coalition's alone: then the
 * cosignatures of the witnesses are there to be seen and needed by nobody. Pure. Threads: any.
 */
#ifndef PARTNERS_POLICY_JOIN_H
#define PARTNERS_POLICY_JOIN_H

#include "crypto/base.h"

/* Appends the joined text, which parses. ERROR_INVALID: one of the two has not exactly one quorum
 * line, the witnesses' has a log line, or what comes out is no policy. */
bool policy_join(struct bytes own, struct bytes witnesses, struct buffer *joined_out,
                 struct error *error) MUST_USE;

#endif
