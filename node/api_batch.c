/* Batches: many writes in one request, answered line by line in the same order.
 *
 * Lines go into the lane as they arrive; reading pauses while a window of them waits for the
 * coalition. What is kept of a line is 24 bytes. The answer begins when the request is complete:
 * HTTP/1.1 servers and clients of every kind agree on that, and none of them deadlocks. How lines
 * look is the form's business: api_batch_json.c, api_batch_cbor.c. */
#include "node/api_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE_MAX =
        256 * 512 * 1024,        /* rendered at a time, of the form whose answers are larger */
    PROBLEM_SIZE_MAX = 64 * 1024 /* FORM_MISTAKES_MAX of them, escaped */
};

bool api_batch_begin(struct api_call *call)
{
    if (call->api->batch_count >= API_BATCHES_MAX) {
        api_refuse(call, PROBLEM_BUSY, "%d batches are under way.", API_BATCHES_MAX);
        return false;
    }
    call->api->batches[call->api->batch_count++] = call;
    call->batch = allocate(1, sizeof(*call->batch));
    call->batch->form = api_media_type_is(call->request.content_type, batch_cbor.media_type)
                            ? &batch_cbor
                            : &batch_json;
    buffer_init(&call->batch->line, API_BATCH_LINE_MAX);
    buffer_init(&call->batch->chunk, CHUNK_SIZE_MAX);
    return true;
}

void api_batch_close(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    if (!batch)
        return;
    if (batch->owned > 0)
        in_flight_orphan_all(call->api->in_flight, call);
    for (size_t i = 0; i < batch->count; i++)
        free(batch->lines[i].answer);
    free(batch->lines);
    buffer_release(&batch->line);
    buffer_release(&batch->chunk);
    free(batch);
    call->batch = NULL;
    struct api *api = call->api;
    size_t place = 0;
    while (api->batches[place] != call)
        place++;
    api->batches[place] = api->batches[--api->batch_count];
}

const char api_not_in_batch[] =
    "What partners settle or agree upon is written one at a time, not in a batch.";

/* ---- lines in ------------------------------------------------------------------------------- */

static struct batch_line *line_new(struct api_batch *batch)
{
    batch->lines =
        array_grow(batch->lines, &batch->capacity, batch->count + 1, sizeof(*batch->lines));
    return &batch->lines[batch->count++];
}

void api_batch_problem(struct api_call *call, const struct problem *problem)
{
    struct buffer text;
    buffer_init(&text, PROBLEM_SIZE_MAX);
    call->batch->form->refuse(call, call->batch->count + 1, problem, &text);
    must(!text.overflowed);
    struct batch_line *line = line_new(call->batch);
    line->state = LINE_PROBLEM;
    line->value = text.size;
    line->answer = text.at;
    call->api->problem_counts[problem->code]++;
}

void api_batch_refuse(struct api_call *call, enum problem_code code, const char *detail)
{
    struct problem problem;
    problem_init(&problem, code);
    (void)snprintf(problem.detail, sizeof(problem.detail), "%s", detail);
    api_batch_problem(call, &problem);
}

struct in_flight_owner api_batch_owner(struct api_call *call)
{
    return (struct in_flight_owner){.call = call, .slot = (uint32_t)call->batch->count};
}

bool api_batch_submitted(struct api_call *call, const struct submission *submission)
{
    struct api_batch *batch = call->batch;
    struct batch_line *line;
    switch (submission->result) {
    case SUBMITTED_WAITS:
        line = line_new(batch);
        line->state = LINE_WAITING;
        line->late = submission->late;
        line->value = api_now(call->api);
        batch->waiting++;
        batch->owned++;
        return true;
    case SUBMITTED_DECIDED:
        line = line_new(batch);
        line->state = LINE_DECIDED;
        line->value = submission->index;
        line->verdict = (uint16_t)submission->verdict;
        line->repeat = true;
        return true;
    case SUBMITTED_REFUSED:
        api_batch_problem(call, &submission->problem);
        return true;
    case SUBMITTED_BUSY:
        return false;
    }
    must(!"a submission of no result");
}

bool api_batch_take(struct api_call *call, struct bytes line)
{
    struct api_batch *batch = call->batch;
    if (batch->count >= API_BATCH_LINES_MAX) {
        batch->refused = true;
        api_batch_refuse(call, PROBLEM_TOO_LARGE, "A batch has at most 100000 lines.");
    } else if (!batch->form->take(call, line)) {
        if (!batch->stalled)
            batch->stalled_ms = api_now(call->api);
        batch->stalled = true;
        return false;
    }
    batch->stalled = false;
    return true;
}

