/* Who does not pay: what it owes is between it and each of the others again, and the others may
 * share in it. By writing down, in one table, who owes whom. protocol/SETTLEMENT.md, 27. */
#include "node/naive_parts.h"

#include <stdlib.h>
#include <string.h>

struct naive_sharing { /* one default */
    struct naive *n;
    struct naive_period *period;
    const char *currency;
    uint16_t debtor;  /* who is in default */
    uint32_t pay_by;  /* what is made of it is to be paid by that day */
    size_t count;     /* partners of the period */
    bool *out;        /* [partner]: in default, now or before */
    __int128 *owes;   /* [partner][other], on balance: what is below 0 the other owes it */
    __int128 *paid;   /* [partner]: by the debtor, on balance: what stands */
    __int128 *claims; /* [partner]: on the debtor, and not covered by anybody yet */
};

/* ---- time ------------------------------------------------------------------------------------ */

int64_t naive_last_day(const struct naive *n, const struct naive_payment *payment)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    return naive_business_day(rules, payment->pay_by, rules->default_days);
}

bool naive_on_time(const struct naive *n, const struct naive_payment *payment)
{
    return payment->state == NAIVE_SENT && payment->attempts == 1 &&
           payment->sent_on <= naive_last_day(n, payment);
}

bool naive_shared_no_more(const struct naive *n, const struct naive_payment *payment, int64_t today)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    return today > naive_business_day(rules, naive_last_day(n, payment), NAIVE_WAIT_DAYS);
}

/* ---- rows ------------------------------------------------------------------------------------ */

void naive_default_add(struct naive_period *period, const struct naive_default *row)
{
    period->defaults =
        (struct naive_default *)array_grow(period->defaults, &period->default_capacity,
                                           period->default_count + 1, sizeof(*period->defaults));
    period->defaults[period->default_count++] = *row;
}

void naive_taking_add(struct naive_period *period, const struct naive_taking *taking)
{
    period->takings =
        (struct naive_taking *)array_grow(period->takings, &period->taking_capacity,
                                          period->taking_count + 1, sizeof(*period->takings));
    period->takings[period->taking_count++] = *taking;
}

