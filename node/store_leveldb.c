#include "node/store_leveldb.h"

#include <leveldb/c.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/leveldb_files.h"
#include "node/store_folder.h"

enum {
    WRITE_BUFFER_SIZE = 32 * 1024 * 1024,
    CACHE_SIZE = 64 * 1024 * 1024,
    BLOOM_BITS = 10,
    LAST_SIZE = 8 + HASH_SIZE,
    VERSION_SIZE = 2
};

struct store_leveldb {
    struct store_folder folder;
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
    leveldb_readoptions_t *read;
    leveldb_writeoptions_t *write;
    leveldb_writebatch_t *batch;
    pthread_mutex_t writing; /* guards batch, folder.last, failed */
    bool failed;
};

static const char what_to_do[] =
    "restore this node's folder from a copy, or start it under a fresh key";

/* Takes LevelDB's own text, which is ours to free. */
static bool leveldb_failed(const struct store_leveldb *store, char *text, struct error *error)
{
    bool corrupt = strncmp(text, "Corruption", 10) == 0;
    bool busy = strncmp(text, "IO error: lock", 14) == 0;
    error_set(error,
              corrupt ? ERROR_CORRUPT
              : busy  ? ERROR_BUSY
                      : ERROR_IO,
              "%s: %s%s%s", store->folder.path, text, corrupt ? ": " : "",
              corrupt ? what_to_do : "");
    leveldb_free(text);
    return false;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Both or none: a buffer that has no room for it keeps what it held. */
static bool append_whole(struct buffer *buffer, struct bytes bytes, struct error *error)
{
    if (buffer->overflowed || bytes.size > buffer->limit - buffer->size) {
        return error_set(error, ERROR_LIMIT, "a stored value of %zu bytes, room for %zu",
                         bytes.size, buffer->limit - buffer->size);
    }
    buffer_append(buffer, bytes);
    return true;
}

static bool leveldb_store_get(void *context, struct bytes key, struct buffer *value_out,
                              struct error *error)
{
    const struct store_leveldb *store = context;
    char *failure = NULL;
    size_t size = 0;
    char *value =
        leveldb_get(store->db, store->read, (const char *)key.at, key.size, &size, &failure);
    if (failure) {
        return leveldb_failed(store, failure, error);
    }
    if (!value) {
        return error_set(error, ERROR_NOT_FOUND, "the store has no such key");
    }
    bool done = append_whole(value_out, bytes_of(value, size), error);
    leveldb_free(value);
    return done;
}

static bool starts_with(struct bytes text, struct bytes prefix)
{
    return text.size >= prefix.size && bytes_equal(bytes_of(text.at, prefix.size), prefix);
}

struct cursor {
    const struct store_leveldb *store;
    leveldb_iterator_t *iterator;
    struct bytes prefix;
};

/* Past a block that fails its checksum an iterator goes on with the next one, and only its status
 * tells: so that is asked at every entry. */
static bool cursor_sound(const struct cursor *cursor, struct error *error)
{
    char *failure = NULL;
    leveldb_iter_get_error(cursor->iterator, &failure);
    return failure ? leveldb_failed(cursor->store, failure, error) : true;
}

static bool cursor_at(const struct cursor *cursor, struct bytes *key_out)
{
    if (!leveldb_iter_valid(cursor->iterator)) {
        return false;
    }
    size_t size = 0;
    const char *at = leveldb_iter_key(cursor->iterator, &size);
    *key_out = bytes_of(at, size);
    return starts_with(*key_out, cursor->prefix);
}

static struct bytes cursor_value(const struct cursor *cursor)
{
    size_t size = 0;
    const char *at = leveldb_iter_value(cursor->iterator, &size);
    return bytes_of(at, size);
}

static void cursor_seek(const struct cursor *cursor, struct bytes key)
{
    leveldb_iter_seek(cursor->iterator, key.size > 0 ? (const char *)key.at : "", key.size);
}

/* To the greatest key <= `key`. */
static void cursor_seek_back(const struct cursor *cursor, struct bytes key)
{
    cursor_seek(cursor, key);
    if (!leveldb_iter_valid(cursor->iterator)) {
        leveldb_iter_seek_to_last(cursor->iterator);
        return;
    }
    size_t size = 0;
    const char *at = leveldb_iter_key(cursor->iterator, &size);
    if (!bytes_equal(bytes_of(at, size), key)) {
        leveldb_iter_prev(cursor->iterator);
    }
}

/* To the greatest key with the cursor's prefix, wherever `from` beyond it lies. */
static void cursor_seek_prefix_end(const struct cursor *cursor)
{
    uint8_t after[STORE_KEY_MAX];
    size_t size = cursor->prefix.size;
    must(size > 0 && size <= sizeof(after)); /* nothing lies beyond the empty prefix */
    memcpy(after, cursor->prefix.at, size);
    while (size > 0 && after[size - 1] == 0xFF) {
        size--;
    }
    if (size == 0) {
        leveldb_iter_seek_to_last(cursor->iterator);
        return;
    }
    after[size - 1]++;
    cursor_seek(cursor, bytes_of(after, size));
    if (leveldb_iter_valid(cursor->iterator)) {
        leveldb_iter_prev(cursor->iterator);
    } else {
        leveldb_iter_seek_to_last(cursor->iterator);
    }
}

static void cursor_start(const struct cursor *cursor, struct bytes from, bool backwards)
{
    bool inside = starts_with(from, cursor->prefix);
    bool beyond = !inside && bytes_compare(from, cursor->prefix) > 0;
    if (!backwards) {
        cursor_seek(cursor, inside || beyond ? from : cursor->prefix);
    } else if (beyond) {
        cursor_seek_prefix_end(cursor);
    } else {
        cursor_seek_back(cursor, from);
    }
}

static bool leveldb_store_get_at_or_before(void *context, struct bytes prefix, struct bytes key,
                                           struct buffer *key_out, struct buffer *value_out,
                                           struct error *error)
{
    struct store_leveldb *store = context;
    struct cursor cursor = {.store = store, .prefix = prefix};
    cursor.iterator = leveldb_create_iterator(store->db, store->read);
    cursor_start(&cursor, key, true);
    struct bytes found;
    bool done = cursor_sound(&cursor, error);
    if (done && !cursor_at(&cursor, &found)) {
        done = error_set(error, ERROR_NOT_FOUND, "the store has no such key");
    }
    if (done) {
        size_t before = key_out->size;
        done = append_whole(key_out, found, error);
        if (done && !append_whole(value_out, cursor_value(&cursor), error)) {
            key_out->size = before;
            done = false;
        }
    }
    leveldb_iter_destroy(cursor.iterator);
    return done;
}

static bool leveldb_store_scan(void *context, struct bytes prefix, struct bytes from,
                               bool backwards, size_t limit,
                               bool (*visit)(void *visitor, struct bytes key, struct bytes value),
                               void *visitor, struct error *error)
{
    struct store_leveldb *store = context;
    struct cursor cursor = {.store = store, .prefix = prefix};
    cursor.iterator = leveldb_create_iterator(store->db, store->read);
    cursor_start(&cursor, from, backwards);
    bool sound = cursor_sound(&cursor, error);
    struct bytes key;
    for (size_t count = 0; sound && count < limit && cursor_at(&cursor, &key); count++) {
        if (!visit(visitor, key, cursor_value(&cursor))) {
            break;
        }
        if (backwards) {
            leveldb_iter_prev(cursor.iterator);
        } else {
            leveldb_iter_next(cursor.iterator);
        }
        sound = cursor_sound(&cursor, error);
    }
    leveldb_iter_destroy(cursor.iterator);
    return sound;
}

struct store store_leveldb_store(struct store_leveldb *store)
{
    return (struct store){.context = store,
                          .get = leveldb_store_get,
                          .get_at_or_before = leveldb_store_get_at_or_before,
                          .scan = leveldb_store_scan};
}

/* ---- writing ------------------------------------------------------------------------------ */

static void batch_put(struct store_leveldb *store, const struct store_key *key, struct bytes value)
{
    leveldb_writebatch_put(store->batch, (const char *)key->at, key->size, (const char *)value.at,
                           value.size);
}

static void batch_fill(struct store_leveldb *store, const struct store_group *group)
{
    leveldb_writebatch_clear(store->batch);
    struct store_key last = key_meta("last");
    struct bytes rest = buffer_bytes(&group->ops), key, value;
    while (store_group_next(&rest, &key, &value)) {
        must(key.at[0] != 'C' && !bytes_equal(key, store_key_bytes(&last)));
        if (value.at) {
            leveldb_writebatch_put(store->batch, (const char *)key.at, key.size,
                                   (const char *)value.at, value.size);
        } else {
            leveldb_writebatch_delete(store->batch, (const char *)key.at, key.size);
        }
    }
}

static struct store_last batch_link(struct store_leveldb *store, const struct store_group *group)
{
    struct store_last next = {.counter = store->folder.last.counter + 1};
    struct bytes parts[] = {hash_as_bytes(&store->folder.last.value), buffer_bytes(&group->ops)};
    next.value = hash_parts(parts, ARRAY_SIZE(parts));
    struct store_key link = key_counter(next.counter);
    batch_put(store, &link, hash_as_bytes(&next.value));
    if (next.counter > STORE_LINKS_KEPT) {
        struct store_key oldest = key_counter(next.counter - STORE_LINKS_KEPT);
        leveldb_writebatch_delete(store->batch, (const char *)oldest.at, oldest.size);
    }
    uint8_t at[LAST_SIZE];
    put_u64be(at, next.counter);
    memcpy(at + 8, next.value.at, HASH_SIZE);
    struct store_key last = key_meta("last");
    batch_put(store, &last, bytes_of(at, sizeof(at)));
    return next;
}

static bool write_locked(struct store_leveldb *store, const struct store_group *group,
                         struct error *error)
{
    if (store->failed) {
        return error_set(error, ERROR_IO, "%s takes no more groups after a failed write",
                         store->folder.path);
    }
    if (!store_folder_is_there(&store->folder, error)) {
        store->failed = true;
        return false;
    }
    batch_fill(store, group);
    struct store_last next = batch_link(store, group);
    char *failure = NULL;
    leveldb_write(store->db, store->write, store->batch, &failure);
    /* Whether a group that failed is in the log nobody knows: its link may be there. */
    store->failed = true;
    if (failure) {
        return leveldb_failed(store, failure, error);
    }
    store->failed = !store_folder_witness(&store->folder, &next, error);
    return !store->failed;
}

bool store_leveldb_write(struct store_leveldb *store, const struct store_group *group,
                         struct error *error)
{
    if (group->ops.overflowed) {
        return error_set(error, ERROR_LIMIT, "a group of changes exceeds %d bytes",
                         (int)STORE_GROUP_MAX);
    }
    pthread_mutex_lock(&store->writing);
    bool done = write_locked(store, group, error);
    pthread_mutex_unlock(&store->writing);
    return done;
}

uint64_t store_leveldb_counter(struct store_leveldb *store)
{
    pthread_mutex_lock(&store->writing);
    uint64_t counter = store->folder.last.counter;
    pthread_mutex_unlock(&store->writing);
    return counter;
}

/* ---- the M keys --------------------------------------------------------------------------- */

/* ERROR_CORRUPT unless the key is there with exactly `size` bytes. */
static bool meta_read(struct store_leveldb *store, const char *name, uint8_t *out, size_t size,
                      struct error *error)
{
    struct store_key key = key_meta(name);
    struct buffer value;
    buffer_init(&value, LAST_SIZE);
    struct error reason = {0};
    bool done = leveldb_store_get(store, store_key_bytes(&key), &value, &reason);
    if (done && value.size == size) {
        memcpy(out, value.at, size);
    } else if (done || reason.code == ERROR_NOT_FOUND || reason.code == ERROR_LIMIT) {
        done = error_set(error, ERROR_CORRUPT, "%s: the store's key \"M %s\" is %s: %s",
                         store->folder.path, name, done ? "malformed" : "missing", what_to_do);
    } else {
        done = error_set(error, reason.code, "%s", reason.text);
    }
    buffer_release(&value);
    return done;
}

static bool meta_check(struct store_leveldb *store, const struct store_leveldb_options *options,
                       struct error *error)
{
    uint8_t version[VERSION_SIZE], node[2];
    struct hash coalition;
    if (!meta_read(store, "version", version, sizeof(version), error) ||
        !meta_read(store, "coalition", coalition.at, HASH_SIZE, error) ||
        !meta_read(store, "node", node, sizeof(node), error)) {
        return false;
    }
    const char *path = store->folder.path;
    if (get_u16be(version) != STORE_FORMAT) {
        return error_set(error, ERROR_CONFLICT,
                         "%s has store format %u, this program reads format %d: use the program "
                         "that wrote it",
                         path, (unsigned)get_u16be(version), (int)STORE_FORMAT);
    }
    if (!options->any_owner && !hash_equal(&coalition, &options->coalition)) {
        char theirs[HASH_HEX_SIZE + 1], ours[HASH_HEX_SIZE + 1];
        hex_encode(hash_as_bytes(&coalition), theirs);
        hex_encode(hash_as_bytes(&options->coalition), ours);
        return error_set(error, ERROR_CONFLICT,
                         "%s belongs to coalition %s, the charter is that of coalition %s: give "
                         "each coalition a data folder of its own",
                         path, theirs, ours);
    }
    if (!options->any_owner && get_u16be(node) != options->node) {
        return error_set(error, ERROR_CONFLICT,
                         "%s belongs to node %u of the coalition, this is node %u: give each node "
                         "a data folder of its own",
                         path, (unsigned)get_u16be(node), (unsigned)options->node);
    }
    return true;
}

static bool meta_create(struct store_leveldb *store, const struct store_leveldb_options *options,
                        struct error *error)
{
    struct store_key version = key_meta("version"), coalition = key_meta("coalition"),
                     node = key_meta("node");
    uint8_t version16[VERSION_SIZE], node16[2];
    put_u16be(version16, STORE_FORMAT);
    put_u16be(node16, options->node);
    struct store_group group;
    store_group_init(&group);
    store_put(&group, store_key_bytes(&version), bytes_of(version16, sizeof(version16)));
    store_put(&group, store_key_bytes(&coalition), hash_as_bytes(&options->coalition));
    store_put(&group, store_key_bytes(&node), bytes_of(node16, sizeof(node16)));
    bool done = store_leveldb_write(store, &group, error);
    store_group_release(&group);
    return done && store_folder_sync(&store->folder, error);
}

/* ---- the chain ---------------------------------------------------------------------------- */

struct chain {
    uint64_t first, next; /* the link wanted next */
    struct store_last end, witness;
    bool witness_differs;
};

static bool chain_visit(void *visitor, struct bytes key, struct bytes value)
{
    struct chain *chain = visitor;
    bool expected = key.size == 9 && get_u64be(key.at + 1) == chain->next &&
                    value.size == HASH_SIZE && chain->next <= chain->end.counter;
    if (!expected) {
        return false;
    }
    const struct store_last *known[] = {&chain->end, &chain->witness};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        bool same = memcmp(value.at, known[i]->value.at, HASH_SIZE) == 0;
        chain->witness_differs |= chain->next == known[i]->counter && !same;
    }
    chain->next++;
    return true;
}

