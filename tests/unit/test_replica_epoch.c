// links: node
// also: sim/disk.c
/* Four replicas under one charter and then another: keys that are in force and keys that are not,
 * who leaves, and what voters of the past say about later heights. */
#include "unit/carry.h"
#include "unit/changes.h"
#include "unit/cosign_world.h"

#include "node/replica_parts.h"

enum { ONE = 3, FRESH = 9 }; /* the node that changes, and the number of its fresh keys */

static struct world *settled_world(void)
{
    struct world *w = world_open();
    world_pass(w, 500);
    world_submit(w, 0);
    world_pass(w, 500);
    return w;
}

static void hold_fresh(struct world *w)
{
    w->nodes[ONE].next_key = coalition_key(CHANGES_KEY_KINDS + 1, FRESH);
    w->nodes[ONE].next_cosigner_key = coalition_key(CHANGES_KEY_KINDS + 4, FRESH);
}

static enum replica_standing standing(const struct world *w)
{
    return replica_standing(w->nodes[ONE].replica);
}

static bool all_agree(const struct world *w)
{
    struct replica_status first = world_status(w, 0);
    for (uint16_t i = 1; i < WORLD_NODES; i++) {
        struct replica_status status = world_status(w, i);
        if (status.height != first.height || !hash_equal(&status.root, &first.root))
            return false;
    }
    return true;
}

CASE(a_node_goes_on_with_its_next_key_from_the_height_that_names_it)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct error error = {0};
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    CHECK(carry(w, 0, &change) > 1);
    const struct charter *charter = replica_charter(w->nodes[0].replica);
    CHECK(memcmp(charter->nodes[ONE].sign_key.at, change.keys.sign_key.at, PUBLIC_KEY_SIZE) == 0);
    CHECK_INT(standing(w), REPLICA_WRITES);
    uint64_t sequence = world_status(w, 0).lanes[ONE].sequence;
    world_submit(w, ONE);
    world_pass(w, 2000);
    CHECK_INT(world_status(w, 0).lanes[ONE].sequence, sequence + 1);
    CHECK(all_agree(w));
    CHECK_INT(world_status(w, 0).final_size, world_status(w, 0).records);
    /* Started again with the fresh keys alone, over a history that the old ones signed. */
    world_crash(w, ONE);
    signing_key_close(w->nodes[ONE].key);
    signing_key_close(w->nodes[ONE].cosigner_key);
    w->nodes[ONE].key = w->nodes[ONE].next_key;
    w->nodes[ONE].cosigner_key = w->nodes[ONE].next_cosigner_key;
    w->nodes[ONE].next_key = w->nodes[ONE].next_cosigner_key = NULL;
    world_start(w, ONE);
    CHECK_INT(standing(w), REPLICA_WRITES);
    world_pass(w, 1000);
    world_submit(w, ONE);
    world_pass(w, 2000);
    CHECK_INT(world_status(w, 0).lanes[ONE].sequence, sequence + 2);
    world_close(w);
}

CASE(a_node_without_the_key_in_force_follows_until_it_gets_it)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct transaction t = tx_enrol(77);
    struct buffer bytes;
    struct error error = {0};
    (void)carry(w, 0, &change);
    CHECK_INT(standing(w), REPLICA_OTHER_KEY);
    t.key = bytes_text("refused");
    t.at_ms = w->now_ms;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    CHECK(!replica_submit(w->nodes[ONE].replica, buffer_bytes(&bytes), 1, w->now_ms, &error));
    CHECK_INT(error.code, ERROR_DENIED);
    buffer_release(&bytes);
    world_submit(w, 0);
    world_pass(w, 2000);
    CHECK(all_agree(w));
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    CHECK_INT(standing(w), REPLICA_WRITES);
    CHECK(!world_status(w, ONE).may_sign); /* not before the others were asked about that key */
    world_pass(w, 1000);
    CHECK(world_status(w, ONE).may_sign);
    world_crash(w, 1); /* three of four: its votes count again */
    world_submit(w, ONE);
    world_pass(w, 5000);
    CHECK_INT(world_status(w, ONE).mempool_count + world_status(w, ONE).undecided_batches, 0);
    world_close(w);
}

