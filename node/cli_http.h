/* cli_http.h - requests to nodes: kept-alive connections, many at once, patient with busy nodes.
 *
 * A request is repeated while a node is away, answers 429 or 503 (after its Retry-After), or has
 * not decided yet (202 with a Location, 409 in-flight: then the Location is asked), until the
 * patience given at open is over. That is safe: every write carries its idempotency key.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_HTTP_H
#define NODE_CLI_HTTP_H

#include "node/cli.h"
#include "node/tile_name.h"

enum {
    HTTP_PARALLEL_MAX = 256,
    HTTP_BODY_MAX = 32 * 1024 * 1024, /* a page of heights has at most 8 MiB */
    HTTP_PATH_MAX = 512,
};

struct http_request {
    const struct cli_target *target; /* borrowed until done */
    char path[HTTP_PATH_MAX];        /* "/v1/earn" */
    const char *key;                 /* copied; NULL: a GET */
    const char *body;                /* copied; JSON; NULL: a GET */
};
struct http_reply {
    int status;        /* 0: nobody answered */
    struct bytes body; /* ends in a NUL beyond its size */
    char text[256];    /* with status 0: why */
    uint64_t date_ms;  /* the Date header; 0: none */
    uint64_t took_ms;  /* of the last attempt */
    unsigned attempts;
};
/* The reply is valid during the call; it may start other requests. */
typedef void http_done(void *context, const struct http_reply *reply);

struct http;

/* At most `parallel` requests on their way; `patience_ms` 0: each is tried once. */
struct http *http_open(size_t parallel, uint64_t patience_ms);
void http_close(struct http *http); /* NULL is fine; drops what is under way */
/* Queued when `parallel` are on their way. */
void http_start(struct http *http, const struct http_request *request, http_done *done,
                void *context);
/* One turn: waits at most `wait_ms` for something to happen. False when nothing is left. */
bool http_turn(struct http *http, int wait_ms);

/* One request, to its end. The body is appended to `body_out`. ERROR_BUSY when nobody
 * answered, or to the end with 503: not now. */
bool http_get(struct http *http, const struct cli_target *target, const char *path,
              struct buffer *body_out, struct error *error) MUST_USE;
/* The same with any answer: *status_out tells which. */
bool http_fetch(struct http *http, const struct cli_target *target, const char *path,
                int *status_out, struct buffer *body_out, struct error *error) MUST_USE;
/* A part of a node's log. A partial one may have been dropped since it is full: then the full one
 * will do, and the name's width becomes 256. And one that just became full may be on its way to the
 * node's disk: so it is asked for again. */
bool http_get_tile(struct http *http, const struct cli_target *target, struct tile_name *name_io,
                   struct buffer *body_out, struct error *error) MUST_USE;
/* A write or a question with a JSON answer; *status_out and *reply_out (owned by the caller) for
 * any answer. `body` is released. `key` NULL with a body: a POST that writes nothing. */
bool http_ask(struct http *http, const struct cli_target *target, const char *path, const char *key,
              json_t *body, int *status_out, json_t **reply_out, struct error *error) MUST_USE;
/* "insufficient-points: the member has fewer ..." of a problem+json body. */
void http_problem_text(int status, const json_t *problem, char text_out[512]);

#endif
