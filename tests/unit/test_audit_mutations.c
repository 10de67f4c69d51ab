// links: node
/* From an honest ledger, played at random, exactly one field is changed: by whoever serves it, or
 * by a quorum that signs what it likes and builds upon it. The audit must find exactly that, from
 * the beginning and when it goes on from an earlier audit. */
#include "unit/audit_memory.h"
#include "unit/ledger_random.h"

#include "node/audit_state.h"
#include "node/model_rules.h"

#include <unistd.h>

enum { KEPT_HEIGHTS = 4, SEEDS = 120, PLAYS = 3 };

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
enum { AMOUNT, LOT, FROM_POOL, TO_POOL, DEBTOR, CREDITOR, CLASS, FIRST, DROPPED, ADDED };

static bool may_lie(struct ledger *ledger)
{
    return ledger->told == 0 && ledger->height_count + 1 >= ledger->lies_from;
}

/* Some that could be changed are left: not always the first of its kind. */
static bool lies_now(struct ledger *ledger)
{
    if (ledger->honest_before > 0) {
        ledger->honest_before--;
        return false;
    }
    ledger->told++;
    return true;
}

static void lie_record(struct ledger *ledger, struct record *record, struct buffer *effects)
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

static void lie_seal(struct ledger *ledger, struct record *record, struct buffer *effects)
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

static bool has_effect(const struct record *record, long kind)
{
    struct effect_reader reader;
    struct effect effect;
    REQUIRE(effect_reader_init(&reader, record->outcome.effects));
    while (effect_next(&reader, &effect))
        if ((long)effect.kind == kind)
            return true;
    return false;
}

static void change_effect(struct effect *effect)
{
    effect->amount += to == AMOUNT;
    effect->lot.v += to == LOT;
    effect->partner.v = (uint16_t)(to == DEBTOR ? (effect->partner.v + 1) % 5 : effect->partner.v);
    effect->creditor.v =
        (uint16_t)(to == CREDITOR ? (effect->creditor.v + 1) % 5 : effect->creditor.v);
    effect->first.v += to == FIRST;
    if (to == FROM_POOL)
        effect->from = effect->from == POOL_SPENT ? POOL_HELD : POOL_SPENT;
    if (to == TO_POOL)
        effect->to = effect->to == POOL_EXPIRED ? POOL_HELD : POOL_EXPIRED;
    if (to == CLASS)
        effect->line_class =
            effect->line_class == LINE_REDEMPTION ? LINE_CLAW_BACK : LINE_REDEMPTION;
}

/* Of the record's effects the first of kind `from`. */
static void lie_effect(struct ledger *ledger, struct record *record, struct buffer *effects)
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

static void lie_bytes(struct ledger *ledger, struct buffer *record)
{
    if (!may_lie(ledger) || !lies_now(ledger))
        return;
    if (what == KIND)
        record->at[1] ^= 2; /* the format's version */
    else
        buffer_append_byte(record, 0);
}

static void lie_cut(struct ledger *ledger, struct height *height)
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

static void lie_header(struct ledger *ledger, struct header *header)
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

/* ---- changes by whoever serves it ------------------------------------------------------------ */

static struct height *late_height(struct ledger *ledger)
{
    for (size_t h = KEPT_HEIGHTS + 2; h < ledger->height_count; h++) {
        const struct height *height = &ledger->heights[h];
        for (size_t i = 1; i < height->step_count; i++)
            if (height->steps[i].header.lane != height->steps[0].header.lane)
                return &ledger->heights[h];
    }
    return NULL;
}

