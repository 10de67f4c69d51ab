#include "node/prune.h"

#include "crypto/policy.h"
#include "node/cli.h"
#include "node/disk.h"
#include "node/export_folder.h"
#include "node/images.h"
#include "node/store_gaps.h"
#include "node/store_leveldb.h"
#include "protocol/codec.h"
#include "protocol/cut.h"
#include "protocol/record.h"
#include "protocol/vote.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    IMAGE_HEIGHTS = 4,          /* before an image's: the start from it looks at their seals ... */
    IMAGE_RECORDS = TILE_WIDTH, /* ... and at the records that fill no tile yet */
    HEIGHTS_A_GROUP = 32,
    DAY_MS = 24 * 3600 * 1000
};

struct pruning {
    const struct prune_request *request;
    struct error *error;
    struct charter *charter;
    struct store_leveldb *leveldb;
    struct store store;
    struct signing_key *none; /* signs nothing: no event is ever given */
    struct images images;
    struct replica *replica;
    struct replica_status *status;
    struct checkpoint archived;
    uint64_t archived_heights;
    uint64_t height, records; /* to be pruned up to */
    struct buffer proof;
    struct cli_progress bar;
};

/* ---- opening --------------------------------------------------------------------------------- */

static bool open_replica(struct pruning *p)
{
    struct hash coalition;
    struct replica_config config = {.charter = p->charter, .key = p->none, .store = p->store};
    if (!store_owner(&p->store, &coalition, &config.self, p->error) ||
        !images_init(&p->images, p->request->data, 1, p->error) ||
        !images_open_replica(&p->images, &config, cli_wall_ms(), &p->replica, p->error))
        return false;
    replica_status(p->replica, cli_wall_ms(), p->status);
    const struct charter *charter = replica_charter(p->replica);
    if (config.self.v >= charter->node_count ||
        strcmp(charter->nodes[config.self.v].name, p->request->node) != 0)
        return error_set(p->error, ERROR_INVALID, "it is not the store of node \"%s\"",
                         p->request->node);
    if (p->status->gap.snapshot.height > 0)
        return error_set(p->error, ERROR_NOT_YET,
                         "the history of this node is not whole yet: let it run until it is");
    return p->status->resumed_height > 0 ||
           error_set(p->error, ERROR_NOT_FOUND,
                     "there is no image of the state that fits: the node could not start without "
                     "its oldest heights. Let it run until it has made one (limits.image_records)");
}

static bool open_all(struct pruning *p)
{
    struct store_leveldb_options options = {.any_owner = true};
    if (!charter_parse(p->request->charter, &p->charter, NULL, p->error))
        return false;
    options.coalition = p->charter->coalition;
    if (!store_leveldb_open(p->request->data, &options, &p->leveldb, p->error))
        return false;
    p->store = store_leveldb_store(p->leveldb);
    return open_replica(p);
}

/* ---- the archive ----------------------------------------------------------------------------- */

static bool archive_fails(struct pruning *p, const char *why)
{
    return error_set(p->error, ERROR_CONFLICT, "%s: %s", p->request->archive, why);
}

/* Its last record is the seal of its last height. */
static bool find_last_height(struct pruning *p)
{
    uint64_t last = p->archived.size - 1;
    uint32_t width = (uint32_t)(last % TILE_WIDTH) + 1;
    struct buffer bundle;
    struct record record = {0};
    buffer_init(&bundle, EXPORT_BUNDLE_MAX);
    bool good =
        export_folder_entries(p->request->archive, last / TILE_WIDTH, width, &bundle, p->error);
    struct bytes rest = buffer_bytes(&bundle), entry = {0};
    for (uint32_t i = 0; good && i < width; i++) {
        size_t size = rest.size >= 2 ? get_u16be(rest.at) : SIZE_MAX - 2;
        good = rest.size >= 2 && rest.size - 2 >= size;
        if (!good)
            break;
        entry = bytes_of(rest.at + 2, size);
        rest = bytes_of(rest.at + 2 + size, rest.size - 2 - size);
    }
    good = good &&
           (record_decode(entry, &record, NULL) || archive_fails(p, "its last entry is no record"));
    p->archived_heights = record.height;
    buffer_release(&bundle);
    return good;
}

