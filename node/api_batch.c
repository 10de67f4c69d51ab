/* Batches: writes as NDJSON, one a line, answered one a line in the same order.
 *
 * Lines go into the lane as they arrive; reading pauses while a window of them waits for the
 * coalition. What is kept of a line is 24 bytes; its answer is made from the log when it is read.
 * The answer begins when the request is complete: HTTP/1.1 servers and clients of every kind agree
 * on that, and none of them deadlocks. */
#include "node/api_build.h"
#include "node/api_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_LINES = 256, CHUNK_SIZE_MAX = CHUNK_LINES * 512 * 1024 };

enum line_state { LINE_WAITING, LINE_ACCEPTED, LINE_DECIDED, LINE_PROBLEM };
struct batch_line {
    uint64_t value; /* WAITING: since when; DECIDED: record index */
    char *problem;  /* PROBLEM: the document */
    uint16_t status;
    uint8_t state;
    bool repeat, late;
};

struct api_batch {
    struct buffer line; /* the one that is being read, or that is stalled */
    bool skipping;      /* it is too long: its rest is dropped */
    bool stalled;       /* complete, and the replica had no room */
    bool refused;       /* the batch is too large: the rest is dropped */
    bool ended;
    uint64_t stalled_ms;
    size_t received;
    struct batch_line *lines;
    size_t count, capacity;
    size_t waiting; /* lines in WAITING */
    size_t owned;   /* entries in flight that name this call */
    size_t oldest;  /* no line before it waits */
    size_t given;   /* lines rendered */
    bool input_paused, output_paused;
    struct buffer chunk;
    size_t chunk_at;
};

