// links: protocol
#include "codec_law.h"
#include "protocol/codec.h"
#include "protocol/vote.h"

enum { NODES = 5 };

static struct hash coalition, other_coalition;
static struct signing_key *keys[NODES];
static struct verifier *verifiers[NODES];

static void set_up(void)
{
    coalition = hash_bytes(bytes_text("coalition"));
    other_coalition = hash_bytes(bytes_text("another coalition"));
    for (uint8_t i = 0; i < NODES; i++) {
        uint8_t seed[SEED_SIZE];
        memset(seed, i + 1, sizeof(seed));
        keys[i] = signing_key_from_seed(seed);
        struct public_key public_key = signing_key_public(keys[i]);
        verifiers[i] = verifier_open(&public_key);
        REQUIRE(verifiers[i]);
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < NODES; i++) {
        signing_key_close(keys[i]);
        verifier_close(verifiers[i]);
    }
}

static struct vote vote_of(enum vote_type type, uint16_t voter)
{
    struct vote vote = {.type = type,
                        .height = 41,
                        .round = 3,
                        .cut = hash_bytes(bytes_text("cut 41")),
                        .valid_round = type == VOTE_PREVOTE ? 1 : -1,
                        .voter = {voter}};
    vote_sign(&vote, keys[voter], &coalition);
    return vote;
}

static struct vote nil_vote(enum vote_type type)
{
    struct vote vote = {
        .type = type, .height = 41, .round = 3, .nil = true, .valid_round = -1, .voter = {2}};
    vote_sign(&vote, keys[2], &coalition);
    return vote;
}

/* ---- votes --------------------------------------------------------------------------------- */

static struct bytes encoded_vote(struct vote vote)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, 256);
    vote_put(&vote, &out);
    return buffer_bytes(&out);
}

static bool vote_again(struct bytes in, struct buffer *out)
{
    struct vote vote;
    struct codec_reader reader;
    codec_reader_init(&reader, in);
    vote_get(&reader, &vote);
    if (!codec_finish(&reader, "vote", NULL))
        return false;
    vote_put(&vote, out);
    return true;
}

CASE(votes_have_their_frozen_bytes)
{
    CHECK_HEX(encoded_vote(vote_of(VOTE_PREVOTE, 2)),
              "87011829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d1521010258"
              "40c95eab9ec6e71c27dc0eac2c67284ebbeca36f1ede135b4336947281ac95dfb326d8cd052a5bfc655f"
              "91bc34c0344f159cbfc04b5fef5d88e77bca9de9ed5003");
    CHECK_HEX(encoded_vote(vote_of(VOTE_PRECOMMIT, 2)),
              "87021829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d1521200258"
              "406c3b00bddc3d0098eab250c5e33a9430eb6193cfdcb9b9ce24fd528482fa2af6592a25924ed34dcb3f"
              "ecd19c6765d91136c0709e2de5b410e1f3a3183abbcf0a");
    CHECK_HEX(encoded_vote(nil_vote(VOTE_PREVOTE)),
              "8701182903f6200258409f90b02e40ae3dcdacd73f7e662cdbb47fd20f3b55f93fdf917c8d679bfa09e2"
              "fc7bed8f15102c44a4a004428e7eb787ca134185ad224da5b4e71fb840132d0a");
}

CASE(any_bytes_of_a_vote_fail_or_come_back_as_they_were)
{
    law_check(vote_again, encoded_vote(vote_of(VOTE_PREVOTE, 2)));
    law_check(vote_again, encoded_vote(nil_vote(VOTE_PRECOMMIT)));
    law_refuses_other_forms(vote_again, encoded_vote(vote_of(VOTE_PREVOTE, 2)));
}

#define VOTE_TAKEN(made, field, value)                                                             \
    __extension__({                                                                                \
        struct vote v_ = (made);                                                                   \
        v_.field = (value);                                                                        \
        law_holds(vote_again, encoded_vote(v_));                                                   \
    })

