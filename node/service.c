#include "node/service.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "node/account_watch.h"
#include "node/api.h"
#include "node/disk.h"
#include "node/file.h"
#include "node/http_server.h"
#include "node/images.h"
#include "node/log.h"
#include "node/paper.h"
#include "node/peer_watch.h"
#include "node/period_watch.h"
#include "node/replica.h"
#include "node/risk_watch.h"
#include "node/seat.h"
#include "node/store_leveldb.h"
#include "node/transport_metrics.h"
#include "node/witness_link.h"

enum {
    STEP_MS_MAX = 2000,     /* the replica is called at least so often */
    HOUSEKEEPING_MS = 100,  /* deadlines of answers, suppressed log lines */
    WATCH_MS = 1000,        /* between looks at peers and periods */
    FETCH_AHEAD = 64,       /* heights: a new node begins with a snapshot for so much */
    STOP_WITHIN_MS = 10000, /* a graceful stop waits no longer for answers */
    STOP_IMAGE_MS = 50000,  /* nor so much longer for the last image of the state */
    ROUNDS_MAX = 10000      /* of draining before other events get their turn */
};

struct writing {             /* a group of one of the replicas */
    struct replica *replica; /* NULL: none */
    uint64_t number;
    const struct store_group *group;
};

struct service {
    const struct config *config;
    struct charter *first; /* of the coalition's beginning */
    struct buffer charter_bytes;
    struct seat seat;
    struct store_leveldb *store;
    struct images images;
    struct replica *replica, *history; /* the latter while the store lacks some; or NULL */
    struct transport *transport;
    struct api *api;
    struct http_server *http;
    struct witness_link *witnesses; /* NULL: the charter names none outside */
    struct api_token tokens[CONFIG_TOKENS_MAX];

    uv_loop_t loop;
    bool loop_open;
    uv_timer_t step, housekeeping;
    uv_async_t kicked;
    uv_signal_t signals[2];
    uv_work_t work;
    struct error work_error;
    bool work_failed, working;
    uint64_t work_ns; /* of one write: the worker's until it is done, as work_failed is */
    struct writing writing, waiting; /* the one under way, and the other replica's */
    size_t jobs;                     /* of the API, on other threads */

    bool draining;    /* inside drain(): actions are being taken */
    bool charter_due; /* another charter is in force, and transport and API have the one before */
    bool stopping, finished, failed, again;
    uint64_t stop_at_ms, written_groups, write_ns;
    struct peer_watch watches[NODES_MAX];
    struct period_watch periods;
    struct account_watch accounts;
    struct risk_watch risk;
    uint64_t watched_ms;
    struct error failure;
};

static uint64_t wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_in_worker(uv_work_t *work)
{
    struct service *s = (struct service *)work->data;
    uint64_t start = uv_hrtime();
    s->work_failed = !store_leveldb_write(s->store, s->writing.group, &s->work_error);
    if (s->work_failed)
        disk_explain(&s->work_error);
    s->work_ns = uv_hrtime() - start;
}

static void drain(struct service *s);
static void fail(struct service *s, enum error_code code, const char *text);
static void look_at_history(struct service *s);
static void start_next(struct service *s);

static void written(uv_work_t *work, int status)
{
    struct service *s = (struct service *)work->data;
    (void)status;
    s->working = false;
    s->write_ns += s->work_ns;
    if (s->work_failed) {
        /* Nothing of this group was counted or sent: the process ends, a restart recovers. */
        fail(s, s->work_error.code, s->work_error.text);
        return;
    }
    s->written_groups++;
    replica_on_durable(s->writing.replica, s->writing.number, wall_ms());
    start_next(s);
    look_at_history(s);
    drain(s);
}

static void start_next(struct service *s)
{
    if (s->working || !s->waiting.replica)
        return;
    s->writing = s->waiting;
    s->waiting.replica = NULL;
    s->working = true;
    s->work.data = s;
    must(uv_queue_work(&s->loop, &s->work, write_in_worker, written) == 0);
}

