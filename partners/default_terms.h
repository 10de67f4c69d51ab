/* default_terms.h - what the charter says of a payment that is not made, as partners/defaults.h
 * asks for it. protocol/SETTLEMENT.md section 27.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_DEFAULT_TERMS_H
#define PARTNERS_DEFAULT_TERMS_H

#include "partners/defaults.h"

/* Until a payment is in default, and of whom and how many digits; not who bears it. */
struct default_rules default_days(const struct charter *charter);

struct default_terms {
    struct default_rules rules; /* borrows from the charter, the names, and: */
    bool *silent;               /* by partner */
};
/* Of `count` partners with these names; the charter may be of fewer. `held` is the payer's
 * collateral: a fund where the charter makes it one. */
void default_terms_open(const struct charter *charter, const char *const *names, size_t count,
                        const struct payment *payment, const char *currency, struct money held,
                        struct default_terms *terms_out);
void default_terms_close(struct default_terms *terms);

#endif
