#include "partners/defaults.h"

#include "partners/sharing.h"

#include <stdlib.h>
#include <string.h>

/* ---- who owes whom, apart from payments ------------------------------------------------------ */

size_t taken_over_moves(const struct taken_over *taken, struct debt_move moves_out[TAKEN_MOVES_MAX])
{
    size_t count = 0;
    moves_out[count++] = (struct debt_move){taken->debtor, taken->claimant, {-taken->amount.v}};
    if (!taken->collateral)
        moves_out[count++] = (struct debt_move){taken->debtor, taken->by, taken->amount};
    if (!partner_equal(taken->by, taken->claimant)) /* else a keeper takes over its own claim */
        moves_out[count++] = (struct debt_move){taken->by, taken->claimant, taken->amount};
    return count;
}

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
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t count = taken_over_moves(taken, moves);
        for (size_t k = 0; k < count; k++)
            visit(context, moves[k].debtor, moves[k].creditor, moves[k].amount.v);
    }
}

/* Payments made, or to be made as well. */
static void each_payment(const struct period *period, const char *currency, bool to_come,
                         debt_visit *visit, void *context)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (strcmp(payment->currency, currency) == 0 &&
            (payment_stands(payment) || (to_come && payment->state != PAYMENT_VOID)))
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

/* ---- amounts --------------------------------------------------------------------------------- */

/* A whole number of minor units, more than none. */
static bool amount_sound(struct money amount, const char *currency, const struct line_rules *rules)
{
    for (size_t i = 0; i < rules->currency_count; i++)
        if (strcmp(rules->currencies[i].code, currency) == 0)
            return amount.v > 0 && amount.v % money_unit(rules->currencies[i].minor_digits) == 0;
    return false;
}

/* ---- one is in default ----------------------------------------------------------------------- */

static int64_t last_day(const struct period_payment *payment, const struct default_rules *rules)
{
    return business_days_later(&rules->calendar, payment->pay_by, rules->default_days);
}

/* Sent at its first attempt, by its last day: its payee has to say that it did not come. */
static bool on_time(const struct period_payment *payment, const struct default_rules *rules)
{
    return payment->state == PAYMENT_SENT && payment->attempt == 1 &&
           payment->sent_on <= last_day(payment, rules);
}

/* Has the payer sent something of which the payee may still say so? */
static bool money_is_on_its_way(const struct period *period, const struct period_payment *own,
                                const struct default_rules *rules, int64_t today)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (!payment->ring_fenced && partner_equal(payment->payment.from, own->payment.from) &&
            strcmp(payment->currency, own->currency) == 0 && on_time(payment, rules) &&
            today <= business_days_later(&rules->calendar, payment->sent_on, rules->default_days))
            return true;
    }
    return false;
}

static bool may_speak(const struct speaker *speaker, const struct period_payment *payment,
                      struct partner_id writer)
{
    return speaker->anyone ? !partner_equal(payment->payment.from, writer)
                           : partner_equal(speaker->partner, writer);
}

/* Whether it is time, and the payment one of which it can be said. */
static enum verdict ripe(const struct period *period, const struct period_payment *own,
                         const struct default_rules *rules, int64_t today)
{
    if (own->state == PAYMENT_CONFIRMED)
        return VERDICT_PAID_TWICE;
    if (own->ring_fenced || own->state == PAYMENT_VOID || on_time(own, rules) ||
        period_in_default(period, own->payment.to, own->currency) ||
        period_in_default(period, own->payment.from, own->currency))
        return VERDICT_WRONG_STATE;
    bool early = today <= last_day(own, rules) || money_is_on_its_way(period, own, rules, today);
    return early ? VERDICT_TOO_EARLY : VERDICT_ACCEPTED;
}

bool default_possible(const struct period *period, size_t payment,
                      const struct default_rules *rules, int64_t today)
{
    must(payment < period->payment_count);
    return ripe(period, &period->payments[payment], rules, today) == VERDICT_ACCEPTED;
}

enum verdict default_declare(struct period *period, struct partner_id writer, size_t payment,
                             const struct speaker *speaker, const struct hash *approver,
                             const struct default_rules *rules, int64_t today, bool *declared_out)
{
    enum verdict verdict = VERDICT_ACCEPTED;
    *declared_out = false;
    if (period->state != PERIOD_FINAL)
        return period->state == PERIOD_SETTLED ? VERDICT_PAID_TWICE : VERDICT_WRONG_STATE;
    if (payment >= period->payment_count)
        return VERDICT_UNKNOWN_PAYMENT;
    struct period_payment *own = &period->payments[payment];
    if (!may_speak(speaker, own, writer))
        return VERDICT_NOT_A_PARTY;
    verdict = ripe(period, own, rules, today);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
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
    uint16_t round;
    uint32_t pay_by;  /* of payments that are made */
    size_t count;     /* of partners */
    const bool *out;  /* by partner: in default in the currency, the debtor too */
    __int128 unit;    /* the minor one */
    __int128 *claims; /* by partner: what it is to lose */
    struct money used;
};

/* In default before the debtor is. */
static bool was_out(const struct taking_out *taking, struct partner_id partner)
{
    return taking->out[partner.v] && !partner_equal(partner, taking->debtor);
}

