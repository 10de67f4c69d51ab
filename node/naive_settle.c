/* What partners say of periods that have ended, in the order in which the reasons to refuse it are
 * asked. ledger.md section 8.9. */
#include "node/naive_parts.h"

#include "crypto/merkle.h"

#include <string.h>

struct naive_answering { /* one transaction */
    struct naive *n;
    struct naive_period *period;
    const struct settle *says;
    uint16_t writer;
    int64_t today;
};

/* Two people approve, one after the other. The first is kept; with the second it is done. */
static enum verdict approve(struct hash *first, const struct hash *approver, bool *done_out)
{
    *done_out = !hash_is_zero(first);
    if (*done_out && hash_equal(first, approver))
        return VERDICT_SAME_APPROVER;
    if (!*done_out)
        *first = *approver;
    return VERDICT_ACCEPTED;
}

/* ---- proposal and answers -------------------------------------------------------------------- */

static enum verdict propose(const struct naive_answering *a)
{
    struct naive_period *period = a->period;
    if (!period->rooted)
        return VERDICT_PERIOD_NOT_OVER;
    if (a->says->records != period->records || !hash_equal(&a->says->root, &period->root))
        return VERDICT_WRONG_TOTALS;
    if (period->state != NAIVE_CLOSED)
        return VERDICT_WRONG_STATE;
    if (a->writer >= period->partner_count)
        return VERDICT_NOT_A_PARTY; /* joined later */
    if (a->today <= period->last_day || a->today < period->propose_day)
        return VERDICT_PERIOD_NOT_OVER;
    if (!hash_equal(&a->says->totals, &period->totals))
        return VERDICT_WRONG_TOTALS;
    period->state = NAIVE_PROPOSED;
    period->proposer = a->writer;
    /* Who proposes late leaves the others a day of work. */
    if (period->answer_day <= a->today)
        period->answer_day = naive_business_day(&a->n->rules.settlement, a->today + 1, 0);
    if (period->pay_day < period->answer_day)
        period->pay_day = period->answer_day;
    return VERDICT_ACCEPTED;
}

static bool has_signed(const struct naive_answer *answer)
{
    return answer->kind == NAIVE_SIGNED || answer->kind == NAIVE_SIGNED_REST;
}

static enum verdict may_answer(const struct naive_answering *a)
{
    if (a->writer >= a->period->partner_count)
        return VERDICT_NOT_A_PARTY;
    if (a->period->state != NAIVE_PROPOSED)
        return VERDICT_WRONG_STATE;
    if (a->today > a->period->answer_day)
        return VERDICT_TOO_LATE;
    bool has = has_signed(&a->period->answers[a->writer]);
    return has ? VERDICT_ALREADY_ANSWERED : VERDICT_ACCEPTED;
}

static enum verdict sign_period(const struct naive_answering *a)
{
    bool done = false;
    enum verdict verdict = may_answer(a);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!hash_equal(&a->says->totals, &a->period->totals))
        return VERDICT_TOTALS_CHANGED;
    struct naive_answer *answer = &a->period->answers[a->writer];
    verdict = approve(&answer->approver, &a->says->approver, &done);
    if (verdict == VERDICT_ACCEPTED && done)
        answer->kind = answer->kind == NAIVE_DISPUTED ? NAIVE_SIGNED_REST : NAIVE_SIGNED;
    return verdict;
}

/* ---- a line that is shown -------------------------------------------------------------------- */

/* The effects of the record, or of the time that a seal tells of. */
static bool shown_effects(const struct settle *says, uint64_t *record_out,
                          struct bytes *effects_out)
{
    struct record record;
    struct hash automatic = hash_bytes(says->automatic);
    if (!record_decode(says->evidence, &record, NULL))
        return false;
    *record_out = record.index.v;
    *effects_out =
        record.kind == RECORD_KIND_TRANSACTION ? record.outcome.effects : says->automatic;
    return record.kind == RECORD_KIND_TRANSACTION ? says->automatic.size == 0
                                                  : hash_equal(&automatic, &record.automatic);
}

/* It stands in the tree that the period ended with, and was not in the one before. */
static bool in_period(const struct naive_period *period, const struct settle *says, uint64_t record)
{
    struct hash path[DISPUTE_PATH_MAX] = {{{0}}};
    struct hash leaf = merkle_leaf(says->evidence);
    size_t count = says->path.size / HASH_SIZE;
    if (!period->rooted || record < period->first_record || record >= period->records)
        return false;
    if (count > 0)
        memcpy(path, says->path.at, count * HASH_SIZE);
    return merkle_verify_inclusion(&leaf, record, period->records, path, count, &period->root);
}

