/* Periods that have ended: what was owed in them, and what of it is to be paid. ledger.md section
 * 8.8-11. */
#include "node/naive_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- one period ------------------------------------------------------------------------------ */

void naive_period_release(struct naive_period *period)
{
    free(period->answers);
    free(period->owed.at);
    free(period->disputes);
    free(period->closed.at);
    free(period->defaults);
    free(period->takings);
    free(period->payments);
    *period = (struct naive_period){0};
}

struct naive_period *naive_period_add(struct naive *n, uint32_t number, size_t partners)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    int64_t last_day = naive_period_last_day(rules, number);
    n->periods = (struct naive_period *)array_grow(n->periods, &n->period_capacity,
                                                   n->period_count + 1, sizeof(*n->periods));
    struct naive_period *period = &n->periods[n->period_count++];
    *period = (struct naive_period){
        .number = number,
        .last_day = last_day,
        .propose_day = naive_business_day(rules, last_day, rules->propose_days),
        .answer_day = naive_business_day(rules, last_day, rules->answer_days),
        .pay_day = naive_business_day(rules, last_day, rules->pay_days),
        .partner_count = partners};
    period->answers = (struct naive_answer *)allocate(partners, sizeof(*period->answers));
    return period;
}

void naive_lines_add(struct naive_lines *lines, const struct naive_line *line)
{
    lines->at = (struct naive_line *)array_grow(lines->at, &lines->capacity, lines->count + 1,
                                                sizeof(*lines->at));
    lines->at[lines->count++] = *line;
}

/* SHA-256(number u32, records u64, root 32, a line: debtor u16, creditor u16, class u8, tariff u8,
 * i128). */
struct hash naive_totals(const struct naive_period *period)
{
    struct hasher hasher;
    uint8_t head[12], row[22];
    hasher_init(&hasher);
    put_u32be(head, period->number);
    put_u64be(head + 4, period->records);
    hasher_update(&hasher, bytes_of(head, sizeof(head)));
    hasher_update(&hasher, hash_as_bytes(&period->root));
    for (size_t i = 0; i < period->owed.count; i++) {
        const struct naive_line *line = &period->owed.at[i];
        put_u16be(row, line->debtor);
        put_u16be(row + 2, line->creditor);
        row[4] = (uint8_t)line->line_class;
        row[5] = line->tariff;
        put_u64be(row + 6, (uint64_t)((unsigned __int128)line->exact >> 64));
        put_u64be(row + 14, (uint64_t)line->exact);
        hasher_update(&hasher, bytes_of(row, sizeof(row)));
    }
    return hasher_final(&hasher);
}

/* ---- the end of one -------------------------------------------------------------------------- */

static bool is_owed(const struct naive *n)
{
    size_t cells = n->tariff_count * naive_owed_cells(n);
    for (size_t i = 0; i < cells; i++)
        if (n->owed[i] != 0)
            return true;
    return false;
}

/* All that is owed goes into the period, and none of it is left. */
static void move_owed(struct naive *n, struct naive_period *period)
{
    size_t partners = n->rules.partner_count, cells = naive_owed_cells(n);
    for (size_t i = 0; i < cells; i++)
        for (size_t tariff = 0; tariff < n->tariff_count; tariff++) {
            size_t pair = i / LINE_CLASS_COUNT;
            __int128 *owed = &n->owed[tariff * cells + i];
            struct naive_line line = {.debtor = (uint16_t)(pair / partners),
                                      .creditor = (uint16_t)(pair % partners),
                                      .line_class = (int)(i % LINE_CLASS_COUNT),
                                      .tariff = (uint8_t)tariff,
                                      .exact = *owed};
            if (line.exact != 0)
                naive_lines_add(&period->owed, &line);
            *owed = 0;
        }
}

/* Settled, nothing of it was cancelled or may be, and who did not pay has: nobody need be told of
 * it. */
static bool is_past(const struct naive_period *period)
{
    bool past = period->state == NAIVE_SETTLED;
    for (size_t i = 0; i < period->payment_count; i++) {
        enum naive_payment_state state = period->payments[i].state;
        past = past && (state == NAIVE_CONFIRMED || state == NAIVE_VOID);
    }
    for (size_t i = 0; i < period->dispute_count; i++)
        past = past && period->disputes[i].resolved && period->disputes[i].upheld == 0;
    return past;
}

/* The oldest of those that are past go, but for so many. */
static void forget(struct naive *n)
{
    size_t past = 0, kept = 0;
    for (size_t i = 0; i < n->period_count; i++)
        past += is_past(&n->periods[i]);
    for (size_t i = 0; i < n->period_count; i++) {
        if (past > NAIVE_PERIODS_KEPT && is_past(&n->periods[i])) {
            naive_period_release(&n->periods[i]);
            past--;
        } else {
            n->periods[kept++] = n->periods[i];
        }
    }
    n->period_count = kept;
}

