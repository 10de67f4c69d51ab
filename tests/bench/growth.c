#include "bench/growth.h"

#include "bench/coalition_side.h"
#include "bench/plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 4, LINES = 1000 };

/* A size of the ledger, and what it cost there. */
struct size {
    uint64_t members, records;
    double batched_us, batched_tps; /* processor time a transaction, all nodes */
    double lone_ms, lone_us;        /* one client: p50, processor time */
    double rss_mib, disk_mib;       /* one node, now */
    double images_mib;              /* of its state, for its next start */
    double start_s, catch_up_s;     /* with so many missed */
    uint64_t missed;
};

struct growth {
    const struct growth_plan *plan;
    struct size sizes[GROWTH_SIZES_MAX];
    size_t count;
    struct coalition_side side;
    uint64_t used; /* of the file */
};

/* ---- lists --------------------------------------------------------------------------------- */

static bool read_list(const char *text, uint64_t max, uint64_t *out, size_t *count_out,
                      struct error *error)
{
    size_t count = 0;
    while (text && *text) {
        size_t size = strcspn(text, ",");
        if (count == GROWTH_SIZES_MAX / 2 || !parse_u64(bytes_of(text, size), max, &out[count]) ||
            out[count] == 0)
            return error_set(error, ERROR_INVALID, "no list of up to %d numbers: %s",
                             GROWTH_SIZES_MAX / 2, text);
        count++;
        text += size + (text[size] ? 1 : 0);
    }
    *count_out = count;
    return true;
}

/* ---- one size ------------------------------------------------------------------------------ */

static bool feed(struct growth *g, unsigned clients, unsigned lines, uint64_t most,
                 uint64_t limit_s, struct outcome *outcome_out, struct error *error)
{
    uint64_t left = g->side.file.count - g->used;
    struct load_run run = {.kind = LOAD_WORK,
                           .first = g->used,
                           .end = g->used + (most < left ? most : left),
                           .clients = clients,
                           .lines = lines,
                           .limit_us = limit_s * 1000000};
    if (!side_measure(&g->side, &run, lines ? "batched" : "interactive", outcome_out, error))
        return false;
    /* A run that ended by its time used as many as it answered. */
    g->used += outcome_out->done;
    return true;
}

/* The last node is stopped, the others go on, it is started again. */
static bool restart(struct growth *g, struct size *size, struct error *error)
{
    enum { LAST = SIDE_NODES - 1 };
    struct coalition_side *side = &g->side;
    struct outcome missed;
    struct where where, own;
    if (!side_stop_node(side, LAST, error))
        return false;
    side->target.count = LAST;
    bool fed = feed(g, LAST, LINES, UINT64_MAX, g->plan->seconds, &missed, error);
    side->target.count = SIDE_NODES;
    if (!fed || !side_where(side, 0, &where, error))
        return false;
    uint64_t began = steady_us();
    if (!side_start_node(side, LAST, error))
        return false;
    size->start_s = (double)(steady_us() - began) / 1e6;
    do {
        cli_sleep_ms(20);
        if (!side_where(side, LAST, &own, error))
            return false;
    } while (own.height < where.height && steady_us() - began < (uint64_t)SIDE_PATIENCE_MS * 1000);
    size->catch_up_s = (double)(steady_us() - began) / 1e6 - size->start_s;
    size->missed = missed.done;
    return own.height >= where.height || error_set(error, ERROR_BUSY, "the node did not catch up");
}

static bool measure(struct growth *g, uint64_t members, struct error *error)
{
    struct size *size = &g->sizes[g->count];
    struct outcome lone, batched;
    struct where where;
    must(g->count < GROWTH_SIZES_MAX);
    if (!side_agree(&g->side, &where, error) ||
        !feed(g, 1, 0, UINT64_MAX, g->plan->seconds, &lone, error) ||
        !feed(g, CLIENTS, LINES, UINT64_MAX, g->plan->seconds, &batched, error))
        return false;
    size->members = members;
    size->records = where.records;
    size->lone_ms = lone.p50_ms;
    size->lone_us = lone.cpu_us;
    size->batched_us = batched.cpu_us;
    size->batched_tps = batched.seconds > 0 ? (double)batched.done / batched.seconds : 0;
    size->rss_mib = (double)resident_kib(g->side.cluster.pids[0]) / 1024;
    struct folder_bytes disk = side_disk_bytes(&g->side);
    size->disk_mib = (double)disk.ledger / SIDE_NODES / (1024 * 1024);
    size->images_mib = (double)disk.images / SIDE_NODES / (1024 * 1024);
    if (!restart(g, size, error))
        return false;
    g->count++;
    (void)fprintf(stderr,
                  "growth: %" PRIu64 " members, %" PRIu64 " records: %.0f tx/s, %.1f us, "
                  "%.0f MiB, start %.2f s, catch-up %.2f s\n",
                  members, size->records, size->batched_tps, size->batched_us, size->rss_mib,
                  size->start_s, size->catch_up_s);
    return true;
}

/* Until the ledger has so many records. */
static bool fill(struct growth *g, uint64_t records, struct error *error)
{
    struct where where;
    struct outcome outcome;
    if (!side_where(&g->side, 0, &where, error))
        return false;
    if (where.records >= records)
        return true;
    return feed(g, CLIENTS, LINES, records - where.records, 0, &outcome, error);
}

