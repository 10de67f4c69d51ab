// links: node
/* A witness's answers one by one, then random trees: honest ones go on for ever, forks never. */
#include "check.h"
#include "node/witness.h"

enum { LEAVES = 300, LOGS = 3, NOW_S = 1700000000 };
#define ORIGIN "ledger.example/coalition"

struct signer {
    struct signing_key *key;
    struct note_key note_key;
};

static struct signer logs[LOGS], stranger; /* two keys of one log, and another log's */
static struct note_key trusted[LOGS];
static struct merkle trees[2]; /* one history, and one that differs from leaf 20 on */
static struct hash roots[2][LEAVES + 1];

/* ---- trees ---------------------------------------------------------------------------------- */

struct tiles {
    struct hash first[TILE_WIDTH];
};
static struct tiles full[2];

static void keep_tile(void *context, uint32_t level, uint64_t index,
                      const struct hash tile[TILE_WIDTH])
{
    REQUIRE(level == 0 && index == 0);
    memcpy(((struct tiles *)context)->first, tile, TILE_SIZE);
}

static bool give_tile(void *context, uint32_t level, uint64_t index,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    (void)error;
    REQUIRE(level == 0 && index == 0);
    memcpy(tile_out, ((struct tiles *)context)->first, TILE_SIZE);
    return true;
}

static void grow_trees(void)
{
    for (size_t fork = 0; fork < 2; fork++) {
        merkle_init(&trees[fork]);
        roots[fork][0] = merkle_empty();
        for (uint64_t i = 0; i < LEAVES; i++) {
            char record[32];
            (void)snprintf(record, sizeof(record), "%zu-%d", i < 20 ? 0 : fork, (int)i);
            struct hash leaf = merkle_leaf(bytes_text(record));
            merkle_append(&trees[fork], &leaf, keep_tile, &full[fork]);
            roots[fork][i + 1] = merkle_root(&trees[fork]);
        }
    }
}

/* ---- requests ------------------------------------------------------------------------------- */

static struct signer signer_make(const char *name, uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    struct signer signer = {.key = signing_key_from_seed(seed)};
    struct public_key public_key = signing_key_public(signer.key);
    REQUIRE(note_key_make(name, NOTE_TYPE_ED25519, &public_key, &signer.note_key, NULL));
    return signer;
}

static struct checkpoint checkpoint_of(size_t fork, uint64_t size)
{
    struct checkpoint checkpoint = {.origin = ORIGIN, .size = size, .root = roots[fork][size]};
    return checkpoint;
}

static void note_of(const struct checkpoint *checkpoint, const struct signer *signer,
                    struct buffer *note)
{
    struct buffer text;
    buffer_init(&text, NOTE_SIZE_MAX);
    buffer_init(note, NOTE_SIZE_MAX);
    checkpoint_format(checkpoint, &text);
    REQUIRE(note_begin(note, buffer_bytes(&text), NULL));
    if (signer)
        note_sign(note, &signer->note_key, signer->key);
    buffer_release(&text);
}

/* A proof as the log makes it, from its own tree. */
static void prove(size_t fork, uint64_t old_size, uint64_t size, struct witness_request *request)
{
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    request->old_size = old_size;
    request->proof_count = 0;
    if (old_size == 0 || old_size >= size)
        return;
    REQUIRE(merkle_prove_consistency(&trees[fork], old_size, size, give_tile, &full[fork], proof,
                                     &request->proof_count, NULL));
    REQUIRE(request->proof_count <= WITNESS_PROOF_MAX);
    memcpy(request->proof, proof, request->proof_count * sizeof(proof[0]));
}

struct outcome {
    enum witness_verdict verdict;
    struct witness_request request;
    struct checkpoint checkpoint;
    size_t signatures;
};

