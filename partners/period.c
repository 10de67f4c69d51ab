#include "partners/period.h"

#include <stdlib.h>
#include <string.h>

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

const char *period_answer_word(enum period_answer answer)
{
    switch (answer) {
    case ANSWER_NONE:
        return "none";
    case ANSWER_SIGNED:
        return "signed";
    case ANSWER_DISPUTED:
        return "disputed";
    case ANSWER_SIGNED_REST:
        return "signed-rest";
    }
    return "?";
}

const char *payment_state_word(enum payment_state state)
{
    switch (state) {
    case PAYMENT_DUE:
        return "due";
    case PAYMENT_SENT:
        return "sent";
    case PAYMENT_CONFIRMED:
        return "confirmed";
    case PAYMENT_FAILED:
        return "failed";
    case PAYMENT_VOID:
        return "void";
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
                              .approvers = allocate(partner_count, sizeof(*period->approvers)),
                              .opened = allocate(partner_count, sizeof(*period->opened)),
                              .partner_count = partner_count};
    period->deadlines = (struct period_deadlines){
        .propose = business_days_later(&rules->calendar, ended_on, rules->propose_days),
        .answer = business_days_later(&rules->calendar, ended_on, rules->answer_days),
        .pay = business_days_later(&rules->calendar, ended_on, rules->pay_days)};
}

void period_release(struct period *period)
{
    free(period->answers);
    free(period->approvers);
    free(period->opened);
    free(period->disputes);
    table_release(&period->dispute_table);
    free(period->payments);
    free(period->defaults);
    free(period->taken);
    *period = (struct period){0};
}

bool second_approves(struct hash *first, const struct hash *approver, enum verdict *verdict_out)
{
    *verdict_out = VERDICT_ACCEPTED;
    if (hash_is_zero(first)) {
        *first = *approver;
        return false;
    }
    if (hash_equal(first, approver))
        *verdict_out = VERDICT_SAME_APPROVER;
    return *verdict_out == VERDICT_ACCEPTED;
}

static bool is_party(const struct line *line, struct partner_id partner)
{
    return partner_equal(line->debtor, partner) || partner_equal(line->creditor, partner);
}

/* ---- proposal and answers ------------------------------------------------------------------ */

enum verdict period_propose(struct period *period, struct partner_id proposer,
                            const struct hash *totals, const struct hash *own,
                            const struct business_days *calendar, int64_t today)
{
    if (period->state != PERIOD_OPEN)
        return VERDICT_WRONG_STATE;
    if (proposer.v >= period->partner_count)
        return VERDICT_NOT_A_PARTY; /* joined later */
    if (today <= period->ended_on || today < period->deadlines.propose)
        return VERDICT_PERIOD_NOT_OVER;
    if (!hash_equal(totals, own))
        return VERDICT_WRONG_TOTALS;
    period->state = PERIOD_PROPOSED;
    period->totals = *totals;
    period->proposer = proposer;
    if (period->deadlines.answer <= today)
        period->deadlines.answer = business_days_later(calendar, today + 1, 0);
    if (period->deadlines.pay < period->deadlines.answer)
        period->deadlines.pay = period->deadlines.answer;
    return VERDICT_ACCEPTED;
}

static bool has_signed(const struct period *period, size_t partner)
{
    return period->answers[partner] == ANSWER_SIGNED ||
           period->answers[partner] == ANSWER_SIGNED_REST;
}

/* What holds for a signature and a dispute alike. */
static enum verdict may_answer(const struct period *period, struct partner_id partner,
                               int64_t today)
{
    if (partner.v >= period->partner_count)
        return VERDICT_NOT_A_PARTY;
    if (period->state != PERIOD_PROPOSED)
        return VERDICT_WRONG_STATE;
    if (today > period->deadlines.answer)
        return VERDICT_TOO_LATE;
    return has_signed(period, partner.v) ? VERDICT_ALREADY_ANSWERED : VERDICT_ACCEPTED;
}

enum verdict period_sign(struct period *period, struct partner_id partner,
                         const struct hash *totals, const struct hash *approver, int64_t today)
{
    enum verdict verdict = may_answer(period, partner, today);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!hash_equal(totals, &period->totals))
        return VERDICT_TOTALS_CHANGED;
    enum period_answer *answer = &period->answers[partner.v];
    if (second_approves(&period->approvers[partner.v], approver, &verdict))
        *answer = *answer == ANSWER_DISPUTED ? ANSWER_SIGNED_REST : ANSWER_SIGNED;
    return verdict;
}

