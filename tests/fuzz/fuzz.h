/* fuzz.h - what the targets share: the codec law, enforced by ending the process. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "crypto/base.h"
#include "protocol/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decoded bytes were encoded into `out`: they must be the bytes that came in. Releases `out`. */
static inline void fuzz_same(struct buffer *out, const uint8_t *data, size_t size)
{
    must(!out->overflowed);
    must(bytes_equal(buffer_bytes(out), bytes_of(data, size)));
    buffer_release(out);
}

#endif
