#include "partners/settlement.h"

#include <stdlib.h>

struct money settlement_open(const struct state *state, struct partner_id debtor,
                             struct partner_id creditor)
{
    struct money sum = {0};
    for (int i = 0; i < LINE_CLASS_COUNT; i++)
        sum.v += state_obligation(state, debtor, creditor, (enum line_class)i).v;
    return sum;
}

struct money settlement_rounded(const struct state *state, struct partner_id debtor,
                                struct partner_id creditor)
{
    struct money sum = {0};
    int digits = state_charter(state)->minor_digits;
    for (int i = 0; i < LINE_CLASS_COUNT; i++)
        sum.v +=
            money_round(state_obligation(state, debtor, creditor, (enum line_class)i), digits).v;
    return sum;
}

static struct money owed(const struct state *state, uint16_t debtor, uint16_t creditor,
                         bool rounded)
{
    return rounded
               ? settlement_rounded(state, (struct partner_id){debtor},
                                    (struct partner_id){creditor})
               : settlement_open(state, (struct partner_id){debtor}, (struct partner_id){creditor});
}

struct money settlement_net(const struct state *state, struct partner_id partner, bool rounded)
{
    struct money net = {0};
    size_t count = state_charter(state)->partner_count;
    must(partner.v < count);
    for (size_t i = 0; i < count; i++) {
        net.v += owed(state, (uint16_t)i, partner.v, rounded).v;
        net.v -= owed(state, partner.v, (uint16_t)i, rounded).v;
    }
    return net;
}

size_t settlement_payments(const struct state *state, struct payment *payments_out)
{
    const struct charter *charter = state_charter(state);
    struct money *nets = allocate(charter->partner_count, sizeof(*nets));
    const char **names = allocate(charter->partner_count, sizeof(*names));
    for (size_t i = 0; i < charter->partner_count; i++) {
        nets[i] = settlement_net(state, (struct partner_id){(uint16_t)i}, true);
        names[i] = charter->partners[i].name;
    }
    size_t count = netting_payments(names, nets, charter->partner_count, payments_out);
    free(names);
    free(nets);
    return count;
}
