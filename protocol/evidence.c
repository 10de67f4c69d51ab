#include "protocol/evidence.h"

#include "protocol/codec.h"
#include "protocol/plant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- encoding ------------------------------------------------------------------------------ */

static void item_put(enum evidence_kind kind, const struct evidence_item *item, struct buffer *out)
{
    struct buffer header;
    switch (kind) {
    case EVIDENCE_PROPOSALS:
        codec_put_array(out, 5);
        codec_put_uint(out, item->proposal.claim.height);
        codec_put_int(out, item->proposal.claim.round);
        codec_put_int(out, item->proposal.claim.valid_round);
        codec_put_bytes(out, hash_as_bytes(&item->proposal.claim.cut));
        codec_put_bytes(out, bytes_of(item->proposal.signature.at, SIGNATURE_SIZE));
        return;
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        vote_put(&item->vote, out);
        return;
    case EVIDENCE_BATCHES:
        buffer_init(&header, BATCH_HEADER_MAX);
        batch_header_put(&item->batch, &header);
        codec_put_array(out, 2);
        codec_put_bytes(out, buffer_bytes(&header));
        codec_put_bytes(out, bytes_of(item->batch.signature.at, SIGNATURE_SIZE));
        buffer_release(&header);
        return;
    case EVIDENCE_COSIGNATURES:
        cosignature_put(&item->cosignature, out);
        return;
    }
}

static int item_compare(enum evidence_kind kind, const struct evidence_item *a,
                        const struct evidence_item *b)
{
    struct buffer texts[2];
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&texts[i], EVIDENCE_SIZE_MAX);
        item_put(kind, i == 0 ? a : b, &texts[i]);
    }
    size_t size = texts[0].size < texts[1].size ? texts[0].size : texts[1].size;
    int order = memcmp(texts[0].at, texts[1].at, size);
    if (order == 0)
        order = (texts[0].size > texts[1].size) - (texts[0].size < texts[1].size);
    buffer_release(&texts[0]);
    buffer_release(&texts[1]);
    return order;
}

void evidence_make(enum evidence_kind kind, const struct hash *coalition, struct node_id node,
                   const struct evidence_item *a, const struct evidence_item *b,
                   struct evidence *evidence_out)
{
    bool swap =
        kind == EVIDENCE_AMNESIA ? a->vote.type == VOTE_PREVOTE : item_compare(kind, a, b) > 0;
    memset(evidence_out, 0, sizeof(*evidence_out));
    evidence_out->kind = kind;
    evidence_out->coalition = *coalition;
    evidence_out->node = node;
    evidence_out->first = swap ? *b : *a;
    evidence_out->second = swap ? *a : *b;
}

void evidence_encode(const struct evidence *evidence, struct buffer *out)
{
    codec_put_array(out, 6);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, (uint64_t)evidence->kind);
    codec_put_bytes(out, hash_as_bytes(&evidence->coalition));
    codec_put_uint(out, evidence->node.v);
    item_put(evidence->kind, &evidence->first, out);
    item_put(evidence->kind, &evidence->second, out);
}

/* ---- decoding ------------------------------------------------------------------------------ */

static void proposal_item_get(struct codec_reader *reader, struct evidence_item *item)
{
    struct proposal_claim *claim = &item->proposal.claim;
    codec_get_array(reader, 5, 5);
    claim->height = codec_get_uint(reader, INT64_MAX);
    claim->round = (int32_t)codec_get_int(reader, 0, ROUND_MAX);
    claim->valid_round = (int32_t)codec_get_int(reader, -1, ROUND_MAX);
    codec_get_fixed(reader, claim->cut.at, HASH_SIZE);
    codec_get_fixed(reader, item->proposal.signature.at, SIGNATURE_SIZE);
    if (claim->valid_round >= claim->round)
        codec_fail(reader, "valid round is not before the round");
}

static void batch_item_get(struct codec_reader *reader, struct evidence_item *item)
{
    codec_get_array(reader, 2, 2);
    struct bytes header = codec_get_bytes(reader, 1, BATCH_HEADER_MAX);
    struct signature signature = {{0}};
    codec_get_fixed(reader, signature.at, SIGNATURE_SIZE);
    if (reader->failed)
        return;
    if (!batch_header_decode(header, &item->batch, NULL))
        codec_fail(reader, "a batch header is malformed");
    else
        item->batch.signature = signature;
}

