#include "partners/period.h"

#include <stdlib.h>
#include <string.h>

const char *period_verdict_word(enum period_verdict verdict)
{
    static const char *const words[] = {
#define X(name, word) word,
        PERIOD_VERDICTS(X)
#undef X
    };
    must(verdict < PERIOD_VERDICT_COUNT);
    return words[verdict];
}

const char *dispute_code_word(enum dispute_code code)
{
    static const char *const words[] = {
#define X(name, word) word,
        DISPUTE_CODES(X)
#undef X
    };
    must(code < DISPUTE_CODE_COUNT);
    return words[code];
}

const char *period_state_word(enum period_state state)
{
    switch (state) {
    case PERIOD_OPEN:
        return "open";
    case PERIOD_PROPOSED:
        return "proposed";
    case PERIOD_FINAL:
        return "final";
    case PERIOD_SETTLED:
        return "settled";
    }
    return "?";
}

void period_open(struct period *period, uint64_t number, int64_t ended_on,
                 const struct period_rules *rules, size_t partner_count)
{
    must(rules->propose_days <= rules->answer_days && rules->answer_days <= rules->pay_days);
    *period = (struct period){.number = number,
                              .ended_on = ended_on,
                              .answers = allocate(partner_count, sizeof(*period->answers)),
                              .partner_count = partner_count};
    period->deadlines = (struct period_deadlines){
        .propose = business_days_later(&rules->calendar, ended_on, rules->propose_days),
        .answer = business_days_later(&rules->calendar, ended_on, rules->answer_days),
        .pay = business_days_later(&rules->calendar, ended_on, rules->pay_days)};
}

void period_release(struct period *period)
{
    free(period->answers);
    free(period->disputes);
    free(period->payments);
    *period = (struct period){0};
}

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return bytes_equal(hash_as_bytes(a), hash_as_bytes(b));
}

static bool four_eyes(const struct approvers *approvers)
{
    return !same_hash(&approvers->first, &approvers->second);
}

static bool is_party(const struct line *line, struct partner_id partner)
{
    return partner_equal(line->debtor, partner) || partner_equal(line->creditor, partner);
}

/* ---- proposal and answers ------------------------------------------------------------------ */

enum period_verdict period_propose(struct period *period, struct partner_id proposer,
                                   const struct hash *totals, const struct hash *own, int64_t today)
{
    must(proposer.v < period->partner_count);
    if (period->state != PERIOD_OPEN)
        return PERIOD_WRONG_STATE;
    if (today <= period->ended_on || today < period->deadlines.propose)
        return PERIOD_NOT_OVER;
    if (!same_hash(totals, own))
        return PERIOD_WRONG_TOTALS;
    period->state = PERIOD_PROPOSED;
    period->totals = *totals;
    period->proposer = proposer;
    /* A proposal that comes late leaves the others a day to answer. */
    if (period->deadlines.answer <= today)
        period->deadlines.answer = today + 1;
    if (period->deadlines.pay < period->deadlines.answer)
        period->deadlines.pay = period->deadlines.answer;
    return PERIOD_DONE;
}

/* What holds for a signature and a dispute alike. */
static enum period_verdict may_answer(const struct period *period, struct partner_id partner,
                                      int64_t today)
{
    if (partner.v >= period->partner_count)
        return PERIOD_NOT_A_PARTY;
    if (period->state != PERIOD_PROPOSED)
        return PERIOD_WRONG_STATE;
    if (today > period->deadlines.answer)
        return PERIOD_TOO_LATE;
    return period->answers[partner.v] == ANSWER_SIGNED ? PERIOD_ANSWERED : PERIOD_DONE;
}

enum period_verdict period_sign(struct period *period, struct partner_id partner,
                                const struct hash *totals, const struct approvers *approvers,
                                int64_t today)
{
    enum period_verdict verdict = may_answer(period, partner, today);
    if (verdict != PERIOD_DONE)
        return verdict;
    if (!same_hash(totals, &period->totals))
        return PERIOD_CHANGED;
    if (!four_eyes(approvers))
        return PERIOD_SAME_EYES;
    /* One that disputes some records has signed the rest. */
    if (period->answers[partner.v] == ANSWER_NONE)
        period->answers[partner.v] = ANSWER_SIGNED;
    return PERIOD_DONE;
}

