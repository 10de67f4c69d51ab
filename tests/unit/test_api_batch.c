// links: node
// also: sim/disk.c
/* Batches, in both their forms. */
#include "node/replica_parts.h"
#include "node/time_text.h"
#include "protocol/codec.h"
#include "unit/api_world.h"

#define NDJSON "application/x-ndjson"
#define CBOR   "application/cbor-seq"

static struct api_call *batch_begin(struct world *world, const char *type)
{
    struct api_request request = request_of("POST", "/v1/batch", "till", NULL);
    request.content_type = bytes_text(type);
    struct api_responder responder = {
        .context = &world->answer, .respond = on_respond, .wake = on_wake};
    forget(&world->answer);
    return api_begin(world->api, &request, &responder);
}

static void batch_end(struct world *world, struct api_call *call, struct buffer *out)
{
    bool end = false;
    api_end(call);
    for (int i = 0; i < 100000 && !end; i++) {
        uint8_t chunk[1000];
        size_t size = api_read(call, chunk, sizeof(chunk), &end);
        buffer_append(out, bytes_of(chunk, size));
        if (size == 0 && !end)
            step(world, 20);
    }
    CHECK(end);
    api_call_close(call);
}

static void batch(struct world *world, const char *type, struct bytes body, size_t piece,
                  struct buffer *out)
{
    struct api_call *call = batch_begin(world, type);
    size_t at = 0;
    for (int i = 0; i < 100000 && at < body.size; i++) {
        size_t size = body.size - at < piece ? body.size - at : piece;
        size_t taken = api_feed(call, bytes_of(body.at + at, size));
        at += taken;
        if (taken < size)
            step(world, 20);
    }
    CHECK_INT(at, body.size);
    batch_end(world, call, out);
    CHECK_INT(world->answer.status, 200);
    CHECK(world->answer.streams);
    CHECK_TEXT(world->answer.type, type);
}

CASE(a_batch_answers_each_line_in_order)
{
    struct world *world = world_with_member();
    const char *body =
        "{\"type\":\"earn\",\"key\":\"b1\",\"member\":\"" MEMBER "\",\"points\":10}\n"
        "{\"type\":\"redeem\",\"key\":\"b2\",\"member\":\"" MEMBER "\",\"points\":4}\n"
        "{\"type\":\"redeem\",\"key\":\"b3\",\"member\":\"" MEMBER "\",\"points\":40}\n"
        "not json\n"
        "\n"
        "{\"type\":\"adjust\",\"key\":\"b4\"}\n"
        "{\"type\":\"earn\",\"member\":\"" MEMBER "\",\"points\":10}\n"
        "{\"type\":\"earn\",\"key\":\"b1\",\"member\":\"" MEMBER "\",\"points\":10}\n"
        "{\"type\":\"earn\",\"key\":\"b9\",\"member\":\"" MEMBER "\",\"points\":1}";
    const int statuses[] = {200, 200, 409, 400, 400, 403, 400, 0, 200};
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        struct buffer out;
        buffer_init(&out, 1 << 20);
        batch(world, NDJSON, bytes_text(body), piece, &out);
        const char *rest = buffer_text(&out);
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
            const char *mark = strchr(rest, '\n');
            REQUIRE(mark);
            json_t *line = json_loadb(rest, (size_t)(mark - rest), JSON_REJECT_DUPLICATES, NULL);
            REQUIRE(line);
            CHECK_INT(json_integer_value(json_object_get(line, "line")), i + 1);
            if (statuses[i])
                CHECK_INT(json_integer_value(json_object_get(line, "status")), statuses[i]);
            json_decref(line);
            rest = mark + 1;
        }
        CHECK_INT(strlen(rest), 0);
        buffer_release(&out);
    }
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 7); /* repeats gave nothing more */
    world_close(world);
}

