/* Reading the log: a record is the join of a batch's transaction and its outcome. */

#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"

/* ---- values of the store ------------------------------------------------------------------- */

bool stored_height_decode(struct bytes bytes, struct stored_height *out, struct error *error)
{
    struct stored_height height;
    memset(&height, 0, sizeof(height));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 7, 7);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    height.height = codec_get_uint(&reader, INT64_MAX);
    height.first_index = codec_get_uint(&reader, INT64_MAX);
    height.record_count = codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, &height.certificate);
    height.cut = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    height.batch_count = codec_get_array(&reader, 0, NODES_MAX * LANE_BATCHES_PER_CUT_MAX);
    if (!reader.failed)
        height.batches = bytes_of(reader.at, (size_t)(reader.end - reader.at));
    struct bytes rest = height.batches;
    struct stored_batch batch;
    for (size_t i = 0; i < height.batch_count && !reader.failed; i++)
        if (!stored_batch_next(&rest, &batch))
            codec_fail(&reader, "malformed list of batches");
    if (!reader.failed && rest.size == 0)
        reader.at = reader.end;
    if (!codec_finish(&reader, "stored height", error))
        return false;
    *out = height;
    return true;
}

bool stored_batch_next(struct bytes *rest, struct stored_batch *out)
{
    if (rest->size == 0)
        return false;
    struct codec_reader reader;
    struct stored_batch batch = {0};
    codec_reader_init(&reader, *rest);
    codec_get_array(&reader, 4, 4);
    batch.lane.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
    batch.sequence = codec_get_uint(&reader, INT64_MAX);
    codec_get_fixed(&reader, batch.id.at, HASH_SIZE);
    batch.first_index = codec_get_uint(&reader, INT64_MAX);
    if (reader.failed)
        return false;
    *rest = bytes_of(reader.at, (size_t)(reader.end - reader.at));
    *out = batch;
    return true;
}

enum { BLOCK_OUTCOMES = 1, BLOCK_SEAL = 2 };

void stored_outcomes_put(struct buffer *out, uint64_t height, uint64_t time_ms,
                         const struct batch *batch, struct bytes entries)
{
    codec_put_array(out, 9);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, BLOCK_OUTCOMES);
    codec_put_uint(out, height);
    codec_put_uint(out, time_ms);
    codec_put_uint(out, batch->lane.v);
    codec_put_uint(out, batch->sequence);
    codec_put_bytes(out, hash_as_bytes(&batch->id));
    codec_put_uint(out, batch->transaction_count);
    codec_put_bytes(out, entries);
}

void stored_seal_put(struct buffer *out, struct bytes record, struct bytes automatic)
{
    bool kept = automatic.size > 1 && automatic.size <= DISPUTE_EVIDENCE_MAX;
    codec_put_array(out, kept ? 4 : 3);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, BLOCK_SEAL);
    codec_put_bytes(out, record);
    if (kept)
        codec_put_bytes(out, automatic);
}

bool stored_block_decode(struct bytes bytes, struct stored_block *out, struct error *error)
{
    struct stored_block block;
    memset(&block, 0, sizeof(block));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    size_t items = codec_get_array(&reader, 3, 9);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    uint64_t kind = codec_get_uint(&reader, BLOCK_SEAL);
    if (kind == BLOCK_SEAL && items <= 4) {
        block.is_seal = true;
        block.count = 1;
        block.seal = codec_get_bytes(&reader, 1, RECORD_SIZE_MAX);
        if (items == 4)
            block.automatic = codec_get_bytes(&reader, 2, DISPUTE_EVIDENCE_MAX);
    } else if (kind == BLOCK_OUTCOMES && items == 9) {
        block.height = codec_get_uint(&reader, INT64_MAX);
        block.time_ms = codec_get_uint(&reader, TIME_MS_MAX);
        block.lane.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
        block.sequence = codec_get_uint(&reader, INT64_MAX);
        codec_get_fixed(&reader, block.id.at, HASH_SIZE);
        block.count = codec_get_uint(&reader, BATCH_TRANSACTIONS_MAX);
        block.entries = codec_get_bytes(&reader, 1, STORE_VALUE_MAX);
    } else {
        codec_fail(&reader, "unknown kind of block");
    }
    if (!codec_finish(&reader, "stored outcomes", error))
        return false;
    *out = block;
    return true;
}

void stored_links_put(struct buffer *out, uint64_t index, const struct member_link *links,
                      size_t count)
{
    codec_put_array(out, 2 * count);
    for (size_t i = 0; i < count; i++) {
        codec_put_uint(out, links[i].member);
        codec_put_uint(out, index - links[i].previous.v);
    }
}

bool stored_entry_next(struct bytes *rest, struct bytes *entry_out)
{
    return codec_take_bytes(rest, 1, RECORD_SIZE_MAX, entry_out);
}

