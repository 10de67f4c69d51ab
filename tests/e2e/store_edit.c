// links: node
/* store_edit DIR            how many entries of each kind
 * store_edit DIR KIND PLACE SEED
 *
 * Changes one byte of an entry of a stopped node's store through LevelDB itself, so that every
 * checksum and the chain of groups stay right. PLACE is 0 (first) .. 1000 (last) of the kind's
 * entries. An entry without a value has a byte of its key changed. KIND l is a byte of a link, in
 * an O entry. Prints what a reader must be told: the place that an error has to name. */
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"

static leveldb_t *db;

static void done_or_die(char *failure)
{
    if (!failure)
        return;
    fprintf(stderr, "store_edit: %s\n", failure);
    exit(2);
}

static void open_store(const char *path)
{
    char *failure = NULL;
    leveldb_options_t *options = leveldb_options_create();
    leveldb_options_set_paranoid_checks(options, 1);
    db = leveldb_open(options, path, &failure);
    leveldb_options_destroy(options);
    done_or_die(failure);
}

/* Counts the entries of a kind; copies the key and value of entry `wanted`. */
static size_t walk(char kind, size_t wanted, struct buffer *key_out, struct buffer *value_out)
{
    leveldb_readoptions_t *read = leveldb_readoptions_create();
    leveldb_iterator_t *at = leveldb_create_iterator(db, read);
    size_t count = 0, size;
    for (leveldb_iter_seek(at, &kind, 1); leveldb_iter_valid(at); leveldb_iter_next(at)) {
        const char *key = leveldb_iter_key(at, &size);
        if (key[0] != kind)
            break;
        if (count++ != wanted)
            continue;
        buffer_append(key_out, bytes_of(key, size));
        const char *value = leveldb_iter_value(at, &size);
        buffer_append(value_out, bytes_of(value, size));
    }
    leveldb_iter_destroy(at);
    leveldb_readoptions_destroy(read);
    return count;
}

static void write_entry(const struct buffer *old_key, const struct buffer *key,
                        const struct buffer *value)
{
    char *failure = NULL;
    leveldb_writeoptions_t *write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(write, 1);
    leveldb_delete(db, write, (const char *)old_key->at, old_key->size, &failure);
    done_or_die(failure);
    leveldb_put(db, write, (const char *)key->at, key->size, (const char *)value->at, value->size,
                &failure);
    done_or_die(failure);
    leveldb_writeoptions_destroy(write);
}

static void print_place(const struct buffer *key)
{
    unsigned long long last = key->size >= 9 ? get_u64be(key->at + key->size - 8) : 0;
    switch (key->at[0]) {
    case 'B':
        printf("batch %llu of lane %u\n", (unsigned long long)get_u64be(key->at + 3),
               get_u16be(key->at + 1));
        return;
    case 'H':
        printf("height %llu\n", last);
        return;
    case 'O':
        printf("outcomes from record %llu on\n", last);
        return;
    case 'T':
        printf("tile %u/%llu\n", key->at[1], last);
        return;
    case 'M':
        printf("%.*s\n", (int)key->size - 1, (const char *)key->at + 1);
        return;
    default: {
        char hex[2 * STORE_KEY_MAX + 1];
        hex_encode(bytes_of(key->at + 1, key->size - 1), hex);
        printf("entry %c %s\n", key->at[0], hex);
    }
    }
}

/* Where the links of one of the entry's records stand in its value; false: it is a seal. */
static bool find_links(const struct buffer *value, uint32_t drawn, size_t *from_out, size_t *to_out)
{
    struct stored_block block;
    struct stored_entry taken;
    struct bytes entry;
    if (!stored_block_decode(buffer_bytes(value), &block, NULL) || block.is_seal)
        return false;
    for (uint64_t i = 0; i <= drawn % block.count; i++)
        if (!stored_entry_next(&block.entries, &entry))
            return false;
    if (!stored_entry_decode(entry, INT64_MAX, &taken, NULL))
        return false;
    *from_out = (size_t)(entry.at - value->at);
    *to_out = (size_t)(taken.outcome.at - value->at);
    return true;
}

/* The entry at `place`, or the first after it that has links. */
static void edit_link(unsigned long place, unsigned long seed)
{
    struct buffer none = {0}, key, value;
    size_t count = walk('O', SIZE_MAX, &none, &none), from = 0, to = 0;
    struct hash drawn = hash_bytes(bytes_of(&seed, sizeof(seed)));
    buffer_init(&key, STORE_KEY_MAX);
    buffer_init(&value, STORE_VALUE_MAX);
    for (size_t i = 0; i < count && to == 0; i++) {
        buffer_clear(&key);
        buffer_clear(&value);
        walk('O', ((count - 1) * place / 1000 + i) % count, &key, &value);
        (void)find_links(&value, get_u32be(drawn.at), &from, &to);
    }
    if (to == 0) {
        fprintf(stderr, "store_edit: no entry with links\n");
        exit(2);
    }
    size_t at = from + get_u32be(drawn.at + 4) % (to - from);
    uint8_t by = (uint8_t)(1 + drawn.at[8] % 255);
    value.at[at] ^= by;
    fprintf(stderr, "byte %zu of %zu of the links ^ %02x\n", at - from, to - from, by);
    print_place(&key);
    write_entry(&key, &key, &value);
    buffer_release(&key);
    buffer_release(&value);
}

static void edit(char kind, unsigned long place, unsigned long seed)
{
    struct buffer none = {0}, old_key, key, value;
    size_t count = walk(kind, SIZE_MAX, &none, &none);
    if (count == 0) {
        fprintf(stderr, "store_edit: no entry of kind %c\n", kind);
        exit(2);
    }
    buffer_init(&old_key, STORE_KEY_MAX);
    buffer_init(&key, STORE_KEY_MAX);
    buffer_init(&value, STORE_VALUE_MAX);
    walk(kind, (count - 1) * place / 1000, &old_key, &value);
    buffer_append(&key, buffer_bytes(&old_key));
    struct hash drawn = hash_bytes(bytes_of(&seed, sizeof(seed)));
    struct buffer *changed = value.size ? &value : &key;
    size_t from = value.size ? 0 : 1; /* not the kind */
    size_t at = from + get_u32be(drawn.at) % (changed->size - from);
    uint8_t by = (uint8_t)(1 + drawn.at[4] % 255);
    changed->at[at] ^= by;
    fprintf(stderr, "byte %zu of %zu of a %s ^ %02x\n", at, changed->size,
            value.size ? "value" : "key", by);
    print_place(&old_key);
    write_entry(&old_key, &key, &value);
    buffer_release(&old_key);
    buffer_release(&key);
    buffer_release(&value);
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 5) {
        fprintf(stderr, "usage: store_edit DIR [KIND PLACE SEED]\n");
        return 2;
    }
    open_store(argv[1]);
    if (argc == 5 && argv[2][0] == 'l') {
        edit_link(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    } else if (argc == 5) {
        edit(argv[2][0], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    } else {
        struct buffer none = {0};
        for (const char *kind = "MCBHOTVPLQ"; *kind; kind++)
            printf("%c %zu\n", *kind, walk(*kind, SIZE_MAX, &none, &none));
    }
    leveldb_close(db);
    return 0;
}
