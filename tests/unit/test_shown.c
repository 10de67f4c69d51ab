// links: node
/* Two voters, two witnesses outside; which of their cosignatures are needed, the policy says. */
#include "check.h"
#include "node/shown.h"

enum { LOG, BOOKS, GROCER, ONE, TWO, KEYS };

static struct note_key keys[KEYS];
static uint64_t now_ms;

static const uint64_t voters = 3; /* the policy's witnesses 0 and 1 */

static void keys_make(void)
{
    static const char *const names[] = {"l", "l/books", "l/grocer", "w.example/1", "w.example/2"};
    for (uint8_t i = 0; i < KEYS; i++) {
        uint8_t seed[SEED_SIZE] = {i};
        struct signing_key *signer = signing_key_from_seed(seed);
        struct public_key public_key = signing_key_public(signer);
        REQUIRE(note_key_make(names[i], i == LOG ? NOTE_TYPE_ED25519 : NOTE_TYPE_COSIGNATURE,
                              &public_key, &keys[i], NULL));
        signing_key_close(signer);
    }
}

static void line(struct buffer *text, const char *before, size_t key, const char *after)
{
    buffer_append_text(text, before);
    note_key_format(&keys[key], text);
    buffer_append_text(text, after);
}

/* `end`: groups and the quorum. */
static struct shown shown_with(const char *one_url, const char *two_url, const char *end)
{
    struct shown shown;
    struct error error;
    struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    line(&text, "log ", LOG, "\n");
    line(&text, "witness books ", BOOKS, "\n");
    line(&text, "witness grocer ", GROCER, "\n");
    line(&text, "witness one ", ONE, one_url);
    line(&text, "\nwitness two ", TWO, two_url);
    buffer_append_text(&text, "\ngroup voters all books grocer\n");
    buffer_append_text(&text, end);
    if (!shown_init(&shown, buffer_bytes(&text), &error)) {
        printf("%s\n", error.text);
        REQUIRE(!"the policy is good");
    }
    buffer_release(&text);
    return shown;
}

#define URL " http://w.example"
static const char optional[] = "quorum voters\n";
static const char one_is_needed[] = "group all all voters one\nquorum all\n";

static struct checkpoint checkpoint_of(uint64_t size)
{
    struct checkpoint checkpoint = {.origin = "l", .size = size};
    checkpoint.root.at[0] = (uint8_t)size;
    return checkpoint;
}

static void final(struct shown *shown, uint64_t size)
{
    struct checkpoint checkpoint = checkpoint_of(size);
    char note[32];
    (void)snprintf(note, sizeof(note), "note %d\n", (int)size);
    shown_final(shown, &checkpoint, bytes_text(note), voters, now_ms);
}

static void cosigns(struct shown *shown, size_t witness, uint64_t size)
{
    struct checkpoint checkpoint = checkpoint_of(size);
    shown_cosigned(shown, witness - BOOKS, &checkpoint,
                   bytes_text(witness == ONE ? "by one" : "by two"), now_ms);
}

static void wait_for(struct shown *shown, uint64_t ms)
{
    now_ms += ms;
    shown_on_time(shown, now_ms);
}

static void check_shown(struct shown *shown, uint64_t size, const char *note, uint64_t offered)
{
    CHECK_INT(shown->checkpoint.size, size);
    CHECK_TEXT(buffer_text(&shown->note), note);
    CHECK_INT(shown->offered.checkpoint.size, offered);
}

/* ---- nobody outside ------------------------------------------------------------------------- */

CASE(without_witnesses_what_is_final_is_shown_at_once)
{
    struct shown shown = shown_with("", "", optional);
    check_shown(&shown, 0, "", 0);
    final(&shown, 7);
    check_shown(&shown, 7, "note 7\n", 7);
    final(&shown, 9);
    check_shown(&shown, 9, "note 9\n", 9);
    shown_release(&shown);
}

CASE(one_more_cosignature_of_the_same_size_is_shown_too)
{
    struct shown shown = shown_with("", "", optional);
    struct checkpoint checkpoint = checkpoint_of(7);
    final(&shown, 7);
    shown_final(&shown, &checkpoint, bytes_text("note 7\nmore\n"), voters, now_ms);
    check_shown(&shown, 7, "note 7\nmore\n", 7);
    shown_release(&shown);
}

CASE(nothing_is_shown_that_does_not_meet_the_policy)
{
    struct shown shown = shown_with("", "", optional);
    struct checkpoint checkpoint = checkpoint_of(7);
    shown_final(&shown, &checkpoint, bytes_text("note 7\n"), 1, now_ms);
    wait_for(&shown, SHOWN_OFFER_MAX_MS);
    check_shown(&shown, 0, "", 7);
    shown_final(&shown, &checkpoint, bytes_text("note 7, both\n"), voters, now_ms);
    check_shown(&shown, 7, "note 7, both\n", 7);
    shown_release(&shown);
}

