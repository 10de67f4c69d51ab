/* Settlement periods of the naive model as bytes, and back. Rounded lines and who has to pay are
 * made anew. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#define AMOUNT_MAX ((__int128)1 << 110) /* sums of many stay within 127 bits */
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
    for (size_t i = 0; i < period->payment_count; i++) {
        codec_put_uint(out, period->payments[i].state);
        codec_put_uint(out, period->payments[i].attempts);
        codec_put_bytes(out, hash_as_bytes(&period->payments[i].approver));
    }
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
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--) {
        struct naive_line line = {0};
        line.debtor = get_partner(reader, period);
        line.creditor = get_partner(reader, period);
        line.line_class = (int)codec_get_uint(reader, LINE_CLASS_COUNT - 1);
        line.tariff = get_tariff(reader, n);
        line.exact = naive_get_wide(reader);
        int64_t pair = (int64_t)line.debtor << 16 | line.creditor;
        int64_t place = (pair << 8 | line.line_class) << 8 | line.tariff;
        if (!good(reader, place > last && line.debtor != line.creditor && line.exact != 0,
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

/* Of the payments that its books give. */
static void get_payments(struct codec_reader *reader, const struct naive *n,
                         struct naive_period *period)
{
    enum naive_period_state state = period->state;
    bool paid = true;
    if (state < NAIVE_FINAL)
        return;
    naive_close_books(n, period);
    for (size_t i = 0; i < period->payment_count && !reader->failed; i++) {
        struct naive_payment *payment = &period->payments[i];
        payment->state = (enum naive_payment_state)codec_get_uint(reader, NAIVE_FAILED);
        payment->attempts = (uint32_t)codec_get_uint(reader, UINT32_MAX);
        codec_get_fixed(reader, payment->approver.at, HASH_SIZE);
        paid = paid && payment->state == NAIVE_CONFIRMED;
    }
    period->state = state;
    (void)good(reader, (state == NAIVE_SETTLED) == paid, "settled, and not paid");
}

static void get_parts(struct codec_reader *reader, const struct naive *n,
                      struct naive_period *period)
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
