// links: node
// also: sim/disk.c
/* The API without a socket, over a real replica of a coalition of one. */
#include "crypto/policy.h"
#include "node/api_parts.h"
#include "unit/api_world.h"

#include <dirent.h>

enum { VECTOR_MAX = 1 << 20 };

/* ---- who may what ------------------------------------------------------------------------------
 */

CASE(strangers_are_refused_whatever_they_ask)
{
    struct world *world = world_open();
    CHECK_INT(get(world, "/v1/coalition", NULL), 401);
    CHECK(world->answer.challenge);
    CHECK_TEXT(text_of(world, "code"), "unauthenticated");
    CHECK_TEXT(world->answer.type, "application/problem+json");
    CHECK_INT(get(world, "/no/such/path", NULL), 401);
    CHECK_INT(get(world, "/v1/coalition", "wrong"), 401);
    CHECK_INT(till(world, "/v1/earn", NULL, "{}"), 400);
    CHECK_TEXT(text_of(world, "code"), "idempotency-key-missing");
    CHECK_INT(get(world, "/healthz", NULL), 401);
    CHECK_INT(get(world, "/openapi.json", NULL), 200);
    world_close(world);
}

CASE(each_scope_opens_its_routes_only)
{
    struct world *world = world_open();
    CHECK_INT(get(world, "/v1/coalition", "till"), 200);
    CHECK_INT(get(world, "/v1/settlement", "till"), 403);
    CHECK_TEXT(text_of(world, "code"), "forbidden");
    CHECK_INT(get(world, "/v1/settlement", "auditor"), 200);
    CHECK_INT(ask(world, "POST", "/v1/earn", "auditor", "k", "{}"), 403);
    CHECK_INT(ask(world, "POST", "/v1/adjust", "till", "k", "{}"), 403);
    CHECK_INT(ask(world, "POST", "/v1/clock", "office", "k", "{}"), 403);
    CHECK_INT(get(world, "/healthz", "admin"), 200);
    CHECK_INT(get(world, "/metrics", "till"), 403);
    CHECK_INT(get(world, "/v1/nothing", "till"), 404);
    CHECK_INT(ask(world, "DELETE", "/v1/earn", "till", NULL, NULL), 405);
    CHECK_TEXT(world->answer.allow, "POST");
    CHECK_INT(ask(world, "HEAD", "/v1/coalition", "till", NULL, NULL), 200);
    world_close(world);
}

CASE(this_machine_reads_health_and_metrics_without_a_token)
{
    struct world *world = world_open();
    struct heard *answer = &world->answer;
    const char *const targets[] = {"/healthz", "/metrics"};
    for (size_t i = 0; i < 2; i++) {
        struct api_request request = request_of("GET", targets[i], NULL, NULL);
        request.loopback = true;
        forget(answer);
        api_call_close(begin(world, &request, bytes_text(""), answer));
        CHECK_INT(answer->status, 200);
    }
    CHECK(strstr(answer->body, "# TYPE accrue_http_requests_total counter\n"));
    CHECK(strstr(answer->body, "accrue_quorum 1\n"));
    world_close(world);
}

/* ---- writes ------------------------------------------------------------------------------------
 */