/* What the record says that the debtor owes; 0: it shows nothing. */
static __int128 shown_amount(const struct naive_answering *a, uint64_t *record_out)
{
    const struct disputed_line *about = &a->says->line;
    struct effect_reader reader;
    struct effect effect;
    struct bytes effects;
    __int128 sum = 0;
    if (!shown_effects(a->says, record_out, &effects) ||
        !in_period(a->period, a->says, *record_out) || !effect_reader_init(&reader, effects))
        return 0;
    while (effect_next(&reader, &effect))
        if (effect.kind == EFFECT_OBLIGATION && effect.partner.v == about->debtor.v &&
            effect.creditor.v == about->creditor.v && effect.line_class == about->line_class &&
            effect.tariff == about->tariff)
            sum += effect.amount;
    return sum > INT64_MAX || sum < INT64_MIN ? 0 : sum;
}

/* ---- disputes -------------------------------------------------------------------------------- */

struct naive_dispute *naive_dispute_of(const struct naive_period *period,
                                       const struct disputed_line *about)
{
    for (size_t i = 0; i < period->dispute_count; i++) {
        struct naive_dispute *dispute = &period->disputes[i];
        if (dispute->record == about->record.v && dispute->debtor == about->debtor.v &&
            dispute->creditor == about->creditor.v && dispute->line_class == about->line_class &&
            dispute->tariff == about->tariff)
            return dispute;
    }
    return NULL;
}

/* What was taken back counts only as far as the line stands, and not while nobody knows how far. */
static __int128 enters(struct naive_dispute *dispute)
{
    __int128 stands = dispute->resolved ? dispute->exact - dispute->upheld : 0;
    __int128 back = dispute->back;
    if ((dispute->exact > 0 && back < -stands) || (dispute->exact < 0 && back > -stands))
        back = -stands;
    __int128 now = back - dispute->entered;
    dispute->entered = back;
    return now;
}

/* Of a part of a redemption, in the tariff of the line. */
static __int128 returned(const struct naive *n, const struct naive_dispute *dispute,
                         const struct naive_part *part)
{
    const struct naive_lot *lot = &n->lots[part->lot];
    struct naive_price price = naive_price_of(n, dispute->debtor, dispute->creditor, lot->epoch);
    __int128 back = 0;
    for (size_t i = 0; i < lot->split.count && price.tariff == dispute->tariff; i++)
        if (lot->split.funders[i].partner.v == dispute->debtor)
            back += (__int128)part->returned * price.reimbursement * lot->split.funders[i].bp;
    return back;
}

/* A redemption has one fee, in one tariff. */
static __int128 fee_returned(const struct naive *n, const struct naive_spend *spend,
                             const struct naive_part *part)
{
    int64_t fee = naive_fees_of(n, spend->partner, spend->epoch).redemption;
    return (__int128)part->returned * fee * BASIS_POINTS;
}

/* Of a redemption's line, or of its fee: all that was ever taken back of it. */
static __int128 taken_back(const struct naive *n, const struct naive_dispute *dispute)
{
    uint32_t id = naive_spend_find(n->redemptions, n->redemption_count, dispute->record);
    __int128 back = 0;
    if (id == NAIVE_NONE ||
        (dispute->line_class != LINE_REDEMPTION && dispute->line_class != LINE_REDEMPTION_FEE))
        return 0;
    const struct naive_spend *spend = &n->redemptions[id];
    for (size_t i = 0; i < spend->part_count; i++) {
        const struct naive_part *part = &n->parts[spend->first_part + i];
        back -= dispute->line_class == LINE_REDEMPTION_FEE ? fee_returned(n, spend, part)
                                                           : returned(n, dispute, part);
    }
    return back;
}

static void owe_back(struct naive *n, const struct naive_dispute *dispute, __int128 amount)
{
    bool redemption = dispute->line_class == LINE_REDEMPTION;
    naive_owe_amount(n, dispute->debtor, dispute->creditor, (int64_t)amount,
                     redemption ? LINE_REDEMPTION_CONTRA : dispute->line_class, dispute->tariff);
}

