#include "node/leveldb_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/leveldb_log.h"
#include "node/leveldb_table.h"

enum {
    FILE_PATH_MAX = 4096,
    TABLES_MAX = 1 << 20 /* of 2 MB: two terabytes */
};

/* What the manifest says is there. */
struct version {
    struct leveldb_table *tables;
    size_t table_count, table_capacity;
    uint64_t log_number, file_size;
    bool has_log, has_next, has_sequence; /* every manifest that CURRENT names says these */
};

struct check {
    const char *path;
    uint64_t count;
    struct version version;
};

void leveldb_table_name(uint64_t number, char name_out[LEVELDB_NAME_MAX])
{
    snprintf(name_out, LEVELDB_NAME_MAX, "%06llu.ldb", (unsigned long long)number);
}

void leveldb_log_name(uint64_t number, char name_out[LEVELDB_NAME_MAX])
{
    snprintf(name_out, LEVELDB_NAME_MAX, "%06llu.log", (unsigned long long)number);
}

/* ---- one file ----------------------------------------------------------------------------- */

static bool file_failed(const struct check *check, const char *name, struct error *error)
{
    (void)error_wrap(error, "%s/%s is damaged", check->path, name);
    return error_set(error, error->code,
                     "%s: restore this node's folder from a copy, or start it under a fresh key",
                     error->text);
}

static bool file_missing(const struct check *check, const char *name, struct error *error)
{
    return error_set(error, ERROR_CORRUPT,
                     "%s/%s is missing: restore this node's folder from a copy, or start it under "
                     "a fresh key",
                     check->path, name);
}

struct mapping {
    struct bytes file;
    void *at;
};

static bool mapping_init(struct mapping *mapping, const struct check *check, const char *name,
                         struct error *error)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", check->path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return file_missing(check, name, error);
    }
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        int failure = errno;
        if (fd >= 0) {
            close(fd);
        }
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(failure));
    }
    *mapping = (struct mapping){0};
    void *at = NULL;
    if (info.st_size > 0) {
        at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    int failure = errno;
    close(fd);
    if (at == MAP_FAILED) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(failure));
    }
    *mapping = (struct mapping){.file = bytes_of(at, (size_t)info.st_size), .at = at};
    return true;
}

static void mapping_release(struct mapping *mapping)
{
    if (mapping->at) {
        munmap(mapping->at, mapping->file.size);
    }
}

/* ---- the manifest (db/version_edit.cc) ----------------------------------------------------- */

static bool edit_text(struct bytes *rest)
{
    uint64_t size = 0;
    if (!leveldb_varint(rest, &size) || size > rest->size) {
        return false;
    }
    *rest = bytes_of(rest->at + size, rest->size - size);
    return true;
}

static bool edit_add(struct version *version, struct bytes *rest)
{
    uint64_t level = 0;
    struct leveldb_table table = {0};
    if (!leveldb_varint(rest, &level) || !leveldb_varint(rest, &table.number) ||
        !leveldb_varint(rest, &table.size) || !edit_text(rest) || !edit_text(rest) ||
        version->table_count == TABLES_MAX) {
        return false;
    }
    version->tables = (struct leveldb_table *)array_grow(version->tables, &version->table_capacity,
                                                         version->table_count + 1, sizeof(table));
    version->tables[version->table_count++] = table;
    return true;
}

/* A table that moves to another level is deleted and added in one edit, deletions first; so one
 * entry goes. */
static bool edit_remove(struct version *version, struct bytes *rest)
{
    uint64_t level = 0, number = 0;
    if (!leveldb_varint(rest, &level) || !leveldb_varint(rest, &number)) {
        return false;
    }
    for (size_t i = 0; i < version->table_count; i++) {
        if (version->tables[i].number == number) {
            version->tables[i] = version->tables[--version->table_count];
            return true;
        }
    }
    return false;
}

