/* load.h - feeds a coalition: members that start with points, then transactions of the file, one or
 * many a request; and keeps what every answer said, to compare with at the end.
 *
 * A member's reference is made of its number, so that a balance tells whose it is. Threads: one.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/measure.h"
#include "bench/work_file.h"
#include "node/cli.h"

enum { LOAD_NODES_MAX = 16, LOAD_CLIENTS_MAX = 512, LOAD_LINES_MAX = 10000 };

struct load_target {
    uint16_t ports[LOAD_NODES_MAX];
    char tokens[LOAD_NODES_MAX][CLI_TOKEN_MAX]; /* of a till */
    size_t count;
};

enum load_kind {
    LOAD_MEMBERS, /* item 2i enrols member i, item 2i+1 gives it its first points */
    LOAD_WORK     /* item i is the file's transaction i */
};

struct load_run {
    enum load_kind kind;
    uint64_t first, end; /* items */
    unsigned clients;    /* connections, client i on node i modulo the nodes */
    unsigned lines;      /* 0: one a request, by its own route; otherwise so many, as a batch */
    bool ndjson;         /* batches as NDJSON instead of CBOR */
    uint64_t limit_us;   /* no request begins later; 0: until the items are used up */
};

struct load_result {
    uint64_t accepted, refused, failed; /* failed: neither accepted nor refused by a rule */
    uint64_t first_failed;              /* an HTTP status of one of them; 0: none */
    double seconds;                     /* until the last answer */
    struct times times;                 /* of the requests; the caller releases it */
};

/* Balances as the answers say. One entry a member of the file. */
struct load_model {
    int64_t *balances;
    uint64_t accepted, refused;
};

bool load_run(const struct load_target *target, const struct work_file *file,
              const struct load_run *run, struct load_model *model, struct load_result *result_out,
              struct error *error) MUST_USE;

/* The number of a member from its reference in hex; false for one that the load did not make. */
bool load_member_number(const char *hex, uint32_t *number_out) MUST_USE;

#endif
