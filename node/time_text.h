/* time_text.h - times as people and JSON write them: RFC 3339, in UTC, to the millisecond.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_TIME_TEXT_H
#define NODE_TIME_TEXT_H

#include "crypto/base.h"

enum { TIME_TEXT_SIZE = 25 }; /* "2026-11-21T22:40:11.000Z" and a NUL */

/* `time_ms` is in milliseconds since 1970, at most TIME_MS_MAX (protocol/limits.h). */
void time_format(uint64_t time_ms, char text_out[TIME_TEXT_SIZE]);
/* date-time of RFC 3339 section 5.6: any offset, any fraction (cut to milliseconds), no leap
 * second, from 1970 to 9999. */
bool time_parse(struct bytes text, uint64_t *time_ms_out) MUST_USE;

#endif
