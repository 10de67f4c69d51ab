// links: protocol
/* Evidence is judged by itself, proves what it says and nothing else, and accuses nobody honest. */
#include "protocol/codec.h"
#include "protocol/evidence.h"
#include "unit/codec_law.h"

enum { NODES = 4, LIAR = 2 };

static const char origin[] = "ledger.example/coalition";
static struct hash coalition, other_coalition;
static struct signing_key *keys[NODES], *cosigner_keys[NODES];
static struct verifier *verifiers[NODES], *cosigners[NODES];

static void open_key(uint8_t byte, struct signing_key **key_out, struct verifier **verifier_out)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, byte, sizeof(seed));
    *key_out = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(*key_out);
    *verifier_out = verifier_open(&public_key);
    REQUIRE(*verifier_out);
}

static void set_up(void)
{
    coalition = hash_bytes(bytes_text("coalition"));
    other_coalition = hash_bytes(bytes_text("another coalition"));
    for (uint8_t i = 0; i < NODES; i++) {
        open_key(i + 1, &keys[i], &verifiers[i]);
        open_key(i + 101, &cosigner_keys[i], &cosigners[i]);
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < NODES; i++) {
        signing_key_close(keys[i]);
        signing_key_close(cosigner_keys[i]);
        verifier_close(verifiers[i]);
        verifier_close(cosigners[i]);
    }
}

static struct evidence_keys charter_keys(void)
{
    return (struct evidence_keys){.coalition = &coalition,
                                  .origin = origin,
                                  .node_count = NODES,
                                  .signers = (const struct verifier *const *)verifiers,
                                  .cosigners = (const struct verifier *const *)cosigners};
}

/* ---- things that the liar signs ------------------------------------------------------------- */

static struct evidence_item vote_item(enum vote_type type, uint64_t height, int32_t round,
                                      const char *cut, int32_t valid_round)
{
    struct evidence_item item = {.vote = {.type = type,
                                          .height = height,
                                          .round = round,
                                          .nil = cut == NULL,
                                          .valid_round = valid_round,
                                          .voter = {LIAR}}};
    if (cut)
        item.vote.cut = hash_bytes(bytes_text(cut));
    vote_sign(&item.vote, keys[LIAR], &coalition);
    return item;
}

static struct evidence_item proposal_item(uint64_t height, int32_t round, int32_t valid_round,
                                          const char *cut)
{
    struct proposal *proposal = (struct proposal *)allocate(1, sizeof(*proposal));
    proposal->height = height;
    proposal->round = round;
    proposal->valid_round = valid_round;
    proposal->cut.id = hash_bytes(bytes_text(cut));
    proposal_sign(proposal, keys[LIAR], &coalition);
    struct evidence_item item = {
        .proposal = {.claim = proposal_claim(proposal), .signature = proposal->signature}};
    free(proposal);
    return item;
}

static struct evidence_item batch_item(uint64_t sequence, uint64_t created_ms,
                                       const struct hash *of)
{
    struct buffer payload;
    buffer_init(&payload, 64);
    batch_payload_put(&payload, bytes_text("transaction"));
    struct evidence_item item = {.batch = {.coalition = *of,
                                           .lane = {LIAR},
                                           .sequence = sequence,
                                           .created_ms = created_ms,
                                           .transaction_count = 1,
                                           .payload = buffer_bytes(&payload)}};
    if (sequence > 1)
        item.batch.previous = hash_bytes(bytes_text("before"));
    batch_seal(&item.batch, keys[LIAR]);
    item.batch.payload.at = NULL;
    buffer_release(&payload);
    return item;
}

static struct evidence_item cosignature_item(uint64_t size, const char *root, uint64_t time_s)
{
    struct evidence_item item = {
        .cosignature = {
            .node = {LIAR}, .size = size, .root = hash_bytes(bytes_text(root)), .time_s = time_s}};
    cosignature_sign(&item.cosignature, cosigner_keys[LIAR], origin);
    return item;
}

static struct evidence pair(enum evidence_kind kind, struct evidence_item a, struct evidence_item b)
{
    struct evidence evidence;
    evidence_make(kind, &coalition, (struct node_id){LIAR}, &a, &b, &evidence);
    return evidence;
}

