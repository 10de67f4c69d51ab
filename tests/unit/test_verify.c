// links: node
/* An honest ledger passes; changed anywhere, the audit fails and names the place. The ledger
 * reaches the audit as it does in earnest: over HTTP, from a node that may lie. */
#include "unit/ledger.h"

#include "node/verify.h"

enum { FLIPS = 150, SEED = 20261121 };

static struct served served;
static struct http *http;

static struct verify_node audit_served(const struct ledger *ledger, struct bytes charter)
{
    struct cli_target target = {.name = "node"};
    struct verify_node node;
    struct error error = {0};
    served.ledger = ledger;
    snprintf(target.url, sizeof(target.url), "%s", served.url);
    bool asked = verify_over_http(http, &target, charter, false, &node, &error);
    CHECK(asked == !node.trouble[0]);
    return node;
}

static struct audit_finding first_finding(const struct verify_node *node)
{
    const struct audit_finding *findings;
    static const struct audit_finding none = {.code = AUDIT_CODE_COUNT};
    return node->audit && audit_findings(node->audit, &findings) > 0 ? findings[0] : none;
}

static const char *code_of(const struct audit_finding *finding)
{
    return finding->code == AUDIT_CODE_COUNT ? "nothing" : audit_code_word(finding->code);
}

/* "record" for "record-index", "record-time" and the like. */
static bool is_of(const struct audit_finding *finding, const char *what)
{
    const char *word = code_of(finding);
    size_t size = strlen(what);
    return strncmp(word, what, size) == 0 && (word[size] == '-' || word[size] == '\0');
}

/* ---- changes ------------------------------------------------------------------------------- */

static struct record decode_record(const struct ledger *ledger, size_t index, struct buffer *copy)
{
    struct record record;
    buffer_init(copy, RECORD_SIZE_MAX);
    buffer_append(copy, buffer_bytes(&ledger->records[index]));
    REQUIRE(record_decode(buffer_bytes(copy), &record, NULL));
    return record;
}

static void put_record(struct ledger *ledger, size_t index, const struct record *record)
{
    buffer_clear(&ledger->records[index]);
    record_encode(record, &ledger->records[index]);
}

enum {
    INDEX,
    HEIGHT,
    TIME,
    KIND,
    LANE_NUMBER,
    SEQUENCE,
    POSITION,
    DOCUMENT, /* one byte of the transaction: no effect follows from it */
    QUANTITY,
    NO_TRANSACTION,
    VERDICT,
    LATE,
    CUT,
    DIGEST,
    COUNT,
    AUTOMATIC,
    STATE_ROOT
};

static void change_transaction(struct record *record, long what, struct buffer *bytes)
{
    struct transaction transaction;
    REQUIRE(transaction_decode(record->transaction, &transaction, NULL));
    if (what == DOCUMENT)
        transaction.document = bytes_text("bon 2");
    else
        transaction.body.earn.lots[0].quantity.v++;
    buffer_init(bytes, TRANSACTION_SIZE_MAX);
    if (what != NO_TRANSACTION)
        transaction_encode(&transaction, bytes);
    record->transaction = buffer_bytes(bytes);
}

static void record_field(struct ledger *ledger, long index, long what)
{
    struct buffer copy, transaction = {0};
    struct record record = decode_record(ledger, (size_t)index, &copy);
    record.index.v += what == INDEX;
    record.height += what == HEIGHT;
    record.time_ms += what == TIME;
    record.lane.v += what == LANE_NUMBER;
    record.sequence += what == SEQUENCE;
    record.position += what == POSITION;
    record.cut.at[31] ^= what == CUT;
    record.state_digest.at[0] ^= what == DIGEST;
    record.transaction_count += what == COUNT;
    record.automatic.at[7] ^= what == AUTOMATIC;
    record.has_state_root = what == STATE_ROOT;
    record.outcome.late ^= what == LATE;
    if (what == KIND)
        record.kind = RECORD_KIND_SEAL;
    if (what == VERDICT)
        record.outcome.verdict = VERDICT_BAD_TERMS;
    if (what == DOCUMENT || what == QUANTITY || what == NO_TRANSACTION)
        change_transaction(&record, what, &transaction);
    put_record(ledger, (size_t)index, &record);
    buffer_release(&transaction);
    buffer_release(&copy);
}

enum { AMOUNT, LOT, FROM, TO, DEBTOR, CREDITOR, CLASS, FIRST, DROPPED };

static void change_effect(struct effect *effect, long what)
{
    effect->amount += what == AMOUNT;
    effect->lot.v += what == LOT;
    effect->partner.v += what == DEBTOR;
    effect->creditor.v += what == CREDITOR;
    effect->first.v += what == FIRST;
    if (what == FROM)
        effect->from = POOL_HELD;
    if (what == TO)
        effect->to = POOL_EXPIRED;
    if (what == CLASS)
        effect->line_class = LINE_ISSUE_FEE;
}

