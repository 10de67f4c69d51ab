/* witness_http.h - a witness on HTTP, as the handler of an http_server.
 *
 *   POST /add-checkpoint         tlog-witness; see witness.h
 *   GET  /<hex>/checkpoint       the newest checkpoint cosigned of the log whose origin has this
 *                                SHA-256, with the cosignature: for whoever watches logs
 *   GET  /healthz, /metrics
 *
 * A request is judged, kept and cosigned in one call, so two can never cross. Nobody needs a token:
 * the log's signature is the permission. Threads: the loop's thread only.
 */
#ifndef NODE_WITNESS_HTTP_H
#define NODE_WITNESS_HTTP_H

#include "node/http_server.h"
#include "node/witness_folder.h"

/* What became of a request to cosign. */
struct witness_event {
    enum witness_verdict verdict;
    bool failed; /* judged good, but it could not be kept: `error` says why; answered 500 */
    struct error error;
    struct checkpoint checkpoint; /* of a request that was read; else all zero */
    uint64_t old_size, held_size;
};

struct witness_http_config {
    struct witness_folder *folder; /* borrowed, with all that follows */
    const struct note_key *logs;
    size_t log_count;
    void *context;                                                  /* of the two below */
    uint64_t (*clock_s)(void *context);                             /* Unix time */
    void (*told)(void *context, const struct witness_event *event); /* NULL: nobody listens */
};

struct witness_http {
    struct witness_http_config config;
    uint64_t verdicts[WITNESS_VERDICT_COUNT], failures;
};

void witness_http_init(struct witness_http *witness, const struct witness_http_config *config);
/* Its context is a struct witness_http. */
extern const struct http_handler witness_http_handler;

#endif
