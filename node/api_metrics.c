/* What monitors read: health, metrics in Prometheus' text format, the description of the API. */
#include "node/api_parts.h"

#include <inttypes.h>
#include <string.h>

/* node/openapi.json, embedded by node/embed.cmake. */
extern const unsigned char openapi_json[];
extern const size_t openapi_json_size;

void api_get_openapi(struct api_call *call)
{
    struct buffer body;
    buffer_init(&body, API_RESPONSE_MAX);
    buffer_append(&body, bytes_of(openapi_json, openapi_json_size));
    api_respond_json(call, &body);
}

/* Live: the process answers and was not stopped by a fatal error. Ready: it can have a redemption
 * decided. A node that is cut off is live and not ready, and still takes earns. */
void api_get_health(struct api_call *call)
{
    struct api *api = call->api;
    const struct replica_status *status = api_status(api);
    enum replica_standing standing = api_standing(api);
    bool live = !status->stopped;
    bool ready = live && status->has_quorum && status->may_sign && standing == REPLICA_WRITES;
    struct api_response response;
    struct json_out json;
    api_response_init(&response, live && !api->draining ? 200 : 503, "application/json");
    json_out_init(&json, &response.body);
    json_open_object(&json, NULL);
    json_put_word(&json, "status", !live ? "stopped" : ready ? "ok" : "degraded");
    json_put_bool(&json, "live", live);
    json_put_bool(&json, "ready", ready && !api->draining);
    json_put_bool(&json, "quorum", status->has_quorum);
    json_put_bool(&json, "may_sign", status->may_sign);
    json_put_word(&json, "standing", api_standing_word(standing));
    json_put_bool(&json, "stopping", api->draining);
    json_put_bool(&json, "sandbox", api->charter->sandbox);
    json_put_uint(&json, "height", status->height);
    json_put_time(&json, "ledger_time", status->ledger_time_ms);
    json_put_word(&json, "version", api->config.version);
    json_close_object(&json);
    api_respond(call, &response);
}

/* ---- metrics -------------------------------------------------------------------------------- */

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
    buffer_printf(out, "# HELP accrue_%s %s\n# TYPE accrue_%s %s\n", name, help, name, type);
}

static void gauge(struct buffer *out, const char *name, const char *help, uint64_t value)
{
    head(out, name, "gauge", help);
    buffer_printf(out, "accrue_%s %" PRIu64 "\n", name, value);
}

/* Milliseconds as seconds. */
static void put_seconds(struct buffer *out, uint64_t ms)
{
    buffer_printf(out, "%" PRIu64 ".%03" PRIu64 "\n", ms / 1000, ms % 1000);
}

/* One row a standing, so that an alert needs no number for it. */
static void put_standing(struct api *api, struct buffer *out)
{
    static const enum replica_standing all[] = {REPLICA_WRITES, REPLICA_GUEST, REPLICA_SUSPENDED,
                                                REPLICA_OTHER_KEY, REPLICA_LEFT};
    const struct charter *charter = api->charter;
    size_t suspended = 0, joining = 0;
    head(out, "standing", "gauge", "What this node may do: 1 at what it is.");
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        buffer_printf(out, "accrue_standing{is=\"%s\"} %d\n", api_standing_word(all[i]),
                      all[i] == api_standing(api));
    for (size_t i = 0; i < charter->node_count; i++) {
        suspended += charter->nodes[i].suspended && !charter->nodes[i].left;
        joining += charter->nodes[i].joining && !charter->nodes[i].left;
    }
    gauge(out, "charter_from_height", "Height from which the charter in force is.",
          charter->from_height);
    gauge(out, "voters", "Nodes that vote.", charter->voter_count);
    gauge(out, "nodes_suspended", "Nodes that may not write, for evidence.", suspended);
    gauge(out, "nodes_joining", "Nodes that will vote once they are ready.", joining);
}

