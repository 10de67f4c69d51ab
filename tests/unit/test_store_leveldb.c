// links: node
#include "check.h"
#include "node/store_folder.h"
#include "node/store_leveldb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS = 3000, PER_GROUP = 10, VALUE_SIZE = 120 };

static char base[64];
static char place[128];  /* the store of a case */
static char second[128]; /* a copy of it */

static struct store_leveldb_options options(void)
{
    struct store_leveldb_options made = {.node = 3, .create = true};
    made.coalition = hash_bytes(bytes_text("coalition"));
    return made;
}

/* ---- folders ------------------------------------------------------------------------------ */

static void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    rmdir(path);
}

static size_t file_read(const char *path, uint8_t **at_out)
{
    int fd = open(path, O_RDONLY);
    struct stat info;
    REQUIRE(fd >= 0 && fstat(fd, &info) == 0);
    uint8_t *at = malloc((size_t)info.st_size + 1);
    REQUIRE(at && read(fd, at, (size_t)info.st_size) == info.st_size);
    close(fd);
    *at_out = at;
    return (size_t)info.st_size;
}

static void file_write(const char *path, const uint8_t *at, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0 && write(fd, at, size) == (ssize_t)size);
    close(fd);
}

static void folder_copy(const char *from, const char *to)
{
    folder_remove(to);
    REQUIRE(mkdir(to, 0700) == 0);
    DIR *dir = opendir(from);
    REQUIRE(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char source[512], target[512];
        snprintf(source, sizeof(source), "%s/%s", from, entry->d_name);
        snprintf(target, sizeof(target), "%s/%s", to, entry->d_name);
        uint8_t *at = NULL;
        size_t size = file_read(source, &at);
        file_write(target, at, size);
        free(at);
    }
    closedir(dir);
}

/* The name of the file with this beginning and ending that sorts last. */
static bool file_find(const char *path, const char *begins, const char *ends, char name_out[256])
{
    DIR *dir = opendir(path);
    REQUIRE(dir);
    bool found = false;
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        size_t size = strlen(entry->d_name), tail = strlen(ends);
        if (strncmp(entry->d_name, begins, strlen(begins)) == 0 && size >= tail &&
            strcmp(entry->d_name + size - tail, ends) == 0 &&
            (!found || strcmp(entry->d_name, name_out) > 0)) {
            snprintf(name_out, 256, "%s", entry->d_name);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

static struct hash folder_hash(const char *path)
{
    struct hash sum = {0};
    DIR *dir = opendir(path);
    REQUIRE(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "accrued.pid") == 0) {
            continue;
        }
        char file[512];
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        uint8_t *at = NULL;
        size_t size = file_read(file, &at);
        struct bytes parts[] = {bytes_text(entry->d_name), bytes_of(at, size)};
        struct hash one = hash_parts(parts, 2);
        for (size_t i = 0; i < HASH_SIZE; i++) {
            sum.at[i] ^= one.at[i]; /* whatever the order of the folder */
        }
        free(at);
    }
    closedir(dir);
    return sum;
}

/* ---- stores ------------------------------------------------------------------------------- */

