// links: node
// also: sim/disk.c
/* The API on a real socket of this machine: clients of every temper, in a thread of their own. */
#include "node/http_server.h"
#include "unit/api_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { REPLY_MAX = 1 << 20, CROWD = 200, LIMIT = 64 };

/* ---- a server in the loop, a client beside it ---------------------------------------------------
 */

struct served {
    struct world *world;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_async_t done;
    struct http_server *server;
    uint16_t port;
    void (*client)(struct served *served);
    int late_fd; /* a connection that asks once the loop has ended; 0: none */
    pthread_t thread;
};

static void ask_late(struct served *served);

/* The world's clock goes with the real one here, so that what is submitted gets decided. */
static void on_tick(uv_timer_t *timer)
{
    struct served *served = timer->data;
    step(served->world, 5);
}

static void on_done(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void *client_thread(void *context)
{
    struct served *served = context;
    served->client(served);
    uv_async_send(&served->done);
    return NULL;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void serve_with(const struct http_server_config *config, void (*client)(struct served *))
{
    struct served *served = allocate(1, sizeof(*served));
    struct error error = {0};
    served->world = world_with_member();
    served->client = client;
    REQUIRE(uv_loop_init(&served->loop) == 0);
    if (!http_server_open(config, &served->loop, served->world->api, &served->server, &error))
        printf("%s\n", error.text);
    REQUIRE(served->server);
    served->port = http_server_port(served->server);
    uv_timer_init(&served->loop, &served->tick);
    served->tick.data = served;
    uv_timer_start(&served->tick, on_tick, 5, 5);
    uv_async_init(&served->loop, &served->done, on_done);
    REQUIRE(pthread_create(&served->thread, NULL, client_thread, served) == 0);
    uv_run(&served->loop, UV_RUN_DEFAULT);
    pthread_join(served->thread, NULL);
    ask_late(served);
    http_server_close(served->server);
    CHECK_INT(api_pending(served->world->api), 0);
    uv_walk(&served->loop, close_handle, NULL);
    uv_run(&served->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&served->loop), 0);
    world_close(served->world);
    free(served);
}

static void serve(void (*client)(struct served *))
{
    struct http_server_config config = {.listen = "localhost:0", .connections_max = LIMIT};
    serve_with(&config, client);
}

static int dial(const struct served *served)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(served->port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    REQUIRE(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server may refuse to hear the rest */
        text += sent;
        size -= (size_t)sent;
    }
}

/* All that comes until the server closes or `marks` of `mark` were seen. */
static const char *hear(int fd, const char *mark, size_t marks)
{
    static char reply[REPLY_MAX + 1];
    size_t size = 0, seen = 0;
    reply[0] = 0;
    while (size < REPLY_MAX && seen < marks) {
        ssize_t got = recv(fd, reply + size, REPLY_MAX - size, 0);
        if (got <= 0)
            break;
        size += (size_t)got;
        reply[size] = 0;
        seen = 0;
        for (const char *at = reply; (at = strstr(at, mark)); at++)
            seen++;
    }
    return reply;
}

static size_t count_of(const char *text, const char *mark)
{
    size_t count = 0;
    for (; (text = strstr(text, mark)); text++)
        count++;
    return count;
}

#define HEAD(path, key)                                                                            \
    "POST " path " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer till-token\r\n"                    \
    "Idempotency-Key: " key "\r\nContent-Type: application/json\r\n"
#define EARN "{\"member\":\"" MEMBER "\",\"points\":1}"

static void earn_request(char *out, size_t size, const char *prefix, int number)
{
    char key[32];
    snprintf(key, sizeof(key), "%s%d", prefix, number);
    snprintf(out, size,
             "POST /v1/earn HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer till-token\r\n"
             "Idempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n" EARN,
             key, strlen(EARN));
}

/* ---- clients ------------------------------------------------------------------------------------
 */

static void pipeliner(struct served *served)
{
    enum { REQUESTS = 20 };
    char request[512];
    int fd = dial(served);
    for (int i = 0; i < REQUESTS; i++) {
        earn_request(request, sizeof(request), "pipe", i);
        say(fd, request);
    }
    const char *reply = hear(fd, "\"verdict\":\"accepted\"", REQUESTS);
    CHECK_INT(count_of(reply, "HTTP/1.1 200"), REQUESTS);
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(request, sizeof(request), "\"key\":\"pipe%d\"", i);
        const char *next = strstr(reply, request);
        CHECK(next != NULL); /* in the order asked */
        if (next)
            reply = next;
    }
    close(fd);
}

