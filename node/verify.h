/* verify.h - audits whole nodes: over HTTP, or a stopped node's store; and compares them.
 *
 * The checking itself is audit.h's. Here it is fed, and compared with what a node says of itself:
 * its signed checkpoint, its tiles, its balances. Threads: one.
 */
#ifndef NODE_VERIFY_H
#define NODE_VERIFY_H

#include "node/audit.h"
#include "node/cli_http.h"
#include "node/verify_kept.h"

enum { VERIFY_NODES_MAX = NODES_MAX };

struct verify_node {
    char name[CLI_PATH_MAX]; /* the node's, or the store's folder */
    struct charter *charter;
    struct buffer charter_bytes;
    struct audit *audit;
    struct verify_kept kept; /* of a store that was pruned: what the audit begins with */
    bool balances_compared;
    bool moved; /* the node went on to another height each time that balances were asked for */
    uint64_t balances;
    char trouble[ERROR_TEXT_SIZE]; /* why it could not be audited at all; empty: it was */
    enum error_code trouble_code;
};
void verify_node_release(struct verify_node *node);

/* Fetches everything that a node's checkpoint covers. `charter`: the bytes that it must have;
 * empty: whatever it says. What is wrong with the ledger becomes findings of node->audit; false
 * when the node could not be asked. */
bool verify_over_http(struct http *http, const struct cli_target *target, struct bytes charter,
                      bool progress, struct verify_node *node_out, struct error *error) MUST_USE;
/* Reads a stopped node's folder: every file, every entry, then the whole ledger, or what of it was
 * not pruned. */
bool verify_store(const char *path, struct bytes charter, bool progress,
                  struct verify_node *node_out, struct error *error) MUST_USE;
/* Root and digest at the last height that all have. Findings go to the nodes that differ from the
 * first. */
void verify_agreement(struct verify_node *nodes, size_t count);
/* Nodes that were audited, agree with the first and have no finding. */
size_t verify_good(const struct verify_node *nodes, size_t count);
/* Prints a line a node, and every finding. */
void verify_print(const struct verify_node *nodes, size_t count);
json_t *verify_json(const struct verify_node *nodes, size_t count);

#endif
