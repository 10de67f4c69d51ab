#include "node/verify.h"

#include "node/replica.h"
#include "node/store_leveldb.h"
#include "protocol/batch.h"

#include <string.h>

struct walk {
    struct audit *audit;
    struct cli_progress progress;
};

static bool give_record(void *visitor, uint64_t index, struct bytes record)
{
    struct walk *walk = (struct walk *)visitor;
    (void)index;
    audit_record(walk->audit, record);
    return true;
}

static bool read_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    uint32_t count;
    struct hash tile[TILE_WIDTH];
    if (!replica_tile((const struct replica *)context, level, index, tile, &count, error))
        return false;
    if (count < width)
        return error_set(error, ERROR_CORRUPT, "%u hashes instead of %u", count, width);
    memcpy(tile_out, tile, sizeof(tile));
    return true;
}

static void audit_heights(struct replica *replica, struct walk *walk)
{
    struct buffer proof;
    struct error error;
    uint64_t first;
    uint64_t count;
    buffer_init(&proof, STORE_VALUE_MAX);
    for (uint64_t height = 1; height <= replica_height(replica); height++) {
        buffer_clear(&proof);
        if (!replica_height_proof(replica, height, &proof, &error)) {
            audit_found(walk->audit, "store", "to be read", error.text, "height %llu",
                        (unsigned long long)height);
            break;
        }
        if (!audit_height_begin(walk->audit, buffer_bytes(&proof), &first, &count))
            break;
        if (!replica_records(replica, first, count, give_record, walk, &error)) {
            audit_found(walk->audit, "store", "to be read", error.text, "records of height %llu",
                        (unsigned long long)height);
            break;
        }
        cli_progress_step(&walk->progress, count);
        if (audit_records(walk->audit) != first + count || !audit_height_end(walk->audit))
            break;
    }
    buffer_release(&proof);
}

/* ---- what no height refers to --------------------------------------------------------------- */

struct leftovers {
    struct verify_node *node;
    uint64_t tiles, blocks;
};

static void check_batch(struct leftovers *left, struct bytes key, struct bytes value)
{
    const struct charter *charter = left->node->charter;
    struct batch batch;
    struct error error = {0};
    struct store_key own;
    bool good = batch_decode(value, &batch, &error) && batch.lane.v < charter->node_count;
    if (good) {
        struct verifier *verifier = verifier_open(&charter->nodes[batch.lane.v].sign_key);
        own = key_batch(batch.lane.v, batch.sequence, &batch.id);
        good = verifier && batch_verify(&batch, verifier) &&
               hash_equal(&batch.coalition, &charter->coalition) &&
               bytes_equal(store_key_bytes(&own), key);
        verifier_close(verifier);
    }
    unsigned lane = key.size > 10 ? get_u16be(key.at + 1) : 0;
    unsigned long long sequence = key.size > 10 ? get_u64be(key.at + 3) : 0;
    if (!good)
        audit_found(left->node->audit, "batch", "the batch that its key names, and signed",
                    error.text[0] ? error.text : "another", "batch %llu of lane %u", sequence,
                    lane);
}

static bool check_entry(void *visitor, struct bytes key, struct bytes value)
{
    struct leftovers *left = (struct leftovers *)visitor;
    left->tiles += key.at[0] == 'T';
    left->blocks += key.at[0] == 'O';
    if (key.at[0] == 'B')
        check_batch(left, key, value);
    else if (!strchr("MCHOTVPLQSF", key.at[0]))
        audit_found(left->node->audit, "store", "a known kind of entry", "another",
                    "an entry of kind %02x", key.at[0]);
    return true;
}

static void count_entries(struct audit *audit, const char *what, uint64_t expected, uint64_t found)
{
    char want[32];
    char have[32];
    snprintf(want, sizeof(want), "%llu", (unsigned long long)expected);
    snprintf(have, sizeof(have), "%llu", (unsigned long long)found);
    if (expected != found)
        audit_found(audit, "store", want, have, "number of %s", what);
}

/* Batches that no height took yet, and entries too many. */
static void audit_leftovers(struct store_leveldb *leveldb, struct verify_node *node)
{
    struct leftovers left = {.node = node};
    struct store store = store_leveldb_store(leveldb);
    struct error error;
    struct audit_counts counts = audit_counts_of(node->audit);
    uint64_t tiles = 0;
    if (!store.scan(store.context, bytes_of(NULL, 0), bytes_of(NULL, 0), false, SIZE_MAX,
                    check_entry, &left, &error))
        audit_found(node->audit, "store", "to be read", error.text, "every entry");
    if (audit_finding_count(node->audit))
        return; /* the counts are of what was audited */
    for (uint64_t at = counts.records / TILE_WIDTH; at; at /= TILE_WIDTH)
        tiles += at;
    count_entries(node->audit, "full tiles", tiles, left.tiles);
    count_entries(node->audit, "outcomes and seals", counts.batches + counts.heights, left.blocks);
}

