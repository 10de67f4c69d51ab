// links: node
// also: sim/disk.c
/* Cosigning among four replicas: what is decided becomes final, over lost messages and restarts;
 * how much it costs; and what becomes of those that cosign something else. */
#include "unit/cosign_world.h"

#include "protocol/codec.h"

/* Everything decided is final everywhere. */
static bool all_final(const struct world *w)
{
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        if (!w->nodes[i].replica)
            continue;
        struct replica_status status = world_status(w, i);
        if (status.records == 0 || status.final_size != status.records)
            return false;
    }
    return true;
}

static struct world *settled_world(void)
{
    struct world *w = world_open();
    world_pass(w, 500);
    world_submit(w, 0);
    world_pass(w, 500);
    REQUIRE(all_final(w));
    return w;
}

CASE(a_lone_transaction_is_final_everywhere_soon_after_it_is_decided)
{
    struct world *w = settled_world();
    uint64_t decided = w->nodes[1].decided, waited = 0;
    world_submit(w, 1);
    while (w->nodes[1].decided == decided && waited++ < 1000)
        world_pass(w, 1);
    CHECK(!all_final(w));
    for (waited = 0; !all_final(w) && waited < 1000; waited++)
        world_pass(w, 1);
    printf("  final %llu virtual ms after it was decided\n", (unsigned long long)waited);
    CHECK(waited < 100);
    const struct cosign_final *final = replica_final(w->nodes[2].replica);
    CHECK(final->count >= 3);
    for (size_t i = 0; i < final->count; i++) {
        const struct cosignature *item = &final->items[i];
        struct verifier *verifier =
            verifier_open(&w->charter->nodes[item->node.v].cosigner_key.key);
        CHECK(cosignature_verify(item, verifier, w->charter->origin));
        verifier_close(verifier);
    }
    world_close(w);
}

/* Each node signs the same few heights, whatever comes and goes meanwhile. */
CASE(under_load_a_few_heights_a_second_are_cosigned_and_become_final)
{
    struct world *w = settled_world();
    uint64_t said = w->nodes[0].said_count, height = world_status(w, 0).height;
    uint64_t finals = 0, last = world_status(w, 3).final_size;
    for (int i = 0; i < 2000; i++) {
        world_submit(w, (uint16_t)(i % WORLD_NODES));
        world_pass(w, 1);
        uint64_t now = world_status(w, 3).final_size;
        finals += now > last;
        last = now;
    }
    said = w->nodes[0].said_count - said;
    height = world_status(w, 0).height - height;
    printf("  2 s: %llu heights, %llu cosignatures, %llu final checkpoints\n",
           (unsigned long long)height, (unsigned long long)said, (unsigned long long)finals);
    CHECK(height > 50);
    CHECK(said >= 7 && said <= 12);
    CHECK(finals >= 7);
    world_pass(w, 500);
    CHECK(all_final(w));
    world_close(w);
}

CASE(lost_cosignatures_are_sent_again_without_a_new_height)
{
    struct world *w = settled_world();
    w->lose_cosignatures = true;
    world_submit(w, 2);
    world_pass(w, 3000);
    uint64_t records = world_status(w, 0).records;
    CHECK(world_status(w, 0).final_size < records);
    CHECK_INT(world_status(w, 0).cosigned_size, records);
    w->lose_cosignatures = false;
    world_pass(w, 2500);
    CHECK(all_final(w));
    CHECK_INT(world_status(w, 0).records, records);
    world_close(w);
}

/* The others have their final checkpoint and would be silent: it asks by repeating its own. */
CASE(a_node_that_missed_them_is_answered)
{
    struct world *w = settled_world();
    w->deaf = 3;
    world_submit(w, 2);
    world_pass(w, 1000);
    CHECK(world_status(w, 0).final_size == world_status(w, 0).records);
    CHECK(world_status(w, 3).final_size < world_status(w, 3).records);
    w->deaf = WORLD_NODES;
    world_pass(w, 2500);
    CHECK(all_final(w));
    world_close(w);
}