static struct outcome ask_bytes(struct bytes body, const struct witness_held *held)
{
    struct outcome outcome = {.signatures = 0};
    struct buffer kept;
    buffer_init(&kept, NOTE_SIZE_MAX);
    outcome.verdict =
        witness_read(body, trusted, LOGS, &outcome.request, &outcome.checkpoint, &kept);
    CHECK((outcome.verdict == WITNESS_COSIGNED) == (kept.size > 0));
    if (outcome.verdict == WITNESS_COSIGNED) {
        struct note_result result;
        REQUIRE(note_open(buffer_bytes(&kept), trusted, LOGS, &result, NULL));
        for (size_t i = 0; i < kept.size; i++)
            outcome.signatures += kept.at[i] == 0xE2;
        outcome.verdict = witness_judge(&outcome.request, &outcome.checkpoint, held);
    }
    buffer_release(&kept);
    return outcome;
}

static struct outcome ask_note(struct witness_request *request, const struct buffer *note,
                               const struct witness_held *held)
{
    struct buffer body;
    request->note = buffer_bytes(note);
    buffer_init(&body, WITNESS_BODY_MAX);
    witness_request_format(request, &body);
    REQUIRE(!body.overflowed);
    struct outcome outcome = ask_bytes(buffer_bytes(&body), held);
    buffer_release(&body);
    return outcome;
}

static enum witness_verdict ask(size_t fork, uint64_t old_size, uint64_t size,
                                const struct witness_held *held)
{
    struct witness_request request = {.proof_count = 0};
    struct checkpoint checkpoint = checkpoint_of(fork, size);
    struct buffer note;
    prove(fork, old_size, size, &request);
    note_of(&checkpoint, &logs[0], &note);
    struct outcome outcome = ask_note(&request, &note, held);
    buffer_release(&note);
    return outcome.verdict;
}

static enum witness_verdict ask_text(const char *format, const char *a, const char *b)
{
    static const struct witness_held none;
    struct buffer body;
    buffer_init(&body, WITNESS_BODY_MAX);
    buffer_append_text(&body, format);
    buffer_append_text(&body, a);
    buffer_append_text(&body, b);
    struct outcome outcome = ask_bytes(buffer_bytes(&body), &none);
    buffer_release(&body);
    return outcome.verdict;
}

static struct witness_held held_of(size_t fork, uint64_t size)
{
    return (struct witness_held){.size = size, .root = roots[fork][size], .time_s = NOW_S};
}

/* ---- statuses, one by one ------------------------------------------------------------------- */

CASE(statuses_are_those_of_the_specification)
{
    static const int expected[] = {200, 400, 400, 403, 404, 409, 422, 422};
    REQUIRE(ARRAY_SIZE(expected) == WITNESS_VERDICT_COUNT);
    for (int i = 0; i < WITNESS_VERDICT_COUNT; i++) {
        CHECK_INT(witness_status((enum witness_verdict)i), expected[i]);
        CHECK(strlen(witness_reason((enum witness_verdict)i)) > 5);
    }
}

CASE(a_first_checkpoint_is_cosigned_without_a_proof)
{
    struct witness_held none = {0};
    CHECK_INT(ask(0, 0, 7, &none), WITNESS_COSIGNED);
    CHECK_INT(ask(0, 0, 0, &none), WITNESS_COSIGNED);
}

CASE(a_tree_that_goes_on_is_cosigned)
{
    struct witness_held held = held_of(0, 7);
    CHECK_INT(ask(0, 7, 8, &held), WITNESS_COSIGNED);
    CHECK_INT(ask(0, 7, LEAVES, &held), WITNESS_COSIGNED);
}

CASE(the_same_checkpoint_is_cosigned_again)
{
    struct witness_held held = held_of(0, 7);
    CHECK_INT(ask(0, 7, 7, &held), WITNESS_COSIGNED);
}

CASE(another_root_at_a_size_is_refused)
{
    struct witness_held held = held_of(0, 50);
    CHECK_INT(ask(1, 50, 50, &held), WITNESS_OTHER_ROOT);
}

