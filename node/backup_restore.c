#include "node/backup.h"

#include "node/backup_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each file, checked, and copied into the folder `to` unless that is NULL. */
static bool copy_files(const struct backup_list *list, const char *from, const char *to,
                       struct cli_progress *bar, struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct backup_file *file = &list->files[i];
        char source[CLI_PATH_MAX];
        char target[CLI_PATH_MAX];
        struct backup_content seen;
        if (!cli_path(source, error, "%s/%s", from, file->name) ||
            (to && !cli_path(target, error, "%s/%s", to, file->name)))
            return false;
        if (!backup_copy(source, to ? target : NULL, UINT64_MAX, bar, &seen, error))
            return error->code == ERROR_NOT_FOUND
                       ? error_set(error, ERROR_CORRUPT, "%s is missing from the backup", source)
                       : false;
        if (seen.size != file->size || !hash_equal(&seen.sha256, &file->sha256))
            return error_set(error, ERROR_CORRUPT,
                             "%s is damaged: it is not what was backed up; restore another backup "
                             "of this folder (--number)",
                             source);
    }
    return true;
}

/* Not there, or an empty folder: that, rename() replaces. */
static bool is_free(const char *data, struct error *error)
{
    DIR *dir = opendir(data);
    const struct dirent *entry;
    bool empty = true;
    if (!dir && errno == ENOENT)
        return true;
    while (dir && empty && (entry = readdir(dir)))
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    bool free = dir && empty;
    if (dir)
        (void)closedir(dir);
    return free || error_set(error, ERROR_CONFLICT,
                             "%s is not an empty folder: restore into a new one, so that nothing "
                             "is lost",
                             data);
}

static bool parent_sync(const char *path, struct error *error)
{
    char parent[CLI_PATH_MAX];
    const char *slash = strrchr(path, '/');
    return cli_path(parent, error, "%.*s.", slash ? (int)(slash - path) + 1 : 0, path) &&
           backup_folder_sync(parent, error);
}

/* Under another name first: a node never starts with half of it. */
static bool put_back(const struct backup_list *list, const char *from, const char *data,
                     struct cli_progress *bar, struct error *error)
{
    char fresh[CLI_PATH_MAX];
    if (!is_free(data, error) || !cli_path(fresh, error, "%s.restoring", data) ||
        !backup_folder_remove(fresh, error))
        return false;
    if (mkdir(fresh, 0700) != 0)
        return error_set(error, ERROR_IO, "%s: %s", fresh, strerror(errno));
    bool good = copy_files(list, from, fresh, bar, error) && backup_folder_sync(fresh, error);
    if (good && rename(fresh, data) != 0)
        good = error_set(error, ERROR_IO, "%s: %s", data, strerror(errno));
    if (!good)
        (void)backup_folder_remove(fresh, NULL);
    return good && parent_sync(data, error);
}

static void summarize(const struct backup_list *list, struct backup_summary *summary)
{
    summary->taken_ms = list->taken_ms;
    summary->groups = list->groups;
    summary->files = list->count;
    for (size_t i = 0; i < list->count; i++)
        summary->bytes += list->files[i].size;
}

static bool restore(const struct restore_request *request, struct backup_summary *summary,
                    struct error *error)
{
    struct backup_list list = {0};
    struct cli_progress bar;
    uint64_t oldest;
    uint64_t newest;
    uint64_t count;
    if (!backup_folder_ends(request->folder, &oldest, &newest, &count, error))
        return false;
    if (count == 0)
        return error_set(error, ERROR_NOT_FOUND, "%s holds no backup", request->folder);
    if (!backup_path(summary->path, request->folder, request->number ? request->number : newest,
                     error) ||
        !backup_list_read(summary->path, &list, error))
        return false;
    summarize(&list, summary);
    cli_progress_init(&bar, request->data ? "restore" : "check", summary->bytes, request->progress);
    bool good = request->data ? put_back(&list, summary->path, request->data, &bar, error)
                              : copy_files(&list, summary->path, NULL, &bar, error);
    cli_progress_end(&bar);
    backup_list_release(&list);
    return good;
}

bool backup_restore(const struct restore_request *request, struct backup_summary *summary_out,
                    struct error *error)
{
    struct backup_summary summary = {0};
    struct error reason = {0};
    int folder = backup_folder_open(request->folder, false, error);
    if (folder < 0)
        return false;
    bool good = restore(request, &summary, &reason);
    (void)close(folder);
    if (good)
        *summary_out = summary;
    return good || error_set(error, reason.code, "%s", reason.text);
}
