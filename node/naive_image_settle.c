/* Settlement periods of the naive model as bytes, and back. Rounded lines are made anew, and so is
 * who had to pay before anybody was in default, for comparison. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

#define AMOUNT_MAX ((__int128)1 << 110)
#define SUM_MAX    ((__int128)1 << 116) /* of a period's lines, and other rows: with taxes, 2^118 */
enum { DAYS_MAX = 1 << 24 };

void naive_put_wide(__int128 value, struct buffer *out)
{
    uint8_t bytes[16];
    put_u64be(bytes, (uint64_t)((unsigned __int128)value >> 64));
    put_u64be(bytes + 8, (uint64_t)value);
    codec_put_bytes(out, bytes_of(bytes, sizeof(bytes)));
}

__int128 naive_get_wide(struct codec_reader *reader)
{
    uint8_t bytes[16] = {0};
    codec_get_fixed(reader, bytes, sizeof(bytes));
    __int128 value = (__int128)((unsigned __int128)get_u64be(bytes) << 64 | get_u64be(bytes + 8));
    if (value > AMOUNT_MAX || value < -AMOUNT_MAX) {
        codec_fail(reader, "an amount that nobody can owe");
        return 0;
    }
    return value;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_dispute(const struct naive_dispute *dispute, struct buffer *out)
{
    codec_put_uint(out, dispute->record);
    codec_put_uint(out, dispute->debtor);
    codec_put_uint(out, dispute->creditor);
    codec_put_uint(out, dispute->line_class);
    codec_put_uint(out, dispute->tariff);
    codec_put_uint(out, dispute->code);
    codec_put_uint(out, dispute->by);
    codec_put_bool(out, dispute->responded);
    codec_put_bool(out, dispute->resolved);
    naive_put_wide(dispute->exact, out);
    naive_put_wide(dispute->upheld, out);
    naive_put_wide(dispute->back, out);
    naive_put_wide(dispute->entered, out);
}

static void put_payment(const struct naive_payment *payment, struct buffer *out)
{
    codec_put_uint(out, payment->from);
    codec_put_uint(out, payment->to);
    codec_put_text(out, bytes_text(payment->currency));
    naive_put_wide(payment->amount, out);
    codec_put_uint(out, payment->round);
    codec_put_bool(out, payment->ring_fenced);
    codec_put_uint(out, payment->state);
    codec_put_uint(out, payment->attempts);
    codec_put_uint(out, payment->pay_by);
    codec_put_uint(out, payment->sent_on);
    codec_put_bytes(out, hash_as_bytes(&payment->approver));
    codec_put_bytes(out, hash_as_bytes(&payment->accuser));
}

static void put_defaults(const struct naive_period *period, struct buffer *out)
{
    codec_put_uint(out, period->default_count);
    for (size_t i = 0; i < period->default_count; i++) {
        codec_put_uint(out, period->defaults[i].partner);
        codec_put_text(out, bytes_text(period->defaults[i].currency));
    }
    codec_put_uint(out, period->taking_count);
    for (size_t i = 0; i < period->taking_count; i++) {
        const struct naive_taking *taking = &period->takings[i];
        codec_put_uint(out, taking->debtor);
        codec_put_uint(out, taking->claimant);
        codec_put_uint(out, taking->by);
        codec_put_text(out, bytes_text(taking->currency));
        codec_put_bool(out, taking->collateral);
        naive_put_wide(taking->amount, out);
    }
}

static void put_period(const struct naive_period *period, struct buffer *out)
{
    codec_put_uint(out, period->number);
    codec_put_uint(out, period->state);
    codec_put_int(out, period->answer_day);
    codec_put_int(out, period->pay_day);
    codec_put_bool(out, period->rooted);
    codec_put_uint(out, period->first_record);
    codec_put_uint(out, period->records);
    codec_put_bytes(out, hash_as_bytes(&period->root));
    codec_put_uint(out, period->proposer);
    codec_put_uint(out, period->partner_count);
    for (size_t i = 0; i < period->partner_count; i++) {
        codec_put_uint(out, period->answers[i].kind);
        codec_put_bytes(out, hash_as_bytes(&period->answers[i].approver));
    }
    codec_put_uint(out, period->owed.count);
    for (size_t i = 0; i < period->owed.count; i++) {
        codec_put_uint(out, period->owed.at[i].debtor);
        codec_put_uint(out, period->owed.at[i].creditor);
        codec_put_uint(out, (uint64_t)period->owed.at[i].line_class);
        codec_put_uint(out, period->owed.at[i].tariff);
        naive_put_wide(period->owed.at[i].exact, out);
    }
    codec_put_uint(out, period->dispute_count);
    for (size_t i = 0; i < period->dispute_count; i++)
        put_dispute(&period->disputes[i], out);
    put_defaults(period, out);
    codec_put_uint(out, period->payment_count);
    for (size_t i = 0; i < period->payment_count; i++)
        put_payment(&period->payments[i], out);
}

void naive_put_periods(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->open_period);
    codec_put_uint(out, n->open_first_record);
    codec_put_bool(out, n->awaits_tree);
    codec_put_uint(out, n->period_count);
    for (size_t i = 0; i < n->period_count; i++)
        put_period(&n->periods[i], out);
}

