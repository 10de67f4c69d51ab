// links: node
/* A log that grows, its witness and what brings them together, in one loop, over real sockets; and
 * witnesses that are not what they should be. */
#include "check.h"
#include "node/witness_client.h"
#include "node/witness_http.h"

#include <unistd.h>
#include <uv.h>

#define ORIGIN "ledger.example/coalition"

enum { STEPS_MAX = 600, STEP_MS = 10, SIZE_LAST = 40 };

/* ---- the log -------------------------------------------------------------------------------- */

struct world {
    uv_loop_t loop;
    uv_timer_t tick;
    struct signing_key *log_signer;
    struct note_key log_key;
    struct merkle merkle;
    char folder_path[64];
    struct witness_folder *folder;
    struct witness_http witness;
    struct http_server *server;
    char url[64];
    struct witness_client *client;
    struct witness_target target;
    uint64_t cosigned_size, cosigned_count;
    unsigned troubles, outruns;
    char trouble[300];
    int steps;
    uint64_t wanted_size;
    unsigned wanted_troubles, wanted_outruns;
};

static void grow(struct world *world, uint64_t size)
{
    while (world->merkle.size < size) {
        struct hash leaf = merkle_leaf(bytes_of(&world->merkle.size, sizeof(uint64_t)));
        merkle_append(&world->merkle, &leaf, NULL, NULL);
    }
}

static bool newest(void *context, struct checkpoint *checkpoint_out, struct buffer *note_out)
{
    struct world *world = context;
    struct checkpoint checkpoint = {.origin = ORIGIN, .size = world->merkle.size};
    struct buffer text;
    if (world->merkle.size == 0)
        return false;
    checkpoint.root = merkle_root(&world->merkle);
    buffer_init(&text, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &text);
    REQUIRE(note_begin(note_out, buffer_bytes(&text), NULL));
    note_sign(note_out, &world->log_key, world->log_signer);
    buffer_release(&text);
    *checkpoint_out = checkpoint;
    return true;
}

static bool prove(void *context, uint64_t old_size, uint64_t size,
                  struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out)
{
    struct world *world = context;
    return merkle_prove_consistency(&world->merkle, old_size, size, NULL, NULL, proof_out,
                                    count_out, NULL);
}

static void on_cosigned(void *context, const struct witness_cosignature *cosignature)
{
    struct world *world = context;
    struct note_result result;
    struct checkpoint checkpoint;
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    REQUIRE(newest(world, &checkpoint, &note) && cosignature->witness == 0);
    if (checkpoint.size == cosignature->checkpoint->size) {
        buffer_append(&note, cosignature->line);
        buffer_append_byte(&note, '\n');
        CHECK(note_open(buffer_bytes(&note), &world->target.key, 1, &result, NULL));
    }
    world->cosigned_size = cosignature->checkpoint->size;
    world->cosigned_count++;
    buffer_release(&note);
}

static void on_outrun(void *context, size_t witness)
{
    CHECK_INT(witness, 0);
    ((struct world *)context)->outruns++;
}

static void on_troubled(void *context, size_t witness, const char *why)
{
    struct world *world = context;
    CHECK_INT(witness, 0);
    world->troubles++;
    (void)snprintf(world->trouble, sizeof(world->trouble), "%s", why);
}

/* ---- the witness ---------------------------------------------------------------------------- */

static uint64_t clock_s(void *context)
{
    (void)context;
    return 1700000000;
}

static void serve(struct world *world, const struct http_handler *handler, void *context)
{
    struct http_server_config config = {.listen = "127.0.0.1:0"};
    struct error error;
    REQUIRE(http_server_open_for(&config, &world->loop, handler, context, &world->server, &error));
    (void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%u/",
                   http_server_port(world->server));
}

static void serve_witness(struct world *world)
{
    struct witness_http_config config = {
        .folder = world->folder, .logs = &world->log_key, .log_count = 1, .clock_s = clock_s};
    witness_http_init(&world->witness, &config);
    serve(world, &witness_http_handler, &world->witness);
}

