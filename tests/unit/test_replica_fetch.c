// links: node
// also: sim/disk.c
/* A node that is far behind fetches the snapshot that Q voters attest: not one that fewer do, no
 * piece that differs from its hash, each piece once; and it begins with it only when its key is
 * free to sign. */
#include "unit/cosign_world.h"

#include "node/replica_parts.h"
#include "node/store_gaps.h"

enum {
    SELF = 3,
    STRANGER = 7, /* joined later: the first charter does not name it */
    HEIGHT = 1000,
    PIECES = 3,
    NONCE = 4711
};

static uint8_t content[2 * SNAPSHOT_PIECE + 70000];

struct scene {
    struct world *world; /* its charter, keys and disks; the replicas of it are closed */
    struct replica *replica;
    struct replica_snapshots files;
    uint64_t kept; /* pieces that `read` finds */
    struct snapshot_name name;
    struct hash hashes[PIECES];
    /* What came out. */
    uint16_t sent_to; /* the last message at all */
    uint16_t asked;   /* the last peer that was asked, and for what */
    uint64_t asked_height, asked_piece, questions;
    uint64_t pieces; /* that were given out to be kept */
    bool fetched, reopens;
    uint64_t write;
    struct bytes group;
    struct message message;
};

static struct bytes piece_of(uint64_t piece)
{
    size_t before = (size_t)(piece - 1) * SNAPSHOT_PIECE, left = sizeof(content) - before;
    return bytes_of(content + before, left < SNAPSHOT_PIECE ? left : SNAPSHOT_PIECE);
}

static bool read_kept(void *context, uint64_t height, uint64_t piece, struct buffer *out)
{
    const struct scene *scene = (const struct scene *)context;
    if (height != HEIGHT || piece == 0 || piece > scene->kept)
        return false;
    buffer_append(out, piece_of(piece));
    return true;
}

static void take(struct scene *scene)
{
    struct replica_action action;
    while (replica_next(scene->replica, &action)) {
        if (action.kind == REPLICA_SEND) {
            REQUIRE(message_decode(action.message, &scene->message, NULL));
            scene->sent_to = action.peer;
            if (scene->message.kind == MESSAGE_FETCH_SNAPSHOT) {
                scene->asked = action.peer;
                scene->asked_height = scene->message.body.fetch_snapshot.height;
                scene->asked_piece = scene->message.body.fetch_snapshot.piece;
                scene->questions++;
            }
        } else if (action.kind == REPLICA_PIECE) {
            scene->pieces++;
            CHECK_INT(action.piece, scene->kept + scene->pieces);
            CHECK(bytes_equal(action.message, piece_of(action.piece)));
        } else if (action.kind == REPLICA_FETCHED) {
            CHECK(!scene->fetched);
            CHECK(snapshot_name_equal(&action.snapshot, &scene->name));
            scene->fetched = true;
        } else if (action.kind == REPLICA_REOPEN) {
            scene->reopens = true;
        } else if (action.kind == REPLICA_WRITE) {
            scene->write = action.write;
            scene->group = buffer_bytes(&action.group->ops);
        }
    }
}

/* Groups become durable at once. */
static void settle(struct scene *scene)
{
    take(scene);
    while (scene->write) {
        uint64_t number = scene->write;
        scene->write = 0;
        disk_write(&scene->world->nodes[SELF].disk, scene->group);
        replica_on_durable(scene->replica, number, scene->world->now_ms);
        take(scene);
    }
}

static void pass(struct scene *scene, uint64_t ms)
{
    scene->world->now_ms += ms;
    replica_on_time(scene->replica, scene->world->now_ms);
    settle(scene);
}

static struct scene *scene_open(uint64_t kept)
{
    struct scene *scene = (struct scene *)allocate(1, sizeof(*scene));
    struct error error = {0};
    scene->world = world_open();
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        world_crash(scene->world, i);
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (uint8_t)(i * 7 + i / 251);
    for (uint64_t i = 1; i <= PIECES; i++)
        scene->hashes[i - 1] = hash_bytes(piece_of(i));
    scene->name = (struct snapshot_name){
        .height = HEIGHT,
        .size = sizeof(content),
        .id = snapshot_id(sizeof(content), bytes_of(scene->hashes, sizeof(scene->hashes)))};
    scene->kept = kept;
    scene->files = (struct replica_snapshots){.context = scene, .read = read_kept};
    struct member_node *node = &scene->world->nodes[SELF];
    struct replica_config config = {.charter = scene->world->charter,
                                    .self = {SELF},
                                    .key = node->key,
                                    .cosigner_key = node->cosigner_key,
                                    .store = disk_store(&node->disk),
                                    .snapshots = &scene->files,
                                    .fetch_ahead = 64,
                                    .nonce = NONCE};
    REQUIRE(replica_open(&config, scene->world->now_ms, &scene->replica, &error));
    pass(scene, 1);
    return scene;
}