static void vote_changed(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->certificate.votes[1].signature.at[40] ^= 1;
}
static void vote_missing(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->certificate.count--;
}
static void vote_of_an_observer(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    height_sign(ledger, late_height(ledger), 0x13);
}
static void round_changed(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->certificate.round++;
}
static void certificate_of_another_cut(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->certificate.cut.at[0] ^= 1;
}
static void proof_of_another_height(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->height++;
}
static void proof_begins_later(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->first++;
}
static void batch_begins_later(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    late_height(ledger)->steps[0].first++;
}
static void batch_signed_by_another(struct ledger *ledger, struct memory_source *memory)
{
    struct step *step = &late_height(ledger)->steps[0];
    struct hash id = header_id(&step->header);
    (void)memory;
    step->signature = sign(ledger->keys[(step->header.lane + 1) % LEDGER_NODES], PURPOSE_BATCH,
                           &ledger->charter->coalition, hash_as_bytes(&id));
}
static void batches_swapped(struct ledger *ledger, struct memory_source *memory)
{
    struct height *height = late_height(ledger);
    size_t other = 1;
    (void)memory;
    while (height->steps[other].header.lane == height->steps[0].header.lane)
        other++;
    struct step kept = height->steps[0];
    height->steps[0] = height->steps[other];
    height->steps[other] = kept;
}
static void last_batch_left_out(struct ledger *ledger, struct memory_source *memory)
{
    struct height *height = late_height(ledger);
    (void)memory;
    buffer_release(&height->steps[--height->step_count].payload);
}
static void last_batch_repeated(struct ledger *ledger, struct memory_source *memory)
{
    struct height *height = late_height(ledger);
    (void)memory;
    height->steps[height->step_count] = height->steps[height->step_count - 1];
    height->steps[height->step_count++].payload = (struct buffer){0};
}
static void height_left_out(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->heights[ledger->height_count - 1].dropped = true;
}
static void tile_changed(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    for (size_t i = 0; i < ledger->tile_count; i++)
        if (ledger->tiles[i].level == 0 && ledger->tiles[i].count < TILE_WIDTH)
            ledger->tiles[i].hashes[ledger->tiles[i].count - 1].at[17] ^= 0x80;
}
static void tile_hidden(struct ledger *ledger, struct memory_source *memory)
{
    (void)ledger;
    memory->hides_tile = true;
}
static void entries_cut_off(struct ledger *ledger, struct memory_source *memory)
{
    (void)ledger;
    memory->short_by = 3;
}
static void entries_go_on(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory; /* a record more than the checkpoint covers, in the same bundle */
    buffer_init(&ledger->records[ledger->record_count], 8);
    buffer_append_text(&ledger->records[ledger->record_count++], "more");
    ledger->more = 1;
}
/* One byte of a transaction in its record: the batch is not what was signed. */
static void document_changed(struct ledger *ledger, struct memory_source *memory)
{
    struct record record;
    struct transaction t;
    (void)memory;
    for (size_t i = (size_t)late_height(ledger)->first; i < ledger->record_count; i++) {
        struct buffer copy, bytes;
        buffer_init(&copy, RECORD_SIZE_MAX);
        buffer_append(&copy, buffer_bytes(&ledger->records[i]));
        buffer_init(&bytes, TRANSACTION_SIZE_MAX);
        REQUIRE(record_decode(buffer_bytes(&copy), &record, NULL));
        bool fits = record.kind == RECORD_KIND_TRANSACTION &&
                    record.outcome.verdict == VERDICT_ACCEPTED &&
                    transaction_decode(record.transaction, &t, NULL) && t.document.size == 0;
        if (fits) {
            t.document = bytes_text("bon 99");
            transaction_encode(&t, &bytes);
            record.transaction = buffer_bytes(&bytes);
            buffer_clear(&ledger->records[i]);
            record_encode(&record, &ledger->records[i]);
        }
        buffer_release(&bytes);
        buffer_release(&copy);
        if (fits)
            return;
    }
}
static void checkpoint_of_another_root(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->checkpoint.root.at[0] ^= 1;
    ledger_sign_note(ledger, ledger->log_key);
}
static void checkpoint_within_a_height(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->checkpoint.size--;
    ledger_sign_note(ledger, ledger->log_key);
}
static void checkpoint_beyond_the_end(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->checkpoint.size++;
    ledger_sign_note(ledger, ledger->log_key);
}
static void checkpoint_by_a_stranger(struct ledger *ledger, struct memory_source *memory)
{
    struct signing_key *stranger = coalition_key(3, 7);
    (void)memory;
    ledger_sign_note(ledger, stranger);
    signing_key_close(stranger);
}
static void checkpoint_signature_changed(struct ledger *ledger, struct memory_source *memory)
{
    (void)memory;
    ledger->note.at[ledger->note.size - 12] ^= 1;
}
/* One that the policy knows too. */
static void checkpoint_of_another_log(struct ledger *ledger, struct memory_source *memory)
{
    struct buffer text;
    struct note_key key;
    struct signing_key *other = coalition_key(3, 9);
    struct public_key public_key = signing_key_public(other);
    (void)memory;
    snprintf(ledger->checkpoint.origin, sizeof(ledger->checkpoint.origin), "ledger.example/other");
    REQUIRE(note_key_make("ledger.example/other", NOTE_TYPE_ED25519, &public_key, &key, NULL));
    buffer_init(&text, NOTE_SIZE_MAX);
    checkpoint_format(&ledger->checkpoint, &text);
    buffer_clear(&ledger->note);
    REQUIRE(note_begin(&ledger->note, buffer_bytes(&text), NULL));
    note_sign(&ledger->note, &key, other);
    signing_key_close(other);
    buffer_release(&text);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    const struct ledger_lies *lies;                                /* or */
    void (*change)(struct ledger *ledger, struct memory_source *); /* this */
    long what, from, to;
    const char *codes; /* exactly, in order */
} rows[] = {
    {"a record's index", &records, NULL, INDEX, 0, 0, "record-index"},
    {"a record's height", &records, NULL, HEIGHT, 0, 0, "record-height"},
    {"a record's time", &records, NULL, TIME, 0, 0, "record-time"},
    {"a record's lane", &records, NULL, LANE_NUMBER, 0, 0, "record-lane"},
    {"a record's sequence", &records, NULL, SEQUENCE, 0, 0, "record-sequence"},
    {"a record's position", &records, NULL, POSITION, 0, 0, "record-position"},
    {"late or in time", &records, NULL, LATE, 0, 0, "record-late"},
    {"an accepted transaction refused", &records, NULL, VERDICT, VERDICT_ACCEPTED,
     VERDICT_BAD_TERMS, "record-verdict"},
    {"points that were not there spent", &records, NULL, VERDICT, VERDICT_INSUFFICIENT,
     VERDICT_ACCEPTED, "record-verdict"},
    {"an unknown member accepted", &records, NULL, VERDICT, VERDICT_UNKNOWN_MEMBER,
     VERDICT_ACCEPTED, "record-verdict"},
    {"what is another's to write accepted", &records, NULL, VERDICT, VERDICT_NOT_AUTHORISED,
     VERDICT_ACCEPTED, "record-verdict"},
    {"one reason for another", &records, NULL, VERDICT, VERDICT_INSUFFICIENT, VERDICT_MEMBER_LOCKED,
     "record-verdict"},
    {"a repeat accepted anew", &records, NULL, VERDICT, VERDICT_REPEAT, VERDICT_ACCEPTED,
     "record-key"},
    {"a key used again accepted", &records, NULL, VERDICT, VERDICT_KEY_REUSED, VERDICT_ACCEPTED,
     "record-key"},
    {"an accepted transaction called a repeat", &records, NULL, VERDICT, VERDICT_ACCEPTED,
     VERDICT_REPEAT, "record-key"},
    {"a document booked twice", &records, NULL, VERDICT, VERDICT_DUPLICATE_DOCUMENT,
     VERDICT_ACCEPTED, "record-document"},
    {"a lot's quantity", &effects, NULL, 0, EFFECT_LOT, AMOUNT, "record-lots"},
    {"a lot's number", &effects, NULL, 0, EFFECT_LOT, LOT, "record-lots"},
    {"a lot left out", &effects, NULL, 0, EFFECT_LOT, DROPPED, "record-lots"},
    {"a lot twice", &effects, NULL, 0, EFFECT_LOT, ADDED, "record-lots"},
    {"how many points move", &effects, NULL, 0, EFFECT_MOVE, AMOUNT, "record-lots"},
    {"of which lot points move", &effects, NULL, 0, EFFECT_MOVE, LOT, "record-lots"},
    {"from where points move", &effects, NULL, 0, EFFECT_MOVE, FROM_POOL, "record-lots"},
    {"where points move", &effects, NULL, 0, EFFECT_MOVE, TO_POOL, "record-lots"},
    {"what is owed", &effects, NULL, 0, EFFECT_OBLIGATION, AMOUNT, "record-obligations"},
    {"who owes", &effects, NULL, 0, EFFECT_OBLIGATION, DEBTOR, "record-obligations"},
    {"to whom it is owed", &effects, NULL, 0, EFFECT_OBLIGATION, CREDITOR, "record-obligations"},
    {"what it is owed for", &effects, NULL, 0, EFFECT_OBLIGATION, CLASS, "record-obligations"},
    {"a debt left out", &effects, NULL, 0, EFFECT_OBLIGATION, DROPPED, "record-obligations"},
    {"a debt twice", &effects, NULL, 0, EFFECT_OBLIGATION, ADDED, "record-obligations"},
    {"a deficit's size", &effects, NULL, 0, EFFECT_DEFICIT, AMOUNT, "record-deficits"},
    {"whom a deficit is owed to", &effects, NULL, 0, EFFECT_DEFICIT, DEBTOR, "record-deficits"},
    {"what is waived", &effects, NULL, 0, EFFECT_WAIVED, AMOUNT, "record-deficits"},
    {"the first of a repeat", &effects, NULL, 0, EFFECT_FIRST, FIRST, "record-first"},
    {"a byte after a record", &raw, NULL, 0, 0, 0, "record-form"},

    {"a seal's index", &seals, NULL, INDEX, 0, 0, "record-index"},
    {"a seal's time", &seals, NULL, TIME, 0, 0, "record-time"},
    {"a seal's cut", &seals, NULL, CUT, 0, 0, "seal-cut"},
    {"a seal's digest", &seals, NULL, DIGEST, 0, 0, "seal-digest"},
    {"a seal's count", &seals, NULL, COUNT, 0, 0, "seal-count"},
    {"what time brought", &seals, NULL, AUTOMATIC, 0, 0, "seal-time"},
    {"a seal with a state root", &seals, NULL, STATE_ROOT, 0, 0, "seal-state-root"},

    {"a cut's height", &cuts, NULL, HEIGHT, 0, 0, "cut-height"},
    {"a cut's coalition", &cuts, NULL, COALITION, 0, 0, "cut-coalition"},
    {"a cut's predecessor", &cuts, NULL, PREVIOUS, 0, 0, "cut-previous"},
    {"a cut without a lane", &cuts, NULL, LANES, 0, 0, "cut-lanes"},
    {"a cut at the last one's time", &cuts, NULL, TIME, 0, 0, "cut-time"},
    {"a cut's digest", &cuts, NULL, DIGEST, 0, 0, "cut-digest"},
    {"a cut's root", &cuts, NULL, ROOT, 0, 0, "cut-root"},
    {"a cut's record count", &cuts, NULL, RECORDS, 0, 0, "cut-records"},
    {"the head of a lane", &cuts, NULL, HEAD, 0, 0, "lane-head"},

    {"a batch of another coalition", &headers, NULL, COALITION, 0, 0, "batch-coalition"},
    {"a batch's sequence", &headers, NULL, SEQUENCE, 0, 0, "lane-sequence"},
    {"a batch's predecessor", &headers, NULL, PREVIOUS, 0, 0, "lane-previous"},
    {"a batch's payload hash", &headers, NULL, CONTENTS, 0, 0, "batch-contents"},
    {"a batch that says it is empty", &headers, NULL, EMPTY, 0, 0, "batch-empty"},

    {"a vote's signature", NULL, vote_changed, 0, 0, 0, "certificate"},
    {"a vote too few", NULL, vote_missing, 0, 0, 0, "certificate"},
    {"a vote of a node that has none", NULL, vote_of_an_observer, 0, 0, 0, "certificate"},
    {"a certificate's round", NULL, round_changed, 0, 0, 0, "certificate"},
    {"a certificate's cut", NULL, certificate_of_another_cut, 0, 0, 0, "certificate"},
    {"a proof's height", NULL, proof_of_another_height, 0, 0, 0, "proof-form"},
    {"the last proof left out", NULL, height_left_out, 0, 0, 0, "proof-missing"},
    {"a proof's first record", NULL, proof_begins_later, 0, 0, 0, "order-first"},
    {"a batch's first record", NULL, batch_begins_later, 0, 0, 0, "order-first"},
    {"a batch signed by another", NULL, batch_signed_by_another, 0, 0, 0, "batch-signature"},
    {"two batches swapped", NULL, batches_swapped, 0, 0, 0, "order-lane"},
    {"the last batch left out", NULL, last_batch_left_out, 0, 0, 0, "order-batches"},
    {"the last batch repeated", NULL, last_batch_repeated, 0, 0, 0, "order-batches"},
    {"a transaction's document", NULL, document_changed, 0, 0, 0, "batch-contents"},
    {"a hash of a tile", NULL, tile_changed, 0, 0, 0, "tile-hash"},
    {"a tile left out", NULL, tile_hidden, 0, 0, 0, "tile-missing"},
    {"the last entries cut off", NULL, entries_cut_off, 0, 0, 0, "entries-form"},
    {"an entry too many", NULL, entries_go_on, 0, 0, 0, "entries-form"},
    {"the checkpoint's root", NULL, checkpoint_of_another_root, 0, 0, 0, "checkpoint-root"},
    {"a checkpoint within a height", NULL, checkpoint_within_a_height, 0, 0, 0, "checkpoint-size"},
    {"a checkpoint beyond the end", NULL, checkpoint_beyond_the_end, 0, 0, 0, "proof-missing"},
    {"a checkpoint by a stranger", NULL, checkpoint_by_a_stranger, 0, 0, 0, "checkpoint-signature"},
    {"the checkpoint's signature", NULL, checkpoint_signature_changed, 0, 0, 0,
     "checkpoint-signature"},
    {"a checkpoint of another log", NULL, checkpoint_of_another_log, 0, 0, 0, "checkpoint-origin"},
};

