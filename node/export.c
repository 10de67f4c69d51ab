#define _GNU_SOURCE /* syncfs */
#include "node/export.h"

#include "crypto/policy.h"
#include "node/disk.h"
#include "node/export_folder.h"
#include "node/export_parts.h"
#include "protocol/codec.h"
#include "protocol/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* ---- charter and checkpoint ------------------------------------------------------------------ */

static bool folder_is_empty(const char *dir, struct error *error)
{
    DIR *listing = opendir(dir);
    const struct dirent *entry;
    bool empty = true;
    if (!listing)
        return error_set(error, ERROR_IO, "%s: %s", dir, strerror(errno));
    while (empty && (entry = readdir(listing)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, "charter.json.new") == 0;
    closedir(listing);
    return empty || error_set(error, ERROR_CONFLICT,
                              "%s is not empty and holds no exported log: give a new folder", dir);
}

/* The folder belongs to one coalition from its first file on. */
static bool settle_charter(struct export *export, const struct export_request *request)
{
    struct buffer here, there;
    struct error missing = {.code = ERROR_NONE};
    struct error *error = export->error;
    buffer_init(&here, CHARTER_SIZE_MAX);
    buffer_init(&there, CHARTER_SIZE_MAX);
    bool have = export_folder_charter(export->dir, &here, &missing);
    bool ok = have || missing.code == ERROR_NOT_FOUND ||
              error_set(error, missing.code, "%s", missing.text);
    ok = ok && (have || folder_is_empty(export->dir, error)) &&
         http_get(export->http, export->target, "/v1/charter", &there, error);
    if (ok && have && !bytes_equal(buffer_bytes(&here), buffer_bytes(&there)))
        ok = error_set(error, ERROR_CONFLICT, "%s holds the log of another coalition", export->dir);
    if (ok && request->charter.size > 0 && !bytes_equal(request->charter, buffer_bytes(&there)))
        ok = error_set(error, ERROR_CORRUPT, "%s has another charter than the one given",
                       export->target->url);
    if (ok && !charter_parse(buffer_bytes(&there), &export->charter, NULL, error))
        ok = error_wrap(error, "the charter of %s", export->target->url);
    ok = ok && (have || export_put(export, "charter.json", buffer_bytes(&there)));
    buffer_release(&here);
    buffer_release(&there);
    return ok;
}

static bool meets(struct bytes text, struct bytes note, struct checkpoint *checkpoint_out,
                  struct error *error)
{
    struct policy policy = {.log_count = 0};
    struct policy_result result;
    bool ok = policy_parse(text, &policy, error) &&
              policy_check(&policy, note, checkpoint_out, &result, error);
    policy_release(&policy);
    return ok;
}

/* What the folder has was judged by the policy of its time. */
static bool check_old(struct export *export, struct bytes note)
{
    struct error why;
    if ((export->policy.size > 0 && meets(export->policy, note, &export->old, &why)) ||
        meets(bytes_text(export->charter->tlog_policy), note, &export->old, &why))
        return true;
    if (export->policy.size == 0)
        return error_set(export->error, ERROR_CORRUPT,
                         "the checkpoint of %s: %s; if members have changed since the charter, "
                         "give --policy FILE ('accrue audit --policy-out')",
                         export->dir, why.text);
    /* Of a policy between the two: it is read for its size and root, which the new one continues.
     */
    struct bytes text;
    struct bytes lines;
    return (note_split(note, &text, &lines) && checkpoint_parse(text, &export->old, &why)) ||
           error_set(export->error, ERROR_CORRUPT, "the checkpoint of %s: %s", export->dir,
                     why.text);
}

static bool check_new(struct export *export)
{
    struct error why;
    bool given = export->policy.size > 0;
    struct bytes text = given ? export->policy : bytes_text(export->charter->tlog_policy);
    return meets(text, buffer_bytes(&export->note), &export->new, &why) ||
           error_set(export->error, ERROR_CORRUPT,
                     "the checkpoint of %s: %s; if members have changed since the %s, 'accrue "
                     "audit --policy-out FILE' tells the policy of now, for --policy FILE",
                     export->target->url, why.text, given ? "policy" : "charter");
}

static bool read_old(struct export *export)
{
    struct buffer note;
    struct error why = {.code = ERROR_NONE};
    buffer_init(&note, NOTE_SIZE_MAX);
    bool ok = export_folder_checkpoint(export->dir, &note, &why);
    if (!ok && why.code == ERROR_NOT_FOUND)
        ok = true; /* the first time, or killed before its end */
    else if (!ok)
        error_set(export->error, why.code, "%s", why.text);
    else
        ok = export->has_old = check_old(export, buffer_bytes(&note));
    buffer_release(&note);
    return ok;
}

static bool take_checkpoint(struct export *export)
{
    if (!http_get(export->http, export->target, "/checkpoint", &export->note, export->error) ||
        !check_new(export))
        return false;
    if (!export->has_old || export->new.size > export->old.size)
        return true;
    if (export->new.size < export->old.size)
        return error_set(export->error, ERROR_BUSY,
                         "%s is behind: its checkpoint has %" PRIu64 " records, %s has %" PRIu64,
                         export->target->url, export->new.size, export->dir, export->old.size);
    return hash_equal(&export->new.root, &export->old.root) ||
           error_set(export->error, ERROR_CORRUPT,
                     "SPLIT VIEW: two roots for size %" PRIu64 ", both signed: that of %s and that "
                     "of %s. Keep both",
                     export->new.size, export->dir, export->target->url);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* The unfinished tiles of every level alone give the root: whatever lies under them is checked
 * against them. */
static bool take_edges(struct export *export)
{
    struct merkle *tree = &export->tree;
    merkle_init(tree);
    tree->size = export->new.size;
    for (uint32_t at = 0; at < MERKLE_LEVEL_MAX; at++) {
        struct merkle_level *level = &tree->levels[at];
        level->full_tiles = merkle_full_tiles(tree->size, at);
        level->count = merkle_edge_width(tree->size, at);
        struct tile_name name = {.level = at, .index = level->full_tiles, .width = level->count};
        if (level->count > 0 && !export_fetch_tile(export, &name, level->hashes))
            return false;
    }
    struct hash root = merkle_root(tree);
    return hash_equal(&root, &export->new.root) ||
           error_set(export->error, ERROR_CORRUPT,
                     "the tiles of %s do not add up to the root of its checkpoint",
                     export->target->url);
}

/* Levels from the top: of each tile the hash above it is known. */
static bool take_tiles(struct export *export)
{
    for (uint32_t at = MERKLE_LEVEL_MAX; at-- > 0;) {
        const struct merkle_level *level = &export->tree.levels[at];
        for (uint64_t i = 0; i < level->full_tiles; i++)
            if (!export_full_tile(export, at, i))
                return false;
        struct tile_name name = {.level = at, .index = level->full_tiles, .width = level->count};
        if (level->count > 0 &&
            !export_put_part(export, &name,
                             bytes_of(level->hashes, (size_t)level->count * HASH_SIZE)))
            return false;
    }
    return true;
}

static bool read_tile(void *context, uint32_t level, uint64_t index,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    const struct export *export = context;
    return export_folder_tile(export->dir, level, index, TILE_WIDTH, tile_out, error);
}

/* What the folder held must be the beginning of the tree. */
static bool check_growth(struct export *export)
{
    struct hash root;
    if (!export->has_old || export->old.size == 0 || export->old.size == export->new.size)
        return true;
    if (!merkle_root_at(&export->tree, export->old.size, read_tile, export, &root, export->error))
        return false;
    return hash_equal(&root, &export->old.root) ||
           error_set(export->error, ERROR_CORRUPT,
                     "SPLIT VIEW: the log of %s does not continue the one in %s, which has %" PRIu64
                     " records. Keep both",
                     export->target->url, export->dir, export->old.size);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Everything is on disk before the checkpoint that speaks of it. */
static bool put_checkpoint(struct export *export)
{
    if (syncfs(export->folder) != 0)
        return error_set(export->error, ERROR_IO, "%s: %s", export->dir, strerror(errno));
    if (!export_put(export, "checkpoint", buffer_bytes(&export->note)))
        return false;
    return fsync(export->folder) == 0 ||
           error_set(export->error, ERROR_IO, "%s: %s", export->dir, strerror(errno));
}

static bool drop_old_parts(struct export *export)
{
    uint64_t size = export->new.size, old = export->has_old ? export->old.size : 0;
    for (uint32_t at = 0; at < MERKLE_LEVEL_MAX; at++)
        for (uint64_t i = merkle_full_tiles(old, at); i <= merkle_full_tiles(size, at); i++)
            if (!export_drop_parts(export, TILE_HASHES, at, i, size >> 8 * at))
                return false;
    for (uint64_t i = old / TILE_WIDTH; i <= size / TILE_WIDTH; i++)
        if (!export_drop_parts(export, TILE_ENTRIES, 0, i, size))
            return false;
    for (uint64_t i = 0; i <= export->height / EXPORT_HEIGHTS; i++)
        if (!export_drop_parts(export, TILE_HEIGHTS, 0, i, export->height))
            return false;
    return true;
}

static bool run(struct export *export, const struct export_request *request)
{
    if (!settle_charter(export, request) || !read_old(export) || !take_checkpoint(export))
        return false;
    cli_progress_init(&export->progress, "export", 0, request->progress);
    uint64_t tiles = 0;
    for (uint32_t at = 0; at < MERKLE_LEVEL_MAX; at++)
        tiles += merkle_full_tiles(export->new.size, at) + 1;
    export->progress.total = tiles + export->new.size / TILE_WIDTH + 2;
    bool ok = take_edges(export) && take_tiles(export) && check_growth(export) &&
              export_entries(export) && export_heights(export) && put_checkpoint(export) &&
              drop_old_parts(export);
    if (ok)
        export->progress.done = export->progress.total;
    cli_progress_end(&export->progress);
    return ok;
}

/* One writer a folder. */
static bool open_folder(struct export *export)
{
    if (!export_make_folder(export, export->dir))
        return false;
    export->folder = open(export->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (export->folder < 0)
        return error_set(export->error, ERROR_IO, "%s: %s", export->dir, strerror(errno));
    return flock(export->folder, LOCK_EX | LOCK_NB) == 0 ||
           error_set(export->error, ERROR_CONFLICT, "%s: another export is writing it",
                     export->dir);
}

bool export_run(const struct export_request *request, struct export_summary *summary_out,
                struct error *error)
{
    struct export *export = allocate(1, sizeof(*export));
    export->http = request->http;
    export->target = request->target;
    export->dir = request->dir;
    export->policy = request->policy;
    export->error = error;
    export->folder = -1;
    export->parent_index = UINT64_MAX;
    buffer_init(&export->note, NOTE_SIZE_MAX);
    buffer_init(&export->part, HTTP_BODY_MAX);
    bool ok = open_folder(export) && run(export, request);
    if (ok)
        *summary_out = (struct export_summary){.checkpoint = export->new,
                                               .height = export->height,
                                               .fetched = export->fetched,
                                               .kept = export->kept};
    else
        disk_explain(error);
    if (export->folder >= 0)
        close(export->folder);
    charter_close(export->charter);
    buffer_release(&export->note);
    buffer_release(&export->part);
    free(export);
    return ok;
}
