#include "partners/settlement.h"

#include <stdlib.h>
#include <string.h>

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

/* The partner with the largest net of this sign (-1 debtors, +1 creditors), ties by name; `count`
 * when there is none. */
static size_t largest(const struct charter *charter, const struct money *nets, int sign)
{
    size_t best = charter->partner_count;
    for (size_t i = 0; i < charter->partner_count; i++) {
        __int128 size = nets[i].v * sign;
        if (size <= 0)
            continue;
        if (best == charter->partner_count || size > nets[best].v * sign ||
            (size == nets[best].v * sign &&
             strcmp(charter->partners[i].name, charter->partners[best].name) < 0))
            best = i;
    }
    return best;
}

size_t settlement_payments(const struct state *state, struct payment *payments_out)
{
    const struct charter *charter = state_charter(state);
    struct money *nets = allocate(charter->partner_count, sizeof(*nets));
    size_t count = 0;
    for (size_t i = 0; i < charter->partner_count; i++)
        nets[i] = settlement_net(state, (struct partner_id){(uint16_t)i}, true);
    for (;;) {
        size_t debtor = largest(charter, nets, -1), creditor = largest(charter, nets, 1);
        /* Nets sum to zero: while one owes, another is owed. */
        must((debtor == charter->partner_count) == (creditor == charter->partner_count));
        if (debtor == charter->partner_count)
            break;
        /* Each payment brings one of the two to zero, the last one both. */
        must(count + 1 < charter->partner_count);
        __int128 amount = -nets[debtor].v < nets[creditor].v ? -nets[debtor].v : nets[creditor].v;
        nets[debtor].v += amount;
        nets[creditor].v -= amount;
        payments_out[count++] = (struct payment){
            .from = {(uint16_t)debtor}, .to = {(uint16_t)creditor}, .amount = {amount}};
    }
    free(nets);
    return count;
}
