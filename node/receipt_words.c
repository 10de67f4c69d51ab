#include "node/receipt_words.h"

#include "node/account_text.h"
#include "node/period_text.h"
#include "node/time_text.h"
#include "partners/date.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct writer {
    struct receipt_words *words;
    const struct charter *charter; /* NULL: none */
};

/* ---- lines ---------------------------------------------------------------------------------- */

static void add(struct writer *writer, const char *label, const char *format, ...)
    PRINTF_LIKE(3, 4);
static void add(struct writer *writer, const char *label, const char *format, ...)
{
    struct receipt_words *words = writer->words;
    if (words->count == RECEIPT_LINES_MAX) {
        struct receipt_line *last = &words->lines[RECEIPT_LINES_MAX - 1];
        last->label = "more";
        (void)snprintf(last->value, sizeof(last->value), "the record itself says the rest");
        return;
    }
    struct receipt_line *line = &words->lines[words->count++];
    line->label = label;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->value, sizeof(line->value), format, arguments);
    va_end(arguments);
}

/* Text that somebody chose: what is not printable ASCII is shown as a question mark. */
static void add_text(struct writer *writer, const char *label, struct bytes text)
{
    char plain[RECEIPT_VALUE_SIZE];
    size_t size = text.size < sizeof(plain) - 1 ? text.size : sizeof(plain) - 1;
    for (size_t i = 0; i < size; i++)
        plain[i] = text.at[i] >= 0x20 && text.at[i] < 0x7f ? (char)text.at[i] : '?';
    plain[size] = '\0';
    if (size > 0)
        add(writer, label, "%s", plain);
}

static void add_time(struct writer *writer, const char *label, uint64_t time_ms)
{
    char text[TIME_TEXT_SIZE];
    time_format(time_ms, text);
    add(writer, label, "%s", text);
}

static void add_member(struct writer *writer, const char *label, const struct member_ref *member)
{
    char text[MEMBER_TEXT_SIZE];
    member_format(member, text);
    add(writer, label, "%s", text);
}

static void add_points(struct writer *writer, const char *label, int64_t points)
{
    add(writer, label, "%" PRId64, points);
}

/* "partner 2 (cinema)" */
enum { PARTNER_TEXT_SIZE = CHARTER_NAME_MAX + 32, CURRENCY_TEXT_SIZE = 40 };
static void partner_text(const struct writer *writer, struct partner_id partner,
                         char out[PARTNER_TEXT_SIZE])
{
    bool known = writer->charter && partner.v < writer->charter->partner_count;
    (void)snprintf(out, PARTNER_TEXT_SIZE, "partner %u%s%s%s", partner.v, known ? " (" : "",
                   known ? writer->charter->partners[partner.v].name : "", known ? ")" : "");
}

static void add_writer(struct writer *writer, const struct record *record)
{
    const struct charter *charter = writer->charter;
    if (!charter || record->lane.v >= charter->node_count) {
        add(writer, "written by", "node %u", record->lane.v);
        return;
    }
    char partner[PARTNER_TEXT_SIZE];
    partner_text(writer, charter->nodes[record->lane.v].partner, partner);
    add(writer, "written by", "node %u (%s) of %s", record->lane.v,
        charter->nodes[record->lane.v].name, partner);
}

/* ---- what was asked for --------------------------------------------------------------------- */

static void add_spend(struct writer *writer, const struct member_ref *member, struct points points,
                      struct micro amount)
{
    char text[MONEY_TEXT_SIZE];
    add_member(writer, "member", member);
    if (points.v > 0) {
        add_points(writer, "points asked", points.v);
        return;
    }
    money_format((struct money){(__int128)amount.v * BASIS_POINTS}, 2, text);
    add(writer, "amount asked", "%s%s%s", text, writer->charter ? " " : "",
        writer->charter ? writer->charter->currency : "");
}

static void add_reference(struct writer *writer, const char *label, struct record_index index)
{
    add(writer, label, "record %" PRIu64, index.v);
}

static void add_funders(struct writer *writer, const struct funding_split *split)
{
    for (size_t i = 0; i < split->count; i++) {
        char partner[PARTNER_TEXT_SIZE];
        partner_text(writer, split->funders[i].partner, partner);
        add(writer, "funded by", "%s: %u.%02u %%", partner, split->funders[i].bp / 100u,
            split->funders[i].bp % 100u);
    }
}

