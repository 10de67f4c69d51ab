/* Writes: a key, a body, a place in the lane, and an answer when the coalition has decided. */
#include "node/api_build.h"
#include "node/api_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- submitting ----------------------------------------------------------------------------- */

bool api_key_parse(struct bytes header, struct bytes *key_out)
{
    if (header.size >= 2 && header.at[0] == '"' && header.at[header.size - 1] == '"') {
        header = bytes_of(header.at + 1, header.size - 2);
        if (header.size > 0 &&
            (memchr(header.at, '"', header.size) || memchr(header.at, '\\', header.size)))
            return false;
    }
    if (header.size == 0 || header.size > KEY_SIZE_MAX)
        return false;
    for (size_t i = 0; i < header.size; i++)
        if (header.at[i] < 0x21 || header.at[i] > 0x7e)
            return false;
    *key_out = header;
    return true;
}

static bool read_record(void *context, uint64_t index, struct buffer *record_out,
                        struct error *error)
{
    struct api *api = context;
    if (index >= api_status(api)->records)
        return error_set(error, ERROR_NOT_FOUND, "record %" PRIu64, index);
    return replica_record(api->config.replica, index, record_out, error);
}

static bool read_automatic(void *context, uint64_t index, struct buffer *effects_out,
                           struct error *error)
{
    return replica_automatic(((struct api *)context)->config.replica, index, effects_out, error);
}

static bool read_path(void *context, uint64_t index, uint64_t size, struct hash path_out[64],
                      size_t *count_out, struct error *error)
{
    return replica_prove_inclusion(((struct api *)context)->config.replica, index, size, path_out,
                                   count_out, error);
}

/* The transaction that was decided when this key was first used; it borrows from the bytes. NULL in
 * first_out: none was, or it reads as none. False: that record is not here by right, so it cannot
 * be told whether this is a repeat. */
static bool first_of_key(struct api *api, struct bytes key, struct buffer *bytes,
                         struct transaction *room, const struct transaction **first_out,
                         struct problem *problem_out)
{
    struct key_result result;
    struct record record;
    struct error error = {.code = ERROR_NONE};
    *first_out = NULL;
    if (!state_key(api_state(api), api->partner, key, &result))
        return true;
    bool read = replica_record(api->config.replica, result.index.v, bytes, &error);
    if (read && record_decode(buffer_bytes(bytes), &record, NULL) &&
        record.kind == RECORD_KIND_TRANSACTION &&
        transaction_decode(record.transaction, room, NULL))
        *first_out = room;
    return read || !problem_init_lacking(problem_out, &error);
}

bool api_build(struct api *api, const struct api_form *form, struct built *built_out,
               struct problem *problem_out)
{
    struct transaction first;
    struct buffer bytes;
    struct build_input input = {.charter = api->charter,
                                .state = api_state(api),
                                .partner = api->partner,
                                .secret = api->config.secret,
                                .key = form->key,
                                .at_ms = replica_ledger_now_ms(api->config.replica, api_now(api)),
                                .member = form->member,
                                .lone = form->lone,
                                .settle = form->settle,
                                .deal = form->deal,
                                .context = api,
                                .record = read_record,
                                .automatic = read_automatic,
                                .prove = read_path};
    buffer_init(&bytes, RECORD_SIZE_MAX);
    /* A repeat whose till names no time is built with that of the first, and so alike. */
    const struct in_flight_entry *entry = in_flight_find(api->in_flight, form->key);
    bool good = true;
    if (entry)
        input.at_ms = entry->at_ms;
    else
        good = first_of_key(api, form->key, &bytes, &first, &input.first, problem_out);
    if (input.first)
        input.at_ms = first.at_ms;
    good = good && build_transaction(&input, form->type, form->body, built_out, problem_out);
    buffer_release(&bytes);
    return good;
}

