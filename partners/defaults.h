/* defaults.h - what becomes of a final period when one does not pay: its lines leave the netting,
 * each of the others keeps its position with it, and the charter says who bears the loss. ledger.md
 * section 8.5; protocol/SETTLEMENT.md section 27.
 *
 *     netted payments --default of one--> netted anew without it
 *                                         + one ring-fenced payment with each of the others
 *
 * Of each period and currency apart. Rounded lines stay as they are: what moves claims stands
 * beside them (struct taken_over), so that for any two partners, at any time,
 *
 *     lines + taken over = what is paid or to be paid      between one in default and any other
 *
 * and for all others of a currency the same holds of their sums.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_DEFAULTS_H
#define PARTNERS_DEFAULTS_H

#include "partners/period.h"

struct default_rules {
    const char *const *names; /* of partners */
    int minor_digits;         /* of the payment's currency */
    bool mutualise;
    /* Collateral of the payer in the payment's currency, that `keeper` pays out of; 0: there is no
     * fund. */
    struct money fund;
    struct partner_id keeper;
};

/* The payee says, by two people, that the payer of a netted payment does not pay; of a payee that
 * has no node (`payee_is_silent`), anyone but the payer may. `last_day` is the last one on which
 * it may still pay. `*declared_out` with the second approval: then comes default_take_out(). */
enum verdict default_declare(struct period *period, struct partner_id partner, size_t payment,
                             const struct hash *approver, bool payee_is_silent, int64_t today,
                             int64_t last_day, bool *declared_out) MUST_USE;
/* The payer of the payment is in default in its currency, from now on; `closed` are the rounded
 * lines. Returns what of the fund was used, in whole minor units. */
struct money default_take_out(struct period *period, const struct lines *closed, size_t payment,
                              const struct default_rules *rules);
/* Over everything that defaults have made of the period: taken over, and payments. */
struct hash defaults_hash(const struct period *period);
/* Whether payments, defaults and what was taken over fit the rounded lines, as above; what was
 * netted before any default is the caller's to compare. */
bool defaults_sound(const struct period *period, const struct lines *closed) MUST_USE;

/* Shares out `units` in proportion to weights, none negative, and not all of them 0: the largest
 * remainders get what is left over, ties by name. `shares_out` has `count` elements and sums to
 * `units`, which is below 2^100, as is the sum of the weights. */
void share_out(__int128 units, const __int128 *weights, const char *const *names, size_t count,
               __int128 *shares_out);

#endif
