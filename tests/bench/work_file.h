/* work_file.h - the file of transactions that both sides of the benchmark are fed from.
 *
 *   header  "accruewf" | u32 version 1 | u32 members | u64 seed | u64 count      32 bytes
 *   record  id 16 bytes | u32 member, from 0 | i32 points, negative: redeemed    24 bytes
 *
 * Integers are big-endian. Of the transactions 80 % earn 10 to 100 points, 20 % redeem 1 to 10; the
 * member is Zipf 0.99 over all of them, the first the busiest. Ids are unique. The same seed, count
 * and members make the same file. Threads: constant once open.
 */
#ifndef BENCH_WORK_FILE_H
#define BENCH_WORK_FILE_H

#include "crypto/base.h"

enum { WORK_ID_SIZE = 16, WORK_START_POINTS = 1000, WORK_MEMBERS_MAX = 50 * 1000 * 1000 };
#define WORK_COUNT_MAX UINT64_C(200000000)

struct work_file {
    uint32_t members;
    uint64_t seed, count;
    const uint8_t *at; /* mapped */
    size_t size;
};

struct work {
    const uint8_t *id; /* WORK_ID_SIZE bytes, in the file */
    uint32_t member;
    int32_t points;
};

bool work_file_make(const char *path, uint32_t members, uint64_t count, uint64_t seed,
                    struct error *error) MUST_USE;
bool work_file_open(const char *path, struct work_file *file_out, struct error *error) MUST_USE;
void work_file_close(struct work_file *file);
struct work work_file_at(const struct work_file *file, uint64_t number);

/* A run's part of the file: both sides do the same transactions in the same run. `share` of `of`
 * equal parts. */
void work_file_part(const struct work_file *file, uint64_t share, uint64_t of, uint64_t *first_out,
                    uint64_t *end_out);

#endif
