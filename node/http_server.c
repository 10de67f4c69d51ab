#include "node/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum {
    SWEEP_MS = 500,
    SWALLOW_MAX = 1024 * 1024,
    SPARE_CONNECTIONS = 64,  /* open for a moment, until one that was ended is gone */
    GRACE_MS = 500,          /* for a guest to say what it wants; then it may have to leave ... */
    UNREAD_ANSWER_MS = 5000, /* ... or when it does not read its answer */
};

/* ---- connections and exchanges -------------------------------------------------------------- */

/* What a connection is doing; each has a time by which it must be over. */
enum phase { PHASE_HEADERS, PHASE_BODY, PHASE_WAITING, PHASE_ANSWER, PHASE_STREAM };

struct connection {
    struct http_server *server;
    int fd;
    bool loopback;
    enum phase phase;
    uint64_t since_ms;
    uint64_t body_bytes, body_mark; /* received; at the last look */
    struct connection *previous, *next;
};

/* One request on a connection. Made when its first line is read. */
struct exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct connection *socket;
    void *call;                    /* the handler's */
    struct MHD_Response *response; /* ready, not queued */
    int status;
    char *target; /* as it came: the library decodes its own copy in place */
    bool begun, suspended, ended, queued, streams, dead;
    size_t swallowed; /* of a body that nobody wants */
    uint64_t taken;   /* of one that goes on */
    struct exchange *previous, *next;
};

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_handler *handler;
    void *context; /* the handler's */
    uv_loop_t *loop;
    uv_poll_t poll;
    uv_timer_t timer, sweep;
    int handles; /* to be closed before the memory goes */
    bool closing, running, listening;
    uint16_t port;
    struct connection *connections;
    unsigned connection_count, connection_limit;
    struct exchange *exchanges;
    char *certificate, *key;
};

static void run(struct http_server *server);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

/* The library's own timer: after each run and each resume, or a client that waits is forgotten. */
static void arm(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    if (server->closing)
        return;
    if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES)
        uv_timer_start(&server->timer, on_timer, timeout_ms, 0);
    else
        uv_timer_stop(&server->timer);
}

static void run(struct http_server *server)
{
    if (server->running || server->closing)
        return;
    server->running = true;
    (void)MHD_run(server->daemon);
    server->running = false;
    arm(server);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void enter(struct exchange *exchange, enum phase phase)
{
    if (!exchange->socket)
        return;
    exchange->socket->phase = phase;
    exchange->socket->since_ms = uv_now(exchange->server->loop);
}

static void suspend(struct exchange *exchange)
{
    if (exchange->suspended || exchange->dead)
        return;
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection);
}

static void resume(struct exchange *exchange)
{
    if (!exchange->suspended)
        return;
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection);
    if (!exchange->server->closing)
        uv_timer_start(&exchange->server->timer, on_timer, 0, 0);
}

/* ---- answers -------------------------------------------------------------------------------- */

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
    struct exchange *exchange = context;
    bool end = false;
    (void)position;
    if (exchange->dead || !exchange->call)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t given = exchange->server->handler->read(exchange->call, (uint8_t *)out, size, &end);
    if (given > 0)
        return (ssize_t)given;
    if (end)
        return MHD_CONTENT_READER_END_OF_STREAM;
    suspend(exchange);
    return 0;
}

