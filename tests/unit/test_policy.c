// links: crypto
#include "check.h"
#include "crypto/policy.h"

enum { WITNESSES = 6, TEXT_MAX = 512 * 1024 };

struct party {
    struct signing_key *signer;
    struct note_key key;
    char vkey[512];
};

static struct party log_party, other_log, witnesses[WITNESSES];

static struct party party_make(const char *name, uint8_t type, uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    struct buffer vkey;
    memset(seed, fill, sizeof(seed));
    struct party party = {.signer = signing_key_from_seed(seed)};
    struct public_key public_key = signing_key_public(party.signer);
    REQUIRE(note_key_make(name, type, &public_key, &party.key, NULL));
    buffer_init(&vkey, sizeof(party.vkey) - 1);
    note_key_format(&party.key, &vkey);
    snprintf(party.vkey, sizeof(party.vkey), "%s", buffer_text(&vkey));
    buffer_release(&vkey);
    return party;
}

/* L, M: verifier keys of the logs; 0..5: of the witnesses. Everything else stands for itself. */
static void expand(const char *pattern, struct buffer *text_out)
{
    buffer_init(text_out, TEXT_MAX);
    for (; *pattern; pattern++) {
        if (*pattern != '%') {
            buffer_append_byte(text_out, (uint8_t)*pattern);
            continue;
        }
        pattern++;
        const struct party *party = *pattern == 'L'   ? &log_party
                                    : *pattern == 'M' ? &other_log
                                                      : &witnesses[*pattern - '0'];
        buffer_append_text(text_out, party->vkey);
    }
    REQUIRE(!text_out->overflowed);
}

static bool parses(const char *pattern, struct policy *policy_out, struct error *error)
{
    struct buffer text;
    expand(pattern, &text);
    bool parsed = policy_parse(buffer_bytes(&text), policy_out, error);
    buffer_release(&text);
    return parsed;
}

static const char two_levels[] = "log %L\n\n"
                                 "witness X1 %0\nwitness X2 %1\nwitness X3 %2\n"
                                 "group X-witnesses 2 X1 X2 X3\n\n"
                                 "witness Y1 %3\nwitness Y2 %4\nwitness Y3 %5\n"
                                 "group Y-witnesses any Y1 Y2 Y3\n\n"
                                 "group X-and-Y all X-witnesses Y-witnesses\n"
                                 "quorum X-and-Y\n";

CASE(the_example_of_the_specification_is_read)
{
    struct policy policy;
    REQUIRE(parses(two_levels, &policy, NULL));
    CHECK_INT(policy.log_count, 1);
    CHECK_TEXT(policy.logs[0].key.name, "ledger.example");
    CHECK_INT(policy.witness_count, 6);
    CHECK_TEXT(policy.witnesses[3].name, "Y1");
    CHECK_INT(policy.group_count, 3);
    CHECK_INT(policy.groups[0].threshold, 2);
    CHECK_INT(policy.groups[0].witnesses, 7);
    CHECK_INT(policy.groups[1].threshold, 1);
    CHECK_INT(policy.groups[2].threshold, 2);
    CHECK_INT(policy.groups[2].groups, 3);
    CHECK_INT(policy.quorum, POLICY_ONE_GROUP);
    CHECK_INT(policy.quorum_index, 2);
    CHECK(policy_met(&policy, 0x0B) && policy_met(&policy, 0x2D) && policy_met(&policy, 0x3F));
    CHECK(!policy_met(&policy, 0x07) && !policy_met(&policy, 0x39) && !policy_met(&policy, 0));
    CHECK_INT(policy_least(&policy, 0x3F), 3);
    CHECK_INT(policy_least(&policy, 0x07), 2);
    CHECK_INT(policy_least(&policy, 0x03), 1);
    CHECK_INT(policy_least(&policy, 0x01), 0);
    CHECK_INT(policy_least(&policy, 0x38), 1);
    CHECK_INT(policy_least(&policy, 0x18), 0);
    policy_release(&policy);
    policy_release(&policy);
}

