#include "node/verify.h"

#include "node/audit_source.h"
#include "node/store_leveldb.h"
#include "protocol/batch.h"

#include <stdlib.h>
#include <string.h>

/* ---- what no height refers to --------------------------------------------------------------- */

struct leftovers {
    struct verify_node *node;
    uint64_t tiles, blocks;
};

/* By a key that the lane has, or had: batches of a key that was replaced may be left over. */
static bool is_signed(const struct leftovers *left, const struct batch *batch)
{
    const struct state *state = audit_state(left->node->audit);
    uint64_t height = state_height(state) + 2;
    for (bool more = true; more;) {
        const struct charter *charter = state_charter_at(state, height);
        struct verifier *verifier = batch->lane.v < charter->node_count
                                        ? verifier_open(&charter->nodes[batch->lane.v].sign_key)
                                        : NULL;
        bool good = verifier && batch_verify(batch, verifier);
        verifier_close(verifier);
        if (good)
            return true;
        more = charter->from_height > 1;
        height = charter->from_height - 1;
    }
    return false;
}

static void check_batch(struct leftovers *left, struct bytes key, struct bytes value)
{
    struct batch batch;
    struct error error = {0};
    bool good = batch_decode(value, &batch, &error);
    if (good) {
        struct store_key own = key_batch(batch.lane.v, batch.sequence, &batch.id);
        good = hash_equal(&batch.coalition, &left->node->charter->coalition) &&
               bytes_equal(store_key_bytes(&own), key) && is_signed(left, &batch);
    }
    unsigned lane = key.size > 10 ? get_u16be(key.at + 1) : 0;
    unsigned long long sequence = key.size > 10 ? get_u64be(key.at + 3) : 0;
    if (!good)
        audit_found(
            left->node->audit, AUDIT_STORE_BATCH, "the batch that its key names, and signed",
            error.text[0] ? error.text : "another", "batch %llu of lane %u", sequence, lane);
}

static bool check_entry(void *visitor, struct bytes key, struct bytes value)
{
    struct leftovers *left = (struct leftovers *)visitor;
    left->tiles += key.at[0] == 'T';
    left->blocks += key.at[0] == 'O';
    if (key.at[0] == 'B')
        check_batch(left, key, value);
    else if (!strchr("MCHOTVPLQSFEAGRN", key.at[0]))
        audit_found(left->node->audit, AUDIT_STORE, "a known kind of entry", "another",
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
        audit_found(audit, AUDIT_STORE, want, have, "number of %s", what);
}

/* Batches that no height took yet, and entries too many. */
static void audit_leftovers(const struct audit_source *source, struct verify_node *node)
{
    struct leftovers left = {.node = node};
    struct store store;
    struct error error;
    struct audit_counts counts = audit_counts_of(node->audit);
    uint64_t tiles = 0;
    uint64_t blocks = node->kept.blocks + counts.batches + counts.heights;
    if (!audit_source_store_of(source, &store))
        return;
    if (!store.scan(store.context, bytes_of(NULL, 0), bytes_of(NULL, 0), false, SIZE_MAX,
                    check_entry, &left, &error))
        audit_found(node->audit, AUDIT_STORE, "to be read", error.text, "every entry");
    if (audit_finding_count(node->audit))
        return; /* the counts are of what was audited */
    for (uint64_t at = audit_records(node->audit) / TILE_WIDTH; at; at /= TILE_WIDTH)
        tiles += at;
    count_entries(node->audit, "full tiles", tiles, left.tiles);
    count_entries(node->audit, "outcomes and seals", blocks, left.blocks);
}

/* ---- a store ------------------------------------------------------------------------------- */

/* From the first height on; where that was pruned, from the image on, after what is there before.
 */
static bool open_audit(const struct audit_source *source, const struct audit_tiles *tiles,
                       struct verify_node *node, struct error *error)
{
    const struct replica *replica = audit_source_store_replica(source);
    struct replica_status *status = (struct replica_status *)allocate(1, sizeof(*status));
    bool good = true;
    replica_status(replica, 0, status);
    if (status->gap.pruned_height == 0)
        node->audit = audit_open(node->charter, tiles, NULL);
    else
        good = verify_kept_open(replica, source->name, node->charter, tiles, &node->kept,
                                &node->audit, error);
    free(status);
    if (good && node->kept.pruned_height > 0)
        verify_kept_check(replica, node->audit, &node->kept);
    return good;
}

static bool audit_store(struct audit_source *source, struct verify_node *node, bool progress,
                        struct error *error)
{
    struct audit_tiles tiles = audit_source_tiles(source);
    struct cli_progress bar;
    struct error why;
    if (!open_audit(source, &tiles, node, error))
        return false;
    cli_progress_init(&bar, "verify", source->size - audit_records(node->audit), progress);
    if (audit_follow(node->audit, source, &bar, &why))
        audit_finish(node->audit);
    else
        audit_found(node->audit, AUDIT_STORE, "to be read", why.text, "height %llu",
                    (unsigned long long)audit_height(node->audit) + 1);
    cli_progress_end(&bar);
    return true;
}

bool verify_store(const char *path, struct bytes charter, bool progress,
                  struct verify_node *node_out, struct error *error)
{
    struct verify_node *node = node_out;
    struct audit_source source;
    memset(node, 0, sizeof(*node));
    snprintf(node->name, sizeof(node->name), "%s", path);
    buffer_init(&node->charter_bytes, CHARTER_SIZE_MAX);
    buffer_append(&node->charter_bytes, charter);
    if (!charter_parse(charter, &node->charter, NULL, error))
        return false;
    audit_source_store(&source, path, charter);
    bool ok = audit_source_begin(&source, 0, error) && audit_store(&source, node, progress, error);
    if (!ok && error->code == ERROR_CORRUPT) {
        node->audit = audit_open(node->charter, NULL, NULL);
        audit_found(node->audit, AUDIT_STORE, "a ledger that is whole and replays", error->text,
                    "%s", path);
        ok = true;
    }
    if (ok)
        audit_leftovers(&source, node);
    audit_source_close(&source);
    if (!ok) {
        node->trouble_code = error->code;
        snprintf(node->trouble, sizeof(node->trouble), "%s", error->text);
    }
    return ok;
}