/* ---- playing --------------------------------------------------------------------------------- */

static struct ledger *play(uint64_t seed, const struct row *row, uint64_t lies_from, size_t skip)
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

static struct audit_view audit_of(struct memory_source *memory, const struct policy *policy,
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

static void keep(struct ledger *honest, const struct policy *policy, size_t heights)
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

static void check_codes(const struct row *row, struct memory_source *memory,
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

/* One mutant of one seed; false: the ledger had nothing to be changed so. */
static bool one_mutant(const struct row *row, uint64_t seed)
{
    struct ledger *honest = play(seed, NULL, 0, 0);
    struct policy policy = memory_policy(honest, "none");
    struct ledger *mutant = play(seed, row, KEPT_HEIGHTS + 1, seed % 3);
    struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
    bool told = row->change ? late_height(mutant) != NULL : mutant->told == 1;
    if (told) {
        if (row->change)
            row->change(mutant, &memory);
        keep(honest, &policy, KEPT_HEIGHTS);
        check_codes(row, &memory, &policy, NULL, row->codes);
        check_codes(row, &memory, &policy, state_path, row->codes);
    }
    policy_release(&policy);
    ledger_close(mutant);
    ledger_close(honest);
    return told;
}

CASE(an_honest_ledger_is_clean_fresh_and_going_on)
{
    uint64_t verdicts[64] = {0};
    for (uint64_t seed = 1; seed <= PLAYS; seed++) {
        struct ledger *ledger = play(seed, NULL, 0, 0);
        struct policy policy = memory_policy(ledger, "none");
        struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
        static const struct row row = {.name = "nothing"};
        check_codes(&row, &memory, &policy, NULL, "");
        for (size_t heights = 1; heights <= DICE_HEIGHTS; heights += 3) {
            keep(ledger, &policy, heights);
            check_codes(&row, &memory, &policy, state_path, "");
        }
        for (size_t i = 0; i < ledger->record_count; i++) {
            struct record record;
            REQUIRE(record_decode(buffer_bytes(&ledger->records[i]), &record, NULL));
            verdicts[record.outcome.verdict] += record.kind == RECORD_KIND_TRANSACTION;
        }
        policy_release(&policy);
        ledger_close(ledger);
    }
    CHECK(verdicts[VERDICT_ACCEPTED] > 100);
    CHECK(verdicts[VERDICT_REPEAT] > 0 && verdicts[VERDICT_KEY_REUSED] > 0);
}

CASE(every_mutation_is_found_as_what_it_is_fresh_and_going_on)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t played = 0;
        for (uint64_t seed = 1; seed <= SEEDS && played < PLAYS; seed++)
            played += one_mutant(&rows[i], seed);
        if (played < PLAYS)
            printf("%s: %zu ledgers could be changed so\n", rows[i].name, played);
        CHECK_INT(played, PLAYS);
    }
    printf("%zu mutations\n", ARRAY_SIZE(rows));
}

