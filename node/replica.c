#include "node/replica_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/plant.h"

/* Texts wait beside the queue: of a thousand actions hardly one has any. */
enum { ACTION_TEXT_SIZE = 400, ACTION_TEXTS_MAX = 1024 * 1024 };

/* ---- actions ------------------------------------------------------------------------------- */

struct queued_action *replica_act(struct replica *r, enum replica_action_kind kind)
{
    r->actions = (struct queued_action *)array_grow(r->actions, &r->action_capacity,
                                                    r->action_count + 1, sizeof(r->actions[0]));
    struct queued_action *queued = &r->actions[r->action_count++];
    memset(queued, 0, sizeof(*queued));
    queued->action.kind = kind;
    return queued;
}

void replica_send(struct replica *r, uint16_t peer, const struct message *message)
{
    size_t offset = r->sends.size;
    message_encode(message, &r->sends);
    if (r->sends.overflowed) { /* more than a lossy network would carry: dropped like a lost one */
        r->sends.overflowed = false;
        r->sends.size = offset;
        return;
    }
    if (peer < NODES_MAX)
        r->seen[peer].served_bytes += r->sends.size - offset + SERVE_MESSAGE_COST;
    struct queued_action *queued = replica_act(r, REPLICA_SEND);
    queued->action.peer = peer;
    queued->offset = offset;
    queued->size = r->sends.size - offset;
}

static void say(struct replica *r, enum replica_action_kind kind, const char *text)
{
    struct queued_action *queued = replica_act(r, kind);
    queued->offset = r->texts.size;
    buffer_append(&r->texts, bytes_of(text, strlen(text) + 1));
    must(!r->texts.overflowed);
}

void replica_stop(struct replica *r, const char *format, ...)
{
    char text[ACTION_TEXT_SIZE];
    if (r->stopped)
        return;
    r->stopped = true;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    say(r, REPLICA_FATAL, text);
}

