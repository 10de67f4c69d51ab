// links: protocol
/* Changes as bytes: each kind, its bounds, and what a ballot signs. */
#include "protocol/codec.h"
#include "protocol/motion.h"
#include "unit/codec_law.h"

static struct node_keys example_keys(void)
{
    struct node_keys keys;
    memset(keys.sign_key.at, 0x11, PUBLIC_KEY_SIZE);
    memset(keys.transport_key, 0x22, TRANSPORT_KEY_SIZE);
    memset(keys.transport_signature.at, 0x33, SIGNATURE_SIZE);
    memset(keys.log_key.at, 0x44, PUBLIC_KEY_SIZE);
    memset(keys.cosigner_key.at, 0x55, PUBLIC_KEY_SIZE);
    return keys;
}

/* One example of each kind; no default, so that a new kind needs one. */
static struct change example(enum change_kind kind)
{
    struct change change = {.kind = kind, .node = {4}, .partner = {3}};
    switch (kind) {
    case CHANGE_ADMIT:
        change = (struct change){.kind = kind,
                                 .founds_partner = true,
                                 .partner_name = bytes_text("bakery"),
                                 .node_name = bytes_text("bakery-1"),
                                 .keys = example_keys(),
                                 .address = bytes_text("tcp://10.0.0.5:7100"),
                                 .voter = true};
        memset(change.key.at, 0x66, PUBLIC_KEY_SIZE);
        break;
    case CHANGE_REPLACE_KEYS:
        change.keys = example_keys();
        change.address = bytes_text("tcp://10.0.0.5:7100");
        break;
    case CHANGE_SET_VOTER:
        change.voter = true;
        break;
    case CHANGE_REPLACE_GOVERNANCE:
    case CHANGE_SUSPEND:
        memset(change.key.at, 0x66, PUBLIC_KEY_SIZE);
        break;
    case CHANGE_SET_LIMITS:
        change.limit_count = 2;
        change.limits[0] = (struct limit_value){LIMIT_CUT_BYTES, 1048576};
        change.limits[1] = (struct limit_value){LIMIT_TIMEOUT_MS, 500};
        break;
    case CHANGE_REMOVE_NODE:
    case CHANGE_REMOVE_PARTNER:
    case CHANGE_PROMOTE:
        break;
    }
    return change;
}

static bool change_again(struct bytes in, struct buffer *out)
{
    struct change change;
    law_fill(&change, sizeof(change));
    struct error error = {0};
    if (!change_decode(in, &change, &error)) {
        CHECK(law_untouched(&change, sizeof(change)));
        CHECK_INT(error.code, ERROR_INVALID);
        return false;
    }
    change_encode(&change, out);
    return true;
}

static bool motion_again(struct bytes in, struct buffer *out)
{
    struct motion motion;
    law_fill(&motion, sizeof(motion));
    if (!motion_decode(in, &motion, NULL)) {
        CHECK(law_untouched(&motion, sizeof(motion)));
        return false;
    }
    motion_encode(&motion, out);
    return true;
}

static struct bytes encoded(const struct change *change)
{
    static struct buffer out;
    buffer_release(&out);
    buffer_init(&out, CHANGE_SIZE_MAX);
    change_encode(change, &out);
    CHECK(!out.overflowed);
    return buffer_bytes(&out);
}

static struct bytes encoded_example(enum change_kind kind)
{
    struct change change = example(kind);
    return encoded(&change);
}

static bool taken(const struct change *change)
{
    return law_holds(change_again, encoded(change));
}

#define X11 "1111111111111111111111111111111111111111111111111111111111111111"
#define X44 "4444444444444444444444444444444444444444444444444444444444444444"
#define X55 "5555555555555555555555555555555555555555555555555555555555555555"
#define X66 "6666666666666666666666666666666666666666666666666666666666666666"
#define X22                                                                                        \
    "22222222222222222222222222222222222222222222222222222222222222222222222222222222"             \
    "22222222222222222222222222222222222222222222222222"
#define X33                                                                                        \
    "33333333333333333333333333333333333333333333333333333333333333333333333333333333"             \
    "333333333333333333333333333333333333333333333333"
#define KEYS "5820" X11 "5841" X22 "5840" X33 "5820" X44 "5820" X55

