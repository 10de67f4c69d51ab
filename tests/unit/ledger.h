/* ledger.h - a small honest ledger for tests, made by the real state machine with real keys, and a
 * node that serves it, or an altered one, over HTTP.
 *
 * Four voters (ada, bob, cyd, dan) and one node that has no vote (eve); every run is the same, so
 * that a test may say "record 17".
 */
#ifndef TESTS_UNIT_LEDGER_H
#define TESTS_UNIT_LEDGER_H

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include "crypto/merkle.h"
#include "protocol/batch.h"
#include "protocol/codec.h"
#include "protocol/vote.h"
#include "unit/coalition.h"

enum {
    LEDGER_NODES = 5, /* founders */
    LEDGER_SEATS = 8, /* with those that join */
    LEDGER_QUORUM = 3,
    LEDGER_HEIGHTS_MAX = 24,
    LEDGER_STEPS_MAX = 8,
    LEDGER_RECORDS_MAX = 512,
    LEDGER_TILES_MAX = 8,
    LEDGER_PAYLOAD_MAX = 64 * 1024
};

/* The whole of it; one whose last height tells another story; one that stopped after height 6; one
 * that ledger_random.h plays; one whose members change (ledger_members.h); one that settles periods
 * (ledger_settlement.h). */
enum ledger_kind {
    LEDGER_WHOLE,
    LEDGER_FORKED,
    LEDGER_BEHIND,
    LEDGER_RANDOM,
    LEDGER_MEMBERS,
    LEDGER_SETTLEMENT,
    LEDGER_RISK,     /* ada holds the collateral of all */
    LEDGER_DEFAULT,  /* likewise, gets fees, and what is not paid is shared */
    LEDGER_CONTRACTS /* another currency, a tax; fees */
};

struct header { /* of a batch, every field as it is encoded */
    uint64_t version;
    struct hash coalition;
    uint64_t lane, sequence;
    struct hash previous;
    uint64_t created_ms, count, size;
    struct hash payload_hash;
};
struct step {
    struct header header;
    struct signature signature;
    uint64_t first;
    struct buffer payload;
};
struct height {
    struct certificate certificate;
    struct cut cut;
    struct step steps[LEDGER_STEPS_MAX];
    size_t step_count;
    struct buffer evidence; /* what the cut holds, if anything */
    uint64_t height, first; /* as the proof says */
    bool dropped;           /* not served */
};
struct tile {
    uint32_t level, count;
    uint64_t index;
    struct hash hashes[TILE_WIDTH];
};
struct ledger {
    struct charter *charter;
    struct buffer charter_bytes;
    struct signing_key *keys[LEDGER_SEATS]; /* that the nodes sign with now */
    struct signing_key *log_key;
    struct height heights[LEDGER_HEIGHTS_MAX]; /* [0] is height 1 */
    size_t height_count;
    struct buffer records[LEDGER_RECORDS_MAX];
    size_t record_count;
    struct tile tiles[LEDGER_TILES_MAX];
    size_t tile_count;
    struct checkpoint checkpoint;
    struct buffer note, balances;
    uint8_t cosigners; /* Q of four voters: no signature too many */
    /* Where members change: who cosigns instead; NULL: the founders above. */
    void (*cosign)(struct ledger *ledger);
    unsigned cosigner_mask;
    bool says_size; /* /v1/coalition tells the size and root of all there is */
    uint64_t balances_height;
    /* while it is being made */
    struct state *state;
    struct merkle tree;
    struct lane_head lanes[LEDGER_SEATS];
    struct buffer evidence; /* of the height under way; empty: none */
    struct audit_past {
        uint64_t count;
        struct hash root, digest;
    } past[LEDGER_HEIGHTS_MAX];
    uint64_t key;
    uint64_t later_ms; /* than a second a height */
    enum ledger_kind kind;
    uint32_t more; /* entries that are served beyond those asked for */
    /* What a dishonest quorum makes of it, before it is signed, hashed and built upon; may be NULL.
     */
    struct ledger_lies {
        void (*header)(struct ledger *ledger, struct header *header);
        void (*cut)(struct ledger *ledger, struct height *height);
        void (*record)(struct ledger *ledger, struct record *record, struct buffer *effects);
        void (*bytes)(struct ledger *ledger, struct buffer *record);
    } lies;
    size_t told;          /* how often one of them lied */
    uint64_t lies_from;   /* height */
    size_t honest_before; /* as many that could be lied about stay as they are */
};

