/* period_text.h - settlement periods and their days as text, whatever number a record claims.
 *
 * Anybody may write a step of a period that no calendar has: records name it by its number then.
 * Pure. Threads: any.
 */
#ifndef NODE_PERIOD_TEXT_H
#define NODE_PERIOD_TEXT_H

#include "partners/period_calendar.h"

enum { PERIOD_TEXT_SIZE = 24 };

/* "2026-11"; beyond the year 9999, or without a charter, "number 4000000". */
void period_text(const struct charter *charter, uint32_t number, char text_out[PERIOD_TEXT_SIZE]);
/* False: the day lies before 1970 or beyond the year 9999. */
bool day_text(int64_t day, char text_out[PERIOD_TEXT_SIZE]) MUST_USE;

#endif
