#include "partners/settlement.h"

#include "partners/charter_contracts.h"
#include "partners/state_parts.h"

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

/* ---- the walk ---------------------------------------------------------------------------------
 */

struct making {
    const struct state *state;
    struct settlement *settlement;
    settlement_visit *visit;
    void *context;
    size_t own; /* the charter's currency */
    /* Of each tariff: its currency, and the first one whose lines of a class are one with its. */
    size_t currencies[TARIFFS_MAX];
    uint8_t firsts[LINE_CLASS_COUNT][TARIFFS_MAX];
    /* What comes next of what is owed, and of what was redeemed. */
    struct obligation_walk walk;
    struct obligation_change line;
    struct money amount;
    struct redeemed_walk redeemed;
    struct settlement_pair points;
    bool has_line, has_points;
    struct settlement_pair pairs[1 + CHARTER_CURRENCIES_MAX]; /* of the pair at hand */
};

static bool same_key(const struct tariff *a, const struct tariff *b, enum line_class line_class)
{
    return strcmp(a->currency, b->currency) == 0 &&
           strcmp(tariff_tax(a, line_class), tariff_tax(b, line_class)) == 0;
}

static void find_keys(struct making *making)
{
    const struct contracts *contracts = state_contracts(making->state);
    for (uint8_t t = 0; t < contracts->tariff_count; t++) {
        const struct tariff *tariff = &contracts->tariffs[t];
        making->currencies[t] = settlement_currency(making->settlement, tariff->currency);
        for (int i = 0; i < LINE_CLASS_COUNT; i++) {
            uint8_t first = 0;
            while (!same_key(&contracts->tariffs[first], tariff, (enum line_class)i))
                first++;
            making->firsts[i][t] = first;
        }
    }
}

static void next_line(struct making *making)
{
    making->has_line = obligations_next(&making->state->obligations, &making->walk, &making->line,
                                        &making->amount);
}

static void next_points(struct making *making)
{
    making->has_points = obligations_next_redeemed(&making->state->obligations, &making->redeemed,
                                                   &making->points.debtor, &making->points.creditor,
                                                   &making->points.points_bp);
}

static bool is_of(struct partner_id debtor, struct partner_id creditor,
                  const struct settlement_pair *pair)
{
    return partner_equal(debtor, pair->debtor) && partner_equal(creditor, pair->creditor);
}

/* Whose turn it is: the earlier of the two. */
static struct settlement_pair next_pair(const struct making *making)
{
    struct settlement_pair line = {.debtor = making->line.debtor,
                                   .creditor = making->line.creditor},
                           points = {.debtor = making->points.debtor,
                                     .creditor = making->points.creditor};
    if (!making->has_points)
        return line;
    if (!making->has_line)
        return points;
    bool earlier = points.debtor.v != line.debtor.v ? points.debtor.v < line.debtor.v
                                                    : points.creditor.v < line.creditor.v;
    return earlier ? points : line;
}

/* The lines of one class of the pair, each rounded once. */
static void take_class(struct making *making, const struct settlement_pair *pair)
{
    struct money exact[TARIFFS_MAX] = {{0}};
    enum line_class line_class = making->line.line_class;
    const struct currency_rule *rules = making->settlement->rules.currencies;
    while (making->has_line && making->line.line_class == line_class &&
           is_of(making->line.debtor, making->line.creditor, pair)) {
        exact[making->firsts[line_class][making->line.tariff]].v += making->amount.v;
        next_line(making);
    }
    for (size_t t = 0; t < state_contracts(making->state)->tariff_count; t++) {
        size_t currency = making->currencies[t];
        making->pairs[currency].by_class[line_class].v += exact[t].v;
        making->pairs[currency].rounded.v += money_round(exact[t], rules[currency].minor_digits).v;
    }
}

static void tell(struct making *making, struct settlement_pair *pair)
{
    struct settlement *settlement = making->settlement;
    size_t row = pair->currency * settlement->partner_count;
    bool any = pair->points_bp != 0;
    for (size_t i = 0; i < LINE_CLASS_COUNT; i++) {
        pair->open.v += pair->by_class[i].v;
        any = any || pair->by_class[i].v != 0;
    }
    settlement->open[row + pair->creditor.v].v += pair->open.v;
    settlement->open[row + pair->debtor.v].v -= pair->open.v;
    settlement->rounded[row + pair->creditor.v].v += pair->rounded.v;
    settlement->rounded[row + pair->debtor.v].v -= pair->rounded.v;
    settlement->used[pair->currency] = settlement->used[pair->currency] || any;
    if (any && making->visit)
        making->visit(making->context, pair);
}

static void take_pair(struct making *making)
{
    struct settlement_pair pair = next_pair(making);
    size_t count = making->settlement->rules.rules.currency_count;
    for (size_t i = 0; i < count; i++) {
        making->pairs[i] = pair;
        making->pairs[i].currency = i;
    }
    while (making->has_line && is_of(making->line.debtor, making->line.creditor, &pair))
        take_class(making, &pair);
    if (making->has_points && is_of(making->points.debtor, making->points.creditor, &pair)) {
        making->pairs[making->own].points_bp = making->points.points_bp;
        next_points(making);
    }
    for (size_t i = 0; i < count; i++)
        tell(making, &making->pairs[i]);
}

void settlement_make(const struct state *state, settlement_visit *visit, void *context,
                     struct settlement *settlement_out)
{
    const struct charter *charter = state_charter(state);
    struct making *making = allocate(1, sizeof(*making));
    charter_line_rules(charter, &settlement_out->rules);
    size_t cells = settlement_out->rules.rules.currency_count * charter->partner_count;
    settlement_out->partner_count = charter->partner_count;
    memset(settlement_out->used, 0, sizeof(settlement_out->used));
    settlement_out->open = allocate(cells, sizeof(*settlement_out->open));
    settlement_out->rounded = allocate(cells, sizeof(*settlement_out->rounded));
    making->state = state;
    making->settlement = settlement_out;
    making->visit = visit;
    making->context = context;
    making->own = settlement_currency(settlement_out, charter->currency);
    find_keys(making);
    next_line(making);
    next_points(making);
    while (making->has_line || making->has_points)
        take_pair(making);
    free(making);
}

void settlement_release(struct settlement *settlement)
{
    free(settlement->open);
    free(settlement->rounded);
    settlement->open = settlement->rounded = NULL;
}

/* ---- what it comes to -------------------------------------------------------------------------
 */

size_t settlement_currency(const struct settlement *settlement, const char *code)
{
    size_t place = 0, count = settlement->rules.rules.currency_count;
    while (place < count && strcmp(settlement->rules.currencies[place].code, code) != 0)
        place++;
    must(place < count);
    return place;
}

const struct money *settlement_nets(const struct settlement *settlement, size_t currency,
                                    bool rounded)
{
    must(currency < settlement->rules.rules.currency_count);
    return (rounded ? settlement->rounded : settlement->open) +
           currency * settlement->partner_count;
}

size_t settlement_payments(const struct settlement *settlement, const struct charter *charter,
                           size_t currency, struct payment *payments_out)
{
    const char **names = (const char **)allocate(settlement->partner_count, sizeof(names[0]));
    for (size_t i = 0; i < settlement->partner_count; i++)
        names[i] = charter->partners[i].name;
    size_t count = netting_payments(names, settlement_nets(settlement, currency, true),
                                    settlement->partner_count, payments_out);
    free((void *)names);
    return count;
}
