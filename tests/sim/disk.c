#include "sim/disk.h"

#include <stdlib.h>
#include <string.h>

static struct bytes copy(struct bytes bytes)
{
    uint8_t *at = (uint8_t *)allocate(bytes.size + 1, 1);
    if (bytes.size)
        memcpy(at, bytes.at, bytes.size);
    return bytes_of(at, bytes.size);
}

static void drop(struct bytes bytes)
{
    free((void *)(uintptr_t)bytes.at);
}

void disk_release(struct disk *disk)
{
    for (size_t i = 0; i < disk->count; i++) {
        drop(disk->entries[i].key);
        drop(disk->entries[i].value);
    }
    free(disk->entries);
    memset(disk, 0, sizeof(*disk));
}

/* The first place whose key is >= key. */
static size_t place(const struct disk *disk, struct bytes key)
{
    size_t low = 0, high = disk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(disk->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool at_key(const struct disk *disk, size_t at, struct bytes key)
{
    return at < disk->count && bytes_equal(disk->entries[at].key, key);
}

static void put(struct disk *disk, struct bytes key, struct bytes value)
{
    size_t at = place(disk, key);
    if (at_key(disk, at, key)) {
        drop(disk->entries[at].value);
        disk->entries[at].value = copy(value);
        return;
    }
    disk->entries = (struct disk_entry *)array_grow(disk->entries, &disk->capacity, disk->count + 1,
                                                    sizeof(disk->entries[0]));
    memmove(&disk->entries[at + 1], &disk->entries[at],
            (disk->count - at) * sizeof(disk->entries[0]));
    disk->entries[at] = (struct disk_entry){.key = copy(key), .value = copy(value)};
    disk->count++;
}

static void delete (struct disk *disk, struct bytes key)
{
    size_t at = place(disk, key);
    if (!at_key(disk, at, key))
        return;
    drop(disk->entries[at].key);
    drop(disk->entries[at].value);
    disk->count--;
    memmove(&disk->entries[at], &disk->entries[at + 1],
            (disk->count - at) * sizeof(disk->entries[0]));
}

void disk_write(struct disk *disk, struct bytes ops)
{
    struct bytes key, value;
    while (store_group_next(&ops, &key, &value)) {
        if (value.at)
            put(disk, key, value);
        else
            delete (disk, key);
    }
}

static bool disk_get(void *context, struct bytes key, struct buffer *value_out, struct error *error)
{
    const struct disk *disk = (const struct disk *)context;
    size_t at = place(disk, key);
    if (!at_key(disk, at, key))
        return error_set(error, ERROR_NOT_FOUND, "no such key");
    buffer_append(value_out, disk->entries[at].value);
    return true;
}

static bool starts_with(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size && memcmp(key.at, prefix.at, prefix.size) == 0;
}

static bool disk_get_at_or_before(void *context, struct bytes prefix, struct bytes key,
                                  struct buffer *key_out, struct buffer *value_out,
                                  struct error *error)
{
    const struct disk *disk = (const struct disk *)context;
    size_t at = place(disk, key);
    if (!at_key(disk, at, key)) {
        if (at == 0)
            return error_set(error, ERROR_NOT_FOUND, "no such key");
        at--;
    }
    if (!starts_with(disk->entries[at].key, prefix))
        return error_set(error, ERROR_NOT_FOUND, "no such key");
    buffer_append(key_out, disk->entries[at].key);
    buffer_append(value_out, disk->entries[at].value);
    return true;
}

static bool disk_scan(void *context, struct bytes prefix, struct bytes from, bool backwards,
                      size_t limit,
                      bool (*visit)(void *visitor, struct bytes key, struct bytes value),
                      void *visitor, struct error *error)
{
    const struct disk *disk = (const struct disk *)context;
    (void)error;
    size_t at = place(disk, from);
    if (backwards && !at_key(disk, at, from)) {
        if (at == 0)
            return true;
        at--;
    }
    for (size_t i = 0; i < limit && at < disk->count; i++) {
        if (!starts_with(disk->entries[at].key, prefix) ||
            !visit(visitor, disk->entries[at].key, disk->entries[at].value))
            return true;
        if (backwards && at-- == 0)
            return true;
        at += !backwards;
    }
    return true;
}

struct store disk_store(struct disk *disk)
{
    return (struct store){.context = disk,
                          .get = disk_get,
                          .get_at_or_before = disk_get_at_or_before,
                          .scan = disk_scan};
}
