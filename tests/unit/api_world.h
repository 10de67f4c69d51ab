/* api_world.h - a coalition of one for tests: a real replica over the simulator's disk, and its
 * API, driven by a clock of its own.
 */
#ifndef TESTS_UNIT_API_WORLD_H
#define TESTS_UNIT_API_WORLD_H

#include "check.h"
#include "node/api.h"
#include "sim/disk.h"
#include "unit/coalition.h"

#include <jansson.h>

enum { STEPS_MAX = 400 };

/* ---- a coalition of one, with its API ---------------------------------------------------------
 */

struct heard { /* what a responder heard */
    bool given, woken;
    int status;
    char type[64], etag[40], location[160], allow[32];
    int retry_after_s;
    bool challenge, streams;
    char cache[64], policy[256];
    char body[524288]; /* openapi.json is the longest */
    json_t *json;
};

struct world {
    struct charter *charter;
    struct buffer charter_bytes;
    struct signing_key *key, *log_key, *cosigner_key;
    struct disk disk;
    struct replica *replica;
    struct api *api;
    struct api_token tokens[4];
    uint64_t now_ms;
    bool held; /* writes are not synced: nothing gets decided */
    uint64_t held_writes[64];
    size_t held_count;
    struct heard answer;
};

static inline uint64_t world_clock(void *context)
{
    return ((struct world *)context)->now_ms;
}
static inline void world_random(void *context, uint8_t *out, size_t size)
{
    (void)context;
    memset(out, 0x42, size);
}
static inline void world_kick(void *context)
{
    (void)context;
}

static inline void on_respond(void *context, struct api_response *response)
{
    struct heard *answer = context;
    CHECK(!answer->given);
    answer->given = true;
    answer->status = response->status;
    answer->retry_after_s = response->retry_after_s;
    answer->challenge = response->challenge;
    answer->streams = response->streams;
    snprintf(answer->cache, sizeof(answer->cache), "%s",
             response->cache_control ? response->cache_control : "");
    snprintf(answer->policy, sizeof(answer->policy), "%s",
             response->page_policy ? response->page_policy : "");
    snprintf(answer->type, sizeof(answer->type), "%s",
             response->content_type ? response->content_type : "");
    snprintf(answer->etag, sizeof(answer->etag), "%s", response->etag);
    snprintf(answer->location, sizeof(answer->location), "%s", response->location);
    snprintf(answer->allow, sizeof(answer->allow), "%s", response->allow ? response->allow : "");
    size_t size = response->body.size < sizeof(answer->body) - 1 ? response->body.size
                                                                 : sizeof(answer->body) - 1;
    if (size > 0)
        memcpy(answer->body, response->body.at, size);
    answer->body[size] = 0;
    answer->json = json_loadb(answer->body, size, JSON_REJECT_DUPLICATES, NULL);
    buffer_release(&response->body);
}
static inline void on_wake(void *context)
{
    ((struct heard *)context)->woken = true;
}

static inline void drain(struct world *world)
{
    struct replica_action action;
    while (replica_next(world->replica, &action)) {
        if (action.kind == REPLICA_WRITE && world->held) {
            REQUIRE(world->held_count < ARRAY_SIZE(world->held_writes));
            world->held_writes[world->held_count++] = action.write;
            disk_write(&world->disk, buffer_bytes(&action.group->ops));
        } else if (action.kind == REPLICA_WRITE) {
            disk_write(&world->disk, buffer_bytes(&action.group->ops));
            replica_on_durable(world->replica, action.write, world->now_ms);
        } else if (action.kind == REPLICA_FATAL) {
            printf("%s\n", action.text);
            REQUIRE(action.kind != REPLICA_FATAL);
        } else {
            api_on_action(world->api, &action);
        }
    }
    api_settle(world->api);
}

static inline void step(struct world *world, uint64_t ms)
{
    drain(world);
    world->now_ms += ms;
    if (replica_deadline_ms(world->replica) <= world->now_ms)
        replica_on_time(world->replica, world->now_ms);
    drain(world);
    api_on_time(world->api);
    drain(world);
}

static inline void release_writes(struct world *world)
{
    world->held = false;
    for (size_t i = 0; i < world->held_count; i++)
        replica_on_durable(world->replica, world->held_writes[i], world->now_ms);
    world->held_count = 0;
}

static inline void token(struct world *world, size_t place, const char *text, unsigned scopes)
{
    snprintf(world->tokens[place].name, sizeof(world->tokens[place].name), "%s", text);
    world->tokens[place].scopes = scopes;
    world->tokens[place].digest = hash_bytes(bytes_text(text));
}