CASE(votes_keep_to_their_bounds)
{
    struct vote prevote = vote_of(VOTE_PREVOTE, 2), precommit = vote_of(VOTE_PRECOMMIT, 2);
    CHECK(!VOTE_TAKEN(precommit, type, (enum vote_type)0));
    CHECK(!VOTE_TAKEN(precommit, type, (enum vote_type)3));
    CHECK(VOTE_TAKEN(prevote, height, INT64_MAX));
    CHECK(!VOTE_TAKEN(prevote, height, (uint64_t)INT64_MAX + 1));
    CHECK(VOTE_TAKEN(prevote, round, ROUND_MAX));
    CHECK(!VOTE_TAKEN(prevote, round, ROUND_MAX + 1));
    CHECK(!VOTE_TAKEN(precommit, round, -1));
    CHECK(VOTE_TAKEN(prevote, voter.v, NODES_MAX - 1));
    CHECK(!VOTE_TAKEN(prevote, voter.v, NODES_MAX));
}

CASE(a_valid_round_stands_in_a_prevote_for_a_cut_and_lies_before_its_round)
{
    CHECK(VOTE_TAKEN(vote_of(VOTE_PREVOTE, 2), valid_round, -1));
    CHECK(VOTE_TAKEN(vote_of(VOTE_PREVOTE, 2), valid_round, 2));
    CHECK(!VOTE_TAKEN(vote_of(VOTE_PREVOTE, 2), valid_round, 3));
    CHECK(!VOTE_TAKEN(vote_of(VOTE_PREVOTE, 2), valid_round, -2));
    CHECK(!VOTE_TAKEN(vote_of(VOTE_PRECOMMIT, 2), valid_round, 0));
    CHECK(!VOTE_TAKEN(nil_vote(VOTE_PREVOTE), valid_round, 0));
}

CASE(a_signature_covers_every_claim_of_a_vote)
{
    struct vote vote = vote_of(VOTE_PREVOTE, 2), other;
    CHECK(vote_verify(&vote, verifiers[2], &coalition));
    CHECK(!vote_verify(&vote, verifiers[1], &coalition));
    CHECK(!vote_verify(&vote, verifiers[2], &other_coalition));
    other = vote;
    other.height++;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && !vote_same_claim(&vote, &other));
    other = vote;
    other.round++;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && !vote_same_claim(&vote, &other));
    other = vote;
    other.valid_round = -1;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && !vote_same_claim(&vote, &other));
    other = vote;
    other.cut.at[5] ^= 1;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && !vote_same_claim(&vote, &other));
    other = vote;
    other.nil = true;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && !vote_same_claim(&vote, &other));
    other = vote;
    other.signature.at[0] ^= 1;
    CHECK(!vote_verify(&other, verifiers[2], &coalition) && vote_same_claim(&vote, &other));
}

CASE(a_prevote_is_no_precommit_and_no_proposal)
{
    struct vote vote = vote_of(VOTE_PREVOTE, 2);
    vote.valid_round = -1;
    vote_sign(&vote, keys[2], &coalition);
    CHECK(vote_verify(&vote, verifiers[2], &coalition));
    vote.type = VOTE_PRECOMMIT;
    CHECK(!vote_verify(&vote, verifiers[2], &coalition));
}

/* ---- proposals ----------------------------------------------------------------------------- */

static struct bytes example_cut(void)
{
    static struct buffer out;
    static struct cut cut;
    buffer_release(&out);
    buffer_init(&out, CUT_SIZE_MAX);
    memset(&cut, 0, sizeof(cut));
    cut.coalition = coalition;
    cut.height = 41;
    cut.previous = hash_bytes(bytes_text("cut 40"));
    cut.lane_count = 1;
    cut.lanes[0].sequence = 9;
    cut_encode(&cut, &out);
    return buffer_bytes(&out);
}

static struct proposal *example_proposal(int32_t valid_round, size_t proof_count)
{
    static struct proposal proposal;
    memset(&proposal, 0, sizeof(proposal));
    proposal.height = 41;
    proposal.round = 3;
    proposal.valid_round = valid_round;
    proposal.proposer.v = 1;
    proposal.cut_bytes = example_cut();
    REQUIRE(cut_decode(proposal.cut_bytes, &proposal.cut, NULL));
    proposal.proof_count = proof_count;
    for (size_t i = 0; i < proof_count; i++) {
        proposal.proof[i] = vote_of(VOTE_PREVOTE, (uint16_t)(i % NODES));
        proposal.proof[i].voter.v = (uint16_t)i;
    }
    proposal_sign(&proposal, keys[1], &coalition);
    return &proposal;
}

static struct bytes encoded_proposal(const struct proposal *proposal)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    proposal_put(proposal, &out);
    return buffer_bytes(&out);
}