static void add_earn(struct writer *writer, const struct transaction *t)
{
    add_member(writer, "member", &t->body.earn.member);
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct earn_lot *lot = &t->body.earn.lots[i];
        add_points(writer, "points", lot->quantity.v);
        if (lot->activates_ms > 0)
            add_time(writer, "active from", lot->activates_ms);
        if (lot->expires_ms > 0)
            add_time(writer, "expire", lot->expires_ms);
        add_funders(writer, &lot->split);
    }
}

static void add_adjust(struct writer *writer, const struct transaction *t)
{
    add_member(writer, "member", &t->body.adjust.member);
    add_points(writer, "points", t->body.adjust.delta.v);
    add_text(writer, "reason", t->body.adjust.reason);
    add_text(writer, "approver", t->body.adjust.approver);
}

/* A receipt has no contracts beside it: what is not settled by the charter's terms is said to be
 * settled by a tariff's. */
static void currency_text(const struct writer *writer, uint8_t tariff, char out[CURRENCY_TEXT_SIZE])
{
    if (tariff > 0)
        (void)snprintf(out, CURRENCY_TEXT_SIZE, " in the currency of tariff %u", tariff);
    else
        (void)snprintf(out, CURRENCY_TEXT_SIZE, "%s%s", writer->charter ? " " : "",
                       writer->charter ? writer->charter->currency : "");
}

/* "partner 0 (grocer) to partner 2 (cinema), redemption" */
static void add_line(struct writer *writer, const struct disputed_line *line)
{
    char debtor[PARTNER_TEXT_SIZE], creditor[PARTNER_TEXT_SIZE], tariff[24];
    (void)snprintf(tariff, sizeof(tariff), ", tariff %u", line->tariff);
    partner_text(writer, line->debtor, debtor);
    partner_text(writer, line->creditor, creditor);
    add(writer, "line", "%s to %s, %s%s", debtor, creditor, line_class_word(line->line_class),
        line->tariff > 0 ? tariff : "");
}

static void add_hash(struct writer *writer, const char *label, const struct hash *hash)
{
    char text[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(hash), text);
    add(writer, label, "%s", text);
}

/* The record that a dispute brings says itself which it is. */
static void add_dispute(struct writer *writer, const struct settle *settle)
{
    struct record record;
    if (record_decode(settle->evidence, &record, NULL))
        add_reference(writer, "disputed", record.index);
    else
        add(writer, "disputed", "bytes that are no record");
    add_line(writer, &settle->line);
    add(writer, "reason", "%s", dispute_code_word(settle->code));
}

static void add_answer(struct writer *writer, const char *label, const struct settle *settle)
{
    char amount[MONEY_TEXT_SIZE], currency[CURRENCY_TEXT_SIZE];
    add_reference(writer, "disputed", settle->line.record);
    add_line(writer, &settle->line);
    money_format((struct money){settle->amount}, 2, amount);
    currency_text(writer, settle->line.tariff, currency);
    add(writer, label, "%s%s", amount, currency);
}

static void add_settle(struct writer *writer, const struct transaction *t)
{
    const struct settle *settle = &t->body.settle;
    char name[PERIOD_TEXT_SIZE];
    enum settle_step step;
    must(transaction_is_settle(t->type, &step));
    period_text(writer->charter, settle->period, name);
    add(writer, "period", "%s", name);
    switch (step) {
    case SETTLE_PROPOSE:
        add(writer, "ends with", "%" PRIu64 " records", settle->records);
        add_hash(writer, "totals", &settle->totals);
        return;
    case SETTLE_SIGN:
        add_hash(writer, "totals", &settle->totals);
        add_hash(writer, "approver", &settle->approver);
        return;
    case SETTLE_DISPUTE:
        add_dispute(writer, settle);
        return;
    case SETTLE_RESPOND:
        add_answer(writer, "offered", settle);
        return;
    case SETTLE_RESOLVE:
        add_answer(writer, "upheld", settle);
        return;
    case SETTLE_FINALISE:
        return;
    case SETTLE_PAY:
        add(writer, "payment", "%" PRIu32, settle->payment);
        add_hash(writer, "approver", &settle->approver);
        return;
    case SETTLE_DEFAULT:
        add(writer, "not paid", "payment %" PRIu32 ": its payer is in default, says one of two",
            settle->payment);
        add_hash(writer, "approver", &settle->approver);
        return;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        add(writer, "payment", "%" PRIu32, settle->payment);
        return;
    }
}

static void add_transfer(struct writer *writer, const struct transaction *t)
{
    add_member(writer, "from member", &t->body.transfer.from);
    add_member(writer, "to member", &t->body.transfer.to);
    add_points(writer, "points", t->body.transfer.points.v);
}