static void scene_close(struct scene *scene)
{
    replica_close(scene->replica);
    world_close(scene->world);
    free(scene);
}

static void tell(struct scene *scene, uint16_t from)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(&scene->message, &out);
    replica_on_message(scene->replica, from, buffer_bytes(&out), scene->world->now_ms);
    buffer_release(&out);
    settle(scene);
}

static void attest(struct scene *scene, uint16_t by, const struct snapshot_name *name)
{
    struct attestation item = {.snapshot = *name, .node = {by}};
    attestation_sign(&item, scene->world->nodes[by].key, &scene->world->charter->coalition);
    scene->message.kind = MESSAGE_ATTESTATION;
    scene->message.body.attestation = item;
    tell(scene, by);
}

static void give(struct scene *scene, uint16_t from, uint64_t piece, struct bytes bytes)
{
    scene->message.kind = MESSAGE_SNAPSHOT_PIECE;
    scene->message.body.snapshot_piece.height = HEIGHT;
    scene->message.body.snapshot_piece.piece = piece;
    scene->message.body.snapshot_piece.bytes = bytes;
    tell(scene, from);
}

static void give_hashes(struct scene *scene, uint16_t from)
{
    give(scene, from, 0, bytes_of(scene->hashes, sizeof(scene->hashes)));
}

/* Nobody knows anything that our key signed. */
static void answer(struct scene *scene, uint16_t from)
{
    scene->message.kind = MESSAGE_ANSWER;
    scene->message.body.answer = (struct answer){.nonce = NONCE};
    tell(scene, from);
}

static void attest_all(struct scene *scene)
{
    for (uint16_t i = 0; i < SELF; i++)
        attest(scene, i, &scene->name);
}

static struct replica_status status_of(const struct scene *scene)
{
    struct replica_status status;
    replica_status(scene->replica, scene->world->now_ms, &status);
    return status;
}

/* ---- cases ---------------------------------------------------------------------------------- */

CASE(only_what_a_quorum_attests_is_fetched)
{
    struct scene *scene = scene_open(0);
    struct snapshot_name other = scene->name;
    other.id.at[0] ^= 1;
    attest(scene, 0, &scene->name);
    attest(scene, 1, &scene->name);
    attest(scene, 0, &scene->name); /* the same one again */
    attest(scene, 2, &other);
    CHECK_INT(scene->questions, 0);
    CHECK_INT(status_of(scene).vouched_height, 0);
    pass(scene, 1100);
    attest(scene, 2, &scene->name); /* it has said another thing of that height: the first counts */
    CHECK_INT(scene->questions, 0);
    scene_close(scene);

    scene = scene_open(0);
    attest_all(scene);
    CHECK_INT(scene->asked_height, HEIGHT);
    CHECK_INT(scene->asked_piece, 0);
    CHECK_INT(status_of(scene).vouched_height, HEIGHT);
    struct attestation vouching[WORLD_NODES];
    CHECK_INT(replica_vouched(scene->replica, vouching, WORLD_NODES), 3);
    scene_close(scene);
}

CASE(a_snapshot_that_is_hardly_ahead_is_not_worth_it)
{
    struct scene *scene = scene_open(0);
    scene->name.height = 63;
    attest_all(scene);
    CHECK_INT(scene->questions, 0);
    scene_close(scene);
}

CASE(an_attestation_that_another_signed_is_charged_to_who_carried_it)
{
    struct scene *scene = scene_open(0);
    struct attestation item = {.snapshot = scene->name, .node = {1}};
    attestation_sign(&item, scene->world->nodes[0].key, &scene->world->charter->coalition);
    scene->message.kind = MESSAGE_ATTESTATION;
    scene->message.body.attestation = item;
    tell(scene, 0);
    CHECK_INT(status_of(scene).useless[0], 1); /* it may be of a key that is in force there */
    CHECK_INT(scene->questions, 0);
    scene_close(scene);
}

