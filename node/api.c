#include "node/api_auth.h"
#include "node/api_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_SIZE_MIN = 16, STATUS_AGE_MS = 100 };

const uint64_t api_duration_bounds_ms[API_DURATION_BUCKETS - 1] = {1,   2,   5,    10,   25,   50,
                                                                   100, 250, 1000, 5000, 30000};

/* ---- lifecycle ------------------------------------------------------------------------------ */

/* The node's own log key, where the charter in force names it. */
static void take_log_key(struct api *api, const struct signing_key *log_key)
{
    api->has_log_key = false;
    if (!log_key || !api->self)
        return;
    struct public_key public_key = signing_key_public(log_key);
    if (memcmp(public_key.at, api->self->log_key.key.at, PUBLIC_KEY_SIZE) != 0)
        return;
    api->config.log_key = log_key;
    api->log_key = api->self->log_key;
    api->has_log_key = true;
}

/* Whom names and numbers are of. */
static void take_charter(struct api *api)
{
    api->charter = replica_charter(api->config.replica);
    api->self = api->config.self.v < api->charter->node_count
                    ? &api->charter->nodes[api->config.self.v]
                    : NULL;
    api->partner = api->self ? api->self->partner : (struct partner_id){UINT16_MAX};
}

static bool check_config(const struct api_config *config, struct error *error)
{
    must(config->name && config->clock && config->random && config->kick);
    if (config->secret.size < SECRET_SIZE_MIN)
        return error_set(error, ERROR_INVALID, "the coalition's secret is shorter than %d bytes",
                         SECRET_SIZE_MIN);
    if (config->public_url && strlen(config->public_url) > API_PUBLIC_URL_MAX)
        return error_set(error, ERROR_LIMIT, "a public URL has at most %d characters",
                         API_PUBLIC_URL_MAX);
    return config->token_count <= API_TOKENS_MAX ||
           error_set(error, ERROR_LIMIT, "more than %d tokens", API_TOKENS_MAX);
}

bool api_open(const struct api_config *config, struct api **api_out, struct error *error)
{
    if (!check_config(config, error))
        return false;
    struct api *api = allocate(1, sizeof(*api));
    api->config = *config;
    take_charter(api);
    if (!shown_init(&api->shown, bytes_text(api->charter->tlog_policy), error)) {
        free(api);
        return error_wrap(error, "tlog_policy");
    }
    take_log_key(api, config->log_key);
    if (api->config.public_url && !api->config.public_url[0])
        api->config.public_url = NULL;
    if (api->config.batch_body_max == 0)
        api->config.batch_body_max = API_BATCH_BODY_MAX;
    if (api->config.report_answers_max == 0)
        api->config.report_answers_max = API_REPORT_ANSWERS_MAX;
    if (api->config.report_bytes_max == 0)
        api->config.report_bytes_max = API_REPORT_BYTES_MAX;
    api->in_flight = in_flight_open(API_IN_FLIGHT_MAX);
    *api_out = api;
    return true;
}

bool api_set_charter(struct api *api, const struct signing_key *log_key, struct error *error)
{
    take_charter(api);
    take_log_key(api, log_key);
    /* Made anew with the names and keys of now; what is shown stays until something later is. */
    api->final_size = api->final_count = 0;
    return shown_set_policy(&api->shown, bytes_text(api->charter->tlog_policy), error) ||
           error_wrap(error, "tlog_policy");
}

void api_close(struct api *api)
{
    if (!api)
        return;
    must(api->calls == NULL && api->report_count == 0);
    in_flight_close(api->in_flight);
    shown_release(&api->shown);
    free(api->decided);
    free(api);
}

uint64_t api_now(const struct api *api)
{
    return api->config.clock(api->config.context);
}

const struct replica_status *api_status(struct api *api)
{
    uint64_t now = api_now(api);
    if (api->status_ms == 0 || now - api->status_ms > STATUS_AGE_MS) {
        replica_status(api->config.replica, now, &api->status);
        api->status_ms = now;
    }
    return &api->status;
}

const struct state *api_state(const struct api *api)
{
    return replica_state(api->config.replica);
}

/* ---- answering ------------------------------------------------------------------------------ */

