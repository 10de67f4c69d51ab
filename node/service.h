/* service.h - a running node: the replica, its store, its peers and its callers in one event loop.
 *
 * This is where the pure core meets the machine: the clock is read, groups are written by a worker
 * and given back when they are synced, messages go out through the transport, requests come in
 * through HTTP. It decides nothing.
 *
 *     transport --message--> replica --SEND--> transport
 *     http/api --submit--->     |    --WRITE-> worker (LevelDB, fsync) --durable--> replica
 *     timer ---------------->   |    --DECIDED--> api --> http
 *
 * Threads: the loop's thread, but for the worker that writes.
 */
#ifndef NODE_SERVICE_H
#define NODE_SERVICE_H

#include "node/config.h"

struct service;

/* Opens everything, in the order in which it can fail without leaving a trace: charter, keys, the
 * key's lock, the store (replayed), peers, HTTP. The error says what to do next; ERROR_DISK: once
 * the disk is mended, the same start goes through. */
bool service_open(const struct config *config, struct service **service_out,
                  struct error *error) MUST_USE;
/* Runs until a signal (SIGTERM, SIGINT: graceful) or until the replica stops for good. True after a
 * graceful stop; false with the reason otherwise. */
bool service_run(struct service *service, struct error *error) MUST_USE;
/* It ran until there was a snapshot to go on from: to be closed, and opened again at once. */
bool service_goes_on(const struct service *service) MUST_USE;
void service_close(struct service *service); /* NULL is fine */

#endif
