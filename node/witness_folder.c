#include "node/witness_folder.h"

#include "crypto/keyfile.h"
#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FOLDER_PATH_MAX = PATH_MAX - 128, /* leaves room for the longest name below it */
    VKEY_SIZE_MAX = 1024,
    STORED_SIZE_MAX = NOTE_SIZE_MAX + 1024 /* a note as it came, and a line of our own */
};

struct witness_folder {
    char path[FOLDER_PATH_MAX];
    int fd; /* locked while it is open */
    struct signing_key *signer;
    struct note_key key;
};

static void path_of(const char *folder, const char *name, char path_out[PATH_MAX])
{
    int size = snprintf(path_out, PATH_MAX, "%s/%s", folder, name);
    must(size > 0 && size < PATH_MAX);
}

static void log_path(const struct witness_folder *folder, const struct hash *origin_hash,
                     char path_out[PATH_MAX])
{
    char name[sizeof("logs/") + HASH_HEX_SIZE] = "logs/";
    hex_encode(hash_as_bytes(origin_hash), name + strlen(name));
    path_of(folder->path, name, path_out);
}

/* ---- making --------------------------------------------------------------------------------- */

static bool make_folder(const char *path, struct error *error)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}

static bool path_fits(const char *path, struct error *error)
{
    return strlen(path) < FOLDER_PATH_MAX ||
           error_set(error, ERROR_LIMIT, "the path of the folder is too long");
}

static bool write_vkey(const char *folder, const struct note_key *key, struct error *error)
{
    char path[PATH_MAX];
    struct buffer text;
    path_of(folder, "witness.vkey", path);
    buffer_init(&text, VKEY_SIZE_MAX);
    note_key_format(key, &text);
    buffer_append_byte(&text, '\n');
    bool good = file_replace(path, 0644, buffer_bytes(&text), error);
    buffer_release(&text);
    return good;
}

