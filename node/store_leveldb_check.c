#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/leveldb_files.h"
#include "node/snapshot.h"
#include "node/store_folder.h"
#include "node/store_gaps.h"
#include "node/store_leveldb.h"

enum { COPY_SIZE = 64 * 1024, KEY_SHOWN_MAX = 64 };

/* ---- the shadow --------------------------------------------------------------------------- */

static bool copy_bytes(int from, int to)
{
    static _Thread_local uint8_t piece[COPY_SIZE];
    ssize_t size = 0;
    while ((size = read(from, piece, sizeof(piece))) > 0) {
        for (ssize_t done = 0, now = 0; done < size; done += now) {
            now = write(to, piece + done, (size_t)(size - done));
            if (now < 0) {
                return false;
            }
        }
    }
    return size == 0;
}

static bool copy_file(const char *from, const char *to, struct error *error)
{
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0) {
        return error_set(error, ERROR_IO, "%s: %s", from, strerror(errno));
    }
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = target >= 0 && copy_bytes(source, target);
    if (!done) {
        (void)error_set(error, ERROR_IO, "cannot copy %s to %s: %s", from, to, strerror(errno));
    }
    close(source);
    if (target >= 0 && close(target) != 0 && done) {
        done = error_set(error, ERROR_IO, "%s: %s", to, strerror(errno));
    }
    return done;
}

/* Tables never change, LevelDB only reads or unlinks them: a symbolic link does. The rest is
 * written to at open, and copied. LOCK, LOG, the owner's pid and images of the state stay
 * behind. */
static bool shadow_file(const char *path, const char *shadow, const char *name, struct error *error)
{
    static const char *const left[] = {".", "..", "LOCK", "LOG", "LOG.old", "accrued.pid"};
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        if (strcmp(name, left[i]) == 0) {
            return true;
        }
    }
    if (snapshot_owns(name)) {
        return true;
    }
    char from[PATH_MAX], to[PATH_MAX];
    snprintf(from, sizeof(from), "%.*s/%.200s", (int)STORE_FOLDER_PATH_MAX, path, name);
    snprintf(to, sizeof(to), "%.*s/%.200s", (int)STORE_FOLDER_PATH_MAX, shadow, name);
    struct stat info;
    if (stat(from, &info) != 0 || !S_ISREG(info.st_mode)) {
        return true;
    }
    const char *dot = strrchr(name, '.');
    if (dot && strcmp(dot, ".ldb") == 0) {
        return symlink(from, to) == 0 || error_set(error, ERROR_IO, "%s: %s", to, strerror(errno));
    }
    return copy_file(from, to, error);
}

static bool shadow_fill(const char *path, const char *shadow, struct error *error)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    bool done = true;
    const struct dirent *entry;
    while (done && (errno = 0, entry = readdir(dir))) {
        done = shadow_file(path, shadow, entry->d_name, error);
    }
    int failure = done ? errno : 0;
    closedir(dir);
    return failure == 0 ? done : error_set(error, ERROR_IO, "%s: %s", path, strerror(failure));
}

static void shadow_remove(const char *shadow)
{
    DIR *dir = opendir(shadow);
    if (!dir) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            unlinkat(dirfd(dir), entry->d_name, 0);
        }
    }
    closedir(dir);
    rmdir(shadow);
}

/* ---- every entry -------------------------------------------------------------------------- */

struct reading {
    struct store_leveldb_report report;
    uint8_t key[KEY_SHOWN_MAX];
    size_t key_size;
};

static bool reading_visit(void *visitor, struct bytes key, struct bytes value)
{
    struct reading *reading = visitor;
    reading->report.entries++;
    reading->report.bytes += key.size + value.size;
    reading->key_size = key.size < KEY_SHOWN_MAX ? key.size : KEY_SHOWN_MAX;
    memcpy(reading->key, key.at, reading->key_size);
    return true;
}

static bool gaps_read(const struct store *store, struct store_leveldb_report *report,
                      struct error *error)
{
    struct snapshot_name began = {0};
    struct store_pruned pruned = {0};
    if ((!store_began_with(store, &began, error) && error->code != ERROR_NOT_FOUND) ||
        (!store_pruned_to(store, &pruned, error) && error->code != ERROR_NOT_FOUND)) {
        return false;
    }
    report->began_height = began.height;
    report->pruned_height = pruned.height;
    return true;
}

static bool entries_read(struct store_leveldb *leveldb, struct store_leveldb_report *report,
                         struct error *error)
{
    struct reading reading = {0};
    struct store store = store_leveldb_store(leveldb);
    struct error reason = {0};
    if (!store.scan(store.context, bytes_of(NULL, 0), bytes_of(NULL, 0), false, SIZE_MAX,
                    reading_visit, &reading, &reason)) {
        char hex[2 * KEY_SHOWN_MAX + 1];
        hex_encode(bytes_of(reading.key, reading.key_size), hex);
        return error_set(error, reason.code, "after the key %s: %s", hex, reason.text);
    }
    report->entries = reading.report.entries;
    report->bytes = reading.report.bytes;
    report->groups = store_leveldb_counter(leveldb);
    return gaps_read(&store, report, error);
}

static bool shadow_read(const char *path, const char *shadow,
                        const struct store_leveldb_options *options,
                        struct store_leveldb_report *report, struct error *error)
{
    struct store_leveldb_options read_only = {.any_owner = true};
    if (options) {
        read_only = *options;
        read_only.create = false;
    }
    struct store_leveldb *store = NULL;
    struct error reason = {0};
    bool done = shadow_fill(path, shadow, &reason) &&
                store_leveldb_open(shadow, &read_only, &store, &reason) &&
                entries_read(store, report, &reason);
    store_leveldb_close(store);
    /* The shadow's own path in a text would send the reader to a folder that is gone. */
    size_t size = strlen(shadow);
    const char *at = strncmp(reason.text, shadow, size) == 0 ? reason.text + size : reason.text;
    return done || error_set(error, reason.code, at == reason.text ? "%s: %s" : "%s%s", path, at);
}

static bool check_owned(const char *path, const struct store_leveldb_options *options,
                        struct store_leveldb_report *report, struct error *error)
{
    if (!leveldb_files_check(path, true, &report->files, error)) {
        return false;
    }
    const char *place = getenv("TMPDIR");
    char shadow[STORE_FOLDER_PATH_MAX];
    snprintf(shadow, sizeof(shadow), "%s/accrue-check-XXXXXX", place && *place ? place : "/tmp");
    if (!mkdtemp(shadow)) {
        return error_set(error, ERROR_IO, "cannot make %s: %s", shadow, strerror(errno));
    }
    bool done = shadow_read(path, shadow, options, report, error);
    shadow_remove(shadow);
    return done;
}

bool store_leveldb_check(const char *path, const struct store_leveldb_options *options,
                         struct store_leveldb_report *report_out, struct error *error)
{
    char absolute[PATH_MAX];
    if (!realpath(path, absolute)) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    struct store_folder folder;
    struct store_leveldb_report report = {0};
    if (!store_folder_init(&folder, absolute, false, error)) {
        return false;
    }
    bool done = check_owned(absolute, options, &report, error);
    store_folder_release(&folder);
    if (done) {
        *report_out = report;
    }
    return done;
}