void naive_put_standings(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->standings.count);
    for (size_t i = 0; i < n->standings.count; i++) {
        const struct naive_standing *row = &n->standings.at[i];
        codec_put_uint(out, row->funder);
        codec_put_uint(out, row->vintage);
        codec_put_uint(out, row->expires);
        for (size_t k = 0; k < POOL_COUNT; k++)
            naive_put_wide(row->pools[k], out);
        naive_put_wide(row->ended, out);
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool good(struct codec_reader *reader, bool condition, const char *why)
{
    if (!condition)
        codec_fail(reader, why);
    return !reader->failed;
}

/* A number of rows: each takes at least a byte. */
static size_t get_count(struct codec_reader *reader)
{
    return (size_t)codec_get_uint(reader, (uint64_t)(reader->end - reader->at));
}

static uint16_t get_partner(struct codec_reader *reader, const struct naive_period *period)
{
    return (uint16_t)codec_get_uint(reader, period->partner_count - 1);
}

static void get_answers(struct codec_reader *reader, struct naive_period *period)
{
    for (size_t i = 0; i < period->partner_count && !reader->failed; i++) {
        struct naive_answer *answer = &period->answers[i];
        answer->kind = (enum naive_answer_kind)codec_get_uint(reader, NAIVE_SIGNED_REST);
        codec_get_fixed(reader, answer->approver.at, HASH_SIZE);
        (void)good(reader, answer->kind == NAIVE_SILENT || period->state != NAIVE_CLOSED,
                   "an answer to nothing");
    }
}

static uint8_t get_tariff(struct codec_reader *reader, const struct naive *n)
{
    return (uint8_t)codec_get_uint(reader, n->tariff_count - 1);
}

static void get_owed(struct codec_reader *reader, const struct naive *n,
                     struct naive_period *period)
{
    int64_t last = -1;
    __int128 sum = 0;
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--) {
        struct naive_line line = {0};
        line.debtor = get_partner(reader, period);
        line.creditor = get_partner(reader, period);
        line.line_class = (int)codec_get_uint(reader, LINE_CLASS_COUNT - 1);
        line.tariff = get_tariff(reader, n);
        line.exact = naive_get_wide(reader);
        int64_t pair = (int64_t)line.debtor << 16 | line.creditor;
        int64_t place = (pair << 8 | line.line_class) << 8 | line.tariff;
        sum += line.exact < 0 ? -line.exact : line.exact;
        if (!good(reader,
                  place > last && line.debtor != line.creditor && line.exact != 0 && sum <= SUM_MAX,
                  "a line that cannot be"))
            return;
        last = place;
        naive_lines_add(&period->owed, &line);
    }
    (void)good(reader, period->owed.count > 0, "a period in which nothing was owed");
}

static bool dispute_adds_up(const struct naive_period *period, const struct naive_dispute *dispute)
{
    const struct disputed_line about = {.record = {dispute->record},
                                        .debtor = {dispute->debtor},
                                        .creditor = {dispute->creditor},
                                        .line_class = dispute->line_class,
                                        .tariff = dispute->tariff};
    bool party = dispute->by == dispute->debtor || dispute->by == dispute->creditor;
    bool settled = !dispute->resolved || period->state >= NAIVE_FINAL;
    return party && settled && period->state != NAIVE_CLOSED &&
           dispute->debtor != dispute->creditor && dispute->exact != 0 &&
           dispute->exact <= INT64_MAX && dispute->exact >= -INT64_MAX &&
           naive_is_part(dispute->upheld, dispute->exact) &&
           naive_is_part(-dispute->back, dispute->exact) &&
           naive_is_part(dispute->entered, dispute->back) &&
           (dispute->resolved || dispute->entered == 0) &&
           (dispute->responded || dispute->upheld == 0) &&
           dispute->record >= period->first_record && dispute->record < period->records &&
           !naive_dispute_of(period, &about);
}

