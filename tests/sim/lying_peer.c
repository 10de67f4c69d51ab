/* accrue-lying-peer NODE.json LIE SECONDS: a member of a real coalition that lies. With the node's
 * own keys and the real transport it tells the simulator's lies (liar.c, attack.c) to real nodes,
 * and a few more of its own; main() lists them.
 *
 * Inside runs the real replica, so that its lies are about the height that is being decided. It has
 * lost its store each time and signs on (PLANT_LOST_STORE): what an honest node refuses to do. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "crypto/channel_keyfile.h"
#include "crypto/keyfile.h"
#include "node/config.h"
#include "node/file.h"
#include "node/transport.h"
#include "protocol/codec.h"
#include "protocol/plant.h"
#include "sim/world.h"

enum {
    TICK_MS = 5,
    SUBMIT_MS = 100,   /* between transactions of its own */
    GREETING_MS = 300, /* honest, once it has caught up */
    CATCH_UP_MS_MAX = 20000,
    FLOOD_PER_TICK = 400,
    GARBAGE_MAX = 70000,
    HEARD_MAX = 256
};

struct lie_told;
typedef void tell(const struct lie_told *lie, uint16_t to);
typedef bool bend(uint16_t to, struct bytes bytes); /* true: something else was said instead */

struct lie_told {
    const char *word;
    uint32_t bends, attacks; /* of enum lie: what becomes of its messages, and what it adds */
    tell *tell;              /* more of its own, each tick, to each peer */
    bend *bend;              /* one more kind of lie about its own messages */
};

enum plant plant_active = PLANT_LOST_STORE;

static struct world world;
static const struct lie_told *lie;
static struct transport *transport;
static uint16_t self;
static uint64_t start_ms, submitted_ms, attacked_ms, write_number, sent, refused;
static bool write_waits, ready;
static struct message scratch;
static struct buffer heard[HEARD_MAX]; /* of others, to be said again */
static size_t heard_count;

static uint64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static _Noreturn void give_up(const char *text)
{
    printf("lying peer: %s\n", text);
    exit(2);
}

/* ---- what the simulator's lies ask of their world ------------------------------------------- */

void world_fail(struct world *w, const char *format, ...)
{
    (void)w;
    give_up(format);
}

void world_post(struct world *w, uint16_t from, uint16_t to, struct bytes message)
{
    (void)w, (void)from;
    if (message.size > 0 && transport_send(transport, to, message))
        sent++;
    else
        refused++;
}

static void post(uint16_t to, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(message, &out);
    world_post(&world, self, to, buffer_bytes(&out));
    buffer_release(&out);
}

static void random_fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)sim_random(&world);
}

/* ---- lies of its own ------------------------------------------------------------------------ */

static struct replica_status standing(void)
{
    struct replica_status status;
    replica_status(world.nodes[self].replica, world.now_ms, &status);
    return status;
}

/* In the name of each voter, its own too: votes, and a certificate made of them. */
static void tell_bad_signatures(const struct lie_told *told, uint16_t to)
{
    struct replica_status status = standing();
    (void)told;
    for (size_t n = 0; n < 20; n++) {
        memset(&scratch, 0, sizeof(scratch));
        scratch.kind = MESSAGE_VOTES;
        scratch.body.votes.count = 1 + sim_below(&world, 4);
        for (size_t i = 0; i < scratch.body.votes.count; i++) {
            struct vote *vote = &scratch.body.votes.items[i];
            *vote = (struct vote){.type = VOTE_PREVOTE,
                                  .height = status.height + 1,
                                  .round = (int32_t)sim_below(&world, 3),
                                  .valid_round = -1,
                                  .voter = {(uint16_t)sim_below(&world, 4)}};
            random_fill(vote->cut.at, HASH_SIZE);
            random_fill(vote->signature.at, SIGNATURE_SIZE);
        }
        post(to, &scratch);
    }
}

/* Good signatures that bring nothing: each costs the reader a check. Rounds go up, so that every
 * vote is newer than the one that is kept, and then down. */
static void tell_far_rounds(const struct lie_told *told, uint16_t to)
{
    struct replica_status status = standing();
    static int32_t round;
    (void)told;
    memset(&scratch, 0, sizeof(scratch));
    scratch.kind = MESSAGE_VOTES;
    scratch.body.votes.count = MESSAGE_VOTES_MAX;
    for (size_t i = 0; i < scratch.body.votes.count; i++) {
        struct vote *vote = &scratch.body.votes.items[i];
        round = (round + 7919) % ROUND_MAX;
        *vote = (struct vote){.type = i & 1 ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                              .height = status.height + 1,
                              .round = round + 10 < ROUND_MAX ? round + 10 : round,
                              .nil = true,
                              .valid_round = -1,
                              .voter = {self}};
        vote_sign(vote, world.nodes[self].key, &world.charter->coalition);
    }
    for (size_t i = 0; i < 5; i++)
        post(to, &scratch);
}

