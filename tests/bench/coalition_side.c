#include "bench/coalition_side.h"

#include "node/coalition.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- making and ending --------------------------------------------------------------------- */

static bool make(const char *dir, struct load_target *target, struct error *error)
{
    struct coalition_plan plan;
    uint16_t ports[2 * SIDE_NODES];
    coalition_plan_init(&plan, 0);
    plan.dir = dir;
    plan.name = "bench";
    plan.zone = "UTC";
    if (!cluster_free_ports(ports, ARRAY_SIZE(ports), error) ||
        !coalition_partners(&plan, "grocer,books,cinema,fuel", error))
        return false;
    for (size_t i = 0; i < SIDE_NODES; i++) {
        plan.peer_ports[i] = ports[i];
        plan.http_ports[i] = target->ports[i] = ports[SIDE_NODES + i];
    }
    target->count = SIDE_NODES;
    return coalition_make(&plan, error);
}

static bool read_tokens(struct coalition_side *side, struct error *error)
{
    for (size_t i = 0; i < SIDE_NODES; i++) {
        struct cli_target target;
        if (!cli_target_in(side->cluster.dir, side->cluster.names[i], "till", &target, error))
            return false;
        memcpy(side->target.tokens[i], target.token, sizeof(target.token));
    }
    return true;
}

bool side_open(const char *dir, const char *program, const struct work_file *file,
               struct coalition_side *side_out, struct error *error)
{
    static const char *const names[SIDE_NODES] = {"grocer", "books", "cinema", "fuel"};
    struct coalition_side side = {.file = *file, .cluster = {.count = SIDE_NODES}};
    (void)snprintf(side.cluster.dir, sizeof(side.cluster.dir), "%s", dir);
    (void)snprintf(side.cluster.program, sizeof(side.cluster.program), "%s", program);
    for (size_t i = 0; i < SIDE_NODES; i++)
        (void)snprintf(side.cluster.names[i], sizeof(side.cluster.names[i]), "%s", names[i]);
    if (!make(dir, &side.target, error) || !read_tokens(&side, error) ||
        !cluster_start(&side.cluster, SIDE_PATIENCE_MS, NULL, error))
        return false;
    side.model.balances = (int64_t *)allocate(file->members, sizeof(int64_t));
    *side_out = side;
    return true;
}

void side_close(struct coalition_side *side)
{
    if (side->cluster.count == 0)
        return;
    cluster_stop(&side->cluster);
    cluster_remove(side->cluster.dir);
    free(side->model.balances);
    *side = (struct coalition_side){0};
}

/* A part of the cluster, as one of its own: what starts and stops all starts and stops one. */
static struct cluster alone(const struct coalition_side *side, size_t node)
{
    struct cluster one = side->cluster;
    one.count = 1;
    memcpy(one.names[0], side->cluster.names[node], sizeof(one.names[0]));
    one.pids[0] = side->cluster.pids[node];
    return one;
}

bool side_stop_node(struct coalition_side *side, size_t node, struct error *error)
{
    struct cluster one = alone(side, node);
    if (!cluster_alive(&one, error))
        return false;
    cluster_stop(&one);
    side->cluster.pids[node] = 0;
    return true;
}

bool side_start_node(struct coalition_side *side, size_t node, struct error *error)
{
    struct cluster one = alone(side, node);
    bool ok = cluster_start(&one, SIDE_PATIENCE_MS, NULL, error);
    side->cluster.pids[node] = one.pids[0];
    return ok;
}

/* ---- measuring ----------------------------------------------------------------------------- */

struct watched side_watched(const struct coalition_side *side)
{
    struct watched watched = {.count = side->cluster.count, .children = true};
    memcpy(watched.pids, side->cluster.pids, sizeof(watched.pids));
    return watched;
}

struct folder_bytes side_disk_bytes(const struct coalition_side *side)
{
    struct folder_bytes sum = {0};
    for (size_t i = 0; i < side->cluster.count; i++) {
        char path[CLI_PATH_MAX];
        if (!cli_path(path, NULL, "%s/%s/data", side->cluster.dir, side->cluster.names[i]))
            continue;
        struct folder_bytes one = folder_bytes(path);
        sum.ledger += one.ledger;
        sum.images += one.images;
    }
    return sum;
}

bool side_measure(struct coalition_side *side, const struct load_run *run, const char *class,
                  struct outcome *outcome_out, struct error *error)
{
    struct watched watched = side_watched(side);
    uint64_t cpu = watched_cpu_us(&watched), disk = side_disk_bytes(side).ledger;
    struct load_result result = {0};
    if (!load_run(&side->target, &side->file, run, &side->model, &result, error) ||
        !cluster_alive(&side->cluster, error))
        return false;
    double done = (double)(result.accepted + result.refused);
    double each = done > 0 ? 1 / done : 0;
    struct outcome outcome = {.side = "accrue",
                              .class = class,
                              .clients = run->clients,
                              .done = result.accepted + result.refused,
                              .refused = result.refused,
                              .failed = result.failed,
                              .seconds = result.seconds,
                              .p50_ms = times_share_ms(&result.times, 0.5),
                              .p99_ms = times_share_ms(&result.times, 0.99)};
    outcome.cpu_us = (double)(watched_cpu_us(&watched) - cpu) * each;
    /* Background compaction may shrink a folder within a short run: then nothing is said. */
    uint64_t disk_after = side_disk_bytes(side).ledger;
    outcome.bytes = disk_after > disk ? (double)(disk_after - disk) * each / SIDE_NODES : 0;
    outcome.peak_mib = (double)watched_peak_kib(&watched) / 1024;
    times_release(&result.times);
    if (result.failed > 0)
        return error_set(
            error, ERROR_INVALID,
            "%s with %u clients: %" PRIu64 " of %" PRIu64
            " transactions were neither decided nor refused by a rule (status %" PRIu64 ")",
            class, run->clients, result.failed, outcome.done + result.failed, result.first_failed);
    *outcome_out = outcome;
    return true;
}

