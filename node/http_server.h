/* http_server.h - the API on a socket: libmicrohttpd inside the libuv loop. Or another service,
 * that takes requests and gives answers as the API does.
 *
 * Touches the outside world. One epoll descriptor of the library is polled by the loop; a request
 * that waits for the coalition is suspended and costs nothing. Everything a client can make grow is
 * bounded: connections in all (the one that is idle longest leaves for one that comes) and an
 * address, the memory of a connection's headers, bodies, and the time that headers, a body and the
 * reading of an answer may take.
 *
 * Threads: the loop's thread only.
 */
#ifndef NODE_HTTP_SERVER_H
#define NODE_HTTP_SERVER_H

#include "node/api.h"

struct uv_loop_s;

enum {
    HTTP_CONNECTIONS_DEFAULT = 1024,
    HTTP_CONNECTIONS_MAX = 65536,
    HTTP_CONNECTION_MEMORY = 32 * 1024, /* request line, headers and one read of a body */
    HTTP_HEADERS_S = 15,                /* from connecting, or the last answer, to the headers */
    HTTP_IDLE_S = 30,                   /* without one byte, anywhere */
    HTTP_BODY_S = 30,                   /* for a write's body */
    HTTP_BODY_RATE = 4096,              /* bytes a batch must bring in each HTTP_BODY_S */
    HTTP_ANSWER_S = 120,                /* for reading an answer that does not stream */
    HTTP_LISTEN_MAX = 63,
    HTTP_TLS_FILE_MAX = 256 * 1024
};

struct http_server_config {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0: any */
    unsigned connections_max; /* 0: HTTP_CONNECTIONS_DEFAULT; beyond it idle ones are ended */
    unsigned per_address_max; /* 0: a quarter of them, on loopback all of them */
    const char *certificate_path; /* PEM chain; NULL: no TLS */
    const char *key_path;         /* PEM; refused when others can read it */
};

/* Who answers. The calls, and when each is made, are those of api.h by the same names. `feed` takes
 * all that it is given or less, `read` may be NULL where no answer streams. */
struct http_handler {
    void *(*begin)(void *context, const struct api_request *request,
                   const struct api_responder *responder);
    size_t (*body_max)(const void *call);
    void (*too_large)(void *call);
    size_t (*feed)(void *call, struct bytes piece);
    void (*end)(void *call);
    size_t (*read)(void *call, uint8_t *out, size_t size, bool *end_out);
    void (*close)(void *call);
};

struct http_server;

/* ERROR_INVALID for an address that is none, ERROR_IO when it cannot be bound, ERROR_DENIED for a
 * key file open to others. `api` is borrowed and must outlive the server. */
bool http_server_open(const struct http_server_config *config, struct uv_loop_s *loop,
                      struct api *api, struct http_server **server_out,
                      struct error *error) MUST_USE;
/* The same for any service; `handler` and `context` are borrowed as `api` is. */
bool http_server_open_for(const struct http_server_config *config, struct uv_loop_s *loop,
                          const struct http_handler *handler, void *context,
                          struct http_server **server_out, struct error *error) MUST_USE;
uint16_t http_server_port(const struct http_server *server);
unsigned http_server_connections(const struct http_server *server);
/* Takes no new connections; those that are open go on. */
void http_server_quiesce(struct http_server *server);
/* Ends every connection, answered or not, and closes their calls. Run the loop once after it. NULL
 * is fine. */
void http_server_close(struct http_server *server);

#endif
