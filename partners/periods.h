/* periods.h - the settlement periods of a ledger: the open one, and those that have ended, with
 * what everyone owes in each.
 *
 * While a period is open its obligations are kept as records are applied (partners/obligations.h);
 * when ledger time passes its end, they become its exact lines and the next one begins with
 * nothing. Which tree it ends with is told by the cut of the height after (cuts name the root of
 * two heights before); then it can be proposed.
 *
 *     totals = SHA-256(period u32, records u64, root 32, a line: debtor u16, creditor u16, class
 * u8, tariff u8, amount i128)     big-endian; exact lines ascending by debtor, creditor, class and
 * tariff, none zero
 *
 * A period in which nothing was owed leaves nothing. One that is settled is told of until
 * PERIODS_KEPT later ones are; one with a dispute that is open, or that cancelled something, stays.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_PERIODS_H
#define PARTNERS_PERIODS_H

#include "partners/contracts.h"
#include "partners/obligations.h"
#include "partners/period.h"

enum { PERIODS_KEPT = 36 };

struct redeemed { /* points behind the redemption lines of two partners, less contra ones */
    struct partner_id debtor, creditor;
    __int128 points_bp;
};
struct closed_period {
    struct period period;
    uint64_t first_record; /* its records are from here .. */
    uint64_t records;      /* .. to here, exclusive: the size of the tree that it ends with */
    bool rooted;           /* `records`, `root` and `totals` are known */
    struct hash root, totals;
    struct lines exact; /* ascending by debtor, creditor, class, tariff; no tax */
    struct redeemed *redeemed;
    size_t redeemed_count;
    struct lines closed; /* rounded, with taxes; once it is final */
};
struct periods {               /* zeroed is empty */
    struct closed_period **at; /* by number, ascending */
    size_t count, capacity;
    bool begun;    /* before the first height none is open */
    uint32_t open; /* number of the open one; it never goes back */
    uint64_t open_first_record;
    bool awaits_tree; /* one has ended, and the next cut tells with which tree */
};

void periods_release(struct periods *periods);
void closed_period_free(struct closed_period *closed);
/* NULL: none. */
struct closed_period *periods_find(const struct periods *periods, uint32_t number);
/* Adds one after those that are there; it becomes theirs. */
void periods_add(struct periods *periods, struct closed_period *closed);
/* Drops those that nobody need be told of any more; gives each of their disputes to `leaving`. */
typedef void dispute_leaves(void *context, const struct dispute *dispute);
void periods_forget(struct periods *periods, dispute_leaves *leaving, void *context);

/* What is owed now, as a period that ended now would have it; the caller's, to be freed with
 * closed_period_free(). The tariffs tell currencies and tax codes. */
struct closed_period *period_books_now(const struct obligations *obligations,
                                       const struct charter *charter,
                                       const struct contracts *contracts, uint32_t number,
                                       uint64_t first_record);
/* Moves what is owed into a period that has just ended; NULL when that is nothing. */
struct closed_period *period_close_books(struct obligations *obligations,
                                         const struct charter *charter,
                                         const struct contracts *contracts, uint32_t number,
                                         uint64_t first_record);
/* What is owed exactly, as a line of the books. */
struct line line_of_tariff(const struct tariff *tariffs, struct partner_id debtor,
                           struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                           struct money exact);
/* Order of exact lines: <0, 0, >0. */
int exact_line_compare(const struct line *a, const struct line *b);
/* period_finalise() by the charter's rules. */
enum verdict period_books_close(const struct charter *charter, struct closed_period *closed,
                                int64_t today) MUST_USE;
struct hash closed_period_totals(const struct closed_period *closed);

/* The rules by which the charter's periods are closed; borrowed from it. */
struct charter_line_rules {
    struct currency_rule currencies[1 + CHARTER_CURRENCIES_MAX]; /* ascending by code */
    struct tax_rule taxes[CHARTER_TAXES_MAX];
    struct line_rules rules; /* points into this */
};
void charter_line_rules(const struct charter *charter, struct charter_line_rules *rules_out);
/* The tax code that the charter's own tariff gives to a class; "" is none. */
const char *charter_tax_code(const struct charter *charter, enum line_class line_class);
struct period_rules charter_period_rules(const struct charter *charter);

#endif