CASE(points_are_earned_spent_and_given_back)
{
    struct world *world = world_with_member();
    CHECK_TEXT(text_of(world, "verdict"), "accepted");
    CHECK_TEXT(text_of(world, "member"), MEMBER);
    CHECK_INT(json_array_size(json_object_get(world->answer.json, "cards")), 1);
    CHECK_INT(till(world, "/v1/earn", "e1",
                   "{\"card\":\"" CARD "\",\"points\":250,\"document\":\"R1\",\"split\":["
                   "{\"partner\":\"grocer\",\"bp\":6000},{\"partner\":\"books\",\"bp\":4000}]}"),
              200);
    long long earn = number_of(world, NULL, "index");
    CHECK_INT(number_of(world, "balance", "spendable"), 250);
    CHECK_TEXT(text_of(world, "status"), "decided");
    CHECK_INT(till(world, "/v1/redeem", "r1", "{\"member\":\"" MEMBER "\",\"points\":100}"), 200);
    CHECK_INT(number_of(world, "balance", "spendable"), 150);
    json_t *owed = json_array_get(json_object_get(world->answer.json, "obligations"), 0);
    CHECK_TEXT(json_string_value(json_object_get(owed, "amount")), "0.36");
    CHECK_TEXT(json_string_value(json_object_get(owed, "debtor")), "books");
    long long redeem = number_of(world, NULL, "index");
    char body[256];
    snprintf(body, sizeof(body), "{\"redemption\":%lld,\"points\":40}", redeem);
    CHECK_INT(till(world, "/v1/reverse-redeem", "rr1", body), 200);
    CHECK_INT(number_of(world, "balance", "spendable"), 190);
    snprintf(body, sizeof(body), "{\"earn\":%lld,\"points\":50}", earn);
    CHECK_INT(till(world, "/v1/reverse-earn", "re1", body), 200);
    CHECK_INT(number_of(world, "balance", "spendable"), 140);
    CHECK_INT(
        till(world, "/v1/reverse-earn", "re2", "{\"original_document\":\"R1\",\"points\":10}"),
        200);
    CHECK_INT(till(world, "/v1/reverse-earn", "re3", "{\"original_key\":\"e1\",\"points\":10}"),
              200);
    CHECK_INT(till(world, "/v1/reverse-earn", "re4", "{\"original_key\":\"no\",\"points\":10}"),
              404);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "till"), 200);
    CHECK_INT(number_of(world, NULL, "spendable"), 120);
    CHECK_INT(json_array_size(json_object_get(world->answer.json, "lots")), 1);
    CHECK_INT(get(world, "/v1/settlement", "office"), 200);
    CHECK_INT(json_array_size(json_object_get(world->answer.json, "nets")), 4);
    world_close(world);
}

CASE(holds_are_committed_and_released)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/earn", "e1", "{\"member\":\"" MEMBER "\",\"points\":100}"), 200);
    CHECK_INT(till(world, "/v1/hold", "h1", "{\"member\":\"" MEMBER "\",\"amount\":\"0.50\"}"),
              200);
    CHECK_INT(number_of(world, "balance", "held"), 50);
    char body[64];
    snprintf(body, sizeof(body), "{\"hold\":%lld,\"points\":30}", number_of(world, NULL, "index"));
    CHECK_INT(till(world, "/v1/commit", "c1", body), 200);
    CHECK_INT(number_of(world, "balance", "spendable"), 70);
    CHECK_INT(till(world, "/v1/commit", "c2", body), 409);
    CHECK_TEXT(text_of(world, "code"), "hold-closed");
    world_close(world);
}

CASE(a_refusal_is_a_problem_with_the_verdict_and_the_balance)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/redeem", "r1", "{\"member\":\"" MEMBER "\",\"points\":1}"), 409);
    CHECK_TEXT(text_of(world, "code"), "insufficient-points");
    CHECK_TEXT(world->answer.type, "application/problem+json");
    CHECK_INT(number_of(world, "balance", "spendable"), 0);
    CHECK(number_of(world, NULL, "index") > 0);
    CHECK_TEXT(text_of(world, "trace_id"), "42424242424242424242424242424242");
    world_close(world);
}

CASE(a_repeat_gets_the_first_result_and_other_fields_are_refused)
{
    struct world *world = world_with_member();
    const char *body = "{\"member\":\"" MEMBER "\",\"points\":5}";
    CHECK_INT(till(world, "/v1/earn", "e1", body), 200);
    long long index = number_of(world, NULL, "index");
    step(world, DAY_MS * 3); /* the default expiry is another day's by now */
    CHECK_INT(till(world, "/v1/earn", "\"e1\"", body), 200);
    CHECK_INT(number_of(world, NULL, "index"), index);
    CHECK(json_is_true(json_object_get(world->answer.json, "repeat")));
    CHECK_INT(till(world, "/v1/earn", "e1", "{\"member\":\"" MEMBER "\",\"points\":6}"), 422);
    CHECK_TEXT(text_of(world, "code"), "idempotency-key-reused");
    CHECK_INT(till(world, "/v1/members", "auto", "{}"), 200);
    char member[40];
    snprintf(member, sizeof(member), "%s", text_of(world, "member"));
    CHECK_INT(till(world, "/v1/members", "auto", "{}"), 200);
    CHECK_TEXT(text_of(world, "member"), member);
    world_close(world);
}

