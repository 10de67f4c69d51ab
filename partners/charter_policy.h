/* charter_policy.h - the charter's C2SP tlog-policy: which cosignatures make a checkpoint final.
 *
 * Whoever has this text alone, without the rest of the charter, accepts a checkpoint by it. So it
 * must not accept less than the coalition itself does: Q voters, and any witness from outside only
 * on top of them. Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_POLICY_H
#define PARTNERS_CHARTER_POLICY_H

#include "partners/charter.h"

/* The name of a node's cosigner key: the log's origin, '/', the node's name. So a key's name tells
 * which log it is for, no two nodes share one, and none is the origin. False: it is longer than a
 * key name may be. */
bool charter_cosigner_name(const char *origin, const char *node,
                           char name_out[NOTE_NAME_MAX + 1]) MUST_USE;

/* The usual policy: every node's log key, every voter as a witness ("voter/NODE"), one group of
 * them, "voters", of which Q are enough, and that group as the quorum. Appended. */
void charter_policy_format(const struct charter *charter, struct buffer *text_out);

/* charter->tlog_policy parses; its logs are exactly the nodes' log keys; every voter's cosigner key
 * is among the witnesses; and no checkpoint meets its quorum with fewer than Q voters, whoever else
 * cosigned it. ERROR_INVALID says which of these does not hold. */
bool charter_policy_check(const struct charter *charter, struct error *error) MUST_USE;

/* Gives `after`, which `before` became and whose policy is still the same text, a policy of its
 * own: log lines of its nodes, new keys in the lines of those who witness, voters that begin or
 * cease to vote added to the voters' group or taken out, with as many more than Q asked for as
 * before. What others say in it (witnesses from outside, groups, URLs) stays. A text that is right
 * as it is stays byte for byte. False, with nothing to rely on in after->tlog_policy, when what
 * comes out of that does not pass charter_policy_check(). */
bool charter_policy_follow(const struct charter *before, struct charter *after) MUST_USE;

#endif