/* A line tells the rate of its own purchase. */
CASE(lines_of_purchases_say_their_rates)
{
    static const char *const rates[] = {"0.0871", NULL, NULL};
    static const int statuses[] = {200, 200, 409};
    struct world *world = world_with_member();
    CHECK_INT(ask(world, "POST", "/v1/exchange-rates", "office", "x1",
                  "{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"0.0871\"}]}"),
              200);
    const char *body =
        "{\"type\":\"earn\",\"key\":\"b1\",\"member\":\"" MEMBER "\",\"points\":10,"
        "\"purchase\":{\"amount\":\"249\",\"currency\":\"SEK\"}}\n"
        "{\"type\":\"earn\",\"key\":\"b2\",\"member\":\"" MEMBER "\",\"points\":10}\n"
        "{\"type\":\"earn\",\"key\":\"b3\",\"member\":\"" MEMBER "\",\"points\":10,"
        "\"purchase\":{\"amount\":\"249\",\"currency\":\"NOK\"}}\n";
    struct buffer out;
    buffer_init(&out, 1 << 20);
    batch(world, NDJSON, bytes_text(body), 4096, &out);
    const char *rest = buffer_text(&out);
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        const char *mark = strchr(rest, '\n');
        REQUIRE(mark);
        json_t *line = json_loadb(rest, (size_t)(mark - rest), JSON_REJECT_DUPLICATES, NULL);
        json_t *rate = json_object_get(json_object_get(line, "exchange"), "rate");
        CHECK_INT(json_integer_value(json_object_get(line, "status")), statuses[i]);
        CHECK_TEXT(rate ? json_string_value(rate) : "", rates[i] ? rates[i] : "");
        json_decref(line);
        rest = mark + 1;
    }
    buffer_release(&out);
    world_close(world);
}

CASE(a_long_batch_stays_within_its_window)
{
    enum { LINES = 6000 };
    struct world *world = world_with_member();
    struct buffer body, out;
    buffer_init(&body, 8 << 20);
    buffer_init(&out, 16 << 20);
    for (int i = 0; i < LINES; i++)
        buffer_printf(
            &body, "{\"type\":\"earn\",\"key\":\"w%d\",\"member\":\"" MEMBER "\",\"points\":1}\n",
            i);
    batch(world, NDJSON, buffer_bytes(&body), 65536, &out);
    size_t lines = 0;
    for (size_t i = 0; i < out.size; i++)
        lines += out.at[i] == '\n';
    CHECK_INT(lines, LINES);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), LINES);
    buffer_release(&body);
    buffer_release(&out);
    world_close(world);
}

CASE(a_client_that_leaves_harms_nothing)
{
    struct world *world = world_with_member();
    struct api_responder responder = {
        .context = &world->answer, .respond = on_respond, .wake = on_wake};
    struct api_request request = request_of("POST", "/v1/batch", "till", NULL);
    forget(&world->answer);
    struct api_call *call = api_begin(world->api, &request, &responder);
    const char *body =
        "{\"type\":\"earn\",\"key\":\"g1\",\"member\":\"" MEMBER "\",\"points\":3}\n";
    CHECK_INT(api_feed(call, bytes_text(body)), strlen(body));
    api_call_close(call);
    request = request_of("POST", "/v1/earn", "till", "g2");
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text("{\"member\":\"" MEMBER "\",\"points\":4}"),
                         &world->answer));
    for (int i = 0; i < 20; i++)
        step(world, 20);
    CHECK(!world->answer.given);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 7);
    world_close(world);
}

/* ---- CBOR ---------------------------------------------------------------------------------- */

static uint64_t ledger_now(const struct world *world)
{
    return replica_ledger_now_ms(world->replica, world->now_ms);
}

static struct transaction earn_of(const struct world *world, const char *key, int64_t points)
{
    struct transaction t = {
        .type = TRANSACTION_EARN, .at_ms = ledger_now(world), .key = bytes_text(key)};
    t.body.earn.lot_count = 1;
    t.body.earn.lots[0].quantity.v = points;
    CHECK(hex_decode(bytes_text(MEMBER), t.body.earn.member.at, MEMBER_REF_SIZE));
    return t;
}

