#include "node/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

bool file_read(const char *path, struct buffer *out, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    bool good = read_all(fd, out, path, error);
    (void)close(fd);
    return good;
}
