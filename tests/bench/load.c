#include "bench/load.h"

#include "bench/http_client.h"
#include "bench/zipf.h"
#include "protocol/codec.h"
#include "protocol/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_MAX = 48, HEX_MAX = 33, ANSWER_MAX = 1024, STUCK_MS = 60000 };

/* A request under way: items first..first+count-1, and how much of the answer was read. */
struct request {
    uint64_t first, count, began_us;
    uint64_t line;           /* of a batch: answered so far */
    char prefix[PREFIX_MAX]; /* of NDJSON: how the line at hand begins */
    size_t prefix_size;
    uint8_t part[ANSWER_MAX]; /* of CBOR: what came of the answer at hand */
    size_t part_size;
};

struct load {
    const struct load_target *target;
    const struct work_file *file;
    const struct load_run *run;
    struct load_model *model;
    struct load_result result;
    struct http_client *client;
    struct request requests[LOAD_CLIENTS_MAX];
    struct buffer body;
    uint64_t next, stop_us, now_ms; /* now_ms: the wall clock, which tills stamp with */
};

/* ---- items as JSON ------------------------------------------------------------------------- */

static void member_reference(uint32_t number, uint8_t reference_out[MEMBER_REF_SIZE])
{
    put_u64be(reference_out, mix64(number));
    put_u64be(reference_out + 8, number);
}

static void member_hex(uint32_t number, char hex_out[HEX_MAX])
{
    uint8_t reference[MEMBER_REF_SIZE];
    member_reference(number, reference);
    hex_encode(bytes_of(reference, sizeof(reference)), hex_out);
}

bool load_member_number(const char *hex, uint32_t *number_out)
{
    uint8_t reference[16];
    if (!hex || !hex_decode(bytes_text(hex), reference, sizeof(reference)))
        return false;
    uint64_t number = get_u64be(reference + 8);
    if (number > UINT32_MAX || get_u64be(reference) != mix64(number))
        return false;
    *number_out = (uint32_t)number;
    return true;
}

/* Of the member's balance; `number_out` whose. 0: it enrols. */
static int32_t points_of(const struct load *load, uint64_t place, uint32_t *number_out)
{
    if (load->run->kind == LOAD_MEMBERS) {
        *number_out = (uint32_t)(place / 2);
        return place % 2 ? WORK_START_POINTS : 0;
    }
    struct work work = work_file_at(load->file, place);
    *number_out = work.member;
    return work.points;
}

static void key_of(const struct load *load, uint64_t place, char key_out[HEX_MAX])
{
    if (load->run->kind == LOAD_MEMBERS)
        (void)snprintf(key_out, HEX_MAX, "start-%" PRIu64, place);
    else
        hex_encode(bytes_of(work_file_at(load->file, place).id, WORK_ID_SIZE), key_out);
}

static const char *type_of(int32_t points)
{
    return points == 0 ? "enrol" : points > 0 ? "earn" : "redeem";
}

/* By hand, piece by piece: the driver shares the processor with what it measures. */
static void put_number(struct buffer *out, uint32_t value)
{
    char digits[10];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buffer_append(out, bytes_of(digits + at, sizeof(digits) - at));
}

static void put_item(struct load *load, uint64_t place, bool in_batch)
{
    struct buffer *out = &load->body;
    char key[HEX_MAX], member[HEX_MAX];
    uint32_t number;
    int32_t points = points_of(load, place, &number);
    member_hex(number, member);
    if (in_batch) {
        key_of(load, place, key);
        buffer_append_text(out, "{\"type\":\"");
        buffer_append_text(out, type_of(points));
        buffer_append_text(out, "\",\"key\":\"");
        buffer_append_text(out, key);
        buffer_append_text(out, "\",\"member\":\"");
    } else {
        buffer_append_text(out, "{\"member\":\"");
    }
    buffer_append_text(out, member);
    buffer_append_text(out, "\"");
    if (points != 0) {
        buffer_append_text(out, ",\"points\":");
        put_number(out, (uint32_t)abs(points));
    }
    buffer_append_text(out, in_batch ? "}\n" : "}");
}

/* ---- items as CBOR, FORMAT.md section 3 ------------------------------------------------------ */

static void put_earn(struct buffer *out, const uint8_t member[MEMBER_REF_SIZE], int32_t points)
{
    codec_put_array(out, 4);
    codec_put_bytes(out, bytes_of(member, MEMBER_REF_SIZE));
    codec_put_uint(out, 0); /* eligible: the points */
    codec_put_null(out);    /* no basket */
    codec_put_array(out, 1);
    codec_put_array(out, 5);
    codec_put_int(out, points);
    codec_put_uint(out, 0); /* at once */
    codec_put_uint(out, 0); /* for ever, as the charter has it */
    codec_put_int(out, points);
    codec_put_array(out, 0); /* the writer pays all */
}