void replica_warn(struct replica *r, const char *format, ...)
{
    char text[ACTION_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* However many a liar may bring about in one event: the first thousands will do. */
    if (r->texts.size < ACTION_TEXTS_MAX - 2 * ACTION_TEXT_SIZE)
        say(r, REPLICA_WARN, text);
}

const char *replica_node_name(struct replica *r, uint16_t node)
{
    if (node < r->charter->node_count)
        return r->charter->nodes[node].name;
    (void)snprintf(r->name_text, sizeof(r->name_text), "%u", node);
    return r->name_text;
}

bool replica_next(struct replica *r, struct replica_action *action_out)
{
    if (r->action_first == r->action_count) {
        r->action_first = r->action_count = 0;
        buffer_clear(&r->sends);
        buffer_clear(&r->texts);
        return false;
    }
    const struct queued_action *queued = &r->actions[r->action_first++];
    *action_out = queued->action;
    if (queued->action.kind == REPLICA_SEND || queued->action.kind == REPLICA_PIECE)
        action_out->message = bytes_of(r->sends.at + queued->offset, queued->size);
    if (queued->action.kind == REPLICA_WARN || queued->action.kind == REPLICA_FATAL)
        action_out->text = (const char *)r->texts.at + queued->offset;
    return true;
}

/* ---- writing: one group in flight, the next one filling ------------------------------------ */

struct store_group *replica_group(struct replica *r)
{
    return &r->writes[r->filling].group;
}

struct after *replica_after(struct replica *r, enum after_kind kind)
{
    struct write *write = &r->writes[r->filling];
    write->afters = (struct after *)array_grow(write->afters, &write->after_capacity,
                                               write->after_count + 1, sizeof(write->afters[0]));
    struct after *after = &write->afters[write->after_count++];
    memset(after, 0, sizeof(*after));
    after->kind = kind;
    return after;
}

struct after *replica_after_unasked(struct replica *r, enum after_kind kind)
{
    r->writes[r->filling].unasked_count++;
    return replica_after(r, kind);
}

static bool write_waits(const struct replica *r)
{
    const struct write *write = &r->writes[r->filling];
    return !r->write_in_flight && write->group.count > 0 &&
           write->after_count == write->unasked_count && write->group.ops.size < UNASKED_BYTES &&
           !r->draining;
}

static void flush(struct replica *r)
{
    struct write *write = &r->writes[r->filling];
    if (r->write_in_flight || (write->group.count == 0 && write->after_count == 0))
        return;
    if (write->since_ms == 0)
        write->since_ms = r->now_ms;
    if (write_waits(r) && r->now_ms < write->since_ms + UNASKED_MS)
        return;
    must(!write->group.ops.overflowed);
    r->write_in_flight = true;
    r->filling ^= 1;
    struct queued_action *queued = replica_act(r, REPLICA_WRITE);
    queued->action.write = ++r->write_number;
    queued->action.group = &write->group;
}

/* What every event ends with. A height that waited for the full group to leave is tried again. */
static void settle(struct replica *r)
{
    agree_pump(r);
    flush(r);
    if (r->pending.used)
        agree_pump(r);
    flush(r);
}

/* A clock that was set back takes along what is due by it: or else nothing would be due, no round
 * would end and no status be sent, until it is late again. */
static void set_clock(struct replica *r, uint64_t now_ms)
{
    uint64_t back = r->now_ms > now_ms + CLOCK_BACK_MS ? r->now_ms - now_ms : 0;
    r->now_ms = now_ms;
    if (back == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(r->timers); i++)
        r->timers[i].at_ms -= back < r->timers[i].at_ms ? back : r->timers[i].at_ms;
    r->status_at_ms = r->ask_at_ms = now_ms;
    cosigning_set_clock(r);
    r->batch_company.expected = r->cut_company.expected = 0;
    r->writes[r->filling].since_ms = 0;
    memset(r->fetch_at_ms, 0, sizeof(r->fetch_at_ms));
    for (size_t i = 0; i < r->waiting_count; i++)
        r->waiting[i].since_ms = now_ms;
    for (size_t i = 0; i < NODES_MAX; i++) {
        struct peer_seen *seen = &r->seen[i];
        seen->asked_heights_ms = seen->decided_sent_ms = 0;
        seen->heard_ms = seen->heard_ms > now_ms ? now_ms : seen->heard_ms;
    }
}

static void own_batch_durable(struct replica *r, const struct hash *id)
{
    struct lane *lane = &r->lanes[r->config.self.v];
    struct lane_entry *entry = lane_find(lane, id);
    if (!entry) /* void by now, and taken back */
        return;
    r->batch_in_flight = false;
    if (entry->hidden)
        lane_show(lane, entry);
    for (uint32_t i = 0; entry->tokens && i < entry->batch.transaction_count; i++)
        if (entry->tokens[i])
            replica_act(r, REPLICA_DURABLE)->action.token = entry->tokens[i];
    r->out.kind = MESSAGE_BATCH;
    r->out.body.batch = buffer_bytes(&entry->bytes);
    replica_send(r, REPLICA_TO_ALL, &r->out);
    agree_on_batch(r);
}

static void height_durable(struct replica *r, const struct after *after)
{
    r->shown = (struct passed){.height = after->height,
                               .count = after->size,
                               .digest = after->digest,
                               .root = after->root};
    r->shown_time_ms = after->time_ms;
    r->batch_company.since_ms = r->cut_company.since_ms = r->now_ms;
    replica_act(r, REPLICA_EXECUTED)->action.height = after->height;
    cosigning_height(r, after);
}

static void after_durable(struct replica *r, struct after *after)
{
    switch (after->kind) {
    case AFTER_BATCH:
        own_batch_durable(r, &after->id);
        return;
    case AFTER_VOTE:
        /* Each is acted upon before the next: a group that took long holds those of many rounds. */
        agree_vote_durable(r, &after->vote);
        agree_pump(r);
        return;
    case AFTER_PROPOSAL:
        agree_proposal_durable(r, buffer_bytes(&after->bytes));
        agree_pump(r);
        return;
    case AFTER_OUTBOX:
        replica_act(r, REPLICA_DURABLE)->action.token = after->token;
        return;
    case AFTER_DECIDED: {
        struct replica_action *action = &replica_act(r, REPLICA_DECIDED)->action;
        action->token = after->token;
        action->index = after->index;
        action->first = after->first;
        action->verdict = after->verdict;
        action->late = after->late;
        action->height = after->height;
        return;
    }
    case AFTER_HEIGHT:
        height_durable(r, after);
        return;
    case AFTER_COSIGNED:
        cosigning_own_durable(r, buffer_bytes(&after->bytes));
        return;
    case AFTER_FINAL:
        cosigning_final_durable(r, buffer_bytes(&after->bytes));
        return;
    case AFTER_ATTESTED:
        snapshot_own_durable(r, buffer_bytes(&after->bytes));
        return;
    case AFTER_JOINED:
        replica_act(r, REPLICA_REOPEN)->action.snapshot = r->fetching.name;
        r->stopped = true;
        return;
    case AFTER_WHOLE:
        r->gap.at.snapshot.height = 0;
        return;
    }
}

static void write_clear(struct write *write)
{
    for (size_t i = 0; i < write->after_count; i++)
        buffer_release(&write->afters[i].bytes);
    write->after_count = write->unasked_count = 0;
    write->since_ms = 0;
    store_group_clear(&write->group);
}

void replica_on_durable(struct replica *r, uint64_t number, uint64_t now_ms)
{
    if (r->stopped)
        return;
    must(r->write_in_flight && number == r->write_number);
    set_clock(r, now_ms);
    r->write_in_flight = false;
    struct write *done = &r->writes[r->filling ^ 1];
    /* What follows may fill the other group but never this one: it is cleared below. */
    for (size_t i = 0; i < done->after_count && !r->stopped; i++)
        after_durable(r, &done->afters[i]);
    write_clear(done);
    replica_maybe_batch(r);
    settle(r);
}

/* ---- own transactions and batches ---------------------------------------------------------- */

void replica_wait(struct replica *r, struct bytes transaction, uint64_t token, uint64_t outbox)
{
    size_t before = r->mempool.size;
    batch_payload_put(&r->mempool, transaction);
    must(!r->mempool.overflowed);
    r->waiting = (struct pending *)array_grow(r->waiting, &r->waiting_capacity,
                                              r->waiting_count + 1, sizeof(r->waiting[0]));
    r->waiting[r->waiting_count++] = (struct pending){.size = (uint32_t)(r->mempool.size - before),
                                                      .token = token,
                                                      .outbox = outbox,
                                                      .since_ms = r->now_ms};
}

/* The right to sign is not there yet (rule 3): what was acknowledged must outlive a crash. */
static void put_in_outbox(struct replica *r, struct bytes transaction, uint64_t token)
{
    uint64_t number = ++r->outbox_next;
    struct store_key key = key_outbox(number);
    store_put(replica_group(r), store_key_bytes(&key), transaction);
    r->outbox_count++;
    replica_wait(r, transaction, token, number);
    if (token)
        replica_after(r, AFTER_OUTBOX)->token = token;
}

/* A transaction is an array, a payload begins with a byte string. */
static bool outbox_holds_payload(struct bytes value)
{
    return value.size > 0 && value.at[0] >> 5 == 2;
}

/* A payload's one entry stands for all its transactions, until the last of them is in a batch. */
static void wait_payload(struct replica *r, struct bytes payload, const uint64_t *tokens,
                         uint64_t outbox)
{
    struct bytes transaction;
    for (size_t i = 0; batch_payload_next(&payload, &transaction); i++) {
        r->mempool.limit += transaction.size + 16; /* acknowledged, whatever the limit is now */
        replica_wait(r, transaction, tokens ? tokens[i] : 0, outbox);
        r->outbox_count++;
    }
}

void replica_wait_stored(struct replica *r, struct bytes value, uint64_t outbox)
{
    if (outbox_holds_payload(value)) {
        wait_payload(r, value, NULL, outbox);
        return;
    }
    r->mempool.limit += value.size + 16;
    r->outbox_count++;
    replica_wait(r, value, 0, outbox);
}

static void take_back(struct replica *r, const struct lane_entry *entry)
{
    uint64_t number = ++r->outbox_next;
    struct store_key key = key_outbox(number);
    store_put(replica_group(r), store_key_bytes(&key), entry->batch.payload);
    wait_payload(r, entry->batch.payload, entry->tokens, number);
    for (uint32_t i = 0; entry->hidden && entry->tokens && i < entry->batch.transaction_count; i++)
        if (entry->tokens[i]) /* their batch was not durable yet, and nobody was told so */
            replica_after(r, AFTER_OUTBOX)->token = entry->tokens[i];
}

void replica_take_back(struct replica *r, const struct lane *lane)
{
    struct buffer mempool = r->mempool;
    struct pending *waiting = r->waiting;
    size_t count = r->waiting_count;
    buffer_init(&r->mempool, mempool.limit);
    r->waiting = NULL;
    r->waiting_count = r->waiting_capacity = 0;
    size_t bytes = 0; /* of a key that is not ours any more, forks may have filled the lane */
    for (size_t i = 0; i < lane->count; i++) {
        /* Whoever stole the key may have written it: no other key of ours shall sign it. */
        if (lane->entries[i]->heard)
            continue;
        bytes += lane->entries[i]->bytes.size;
        if (bytes <= OWN_BYTES_MAX)
            take_back(r, lane->entries[i]);
    }
    r->mempool.limit += mempool.size;
    buffer_append(&r->mempool, buffer_bytes(&mempool));
    must(!r->mempool.overflowed);
    r->waiting = (struct pending *)array_grow(r->waiting, &r->waiting_capacity,
                                              r->waiting_count + count + 1, sizeof(waiting[0]));
    if (count > 0)
        memcpy(r->waiting + r->waiting_count, waiting, count * sizeof(waiting[0]));
    r->waiting_count += count;
    r->batch_in_flight = false;
    buffer_release(&mempool);
    free(waiting);
}

bool replica_submit(struct replica *r, struct bytes transaction, uint64_t token, uint64_t now_ms,
                    struct error *error)
{
    struct transaction decoded;
    return transaction_decode(transaction, &decoded, error) &&
           replica_submit_decoded(r, transaction, token, now_ms, error);
}

bool replica_submit_decoded(struct replica *r, struct bytes transaction, uint64_t token,
                            uint64_t now_ms, struct error *error)
{
    if (r->stopped || r->draining)
        return error_set(error, ERROR_BUSY, "the node is stopping");
    if (r->standing != REPLICA_WRITES)
        return error_set(error, ERROR_DENIED, "%s", epoch_standing_text(r->standing));
    size_t room = r->config.mempool_bytes_max;
    if (r->waiting_count >= MEMPOOL_COUNT_MAX || r->mempool.size + transaction.size + 8 > room)
        return error_set(error, ERROR_BUSY, "%zu transactions wait for a batch", r->waiting_count);
    set_clock(r, now_ms);
    if (r->may_sign)
        replica_wait(r, transaction, token, 0);
    else
        put_in_outbox(r, transaction, token);
    replica_maybe_batch(r);
    settle(r);
    return true;
}

/* A node that is cut off goes on until its lane is full; then its clients hear that it is busy. */
static bool may_batch(const struct replica *r)
{
    const struct lane *lane = &r->lanes[r->config.self.v];
    return r->may_sign && r->standing == REPLICA_WRITES && !r->stopped && r->waiting_count > 0 &&
           !r->batch_in_flight && lane->count < OWN_UNDECIDED_MAX &&
           lane->bytes + BATCH_SIZE_MAX <= OWN_BYTES_MAX;
}

uint64_t replica_awaits(const struct replica *r, const struct company *company, uint64_t here,
                        uint64_t since_ms)
{
    uint64_t until_ms = since_ms > company->since_ms ? since_ms : company->since_ms;
    until_ms += COMPANY_MS;
    if (until_ms > company->since_ms + COMPANY_RECENT_MS)
        until_ms = company->since_ms + COMPANY_RECENT_MS;
    return here < company->expected && r->now_ms < until_ms ? until_ms : 0;
}

static bool batch_is_due(const struct replica *r)
{
    const struct lane *lane = &r->lanes[r->config.self.v];
    if (!may_batch(r))
        return false;
    if (r->draining || r->mempool.size >= r->charter->limits.batch_bytes ||
        r->now_ms >= r->waiting[0].since_ms + BATCH_WAIT_MS)
        return true;
    return lane->count < OWN_UNDECIDED_EAGER &&
           !replica_awaits(r, &r->batch_company, r->waiting_count, r->waiting[0].since_ms);
}

/* How many waiting transactions fit one batch, and their bytes. */
static size_t batch_take(const struct replica *r, size_t *size_out)
{
    size_t count = 0, size = 0;
    while (count < r->waiting_count && count < BATCH_TRANSACTIONS_MAX &&
           size + r->waiting[count].size <= r->charter->limits.batch_bytes)
        size += r->waiting[count++].size;
    must(count > 0);
    *size_out = size;
    return count;
}

static void mempool_drop(struct replica *r, size_t count, size_t size)
{
    memmove(r->mempool.at, r->mempool.at + size, r->mempool.size - size);
    r->mempool.size -= size;
    memmove(r->waiting, r->waiting + count, (r->waiting_count - count) * sizeof(r->waiting[0]));
    r->waiting_count -= count;
}

/* Of those that go into a batch now: an entry leaves the outbox with the last that it stands for.
 */
static void leave_outbox(struct replica *r, size_t place)
{
    uint64_t number = r->waiting[place].outbox;
    if (number == 0)
        return;
    r->outbox_count--;
    if (place + 1 < r->waiting_count && r->waiting[place + 1].outbox == number)
        return;
    struct store_key key = key_outbox(number);
    store_delete(replica_group(r), store_key_bytes(&key));
}

static void make_batch(struct replica *r)
{
    struct lane *lane = &r->lanes[r->config.self.v];
    const struct lane_entry *last = lane_last(lane);
    size_t size = 0;
    size_t count = batch_take(r, &size);
    struct batch batch = {.coalition = r->charter->coalition,
                          .lane = r->config.self,
                          .sequence = (last ? last->batch.sequence : lane->decided.sequence) + 1,
                          .previous = last ? last->batch.id : lane->decided.id,
                          .created_ms = r->now_ms,
                          .transaction_count = (uint32_t)count,
                          .payload = bytes_of(r->mempool.at, size)};
    batch_seal(&batch, r->key);
    buffer_clear(&r->scratch);
    batch_encode(&batch, &r->scratch);
    must(!r->scratch.overflowed);
    struct lane_entry *entry = lane_add(lane, &batch, buffer_bytes(&r->scratch), true);
    must(entry);
    entry->tokens = (uint64_t *)allocate(count, sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        entry->tokens[i] = r->waiting[i].token;
        leave_outbox(r, i);
    }
    struct store_key key = key_batch(batch.lane.v, batch.sequence, &batch.id);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->scratch));
    replica_after(r, AFTER_BATCH)->id = batch.id;
    r->batch_in_flight = true;
    r->batch_company.expected = 0; /* who comes later than the others goes at once */
    mempool_drop(r, count, size);
}