static void learn_tree(struct naive *n, const struct naive_tree *tree)
{
    n->awaits_tree = false;
    n->open_first_record = tree->records;
    if (n->period_count == 0 || n->periods[n->period_count - 1].rooted)
        return; /* nothing was owed in the one that ended */
    struct naive_period *last = &n->periods[n->period_count - 1];
    last->rooted = true;
    last->records = tree->records;
    last->root = tree->root;
    last->totals = naive_totals(last);
}

/* Caps count anew with every period, or year. */
static void begin_flows(struct naive *n, bool period, bool year)
{
    for (size_t i = 0; i < n->rules.partner_count * n->rules.partner_count && (period || year);
         i++) {
        n->flows[i].in_period = period ? 0 : n->flows[i].in_period;
        n->flows[i].in_year = year ? 0 : n->flows[i].in_year;
    }
}

void naive_periods_begin(struct naive *n, uint64_t now_ms, const struct naive_tree *tree)
{
    int64_t day = naive_day(n, now_ms), year = naive_year_of(day);
    uint32_t number = naive_period_of(&n->rules.settlement, day);
    if (n->awaits_tree)
        learn_tree(n, tree);
    begin_flows(n, number > n->open_period, year > n->year);
    n->year = year > n->year ? year : n->year;
    if (number <= n->open_period)
        return;
    naive_standings_release(&n->standings);
    int64_t last_day = naive_period_last_day(&n->rules.settlement, n->open_period);
    naive_stand(n, naive_day_start(n, last_day + 1), &n->standings);
    if (is_owed(n)) {
        struct naive_period *period = naive_period_add(n, n->open_period, n->rules.partner_count);
        period->first_record = n->open_first_record;
        move_owed(n, period);
    }
    n->awaits_tree = true;
    n->open_period = number;
    forget(n);
}

/* ---- rounding and taxes ---------------------------------------------------------------------- */

/* To the currency's minor unit, half to even. */
static __int128 to_minor(__int128 amount, __int128 unit)
{
    __int128 size = amount < 0 ? -amount : amount;
    __int128 units = size / unit, twice = size % unit * 2;
    if (twice > unit || (twice == unit && units % 2 == 1))
        units++;
    return amount < 0 ? -units * unit : units * unit;
}

static int in_order(const void *a, const void *b)
{
    const struct naive_line *x = (const struct naive_line *)a;
    const struct naive_line *y = (const struct naive_line *)b;
    if (x->debtor != y->debtor)
        return x->debtor < y->debtor ? -1 : 1;
    if (x->creditor != y->creditor)
        return x->creditor < y->creditor ? -1 : 1;
    int order = strcmp(x->currency, y->currency);
    if (order != 0)
        return order;
    if (x->line_class != y->line_class)
        return x->line_class < y->line_class ? -1 : 1;
    return strcmp(x->tax, y->tax);
}

__int128 naive_unit_of(const struct naive *n, const char *currency)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    __int128 unit = 1;
    size_t i = 0;
    while (i < rules->currency_count && strcmp(rules->currencies[i].code, currency) != 0)
        i++;
    must(i < rules->currency_count);
    for (int j = MONEY_DECIMALS; j > rules->currencies[i].minor_digits; j--)
        unit *= 10;
    return unit;
}

/* Of one kind there is one line, rounded, or none when it comes to nothing. */
static void round_sums(const struct naive *n, struct naive_lines *lines)
{
    size_t kept = 0;
    if (lines->count > 0)
        qsort(lines->at, lines->count, sizeof(*lines->at), in_order);
    for (size_t i = 0; i < lines->count;) {
        struct naive_line sum = lines->at[i];
        for (i++; i < lines->count && in_order(&lines->at[i], &sum) == 0; i++)
            sum.exact += lines->at[i].exact;
        sum.rounded = to_minor(sum.exact, naive_unit_of(n, sum.currency));
        if (sum.exact != 0)
            lines->at[kept++] = sum;
    }
    lines->count = kept;
}

static int64_t rate_of(const struct naive *n, const char *tax)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    size_t i = 0;
    while (i < rules->tax_count && strcmp(rules->taxes[i].code, tax) != 0)
        i++;
    must(i < rules->tax_count);
    return rules->taxes[i].rate_bp;
}

static struct naive_line tax_line(const struct naive *n, const struct naive_line *line)
{
    struct naive_line out = *line;
    out.line_class = NAIVE_TAX;
    out.exact = line->rounded * rate_of(n, line->tax) / BASIS_POINTS;
    return out;
}

/* An exact line as the books have it, which know currency and tax instead of the tariff. */
static struct naive_line booked(const struct naive *n, const struct naive_line *exact)
{
    must(exact->tariff < n->tariff_count);
    const struct naive_tariff *tariff = &n->tariffs[exact->tariff];
    bool is_fee = exact->line_class == LINE_ISSUE_FEE || exact->line_class == LINE_REDEMPTION_FEE ||
                  exact->line_class == LINE_DISPUTE_FEE;
    struct naive_line line = *exact;
    line.tariff = 0;
    memcpy(line.currency, tariff->currency, CURRENCY_SIZE);
    memcpy(line.tax, is_fee ? tariff->fee_tax : tariff->redemption_tax, TAX_CODE_SIZE);
    return line;
}