static enum verdict dispute_line(const struct naive_answering *a)
{
    struct naive_period *period = a->period;
    struct disputed_line about = a->says->line;
    if (about.line_class == LINE_DISPUTE || about.line_class == LINE_DISPUTE_FEE)
        return VERDICT_ALREADY_DISPUTED;
    enum verdict verdict = may_answer(a);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    __int128 exact = shown_amount(a, &about.record.v);
    if (exact == 0)
        return VERDICT_NOT_IN_PERIOD;
    if (a->writer != about.debtor.v && a->writer != about.creditor.v)
        return VERDICT_NOT_A_PARTY;
    if (naive_dispute_of(period, &about))
        return VERDICT_ALREADY_DISPUTED;
    size_t opened = 0;
    for (size_t i = 0; i < period->dispute_count; i++)
        opened += period->disputes[i].by == a->writer;
    if (opened == NAIVE_DISPUTES_MAX)
        return VERDICT_TOO_MANY_DISPUTES;
    period->disputes =
        (struct naive_dispute *)array_grow(period->disputes, &period->dispute_capacity,
                                           period->dispute_count + 1, sizeof(*period->disputes));
    period->disputes[period->dispute_count++] =
        (struct naive_dispute){.record = about.record.v,
                               .debtor = about.debtor.v,
                               .creditor = about.creditor.v,
                               .by = a->writer,
                               .line_class = about.line_class,
                               .tariff = about.tariff,
                               .code = a->says->code,
                               .exact = exact};
    period->answers[a->writer].kind = NAIVE_DISPUTED;
    struct naive_dispute *dispute = &period->disputes[period->dispute_count - 1];
    dispute->back = dispute->entered = taken_back(a->n, dispute);
    owe_back(a->n, dispute, enters(dispute));
    return VERDICT_ACCEPTED;
}

bool naive_is_part(__int128 part, __int128 whole)
{
    return whole >= 0 ? part >= 0 && part <= whole : part <= 0 && part >= whole;
}

static enum verdict respond(const struct naive_answering *a)
{
    struct naive_dispute *dispute = naive_dispute_of(a->period, &a->says->line);
    if (!dispute)
        return VERDICT_UNKNOWN_DISPUTE;
    bool other = a->writer == dispute->debtor || a->writer == dispute->creditor;
    if (!other || a->writer == dispute->by)
        return VERDICT_NOT_A_PARTY;
    if (dispute->resolved)
        return VERDICT_ALREADY_ANSWERED;
    if (!naive_is_part(a->says->amount, dispute->exact))
        return VERDICT_OVER_AMOUNT;
    dispute->responded = true;
    dispute->upheld = a->says->amount;
    return VERDICT_ACCEPTED;
}

/* Who opened it takes what is offered, or nothing; when that one was silent for long, the other
 * party ends it, and nothing of it is upheld. */
static enum verdict resolve(const struct naive_answering *a)
{
    struct naive_dispute *dispute = naive_dispute_of(a->period, &a->says->line);
    if (!dispute)
        return VERDICT_UNKNOWN_DISPUTE;
    bool opened = a->writer == dispute->by;
    if (a->writer != dispute->debtor && a->writer != dispute->creditor)
        return VERDICT_NOT_A_PARTY;
    if (a->period->state == NAIVE_PROPOSED)
        return VERDICT_WRONG_STATE;
    if (dispute->resolved)
        return VERDICT_ALREADY_ANSWERED;
    const struct naive_settlement *rules = &a->n->rules.settlement;
    if (!opened &&
        a->today <= naive_business_day(rules, a->period->answer_day, rules->dispute_days))
        return VERDICT_TOO_EARLY;
    __int128 offered = dispute->responded ? dispute->upheld : 0;
    if (a->says->amount != 0 && (!opened || a->says->amount != offered))
        return VERDICT_TOTALS_CHANGED;
    dispute->resolved = true;
    dispute->upheld = a->says->amount;
    bool fee = dispute->line_class == LINE_ISSUE_FEE || dispute->line_class == LINE_REDEMPTION_FEE;
    naive_owe_amount(a->n, dispute->debtor, dispute->creditor,
                     (int64_t)(dispute->exact - dispute->upheld),
                     fee ? LINE_DISPUTE_FEE : LINE_DISPUTE, dispute->tariff);
    owe_back(a->n, dispute, enters(dispute));
    return VERDICT_ACCEPTED;
}

__int128 naive_stands(struct naive *n, const struct disputed_line *about, __int128 amount)
{
    for (size_t i = 0; i < n->period_count; i++) {
        struct naive_dispute *dispute = naive_dispute_of(&n->periods[i], about);
        if (!dispute)
            continue;
        dispute->back += amount;
        return enters(dispute);
    }
    return amount;
}

