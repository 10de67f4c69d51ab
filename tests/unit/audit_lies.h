/* audit_lies.h - random ledgers about which a quorum lies once, what audits of them find, and what
 * an earlier audit kept of them in a file.
 */
#ifndef TESTS_UNIT_AUDIT_LIES_H
#define TESTS_UNIT_AUDIT_LIES_H

#include <unistd.h>

#include "node/audit_state.h"
#include "unit/audit_memory.h"
#include "unit/ledger_random.h"

enum { KEPT_HEIGHTS = 4 };

static long what, from, to; /* of the lie under way */
static char state_path[] = "/tmp/accrue-audit-XXXXXX";

/* ---- lies of a quorum ------------------------------------------------------------------------ */

enum {
    INDEX,
    HEIGHT,
    TIME,
    LANE_NUMBER,
    SEQUENCE,
    POSITION,
    VERDICT,
    LATE,
    KIND,
    CUT,
    DIGEST,
    COUNT,
    AUTOMATIC,
    STATE_ROOT,
    COALITION,
    PREVIOUS,
    LANES,
    ROOT,
    RECORDS,
    HEAD,
    CONTENTS,
    EMPTY
};
enum { AMOUNT, LOT, FROM_POOL, TO_POOL, DEBTOR, CREDITOR, CLASS, TARIFF, FIRST, DROPPED, ADDED };

static inline bool may_lie(struct ledger *ledger)
{
    return ledger->told == 0 && ledger->height_count + 1 >= ledger->lies_from;
}

/* Some that could be changed are left: not always the first of its kind. */
static inline bool lies_now(struct ledger *ledger)
{
    if (ledger->honest_before > 0) {
        ledger->honest_before--;
        return false;
    }
    ledger->told++;
    return true;
}

static inline void lie_record(struct ledger *ledger, struct record *record, struct buffer *effects)
{
    (void)effects;
    if (!may_lie(ledger) || record->kind != RECORD_KIND_TRANSACTION)
        return;
    if (what == VERDICT && (long)record->outcome.verdict != from)
        return;
    if (!lies_now(ledger))
        return;
    record->index.v += what == INDEX;
    record->height += what == HEIGHT;
    record->time_ms += what == TIME;
    record->lane.v += what == LANE_NUMBER;
    record->sequence += what == SEQUENCE;
    record->position += what == POSITION;
    record->outcome.late ^= what == LATE;
    if (what == VERDICT)
        record->outcome.verdict = (enum verdict)to;
}

static inline void lie_seal(struct ledger *ledger, struct record *record, struct buffer *effects)
{
    (void)effects;
    if (!may_lie(ledger) || record->kind != RECORD_KIND_SEAL || !lies_now(ledger))
        return;
    record->index.v += what == INDEX;
    record->time_ms += what == TIME;
    record->cut.at[31] ^= what == CUT;
    record->state_digest.at[0] ^= what == DIGEST;
    record->transaction_count += what == COUNT;
    record->automatic.at[7] ^= what == AUTOMATIC;
    record->has_state_root = what == STATE_ROOT;
}

static inline bool has_effect(const struct record *record, long kind)
{
    struct effect_reader reader;
    struct effect effect;
    REQUIRE(effect_reader_init(&reader, record->outcome.effects));
    while (effect_next(&reader, &effect))
        if ((long)effect.kind == kind)
            return true;
    return false;
}

static inline void change_effect(struct effect *effect)
{
    effect->amount += to == AMOUNT;
    effect->lot.v += to == LOT;
    effect->partner.v = (uint16_t)(to == DEBTOR ? (effect->partner.v + 1) % 5 : effect->partner.v);
    effect->creditor.v =
        (uint16_t)(to == CREDITOR ? (effect->creditor.v + 1) % 5 : effect->creditor.v);
    effect->first.v += to == FIRST;
    effect->tariff ^= to == TARIFF;
    if (to == FROM_POOL)
        effect->from = effect->from == POOL_SPENT ? POOL_HELD : POOL_SPENT;
    if (to == TO_POOL)
        effect->to = effect->to == POOL_EXPIRED ? POOL_HELD : POOL_EXPIRED;
    if (to == CLASS)
        effect->line_class =
            effect->line_class == LINE_REDEMPTION ? LINE_CLAW_BACK : LINE_REDEMPTION;
}

/* Of the record's effects the first of kind `from`. */
static inline void lie_effect(struct ledger *ledger, struct record *record, struct buffer *effects)
{
    struct effect_reader reader;
    struct effect effect;
    bool found = false;
    if (!may_lie(ledger) || record->kind != RECORD_KIND_TRANSACTION || !has_effect(record, from) ||
        !lies_now(ledger))
        return;
    REQUIRE(effect_reader_init(&reader, record->outcome.effects));
    codec_put_array(effects, reader.left - (to == DROPPED) + (to == ADDED));
    while (effect_next(&reader, &effect)) {
        bool chosen = !found && (long)effect.kind == from;
        found = found || chosen;
        if (chosen && to == ADDED)
            effect_encode(&effect, effects);
        if (chosen)
            change_effect(&effect);
        if (!chosen || to != DROPPED)
            effect_encode(&effect, effects);
    }
    record->outcome.effects = buffer_bytes(effects);
}

static inline void lie_bytes(struct ledger *ledger, struct buffer *record)
{
    if (!may_lie(ledger) || !lies_now(ledger))
        return;
    if (what == KIND)
        record->at[1] ^= 2; /* the format's version */
    else
        buffer_append_byte(record, 0);
}

