/* vintages.h - the points that partners stand for, by the month in which they were made and the
 * month in which they end: now, and as it was at the end of settlement periods.
 *
 * A lot's vintage is the month of the charter's zone in which an earn or an adjustment made it; a
 * lot made of another has that one's. Lots of one vintage on the same terms that end in the same
 * month are a cohort, of which the state keeps the points by pool as they move (cohorts.c). What a
 * funder stands for are its basis points of them: that is worked out when it is asked for.
 *
 *     tables   period 683: every row    684: rows that changed    686: rows that changed
 *
 * A table at the end of a period has the rows that the period changed, all of them as they stood
 * then: with those of the tables before it they are the whole. Of the tables that are kept the
 * oldest is whole by itself. Sums are points * basis points of all lots ever, so that what a period
 * did is the difference of two tables, and one period's end is the next one's beginning.
 *
 *     hash = SHA-256(period u32, then of every row of the whole table, ascending: funder u16,
 *            vintage u32, month of expiry u32, eight sums i128: seven pools, ended)    big-endian
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_VINTAGES_H
#define PARTNERS_VINTAGES_H

#include "crypto/hash.h"
#include "protocol/record.h"

#define MONTH_NEVER UINT32_MAX /* as a month of expiry: none */

enum {
    /* After its vintage the latest month of expiry: how many rows there can be is for no till to
     * say. */
    EXPIRY_MONTHS_MAX = 240,
    VINTAGE_TABLES_KEPT = 64, /* five years of months: a curve from first to last for most points */
    VINTAGE_SUMS = POOL_COUNT + 1,
    VINTAGE_ENDED = POOL_COUNT /* of those remaining: in lots that time has ended, not booked yet */
};

struct vintage_row {
    struct partner_id funder;
    uint32_t vintage, expires; /* months since January 1970; EXPIRY_MONTHS_MAX later: or later */
    __int128 sums[VINTAGE_SUMS];
};
struct vintage_rows { /* ascending by funder, vintage, month of expiry; zeroed is empty */
    struct vintage_row *at;
    size_t count, capacity;
};
struct vintage_table {
    uint32_t period;
    bool carried; /* holds older ones too: with what its period began is not known any more */
    bool rooted;  /* which tree the period ended with is known */
    uint64_t records;
    struct hash root;
    struct hash hash; /* of the whole, not of these rows alone */
    struct vintage_rows rows;
};
struct vintages {             /* zeroed is empty */
    struct vintage_table *at; /* by period, ascending */
    size_t count, capacity;
    struct vintage_rows latest; /* the whole of the last one */
};

/* Before, at and behind zero as memcmp(), by what rows are ordered by. */
int vintage_row_compare(const struct vintage_row *a, const struct vintage_row *b);
void vintage_rows_add(struct vintage_rows *rows, const struct vintage_row *row);
/* Brings rows that were added in any order into theirs, and adds up those that are of one kind. */
void vintage_rows_settle(struct vintage_rows *rows);
/* Puts rows over those that are there: of two of a kind the newer one stands. Both ascending. */
void vintage_rows_put(struct vintage_rows *rows, const struct vintage_rows *newer);
/* NULL: none of that kind. */
const struct vintage_row *vintage_rows_find(const struct vintage_rows *rows,
                                            const struct vintage_row *like);
void vintage_rows_release(struct vintage_rows *rows);
struct hash vintage_rows_hash(const struct vintage_rows *rows, uint32_t period);
/* Everything that ever was: the sum over the pools. */
__int128 vintage_quantity(const struct vintage_row *row);
/* What may still be spent: pending, held, and remaining in lots that time has not ended. */
__int128 vintage_outstanding(const struct vintage_row *row);
/* What nobody can spend any more because time has ended it, booked or not. */
__int128 vintage_expired(const struct vintage_row *row);

void vintages_release(struct vintages *vintages);
/* NULL: none. */
struct vintage_table *vintages_find(const struct vintages *vintages, uint32_t period);
/* A table that is read back, after those that are there; its rows become theirs. */
void vintages_add(struct vintages *vintages, const struct vintage_table *table);
/* At the end of a period: `whole` becomes theirs. Where nothing changed there is no table, unless
 * it is `wanted`. NULL: none was made. */
const struct vintage_table *vintages_close(struct vintages *vintages, uint32_t period,
                                           struct vintage_rows *whole, bool wanted);
/* The whole at the end of the last table's period that is not after `period`; with no such table,
 * no rows. */
void vintages_at(const struct vintages *vintages, uint32_t period, struct vintage_rows *rows_out);

#endif
