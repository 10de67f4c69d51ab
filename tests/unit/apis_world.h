/* apis_world.h - a coalition of four, each of which has an API that is asked with the tokens of its
 * people; a test brings the charter's draft.
 */
#ifndef TESTS_UNIT_APIS_WORLD_H
#define TESTS_UNIT_APIS_WORLD_H

#include "unit/cosign_world.h"

#include "node/api.h"

#include <jansson.h>

enum { GROCER, BOOKS, CINEMA, FUEL };
enum { TILL, OFFICE, FINANCE, AUDITOR, ADMIN, TOKENS };
#define MEMBER "000102030405060708090a0b0c0d0e0f"

static struct world *w;
static struct api *apis[WORLD_NODES];
static struct signing_key *log_keys[WORLD_NODES];
static const char *const names[TOKENS] = {"till", "office", "finance", "auditor", "admin"};
static struct api_token tokens[TOKENS];
static struct buffer charter_bytes;
static struct api_config api_extra; /* what a test sets before it opens them: work, bounds */
static struct {
    bool given;
    int status, retry_after_s;
    char type[64], cache[64], file_name[API_FILE_NAME_SIZE];
    size_t size;
    char body[262144];
    json_t *json;
} answer;

/* ---- four nodes with their APIs ---------------------------------------------------------------
 */

static inline uint64_t api_clock(void *context)
{
    (void)context;
    return w->now_ms;
}
static inline void api_random(void *context, uint8_t *out, size_t size)
{
    (void)context;
    memset(out, 0x42, size);
}
static inline void api_kick(void *context)
{
    (void)context;
}
static inline void on_told(uint16_t node, const struct replica_action *action)
{
    if (apis[node])
        api_on_action(apis[node], action);
}
static inline void on_respond(void *context, struct api_response *response)
{
    (void)context;
    CHECK(!answer.given);
    answer.given = true;
    answer.status = response->status;
    answer.retry_after_s = response->retry_after_s;
    answer.size = response->body.size;
    snprintf(answer.type, sizeof(answer.type), "%s",
             response->content_type ? response->content_type : "");
    snprintf(answer.cache, sizeof(answer.cache), "%s", response->cache_control);
    snprintf(answer.file_name, sizeof(answer.file_name), "%s", response->file_name);
    REQUIRE(response->body.size < sizeof(answer.body));
    if (response->body.size > 0)
        memcpy(answer.body, response->body.at, response->body.size);
    answer.body[response->body.size] = 0;
    answer.json = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    buffer_release(&response->body);
}
static inline void on_wake(void *context)
{
    (void)context;
}

static inline void open_tokens(void)
{
    static const unsigned scopes[TOKENS] = {API_TILL, API_OFFICE, API_FINANCE, API_AUDITOR,
                                            API_ADMIN};
    for (size_t i = 0; i < TOKENS; i++) {
        snprintf(tokens[i].name, sizeof(tokens[i].name), "%s", names[i]);
        tokens[i].scopes = scopes[i];
        tokens[i].digest = hash_bytes(bytes_text(names[i]));
    }
}

/* Each partner's node gets an API. The draft is the world's from here on. */
static inline void open_apis(struct charter *draft)
{
    struct error error;
    buffer_init(&charter_bytes, CHARTER_SIZE_MAX);
    charter_format(draft, &charter_bytes);
    w = world_found(draft);
    w->told = on_told;
    open_tokens();
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        log_keys[i] = coalition_key(3, (uint8_t)i);
        struct api_config config = {.charter_bytes = buffer_bytes(&charter_bytes),
                                    .replica = w->nodes[i].replica,
                                    .self = {i},
                                    .name = w->charter->nodes[i].name,
                                    .log_key = log_keys[i],
                                    .tokens = tokens,
                                    .token_count = TOKENS,
                                    .secret = bytes_text("a secret of the coalition, 32 b."),
                                    .version = "test",
                                    .clock = api_clock,
                                    .random = api_random,
                                    .kick = api_kick,
                                    .work = api_extra.work,
                                    .report_answers_max = api_extra.report_answers_max,
                                    .report_bytes_max = api_extra.report_bytes_max};
        REQUIRE(api_open(&config, &apis[i], &error));
    }
    world_pass(w, 500);
}

static inline void close_all(void)
{
    json_decref(answer.json);
    memset(&answer, 0, sizeof(answer));
    for (size_t i = 0; i < WORLD_NODES; i++) {
        api_close(apis[i]);
        apis[i] = NULL;
        signing_key_close(log_keys[i]);
    }
    world_close(w);
    buffer_release(&charter_bytes);
}

static inline int ask(uint16_t node, const char *method, const char *target, int who,
                      const char *key, const char *body)
{
    char bearer[32];
    snprintf(bearer, sizeof(bearer), "Bearer %s", names[who]);
    struct api_request request = {.method = bytes_text(method),
                                  .target = bytes_text(target),
                                  .authorization = bytes_text(bearer)};
    if (key)
        request.idempotency_key = bytes_text(key);
    struct api_responder responder = {.respond = on_respond, .wake = on_wake};
    json_decref(answer.json);
    memset(&answer, 0, sizeof(answer));
    struct api_call *call =
        api_handle(apis[node], &request, bytes_text(body ? body : ""), &responder);
    for (int i = 0; i < 2000 && !answer.given; i++) {
        world_pass(w, 5);
        api_settle(apis[node]);
        api_on_time(apis[node]);
    }
    api_call_close(call);
    return answer.status;
}
static inline int get(uint16_t node, const char *target)
{
    return ask(node, "GET", target, AUDITOR, NULL, NULL);
}
/* A key of its own each time. */
static inline int post(uint16_t node, const char *target, int who, const char *body)
{
    static unsigned count;
    char key[16];
    snprintf(key, sizeof(key), "p%u", count++);
    return ask(node, "POST", target, who, key, body);
}

static inline const char *word_in(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}
static inline const char *word(const char *name)
{
    return word_in(answer.json, name);
}
static inline long long number(const char *name)
{
    json_t *value = json_object_get(answer.json, name);
    return json_is_integer(value) ? json_integer_value(value) : -999999;
}
static inline bool flag(const char *name)
{
    return json_is_true(json_object_get(answer.json, name));
}
static inline json_t *item(const char *list, size_t place)
{
    return json_array_get(json_object_get(answer.json, list), place);
}
static inline size_t count_of(const char *list)
{
    return json_array_size(json_object_get(answer.json, list));
}
/* ---- time --------------------------------------------------------------------------------------
 */

static inline void enrol_somebody(void)
{
    CHECK_INT(post(FUEL, "/v1/members", TILL, "{}"), 200);
}

/* Ledger time to `to`, and two heights more: the first ends the period, the second tells its tree.
 */
static inline void clock_to(const char *to)
{
    char body[64];
    snprintf(body, sizeof(body), "{\"to\":\"%s\"}", to);
    CHECK_INT(post(GROCER, "/v1/clock", ADMIN, body), 200);
    enrol_somebody();
    enrol_somebody();
}

#endif
