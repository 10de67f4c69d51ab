/* cli_nodes.h - the nodes that --dir has: those of its charter, and those that joined later.
 *
 * Who joined, the nodes of the charter are asked. They are strangers: what they say can only bring
 * further nodes, whose folders lie in --dir, and leave none out.
 *
 * Threads: the program has one.
 */
#ifndef NODE_CLI_NODES_H
#define NODE_CLI_NODES_H

#include "node/cli_http.h"
#include "partners/charter.h"

struct cli_nodes {
    struct cli_target targets[NODES_MAX];
    size_t count;
    /* Of nodes that joined later and have no folder in --dir. */
    char elsewhere[NODES_MAX][sizeof(((struct charter_node *)0)->name)];
    size_t elsewhere_count;
};

/* `charter`: the bytes of the one in --dir, `scope` of whose tokens. A node that does not answer is
 * among them. */
bool cli_nodes_find(const struct cli *cli, struct http *http, const char *scope,
                    struct bytes charter, struct cli_nodes *nodes_out,
                    struct error *error) MUST_USE;
/* Says on standard error which nodes are not asked, and what to do. */
void cli_nodes_say(const struct cli_nodes *nodes, const char *command);

#endif
