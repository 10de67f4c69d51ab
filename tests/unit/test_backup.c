// links: node
/* Backups of a store that a thread writes to as fast as it can, so that logs end and tables come
 * and go in the middle of them. */
#include "check.h"
#include "node/backup.h"
#include "node/leveldb_files.h"
#include "node/store_gaps.h"
#include "node/store_leveldb.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VALUE_SIZE = 512 * 1024, /* a log of 32 MiB has 64 of them */
    KEYS = 96,               /* overwritten again and again: tables are merged */
    GROUPS_MAX = 4000,
    BACKUPS = 6,
    GROUPS_BETWEEN = 40
};

static char base[] = "/tmp/accrue-backup-XXXXXX";
static char data[64], folder[64], back[64];

static struct store_leveldb *store_make(void)
{
    struct store_leveldb_options options = {.node = 1, .create = true};
    struct store_leveldb *store = NULL;
    REQUIRE(store_leveldb_open(data, &options, &store, NULL));
    return store;
}

struct writer {
    struct store_leveldb *store;
    uint8_t *value;
    uint64_t written;
    atomic_bool stop;
};

static bool write_one(struct writer *writer)
{
    struct store_group group;
    struct store_key key = key_outbox(writer->written % KEYS);
    store_group_init(&group);
    put_u64be(writer->value, writer->written++);
    store_put(&group, store_key_bytes(&key), bytes_of(writer->value, VALUE_SIZE));
    bool good = store_leveldb_write(writer->store, &group, NULL);
    store_group_release(&group);
    return good;
}

static void writer_init(struct writer *writer)
{
    *writer = (struct writer){.store = store_make(), .value = allocate(1, VALUE_SIZE)};
    for (size_t i = 0; i < VALUE_SIZE; i++)
        writer->value[i] = (uint8_t)(i * 2654435761U >> 13); /* not to be compressed away */
}

static void writer_release(struct writer *writer)
{
    store_leveldb_close(writer->store);
    free(writer->value);
}

static void *write_on(void *context)
{
    struct writer *writer = (struct writer *)context;
    while (!atomic_load(&writer->stop) && store_leveldb_counter(writer->store) < GROUPS_MAX)
        CHECK(write_one(writer));
    return NULL;
}

static bool take(uint64_t keep, struct backup_summary *summary_out, struct error *error)
{
    struct backup_request request = {
        .data = data, .folder = folder, .keep = keep, .now_ms = UINT64_C(1790000000000)};
    bool taken = backup_take(&request, summary_out, error);
    if (!taken)
        printf("backup: %s\n", error->text);
    return taken;
}

static void clean(void)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -rf %s %s %s", data, folder, back);
    REQUIRE(system(command) == 0);
}

CASE(every_backup_beside_a_writer_is_whole_and_newer)
{
    struct writer writer;
    struct backup_summary summary = {0};
    struct error error = {0};
    pthread_t thread;
    uint64_t groups = 0;
    writer_init(&writer);
    CHECK(write_one(&writer));
    REQUIRE(pthread_create(&thread, NULL, write_on, &writer) == 0);
    for (int i = 0; i < check_share(BACKUPS); i++) {
        uint64_t before = store_leveldb_counter(writer.store);
        CHECK(take(2, &summary, &error)); /* it reads the whole copy: chain, witness, tables */
        CHECK(summary.groups >= before && summary.groups > groups);
        CHECK(summary.groups <= store_leveldb_counter(writer.store));
        groups = summary.groups;
        uint64_t next = groups + GROUPS_BETWEEN < GROUPS_MAX ? groups + GROUPS_BETWEEN : GROUPS_MAX;
        while (store_leveldb_counter(writer.store) < next)
            usleep(1000);
    }
    atomic_store(&writer.stop, true);
    REQUIRE(pthread_join(thread, NULL) == 0);
    writer_release(&writer);
    clean();
}

CASE(a_log_that_ended_and_tables_that_came_are_noticed)
{
    struct writer writer;
    struct leveldb_live first = {0};
    struct leveldb_live grown = {0};
    struct leveldb_live later = {0};
    writer_init(&writer);
    CHECK(write_one(&writer));
    REQUIRE(leveldb_live_read(data, &first, NULL));
    CHECK_INT(first.log_count, 1);
    CHECK(write_one(&writer)); /* which only makes the log longer */
    REQUIRE(leveldb_live_read(data, &grown, NULL));
    CHECK(leveldb_live_same(&first, &grown));
    for (int i = 0; i < KEYS; i++)
        CHECK(write_one(&writer));
    REQUIRE(leveldb_live_read(data, &later, NULL));
    CHECK(!leveldb_live_same(&first, &later));
    leveldb_live_release(&first);
    leveldb_live_release(&grown);
    leveldb_live_release(&later);
    writer_release(&writer);
    clean();
}

