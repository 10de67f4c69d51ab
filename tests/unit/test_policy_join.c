// links: partners
#include "check.h"
#include "crypto/policy.h"
#include "partners/policy_join.h"

static char keys[4][128]; /* a log's, a voter's, two witnesses' */

static void keys_make(void)
{
    for (uint8_t i = 0; i < 4; i++) {
        uint8_t seed[SEED_SIZE] = {i};
        struct signing_key *signer = signing_key_from_seed(seed);
        struct public_key public_key = signing_key_public(signer);
        struct note_key key;
        struct buffer text;
        REQUIRE(note_key_make("a.example", i == 0 ? NOTE_TYPE_ED25519 : NOTE_TYPE_COSIGNATURE,
                              &public_key, &key, NULL));
        buffer_init(&text, sizeof(keys[i]) - 1);
        note_key_format(&key, &text);
        (void)snprintf(keys[i], sizeof(keys[i]), "%s", buffer_text(&text));
        buffer_release(&text);
        signing_key_close(signer);
    }
}

/* Appends the lines, with a key for each mark: "&" the next witness's. */
static void fill(struct buffer *text, const char *lines)
{
    size_t next = 2;
    for (; *lines; lines++) {
        if (*lines == '&')
            buffer_append_text(text, keys[next++]);
        else
            buffer_append_byte(text, (uint8_t)*lines);
    }
}

/* Joins the usual policy with these lines; `last` ends them. */
static bool join(const char *witnesses, const char *last, struct policy *policy_out,
                 struct error *error)
{
    char own[600];
    struct buffer outside, joined;
    (void)snprintf(own, sizeof(own), "log %s\nwitness v %s\ngroup voters all v\nquorum voters\n",
                   keys[0], keys[1]);
    buffer_init(&outside, POLICY_SIZE_MAX);
    buffer_init(&joined, POLICY_SIZE_MAX);
    fill(&outside, witnesses);
    buffer_append_text(&outside, last);
    bool good = policy_join(bytes_text(own), buffer_bytes(&outside), &joined, error);
    CHECK(good == (joined.size > 0));
    if (good)
        REQUIRE(policy_parse(buffer_bytes(&joined), policy_out, NULL));
    buffer_release(&outside);
    buffer_release(&joined);
    return good;
}

static const char two[] = "# outside\nwitness east & http://e\n\twitness  west &\n"
                          "group outside any east west\n";

CASE(both_quorums_are_asked_for)
{
    struct policy policy;
    struct error error;
    REQUIRE(join(two, " quorum\toutside \n", &policy, &error));
    CHECK_INT(policy.witness_count, 3);
    CHECK(!policy_met(&policy, 1));
    CHECK(!policy_met(&policy, 6));
    CHECK(policy_met(&policy, 3));
    CHECK(policy_met(&policy, 5));
    CHECK_INT(policy_least(&policy, 1), 1);
    policy_release(&policy);
}

CASE(a_single_witness_may_be_the_quorum)
{
    struct policy policy;
    struct error error;
    REQUIRE(join(two, "quorum west\n", &policy, &error) == false); /* already in a group */
    REQUIRE(join("witness east & http://e\n", "quorum east\n", &policy, &error));
    CHECK(!policy_met(&policy, 1));
    CHECK(policy_met(&policy, 3));
    policy_release(&policy);
}

CASE(witnesses_that_nobody_needs_are_there_and_change_nothing)
{
    struct policy policy;
    struct error error;
    REQUIRE(join(two, "quorum none\n", &policy, &error));
    CHECK_INT(policy.witness_count, 3);
    CHECK_TEXT(policy.witnesses[1].url, "http://e");
    CHECK(policy_met(&policy, 1));
    CHECK(!policy_met(&policy, 6));
    policy_release(&policy);
}

CASE(what_gives_no_policy_is_refused)
{
    struct policy policy;
    static const struct {
        const char *lines, *last, *why;
    } cases[] = {{two, "", "no quorum line"},
                 {two, "quorum outside\nquorum none\n", "more than one quorum"},
                 {two, "quorum outside", "no newline"},
                 {two, "quorum nobody\n", "line"},
                 {"log &\n", "quorum none\n", "coalition's own"},
                 {"witness v &\n", "quorum none\n", "line"},
                 {"nonsense &\n", "quorum none\n", "line"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error error = {0};
        CHECK(!join(cases[i].lines, cases[i].last, &policy, &error));
        if (!strstr(error.text, cases[i].why)) {
            printf("case %zu: %s\n", i, error.text);
            CHECK(!"the reason that was expected");
        }
    }
}

int main(void)
{
    keys_make();
    RUN(both_quorums_are_asked_for);
    RUN(a_single_witness_may_be_the_quorum);
    RUN(witnesses_that_nobody_needs_are_there_and_change_nothing);
    RUN(what_gives_no_policy_is_refused);
    return check_report();
}