CASE(who_left_follows_and_writes_nothing_and_the_hand_over_is_final)
{
    struct world *w = settled_world();
    struct change change = change_remove_node(ONE);
    uint64_t from = carry(w, 0, &change);
    CHECK_INT(standing(w), REPLICA_LEFT);
    CHECK_INT(replica_charter(w->nodes[0].replica)->voter_count, WORLD_NODES - 1);
    CHECK(world_status(w, 0).height >= from - 1);
    CHECK(replica_final(w->nodes[0].replica)->size > 0);
    world_submit(w, 0);
    world_pass(w, 2000);
    CHECK(all_agree(w));
    CHECK_INT(world_status(w, 0).final_size, world_status(w, 0).records);
    world_crash(w, ONE);
    world_submit(w, 1);
    world_pass(w, 3000);
    CHECK_INT(world_status(w, 0).final_size, world_status(w, 0).records);
    CHECK_INT(world_status(w, 0).height, world_status(w, 2).height);
    world_close(w);
}

/* The keyring keeps the set that the charter knew it by last, and releases the other. */
CASE(who_left_lets_the_keys_go_that_the_charter_does_not_name)
{
    struct world *w = settled_world();
    struct change fresh = change_replace_keys(ONE, FRESH), leave = change_remove_node(ONE);
    struct error error = {0};
    struct signing_key *later = coalition_key(1, FRESH + 1);
    struct signing_key *later_cosigner = coalition_key(4, FRESH + 1);
    struct replica *one = w->nodes[ONE].replica;
    hold_fresh(w);
    REQUIRE(
        replica_hold_next(one, w->nodes[ONE].next_key, w->nodes[ONE].next_cosigner_key, &error));
    (void)carry(w, 0, &fresh);
    (void)carry(w, 1, &leave);
    REQUIRE(standing(w) == REPLICA_LEFT);
    REQUIRE(replica_hold_next(one, later, later_cosigner, &error));
    CHECK(one->held[0].key == later);
    CHECK(one->held[1].key == w->nodes[ONE].next_key);
    world_crash(w, ONE);
    signing_key_close(later);
    signing_key_close(later_cosigner);
    world_close(w);
}

/* Of a set that was a mixture when it was first read. */
CASE(another_key_beside_a_signing_key_takes_the_place_of_the_one_that_was_there)
{
    struct world *w = settled_world();
    struct error error = {0};
    struct signing_key *other = coalition_key(4, FRESH + 1);
    struct replica *one = w->nodes[ONE].replica;
    const struct signing_key *present = one->key;
    hold_fresh(w);
    REQUIRE(replica_hold_next(one, w->nodes[ONE].next_key, other, &error));
    REQUIRE(
        replica_hold_next(one, w->nodes[ONE].next_key, w->nodes[ONE].next_cosigner_key, &error));
    CHECK(one->held[0].key == present && one->key == present);
    CHECK(one->held[1].cosigner_key == w->nodes[ONE].next_cosigner_key);
    signing_key_close(other);
    world_close(w);
}

/* Three of four in one height: ONE has locked, and nobody else's precommit reaches it. */
static void lock_one(struct world *w)
{
    struct replica *one = w->nodes[ONE].replica;
    world_crash(w, 0);
    world_submit(w, 1);
    for (int i = 0; i < 20000 && !one->lock_stored; i++)
        world_pass(w, 1);
    REQUIRE(one->lock_stored);
    world_crash(w, 1);
    world_crash(w, 2);
    world_pass(w, 10);
    REQUIRE(one->lock_stored && one->own_round_count > 0 && w->nodes[ONE].write == 0);
}

