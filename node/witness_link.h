/* witness_link.h - ties a node's checkpoints to the witnesses outside: those of the charter's
 * policy that have a URL. What they are offered is chosen in shown.h, how they are asked in
 * witness_client.h; what comes back goes to the API, which shows it.
 *
 * Threads: the loop's thread only.
 */
#ifndef NODE_WITNESS_LINK_H
#define NODE_WITNESS_LINK_H

#include "node/api.h"

struct uv_loop_s;
struct witness_link;

/* NULL when the policy has no witness with a URL. `api` and `replica` are borrowed. */
struct witness_link *witness_link_open(struct uv_loop_s *loop, struct api *api,
                                       const struct replica *replica);
/* Some times a second: something may be new, or it may be time to ask again. NULL is fine. */
void witness_link_step(struct witness_link *link);
void witness_link_metrics(const struct witness_link *link, struct buffer *out);
/* Before the API is closed; run the loop once after it. NULL is fine. */
void witness_link_close(struct witness_link *link);

#endif
