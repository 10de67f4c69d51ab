/* Batches as a CBOR sequence (RFC 8742): transactions as they stand in the ledger, FORMAT.md
 * section 3, for programs that send thousands a second. What arrives goes into the lane byte for
 * byte, and the answers say what is known without reading the log again:
 *
 *     [line, status, verdict, index, repeat]    decided
 *     [line, 202, late]                         taken, and not decided yet
 *     [line, status, code, detail]              not taken
 *
 * A line is one item, counted from 1. */
#include "node/api_batch.h"

#include "protocol/codec.h"

#include <stdlib.h>

enum { CHUNK_LINES = 4096 };

static const char not_an_item[] =
    "Not the beginning of a transaction in its canonical form; what follows was not read.";

/* ---- items in ------------------------------------------------------------------------------- */

static bool item_take(struct api_call *call, struct bytes item)
{
    struct transaction transaction;
    struct error error;
    if (!transaction_decode(item, &transaction, &error)) {
        api_batch_refuse(call, PROBLEM_MALFORMED, error.text);
        return true;
    }
    if (!api_in_batch(transaction.type)) {
        api_batch_refuse(call, PROBLEM_FORBIDDEN, api_not_in_batch);
        return true;
    }
    if ((api_scopes_to_write(transaction.type) & call->scopes) == 0) {
        api_batch_refuse(call, PROBLEM_FORBIDDEN, "Another token may.");
        return true;
    }
    struct in_flight_owner owner = api_batch_owner(call);
    struct submission submission;
    api_submit_encoded(call->api, item, &transaction, &owner, &submission);
    return api_batch_submitted(call, &submission);
}

/* Where an item ends is known only from the items before it: after one that is none, nothing is. */
static void refuse_rest(struct api_call *call)
{
    call->batch->refused = true;
    api_batch_refuse(call, PROBLEM_MALFORMED, not_an_item);
}

/* An item that begins here, from where it lies unless it has to wait. Returns how much it took. */
static size_t feed_from_piece(struct api_call *call, struct bytes piece)
{
    struct bytes item;
    switch (codec_item(piece, TRANSACTION_SIZE_MAX, &item)) {
    case CODEC_ITEM_WHOLE:
        if (!api_batch_take(call, item))
            buffer_append(&call->batch->line, item);
        return item.size;
    case CODEC_ITEM_PART:
        buffer_append(&call->batch->line, piece);
        return piece.size;
    case CODEC_ITEM_NONE:
        refuse_rest(call);
        return piece.size;
    }
    must(!"an item of no kind");
}

/* The item of which a part came before. */
static size_t feed_to_line(struct api_call *call, struct bytes piece)
{
    struct buffer *line = &call->batch->line;
    struct bytes item;
    size_t before = line->size, room = TRANSACTION_SIZE_MAX - before;
    buffer_append(line, bytes_of(piece.at, piece.size < room ? piece.size : room));
    switch (codec_item(buffer_bytes(line), TRANSACTION_SIZE_MAX, &item)) {
    case CODEC_ITEM_WHOLE:
        line->size = item.size;
        if (api_batch_take(call, item))
            buffer_clear(line);
        return item.size - before;
    case CODEC_ITEM_PART:
        return line->size - before;
    case CODEC_ITEM_NONE:
        refuse_rest(call);
        return piece.size;
    }
    must(!"an item of no kind");
}

static size_t items_feed(struct api_call *call, struct bytes piece)
{
    struct api_batch *batch = call->batch;
    size_t used = 0;
    while (used < piece.size && !api_batch_blocked(batch) && !batch->refused) {
        struct bytes rest = bytes_of(piece.at + used, piece.size - used);
        used += batch->line.size > 0 ? feed_to_line(call, rest) : feed_from_piece(call, rest);
    }
    return used;
}

static void items_end(struct api_call *call)
{
    if (call->batch->line.size > 0)
        api_batch_refuse(call, PROBLEM_MALFORMED, "The last item is cut short.");
}

/* ---- answers out ---------------------------------------------------------------------------- */

static void item_refused(struct api_call *call, size_t number, const struct problem *problem,
                         struct buffer *out)
{
    (void)call;
    codec_put_array(out, 4);
    codec_put_uint(out, number);
    codec_put_uint(out, (uint64_t)problem_status(problem));
    codec_put_text(out, bytes_text(problem_word(problem)));
    codec_put_text(out, bytes_text(problem->detail));
}

static void write_decided(struct buffer *out, size_t number, const struct batch_line *line)
{
    codec_put_array(out, 5);
    codec_put_uint(out, number);
    codec_put_uint(out, (uint64_t)verdict_status((enum verdict)line->verdict));
    codec_put_uint(out, line->verdict);
    codec_put_uint(out, line->value);
    codec_put_bool(out, line->repeat);
}

static void write_accepted(struct buffer *out, size_t number, const struct batch_line *line)
{
    codec_put_array(out, 3);
    codec_put_uint(out, number);
    codec_put_uint(out, 202);
    codec_put_bool(out, line->late);
}

static void items_render(struct api_call *call)
{
    struct api_batch *batch = call->batch;
    size_t end =
        batch->count - batch->given < CHUNK_LINES ? batch->count : batch->given + CHUNK_LINES;
    for (; batch->given < end; batch->given++) {
        const struct batch_line *line = &batch->lines[batch->given];
        if (line->state == LINE_WAITING)
            return;
        if (line->state == LINE_DECIDED)
            write_decided(&batch->chunk, batch->given + 1, line);
        else if (line->state == LINE_ACCEPTED)
            write_accepted(&batch->chunk, batch->given + 1, line);
        else
            buffer_append(&batch->chunk, bytes_of(line->answer, line->value));
    }
}

const struct batch_form batch_cbor = {.media_type = "application/cbor-seq",
                                      .feed = items_feed,
                                      .end = items_end,
                                      .take = item_take,
                                      .refuse = item_refused,
                                      .render = items_render};
