// links: node
/* The book of cosignatures: what is worth a signature check, what makes a checkpoint final, what is
 * kept of a liar, and that nobody makes it grow. Signatures are taken as checked. */
#include "unit/coalition.h"

#include "node/cosign.h"
#include "protocol/codec.h"

enum { SELF = 0, OBSERVER = 4, STEP = 10 };

static struct cosign book;
static struct charter *charter;

static struct hash root_of(uint64_t size)
{
    uint8_t bytes[8];
    put_u64be(bytes, size);
    return hash_bytes(bytes_of(bytes, sizeof(bytes)));
}

static void compute(uint64_t size)
{
    struct cosign_point point = {
        .size = size, .root = root_of(size), .charter = charter, .next = charter};
    cosign_computed(&book, &point);
}

/* Four voters and an observer; we are the first. Roots of sizes 10, 20, ... `last` are computed. */
static void open_book(uint64_t last)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel", "kiosk"}};
    struct charter *draft = coalition_draft(&spec);
    draft->nodes[OBSERVER].voter = false;
    charter_close(charter);
    charter = coalition_found(draft);
    cosign_init(&book, (struct node_id){SELF});
    for (uint64_t size = STEP; size <= last; size += STEP) {
        compute(size);
    }
}

static struct cosignature by(uint16_t node, uint64_t size)
{
    return (struct cosignature){.node = {node}, .size = size, .root = root_of(size), .time_s = 7};
}

static struct cosignature wrong(uint16_t node, uint64_t size, uint8_t which)
{
    struct cosignature item = by(node, size);
    item.root.at[0] ^= which;
    return item;
}

static enum cosign_look look(struct cosignature item)
{
    return cosign_look(&book, &item, true);
}

static enum cosign_state take(struct cosignature item)
{
    REQUIRE(look(item) == COSIGN_LOOK_CHECK);
    return cosign_take(&book, &item);
}

static void own(uint64_t size)
{
    struct cosignature item = by(SELF, size);
    cosign_own(&book, &item);
}

CASE(a_quorum_of_voters_makes_a_checkpoint_final)
{
    open_book(30);
    own(20);
    CHECK(!cosign_finalise(&book, 20));
    CHECK_INT(take(by(1, 20)), COSIGN_AGREES);
    CHECK_INT(take(by(OBSERVER, 20)), COSIGN_AGREES);
    CHECK(!cosign_finalise(&book, 20)); /* an observer does not count */
    CHECK_INT(take(by(2, 20)), COSIGN_AGREES);
    CHECK(cosign_finalise(&book, 20));
    CHECK_INT(book.final.size, 20);
    CHECK_INT(book.final.count, 4);
    for (size_t i = 0; i + 1 < book.final.count; i++)
        CHECK(book.final.items[i].node.v < book.final.items[i + 1].node.v);
    CHECK(!cosign_finalise(&book, 20));
    /* One that comes late is shown with the others. */
    CHECK_INT(take(by(3, 20)), COSIGN_AGREES);
    CHECK(cosign_finalise(&book, 20));
    CHECK_INT(book.final.count, 5);
}

CASE(three_voters_are_enough_without_us)
{
    open_book(20);
    for (uint16_t node = 1; node < 4; node++)
        (void)take(by(node, 20));
    CHECK(cosign_finalise(&book, 20));
    CHECK_INT(book.final.count, 3);
}

CASE(cosignatures_of_different_sizes_make_nothing_final)
{
    open_book(40);
    own(10);
    (void)take(by(1, 20));
    (void)take(by(2, 30));
    (void)take(by(3, 40));
    for (uint64_t size = 10; size <= 40; size += 10)
        CHECK(!cosign_finalise(&book, size));
    (void)take(by(1, 40));
    (void)take(by(2, 40));
    CHECK(cosign_finalise(&book, 40));
    /* Nor is a smaller one any more. */
    CHECK_INT(look(by(3, 30)), COSIGN_LOOK_IGNORE);
    CHECK(!cosign_finalise(&book, 30));
    CHECK_INT(book.final.size, 40);
}

CASE(none_is_checked_twice)
{
    open_book(30);
    struct cosignature item = by(1, 20);
    (void)take(item);
    CHECK_INT(look(item), COSIGN_LOOK_IGNORE);
    item.time_s++; /* the time is no claim */
    CHECK_INT(look(item), COSIGN_LOOK_IGNORE);
    (void)take(wrong(2, 20, 1));
    CHECK_INT(look(wrong(2, 20, 1)), COSIGN_LOOK_IGNORE);
    CHECK_INT(look(by(1, 15)), COSIGN_LOOK_IGNORE); /* no height ends there */
}

