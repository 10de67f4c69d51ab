/* Applying a decided cut: every transaction in order, one record each, one seal, one atomic group.
 */

#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"

/* ---- order (rule 12) ----------------------------------------------------------------------- */

static void order_put(struct execution_order *order, struct lane_entry *entry)
{
    order->entries = (struct lane_entry **)array_grow(order->entries, &order->capacity,
                                                      order->count + 1, sizeof(order->entries[0]));
    order->entries[order->count++] = entry;
}

void execution_order(struct replica *r, const struct cut *cut, struct execution_order *order_out)
{
    uint16_t lanes[NODES_MAX];
    struct lane_entry *(*paths)[LANE_BATCHES_PER_CUT_MAX] =
        (struct lane_entry * (*)[LANE_BATCHES_PER_CUT_MAX])
            allocate(cut->lane_count, sizeof(*paths));
    size_t counts[NODES_MAX] = {0}, longest = 0;
    cut_lane_order(&cut->previous, cut->lane_count, lanes);
    memset(order_out, 0, sizeof(*order_out));
    for (uint16_t i = 0; i < cut->lane_count; i++) {
        struct lane_head missing;
        must(lane_path(&r->lanes[lanes[i]], &cut->lanes[lanes[i]], paths[i], &counts[i],
                       &missing) == LANE_PATH_FOUND);
        longest = counts[i] > longest ? counts[i] : longest;
    }
    for (size_t turn = 0; turn < longest; turn++)
        for (uint16_t i = 0; i < cut->lane_count; i++)
            if (turn < counts[i])
                order_put(order_out, paths[i][turn]);
    free((void *)paths);
}

/* ---- records ------------------------------------------------------------------------------- */

static void keep_tile(void *context, uint32_t level, uint64_t index,
                      const struct hash tile[TILE_WIDTH])
{
    struct replica *r = (struct replica *)context;
    struct store_key key = key_tile(level, index);
    store_put(replica_group(r), store_key_bytes(&key), bytes_of(tile, TILE_SIZE));
}

/* The record whose bytes stand in r->record. */
static void append_record(struct replica *r)
{
    must(!r->record.overflowed);
    struct hash leaf = merkle_leaf(buffer_bytes(&r->record));
    merkle_append(&r->tree, &leaf, keep_tile, r);
}

static struct record_index first_of(const struct outcome *outcome)
{
    struct effect_reader reader;
    struct effect effect;
    if (effect_reader_init(&reader, outcome->effects))
        while (effect_next(&reader, &effect))
            if (effect.kind == EFFECT_FIRST)
                return effect.first;
    return (struct record_index){0};
}

static void answer_own(struct replica *r, const struct lane_entry *entry, uint32_t position,
                       const struct outcome *outcome, uint64_t index)
{
    if (!entry->tokens || !entry->tokens[position])
        return;
    r->batch_company.expected++;
    struct after *after = replica_after(r, AFTER_DECIDED);
    after->token = entry->tokens[position];
    after->index.v = index;
    after->verdict = outcome->verdict;
    after->late = outcome->late;
    after->height = r->height + 1;
    if (outcome->verdict == VERDICT_REPEAT || outcome->verdict == VERDICT_KEY_REUSED)
        after->first = first_of(outcome);
}

/* What the store keeps of a record beside its transaction; r->entry holds it until the next one. */
static struct bytes make_entry(struct replica *r, const struct outcome *outcome, uint64_t index)
{
    const struct member_link *links;
    size_t count = state_links(r->state, &links);
    buffer_clear(&r->entry);
    stored_links_put(&r->entry, index, links, count);
    size_t links_size = r->entry.size;
    outcome_encode(outcome, &r->entry);
    must(!r->entry.overflowed);
    codec_put_bytes(&r->entries, buffer_bytes(&r->entry));
    return bytes_of(r->entry.at + links_size, r->entry.size - links_size);
}

static void expect_next(struct replica *r, struct node_id lane, struct bytes *ahead)
{
    struct bytes transaction = {0};
    (void)!batch_payload_next(ahead, &transaction);
    state_expect(r->state, lane, transaction);
}

