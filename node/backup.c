#include "node/backup.h"

#include "node/backup_folder.h"
#include "node/file.h"
#include "node/leveldb_files.h"
#include "node/snapshot.h"
#include "node/store_folder.h"
#include "node/store_leveldb.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { AGAIN_MS = 20 /* between passes over a store that moved on */ };

static const char last_name[] = "accrued.last";

struct work {
    const struct backup_request *request;
    char unfinished[CLI_PATH_MAX], before[CLI_PATH_MAX]; /* "": there is none before */
    struct backup_list old, list;
    size_t sorted; /* files of the list that are in order: what earlier passes copied */
    unsigned pass;
    struct backup_summary summary;
    struct cli_progress bar;
    struct error *error;
};

/* What became of one pass. */
enum pass { PASS_WHOLE, PASS_AGAIN, PASS_FAILED };

/* ---- one file ------------------------------------------------------------------------------- */

static bool same(const struct backup_content *content, const struct backup_file *file)
{
    return content->size == file->size && hash_equal(&content->sha256, &file->sha256);
}

/* A link to the copy of the backup before, when that is this file and sound. False: copy it. */
static bool keep(struct work *work, const char *name, const char *from, const char *to,
                 struct backup_content *content_out)
{
    char earlier[CLI_PATH_MAX];
    struct backup_content now;
    struct backup_content then = {0};
    const struct backup_file *old = backup_list_find(&work->old, work->old.count, name);
    if (!old || !backup_copy(from, NULL, UINT64_MAX, NULL, &now, NULL) || !same(&now, old))
        return false;
    if (!cli_path(earlier, NULL, "%s/%s", work->before, name) ||
        !backup_copy(earlier, NULL, UINT64_MAX, NULL, &then, NULL) || !same(&then, old)) {
        work->summary.mended++;
        return false;
    }
    if (link(earlier, to) != 0)
        return false; /* a file system without links */
    *content_out = now;
    return true;
}

static void note(struct work *work, const char *name, const struct backup_content *content,
                 bool copied)
{
    struct backup_file *file = backup_list_find(&work->list, work->sorted, name);
    if (!file)
        file = backup_list_add(&work->list, name);
    file->size = content->size;
    file->sha256 = content->sha256;
    file->pass = work->pass;
    file->copied = copied;
}

/* Copies a file that never changes, unless it is there; ERROR_NOT_FOUND when it is gone. */
static bool take_fixed(struct work *work, const char *name, struct error *error)
{
    char from[CLI_PATH_MAX];
    char to[CLI_PATH_MAX];
    struct backup_content content;
    if (!cli_path(from, error, "%s/%s", work->request->data, name) ||
        !cli_path(to, error, "%s/%s", work->unfinished, name))
        return false;
    if (work->list.count == BACKUP_FILES_MAX)
        return error_set(error, ERROR_LIMIT, "more than %d files", (int)BACKUP_FILES_MAX);
    bool kept = keep(work, name, from, to, &content);
    if (!kept && !backup_copy(from, to, UINT64_MAX, NULL, &content, error))
        return false;
    note(work, name, &content, !kept);
    return true;
}

/* Copies a file that is written to, as it is now and up to `limit` bytes. */
static bool take_growing(struct work *work, const char *name, uint64_t limit, struct error *error)
{
    char from[CLI_PATH_MAX];
    char to[CLI_PATH_MAX];
    struct backup_content content;
    if (!cli_path(from, error, "%s/%s", work->request->data, name) ||
        !cli_path(to, error, "%s/%s", work->unfinished, name) ||
        !backup_copy(from, to, limit, NULL, &content, error))
        return false;
    note(work, name, &content, true);
    return true;
}

/* ---- a pass --------------------------------------------------------------------------------- */

static enum pass pass_after(const struct error *error)
{
    return error->code == ERROR_NOT_FOUND || error->code == ERROR_CORRUPT ? PASS_AGAIN
                                                                          : PASS_FAILED;
}

/* PASS_WHOLE: every table was there already. */
static enum pass take_tables(struct work *work, const struct leveldb_live *live)
{
    size_t before = work->list.count;
    for (size_t i = 0; i < live->table_count; i++) {
        char name[LEVELDB_NAME_MAX];
        leveldb_table_name(live->tables[i].number, name);
        struct backup_file *file = backup_list_find(&work->list, work->sorted, name);
        if (file) {
            file->pass = work->pass;
            continue;
        }
        if (work->pass > 1)
            work->bar.total += live->tables[i].size;
        if (!take_fixed(work, name, work->error))
            return pass_after(work->error);
        cli_progress_step(&work->bar, live->tables[i].size);
    }
    return work->list.count == before ? PASS_WHOLE : PASS_AGAIN;
}

