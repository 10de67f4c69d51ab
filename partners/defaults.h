/* defaults.h - what becomes of a final period when one does not pay: its lines leave the netting,
 * each of the others keeps its position with it, and the charter says who bears the loss. ledger.md
 * section 8.5; protocol/SETTLEMENT.md section 27.
 *
 *     netted payments --default of one--> netted anew without it
 *                                         + one ring-fenced payment with each of the others
 *
 * What has been paid was paid on account of all: who got more than it was owed takes over claims of
 * those who got less. Of each period and currency apart. Rounded lines stay as they are: what moves
 * claims stands beside them (struct taken_over), so that for any two partners, at any time,
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

/* Who says it later than so many business days after the last day bears it alone: the payment is
 * ring-fenced, and that is all. */
enum { DEFAULT_CLAIM_DAYS = 20 };

struct default_rules {
    struct business_days calendar;
    uint32_t default_days;    /* business days after its day to pay: a payment's last day */
    const char *const *names; /* of partners */
    int minor_digits;         /* of the payment's currency */
    bool mutualise;
    const bool *silent; /* by partner: has no node; NULL: each has one */
    /* Collateral of the payer in the payment's currency, that `keeper` pays out of; 0: there is no
     * fund. */
    struct money fund;
    struct partner_id keeper;
};
/* Who speaks for the payee: itself, or where it has no node another, or anyone but the payer. */
struct speaker {
    bool anyone;
    struct partner_id partner;
};

/* Two people say, one after the other, that the payer of a netted payment does not pay.
 * `*declared_out` with the second approval: then comes default_take_out(). */
enum verdict default_declare(struct period *period, struct partner_id writer, size_t payment,
                             const struct speaker *speaker, const struct hash *approver,
                             const struct default_rules *rules, int64_t today,
                             bool *declared_out) MUST_USE;
/* Whether its payer may be declared in default today, whoever would say it. Of the rules it asks
 * for the calendar and the days alone. */
bool default_possible(const struct period *period, size_t payment,
                      const struct default_rules *rules, int64_t today) MUST_USE;
/* The payer of the payment is in default in its currency, from now on; `closed` are the rounded
 * lines. Returns what of the fund was used, in whole minor units. */
struct money default_take_out(struct period *period, const struct lines *closed, size_t payment,
                              const struct default_rules *rules, int64_t today);
/* What one taking over changes of who owes whom: moves_out has so many. */
enum { TAKEN_MOVES_MAX = 3 };
struct debt_move {
    struct partner_id debtor, creditor;
    struct money amount; /* may be negative */
};
size_t taken_over_moves(const struct taken_over *taken,
                        struct debt_move moves_out[TAKEN_MOVES_MAX]);
/* Over everything that defaults have made of the period: taken over, and payments. */
struct hash defaults_hash(const struct period *period);
/* Whether payments, defaults and what was taken over fit the rounded lines, as above, in whole
 * minor units of their currencies; what was netted before any default is the caller's to compare.
 */
bool defaults_sound(const struct period *period, const struct lines *closed,
                    const struct line_rules *rules) MUST_USE;

#endif
