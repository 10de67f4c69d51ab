#include "node/export_folder.h"

#include "node/cli.h"
#include "node/file.h"
#include "node/tile_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- whole files ---------------------------------------------------------------------------- */

static bool read_file(const char *dir, const char *name, struct buffer *out, struct error *error)
{
    char path[CLI_PATH_MAX];
    return cli_path(path, error, "%s/%s", dir, name) && file_read(path, out, error);
}

bool export_folder_charter(const char *dir, struct buffer *json_out, struct error *error)
{
    return read_file(dir, "charter.json", json_out, error);
}

bool export_folder_checkpoint(const char *dir, struct buffer *note_out, struct error *error)
{
    return read_file(dir, "checkpoint", note_out, error);
}

/* The partial file, or the full one: *name is then that one's. */
static bool read_part(const char *dir, struct tile_name *name, struct buffer *out,
                      struct error *error)
{
    char text[TILE_NAME_SIZE];
    struct error first = {.code = ERROR_NONE};
    must(name->width > 0 && name->width <= TILE_WIDTH);
    tile_name_format(name, text);
    if (read_file(dir, text, out, &first))
        return true;
    if (first.code != ERROR_NOT_FOUND || name->width == TILE_WIDTH)
        return error_set(error, first.code, "%s", first.text);
    name->width = TILE_WIDTH;
    tile_name_format(name, text);
    return read_file(dir, text, out, NULL) || error_set(error, first.code, "%s", first.text);
}

bool export_folder_tile(const char *dir, uint32_t level, uint64_t index, uint32_t width,
                        struct hash tile_out[TILE_WIDTH], struct error *error)
{
    struct tile_name name = {.kind = TILE_HASHES, .level = level, .index = index, .width = width};
    struct buffer bytes;
    buffer_init(&bytes, TILE_SIZE);
    bool good = read_part(dir, &name, &bytes, error);
    if (good && bytes.size != (size_t)name.width * HASH_SIZE) {
        char text[TILE_NAME_SIZE];
        tile_name_format(&name, text);
        good = error_set(error, ERROR_CORRUPT, "%s/%s has %zu bytes instead of %zu", dir, text,
                         bytes.size, (size_t)name.width * HASH_SIZE);
    }
    if (good)
        memcpy(tile_out, bytes.at, (size_t)width * HASH_SIZE);
    buffer_release(&bytes);
    return good;
}

bool export_folder_entries(const char *dir, uint64_t index, uint32_t width,
                           struct buffer *bundle_out, struct error *error)
{
    struct tile_name name = {.kind = TILE_ENTRIES, .index = index, .width = width};
    return read_part(dir, &name, bundle_out, error);
}

/* ---- heights -------------------------------------------------------------------------------- */

struct export_heights {
    char dir[CLI_PATH_MAX];
    uint64_t next, last; /* heights */
    FILE *file;          /* the bundle that holds `next`, read up to it; NULL: none yet */
    char path[CLI_PATH_MAX];
};

struct export_heights *export_heights_open(const char *dir, uint64_t first, uint64_t last)
{
    struct export_heights *heights = allocate(1, sizeof(*heights));
    must(first > 0);
    snprintf(heights->dir, sizeof(heights->dir), "%s", dir);
    heights->next = first;
    heights->last = last;
    return heights;
}

static void close_bundle(struct export_heights *heights)
{
    if (heights->file)
        (void)fclose(heights->file);
    heights->file = NULL;
}

void export_heights_close(struct export_heights *heights)
{
    if (!heights)
        return;
    close_bundle(heights);
    free(heights);
}

static bool broken(const struct export_heights *heights, struct error *error)
{
    return error_set(error, ERROR_CORRUPT, "%s ends inside the proof of height %" PRIu64,
                     heights->path, heights->next);
}

static bool take(struct export_heights *heights, void *out, size_t size, struct error *error)
{
    if (fread(out, 1, size, heights->file) == size)
        return true;
    return ferror(heights->file)
               ? error_set(error, ERROR_IO, "%s: %s", heights->path, strerror(errno))
               : broken(heights, error);
}

static bool proof_size(struct export_heights *heights, uint32_t *size_out, struct error *error)
{
    uint8_t size[4];
    if (!take(heights, size, sizeof(size), error))
        return false;
    *size_out = get_u32be(size);
    return *size_out <= EXPORT_PROOF_MAX ||
           error_set(error, ERROR_CORRUPT, "%s: a proof of %u bytes", heights->path, *size_out);
}

/* Opens the file of the bundle and passes over the proofs before the next height. */
static bool open_bundle(struct export_heights *heights, struct error *error)
{
    uint64_t index = (heights->next - 1) / EXPORT_HEIGHTS, first = index * EXPORT_HEIGHTS + 1;
    uint64_t left = heights->last - first + 1;
    struct tile_name name = {.kind = TILE_HEIGHTS,
                             .index = index,
                             .width = left < EXPORT_HEIGHTS ? (uint32_t)left : EXPORT_HEIGHTS};
    char text[TILE_NAME_SIZE];
    for (int try = 0; try < 2 && !heights->file; try++) {
        tile_name_format(&name, text);
        if (!cli_path(heights->path, error, "%s/%s", heights->dir, text))
            return false;
        struct error why = {.code = ERROR_NONE};
        int fd = file_open(heights->path, &why);
        if (fd >= 0)
            heights->file = fdopen(fd, "rb");
        else if (why.code != ERROR_NOT_FOUND)
            return error_set(error, why.code, "%s", why.text);
        must(fd < 0 || heights->file);
        name.width = EXPORT_HEIGHTS;
    }
    if (!heights->file)
        return error_set(error, ERROR_NOT_FOUND, "%s: there is no such file", heights->path);
    for (uint64_t height = first; height < heights->next; height++) {
        uint32_t size = 0;
        if (!proof_size(heights, &size, error))
            return false;
        if (fseek(heights->file, (long)size, SEEK_CUR) != 0)
            return error_set(error, ERROR_IO, "%s: %s", heights->path, strerror(errno));
    }
    return true;
}

bool export_heights_next(struct export_heights *heights, struct buffer *proof_out, bool *end_out,
                         struct error *error)
{
    uint32_t size = 0;
    buffer_clear(proof_out);
    if (heights->next > heights->last) {
        *end_out = true;
        return true;
    }
    if (!heights->file && !open_bundle(heights, error))
        return false;
    if (!proof_size(heights, &size, error))
        return false;
    uint8_t *at = buffer_extend(proof_out, size);
    if (!at)
        return error_set(error, ERROR_LIMIT, "%s: a proof of %u bytes", heights->path, size);
    if (!take(heights, at, size, error)) {
        buffer_clear(proof_out);
        return false;
    }
    if (heights->next % EXPORT_HEIGHTS == 0)
        close_bundle(heights);
    heights->next++;
    *end_out = false;
    return true;
}
