// links: protocol
#include "fuzz.h"
#include "protocol/codec.h"
#include "protocol/record.h"

/* Effects that were taken with the record are read one by one to their end. */
static void read_effects(struct bytes effects)
{
    struct effect_reader reader;
    struct effect effect;
    struct buffer out;
    must(effect_reader_init(&reader, effects));
    buffer_init(&out, RECORD_SIZE_MAX);
    codec_put_array(&out, reader.left);
    while (effect_next(&reader, &effect))
        effect_encode(&effect, &out);
    must(reader.left == 0 && reader.rest.size == 0);
    fuzz_same(&out, effects.at, effects.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct record record;
    struct buffer out;
    struct error error;
    if (!record_decode(bytes_of(data, size), &record, &error))
        return 0;
    if (record.kind == RECORD_KIND_TRANSACTION)
        read_effects(record.outcome.effects);
    buffer_init(&out, RECORD_SIZE_MAX);
    record_encode(&record, &out);
    fuzz_same(&out, data, size);
    return 0;
}