static struct store_leveldb *opened(const char *path)
{
    struct store_leveldb_options wanted = options();
    struct store_leveldb *store = NULL;
    struct error error = {0};
    if (!store_leveldb_open(path, &wanted, &store, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    return store;
}

static void value_fill(uint64_t i, uint8_t value[VALUE_SIZE])
{
    struct hash hash = hash_bytes(bytes_of(&i, sizeof(i)));
    for (size_t k = 0; k < VALUE_SIZE; k++) {
        value[k] = hash.at[k % 24]; /* compresses a little */
    }
}

static void records_write(struct store_leveldb *store, uint64_t first, uint64_t count)
{
    struct store_group group;
    store_group_init(&group);
    struct error error = {0};
    for (uint64_t i = first; i < first + count; i++) {
        uint8_t value[VALUE_SIZE];
        value_fill(i, value);
        struct store_key key = key_outcomes(i);
        store_put(&group, store_key_bytes(&key), bytes_of(value, VALUE_SIZE));
        if (group.count == PER_GROUP || i + 1 == first + count) {
            REQUIRE(store_leveldb_write(store, &group, &error));
            store_group_clear(&group);
        }
    }
    store_group_release(&group);
}

static bool count_visit(void *visitor, struct bytes key, struct bytes value)
{
    (void)key;
    *(uint64_t *)visitor += value.size == VALUE_SIZE;
    return true;
}

static uint64_t records_count(struct store_leveldb *leveldb)
{
    struct store store = store_leveldb_store(leveldb);
    struct store_key prefix = key_prefix('O');
    uint64_t count = 0;
    REQUIRE(store.scan(store.context, store_key_bytes(&prefix), store_key_bytes(&prefix), false,
                       SIZE_MAX, count_visit, &count, NULL));
    return count;
}

/* Tables and a log: what was written before a reopening is in tables, the rest in the log. */
static void store_make(void)
{
    folder_remove(place);
    struct store_leveldb *store = opened(place);
    records_write(store, 0, RECORDS);
    store_leveldb_close(store);
    store = opened(place);
    records_write(store, RECORDS, RECORDS / 10);
    store_leveldb_close(store);
}

static enum error_code open_code(const char *path, struct store_leveldb_options wanted,
                                 struct error *error)
{
    struct store_leveldb *store = NULL;
    *error = (struct error){0};
    bool done = store_leveldb_open(path, &wanted, &store, error);
    CHECK(done == (store != NULL));
    store_leveldb_close(store);
    return done ? ERROR_NONE : error->code;
}

/* ---- cases: reading and writing ------------------------------------------------------------ */

CASE(what_is_written_is_read_again_after_a_reopening)
{
    store_make();
    struct store_leveldb *store = opened(place);
    CHECK_INT(records_count(store), RECORDS + RECORDS / 10);
    CHECK_INT(store_leveldb_counter(store), 1 + (RECORDS + RECORDS / 10) / PER_GROUP);
    struct store reader = store_leveldb_store(store);
    struct buffer value;
    buffer_init(&value, STORE_VALUE_MAX);
    uint8_t expected[VALUE_SIZE];
    value_fill(17, expected);
    struct store_key key = key_outcomes(17), none = key_outcomes(RECORDS * 2);
    struct error error = {0};
    CHECK(reader.get(reader.context, store_key_bytes(&key), &value, &error));
    CHECK(bytes_equal(buffer_bytes(&value), bytes_of(expected, VALUE_SIZE)));
    CHECK(!reader.get(reader.context, store_key_bytes(&none), &value, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK_INT(value.size, VALUE_SIZE);
    buffer_release(&value);
    buffer_init(&value, 10);
    CHECK(!reader.get(reader.context, store_key_bytes(&key), &value, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(value.size == 0 && !value.overflowed);
    buffer_release(&value);
    store_leveldb_close(store);
}

struct seen {
    char text[200];
    int stop_after;
};

static bool seen_visit(void *visitor, struct bytes key, struct bytes value)
{
    struct seen *seen = visitor;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof(seen->text) - used, "%.*s=%.*s ", (int)key.size,
             (const char *)key.at, (int)value.size, (const char *)value.at);
    return seen->stop_after == 0 || --seen->stop_after > 0;
}

static void letters_write(struct store_leveldb *store)
{
    static const char *const keys[] = {"a1", "b1", "b3", "b5", "c1", "\xff\xff\x61"};
    struct store_group group;
    store_group_init(&group);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        store_put(&group, bytes_text(keys[i]), bytes_text("v"));
    }
    REQUIRE(store_leveldb_write(store, &group, NULL));
    store_group_clear(&group);
    store_delete(&group, bytes_text("b5"));
    store_put(&group, bytes_text("b6"), bytes_of(NULL, 0));
    REQUIRE(store_leveldb_write(store, &group, NULL));
    store_group_release(&group);
}

static void check_scan(struct store *store, const char *prefix, const char *from, bool backwards,
                       size_t limit, const char *expected)
{
    struct seen seen = {0};
    CHECK(store->scan(store->context, bytes_text(prefix), bytes_text(from), backwards, limit,
                      seen_visit, &seen, NULL));
    CHECK_TEXT(seen.text, expected);
}

CASE(a_scan_keeps_within_its_prefix_and_limit_both_ways)
{
    folder_remove(place);
    struct store_leveldb *leveldb = opened(place);
    letters_write(leveldb);
    struct store store = store_leveldb_store(leveldb);
    check_scan(&store, "b", "b", false, 10, "b1=v b3=v b6= ");
    check_scan(&store, "b", "b2", false, 10, "b3=v b6= ");
    check_scan(&store, "b", "b2", false, 1, "b3=v ");
    check_scan(&store, "b", "a", false, 10, "b1=v b3=v b6= ");
    check_scan(&store, "b", "c", false, 10, "");
    check_scan(&store, "b", "b", false, 0, "");
    check_scan(&store, "b", "b4", true, 10, "b3=v b1=v ");
    check_scan(&store, "b", "b3", true, 10, "b3=v b1=v ");
    check_scan(&store, "b", "b9", true, 2, "b6= b3=v ");
    check_scan(&store, "b", "c", true, 1, "b6= ");
    check_scan(&store, "b", "a", true, 10, "");
    check_scan(&store, "b", "b0", true, 10, "");
    check_scan(&store, "\xff\xff", "\xff\xff\xff", true, 10,
               "\xff\xff"
               "a=v ");
    check_scan(&store, "x", "x", false, 10, "");
    struct seen seen = {.stop_after = 1};
    CHECK(store.scan(store.context, bytes_text("b"), bytes_text("b"), false, 10, seen_visit, &seen,
                     NULL));
    CHECK_TEXT(seen.text, "b1=v ");
    store_leveldb_close(leveldb);
}

static void check_before(struct store *store, const char *prefix, const char *key,
                         const char *expected)
{
    struct buffer seen, value;
    buffer_init(&seen, STORE_KEY_MAX);
    buffer_init(&value, 100);
    struct error error = {0};
    bool found = store->get_at_or_before(store->context, bytes_text(prefix), bytes_text(key), &seen,
                                         &value, &error);
    CHECK(found || error.code == ERROR_NOT_FOUND);
    CHECK_TEXT(buffer_text(&seen), expected);
    CHECK(found == (*expected != '\0'));
    buffer_release(&seen);
    buffer_release(&value);
}

CASE(the_entry_at_or_before_a_key_is_found_within_its_prefix)
{
    folder_remove(place);
    struct store_leveldb *leveldb = opened(place);
    letters_write(leveldb);
    struct store store = store_leveldb_store(leveldb);
    check_before(&store, "b", "b3", "b3");
    check_before(&store, "b", "b4", "b3");
    check_before(&store, "b", "b5", "b3");
    check_before(&store, "b", "b99", "b6");
    check_before(&store, "b", "b0", "");
    check_before(&store, "c", "c9", "c1");
    check_before(&store, "a", "a0", "");
    check_before(&store, "\xff\xff", "\xff\xffz",
                 "\xff\xff"
                 "a");
    store_leveldb_close(leveldb);
}

struct race {
    struct store store;
    bool stop;
    uint64_t rounds;
};

static void *race_read(void *argument)
{
    struct race *race = argument;
    struct store_key prefix = key_prefix('O');
    uint64_t before = 0;
    while (!__atomic_load_n(&race->stop, __ATOMIC_ACQUIRE)) {
        uint64_t count = 0;
        bool done =
            race->store.scan(race->store.context, store_key_bytes(&prefix),
                             store_key_bytes(&prefix), false, SIZE_MAX, count_visit, &count, NULL);
        /* A group is there whole or not at all, and stays. */
        REQUIRE(done && count >= before && count % PER_GROUP == 0);
        before = count;
        race->rounds++;
    }
    return NULL;
}

CASE(one_thread_writes_while_another_reads)
{
    folder_remove(place);
    struct store_leveldb *store = opened(place);
    struct race race = {.store = store_leveldb_store(store)};
    pthread_t reader;
    REQUIRE(pthread_create(&reader, NULL, race_read, &race) == 0);
    records_write(store, 0, 1000);
    __atomic_store_n(&race.stop, true, __ATOMIC_RELEASE);
    pthread_join(reader, NULL);
    CHECK_INT(records_count(store), 1000);
    store_leveldb_close(store);
}

/* ---- cases: whose store it is -------------------------------------------------------------- */

CASE(a_store_of_another_coalition_node_or_format_is_refused_with_both_named)
{
    folder_remove(place);
    store_leveldb_close(opened(place));
    struct error error;
    struct store_leveldb_options other = options();
    other.coalition = hash_bytes(bytes_text("another"));
    CHECK_INT(open_code(place, other, &error), ERROR_CONFLICT);
    char hex[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&other.coalition), hex);
    CHECK(strstr(error.text, hex));
    struct hash ours = options().coalition;
    hex_encode(hash_as_bytes(&ours), hex);
    CHECK(strstr(error.text, hex));
    other = options();
    other.node = 4;
    CHECK_INT(open_code(place, other, &error), ERROR_CONFLICT);
    CHECK(strstr(error.text, "node 3") && strstr(error.text, "node 4"));
    other.any_owner = true;
    CHECK_INT(open_code(place, other, &error), ERROR_NONE);
    struct store_leveldb *store = opened(place);
    struct store_group group;
    store_group_init(&group);
    struct store_key version = key_meta("version");
    store_put(&group, store_key_bytes(&version), bytes_of("\0\7", 2));
    REQUIRE(store_leveldb_write(store, &group, NULL));
    store_group_release(&group);
    store_leveldb_close(store);
    CHECK_INT(open_code(place, options(), &error), ERROR_CONFLICT);
    CHECK(strstr(error.text, "format 7") && strstr(error.text, "format 2"));
}

CASE(a_missing_store_is_not_made_unless_asked)
{
    folder_remove(place);
    struct error error;
    struct store_leveldb_options wanted = options();
    wanted.create = false;
    CHECK_INT(open_code(place, wanted, &error), ERROR_NOT_FOUND);
    CHECK(access(place, F_OK) != 0);
    REQUIRE(mkdir(place, 0700) == 0);
    CHECK_INT(open_code(place, wanted, &error), ERROR_NOT_FOUND);
    CHECK_INT(open_code(place, options(), &error), ERROR_NONE);
    CHECK_INT(open_code(place, wanted, &error), ERROR_NONE);
}

CASE(a_second_process_is_refused_with_the_pid_of_the_first)
{
    folder_remove(place);
    struct store_leveldb *store = opened(place);
    struct error error;
    char pid[32];
    snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
    CHECK_INT(open_code(place, options(), &error), ERROR_BUSY); /* in this process too */
    CHECK(strstr(error.text, pid));
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool named = open_code(place, options(), &error) == ERROR_BUSY && strstr(error.text, pid);
        struct store_leveldb_report report;
        bool checked = store_leveldb_check(place, NULL, &report, &error);
        _exit(named && !checked && error.code == ERROR_BUSY ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    store_leveldb_close(store);
    CHECK_INT(open_code(place, options(), &error), ERROR_NONE);
}

/* ---- cases: damage ------------------------------------------------------------------------ */

/* Opens and checks a damaged copy: refused naming the file, and unchanged by the refusal. */
static bool refused(const char *name, bool open_must_fail)
{
    struct hash before = folder_hash(second);
    struct error error = {0};
    struct store_leveldb_report report;
    bool good = !store_leveldb_check(second, NULL, &report, &error) &&
                error.code == ERROR_CORRUPT && strstr(error.text, name) &&
                strstr(error.text, "restore this node's folder") && strstr(error.text, second);
    struct hash after = folder_hash(second);
    good = good && hash_equal(&before, &after);
    if (!good) {
        printf("check of a store with a damaged %s said: %s\n", name, error.text);
    }
    if (open_must_fail) {
        enum error_code code = open_code(second, options(), &error);
        after = folder_hash(second);
        if (code != ERROR_CORRUPT || !strstr(error.text, name) || !hash_equal(&before, &after)) {
            printf("open of a store with a damaged %s said: %s\n", name, error.text);
            good = false;
        }
    }
    return good;
}

static void flip_bytes(const char *begins, const char *ends, size_t places, bool open_must_fail)
{
    char name[256], path[512];
    REQUIRE(file_find(place, begins, ends, name));
    folder_copy(place, second);
    snprintf(path, sizeof(path), "%s/%s", second, name);
    uint8_t *at = NULL;
    size_t size = file_read(path, &at);
    REQUIRE(size > 0);
    size_t wrong = 0;
    for (size_t i = 0; i < places; i++) {
        /* The first 16 bytes one by one (headers), then evenly to the last byte. */
        size_t where = i < 16 ? i : (size - 1) * (i - 15) / (places > 16 ? places - 16 : 1);
        if (where >= size) {
            continue;
        }
        uint8_t flipped = (uint8_t)(1u << (i % 8));
        at[where] ^= flipped;
        file_write(path, at, size);
        if (!refused(name, open_must_fail)) {
            printf("  (bit %u of byte %zu of %zu)\n", (unsigned)flipped, where, size);
            wrong++;
        }
        at[where] ^= flipped;
    }
    CHECK_INT(wrong, 0);
    free(at);
}

CASE(a_flipped_byte_in_the_log_is_found)
{
    store_make();
    flip_bytes("0", ".log", 60, true);
}

CASE(a_flipped_byte_in_a_table_is_found)
{
    flip_bytes("0", ".ldb", 60, false);
}

CASE(a_flipped_byte_in_the_manifest_is_found)
{
    flip_bytes("MANIFEST-", "", 60, true);
}

CASE(a_flipped_byte_in_current_is_found)
{
    char name[256], path[512];
    REQUIRE(file_find(place, "CURRENT", "", name));
    folder_copy(place, second);
    snprintf(path, sizeof(path), "%s/CURRENT", second);
    uint8_t *at = NULL;
    size_t size = file_read(path, &at);
    for (size_t i = 0; i < size; i++) {
        at[i] ^= 1;
        file_write(path, at, size);
        struct hash before = folder_hash(second);
        struct error error;
        CHECK_INT(open_code(second, options(), &error), ERROR_CORRUPT);
        CHECK(strstr(error.text, "CURRENT") || strstr(error.text, "MANIFEST-"));
        struct hash after = folder_hash(second);
        CHECK(hash_equal(&before, &after));
        at[i] ^= 1;
    }
    free(at);
}

CASE(a_flipped_byte_in_the_witness_is_found)
{
    flip_bytes("accrued.last", "", 60, true);
}

/* A bad size in the log's last block is where LevelDB itself, even paranoid, drops what follows
 * and calls it a torn write. */
CASE(a_changed_size_near_the_end_of_the_log_is_no_torn_write)
{
    char name[256], path[512];
    REQUIRE(file_find(place, "0", ".log", name));
    folder_copy(place, second);
    snprintf(path, sizeof(path), "%s/%s", second, name);
    uint8_t *at = NULL;
    size_t size = file_read(path, &at), offset = size / 32768 * 32768, seen = 0;
    /* Skip the rest of a record that began in the block before. */
    while (offset + 7 <= size) {
        size_t length = (size_t)at[offset + 4] | (size_t)at[offset + 5] << 8;
        at[offset + 5] ^= 0x40; /* 16 KiB more: beyond the end of the file */
        file_write(path, at, size);
        if (offset + 7 + (length ^ 0x4000) > size) {
            CHECK(refused(name, true));
            seen++;
        }
        at[offset + 5] ^= 0x40;
        offset += 7 + length;
    }
    CHECK(seen > 0);
    free(at);
}

CASE(every_file_that_goes_missing_is_named)
{
    static const char *const kinds[][2] = {
        {"0", ".log"}, {"0", ".ldb"}, {"MANIFEST-", ""}, {"CURRENT", ""}, {"accrued.last", ""}};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char name[256], path[512];
        REQUIRE(file_find(place, kinds[i][0], kinds[i][1], name));
        folder_copy(place, second);
        snprintf(path, sizeof(path), "%s/%s", second, name);
        REQUIRE(unlink(path) == 0);
        CHECK(refused(name, true));
    }
}

/* Cut within its first entry nothing is left that says which files there are. */
CASE(a_manifest_cut_short_is_named)
{
    char name[256], path[512];
    REQUIRE(file_find(place, "MANIFEST-", "", name));
    for (size_t kept = 0; kept < 20; kept += 4) {
        folder_copy(place, second);
        snprintf(path, sizeof(path), "%s/%s", second, name);
        REQUIRE(truncate(path, (off_t)kept) == 0);
        CHECK(refused(name, true));
    }
}

/* The log cut at any byte: the groups that are gone are named. (Were the witness cut back too, by
 * a restored backup or a power cut before it reached the disk, only the peers could tell.) */
CASE(a_log_cut_short_shows_which_groups_are_missing)
{
    char name[256], path[512];
    REQUIRE(file_find(place, "0", ".log", name));
    uint8_t *at = NULL;
    snprintf(path, sizeof(path), "%s/%s", place, name);
    size_t size = file_read(path, &at);
    for (size_t i = 0; i < 40; i++) {
        folder_copy(place, second);
        snprintf(path, sizeof(path), "%s/%s", second, name);
        size_t kept = i < 20 ? size - 1 - i : (size - 1) * (i - 20) / 20;
        file_write(path, at, kept);
        struct error error;
        struct store_leveldb_report report;
        CHECK(!store_leveldb_check(second, NULL, &report, &error));
        CHECK_INT(error.code, ERROR_CORRUPT);
        CHECK_INT(open_code(second, options(), &error), ERROR_CORRUPT);
        CHECK(strstr(error.text, "groups ") && strstr(error.text, " are missing"));
    }
    free(at);
}

/* What a power cut leaves: the last group half written, the witness at the group before. */
CASE(a_torn_last_group_that_was_never_acknowledged_is_dropped)
{
    char name[256], path[512];
    folder_copy(place, second);
    REQUIRE(file_find(second, "0", ".log", name));
    uint8_t *log_at = NULL, *last = NULL;
    struct store_leveldb *store = opened(second);
    uint64_t before = records_count(store), counter = store_leveldb_counter(store);
    store_leveldb_close(store);
    snprintf(path, sizeof(path), "%s/accrued.last", second);
    size_t last_size = file_read(path, &last);
    store = opened(second);
    records_write(store, 2 * RECORDS, PER_GROUP);
    store_leveldb_close(store);
    file_write(path, last, last_size);
    REQUIRE(file_find(second, "0", ".log", name));
    snprintf(path, sizeof(path), "%s/%s", second, name);
    size_t size = file_read(path, &log_at);
    file_write(path, log_at, size - 5);
    store = opened(second);
    CHECK_INT(records_count(store), before);
    CHECK_INT(store_leveldb_counter(store), counter);
    store_leveldb_close(store);
    free(log_at);
    free(last);
}

CASE(a_sound_store_passes_the_check_unchanged)
{
    struct hash before = folder_hash(place);
    struct store_leveldb_report report = {0};
    struct error error = {0};
    bool done = store_leveldb_check(place, NULL, &report, &error);
    CHECK_TEXT(error.text, "");
    CHECK(done);
    struct hash after = folder_hash(place);
    CHECK(hash_equal(&before, &after));
    uint64_t groups = 1 + (RECORDS + RECORDS / 10) / PER_GROUP;
    CHECK_INT(report.groups, groups);
    CHECK_INT(report.entries, RECORDS + RECORDS / 10 + groups + 4); /* and the M keys */
    CHECK(report.files >= 4 && report.bytes > RECORDS * VALUE_SIZE);
    struct store_leveldb_options other = options();
    other.node++;
    CHECK(!store_leveldb_check(place, &other, &report, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
}

/* Values large enough that tables are written and merged while the process dies. */
static void write_until_killed(int acknowledge)
{
    enum { LARGE = 512 * 1024 };
    struct store_leveldb *store = opened(place);
    uint8_t *value = calloc(1, LARGE);
    REQUIRE(value);
    for (uint64_t i = store_leveldb_counter(store);; i++) {
        struct store_group group;
        store_group_init(&group);
        struct store_key key = key_height(i);
        random_bytes(value, LARGE);
        store_put(&group, store_key_bytes(&key), bytes_of(value, LARGE));
        REQUIRE(store_leveldb_write(store, &group, NULL));
        store_group_release(&group);
        uint64_t counter = store_leveldb_counter(store);
        REQUIRE(write(acknowledge, &counter, sizeof(counter)) == sizeof(counter));
    }
}

CASE(a_killed_process_loses_no_group_that_was_acknowledged)
{
    folder_remove(place);
    for (int round = 0; round < check_share(6); round++) {
        int ends[2];
        REQUIRE(pipe(ends) == 0);
        fflush(stdout);
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            write_until_killed(ends[1]);
        }
        close(ends[1]);
        uint64_t counter = 0, seen = 0;
        for (int i = 0; i < 30 + 17 * round; i++) {
            REQUIRE(read(ends[0], &counter, sizeof(counter)) == sizeof(counter));
        }
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &seen, sizeof(seen)) == sizeof(seen)) {
            counter = seen;
        }
        close(ends[0]);
        struct store_leveldb_report report = {0};
        struct error error = {0};
        CHECK(store_leveldb_check(place, NULL, &report, &error));
        CHECK_TEXT(error.text, "");
        CHECK(report.groups >= counter);
    }
}

/* A group written into a folder that no start finds again would be acknowledged and lost. */
CASE(a_folder_that_was_moved_away_takes_no_more_groups)
{
    folder_remove(place);
    folder_remove(second);
    struct store_leveldb *store = opened(place);
    records_write(store, 0, PER_GROUP);
    uint64_t counter = store_leveldb_counter(store);
    REQUIRE(rename(place, second) == 0);
    struct store_group group;
    struct error error = {0};
    store_group_init(&group);
    CHECK(!store_leveldb_write(store, &group, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(strstr(error.text, place) && strstr(error.text, "put it back"));
    REQUIRE(rename(second, place) == 0);
    CHECK(!store_leveldb_write(store, &group, &error)); /* nor later: the process must end */
    store_group_release(&group);
    store_leveldb_close(store);
    store = opened(place);
    CHECK_INT(store_leveldb_counter(store), counter);
    store_leveldb_close(store);
}

CASE(old_links_of_the_chain_are_dropped_and_the_rest_is_whole)
{
    folder_remove(place);
    struct store_leveldb *store = opened(place);
    struct store_group group;
    store_group_init(&group);
    for (uint64_t i = 1; i < STORE_LINKS_KEPT + 5; i++) {
        REQUIRE(store_leveldb_write(store, &group, NULL));
    }
    store_group_release(&group);
    store_leveldb_close(store);
    store = opened(place);
    CHECK_INT(store_leveldb_counter(store), STORE_LINKS_KEPT + 5);
    struct store reader = store_leveldb_store(store);
    struct buffer key, value;
    buffer_init(&key, STORE_KEY_MAX);
    buffer_init(&value, 100);
    struct store_key oldest = key_counter(6), gone = key_counter(5);
    CHECK(reader.get(reader.context, store_key_bytes(&oldest), &value, NULL));
    CHECK(!reader.get(reader.context, store_key_bytes(&gone), &value, NULL));
    buffer_release(&key);
    buffer_release(&value);
    store_leveldb_close(store);
}

int main(void)
{
    snprintf(base, sizeof(base), "/tmp/accrue-test-XXXXXX");
    REQUIRE(mkdtemp(base));
    snprintf(place, sizeof(place), "%s/store", base);
    snprintf(second, sizeof(second), "%s/copy", base);
    RUN(what_is_written_is_read_again_after_a_reopening);
    RUN(a_scan_keeps_within_its_prefix_and_limit_both_ways);
    RUN(the_entry_at_or_before_a_key_is_found_within_its_prefix);
    RUN(one_thread_writes_while_another_reads);
    RUN(a_store_of_another_coalition_node_or_format_is_refused_with_both_named);
    RUN(a_missing_store_is_not_made_unless_asked);
    RUN(a_second_process_is_refused_with_the_pid_of_the_first);
    RUN(a_flipped_byte_in_the_log_is_found);
    RUN(a_sound_store_passes_the_check_unchanged);
    RUN(a_flipped_byte_in_a_table_is_found);
    RUN(a_flipped_byte_in_the_manifest_is_found);
    RUN(a_flipped_byte_in_current_is_found);
    RUN(a_flipped_byte_in_the_witness_is_found);
    RUN(a_changed_size_near_the_end_of_the_log_is_no_torn_write);
    RUN(every_file_that_goes_missing_is_named);
    RUN(a_manifest_cut_short_is_named);
    RUN(a_log_cut_short_shows_which_groups_are_missing);
    RUN(a_torn_last_group_that_was_never_acknowledged_is_dropped);
    RUN(a_killed_process_loses_no_group_that_was_acknowledged);
    RUN(a_folder_that_was_moved_away_takes_no_more_groups);
    RUN(old_links_of_the_chain_are_dropped_and_the_rest_is_whole);
    folder_remove(place);
    folder_remove(second);
    rmdir(base);
    return check_report();
}
