// links: node
#include "check.h"

#include "node/audit.h"
#include "node/model_rules.h"
#include "partners/charter_policy.h"
#include "partners/charter_write.h"
#include "protocol/batch.h"
#include "protocol/codec.h"

/* A small ledger of four partners, made by hand with all of their keys: what the auditor sees. */

enum { HEIGHTS = 5, RECORDS_MAX = 64 };
#define NODES   ((uint16_t)4)
#define SIGNERS ((uint16_t)3)

struct ledger {
    struct charter *charter;
    struct signing_key *keys[NODES];
    struct buffer proofs[HEIGHTS];
    struct buffer records[RECORDS_MAX];
    struct hash leaves[RECORDS_MAX];
    size_t record_count;
    uint64_t first[HEIGHTS], count[HEIGHTS];
};

static struct ledger ledger;

/* ---- making it ----------------------------------------------------------------------------- */

static struct public_key key_of(uint8_t seed)
{
    uint8_t bytes[SEED_SIZE];
    memset(bytes, seed, sizeof(bytes));
    struct signing_key *key = signing_key_from_seed(bytes);
    struct public_key public = signing_key_public(key);
    signing_key_close(key);
    return public;
}

static void fill_node(struct charter *charter, uint16_t i)
{
    static const struct hash no_coalition;
    struct charter_node *node = &charter->nodes[i];
    uint8_t seed[SEED_SIZE];
    memset(seed, 10 + i, sizeof(seed));
    ledger.keys[i] = signing_key_from_seed(seed);
    snprintf(charter->partners[i].name, sizeof(charter->partners[i].name), "partner-%d", i);
    charter->partners[i].governance_key = key_of((uint8_t)(50 + i));
    snprintf(node->name, sizeof(node->name), "node-%d", i);
    snprintf(node->address, sizeof(node->address), "tcp://127.0.0.1:%d", 7100 + i);
    node->partner.v = i;
    node->voter = true;
    node->sign_key = signing_key_public(ledger.keys[i]);
    node->transport_key[0] = 4;
    node->transport_key[1] = (uint8_t)(1 + i);
    node->transport_signature = sign(ledger.keys[i], PURPOSE_TRANSPORT, &no_coalition,
                                     bytes_of(node->transport_key, TRANSPORT_KEY_SIZE));
    struct public_key log_key = key_of((uint8_t)(90 + i));
    struct error error;
    REQUIRE(note_key_make(charter->origin, NOTE_TYPE_ED25519, &log_key, &node->log_key, &error));
    struct public_key cosigner_key = key_of((uint8_t)(130 + i));
    char name[NOTE_NAME_MAX + 1];
    REQUIRE(charter_cosigner_name(charter->origin, node->name, name));
    REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &cosigner_key, &node->cosigner_key, &error));
}

static void fill_policies(struct charter *charter)
{
    charter->rates.face.v = 10000;
    charter->rates.reimbursement.v = 9000;
    charter->policy.reversal = REVERSAL_UNLIMITED;
    charter->policy.deficit_max.v = 1000;
    charter->policy.hold_default_ms = 900000;
    charter->policy.hold_max_ms = 86400000;
    charter->policy.window_ms = UINT64_C(400) * 86400000;
    charter->policy.late_after_ms = 60000;
    charter->policy.clock_bound_ms = 5000;
    charter->limits.batch_bytes = BATCH_PAYLOAD_MAX;
    charter->limits.cut_bytes = CUT_PAYLOAD_MAX;
    charter->limits.lane_cut_bytes = 4 * 1024 * 1024;
    charter->limits.lane_day_bytes = 1024 * 1024 * 1024;
    charter->limits.allocations = ALLOCATIONS_MAX;
    charter->limits.heartbeat_ms = 60000;
    charter->limits.timeout_ms = 1000;
    charter->limits.timeout_delta_ms = 500;
}

static void make_charter(void)
{
    struct charter_partner partners[NODES];
    struct charter_node nodes[NODES];
    struct charter *made = (struct charter *)allocate(1, sizeof(*made));
    struct buffer text;
    struct error error;
    memset(partners, 0, sizeof(partners));
    memset(nodes, 0, sizeof(nodes));
    made->partners = partners;
    made->nodes = nodes;
    made->partner_count = made->node_count = NODES;
    snprintf(made->name, sizeof(made->name), "test");
    snprintf(made->origin, sizeof(made->origin), "test.example/ledger");
    memcpy(made->currency, "EUR", 4);
    made->minor_digits = 2;
    fill_policies(made);
    for (uint16_t i = 0; i < NODES; i++)
        fill_node(made, i);
    buffer_init(&text, CHARTER_SIZE_MAX);
    charter_format(made, &text);
    if (!charter_parse(buffer_bytes(&text), &ledger.charter, NULL, &error))
        printf("%s\n", error.text);
    REQUIRE(ledger.charter);
    buffer_release(&text);
    free(made);
}