/* Of the record's effects the first of the kind; b is kind * 16 + what. */
static void record_effect(struct ledger *ledger, long index, long b)
{
    struct buffer copy, effects;
    struct record record = decode_record(ledger, (size_t)index, &copy);
    struct effect_reader reader;
    struct effect effect;
    bool found = false;
    buffer_init(&effects, RECORD_SIZE_MAX);
    REQUIRE(effect_reader_init(&reader, record.outcome.effects));
    codec_put_array(&effects, reader.left - (b % 16 == DROPPED));
    while (effect_next(&reader, &effect)) {
        bool chosen = !found && (long)effect.kind == b / 16;
        found = found || chosen;
        if (chosen)
            change_effect(&effect, b % 16);
        if (!chosen || b % 16 != DROPPED)
            effect_encode(&effect, &effects);
    }
    REQUIRE(found);
    record.outcome.effects = buffer_bytes(&effects);
    put_record(ledger, (size_t)index, &record);
    buffer_release(&effects);
    buffer_release(&copy);
}
#define EFFECT(kind, what) ((kind)*16 + (what))

static void record_byte(struct ledger *ledger, long index, long at)
{
    ledger->records[index].at[at] ^= 1;
}
static void record_longer(struct ledger *ledger, long index, long byte)
{
    buffer_append_byte(&ledger->records[index], (uint8_t)byte);
}
static void record_shorter(struct ledger *ledger, long index, long by)
{
    ledger->records[index].size -= (size_t)by;
}

static void records_move(struct ledger *ledger, long index, bool open)
{
    struct buffer *records = ledger->records;
    struct buffer *at = &records[index];
    size_t after = ledger->record_count - (size_t)index;
    if (open) {
        memmove(at + 1, at, after * sizeof(*at));
        buffer_init(at, RECORD_SIZE_MAX);
        ledger->record_count++;
    } else {
        buffer_release(at);
        memmove(at, at + 1, (after - 1) * sizeof(*at));
        records[--ledger->record_count] = (struct buffer){0};
    }
}
static void record_left_out(struct ledger *ledger, long index, long unused)
{
    (void)unused;
    records_move(ledger, index, false);
}
static void record_repeated(struct ledger *ledger, long index, long unused)
{
    (void)unused;
    records_move(ledger, index + 1, true);
    buffer_append(&ledger->records[index + 1], buffer_bytes(&ledger->records[index]));
}
static void record_appended(struct ledger *ledger, long unused, long unused2)
{
    (void)unused, (void)unused2;
    record_repeated(ledger, (long)ledger->record_count - 1, 0);
    ledger->checkpoint.size++;
    ledger_sign_note(ledger, ledger->log_key);
}
static void bundle_longer(struct ledger *ledger, long by, long also_appended)
{
    if (also_appended)
        record_repeated(ledger, (long)ledger->record_count - 1, 0);
    ledger->more = (uint32_t)by;
}
static void records_swapped(struct ledger *ledger, long a, long b)
{
    struct buffer other = ledger->records[a];
    ledger->records[a] = ledger->records[b];
    ledger->records[b] = other;
}

enum { ROUND = STATE_ROOT + 1, VOTER, SIGNATURE, MISSING, NOT_A_VOTER, TWICE, TIME_BACK };
static struct height *height_at(struct ledger *ledger, long height)
{
    return &ledger->heights[height - 1];
}

static void certificate_field(struct ledger *ledger, long height, long what)
{
    struct certificate *certificate = &height_at(ledger, height)->certificate;
    certificate->height += what == HEIGHT;
    certificate->round += what == ROUND;
    certificate->cut.at[9] ^= what == CUT;
    certificate->votes[2].voter.v += what == VOTER;
    certificate->votes[1].signature.at[40] ^= what == SIGNATURE;
    certificate->count -= what == MISSING;
    if (what == TWICE)
        certificate->votes[1] = certificate->votes[0];
}

/* Voters as a mask. */
static void certificate_by(struct ledger *ledger, long height, long voters)
{
    height_sign(ledger, height_at(ledger, height), (unsigned)voters);
}

static void cut_field(struct ledger *ledger, long height, long what)
{
    struct cut *cut = &height_at(ledger, height)->cut;
    cut->height += what == HEIGHT;
    cut->coalition.at[0] ^= what == NOT_A_VOTER;
    cut->previous.at[3] ^= what == CUT;
    cut->lanes[2].id.at[5] ^= what == LANE_NUMBER;
    cut->lanes[2].sequence += what == SEQUENCE;
    cut->time_ms += what == TIME;
    cut->state_digest.at[0] ^= what == DIGEST;
    cut->record_root.at[0] ^= what == STATE_ROOT;
    cut->record_count += what == COUNT;
    cut->lane_count -= what == MISSING;
    if (what == TIME_BACK)
        cut->time_ms = START_MS;
}

/* The same, and a quorum that signs it: the audit believes no quorum about what it can recompute.
 */
static void cut_signed(struct ledger *ledger, long height, long what)
{
    cut_field(ledger, height, what);
    height_sign(ledger, height_at(ledger, height), 0x7);
}

static void proof_height(struct ledger *ledger, long height, long unused)
{
    (void)unused;
    height_at(ledger, height)->height++;
}
static void proof_first(struct ledger *ledger, long height, long unused)
{
    (void)unused;
    height_at(ledger, height)->first++;
}
static void height_dropped(struct ledger *ledger, long height, long unused)
{
    (void)unused;
    height_at(ledger, height)->dropped = true;
}

/* Place: height * 8 + number of the batch in it. */
#define STEP(height, number) ((height)*8 + (number))
static struct step *step_at(struct ledger *ledger, long place)
{
    return &height_at(ledger, place / 8)->steps[place % 8];
}