CASE(each_kind_has_its_frozen_bytes)
{
    CHECK_HEX(encoded_example(CHANGE_ADMIT),
              "8c01f66662616b6572795820" X66 "6862616b6572792d31" KEYS
              "737463703a2f2f31302e302e302e353a37313030f5");
    CHECK_HEX(encoded_example(CHANGE_REMOVE_NODE), "820204");
    CHECK_HEX(encoded_example(CHANGE_REMOVE_PARTNER), "820303");
    CHECK_HEX(encoded_example(CHANGE_SET_VOTER), "830404f5");
    CHECK_HEX(encoded_example(CHANGE_REPLACE_KEYS),
              "880504" KEYS "737463703a2f2f31302e302e302e353a37313030");
    CHECK_HEX(encoded_example(CHANGE_REPLACE_GOVERNANCE), "8306035820" X66);
    CHECK_HEX(encoded_example(CHANGE_SET_LIMITS), "82078282021a0010000082071901f4");
    CHECK_HEX(encoded_example(CHANGE_SUSPEND), "8308045820" X66);
    CHECK_HEX(encoded_example(CHANGE_PROMOTE), "820904");
    struct change more = example(CHANGE_ADMIT);
    more.founds_partner = false;
    more.partner = (struct partner_id){3};
    more.partner_name = bytes_of(NULL, 0);
    more.voter = false;
    CHECK_HEX(encoded(&more),
              "8c010360f66862616b6572792d31" KEYS "737463703a2f2f31302e302e302e353a37313030f4");
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
#define X(name, number, word)                                                                      \
    law_check(change_again, encoded_example(name));                                                \
    law_refuses_other_forms(change_again, encoded_example(name));
    CHANGE_KINDS(X)
#undef X
}

CASE(the_largest_change_fits)
{
    char name[NAME_SIZE_MAX + 1], address[ADDRESS_SIZE_MAX + 1];
    memset(name, 'n', sizeof(name));
    memset(address, 'h', sizeof(address));
    memcpy(address, "tcp://", 6);
    memcpy(address + ADDRESS_SIZE_MAX - 6, ":65535", 6);
    struct change change = example(CHANGE_ADMIT);
    change.partner_name = change.node_name = bytes_of(name, NAME_SIZE_MAX);
    change.address = bytes_of(address, ADDRESS_SIZE_MAX);
    CHECK(taken(&change));
    CHECK(encoded(&change).size < CHANGE_SIZE_MAX - 100);
    change.node_name = bytes_of(name, NAME_SIZE_MAX + 1);
    CHECK(!taken(&change));
    change.node_name = bytes_text("n");
    memcpy(address + ADDRESS_SIZE_MAX - 6, ":655350", 7);
    change.address = bytes_of(address, ADDRESS_SIZE_MAX + 1);
    CHECK(!taken(&change));
}

CASE(names_and_addresses_are_well_formed)
{
    static const char *const bad_names[] = {"", "9a", "-a", "a_b", "A", "a b", "\xc3\xa4"};
    static const char *const bad_addresses[] = {
        "",           "tcp://",          "tcp://h",       "tcp://h:",     "tcp://:1", "udp://h:1",
        "tcp://h:0",  "tcp://h:65536",   "tcp://h:01",    "tcp://h h:1",  "h:1",      "tcp://h:1\n",
        "tcp://h:1 ", "tcp://h\x7f:123", "TCP://h:12345", "tcp://h:-123", "tcp:/h:1"};
    struct change change;
    for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++) {
        change = example(CHANGE_ADMIT);
        change.partner_name = bytes_text(bad_names[i]);
        CHECK(!taken(&change));
        change = example(CHANGE_ADMIT);
        change.node_name = bytes_text(bad_names[i]);
        CHECK(!taken(&change));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_addresses); i++) {
        change = example(CHANGE_REPLACE_KEYS);
        change.address = bytes_text(bad_addresses[i]);
        CHECK(!taken(&change));
    }
    change = example(CHANGE_REPLACE_KEYS);
    change.address = bytes_text("tcp://[::1]:7100");
    CHECK(taken(&change));
}

CASE(numbers_keep_to_their_bounds)
{
    struct change change = example(CHANGE_REMOVE_NODE);
    change.node.v = NODES_MAX - 1;
    CHECK(taken(&change));
    change.node.v = NODES_MAX;
    CHECK(!taken(&change));
    change = example(CHANGE_REMOVE_PARTNER);
    change.partner.v = PARTNERS_MAX - 1;
    CHECK(taken(&change));
    change.partner.v = PARTNERS_MAX;
    CHECK(!taken(&change));
}

CASE(limits_ascend_and_are_those_of_the_table)
{
    struct change change = example(CHANGE_SET_LIMITS);
    change.limits[1].number = LIMIT_CUT_BYTES;
    CHECK(!taken(&change));
    change.limits[1].number = LIMIT_BATCH_BYTES;
    CHECK(!taken(&change));
    change.limits[1].number = (enum limit_number)(LIMIT_NUMBER_MAX + 1);
    CHECK(!taken(&change));
    change = example(CHANGE_SET_LIMITS);
    change.limits[0].number = (enum limit_number)0;
    CHECK(!taken(&change));
    change = example(CHANGE_SET_LIMITS);
    change.limit_count = 0;
    CHECK(!taken(&change));
    change = example(CHANGE_SET_LIMITS);
    change.limits[1].value = (uint64_t)INT64_MAX + 1;
    CHECK(!taken(&change));
    change.limit_count = LIMIT_NUMBER_MAX;
    for (int i = 0; i < LIMIT_NUMBER_MAX; i++)
        change.limits[i] = (struct limit_value){(enum limit_number)(i + 1), 1};
    CHECK(taken(&change));
}

