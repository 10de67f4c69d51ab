#include "node/audit_source.h"

#include "node/export_folder.h"
#include "protocol/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { HEIGHTS_A_PAGE = 256 };

void audit_source_init(struct audit_source *source, const struct audit_source_kind *kind,
                       void *context, const char *name)
{
    *source = (struct audit_source){.kind = kind, .context = context, .bundle_index = UINT64_MAX};
    snprintf(source->name, sizeof(source->name), "%s", name);
    buffer_init(&source->bundle, EXPORT_BUNDLE_MAX);
}

void audit_source_close(struct audit_source *source)
{
    if (source->kind)
        source->kind->close(source->context);
    buffer_release(&source->bundle);
    *source = (struct audit_source){0};
}

/* What a log of this size must have and has not is no better than wrong bytes. */
static bool missing(struct error *error)
{
    if (error->code == ERROR_NOT_FOUND)
        error->code = ERROR_CORRUPT;
    return false;
}

/* ---- records --------------------------------------------------------------------------------- */

bool audit_source_begin(struct audit_source *source, uint64_t size, struct error *error)
{
    source->bundle_index = UINT64_MAX;
    source->size = size;
    return source->kind->begin(source->context, &source->size, error);
}

static bool next_entry(struct audit_source *source, struct bytes *record_out, struct error *error)
{
    struct bytes rest = source->rest;
    size_t size = rest.size >= 2 ? get_u16be(rest.at) : SIZE_MAX - 2;
    if (rest.size < 2 || rest.size - 2 < size)
        return error_set(error, ERROR_CORRUPT, "a bundle that ends before it");
    *record_out = bytes_of(rest.at + 2, size);
    source->rest = bytes_of(rest.at + 2 + size, rest.size - 2 - size);
    source->next++;
    if (source->next == source->end && source->rest.size > 0)
        return error_set(error, ERROR_CORRUPT, "a bundle that goes on after it");
    return true;
}

static bool load(struct audit_source *source, uint64_t index, struct error *error)
{
    uint64_t bundle = index / TILE_WIDTH, left = source->size - bundle * TILE_WIDTH;
    uint32_t width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH;
    struct bytes skipped;
    buffer_clear(&source->bundle);
    source->bundle_index = UINT64_MAX;
    if (!source->kind->entries(source->context, bundle, &width, &source->bundle, error))
        return missing(error);
    if (source->bundle.overflowed)
        return error_set(error, ERROR_CORRUPT, "a bundle of more bytes than it can have");
    source->bundle_index = bundle;
    source->rest = buffer_bytes(&source->bundle);
    source->next = bundle * TILE_WIDTH;
    source->end = source->next + width;
    while (source->next < index)
        if (!next_entry(source, &skipped, error))
            return false;
    return true;
}

bool audit_source_record(struct audit_source *source, uint64_t index, struct bytes *record_out,
                         struct error *error)
{
    must(index < source->size);
    bool loaded = source->bundle_index == index / TILE_WIDTH && source->next == index;
    return (loaded || load(source, index, error)) && next_entry(source, record_out, error);
}

static bool read_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    struct audit_source *source = (struct audit_source *)context;
    return source->kind->tile(source->context, level, index, width, tile_out, error);
}

struct audit_tiles audit_source_tiles(struct audit_source *source)
{
    return (struct audit_tiles){.context = source, .read = read_tile};
}

/* ---- following ------------------------------------------------------------------------------- */

/* False: the source could not be asked. What it gave wrongly is a finding. */
static bool follow_records(struct audit *audit, struct audit_source *source, uint64_t first,
                           uint64_t count, struct error *error)
{
    for (uint64_t i = 0; i < count; i++) {
        struct bytes record;
        if (!audit_source_record(source, first + i, &record, error)) {
            if (error->code != ERROR_CORRUPT)
                return false;
            audit_found(audit, AUDIT_ENTRIES_FORM, "an entry", error->text,
                        "height %" PRIu64 ": record %" PRIu64, audit_height(audit) + 1, first + i);
            return true;
        }
        audit_record(audit, record);
    }
    return true;
}

