// links: node
#include "check.h"
#include "node/witness_submit.h"

#define ORIGIN "ledger.example/coalition"

static enum submit_outcome answer(struct submit *submit, uint64_t size, struct submit_answer with,
                                  uint64_t now_ms)
{
    submit_begin(submit, size);
    return submit_end(submit, &with, now_ms);
}

static bool due(const struct submit *submit, uint64_t size, uint64_t now_ms)
{
    uint64_t wait_ms;
    return submit_due(submit, size, now_ms, &wait_ms);
}

static uint64_t wait_of(const struct submit *submit, uint64_t size, uint64_t now_ms)
{
    uint64_t wait_ms;
    CHECK(!submit_due(submit, size, now_ms, &wait_ms));
    return wait_ms;
}

static const struct submit_answer cosigned = {.status = 200, .holds = true};
static const struct submit_answer nobody = {.status = 0};

CASE(a_checkpoint_is_posted_once)
{
    struct submit submit = {0};
    CHECK(!due(&submit, 0, 0));
    CHECK(due(&submit, 7, 0));
    submit_begin(&submit, 7);
    CHECK(!due(&submit, 9, 100)); /* one at a time */
    CHECK_INT(submit_end(&submit, &cosigned, 200), SUBMIT_COSIGNED);
    CHECK_INT(submit.old_size, 7);
    CHECK_INT(submit.cosigned_size, 7);
    CHECK(!due(&submit, 7, 100000));
    CHECK_INT(wait_of(&submit, 7, 100000), UINT64_MAX);
    CHECK_INT(wait_of(&submit, 9, 300), SUBMIT_EVERY_MS - 100);
    CHECK(due(&submit, 9, 200 + SUBMIT_EVERY_MS));
}

CASE(a_size_that_is_told_is_taken_at_once)
{
    struct submit submit = {0};
    struct submit_answer told = {.status = 409, .told = true, .size = 5};
    CHECK_INT(answer(&submit, 7, told, 0), SUBMIT_CORRECTED);
    CHECK_INT(submit.old_size, 5);
    CHECK(due(&submit, 7, 0));
    CHECK_INT(answer(&submit, 7, cosigned, 0), SUBMIT_COSIGNED);
}

CASE(a_witness_that_is_ahead_is_left_alone_until_we_are_there)
{
    struct submit submit = {0};
    struct submit_answer told = {.status = 409, .told = true, .size = 12};
    CHECK_INT(answer(&submit, 7, told, 0), SUBMIT_AHEAD);
    CHECK(!due(&submit, 7, 100000));
    CHECK(!due(&submit, 11, 100000));
    CHECK(due(&submit, 12, 100000)); /* the same that another node brought: cosigned again */
    CHECK(due(&submit, 13, 100000));
    CHECK_INT(submit.failures, 0);
}

/* One answer, from whoever stood in between, does not silence a witness for good. */
CASE(a_size_that_we_never_reach_is_asked_about_again)
{
    struct submit submit = {0};
    struct submit_answer told = {.status = 409, .told = true, .size = UINT64_MAX};
    CHECK_INT(answer(&submit, 7, told, 0), SUBMIT_AHEAD);
    CHECK_INT(wait_of(&submit, 9, 0), SUBMIT_EVERY_MS + SUBMIT_BACKOFF_MAX_MS);
    CHECK(due(&submit, 9, SUBMIT_EVERY_MS + SUBMIT_BACKOFF_MAX_MS));
    CHECK_INT(submit_claim(&submit, 9), 0);
    told.size = 7;
    CHECK_INT(answer(&submit, 9, told, 400000), SUBMIT_CORRECTED);
    CHECK_INT(submit_claim(&submit, 9), 7);
    CHECK_INT(answer(&submit, 9, cosigned, 400000), SUBMIT_COSIGNED);
}

CASE(a_witness_that_repeats_what_we_said_has_failed)
{
    struct submit submit = {0};
    struct submit_answer told = {.status = 409, .told = true, .size = 0};
    CHECK_INT(answer(&submit, 7, told, 0), SUBMIT_FAILED);
    CHECK_INT(wait_of(&submit, 7, 0), SUBMIT_BACKOFF_MS);
}

CASE(a_witness_that_tells_ever_other_sizes_has_failed)
{
    struct submit submit = {0};
    for (uint64_t i = 1; i <= SUBMIT_CORRECTIONS_MAX; i++) {
        struct submit_answer told = {.status = 409, .told = true, .size = i};
        CHECK_INT(answer(&submit, 100, told, 0), SUBMIT_CORRECTED);
    }
    struct submit_answer told = {.status = 409, .told = true, .size = 50};
    CHECK_INT(answer(&submit, 100, told, 0), SUBMIT_FAILED);
    CHECK(!due(&submit, 100, 0));
}

CASE(everything_else_is_a_failure)
{
    static const struct submit_answer answers[] = {{.status = 0},
                                                   {.status = 200},
                                                   {.status = 201, .holds = true},
                                                   {.status = 302},
                                                   {.status = 400},
                                                   {.status = 403},
                                                   {.status = 404},
                                                   {.status = 409},
                                                   {.status = 422},
                                                   {.status = 500},
                                                   {.status = 422, .told = true}};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct submit submit = {0};
        CHECK_INT(answer(&submit, 7, answers[i], 0), SUBMIT_FAILED);
        CHECK_INT(submit.cosigned_size, 0);
        CHECK(!due(&submit, 7, SUBMIT_BACKOFF_MS - 1));
        CHECK(due(&submit, 7, SUBMIT_BACKOFF_MS));
    }
}

