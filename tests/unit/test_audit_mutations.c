// links: node
/* From an honest ledger, played at random, exactly one field is changed: by whoever serves it, or
 * by a quorum that signs what it likes and builds upon it. The audit must find exactly that, from
 * the beginning and when it goes on from an earlier audit. */
#include "unit/audit_lies.h"

enum { SEEDS = 120, PLAYS = 3 };

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
    ledger->cosigners = 0; /* the log's own signature is the last then */
    ledger_sign_note(ledger, ledger->log_key);
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

static const struct row rows[] = {
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
    uint64_t verdicts[128] = {0};
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
        size_t played = 0, plays = (size_t)check_share(PLAYS);
        for (uint64_t seed = 1; seed <= SEEDS && played < plays; seed++)
            played += one_mutant(&rows[i], seed);
        if (played < plays)
            printf("%s: %zu ledgers could be changed so\n", rows[i].name, played);
        CHECK_INT(played, plays);
    }
    printf("%zu mutations\n", ARRAY_SIZE(rows));
}

static void cases(void)
{
    RUN(an_honest_ledger_is_clean_fresh_and_going_on);
    RUN(every_mutation_is_found_as_what_it_is_fresh_and_going_on);
}

int main(void)
{
    return lies_run(cases);
}