bool naive_in_default(const struct naive_period *period, uint16_t partner, const char *currency)
{
    for (size_t i = 0; i < period->default_count; i++)
        if (period->defaults[i].partner == partner &&
            strcmp(period->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

/* ---- who owes whom --------------------------------------------------------------------------- */

static __int128 *owed_by(const struct naive_sharing *s, size_t from, size_t to)
{
    return &s->owes[from * s->count + to];
}

/* More, or less. Nobody owes itself. */
static void owe(const struct naive_sharing *s, uint16_t from, uint16_t to, __int128 amount)
{
    if (from == to)
        return;
    *owed_by(s, from, to) += amount;
    *owed_by(s, to, from) -= amount;
}

static void owe_taken(const struct naive_sharing *s, const struct naive_taking *taking)
{
    owe(s, taking->debtor, taking->claimant, -taking->amount);
    owe(s, taking->by, taking->claimant, taking->amount);
    if (!taking->collateral)
        owe(s, taking->debtor, taking->by, taking->amount);
}

static bool is_of(const struct naive_sharing *s, const char *currency)
{
    return strcmp(currency, s->currency) == 0;
}

static bool stands(const struct naive_payment *payment)
{
    return payment->state == NAIVE_SENT || payment->state == NAIVE_CONFIRMED;
}

static void write_lines(const struct naive_sharing *s)
{
    for (size_t i = 0; i < s->period->closed.count; i++) {
        const struct naive_line *line = &s->period->closed.at[i];
        if (is_of(s, line->currency))
            owe(s, line->debtor, line->creditor, line->rounded);
    }
}

/* Lines with their taxes, what was taken over, less what was paid; or less what is to be paid,
 * too. */
static void write_down(const struct naive_sharing *s, bool to_be_paid)
{
    const struct naive_period *period = s->period;
    write_lines(s);
    for (size_t i = 0; i < period->taking_count; i++)
        if (is_of(s, period->takings[i].currency))
            owe_taken(s, &period->takings[i]);
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *payment = &period->payments[i];
        bool counts = to_be_paid ? payment->state != NAIVE_VOID : stands(payment);
        if (counts && is_of(s, payment->currency))
            owe(s, payment->from, payment->to, -payment->amount);
    }
}

/* Nobody's, when it is not sent; and the debtor's, when it is not sent on time. */
static bool is_unpaid(const struct naive_sharing *s, const struct naive_payment *payment)
{
    if (payment->state == NAIVE_SENT)
        return payment->from == s->debtor && !naive_on_time(s->n, payment);
    return payment->state == NAIVE_DUE || payment->state == NAIVE_FAILED;
}

/* Of one that was in default before: that is between the two for good. */
static bool was_apart(const struct naive_sharing *s, const struct naive_payment *payment)
{
    bool from = s->out[payment->from] && payment->from != s->debtor;
    return from || (s->out[payment->to] && payment->to != s->debtor);
}

static void void_unpaid(const struct naive_sharing *s)
{
    for (size_t i = 0; i < s->period->payment_count; i++) {
        struct naive_payment *payment = &s->period->payments[i];
        if (was_apart(s, payment) || !is_of(s, payment->currency) || !is_unpaid(s, payment))
            continue;
        payment->state = NAIVE_VOID;
        payment->approver = payment->accuser = (struct hash){{0}};
    }
}

static void sum_paid(const struct naive_sharing *s)
{
    for (size_t i = 0; i < s->period->payment_count; i++) {
        const struct naive_payment *payment = &s->period->payments[i];
        if (!stands(payment) || !is_of(s, payment->currency))
            continue;
        if (payment->from == s->debtor)
            s->paid[payment->to] += payment->amount;
        if (payment->to == s->debtor)
            s->paid[payment->from] -= payment->amount;
    }
}

/* ---- sharing --------------------------------------------------------------------------------- */

/* The whole part of sum * weight / whole, bit by bit: their product has no room. */
static __int128 part_of(__int128 sum, __int128 weight, __int128 whole, __int128 *rest_out)
{
    __int128 part = 0, rest = 0;
    must(weight >= 0 && weight <= whole && whole > 0 && whole < (__int128)1 << 124);
    for (int bit = 126; bit >= 0; bit--) {
        part *= 2;
        rest = rest * 2 + (sum >> bit & 1 ? weight : 0);
        for (; rest >= whole; rest -= whole)
            part++;
    }
    *rest_out = rest;
    return part;
}

/* Whose rest is the largest, by name among equals. */
static size_t largest_rest(const struct naive *n, const __int128 *rests, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (rests[i] > rests[best] ||
            (rests[i] == rests[best] && strcmp(n->rules.partners[i], n->rules.partners[best]) < 0))
            best = i;
    return best;
}

/* So many minor units among the partners, by weight: whole ones, and of those left one each. */
static void share_out(const struct naive_sharing *s, __int128 units, const __int128 *weights,
                      __int128 *shares_out)
{
    __int128 *rests = (__int128 *)allocate(s->count, sizeof(*rests));
    __int128 whole = 0, left = units, unit = naive_unit_of(s->n, s->currency);
    for (size_t i = 0; i < s->count; i++)
        whole += weights[i];
    for (size_t i = 0; i < s->count; i++) {
        __int128 part = part_of(units, weights[i], whole, &rests[i]);
        shares_out[i] = part * unit;
        left -= part;
    }
    for (; left > 0; left--) {
        size_t i = largest_rest(s->n, rests, s->count);
        must(rests[i] > 0);
        shares_out[i] += unit;
        rests[i] = 0;
    }
    free(rests);
}

static __int128 sum_of(const __int128 *amounts, size_t count)
{
    __int128 sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += amounts[i];
    return sum;
}

static void take_over(const struct naive_sharing *s, uint16_t claimant, uint16_t by,
                      bool collateral, __int128 amount)
{
    struct naive_taking taking = {.debtor = s->debtor,
                                  .claimant = claimant,
                                  .by = by,
                                  .collateral = collateral,
                                  .amount = amount};
    if (amount == 0)
        return;
    memcpy(taking.currency, s->currency, CURRENCY_SIZE);
    naive_taking_add(s->period, &taking);
    owe_taken(s, &taking);
    s->claims[claimant] -= amount;
}

/* Who has the most room takes over of the largest claim. Rooms are below 0, claims above. */
static void match(const struct naive_sharing *s, __int128 *rooms_and_claims)
{
    __int128 amount;
    uint16_t by, claimant;
    while (naive_pay_largest(s->n, rooms_and_claims, s->count, &by, &claimant, &amount))
        take_over(s, claimant, by, false, amount);
}

static __int128 smaller(__int128 a, __int128 b)
{
    return a < b ? a : b;
}

static bool makes_up(const struct naive_sharing *s, size_t partner)
{
    return s->paid[partner] > 0 && !naive_is_silent(s->n->now, (uint16_t)partner);
}

/* What was paid was netted: it is on account of what all are owed. Who got more than the debtor
 * owed it makes up for that to the others, unless it has no node: then money had come as soon as it
 * was said to be sent. After that all that owe the debtor do, to those who have paid it. */
static void even_out(const struct naive_sharing *s, bool got)
{
    __int128 *nets = (__int128 *)allocate(s->count, sizeof(*nets));
    for (size_t i = 0; i < s->count; i++) {
        __int128 owed = s->out[i] ? 0 : *owed_by(s, s->debtor, i), paid = s->paid[i];
        if (owed < 0)
            nets[i] = !got ? owed : makes_up(s, i) ? -smaller(-owed, paid) : 0;
        else
            nets[i] = got ? owed : paid < 0 ? smaller(owed, -paid) : 0;
    }
    match(s, nets);
    free(nets);
}

static void claim(const struct naive_sharing *s)
{
    for (size_t i = 0; i < s->count; i++) {
        __int128 owed = *owed_by(s, s->debtor, i);
        s->claims[i] = !s->out[i] && owed > 0 ? owed : 0;
    }
}

/* The operator has to have been there, and to be one that pays. */
static bool has_fund(const struct naive_sharing *s)
{
    const struct naive_rules *rules = &s->n->rules;
    return strcmp(s->currency, rules->settlement.currencies[0].code) == 0 &&
           rules->operator_number >= 0 && (size_t)rules->operator_number < s->count &&
           !s->out[rules->operator_number];
}

/* What the debtor posted pays for it, as far as it goes: the operator holds that. */
static void share_fund(const struct naive_sharing *s)
{
    const struct naive *n = s->n;
    __int128 unit = naive_unit_of(n, s->currency), claimed = sum_of(s->claims, s->count);
    if (!has_fund(s) || claimed == 0)
        return;
    __int128 posted = naive_collateral_of(n, s->debtor);
    __int128 units = (posted < claimed ? posted : claimed) / unit;
    __int128 *shares = (__int128 *)allocate(s->count, sizeof(*shares));
    share_out(s, units, s->claims, shares);
    naive_collateral_use(s->n, s->debtor, units * unit);
    for (size_t i = 0; i < s->count; i++)
        take_over(s, (uint16_t)i, (uint16_t)n->rules.operator_number, true, shares[i]);
    free(shares);
}

/* Of each that is not in default: what all owe it by the lines of the period. */
static void receivables(const struct naive_sharing *s, __int128 *sums_out)
{
    for (size_t i = 0; i < s->period->closed.count; i++) {
        const struct naive_line *line = &s->period->closed.at[i];
        if (is_of(s, line->currency) && !s->out[line->creditor])
            sums_out[line->creditor] += line->rounded;
    }
    for (size_t i = 0; i < s->count; i++)
        sums_out[i] = sums_out[i] > 0 ? sums_out[i] : 0;
}

/* What is left is lost by all that were owed something, as much as by that share: who loses less
 * takes over from who loses more. */
static void share_loss(const struct naive_sharing *s)
{
    __int128 unit = naive_unit_of(s->n, s->currency), lost = sum_of(s->claims, s->count);
    __int128 *weights = (__int128 *)allocate(s->count, sizeof(*weights));
    __int128 *nets = (__int128 *)allocate(s->count, sizeof(*nets)); /* lost, less the share */
    receivables(s, weights);
    if (sum_of(weights, s->count) > 0) {
        share_out(s, lost / unit, weights, nets);
        for (size_t i = 0; i < s->count; i++)
            nets[i] = s->claims[i] - nets[i];
        match(s, nets);
    }
    free(weights);
    free(nets);
}

/* ---- payments anew --------------------------------------------------------------------------- */

static struct naive_payment payment_of(const struct naive_sharing *s)
{
    struct naive_payment payment = {.round = (uint32_t)s->period->default_count,
                                    .pay_by = s->pay_by};
    memcpy(payment.currency, s->currency, CURRENCY_SIZE);
    return payment;
}

/* Among those who are not in default. */
static void net_anew(const struct naive_sharing *s)
{
    struct naive_payment payment = payment_of(s);
    __int128 *nets = (__int128 *)allocate(s->count, sizeof(*nets));
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->count; j++)
            if (!s->out[i] && !s->out[j])
                nets[j] += *owed_by(s, i, j); /* and of the two once, as it is */
    while (naive_pay_largest(s->n, nets, s->count, &payment.from, &payment.to, &payment.amount))
        naive_payment_add(s->period, &payment);
    free(nets);
}

/* Between the debtor and each of them. */
static void ring_fence(const struct naive_sharing *s)
{
    struct naive_payment payment = payment_of(s);
    payment.ring_fenced = true;
    for (uint16_t i = 0; i < s->count; i++) {
        __int128 owed = *owed_by(s, s->debtor, i);
        if (s->out[i] || owed == 0)
            continue;
        payment.from = owed > 0 ? s->debtor : i;
        payment.to = owed > 0 ? i : s->debtor;
        payment.amount = owed > 0 ? owed : -owed;
        naive_payment_add(s->period, &payment);
    }
}

/* ---- one after the other --------------------------------------------------------------------- */

/* Who is in default in the currency, and room. */
static struct naive_sharing sharing_of(struct naive *n, struct naive_period *period,
                                       const char *currency)
{
    struct naive_sharing s = {
        .n = n, .period = period, .currency = currency, .count = period->partner_count};
    s.out = (bool *)allocate(s.count, sizeof(*s.out));
    s.owes = (__int128 *)allocate(s.count * s.count, sizeof(*s.owes));
    s.paid = (__int128 *)allocate(s.count, sizeof(*s.paid));
    s.claims = (__int128 *)allocate(s.count, sizeof(*s.claims));
    for (uint16_t i = 0; i < s.count; i++)
        s.out[i] = naive_in_default(period, i, currency);
    return s;
}

static void sharing_release(struct naive_sharing *s)
{
    free(s->out);
    free(s->owes);
    free(s->paid);
    free(s->claims);
}

void naive_begin_default(struct naive *n, struct naive_period *period, size_t number, int64_t today)
{
    const struct naive_payment unpaid = period->payments[number]; /* it moves when there are more */
    const struct naive_settlement *rules = &n->rules.settlement;
    struct naive_default row = {.partner = unpaid.from};
    must(!naive_in_default(period, unpaid.from, unpaid.currency));
    memcpy(row.currency, unpaid.currency, CURRENCY_SIZE);
    naive_default_add(period, &row);
    struct naive_sharing s = sharing_of(n, period, row.currency);
    s.debtor = unpaid.from;
    s.pay_by = naive_day_to_pay(n, period, today);
    void_unpaid(&s);
    write_down(&s, false);
    sum_paid(&s);
    even_out(&s, true);
    even_out(&s, false);
    claim(&s);
    if (rules->on_default != NAIVE_RING_FENCE)
        share_fund(&s);
    if (rules->on_default == NAIVE_MUTUALISE)
        share_loss(&s);
    net_anew(&s);
    ring_fence(&s);
    sharing_release(&s);
}

bool naive_default_adds_up(struct naive *n, struct naive_period *period, const char *currency)
{
    struct naive_sharing s = sharing_of(n, period, currency);
    bool even = true;
    write_down(&s, true);
    for (size_t i = 0; i < s.count; i++) {
        __int128 net = 0;
        for (size_t j = 0; j < s.count; j++) {
            even = even && ((!s.out[i] && !s.out[j]) || *owed_by(&s, i, j) == 0);
            net += *owed_by(&s, i, j);
        }
        even = even && net == 0;
    }
    sharing_release(&s);
    return even;
}

/* It was there when its payee's default began; and where that is in none, nobody asks. */
static bool was_there(const struct naive_period *period, const struct naive_payment *payment)
{
    size_t before = 0;
    while (before < period->default_count &&
           (period->defaults[before].partner != payment->to ||
            strcmp(period->defaults[before].currency, payment->currency) != 0))
        before++;
    return payment->round <= before;
}

/* What there was of claims, at most: by lines, with what was paid to the debtor, and what it or who
 * claims had taken over. */
static void write_claims(const struct naive_sharing *s)
{
    const struct naive_period *period = s->period;
    write_lines(s);
    for (size_t i = 0; i < period->taking_count; i++) {
        const struct naive_taking *taking = &period->takings[i];
        if (!is_of(s, taking->currency))
            continue;
        owe(s, taking->by, taking->claimant, taking->amount);
        if (!taking->collateral)
            owe(s, taking->debtor, taking->by, taking->amount);
    }
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *payment = &period->payments[i];
        if (payment->state != NAIVE_VOID && is_of(s, payment->currency) &&
            was_there(period, payment))
            *owed_by(s, payment->to, payment->from) += payment->amount;
    }
}

bool naive_takings_fit(struct naive *n, struct naive_period *period, const char *currency)
{
    struct naive_sharing s = sharing_of(n, period, currency);
    __int128 *left = s.owes;
    bool fit = true;
    write_claims(&s);
    for (size_t i = 0; i < s.count * s.count; i++)
        left[i] = left[i] > 0 ? left[i] : 0;
    for (size_t i = 0; i < period->taking_count; i++) {
        const struct naive_taking *taking = &period->takings[i];
        if (!is_of(&s, taking->currency))
            continue;
        *owed_by(&s, taking->debtor, taking->claimant) -= taking->amount;
        fit = fit && *owed_by(&s, taking->debtor, taking->claimant) >= 0;
    }
    sharing_release(&s);
    return fit;
}
