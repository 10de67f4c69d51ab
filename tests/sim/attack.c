/* Attacks: what a liar sends of its own accord, to halt, fill or crash the others. Everything in
 * them is signed with its own key alone, as an attacker's messages are. */

#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

enum { FLOOD_FORKS = 6, FAR_SEQUENCES = 40, POISON_HEIGHTS = 6 };

static void post(struct world *w, uint16_t from, uint16_t to, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(message, &out);
    world_post(w, from, to, buffer_bytes(&out));
    buffer_release(&out);
}

static struct hash some_hash(struct world *w)
{
    struct hash hash;
    for (size_t i = 0; i < HASH_SIZE; i += 8)
        put_u64be(hash.at + i, sim_random(w));
    return hash;
}

/* Forks of its lane: beside what it wrote itself, and far beyond, with no way to get there. */
static void flood(struct world *w, uint16_t from, uint16_t to, const struct replica_status *status,
                  struct message *message)
{
    uint8_t junk[64];
    struct buffer bytes, payload;
    for (size_t i = 0; i < FLOOD_FORKS; i++) {
        uint64_t decided = status->lanes[from].sequence;
        uint64_t above = sim_chance(w, 600) ? 1 : 1 + sim_below(w, FAR_SEQUENCES);
        struct batch batch = {.coalition = w->charter->coalition,
                              .lane = {from},
                              .sequence = decided + above,
                              .previous = above == 1 ? status->lanes[from].id : some_hash(w),
                              .created_ms = w->now_ms,
                              .transaction_count = 1};
        put_u64be(junk, sim_random(w));
        buffer_init(&payload, BATCH_PAYLOAD_MAX);
        buffer_init(&bytes, BATCH_SIZE_MAX);
        batch_payload_put(&payload, bytes_of(junk, 8));
        batch.payload = buffer_bytes(&payload);
        batch_seal(&batch, w->nodes[from].key);
        batch_encode(&batch, &bytes);
        message->kind = MESSAGE_BATCH;
        message->body.batch = buffer_bytes(&bytes);
        post(w, from, to, message);
        buffer_release(&payload);
        buffer_release(&bytes);
    }
}

/* Decisions of the heights to come, so that true ones find their places taken. */
static void poison(struct world *w, uint16_t from, uint16_t to, const struct replica_status *status,
                   struct message *message)
{
    struct buffer bytes;
    buffer_init(&bytes, CUT_SIZE_MAX);
    for (uint64_t i = 0; i < POISON_HEIGHTS; i++) {
        struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
        cut->coalition = w->charter->coalition;
        cut->height =
            (w->nodes[to].height ? w->nodes[to].height : status->height) + 1 + sim_below(w, 31);
        cut->previous = some_hash(w);
        cut->lane_count = (uint16_t)w->scenario.nodes;
        cut->time_ms = w->now_ms;
        buffer_clear(&bytes);
        cut_encode(cut, &bytes);
        memset(message, 0, sizeof(*message));
        message->kind = MESSAGE_DECIDED;
        struct certificate *certificate = &message->body.decided.certificate;
        *certificate = (struct certificate){
            .height = cut->height, .cut = cut->id, .count = quorum_size(w->charter->voter_count)};
        for (size_t v = 0; v < certificate->count; v++)
            certificate->votes[v].voter.v = (uint16_t)v;
        message->body.decided.cut = buffer_bytes(&bytes);
        post(w, from, to, message);
        free(cut);
    }
    buffer_release(&bytes);
}