/* Each replica has one group in flight at a time. */
static void start_write(struct service *s, struct replica *replica,
                        const struct replica_action *action)
{
    must(!s->waiting.replica);
    s->waiting =
        (struct writing){.replica = replica, .number = action->write, .group = action->group};
    start_next(s);
}

/* ---- the API's work ------------------------------------------------------------------------ */

struct job {
    uv_work_t work;
    struct service *service;
    api_job *run, *done;
    void *of;
};

static void run_in_worker(uv_work_t *work)
{
    const struct job *job = (const struct job *)work->data;
    job->run(job->of);
}

static void worked(uv_work_t *work, int status)
{
    struct job *job = (struct job *)work->data;
    (void)status;
    job->service->jobs--;
    job->done(job->of);
    free(job);
}

static void api_work(void *context, api_job *run, api_job *done, void *of)
{
    struct service *s = (struct service *)context;
    struct job *job = (struct job *)allocate(1, sizeof(*job));
    *job = (struct job){.service = s, .run = run, .done = done, .of = of};
    job->work.data = job;
    s->jobs++;
    must(uv_queue_work(&s->loop, &job->work, run_in_worker, worked) == 0);
}

/* ---- actions ------------------------------------------------------------------------------- */

static void fail(struct service *s, enum error_code code, const char *text)
{
    if (!s->failed)
        error_set(&s->failure, code, "%s", text);
    s->failed = true;
    log_error("the node stops", log_text("reason", text));
    uv_stop(&s->loop);
}

static void send_message(struct service *s, const struct replica_action *action)
{
    if (action->peer != REPLICA_TO_ALL) {
        (void)transport_send(s->transport, action->peer, action->message);
        return;
    }
    for (size_t i = 0; i < s->seat.peer_count; i++)
        (void)transport_send(s->transport, s->seat.peers[i].node, action->message);
}

/* The node goes on from the snapshot that it has fetched, as after any restart. */
static void reopen(struct service *s, const struct snapshot_name *snapshot)
{
    log_info("the node goes on from a snapshot; history is fetched meanwhile",
             log_unsigned("height", snapshot->height));
    s->again = true;
    uv_stop(&s->loop);
}

static void take(struct service *s, const struct replica_action *action)
{
    switch (action->kind) {
    case REPLICA_SEND:
        send_message(s, action);
        return;
    case REPLICA_WRITE:
        start_write(s, s->replica, action);
        return;
    case REPLICA_SNAPSHOT:
        images_on_snapshot(&s->images, s->replica, wall_ms());
        return;
    case REPLICA_PIECE:
        images_on_piece(&s->images, action);
        return;
    case REPLICA_FETCHED: {
        struct snapshot_name name = action->snapshot;
        images_on_fetched(&s->images, s->replica, &name, wall_ms());
        return;
    }
    case REPLICA_REOPEN:
        reopen(s, &action->snapshot);
        return;
    case REPLICA_DURABLE:
    case REPLICA_DECIDED:
    case REPLICA_EXECUTED:
        api_on_action(s->api, action);
        return;
    case REPLICA_CHARTER:
        api_on_action(s->api, action);
        s->charter_due = true; /* not now: this may be inside a callback of the transport */
        return;
    case REPLICA_WARN:
        log_warn("replica", log_text("reason", action->text));
        return;
    case REPLICA_FATAL:
        fail(s, ERROR_CONFLICT, action->text);
        return;
    }
}

/* A history has no tills and no checkpoints. */
static void take_of_history(struct service *s, const struct replica_action *action)
{
    switch (action->kind) {
    case REPLICA_SEND:
    case REPLICA_WARN:
    case REPLICA_FATAL:
        take(s, action);
        return;
    case REPLICA_WRITE:
        start_write(s, s->history, action);
        return;
    case REPLICA_DURABLE:
    case REPLICA_DECIDED:
    case REPLICA_EXECUTED:
    case REPLICA_CHARTER:
    case REPLICA_SNAPSHOT:
    case REPLICA_PIECE:
    case REPLICA_FETCHED:
    case REPLICA_REOPEN:
        return;
    }
}