CASE(a_node_that_was_away_gets_the_final_checkpoint_when_it_has_caught_up)
{
    struct world *w = settled_world();
    world_crash(w, 3);
    for (int i = 0; i < 20; i++) {
        world_submit(w, 0);
        world_pass(w, 300);
    }
    CHECK(all_final(w));
    world_start(w, 3);
    world_pass(w, 5000);
    CHECK_INT(world_status(w, 3).records, world_status(w, 0).records);
    CHECK(all_final(w));
    world_close(w);
}

CASE(two_of_four_voters_make_nothing_final)
{
    struct world *w = settled_world();
    uint64_t final = world_status(w, 0).final_size;
    world_crash(w, 3);
    struct signing_key *key = w->nodes[2].cosigner_key;
    w->nodes[2].cosigner_key = NULL;
    world_crash(w, 2);
    world_start(w, 2); /* it votes and does not cosign */
    world_pass(w, 500);
    world_submit(w, 0);
    world_pass(w, 3000);
    CHECK(world_status(w, 0).records > final);
    CHECK_INT(world_status(w, 0).final_size, final);
    w->nodes[2].cosigner_key = key;
    world_crash(w, 2);
    world_start(w, 2);
    world_pass(w, 3000);
    CHECK(all_final(w));
    world_close(w);
}

/* To the byte: no second signature is made on the same claim. */
static bool same_cosignature(const struct cosignature *a, const struct cosignature *b)
{
    return cosignature_same_claim(a, b) && a->time_s == b->time_s &&
           memcmp(a->signature.at, b->signature.at, SIGNATURE_SIZE) == 0;
}

CASE(after_a_restart_the_same_is_shown_and_said_again)
{
    struct world *w = settled_world();
    struct cosign_final before = *replica_final(w->nodes[1].replica);
    struct cosignature said = w->nodes[1].said;
    world_crash(w, 1);
    world_start(w, 1);
    const struct cosign_final *after = replica_final(w->nodes[1].replica);
    CHECK_INT(after->size, before.size);
    CHECK_INT(after->count, before.count);
    for (size_t i = 0; i < before.count && i < after->count; i++)
        CHECK(same_cosignature(&after->items[i], &before.items[i]));
    CHECK_INT(world_status(w, 1).cosigned_size, said.size);
    memset(&w->nodes[1].said, 0, sizeof(said));
    world_pass(w, 1000);
    CHECK(same_cosignature(&w->nodes[1].said, &said));
    CHECK(all_final(w));
    world_close(w);
}

/* What is written of it rides along: no group is written for it before others would be. */
CASE(cosigning_adds_no_write_to_heights_that_follow_each_other)
{
    uint64_t writes[2];
    for (int with = 0; with < 2; with++) {
        struct world *w = settled_world();
        for (uint16_t i = 0; i < WORLD_NODES && !with; i++) {
            signing_key_close(w->nodes[i].cosigner_key);
            w->nodes[i].cosigner_key = NULL;
            world_crash(w, i);
            world_start(w, i);
        }
        world_pass(w, 1000);
        writes[with] = w->nodes[0].writes;
        uint64_t decided = w->nodes[0].decided;
        for (int i = 0; i < 200; i++) {
            world_submit(w, 0);
            while (w->nodes[0].decided == decided)
                world_pass(w, 1);
            decided = w->nodes[0].decided;
        }
        writes[with] = w->nodes[0].writes - writes[with];
        world_close(w);
    }
    printf("  200 heights: %llu writes, with cosigning %llu\n", (unsigned long long)writes[0],
           (unsigned long long)writes[1]);
    CHECK(writes[1] <= writes[0] + 2);
}

/* ---- those that cosign something else ------------------------------------------------------- */

static struct hash other_root(const struct world *w)
{
    struct hash root = world_status(w, 0).root;
    root.at[0] ^= 1;
    return root;
}