static void claim_much(struct world *w, uint16_t from, uint16_t to,
                       const struct replica_status *status, struct message *message)
{
    struct status *claim = &message->body.status;
    memset(message, 0, sizeof(*message));
    message->kind = MESSAGE_STATUS;
    claim->height = sim_chance(w, 500) ? (uint64_t)INT64_MAX : status->height + 1;
    claim->lane_count = (uint16_t)w->scenario.nodes;
    for (size_t i = 0; i < w->scenario.nodes; i++)
        claim->lanes[i] = (struct lane_head){.sequence = INT64_MAX, .id = some_hash(w)};
    claim->round_count = 1 + sim_below(w, STATUS_ROUNDS_MAX);
    for (size_t i = 0; i < claim->round_count; i++) {
        claim->rounds[i].round = (int32_t)sim_below(w, sim_chance(w, 500) ? 4 : ROUND_MAX);
        claim->rounds[i].prevotes = sim_random(w);
        claim->rounds[i].precommits = sim_random(w);
        claim->rounds[i].proposals = (uint8_t)sim_below(w, 256);
    }
    post(w, from, to, message);
    memset(message, 0, sizeof(*message));
    message->kind = MESSAGE_FETCH_BATCHES;
    message->body.fetch_batches.count = 1;
    message->body.fetch_batches.items[0] = (struct fetch_batch){
        .lane = {to}, .head = status->lanes[to].id, .head_sequence = status->lanes[to].sequence};
    post(w, from, to, message);
}

static void vote_far(struct world *w, uint16_t from, uint16_t to,
                     const struct replica_status *status, struct message *message)
{
    memset(message, 0, sizeof(*message));
    message->kind = MESSAGE_VOTES;
    message->body.votes.count = 1 + sim_below(w, 8);
    for (size_t i = 0; i < message->body.votes.count; i++) {
        struct vote *vote = &message->body.votes.items[i];
        *vote = (struct vote){.type = sim_chance(w, 500) ? VOTE_PREVOTE : VOTE_PRECOMMIT,
                              .height = status->height + 1 + sim_below(w, 2),
                              .nil = sim_chance(w, 500),
                              .valid_round = -1,
                              .voter = {from}};
        vote->round = (int32_t)sim_below(w, sim_chance(w, 700) ? 30 : ROUND_MAX + 1);
        if (!vote->nil)
            vote->cut = some_hash(w);
        vote_sign(vote, w->nodes[from].key, &w->charter->coalition);
    }
    post(w, from, to, message);
}

/* Of sizes to come, of any, and of honest nodes, as they once were. Of those that never come few
 * are told before a node has no place left for this one's others (cosign.h): LIE_COSIGN_FAR is
 * apart. */
static void cosign_much(struct world *w, uint16_t from, uint16_t to,
                        const struct replica_status *status, struct message *message)
{
    struct cosignature *item = &message->body.cosignature.item;
    uint16_t other = (uint16_t)sim_below(w, (uint32_t)w->scenario.nodes);
    const struct cosign_peer *peer =
        replica_cosigner(w->nodes[from].replica, (struct node_id){other});
    memset(message, 0, sizeof(*message));
    message->kind = MESSAGE_COSIGNATURE;
    *item = (struct cosignature){.node = {from}, .root = some_hash(w), .time_s = sim_below(w, 99)};
    bool far = w->scenario.lie_kinds & LIE_COSIGN_FAR && sim_chance(w, 300);
    item->size = 1 + (far ? sim_random(w) / 2 : status->records + sim_below(w, 9));
    item->size -= item->size > 5 ? sim_below(w, 5) : 0;
    cosignature_sign(item, w->nodes[from].cosigner_key, w->charter->origin);
    post(w, from, to, message);
    *item = peer->held[sim_below(w, COSIGN_HELD_MAX)].item;
    if (item->size == 0)
        return;
    if (sim_chance(w, 200)) /* in another's name, badly signed */
        item->root = some_hash(w);
    post(w, from, to, message);
}

void attack(struct world *w, uint16_t from)
{
    struct replica_status status;
    uint32_t lies = w->scenario.lie_kinds;
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    replica_status(w->nodes[from].replica, w->now_ms, &status);
    for (uint16_t to = 0; to < w->scenario.nodes; to++) {
        if (to == from)
            continue;
        if (lies & LIE_FLOOD)
            flood(w, from, to, &status, message);
        if (lies & LIE_POISON)
            poison(w, from, to, &status, message);
        if (lies & LIE_CLAIM)
            claim_much(w, from, to, &status, message);
        if (lies & LIE_FAR)
            vote_far(w, from, to, &status, message);
        if (lies & LIE_COSIGN)
            cosign_much(w, from, to, &status, message);
    }
    free(message);
}