static void header_field(struct ledger *ledger, long place, long what)
{
    struct header *header = &step_at(ledger, place)->header;
    header->version += what == KIND;
    header->coalition.at[0] ^= what == NOT_A_VOTER;
    header->lane ^= what == LANE_NUMBER;
    header->sequence += what == SEQUENCE;
    header->previous.at[1] ^= what == CUT;
    header->created_ms += what == TIME;
    header->count += what == COUNT;
    header->size += what == QUANTITY;
    header->payload_hash.at[2] ^= what == DIGEST;
    step_at(ledger, place)->signature.at[3] ^= what == SIGNATURE;
    step_at(ledger, place)->first += what == FIRST;
}
enum { HEADER_FIRST = FIRST };

/* Signed by its owner, and in a cut that a quorum signed. */
static void header_signed(struct ledger *ledger, long place, long what)
{
    struct step *step = step_at(ledger, place);
    struct height *height = height_at(ledger, place / 8);
    header_field(ledger, place, what);
    step_sign(ledger, step);
    height->cut.lanes[step->header.lane].id = header_id(&step->header);
    height_sign(ledger, height, 0x7);
}
/* By another key than the lane's. */
static void header_forged(struct ledger *ledger, long place, long key)
{
    struct step *step = step_at(ledger, place);
    struct hash id = header_id(&step->header);
    step->signature =
        sign(ledger->keys[key], PURPOSE_BATCH, &ledger->charter->coalition, hash_as_bytes(&id));
}
static void batches_swapped(struct ledger *ledger, long a, long b)
{
    struct step other = *step_at(ledger, a);
    *step_at(ledger, a) = *step_at(ledger, b);
    *step_at(ledger, b) = other;
}
static void batch_left_out(struct ledger *ledger, long place, long unused)
{
    struct height *height = height_at(ledger, place / 8);
    (void)unused;
    buffer_release(&step_at(ledger, place)->payload);
    memmove(step_at(ledger, place), step_at(ledger, place + 1),
            (height->step_count - (size_t)(place % 8) - 1) * sizeof(struct step));
    height->steps[--height->step_count] = (struct step){0};
}
static void batch_repeated(struct ledger *ledger, long place, long unused)
{
    struct height *height = height_at(ledger, place / 8);
    (void)unused;
    height->steps[height->step_count] = *step_at(ledger, place);
    height->steps[height->step_count++].payload = (struct buffer){0};
}

static void tile_hash(struct ledger *ledger, long tile, long hash)
{
    ledger->tiles[tile].hashes[hash].at[17] ^= 0x80;
}

static void checkpoint_root(struct ledger *ledger, long by_other, long unused)
{
    struct signing_key *other = coalition_key(3, 1);
    (void)unused;
    if (!by_other)
        ledger->checkpoint.root.at[0] ^= 1;
    ledger_sign_note(ledger, by_other ? other : ledger->log_key);
    signing_key_close(other);
}
static void checkpoint_size(struct ledger *ledger, long by, long unused)
{
    (void)unused;
    ledger->checkpoint.size += (uint64_t)by;
    ledger_sign_note(ledger, ledger->log_key);
}
/* One cosigner too few, or one that signed something else. */
static void checkpoint_cosigners(struct ledger *ledger, long count, long other)
{
    ledger->cosigners = (uint8_t)count;
    ledger_sign_note(ledger, ledger->log_key);
    if (!other)
        return;
    struct signing_key *cosigner = coalition_key(4, 2);
    struct buffer note = ledger->note;
    buffer_init(&ledger->note, NOTE_SIZE_MAX);
    ledger->cosigners = 0;
    ledger->checkpoint.size--;
    ledger_sign_note(ledger, ledger->log_key);
    ledger->checkpoint.size++;
    size_t before = ledger->note.size;
    note_cosign(&ledger->note, &ledger->charter->nodes[2].cosigner_key, cosigner, 1700000000);
    buffer_append(&note, bytes_of(ledger->note.at + before, ledger->note.size - before));
    buffer_release(&ledger->note);
    ledger->note = note;
    signing_key_close(cosigner);
}
static void checkpoint_origin(struct ledger *ledger, long unused, long unused2)
{
    (void)unused, (void)unused2;
    ledger->checkpoint.origin[0] ^= 1;
    ledger_sign_note(ledger, ledger->log_key);
}
static void checkpoint_byte(struct ledger *ledger, long from_end, long unused)
{
    (void)unused;
    ledger->note.at[from_end >= 0 ? (size_t)from_end : ledger->note.size + (size_t)from_end] ^= 1;
}