/* ---- pieces -------------------------------------------------------------------------------- */

static inline void header_encode(const struct header *header, struct buffer *out)
{
    codec_put_array(out, 9);
    codec_put_uint(out, header->version);
    codec_put_bytes(out, hash_as_bytes(&header->coalition));
    codec_put_uint(out, header->lane);
    codec_put_uint(out, header->sequence);
    codec_put_bytes(out, hash_as_bytes(&header->previous));
    codec_put_uint(out, header->created_ms);
    codec_put_uint(out, header->count);
    codec_put_uint(out, header->size);
    codec_put_bytes(out, hash_as_bytes(&header->payload_hash));
}

static inline struct hash header_id(const struct header *header)
{
    struct buffer bytes;
    buffer_init(&bytes, 256);
    header_encode(header, &bytes);
    struct hash id = hash_bytes(buffer_bytes(&bytes));
    buffer_release(&bytes);
    return id;
}

static inline void step_sign(const struct ledger *ledger, struct step *step)
{
    struct hash id = header_id(&step->header);
    step->signature = sign(ledger->keys[step->header.lane], PURPOSE_BATCH,
                           &ledger->charter->coalition, hash_as_bytes(&id));
}

/* The cut's id, and precommits of the voters of the mask. */
static inline void height_sign(const struct ledger *ledger, struct height *height, unsigned voters)
{
    struct buffer bytes;
    buffer_init(&bytes, CUT_SIZE_MAX);
    cut_encode(&height->cut, &bytes);
    buffer_release(&bytes);
    struct certificate *certificate = &height->certificate;
    *certificate = (struct certificate){
        .height = height->cut.height, .round = certificate->round, .cut = height->cut.id};
    for (uint16_t i = 0; i < LEDGER_SEATS; i++) {
        struct vote vote = {.type = VOTE_PRECOMMIT,
                            .height = height->cut.height,
                            .round = certificate->round,
                            .cut = height->cut.id,
                            .valid_round = -1,
                            .voter = {i}};
        if (!(voters & 1u << i))
            continue;
        vote_sign(&vote, ledger->keys[i], &ledger->charter->coalition);
        certificate->votes[certificate->count].voter = vote.voter;
        certificate->votes[certificate->count++].signature = vote.signature;
    }
}

/* ---- making it ----------------------------------------------------------------------------- */

static inline struct height *ledger_open_height(struct ledger *ledger)
{
    return &ledger->heights[ledger->height_count];
}

/* Of the height under way. */
static inline uint64_t ledger_now(const struct ledger *ledger)
{
    return START_MS + ledger->height_count * 1000 + ledger->later_ms;
}

/* The next batch of a lane, empty. */
static inline struct step *ledger_batch(struct ledger *ledger, uint16_t lane)
{
    struct height *height = ledger_open_height(ledger);
    REQUIRE(height->step_count < LEDGER_STEPS_MAX);
    struct step *step = &height->steps[height->step_count++];
    step->header = (struct header){.version = FORMAT_VERSION,
                                   .coalition = ledger->charter->coalition,
                                   .lane = lane,
                                   .sequence = height->cut.lanes[lane].sequence + 1,
                                   .previous = height->cut.lanes[lane].id,
                                   .created_ms = ledger_now(ledger) + lane};
    buffer_init(&step->payload, LEDGER_PAYLOAD_MAX);
    return step;
}

static inline void batch_end(struct ledger *ledger, struct step *step)
{
    struct height *height = ledger_open_height(ledger);
    step->header.size = step->payload.size;
    step->header.payload_hash = hash_bytes(buffer_bytes(&step->payload));
    if (ledger->lies.header)
        ledger->lies.header(ledger, &step->header);
    step_sign(ledger, step);
    height->cut.lanes[step->header.lane] =
        (struct lane_head){.sequence = step->header.sequence, .id = header_id(&step->header)};
}

