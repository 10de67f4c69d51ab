/* cosign_world.h - four replicas with real keys, their disks, and a network that loses what a test
 * tells it to. Time goes by in milliseconds.
 */
#ifndef TESTS_UNIT_COSIGN_WORLD_H
#define TESTS_UNIT_COSIGN_WORLD_H

#include "node/replica.h"
#include "sim/disk.h"
#include "unit/coalition.h"

enum { WORLD_NODES = 4, MAIL_MAX = 4096, WRITE_MS = 2, DELAY_MS = 1 };

struct mail {
    uint64_t at_ms;
    uint16_t from, to;
    struct bytes bytes;
};

struct member_node {
    struct replica *replica; /* NULL: down */
    struct signing_key *key, *cosigner_key;
    struct signing_key *next_key, *next_cosigner_key; /* NULL: none */
    struct disk disk;
    uint64_t write, written_at_ms;
    struct bytes group;
    uint64_t writes, decided;
    bool stopped;
    char text[400], warning[400]; /* the last */
    struct cosignature said;      /* the last that it sent of its own */
    uint64_t said_count;
};

struct world {
    struct charter *charter;
    struct member_node nodes[WORLD_NODES];
    struct mail mail[MAIL_MAX];
    size_t mail_count;
    uint64_t now_ms, key;
    bool lose_cosignatures;
    uint16_t deaf; /* gets none; WORLD_NODES: nobody */
    void (*told)(uint16_t node, const struct replica_action *action); /* or NULL */
    struct message message;
};

static inline void world_post(struct world *w, uint16_t from, uint16_t to, struct bytes bytes)
{
    uint8_t *copy = (uint8_t *)allocate(bytes.size, 1);
    memcpy(copy, bytes.at, bytes.size);
    REQUIRE(w->mail_count < MAIL_MAX);
    w->mail[w->mail_count++] = (struct mail){
        .at_ms = w->now_ms + DELAY_MS, .from = from, .to = to, .bytes = bytes_of(copy, bytes.size)};
}

static inline void world_send(struct world *w, uint16_t from, const struct replica_action *action)
{
    struct member_node *node = &w->nodes[from];
    REQUIRE(message_decode(action->message, &w->message, NULL));
    bool cosignature = w->message.kind == MESSAGE_COSIGNATURE;
    if (cosignature && w->message.body.cosignature.item.node.v == from) {
        const struct cosignature *item = &w->message.body.cosignature.item;
        CHECK(item->size > node->said.size || cosignature_same_claim(item, &node->said));
        node->said_count += item->size > node->said.size;
        node->said = *item;
    }
    for (uint16_t to = 0; to < WORLD_NODES; to++)
        if (to != from && (action->peer == REPLICA_TO_ALL || action->peer == to) &&
            !(cosignature && (w->lose_cosignatures || w->deaf == to)))
            world_post(w, from, to, action->message);
}

static inline void world_take(struct world *w, uint16_t number)
{
    struct member_node *node = &w->nodes[number];
    struct replica_action action;
    while (node->replica && replica_next(node->replica, &action)) {
        if (w->told)
            w->told(number, &action);
        if (action.kind == REPLICA_SEND) {
            world_send(w, number, &action);
        } else if (action.kind == REPLICA_WRITE) {
            node->writes++;
            node->write = action.write;
            node->written_at_ms = w->now_ms + WRITE_MS;
            node->group = buffer_bytes(&action.group->ops);
        } else if (action.kind == REPLICA_DECIDED) {
            node->decided++;
        } else if (action.kind == REPLICA_WARN) {
            snprintf(node->warning, sizeof(node->warning), "%s", action.text);
        } else if (action.kind == REPLICA_FATAL) {
            snprintf(node->text, sizeof(node->text), "%s", action.text);
            node->stopped = true;
        }
    }
}

static inline bool world_open_node(struct world *w, uint16_t number, struct error *error)
{
    struct member_node *node = &w->nodes[number];
    struct replica_config config = {.charter = w->charter,
                                    .self = {number},
                                    .key = node->key,
                                    .cosigner_key = node->cosigner_key,
                                    .next_key = node->next_key,
                                    .next_cosigner_key = node->next_cosigner_key,
                                    .store = disk_store(&node->disk),
                                    .nonce = w->now_ms + number};
    return replica_open(&config, w->now_ms, &node->replica, error);
}

