#include "node/leveldb_table.h"

#include <string.h>

#include "node/crc32c.h"

enum {
    FOOTER_SIZE = 48,
    FOOTER_HANDLES_SIZE = 40,
    TRAILER_SIZE = 1 + CRC32C_SIZE,
    COMPRESSION_NONE = 0,
    COMPRESSION_SNAPPY = 1,
    INDEX_SIZE_MAX = 64 * 1024 * 1024 /* uncompressed; a 64 MB table has one of about 2 MB */
};

static const uint8_t magic[8] = {0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb};

struct handle {
    uint64_t offset, size;
};

bool leveldb_varint(struct bytes *rest, uint64_t *value_out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->size && i < 10; i++) {
        uint8_t byte = rest->at[i];
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *rest = bytes_of(rest->at + i + 1, rest->size - i - 1);
            *value_out = value;
            return true;
        }
    }
    return false;
}

static bool damaged(uint64_t offset, const char *what, struct error *error)
{
    return error_set(error, ERROR_CORRUPT, "%s at byte %llu", what, (unsigned long long)offset);
}

/* ---- Snappy (google/snappy format_description.txt) ----------------------------------------- */

static uint32_t little(const uint8_t *at, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

static bool snappy_literal(struct bytes *rest, uint8_t tag, struct buffer *out)
{
    size_t size = tag >> 2, extra = size < 60 ? 0 : size - 59;
    if (rest->size < extra) {
        return false;
    }
    size = extra ? little(rest->at, extra) : size;
    if (rest->size - extra <= size) {
        return false;
    }
    size++;
    buffer_append(out, bytes_of(rest->at + extra, size));
    *rest = bytes_of(rest->at + extra + size, rest->size - extra - size);
    return true;
}

static bool snappy_copy(struct bytes *rest, uint8_t tag, struct buffer *out)
{
    static const uint8_t offset_sizes[] = {0, 1, 2, 4};
    size_t offset_size = offset_sizes[tag & 3];
    if (rest->size < offset_size) {
        return false;
    }
    size_t offset = little(rest->at, offset_size), size = (tag >> 2) + 1u;
    if (offset_size == 1) {
        offset |= (size_t)(tag >> 5) << 8;
        size = (tag >> 2 & 7) + 4u;
    }
    *rest = bytes_of(rest->at + offset_size, rest->size - offset_size);
    if (offset == 0 || offset > out->size) {
        return false;
    }
    /* Byte by byte: a copy may overlap what it writes. */
    for (size_t i = 0; i < size; i++) {
        buffer_append_byte(out, out->at[out->size - offset]);
    }
    return true;
}

static bool snappy_decode(struct bytes rest, struct buffer *out)
{
    uint64_t size = 0;
    if (!leveldb_varint(&rest, &size) || size > INDEX_SIZE_MAX) {
        return false;
    }
    while (rest.size > 0 && out->size <= size) {
        uint8_t tag = rest.at[0];
        rest = bytes_of(rest.at + 1, rest.size - 1);
        if (!((tag & 3) == 0 ? snappy_literal(&rest, tag, out) : snappy_copy(&rest, tag, out))) {
            return false;
        }
    }
    return rest.size == 0 && out->size == size && !out->overflowed;
}

/* ---- blocks ------------------------------------------------------------------------------- */

struct walk {
    struct bytes file;
    uint64_t next; /* where the next block has to begin */
    struct buffer scratch;
};

static bool block_verify(const struct walk *walk, struct handle handle, struct error *error)
{
    uint64_t room = walk->file.size - FOOTER_SIZE;
    if (handle.offset > room || handle.size > room - handle.offset ||
        room - handle.offset - handle.size < TRAILER_SIZE) {
        return damaged(handle.offset, "a block reaches beyond the table's end", error);
    }
    const uint8_t *at = walk->file.at + handle.offset;
    if (crc32c(0, bytes_of(at, handle.size + 1)) != crc32c_stored(at + handle.size + 1)) {
        return damaged(handle.offset, "the checksum of a block does not fit", error);
    }
    return true;
}

static bool block_next(struct walk *walk, struct handle handle, struct error *error)
{
    if (handle.offset != walk->next) {
        return damaged(walk->next, "blocks do not follow each other", error);
    }
    walk->next += handle.size + TRAILER_SIZE;
    return block_verify(walk, handle, error);
}

/* The entries of a verified block, without the restart points at its end. */
static bool block_entries(struct walk *walk, struct handle handle, struct bytes *entries_out,
                          struct error *error)
{
    const uint8_t *at = walk->file.at + handle.offset;
    struct bytes block = bytes_of(at, handle.size);
    if (at[handle.size] == COMPRESSION_SNAPPY) {
        buffer_clear(&walk->scratch);
        if (!snappy_decode(block, &walk->scratch)) {
            return damaged(handle.offset, "a block does not decompress", error);
        }
        block = buffer_bytes(&walk->scratch);
    } else if (at[handle.size] != COMPRESSION_NONE) {
        return damaged(handle.offset, "a block has an unknown compression", error);
    }
    uint64_t restarts = block.size < 4 ? 0 : little(block.at + block.size - 4, 4);
    if (block.size < 4 || restarts > (block.size - 4) / 4) {
        return damaged(handle.offset, "a block's restart points are malformed", error);
    }
    *entries_out = bytes_of(block.at, block.size - 4 - 4 * (size_t)restarts);
    return true;
}

/* An entry is [shared][rest of key][value size] as varints, the key's rest, and a value that
 * begins with a handle. */
static bool entry_handle(struct bytes *entries, struct handle *handle_out)
{
    uint64_t shared = 0, key_size = 0, value_size = 0;
    if (!leveldb_varint(entries, &shared) || !leveldb_varint(entries, &key_size) ||
        !leveldb_varint(entries, &value_size) || key_size > entries->size ||
        value_size > entries->size - key_size) {
        return false;
    }
    struct bytes value = bytes_of(entries->at + key_size, value_size);
    *entries = bytes_of(value.at + value_size, entries->size - key_size - value_size);
    return leveldb_varint(&value, &handle_out->offset) && leveldb_varint(&value, &handle_out->size);
}

static bool blocks_of_index(struct walk *walk, struct handle index, struct error *error)
{
    struct bytes entries = {0};
    if (!block_verify(walk, index, error) || !block_entries(walk, index, &entries, error)) {
        return false;
    }
    while (entries.size > 0) {
        struct handle handle = {0};
        if (!entry_handle(&entries, &handle)) {
            return damaged(index.offset, "a malformed entry in the index", error);
        }
        if (!block_next(walk, handle, error)) {
            return false;
        }
    }
    return true;
}

static bool footer_read(struct bytes file, struct handle *metaindex_out, struct handle *index_out)
{
    if (file.size < FOOTER_SIZE) {
        return false;
    }
    const uint8_t *at = file.at + file.size - FOOTER_SIZE;
    struct bytes rest = bytes_of(at, FOOTER_HANDLES_SIZE);
    if (memcmp(at + FOOTER_HANDLES_SIZE, magic, sizeof(magic)) != 0 ||
        !leveldb_varint(&rest, &metaindex_out->offset) ||
        !leveldb_varint(&rest, &metaindex_out->size) ||
        !leveldb_varint(&rest, &index_out->offset) || !leveldb_varint(&rest, &index_out->size)) {
        return false;
    }
    for (size_t i = 0; i < rest.size; i++) {
        if (rest.at[i] != 0) {
            return false;
        }
    }
    return true;
}

bool leveldb_table_check(struct bytes file, struct error *error)
{
    struct handle metaindex, index;
    if (!footer_read(file, &metaindex, &index)) {
        return damaged(file.size < FOOTER_SIZE ? 0 : file.size - FOOTER_SIZE,
                       "the footer is malformed", error);
    }
    struct walk walk = {.file = file};
    buffer_init(&walk.scratch, INDEX_SIZE_MAX);
    bool done = blocks_of_index(&walk, index, error) && blocks_of_index(&walk, metaindex, error) &&
                block_next(&walk, metaindex, error) && block_next(&walk, index, error);
    if (done && walk.next != file.size - FOOTER_SIZE) {
        done = damaged(walk.next, "bytes that belong to no block", error);
    }
    buffer_release(&walk.scratch);
    return done;
}