static void item_get(enum evidence_kind kind, struct codec_reader *reader,
                     struct evidence_item *item)
{
    switch (kind) {
    case EVIDENCE_PROPOSALS:
        proposal_item_get(reader, item);
        return;
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        vote_get(reader, &item->vote);
        return;
    case EVIDENCE_BATCHES:
        batch_item_get(reader, item);
        return;
    case EVIDENCE_COSIGNATURES:
        cosignature_get(reader, &item->cosignature);
        return;
    }
}

/* The type of vote that the kind has in that place. */
static bool vote_type_fits(enum evidence_kind kind, const struct vote *vote, bool first)
{
    bool precommit = kind == EVIDENCE_PRECOMMITS || (kind == EVIDENCE_AMNESIA && first);
    return vote->type == (precommit ? VOTE_PRECOMMIT : VOTE_PREVOTE);
}

static bool in_order(const struct evidence *evidence)
{
    if (evidence->kind == EVIDENCE_AMNESIA)
        return evidence->first.vote.type == VOTE_PRECOMMIT;
    return item_compare(evidence->kind, &evidence->first, &evidence->second) < 0;
}

bool evidence_decode(struct bytes bytes, struct evidence *evidence_out, struct error *error)
{
    struct codec_reader reader;
    struct evidence evidence;
    memset(&evidence, 0, sizeof(evidence));
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 6, 6);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    uint64_t kind = codec_get_uint(&reader, EVIDENCE_KIND_MAX);
    if (kind < EVIDENCE_PROPOSALS)
        codec_fail(&reader, "unknown kind of evidence");
    codec_get_fixed(&reader, evidence.coalition.at, HASH_SIZE);
    evidence.node.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
    if (!reader.failed) {
        evidence.kind = (enum evidence_kind)kind;
        item_get(evidence.kind, &reader, &evidence.first);
        item_get(evidence.kind, &reader, &evidence.second);
    }
    if (!reader.failed && !in_order(&evidence))
        codec_fail(&reader, "the two do not stand in order");
    if (!codec_finish(&reader, "evidence", error))
        return false;
    *evidence_out = evidence;
    return true;
}

/* ---- judging ------------------------------------------------------------------------------- */

static bool votes_exclude(const struct vote *a, const struct vote *b)
{
    bool same_round = a->round == b->round || PLANTED(PLANT_FRAME);
    return a->height == b->height && same_round && !vote_same_claim(a, b);
}

/* A lock is left only for a valid round at or after it (lines 28 to 30 of the paper). */
static bool forgot(const struct vote *precommit, const struct vote *prevote)
{
    return precommit->height == prevote->height && !precommit->nil && !prevote->nil &&
           !hash_equal(&precommit->cut, &prevote->cut) && prevote->round > precommit->round &&
           prevote->valid_round < precommit->round;
}

static bool proposals_exclude(const struct proposal_claim *a, const struct proposal_claim *b)
{
    return a->height == b->height && a->round == b->round && !proposal_claim_equal(a, b);
}

static bool exclude(const struct evidence *evidence)
{
    const struct evidence_item *a = &evidence->first, *b = &evidence->second;
    switch (evidence->kind) {
    case EVIDENCE_PROPOSALS:
        return proposals_exclude(&a->proposal.claim, &b->proposal.claim);
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
        return votes_exclude(&a->vote, &b->vote);
    case EVIDENCE_AMNESIA:
        return forgot(&a->vote, &b->vote);
    case EVIDENCE_BATCHES:
        return a->batch.sequence == b->batch.sequence && !hash_equal(&a->batch.id, &b->batch.id);
    case EVIDENCE_COSIGNATURES:
        return a->cosignature.size == b->cosignature.size &&
               !hash_equal(&a->cosignature.root, &b->cosignature.root);
    }
    return false;
}

/* Both name the node that is accused, and the kind's own things. */
static bool belongs(const struct evidence *evidence, const struct evidence_item *item, bool first)
{
    switch (evidence->kind) {
    case EVIDENCE_PROPOSALS: /* nothing in them names who signed */
        return true;
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        return item->vote.voter.v == evidence->node.v &&
               vote_type_fits(evidence->kind, &item->vote, first);
    case EVIDENCE_BATCHES:
        return item->batch.lane.v == evidence->node.v &&
               hash_equal(&item->batch.coalition, &evidence->coalition);
    case EVIDENCE_COSIGNATURES:
        return item->cosignature.node.v == evidence->node.v;
    }
    return false;
}