static inline void batch_put(struct ledger *ledger, struct step *step, struct transaction given)
{
    struct buffer bytes;
    char key[32];
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    snprintf(key, sizeof(key), "k%llu", (unsigned long long)ledger->key++);
    if (given.key.size == 0)
        given.key = bytes_text(key);
    if (given.at_ms == 0)
        given.at_ms = ledger_now(ledger);
    transaction_encode(&given, &bytes);
    batch_payload_put(&step->payload, buffer_bytes(&bytes));
    step->header.count++;
    buffer_release(&bytes);
}

static inline void ledger_keep_tile(void *context, uint32_t level, uint64_t index,
                                    const struct hash tile[TILE_WIDTH])
{
    struct ledger *ledger = context;
    REQUIRE(ledger->tile_count < LEDGER_TILES_MAX);
    struct tile *kept = &ledger->tiles[ledger->tile_count++];
    *kept = (struct tile){.level = level, .count = TILE_WIDTH, .index = index};
    memcpy(kept->hashes, tile, TILE_SIZE);
}

static inline void ledger_append(struct ledger *ledger, const struct record *record)
{
    REQUIRE(ledger->record_count < LEDGER_RECORDS_MAX);
    struct buffer *bytes = &ledger->records[ledger->record_count++];
    buffer_init(bytes, RECORD_SIZE_MAX);
    if (ledger->lies.record) {
        struct record told = *record;
        struct buffer effects;
        buffer_init(&effects, RECORD_SIZE_MAX);
        ledger->lies.record(ledger, &told, &effects);
        record_encode(&told, bytes);
        buffer_release(&effects);
    } else {
        record_encode(record, bytes);
    }
    if (ledger->lies.bytes)
        ledger->lies.bytes(ledger, bytes);
    struct hash leaf = merkle_leaf(buffer_bytes(bytes));
    merkle_append(&ledger->tree, &leaf, ledger_keep_tile, ledger);
}

static inline void execute_step(struct ledger *ledger, struct step *step)
{
    struct bytes rest = buffer_bytes(&step->payload), transaction;
    step->first = ledger->tree.size;
    for (uint32_t position = 0; batch_payload_next(&rest, &transaction); position++) {
        struct record record = {.kind = RECORD_KIND_TRANSACTION,
                                .index = {ledger->tree.size},
                                .height = ledger->height_count + 1,
                                .time_ms = state_time_ms(ledger->state),
                                .lane = {(uint16_t)step->header.lane},
                                .sequence = step->header.sequence,
                                .position = position,
                                .transaction = transaction};
        record.outcome = state_apply(ledger->state, record.lane, record.index, transaction);
        ledger_append(ledger, &record);
    }
}

/* Batches come into the order of rule 12: lanes in turn, by the hash of the cut before. */
static inline void order_steps(struct height *height)
{
    uint16_t order[NODES_MAX];
    struct step sorted[LEDGER_STEPS_MAX] = {0};
    bool taken[LEDGER_STEPS_MAX] = {false};
    size_t count = 0;
    cut_lane_order(&height->cut.previous, height->cut.lane_count, order);
    while (count < height->step_count)
        for (size_t lane = 0; lane < height->cut.lane_count; lane++)
            for (size_t i = 0; i < height->step_count; i++)
                if (!taken[i] && height->steps[i].header.lane == order[lane]) {
                    taken[i] = true;
                    sorted[count++] = height->steps[i];
                    break;
                }
    memcpy(height->steps, sorted, sizeof(sorted));
}

/* In force at the height under way, or at the next one. */
static inline const struct charter *ledger_charter(const struct ledger *ledger)
{
    return state_charter_at(ledger->state, ledger->height_count + 1);
}

/* As many voters as are enough, others in turn. */
static inline unsigned ledger_voters(const struct ledger *ledger)
{
    const struct charter *charter = ledger_charter(ledger);
    unsigned voters = 0;
    size_t count = charter->voter_count, skipped = count - quorum_size(count);
    for (size_t i = skipped; i < count; i++)
        voters |= 1u << charter->voters[(ledger->height_count + i) % count];
    return voters;
}