static void apply_batch(struct replica *r, const struct lane_entry *entry, uint64_t height)
{
    const struct batch *batch = &entry->batch;
    uint64_t first = r->tree.size;
    struct bytes rest = batch->payload, ahead = batch->payload, transaction;
    buffer_clear(&r->entries);
    for (size_t i = 0; i < STATE_AHEAD; i++)
        expect_next(r, batch->lane, &ahead);
    for (uint32_t position = 0; batch_payload_next(&rest, &transaction); position++) {
        expect_next(r, batch->lane, &ahead);
        uint64_t index = r->tree.size;
        struct outcome outcome =
            state_apply(r->state, batch->lane, (struct record_index){index}, transaction);
        struct bytes encoded = make_entry(r, &outcome, index);
        struct record record = {.kind = RECORD_KIND_TRANSACTION,
                                .index = {index},
                                .height = height,
                                .time_ms = state_time_ms(r->state),
                                .lane = batch->lane,
                                .sequence = batch->sequence,
                                .position = position,
                                .transaction = transaction};
        buffer_clear(&r->record);
        record_join(&record, encoded, &r->record);
        append_record(r);
        answer_own(r, entry, position, &outcome, index);
    }
    must(!r->entries.overflowed);
    if (entry->heard) {
        struct store_key key = key_batch(batch->lane.v, batch->sequence, &batch->id);
        store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&entry->bytes));
    }
    buffer_clear(&r->scratch);
    stored_outcomes_put(&r->scratch, height, state_time_ms(r->state), batch,
                        buffer_bytes(&r->entries));
    must(!r->scratch.overflowed);
    struct store_key key = key_outcomes(first);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->scratch));
}

static void seal_height(struct replica *r, const struct cut *cut, uint64_t first)
{
    struct bytes automatic;
    struct hash digest = state_seal(r->state, &cut->id, &automatic);
    struct record seal = {.kind = RECORD_KIND_SEAL,
                          .index = {r->tree.size},
                          .height = cut->height,
                          .time_ms = state_time_ms(r->state),
                          .cut = cut->id,
                          .state_digest = digest,
                          .transaction_count = r->tree.size - first,
                          .automatic = hash_bytes(automatic)};
    uint64_t index = r->tree.size;
    buffer_clear(&r->record);
    record_encode(&seal, &r->record);
    append_record(r);
    buffer_clear(&r->scratch);
    stored_seal_put(&r->scratch, buffer_bytes(&r->record), automatic);
    struct store_key key = key_outcomes(index);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->scratch));
}

/* ---- the height's entry -------------------------------------------------------------------- */

static void store_height(struct replica *r, const struct certificate *certificate,
                         struct bytes cut_bytes, uint64_t height, uint64_t first,
                         const struct execution_order *order)
{
    buffer_clear(&r->scratch);
    codec_put_array(&r->scratch, 7);
    codec_put_uint(&r->scratch, FORMAT_VERSION);
    codec_put_uint(&r->scratch, height);
    codec_put_uint(&r->scratch, first);
    codec_put_uint(&r->scratch, r->tree.size - first);
    certificate_put(certificate, &r->scratch);
    codec_put_bytes(&r->scratch, cut_bytes);
    codec_put_array(&r->scratch, order->count);
    uint64_t index = first;
    for (size_t i = 0; i < order->count; i++) {
        const struct batch *batch = &order->entries[i]->batch;
        codec_put_array(&r->scratch, 4);
        codec_put_uint(&r->scratch, batch->lane.v);
        codec_put_uint(&r->scratch, batch->sequence);
        codec_put_bytes(&r->scratch, hash_as_bytes(&batch->id));
        codec_put_uint(&r->scratch, index);
        index += batch->transaction_count;
    }
    must(!r->scratch.overflowed);
    struct store_key key = key_height(height);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->scratch));
}

