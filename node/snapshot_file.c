#include "node/snapshot_file.h"

#include "node/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE_BYTES = 4, HASHES_MAX = SNAPSHOT_PIECES_MAX * HASH_SIZE };

struct opened {
    int fd;
    uint64_t first, size; /* of the snapshot in the file */
};

static void path_of(char path_out[SNAPSHOT_PATH_SIZE], const char *folder, uint64_t height,
                    const char *end)
{
    (void)snprintf(path_out, SNAPSHOT_PATH_SIZE, "%.*s/state-%" PRIu64 "%s", SNAPSHOT_FOLDER_MAX,
                   folder, height, end);
}

static bool failed(struct error *error, const char *path)
{
    return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                     strerror(errno));
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_at(int fd, uint64_t offset, uint8_t *room, size_t size)
{
    while (size > 0) {
        ssize_t got = pread(fd, room, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        room += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

/* The snapshot follows the note. */
static bool open_image(const char *folder, uint64_t height, const char *end, struct opened *out,
                       struct error *error)
{
    char path[SNAPSHOT_PATH_SIZE];
    uint8_t note[SIZE_BYTES];
    struct stat status;
    path_of(path, folder, height, end);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(error, path);
    bool good = fstat(fd, &status) == 0 && read_at(fd, 0, note, sizeof(note));
    uint64_t first = good ? SIZE_BYTES + (uint64_t)get_u32be(note) : 0;
    if (!good || (uint64_t)status.st_size <= first) {
        (void)close(fd);
        return error_set(error, ERROR_NOT_FOUND, "%s: it holds no snapshot", path);
    }
    *out = (struct opened){.fd = fd, .first = first, .size = (uint64_t)status.st_size - first};
    return true;
}

static bool read_list(const char *folder, uint64_t height, struct buffer *out, struct error *error)
{
    char path[SNAPSHOT_PATH_SIZE];
    path_of(path, folder, height, ".pieces");
    return access(path, R_OK) == 0 ? file_read(path, out, error) : failed(error, path);
}

static bool read_piece(const struct opened *image, uint64_t piece, struct buffer *out)
{
    uint64_t before = (piece - 1) * SNAPSHOT_PIECE;
    if (piece == 0 || before >= image->size)
        return false;
    uint64_t left = image->size - before;
    size_t size = left < SNAPSHOT_PIECE ? (size_t)left : SNAPSHOT_PIECE;
    uint8_t *room = buffer_extend(out, size);
    return room && read_at(image->fd, image->first + before, room, size);
}

bool snapshot_file_read(const char *folder, uint64_t height, uint64_t piece, struct buffer *out,
                        struct error *error)
{
    struct opened image;
    if (piece == 0)
        return read_list(folder, height, out, error);
    if (!open_image(folder, height, ".image", &image, error) &&
        !open_image(folder, height, ".part", &image, error))
        return false;
    bool good = read_piece(&image, piece, out);
    (void)close(image.fd);
    return good || error_set(error, ERROR_NOT_FOUND, "piece %" PRIu64 " is not there", piece);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Every piece's hash, one after the other. */
static bool hash_all(const struct opened *image, struct buffer *hashes)
{
    struct buffer bytes;
    bool good = true;
    buffer_init(&bytes, SNAPSHOT_PIECE);
    for (uint64_t piece = 1; good && piece <= snapshot_piece_count(image->size); piece++) {
        buffer_clear(&bytes);
        good = read_piece(image, piece, &bytes);
        struct hash hash = hash_bytes(buffer_bytes(&bytes));
        buffer_append(hashes, hash_as_bytes(&hash));
    }
    buffer_release(&bytes);
    return good && !hashes->overflowed;
}

static bool name_of(const char *folder, uint64_t height, bool check, struct snapshot_name *name_out,
                    struct error *error)
{
    struct opened image;
    struct buffer list, hashes;
    buffer_init(&list, HASHES_MAX);
    buffer_init(&hashes, HASHES_MAX);
    bool good = open_image(folder, height, ".image", &image, error);
    bool opened = good;
    good = good && read_list(folder, height, &list, error);
    if (good && list.size != snapshot_piece_count(image.size) * HASH_SIZE)
        good = error_set(error, check ? ERROR_CORRUPT : ERROR_NOT_FOUND,
                         "the snapshot of height %" PRIu64 " does not fit its hashes", height);
    if (good && check &&
        (!hash_all(&image, &hashes) || !bytes_equal(buffer_bytes(&list), buffer_bytes(&hashes))))
        good = error_set(error, ERROR_CORRUPT, "the snapshot of height %" PRIu64 " is damaged",
                         height);
    if (good)
        *name_out = (struct snapshot_name){.height = height,
                                           .size = image.size,
                                           .id = snapshot_id(image.size, buffer_bytes(&list))};
    if (opened)
        (void)close(image.fd);
    buffer_release(&list);
    buffer_release(&hashes);
    return good;
}

bool snapshot_file_name(const char *folder, uint64_t height, struct snapshot_name *name_out,
                        struct error *error)
{
    return name_of(folder, height, false, name_out, error);
}

bool snapshot_file_check(const char *folder, uint64_t height, struct snapshot_name *name_out,
                         struct error *error)
{
    return name_of(folder, height, true, name_out, error);
}

/* ---- a part ---------------------------------------------------------------------------------- */

static void remove_other_parts(const char *folder, uint64_t height)
{
    char own[64], path[SNAPSHOT_PATH_SIZE + 256];
    (void)snprintf(own, sizeof(own), "state-%" PRIu64 ".part", height);
    DIR *files = opendir(folder);
    if (!files)
        return;
    for (const struct dirent *file = readdir(files); file; file = readdir(files)) {
        const char *end = strrchr(file->d_name, '.');
        if (!snapshot_owns(file->d_name) || !end || strcmp(end, ".part") != 0 ||
            strcmp(file->d_name, own) == 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
        (void)unlink(path);
    }
    closedir(files);
}

static bool write_at(int fd, uint64_t offset, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = pwrite(fd, bytes.at, bytes.size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        offset += (uint64_t)written;
        bytes = bytes_of(bytes.at + written, bytes.size - (size_t)written);
    }
    return true;
}

bool snapshot_part_write(const char *folder, const struct snapshot_name *name, uint64_t piece,
                         struct bytes bytes, struct error *error)
{
    static const uint8_t no_note[SIZE_BYTES];
    char path[SNAPSHOT_PATH_SIZE];
    must(piece > 0 && piece <= snapshot_piece_count(name->size));
    path_of(path, folder, name->height, ".part");
    if (piece == 1)
        remove_other_parts(folder, name->height);
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (piece == 1 ? O_TRUNC : 0);
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return failed(error, path);
    bool good = write_at(fd, 0, bytes_of(no_note, sizeof(no_note))) &&
                write_at(fd, SIZE_BYTES + (piece - 1) * SNAPSHOT_PIECE, bytes);
    if (!good)
        error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    (void)close(fd);
    return good;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return good;
}

/* Longer, when an earlier part of another size was there. */
static bool hash_part(const char *folder, const struct snapshot_name *name, struct buffer *hashes,
                      struct error *error)
{
    struct opened image;
    if (!open_image(folder, name->height, ".part", &image, error))
        return false;
    bool good = image.size == name->size && hash_all(&image, hashes);
    (void)close(image.fd);
    struct hash id = good ? snapshot_id(name->size, buffer_bytes(hashes)) : (struct hash){{0}};
    return (good && hash_equal(&id, &name->id)) ||
           error_set(error, ERROR_CORRUPT, "the snapshot of height %" PRIu64 " came out damaged",
                     name->height);
}

/* From before a restart: the node may not have begun with it yet. */
static bool is_there(const char *folder, const struct snapshot_name *name)
{
    struct snapshot_name there;
    struct error none;
    return snapshot_file_check(folder, name->height, &there, &none) &&
           snapshot_name_equal(&there, name);
}

bool snapshot_part_finish(const char *folder, const struct snapshot_name *name, struct error *error)
{
    char part[SNAPSHOT_PATH_SIZE], image[SNAPSHOT_PATH_SIZE], pieces[SNAPSHOT_PATH_SIZE];
    struct buffer hashes;
    path_of(part, folder, name->height, ".part");
    path_of(image, folder, name->height, ".image");
    path_of(pieces, folder, name->height, ".pieces");
    if (is_there(folder, name))
        return true;
    buffer_init(&hashes, HASHES_MAX);
    bool good = hash_part(folder, name, &hashes, error);
    if (!good) { /* pieces may have been taken from either */
        (void)unlink(part);
        (void)unlink(image);
    }
    good = good && file_replace(pieces, 0600, buffer_bytes(&hashes), error);
    if (good && (!sync_path(part, O_RDWR) || rename(part, image) != 0 ||
                 !sync_path(folder, O_RDONLY | O_DIRECTORY)))
        good = error_set(error, ERROR_IO, "%s: %s", part, strerror(errno));
    buffer_release(&hashes);
    return good;
}