/* Messages of every length, of chance and of chance behind a good beginning. */
static void tell_garbage(const struct lie_told *told, uint16_t to)
{
    static uint8_t junk[GARBAGE_MAX];
    static size_t size;
    (void)told;
    for (size_t i = 0; i < 40; i++) {
        size = size % GARBAGE_MAX + (size < 2000 ? 1 : 1 + sim_below(&world, 400));
        if (size > GARBAGE_MAX)
            size = GARBAGE_MAX;
        random_fill(junk, size < 4096 ? size : 4096);
        if (size > 4 && sim_chance(&world, 500)) {
            junk[0] = 0x83, junk[1] = FORMAT_VERSION;
            junk[2] = (uint8_t)(1 + sim_below(&world, 9));
            junk[3] = (uint8_t)(sim_chance(&world, 500) ? 0x98 : 0x59);
        }
        world_post(&world, self, to, bytes_of(junk, size));
    }
}

/* Asks for everything there is, as often as it can: what does it cost the one who answers? */
static void tell_requests(const struct lie_told *told, uint16_t to)
{
    struct replica_status status = standing();
    (void)told;
    for (size_t n = 0; n < 10; n++) {
        memset(&scratch, 0, sizeof(scratch));
        scratch.kind = MESSAGE_FETCH_BATCHES;
        scratch.body.fetch_batches.count = FETCH_BATCHES_MAX;
        for (size_t i = 0; i < FETCH_BATCHES_MAX; i++)
            scratch.body.fetch_batches.items[i] =
                (struct fetch_batch){.lane = {to},
                                     .head = status.lanes[to].id,
                                     .head_sequence = status.lanes[to].sequence};
        post(to, &scratch);
        scratch.kind = MESSAGE_FETCH_HEIGHTS;
        scratch.body.fetch_heights.from = 1 + sim_below(&world, (uint32_t)status.height + 1);
        scratch.body.fetch_heights.count = FETCH_HEIGHTS_MAX;
        post(to, &scratch);
        scratch.kind = MESSAGE_ASK;
        scratch.body.ask.nonce = n;
        post(to, &scratch);
    }
}

/* What others said, again and again: all of it well signed, and none of it by the liar. */
static void tell_echo(const struct lie_told *told, uint16_t to)
{
    (void)told;
    for (size_t i = 0; i < 100 && heard_count > 0; i++) {
        size_t at =
            sim_below(&world, (uint32_t)(heard_count < HEARD_MAX ? heard_count : HEARD_MAX));
        world_post(&world, self, to, buffer_bytes(&heard[at]));
    }
}

/* Forks as large as a batch may be, at the next places of its lane: what a node keeps and writes.
 */
static void tell_large_forks(const struct lie_told *told, uint16_t to)
{
    static uint8_t junk[BATCH_PAYLOAD_MAX];
    struct lane_head decided = standing().lanes[self];
    struct buffer payload, bytes;
    (void)told;
    buffer_init(&payload, BATCH_PAYLOAD_MAX);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    struct batch batch = {.coalition = world.charter->coalition,
                          .lane = {self},
                          .sequence = decided.sequence + 1 + sim_below(&world, 3),
                          .previous = decided.id,
                          .created_ms = world.now_ms};
    random_fill(junk, 64);
    while (payload.size + TRANSACTION_SIZE_MAX < world.charter->limits.batch_bytes) {
        batch_payload_put(&payload, bytes_of(junk, TRANSACTION_SIZE_MAX - 64));
        batch.transaction_count++;
    }
    batch.payload = buffer_bytes(&payload);
    batch_seal(&batch, world.nodes[self].key);
    batch_encode(&batch, &bytes);
    scratch.kind = MESSAGE_BATCH;
    scratch.body.batch = buffer_bytes(&bytes);
    post(to, &scratch);
    buffer_release(&payload);
    buffer_release(&bytes);
}

/* As much as the link takes, of everything that is well formed. */
static void tell_flood(const struct lie_told *told, uint16_t to)
{
    uint64_t before = refused;
    tell_echo(told, to);
    for (size_t n = 0; n < FLOOD_PER_TICK && refused == before; n++) {
        memset(&scratch, 0, sizeof(scratch));
        scratch.kind = MESSAGE_STATUS;
        scratch.body.status.height = standing().height + 1;
        scratch.body.status.lane_count = (uint16_t)world.charter->node_count;
        post(to, &scratch);
    }
}

