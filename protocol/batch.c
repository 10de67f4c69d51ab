#include "protocol/batch.h"

#include "protocol/codec.h"

#include <string.h>

void batch_payload_put(struct buffer *payload, struct bytes transaction)
{
    codec_put_bytes(payload, transaction);
}

bool batch_payload_next(struct bytes *rest, struct bytes *transaction_out)
{
    return codec_take_bytes(rest, 0, TRANSACTION_SIZE_MAX, transaction_out);
}

void batch_header_put(const struct batch *batch, struct buffer *out)
{
    codec_put_array(out, 9);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_bytes(out, hash_as_bytes(&batch->coalition));
    codec_put_uint(out, batch->lane.v);
    codec_put_uint(out, batch->sequence);
    codec_put_bytes(out, hash_as_bytes(&batch->previous));
    codec_put_uint(out, batch->created_ms);
    codec_put_uint(out, batch->transaction_count);
    codec_put_uint(out, batch->payload.size);
    codec_put_bytes(out, hash_as_bytes(&batch->payload_hash));
}

void batch_seal(struct batch *batch, const struct signing_key *key)
{
    batch->payload_hash = hash_bytes(batch->payload);
    struct buffer header;
    buffer_init(&header, BATCH_HEADER_MAX);
    batch_header_put(batch, &header);
    must(!header.overflowed);
    batch->id = hash_bytes(buffer_bytes(&header));
    buffer_release(&header);
    batch->signature = sign(key, PURPOSE_BATCH, &batch->coalition, hash_as_bytes(&batch->id));
}

void batch_encode(const struct batch *batch, struct buffer *out)
{
    struct buffer header;
    buffer_init(&header, BATCH_HEADER_MAX);
    batch_header_put(batch, &header);
    codec_put_array(out, 3);
    codec_put_bytes(out, buffer_bytes(&header));
    codec_put_bytes(out, bytes_of(batch->signature.at, SIGNATURE_SIZE));
    codec_put_bytes(out, batch->payload);
    buffer_release(&header);
}

bool batch_header_decode(struct bytes header, struct batch *batch_out, struct error *error)
{
    struct codec_reader reader;
    struct batch batch;
    memset(&batch, 0, sizeof(batch));
    codec_reader_init(&reader, header);
    codec_get_array(&reader, 9, 9);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    codec_get_fixed(&reader, batch.coalition.at, HASH_SIZE);
    batch.lane.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
    batch.sequence = codec_get_uint(&reader, INT64_MAX);
    codec_get_fixed(&reader, batch.previous.at, HASH_SIZE);
    batch.created_ms = codec_get_uint(&reader, TIME_MS_MAX);
    batch.transaction_count = (uint32_t)codec_get_uint(&reader, BATCH_TRANSACTIONS_MAX);
    size_t payload_size = (size_t)codec_get_uint(&reader, BATCH_PAYLOAD_MAX);
    codec_get_fixed(&reader, batch.payload_hash.at, HASH_SIZE);
    if (!reader.failed && (batch.sequence == 0 || batch.transaction_count == 0))
        codec_fail(&reader, "sequence or count of zero");
    if (!reader.failed && (batch.sequence == 1) != hash_is_zero(&batch.previous))
        codec_fail(&reader, "only the first batch of a lane has no predecessor");
    if (!codec_finish(&reader, "batch header", error))
        return false;
    batch.payload = bytes_of(NULL, payload_size);
    batch.id = hash_bytes(header);
    *batch_out = batch;
    return true;
}

/* Exactly transaction_count byte strings fill the payload. */
static bool payload_framed(struct bytes payload, uint32_t count)
{
    struct bytes transaction;
    for (uint32_t i = 0; i < count; i++)
        if (!batch_payload_next(&payload, &transaction))
            return false;
    return payload.size == 0;
}

bool batch_open(struct bytes bytes, struct bytes *header_out, struct bytes *signature_out,
                struct bytes *payload_out, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 3, 3);
    struct bytes header = codec_get_bytes(&reader, 1, BATCH_HEADER_MAX);
    struct bytes signature = codec_get_bytes(&reader, SIGNATURE_SIZE, SIGNATURE_SIZE);
    struct bytes payload = codec_get_bytes(&reader, 1, BATCH_PAYLOAD_MAX);
    if (!codec_finish(&reader, "batch", error))
        return false;
    *header_out = header;
    *signature_out = signature;
    *payload_out = payload;
    return true;
}

bool batch_decode(struct bytes bytes, struct batch *batch_out, struct error *error)
{
    struct batch batch;
    struct bytes header, signature, payload;
    if (!batch_open(bytes, &header, &signature, &payload, error) ||
        !batch_header_decode(header, &batch, error))
        return false;
    memcpy(batch.signature.at, signature.at, SIGNATURE_SIZE);
    if (batch.payload.size != payload.size)
        return error_set(error, ERROR_INVALID, "batch: payload is %zu bytes, its header says %zu",
                         payload.size, batch.payload.size);
    batch.payload = payload;
    struct hash payload_hash = hash_bytes(batch.payload);
    if (!hash_equal(&payload_hash, &batch.payload_hash))
        return error_set(error, ERROR_INVALID, "batch: payload does not have the header's hash");
    if (!payload_framed(batch.payload, batch.transaction_count))
        return error_set(error, ERROR_INVALID, "batch: payload is not %u framed transactions",
                         batch.transaction_count);
    *batch_out = batch;
    return true;
}

bool batch_verify(const struct batch *batch, const struct verifier *verifier)
{
    return verify(verifier, PURPOSE_BATCH, &batch->coalition, hash_as_bytes(&batch->id),
                  &batch->signature);
}
