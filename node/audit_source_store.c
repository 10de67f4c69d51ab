/* A stopped node's store as the source of an audit. */
#include "node/audit_source.h"

#include "node/images.h"
#include "node/store_gaps.h"
#include "node/store_leveldb.h"

#include <stdlib.h>
#include <string.h>

struct store_source {
    char path[CLI_PATH_MAX];
    struct store_leveldb *store; /* open from the first begin on */
    struct buffer charter_bytes;
    struct charter *charter;
    struct node_id self;
    struct signing_key *none; /* signs nothing: no event is ever given */
    struct images images;     /* of a store that was pruned */
    struct replica *replica;
};

/* Whose store it is: a wrong charter is no damage. */
static bool find_owner(struct store_leveldb *store, const struct charter *charter,
                       struct node_id *self_out, struct error *error)
{
    struct hash coalition;
    struct store entries = store_leveldb_store(store);
    if (!store_owner(&entries, &coalition, self_out, error))
        return false;
    if (hash_equal(&coalition, &charter->coalition))
        return true;
    char own[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&coalition), own);
    return error_set(error, ERROR_CONFLICT,
                     "the store belongs to coalition %s, which is not the charter's: give the "
                     "right one with --charter",
                     own);
}

/* ---- what a source does ---------------------------------------------------------------------- */

static bool store_charter(void *context, struct buffer *json_out, struct error *error)
{
    (void)error;
    buffer_append(json_out, buffer_bytes(&((struct store_source *)context)->charter_bytes));
    return true;
}

static bool store_checkpoint(void *context, struct buffer *note_out, struct error *error)
{
    (void)context, (void)note_out;
    return error_set(error, ERROR_NOT_FOUND, "a stopped node's store holds no signed checkpoint");
}

static bool open_store(struct store_source *source, struct error *error)
{
    struct store_leveldb_options options = {.any_owner = true};
    struct store_leveldb_report report;
    if (source->store)
        return true;
    return charter_parse(buffer_bytes(&source->charter_bytes), &source->charter, NULL, error) &&
           store_leveldb_check(source->path, NULL, &report, error) &&
           store_leveldb_open(source->path, &options, &source->store, error) &&
           find_owner(source->store, source->charter, &source->self, error);
}

/* Opening replays everything and compares it with what is stored, so that a damaged entry is named
 * there already; the audit then repeats it from the log's own bytes alone. What was pruned cannot
 * be replayed: then an image is where it begins. */
static bool open_replica(struct store_source *source, struct error *error)
{
    struct store_pruned pruned;
    struct error none;
    struct replica_config config = {.charter = source->charter,
                                    .self = source->self,
                                    .store = store_leveldb_store(source->store),
                                    .key = source->none};
    if (!store_pruned_to(&config.store, &pruned, &none))
        return replica_open(&config, cli_wall_ms(), &source->replica, error);
    return images_init(&source->images, source->path, 1, error) &&
           images_open_replica(&source->images, &config, cli_wall_ms(), &source->replica, error);
}

static bool store_begin(void *context, uint64_t *size_io, struct error *error)
{
    struct store_source *source = (struct store_source *)context;
    if (!open_store(source, error))
        return false;
    if (!source->replica && !open_replica(source, error)) {
        if (error->code != ERROR_IO && error->code != ERROR_DISK && error->code != ERROR_NOT_YET &&
            error->code != ERROR_GONE)
            error->code = ERROR_CORRUPT; /* a ledger that does not replay */
        return false;
    }
    *size_io = replica_record_count(source->replica);
    return true;
}

static bool store_height(void *context, uint64_t height, struct buffer *proof_out,
                         struct error *error)
{
    return replica_height_proof(((struct store_source *)context)->replica, height, proof_out,
                                error);
}

static bool put_entry(void *visitor, uint64_t index, struct bytes record)
{
    struct buffer *bundle = (struct buffer *)visitor;
    uint8_t size[2];
    (void)index;
    put_u16be(size, (uint16_t)record.size);
    buffer_append(bundle, bytes_of(size, sizeof(size)));
    buffer_append(bundle, record);
    return true;
}

static bool store_entries(void *context, uint64_t index, uint32_t *width_io,
                          struct buffer *bundle_out, struct error *error)
{
    return replica_records(((struct store_source *)context)->replica, index * TILE_WIDTH, *width_io,
                           put_entry, bundle_out, error);
}

static bool store_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                       struct hash tile_out[TILE_WIDTH], struct error *error)
{
    uint32_t count;
    struct hash tile[TILE_WIDTH];
    if (!replica_tile(((struct store_source *)context)->replica, level, index, tile, &count, error))
        return false;
    if (count < width)
        return error_set(error, ERROR_CORRUPT, "%u hashes instead of %u", count, width);
    memcpy(tile_out, tile, sizeof(tile));
    return true;
}

static void store_close(void *context)
{
    struct store_source *source = (struct store_source *)context;
    replica_close(source->replica);
    images_release(&source->images);
    store_leveldb_close(source->store);
    signing_key_close(source->none);
    charter_close(source->charter);
    buffer_release(&source->charter_bytes);
    free(source);
}

bool audit_source_store_of(const struct audit_source *source, struct store *store_out)
{
    const struct store_source *store = (const struct store_source *)source->context;
    if (!store->store || !store->charter)
        return false;
    *store_out = store_leveldb_store(store->store);
    return true;
}

const struct replica *audit_source_store_replica(const struct audit_source *source)
{
    return ((const struct store_source *)source->context)->replica;
}

void audit_source_store(struct audit_source *source_out, const char *path, struct bytes charter)
{
    static const struct audit_source_kind kind = {store_charter, store_checkpoint, store_begin,
                                                  store_height,  store_entries,    store_tile,
                                                  store_close};
    struct store_source *source = (struct store_source *)allocate(1, sizeof(*source));
    snprintf(source->path, sizeof(source->path), "%s", path);
    buffer_init(&source->charter_bytes, CHARTER_SIZE_MAX);
    buffer_append(&source->charter_bytes, charter);
    source->none = signing_key_generate();
    audit_source_init(source_out, &kind, source, path);
}
