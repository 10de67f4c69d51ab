#include "node/store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAST_SIZE = 8 + HASH_SIZE + HASH_SIZE, FILE_PATH_MAX = STORE_FOLDER_PATH_MAX + 64 };

static const char owner_name[] = "accrued.pid", last_name[] = "accrued.last";

static int folder_open(const struct store_folder *folder, const char *name, int flags)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    return open(path, flags | O_CLOEXEC, 0600);
}

/* ---- owner -------------------------------------------------------------------------------- */

static bool owner_refused(int fd, const char *path, struct error *error)
{
    char pid[16] = {0};
    ssize_t size = pread(fd, pid, sizeof(pid) - 1, 0);
    uint64_t number = 0;
    pid[strcspn(pid, "\n")] = '\0';
    bool known = size > 0 && parse_u64(bytes_text(pid), INT32_MAX, &number);
    return error_set(error, ERROR_BUSY,
                     "another accrued runs with the data folder %s (pid %s): stop it first", path,
                     known ? pid : "unknown");
}

/* flock and not fcntl: a second opening within one process is refused too, and closing one
 * descriptor does not drop the lock of another. */
static bool folder_own(struct store_folder *folder, struct error *error)
{
    int fd = folder_open(folder, owner_name, O_RDWR | O_CREAT);
    if (fd < 0) {
        return error_set(error, ERROR_IO, "%s/%s: %s", folder->path, owner_name, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            (void)owner_refused(fd, folder->path, error);
        } else {
            (void)error_set(error, ERROR_IO, "%s/%s: %s", folder->path, owner_name,
                            strerror(errno));
        }
        close(fd);
        return false;
    }
    folder->owner_fd = fd;
    char pid[16];
    int size = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size) {
        return error_set(error, ERROR_IO, "%s/%s: %s", folder->path, owner_name, strerror(errno));
    }
    return true;
}

/* ---- what is there ------------------------------------------------------------------------ */

struct content {
    bool current, data; /* CURRENT; tables or logs of LevelDB */
};

