/* The end of the play: who owes whom, whether the nodes agree, the audit of all of them. */
#include "node/demo.h"
#include "node/verify.h"

#include <string.h>

enum { SETTLE_TRIES = 100, SETTLE_WAIT_MS = 100 };

bool demo_ask(struct demo *demo, const struct cli_target *target, const char *path,
              json_t **reply_out, struct error *error)
{
    int status;
    if (!http_ask(demo->http, target, path, NULL, NULL, &status, reply_out, error))
        return false;
    if (status == 200)
        return true;
    char text[512];
    http_problem_text(status, *reply_out, text);
    json_decref(*reply_out);
    return error_set(error, ERROR_DENIED, "%s%s: %.300s", target->url, path, text);
}

/* The last decision may be on its way to one of them. */
bool demo_wait_level(struct demo *demo, struct error *error)
{
    for (int try = 0; try < SETTLE_TRIES; try++) {
        int64_t heights[DEMO_NODES];
        bool level = true;
        for (size_t i = 0; i < DEMO_NODES; i++) {
            json_t *reply;
            if (!demo_ask(demo, &demo->auditor[i], "/v1/coalition", &reply, error))
                return false;
            heights[i] = json_integer_value(json_object_get(reply, "height"));
            level = level && heights[i] == heights[0];
            json_decref(reply);
        }
        if (level)
            return true;
        cli_sleep_ms(SETTLE_WAIT_MS);
    }
    return error_set(error, ERROR_BUSY, "the nodes do not reach the same height");
}

/* Nodes whose root and state are the first one's, where all have come to. */
static size_t agreeing(const struct verify_node *nodes)
{
    uint64_t height = UINT64_MAX;
    size_t count = 0;
    for (size_t i = 0; i < DEMO_NODES; i++)
        if (nodes[i].audit && audit_height(nodes[i].audit) < height)
            height = audit_height(nodes[i].audit);
    if (!nodes[0].audit || height == 0 || height == UINT64_MAX)
        return 0;
    const struct audit_height *first = audit_height_at(nodes[0].audit, height);
    for (size_t i = 0; i < DEMO_NODES; i++) {
        if (!nodes[i].audit)
            continue;
        const struct audit_height *own = audit_height_at(nodes[i].audit, height);
        count += own->records == first->records && hash_equal(&own->root, &first->root) &&
                 hash_equal(&own->digest, &first->digest);
    }
    return count;
}

static void print_line(const struct demo_counts *counts, const struct verify_node *nodes,
                       size_t agree, bool pass)
{
    char root[HASH_BASE64_SIZE + 1] = "";
    uint64_t records = 0;
    if (nodes[0].audit) {
        struct hash hash = audit_root(nodes[0].audit);
        base64_encode(hash_as_bytes(&hash), root);
        records = audit_records(nodes[0].audit);
    }
    printf("demo: members=%llu earns=%llu earned=%llu redemptions=%llu refused=%llu spent=%llu "
           "records=%llu root=%s nodes-agree=%zu/%d verify=%s\n",
           (unsigned long long)counts->members, (unsigned long long)counts->earns,
           (unsigned long long)counts->earned, (unsigned long long)counts->redemptions,
           (unsigned long long)counts->refused, (unsigned long long)counts->spent,
           (unsigned long long)records, root, agree, DEMO_NODES, pass ? "pass" : "fail");
    fflush(stdout);
}

bool demo_conclude(struct demo *demo, const struct demo_counts *counts, bool *good_out,
                   struct error *error)
{
    struct verify_node nodes[DEMO_NODES];
    memset(nodes, 0, sizeof(nodes));
    if (!demo_wait_level(demo, error))
        return false;
    puts("\nEvery node is audited from its own bytes: certificates, lanes, records, tree, replay.");
    fflush(stdout);
    char path[CLI_PATH_MAX];
    struct buffer charter;
    buffer_init(&charter, CHARTER_SIZE_MAX);
    bool ok = cli_path(path, error, "%s/charter.json", demo->cluster.dir) &&
              cli_file_read(path, CHARTER_SIZE_MAX, &charter, error);
    for (size_t i = 0; i < DEMO_NODES && ok; i++)
        ok = verify_over_http(demo->http, &demo->auditor[i], buffer_bytes(&charter), demo->progress,
                              &nodes[i], error);
    buffer_release(&charter);
    verify_agreement(nodes, DEMO_NODES);
    if (ok)
        verify_print(nodes, DEMO_NODES);
    if (ok)
        puts("\nWho owes whom, in all:\n");
    ok = ok && demo_print_owed(demo, error);
    if (ok) {
        size_t agree = agreeing(nodes);
        bool pass = verify_good(nodes, DEMO_NODES) == DEMO_NODES;
        putchar('\n');
        print_line(counts, nodes, agree, pass);
        *good_out = pass && agree == DEMO_NODES;
    }
    for (size_t i = 0; i < DEMO_NODES; i++)
        verify_node_release(&nodes[i]);
    return ok;
}
