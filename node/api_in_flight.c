#include "node/api_in_flight.h"

#include "partners/table.h"

#include <stdlib.h>
#include <string.h>

enum { NONE = 0, CAPACITY_MAX = 1 << 20 };

/* Entries are numbered from 1; a token is generation << 32 | number, so that an answer that comes
 * after its entry has gone finds nobody instead of the next tenant. */
struct in_flight {
    size_t capacity, count;
    uint32_t free;        /* chain of free entries */
    uint32_t first, last; /* orphans, oldest first */
    uint32_t generation;
    uint64_t salt; /* bucket of a key: not to be aimed at from outside */
    uint32_t *buckets;
    struct in_flight_entry *entries; /* [0] is not used */
};

struct in_flight *in_flight_open(size_t capacity)
{
    must(capacity > 0 && capacity <= CAPACITY_MAX);
    struct in_flight *table = allocate(1, sizeof(*table));
    table->capacity = capacity;
    table->buckets = allocate(capacity, sizeof(*table->buckets));
    table->entries = allocate(capacity + 1, sizeof(*table->entries));
    for (size_t i = capacity; i > 0; i--) {
        table->entries[i].chain = table->free;
        table->free = (uint32_t)i;
    }
    random_bytes((uint8_t *)&table->salt, sizeof(table->salt));
    return table;
}

void in_flight_close(struct in_flight *table)
{
    if (!table)
        return;
    free(table->buckets);
    free(table->entries);
    free(table);
}

static uint32_t bucket_of(const struct in_flight *table, struct bytes key)
{
    return (uint32_t)(table_hash(table->salt, key) % table->capacity);
}

static struct bytes key_of(const struct in_flight_entry *entry)
{
    return bytes_of(entry->key, entry->key_size);
}

static void orphan_unlink(struct in_flight *table, struct in_flight_entry *entry)
{
    if (entry->before)
        table->entries[entry->before].after = entry->after;
    else
        table->first = entry->after;
    if (entry->after)
        table->entries[entry->after].before = entry->before;
    else
        table->last = entry->before;
    entry->before = entry->after = NONE;
}

void in_flight_orphan(struct in_flight *table, struct in_flight_entry *entry)
{
    must(entry->used);
    if (!entry->owner.call)
        return;
    entry->owner.call = NULL;
    uint32_t number = (uint32_t)(entry - table->entries);
    entry->before = table->last;
    entry->after = NONE;
    if (table->last)
        table->entries[table->last].after = number;
    else
        table->first = number;
    table->last = number;
}

void in_flight_orphan_all(struct in_flight *table, const void *call)
{
    for (size_t i = 1; i <= table->capacity; i++)
        if (table->entries[i].used && table->entries[i].owner.call == call)
            in_flight_orphan(table, &table->entries[i]);
}

struct in_flight_entry *in_flight_add(struct in_flight *table, struct bytes key,
                                      const struct hash *client, uint64_t at_ms,
                                      const struct in_flight_owner *owner)
{
    must(key.size > 0 && key.size <= KEY_SIZE_MAX && owner->call);
    if (!table->free && table->first)
        in_flight_remove(table, &table->entries[table->first]);
    if (!table->free)
        return NULL;
    uint32_t number = table->free;
    struct in_flight_entry *entry = &table->entries[number];
    table->free = entry->chain;
    memset(entry, 0, sizeof(*entry));
    memcpy(entry->key, key.at, key.size);
    entry->key_size = (uint8_t)key.size;
    entry->client = *client;
    entry->at_ms = at_ms;
    entry->owner = *owner;
    entry->used = true;
    entry->token = (uint64_t)++table->generation << 32 | number;
    entry->bucket = bucket_of(table, key);
    entry->chain = table->buckets[entry->bucket];
    table->buckets[entry->bucket] = number;
    table->count++;
    return entry;
}

struct in_flight_entry *in_flight_find(struct in_flight *table, struct bytes key)
{
    uint32_t at = table->buckets[bucket_of(table, key)];
    for (; at; at = table->entries[at].chain)
        if (bytes_equal(key_of(&table->entries[at]), key))
            return &table->entries[at];
    return NULL;
}

struct in_flight_entry *in_flight_by_token(struct in_flight *table, uint64_t token)
{
    uint64_t number = token & UINT32_MAX;
    if (number == 0 || number > table->capacity)
        return NULL;
    struct in_flight_entry *entry = &table->entries[number];
    return entry->used && entry->token == token ? entry : NULL;
}

void in_flight_remove(struct in_flight *table, struct in_flight_entry *entry)
{
    must(entry->used);
    uint32_t number = (uint32_t)(entry - table->entries);
    if (!entry->owner.call)
        orphan_unlink(table, entry);
    uint32_t *at = &table->buckets[entry->bucket];
    while (*at != number)
        at = &table->entries[*at].chain;
    *at = entry->chain;
    memset(entry, 0, sizeof(*entry));
    entry->chain = table->free;
    table->free = number;
    table->count--;
}

size_t in_flight_count(const struct in_flight *table)
{
    return table->count;
}