/* ---- a store ------------------------------------------------------------------------------- */

/* Opening replays everything and compares it with what is stored, so that a damaged entry is named
 * there already; the audit then repeats it from the log's own bytes alone. */
static void audit_store(struct store_leveldb *store, struct node_id self, struct verify_node *node,
                        bool progress)
{
    struct replica_config config = {
        .charter = node->charter, .self = self, .store = store_leveldb_store(store)};
    struct signing_key *none = signing_key_generate(); /* signs nothing: no event is ever given */
    struct replica *replica = NULL;
    struct error error;
    config.key = none;
    if (replica_open(&config, cli_wall_ms(), &replica, &error)) {
        struct audit_tiles tiles = {.context = replica, .read = read_tile};
        node->audit = audit_open(node->charter, &tiles);
        struct walk walk = {.audit = node->audit};
        struct replica_status status;
        replica_status(replica, cli_wall_ms(), &status);
        cli_progress_init(&walk.progress, "verify", status.records, progress);
        audit_heights(replica, &walk);
        audit_finish(node->audit);
        cli_progress_end(&walk.progress);
    } else {
        node->audit = audit_open(node->charter, NULL);
        audit_found(node->audit, "store", "a ledger that replays", error.text, "%s", node->name);
    }
    audit_leftovers(store, node);
    replica_close(replica);
    signing_key_close(none);
}

static bool get_meta(struct store_leveldb *leveldb, const char *name, uint8_t *out, size_t size,
                     struct error *error)
{
    struct store store = store_leveldb_store(leveldb);
    struct store_key key = key_meta(name);
    struct buffer value;
    buffer_init(&value, STORE_KEY_MAX);
    bool ok = store.get(store.context, store_key_bytes(&key), &value, error);
    if (ok && value.size != size)
        ok = error_set(error, ERROR_CORRUPT, "entry M %s has %zu bytes", name, value.size);
    if (ok)
        memcpy(out, value.at, size);
    buffer_release(&value);
    return ok;
}

/* Whose store it is: a wrong charter is no damage. */
static bool find_owner(struct store_leveldb *store, const struct charter *charter,
                       struct node_id *self_out, struct error *error)
{
    struct hash coalition;
    uint8_t number[2];
    if (!get_meta(store, "coalition", coalition.at, HASH_SIZE, error) ||
        !get_meta(store, "node", number, sizeof(number), error))
        return false;
    self_out->v = get_u16be(number);
    if (hash_equal(&coalition, &charter->coalition) && self_out->v < charter->node_count)
        return true;
    char own[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&coalition), own);
    return error_set(error, ERROR_CONFLICT,
                     "the store belongs to coalition %s, which is not the charter's: give the "
                     "right one with --charter",
                     own);
}

bool verify_store(const char *path, struct bytes charter, bool progress,
                  struct verify_node *node_out, struct error *error)
{
    struct verify_node *node = node_out;
    struct store_leveldb_options options = {.any_owner = true};
    struct store_leveldb_report report;
    struct store_leveldb *store = NULL;
    memset(node, 0, sizeof(*node));
    snprintf(node->name, sizeof(node->name), "%s", path);
    buffer_init(&node->charter_bytes, CHARTER_SIZE_MAX);
    buffer_append(&node->charter_bytes, charter);
    if (!charter_parse(charter, &node->charter, NULL, error))
        return false;
    struct node_id self;
    bool ok = store_leveldb_check(path, NULL, &report, error) &&
              store_leveldb_open(path, &options, &store, error) &&
              find_owner(store, node->charter, &self, error);
    if (ok) {
        audit_store(store, self, node, progress);
    } else if (error->code == ERROR_CORRUPT) {
        node->audit = audit_open(node->charter, NULL);
        audit_found(node->audit, "store", "files that are whole", error->text, "%s", path);
        ok = true;
    }
    store_leveldb_close(store);
    if (!ok) {
        node->trouble_code = error->code;
        snprintf(node->trouble, sizeof(node->trouble), "%s", error->text);
    }
    return ok;
}