bool prune_is_final(struct bytes note, const struct charter *now, const struct charter *first,
                    struct checkpoint *checkpoint_out, struct error *error)
{
    const char *policies[] = {now->tlog_policy, first->tlog_policy};
    struct policy policy = {.log_count = 0};
    struct policy_result result;
    bool final = false;
    for (size_t i = 0; i < ARRAY_SIZE(policies) && !final; i++) {
        policy_release(&policy);
        final = policy_parse(bytes_text(policies[i]), &policy, error) &&
                policy_check(&policy, note, checkpoint_out, &result, error);
    }
    policy_release(&policy);
    return final;
}

static bool open_archive(struct pruning *p)
{
    struct buffer charter, note;
    buffer_init(&charter, CHARTER_SIZE_MAX);
    buffer_init(&note, NOTE_SIZE_MAX);
    bool good = export_folder_charter(p->request->archive, &charter, p->error) &&
                export_folder_checkpoint(p->request->archive, &note, p->error);
    if (!good)
        error_wrap(p->error, "the archive is a folder that 'accrue export' wrote");
    if (good && !bytes_equal(buffer_bytes(&charter), p->request->charter))
        good = archive_fails(p, "it holds the log of another coalition");
    good = good && prune_is_final(buffer_bytes(&note), replica_charter(p->replica), p->charter,
                                  &p->archived, p->error);
    if (good && p->archived.size == 0)
        good = archive_fails(p, "it is empty");
    good = good && find_last_height(p);
    buffer_release(&charter);
    buffer_release(&note);
    return good;
}

/* ---- how far --------------------------------------------------------------------------------- */

struct place { /* of one height, as its proof tells it */
    uint64_t first_index, cut_time_ms;
};

static bool read_place(struct pruning *p, uint64_t height, struct place *out)
{
    struct codec_reader reader;
    struct certificate *certificate = (struct certificate *)allocate(1, sizeof(*certificate));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    buffer_clear(&p->proof);
    bool good = replica_height_proof(p->replica, height, &p->proof, p->error);
    codec_reader_init(&reader, buffer_bytes(&p->proof));
    if (good) {
        codec_get_array(&reader, 6, 6);
        (void)codec_get_uint(&reader, UINT16_MAX);
        (void)codec_get_uint(&reader, INT64_MAX);
        out->first_index = codec_get_uint(&reader, INT64_MAX);
        certificate_get(&reader, certificate);
        struct bytes bytes = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
        must(!reader.failed);
        good = cut_decode(bytes, cut, p->error);
        out->cut_time_ms = cut->time_ms;
    }
    free(certificate);
    free(cut);
    return good;
}

/* Whether heights up to this one may go: what is asked for, archived in full files, final, and
 * behind what the node starts from. */
static bool may_go(struct pruning *p, uint64_t height, uint64_t newest_ms, bool *may_out,
                   uint64_t *records_out)
{
    struct place at, next;
    if (!read_place(p, height, &at) || !read_place(p, height + 1, &next))
        return false;
    uint64_t whole = p->archived.size - p->archived.size % TILE_WIDTH;
    uint64_t records = next.first_index, keep_ms = p->request->keep_days * DAY_MS;
    *records_out = records;
    *may_out = newest_ms > keep_ms && at.cut_time_ms < newest_ms - keep_ms && records <= whole &&
               records <= p->status->final_size &&
               records + IMAGE_RECORDS <= p->status->resumed_records;
    return true;
}

/* The last height that may go: all before it may, for time and records only grow. */
static bool find_height(struct pruning *p)
{
    uint64_t low = p->status->gap.pruned_height, records = 0;
    uint64_t high = p->archived_heights - p->archived_heights % EXPORT_HEIGHTS;
    uint64_t image = p->status->resumed_height;
    struct place newest;
    p->height = low;
    p->records = p->status->gap.pruned_records;
    if (!read_place(p, replica_height(p->replica), &newest))
        return false;
    if (image <= IMAGE_HEIGHTS)
        return true;
    high = high < image - IMAGE_HEIGHTS ? high : image - IMAGE_HEIGHTS;
    while (low < high) {
        uint64_t middle = low + (high - low + 1) / 2;
        bool may = false;
        if (!may_go(p, middle, newest.cut_time_ms, &may, &records))
            return false;
        if (may) {
            low = p->height = middle;
            p->records = records;
        } else {
            high = middle - 1;
        }
    }
    return true;
}

