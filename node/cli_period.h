/* cli_period.h - a settlement period, asked of a node by a command, with what belongs to it.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_PERIOD_H
#define NODE_CLI_PERIOD_H

#include "node/accounts.h"
#include "node/cli_http.h"
#include "node/period_view.h"

struct cli_period { /* zeroed is empty */
    struct cli_target target;
    struct http *http;
    struct charter *charter; /* the coalition's first one */
    json_t *answer;          /* of GET /v1/periods/PERIOD, as it came */
    struct period_view *view;
    json_t *coalition;      /* of GET /v1/coalition */
    struct partner_id self; /* whose node was asked */
};
/* With the token of `scope`. False: the reason is said and *exit_out set; nothing is to be
 * released. */
bool cli_period_open(const struct cli *cli, const char *scope, const char *period,
                     struct cli_period *own, int *exit_out) MUST_USE;
void cli_period_close(struct cli_period *own);
/* The node's answer about a period with all its disputes, which come in pages; the caller's to
 * release. */
bool cli_period_ask(const struct cli *cli, struct http *http, const struct cli_target *target,
                    const char *period, json_t **answer_out, int *exit_out) MUST_USE;
/* Asks again, after something was changed. */
bool cli_period_again(const struct cli *cli, struct cli_period *own, int *exit_out) MUST_USE;

/* The file of --accounts; nothing when `path` is NULL. */
bool cli_accounts_read(const struct cli *cli, const char *path, struct accounts *accounts_out,
                       int *exit_out) MUST_USE;
/* Adds the ledger's accounts, asked of the period's node. */
bool cli_accounts_join(const struct cli *cli, struct cli_period *own, struct accounts *accounts,
                       int *exit_out) MUST_USE;

#endif
