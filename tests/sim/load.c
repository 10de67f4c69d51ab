/* Clients of the simulated coalition, and what the naive model makes of their log. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/model_rules.h"
#include "protocol/codec.h"
#include "sim/world.h"

static struct member_ref some_member(struct world *w)
{
    return w->members[sim_below(w, (uint32_t)w->member_count)];
}

static void draw(struct world *w, uint16_t number, struct transaction *t)
{
    uint32_t kind = sim_below(w, 100);
    if (w->member_count == 0 || (kind < 8 && w->member_count < ARRAY_SIZE(w->members))) {
        struct member_ref *member = &w->members[w->member_count++];
        put_u64be(member->at, sim_random(w));
        put_u64be(member->at + 8, sim_random(w));
        t->type = TRANSACTION_ENROL;
        t->body.enrol.member = *member;
    } else if (kind < 50) {
        t->type = TRANSACTION_EARN;
        t->body.earn.member = some_member(w);
        t->body.earn.lot_count = 1;
        t->body.earn.lots[0].quantity.v = 10 + sim_below(w, 90);
        if (w->scenario.deals && sim_chance(w, 500))
            deal_split(w, number, &t->body.earn.lots[0].split);
    } else if (kind < 80) {
        t->type = TRANSACTION_REDEEM;
        t->body.redeem.member = some_member(w);
        t->body.redeem.points.v = 1 + sim_below(w, 80);
        if (w->scenario.deals && sim_chance(w, 200)) {
            t->body.redeem.amount.v = t->body.redeem.points.v * 9000;
            t->body.redeem.points.v = 0;
        }
    } else if (kind < 90) {
        t->type = TRANSACTION_HOLD;
        t->body.hold.member = some_member(w);
        t->body.hold.points.v = 1 + sim_below(w, 50);
    } else {
        t->type = TRANSACTION_TRANSFER;
        t->body.transfer.from = some_member(w);
        t->body.transfer.to = some_member(w);
        t->body.transfer.points.v = 1 + sim_below(w, 30);
    }
}

size_t load_send(struct world *w, uint16_t number, struct transaction *t, const char *key)
{
    struct sim_node *node = &w->nodes[number];
    struct buffer bytes;
    w->promises = (struct promise *)array_grow(w->promises, &w->promise_capacity,
                                               w->promise_count + 1, sizeof(w->promises[0]));
    uint64_t token = ++w->promise_count;
    struct promise *promise = &w->promises[token - 1];
    memset(promise, 0, sizeof(*promise));
    promise->node = number;
    (void)snprintf(promise->key, sizeof(promise->key), "%s", key);
    t->key = bytes_text(promise->key);
    uint64_t now = (uint64_t)((int64_t)w->now_ms + node->skew_ms);
    t->at_ms = replica_ledger_now_ms(node->replica, now);
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(t, &bytes);
    /* Busy is an answer too: nothing was promised. What the replica wants done follows at its next
     * event, which is never more than a tick away. */
    (void)!replica_submit(node->replica, buffer_bytes(&bytes), token, now, NULL);
    buffer_release(&bytes);
    return (size_t)token;
}

void load_submit(struct world *w, uint16_t number)
{
    struct transaction t;
    char key[32];
    memset(&t, 0, sizeof(t));
    (void)snprintf(key, sizeof(key), "key-%zu", w->promise_count + 1);
    if ((!w->scenario.settles || !settle_draw(w, number, &t)) &&
        (!w->scenario.deals || !deal_draw(w, number, &t)))
        draw(w, number, &t);
    (void)load_send(w, number, &t, key);
}

/* ---- the log retold: the naive model, and each member's history -------------------------------
 */

struct retelling {
    struct world *w;
    struct naive *model;
    uint16_t node; /* whose log it is */
    uint64_t height;
    uint64_t next_index;
    struct {
        bool enrolled;
        uint64_t *records;
        size_t count, capacity;
    } histories[16];
};

static size_t member_of(const struct world *w, const struct member_ref *member)
{
    for (size_t i = 0; i < w->member_count; i++)
        if (member_equal(&w->members[i], member))
            return i;
    return SIZE_MAX;
}

/* The height begins with what its cut says: its time, a tree, and what it brings against whom. */
static void begin(struct retelling *n, uint64_t height)
{
    const struct replica *replica = n->w->nodes[n->node].replica;
    struct certificate *certificate = (struct certificate *)allocate(1, sizeof(*certificate));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    struct buffer proof;
    struct codec_reader reader;
    struct error error = {.code = ERROR_NONE};
    buffer_init(&proof, UINT32_MAX);
    bool good = replica_height_proof(replica, height, &proof, &error);
    codec_reader_init(&reader, buffer_bytes(&proof));
    codec_get_array(&reader, 6, 6);
    for (size_t i = 0; i < 3; i++) /* version, height, first record */
        codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, certificate);
    struct bytes bytes = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    good = good && !reader.failed && cut_decode(bytes, cut, &error);
    if (!good)
        world_fail(n->w, "the proof of height %" PRIu64 " does not read back: %s", height,
                   error.text);
    const struct naive_tree tree = {cut->record_count, cut->record_root};
    if (good)
        naive_begin(n->model, cut->time_ms, &tree);
    for (size_t i = 0; good && i < cut->evidence_count; i++) {
        struct evidence evidence;
        if (evidence_decode(cut->evidence[i], &evidence, &error))
            naive_evidence(n->model, evidence.node.v);
        else
            world_fail(n->w, "evidence in height %" PRIu64 ": %s", height, error.text);
    }
    buffer_release(&proof);
    free(certificate);
    free(cut);
}

