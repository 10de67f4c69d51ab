#include "node/audit.h"

#include "protocol/batch.h"
#include "protocol/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 256, STEPS_MAX = CODEC_ITEMS_MAX };

/* A batch of the height under way: what its header says, until its records have come. */
struct step {
    struct bytes header; /* into the proof */
    struct signature signature;
    uint16_t lane;
    uint64_t sequence;
    struct hash id, previous;
    uint32_t transaction_count;
    uint64_t first; /* record index */
};

struct audit {
    const struct charter *charter;
    struct audit_tiles tiles;
    bool has_tiles;
    struct verifier *verifiers[NODES_MAX];
    bool is_voter[NODES_MAX];
    struct state *state;
    struct merkle tree;
    struct cut cut; /* of the height under way, or the last one */
    struct lane_head lanes[NODES_MAX];

    struct buffer proof; /* of the height under way; steps point into it */
    struct step *steps;
    size_t step_count, step_capacity;
    size_t step;       /* whose record comes next; step_count: the seal's turn */
    uint32_t position; /* in it */
    struct buffer payload, scratch;
    uint64_t transactions; /* of this height */
    bool under_way, stopped;

    struct audit_height *heights;
    size_t height_count, height_capacity;
    struct audit_finding findings[AUDIT_FINDINGS_MAX];
    size_t finding_count;
    struct audit_counts counts;
};

/* ---- lifecycle ----------------------------------------------------------------------------- */

struct audit *audit_open(const struct charter *charter, const struct audit_tiles *tiles)
{
    struct audit *audit = (struct audit *)allocate(1, sizeof(*audit));
    audit->charter = charter;
    audit->has_tiles = tiles != NULL;
    if (tiles)
        audit->tiles = *tiles;
    for (size_t i = 0; i < charter->node_count; i++) {
        audit->verifiers[i] = verifier_open(&charter->nodes[i].sign_key);
        audit->is_voter[i] = charter->nodes[i].voter;
    }
    audit->state = state_open(charter);
    merkle_init(&audit->tree);
    audit->cut.id = charter->coalition;
    buffer_init(&audit->proof, BATCH_SIZE_MAX * 16);
    buffer_init(&audit->payload, BATCH_PAYLOAD_MAX);
    buffer_init(&audit->scratch, BATCH_SIZE_MAX);
    return audit;
}

void audit_close(struct audit *audit)
{
    if (!audit)
        return;
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(audit->verifiers[i]);
    state_close(audit->state);
    buffer_release(&audit->proof);
    buffer_release(&audit->payload);
    buffer_release(&audit->scratch);
    free(audit->steps);
    free(audit->heights);
    free(audit);
}

/* ---- findings ------------------------------------------------------------------------------ */

void audit_found(struct audit *audit, const char *what, const char *expected, const char *found,
                 const char *where, ...)
{
    size_t place = audit->finding_count++;
    if (place >= AUDIT_FINDINGS_MAX)
        return;
    struct audit_finding *finding = &audit->findings[place];
    finding->what = what;
    snprintf(finding->expected, sizeof(finding->expected), "%s", expected);
    snprintf(finding->found, sizeof(finding->found), "%s", found);
    va_list arguments;
    va_start(arguments, where);
    vsnprintf(finding->where, sizeof(finding->where), where, arguments);
    va_end(arguments);
}

static void found_hash(struct audit *audit, const char *what, const struct hash *expected,
                       const struct hash *found, const char *where)
{
    char want[HASH_HEX_SIZE + 1];
    char have[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(expected), want);
    hex_encode(hash_as_bytes(found), have);
    audit_found(audit, what, want, have, "%s", where);
}

static void found_number(struct audit *audit, const char *what, uint64_t expected, uint64_t found,
                         const char *where)
{
    char want[32];
    char have[32];
    snprintf(want, sizeof(want), "%llu", (unsigned long long)expected);
    snprintf(have, sizeof(have), "%llu", (unsigned long long)found);
    audit_found(audit, what, want, have, "%s", where);
}

/* "height 7: lane of books, sequence 12", and the like: a text for `where`. */
struct place {
    char text[AUDIT_TEXT_MAX];
};
static struct place place_of(const char *format, ...) PRINTF_LIKE(1, 2);
static struct place place_of(const char *format, ...)
{
    struct place place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(place.text, sizeof(place.text), format, arguments);
    va_end(arguments);
    return place;
}