void api_response_init(struct api_response *response, int status, const char *content_type)
{
    memset(response, 0, sizeof(*response));
    response->status = status;
    response->content_type = content_type;
    response->cache_control = "no-store";
    buffer_init(&response->body, API_RESPONSE_MAX);
}

static void count_answer(struct api_call *call, int status)
{
    struct api *api = call->api;
    size_t place = call->route ? (size_t)(call->route - api_routes) : api_route_count;
    must(place < ARRAY_SIZE(api->route_counts));
    api->route_counts[place][status / 100]++;
    uint64_t now = api_now(api), took = now > call->began_ms ? now - call->began_ms : 0;
    size_t bucket = 0;
    while (bucket < API_DURATION_BUCKETS - 1 && took > api_duration_bounds_ms[bucket])
        bucket++;
    api->durations[bucket]++;
    api->duration_sum_ms += took;
}

void api_respond(struct api_call *call, struct api_response *response)
{
    must(!call->answered);
    call->answered = true;
    call->api->pending_count--;
    memcpy(response->trace_id, call->trace_id, sizeof(response->trace_id));
    count_answer(call, response->status);
    call->responder.respond(call->responder.context, response);
}

/* If-None-Match: a list of tags, weak ones compared as strong (RFC 9110 section 13.1.2). */
static bool tag_listed(struct bytes header, const char *etag)
{
    size_t size = strlen(etag);
    if (header.size == 1 && header.at[0] == '*')
        return true;
    for (size_t i = 0; i + size <= header.size; i++)
        if (memcmp(header.at + i, etag, size) == 0)
            return true;
    return false;
}

void api_respond_tagged(struct api_call *call, struct api_response *response)
{
    struct hash hash = hash_bytes(buffer_bytes(&response->body));
    char hex[33];
    hex_encode(bytes_of(hash.at, 16), hex);
    (void)snprintf(response->etag, sizeof(response->etag), "\"%s\"", hex);
    if (tag_listed(call->request.if_none_match, response->etag)) {
        response->status = 304;
        response->content_type = NULL;
        buffer_clear(&response->body);
    }
    api_respond(call, response);
}

void api_respond_json(struct api_call *call, struct buffer *body)
{
    struct api_response response;
    api_response_init(&response, 200, "application/json");
    buffer_release(&response.body);
    response.body = *body;
    response.cache_control = "private, no-cache";
    if (body->overflowed) {
        buffer_release(&response.body);
        api_refuse(call, PROBLEM_TOO_LARGE,
                   "The answer is larger than this node gives: ask for less at once.");
        return;
    }
    api_respond_tagged(call, &response);
}

static struct bytes path_of(struct bytes target)
{
    const uint8_t *mark = target.size ? memchr(target.at, '?', target.size) : NULL;
    return bytes_of(target.at, mark ? (size_t)(mark - target.at) : target.size);
}

void api_respond_problem(struct api_call *call, const struct problem *problem)
{
    struct api_response response;
    api_response_init(&response, problem_status(problem), "application/problem+json");
    struct json_out json;
    json_out_init(&json, &response.body);
    json_open_object(&json, NULL);
    problem_write(problem, &json, path_of(call->request.target), call->trace_id);
    json_close_object(&json);
    response.retry_after_s = problem->retry_after_s;
    response.challenge = problem->code == PROBLEM_UNAUTHENTICATED;
    call->api->problem_counts[problem->code]++;
    api_respond(call, &response);
}

void api_refuse(struct api_call *call, enum problem_code code, const char *format, ...)
{
    struct problem problem;
    problem_init(&problem, code);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem.detail, sizeof(problem.detail), format, arguments);
    va_end(arguments);
    if (code == PROBLEM_BUSY || code == PROBLEM_REPORTS || code == PROBLEM_STOPPING ||
        code == PROBLEM_NO_QUORUM || code == PROBLEM_NOT_FINAL)
        problem.retry_after_s = 1;
    if (code == PROBLEM_JOINING || code == PROBLEM_KEYS_REPLACED)
        problem.retry_after_s = 10;
    api_respond_problem(call, &problem);
}

