#include "node/witness_http.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 2 * NOTE_SIZE_MAX };

struct call {
    struct witness_http *witness;
    struct api_responder responder;
    bool adds, answered;
    struct buffer body;
};

static const char plain[] = "text/plain; charset=utf-8";

/* ---- answers -------------------------------------------------------------------------------- */

static struct api_response response_of(int status, const char *content_type)
{
    struct api_response response = {.status = status, .content_type = content_type};
    buffer_init(&response.body, ANSWER_MAX);
    return response;
}

static void answer(struct call *call, struct api_response *response)
{
    must(!call->answered);
    call->answered = true;
    response->cache_control = "no-store";
    call->responder.respond(call->responder.context, response);
}

static void refuse(struct call *call, int status, const char *text)
{
    struct api_response response = response_of(status, plain);
    buffer_printf(&response.body, "%s\n", text);
    answer(call, &response);
}

static void refuse_method(struct call *call, const char *allow)
{
    struct api_response response = response_of(405, plain);
    response.allow = allow;
    buffer_printf(&response.body, "the method is %s\n", allow);
    answer(call, &response);
}

/* ---- cosigning ------------------------------------------------------------------------------ */

static void tell(struct witness_http *witness, const struct witness_event *event)
{
    if (event->failed)
        witness->failures++;
    else
        witness->verdicts[event->verdict]++;
    if (witness->config.told)
        witness->config.told(witness->config.context, event);
}

/* A clock that was set back does not make the witness say so. */
static uint64_t time_of(const struct witness_http *witness, const struct witness_held *held)
{
    uint64_t now_s = witness->config.clock_s(witness->config.context);
    return now_s > held->time_s ? now_s : held->time_s;
}

/* What is held already is signed again without a write: anybody may repeat a published checkpoint,
 * and writes are dear. */
static bool cosign(struct witness_http *witness, const struct checkpoint *checkpoint,
                   const struct witness_held *held, struct bytes note, struct buffer *line_out,
                   struct error *error)
{
    struct witness_folder *folder = witness->config.folder;
    uint64_t time_s = time_of(witness, held);
    if (checkpoint->size > held->size)
        return witness_folder_cosign(folder, checkpoint, note, time_s, line_out, error);
    witness_folder_cosign_again(folder, note, time_s, line_out);
    return true;
}

/* The verdict on a body; when it is good, the cosignature is kept and appended. */
static struct witness_event judge(struct witness_http *witness, struct bytes body,
                                  struct buffer *line_out)
{
    const struct witness_http_config *config = &witness->config;
    struct witness_event event = {.failed = false};
    struct witness_request request;
    struct witness_held held;
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    event.verdict =
        witness_read(body, config->logs, config->log_count, &request, &event.checkpoint, &note);
    if (event.verdict == WITNESS_COSIGNED) {
        event.old_size = request.old_size;
        event.failed =
            !witness_folder_held(config->folder, event.checkpoint.origin, &held, &event.error);
    }
    if (event.verdict == WITNESS_COSIGNED && !event.failed) {
        event.held_size = held.size;
        event.verdict = witness_judge(&request, &event.checkpoint, &held);
        if (event.verdict == WITNESS_COSIGNED)
            event.failed = !cosign(witness, &event.checkpoint, &held, buffer_bytes(&note), line_out,
                                   &event.error);
    }
    buffer_release(&note);
    return event;
}