CASE(a_key_that_comes_back_has_its_votes_and_its_lock)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct error error = {0};
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    (void)carry(w, 0, &change);
    lock_one(w);
    uint64_t height = w->nodes[ONE].replica->height;
    int32_t round = w->nodes[ONE].replica->own_rounds[0];
    world_crash(w, ONE);
    struct signing_key *key = w->nodes[ONE].next_key;
    struct signing_key *cosigner_key = w->nodes[ONE].next_cosigner_key;
    w->nodes[ONE].next_key = w->nodes[ONE].next_cosigner_key = NULL;
    world_start(w, ONE); /* its folder cannot be read */
    CHECK_INT(standing(w), REPLICA_OTHER_KEY);
    w->nodes[ONE].next_key = key;
    w->nodes[ONE].next_cosigner_key = cosigner_key;
    struct replica *one = w->nodes[ONE].replica;
    REQUIRE(replica_hold_next(one, key, cosigner_key, &error));
    CHECK_INT(one->height, height);
    CHECK(one->lock_stored);
    CHECK(consensus_vote(one->consensus, round, VOTE_PREVOTE, ONE, 0) != NULL);
    CHECK(consensus_vote(one->consensus, round, VOTE_PRECOMMIT, ONE, 0) != NULL);
    for (uint16_t i = 0; i < ONE; i++)
        world_start(w, i);
    world_pass(w, 5000);
    CHECK(all_agree(w));
    CHECK(world_status(w, 0).height > height);
    for (uint16_t i = 0; i < ONE; i++)
        CHECK_INT(world_status(w, i).conflicts[ONE], 0);
    world_close(w);
}

/* ---- batches of a key that is lost -------------------------------------------------------------
 */

/* Written with the old key by whoever has it: the same one each time, and beyond a gap, so that
 * nobody decides it. */
static struct store_key old_batch(const struct world *w, struct buffer *out)
{
    struct transaction t = tx_enrol(7777);
    struct buffer bytes, payload;
    t.key = bytes_text("old");
    t.at_ms = START_MS;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    buffer_init(&payload, TRANSACTION_SIZE_MAX + 16);
    transaction_encode(&t, &bytes);
    batch_payload_put(&payload, buffer_bytes(&bytes));
    struct batch batch = {.coalition = w->charter->coalition,
                          .lane = {ONE},
                          .sequence = 2,
                          .previous = w->charter->coalition,
                          .created_ms = START_MS,
                          .transaction_count = 1,
                          .payload = buffer_bytes(&payload)};
    struct signing_key *old = coalition_key(1, ONE);
    batch_seal(&batch, old);
    signing_key_close(old);
    buffer_init(out, BATCH_SIZE_MAX);
    batch_encode(&batch, out);
    buffer_release(&bytes);
    buffer_release(&payload);
    return key_batch(ONE, batch.sequence, &batch.id);
}

/* For ONE alone to see. */
static void steal(struct world *w)
{
    struct buffer batch, out;
    (void)old_batch(w, &batch);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    w->message.kind = MESSAGE_BATCH;
    w->message.body.batch = buffer_bytes(&batch);
    message_encode(&w->message, &out);
    world_post(w, 0, ONE, buffer_bytes(&out));
    world_pass(w, 50);
    REQUIRE(lane_holds(&w->nodes[ONE].replica->lanes[ONE], 2));
    buffer_release(&batch);
    buffer_release(&out);
}

/* ONE goes on with none of its keys. */
static void lose_keys(struct world *w)
{
    world_crash(w, ONE);
    signing_key_close(w->nodes[ONE].key);
    signing_key_close(w->nodes[ONE].cosigner_key);
    w->nodes[ONE].key = w->nodes[ONE].cosigner_key = NULL;
    world_start(w, ONE);
    world_pass(w, 200);
    CHECK_INT(standing(w), REPLICA_OTHER_KEY);
}

CASE(what_others_told_of_the_own_lane_is_never_taken_back)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct error error = {0};
    lose_keys(w);
    steal(w);
    world_crash(w, ONE); /* nor is it taken for what the node wrote, when it starts again */
    world_start(w, ONE);
    CHECK_INT(w->nodes[ONE].replica->lanes[ONE].count, 0);
    world_pass(w, 500);
    steal(w);
    uint64_t sequence = world_status(w, 0).lanes[ONE].sequence;
    uint64_t from = carry(w, 0, &change);
    REQUIRE(w->nodes[ONE].replica->height + 1 >= from);
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    world_pass(w, 2000);
    CHECK_INT(standing(w), REPLICA_WRITES);
    CHECK_INT(w->nodes[ONE].replica->waiting_count, 0);
    CHECK_INT(world_status(w, 0).lanes[ONE].sequence, sequence);
    CHECK(all_agree(w));
    world_close(w);
}