static bool proposal_again(struct bytes in, struct buffer *out)
{
    static struct proposal proposal;
    struct codec_reader reader;
    codec_reader_init(&reader, in);
    proposal_get(&reader, &proposal);
    if (!codec_finish(&reader, "proposal", NULL))
        return false;
    proposal_put(&proposal, out);
    return true;
}

static bool proposal_taken(const struct proposal *proposal)
{
    return law_holds(proposal_again, encoded_proposal(proposal));
}

CASE(proposals_have_their_frozen_bytes)
{
    CHECK_HEX(encoded_proposal(example_proposal(-1, 0)),
              "87182903200158404a0af0494bfe2ef1b60b01f9674e7068ce5dc1d7196aabd206c2b0c70f379eb4e9bf"
              "8e18570c8de2bde920e22f8bf4aa71ca9036c713c134aa54c53d3dd1160b58b48a0158205640f1bb0da6"
              "809125614ea0eee62f308c87424aaa33a39e9feb2da99fd92f7c1829582060f7ba1a0e1ac487f506e69f"
              "362453486cf081fb85c258a8bcb05b0c317b5cf481820958200000000000000000000000000000000000"
              "000000000000000000000000000000008058200000000000000000000000000000000000000000000000"
              "000000000000000000582000000000000000000000000000000000000000000000000000000000000000"
              "000080");
    CHECK_HEX(encoded_proposal(example_proposal(1, 1)),
              "871829030101584081cd64740641e11bb547cdb272374eec9cbf441868d1be59ef325d461a30e4197b74"
              "168762661c6afaed117e3cdae47b498c22f25006167ba6016cea1485630758b48a0158205640f1bb0da6"
              "809125614ea0eee62f308c87424aaa33a39e9feb2da99fd92f7c1829582060f7ba1a0e1ac487f506e69f"
              "362453486cf081fb85c258a8bcb05b0c317b5cf481820958200000000000000000000000000000000000"
              "000000000000000000000000000000008058200000000000000000000000000000000000000000000000"
              "000000000000000000582000000000000000000000000000000000000000000000000000000000000000"
              "00008187011829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d1521"
              "010058404e45ad4976bafe9cd3ed3bee9d663c2e309d5f702e2cb20b5fe2384004a218d1dcac4e94263c"
              "2e3add609c273acd9d1a5fa14f724d557b94b1305149d69f1c04");
}

CASE(any_bytes_of_a_proposal_fail_or_come_back_as_they_were)
{
    law_check(proposal_again, encoded_proposal(example_proposal(-1, 0)));
    law_check(proposal_again, encoded_proposal(example_proposal(1, 3)));
    law_refuses_other_forms(proposal_again, encoded_proposal(example_proposal(1, 3)));
}

CASE(a_valid_round_and_its_proof_come_together)
{
    CHECK(proposal_taken(example_proposal(-1, 0)));
    CHECK(proposal_taken(example_proposal(0, 3)));
    CHECK(proposal_taken(example_proposal(2, 3)));
    CHECK(!proposal_taken(example_proposal(3, 3)));
    CHECK(!proposal_taken(example_proposal(2, 0)));
    CHECK(!proposal_taken(example_proposal(-1, 3)));
    CHECK(!proposal_taken(example_proposal(-2, 0)));
}

CASE(proposals_keep_to_their_bounds)
{
    struct proposal *proposal = example_proposal(2, VOTERS_MAX);
    CHECK(proposal_taken(proposal));
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    buffer_append(&out, encoded_proposal(proposal));
    size_t vote_size = encoded_vote(proposal->proof[VOTERS_MAX - 1]).size;
    size_t votes_at = 0;
    for (size_t i = 0; i + 2 < out.size && !votes_at; i++)
        if (out.at[i] == 0x98 && out.at[i + 1] == VOTERS_MAX && out.at[i + 2] == 0x87)
            votes_at = i;
    REQUIRE(votes_at > 0);
    out.at[votes_at + 1]++;
    buffer_append(&out, bytes_of(out.at + out.size - vote_size, vote_size));
    CHECK(!law_holds(proposal_again, buffer_bytes(&out)));
    buffer_release(&out);
    proposal = example_proposal(-1, 0);
    proposal->round = ROUND_MAX;
    CHECK(proposal_taken(proposal));
    proposal->round = ROUND_MAX + 1;
    CHECK(!proposal_taken(proposal));
    proposal = example_proposal(-1, 0);
    proposal->proposer.v = NODES_MAX;
    CHECK(!proposal_taken(proposal));
    proposal = example_proposal(-1, 0);
    proposal->height = 42; /* its cut is of 41 */
    CHECK(!proposal_taken(proposal));
    proposal = example_proposal(-1, 0);
    proposal->cut_bytes.size--;
    CHECK(!proposal_taken(proposal));
    proposal->cut_bytes.size = 0;
    CHECK(!proposal_taken(proposal));
}