static struct place place_of_step(const struct audit *audit, const struct step *step)
{
    return place_of("height %llu: lane of %s, batch %llu (records %llu to %llu)",
                    (unsigned long long)audit->cut.height, audit->charter->nodes[step->lane].name,
                    (unsigned long long)step->sequence, (unsigned long long)step->first,
                    (unsigned long long)(step->first + step->transaction_count - 1));
}

static bool same_hash(struct audit *audit, const char *what, const struct hash *expected,
                      const struct hash *found, const char *where)
{
    if (hash_equal(expected, found))
        return true;
    found_hash(audit, what, expected, found, where);
    return false;
}

static bool same_number(struct audit *audit, const char *what, uint64_t expected, uint64_t found,
                        const char *where)
{
    if (expected != found)
        found_number(audit, what, expected, found, where);
    return expected == found;
}

/* ---- a height's proof ---------------------------------------------------------------------- */

/* As much of a batch header as is needed before its records have come; the rest is checked when
 * the batch can be rebuilt. */
static bool step_decode(struct step *step, size_t node_count, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, step->header);
    codec_get_array(&reader, 9, 9);
    codec_get_uint(&reader, UINT16_MAX);
    codec_get_bytes(&reader, HASH_SIZE, HASH_SIZE);
    step->lane = (uint16_t)codec_get_uint(&reader, node_count - 1);
    step->sequence = codec_get_uint(&reader, INT64_MAX);
    codec_get_fixed(&reader, step->previous.at, HASH_SIZE);
    codec_get_uint(&reader, TIME_MS_MAX);
    step->transaction_count = (uint32_t)codec_get_uint(&reader, BATCH_TRANSACTIONS_MAX);
    codec_get_uint(&reader, BATCH_PAYLOAD_MAX);
    codec_get_bytes(&reader, HASH_SIZE, HASH_SIZE);
    step->id = hash_bytes(step->header);
    return codec_finish(&reader, "batch header", error);
}

static bool steps_decode(struct audit *audit, struct codec_reader *reader, struct error *error)
{
    audit->step_count = 0;
    size_t count = codec_get_array(reader, 0, STEPS_MAX);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        audit->steps = (struct step *)array_grow(audit->steps, &audit->step_capacity, i + 1,
                                                 sizeof(*audit->steps));
        struct step *step = &audit->steps[i];
        codec_get_array(reader, 3, 3);
        step->header = codec_get_bytes(reader, 1, HEADER_MAX);
        codec_get_fixed(reader, step->signature.at, SIGNATURE_SIZE);
        step->first = codec_get_uint(reader, INT64_MAX);
        if (reader->failed)
            break;
        if (!step_decode(step, audit->charter->node_count, error))
            return false;
        audit->step_count = i + 1;
    }
    return true;
}

/* [version, height, first record index, certificate, cut, [[header, signature, first]...]] */
static bool proof_decode(struct audit *audit, struct certificate *certificate, struct cut *cut,
                         uint64_t *first_out, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, buffer_bytes(&audit->proof));
    codec_get_array(&reader, 6, 6);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    uint64_t height = codec_get_uint(&reader, INT64_MAX);
    *first_out = codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, certificate);
    struct bytes cut_bytes = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    if (!reader.failed && !cut_decode(cut_bytes, cut, error))
        return false;
    if (!reader.failed && height != cut->height)
        codec_fail(&reader, "its height is not its cut's");
    return steps_decode(audit, &reader, error) && codec_finish(&reader, "height proof", error);
}

static bool certificate_holds(struct audit *audit, const struct certificate *certificate,
                              const struct cut *cut)
{
    const struct charter *charter = audit->charter;
    struct error error;
    struct place place = place_of("height %llu: certificate", (unsigned long long)cut->height);
    struct place height = place_of("%s: height", place.text);
    struct place of = place_of("%s: cut", place.text);
    if (!same_number(audit, "certificate", cut->height, certificate->height, height.text) ||
        !same_hash(audit, "certificate", &cut->id, &certificate->cut, of.text))
        return false;
    const struct verifier *verifiers[NODES_MAX];
    memcpy(verifiers, audit->verifiers, sizeof(verifiers));
    size_t quorum = quorum_size(charter->voter_count);
    if (!certificate_verify(certificate, &charter->coalition, verifiers, audit->is_voter,
                            charter->node_count, quorum, &error)) {
        char want[64];
        snprintf(want, sizeof(want), "%zu valid signatures of voters", quorum);
        audit_found(audit, "certificate", want, error.text, "%s", place.text);
        return false;
    }
    audit->counts.votes += certificate->count;
    return true;
}