static void world_open(struct world *world)
{
    uint8_t seed[SEED_SIZE] = {1};
    struct error error;
    memset(world, 0, sizeof(*world));
    must(uv_loop_init(&world->loop) == 0 && uv_timer_init(&world->loop, &world->tick) == 0);
    world->tick.data = world;
    world->log_signer = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(world->log_signer);
    REQUIRE(note_key_make(ORIGIN, NOTE_TYPE_ED25519, &public_key, &world->log_key, NULL));
    merkle_init(&world->merkle);
    (void)snprintf(world->folder_path, sizeof(world->folder_path), "/tmp/accrue-client.XXXXXX");
    REQUIRE(mkdtemp(world->folder_path) != NULL);
    REQUIRE(
        witness_folder_make(world->folder_path, "witness.example/w1", &world->target.key, &error));
    REQUIRE(witness_folder_open(world->folder_path, &world->folder, &error));
}

static void client_open(struct world *world)
{
    world->target.url = world->url;
    struct witness_client_config config = {.loop = &world->loop,
                                           .witnesses = &world->target,
                                           .witness_count = 1,
                                           .context = world,
                                           .newest = newest,
                                           .prove = prove,
                                           .cosigned = on_cosigned,
                                           .outrun = on_outrun,
                                           .troubled = on_troubled};
    world->client = witness_client_open(&config);
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void world_close(struct world *world)
{
    char command[128];
    witness_client_close(world->client);
    http_server_close(world->server);
    (void)uv_run(&world->loop, UV_RUN_NOWAIT);
    uv_walk(&world->loop, close_handle, NULL);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&world->loop), 0);
    witness_folder_close(world->folder);
    signing_key_close(world->log_signer);
    (void)snprintf(command, sizeof(command), "rm -r %s", world->folder_path);
    CHECK_INT(system(command), 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct world *world = timer->data;
    bool there =
        world->cosigned_size >= world->wanted_size && world->troubles >= world->wanted_troubles;
    if (there || ++world->steps >= STEPS_MAX)
        uv_stop(&world->loop);
}

/* Runs until a checkpoint of this size is cosigned and so many troubles were told. */
static void run_until(struct world *world, uint64_t size, unsigned troubles)
{
    world->steps = 0;
    world->wanted_size = size;
    world->wanted_troubles = troubles;
    witness_client_kick(world->client);
    REQUIRE(uv_timer_start(&world->tick, on_tick, STEP_MS, STEP_MS) == 0);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&world->tick);
    if (world->steps >= STEPS_MAX) {
        printf("cosigned %d of %d, troubles %u of %u: %s\n", (int)world->cosigned_size, (int)size,
               world->troubles, troubles, world->trouble);
        CHECK(!"it came in time");
    }
}

/* ---- a good witness ------------------------------------------------------------------------- */

CASE(a_growing_log_is_cosigned_again_and_again)
{
    struct world world;
    world_open(&world);
    serve_witness(&world);
    client_open(&world);
    run_until(&world, 0, 0); /* nothing to show yet */
    CHECK_INT(witness_client_counts(world.client, 0).asked, 0);
    grow(&world, 7);
    run_until(&world, 7, 0);
    grow(&world, 20);
    run_until(&world, 20, 0);
    CHECK_INT(world.cosigned_count, 2);
    CHECK_INT(witness_client_counts(world.client, 0).cosigned_size, 20);
    CHECK_INT(witness_client_counts(world.client, 0).asked, 2);
    CHECK_INT(world.troubles, 0);
    world_close(&world);
}

/* A start knows nothing: the first question is wrong, the answer says what is right. */
CASE(after_a_restart_the_witness_says_where_it_is)
{
    struct world world;
    world_open(&world);
    serve_witness(&world);
    client_open(&world);
    grow(&world, 7);
    run_until(&world, 7, 0);
    witness_client_close(world.client);
    grow(&world, 9);
    client_open(&world);
    run_until(&world, 9, 0);
    struct witness_client_counts counts = witness_client_counts(world.client, 0);
    CHECK_INT(counts.asked, 2);
    CHECK_INT(counts.told, 1);
    CHECK_INT(counts.cosigned, 1);
    world_close(&world);
}

/* Two nodes of one log: the other one was here with more. */
CASE(a_log_that_is_behind_waits_until_it_is_not)
{
    struct world world;
    struct merkle shorter;
    world_open(&world);
    serve_witness(&world);
    client_open(&world);
    grow(&world, 5);
    shorter = world.merkle;
    grow(&world, 9);
    run_until(&world, 9, 0);
    witness_client_close(world.client);
    world.merkle = shorter;
    world.cosigned_size = 0;
    client_open(&world);
    world.wanted_outruns = 1;
    run_until(&world, 0, 0);
    CHECK_INT(world.outruns, 1);
    grow(&world, 9);
    run_until(&world, 9, 0);
    CHECK_INT(world.troubles, 0);
    world_close(&world);
}

