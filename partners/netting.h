/* netting.h - nets out of closed lines, and the few payments that settle them. ledger.md section
 * 8.11.
 *
 * Per currency, exact, in 128 bits. Pure. Threads: any.
 */
#ifndef PARTNERS_NETTING_H
#define PARTNERS_NETTING_H

#include "partners/lines.h"

struct payment {
    struct partner_id from, to;
    struct money amount; /* more than nothing */
};

/* Receivable less payable of each partner over the closed lines of one currency; `nets_out` has
 * partner_count elements, and every line's partners lie below that. They sum to zero. */
void netting_nets(const struct lines *closed, const char *currency, size_t partner_count,
                  struct money *nets_out);

/* The largest of those below 0 pays the largest of those above it the smaller of the two sums, and
 * so on until there is none of one kind; ties by name. `amounts` become what is left. At most
 * count - 1 payments, which is the room `payments_out` must have. Returns their count. */
size_t netting_match(const char *const *names, struct money *amounts, size_t count,
                     struct payment *payments_out);

/* netting_match() of nets. names[i] and nets[i] are partner i's; names differ, nets sum to zero. At
 * most count - 1 payments, which is the room `payments_out` must have. Returns their count. */
size_t netting_payments(const char *const *names, const struct money *nets, size_t count,
                        struct payment *payments_out);

#endif
