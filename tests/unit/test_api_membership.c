// links: node
// also: sim/disk.c
/* What the API says while the coalition changes: a node that is suspended for evidence, one that
 * was removed, and motions with their ballots. Four replicas, one of which has an API. */
#include "unit/cosign_world.h"

#include "crypto/policy.h"
#include "node/api.h"

#include <jansson.h>

enum { GROCER = 0, BOOKS = 1, RELAY = 2 };

static struct world *w;
static struct api *api;
static struct signing_key *log_key;
static struct api_token tokens[1];
static struct {
    bool given;
    int status, retry_after_s;
    char body[262144];
    json_t *json;
} answer;

/* ---- an API on one of them ---------------------------------------------------------------------
 */

static uint64_t api_clock(void *context)
{
    (void)context;
    return w->now_ms;
}
static void api_random(void *context, uint8_t *out, size_t size)
{
    (void)context;
    memset(out, 0x42, size);
}
static void api_kick(void *context)
{
    (void)context;
}
static void on_respond(void *context, struct api_response *response)
{
    (void)context;
    answer.given = true;
    answer.status = response->status;
    answer.retry_after_s = response->retry_after_s;
    REQUIRE(response->body.size < sizeof(answer.body));
    if (response->body.size > 0)
        memcpy(answer.body, response->body.at, response->body.size);
    answer.body[response->body.size] = 0;
    answer.json = json_loads(answer.body, JSON_REJECT_DUPLICATES, NULL);
    buffer_release(&response->body);
}
static void on_wake(void *context)
{
    (void)context;
}

static void attach(uint16_t node)
{
    struct error error;
    log_key = coalition_key(3, (uint8_t)node);
    tokens[0] = (struct api_token){.name = "all",
                                   .scopes = API_TILL | API_OFFICE | API_AUDITOR | API_ADMIN,
                                   .digest = hash_bytes(bytes_text("all-token"))};
    struct api_config config = {.replica = w->nodes[node].replica,
                                .self = {node},
                                .name = w->charter->nodes[node].name,
                                .log_key = log_key,
                                .tokens = tokens,
                                .token_count = 1,
                                .secret = bytes_text("a secret of the coalition, 32 b."),
                                .version = "test",
                                .clock = api_clock,
                                .random = api_random,
                                .kick = api_kick};
    REQUIRE(api_open(&config, &api, &error));
}

static void detach(void)
{
    json_decref(answer.json);
    memset(&answer, 0, sizeof(answer));
    api_close(api);
    signing_key_close(log_key);
}

/* The world's own loop does not tell the API what was decided: as a service would, by hand. */
static void tell_charter(void)
{
    struct error error;
    REQUIRE(api_set_charter(api, log_key, &error));
}

static int ask(const char *method, const char *target, const char *key, const char *body)
{
    struct api_request request = {.method = bytes_text(method),
                                  .target = bytes_text(target),
                                  .authorization = bytes_text("Bearer all-token")};
    if (key)
        request.idempotency_key = bytes_text(key);
    struct api_responder responder = {.respond = on_respond, .wake = on_wake};
    json_decref(answer.json);
    memset(&answer, 0, sizeof(answer));
    struct api_call *call = api_handle(api, &request, bytes_text(body ? body : ""), &responder);
    for (int i = 0; i < 400 && !answer.given; i++) {
        world_pass(w, 20);
        api_on_time(api);
    }
    api_call_close(call);
    return answer.status;
}

static const char *text_at(const char *name)
{
    const char *text = json_string_value(json_object_get(answer.json, name));
    return text ? text : "(none)";
}
static bool is_set(const char *name)
{
    return json_is_true(json_object_get(answer.json, name));
}
static json_t *item_of(const char *list, size_t place)
{
    return json_array_get(json_object_get(answer.json, list), place);
}

/* ---- a lie, and a vote -------------------------------------------------------------------------
 */

/* A second batch at the first place of the node's lane, signed with its own key. */
static void tell_fork(uint16_t liar)
{
    struct buffer payload, bytes, out;
    buffer_init(&payload, 64);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    batch_payload_put(&payload, bytes_text("no transaction"));
    struct batch batch = {.coalition = w->charter->coalition,
                          .lane = {liar},
                          .sequence = 1,
                          .created_ms = 5,
                          .transaction_count = 1,
                          .payload = buffer_bytes(&payload)};
    batch_seal(&batch, w->nodes[liar].key);
    batch_encode(&batch, &bytes);
    w->message.kind = MESSAGE_BATCH;
    w->message.body.batch = buffer_bytes(&bytes);
    message_encode(&w->message, &out);
    world_post(w, RELAY, GROCER, buffer_bytes(&out));
    buffer_release(&payload);
    buffer_release(&bytes);
    buffer_release(&out);
    world_pass(w, 500);
}