bool api_batch_begin(struct api_call *call)
{
    if (call->api->batch_count >= API_BATCHES_MAX) {
        api_refuse(call, PROBLEM_BUSY, "%d batches are under way.", API_BATCHES_MAX);
        return false;
    }
    call->api->batches[call->api->batch_count++] = call;
    call->batch = allocate(1, sizeof(*call->batch));
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
        free(batch->lines[i].problem);
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

/* ---- lines in ------------------------------------------------------------------------------- */

static struct batch_line *line_new(struct api_batch *batch)
{
    batch->lines =
        array_grow(batch->lines, &batch->capacity, batch->count + 1, sizeof(*batch->lines));
    return &batch->lines[batch->count++];
}

static void line_problem(struct api_call *call, const struct problem *problem)
{
    struct buffer text;
    struct json_out json;
    buffer_init(&text, API_BATCH_LINE_MAX);
    json_out_init(&json, &text);
    json_open_object(&json, NULL);
    problem_write(problem, &json, bytes_text("/v1/batch"), call->trace_id);
    json_close_object(&json);
    struct batch_line *line = line_new(call->batch);
    line->state = LINE_PROBLEM;
    line->status = (uint16_t)problem_status(problem);
    line->problem = allocate(text.size + 1, 1);
    memcpy(line->problem, text.at, text.size);
    buffer_release(&text);
    call->api->problem_counts[problem->code]++;
}

static void line_refuse(struct api_call *call, enum problem_code code, const char *detail)
{
    struct problem problem;
    problem_init(&problem, code);
    (void)snprintf(problem.detail, sizeof(problem.detail), "%s", detail);
    line_problem(call, &problem);
}

/* True unless the replica has no room: then the line is tried again later. */
static bool line_submit(struct api_call *call, const struct transaction *transaction)
{
    struct api_batch *batch = call->batch;
    struct submission submission;
    struct in_flight_owner owner = {.call = call, .slot = (uint32_t)batch->count};
    struct batch_line *line;
    api_submit(call->api, transaction, &owner, &submission);
    switch (submission.result) {
    case SUBMITTED_WAITS:
        line = line_new(batch);
        line->state = LINE_WAITING;
        line->late = submission.late;
        line->value = api_now(call->api);
        batch->waiting++;
        batch->owned++;
        return true;
    case SUBMITTED_DECIDED:
        line = line_new(batch);
        line->state = LINE_DECIDED;
        line->value = submission.index;
        line->repeat = true;
        return true;
    case SUBMITTED_REFUSED:
        line_problem(call, &submission.problem);
        return true;
    case SUBMITTED_BUSY:
        return false;
    }
    must(!"a submission of no result");
}

/* Takes "type" and "key" out of the object, which then is what a request of that type would send.
 */
static bool line_build(struct api_call *call, json_t *object, struct bytes *key,
                       struct built *built)
{
    enum transaction_type type;
    struct problem problem;
    const char *word = json_string_value(json_object_get(object, "type"));
    if (!word || !transaction_type_from_word(word, &type)) {
        line_refuse(call, PROBLEM_MALFORMED, "The line's type is no type of transaction.");
    } else if ((api_scopes_to_write(type) & call->scopes) == 0) {
        line_refuse(call, PROBLEM_FORBIDDEN, "Another token may.");
    } else if (!key->at) {
        line_refuse(call, PROBLEM_KEY_MISSING, "The line needs a key.");
    } else if (!api_key_parse(*key, key)) {
        line_refuse(call, PROBLEM_MALFORMED, "The key is not printable ASCII of 1 to 64.");
    } else {
        (void)json_object_del(object, "type");
        (void)json_object_del(object, "key");
        if (api_build(call->api, type, object, *key, NULL, false, built, &problem))
            return true;
        line_problem(call, &problem);
    }
    return false;
}

static bool line_take(struct api_call *call, struct bytes text)
{
    struct error error;
    json_t *object;
    if (!form_parse(text, &object, &error)) {
        line_refuse(call, PROBLEM_MALFORMED, error.text);
        return true;
    }
    struct built built;
    json_t *held = json_incref(json_object_get(object, "key"));
    struct bytes key = bytes_of(json_string_value(held), json_string_length(held));
    bool done = !line_build(call, object, &key, &built) || line_submit(call, &built.transaction);
    json_decref(held);
    json_decref(object);
    return done;
}

/* The buffered line is complete. */
static void line_complete(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    if (batch->skipping) {
        line_refuse(call, PROBLEM_TOO_LARGE, "A line has at most 16384 bytes.");
    } else if (batch->count >= API_BATCH_LINES_MAX) {
        batch->refused = true;
        line_refuse(call, PROBLEM_TOO_LARGE, "A batch has at most 100000 lines.");
    } else if (!line_take(call, buffer_bytes(&batch->line))) {
        if (!batch->stalled)
            batch->stalled_ms = api_now(call->api);
        batch->stalled = true;
        return;
    }
    batch->stalled = batch->skipping = false;
    buffer_clear(&batch->line);
}

static bool blocked(const struct api_batch *batch)
{
    return batch->stalled || batch->waiting >= API_BATCH_WINDOW;
}

static void line_append(struct api_batch *batch, struct bytes piece)
{
    if (batch->skipping || batch->line.size + piece.size > API_BATCH_LINE_MAX) {
        batch->skipping = true;
        buffer_clear(&batch->line);
    } else {
        buffer_append(&batch->line, piece);
    }
}

size_t api_batch_feed(struct api_call *call, struct bytes piece)
{
    struct api_batch *batch = call->batch;
    size_t used = 0;
    while (used < piece.size && !blocked(batch) && !batch->refused) {
        const uint8_t *from = piece.at + used;
        const uint8_t *mark = memchr(from, '\n', piece.size - used);
        size_t size = mark ? (size_t)(mark - from) : piece.size - used;
        line_append(batch, bytes_of(from, size));
        used += mark ? size + 1 : size;
        if (mark)
            line_complete(call);
    }
    batch->received += used;
    if (batch->received > call->api->config.batch_body_max && !batch->refused) {
        batch->refused = true;
        line_refuse(call, PROBLEM_TOO_LARGE, "The batch is larger than this node takes; split it.");
    }
    if (batch->refused)
        return piece.size;
    batch->input_paused = used < piece.size;
    return used;
}

void api_batch_end(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    batch->ended = true;
    if (!batch->refused && !batch->stalled && (batch->line.size > 0 || batch->skipping))
        line_complete(call);
    struct api_response response;
    api_response_init(&response, 200, "application/x-ndjson");
    response.streams = true;
    api_respond(call, &response);
}

/* ---- what becomes of them ------------------------------------------------------------------- */

static void line_settle(struct api_batch *batch, struct batch_line *line, enum line_state state)
{
    must(line->state == LINE_WAITING);
    line->state = (uint8_t)state;
    line->status = 202;
    batch->waiting--;
}

void api_batch_on_durable(struct api_call *call, uint32_t slot)
{
    struct batch_line *line = &call->batch->lines[slot];
    if (line->state == LINE_WAITING && line->late)
        line_settle(call->batch, line, LINE_ACCEPTED);
}

void api_batch_on_decided(struct api_call *call, uint32_t slot, uint64_t index, bool repeat)
{
    struct api_batch *batch = call->batch;
    struct batch_line *line = &batch->lines[slot];
    must(slot < batch->count && batch->owned > 0);
    batch->owned--;
    if (line->state != LINE_WAITING)
        return;
    line_settle(batch, line, LINE_DECIDED);
    line->value = index;
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
    if (api_now(call->api) < batch->stalled_ms + API_ANSWER_MS) {
        line_complete(call);
        return;
    }
    line_refuse(call, PROBLEM_BUSY, "The node had no room for it within 30 seconds.");
    batch->stalled = false;
    buffer_clear(&batch->line);
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
    bool input = batch->input_paused && !blocked(batch);
    bool output = batch->output_paused && output_ready(batch);
    if (input)
        batch->input_paused = false;
    if (output)
        batch->output_paused = false;
    if (input || output)
        call->responder.wake(call->responder.context);
}

/* ---- lines out ------------------------------------------------------------------------------ */

/* A decided line of the chunk under way, and where its rendering lies in the scratch buffer. */
struct rendering {
    uint64_t index;
    size_t line, offset, size;
};
struct chunk {
    struct api_call *call;
    struct buffer scratch;
    struct rendering items[CHUNK_LINES];
    size_t count, at;
};

static int by_index(const void *a, const void *b)
{
    const struct rendering *left = a, *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

static int by_line(const void *a, const void *b)
{
    const struct rendering *left = a, *right = b;
    return (left->line > right->line) - (left->line < right->line);
}

static void render_item(struct chunk *chunk, struct rendering *item, struct bytes record)
{
    struct api_call *call = chunk->call;
    enum verdict verdict = api_record_verdict(record);
    bool repeat = call->batch->lines[item->line].repeat;
    struct json_out json;
    item->offset = chunk->scratch.size;
    json_out_init(&json, &chunk->scratch);
    json_open_object(&json, NULL);
    json_put_uint(&json, "line", item->line + 1);
    json_put_int(&json, "status", verdict_status(verdict));
    if (verdict == VERDICT_ACCEPTED) {
        (void)api_result_write(call->api, &json, record, repeat, true);
    } else {
        json_open_object(&json, "problem");
        api_refusal_write(call->api, &json, record, repeat, call->trace_id,
                          bytes_text("/v1/batch"));
        json_close_object(&json);
    }
    json_close_object(&json);
    item->size = chunk->scratch.size - item->offset;
}

static bool render_record(void *visitor, uint64_t index, struct bytes record)
{
    struct chunk *chunk = visitor;
    while (chunk->at < chunk->count && chunk->items[chunk->at].index == index)
        render_item(chunk, &chunk->items[chunk->at++], record);
    return true;
}

/* Neighbours in the log are read together, as in api_settle(). An item that cannot be read stays
 * without a rendering. */
static void render_items(struct chunk *chunk)
{
    enum { GAP_MAX = 64 };
    struct replica *replica = chunk->call->api->config.replica;
    qsort(chunk->items, chunk->count, sizeof(chunk->items[0]), by_index);
    while (chunk->at < chunk->count) {
        size_t first = chunk->at, last = first;
        while (last + 1 < chunk->count &&
               chunk->items[last + 1].index - chunk->items[last].index <= GAP_MAX)
            last++;
        uint64_t from = chunk->items[first].index;
        struct error error;
        if (!replica_records(replica, from, chunk->items[last].index - from + 1, render_record,
                             chunk, &error) &&
            chunk->call->api->config.warn)
            chunk->call->api->config.warn(chunk->call->api->config.context, error.text);
        chunk->at = last + 1;
    }
    qsort(chunk->items, chunk->count, sizeof(chunk->items[0]), by_line);
}

static void write_line(struct api_batch *batch, size_t number)
{
    struct batch_line *line = &batch->lines[number];
    struct buffer *out = &batch->chunk;
    if (line->state == LINE_PROBLEM) {
        buffer_printf(out, "{\"line\":%zu,\"status\":%d,\"problem\":", number + 1, line->status);
        buffer_append_text(out, line->problem);
        buffer_append_text(out, "}\n");
        free(line->problem);
        line->problem = NULL;
    } else {
        buffer_printf(out, "{\"line\":%zu,\"status\":202,\"late\":%s}\n", number + 1,
                      line->late ? "true" : "false");
    }
}

static void render_chunk(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    struct chunk *chunk = allocate(1, sizeof(*chunk));
    size_t end = batch->given;
    chunk->call = call;
    buffer_init(&chunk->scratch, CHUNK_SIZE_MAX);
    buffer_clear(&batch->chunk);
    batch->chunk_at = 0;
    for (; end < batch->count && end - batch->given < CHUNK_LINES; end++) {
        if (batch->lines[end].state == LINE_WAITING)
            break;
        if (batch->lines[end].state == LINE_DECIDED)
            chunk->items[chunk->count++] =
                (struct rendering){.index = batch->lines[end].value, .line = end};
    }
    render_items(chunk);
    size_t item = 0;
    for (; batch->given < end; batch->given++) {
        if (batch->lines[batch->given].state != LINE_DECIDED) {
            write_line(batch, batch->given);
            continue;
        }
        const struct rendering *rendering = &chunk->items[item++];
        if (rendering->size > 0) {
            buffer_append(&batch->chunk,
                          bytes_of(chunk->scratch.at + rendering->offset, rendering->size));
            buffer_append_byte(&batch->chunk, '\n');
        } else {
            buffer_printf(&batch->chunk,
                          "{\"line\":%zu,\"status\":500,\"problem\":{\"type\":"
                          "\"urn:problem-type:accrue:internal\",\"title\":\"The node could not "
                          "read the record.\",\"status\":500,\"code\":\"internal\",\"index\":%llu}"
                          "}\n",
                          rendering->line + 1, (unsigned long long)rendering->index);
        }
    }
    buffer_release(&chunk->scratch);
    free(chunk);
}

size_t api_batch_read(struct api_call *call, uint8_t *out, size_t size, bool *end_out)
{
    struct api_batch *batch = call->batch;
    *end_out = false;
    if (batch->chunk_at == batch->chunk.size && batch->given < batch->count)
        render_chunk(call);
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