static bool same_line(const struct disputed_line *a, const struct disputed_line *b)
{
    return a->record.v == b->record.v && partner_equal(a->debtor, b->debtor) &&
           partner_equal(a->creditor, b->creditor) && a->line_class == b->line_class &&
           a->tariff == b->tariff;
}

static bool is_about(const void *context, uint32_t value, const void *key)
{
    return same_line(&((const struct period *)context)->disputes[value].about, key);
}

static uint64_t line_hash(const struct disputed_line *about)
{
    uint8_t bytes[8 + 2 + 2 + 1 + 1];
    put_u64be(bytes, about->record.v);
    put_u16be(bytes + 8, about->debtor.v);
    put_u16be(bytes + 10, about->creditor.v);
    bytes[12] = (uint8_t)about->line_class;
    bytes[13] = about->tariff;
    return table_hash(0, bytes_of(bytes, sizeof(bytes)));
}

struct dispute *period_dispute_of(const struct period *period, const struct disputed_line *about)
{
    uint32_t place = 0;
    return table_find(&period->dispute_table, line_hash(about), is_about, period, about, &place)
               ? &period->disputes[place]
               : NULL;
}

struct dispute *period_dispute_add(struct period *period, const struct dispute *dispute)
{
    must(dispute->by.v < period->partner_count);
    period->disputes = array_grow(period->disputes, &period->dispute_capacity,
                                  period->dispute_count + 1, sizeof(*period->disputes));
    table_insert(&period->dispute_table, line_hash(&dispute->about),
                 (uint32_t)period->dispute_count);
    period->opened[dispute->by.v]++;
    period->disputes[period->dispute_count] = *dispute;
    return &period->disputes[period->dispute_count++];
}

enum verdict period_dispute(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, const struct line *line,
                            enum dispute_code code, int64_t today)
{
    enum verdict verdict = may_answer(period, partner, today);
    must(code < DISPUTE_CODE_COUNT);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!line)
        return VERDICT_NOT_IN_PERIOD;
    if (!is_party(line, partner))
        return VERDICT_NOT_A_PARTY;
    if (period_dispute_of(period, about))
        return VERDICT_ALREADY_DISPUTED;
    if (period->opened[partner.v] == PARTNER_DISPUTES_MAX)
        return VERDICT_TOO_MANY_DISPUTES;
    (void)period_dispute_add(
        period, &(struct dispute){.about = *about, .line = *line, .code = code, .by = partner});
    period->answers[partner.v] = ANSWER_DISPUTED;
    return VERDICT_ACCEPTED;
}

/* ---- final --------------------------------------------------------------------------------- */

static bool all_answered(const struct period *period)
{
    for (size_t i = 0; i < period->partner_count; i++)
        if (!has_signed(period, i))
            return false;
    return true;
}

void period_add_payment(struct period *period, const struct period_payment *payment)
{
    period->payments = array_grow(period->payments, &period->payment_capacity,
                                  period->payment_count + 1, sizeof(*period->payments));
    period->payments[period->payment_count++] = *payment;
}

void period_add_payments(struct period *period, const struct money *nets, const char *currency,
                         const char *const *names, uint16_t round, uint32_t pay_by)
{
    struct payment *payments = allocate(period->partner_count, sizeof(*payments));
    size_t count = netting_payments(names, nets, period->partner_count, payments);
    for (size_t i = 0; i < count; i++) {
        struct period_payment payment = {.payment = payments[i], .round = round, .pay_by = pay_by};
        memcpy(payment.currency, currency, CURRENCY_SIZE);
        period_add_payment(period, &payment);
    }
    free(payments);
}

/* Whoever is to pay has a business day for it, also where others were late. */
uint32_t period_pay_by(const struct period *period, const struct business_days *calendar,
                       int64_t today)
{
    int64_t next = business_days_later(calendar, today + 1, 0);
    return (uint32_t)(next > period->deadlines.pay ? next : period->deadlines.pay);
}

static void add_payments(struct period *period, const struct lines *closed, const char *currency,
                         const char *const *names, uint32_t pay_by)
{
    struct money *nets = allocate(period->partner_count, sizeof(*nets));
    netting_nets(closed, currency, period->partner_count, nets);
    period_add_payments(period, nets, currency, names, 0, pay_by);
    free(nets);
}