CASE(a_fork_is_refused)
{
    struct witness_held held = held_of(0, 50);
    CHECK_INT(ask(1, 50, 60, &held), WITNESS_INCONSISTENT);
    held = held_of(0, 20); /* before they part both are one */
    CHECK_INT(ask(1, 20, 60, &held), WITNESS_COSIGNED);
}

CASE(an_old_size_that_is_not_ours_is_told_ours)
{
    struct witness_held held = held_of(0, 50), none = {0};
    CHECK_INT(ask(0, 49, 60, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 0, 60, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 0, 50, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 0, 0, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 40, 40, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 51, 60, &held), WITNESS_STALE);
    CHECK_INT(ask(0, 1, 60, &none), WITNESS_STALE);
}

CASE(an_old_size_beyond_the_checkpoint_is_refused)
{
    struct witness_held held = held_of(0, 50);
    CHECK_INT(ask(0, 51, 50, &held), WITNESS_OLD_BEYOND);
    CHECK_INT(ask(0, 50, 49, &held), WITNESS_OLD_BEYOND);
}

CASE(a_proof_where_none_belongs_is_refused)
{
    struct witness_request request = {.old_size = 0, .proof_count = 1};
    struct checkpoint checkpoint = checkpoint_of(0, 7);
    struct witness_held none = {0}, held = held_of(0, 7);
    struct buffer note;
    note_of(&checkpoint, &logs[0], &note);
    CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_INCONSISTENT);
    request.old_size = 7;
    CHECK_INT(ask_note(&request, &note, &held).verdict, WITNESS_INCONSISTENT);
    buffer_release(&note);
}

CASE(an_empty_tree_has_one_root)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 0);
    struct witness_held none = {0};
    struct buffer note;
    checkpoint.root.at[0] ^= 1;
    note_of(&checkpoint, &logs[0], &note);
    CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_INCONSISTENT);
    buffer_release(&note);
}

CASE(a_log_that_is_not_in_the_policy_is_unknown)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 7);
    struct witness_held none = {0};
    struct buffer note;
    (void)snprintf(checkpoint.origin, sizeof(checkpoint.origin), "nobody.example");
    note_of(&checkpoint, &logs[0], &note);
    CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_UNKNOWN_LOG);
    buffer_release(&note);
}

CASE(a_checkpoint_needs_a_trusted_key_of_its_own_log)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 7);
    struct witness_held none = {0};
    const struct signer *signers[] = {NULL, &stranger, &logs[2]};
    struct buffer note;
    for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
        note_of(&checkpoint, signers[i], &note);
        CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_UNTRUSTED);
        buffer_release(&note);
    }
    note_of(&checkpoint, &logs[1], &note);
    CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_COSIGNED);
    buffer_release(&note);
}

CASE(signatures_of_others_are_ignored_and_not_kept)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 7);
    struct witness_held none = {0};
    struct buffer note;
    note_of(&checkpoint, &stranger, &note);
    note_sign(&note, &logs[1].note_key, logs[1].key);
    note_sign(&note, &logs[2].note_key, logs[2].key);
    note_sign(&note, &logs[0].note_key, logs[0].key);
    struct outcome outcome = ask_note(&request, &note, &none);
    CHECK_INT(outcome.verdict, WITNESS_COSIGNED);
    CHECK_INT(outcome.signatures, 2);
    buffer_release(&note);
}

CASE(a_trusted_key_whose_signature_fails_spoils_the_note)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 7), other = checkpoint_of(0, 8);
    struct witness_held none = {0};
    struct buffer note, wrong;
    struct bytes text, lines;
    note_of(&other, &logs[1], &wrong);
    REQUIRE(note_split(buffer_bytes(&wrong), &text, &lines));
    note_of(&checkpoint, &logs[0], &note);
    buffer_append(&note, lines);
    CHECK_INT(ask_note(&request, &note, &none).verdict, WITNESS_UNTRUSTED);
    buffer_release(&note);
    buffer_release(&wrong);
}

