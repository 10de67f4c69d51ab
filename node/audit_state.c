#include "node/audit_state.h"

#include "node/cli.h"
#include "node/model_rules.h"
#include "partners/state_image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_SIZE = 8, HEAD_SIZE = MAGIC_SIZE + 4 + HASH_SIZE, PLACE_MAX = 1 << 20 };
#define MODEL_MAX ((uint64_t)64 << 30) /* a naive model of some hundred million lots */
static const uint8_t magic[MAGIC_SIZE] = "accraud";

/* ---- writing --------------------------------------------------------------------------------- */

struct writing {
    FILE *file;
    struct hasher hasher;
    const char *path;
};

static bool put(void *context, struct bytes piece, struct error *error)
{
    struct writing *writing = (struct writing *)context;
    hasher_update(&writing->hasher, piece);
    if (fwrite(piece.at, 1, piece.size, writing->file) == piece.size)
        return true;
    return error_set(error, ERROR_IO, "%s: %s", writing->path, strerror(errno));
}

static bool put_sized(struct writing *writing, size_t width, struct bytes bytes,
                      struct error *error)
{
    uint8_t size[8];
    put_u64be(size, bytes.size);
    return put(writing, bytes_of(size + 8 - width, width), error) && put(writing, bytes, error);
}

static bool put_all(struct writing *writing, const struct audit *audit, struct bytes note,
                    struct error *error)
{
    struct buffer place;
    struct buffer model;
    uint8_t version[4];
    put_u32be(version, AUDIT_STATE_VERSION);
    buffer_init(&place, PLACE_MAX);
    buffer_init(&model, MODEL_MAX);
    audit_place(audit, &place);
    naive_write(audit_model(audit), &model);
    must(!place.overflowed && !model.overflowed);
    bool ok = put(writing, bytes_of(magic, MAGIC_SIZE), error) &&
              put(writing, bytes_of(version, sizeof(version)), error) &&
              put(writing, hash_as_bytes(&audit_charter(audit)->coalition), error) &&
              put_sized(writing, 4, note, error) &&
              put_sized(writing, 4, buffer_bytes(&place), error) &&
              put_sized(writing, 8, buffer_bytes(&model), error) &&
              state_image_write(audit_state(audit), put, writing, error);
    struct hash hash = hasher_final(&writing->hasher);
    buffer_release(&place);
    buffer_release(&model);
    if (ok && fwrite(hash.at, 1, HASH_SIZE, writing->file) != HASH_SIZE)
        ok = error_set(error, ERROR_IO, "%s: %s", writing->path, strerror(errno));
    return ok;
}