static struct transaction redeem_of(const struct world *world, const char *key, int64_t points)
{
    struct transaction t = {
        .type = TRANSACTION_REDEEM, .at_ms = ledger_now(world), .key = bytes_text(key)};
    t.body.redeem.points.v = points;
    CHECK(hex_decode(bytes_text(MEMBER), t.body.redeem.member.at, MEMBER_REF_SIZE));
    return t;
}

struct item_answer {
    uint64_t line, status, verdict, index;
    bool repeat;
    char code[64];
};

/* The next answer, taken off `rest`. */
static struct item_answer next_answer(struct bytes *rest)
{
    struct item_answer answer = {.line = 0};
    struct bytes item = {0};
    struct codec_reader reader;
    REQUIRE(codec_item(*rest, 4096, &item) == CODEC_ITEM_WHOLE);
    *rest = bytes_of(rest->at + item.size, rest->size - item.size);
    codec_reader_init(&reader, item);
    size_t count = codec_get_array(&reader, 3, 5);
    answer.line = codec_get_uint(&reader, UINT32_MAX);
    answer.status = codec_get_uint(&reader, 999);
    if (count == 5) {
        answer.verdict = codec_get_uint(&reader, UINT16_MAX);
        answer.index = codec_get_uint(&reader, UINT64_MAX);
        answer.repeat = codec_get_bool(&reader);
    } else if (count == 4) {
        struct bytes code = codec_get_text(&reader, 1, sizeof(answer.code) - 1);
        memcpy(answer.code, code.at, code.size);
        (void)codec_get_text(&reader, 0, 1000);
    } else {
        (void)codec_get_bool(&reader);
    }
    CHECK(codec_finish(&reader, "answer", NULL));
    return answer;
}

static void put(struct buffer *body, struct transaction t)
{
    transaction_encode(&t, body);
}

/* Whatever the pieces that it arrives in. */
CASE(a_cbor_batch_answers_each_item_in_order)
{
    const struct {
        uint64_t status;
        enum verdict verdict;
        const char *code;
    } wanted[] = {{200, VERDICT_ACCEPTED, ""},
                  {200, VERDICT_ACCEPTED, ""},
                  {409, VERDICT_INSUFFICIENT, ""},
                  {400, 0, "malformed"},
                  {403, 0, "forbidden"},
                  {200, VERDICT_ACCEPTED, ""},
                  {422, 0, ""},
                  {400, 0, "malformed"}};
    struct world *world = world_with_member();
    struct buffer body, out;
    struct transaction adjust = {
        .type = TRANSACTION_ADJUST, .at_ms = ledger_now(world), .key = bytes_text("c4")};
    adjust.body.adjust.delta.v = 1;
    adjust.body.adjust.reason = adjust.body.adjust.approver = bytes_text("me");
    buffer_init(&body, 65536);
    put(&body, earn_of(world, "c1", 10));
    put(&body, redeem_of(world, "c2", 4));
    put(&body, redeem_of(world, "c3", 40));
    codec_put_array(&body, 1); /* an item, and no transaction */
    codec_put_uint(&body, 7);
    put(&body, adjust);
    put(&body, earn_of(world, "c9", 1));
    put(&body, earn_of(world, "m1", 10)); /* enrolled the member */
    codec_put_array(&body, 6);            /* cut short */
    for (size_t piece = 1; piece < 2000; piece = piece * 3 + 1) {
        buffer_init(&out, 1 << 16);
        batch(world, CBOR, buffer_bytes(&body), piece, &out);
        struct bytes rest = buffer_bytes(&out);
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
            struct item_answer answer = next_answer(&rest);
            CHECK_INT(answer.line, i + 1);
            CHECK_INT(answer.status, wanted[i].status);
            if (wanted[i].verdict || wanted[i].status == 200)
                CHECK_INT(answer.verdict, wanted[i].verdict);
            if (wanted[i].code[0])
                CHECK_TEXT(answer.code, wanted[i].code);
            CHECK_INT(answer.repeat, piece > 1 && wanted[i].code[0] == 0 && i != 6);
        }
        CHECK_INT(rest.size, 0);
        buffer_release(&out);
    }
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 7); /* repeats gave nothing more */
    buffer_release(&body);
    world_close(world);
}

