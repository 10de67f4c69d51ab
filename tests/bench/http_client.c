/* strcasestr() */
#define _GNU_SOURCE

#include "bench/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 8192, READ_SIZE = 64 * 1024, EVENTS_MAX = 64 };

/* Where in an answer the next byte stands. */
enum part {
    PART_IDLE,
    PART_HEAD,
    PART_BODY,
    PART_CHUNK_SIZE,
    PART_CHUNK,
    PART_CHUNK_END,
    PART_END
};

struct connection {
    int fd;
    bool wants_to_write;
    struct buffer out;
    size_t out_at;
    enum part part;
    char line[HEAD_MAX + 1]; /* the head, or a line of the chunked framing */
    size_t line_size;
    uint64_t left; /* of the body or the chunk */
    int status;
};

struct http_client {
    struct http_client_events events;
    struct connection *connections[HTTP_CLIENT_CONNECTIONS_MAX];
    size_t count, pending;
    int epoll;
    uint8_t input[READ_SIZE];
};

struct http_client *http_client_open(const struct http_client_events *events)
{
    struct http_client *client = (struct http_client *)allocate(1, sizeof(*client));
    client->events = *events;
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    must(client->epoll >= 0);
    return client;
}

void http_client_close(struct http_client *client)
{
    if (!client)
        return;
    for (size_t i = 0; i < client->count; i++) {
        close(client->connections[i]->fd);
        buffer_release(&client->connections[i]->out);
        free(client->connections[i]);
    }
    close(client->epoll);
    free(client);
}