static inline void lie_cut(struct ledger *ledger, struct height *height)
{
    struct cut *cut = &height->cut;
    size_t lane = height->steps[0].header.lane;
    if (!may_lie(ledger) || !lies_now(ledger))
        return;
    cut->height += what == HEIGHT;
    height->height += what == HEIGHT;
    cut->coalition.at[0] ^= what == COALITION;
    cut->previous.at[3] ^= what == PREVIOUS;
    cut->lane_count -= what == LANES;
    cut->state_digest.at[0] ^= what == DIGEST;
    cut->record_root.at[0] ^= what == ROOT;
    cut->record_count += what == RECORDS;
    cut->lanes[lane].id.at[5] ^= what == HEAD;
    if (what == TIME)
        cut->time_ms = START_MS + (ledger->height_count - 1) * 1000; /* the last one's */
}

static inline void lie_header(struct ledger *ledger, struct header *header)
{
    if (!may_lie(ledger) || !lies_now(ledger))
        return;
    header->coalition.at[0] ^= what == COALITION;
    header->sequence += what == SEQUENCE;
    header->previous.at[1] ^= what == PREVIOUS;
    header->payload_hash.at[2] ^= what == CONTENTS;
    if (what == EMPTY)
        header->count = 0;
}

static const struct ledger_lies records = {.record = lie_record}, seals = {.record = lie_seal},
                                effects = {.record = lie_effect}, raw = {.bytes = lie_bytes},
                                cuts = {.cut = lie_cut}, headers = {.header = lie_header};

/* Served instead of the one that was signed. */
static inline void checkpoint_of_another_root(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->checkpoint.root.at[0] ^= 1;
    ledger_sign_note(ledger, ledger->log_key);
}

struct row {
    const char *name;
    const struct ledger_lies *lies;                                /* or */
    void (*change)(struct ledger *ledger, struct memory_source *); /* this */
    long what, from, to;
    const char *codes; /* exactly, in order */
};

/* ---- playing --------------------------------------------------------------------------------- */

static inline struct ledger *play(uint64_t seed, const struct row *row, uint64_t lies_from,
                                  size_t skip)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_RANDOM);
    if (row && row->lies)
        ledger->lies = *row->lies;
    ledger->lies_from = lies_from;
    ledger->honest_before = skip;
    what = row ? row->what : 0;
    from = row ? row->from : 0;
    to = row ? row->to : 0;
    dice_play(ledger, seed, DICE_HEIGHTS);
    ledger_serve(ledger);
    return ledger;
}

static inline struct audit_view audit_of(struct memory_source *memory, const struct policy *policy,
                                         const char *state, const char *name)
{
    struct audit_source source;
    struct audit_view view;
    struct audit_request request = {.policy = policy, .state_path = state};
    request.charter = buffer_bytes(&memory->ledger->charter_bytes);
    memory_open(&source, memory, name);
    audit_view_open(&view, &source);
    audit_view_run(&view, &request);
    return view;
}

static inline void keep(struct ledger *honest, const struct policy *policy, size_t heights)
{
    struct memory_source memory = {.ledger = honest, .heights = heights};
    struct error error = {0};
    struct audit_view view = audit_of(&memory, policy, NULL, "honest");
    char codes[CODES_TEXT];
    codes_of(&view, codes);
    CHECK_TEXT(codes, "");
    CHECK(audit_views_keep(&view, 1, state_path, &error));
    audit_view_release(&view);
}

static inline void check_codes(const struct row *row, struct memory_source *memory,
                               const struct policy *policy, const char *state, const char *wanted)
{
    struct audit_view view = audit_of(memory, policy, state, "mutant");
    char codes[CODES_TEXT];
    codes_of(&view, codes);
    if (strcmp(codes, wanted) != 0) {
        const struct audit_finding *findings;
        size_t count = view.audit ? audit_findings(view.audit, &findings) : 0;
        printf("%s, %s:\n", row->name, state ? "going on" : "fresh");
        for (size_t i = 0; i < count; i++)
            printf("    %s at %s: expected %s, found %s\n", audit_code_word(findings[i].code),
                   findings[i].where, findings[i].expected, findings[i].found);
    }
    CHECK_TEXT(codes, wanted);
    audit_view_release(&view);
}

static inline int lies_run(void (*cases)(void))
{
    int file = mkstemp(state_path);
    REQUIRE(file >= 0);
    close(file);
    cases();
    unlink(state_path);
    return check_report();
}

/* Of a transaction of type `what` the verdict `from` becomes `to`. */
static inline void lie_verdict(struct ledger *ledger, struct record *record, struct buffer *unused)
{
    struct transaction t;
    (void)unused;
    if (!may_lie(ledger) || record->kind != RECORD_KIND_TRANSACTION ||
        (long)record->outcome.verdict != from ||
        !transaction_decode(record->transaction, &t, NULL) || (long)t.type != what ||
        !lies_now(ledger))
        return;
    record->outcome.verdict = (enum verdict)to;
}

/* An audit of this honest ledger may stop before any of its `heights` and go on from there. */
static inline void check_goes_on(struct ledger *ledger, size_t heights)
{
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    static const struct row row = {.name = "nothing"};
    for (size_t i = 1; i < heights; i++) {
        keep(ledger, &policy, i);
        check_codes(&row, &memory, &policy, state_path, "");
    }
    policy_release(&policy);
}

#endif