static void put_transaction(struct load *load, uint64_t place)
{
    struct buffer *out = &load->body;
    char key[HEX_MAX];
    uint8_t member[MEMBER_REF_SIZE];
    uint32_t number;
    int32_t points = points_of(load, place, &number);
    member_reference(number, member);
    key_of(load, place, key);
    codec_put_array(out, 6);
    codec_put_uint(out, points == 0  ? TRANSACTION_ENROL
                        : points > 0 ? TRANSACTION_EARN
                                     : TRANSACTION_REDEEM);
    codec_put_uint(out, load->now_ms);
    codec_put_text(out, bytes_text(key));
    codec_put_text(out, bytes_text("")); /* no document */
    codec_put_uint(out, 0);
    if (points > 0) {
        put_earn(out, member, points);
        return;
    }
    codec_put_array(out, points == 0 ? 1 : 3);
    codec_put_bytes(out, bytes_of(member, sizeof(member)));
    if (points != 0) {
        codec_put_int(out, -points);
        codec_put_int(out, 0); /* no amount */
    }
}

/* ---- requests ------------------------------------------------------------------------------ */

static void put_request(struct load *load, size_t client, const char *path, const char *key)
{
    struct buffer *out = http_client_request(load->client, client);
    size_t node = client % load->target->count;
    buffer_printf(out,
                  "POST /v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                  "Content-Type: application/%s\r\nContent-Length: %zu\r\n",
                  path, load->target->tokens[node],
                  key                 ? "json"
                  : load->run->ndjson ? "x-ndjson"
                                      : "cbor-seq",
                  load->body.size);
    if (key)
        buffer_printf(out, "Idempotency-Key: %s\r\n", key);
    buffer_append_text(out, "\r\n");
    buffer_append(out, buffer_bytes(&load->body));
}