static enum pass take_rest(struct work *work, const struct leveldb_live *live)
{
    char path[CLI_PATH_MAX];
    char name[LEVELDB_NAME_MAX];
    struct buffer last;
    struct store_last decoded;
    if (!take_growing(work, last_name, UINT64_MAX, work->error) ||
        !cli_path(path, work->error, "%s/%s", work->unfinished, last_name))
        return pass_after(work->error);
    buffer_init(&last, 4096);
    bool sound =
        file_read(path, &last, work->error) &&
        (store_last_decode(buffer_bytes(&last), &decoded) ||
         error_set(work->error, ERROR_CORRUPT, "%s/%s is damaged", work->request->data, last_name));
    buffer_release(&last);
    for (size_t i = 0; sound && i < live->log_count; i++) {
        leveldb_log_name(live->logs[i], name);
        sound = take_growing(work, name, UINT64_MAX, work->error);
    }
    sound = sound && take_growing(work, live->manifest, live->manifest_size, work->error) &&
            take_growing(work, "CURRENT", UINT64_MAX, work->error);
    return sound ? PASS_WHOLE : pass_after(work->error);
}

static enum pass take_pass(struct work *work)
{
    struct leveldb_live live = {0};
    struct leveldb_live after = {0};
    const char *data = work->request->data;
    if (!leveldb_live_read(data, &live, work->error))
        return work->error->code == ERROR_CORRUPT ? PASS_AGAIN : PASS_FAILED;
    (void)error_set(work->error, ERROR_BUSY,
                    "%s: the store moved on during each of %d passes: run it again when the node "
                    "has less to do",
                    data, (int)BACKUP_PASSES_MAX);
    enum pass pass = take_tables(work, &live);
    if (pass == PASS_WHOLE)
        pass = take_rest(work, &live);
    if (pass == PASS_WHOLE) {
        if (!leveldb_live_read(data, &after, work->error))
            pass = pass_after(work->error);
        else if (!leveldb_live_same(&live, &after))
            pass = PASS_AGAIN;
    }
    leveldb_live_release(&live);
    leveldb_live_release(&after);
    return pass;
}

/* Images of the state spare the restored node a replay. One that is replaced meanwhile is left
 * out. */
static bool take_images(struct work *work)
{
    DIR *dir = opendir(work->request->data);
    const struct dirent *entry;
    bool good = true;
    if (!dir)
        return error_set(work->error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s",
                         work->request->data, strerror(errno));
    while (good && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        struct error reason = {0};
        if (!snapshot_owns(entry->d_name) || !dot || strcmp(dot, ".image") != 0 ||
            !backup_name_valid(entry->d_name))
            continue;
        good = take_fixed(work, entry->d_name, &reason) || reason.code == ERROR_NOT_FOUND ||
               error_set(work->error, reason.code, "%s", reason.text);
    }
    (void)closedir(dir);
    return good;
}

