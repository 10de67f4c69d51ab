#include "partners/table.h"

#include "crypto/large_array.h"

#include <string.h>

enum { TABLE_CAPACITY_MIN = 16 };
#define TABLE_CAPACITY_MAX ((size_t)1 << 32) /* as many homes as tags */

/* Multiply-and-fold over 8-byte words: two multiplications for a member reference. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t table_hash(uint64_t seed, struct bytes bytes)
{
    static const uint64_t odd_a = UINT64_C(0x9e3779b97f4a7c15),
                          odd_b = UINT64_C(0xd6e8feb86659fd93);
    uint64_t hash = seed ^ (odd_a * (bytes.size + 1)), word;
    size_t left = bytes.size;
    const uint8_t *at = bytes.at;
    for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
        memcpy(&word, at, sizeof(word));
        hash = fold(hash ^ word, odd_b) ^ odd_a;
    }
    word = 0;
    for (size_t i = 0; i < left; i++)
        word = word << 8 | at[i];
    return fold(fold(hash ^ word, odd_b) ^ odd_a, odd_a);
}

static uint32_t tag_of(uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    return tag ? tag : 1;
}

/* By the tag's high bits. */
static size_t home_of(uint32_t tag, size_t capacity)
{
    return (size_t)((uint64_t)tag * capacity >> 32);
}

void table_release(struct table *table)
{
    large_array_release(table->slots, table->room, sizeof(*table->slots));
    *table = (struct table){0};
}

bool table_find(const struct table *table, uint64_t hash, table_equal *equal, const void *context,
                const void *key, uint32_t *value_out)
{
    if (table->capacity == 0)
        return false;
    size_t mask = table->capacity - 1;
    uint32_t tag = tag_of(hash);
    for (size_t i = home_of(tag, table->capacity); table->slots[i].tag; i = (i + 1) & mask) {
        const struct table_slot *slot = &table->slots[i];
        if (slot->tag == tag && equal(context, slot->value, key)) {
            *value_out = slot->value;
            return true;
        }
    }
    return false;
}

void table_fetch(const struct table *table, uint64_t hash)
{
    if (table->capacity > 0)
        __builtin_prefetch(&table->slots[home_of(tag_of(hash), table->capacity)], 1);
}

static bool any(const void *context, uint32_t value, const void *key)
{
    (void)context, (void)value, (void)key;
    return true;
}

bool table_guess(const struct table *table, uint64_t hash, uint32_t *value_out)
{
    return table_find(table, hash, any, NULL, NULL, value_out);
}

static void place(struct table *table, struct table_slot slot)
{
    size_t mask = table->capacity - 1, i = home_of(slot.tag, table->capacity);
    while (table->slots[i].tag)
        i = (i + 1) & mask;
    table->slots[i] = slot;
}

/* Both tables are walked from front to back, since homes keep the order of tags. */
static void grow(struct table *table, size_t capacity)
{
    struct table grown = {.capacity = capacity, .count = table->count};
    must(capacity <= TABLE_CAPACITY_MAX);
    grown.slots = large_array_grow(NULL, &grown.room, capacity, sizeof(*grown.slots));
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].tag)
            place(&grown, table->slots[i]);
    table_release(table);
    *table = grown;
}

void table_reserve(struct table *table, size_t count)
{
    size_t capacity = TABLE_CAPACITY_MIN;
    must(count <= SIZE_MAX / 4 / sizeof(*table->slots));
    while (count * 4 > capacity * 3)
        capacity *= 2;
    if (capacity > table->capacity)
        grow(table, capacity);
}

void table_insert(struct table *table, uint64_t hash, uint32_t value)
{
    if ((table->count + 1) * 4 > table->capacity * 3)
        grow(table, table->capacity ? table->capacity * 2 : TABLE_CAPACITY_MIN);
    place(table, (struct table_slot){.tag = tag_of(hash), .value = value});
    table->count++;
}

/* Closes the gap at `hole`: an entry moves back when its home does not lie after the hole. */
static void close_gap(struct table *table, size_t hole)
{
    size_t mask = table->capacity - 1;
    for (size_t i = (hole + 1) & mask; table->slots[i].tag; i = (i + 1) & mask) {
        size_t home = home_of(table->slots[i].tag, table->capacity);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            table->slots[hole] = table->slots[i];
            hole = i;
        }
    }
    table->slots[hole] = (struct table_slot){0};
}

void table_remove(struct table *table, uint64_t hash, uint32_t value)
{
    must(table->count > 0);
    uint32_t tag = tag_of(hash);
    size_t mask = table->capacity - 1, i = home_of(tag, table->capacity);
    while (table->slots[i].tag && !(table->slots[i].tag == tag && table->slots[i].value == value))
        i = (i + 1) & mask;
    must(table->slots[i].tag);
    close_gap(table, i);
    table->count--;
}
