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
                         const struct batch *batch, struct bytes outcomes)
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
    codec_put_bytes(out, outcomes);
}

void stored_seal_put(struct buffer *out, struct bytes record)
{
    codec_put_array(out, 3);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, BLOCK_SEAL);
    codec_put_bytes(out, record);
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
    if (kind == BLOCK_SEAL && items == 3) {
        block.is_seal = true;
        block.count = 1;
        block.seal = codec_get_bytes(&reader, 1, RECORD_SIZE_MAX);
    } else if (kind == BLOCK_OUTCOMES && items == 9) {
        block.height = codec_get_uint(&reader, INT64_MAX);
        block.time_ms = codec_get_uint(&reader, TIME_MS_MAX);
        block.lane.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
        block.sequence = codec_get_uint(&reader, INT64_MAX);
        codec_get_fixed(&reader, block.id.at, HASH_SIZE);
        block.count = codec_get_uint(&reader, BATCH_TRANSACTIONS_MAX);
        block.outcomes = codec_get_bytes(&reader, 1, STORE_VALUE_MAX);
    } else {
        codec_fail(&reader, "unknown kind of block");
    }
    if (!codec_finish(&reader, "stored outcomes", error))
        return false;
    *out = block;
    return true;
}

/* ---- records ------------------------------------------------------------------------------- */

struct record_walk {
    const struct replica *r;
    uint64_t index, end; /* next wanted, and one past the last */
    bool (*visit)(void *visitor, uint64_t index, struct bytes record);
    void *visitor;
    bool stopped;
    struct buffer block, batch, record;
};

static bool visit_batch(struct record_walk *walk, uint64_t first, const struct stored_block *block,
                        struct error *error)
{
    const struct store *store = &walk->r->config.store;
    struct store_key key = key_batch(block->lane.v, block->sequence, &block->id);
    struct batch batch;
    buffer_clear(&walk->batch);
    if (!store->get(store->context, store_key_bytes(&key), &walk->batch, error) ||
        !batch_decode(buffer_bytes(&walk->batch), &batch, error))
        return error_wrap(error, "batch %llu of lane %u", (unsigned long long)block->sequence,
                          block->lane.v);
    struct codec_reader outcomes;
    codec_reader_init(&outcomes, block->outcomes);
    struct bytes rest = batch.payload, transaction;
    for (uint32_t i = 0; i < block->count && !walk->stopped; i++) {
        struct outcome outcome = outcome_get(&outcomes);
        if (outcomes.failed || !batch_payload_next(&rest, &transaction))
            return error_set(error, ERROR_CORRUPT, "outcomes at record %llu do not fit their batch",
                             (unsigned long long)first);
        uint64_t index = first + i;
        if (index < walk->index || index >= walk->end)
            continue;
        struct record record = {.kind = RECORD_KIND_TRANSACTION,
                                .index = {index},
                                .height = block->height,
                                .time_ms = block->time_ms,
                                .lane = block->lane,
                                .sequence = block->sequence,
                                .position = i,
                                .transaction = transaction,
                                .outcome = outcome};
        buffer_clear(&walk->record);
        record_encode(&record, &walk->record);
        walk->stopped = !walk->visit(walk->visitor, index, buffer_bytes(&walk->record));
        walk->index = index + 1;
    }
    return true;
}

/* The block that holds record walk->index. */
static bool visit_block(struct record_walk *walk, struct error *error)
{
    const struct store *store = &walk->r->config.store;
    struct store_key prefix = key_prefix('O'), key = key_outcomes(walk->index);
    struct buffer found;
    struct stored_block block;
    buffer_init(&found, STORE_KEY_MAX);
    buffer_clear(&walk->block);
    bool good = store->get_at_or_before(store->context, store_key_bytes(&prefix),
                                        store_key_bytes(&key), &found, &walk->block, error) &&
                stored_block_decode(buffer_bytes(&walk->block), &block, error);
    uint64_t first = good && found.size == 9 ? get_u64be(found.at + 1) : UINT64_MAX;
    buffer_release(&found);
    if (!good)
        return error_wrap(error, "record %llu", (unsigned long long)walk->index);
    if (first > walk->index || walk->index - first >= block.count)
        return error_set(error, ERROR_NOT_FOUND, "record %llu is not in the store",
                         (unsigned long long)walk->index);
    if (!block.is_seal)
        return visit_batch(walk, first, &block, error);
    walk->stopped = !walk->visit(walk->visitor, walk->index, block.seal);
    walk->index++;
    return true;
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
    buffer_init(&walk.block, STORE_VALUE_MAX);
    buffer_init(&walk.batch, BATCH_SIZE_MAX);
    buffer_init(&walk.record, RECORD_SIZE_MAX);
    bool good = true;
    while (good && !walk.stopped && walk.index < walk.end)
        good = visit_block(&walk, error);
    buffer_release(&walk.block);
    buffer_release(&walk.batch);
    buffer_release(&walk.record);
    return good;
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

struct index_walk {
    uint64_t *indexes;
    size_t count;
};

static bool take_index(void *visitor, struct bytes key, struct bytes value)
{
    struct index_walk *walk = (struct index_walk *)visitor;
    (void)value;
    if (key.size == 1 + MEMBER_REF_SIZE + 8)
        walk->indexes[walk->count++] = get_u64be(key.at + 1 + MEMBER_REF_SIZE);
    return true;
}

bool replica_member_records(const struct replica *r, const struct member_ref *member,
                            uint64_t before, size_t count, uint64_t *indexes_out, size_t *count_out,
                            struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key prefix = key_member_prefix(member->at);
    struct store_key from = key_member(member->at, before > 0 ? before - 1 : 0);
    struct index_walk walk = {.indexes = indexes_out};
    bool good =
        before == 0 || store->scan(store->context, store_key_bytes(&prefix), store_key_bytes(&from),
                                   true, count, take_index, &walk, error);
    if (good)
        *count_out = walk.count;
    return good;
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

/* ---- proofs of heights --------------------------------------------------------------------- */

static bool put_batch_header(const struct replica *r, const struct stored_batch *stored,
                             struct buffer *out, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key key = key_batch(stored->lane.v, stored->sequence, &stored->id);
    struct buffer value;
    buffer_init(&value, BATCH_SIZE_MAX);
    bool good = store->get(store->context, store_key_bytes(&key), &value, error);
    if (good) {
        struct codec_reader reader;
        codec_reader_init(&reader, buffer_bytes(&value));
        codec_get_array(&reader, 3, 3);
        struct bytes header = codec_get_bytes(&reader, 1, BATCH_SIZE_MAX);
        struct bytes signature = codec_get_bytes(&reader, SIGNATURE_SIZE, SIGNATURE_SIZE);
        codec_put_array(out, 3);
        codec_put_bytes(out, header);
        codec_put_bytes(out, signature);
        codec_put_uint(out, stored->first_index);
        good = !reader.failed || error_set(error, ERROR_CORRUPT, "it does not decode");
    }
    if (!good)
        error_wrap(error, "batch %llu of lane %u", (unsigned long long)stored->sequence,
                   stored->lane.v);
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