static bool follow_height(struct audit *audit, struct audit_source *source, struct buffer *proof,
                          struct error *error)
{
    uint64_t height = audit_height(audit) + 1, first = 0, count = 0;
    buffer_clear(proof);
    if (!source->kind->height(source->context, height, proof, error)) {
        if (error->code != ERROR_NOT_FOUND && error->code != ERROR_CORRUPT)
            return false;
        bool none = error->code == ERROR_NOT_FOUND;
        audit_found(audit, none ? AUDIT_PROOF_MISSING : AUDIT_PROOF_FORM, "a height proof",
                    error->text, "height %" PRIu64, height);
        return true;
    }
    if (!audit_height_begin(audit, buffer_bytes(proof), &first, &count))
        return true;
    if (count > source->size - first) {
        audit_found(audit, AUDIT_CHECKPOINT_SIZE, "to end with a height",
                    "one that ends inside of it", "height %" PRIu64, height);
        return true;
    }
    if (!follow_records(audit, source, first, count, error))
        return false;
    if (audit_records(audit) == first + count)
        (void)!audit_height_end(audit);
    return true;
}

bool audit_follow(struct audit *audit, struct audit_source *source, struct cli_progress *progress,
                  struct error *error)
{
    struct buffer proof;
    bool ok = true;
    buffer_init(&proof, AUDIT_PROOF_MAX);
    while (ok && audit_finding_count(audit) == 0 && audit_records(audit) < source->size) {
        uint64_t before = audit_records(audit);
        ok = follow_height(audit, source, &proof, error);
        cli_progress_step(progress, audit_records(audit) - before);
    }
    buffer_release(&proof);
    return ok;
}

/* ---- a node ---------------------------------------------------------------------------------- */

struct node_source {
    struct http *http;
    const struct cli_target *target;
    struct buffer page; /* of height proofs */
    struct bytes rest;
    uint64_t next; /* the height at `rest` */
};

static bool node_charter(void *context, struct buffer *json_out, struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    return http_get(node->http, node->target, "/v1/charter", json_out, error);
}

static bool node_checkpoint(void *context, struct buffer *note_out, struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    return http_get(node->http, node->target, "/checkpoint", note_out, error);
}

static bool node_begin(void *context, uint64_t *size_io, struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    (void)size_io, (void)error;
    node->rest = bytes_of(NULL, 0);
    return true;
}

/* A page that is damaged is asked for height by height, so that what is damaged has a name. */
static bool node_page(struct node_source *node, uint64_t height, struct error *error)
{
    char path[HTTP_PATH_MAX];
    for (int count = HEIGHTS_A_PAGE;; count = 1) {
        snprintf(path, sizeof(path), "/v1/heights?from=%" PRIu64 "&count=%d", height, count);
        buffer_clear(&node->page);
        if (http_get(node->http, node->target, path, &node->page, error))
            break;
        if (count == 1 || error->code == ERROR_BUSY)
            return false;
    }
    node->rest = buffer_bytes(&node->page);
    node->next = height;
    return true;
}

static bool node_height(void *context, uint64_t height, struct buffer *proof_out,
                        struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    if ((node->rest.size == 0 || node->next != height) && !node_page(node, height, error))
        return false;
    struct bytes rest = node->rest;
    if (rest.size == 0)
        return error_set(error, ERROR_NOT_FOUND, "no more of them");
    size_t size = rest.size >= 4 ? get_u32be(rest.at) : SIZE_MAX - 4;
    if (rest.size < 4 || rest.size - 4 < size)
        return error_set(error, ERROR_CORRUPT, "a page that ends before it");
    buffer_append(proof_out, bytes_of(rest.at + 4, size));
    node->rest = bytes_of(rest.at + 4 + size, rest.size - 4 - size);
    node->next++;
    return true;
}

static bool node_entries(void *context, uint64_t index, uint32_t *width_io,
                         struct buffer *bundle_out, struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    struct tile_name name = {.kind = TILE_ENTRIES, .index = index, .width = *width_io};
    if (!http_get_tile(node->http, node->target, &name, bundle_out, error))
        return false;
    *width_io = name.width;
    return true;
}

static bool node_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    struct node_source *node = (struct node_source *)context;
    struct tile_name name = {.level = level, .index = index, .width = width};
    struct buffer tile;
    buffer_init(&tile, TILE_SIZE);
    bool ok = http_get_tile(node->http, node->target, &name, &tile, error);
    if (ok && (tile.overflowed || tile.size != (size_t)name.width * HASH_SIZE))
        ok = error_set(error, ERROR_CORRUPT, "%zu bytes instead of %u", tile.size,
                       name.width * HASH_SIZE);
    if (ok)
        memcpy(tile_out, tile.at, (size_t)width * HASH_SIZE);
    buffer_release(&tile);
    return ok;
}

static void node_close(void *context)
{
    struct node_source *node = (struct node_source *)context;
    buffer_release(&node->page);
    free(node);
}