static void add_checkpoint(struct call *call)
{
    struct api_response response = response_of(200, plain);
    struct witness_event event = judge(call->witness, buffer_bytes(&call->body), &response.body);
    if (event.failed) {
        response.status = 500;
        buffer_append_text(&response.body, "the checkpoint cannot be kept here\n");
    } else {
        response.status = witness_status(event.verdict);
        if (event.verdict == WITNESS_STALE) {
            response.content_type = "text/x.tlog.size";
            buffer_printf(&response.body, "%" PRIu64 "\n", event.held_size);
        } else if (event.verdict != WITNESS_COSIGNED) {
            buffer_printf(&response.body, "%s\n", witness_reason(event.verdict));
        }
    }
    tell(call->witness, &event);
    answer(call, &response);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void get_health(struct call *call)
{
    struct api_response response = response_of(200, plain);
    buffer_append_text(&response.body, "ok\n");
    answer(call, &response);
}

static void get_metrics(struct call *call)
{
    const struct witness_http *witness = call->witness;
    struct api_response response = response_of(200, "text/plain; version=0.0.4; charset=utf-8");
    buffer_append_text(&response.body,
                       "# HELP accrue_witness_requests_total Requests to cosign, by what was said "
                       "to them.\n"
                       "# TYPE accrue_witness_requests_total counter\n");
    for (int i = 0; i < WITNESS_VERDICT_COUNT; i++)
        buffer_printf(&response.body,
                      "accrue_witness_requests_total{status=\"%d\",verdict=\"%s\"} %" PRIu64 "\n",
                      witness_status((enum witness_verdict)i),
                      witness_word((enum witness_verdict)i), witness->verdicts[i]);
    buffer_printf(&response.body,
                  "# HELP accrue_witness_failures_total Checkpoints that could not be kept.\n"
                  "# TYPE accrue_witness_failures_total counter\n"
                  "accrue_witness_failures_total %" PRIu64 "\n",
                  witness->failures);
    answer(call, &response);
}

static void get_checkpoint(struct call *call, const struct hash *origin_hash)
{
    struct error error;
    struct api_response response = response_of(200, plain);
    if (witness_folder_note(call->witness->config.folder, origin_hash, &response.body, &error)) {
        answer(call, &response);
        return;
    }
    buffer_release(&response.body);
    if (error.code == ERROR_NOT_FOUND)
        refuse(call, 404, "nothing was cosigned of a log with this origin");
    else
        refuse(call, 500, "the checkpoint cannot be read here");
}

/* "/<64 hex digits>/checkpoint" */
static bool monitoring_path(struct bytes path, struct hash *origin_hash_out)
{
    static const char rest[] = "/checkpoint";
    return path.size == 1 + HASH_HEX_SIZE + sizeof(rest) - 1 && path.at[0] == '/' &&
           memcmp(path.at + 1 + HASH_HEX_SIZE, rest, sizeof(rest) - 1) == 0 &&
           hex_decode(bytes_of(path.at + 1, HASH_HEX_SIZE), origin_hash_out->at, HASH_SIZE);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void route(struct call *call, const struct api_request *request)
{
    struct hash origin_hash;
    bool gets = bytes_equal(request->method, bytes_text("GET")) ||
                bytes_equal(request->method, bytes_text("HEAD"));
    bool adds = bytes_equal(request->target, bytes_text("/add-checkpoint"));
    bool health = bytes_equal(request->target, bytes_text("/healthz"));
    bool metrics = bytes_equal(request->target, bytes_text("/metrics"));
    bool monitors = monitoring_path(request->target, &origin_hash);
    if (!adds && !health && !metrics && !monitors)
        refuse(call, 404, "there is nothing here");
    else if (adds && !bytes_equal(request->method, bytes_text("POST")))
        refuse_method(call, "POST");
    else if (adds)
        call->adds = true;
    else if (!gets)
        refuse_method(call, "GET, HEAD");
    else if (health)
        get_health(call);
    else if (metrics)
        get_metrics(call);
    else
        get_checkpoint(call, &origin_hash);
}

static void *begin(void *context, const struct api_request *request,
                   const struct api_responder *responder)
{
    struct call *call = (struct call *)allocate(1, sizeof(*call));
    call->witness = (struct witness_http *)context;
    call->responder = *responder;
    buffer_init(&call->body, WITNESS_BODY_MAX);
    route(call, request);
    return call;
}

static size_t body_max(const void *context)
{
    return ((const struct call *)context)->adds ? WITNESS_BODY_MAX : 0;
}

static void too_large(void *context)
{
    struct call *call = (struct call *)context;
    if (!call->answered)
        refuse(call, 413, "the body is too large");
}

static size_t feed(void *context, struct bytes piece)
{
    struct call *call = (struct call *)context;
    if (call->answered)
        return piece.size;
    buffer_append(&call->body, piece);
    if (call->body.overflowed)
        too_large(call);
    return piece.size;
}

static void end(void *context)
{
    struct call *call = (struct call *)context;
    if (!call->answered)
        add_checkpoint(call);
}

static void close_call(void *context)
{
    struct call *call = (struct call *)context;
    if (!call)
        return;
    buffer_release(&call->body);
    free(call);
}

const struct http_handler witness_http_handler = {.begin = begin,
                                                  .body_max = body_max,
                                                  .too_large = too_large,
                                                  .feed = feed,
                                                  .end = end,
                                                  .close = close_call};

void witness_http_init(struct witness_http *witness, const struct witness_http_config *config)
{
    *witness = (struct witness_http){.config = *config};
}
