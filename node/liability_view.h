/* liability_view.h - the points that funders stand for as a node's GET
 * /v1/periods/PERIOD/liability tells them with history=true or last, read back into figures: what
 * reports by vintage are made of.
 *
 * Only the tables are read; roll-forward and ageing are made of them again (partners/liability.h).
 * The answer is checked against itself: names are partners', rows stand in order and only grow, and
 * each table has the hash that is told with it, by which an audit's own can be compared. What does
 * not tie is refused, never shown.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_LIABILITY_VIEW_H
#define NODE_LIABILITY_VIEW_H

#include "partners/charter.h"
#include "partners/date.h"
#include "partners/liability.h"
#include "partners/period_calendar.h"

#include <jansson.h>

enum {
    LIABILITY_ROWS_MAX = 1 << 20,     /* of one table */
    LIABILITY_ALL_ROWS_MAX = 1 << 22, /* of all that pages bring: a bound on memory */
};

struct liability_partner {
    char name[CHARTER_NAME_MAX + 1];
    bool rated; /* else it has a card in a currency without a rate: nothing can be valued */
    struct micro reimbursement; /* the highest that it may have to pay, as prices are now */
};
struct liability_view {
    const struct charter *charter; /* the coalition's first one; borrowed */
    char name[PERIOD_NAME_SIZE];
    uint32_t number;
    bool open; /* not ended: what stands now */
    struct date first_day, last_day, today;
    uint32_t month; /* that goes on after the period's end, or now: vintages before it are whole */
    bool rooted;    /* the checkpoint is the one that the period ended with */
    uint64_t records; /* of that; while it is not known, of the node's ledger */
    struct hash root, hash;
    struct liability_partner *partners; /* by number */
    size_t partner_count;
    struct vintages tables; /* the last one is the period's own */
    struct vintage_rows before, after;
};

/* A node tells long tables in pages: whether there is one after this answer, and from where on. */
bool liability_view_next(const json_t *answer, uint64_t *from_out) MUST_USE;
/* Puts the tables of an earlier page, which are used up, before those of this one; what else it
 * says is older, and falls away. ERROR_INVALID: they do not go together. */
bool liability_view_join(json_t *earlier, json_t *answer, struct error *error) MUST_USE;
/* The answer has all pages. ERROR_INVALID says what of it is wrong, or does not tie. */
bool liability_view_read(const json_t *answer, const struct charter *charter,
                         struct liability_view **view_out, struct error *error) MUST_USE;
void liability_view_close(struct liability_view *view); /* NULL is fine */

bool liability_view_partner(const struct liability_view *view, const char *name,
                            struct partner_id *partner_out) MUST_USE;
/* What points times basis points come to at the funder's highest reimbursement; false: not known.
 */
bool liability_view_value(const struct liability_view *view, struct partner_id funder,
                          __int128 points_bp, struct money *value_out) MUST_USE;
/* The month on which a table looks back: that of its period's last day; of the open one, today's.
 */
uint32_t liability_view_month(const struct liability_view *view, const struct vintage_table *table);

#endif
