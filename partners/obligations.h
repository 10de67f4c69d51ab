/* obligations.h - who owes whom, exactly, by line class.
 *
 * One row a debtor, made when it first owes. Within one record the changes of each cell are
 * gathered, so that a redemption of many lots reports one line a debtor.
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
struct obligation_change {
    struct partner_id debtor, creditor;
    enum line_class line_class;
    int64_t amount;
};
struct obligations {
    size_t partner_count;
    struct obligation_cell **rows; /* [debtor][creditor * LINE_CLASS_COUNT + class] */
    __int128 **redeemed_bp;        /* [debtor][creditor] */
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
                     struct partner_id creditor, enum line_class line_class, int64_t amount);
/* Sets what is owed, as an image of the state has it; no change of a record. */
void obligations_set(struct obligations *obligations, struct partner_id debtor,
                     struct partner_id creditor, enum line_class line_class, struct money amount);
/* Points times basis points behind redemption lines, less what contra lines took back. */
void obligations_add_redeemed(struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor, int64_t points_bp);
struct money obligations_get(const struct obligations *obligations, struct partner_id debtor,
                             struct partner_id creditor, enum line_class line_class);
__int128 obligations_redeemed(const struct obligations *obligations, struct partner_id debtor,
                              struct partner_id creditor);
/* Forgets the gathered changes (their sums stay). */
void obligations_settle_changes(struct obligations *obligations);

#endif