/* ---- is it all there? -------------------------------------------------------------------------
 */

/* The bundle's entries are those whose hashes this node's tree has. */
static bool compare_bundle(struct pruning *p, uint64_t index, struct buffer *bundle)
{
    struct hash tile[TILE_WIDTH];
    uint32_t count = 0;
    buffer_clear(bundle);
    if (!export_folder_entries(p->request->archive, index, TILE_WIDTH, bundle, p->error) ||
        !replica_tile(p->replica, 0, index, tile, &count, p->error))
        return false;
    struct bytes rest = buffer_bytes(bundle);
    for (uint32_t i = 0; i < TILE_WIDTH; i++) {
        size_t size = rest.size >= 2 ? get_u16be(rest.at) : SIZE_MAX - 2;
        if (count < TILE_WIDTH || rest.size < 2 || rest.size - 2 < size)
            return archive_fails(p, "a bundle of entries ends too early");
        struct hash leaf = merkle_leaf(bytes_of(rest.at + 2, size));
        if (!hash_equal(&leaf, &tile[i]))
            return archive_fails(p, "an entry is another one than this node has");
        rest = bytes_of(rest.at + 2 + size, rest.size - 2 - size);
    }
    return true;
}

static bool compare_entries(struct pruning *p)
{
    struct buffer bundle;
    bool good = true;
    uint64_t first = p->status->gap.pruned_records / TILE_WIDTH;
    uint64_t end = (p->records + TILE_WIDTH - 1) / TILE_WIDTH;
    buffer_init(&bundle, EXPORT_BUNDLE_MAX);
    for (uint64_t i = first; good && i < end; i++) {
        good = compare_bundle(p, i, &bundle);
        cli_progress_step(&p->bar, 1);
    }
    buffer_release(&bundle);
    return good;
}

static bool compare_heights(struct pruning *p, uint64_t first)
{
    struct buffer archived;
    bool good = true, end = false;
    if (first > p->height)
        return true;
    struct export_heights *heights = export_heights_open(p->request->archive, first, p->height);
    buffer_init(&archived, EXPORT_PROOF_MAX);
    for (uint64_t height = first; good && height <= p->height; height++) {
        buffer_clear(&archived);
        buffer_clear(&p->proof);
        good = export_heights_next(heights, &archived, &end, p->error) &&
               replica_height_proof(p->replica, height, &p->proof, p->error);
        if (good && (end || !bytes_equal(buffer_bytes(&archived), buffer_bytes(&p->proof))))
            good = archive_fails(p, "a height has another proof than this node has: the archive "
                                    "must be exported from this node");
        cli_progress_step(&p->bar, 1);
    }
    export_heights_close(heights);
    buffer_release(&archived);
    return good;
}

/* ---- taking it out ----------------------------------------------------------------------------
 */

static bool take_key(void *visitor, struct bytes key, struct bytes value)
{
    (void)value;
    *(uint64_t *)visitor = key.size == 9 ? get_u64be(key.at + 1) : UINT64_MAX;
    return false;
}

/* The lowest height that is there; UINT64_MAX: none. */
static bool first_height(struct pruning *p, uint64_t *height_out)
{
    struct store_key prefix = key_prefix('H');
    *height_out = UINT64_MAX;
    return p->store.scan(p->store.context, store_key_bytes(&prefix), store_key_bytes(&prefix),
                         false, 1, take_key, height_out, p->error);
}

static bool put_pruned(struct pruning *p)
{
    struct store_group group;
    store_group_init(&group);
    store_put_pruned(&group, &(struct store_pruned){.height = p->height, .records = p->records});
    bool good = store_leveldb_write(p->leveldb, &group, p->error);
    store_group_release(&group);
    return good;
}

