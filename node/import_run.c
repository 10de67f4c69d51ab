#include "node/import_run.h"

#include "node/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint64_t day_ms = 86400000;

enum { SAVE_EVERY_MS = 2000 };

struct run {
    const struct import_plan *plan;
    const struct import_options *options;
    struct http *http;
    struct import_counts *counts;
    struct cli_progress progress;
    uint8_t *done;     /* a bit an event */
    uint8_t *enrolled; /* a byte a member: known to the ledger in this run */
    uint8_t *busy;     /* a byte a member: a chain is under way */
    size_t low;        /* every event before it is done */
    size_t next;       /* the next one of this step to look at */
    size_t step_end;   /* events before it may go */
    size_t chains;     /* under way */
    bool failed;
    struct error *error;
    uint64_t saved_ms;
};

struct chain { /* one member's walk through this step */
    struct run *run;
    uint32_t event;
    bool enrolling;
};

static void fail(struct run *run, enum error_code code, const char *text)
{
    if (!run->failed)
        error_set(run->error, code, "%s", text);
    run->failed = true;
}

/* ---- state file ---------------------------------------------------------------------------- */

static bool load_state(struct run *run)
{
    const char *path = run->options->state_path;
    if (!path || access(path, F_OK) != 0)
        return true;
    json_error_t why;
    json_t *state = json_load_file(path, 0, &why);
    char fingerprint[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&run->plan->fingerprint), fingerprint);
    const char *seen = json_string_value(json_object_get(state, "fingerprint"));
    json_int_t next = json_integer_value(json_object_get(state, "next"));
    bool ok = seen && strcmp(seen, fingerprint) == 0 && next >= 0 &&
              (uint64_t)next <= run->plan->event_count;
    json_decref(state);
    if (!ok)
        return error_set(
            run->error, ERROR_CONFLICT,
            "%s is of other files, another mapping or other rates. Remove it to begin from the "
            "start: what was decided before is recognised, never booked twice",
            path);
    run->low = (size_t)next;
    run->counts->resumed = (uint64_t)next;
    return true;
}