static void add_ballot(struct writer *writer, const struct transaction *t)
{
    char partner[PARTNER_TEXT_SIZE];
    add_reference(writer, "ballot for motion", t->body.ballot.motion);
    partner_text(writer, t->body.ballot.partner, partner);
    add(writer, "ballot of", "%s", partner);
}

/* A receipt goes to anybody: of the IBAN it has the end. */
static void add_account(struct writer *writer, const struct account_words *account)
{
    size_t size = account->iban.size, ends = size < IBAN_ENDS ? size : IBAN_ENDS;
    add(writer, "account", "in %s, one approval of two", account->currency);
    add_text(writer, "holder", account->holder);
    add_text(writer, "IBAN ends with", bytes_of(account->iban.at + size - ends, ends));
    add_hash(writer, "approver", &account->approver);
}

static void add_price(struct writer *writer, const char *label, struct micro price,
                      const char *currency)
{
    char text[MONEY_TEXT_SIZE];
    money_format((struct money){(__int128)price.v * BASIS_POINTS}, 2, text);
    if (price.v > 0)
        add(writer, label, "%s %s a point", text, currency);
}

static void add_tax(struct writer *writer, const char *label, const char *code)
{
    if (code[0])
        add(writer, label, "%s", code);
}

static void add_cap(struct writer *writer, const char *label, struct points cap)
{
    if (cap.v > 0)
        add_points(writer, label, cap.v);
}

static void add_card(struct writer *writer, const struct rate_card *card)
{
    char funder[PARTNER_TEXT_SIZE], redeemer[PARTNER_TEXT_SIZE];
    struct hash digest = rate_card_digest(card);
    partner_text(writer, card->funder, funder);
    partner_text(writer, card->redeemer, redeemer);
    add(writer, "contract", "points of %s at %s", funder, redeemer);
    add_price(writer, "face", card->face, card->face_currency);
    add_price(writer, "reimbursement", card->reimbursement, card->settlement_currency);
    add_price(writer, "issue fee", card->issue_fee, card->settlement_currency);
    add_price(writer, "redemption fee", card->redemption_fee, card->settlement_currency);
    add_tax(writer, "redemption tax", card->redemption_tax);
    add_tax(writer, "fee tax", card->fee_tax);
    add_cap(writer, "points a period", card->period_cap);
    add_cap(writer, "points a year", card->year_cap);
    add_time(writer, "from", card->from_ms);
    if (card->until_ms > 0)
        add_time(writer, "until", card->until_ms);
    if (card->exit_days > 0)
        add(writer, "notice to end it", "%u days", card->exit_days);
    add_hash(writer, "digest", &digest);
}

static void add_promotion(struct writer *writer, const struct promotion *promotion)
{
    char issuer[PARTNER_TEXT_SIZE];
    partner_text(writer, promotion->issuer, issuer);
    add(writer, "promotion", "the writer pays for up to %u.%02u %% of points of %s",
        promotion->bp / 100u, promotion->bp % 100u, issuer);
    add_points(writer, "budget", promotion->budget.v);
    if (promotion->from_ms > 0)
        add_time(writer, "from", promotion->from_ms);
    if (promotion->until_ms > 0)
        add_time(writer, "until", promotion->until_ms);
}

static void add_collateral(struct writer *writer, const struct collateral *posted)
{
    char partner[PARTNER_TEXT_SIZE], amount[MONEY_TEXT_SIZE];
    bool back = posted->amount.v < 0;
    __int128 exact = (__int128)posted->amount.v * BASIS_POINTS;
    partner_text(writer, posted->partner, partner);
    money_format((struct money){back ? -exact : exact}, 2, amount);
    add(writer, "collateral", "%s %s %s %s", amount, posted->currency,
        back ? "given back to" : "posted by", partner);
}

static void add_rates(struct writer *writer, const struct day_rates *rates)
{
    char day[DATE_TEXT_SIZE], text[MONEY_TEXT_SIZE];
    date_format(date_from_days(rates->day), day);
    add(writer, "exchange rates of", "%s", day);
    for (size_t i = 0; i < rates->count; i++) {
        money_format((struct money){(__int128)rates->at[i].rate.v * BASIS_POINTS}, 2, text);
        add(writer, "rate", "1 %s is %s%s%s", rates->at[i].currency, text,
            writer->charter ? " " : "", writer->charter ? writer->charter->currency : "");
    }
}