static inline void ledger_begin(struct ledger *ledger)
{
    REQUIRE(ledger->height_count < LEDGER_HEIGHTS_MAX);
    struct height *height = ledger_open_height(ledger);
    size_t done = ledger->height_count;
    height->height = done + 1;
    height->first = ledger->record_count;
    height->cut = (struct cut){.coalition = ledger->charter->coalition,
                               .height = done + 1,
                               .previous = done ? ledger->heights[done - 1].cut.id
                                                : ledger->charter->coalition,
                               .lane_count = (uint16_t)ledger_charter(ledger)->node_count,
                               .time_ms = ledger_now(ledger)};
    memcpy(height->cut.lanes, ledger->lanes, sizeof(ledger->lanes));
    if (done >= 2) {
        height->cut.record_count = ledger->past[done - 2].count;
        height->cut.record_root = ledger->past[done - 2].root;
        height->cut.state_digest = ledger->past[done - 2].digest;
    }
}

/* It lives as long as the cut. */
static inline struct bytes ledger_evidence(struct ledger *ledger, struct height *height)
{
    buffer_init(&height->evidence, EVIDENCE_SIZE_MAX);
    buffer_append(&height->evidence, buffer_bytes(&ledger->evidence));
    buffer_release(&ledger->evidence);
    ledger->evidence = (struct buffer){0};
    return buffer_bytes(&height->evidence);
}

static inline void ledger_end(struct ledger *ledger)
{
    struct height *height = ledger_open_height(ledger);
    size_t done = ledger->height_count;
    order_steps(height);
    if (ledger->evidence.size > 0)
        height->cut.evidence[height->cut.evidence_count++] = ledger_evidence(ledger, height);
    const struct cut honest = height->cut;
    if (ledger->lies.cut)
        ledger->lies.cut(ledger, height);
    height_sign(ledger, height, ledger_voters(ledger));
    state_begin(ledger->state, &honest);
    for (size_t i = 0; i < height->cut.evidence_count; i++) {
        struct evidence evidence;
        REQUIRE(evidence_decode(height->cut.evidence[i], &evidence, NULL));
        state_evidence(ledger->state, &evidence);
    }
    for (size_t i = 0; i < height->step_count; i++)
        execute_step(ledger, &height->steps[i]);
    struct bytes automatic;
    struct record seal = {.kind = RECORD_KIND_SEAL,
                          .index = {ledger->tree.size},
                          .height = done + 1,
                          .time_ms = state_time_ms(ledger->state),
                          .cut = height->cut.id,
                          .transaction_count = ledger->tree.size - height->first};
    seal.state_digest = state_seal(ledger->state, &height->cut.id, &automatic);
    seal.automatic = hash_bytes(automatic);
    ledger_append(ledger, &seal);
    ledger->past[done] = (struct audit_past){.count = ledger->tree.size,
                                             .root = merkle_root(&ledger->tree),
                                             .digest = seal.state_digest};
    memcpy(ledger->lanes, height->cut.lanes, sizeof(ledger->lanes));
    ledger->height_count++;
}

/* One batch of one lane with these transactions. */
static inline void ledger_lane(struct ledger *ledger, uint16_t lane,
                               const struct transaction *transactions, size_t count)
{
    struct step *step = ledger_batch(ledger, lane);
    for (size_t i = 0; i < count; i++)
        batch_put(ledger, step, transactions[i]);
    batch_end(ledger, step);
}
#define LANE(lane, ...)                                                                            \
    ledger_lane(ledger, lane, (const struct transaction[]){__VA_ARGS__},                           \
                sizeof((const struct transaction[]){__VA_ARGS__}) / sizeof(struct transaction))

static inline struct transaction with_key(struct transaction transaction, const char *key)
{
    transaction.key = bytes_text(key);
    return transaction;
}

static inline struct transaction with_document(struct transaction transaction, const char *document)
{
    transaction.document = bytes_text(document);
    return transaction;
}

/* The record that a transaction of batch (height, lane, sequence in the height) became. */
static inline struct record_index record_of(const struct ledger *ledger, size_t height,
                                            uint16_t lane, uint32_t position)
{
    const struct height *at = &ledger->heights[height - 1];
    for (size_t i = 0; i < at->step_count; i++)
        if (at->steps[i].header.lane == lane)
            return (struct record_index){at->steps[i].first + position};
    REQUIRE(!"a lane with a batch in that height");
    return (struct record_index){0};
}