CASE(failures_wait_longer_and_longer_up_to_five_minutes)
{
    struct submit submit = {0};
    uint64_t now_ms = 0, last_ms = 0;
    for (int i = 0; i < 100; i++) {
        CHECK_INT(answer(&submit, 7, nobody, now_ms), SUBMIT_FAILED);
        uint64_t wait_ms = wait_of(&submit, 7, now_ms);
        CHECK(wait_ms >= last_ms && wait_ms <= SUBMIT_BACKOFF_MAX_MS);
        last_ms = wait_ms;
        now_ms += wait_ms;
    }
    CHECK_INT(last_ms, SUBMIT_BACKOFF_MAX_MS);
    CHECK_INT(answer(&submit, 7, cosigned, now_ms), SUBMIT_COSIGNED);
    CHECK_INT(answer(&submit, 8, nobody, now_ms), SUBMIT_FAILED);
    CHECK_INT(wait_of(&submit, 8, now_ms), SUBMIT_BACKOFF_MS);
}

CASE(a_told_size_is_a_plain_number_with_its_type)
{
    static const struct {
        const char *type, *body;
        bool good;
    } cases[] = {{"text/x.tlog.size", "0\n", true},
                 {"text/x.tlog.size", "18446744073709551615\n", true},
                 {"text/x.tlog.size", "", false},
                 {"text/x.tlog.size", "\n", false},
                 {"text/x.tlog.size", "50", false},
                 {"text/x.tlog.size", "050\n", false},
                 {"text/x.tlog.size", "50\n\n", false},
                 {"text/x.tlog.size", "-1\n", false},
                 {"text/plain", "10\n", false},
                 {NULL, "10\n", false},
                 {"text/x.tlog.size", "18446744073709551616\n", false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t size = 99;
        bool good = submit_size_parse(cases[i].type, bytes_text(cases[i].body), &size);
        CHECK(good == cases[i].good);
        CHECK(good || size == 99);
    }
}

/* ---- cosignatures --------------------------------------------------------------------------- */

static struct note_key key_of(const struct signing_key *signer, const char *name, uint8_t type)
{
    struct note_key key;
    struct public_key public_key = signing_key_public(signer);
    REQUIRE(note_key_make(name, type, &public_key, &key, NULL));
    return key;
}

CASE(a_cosignature_is_found_among_others_lines)
{
    uint8_t seed[SEED_SIZE] = {1};
    struct signing_key *one = signing_key_from_seed(seed);
    seed[0] = 2;
    struct signing_key *other = signing_key_from_seed(seed);
    struct note_key log = key_of(one, ORIGIN, NOTE_TYPE_ED25519);
    struct note_key own = key_of(one, "witness.example/w1", NOTE_TYPE_COSIGNATURE);
    struct note_key stranger = key_of(other, "witness.example/w2", NOTE_TYPE_COSIGNATURE);
    static const char text[] = ORIGIN "\n7\nwxY2V3WLHTT6SEL+X4zlWJFVlzZOdxNDTbiQk8Vn+cM=\n";
    struct buffer note, wrong;
    struct bytes line = {.at = NULL};
    uint64_t time_s = 0;
    buffer_init(&note, NOTE_SIZE_MAX);
    REQUIRE(note_begin(&note, bytes_text(text), NULL));
    note_sign(&note, &log, one);
    size_t size = note.size;
    note_cosign(&note, &stranger, other, 1600000000);
    note_cosign(&note, &own, one, 1700000000);
    struct bytes alone = bytes_of(note.at, size);
    struct bytes lines = bytes_of(note.at + size, note.size - size);
    REQUIRE(submit_cosignature(alone, lines, &own, &line, &time_s));
    CHECK_INT(time_s, 1700000000);
    CHECK(line.at > lines.at && line.at + line.size + 1 == lines.at + lines.size);
    CHECK(!submit_cosignature(alone, bytes_of(lines.at, lines.size - 1), &own, &line, &time_s));
    CHECK(!submit_cosignature(alone, bytes_text(""), &own, &line, &time_s));
    CHECK(!submit_cosignature(alone, bytes_text("cosigned\n"), &own, &line, &time_s));
    /* Of another checkpoint. */
    buffer_init(&wrong, NOTE_SIZE_MAX);
    REQUIRE(note_begin(&wrong, bytes_text("x\n"), NULL));
    CHECK(!submit_cosignature(buffer_bytes(&wrong), lines, &own, &line, &time_s));
    buffer_release(&note);
    buffer_release(&wrong);
    signing_key_close(one);
    signing_key_close(other);
}

int main(void)
{
    RUN(a_checkpoint_is_posted_once);
    RUN(a_size_that_is_told_is_taken_at_once);
    RUN(a_witness_that_is_ahead_is_left_alone_until_we_are_there);
    RUN(a_size_that_we_never_reach_is_asked_about_again);
    RUN(a_witness_that_repeats_what_we_said_has_failed);
    RUN(a_witness_that_tells_ever_other_sizes_has_failed);
    RUN(everything_else_is_a_failure);
    RUN(failures_wait_longer_and_longer_up_to_five_minutes);
    RUN(a_told_size_is_a_plain_number_with_its_type);
    RUN(a_cosignature_is_found_among_others_lines);
    return check_report();
}