/* ---- what it says -------------------------------------------------------------------------- */

static void write_table(const struct growth *g, FILE *out)
{
    (void)fprintf(out,
                  "| members | records | batched tx/s | CPU µs/tx | lone p50 ms | lone CPU µs/tx "
                  "| memory MiB | ledger MiB | images MiB | start s | catch-up s | missed |\n"
                  "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < g->count; i++) {
        const struct size *s = &g->sizes[i];
        (void)fprintf(out,
                      "| %" PRIu64 " | %" PRIu64
                      " | %.0f | %.1f | %.2f | %.0f | %.0f | %.0f | %.0f | %.2f | %.2f | %" PRIu64
                      " |\n",
                      s->members, s->records, s->batched_tps, s->batched_us, s->lone_ms, s->lone_us,
                      s->rss_mib, s->disk_mib, s->images_mib, s->start_s, s->catch_up_s, s->missed);
    }
    (void)fprintf(out,
                  "\nCPU is of the four nodes together; memory, disk, start and catch-up are of "
                  "one node. Start is until\nit is ready, catch-up until it has the height "
                  "that the others reached while it was away (they took\nthe transactions "
                  "under \"missed\").\n");
}

static void write_plot(const struct growth *g, FILE *out)
{
    struct plot plot = {.title = "Cost as the ledger grows", .x = "records"};
    static const char *const names[] = {"CPU a transaction, batched, four nodes (µs)",
                                        "memory of a node (MiB)", "start of a node (ms)",
                                        "lone transaction, p50 (ms)"};
    plot.panel_count = ARRAY_SIZE(names);
    plot.point_count = g->count;
    for (size_t p = 0; p < plot.panel_count; p++)
        plot.panels[p].name = names[p];
    for (size_t i = 0; i < g->count; i++) {
        const struct size *s = &g->sizes[i];
        plot.at[i] = (double)s->records;
        plot.panels[0].values[i] = s->batched_us;
        plot.panels[1].values[i] = s->rss_mib;
        plot.panels[2].values[i] = s->start_s * 1000;
        plot.panels[3].values[i] = s->lone_ms;
    }
    plot_write(&plot, out);
}

static bool write_file(const struct growth *g, const char *name,
                       void (*write)(const struct growth *g, FILE *out), struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!cli_path(path, error, "%s/%s", g->plan->out, name))
        return false;
    FILE *out = fopen(path, "w");
    if (!out)
        return error_set(error, ERROR_IO, "%s: cannot be written", path);
    write(g, out);
    return fclose(out) == 0 || error_set(error, ERROR_IO, "%s: cannot be written", path);
}

/* Sizes are measured in any order, and drawn over the records behind them. */
static int by_records(const void *a, const void *b)
{
    uint64_t x = ((const struct size *)a)->records, y = ((const struct size *)b)->records;
    return (x > y) - (x < y);
}

/* After each size: what takes an hour should not be lost in its last minute. */
static bool write_all(struct growth *g, struct error *error)
{
    qsort(g->sizes, g->count, sizeof(g->sizes[0]), by_records);
    return write_file(g, "growth.md", write_table, error) &&
           write_file(g, "growth.svg", write_plot, error);
}

/* ---- all sizes ----------------------------------------------------------------------------- */

static bool at_members(struct growth *g, uint64_t members, const uint64_t *records, size_t count,
                       struct error *error)
{
    struct outcome preload;
    uint64_t most = 150000 * g->plan->seconds * 3 * (count + 1) + (count ? records[count - 1] : 0);
    char path[CLI_PATH_MAX];
    struct work_file file;
    g->used = 0;
    if (!cli_path(path, error, "%s.file", g->plan->dir) ||
        !work_file_make(path, (uint32_t)members, most, g->plan->seed, error) ||
        !work_file_open(path, &file, error))
        return false;
    bool ok = side_open(g->plan->dir, g->plan->program, &file, &g->side, error) &&
              side_preload(&g->side, CLIENTS, &preload, error) && measure(g, members, error) &&
              write_all(g, error);
    for (size_t i = 0; i < count && ok; i++)
        ok = fill(g, records[i], error) && measure(g, members, error) && write_all(g, error);
    side_close(&g->side);
    work_file_close(&file);
    return ok && (remove(path) == 0 || error_set(error, ERROR_IO, "%s: cannot be removed", path));
}

bool growth_run(const struct growth_plan *plan, struct error *error)
{
    uint64_t members[GROWTH_SIZES_MAX], records[GROWTH_SIZES_MAX];
    size_t member_count, record_count;
    if (!read_list(plan->members, WORK_MEMBERS_MAX, members, &member_count, error) ||
        !read_list(plan->records, WORK_COUNT_MAX / 2, records, &record_count, error))
        return false;
    if (member_count == 0)
        return error_set(error, ERROR_INVALID, "no number of members");
    struct growth *g = (struct growth *)allocate(1, sizeof(*g));
    g->plan = plan;
    bool ok = true;
    for (size_t i = 0; i < member_count && ok; i++)
        ok = at_members(g, members[i], records, i + 1 == member_count ? record_count : 0, error);
    if (ok)
        write_table(g, stdout);
    free(g);
    return ok;
}