static bool edit_field(struct version *version, struct bytes *rest)
{
    enum { COMPARATOR = 1, LOG = 2, NEXT = 3, SEQUENCE = 4, POINTER = 5, REMOVE = 6, ADD = 7 };
    enum { PREVIOUS_LOG = 9 };
    uint64_t tag = 0, ignored = 0;
    if (!leveldb_varint(rest, &tag)) {
        return false;
    }
    switch (tag) {
    case COMPARATOR:
        return edit_text(rest);
    case LOG:
        version->has_log = leveldb_varint(rest, &version->log_number);
        return version->has_log;
    case NEXT:
        version->has_next = leveldb_varint(rest, &ignored);
        return version->has_next;
    case SEQUENCE:
        version->has_sequence = leveldb_varint(rest, &ignored);
        return version->has_sequence;
    case PREVIOUS_LOG:
        return leveldb_varint(rest, &ignored);
    case POINTER:
        return leveldb_varint(rest, &ignored) && edit_text(rest);
    case REMOVE:
        return edit_remove(version, rest);
    case ADD:
        return edit_add(version, rest);
    default:
        return false;
    }
}

static bool edit_apply(void *visitor, struct bytes record, struct error *error)
{
    struct version *version = visitor;
    while (record.size > 0) {
        if (!edit_field(version, &record)) {
            return error_set(error, ERROR_CORRUPT, "a malformed entry");
        }
    }
    return true;
}

/* ---- the folder --------------------------------------------------------------------------- */

static bool log_verify(struct check *check, const char *name, struct version *version,
                       struct error *error)
{
    struct mapping mapping;
    if (!mapping_init(&mapping, check, name, error)) {
        return false;
    }
    struct error reason = {0};
    bool done = leveldb_log_check(mapping.file, version ? edit_apply : NULL, version, &reason);
    if (version) {
        version->file_size = mapping.file.size;
    }
    mapping_release(&mapping);
    check->count++;
    if (!done) {
        error_set(error, reason.code, "%s", reason.text);
        return file_failed(check, name, error);
    }
    return true;
}

/* "MANIFEST-" digits LF, and nothing else. */
static bool current_read(struct check *check, char manifest_out[LEVELDB_NAME_MAX],
                         struct error *error)
{
    struct mapping mapping;
    if (!mapping_init(&mapping, check, "CURRENT", error)) {
        return false;
    }
    static const char start[] = "MANIFEST-";
    size_t size = mapping.file.size, prefix = sizeof(start) - 1;
    const uint8_t *at = mapping.file.at;
    bool valid = size > prefix + 1 && size < LEVELDB_NAME_MAX && memcmp(at, start, prefix) == 0 &&
                 at[size - 1] == '\n';
    for (size_t i = prefix; valid && i < size - 1; i++) {
        valid = at[i] >= '0' && at[i] <= '9';
    }
    if (valid) {
        memcpy(manifest_out, at, size - 1);
        manifest_out[size - 1] = '\0';
    }
    mapping_release(&mapping);
    check->count++;
    if (!valid) {
        error_set(error, ERROR_CORRUPT, "it names no manifest");
        return file_failed(check, "CURRENT", error);
    }
    return true;
}

static bool log_number(const char *name, uint64_t *number_out)
{
    const char *dot = strchr(name, '.');
    if (!dot || strcmp(dot, ".log") != 0) {
        return false;
    }
    uint64_t number = 0;
    for (const char *at = name; at < dot; at++) {
        if (*at < '0' || *at > '9' || number > UINT64_MAX / 10 - 9) {
            return false;
        }
        number = number * 10 + (uint64_t)(*at - '0');
    }
    *number_out = number;
    return dot > name;
}

/* Logs older than the manifest's are left over: their groups are in tables. */
static bool logs_verify(struct check *check, struct error *error)
{
    DIR *dir = opendir(check->path);
    if (!dir) {
        return error_set(error, ERROR_IO, "%s: %s", check->path, strerror(errno));
    }
    bool done = true, found = check->version.log_number == 0;
    const struct dirent *entry;
    while (done && (errno = 0, entry = readdir(dir))) {
        uint64_t number = 0;
        if (!log_number(entry->d_name, &number) || number < check->version.log_number) {
            continue;
        }
        found |= number == check->version.log_number;
        done = log_verify(check, entry->d_name, NULL, error);
    }
    int failure = done ? errno : 0;
    closedir(dir);
    if (failure != 0) {
        return error_set(error, ERROR_IO, "%s: %s", check->path, strerror(failure));
    }
    if (done && !found) {
        char name[LEVELDB_NAME_MAX];
        leveldb_log_name(check->version.log_number, name);
        return file_missing(check, name, error);
    }
    return done;
}