CASE(a_key_in_flight_is_a_conflict_and_async_is_answered_when_durable)
{
    struct world *world = world_with_member();
    const char *body = "{\"member\":\"" MEMBER "\",\"points\":5}";
    struct heard *first = allocate(1, sizeof(*first));
    struct api_request request = request_of("POST", "/v1/earn", "till", "f1");
    world->held = true;
    struct api_call *call = begin(world, &request, bytes_text(body), first);
    step(world, 20);
    CHECK(!first->given);
    CHECK_INT(till(world, "/v1/earn", "f1", body), 409);
    CHECK_TEXT(text_of(world, "code"), "in-flight");
    CHECK_INT(till(world, "/v1/earn", "f1", "{\"member\":\"" MEMBER "\",\"points\":6}"), 422);
    CHECK_INT(get(world, "/v1/transactions/by-key/f1", "till"), 200);
    CHECK_TEXT(text_of(world, "status"), "pending");
    step(world, API_ANSWER_MS + 1000);
    CHECK_INT(first->status, 202);
    CHECK_TEXT(first->location, "/v1/transactions/by-key/f1");
    api_call_close(call);
    release_writes(world);
    for (int i = 0; i < 20; i++)
        step(world, 20);
    CHECK_INT(get(world, "/v1/transactions/by-key/f1", "till"), 200);
    CHECK_TEXT(text_of(world, "status"), "decided");
    forget(first);
    free(first);
    world_close(world);
}

CASE(mistakes_in_a_body_are_pointed_at)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/earn", "x1",
                   "{\"member\":\"zz\",\"lots\":[{\"points\":0},{\"points\":5,\"odd/~\":1}],"
                   "\"extra\":null}"),
              400);
    const char *body = world->answer.body;
    CHECK(strstr(body, "\"/member\""));
    CHECK(strstr(body, "\"/lots/0/points\""));
    CHECK(strstr(body, "\"/lots/1/odd~1~0\""));
    CHECK(strstr(body, "\"/extra\""));
    const char *const wrong[] = {
        "",
        "[]",
        "null",
        "{\"member\":\"" MEMBER "\",\"points\":1.5}",
        "{\"member\":\"" MEMBER "\",\"points\":\"5\"}",
        "{\"member\":\"" MEMBER "\",\"points\":-5}",
        "{\"member\":\"" MEMBER "\",\"points\":100000001}",
        "{\"member\":\"" MEMBER "\",\"points\":99999999999999999999}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"points\":6}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"at\":\"2026-02-30T00:00:00Z\"}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"eligible\":12.5}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"eligible\":\"1.2345678\"}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"document\":\"a\\u0001\"}",
        "{\"member\":\"" MEMBER "\",\"points\":5,\"line\":1}",
        "{\"card\":\"12345678901234567890\",\"points\":5}",
        "{\"points\":5}",
        "[[[[[[[[[[[[1]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        if (till(world, "/v1/earn", "x2", wrong[i]) != 400)
            printf("taken: %s\n", wrong[i]);
        CHECK_INT(world->answer.status, 400);
    }
    CHECK_INT(till(world, "/v1/earn", "a key", "{}"), 400);
    CHECK_INT(get(world, "/v1/transactions/by-key/x2", "till"), 404);
    world_close(world);
}

CASE(guessable_cards_are_refused_and_random_ones_found)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/cards/lookup", NULL, "{\"number\":\"4819 0273-6450 1928 3746\"}"),
              200);
    CHECK_TEXT(text_of(world, "member"), MEMBER);
    CHECK_INT(till(world, "/v1/cards/lookup", NULL, "{\"number\":\"48190273645019283747\"}"), 404);
    const char *const guessable[] = {"1234", "0612345678", "alice@example.com",
                                     "11111111111111111111", "01234567890123456789"};
    for (size_t i = 0; i < ARRAY_SIZE(guessable); i++) {
        char body[128];
        snprintf(body, sizeof(body), "{\"number\":\"%s\"}", guessable[i]);
        CHECK_INT(till(world, "/v1/members/" MEMBER "/cards", "g", body), 400);
    }
    CHECK_INT(
        till(world, "/v1/members/" MEMBER "/cards", "g2", "{\"number\":\"x7Kq29ZpLm4Rt8Wv\"}"),
        200);
    world_close(world);
}

CASE(the_sandbox_clock_moves_and_lots_expire)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/earn", "e1",
                   "{\"member\":\"" MEMBER "\",\"points\":9,\"expires\":\"2017-02-01T00:00:00Z\"}"),
              200);
    CHECK_INT(ask(world, "POST", "/v1/clock", "admin", "c1", "{\"to\":\"2017-03-01T00:00:00Z\"}"),
              200);
    /* Time comes with the next height. */
    CHECK_INT(till(world, "/v1/redeem", "r1", "{\"member\":\"" MEMBER "\",\"points\":1}"), 409);
    CHECK_INT(get(world, "/v1/members/" MEMBER, "office"), 200);
    CHECK_INT(number_of(world, NULL, "expired_unbooked"), 9);
    CHECK_INT(ask(world, "POST", "/v1/expire", "office", "x1", "{\"lots\":[1]}"), 200);
    CHECK_INT(ask(world, "POST", "/v1/expire", "office", "x2", "{\"lots\":[1,1]}"), 400);
    world_close(world);
}