void replica_maybe_batch(struct replica *r)
{
    if (batch_is_due(r))
        make_batch(r);
}

void replica_drain(struct replica *r)
{
    r->draining = true;
    replica_maybe_batch(r);
    flush(r);
}

bool replica_drained(const struct replica *r)
{
    return r->stopped ||
           (!r->write_in_flight &&
            (r->waiting_count == 0 || !r->may_sign || r->standing != REPLICA_WRITES) &&
            r->writes[r->filling].group.count == 0);
}

/* ---- other events -------------------------------------------------------------------------- */

static void dispatch(struct replica *r, uint16_t from, const struct message *message)
{
    switch (message->kind) {
    case MESSAGE_BATCH:
        gossip_on_batch(r, from, message->body.batch);
        return;
    case MESSAGE_PROPOSAL:
        agree_on_proposal(r, from, message->body.proposal);
        return;
    case MESSAGE_VOTES:
        /* Each vote may bring actions, and their queue has an end: taken before the next vote. A
         * peer that carries one bad signature is not worth checking the others. */
        for (size_t i = 0; i < message->body.votes.count && !r->stopped; i++) {
            if (peer_is_over_budget(r, from))
                return;
            if (!agree_on_vote(r, from, &message->body.votes.items[i]))
                return;
            agree_pump(r);
        }
        return;
    case MESSAGE_STATUS:
        gossip_on_status(r, from, &message->body.status);
        return;
    case MESSAGE_FETCH_BATCHES:
        gossip_on_fetch_batches(r, from, message);
        return;
    case MESSAGE_FETCH_HEIGHTS:
        gossip_on_fetch_heights(r, from, message->body.fetch_heights.from,
                                message->body.fetch_heights.count);
        return;
    case MESSAGE_DECIDED:
        agree_on_decided(r, from, &message->body.decided.certificate, message->body.decided.cut);
        return;
    case MESSAGE_ASK:
        gossip_on_ask(r, from, message->body.ask.nonce);
        return;
    case MESSAGE_ANSWER:
        gossip_on_answer(r, from, &message->body.answer);
        return;
    case MESSAGE_COSIGNATURE:
        cosigning_on_message(r, from, &message->body.cosignature.item,
                             message->body.cosignature.final_size);
        return;
    case MESSAGE_ATTESTATION:
        snapshot_on_attestation(r, from, &message->body.attestation);
        return;
    case MESSAGE_FETCH_SNAPSHOT:
        snapshot_on_fetch(r, from, message->body.fetch_snapshot.height,
                          message->body.fetch_snapshot.piece);
        return;
    case MESSAGE_SNAPSHOT_PIECE:
        fetch_on_piece(r, from, message);
        return;
    case MESSAGE_EVIDENCE:
        evidence_on_message(r, from, message->body.evidence);
        return;
    }
}