static bool take_next(struct service *s)
{
    struct replica_action action;
    if (replica_next(s->replica, &action)) {
        take(s, &action);
        return true;
    }
    if (!s->history || !replica_next(s->history, &action))
        return false;
    take_of_history(s, &action);
    return true;
}

/* It may be closed only when none of its groups is being written. */
static void look_at_history(struct service *s)
{
    if (!s->history || (s->working && s->writing.replica == s->history) ||
        s->waiting.replica == s->history ||
        !replica_history_passed(s->replica, s->history, wall_ms()))
        return;
    replica_close(s->history);
    s->history = NULL;
    images_history_whole(&s->images);
    log_info("the history is whole", log_unsigned("height", replica_height(s->replica)));
}

static void arm_step(struct service *s);

/* Takes every action, then lets the API answer; that may submit more, which brings more actions. */
static void drain(struct service *s)
{
    if (s->draining || !s->api)
        return;
    s->draining = true;
    bool more = true;
    for (int i = 0; more && i < ROUNDS_MAX; i++) {
        more = false;
        while (take_next(s))
            more = true;
        api_settle(s->api); /* also without an action: a repeat waits for no other */
    }
    s->draining = false;
    arm_step(s);
}

static void on_step(uv_timer_t *timer)
{
    struct service *s = (struct service *)timer->data;
    replica_on_time(s->replica, wall_ms());
    if (s->history) {
        replica_on_time(s->history, wall_ms());
        look_at_history(s);
    }
    drain(s);
}

static void arm_step(struct service *s)
{
    uint64_t now = wall_ms(), at = replica_deadline_ms(s->replica);
    if (s->history && replica_deadline_ms(s->history) < at)
        at = replica_deadline_ms(s->history);
    if (at == UINT64_MAX) {
        (void)uv_timer_stop(&s->step);
        return;
    }
    /* Nothing lies farther ahead than the next status, unless the wall clock was set back. */
    uint64_t delay = at > now ? at - now : 0;
    uv_update_time(&s->loop);
    (void)uv_timer_start(&s->step, on_step, delay < STEP_MS_MAX ? delay : STEP_MS_MAX, 0);
}

/* ---- events -------------------------------------------------------------------------------- */

static void on_message(void *context, uint16_t from, struct bytes message)
{
    struct service *s = (struct service *)context;
    replica_on_message(s->replica, from, message, wall_ms());
    if (s->history)
        replica_on_message(s->history, from, message, wall_ms());
    drain(s);
}

/* A guest may not know yet who it is. */
static const char *name_of(const struct service *s, uint16_t node, char text[CHARTER_NAME_MAX + 1])
{
    const struct charter *charter = s->seat.charter;
    if (node < charter->node_count)
        return charter->nodes[node].name;
    (void)snprintf(text, CHARTER_NAME_MAX + 1, "node-%u", node);
    return text;
}

static void on_link(void *context, uint16_t peer, bool up)
{
    char name[CHARTER_NAME_MAX + 1];
    log_info(up ? "peer is up" : "peer is down",
             log_text("peer", name_of((const struct service *)context, peer, name)));
}

static void on_kicked(uv_async_t *async)
{
    drain((struct service *)async->data);
}

static void kick(void *context)
{
    (void)uv_async_send(&((struct service *)context)->kicked);
}

static bool stopped_cleanly(struct service *s)
{
    uint64_t now = wall_ms();
    bool answered = api_pending(s->api) == 0 || now >= s->stop_at_ms;
    bool in_a_hurry = s->stop_at_ms == 0 || now >= s->stop_at_ms + STOP_IMAGE_MS;
    return answered && replica_drained(s->replica) && !s->working &&
           (in_a_hurry || images_last(&s->images, s->replica));
}

