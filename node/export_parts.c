#include "node/export_parts.h"

#include "node/export_folder.h"
#include "node/file.h"
#include "protocol/codec.h"
#include "protocol/record.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ----------------------------------------------------------------------------------- */

bool export_make_folder(struct export *export, const char *path)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ||
           error_set(export->error, ERROR_IO, "%s: %s", path, strerror(errno));
}

/* The folders that lie between the export's own and the file. */
static bool make_folders(struct export *export, const char *name)
{
    char path[CLI_PATH_MAX];
    for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/'))
        if (!cli_path(path, export->error, "%s/%.*s", export->dir, (int)(at - name), name) ||
            !export_make_folder(export, path))
            return false;
    return true;
}

bool export_put(struct export *export, const char *name, struct bytes contents)
{
    char path[CLI_PATH_MAX];
    return make_folders(export, name) &&
           cli_path(path, export->error, "%s/%s", export->dir, name) &&
           file_replace(path, 0644, contents, export->error);
}

bool export_put_part(struct export *export, const struct tile_name *name, struct bytes contents)
{
    char text[TILE_NAME_SIZE];
    tile_name_format(name, text);
    export->fetched++;
    return export_put(export, text, contents);
}

/* Whether the file is there, and how large; false with *found_out true: it could not be told. */
static bool part_size(struct export *export, const struct tile_name *name, uint64_t *size_out,
                      bool *found_out)
{
    char text[TILE_NAME_SIZE], path[CLI_PATH_MAX];
    struct stat status;
    tile_name_format(name, text);
    *found_out = true;
    if (!cli_path(path, export->error, "%s/%s", export->dir, text))
        return false;
    if (stat(path, &status) == 0) {
        *size_out = (uint64_t)status.st_size;
        return true;
    }
    *found_out = errno != ENOENT;
    return *found_out ? error_set(export->error, ERROR_IO, "%s: %s", path, strerror(errno)) : true;
}

static bool remove_file(struct export *export, const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ||
           error_set(export->error, ERROR_IO, "%s: %s", path, strerror(errno));
}

bool export_drop_parts(struct export *export, enum tile_kind kind, uint32_t level, uint64_t index,
                       uint64_t items)
{
    struct tile_name name = {.kind = kind, .level = level, .index = index, .width = 1};
    char text[TILE_NAME_SIZE], folder[CLI_PATH_MAX], path[CLI_PATH_MAX], keep[16] = "";
    tile_name_format(&name, text);
    *strrchr(text, '/') = '\0'; /* the folder of partial ones */
    if (items / TILE_WIDTH == index && items % TILE_WIDTH > 0)
        snprintf(keep, sizeof(keep), "%u", (unsigned)(items % TILE_WIDTH));
    if (!cli_path(folder, export->error, "%s/%s", export->dir, text))
        return false;
    DIR *listing = opendir(folder);
    if (!listing)
        return errno == ENOENT ||
               error_set(export->error, ERROR_IO, "%s: %s", folder, strerror(errno));
    const struct dirent *entry;
    bool ok = true;
    while (ok && (entry = readdir(listing)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, keep) != 0)
            ok = cli_path(path, export->error, "%s/%s", folder, entry->d_name) &&
                 remove_file(export, path);
    closedir(listing);
    return ok && (keep[0] || rmdir(folder) == 0 ||
                  error_set(export->error, ERROR_IO, "%s: %s", folder, strerror(errno)));
}

/* ---- tiles ----------------------------------------------------------------------------------- */

static bool contradicts(struct export *export, const struct tile_name *name, const char *what)
{
    char text[TILE_NAME_SIZE];
    tile_name_format(name, text);
    return error_set(export->error, ERROR_CORRUPT, "/%s of %s %s", text, export->target->url, what);
}

bool export_fetch_tile(struct export *export, const struct tile_name *name, struct hash *hashes_out)
{
    struct tile_name got = *name;
    buffer_clear(&export->part);
    if (!http_get_tile(export->http, export->target, &got, &export->part, export->error))
        return false;
    if (export->part.size != (size_t)got.width * HASH_SIZE)
        return contradicts(export, &got, "has another size than its name says");
    memcpy(hashes_out, export->part.at, (size_t)name->width * HASH_SIZE);
    return true;
}

/* The hash above a full tile. That tile was taken before this one. */
static bool expected_root(struct export *export, uint32_t level, uint64_t index,
                          struct hash *root_out)
{
    must(level + 1 < MERKLE_LEVEL_MAX);
    const struct merkle_level *above = &export->tree.levels[level + 1];
    uint64_t parent = index / TILE_WIDTH;
    if (parent == above->full_tiles) {
        must(index % TILE_WIDTH < above->count);
        *root_out = above->hashes[index % TILE_WIDTH];
        return true;
    }
    if (export->parent_index != parent || export->parent_level != level + 1) {
        export->parent_index = UINT64_MAX;
        if (!export_folder_tile(export->dir, level + 1, parent, TILE_WIDTH, export->parent,
                                export->error))
            return false;
        export->parent_index = parent;
        export->parent_level = level + 1;
    }
    *root_out = export->parent[index % TILE_WIDTH];
    return true;
}