static struct MHD_Response *response_of(struct exchange *exchange, struct api_response *answer)
{
    enum { STREAM_BLOCK = 32 * 1024 };
    if (answer->streams)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream,
                                                 exchange, NULL);
    /* The buffer's memory goes over; an empty answer has none. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.size, answer->body.at,
        answer->body.at ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response)
        memset(&answer->body, 0, sizeof(answer->body));
    return response;
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value && value[0])
        (void)MHD_add_response_header(response, name, value);
}

static void respond(void *context, struct api_response *answer)
{
    struct exchange *exchange = context;
    struct MHD_Response *response = response_of(exchange, answer);
    char number[16] = "", kept[API_FILE_NAME_SIZE + 32] = "";
    if (answer->file_name[0])
        (void)snprintf(kept, sizeof(kept), "attachment; filename=\"%s\"", answer->file_name);
    if (answer->retry_after_s > 0)
        (void)snprintf(number, sizeof(number), "%d", answer->retry_after_s);
    buffer_release(&answer->body);
    must(response != NULL && exchange->response == NULL);
    add(response, "Content-Type", answer->content_type);
    add(response, "Cache-Control", answer->cache_control);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Content-Disposition", kept);
    add(response, "ETag", answer->etag);
    add(response, "Location", answer->location);
    add(response, "Allow", answer->allow);
    add(response, "Retry-After", number);
    add(response, "Trace-Id", answer->trace_id);
    add(response, "WWW-Authenticate", answer->challenge ? "Bearer realm=\"accrue\"" : NULL);
    add(response, "Preference-Applied", answer->preference_applied ? "respond-async" : NULL);
    add(response, "Content-Security-Policy", answer->page_policy);
    add(response, "Referrer-Policy", answer->page_policy ? "no-referrer" : NULL);
    add(response, "X-Robots-Tag", answer->page_policy ? "noindex" : NULL);
    add(response, "Vary", answer->page_policy ? "Accept" : NULL);
    exchange->response = response;
    exchange->status = answer->status;
    exchange->streams = answer->streams;
    resume(exchange);
}

static void wake(void *context)
{
    resume(context);
}

static enum MHD_Result queue(struct exchange *exchange)
{
    enum MHD_Result result =
        MHD_queue_response(exchange->connection, (unsigned)exchange->status, exchange->response);
    MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    exchange->queued = true;
    enter(exchange, exchange->streams ? PHASE_STREAM : PHASE_ANSWER);
    return result;
}

/* ---- requests ------------------------------------------------------------------------------- */

static struct bytes header(struct exchange *exchange, const char *name)
{
    const char *value = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
    return value ? bytes_text(value) : (struct bytes){.at = NULL};
}

/* A body that is announced as too large is refused before it is sent. */
static bool announced_too_large(struct exchange *exchange)
{
    struct bytes length = header(exchange, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t size = 0;
    if (!length.at)
        return false;
    return !parse_u64(length, INT64_MAX, &size) ||
           size > exchange->server->handler->body_max(exchange->call);
}

static enum MHD_Result begin(struct exchange *exchange, const char *method)
{
    struct api_request request = {.method = bytes_text(method),
                                  .target = bytes_text(exchange->target ? exchange->target : "/"),
                                  .authorization = header(exchange, MHD_HTTP_HEADER_AUTHORIZATION),
                                  .content_type = header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE),
                                  .idempotency_key = header(exchange, "Idempotency-Key"),
                                  .prefer = header(exchange, "Prefer"),
                                  .if_none_match = header(exchange, MHD_HTTP_HEADER_IF_NONE_MATCH),
                                  .traceparent = header(exchange, "traceparent"),
                                  .accept = header(exchange, MHD_HTTP_HEADER_ACCEPT),
                                  .loopback = exchange->socket && exchange->socket->loopback};
    struct api_responder responder = {.context = exchange, .respond = respond, .wake = wake};
    exchange->begun = true;
    const struct http_server *server = exchange->server;
    exchange->call = server->handler->begin(server->context, &request, &responder);
    if (!exchange->response && announced_too_large(exchange))
        server->handler->too_large(exchange->call);
    enter(exchange, PHASE_BODY);
    /* Answered before the body: the library closes the connection after it. */
    return exchange->response ? queue(exchange) : MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
    if (exchange->response) { /* refused in mid-body: the answer can only follow the body */
        exchange->swallowed += *size;
        *size = 0;
        return exchange->swallowed > SWALLOW_MAX ? MHD_NO : MHD_YES;
    }
    const struct http_handler *handler = exchange->server->handler;
    size_t taken = handler->feed(exchange->call, bytes_of(data, *size));
    if (exchange->socket)
        exchange->socket->body_bytes += taken;
    exchange->taken += taken;
    /* A batch in chunks was refused long ago, in a line of its answer; this one never ends. */
    if (exchange->taken > 2 * (uint64_t)handler->body_max(exchange->call) + SWALLOW_MAX)
        return MHD_NO;
    *size -= taken;
    if (*size > 0)
        suspend(exchange);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    struct exchange *exchange = *state;
    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    if (!exchange || exchange->dead)
        return MHD_NO;
    if (!exchange->begun)
        return begin(exchange, method);
    if (*size > 0)
        return take_body(exchange, data, size);
    if (exchange->queued)
        return MHD_YES;
    if (!exchange->ended) {
        exchange->ended = true;
        enter(exchange, PHASE_WAITING);
        if (!exchange->response)
            exchange->server->handler->end(exchange->call);
    }
    if (exchange->response)
        return queue(exchange);
    suspend(exchange);
    return MHD_YES;
}

