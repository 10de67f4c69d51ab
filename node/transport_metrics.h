/* transport_metrics.h - the transport's counts in Prometheus' text format.
 *
 * Threads: the loop's thread only.
 */
#ifndef NODE_TRANSPORT_METRICS_H
#define NODE_TRANSPORT_METRICS_H

#include "node/transport.h"
#include "partners/charter.h"

/* Of each node of the charter that is a peer, and of strangers. Appended. */
void transport_metrics(const struct transport *transport, const struct charter *charter,
                       struct buffer *out);

#endif
