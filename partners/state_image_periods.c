/* The rows of an image that say what was owed in periods that have ended. Rounded lines, and what
 * was netted at first, follow from exact ones and disputes: they are made again and compared. */
#include "partners/charter_contracts.h"
#include "partners/defaults.h"
#include "partners/period_calendar.h"
#include "partners/state_image_parts.h"

#include <stdlib.h>
#include <string.h>

bool load_pairs(struct loader *loader, const uint8_t *row)
{
    struct partner_id debtor = {next_u16(&row)}, creditor = {next_u16(&row)};
    __int128 before_bp = next_i128(&row), year_bp = next_i128(&row);
    const __int128 most = (__int128)1 << 110;
    uint64_t place = (uint64_t)debtor.v << 32 | creditor.v;
    size_t partners = loader->state->charter->partner_count;
    if (debtor.v >= partners || creditor.v >= partners || partner_equal(debtor, creditor) ||
        place < loader->last)
        return loader_refuse(loader, "it has no debtor or creditor, or is out of order");
    loader->last = place + 1;
    if ((before_bp == 0 && year_bp == 0) || before_bp < 0 || before_bp > most || year_bp < 0 ||
        year_bp > most)
        return loader_refuse(loader, "its points are out of range");
    obligations_set_before(&loader->state->obligations, debtor, creditor, before_bp, year_bp);
    return true;
}

bool load_apart(struct loader *loader, const uint8_t *row)
{
    const struct state *state = loader->state;
    struct partner_id debtor = {next_u16(&row)}, creditor = {next_u16(&row)};
    uint8_t tariff = next_u8(&row);
    __int128 amount = next_i128(&row);
    const __int128 most = (__int128)1 << 110;
    uint64_t place = (uint64_t)debtor.v << 32 | (uint64_t)creditor.v << 8 | tariff;
    size_t partners = state->charter->partner_count;
    if (debtor.v >= partners || creditor.v >= partners || partner_equal(debtor, creditor) ||
        tariff >= state->contracts.tariff_count || place < loader->last)
        return loader_refuse(loader, "it has no debtor, creditor or tariff, or is out of order");
    loader->last = place + 1;
    if (amount == 0 || amount > most || amount < -most)
        return loader_refuse(loader, "its amount is out of range");
    obligations_set_apart(&loader->state->obligations, debtor, creditor, tariff, amount);
    return true;
}

/* ---- one period ------------------------------------------------------------------------------ */

struct period_counts {
    uint32_t lines, redeemed, disputes, payments, defaults, taken;
};

static bool load_answers(struct loader *loader, struct period *period)
{
    for (size_t i = 0; i < period->partner_count; i++) {
        const uint8_t *at = loader_take(loader, ANSWER_PART_SIZE);
        if (!at)
            return false;
        uint8_t answer = next_u8(&at);
        if (answer > ANSWER_SIGNED_REST || (answer != ANSWER_NONE && period->state == PERIOD_OPEN))
            return loader_refuse(loader, "an answer is none");
        period->answers[i] = (enum period_answer)answer;
        next_bytes(&at, period->approvers[i].at, HASH_SIZE);
        if ((answer == ANSWER_SIGNED || answer == ANSWER_SIGNED_REST) &&
            hash_is_zero(&period->approvers[i]))
            return loader_refuse(loader, "nobody approved what was signed");
    }
    return true;
}

static bool parties_sound(const struct period *period, struct partner_id debtor,
                          struct partner_id creditor)
{
    return debtor.v < period->partner_count && creditor.v < period->partner_count &&
           !partner_equal(debtor, creditor);
}

static bool load_lines(struct loader *loader, struct closed_period *closed, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = loader_take(loader, LINE_PART_SIZE);
        if (!at)
            return false;
        struct partner_id debtor = {next_u16(&at)}, creditor = {next_u16(&at)};
        uint8_t line_class = next_u8(&at), tariff = next_u8(&at);
        __int128 exact = next_i128(&at);
        if (!parties_sound(&closed->period, debtor, creditor) || line_class >= LINE_CLASS_COUNT ||
            tariff >= loader->state->contracts.tariff_count ||
            !obligation_sound(loader->state, creditor, line_class, exact))
            return loader_refuse(loader, "a line is none that can be owed");
        struct line line =
            line_of_tariff(loader->state->contracts.tariffs, debtor, creditor,
                           (enum line_class)line_class, tariff, (struct money){exact});
        if (i > 0 && exact_line_compare(&closed->exact.at[i - 1], &line) >= 0)
            return loader_refuse(loader, "its lines are not in order");
        lines_add(&closed->exact, &line);
    }
    return true;
}