void api_respond_error(struct api_call *call, const struct error *error)
{
    struct api *api = call->api;
    if (error->code == ERROR_NOT_FOUND) {
        api_refuse(call, PROBLEM_NOT_FOUND, "This node has no such thing.");
        return;
    }
    struct problem problem;
    if (problem_init_lacking(&problem, error)) {
        api_respond_problem(call, &problem);
        return;
    }
    if (api->config.warn) {
        char text[ERROR_TEXT_SIZE + 64];
        (void)snprintf(text, sizeof(text), "trace_id %s: %s", call->trace_id, error->text);
        api->config.warn(api->config.context, text);
    }
    api_refuse(call, PROBLEM_INTERNAL, "The node's log says more under this trace_id.");
}

/* ---- a call's life -------------------------------------------------------------------------- */

/* W3C trace context: version-traceid-parent-flags; else chance. */
static void take_trace_id(struct api_call *call)
{
    struct bytes header = call->request.traceparent;
    uint8_t id[16];
    if (header.size < 55 || header.at[2] != '-' || header.at[35] != '-' ||
        !hex_decode(bytes_of(header.at + 3, 32), id, sizeof(id)))
        call->api->config.random(call->api->config.context, id, sizeof(id));
    hex_encode(bytes_of(id, sizeof(id)), call->trace_id);
}

static bool allowed(const struct api_call *call)
{
    const struct api_route *route = call->route;
    return route->scopes == 0 || (route->local && call->request.loopback) ||
           (route->log && call->api->charter->log_public) || (call->scopes & route->scopes) != 0;
}

bool api_media_type_is(struct bytes header, const char *want)
{
    size_t size = strlen(want);
    return header.size >= size && memcmp(header.at, want, size) == 0 &&
           (header.size == size || header.at[size] == ';' || header.at[size] == ' ');
}

static bool content_type_fits(const struct api_call *call)
{
    struct bytes type = call->request.content_type;
    if (type.size == 0)
        return true;
    if (call->route->kind == API_BATCH)
        return api_media_type_is(type, batch_json.media_type) ||
               api_media_type_is(type, batch_cbor.media_type);
    return api_media_type_is(type, "application/json");
}

static bool writes(const struct api_route *route)
{
    return route->kind == API_WRITE || route->kind == API_BATCH;
}

static bool has_body(const struct api_route *route)
{
    return writes(route) || route->kind == API_ASK;
}

/* Answers and returns false unless the call may go on to its body. Who asks is judged before what
 * exists, so that a stranger learns nothing. */
static bool admit(struct api_call *call)
{
    struct api *api = call->api;
    char allow[32] = "";
    struct bytes path = path_of(call->request.target);
    if (path.size < call->request.target.size)
        call->query = bytes_of(path.at + path.size + 1, call->request.target.size - path.size - 1);
    const struct api_token *token =
        auth_token(api->config.tokens, api->config.token_count, call->request.authorization);
    call->scopes = token ? token->scopes : 0;
    call->asker = token ? token->name : "";
    call->route = api_route_find(call->request.method, path, call->arguments, allow);
    if (!call->route && call->scopes == 0) {
        api_refuse(call, PROBLEM_UNAUTHENTICATED, "Send Authorization: Bearer with your token.");
    } else if (!call->route && allow[0]) {
        struct api_response response;
        struct problem problem;
        problem_init(&problem, PROBLEM_METHOD);
        api_response_init(&response, 405, "application/problem+json");
        struct json_out json;
        json_out_init(&json, &response.body);
        json_open_object(&json, NULL);
        problem_write(&problem, &json, path, call->trace_id);
        json_close_object(&json);
        response.allow = allow;
        api_respond(call, &response);
    } else if (!call->route) {
        api_refuse(call, PROBLEM_NOT_FOUND, "The API has no such path: see /openapi.json.");
    } else if (!allowed(call) && call->scopes == 0) {
        api_refuse(call, PROBLEM_UNAUTHENTICATED, "Send Authorization: Bearer with your token.");
    } else if (!allowed(call)) {
        api_refuse(call, PROBLEM_FORBIDDEN, "Another token may.");
    } else if (has_body(call->route) && !content_type_fits(call)) {
        api_refuse(call, PROBLEM_MEDIA_TYPE, "Send %s.",
                   call->route->kind == API_BATCH ? "application/x-ndjson or application/cbor-seq"
                                                  : "application/json");
    } else if (call->route->kind != API_READ && api->draining) {
        api_refuse(call, PROBLEM_STOPPING, "Ask another node, or this one later.");
    } else if (writes(call->route) && api_standing(api) == REPLICA_GUEST) {
        api_refuse_standing(call, REPLICA_GUEST);
    }
    return !call->answered;
}

