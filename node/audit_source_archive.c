/* A source that keeps only what is new, together with the archive of what it pruned. */
#include "node/audit_source.h"

#include "crypto/note.h"

#include <stdlib.h>

struct archived {
    struct audit_source source, archive;
};

static bool archived_charter(void *context, struct buffer *json_out, struct error *error)
{
    const struct audit_source *source = &((struct archived *)context)->source;
    return source->kind->charter(source->context, json_out, error);
}

static bool archived_checkpoint(void *context, struct buffer *note_out, struct error *error)
{
    const struct audit_source *source = &((struct archived *)context)->source;
    return source->kind->checkpoint(source->context, note_out, error);
}

/* The archive is read as far as its own checkpoint says; whether what it holds is right is for the
 * audit to see, against the source's tree. */
static bool begin_archive(struct audit_source *archive, struct error *error)
{
    struct buffer note;
    struct bytes text, lines;
    struct checkpoint checkpoint;
    buffer_init(&note, NOTE_SIZE_MAX);
    bool good = archive->kind->checkpoint(archive->context, &note, error) &&
                (note_split(buffer_bytes(&note), &text, &lines) ||
                 error_set(error, ERROR_INVALID, "its checkpoint is no note")) &&
                checkpoint_parse(text, &checkpoint, error) &&
                archive->kind->begin(archive->context, &checkpoint.size, error);
    buffer_release(&note);
    return good || error_wrap(error, "the archive %s", archive->name);
}

static bool archived_begin(void *context, uint64_t *size_io, struct error *error)
{
    struct archived *both = (struct archived *)context;
    return both->source.kind->begin(both->source.context, size_io, error) &&
           begin_archive(&both->archive, error);
}

static bool archived_height(void *context, uint64_t height, struct buffer *proof_out,
                            struct error *error)
{
    struct archived *both = (struct archived *)context;
    if (both->source.kind->height(both->source.context, height, proof_out, error))
        return true;
    return error->code == ERROR_GONE &&
           both->archive.kind->height(both->archive.context, height, proof_out, error);
}

static bool archived_entries(void *context, uint64_t index, uint32_t *width_io,
                             struct buffer *bundle_out, struct error *error)
{
    struct archived *both = (struct archived *)context;
    if (both->source.kind->entries(both->source.context, index, width_io, bundle_out, error))
        return true;
    return error->code == ERROR_GONE &&
           both->archive.kind->entries(both->archive.context, index, width_io, bundle_out, error);
}

static bool archived_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                          struct hash tile_out[TILE_WIDTH], struct error *error)
{
    const struct audit_source *source = &((struct archived *)context)->source;
    return source->kind->tile(source->context, level, index, width, tile_out, error);
}

static void archived_close(void *context)
{
    struct archived *both = (struct archived *)context;
    audit_source_close(&both->source);
    audit_source_close(&both->archive);
    free(both);
}

void audit_source_archive(struct audit_source *source_io, const char *dir)
{
    static const struct audit_source_kind kind = {
        archived_charter, archived_checkpoint, archived_begin, archived_height,
        archived_entries, archived_tile,       archived_close};
    struct archived *both = (struct archived *)allocate(1, sizeof(*both));
    both->source = *source_io;
    audit_source_folder(&both->archive, dir);
    audit_source_init(source_io, &kind, both, both->source.name);
}