static const char *const replaced[][2] = {
    {"\"spendable\":1260", "\"spendable\":1261"},
    {"\"spendable\":1260", "\"spendable\":\"1260\""},
    {"\"held\":0", "\"help\":0"},
    {"\"pending\":0", "\"pending\":\"0\""},
    {"\"deficit\":0", "\"deficit\":7"},
    {"\"expired_unbooked\":0", "\"expired_unbooked\":1"},
    {"\"locked\":false", "\"locked\":true"},
    {"\"enrolled_by\":\"bob\"", "\"enrolled_by\":\"ada\""},
    {"\"lot_count\":71", "\"lot_count\":70"},
    {"ee000000000000000000000000000001", "ee000000000000000000000000000005"},
    {"\"height\":9", "\"height\":8"},
    {"\"height\":9", "\"height\":99"},
    {"\"height\":9", "\"heigth\":9"},
    {",{\"member\":\"ee000000000000000000000000000004\"", "],\"x\":[{\"member\":\"ee\""},
    {"],\"next\":", ",{\"member\":\"ee000000000000000000000000000009\"}],\"next\":"},
};
static void balance_text(struct ledger *ledger, long row, long unused)
{
    struct buffer out;
    const char *text = buffer_text(&ledger->balances);
    const char *at = strstr(text, replaced[row][0]);
    (void)unused;
    REQUIRE(at != NULL);
    buffer_init(&out, 65536);
    buffer_append(&out, bytes_of(text, (size_t)(at - text)));
    buffer_append_text(&out, replaced[row][1]);
    buffer_append_text(&out, at + strlen(replaced[row][0]));
    buffer_release(&ledger->balances);
    ledger->balances = out;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct row {
    const char *name;
    void (*change)(struct ledger *ledger, long a, long b);
    long a, b;
    const char *what, *where; /* the first finding, exactly */
} rows[] = {
    {"a record's index", record_field, 8, INDEX, "record", "height 2: record 8: index"},
    {"a record's height", record_field, 8, HEIGHT, "record", "height 2: record 8: height"},
    {"a record's time", record_field, 8, TIME, "record", "height 2: record 8: time"},
    {"a record's lane", record_field, 12, LANE_NUMBER, "record", "height 3: record 12: lane"},
    {"a record's sequence", record_field, 12, SEQUENCE, "record", "height 3: record 12: sequence"},
    {"a record's position", record_field, 300, POSITION, "record",
     "height 8: record 300: position"},
    {"a document", record_field, 8, DOCUMENT, "batch",
     "height 2: lane of ada-1, batch 2 (records 8 to 9)"},
    {"a quantity", record_field, 9, QUANTITY, "record", "height 2: record 9: effects"},
    {"no transaction", record_field, 9, NO_TRANSACTION, "record", "height 2: record 9: verdict"},
    {"an accepted verdict", record_field, 18, VERDICT, "record", "height 4: record 18: verdict"},
    {"a refused verdict", record_field, 17, VERDICT, "record", "height 4: record 17: verdict"},
    {"a record called late", record_field, 23, LATE, "record", "height 5: record 23: late"},
    {"the first record", record_field, 0, TIME, "record", "height 1: record 0: time"},
    {"a seal for a record", record_field, 9, KIND, "record", "height 2: record 9: kind"},
    {"a lot's quantity", record_effect, 5, EFFECT(EFFECT_LOT, AMOUNT), "record",
     "height 2: record 5: effects"},
    {"a lot's number", record_effect, 5, EFFECT(EFFECT_LOT, LOT), "record",
     "height 2: record 5: effects"},
    {"a move's quantity", record_effect, 12, EFFECT(EFFECT_MOVE, AMOUNT), "record",
     "height 3: record 12: effects"},
    {"a move's lot", record_effect, 13, EFFECT(EFFECT_MOVE, LOT), "record",
     "height 3: record 13: effects"},
    {"where a move is from", record_effect, 15, EFFECT(EFFECT_MOVE, FROM), "record",
     "height 3: record 15: effects"},
    {"where a move goes", record_effect, 23, EFFECT(EFFECT_MOVE, TO), "record",
     "height 5: record 23: effects"},
    {"an obligation's amount", record_effect, 15, EFFECT(EFFECT_OBLIGATION, AMOUNT), "record",
     "height 3: record 15: effects"},
    {"an obligation's debtor", record_effect, 15, EFFECT(EFFECT_OBLIGATION, DEBTOR), "record",
     "height 3: record 15: effects"},
    {"an obligation's creditor", record_effect, 15, EFFECT(EFFECT_OBLIGATION, CREDITOR), "record",
     "height 3: record 15: effects"},
    {"an obligation's class", record_effect, 24, EFFECT(EFFECT_OBLIGATION, CLASS), "record",
     "height 5: record 24: effects"},
    {"a deficit", record_effect, 21, EFFECT(EFFECT_DEFICIT, AMOUNT), "record",
     "height 4: record 21: effects"},
    {"whom a deficit is owed to", record_effect, 20, EFFECT(EFFECT_DEFICIT, DEBTOR), "record",
     "height 4: record 20: effects"},
    {"what was waived", record_effect, 21, EFFECT(EFFECT_WAIVED, AMOUNT), "record",
     "height 4: record 21: effects"},
    {"the first of a repeat", record_effect, 11, EFFECT(EFFECT_FIRST, FIRST), "record",
     "height 3: record 11: effects"},
    {"an effect left out", record_effect, 24, EFFECT(EFFECT_OBLIGATION, DROPPED), "record",
     "height 5: record 24: effects"},
    {"a record's first byte", record_byte, 30, 0, "record", "height 7: record 30"},
    {"a record's version", record_byte, 30, 1, "record", "height 7: record 30"},
    {"a byte after a record", record_longer, 29, 0, "record", "height 7: record 29"},
    {"a record's last byte left out", record_shorter, 21, 1, "record", "height 4: record 21"},

    {"a seal's index", record_field, 22, INDEX, "record", "height 4: record 22: index"},
    {"a seal's cut", record_field, 22, CUT, "seal", "height 4: record 22: cut"},
    {"a seal's digest", record_field, 10, DIGEST, "seal", "height 2: record 10: state digest"},
    {"a seal's count", record_field, 26, COUNT, "seal",
     "height 6: record 26: number of transactions"},
    {"a seal's effects of time", record_field, 25, AUTOMATIC, "seal",
     "height 5: record 25: effects of time"},
    {"a seal with a state root", record_field, 310, STATE_ROOT, "seal",
     "height 9: record 310: state root"},

    {"a record left out", record_left_out, 8, 0, "record", "height 2: record 8: index"},
    {"the last record left out", record_left_out, 310, 0, "entries", "height 9: record 310"},
    {"a record repeated", record_repeated, 8, 0, "record", "height 2: record 9: index"},
    {"a record appended under the checkpoint", record_appended, 0, 0, "proof", "height 10"},
    {"a full bundle with a record more", bundle_longer, 1, 0, "entries", "height 8: record 255"},
    {"both bundles with a record more", bundle_longer, 1, 1, "entries", "height 8: record 255"},
    {"two records swapped", records_swapped, 13, 14, "record", "height 3: record 13: index"},
    {"two records of different heights swapped", records_swapped, 9, 18, "record",
     "height 2: record 9: index"},

    {"a certificate's height", certificate_field, 4, HEIGHT, "certificate",
     "height 4: certificate: height"},
    {"a certificate's round", certificate_field, 4, ROUND, "certificate", "height 4: certificate"},
    {"a certificate's cut", certificate_field, 4, CUT, "certificate", "height 4: certificate: cut"},
    {"a certificate's voter", certificate_field, 4, VOTER, "certificate", "height 4: certificate"},
    {"a vote's signature", certificate_field, 9, SIGNATURE, "certificate", "height 9: certificate"},
    {"one vote missing", certificate_field, 1, MISSING, "certificate", "height 1: certificate"},
    {"a vote of a node that has none", certificate_by, 5, 0x13, "certificate",
     "height 5: certificate"},
    {"a vote twice", certificate_field, 5, TWICE, "proof", "height 5"},
    {"signed again by a minority", certificate_by, 5, 0x3, "certificate", "height 5: certificate"},

    {"a cut's height", cut_field, 4, HEIGHT, "proof", "height 4"},
    {"a cut's coalition", cut_field, 4, NOT_A_VOTER, "cut", "height 4: cut: coalition"},
    {"a cut's predecessor", cut_field, 4, CUT, "cut", "height 4: cut: previous cut"},
    {"a lane's head", cut_field, 4, LANE_NUMBER, "certificate", "height 4: certificate: cut"},
    {"a lane's sequence", cut_field, 4, SEQUENCE, "certificate", "height 4: certificate: cut"},
    {"a cut's time", cut_field, 4, TIME, "certificate", "height 4: certificate: cut"},
    {"a cut's digest", cut_field, 4, DIGEST, "cut", "height 4: cut: state digest"},
    {"a cut's root", cut_field, 4, STATE_ROOT, "cut", "height 4: cut: record root"},
    {"a cut's record count", cut_field, 4, COUNT, "cut", "height 4: cut: record count"},
    {"a cut without a lane", cut_field, 4, MISSING, "cut", "height 4: cut: number of lanes"},
    {"a lane's head, by a quorum", cut_signed, 4, LANE_NUMBER, "lane",
     "height 4: lane of cyd-1: head"},
    {"a lane's sequence, by a quorum", cut_signed, 4, SEQUENCE, "order",
     "height 4: batch 2 in order of execution"},
    {"a cut's time back, by a quorum", cut_signed, 4, TIME_BACK, "cut", "height 4: cut: time"},
    {"a cut's time on, by a quorum", cut_signed, 9, TIME, "record", "height 9: record 309: time"},
    {"a cut's digest, by a quorum", cut_signed, 4, DIGEST, "cut", "height 4: cut: state digest"},
    {"a cut's root, by a quorum", cut_signed, 4, STATE_ROOT, "cut", "height 4: cut: record root"},

    {"a batch's version", header_field, STEP(3, 1), KIND, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 14)"},
    {"a batch's coalition", header_field, STEP(3, 1), NOT_A_VOTER, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 14)"},
    {"a batch's lane", header_field, STEP(3, 1), LANE_NUMBER, "order",
     "height 3: batch 2 in order of execution"},
    {"a batch's sequence", header_field, STEP(3, 1), SEQUENCE, "batch",
     "height 3: lane of cyd-1, batch 2 (records 12 to 14)"},
    {"a batch's predecessor", header_field, STEP(3, 1), CUT, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 14)"},
    {"a batch's time", header_field, STEP(3, 1), TIME, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 14)"},
    {"a batch's count", header_field, STEP(3, 1), COUNT, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 15)"},
    {"a batch's payload size", header_field, STEP(3, 1), QUANTITY, "batch",
     "height 3: lane of cyd-1, batch 1 (records 12 to 14)"},
    {"a batch's payload hash", header_field, STEP(3, 2), DIGEST, "batch",
     "height 3: lane of cyd-1, batch 2 (records 15 to 15)"},
    {"a batch's signature", header_field, STEP(8, 3), SIGNATURE, "batch",
     "height 8: lane of dan-1, batch 3 (records 273 to 307)"},
    {"a batch's first record", header_field, STEP(3, 2), HEADER_FIRST, "order",
     "height 3: lane of cyd-1, batch 2 (records 16 to 16): first record"},
    {"a batch signed by another", header_forged, STEP(4, 1), 1, "batch",
     "height 4: lane of ada-1, batch 3 (records 20 to 20)"},
    {"a batch's payload hash, by a quorum", header_signed, STEP(9, 0), DIGEST, "batch",
     "height 9: lane of dan-1, batch 4 (records 309 to 309)"},
    {"a batch of another coalition, by a quorum", header_signed, STEP(9, 0), NOT_A_VOTER, "batch",
     "height 9: lane of dan-1, batch 4 (records 309 to 309)"},
    {"a batch's version, by a quorum", header_signed, STEP(9, 0), KIND, "batch",
     "height 9: lane of dan-1, batch 4 (records 309 to 309)"},
    {"a batch's predecessor, by a quorum", header_signed, STEP(9, 0), CUT, "lane",
     "height 9: lane of dan-1, batch 4 (records 309 to 309): previous batch"},
    {"two batches swapped", batches_swapped, STEP(4, 0), STEP(4, 2), "order",
     "height 4: batch 1 in order of execution"},
    {"two batches of a lane swapped", batches_swapped, STEP(3, 1), STEP(3, 2), "lane",
     "height 3: lane of cyd-1, batch 2 (records 15 to 15): sequence"},
    {"a batch left out", batch_left_out, STEP(4, 1), 0, "order",
     "height 4: batch 2 in order of execution"},
    {"the last batch left out", batch_left_out, STEP(4, 2), 0, "order",
     "height 4: batch 3 in order of execution"},
    {"a batch repeated", batch_repeated, STEP(4, 2), 0, "order", "height 4: batches"},

    {"a proof's height", proof_height, 4, 0, "proof", "height 4"},
    {"a proof's first record", proof_first, 4, 0, "order", "height 4: first record"},
    {"a height dropped", height_dropped, 5, 0, "cut", "height 5: cut: height"},
    {"the first height dropped", height_dropped, 1, 0, "cut", "height 1: cut: height"},
    {"the last height dropped", height_dropped, 9, 0, "proof", "height 9"},

    {"a full tile's first hash", tile_hash, 0, 0, "tile", "tile 0/0, hash 0: covers record 0"},
    {"a full tile's last hash", tile_hash, 0, 255, "tile", "tile 0/0, hash 255: covers record 255"},
    {"a partial tile's hash", tile_hash, 1, 54, "tile", "tile 0/1, hash 54: covers record 310"},
    {"a hash of level 1", tile_hash, 2, 0, "tile", "tile 1/0, hash 0: covers record 0 and on"},

    {"a checkpoint of another root", checkpoint_root, 0, 0, "checkpoint", "root at size 311"},
    {"a checkpoint by another key", checkpoint_root, 1, 0, "checkpoint", "checkpoint of ada-1"},
    {"a smaller checkpoint", checkpoint_size, -1, 0, "checkpoint", "height 9"},
    {"a larger checkpoint", checkpoint_size, 1, 0, "proof", "height 10"},
    {"a checkpoint that too few cosigned", checkpoint_cosigners, 2, 0, "checkpoint",
     "checkpoint of ada-1"},
    {"a cosignature of another checkpoint", checkpoint_cosigners, 2, 1, "checkpoint",
     "checkpoint of ada-1"},
    {"another log's checkpoint", checkpoint_origin, 0, 0, "checkpoint",
     "origin of the checkpoint of ada-1"},
    {"a byte of the checkpoint's text", checkpoint_byte, 30, 0, "checkpoint",
     "checkpoint of ada-1"},
    {"a byte of the checkpoint's signature", checkpoint_byte, -12, 0, "checkpoint",
     "checkpoint of ada-1"},

    {"points to spend", balance_text, 0, 0, "balance",
     "spendable of member ee000000000000000000000000000001"},
    {"points as text", balance_text, 1, 0, "balance",
     "spendable of member ee000000000000000000000000000001"},
    {"no held points", balance_text, 2, 0, "balance",
     "held of member ee000000000000000000000000000003"},
    {"pending as text", balance_text, 3, 0, "balance",
     "pending of member ee000000000000000000000000000003"},
    {"a deficit said", balance_text, 4, 0, "balance",
     "deficit of member ee000000000000000000000000000003"},
    {"points expired", balance_text, 5, 0, "balance",
     "expired_unbooked of member ee000000000000000000000000000003"},
    {"a member locked", balance_text, 6, 0, "balance",
     "locked of member ee000000000000000000000000000003"},
    {"who enrolled", balance_text, 7, 0, "balance",
     "enrolled_by of member ee000000000000000000000000000003"},
    {"a number of lots", balance_text, 8, 0, "balance",
     "lot_count of member ee000000000000000000000000000004"},
    {"another member", balance_text, 9, 0, "balance", "member number 1"},
    {"balances of an earlier height", balance_text, 10, 0, "balance", "height of the balances"},
    {"balances of a height to come", balance_text, 11, 0, "balance", "height of the balances"},
    {"balances of no height", balance_text, 12, 0, "balance", "height of the balances"},
    {"a member left out", balance_text, 13, 0, "balance", "number of members"},
    {"a member too many", balance_text, 14, 0, "balance", "member number 4"},
};

CASE(an_honest_ledger_passes)
{
    struct ledger *ledger = ledger_open();
    struct verify_node node = audit_served(ledger, buffer_bytes(&ledger->charter_bytes));
    REQUIRE(node.audit != NULL);
    CHECK_INT(first_finding(&node).code, AUDIT_CODE_COUNT);
    CHECK_TEXT(node.trouble, "");
    CHECK_INT(verify_good(&node, 1), 1);
    struct audit_counts counts = audit_counts_of(node.audit);
    CHECK_INT(counts.records, 311);
    CHECK_INT(counts.heights, 9);
    CHECK_INT(counts.batches, 21);
    CHECK_INT(counts.votes, 27);
    CHECK_INT(counts.tiles, 3);
    CHECK(node.balances_compared);
    CHECK_INT(node.balances, 4);
    verify_node_release(&node);
    ledger_close(ledger);
}

CASE(every_change_is_found_where_it_is)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        struct ledger *ledger = ledger_open();
        row->change(ledger, row->a, row->b);
        struct verify_node node = audit_served(ledger, buffer_bytes(&ledger->charter_bytes));
        struct audit_finding finding = first_finding(&node);
        bool good = verify_good(&node, 1) == 0 && is_of(&finding, row->what) &&
                    strcmp(finding.where, row->where) == 0;
        if (!good)
            printf("%s: found %s at \"%s\" (expected %s, found %s) %s\n", row->name,
                   code_of(&finding), finding.where, finding.expected, finding.found, node.trouble);
        CHECK(good);
        verify_node_release(&node);
        ledger_close(ledger);
    }
    printf("%zu changes\n", ARRAY_SIZE(rows));
}