static void save_state(struct run *run)
{
    const char *path = run->options->state_path;
    char fingerprint[HASH_HEX_SIZE + 1];
    struct error error;
    if (!path)
        return;
    hex_encode(hash_as_bytes(&run->plan->fingerprint), fingerprint);
    json_t *state =
        json_pack("{s:s, s:I}", "fingerprint", fingerprint, "next", (json_int_t)run->low);
    char *text = json_dumps(state, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(state);
    if (text && !file_replace(path, 0600, bytes_text(text), &error))
        fail(run, error.code, error.text);
    free(text);
    run->saved_ms = cli_steady_ms();
}

/* ---- one event ----------------------------------------------------------------------------- */

static void go_on(struct chain *chain);
static void on_answer(void *context, const struct http_reply *reply);

static json_t *event_body(const struct import_plan *plan, const struct import_event *event)
{
    char member[MEMBER_TEXT_SIZE];
    char at[32];
    member_format(&plan->members[event->member], member);
    cli_time_format(event->time_ms, at);
    json_t *body = json_pack("{s:s, s:s}", "member", member, "at", at);
    const char *document = import_document(plan, event);
    if (event->amount_micro) {
        char amount[32];
        snprintf(amount, sizeof(amount), "%" PRId64 ".%06" PRId64, event->amount_micro / 1000000,
                 event->amount_micro % 1000000);
        json_object_set_new(body, "amount", json_string(amount));
    } else {
        json_object_set_new(body, "points", json_integer(event->points));
    }
    if (document)
        json_object_set_new(body, "document", json_string(document));
    return body;
}

static void send(struct chain *chain, const char *path, const char *key, json_t *body)
{
    struct run *run = chain->run;
    const struct import_event *event = &run->plan->events[chain->event];
    struct http_request request = {.target = &run->options->targets[event->partner], .key = key};
    snprintf(request.path, sizeof(request.path), "%s", path);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    must(text);
    request.body = text;
    http_start(run->http, &request, on_answer, chain);
    free(text);
}

static void send_event(struct chain *chain)
{
    struct run *run = chain->run;
    const struct import_event *event = &run->plan->events[chain->event];
    char key[80];
    if (event->type == IMPORT_EARN && !run->enrolled[event->member]) {
        char member[MEMBER_TEXT_SIZE];
        member_format(&run->plan->members[event->member], member);
        snprintf(key, sizeof(key), "member-%s", member);
        chain->enrolling = true;
        send(chain, "/v1/members", key, json_pack("{s:s}", "member", member));
        return;
    }
    import_key(run->plan, event, key);
    send(chain, event->type == IMPORT_EARN ? "/v1/earn" : "/v1/redeem", key,
         event_body(run->plan, event));
}

/* ---- answers ------------------------------------------------------------------------------- */

static void count_code(struct import_counts *counts, const char *code)
{
    size_t i = 0;
    while (i < counts->code_count && strcmp(counts->codes[i].code, code) != 0)
        i++;
    if (i == IMPORT_VERDICTS_MAX)
        return;
    if (i == counts->code_count) {
        snprintf(counts->codes[i].code, sizeof(counts->codes[i].code), "%.47s", code);
        counts->code_count++;
    }
    counts->codes[i].count++;
}

/* The allocations' sum: what an amount cost in points. */
static int64_t points_of(const struct import_event *event, const json_t *reply)
{
    int64_t points = 0;
    if (!event->amount_micro)
        return event->points;
    const json_t *allocations = json_object_get(reply, "allocations");
    for (size_t i = 0; i < json_array_size(allocations); i++)
        points += json_integer_value(json_object_get(json_array_get(allocations, i), "quantity"));
    return points;
}

static void count_accepted(struct run *run, const struct import_event *event, const json_t *reply)
{
    struct import_counts *counts = run->counts;
    counts->repeats += json_is_true(json_object_get(reply, "repeat"));
    counts->late += json_is_true(json_object_get(reply, "late"));
    if (event->type == IMPORT_EARN) {
        counts->earns++;
        counts->earned += (uint64_t)event->points;
    } else {
        counts->redemptions++;
        counts->spent += (uint64_t)points_of(event, reply);
    }
}

/* A refusal that the ledger recorded has an index; anything else is a mistake in the set-up. */
static bool is_verdict(const json_t *reply)
{
    return json_is_integer(json_object_get(reply, "index"));
}

static void take_event_answer(struct chain *chain, const struct http_reply *http,
                              const json_t *reply)
{
    struct run *run = chain->run;
    const struct import_event *event = &run->plan->events[chain->event];
    if (http->status == 200 || http->status == 201) {
        count_accepted(run, event, reply);
    } else if (is_verdict(reply)) {
        const char *code = json_string_value(json_object_get(reply, "code"));
        count_code(run->counts, code ? code : "refused");
        if (event->type == IMPORT_EARN)
            run->counts->refused_earns++;
        else
            run->counts->refused_redemptions++;
    } else {
        char text[512];
        http_problem_text(http->status, reply, text);
        fail(run, http->status == 202 || http->status == 503 ? ERROR_BUSY : ERROR_DENIED, text);
        return;
    }
    run->done[chain->event / 8] |= (uint8_t)(1 << (chain->event % 8));
    cli_progress_step(&run->progress, 1);
    chain->event = event->next;
}

static void take_enrol_answer(struct chain *chain, const struct http_reply *http,
                              const json_t *reply)
{
    struct run *run = chain->run;
    const char *code = json_string_value(json_object_get(reply, "code"));
    chain->enrolling = false;
    bool ok = http->status == 200 || http->status == 201;
    if (ok || (code && strcmp(code, "member-exists") == 0)) {
        run->enrolled[run->plan->events[chain->event].member] = 1;
        run->counts->members++;
        return;
    }
    char text[512];
    http_problem_text(http->status, reply, text);
    fail(run, http->status == 202 || http->status == 503 ? ERROR_BUSY : ERROR_DENIED, text);
}

static void on_answer(void *context, const struct http_reply *reply)
{
    struct chain *chain = (struct chain *)context;
    if (reply->status == 0) {
        fail(chain->run, ERROR_BUSY, reply->text);
    } else {
        json_t *json = json_loadb((const char *)reply->body.at, reply->body.size, 0, NULL);
        if (chain->enrolling)
            take_enrol_answer(chain, reply, json);
        else
            take_event_answer(chain, reply, json);
        json_decref(json);
    }
    go_on(chain);
}

static void go_on(struct chain *chain)
{
    struct run *run = chain->run;
    bool stop = run->failed || (run->options->interrupted && *run->options->interrupted);
    if (!stop && chain->event != UINT32_MAX && chain->event < run->step_end) {
        send_event(chain);
        return;
    }
    run->chains--;
    free(chain);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void start_chains(struct run *run)
{
    while (run->next < run->step_end && run->chains < run->options->parallel && !run->failed) {
        size_t place = run->next++;
        uint32_t member = run->plan->events[place].member;
        if (run->busy[member])
            continue; /* an earlier event of this step has it in its chain */
        run->busy[member] = 1;
        struct chain *chain = (struct chain *)allocate(1, sizeof(*chain));
        *chain = (struct chain){.run = run, .event = (uint32_t)place};
        run->chains++;
        send_event(chain);
    }
}

static bool interrupted(const struct run *run)
{
    return run->options->interrupted && *run->options->interrupted;
}

static bool run_step(struct run *run, size_t begin, size_t end)
{
    run->next = begin;
    run->step_end = end;
    for (size_t i = begin; i < end; i++)
        run->busy[run->plan->events[i].member] = 0;
    for (;;) {
        if (!interrupted(run))
            start_chains(run);
        if (run->chains == 0)
            break;
        http_turn(run->http, 1000);
        while (run->low < end && (run->done[run->low / 8] >> (run->low % 8) & 1))
            run->low++;
        if (cli_steady_ms() - run->saved_ms > SAVE_EVERY_MS)
            save_state(run);
    }
    if (interrupted(run))
        fail(run, ERROR_BUSY, "interrupted");
    return !run->failed;
}

static bool ledger_time(struct run *run, uint64_t *time_ms_out)
{
    int status;
    json_t *reply;
    if (!http_ask(run->http, run->options->admin, "/v1/coalition", NULL, NULL, &status, &reply,
                  run->error))
        return false;
    const char *text = json_string_value(json_object_get(reply, "ledger_time"));
    bool ok = text && cli_time_parse(text, time_ms_out);
    json_decref(reply);
    return ok || error_set(run->error, ERROR_INVALID, "the node does not tell its ledger time");
}

static bool move_clock(struct run *run, uint64_t to_ms)
{
    char key[64];
    char text[32];
    char why[512];
    int status;
    json_t *reply;
    cli_time_format(to_ms, text);
    snprintf(key, sizeof(key), "clock-%s", text);
    if (!http_ask(run->http, run->options->admin, "/v1/clock", key, json_pack("{s:s}", "to", text),
                  &status, &reply, run->error))
        return false;
    http_problem_text(status, reply, why);
    json_decref(reply);
    return status == 200 || status == 201 ||
           error_set(run->error, ERROR_DENIED, "ledger time could not be moved to %s: %.300s", text,
                     why);
}

static bool run_days(struct run *run)
{
    const struct import_plan *plan = run->plan;
    uint64_t now_ms;
    if (!ledger_time(run, &now_ms))
        return false;
    while (run->low < plan->event_count) {
        uint64_t day = plan->events[run->low].time_ms / day_ms;
        uint64_t end_ms = (day + 1) * day_ms - 1000;
        size_t begin = run->low;
        size_t end = begin;
        while (end < plan->event_count && plan->events[end].time_ms / day_ms == day)
            end++;
        /* Time also passes by itself: what is reached already is not asked for. */
        if (end_ms > now_ms + 1000 && !move_clock(run, end_ms))
            return false;
        if (!run_step(run, begin, end))
            return false;
    }
    return true;
}

bool import_run(const struct import_plan *plan, const struct import_options *options,
                struct import_counts *counts_out, struct error *error)
{
    struct run run = {.plan = plan, .options = options, .counts = counts_out, .error = error};
    memset(counts_out, 0, sizeof(*counts_out));
    if (!load_state(&run))
        return false;
    run.http = http_open(options->parallel, options->patience_ms);
    run.done = (uint8_t *)allocate(plan->event_count / 8 + 1, 1);
    run.enrolled = (uint8_t *)allocate(plan->member_count + 1, 1);
    run.busy = (uint8_t *)allocate(plan->member_count + 1, 1);
    cli_progress_init(&run.progress, "import", plan->event_count, options->progress);
    cli_progress_step(&run.progress, run.low);
    bool ok = options->admin ? run_days(&run) : run_step(&run, run.low, plan->event_count);
    cli_progress_end(&run.progress);
    if (options->state_path)
        save_state(&run);
    http_close(run.http);
    free(run.done);
    free(run.enrolled);
    free(run.busy);
    return ok && !run.failed;
}