static void add_deal(struct writer *writer, const struct transaction *t)
{
    const struct deal *deal = &t->body.deal;
    enum deal_step step;
    must(transaction_is_deal(t->type, &step));
    switch (step) {
    case DEAL_PROPOSE:
        add_card(writer, &deal->card);
        return;
    case DEAL_SIGN:
        add(writer, "contract signed", "number %" PRIu32, deal->number);
        add_hash(writer, "digest", &deal->digest);
        return;
    case DEAL_WITHDRAW:
        add(writer, "contract withdrawn", "number %" PRIu32, deal->number);
        return;
    case DEAL_END:
        add(writer, "contract ends", "number %" PRIu32, deal->number);
        add_time(writer, "not any more from", deal->until_ms);
        return;
    case DEAL_PROMOTE:
        add_promotion(writer, &deal->promotion);
        return;
    case DEAL_ACCOUNT:
        add_account(writer, &deal->account);
        return;
    case DEAL_RATES:
        add_rates(writer, &deal->rates);
        return;
    case DEAL_COLLATERAL:
        add_collateral(writer, &deal->collateral);
        return;
    }
}

static void add_body(struct writer *writer, const struct transaction *t)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        add_member(writer, "member", &t->body.enrol.member);
        return;
    case TRANSACTION_CARD_LINK:
        add_member(writer, "member", &t->body.card_link.member);
        return;
    case TRANSACTION_EARN:
        add_earn(writer, t);
        return;
    case TRANSACTION_ACTIVATE:
        add_reference(writer, "earn", t->body.activate.earn);
        return;
    case TRANSACTION_HOLD:
        add_spend(writer, &t->body.hold.member, t->body.hold.points, t->body.hold.amount);
        return;
    case TRANSACTION_COMMIT:
        add_reference(writer, "hold", t->body.commit.hold);
        if (t->body.commit.points.v > 0)
            add_points(writer, "points asked", t->body.commit.points.v);
        return;
    case TRANSACTION_RELEASE:
        add_reference(writer, "hold", t->body.release.hold);
        return;
    case TRANSACTION_REDEEM:
        add_spend(writer, &t->body.redeem.member, t->body.redeem.points, t->body.redeem.amount);
        return;
    case TRANSACTION_REVERSE_EARN:
        add_reference(writer, "earn", t->body.reverse_earn.earn);
        add(writer, "refunded", "%" PRIu64 " in the unit of the earn",
            t->body.reverse_earn.refunded);
        return;
    case TRANSACTION_REVERSE_REDEEM:
        add_reference(writer, "redemption", t->body.reverse_redeem.redemption);
        add_points(writer, "points asked", t->body.reverse_redeem.points.v);
        return;
    case TRANSACTION_EXPIRE:
        add(writer, "lots to expire", "%u", t->body.expire.lot_count);
        return;
    case TRANSACTION_ADJUST:
        add_adjust(writer, t);
        return;
    case TRANSACTION_TRANSFER:
        add_transfer(writer, t);
        return;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        add_deal(writer, t);
        return;
    case TRANSACTION_MOTION:
        add(writer, "motion", "%s, %u heights after it is carried",
            change_kind_word(t->body.motion.motion.change.kind), t->body.motion.motion.delay);
        return;
    case TRANSACTION_BALLOT:
        add_ballot(writer, t);
        return;
    case TRANSACTION_READY:
        add(writer, "ready to vote", "having executed height %" PRIu64, t->body.ready.height);
        return;
    case TRANSACTION_PERIOD_PROPOSE:
    case TRANSACTION_PERIOD_SIGN:
    case TRANSACTION_DISPUTE_OPEN:
    case TRANSACTION_DISPUTE_RESPOND:
    case TRANSACTION_DISPUTE_RESOLVE:
    case TRANSACTION_PERIOD_FINAL:
    case TRANSACTION_PAYMENT_SENT:
    case TRANSACTION_PAYMENT_CONFIRMED:
    case TRANSACTION_PAYMENT_FAILED:
    case TRANSACTION_PAYMENT_DEFAULT:
        add_settle(writer, t);
        return;
    case TRANSACTION_CLOCK:
        add(writer, "clock moved by", "%" PRIu64 " ms", t->body.clock.advance_ms);
        return;
    }
}

/* ---- what it did ---------------------------------------------------------------------------- */

struct sums {
    int64_t made, moved[POOL_COUNT][POOL_COUNT], waived;
    uint64_t lots;
};