static void refused(struct submission *out, enum problem_code code, const char *detail)
{
    out->result = code == PROBLEM_BUSY ? SUBMITTED_BUSY : SUBMITTED_REFUSED;
    problem_init(&out->problem, code);
    (void)snprintf(out->problem.detail, sizeof(out->problem.detail), "%s", detail);
    if (code == PROBLEM_BUSY || code == PROBLEM_NO_QUORUM || code == PROBLEM_STOPPING)
        out->problem.retry_after_s = 1;
}

static void refused_by_standing(enum replica_standing standing, struct submission *out)
{
    out->result = SUBMITTED_REFUSED;
    api_standing_problem(standing, &out->problem);
}

static void reused(struct submission *out)
{
    out->result = SUBMITTED_REFUSED;
    problem_init_verdict(&out->problem, VERDICT_KEY_REUSED);
}

/* True when the key was used before: the submission says with what result. */
static bool used_before(struct api *api, struct bytes key, const struct hash *client,
                        struct submission *out)
{
    struct key_result result = {.index = {0}};
    const struct in_flight_entry *entry = in_flight_find(api->in_flight, key);
    if (!entry && !state_key(api_state(api), api->partner, key, &result))
        return false;
    if (!hash_equal(entry ? &entry->client : &result.client, client)) {
        reused(out);
    } else if (entry || result.index.v >= api_status(api)->records) {
        /* What is executed and not yet durable is not told. */
        refused(out, PROBLEM_IN_FLIGHT, "Ask for it at /v1/transactions/by-key.");
    } else {
        out->result = SUBMITTED_DECIDED;
        out->index = result.index.v;
        out->verdict = result.verdict;
    }
    return true;
}

static void into_the_lane(struct api *api, struct bytes bytes, const struct transaction *decoded,
                          const struct hash *client, const struct in_flight_owner *owner,
                          struct submission *out)
{
    struct in_flight_entry *entry =
        in_flight_add(api->in_flight, decoded->key, client, decoded->at_ms, owner);
    if (!entry) {
        refused(out, PROBLEM_BUSY, "Too many transactions wait for the coalition.");
        return;
    }
    struct error error;
    uint64_t token = entry->token;
    if (replica_submit_decoded(api->config.replica, bytes, token, api_now(api), &error)) {
        out->result = SUBMITTED_WAITS;
        out->token = token;
        api->config.kick(api->config.context);
        return;
    }
    in_flight_remove(api->in_flight, entry);
    if (error.code == ERROR_DENIED && api_standing(api) != REPLICA_WRITES)
        refused_by_standing(api_standing(api), out);
    else if (error.code == ERROR_BUSY)
        refused(out, PROBLEM_BUSY, "Too many transactions wait for a batch.");
    else
        refused(out, PROBLEM_MALFORMED, error.text);
}

void api_submit_encoded(struct api *api, struct bytes bytes, const struct transaction *decoded,
                        const struct in_flight_owner *owner, struct submission *out)
{
    const struct replica_status *status = api_status(api);
    struct hash client = transaction_client(decoded);
    if (used_before(api, decoded->key, &client, out))
        ; /* out says how */
    else if (status->stopped || api->draining)
        refused(out, PROBLEM_STOPPING, "Ask another node, or this one later.");
    else if (api_standing(api) != REPLICA_WRITES)
        refused_by_standing(api_standing(api), out);
    else if (!status->has_quorum && decoded->type != TRANSACTION_EARN)
        refused(out, PROBLEM_NO_QUORUM, "Only earns are taken while cut off; nothing was written.");
    else
        into_the_lane(api, bytes, decoded, &client, owner, out);
    out->late = !status->has_quorum;
}

void api_submit(struct api *api, const struct transaction *transaction,
                const struct in_flight_owner *owner, struct submission *out)
{
    struct buffer bytes;
    struct transaction decoded;
    struct error error;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(transaction, &bytes);
    if (bytes.overflowed)
        refused(out, PROBLEM_TOO_LARGE, "The transaction is larger than a record may carry.");
    else if (!transaction_decode(buffer_bytes(&bytes), &decoded, &error))
        refused(out, PROBLEM_MALFORMED, error.text);
    else
        api_submit_encoded(api, buffer_bytes(&bytes), &decoded, owner, out);
    buffer_release(&bytes);
}

