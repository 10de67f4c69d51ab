/* A height's proof: certificate, cut, lanes, and the order of batches. */
#include "node/audit_parts.h"

#include "protocol/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much of a batch header as is needed before its records have come; the rest is checked when
 * the batch can be rebuilt. */
static bool step_decode(struct audit_step *step, size_t node_count, struct error *error)
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
    size_t count = codec_get_array(reader, 0, CODEC_ITEMS_MAX);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        audit->steps = (struct audit_step *)array_grow(audit->steps, &audit->step_capacity, i + 1,
                                                       sizeof(*audit->steps));
        struct audit_step *step = &audit->steps[i];
        codec_get_array(reader, 3, 3);
        step->header = codec_get_bytes(reader, 1, AUDIT_HEADER_MAX);
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
    struct audit_text place =
        audit_text("height %llu: certificate", (unsigned long long)cut->height);
    struct audit_text height = audit_text("%s: height", place.text);
    struct audit_text of = audit_text("%s: cut", place.text);
    if (!audit_same_number(audit, AUDIT_CERTIFICATE, cut->height, certificate->height,
                           height.text) ||
        !audit_same_hash(audit, AUDIT_CERTIFICATE, &cut->id, &certificate->cut, of.text))
        return false;
    const struct verifier *verifiers[NODES_MAX];
    memcpy(verifiers, audit->verifiers, sizeof(verifiers));
    size_t quorum = quorum_size(charter->voter_count);
    if (!certificate_verify(certificate, &charter->coalition, verifiers, audit->is_voter,
                            charter->node_count, quorum, &error)) {
        const struct charter *other = audit_other_voters(audit, certificate);
        char want[64];
        struct audit_text have = other ? audit_text("one by the voters from height %llu on",
                                                    (unsigned long long)other->from_height)
                                       : audit_text("%s", error.text);
        snprintf(want, sizeof(want), "%zu valid signatures of voters", quorum);
        audit_found(audit, other ? AUDIT_CERTIFICATE_CHARTER : AUDIT_CERTIFICATE, want, have.text,
                    "%s", place.text);
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
        past = *audit_height_at(audit, cut->height - 2);
    struct audit_text count = audit_text("%s: record count", where);
    struct audit_text digest = audit_text("%s: state digest", where);
    struct audit_text root = audit_text("%s: record root", where);
    return audit_same_number(audit, AUDIT_CUT_RECORDS, past.records, cut->record_count,
                             count.text) &&
           audit_same_hash(audit, AUDIT_CUT_DIGEST, &past.digest, &cut->state_digest,
                           digest.text) &&
           audit_same_hash(audit, AUDIT_CUT_ROOT, &past.root, &cut->record_root, root.text);
}

static bool cut_holds(struct audit *audit, const struct cut *cut)
{
    const struct charter *charter = audit->charter;
    /* The height that is due, not the one that it claims. */
    struct audit_text place =
        audit_text("height %llu: cut", (unsigned long long)audit_height(audit) + 1);
    struct audit_text height = audit_text("%s: height", place.text);
    struct audit_text coalition = audit_text("%s: coalition", place.text);
    struct audit_text previous = audit_text("%s: previous cut", place.text);
    struct audit_text lanes = audit_text("%s: number of lanes", place.text);
    if (!audit_same_number(audit, AUDIT_CUT_HEIGHT, audit_height(audit) + 1, cut->height,
                           height.text) ||
        !audit_same_hash(audit, AUDIT_CUT_COALITION, &charter->coalition, &cut->coalition,
                         coalition.text) ||
        !audit_same_hash(audit, AUDIT_CUT_PREVIOUS, &audit->cut.id, &cut->previous,
                         previous.text) ||
        !audit_same_number(audit, AUDIT_CUT_LANES, charter->node_count, cut->lane_count,
                           lanes.text) ||
        !audit_evidence_holds(audit, cut, place.text) ||
        !audit_lanes_may_move(audit, cut, place.text))
        return false;
    if (audit_height(audit) && cut->time_ms <= audit->cut.time_ms) {
        audit_found(audit, AUDIT_CUT_TIME, "a time later than the last cut's", "an earlier one",
                    "%s: time", place.text);
        return false;
    }
    return cut_past_holds(audit, cut, place.text);
}