static inline void world_start(struct world *w, uint16_t number)
{
    struct error error = {0};
    if (!world_open_node(w, number, &error))
        printf("%s\n", error.text);
    REQUIRE(w->nodes[number].replica);
}

/* What was being written is lost. */
static inline void world_crash(struct world *w, uint16_t number)
{
    replica_close(w->nodes[number].replica);
    w->nodes[number].replica = NULL;
    w->nodes[number].write = 0;
}

static inline void world_deliver(struct world *w)
{
    size_t kept = 0, count = w->mail_count;
    for (size_t i = 0; i < count; i++) {
        struct mail mail = w->mail[i];
        if (mail.at_ms > w->now_ms) {
            w->mail[kept++] = mail;
            continue;
        }
        if (w->nodes[mail.to].replica)
            replica_on_message(w->nodes[mail.to].replica, mail.from, mail.bytes, w->now_ms);
        free((void *)(uintptr_t)mail.bytes.at);
    }
    w->mail_count = kept;
    for (uint16_t i = 0; i < WORLD_NODES; i++)
        world_take(w, i);
}

static inline void world_pass(struct world *w, uint64_t ms)
{
    for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms; w->now_ms++) {
        world_deliver(w);
        for (uint16_t i = 0; i < WORLD_NODES; i++) {
            struct member_node *node = &w->nodes[i];
            if (node->replica && node->write && w->now_ms >= node->written_at_ms) {
                uint64_t number = node->write;
                node->write = 0;
                disk_write(&node->disk, node->group);
                replica_on_durable(node->replica, number, w->now_ms);
            }
            world_take(w, i);
            if (node->replica && w->now_ms >= replica_deadline_ms(node->replica))
                replica_on_time(node->replica, w->now_ms);
            world_take(w, i);
        }
    }
}

/* Of four nodes; the draft goes. */
static inline struct world *world_found(struct charter *draft)
{
    struct world *w = (struct world *)allocate(1, sizeof(*w));
    w->charter = coalition_found(draft);
    w->now_ms = START_MS;
    w->deaf = WORLD_NODES;
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        w->nodes[i].key = coalition_key(1, (uint8_t)i);
        w->nodes[i].cosigner_key = coalition_key(4, (uint8_t)i);
        world_start(w, i);
    }
    return w;
}

static inline struct world *world_open(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"}, .face = "10000"};
    return world_found(coalition_draft(&spec));
}

static inline void world_close(struct world *w)
{
    for (size_t i = 0; i < w->mail_count; i++)
        free((void *)(uintptr_t)w->mail[i].bytes.at);
    for (uint16_t i = 0; i < WORLD_NODES; i++) {
        world_crash(w, i);
        disk_release(&w->nodes[i].disk);
        signing_key_close(w->nodes[i].key);
        signing_key_close(w->nodes[i].cosigner_key);
        signing_key_close(w->nodes[i].next_key);
        signing_key_close(w->nodes[i].next_cosigner_key);
    }
    charter_close(w->charter);
    free(w);
}

static inline void world_submit(struct world *w, uint16_t number)
{
    struct transaction t = tx_enrol((uint32_t)++w->key);
    struct buffer bytes;
    char key[32];
    snprintf(key, sizeof(key), "k%llu", (unsigned long long)w->key);
    t.key = bytes_text(key);
    t.at_ms = w->now_ms;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    REQUIRE(
        replica_submit(w->nodes[number].replica, buffer_bytes(&bytes), w->key, w->now_ms, NULL));
    buffer_release(&bytes);
    world_take(w, number);
}

static inline struct replica_status world_status(const struct world *w, uint16_t number)
{
    struct replica_status status;
    replica_status(w->nodes[number].replica, w->now_ms, &status);
    return status;
}

/* A cosignature of another root, or of `root`, by node `by`'s own key. */
static inline struct cosignature world_cosign(const struct world *w, uint16_t by, uint64_t size,
                                              const struct hash *root)
{
    struct cosignature item = {.node = {by}, .size = size, .root = *root, .time_s = 77};
    cosignature_sign(&item, w->nodes[by].cosigner_key, w->charter->origin);
    return item;
}

static inline void world_tell(struct world *w, uint16_t from, uint16_t to,
                              const struct cosignature *item)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    w->message.kind = MESSAGE_COSIGNATURE;
    w->message.body.cosignature.item = *item;
    w->message.body.cosignature.final_size = INT64_MAX;
    message_encode(&w->message, &out);
    world_post(w, from, to, buffer_bytes(&out));
    buffer_release(&out);
}

#endif
