/* Settlement on the ledger: a period ends by time alone; what partners say of it are records. */
#include "crypto/merkle.h"
#include "partners/charter_settlement.h"
#include "partners/period_calendar.h"
#include "partners/state_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- time ------------------------------------------------------------------------------------ */

static void note_period(struct state *state, const struct closed_period *closed)
{
    journal_note(&state->journal, NOTE_PERIOD, closed->period.number, closed->records);
    journal_note_bytes(&state->journal, NOTE_PERIOD, hash_as_bytes(&closed->totals));
}

/* The cut names the tree after height - 2: of a period that the height before has ended, its last.
 */
static void learn_tree(struct state *state, const struct cut *cut)
{
    struct periods *periods = &state->periods;
    if (!periods->awaits_tree)
        return;
    periods->awaits_tree = false;
    periods->open_first_record = cut->record_count;
    struct vintages *vintages = &state->vintages;
    if (vintages->count > 0 && !vintages->at[vintages->count - 1].rooted) {
        struct vintage_table *table = &vintages->at[vintages->count - 1];
        table->records = cut->record_count;
        table->root = cut->record_root;
        table->rooted = true;
    }
    struct closed_period *last = periods->count > 0 ? periods->at[periods->count - 1] : NULL;
    if (!last || last->rooted)
        return; /* nothing was owed in it */
    last->records = cut->record_count;
    last->root = cut->record_root;
    last->totals = closed_period_totals(last);
    last->rooted = true;
    note_period(state, last);
}

static void leave(void *context, const struct dispute *dispute)
{
    (void)context;
    /* All that was taken back of it has entered: nothing was cancelled. */
    must(dispute->contra.v == dispute->entered.v);
}

/* Who stands for which points at a period's end: what finance rolls forward from. What ends with
 * the period has ended by then, though no height of it knew. */
static void close_vintages(struct state *state, bool wanted)
{
    struct vintage_rows whole;
    cohorts_rows(state, period_ends_ms(state->charter, state->periods.open), &whole);
    const struct vintage_table *table =
        vintages_close(&state->vintages, state->periods.open, &whole, wanted);
    if (!table)
        return;
    journal_note(&state->journal, NOTE_VINTAGES, table->period, table->rows.count);
    journal_note_bytes(&state->journal, NOTE_VINTAGES, hash_as_bytes(&table->hash));
}

/* A period ends at the last cut whose time is before its boundary: ledger.md 8.8. */
static void end_open(struct state *state)
{
    struct periods *periods = &state->periods;
    struct closed_period *closed =
        period_close_books(&state->obligations, state->charter, &state->contracts, periods->open,
                           periods->open_first_record);
    periods->awaits_tree = true;
    close_vintages(state, closed != NULL);
    if (closed) {
        periods_add(periods, closed);
        note_period(state, closed);
    }
    periods_forget(periods, leave, NULL);
}

void periods_pass(struct state *state, const struct cut *cut)
{
    struct periods *periods = &state->periods;
    learn_tree(state, cut);
    uint32_t now = period_at(state->charter, state->now_ms);
    if (periods->begun && now <= periods->open)
        return; /* also where a zone puts its clocks back over midnight */
    if (periods->begun)
        end_open(state);
    periods->begun = true;
    periods->open = now;
}

/* ---- disputes -------------------------------------------------------------------------------- */

/* The effects of a record as evidence shows it; false: it shows none. */
static bool shown_effects(const struct settle *settle, struct record_index *record_out,
                          struct effect_reader *reader_out)
{
    struct record record;
    if (!record_decode(settle->evidence, &record, NULL))
        return false;
    *record_out = record.index;
    if (record.kind == RECORD_KIND_TRANSACTION)
        return settle->automatic.size == 0 &&
               effect_reader_init(reader_out, record.outcome.effects);
    struct hash automatic = hash_bytes(settle->automatic);
    return hash_equal(&automatic, &record.automatic) &&
           effect_reader_init(reader_out, settle->automatic);
}

static bool path_holds(const struct closed_period *closed, const struct settle *settle,
                       struct record_index record)
{
    struct hash path[DISPUTE_PATH_MAX], leaf = merkle_leaf(settle->evidence);
    size_t count = settle->path.size / HASH_SIZE;
    must(count <= DISPUTE_PATH_MAX);
    memcpy(path, settle->path.at, count * HASH_SIZE);
    return record.v >= closed->first_record && record.v < closed->records &&
           merkle_verify_inclusion(&leaf, record.v, closed->records, path, count, &closed->root);
}

