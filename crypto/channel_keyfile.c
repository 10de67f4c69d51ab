#include "crypto/channel_keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int file, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(file, bytes.at, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = bytes_of(bytes.at + written, bytes.size - (size_t)written);
    }
    return true;
}

/* A file is durable only once its directory entry is. */
static bool directory_sync(const char *path)
{
    char *copy = strdup(path);
    must(copy != NULL);
    int directory = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = directory >= 0 && fsync(directory) == 0;
    if (directory >= 0)
        close(directory);
    free(copy);
    return good;
}

static bool file_fill(int file, const struct channel_key *key)
{
    struct buffer pem;
    buffer_init(&pem, CHANNEL_KEY_PEM_MAX);
    channel_key_encode(key, &pem);
    /* The umask may have taken bits from the mode, never added any. */
    bool good = fchmod(file, 0600) == 0 && write_all(file, buffer_bytes(&pem)) && fsync(file) == 0;
    OPENSSL_cleanse(pem.at, pem.size);
    buffer_release(&pem);
    return good;
}

bool channel_keyfile_write(const char *path, const struct channel_key *key, struct error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    bool good = file_fill(file, key) && directory_sync(path);
    int reason = errno;
    good = close(file) == 0 && good;
    if (good)
        return true;
    unlink(path); /* half a key helps nobody */
    return error_set(error, ERROR_IO, "%s: %s", path, strerror(reason));
}

/* Judged on the open file, so that nothing can be put in its place in between. */
static bool file_is_private(int file, const char *path, struct error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_INVALID, "%s is not a regular file", path);
    if (status.st_uid != geteuid())
        return error_set(error, ERROR_DENIED, "%s belongs to another user", path);
    if ((status.st_mode & 077) != 0)
        return error_set(error, ERROR_DENIED, "%s is open to others; run: chmod 600 %s", path,
                         path);
    return true;
}

static bool file_read(int file, const char *path, struct channel_key **key_out, struct error *error)
{
    uint8_t pem[CHANNEL_KEY_PEM_MAX + 1]; /* one more shows that the file is too long */
    size_t size = 0;
    ssize_t got = 1;
    while (size < sizeof pem && got != 0) {
        got = read(file, pem + size, sizeof pem - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        size += (size_t)got;
    }
    bool good = got < 0 ? error_set(error, ERROR_IO, "%s: %s", path, strerror(errno))
                        : channel_key_decode(bytes_of(pem, size), key_out, error) ||
                              error_wrap(error, "%s", path);
    OPENSSL_cleanse(pem, sizeof pem);
    return good;
}

bool channel_keyfile_read(const char *path, struct channel_key **key_out, struct error *error)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    bool good = file_is_private(file, path, error) && file_read(file, path, key_out, error);
    close(file);
    return good;
}