/* What the log says of a peer: only what its own keys did, or what it carried. */
static void watch_peer(struct service *s, uint16_t node, const struct replica_status *status,
                       uint64_t now_ms)
{
    struct transport_counts link;
    struct log_field fields[1 + FAULT_COUNT];
    if (!transport_counts_of(s->transport, node, &link))
        return;
    const uint64_t counts[FAULT_COUNT] = {
        [FAULT_conflicts] = status->conflicts[node],
        [FAULT_cosignature_conflicts] = status->cosignature_conflicts[node],
        [FAULT_refused_cuts] = status->refused_cuts[node],
        [FAULT_unfetched_cuts] = status->unfetched_cuts[node],
        [FAULT_bad_signatures] = status->bad_signatures[node],
        [FAULT_malformed] = status->malformed[node],
        [FAULT_bad_frames] = link.bad_frames,
        [FAULT_useless] = status->useless[node],
        [FAULT_ignored] = status->ignored[node],
        [FAULT_over_budget] = link.over_budget,
        [FAULT_incomplete] = link.incomplete,
        [FAULT_refused_handshakes] = link.refused_handshakes,
        [FAULT_unserved] = status->unserved[node],
    };
    char name[CHARTER_NAME_MAX + 1];
    fields[0] = log_text("peer", name_of(s, node, name));
    size_t count = peer_watch_look(&s->watches[node], counts, now_ms, fields + 1);
    if (count > 0)
        log_write(LOG_LEVEL_WARN, "peer misbehaves", fields, 1 + count);
}

static void tell_period(void *context, const struct period_event *event)
{
    struct period_event_room room;
    struct log_field fields[PERIOD_FIELDS_MAX];
    size_t count =
        period_event_fields(event, ((struct service *)context)->seat.charter, &room, fields);
    log_write(period_event_level(event->kind), period_event_message(event->kind), fields, count);
}

static void tell_account(void *context, const struct account_event *event)
{
    struct account_event_room room;
    struct log_field fields[ACCOUNT_FIELDS_MAX];
    size_t count =
        account_event_fields(event, ((struct service *)context)->seat.charter, &room, fields);
    log_write(LOG_LEVEL_WARN, account_event_message(event->kind), fields, count);
}

static int64_t ledger_day(const struct service *s)
{
    return charter_day(s->seat.charter, replica_ledger_now_ms(s->replica, wall_ms()));
}

/* UINT16_MAX: a guest's. */
static struct partner_id own_partner(const struct service *s)
{
    const struct charter *charter = s->seat.charter;
    bool known = s->seat.self.v < charter->node_count;
    return known ? charter->nodes[s->seat.self.v].partner : (struct partner_id){UINT16_MAX};
}

/* NULL: nobody asks it for collateral. */
static const struct risk *own_risk(const struct service *s)
{
    const struct state *state = replica_state(s->replica);
    struct partner_id own = own_partner(s);
    bool asked = state_charter(state)->risk.on && own.v < state_charter(state)->partner_count;
    return asked ? state_risk(state, own) : NULL;
}

static void watch_periods(struct service *s)
{
    const struct state *state = replica_state(s->replica);
    period_watch_look(&s->periods, state_periods(state), state_charter(state), own_partner(s),
                      ledger_day(s), tell_period, s);
}

static void watch_risk(struct service *s)
{
    const struct risk *risk = own_risk(s);
    struct risk_room room;
    struct log_field fields[RISK_FIELDS_MAX];
    if (!risk || !risk_watch_look(&s->risk, risk))
        return;
    size_t count = risk_watch_fields(s->seat.charter, risk, &room, fields);
    log_write(LOG_LEVEL_WARN, risk_watch_message(risk->mode), fields, count);
}

static void watch_accounts(struct service *s)
{
    account_watch_look(&s->accounts, state_accounts(replica_state(s->replica)), tell_account, s);
}

static void watch(struct service *s)
{
    uint64_t now_ms = wall_ms();
    struct replica_status status;
    if (now_ms >= s->watched_ms && now_ms - s->watched_ms < WATCH_MS)
        return;
    s->watched_ms = now_ms;
    replica_status(s->replica, now_ms, &status);
    for (size_t i = 0; i < s->seat.peer_count; i++)
        watch_peer(s, s->seat.peers[i].node, &status, now_ms);
    watch_periods(s);
    watch_accounts(s);
    watch_risk(s);
}