static struct evidence example(enum evidence_kind kind)
{
    switch (kind) {
    case EVIDENCE_PROPOSALS:
        return pair(kind, proposal_item(41, 3, -1, "a"), proposal_item(41, 3, -1, "b"));
    case EVIDENCE_PREVOTES:
        return pair(kind, vote_item(VOTE_PREVOTE, 41, 3, "a", 1),
                    vote_item(VOTE_PREVOTE, 41, 3, NULL, -1));
    case EVIDENCE_PRECOMMITS:
        return pair(kind, vote_item(VOTE_PRECOMMIT, 41, 3, "a", -1),
                    vote_item(VOTE_PRECOMMIT, 41, 3, "b", -1));
    case EVIDENCE_AMNESIA:
        return pair(kind, vote_item(VOTE_PRECOMMIT, 41, 3, "a", -1),
                    vote_item(VOTE_PREVOTE, 41, 5, "b", 2));
    case EVIDENCE_BATCHES:
        return pair(kind, batch_item(7, 1000, &coalition), batch_item(7, 1001, &coalition));
    case EVIDENCE_COSIGNATURES:
        return pair(kind, cosignature_item(70, "a", 1700000000),
                    cosignature_item(70, "b", 1700000000));
    }
    abort();
}

static bool proves(const struct evidence *evidence)
{
    struct evidence_keys charter = charter_keys();
    return evidence_verify(evidence, &charter, NULL);
}

static bool pair_proves(enum evidence_kind kind, struct evidence_item a, struct evidence_item b)
{
    struct evidence evidence = pair(kind, a, b);
    return proves(&evidence);
}

static struct buffer encoded(const struct evidence *evidence)
{
    struct buffer out;
    buffer_init(&out, EVIDENCE_SIZE_MAX);
    evidence_encode(evidence, &out);
    CHECK(!out.overflowed);
    return out;
}

/* ---- what it proves ------------------------------------------------------------------------- */

CASE(each_kind_proves_its_lie_after_a_trip_through_a_file)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        struct evidence evidence = example((enum evidence_kind)kind), read;
        CHECK(proves(&evidence));
        struct buffer bytes = encoded(&evidence);
        CHECK(evidence_decode(buffer_bytes(&bytes), &read, NULL) && proves(&read));
        buffer_release(&bytes);
    }
}

CASE(the_same_two_have_one_encoding_in_whatever_order_they_were_seen)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        struct evidence one = example((enum evidence_kind)kind);
        struct evidence two = pair(one.kind, one.second, one.first);
        struct buffer a = encoded(&one), b = encoded(&two);
        CHECK(bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
        struct evidence turned = one, read;
        turned.first = one.second;
        turned.second = one.first;
        struct buffer c = encoded(&turned);
        CHECK(!evidence_decode(buffer_bytes(&c), &read, NULL));
        buffer_release(&a);
        buffer_release(&b);
        buffer_release(&c);
    }
}

CASE(any_changed_byte_proves_nothing)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        struct evidence evidence = example((enum evidence_kind)kind), read;
        struct buffer bytes = encoded(&evidence);
        for (size_t at = 0; at < bytes.size; at++)
            for (int bit = 0; bit < 8; bit++) {
                bytes.at[at] ^= (uint8_t)(1 << bit);
                if (evidence_decode(buffer_bytes(&bytes), &read, NULL) && proves(&read)) {
                    printf("kind %d, byte %zu, bit %d\n", kind, at, bit);
                    CHECK(!"a changed byte still proves a lie");
                }
                bytes.at[at] ^= (uint8_t)(1 << bit);
            }
        buffer_release(&bytes);
    }
}

CASE(it_says_in_words_who_did_what_and_where)
{
    char words[EVIDENCE_WORDS_SIZE];
    struct evidence evidence = example(EVIDENCE_PREVOTES);
    evidence_words(&evidence, "fuel", words);
    CHECK_TEXT(words, "node fuel prevoted two ways in height 41, round 3");
    evidence = example(EVIDENCE_BATCHES);
    evidence_words(&evidence, "fuel", words);
    CHECK_TEXT(words, "node fuel wrote two batches at place 7 of its lane");
    evidence = example(EVIDENCE_COSIGNATURES);
    evidence_words(&evidence, "fuel", words);
    CHECK_TEXT(words, "node fuel cosigned two roots of the log's first records, size 70");
}

/* ---- what is no lie ------------------------------------------------------------------------- */