CASE(a_node_that_is_cut_off_takes_earns_and_nothing_else)
{
    struct world *world = world_of(4);
    CHECK_INT(get(world, "/healthz", "admin"), 200);
    CHECK_TEXT(text_of(world, "status"), "degraded");
    CHECK_INT(till(world, "/v1/redeem", "r1", "{\"member\":\"" MEMBER "\",\"points\":1}"), 503);
    CHECK_TEXT(text_of(world, "code"), "no-quorum");
    CHECK_INT(world->answer.retry_after_s, 1);
    CHECK_INT(till(world, "/v1/earn", "e1", "{\"member\":\"" MEMBER "\",\"points\":1}"), 202);
    CHECK_TEXT(world->answer.location, "/v1/transactions/by-key/e1");
    CHECK(json_is_true(json_object_get(world->answer.json, "late")));
    CHECK_INT(get(world, "/v1/transactions/by-key/e1", "till"), 200);
    CHECK(json_is_true(json_object_get(world->answer.json, "durable")));
    CHECK_INT(get(world, "/v1/transactions/by-key/r1", "till"), 404);
    api_drain(world->api);
    CHECK_INT(till(world, "/v1/earn", "e2", "{\"member\":\"" MEMBER "\",\"points\":1}"), 503);
    CHECK_TEXT(text_of(world, "code"), "stopping");
    world_close(world);
}

/* ---- reads --------------------------------------------------------------------------------------
 */

CASE(pages_follow_their_cursors_to_the_end)
{
    struct world *world = world_with_member();
    for (int i = 0; i < 7; i++) {
        char key[16];
        snprintf(key, sizeof(key), "p%d", i);
        CHECK_INT(till(world, "/v1/earn", key, "{\"member\":\"" MEMBER "\",\"points\":5}"), 200);
    }
    size_t seen = 0;
    char target[160] = "/v1/members/" MEMBER "/transactions?limit=3";
    for (int page = 0; page < 9; page++) {
        CHECK_INT(get(world, target, "till"), 200);
        seen += json_array_size(json_object_get(world->answer.json, "transactions"));
        const char *next = json_string_value(json_object_get(world->answer.json, "next"));
        if (!next)
            break;
        snprintf(target, sizeof(target), "/v1/members/%s/transactions?limit=3&cursor=%s", MEMBER,
                 next);
    }
    CHECK_INT(seen, 9); /* enrolment, card, seven earns */
    CHECK_INT(get(world, "/v1/members/" MEMBER "/lots?limit=2", "till"), 200);
    CHECK_TEXT(text_of(world, "next"), "2");
    CHECK_INT(get(world, "/v1/members/" MEMBER "/lots?limit=251", "till"), 400);
    CHECK_INT(get(world, "/v1/members/" MEMBER "/lots?cursor=-1", "till"), 400);
    CHECK_INT(get(world, "/v1/members/" MEMBER "/lots?page=1", "till"), 400);
    CHECK_INT(get(world, "/v1/balances", "auditor"), 200);
    CHECK_INT(json_array_size(json_object_get(world->answer.json, "balances")), 1);
    CHECK_INT(get(world, "/v1/transactions?from=0&limit=250", "auditor"), 200);
    CHECK_INT(json_array_size(json_object_get(world->answer.json, "transactions")),
              number_of(world, NULL, "records"));
    CHECK_INT(get(world, "/v1/transactions/99999", "till"), 404);
    CHECK_INT(get(world, "/v1/transactions/0x1", "till"), 400);
    CHECK_INT(get(world, "/v1/members/ffffffffffffffffffffffffffffffff", "till"), 404);
    world_close(world);
}

/* "/v1/members/{member}" and "/v1/members/{}" are one shape; so are "/tile/{name}" and its star. */
static void shape_of(const char *path, char *out)
{
    bool inside = false;
    for (; *path; path++) {
        inside = inside && *path != '}';
        if (*path == '*') {
            *out++ = '{';
            *out++ = '}';
        } else if (!inside) {
            *out++ = *path;
        }
        inside = inside || *path == '{';
    }
    *out = 0;
}

