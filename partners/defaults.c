#include "partners/defaults.h"

#include <stdlib.h>
#include <string.h>

/* ---- sharing out --------------------------------------------------------------------------- */

struct quotient {
    __int128 whole, rest;
};

/* a * b / c, where the product may have 200 bits: bit by bit, nothing grows beyond 3c. */
static struct quotient multiply_divide(__int128 a, __int128 b, __int128 c)
{
    struct quotient q = {0, 0};
    for (int bit = 126; bit >= 0; bit--) {
        q.whole *= 2;
        q.rest *= 2;
        if (b >> bit & 1) {
            q.whole += a / c;
            q.rest += a % c;
        }
        q.whole += q.rest / c;
        q.rest %= c;
    }
    return q;
}

struct share {
    size_t place;
    __int128 rest;
    const char *name;
};

static int by_rest(const void *a, const void *b)
{
    const struct share *left = a, *right = b;
    if (left->rest != right->rest)
        return left->rest > right->rest ? -1 : 1;
    return strcmp(left->name, right->name);
}

void share_out(__int128 units, const __int128 *weights, const char *const *names, size_t count,
               __int128 *shares_out)
{
    const __int128 most = (__int128)1 << 100;
    struct share *shares = allocate(count, sizeof(*shares));
    __int128 sum = 0, left = units;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    must(units >= 0 && units < most && sum > 0 && sum < most);
    for (size_t i = 0; i < count; i++) {
        struct quotient q = multiply_divide(units, weights[i], sum);
        shares_out[i] = q.whole;
        shares[i] = (struct share){.place = i, .rest = q.rest, .name = names[i]};
        left -= q.whole;
    }
    qsort(shares, count, sizeof(*shares), by_rest);
    must(left >= 0 && left < (__int128)count);
    for (size_t i = 0; left > 0; i++, left--)
        shares_out[shares[i].place]++;
    free(shares);
}

/* ---- who owes whom, apart from payments ------------------------------------------------------ */

typedef void debt_visit(void *context, struct partner_id debtor, struct partner_id creditor,
                        __int128 amount);

static void each_debt(const struct period *period, const struct lines *closed, const char *currency,
                      debt_visit *visit, void *context)
{
    for (size_t i = 0; i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        if (strcmp(line->currency, currency) == 0)
            visit(context, line->debtor, line->creditor, line->rounded.v);
    }
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        if (strcmp(taken->currency, currency) != 0)
            continue;
        visit(context, taken->debtor, taken->claimant, -taken->amount.v);
        if (!taken->collateral)
            visit(context, taken->debtor, taken->by, taken->amount.v);
        visit(context, taken->by, taken->claimant, taken->amount.v);
    }
}

/* Payments made, or to be made as well. */
static void each_payment(const struct period *period, const char *currency, bool to_come,
                         debt_visit *visit, void *context)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        bool stands = payment->state == PAYMENT_SENT || payment->state == PAYMENT_CONFIRMED;
        if (strcmp(payment->currency, currency) == 0 &&
            (stands || (to_come && payment->state != PAYMENT_VOID)))
            visit(context, payment->payment.from, payment->payment.to, -payment->payment.amount.v);
    }
}

struct position { /* of one with each of the others */
    struct partner_id of;
    __int128 *owes; /* by partner */
};

static void add_to_position(void *context, struct partner_id debtor, struct partner_id creditor,
                            __int128 amount)
{
    struct position *position = context;
    if (partner_equal(debtor, creditor))
        return; /* a keeper that takes over its own claim */
    if (partner_equal(debtor, position->of))
        position->owes[creditor.v] += amount;
    if (partner_equal(creditor, position->of))
        position->owes[debtor.v] -= amount;
}

struct nets { /* of those that are not in default */
    const bool *out;
    struct money *at; /* by partner */
};

static void add_to_nets(void *context, struct partner_id debtor, struct partner_id creditor,
                        __int128 amount)
{
    struct nets *nets = context;
    if (nets->out[debtor.v] || nets->out[creditor.v])
        return;
    nets->at[debtor.v].v -= amount;
    nets->at[creditor.v].v += amount;
}

static bool *who_is_out(const struct period *period, const char *currency)
{
    bool *out = allocate(period->partner_count, sizeof(*out));
    for (size_t i = 0; i < period->default_count; i++)
        if (strcmp(period->defaults[i].currency, currency) == 0)
            out[period->defaults[i].partner.v] = true;
    return out;
}

/* ---- one is in default ----------------------------------------------------------------------- */

