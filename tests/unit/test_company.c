// links: node
// also: sim/disk.c
/* Fat heights under load, no wait for a lone client: a coalition of one node, clients that come
 * back with the next transaction some time after they had their answer. */
#include "check.h"

#include "node/replica.h"
#include "sim/disk.h"

enum { NOW_MS = 1800000000, CLIENTS_MAX = 64, WRITE_MS = 2 };

struct shop {
    struct charter charter;
    struct charter_partner partner;
    struct charter_node node;
    struct signing_key *key;
    struct disk disk;
    struct replica *replica;
    uint64_t now_ms, write, written_at_ms, submitted;
    struct bytes group;
    uint64_t back_at_ms[CLIENTS_MAX + 1]; /* [token]; 0: it waits for its answer */
    uint64_t heights, answers, waited_ms, sent_at_ms[CLIENTS_MAX + 1];
    unsigned thinks_ms; /* client i comes back after i % (thinks_ms + 1) ms */
};

static void shop_open(struct shop *s, unsigned thinks_ms)
{
    memset(s, 0, sizeof(*s));
    uint8_t seed[SEED_SIZE] = {1};
    struct charter *c = &s->charter;
    s->thinks_ms = thinks_ms;
    s->now_ms = NOW_MS;
    s->key = signing_key_from_seed(seed);
    s->node.voter = true;
    s->node.sign_key = s->node.cosigner_key.key = signing_key_public(s->key);
    memcpy(c->currency, "EUR", 4);
    c->transition_count = c->partner_count = c->node_count = c->voter_count = 1;
    c->partners = &s->partner;
    c->nodes = &s->node;
    c->rates.face.v = c->rates.reimbursement.v = 10000;
    c->policy.window_ms = UINT64_C(400) * 86400000;
    c->policy.clock_bound_ms = 5000;
    c->limits.batch_bytes = c->limits.cut_bytes = c->limits.lane_cut_bytes = 1024 * 1024;
    c->limits.lane_day_bytes = UINT64_C(1) << 34;
    c->limits.allocations = 256;
    c->limits.heartbeat_ms = 60000;
    c->limits.timeout_ms = 1000;
    c->limits.timeout_delta_ms = 500;
    struct replica_config config = {
        .charter = c, .key = s->key, .cosigner_key = s->key, .store = disk_store(&s->disk)};
    struct error error;
    REQUIRE(replica_open(&config, s->now_ms, &s->replica, &error));
}

static void shop_close(struct shop *s)
{
    replica_close(s->replica);
    signing_key_close(s->key);
    disk_release(&s->disk);
}

static void take_actions(struct shop *s)
{
    struct replica_action action;
    while (replica_next(s->replica, &action)) {
        if (action.kind == REPLICA_WRITE) {
            s->write = action.write;
            s->written_at_ms = s->now_ms + WRITE_MS;
            s->group = buffer_bytes(&action.group->ops);
        } else if (action.kind == REPLICA_EXECUTED) {
            s->heights++;
        } else if (action.kind == REPLICA_DECIDED) {
            uint64_t client = action.token;
            s->answers++;
            s->waited_ms += s->now_ms - s->sent_at_ms[client];
            s->back_at_ms[client] = s->now_ms + client % (s->thinks_ms + 1);
        }
    }
}

static void submit(struct shop *s, uint64_t client)
{
    struct transaction t;
    struct buffer bytes;
    struct error error;
    char key[32];
    memset(&t, 0, sizeof(t));
    (void)snprintf(key, sizeof(key), "k%llu", (unsigned long long)s->submitted++);
    t.type = TRANSACTION_EARN;
    t.key = bytes_text(key);
    t.at_ms = replica_ledger_now_ms(s->replica, s->now_ms);
    t.body.earn.lot_count = 1;
    t.body.earn.lots[0].quantity.v = 10;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    s->back_at_ms[client] = 0;
    s->sent_at_ms[client] = s->now_ms;
    REQUIRE(replica_submit(s->replica, buffer_bytes(&bytes), client, s->now_ms, &error));
    buffer_release(&bytes);
    take_actions(s);
}

/* `clients` of them for so many milliseconds. */
static void play(struct shop *s, uint64_t clients, uint64_t ms)
{
    for (uint64_t i = 1; i <= clients; i++)
        if (s->back_at_ms[i] == 0 && s->sent_at_ms[i] == 0)
            s->back_at_ms[i] = s->now_ms + i % (s->thinks_ms + 1);
    for (uint64_t end_ms = s->now_ms + ms; s->now_ms < end_ms; s->now_ms++) {
        if (s->write && s->now_ms >= s->written_at_ms) {
            uint64_t number = s->write;
            s->write = 0;
            disk_write(&s->disk, s->group);
            replica_on_durable(s->replica, number, s->now_ms);
            take_actions(s);
        }
        if (s->now_ms >= replica_deadline_ms(s->replica)) {
            replica_on_time(s->replica, s->now_ms);
            take_actions(s);
        }
        for (uint64_t i = 1; i <= clients; i++)
            if (s->back_at_ms[i] && s->now_ms >= s->back_at_ms[i])
                submit(s, i);
    }
}

CASE(clients_that_come_back_together_share_a_height)
{
    struct shop shop;
    shop_open(&shop, 3);
    play(&shop, 32, 2000);
    uint64_t heights = shop.heights, answers = shop.answers;
    play(&shop, 32, 2000);
    heights = shop.heights - heights;
    answers = shop.answers - answers;
    printf("  32 clients: %llu answers in %llu heights\n", (unsigned long long)answers,
           (unsigned long long)heights);
    CHECK(heights > 0 && answers >= heights * 28);
    shop_close(&shop);
}

CASE(a_lone_client_waits_for_nobody)
{
    struct shop lone, after_crowd;
    shop_open(&lone, 3);
    play(&lone, 1, 1000);
    CHECK(lone.answers > 10);
    uint64_t each = lone.waited_ms / lone.answers;
    /* Its batch, the prevote, the precommit and the height are written one after the other; the
     * proposal as well. */
    CHECK_INT(each, 5 * WRITE_MS);
    shop_close(&lone);

    /* The others have gone home: one wait at most, then it is as if they had never been there. */
    shop_open(&after_crowd, 3);
    play(&after_crowd, 32, 500);
    play(&after_crowd, 1, 500);
    uint64_t answers = after_crowd.answers, waited = after_crowd.waited_ms;
    play(&after_crowd, 1, 500);
    CHECK(after_crowd.answers > answers);
    CHECK_INT((after_crowd.waited_ms - waited) / (after_crowd.answers - answers), each);
    shop_close(&after_crowd);
}

CASE(a_clock_that_is_put_back_keeps_nobody_waiting)
{
    struct shop shop;
    shop_open(&shop, 3);
    play(&shop, 32, 500);
    shop.now_ms -= 3600 * 1000;
    for (uint64_t i = 1; i <= 32; i++) {
        shop.sent_at_ms[i] = shop.now_ms;
        if (shop.back_at_ms[i])
            shop.back_at_ms[i] = shop.now_ms;
    }
    shop.written_at_ms = shop.now_ms;
    uint64_t answers = shop.answers;
    play(&shop, 32, 200);
    CHECK(shop.answers >= answers + 64);
    shop_close(&shop);
}

int main(void)
{
    RUN(clients_that_come_back_together_share_a_height);
    RUN(a_lone_client_waits_for_nobody);
    RUN(a_clock_that_is_put_back_keeps_nobody_waiting);
    return check_report();
}
