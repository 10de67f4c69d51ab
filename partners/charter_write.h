/* charter_write.h - a charter as JSON, for the tool that founds a coalition.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_WRITE_H
#define PARTNERS_CHARTER_WRITE_H

#include "partners/charter.h"

/* Writes everything but `coalition`, which is the hash of these bytes; charter_parse reads it back.
 * Nothing is checked here. Without a tlog_policy it gets the usual one (partners/charter_policy.h).
 */
void charter_format(const struct charter *charter, struct buffer *json_out);

#endif