/* The line of the record that is shown, as the period's books have it. */
static bool shown_line(const struct state *state, const struct closed_period *closed,
                       const struct settle *settle, struct disputed_line *about_out,
                       struct line *line_out)
{
    struct effect_reader reader;
    struct effect effect;
    *about_out = settle->line;
    if (!shown_effects(settle, &about_out->record, &reader) ||
        !path_holds(closed, settle, about_out->record))
        return false;
    if (about_out->tariff >= state->contracts.tariff_count)
        return false;
    *line_out = line_of_tariff(state->contracts.tariffs, about_out->debtor, about_out->creditor,
                               about_out->line_class, about_out->tariff, (struct money){0});
    while (effect_next(&reader, &effect))
        if (effect.kind == EFFECT_OBLIGATION && partner_equal(effect.partner, about_out->debtor) &&
            partner_equal(effect.creditor, about_out->creditor) &&
            effect.line_class == about_out->line_class && effect.tariff == about_out->tariff)
            line_out->exact.v += effect.amount;
    /* Of a seal it may be the sum of many: what is disputed is carried in 63 bits. */
    return line_out->exact.v != 0 && line_out->exact.v >= INT64_MIN &&
           line_out->exact.v <= INT64_MAX;
}

static uint32_t dispute_redemption(const struct state *state, const struct disputed_line *about)
{
    bool may = about->line_class == LINE_REDEMPTION || about->line_class == LINE_REDEMPTION_FEE;
    return may ? redemption_find(state, about->record) : NOTHING;
}

static uint16_t split_bp(const struct funding_split *split, struct partner_id funder)
{
    for (size_t i = 0; i < split->count; i++)
        if (partner_equal(split->funders[i].partner, funder))
            return split->funders[i].bp;
    return 0;
}

/* What a point of a part of the redemption was charged at in the line; 0: it has no share in it. */
static int64_t charged(const struct state *state, const struct redemption *redemption,
                       const struct terms *terms, const struct disputed_line *about)
{
    if (about->line_class == LINE_REDEMPTION_FEE) {
        struct fee fee = redemption_fee_of(state, redemption->redeemer, redemption->epoch);
        return fee.tariff == about->tariff ? fee.each.v * BASIS_POINTS : 0;
    }
    struct price price =
        price_of(state, about->debtor, redemption->redeemer, terms->epoch, redemption->epoch);
    return price.tariff == about->tariff
               ? price.reimbursement.v * split_bp(&terms->split, about->debtor)
               : 0;
}

/* What was taken back so far of the line of a redemption, or of its fee; never positive. */
struct money dispute_taken_back(const struct state *state, const struct disputed_line *about)
{
    uint32_t id = dispute_redemption(state, about);
    struct money back = {0};
    if (id == NOTHING)
        return back;
    const struct redemption *redemption = &state->redemptions[id];
    for (size_t i = 0; i < redemption->allocation_count; i++) {
        const struct allocation *part = &state->allocations[redemption->first_allocation + i];
        back.v -= (__int128)part->returned *
                  charged(state, redemption, lot_terms(state, part->lot), about);
    }
    return back;
}

/* What is taken back of a redemption must be told from then on. */
void dispute_mark(struct state *state, const struct dispute *dispute)
{
    uint32_t id = dispute_redemption(state, &dispute->about);
    if (id != NOTHING)
        state->redemptions[id].disputed = true;
}

struct money dispute_takes_back(struct state *state, struct dispute *dispute, struct money amount)
{
    struct money enters = dispute_contra(dispute, amount);
    if (dispute->about.line_class == LINE_REDEMPTION)
        obligations_set_apart(&state->obligations, dispute->about.debtor, dispute->about.creditor,
                              dispute->about.tariff, amount.v - enters.v);
    return enters;
}

/* What enters the open period because of a disputed redemption, or of its fee. */
static void dispute_owes(struct state *state, const struct dispute *dispute, struct money enters)
{
    enum line_class line_class = dispute->about.line_class == LINE_REDEMPTION
                                     ? LINE_REDEMPTION_CONTRA
                                     : dispute->about.line_class;
    obligations_add(&state->obligations, dispute->about.debtor, dispute->about.creditor, line_class,
                    dispute->about.tariff, (int64_t)enters.v);
}

/* What was taken back before it was disputed counts no more, until it is known how much stands. */
static void suspend(struct state *state, struct dispute *dispute)
{
    dispute->contra = dispute->entered = dispute_taken_back(state, &dispute->about);
    dispute_mark(state, dispute);
    dispute_owes(state, dispute, dispute_takes_back(state, dispute, (struct money){0}));
}

static enum verdict open_dispute(struct state *state, const struct context *context,
                                 struct closed_period *closed, int64_t today)
{
    const struct settle *settle = &context->transaction->body.settle;
    struct disputed_line about;
    struct line line;
    /* What is left of a dispute was agreed upon, or given up. */
    if (settle->line.line_class == LINE_DISPUTE || settle->line.line_class == LINE_DISPUTE_FEE)
        return VERDICT_ALREADY_DISPUTED;
    bool shown = closed->rooted && shown_line(state, closed, settle, &about, &line);
    enum verdict verdict = period_dispute(&closed->period, context->writer, &about,
                                          shown ? &line : NULL, settle->code, today);
    if (verdict == VERDICT_ACCEPTED)
        suspend(state, period_dispute_of(&closed->period, &about));
    return verdict;
}

