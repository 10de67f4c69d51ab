#include "partners/netting.h"

#include <stdlib.h>
#include <string.h>

void netting_nets(const struct lines *closed, const char *currency, size_t partner_count,
                  struct money *nets_out)
{
    for (size_t i = 0; i < partner_count; i++)
        nets_out[i].v = 0;
    for (size_t i = 0; i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        if (strcmp(line->currency, currency) != 0)
            continue;
        must(line->debtor.v < partner_count && line->creditor.v < partner_count);
        nets_out[line->debtor.v].v -= line->rounded.v;
        nets_out[line->creditor.v].v += line->rounded.v;
    }
}

/* The partner with the largest net of this sign (-1 debtors, +1 creditors), ties by name; `count`
 * when there is none. */
static size_t largest(const char *const *names, const struct money *nets, size_t count, int sign)
{
    size_t best = count;
    for (size_t i = 0; i < count; i++) {
        __int128 size = nets[i].v * sign;
        if (size <= 0)
            continue;
        if (best == count || size > nets[best].v * sign ||
            (size == nets[best].v * sign && strcmp(names[i], names[best]) < 0))
            best = i;
    }
    return best;
}

size_t netting_match(const char *const *names, struct money *amounts, size_t count,
                     struct payment *payments_out)
{
    size_t made = 0;
    for (;;) {
        size_t debtor = largest(names, amounts, count, -1),
               creditor = largest(names, amounts, count, 1);
        if (debtor == count || creditor == count)
            return made;
        /* Each payment brings one of the two to zero. */
        must(made + 1 < count);
        __int128 owed = -amounts[debtor].v, due = amounts[creditor].v;
        __int128 amount = owed < due ? owed : due;
        amounts[debtor].v += amount;
        amounts[creditor].v -= amount;
        payments_out[made++] = (struct payment){
            .from = {(uint16_t)debtor}, .to = {(uint16_t)creditor}, .amount = {amount}};
    }
}

size_t netting_payments(const char *const *names, const struct money *nets, size_t count,
                        struct payment *payments_out)
{
    struct money *open = allocate(count, sizeof(*open));
    for (size_t i = 0; i < count; i++)
        open[i] = nets[i];
    size_t made = netting_match(names, open, count, payments_out);
    /* Nets sum to zero: while one owes, another is owed. */
    for (size_t i = 0; i < count; i++)
        must(open[i].v == 0);
    free(open);
    return made;
}