/* ---- final, and paid ------------------------------------------------------------------------- */

static enum verdict finalise(const struct naive_answering *a)
{
    bool all = true;
    if (a->period->state != NAIVE_PROPOSED)
        return VERDICT_WRONG_STATE;
    for (size_t i = 0; i < a->period->partner_count; i++)
        all = all && has_signed(&a->period->answers[i]);
    if (!all && a->today <= a->period->answer_day)
        return VERDICT_TOO_EARLY;
    naive_close_books(a->n, a->period, a->today);
    return VERDICT_ACCEPTED;
}

/* Who has no node that has not left cannot say that money has come: then it has, once sent. */
bool naive_is_silent(const struct naive_coalition *coalition, uint16_t partner)
{
    bool silent = true;
    for (size_t i = 0; i < coalition->node_count; i++)
        silent = silent && (coalition->nodes[i].partner != partner || coalition->nodes[i].left);
    return silent;
}

/* What one person has said of its sending came to something, or to nothing any more; and when the
 * money has come, so did what one has said of a default. */
static void forget_approvers(struct naive_payment *payment)
{
    payment->approver = (struct hash){{0}};
    if (payment->state == NAIVE_CONFIRMED)
        payment->accuser = (struct hash){{0}};
}

static enum verdict pay(const struct naive_answering *a, struct naive_payment *payment)
{
    bool done = false, silent = naive_is_silent(a->n->now, payment->to);
    bool sent = payment->state == NAIVE_SENT;
    if (payment->from != a->writer)
        return VERDICT_NOT_A_PARTY;
    if (payment->state == NAIVE_CONFIRMED || (sent && !silent))
        return VERDICT_PAID_TWICE;
    if (payment->state == NAIVE_VOID)
        return VERDICT_WRONG_STATE;
    if (a->says->attempt != payment->attempts + (sent ? 0 : 1))
        return VERDICT_TOTALS_CHANGED;
    enum verdict verdict = approve(&payment->approver, &a->says->approver, &done);
    if (verdict != VERDICT_ACCEPTED || !done)
        return verdict;
    payment->state = silent ? NAIVE_CONFIRMED : NAIVE_SENT;
    payment->attempts = a->says->attempt;
    payment->sent_on = (uint32_t)a->today;
    forget_approvers(payment);
    naive_when_paid(a->period);
    return VERDICT_ACCEPTED;
}

/* Money for what nobody has to pay any more goes back. */
static enum verdict give_back(const struct naive_answering *a, struct naive_payment *payment)
{
    struct naive_payment back = {.from = payment->to,
                                 .to = payment->from,
                                 .amount = payment->amount,
                                 .round = (uint32_t)a->period->default_count,
                                 .ring_fenced = true,
                                 .pay_by = naive_day_to_pay(a->n, a->period, a->today)};
    if (a->period->payment_count >= NAIVE_PAYMENTS_MAX)
        return VERDICT_TOO_MANY_ALLOCATIONS;
    memcpy(back.currency, payment->currency, CURRENCY_SIZE);
    payment->state = NAIVE_CONFIRMED;
    naive_payment_add(a->period, &back);
    return VERDICT_ACCEPTED;
}

/* The creditor's word. Money may come before anybody says that it was sent. What one that is in
 * default sent, or was sent, is netted with nothing any more when it fails. */
static enum verdict judge(const struct naive_answering *a, struct naive_payment *payment,
                          bool arrived)
{
    if (payment->to != a->writer)
        return VERDICT_NOT_A_PARTY;
    if (payment->state == NAIVE_CONFIRMED)
        return VERDICT_PAID_TWICE;
    if (!arrived && payment->state != NAIVE_SENT)
        return VERDICT_WRONG_STATE;
    if (payment->state == NAIVE_VOID)
        return give_back(a, payment);
    payment->state = arrived ? NAIVE_CONFIRMED : NAIVE_FAILED;
    forget_approvers(payment);
    if (!arrived && (naive_in_default(a->period, payment->from, payment->currency) ||
                     naive_in_default(a->period, payment->to, payment->currency)))
        payment->ring_fenced = true;
    naive_when_paid(a->period);
    return VERDICT_ACCEPTED;
}

/* The creditor's word; where that one has no node any more, the operator's; where that one has
 * none either, or has to pay itself, any other's. */