/* By who joins later: a newcomer hears it from whoever serves a snapshot. */
CASE(an_attestation_of_a_node_that_is_not_known_yet_is_charged_to_nobody)
{
    struct scene *scene = scene_open(0);
    struct attestation item = {.snapshot = scene->name, .node = {STRANGER}};
    attestation_sign(&item, scene->world->nodes[0].key, &scene->world->charter->coalition);
    scene->message.kind = MESSAGE_ATTESTATION;
    scene->message.body.attestation = item;
    tell(scene, 0);
    CHECK_INT(status_of(scene).malformed[0] + status_of(scene).useless[0], 0);
    scene->replica->shown.height = scene->name.height; /* there it would be known */
    scene->message.kind = MESSAGE_ATTESTATION;
    scene->message.body.attestation = item;
    tell(scene, 0);
    CHECK_INT(status_of(scene).malformed[0], 1);
    scene_close(scene);
}

CASE(a_wrong_piece_is_asked_of_another_peer)
{
    struct scene *scene = scene_open(0);
    struct hash wrong[PIECES];
    attest_all(scene);
    uint16_t first = scene->asked;
    memcpy(wrong, scene->hashes, sizeof(wrong));
    wrong[1].at[5] ^= 1;
    give(scene, first, 0, bytes_of(wrong, sizeof(wrong)));
    CHECK(scene->asked != first);
    CHECK_INT(scene->asked_piece, 0);
    CHECK(status_of(scene).useless[first] > 0);
    give(scene, scene->asked, 0, bytes_of(scene->hashes, sizeof(struct hash))); /* too few */
    CHECK_INT(scene->asked_piece, 0);
    give_hashes(scene, scene->asked);
    CHECK_INT(scene->asked_piece, 1);
    uint16_t liar = scene->asked;
    give(scene, liar, 1, piece_of(2));
    CHECK_INT(scene->pieces, 0);
    CHECK(scene->asked != liar);
    give(scene, scene->asked, 1, bytes_of(content, SNAPSHOT_PIECE - 1)); /* too short */
    CHECK_INT(scene->pieces, 0);
    give(scene, scene->asked, 1, piece_of(1));
    CHECK_INT(scene->pieces, 1);
    CHECK_INT(scene->asked_piece, 2);
    give(scene, scene->asked, 1, piece_of(1)); /* once more */
    CHECK_INT(scene->pieces, 1);
    scene_close(scene);
}

CASE(nobody_answers_and_another_is_asked)
{
    struct scene *scene = scene_open(0);
    attest_all(scene);
    uint16_t first = scene->asked;
    uint64_t questions = scene->questions;
    pass(scene, 1100);
    CHECK(scene->questions > questions);
    CHECK(scene->asked != first);
    for (int i = 0; i < 40; i++)
        pass(scene, 1000);
    CHECK_INT(status_of(scene).fetching_pieces, 0); /* nobody has it any more */
    scene_close(scene);
}

static void give_all(struct scene *scene)
{
    attest_all(scene);
    give_hashes(scene, scene->asked);
    for (uint64_t i = scene->kept + 1; i <= PIECES; i++) {
        CHECK_INT(scene->asked_piece, i);
        give(scene, scene->asked, i, piece_of(i));
    }
}

CASE(what_was_kept_before_a_restart_is_not_asked_for_again)
{
    struct scene *scene = scene_open(2);
    give_all(scene);
    CHECK_INT(scene->pieces, 1);
    CHECK(scene->fetched);
    scene_close(scene);
}

