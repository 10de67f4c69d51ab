#include "node/cli_nodes.h"

#include "node/cli_membership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_known(const struct cli_nodes *nodes, const char *name)
{
    for (size_t i = 0; i < nodes->count; i++)
        if (strcmp(nodes->targets[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < nodes->elsewhere_count; i++)
        if (strcmp(nodes->elsewhere[i], name) == 0)
            return true;
    return false;
}

/* One that joined later: its folder is in --dir where 'accrue join' was told so. */
static bool take_joined(const struct cli *cli, const char *scope, const char *name,
                        struct cli_nodes *nodes, struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!cli_path(path, error, "%s/%s/node.json", cli->dir, name))
        return false;
    if (access(path, F_OK) == 0)
        return cli_target_in(cli->dir, name, scope, &nodes->targets[nodes->count++], error);
    snprintf(nodes->elsewhere[nodes->elsewhere_count], sizeof(nodes->elsewhere[0]), "%s", name);
    nodes->elsewhere_count++;
    return true;
}

/* What one node says; nothing when it says nothing that can be read. */
static size_t ask(struct http *http, const struct cli_target *target, struct charter_node *nodes)
{
    struct buffer text;
    struct error unheard;
    size_t count = 0;
    buffer_init(&text, HTTP_BODY_MAX);
    bool told = http_get(http, target, "/v1/membership", &text, &unheard);
    json_t *membership =
        told ? json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!membership || !membership_nodes(membership, nodes, &count, &unheard))
        count = 0;
    json_decref(membership);
    buffer_release(&text);
    return count;
}

static bool find_joined(const struct cli *cli, struct http *http, const char *scope,
                        struct cli_nodes *nodes, struct error *error)
{
    struct charter_node *told = (struct charter_node *)allocate(NODES_MAX, sizeof(*told));
    size_t founders = nodes->count;
    bool good = true;
    for (size_t i = 0; good && i < founders; i++) {
        size_t count = ask(http, &nodes->targets[i], told);
        for (size_t j = 0; good && j < count; j++)
            if (!told[j].left && !is_known(nodes, told[j].name) &&
                nodes->count + nodes->elsewhere_count < NODES_MAX)
                good = take_joined(cli, scope, told[j].name, nodes, error);
    }
    free(told);
    return good;
}

bool cli_nodes_find(const struct cli *cli, struct http *http, const char *scope,
                    struct bytes charter, struct cli_nodes *nodes, struct error *error)
{
    struct charter *founding = NULL;
    memset(nodes, 0, sizeof(*nodes));
    bool good = charter_parse(charter, &founding, NULL, error);
    for (size_t i = 0; good && i < founding->node_count; i++)
        good = cli_target_in(cli->dir, founding->nodes[i].name, scope,
                             &nodes->targets[nodes->count++], error);
    charter_close(founding);
    return good && find_joined(cli, http, scope, nodes, error);
}

void cli_nodes_say(const struct cli_nodes *nodes, const char *command)
{
    for (size_t i = 0; i < nodes->elsewhere_count; i++)
        cli_say(stderr,
                "accrue %s: node %s joined later and has no folder here: it is not asked; give its "
                "URL as well\n",
                command, nodes->elsewhere[i]);
}