struct api_call *api_begin(struct api *api, const struct api_request *request,
                           const struct api_responder *responder)
{
    struct api_call *call = allocate(1, sizeof(*call));
    call->api = api;
    call->request = *request;
    call->responder = *responder;
    call->began_ms = api_now(api);
    call->head = bytes_equal(request->method, bytes_text("HEAD"));
    buffer_init(&call->body, API_BODY_MAX);
    call->next = api->calls;
    if (call->next)
        call->next->previous = call;
    api->calls = call;
    api->call_count++;
    api->pending_count++;
    take_trace_id(call);
    if (request->target.size > API_TARGET_MAX)
        api_refuse(call, PROBLEM_TOO_LARGE, "The target is longer than %d bytes.", API_TARGET_MAX);
    else if (api->call_count > API_CALLS_MAX)
        api_refuse(call, PROBLEM_BUSY, "%d requests are under way.", API_CALLS_MAX);
    else if (admit(call) && call->route->kind == API_BATCH)
        (void)api_batch_begin(call);
    return call;
}

size_t api_body_max(const struct api_call *call)
{
    if (call->answered && !call->batch)
        return 0;
    switch (call->route->kind) {
    case API_READ:
    case API_LATE:
        return 0;
    case API_WRITE:
    case API_ASK:
        return API_BODY_MAX;
    case API_BATCH:
        return call->api->config.batch_body_max;
    }
    must(!"a route of no kind");
}

void api_too_large(struct api_call *call)
{
    if (!call->answered)
        api_refuse(call, PROBLEM_TOO_LARGE, "A body has at most %zu bytes here.",
                   api_body_max(call));
}

size_t api_feed(struct api_call *call, struct bytes piece)
{
    if (call->batch)
        return api_batch_feed(call, piece);
    if (call->answered)
        return piece.size;
    if (!has_body(call->route)) {
        api_refuse(call, PROBLEM_TOO_LARGE, "This request has no body.");
        return piece.size;
    }
    buffer_append(&call->body, piece);
    if (call->body.overflowed) {
        api_refuse(call, PROBLEM_TOO_LARGE, "A body has at most %d bytes.", API_BODY_MAX);
        buffer_release(&call->body);
    }
    return piece.size;
}

void api_end(struct api_call *call)
{
    if (call->batch) {
        api_batch_end(call);
        return;
    }
    if (call->answered)
        return;
    switch (call->route->kind) {
    case API_READ:
    case API_ASK:
        call->route->handler(call);
        must(call->answered);
        return;
    case API_LATE:
        call->route->handler(call);
        return;
    case API_WRITE:
        api_write_end(call);
        return;
    case API_BATCH:
        return;
    }
}

size_t api_read(struct api_call *call, uint8_t *out, size_t size, bool *end_out)
{
    must(call->batch);
    return api_batch_read(call, out, size, end_out);
}

void api_call_close(struct api_call *call)
{
    if (!call)
        return;
    struct api *api = call->api;
    for (size_t i = 0; i < call->part_count; i++) {
        struct in_flight_entry *entry = in_flight_by_token(api->in_flight, call->parts[i].token);
        if (entry)
            in_flight_orphan(api->in_flight, entry);
    }
    api_batch_close(call);
    api_report_forget(call);
    for (size_t i = 0; i < api->decided_count; i++)
        if (api->decided[i].call == call)
            api->decided[i].call = NULL;
    if (!call->answered)
        api->pending_count--;
    if (call->previous)
        call->previous->next = call->next;
    else
        api->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
    api->call_count--;
    buffer_release(&call->body);
    free(call);
}

struct api_call *api_handle(struct api *api, const struct api_request *request, struct bytes body,
                            const struct api_responder *responder)
{
    struct api_call *call = api_begin(api, request, responder);
    if (body.size > 0)
        (void)api_feed(call, body);
    api_end(call);
    return call;
}

/* ---- events --------------------------------------------------------------------------------- */

/* What came of the key when it was used first. */
static enum verdict first_verdict(const struct api *api, const struct in_flight_entry *entry)
{
    struct key_result first = {.verdict = VERDICT_REPEAT};
    (void)!state_key(api_state(api), api->partner, bytes_of(entry->key, entry->key_size), &first);
    return first.verdict;
}