static bool chain_lost(const struct store_leveldb *store, uint64_t first, uint64_t last,
                       struct error *error)
{
    return error_set(error, ERROR_CORRUPT, "%s: groups %llu to %llu of the store are missing: %s",
                     store->folder.path, (unsigned long long)first, (unsigned long long)last,
                     what_to_do);
}

static bool chain_check(struct store_leveldb *store, struct error *error)
{
    uint8_t at[LAST_SIZE];
    if (!meta_read(store, "last", at, sizeof(at), error)) {
        return false;
    }
    struct chain chain = {.witness = store->folder.last};
    chain.end.counter = get_u64be(at);
    memcpy(chain.end.value.at, at + 8, HASH_SIZE);
    if (chain.end.counter < chain.witness.counter) {
        return chain_lost(store, chain.end.counter + 1, chain.witness.counter, error);
    }
    chain.first =
        chain.end.counter > STORE_LINKS_KEPT ? chain.end.counter - STORE_LINKS_KEPT + 1 : 1;
    chain.next = chain.first;
    struct store_key prefix = key_prefix('C');
    if (!leveldb_store_scan(store, store_key_bytes(&prefix), store_key_bytes(&prefix), false,
                            STORE_LINKS_KEPT + 1, chain_visit, &chain, error)) {
        return false;
    }
    if (chain.end.counter == 0 || chain.next <= chain.end.counter) {
        return chain_lost(store, chain.next, chain.end.counter, error);
    }
    if (chain.witness_differs) {
        return error_set(error, ERROR_CORRUPT,
                         "%s: the chain of groups does not lead to its last one (%llu): %s",
                         store->folder.path, (unsigned long long)chain.end.counter, what_to_do);
    }
    /* A power cut may leave the witness behind; from here on it is exact again. */
    return store_folder_witness(&store->folder, &chain.end, error);
}