/* ---- what an earlier audit knows ------------------------------------------------------------- */

/* A quorum tells the past anew, and signs everything that follows from it. */
CASE(history_told_anew_below_the_last_audit_is_found)
{
    static const struct row rewritten[] = {
        {"a verdict of the past", &records, NULL, VERDICT, VERDICT_ACCEPTED, VERDICT_BAD_TERMS,
         "record-verdict"},
        {"a debt of the past", &effects, NULL, 0, EFFECT_LOT, AMOUNT, "record-lots"},
        {"a seal of the past", &seals, NULL, DIGEST, 0, 0, "seal-digest"}};
    for (size_t i = 0; i < ARRAY_SIZE(rewritten); i++) {
        struct ledger *honest = play(3, NULL, 0, 0), *mutant = play(3, &rewritten[i], 2, 0);
        struct policy policy = memory_policy(honest, "none");
        struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
        REQUIRE(mutant->told == 1);
        keep(honest, &policy, 8);
        check_codes(&rewritten[i], &memory, &policy, NULL, rewritten[i].codes);
        check_codes(&rewritten[i], &memory, &policy, state_path, "history-rewritten");
        policy_release(&policy);
        ledger_close(mutant);
        ledger_close(honest);
    }
}

static void check_trouble(struct memory_source *memory, const struct policy *policy,
                          const char *state, const char *wanted)
{
    struct audit_view view = audit_of(memory, policy, state, "source");
    CHECK(view.trouble_code != ERROR_NONE);
    CHECK(strstr(view.trouble, wanted) != NULL);
    if (!strstr(view.trouble, wanted))
        printf("    %s\n", view.trouble);
    CHECK_INT(view.audit ? audit_finding_count(view.audit) : 0, 0);
    audit_view_release(&view);
}

