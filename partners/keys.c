#include "partners/keys.h"

#include "crypto/large_array.h"

#include <string.h>

void keys_release(struct keys *keys)
{
    table_release(&keys->table);
    large_array_release(keys->entries, keys->capacity, sizeof(*keys->entries));
    large_array_release(keys->text, keys->text_capacity, 1);
    *keys = (struct keys){0};
}

static const struct key_entry *entry_at(const struct keys *keys, uint32_t sequence)
{
    return &keys->entries[keys->first + (uint32_t)(sequence - keys->sequence)];
}

static struct bytes entry_key(const struct keys *keys, const struct key_entry *entry)
{
    return bytes_of(keys->text + (entry->offset - keys->text_offset), entry->size);
}

struct bytes keys_note(const struct keys *keys, const struct key_entry *entry)
{
    return bytes_of(entry_key(keys, entry).at + entry->size, entry->note_size);
}

static bool key_equal(const void *context, uint32_t value, const void *key)
{
    const struct keys *keys = context;
    return bytes_equal(entry_key(keys, entry_at(keys, value)), *(const struct bytes *)key);
}

uint64_t keys_hash(const struct keys *keys, struct bytes key)
{
    return table_hash(keys->seed, key);
}

const struct key_entry *keys_find(const struct keys *keys, uint64_t hash, struct bytes key)
{
    uint32_t sequence = 0;
    if (!table_find(&keys->table, hash, key_equal, keys, &key, &sequence))
        return NULL;
    return entry_at(keys, sequence);
}

/* Moves the live part to the front once the dead part is the larger: each byte moves once for each
 * byte that was forgotten. */
static void entries_compact(struct keys *keys)
{
    if (keys->first <= keys->count)
        return;
    memmove(keys->entries, keys->entries + keys->first, keys->count * sizeof(*keys->entries));
    keys->first = 0;
}

static void text_compact(struct keys *keys)
{
    size_t live = keys->text_size - keys->text_first;
    if (keys->text_first <= live)
        return;
    memmove(keys->text, keys->text + keys->text_first, live);
    keys->text_offset += keys->text_first;
    keys->text_first = 0;
    keys->text_size = live;
}

static uint64_t text_append(struct keys *keys, struct bytes bytes)
{
    keys->text =
        large_array_grow(keys->text, &keys->text_capacity, keys->text_size + bytes.size, 1);
    uint64_t offset = keys->text_offset + keys->text_size;
    if (bytes.size > 0)
        memcpy(keys->text + keys->text_size, bytes.at, bytes.size);
    keys->text_size += bytes.size;
    return offset;
}

void keys_add(struct keys *keys, uint64_t hash, struct bytes key, struct bytes note,
              struct record_index index, enum verdict verdict, uint64_t now_ms)
{
    must(key.size <= UINT16_MAX && note.size <= UINT8_MAX && keys->count < UINT32_MAX);
    keys->entries = large_array_grow(keys->entries, &keys->capacity, keys->first + keys->count + 1,
                                     sizeof(*keys->entries));
    struct key_entry *entry = &keys->entries[keys->first + keys->count];
    *entry = (struct key_entry){.index = index.v,
                                .seen_ms = now_ms,
                                .offset = text_append(keys, key),
                                .size = (uint16_t)key.size,
                                .note_size = (uint8_t)note.size,
                                .verdict = (uint8_t)verdict};
    (void)text_append(keys, note);
    table_insert(&keys->table, hash, keys->sequence + (uint32_t)keys->count);
    keys->count++;
}

void keys_forget(struct keys *keys, uint64_t time_ms)
{
    while (keys->count > 0 && keys->entries[keys->first].seen_ms < time_ms) {
        const struct key_entry *entry = &keys->entries[keys->first];
        table_remove(&keys->table, keys_hash(keys, entry_key(keys, entry)), keys->sequence);
        keys->text_first += (size_t)entry->size + entry->note_size;
        keys->first++;
        keys->sequence++;
        keys->count--;
    }
    entries_compact(keys);
    text_compact(keys);
}