static bool table_verify(struct check *check, const struct leveldb_table *table, bool read,
                         struct error *error)
{
    char name[LEVELDB_NAME_MAX];
    leveldb_table_name(table->number, name);
    struct mapping mapping;
    if (!mapping_init(&mapping, check, name, error)) {
        return false;
    }
    struct error reason = {0};
    bool done = mapping.file.size == table->size ||
                error_set(&reason, ERROR_CORRUPT, "it has %zu bytes and should have %llu",
                          mapping.file.size, (unsigned long long)table->size);
    done = done && (!read || leveldb_table_check(mapping.file, &reason));
    mapping_release(&mapping);
    check->count++;
    if (!done) {
        error_set(error, reason.code, "%s", reason.text);
        return file_failed(check, name, error);
    }
    return true;
}

static bool manifest_verify(struct check *check, const char *name, struct error *error)
{
    const struct version *version = &check->version;
    if (!log_verify(check, name, &check->version, error)) {
        return false;
    }
    if (!version->has_log || !version->has_next || !version->has_sequence) {
        error_set(error, ERROR_CORRUPT, "it was cut short");
        return file_failed(check, name, error);
    }
    return true;
}

static bool files_verify(struct check *check, bool tables, struct error *error)
{
    char manifest[LEVELDB_NAME_MAX];
    if (!current_read(check, manifest, error) || !manifest_verify(check, manifest, error) ||
        !logs_verify(check, error)) {
        return false;
    }
    for (size_t i = 0; i < check->version.table_count; i++) {
        if (!table_verify(check, &check->version.tables[i], tables, error)) {
            return false;
        }
    }
    return true;
}

bool leveldb_files_check(const char *path, bool tables, uint64_t *count_out, struct error *error)
{
    char current[FILE_PATH_MAX];
    snprintf(current, sizeof(current), "%s/CURRENT", path);
    struct check check = {.path = path};
    bool done = true;
    if (access(current, F_OK) == 0) {
        struct error reason = {0};
        done = files_verify(&check, tables, &reason) ||
               error_set(error, reason.code, "%s", reason.text);
    }
    free(check.version.tables);
    if (done && count_out) {
        *count_out = check.count;
    }
    return done;
}

/* ---- a database at one moment --------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static bool logs_list(const char *path, struct leveldb_live *live, struct error *error)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    const struct dirent *entry;
    bool fits = true;
    while ((errno = 0, entry = readdir(dir))) {
        uint64_t number = 0;
        if (!log_number(entry->d_name, &number) || number < live->log_number) {
            continue;
        }
        fits = live->log_count < LEVELDB_LOGS_MAX;
        if (!fits) {
            break;
        }
        live->logs[live->log_count++] = number;
    }
    int failure = fits ? errno : 0;
    closedir(dir);
    if (failure != 0) {
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(failure));
    }
    qsort(live->logs, live->log_count, sizeof(live->logs[0]), by_number);
    return fits ||
           error_set(error, ERROR_LIMIT, "%s has more than %d logs", path, (int)LEVELDB_LOGS_MAX);
}

void leveldb_live_release(struct leveldb_live *live)
{
    free(live->tables);
    *live = (struct leveldb_live){0};
}

bool leveldb_live_read(const char *path, struct leveldb_live *live_out, struct error *error)
{
    char current[FILE_PATH_MAX];
    snprintf(current, sizeof(current), "%s/CURRENT", path);
    if (access(current, F_OK) != 0) {
        return error_set(error, ERROR_NOT_FOUND, "%s holds no store", path);
    }
    struct check check = {.path = path};
    struct leveldb_live live = {0};
    struct error reason = {0};
    bool done = current_read(&check, live.manifest, &reason) &&
                manifest_verify(&check, live.manifest, &reason);
    live.tables = check.version.tables;
    live.table_count = check.version.table_count;
    live.manifest_size = check.version.file_size;
    live.log_number = check.version.log_number;
    if (!done || !logs_list(path, &live, &reason)) {
        leveldb_live_release(&live);
        return error_set(error, reason.code, "%s", reason.text);
    }
    *live_out = live;
    return true;
}

bool leveldb_live_same(const struct leveldb_live *left, const struct leveldb_live *right)
{
    return strcmp(left->manifest, right->manifest) == 0 &&
           left->manifest_size == right->manifest_size && left->log_count == right->log_count &&
           memcmp(left->logs, right->logs, left->log_count * sizeof(left->logs[0])) == 0;
}