static bool described(json_t *paths, const struct api_route *route)
{
    const char *path;
    json_t *item;
    char want[128], have[128], method[8];
    shape_of(route->pattern, want);
    snprintf(method, sizeof(method), "%s", strcmp(route->method, "GET") == 0 ? "get" : "post");
    json_object_foreach(paths, path, item)
    {
        shape_of(path, have);
        json_t *operation = json_object_get(item, method);
        if (strcmp(want, have) == 0 && operation)
            return json_is_array(json_object_get(operation, "security")) &&
                   json_is_object(json_object_get(operation, "responses")) &&
                   (json_array_size(json_object_get(operation, "security")) == 0) ==
                       (route->scopes == 0);
    }
    return false;
}

CASE(every_route_is_described_and_nothing_else)
{
    struct world *world = world_open();
    size_t operations = 0;
    const char *path;
    json_t *item;
    CHECK_INT(get(world, "/openapi.json", NULL), 200);
    json_t *paths = json_object_get(world->answer.json, "paths");
    for (size_t i = 0; i < api_route_count; i++) {
        if (!described(paths, &api_routes[i]))
            printf("not described: %s %s\n", api_routes[i].method, api_routes[i].pattern);
        CHECK(described(paths, &api_routes[i]));
    }
    json_object_foreach(paths, path, item) operations += json_object_size(item);
    CHECK_INT(operations, api_route_count);
    world_close(world);
}

CASE(an_unchanged_read_is_304)
{
    struct world *world = world_with_member();
    CHECK_INT(get(world, "/v1/charter", "till"), 200);
    CHECK(bytes_equal(bytes_text(world->answer.body), buffer_bytes(&world->charter_bytes)));
    char etag[40];
    snprintf(etag, sizeof(etag), "%s", world->answer.etag);
    struct api_request request = request_of("GET", "/v1/charter", "till", NULL);
    request.if_none_match = bytes_text(etag);
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text(""), &world->answer));
    CHECK_INT(world->answer.status, 304);
    CHECK_TEXT(world->answer.body, "");
    world_close(world);
}

/* Of the answer: by the charter's policy, as a reader with nothing else would. */
static struct checkpoint final_checkpoint(struct world *world)
{
    struct policy policy;
    struct policy_result result;
    struct checkpoint checkpoint;
    struct error error = {0};
    REQUIRE(policy_parse(bytes_text(world->charter->tlog_policy), &policy, &error));
    if (!policy_check(&policy, bytes_text(world->answer.body), &checkpoint, &result, &error))
        printf("%s\n", error.text);
    CHECK(policy_log_signed(&result, 0));
    CHECK_INT(result.witnesses, 1);
    CHECK_INT(result.times_s[0] / 100, START_MS / 100000);
    policy_release(&policy);
    return checkpoint;
}

CASE(the_checkpoint_is_the_newest_final_one)
{
    struct world *world = world_with_member();
    for (int i = 0; i < 10; i++)
        step(world, 20);
    CHECK_INT(get(world, "/checkpoint", "auditor"), 200);
    uint64_t size = final_checkpoint(world).size;
    world->held = true; /* what is decided from here on is not durable, and so not cosigned */
    struct heard *earn = allocate(1, sizeof(*earn));
    struct api_request request = request_of("POST", "/v1/earn", "till", "e1");
    struct bytes body = bytes_text("{\"member\":\"" MEMBER "\",\"points\":5}");
    struct api_call *call = begin(world, &request, body, earn);
    step(world, 300);
    CHECK_INT(get(world, "/checkpoint", "auditor"), 200);
    CHECK_INT(final_checkpoint(world).size, size);
    release_writes(world);
    for (int i = 0; i < 20; i++)
        step(world, 20);
    CHECK_INT(earn->status, 200);
    api_call_close(call);
    forget(earn);
    free(earn);
    CHECK_INT(get(world, "/checkpoint", "auditor"), 200);
    CHECK(final_checkpoint(world).size > size);
    CHECK_INT(get(world, "/metrics", "auditor"), 200);
    CHECK(strstr(world->answer.body, "\naccrue_checkpoint_cosigned_size ") != NULL);
    CHECK(strstr(world->answer.body, "\naccrue_cosignatures_total{node=\"books-1\"} 0\n") != NULL);
    CHECK_INT(get(world, "/v1/coalition", "auditor"), 200);
    CHECK_INT(number_of(world, NULL, "final_size"), number_of(world, NULL, "records"));
    world_close(world);
}