CASE(a_source_that_is_behind_the_last_audit_could_not_be_checked)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = 5};
    keep(ledger, &policy, 8);
    check_trouble(&memory, &policy, state_path, "before record");
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(a_policy_of_another_coalition_is_no_verdict)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    for (size_t i = 0; i < policy.log_count; i++)
        policy.logs[i].key.name[0] = 'x';
    check_trouble(&memory, &policy, NULL, "the policy knows no log 'ledger.example/test'");
    policy_release(&policy);
    ledger_close(ledger);
}

static struct buffer read_state(void)
{
    struct buffer bytes;
    buffer_init(&bytes, 1 << 24);
    REQUIRE(cli_file_read(state_path, 1 << 24, &bytes, NULL));
    return bytes;
}

/* Damage, wherever it is, ends with a clear error and never with a verdict. */
CASE(a_damaged_state_is_refused_wherever_it_is_damaged)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    keep(ledger, &policy, 8);
    struct buffer whole = read_state();
    for (size_t at = 0; at < whole.size; at += 1 + whole.size / 150) {
        whole.at[at] ^= 0x10;
        REQUIRE(cli_file_replace(state_path, 0600, buffer_bytes(&whole), NULL));
        check_trouble(&memory, &policy, state_path, "remove the file to begin anew");
        whole.at[at] ^= 0x10;
    }
    for (size_t size = 0; size < whole.size; size += 1 + whole.size / 50) {
        REQUIRE(cli_file_replace(state_path, 0600, bytes_of(whole.at, size), NULL));
        check_trouble(&memory, &policy, state_path, "remove the file to begin anew");
    }
    buffer_release(&whole);
    policy_release(&policy);
    ledger_close(ledger);
}