void audit_source_http(struct audit_source *source_out, struct http *http,
                       const struct cli_target *target)
{
    static const struct audit_source_kind kind = {node_charter, node_checkpoint, node_begin,
                                                  node_height,  node_entries,    node_tile,
                                                  node_close};
    struct node_source *node = (struct node_source *)allocate(1, sizeof(*node));
    node->http = http;
    node->target = target;
    buffer_init(&node->page, HTTP_BODY_MAX);
    audit_source_init(source_out, &kind, node, target->name);
}

/* ---- an exported folder ---------------------------------------------------------------------- */

struct folder_source {
    char dir[CLI_PATH_MAX];
    uint64_t size, last; /* records and heights */
    struct export_heights *heights;
    uint64_t next; /* height that they come to */
};

static bool folder_charter(void *context, struct buffer *json_out, struct error *error)
{
    return export_folder_charter(((struct folder_source *)context)->dir, json_out, error);
}

static bool folder_checkpoint(void *context, struct buffer *note_out, struct error *error)
{
    return export_folder_checkpoint(((struct folder_source *)context)->dir, note_out, error);
}

static bool folder_entries(void *context, uint64_t index, uint32_t *width_io,
                           struct buffer *bundle_out, struct error *error)
{
    struct folder_source *folder = (struct folder_source *)context;
    uint32_t wanted = *width_io;
    if (!export_folder_entries(folder->dir, index, wanted, bundle_out, error))
        return false;
    /* A full file in the place of a partial one that was dropped holds 256. */
    struct bytes rest = buffer_bytes(bundle_out);
    uint32_t count = 0;
    while (rest.size >= 2 && rest.size - 2 >= get_u16be(rest.at) && count < TILE_WIDTH) {
        size_t size = 2 + (size_t)get_u16be(rest.at);
        rest = bytes_of(rest.at + size, rest.size - size);
        count++;
    }
    *width_io = count == TILE_WIDTH ? TILE_WIDTH : wanted;
    return true;
}

/* How many heights there are, says the seal that the log ends with; what it says is checked when
 * its turn comes. */
static bool last_height(struct folder_source *folder, struct error *error)
{
    struct audit_source source;
    struct bytes bytes;
    struct record record;
    struct buffer bundle;
    uint64_t last = folder->size - 1;
    uint32_t width = (uint32_t)(last % TILE_WIDTH) + 1;
    buffer_init(&bundle, EXPORT_BUNDLE_MAX);
    source = (struct audit_source){0};
    bool ok = folder_entries(folder, last / TILE_WIDTH, &width, &bundle, error) || missing(error);
    source.rest = buffer_bytes(&bundle);
    for (uint64_t i = 0; ok && i <= last % TILE_WIDTH; i++)
        ok = next_entry(&source, &bytes, error);
    if (ok && (!record_decode(bytes, &record, NULL) || record.height == 0))
        ok = error_set(error, ERROR_CORRUPT, "%s: its last entry is no record", folder->dir);
    if (ok)
        folder->last = record.height;
    buffer_release(&bundle);
    return ok;
}

static bool folder_begin(void *context, uint64_t *size_io, struct error *error)
{
    struct folder_source *folder = (struct folder_source *)context;
    export_heights_close(folder->heights);
    folder->heights = NULL;
    folder->size = *size_io;
    return folder->size == 0 || last_height(folder, error);
}

static bool folder_height(void *context, uint64_t height, struct buffer *proof_out,
                          struct error *error)
{
    struct folder_source *folder = (struct folder_source *)context;
    bool end = false;
    if (height > folder->last)
        return error_set(error, ERROR_NOT_FOUND, "no more of them");
    if (!folder->heights || folder->next != height) {
        export_heights_close(folder->heights);
        folder->heights = export_heights_open(folder->dir, height, folder->last);
        folder->next = height;
    }
    if (!export_heights_next(folder->heights, proof_out, &end, error))
        return error->code != ERROR_LIMIT ? false : error_set(error, ERROR_CORRUPT, "too large");
    folder->next++;
    return true;
}

static bool folder_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                        struct hash tile_out[TILE_WIDTH], struct error *error)
{
    return export_folder_tile(((struct folder_source *)context)->dir, level, index, width, tile_out,
                              error);
}

static void folder_close(void *context)
{
    export_heights_close(((struct folder_source *)context)->heights);
    free(context);
}

void audit_source_folder(struct audit_source *source_out, const char *dir)
{
    static const struct audit_source_kind kind = {folder_charter, folder_checkpoint, folder_begin,
                                                  folder_height,  folder_entries,    folder_tile,
                                                  folder_close};
    struct folder_source *folder = (struct folder_source *)allocate(1, sizeof(*folder));
    snprintf(folder->dir, sizeof(folder->dir), "%s", dir);
    audit_source_init(source_out, &kind, folder, dir);
}