CASE(blanks_comments_urls_and_other_alphabets_are_allowed)
{
    struct policy policy;
    REQUIRE(parses("# \xFF a comment\n \t # another\n\t\n"
                   "  log\t%L   https://a.example/\xC3\xA9 \n"
                   "quorum none\n"
                   "witness none+ %0 https://w.example\t\nwitness \xFF\xFE %1\nwitness any %2\n"
                   "group all any any\ngroup g 1 \xFF\xFE\n",
                   &policy, NULL));
    CHECK_TEXT(policy.logs[0].url, "https://a.example/\xC3\xA9");
    CHECK_TEXT(policy.witnesses[0].url, "https://w.example");
    CHECK_TEXT(policy.witnesses[1].name, "\xFF\xFE");
    CHECK_TEXT(policy.witnesses[1].url, "");
    CHECK_INT(policy.groups[0].witnesses, 4);
    CHECK_INT(policy.quorum, POLICY_NO_QUORUM);
    CHECK(policy_met(&policy, 0));
    CHECK_INT(policy_least(&policy, 7), 0);
    policy_release(&policy);
}

CASE(one_witness_may_be_the_quorum)
{
    struct policy policy;
    REQUIRE(parses("log %L\nlog %M\nwitness a %0\nwitness b %1\nquorum b\n", &policy, NULL));
    CHECK(policy_met(&policy, 2) && !policy_met(&policy, 1));
    CHECK_INT(policy_least(&policy, 2), 1);
    CHECK_INT(policy_least(&policy, 1), 0);
    policy_release(&policy);
}