/* ---- another policy -------------------------------------------------------------------------- */

/* As `shown_with`, but the second voter has another key, and is the first. */
static void change_policy(struct shown *shown)
{
    struct error error;
    struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    line(&text, "log ", LOG, "\n");
    line(&text, "witness grocer ", TWO, "\n");
    line(&text, "witness books ", BOOKS, "\n");
    buffer_append_text(&text, "group voters all books grocer\nquorum voters\n");
    REQUIRE(shown_set_policy(shown, buffer_bytes(&text), &error));
    buffer_release(&text);
}

CASE(what_is_shown_stays_until_something_later_meets_the_new_policy)
{
    struct shown shown = shown_with("", "", optional);
    struct checkpoint checkpoint = checkpoint_of(9);
    final(&shown, 7);
    change_policy(&shown);
    check_shown(&shown, 7, "note 7\n", 0);
    CHECK(shown_bit(&shown, &keys[GROCER]) == 0);
    CHECK(shown_bit(&shown, &keys[TWO]) == 1);
    CHECK(shown_bit(&shown, &keys[BOOKS]) == 2);
    shown_final(&shown, &checkpoint, bytes_text("note 9, old voters\n"), 2, now_ms);
    check_shown(&shown, 7, "note 7\n", 9);
    shown_final(&shown, &checkpoint, bytes_text("note 9, both\n"), 3, now_ms);
    check_shown(&shown, 9, "note 9, both\n", 9);
    shown_release(&shown);
}

CASE(the_newest_is_given_anew_after_a_change_even_when_it_is_shown)
{
    struct shown shown = shown_with("", "", optional);
    struct checkpoint checkpoint = checkpoint_of(7);
    struct error error;
    final(&shown, 7);
    change_policy(&shown);
    shown_final(&shown, &checkpoint, bytes_text("note 7\n"), 2, now_ms);
    wait_for(&shown, SHOWN_OFFER_MAX_MS);
    check_shown(&shown, 7, "note 7\n", 7);
    CHECK(!shown_set_policy(&shown, bytes_text("nonsense\n"), &error));
    CHECK(shown_bit(&shown, &keys[TWO]) == 1);
    shown_release(&shown);
}

/* ---- witnesses that help -------------------------------------------------------------------- */

CASE(a_checkpoint_waits_a_second_for_witnesses_it_can_do_without)
{
    struct shown shown = shown_with(URL, URL, optional);
    final(&shown, 7);
    check_shown(&shown, 0, "", 7);
    cosigns(&shown, ONE, 7);
    wait_for(&shown, SHOWN_OFFER_MS - 1);
    check_shown(&shown, 0, "", 7);
    wait_for(&shown, 1);
    check_shown(&shown, 7, "note 7\nby one\n", 7);
    cosigns(&shown, TWO, 7); /* late, and still of use */
    check_shown(&shown, 7, "note 7\nby one\nby two\n", 7);
    shown_release(&shown);
}

CASE(when_all_have_cosigned_it_is_shown_and_the_next_is_offered)
{
    struct shown shown = shown_with(URL, URL, optional);
    final(&shown, 7);
    final(&shown, 9);
    CHECK_INT(shown.offered.checkpoint.size, 7);
    cosigns(&shown, TWO, 7);
    cosigns(&shown, ONE, 7);
    check_shown(&shown, 7, "note 7\nby two\nby one\n", 9);
    cosigns(&shown, ONE, 9);
    cosigns(&shown, TWO, 9);
    check_shown(&shown, 9, "note 9\nby one\nby two\n", 9);
    shown_release(&shown);
}

CASE(a_cosignature_of_anything_else_changes_nothing)
{
    struct shown shown = shown_with(URL, "", optional);
    struct checkpoint other = checkpoint_of(7);
    other.root.at[5] = 1;
    final(&shown, 7);
    cosigns(&shown, ONE, 6);
    shown_cosigned(&shown, ONE - BOOKS, &other, bytes_text("by one"), now_ms);
    check_shown(&shown, 0, "", 7);
    cosigns(&shown, ONE, 7);
    cosigns(&shown, ONE, 7);
    check_shown(&shown, 7, "note 7\nby one\n", 7);
    shown_release(&shown);
}

/* ---- witnesses that are needed -------------------------------------------------------------- */

CASE(what_a_witness_must_cosign_is_not_shown_before)
{
    struct shown shown = shown_with(URL, URL, one_is_needed);
    final(&shown, 7);
    cosigns(&shown, TWO, 7);
    wait_for(&shown, SHOWN_OFFER_MS);
    check_shown(&shown, 0, "", 7);
    cosigns(&shown, ONE, 7);
    check_shown(&shown, 7, "note 7\nby two\nby one\n", 7);
    final(&shown, 9);
    check_shown(&shown, 7, "note 7\nby two\nby one\n", 9);
    shown_release(&shown);
}