static inline void ledger_play(struct ledger *ledger)
{
    struct transaction pending = tx_earn(3, 70);
    pending.body.earn.lots[0].activates_ms = START_MS + 5500; /* by time alone, at height 7 */
    ledger_begin(ledger);                                     /* height 1 */
    LANE(0, tx_enrol(1), tx_enrol(2));
    LANE(1, tx_enrol(3));
    LANE(4, tx_enrol(4));
    ledger_end(ledger);
    ledger_begin(ledger); /* height 2 */
    LANE(0, with_document(tx_earn(1, 100), "bon 1"), tx_earn(1, 40));
    LANE(1, with_key(tx_earn(2, 200), "once"), tx_earn(3, 30), pending);
    ledger_end(ledger);
    ledger_begin(ledger); /* height 3: two batches of one lane */
    LANE(2, tx_redeem(1, 120), tx_hold(3, 20, 2500), tx_hold(3, 5, 60000));
    LANE(2, tx_redeem(2, 200));
    LANE(1, with_key(tx_earn(2, 200), "once")); /* a repeat */
    ledger_end(ledger);
    ledger_begin(ledger); /* height 4: deficits, and a rest that is waived */
    LANE(0, tx_refund(record_of(ledger, 2, 0, 1), 40));
    LANE(1, tx_refund(record_of(ledger, 2, 1, 0), 200));
    LANE(3, tx_redeem(1, 1000), tx_adjust(4, 15), tx_transfer(4, 3, 5));
    ledger_end(ledger);
    ledger_begin(ledger); /* height 5 */
    LANE(2, tx_commit(record_of(ledger, 3, 2, 2), 0), tx_unredeem(record_of(ledger, 3, 2, 0), 20));
    ledger_end(ledger);
    ledger_begin(ledger); /* height 6: nothing but the heartbeat */
    ledger_end(ledger);
}

static inline void ledger_play_on(struct ledger *ledger)
{
    for (uint32_t h = 0; h < 2; h++) { /* heights 7 and 8: beyond a full tile */
        ledger_begin(ledger);
        for (uint16_t lane = 0; lane < 4; lane++) {
            struct step *step = ledger_batch(ledger, lane);
            for (uint32_t i = 0; i < 35; i++)
                batch_put(ledger, step, tx_earn(1 + (i + lane) % 4, 1 + i));
            batch_end(ledger, step);
        }
        ledger_end(ledger);
    }
    ledger_begin(ledger); /* height 9 */
    LANE(3, tx_redeem(4, ledger->kind == LEDGER_FORKED ? 2 : 1));
    ledger_end(ledger);
}

/* ---- what a node says of it ---------------------------------------------------------------- */

static inline void ledger_sign_note(struct ledger *ledger, const struct signing_key *key)
{
    struct buffer text;
    struct note_key note_key;
    struct public_key public_key = signing_key_public(key);
    REQUIRE(
        note_key_make(ledger->charter->origin, NOTE_TYPE_ED25519, &public_key, &note_key, NULL));
    buffer_init(&text, NOTE_SIZE_MAX);
    checkpoint_format(&ledger->checkpoint, &text);
    buffer_clear(&ledger->note);
    REQUIRE(note_begin(&ledger->note, buffer_bytes(&text), NULL));
    note_sign(&ledger->note, &note_key, key);
    if (ledger->cosign)
        ledger->cosign(ledger);
    for (uint8_t i = 0; i < ledger->cosigners && !ledger->cosign; i++) {
        struct signing_key *cosigner = coalition_key(4, i);
        note_cosign(&ledger->note, &ledger->charter->nodes[i].cosigner_key, cosigner, 1700000000);
        signing_key_close(cosigner);
    }
    buffer_release(&text);
}

static inline void ledger_write_balances(struct ledger *ledger)
{
    struct buffer *out = &ledger->balances;
    uint64_t count = state_member_count(ledger->state);
    buffer_append_text(out, "{\"balances\":[");
    for (uint64_t i = 0; i < count; i++) {
        struct member_ref member = state_member_at(ledger->state, i);
        struct balance balance;
        char text[MEMBER_TEXT_SIZE];
        REQUIRE(state_balance(ledger->state, &member, &balance));
        member_format(&member, text);
        buffer_printf(out,
                      "%s{\"member\":\"%s\",\"spendable\":%lld,\"pending\":%lld,\"held\":%lld,"
                      "\"deficit\":%lld,\"expired_unbooked\":%lld,\"locked\":%s,"
                      "\"enrolled_by\":\"%s\",\"lot_count\":%llu}",
                      i ? "," : "", text, (long long)balance.spendable.v,
                      (long long)balance.pending.v, (long long)balance.held.v,
                      (long long)balance.deficit.v, (long long)balance.expired_unbooked.v,
                      balance.locked ? "true" : "false",
                      ledger->charter->partners[balance.enrolled_by.v].name,
                      (unsigned long long)balance.lot_count);
    }
    buffer_printf(out, "],\"next\":null,\"members\":%llu,\"height\":%zu}",
                  (unsigned long long)count, ledger->height_count);
}

