/* accrue-bench-postgres - the benchmark's load on PostgreSQL: the same file, classes, clients and
 * parts as accrue-bench, through libpq, one statement under way on each connection.
 *
 * Prepared statements with binary parameters: what the server likes best. postgres.sh calls it. */
#include "bench/measure.h"
#include "bench/work_file.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    CLIENTS_MAX = 512,
    ROUNDS_MAX = 21,
    BATCH_LINES = 1000,
    EVENTS_MAX = 64,
    TYPE_INT8 = 20, /* object ids of pg_type */
    TYPE_UUID = 2950,
    TYPE_INT8_ARRAY = 1016,
    TYPE_UUID_ARRAY = 2951,
    ARRAY_HEAD = 20 /* dimensions, nulls, type, size, first subscript */
};

static const char help[] = "usage: accrue-bench-postgres FILE CONNINFO SECONDS ROUNDS PID...\n"
                           "PID: the postmasters, whose processes are measured\n";

/* As in accrue_bench.c. */
static const struct class
{
    const char *name;
    unsigned clients, lines;
} classes[] = {{"interactive", 1, 0},
               {"interactive", 8, 0},
               {"interactive", 64, 0},
               {"batched", 4, BATCH_LINES},
               {"batched", 16, BATCH_LINES}};

struct client {
    PGconn *connection;
    uint64_t count, began_us; /* under way; 0: nothing */
};

struct bench {
    struct work_file file;
    const char *conninfo;
    uint64_t seconds, rounds;
    struct watched watched;
    PGconn *control;
    /* the run at hand */
    struct client clients[CLIENTS_MAX];
    unsigned client_count, lines;
    uint64_t next, end, stop_us, applied, refused, failed, pending;
    struct times times;
    uint8_t ids[ARRAY_HEAD + BATCH_LINES * 20], accounts[ARRAY_HEAD + BATCH_LINES * 12],
        points[ARRAY_HEAD + BATCH_LINES * 12];
};

static bool said(const PGconn *connection, const char *what, struct error *error)
{
    return error_set(error, ERROR_IO, "%s: %s", what, PQerrorMessage(connection));
}

/* ---- statements ---------------------------------------------------------------------------- */

static void array_head(uint8_t *at, uint32_t type, uint64_t count)
{
    put_u32be(at, 1);
    put_u32be(at + 4, 0);
    put_u32be(at + 8, type);
    put_u32be(at + 12, (uint32_t)count);
    put_u32be(at + 16, 1);
}

static int send_batch(struct bench *b, struct client *client)
{
    array_head(b->ids, TYPE_UUID, client->count);
    array_head(b->accounts, TYPE_INT8, client->count);
    array_head(b->points, TYPE_INT8, client->count);
    for (uint64_t i = 0; i < client->count; i++) {
        struct work work = work_file_at(&b->file, b->next + i);
        uint8_t *id = b->ids + ARRAY_HEAD + i * 20, *account = b->accounts + ARRAY_HEAD + i * 12,
                *points = b->points + ARRAY_HEAD + i * 12;
        put_u32be(id, WORK_ID_SIZE);
        memcpy(id + 4, work.id, WORK_ID_SIZE);
        put_u32be(account, 8);
        put_u64be(account + 4, (uint64_t)work.member + 1);
        put_u32be(points, 8);
        put_u64be(points + 4, (uint64_t)(int64_t)work.points);
    }
    const char *const values[] = {(const char *)b->ids, (const char *)b->accounts,
                                  (const char *)b->points};
    const int sizes[] = {ARRAY_HEAD + (int)client->count * 20, ARRAY_HEAD + (int)client->count * 12,
                         ARRAY_HEAD + (int)client->count * 12};
    const int formats[] = {1, 1, 1};
    return PQsendQueryPrepared(client->connection, "batch", 3, values, sizes, formats, 1);
}

static int send_one(struct bench *b, struct client *client)
{
    struct work work = work_file_at(&b->file, b->next);
    uint8_t account[8], points[8];
    put_u64be(account, (uint64_t)work.member + 1);
    put_u64be(points, (uint64_t)(int64_t)work.points);
    const char *const values[] = {(const char *)work.id, (const char *)account,
                                  (const char *)points};
    const int sizes[] = {WORK_ID_SIZE, 8, 8}, formats[] = {1, 1, 1};
    return PQsendQueryPrepared(client->connection, "one", 3, values, sizes, formats, 1);
}

