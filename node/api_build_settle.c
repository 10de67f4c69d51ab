/* Steps of settlement periods from requests: what the node knows itself (totals, a record and its
 * proof) it fills in. */
#include "node/api_build_parts.h"
#include "protocol/codec.h"

#include <stdio.h>
#include <string.h>

struct hash build_approver(const char *token_name)
{
    static const char purpose[] = "accrue approver"; /* with its NUL */
    struct bytes parts[] = {bytes_of(purpose, sizeof(purpose)), bytes_text(token_name)};
    return hash_parts(parts, ARRAY_SIZE(parts));
}

static void stop_code(struct build *build, enum problem_code code, const char *detail)
{
    if (build->stopped)
        return;
    build->stopped = true;
    problem_init(build->problem, code);
    (void)snprintf(build->problem->detail, sizeof(build->problem->detail), "%s", detail);
}

/* What was decided under this key before, when it was the same step of the same period; else the
 * key is refused, whatever the body says now. */
static const struct settle *first_settle(struct build *build)
{
    const struct transaction *first = build->input->first;
    if (!first)
        return NULL;
    if (first->type == build->t->type && first->body.settle.period == build->input->settle.period)
        return &first->body.settle;
    build_stop(build, VERDICT_KEY_REUSED, "It was used for something else.");
    return NULL;
}

/* ---- the period ----------------------------------------------------------------------------- */

/* The period when it has ended and its tree is known; NULL: the problem says why not. */
static const struct closed_period *ended_period(struct build *build)
{
    const struct periods *periods = state_periods(build->input->state);
    uint32_t number = build->input->settle.period;
    const struct closed_period *closed = periods_find(periods, number);
    if (closed && closed->rooted)
        return closed;
    if (closed || number >= periods->open)
        build_stop(build, VERDICT_PERIOD_NOT_OVER,
                   closed ? "It has ended, and the ledger's next heights tell with which records: "
                            "ask again in a moment."
                          : "It ends with its last day.");
    else
        build_stop(build, VERDICT_UNKNOWN_PERIOD,
                   "Nothing was owed in it, or it is settled for so long that it is not kept.");
    if (closed)
        build->problem->retry_after_s = 1;
    return NULL;
}

static void build_propose(struct build *build)
{
    struct settle *settle = &build->t->body.settle;
    const struct settle *first = first_settle(build);
    if (first) {
        settle->records = first->records;
        settle->root = first->root;
        settle->totals = first->totals;
        return;
    }
    const struct closed_period *closed = build->stopped ? NULL : ended_period(build);
    if (!closed)
        return;
    settle->records = closed->records;
    settle->root = closed->root;
    settle->totals = closed->totals;
}

/* ---- disputes ------------------------------------------------------------------------------- */

static bool class_from_word(const char *word, enum line_class *class_out)
{
    for (int i = 0; i < LINE_CLASS_COUNT; i++)
        if (strcmp(word, line_class_word((enum line_class)i)) == 0) {
            *class_out = (enum line_class)i;
            return true;
        }
    return false;
}

/* A word of a list; NULL: none was given. Texts of a form end with a NUL. */
static const char *take_word(struct form *form, const char *name)
{
    struct bytes text;
    if (form_text(form, name, 1, TEXT_SIZE_MAX, &text))
        return (const char *)text.at;
    if (!form_has(form, name))
        form_missing(form, name);
    return NULL;
}

static void take_line(struct build *build, struct disputed_line *line)
{
    struct form *form = &build->form;
    build_take_index(form, "record", &line->record);
    build_take_partner(build, "debtor", &line->debtor);
    build_take_partner(build, "creditor", &line->creditor);
    const char *word = take_word(form, "class");
    int64_t tariff = 0;
    if (word && !class_from_word(word, &line->line_class))
        form_wrong(form, "class", "is no class of lines: redemption, issue-fee, claw-back ...");
    if (form_int(form, "tariff", 0, TARIFFS_MAX - 1, &tariff))
        line->tariff = (uint8_t)tariff;
}

/* Of a line that the body names without its tariff: among those found. */
struct tariffs {
    size_t count; /* different ones */
    uint8_t tariff;
};

static void note_tariff(struct tariffs *tariffs, uint8_t tariff)
{
    if (tariffs->count == 0 || tariffs->tariff != tariff)
        tariffs->count++;
    tariffs->tariff = tariff;
}

/* Where there is one such line, it is meant; else that of the charter's terms. */
static void choose_tariff(struct build *build, const struct tariffs *tariffs)
{
    if (tariffs->count == 1 && !form_has(&build->form, "tariff"))
        build->t->body.settle.line.tariff = tariffs->tariff;
}