CASE(one_claim_signed_twice_is_no_evidence)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        struct evidence evidence = example((enum evidence_kind)kind);
        if (kind == EVIDENCE_AMNESIA)
            continue;
        CHECK(!pair_proves(evidence.kind, evidence.first, evidence.first));
        CHECK(!pair_proves(evidence.kind, evidence.second, evidence.second));
    }
}

CASE(votes_of_other_heights_rounds_or_types_are_none)
{
    const struct evidence_item vote = vote_item(VOTE_PREVOTE, 41, 3, "a", -1);
    CHECK(!pair_proves(EVIDENCE_PREVOTES, vote, vote_item(VOTE_PREVOTE, 42, 3, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_PREVOTES, vote, vote_item(VOTE_PREVOTE, 41, 4, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_PREVOTES, vote, vote_item(VOTE_PRECOMMIT, 41, 3, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_PRECOMMITS, vote, vote_item(VOTE_PREVOTE, 41, 3, "b", -1)));
    CHECK(pair_proves(EVIDENCE_PREVOTES, vote, vote_item(VOTE_PREVOTE, 41, 3, "b", -1)));
}

CASE(a_prevote_that_relies_on_a_round_at_or_after_the_lock_is_no_amnesia)
{
    const struct evidence_item lock = vote_item(VOTE_PRECOMMIT, 41, 3, "a", -1);
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 5, "b", 3)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 5, "b", 4)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 5, "a", -1)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 5, NULL, -1)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 3, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 2, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 42, 5, "b", -1)));
    CHECK(!pair_proves(EVIDENCE_AMNESIA, vote_item(VOTE_PRECOMMIT, 41, 3, NULL, -1),
                       vote_item(VOTE_PREVOTE, 41, 5, "b", -1)));
    CHECK(pair_proves(EVIDENCE_AMNESIA, lock, vote_item(VOTE_PREVOTE, 41, 4, "b", -1)));
}

CASE(a_cut_proposed_again_in_another_round_is_none)
{
    const struct evidence_item fresh = proposal_item(41, 3, -1, "a");
    CHECK(!pair_proves(EVIDENCE_PROPOSALS, fresh, proposal_item(41, 5, 3, "a")));
    CHECK(!pair_proves(EVIDENCE_PROPOSALS, fresh, proposal_item(41, 5, -1, "b")));
    CHECK(!pair_proves(EVIDENCE_PROPOSALS, fresh, proposal_item(42, 3, -1, "b")));
    CHECK(pair_proves(EVIDENCE_PROPOSALS, fresh, proposal_item(41, 3, 2, "a")));
}

CASE(batches_one_after_the_other_are_none)
{
    CHECK(!pair_proves(EVIDENCE_BATCHES, batch_item(7, 1000, &coalition),
                       batch_item(8, 1000, &coalition)));
}

CASE(a_cosignature_repeated_at_another_time_or_of_another_size_is_none)
{
    const struct evidence_item one = cosignature_item(70, "a", 1700000000);
    CHECK(!pair_proves(EVIDENCE_COSIGNATURES, one, cosignature_item(70, "a", 1700000060)));
    CHECK(!pair_proves(EVIDENCE_COSIGNATURES, one, cosignature_item(71, "b", 1700000000)));
    CHECK(pair_proves(EVIDENCE_COSIGNATURES, one, cosignature_item(70, "b", 1600000000)));
}

/* ---- who is accused ------------------------------------------------------------------------- */

CASE(nobody_is_accused_of_what_another_key_signed)
{
    struct evidence evidence = example(EVIDENCE_PREVOTES);
    evidence.node.v = 1;
    CHECK(!proves(&evidence));
    evidence.first.vote.voter.v = evidence.second.vote.voter.v = 1;
    CHECK(!proves(&evidence));
    evidence = example(EVIDENCE_PREVOTES);
    vote_sign(&evidence.second.vote, keys[1], &coalition);
    CHECK(!proves(&evidence));
    evidence = example(EVIDENCE_PROPOSALS);
    evidence.node.v = 1;
    CHECK(!proves(&evidence));
    evidence = example(EVIDENCE_COSIGNATURES);
    cosignature_sign(&evidence.second.cosignature, keys[LIAR], origin);
    CHECK(!proves(&evidence));
    evidence = example(EVIDENCE_PREVOTES);
    evidence.node.v = NODES;
    CHECK(!proves(&evidence));
}