bool witness_folder_make(const char *path, const char *name, struct note_key *key_out,
                         struct error *error)
{
    char logs[PATH_MAX], key_path[PATH_MAX];
    struct note_key key;
    if (!path_fits(path, error))
        return false;
    path_of(path, "logs", logs);
    path_of(path, "witness.key", key_path);
    if (access(key_path, F_OK) == 0)
        return error_set(error, ERROR_CONFLICT, "%s exists; a key is never overwritten", key_path);
    struct signing_key *signer = signing_key_generate();
    struct public_key public_key = signing_key_public(signer);
    /* The key comes last: where it is, all the rest is. */
    bool good = note_key_make(name, NOTE_TYPE_COSIGNATURE, &public_key, &key, error) &&
                make_folder(path, error) && make_folder(logs, error) &&
                write_vkey(path, &key, error) && keyfile_write(key_path, signer, error);
    signing_key_close(signer);
    if (good)
        *key_out = key;
    return good;
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool take_folder(struct witness_folder *folder, struct error *error)
{
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "%s: %s; 'accrue witness init' makes one", folder->path, strerror(errno));
    if (flock(folder->fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno == EWOULDBLOCK)
        return error_set(error, ERROR_BUSY, "%s: another witness runs in this folder",
                         folder->path);
    return error_set(error, ERROR_IO, "%s: %s", folder->path, strerror(errno));
}

static bool read_vkey(struct witness_folder *folder, struct error *error)
{
    char path[PATH_MAX];
    struct buffer text;
    path_of(folder->path, "witness.vkey", path);
    buffer_init(&text, VKEY_SIZE_MAX);
    bool good = file_read(path, &text, error);
    struct bytes line = buffer_bytes(&text);
    if (line.size > 0 && line.at[line.size - 1] == '\n')
        line.size--;
    if (good && !note_key_parse(line, &folder->key, error))
        good = error_wrap(error, "%s", path);
    buffer_release(&text);
    return good;
}

static bool keys_agree(const struct witness_folder *folder, struct error *error)
{
    struct public_key own = signing_key_public(folder->signer);
    if (folder->key.type == NOTE_TYPE_COSIGNATURE &&
        memcmp(own.at, folder->key.key.at, PUBLIC_KEY_SIZE) == 0)
        return true;
    return error_set(error, ERROR_CONFLICT,
                     "%s: witness.vkey is not the verifier key of witness.key: restore the one "
                     "that was published",
                     folder->path);
}

bool witness_folder_open(const char *path, struct witness_folder **folder_out, struct error *error)
{
    char key_path[PATH_MAX];
    if (!path_fits(path, error))
        return false;
    struct witness_folder *folder = (struct witness_folder *)allocate(1, sizeof(*folder));
    folder->fd = -1;
    (void)snprintf(folder->path, sizeof(folder->path), "%s", path);
    path_of(path, "witness.key", key_path);
    if (!take_folder(folder, error) || !keyfile_read(key_path, &folder->signer, error) ||
        !read_vkey(folder, error) || !keys_agree(folder, error)) {
        witness_folder_close(folder);
        return false;
    }
    *folder_out = folder;
    return true;
}

void witness_folder_close(struct witness_folder *folder)
{
    if (!folder)
        return;
    if (folder->fd >= 0)
        (void)close(folder->fd);
    signing_key_close(folder->signer);
    free(folder);
}

const struct note_key *witness_folder_key(const struct witness_folder *folder)
{
    return &folder->key;
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

/* What is stored was cosigned by us, or somebody was here. */
static bool held_parse(const struct witness_folder *folder, struct bytes note, const char *origin,
                       struct witness_held *held_out, struct error *error)
{
    struct note_result result;
    struct checkpoint checkpoint;
    if (!note_open(note, &folder->key, 1, &result, error) ||
        !checkpoint_parse(result.text, &checkpoint, error))
        return false;
    if (strcmp(checkpoint.origin, origin) != 0)
        return error_set(error, ERROR_INVALID, "it is of the log %s", checkpoint.origin);
    *held_out = (struct witness_held){
        .size = checkpoint.size, .root = checkpoint.root, .time_s = result.times_s[0]};
    return true;
}

bool witness_folder_held(const struct witness_folder *folder, const char *origin,
                         struct witness_held *held_out, struct error *error)
{
    struct hash hash = hash_bytes(bytes_text(origin));
    struct error why;
    struct buffer note;
    buffer_init(&note, STORED_SIZE_MAX);
    bool good = witness_folder_note(folder, &hash, &note, &why);
    if (!good && why.code == ERROR_NOT_FOUND) {
        *held_out = (struct witness_held){.size = 0};
        good = true;
    } else if (!good) {
        (void)error_set(error, why.code, "%s", why.text);
    } else if (!held_parse(folder, buffer_bytes(&note), origin, held_out, &why)) {
        char path[PATH_MAX];
        log_path(folder, &hash, path);
        good = error_set(error, ERROR_CORRUPT,
                         "%.200s is not what this witness cosigned last (%.120s): restore it as it "
                         "was; an older copy would let the key sign two trees",
                         path, why.text);
    }
    buffer_release(&note);
    return good;
}

bool witness_folder_note(const struct witness_folder *folder, const struct hash *origin_hash,
                         struct buffer *note_out, struct error *error)
{
    char path[PATH_MAX];
    log_path(folder, origin_hash, path);
    return file_read(path, note_out, error);
}

/* The note with our cosignature under it. */
static void add_cosignature(const struct witness_folder *folder, struct bytes note, uint64_t time_s,
                            struct buffer *signed_out)
{
    buffer_init(signed_out, STORED_SIZE_MAX);
    buffer_append(signed_out, note);
    note_cosign(signed_out, &folder->key, folder->signer, time_s);
    must(!signed_out->overflowed);
}

static void append_rest(struct buffer *out, const struct buffer *from, size_t skip)
{
    buffer_append(out, bytes_of(from->at + skip, from->size - skip));
}

bool witness_folder_cosign(struct witness_folder *folder, const struct checkpoint *checkpoint,
                           struct bytes note, uint64_t time_s, struct buffer *line_out,
                           struct error *error)
{
    char path[PATH_MAX];
    struct hash hash = hash_bytes(bytes_text(checkpoint->origin));
    struct buffer stored;
    log_path(folder, &hash, path);
    add_cosignature(folder, note, time_s, &stored);
    bool good = file_replace(path, 0600, buffer_bytes(&stored), error);
    if (good)
        append_rest(line_out, &stored, note.size);
    buffer_release(&stored);
    return good;
}

void witness_folder_cosign_again(const struct witness_folder *folder, struct bytes note,
                                 uint64_t time_s, struct buffer *line_out)
{
    struct buffer cosigned;
    add_cosignature(folder, note, time_s, &cosigned);
    append_rest(line_out, &cosigned, note.size);
    buffer_release(&cosigned);
}