/* Damaged and sealed again: what is not refused must not accuse an honest ledger. */
CASE(a_forged_state_is_refused_or_does_no_harm)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    size_t refused = 0, passed = 0;
    keep(ledger, &policy, 8);
    struct buffer whole = read_state();
    for (size_t at = 44; at + HASH_SIZE < whole.size; at += 1 + whole.size / 700) {
        struct audit *audit = NULL;
        struct buffer note;
        whole.at[at] ^= 1;
        struct hash hash = hash_bytes(bytes_of(whole.at, whole.size - HASH_SIZE));
        memcpy(whole.at + whole.size - HASH_SIZE, hash.at, HASH_SIZE);
        FILE *file = fmemopen(whole.at, whole.size, "rb");
        buffer_init(&note, NOTE_SIZE_MAX);
        REQUIRE(file != NULL);
        bool good = audit_state_load(file, whole.size, ledger->charter, NULL, &audit, &note, NULL);
        refused += !good;
        passed += good;
        audit_close(good ? audit : NULL);
        buffer_release(&note);
        fclose(file);
        whole.at[at] ^= 1;
    }
    printf("%zu refused, %zu passed\n", refused, passed);
    CHECK(refused > passed);
    buffer_release(&whole);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(a_state_of_another_coalition_is_refused)
{
    struct ledger *ours = play(3, NULL, 0, 0), *theirs = ledger_start(0x5b, LEDGER_RANDOM);
    dice_play(theirs, 3, DICE_HEIGHTS);
    ledger_serve(theirs);
    struct policy policy = memory_policy(ours, "none");
    struct memory_source memory = {.ledger = theirs, .heights = theirs->height_count};
    keep(ours, &policy, 8);
    check_trouble(&memory, &policy, state_path, "it belongs to another coalition");
    policy_release(&policy);
    ledger_close(ours);
    ledger_close(theirs);
}

