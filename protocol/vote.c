#include "protocol/vote.h"

#include "protocol/codec.h"

#include <string.h>

enum { TEXT_BYTES_MAX = 128 };

/* ---- votes --------------------------------------------------------------------------------- */

static enum purpose vote_purpose(enum vote_type type)
{
    return type == VOTE_PREVOTE ? PURPOSE_PREVOTE : PURPOSE_PRECOMMIT;
}

static void put_vote_text(const struct vote *vote, struct buffer *out)
{
    codec_put_array(out, 5);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, vote->height);
    codec_put_int(out, vote->round);
    if (vote->nil)
        codec_put_null(out);
    else
        codec_put_bytes(out, hash_as_bytes(&vote->cut));
    codec_put_int(out, vote->valid_round);
}

bool vote_same_claim(const struct vote *a, const struct vote *b)
{
    return a->type == b->type && a->height == b->height && a->round == b->round &&
           a->nil == b->nil && hash_equal(&a->cut, &b->cut) && a->valid_round == b->valid_round;
}

void vote_sign(struct vote *vote, const struct signing_key *key, const struct hash *coalition)
{
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_MAX);
    put_vote_text(vote, &text);
    must(!text.overflowed);
    vote->signature = sign(key, vote_purpose(vote->type), coalition, buffer_bytes(&text));
    buffer_release(&text);
}

bool vote_verify(const struct vote *vote, const struct verifier *verifier,
                 const struct hash *coalition)
{
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_MAX);
    put_vote_text(vote, &text);
    bool good = !text.overflowed && verify(verifier, vote_purpose(vote->type), coalition,
                                           buffer_bytes(&text), &vote->signature);
    buffer_release(&text);
    return good;
}

void vote_put(const struct vote *vote, struct buffer *out)
{
    codec_put_array(out, 7);
    codec_put_uint(out, (uint64_t)vote->type);
    codec_put_uint(out, vote->height);
    codec_put_int(out, vote->round);
    if (vote->nil)
        codec_put_null(out);
    else
        codec_put_bytes(out, hash_as_bytes(&vote->cut));
    codec_put_int(out, vote->valid_round);
    codec_put_uint(out, vote->voter.v);
    codec_put_bytes(out, bytes_of(vote->signature.at, SIGNATURE_SIZE));
}

void vote_get(struct codec_reader *reader, struct vote *vote)
{
    memset(vote, 0, sizeof(*vote));
    codec_get_array(reader, 7, 7);
    uint64_t type = codec_get_uint(reader, VOTE_PRECOMMIT);
    if (type != VOTE_PREVOTE && type != VOTE_PRECOMMIT)
        codec_fail(reader, "unknown type of vote");
    vote->type = type == VOTE_PREVOTE ? VOTE_PREVOTE : VOTE_PRECOMMIT;
    vote->height = codec_get_uint(reader, INT64_MAX);
    vote->round = (int32_t)codec_get_int(reader, 0, ROUND_MAX);
    vote->nil = codec_get_null(reader);
    if (!vote->nil)
        codec_get_fixed(reader, vote->cut.at, HASH_SIZE);
    vote->valid_round = (int32_t)codec_get_int(reader, -1, ROUND_MAX);
    if (vote->valid_round >= 0 &&
        (vote->type != VOTE_PREVOTE || vote->nil || vote->valid_round >= vote->round))
        codec_fail(reader, "a valid round where none can be");
    vote->voter.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    codec_get_fixed(reader, vote->signature.at, SIGNATURE_SIZE);
}

/* ---- proposals ----------------------------------------------------------------------------- */

static void put_claim_text(const struct proposal_claim *claim, struct buffer *out)
{
    codec_put_array(out, 5);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, claim->height);
    codec_put_int(out, claim->round);
    codec_put_int(out, claim->valid_round);
    codec_put_bytes(out, hash_as_bytes(&claim->cut));
}

struct proposal_claim proposal_claim(const struct proposal *proposal)
{
    return (struct proposal_claim){.height = proposal->height,
                                   .round = proposal->round,
                                   .valid_round = proposal->valid_round,
                                   .cut = proposal->cut.id};
}

bool proposal_claim_equal(const struct proposal_claim *a, const struct proposal_claim *b)
{
    return a->height == b->height && a->round == b->round && a->valid_round == b->valid_round &&
           hash_equal(&a->cut, &b->cut);
}

bool proposal_claim_verify(const struct proposal_claim *claim, const struct signature *signature,
                           const struct verifier *verifier, const struct hash *coalition)
{
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_MAX);
    put_claim_text(claim, &text);
    bool good = !text.overflowed &&
                verify(verifier, PURPOSE_PROPOSAL, coalition, buffer_bytes(&text), signature);
    buffer_release(&text);
    return good;
}

void proposal_sign(struct proposal *proposal, const struct signing_key *key,
                   const struct hash *coalition)
{
    struct proposal_claim claim = proposal_claim(proposal);
    struct buffer text;
    buffer_init(&text, TEXT_BYTES_MAX);
    put_claim_text(&claim, &text);
    must(!text.overflowed);
    proposal->signature = sign(key, PURPOSE_PROPOSAL, coalition, buffer_bytes(&text));
    buffer_release(&text);
}