/* ---- lanes and order ----------------------------------------------------------------------- */

static bool step_chains(struct audit *audit, const struct audit_step *step, struct lane_head *head,
                        uint64_t first)
{
    struct audit_text place = audit_step_text(audit, step);
    audit->spot.has_batch = true;
    audit->spot.lane = step->lane;
    audit->spot.sequence = step->sequence;
    if (step->transaction_count == 0) {
        audit_found(audit, AUDIT_BATCH_EMPTY, "at least one transaction", "none", "%s", place.text);
        return false;
    }
    /* First of all: a changed header is named itself, and not the one after, whose link breaks. */
    if (!audit_step_signed(audit, step, place.text))
        return false;
    struct audit_text sequence = audit_text("%s: sequence", place.text);
    struct audit_text previous = audit_text("%s: previous batch", place.text);
    struct audit_text record = audit_text("%s: first record", place.text);
    if (!audit_same_number(audit, AUDIT_LANE_SEQUENCE, head->sequence + 1, step->sequence,
                           sequence.text) ||
        !audit_same_hash(audit, AUDIT_LANE_PREVIOUS, &head->id, &step->previous, previous.text) ||
        !audit_same_number(audit, AUDIT_ORDER_FIRST, first, step->first, record.text))
        return false;
    *head = (struct lane_head){.sequence = step->sequence, .id = step->id};
    audit->spot.has_batch = false;
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
            struct audit_text place = audit_text("height %llu: batch %zu in order of execution",
                                                 (unsigned long long)cut->height, next + 1);
            const struct audit_step *step = next < audit->step_count ? &audit->steps[next++] : NULL;
            if (!step) {
                audit_found(audit, AUDIT_ORDER_BATCHES, audit->charter->nodes[lane].name,
                            "no more batches", "%s", place.text);
                return false;
            }
            if (step->lane != lane) {
                audit_found(audit, AUDIT_ORDER_LANE, audit->charter->nodes[lane].name,
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
        struct audit_text place =
            audit_text("height %llu: lane of %s: head", (unsigned long long)cut->height,
                       audit->charter->nodes[lane].name);
        if (!audit_same_number(audit, AUDIT_LANE_HEAD, cut->lanes[lane].sequence,
                               heads[lane].sequence, place.text) ||
            !audit_same_hash(audit, AUDIT_LANE_HEAD, &cut->lanes[lane].id, &heads[lane].id,
                             place.text))
            return false;
    }
    memcpy(audit->lanes, heads, sizeof(heads));
    struct audit_text place = audit_text("height %llu: batches", (unsigned long long)cut->height);
    return audit_same_number(audit, AUDIT_ORDER_BATCHES, next, audit->step_count, place.text);
}

static void keep_signers(struct audit *audit, const struct certificate *certificate)
{
    audit->signer_count = 0;
    for (size_t i = 0; i < certificate->count; i++)
        if (certificate->votes[i].voter.v < audit->charter->node_count)
            audit->signers[audit->signer_count++] = certificate->votes[i].voter.v;
}

bool audit_proof_holds(struct audit *audit, uint64_t *first_out)
{
    struct certificate *certificate = (struct certificate *)allocate(1, sizeof(*certificate));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    struct error error;
    audit_enter(audit, state_height(audit->state) + 1);
    bool ok = proof_decode(audit, certificate, cut, first_out, &error);
    if (!ok)
        audit_found(audit, AUDIT_PROOF_FORM, "a height proof", error.text, "height %llu",
                    (unsigned long long)audit_height(audit) + 1);
    struct audit_text place =
        audit_text("height %llu: first record", (unsigned long long)audit_height(audit) + 1);
    if (ok)
        keep_signers(audit, certificate);
    ok = ok && cut_holds(audit, cut) && certificate_holds(audit, certificate, cut) &&
         audit_same_number(audit, AUDIT_ORDER_FIRST, audit->tree.size, *first_out, place.text);
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