static bool same_parties(const struct disputed_line *line, struct partner_id debtor,
                         struct partner_id creditor, enum line_class line_class)
{
    return line->debtor.v == debtor.v && line->creditor.v == creditor.v &&
           line->line_class == line_class;
}

/* Of the record that the dispute brings. */
static void tariff_of_evidence(struct build *build)
{
    const struct settle *settle = &build->t->body.settle;
    struct tariffs tariffs = {.count = 0};
    struct record record;
    struct effect_reader reader;
    struct effect effect;
    if (!record_decode(settle->evidence, &record, NULL) ||
        !effect_reader_init(&reader, record.kind == RECORD_KIND_SEAL ? settle->automatic
                                                                     : record.outcome.effects))
        return;
    while (effect_next(&reader, &effect))
        if (effect.kind == EFFECT_OBLIGATION &&
            same_parties(&settle->line, effect.partner, effect.creditor, effect.line_class))
            note_tariff(&tariffs, effect.tariff);
    choose_tariff(build, &tariffs);
}

/* Of the disputes of the period; of a repeat, what was meant first. */
static void tariff_of_disputes(struct build *build)
{
    const struct settle *settle = &build->t->body.settle;
    const struct transaction *first = build->input->first;
    struct tariffs tariffs = {.count = 0};
    const struct closed_period *closed =
        periods_find(state_periods(build->input->state), settle->period);
    if (first && first->type == build->t->type) {
        note_tariff(&tariffs, first->body.settle.line.tariff);
    } else if (closed) {
        for (size_t i = 0; i < closed->period.dispute_count; i++) {
            const struct disputed_line *about = &closed->period.disputes[i].about;
            if (about->record.v == settle->line.record.v &&
                same_parties(&settle->line, about->debtor, about->creditor, about->line_class))
                note_tariff(&tariffs, about->tariff);
        }
    }
    choose_tariff(build, &tariffs);
}

/* Bytes that could not be had of the log. */
static void stop_error(struct build *build, const struct error *error)
{
    if (error->code == ERROR_NOT_YET) {
        stop_code(build, PROBLEM_NOT_HERE_YET, error->text);
    } else if (error->code == ERROR_GONE) {
        stop_code(build, PROBLEM_PRUNED, error->text);
    } else if (error->code == ERROR_NOT_FOUND) {
        stop_code(build, PROBLEM_NOT_FINAL, "The record is not durable here yet.");
        build->problem->retry_after_s = 1;
    } else {
        stop_code(build, PROBLEM_INTERNAL, "The node could not read the record and its proof.");
    }
}

/* An array without elements: what most seals have the hash of. */
static bool has_automatic(const struct record *seal)
{
    struct buffer none;
    buffer_init(&none, 8);
    codec_put_array(&none, 0);
    struct hash hash = hash_bytes(buffer_bytes(&none));
    buffer_release(&none);
    return !hash_equal(&hash, &seal->automatic);
}

static bool take_automatic(struct build *build, uint64_t index, const struct record *seal)
{
    const struct build_input *input = build->input;
    struct error error;
    if (!has_automatic(seal))
        build_stop(build, VERDICT_NOT_IN_PERIOD, "Time alone moved nothing at that height.");
    else if (input->automatic(input->context, index, &build->built->evidence, &error))
        return true;
    else if (error.code == ERROR_NOT_FOUND)
        stop_code(build, PROBLEM_TOO_LARGE,
                  "This node does not keep what time alone moved at that height: it is more than a "
                  "dispute can bring, or was stored by an earlier version.");
    else
        stop_error(build, &error);
    return false;
}

/* The record, of a seal its automatic effects, and the path, one after the other in the buffer. */
static void take_evidence(struct build *build, const struct closed_period *closed, uint64_t index)
{
    const struct build_input *input = build->input;
    struct buffer *out = &build->built->evidence;
    struct record record;
    struct hash path[64];
    size_t path_count = 0;
    struct error error;
    if (!input->record(input->context, index, out, &error)) {
        stop_error(build, &error);
        return;
    }
    size_t record_size = out->size;
    if (out->overflowed || record_size > DISPUTE_EVIDENCE_MAX) {
        stop_code(build, PROBLEM_TOO_LARGE, "The record is larger than a dispute can bring.");
        return;
    }
    if (!record_decode(buffer_bytes(out), &record, &error)) {
        stop_error(build, &error);
        return;
    }
    if (record.kind == RECORD_KIND_SEAL && !take_automatic(build, index, &record))
        return;
    size_t automatic_size = out->size - record_size;
    if (!input->prove(input->context, index, closed->records, path, &path_count, &error)) {
        stop_error(build, &error);
        return;
    }
    must(path_count <= DISPUTE_PATH_MAX);
    for (size_t i = 0; i < path_count; i++)
        buffer_append(out, hash_as_bytes(&path[i]));
    must(!out->overflowed);
    struct settle *settle = &build->t->body.settle;
    settle->evidence = bytes_of(out->at, record_size);
    settle->automatic = bytes_of(out->at + record_size, automatic_size);
    settle->path = bytes_of(out->at + record_size + automatic_size, path_count * HASH_SIZE);
}