/* The cut repeats what every voter had after height - 2. */
static bool cut_past_holds(struct audit *audit, const struct cut *cut, const char *where)
{
    struct audit_height past = {0};
    if (cut->height >= 3)
        past = audit->heights[cut->height - 3]; /* heights[h - 1] is height h */
    struct place count = place_of("%s: record count", where);
    struct place digest = place_of("%s: state digest", where);
    struct place root = place_of("%s: record root", where);
    return same_number(audit, "cut", past.records, cut->record_count, count.text) &&
           same_hash(audit, "cut", &past.digest, &cut->state_digest, digest.text) &&
           same_hash(audit, "cut", &past.root, &cut->record_root, root.text);
}

static bool cut_holds(struct audit *audit, const struct cut *cut)
{
    const struct charter *charter = audit->charter;
    /* The height that is due, not the one that it claims. */
    struct place place = place_of("height %zu: cut", audit->height_count + 1);
    struct place height = place_of("%s: height", place.text);
    struct place coalition = place_of("%s: coalition", place.text);
    struct place previous = place_of("%s: previous cut", place.text);
    struct place lanes = place_of("%s: number of lanes", place.text);
    struct place evidence = place_of("%s: evidence", place.text);
    if (!same_number(audit, "cut", audit->height_count + 1, cut->height, height.text) ||
        !same_hash(audit, "cut", &charter->coalition, &cut->coalition, coalition.text) ||
        !same_hash(audit, "cut", &audit->cut.id, &cut->previous, previous.text) ||
        !same_number(audit, "cut", charter->node_count, cut->lane_count, lanes.text) ||
        !same_number(audit, "cut", 0, cut->evidence_count, evidence.text))
        return false;
    if (audit->height_count && cut->time_ms <= audit->cut.time_ms) {
        audit_found(audit, "cut", "a time later than the last cut's", "an earlier one", "%s: time",
                    place.text);
        return false;
    }
    return cut_past_holds(audit, cut, place.text);
}

/* ---- lanes and order ----------------------------------------------------------------------- */

static bool step_chains(struct audit *audit, const struct step *step, struct lane_head *head,
                        uint64_t first)
{
    struct place place = place_of_step(audit, step);
    if (step->transaction_count == 0) {
        audit_found(audit, "batch", "at least one transaction", "none", "%s", place.text);
        return false;
    }
    /* First of all: a changed header is named itself, and not the one after, whose link breaks. */
    const struct verifier *verifier = audit->verifiers[step->lane];
    if (!verifier || !verify(verifier, PURPOSE_BATCH, &audit->charter->coalition,
                             hash_as_bytes(&step->id), &step->signature)) {
        audit_found(audit, "batch", "the lane owner's signature", "one that does not hold", "%s",
                    place.text);
        return false;
    }
    struct place sequence = place_of("%s: sequence", place.text);
    struct place previous = place_of("%s: previous batch", place.text);
    struct place record = place_of("%s: first record", place.text);
    if (!same_number(audit, "lane", head->sequence + 1, step->sequence, sequence.text) ||
        !same_hash(audit, "lane", &head->id, &step->previous, previous.text) ||
        !same_number(audit, "order", first, step->first, record.text))
        return false;
    *head = (struct lane_head){.sequence = step->sequence, .id = step->id};
    return true;
}

/* Rule 12: lanes permuted by the previous cut, then one batch of each in turn; and each lane goes
 * from its last decided head to the one that the cut names. */