static bool is_linked(const struct service *s)
{
    struct transport_counts counts;
    for (size_t i = 0; i < s->seat.peer_count; i++)
        if (transport_counts_of(s->transport, s->seat.peers[i].node, &counts) && counts.up)
            return true;
    return false;
}

static void set_peers(struct service *s)
{
    struct error error;
    if (!transport_set_peers(s->transport, s->seat.transport_key, s->seat.peers, s->seat.peer_count,
                             &error))
        log_warn("a peer cannot be reached", log_text("reason", error.text));
}

/* What the seat says now, for those who go by it. */
static void follow_seat(struct service *s)
{
    struct error error;
    set_peers(s);
    witness_link_close(s->witnesses); /* it goes by the policy that the API has */
    if (!api_set_charter(s->api, seat_log_key(&s->seat), &error))
        log_error("checkpoints are shown by the charter before", log_text("reason", error.text));
    s->witnesses = witness_link_open(&s->loop, s->api, s->replica);
    seat_settle(&s->seat);
}

static void mind_seat(struct service *s)
{
    struct error error;
    bool due = s->charter_due;
    s->charter_due = false;
    if (due)
        seat_take(&s->seat, s->replica, wall_ms());
    switch (seat_step(&s->seat, s->replica, is_linked(s), wall_ms(), &error)) {
    case SEAT_NOTHING:
        break;
    case SEAT_PEERS:
        due = true;
        break;
    case SEAT_ASTRAY:
        fail(s, ERROR_CONFLICT, error.text);
        break;
    }
    if (due)
        follow_seat(s);
}

static void on_housekeeping(uv_timer_t *timer)
{
    struct service *s = (struct service *)timer->data;
    mind_seat(s);
    api_on_time(s->api);
    drain(s);
    watch(s);
    witness_link_step(s->witnesses);
    log_flush(false);
    if (!s->stopping) {
        images_step(&s->images, s->replica);
        drain(s);
    } else if (stopped_cleanly(s)) {
        s->finished = true;
        uv_stop(&s->loop);
    }
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct service *s = (struct service *)signal->data;
    if (s->stopping) { /* asked twice: do not wait for answers any longer */
        s->stop_at_ms = 0;
        return;
    }
    log_info("stopping", log_signed("signal", number));
    s->stopping = true;
    s->stop_at_ms = wall_ms() + STOP_WITHIN_MS;
    if (s->http) /* NULL: it is being closed */
        http_server_quiesce(s->http);
    api_drain(s->api);
    replica_drain(s->replica);
    drain(s);
}

/* ---- metrics of the edges ------------------------------------------------------------------ */

static void metrics(void *context, struct buffer *out)
{
    const struct service *s = (const struct service *)context;
    transport_metrics(s->transport, s->seat.charter, out);
    buffer_printf(out,
                  "# HELP accrue_store_groups_total Atomic synced groups written.\n"
                  "# TYPE accrue_store_groups_total counter\n"
                  "accrue_store_groups_total %" PRIu64 "\n"
                  "# HELP accrue_store_write_seconds_total Time spent writing and syncing.\n"
                  "# TYPE accrue_store_write_seconds_total counter\n"
                  "accrue_store_write_seconds_total %" PRIu64 ".%09" PRIu64 "\n",
                  s->written_groups, s->write_ns / 1000000000, s->write_ns % 1000000000);
    images_metrics(&s->images, out);
    const struct state *state = replica_state(s->replica);
    period_watch_metrics(&s->periods, state_periods(state), state_charter(state), ledger_day(s),
                         out);
    account_watch_metrics(&s->accounts, state_accounts(replica_state(s->replica)), out);
    if (own_risk(s))
        risk_watch_metrics(&s->risk, s->seat.charter, own_risk(s), out);
    witness_link_metrics(s->witnesses, out);
}

static uint64_t api_clock(void *context)
{
    (void)context;
    return wall_ms();
}

static void api_random(void *context, uint8_t *out, size_t size)
{
    (void)context;
    random_bytes(out, size);
}