static inline void ledger_keep_rest(struct ledger *ledger)
{
    for (uint32_t level = 0; level < MERKLE_LEVEL_MAX; level++) {
        const struct merkle_level *at = &ledger->tree.levels[level];
        if (at->count == 0)
            continue;
        ledger_keep_tile(ledger, level, at->full_tiles, at->hashes);
        ledger->tiles[ledger->tile_count - 1].count = at->count;
    }
}

/* A limit that charters may leave out, as this one does: each byte of it decides how lanes rank. */
static inline void without_snapshots_limit(struct buffer *json)
{
    static const char name[] = ",\n    \"snapshot_records\": 0";
    char *at = strstr(buffer_text(json), name);
    REQUIRE(at != NULL);
    memmove(at, at + sizeof(name) - 1, strlen(at + sizeof(name) - 1) + 1);
    json->size -= sizeof(name) - 1;
}

/* The charter's last part, and so its defaults hold. */
static inline void without_settlement(struct buffer *json)
{
    static const char end[] = "\n}\n";
    char *at = strstr(buffer_text(json), ",\n  \"settlement\": {");
    REQUIRE(at != NULL);
    memcpy(at, end, sizeof(end));
    json->size = (size_t)(at - buffer_text(json)) + sizeof(end) - 1;
}

/* Another currency, and a tax that contracts may name. */
static inline void with_contracts(struct charter *draft)
{
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "SEK", .minor_digits = 2};
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 1;
    draft->settlement.taxes[0] = (struct charter_tax){"AT-20", 2000};
}

