/* Reads of the log as JSON: by index, by key, in pages. */
#include "node/api_parts.h"

/* A seal carries only the hash of what time alone moved: it is told where this node keeps it. */
static void put_automatic(struct api *api, struct json_out *json, uint64_t index,
                          struct bytes record)
{
    struct record seal;
    struct buffer effects;
    if (!record_decode(record, &seal, NULL) || seal.kind != RECORD_KIND_SEAL)
        return;
    buffer_init(&effects, DISPUTE_EVIDENCE_MAX);
    if (replica_automatic(api->config.replica, index, &effects, NULL) && !effects.overflowed)
        api_automatic_write(api, json, buffer_bytes(&effects));
    buffer_release(&effects);
}

void api_get_transaction(struct api_call *call)
{
    struct api *api = call->api;
    struct error error;
    uint64_t index;
    if (!api_argument_number(call, 0, &index))
        return;
    struct buffer record, body;
    buffer_init(&record, RECORD_SIZE_MAX);
    if (!replica_record(api->config.replica, index, &record, &error)) {
        api_respond_error(call, &error);
    } else {
        struct json_out json;
        buffer_init(&body, API_RESPONSE_MAX);
        json_out_init(&json, &body);
        json_open_object(&json, NULL);
        api_record_write(api, &json, buffer_bytes(&record));
        put_automatic(api, &json, index, buffer_bytes(&record));
        json_close_object(&json);
        api_respond_json(call, &body);
    }
    buffer_release(&record);
}

/* The stored result, as the write itself was answered: refusals are results here, not problems. */
static void answer_decided(struct api_call *call, uint64_t index)
{
    struct api *api = call->api;
    struct error error;
    struct buffer record, body;
    buffer_init(&record, RECORD_SIZE_MAX);
    if (replica_record(api->config.replica, index, &record, &error)) {
        struct json_out json;
        buffer_init(&body, API_RESPONSE_MAX);
        json_out_init(&json, &body);
        json_open_object(&json, NULL);
        (void)api_result_write(api, &json, buffer_bytes(&record), false, false);
        json_close_object(&json);
        api_respond_json(call, &body);
    } else {
        api_respond_error(call, &error);
    }
    buffer_release(&record);
}

void api_get_by_key(struct api_call *call)
{
    struct api *api = call->api;
    struct bytes key;
    struct key_result result;
    if (!api_key_parse(bytes_text(call->arguments[0]), &key)) {
        api_refuse(call, PROBLEM_MALFORMED, "The path holds no idempotency key.");
        return;
    }
    if (state_key(api_state(api), api->partner, key, &result) &&
        result.index.v < api_status(api)->records) {
        answer_decided(call, result.index.v);
        return;
    }
    const struct in_flight_entry *entry = in_flight_find(api->in_flight, key);
    if (!entry) {
        api_refuse(call, PROBLEM_NOT_FOUND,
                   "Nothing was decided under this key, and this node remembers none. After a "
                   "restart it may still be in the lane.");
        return;
    }
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_text(&json, "key", key);
    json_put_word(&json, "status", "pending");
    json_put_bool(&json, "durable", entry->durable);
    json_put_time(&json, "at", entry->at_ms);
    json_close_object(&json);
    api_respond_json(call, &body);
}

struct page {
    struct api *api;
    struct json_out *json;
};

static bool page_record(void *visitor, uint64_t index, struct bytes record)
{
    struct page *page = visitor;
    (void)index;
    json_open_object(page->json, NULL);
    api_record_write(page->api, page->json, record);
    json_close_object(page->json);
    return true;
}

void api_get_transactions(struct api_call *call)
{
    struct api *api = call->api;
    struct error error;
    uint64_t from = 0, limit, size = api_status(api)->records;
    if (!api_page(call, "from", &from, &limit))
        return;
    struct buffer body;
    struct json_out json;
    struct page page = {.api = api, .json = &json};
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_open_array(&json, "transactions");
    if (from < size &&
        !replica_records(api->config.replica, from, limit, page_record, &page, &error)) {
        buffer_release(&body);
        api_respond_error(call, &error);
        return;
    }
    json_close_array(&json);
    api_put_next(&json, from < size && limit < size - from, from + limit);
    json_put_uint(&json, "records", size);
    json_close_object(&json);
    api_respond_json(call, &body);
}