CASE(what_a_cbor_item_answers_is_what_the_log_has)
{
    struct world *world = world_with_member();
    struct buffer body, out;
    char target[64];
    buffer_init(&body, 65536);
    buffer_init(&out, 65536);
    put(&body, earn_of(world, "l1", 10));
    put(&body, redeem_of(world, "l2", 400));
    put(&body, earn_of(world, "l1", 10)); /* in the same batch, before it is decided */
    batch(world, CBOR, buffer_bytes(&body), 1000, &out);
    struct bytes rest = buffer_bytes(&out);
    struct item_answer first = next_answer(&rest), second = next_answer(&rest);
    struct item_answer third = next_answer(&rest);
    CHECK_TEXT(third.code, "in-flight");
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)first.index);
    CHECK_INT(get(world, target, "till"), 200);
    CHECK_TEXT(text_of(world, "key"), "l1");
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)second.index);
    CHECK_INT(get(world, target, "till"), 200);
    CHECK_TEXT(text_of(world, "key"), "l2");
    CHECK_TEXT(text_of(world, "verdict"), "insufficient-points");
    buffer_release(&body);
    buffer_release(&out);
    world_close(world);
}

CASE(after_bytes_that_are_no_item_the_rest_of_a_cbor_batch_is_not_read)
{
    static const uint8_t none[] = {0xa0 /* a map */}, huge[] = {0x9a, 0xff, 0xff, 0xff, 0xff};
    const struct bytes bad[] = {bytes_of(none, sizeof(none)), bytes_of(huge, sizeof(huge))};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct world *world = world_with_member();
        struct buffer body, out;
        buffer_init(&body, 65536);
        buffer_init(&out, 65536);
        put(&body, earn_of(world, "n1", 10));
        buffer_append(&body, bad[i]);
        put(&body, earn_of(world, "n2", 10));
        batch(world, CBOR, buffer_bytes(&body), 7, &out);
        struct bytes rest = buffer_bytes(&out);
        CHECK_INT(next_answer(&rest).status, 200);
        CHECK_INT(next_answer(&rest).status, 400);
        CHECK_INT(rest.size, 0);
        CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
        CHECK_INT(number_of(world, NULL, "spendable"), 10);
        buffer_release(&body);
        buffer_release(&out);
        world_close(world);
    }
}

CASE(a_long_cbor_batch_stays_within_its_window)
{
    enum { ITEMS = 10000 };
    struct world *world = world_with_member();
    struct buffer body, out;
    char key[16];
    buffer_init(&body, 8 << 20);
    buffer_init(&out, 16 << 20);
    for (int i = 0; i < ITEMS; i++) {
        snprintf(key, sizeof(key), "w%d", i);
        put(&body, earn_of(world, key, 1));
    }
    batch(world, CBOR, buffer_bytes(&body), 32768, &out);
    struct bytes rest = buffer_bytes(&out);
    for (uint64_t i = 0; i < ITEMS; i++) {
        struct item_answer answer = next_answer(&rest);
        CHECK(answer.line == i + 1 && answer.status == 200);
    }
    CHECK_INT(rest.size, 0);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), ITEMS);
    buffer_release(&body);
    buffer_release(&out);
    world_close(world);
}

