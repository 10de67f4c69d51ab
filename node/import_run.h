/* import_run.h - sends a plan's events to the nodes of their partners.
 *
 * Events of one member go one after the other, each once the one before is decided; members go in
 * parallel. A member unknown to this run is enrolled before its first earn. Every write has a
 * deterministic key, so a second run is recognised by the ledger; a small state file saves asking.
 * Threads: one.
 */
#ifndef NODE_IMPORT_RUN_H
#define NODE_IMPORT_RUN_H

#include "node/cli_http.h"
#include "node/import.h"

enum { IMPORT_VERDICTS_MAX = 32, IMPORT_PROBLEMS_MAX = 20 };

struct import_options {
    const struct cli_target *targets; /* a partner of the plan, in its order */
    const struct cli_target *admin;   /* not NULL: move ledger time along, a day at a time */
    const char *state_path;           /* NULL: none */
    size_t parallel;
    uint64_t patience_ms;
    bool progress;
    const volatile int *interrupted; /* NULL, or set by a signal: stop soon */
};
struct import_counts {
    uint64_t members, earns, earned, redemptions, spent;
    uint64_t refused_earns, refused_redemptions, repeats, late;
    uint64_t resumed; /* events that the state file says are done */
    struct {
        char code[48];
        uint64_t count;
    } codes[IMPORT_VERDICTS_MAX]; /* of refusals */
    size_t code_count;
};

/* ERROR_BUSY when a node stayed away: run it again to go on. ERROR_DENIED when a node answers what
 * no ledger decides (401, 403, 400): the text says what. */
bool import_run(const struct import_plan *plan, const struct import_options *options,
                struct import_counts *counts_out, struct error *error) MUST_USE;

#endif
