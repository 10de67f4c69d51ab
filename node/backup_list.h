/* backup_list.h - what a backup of a data folder holds: every file with its size and SHA-256
 * (protocol/FORMAT.md, "A backup"). One text for one meaning:
 *
 *   accrue-backup/1
 *   taken MS                      milliseconds since 1970
 *   groups N                      atomic groups that the store has had
 *   file SHA256 SIZE NAME         sorted by name, each once
 *   sum SHA256                    of every byte before this line
 *
 * Pure. Threads: any.
 */
#ifndef NODE_BACKUP_LIST_H
#define NODE_BACKUP_LIST_H

#include "crypto/hash.h"

enum {
    BACKUP_NAME_MAX = 63,
    BACKUP_FILES_MAX = 1 << 20, /* tables of 2 MB: two terabytes */
    BACKUP_LIST_MAX = 192 * 1024 * 1024
};

struct backup_file {
    char name[BACKUP_NAME_MAX + 1]; /* letters, digits, '-' and '.', which it does not begin with */
    uint64_t size;
    struct hash sha256;
    /* Of the work on it, not encoded: when it was seen last, and whether it had to be copied. */
    unsigned pass;
    bool copied;
};
struct backup_list {
    uint64_t taken_ms, groups;
    struct backup_file *files;
    size_t count, capacity;
};

void backup_list_release(struct backup_list *list); /* zeroed is fine */
bool backup_name_valid(const char *name) MUST_USE;
/* Appends. The names must be valid, at most BACKUP_FILES_MAX. */
struct backup_file *backup_list_add(struct backup_list *list, const char *name);
void backup_list_sort(struct backup_list *list);
/* Among the first `count` files, which are sorted; NULL: not there. */
struct backup_file *backup_list_find(const struct backup_list *list, size_t count,
                                     const char *name);
void backup_list_encode(const struct backup_list *list, struct buffer *out); /* sorted */
/* ERROR_CORRUPT says what is wrong with the text. */
bool backup_list_decode(struct bytes text, struct backup_list *list_out,
                        struct error *error) MUST_USE;

#endif