CASE(pipelined_requests_are_answered_in_order)
{
    serve(pipeliner);
}

static void dripper(struct served *served)
{
    char request[512];
    int fd = dial(served);
    earn_request(request, sizeof(request), "drip", 0);
    for (const char *at = request; *at; at++) {
        char byte[2] = {*at, 0};
        say(fd, byte);
    }
    CHECK(strstr(hear(fd, "\"balance\"", 1), "HTTP/1.1 200"));
    close(fd);
}

CASE(a_request_that_drips_in_is_taken)
{
    serve(dripper);
}

static void glutton(struct served *served)
{
    int fd = dial(served);
    say(fd, HEAD("/v1/earn", "big") "Content-Length: 70000000\r\n\r\n");
    CHECK(strstr(hear(fd, "trace_id\":\"", 1), "HTTP/1.1 413"));
    close(fd);
    fd = dial(served);
    say(fd, HEAD("/v1/earn", "big") "Transfer-Encoding: chunked\r\n\r\n");
    char chunk[4096 + 16];
    memset(chunk, ' ', sizeof(chunk));
    memcpy(chunk, "1000\r\n", 6);
    memcpy(chunk + 6 + 4096, "\r\n", 3);
    for (int i = 0; i < 32; i++)
        say(fd, chunk);
    say(fd, "0\r\n\r\n");
    CHECK(strstr(hear(fd, "trace_id\":\"", 1), "HTTP/1.1 413"));
    close(fd);
    fd = dial(served); /* without end: it is cut off */
    say(fd, HEAD("/v1/earn", "big") "Transfer-Encoding: chunked\r\n\r\n");
    int sent = 0;
    while (sent < 4096 && send(fd, chunk, 4104, MSG_NOSIGNAL) > 0)
        sent++;
    CHECK(sent < 4096);
    close(fd);
    fd = dial(served);
    say(fd, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 16; i++) {
        memset(chunk, 'a', 4096);
        chunk[4096] = 0;
        say(fd, chunk);
    }
    CHECK(strstr(hear(fd, "\r\n\r\n", 1), "HTTP/1.1 431"));
    close(fd);
}

CASE(large_bodies_and_headers_are_refused)
{
    serve(glutton);
}

static void stranger(struct served *served)
{
    static const char *const noise[] = {
        "\x16\x03\x01\x02\x01\x01\r\n\r\n",
        "GET\r\n\r\n",
        "POST /v1/earn HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        "GET /%00%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /v1/coalition HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n\r\n",
        "POST /v1/earn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(noise); i++) {
        int fd = dial(served);
        say(fd, noise[i]);
        shutdown(fd, SHUT_WR);
        const char *reply = hear(fd, "\r\n\r\n", 1);
        CHECK(!strstr(reply, "HTTP/1.1 200"));
        close(fd);
    }
    int fd = dial(served);
    say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); /* from this machine: open */
    CHECK(strstr(hear(fd, "\"version\"", 1), "\"status\":\"ok\""));
    close(fd);
}

CASE(noise_and_strangers_get_nothing)
{
    serve(stranger);
}

static void crowd(struct served *served)
{
    int fds[CROWD];
    char request[512];
    size_t answered = 0;
    for (int i = 0; i < CROWD; i++) {
        fds[i] = dial(served);
        earn_request(request, sizeof(request), "crowd", i);
        say(fds[i], request);
    }
    /* More than the limit: each is served when another has left. */
    for (int i = 0; i < CROWD; i++) {
        answered += strstr(hear(fds[i], "\"balance\"", 1), "HTTP/1.1 200") != NULL;
        close(fds[i]);
    }
    CHECK_INT(answered, CROWD);
}

CASE(more_clients_than_the_limit_are_served_in_turn)
{
    serve(crowd);
}

/* Twice as many as have a place, and not a word from any of them. */
static void guest_among_idlers(struct served *served)
{
    int idle[2 * LIMIT];
    struct timespec start, end;
    for (int i = 0; i < 2 * LIMIT; i++)
        idle[i] = dial(served);
    clock_gettime(CLOCK_MONOTONIC, &start);
    int fd = dial(served);
    say(fd, "GET /v1/members/" MEMBER " HTTP/1.1\r\nHost: x\r\n"
            "Authorization: Bearer till-token\r\n\r\n");
    CHECK(strstr(hear(fd, "\"height\"", 1), "HTTP/1.1 200"));
    clock_gettime(CLOCK_MONOTONIC, &end);
    /* Not only when the headers of the others were overdue. */
    CHECK(end.tv_sec - start.tv_sec < HTTP_HEADERS_S - 5);
    for (int i = 0; i < 2 * LIMIT; i++)
        close(idle[i]);
    close(fd);
}

