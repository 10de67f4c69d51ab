#include "node/backup_folder.h"

#include "node/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_SIZE = 256 * 1024, NUMBER_DIGITS = 6, FOLDER_FILES_MAX = BACKUP_FILES_MAX + 64 };

static bool failed(const char *path, struct error *error)
{
    int reason = errno;
    return error_set(error, reason == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s%s", path,
                     strerror(reason),
                     reason == ENOSPC || reason == EDQUOT ? ": make room, then run it again" : "");
}

/* ---- one file ------------------------------------------------------------------------------- */

static bool put_all(int fd, const uint8_t *at, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += put;
        size -= (size_t)put;
    }
    return true;
}

static bool copy_open(int source, int target, const char *from, const char *to, uint64_t limit,
                      struct cli_progress *bar, struct backup_content *content, struct error *error)
{
    static uint8_t piece[PIECE_SIZE];
    struct hasher hasher;
    bool good = true;
    content->size = 0;
    hasher_init(&hasher);
    while (good && content->size < limit) {
        uint64_t left = limit - content->size;
        ssize_t got = read(source, piece, left < PIECE_SIZE ? (size_t)left : PIECE_SIZE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            good = failed(from, error);
        if (got <= 0)
            break;
        hasher_update(&hasher, bytes_of(piece, (size_t)got));
        content->size += (uint64_t)got;
        if (target >= 0 && !put_all(target, piece, (size_t)got))
            good = failed(to, error);
        if (bar)
            cli_progress_step(bar, (uint64_t)got);
    }
    content->sha256 = hasher_final(&hasher);
    if (good && target >= 0 && fsync(target) != 0)
        good = failed(to, error);
    return good;
}

bool backup_copy(const char *from, const char *to, uint64_t limit, struct cli_progress *bar,
                 struct backup_content *content_out, struct error *error)
{
    struct backup_content content;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return failed(from, error);
    int target = to ? open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    bool good = !to || target >= 0 || failed(to, error);
    good = good && copy_open(source, target, from, to, limit, bar, &content, error);
    (void)close(source);
    if (target >= 0 && close(target) != 0 && good)
        good = failed(to, error);
    if (good)
        *content_out = content;
    return good;
}

/* ---- folders -------------------------------------------------------------------------------- */

bool backup_folder_sync(const char *path, struct error *error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(path, error);
    bool good = fsync(fd) == 0 || failed(path, error);
    (void)close(fd);
    return good;
}

int backup_folder_open(const char *folder, bool make, struct error *error)
{
    if (make && mkdir(folder, 0700) != 0 && errno != EEXIST) {
        (void)failed(folder, error);
        return -1;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        (void)failed(folder, error);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)error_set(error, ERROR_BUSY, "%s: another backup or restore is at work in it",
                        folder);
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* Six digits or more, as backup_path() writes them. */
static bool number_parse(const char *name, uint64_t *number_out)
{
    size_t size = strlen(name);
    size_t zeros = strspn(name, "0");
    return size >= NUMBER_DIGITS && (size == NUMBER_DIGITS || zeros == 0) &&
           parse_u64(bytes_text(name + zeros), INT64_MAX - 1, number_out);
}

bool backup_folder_ends(const char *folder, uint64_t *oldest_out, uint64_t *newest_out,
                        uint64_t *count_out, struct error *error)
{
    DIR *dir = opendir(folder);
    uint64_t oldest = UINT64_MAX;
    uint64_t newest = 0;
    uint64_t count = 0;
    const struct dirent *entry;
    if (!dir)
        return failed(folder, error);
    while ((errno = 0, entry = readdir(dir))) {
        uint64_t number = 0;
        if (!number_parse(entry->d_name, &number))
            continue;
        oldest = number < oldest ? number : oldest;
        newest = number > newest ? number : newest;
        count++;
    }
    bool good = errno == 0 || failed(folder, error);
    (void)closedir(dir);
    if (good) {
        *oldest_out = count ? oldest : 0;
        *newest_out = newest;
        *count_out = count;
    }
    return good;
}

bool backup_path(char path_out[CLI_PATH_MAX], const char *folder, uint64_t number,
                 struct error *error)
{
    return cli_path(path_out, error, "%s/%06" PRIu64, folder, number);
}

bool backup_list_read(const char *path, struct backup_list *list_out, struct error *error)
{
    char file[CLI_PATH_MAX];
    struct buffer text;
    struct error reason = {0};
    if (!cli_path(file, error, "%s/" BACKUP_LIST_NAME, path))
        return false;
    buffer_init(&text, BACKUP_LIST_MAX);
    bool good = file_read(file, &text, error);
    if (good && !backup_list_decode(buffer_bytes(&text), list_out, &reason))
        good = error_set(error, reason.code, "%s is damaged: %s", file, reason.text);
    buffer_release(&text);
    return good;
}

bool backup_folder_remove(const char *path, struct error *error)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    if (!dir)
        return errno == ENOENT || failed(path, error);
    for (size_t i = 0; i < FOLDER_FILES_MAX && (entry = readdir(dir)); i++)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
    return rmdir(path) == 0 || failed(path, error);
}
