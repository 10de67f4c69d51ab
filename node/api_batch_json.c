/* Batches as NDJSON: a request's body with "type" and "key" a line; its answer is made from the log
 * when it is read. */
#include "node/api_batch.h"
#include "node/api_build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_LINES = 256, CHUNK_SIZE_MAX = CHUNK_LINES * 512 * 1024 };

/* ---- lines in ------------------------------------------------------------------------------- */

/* Takes "type" and "key" out of the object, which then is what a request of that type would send.
 */
static bool line_build(struct api_call *call, json_t *object, struct bytes *key,
                       struct built *built)
{
    enum transaction_type type;
    struct problem problem;
    const char *word = json_string_value(json_object_get(object, "type"));
    if (!word || !transaction_type_from_word(word, &type)) {
        api_batch_refuse(call, PROBLEM_MALFORMED, "The line's type is no type of transaction.");
    } else if (!api_in_batch(type)) {
        api_batch_refuse(call, PROBLEM_FORBIDDEN, api_not_in_batch);
    } else if ((api_scopes_to_write(type) & call->scopes) == 0) {
        api_batch_refuse(call, PROBLEM_FORBIDDEN, "Another token may.");
    } else if (!key->at) {
        api_batch_refuse(call, PROBLEM_KEY_MISSING, "The line needs a key.");
    } else if (!api_key_parse(*key, key)) {
        api_batch_refuse(call, PROBLEM_MALFORMED, "The key is not printable ASCII of 1 to 64.");
    } else {
        (void)json_object_del(object, "type");
        (void)json_object_del(object, "key");
        struct api_form form = {.type = type, .body = object, .key = *key};
        if (api_build(call->api, &form, built, &problem))
            return true;
        api_batch_problem(call, &problem);
    }
    return false;
}

static bool line_take(struct api_call *call, struct bytes text)
{
    struct error error;
    json_t *object;
    if (!form_parse(text, &object, &error)) {
        api_batch_refuse(call, PROBLEM_MALFORMED, error.text);
        return true;
    }
    struct built built;
    json_t *held = json_incref(json_object_get(object, "key"));
    struct bytes key = bytes_of(json_string_value(held), json_string_length(held));
    bool done = true;
    if (line_build(call, object, &key, &built)) {
        struct in_flight_owner owner = api_batch_owner(call);
        struct submission submission;
        api_submit(call->api, &built.transaction, &owner, &submission);
        done = api_batch_submitted(call, &submission);
        if (done)
            call->batch->lines[call->batch->count - 1].exchange = built.exchange;
        built_release(&built);
    }
    json_decref(held);
    json_decref(object);
    return done;
}

/* The buffered line is complete. */
static void line_complete(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    if (batch->skipping)
        api_batch_refuse(call, PROBLEM_TOO_LARGE, "A line has at most 16384 bytes.");
    else if (!api_batch_take(call, buffer_bytes(&batch->line)))
        return;
    batch->skipping = false;
    buffer_clear(&batch->line);
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

static size_t lines_feed(struct api_call *call, struct bytes piece)
{
    struct api_batch *batch = call->batch;
    size_t used = 0;
    while (used < piece.size && !api_batch_blocked(batch) && !batch->refused) {
        const uint8_t *from = piece.at + used;
        const uint8_t *mark = memchr(from, '\n', piece.size - used);
        size_t size = mark ? (size_t)(mark - from) : piece.size - used;
        line_append(batch, bytes_of(from, size));
        used += mark ? size + 1 : size;
        if (mark)
            line_complete(call);
    }
    return used;
}

static void lines_end(struct api_call *call)
{
    if (call->batch->line.size > 0 || call->batch->skipping)
        line_complete(call);
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
        api_exchange_write(&json, &call->batch->lines[item->line].exchange);
    } else {
        json_open_object(&json, "problem");
        api_refusal_write(call->api, &json, record, repeat, call->trace_id,
                          bytes_text("/v1/batch"));
        json_close_object(&json);
    }
    json_close_object(&json);
    buffer_append_byte(&chunk->scratch, '\n');
    item->size = chunk->scratch.size - item->offset;
}

static bool render_record(void *visitor, uint64_t index, struct bytes record)
{
    struct chunk *chunk = visitor;
    while (chunk->at < chunk->count && chunk->items[chunk->at].index == index)
        render_item(chunk, &chunk->items[chunk->at++], record);
    return true;
}

static void line_refused(struct api_call *call, size_t number, const struct problem *problem,
                         struct buffer *out)
{
    struct json_out json;
    json_out_init(&json, out);
    json_open_object(&json, NULL);
    json_put_uint(&json, "line", number);
    json_put_int(&json, "status", problem_status(problem));
    json_open_object(&json, "problem");
    problem_write(problem, &json, bytes_text("/v1/batch"), call->trace_id);
    json_close_object(&json);
    json_close_object(&json);
    buffer_append_byte(out, '\n');
}

static void render_problem(struct chunk *chunk, struct rendering *item, const struct error *error)
{
    struct api_call *call = chunk->call;
    struct problem problem;
    item->offset = chunk->scratch.size;
    if (!problem_init_lacking(&problem, error)) {
        problem_init(&problem, PROBLEM_INTERNAL);
        (void)snprintf(problem.detail, sizeof(problem.detail), "Record %" PRIu64 " cannot be read.",
                       item->index);
        if (call->api->config.warn)
            call->api->config.warn(call->api->config.context, error->text);
    }
    line_refused(call, item->line + 1, &problem, &chunk->scratch);
    call->api->problem_counts[problem.code]++;
    item->size = chunk->scratch.size - item->offset;
}

static void render_alone(struct chunk *chunk)
{
    struct error error = {.code = ERROR_CORRUPT, .text = "a decided record is missing"};
    size_t at = chunk->at;
    (void)!replica_records(chunk->call->api->config.replica, chunk->items[at].index, 1,
                           render_record, chunk, &error);
    if (chunk->at == at)
        render_problem(chunk, &chunk->items[chunk->at++], &error);
}

/* Neighbours in the log are read together, as in api_settle(); what one of them lacks is not the
 * others' fault. */
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
        (void)!replica_records(replica, from, chunk->items[last].index - from + 1, render_record,
                               chunk, &error);
        while (chunk->at <= last)
            render_alone(chunk);
    }
    qsort(chunk->items, chunk->count, sizeof(chunk->items[0]), by_line);
}

static void write_line(struct api_batch *batch, size_t number)
{
    struct batch_line *line = &batch->lines[number];
    if (line->state == LINE_PROBLEM)
        buffer_append(&batch->chunk, bytes_of(line->answer, line->value));
    else
        buffer_printf(&batch->chunk, "{\"line\":%zu,\"status\":202,\"late\":%s}\n", number + 1,
                      line->late ? "true" : "false");
}

static void render_chunk(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    struct chunk *chunk = allocate(1, sizeof(*chunk));
    size_t end = batch->given;
    chunk->call = call;
    buffer_init(&chunk->scratch, CHUNK_SIZE_MAX);
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
        buffer_append(&batch->chunk,
                      bytes_of(chunk->scratch.at + rendering->offset, rendering->size));
    }
    buffer_release(&chunk->scratch);
    free(chunk);
}

const struct batch_form batch_json = {.media_type = "application/x-ndjson",
                                      .feed = lines_feed,
                                      .end = lines_end,
                                      .take = line_take,
                                      .refuse = line_refused,
                                      .render = render_chunk};