/* The period that has the record: they stand in the order of the log. */
struct dispute *dispute_of_line(const struct state *state, const struct disputed_line *about)
{
    const struct periods *periods = &state->periods;
    size_t low = 0, high = periods->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (periods->at[middle]->rooted && periods->at[middle]->records <= about->record.v)
            low = middle + 1;
        else
            high = middle;
    }
    return low < periods->count ? period_dispute_of(&periods->at[low]->period, about) : NULL;
}

static enum verdict resolve(struct state *state, const struct context *context,
                            struct closed_period *closed, int64_t today)
{
    const struct settle *settle = &context->transaction->body.settle;
    int64_t last_day = charter_disputes_end(state->charter, closed->period.deadlines.answer);
    struct line rest;
    enum verdict verdict = period_resolve(&closed->period, context->writer, &settle->line,
                                          (struct money){settle->amount}, today, last_day, &rest);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct dispute *dispute = period_dispute_of(&closed->period, &settle->line);
    obligations_add(&state->obligations, rest.debtor, rest.creditor,
                    (enum line_class)rest.book_class, rest.tariff, (int64_t)rest.exact.v);
    dispute_owes(state, dispute, dispute_takes_back(state, dispute, (struct money){0}));
    return VERDICT_ACCEPTED;
}

/* ---- the other steps ------------------------------------------------------------------------- */

static enum verdict propose(const struct state *state, const struct context *context,
                            struct closed_period *closed, int64_t today)
{
    struct business_days calendar = charter_business_days(state->charter);
    const struct settle *settle = &context->transaction->body.settle;
    if (!closed->rooted)
        return VERDICT_PERIOD_NOT_OVER;
    if (settle->records != closed->records || !hash_equal(&settle->root, &closed->root))
        return VERDICT_WRONG_TOTALS;
    return period_propose(&closed->period, context->writer, &settle->totals, &closed->totals,
                          &calendar, today);
}

static bool payee_is_silent(const struct state *state, const struct closed_period *closed,
                            uint32_t payment)
{
    return payment < closed->period.payment_count &&
           charter_partner_is_silent(state->charter, closed->period.payments[payment].payment.to);
}

static enum verdict pay(const struct state *state, const struct context *context,
                        struct closed_period *closed, int64_t today)
{
    const struct settle *settle = &context->transaction->body.settle;
    return period_pay(&closed->period, context->writer, settle->payment, settle->attempt,
                      &settle->approver, payee_is_silent(state, closed, settle->payment), today);
}

static enum verdict confirm(const struct state *state, const struct context *context,
                            struct closed_period *closed, int64_t today)
{
    struct business_days calendar = charter_business_days(state->charter);
    return period_confirm(&closed->period, context->writer,
                          context->transaction->body.settle.payment, &calendar, today);
}

static enum verdict apply_step(struct state *state, const struct context *context,
                               struct closed_period *closed, enum settle_step step)
{
    const struct settle *settle = &context->transaction->body.settle;
    int64_t today = charter_day(state->charter, state->now_ms);
    switch (step) {
    case SETTLE_PROPOSE:
        return propose(state, context, closed, today);
    case SETTLE_SIGN:
        return period_sign(&closed->period, context->writer, &settle->totals, &settle->approver,
                           today);
    case SETTLE_DISPUTE:
        return open_dispute(state, context, closed, today);
    case SETTLE_RESPOND:
        return period_respond(&closed->period, context->writer, &settle->line,
                              (struct money){settle->amount});
    case SETTLE_RESOLVE:
        return resolve(state, context, closed, today);
    case SETTLE_FINALISE:
        return period_books_close(state->charter, closed, today);
    case SETTLE_PAY:
        return pay(state, context, closed, today);
    case SETTLE_CONFIRM:
        return confirm(state, context, closed, today);
    case SETTLE_FAIL:
        return period_fail(&closed->period, context->writer, settle->payment);
    case SETTLE_DEFAULT:
        return default_step(state, context, closed, today);
    }
    return VERDICT_MALFORMED;
}

enum verdict apply_settle(struct state *state, const struct context *context)
{
    const struct settle *settle = &context->transaction->body.settle;
    struct closed_period *closed = periods_find(&state->periods, settle->period);
    enum settle_step step;
    must(transaction_is_settle(context->transaction->type, &step));
    if (!closed)
        return VERDICT_UNKNOWN_PERIOD;
    enum verdict verdict = apply_step(state, context, closed, step);
    if (verdict == VERDICT_ACCEPTED) {
        journal_note(&state->journal, NOTE_SETTLED, closed->period.number,
                     (uint64_t)closed->period.state << 8 | step);
        journal_note_bytes(&state->journal, NOTE_SETTLED, context->transaction->client_rest);
    }
    return verdict;
}
