/* period_calendar.h - which settlement period a time is in: months, weeks or days of the charter's
 * zone.
 *
 * A period's number counts months, ISO weeks or days from 1970 on; its name is what people say:
 * "2026-11", "2026-W48", "2026-11-30". Pure. Threads: any.
 */
#ifndef PARTNERS_PERIOD_CALENDAR_H
#define PARTNERS_PERIOD_CALENDAR_H

#include "partners/charter.h"

enum {
    PERIOD_NAME_SIZE = 11,
    MONTH_NAME_SIZE = 8,
    MONTH_MAX = (9999 - 1970) * 12 + 11 /* the last one that has a name */
};

uint32_t period_at(const struct charter *charter, uint64_t time_ms);
/* The first and the last day of a period, since 1970, in the charter's zone. */
int64_t period_first_day(const struct charter *charter, uint32_t number);
int64_t period_last_day(const struct charter *charter, uint32_t number);
/* The first millisecond that belongs to the next one. */
uint64_t period_ends_ms(const struct charter *charter, uint32_t number);

void period_name(const struct charter *charter, uint32_t number, char name_out[PERIOD_NAME_SIZE]);
bool period_from_name(const struct charter *charter, struct bytes name,
                      uint32_t *number_out) MUST_USE;

/* Months of the charter's zone, whatever its periods are: since January 1970; "2026-11". */
uint32_t month_at(const struct charter *charter, uint64_t time_ms);
void month_name(uint32_t number, char name_out[MONTH_NAME_SIZE]);
bool month_from_name(const char *name, uint32_t *number_out) MUST_USE;

#endif