static bool is_signed(const struct evidence *evidence, const struct evidence_item *item,
                      const struct evidence_keys *keys)
{
    const struct verifier *signer = keys->signers[evidence->node.v];
    switch (evidence->kind) {
    case EVIDENCE_PROPOSALS:
        return proposal_claim_verify(&item->proposal.claim, &item->proposal.signature, signer,
                                     keys->coalition);
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        return vote_verify(&item->vote, signer, keys->coalition);
    case EVIDENCE_BATCHES:
        return batch_verify(&item->batch, signer);
    case EVIDENCE_COSIGNATURES:
        return cosignature_verify(&item->cosignature, keys->cosigners[evidence->node.v],
                                  keys->origin);
    }
    return false;
}

bool evidence_verify(const struct evidence *evidence, const struct evidence_keys *keys,
                     struct error *error)
{
    if (!hash_equal(&evidence->coalition, keys->coalition))
        return error_set(error, ERROR_INVALID, "it is of another coalition");
    if (evidence->node.v >= keys->node_count)
        return error_set(error, ERROR_INVALID, "the charter has no node %u", evidence->node.v);
    if (!belongs(evidence, &evidence->first, true) || !belongs(evidence, &evidence->second, false))
        return error_set(error, ERROR_INVALID, "it is not about node %u, or of another kind",
                         evidence->node.v);
    if (!exclude(evidence))
        return error_set(error, ERROR_INVALID, "the two do not exclude each other");
    if (!is_signed(evidence, &evidence->first, keys))
        return error_set(error, ERROR_INVALID, "the first signature is not node %u's",
                         evidence->node.v);
    if (!is_signed(evidence, &evidence->second, keys))
        return error_set(error, ERROR_INVALID, "the second signature is not node %u's",
                         evidence->node.v);
    return true;
}

/* ---- words --------------------------------------------------------------------------------- */

struct evidence_place evidence_place(const struct evidence *evidence)
{
    const struct evidence_item *item = &evidence->second;
    switch (evidence->kind) {
    case EVIDENCE_PROPOSALS:
        return (struct evidence_place){item->proposal.claim.height, item->proposal.claim.round};
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        return (struct evidence_place){item->vote.height, item->vote.round};
    case EVIDENCE_BATCHES:
        return (struct evidence_place){item->batch.sequence, -1};
    case EVIDENCE_COSIGNATURES:
        return (struct evidence_place){item->cosignature.size, -1};
    }
    return (struct evidence_place){0, -1};
}

const char *evidence_word(enum evidence_kind kind)
{
    switch (kind) {
#define X(name, number, word, did)                                                                 \
    case name:                                                                                     \
        return word;
        EVIDENCE_KINDS(X)
#undef X
    }
    return "unknown";
}

static const char *what_it_did(enum evidence_kind kind)
{
    switch (kind) {
#define X(name, number, word, did)                                                                 \
    case name:                                                                                     \
        return did;
        EVIDENCE_KINDS(X)
#undef X
    }
    return "did what is unknown";
}

void evidence_words(const struct evidence *evidence, const char *name,
                    char words_out[EVIDENCE_WORDS_SIZE])
{
    struct evidence_place place = evidence_place(evidence);
    const char *did = what_it_did(evidence->kind);
    const char *where = evidence->kind == EVIDENCE_BATCHES ? "at place"
                        : evidence->kind == EVIDENCE_COSIGNATURES
                            ? "of the log's first records, size"
                            : "in height";
    if (place.round < 0)
        (void)snprintf(words_out, EVIDENCE_WORDS_SIZE, "node %s %s %s %" PRIu64 "%s", name, did,
                       where, place.number,
                       evidence->kind == EVIDENCE_BATCHES ? " of its lane" : "");
    else
        (void)snprintf(words_out, EVIDENCE_WORDS_SIZE, "node %s %s %s %" PRIu64 ", round %d", name,
                       did, where, place.number, place.round);
}
