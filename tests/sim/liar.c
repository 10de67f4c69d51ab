/* Liars: an honest replica whose messages are bent on their way out. Each lie is told to some peers
 * and not to others, as an attacker would. */

#include <stdlib.h>
#include <string.h>

#include "protocol/codec.h"
#include "sim/world.h"

static void post(struct world *w, uint16_t from, uint16_t to, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(message, &out);
    world_post(w, from, to, buffer_bytes(&out));
    buffer_release(&out);
}

/* Half of the peers see the twin; which half changes with the coin. */
static bool other_half(struct world *w, uint16_t to)
{
    return ((to + w->now_ms / 700) & 1) != 0 || sim_chance(w, 100);
}

static bool lie_proposal(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    struct codec_reader reader;
    struct proposal *proposal = (struct proposal *)allocate(1, sizeof(*proposal));
    struct buffer cut, bytes;
    buffer_init(&cut, CUT_SIZE_MAX);
    buffer_init(&bytes, MESSAGE_SIZE_MAX);
    codec_reader_init(&reader, message->body.proposal);
    proposal_get(&reader, proposal);
    bool lie = !reader.failed && proposal->proposer.v == from && proposal->valid_round < 0 &&
               other_half(w, to);
    if (lie) {
        proposal->cut.time_ms += 1;
        if (w->scenario.lie_kinds & LIE_BOGUS)
            for (size_t i = 0; i < proposal->cut.lane_count; i++) {
                proposal->cut.lanes[i].sequence++;
                put_u64be(proposal->cut.lanes[i].id.at, sim_random(w));
            }
        cut_encode(&proposal->cut, &cut);
        proposal->cut_bytes = buffer_bytes(&cut);
        proposal_sign(proposal, w->nodes[from].key, &w->charter->coalition);
        proposal_put(proposal, &bytes);
        message->body.proposal = buffer_bytes(&bytes);
        post(w, from, to, message);
        /* And a vote that goes with it, so that each half sees a quorum forming. */
        struct message *vote = (struct message *)allocate(1, sizeof(*vote));
        vote->kind = MESSAGE_VOTES;
        for (int type = VOTE_PREVOTE; type <= VOTE_PRECOMMIT; type++) {
            struct vote *item = &vote->body.votes.items[vote->body.votes.count++];
            *item = (struct vote){.type = (enum vote_type)type,
                                  .height = proposal->height,
                                  .round = proposal->round,
                                  .cut = proposal->cut.id,
                                  .valid_round = -1,
                                  .voter = {from}};
            vote_sign(item, w->nodes[from].key, &w->charter->coalition);
        }
        post(w, from, to, vote);
        free(vote);
    }
    buffer_release(&cut);
    buffer_release(&bytes);
    free(proposal);
    return lie;
}

/* The liar votes for whatever this peer would like to hear: any cut it has heard voted for. */
static bool lie_votes(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    bool lie = false;
    for (size_t i = 0; i < message->body.votes.count; i++) {
        struct vote *vote = &message->body.votes.items[i];
        if (vote->voter.v != from || !other_half(w, to))
            continue;
        if (sim_chance(w, 500)) {
            vote->nil = !vote->nil;
            if (vote->nil)
                memset(&vote->cut, 0, sizeof(vote->cut));
            else
                vote->cut.at[0] = 1;
            vote->valid_round = -1;
        } else {
            vote->round += (int32_t)sim_below(w, 4);
        }
        vote_sign(vote, w->nodes[from].key, &w->charter->coalition);
        lie = true;
    }
    if (lie)
        post(w, from, to, message);
    return lie;
}

static bool lie_batch(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    struct batch batch;
    if (!batch_decode(message->body.batch, &batch, NULL) || batch.lane.v != from ||
        !other_half(w, to))
        return false;
    struct buffer bytes;
    buffer_init(&bytes, BATCH_SIZE_MAX);
    batch.created_ms ^= w->scenario.lie_kinds & LIE_SPLIT ? (uint64_t)to + 1 : 1;
    batch_seal(&batch, w->nodes[from].key);
    batch_encode(&batch, &bytes);
    message->body.batch = buffer_bytes(&bytes);
    post(w, from, to, message);
    buffer_release(&bytes);
    return true;
}