static struct dispute *dispute_of(const struct period *period, struct record_index record)
{
    for (size_t i = 0; i < period->dispute_count; i++)
        if (period->disputes[i].record.v == record.v)
            return &period->disputes[i];
    return NULL;
}

enum period_verdict period_dispute(struct period *period, struct partner_id partner,
                                   struct record_index record, const struct line *line,
                                   enum dispute_code code, int64_t today)
{
    enum period_verdict verdict = may_answer(period, partner, today);
    must(code < DISPUTE_CODE_COUNT);
    if (verdict != PERIOD_DONE)
        return verdict;
    if (!line)
        return PERIOD_UNKNOWN;
    if (!is_party(line, partner))
        return PERIOD_NOT_A_PARTY;
    if (dispute_of(period, record))
        return PERIOD_DUPLICATE;
    if (period->dispute_count == PERIOD_DISPUTES_MAX)
        return PERIOD_FULL;
    period->disputes = array_grow(period->disputes, &period->dispute_capacity,
                                  period->dispute_count + 1, sizeof(*period->disputes));
    period->disputes[period->dispute_count++] =
        (struct dispute){.record = record, .line = *line, .code = code, .by = partner};
    period->answers[partner.v] = ANSWER_DISPUTED;
    return PERIOD_DONE;
}

/* ---- final --------------------------------------------------------------------------------- */

static bool all_answered(const struct period *period)
{
    for (size_t i = 0; i < period->partner_count; i++)
        if (period->answers[i] == ANSWER_NONE)
            return false;
    return true;
}

static void add_payments(struct period *period, const struct lines *closed, const char *currency,
                         const char *const *names)
{
    struct money *nets = allocate(period->partner_count, sizeof(*nets));
    struct payment *payments = allocate(period->partner_count, sizeof(*payments));
    netting_nets(closed, currency, period->partner_count, nets);
    size_t count = netting_payments(names, nets, period->partner_count, payments);
    for (size_t i = 0; i < count; i++) {
        period->payments = array_grow(period->payments, &period->payment_capacity,
                                      period->payment_count + 1, sizeof(*period->payments));
        struct period_payment *payment = &period->payments[period->payment_count++];
        *payment = (struct period_payment){.payment = payments[i]};
        memcpy(payment->currency, currency, CURRENCY_SIZE);
    }
    free(payments);
    free(nets);
}

static void settle_when_paid(struct period *period)
{
    for (size_t i = 0; i < period->payment_count; i++)
        if (period->payments[i].state != PAYMENT_CONFIRMED)
            return;
    period->state = PERIOD_SETTLED;
}

enum period_verdict period_finalise(struct period *period, const struct line *exact, size_t count,
                                    const struct line_rules *rules, const char *const *names,
                                    int64_t today, struct lines *closed_out)
{
    struct lines lines = {0}, closed;
    if (period->state != PERIOD_PROPOSED)
        return PERIOD_WRONG_STATE;
    if (!all_answered(period) && today <= period->deadlines.answer)
        return PERIOD_TOO_EARLY;
    for (size_t i = 0; i < count; i++)
        lines_add(&lines, &exact[i]);
    for (size_t i = 0; i < period->dispute_count; i++) {
        struct line without = period->disputes[i].line;
        without.exact.v = -without.exact.v;
        lines_add(&lines, &without);
    }
    bool good = lines_close(lines.at, lines.count, rules, &closed, NULL);
    lines_release(&lines);
    if (!good)
        return PERIOD_WRONG_TOTALS;
    for (size_t i = 0; i < rules->currency_count; i++)
        add_payments(period, &closed, rules->currencies[i].code, names);
    period->state = PERIOD_FINAL;
    settle_when_paid(period); /* where nothing is owed */
    *closed_out = closed;
    return PERIOD_DONE;
}

/* ---- disputes after that ------------------------------------------------------------------- */