enum verdict default_declare(struct period *period, struct partner_id partner, size_t payment,
                             const struct hash *approver, bool payee_is_silent, int64_t today,
                             int64_t last_day, bool *declared_out)
{
    enum verdict verdict = VERDICT_ACCEPTED;
    *declared_out = false;
    if (period->state != PERIOD_FINAL)
        return period->state == PERIOD_SETTLED ? VERDICT_PAID_TWICE : VERDICT_WRONG_STATE;
    if (payment >= period->payment_count)
        return VERDICT_UNKNOWN_PAYMENT;
    struct period_payment *own = &period->payments[payment];
    if (payee_is_silent ? partner_equal(own->payment.from, partner)
                        : !partner_equal(own->payment.to, partner))
        return VERDICT_NOT_A_PARTY;
    if (own->state == PAYMENT_CONFIRMED)
        return VERDICT_PAID_TWICE;
    if (own->ring_fenced || (own->state != PAYMENT_DUE && own->state != PAYMENT_FAILED))
        return VERDICT_WRONG_STATE;
    if (today <= last_day)
        return VERDICT_TOO_EARLY;
    if (period->payment_count + 2 * period->partner_count > PAYMENTS_MAX)
        return VERDICT_TOO_MANY_ALLOCATIONS;
    *declared_out = second_approves(&own->accuser, approver, &verdict);
    return verdict;
}

struct taking_out {
    struct period *period;
    const struct lines *closed;
    const struct default_rules *rules;
    struct partner_id debtor;
    char currency[CURRENCY_SIZE];
    size_t count;     /* of partners */
    const bool *out;  /* by partner: in default in the currency, the debtor too */
    __int128 unit;    /* the minor one */
    __int128 *claims; /* by partner: what it is to lose */
    struct money used;
};

/* Payments that nobody has made: those of others rest on what the debtor will not pay. */
static void make_void(struct taking_out *taking)
{
    struct period *period = taking->period;
    for (size_t i = 0; i < period->payment_count; i++) {
        struct period_payment *payment = &period->payments[i];
        if (payment->ring_fenced || strcmp(payment->currency, taking->currency) != 0 ||
            (payment->state != PAYMENT_DUE && payment->state != PAYMENT_FAILED))
            continue;
        payment->state = PAYMENT_VOID;
        payment->approver = payment->accuser = (struct hash){{0}};
    }
}

/* What the debtor owes each partner, less what it has paid. */
static __int128 *position_of(const struct taking_out *taking)
{
    struct position position = {.of = taking->debtor,
                                .owes = allocate(taking->count, sizeof(__int128))};
    each_debt(taking->period, taking->closed, taking->currency, add_to_position, &position);
    each_payment(taking->period, taking->currency, false, add_to_position, &position);
    return position.owes;
}

static void take_over(struct taking_out *taking, struct partner_id claimant, struct partner_id by,
                      bool collateral, __int128 amount)
{
    struct period *period = taking->period;
    if (amount == 0)
        return;
    period->taken = array_grow(period->taken, &period->taken_capacity, period->taken_count + 1,
                               sizeof(*period->taken));
    struct taken_over *taken = &period->taken[period->taken_count++];
    *taken = (struct taken_over){.debtor = taking->debtor,
                                 .claimant = claimant,
                                 .by = by,
                                 .collateral = collateral,
                                 .amount = {amount}};
    memcpy(taken->currency, taking->currency, CURRENCY_SIZE);
    taking->claims[claimant.v] -= amount;
}

static __int128 sum_of(const __int128 *amounts, size_t count)
{
    __int128 sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += amounts[i];
    return sum;
}

/* All amounts are whole minor units: rounded lines are, and so is what is paid of them. */
static void share_units(const struct taking_out *taking, __int128 amount, const __int128 *weights,
                        __int128 *shares_out)
{
    __int128 *units = allocate(taking->count, sizeof(*units));
    for (size_t i = 0; i < taking->count; i++)
        units[i] = weights[i] / taking->unit;
    share_out(amount / taking->unit, units, taking->rules->names, taking->count, shares_out);
    for (size_t i = 0; i < taking->count; i++)
        shares_out[i] *= taking->unit;
    free(units);
}

/* The keeper pays claims out of the debtor's collateral, as far as that goes. */
static void use_fund(struct taking_out *taking)
{
    const struct default_rules *rules = taking->rules;
    __int128 claimed = sum_of(taking->claims, taking->count);
    __int128 used = rules->fund.v < claimed ? rules->fund.v : claimed;
    used -= used % taking->unit;
    if (used <= 0 || rules->keeper.v >= taking->count || taking->out[rules->keeper.v])
        return;
    __int128 *shares = allocate(taking->count, sizeof(*shares));
    share_units(taking, used, taking->claims, shares);
    for (size_t i = 0; i < taking->count; i++)
        take_over(taking, (struct partner_id){(uint16_t)i}, rules->keeper, true, shares[i]);
    taking->used.v = used;
    free(shares);
}