CASE(what_was_signed_in_another_coalition_is_none)
{
    struct evidence_item elsewhere = vote_item(VOTE_PREVOTE, 41, 3, "b", -1);
    vote_sign(&elsewhere.vote, keys[LIAR], &other_coalition);
    CHECK(!pair_proves(EVIDENCE_PREVOTES, vote_item(VOTE_PREVOTE, 41, 3, "a", -1), elsewhere));
    CHECK(!pair_proves(EVIDENCE_BATCHES, batch_item(7, 1000, &coalition),
                       batch_item(7, 1001, &other_coalition)));
    struct evidence evidence = example(EVIDENCE_PREVOTES);
    evidence.coalition = other_coalition;
    CHECK(!proves(&evidence));
    struct evidence_keys charter = charter_keys();
    charter.origin = "ledger.example/other";
    evidence = example(EVIDENCE_COSIGNATURES);
    CHECK(!evidence_verify(&evidence, &charter, NULL));
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static bool again(struct bytes in, struct buffer *out)
{
    struct evidence evidence;
    law_fill(&evidence, sizeof(evidence));
    if (!evidence_decode(in, &evidence, NULL)) {
        CHECK(law_untouched(&evidence, sizeof(evidence)));
        return false;
    }
    evidence_encode(&evidence, out);
    return true;
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        struct evidence evidence = example((enum evidence_kind)kind);
        struct buffer bytes = encoded(&evidence);
        law_check(again, buffer_bytes(&bytes));
        law_refuses_other_forms(again, buffer_bytes(&bytes));
        buffer_release(&bytes);
    }
}

CASE(its_bytes_are_frozen)
{
    struct evidence evidence = example(EVIDENCE_PREVOTES);
    struct buffer bytes = encoded(&evidence);
    CHECK_HEX(buffer_bytes(&bytes),
              "86010258205640f1bb0da6809125614ea0eee62f308c87424aaa33a39e9feb2da99fd92f7c02"
              "87011829035820ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48"
              "bb010258406a03efebb051fc180c739d73faf019fa16505a6421a8b6ed16ab3d05c74e2d986d"
              "2fad31af5a27528f2dbec8d2aac697fe9eb3a92a9866223f13830bebd9a8038701182903f620"
              "0258409f90b02e40ae3dcdacd73f7e662cdbb47fd20f3b55f93fdf917c8d679bfa09e2fc7bed"
              "8f15102c44a4a004428e7eb787ca134185ad224da5b4e71fb840132d0a");
    buffer_release(&bytes);
}

/* Writes the seeds of tests/fuzz/corpus/fuzz_evidence into a folder. */
static void write_seeds(const char *folder)
{
    for (int kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++) {
        char path[4096];
        struct evidence evidence = example((enum evidence_kind)kind);
        struct buffer bytes = encoded(&evidence);
        (void)snprintf(path, sizeof(path), "%s/%s", folder, evidence_word(evidence.kind));
        FILE *file = fopen(path, "wb");
        REQUIRE(file && fwrite(bytes.at, 1, bytes.size, file) == bytes.size);
        REQUIRE(fclose(file) == 0);
        buffer_release(&bytes);
    }
}

int main(int argc, char **argv)
{
    set_up();
    if (argc == 2)
        write_seeds(argv[1]);
    RUN(each_kind_proves_its_lie_after_a_trip_through_a_file);
    RUN(the_same_two_have_one_encoding_in_whatever_order_they_were_seen);
    RUN(any_changed_byte_proves_nothing);
    RUN(it_says_in_words_who_did_what_and_where);
    RUN(one_claim_signed_twice_is_no_evidence);
    RUN(votes_of_other_heights_rounds_or_types_are_none);
    RUN(a_prevote_that_relies_on_a_round_at_or_after_the_lock_is_no_amnesia);
    RUN(a_cut_proposed_again_in_another_round_is_none);
    RUN(batches_one_after_the_other_are_none);
    RUN(a_cosignature_repeated_at_another_time_or_of_another_size_is_none);
    RUN(nobody_is_accused_of_what_another_key_signed);
    RUN(what_was_signed_in_another_coalition_is_none);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(its_bytes_are_frozen);
    tear_down();
    return check_report();
}