/* ---- payments -------------------------------------------------------------------------------- */

/* Whose net is the largest on this side (-1 owes, +1 is owed), by name among equals; -1: nobody's.
 */
static int largest(const struct naive *n, const __int128 *nets, size_t count, int side)
{
    int best = -1;
    for (size_t i = 0; i < count; i++)
        if (nets[i] * side > 0 &&
            (best < 0 || nets[i] * side > nets[best] * side ||
             (nets[i] == nets[best] && strcmp(n->rules.partners[i], n->rules.partners[best]) < 0)))
            best = (int)i;
    return best;
}

bool naive_pay_largest(const struct naive *n, __int128 *nets, size_t count, uint16_t *from_out,
                       uint16_t *to_out, __int128 *amount_out)
{
    int from = largest(n, nets, count, -1), to = largest(n, nets, count, 1);
    if (from < 0 || to < 0)
        return false;
    *from_out = (uint16_t)from;
    *to_out = (uint16_t)to;
    *amount_out = -nets[from] < nets[to] ? -nets[from] : nets[to];
    nets[from] += *amount_out;
    nets[to] -= *amount_out;
    return true;
}

void naive_payment_add(struct naive_period *period, const struct naive_payment *payment)
{
    period->payments =
        (struct naive_payment *)array_grow(period->payments, &period->payment_capacity,
                                           period->payment_count + 1, sizeof(*period->payments));
    period->payments[period->payment_count++] = *payment;
}

uint32_t naive_day_to_pay(const struct naive *n, const struct naive_period *period, int64_t today)
{
    int64_t next = naive_business_day(&n->rules.settlement, today + 1, 0);
    return (uint32_t)(period->pay_day > next ? period->pay_day : next);
}

static void add_payments_in(const struct naive *n, struct naive_period *period,
                            const char *currency, int64_t today)
{
    __int128 *nets = (__int128 *)allocate(period->partner_count, sizeof(*nets));
    for (size_t i = 0; i < period->closed.count; i++) {
        if (strcmp(period->closed.at[i].currency, currency) != 0)
            continue;
        nets[period->closed.at[i].debtor] -= period->closed.at[i].rounded;
        nets[period->closed.at[i].creditor] += period->closed.at[i].rounded;
    }
    struct naive_payment payment = {.state = NAIVE_DUE,
                                    .pay_by = naive_day_to_pay(n, period, today)};
    memcpy(payment.currency, currency, CURRENCY_SIZE);
    while (naive_pay_largest(n, nets, period->partner_count, &payment.from, &payment.to,
                             &payment.amount))
        naive_payment_add(period, &payment);
    free(nets);
}

/* One currency after the other, by code. */
static void add_payments(const struct naive *n, struct naive_period *period, int64_t today)
{
    for (const char *last = "", *next = NULL;; last = next) {
        next = NULL;
        for (size_t i = 0; i < period->closed.count; i++) {
            const char *code = period->closed.at[i].currency;
            if (strcmp(code, last) > 0 && (!next || strcmp(code, next) < 0))
                next = code;
        }
        if (!next)
            return;
        add_payments_in(n, period, next, today);
    }
}

void naive_when_paid(struct naive_period *period)
{
    bool paid = true;
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *payment = &period->payments[i];
        bool counts = !payment->ring_fenced && payment->state != NAIVE_VOID;
        paid = paid && (!counts || payment->state == NAIVE_CONFIRMED);
    }
    if (paid)
        period->state = NAIVE_SETTLED;
}

void naive_close_books(const struct naive *n, struct naive_period *period, int64_t today)
{
    struct naive_lines *lines = &period->closed, taxes = {0};
    for (size_t i = 0; i < period->owed.count; i++) {
        struct naive_line line = booked(n, &period->owed.at[i]);
        naive_lines_add(lines, &line);
    }
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct naive_dispute *dispute = &period->disputes[i];
        struct naive_line less = {.debtor = dispute->debtor,
                                  .creditor = dispute->creditor,
                                  .line_class = (int)dispute->line_class,
                                  .tariff = dispute->tariff,
                                  .exact = -dispute->exact};
        less = booked(n, &less);
        naive_lines_add(lines, &less);
    }
    round_sums(n, lines);
    for (size_t i = 0; i < lines->count; i++) {
        if (!lines->at[i].tax[0])
            continue;
        struct naive_line line = tax_line(n, &lines->at[i]);
        naive_lines_add(&taxes, &line);
    }
    round_sums(n, &taxes);
    for (size_t i = 0; i < taxes.count; i++)
        naive_lines_add(lines, &taxes.at[i]);
    free(taxes.at);
    if (lines->count > 0)
        qsort(lines->at, lines->count, sizeof(*lines->at), in_order);
    add_payments(n, period, today);
    period->state = NAIVE_FINAL;
    naive_when_paid(period);
}