/* What lane `lane` wants at height `height`: one member earns everywhere and spends. */
static void put_transactions(struct batch *batch, struct buffer *payload, uint64_t height,
                             uint16_t lane, uint64_t time_ms)
{
    uint32_t count = 1 + (height + lane) % 2;
    for (uint32_t i = 0; i < count; i++) {
        struct transaction transaction = {.at_ms = time_ms};
        char key[32];
        struct buffer bytes;
        snprintf(key, sizeof(key), "%d-%d-%u", (int)height, lane, i);
        transaction.key = bytes_text(key);
        memset(transaction.body.earn.member.at, 7, MEMBER_REF_SIZE);
        if (height == 1) {
            transaction.type = TRANSACTION_ENROL;
        } else if (height == 4 || (height == 3 && lane == 2)) {
            transaction.type = TRANSACTION_REDEEM;
            memset(transaction.body.redeem.member.at, 7, MEMBER_REF_SIZE);
            transaction.body.redeem.points.v = 30;
        } else {
            transaction.type = TRANSACTION_EARN;
            transaction.body.earn.lot_count = 1;
            transaction.body.earn.lots[0].quantity.v = 40 + lane;
        }
        buffer_init(&bytes, TRANSACTION_SIZE_MAX);
        transaction_encode(&transaction, &bytes);
        batch_payload_put(payload, buffer_bytes(&bytes));
        buffer_release(&bytes);
    }
    batch->transaction_count = count;
}

struct making {
    struct state *state;
    struct merkle tree;
    struct cut cut;
    struct lane_head heads[NODES];
    struct audit_height past[HEIGHTS + 1];
};

static void keep_record(struct making *making, const struct record *record)
{
    struct buffer *out = &ledger.records[ledger.record_count];
    buffer_init(out, RECORD_SIZE_MAX);
    record_encode(record, out);
    ledger.leaves[ledger.record_count] = merkle_leaf(buffer_bytes(out));
    merkle_append(&making->tree, &ledger.leaves[ledger.record_count++], NULL, NULL);
}

static void put_certificate(const struct cut *cut, struct buffer *proof)
{
    struct certificate certificate = {.height = cut->height, .cut = cut->id, .count = SIGNERS};
    for (uint16_t i = 0; i < SIGNERS; i++) {
        struct vote vote = {.type = VOTE_PRECOMMIT,
                            .height = cut->height,
                            .cut = cut->id,
                            .valid_round = -1,
                            .voter = {i}};
        vote_sign(&vote, ledger.keys[i], &ledger.charter->coalition);
        certificate.votes[i].voter.v = i;
        certificate.votes[i].signature = vote.signature;
    }
    certificate_put(&certificate, proof);
}

static void put_header(const struct batch *batch, uint64_t first, struct buffer *proof)
{
    struct buffer bytes;
    struct codec_reader reader;
    buffer_init(&bytes, BATCH_SIZE_MAX);
    batch_encode(batch, &bytes);
    codec_reader_init(&reader, buffer_bytes(&bytes));
    codec_get_array(&reader, 3, 3);
    codec_put_array(proof, 3);
    codec_put_bytes(proof, codec_get_bytes(&reader, 1, 256));
    codec_put_bytes(proof, codec_get_bytes(&reader, SIGNATURE_SIZE, SIGNATURE_SIZE));
    codec_put_uint(proof, first);
    buffer_release(&bytes);
}

static void apply_batch(struct making *making, const struct batch *batch)
{
    struct bytes rest = batch->payload;
    struct bytes transaction;
    for (uint32_t position = 0; batch_payload_next(&rest, &transaction); position++) {
        struct record record = {.kind = RECORD_KIND_TRANSACTION,
                                .index = {ledger.record_count},
                                .height = making->cut.height,
                                .time_ms = state_time_ms(making->state),
                                .lane = batch->lane,
                                .sequence = batch->sequence,
                                .position = position,
                                .transaction = transaction};
        record.outcome = state_apply(making->state, batch->lane, record.index, transaction);
        keep_record(making, &record);
    }
}

