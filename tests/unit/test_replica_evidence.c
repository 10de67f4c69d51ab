// links: node
// also: sim/disk.c
/* Four replicas, one of which lies with its own key: the others keep what proves it, once, within
 * bounds and over restarts, and keep nothing about those that are honest. */
#include "unit/cosign_world.h"

#include "protocol/codec.h"

enum { WITNESS = 0, LIAR = 1, RELAY = 2 };

/* A few transactions of the liar's, each in a batch of its own, are decided everywhere. */
static struct world *settled_world(void)
{
    struct world *w = world_open();
    world_pass(w, 500);
    for (int i = 0; i < 3; i++) {
        world_submit(w, LIAR);
        world_pass(w, 500);
    }
    REQUIRE(world_status(w, WITNESS).lanes[LIAR].sequence == 3);
    return w;
}

static size_t kept(const struct world *w)
{
    return replica_evidence_count(w->nodes[WITNESS].replica);
}

/* Another batch of the liar's at `sequence`; it comes by way of node 2. */
static void tell_batch(struct world *w, uint64_t sequence, uint64_t created_ms, bool forged)
{
    struct buffer payload, bytes, out;
    buffer_init(&payload, 64);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    batch_payload_put(&payload, bytes_text("no transaction"));
    struct batch batch = {.coalition = w->charter->coalition,
                          .lane = {LIAR},
                          .sequence = sequence,
                          .created_ms = created_ms,
                          .transaction_count = 1,
                          .payload = buffer_bytes(&payload)};
    if (sequence > 1)
        batch.previous = hash_bytes(bytes_text("another branch"));
    batch_seal(&batch, w->nodes[LIAR].key);
    batch.signature.at[0] ^= forged;
    batch_encode(&batch, &bytes);
    w->message.kind = MESSAGE_BATCH;
    w->message.body.batch = buffer_bytes(&bytes);
    message_encode(&w->message, &out);
    world_post(w, RELAY, WITNESS, buffer_bytes(&out));
    buffer_release(&payload);
    buffer_release(&bytes);
    buffer_release(&out);
    world_pass(w, 3);
}

/* As the store of node 2 has it: an honest repetition. */
static void tell_decided(struct world *w, uint64_t sequence)
{
    struct store store = disk_store(&w->nodes[RELAY].disk);
    struct hash last;
    memset(last.at, 0xff, HASH_SIZE);
    struct store_key prefix = key_lane(LIAR), key = key_batch(LIAR, sequence, &last);
    struct buffer found, bytes, out;
    buffer_init(&found, STORE_KEY_MAX);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    REQUIRE(store.get_at_or_before(store.context, store_key_bytes(&prefix), store_key_bytes(&key),
                                   &found, &bytes, NULL));
    w->message.kind = MESSAGE_BATCH;
    w->message.body.batch = buffer_bytes(&bytes);
    message_encode(&w->message, &out);
    world_post(w, RELAY, WITNESS, buffer_bytes(&out));
    buffer_release(&found);
    buffer_release(&bytes);
    buffer_release(&out);
    world_pass(w, 20);
}

CASE(honest_nodes_leave_no_evidence)
{
    struct world *w = settled_world();
    for (uint64_t sequence = 1; sequence <= 3; sequence++)
        tell_decided(w, sequence);
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        CHECK_INT(replica_evidence_count(w->nodes[i].replica), 0);
    world_close(w);
}

CASE(a_branch_beside_what_was_decided_long_ago_is_proven_from_the_store)
{
    struct world *w = settled_world();
    tell_batch(w, 1, 5, true);
    CHECK_INT(kept(w), 0);
    CHECK_INT(world_status(w, WITNESS).bad_signatures[RELAY], 1);
    tell_batch(w, 1, 5, false);
    REQUIRE(kept(w) == 1);
    const struct evidence_kept *evidence = replica_evidence(w->nodes[WITNESS].replica, 0);
    CHECK_INT(evidence->kind, EVIDENCE_BATCHES);
    CHECK_INT(evidence->node.v, LIAR);
    CHECK_INT(evidence->place.number, 1);
    CHECK(strstr(w->nodes[WITNESS].warning, "evidence (batches): node books-1 wrote two batches"));
    tell_batch(w, 3, 5, false); /* the decided head itself */
    CHECK_INT(kept(w), 2);
    world_close(w);
}