CASE(what_breaks_the_format_is_refused_with_its_line)
{
    static const struct {
        const char *text, *says;
    } refused[] = {
        {"", "no log line"},
        {"quorum none\n", "no log line"},
        {"log %L\n", "no quorum line"},
        {"log %L\nquorum none", "line 2 does not end in a newline"},
        {"log %L\nquorum none\nquorum none\n", "line 3: a second quorum line"},
        {"log %L\nquorum\n", "line 2: the name is missing"},
        {"log %L\nquorum none none\n", "line 2: more than belongs"},
        {"log %L\nquorum a\nwitness a %0\n", "line 2: the quorum is not defined"},
        {"log\nquorum none\n", "line 1: the verifier key is missing"},
        {"log x\nquorum none\n", "line 1: a verifier key is"},
        {"log %0\nquorum none\n", "line 1: the key is of type 04, it must be 01"},
        {"log %L u v\nquorum none\n", "line 1: more than belongs"},
        {"log %L\nlog %L\nquorum none\n", "line 2: this key is that of another log"},
        {"log %L\nwitness\nquorum none\n", "line 2: the name is missing"},
        {"log %L\nwitness a\nquorum none\n", "line 2: the verifier key is missing"},
        {"log %L\nwitness a %L\nquorum none\n", "line 2: the key is of type 01, it must be 04"},
        {"log %L\nwitness none %0\nquorum none\n", "line 2: the name \"none\""},
        {"log %L\nwitness a %0\nwitness a %1\nquorum none\n", "line 3: this name is defined"},
        {"log %L\nwitness a %0\nwitness b %0\nquorum none\n",
         "line 3: this key is that of another"},
        {"log %L\nwitness a %0\ngroup a 1 a\nquorum none\n", "line 3: this name is defined"},
        {"log %L\ngroup none 1 a\nquorum none\n", "line 2: the name \"none\""},
        {"log %L\nwitness a %0\ngroup g\nquorum none\n", "line 3: the threshold is missing"},
        {"log %L\nwitness a %0\ngroup g any\nquorum none\n", "line 3: a group has at least one"},
        {"log %L\nwitness a %0\ngroup g 0 a\nquorum none\n", "line 3: the threshold is any, all,"},
        {"log %L\nwitness a %0\ngroup g 2 a\nquorum none\n", "line 3: the threshold is any, all,"},
        {"log %L\nwitness a %0\ngroup g 01 a\nquorum none\n", "line 3: the threshold is any, all,"},
        {"log %L\nwitness a %0\ngroup g 1 g\nquorum none\n", "line 3: a member is not defined"},
        {"log %L\nwitness a %0\ngroup g 1 none\nquorum none\n", "line 3: a member is not defined"},
        {"log %L\nwitness a %0\ngroup g 1 a a\nquorum none\n", "line 3: a member is listed twice"},
        {"log %L\nwitness a %0\ngroup g 1 a\ngroup h 1 a\nquorum none\n",
         "line 4: a member is listed twice"},
        {"log %L\nwitness a %0\ngroup g 1 a\ngroup h 1 g\ngroup i 1 g\nquorum none\n",
         "line 5: a member is listed twice"},
        {"logs %L\nquorum none\n", "line 1: a line begins with"},
        {"log %L\nQUORUM none\n", "line 2: a line begins with"},
        {"log %L\r\nquorum none\r\n", "line 1: control characters"},
        {"log %L\n# \x7F\nquorum none\n", "line 2: control characters"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct policy policy = {.log_count = 99};
        struct error error = {.code = ERROR_NONE};
        CHECK(!parses(refused[i].text, &policy, &error));
        CHECK_INT(error.code, ERROR_INVALID);
        CHECK_INT(policy.log_count, 99);
        if (!strstr(error.text, refused[i].says)) {
            CHECK_TEXT(error.text, refused[i].says);
        }
    }
    struct policy policy;
    CHECK(!policy_parse(bytes_of("#\0\n", 3), &policy, NULL));
}

static void vkey_append(struct buffer *text, uint8_t type, uint32_t number)
{
    struct note_key key;
    struct public_key public_key = {.at = {0}};
    put_u32be(public_key.at, number);
    REQUIRE(note_key_make("many.example", type, &public_key, &key, NULL));
    note_key_format(&key, text);
    buffer_append_byte(text, '\n');
}

/* A policy with so many of each; one group per witness. */
static bool many_parse(uint32_t logs, uint32_t witness_count, uint32_t groups,
                       struct policy *policy_out, struct error *error)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    for (uint32_t i = 0; i < logs; i++) {
        buffer_append_text(&text, "log ");
        vkey_append(&text, NOTE_TYPE_ED25519, i);
    }
    for (uint32_t i = 0; i < witness_count; i++) {
        buffer_printf(&text, "witness w%u ", (unsigned)i);
        vkey_append(&text, NOTE_TYPE_COSIGNATURE, i);
    }
    buffer_append_text(&text, "group g0 all w0\n");
    for (uint32_t i = 1; i < groups; i++) {
        buffer_printf(&text, "group g%u all g%u w%u\n", (unsigned)i, (unsigned)i - 1, (unsigned)i);
    }
    buffer_printf(&text, "quorum g%u\n", (unsigned)groups - 1);
    bool parsed = policy_parse(buffer_bytes(&text), policy_out, error);
    buffer_release(&text);
    return parsed;
}

