#include "partners/settlement.h"

#include "partners/charter_contracts.h"

#include <stdlib.h>
#include <string.h>

struct money settlement_open(const struct state *state, struct partner_id debtor,
                             struct partner_id creditor, const char *currency)
{
    const struct contracts *contracts = state_contracts(state);
    struct money sum = {0};
    for (size_t t = 0; t < contracts->tariff_count; t++)
        if (strcmp(contracts->tariffs[t].currency, currency) == 0)
            for (int i = 0; i < LINE_CLASS_COUNT; i++)
                sum.v +=
                    state_obligation(state, debtor, creditor, (enum line_class)i, (uint8_t)t).v;
    return sum;
}

/* Whether lines of the class are one in the books. */
static bool same_key(const struct tariff *a, const struct tariff *b, enum line_class line_class)
{
    return strcmp(a->currency, b->currency) == 0 &&
           strcmp(tariff_tax(a, line_class), tariff_tax(b, line_class)) == 0;
}

/* What tariff `first` and later ones of the same key come to, rounded; nothing where an earlier one
 * has it. */
static struct money rounded_line(const struct state *state, struct partner_id debtor,
                                 struct partner_id creditor, enum line_class line_class,
                                 size_t first)
{
    const struct contracts *contracts = state_contracts(state);
    const struct tariff *tariffs = contracts->tariffs;
    struct money exact = {0};
    for (size_t t = 0; t < contracts->tariff_count; t++) {
        if (!same_key(&tariffs[t], &tariffs[first], line_class))
            continue;
        if (t < first)
            return (struct money){0};
        exact.v += state_obligation(state, debtor, creditor, line_class, (uint8_t)t).v;
    }
    return money_round(exact, charter_minor_digits(state_charter(state), tariffs[first].currency));
}

struct money settlement_rounded(const struct state *state, struct partner_id debtor,
                                struct partner_id creditor, const char *currency)
{
    const struct contracts *contracts = state_contracts(state);
    struct money sum = {0};
    for (size_t t = 0; t < contracts->tariff_count; t++)
        if (strcmp(contracts->tariffs[t].currency, currency) == 0)
            for (int i = 0; i < LINE_CLASS_COUNT; i++)
                sum.v += rounded_line(state, debtor, creditor, (enum line_class)i, t).v;
    return sum;
}

static struct money owed(const struct state *state, uint16_t debtor, uint16_t creditor,
                         const char *currency, bool rounded)
{
    struct partner_id from = {debtor}, to = {creditor};
    return rounded ? settlement_rounded(state, from, to, currency)
                   : settlement_open(state, from, to, currency);
}

struct money settlement_net(const struct state *state, struct partner_id partner,
                            const char *currency, bool rounded)
{
    struct money net = {0};
    size_t count = state_charter(state)->partner_count;
    must(partner.v < count);
    for (size_t i = 0; i < count; i++) {
        net.v += owed(state, (uint16_t)i, partner.v, currency, rounded).v;
        net.v -= owed(state, partner.v, (uint16_t)i, currency, rounded).v;
    }
    return net;
}

size_t settlement_payments(const struct state *state, const char *currency,
                           struct payment *payments_out)
{
    const struct charter *charter = state_charter(state);
    struct money *nets = allocate(charter->partner_count, sizeof(*nets));
    const char **names = (const char **)allocate(charter->partner_count, sizeof(names[0]));
    for (size_t i = 0; i < charter->partner_count; i++) {
        nets[i] = settlement_net(state, (struct partner_id){(uint16_t)i}, currency, true);
        names[i] = charter->partners[i].name;
    }
    size_t count = netting_payments(names, nets, charter->partner_count, payments_out);
    free((void *)names);
    free(nets);
    return count;
}