static inline void world_open_api(struct world *world, size_t batch_body_max)
{
    struct api_config api = {.name = "grocer-1",
                             .charter_bytes = buffer_bytes(&world->charter_bytes),
                             .replica = world->replica,
                             .log_key = world->log_key,
                             .tokens = world->tokens,
                             .token_count = ARRAY_SIZE(world->tokens),
                             .secret = bytes_text("a secret of the coalition, 32 b."),
                             .version = "test",
                             .context = world,
                             .clock = world_clock,
                             .random = world_random,
                             .kick = world_kick,
                             .batch_body_max = batch_body_max};
    struct error error = {0};
    REQUIRE(api_open(&api, &world->api, &error));
}

/* Between requests. */
static inline void world_renew_api(struct world *world, size_t batch_body_max)
{
    api_close(world->api);
    world_open_api(world, batch_body_max);
}

static inline struct world *world_of(size_t voters)
{
    struct world *world = allocate(1, sizeof(*world));
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel", NULL},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    for (size_t i = voters; i < draft->node_count; i++)
        draft->nodes[i].voter = false;
    draft->policy.expiry_months = 12;
    coalition_joint(draft, 0, 1, 1000000);
    buffer_init(&world->charter_bytes, CHARTER_SIZE_MAX);
    charter_format(draft, &world->charter_bytes);
    world->charter = coalition_found(draft);
    world->key = coalition_key(1, 0);
    world->log_key = coalition_key(3, 0);
    world->cosigner_key = coalition_key(4, 0);
    world->now_ms = START_MS;
    struct replica_config config = {.charter = world->charter,
                                    .key = world->key,
                                    .cosigner_key = world->cosigner_key,
                                    .store = disk_store(&world->disk),
                                    .nonce = 7};
    struct error error = {0};
    if (!replica_open(&config, world->now_ms, &world->replica, &error))
        printf("%s\n", error.text);
    REQUIRE(world->replica);
    token(world, 0, "till-token", API_TILL);
    token(world, 1, "office-token", API_OFFICE);
    token(world, 2, "auditor-token", API_AUDITOR);
    token(world, 3, "admin-token", API_ADMIN);
    world_open_api(world, 0);
    for (int i = 0; i < 20; i++)
        step(world, 50);
    return world;
}

static inline struct world *world_open(void)
{
    return world_of(1);
}

static inline void forget(struct heard *answer)
{
    json_decref(answer->json);
    memset(answer, 0, sizeof(*answer));
}

static inline void world_close(struct world *world)
{
    forget(&world->answer);
    api_close(world->api);
    replica_close(world->replica);
    disk_release(&world->disk);
    signing_key_close(world->key);
    signing_key_close(world->log_key);
    signing_key_close(world->cosigner_key);
    buffer_release(&world->charter_bytes);
    charter_close(world->charter);
    free(world);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static inline struct bytes header(const char *text)
{
    return text ? bytes_text(text) : (struct bytes){.at = NULL};
}

static inline struct api_request request_of(const char *method, const char *target, const char *who,
                                            const char *key)
{
    static char bearer[4][80];
    static int turn;
    char *authorization = bearer[turn++ % 4];
    snprintf(authorization, 80, "Bearer %s-token", who ? who : "");
    return (struct api_request){.method = bytes_text(method),
                                .target = bytes_text(target),
                                .authorization = header(who ? authorization : NULL),
                                .idempotency_key = header(key)};
}

static inline struct api_call *begin(struct world *world, const struct api_request *request,
                                     struct bytes body, struct heard *answer)
{
    struct api_responder responder = {.context = answer, .respond = on_respond, .wake = on_wake};
    return api_handle(world->api, request, body, &responder);
}

/* The whole of it: returns the status; the answer stays in world->answer. */
static inline int ask(struct world *world, const char *method, const char *target, const char *who,
                      const char *key, const char *body)
{
    struct api_request request = request_of(method, target, who, key);
    forget(&world->answer);
    struct api_call *call = begin(world, &request, bytes_text(body ? body : ""), &world->answer);
    for (int i = 0; i < STEPS_MAX && !world->answer.given; i++)
        step(world, 20);
    api_call_close(call);
    return world->answer.status;
}
static inline int get(struct world *world, const char *target, const char *who)
{
    return ask(world, "GET", target, who, NULL, NULL);
}
static inline int till(struct world *world, const char *path, const char *key, const char *body)
{
    return ask(world, "POST", path, "till", key, body);
}

static inline const char *text_of(struct world *world, const char *name)
{
    const char *text = json_string_value(json_object_get(world->answer.json, name));
    return text ? text : "(none)";
}
static inline long long number_of(struct world *world, const char *object, const char *name)
{
    json_t *from = object ? json_object_get(world->answer.json, object) : world->answer.json;
    json_t *value = json_object_get(from, name);
    return json_is_integer(value) ? json_integer_value(value) : -999999;
}

#define MEMBER "000102030405060708090a0b0c0d0e0f"
#define CARD   "48190273645019283746"

static inline struct world *world_with_member(void)
{
    struct world *world = world_open();
    CHECK_INT(
        till(world, "/v1/members", "m1", "{\"member\":\"" MEMBER "\",\"cards\":[\"" CARD "\"]}"),
        200);
    return world;
}

#endif
