#include "protocol/cut.h"

#include "protocol/codec.h"
#include "protocol/evidence.h"

#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b)
{
    struct hash first = hash_bytes(*(const struct bytes *)a);
    struct hash second = hash_bytes(*(const struct bytes *)b);
    return memcmp(first.at, second.at, HASH_SIZE);
}

static void put_evidence(struct cut *cut, struct buffer *out)
{
    must(cut->evidence_count <= EVIDENCE_PER_CUT_MAX);
    if (cut->evidence_count > 1)
        qsort(cut->evidence, cut->evidence_count, sizeof(cut->evidence[0]), compare_ids);
    codec_put_array(out, cut->evidence_count);
    for (size_t i = 0; i < cut->evidence_count; i++)
        codec_put_bytes(out, cut->evidence[i]);
}

void cut_encode(struct cut *cut, struct buffer *out)
{
    size_t start = out->size;
    codec_put_array(out, 10);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_bytes(out, hash_as_bytes(&cut->coalition));
    codec_put_uint(out, cut->height);
    codec_put_bytes(out, hash_as_bytes(&cut->previous));
    codec_put_array(out, cut->lane_count);
    for (size_t i = 0; i < cut->lane_count; i++) {
        codec_put_array(out, 2);
        codec_put_uint(out, cut->lanes[i].sequence);
        codec_put_bytes(out, hash_as_bytes(&cut->lanes[i].id));
    }
    codec_put_uint(out, cut->time_ms);
    put_evidence(cut, out);
    codec_put_bytes(out, hash_as_bytes(&cut->state_digest));
    codec_put_bytes(out, hash_as_bytes(&cut->record_root));
    codec_put_uint(out, cut->record_count);
    must(!out->overflowed);
    cut->id = hash_bytes(bytes_of(out->at + start, out->size - start));
}

static void get_evidence(struct codec_reader *reader, struct cut *cut)
{
    uint16_t nodes[EVIDENCE_PER_CUT_MAX];
    struct evidence evidence;
    cut->evidence_count = (uint16_t)codec_get_array(reader, 0, EVIDENCE_PER_CUT_MAX);
    for (size_t i = 0; i < cut->evidence_count; i++) {
        cut->evidence[i] = codec_get_bytes(reader, 1, EVIDENCE_SIZE_MAX);
        if (reader->failed)
            return;
        if (!evidence_decode(cut->evidence[i], &evidence, NULL)) {
            codec_fail(reader, "its evidence is malformed");
            return;
        }
        nodes[i] = evidence.node.v;
        for (size_t k = 0; k < i; k++)
            if (nodes[k] == nodes[i])
                codec_fail(reader, "two pieces of evidence are about one node");
        if (i > 0 && compare_ids(&cut->evidence[i - 1], &cut->evidence[i]) >= 0)
            codec_fail(reader, "evidence does not ascend");
    }
}

bool cut_decode(struct bytes bytes, struct cut *cut_out, struct error *error)
{
    if (bytes.size > CUT_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "cut: larger than %d bytes", CUT_SIZE_MAX);
    struct cut decoded;
    struct cut *cut = &decoded;
    memset(cut, 0, sizeof(*cut));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 10, 10);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    codec_get_fixed(&reader, cut->coalition.at, HASH_SIZE);
    cut->height = codec_get_uint(&reader, INT64_MAX);
    codec_get_fixed(&reader, cut->previous.at, HASH_SIZE);
    cut->lane_count = (uint16_t)codec_get_array(&reader, 1, NODES_MAX);
    for (size_t i = 0; i < cut->lane_count; i++) {
        codec_get_array(&reader, 2, 2);
        cut->lanes[i].sequence = codec_get_uint(&reader, INT64_MAX);
        codec_get_fixed(&reader, cut->lanes[i].id.at, HASH_SIZE);
    }
    cut->time_ms = codec_get_uint(&reader, TIME_MS_MAX);
    get_evidence(&reader, cut);
    codec_get_fixed(&reader, cut->state_digest.at, HASH_SIZE);
    codec_get_fixed(&reader, cut->record_root.at, HASH_SIZE);
    cut->record_count = codec_get_uint(&reader, INT64_MAX);
    if (!codec_finish(&reader, "cut", error))
        return false;
    cut->id = hash_bytes(bytes);
    *cut_out = decoded;
    return true;
}

struct ranked_lane {
    struct hash rank;
    uint16_t lane;
};

static int compare_ranks(const void *a, const void *b)
{
    return memcmp(((const struct ranked_lane *)a)->rank.at,
                  ((const struct ranked_lane *)b)->rank.at, HASH_SIZE);
}

void cut_lane_order(const struct hash *previous, uint16_t lane_count, uint16_t order_out[NODES_MAX])
{
    struct ranked_lane ranked[NODES_MAX];
    must(lane_count <= NODES_MAX);
    for (uint16_t i = 0; i < lane_count; i++) {
        uint8_t number[2];
        put_u16be(number, i);
        struct bytes parts[] = {hash_as_bytes(previous), bytes_of(number, sizeof(number))};
        ranked[i] = (struct ranked_lane){.rank = hash_parts(parts, ARRAY_SIZE(parts)), .lane = i};
    }
    qsort(ranked, lane_count, sizeof(ranked[0]), compare_ranks);
    for (uint16_t i = 0; i < lane_count; i++)
        order_out[i] = ranked[i].lane;
}