/* What the first dispute of this key brought, if it was of the same record. */
static void take_first_evidence(struct build *build, const struct settle *first, uint64_t index)
{
    struct buffer *out = &build->built->evidence;
    struct settle *settle = &build->t->body.settle;
    struct record record;
    if (!record_decode(first->evidence, &record, NULL) || record.index.v != index) {
        build_stop(build, VERDICT_KEY_REUSED, "It was used for the dispute of another record.");
        return;
    }
    buffer_append(out, first->evidence);
    buffer_append(out, first->automatic);
    buffer_append(out, first->path);
    must(!out->overflowed);
    settle->evidence = bytes_of(out->at, first->evidence.size);
    settle->automatic = bytes_of(out->at + first->evidence.size, first->automatic.size);
    settle->path = bytes_of(out->at + out->size - first->path.size, first->path.size);
}

static void build_dispute(struct build *build)
{
    struct form *form = &build->form;
    struct settle *settle = &build->t->body.settle;
    size_t mistakes = form->mistakes->count;
    take_line(build, &settle->line);
    const char *word = take_word(form, "code");
    if (word && !dispute_code_from_word(word, &settle->code))
        form_wrong(form, "code", "is no reason to dispute: DUPLICATE, WRONG_RATE, LATE ...");
    if (form->mistakes->count > mistakes)
        return;
    uint64_t index = settle->line.record.v;
    const struct settle *first = first_settle(build);
    if (first) {
        take_first_evidence(build, first, index);
        tariff_of_evidence(build);
        return;
    }
    const struct closed_period *closed = build->stopped ? NULL : ended_period(build);
    if (closed && (index < closed->first_record || index >= closed->records))
        build_stop(build, VERDICT_NOT_IN_PERIOD, "The record is of another period.");
    else if (closed)
        take_evidence(build, closed, index);
    tariff_of_evidence(build);
}

static void build_answer(struct build *build)
{
    struct form *form = &build->form;
    struct settle *settle = &build->t->body.settle;
    take_line(build, &settle->line);
    if (!form_money(form, "amount", &settle->amount) && !form_has(form, "amount"))
        form_missing(form, "amount");
    tariff_of_disputes(build);
}

/* The sending that is to be approved: the next one, unless one is on its way. */
static uint32_t attempt_of(struct build *build)
{
    const struct build_settle *given = &build->input->settle;
    const struct settle *first = first_settle(build);
    const struct closed_period *closed =
        periods_find(state_periods(build->input->state), given->period);
    if (first)
        return first->attempt;
    if (!closed || given->payment >= closed->period.payment_count)
        return 1; /* to be refused for that */
    const struct period_payment *payment = &closed->period.payments[given->payment];
    return payment->attempt + (payment->state != PAYMENT_SENT);
}

/* ---- every step ----------------------------------------------------------------------------- */

void build_settlement(struct build *build)
{
    struct settle *settle = &build->t->body.settle;
    const struct build_settle *given = &build->input->settle;
    enum settle_step step;
    must(transaction_is_settle(build->t->type, &step));
    settle->period = given->period;
    switch (step) {
    case SETTLE_PROPOSE:
        build_propose(build);
        return;
    case SETTLE_SIGN:
        settle->approver = build_approver(given->approver);
        if (!form_hash(&build->form, "totals", &settle->totals) &&
            !form_has(&build->form, "totals"))
            form_missing(&build->form, "totals");
        return;
    case SETTLE_DISPUTE:
        build_dispute(build);
        return;
    case SETTLE_RESPOND:
    case SETTLE_RESOLVE:
        build_answer(build);
        return;
    case SETTLE_FINALISE:
        return;
    case SETTLE_PAY:
        settle->approver = build_approver(given->approver);
        settle->payment = given->payment;
        settle->attempt = attempt_of(build);
        return;
    case SETTLE_DEFAULT:
        settle->approver = build_approver(given->approver);
        settle->payment = given->payment;
        return;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        settle->payment = given->payment;
        return;
    }
}