/* Payments that nobody has made, since those of others rest on what the debtor will not pay; and
 * what the debtor says it has sent, when it said so late or again. */
static bool is_undone(const struct taking_out *taking, const struct period_payment *payment)
{
    bool of_debtor = partner_equal(payment->payment.from, taking->debtor);
    if (strcmp(payment->currency, taking->currency) != 0 ||
        was_out(taking, payment->payment.from) || was_out(taking, payment->payment.to))
        return false;
    if (payment->state == PAYMENT_SENT)
        return of_debtor && !on_time(payment, taking->rules);
    return payment->state == PAYMENT_DUE || payment->state == PAYMENT_FAILED;
}

static void make_void(struct taking_out *taking)
{
    struct period *period = taking->period;
    for (size_t i = 0; i < period->payment_count; i++) {
        struct period_payment *payment = &period->payments[i];
        if (!is_undone(taking, payment))
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
}

/* Each takes over from the others, up to its room (below 0), of their claims (above it). */
static void match(struct taking_out *taking, struct money *amounts)
{
    struct payment *moves = allocate(taking->count, sizeof(*moves));
    size_t count = netting_match(taking->rules->names, amounts, taking->count, moves);
    for (size_t i = 0; i < count; i++)
        take_over(taking, moves[i].to, moves[i].from, false, moves[i].amount.v);
    free(moves);
}

/* By partner: what the debtor has paid it, less what it has paid the debtor. */
static __int128 *paid_by(const struct taking_out *taking)
{
    struct position position = {.of = taking->debtor,
                                .owes = allocate(taking->count, sizeof(__int128))};
    each_payment(taking->period, taking->currency, false, add_to_position, &position);
    for (size_t i = 0; i < taking->count; i++)
        position.owes[i] = -position.owes[i];
    return position.owes;
}

static __int128 smaller(__int128 a, __int128 b)
{
    return a < b ? a : b;
}

static __int128 at_least_none(__int128 amount)
{
    return amount > 0 ? amount : 0;
}

/* What was paid was paid on account of all, not of the two alone. Who was paid more than it is owed
 * takes over claims, up to that; then (`of_payers`) those that owe the debtor take over the claims
 * that others have since they paid the debtor. */
static void set_off(struct taking_out *taking, bool of_payers)
{
    __int128 *owes = position_of(taking), *paid = paid_by(taking);
    struct money *amounts = allocate(taking->count, sizeof(*amounts));
    for (size_t i = 0; i < taking->count; i++) {
        if (taking->out[i])
            continue;
        if (taking->rules->silent && taking->rules->silent[i] && !of_payers)
            amounts[i].v = at_least_none(owes[i]); /* that it was paid is the debtor's word */
        else if (of_payers)
            amounts[i].v = owes[i] < 0 ? owes[i] : smaller(owes[i], at_least_none(-paid[i]));
        else
            amounts[i].v = owes[i] > 0 ? owes[i] : -smaller(-owes[i], at_least_none(paid[i]));
    }
    match(taking, amounts);
    free(amounts);
    free(paid);
    free(owes);
}

static void find_claims(struct taking_out *taking)
{
    free(taking->claims);
    taking->claims = position_of(taking);
    for (size_t i = 0; i < taking->count; i++)
        if (taking->out[i] || taking->claims[i] < 0)
            taking->claims[i] = 0;
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
        struct money *amounts = allocate(taking->count, sizeof(*amounts));
        share_units(taking, lost, receivables, shares);
        for (size_t i = 0; i < taking->count; i++)
            amounts[i].v = taking->claims[i] - shares[i];
        match(taking, amounts);
        free(amounts);
        free(shares);
    }
    free(receivables);
}

/* What the others owe one another, less what they have paid, is netted again. */
static void net_anew(struct taking_out *taking)
{
    struct nets nets = {.out = taking->out, .at = allocate(taking->count, sizeof(*nets.at))};
    each_debt(taking->period, taking->closed, taking->currency, add_to_nets, &nets);
    each_payment(taking->period, taking->currency, false, add_to_nets, &nets);
    period_add_payments(taking->period, nets.at, taking->currency, taking->rules->names,
                        taking->round, taking->pay_by);
    free(nets.at);
}

static void ring_fence(struct taking_out *taking)
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
                                         .round = taking->round,
                                         .ring_fenced = true,
                                         .pay_by = taking->pay_by};
        memcpy(payment.currency, taking->currency, CURRENCY_SIZE);
        period_add_payment(taking->period, &payment);
    }
    free(owes);
}

static void add_default(struct taking_out *taking)
{
    struct period *period = taking->period;
    must(!period_in_default(period, taking->debtor, taking->currency));
    period->defaults = array_grow(period->defaults, &period->default_capacity,
                                  period->default_count + 1, sizeof(*period->defaults));
    struct period_default *own = &period->defaults[period->default_count++];
    own->partner = taking->debtor;
    memcpy(own->currency, taking->currency, CURRENCY_SIZE);
    taking->round = (uint16_t)period->default_count;
}