CASE(a_witness_that_comes_later_is_found)
{
    struct world world;
    world_open(&world);
    serve_witness(&world);
    http_server_close(world.server); /* its port stays free: nobody listens there */
    world.server = NULL;
    client_open(&world);
    grow(&world, 7);
    run_until(&world, 0, 1);
    CHECK(strstr(world.trouble, "it does not answer") != NULL);
    CHECK_INT(witness_client_counts(world.client, 0).failed, 1);
    struct http_server_config config = {.listen = world.url + strlen("http://")};
    char listen[64];
    (void)snprintf(listen, sizeof(listen), "%.*s", (int)strcspn(config.listen, "/"), config.listen);
    config.listen = listen;
    REQUIRE(http_server_open_for(&config, &world.loop, &witness_http_handler, &world.witness,
                                 &world.server, NULL));
    run_until(&world, 7, 1); /* by itself, after a second */
    world_close(&world);
}

/* ---- others --------------------------------------------------------------------------------- */

/* Gives one and the same answer to everything. */
struct canned {
    int status;
    const char *type, *body;
    size_t times; /* the body, so often */
    unsigned requests;
    struct api_responder responder;
};

static void *canned_begin(void *context, const struct api_request *request,
                          const struct api_responder *responder)
{
    struct canned *canned = context;
    (void)request;
    canned->responder = *responder;
    canned->requests++;
    return canned;
}

static size_t canned_max(const void *call)
{
    (void)call;
    return WITNESS_BODY_MAX;
}

static size_t canned_feed(void *call, struct bytes piece)
{
    (void)call;
    return piece.size;
}

static void canned_end(void *call)
{
    struct canned *canned = call;
    struct api_response response = {.status = canned->status, .content_type = canned->type};
    buffer_init(&response.body, 1 << 20);
    for (size_t i = 0; i < canned->times; i++)
        buffer_append_text(&response.body, canned->body);
    canned->responder.respond(canned->responder.context, &response);
}

static void canned_close(void *call)
{
    (void)call;
}

static const struct http_handler canned_handler = {.begin = canned_begin,
                                                   .body_max = canned_max,
                                                   .too_large = canned_close,
                                                   .feed = canned_feed,
                                                   .end = canned_end,
                                                   .close = canned_close};

CASE(an_answer_that_is_none_is_a_failure_and_is_told)
{
    static const struct {
        struct canned canned;
        const char *told;
    } cases[] = {{{200, "text/plain", "thank you\n", 1, 0, {0}}, "no cosignature"},
                 {{200, "text/plain", "", 1, 0, {0}}, "no cosignature"},
                 {{200, "text/plain", "much ", 100000, 0, {0}}, "does not answer"},
                 {{302, "text/plain", "elsewhere\n", 1, 0, {0}}, "302"},
                 {{403, "text/plain", "no\n", 1, 0, {0}}, "403"},
                 {{409, "text/plain", "5\n", 1, 0, {0}}, "409"},
                 {{409, "text/x.tlog.size", "0\n", 1, 0, {0}}, "409"},
                 {{422, "text/plain", "no\n", 1, 0, {0}}, "contradicts itself"},
                 {{500, "text/plain", "no\n", 1, 0, {0}}, "500"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct world world;
        struct canned canned = cases[i].canned;
        world_open(&world);
        serve(&world, &canned_handler, &canned);
        client_open(&world);
        grow(&world, 7);
        run_until(&world, 0, 1);
        CHECK_INT(canned.requests, 1);
        CHECK_INT(world.cosigned_count, 0);
        if (!strstr(world.trouble, cases[i].told)) {
            printf("case %zu: %s\n", i, world.trouble);
            CHECK(!"the trouble that was expected");
        }
        world_close(&world);
    }
}

CASE(what_is_under_way_can_be_left)
{
    struct world world;
    world_open(&world);
    serve_witness(&world);
    client_open(&world);
    grow(&world, 7);
    witness_client_kick(world.client);
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    world_close(&world);
}

int main(void)
{
    RUN(a_growing_log_is_cosigned_again_and_again);
    RUN(after_a_restart_the_witness_says_where_it_is);
    RUN(a_log_that_is_behind_waits_until_it_is_not);
    RUN(a_witness_that_comes_later_is_found);
    RUN(an_answer_that_is_none_is_a_failure_and_is_told);
    RUN(what_is_under_way_can_be_left);
    return check_report();
}
