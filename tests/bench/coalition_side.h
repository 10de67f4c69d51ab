/* coalition_side.h - a durable coalition of four real nodes on this machine, to be measured: made
 * as `accrue coalition new` makes one, started, loaded, checked, stopped. Threads: one.
 */
#ifndef BENCH_COALITION_SIDE_H
#define BENCH_COALITION_SIDE_H

#include "bench/load.h"
#include "node/cluster.h"

enum { SIDE_NODES = 4, SIDE_PATIENCE_MS = 600 * 1000 };

struct coalition_side {
    struct cluster cluster;
    struct load_target target;
    struct work_file file;
    struct load_model model; /* of the file's members */
};

/* A new coalition in `dir`, which must not exist; its nodes run and are ready. On false nothing
 * runs. `file` is borrowed. */
bool side_open(const char *dir, const char *program, const struct work_file *file,
               struct coalition_side *side_out, struct error *error) MUST_USE;
/* Stops the nodes and removes the folder. Safe on a zeroed one. */
void side_close(struct coalition_side *side);

/* One node ends as by SIGTERM; it starts again and is ready. */
bool side_stop_node(struct coalition_side *side, size_t node, struct error *error) MUST_USE;
bool side_start_node(struct coalition_side *side, size_t node, struct error *error) MUST_USE;

struct watched side_watched(const struct coalition_side *side);
/* Of all nodes together. */
struct folder_bytes side_disk_bytes(const struct coalition_side *side);
/* A run, and what it cost. `failed` other than 0 is an error. */
bool side_measure(struct coalition_side *side, const struct load_run *run, const char *class,
                  struct outcome *outcome_out, struct error *error) MUST_USE;
/* Every member of the file: enrolled, with its first points. */
bool side_preload(struct coalition_side *side, unsigned clients, struct outcome *outcome_out,
                  struct error *error) MUST_USE;

struct where {
    uint64_t height, records, members;
    char root[64], digest[80];
};
bool side_where(const struct coalition_side *side, size_t node, struct where *where_out,
                struct error *error) MUST_USE;
/* Waits until all nodes have the same height, root and digest. */
bool side_agree(const struct coalition_side *side, struct where *where_out,
                struct error *error) MUST_USE;
/* Every member's balance at a node is what the answers add up to. */
bool side_check_balances(const struct coalition_side *side, size_t node,
                         struct error *error) MUST_USE;

#endif