bool stored_entry_decode(struct bytes bytes, uint64_t index, struct stored_entry *out,
                         struct error *error)
{
    struct stored_entry entry;
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    size_t items = codec_get_array(&reader, 0, 2 * (size_t)LINKS_MAX);
    entry.link_count = items / 2;
    for (size_t i = 0; i < entry.link_count; i++) {
        entry.links[i].member = codec_get_uint(&reader, UINT32_MAX);
        entry.links[i].previous.v = index - codec_get_uint(&reader, index);
    }
    if (reader.failed || items % 2 != 0 || reader.at == reader.end)
        return error_set(error, ERROR_CORRUPT, "the links of record %llu do not decode",
                         (unsigned long long)index);
    entry.outcome = bytes_of(reader.at, (size_t)(reader.end - reader.at));
    *out = entry;
    return true;
}

/* ---- blocks -------------------------------------------------------------------------------- */

struct block_visit {
    uint64_t index; /* wanted */
    bool (*visit)(void *visitor, uint64_t first, const struct stored_block *block,
                  struct error *error);
    void *visitor;
    struct error *error;
    bool found, good;
};

/* A value may be large: it is read where it lies. */
static bool take_block(void *context, struct bytes key, struct bytes value)
{
    struct block_visit *visit = (struct block_visit *)context;
    struct stored_block block;
    if (key.size != 9)
        return false;
    uint64_t first = get_u64be(key.at + 1);
    if (!stored_block_decode(value, &block, visit->error)) {
        visit->found = true;
        error_wrap(visit->error, "outcomes from record %llu on", (unsigned long long)first);
    } else if (first <= visit->index && visit->index - first < block.count) {
        visit->found = true;
        visit->good = visit->visit(visit->visitor, first, &block, visit->error);
    }
    return false;
}

/* What is executed and not durable lies in a group that waits or is being written. */
static void visit_waiting(const struct replica *r, struct block_visit *visit)
{
    struct bytes best_key = {0}, best = {0};
    for (size_t i = 0; i < ARRAY_SIZE(r->writes); i++) {
        struct bytes rest = buffer_bytes(&r->writes[i].group.ops), key, value;
        while (store_group_next(&rest, &key, &value))
            if (key.at[0] == 'O' && get_u64be(key.at + 1) <= visit->index &&
                (!best.at || bytes_compare(key, best_key) > 0)) {
                best_key = key;
                best = value;
            }
    }
    if (best.at)
        (void)take_block(visit, best_key, best);
}

bool history_block(const struct replica *r, uint64_t index,
                   bool (*visit)(void *visitor, uint64_t first, const struct stored_block *block,
                                 struct error *error),
                   void *visitor, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key prefix = key_prefix('O'), key = key_outcomes(index);
    struct block_visit state = {.index = index, .visit = visit, .visitor = visitor, .error = error};
    if (index >= r->shown.count)
        visit_waiting(r, &state);
    else if (!store->scan(store->context, store_key_bytes(&prefix), store_key_bytes(&key), true, 1,
                          take_block, &state, error))
        return error_wrap(error, "record %llu", (unsigned long long)index);
    if (!state.found) {
        error_set(error, ERROR_NOT_FOUND, "record %llu is not in the store",
                  (unsigned long long)index);
        gap_explain_record(r, index, error);
        return false;
    }
    return state.good;
}

/* ---- records ------------------------------------------------------------------------------- */

struct record_walk {
    const struct replica *r;
    uint64_t index, end; /* next wanted, and one past the last */
    bool (*visit)(void *visitor, uint64_t index, struct bytes record);
    void *visitor;
    bool stopped;
    struct buffer batch, record;
};

/* The record of place `position` in its batch. */
static bool visit_record(struct record_walk *walk, const struct stored_block *block,
                         uint32_t position, struct bytes transaction, struct bytes entry,
                         struct error *error)
{
    struct stored_entry taken;
    struct codec_reader outcome;
    if (!stored_entry_decode(entry, walk->index, &taken, error))
        return false;
    codec_reader_init(&outcome, taken.outcome);
    (void)outcome_get(&outcome);
    struct record record = {.kind = RECORD_KIND_TRANSACTION,
                            .index = {walk->index},
                            .height = block->height,
                            .time_ms = block->time_ms,
                            .lane = block->lane,
                            .sequence = block->sequence,
                            .position = position,
                            .transaction = transaction};
    buffer_clear(&walk->record);
    record_join(&record, taken.outcome, &walk->record);
    if (!codec_finish(&outcome, "outcome", NULL) || walk->record.overflowed)
        return error_set(error, ERROR_CORRUPT, "the outcome of record %llu does not decode",
                         (unsigned long long)walk->index);
    walk->stopped = !walk->visit(walk->visitor, walk->index, buffer_bytes(&walk->record));
    walk->index++;
    return true;
}