/* What each is owed by all in the period: what losses are shared by. */
static __int128 *receivables_of(const struct taking_out *taking)
{
    __int128 *receivables = allocate(taking->count, sizeof(*receivables));
    for (size_t i = 0; i < taking->closed->count; i++) {
        const struct line *line = &taking->closed->at[i];
        if (strcmp(line->currency, taking->currency) == 0)
            receivables[line->creditor.v] += line->rounded.v;
    }
    for (size_t i = 0; i < taking->count; i++)
        if (taking->out[i] || receivables[i] < 0)
            receivables[i] = 0;
    return receivables;
}

static void share_loss(struct taking_out *taking)
{
    __int128 *receivables = receivables_of(taking);
    __int128 lost = sum_of(taking->claims, taking->count);
    if (lost > 0 && sum_of(receivables, taking->count) > 0) {
        __int128 *shares = allocate(taking->count, sizeof(*shares));
        struct money *nets = allocate(taking->count, sizeof(*nets));
        struct payment *moves = allocate(taking->count, sizeof(*moves));
        share_units(taking, lost, receivables, shares);
        for (size_t i = 0; i < taking->count; i++)
            nets[i].v = taking->claims[i] - shares[i];
        size_t count = netting_payments(taking->rules->names, nets, taking->count, moves);
        for (size_t i = 0; i < count; i++)
            take_over(taking, moves[i].to, moves[i].from, false, moves[i].amount.v);
        free(moves);
        free(nets);
        free(shares);
    }
    free(receivables);
}

/* What the others owe one another, less what they have paid, is netted again. */
static void net_anew(struct taking_out *taking, uint16_t round)
{
    struct nets nets = {.out = taking->out, .at = allocate(taking->count, sizeof(*nets.at))};
    each_debt(taking->period, taking->closed, taking->currency, add_to_nets, &nets);
    each_payment(taking->period, taking->currency, false, add_to_nets, &nets);
    period_add_payments(taking->period, nets.at, taking->currency, taking->rules->names, round);
    free(nets.at);
}

static void ring_fence(struct taking_out *taking, uint16_t round)
{
    __int128 *owes = position_of(taking);
    for (size_t i = 0; i < taking->count; i++) {
        if (taking->out[i] || owes[i] == 0)
            continue;
        struct partner_id other = {(uint16_t)i};
        bool back = owes[i] < 0;
        struct period_payment payment = {.payment = {.from = back ? other : taking->debtor,
                                                     .to = back ? taking->debtor : other,
                                                     .amount = {back ? -owes[i] : owes[i]}},
                                         .round = round,
                                         .ring_fenced = true};
        memcpy(payment.currency, taking->currency, CURRENCY_SIZE);
        period_add_payment(taking->period, &payment);
    }
    free(owes);
}

static __int128 unit_of(int minor_digits)
{
    __int128 unit = 1;
    for (int i = minor_digits; i < MONEY_DECIMALS; i++)
        unit *= 10;
    return unit;
}

struct money default_take_out(struct period *period, const struct lines *closed, size_t payment,
                              const struct default_rules *rules)
{
    struct taking_out taking = {.period = period,
                                .closed = closed,
                                .rules = rules,
                                .debtor = period->payments[payment].payment.from,
                                .count = period->partner_count,
                                .unit = unit_of(rules->minor_digits)};
    memcpy(taking.currency, period->payments[payment].currency, CURRENCY_SIZE);
    must(!period_in_default(period, taking.debtor, taking.currency));
    period->defaults = array_grow(period->defaults, &period->default_capacity,
                                  period->default_count + 1, sizeof(*period->defaults));
    struct period_default *own = &period->defaults[period->default_count++];
    own->partner = taking.debtor;
    memcpy(own->currency, taking.currency, CURRENCY_SIZE);
    bool *out = who_is_out(period, taking.currency);
    taking.out = out;
    make_void(&taking);
    taking.claims = position_of(&taking);
    for (size_t i = 0; i < taking.count; i++)
        if (out[i] || taking.claims[i] < 0)
            taking.claims[i] = 0;
    if (rules->fund.v > 0)
        use_fund(&taking);
    if (rules->mutualise)
        share_loss(&taking);
    net_anew(&taking, (uint16_t)period->default_count);
    ring_fence(&taking, (uint16_t)period->default_count);
    period_settle_when_paid(period);
    free(taking.claims);
    free(out);
    return taking.used;
}