CASE(a_malformed_request_is_refused)
{
    struct checkpoint checkpoint = checkpoint_of(0, 7);
    struct buffer note;
    note_of(&checkpoint, &logs[0], &note);
    const char *good = buffer_text(&note);
    CHECK_INT(ask_text("old 0\n", "\n", good), WITNESS_COSIGNED);
    static const char *const heads[] = {
        "",
        "\n",
        "old\n",
        "old \n",
        "old -1\n",
        "old 00\n",
        "old 01\n",
        " old 0\n",
        "old  0\n",
        "old 0 \n",
        "old 0\r\n",
        "OLD 0\n",
        "size 0\n",
        "old 0x10\n",
        "old 18446744073709551616\n",
        "old 0\nAA",
        "old 0\n!\n",
        "old 0\n \n",
        "old 0\nAAAA\n",
        "old 0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", /* not canonical */
        "old 0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=AAAA\n"};
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
        if (ask_text(heads[i], "\n", good) != WITNESS_MALFORMED) {
            printf("head %zu was taken\n", i);
            CHECK(!"malformed");
        }
    CHECK_INT(ask_text("old 0\n", "", good), WITNESS_MALFORMED); /* no empty line */
    CHECK_INT(ask_text("old 0\n", "\n", ""), WITNESS_MALFORMED); /* no checkpoint */
    CHECK_INT(ask_text("old 0\n", "\n", ORIGIN "\n7\nAAAA\n\n"), WITNESS_MALFORMED);
    CHECK_INT(ask_text("old 0\n\n", ORIGIN "\n7\n", "no root\n\n"), WITNESS_MALFORMED);
    CHECK_INT(ask_text("old 0\n\n", good, "more\n"), WITNESS_MALFORMED);
    buffer_release(&note);
}