static void submit(uint16_t node, struct transaction *transaction, const char *key)
{
    struct buffer bytes;
    transaction->key = bytes_text(key);
    transaction->at_ms = w->now_ms;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(transaction, &bytes);
    REQUIRE(replica_submit(w->nodes[node].replica, buffer_bytes(&bytes), 0, w->now_ms, NULL));
    buffer_release(&bytes);
    world_pass(w, 500);
}

/* The only motion there is. */
static struct motion_view motion_at(uint16_t node)
{
    struct motion_view view;
    const struct state *state = replica_state(w->nodes[node].replica);
    REQUIRE(state_motion_count(state) == 1);
    state_motion(state, 0, &view);
    return view;
}

static void vote(uint16_t partner)
{
    char key[16];
    struct motion_view view = motion_at(GROCER);
    struct signing_key *governance = coalition_key(2, (uint8_t)partner);
    struct transaction ballot = {.type = TRANSACTION_BALLOT};
    ballot.body.ballot.motion = view.record;
    ballot.body.ballot.partner.v = partner;
    ballot.body.ballot.signature =
        ballot_sign(governance, &w->charter->coalition, view.record, &view.hash);
    (void)snprintf(key, sizeof(key), "ballot-%u", partner);
    submit(GROCER, &ballot, key);
    signing_key_close(governance);
}

static void settle(void)
{
    w = world_open();
    world_pass(w, 500);
    world_submit(w, BOOKS);
    world_pass(w, 500);
}

/* ---- cases --------------------------------------------------------------------------------------
 */

CASE(a_suspended_node_says_so_to_tills_and_monitors)
{
    settle();
    attach(BOOKS);
    REQUIRE(ask("GET", "/healthz", NULL, NULL) == 200);
    CHECK_TEXT(text_at("standing"), "member");
    CHECK(is_set("ready"));
    tell_fork(BOOKS);
    REQUIRE(replica_standing(w->nodes[BOOKS].replica) == REPLICA_SUSPENDED);
    tell_charter();
    CHECK_INT(ask("POST", "/v1/members", "till-1", "{}"), 409);
    CHECK_TEXT(text_at("code"), "suspended");
    CHECK(strstr(text_at("detail"), "replace-keys") != NULL);
    CHECK(strstr(text_at("detail"), "same idempotency key") != NULL);
    CHECK_INT(ask("GET", "/healthz", NULL, NULL), 200);
    CHECK_TEXT(text_at("standing"), "suspended");
    CHECK(!is_set("ready"));
    CHECK(is_set("live"));
    CHECK_INT(ask("GET", "/v1/coalition", NULL, NULL), 200);
    CHECK_TEXT(text_at("standing"), "suspended");
    CHECK(json_is_true(json_object_get(item_of("nodes", BOOKS), "suspended")));
    CHECK(!json_is_true(json_object_get(item_of("nodes", GROCER), "suspended")));
    CHECK_INT(ask("GET", "/metrics", NULL, NULL), 200);
    CHECK(strstr(answer.body, "accrue_standing{is=\"suspended\"} 1\n") != NULL);
    CHECK(strstr(answer.body, "accrue_nodes_suspended 1\n") != NULL);
    detach();
    world_close(w);
}

CASE(the_evidence_is_shown_where_it_stands_on_the_ledger)
{
    settle();
    attach(GROCER);
    CHECK_INT(ask("GET", "/v1/membership", NULL, NULL), 200);
    CHECK_INT(json_array_size(json_object_get(answer.json, "suspensions")), 0);
    tell_fork(BOOKS);
    tell_charter();
    CHECK_INT(ask("GET", "/v1/membership", NULL, NULL), 200);
    json_t *suspension = item_of("suspensions", 0);
    char hash[80];
    (void)snprintf(hash, sizeof(hash), "%s",
                   json_string_value(json_object_get(suspension, "evidence")));
    CHECK_TEXT(json_string_value(json_object_get(suspension, "node")), "books-1");
    CHECK_INT(json_integer_value(json_object_get(suspension, "from_height")),
              json_integer_value(json_object_get(answer.json, "from_height")));
    CHECK_INT(ask("GET", "/v1/evidence", NULL, NULL), 200);
    REQUIRE(json_array_size(json_object_get(answer.json, "evidence")) == 1);
    json_t *kept = item_of("evidence", 0);
    CHECK_TEXT(json_string_value(json_object_get(kept, "hash")), hash);
    CHECK(json_integer_value(json_object_get(kept, "suspended_from")) > 2);
    detach();
    world_close(w);
}