static void make_height(struct making *making, uint64_t height)
{
    struct batch batches[NODES];
    struct buffer payloads[NODES];
    struct hash previous = making->cut.id;
    uint16_t order[NODES_MAX];
    uint64_t time_ms = UINT64_C(1700000000000) + height * 1000;
    struct audit_height past = height >= 3 ? making->past[height - 2] : (struct audit_height){0};
    making->cut = (struct cut){.coalition = ledger.charter->coalition,
                               .height = height,
                               .previous = previous,
                               .lane_count = NODES,
                               .time_ms = time_ms,
                               .state_digest = past.digest,
                               .record_root = past.root,
                               .record_count = past.records};
    for (uint16_t i = 0; i < NODES; i++) {
        buffer_init(&payloads[i], BATCH_PAYLOAD_MAX);
        batches[i] = (struct batch){.coalition = ledger.charter->coalition,
                                    .lane = {i},
                                    .sequence = height,
                                    .previous = making->heads[i].id,
                                    .created_ms = time_ms};
        put_transactions(&batches[i], &payloads[i], height, i, time_ms);
        batches[i].payload = buffer_bytes(&payloads[i]);
        batch_seal(&batches[i], ledger.keys[i]);
        making->heads[i] = (struct lane_head){.sequence = height, .id = batches[i].id};
        making->cut.lanes[i] = making->heads[i];
    }
    struct buffer cut;
    buffer_init(&cut, CUT_SIZE_MAX);
    cut_encode(&making->cut, &cut);
    struct buffer *proof = &ledger.proofs[height - 1];
    buffer_init(proof, 1024 * 1024);
    codec_put_array(proof, 6);
    codec_put_uint(proof, FORMAT_VERSION);
    codec_put_uint(proof, height);
    codec_put_uint(proof, ledger.record_count);
    put_certificate(&making->cut, proof);
    codec_put_bytes(proof, buffer_bytes(&cut));
    codec_put_array(proof, NODES);
    ledger.first[height - 1] = ledger.record_count;
    state_begin(making->state, &making->cut);
    cut_lane_order(&previous, NODES, order);
    for (uint16_t i = 0; i < NODES; i++) {
        put_header(&batches[order[i]], ledger.record_count, proof);
        apply_batch(making, &batches[order[i]]);
    }
    struct bytes automatic;
    struct record seal = {.kind = RECORD_KIND_SEAL,
                          .index = {ledger.record_count},
                          .height = height,
                          .time_ms = state_time_ms(making->state),
                          .cut = making->cut.id,
                          .transaction_count = ledger.record_count - ledger.first[height - 1]};
    seal.state_digest = state_seal(making->state, &making->cut.id, &automatic);
    seal.automatic = hash_bytes(automatic);
    keep_record(making, &seal);
    ledger.count[height - 1] = ledger.record_count - ledger.first[height - 1];
    making->past[height] = (struct audit_height){.records = ledger.record_count,
                                                 .root = merkle_root(&making->tree),
                                                 .digest = state_digest(making->state)};
    buffer_release(&cut);
    for (uint16_t i = 0; i < NODES; i++)
        buffer_release(&payloads[i]);
}

static void make_ledger(void)
{
    struct making *making = (struct making *)allocate(1, sizeof(*making));
    make_charter();
    making->state = state_open(ledger.charter);
    making->cut.id = ledger.charter->coalition;
    merkle_init(&making->tree);
    for (uint64_t height = 1; height <= HEIGHTS; height++)
        make_height(making, height);
    state_close(making->state);
    free(making);
}

/* ---- auditing it --------------------------------------------------------------------------- */

/* The honest leaves, which fit one unfinished tile. */
static bool honest_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                        struct hash tile_out[TILE_WIDTH], struct error *error)
{
    (void)context;
    if (level != 0 || index != 0 || width > ledger.record_count)
        return error_set(error, ERROR_NOT_FOUND, "no such tile");
    memcpy(tile_out, ledger.leaves, width * sizeof(tile_out[0]));
    return true;
}

static const struct audit_tiles tiles = {.read = honest_tile};

