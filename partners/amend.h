/* amend.h - what a change makes of a charter: another one, of the same coalition.
 *
 * Both stand for themselves: nothing in the new one points into the old. Pure. Threads: any.
 */
#ifndef PARTNERS_AMEND_H
#define PARTNERS_AMEND_H

#include "partners/charter.h"
#include "protocol/motion.h"
#include "protocol/verdict.h"

/* The charter that `before` becomes by the change, in force from `from_height` (not below before's)
 * on; the caller closes it. VERDICT_ACCEPTED, or why the change does not fit: then nothing is made.
 *
 * - Nobody's number, name or key is ever used again, nor that of one who left; keys are usable and
 *   all different; the transport key is signed for by the signing key.
 * - A node that is to vote waits (`joining`) until a `promote` finds it ready. A partner has one
 *   voter, or one node that is to be it.
 * - Every set of voters that a charter's file may have is allowed, and no other.
 * - A new signing key ends a suspension; a suspension finds its node only under the key that lied.
 * - The tlog-policy goes along: partners/charter_policy.h. */
enum verdict charter_amend(const struct charter *before, const struct change *change,
                           uint64_t from_height, struct charter **after_out);

/* No other node's lane is open: it is not suspended whatever it did, or no ballot that mends that
 * could be written any more. */
bool charter_last_lane(const struct charter *charter, struct node_id node);

#endif
