/* liability.h - what finance makes of the points that funders stand for (partners/vintages.h):
 * roll-forward by vintage, ageing, breakage, inputs of deferred revenue.
 *
 *     closing = opening + issued - redeemed - clawed back - expired
 *
 * Points are times basis points and exact. What time has ended counts as expired whether it is
 * booked or not, and `unbooked` tells how much of it is not. Redeemed is net of what was reversed:
 * it may be negative, as may what is taken back of an expiry. Points that a transfer or a
 * redemption that was reversed passed on to other lots stay in their vintage: `transferred` is
 * both what left lots and what came to others.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_LIABILITY_H
#define PARTNERS_LIABILITY_H

#include "partners/vintages.h"

/* Fewer closed vintages say nothing of those that are open. */
enum { BREAKAGE_VINTAGES_MIN = 3 };

struct liability_row {
    struct partner_id funder;
    uint32_t vintage;
    __int128 opening, issued, redeemed, clawed_back, expired, transferred, closing;
    __int128 unbooked; /* at the end, of all that is expired */
};
struct liability_rows { /* ascending by funder, vintage; zeroed is empty */
    struct liability_row *at;
    size_t count, capacity;
};
/* What became of the points of `before` by the time of `after`, which grew out of it; rows in which
 * nothing is left and nothing moved are left out. */
void liability_roll(const struct vintage_rows *before, const struct vintage_rows *after,
                    struct liability_rows *out);
void liability_rows_release(struct liability_rows *rows);

struct ageing_row {
    struct partner_id funder;
    uint32_t expires;
    __int128 pending, remaining, held; /* remaining: what time has not ended */
};
struct ageing_rows { /* ascending by funder, month; zeroed is empty */
    struct ageing_row *at;
    size_t count, capacity;
};
/* Outstanding points by the month with which they end; MONTH_NEVER last. */
void liability_age(const struct vintage_rows *rows, struct ageing_rows *out);
void ageing_rows_release(struct ageing_rows *rows);

/* A funder's vintage, from its first point on. */
struct vintage_life {
    struct partner_id funder;
    uint32_t vintage;
    __int128 issued, redeemed, clawed_back, expired, outstanding;
};
struct vintage_lives { /* ascending by funder, vintage; zeroed is empty */
    struct vintage_life *at;
    size_t count, capacity;
};
void liability_lives(const struct vintage_rows *rows, struct vintage_lives *out);
void vintage_lives_release(struct vintage_lives *lives);
/* Nothing of it can be spent any more, and with that month over nothing comes to it. */
bool vintage_life_closed(const struct vintage_life *life, uint32_t month);

/* Points of closed vintages that expired, in basis points of those issued and not clawed back:
 * what breakage was. False: there are fewer than BREAKAGE_VINTAGES_MIN of that funder. */
bool liability_breakage(const struct vintage_lives *lives, struct partner_id funder, uint32_t month,
                        uint32_t *bp_out) MUST_USE;

#endif