static bool load_redeemed(struct loader *loader, struct closed_period *closed, uint32_t count)
{
    const __int128 most = (__int128)1 << 110;
    size_t capacity = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = loader_take(loader, REDEEMED_PART_SIZE);
        if (!at)
            return false;
        struct redeemed redeemed = {.debtor = {next_u16(&at)}, .creditor = {next_u16(&at)}};
        redeemed.points_bp = next_i128(&at);
        const struct redeemed *last = i > 0 ? &closed->redeemed[i - 1] : NULL;
        if (!parties_sound(&closed->period, redeemed.debtor, redeemed.creditor) ||
            redeemed.points_bp == 0 || redeemed.points_bp > most || redeemed.points_bp < -most ||
            (last &&
             (last->debtor.v > redeemed.debtor.v ||
              (last->debtor.v == redeemed.debtor.v && last->creditor.v >= redeemed.creditor.v))))
            return loader_refuse(loader, "its points are out of order or range");
        closed->redeemed =
            array_grow(closed->redeemed, &capacity, i + 1, sizeof(*closed->redeemed));
        closed->redeemed[closed->redeemed_count++] = redeemed;
    }
    return true;
}

static bool dispute_sound(const struct loader *loader, const struct closed_period *closed,
                          const struct dispute *dispute)
{
    const struct disputed_line *about = &dispute->about;
    const struct period *period = &closed->period;
    if (!parties_sound(period, about->debtor, about->creditor) ||
        about->line_class >= LINE_CLASS_COUNT ||
        about->tariff >= loader->state->contracts.tariff_count)
        return false;
    __int128 exact = dispute->line.exact.v;
    struct dispute again = *dispute;
    again.contra = dispute_taken_back(loader->state, about);
    again.entered.v = 0;
    return (partner_equal(dispute->by, about->debtor) ||
            partner_equal(dispute->by, about->creditor)) &&
           dispute->code < DISPUTE_CODE_COUNT && about->record.v >= closed->first_record &&
           about->record.v < closed->records && exact >= INT64_MIN && exact <= INT64_MAX &&
           obligation_sound(loader->state, about->creditor, (uint8_t)about->line_class, exact) &&
           (dispute->responded || dispute->upheld.v == 0) &&
           money_is_part(dispute->upheld, dispute->line.exact) &&
           dispute->contra.v == again.contra.v &&
           dispute_contra(&again, (struct money){0}).v == dispute->entered.v &&
           !(dispute->resolved && period->state < PERIOD_FINAL) &&
           (period->answers[dispute->by.v] == ANSWER_DISPUTED ||
            period->answers[dispute->by.v] == ANSWER_SIGNED_REST) &&
           period->opened[dispute->by.v] < PARTNER_DISPUTES_MAX &&
           !period_dispute_of(period, about);
}

static bool load_dispute(struct loader *loader, struct closed_period *closed)
{
    const uint8_t *at = loader_take(loader, DISPUTE_PART_SIZE);
    struct period *period = &closed->period;
    if (!at)
        return false;
    struct dispute dispute = {.about = {.record = {next_u64(&at)}}};
    dispute.about.debtor.v = next_u16(&at);
    dispute.about.creditor.v = next_u16(&at);
    uint8_t line_class = next_u8(&at);
    dispute.about.tariff = next_u8(&at);
    uint8_t code = next_u8(&at);
    dispute.about.line_class = (enum line_class)line_class;
    dispute.code = (enum dispute_code)code;
    dispute.by.v = next_u16(&at);
    uint8_t responded = next_u8(&at), resolved = next_u8(&at);
    dispute.responded = responded;
    dispute.resolved = resolved;
    dispute.line.exact.v = next_i128(&at);
    dispute.upheld.v = next_i128(&at);
    dispute.contra.v = next_i128(&at);
    dispute.entered.v = next_i128(&at);
    if (period->state < PERIOD_PROPOSED || responded > 1 || resolved > 1 ||
        !dispute_sound(loader, closed, &dispute))
        return loader_refuse(loader, "a dispute does not add up");
    dispute.line = line_of_tariff(loader->state->contracts.tariffs, dispute.about.debtor,
                                  dispute.about.creditor, dispute.about.line_class,
                                  dispute.about.tariff, dispute.line.exact);
    (void)period_dispute_add(period, &dispute);
    dispute_mark(loader->state, &dispute);
    return true;
}