static void send_next(struct load *load, size_t client)
{
    uint64_t now = steady_us(), left = load->run->end - load->next;
    uint64_t wanted = load->run->lines ? load->run->lines : 1;
    if (left == 0 || (load->run->limit_us && now >= load->stop_us))
        return;
    struct request *request = &load->requests[client];
    *request = (struct request){
        .first = load->next, .count = left < wanted ? left : wanted, .began_us = now};
    load->next += request->count;
    buffer_clear(&load->body);
    load->now_ms = cli_wall_ms();
    for (uint64_t i = 0; i < request->count; i++)
        if (load->run->lines && !load->run->ndjson)
            put_transaction(load, request->first + i);
        else
            put_item(load, request->first + i, load->run->lines > 0);
    if (load->run->lines) {
        put_request(load, client, "batch", NULL);
    } else {
        char key[HEX_MAX];
        uint32_t number;
        int32_t points = points_of(load, request->first, &number);
        key_of(load, request->first, key);
        put_request(load, client, points == 0 ? "members" : type_of(points), key);
    }
    request->began_us = steady_us();
    http_client_send(load->client, client);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void settle(struct load *load, uint64_t place, int status)
{
    if (status == 200) {
        uint32_t number;
        int32_t points = points_of(load, place, &number);
        load->model->balances[number] += points;
        load->result.accepted++;
    } else if (status == 409 || status == 422) {
        load->result.refused++;
    } else {
        load->result.failed++;
        load->result.first_failed = (uint64_t)status;
    }
}

/* {"line":N,"status":S,... : any other beginning counts as failed. */
static void settle_line(struct load *load, struct request *request)
{
    static const char first[] = "{\"line\":", second[] = ",\"status\":";
    request->prefix[request->prefix_size] = '\0';
    char *at = request->prefix, *end;
    int status = 0;
    if (strncmp(at, first, sizeof(first) - 1) == 0 &&
        strtoull(at + sizeof(first) - 1, &end, 10) == request->line + 1 &&
        strncmp(end, second, sizeof(second) - 1) == 0)
        status = (int)strtol(end + sizeof(second) - 1, NULL, 10);
    if (request->line < request->count)
        settle(load, request->first + request->line, status);
    request->line++;
    request->prefix_size = 0;
}

/* [line, status, ...]: any other beginning counts as failed. */
static void settle_item(struct load *load, struct request *request, struct bytes item)
{
    struct codec_reader reader;
    codec_reader_init(&reader, item);
    codec_get_array(&reader, 3, 5);
    uint64_t line = codec_get_uint(&reader, LOAD_LINES_MAX);
    int status = (int)codec_get_uint(&reader, 999);
    if (reader.failed || line != request->line + 1)
        status = 0;
    if (request->line < request->count)
        settle(load, request->first + request->line, status);
    request->line++;
}

/* Whole answers from where they lie; of the last one, what came so far is kept. */
static void take_items(struct load *load, struct request *request, struct bytes piece)
{
    struct bytes item;
    while (piece.size > 0) {
        size_t before = request->part_size, room = ANSWER_MAX - before;
        size_t more = piece.size < room ? piece.size : room;
        if (before > 0)
            memcpy(request->part + before, piece.at, more);
        struct bytes from = before > 0 ? bytes_of(request->part, before + more) : piece;
        switch (codec_item(from, ANSWER_MAX, &item)) {
        case CODEC_ITEM_WHOLE:
            settle_item(load, request, item);
            piece = bytes_of(piece.at + (item.size - before), piece.size - (item.size - before));
            request->part_size = 0;
            break;
        case CODEC_ITEM_PART:
            if (before == 0)
                memcpy(request->part, piece.at, more);
            request->part_size += more;
            return;
        case CODEC_ITEM_NONE: /* the lines that are left count as failed */
            request->part_size = 0;
            return;
        }
    }
}

static void on_body(void *context, size_t client, struct bytes piece)
{
    struct load *load = (struct load *)context;
    struct request *request = &load->requests[client];
    if (!load->run->lines)
        return;
    if (!load->run->ndjson) {
        take_items(load, request, piece);
        return;
    }
    while (piece.size > 0) {
        const uint8_t *end = (const uint8_t *)memchr(piece.at, '\n', piece.size);
        size_t size = end ? (size_t)(end - piece.at) : piece.size;
        size_t room = PREFIX_MAX - 1 - request->prefix_size;
        size_t kept = size < room ? size : room;
        memcpy(request->prefix + request->prefix_size, piece.at, kept);
        request->prefix_size += kept;
        if (end)
            settle_line(load, request);
        size += end ? 1 : 0;
        piece = bytes_of(piece.at + size, piece.size - size);
    }
}

static void on_done(void *context, size_t client, int status)
{
    struct load *load = (struct load *)context;
    struct request *request = &load->requests[client];
    times_add(&load->result.times, steady_us() - request->began_us);
    if (!load->run->lines)
        settle(load, request->first, status);
    for (; load->run->lines && request->line < request->count; request->line++)
        settle(load, request->first + request->line, status == 200 ? 0 : status);
    send_next(load, client);
}

/* ---- a run --------------------------------------------------------------------------------- */

static bool connect_all(struct load *load, struct error *error)
{
    for (unsigned i = 0; i < load->run->clients; i++)
        if (!http_client_connect(load->client, load->target->ports[i % load->target->count], error))
            return false;
    return true;
}

static bool play(struct load *load, struct error *error)
{
    uint64_t start = steady_us(), heard = start;
    size_t answers = 0;
    load->stop_us = start + load->run->limit_us;
    for (unsigned i = 0; i < load->run->clients; i++)
        send_next(load, i);
    while (http_client_pending(load->client) > 0) {
        if (!http_client_turn(load->client, 1000, error))
            return false;
        if (load->result.times.count != answers)
            heard = steady_us();
        answers = load->result.times.count;
        if (steady_us() - heard > (uint64_t)STUCK_MS * 1000)
            return error_set(error, ERROR_BUSY, "no answer came for %d s", STUCK_MS / 1000);
    }
    load->result.seconds = (double)(steady_us() - start) / 1e6;
    load->model->accepted += load->result.accepted;
    load->model->refused += load->result.refused;
    return true;
}

bool load_run(const struct load_target *target, const struct work_file *file,
              const struct load_run *run, struct load_model *model, struct load_result *result_out,
              struct error *error)
{
    must(run->clients > 0 && run->clients <= LOAD_CLIENTS_MAX && run->lines <= LOAD_LINES_MAX);
    struct load *load = (struct load *)allocate(1, sizeof(*load));
    struct http_client_events events = {.context = load, .body = on_body, .done = on_done};
    *load = (struct load){
        .target = target, .file = file, .run = run, .model = model, .next = run->first};
    buffer_init(&load->body, HTTP_CLIENT_REQUEST_MAX - 4096);
    load->client = http_client_open(&events);
    bool ok = connect_all(load, error) && play(load, error);
    http_client_close(load->client);
    buffer_release(&load->body);
    if (ok)
        *result_out = load->result;
    else
        times_release(&load->result.times);
    free(load);
    return ok;
}
