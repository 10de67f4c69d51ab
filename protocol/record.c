#include "protocol/record.h"

#include "protocol/codec.h"

#include <string.h>

const char *pool_word(enum pool pool)
{
    switch (pool) {
#define X(name, number, word)                                                                      \
    case name:                                                                                     \
        return word;
        POOLS(X)
#undef X
    case POOL_COUNT:
        break;
    }
    must(!"a pool outside its table");
}

const char *line_class_word(enum line_class line_class)
{
    switch (line_class) {
#define X(name, number, word)                                                                      \
    case name:                                                                                     \
        return word;
        LINE_CLASSES(X)
#undef X
    case LINE_CLASS_COUNT:
        break;
    }
    must(!"a line class outside its table");
}

/* ---- effects ------------------------------------------------------------------------------- */

void effect_encode(const struct effect *e, struct buffer *out)
{
    static const uint8_t sizes[] = {
        [EFFECT_LOT] = 3,    [EFFECT_MOVE] = 5,  [EFFECT_OBLIGATION] = 6, [EFFECT_DEFICIT] = 3,
        [EFFECT_WAIVED] = 2, [EFFECT_FIRST] = 2, [EFFECT_AMENDED] = 4,    [EFFECT_LAPSED] = 4};
    codec_put_array(out, sizes[e->kind]);
    codec_put_uint(out, e->kind);
    switch (e->kind) {
    case EFFECT_LOT:
        codec_put_uint(out, e->lot.v);
        codec_put_int(out, e->amount);
        return;
    case EFFECT_MOVE:
        codec_put_uint(out, e->lot.v);
        codec_put_uint(out, e->from);
        codec_put_uint(out, e->to);
        codec_put_int(out, e->amount);
        return;
    case EFFECT_OBLIGATION:
        codec_put_uint(out, e->partner.v);
        codec_put_uint(out, e->creditor.v);
        codec_put_uint(out, e->line_class);
        codec_put_uint(out, e->tariff);
        codec_put_int(out, e->amount);
        return;
    case EFFECT_DEFICIT:
        codec_put_uint(out, e->partner.v);
        codec_put_int(out, e->amount);
        return;
    case EFFECT_WAIVED:
        codec_put_int(out, e->amount);
        return;
    case EFFECT_FIRST:
        codec_put_uint(out, e->first.v);
        return;
    case EFFECT_AMENDED:
    case EFFECT_LAPSED:
        codec_put_uint(out, e->change);
        codec_put_uint(out, e->what);
        codec_put_uint(out, e->height);
        return;
    }
}

static void get_amended(struct codec_reader *reader, struct effect *e)
{
    uint64_t kind = codec_get_uint(reader, CHANGE_KIND_MAX);
    if (!reader->failed && kind == 0)
        codec_fail(reader, "unknown kind of change");
    e->change = (enum change_kind)kind;
    e->what = codec_get_uint(reader, INT64_MAX);
    e->height = codec_get_uint(reader, INT64_MAX);
}

static void get_effect(struct codec_reader *reader, struct effect *e)
{
    memset(e, 0, sizeof(*e));
    size_t items = codec_get_array(reader, 2, 6);
    e->kind = (enum effect_kind)codec_get_uint(reader, UINT16_MAX);
    if (reader->failed)
        return;
    size_t wanted = 0;
    switch (e->kind) {
    case EFFECT_LOT:
        wanted = 3;
        e->lot.v = codec_get_uint(reader, INT64_MAX);
        e->amount = codec_get_int(reader, 1, INT64_MAX);
        break;
    case EFFECT_MOVE:
        wanted = 5;
        e->lot.v = codec_get_uint(reader, INT64_MAX);
        e->from = (enum pool)codec_get_uint(reader, POOL_COUNT - 1);
        e->to = (enum pool)codec_get_uint(reader, POOL_COUNT - 1);
        e->amount = codec_get_int(reader, 1, INT64_MAX);
        break;
    case EFFECT_OBLIGATION:
        wanted = 6;
        e->partner.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
        e->creditor.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
        e->line_class = (enum line_class)codec_get_uint(reader, LINE_CLASS_COUNT - 1);
        e->tariff = (uint8_t)codec_get_uint(reader, TARIFFS_MAX - 1);
        e->amount = codec_get_int(reader, INT64_MIN, INT64_MAX);
        break;
    case EFFECT_DEFICIT:
        wanted = 3;
        e->partner.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
        e->amount = codec_get_int(reader, INT64_MIN, INT64_MAX);
        break;
    case EFFECT_WAIVED:
        wanted = 2;
        e->amount = codec_get_int(reader, INT64_MIN, INT64_MAX);
        break;
    case EFFECT_FIRST:
        wanted = 2;
        e->first.v = codec_get_uint(reader, INT64_MAX);
        break;
    case EFFECT_AMENDED:
    case EFFECT_LAPSED:
        wanted = 4;
        get_amended(reader, e);
        break;
    }
    if (wanted == 0)
        codec_fail(reader, "unknown effect");
    else if (items != wanted)
        codec_fail(reader, "effect of a wrong length");
}