static bool steps_hold(struct audit *audit, const struct cut *cut, uint64_t first)
{
    uint16_t order[NODES_MAX];
    struct lane_head heads[NODES_MAX];
    memcpy(heads, audit->lanes, sizeof(heads));
    cut_lane_order(&cut->previous, cut->lane_count, order);
    size_t next = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint16_t i = 0; i < cut->lane_count; i++) {
            uint16_t lane = order[i];
            if (heads[lane].sequence >= cut->lanes[lane].sequence)
                continue;
            struct place place = place_of("height %llu: batch %zu in order of execution",
                                          (unsigned long long)cut->height, next + 1);
            const struct step *step = next < audit->step_count ? &audit->steps[next++] : NULL;
            if (!step) {
                audit_found(audit, "order", audit->charter->nodes[lane].name, "no more batches",
                            "%s", place.text);
                return false;
            }
            if (step->lane != lane) {
                audit_found(audit, "order", audit->charter->nodes[lane].name,
                            audit->charter->nodes[step->lane].name, "%s", place.text);
                return false;
            }
            if (!step_chains(audit, step, &heads[lane], first))
                return false;
            first += step->transaction_count;
            moved = true;
        }
    }
    for (uint16_t lane = 0; lane < cut->lane_count; lane++) {
        struct place place =
            place_of("height %llu: lane of %s: head", (unsigned long long)cut->height,
                     audit->charter->nodes[lane].name);
        if (!same_number(audit, "lane", cut->lanes[lane].sequence, heads[lane].sequence,
                         place.text) ||
            !same_hash(audit, "lane", &cut->lanes[lane].id, &heads[lane].id, place.text))
            return false;
    }
    memcpy(audit->lanes, heads, sizeof(heads));
    struct place place = place_of("height %llu: batches", (unsigned long long)cut->height);
    return same_number(audit, "order", next, audit->step_count, place.text);
}

static bool proof_holds(struct audit *audit, uint64_t *first_out)
{
    struct certificate *certificate = (struct certificate *)allocate(1, sizeof(*certificate));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    struct error error;
    bool ok = proof_decode(audit, certificate, cut, first_out, &error);
    if (!ok)
        audit_found(audit, "proof", "a height proof", error.text, "height %zu",
                    audit->height_count + 1);
    struct place place = place_of("height %zu: first record", audit->height_count + 1);
    ok = ok && cut_holds(audit, cut) && certificate_holds(audit, certificate, cut) &&
         same_number(audit, "order", audit->tree.size, *first_out, place.text);
    if (ok) {
        audit->cut.height = cut->height; /* for places in texts */
        ok = steps_hold(audit, cut, *first_out);
    }
    if (ok)
        audit->cut = *cut;
    free(certificate);
    free(cut);
    return ok;
}

bool audit_height_begin(struct audit *audit, struct bytes proof, uint64_t *first_out,
                        uint64_t *count_out)
{
    must(!audit->under_way);
    if (audit->stopped)
        return false;
    buffer_clear(&audit->proof);
    buffer_append(&audit->proof, proof);
    if (audit->proof.overflowed) {
        audit_found(audit, "proof", "a height proof", "one that is too large", "height %zu",
                    audit->height_count + 1);
        audit->stopped = true;
        return false;
    }
    if (!proof_holds(audit, first_out)) {
        audit->stopped = true;
        return false;
    }
    *count_out = 1; /* the seal */
    for (size_t i = 0; i < audit->step_count; i++)
        *count_out += audit->steps[i].transaction_count;
    audit->step = 0;
    audit->position = 0;
    audit->transactions = 0;
    buffer_clear(&audit->payload);
    audit->under_way = true;
    state_begin(audit->state, audit->cut.height, audit->cut.time_ms);
    return true;
}

/* ---- records ------------------------------------------------------------------------------- */

/* A changed hash names its record; a hash above the leaves names what it covers. */
static void compare_tile(struct audit *audit, uint32_t level, uint64_t index,
                         const struct hash *own, uint32_t count)
{
    struct hash served[TILE_WIDTH];
    struct error error;
    struct place place = place_of("tile %u/%llu", level, (unsigned long long)index);
    audit->counts.tiles++;
    if (!audit->tiles.read(audit->tiles.context, level, index, count, served, &error)) {
        audit_found(audit, "tile", "to be read", error.text, "%s", place.text);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!hash_equal(&own[i], &served[i])) {
            uint64_t covers = (index * TILE_WIDTH + i) << (8 * (level & 7));
            struct place hash = place_of("%s, hash %u: covers record %llu%s", place.text, i,
                                         (unsigned long long)covers, level ? " and on" : "");
            found_hash(audit, "tile", &own[i], &served[i], hash.text);
            return;
        }
}

static void on_full_tile(void *context, uint32_t level, uint64_t index,
                         const struct hash tile[TILE_WIDTH])
{
    struct audit *audit = (struct audit *)context;
    if (audit->has_tiles)
        compare_tile(audit, level, index, tile, TILE_WIDTH);
}

static void append_leaf(struct audit *audit, struct bytes record)
{
    struct hash leaf = merkle_leaf(record);
    merkle_append(&audit->tree, &leaf, on_full_tile, audit);
    audit->counts.records++;
}