/* Closes its books again, for what an image does not say. */
static bool close_again(struct loader *loader, struct closed_period *closed,
                        enum period_state state)
{
    closed->period.state = PERIOD_PROPOSED;
    if (period_books_close(loader->state->charter, closed, closed->period.deadlines.answer + 1) !=
        VERDICT_ACCEPTED)
        return loader_refuse(loader, "its books cannot be closed");
    closed->period.state = state;
    return true;
}

/* One of the charter's; false: it is none. */
static bool next_currency(const struct loader *loader, const uint8_t **at,
                          char code_out[CURRENCY_SIZE])
{
    const struct charter *charter = loader->state->charter;
    next_bytes(at, (uint8_t *)code_out, CURRENCY_SIZE - 1);
    code_out[CURRENCY_SIZE - 1] = 0;
    return charter_has_currency(charter, code_out);
}

static bool load_defaults(struct loader *loader, struct period *period, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = loader_take(loader, DEFAULT_PART_SIZE);
        if (!at)
            return false;
        struct period_default own = {.partner = {next_u16(&at)}};
        if (!next_currency(loader, &at, own.currency) || own.partner.v >= period->partner_count ||
            period_in_default(period, own.partner, own.currency))
            return loader_refuse(loader, "a partner in default is none, or is twice");
        period->defaults = array_grow(period->defaults, &period->default_capacity, i + 1,
                                      sizeof(*period->defaults));
        period->defaults[period->default_count++] = own;
    }
    return true;
}

static bool load_taken(struct loader *loader, struct period *period, uint32_t count)
{
    const __int128 most = (__int128)1 << 100;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = loader_take(loader, TAKEN_PART_SIZE);
        if (!at)
            return false;
        struct taken_over taken = {.debtor = {next_u16(&at)}};
        taken.claimant.v = next_u16(&at);
        taken.by.v = next_u16(&at);
        bool known = next_currency(loader, &at, taken.currency);
        uint8_t collateral = next_u8(&at);
        taken.collateral = collateral;
        taken.amount.v = next_i128(&at);
        if (!known || collateral > 1 || taken.amount.v > most)
            return loader_refuse(loader, "what was taken over has no currency or amount");
        period->taken =
            array_grow(period->taken, &period->taken_capacity, i + 1, sizeof(*period->taken));
        period->taken[period->taken_count++] = taken;
    }
    return true;
}

static bool next_payment(struct loader *loader, const uint8_t **at, const struct period *period,
                         struct period_payment *payment)
{
    const __int128 most = (__int128)1 << 100;
    payment->payment.from.v = next_u16(at);
    payment->payment.to.v = next_u16(at);
    bool known = next_currency(loader, at, payment->currency);
    payment->payment.amount.v = next_i128(at);
    payment->round = next_u16(at);
    uint8_t ring_fenced = next_u8(at), state = next_u8(at);
    payment->ring_fenced = ring_fenced;
    payment->state = (enum payment_state)state;
    payment->attempt = next_u32(at);
    payment->pay_by = next_u32(at);
    payment->sent_on = next_u32(at);
    next_bytes(at, payment->approver.at, HASH_SIZE);
    next_bytes(at, payment->accuser.at, HASH_SIZE);
    return known && ring_fenced <= 1 && state < PAYMENT_STATE_COUNT &&
           parties_sound(period, payment->payment.from, payment->payment.to) &&
           payment->payment.amount.v > 0 && payment->payment.amount.v <= most &&
           (payment->attempt > 0 || (state != PAYMENT_SENT && state != PAYMENT_FAILED)) &&
           (hash_is_zero(&payment->accuser) || payment_is_open(payment));
}

static bool same_payment(const struct period_payment *a, const struct period_payment *b)
{
    return partner_equal(a->payment.from, b->payment.from) &&
           partner_equal(a->payment.to, b->payment.to) &&
           a->payment.amount.v == b->payment.amount.v && a->round == b->round &&
           strcmp(a->currency, b->currency) == 0;
}