CASE(each_number_has_a_limit_that_can_be_reached)
{
    struct policy policy;
    struct error error = {.code = ERROR_NONE};
    REQUIRE(many_parse(POLICY_LOGS_MAX, POLICY_WITNESSES_MAX, POLICY_GROUPS_MAX, &policy, &error));
    CHECK(policy_met(&policy, UINT64_MAX) && !policy_met(&policy, UINT64_MAX >> 1));
    CHECK_INT(policy_least(&policy, UINT64_MAX), 64);
    CHECK_INT(policy_least(&policy, 0xF0), 4);
    policy_release(&policy);
    CHECK(!many_parse(POLICY_LOGS_MAX + 1, 1, 1, &policy, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(!many_parse(1, POLICY_WITNESSES_MAX + 1, 1, &policy, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(!many_parse(1, POLICY_WITNESSES_MAX, POLICY_GROUPS_MAX + 1, &policy, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
}

CASE(names_urls_and_the_text_have_a_longest)
{
    char name[POLICY_NAME_MAX + 2], text[4096];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    struct policy policy;
    struct error error = {.code = ERROR_NONE};
    snprintf(text, sizeof(text), "log %s\nwitness %s %s %s\nquorum none\n", log_party.vkey,
             name + 1, witnesses[0].vkey, name + 1);
    REQUIRE(policy_parse(bytes_text(text), &policy, NULL));
    CHECK_INT(strlen(policy.witnesses[0].name), POLICY_NAME_MAX);
    CHECK_INT(strlen(policy.witnesses[0].url), POLICY_URL_MAX);
    policy_release(&policy);
    snprintf(text, sizeof(text), "log %s %s\nquorum none\n", log_party.vkey, name);
    CHECK(!policy_parse(bytes_text(text), &policy, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    struct buffer large;
    buffer_init(&large, TEXT_MAX);
    memset(buffer_extend(&large, POLICY_SIZE_MAX + 1), '\n', POLICY_SIZE_MAX + 1);
    CHECK(!policy_parse(buffer_bytes(&large), &policy, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&large);
}

/* ---- checkpoints ------------------------------------------------------------------------------
 */

/* A checkpoint of `origin` signed by the log, if one is given, and by the witnesses of the mask. */
static void note_make(struct buffer *note, const char *origin, const struct party *log,
                      uint64_t mask)
{
    struct checkpoint checkpoint = {.size = 12};
    struct buffer text;
    snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origin);
    buffer_init(&text, NOTE_SIZE_MAX);
    buffer_init(note, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &text);
    REQUIRE(note_begin(note, buffer_bytes(&text), NULL));
    if (log) {
        note_sign(note, &log->key, log->signer);
    }
    for (size_t i = 0; i < WITNESSES; i++) {
        if (mask >> i & 1) {
            note_cosign(note, &witnesses[i].key, witnesses[i].signer, 1000 + i);
        }
    }
    buffer_release(&text);
}

static enum error_code checked(const struct policy *policy, const char *origin,
                               const struct party *log, uint64_t mask, struct policy_result *result)
{
    struct buffer note;
    struct checkpoint checkpoint = {.size = 99};
    struct error error = {.code = ERROR_NONE};
    note_make(&note, origin, log, mask);
    bool good = policy_check(policy, buffer_bytes(&note), &checkpoint, result, &error);
    CHECK_INT(checkpoint.size, good ? 12 : 99);
    CHECK_INT(good, error.code == ERROR_NONE);
    buffer_release(&note);
    return error.code;
}

CASE(a_checkpoint_needs_a_log_and_a_quorum)
{
    struct policy policy;
    struct policy_result result;
    REQUIRE(parses(two_levels, &policy, NULL));
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0x0B, &result), ERROR_NONE);
    CHECK_INT(result.witnesses, 0x0B);
    CHECK_INT(result.times_s[3], 1003);
    CHECK(policy_log_signed(&result, 0));
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0x03, &result), ERROR_DENIED);
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0x38, &result), ERROR_DENIED);
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0, &result), ERROR_DENIED);
    CHECK_INT(checked(&policy, "ledger.example", NULL, 0x3F, &result), ERROR_DENIED);
    CHECK_INT(checked(&policy, "ledger.example", &other_log, 0x3F, &result), ERROR_DENIED);
    CHECK_INT(checked(&policy, "else.example", &log_party, 0x3F, &result), ERROR_DENIED);
    policy_release(&policy);
}

