#include "protocol/attestation.h"

#include "protocol/codec.h"
#include "protocol/limits.h"

enum { TEXT_MAX = 64 };

bool snapshot_name_equal(const struct snapshot_name *a, const struct snapshot_name *b)
{
    return a->height == b->height && a->size == b->size && hash_equal(&a->id, &b->id);
}

uint64_t snapshot_piece_count(uint64_t size)
{
    return size / SNAPSHOT_PIECE + (size % SNAPSHOT_PIECE > 0);
}

struct hash snapshot_id(uint64_t size, struct bytes piece_hashes)
{
    uint8_t head[8];
    must(piece_hashes.size == snapshot_piece_count(size) * HASH_SIZE);
    put_u64be(head, size);
    struct bytes parts[] = {bytes_of(head, sizeof(head)), piece_hashes};
    return hash_parts(parts, ARRAY_SIZE(parts));
}

static void text_of(const struct attestation *attestation, struct buffer *out)
{
    buffer_init(out, TEXT_MAX);
    codec_put_array(out, 4);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, attestation->snapshot.height);
    codec_put_uint(out, attestation->snapshot.size);
    codec_put_bytes(out, hash_as_bytes(&attestation->snapshot.id));
    must(!out->overflowed);
}

void attestation_sign(struct attestation *attestation, const struct signing_key *key,
                      const struct hash *coalition)
{
    struct buffer text;
    text_of(attestation, &text);
    attestation->signature = sign(key, PURPOSE_SNAPSHOT, coalition, buffer_bytes(&text));
    buffer_release(&text);
}

bool attestation_verify(const struct attestation *attestation, const struct verifier *verifier,
                        const struct hash *coalition)
{
    struct buffer text;
    text_of(attestation, &text);
    bool holds =
        verify(verifier, PURPOSE_SNAPSHOT, coalition, buffer_bytes(&text), &attestation->signature);
    buffer_release(&text);
    return holds;
}

void attestation_put(const struct attestation *attestation, struct buffer *out)
{
    codec_put_array(out, 5);
    codec_put_uint(out, attestation->snapshot.height);
    codec_put_uint(out, attestation->snapshot.size);
    codec_put_bytes(out, hash_as_bytes(&attestation->snapshot.id));
    codec_put_uint(out, attestation->node.v);
    codec_put_bytes(out, bytes_of(attestation->signature.at, SIGNATURE_SIZE));
}

void attestation_get(struct codec_reader *reader, struct attestation *attestation)
{
    uint64_t most = (uint64_t)SNAPSHOT_PIECE * SNAPSHOT_PIECES_MAX;
    codec_get_array(reader, 5, 5);
    attestation->snapshot.height = codec_get_uint(reader, INT64_MAX);
    attestation->snapshot.size = codec_get_uint(reader, most);
    codec_get_fixed(reader, attestation->snapshot.id.at, HASH_SIZE);
    attestation->node.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    codec_get_fixed(reader, attestation->signature.at, SIGNATURE_SIZE);
    if (attestation->snapshot.height == 0 || attestation->snapshot.size == 0)
        codec_fail(reader, "a snapshot of nothing");
}