CASE(what_is_ahead_is_kept_unchecked_until_we_get_there)
{
    open_book(20);
    struct cosignature ahead = by(1, 30), item, junk = by(2, 25);
    CHECK_INT(look(ahead), COSIGN_LOOK_KEEP);
    CHECK_INT(cosign_look(&book, &ahead, false), COSIGN_LOOK_IGNORE); /* brought by another */
    cosign_keep(&book, &ahead);
    cosign_keep(&book, &junk);
    CHECK_INT(look(ahead), COSIGN_LOOK_IGNORE);
    CHECK_INT(look(wrong(1, 30, 1)), COSIGN_LOOK_IGNORE);
    CHECK(!cosign_next_unchecked(&book, &item));
    CHECK(cosign_newest(&book, (struct node_id){1}) == NULL);
    compute(30);
    REQUIRE(cosign_next_unchecked(&book, &item));
    CHECK(cosignature_same_claim(&item, &ahead));
    CHECK(!cosign_next_unchecked(&book, &item)); /* 25 was no height's: it is gone */
    CHECK_INT(cosign_take(&book, &ahead), COSIGN_AGREES);
    REQUIRE(cosign_newest(&book, (struct node_id){1}) != NULL);
    CHECK_INT(cosign_newest(&book, (struct node_id){1})->size, 30);
}

CASE(another_root_is_counted_and_kept)
{
    open_book(30);
    CHECK_INT(take(wrong(3, 20, 1)), COSIGN_CONTRADICTS);
    const struct cosign_peer *peer = &book.peers[3];
    CHECK_INT(peer->conflicts, 1);
    CHECK_INT(peer->conflict.first.size, 0);
    CHECK_INT(peer->conflict.second.size, 20);
    /* With the right one it is proof to anybody; and it does not count for the quorum. */
    CHECK_INT(take(by(3, 20)), COSIGN_CONTRADICTS);
    CHECK_INT(peer->conflicts, 2);
    CHECK_INT(peer->conflict.first.size, 20);
    CHECK_INT(peer->conflict.second.size, 20);
    CHECK(!hash_equal(&peer->conflict.first.root, &peer->conflict.second.root));
    own(20);
    (void)take(by(1, 20));
    CHECK(!cosign_finalise(&book, 20));
    /* The first proof stays. */
    struct cosignature second = peer->conflict.second;
    (void)take(by(3, 30));
    CHECK_INT(take(wrong(3, 30, 2)), COSIGN_CONTRADICTS);
    CHECK_INT(peer->conflicts, 3);
    CHECK(cosignature_same_claim(&peer->conflict.second, &second));
}

CASE(of_a_liar_no_more_is_checked_than_our_own_log_grows)
{
    open_book(1000);
    size_t checks = 0;
    for (int turn = 0; turn < 50; turn++)
        for (uint64_t size = STEP; size <= 1000; size += STEP) {
            struct cosignature item = wrong(1, size, (uint8_t)(1 + turn));
            if (look(item) != COSIGN_LOOK_CHECK)
                continue;
            (void)cosign_take(&book, &item);
            checks++;
        }
    CHECK(checks >= 100 && checks <= 100 + 2 * COSIGN_HELD_MAX);
    for (uint64_t i = 0; i < 1000; i++) {
        struct cosignature far = by(2, INT64_MAX - i);
        if (look(far) == COSIGN_LOOK_KEEP)
            cosign_keep(&book, &far);
    }
    struct cosignature item;
    CHECK(!cosign_next_unchecked(&book, &item));
}

CASE(only_the_newest_roots_are_remembered)
{
    open_book(STEP * (COSIGN_POINTS_MAX + 5));
    CHECK(!cosign_point_at(&book, STEP * 5));
    const struct cosign_point *point = cosign_point_at(&book, STEP * 6);
    REQUIRE(point);
    struct hash wanted = root_of(STEP * 6);
    CHECK(hash_equal(&point->root, &wanted));
    CHECK(!cosign_point_at(&book, STEP * 6 + 1));
    CHECK(!cosign_point_at(&book, STEP * (COSIGN_POINTS_MAX + 6)));
    CHECK_INT(look(by(1, STEP * 5)), COSIGN_LOOK_IGNORE);
}

/* Rule 10: f liars cannot stop us, Q others do. */
CASE(a_quorum_of_others_against_us_is_an_alarm)
{
    open_book(20);
    (void)take(wrong(1, 20, 1));
    CHECK(!cosign_alarm(&book, 20));
    (void)take(wrong(2, 20, 1));
    (void)take(wrong(OBSERVER, 20, 1));
    CHECK(!cosign_alarm(&book, 20));
    (void)take(wrong(3, 20, 2)); /* yet another root */
    CHECK(!cosign_alarm(&book, 20));
    open_book(20);
    for (uint16_t node = 1; node < 4; node++)
        (void)take(wrong(node, 20, 1));
    CHECK(cosign_alarm(&book, 20));
    CHECK(!cosign_alarm(&book, 10));
}