static void get_dispute(struct codec_reader *reader, const struct naive *n,
                        struct naive_period *period)
{
    struct naive_dispute dispute = {0};
    dispute.record = codec_get_uint(reader, INT64_MAX);
    dispute.debtor = get_partner(reader, period);
    dispute.creditor = get_partner(reader, period);
    dispute.line_class = (enum line_class)codec_get_uint(reader, LINE_CLASS_COUNT - 1);
    dispute.tariff = get_tariff(reader, n);
    dispute.code = (enum dispute_code)codec_get_uint(reader, DISPUTE_CODE_COUNT - 1);
    dispute.by = get_partner(reader, period);
    dispute.responded = codec_get_bool(reader);
    dispute.resolved = codec_get_bool(reader);
    dispute.exact = naive_get_wide(reader);
    dispute.upheld = naive_get_wide(reader);
    dispute.back = naive_get_wide(reader);
    dispute.entered = naive_get_wide(reader);
    if (!good(reader, dispute_adds_up(period, &dispute), "a dispute that does not add up"))
        return;
    period->disputes =
        (struct naive_dispute *)array_grow(period->disputes, &period->dispute_capacity,
                                           period->dispute_count + 1, sizeof(*period->disputes));
    period->disputes[period->dispute_count++] = dispute;
}

/* ---- reading what is to be paid -------------------------------------------------------------- */

static void get_currency(struct codec_reader *reader, const struct naive *n,
                         char code_out[CURRENCY_SIZE])
{
    struct bytes code = codec_get_text(reader, CURRENCY_SIZE - 1, CURRENCY_SIZE - 1);
    if (reader->failed)
        return;
    memcpy(code_out, code.at, code.size);
    (void)good(reader, naive_is_currency(n, code_out), "an unknown currency");
}

static void get_default(struct codec_reader *reader, const struct naive *n,
                        struct naive_period *period)
{
    struct naive_default row = {0};
    row.partner = get_partner(reader, period);
    get_currency(reader, n, row.currency);
    bool sound = !reader->failed && period->state >= NAIVE_FINAL &&
                 !naive_in_default(period, row.partner, row.currency);
    if (good(reader, sound, "a default that cannot be"))
        naive_default_add(period, &row);
}

static bool is_whole(const struct naive *n, const char *currency, __int128 amount)
{
    return amount > 0 && amount % naive_unit_of(n, currency) == 0;
}

static bool taking_adds_up(const struct naive *n, const struct naive_period *period,
                           const struct naive_taking *taking)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    bool ours = strcmp(taking->currency, rules->currencies[0].code) == 0;
    if (taking->debtor == taking->claimant || taking->debtor == taking->by ||
        !naive_in_default(period, taking->debtor, taking->currency) ||
        !is_whole(n, taking->currency, taking->amount))
        return false;
    if (taking->collateral)
        return rules->on_default != NAIVE_RING_FENCE && ours &&
               taking->by == n->rules.operator_number;
    return taking->by != taking->claimant;
}

static void get_takings(struct codec_reader *reader, const struct naive *n,
                        struct naive_period *period)
{
    __int128 sum = 0;
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--) {
        struct naive_taking taking = {0};
        taking.debtor = get_partner(reader, period);
        taking.claimant = get_partner(reader, period);
        taking.by = get_partner(reader, period);
        get_currency(reader, n, taking.currency);
        taking.collateral = codec_get_bool(reader);
        taking.amount = naive_get_wide(reader);
        if (!good(reader, !reader->failed && taking_adds_up(n, period, &taking),
                  "a claim that nobody took over"))
            return;
        sum += taking.amount;
        if (good(reader, sum <= SUM_MAX, "more than can be taken over"))
            naive_taking_add(period, &taking);
    }
}

/* What is said of it goes with the state that it is in: somebody accused one that was not sent on
 * time; and what somebody in default sent otherwise is void, or was to one that was before. */
static bool state_adds_up(const struct naive *n, const struct naive_period *period,
                          const struct naive_payment *payment)
{
    bool due = payment->state == NAIVE_DUE, failed = payment->state == NAIVE_FAILED;
    bool sent = payment->state == NAIVE_SENT, in_time = naive_on_time(n, payment);
    bool accused = !hash_is_zero(&payment->accuser);
    if ((due && payment->attempts != 0) || ((sent || failed) && payment->attempts == 0))
        return false;
    if ((!hash_is_zero(&payment->approver) || accused) && !due && !failed && !sent)
        return false;
    if (sent && !in_time && !payment->ring_fenced &&
        naive_in_default(period, payment->from, payment->currency) &&
        !naive_in_default(period, payment->to, payment->currency))
        return false;
    return !accused || !in_time;
}