CASE(a_key_that_comes_back_does_not_rely_on_what_others_told_of_its_lane)
{
    struct world *w = settled_world();
    struct error error = {0};
    lose_keys(w);
    steal(w);
    w->nodes[ONE].key = coalition_key(1, ONE);
    w->nodes[ONE].cosigner_key = coalition_key(4, ONE);
    struct replica *one = w->nodes[ONE].replica;
    REQUIRE(replica_hold_next(one, w->nodes[ONE].key, w->nodes[ONE].cosigner_key, &error));
    CHECK_INT(one->lanes[ONE].count, 0);
    world_pass(w, 1000);
    CHECK(!w->nodes[ONE].stopped);
    world_submit(w, ONE);
    world_pass(w, 2000);
    CHECK_INT(world_status(w, 0).lanes[ONE].sequence, 1);
    CHECK(all_agree(w));
    world_close(w);
}

/* Decided all the same, it is in the store with the height, and a start finds it there. */
CASE(what_others_told_of_the_own_lane_is_kept_once_it_is_decided)
{
    struct world *w = settled_world();
    world_submit(w, ONE);
    world_pass(w, 2000);
    REQUIRE(world_status(w, 0).lanes[ONE].sequence == 1);
    world_crash(w, ONE);
    disk_release(&w->nodes[ONE].disk);
    world_start(w, ONE); /* as an old copy; lost with its keys */
    lose_keys(w);
    world_pass(w, 5000);
    CHECK_INT(world_status(w, ONE).lanes[ONE].sequence, 1);
    world_crash(w, ONE);
    world_start(w, ONE);
    CHECK_INT(world_status(w, ONE).lanes[ONE].sequence, 1);
    world_pass(w, 500);
    CHECK(all_agree(w));
    world_close(w);
}

/* As a snapshot from beyond the change leaves it: nothing between has made the batch void. */
CASE(an_undecided_batch_of_a_key_of_the_past_is_void_when_the_store_is_read)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct error error = {0};
    struct store_group group;
    struct buffer batch, value;
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    (void)carry(w, 0, &change);
    struct store_key key = old_batch(w, &batch);
    store_group_init(&group);
    store_put(&group, store_key_bytes(&key), buffer_bytes(&batch));
    buffer_init(&value, BATCH_SIZE_MAX);
    for (uint16_t i = ONE - 1; i <= ONE; i++) {
        world_crash(w, i);
        disk_write(&w->nodes[i].disk, buffer_bytes(&group.ops));
        world_start(w, i);
        CHECK_INT(w->nodes[i].replica->lanes[ONE].count, 0);
    }
    CHECK_INT(w->nodes[ONE - 1].replica->waiting_count, 0);
    CHECK_INT(w->nodes[ONE].replica->waiting_count, 1); /* its own waits again */
    world_pass(w, 3000);
    CHECK_INT(world_status(w, 0).lanes[ONE].sequence, 1);
    CHECK_INT(w->nodes[ONE].replica->outbox_count, 0);
    for (uint16_t i = ONE - 1; i <= ONE; i++) {
        struct store store = disk_store(&w->nodes[i].disk);
        CHECK(!store.get(store.context, store_key_bytes(&key), &value, NULL));
    }
    CHECK(all_agree(w));
    store_group_release(&group);
    buffer_release(&batch);
    buffer_release(&value);
    world_close(w);
}

CASE(a_history_leaves_the_outbox_alone)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    lose_keys(w);
    /* What replica_open_history makes, as far as it matters here. */
    struct replica *one = w->nodes[ONE].replica;
    one->history.is = true;
    one->gap.passed.height = INT64_MAX;
    one->gap.lane_count = WORLD_NODES;
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        one->gap.lanes[i].sequence = INT64_MAX;
    steal(w);
    uint64_t from = carry(w, 0, &change);
    world_pass(w, 5000);
    REQUIRE(one->height + 1 >= from);
    CHECK_INT(one->lanes[ONE].count, 0);
    CHECK_INT(one->outbox_next, 0);
    CHECK_INT(one->outbox_count + one->waiting_count, 0);
    world_close(w);
}