/* The first line of a request was read: from here on there is an exchange. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct http_server *server = context;
    struct exchange *exchange = allocate(1, sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange->server = server;
    exchange->connection = connection;
    exchange->socket = info ? info->socket_context : NULL;
    exchange->target = strdup(target);
    must(exchange->target != NULL);
    exchange->dead = server->closing;
    exchange->next = server->exchanges;
    if (exchange->next)
        exchange->next->previous = exchange;
    server->exchanges = exchange;
    return exchange;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct exchange *exchange = *state;
    (void)connection;
    (void)code;
    if (!exchange)
        return;
    *state = NULL;
    server->handler->close(exchange->call);
    if (exchange->response)
        MHD_destroy_response(exchange->response);
    enter(exchange, PHASE_HEADERS);
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        server->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    free(exchange->target);
    free(exchange);
}

/* ---- connections ---------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *address)
{
    if (!address)
        return false;
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
               127;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return address->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127));
}

/* May it be ended for another? Then since when it has been of no use; else UINT64_MAX. One that
 * brings a body, or waits for the coalition, stays. */
static uint64_t idle_since(const struct connection *connection, uint64_t now_ms)
{
    uint64_t grace_ms = connection->phase == PHASE_HEADERS  ? GRACE_MS
                        : connection->phase == PHASE_ANSWER ? UNREAD_ANSWER_MS
                                                            : UINT64_MAX;
    bool idle = connection->fd >= 0 && now_ms - connection->since_ms >= grace_ms;
    return idle ? connection->since_ms : UINT64_MAX;
}

/* More are here than have a place: whoever has been idle longest gives up its own, or idle
 * strangers would keep the tills out. */
static bool make_place(struct http_server *server)
{
    uint64_t now_ms = uv_now(server->loop), oldest_ms = UINT64_MAX;
    struct connection *oldest = NULL;
    for (struct connection *at = server->connections; at; at = at->next) {
        uint64_t since_ms = idle_since(at, now_ms);
        if (since_ms < oldest_ms) {
            oldest_ms = since_ms;
            oldest = at;
        }
    }
    if (!oldest)
        return false;
    (void)shutdown(oldest->fd, SHUT_RDWR); /* the library sees its end */
    oldest->fd = -1;
    return true;
}

static void connection_open(struct http_server *server, struct MHD_Connection *mhd, void **state)
{
    struct connection *connection = allocate(1, sizeof(*connection));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection->fd = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    connection->loopback = info && is_loopback(info->client_addr);
    connection->server = server;
    connection->since_ms = uv_now(server->loop);
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    *state = connection;
    if (++server->connection_count > server->connection_limit)
        (void)make_place(server);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_open(server, mhd, state);
        return;
    }
    struct connection *connection = *state;
    if (!connection)
        return;
    server->connection_count--;
    *state = NULL;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    free(connection);
}