struct money default_take_out(struct period *period, const struct lines *closed, size_t payment,
                              const struct default_rules *rules, int64_t today)
{
    struct period_payment *own = &period->payments[payment];
    struct taking_out taking = {.period = period,
                                .closed = closed,
                                .rules = rules,
                                .debtor = own->payment.from,
                                .pay_by = period_pay_by(period, &rules->calendar, today),
                                .count = period->partner_count,
                                .unit = money_unit(rules->minor_digits)};
    if (today > business_days_later(&rules->calendar, last_day(own, rules), DEFAULT_CLAIM_DAYS)) {
        own->ring_fenced = true;
        period_settle_when_paid(period);
        return taking.used;
    }
    memcpy(taking.currency, own->currency, CURRENCY_SIZE);
    add_default(&taking);
    bool *out = who_is_out(period, taking.currency);
    taking.out = out;
    make_void(&taking);
    set_off(&taking, false);
    set_off(&taking, true);
    find_claims(&taking);
    if (rules->fund.v > 0)
        use_fund(&taking);
    find_claims(&taking);
    if (rules->mutualise)
        share_loss(&taking);
    net_anew(&taking);
    ring_fence(&taking);
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

static bool default_in(const struct period *period, const char *currency)
{
    for (size_t i = 0; i < period->default_count; i++)
        if (strcmp(period->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

/* Made by a default of its currency, or, to be paid back, after one. */
static bool round_sound(const struct period *period, const struct period_payment *payment)
{
    if (payment->round == 0)
        return true;
    if (payment->round > period->default_count)
        return false;
    return payment->ring_fenced
               ? default_in(period, payment->currency)
               : strcmp(period->defaults[payment->round - 1].currency, payment->currency) == 0;
}

/* What is netted and not made is of none in default. */
static bool payment_sound(const struct period *period, const struct period_payment *payment,
                          const struct line_rules *rules)
{
    bool of_default = period_in_default(period, payment->payment.from, payment->currency) ||
                      period_in_default(period, payment->payment.to, payment->currency);
    if (partner_equal(payment->payment.from, payment->payment.to) ||
        !amount_sound(payment->payment.amount, payment->currency, rules) ||
        !round_sound(period, payment))
        return false;
    if (payment->state == PAYMENT_VOID)
        return default_after(period, payment);
    return payment->ring_fenced || payment_stands(payment) || !of_default;
}

static bool taken_sound(const struct period *period, const struct taken_over *taken,
                        const struct line_rules *rules)
{
    return amount_sound(taken->amount, taken->currency, rules) &&
           period_in_default(period, taken->debtor, taken->currency) &&
           taken->claimant.v < period->partner_count && taken->by.v < period->partner_count &&
           !partner_equal(taken->debtor, taken->claimant) &&
           !partner_equal(taken->debtor, taken->by) &&
           (taken->collateral || !partner_equal(taken->claimant, taken->by));
}

/* Of a claim no more was taken over than it can have been: by lines, by what the debtor and its
 * owner had taken over before, by what that had paid the debtor, and by what it takes over itself.
 */
static bool claims_sound(const struct period *period, const struct lines *closed, size_t place)
{
    const struct period_default *own = &period->defaults[place];
    size_t count = period->partner_count;
    struct position claims = {.of = own->partner, .owes = allocate(count, sizeof(__int128))};
    __int128 *taken_from = allocate(count, sizeof(*taken_from));
    bool sound = true;
    for (size_t i = 0; i < closed->count; i++)
        if (strcmp(closed->at[i].currency, own->currency) == 0)
            add_to_position(&claims, closed->at[i].debtor, closed->at[i].creditor,
                            closed->at[i].rounded.v);
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (payment->round <= place && payment->state != PAYMENT_VOID &&
            strcmp(payment->currency, own->currency) == 0 &&
            partner_equal(payment->payment.to, own->partner))
            claims.owes[payment->payment.from.v] += payment->payment.amount.v;
    }
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        if (strcmp(taken->currency, own->currency) != 0)
            continue;
        if (!partner_equal(taken->debtor, own->partner)) {
            add_to_position(&claims, taken->by, taken->claimant, taken->amount.v);
            continue;
        }
        taken_from[taken->claimant.v] += taken->amount.v;
        if (!taken->collateral)
            claims.owes[taken->by.v] += taken->amount.v;
    }
    for (size_t i = 0; i < count; i++)
        sound = sound && taken_from[i] <= at_least_none(claims.owes[i]);
    free(taken_from);
    free(claims.owes);
    return sound;
}

bool defaults_sound(const struct period *period, const struct lines *closed,
                    const struct line_rules *rules)
{
    for (size_t i = 0; i < period->taken_count; i++)
        if (!taken_sound(period, &period->taken[i], rules))
            return false;
    for (size_t i = 0; i < period->payment_count; i++)
        if (!payment_sound(period, &period->payments[i], rules))
            return false;
    for (size_t i = 0; i < period->default_count; i++)
        if (!claims_sound(period, closed, i) ||
            !position_sound(period, closed, &period->defaults[i]) ||
            !others_sound(period, closed, period->defaults[i].currency))
            return false;
    return true;
}