enum { OUTCOME_ROW = 26 };

static void put_money(uint8_t *at, struct money amount)
{
    put_u64be(at, (uint64_t)((unsigned __int128)amount.v >> 64));
    put_u64be(at + 8, (uint64_t)amount.v);
}

struct hash defaults_hash(const struct period *period)
{
    struct hasher hasher;
    uint8_t row[OUTCOME_ROW];
    hasher_init(&hasher);
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        put_u16be(row, taken->debtor.v);
        put_u16be(row + 2, taken->claimant.v);
        put_u16be(row + 4, taken->by.v);
        memcpy(row + 6, taken->currency, 3);
        row[9] = taken->collateral;
        put_money(row + 10, taken->amount);
        hasher_update(&hasher, bytes_of(row, OUTCOME_ROW));
    }
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        put_u16be(row, payment->payment.from.v);
        put_u16be(row + 2, payment->payment.to.v);
        memcpy(row + 4, payment->currency, 3);
        put_money(row + 7, payment->payment.amount);
        put_u16be(row + 23, payment->round);
        row[25] = (uint8_t)(payment->ring_fenced << 7 | payment->state);
        hasher_update(&hasher, bytes_of(row, OUTCOME_ROW));
    }
    struct hash hash = hasher_result(&hasher);
    hasher_release(&hasher);
    return hash;
}

/* ---- as an image has them -------------------------------------------------------------------- */

/* Between one in default and each of the others: owed is what is paid, or to be paid. */
static bool position_sound(const struct period *period, const struct lines *closed,
                           const struct period_default *own)
{
    struct position position = {.of = own->partner,
                                .owes = allocate(period->partner_count, sizeof(__int128))};
    bool sound = true;
    each_debt(period, closed, own->currency, add_to_position, &position);
    each_payment(period, own->currency, true, add_to_position, &position);
    for (size_t i = 0; i < period->partner_count; i++)
        sound = sound && position.owes[i] == 0;
    free(position.owes);
    return sound;
}

static bool others_sound(const struct period *period, const struct lines *closed,
                         const char *currency)
{
    bool *out = who_is_out(period, currency);
    struct nets nets = {.out = out, .at = allocate(period->partner_count, sizeof(*nets.at))};
    bool sound = true;
    each_debt(period, closed, currency, add_to_nets, &nets);
    each_payment(period, currency, true, add_to_nets, &nets);
    for (size_t i = 0; i < period->partner_count; i++)
        sound = sound && nets.at[i].v == 0;
    free(nets.at);
    free(out);
    return sound;
}

/* A later default of the currency than the one that made it. */
static bool default_after(const struct period *period, const struct period_payment *payment)
{
    for (size_t i = payment->round; i < period->default_count; i++)
        if (strcmp(period->defaults[i].currency, payment->currency) == 0)
            return true;
    return false;
}

/* What is ring-fenced is of one in default, and what is netted and not made is of none. */
static bool payment_sound(const struct period *period, const struct period_payment *payment)
{
    bool stands = payment->state == PAYMENT_SENT || payment->state == PAYMENT_CONFIRMED;
    bool of_default = period_in_default(period, payment->payment.from, payment->currency) ||
                      period_in_default(period, payment->payment.to, payment->currency);
    if (payment->round > period->default_count ||
        (payment->round > 0 &&
         strcmp(period->defaults[payment->round - 1].currency, payment->currency) != 0))
        return false;
    if (payment->ring_fenced)
        return of_default && payment->state != PAYMENT_VOID;
    if (payment->state == PAYMENT_VOID)
        return default_after(period, payment);
    return stands || !of_default;
}

static bool taken_sound(const struct period *period, const struct taken_over *taken)
{
    return period_in_default(period, taken->debtor, taken->currency) && taken->amount.v > 0 &&
           taken->claimant.v < period->partner_count && taken->by.v < period->partner_count &&
           !partner_equal(taken->debtor, taken->claimant) &&
           !partner_equal(taken->debtor, taken->by) &&
           (taken->collateral || !partner_equal(taken->claimant, taken->by));
}

bool defaults_sound(const struct period *period, const struct lines *closed)
{
    for (size_t i = 0; i < period->taken_count; i++)
        if (!taken_sound(period, &period->taken[i]))
            return false;
    for (size_t i = 0; i < period->payment_count; i++)
        if (!payment_sound(period, &period->payments[i]))
            return false;
    for (size_t i = 0; i < period->default_count; i++)
        if (!position_sound(period, closed, &period->defaults[i]) ||
            !others_sound(period, closed, period->defaults[i].currency))
            return false;
    return true;
}