bool api_batch_blocked(const struct api_batch *batch)
{
    return batch->stalled || batch->waiting >= API_BATCH_WINDOW;
}

/* A line that is complete and waits for room comes before: its place is its own. */
static void refuse_too_large(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    batch->refused = true;
    batch->too_large = batch->stalled;
    if (!batch->stalled)
        api_batch_refuse(call, PROBLEM_TOO_LARGE,
                         "The batch is larger than this node takes; split it.");
}

size_t api_batch_feed(struct api_call *call, struct bytes piece)
{
    struct api_batch *batch = call->batch;
    size_t used = batch->form->feed(call, piece);
    batch->received += used;
    if (batch->received > call->api->config.batch_body_max && !batch->refused)
        refuse_too_large(call);
    if (batch->refused)
        return piece.size;
    batch->input_paused = used < piece.size;
    return used;
}

void api_batch_end(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    batch->ended = true;
    if (!batch->refused && !batch->stalled)
        batch->form->end(call);
    struct api_response response;
    api_response_init(&response, 200, batch->form->media_type);
    response.streams = true;
    api_respond(call, &response);
}

/* ---- what becomes of them ------------------------------------------------------------------- */

static void line_settle(struct api_batch *batch, struct batch_line *line, enum line_state state)
{
    must(line->state == LINE_WAITING);
    line->state = (uint8_t)state;
    batch->waiting--;
}

void api_batch_on_durable(struct api_call *call, uint32_t slot)
{
    struct batch_line *line = &call->batch->lines[slot];
    if (line->state == LINE_WAITING && line->late)
        line_settle(call->batch, line, LINE_ACCEPTED);
}

void api_batch_on_decided(struct api_call *call, uint32_t slot, uint64_t index,
                          enum verdict verdict, bool repeat)
{
    struct api_batch *batch = call->batch;
    struct batch_line *line = &batch->lines[slot];
    must(slot < batch->count && batch->owned > 0);
    batch->owned--;
    if (line->state != LINE_WAITING)
        return;
    line_settle(batch, line, LINE_DECIDED);
    line->value = index;
    line->verdict = (uint16_t)verdict;
    line->repeat = repeat;
}

static void expire_lines(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    uint64_t now = api_now(call->api);
    for (; batch->oldest < batch->count; batch->oldest++) {
        struct batch_line *line = &batch->lines[batch->oldest];
        if (line->state != LINE_WAITING)
            continue;
        if (now < line->value + API_ANSWER_MS)
            return;
        line_settle(batch, line, LINE_ACCEPTED);
    }
}

static void retry_stalled(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    if (!batch->stalled)
        return;
    if (api_now(call->api) >= batch->stalled_ms + API_ANSWER_MS) {
        api_batch_refuse(call, PROBLEM_BUSY, "The node had no room for it within 30 seconds.");
        batch->stalled = false;
    } else if (!api_batch_take(call, buffer_bytes(&batch->line))) {
        return;
    }
    buffer_clear(&batch->line);
    if (batch->too_large)
        refuse_too_large(call);
}

static bool output_ready(const struct api_batch *batch)
{
    return batch->chunk_at < batch->chunk.size ||
           (batch->given < batch->count && batch->lines[batch->given].state != LINE_WAITING) ||
           (batch->given == batch->count && batch->ended && !batch->stalled);
}

void api_batch_go_on(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    expire_lines(call);
    retry_stalled(call);
    bool input = batch->input_paused && !api_batch_blocked(batch);
    bool output = batch->output_paused && output_ready(batch);
    if (input)
        batch->input_paused = false;
    if (output)
        batch->output_paused = false;
    if (input || output)
        call->responder.wake(call->responder.context);
}

size_t api_batch_read(struct api_call *call, uint8_t *out, size_t size, bool *end_out)
{
    struct api_batch *batch = call->batch;
    *end_out = false;
    if (batch->chunk_at == batch->chunk.size && batch->given < batch->count) {
        buffer_clear(&batch->chunk);
        batch->chunk_at = 0;
        batch->form->render(call);
    }
    size_t left = batch->chunk.size - batch->chunk_at;
    if (left == 0) {
        *end_out = batch->given == batch->count && batch->ended && !batch->stalled;
        batch->output_paused = !*end_out;
        return 0;
    }
    size_t given = left < size ? left : size;
    memcpy(out, batch->chunk.at + batch->chunk_at, given);
    batch->chunk_at += given;
    return given;
}
