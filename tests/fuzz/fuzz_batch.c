// links: protocol
/* A payload's hash stands in the header, so that mutants of a good batch die there: the input is
 * tried as it is, and once more as the payload of a batch made for it. */
#include "fuzz.h"
#include "protocol/batch.h"
#include "protocol/codec.h"

static void try_whole(const uint8_t *data, size_t size)
{
    struct batch batch;
    struct buffer out;
    struct error error;
    if (!batch_decode(bytes_of(data, size), &batch, &error))
        return;
    struct bytes rest = batch.payload, transaction;
    uint32_t count = 0;
    while (batch_payload_next(&rest, &transaction))
        count++;
    must(count == batch.transaction_count && rest.size == 0);
    buffer_init(&out, BATCH_SIZE_MAX);
    batch_encode(&batch, &out);
    fuzz_same(&out, data, size);
}

/* The payload is the input: whatever is framed in it must come off it again. */
static void try_payload(const uint8_t *data, size_t size)
{
    static const struct signature signature;
    struct batch batch = {.lane = {1}, .sequence = 1, .signature = signature};
    struct bytes rest = bytes_of(data, size), transaction;
    struct buffer out;
    while (batch.transaction_count < BATCH_TRANSACTIONS_MAX &&
           batch_payload_next(&rest, &transaction))
        batch.transaction_count++;
    batch.payload = bytes_of(data, size);
    batch.payload_hash = hash_bytes(batch.payload);
    buffer_init(&out, 2 * BATCH_SIZE_MAX);
    batch_encode(&batch, &out);
    struct batch again;
    bool good = rest.size == 0 && batch.transaction_count > 0 && size <= BATCH_PAYLOAD_MAX;
    must(batch_decode(buffer_bytes(&out), &again, NULL) == good);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_whole(data, size);
    try_payload(data, size);
    return 0;
}