bool audit_state_write(const char *path, const struct audit *audit, struct bytes note,
                       struct error *error)
{
    char fresh[CLI_PATH_MAX];
    must(audit_model(audit) && audit_height(audit) > 0 && note.size <= NOTE_SIZE_MAX);
    if (!cli_path(fresh, error, "%s.new", path))
        return false;
    (void)unlink(fresh); /* of a run that was killed, or a link that somebody laid */
    struct writing writing = {.file = fopen(fresh, "wbex"), .path = fresh};
    if (!writing.file)
        return error_set(error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    hasher_init(&writing.hasher);
    bool ok = put_all(&writing, audit, note, error);
    if (ok && (fflush(writing.file) != 0 || fsync(fileno(writing.file)) != 0))
        ok = error_set(error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    if (fclose(writing.file) != 0 && ok)
        ok = error_set(error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    if (ok && rename(fresh, path) != 0)
        ok = error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (!ok)
        (void)unlink(fresh);
    return ok;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    FILE *file;
    uint64_t left; /* before the hash */
};

static bool get(struct reading *reading, void *out, size_t size, struct error *error)
{
    if (size > reading->left)
        return error_set(error, ERROR_CORRUPT, "it ends too early");
    if (fread(out, 1, size, reading->file) != size)
        return error_set(error, ERROR_IO, "it cannot be read");
    reading->left -= size;
    return true;
}

static bool get_sized(struct reading *reading, size_t width, uint64_t max, struct buffer *out,
                      struct error *error)
{
    uint8_t size[8] = {0};
    if (!get(reading, size + 8 - width, width, error))
        return false;
    uint64_t count = get_u64be(size);
    if (count > max || count > reading->left)
        return error_set(error, ERROR_CORRUPT, "a part of %llu bytes", (unsigned long long)count);
    uint8_t *at = buffer_extend(out, (size_t)count);
    return at ? get(reading, at, (size_t)count, error)
              : error_set(error, ERROR_CORRUPT, "a part that is too large");
}

static bool image_source(void *context, uint8_t *room, size_t size, size_t *size_out,
                         struct error *error)
{
    struct reading *reading = (struct reading *)context;
    size_t part = reading->left < size ? (size_t)reading->left : size;
    if (!get(reading, room, part, error))
        return false;
    *size_out = part;
    return true;
}

/* The file's own hash, before anything in it is believed. */
static bool hash_holds(FILE *file, uint64_t size, struct error *error)
{
    struct hasher hasher;
    struct hash stored;
    uint8_t piece[STATE_IMAGE_PIECE_SIZE];
    uint64_t left = size - HASH_SIZE;
    hasher_init(&hasher);
    while (left > 0) {
        size_t part = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        if (fread(piece, 1, part, file) != part)
            break;
        hasher_update(&hasher, bytes_of(piece, part));
        left -= part;
    }
    struct hash hash = hasher_final(&hasher);
    if (left > 0 || fread(stored.at, 1, HASH_SIZE, file) != HASH_SIZE ||
        fseek(file, 0, SEEK_SET) != 0)
        return error_set(error, ERROR_IO, "it cannot be read");
    return hash_equal(&hash, &stored) || error_set(error, ERROR_CORRUPT, "its hash does not hold");
}

static bool get_head(struct reading *reading, const struct charter *charter, struct error *error)
{
    uint8_t head[HEAD_SIZE];
    if (!get(reading, head, sizeof(head), error))
        return false;
    if (memcmp(head, magic, MAGIC_SIZE) != 0)
        return error_set(error, ERROR_CORRUPT, "it is no state of an audit");
    if (get_u32be(head + MAGIC_SIZE) != AUDIT_STATE_VERSION)
        return error_set(error, ERROR_CORRUPT, "it is of another version");
    if (memcmp(head + MAGIC_SIZE + 4, charter->coalition.at, HASH_SIZE) != 0)
        return error_set(error, ERROR_CONFLICT, "it belongs to another coalition");
    return true;
}

/* The parts; state and model are made by whoever gets that far. */
static bool get_parts(struct reading *reading, const struct charter *charter, struct buffer *note,
                      struct buffer *place, struct state **state_out, struct naive **model_out,
                      struct error *error)
{
    struct buffer model;
    buffer_init(&model, MODEL_MAX);
    bool ok = get_head(reading, charter, error) &&
              get_sized(reading, 4, NOTE_SIZE_MAX, note, error) &&
              get_sized(reading, 4, PLACE_MAX, place, error) &&
              get_sized(reading, 8, MODEL_MAX, &model, error) &&
              naive_read(model_rules(charter), buffer_bytes(&model), model_out, error);
    buffer_release(&model);
    if (ok && !state_image_read(charter, image_source, reading, state_out, error)) {
        naive_close(*model_out);
        ok = false;
    }
    return ok;
}

bool audit_state_load(FILE *file, uint64_t size, const struct charter *charter,
                      const struct audit_tiles *tiles, struct audit **audit_out,
                      struct buffer *note_out, struct error *error)
{
    struct buffer note;
    struct buffer place;
    struct state *state = NULL;
    struct naive *model = NULL;
    struct reading reading = {.file = file, .left = size - HASH_SIZE};
    if (size < HASH_SIZE + HEAD_SIZE)
        return error_set(error, ERROR_CORRUPT, "it is too short");
    buffer_init(&note, NOTE_SIZE_MAX);
    buffer_init(&place, PLACE_MAX);
    bool ok = hash_holds(file, size, error) &&
              get_parts(&reading, charter, &note, &place, &state, &model, error) &&
              audit_resume(charter, tiles, buffer_bytes(&place), state, model, audit_out, error);
    if (ok)
        buffer_append(note_out, buffer_bytes(&note));
    buffer_release(&note);
    buffer_release(&place);
    return ok;
}

bool audit_state_read(const char *path, const struct charter *charter,
                      const struct audit_tiles *tiles, struct audit **audit_out,
                      struct buffer *note_out, struct error *error)
{
    struct stat info;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    bool ok = fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode);
    if (!ok)
        error_set(error, ERROR_IO, "%s: no file", path);
    else if (!audit_state_load(file, (uint64_t)info.st_size, charter, tiles, audit_out, note_out,
                               error))
        ok = error_wrap(error, "%s", path);
    (void)fclose(file);
    return ok;
}