CASE(any_log_of_the_policy_may_have_signed_but_only_its_own_origin)
{
    struct policy policy;
    struct policy_result result;
    REQUIRE(parses("log %L\nlog %M\nquorum none\n", &policy, NULL));
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0x3F, &result), ERROR_NONE);
    CHECK(policy_log_signed(&result, 0) && !policy_log_signed(&result, 1));
    CHECK_INT(result.witnesses, 0);
    CHECK_INT(checked(&policy, "other.example", &other_log, 0, &result), ERROR_NONE);
    CHECK(!policy_log_signed(&result, 0) && policy_log_signed(&result, 1));
    CHECK_INT(checked(&policy, "ledger.example", &other_log, 0, &result), ERROR_DENIED);
    policy_release(&policy);
}

CASE(a_cosignature_that_does_not_hold_rejects_the_checkpoint)
{
    struct policy policy;
    struct policy_result result;
    struct checkpoint checkpoint;
    struct error error = {.code = ERROR_NONE};
    struct buffer note, other, bare;
    REQUIRE(parses("log %L\nwitness a %0\nwitness b %1\nquorum a\n", &policy, NULL));
    note_make(&note, "ledger.example", &log_party, 1);
    CHECK(policy_check(&policy, buffer_bytes(&note), &checkpoint, &result, NULL));
    note_make(&other, "ledger.example", NULL, 2);
    note_make(&bare, "ledger.example", NULL, 0);
    buffer_append(&note, bytes_of(other.at + bare.size, other.size - bare.size));
    CHECK(policy_check(&policy, buffer_bytes(&note), &checkpoint, &result, NULL));
    CHECK_INT(result.witnesses, 3);
    note.at[note.size - 10] ^= 1;
    CHECK(!policy_check(&policy, buffer_bytes(&note), &checkpoint, &result, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    CHECK(!policy_check(&policy, bytes_text("no note\n"), &checkpoint, &result, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    buffer_release(&note);
    buffer_release(&other);
    buffer_release(&bare);
    policy_release(&policy);
}

CASE(logs_beyond_the_first_64_are_known_too)
{
    struct policy policy;
    struct policy_result result;
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    for (uint32_t i = 0; i < 130; i++) {
        buffer_append_text(&text, "log ");
        vkey_append(&text, NOTE_TYPE_ED25519, i);
    }
    buffer_printf(&text, "log %s\nquorum none\n", log_party.vkey);
    REQUIRE(policy_parse(buffer_bytes(&text), &policy, NULL));
    CHECK_INT(checked(&policy, "ledger.example", &log_party, 0, &result), ERROR_NONE);
    CHECK(policy_log_signed(&result, 130) && !policy_log_signed(&result, 2));
    buffer_release(&text);
    policy_release(&policy);
}

int main(void)
{
    log_party = party_make("ledger.example", NOTE_TYPE_ED25519, 1);
    other_log = party_make("other.example", NOTE_TYPE_ED25519, 2);
    for (uint8_t i = 0; i < WITNESSES; i++) {
        char name[64];
        snprintf(name, sizeof(name), "witness-%u.example", i);
        witnesses[i] = party_make(name, NOTE_TYPE_COSIGNATURE, (uint8_t)(10 + i));
    }
    RUN(the_example_of_the_specification_is_read);
    RUN(blanks_comments_urls_and_other_alphabets_are_allowed);
    RUN(one_witness_may_be_the_quorum);
    RUN(what_breaks_the_format_is_refused_with_its_line);
    RUN(each_number_has_a_limit_that_can_be_reached);
    RUN(names_urls_and_the_text_have_a_longest);
    RUN(a_checkpoint_needs_a_log_and_a_quorum);
    RUN(any_log_of_the_policy_may_have_signed_but_only_its_own_origin);
    RUN(a_cosignature_that_does_not_hold_rejects_the_checkpoint);
    RUN(logs_beyond_the_first_64_are_known_too);
    signing_key_close(log_party.signer);
    signing_key_close(other_log.signer);
    for (size_t i = 0; i < WITNESSES; i++) {
        signing_key_close(witnesses[i].signer);
    }
    return check_report();
}
