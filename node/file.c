#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_SIZE = 64 * 1024 };

static bool read_all(int fd, struct buffer *out, const char *path, struct error *error)
{
    uint8_t piece[PIECE_SIZE];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
        if (got == 0)
            return true;
        buffer_append(out, bytes_of(piece, (size_t)got));
        if (out->overflowed)
            return error_set(error, ERROR_LIMIT, "%s: larger than %zu bytes", path, out->limit);
    }
}

int file_open(const char *path, struct error *error)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fd;
    if (fd < 0)
        (void)error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                        strerror(errno));
    else
        (void)error_set(error, ERROR_IO, "%s: this is no regular file", path);
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool file_read(const char *path, struct buffer *out, struct error *error)
{
    int fd = file_open(path, error);
    if (fd < 0)
        return false;
    bool good = read_all(fd, out, path, error);
    (void)close(fd);
    return good;
}

/* ---- replacing ------------------------------------------------------------------------------ */

static bool write_all(int fd, struct bytes contents)
{
    while (contents.size > 0) {
        ssize_t put = write(fd, contents.at, contents.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        contents = bytes_of(contents.at + put, contents.size - (size_t)put);
    }
    return true;
}

/* What lies there, of a run that was killed or a link that somebody laid, is not written to. */
static bool write_new(const char *path, int mode, struct bytes contents)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return false;
    bool good = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, contents) && fsync(fd) == 0;
    int failure = errno;
    if (close(fd) != 0 && good)
        return false;
    errno = failure;
    return good;
}

/* The folder that names the file: a rename is durable only with it. */
static bool folder_sync(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash ? (size_t)(slash - path) + 1 : 0;
    must(size < sizeof(folder) - 1);
    (void)snprintf(folder, sizeof(folder), "%.*s.", (int)size, path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool good = fsync(fd) == 0;
    int failure = errno;
    (void)close(fd);
    errno = failure;
    return good;
}

bool file_replace(const char *path, int mode, struct bytes contents, struct error *error)
{
    char fresh[PATH_MAX];
    int size = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (size < 0 || (size_t)size >= sizeof(fresh) - 1)
        return error_set(error, ERROR_LIMIT, "%s: the path is too long", path);
    if (write_new(fresh, mode, contents) && rename(fresh, path) == 0 && folder_sync(path))
        return true;
    (void)error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    (void)unlink(fresh);
    return false;
}