/* Its cuts name a state that is nobody's. */
static bool bend_cut(uint16_t to, struct bytes bytes)
{
    static struct proposal proposal;
    struct codec_reader reader;
    struct buffer cut, out;
    if (!message_decode(bytes, &scratch, NULL) || scratch.kind != MESSAGE_PROPOSAL)
        return false;
    codec_reader_init(&reader, scratch.body.proposal);
    proposal_get(&reader, &proposal);
    if (reader.failed || proposal.proposer.v != self || proposal.valid_round >= 0)
        return false;
    buffer_init(&cut, CUT_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    proposal.cut.state_digest.at[0] ^= 1;
    cut_encode(&proposal.cut, &cut);
    proposal.cut_bytes = buffer_bytes(&cut);
    proposal_sign(&proposal, world.nodes[self].key, &world.charter->coalition);
    proposal_put(&proposal, &out);
    scratch.body.proposal = buffer_bytes(&out);
    post(to, &scratch);
    buffer_release(&cut);
    buffer_release(&out);
    return true;
}

static const struct lie_told lies[] = {
    {"flood", LIE_FORGE, LIE_FLOOD | LIE_POISON | LIE_CLAIM | LIE_FAR, tell_flood, NULL},
    {"bad-signatures", LIE_FORGE, LIE_POISON, tell_bad_signatures, NULL},
    {"bad-cuts", 0, 0, NULL, bend_cut},
    {"far-rounds", 0, LIE_FAR, tell_far_rounds, NULL},
    {"double-votes", LIE_DOUBLE_VOTE | LIE_EQUIVOCATE, 0, NULL, NULL},
    {"fork-lane", LIE_FORK_LANE | LIE_SPLIT, LIE_FLOOD, NULL, NULL},
    {"large-forks", 0, 0, tell_large_forks, NULL},
    {"withhold", LIE_WITHHOLD | LIE_EQUIVOCATE | LIE_BOGUS, 0, NULL, NULL},
    {"huge-heights", 0, LIE_CLAIM | LIE_POISON, NULL, NULL},
    {"garbage", 0, 0, tell_garbage, NULL},
    {"requests", 0, 0, tell_requests, NULL},
    {"echo", 0, 0, tell_echo, NULL},
    {"cosign", LIE_COSIGN, LIE_COSIGN, NULL, NULL},
    {"cosign-far", LIE_COSIGN, LIE_COSIGN | LIE_COSIGN_FAR, NULL, NULL},
    {"silent", LIE_SILENT, 0, NULL, NULL},
};

/* ---- the replica inside --------------------------------------------------------------------- */

static bool says_nothing(void)
{
    return lie->bends & LIE_SILENT && ready && world.now_ms > start_ms + GREETING_MS;
}

static void say(uint16_t to, struct bytes bytes)
{
    if (says_nothing() || (lie->bend && lie->bend(to, bytes)))
        return;
    if (lie->bends & ~(uint32_t)LIE_SILENT)
        liar_send(&world, self, to, bytes);
    else
        world_post(&world, self, to, bytes);
}

static void take_actions(void)
{
    struct replica *replica = world.nodes[self].replica;
    struct replica_action action;
    for (;;) {
        while (replica_next(replica, &action)) {
            if (action.kind == REPLICA_FATAL)
                give_up(action.text);
            if (action.kind == REPLICA_WRITE) {
                disk_write(&world.nodes[self].disk, buffer_bytes(&action.group->ops));
                write_number = action.write;
                write_waits = true;
            }
            for (uint16_t to = 0; action.kind == REPLICA_SEND && to < world.scenario.nodes; to++)
                if (to != self && (action.peer == to || action.peer == REPLICA_TO_ALL))
                    say(to, action.message);
        }
        if (!write_waits)
            return;
        write_waits = false;
        replica_on_durable(replica, write_number, world.now_ms);
    }
}

static void on_message(void *context, uint16_t from, struct bytes message)
{
    (void)context;
    world.now_ms = wall_ms();
    struct buffer *kept = &heard[heard_count++ % HEARD_MAX];
    buffer_clear(kept);
    buffer_append(kept, message);
    replica_on_message(world.nodes[self].replica, from, message, world.now_ms);
    take_actions();
}

static void on_link(void *context, uint16_t peer, bool up)
{
    (void)context;
    printf("link %u %s\n", (unsigned)peer, up ? "up" : "down");
}

static void lie_more(void)
{
    if (!ready || says_nothing() || world.now_ms < start_ms + GREETING_MS)
        return;
    if (lie->attacks && world.now_ms >= attacked_ms + ATTACK_EVERY_MS) {
        attacked_ms = world.now_ms;
        world.scenario.lie_kinds = lie->attacks;
        attack(&world, self);
        world.scenario.lie_kinds = lie->bends;
    }
    for (uint16_t to = 0; lie->tell && to < world.scenario.nodes; to++)
        if (to != self)
            lie->tell(lie, to);
}

/* Its lies are about what is being decided: so it first follows, from a store that is empty. */
static void look_whether_ready(void)
{
    struct replica_status status = standing();
    for (size_t i = 0; i < world.scenario.nodes; i++)
        if (i != self && (status.heard_ms[i] == 0 || status.peer_height[i] > status.height + 3))
            return;
    ready = true;
    start_ms = world.now_ms;
}

static void on_tick(uv_timer_t *timer)
{
    struct replica *replica = world.nodes[self].replica;
    world.now_ms = wall_ms();
    if (world.now_ms >= submitted_ms + SUBMIT_MS) {
        submitted_ms = world.now_ms;
        load_submit(&world, self);
    }
    replica_on_time(replica, world.now_ms);
    take_actions();
    if (!ready)
        look_whether_ready();
    lie_more();
    uint64_t lasts_ms = ready ? *(const uint64_t *)timer->data * 1000 : CATCH_UP_MS_MAX;
    if (world.now_ms >= start_ms + lasts_ms)
        uv_stop(timer->loop);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void need(bool good, const struct error *error)
{
    if (!good)
        give_up(error->text);
}

static struct channel_key *open_world(const struct config *config)
{
    struct error error;
    struct buffer bytes;
    struct channel_key *transport_key = NULL;
    struct node_id id;
    buffer_init(&bytes, CHARTER_SIZE_MAX);
    need(file_read(config->charter, &bytes, &error), &error);
    need(charter_parse(buffer_bytes(&bytes), &world.charter, NULL, &error), &error);
    must(charter_node_by_name(world.charter, bytes_text(config->node), &id));
    must(world.charter->node_count <= SIM_NODES_MAX);
    self = id.v;
    world.scenario.nodes = world.charter->node_count;
    world.scenario.lie_kinds = lie->bends;
    world.random = world.now_ms = start_ms = wall_ms();
    struct sim_node *node = &world.nodes[self];
    need(keyfile_read(config->key, &node->key, &error), &error);
    need(keyfile_read(config->cosigner_key, &node->cosigner_key, &error), &error);
    need(channel_keyfile_read(config->transport_key, &transport_key, &error), &error);
    struct replica_config inside = {.charter = world.charter,
                                    .self = id,
                                    .key = node->key,
                                    .cosigner_key = node->cosigner_key,
                                    .store = disk_store(&node->disk),
                                    .nonce = world.random};
    need(replica_open(&inside, world.now_ms, &node->replica, &error), &error);
    for (size_t i = 0; i < HEARD_MAX; i++)
        buffer_init(&heard[i], MESSAGE_SIZE_MAX);
    return transport_key;
}

static void open_transport(const struct config *config, const struct channel_key *key,
                           uv_loop_t *loop)
{
    struct error error;
    struct transport_peer peers[SIM_NODES_MAX] = {0};
    struct transport_config to = {.coalition = world.charter->coalition,
                                  .node = self,
                                  .key = key,
                                  .peers = peers,
                                  .queue_bytes_max = config->queue_bytes};
    for (uint16_t i = 0; i < world.charter->node_count; i++) {
        if (i == self)
            continue;
        struct transport_peer *peer = &peers[to.peer_count++];
        peer->node = i;
        (void)snprintf(peer->url, sizeof(peer->url), "%s", world.charter->nodes[i].address);
        memcpy(peer->point, world.charter->nodes[i].transport_key, TRANSPORT_POINT_SIZE);
    }
    (void)snprintf(to.listen, sizeof(to.listen), "%s", config->listen);
    struct transport_events events = {.message = on_message, .link = on_link};
    need(transport_open(&to, loop, &events, &transport, &error), &error);
}

int main(int argc, char **argv)
{
    static uint64_t seconds;
    struct config *config = NULL;
    struct error error;
    uv_loop_t loop;
    uv_timer_t timer = {.data = &seconds};
    for (size_t i = 0; argc == 4 && i < ARRAY_SIZE(lies); i++)
        if (strcmp(argv[2], lies[i].word) == 0)
            lie = &lies[i];
    if (!lie || !parse_u64(bytes_text(argv[3]), 86400, &seconds)) {
        printf("usage: accrue-lying-peer NODE.json LIE SECONDS\nlies:");
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
            printf(" %s", lies[i].word);
        printf("\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    need(config_load(argv[1], &config, NULL, &error), &error);
    must(uv_loop_init(&loop) == 0);
    struct channel_key *transport_key = open_world(config);
    open_transport(config, transport_key, &loop);
    must(uv_timer_init(&loop, &timer) == 0 && uv_timer_start(&timer, on_tick, 0, TICK_MS) == 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    printf("lying peer: %s for %" PRIu64 " s; %" PRIu64 " messages sent, %" PRIu64
           " not taken by the link, height %" PRIu64 "\n",
           lie->word, seconds, sent, refused, standing().height);
    return 0;
}
