// links: protocol
#include "fuzz/fuzz.h"
#include "protocol/codec.h"
#include "protocol/transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct transaction transaction;
    struct buffer out;
    struct error error;
    struct bytes item = {0};
    enum codec_item kind = codec_item(bytes_of(data, size), TRANSACTION_SIZE_MAX, &item);
    must(kind != CODEC_ITEM_WHOLE || (item.size <= size && item.size <= TRANSACTION_SIZE_MAX));
    must(kind != CODEC_ITEM_PART || size < TRANSACTION_SIZE_MAX);
    if (!transaction_decode(bytes_of(data, size), &transaction, &error))
        return 0;
    must(kind == CODEC_ITEM_WHOLE && item.size == size);
    buffer_init(&out, TRANSACTION_SIZE_MAX);
    transaction_encode(&transaction, &out);
    fuzz_same(&out, data, size);
    return 0;
}