static void put_replica(struct api *api, struct buffer *out)
{
    const struct replica_status *status = api_status(api);
    gauge(out, "height", "Last height executed here.", status->height);
    gauge(out, "records", "Records in the log.", status->records);
    head(out, "ledger_time_seconds", "gauge", "Ledger time of the last height, since 1970.");
    buffer_append_text(out, "accrue_ledger_time_seconds ");
    put_seconds(out, status->ledger_time_ms);
    gauge(out, "checkpoint_final_size", "Records of the newest final checkpoint; 0: none yet.",
          status->final_size);
    gauge(out, "checkpoint_cosigned_size", "Records of the newest checkpoint cosigned here.",
          status->cosigned_size);
    gauge(out, "round", "Round of the height under way.",
          status->round > 0 ? (uint64_t)status->round : 0);
    gauge(out, "quorum", "1 while enough voters are heard.", status->has_quorum);
    gauge(out, "may_sign", "1 once this node may sign.", status->may_sign);
    put_standing(api, out);
    gauge(out, "stopped", "1 after a fatal error.", status->stopped);
    gauge(out, "mempool_bytes", "Transactions that wait for a batch.", status->mempool_bytes);
    gauge(out, "mempool_transactions", "Transactions that wait for a batch.",
          status->mempool_count);
    gauge(out, "undecided_batches", "Batches not decided.", status->undecided_batches);
    gauge(out, "snapshot_vouched_height",
          "Height of the newest snapshot that Q voters attest; 0: none.", status->vouched_height);
    gauge(out, "history_missing_records", "Records behind the snapshot that are not here yet.",
          status->gap.snapshot.height ? status->gap.records - status->gap.here_records : 0);
    gauge(out, "pruned_records", "Records that were moved to an archive.",
          status->gap.pruned_records);
    gauge(out, "outbox_transactions", "Transactions that wait for the right to sign.",
          status->outbox_count);
}

static void put_peers(struct api *api, struct buffer *out, const char *name, const char *type,
                      const char *help, const uint64_t *values)
{
    const struct charter *charter = api->charter;
    head(out, name, type, help);
    for (size_t i = 0; i < charter->node_count; i++)
        if (i != api->config.self.v)
            buffer_printf(out, "accrue_%s{node=\"%s\"} %" PRIu64 "\n", name, charter->nodes[i].name,
                          values[i]);
}

/* What is kept, by whose lie and of what kind: only pairs that there are. */
static void put_evidence(struct api *api, struct buffer *out)
{
    const struct replica *replica = api->config.replica;
    const struct charter *charter = api->charter;
    uint64_t counts[NODES_MAX][EVIDENCE_KIND_MAX + 1] = {{0}};
    for (size_t i = 0; i < replica_evidence_count(replica); i++) {
        const struct evidence_kept *kept = replica_evidence(replica, i);
        counts[kept->node.v][kept->kind]++;
    }
    head(out, "evidence_total", "counter", "Proofs that the peer lied, as they are kept.");
    for (size_t i = 0; i < charter->node_count; i++)
        for (size_t kind = EVIDENCE_PROPOSALS; kind <= EVIDENCE_KIND_MAX; kind++)
            if (counts[i][kind] > 0)
                buffer_printf(out, "accrue_evidence_total{peer=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
                              charter->nodes[i].name, evidence_word((enum evidence_kind)kind),
                              counts[i][kind]);
}

static void put_heard(struct api *api, struct buffer *out)
{
    const struct charter *charter = api->charter;
    const struct replica_status *status = api_status(api);
    head(out, "peer_heard_timestamp_seconds", "gauge",
         "When the peer was last heard, since 1970; 0: never.");
    for (size_t i = 0; i < charter->node_count; i++) {
        if (i == api->config.self.v)
            continue;
        buffer_printf(out, "accrue_peer_heard_timestamp_seconds{node=\"%s\"} ",
                      charter->nodes[i].name);
        put_seconds(out, status->heard_ms[i]);
    }
}

static void put_ledger(struct api *api, struct buffer *out)
{
    struct totals totals = state_totals(api_state(api));
    gauge(out, "members", "Members enrolled.", state_member_count(api_state(api)));
    gauge(out, "lots", "Lots ever made.", state_lot_count(api_state(api)));
    head(out, "points", "gauge", "Points of all lots, by where they are.");
    for (size_t i = 0; i < POOL_COUNT; i++)
        buffer_printf(out, "accrue_points{pool=\"%s\"} %" PRId64 "\n", pool_word((enum pool)i),
                      totals.pools[i].v);
    head(out, "transactions_total", "counter", "Transactions decided, by verdict.");
    buffer_printf(out, "accrue_transactions_total{verdict=\"accepted\"} %" PRIu64 "\n",
                  totals.accepted);
    buffer_printf(out, "accrue_transactions_total{verdict=\"refused\"} %" PRIu64 "\n",
                  totals.refused);
}

