/* nftw() */
#define _GNU_SOURCE

#include "bench/measure.h"

#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- times --------------------------------------------------------------------------------- */

uint64_t steady_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void times_release(struct times *times)
{
    free(times->us);
    *times = (struct times){0};
}

void times_add(struct times *times, uint64_t us)
{
    times->us =
        (uint32_t *)array_grow(times->us, &times->capacity, times->count + 1, sizeof(*times->us));
    times->us[times->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

double times_share_ms(struct times *times, double share)
{
    if (times->count == 0)
        return 0;
    qsort(times->us, times->count, sizeof(*times->us), by_size);
    size_t rank = (size_t)(share * (double)times->count);
    return times->us[rank < times->count ? rank : times->count - 1] / 1000.0;
}

/* ---- processes ----------------------------------------------------------------------------- */

struct process {
    pid_t parent;
    uint64_t own_ticks, ended_ticks; /* its own; of its children that have ended */
};

/* Fields of /proc/PID/stat, counted from behind the name, which may hold anything. */
enum { FIELD_PARENT = 1, FIELD_USER = 11, FIELD_SYSTEM, FIELD_ENDED_USER, FIELD_ENDED_SYSTEM };

static bool process_read(pid_t pid, struct process *process_out)
{
    char path[64], text[1024];
    uint64_t fields[FIELD_ENDED_SYSTEM + 1] = {0};
    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    text[size] = '\0';
    char *at = strrchr(text, ')');
    if (!at || strlen(at) < 4)
        return false;
    at += 3; /* bracket, blank, state */
    for (size_t i = FIELD_PARENT; i < ARRAY_SIZE(fields); i++) {
        char *end;
        fields[i] = strtoull(at, &end, 10);
        if (end == at)
            return false;
        at = end;
    }
    *process_out =
        (struct process){.parent = (pid_t)fields[FIELD_PARENT],
                         .own_ticks = fields[FIELD_USER] + fields[FIELD_SYSTEM],
                         .ended_ticks = fields[FIELD_ENDED_USER] + fields[FIELD_ENDED_SYSTEM]};
    return true;
}

static bool is_watched(const struct watched *watched, pid_t pid)
{
    for (size_t i = 0; i < watched->count; i++)
        if (watched->pids[i] == pid)
            return true;
    return false;
}

static uint64_t children_ticks(const struct watched *watched)
{
    uint64_t ticks = 0;
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        struct process process;
        if (isdigit((unsigned char)entry->d_name[0]) &&
            process_read((pid_t)strtol(entry->d_name, NULL, 10), &process) &&
            is_watched(watched, process.parent))
            ticks += process.own_ticks;
    }
    if (dir)
        (void)closedir(dir);
    return ticks;
}

uint64_t watched_cpu_us(const struct watched *watched)
{
    uint64_t ticks = watched->children ? children_ticks(watched) : 0;
    for (size_t i = 0; i < watched->count; i++) {
        struct process process;
        if (process_read(watched->pids[i], &process))
            ticks += process.own_ticks + (watched->children ? process.ended_ticks : 0);
    }
    return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* A line of /proc/PID/status, such as "VmHWM:	  1234 kB". */
static uint64_t status_kib(pid_t pid, const char *name)
{
    char path[64], line[256];
    uint64_t kib = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoull(line + strlen(name), NULL, 10);
    if (file)
        (void)fclose(file);
    return kib;
}

uint64_t resident_kib(pid_t pid)
{
    return status_kib(pid, "VmRSS:");
}

uint64_t watched_peak_kib(const struct watched *watched)
{
    uint64_t most = 0;
    for (size_t i = 0; i < watched->count; i++) {
        uint64_t kib = status_kib(watched->pids[i], "VmHWM:");
        most = kib > most ? kib : most;
    }
    return most;
}

/* nftw() gives its visitor no context. */
static _Thread_local struct folder_bytes folder_sum;

static int add_file(const char *path, const struct stat *file, int type, struct FTW *place)
{
    bool image = strncmp(path + place->base, "state-", 6) == 0;
    if (type == FTW_F)
        *(image ? &folder_sum.images : &folder_sum.ledger) += (uint64_t)file->st_blocks * 512;
    return 0;
}

struct folder_bytes folder_bytes(const char *path)
{
    folder_sum = (struct folder_bytes){0};
    (void)nftw(path, add_file, 16, FTW_PHYS);
    return folder_sum;
}

/* ---- one line a run ------------------------------------------------------------------------ */

static double per_second(const struct outcome *outcome)
{
    return outcome->seconds > 0 ? (double)outcome->done / outcome->seconds : 0;
}

void outcome_print(const struct outcome *o)
{
    printf("%s\t%s\t%u\t%.1f\t%.3f\t%.3f\t%.2f\t%.0f\t%.1f\t%llu\t%llu\t%llu\n", o->side, o->class,
           o->clients, per_second(o), o->p50_ms, o->p99_ms, o->cpu_us, o->bytes, o->peak_mib,
           (unsigned long long)o->done, (unsigned long long)o->refused,
           (unsigned long long)o->failed);
    (void)fflush(stdout);
}

static int by_speed(const void *a, const void *b)
{
    double left = per_second((const struct outcome *)a);
    double right = per_second((const struct outcome *)b);
    return (left > right) - (left < right);
}

struct outcome outcome_median(struct outcome *outcomes, size_t count)
{
    must(count > 0);
    qsort(outcomes, count, sizeof(*outcomes), by_speed);
    return outcomes[count / 2];
}