bool proposal_verify(const struct proposal *proposal, const struct verifier *verifier,
                     const struct hash *coalition)
{
    struct proposal_claim claim = proposal_claim(proposal);
    return proposal_claim_verify(&claim, &proposal->signature, verifier, coalition);
}

void proposal_put(const struct proposal *proposal, struct buffer *out)
{
    codec_put_array(out, 7);
    codec_put_uint(out, proposal->height);
    codec_put_int(out, proposal->round);
    codec_put_int(out, proposal->valid_round);
    codec_put_uint(out, proposal->proposer.v);
    codec_put_bytes(out, bytes_of(proposal->signature.at, SIGNATURE_SIZE));
    codec_put_bytes(out, proposal->cut_bytes);
    codec_put_array(out, proposal->proof_count);
    for (size_t i = 0; i < proposal->proof_count; i++)
        vote_put(&proposal->proof[i], out);
}

void proposal_get(struct codec_reader *reader, struct proposal *proposal)
{
    memset(proposal, 0, sizeof(*proposal));
    codec_get_array(reader, 7, 7);
    proposal->height = codec_get_uint(reader, INT64_MAX);
    proposal->round = (int32_t)codec_get_int(reader, 0, ROUND_MAX);
    proposal->valid_round = (int32_t)codec_get_int(reader, -1, ROUND_MAX);
    proposal->proposer.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    codec_get_fixed(reader, proposal->signature.at, SIGNATURE_SIZE);
    proposal->cut_bytes = codec_get_bytes(reader, 1, CUT_SIZE_MAX);
    proposal->proof_count = codec_get_array(reader, 0, VOTERS_MAX);
    for (size_t i = 0; i < proposal->proof_count && !reader->failed; i++)
        vote_get(reader, &proposal->proof[i]);
    if (reader->failed)
        return;
    if (proposal->valid_round >= proposal->round)
        codec_fail(reader, "valid round is not before the round");
    else if ((proposal->valid_round >= 0) != (proposal->proof_count > 0))
        codec_fail(reader, "a valid round and its proof come together");
    else if (!cut_decode(proposal->cut_bytes, &proposal->cut, NULL))
        codec_fail(reader, "the proposal's cut is malformed");
    else if (proposal->cut.height != proposal->height)
        codec_fail(reader, "the cut is of another height");
}

/* ---- certificates -------------------------------------------------------------------------- */

void certificate_put(const struct certificate *certificate, struct buffer *out)
{
    codec_put_array(out, 4);
    codec_put_uint(out, certificate->height);
    codec_put_int(out, certificate->round);
    codec_put_bytes(out, hash_as_bytes(&certificate->cut));
    codec_put_array(out, certificate->count);
    for (size_t i = 0; i < certificate->count; i++) {
        codec_put_array(out, 2);
        codec_put_uint(out, certificate->votes[i].voter.v);
        codec_put_bytes(out, bytes_of(certificate->votes[i].signature.at, SIGNATURE_SIZE));
    }
}

void certificate_get(struct codec_reader *reader, struct certificate *certificate)
{
    memset(certificate, 0, sizeof(*certificate));
    codec_get_array(reader, 4, 4);
    certificate->height = codec_get_uint(reader, INT64_MAX);
    certificate->round = (int32_t)codec_get_int(reader, 0, ROUND_MAX);
    codec_get_fixed(reader, certificate->cut.at, HASH_SIZE);
    certificate->count = codec_get_array(reader, 1, VOTERS_MAX);
    for (size_t i = 0; i < certificate->count; i++) {
        codec_get_array(reader, 2, 2);
        certificate->votes[i].voter.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
        codec_get_fixed(reader, certificate->votes[i].signature.at, SIGNATURE_SIZE);
        if (i > 0 && certificate->votes[i].voter.v <= certificate->votes[i - 1].voter.v)
            codec_fail(reader, "voters do not ascend");
    }
}

bool certificate_verify(const struct certificate *certificate, const struct hash *coalition,
                        const struct verifier *const *verifiers, const bool *is_voter,
                        size_t node_count, size_t quorum, struct error *error)
{
    struct vote vote = {.type = VOTE_PRECOMMIT,
                        .height = certificate->height,
                        .round = certificate->round,
                        .cut = certificate->cut,
                        .valid_round = -1};
    if (certificate->count < quorum)
        return error_set(error, ERROR_INVALID,
                         "certificate of height %llu: %zu signatures, a quorum is %zu",
                         (unsigned long long)certificate->height, certificate->count, quorum);
    for (size_t i = 0; i < certificate->count; i++) {
        vote.voter = certificate->votes[i].voter;
        vote.signature = certificate->votes[i].signature;
        if (vote.voter.v >= node_count || !is_voter[vote.voter.v])
            return error_set(error, ERROR_INVALID,
                             "certificate of height %llu: node %u is no voter",
                             (unsigned long long)certificate->height, vote.voter.v);
        if (i > 0 && vote.voter.v <= certificate->votes[i - 1].voter.v)
            return error_set(error, ERROR_INVALID,
                             "certificate of height %llu: voters do not ascend",
                             (unsigned long long)certificate->height);
        if (!vote_verify(&vote, verifiers[vote.voter.v], coalition))
            return error_set(error, ERROR_INVALID,
                             "certificate of height %llu: bad signature of node %u",
                             (unsigned long long)certificate->height, vote.voter.v);
    }
    return true;
}