/* In the ledger's own form a line could name whoever it likes as its approver: four eyes of one. */
CASE(no_line_of_a_batch_is_a_settlement_step)
{
    static const char lines[] =
        "{\"type\":\"period-final\",\"key\":\"s1\"}\n"
        "{\"type\":\"earn\",\"key\":\"s2\",\"member\":\"" MEMBER "\",\"points\":1}\n";
    struct world *world = world_with_member();
    struct transaction sign = {
        .type = TRANSACTION_PERIOD_SIGN, .at_ms = world->now_ms, .key = bytes_text("s3")};
    struct buffer body, out;
    struct codec_reader reader;
    buffer_init(&body, 1 << 16);
    buffer_init(&out, 1 << 16);
    world->tokens[0].scopes = API_TILL | API_OFFICE | API_FINANCE;
    batch(world, NDJSON, bytes_text(lines), 1000, &out);
    CHECK(strncmp(buffer_text(&out), "{\"line\":1,\"status\":403,", 23) == 0);
    CHECK(strstr(buffer_text(&out), "{\"line\":2,\"status\":200,") != NULL);
    buffer_clear(&out);
    sign.body.settle.period = 1;
    sign.body.settle.totals.at[0] = sign.body.settle.approver.at[0] = 1;
    transaction_encode(&sign, &body);
    batch(world, CBOR, buffer_bytes(&body), 1000, &out);
    codec_reader_init(&reader, buffer_bytes(&out));
    CHECK_INT(codec_get_array(&reader, 4, 4), 4);
    CHECK_INT(codec_get_uint(&reader, 100), 1);
    CHECK_INT(codec_get_uint(&reader, 1000), 403);
    struct key_result result;
    CHECK(!state_key(replica_state(world->replica), (struct partner_id){0}, bytes_text("s1"),
                     &result));
    CHECK(!state_key(replica_state(world->replica), (struct partner_id){0}, bytes_text("s3"),
                     &result));
    buffer_release(&body);
    buffer_release(&out);
    world_close(world);
}

CASE(a_batch_of_another_type_is_415)
{
    struct world *world = world_open();
    struct api_request request = request_of("POST", "/v1/batch", "till", NULL);
    request.content_type = bytes_text("application/cbor");
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text(""), &world->answer));
    CHECK_INT(world->answer.status, 415);
    world_close(world);
}

/* The body goes on in chunks that nobody announced: what waits for room comes before what is not
 * taken any more. */
CASE(an_item_that_waits_keeps_its_answer_when_the_body_is_too_large)
{
    struct world *world = world_with_member();
    struct buffer first, second, out;
    buffer_init(&first, 1024);
    buffer_init(&second, 1024);
    buffer_init(&out, 1024);
    put(&first, earn_of(world, "t1", 10));
    put(&second, earn_of(world, "t2", 20));
    world_renew_api(world, first.size + second.size - 1);
    struct api_call *call = batch_begin(world, CBOR);
    CHECK_INT(api_feed(call, buffer_bytes(&first)), first.size);
    size_t room = world->replica->config.mempool_bytes_max;
    world->replica->config.mempool_bytes_max = 0;
    CHECK_INT(api_feed(call, buffer_bytes(&second)), second.size);
    step(world, 20);
    world->replica->config.mempool_bytes_max = room;
    CHECK_INT(api_feed(call, buffer_bytes(&first)), first.size); /* dropped */
    batch_end(world, call, &out);
    struct bytes rest = buffer_bytes(&out);
    CHECK_INT(next_answer(&rest).status, 200);
    CHECK_INT(next_answer(&rest).status, 200);
    struct item_answer last = next_answer(&rest);
    CHECK_INT(last.line, 3);
    CHECK_TEXT(last.code, "too-large");
    CHECK_INT(rest.size, 0);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 30);
    buffer_release(&first);
    buffer_release(&second);
    buffer_release(&out);
    world_close(world);
}

/* ---- what is not here any more --------------------------------------------------------------- */

/* As `accrue prune` leaves it: records below are in an archive. */
static void prune(struct world *world, uint64_t records)
{
    struct store_group group;
    store_group_init(&group);
    for (uint64_t i = 0; i < records; i++) {
        struct store_key key = key_outcomes(i);
        store_delete(&group, store_key_bytes(&key));
    }
    disk_write(&world->disk, buffer_bytes(&group.ops));
    store_group_release(&group);
    world->replica->gap.at.pruned_height = 1;
    world->replica->gap.at.pruned_records = records;
}

static void expect_line(struct buffer *out, const char *start)
{
    if (!strstr(buffer_text(out), start))
        printf("%s\nis not in: %s\n", start, buffer_text(out));
    CHECK(strstr(buffer_text(out), start) != NULL);
}