/* Its batches and their outcomes, as its proof names them; then its seal, which ends it. */
static bool delete_height(struct pruning *p, uint64_t height, struct store_group *group)
{
    struct codec_reader reader;
    struct certificate *certificate = (struct certificate *)allocate(1, sizeof(*certificate));
    struct place next;
    struct store_key key;
    bool good = read_place(p, height + 1, &next);
    buffer_clear(&p->proof);
    good = good && replica_height_proof(p->replica, height, &p->proof, p->error);
    codec_reader_init(&reader, buffer_bytes(&p->proof));
    if (good) {
        codec_get_array(&reader, 6, 6);
        for (int i = 0; i < 3; i++)
            (void)codec_get_uint(&reader, INT64_MAX);
        certificate_get(&reader, certificate);
        (void)codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
        size_t count = codec_get_array(&reader, 0, NODES_MAX * LANE_BATCHES_PER_CUT_MAX);
        for (size_t i = 0; i < count; i++) {
            struct batch header;
            codec_get_array(&reader, 3, 3);
            struct bytes bytes = codec_get_bytes(&reader, 1, BATCH_SIZE_MAX);
            (void)codec_get_bytes(&reader, SIGNATURE_SIZE, SIGNATURE_SIZE);
            key = key_outcomes(codec_get_uint(&reader, INT64_MAX));
            store_delete(group, store_key_bytes(&key));
            must(!reader.failed && batch_header_decode(bytes, &header, NULL));
            key = key_batch(header.lane.v, header.sequence, &header.id);
            store_delete(group, store_key_bytes(&key));
        }
        key = key_outcomes(next.first_index - 1);
        store_delete(group, store_key_bytes(&key));
        key = key_height(height);
        store_delete(group, store_key_bytes(&key));
    }
    free(certificate);
    return good;
}

static bool delete_heights(struct pruning *p, uint64_t first)
{
    struct store_group group;
    bool good = true;
    store_group_init(&group);
    for (uint64_t height = first; good && height <= p->height; height++) {
        good = delete_height(p, height, &group);
        bool full =
            group.count > 0 && (height == p->height || (height - first + 1) % HEIGHTS_A_GROUP == 0);
        if (good && full) {
            good = store_leveldb_write(p->leveldb, &group, p->error);
            store_group_clear(&group);
        }
        cli_progress_step(&p->bar, 1);
    }
    store_group_release(&group);
    return good;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static uint64_t folder_bytes(const char *path)
{
    uint64_t bytes = 0;
    char name[CLI_PATH_MAX];
    struct stat status;
    DIR *files = opendir(path);
    for (const struct dirent *file = files ? readdir(files) : NULL; file; file = readdir(files))
        if (!snapshot_owns(file->d_name) &&
            snprintf(name, sizeof(name), "%s/%s", path, file->d_name) < (int)sizeof(name) &&
            lstat(name, &status) == 0 && S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size;
    if (files)
        closedir(files);
    return bytes;
}

static bool run(struct pruning *p, struct prune_summary *summary)
{
    uint64_t first = 0;
    if (!open_all(p) || !open_archive(p) || !find_height(p) || !first_height(p, &first))
        return false;
    *summary = (struct prune_summary){.height = p->height, .records = p->records};
    if (first > p->height)
        return true;
    summary->heights = p->height - first + 1;
    cli_progress_init(&p->bar, "prune",
                      (p->records - p->status->gap.pruned_records) / TILE_WIDTH + 1 +
                          2 * summary->heights,
                      p->request->progress);
    bool good = compare_entries(p) && compare_heights(p, first) && put_pruned(p) &&
                delete_heights(p, first) && store_leveldb_compact(p->leveldb, p->error);
    cli_progress_end(&p->bar);
    return good;
}

bool prune_run(const struct prune_request *request, struct prune_summary *summary_out,
               struct error *error)
{
    struct prune_summary summary = {0};
    struct pruning *p = (struct pruning *)allocate(1, sizeof(*p));
    uint64_t before = folder_bytes(request->data);
    p->request = request;
    p->error = error;
    p->none = signing_key_generate();
    p->status = (struct replica_status *)allocate(1, sizeof(*p->status));
    buffer_init(&p->proof, EXPORT_PROOF_MAX);
    bool good = run(p, &summary);
    images_release(&p->images);
    replica_close(p->replica);
    store_leveldb_close(p->leveldb);
    signing_key_close(p->none);
    charter_close(p->charter);
    buffer_release(&p->proof);
    free(p->status);
    free(p);
    summary.bytes_before = before;
    summary.bytes_now = folder_bytes(request->data);
    if (good)
        *summary_out = summary;
    else
        disk_explain(error);
    return good;
}