CASE(a_signature_covers_every_claim_of_a_proposal)
{
    struct proposal *proposal = example_proposal(1, 3);
    CHECK(proposal_verify(proposal, verifiers[1], &coalition));
    CHECK(!proposal_verify(proposal, verifiers[2], &coalition));
    CHECK(!proposal_verify(proposal, verifiers[1], &other_coalition));
    proposal->round++;
    CHECK(!proposal_verify(proposal, verifiers[1], &coalition));
    proposal = example_proposal(1, 3);
    proposal->height++;
    CHECK(!proposal_verify(proposal, verifiers[1], &coalition));
    proposal = example_proposal(1, 3);
    proposal->valid_round = 0;
    CHECK(!proposal_verify(proposal, verifiers[1], &coalition));
    proposal = example_proposal(1, 3);
    proposal->cut.id.at[0] ^= 1;
    CHECK(!proposal_verify(proposal, verifiers[1], &coalition));
}

/* ---- certificates -------------------------------------------------------------------------- */

/* Precommits of voters 0, 1, 2: three of the voters 0, 1, 2, 4; node 3 observes. */
static struct certificate example_certificate(void)
{
    struct certificate certificate = {
        .height = 41, .round = 3, .cut = hash_bytes(bytes_text("cut 41")), .count = 3};
    for (uint16_t i = 0; i < 3; i++) {
        struct vote vote = vote_of(VOTE_PRECOMMIT, i);
        certificate.votes[i].voter = vote.voter;
        certificate.votes[i].signature = vote.signature;
    }
    return certificate;
}

static void add_vote(struct certificate *certificate, uint16_t voter)
{
    struct vote vote = vote_of(VOTE_PRECOMMIT, voter);
    certificate->votes[certificate->count].voter = vote.voter;
    certificate->votes[certificate->count++].signature = vote.signature;
}

static bool proves(const struct certificate *certificate)
{
    static const bool is_voter[NODES] = {true, true, true, false, true};
    struct error error = {0};
    bool good =
        certificate_verify(certificate, &coalition, (const struct verifier *const *)verifiers,
                           is_voter, NODES, 3, &error);
    CHECK(good || error.code == ERROR_INVALID);
    return good;
}

static struct bytes encoded_certificate(const struct certificate *certificate)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    certificate_put(certificate, &out);
    return buffer_bytes(&out);
}

static bool certificate_again(struct bytes in, struct buffer *out)
{
    struct certificate certificate;
    struct codec_reader reader;
    codec_reader_init(&reader, in);
    certificate_get(&reader, &certificate);
    if (!codec_finish(&reader, "certificate", NULL))
        return false;
    certificate_put(&certificate, out);
    return true;
}

CASE(a_certificate_has_its_frozen_bytes)
{
    struct certificate certificate = example_certificate();
    CHECK_HEX(encoded_certificate(&certificate),
              "841829035820c04d6da0822f31a8004d7769731d0099c7a7ffc4b9c85966cb398ba7315d152183820058"
              "4046ef8f0cc16f1c2281796a973d9cb665f588f99d07a08fc165a9f3980ac6f95a9f8df94aa0c3d1762f"
              "ce83d471f8ea8f0b5064b3d2a37134f734bf2c4384df0c820158404f6ad52fbb1905975b545613bfde4e"
              "cc5ec84443fe4ee265e74f24e57985d073d42077290121fb0f8a3ff65ef849e9729392c2bb70240839fc"
              "5d80f6793fd40d820258406c3b00bddc3d0098eab250c5e33a9430eb6193cfdcb9b9ce24fd528482fa2a"
              "f6592a25924ed34dcb3fecd19c6765d91136c0709e2de5b410e1f3a3183abbcf0a");
}

CASE(any_bytes_of_a_certificate_fail_or_come_back_as_they_were)
{
    struct certificate certificate = example_certificate();
    law_check(certificate_again, encoded_certificate(&certificate));
    law_refuses_other_forms(certificate_again, encoded_certificate(&certificate));
}