/* The model reaches each verdict and each effect by itself. */
static void retell(struct retelling *n, const struct record *record)
{
    struct effect own, recorded;
    if (record->height != n->height)
        begin(n, record->height);
    n->height = record->height;
    if (record->kind == RECORD_KIND_SEAL) {
        (void)naive_seal(n->model, &record->state_digest);
        return;
    }
    if (!naive_may_write(n->model, record->lane.v)) {
        world_fail(n->w, "record %" PRIu64 " is of a lane that may not move", record->index.v);
        return;
    }
    struct naive_result result =
        naive_apply(n->model, record->lane.v, record->index.v, record->transaction);
    if (result.verdict != record->outcome.verdict || result.late != record->outcome.late)
        world_fail(n->w, "record %" PRIu64 " is %s, the naive model says %s", record->index.v,
                   verdict_word(record->outcome.verdict), verdict_word(result.verdict));
    else if (naive_differs(&result, record->outcome.effects, &own, &recorded))
        world_fail(n->w, "record %" PRIu64 " has other effects than the naive model",
                   record->index.v);
    naive_applied(n->model, record->lane.v, record->transaction.size, record->outcome.effects.size);
}

static void touch(struct retelling *n, const struct member_ref *member, uint64_t index)
{
    size_t m = member_of(n->w, member);
    if (m == SIZE_MAX || !n->histories[m].enrolled)
        return;
    uint64_t **records = &n->histories[m].records;
    size_t *count = &n->histories[m].count;
    if (*count > 0 && (*records)[*count - 1] == index)
        return; /* a transfer to oneself */
    *records =
        (uint64_t *)array_grow(*records, &n->histories[m].capacity, *count + 1, sizeof(**records));
    (*records)[(*count)++] = index;
}

/* Refusals too: whatever names a member belongs to its history. */
static void history(struct retelling *n, const struct record *record, const struct transaction *t)
{
    uint64_t index = record->index.v;
    if (t->type == TRANSACTION_ENROL) {
        size_t m = member_of(n->w, &t->body.enrol.member);
        if (m != SIZE_MAX && record->outcome.verdict == VERDICT_ACCEPTED)
            n->histories[m].enrolled = true;
        touch(n, &t->body.enrol.member, index);
    } else if (t->type == TRANSACTION_EARN) {
        touch(n, &t->body.earn.member, index);
    } else if (t->type == TRANSACTION_REDEEM) {
        touch(n, &t->body.redeem.member, index);
    } else if (t->type == TRANSACTION_HOLD) {
        touch(n, &t->body.hold.member, index);
    } else if (t->type == TRANSACTION_TRANSFER) {
        touch(n, &t->body.transfer.from, index);
        touch(n, &t->body.transfer.to, index);
    }
}

static bool visit(void *visitor, uint64_t index, struct bytes bytes)
{
    struct retelling *n = (struct retelling *)visitor;
    struct record record;
    struct transaction t;
    struct error error;
    if (index != n->next_index++ || !record_decode(bytes, &record, &error)) {
        world_fail(n->w, "record %" PRIu64 " does not read back", index);
        return false;
    }
    retell(n, &record);
    if (record.kind == RECORD_KIND_TRANSACTION &&
        transaction_decode(record.transaction, &t, &error))
        history(n, &record, &t);
    return !n->w->failed;
}

/* Pages from the newest record back to the first. */
static void check_history(struct retelling *n, uint16_t number, size_t m)
{
    const struct replica *replica = n->w->nodes[number].replica;
    size_t left = n->histories[m].count, count = 1;
    uint64_t before = UINT64_MAX, page[5];
    struct error error;
    while (count > 0 && !n->w->failed) {
        if (!replica_member_records(replica, &n->w->members[m], before, ARRAY_SIZE(page), page,
                                    &count, &error)) {
            world_fail(n->w, "node %u: member %zu: %s", number, m, error.text);
            return;
        }
        for (size_t i = 0; i < count; i++)
            if (left == 0 || page[i] != n->histories[m].records[--left])
                world_fail(n->w, "node %u: history of member %zu has record %" PRIu64, number, m,
                           page[i]);
        before = count > 0 ? page[count - 1] : before;
    }
    if (left > 0)
        world_fail(n->w, "node %u: history of member %zu lacks %zu records", number, m, left);
}

void load_check_balances(struct world *w, uint16_t number)
{
    const struct replica *replica = w->nodes[number].replica;
    struct replica_status status;
    struct error error;
    struct retelling *n = (struct retelling *)allocate(1, sizeof(*n));
    n->w = w;
    n->node = number;
    n->model = naive_open(model_rules(w->charter));
    replica_status(replica, w->now_ms, &status);
    /* A height that is executed but not durable is in the state and not yet in the log. */
    bool whole = state_height(replica_state(replica)) == status.height;
    if (status.records > 0 && !replica_records(replica, 0, status.records, visit, n, &error))
        world_fail(w, "node %u cannot read its log: %s", number, error.text);
    for (size_t i = 0; i < w->member_count && !w->failed; i++)
        check_history(n, number, i);
    for (size_t i = 0; i < w->member_count && whole && !w->failed; i++) {
        struct balance balance;
        struct naive_balance own;
        if (!state_balance(replica_state(replica), &w->members[i], &balance))
            continue;
        if (!naive_balance(n->model, &w->members[i], &own) ||
            balance.spendable.v != own.spendable || balance.held.v != own.held)
            world_fail(w,
                       "node %u: member %zu has %" PRId64 " and %" PRId64
                       " held: the naive model says otherwise",
                       number, i, balance.spendable.v, balance.held.v);
    }
    for (size_t i = 0; i < ARRAY_SIZE(n->histories); i++)
        free(n->histories[i].records);
    naive_close(n->model);
    free(n);
}
