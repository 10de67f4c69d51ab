// links: node
// also: sim/disk.c
/* What was signed with a key that a ballot replaced, or by who votes no more, stands in the way of
 * nothing and vouches for nothing. */
#include "unit/carry.h"

#include "node/replica_parts.h"

enum { WITNESS = 0, LIAR = 1, RELAY = 2, ONE = 3, FRESH = 9, SEQUENCE = 10 };

static struct world *settled_world(void)
{
    struct world *w = world_open();
    world_pass(w, 500);
    world_submit(w, LIAR);
    world_pass(w, 500);
    return w;
}

/* ---- evidence ------------------------------------------------------------------------------- */

static size_t kept(const struct world *w)
{
    return replica_evidence_count(w->nodes[WITNESS].replica);
}

static size_t holding(const struct world *w)
{
    size_t count = 0;
    for (size_t i = 0; i < kept(w); i++)
        count += replica_evidence(w->nodes[WITNESS].replica, i)->holds;
    return count;
}

/* Two batches of the liar's at `sequence`, both signed with `key`. */
static void tell_fork(struct world *w, const struct signing_key *key, uint64_t sequence)
{
    struct buffer payload, bytes, out;
    buffer_init(&payload, 64);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    batch_payload_put(&payload, bytes_text("no transaction"));
    for (uint64_t created_ms = 5; created_ms < 7; created_ms++) {
        struct batch batch = {.coalition = w->charter->coalition,
                              .lane = {LIAR},
                              .sequence = sequence,
                              .previous = hash_bytes(bytes_text("another branch")),
                              .created_ms = created_ms,
                              .transaction_count = 1,
                              .payload = buffer_bytes(&payload)};
        buffer_clear(&bytes);
        buffer_clear(&out);
        batch_seal(&batch, key);
        batch_encode(&batch, &bytes);
        w->message.kind = MESSAGE_BATCH;
        w->message.body.batch = buffer_bytes(&bytes);
        message_encode(&w->message, &out);
        world_post(w, RELAY, WITNESS, buffer_bytes(&out));
        world_pass(w, 3);
    }
    buffer_release(&payload);
    buffer_release(&bytes);
    buffer_release(&out);
    world_pass(w, 20); /* each wastes a check: not too many in a second */
}

/* As many lies under its first key as are kept; then a ballot gives it a fresh one. */
static struct world *rekeyed_liar(size_t lies)
{
    struct world *w = settled_world();
    struct change change = change_replace_keys(LIAR, FRESH);
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        if (i != WITNESS)
            world_crash(w, i);
    for (uint64_t i = 0; i < lies; i++)
        tell_fork(w, w->nodes[LIAR].key, SEQUENCE + i);
    REQUIRE(kept(w) == lies && holding(w) == lies);
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        if (i != WITNESS)
            world_start(w, i);
    world_pass(w, 5000);
    REQUIRE(replica_charter(w->nodes[WITNESS].replica)->nodes[LIAR].suspended);
    (void)carry(w, WITNESS, &change);
    REQUIRE(!replica_charter(w->nodes[WITNESS].replica)->nodes[LIAR].suspended);
    REQUIRE(kept(w) == lies && holding(w) == 0);
    return w;
}

static void lies_again(struct world *w, size_t kept_then)
{
    struct signing_key *fresh = coalition_key(CHANGES_KEY_KINDS + 1, FRESH);
    tell_fork(w, fresh, SEQUENCE);
    REQUIRE(kept(w) == kept_then);
    CHECK_INT(holding(w), 1);
    tell_fork(w, fresh, SEQUENCE); /* the same place, now under the key in force */
    CHECK_INT(kept(w), kept_then);
    world_pass(w, 5000);
    CHECK(replica_charter(w->nodes[WITNESS].replica)->nodes[LIAR].suspended);
    signing_key_close(fresh);
}

CASE(a_lie_under_a_fresh_key_is_kept_beside_one_at_its_place_under_the_old)
{
    struct world *w = rekeyed_liar(1);
    lies_again(w, 2);
    world_close(w);
}

CASE(lies_under_a_key_of_the_past_make_room_for_those_under_the_next)
{
    struct world *w = rekeyed_liar(EVIDENCE_NODE_MAX);
    struct hash earliest = replica_evidence(w->nodes[WITNESS].replica, 0)->id;
    lies_again(w, EVIDENCE_NODE_MAX);
    world_crash(w, WITNESS);
    world_start(w, WITNESS);
    CHECK_INT(kept(w), EVIDENCE_NODE_MAX);
    CHECK_INT(holding(w), 1);
    for (size_t i = 0; i < kept(w); i++)
        CHECK(!hash_equal(&replica_evidence(w->nodes[WITNESS].replica, i)->id, &earliest));
    world_close(w);
}

/* ---- attestations --------------------------------------------------------------------------- */

enum { SNAPSHOT = 1000 };

/* By three of four, told to the witness: a quorum. */
static struct world *attested_world(void)
{
    struct world *w = settled_world();
    struct attestation item = {.snapshot = {.height = SNAPSHOT, .size = 77}};
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    for (uint16_t i = LIAR; i < WORLD_NODES; i++) {
        item.node.v = i;
        attestation_sign(&item, w->nodes[i].key, &w->charter->coalition);
        w->message.kind = MESSAGE_ATTESTATION;
        w->message.body.attestation = item;
        buffer_clear(&out);
        message_encode(&w->message, &out);
        world_post(w, i, WITNESS, buffer_bytes(&out));
    }
    buffer_release(&out);
    world_pass(w, 100);
    return w;
}

static bool is_stored(struct world *w, uint16_t node)
{
    struct store store = disk_store(&w->nodes[WITNESS].disk);
    struct store_key key = key_attestation(SNAPSHOT, node);
    struct buffer value;
    buffer_init(&value, STORE_VALUE_MAX);
    bool found = store.get(store.context, store_key_bytes(&key), &value, NULL);
    buffer_release(&value);
    return found;
}

static void check_forgotten_after(const struct change *change, size_t vouching_then)
{
    struct world *w = attested_world();
    struct attestation vouching[WORLD_NODES];
    REQUIRE(replica_vouched(w->nodes[WITNESS].replica, vouching, WORLD_NODES) == 3);
    REQUIRE(is_stored(w, RELAY) && is_stored(w, ONE));
    CHECK(carry(w, WITNESS, change) > 1);
    CHECK_INT(replica_vouched(w->nodes[WITNESS].replica, vouching, WORLD_NODES), vouching_then);
    CHECK(is_stored(w, RELAY) && !is_stored(w, ONE));
    CHECK_INT(w->nodes[WITNESS].replica->attesting.items[ONE][0].snapshot.height, 0);
    CHECK_INT(w->nodes[WITNESS].replica->attesting.items[RELAY][0].snapshot.height, SNAPSHOT);
    world_close(w);
}

CASE(what_a_replaced_key_attested_vouches_for_nothing)
{
    struct change change = change_replace_keys(ONE, FRESH);
    check_forgotten_after(&change, 0); /* the other two are no quorum */
}

CASE(who_votes_no_more_vouches_for_nothing)
{
    struct change change = change_set_voter(ONE, false);
    check_forgotten_after(&change, quorum_size(WORLD_NODES - 1));
}

int main(void)
{
    RUN(a_lie_under_a_fresh_key_is_kept_beside_one_at_its_place_under_the_old);
    RUN(lies_under_a_key_of_the_past_make_room_for_those_under_the_next);
    RUN(what_a_replaced_key_attested_vouches_for_nothing);
    RUN(who_votes_no_more_vouches_for_nothing);
    return check_report();
}