static bool has_root(const struct hash tile[TILE_WIDTH], const struct hash *root)
{
    struct hash own = merkle_tile_root(tile);
    return hash_equal(&own, root);
}

bool export_full_tile(struct export *export, uint32_t level, uint64_t index)
{
    struct tile_name name = {.level = level, .index = index, .width = TILE_WIDTH};
    struct hash root, tile[TILE_WIDTH];
    uint64_t size = 0, old = export->has_old ? export->old.size : 0;
    bool found = false;
    cli_progress_step(&export->progress, 1);
    if (!part_size(export, &name, &size, &found))
        return false;
    bool whole = found && size == TILE_SIZE;
    if (whole && index < merkle_full_tiles(old, level)) {
        export->kept++;
        return true;
    }
    if (!expected_root(export, level, index, &root))
        return false;
    if (whole && export_folder_tile(export->dir, level, index, TILE_WIDTH, tile, NULL) &&
        has_root(tile, &root)) {
        export->kept++;
        return true;
    }
    if (!export_fetch_tile(export, &name, tile))
        return false;
    if (!has_root(tile, &root))
        return contradicts(export, &name, "is not the one under its checkpoint");
    return export_put_part(export, &name, bytes_of(tile, sizeof(tile)));
}

/* ---- records --------------------------------------------------------------------------------- */

/* Takes the next entry off the bundle. */
static bool entry_next(struct bytes *bundle, struct bytes *record_out)
{
    size_t size = bundle->size >= 2 ? get_u16be(bundle->at) : SIZE_MAX - 2;
    if (bundle->size < 2 || bundle->size - 2 < size)
        return false;
    *record_out = bytes_of(bundle->at + 2, size);
    *bundle = bytes_of(bundle->at + 2 + size, bundle->size - 2 - size);
    return true;
}

/* Cuts the bundle to its first `width` entries, which must be those of the tile of hashes. */
static bool bundle_fits(struct buffer *bundle, uint32_t width, const struct hash *leaves,
                        struct bytes *last_out)
{
    struct bytes rest = buffer_bytes(bundle);
    for (uint32_t i = 0; i < width; i++) {
        if (!entry_next(&rest, last_out))
            return false;
        struct hash leaf = merkle_leaf(*last_out);
        if (!hash_equal(&leaf, &leaves[i]))
            return false;
    }
    bundle->size -= rest.size;
    return true;
}

static bool leaves_of(struct export *export, uint64_t index, struct hash leaves_out[TILE_WIDTH])
{
    const struct merkle_level *level = &export->tree.levels[0];
    if (index < level->full_tiles)
        return export_folder_tile(export->dir, 0, index, TILE_WIDTH, leaves_out, export->error);
    memcpy(leaves_out, level->hashes, sizeof(level->hashes));
    return true;
}

/* Leaves the bundle in export->part; *last_out points into it. */
static bool take_bundle(struct export *export, const struct tile_name *name, bool found,
                        struct bytes *last_out)
{
    struct hash leaves[TILE_WIDTH];
    struct tile_name got = *name;
    if (!leaves_of(export, name->index, leaves))
        return false;
    buffer_clear(&export->part);
    if (found &&
        export_folder_entries(export->dir, name->index, name->width, &export->part, NULL)) {
        size_t size = export->part.size;
        if (bundle_fits(&export->part, name->width, leaves, last_out) &&
            export->part.size == size) {
            export->kept++;
            return true;
        }
    }
    buffer_clear(&export->part);
    if (!http_get_tile(export->http, export->target, &got, &export->part, export->error))
        return false;
    if (!bundle_fits(&export->part, name->width, leaves, last_out))
        return contradicts(export, &got, "holds other records than its checkpoint");
    return export_put_part(export, name, buffer_bytes(&export->part));
}

/* A checkpoint ends with a height, and a height with its seal. */
static bool take_height(struct export *export, struct bytes last)
{
    struct record record;
    if (!record_decode(last, &record, NULL) || record.kind != RECORD_KIND_SEAL)
        return error_set(export->error, ERROR_CORRUPT,
                         "the checkpoint of %s does not end with the seal of a height",
                         export->target->url);
    export->height = record.height;
    return true;
}