void period_settle_when_paid(struct period *period)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (!payment->ring_fenced && payment_is_open(payment))
            return;
    }
    period->state = PERIOD_SETTLED;
}

enum verdict period_finalise(struct period *period, const struct line *exact, size_t count,
                             const struct line_rules *rules, const char *const *names,
                             const struct business_days *calendar, int64_t today,
                             struct lines *closed_out)
{
    struct lines lines = {0}, closed;
    if (period->state != PERIOD_PROPOSED)
        return VERDICT_WRONG_STATE;
    if (!all_answered(period) && today <= period->deadlines.answer)
        return VERDICT_TOO_EARLY;
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
        return VERDICT_WRONG_TOTALS;
    for (size_t i = 0; i < rules->currency_count; i++)
        add_payments(period, &closed, rules->currencies[i].code, names,
                     period_pay_by(period, calendar, today));
    period->state = PERIOD_FINAL;
    period_settle_when_paid(period); /* where nothing is owed */
    *closed_out = closed;
    return VERDICT_ACCEPTED;
}

/* ---- disputes after that ------------------------------------------------------------------- */

bool money_is_part(struct money part, struct money whole)
{
    return whole.v < 0 ? part.v <= 0 && part.v >= whole.v : part.v >= 0 && part.v <= whole.v;
}

enum verdict period_respond(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, struct money offered)
{
    struct dispute *dispute = period_dispute_of(period, about);
    if (!dispute)
        return VERDICT_UNKNOWN_DISPUTE;
    if (!is_party(&dispute->line, partner) || partner_equal(dispute->by, partner))
        return VERDICT_NOT_A_PARTY;
    if (dispute->resolved)
        return VERDICT_ALREADY_ANSWERED;
    if (!money_is_part(offered, dispute->line.exact))
        return VERDICT_OVER_AMOUNT;
    dispute->responded = true;
    dispute->upheld = offered;
    return VERDICT_ACCEPTED;
}

enum verdict period_resolve(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, struct money upheld, int64_t today,
                            int64_t last_day, struct line *rest_out)
{
    struct dispute *dispute = period_dispute_of(period, about);
    if (!dispute)
        return VERDICT_UNKNOWN_DISPUTE;
    if (!is_party(&dispute->line, partner))
        return VERDICT_NOT_A_PARTY;
    /* While it is proposed, the dispute decides what is carved out. */
    if (period->state == PERIOD_PROPOSED)
        return VERDICT_WRONG_STATE;
    if (dispute->resolved)
        return VERDICT_ALREADY_ANSWERED;
    /* Nobody keeps from paying by disputing: with time, what was signed into the log stands. */
    bool opener = partner_equal(dispute->by, partner);
    if (!opener && today <= last_day)
        return VERDICT_TOO_EARLY;
    bool as_offered = dispute->responded && upheld.v == dispute->upheld.v;
    if (upheld.v != 0 && !(opener && as_offered))
        return VERDICT_TOTALS_CHANGED;
    dispute->resolved = true;
    dispute->upheld = upheld;
    *rest_out = dispute->line;
    rest_out->book_class =
        book_class_is_fee(rest_out->book_class) ? BOOK_DISPUTE_FEE : BOOK_DISPUTE;
    rest_out->exact.v -= upheld.v;
    return VERDICT_ACCEPTED;
}

struct money dispute_contra(struct dispute *dispute, struct money amount)
{
    dispute->contra.v += amount.v;
    __int128 stands = dispute->resolved ? dispute->line.exact.v - dispute->upheld.v : 0;
    __int128 back = dispute->contra.v;
    bool owed = dispute->line.exact.v > 0;
    if (owed ? back < -stands : back > -stands)
        back = -stands;
    struct money enters = {back - dispute->entered.v};
    dispute->entered.v = back;
    return enters;
}

/* ---- payments ------------------------------------------------------------------------------ */