/* Its cut was pruned, or comes with the history: the charters know of it all the same. */
CASE(a_suspension_is_told_where_its_height_is_not_here)
{
    settle();
    attach(GROCER);
    tell_fork(BOOKS);
    tell_charter();
    REQUIRE(ask("GET", "/v1/membership", NULL, NULL) == 200);
    uint64_t from = (uint64_t)json_integer_value(json_object_get(answer.json, "from_height"));
    struct store_key key = key_height(from - 2);
    struct store_group group;
    store_group_init(&group);
    store_delete(&group, store_key_bytes(&key));
    disk_write(&w->nodes[GROCER].disk, buffer_bytes(&group.ops));
    store_group_release(&group);
    CHECK_INT(ask("GET", "/v1/membership", NULL, NULL), 200);
    REQUIRE(json_array_size(json_object_get(answer.json, "suspensions")) == 1);
    json_t *suspension = item_of("suspensions", 0);
    CHECK_TEXT(json_string_value(json_object_get(suspension, "node")), "books-1");
    CHECK_INT(json_integer_value(json_object_get(suspension, "from_height")), from);
    CHECK(json_object_get(suspension, "evidence") == NULL);
    char path[100] = "/v1/evidence/";
    memset(path + strlen(path), '0', 64); /* nothing has that name */
    CHECK_INT(ask("GET", path, NULL, NULL), 404);
    detach();
    world_close(w);
}

CASE(a_motion_is_shown_with_its_ballots_and_a_node_that_left_says_so)
{
    char hex[2 * MOTION_SIZE_MAX];
    uint8_t body[MOTION_SIZE_MAX];
    size_t size = 0;
    settle();
    attach(BOOKS);
    struct transaction motion = {.type = TRANSACTION_MOTION};
    motion.body.motion.motion.delay = 2;
    motion.body.motion.motion.change =
        (struct change){.kind = CHANGE_REMOVE_PARTNER, .partner = {BOOKS}};
    submit(GROCER, &motion, "motion");
    vote(0);
    vote(2);
    REQUIRE(ask("GET", "/v1/membership", NULL, NULL) == 200);
    json_t *shown = item_of("motions", 0);
    CHECK_TEXT(json_string_value(json_object_get(shown, "change")), "remove-partner");
    CHECK_TEXT(json_string_value(json_object_get(shown, "what")),
               "partner books leaves, with all its nodes");
    CHECK_INT(json_integer_value(json_object_get(shown, "needed")), 3);
    CHECK_INT(json_array_size(json_object_get(shown, "ballots")), 2);
    (void)snprintf(hex, sizeof(hex), "%s", json_string_value(json_object_get(shown, "body")));
    REQUIRE(base64_decode(bytes_text(hex), body, sizeof(body), &size));
    struct hash hash = hash_bytes(bytes_of(body, size)), wanted = motion_at(GROCER).hash;
    CHECK(hash_equal(&hash, &wanted));
    CHECK(strstr(text_at("policy"), "witness voter/books-1 ") != NULL);
    vote(3);
    world_pass(w, 2000);
    REQUIRE(replica_standing(w->nodes[BOOKS].replica) == REPLICA_LEFT);
    tell_charter();
    CHECK_INT(ask("POST", "/v1/members", "till-1", "{}"), 409);
    CHECK_TEXT(text_at("code"), "left");
    REQUIRE(ask("GET", "/v1/membership", NULL, NULL) == 200);
    CHECK_TEXT(text_at("standing"), "left");
    CHECK_INT(json_array_size(json_object_get(answer.json, "motions")), 0);
    CHECK(json_is_true(json_object_get(item_of("nodes", BOOKS), "left")));
    CHECK(json_is_true(json_object_get(item_of("partners", BOOKS), "left")));
    CHECK_INT(ask("GET", "/v1/policy", NULL, NULL), 200);
    CHECK(strstr(answer.body, "witness voter/grocer-1 ") != NULL);
    CHECK(strstr(answer.body, "group voters 2 ") != NULL);
    CHECK(strstr(answer.body, " voter/books-1") == NULL);
    detach();
    world_close(w);
}

