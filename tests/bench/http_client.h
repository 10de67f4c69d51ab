/* http_client.h - kept-alive HTTP/1.1 connections of a load driver, one request under way on each.
 *
 * Written for load on the same machine as the servers: no allocation an exchange, no parsing beyond
 * status and framing; the body is handed over in pieces as it comes. It trusts its servers with
 * nothing: an answer that breaks the framing, or a closed connection, ends in an error. Threads:
 * one.
 */
#ifndef BENCH_HTTP_CLIENT_H
#define BENCH_HTTP_CLIENT_H

#include "crypto/base.h"

enum { HTTP_CLIENT_CONNECTIONS_MAX = 1024, HTTP_CLIENT_REQUEST_MAX = 4 * 1024 * 1024 };

struct http_client;

struct http_client_events {
    void *context;
    /* A piece of the answer's body. */
    void (*body)(void *context, size_t connection, struct bytes piece);
    /* The answer is complete; the next request may be sent from here. */
    void (*done)(void *context, size_t connection, int status);
};

struct http_client *http_client_open(const struct http_client_events *events);
void http_client_close(struct http_client *client); /* NULL is fine */
/* Connects to 127.0.0.1:port; connections count from 0. */
bool http_client_connect(struct http_client *client, uint16_t port, struct error *error) MUST_USE;
/* The connection's request buffer, cleared: write a whole request, then send it. */
struct buffer *http_client_request(struct http_client *client, size_t connection);
void http_client_send(struct http_client *client, size_t connection);
/* Requests without an answer. */
size_t http_client_pending(const struct http_client *client);
/* Waits at most `wait_ms` for something to happen, and calls back. */
bool http_client_turn(struct http_client *client, int wait_ms, struct error *error) MUST_USE;

#endif
