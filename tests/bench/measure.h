/* measure.h - what a run cost: times of answers, processor time, memory and disk of processes.
 *
 * From /proc (proc(5)); processor time comes in ticks of 10 ms, enough for runs of seconds.
 * Threads: one object a user.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "crypto/base.h"

#include <sys/types.h>

/* ---- times --------------------------------------------------------------------------------- */

uint64_t steady_us(void);

struct times {
    uint32_t *us;
    size_t count, capacity;
};
void times_release(struct times *times);
void times_add(struct times *times, uint64_t us);
/* In milliseconds, of the sorted times, by nearest rank; 0 without any. `share` 0.5: the median. */
double times_share_ms(struct times *times, double share);

/* ---- processes ----------------------------------------------------------------------------- */

enum { MEASURE_PIDS_MAX = 16 };
struct watched {
    pid_t pids[MEASURE_PIDS_MAX];
    size_t count;
    bool children; /* theirs too, living and ended: PostgreSQL is a process a connection */
};
/* User and system time so far. */
uint64_t watched_cpu_us(const struct watched *watched);
uint64_t resident_kib(pid_t pid); /* now */
/* The largest of the processes' peaks (VmHWM). */
uint64_t watched_peak_kib(const struct watched *watched);
struct folder_bytes { /* that a data folder's files occupy on the disk */
    uint64_t ledger, images;
};
struct folder_bytes folder_bytes(const char *path);

/* ---- one line a run ------------------------------------------------------------------------ */

struct outcome {
    const char *side, *class; /* "accrue", "interactive" */
    unsigned clients;
    uint64_t done, refused, failed; /* transactions: applied, refused by rule, not answered well */
    double seconds;
    double p50_ms, p99_ms, cpu_us, bytes; /* a request; a transaction */
    double peak_mib;
};
/* Tab-separated, as bench.sh reads it: side class clients tps p50 p99 cpu bytes peak done refused
 * failed. */
void outcome_print(const struct outcome *outcome);
/* The one in the middle by transactions a second; sorts them. */
struct outcome outcome_median(struct outcome *outcomes, size_t count);

#endif