CASE(one_that_cosigns_another_root_is_named_and_the_rest_goes_on)
{
    struct world *w = settled_world();
    uint64_t size = world_status(w, 0).records;
    struct hash root = other_root(w);
    struct cosignature lie = world_cosign(w, 3, size, &root);
    for (int i = 0; i < 5; i++)
        world_tell(w, 3, 0, &lie);
    world_pass(w, 10);
    struct replica_status status = world_status(w, 0);
    CHECK_INT(status.cosignature_conflicts[3], 1);
    CHECK_INT(status.bad_signatures[3], 0);
    CHECK(strstr(w->nodes[0].warning, "fuel-1") && strstr(w->nodes[0].warning, "another root"));
    CHECK(!w->nodes[0].stopped);
    const struct cosign_peer *peer = replica_cosigner(w->nodes[0].replica, (struct node_id){3});
    CHECK_INT(peer->conflict.first.size, size);
    CHECK_INT(peer->conflict.second.size, size);
    CHECK(cosignature_same_claim(&peer->conflict.second, &lie));
    world_submit(w, 0);
    world_pass(w, 500);
    CHECK(all_final(w));
    world_close(w);
}

/* They come before our own of that height, too: nobody is believed more for being first. */
CASE(a_quorum_of_others_that_cosign_another_root_stops_the_node)
{
    struct world *w = settled_world();
    uint64_t size = world_status(w, 0).records;
    struct hash root = other_root(w);
    w->lose_cosignatures = true;
    world_submit(w, 1);
    world_pass(w, 50);
    uint64_t later = world_status(w, 0).records;
    CHECK(later > size);
    for (uint16_t i = 1; i < WORLD_NODES; i++) {
        struct cosignature lie = world_cosign(w, i, later, &root);
        CHECK(!w->nodes[0].stopped);
        world_tell(w, i, 0, &lie);
        world_pass(w, 5);
    }
    CHECK(w->nodes[0].stopped);
    CHECK(strstr(w->nodes[0].text, "cosigned another root") != NULL);
    CHECK(strstr(w->nodes[0].text, "keep this folder") != NULL);
    world_close(w);
}

CASE(a_bad_cosignature_is_charged_to_whoever_carried_it)
{
    struct world *w = settled_world();
    uint64_t size = world_status(w, 0).records;
    struct hash root = other_root(w);
    struct cosignature bad = world_cosign(w, 3, size, &root);
    bad.signature.at[5] ^= 1;
    world_tell(w, 2, 0, &bad);
    world_pass(w, 10);
    struct replica_status status = world_status(w, 0);
    CHECK_INT(status.bad_signatures[2], 1);
    CHECK_INT(status.bad_signatures[3], 0);
    CHECK_INT(status.cosignature_conflicts[3], 0);
    /* Of a size to come it is kept until then, from itself alone. */
    bad.size = size + 2;
    world_tell(w, 2, 0, &bad);
    world_tell(w, 3, 0, &bad);
    world_pass(w, 10);
    CHECK_INT(world_status(w, 0).bad_signatures[3], 0);
    world_submit(w, 0);
    world_pass(w, 500);
    CHECK_INT(world_status(w, 0).records, size + 2);
    CHECK_INT(world_status(w, 0).bad_signatures[2], 1);
    CHECK_INT(world_status(w, 0).bad_signatures[3], 1);
    bad.node.v = WORLD_NODES;
    world_tell(w, 2, 0, &bad);
    world_pass(w, 10);
    CHECK_INT(world_status(w, 0).bad_signatures[2], 2); /* no node has signed it */
    world_close(w);
}

/* ---- a store that lost something ------------------------------------------------------------- */

/* Rule 3 for the cosigner key: of votes and batches this copy knows all. */
CASE(a_cosignature_that_the_store_does_not_know_retires_the_key)
{
    struct world *w = settled_world();
    struct replica_status status = world_status(w, 0);
    struct cosignature later = world_cosign(w, 0, status.records + 9, &status.root);
    struct cosignature junk = later, known = w->nodes[0].said, older = known;
    junk.signature.at[0] ^= 1;
    older.size = 1;
    world_tell(w, 1, 0, &junk);
    world_tell(w, 1, 0, &known);
    world_tell(w, 1, 0, &older);
    world_pass(w, 10);
    CHECK(!w->nodes[0].stopped);
    CHECK_INT(world_status(w, 0).bad_signatures[1], 1);
    world_tell(w, 1, 0, &later);
    world_pass(w, 10);
    CHECK(w->nodes[0].stopped);
    CHECK(strstr(w->nodes[0].text, "must not sign again") != NULL);
    world_close(w);
}