/* ---- any byte ------------------------------------------------------------------------------ */

static uint64_t seed = SEED;
static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static const char *flip_path;
static size_t flip_at;
static uint8_t flip_by;

static struct buffer flipped(const char *path, struct bytes body)
{
    struct buffer out;
    buffer_init(&out, body.size);
    buffer_append(&out, body);
    if (strcmp(path, flip_path) == 0 && flip_at < out.size)
        out.at[flip_at] ^= flip_by;
    return out;
}

static bool names_record(const char *where, uint64_t index)
{
    unsigned long long first = 0, last = 0;
    const char *at = strstr(where, "(records ");
    if (at && sscanf(at, "(records %llu to %llu)", &first, &last) == 2)
        return index >= first && index <= last;
    at = strstr(where, "record ");
    return at && sscanf(at, "record %llu", &first) == 1 && first == index;
}

static bool names_height(const char *where, uint64_t height)
{
    unsigned long long found = 0;
    return sscanf(where, "height %llu", &found) == 1 && found == height;
}

/* Flips one bit or several of a byte of the document at `path`, and returns the first finding. */
static struct audit_finding flip(const struct ledger *ledger, const char *path, size_t at)
{
    flip_path = path;
    flip_at = at;
    flip_by = (uint8_t)(1 + draw(255));
    served.alter = flipped;
    struct verify_node node = audit_served(ledger, buffer_bytes(&ledger->charter_bytes));
    struct audit_finding finding = first_finding(&node);
    CHECK_INT(verify_good(&node, 1), 0);
    verify_node_release(&node);
    served.alter = NULL;
    return finding;
}

