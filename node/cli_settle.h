/* cli_settle.h - what the files cli_settle*.c share.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_SETTLE_H
#define NODE_CLI_SETTLE_H

#include "node/cli_period.h"
#include "node/cli_write.h"

/* Options of a step. Texts are borrowed. */
struct settle_step_options {
    const char *period, *key, *as;
};
#define SETTLE_HELP                                                                                \
    "  --period PERIOD       such as 2026-11; 'accrue settle status' lists them\n"                 \
    "  --as NAME             who asks: takes NAME.token of --dir (default office)\n"               \
    "  --key KEY             idempotency key (default: random)\n"

/* Reads the options of a step and `more`. False: return *exit_out. */
bool settle_begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                  const struct cli_option *more, size_t count, struct settle_step_options *own,
                  int *exit_out) MUST_USE;
/* The scope, which is the token file's name, that a step asks with. */
const char *settle_scope(const struct settle_step_options *own);
/* Whether --as is the name of a token: it becomes that of a file. */
bool settle_as_given(const struct cli *cli, const struct settle_step_options *own,
                     int *exit_out) MUST_USE;
/* Posts the body (released) to /v1/periods/PERIOD/STEP; prints the result; the exit code. */
int settle_post(const struct cli *cli, const struct settle_step_options *own, const char *step,
                json_t *body);

/* Confirms by a bank's file what it shows to have come: cli_settle_bank.c. */
struct settle_bank {
    const char *file, *accounts;
    const char *bookings; /* what earlier files have shown; NULL: nothing is kept */
    bool dry_run;
};
int settle_confirm_by_bank(const struct cli *cli, const struct settle_step_options *own,
                           const struct settle_bank *bank);

#endif