CASE(before_the_first_final_checkpoint_there_is_none)
{
    struct world *world = world_of(4); /* nobody else is up */
    CHECK_INT(get(world, "/checkpoint", "auditor"), 503);
    CHECK_TEXT(text_of(world, "code"), "not-final");
    CHECK_INT(world->answer.retry_after_s, 1);
    CHECK(strstr(text_of(world, "detail"), "3 voters") != NULL);
    world_close(world);
}

CASE(checkpoint_and_tiles_tell_the_same_tree)
{
    struct world *world = world_with_member();
    for (int i = 0; i < 10; i++)
        step(world, 20);
    CHECK_INT(get(world, "/v1/coalition", "auditor"), 200);
    uint64_t records = (uint64_t)number_of(world, NULL, "records");
    char root[64];
    snprintf(root, sizeof(root), "%s", text_of(world, "root"));
    CHECK_INT(get(world, "/checkpoint", "auditor"), 200);
    struct checkpoint checkpoint = final_checkpoint(world);
    CHECK_INT(checkpoint.size, records);
    char seen[64];
    base64_encode(hash_as_bytes(&checkpoint.root), seen);
    CHECK_TEXT(seen, root);
    char target[64];
    snprintf(target, sizeof(target), "/tile/0/000.p/%llu", (unsigned long long)records);
    CHECK_INT(get(world, target, "auditor"), 200);
    snprintf(target, sizeof(target), "/tile/entries/000.p/%llu", (unsigned long long)records);
    CHECK_INT(get(world, target, "auditor"), 200);
    const char *const none[] = {"/tile/0/001",
                                "/tile/0/000",
                                "/tile/0/x000/000.p/1",
                                "/tile/0/0",
                                "/tile/9/000.p/1",
                                "/tile/entries/001.p/1",
                                "/tile/0/000.p/0",
                                "/tile/0/000.p/256",
                                "/tile/0/000.p/255",
                                "/tile/0/x99x/000",
                                "/tile/",
                                "/tile/entries"};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        CHECK_INT(get(world, none[i], "auditor"), 404);
    CHECK_INT(get(world, "/v1/heights/1", "auditor"), 200);
    CHECK_TEXT(world->answer.type, "application/cbor");
    CHECK_INT(get(world, "/v1/heights?from=1&count=2", "auditor"), 200);
    CHECK_INT(get(world, "/v1/heights?count=257", "auditor"), 400);
    CHECK_INT(get(world, "/v1/heights/999", "auditor"), 404);
    world_close(world);
}

/* A GET that brings the ETag of the last answer; returns the status. */
static int get_again(struct world *world, const char *target, const char *who)
{
    char etag[40];
    snprintf(etag, sizeof(etag), "%s", world->answer.etag);
    struct api_request request = request_of("GET", target, who, NULL);
    request.if_none_match = bytes_text(etag);
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text(""), &world->answer));
    return world->answer.status;
}

