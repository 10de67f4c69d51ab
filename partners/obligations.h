/* obligations.h - who owes whom in the open period, exactly, by line class and
 * tariff (partners/contracts.h).
 *
 * One row a debtor and tariff, made when it first owes. Within one record the changes of each cell
 * are gathered, so that a redemption of many lots reports one line a debtor and tariff.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_OBLIGATIONS_H
#define PARTNERS_OBLIGATIONS_H

#include "protocol/ids.h"
#include "protocol/points.h"
#include "protocol/record.h"

struct obligation_cell {
    struct money amount;
    uint32_t touched; /* 1 + its place among the changes of this record; 0: untouched */
};
/* Of a pair, of all time. */
struct redeemed_cell {
    __int128 points_bp; /* points times basis points behind redemption lines, less contra ones */
    __int128 before_bp; /* of those, when the open period began */
    __int128 year_bp;   /* when the calendar year did */
    __int128 held_bp;   /* in holds that are open, which caps count as redeemed */
};
struct obligation_change {
    struct partner_id debtor, creditor;
    enum line_class line_class;
    uint8_t tariff;
    int64_t amount;
};
struct obligations {
    size_t partner_count;
    size_t tariff_count; /* that there are rows for: 1 at least */
    /* [tariff][debtor][creditor * LINE_CLASS_COUNT + class]; rows of a tariff are made on demand */
    struct obligation_cell **rows[TARIFFS_MAX];
    /* Money of redemption lines and contra ones of all time that the open period has not: of
     * earlier ones, and what a dispute withholds. [tariff][debtor][creditor] */
    struct money **apart[TARIFFS_MAX];
    struct redeemed_cell **redeemed; /* [debtor][creditor] */
    struct obligation_change *changes;
    size_t change_count, change_capacity;
};

void obligations_init(struct obligations *obligations, size_t partner_count);
void obligations_release(struct obligations *obligations);
/* The array with zeroed room for `after` elements, at least as many as `before`; the old one is
 * freed. */
void *widened(void *array, size_t before, size_t after, size_t size);
/* Room for partners up to `partner_count`, at least as many as there are; between records. */
void obligations_widen(struct obligations *obligations, size_t partner_count);
/* What a partner owes itself is dropped. */
void obligations_add(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                     int64_t amount);
/* Sets what is owed, as an image of the state has it; no change of a record. */
void obligations_set(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                     struct money amount);
/* Points times basis points behind redemption lines, less what contra lines took back. */
void obligations_add_redeemed(struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor, int64_t points_bp);
/* The same of a hold that is opened, or (with the opposite sign) closed. */
void obligations_add_held(struct obligations *obligations, struct partner_id debtor,
                          struct partner_id creditor, int64_t points_bp);
/* Money of contra lines that is withheld from the open period, or (with the opposite sign) enters
 * it after all. */
void obligations_set_apart(struct obligations *obligations, struct partner_id debtor,
                           struct partner_id creditor, uint8_t tariff, __int128 amount);
struct money obligations_apart(const struct obligations *obligations, struct partner_id debtor,
                               struct partner_id creditor, uint8_t tariff);
/* As an image has it. */
void obligations_set_before(struct obligations *obligations, struct partner_id debtor,
                            struct partner_id creditor, __int128 before_bp, __int128 year_bp);
struct money obligations_get(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, enum line_class line_class,
                             uint8_t tariff);
struct redeemed_cell obligations_redeemed(const struct obligations *obligations,
                                          struct partner_id debtor, struct partner_id creditor);
/* What is owed, ascending by debtor, creditor, class and tariff; begin with a zeroed walk. */
struct obligation_walk {
    size_t debtor, cell, tariff;
    uint8_t tariffs[TARIFFS_MAX]; /* those that the debtor has rows of */
    size_t tariff_count;
};
bool obligations_next(const struct obligations *obligations, struct obligation_walk *walk,
                      struct obligation_change *key_out, struct money *amount_out) MUST_USE;
/* Points of the open period's redemption lines, ascending. */
struct redeemed_walk {
    size_t debtor, creditor;
};
bool obligations_next_redeemed(const struct obligations *obligations, struct redeemed_walk *walk,
                               struct partner_id *debtor_out, struct partner_id *creditor_out,
                               __int128 *points_bp_out) MUST_USE;
/* Nothing is owed any more: the next period begins. Between records. */
void obligations_begin_period(struct obligations *obligations);
/* The calendar year begins: what was redeemed in it is counted from here on. */
void obligations_begin_year(struct obligations *obligations);
/* Forgets the gathered changes (their sums stay). */
void obligations_settle_changes(struct obligations *obligations);

#endif