CASE(a_final_checkpoint_is_stored_as_it_is_written)
{
    struct buffer out;
    struct cosign_final again;
    struct error error;
    open_book(20);
    own(20);
    (void)take(by(1, 20));
    (void)take(by(3, 20));
    REQUIRE(cosign_finalise(&book, 20));
    buffer_init(&out, 65536);
    cosign_final_put(&book.final, &out);
    CHECK_INT(out.at[1], FORMAT_VERSION);
    REQUIRE(cosign_final_decode(buffer_bytes(&out), &again, &error));
    CHECK_INT(again.size, 20);
    CHECK_INT(again.count, 3);
    for (size_t i = 0; i < again.count; i++)
        CHECK(cosignature_same_claim(&again.items[i], &book.final.items[i]));
    for (size_t i = 0; i < out.size; i++)
        CHECK(!cosign_final_decode(bytes_of(out.at, i), &again, &error));
    out.at[1] = 2;
    CHECK(!cosign_final_decode(buffer_bytes(&out), &again, &error));
    buffer_clear(&out);
    struct cosign_final twice = book.final;
    twice.items[1].node = twice.items[0].node;
    cosign_final_put(&twice, &out);
    CHECK(!cosign_final_decode(buffer_bytes(&out), &again, &error));
    buffer_release(&out);
}

/* Node 1 votes no more from the next height on, and the observer does. */
static struct charter *changed(void)
{
    struct charter *after = charter_copy(charter);
    after->from_height = 7;
    after->nodes[1].voter = false;
    after->nodes[OBSERVER].voter = true;
    charter_count_voters(after);
    return after;
}

static void compute_under(uint64_t size, const struct charter *now, const struct charter *next)
{
    struct cosign_point point = {.size = size, .root = root_of(size), .charter = now, .next = next};
    cosign_computed(&book, &point);
}

CASE(a_hand_over_needs_a_quorum_of_both_sets_of_voters)
{
    open_book(10);
    struct charter *after = changed();
    compute_under(20, charter, after);
    compute_under(30, after, after);
    CHECK_INT(book.handover.size, 20);
    own(20);
    (void)take(by(1, 20));
    (void)take(by(2, 20));
    CHECK(!cosign_finalise(&book, 20)); /* three of the old ones, two of the new */
    (void)take(by(OBSERVER, 20));
    REQUIRE(cosign_finalise(&book, 20));
    CHECK_INT(book.final.count, 4);
    CHECK(book.final.charter == charter);
    (void)take(by(1, 30));
    (void)take(by(2, 30));
    (void)take(by(3, 30));
    CHECK(!cosign_finalise(&book, 30)); /* three of the old ones mean nothing there */
    (void)take(by(OBSERVER, 30));
    CHECK(cosign_finalise(&book, 30));
    CHECK(book.final.charter == after);
    charter_close(after);
}

CASE(new_voters_alone_do_not_hand_over)
{
    open_book(10);
    struct charter *after = changed();
    compute_under(20, charter, after);
    (void)take(by(2, 20));
    (void)take(by(3, 20));
    (void)take(by(OBSERVER, 20));
    CHECK(!cosign_finalise(&book, 20)); /* three of the new ones, two of the old */
    (void)take(by(1, 20));
    CHECK(cosign_finalise(&book, 20));
    charter_close(after);
}

CASE(a_hand_over_stays_however_many_heights_follow)
{
    open_book(10);
    struct charter *after = changed();
    compute_under(20, charter, after);
    for (uint64_t i = 0; i < COSIGN_POINTS_MAX + 5; i++)
        compute_under(30 + STEP * i, after, after);
    CHECK(!cosign_point_at(&book, 30));
    REQUIRE(cosign_point_at(&book, 20));
    CHECK_INT(look(by(1, 20)), COSIGN_LOOK_CHECK);
    charter_close(after);
}

CASE(limits_and_suspensions_are_no_hand_over)
{
    open_book(10);
    struct charter *after = charter_copy(charter);
    after->limits.heartbeat_ms = 1;
    after->nodes[2].suspended = true;
    compute_under(20, charter, after);
    CHECK_INT(book.handover.size, 0);
    after->nodes[2].cosigner_key = after->nodes[OBSERVER].cosigner_key;
    compute_under(30, charter, after);
    CHECK_INT(book.handover.size, 30);
    charter_close(after);
}

int main(void)
{
    RUN(a_quorum_of_voters_makes_a_checkpoint_final);
    RUN(three_voters_are_enough_without_us);
    RUN(cosignatures_of_different_sizes_make_nothing_final);
    RUN(none_is_checked_twice);
    RUN(what_is_ahead_is_kept_unchecked_until_we_get_there);
    RUN(another_root_is_counted_and_kept);
    RUN(of_a_liar_no_more_is_checked_than_our_own_log_grows);
    RUN(only_the_newest_roots_are_remembered);
    RUN(a_quorum_of_others_against_us_is_an_alarm);
    RUN(a_final_checkpoint_is_stored_as_it_is_written);
    RUN(a_hand_over_needs_a_quorum_of_both_sets_of_voters);
    RUN(new_voters_alone_do_not_hand_over);
    RUN(a_hand_over_stays_however_many_heights_follow);
    RUN(limits_and_suspensions_are_no_hand_over);
    charter_close(charter);
    return check_report();
}
