// links: protocol
#include "fuzz.h"
#include "protocol/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message message;
    struct buffer out;
    struct error error;
    if (!message_decode(bytes_of(data, size), &message, &error))
        return 0;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(&message, &out);
    fuzz_same(&out, data, size);
    return 0;
}