bool side_preload(struct coalition_side *side, unsigned clients, struct outcome *outcome_out,
                  struct error *error)
{
    struct load_run run = {.kind = LOAD_MEMBERS,
                           .end = (uint64_t)side->file.members * 2,
                           .clients = clients,
                           .lines = 1000};
    return side_measure(side, &run, "preload", outcome_out, error);
}

/* ---- checking ------------------------------------------------------------------------------ */

static bool ask(const struct coalition_side *side, size_t node, const char *path,
                json_t **reply_out, struct error *error)
{
    struct cli_target target;
    int status = 0;
    if (!cli_target_in(side->cluster.dir, side->cluster.names[node], "auditor", &target, error))
        return false;
    struct http *http = http_open(1, SIDE_PATIENCE_MS);
    bool ok = http_ask(http, &target, path, NULL, NULL, &status, reply_out, error);
    http_close(http);
    if (ok && status != 200) {
        json_decref(*reply_out);
        ok = error_set(error, ERROR_IO, "%s: status %d", path, status);
    }
    return ok;
}

static uint64_t number_in(const json_t *object, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(object, name));
}

bool side_where(const struct coalition_side *side, size_t node, struct where *where_out,
                struct error *error)
{
    json_t *reply;
    if (!ask(side, node, "/v1/coalition", &reply, error))
        return false;
    struct where where = {.height = number_in(reply, "height"),
                          .records = number_in(reply, "records"),
                          .members = number_in(reply, "members")};
    const char *root = json_string_value(json_object_get(reply, "root"));
    const char *digest = json_string_value(json_object_get(reply, "digest"));
    (void)snprintf(where.root, sizeof(where.root), "%s", root ? root : "");
    (void)snprintf(where.digest, sizeof(where.digest), "%s", digest ? digest : "");
    json_decref(reply);
    *where_out = where;
    return true;
}

bool side_agree(const struct coalition_side *side, struct where *where_out, struct error *error)
{
    uint64_t end_ms = cli_steady_ms() + SIDE_PATIENCE_MS;
    while (cli_steady_ms() < end_ms) {
        struct where first, other;
        if (!side_where(side, 0, &first, error))
            return false;
        size_t same = 1;
        while (same < side->cluster.count) {
            if (!side_where(side, same, &other, error))
                return false;
            if (other.height != first.height || strcmp(other.root, first.root) != 0 ||
                strcmp(other.digest, first.digest) != 0)
                break;
            same++;
        }
        if (same == side->cluster.count && first.root[0] && first.digest[0]) {
            *where_out = first;
            return true;
        }
        cli_sleep_ms(100);
    }
    return error_set(error, ERROR_CONFLICT, "the nodes do not agree");
}

static bool check_page(const struct coalition_side *side, const json_t *page, uint64_t *seen,
                       struct error *error)
{
    const json_t *balances = json_object_get(page, "balances");
    for (size_t i = 0; i < json_array_size(balances); i++) {
        const json_t *balance = json_array_get(balances, i);
        const char *member = json_string_value(json_object_get(balance, "member"));
        int64_t has = json_integer_value(json_object_get(balance, "spendable"));
        uint32_t number;
        if (!load_member_number(member, &number) || number >= side->file.members)
            return error_set(error, ERROR_CONFLICT, "a member that nobody enrolled");
        if (has != side->model.balances[number])
            return error_set(error, ERROR_CONFLICT,
                             "member %s has %" PRId64 " points, by the answers %" PRId64, member,
                             has, side->model.balances[number]);
        ++*seen;
    }
    return true;
}

bool side_check_balances(const struct coalition_side *side, size_t node, struct error *error)
{
    uint64_t seen = 0, cursor = 0;
    for (bool more = true; more;) {
        char path[128];
        json_t *page;
        (void)snprintf(path, sizeof(path), "/v1/balances?limit=250&cursor=%" PRIu64, cursor);
        if (!ask(side, node, path, &page, error))
            return false;
        const json_t *next = json_object_get(page, "next");
        uint64_t after = json_is_string(next) ? strtoull(json_string_value(next), NULL, 10)
                                              : (uint64_t)json_integer_value(next);
        bool ok = check_page(side, page, &seen, error);
        more = next && !json_is_null(next);
        json_decref(page);
        if (!ok || (more && after <= cursor))
            return ok && error_set(error, ERROR_INVALID, "the pages of balances do not advance");
        cursor = after;
    }
    return seen == side->file.members ||
           error_set(error, ERROR_CONFLICT, "%" PRIu64 " members of %u are there", seen,
                     side->file.members);
}