static bool folder_list(const struct store_folder *folder, struct content *content_out,
                        struct error *error)
{
    DIR *dir = opendir(folder->path);
    if (!dir) {
        return error_set(error, ERROR_IO, "%s: %s", folder->path, strerror(errno));
    }
    struct content content = {0};
    const struct dirent *entry;
    /* A list that ends with an error is not the whole one: what is not in it may well be there. */
    while ((errno = 0, entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        content.current |= strcmp(entry->d_name, "CURRENT") == 0;
        content.data |= dot && (strcmp(dot, ".ldb") == 0 || strcmp(dot, ".log") == 0 ||
                                strcmp(dot, ".sst") == 0);
    }
    int failure = errno;
    closedir(dir);
    if (failure != 0) {
        return error_set(error, ERROR_IO, "%s: %s", folder->path, strerror(failure));
    }
    *content_out = content;
    return true;
}

/* ---- the witness -------------------------------------------------------------------------- */

static bool last_damaged(const struct store_folder *folder, const char *how, struct error *error)
{
    return error_set(error, ERROR_CORRUPT,
                     "%s/%s is %s, so nothing shows whether the store is whole: restore this "
                     "node's folder from a copy, or start it under a fresh key",
                     folder->path, last_name, how);
}

bool store_last_decode(struct bytes file, struct store_last *last_out)
{
    if (file.size != LAST_SIZE) {
        return false;
    }
    struct hash sum = hash_bytes(bytes_of(file.at, 8 + HASH_SIZE));
    if (memcmp(sum.at, file.at + 8 + HASH_SIZE, HASH_SIZE) != 0) {
        return false;
    }
    last_out->counter = get_u64be(file.at);
    memcpy(last_out->value.at, file.at + 8, HASH_SIZE);
    return true;
}

static bool last_read(struct store_folder *folder, struct error *error)
{
    uint8_t at[LAST_SIZE + 1];
    ssize_t size = pread(folder->last_fd, at, sizeof(at), 0);
    if (size < 0) {
        return error_set(error, ERROR_IO, "%s/%s: %s", folder->path, last_name, strerror(errno));
    }
    return store_last_decode(bytes_of(at, (size_t)size), &folder->last) ||
           last_damaged(folder, "damaged", error);
}

/* Made, filled and synced under another name: it is there whole or not at all. */
static bool last_create(struct store_folder *folder, struct error *error)
{
    char temporary[FILE_PATH_MAX], path[FILE_PATH_MAX];
    snprintf(temporary, sizeof(temporary), "%s/%s.new", folder->path, last_name);
    snprintf(path, sizeof(path), "%s/%s", folder->path, last_name);
    folder->last_fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct store_last none = {0};
    if (folder->last_fd < 0) {
        return error_set(error, ERROR_IO, "%s: %s", temporary, strerror(errno));
    }
    if (!store_folder_witness(folder, &none, error)) {
        return false;
    }
    int dir = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done =
        dir >= 0 && fsync(folder->last_fd) == 0 && rename(temporary, path) == 0 && fsync(dir) == 0;
    int failure = errno;
    if (dir >= 0) {
        close(dir);
    }
    return done || error_set(error, ERROR_IO, "%s: %s", path, strerror(failure));
}

bool store_folder_witness(struct store_folder *folder, const struct store_last *last,
                          struct error *error)
{
    uint8_t at[LAST_SIZE];
    put_u64be(at, last->counter);
    memcpy(at + 8, last->value.at, HASH_SIZE);
    struct hash sum = hash_bytes(bytes_of(at, 8 + HASH_SIZE));
    memcpy(at + 8 + HASH_SIZE, sum.at, HASH_SIZE);
    /* 72 bytes inside one sector: a power cut leaves the old ones or the new. */
    if (pwrite(folder->last_fd, at, sizeof(at), 0) != LAST_SIZE) {
        return error_set(error, ERROR_IO, "%s/%s: %s", folder->path, last_name, strerror(errno));
    }
    folder->last = *last;
    return true;
}

bool store_folder_is_there(const struct store_folder *folder, struct error *error)
{
    char path[FILE_PATH_MAX];
    struct stat ours, there;
    snprintf(path, sizeof(path), "%s/%s", folder->path, last_name);
    bool found = stat(path, &there) == 0;
    if ((!found && errno != ENOENT) || fstat(folder->last_fd, &ours) != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    bool same = found && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
    return same || error_set(error, ERROR_IO,
                             "%s was removed or replaced while the node ran: put it back as it "
                             "was, then start the node again; if it is lost, this node's key must "
                             "not sign again: start it under a fresh key",
                             folder->path);
}

bool store_folder_sync(struct store_folder *folder, struct error *error)
{
    return fdatasync(folder->last_fd) == 0 ||
           error_set(error, ERROR_IO, "%s/%s: %s", folder->path, last_name, strerror(errno));
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

/* The witness is made before LevelDB makes a file: so CURRENT without it, or the reverse with
 * data, is a folder that lost something. */
static bool folder_examine(struct store_folder *folder, bool create, struct error *error)
{
    struct content content = {0};
    if (!folder_list(folder, &content, error)) {
        return false;
    }
    folder->last_fd = folder_open(folder, last_name, O_RDWR);
    bool witness = folder->last_fd >= 0;
    if (!witness && errno != ENOENT) {
        return error_set(error, ERROR_IO, "%s/%s: %s", folder->path, last_name, strerror(errno));
    }
    if (witness && !last_read(folder, error)) {
        return false;
    }
    if (!witness && (content.current || content.data)) {
        return last_damaged(folder, "missing", error);
    }
    if (!content.current && (content.data || folder->last.counter > 0)) {
        return error_set(error, ERROR_CORRUPT,
                         "%s/CURRENT is missing although a store was made here: restore this "
                         "node's folder from a copy, or start it under a fresh key",
                         folder->path);
    }
    folder->fresh = folder->last.counter == 0;
    if (folder->fresh && !create) {
        return error_set(error, ERROR_NOT_FOUND, "%s holds no store", folder->path);
    }
    return witness || last_create(folder, error);
}

bool store_folder_init(struct store_folder *folder, const char *path, bool create,
                       struct error *error)
{
    *folder = (struct store_folder){.owner_fd = -1, .last_fd = -1};
    size_t size = strlen(path);
    if (size == 0 || size > STORE_FOLDER_PATH_MAX) {
        return error_set(error, ERROR_LIMIT, "a data folder's path has 1 to %d bytes",
                         STORE_FOLDER_PATH_MAX);
    }
    memcpy(folder->path, path, size + 1);
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno != ENOENT) {
            return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
        }
        if (!create) {
            return error_set(error, ERROR_NOT_FOUND, "there is no folder %s", path);
        }
        if (mkdir(path, 0700) != 0) {
            return error_set(error, ERROR_IO, "cannot make the folder %s: %s", path,
                             strerror(errno));
        }
    }
    if (!folder_own(folder, error) || !folder_examine(folder, create, error)) {
        store_folder_release(folder);
        return false;
    }
    return true;
}

void store_folder_release(struct store_folder *folder)
{
    if (folder->last_fd >= 0) {
        fdatasync(folder->last_fd);
        close(folder->last_fd);
    }
    if (folder->owner_fd >= 0) {
        close(folder->owner_fd);
    }
    folder->last_fd = folder->owner_fd = -1;
}