static void forget_votes(struct replica *r, uint64_t height)
{
    /* While rule 3's question is open they are what its answers are compared with. */
    for (size_t i = 0; i < r->own_round_count && r->may_sign; i++) {
        struct store_key keys[] = {key_vote(height, r->own_rounds[i], VOTE_PREVOTE),
                                   key_vote(height, r->own_rounds[i], VOTE_PRECOMMIT),
                                   key_proposal(height, r->own_rounds[i])};
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
            store_delete(replica_group(r), store_key_bytes(&keys[k]));
    }
    if (r->lock_stored) {
        struct store_key key = key_lock();
        store_delete(replica_group(r), store_key_bytes(&key));
    }
}

struct leaving {
    struct replica *r;
    uint16_t lane;
};

/* A void branch leaves the store; what a lane decided stays for ever. */
static void entry_left(void *context, const struct lane_entry *entry, bool decided)
{
    struct leaving *leaving = (struct leaving *)context;
    if (decided)
        return;
    leaving->r->seen[leaving->lane].conflicts++;
    struct store_key key = key_batch(leaving->lane, entry->batch.sequence, &entry->batch.id);
    store_delete(replica_group(leaving->r), store_key_bytes(&key));
}

static void advance_lanes(struct replica *r, const struct cut *cut, const uint64_t *bytes)
{
    uint64_t day = lane_day(cut->time_ms);
    for (uint16_t i = 0; i < cut->lane_count; i++) {
        struct lane *lane = &r->lanes[i];
        if (lane->day != day)
            lane->day_bytes = 0;
        lane->day = day;
        lane->day_bytes += bytes[i];
        /* Rule 7: a lane that waits and was not taken is counted, not punished. */
        if (lane_tip(lane) && cut->lanes[i].sequence == lane->decided.sequence)
            r->seen[i].omissions++;
        struct leaving leaving = {.r = r, .lane = i};
        lane_decide(lane, &cut->lanes[i], entry_left, &leaving);
    }
}

static void remember(struct replica *r, const struct cut *cut)
{
    struct passed *passed = &r->passed[cut->height % HISTORY_KEPT];
    *passed = (struct passed){.height = cut->height,
                              .count = r->tree.size,
                              .digest = state_digest(r->state),
                              .root = merkle_root(&r->tree),
                              .cut = cut->id};
    struct after *after = replica_after(r, AFTER_HEIGHT);
    after->height = cut->height;
    after->size = passed->count;
    after->root = passed->root;
    after->digest = passed->digest;
    after->time_ms = state_time_ms(r->state);
    after->cut_time_ms = cut->time_ms;
}

void remember_certificate(struct replica *r, const struct certificate *certificate)
{
    struct vote vote = {.type = VOTE_PRECOMMIT,
                        .height = certificate->height,
                        .round = certificate->round,
                        .cut = certificate->cut,
                        .valid_round = -1};
    for (size_t i = 0; i < certificate->count; i++) {
        vote.voter = certificate->votes[i].voter;
        vote.signature = certificate->votes[i].signature;
        evidence_on_vote(r, &vote);
        gossip_remember_decided(r, &vote);
    }
}

void execute_cut(struct replica *r, const struct certificate *certificate, const struct cut *cut,
                 struct bytes cut_bytes)
{
    must(cut->height == r->height + 1);
    struct execution_order order;
    execution_order(r, cut, &order);
    uint64_t bytes[NODES_MAX] = {0};
    uint64_t first = r->tree.size;
    r->batch_company = (struct company){.expected = r->waiting_count, .since_ms = r->now_ms};
    state_begin(r->state, cut);
    for (size_t i = 0; i < cut->evidence_count; i++) {
        struct evidence evidence;
        must(evidence_decode(cut->evidence[i], &evidence, NULL));
        state_evidence(r->state, &evidence);
    }
    for (size_t i = 0; i < order.count; i++) {
        apply_batch(r, order.entries[i], cut->height);
        bytes[order.entries[i]->batch.lane.v] += order.entries[i]->batch.payload.size;
    }
    seal_height(r, cut, first);
    store_height(r, certificate, cut_bytes, cut->height, first, &order);
    forget_votes(r, cut->height);
    advance_lanes(r, cut, bytes);
    remember(r, cut);
    r->height = cut->height;
    r->cut_time_ms = cut->time_ms;
    r->cut_id = cut->id;
    remember_certificate(r, certificate);
    snapshot_executed(r);
    free(order.entries);
}
