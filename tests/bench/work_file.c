#include "bench/work_file.h"

#include "bench/zipf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_SIZE = 32, RECORD_SIZE = 24, VERSION = 1 };
static const char magic[8] = {'a', 'c', 'c', 'r', 'u', 'e', 'w', 'f'};

static void encode_header(uint8_t *at, uint32_t members, uint64_t seed, uint64_t count)
{
    memcpy(at, magic, sizeof(magic));
    put_u32be(at + 8, VERSION);
    put_u32be(at + 12, members);
    put_u64be(at + 16, seed);
    put_u64be(at + 24, count);
}

static void encode_record(uint8_t *at, uint64_t seed, uint64_t number, const struct zipf *zipf,
                          struct dice *dice)
{
    /* The mixer is a bijection: no two numbers of one seed share the second half. */
    put_u64be(at, mix64(seed ^ ~number));
    put_u64be(at + 8, mix64(mix64(seed) + number));
    put_u32be(at + 16, (uint32_t)(zipf_draw(zipf, dice) - 1));
    bool earns = dice_between(dice, 1, 100) <= 80;
    int64_t points =
        earns ? (int64_t)dice_between(dice, 10, 100) : -(int64_t)dice_between(dice, 1, 10);
    put_u32be(at + 20, (uint32_t)(int32_t)points);
}

static bool write_all(FILE *out, uint32_t members, uint64_t count, uint64_t seed)
{
    uint8_t header[HEADER_SIZE], record[RECORD_SIZE];
    struct dice dice = {.state = seed};
    struct zipf zipf;
    zipf_init(&zipf, members, 0.99);
    encode_header(header, members, seed, count);
    bool ok = fwrite(header, sizeof(header), 1, out) == 1;
    for (uint64_t i = 0; i < count && ok; i++) {
        encode_record(record, seed, i, &zipf, &dice);
        ok = fwrite(record, sizeof(record), 1, out) == 1;
    }
    return ok;
}

bool work_file_make(const char *path, uint32_t members, uint64_t count, uint64_t seed,
                    struct error *error)
{
    if (members == 0 || members > WORK_MEMBERS_MAX || count == 0 || count > WORK_COUNT_MAX)
        return error_set(error, ERROR_LIMIT, "1 to %d members, 1 to %llu transactions",
                         WORK_MEMBERS_MAX, (unsigned long long)WORK_COUNT_MAX);
    FILE *out = fopen(path, "wb");
    if (!out)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    bool ok = write_all(out, members, count, seed);
    ok = fclose(out) == 0 && ok;
    return ok || error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}

static bool map(int fd, struct work_file *file, struct error *error)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || about.st_size < HEADER_SIZE)
        return error_set(error, ERROR_INVALID, "too short for a file of transactions");
    void *at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED)
        return error_set(error, ERROR_IO, "%s", strerror(errno));
    file->at = at;
    file->size = (size_t)about.st_size;
    file->members = get_u32be(file->at + 12);
    file->seed = get_u64be(file->at + 16);
    file->count = get_u64be(file->at + 24);
    if (memcmp(file->at, magic, sizeof(magic)) == 0 && get_u32be(file->at + 8) == VERSION &&
        file->members > 0 && file->count <= WORK_COUNT_MAX &&
        file->size == HEADER_SIZE + file->count * RECORD_SIZE)
        return true;
    work_file_close(file);
    return error_set(error, ERROR_INVALID, "no file of transactions, or a part of one");
}

bool work_file_open(const char *path, struct work_file *file_out, struct error *error)
{
    struct work_file file = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    bool ok = map(fd, &file, error);
    close(fd);
    if (!ok)
        return error_wrap(error, "%s", path);
    *file_out = file;
    return true;
}

void work_file_close(struct work_file *file)
{
    if (file->at)
        (void)munmap((void *)(uintptr_t)file->at, file->size);
    file->at = NULL;
}

struct work work_file_at(const struct work_file *file, uint64_t number)
{
    must(number < file->count);
    const uint8_t *at = file->at + HEADER_SIZE + number * RECORD_SIZE;
    uint32_t points = get_u32be(at + 20);
    return (struct work){.id = at, .member = get_u32be(at + 16), .points = (int32_t)points};
}

void work_file_part(const struct work_file *file, uint64_t share, uint64_t of, uint64_t *first_out,
                    uint64_t *end_out)
{
    must(share < of);
    *first_out = file->count / of * share;
    *end_out = share + 1 == of ? file->count : file->count / of * (share + 1);
}
