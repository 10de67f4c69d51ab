/* image_copy.h - images of a state in memory, for tests: written to a buffer, read in small pieces.
 */
#ifndef TESTS_UNIT_IMAGE_COPY_H
#define TESTS_UNIT_IMAGE_COPY_H

#include "check.h"
#include "partners/state_image.h"

enum { IMAGE_LIMIT = 1 << 30 };

static inline bool image_sink(void *context, struct bytes piece, struct error *error)
{
    struct buffer *buffer = context;
    buffer_append(buffer, piece);
    return !buffer->overflowed || error_set(error, ERROR_LIMIT, "the image is too large");
}

struct image_source {
    struct bytes left;
    size_t most; /* bytes at a time */
};

static inline bool image_source(void *context, uint8_t *room, size_t size, size_t *size_out,
                                struct error *error)
{
    struct image_source *source = context;
    (void)error;
    *size_out = size < source->left.size ? size : source->left.size;
    if (*size_out > source->most)
        *size_out = source->most;
    if (*size_out > 0)
        memcpy(room, source->left.at, *size_out);
    source->left = bytes_of(source->left.at + *size_out, source->left.size - *size_out);
    return true;
}

/* Appends the image of a state. */
static inline void image_of(const struct state *state, struct buffer *out)
{
    REQUIRE(state_image_write(state, image_sink, out, NULL));
}

static inline bool image_read(const struct charter *charter, struct bytes image,
                              struct state **state_out, struct error *error)
{
    struct image_source source = {.left = image, .most = 1 + image.size % 5000};
    return state_image_read(charter, image_source, &source, state_out, error);
}

/* Where the section of this number and so many rows begins: its head, which stands there once. */
static inline uint8_t *image_section(struct bytes image, uint32_t number, uint64_t rows)
{
    uint8_t head[12], *found = NULL;
    put_u32be(head, number);
    put_u64be(head + 4, rows);
    for (size_t i = 0; i + sizeof(head) <= image.size; i++)
        if (memcmp(image.at + i, head, sizeof(head)) == 0) {
            REQUIRE(found == NULL);
            found = (uint8_t *)(uintptr_t)(image.at + i);
        }
    REQUIRE(found != NULL);
    return found;
}

/* Makes the hash at the end fit what stands before it. */
static inline void image_seal(uint8_t *image, size_t size)
{
    must(size >= HASH_SIZE);
    struct hash hash = hash_bytes(bytes_of(image, size - HASH_SIZE));
    memcpy(image + size - HASH_SIZE, hash.at, HASH_SIZE);
}

#endif