/* Steps over an array of effects, checking each, and returns its bytes. */
static struct bytes get_effects(struct codec_reader *reader)
{
    const uint8_t *start = reader->at;
    size_t count = codec_get_array(reader, 0, CODEC_ITEMS_MAX);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct effect effect;
        get_effect(reader, &effect);
    }
    return reader->failed ? bytes_of(NULL, 0) : bytes_of(start, (size_t)(reader->at - start));
}

bool effect_reader_init(struct effect_reader *out, struct bytes effects)
{
    struct codec_reader reader;
    codec_reader_init(&reader, effects);
    size_t left = codec_get_array(&reader, 0, CODEC_ITEMS_MAX);
    if (reader.failed)
        return false;
    *out = (struct effect_reader){.rest = bytes_of(reader.at, (size_t)(reader.end - reader.at)),
                                  .left = left};
    return true;
}

bool effect_next(struct effect_reader *effects, struct effect *effect_out)
{
    if (effects->left == 0)
        return false;
    struct codec_reader reader;
    codec_reader_init(&reader, effects->rest);
    get_effect(&reader, effect_out);
    if (reader.failed)
        return false;
    effects->left--;
    effects->rest = bytes_of(reader.at, (size_t)(reader.end - reader.at));
    return true;
}

/* ---- outcomes and records ------------------------------------------------------------------ */

void outcome_encode(const struct outcome *outcome, struct buffer *out)
{
    codec_put_uint(out, outcome->verdict);
    codec_put_bool(out, outcome->late);
    buffer_append(out, outcome->effects);
}

struct outcome outcome_get(struct codec_reader *reader)
{
    struct outcome outcome = {0};
    uint64_t number = codec_get_uint(reader, UINT16_MAX);
    if (!reader->failed && !verdict_from_number(number, &outcome.verdict))
        codec_fail(reader, "unknown verdict");
    outcome.late = codec_get_bool(reader);
    outcome.effects = get_effects(reader);
    return outcome;
}

static void put_head(const struct record *record, size_t items, struct buffer *out)
{
    codec_put_array(out, items);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, (uint64_t)record->kind);
    codec_put_uint(out, record->index.v);
    codec_put_uint(out, record->height);
    codec_put_uint(out, record->time_ms);
}

static void put_seal(const struct record *record, struct buffer *out)
{
    put_head(record, 10, out);
    codec_put_bytes(out, hash_as_bytes(&record->cut));
    codec_put_bytes(out, hash_as_bytes(&record->state_digest));
    codec_put_uint(out, record->transaction_count);
    codec_put_bytes(out, hash_as_bytes(&record->automatic));
    if (record->has_state_root)
        codec_put_bytes(out, hash_as_bytes(&record->state_root));
    else
        codec_put_null(out);
}

static void put_transaction(const struct record *record, struct buffer *out)
{
    put_head(record, 12, out);
    codec_put_uint(out, record->lane.v);
    codec_put_uint(out, record->sequence);
    codec_put_uint(out, record->position);
    codec_put_bytes(out, record->transaction);
}

void record_encode(const struct record *record, struct buffer *out)
{
    must(record->kind == RECORD_KIND_TRANSACTION || record->kind == RECORD_KIND_SEAL);
    if (record->kind == RECORD_KIND_SEAL) {
        put_seal(record, out);
    } else {
        put_transaction(record, out);
        outcome_encode(&record->outcome, out);
    }
}

void record_join(const struct record *record, struct bytes outcome, struct buffer *out)
{
    must(record->kind == RECORD_KIND_TRANSACTION);
    put_transaction(record, out);
    buffer_append(out, outcome);
}

static void get_seal(struct codec_reader *reader, struct record *record)
{
    codec_get_fixed(reader, record->cut.at, HASH_SIZE);
    codec_get_fixed(reader, record->state_digest.at, HASH_SIZE);
    record->transaction_count = codec_get_uint(reader, INT64_MAX);
    codec_get_fixed(reader, record->automatic.at, HASH_SIZE);
    if (codec_get_null(reader))
        return;
    record->has_state_root = true;
    codec_get_fixed(reader, record->state_root.at, HASH_SIZE);
}

bool record_decode(struct bytes bytes, struct record *record_out, struct error *error)
{
    if (bytes.size > RECORD_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "record: larger than %d bytes", RECORD_SIZE_MAX);
    struct record record;
    memset(&record, 0, sizeof(record));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    size_t items = codec_get_array(&reader, 10, 12);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    record.kind = (int)codec_get_uint(&reader, RECORD_KIND_SEAL);
    record.index.v = codec_get_uint(&reader, INT64_MAX);
    record.height = codec_get_uint(&reader, INT64_MAX);
    record.time_ms = codec_get_uint(&reader, TIME_MS_MAX);
    if (record.kind == RECORD_KIND_SEAL && items == 10) {
        get_seal(&reader, &record);
    } else if (record.kind == RECORD_KIND_TRANSACTION && items == 12) {
        record.lane.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
        record.sequence = codec_get_uint(&reader, INT64_MAX);
        record.position = (uint32_t)codec_get_uint(&reader, BATCH_TRANSACTIONS_MAX - 1);
        record.transaction = codec_get_bytes(&reader, 0, TRANSACTION_SIZE_MAX);
        record.outcome = outcome_get(&reader);
    } else {
        codec_fail(&reader, "unknown kind of record");
    }
    if (!codec_finish(&reader, "record", error))
        return false;
    *record_out = record;
    return true;
}