/* ---- voters of the past ---------------------------------------------------------------------- */

/* Three voters, the one that changed under its old key, certify a cut of `height` that nobody made.
 */
static void tell_certificate(struct world *w, uint64_t height)
{
    struct cut cut;
    struct buffer bytes, out;
    memset(&cut, 0, sizeof(cut));
    cut.coalition = w->charter->coalition;
    cut.height = height;
    cut.lane_count = WORLD_NODES;
    cut.time_ms = w->now_ms;
    buffer_init(&bytes, CUT_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    cut_encode(&cut, &bytes);
    w->message.kind = MESSAGE_DECIDED;
    struct certificate *certificate = &w->message.body.decided.certificate;
    *certificate = (struct certificate){.height = height, .cut = cut.id, .count = 3};
    for (uint16_t i = 0; i < 3; i++) {
        struct vote vote = {.type = VOTE_PRECOMMIT,
                            .height = height,
                            .cut = cut.id,
                            .valid_round = -1,
                            .voter = {(uint16_t)(i + 1)}};
        vote_sign(&vote, w->nodes[i + 1].key, &w->charter->coalition);
        certificate->votes[i].voter = vote.voter;
        certificate->votes[i].signature = vote.signature;
    }
    w->message.body.decided.cut = buffer_bytes(&bytes);
    message_encode(&w->message, &out);
    replica_on_message(w->nodes[0].replica, 1, buffer_bytes(&out), w->now_ms);
    buffer_release(&bytes);
    buffer_release(&out);
}

CASE(a_certificate_with_a_key_of_the_past_is_judged_again_and_refused)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(ONE, FRESH);
    struct error error = {0};
    hold_fresh(w);
    REQUIRE(replica_hold_next(w->nodes[ONE].replica, w->nodes[ONE].next_key,
                              w->nodes[ONE].next_cosigner_key, &error));
    world_crash(w, 0);
    uint64_t from = carry(w, 1, &change);
    REQUIRE(from > world_status(w, 1).height - 3 && from > 4);
    world_submit(w, 1);
    world_pass(w, 2000);
    world_start(w, 0);
    struct replica *late = w->nodes[0].replica;
    REQUIRE(late->height + 2 < from);
    tell_certificate(w, from);
    CHECK(late->ahead[from % AHEAD_MAX].used); /* as far as it can know */
    world_pass(w, 5000);
    CHECK(!w->nodes[0].stopped);
    CHECK(all_agree(w));
    CHECK(replica_height(late) >= from);
    /* One of the next height is judged by what is in force there, and not kept at all. */
    uint64_t bad = world_status(w, 0).bad_signatures[1];
    tell_certificate(w, replica_height(late) + 1);
    CHECK(world_status(w, 0).bad_signatures[1] > bad);
    CHECK(!late->pending.used);
    world_close(w);
}

int main(void)
{
    RUN(a_node_goes_on_with_its_next_key_from_the_height_that_names_it);
    RUN(a_node_without_the_key_in_force_follows_until_it_gets_it);
    RUN(who_left_follows_and_writes_nothing_and_the_hand_over_is_final);
    RUN(who_left_lets_the_keys_go_that_the_charter_does_not_name);
    RUN(another_key_beside_a_signing_key_takes_the_place_of_the_one_that_was_there);
    RUN(a_key_that_comes_back_has_its_votes_and_its_lock);
    RUN(what_others_told_of_the_own_lane_is_never_taken_back);
    RUN(a_key_that_comes_back_does_not_rely_on_what_others_told_of_its_lane);
    RUN(what_others_told_of_the_own_lane_is_kept_once_it_is_decided);
    RUN(an_undecided_batch_of_a_key_of_the_past_is_void_when_the_store_is_read);
    RUN(a_history_leaves_the_outbox_alone);
    RUN(a_certificate_with_a_key_of_the_past_is_judged_again_and_refused);
    return check_report();
}
