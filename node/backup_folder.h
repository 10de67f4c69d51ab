/* backup_folder.h - the files and folders that taking and putting back a backup share.
 * Touches the outside world. Threads: one. */
#ifndef NODE_BACKUP_FOLDER_H
#define NODE_BACKUP_FOLDER_H

#include "node/backup_list.h"
#include "node/cli.h"

#define BACKUP_LIST_NAME "backup.list"

struct backup_content {
    uint64_t size;
    struct hash sha256;
};
/* Reads at most `limit` bytes of the file and, with `to`, writes them there, synced.
 * ERROR_NOT_FOUND when there is no `from`. `bar` may be NULL. */
bool backup_copy(const char *from, const char *to, uint64_t limit, struct cli_progress *bar,
                 struct backup_content *content_out, struct error *error) MUST_USE;

/* Opens and locks a folder of backups, made if wanted; -1 on failure. Closed with close(). */
int backup_folder_open(const char *folder, bool make, struct error *error);
/* The number of its newest backup, and of the oldest; 0: there is none. */
bool backup_folder_ends(const char *folder, uint64_t *oldest_out, uint64_t *newest_out,
                        uint64_t *count_out, struct error *error) MUST_USE;
bool backup_path(char path_out[CLI_PATH_MAX], const char *folder, uint64_t number,
                 struct error *error) MUST_USE;
bool backup_list_read(const char *path, struct backup_list *list_out, struct error *error) MUST_USE;
/* Removes a folder that holds files alone. One that is not there is fine. */
bool backup_folder_remove(const char *path, struct error *error);
bool backup_folder_sync(const char *path, struct error *error) MUST_USE;

#endif