CASE(going_on_comes_to_the_same_totals)
{
    struct ledger *ledger = play(5, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct buffer states[2];
    for (int going_on = 0; going_on < 2; going_on++) {
        struct error error = {0};
        if (going_on)
            keep(ledger, &policy, 6);
        struct audit_view view = audit_of(&memory, &policy, going_on ? state_path : NULL, "source");
        CHECK_INT(view.went_on_from.size, going_on ? ledger->past[5].count : 0);
        CHECK(audit_views_keep(&view, 1, state_path, &error));
        states[going_on] = read_state();
        audit_view_release(&view);
    }
    /* Everything that the audit knows at its end, tiles that it saw aside: they are counted. */
    CHECK_INT(states[0].size, states[1].size);
    size_t differ = 0;
    for (size_t i = 0; i + HASH_SIZE < states[0].size && i + HASH_SIZE < states[1].size; i++)
        differ += states[0].at[i] != states[1].at[i];
    CHECK(differ <= 1);
    buffer_release(&states[0]);
    buffer_release(&states[1]);
    policy_release(&policy);
    ledger_close(ledger);
}

/* ---- several sources, cosigners, a second opinion ---------------------------------------------
 */

static void check_split(struct ledger *one, struct ledger *other, size_t heights,
                        const char *wanted)
{
    struct policy policy = memory_policy(one, "none");
    struct memory_source memories[] = {{.ledger = one, .heights = one->height_count},
                                       {.ledger = other, .heights = heights}};
    struct audit_view views[] = {audit_of(&memories[0], &policy, NULL, "one"),
                                 audit_of(&memories[1], &policy, NULL, "other")};
    char codes[CODES_TEXT];
    audit_views_compare(views, 2);
    codes_of(&views[0], codes);
    CHECK_TEXT(codes, "");
    codes_of(&views[1], codes);
    CHECK_TEXT(codes, wanted);
    audit_view_release(&views[0]);
    audit_view_release(&views[1]);
    policy_release(&policy);
}

CASE(two_histories_that_a_quorum_signed_are_a_split_view)
{
    static const struct row idle = {.name = "another time", .lies = NULL};
    struct ledger *one = play(3, &idle, 0, 0), *same = play(3, &idle, 0, 0);
    struct ledger *other = ledger_start(0x5a, LEDGER_RANDOM);
    dice_play(other, 4, DICE_HEIGHTS); /* parts from the other in its second height */
    ledger_serve(other);
    check_split(one, same, same->height_count, "");
    check_split(one, same, 6, "");
    check_split(one, other, other->height_count, "split-root");
    check_split(one, other, 6, "split-root");
    ledger_close(one);
    ledger_close(same);
    ledger_close(other);
}

CASE(two_checkpoints_of_one_size_are_a_split_view)
{
    struct ledger *one = play(3, NULL, 0, 0), *other = play(3, NULL, 0, 0);
    checkpoint_of_another_root(other, NULL);
    check_split(one, other, other->height_count, "checkpoint-root split-checkpoint");
    ledger_close(one);
    ledger_close(other);
}

static void cosign(struct ledger *ledger, uint8_t witness)
{
    struct signing_key *key = coalition_key(9, witness);
    struct public_key public_key = signing_key_public(key);
    struct note_key note_key;
    char name[8];
    snprintf(name, sizeof(name), "w%u", witness);
    REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &public_key, &note_key, NULL));
    note_cosign(&ledger->note, &note_key, key, 1800000000);
    signing_key_close(key);
}