static bool link_up(void *context, uint16_t node)
{
    const struct service *s = (const struct service *)context;
    struct transport_counts counts;
    return transport_counts_of(s->transport, node, &counts) && counts.up;
}

static void api_warn(void *context, const char *text)
{
    (void)context;
    log_warn("api", log_text("reason", text));
}

/* ---- opening ------------------------------------------------------------------------------- */

static bool charter_damaged(const struct service *s, struct error *error)
{
    return error_set(error, error->code,
                     "%s: %s: the charter is the same file at every node, copy it from another",
                     s->config->charter, error->text);
}

static bool open_charter(struct service *s, struct error *error)
{
    buffer_init(&s->charter_bytes, CHARTER_SIZE_MAX);
    struct charter_mistakes *mistakes = (struct charter_mistakes *)allocate(1, sizeof(*mistakes));
    bool good = file_read(s->config->charter, &s->charter_bytes, error) &&
                charter_parse(buffer_bytes(&s->charter_bytes), &s->first, mistakes, error);
    for (size_t i = 0; !good && i < mistakes->count; i++)
        log_error("charter", log_text("mistake", mistakes->text[i]));
    free(mistakes);
    if (!good)
        return charter_damaged(s, error);
    return true;
}

static bool open_replica(struct service *s, struct error *error)
{
    struct store_leveldb_options options = {
        .coalition = s->first->coalition, .node = s->seat.self.v, .create = true};
    if (!images_init(&s->images, s->config->data, s->config->image_records, error) ||
        !store_leveldb_open(s->config->data, &options, &s->store, error)) {
        disk_explain(error);
        return false;
    }
    struct replica_config config = {.charter = s->first,
                                    .self = s->seat.self,
                                    .store = store_leveldb_store(s->store),
                                    .fetch_ahead = FETCH_AHEAD,
                                    .mempool_bytes_max = s->config->mempool_bytes};
    seat_give_keys(&s->seat, &config);
    random_bytes((uint8_t *)&config.nonce, sizeof(config.nonce));
    uint64_t start = wall_ms();
    if (!images_open_replica(&s->images, &config, start, &s->replica, error)) {
        error_wrap(error, "%s", s->config->data);
        store_leveldb_close(s->store);
        s->store = NULL;
        store_leveldb_explain(s->config->data, error);
        disk_explain(error);
        return false;
    }
    log_info("the store was replayed", log_unsigned("from_image", s->images.resumed),
             log_unsigned("height", replica_height(s->replica)),
             log_unsigned("took_ms", wall_ms() - start));
    s->history = replica_open_history(s->replica, wall_ms());
    return true;
}

static bool open_transport(struct service *s, struct error *error)
{
    struct transport_config config = {.coalition = s->first->coalition,
                                      .node = s->seat.self.v,
                                      .key = s->seat.transport_key,
                                      .queue_bytes_max = s->config->queue_bytes};
    (void)snprintf(config.listen, sizeof(config.listen), "%s", s->config->listen);
    struct transport_events events = {.context = s, .message = on_message, .link = on_link};
    if (!transport_open(&config, &s->loop, &events, &s->transport, error))
        return false;
    set_peers(s);
    return true;
}

static bool open_api(struct service *s, struct error *error)
{
    for (size_t i = 0; i < s->config->token_count; i++) {
        const struct config_token *from = &s->config->tokens[i];
        struct api_token *token = &s->tokens[i];
        (void)snprintf(token->name, sizeof(token->name), "%s", from->name);
        token->digest = from->sha256;
        token->scopes = from->scopes;
    }
    struct api_config config = {.charter_bytes = buffer_bytes(&s->charter_bytes),
                                .replica = s->replica,
                                .self = s->seat.self,
                                .name = s->config->node,
                                .log_key = seat_log_key(&s->seat),
                                .tokens = s->tokens,
                                .token_count = s->config->token_count,
                                .secret = bytes_of(s->config->secret, CONFIG_SECRET_SIZE),
                                .public_url = s->config->http.public_url,
                                .version = ACCRUE_VERSION,
                                .batch_body_max = s->config->http.body_max_bytes,
                                .context = s,
                                .clock = api_clock,
                                .random = api_random,
                                .kick = kick,
                                .link_up = link_up,
                                .metrics = metrics,
                                .warn = api_warn,
                                .work = api_work};
    if (!api_open(&config, &s->api, error))
        return false;
    s->witnesses = witness_link_open(&s->loop, s->api, s->replica);
    bool tls = s->config->http.tls_certificate[0] != 0;
    struct http_server_config http = {.listen = s->config->http.listen,
                                      .connections_max = (unsigned)s->config->http.connections_max,
                                      .certificate_path =
                                          tls ? s->config->http.tls_certificate : NULL,
                                      .key_path = tls ? s->config->http.tls_key : NULL};
    return http_server_open(&http, &s->loop, s->api, &s->http, error);
}