CASE(the_node_begins_with_it_once_its_key_may_sign)
{
    struct scene *scene = scene_open(0);
    struct snapshot_name began;
    struct error error = {0};
    struct store store = disk_store(&scene->world->nodes[SELF].disk);
    give_all(scene);
    CHECK(scene->fetched);
    replica_snapshot_whole(scene->replica, &scene->name, scene->world->now_ms);
    settle(scene);
    CHECK(!scene->reopens); /* rule 3's question is open */
    CHECK(!store_began_with(&store, &began, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    answer(scene, 0);
    pass(scene, 100);
    CHECK(!scene->reopens);
    answer(scene, 1);
    pass(scene, 100);
    CHECK(scene->reopens);
    CHECK(status_of(scene).stopped);
    REQUIRE(store_began_with(&store, &began, &error));
    CHECK(snapshot_name_equal(&began, &scene->name));
    scene_close(scene);
}

CASE(one_that_came_out_damaged_is_fetched_again)
{
    static const struct snapshot_name none;
    struct scene *scene = scene_open(0);
    give_all(scene);
    scene->fetched = false;
    replica_snapshot_whole(scene->replica, &none, scene->world->now_ms);
    settle(scene);
    answer(scene, 0);
    answer(scene, 1);
    attest(scene, 0, &scene->name);
    pass(scene, 600);
    CHECK(!scene->reopens);
    scene_close(scene);
}

CASE(a_store_that_began_with_a_snapshot_does_not_open_without_it)
{
    struct scene *scene = scene_open(0);
    struct error error = {0};
    struct replica *again = NULL;
    give_all(scene);
    replica_snapshot_whole(scene->replica, &scene->name, scene->world->now_ms);
    answer(scene, 0);
    answer(scene, 1);
    pass(scene, 100);
    REQUIRE(scene->reopens);
    struct member_node *node = &scene->world->nodes[SELF];
    struct replica_config config = {.charter = scene->world->charter,
                                    .self = {SELF},
                                    .key = node->key,
                                    .store = disk_store(&node->disk)};
    CHECK(!replica_open(&config, scene->world->now_ms, &again, &error));
    CHECK_INT(error.code, ERROR_NOT_YET);
    CHECK(strstr(error.text, "1000") != NULL);
    scene_close(scene);
}

/* ---- whom the charter does not name yet ------------------------------------------------------ */

static void tell_height(struct scene *scene, uint16_t from, uint64_t height)
{
    scene->message.kind = MESSAGE_STATUS;
    memset(&scene->message.body.status, 0, sizeof(scene->message.body.status));
    scene->message.body.status.height = height + 1;
    scene->message.body.status.lane_count = 1;
    tell(scene, from);
}

CASE(who_joined_later_is_asked_for_a_snapshot_as_well)
{
    struct scene *scene = scene_open(0);
    tell_height(scene, STRANGER, HEIGHT);
    pass(scene, 600);
    CHECK_INT(scene->questions, 1);
    CHECK_INT(scene->asked, REPLICA_TO_ALL);
    pass(scene, 6000); /* nobody else was ever heard */
    CHECK_INT(scene->questions, 2);
    CHECK_INT(scene->asked, STRANGER);
    attest_all(scene);
    bool asked = false;
    for (int i = 0; i < WORLD_NODES; i++) {
        asked = asked || scene->asked == STRANGER;
        CHECK_INT(scene->asked_height, HEIGHT);
        pass(scene, 1100);
    }
    CHECK(asked);
    scene_close(scene);
}

/* The founders are gone, perhaps; whoever says that it has the heights is asked for them. */
CASE(who_joined_later_is_asked_for_the_history_as_well)
{
    struct scene *scene = scene_open(0);
    struct replica *r = scene->replica;
    r->gap.at.snapshot = scene->name;
    r->gap.passed.height = HEIGHT;
    scene->replica = replica_open_history(r, scene->world->now_ms);
    REQUIRE(scene->replica);
    scene->sent_to = NODES_MAX;
    pass(scene, 2000);
    CHECK_INT(scene->sent_to, NODES_MAX); /* nobody said anything */
    tell_height(scene, STRANGER, HEIGHT);
    pass(scene, 2000);
    CHECK_INT(scene->message.kind, MESSAGE_FETCH_HEIGHTS);
    CHECK_INT(scene->sent_to, STRANGER);
    CHECK_INT(scene->message.body.fetch_heights.from, 1);
    replica_close(scene->replica);
    scene->replica = r;
    scene_close(scene);
}

int main(void)
{
    RUN(only_what_a_quorum_attests_is_fetched);
    RUN(a_snapshot_that_is_hardly_ahead_is_not_worth_it);
    RUN(an_attestation_that_another_signed_is_charged_to_who_carried_it);
    RUN(an_attestation_of_a_node_that_is_not_known_yet_is_charged_to_nobody);
    RUN(a_wrong_piece_is_asked_of_another_peer);
    RUN(nobody_answers_and_another_is_asked);
    RUN(what_was_kept_before_a_restart_is_not_asked_for_again);
    RUN(the_node_begins_with_it_once_its_key_may_sign);
    RUN(one_that_came_out_damaged_is_fetched_again);
    RUN(a_store_that_began_with_a_snapshot_does_not_open_without_it);
    RUN(who_joined_later_is_asked_for_a_snapshot_as_well);
    RUN(who_joined_later_is_asked_for_the_history_as_well);
    return check_report();
}
