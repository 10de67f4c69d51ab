#include "partners/default_terms.h"

#include "partners/charter_contracts.h"
#include "partners/charter_settlement.h"

#include <stdlib.h>
#include <string.h>

struct default_rules default_days(const struct charter *charter)
{
    return (struct default_rules){.calendar = charter_business_days(charter),
                                  .default_days = charter->settlement.default_days};
}

/* Collateral is the charter's currency, and the operator holds none of itself. */
static bool has_fund(const struct charter *charter, const struct payment *payment,
                     const char *currency)
{
    return charter->settlement.on_default != DEFAULT_RING_FENCE && charter->risk.on &&
           strcmp(currency, charter->currency) == 0 &&
           !partner_equal(payment->from, charter->operator_id);
}

void default_terms_open(const struct charter *charter, const char *const *names, size_t count,
                        const struct payment *payment, const char *currency, struct money held,
                        struct default_terms *terms_out)
{
    bool *silent = allocate(count, sizeof(*silent));
    for (size_t i = 0; i < count; i++)
        silent[i] = charter_partner_is_silent(charter, (struct partner_id){(uint16_t)i});
    struct default_rules rules = default_days(charter);
    rules.names = names;
    rules.silent = silent;
    rules.minor_digits = charter_minor_digits(charter, currency);
    rules.mutualise = charter->settlement.on_default == DEFAULT_MUTUALISE;
    if (has_fund(charter, payment, currency)) {
        rules.fund = held;
        rules.keeper = charter->operator_id;
    }
    *terms_out = (struct default_terms){.rules = rules, .silent = silent};
}

void default_terms_close(struct default_terms *terms)
{
    free(terms->silent);
    terms->silent = NULL;
}