CASE(files_of_the_log_are_tagged_and_kept_as_long_as_they_last)
{
    struct world *world = world_with_member();
    static const struct {
        const char *target, *type, *cache;
    } files[] = {
        {"/checkpoint", "text/plain; charset=utf-8", "private, max-age=1"},
        {"/tile/0/000.p/2", "application/octet-stream", "private, max-age=31536000, immutable"},
        {"/tile/entries/000.p/2", "application/octet-stream",
         "private, max-age=31536000, immutable"},
        {"/v1/heights/1", "application/cbor", "private, max-age=31536000, immutable"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        CHECK_INT(get(world, files[i].target, "auditor"), 200);
        CHECK_TEXT(world->answer.type, files[i].type);
        CHECK_TEXT(world->answer.cache, files[i].cache);
        CHECK(world->answer.etag[0] == '"' && strlen(world->answer.etag) == 34);
        CHECK_INT(get_again(world, files[i].target, "auditor"), 304);
        CHECK_TEXT(world->answer.body, "");
        CHECK_TEXT(world->answer.cache, files[i].cache);
        CHECK_INT(ask(world, "HEAD", files[i].target, "auditor", NULL, NULL), 200);
        CHECK_INT(ask(world, "POST", files[i].target, "auditor", NULL, NULL), 405);
        CHECK_TEXT(world->answer.allow, "GET, HEAD");
    }
    CHECK_INT(get(world, "/tile/0/000.p/2", "auditor"), 200);
    CHECK_INT(get_again(world, "/tile/0/000.p/1", "auditor"), 200);
    world_close(world);
}

/* The log grows beyond a tile: its partial ones are still there, the full one is now. */
CASE(partial_tiles_outlive_the_tile_that_fills)
{
    struct world *world = world_with_member();
    char early[sizeof(world->answer.body)], target[64];
    CHECK_INT(get(world, "/tile/0/000.p/3", "auditor"), 200);
    memcpy(early, world->answer.body, sizeof(early));
    CHECK_INT(get(world, "/tile/0/000", "auditor"), 404);
    CHECK_INT(get(world, "/tile/entries/000", "auditor"), 404);
    CHECK_INT(get(world, "/tile/1/000.p/1", "auditor"), 404);
    for (int i = 0; replica_record_count(world->replica) < 260; i++) {
        char key[32];
        snprintf(key, sizeof(key), "e%d", i);
        CHECK_INT(till(world, "/v1/earn", key, "{\"member\":\"" MEMBER "\",\"points\":1}"), 200);
    }
    CHECK_INT(get(world, "/tile/0/000.p/3", "auditor"), 200);
    CHECK(memcmp(early, world->answer.body, (size_t)3 * HASH_SIZE) == 0);
    CHECK_INT(get(world, "/tile/0/000", "auditor"), 200);
    CHECK(memcmp(early, world->answer.body, (size_t)3 * HASH_SIZE) == 0);
    CHECK_INT(get(world, "/tile/entries/000", "auditor"), 200);
    CHECK_INT(get(world, "/tile/entries/000.p/255", "auditor"), 200);
    CHECK_INT(get(world, "/tile/1/000.p/1", "auditor"), 200);
    snprintf(target, sizeof(target), "/tile/0/001.p/%llu",
             (unsigned long long)replica_record_count(world->replica) - 256);
    CHECK_INT(get(world, target, "auditor"), 200);
    CHECK_INT(get(world, "/tile/1/001.p/1", "auditor"), 404);
    CHECK_INT(get(world, "/tile/2/000.p/1", "auditor"), 404);
    world_close(world);
}

CASE(a_public_log_is_read_without_a_token_and_nothing_else_is)
{
    static const char *const log[] = {"/checkpoint",   "/tile/0/000.p/1", "/tile/entries/000.p/1",
                                      "/v1/heights/1", "/v1/heights",     "/v1/charter"};
    static const char *const kept[] = {"/v1/coalition", "/v1/transactions", "/v1/balances",
                                       "/v1/records/0/receipt", "/metrics"};
    struct world *world = world_with_member();
    for (size_t i = 0; i < ARRAY_SIZE(log); i++)
        CHECK_INT(get(world, log[i], NULL), 401);
    world->charter->log_public = true;
    for (size_t i = 0; i < ARRAY_SIZE(log); i++) {
        CHECK_INT(get(world, log[i], NULL), 200);
        CHECK_INT(get(world, log[i], "till"), 200);
    }
    CHECK_INT(get(world, "/tile/0/000.p/1", NULL), 200);
    CHECK_TEXT(world->answer.cache, "public, max-age=31536000, immutable");
    CHECK_INT(get(world, "/checkpoint", NULL), 200);
    CHECK_TEXT(world->answer.cache, "public, max-age=1");
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        CHECK_INT(get(world, kept[i], NULL), 401);
    world_close(world);
}

CASE(a_body_that_is_too_large_is_413)
{
    struct world *world = world_open();
    char *body = allocate(API_BODY_MAX + 2, 1);
    memset(body, ' ', API_BODY_MAX + 1);
    CHECK_INT(till(world, "/v1/earn", "k", body), 413);
    CHECK_TEXT(text_of(world, "code"), "too-large");
    free(body);
    world_close(world);
}

/* ---- what others wrote to break parsers --------------------------------------------------------
 */

static size_t read_file(const char *path, uint8_t *out, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    size_t got = fread(out, 1, size, file);
    fclose(file);
    return got;
}

/* Each published case as a body, and inside one: bad JSON never gets past the door. */
CASE(published_json_cases_are_refused_where_they_must_be)
{
    const char *folder = ACCRUE_SHARED "/vectors/json-test-suite/test_parsing";
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("skipped: no %s\n", folder);
        return;
    }
    struct world *world = world_with_member();
    uint8_t *bytes = allocate(VECTOR_MAX, 1);
    size_t refused = 0, inside = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1024];
        if (!strstr(entry->d_name, ".json"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        size_t size = read_file(path, bytes, VECTOR_MAX);
        struct api_request request = request_of("POST", "/v1/earn", "till", "json");
        forget(&world->answer);
        api_call_close(begin(world, &request, bytes_of(bytes, size), &world->answer));
        bool clean = world->answer.status == 400 || world->answer.status == 413;
        if (!clean)
            printf("%s: %d\n", entry->d_name, world->answer.status);
        CHECK(clean); /* none of them is an earn */
        refused++;
        struct buffer wrapped;
        buffer_init(&wrapped, VECTOR_MAX);
        buffer_printf(&wrapped, "{\"member\":\"" MEMBER "\",\"points\":1,\"document\":");
        buffer_append(&wrapped, bytes_of(bytes, size));
        buffer_append_text(&wrapped, "}");
        if (entry->d_name[0] == 'n') {
            forget(&world->answer);
            api_call_close(begin(world, &request, buffer_bytes(&wrapped), &world->answer));
            inside +=
                world->answer.given && world->answer.status != 400 && world->answer.status != 413;
        }
        buffer_release(&wrapped);
    }
    closedir(dir);
    CHECK_INT(refused, 318);
    CHECK_INT(inside, 0);
    free(bytes);
    world_close(world);
}