CASE(a_certificate_lists_1_to_64_ascending_voters)
{
    struct certificate certificate = example_certificate();
    certificate.count = 0;
    CHECK(!law_holds(certificate_again, encoded_certificate(&certificate)));
    certificate.count = VOTERS_MAX;
    for (uint16_t i = 0; i < VOTERS_MAX; i++)
        certificate.votes[i].voter.v = i;
    CHECK(law_holds(certificate_again, encoded_certificate(&certificate)));
    certificate.votes[VOTERS_MAX - 1].voter.v = NODES_MAX;
    CHECK(!law_holds(certificate_again, encoded_certificate(&certificate)));
    certificate.votes[VOTERS_MAX - 1].voter.v = VOTERS_MAX - 2;
    CHECK(!law_holds(certificate_again, encoded_certificate(&certificate)));
}

CASE(a_quorum_of_good_precommits_proves_a_cut)
{
    struct certificate certificate = example_certificate();
    CHECK(proves(&certificate));
    add_vote(&certificate, 4);
    CHECK(proves(&certificate));
}

CASE(too_few_signatures_prove_nothing)
{
    struct certificate certificate = example_certificate();
    certificate.count = 2;
    CHECK(!proves(&certificate));
    certificate.count = 0;
    CHECK(!proves(&certificate));
}

CASE(a_repeated_signature_counts_for_nothing)
{
    struct certificate certificate = example_certificate();
    certificate.votes[2] = certificate.votes[1];
    CHECK(!proves(&certificate));
    certificate = example_certificate();
    certificate.votes[1] = certificate.votes[0];
    CHECK(!proves(&certificate));
}

CASE(an_observer_or_unknown_node_proves_nothing)
{
    struct certificate certificate = example_certificate();
    add_vote(&certificate, 3);
    CHECK(!proves(&certificate));
    certificate.votes[3].voter.v = NODES;
    CHECK(!proves(&certificate));
}

CASE(one_bad_signature_spoils_a_certificate)
{
    for (size_t i = 0; i < 3; i++) {
        struct certificate certificate = example_certificate();
        certificate.votes[i].signature.at[3] ^= 1;
        CHECK(!proves(&certificate));
    }
    struct certificate certificate = example_certificate();
    struct vote prevote = vote_of(VOTE_PREVOTE, 1);
    certificate.votes[1].signature = prevote.signature;
    CHECK(!proves(&certificate));
}

CASE(a_certificate_of_another_height_round_or_cut_does_not_hold)
{
    struct certificate certificate = example_certificate();
    certificate.height++;
    CHECK(!proves(&certificate));
    certificate = example_certificate();
    certificate.round++;
    CHECK(!proves(&certificate));
    certificate = example_certificate();
    certificate.cut.at[0] ^= 1;
    CHECK(!proves(&certificate));
}

int main(void)
{
    set_up();
    RUN(votes_have_their_frozen_bytes);
    RUN(any_bytes_of_a_vote_fail_or_come_back_as_they_were);
    RUN(votes_keep_to_their_bounds);
    RUN(a_valid_round_stands_in_a_prevote_for_a_cut_and_lies_before_its_round);
    RUN(a_signature_covers_every_claim_of_a_vote);
    RUN(a_prevote_is_no_precommit_and_no_proposal);
    RUN(proposals_have_their_frozen_bytes);
    RUN(any_bytes_of_a_proposal_fail_or_come_back_as_they_were);
    RUN(a_valid_round_and_its_proof_come_together);
    RUN(proposals_keep_to_their_bounds);
    RUN(a_signature_covers_every_claim_of_a_proposal);
    RUN(a_certificate_has_its_frozen_bytes);
    RUN(any_bytes_of_a_certificate_fail_or_come_back_as_they_were);
    RUN(a_certificate_lists_1_to_64_ascending_voters);
    RUN(a_quorum_of_good_precommits_proves_a_cut);
    RUN(too_few_signatures_prove_nothing);
    RUN(a_repeated_signature_counts_for_nothing);
    RUN(an_observer_or_unknown_node_proves_nothing);
    RUN(one_bad_signature_spoils_a_certificate);
    RUN(a_certificate_of_another_height_round_or_cut_does_not_hold);
    tear_down();
    return check_report();
}
