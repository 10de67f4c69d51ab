/* cli_exposure.h - what a node says of exposure, as a report.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_EXPOSURE_H
#define NODE_CLI_EXPOSURE_H

#include "node/cli.h"

struct exposure_options { /* of `accrue report`; NULL: not given */
    const char *format, *out, *period, *partner;
};
/* `accrue report exposure`: asks the node, writes the file; returns the exit code. */
int cli_report_exposure(const struct cli *cli, const struct exposure_options *own);

#endif