CASE(naughty_strings_survive_the_round_through_the_ledger)
{
    json_t *strings = json_load_file(ACCRUE_SHARED "/vectors/naughty-strings/blns.json", 0, NULL);
    if (!strings) {
        printf("skipped: no naughty strings\n");
        return;
    }
    struct world *world = world_with_member();
    size_t taken = 0;
    for (size_t i = 0; i < json_array_size(strings); i++) {
        const char *text = json_string_value(json_array_get(strings, i));
        char key[32], target[64];
        snprintf(key, sizeof(key), "n%zu", i);
        json_t *body = json_pack("{s:s,s:i,s:s,s:s}", "member", MEMBER, "points", 1, "reason", text,
                                 "approver", "a");
        char *dumped = json_dumps(body, 0);
        int status = ask(world, "POST", "/v1/adjust", "office", key, dumped);
        CHECK(status == 200 || status == 400);
        if (status == 200) {
            snprintf(target, sizeof(target), "/v1/transactions/%lld",
                     number_of(world, NULL, "index"));
            CHECK_INT(get(world, target, "till"), 200);
            json_t *seen = json_object_get(json_object_get(world->answer.json, "body"), "reason");
            CHECK_TEXT(json_string_value(seen), text);
            taken++;
        }
        free(dumped);
        json_decref(body);
    }
    printf("%zu of %zu taken\n", taken, json_array_size(strings));
    CHECK(taken > 300);
    json_decref(strings);
    world_close(world);
}

int main(void)
{
    RUN(strangers_are_refused_whatever_they_ask);
    RUN(each_scope_opens_its_routes_only);
    RUN(this_machine_reads_health_and_metrics_without_a_token);
    RUN(points_are_earned_spent_and_given_back);
    RUN(holds_are_committed_and_released);
    RUN(a_refusal_is_a_problem_with_the_verdict_and_the_balance);
    RUN(a_repeat_gets_the_first_result_and_other_fields_are_refused);
    RUN(a_key_in_flight_is_a_conflict_and_async_is_answered_when_durable);
    RUN(mistakes_in_a_body_are_pointed_at);
    RUN(guessable_cards_are_refused_and_random_ones_found);
    RUN(the_sandbox_clock_moves_and_lots_expire);
    RUN(a_node_that_is_cut_off_takes_earns_and_nothing_else);
    RUN(pages_follow_their_cursors_to_the_end);
    RUN(every_route_is_described_and_nothing_else);
    RUN(an_unchanged_read_is_304);
    RUN(the_checkpoint_is_the_newest_final_one);
    RUN(before_the_first_final_checkpoint_there_is_none);
    RUN(checkpoint_and_tiles_tell_the_same_tree);
    RUN(files_of_the_log_are_tagged_and_kept_as_long_as_they_last);
    RUN(partial_tiles_outlive_the_tile_that_fills);
    RUN(a_public_log_is_read_without_a_token_and_nothing_else_is);
    RUN(a_body_that_is_too_large_is_413);
    RUN(published_json_cases_are_refused_where_they_must_be);
    RUN(naughty_strings_survive_the_round_through_the_ledger);
    return check_report();
}