/* To be paid not before the period, and sent by now, if it was. */
static bool days_add_up(const struct naive *n, const struct naive_period *period,
                        const struct naive_payment *payment)
{
    return payment->pay_by >= period->pay_day &&
           (payment->sent_on > 0) == (payment->attempts > 0) &&
           (payment->sent_on == 0 || payment->sent_on <= naive_day(n, n->now_ms));
}

/* It gives back what came for one that was void. */
static bool is_back(const struct naive_period *period, const struct naive_payment *payment)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *was = &period->payments[i];
        if (was->state == NAIVE_CONFIRMED && was->from == payment->to && was->to == payment->from &&
            was->amount == payment->amount && was->round < payment->round &&
            strcmp(was->currency, payment->currency) == 0)
            return true;
    }
    return false;
}

static bool any_default(const struct naive_period *period, const char *currency)
{
    bool any = false;
    for (size_t i = 0; i < period->default_count; i++)
        any = any || strcmp(period->defaults[i].currency, currency) == 0;
    return any;
}

static bool any_default_after(const struct naive_period *period,
                              const struct naive_payment *payment)
{
    bool any = false;
    for (size_t i = payment->round; i < period->default_count; i++)
        any = any || strcmp(period->defaults[i].currency, payment->currency) == 0;
    return any;
}

/* When its books closed, or by a default in its currency. */
static bool is_made(const struct naive_period *period, const struct naive_payment *payment)
{
    return payment->round == 0 ||
           strcmp(period->defaults[payment->round - 1].currency, payment->currency) == 0;
}

/* It was netted, and who was to get it has waited too long: that one's word stays until it is paid
 * after all, or void. */
static bool is_late(const struct naive *n, const struct naive_period *period,
                    const struct naive_payment *payment)
{
    bool over = payment->state == NAIVE_CONFIRMED || payment->state == NAIVE_VOID;
    return is_made(period, payment) && naive_shared_no_more(n, payment, naive_day(n, n->now_ms)) &&
           (over || !hash_is_zero(&payment->accuser));
}

static bool payment_adds_up(const struct naive *n, const struct naive_period *period,
                            const struct naive_payment *payment)
{
    bool apart = naive_in_default(period, payment->from, payment->currency) ||
                 naive_in_default(period, payment->to, payment->currency);
    bool unpaid = payment->state == NAIVE_DUE || payment->state == NAIVE_FAILED;
    if (payment->from == payment->to || !is_whole(n, payment->currency, payment->amount) ||
        payment->round > period->default_count || !state_adds_up(n, period, payment) ||
        !days_add_up(n, period, payment))
        return false;
    if (payment->state == NAIVE_VOID && !any_default_after(period, payment))
        return false;
    if (payment->ring_fenced && payment->state != NAIVE_VOID && apart && is_made(period, payment))
        return true;
    if (payment->ring_fenced)
        return is_back(period, payment) || is_late(n, period, payment);
    return is_made(period, payment) && (!apart || !unpaid);
}

static void get_payment(struct codec_reader *reader, const struct naive *n,
                        struct naive_period *period, __int128 *sum)
{
    struct naive_payment payment = {0};
    payment.from = get_partner(reader, period);
    payment.to = get_partner(reader, period);
    get_currency(reader, n, payment.currency);
    payment.amount = naive_get_wide(reader);
    payment.round = (uint32_t)codec_get_uint(reader, UINT32_MAX);
    payment.ring_fenced = codec_get_bool(reader);
    payment.state = (enum naive_payment_state)codec_get_uint(reader, NAIVE_VOID);
    payment.attempts = (uint32_t)codec_get_uint(reader, UINT32_MAX);
    payment.pay_by = (uint32_t)codec_get_uint(reader, DAYS_MAX);
    payment.sent_on = (uint32_t)codec_get_uint(reader, DAYS_MAX);
    codec_get_fixed(reader, payment.approver.at, HASH_SIZE);
    codec_get_fixed(reader, payment.accuser.at, HASH_SIZE);
    *sum += payment.amount;
    if (!good(reader, *sum <= SUM_MAX, "more than can be paid"))
        return;
    bool sound = payment_adds_up(n, period, &payment) &&
                 (period->payment_count == 0 ||
                  payment.round >= period->payments[period->payment_count - 1].round);
    if (good(reader, sound, "a payment that does not add up"))
        naive_payment_add(period, &payment);
}

