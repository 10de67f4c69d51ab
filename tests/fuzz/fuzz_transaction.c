// links: protocol
#include "fuzz.h"
#include "protocol/transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct transaction transaction;
    struct buffer out;
    struct error error;
    if (!transaction_decode(bytes_of(data, size), &transaction, &error))
        return 0;
    buffer_init(&out, TRANSACTION_SIZE_MAX);
    transaction_encode(&transaction, &out);
    fuzz_same(&out, data, size);
    return 0;
}