static bool overdue(struct connection *connection, uint64_t now_ms)
{
    uint64_t took_s = (now_ms - connection->since_ms) / 1000;
    switch (connection->phase) {
    case PHASE_HEADERS:
        return took_s > HTTP_HEADERS_S;
    case PHASE_BODY:
        if (took_s <= HTTP_BODY_S)
            return false;
        /* A batch may take as long as it likes while it brings something. */
        if (connection->body_bytes - connection->body_mark < HTTP_BODY_RATE)
            return true;
        connection->body_mark = connection->body_bytes;
        connection->since_ms = now_ms;
        return false;
    case PHASE_WAITING:
    case PHASE_STREAM:
        return false; /* the API's own deadline, and the library's for idleness, hold */
    case PHASE_ANSWER:
        return took_s > HTTP_ANSWER_S;
    }
    must(!"a phase outside its list");
}

/* The library's timeout starts anew with every byte; this one does not, so a client that drips
 * bytes is ended too. Shutting the socket down makes the library see its end. */
static void on_sweep(uv_timer_t *timer)
{
    struct http_server *server = timer->data;
    uint64_t now_ms = uv_now(server->loop);
    for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next)
        if (exchange->suspended && exchange->socket && exchange->socket->phase == PHASE_BODY)
            exchange->socket->since_ms = now_ms; /* it waits for us, not we for it */
    for (struct connection *connection = server->connections; connection;
         connection = connection->next)
        if (connection->fd >= 0 && overdue(connection, now_ms))
            (void)shutdown(connection->fd, SHUT_RDWR);
    unsigned over = server->connection_count > server->connection_limit
                        ? server->connection_count - server->connection_limit
                        : 0;
    while (over-- > 0 && make_place(server))
        ;
    run(server);
}

/* ---- opening -------------------------------------------------------------------------------- */

static bool address_parse(const char *text, struct sockaddr_storage *address_out, bool *loopback,
                          struct error *error)
{
    char host[HTTP_LISTEN_MAX + 1];
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    if (!colon || !parse_u64(bytes_text(colon + 1), UINT16_MAX, &port))
        return error_set(error, ERROR_INVALID, "%s is no ADDRESS:PORT", text);
    size_t size = (size_t)(colon - text);
    bool six = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    (void)snprintf(host, sizeof(host), "%.*s", (int)(six ? size - 2 : size), six ? text + 1 : text);
    if (strcmp(host, "localhost") == 0) /* no resolver is asked */
        (void)snprintf(host, sizeof(host), "127.0.0.1");
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0 || !found)
        return error_set(error, ERROR_INVALID, "%s is no numeric ADDRESS:PORT", text);
    memset(address_out, 0, sizeof(*address_out));
    memcpy(address_out, found->ai_addr, found->ai_addrlen);
    *loopback = is_loopback(found->ai_addr);
    freeaddrinfo(found);
    return true;
}

static int listen_on(const char *text, const struct sockaddr_storage *address, struct error *error)
{
    int one = 1;
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, (const struct sockaddr *)address, size) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    (void)error_set(error, ERROR_IO, "cannot listen on %s: %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static char *read_pem(const char *path, bool secret, struct error *error)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0) {
        (void)error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    char *text = NULL;
    if (secret && (about.st_mode & 077)) {
        (void)error_set(error, ERROR_DENIED, "%s can be read by others: chmod 600 %s", path, path);
    } else if (about.st_size <= 0 || about.st_size > HTTP_TLS_FILE_MAX) {
        (void)error_set(error, ERROR_INVALID, "%s is empty or too large for a PEM file", path);
    } else {
        text = allocate((size_t)about.st_size + 1, 1);
        if (read(fd, text, (size_t)about.st_size) != about.st_size) {
            (void)error_set(error, ERROR_IO, "%s: cannot be read", path);
            free(text);
            text = NULL;
        }
    }
    close(fd);
    return text;
}

static bool read_tls(struct http_server *server, const struct http_server_config *config,
                     struct error *error)
{
    if (!config->certificate_path)
        return true;
    if (!config->key_path)
        return error_set(error, ERROR_INVALID, "a certificate needs its key");
    server->certificate = read_pem(config->certificate_path, false, error);
    server->key = server->certificate ? read_pem(config->key_path, true, error) : NULL;
    return server->key != NULL;
}