bool store_leveldb_compact(struct store_leveldb *store, struct error *error)
{
    /* LevelDB tells nothing of how it went: what it could not do shows in the next write. */
    leveldb_compact_range(store->db, NULL, 0, NULL, 0);
    char *problems = leveldb_property_value(store->db, "leveldb.stats");
    bool answers = problems != NULL;
    leveldb_free(problems);
    return answers || error_set(error, ERROR_IO, "%s: LevelDB does not answer", store->folder.path);
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

static bool store_start(struct store_leveldb *store, bool create, struct error *error)
{
    store->cache = leveldb_cache_create_lru(CACHE_SIZE);
    store->filter = leveldb_filterpolicy_create_bloom(BLOOM_BITS);
    store->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(store->read, 1);
    store->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(store->write, 1);
    store->batch = leveldb_writebatch_create();
    store->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(store->options, create);
    leveldb_options_set_paranoid_checks(store->options, 1);
    leveldb_options_set_write_buffer_size(store->options, WRITE_BUFFER_SIZE);
    leveldb_options_set_cache(store->options, store->cache);
    leveldb_options_set_filter_policy(store->options, store->filter);
    leveldb_options_set_compression(store->options, leveldb_snappy_compression);
    char *failure = NULL;
    store->db = leveldb_open(store->options, store->folder.path, &failure);
    return store->db ? true : leveldb_failed(store, failure, error);
}

static bool visit_any(void *visitor, struct bytes key, struct bytes value)
{
    (void)key;
    (void)value;
    *(bool *)visitor = true;
    return false;
}

/* A store that was being made when the power went is empty, or has its first group already. */
static bool store_create(struct store_leveldb *store, const struct store_leveldb_options *options,
                         struct error *error)
{
    bool filled = false;
    if (!leveldb_store_scan(store, bytes_of(NULL, 0), bytes_of(NULL, 0), false, 1, visit_any,
                            &filled, error)) {
        return false;
    }
    return filled || meta_create(store, options, error);
}

static bool store_prepare(struct store_leveldb *store, const struct store_leveldb_options *options,
                          struct error *error)
{
    bool fresh = store->folder.fresh;
    return leveldb_files_check(store->folder.path, false, NULL, error) &&
           store_start(store, fresh, error) && (!fresh || store_create(store, options, error)) &&
           meta_check(store, options, error) && chain_check(store, error);
}

bool store_leveldb_open(const char *path, const struct store_leveldb_options *options,
                        struct store_leveldb **store_out, struct error *error)
{
    struct store_leveldb *store = allocate(1, sizeof(*store));
    pthread_mutex_init(&store->writing, NULL);
    if (!store_folder_init(&store->folder, path, options->create, error) ||
        !store_prepare(store, options, error)) {
        store_leveldb_close(store);
        store_leveldb_explain(path, error);
        return false;
    }
    *store_out = store;
    return true;
}

void store_leveldb_explain(const char *path, struct error *error)
{
    struct error named = {0};
    if (error && error->code == ERROR_CORRUPT && !leveldb_files_check(path, true, NULL, &named) &&
        named.code == ERROR_CORRUPT) {
        *error = named;
    }
}

void store_leveldb_close(struct store_leveldb *store)
{
    if (!store) {
        return;
    }
    if (store->db) {
        leveldb_close(store->db);
    }
    if (store->options) {
        leveldb_options_destroy(store->options);
        leveldb_writebatch_destroy(store->batch);
        leveldb_writeoptions_destroy(store->write);
        leveldb_readoptions_destroy(store->read);
        leveldb_filterpolicy_destroy(store->filter);
        leveldb_cache_destroy(store->cache);
    }
    store_folder_release(&store->folder);
    pthread_mutex_destroy(&store->writing);
    free(store);
}