CASE(idle_strangers_leave_for_one_who_speaks)
{
    serve(guest_among_idlers);
}

static void batcher(struct served *served)
{
    enum { LINES = 9000 };
    struct buffer body;
    char head[256];
    buffer_init(&body, 4 << 20);
    for (int i = 0; i < LINES; i++)
        buffer_printf(
            &body, "{\"type\":\"earn\",\"key\":\"l%d\",\"member\":\"" MEMBER "\",\"points\":%d}\n",
            i, i % 100 == 99 ? 0 : 1);
    snprintf(head, sizeof(head),
             "POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer till-token\r\n"
             "Connection: close\r\nContent-Type: application/x-ndjson\r\n"
             "Content-Length: %zu\r\n\r\n",
             body.size);
    int fd = dial(served);
    say(fd, head);
    say(fd, buffer_text(&body));
    size_t lines = 0;
    char chunk[65536];
    for (ssize_t got; (got = recv(fd, chunk, sizeof(chunk), 0)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            lines += chunk[i] == '\n' && (i == 0 || chunk[i - 1] != '\r');
    /* Chunk ends may fall between the two bytes of theirs: never fewer lines than sent. */
    CHECK(lines >= LINES);
    buffer_release(&body);
    close(fd);
}

CASE(a_batch_streams_through_the_socket)
{
    serve(batcher);
}

static void leaver(struct served *served)
{
    for (int i = 0; i < 40; i++) {
        char request[512];
        int fd = dial(served);
        earn_request(request, sizeof(request), "leave", i);
        say(fd, request);
        close(fd);
    }
    int fd = dial(served);
    say(fd, "GET /v1/members/" MEMBER " HTTP/1.1\r\nHost: x\r\n"
            "Authorization: Bearer till-token\r\n\r\n");
    CHECK(strstr(hear(fd, "\"height\"", 1), "HTTP/1.1 200"));
    close(fd);
    fd = dial(served); /* still waiting when the server closes */
    say(fd, HEAD("/v1/batch", "x"));
    usleep(50000);
}

CASE(clients_that_leave_or_stay_do_not_hold_the_server)
{
    serve(leaver);
}

static void late_asker(struct served *served)
{
    served->late_fd = dial(served);
    usleep(50000); /* it is accepted meanwhile */
}

static void ask_late(struct served *served)
{
    char request[512];
    if (served->late_fd == 0)
        return;
    earn_request(request, sizeof(request), "late", 0);
    say(served->late_fd, request);
}

/* It is read while the server closes, which must not have it wait for a decision. */
CASE(a_request_that_comes_as_the_server_closes_does_not_hold_it)
{
    serve(late_asker);
}

CASE(addresses_and_keys_that_cannot_work_are_refused)
{
    struct world *world = world_open();
    uv_loop_t loop;
    struct http_server *server = NULL;
    struct error error;
    REQUIRE(uv_loop_init(&loop) == 0);
    const char *const wrong[] = {"",    "127.0.0.1",      "127.0.0.1:x", "nohost.invalid:1",
                                 ":80", "127.0.0.1:70000"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct http_server_config config = {.listen = wrong[i]};
        CHECK(!http_server_open(&config, &loop, world->api, &server, &error));
        CHECK_INT(error.code, ERROR_INVALID);
    }
    struct http_server_config config = {
        .listen = "127.0.0.1:0", .certificate_path = "/nowhere", .key_path = "/nowhere"};
    CHECK(!http_server_open(&config, &loop, world->api, &server, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(server == NULL);
    uv_loop_close(&loop);
    world_close(world);
}

int main(void)
{
    RUN(pipelined_requests_are_answered_in_order);
    RUN(a_request_that_drips_in_is_taken);
    RUN(large_bodies_and_headers_are_refused);
    RUN(noise_and_strangers_get_nothing);
    RUN(more_clients_than_the_limit_are_served_in_turn);
    RUN(idle_strangers_leave_for_one_who_speaks);
    RUN(a_batch_streams_through_the_socket);
    RUN(clients_that_leave_or_stay_do_not_hold_the_server);
    RUN(a_request_that_comes_as_the_server_closes_does_not_hold_it);
    RUN(addresses_and_keys_that_cannot_work_are_refused);
    return check_report();
}