CASE(an_offer_that_nobody_takes_gives_way_in_the_end)
{
    struct shown shown = shown_with(URL, URL, one_is_needed);
    final(&shown, 7);
    wait_for(&shown, 100);
    final(&shown, 9);
    wait_for(&shown, SHOWN_OFFER_MAX_MS - 101);
    check_shown(&shown, 0, "", 7);
    wait_for(&shown, 1);
    check_shown(&shown, 0, "", 9);
    cosigns(&shown, ONE, 7); /* too late */
    check_shown(&shown, 0, "", 9);
    shown_release(&shown);
}

CASE(a_witness_that_has_more_brings_the_next_offer)
{
    struct shown shown = shown_with(URL, URL, one_is_needed);
    final(&shown, 7);
    final(&shown, 9);
    shown_outrun(&shown, now_ms);
    check_shown(&shown, 0, "", 9);
    shown_outrun(&shown, now_ms);
    check_shown(&shown, 0, "", 9);
    cosigns(&shown, ONE, 9);
    cosigns(&shown, TWO, 9);
    check_shown(&shown, 9, "note 9\nby one\nby two\n", 9);
    shown_release(&shown);
}

CASE(a_clock_that_goes_back_holds_nothing_up)
{
    struct shown shown = shown_with(URL, URL, optional);
    now_ms += 1000000;
    final(&shown, 7);
    now_ms -= 500000;
    final(&shown, 9);
    check_shown(&shown, 7, "note 7\n", 9);
    wait_for(&shown, SHOWN_OFFER_MS);
    check_shown(&shown, 9, "note 9\n", 9);
    shown_release(&shown);
}

/* ---- policies ------------------------------------------------------------------------------- */

CASE(a_witness_is_known_by_its_whole_key)
{
    struct shown shown = shown_with(URL, URL, optional);
    struct note_key other = keys[TWO];
    CHECK_INT(shown_bit(&shown, &keys[BOOKS]), 1);
    CHECK_INT(shown_bit(&shown, &keys[TWO]), 8);
    CHECK_INT(shown.outside, 12);
    other.key.at[0] ^= 1;
    CHECK_INT(shown_bit(&shown, &other), 0);
    shown_release(&shown);
}

CASE(a_policy_that_is_none_is_refused)
{
    struct shown shown;
    struct error error;
    CHECK(!shown_init(&shown, bytes_text("quorum nobody\n"), &error));
    CHECK_INT(error.code, ERROR_INVALID);
}

/* Their lines, the nodes' and the log's must fit one note. */
CASE(more_witnesses_than_a_note_has_room_for_are_refused)
{
    for (uint8_t count = SHOWN_LINES_MAX; count <= SHOWN_LINES_MAX + 1; count++) {
        struct shown shown;
        struct error error;
        struct buffer text;
        buffer_init(&text, POLICY_SIZE_MAX);
        line(&text, "log ", LOG, "\n");
        for (uint8_t i = 0; i < count; i++) {
            uint8_t seed[SEED_SIZE] = {100, i};
            struct signing_key *signer = signing_key_from_seed(seed);
            struct public_key public_key = signing_key_public(signer);
            struct note_key key;
            REQUIRE(note_key_make("w.example", NOTE_TYPE_COSIGNATURE, &public_key, &key, NULL));
            buffer_printf(&text, "witness w%u ", i);
            note_key_format(&key, &text);
            buffer_append_text(&text, URL "\n");
            signing_key_close(signer);
        }
        buffer_append_text(&text, "quorum none\n");
        bool good = shown_init(&shown, buffer_bytes(&text), &error);
        CHECK(good == (count == SHOWN_LINES_MAX));
        if (good)
            shown_release(&shown);
        else
            CHECK_INT(error.code, ERROR_LIMIT);
        buffer_release(&text);
    }
}

int main(void)
{
    keys_make();
    RUN(without_witnesses_what_is_final_is_shown_at_once);
    RUN(one_more_cosignature_of_the_same_size_is_shown_too);
    RUN(nothing_is_shown_that_does_not_meet_the_policy);
    RUN(what_is_shown_stays_until_something_later_meets_the_new_policy);
    RUN(the_newest_is_given_anew_after_a_change_even_when_it_is_shown);
    RUN(a_checkpoint_waits_a_second_for_witnesses_it_can_do_without);
    RUN(when_all_have_cosigned_it_is_shown_and_the_next_is_offered);
    RUN(a_cosignature_of_anything_else_changes_nothing);
    RUN(what_a_witness_must_cosign_is_not_shown_before);
    RUN(an_offer_that_nobody_takes_gives_way_in_the_end);
    RUN(a_witness_that_has_more_brings_the_next_offer);
    RUN(a_clock_that_goes_back_holds_nothing_up);
    RUN(a_witness_is_known_by_its_whole_key);
    RUN(a_policy_that_is_none_is_refused);
    RUN(more_witnesses_than_a_note_has_room_for_are_refused);
    return check_report();
}