/* Whether a part of an amount is one: of the same sign, and no larger. */
static bool part_of(struct money part, struct money whole)
{
    return whole.v < 0 ? part.v <= 0 && part.v >= whole.v : part.v >= 0 && part.v <= whole.v;
}

enum period_verdict period_respond(struct period *period, struct partner_id partner,
                                   struct record_index record, struct money offered)
{
    struct dispute *dispute = dispute_of(period, record);
    if (!dispute)
        return PERIOD_UNKNOWN;
    if (!is_party(&dispute->line, partner) || partner_equal(dispute->by, partner))
        return PERIOD_NOT_A_PARTY;
    if (dispute->resolved)
        return PERIOD_ANSWERED;
    if (!part_of(offered, dispute->line.exact))
        return PERIOD_OVER_AMOUNT;
    dispute->responded = true;
    dispute->upheld = offered;
    return PERIOD_DONE;
}

enum period_verdict period_resolve(struct period *period, struct partner_id partner,
                                   struct record_index record, struct money upheld,
                                   struct line *rest_out)
{
    struct dispute *dispute = dispute_of(period, record);
    if (!dispute)
        return PERIOD_UNKNOWN;
    if (!partner_equal(dispute->by, partner))
        return PERIOD_NOT_A_PARTY;
    /* While it is proposed, the dispute decides what is carved out. */
    if (period->state == PERIOD_PROPOSED)
        return PERIOD_WRONG_STATE;
    if (dispute->resolved)
        return PERIOD_ANSWERED;
    if (upheld.v != 0 && (!dispute->responded || upheld.v != dispute->upheld.v))
        return PERIOD_CHANGED;
    dispute->resolved = true;
    dispute->upheld = upheld;
    *rest_out = dispute->line;
    rest_out->book_class = BOOK_DISPUTE;
    rest_out->exact.v -= upheld.v;
    return PERIOD_DONE;
}

/* ---- payments ------------------------------------------------------------------------------ */

enum period_verdict period_pay(struct period *period, struct partner_id partner, size_t payment,
                               const struct approvers *approvers)
{
    if (period->state != PERIOD_FINAL)
        return period->state == PERIOD_SETTLED ? PERIOD_PAID_TWICE : PERIOD_WRONG_STATE;
    if (payment >= period->payment_count)
        return PERIOD_UNKNOWN;
    struct period_payment *own = &period->payments[payment];
    if (!partner_equal(own->payment.from, partner))
        return PERIOD_NOT_A_PARTY;
    if (own->state == PAYMENT_SENT || own->state == PAYMENT_CONFIRMED)
        return PERIOD_PAID_TWICE;
    if (!four_eyes(approvers))
        return PERIOD_SAME_EYES;
    own->state = PAYMENT_SENT;
    own->attempt++;
    return PERIOD_DONE;
}

/* The creditor's word about a payment that was sent. A confirmation may come before the payer says
 * that it has paid: money that is there is there. */
static enum period_verdict judge(struct period *period, struct partner_id partner, size_t payment,
                                 enum payment_state state)
{
    if (period->state != PERIOD_FINAL)
        return period->state == PERIOD_SETTLED ? PERIOD_PAID_TWICE : PERIOD_WRONG_STATE;
    if (payment >= period->payment_count)
        return PERIOD_UNKNOWN;
    struct period_payment *own = &period->payments[payment];
    if (!partner_equal(own->payment.to, partner))
        return PERIOD_NOT_A_PARTY;
    if (own->state == PAYMENT_CONFIRMED)
        return PERIOD_PAID_TWICE;
    if (state == PAYMENT_FAILED && own->state != PAYMENT_SENT)
        return PERIOD_WRONG_STATE;
    own->state = state;
    settle_when_paid(period);
    return PERIOD_DONE;
}

enum period_verdict period_confirm(struct period *period, struct partner_id partner, size_t payment)
{
    return judge(period, partner, payment, PAYMENT_CONFIRMED);
}

enum period_verdict period_fail(struct period *period, struct partner_id partner, size_t payment)
{
    return judge(period, partner, payment, PAYMENT_FAILED);
}
