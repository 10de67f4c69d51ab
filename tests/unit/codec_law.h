/* codec_law.h - the law of every format: any bytes either fail cleanly, or survive decoding and
 * encoding byte for byte, so that one meaning has one encoding and one hash.
 *
 * Inputs lie in memory of exactly their size: an over-read is seen by ASan.
 */
#ifndef TESTS_UNIT_CODEC_LAW_H
#define TESTS_UNIT_CODEC_LAW_H

#include "check.h"
#include "crypto/base.h"
#include "protocol/limits.h"

enum { LAW_MUTANTS = 20000, LAW_RANDOM = 5000, LAW_RANDOM_SIZE_MAX = 300, LAW_SEED = 20261121 };

/* Decodes `in`; when that succeeds, appends what it encodes to and returns true. */
typedef bool law_again(struct bytes in, struct buffer *out);

/* splitmix64 */
static inline uint64_t law_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* An output filled before a decoder fails must be as it was afterwards. */
static inline void law_fill(void *object, size_t size)
{
    memset(object, 0x5a, size);
}

static inline bool law_untouched(const void *object, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)object;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0x5a)
            return false;
    return true;
}

/* True when the bytes were taken; taken bytes must come back as they were. */
static inline bool law_holds(law_again *again, struct bytes in)
{
    uint8_t *copy = (uint8_t *)malloc(in.size ? in.size : 1);
    REQUIRE(copy);
    if (in.size)
        memcpy(copy, in.at, in.size);
    struct buffer out;
    buffer_init(&out, 4 * MESSAGE_SIZE_MAX);
    bool taken = again(bytes_of(copy, in.size), &out);
    if (taken) {
        CHECK(!out.overflowed);
        CHECK(bytes_equal(buffer_bytes(&out), bytes_of(copy, in.size)));
    }
    buffer_release(&out);
    free(copy);
    return taken;
}

static inline void law_mutate(struct buffer *bytes, struct bytes example, uint64_t *random)
{
    static const uint8_t heads[] = {0x00, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x38,
                                    0x40, 0x58, 0x5f, 0x60, 0x78, 0x80, 0x98, 0x9f, 0xa0,
                                    0xc0, 0xf4, 0xf5, 0xf6, 0xf7, 0xf9, 0xfb, 0xff};
    buffer_clear(bytes);
    size_t at = example.size ? law_random(random) % example.size : 0;
    uint8_t byte = (uint8_t)law_random(random);
    uint8_t head = heads[law_random(random) % ARRAY_SIZE(heads)];
    size_t skip = 1 + law_random(random) % 4;
    switch (law_random(random) % 6) {
    case 0: /* one bit */
        buffer_append(bytes, example);
        bytes->at[at] ^= (uint8_t)(1 << byte % 8);
        return;
    case 1: /* one byte */
        buffer_append(bytes, example);
        bytes->at[at] = byte;
        return;
    case 2: /* another head */
        buffer_append(bytes, example);
        bytes->at[at] = head;
        return;
    case 3: /* a byte put in */
        buffer_append(bytes, bytes_of(example.at, at));
        buffer_append_byte(bytes, head);
        buffer_append(bytes, bytes_of(example.at + at, example.size - at));
        return;
    case 4: /* bytes taken out */
        buffer_append(bytes, bytes_of(example.at, at));
        if (at + skip < example.size)
            buffer_append(bytes, bytes_of(example.at + at + skip, example.size - at - skip));
        return;
    default: /* a piece twice */
        buffer_append(bytes, example);
        buffer_append(bytes, bytes_of(example.at + at, example.size - at));
        return;
    }
}

/* A good example, every shorter form of it, one with a byte more, and mutants up to three deep. */
static inline void law_check(law_again *again, struct bytes example)
{
    uint64_t random = LAW_SEED;
    struct buffer mutant, deeper;
    buffer_init(&mutant, 16 * MESSAGE_SIZE_MAX);
    buffer_init(&deeper, 16 * MESSAGE_SIZE_MAX);
    CHECK(law_holds(again, example));
    for (size_t size = 0; size < example.size && size < 4096; size++)
        CHECK(!law_holds(again, bytes_of(example.at, size)));
    buffer_append(&mutant, example);
    buffer_append_byte(&mutant, 0xf6);
    CHECK(!law_holds(again, buffer_bytes(&mutant)));
    int before = check_failed_count;
    for (int i = 0; i < check_share(LAW_MUTANTS) && check_failed_count == before; i++) {
        law_mutate(&mutant, example, &random);
        (void)law_holds(again, buffer_bytes(&mutant));
        if (mutant.size == 0)
            continue;
        law_mutate(&deeper, buffer_bytes(&mutant), &random);
        (void)law_holds(again, buffer_bytes(&deeper));
    }
    uint8_t noise[LAW_RANDOM_SIZE_MAX];
    for (int i = 0; i < check_share(LAW_RANDOM); i++) {
        size_t size = law_random(&random) % sizeof(noise);
        for (size_t j = 0; j < size; j++)
            noise[j] = (uint8_t)law_random(&random);
        (void)law_holds(again, bytes_of(noise, size));
    }
    if (check_failed_count != before)
        printf("seed %d\n", LAW_SEED);
    buffer_release(&mutant);
    buffer_release(&deeper);
}

/* Every item head of the example made one byte longer than it has to be, where the argument lies in
 * the head's own byte, and each made indefinite: all refused. Heads are found by walking. */
static inline void law_refuses_other_forms(law_again *again, struct bytes example)
{
    struct buffer other;
    buffer_init(&other, 16 * MESSAGE_SIZE_MAX);
    for (size_t at = 0; at < example.size;) {
        uint8_t first = example.at[at], major = first >> 5, info = first & 0x1f;
        size_t head = info < 24 ? 1 : 1 + ((size_t)1 << (info - 24));
        uint64_t size = info;
        for (size_t i = 1; i < head; i++)
            size = i == 1 ? example.at[at + i] : size << 8 | example.at[at + i];
        if (info < 24 && major <= 4) {
            buffer_clear(&other);
            buffer_append(&other, bytes_of(example.at, at));
            buffer_append_byte(&other, (uint8_t)(major << 5 | 24));
            buffer_append_byte(&other, info);
            buffer_append(&other, bytes_of(example.at + at + 1, example.size - at - 1));
            CHECK(!law_holds(again, buffer_bytes(&other)));
        }
        if (major >= 2 && major <= 4) {
            buffer_clear(&other);
            buffer_append(&other, bytes_of(example.at, at));
            buffer_append_byte(&other, (uint8_t)(major << 5 | 31));
            buffer_append(&other, bytes_of(example.at + at + head, example.size - at - head));
            buffer_append_byte(&other, 0xff);
            CHECK(!law_holds(again, buffer_bytes(&other)));
        }
        at += head + (major == 2 || major == 3 ? (size_t)size : 0);
    }
    buffer_release(&other);
}

/* Frozen bytes: the wire format cannot change unnoticed. */
static inline void check_hex(const char *file, int line, struct bytes seen, const char *expected)
{
    char *hex = (char *)malloc(2 * seen.size + 1);
    REQUIRE(hex);
    hex_encode(seen, hex);
    if (strcmp(hex, expected) != 0) {
        check_failed_count++;
        printf("%s:%d: frozen bytes differ\n  seen     %s\n  expected %s\n", file, line, hex,
               expected);
    }
    free(hex);
}
#define CHECK_HEX(seen, expected) check_hex(__FILE__, __LINE__, seen, expected)

#endif