static bool send_next(struct bench *b, struct client *client, struct error *error)
{
    uint64_t left = b->end - b->next, wanted = b->lines ? b->lines : 1;
    uint64_t now = steady_us();
    client->count = 0;
    if (left == 0 || now >= b->stop_us)
        return true;
    client->count = left < wanted ? left : wanted;
    int sent = b->lines ? send_batch(b, client) : send_one(b, client);
    b->next += client->count;
    b->pending++;
    client->began_us = steady_us();
    return sent == 1 || said(client->connection, "send", error);
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool take_result(struct bench *b, struct client *client, struct error *error)
{
    PGresult *result = PQgetResult(client->connection);
    bool ok = result && PQresultStatus(result) == PGRES_TUPLES_OK && PQgetlength(result, 0, 0) == 8;
    if (ok) {
        int64_t value = (int64_t)get_u64be((const uint8_t *)PQgetvalue(result, 0, 0));
        if (b->lines || value == 1)
            b->applied += (uint64_t)value;
        else if (value == -2)
            b->refused++;
        if (b->lines ? (uint64_t)value != client->count : value != 1 && value != -2)
            b->failed += client->count;
    } else if (result && strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23514") == 0) {
        b->refused += client->count; /* the batch would have made a balance negative */
        ok = true;
    }
    PQclear(result);
    times_add(&b->times, steady_us() - client->began_us);
    b->pending--;
    result = PQgetResult(client->connection); /* libpq's end of the answer */
    ok = ok && !result;
    PQclear(result);
    return ok ? send_next(b, client, error) : said(client->connection, "answer", error);
}

static bool play(struct bench *b, int epoll, struct error *error)
{
    struct epoll_event events[EVENTS_MAX];
    for (unsigned i = 0; i < b->client_count; i++)
        if (!send_next(b, &b->clients[i], error))
            return false;
    while (b->pending > 0) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, 60000);
        if (count <= 0)
            return error_set(error, ERROR_BUSY, "no answer came for 60 s");
        for (int i = 0; i < count; i++) {
            struct client *client = &b->clients[events[i].data.u32];
            if (!PQconsumeInput(client->connection))
                return said(client->connection, "read", error);
            if (client->count > 0 && !PQisBusy(client->connection) &&
                !take_result(b, client, error))
                return false;
        }
    }
    return true;
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool prepare(PGconn *connection, struct error *error)
{
    const Oid one[] = {TYPE_UUID, TYPE_INT8, TYPE_INT8};
    const Oid batch[] = {TYPE_UUID_ARRAY, TYPE_INT8_ARRAY, TYPE_INT8_ARRAY};
    PGresult *first = PQprepare(connection, "one", "SELECT post($1, $2, $3)", 3, one);
    PGresult *second = PQprepare(connection, "batch", "SELECT post_batch($1, $2, $3)", 3, batch);
    bool ok =
        PQresultStatus(first) == PGRES_COMMAND_OK && PQresultStatus(second) == PGRES_COMMAND_OK;
    PQclear(first);
    PQclear(second);
    return ok || said(connection, "prepare", error);
}

static bool connect_all(struct bench *b, int epoll, struct error *error)
{
    for (unsigned i = 0; i < b->client_count; i++) {
        PGconn *connection = PQconnectdb(b->conninfo);
        b->clients[i] = (struct client){.connection = connection};
        if (PQstatus(connection) != CONNECTION_OK)
            return said(connection, "connect", error);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (!prepare(connection, error) ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, PQsocket(connection), &event) != 0)
            return said(connection, "connect", error);
    }
    return true;
}

static void disconnect_all(struct bench *b)
{
    for (unsigned i = 0; i < b->client_count; i++)
        PQfinish(b->clients[i].connection);
}

static double ask_number(struct bench *b, const char *query)
{
    PGresult *result = PQexec(b->control, query);
    double value = PQntuples(result) == 1 ? strtod(PQgetvalue(result, 0, 0), NULL) : 0;
    PQclear(result);
    return value;
}

static bool measure(struct bench *b, struct error *error)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    must(epoll >= 0);
    bool ok = connect_all(b, epoll, error);
    b->stop_us = steady_us() + b->seconds * 1000000;
    ok = ok && play(b, epoll, error);
    (void)close(epoll);
    return ok;
}

