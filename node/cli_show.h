/* cli_show.h - tables that more than one subcommand prints.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_SHOW_H
#define NODE_CLI_SHOW_H

#include "node/cli.h"

/* Of GET /v1/settlement: obligations from - to with points and money, then each partner's net. */
void cli_print_settlement(const json_t *settlement);

#endif
