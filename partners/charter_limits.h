/* charter_limits.h - the charter's limits by number, as its file and motions set them: one table of
 * ranges for both. Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_LIMITS_H
#define PARTNERS_CHARTER_LIMITS_H

#include "partners/charter.h"
#include "protocol/motion.h"

struct limit_range {
    uint64_t min, max;
    uint64_t usual; /* where a charter's file says nothing */
};
struct limit_range charter_limit_range(enum limit_number limit);
uint64_t charter_limit(const struct charter *charter, enum limit_number limit);
/* `value` is in its range. */
void charter_limit_set(struct charter *charter, enum limit_number limit, uint64_t value);
/* A batch fits a lane's share of a cut, and that fits the cut. */
bool charter_limits_fit(const struct charter *charter) MUST_USE;

#endif