/* The records' transactions are exactly what the lane's owner signed. */
static void end_batch(struct audit *audit, const struct step *step)
{
    struct place place = place_of_step(audit, step);
    struct error error;
    struct batch batch;
    buffer_clear(&audit->scratch);
    codec_put_array(&audit->scratch, 3);
    codec_put_bytes(&audit->scratch, step->header);
    codec_put_bytes(&audit->scratch, bytes_of(step->signature.at, SIGNATURE_SIZE));
    codec_put_bytes(&audit->scratch, buffer_bytes(&audit->payload));
    audit->counts.batches++;
    if (audit->payload.overflowed || audit->scratch.overflowed) {
        audit_found(audit, "batch", "the batch that was signed", "more bytes than a batch has",
                    "%s", place.text);
    } else if (!batch_decode(buffer_bytes(&audit->scratch), &batch, &error)) {
        audit_found(audit, "batch", "the batch that was signed", error.text, "%s", place.text);
    } else if (!hash_equal(&batch.coalition, &audit->charter->coalition)) {
        audit_found(audit, "batch", "a batch of this coalition", "another's", "%s", place.text);
    }
    buffer_clear(&audit->payload);
}

struct record_number {
    const char *name;
    uint64_t own, given;
};

/* Names the first number that differs. */
static bool compare_numbers(struct audit *audit, const char *what, const struct place *place,
                            const struct record_number *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct place field = place_of("%s: %s", place->text, numbers[i].name);
        if (!same_number(audit, what, numbers[i].own, numbers[i].given, field.text))
            return false;
    }
    return true;
}

static bool compare_common(struct audit *audit, const struct place *place, const struct record *own,
                           const struct record *given)
{
    const struct record_number numbers[] = {{"index", own->index.v, given->index.v},
                                            {"height", own->height, given->height},
                                            {"time", own->time_ms, given->time_ms},
                                            {"kind", (uint64_t)own->kind, (uint64_t)given->kind}};
    return compare_numbers(audit, "record", place, numbers, ARRAY_SIZE(numbers));
}

static void compare_transaction(struct audit *audit, const struct place *place,
                                const struct record *own, const struct record *given)
{
    const struct record_number numbers[] = {{"lane", own->lane.v, given->lane.v},
                                            {"sequence", own->sequence, given->sequence},
                                            {"position", own->position, given->position}};
    if (!compare_numbers(audit, "record", place, numbers, ARRAY_SIZE(numbers)))
        return;
    if (own->outcome.verdict != given->outcome.verdict)
        audit_found(audit, "record", verdict_word(own->outcome.verdict),
                    verdict_word(given->outcome.verdict), "%s: verdict", place->text);
    else if (own->outcome.late != given->outcome.late)
        audit_found(audit, "record", own->outcome.late ? "late" : "in time",
                    given->outcome.late ? "late" : "in time", "%s: late", place->text);
    else
        audit_found(audit, "record", "what the replay gives", "others", "%s: effects", place->text);
}

static void compare_seal(struct audit *audit, const struct place *place, const struct record *own,
                         const struct record *given)
{
    struct place cut = place_of("%s: cut", place->text);
    struct place digest = place_of("%s: state digest", place->text);
    struct place count = place_of("%s: number of transactions", place->text);
    struct place automatic = place_of("%s: effects of time", place->text);
    if (!same_hash(audit, "seal", &own->cut, &given->cut, cut.text) ||
        !same_hash(audit, "seal", &own->state_digest, &given->state_digest, digest.text) ||
        !same_number(audit, "seal", own->transaction_count, given->transaction_count, count.text) ||
        !same_hash(audit, "seal", &own->automatic, &given->automatic, automatic.text))
        return;
    audit_found(audit, "seal", "no state root", "one", "%s: state root", place->text);
}

/* What the ledger must say: compared byte by byte, explained by field. */
static void compare_record(struct audit *audit, const struct record *own, struct bytes given,
                           const struct record *decoded)
{
    if (decoded->kind == 0) /* did not decode: said already */
        return;
    buffer_clear(&audit->scratch);
    record_encode(own, &audit->scratch);
    if (bytes_equal(buffer_bytes(&audit->scratch), given))
        return;
    struct place place = place_of("height %llu: record %llu", (unsigned long long)own->height,
                                  (unsigned long long)own->index.v);
    if (!compare_common(audit, &place, own, decoded))
        return;
    if (own->kind == RECORD_KIND_SEAL)
        compare_seal(audit, &place, own, decoded);
    else
        compare_transaction(audit, &place, own, decoded);
}