/* ---- answering ------------------------------------------------------------------------------ */

void api_accepted(struct api_call *call, struct bytes key)
{
    struct api_response response;
    api_response_init(&response, 202, "application/json");
    struct json_out json;
    json_out_init(&json, &response.body);
    struct buffer location;
    buffer_init(&location, sizeof(response.location) * 2);
    buffer_append_text(&location, "/v1/transactions/by-key/");
    for (size_t i = 0; i < key.size; i++) {
        uint8_t byte = key.at[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                     (byte >= 'A' && byte <= 'Z') || strchr("-._~", byte);
        buffer_printf(&location, plain ? "%c" : "%%%02X", byte);
    }
    _Static_assert(sizeof(response.location) > 24 + 1, "room for the path");
    if (location.size < sizeof(response.location))
        (void)snprintf(response.location, sizeof(response.location), "%s", buffer_text(&location));
    json_open_object(&json, NULL);
    json_put_text(&json, "key", key);
    json_put_word(&json, "type", transaction_type_word(call->route->type));
    json_put_word(&json, "status", "accepted");
    json_put_bool(&json, "late", call->late);
    json_put_word(&json, "location", buffer_text(&location));
    api_exchange_write(&json, &call->exchange);
    json_close_object(&json);
    buffer_release(&location);
    response.preference_applied = call->async;
    api_respond(call, &response);
}

static void write_cards(struct api_call *call, struct json_out *json)
{
    if (call->part_count < 2)
        return;
    json_open_array(json, "cards");
    for (size_t i = 1; i < call->part_count; i++) {
        char key[33];
        struct key_result result;
        build_card_key(call->key, i, key);
        json_open_object(json, NULL);
        if (state_key(api_state(call->api), call->api->partner, bytes_text(key), &result)) {
            json_put_word(json, "verdict", verdict_word(result.verdict));
            json_put_uint(json, "index", result.index.v);
        }
        json_close_object(json);
    }
    json_close_array(json);
}

void api_write_answer(struct api_call *call, struct bytes record)
{
    enum verdict verdict = api_record_verdict(record);
    bool repeat = call->parts[0].repeat;
    struct api_response response;
    bool fine = verdict == VERDICT_ACCEPTED;
    api_response_init(&response, verdict_status(verdict),
                      fine ? "application/json" : "application/problem+json");
    struct json_out json;
    json_out_init(&json, &response.body);
    json_open_object(&json, NULL);
    if (fine) {
        (void)api_result_write(call->api, &json, record, repeat, false);
        write_cards(call, &json);
        api_exchange_write(&json, &call->exchange);
    } else {
        api_refusal_write(call->api, &json, record, repeat, call->trace_id, call->request.target);
    }
    json_close_object(&json);
    api_respond(call, &response);
}

static void answer_when_decided(struct api_call *call)
{
    for (size_t i = 0; i < call->part_count; i++)
        if (call->parts[i].state != PART_DECIDED)
            return;
    struct api *api = call->api;
    api->decided = array_grow(api->decided, &api->decided_capacity, api->decided_count + 1,
                              sizeof(*api->decided));
    api->decided[api->decided_count++] =
        (struct decided){.call = call, .index = call->parts[0].index};
    api->config.kick(api->config.context);
}

void api_write_on_durable(struct api_call *call)
{
    call->durable = true;
    if (!call->answered && (call->async || call->late))
        api_accepted(call, call->key);
}

void api_write_on_decided(struct api_call *call, uint32_t slot, uint64_t index, bool repeat)
{
    must(slot < call->part_count);
    call->parts[slot] =
        (struct write_part){.state = PART_DECIDED, .index = index, .repeat = repeat};
    if (!call->answered)
        answer_when_decided(call);
}

/* ---- one request ---------------------------------------------------------------------------- */

/* Part `slot` of the call; false when it was answered with a problem. */
static bool submit_part(struct api_call *call, const struct transaction *transaction, uint32_t slot)
{
    struct submission submission;
    struct in_flight_owner owner = {.call = call, .slot = slot};
    api_submit(call->api, transaction, &owner, &submission);
    switch (submission.result) {
    case SUBMITTED_WAITS:
        call->parts[slot] = (struct write_part){.state = PART_WAITING, .token = submission.token};
        call->late = call->late || submission.late;
        break;
    case SUBMITTED_DECIDED:
        call->parts[slot] =
            (struct write_part){.state = PART_DECIDED, .index = submission.index, .repeat = true};
        break;
    case SUBMITTED_REFUSED:
    case SUBMITTED_BUSY:
        api_respond_problem(call, &submission.problem);
        return false;
    }
    call->part_count = slot + 1;
    return true;
}

static bool submit_parts(struct api_call *call, struct built *built)
{
    if (!submit_part(call, &built->transaction, 0))
        return false;
    for (size_t i = 0; i < built->card_count; i++) {
        char key[33];
        build_card_key(call->key, i + 1, key);
        struct transaction link = {.type = TRANSACTION_CARD_LINK,
                                   .at_ms = built->transaction.at_ms,
                                   .key = bytes_text(key)};
        link.body.card_link.member = built->transaction.body.enrol.member;
        link.body.card_link.card = built->cards[i];
        if (!submit_part(call, &link, (uint32_t)i + 1))
            return false;
    }
    return true;
}

static bool prefers_async(struct bytes header)
{
    static const char want[] = "respond-async";
    for (size_t i = 0; i + sizeof(want) - 1 <= header.size; i++)
        if (memcmp(header.at + i, want, sizeof(want) - 1) == 0)
            return true;
    return false;
}

/* What the path says; false when it was answered with a problem. */
static bool take_path(struct api_call *call, struct api_form *form, struct member_ref *member)
{
    enum settle_step step;
    if (form->type == TRANSACTION_CARD_LINK) {
        form->member = member;
        return api_argument_member(call, member);
    }
    form->settle.approver = call->asker;
    if (form->type == TRANSACTION_CONTRACT_SIGN || form->type == TRANSACTION_CONTRACT_WITHDRAW ||
        form->type == TRANSACTION_CONTRACT_END)
        return api_argument_contract(call, &form->deal.number);
    if (!transaction_is_settle(form->type, &step))
        return true;
    return api_argument_period(call, &form->settle.period) &&
           (step < SETTLE_PAY || api_argument_payment(call, &form->settle.payment));
}

static void submit_body(struct api_call *call, json_t *body)
{
    struct member_ref member;
    struct built built;
    struct problem problem;
    struct api_form form = {
        .type = call->route->type, .body = body, .key = call->key, .lone = true};
    if (!take_path(call, &form, &member))
        return;
    if (!api_build(call->api, &form, &built, &problem)) {
        api_respond_problem(call, &problem);
        return;
    }
    call->exchange = built.exchange;
    if (submit_parts(call, &built)) {
        call->deadline_ms = api_now(call->api) + API_ANSWER_MS;
        answer_when_decided(call);
    }
    built_release(&built);
}

void api_write_end(struct api_call *call)
{
    struct error error;
    json_t *body;
    call->async = prefers_async(call->request.prefer);
    if (!call->request.idempotency_key.at)
        api_refuse(call, PROBLEM_KEY_MISSING, "Send Idempotency-Key with a fresh, unique value.");
    else if (!api_key_parse(call->request.idempotency_key, &call->key))
        api_refuse(call, PROBLEM_MALFORMED,
                   "An Idempotency-Key has 1 to %d characters of printable ASCII without blanks.",
                   KEY_SIZE_MAX);
    else if (!form_parse(buffer_bytes(&call->body), &body, &error))
        api_refuse(call, PROBLEM_MALFORMED, "%s", error.text);
    else {
        submit_body(call, body);
        json_decref(body);
    }
}