static struct audit *run_audit(void)
{
    struct audit *audit =
        audit_open(ledger.charter, &tiles, naive_open(model_rules(ledger.charter)));
    for (size_t h = 0; h < HEIGHTS; h++) {
        uint64_t first;
        uint64_t count;
        if (!audit_height_begin(audit, buffer_bytes(&ledger.proofs[h]), &first, &count))
            break;
        for (uint64_t i = 0; i < count && first + i < ledger.record_count; i++)
            audit_record(audit, buffer_bytes(&ledger.records[first + i]));
        if (audit_records(audit) != first + count || !audit_height_end(audit))
            break;
    }
    audit_finish(audit);
    return audit;
}

static bool names(const struct audit *audit, const char *what, const char *where)
{
    const struct audit_finding *findings;
    size_t count = audit_findings(audit, &findings);
    for (size_t i = 0; i < count; i++)
        if ((!what || strncmp(audit_code_word(findings[i].code), what, strlen(what)) == 0) &&
            strstr(findings[i].where, where))
            return true;
    return false;
}

static void show(const struct audit *audit)
{
    const struct audit_finding *findings;
    size_t count = audit_findings(audit, &findings);
    for (size_t i = 0; i < count; i++)
        printf("%s at %s: expected %s, found %s\n", audit_code_word(findings[i].code),
               findings[i].where, findings[i].expected, findings[i].found);
}

/* ---- cases --------------------------------------------------------------------------------- */

CASE(a_whole_ledger_has_no_finding)
{
    struct audit *audit = run_audit();
    struct audit_counts counts = audit_counts_of(audit);
    show(audit);
    CHECK_INT(audit_finding_count(audit), 0);
    CHECK_INT(audit_height(audit), HEIGHTS);
    CHECK_INT(counts.records, ledger.record_count);
    CHECK_INT(counts.batches, NODES * HEIGHTS);
    CHECK_INT(counts.votes, SIGNERS * HEIGHTS);
    audit_close(audit);
}

CASE(a_changed_byte_of_a_proof_is_found)
{
    for (size_t h = 0; h < HEIGHTS; h++)
        for (size_t i = h; i < ledger.proofs[h].size; i += HEIGHTS) {
            char height[32];
            snprintf(height, sizeof(height), "height %zu", h + 1);
            ledger.proofs[h].at[i] ^= (uint8_t)(1 << (i / HEIGHTS % 8));
            struct audit *audit = run_audit();
            bool found = audit_finding_count(audit) > 0 && names(audit, NULL, height);
            if (!found)
                printf("height %zu, byte %zu of its proof\n", h + 1, i);
            CHECK(found);
            audit_close(audit);
            ledger.proofs[h].at[i] ^= (uint8_t)(1 << (i / HEIGHTS % 8));
        }
}

CASE(a_changed_byte_of_a_record_is_found_and_the_record_named)
{
    for (size_t r = 0; r < ledger.record_count; r++)
        for (size_t i = r % 5; i < ledger.records[r].size; i += 5) {
            char record[32];
            snprintf(record, sizeof(record), "record %zu", r);
            ledger.records[r].at[i] ^= (uint8_t)(1 << (i / 5 % 8));
            struct audit *audit = run_audit();
            bool found = audit_finding_count(audit) > 0 && names(audit, NULL, record);
            if (!found) {
                printf("record %zu, byte %zu\n", r, i);
                show(audit);
            }
            CHECK(found);
            audit_close(audit);
            ledger.records[r].at[i] ^= (uint8_t)(1 << (i / 5 % 8));
        }
}

CASE(a_changed_hash_of_a_tile_names_the_record_it_covers)
{
    ledger.leaves[9].at[3] ^= 1;
    struct audit *audit = run_audit();
    CHECK_INT(audit_finding_count(audit), 1);
    CHECK(names(audit, "tile", "tile 0/0, hash 9: covers record 9"));
    audit_close(audit);
    ledger.leaves[9].at[3] ^= 1;
}

/* Decodes a proof, changes its certificate, and puts it together again. */
static void replace_certificate(size_t h, const struct certificate *certificate)
{
    struct codec_reader reader;
    struct certificate old;
    struct buffer proof;
    codec_reader_init(&reader, buffer_bytes(&ledger.proofs[h]));
    codec_get_array(&reader, 6, 6);
    codec_get_uint(&reader, UINT16_MAX);
    codec_get_uint(&reader, INT64_MAX);
    codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, &old);
    buffer_init(&proof, 1024 * 1024);
    codec_put_array(&proof, 6);
    codec_put_uint(&proof, FORMAT_VERSION);
    codec_put_uint(&proof, h + 1);
    codec_put_uint(&proof, ledger.first[h]);
    certificate_put(certificate, &proof);
    buffer_append(&proof, bytes_of(reader.at, (size_t)(reader.end - reader.at)));
    buffer_release(&ledger.proofs[h]);
    ledger.proofs[h] = proof;
}