bool period_in_default(const struct period *period, struct partner_id partner, const char *currency)
{
    for (size_t i = 0; i < period->default_count; i++)
        if (partner_equal(period->defaults[i].partner, partner) &&
            strcmp(period->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

static enum verdict payment_of(struct period *period, size_t payment,
                               struct period_payment **payment_out)
{
    bool known = payment < period->payment_count;
    if (period->state == PERIOD_SETTLED &&
        !(known && (period->payments[payment].ring_fenced ||
                    period->payments[payment].state == PAYMENT_VOID)))
        return VERDICT_PAID_TWICE;
    if (period->state != PERIOD_FINAL && period->state != PERIOD_SETTLED)
        return VERDICT_WRONG_STATE;
    if (!known)
        return VERDICT_UNKNOWN_PAYMENT;
    *payment_out = &period->payments[payment];
    return VERDICT_ACCEPTED;
}

enum verdict period_pay(struct period *period, struct partner_id partner, size_t payment,
                        uint32_t attempt, const struct hash *approver, bool creditor_is_silent,
                        int64_t today)
{
    struct period_payment *own = NULL;
    enum verdict verdict = payment_of(period, payment, &own);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!partner_equal(own->payment.from, partner))
        return VERDICT_NOT_A_PARTY;
    if (own->state == PAYMENT_VOID)
        return VERDICT_WRONG_STATE;
    if (own->state == PAYMENT_CONFIRMED || (own->state == PAYMENT_SENT && !creditor_is_silent))
        return VERDICT_PAID_TWICE;
    if (attempt != own->attempt + (own->state != PAYMENT_SENT))
        return VERDICT_TOTALS_CHANGED;
    if (second_approves(&own->approver, approver, &verdict)) {
        own->state = creditor_is_silent ? PAYMENT_CONFIRMED : PAYMENT_SENT;
        own->attempt = attempt;
        own->sent_on = (uint32_t)today;
        own->approver = (struct hash){{0}};
        if (own->state == PAYMENT_CONFIRMED)
            own->accuser = (struct hash){{0}};
        period_settle_when_paid(period);
    }
    return verdict;
}

/* The payment that the creditor of a period may judge. */
static enum verdict judged(struct period *period, struct partner_id partner, size_t payment,
                           struct period_payment **own_out)
{
    enum verdict verdict = payment_of(period, payment, own_out);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!partner_equal((*own_out)->payment.to, partner))
        return VERDICT_NOT_A_PARTY;
    return (*own_out)->state == PAYMENT_CONFIRMED ? VERDICT_PAID_TWICE : VERDICT_ACCEPTED;
}

/* Money came for a payment that does not count any more. */
static void pay_back(struct period *period, const struct period_payment *came, uint32_t pay_by)
{
    struct period_payment back = {.payment = {.from = came->payment.to,
                                              .to = came->payment.from,
                                              .amount = came->payment.amount},
                                  .round = (uint16_t)period->default_count,
                                  .ring_fenced = true,
                                  .pay_by = pay_by};
    memcpy(back.currency, came->currency, CURRENCY_SIZE);
    period_add_payment(period, &back);
}

/* A confirmation may come before the payer says that it has paid: money that is there is there. */
enum verdict period_confirm(struct period *period, struct partner_id partner, size_t payment,
                            const struct business_days *calendar, int64_t today)
{
    struct period_payment *own = NULL;
    enum verdict verdict = judged(period, partner, payment, &own);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    bool was_void = own->state == PAYMENT_VOID;
    if (was_void && period->payment_count >= PAYMENTS_MAX)
        return VERDICT_TOO_MANY_ALLOCATIONS;
    own->state = PAYMENT_CONFIRMED;
    own->approver = own->accuser = (struct hash){{0}};
    if (was_void) {
        struct period_payment came = *own;
        pay_back(period, &came, period_pay_by(period, calendar, today));
    }
    period_settle_when_paid(period);
    return VERDICT_ACCEPTED;
}

enum verdict period_fail(struct period *period, struct partner_id partner, size_t payment)
{
    struct period_payment *own = NULL;
    enum verdict verdict = judged(period, partner, payment, &own);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (own->state != PAYMENT_SENT)
        return VERDICT_WRONG_STATE;
    own->state = PAYMENT_FAILED;
    own->approver = (struct hash){{0}}; /* of a sending that is over */
    /* What was thought paid when one was in default is owed after all, apart from the netting. */
    if (period_in_default(period, own->payment.from, own->currency) ||
        period_in_default(period, own->payment.to, own->currency))
        own->ring_fenced = true;
    period_settle_when_paid(period);
    return VERDICT_ACCEPTED;
}