static void check_transaction(struct audit *audit, struct bytes bytes, const struct record *given)
{
    struct step *step = &audit->steps[audit->step];
    struct record own = {.kind = RECORD_KIND_TRANSACTION,
                         .index = {audit->tree.size},
                         .height = audit->cut.height,
                         .time_ms = state_time_ms(audit->state),
                         .lane = {step->lane},
                         .sequence = step->sequence,
                         .position = audit->position,
                         .transaction = given->transaction};
    own.outcome = state_apply(audit->state, own.lane, own.index, own.transaction);
    compare_record(audit, &own, bytes, given);
    batch_payload_put(&audit->payload, given->transaction);
    audit->transactions++;
    audit->counts.transactions++;
    if (++audit->position < step->transaction_count)
        return;
    end_batch(audit, step);
    audit->step++;
    audit->position = 0;
}

static void check_seal(struct audit *audit, struct bytes bytes, const struct record *given)
{
    struct bytes automatic;
    struct record own = {.kind = RECORD_KIND_SEAL,
                         .index = {audit->tree.size},
                         .height = audit->cut.height,
                         .time_ms = state_time_ms(audit->state),
                         .cut = audit->cut.id,
                         .transaction_count = audit->transactions};
    own.state_digest = state_seal(audit->state, &audit->cut.id, &automatic);
    own.automatic = hash_bytes(automatic);
    compare_record(audit, &own, bytes, given);
    audit->step++;
}

void audit_record(struct audit *audit, struct bytes record)
{
    must(audit->under_way && audit->step <= audit->step_count);
    struct record decoded;
    struct error error;
    bool wants_seal = audit->step == audit->step_count;
    if (!record_decode(record, &decoded, &error)) {
        memset(&decoded, 0, sizeof(decoded));
        audit_found(audit, "record", "a record", error.text, "height %llu: record %llu",
                    (unsigned long long)audit->cut.height, (unsigned long long)audit->tree.size);
    }
    if (wants_seal)
        check_seal(audit, record, &decoded);
    else
        check_transaction(audit, record, &decoded);
    append_leaf(audit, record);
}

bool audit_height_end(struct audit *audit)
{
    must(audit->under_way && audit->step == audit->step_count + 1);
    audit->heights = (struct audit_height *)array_grow(
        audit->heights, &audit->height_capacity, audit->height_count + 1, sizeof(*audit->heights));
    audit->heights[audit->height_count++] =
        (struct audit_height){.records = audit->tree.size,
                              .root = merkle_root(&audit->tree),
                              .digest = state_digest(audit->state)};
    audit->counts.heights++;
    audit->under_way = false;
    audit->stopped = audit->finding_count > 0;
    return !audit->stopped;
}

void audit_finish(struct audit *audit)
{
    for (uint32_t level = 0; audit->has_tiles && level < MERKLE_LEVEL_MAX; level++) {
        const struct merkle_level *at = &audit->tree.levels[level];
        if (at->count)
            compare_tile(audit, level, at->full_tiles, at->hashes, at->count);
    }
    struct error error;
    if (!audit->under_way && !state_check(audit->state, &error))
        audit_found(audit, "state", "totals that follow from the lots", error.text, "height %zu",
                    audit->height_count);
}

/* ---- asking -------------------------------------------------------------------------------- */

size_t audit_findings(const struct audit *audit, const struct audit_finding **findings_out)
{
    *findings_out = audit->findings;
    return audit->finding_count < AUDIT_FINDINGS_MAX ? audit->finding_count : AUDIT_FINDINGS_MAX;
}

size_t audit_finding_count(const struct audit *audit)
{
    return audit->finding_count;
}

const struct state *audit_state(const struct audit *audit)
{
    return audit->state;
}

uint64_t audit_height(const struct audit *audit)
{
    return audit->height_count;
}

uint64_t audit_records(const struct audit *audit)
{
    return audit->tree.size;
}

struct hash audit_root(const struct audit *audit)
{
    return merkle_root(&audit->tree);
}

const struct audit_height *audit_height_at(const struct audit *audit, uint64_t height)
{
    must(height >= 1 && height <= audit->height_count);
    return &audit->heights[height - 1];
}

struct audit_counts audit_counts_of(const struct audit *audit)
{
    return audit->counts;
}