CASE(a_checkpoint_needs_the_cosigners_of_the_policy)
{
    static const struct row row = {.name = "cosigners"};
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy both = memory_policy(ledger, "both"), one = memory_policy(ledger, "w2");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    check_codes(&row, &memory, &one, NULL, "checkpoint-quorum");
    cosign(ledger, 2);
    check_codes(&row, &memory, &one, NULL, "");
    check_codes(&row, &memory, &both, NULL, "checkpoint-quorum");
    cosign(ledger, 1);
    check_codes(&row, &memory, &both, NULL, "");
    ledger->note.at[ledger->note.size - 12] ^= 1;
    check_codes(&row, &memory, &one, NULL, "checkpoint-signature");
    policy_release(&both);
    policy_release(&one);
    ledger_close(ledger);
}

/* What the second model says counts, whether or not the first one agrees with the ledger. */
static void check_model(void (*twist)(struct naive_rules *rules), const char *wanted)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_source source;
    struct cli_progress bar = {0};
    struct error error = {0};
    struct naive_rules rules = model_rules(ledger->charter);
    twist(&rules);
    memory_open(&source, &memory, "source");
    struct audit *audit = audit_open(ledger->charter, NULL, naive_open(rules));
    REQUIRE(audit_source_begin(&source, ledger->record_count, &error));
    CHECK(audit_follow(audit, &source, &bar, &error));
    struct audit_view view = {.audit = audit};
    char codes[CODES_TEXT];
    codes_of(&view, codes);
    CHECK_TEXT(codes, wanted);
    audit_close(audit);
    audit_source_close(&source);
    ledger_close(ledger);
}

static void nothing(struct naive_rules *rules)
{
    (void)rules;
}
static void a_fee(struct naive_rules *rules)
{
    rules->issue_fee++;
}
static void less_time(struct naive_rules *rules)
{
    rules->late_after_ms = 200000;
}
static void no_window(struct naive_rules *rules)
{
    rules->window_ms = 1000;
}

CASE(a_second_model_that_disagrees_is_heard)
{
    check_model(nothing, "");
    check_model(a_fee, "model-effects");
    check_model(less_time, "model-verdict");
    check_model(no_window, "model-verdict");
}

int main(void)
{
    int file = mkstemp(state_path);
    REQUIRE(file >= 0);
    close(file);
    RUN(an_honest_ledger_is_clean_fresh_and_going_on);
    RUN(every_mutation_is_found_as_what_it_is_fresh_and_going_on);
    RUN(history_told_anew_below_the_last_audit_is_found);
    RUN(a_source_that_is_behind_the_last_audit_could_not_be_checked);
    RUN(a_policy_of_another_coalition_is_no_verdict);
    RUN(a_damaged_state_is_refused_wherever_it_is_damaged);
    RUN(a_forged_state_is_refused_or_does_no_harm);
    RUN(a_state_of_another_coalition_is_refused);
    RUN(going_on_comes_to_the_same_totals);
    RUN(two_histories_that_a_quorum_signed_are_a_split_view);
    RUN(two_checkpoints_of_one_size_are_a_split_view);
    RUN(a_checkpoint_needs_the_cosigners_of_the_policy);
    RUN(a_second_model_that_disagrees_is_heard);
    unlink(state_path);
    return check_report();
}
