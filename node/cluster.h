/* cluster.h - a coalition's nodes as child processes of this one: for `accrue demo`.
 *
 * Started with fork and exec, stopped by pid; they also end when this process does. Each writes its
 * log to DIR/PARTNER/accrued.log. Threads: one.
 */
#ifndef NODE_CLUSTER_H
#define NODE_CLUSTER_H

#include "node/cli_http.h"

#include <sys/types.h>

enum { CLUSTER_NODES_MAX = 16, CLUSTER_STOP_MS = 15000 };

struct cluster {
    char program[CLI_PATH_MAX]; /* accrued */
    char dir[CLI_PATH_MAX];
    char names[CLUSTER_NODES_MAX][64];
    size_t count;
    pid_t pids[CLUSTER_NODES_MAX];
};

/* Free ports of 127.0.0.1 at this moment. */
bool cluster_free_ports(uint16_t *ports_out, size_t count, struct error *error) MUST_USE;
/* The node's program, beside this one or on the path of DIR. */
bool cluster_find_program(char path_out[CLI_PATH_MAX], struct error *error) MUST_USE;
/* Starts every node and waits until all are ready; on false those started are stopped. */
bool cluster_start(struct cluster *cluster, uint64_t patience_ms, const volatile int *interrupted,
                   struct error *error) MUST_USE;
/* False when one has ended by itself: the error says which, and where its log is. */
bool cluster_alive(struct cluster *cluster, struct error *error) MUST_USE;
void cluster_stop(struct cluster *cluster);
/* Removes a folder and all in it. */
void cluster_remove(const char *dir);

#endif