static bool run_part(struct bench *b, const struct class *class, uint64_t share,
                     struct outcome *outcome_out, struct error *error)
{
    b->client_count = class->clients;
    b->lines = class->lines;
    b->applied = b->refused = b->failed = b->pending = 0;
    work_file_part(&b->file, share, ARRAY_SIZE(classes) * b->rounds, &b->next, &b->end);
    PQclear(PQexec(b->control, "CHECKPOINT"));
    double size = ask_number(b, "SELECT pg_database_size(current_database())");
    uint64_t cpu = watched_cpu_us(&b->watched), start = steady_us();
    bool ok = measure(b, error);
    double seconds = (double)(steady_us() - start) / 1e6;
    uint64_t done = b->applied + b->refused;
    double each = done > 0 ? 1 / (double)done : 0;
    struct outcome outcome = {.side = "postgres",
                              .class = class->name,
                              .clients = b->client_count,
                              .done = done,
                              .refused = b->refused,
                              .failed = b->failed,
                              .seconds = seconds,
                              .p50_ms = times_share_ms(&b->times, 0.5),
                              .p99_ms = times_share_ms(&b->times, 0.99),
                              .cpu_us = (double)(watched_cpu_us(&b->watched) - cpu) * each};
    disconnect_all(b);
    outcome.bytes = (ask_number(b, "SELECT pg_database_size(current_database())") - size) * each;
    outcome.peak_mib = (double)watched_peak_kib(&b->watched) / 1024;
    times_release(&b->times);
    if (ok && b->failed > 0)
        ok = error_set(error, ERROR_INVALID, "%s: %llu transactions were not applied", class->name,
                       (unsigned long long)b->failed);
    if (ok)
        *outcome_out = outcome;
    return ok;
}

static bool run_all(struct bench *b, struct error *error)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        struct outcome outcomes[ROUNDS_MAX];
        for (uint64_t round = 0; round < b->rounds; round++) {
            if (!run_part(b, &classes[i], i * b->rounds + round, &outcomes[round], error))
                return false;
            sum += outcomes[round].done - outcomes[round].refused;
        }
        struct outcome middle = outcome_median(outcomes, b->rounds);
        outcome_print(&middle);
    }
    double rows = ask_number(b, "SELECT count(*) FROM transfers");
    double added = ask_number(b, "SELECT sum(points) FROM transfers");
    double gained = ask_number(b, "SELECT sum(balance - 1000) FROM accounts");
    if (rows != (double)sum || added != gained)
        return error_set(error, ERROR_CONFLICT, "%llu applied, %.0f rows; %.0f points, %.0f gained",
                         (unsigned long long)sum, rows, added, gained);
    printf("# postgres: %.0f rows are the transactions answered; their %.0f points are what the "
           "balances gained\n",
           rows, added);
    return true;
}

static bool read_arguments(int argc, char **argv, struct bench *b)
{
    b->conninfo = argv[2];
    b->watched.children = true;
    if (!parse_u64(bytes_text(argv[3]), 3600, &b->seconds) ||
        !parse_u64(bytes_text(argv[4]), ROUNDS_MAX, &b->rounds) || b->rounds == 0)
        return false;
    for (int i = 5; i < argc && b->watched.count < MEASURE_PIDS_MAX; i++) {
        uint64_t pid;
        if (!parse_u64(bytes_text(argv[i]), INT32_MAX, &pid))
            return false;
        b->watched.pids[b->watched.count++] = (pid_t)pid;
    }
    return b->watched.count > 0;
}

int main(int argc, char **argv)
{
    struct error error;
    struct bench *b = (struct bench *)allocate(1, sizeof(*b));
    if (argc < 6 || !read_arguments(argc, argv, b)) {
        (void)fputs(help, stderr);
        free(b);
        return 2;
    }
    bool ok = work_file_open(argv[1], &b->file, &error);
    b->control = PQconnectdb(b->conninfo);
    if (ok && PQstatus(b->control) != CONNECTION_OK)
        ok = said(b->control, "connect", &error);
    ok = ok && run_all(b, &error);
    if (!ok)
        (void)fprintf(stderr, "accrue-bench-postgres: %s\n", error.text);
    PQfinish(b->control);
    work_file_close(&b->file);
    free(b);
    return ok ? 0 : 1;
}