/* What an earlier pass took and the last one did not find any more. Images have no passes. */
static bool drop_stale(struct work *work)
{
    size_t kept = 0;
    for (size_t i = 0; i < work->list.count; i++) {
        const struct backup_file *file = &work->list.files[i];
        char path[CLI_PATH_MAX];
        if (file->pass == work->pass || snapshot_owns(file->name)) {
            work->list.files[kept++] = *file;
            continue;
        }
        if (!cli_path(path, work->error, "%s/%s", work->unfinished, file->name))
            return false;
        if (unlink(path) != 0)
            return error_set(work->error, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    work->list.count = kept;
    return true;
}

static bool take_all(struct work *work)
{
    enum pass pass = PASS_AGAIN;
    if (!take_images(work))
        return false;
    for (int i = 0; pass == PASS_AGAIN && i < BACKUP_PASSES_MAX; i++) {
        backup_list_sort(&work->list);
        work->sorted = work->list.count;
        work->pass++;
        if (i > 1)
            cli_sleep_ms(AGAIN_MS);
        pass = take_pass(work);
    }
    backup_list_sort(&work->list);
    return pass == PASS_WHOLE && drop_stale(work);
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Of the height that the copy can be started from; 0: there is none. */
static bool find_image(const struct work *work, uint64_t least, uint64_t *height_out)
{
    struct snapshot_list *list = (struct snapshot_list *)allocate(1, sizeof(*list));
    bool good = snapshot_list(work->unfinished, list, work->error);
    *height_out = 0;
    for (size_t i = list->count; good && i-- > 0 && *height_out == 0;)
        if (list->heights[i] >= least)
            *height_out = list->heights[i];
    free(list);
    return good;
}

/* Where the store lacks heights, a copy without the image is one that nothing can be done with. */
static bool can_start(struct work *work, const struct store_leveldb_report *report)
{
    uint64_t image = 0, needed = report->began_height;
    if (needed == 0 && report->pruned_height == 0)
        return true;
    if (!find_image(work, needed > 0 ? needed : report->pruned_height + 1, &image))
        return false;
    if (needed > 0 ? image == needed : image > 0)
        return true;
    return error_set(work->error, ERROR_CONFLICT,
                     needed > 0 ? "%s: the node began with a snapshot, its history is not whole "
                                  "yet, and the snapshot's image was not there to be copied: run "
                                  "it again when the history is whole ('accrue status')"
                                : "%s: heights were pruned, and no later image of the state was "
                                  "there to be copied, without which no node starts: run it again "
                                  "when the node has made one (limits.image_records)",
                     work->request->data);
}

/* The copy is read as the store of a stopped node is. */
static bool check_copy(struct work *work)
{
    struct store_leveldb_report report;
    char pid[CLI_PATH_MAX];
    struct error reason = {0};
    if (!store_leveldb_check(work->unfinished, NULL, &report, &reason))
        return error_set(work->error, reason.code,
                         "the copy does not pass the checks of a store: %s", reason.text);
    if (!can_start(work, &report))
        return false;
    if (!cli_path(pid, work->error, "%s/accrued.pid", work->unfinished))
        return false;
    (void)unlink(pid);
    work->list.groups = report.groups;
    return true;
}

static bool write_list(struct work *work)
{
    char path[CLI_PATH_MAX];
    struct buffer text;
    if (!cli_path(path, work->error, "%s/" BACKUP_LIST_NAME, work->unfinished))
        return false;
    buffer_init(&text, BACKUP_LIST_MAX);
    work->list.taken_ms = work->request->now_ms;
    backup_list_encode(&work->list, &text);
    bool good = text.overflowed
                    ? error_set(work->error, ERROR_LIMIT, "%s: the list is too long", path)
                    : file_replace(path, 0600, buffer_bytes(&text), work->error);
    buffer_release(&text);
    return good && backup_folder_sync(work->unfinished, work->error);
}

static bool begin(struct work *work, uint64_t *number_out)
{
    const char *folder = work->request->folder;
    uint64_t oldest;
    uint64_t newest;
    uint64_t count;
    uint64_t bytes = 0;
    struct leveldb_live live = {0};
    if (!cli_path(work->unfinished, work->error, "%s/unfinished", folder) ||
        !backup_folder_ends(folder, &oldest, &newest, &count, work->error) ||
        !backup_folder_remove(work->unfinished, work->error))
        return false;
    if (newest > 0 && !backup_path(work->before, folder, newest, work->error))
        return false;
    /* A damaged list keeps nobody from a backup: then everything is copied. */
    if (newest > 0 && !backup_list_read(work->before, &work->old, NULL))
        work->summary.mended++;
    if (leveldb_live_read(work->request->data, &live, NULL))
        for (size_t i = 0; i < live.table_count; i++)
            bytes += live.tables[i].size;
    leveldb_live_release(&live);
    cli_progress_init(&work->bar, "backup", bytes, work->request->progress);
    *number_out = newest + 1;
    return mkdir(work->unfinished, 0700) == 0 ||
           error_set(work->error, ERROR_IO, "%s: %s", work->unfinished, strerror(errno));
}

static bool put_in_place(struct work *work, uint64_t number)
{
    const char *folder = work->request->folder;
    if (!backup_path(work->summary.path, folder, number, work->error))
        return false;
    if (rename(work->unfinished, work->summary.path) != 0)
        return error_set(work->error, ERROR_IO, "%s: %s", work->summary.path, strerror(errno));
    return backup_folder_sync(folder, work->error);
}

/* The oldest go; a link keeps what newer ones need of them. */
static bool drop_oldest(struct work *work)
{
    uint64_t oldest;
    uint64_t newest;
    uint64_t count;
    char path[CLI_PATH_MAX];
    const char *folder = work->request->folder;
    for (;;) {
        if (!backup_folder_ends(folder, &oldest, &newest, &count, work->error))
            return false;
        if (count <= work->request->keep)
            return true;
        if (!backup_path(path, folder, oldest, work->error) ||
            !backup_folder_remove(path, work->error))
            return false;
        work->summary.removed++;
    }
}

static void count_files(struct work *work)
{
    work->summary.taken_ms = work->list.taken_ms;
    work->summary.groups = work->list.groups;
    work->summary.files = work->list.count;
    for (size_t i = 0; i < work->list.count; i++) {
        const struct backup_file *file = &work->list.files[i];
        work->summary.bytes += file->size;
        work->summary.copied += file->copied;
        work->summary.copied_bytes += file->copied ? file->size : 0;
    }
}

static bool take(struct work *work)
{
    uint64_t number = 0;
    bool good = begin(work, &number) && take_all(work);
    cli_progress_end(&work->bar);
    good = good && check_copy(work) && write_list(work);
    if (good)
        good = put_in_place(work, number) && drop_oldest(work);
    else
        (void)backup_folder_remove(work->unfinished, NULL);
    return good;
}

bool backup_take(const struct backup_request *request, struct backup_summary *summary_out,
                 struct error *error)
{
    struct error reason = {0};
    struct work work = {.request = request, .error = &reason};
    must(request->keep > 0);
    int folder = backup_folder_open(request->folder, true, error);
    if (folder < 0)
        return false;
    bool good = take(&work);
    count_files(&work);
    (void)close(folder);
    backup_list_release(&work.old);
    backup_list_release(&work.list);
    if (!good)
        return error_set(error, reason.code, "%s%s", reason.text,
                         work.before[0] ? " (the backups before are untouched)" : "");
    *summary_out = work.summary;
    return true;
}
