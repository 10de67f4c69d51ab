/* store_gaps.h - what a store lacks by right: the history behind the snapshot that it began with
 * (entry G), and the heights that were pruned (entry R). Where it lacks something it goes on from
 * an image of the state, and from nothing else. Threads: as the store's.
 */
#ifndef NODE_STORE_GAPS_H
#define NODE_STORE_GAPS_H

#include "node/store.h"
#include "protocol/attestation.h"

struct store_pruned { /* up to here */
    uint64_t height, records;
};

/* ERROR_NOT_FOUND: the store has begun with its first height, or its history is whole by now. */
bool store_began_with(const struct store *store, struct snapshot_name *snapshot_out,
                      struct error *error) MUST_USE;
/* ERROR_NOT_FOUND: nothing was pruned. */
bool store_pruned_to(const struct store *store, struct store_pruned *pruned_out,
                     struct error *error) MUST_USE;

void store_put_beginning(struct store_group *group, const struct snapshot_name *snapshot);
void store_put_pruned(struct store_group *group, const struct store_pruned *pruned);

#endif