/* Entries and transactions before the wanted one are only stepped over. Neither is hashed again:
 * both were checked before they were stored, and the store checks its own sums. */
static bool visit_records(struct record_walk *walk, uint64_t first,
                          const struct stored_block *block, struct bytes payload,
                          struct error *error)
{
    struct bytes entries = block->entries, entry, transaction;
    for (uint32_t i = 0; i < block->count && !walk->stopped && walk->index < walk->end; i++) {
        if (!stored_entry_next(&entries, &entry) || !batch_payload_next(&payload, &transaction))
            return error_set(error, ERROR_CORRUPT, "outcomes at record %llu do not fit their batch",
                             (unsigned long long)first);
        if (first + i == walk->index && !visit_record(walk, block, i, transaction, entry, error))
            return false;
    }
    return true;
}

static bool visit_block(void *visitor, uint64_t first, const struct stored_block *block,
                        struct error *error)
{
    struct record_walk *walk = (struct record_walk *)visitor;
    if (block->is_seal) {
        walk->stopped = !walk->visit(walk->visitor, walk->index, block->seal);
        walk->index++;
        return true;
    }
    const struct store *store = &walk->r->config.store;
    struct store_key key = key_batch(block->lane.v, block->sequence, &block->id);
    struct bytes header, signature, payload;
    buffer_clear(&walk->batch);
    if (!store->get(store->context, store_key_bytes(&key), &walk->batch, error) ||
        !batch_open(buffer_bytes(&walk->batch), &header, &signature, &payload, error))
        return error_wrap(error, "batch %llu of lane %u", (unsigned long long)block->sequence,
                          block->lane.v);
    return visit_records(walk, first, block, payload, error);
}

bool replica_records(const struct replica *r, uint64_t index, uint64_t count,
                     bool (*visit)(void *visitor, uint64_t index, struct bytes record),
                     void *visitor, struct error *error)
{
    uint64_t size = r->shown.count;
    if (index >= size)
        return error_set(error, ERROR_NOT_FOUND, "record %llu does not exist; there are %llu",
                         (unsigned long long)index, (unsigned long long)size);
    struct record_walk walk = {.r = r,
                               .index = index,
                               .end = count < size - index ? index + count : size,
                               .visit = visit,
                               .visitor = visitor};
    buffer_init(&walk.batch, BATCH_SIZE_MAX);
    buffer_init(&walk.record, RECORD_SIZE_MAX);
    bool good = true;
    while (good && !walk.stopped && walk.index < walk.end)
        good = history_block(r, walk.index, visit_block, &walk, error);
    buffer_release(&walk.batch);
    buffer_release(&walk.record);
    return good;
}

static bool take_automatic(void *visitor, uint64_t first, const struct stored_block *block,
                           struct error *error)
{
    if (!block->is_seal || block->automatic.size == 0)
        return error_set(error, ERROR_NOT_FOUND, "no automatic effects are kept with record %llu",
                         (unsigned long long)first);
    buffer_append((struct buffer *)visitor, block->automatic);
    return true;
}

bool replica_automatic(const struct replica *r, uint64_t index, struct buffer *effects_out,
                       struct error *error)
{
    if (index >= r->shown.count)
        return error_set(error, ERROR_NOT_FOUND, "record %llu does not exist; there are %llu",
                         (unsigned long long)index, (unsigned long long)r->shown.count);
    return history_block(r, index, take_automatic, effects_out, error);
}

static bool take_record(void *visitor, uint64_t index, struct bytes record)
{
    (void)index;
    buffer_append((struct buffer *)visitor, record);
    return true;
}

bool replica_record(const struct replica *r, uint64_t index, struct buffer *record_out,
                    struct error *error)
{
    return replica_records(r, index, 1, take_record, record_out, error);
}

/* ---- tiles --------------------------------------------------------------------------------- */

/* A tile that just became full is in the tree before it is on disk: it lies in a group that waits
 * or is being written. */
static struct bytes waiting_value(const struct replica *r, struct bytes key)
{
    for (size_t i = 0; i < ARRAY_SIZE(r->writes); i++) {
        struct bytes rest = buffer_bytes(&r->writes[i].group.ops), found, value;
        while (store_group_next(&rest, &found, &value))
            if (value.at && bytes_equal(found, key))
                return value;
    }
    return bytes_of(NULL, 0);
}

/* Tiles stay when records are pruned. */
static void explain_tile(const struct replica *r, uint32_t level, uint64_t index,
                         struct error *error)
{
    uint64_t first = 8 * (level + 1) < 64 ? index << 8 * (level + 1) : 0;
    if (first >= r->gap.at.pruned_records)
        gap_explain_record(r, first, error);
}

