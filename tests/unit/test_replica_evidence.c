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

/* Nothing is decided any more, so nobody is suspended, and the witness goes on listening. */
CASE(a_liar_fills_its_own_places_and_no_more)
{
    struct world *w = settled_world();
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        if (i != WITNESS)
            world_crash(w, i);
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

/* ---- onto the ledger ------------------------------------------------------------------------ */

static bool is_suspended(const struct world *w, uint16_t at)
{
    return replica_charter(w->nodes[at].replica)->nodes[LIAR].suspended;
}

static bool submits(struct world *w, uint16_t number, struct error *error)
{
    struct transaction t = tx_enrol(1000 + number);
    struct buffer bytes;
    t.key = bytes_text("again");
    t.at_ms = w->now_ms;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    bool taken =
        replica_submit(w->nodes[number].replica, buffer_bytes(&bytes), 99, w->now_ms, error);
    buffer_release(&bytes);
    world_take(w, number);
    return taken;
}

CASE(one_who_can_prove_a_lie_has_its_node_suspended_by_all)
{
    struct world *w = settled_world();
    struct error error = {0};
    uint64_t height = world_status(w, WITNESS).height;
    tell_batch(w, 2, 5, false);
    world_pass(w, 5000); /* it may be the liar's turn, who brings nothing */
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        CHECK(is_suspended(w, i));
        CHECK_INT(replica_charter(w->nodes[i].replica)->voter_count, WORLD_NODES);
        /* One height brings it, the next leads to the charter without the liar's lane. */
        CHECK_INT(world_status(w, i).height, height + 2);
        CHECK_INT(replica_evidence_count(w->nodes[i].replica), 1);
    }
    CHECK_INT(replica_standing(w->nodes[LIAR].replica), REPLICA_SUSPENDED);
    CHECK(!submits(w, LIAR, &error));
    CHECK_INT(error.code, ERROR_DENIED);
    CHECK(submits(w, WITNESS, &error));
    world_pass(w, 500);
    CHECK_INT(world_status(w, RELAY).height, height + 3);
    CHECK_INT(world_status(w, RELAY).lanes[LIAR].sequence, 3);
    world_close(w);
}

/* What comes back is evidence against another, and is judged like any other's. */
static void tell_evidence(struct world *w, bool forged)
{
    const struct evidence_kept *own = replica_evidence(w->nodes[WITNESS].replica, 0);
    struct evidence evidence;
    struct buffer bytes, out;
    REQUIRE(evidence_decode(bytes_of(own->bytes, own->size), &evidence, NULL));
    evidence.second.batch.signature.at[0] ^= forged;
    buffer_init(&bytes, EVIDENCE_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    evidence_encode(&evidence, &bytes);
    w->message.kind = MESSAGE_EVIDENCE;
    w->message.body.evidence = buffer_bytes(&bytes);
    message_encode(&w->message, &out);
    world_post(w, WITNESS, RELAY, buffer_bytes(&out));
    buffer_release(&bytes);
    buffer_release(&out);
    world_pass(w, 3);
}

CASE(evidence_that_a_peer_sends_is_kept_when_it_holds)
{
    struct world *w = settled_world();
    world_crash(w, RELAY);
    world_crash(w, LIAR);
    world_crash(w, 3);
    tell_batch(w, 2, 5, false);
    REQUIRE(kept(w) == 1);
    world_start(w, RELAY);
    world_pass(w, 3);
    tell_evidence(w, true);
    CHECK_INT(world_status(w, RELAY).bad_signatures[WITNESS], 1);
    CHECK_INT(replica_evidence_count(w->nodes[RELAY].replica), 0);
    tell_evidence(w, false);
    CHECK_INT(replica_evidence_count(w->nodes[RELAY].replica), 1);
    tell_evidence(w, false);
    CHECK_INT(replica_evidence_count(w->nodes[RELAY].replica), 1);
    CHECK_INT(world_status(w, RELAY).bad_signatures[WITNESS], 1);
    world_close(w);
}

CASE(a_suspension_outlives_restarts_and_the_suspended_one_still_votes)
{
    struct world *w = settled_world();
    struct error error = {0};
    tell_batch(w, 2, 5, false);
    world_pass(w, 5000); /* it may be the liar's turn, who brings nothing */
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        world_crash(w, i);
        world_start(w, i);
    }
    world_pass(w, 500);
    CHECK(is_suspended(w, WITNESS));
    CHECK_INT(replica_standing(w->nodes[LIAR].replica), REPLICA_SUSPENDED);
    world_crash(w, 3); /* three of four are a quorum, the liar among them */
    uint64_t height = world_status(w, WITNESS).height;
    for (int i = 0; i < 8; i++) {
        world_submit(w, WITNESS);
        world_pass(w, 3000);
    }
    CHECK_INT(world_status(w, WITNESS).height, height + 8);
    CHECK(!submits(w, LIAR, &error));
    world_close(w);
}

/* It was acknowledged before the suspension: it waits in the outbox, also over a restart. */
CASE(what_a_suspended_node_had_acknowledged_is_kept)
{
    struct world *w = settled_world();
    struct error error = {0};
    world_crash(w, RELAY);
    world_crash(w, 3);
    CHECK(submits(w, LIAR, &error));
    world_pass(w, 300);
    CHECK_INT(world_status(w, LIAR).undecided_batches, 1);
    tell_batch(w, 2, 5, false);
    REQUIRE(kept(w) == 1);
    world_crash(w, LIAR); /* its batch is not carried by whoever proposes first */
    world_start(w, 3);
    world_start(w, RELAY);
    world_pass(w, 2000);
    REQUIRE(is_suspended(w, WITNESS));
    bool carried = world_status(w, WITNESS).lanes[LIAR].sequence == 4;
    world_start(w, LIAR);
    world_pass(w, 3000);
    CHECK_INT(replica_standing(w->nodes[LIAR].replica), REPLICA_SUSPENDED);
    CHECK_INT(world_status(w, LIAR).undecided_batches, 0);
    CHECK_INT(world_status(w, LIAR).outbox_count, carried ? 0 : 1);
    world_crash(w, LIAR);
    world_start(w, LIAR);
    world_pass(w, 500);
    CHECK_INT(world_status(w, LIAR).outbox_count, carried ? 0 : 1);
    CHECK_INT(world_status(w, LIAR).mempool_count, carried ? 0 : 1);
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
    RUN(one_who_can_prove_a_lie_has_its_node_suspended_by_all);
    RUN(evidence_that_a_peer_sends_is_kept_when_it_holds);
    RUN(a_suspension_outlives_restarts_and_the_suspended_one_still_votes);
    RUN(what_a_suspended_node_had_acknowledged_is_kept);
    return check_report();
}