CASE(what_is_put_back_is_the_store_of_that_moment)
{
    struct writer writer;
    struct backup_summary summary = {0};
    struct error error = {0};
    struct store_leveldb_report report = {0};
    writer_init(&writer);
    for (int i = 0; i < 3 * KEYS; i++)
        CHECK(write_one(&writer));
    uint64_t groups = store_leveldb_counter(writer.store);
    REQUIRE(take(1, &summary, &error));
    CHECK_INT(summary.groups, groups);
    CHECK(write_one(&writer));
    writer_release(&writer);
    struct restore_request request = {.folder = folder, .data = back};
    REQUIRE(backup_restore(&request, &summary, &error));
    REQUIRE(store_leveldb_check(back, NULL, &report, &error));
    CHECK_INT(report.groups, groups);
    CHECK(!backup_restore(&request, &summary, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    clean();
}

CASE(a_second_backup_of_a_store_at_rest_copies_no_table)
{
    struct writer writer;
    struct backup_summary first = {0};
    struct backup_summary second = {0};
    struct error error = {0};
    writer_init(&writer);
    for (int i = 0; i < 2 * KEYS; i++)
        CHECK(write_one(&writer));
    writer_release(&writer);
    store_leveldb_close(store_make()); /* an open makes tables of the logs */
    REQUIRE(take(2, &first, &error));
    REQUIRE(take(2, &second, &error));
    CHECK_INT(first.copied, first.files);
    CHECK(second.copied_bytes < VALUE_SIZE && second.files == first.files);
    CHECK_INT(second.bytes, first.bytes);
    clean();
}

CASE(a_damaged_store_makes_no_backup_and_costs_none)
{
    struct writer writer;
    struct backup_summary summary = {0};
    struct error error = {0};
    char path[128];
    writer_init(&writer);
    for (int i = 0; i < KEYS; i++)
        CHECK(write_one(&writer));
    writer_release(&writer);
    REQUIRE(take(2, &summary, &error));
    snprintf(path, sizeof(path), "%s/accrued.last", data);
    REQUIRE(truncate(path, 8) == 0);
    CHECK(!take(2, &summary, &error));
    CHECK(strstr(error.text, "accrued.last is damaged"));
    CHECK(strstr(error.text, "the backups before are untouched"));
    struct restore_request check = {.folder = folder};
    CHECK(backup_restore(&check, &summary, &error));
    snprintf(path, sizeof(path), "%s/unfinished", folder);
    CHECK(access(path, F_OK) != 0);
    clean();
}

static void touch(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", data, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fputs("an image", file) >= 0 && fclose(file) == 0);
}

static void put_gaps(const struct snapshot_name *began, const struct store_pruned *pruned)
{
    struct store_leveldb *store = store_make();
    struct store_group group;
    store_group_init(&group);
    if (began)
        store_put_beginning(&group, began);
    else
        store_put_pruned(&group, pruned);
    REQUIRE(store_leveldb_write(store, &group, NULL));
    store_group_release(&group);
    store_leveldb_close(store);
}

/* A copy that no node could start from is no backup. */
CASE(a_store_that_was_pruned_is_backed_up_with_a_later_image_only)
{
    struct backup_summary summary = {0};
    struct error error = {0};
    put_gaps(NULL, &(struct store_pruned){.height = 40, .records = 900});
    CHECK(!take(1, &summary, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK(strstr(error.text, "run it again when the node has made one"));
    touch("state-40.image");
    CHECK(!take(1, &summary, &error));
    touch("state-44.image");
    CHECK(take(1, &summary, &error));
    clean();
}

CASE(a_store_without_its_history_is_backed_up_with_its_snapshot_only)
{
    struct backup_summary summary = {0};
    struct error error = {0};
    put_gaps(&(struct snapshot_name){.height = 70, .size = 1234}, NULL);
    touch("state-80.image");
    CHECK(!take(1, &summary, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK(strstr(error.text, "run it again when the history is whole"));
    touch("state-70.image");
    CHECK(take(1, &summary, &error));
    clean();
}

int main(void)
{
    REQUIRE(mkdtemp(base) != NULL);
    snprintf(data, sizeof(data), "%s/data", base);
    snprintf(folder, sizeof(folder), "%s/backups", base);
    snprintf(back, sizeof(back), "%s/back", base);
    RUN(every_backup_beside_a_writer_is_whole_and_newer);
    RUN(a_log_that_ended_and_tables_that_came_are_noticed);
    RUN(what_is_put_back_is_the_store_of_that_moment);
    RUN(a_second_backup_of_a_store_at_rest_copies_no_table);
    RUN(a_damaged_store_makes_no_backup_and_costs_none);
    RUN(a_store_that_was_pruned_is_backed_up_with_a_later_image_only);
    RUN(a_store_without_its_history_is_backed_up_with_its_snapshot_only);
    CHECK(rmdir(base) == 0);
    return check_report();
}