static void add_one_effect(struct writer *writer, const struct effect *effect, struct sums *sums)
{
    int64_t *moved;
    char partner[PARTNER_TEXT_SIZE], creditor[PARTNER_TEXT_SIZE], amount[MONEY_TEXT_SIZE];
    char currency[CURRENCY_TEXT_SIZE];
    switch (effect->kind) {
    case EFFECT_LOT:
        sums->lots++;
        sums->made = add_capped(sums->made, effect->amount);
        return;
    case EFFECT_MOVE:
        moved = &sums->moved[effect->from][effect->to];
        *moved = add_capped(*moved, effect->amount);
        return;
    case EFFECT_OBLIGATION:
        partner_text(writer, effect->partner, partner);
        partner_text(writer, effect->creditor, creditor);
        money_format((struct money){effect->amount}, 2, amount);
        currency_text(writer, effect->tariff, currency);
        add(writer, "owed", "%s to %s: %s%s (%s)", partner, creditor, amount, currency,
            line_class_word(effect->line_class));
        return;
    case EFFECT_DEFICIT:
        partner_text(writer, effect->partner, partner);
        add(writer, "member's deficit", "%s: %+" PRId64 " points", partner, effect->amount);
        return;
    case EFFECT_WAIVED:
        sums->waived = add_capped(sums->waived, effect->amount);
        return;
    case EFFECT_FIRST:
        add_reference(writer, "first decided in", effect->first);
        return;
    case EFFECT_AMENDED:
        add(writer, "coalition changes", "%s, from height %" PRIu64 " on",
            change_kind_word(effect->change), effect->height);
        return;
    case EFFECT_LAPSED:
        add(writer, "change lapsed", "%s, for height %" PRIu64, change_kind_word(effect->change),
            effect->height);
        return;
    }
}

/* Sums over lots first: they are what a person looks for. */
static void add_effects(struct writer *writer, const struct record *record)
{
    struct receipt_words discarded;
    struct writer nobody = {.words = &discarded, .charter = writer->charter};
    struct effect_reader reader;
    struct effect effect;
    struct sums sums = {.made = 0}, ignored = {.made = 0};
    discarded.count = 0;
    if (!effect_reader_init(&reader, record->outcome.effects))
        return;
    while (effect_next(&reader, &effect))
        add_one_effect(&nobody, &effect, &sums);
    if (sums.lots > 0)
        add(writer, "points made", "%" PRId64 " in %" PRIu64 " lot%s", sums.made, sums.lots,
            sums.lots == 1 ? "" : "s");
    for (size_t from = 0; from < POOL_COUNT; from++)
        for (size_t to = 0; to < POOL_COUNT; to++)
            if (sums.moved[from][to] != 0)
                add(writer, "points moved", "%" PRId64 ", %s to %s", sums.moved[from][to],
                    pool_word((enum pool)from), pool_word((enum pool)to));
    if (sums.waived != 0)
        add(writer, "points waived", "%" PRId64, sums.waived);
    must(effect_reader_init(&reader, record->outcome.effects));
    while (effect_next(&reader, &effect))
        add_one_effect(writer, &effect, &ignored);
}

/* ---- records -------------------------------------------------------------------------------- */

static void add_transaction(struct writer *writer, const struct record *record)
{
    struct transaction t;
    bool readable = transaction_decode(record->transaction, &t, NULL);
    enum verdict verdict = record->outcome.verdict;
    add(writer, "type", "%s", readable ? transaction_type_word(t.type) : "unreadable");
    add(writer, "verdict", "%s%s",
        verdict == VERDICT_ACCEPTED ? "" : "refused: ", verdict_word(verdict));
    if (readable)
        add_body(writer, &t);
    add_time(writer, "time", record->time_ms);
    add_writer(writer, record);
    if (readable) {
        add_text(writer, "document", t.document);
        add_text(writer, "key", t.key);
    }
    add_effects(writer, record);
    add(writer, "place", "height %" PRIu64 ", batch %" PRIu64 " of the node, number %u in it",
        record->height, record->sequence, record->position);
}

static void add_seal(struct writer *writer, const struct record *record)
{
    char digest[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&record->state_digest), digest);
    add(writer, "type", "seal of height %" PRIu64, record->height);
    add_time(writer, "time", record->time_ms);
    add(writer, "transactions", "%" PRIu64, record->transaction_count);
    add(writer, "state digest", "%s", digest);
}

bool receipt_words_of(struct bytes bytes, const struct charter *charter,
                      struct receipt_words *words_out, struct error *error)
{
    struct record record;
    if (!record_decode(bytes, &record, error))
        return false;
    words_out->index = record.index.v;
    words_out->count = 0;
    struct writer writer = {.words = words_out, .charter = charter};
    add(&writer, "record", "%" PRIu64, record.index.v);
    if (record.kind == RECORD_KIND_SEAL)
        add_seal(&writer, &record);
    else
        add_transaction(&writer, &record);
    return true;
}