/* The first ones are those that its books give; others were made by defaults. */
static bool load_payments(struct loader *loader, struct closed_period *closed, uint32_t count)
{
    struct period *period = &closed->period;
    size_t netted = period->payment_count;
    bool paid = true;
    if (count < netted || count > PAYMENTS_MAX)
        return loader_refuse(loader, "its payments are not those that its lines give");
    for (uint32_t i = 0; i < count; i++) {
        struct period_payment payment = {.attempt = 0};
        const uint8_t *at = loader_take(loader, PAYMENT_PART_SIZE);
        if (!at)
            return false;
        if (!next_payment(loader, &at, period, &payment))
            return loader_refuse(loader, "a payment is none, or in no state that it can be in");
        if (i < netted
                ? !same_payment(&payment, &period->payments[i])
                : payment.round == 0 || (i > 0 && payment.round < period->payments[i - 1].round))
            return loader_refuse(loader, "its payments are not those that its lines give");
        if (i < netted)
            period->payments[i] = payment;
        else
            period_add_payment(period, &payment);
        paid = paid && (payment.ring_fenced || !payment_is_open(&payment));
    }
    struct charter_line_rules rules;
    charter_line_rules(loader->state->charter, &rules);
    if (!defaults_sound(period, &closed->closed, &rules.rules))
        return loader_refuse(loader, "its payments are not what is owed since a default");
    return period->state < PERIOD_FINAL || (period->state == PERIOD_SETTLED) == paid ||
           loader_refuse(loader, "it is settled and not paid");
}

static bool load_parts(struct loader *loader, struct closed_period *closed,
                       const struct period_counts *counts)
{
    enum period_state state = closed->period.state;
    if (!load_answers(loader, &closed->period) || !load_lines(loader, closed, counts->lines) ||
        !load_redeemed(loader, closed, counts->redeemed))
        return false;
    closed->totals = closed->rooted ? closed_period_totals(closed) : (struct hash){{0}};
    if (state >= PERIOD_PROPOSED)
        closed->period.totals = closed->totals;
    for (uint32_t i = 0; i < counts->disputes; i++)
        if (!load_dispute(loader, closed))
            return false;
    if (state < PERIOD_FINAL)
        return (counts->payments == 0 && counts->defaults == 0 && counts->taken == 0) ||
               loader_refuse(loader, "it is not final, and something is to be paid");
    return close_again(loader, closed, state) &&
           load_defaults(loader, &closed->period, counts->defaults) &&
           load_taken(loader, &closed->period, counts->taken) &&
           load_payments(loader, closed, counts->payments);
}

static bool deadlines_sound(const struct period *period)
{
    const struct period_deadlines *deadlines = &period->deadlines;
    return deadlines->propose >= 0 && deadlines->propose <= deadlines->answer &&
           deadlines->answer <= deadlines->pay &&
           deadlines->pay <= (int64_t)(TIME_MS_MAX / 1000 / 3600);
}

bool load_periods(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct closed_period *closed = allocate(1, sizeof(*closed));
    struct period *period = &closed->period;
    uint32_t number = next_u32(&row);
    uint8_t step = next_u8(&row), rooted = next_u8(&row);
    struct period_deadlines deadlines = {.propose = (int64_t)next_u64(&row)};
    deadlines.answer = (int64_t)next_u64(&row);
    deadlines.pay = (int64_t)next_u64(&row);
    closed->first_record = next_u64(&row);
    closed->records = next_u64(&row);
    next_bytes(&row, closed->root.at, HASH_SIZE);
    struct partner_id proposer = {next_u16(&row)};
    uint16_t partners = next_u16(&row);
    struct period_counts counts = {.lines = next_u32(&row)};
    counts.redeemed = next_u32(&row);
    counts.disputes = next_u32(&row);
    counts.payments = next_u32(&row);
    counts.defaults = next_u32(&row);
    counts.taken = next_u32(&row);
    bool sound = number < state->periods.open && number >= loader->last && step <= PERIOD_SETTLED &&
                 rooted <= 1 && partners <= state->charter->partner_count && partners > 0 &&
                 proposer.v < partners &&
                 counts.disputes <= (uint32_t)partners * PARTNER_DISPUTES_MAX && counts.lines > 0 &&
                 (step == PERIOD_OPEN || rooted) &&
                 (rooted ? closed->first_record <= closed->records && closed->records <= INT64_MAX
                         : closed->records == 0 && state->periods.awaits_tree);
    loader->last = (uint64_t)number + 1;
    if (sound) {
        struct period_rules rules = charter_period_rules(state->charter);
        period_open(period, number, period_last_day(state->charter, number), &rules, partners);
        period->state = (enum period_state)step;
        period->deadlines = deadlines;
        period->proposer = proposer;
        closed->rooted = rooted;
    }
    if (!sound || !deadlines_sound(period)) {
        closed_period_free(closed);
        return loader_refuse(loader, "what it says of itself does not add up");
    }
    periods_add(&state->periods, closed);
    return load_parts(loader, closed, &counts);
}
