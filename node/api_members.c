/* Reads about members: balance, lots, history, cards. */
#include "node/api_parts.h"
#include "node/card.h"

#include <stdlib.h>

/* Answers 404 and returns false where there is no such member. */
static bool known_member(struct api_call *call, struct member_ref *member_out,
                         struct balance *balance_out)
{
    if (!api_argument_member(call, member_out))
        return false;
    if (state_balance(api_state(call->api), member_out, balance_out))
        return true;
    struct problem problem;
    problem_init_verdict(&problem, VERDICT_UNKNOWN_MEMBER);
    api_respond_problem(call, &problem);
    return false;
}

static void body_begin(struct json_out *json, struct buffer *body)
{
    buffer_init(body, API_RESPONSE_MAX);
    json_out_init(json, body);
    json_open_object(json, NULL);
}

static void body_end(struct api_call *call, struct json_out *json)
{
    struct api *api = call->api;
    /* The state's own: it may be a height ahead of what is durable here. */
    json_put_time(json, "time", state_time_ms(api_state(api)));
    json_put_uint(json, "height", state_height(api_state(api)));
    if (api->charter->sandbox)
        json_put_bool(json, "sandbox", true);
    json_close_object(json);
    api_respond_json(call, json->out);
}

static void put_split(struct api *api, struct json_out *json, const struct lot_view *lot)
{
    json_open_array(json, "split");
    for (size_t i = 0; i < lot->split->count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, lot->split->funders[i].partner));
        json_put_int(json, "bp", lot->split->funders[i].bp);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_lot(struct api *api, struct json_out *json, const struct lot_view *lot)
{
    json_open_object(json, NULL);
    json_put_uint(json, "lot", lot->number.v);
    json_put_word(json, "issuer", api_partner_name(api, lot->issuer));
    json_put_uint(json, "earn", lot->earn.v);
    json_put_int(json, "quantity", lot->quantity.v);
    json_put_int(json, "remaining", lot->pools[POOL_REMAINING].v);
    json_put_int(json, "held", lot->pools[POOL_HELD].v);
    json_put_int(json, "pending", lot->pools[POOL_PENDING].v);
    if (lot->activates_ms)
        json_put_time(json, "activates", lot->activates_ms);
    else
        json_put_null(json, "activates");
    if (lot->expires_ms)
        json_put_time(json, "expires", lot->expires_ms);
    else
        json_put_null(json, "expires");
    put_split(api, json, lot);
    json_close_object(json);
}

static void put_next(struct json_out *json, bool more, uint64_t next)
{
    char text[24];
    if (!more) {
        json_put_null(json, "next");
        return;
    }
    struct buffer digits;
    buffer_init(&digits, sizeof(text));
    buffer_printf(&digits, "%llu", (unsigned long long)next);
    json_put_text(json, "next", buffer_bytes(&digits));
    buffer_release(&digits);
}

/* "lots" from place `skip` on, and "next". */
static void put_lots(struct api *api, struct json_out *json, const struct member_ref *member,
                     uint64_t skip, uint64_t limit)
{
    struct lot_view *lots = allocate(limit + 1, sizeof(*lots));
    size_t count = state_lots(api_state(api), member, skip, lots, limit + 1);
    json_open_array(json, "lots");
    for (size_t i = 0; i < count && i < limit; i++)
        put_lot(api, json, &lots[i]);
    json_close_array(json);
    put_next(json, count > limit, skip + limit);
    free(lots);
}

void api_get_member(struct api_call *call)
{
    struct member_ref member;
    struct balance balance;
    struct buffer body;
    struct json_out json;
    if (!known_member(call, &member, &balance))
        return;
    body_begin(&json, &body);
    api_balance_write(call->api, &json, &member, &balance);
    put_lots(call->api, &json, &member, 0, API_PAGE_DEFAULT);
    body_end(call, &json);
}

void api_get_member_lots(struct api_call *call)
{
    struct member_ref member;
    struct balance balance;
    struct buffer body;
    struct json_out json;
    uint64_t skip = 0, limit;
    if (!known_member(call, &member, &balance) || !api_page(call, "cursor", &skip, &limit))
        return;
    body_begin(&json, &body);
    json_put_member(&json, "member", &member);
    put_lots(call->api, &json, &member, skip, limit);
    body_end(call, &json);
}