static void put_routes(struct api *api, struct buffer *out)
{
    head(out, "http_requests_total", "counter", "Requests answered, by route and status class.");
    for (size_t i = 0; i <= api_route_count; i++)
        for (int class = 1; class < 6; class ++)
            if (api->route_counts[i][class])
                buffer_printf(out,
                              "accrue_http_requests_total{route=\"%s\",method=\"%s\","
                              "status=\"%dxx\"} %" PRIu64 "\n",
                              i < api_route_count ? api_routes[i].pattern : "none",
                              i < api_route_count ? api_routes[i].method : "none", class,
                              api->route_counts[i][class]);
    head(out, "http_problems_total", "counter", "Requests refused before the ledger, by code.");
    for (size_t i = 0; i < API_PROBLEM_COUNT; i++) {
        struct problem problem;
        problem_init(&problem, (enum problem_code)i);
        if (i != PROBLEM_VERDICT)
            buffer_printf(out, "accrue_http_problems_total{code=\"%s\"} %" PRIu64 "\n",
                          problem_word(&problem), api->problem_counts[i]);
    }
}

static void put_durations(struct api *api, struct buffer *out)
{
    uint64_t sum = 0;
    head(out, "http_request_duration_seconds", "histogram",
         "From a request's headers to its answer.");
    for (size_t i = 0; i < API_DURATION_BUCKETS; i++) {
        sum += api->durations[i];
        if (i + 1 < API_DURATION_BUCKETS)
            buffer_printf(out,
                          "accrue_http_request_duration_seconds_bucket{le=\"%" PRIu64 ".%03" PRIu64
                          "\"} %" PRIu64 "\n",
                          api_duration_bounds_ms[i] / 1000, api_duration_bounds_ms[i] % 1000, sum);
        else
            buffer_printf(
                out, "accrue_http_request_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
    }
    buffer_append_text(out, "accrue_http_request_duration_seconds_sum ");
    put_seconds(out, api->duration_sum_ms);
    buffer_printf(out, "accrue_http_request_duration_seconds_count %" PRIu64 "\n", sum);
}

void api_get_metrics(struct api_call *call)
{
    struct api *api = call->api;
    const struct replica_status *status = api_status(api);
    struct api_response response;
    api_response_init(&response, 200, "text/plain; version=0.0.4; charset=utf-8");
    struct buffer *out = &response.body;
    head(out, "build_info", "gauge", "The program that runs.");
    buffer_printf(out, "accrue_build_info{version=\"%s\",sandbox=\"%s\"} 1\n", api->config.version,
                  api->charter->sandbox ? "true" : "false");
    put_replica(api, out);
    put_peers(api, out, "peer_height", "gauge", "Height that the peer claims.",
              status->peer_height);
    put_peers(api, out, "peer_conflicts_total", "counter", "Conflicting signatures of the peer.",
              status->conflicts);
    put_peers(api, out, "peer_bad_signatures_total", "counter", "Bad signatures it carried.",
              status->bad_signatures);
    put_peers(api, out, "peer_malformed_messages_total", "counter",
              "Messages of the peer that do not decode.", status->malformed);
    put_peers(api, out, "peer_useless_total", "counter",
              "Well signed and of no use: votes of far rounds, forks.", status->useless);
    put_peers(api, out, "peer_ignored_messages_total", "counter",
              "Messages not read: the peer had wasted too many signature checks.", status->ignored);
    put_peers(api, out, "peer_unserved_requests_total", "counter",
              "Requests of the peer beyond what it gets in a second.", status->unserved);
    put_peers(api, out, "peer_refused_cuts_total", "counter",
              "Cuts that it proposed and that are invalid here.", status->refused_cuts);
    put_peers(api, out, "peer_unfetched_cuts_total", "counter",
              "Cuts that it proposed and whose batches did not come in time.",
              status->unfetched_cuts);
    put_peers(api, out, "peer_omissions_total", "counter", "Lane heads its proposals left out.",
              status->omissions);
    put_peers(api, out, "cosignatures_total", "counter",
              "Cosignatures of the peer that agree with the log here.", status->cosignatures);
    put_peers(api, out, "peer_cosignature_conflicts_total", "counter",
              "Cosignatures of the peer over another root than ours, or than its own.",
              status->cosignature_conflicts);
    put_evidence(api, out);
    put_heard(api, out);
    put_ledger(api, out);
    gauge(out, "api_in_flight_keys", "Keys that wait for the coalition.",
          in_flight_count(api->in_flight));
    gauge(out, "api_calls", "Requests under way.", api->call_count);
    put_routes(api, out);
    put_durations(api, out);
    if (api->config.metrics)
        api->config.metrics(api->config.context, out);
    api_respond(call, &response);
}