/* The largest motion there is: every name and address as long as it may be. */
CASE(an_admission_is_shown_whole)
{
    static char name[NAME_SIZE_MAX + 1], address[ADDRESS_SIZE_MAX + 1];
    static const struct hash no_coalition;
    struct transaction motion = {.type = TRANSACTION_MOTION};
    struct change *change = &motion.body.motion.motion.change;
    uint8_t body[MOTION_SIZE_MAX];
    size_t size = 0;
    settle();
    attach(GROCER);
    memset(name, 'a', NAME_SIZE_MAX);
    (void)snprintf(address, sizeof(address), "tcp://%0240d:7100", 1);
    motion.body.motion.motion.delay = 2;
    *change = (struct change){.kind = CHANGE_ADMIT,
                              .founds_partner = true,
                              .partner_name = bytes_text(name),
                              .node_name = bytes_text(name),
                              .key = coalition_public(2, 9),
                              .address = bytes_text(address),
                              .voter = true};
    struct signing_key *key = coalition_key(1, 9);
    change->keys.sign_key = coalition_public(1, 9);
    change->keys.log_key = coalition_public(3, 9);
    change->keys.cosigner_key = coalition_public(4, 9);
    change->keys.transport_key[0] = 4;
    change->keys.transport_key[1] = 9;
    change->keys.transport_signature =
        sign(key, PURPOSE_TRANSPORT, &no_coalition,
             bytes_of(change->keys.transport_key, TRANSPORT_KEY_SIZE));
    signing_key_close(key);
    submit(GROCER, &motion, "motion");
    REQUIRE(ask("GET", "/v1/membership", NULL, NULL) == 200);
    const char *text = json_string_value(json_object_get(item_of("motions", 0), "body"));
    REQUIRE(text && base64_decode(bytes_text(text), body, sizeof(body), &size));
    struct hash hash = hash_bytes(bytes_of(body, size)), wanted = motion_at(GROCER).hash;
    CHECK(hash_equal(&hash, &wanted));
    detach();
    world_close(w);
}

/* Before and after: a checkpoint that meets the policy in force is shown at last. */
CASE(checkpoints_follow_the_policy_of_the_charter_in_force)
{
    struct policy policy;
    struct checkpoint checkpoint;
    struct policy_result result;
    struct error error;
    settle();
    attach(GROCER);
    struct transaction motion = {.type = TRANSACTION_MOTION};
    motion.body.motion.motion.delay = 2;
    motion.body.motion.motion.change =
        (struct change){.kind = CHANGE_REMOVE_PARTNER, .partner = {BOOKS}};
    submit(GROCER, &motion, "motion");
    vote(0);
    vote(2);
    vote(3);
    world_pass(w, 1000);
    REQUIRE(replica_charter(w->nodes[GROCER].replica)->voter_count == 3);
    tell_charter();
    world_submit(w, GROCER);
    world_pass(w, 3000);
    REQUIRE(policy_parse(bytes_text(replica_charter(w->nodes[GROCER].replica)->tlog_policy),
                         &policy, &error));
    REQUIRE(ask("GET", "/checkpoint", NULL, NULL) == 200);
    bool good = policy_check(&policy, bytes_text(answer.body), &checkpoint, &result, &error);
    if (!good)
        printf("%s\n%s", error.text, answer.body);
    CHECK(good);
    struct replica_status status = world_status(w, GROCER);
    CHECK_INT(checkpoint.size, status.final_size);
    policy_release(&policy);
    detach();
    world_close(w);
}

int main(void)
{
    RUN(a_suspended_node_says_so_to_tills_and_monitors);
    RUN(the_evidence_is_shown_where_it_stands_on_the_ledger);
    RUN(a_suspension_is_told_where_its_height_is_not_here);
    RUN(a_motion_is_shown_with_its_ballots_and_a_node_that_left_says_so);
    RUN(an_admission_is_shown_whole);
    RUN(checkpoints_follow_the_policy_of_the_charter_in_force);
    return check_report();
}