static void check_named(bool good, const struct audit_finding *finding)
{
    if (!good)
        printf("%s byte %zu ^ %02x: found %s at \"%s\"\n", flip_path, flip_at, flip_by,
               code_of(finding), finding->where);
    CHECK(good);
}

CASE(any_byte_of_the_entries_names_its_record)
{
    struct ledger *ledger = ledger_open();
    for (int i = 0; i < check_share(FLIPS); i++) {
        size_t index = draw(ledger->record_count), at = 0;
        for (size_t before = index / TILE_WIDTH * TILE_WIDTH; before < index; before++)
            at += 2 + ledger->records[before].size;
        at += draw(2 + ledger->records[index].size);
        struct audit_finding finding =
            flip(ledger, index < TILE_WIDTH ? "/tile/entries/000" : "/tile/entries/001.p/55", at);
        check_named(names_record(finding.where, index), &finding);
    }
    ledger_close(ledger);
}

CASE(any_byte_of_a_proof_names_its_height)
{
    struct ledger *ledger = ledger_open();
    struct buffer proof;
    buffer_init(&proof, 1 << 20);
    for (int i = 0; i < check_share(FLIPS); i++) {
        size_t height = 1 + draw(ledger->height_count), at = 0;
        for (size_t h = 1; h <= height; h++) {
            buffer_clear(&proof);
            height_encode(&ledger->heights[h - 1], &proof);
            at += h < height ? 4 + proof.size : 0;
        }
        struct audit_finding finding = flip(ledger, "/v1/heights", at + draw(4 + proof.size));
        check_named(names_height(finding.where, height), &finding);
    }
    buffer_release(&proof);
    ledger_close(ledger);
}