void api_on_action(struct api *api, const struct replica_action *action)
{
    if (action->kind == REPLICA_EXECUTED || action->kind == REPLICA_CHARTER)
        api->status_ms = 0;
    if (action->kind == REPLICA_CHARTER)
        take_charter(api);
    if (action->kind != REPLICA_DURABLE && action->kind != REPLICA_DECIDED)
        return;
    struct in_flight_entry *entry = in_flight_by_token(api->in_flight, action->token);
    if (!entry)
        return;
    struct api_call *call = entry->owner.call;
    uint32_t slot = entry->owner.slot;
    if (action->kind == REPLICA_DURABLE) {
        entry->durable = true;
        if (call && call->batch)
            api_batch_on_durable(call, slot);
        else if (call)
            api_write_on_durable(call);
        return;
    }
    bool repeat = action->verdict == VERDICT_REPEAT;
    uint64_t index = repeat ? action->first.v : action->index.v;
    enum verdict verdict = repeat ? first_verdict(api, entry) : action->verdict;
    in_flight_remove(api->in_flight, entry);
    if (call && call->batch)
        api_batch_on_decided(call, slot, index, verdict, repeat);
    else if (call)
        api_write_on_decided(call, slot, index, repeat);
}

static int decided_order(const void *a, const void *b)
{
    const struct decided *left = a, *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

struct settling {
    struct api *api;
    struct decided *items;
    size_t count, at;
};

static bool settle_record(void *visitor, uint64_t index, struct bytes record)
{
    struct settling *settling = visitor;
    while (settling->at < settling->count && settling->items[settling->at].index == index) {
        struct api_call *call = settling->items[settling->at++].call;
        if (call && !call->answered)
            api_write_answer(call, record);
    }
    return true;
}

static void settle_alone(struct settling *settling)
{
    struct error error = {.code = ERROR_CORRUPT, .text = "a decided record is missing"};
    size_t at = settling->at;
    (void)!replica_records(settling->api->config.replica, settling->items[at].index, 1,
                           settle_record, settling, &error);
    for (; settling->at == at; settling->at++) {
        struct api_call *call = settling->items[at].call;
        if (call && !call->answered)
            api_respond_error(call, &error);
    }
}

/* Neighbours in the log are read together: each block of the store once, not once an answer. */
void api_settle(struct api *api)
{
    enum { GAP_MAX = 64 };
    struct settling settling = {.api = api, .items = api->decided, .count = api->decided_count};
    if (settling.count > 0)
        qsort(settling.items, settling.count, sizeof(*settling.items), decided_order);
    while (settling.at < settling.count) {
        size_t first = settling.at, last = first;
        while (last + 1 < settling.count &&
               settling.items[last + 1].index - settling.items[last].index <= GAP_MAX)
            last++;
        struct error error = {.code = ERROR_CORRUPT, .text = "a decided record is missing"};
        uint64_t from = settling.items[first].index;
        (void)!replica_records(api->config.replica, from, settling.items[last].index - from + 1,
                               settle_record, &settling, &error);
        /* What one of them lacks is not the others' fault. */
        while (settling.at <= last)
            settle_alone(&settling);
    }
    api->decided_count = 0;
    for (size_t i = 0; i < api->batch_count; i++)
        api_batch_go_on(api->batches[i]);
}

void api_on_time(struct api *api)
{
    uint64_t now = api_now(api);
    bool cut_off = !api_status(api)->has_quorum, left = api_standing(api) == REPLICA_LEFT;
    for (struct api_call *call = api->calls, *next; call; call = next) {
        next = call->next;
        /* The line went down after it was taken: the till need not wait to learn that. */
        if (cut_off && call->durable && call->route->type == TRANSACTION_EARN)
            call->late = true;
        if (call->answered || !call->deadline_ms)
            continue;
        /* What was not decided before it left is void: no promise. */
        if (left)
            api_refuse_standing(call, REPLICA_LEFT);
        else if (now >= call->deadline_ms || (call->late && call->durable))
            api_accepted(call, call->key);
    }
    api_settle(api);
}

void api_drain(struct api *api)
{
    api->draining = true;
}

size_t api_pending(const struct api *api)
{
    return api->pending_count;
}