static void get_certificate(size_t h, struct certificate *out)
{
    struct codec_reader reader;
    codec_reader_init(&reader, buffer_bytes(&ledger.proofs[h]));
    codec_get_array(&reader, 6, 6);
    codec_get_uint(&reader, UINT16_MAX);
    codec_get_uint(&reader, INT64_MAX);
    codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, out);
}

CASE(a_certificate_with_one_signature_less_than_a_quorum_is_found)
{
    struct certificate whole;
    get_certificate(2, &whole);
    struct certificate less = whole;
    less.count--;
    replace_certificate(2, &less);
    struct audit *audit = run_audit();
    CHECK(names(audit, "certificate", "height 3: certificate"));
    CHECK_INT(audit_height(audit), 2);
    audit_close(audit);
    replace_certificate(2, &whole);
}

CASE(a_certificate_of_another_height_is_found)
{
    struct certificate whole;
    struct certificate other;
    get_certificate(2, &whole);
    get_certificate(1, &other);
    replace_certificate(2, &other);
    struct audit *audit = run_audit();
    CHECK(names(audit, "certificate", "height 3: certificate"));
    audit_close(audit);
    replace_certificate(2, &whole);
}

CASE(heights_in_another_order_are_found)
{
    struct buffer kept = ledger.proofs[1];
    ledger.proofs[1] = ledger.proofs[2];
    ledger.proofs[2] = kept;
    struct audit *audit = run_audit();
    CHECK(names(audit, "cut", "height 2: cut: height"));
    CHECK_INT(audit_height(audit), 1);
    audit_close(audit);
    kept = ledger.proofs[1];
    ledger.proofs[1] = ledger.proofs[2];
    ledger.proofs[2] = kept;
}

CASE(records_that_change_places_are_found)
{
    struct buffer kept = ledger.records[7];
    ledger.records[7] = ledger.records[8];
    ledger.records[8] = kept;
    struct audit *audit = run_audit();
    CHECK(names(audit, "record", "record 7"));
    audit_close(audit);
    kept = ledger.records[7];
    ledger.records[7] = ledger.records[8];
    ledger.records[8] = kept;
}

CASE(a_proof_that_ends_too_early_is_found_wherever_it_ends)
{
    size_t size = ledger.proofs[1].size;
    for (size_t i = 0; i < size; i += 3) {
        ledger.proofs[1].size = i;
        struct audit *audit = run_audit();
        CHECK(names(audit, "proof", "height 2"));
        audit_close(audit);
    }
    ledger.proofs[1].size = size;
}

CASE(more_findings_than_are_kept_are_counted)
{
    struct audit *audit = audit_open(ledger.charter, NULL, NULL);
    for (int i = 0; i < AUDIT_FINDINGS_MAX + 5; i++)
        audit_found(audit, AUDIT_SPLIT_ROOT, "a", "b", "place %d", i);
    const struct audit_finding *findings;
    CHECK_INT(audit_findings(audit, &findings), AUDIT_FINDINGS_MAX);
    CHECK_INT(audit_finding_count(audit), AUDIT_FINDINGS_MAX + 5);
    audit_close(audit);
}

int main(void)
{
    make_ledger();
    RUN(a_whole_ledger_has_no_finding);
    RUN(a_changed_byte_of_a_proof_is_found);
    RUN(a_changed_byte_of_a_record_is_found_and_the_record_named);
    RUN(a_changed_hash_of_a_tile_names_the_record_it_covers);
    RUN(a_certificate_with_one_signature_less_than_a_quorum_is_found);
    RUN(a_certificate_of_another_height_is_found);
    RUN(heights_in_another_order_are_found);
    RUN(records_that_change_places_are_found);
    RUN(a_proof_that_ends_too_early_is_found_wherever_it_ends);
    RUN(more_findings_than_are_kept_are_counted);
    for (size_t i = 0; i < ledger.record_count; i++)
        buffer_release(&ledger.records[i]);
    for (size_t i = 0; i < HEIGHTS; i++)
        buffer_release(&ledger.proofs[i]);
    for (size_t i = 0; i < NODES; i++)
        signing_key_close(ledger.keys[i]);
    charter_close(ledger.charter);
    return check_report();
}