static bool motion_taken(uint32_t delay, enum change_kind kind)
{
    struct motion motion = {.delay = delay, .change = example(kind)};
    struct buffer out;
    buffer_init(&out, MOTION_SIZE_MAX);
    motion_encode(&motion, &out);
    bool good = law_holds(motion_again, buffer_bytes(&out));
    if (good) {
        law_check(motion_again, buffer_bytes(&out));
        law_refuses_other_forms(motion_again, buffer_bytes(&out));
    }
    buffer_release(&out);
    return good;
}

CASE(motions_propose_what_partners_decide_and_leave_time)
{
#define X(name, number, word)                                                                      \
    CHECK(motion_taken(MOTION_DELAY_MIN, name) == change_is_proposed(name));
    CHANGE_KINDS(X)
#undef X
    CHECK(!change_is_proposed(CHANGE_SUSPEND) && !change_is_proposed(CHANGE_PROMOTE));
    CHECK(motion_taken(MOTION_DELAY_MAX, CHANGE_REMOVE_NODE));
    CHECK(!motion_taken(MOTION_DELAY_MAX + 1, CHANGE_REMOVE_NODE));
    CHECK(!motion_taken(MOTION_DELAY_MIN - 1, CHANGE_REMOVE_NODE));
}

CASE(words_name_their_kinds)
{
    enum change_kind kind = CHANGE_SUSPEND;
#define X(name, number, word)                                                                      \
    CHECK(change_kind_from_word(word, &kind) && kind == name);                                     \
    CHECK_TEXT(change_kind_word(name), word);
    CHANGE_KINDS(X)
#undef X
    CHECK(!change_kind_from_word("", &kind) && !change_kind_from_word("Admit", &kind));
#define X(name, number, word) CHECK_TEXT(limit_word(name), word);
    CHARTER_LIMITS(X)
#undef X
}

/* ---- ballots --------------------------------------------------------------------------------- */

CASE(a_ballot_signs_the_motion_and_nothing_else)
{
    uint8_t seed[SEED_SIZE] = {1}, other_seed[SEED_SIZE] = {2};
    struct signing_key *key = signing_key_from_seed(seed);
    struct signing_key *other = signing_key_from_seed(other_seed);
    struct public_key public = signing_key_public(key), stranger = signing_key_public(other);
    struct hash coalition = hash_bytes(bytes_text("coalition"));
    struct hash motion = hash_bytes(bytes_text("motion")),
                changed = hash_bytes(bytes_text("other"));
    struct record_index index = {1200}, next = {1201};
    struct buffer text;
    buffer_init(&text, BALLOT_TEXT_SIZE);
    ballot_text(index, &motion, &text);
    CHECK_HEX(buffer_bytes(&text),
              "83011904b05820305238273bb0fac2a73b43256e38d1515fdf61ec1d30ef161446c3588b93a97b");
    struct signature signature = ballot_sign(key, &coalition, index, &motion);
    CHECK(ballot_holds(&public, &coalition, index, &motion, &signature));
    CHECK(!ballot_holds(&stranger, &coalition, index, &motion, &signature));
    CHECK(!ballot_holds(&public, &motion, index, &motion, &signature));
    CHECK(!ballot_holds(&public, &coalition, next, &motion, &signature));
    CHECK(!ballot_holds(&public, &coalition, index, &changed, &signature));
    struct signature plain = sign(key, PURPOSE_BATCH, &coalition, buffer_bytes(&text));
    CHECK(!ballot_holds(&public, &coalition, index, &motion, &plain));
    memset(public.at, 0xff, PUBLIC_KEY_SIZE); /* no point of the curve */
    CHECK(!ballot_holds(&public, &coalition, index, &motion, &signature));
    buffer_release(&text);
    signing_key_close(key);
    signing_key_close(other);
}

int main(void)
{
    RUN(each_kind_has_its_frozen_bytes);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    RUN(the_largest_change_fits);
    RUN(names_and_addresses_are_well_formed);
    RUN(numbers_keep_to_their_bounds);
    RUN(limits_ascend_and_are_those_of_the_table);
    RUN(motions_propose_what_partners_decide_and_leave_time);
    RUN(words_name_their_kinds);
    RUN(a_ballot_signs_the_motion_and_nothing_else);
    return check_report();
}
