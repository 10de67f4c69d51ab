#include "node/verify_kept.h"

#include "node/audit_source.h"
#include "node/snapshot.h"
#include "protocol/codec.h"
#include "protocol/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- the beginning --------------------------------------------------------------------------- */

struct tree {
    const struct replica *replica;
    struct merkle merkle;
    bool differs;
    struct error error;
};

static bool read_tile(void *context, uint32_t level, uint64_t index,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    uint32_t count = 0;
    struct hash tile[TILE_WIDTH];
    if (!replica_tile((const struct replica *)context, level, index, tile, &count, error))
        return false;
    if (count < TILE_WIDTH)
        return error_set(error, ERROR_CORRUPT, "tile %u/%" PRIu64 " is not full", level, index);
    memcpy(tile_out, tile, sizeof(tile));
    return true;
}

/* What the tiles below give is what the tile above holds. */
static void on_full_tile(void *context, uint32_t level, uint64_t index,
                         const struct hash tile[TILE_WIDTH])
{
    struct tree *tree = (struct tree *)context;
    struct hash stored[TILE_WIDTH];
    struct error why = {.code = ERROR_NONE};
    bool same = read_tile((void *)(uintptr_t)tree->replica, level, index, stored, &why) &&
                memcmp(stored, tile, sizeof(stored)) == 0;
    if (!same && !tree->differs)
        error_set(&tree->error, ERROR_CORRUPT, "tile %u/%" PRIu64 ": %s", level, index,
                  why.code == ERROR_NONE ? "it differs from what the tiles below give" : why.text);
    tree->differs |= !same;
}

/* Of the records up to the image, by their tiles. */
static bool build_tree(struct tree *tree, uint64_t size, struct error *error)
{
    struct hash hashes[TILE_WIDTH];
    uint32_t count = 0;
    merkle_init(&tree->merkle);
    for (uint64_t i = 0; i < size && !tree->differs; i++) {
        uint64_t place = i % TILE_WIDTH;
        if (place == 0 && !replica_tile(tree->replica, 0, i / TILE_WIDTH, hashes, &count, error))
            return false;
        if (place >= count)
            return error_set(error, ERROR_CORRUPT, "tile 0/%" PRIu64 " ends too early",
                             i / TILE_WIDTH);
        merkle_append(&tree->merkle, &hashes[place], on_full_tile, tree);
    }
    return !tree->differs || error_set(error, ERROR_CORRUPT, "%s", tree->error.text);
}

/* Digest and records of a height, as its seal says; the root, by the tiles. */
static bool past_of(const struct tree *tree, uint64_t records, struct audit_height *past_out,
                    struct error *error)
{
    struct buffer bytes;
    struct record seal;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    bool good = replica_record(tree->replica, records - 1, &bytes, error) &&
                record_decode(buffer_bytes(&bytes), &seal, error) &&
                merkle_root_at(&tree->merkle, records, read_tile, (void *)(uintptr_t)tree->replica,
                               &past_out->root, error);
    if (good) {
        past_out->records = records;
        past_out->digest = seal.state_digest;
    }
    buffer_release(&bytes);
    return good;
}

/* ---- a height -------------------------------------------------------------------------------- */

struct height {
    uint64_t height, first;
    struct certificate certificate;
    struct bytes cut_bytes;
    struct cut cut;
    size_t batches;
    struct buffer proof;
};

static bool height_read(const struct replica *replica, uint64_t height, struct height *out,
                        struct error *error)
{
    struct codec_reader reader;
    buffer_clear(&out->proof);
    if (!replica_height_proof(replica, height, &out->proof, error))
        return false;
    codec_reader_init(&reader, buffer_bytes(&out->proof));
    codec_get_array(&reader, 6, 6);
    (void)codec_get_uint(&reader, UINT16_MAX);
    out->height = codec_get_uint(&reader, INT64_MAX);
    out->first = codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, &out->certificate);
    out->cut_bytes = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    out->batches = codec_get_array(&reader, 0, CODEC_ITEMS_MAX);
    if (reader.failed)
        return error_set(error, ERROR_CORRUPT, "its proof is damaged");
    return cut_decode(out->cut_bytes, &out->cut, error);
}

static struct height *height_open(void)
{
    struct height *height = (struct height *)allocate(1, sizeof(*height));
    buffer_init(&height->proof, AUDIT_PROOF_MAX);
    return height;
}

static void height_close(struct height *height)
{
    buffer_release(&height->proof);
    free(height);
}

/* ---- opening --------------------------------------------------------------------------------- */

static bool start_of(struct tree *tree, const struct verify_kept *kept, struct height *at,
                     struct audit_start *start_out, struct error *error)
{
    if (!build_tree(tree, kept->image_records, error) ||
        !height_read(tree->replica, kept->image_height, at, error))
        return false;
    start_out->past_count = 0;
    if (kept->image_height > 1 &&
        !past_of(tree, at->first, &start_out->past[start_out->past_count++], error))
        return false;
    start_out->cut = at->cut_bytes;
    start_out->tree = &tree->merkle;
    return past_of(tree, kept->image_records, &start_out->past[start_out->past_count++], error);
}