CASE(it_is_there_after_a_restart_and_never_twice)
{
    struct world *w = settled_world();
    tell_batch(w, 2, 5, false);
    tell_batch(w, 2, 6, false);
    CHECK_INT(kept(w), 1);
    struct hash id = replica_evidence(w->nodes[WITNESS].replica, 0)->id;
    uint64_t seen_ms = replica_evidence(w->nodes[WITNESS].replica, 0)->seen_ms;
    world_pass(w, 100);
    world_crash(w, WITNESS);
    w->now_ms += 1000;
    world_start(w, WITNESS);
    world_pass(w, 500);
    REQUIRE(kept(w) == 1);
    CHECK(hash_equal(&replica_evidence(w->nodes[WITNESS].replica, 0)->id, &id));
    CHECK_INT(replica_evidence(w->nodes[WITNESS].replica, 0)->seen_ms, seen_ms);
    tell_batch(w, 2, 7, false);
    CHECK_INT(kept(w), 1);
    world_close(w);
}

CASE(a_liar_fills_its_own_places_and_no_more)
{
    struct world *w = settled_world();
    for (uint64_t sequence = 10; sequence < 10 + EVIDENCE_NODE_MAX + 10; sequence++) {
        tell_batch(w, sequence, 5, false);
        tell_batch(w, sequence, 6, false);
        world_pass(w, 20); /* each wastes a check: not too many in a second */
    }
    REQUIRE(kept(w) == EVIDENCE_NODE_MAX);
    CHECK_INT(replica_evidence(w->nodes[WITNESS].replica, 0)->place.number, 10);
    world_close(w);
}

CASE(two_roots_for_one_size_are_evidence_and_a_repetition_is_none)
{
    struct world *w = settled_world();
    struct replica_status status = world_status(w, WITNESS);
    struct cosignature again = world_cosign(w, LIAR, status.final_size, &status.root);
    world_tell(w, LIAR, WITNESS, &again); /* the same at another time */
    world_pass(w, 20);
    CHECK_INT(kept(w), 0);
    struct hash root = status.root;
    root.at[0] ^= 1;
    struct cosignature other = world_cosign(w, LIAR, status.final_size, &root);
    world_tell(w, LIAR, WITNESS, &other);
    world_pass(w, 20);
    REQUIRE(kept(w) == 1);
    CHECK_INT(replica_evidence(w->nodes[WITNESS].replica, 0)->kind, EVIDENCE_COSIGNATURES);
    world_close(w);
}

CASE(evidence_that_was_changed_on_disk_is_told_at_the_start)
{
    struct world *w = settled_world();
    struct error error = {0};
    struct store_group group;
    tell_batch(w, 2, 5, false);
    REQUIRE(kept(w) == 1);
    struct store_key key =
        key_evidence(LIAR, EVIDENCE_BATCHES, &replica_evidence(w->nodes[WITNESS].replica, 0)->id);
    world_pass(w, 100);
    world_crash(w, WITNESS);
    store_group_init(&group);
    store_put(&group, store_key_bytes(&key), bytes_text("something else"));
    disk_write(&w->nodes[WITNESS].disk, buffer_bytes(&group.ops));
    store_group_release(&group);
    CHECK(!world_open_node(w, WITNESS, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    CHECK(strstr(error.text, "evidence (entry E "));
    world_close(w);
}

int main(void)
{
    RUN(honest_nodes_leave_no_evidence);
    RUN(a_branch_beside_what_was_decided_long_ago_is_proven_from_the_store);
    RUN(it_is_there_after_a_restart_and_never_twice);
    RUN(a_liar_fills_its_own_places_and_no_more);
    RUN(two_roots_for_one_size_are_evidence_and_a_repetition_is_none);
    RUN(evidence_that_was_changed_on_disk_is_told_at_the_start);
    return check_report();
}
