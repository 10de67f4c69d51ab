/* local_time.h - moments as the people of a coalition read them: by the clocks of its charter.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_LOCAL_TIME_H
#define NODE_LOCAL_TIME_H

#include "partners/charter.h"

enum { LOCAL_TIME_SIZE = 40 }; /* "2026-11-10T08:30:00.500+01:00" and a NUL */

/* A day where it begins, as "2026-11-10", which is what commands take for it; else the time with
 * the zone's offset (RFC 3339). In UTC without a charter, and where no such text can be written.
 * `time_ms` is at most TIME_MS_MAX. */
void local_time_format(const struct charter *charter, uint64_t time_ms,
                       char text_out[LOCAL_TIME_SIZE]);
/* The same of a text of RFC 3339; NULL or "" gives "-", and what else is none stays as it is, cut
 * to the size. */
void local_time_of_text(const struct charter *charter, const char *text,
                        char text_out[LOCAL_TIME_SIZE]);

#endif