static void disk_put(struct disk *disk, struct store_key key, struct bytes value)
{
    struct store_group group;
    store_group_init(&group);
    if (value.at)
        store_put(&group, store_key_bytes(&key), value);
    else
        store_delete(&group, store_key_bytes(&key));
    disk_write(disk, buffer_bytes(&group.ops));
    store_group_release(&group);
}

static struct buffer disk_value(struct disk *disk, struct store_key key)
{
    struct buffer value;
    struct store store = disk_store(disk);
    buffer_init(&value, 65536);
    REQUIRE(store.get(store.context, store_key_bytes(&key), &value, NULL));
    return value;
}

static void check_refused(struct world *w, const char *says, const char *what)
{
    struct error error = {0};
    CHECK(!world_open_node(w, 0, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    if (!strstr(error.text, says) || !strstr(error.text, what))
        printf("%s\n", error.text);
    CHECK(strstr(error.text, says) && strstr(error.text, what));
}

CASE(what_was_stored_of_it_is_checked_at_the_start)
{
    struct world *w = settled_world();
    struct replica_status status = world_status(w, 0);
    struct disk *disk = &w->nodes[0].disk;
    struct hash root = other_root(w);
    world_crash(w, 0);
    struct store_key keys[] = {key_cosigned(), key_final()};
    const char *const names[] = {"own cosignature (entry S)", "final checkpoint (entry F)"};
    for (size_t i = 0; i < 2; i++) {
        struct buffer whole = disk_value(disk, keys[i]), changed = disk_value(disk, keys[i]);
        changed.at[changed.size - 20] ^= 1;
        disk_put(disk, keys[i], buffer_bytes(&changed));
        check_refused(w, names[i], i ? "does not hold" : "is not signed by this node");
        disk_put(disk, keys[i], bytes_of(whole.at, whole.size - 1));
        check_refused(w, names[i], "");
        disk_put(disk, keys[i], buffer_bytes(&whole));
        buffer_release(&whole);
        buffer_release(&changed);
    }
    const struct {
        uint64_t size;
        const struct hash *root;
        const char *says;
    } rows[] = {{status.records + 1, &status.root, "something was lost"},
                {status.records, &root, "not that of the log here"}};
    struct buffer whole = disk_value(disk, keys[0]), out;
    buffer_init(&out, 65536);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct cosignature item = world_cosign(w, 0, rows[i].size, rows[i].root);
        buffer_clear(&out);
        codec_put_array(&out, 2);
        codec_put_uint(&out, FORMAT_VERSION);
        cosignature_put(&item, &out);
        disk_put(disk, keys[0], buffer_bytes(&out));
        check_refused(w, names[0], rows[i].says);
    }
    disk_put(disk, keys[0], buffer_bytes(&whole));
    world_start(w, 0);
    world_pass(w, 500);
    CHECK(all_final(w));
    buffer_release(&whole);
    buffer_release(&out);
    world_close(w);
}

int main(void)
{
    RUN(a_lone_transaction_is_final_everywhere_soon_after_it_is_decided);
    RUN(under_load_a_few_heights_a_second_are_cosigned_and_become_final);
    RUN(lost_cosignatures_are_sent_again_without_a_new_height);
    RUN(a_node_that_missed_them_is_answered);
    RUN(a_node_that_was_away_gets_the_final_checkpoint_when_it_has_caught_up);
    RUN(two_of_four_voters_make_nothing_final);
    RUN(after_a_restart_the_same_is_shown_and_said_again);
    RUN(cosigning_adds_no_write_to_heights_that_follow_each_other);
    RUN(one_that_cosigns_another_root_is_named_and_the_rest_goes_on);
    RUN(a_quorum_of_others_that_cosign_another_root_stops_the_node);
    RUN(a_bad_cosignature_is_charged_to_whoever_carried_it);
    RUN(a_cosignature_that_the_store_does_not_know_retires_the_key);
    RUN(what_was_stored_of_it_is_checked_at_the_start);
    return check_report();
}