/* Those of round 0 are what the books give, all of them. */
static bool begin_with(const struct naive_period *period, const struct naive_payment *made,
                       size_t count)
{
    bool same = period->payment_count >= count &&
                (period->payment_count == count || period->payments[count].round > 0);
    for (size_t i = 0; i < count && same; i++) {
        const struct naive_payment *payment = &period->payments[i];
        same = payment->round == 0 && payment->from == made[i].from && payment->to == made[i].to &&
               payment->amount == made[i].amount &&
               strcmp(payment->currency, made[i].currency) == 0;
    }
    return same;
}

static void get_payments(struct codec_reader *reader, struct naive *n, struct naive_period *period)
{
    enum naive_period_state state = period->state;
    __int128 sum = 0;
    if (state >= NAIVE_FINAL)
        naive_close_books(n, period, period->last_day);
    struct naive_payment *made = period->payments;
    size_t count = period->payment_count;
    period->payments = NULL;
    period->payment_count = period->payment_capacity = 0;
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_payment(reader, n, period, &sum);
    if (!reader->failed)
        (void)good(reader, begin_with(period, made, count), "payments of other books");
    free(made);
    for (size_t i = 0; i < n->rules.settlement.currency_count && !reader->failed; i++) {
        const char *code = n->rules.settlement.currencies[i].code;
        if (!any_default(period, code))
            continue;
        (void)good(reader, naive_default_adds_up(n, period, code), "payments that do not add up");
        (void)good(reader, naive_takings_fit(n, period, code), "more than there was to take over");
    }
    if (state < NAIVE_FINAL || reader->failed)
        return;
    period->state = NAIVE_FINAL;
    naive_when_paid(period);
    (void)good(reader, period->state == state, "settled, and not paid");
}

static void get_parts(struct codec_reader *reader, struct naive *n, struct naive_period *period)
{
    period->state = (enum naive_period_state)codec_get_uint(reader, NAIVE_SETTLED);
    period->answer_day = codec_get_int(reader, 0, DAYS_MAX);
    period->pay_day = codec_get_int(reader, 0, DAYS_MAX);
    period->rooted = codec_get_bool(reader);
    period->first_record = codec_get_uint(reader, INT64_MAX);
    period->records = codec_get_uint(reader, INT64_MAX);
    codec_get_fixed(reader, period->root.at, HASH_SIZE);
    period->proposer = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
    period->partner_count = (size_t)codec_get_uint(reader, n->rules.partner_count);
    if (!good(reader,
              period->partner_count > 0 && (period->rooted || period->state == NAIVE_CLOSED),
              "a period that cannot be"))
        return;
    get_answers(reader, period);
    get_owed(reader, n, period);
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_dispute(reader, n, period);
    if (reader->failed)
        return;
    if (period->rooted)
        period->totals = naive_totals(period);
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_default(reader, n, period);
    get_takings(reader, n, period);
    if (!reader->failed)
        get_payments(reader, n, period);
}

void naive_get_periods(struct codec_reader *reader, struct naive *n)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    uint32_t most = naive_period_of(rules, (int64_t)(TIME_MS_MAX / 86400000 + 1));
    n->open_period = (uint32_t)codec_get_uint(reader, most);
    n->open_first_record = codec_get_uint(reader, INT64_MAX);
    n->awaits_tree = codec_get_bool(reader);
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--) {
        uint32_t number = (uint32_t)codec_get_uint(reader, most);
        bool later = n->period_count == 0 || n->periods[n->period_count - 1].number < number;
        if (!good(reader, later && number < n->open_period, "periods out of order"))
            return;
        get_parts(reader, n, naive_period_add(n, number, n->rules.partner_count));
    }
}

/* Points times basis points: all that lots can have, with room to add them up and to print them. */
#define STANDING_MAX ((__int128)1000000000000 * 1000000000000)

static __int128 get_standing(struct codec_reader *reader)
{
    __int128 points_bp = naive_get_wide(reader);
    bool fits = good(reader, points_bp >= 0 && points_bp <= STANDING_MAX, "points out of range");
    return fits ? points_bp : 0;
}

void naive_get_standings(struct codec_reader *reader, struct naive *n)
{
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--) {
        size_t before = n->standings.count;
        uint16_t funder = (uint16_t)codec_get_uint(reader, n->rules.partner_count - 1);
        uint32_t vintage = (uint32_t)codec_get_uint(reader, NAIVE_NONE - 1);
        uint32_t expires = (uint32_t)codec_get_uint(reader, NAIVE_NONE);
        struct naive_standing *row = naive_standing_of(&n->standings, funder, vintage, expires);
        if (!good(reader, n->standings.count > before, "points of one kind twice"))
            return;
        for (size_t k = 0; k < POOL_COUNT; k++)
            row->pools[k] = get_standing(reader);
        row->ended = get_standing(reader);
    }
}