bool verify_kept_open(const struct replica *replica, const char *folder,
                      const struct charter *charter, const struct audit_tiles *tiles,
                      struct verify_kept *kept_out, struct audit **audit_out, struct error *error)
{
    struct replica_status *status = (struct replica_status *)allocate(1, sizeof(*status));
    struct tree *tree = (struct tree *)allocate(1, sizeof(*tree));
    struct height *at = height_open();
    struct audit_start start = {.past_count = 0};
    struct state *state = NULL;
    struct buffer note;
    buffer_init(&note, SNAPSHOT_NOTE_MAX);
    replica_status(replica, 0, status);
    tree->replica = replica;
    *kept_out = (struct verify_kept){.pruned_height = status->gap.pruned_height,
                                     .pruned_records = status->gap.pruned_records,
                                     .image_height = status->resumed_height,
                                     .image_records = status->resumed_records};
    bool good =
        start_of(tree, kept_out, at, &start, error) &&
        snapshot_read(folder, kept_out->image_height, charter, &state, &note, NULL, error) &&
        audit_open_at(charter, tiles, &start, state, audit_out, error);
    buffer_release(&note);
    height_close(at);
    free(tree);
    free(status);
    return good;
}

/* ---- what is there before the image ---------------------------------------------------------- */

struct keys { /* of the charter that is in force */
    const struct charter *charter;
    struct verifier *verifiers[NODES_MAX];
    bool is_voter[NODES_MAX];
};

static void keys_release(struct keys *keys)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(keys->verifiers[i]);
    *keys = (struct keys){.charter = NULL};
}

static void keys_enter(struct keys *keys, const struct charter *charter)
{
    must(charter != NULL);
    if (charter == keys->charter)
        return;
    keys_release(keys);
    keys->charter = charter;
    for (size_t i = 0; i < charter->node_count; i++) {
        keys->verifiers[i] = verifier_open(&charter->nodes[i].sign_key);
        keys->is_voter[i] = charter->nodes[i].voter;
    }
}

static bool is_certified(struct keys *keys, const struct audit *audit, const struct height *at)
{
    struct error why;
    keys_enter(keys, state_charter_at(audit_state(audit), at->cut.height));
    return at->certificate.height == at->cut.height &&
           hash_equal(&at->certificate.cut, &at->cut.id) &&
           certificate_verify(&at->certificate, &keys->charter->coalition,
                              (const struct verifier *const *)keys->verifiers, keys->is_voter,
                              keys->charter->node_count, quorum_size(keys->charter->voter_count),
                              &why);
}

/* Certified, and each the next of the one before. False: nothing can be said of what follows. */
static bool check_heights(const struct replica *replica, struct audit *audit,
                          struct verify_kept *kept)
{
    struct height *at = height_open();
    struct keys keys = {.charter = NULL};
    struct error error;
    struct hash previous = {{0}};
    bool good = true;
    for (uint64_t height = kept->pruned_height + 1; good && height <= kept->image_height;
         height++) {
        good = height_read(replica, height, at, &error);
        if (!good) {
            audit_found(audit, AUDIT_PROOF_FORM, "a height proof", error.text, "height %" PRIu64,
                        height);
        } else if (at->height != height || at->cut.height != height) {
            good = false;
            audit_found(audit, AUDIT_CUT_HEIGHT, "the cut of this height", "another",
                        "height %" PRIu64, height);
        } else if (height > kept->pruned_height + 1 && !hash_equal(&at->cut.previous, &previous)) {
            good = false;
            audit_found(audit, AUDIT_CUT_PREVIOUS, "the cut of the height before", "another",
                        "height %" PRIu64, height);
        } else if (!is_certified(&keys, audit, at)) {
            good = false;
            audit_found(audit, AUDIT_CERTIFICATE, "valid signatures of a quorum", "too few",
                        "height %" PRIu64 ": certificate", height);
        }
        previous = at->cut.id;
        kept->blocks += at->batches + 1;
    }
    keys_release(&keys);
    height_close(at);
    return good;
}

struct compared {
    const struct replica *replica;
    struct audit *audit;
    struct hash tile[TILE_WIDTH];
    uint32_t count;
    uint64_t tile_index; /* UINT64_MAX: none was read */
    bool good;
};

static bool compare_record(void *visitor, uint64_t index, struct bytes record)
{
    struct compared *compared = (struct compared *)visitor;
    struct hash leaf = merkle_leaf(record);
    struct error error = {.code = ERROR_NONE};
    bool good = true;
    if (compared->tile_index != index / TILE_WIDTH)
        good = replica_tile(compared->replica, 0, index / TILE_WIDTH, compared->tile,
                            &compared->count, &error);
    compared->tile_index = index / TILE_WIDTH;
    good = good && index % TILE_WIDTH < compared->count &&
           hash_equal(&leaf, &compared->tile[index % TILE_WIDTH]);
    compared->good = good;
    if (!good)
        audit_found(compared->audit, AUDIT_TILE_HASH, "the hash of the record",
                    error.code == ERROR_NONE ? "another" : error.text, "record %" PRIu64, index);
    return good;
}

void verify_kept_check(const struct replica *replica, struct audit *audit, struct verify_kept *kept)
{
    struct compared compared = {
        .replica = replica, .audit = audit, .tile_index = UINT64_MAX, .good = true};
    struct error error;
    uint64_t first = kept->pruned_records;
    if (check_heights(replica, audit, kept) &&
        !replica_records(replica, first, kept->image_records - first, compare_record, &compared,
                         &error) &&
        compared.good)
        audit_found(audit, AUDIT_STORE, "to be read", error.text, "records from %" PRIu64 " on",
                    first);
}