void replica_on_message(struct replica *r, uint16_t from, struct bytes bytes, uint64_t now_ms)
{
    /* Also from one that the charter does not name yet: who it is, the channel knows. */
    if (r->stopped || from >= NODES_MAX || from == r->config.self.v)
        return;
    set_clock(r, now_ms);
    r->seen[from].heard_ms = now_ms;
    if (peer_is_over_budget(r, from)) {
        r->seen[from].ignored++;
        return;
    }
    struct error error;
    if (!message_decode(bytes, &r->in, &error)) {
        peer_malformed(r, from);
        return;
    }
    if (r->history.is)
        history_on_message(r, from);
    else
        dispatch(r, from, &r->in);
    replica_maybe_batch(r);
    settle(r);
}

void replica_on_time(struct replica *r, uint64_t now_ms)
{
    if (r->stopped)
        return;
    set_clock(r, now_ms);
    if (r->history.is) {
        history_on_time(r);
        settle(r);
        return;
    }
    replica_maybe_batch(r);
    agree_on_time(r);
    gossip_on_time(r);
    cosigning_on_time(r);
    snapshot_on_time(r);
    fetch_on_time(r);
    settle(r);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t replica_deadline_ms(const struct replica *r)
{
    if (r->stopped)
        return UINT64_MAX;
    if (r->history.is)
        return r->history.next_ms;
    uint64_t at = earlier(r->status_at_ms, r->may_sign ? UINT64_MAX : r->ask_at_ms);
    for (size_t i = 0; i < ARRAY_SIZE(r->timers); i++)
        if (r->timers[i].set)
            at = earlier(at, r->timers[i].at_ms);
    if (may_batch(r)) {
        uint64_t since = r->waiting[0].since_ms;
        uint64_t company = replica_awaits(r, &r->batch_company, r->waiting_count, since);
        at = earlier(at, company ? company : since + BATCH_WAIT_MS);
    }
    at = earlier(at, cosigning_due_ms(r));
    if (write_waits(r))
        at = earlier(at, r->writes[r->filling].since_ms + UNASKED_MS);
    uint64_t company = agree_awaits_company(r);
    at = company ? earlier(at, company) : at;
    if (consensus_step(r->consensus) == STEP_WAITING && agree_may_start(r)) {
        at = earlier(at, r->cut_time_ms + r->charter->limits.heartbeat_ms);
        at = earlier(at, state_next_due_ms(r->state));
    }
    /* What is due already but waits for something else is looked at again soon, not at once. */
    return at > r->now_ms ? at : r->now_ms + 1;
}

/* ---- lifecycle ----------------------------------------------------------------------------- */

static void prepare(struct replica *r, const struct replica_config *config)
{
    r->config = *config;
    if (r->config.mempool_bytes_max == 0)
        r->config.mempool_bytes_max = MEMPOOL_BYTES_DEFAULT;
    buffer_init(&r->mempool, r->config.mempool_bytes_max + TRANSACTION_SIZE_MAX + 16);
    buffer_init(&r->sends, (size_t)64 * 1024 * 1024);
    buffer_init(&r->texts, ACTION_TEXTS_MAX);
    buffer_init(&r->scratch, (size_t)CUT_PAYLOAD_MAX * 4);
    buffer_init(&r->record, RECORD_SIZE_MAX);
    buffer_init(&r->entry, RECORD_SIZE_MAX);
    buffer_init(&r->entries, STORE_VALUE_MAX);
    buffer_init(&r->pending.cut, CUT_SIZE_MAX);
    buffer_init(&r->fetching.hashes, (size_t)SNAPSHOT_PIECES_MAX * HASH_SIZE);
    for (size_t i = 0; i < AHEAD_MAX; i++)
        buffer_init(&r->ahead[i].cut, CUT_SIZE_MAX);
    for (size_t i = 0; i < NODES_MAX; i++)
        buffer_init(&r->seen[i].proposal, MESSAGE_SIZE_MAX);
    store_group_init(&r->writes[0].group);
    store_group_init(&r->writes[1].group);
    r->want_cut_round = -1;
    r->cut_id = config->charter->coalition;
}

struct replica *replica_make(const struct replica_config *config, uint64_t now_ms,
                             struct error *error)
{
    must(config->self.v < NODES_MAX);
    struct replica *r = (struct replica *)allocate(1, sizeof(*r));
    prepare(r, config);
    r->now_ms = now_ms;
    r->consensus = consensus_open();
    r->state = config->image ? config->image : state_open(config->charter);
    merkle_init(&r->tree);
    if (epoch_init(r, error))
        return r;
    replica_close(r);
    return NULL;
}

bool replica_open(const struct replica_config *config, uint64_t now_ms,
                  struct replica **replica_out, struct error *error)
{
    struct replica *r = replica_make(config, now_ms, error);
    if (!r)
        return false;
    if (!recover(r, error)) {
        replica_close(r);
        return false;
    }
    /* Nobody else to ask: a coalition of one (rule 3). */
    if (r->agreement.quorum == 1)
        gossip_question_over(r);
    r->ask_at_ms = now_ms;
    gossip_reset(r);
    r->status_at_ms = now_ms;
    r->config.image = NULL; /* by now what any replica's state is */
    r->config.place = bytes_of(NULL, 0);
    *replica_out = r;
    return true;
}

void replica_close(struct replica *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < NODES_MAX; i++) {
        lane_release(&r->lanes[i]);
        buffer_release(&r->seen[i].proposal);
    }
    epoch_release(r);
    cosigning_release(r);
    evidence_release(r);
    for (size_t i = 0; i < AHEAD_MAX; i++)
        buffer_release(&r->ahead[i].cut);
    for (size_t i = 0; i < 2; i++) {
        write_clear(&r->writes[i]);
        store_group_release(&r->writes[i].group);
        free(r->writes[i].afters);
    }
    buffer_release(&r->pending.cut);
    buffer_release(&r->fetching.hashes);
    buffer_release(&r->mempool);
    buffer_release(&r->sends);
    buffer_release(&r->texts);
    buffer_release(&r->scratch);
    buffer_release(&r->record);
    buffer_release(&r->entry);
    buffer_release(&r->entries);
    consensus_close(r->consensus);
    state_close(r->state);
    free(r->waiting);
    free(r->actions);
    free(r);
}