/* What the library says is told by counters and answers; its own words would go to stderr. */
static void quiet(void *context, const char *format, va_list arguments)
{
    (void)context;
    (void)format;
    (void)arguments;
}

static bool start_daemon(struct http_server *server, const struct http_server_config *config,
                         int fd, bool loopback, struct error *error)
{
    unsigned limit = config->connections_max ? config->connections_max : HTTP_CONNECTIONS_DEFAULT;
    unsigned each = config->per_address_max ? config->per_address_max : limit / 4 + 1;
    server->connection_limit = limit;
    char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"; /* read at the start only */
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
                                   {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
            (server->key ? MHD_USE_TLS : 0),
        0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, limit + SPARE_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, loopback && !config->per_address_max ? 0 : each,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_ARRAY, server->key ? tls : none, MHD_OPTION_END);
    return server->daemon ||
           error_set(error, ERROR_IO, "the HTTP server did not start: %s",
                     server->key ? "is the certificate the key's?" : "out of descriptors?");
}

static void start_watching(struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    must(info && info->epoll_fd >= 0);
    must(uv_poll_init(server->loop, &server->poll, info->epoll_fd) == 0);
    must(uv_timer_init(server->loop, &server->timer) == 0);
    must(uv_timer_init(server->loop, &server->sweep) == 0);
    server->poll.data = server->timer.data = server->sweep.data = server;
    server->handles = 3;
    must(uv_poll_start(&server->poll, UV_READABLE, on_readable) == 0);
    must(uv_timer_start(&server->sweep, on_sweep, SWEEP_MS, SWEEP_MS) == 0);
    arm(server);
}

static void release(struct http_server *server)
{
    free(server->certificate);
    if (server->key) {
        memset(server->key, 0, strlen(server->key));
        free(server->key);
    }
    free(server);
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)(void *)&address)->sin6_port
                     : ((struct sockaddr_in *)(void *)&address)->sin_port);
}

bool http_server_open_for(const struct http_server_config *config, struct uv_loop_s *loop,
                          const struct http_handler *handler, void *context,
                          struct http_server **server_out, struct error *error)
{
    struct sockaddr_storage address;
    bool loopback = false;
    if (config->connections_max > HTTP_CONNECTIONS_MAX)
        return error_set(error, ERROR_LIMIT, "at most %d connections", HTTP_CONNECTIONS_MAX);
    if (!address_parse(config->listen, &address, &loopback, error))
        return false;
    struct http_server *server = allocate(1, sizeof(*server));
    server->loop = loop;
    server->handler = handler;
    server->context = context;
    int fd = read_tls(server, config, error) ? listen_on(config->listen, &address, error) : -1;
    if (fd < 0 || !start_daemon(server, config, fd, loopback, error)) {
        if (fd >= 0)
            close(fd);
        release(server);
        return false;
    }
    server->port = bound_port(fd);
    server->listening = true;
    start_watching(server);
    *server_out = server;
    return true;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

unsigned http_server_connections(const struct http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info ? info->num_connections : 0;
}

/* ---- closing -------------------------------------------------------------------------------- */

void http_server_quiesce(struct http_server *server)
{
    if (!server->listening)
        return;
    server->listening = false;
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        close(fd);
}

static void on_closed(uv_handle_t *handle)
{
    struct http_server *server = handle->data;
    if (--server->handles == 0)
        release(server);
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    http_server_quiesce(server);
    server->closing = true;
    /* The library must not be stopped while a connection is suspended. A request that it reads in
     * its last run is dead from the start (on_target). */
    for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next) {
        exchange->dead = true;
        resume(exchange);
    }
    (void)MHD_run(server->daemon);
    uv_poll_stop(&server->poll);
    MHD_stop_daemon(server->daemon);
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
    uv_close((uv_handle_t *)&server->sweep, on_closed);
}