bool export_entries(struct export *export)
{
    uint64_t size = export->new.size, old = export->has_old ? export->old.size : 0;
    struct bytes last = {.at = NULL};
    for (uint64_t first = 0; first < size; first += TILE_WIDTH) {
        uint64_t left = size - first, bytes = 0;
        bool found = false;
        struct tile_name name = {.kind = TILE_ENTRIES,
                                 .index = first / TILE_WIDTH,
                                 .width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH};
        cli_progress_step(&export->progress, 1);
        if (!part_size(export, &name, &bytes, &found))
            return false;
        if (found && bytes > 0 && left > TILE_WIDTH && old - old % TILE_WIDTH > first)
            export->kept++;
        else if (!take_bundle(export, &name, found, &last))
            return false;
    }
    return size == 0 || take_height(export, last);
}

/* ---- heights --------------------------------------------------------------------------------- */

/* Takes the next proof of a page off it, with its frame. */
static bool proof_next(struct bytes *page, uint64_t height, struct bytes *framed_out)
{
    struct codec_reader reader;
    size_t size = page->size >= 4 ? get_u32be(page->at) : SIZE_MAX - 4;
    if (page->size < 4 || page->size - 4 < size)
        return false;
    codec_reader_init(&reader, bytes_of(page->at + 4, size));
    (void)codec_get_array(&reader, 6, 6);
    (void)codec_get_uint(&reader, INT64_MAX);
    bool right = codec_get_uint(&reader, INT64_MAX) == height && !reader.failed;
    *framed_out = bytes_of(page->at, 4 + size);
    *page = bytes_of(page->at + 4 + size, page->size - 4 - size);
    return right;
}

/* One page of proofs, from *next_io on, at the end of the file. */
static bool take_page(struct export *export, FILE *file, const char *path, uint64_t *next_io,
                      uint64_t last)
{
    char query[HTTP_PATH_MAX];
    snprintf(query, sizeof(query), "/v1/heights?from=%" PRIu64 "&count=%" PRIu64, *next_io,
             last - *next_io + 1);
    buffer_clear(&export->part);
    if (!http_get(export->http, export->target, query, &export->part, export->error))
        return false;
    struct bytes page = buffer_bytes(&export->part), framed;
    if (page.size == 0)
        return error_set(export->error, ERROR_CORRUPT, "%s has no proof of height %" PRIu64,
                         export->target->url, *next_io);
    for (; page.size > 0 && *next_io <= last; (*next_io)++) {
        if (!proof_next(&page, *next_io, &framed))
            return error_set(export->error, ERROR_CORRUPT,
                             "%s gave something else as the proof of height %" PRIu64,
                             export->target->url, *next_io);
        if (fwrite(framed.at, 1, framed.size, file) != framed.size)
            return error_set(export->error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return true;
}

/* A bundle may be large, so it is written as it comes. What lies at PATH.new, of a run that was
 * killed or a link that somebody laid, is not written to. */
static bool take_heights(struct export *export, const struct tile_name *name)
{
    char text[TILE_NAME_SIZE], path[CLI_PATH_MAX], fresh[CLI_PATH_MAX];
    uint64_t next = name->index * EXPORT_HEIGHTS + 1, last = next + name->width - 1;
    tile_name_format(name, text);
    if (!make_folders(export, text) || !cli_path(path, export->error, "%s/%s", export->dir, text) ||
        !cli_path(fresh, export->error, "%s.new", path))
        return false;
    (void)unlink(fresh);
    FILE *file = fopen(fresh, "wbex");
    if (!file)
        return error_set(export->error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    bool ok = true;
    while (ok && next <= last)
        ok = take_page(export, file, fresh, &next, last);
    if (ok && (fflush(file) != 0 || fsync(fileno(file)) != 0))
        ok = error_set(export->error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    if (fclose(file) != 0 && ok)
        ok = error_set(export->error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    if (ok && rename(fresh, path) != 0)
        ok = error_set(export->error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (!ok)
        (void)unlink(fresh);
    export->fetched++;
    return ok;
}

bool export_heights(struct export *export)
{
    export->progress.total += export->height / EXPORT_HEIGHTS;
    for (uint64_t first = 0; first < export->height; first += EXPORT_HEIGHTS) {
        uint64_t left = export->height - first, bytes = 0;
        bool found = false;
        struct tile_name name = {.kind = TILE_HEIGHTS,
                                 .index = first / EXPORT_HEIGHTS,
                                 .width = left < EXPORT_HEIGHTS ? (uint32_t)left : EXPORT_HEIGHTS};
        cli_progress_step(&export->progress, 1);
        if (!part_size(export, &name, &bytes, &found))
            return false;
        if (found && bytes > 0)
            export->kept++;
        else if (!take_heights(export, &name))
            return false;
    }
    return true;
}