static inline void ledger_found(struct ledger *ledger, uint8_t nonce, enum ledger_kind kind)
{
    bool fees = kind == LEDGER_RANDOM || kind == LEDGER_SETTLEMENT || kind == LEDGER_CONTRACTS;
    bool risk = kind == LEDGER_RISK || kind == LEDGER_DEFAULT;
    struct coalition_spec spec = {.names = {"ada", "bob", "cyd", "dan", "eve"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .operator_name = fees ? "olaf" : NULL,
                                  .issue_fee = fees || kind == LEDGER_DEFAULT ? "400" : "0",
                                  .redemption_fee = kind == LEDGER_RANDOM ? "100" : "0"};
    struct charter *draft = coalition_draft(&spec);
    struct error error = {0};
    draft->nonce[0] = nonce;
    /* Lanes rank by hashes under the coalition's id: with this one as test_verify.c has them. */
    draft->nonce[1] = 0x34;
    draft->nonce[2] = 2;
    draft->nonce[3] = 0;
    draft->nodes[4].voter = false;
    if (kind == LEDGER_CONTRACTS)
        with_contracts(draft);
    draft->policy.deficit_max.v = 50;
    if (risk) {
        draft->partners[0].is_operator = true;
        draft->risk = (struct charter_risk){.on = true,
                                            .haircut_bp = 10000,
                                            .alert_bp = 10000,
                                            .prepaid_bp = 11000,
                                            .refuse_bp = 12500};
    }
    if (kind == LEDGER_DEFAULT) {
        draft->risk.breakage_bp = 10000; /* nobody has to post anything */
        draft->settlement.on_default = DEFAULT_MUTUALISE;
        draft->settlement.dispute_days = 20;
        draft->settlement.default_days = 5;
    }
    buffer_init(&ledger->charter_bytes, CHARTER_SIZE_MAX);
    charter_format(draft, &ledger->charter_bytes);
    without_snapshots_limit(&ledger->charter_bytes);
    if (!risk && kind != LEDGER_CONTRACTS) /* what follows it is cut off too */
        without_settlement(&ledger->charter_bytes);
    bool good = charter_parse(buffer_bytes(&ledger->charter_bytes), &ledger->charter, NULL, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
    charter_close(draft);
}

/* An empty one, to be played and then ended by ledger_serve(). */
static inline struct ledger *ledger_start(uint8_t nonce, enum ledger_kind kind)
{
    struct ledger *ledger = allocate(1, sizeof(*ledger));
    ledger_found(ledger, nonce, kind);
    ledger->kind = kind;
    for (uint8_t i = 0; i < LEDGER_NODES; i++)
        ledger->keys[i] = coalition_key(1, i);
    ledger->log_key = coalition_key(3, 0);
    ledger->state = state_open(ledger->charter);
    merkle_init(&ledger->tree);
    return ledger;
}

static inline void ledger_serve(struct ledger *ledger)
{
    ledger_keep_rest(ledger);
    buffer_init(&ledger->note, NOTE_SIZE_MAX);
    buffer_init(&ledger->balances, 65536);
    snprintf(ledger->checkpoint.origin, sizeof(ledger->checkpoint.origin), "%s",
             ledger->charter->origin);
    ledger->cosigners = 3;
    ledger->checkpoint.size = ledger->tree.size;
    ledger->checkpoint.root = merkle_root(&ledger->tree);
    ledger_sign_note(ledger, ledger->log_key);
    ledger_write_balances(ledger);
}

static inline struct ledger *ledger_open_as(uint8_t nonce, enum ledger_kind kind)
{
    struct ledger *ledger = ledger_start(nonce, kind);
    ledger_play(ledger);
    if (kind != LEDGER_BEHIND)
        ledger_play_on(ledger);
    ledger_serve(ledger);
    return ledger;
}

static inline struct ledger *ledger_open(void)
{
    return ledger_open_as(0x5a, LEDGER_WHOLE);
}

static inline void ledger_close(struct ledger *ledger)
{
    for (size_t h = 0; h < ledger->height_count; h++)
        for (size_t i = 0; i < LEDGER_STEPS_MAX; i++)
            buffer_release(&ledger->heights[h].steps[i].payload);
    for (size_t h = 0; h < ledger->height_count; h++)
        buffer_release(&ledger->heights[h].evidence);
    for (size_t i = 0; i < LEDGER_RECORDS_MAX; i++)
        buffer_release(&ledger->records[i]);
    for (size_t i = 0; i < LEDGER_SEATS; i++)
        signing_key_close(ledger->keys[i]);
    signing_key_close(ledger->log_key);
    state_close(ledger->state);
    charter_close(ledger->charter);
    buffer_release(&ledger->charter_bytes);
    buffer_release(&ledger->note);
    buffer_release(&ledger->balances);
    free(ledger);
}

static inline void height_encode(const struct height *height, struct buffer *out)
{
    struct buffer bytes;
    struct cut cut = height->cut; /* encoding fills in an id: not ours to change here */
    buffer_init(&bytes, CUT_SIZE_MAX);
    cut_encode(&cut, &bytes);
    codec_put_array(out, 6);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, height->height);
    codec_put_uint(out, height->first);
    certificate_put(&height->certificate, out);
    codec_put_bytes(out, buffer_bytes(&bytes));
    codec_put_array(out, height->step_count);
    for (size_t i = 0; i < height->step_count; i++) {
        const struct step *step = &height->steps[i];
        buffer_clear(&bytes);
        header_encode(&step->header, &bytes);
        codec_put_array(out, 3);
        codec_put_bytes(out, buffer_bytes(&bytes));
        codec_put_bytes(out, bytes_of(step->signature.at, SIGNATURE_SIZE));
        codec_put_uint(out, step->first);
    }
    buffer_release(&bytes);
}

/* ---- a node that serves it ----------------------------------------------------------------- */

struct served {
    struct MHD_Daemon *daemon;
    char url[64];
    const struct ledger *ledger;
    struct buffer (*alter)(const char *path, struct bytes body); /* NULL: as it is */
};

static inline void serve_heights(const struct ledger *ledger, uint64_t from, struct buffer *out)
{
    struct buffer proof;
    buffer_init(&proof, 1 << 20);
    for (size_t i = (size_t)from - 1; from > 0 && i < ledger->height_count; i++) {
        uint8_t size[4];
        if (ledger->heights[i].dropped)
            continue;
        buffer_clear(&proof);
        height_encode(&ledger->heights[i], &proof);
        put_u32be(size, (uint32_t)proof.size);
        buffer_append(out, bytes_of(size, sizeof(size)));
        buffer_append(out, buffer_bytes(&proof));
    }
    buffer_release(&proof);
}

static inline void serve_entries(const struct ledger *ledger, uint64_t index, uint32_t width,
                                 struct buffer *out)
{
    for (uint64_t i = index * TILE_WIDTH; i < index * TILE_WIDTH + width + ledger->more; i++) {
        uint8_t size[2];
        if (i >= ledger->record_count)
            return;
        put_u16be(size, (uint16_t)ledger->records[i].size);
        buffer_append(out, bytes_of(size, sizeof(size)));
        buffer_append(out, buffer_bytes(&ledger->records[i]));
    }
}

static inline void serve_hashes(const struct ledger *ledger, uint32_t level, uint64_t index,
                                uint32_t width, struct buffer *out)
{
    for (size_t i = 0; i < ledger->tile_count; i++)
        if (ledger->tiles[i].level == level && ledger->tiles[i].index == index)
            buffer_append(out, bytes_of(ledger->tiles[i].hashes, (size_t)width * HASH_SIZE));
}

static inline void serve_coalition(const struct ledger *ledger, struct buffer *out)
{
    struct hash root = merkle_root(&ledger->tree);
    char text[HASH_BASE64_SIZE + 1];
    base64_encode(hash_as_bytes(&root), text);
    buffer_append_text(out, "{\"node\":\"ada-1\"");
    if (ledger->says_size)
        buffer_printf(out, ",\"records\":%llu,\"root\":\"%s\"",
                      (unsigned long long)ledger->tree.size, text);
    buffer_append_text(out, "}");
}

static inline void serve_path(const struct ledger *ledger, const char *path, const char *from,
                              struct buffer *out)
{
    unsigned level = 0, index = 0, width = TILE_WIDTH;
    if (strcmp(path, "/v1/charter") == 0)
        buffer_append(out, buffer_bytes(&ledger->charter_bytes));
    else if (strcmp(path, "/v1/coalition") == 0)
        serve_coalition(ledger, out);
    else if (strcmp(path, "/checkpoint") == 0)
        buffer_append(out, buffer_bytes(&ledger->note));
    else if (strcmp(path, "/v1/balances") == 0)
        buffer_append(out, buffer_bytes(&ledger->balances));
    else if (strcmp(path, "/v1/heights") == 0)
        serve_heights(ledger, strtoull(from, NULL, 10), out);
    else if (sscanf(path, "/tile/entries/%u.p/%u", &index, &width) >= 1)
        serve_entries(ledger, index, width, out);
    else if (sscanf(path, "/tile/%u/%u.p/%u", &level, &index, &width) >= 2)
        serve_hashes(ledger, level, index, width, out);
}

static inline enum MHD_Result served_answer(void *context, struct MHD_Connection *connection,
                                            const char *url, const char *method,
                                            const char *version, const char *upload,
                                            size_t *upload_size, void **request)
{
    struct served *served = context;
    (void)method, (void)version, (void)upload, (void)upload_size, (void)request;
    const char *from = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "from");
    struct buffer body;
    buffer_init(&body, 8 << 20);
    serve_path(served->ledger, url, from ? from : "1", &body);
    REQUIRE(!body.overflowed);
    unsigned status = body.size || strcmp(url, "/v1/heights") == 0 ? 200 : 404;
    if (served->alter) {
        struct buffer altered = served->alter(url, buffer_bytes(&body));
        buffer_release(&body);
        body = altered;
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.size, body.at, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    buffer_release(&body);
    return queued;
}

static inline void served_init(struct served *served)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *served = (struct served){0};
    served->daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, served_answer, served,
                         MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_END);
    REQUIRE(served->daemon != NULL);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(served->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(served->url, sizeof(served->url), "http://127.0.0.1:%u", (unsigned)info->port);
}

static inline void served_release(struct served *served)
{
    MHD_stop_daemon(served->daemon);
}

#endif
