#include "node/backup_list.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 64, SUM_LINE_SIZE = 4 + HASH_HEX_SIZE + 1 };

static const char first_line[] = "accrue-backup/1\n";

void backup_list_release(struct backup_list *list)
{
    free(list->files);
    *list = (struct backup_list){0};
}

bool backup_name_valid(const char *name)
{
    size_t size = strnlen(name, BACKUP_NAME_MAX + 1);
    if (size == 0 || size > BACKUP_NAME_MAX || name[0] == '.')
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c > 127 || (!isalnum(c) && c != '-' && c != '.'))
            return false;
    }
    return true;
}

struct backup_file *backup_list_add(struct backup_list *list, const char *name)
{
    must(backup_name_valid(name) && list->count < BACKUP_FILES_MAX);
    list->files = (struct backup_file *)array_grow(list->files, &list->capacity, list->count + 1,
                                                   sizeof(*list->files));
    struct backup_file *file = &list->files[list->count++];
    memset(file, 0, sizeof(*file));
    memcpy(file->name, name, strlen(name) + 1);
    return file;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct backup_file *)left)->name,
                  ((const struct backup_file *)right)->name);
}

void backup_list_sort(struct backup_list *list)
{
    if (list->count > 1)
        qsort(list->files, list->count, sizeof(*list->files), by_name);
}

struct backup_file *backup_list_find(const struct backup_list *list, size_t count, const char *name)
{
    struct backup_file key;
    if (count == 0 || !backup_name_valid(name))
        return NULL;
    memcpy(key.name, name, strlen(name) + 1);
    return (struct backup_file *)bsearch(&key, list->files, count, sizeof(key), by_name);
}

/* ---- text ----------------------------------------------------------------------------------- */

static void append_hash(struct buffer *out, const struct hash *hash)
{
    char hex[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(hash), hex);
    buffer_append_text(out, hex);
}

void backup_list_encode(const struct backup_list *list, struct buffer *out)
{
    size_t start = out->size;
    buffer_printf(out, "%staken %" PRIu64 "\ngroups %" PRIu64 "\n", first_line, list->taken_ms,
                  list->groups);
    for (size_t i = 0; i < list->count; i++) {
        const struct backup_file *file = &list->files[i];
        must(i == 0 || by_name(file - 1, file) < 0);
        buffer_append_text(out, "file ");
        append_hash(out, &file->sha256);
        buffer_printf(out, " %" PRIu64 " %s\n", file->size, file->name);
    }
    if (out->overflowed)
        return;
    struct hash sum = hash_bytes(bytes_of(out->at + start, out->size - start));
    buffer_append_text(out, "sum ");
    append_hash(out, &sum);
    buffer_append_text(out, "\n");
}

static bool take_text(struct bytes *rest, const char *text)
{
    size_t size = strlen(text);
    if (rest->size < size || memcmp(rest->at, text, size) != 0)
        return false;
    *rest = bytes_of(rest->at + size, rest->size - size);
    return true;
}

/* What comes before `end`, at most FIELD_MAX bytes of it. */
static bool take_field(struct bytes *rest, char end, struct bytes *field_out)
{
    for (size_t i = 0; i < rest->size && i <= FIELD_MAX; i++) {
        if (rest->at[i] != (uint8_t)end)
            continue;
        *field_out = bytes_of(rest->at, i);
        *rest = bytes_of(rest->at + i + 1, rest->size - i - 1);
        return true;
    }
    return false;
}

static bool take_number(struct bytes *rest, char end, uint64_t *number_out)
{
    struct bytes field;
    return take_field(rest, end, &field) && parse_u64(field, INT64_MAX, number_out);
}

static bool take_hash(struct bytes *rest, char end, struct hash *hash_out)
{
    struct bytes field;
    return take_field(rest, end, &field) && hex_decode(field, hash_out->at, HASH_SIZE);
}

static bool take_file(struct bytes *rest, struct backup_list *list)
{
    struct backup_file file = {0};
    struct bytes name;
    if (list->count == BACKUP_FILES_MAX || !take_hash(rest, ' ', &file.sha256) ||
        !take_number(rest, ' ', &file.size) || !take_field(rest, '\n', &name) ||
        name.size > BACKUP_NAME_MAX)
        return false;
    memcpy(file.name, name.at, name.size);
    if (strlen(file.name) != name.size || !backup_name_valid(file.name) ||
        (list->count && by_name(&list->files[list->count - 1], &file) >= 0))
        return false;
    *backup_list_add(list, file.name) = file;
    return true;
}

static bool take_list(struct bytes text, struct backup_list *list, struct error *error)
{
    if (text.size < SUM_LINE_SIZE || text.size > BACKUP_LIST_MAX)
        return error_set(error, ERROR_CORRUPT, "it has %zu bytes", text.size);
    struct bytes rest = text;
    struct bytes end = bytes_of(text.at + text.size - SUM_LINE_SIZE, SUM_LINE_SIZE);
    struct hash sum;
    struct hash sound = hash_bytes(bytes_of(text.at, text.size - SUM_LINE_SIZE));
    if (!take_text(&end, "sum ") || !take_hash(&end, '\n', &sum) || !hash_equal(&sum, &sound))
        return error_set(error, ERROR_CORRUPT, "its sum is not that of its text");
    rest.size -= SUM_LINE_SIZE;
    if (!take_text(&rest, first_line) || !take_text(&rest, "taken ") ||
        !take_number(&rest, '\n', &list->taken_ms) || !take_text(&rest, "groups ") ||
        !take_number(&rest, '\n', &list->groups))
        return error_set(error, ERROR_CORRUPT, "it does not begin as a list of a backup does");
    while (rest.size > 0)
        if (!take_text(&rest, "file ") || !take_file(&rest, list))
            return error_set(error, ERROR_CORRUPT, "the line after %zu files is malformed",
                             list->count);
    return true;
}

bool backup_list_decode(struct bytes text, struct backup_list *list_out, struct error *error)
{
    struct backup_list list = {0};
    if (!take_list(text, &list, error)) {
        backup_list_release(&list);
        return false;
    }
    *list_out = list;
    return true;
}