void api_get_member_transactions(struct api_call *call)
{
    struct api *api = call->api;
    struct member_ref member;
    struct balance balance;
    struct error error;
    uint64_t before = UINT64_MAX, limit, indexes[API_PAGE_MAX + 1];
    size_t count;
    if (!known_member(call, &member, &balance) || !api_page(call, "cursor", &before, &limit))
        return;
    if (!replica_member_records(api->config.replica, &member, before, limit + 1, indexes, &count,
                                &error)) {
        if (error.code == ERROR_LIMIT)
            api_refuse(call, PROBLEM_MALFORMED, "Send the cursor that the page before gave.");
        else
            api_respond_error(call, &error);
        return;
    }
    struct buffer body, record;
    struct json_out json;
    body_begin(&json, &body);
    buffer_init(&record, RECORD_SIZE_MAX);
    json_put_member(&json, "member", &member);
    json_open_array(&json, "transactions");
    bool good = true;
    for (size_t i = 0; i < count && i < limit && good; i++) {
        buffer_clear(&record);
        good = replica_record(api->config.replica, indexes[i], &record, &error);
        if (!good)
            break;
        json_open_object(&json, NULL);
        api_record_write(api, &json, buffer_bytes(&record));
        json_close_object(&json);
    }
    buffer_release(&record);
    if (!good) {
        buffer_release(&body);
        api_respond_error(call, &error);
        return;
    }
    json_close_array(&json);
    put_next(&json, count > limit, count > limit ? indexes[limit - 1] : 0);
    const struct replica_gap *gap = &api_status(api)->gap;
    json_put_bool(&json, "history_whole", gap->snapshot.height == 0 && gap->pruned_height == 0);
    body_end(call, &json);
}

static void lookup(struct api_call *call, json_t *object)
{
    struct api *api = call->api;
    struct form_mistakes mistakes = {.count = 0};
    struct form form;
    struct bytes number;
    struct card_token token;
    struct member_ref member;
    struct error error;
    form_init(&form, object, "", &mistakes);
    if (form_text(&form, "number", 1, 2 * CARD_NUMBER_MAX, &number)) {
        if (!card_token(api->config.secret, number, &token, &error))
            form_wrong(&form, "number", error.text);
    } else if (!form_has(&form, "number")) {
        form_missing(&form, "number");
    }
    form_finish(&form);
    struct problem problem;
    if (mistakes.count > 0) {
        problem_init(&problem, PROBLEM_MALFORMED);
        problem.mistakes = mistakes;
        api_respond_problem(call, &problem);
    } else if (!state_card(api_state(api), &token, &member)) {
        problem_init_verdict(&problem, VERDICT_UNKNOWN_CARD);
        api_respond_problem(call, &problem);
    } else {
        struct buffer body;
        struct json_out json;
        body_begin(&json, &body);
        json_put_member(&json, "member", &member);
        body_end(call, &json);
    }
}

void api_card_lookup(struct api_call *call)
{
    struct error error;
    json_t *object;
    if (!form_parse(buffer_bytes(&call->body), &object, &error)) {
        api_refuse(call, PROBLEM_MALFORMED, "%s", error.text);
        return;
    }
    lookup(call, object);
    json_decref(object);
}

void api_get_balances(struct api_call *call)
{
    const struct state *state = api_state(call->api);
    uint64_t place = 0, limit;
    struct buffer body;
    struct json_out json;
    if (!api_page(call, "cursor", &place, &limit))
        return;
    uint64_t count = state_member_count(state);
    body_begin(&json, &body);
    json_open_array(&json, "balances");
    uint64_t end = place < count && limit < count - place ? place + limit : count;
    for (; place < end; place++) {
        struct member_ref member = state_member_at(state, place);
        struct balance balance;
        if (!state_balance(state, &member, &balance))
            continue;
        json_open_object(&json, NULL);
        api_balance_write(call->api, &json, &member, &balance);
        json_close_object(&json);
    }
    json_close_array(&json);
    put_next(&json, end < count, end);
    json_put_uint(&json, "members", count);
    body_end(call, &json);
}
