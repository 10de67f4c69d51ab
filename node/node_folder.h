/* node_folder.h - what stands in a node's folder beside its keys (node_card.h):
 *
 *   DIR/node.json secret.key tokens.json till.token office.token auditor.token admin.token
 *
 * ready for `accrued --config DIR/node.json`. Secrets and tokens are 0600, folders 0700.
 * Threads: one.
 */
#ifndef NODE_NODE_FOLDER_H
#define NODE_NODE_FOLDER_H

#include "node/cli.h"
#include "node/config.h"

struct node_folder {
    char dir[CLI_PATH_MAX];
    const char *node;                /* its name */
    const char *charter;             /* as node.json is to name it */
    const char *invitation;          /* likewise; NULL: none */
    char listen[CONFIG_URL_MAX + 1]; /* for the peers, "tcp://127.0.0.1:7100" */
    char http[CONFIG_URL_MAX + 1];   /* for callers, "127.0.0.1:8100" */
};

/* Makes the folder, unless it is there. */
bool node_folder_make(const char *path, struct error *error) MUST_USE;
/* Writes all of the above, with fresh tokens and the coalition's secret (CONFIG_SECRET_SIZE bytes),
 * and reads it back with the node's own eyes: so keys and charter are there before. ERROR_CONFLICT
 * when a file exists. */
bool node_folder_write(const struct node_folder *folder, struct bytes secret,
                       struct error *error) MUST_USE;

#endif