static void open_loop(struct service *s)
{
    must(uv_loop_init(&s->loop) == 0);
    s->loop_open = true;
    must(uv_timer_init(&s->loop, &s->step) == 0);
    must(uv_timer_init(&s->loop, &s->housekeeping) == 0);
    must(uv_async_init(&s->loop, &s->kicked, on_kicked) == 0);
    s->step.data = s->housekeeping.data = s->kicked.data = s;
    for (size_t i = 0; i < ARRAY_SIZE(s->signals); i++) {
        must(uv_signal_init(&s->loop, &s->signals[i]) == 0);
        s->signals[i].data = s;
    }
}

bool service_open(const struct config *config, struct service **service_out, struct error *error)
{
    struct service *s = (struct service *)allocate(1, sizeof(*s));
    s->config = config;
    open_loop(s);
    bool good = open_charter(s, error) && seat_open(&s->seat, config, s->first, error) &&
                open_replica(s, error) && seat_check_keys(&s->seat, s->replica, error);
    if (good) {
        seat_take(&s->seat, s->replica, wall_ms());
        good = open_transport(s, error) && open_api(s, error);
    }
    if (!good) {
        service_close(s);
        return false;
    }
    *service_out = s;
    return true;
}

bool service_run(struct service *s, struct error *error)
{
    must(uv_timer_start(&s->housekeeping, on_housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS) == 0);
    must(uv_signal_start(&s->signals[0], on_signal, SIGTERM) == 0);
    must(uv_signal_start(&s->signals[1], on_signal, SIGINT) == 0);
    log_info("the node is up", log_text("node", s->config->node),
             log_text("coalition", s->first->name), log_text("version", ACCRUE_VERSION),
             log_text("http", s->config->http.listen), log_text("peers", s->config->listen),
             log_text("sandbox", s->first->sandbox ? "yes" : "no"),
             log_unsigned("height", replica_height(s->replica)));
    replica_on_time(s->replica, wall_ms());
    drain(s);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    if (s->failed) {
        *error = s->failure;
        return false;
    }
    if (s->again)
        return true;
    log_info("the node has stopped", log_unsigned("height", replica_height(s->replica)));
    log_flush(true);
    return true;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

bool service_goes_on(const struct service *s)
{
    return s->again && !s->stopping;
}

void service_close(struct service *s)
{
    if (!s)
        return;
    /* A write under way ends first: the worker holds the replica's group. */
    while (s->working)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    http_server_close(s->http);
    s->http = NULL;
    /* So do reports, for nobody by now; and what was written meanwhile. */
    while (s->jobs > 0 || s->working)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    paper_release_fonts();
    witness_link_close(s->witnesses);
    api_close(s->api);
    transport_close(s->transport);
    if (s->loop_open) {
        uv_walk(&s->loop, close_handle, NULL);
        (void)uv_run(&s->loop, UV_RUN_DEFAULT);
        (void)uv_loop_close(&s->loop);
    }
    images_release(&s->images);
    replica_close(s->history);
    replica_close(s->replica);
    period_watch_release(&s->periods);
    account_watch_release(&s->accounts);
    store_leveldb_close(s->store);
    seat_close(&s->seat);
    charter_close(s->first);
    buffer_release(&s->charter_bytes);
    free(s);
}