CASE(a_proof_has_at_most_63_lines)
{
    struct witness_request request = {.old_size = 7, .proof_count = WITNESS_PROOF_MAX};
    struct checkpoint checkpoint = checkpoint_of(0, 9);
    struct witness_held held = held_of(0, 7);
    struct buffer note, body;
    note_of(&checkpoint, &logs[0], &note);
    CHECK_INT(ask_note(&request, &note, &held).verdict, WITNESS_INCONSISTENT);
    buffer_init(&body, WITNESS_BODY_MAX);
    buffer_append_text(&body, "old 7\n");
    for (int i = 0; i <= WITNESS_PROOF_MAX; i++)
        buffer_append_text(&body, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    buffer_append_byte(&body, '\n');
    buffer_append(&body, buffer_bytes(&note));
    CHECK_INT(ask_bytes(buffer_bytes(&body), &held).verdict, WITNESS_MALFORMED);
    buffer_release(&body);
    buffer_release(&note);
}

/* ---- any bytes, any trees ------------------------------------------------------------------- */

CASE(a_request_is_read_as_it_was_written)
{
    struct witness_request request = {.old_size = 0}, seen;
    struct buffer body, again, note;
    struct checkpoint checkpoint = checkpoint_of(0, 200);
    prove(0, 77, 200, &request);
    note_of(&checkpoint, &logs[0], &note);
    request.note = buffer_bytes(&note);
    buffer_init(&body, WITNESS_BODY_MAX);
    buffer_init(&again, WITNESS_BODY_MAX);
    witness_request_format(&request, &body);
    REQUIRE(witness_request_parse(buffer_bytes(&body), &seen, NULL));
    CHECK_INT(seen.old_size, 77);
    CHECK_INT(seen.proof_count, request.proof_count);
    CHECK(bytes_equal(seen.note, request.note));
    witness_request_format(&seen, &again);
    CHECK(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
    buffer_release(&body);
    buffer_release(&again);
    buffer_release(&note);
}

/* Whatever single bit turns on the way: it is refused, or means the same. */
CASE(no_bit_of_a_request_can_change)
{
    struct witness_request request = {.old_size = 0};
    struct checkpoint checkpoint = checkpoint_of(0, 200);
    struct witness_held held = held_of(0, 77);
    struct buffer body, note;
    prove(0, 77, 200, &request);
    note_of(&checkpoint, &logs[0], &note);
    request.note = buffer_bytes(&note);
    buffer_init(&body, WITNESS_BODY_MAX);
    witness_request_format(&request, &body);
    for (size_t bit = 0; bit < body.size * 8; bit++) {
        body.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ask_bytes(buffer_bytes(&body), &held).verdict == WITNESS_COSIGNED) {
            printf("bit %zu of byte %zu\n", bit % 8, bit / 8);
            CHECK(!"a changed request was cosigned");
        }
        body.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buffer_release(&body);
    buffer_release(&note);
}

static uint64_t seed_state = 20261126;
static uint64_t below(uint64_t limit)
{
    seed_state = seed_state * 6364136223846793005u + 1442695040888963407u;
    return (seed_state >> 33) % limit;
}

/* A log with two histories, asking at random: once they have parted, the witness stays with the one
 * that it has seen, and never answers a size with another root or goes back. */
CASE(of_two_histories_only_one_is_ever_cosigned)
{
    for (int round = 0; round < 40; round++) {
        struct witness_held held = {0};
        int side = -1;
        size_t cosigned = 0;
        for (int step = 0; step < 60; step++) {
            size_t fork = (size_t)below(2);
            uint64_t size = below(LEAVES + 1);
            uint64_t old = below(4) ? held.size : below(LEAVES + 1);
            enum witness_verdict verdict = ask(fork, old, size, &held);
            bool own = held.size <= 20 || side < 0 || (size_t)side == fork;
            bool due = old == held.size && size >= held.size && own;
            CHECK_INT(verdict == WITNESS_COSIGNED, due);
            if (verdict != WITNESS_COSIGNED)
                continue;
            cosigned++;
            held = held_of(fork, size);
            if (size > 20)
                side = (int)fork;
        }
        CHECK(cosigned > 0);
    }
}

int main(void)
{
    logs[0] = signer_make(ORIGIN, 1);
    logs[1] = signer_make(ORIGIN, 2);
    logs[2] = signer_make("other.example/log", 3);
    stranger = signer_make("stranger.example", 4);
    for (size_t i = 0; i < LOGS; i++)
        trusted[i] = logs[i].note_key;
    grow_trees();
    RUN(statuses_are_those_of_the_specification);
    RUN(a_first_checkpoint_is_cosigned_without_a_proof);
    RUN(a_tree_that_goes_on_is_cosigned);
    RUN(the_same_checkpoint_is_cosigned_again);
    RUN(another_root_at_a_size_is_refused);
    RUN(a_fork_is_refused);
    RUN(an_old_size_that_is_not_ours_is_told_ours);
    RUN(an_old_size_beyond_the_checkpoint_is_refused);
    RUN(a_proof_where_none_belongs_is_refused);
    RUN(an_empty_tree_has_one_root);
    RUN(a_log_that_is_not_in_the_policy_is_unknown);
    RUN(a_checkpoint_needs_a_trusted_key_of_its_own_log);
    RUN(signatures_of_others_are_ignored_and_not_kept);
    RUN(a_trusted_key_whose_signature_fails_spoils_the_note);
    RUN(a_malformed_request_is_refused);
    RUN(a_proof_has_at_most_63_lines);
    RUN(a_request_is_read_as_it_was_written);
    RUN(no_bit_of_a_request_can_change);
    RUN(of_two_histories_only_one_is_ever_cosigned);
    for (size_t i = 0; i < LOGS; i++)
        signing_key_close(logs[i].key);
    signing_key_close(stranger.key);
    return check_report();
}