CASE(any_byte_of_a_tile_names_its_hash)
{
    struct ledger *ledger = ledger_open();
    static const char *const paths[] = {"/tile/0/000", "/tile/0/001.p/55", "/tile/1/000.p/1"};
    for (int i = 0; i < check_share(FLIPS / 3); i++) {
        size_t tile = draw(3), hash = draw(ledger->tiles[tile].count);
        struct audit_finding finding =
            flip(ledger, paths[tile], hash * HASH_SIZE + draw(HASH_SIZE));
        char where[64];
        snprintf(where, sizeof(where), "tile %u/%llu, hash %zu: ", ledger->tiles[tile].level,
                 (unsigned long long)ledger->tiles[tile].index, hash);
        check_named(strncmp(finding.where, where, strlen(where)) == 0, &finding);
    }
    ledger_close(ledger);
}

CASE(any_byte_of_a_checkpoint_is_found)
{
    struct ledger *ledger = ledger_open();
    for (size_t at = 0; at < ledger->note.size; at += (size_t)(FLIPS / check_share(FLIPS))) {
        struct audit_finding finding = flip(ledger, "/checkpoint", at);
        check_named(strcmp(finding.where, "checkpoint of ada-1") == 0, &finding);
    }
    ledger_close(ledger);
}

/* ---- nodes with each other ----------------------------------------------------------------- */