/* Another root for the size, to half of the peers; the honest one goes out to the rest. */
static bool lie_cosignature(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    struct cosignature *item = &message->body.cosignature.item;
    if (item->node.v != from || !other_half(w, to))
        return false;
    item->root.at[0] ^= (uint8_t)(1 + sim_below(w, 3));
    message->body.cosignature.final_size = sim_chance(w, 500) ? 0 : INT64_MAX;
    cosignature_sign(item, w->nodes[from].cosigner_key, w->charter->origin);
    post(w, from, to, message);
    return true;
}

/* Another snapshot of the height, to half of the peers. */
static bool lie_attestation(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    struct attestation *item = &message->body.attestation;
    if (item->node.v != from || !other_half(w, to))
        return false;
    item->snapshot.id.at[0] ^= (uint8_t)(1 + sim_below(w, 3));
    attestation_sign(item, w->nodes[from].key, &w->charter->coalition);
    post(w, from, to, message);
    return true;
}

/* A byte of a piece, or of the hashes, is another one. */
static bool lie_piece(struct world *w, uint16_t from, uint16_t to, struct message *message)
{
    struct bytes piece = message->body.snapshot_piece.bytes;
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_PIECE);
    buffer_append(&bytes, piece);
    bytes.at[sim_below(w, (uint32_t)bytes.size)] ^= 1;
    message->body.snapshot_piece.bytes = buffer_bytes(&bytes);
    post(w, from, to, message);
    buffer_release(&bytes);
    return true;
}

static void forge(struct world *w, uint16_t from, uint16_t to)
{
    uint8_t junk[200];
    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = (uint8_t)sim_random(w);
    world_post(w, from, to, bytes_of(junk, sim_below(w, sizeof(junk))));
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_VOTES;
    message->body.votes.count = 1;
    message->body.votes.items[0] =
        (struct vote){.type = VOTE_PRECOMMIT,
                      .height = w->sealed_count + 1,
                      .round = (int32_t)sim_below(w, 3),
                      .nil = true,
                      .valid_round = -1,
                      .voter = {(uint16_t)sim_below(w, (uint32_t)w->scenario.nodes)}};
    memcpy(message->body.votes.items[0].signature.at, junk, SIGNATURE_SIZE);
    post(w, from, to, message);
    free(message);
}

void liar_send(struct world *w, uint16_t from, uint16_t to, struct bytes bytes)
{
    uint32_t lies = w->scenario.lie_kinds;
    if (lies & LIE_SILENT && ((w->now_ms / 2000 + from) & 1))
        return;
    if (lies & LIE_FORGE && sim_chance(w, 50))
        forge(w, from, to);
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    bool told = false;
    if (message_decode(bytes, message, NULL)) {
        if (message->kind == MESSAGE_PROPOSAL && lies & (LIE_EQUIVOCATE | LIE_BOGUS))
            told = lie_proposal(w, from, to, message);
        else if (message->kind == MESSAGE_VOTES && lies & LIE_DOUBLE_VOTE)
            told = lie_votes(w, from, to, message);
        else if (message->kind == MESSAGE_COSIGNATURE && lies & LIE_COSIGN)
            told = lie_cosignature(w, from, to, message);
        else if (message->kind == MESSAGE_ATTESTATION && lies & LIE_DOUBLE_VOTE)
            told = lie_attestation(w, from, to, message);
        else if (message->kind == MESSAGE_SNAPSHOT_PIECE && lies & LIE_FORGE)
            told = lie_piece(w, from, to, message);
        else if (message->kind == MESSAGE_BATCH && lies & LIE_WITHHOLD && sim_chance(w, 700))
            told = true;
        else if (message->kind == MESSAGE_BATCH && lies & (LIE_FORK_LANE | LIE_SPLIT))
            told = lie_batch(w, from, to, message);
    }
    if (!told)
        world_post(w, from, to, bytes);
    free(message);
}