bool http_client_connect(struct http_client *client, uint16_t port, struct error *error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1;
    if (client->count == HTTP_CLIENT_CONNECTIONS_MAX)
        return error_set(error, ERROR_LIMIT, "too many connections");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
        (void)error_set(error, ERROR_IO, "127.0.0.1:%u: %s", port, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    struct connection *connection = (struct connection *)allocate(1, sizeof(*connection));
    connection->fd = fd;
    buffer_init(&connection->out, HTTP_CLIENT_REQUEST_MAX);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = client->count};
    must(epoll_ctl(client->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    client->connections[client->count++] = connection;
    return true;
}

struct buffer *http_client_request(struct http_client *client, size_t connection)
{
    must(connection < client->count && client->connections[connection]->part == PART_IDLE);
    buffer_clear(&client->connections[connection]->out);
    return &client->connections[connection]->out;
}

size_t http_client_pending(const struct http_client *client)
{
    return client->pending;
}

/* ---- out ----------------------------------------------------------------------------------- */

static void watch(struct http_client *client, size_t number, bool writes)
{
    struct connection *connection = client->connections[number];
    if (connection->wants_to_write == writes)
        return;
    connection->wants_to_write = writes;
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.u64 = number};
    must(epoll_ctl(client->epoll, EPOLL_CTL_MOD, connection->fd, &event) == 0);
}

/* A broken connection shows when it is read. */
static void write_some(struct http_client *client, size_t number)
{
    struct connection *connection = client->connections[number];
    while (connection->out_at < connection->out.size) {
        ssize_t sent = send(connection->fd, connection->out.at + connection->out_at,
                            connection->out.size - connection->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent <= 0)
            break;
        connection->out_at += (size_t)sent;
    }
    watch(client, number, connection->out_at < connection->out.size);
}

void http_client_send(struct http_client *client, size_t connection)
{
    struct connection *sender = client->connections[connection];
    must(sender->part == PART_IDLE && !sender->out.overflowed);
    sender->part = PART_HEAD;
    sender->line_size = 0;
    sender->out_at = 0;
    client->pending++;
    write_some(client, connection);
}

/* ---- in ------------------------------------------------------------------------------------ */

/* The line, without its end; bytes are taken up to and with the line feed. */
static bool take_line(struct connection *connection, struct bytes *input, bool *whole_out,
                      struct error *error)
{
    const uint8_t *end = (const uint8_t *)memchr(input->at, '\n', input->size);
    size_t size = end ? (size_t)(end - input->at) + 1 : input->size;
    if (connection->line_size + size > HEAD_MAX)
        return error_set(error, ERROR_LIMIT, "the answer's head is too long");
    memcpy(connection->line + connection->line_size, input->at, size);
    connection->line_size += size;
    connection->line[connection->line_size] = '\0';
    *input = bytes_of(input->at + size, input->size - size);
    *whole_out = end != NULL;
    return true;
}

static bool head_parse(struct connection *connection, struct error *error)
{
    const char *length = strcasestr(connection->line, "\r\nContent-Length:");
    const char *chunked = strcasestr(connection->line, "\r\nTransfer-Encoding: chunked");
    if (strncmp(connection->line, "HTTP/1.1 ", 9) != 0 || (!length && !chunked))
        return error_set(error, ERROR_INVALID, "no answer of HTTP/1.1: %.100s", connection->line);
    connection->status = (int)strtol(connection->line + 9, NULL, 10);
    connection->left = length ? strtoull(length + 17, NULL, 10) : 0;
    connection->part = chunked ? PART_CHUNK_SIZE : PART_BODY;
    connection->line_size = 0;
    return true;
}

static bool take_head(struct connection *connection, struct bytes *input, struct error *error)
{
    bool whole = false;
    if (!take_line(connection, input, &whole, error))
        return false;
    if (!whole || connection->line_size < 4 ||
        memcmp(connection->line + connection->line_size - 4, "\r\n\r\n", 4) != 0)
        return true;
    return head_parse(connection, error);
}

static bool take_chunk_line(struct connection *connection, struct bytes *input, struct error *error)
{
    bool whole = false;
    if (!take_line(connection, input, &whole, error))
        return false;
    if (!whole)
        return true;
    if (connection->part == PART_CHUNK_SIZE) {
        char *end;
        connection->left = strtoull(connection->line, &end, 16);
        if (end == connection->line)
            return error_set(error, ERROR_INVALID, "a chunk without a size");
        connection->part = connection->left ? PART_CHUNK : PART_END;
    } else {
        connection->part = PART_CHUNK_SIZE;
    }
    connection->line_size = 0;
    return true;
}

static void take_body(struct http_client *client, size_t number, struct bytes *input)
{
    struct connection *connection = client->connections[number];
    size_t size = input->size < connection->left ? input->size : (size_t)connection->left;
    if (size > 0)
        client->events.body(client->events.context, number, bytes_of(input->at, size));
    connection->left -= size;
    *input = bytes_of(input->at + size, input->size - size);
    if (connection->part == PART_CHUNK && connection->left == 0)
        connection->part = PART_CHUNK_END;
}

static void finish(struct http_client *client, size_t number)
{
    client->connections[number]->part = PART_IDLE;
    client->pending--;
    client->events.done(client->events.context, number, client->connections[number]->status);
}

static bool take_trailer(struct http_client *client, size_t number, struct bytes *input,
                         struct error *error)
{
    bool whole = false;
    if (!take_line(client->connections[number], input, &whole, error))
        return false;
    if (whole)
        finish(client, number);
    return true;
}

static bool take(struct http_client *client, size_t number, struct bytes input, struct error *error)
{
    struct connection *connection = client->connections[number];
    bool ok = true;
    while (ok && input.size > 0) {
        switch (connection->part) {
        case PART_IDLE:
            return error_set(error, ERROR_INVALID, "bytes that nobody asked for");
        case PART_HEAD:
            ok = take_head(connection, &input, error);
            break;
        case PART_CHUNK_SIZE:
        case PART_CHUNK_END:
            ok = take_chunk_line(connection, &input, error);
            break;
        case PART_BODY:
        case PART_CHUNK:
            take_body(client, number, &input);
            break;
        case PART_END:
            ok = take_trailer(client, number, &input, error);
            break;
        }
        if (ok && connection->part == PART_BODY && connection->left == 0)
            finish(client, number);
    }
    return ok;
}

static bool read_some(struct http_client *client, size_t number, struct error *error)
{
    ssize_t size =
        recv(client->connections[number]->fd, client->input, sizeof(client->input), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (size <= 0)
        return error_set(error, ERROR_IO, "a node closed connection %zu: %s", number,
                         size < 0 ? strerror(errno) : "end of stream");
    return take(client, number, bytes_of(client->input, (size_t)size), error);
}

bool http_client_turn(struct http_client *client, int wait_ms, struct error *error)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(client->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        size_t number = (size_t)events[i].data.u64;
        if (events[i].events & EPOLLOUT)
            write_some(client, number);
        if ((events[i].events & ~(uint32_t)EPOLLOUT) && !read_some(client, number, error))
            return false;
    }
    return true;
}