/* ---- asking -------------------------------------------------------------------------------- */

const struct state *replica_state(const struct replica *r)
{
    return r->state;
}

uint64_t replica_height(const struct replica *r)
{
    return r->shown.height;
}

uint64_t replica_record_count(const struct replica *r)
{
    return r->shown.count;
}

uint64_t replica_ledger_now_ms(const struct replica *r, uint64_t now_ms)
{
    uint64_t cut_time = now_ms > r->cut_time_ms ? now_ms : r->cut_time_ms + 1;
    return state_time_at(r->state, cut_time);
}

void replica_status(const struct replica *r, uint64_t now_ms, struct replica_status *status)
{
    memset(status, 0, sizeof(*status));
    status->height = r->shown.height;
    status->records = r->shown.count;
    status->root = r->shown.root;
    status->digest = r->shown.digest;
    status->ledger_time_ms = r->shown_time_ms;
    status->resumed_height = r->resumed.height;
    status->resumed_records = r->resumed.count;
    status->round = consensus_round(r->consensus);
    status->may_sign = r->may_sign;
    status->standing = r->standing;
    status->stopped = r->stopped;
    status->mempool_bytes = r->mempool.size;
    status->mempool_count = r->waiting_count;
    status->outbox_count = r->outbox_count;
    size_t heard = 0;
    for (size_t i = 0; i < NODES_MAX; i++) {
        const struct peer_seen *seen = &r->seen[i];
        status->undecided_batches += r->lanes[i].count;
        status->heard_ms[i] = seen->heard_ms;
        status->peer_height[i] = seen->height;
        status->conflicts[i] = seen->conflicts;
        status->bad_signatures[i] = seen->bad_signatures;
        status->omissions[i] = seen->omissions;
        status->malformed[i] = seen->malformed;
        status->useless[i] = seen->useless;
        status->ignored[i] = seen->ignored;
        status->unserved[i] = seen->unserved;
        status->refused_cuts[i] = seen->refused_cuts;
        status->unfetched_cuts[i] = seen->unfetched_cuts;
        status->lanes[i] = r->lanes[i].decided;
        heard += r->is_voter[i] && i != r->config.self.v && seen->heard_ms > 0 &&
                 now_ms < seen->heard_ms + HEARD_RECENTLY_MS;
    }
    cosigning_status(r, status);
    fetch_status(r, status);
    status->gap = r->gap.at;
    for (size_t i = 0; i < r->charter->voter_count; i++)
        status->conflicts[r->charter->voters[i]] += consensus_conflicts(r->consensus, i);
    size_t self = r->is_voter[r->config.self.v] ? 1 : 0;
    status->has_quorum = heard + self >= r->agreement.quorum;
}
