/* demo.h - what `accrue demo` plays on four running nodes, and what it says at the end.
 * Threads: one.
 */
#ifndef NODE_DEMO_H
#define NODE_DEMO_H

#include "node/cluster.h"

enum { DEMO_NODES = 4 };

struct demo {
    struct cluster cluster;
    struct cli_target till[DEMO_NODES], office[DEMO_NODES], finance[DEMO_NODES],
        auditor[DEMO_NODES], admin;
    struct http *http;
    bool progress;
    bool folder_goes; /* it is removed at the end */
    uint64_t seed;
    const volatile int *interrupted;
    char sample_member[40]; /* one with points, for what to try next */
};
struct demo_counts {
    uint64_t members, earns, earned, redemptions, refused, spent;
};

/* A day of our own making: the same for the same seed. */
bool demo_play_day(struct demo *demo, struct demo_counts *counts_out, struct error *error) MUST_USE;
/* The folder of the Complete Journey data: baskets.csv and coupon_redemptions.csv. */
bool demo_play_data(struct demo *demo, const char *data_dir, struct demo_counts *counts_out,
                    struct error *error) MUST_USE;
/* Two people of each partner set the account to which it is paid, which is in force a week later.
 */
bool demo_accounts(struct demo *demo, struct error *error) MUST_USE;
/* Moves ledger time past the end of the open period and settles the last one in which anything is
 * owed: proposed, signed by two people of each partner, final. Each partner's statement becomes a
 * PDF in the demo's folder. */
bool demo_settle(struct demo *demo, struct error *error) MUST_USE;
/* Over all periods, with the points behind it. */
bool demo_print_owed(struct demo *demo, struct error *error) MUST_USE;
/* Who owes whom, whether the nodes agree, the verification; then the line of figures. Sets
 * *good_out. */
bool demo_conclude(struct demo *demo, const struct demo_counts *counts, bool *good_out,
                   struct error *error) MUST_USE;

/* What the parts of the play share: a question that must be answered, and waiting until all nodes
 * are at one height. */
bool demo_ask(struct demo *demo, const struct cli_target *target, const char *path,
              json_t **reply_out, struct error *error) MUST_USE;
bool demo_wait_level(struct demo *demo, struct error *error) MUST_USE;

#endif