static bool may_accuse(const struct naive_answering *a, const struct naive_payment *payment)
{
    int operator_number = a->n->rules.operator_number;
    if (!naive_is_silent(a->n->now, payment->to))
        return a->writer == payment->to;
    if (operator_number >= 0 && operator_number != payment->from &&
        !naive_is_silent(a->n->now, (uint16_t)operator_number))
        return a->writer == operator_number;
    return a->writer != payment->from;
}

/* Something that the payer sent on time may still be under way, to anyone. */
static bool is_under_way(const struct naive_answering *a, const struct naive_payment *unpaid)
{
    const struct naive_settlement *rules = &a->n->rules.settlement;
    for (size_t i = 0; i < a->period->payment_count; i++) {
        const struct naive_payment *payment = &a->period->payments[i];
        if (payment->from == unpaid->from && !payment->ring_fenced &&
            strcmp(payment->currency, unpaid->currency) == 0 && naive_on_time(a->n, payment) &&
            a->today <= naive_business_day(rules, payment->sent_on, rules->default_days))
            return true;
    }
    return false;
}

static enum verdict accuse(const struct naive_answering *a, struct naive_payment *payment)
{
    bool done = false;
    if (!may_accuse(a, payment))
        return VERDICT_NOT_A_PARTY;
    if (payment->state == NAIVE_CONFIRMED)
        return VERDICT_PAID_TWICE;
    if (payment->ring_fenced || payment->state == NAIVE_VOID || naive_on_time(a->n, payment) ||
        naive_in_default(a->period, payment->to, payment->currency))
        return VERDICT_WRONG_STATE;
    if (a->today <= naive_last_day(a->n, payment) || is_under_way(a, payment))
        return VERDICT_TOO_EARLY;
    if (a->period->payment_count + 2 * a->period->partner_count > NAIVE_PAYMENTS_MAX)
        return VERDICT_TOO_MANY_ALLOCATIONS;
    enum verdict verdict = approve(&payment->accuser, &a->says->approver, &done);
    if (verdict != VERDICT_ACCEPTED || !done)
        return verdict;
    if (naive_shared_no_more(a->n, payment, a->today))
        payment->ring_fenced = true; /* who has waited so long bears it alone */
    else
        naive_begin_default(a->n, a->period, a->says->payment, a->today);
    naive_when_paid(a->period);
    return VERDICT_ACCEPTED;
}

/* Of a period that is settled, what is ring-fenced may still be paid, and money may have come for
 * what is void; nothing else. */
static enum verdict of_payment(const struct naive_answering *a, enum transaction_type type)
{
    struct naive_payment *payment =
        a->says->payment < a->period->payment_count ? &a->period->payments[a->says->payment] : NULL;
    bool apart = payment && (payment->ring_fenced || payment->state == NAIVE_VOID);
    if (a->period->state == NAIVE_SETTLED && (!apart || type == TRANSACTION_PAYMENT_DEFAULT))
        return VERDICT_PAID_TWICE;
    if (a->period->state < NAIVE_FINAL)
        return VERDICT_WRONG_STATE;
    if (!payment)
        return VERDICT_UNKNOWN_PAYMENT;
    if (type == TRANSACTION_PAYMENT_DEFAULT)
        return accuse(a, payment);
    if (type == TRANSACTION_PAYMENT_SENT)
        return pay(a, payment);
    return judge(a, payment, type == TRANSACTION_PAYMENT_CONFIRMED);
}

enum verdict naive_settle(struct naive *n, const struct naive_tx *tx)
{
    struct naive_answering a = {.n = n,
                                .says = &tx->transaction->body.settle,
                                .writer = tx->writer,
                                .today = naive_day(n, n->now_ms)};
    for (size_t i = 0; i < n->period_count; i++)
        if (n->periods[i].number == a.says->period)
            a.period = &n->periods[i];
    if (!a.period)
        return VERDICT_UNKNOWN_PERIOD;
    enum transaction_type type = tx->transaction->type;
    if (type == TRANSACTION_PERIOD_PROPOSE)
        return propose(&a);
    if (type == TRANSACTION_PERIOD_SIGN)
        return sign_period(&a);
    if (type == TRANSACTION_DISPUTE_OPEN)
        return dispute_line(&a);
    if (type == TRANSACTION_DISPUTE_RESPOND)
        return respond(&a);
    if (type == TRANSACTION_DISPUTE_RESOLVE)
        return resolve(&a);
    return type == TRANSACTION_PERIOD_FINAL ? finalise(&a) : of_payment(&a, type);
}