/* Alone, in a batch of lines and in one of items; what is not pruned is answered beside it. */
CASE(the_repeat_of_a_key_whose_record_was_pruned_is_told_so)
{
    const char *body = "{\"member\":\"" MEMBER "\",\"points\":10}";
    struct world *world = world_with_member();
    struct buffer items, lines, out;
    char at[TIME_TEXT_SIZE];
    buffer_init(&items, 65536);
    buffer_init(&lines, 65536);
    buffer_init(&out, 65536);
    time_format(ledger_now(world), at);
    for (int i = 1; i <= 3; i++) /* one of them says when it was, so that its record is not asked */
        buffer_printf(&lines,
                      "{\"type\":\"earn\",\"key\":\"p%d\",\"member\":\"" MEMBER
                      "\",\"points\":10%s%s%s}\n",
                      i, i == 2 ? ",\"at\":\"" : "", i == 2 ? at : "", i == 2 ? "\"" : "");
    CHECK_INT(till(world, "/v1/earn", "p1", body), 200);
    put(&items, earn_of(world, "p4", 10));
    batch(world, CBOR, buffer_bytes(&items), 1000, &out);
    buffer_clear(&out);
    batch(world, NDJSON, buffer_bytes(&lines), 1000, &out);
    expect_line(&out, "{\"line\":3,\"status\":200,");
    prune(world, replica_record_count(world->replica) - 2); /* all but that of p3, and a seal */
    CHECK_INT(till(world, "/v1/earn", "p1", body), 410);
    CHECK_TEXT(text_of(world, "code"), "pruned");
    buffer_clear(&out);
    batch(world, NDJSON, buffer_bytes(&lines), 1000, &out);
    expect_line(&out, "{\"line\":1,\"status\":410,\"problem\":{\"type\":"
                      "\"urn:problem-type:accrue:pruned\"");
    expect_line(&out, "{\"line\":2,\"status\":410,");
    expect_line(&out, "{\"line\":3,\"status\":200,");
    buffer_clear(&out);
    batch(world, CBOR, buffer_bytes(&items), 1000, &out);
    struct bytes rest = buffer_bytes(&out);
    struct item_answer answer = next_answer(&rest);
    CHECK_INT(answer.status, 200); /* of what the state knows without its record */
    CHECK(answer.repeat);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 40);
    buffer_release(&items);
    buffer_release(&lines);
    buffer_release(&out);
    world_close(world);
}

/* A return names the earn by its key: that it is no earn would be a lie. */
CASE(a_return_of_an_earn_that_was_pruned_is_told_so)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/earn", "r1", "{\"member\":\"" MEMBER "\",\"points\":10}"), 200);
    prune(world, replica_record_count(world->replica));
    CHECK_INT(till(world, "/v1/reverse-earn", "r2", "{\"original_key\":\"r1\",\"points\":5}"), 410);
    CHECK_TEXT(text_of(world, "code"), "pruned");
    world_close(world);
}

int main(void)
{
    RUN(a_batch_answers_each_line_in_order);
    RUN(lines_of_purchases_say_their_rates);
    RUN(a_long_batch_stays_within_its_window);
    RUN(a_client_that_leaves_harms_nothing);
    RUN(a_cbor_batch_answers_each_item_in_order);
    RUN(what_a_cbor_item_answers_is_what_the_log_has);
    RUN(after_bytes_that_are_no_item_the_rest_of_a_cbor_batch_is_not_read);
    RUN(a_long_cbor_batch_stays_within_its_window);
    RUN(no_line_of_a_batch_is_a_settlement_step);
    RUN(a_batch_of_another_type_is_415);
    RUN(an_item_that_waits_keeps_its_answer_when_the_body_is_too_large);
    RUN(the_repeat_of_a_key_whose_record_was_pruned_is_told_so);
    RUN(a_return_of_an_earn_that_was_pruned_is_told_so);
    return check_report();
}
