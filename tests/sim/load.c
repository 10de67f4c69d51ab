/* Clients of the simulated coalition, and the second, naive model of what they did. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

static struct member_ref some_member(struct world *w)
{
    return w->members[sim_below(w, (uint32_t)w->member_count)];
}

static void draw(struct world *w, struct transaction *t)
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
    } else if (kind < 80) {
        t->type = TRANSACTION_REDEEM;
        t->body.redeem.member = some_member(w);
        t->body.redeem.points.v = 1 + sim_below(w, 80);
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

void load_submit(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    struct transaction t;
    struct buffer bytes;
    memset(&t, 0, sizeof(t));
    w->promises = (struct promise *)array_grow(w->promises, &w->promise_capacity,
                                               w->promise_count + 1, sizeof(w->promises[0]));
    uint64_t token = ++w->promise_count;
    struct promise *promise = &w->promises[token - 1];
    memset(promise, 0, sizeof(*promise));
    promise->node = number;
    (void)snprintf(promise->key, sizeof(promise->key), "key-%" PRIu64, token);
    draw(w, &t);
    t.key = bytes_text(promise->key);
    uint64_t now = (uint64_t)((int64_t)w->now_ms + node->skew_ms);
    t.at_ms = replica_ledger_now_ms(node->replica, now);
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    /* Busy is an answer too: nothing was promised. What the replica wants done follows at its next
     * event, which is never more than a tick away. */
    (void)!replica_submit(node->replica, buffer_bytes(&bytes), token, now, NULL);
    buffer_release(&bytes);
}

/* ---- the naive model: balances from accepted records alone ---------------------------------- */

struct naive {
    struct world *w;
    int64_t points[16], held[16];
    struct {
        uint64_t index;
        size_t member;
        int64_t points;
    } holds[1024];
    size_t hold_count;
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

static void naive_apply(struct naive *n, const struct record *record, const struct transaction *t)
{
    size_t m = SIZE_MAX;
    int64_t delta = 0;
    if (t->type == TRANSACTION_EARN) {
        m = member_of(n->w, &t->body.earn.member);
        delta = t->body.earn.lots[0].quantity.v;
    } else if (t->type == TRANSACTION_REDEEM) {
        m = member_of(n->w, &t->body.redeem.member);
        delta = -t->body.redeem.points.v;
    } else if (t->type == TRANSACTION_HOLD) {
        m = member_of(n->w, &t->body.hold.member);
        n->held[m] += t->body.hold.points.v; /* released by time alone: see below */
    } else if (t->type == TRANSACTION_TRANSFER) {
        m = member_of(n->w, &t->body.transfer.from);
        delta = -t->body.transfer.points.v;
        n->points[member_of(n->w, &t->body.transfer.to)] += t->body.transfer.points.v;
    }
    if (m == SIZE_MAX)
        return;
    n->points[m] += delta;
    if (n->points[m] < 0)
        world_fail(n->w, "record %" PRIu64 " spends points twice", record->index.v);
}

static void naive_touch(struct naive *n, const struct member_ref *member, uint64_t index)
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
static void naive_history(struct naive *n, const struct record *record, const struct transaction *t)
{
    uint64_t index = record->index.v;
    if (t->type == TRANSACTION_ENROL) {
        size_t m = member_of(n->w, &t->body.enrol.member);
        if (m != SIZE_MAX && record->outcome.verdict == VERDICT_ACCEPTED)
            n->histories[m].enrolled = true;
        naive_touch(n, &t->body.enrol.member, index);
    } else if (t->type == TRANSACTION_EARN) {
        naive_touch(n, &t->body.earn.member, index);
    } else if (t->type == TRANSACTION_REDEEM) {
        naive_touch(n, &t->body.redeem.member, index);
    } else if (t->type == TRANSACTION_HOLD) {
        naive_touch(n, &t->body.hold.member, index);
    } else if (t->type == TRANSACTION_TRANSFER) {
        naive_touch(n, &t->body.transfer.from, index);
        naive_touch(n, &t->body.transfer.to, index);
    }
}

static bool naive_visit(void *visitor, uint64_t index, struct bytes bytes)
{
    struct naive *n = (struct naive *)visitor;
    struct record record;
    struct transaction t;
    struct error error;
    if (index != n->next_index++ || !record_decode(bytes, &record, &error)) {
        world_fail(n->w, "record %" PRIu64 " does not read back", index);
        return false;
    }
    if (record.kind == RECORD_KIND_TRANSACTION &&
        transaction_decode(record.transaction, &t, &error)) {
        naive_history(n, &record, &t);
        if (record.outcome.verdict == VERDICT_ACCEPTED)
            naive_apply(n, &record, &t);
    }
    return !n->w->failed;
}

/* Pages from the newest record back to the first. */
static void check_history(struct naive *n, uint16_t number, size_t m)
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
    struct naive *n = (struct naive *)allocate(1, sizeof(*n));
    n->w = w;
    replica_status(replica, w->now_ms, &status);
    /* A height that is executed but not durable is in the state and not yet in the log. */
    bool whole = state_height(replica_state(replica)) == status.height;
    if (status.records > 0 && !replica_records(replica, 0, status.records, naive_visit, n, &error))
        world_fail(w, "node %u cannot read its log: %s", number, error.text);
    for (size_t i = 0; i < w->member_count && !w->failed; i++)
        check_history(n, number, i);
    for (size_t i = 0; i < w->member_count && whole && !w->failed; i++) {
        struct balance balance;
        if (!state_balance(replica_state(replica), &w->members[i], &balance))
            continue;
        /* Held points are still the member's until a commit, and nobody commits here. */
        if (balance.spendable.v + balance.held.v != n->points[i])
            world_fail(w,
                       "node %u: member %zu has %" PRId64 " + %" PRId64
                       " held, the naive model says %" PRId64,
                       number, i, balance.spendable.v, balance.held.v, n->points[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(n->histories); i++)
        free(n->histories[i].records);
    free(n);
}
