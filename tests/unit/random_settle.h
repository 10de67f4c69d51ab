/* random_settle.h - random steps of settlement periods for random_play.h: mostly such as get a
 * period on, by whom it is for; some with something wrong, and some by anybody.
 */
#ifndef TESTS_UNIT_RANDOM_SETTLE_H
#define TESTS_UNIT_RANDOM_SETTLE_H

#include "partners/charter_settlement.h"
#include "unit/random_play.h"

enum { PEOPLE = 3, EVIDENCE_ROOM = 12000, SOUGHT = 100 };

/* ---- a charter ------------------------------------------------------------------------------- */

static inline void random_taxes(struct play *play, struct charter *draft)
{
    static const char *const codes[] = {"", "AT-20", "DE-19"};
    draft->settlement.taxes = allocate(2, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 2;
    draft->settlement.taxes[0] = (struct charter_tax){"AT-20", 2000};
    draft->settlement.taxes[1] = (struct charter_tax){"DE-19", (uint16_t)any(play, 2000)};
    snprintf(draft->settlement.fee_tax, TAX_CODE_SIZE, "%s", codes[any(play, 3)]);
    snprintf(draft->settlement.redemption_tax, TAX_CODE_SIZE, "%s", codes[any(play, 3)]);
}

static inline void random_settlement_charter(struct play *play, struct charter *draft)
{
    uint64_t start_ms = draft->sandbox ? draft->sandbox_start_ms : START_MS;
    int64_t day = (int64_t)(start_ms / DAY_MS);
    draft->settlement.every = any(play, 4) ? PERIOD_DAY : (enum period_kind)any(play, 3);
    draft->settlement.propose_days = (uint32_t)any(play, 2);
    draft->settlement.answer_days = draft->settlement.propose_days + (uint32_t)any(play, 5);
    draft->settlement.pay_days = draft->settlement.answer_days + (uint32_t)any(play, 2);
    draft->settlement.rest_days = (uint8_t)(any(play, 2) ? 0 : any(play, 127));
    draft->settlement.holidays = allocate(8, sizeof(int64_t));
    for (size_t i = any(play, 8); i > 0; i--)
        draft->settlement.holidays[draft->settlement.holiday_count++] = day +=
            1 + (int64_t)any(play, 4);
    random_taxes(play, draft);
    draft->settlement.account_days = (uint32_t)any(play, 4);
    draft->settlement.dispute_days = (uint32_t)any(play, 4);
    draft->settlement.default_days = (uint32_t)any(play, 3);
    draft->settlement.on_default = (enum on_default)any(play, 3);
    draft->minor_digits = (int)any(play, 4);
    draft->transitions[0].offset_s = (int32_t)any(play, 24) * 3600 - 12 * 3600;
    /* Clocks are put forward or back by an hour, on the hour. */
    draft->transitions[1].from_ms = start_ms + any(play, 20 * 24) * 3600 * 1000;
    draft->transitions[1].offset_s = draft->transitions[0].offset_s + (any(play, 2) ? 3600 : -3600);
    draft->transition_count = 1 + any(play, 2);
}

/* ---- whose step it is ------------------------------------------------------------------------ */

/* A lane that the partner may write; any other where it has none. */
static inline uint16_t lane_of(struct play *play, uint16_t partner, uint16_t otherwise)
{
    const struct charter *charter = state_charter(play->driver->state);
    for (uint16_t i = 0; i < charter->node_count; i++)
        if (charter->nodes[i].partner.v == partner && may_write(play, i) && any(play, 12))
            return i;
    return otherwise;
}

static inline struct hash person(struct play *play)
{
    struct hash approver = {{(uint8_t)(1 + any(play, PEOPLE))}};
    return approver;
}

static inline struct transaction settle_step(struct play *play, enum transaction_type type,
                                             const struct closed_period *closed)
{
    struct transaction t = {.type = type};
    t.body.settle.period = (uint32_t)closed->period.number;
    if (any(play, 40) == 0)
        t.body.settle.period += (uint32_t)any(play, 3);
    t.body.settle.totals = closed->totals;
    t.body.settle.approver = person(play);
    t.body.settle.totals.at[7] ^= any(play, 12) == 0;
    return t;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static inline void random_propose(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    struct transaction t = settle_step(play, TRANSACTION_PERIOD_PROPOSE, closed);
    t.body.settle.records = closed->records + (any(play, 16) == 0);
    t.body.settle.root = closed->root;
    t.body.settle.root.at[3] ^= any(play, 16) == 0;
    (void)feed(play, lane, t);
}

/* One person of one partner, or two of everybody. */
static inline void random_signatures(struct play *play, uint16_t lane,
                                     const struct closed_period *closed)
{
    bool all = any(play, 3) == 0;
    for (uint16_t i = 0; i < closed->period.partner_count * 2 && all; i++)
        (void)feed(play, lane_of(play, i / 2, lane),
                   settle_step(play, TRANSACTION_PERIOD_SIGN, closed));
    if (!all)
        (void)feed(play, lane, settle_step(play, TRANSACTION_PERIOD_SIGN, closed));
}

/* A record of the period, or of another time, with an obligation among its effects: mostly that of
 * a redemption, which may be taken back. */
static inline bool random_line(struct play *play, const struct closed_period *closed,
                               size_t *index_out, struct effect *line_out)
{
    uint64_t first = closed->first_record, count = closed->rooted ? closed->records - first : 0;
    bool anywhere = any(play, 16) == 0 || count == 0;
    for (size_t i = 0; i < SOUGHT && play->log.count > 0; i++) {
        size_t index = anywhere ? any(play, play->log.count) : first + any(play, count);
        const struct log_entry *entry = &play->log.entries[index];
        struct record record;
        struct effect_reader reader;
        REQUIRE(record_decode(buffer_bytes(&entry->record), &record, NULL));
        struct bytes effects = record.kind == RECORD_KIND_SEAL ? buffer_bytes(&entry->automatic)
                                                               : record.outcome.effects;
        REQUIRE(effect_reader_init(&reader, effects));
        while (effect_next(&reader, line_out))
            if (line_out->kind == EFFECT_OBLIGATION &&
                any(play, 12) < (line_out->line_class == LINE_REDEMPTION ? 10U : 2U)) {
                *index_out = index;
                return entry->record.size + entry->automatic.size < EVIDENCE_ROOM;
            }
    }
    return false;
}

/* Its bytes and its path, or something wrong with one of them. */
static inline void random_dispute(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    struct transaction t = settle_step(play, TRANSACTION_DISPUTE_OPEN, closed);
    struct settle *says = &t.body.settle;
    struct effect line;
    struct buffer path, record;
    size_t index = 0;
    if (!random_line(play, closed, &index, &line))
        return;
    const struct log_entry *entry = &play->log.entries[index];
    buffer_init(&path, (size_t)DISPUTE_PATH_MAX * HASH_SIZE);
    buffer_init(&record, RECORD_SIZE_MAX);
    buffer_append(&record, buffer_bytes(&entry->record));
    if (index < closed->records)
        log_path(&play->log, index, 0, closed->records, &path);
    says->line = (struct disputed_line){.debtor = line.partner,
                                        .creditor = line.creditor,
                                        .line_class = line.line_class,
                                        .tariff = line.tariff};
    says->code = (enum dispute_code)any(play, DISPUTE_CODE_COUNT);
    if (any(play, 20) == 0)
        says->line.line_class = (enum line_class)any(play, LINE_CLASS_COUNT);
    if (any(play, 20) == 0)
        says->line.creditor.v ^= 1;
    if (any(play, 20) == 0)
        says->line.tariff = (uint8_t)any(play, 4);
    if (any(play, 20) == 0)
        record.at[any(play, record.size)] ^= 1;
    if (path.size > 0 && any(play, 20) == 0)
        path.at[any(play, path.size)] ^= 1;
    if (any(play, 20) == 0)
        path.size = path.size / 2 / HASH_SIZE * HASH_SIZE;
    says->evidence = buffer_bytes(&record);
    says->automatic = buffer_bytes(&entry->automatic);
    if (any(play, 20) == 0)
        says->automatic = bytes_text("\x80");
    says->path = buffer_bytes(&path);
    bool by_debtor = line.creditor.v == PARTNERS || any(play, 2); /* the operator has no lane */
    (void)feed(play, lane_of(play, by_debtor ? line.partner.v : line.creditor.v, lane), t);
    buffer_release(&path);
    buffer_release(&record);
}

static inline const struct dispute *any_dispute(struct play *play,
                                                const struct closed_period *closed)
{
    size_t count = closed->period.dispute_count;
    return count > 0 ? &closed->period.disputes[any(play, count)] : NULL;
}

static inline struct transaction about(struct play *play, enum transaction_type type,
                                       const struct closed_period *closed,
                                       const struct dispute *dispute)
{
    struct transaction t = settle_step(play, type, closed);
    t.body.settle.line = dispute->about;
    t.body.settle.line.record.v += any(play, 24) == 0;
    return t;
}

static inline void random_response(struct play *play, uint16_t lane,
                                   const struct closed_period *closed)
{
    const struct dispute *dispute = any_dispute(play, closed);
    if (!dispute)
        return;
    struct transaction t = about(play, TRANSACTION_DISPUTE_RESPOND, closed, dispute);
    int64_t exact = (int64_t)dispute->line.exact.v, part = (int64_t)any(play, 5);
    t.body.settle.amount = exact / 4 * part + (part == 4 ? exact % 4 : 0);
    if (any(play, 12) == 0)
        t.body.settle.amount = any(play, 2) ? exact + (exact < 0 ? -1 : 1) : -exact;
    bool by_debtor = partner_equal(dispute->by, dispute->about.debtor);
    uint16_t other = by_debtor ? dispute->about.creditor.v : dispute->about.debtor.v;
    (void)feed(play, lane_of(play, other, lane), t);
}

static inline void random_resolution(struct play *play, uint16_t lane,
                                     const struct closed_period *closed)
{
    const struct dispute *dispute = any_dispute(play, closed);
    if (!dispute)
        return;
    struct transaction t = about(play, TRANSACTION_DISPUTE_RESOLVE, closed, dispute);
    t.body.settle.amount = any(play, 4) ? (int64_t)dispute->upheld.v : (int64_t)any(play, 2);
    uint16_t other = partner_equal(dispute->by, dispute->about.debtor) ? dispute->about.creditor.v
                                                                       : dispute->about.debtor.v;
    (void)feed(play, lane_of(play, any(play, 4) ? dispute->by.v : other, lane), t);
}

/* Points of a disputed redemption come back. */
static inline void random_contra(struct play *play, uint16_t lane,
                                 const struct closed_period *closed)
{
    const struct dispute *dispute = any_dispute(play, closed);
    if (!dispute || dispute->about.line_class != LINE_REDEMPTION)
        return;
    for (size_t i = 0; i < play->redemption_count; i++) {
        if (play->redemptions[i].v != dispute->about.record.v || play->redeemed[i] == 0)
            continue;
        int64_t points = 1 + (int64_t)any(play, (uint64_t)play->redeemed[i]);
        if (feed(play, lane_of(play, dispute->about.creditor.v, lane),
                 tx_unredeem(play->redemptions[i], points)) == VERDICT_ACCEPTED)
            play->redeemed[i] -= points;
    }
}

static inline void random_payment(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    size_t count = closed->period.payment_count, place = any(play, count + 1);
    struct transaction t = settle_step(play, TRANSACTION_PAYMENT_SENT, closed);
    struct payment payment = {.from = {lane}, .to = {lane}};
    if (place < count)
        payment = closed->period.payments[place].payment;
    t.body.settle.payment = (uint32_t)place;
    t.body.settle.attempt = place < count ? closed->period.payments[place].attempt + 1 : 1;
    t.body.settle.attempt += any(play, 16) == 0;
    (void)feed(play, lane_of(play, payment.from.v, lane), t);
    t.body.settle.approver.at[0] ^= any(play, 8) != 0; /* mostly another person */
    if (hash_is_zero(&t.body.settle.approver))
        t.body.settle.approver = person(play);
    (void)feed(play, lane_of(play, payment.from.v, lane), t);
    if (any(play, 6) == 0)
        return;
    t.type = any(play, 5) < 2 ? TRANSACTION_PAYMENT_FAILED : TRANSACTION_PAYMENT_CONFIRMED;
    (void)feed(play, lane_of(play, payment.to.v, lane), t);
}

/* Money comes for one that is void, or that nobody has sent. */
static inline void random_arrival(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    size_t count = closed->period.payment_count, place = any(play, count + 1);
    struct transaction t = settle_step(play, TRANSACTION_PAYMENT_CONFIRMED, closed);
    for (size_t i = 0; i < count && any(play, 8); i++)
        if (closed->period.payments[(place + i) % count].state == PAYMENT_VOID) {
            place = (place + i) % count;
            break;
        }
    uint16_t to = place < count ? closed->period.payments[place].payment.to.v : lane;
    bool was_void = place < count && closed->period.payments[place].state == PAYMENT_VOID;
    t.body.settle.payment = (uint32_t)place;
    play->back += feed(play, lane_of(play, to, lane), t) == VERDICT_ACCEPTED && was_void;
}

/* Two people of the payee, or of anyone, say that the payer is in default; of one that is due,
 * mostly.
 */
static inline void random_default(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    size_t count = closed->period.payment_count, place = any(play, count + 1);
    struct transaction t = settle_step(play, TRANSACTION_PAYMENT_DEFAULT, closed);
    for (size_t i = 0; i < count; i++) {
        const struct period_payment *payment = &closed->period.payments[(place + i) % count];
        if (any(play, 8) && !payment->ring_fenced &&
            (payment->state == PAYMENT_DUE || payment->state == PAYMENT_FAILED)) {
            place = (place + i) % count;
            break;
        }
    }
    uint16_t to = place < count ? closed->period.payments[place].payment.to.v : lane;
    t.body.settle.payment = (uint32_t)place;
    for (uint64_t i = 1 + any(play, 3); i > 0; i--) {
        (void)feed(play, lane_of(play, to, lane), t);
        t.body.settle.approver = person(play);
    }
}

/* Of one that is proposed. */
static inline void answering_step(struct play *play, uint16_t lane,
                                  const struct closed_period *closed)
{
    uint64_t choice = any(play, 10);
    if (choice < 4)
        random_dispute(play, lane, closed);
    else if (choice < 5)
        random_signatures(play, lane, closed);
    else if (choice < 7)
        random_response(play, lane, closed);
    else if (choice < 8)
        random_contra(play, lane, closed);
    else
        (void)feed(play, lane, settle_step(play, TRANSACTION_PERIOD_FINAL, closed));
}

/* Of one that is final, or paid. */
static inline void final_step(struct play *play, uint16_t lane, const struct closed_period *closed)
{
    uint64_t choice = closed->period.dispute_count > 0 ? any(play, 12) : 0;
    if (choice < 4 && any(play, 3) == 0)
        random_default(play, lane, closed);
    else if (choice < 4 && closed->period.default_count > 0 && any(play, 5) == 0)
        random_arrival(play, lane, closed);
    else if (choice < 4)
        for (uint64_t i = 1 + any(play, 3); i > 0; i--)
            random_payment(play, lane, closed);
    else if (choice < 6)
        random_response(play, lane, closed);
    else if (choice < 9)
        random_resolution(play, lane, closed);
    else
        random_contra(play, lane, closed);
}

/* What a period that is where it is waits for. */
static inline void fitting_step(struct play *play, uint16_t lane,
                                const struct closed_period *closed)
{
    if (closed->period.state == PERIOD_OPEN)
        random_propose(play, lane, closed);
    else if (closed->period.state == PERIOD_PROPOSED)
        answering_step(play, lane, closed);
    else
        final_step(play, lane, closed);
}

static inline void any_step(struct play *play, uint16_t lane, const struct closed_period *closed)
{
    switch (any(play, 9)) {
    case 0:
        random_propose(play, lane, closed);
        return;
    case 1:
        random_signatures(play, lane, closed);
        return;
    case 2:
        random_dispute(play, lane, closed);
        return;
    case 3:
        random_response(play, lane, closed);
        return;
    case 4:
        random_resolution(play, lane, closed);
        return;
    case 5:
        (void)feed(play, lane, settle_step(play, TRANSACTION_PERIOD_FINAL, closed));
        return;
    case 6:
        random_payment(play, lane, closed);
        return;
    case 7:
        random_default(play, lane, closed);
        return;
    default:
        random_contra(play, lane, closed);
    }
}

/* And of those who did not pay. */
static inline void count_defaults(struct play *play, const struct naive_period *period)
{
    for (size_t i = 1; i < period->default_count; i++)
        if (strcmp(period->defaults[i].currency, period->defaults[i - 1].currency) == 0) {
            play->again++;
            break;
        }
    for (size_t i = 0; i < period->taking_count; i++) {
        play->covered += period->takings[i].collateral;
        play->shared += !period->takings[i].collateral;
    }
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct naive_payment *payment = &period->payments[i];
        play->back_void += payment->ring_fenced && payment->state == NAIVE_VOID;
    }
}

/* What a play has had of disputes. */
static inline void count_disputes(struct play *play)
{
    for (size_t i = 0; i < naive_period_count(play->naive); i++) {
        const struct naive_period *period = naive_period_at(play->naive, i);
        play->settled += period->state == NAIVE_SETTLED;
        count_defaults(play, period);
        for (size_t j = 0; j < period->dispute_count; j++) {
            const struct naive_dispute *dispute = &period->disputes[j];
            play->suspended += !dispute->resolved && dispute->back != 0;
            play->entered += dispute->entered != 0;
            play->cancelled += dispute->resolved && dispute->back != dispute->entered;
        }
    }
}

/* ---- payment accounts ------------------------------------------------------------------------ */

/* One of a few accounts, said by one person of the lane's partner, or by two. */
static inline void random_account(struct play *play, uint16_t lane)
{
    static const char *const ibans[] = {"AT611904300234573201", "DE89370400440532013000",
                                        "IE29AIBK93115212345678", "MU17BOMM0101101030300200000MUR"};
    static const char *const bics[] = {"", "BKAUATWW", "BKAUATWWXXX"};
    static const char *const wrong[] = {"AT611904300234573202", "AT61 1904 3002 3457 3201",
                                        "ZZ611904300234573201", "BKAUATW"};
    struct transaction t = {.type = TRANSACTION_PAYMENT_ACCOUNT};
    struct account_words *words = &t.body.deal.account;
    memcpy(words->currency, any(play, 30) ? "EUR" : "SEK", CURRENCY_SIZE);
    words->holder = bytes_text(any(play, 4) ? "Green Grocer" : "Green Grocer (2nd)");
    words->iban = bytes_text(ibans[any(play, any(play, 2) ? 2 : ARRAY_SIZE(ibans))]);
    words->bic = bytes_text(bics[any(play, 8) ? 0 : any(play, ARRAY_SIZE(bics))]);
    words->approver = person(play);
    if (any(play, 16) == 0)
        words->iban = bytes_text(wrong[any(play, ARRAY_SIZE(wrong))]);
    if (any(play, 30) == 0)
        words->holder = bytes_text(any(play, 2) ? "Gr\xc3\xbcner" : "Green Grocer ");
    (void)feed(play, lane, t);
    if (any(play, 2))
        return;
    words->approver = person(play);
    (void)feed(play, lane, t);
}

/* ---- exchange rates -------------------------------------------------------------------------- */

/* Of one of the last days, or of one more; a currency or two, mostly in order. */
static inline void random_rates(struct play *play, uint16_t lane)
{
    static const char *const currencies[] = {"BHD", "CHF", "NOK", "SEK"};
    const struct state *state = play->driver->state;
    int64_t today = charter_day(state_charter(state), state_time_ms(state));
    struct transaction t = {.type = TRANSACTION_EXCHANGE_RATES};
    struct day_rates *rates = &t.body.deal.rates;
    size_t first = any(play, 3);
    rates->day = (uint32_t)(today + 1 - (int64_t)any(play, any(play, 4) ? 3 : 10));
    rates->count = (uint8_t)(1 + any(play, 2));
    for (size_t i = 0; i < rates->count; i++) {
        size_t second = any(play, 20) ? first + 1 : first;
        memcpy(rates->at[i].currency, currencies[i ? second : first], CURRENCY_SIZE);
        rates->at[i].rate.v = 1 + (int64_t)any(play, 5);
    }
    if (any(play, 20) == 0)
        memcpy(rates->at[0].currency, "EUR", CURRENCY_SIZE);
    (void)feed(play, lane, t);
}

/* One of the periods that have ended; where there is none, one that nobody knows. */
static inline void random_settlement(struct play *play, uint16_t lane)
{
    const struct periods *periods = state_periods(play->driver->state);
    static const struct closed_period none = {.period = {.number = 7}};
    const struct closed_period *closed = &none;
    for (size_t i = 0;
         i < 3 && periods->count > 0 &&
         (i == 0 || (closed->period.dispute_count == 0 && closed->period.state == PERIOD_SETTLED));
         i++)
        closed = periods->at[any(play, periods->count)];
    if (closed == &none && any(play, 8) > 0)
        return;
    if (any(play, 4))
        fitting_step(play, lane, closed);
    else
        any_step(play, lane, closed);
}

#endif