CASE(two_histories_that_quorums_signed_are_told_apart)
{
    struct ledger *one = ledger_open(), *other = ledger_open_as(0x5a, LEDGER_FORKED);
    struct bytes charter = buffer_bytes(&one->charter_bytes);
    struct verify_node nodes[] = {audit_served(one, charter), audit_served(other, charter)};
    CHECK_INT(verify_good(nodes, 2), 2); /* each by itself */
    CHECK_INT(audit_records(nodes[0].audit), audit_records(nodes[1].audit));
    verify_agreement(nodes, 2);
    CHECK_INT(verify_good(nodes, 2), 1);
    CHECK_INT(first_finding(&nodes[1]).code, AUDIT_SPLIT_ROOT);
    CHECK_TEXT(first_finding(&nodes[1]).where, "root of ada-1 against ada-1 after height 9");
    verify_node_release(&nodes[0]);
    verify_node_release(&nodes[1]);
    ledger_close(one);
    ledger_close(other);
}

CASE(a_node_that_is_behind_agrees)
{
    struct ledger *ahead = ledger_open(), *behind = ledger_open_as(0x5a, LEDGER_BEHIND);
    struct bytes charter = buffer_bytes(&ahead->charter_bytes);
    struct verify_node nodes[] = {audit_served(ahead, charter), audit_served(behind, charter)};
    verify_agreement(nodes, 2);
    CHECK_INT(audit_height(nodes[1].audit), 6);
    CHECK(nodes[1].balances_compared);
    CHECK_INT(verify_good(nodes, 2), 2);
    verify_node_release(&nodes[0]);
    verify_node_release(&nodes[1]);
    ledger_close(ahead);
    ledger_close(behind);
}

/* Too few voters are up to cosign what was decided: no lie, and what certificates prove is audited.
 */
CASE(heights_that_are_not_final_yet_are_audited_too)
{
    struct ledger *ledger = ledger_open();
    const struct audit_past *past = &ledger->past[6];
    ledger->checkpoint.size = past->count;
    ledger->checkpoint.root = past->root;
    ledger->says_size = true;
    ledger_sign_note(ledger, ledger->log_key);
    struct verify_node node = audit_served(ledger, buffer_bytes(&ledger->charter_bytes));
    CHECK_INT(first_finding(&node).code, AUDIT_CODE_COUNT);
    CHECK_INT(audit_height(node.audit), 9);
    CHECK(node.balances_compared && !node.moved);
    verify_node_release(&node);
    ledger_close(ledger);
}

CASE(another_coalition_is_refused)
{
    struct ledger *ours = ledger_open(), *theirs = ledger_open_as(0x5b, LEDGER_WHOLE);
    struct verify_node nodes[] = {
        audit_served(ours, bytes_of(NULL, 0)),
        audit_served(theirs, bytes_of(NULL, 0)),
        audit_served(theirs, buffer_bytes(&ours->charter_bytes)),
    };
    CHECK_INT(verify_good(nodes, 3), 2);
    CHECK(nodes[2].audit == NULL);
    CHECK_INT(nodes[2].trouble_code, ERROR_CONFLICT);
    verify_agreement(nodes, 2);
    CHECK_INT(first_finding(&nodes[1]).code, AUDIT_SPLIT_CHARTER);
    CHECK_TEXT(first_finding(&nodes[1]).expected, "the same charter");
    for (size_t i = 0; i < 3; i++)
        verify_node_release(&nodes[i]);
    ledger_close(ours);
    ledger_close(theirs);
}

int main(void)
{
    printf("seed %d\n", SEED);
    served_init(&served);
    http = http_open(1, 0);
    RUN(an_honest_ledger_passes);
    RUN(every_change_is_found_where_it_is);
    RUN(any_byte_of_the_entries_names_its_record);
    RUN(any_byte_of_a_proof_names_its_height);
    RUN(any_byte_of_a_tile_names_its_hash);
    RUN(any_byte_of_a_checkpoint_is_found);
    RUN(two_histories_that_quorums_signed_are_told_apart);
    RUN(a_node_that_is_behind_agrees);
    RUN(heights_that_are_not_final_yet_are_audited_too);
    RUN(another_coalition_is_refused);
    http_close(http);
    served_release(&served);
    return check_report();
}