bool replica_read_tile(void *context, uint32_t level, uint64_t index,
                       struct hash tile_out[TILE_WIDTH], struct error *error)
{
    const struct replica *r = (const struct replica *)context;
    struct buffer value;
    buffer_init(&value, TILE_SIZE);
    struct store_key key = key_tile(level, index);
    struct bytes waiting = waiting_value(r, store_key_bytes(&key));
    bool good = waiting.at != NULL;
    if (good)
        buffer_append(&value, waiting);
    else
        good = r->config.store.get(r->config.store.context, store_key_bytes(&key), &value, error);
    if (good && value.size != TILE_SIZE)
        good = error_set(error, ERROR_CORRUPT, "it is %zu bytes", value.size);
    if (good)
        memcpy(tile_out, value.at, TILE_SIZE);
    else
        explain_tile(r, level, index, error);
    if (!good)
        error_wrap(error, "tile %llu of level %u", (unsigned long long)index, level);
    buffer_release(&value);
    return good;
}

static void *source_of(const struct replica *r)
{
    return (void *)(uintptr_t)r; /* a tile source only reads it */
}

bool replica_tile(const struct replica *r, uint32_t level, uint64_t index,
                  struct hash tile_out[TILE_WIDTH], uint32_t *count_out, struct error *error)
{
    return merkle_tile(&r->tree, level, index, replica_read_tile, source_of(r), tile_out, count_out,
                       error);
}

bool replica_prove_inclusion(const struct replica *r, uint64_t index, uint64_t size,
                             struct hash proof_out[MERKLE_PROOF_MAX], size_t *count_out,
                             struct error *error)
{
    if (index >= size || size > r->shown.count)
        return error_set(error, ERROR_NOT_FOUND, "record %llu in a tree of %llu",
                         (unsigned long long)index, (unsigned long long)size);
    return merkle_prove_inclusion(&r->tree, index, size, replica_read_tile, source_of(r), proof_out,
                                  count_out, error);
}

/* ---- proofs of heights --------------------------------------------------------------------- */

static bool put_batch_header(const struct replica *r, const struct stored_batch *stored,
                             struct buffer *out, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key key = key_batch(stored->lane.v, stored->sequence, &stored->id);
    struct buffer value;
    buffer_init(&value, BATCH_SIZE_MAX);
    bool good = store->get(store->context, store_key_bytes(&key), &value, error);
    struct bytes header, signature, payload;
    good = good && batch_open(buffer_bytes(&value), &header, &signature, &payload, error);
    if (good) {
        codec_put_array(out, 3);
        codec_put_bytes(out, header);
        codec_put_bytes(out, signature);
        codec_put_uint(out, stored->first_index);
    } else {
        error_wrap(error, "batch %llu of lane %u", (unsigned long long)stored->sequence,
                   stored->lane.v);
    }
    buffer_release(&value);
    return good;
}

bool replica_height_proof(const struct replica *r, uint64_t height, struct buffer *proof_out,
                          struct error *error)
{
    const struct store *store = &r->config.store;
    struct stored_height stored;
    struct stored_batch batch;
    struct buffer value;
    buffer_init(&value, STORE_VALUE_MAX);
    struct store_key key = key_height(height);
    bool good = store->get(store->context, store_key_bytes(&key), &value, error) &&
                stored_height_decode(buffer_bytes(&value), &stored, error);
    if (!good)
        gap_explain_height(r, height, error);
    if (good) {
        codec_put_array(proof_out, 6);
        codec_put_uint(proof_out, FORMAT_VERSION);
        codec_put_uint(proof_out, stored.height);
        codec_put_uint(proof_out, stored.first_index);
        certificate_put(&stored.certificate, proof_out);
        codec_put_bytes(proof_out, stored.cut);
        codec_put_array(proof_out, stored.batch_count);
        while (good && stored_batch_next(&stored.batches, &batch))
            good = put_batch_header(r, &batch, proof_out, error);
    }
    if (good && proof_out->overflowed)
        good = error_set(error, ERROR_LIMIT, "the proof is larger than the room given");
    if (!good)
        error_wrap(error, "height %llu", (unsigned long long)height);
    buffer_release(&value);
    return good;
}

bool replica_prove_consistency(const struct replica *r, uint64_t old_size, uint64_t size,
                               struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out,
                               struct error *error)
{
    if (old_size == 0 || old_size > size || size > r->shown.count)
        return error_set(error, ERROR_NOT_FOUND, "a tree of %llu from one of %llu",
                         (unsigned long long)size, (unsigned long long)old_size);
    return merkle_prove_consistency(&r->tree, old_size, size, replica_read_tile, source_of(r),
                                    proof_out, count_out, error);
}
