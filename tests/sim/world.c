#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

enum { EVENTS_MAX = 4000000, QUIET_TICK_MS = 5, LONG_SLEEP_MS = 2000, MOTION_EVERY_MS = 150 };

void world_fail(struct world *w, const char *format, ...)
{
    if (w->failed)
        return;
    w->failed = true;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(w->why, sizeof(w->why), format, arguments);
    va_end(arguments);
}

/* ---- events: a binary heap by time --------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void push(struct world *w, struct event event)
{
    event.order = w->event_order++;
    w->events = (struct event *)array_grow(w->events, &w->event_capacity, w->event_count + 1,
                                           sizeof(w->events[0]));
    size_t at = w->event_count++;
    while (at > 0 && before(&event, &w->events[(at - 1) / 2])) {
        w->events[at] = w->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->events[at] = event;
}

static struct event pop(struct world *w)
{
    struct event first = w->events[0];
    struct event last = w->events[--w->event_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->event_count)
            break;
        if (child + 1 < w->event_count && before(&w->events[child + 1], &w->events[child]))
            child++;
        if (!before(&w->events[child], &last))
            break;
        w->events[at] = w->events[child];
        at = child;
    }
    if (w->event_count > 0)
        w->events[at] = last;
    return first;
}

static struct bytes copy(struct bytes bytes)
{
    uint8_t *at = (uint8_t *)allocate(bytes.size + 1, 1);
    if (bytes.size)
        memcpy(at, bytes.at, bytes.size);
    return bytes_of(at, bytes.size);
}

static void drop(struct bytes bytes)
{
    free((void *)(uintptr_t)bytes.at);
}

/* ---- the network --------------------------------------------------------------------------- */

void world_post(struct world *w, uint16_t from, uint16_t to, struct bytes message)
{
    const struct scenario *s = &w->scenario;
    w->messages++;
    w->message_bytes += message.size;
    if (!w->healed) {
        if (w->nodes[from].side != w->nodes[to].side || sim_chance(w, s->loss))
            return;
    }
    uint32_t times = !w->healed && sim_chance(w, s->repeat) ? 2 : 1;
    for (uint32_t i = 0; i < times; i++) {
        uint32_t delay = w->healed ? 1 + sim_below(w, 10) : 1 + sim_below(w, s->delay_ms);
        if (!w->healed && sim_chance(w, 20))
            delay *= 10; /* reordering across rounds */
        push(w, (struct event){.at_ms = w->now_ms + delay,
                               .kind = EVENT_MESSAGE,
                               .node = to,
                               .from = from,
                               .bytes = copy(message)});
    }
}

/* ---- honest keys never sign two claims ------------------------------------------------------ */

/* The place is of one key: `generation` says which of the node's. */
static void claim(struct world *w, uint16_t node, size_t generation, const char *kind,
                  uint64_t height, int64_t round, struct bytes what)
{
    char place[96];
    (void)snprintf(place, sizeof(place), "%u.%zu %s %llu %lld", node, generation, kind,
                   (unsigned long long)height, (long long)round);
    struct hash hash = hash_bytes(bytes_text(place)), said = hash_bytes(what);
    uint64_t key = get_u64be(hash.at) | 1;
    for (size_t i = 0; i < CLAIMS_SIZE; i++) {
        struct claim *slot = &w->claims[(key + i) % CLAIMS_SIZE];
        if (slot->place == 0)
            *slot = (struct claim){.place = key, .claim = said};
        if (slot->place != key)
            continue;
        /* A node that lost its disk signs again what nobody told it of: it is one of the f, and the
         * plant that signs although it was told is known by the same node stopping without it. */
        bool excused = w->nodes[node].wiped && plant_active == PLANT_NONE;
        if (!hash_equal(&slot->claim, &said) && !excused)
            world_fail(w, "honest node %s signed two claims", place);
        return;
    }
}

/* One root for a size, and no smaller size after a larger one, whatever the disk lost (rule 10). */
static void check_cosignature(struct world *w, uint16_t from, const struct cosignature *item)
{
    struct sim_node *node = &w->nodes[from];
    if (item->node.v != from)
        return;
    claim(w, from, 0, "cosignature", item->size, 0, hash_as_bytes(&item->root));
    if (item->size < node->cosigned && !(node->wiped && plant_active == PLANT_NONE))
        world_fail(w, "honest node %u cosigned %llu records after %llu", from,
                   (unsigned long long)item->size, (unsigned long long)node->cosigned);
    if (item->size > node->cosigned)
        node->cosigned = item->size;
}

/* Whoever made it, the snapshot of a height is the same. */
static void check_attestation(struct world *w, uint16_t from, const struct attestation *item)
{
    if (item->node.v == from && !w->nodes[from].liar)
        claim(w, 0, 0, "snapshot", item->snapshot.height, 0, hash_as_bytes(&item->snapshot.id));
}

/* Only what an honest node computed itself is ever final there. */
static void check_final(struct world *w, uint16_t number)
{
    const struct sim_node *node = &w->nodes[number];
    const struct cosign_final *final = replica_final(node->replica);
    if (node->liar || final->size == 0)
        return;
    if (final->size > replica_record_count(node->replica))
        world_fail(w, "node %u has a final checkpoint beyond its log", number);
    for (size_t i = w->sealed_count; i-- > 0 && w->sealed[i].records >= final->size;)
        if (w->sealed[i].records == final->size && !hash_equal(&w->sealed[i].root, &final->root))
            world_fail(w, "node %u holds another root for final", number);
}

/* No honest node is ever accused, whatever it went through; a stranger judges each piece. */
static void check_evidence(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    size_t count = replica_evidence_count(node->replica);
    for (; node->accused < count && !w->failed; node->accused++) {
        const struct evidence_kept *kept = replica_evidence(node->replica, node->accused);
        const struct sim_node *culprit = &w->nodes[kept->node.v];
        struct evidence evidence;
        if (!evidence_decode(bytes_of(kept->bytes, kept->size), &evidence, NULL) ||
            evidence.node.v != kept->node.v || evidence.kind != kept->kind)
            world_fail(w, "node %u keeps evidence that is none", number);
        w->evidence[kept->kind]++;
        if (!culprit->liar && !culprit->wiped)
            world_fail(w, "node %u holds evidence (%s) against the honest node %u", number,
                       evidence_word(kept->kind), kept->node.v);
    }
}

/* The signing keys that a node ever had, by generation; SIZE_MAX: none of them signed it. */
static size_t signer_of(const struct world *w, uint16_t from, const struct message *m,
                        const void *item)
{
    const struct sim_node *node = &w->nodes[from];
    for (size_t i = 0; i < node->own_count; i += 2) {
        struct public_key key = signing_key_public(node->own[i]);
        struct verifier *verifier = verifier_open(&key);
        bool good =
            m->kind == MESSAGE_BATCH ? batch_verify((const struct batch *)item, verifier)
            : m->kind == MESSAGE_VOTES
                ? vote_verify((const struct vote *)item, verifier, &w->charter->coalition)
                : proposal_verify((const struct proposal *)item, verifier, &w->charter->coalition);
        verifier_close(verifier);
        if (good)
            return i / 2;
    }
    return SIZE_MAX;
}

static void check_honest(struct world *w, uint16_t from, struct bytes bytes)
{
    struct codec_reader reader;
    struct batch batch;
    struct message *m = w->scratch;
    must(message_decode(bytes, m, NULL));
    if (m->kind == MESSAGE_BATCH && batch_decode(m->body.batch, &batch, NULL) &&
        batch.lane.v == from)
        claim(w, from, signer_of(w, from, m, &batch), "batch", batch.sequence, 0,
              hash_as_bytes(&batch.id));
    for (size_t i = 0; m->kind == MESSAGE_VOTES && i < m->body.votes.count; i++) {
        const struct vote *vote = &m->body.votes.items[i];
        if (vote->voter.v == from)
            claim(w, from, signer_of(w, from, m, vote),
                  vote->type == VOTE_PREVOTE ? "prevote" : "precommit", vote->height, vote->round,
                  hash_as_bytes(&vote->cut));
    }
    if (m->kind == MESSAGE_COSIGNATURE)
        check_cosignature(w, from, &m->body.cosignature.item);
    if (m->kind == MESSAGE_ATTESTATION)
        check_attestation(w, from, &m->body.attestation);
    if (m->kind != MESSAGE_PROPOSAL)
        return;
    struct proposal *proposal = (struct proposal *)allocate(1, sizeof(*proposal));
    codec_reader_init(&reader, m->body.proposal);
    proposal_get(&reader, proposal);
    if (proposal->proposer.v == from)
        claim(w, from, signer_of(w, from, m, proposal), "proposal", proposal->height,
              proposal->round, hash_as_bytes(&proposal->cut.id));
    free(proposal);
}

static void send_out(struct world *w, uint16_t from, const struct replica_action *action)
{
    if (!w->nodes[from].liar)
        check_honest(w, from, action->message);
    for (uint16_t to = 0; to < w->scenario.nodes; to++) {
        if (to == from || (action->peer != REPLICA_TO_ALL && action->peer != to))
            continue;
        if (w->nodes[from].liar && (!w->healed || w->scenario.liars_go_on))
            liar_send(w, from, to, action->message);
        else
            world_post(w, from, to, action->message);
    }
}

/* ---- checks at every step ------------------------------------------------------------------ */

static void check_height(struct world *w, uint16_t number, uint64_t height)
{
    struct sim_node *node = &w->nodes[number];
    struct replica_status status;
    struct error error;
    replica_status(node->replica, w->now_ms, &status);
    if (node->liar)
        return;
    if (height != status.height)
        return;
    /* A height may be known only to a node that crashed before it could say so: a gap that the
     * first one to report fills. */
    while (w->sealed_count < height) {
        w->sealed = (struct sealed *)array_grow(w->sealed, &w->sealed_capacity, w->sealed_count + 1,
                                                sizeof(w->sealed[0]));
        w->sealed[w->sealed_count++] = (struct sealed){.records = 0};
    }
    struct sealed *sealed = &w->sealed[height - 1];
    if (sealed->records == 0)
        *sealed = (struct sealed){.height = height,
                                  .records = status.records,
                                  .digest = status.digest,
                                  .root = status.root};
    if (height < node->height)
        world_fail(w, "node %u went back from height %llu to %llu", number,
                   (unsigned long long)node->height, (unsigned long long)height);
    else if (sealed->records != status.records || !hash_equal(&sealed->root, &status.root) ||
             !hash_equal(&sealed->digest, &status.digest))
        world_fail(w, "two orders: node %u has another root or digest at height %llu", number,
                   (unsigned long long)height);
    else if (height % 8 == 0 && !state_check(replica_state(node->replica), &error))
        world_fail(w, "node %u at height %llu: %s", number, (unsigned long long)height, error.text);
    node->height = height;
    if (w->scenario.motions)
        membership_check_height(w, number, height);
    if (w->scenario.away_ms && number == 0 && !w->caught_up_ms && height == w->sealed_count) {
        w->caught_up_ms = w->now_ms;
        w->caught_up_height = height;
    }
}

static void check_decided(struct world *w, uint16_t number, const struct replica_action *action)
{
    struct promise *promise = &w->promises[action->token - 1];
    if (w->nodes[number].liar)
        return;
    promise->decided = true;
    promise->verdict = action->verdict;
    promise->index = action->index.v;
}

/* What was not synced is gone; a group that was being written is there whole or not at all. */
static void land(struct world *w, struct sim_node *node, struct bytes *writing)
{
    if (!writing->at)
        return;
    if (sim_chance(w, w->scenario.crash_kept))
        disk_write(&node->disk, *writing);
    drop(*writing);
    *writing = bytes_of(NULL, 0);
}

static void take_down(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    land(w, node, &node->writing);
    land(w, node, &node->history_writing);
    replica_close(node->history);
    replica_close(node->replica);
    node->replica = node->history = NULL;
    node->reopens = false;
    node->life++;
}

/* ---- running a node ------------------------------------------------------------------------ */

static uint64_t clock_of(const struct world *w, uint16_t number)
{
    return (uint64_t)((int64_t)w->now_ms + w->nodes[number].skew_ms);
}

/* A history executes what others have: the same, or there are two orders. */
static void check_history(struct world *w, const struct replica_action *action,
                          const struct replica *history)
{
    struct replica_status status;
    replica_status(history, w->now_ms, &status);
    const struct sealed *sealed = &w->sealed[action->height - 1];
    if (action->height == status.height && sealed->records > 0 &&
        (sealed->records != status.records || !hash_equal(&sealed->root, &status.root) ||
         !hash_equal(&sealed->digest, &status.digest)))
        world_fail(w, "a history has another root or digest at height %llu",
                   (unsigned long long)action->height);
}

static void take_history_actions(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    struct replica_action action;
    while (node->history && replica_next(node->history, &action)) {
        if (action.kind == REPLICA_SEND) {
            send_out(w, number, &action);
        } else if (action.kind == REPLICA_WRITE) {
            node->history_writing = copy(buffer_bytes(&action.group->ops));
            push(w, (struct event){.at_ms = w->now_ms + 1 + sim_below(w, node->write_ms),
                                   .kind = EVENT_DURABLE,
                                   .node = number,
                                   .from = 1,
                                   .life = node->life,
                                   .number = action.write});
        } else if (action.kind == REPLICA_EXECUTED) {
            check_history(w, &action, node->history);
        } else if (action.kind == REPLICA_FATAL) {
            world_fail(w, "the history of node %u stops: %s", number, action.text);
        }
    }
}

static void take_actions(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    struct replica_action action;
    take_history_actions(w, number);
    while (node->replica && replica_next(node->replica, &action)) {
        switch (action.kind) {
        case REPLICA_SEND:
            send_out(w, number, &action);
            break;
        case REPLICA_WRITE: {
            uint32_t took = 1 + sim_below(w, node->write_ms);
            node->writing = copy(buffer_bytes(&action.group->ops));
            if (number == 0 && ++node->writes == w->scenario.crash_at_write)
                push(w, (struct event){.at_ms = w->now_ms + sim_below(w, took + 1),
                                       .kind = EVENT_CRASH});
            push(w, (struct event){.at_ms = w->now_ms + took,
                                   .kind = EVENT_DURABLE,
                                   .node = number,
                                   .life = node->life,
                                   .number = action.write});
            break;
        }
        case REPLICA_DURABLE:
            w->promises[action.token - 1].durable = !node->liar;
            break;
        case REPLICA_DECIDED:
            check_decided(w, number, &action);
            break;
        case REPLICA_EXECUTED:
            check_height(w, number, action.height);
            if (!node->history) /* or it knows less of who voted long ago */
                images_keep(w, number);
            break;
        case REPLICA_SNAPSHOT:
            if (action.height != state_height(replica_state(node->replica)))
                world_fail(w, "node %u makes a snapshot of height %llu that was due at %llu",
                           number, (unsigned long long)state_height(replica_state(node->replica)),
                           (unsigned long long)action.height);
            snapshots_make(w, number);
            break;
        case REPLICA_PIECE:
            snapshots_piece(node, &action);
            break;
        case REPLICA_FETCHED: {
            struct snapshot_name name = action.snapshot;
            snapshots_fetched(w, number, &name);
            break;
        }
        case REPLICA_REOPEN:
            node->reopens = true;
            break;
        case REPLICA_CHARTER:
            if (!node->liar)
                membership_check_charter(w, number);
            break;
        case REPLICA_WARN:
            if (w->verbose)
                printf("%llu node %u: %s\n", (unsigned long long)(w->now_ms - WORLD_START_MS),
                       number, action.text);
            break;
        case REPLICA_FATAL:
            if (w->verbose)
                printf("%llu node %u stops: %s\n", (unsigned long long)(w->now_ms - WORLD_START_MS),
                       number, action.text);
            node->retired = true;
            if (!node->liar && !w->scenario.wipes)
                world_fail(w, "honest node %u stopped: %s", number, action.text);
            break;
        }
    }
    if (node->replica && !node->liar)
        check_evidence(w, number);
    if (node->retired && node->replica)
        take_down(w, number);
    if (node->reopens && node->replica) {
        take_down(w, number);
        push(w, (struct event){.at_ms = w->now_ms + 1, .kind = EVENT_START, .node = number});
    }
}

static struct replica_config config_of(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    return (struct replica_config){.charter = w->charter,
                                   .self = {number},
                                   .key = node->key,
                                   .cosigner_key = node->cosigner_key,
                                   .next_key = node->next_key,
                                   .next_cosigner_key = node->next_cosigner_key,
                                   .store = disk_store(&node->disk),
                                   .snapshots = w->scenario.snapshots ? &node->files : NULL,
                                   .fetch_ahead = 3,
                                   .mempool_bytes_max = 64 * 1024};
}

static void start(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    struct error error;
    if (node->replica || node->retired)
        return;
    struct replica_config config = config_of(w, number);
    config.nonce = sim_random(w);
    node->life++;
    node->accused = 0; /* what it reads from its disk is looked at, too */
    if (!w->back_ms && number == 0)
        w->back_ms = w->now_ms;
    node->files = (struct replica_snapshots){.context = node, .read = snapshots_read};
    node->replica = snapshots_open(w, number, &config, clock_of(w, number));
    if (!node->replica && !w->failed)
        node->replica = images_open(w, number, &config, clock_of(w, number));
    if (!node->replica && !w->failed &&
        !replica_open(&config, clock_of(w, number), &node->replica, &error)) {
        world_fail(w, "node %u does not start again: %s", number, error.text);
        return;
    }
    if (w->failed)
        return;
    snapshots_tell(node);
    push(w, (struct event){
                .at_ms = w->now_ms, .kind = EVENT_TICK, .node = number, .life = node->life});
    if (replica_height(node->replica) > 0)
        check_height(w, number, replica_height(node->replica));
    check_final(w, number);
    take_actions(w, number);
}

static void crash(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    if (!node->replica)
        return;
    take_down(w, number);
    push(w, (struct event){
                .at_ms = w->now_ms + 50 + sim_below(w, 2000), .kind = EVENT_START, .node = number});
}

static void durable(struct world *w, const struct event *event)
{
    struct sim_node *node = &w->nodes[event->node];
    if (event->life != node->life || !node->replica)
        return;
    bool of_history = event->from == 1;
    struct bytes *writing = of_history ? &node->history_writing : &node->writing;
    disk_write(&node->disk, *writing);
    drop(*writing);
    *writing = bytes_of(NULL, 0);
    replica_on_durable(of_history ? node->history : node->replica, event->number,
                       clock_of(w, event->node));
    snapshots_history(w, event->node);
    check_final(w, event->node);
    take_actions(w, event->node);
}

static void tick(struct world *w, const struct event *event)
{
    struct sim_node *node = &w->nodes[event->node];
    if (event->life != node->life || !node->replica)
        return;
    uint64_t now = clock_of(w, event->node);
    if (w->scenario.motions)
        membership_tick(w, event->node);
    uint64_t at = replica_deadline_ms(node->replica);
    /* As the service does: the loop's timer never sleeps long, whatever the wall clock says. */
    if (now >= at || at > now + LONG_SLEEP_MS) {
        replica_on_time(node->replica, now);
        take_actions(w, event->node);
    }
    if (node->history) {
        replica_on_time(node->history, now);
        snapshots_history(w, event->node);
        take_actions(w, event->node);
    }
    if (event->life != node->life)
        return;
    push(w, (struct event){.at_ms = w->now_ms + QUIET_TICK_MS,
                           .kind = EVENT_TICK,
                           .node = event->node,
                           .life = node->life});
}

void world_restart(struct world *w, uint16_t number)
{
    push(w, (struct event){
                .at_ms = w->now_ms + 1 + sim_below(w, 300), .kind = EVENT_START, .node = number});
}

static void partition(struct world *w)
{
    bool split = sim_chance(w, 600);
    for (size_t i = 0; i < w->scenario.nodes; i++)
        w->nodes[i].side = split ? (uint16_t)sim_below(w, 2) : 0;
    if (!w->healed)
        push(w, (struct event){.at_ms = w->now_ms + 100 + sim_below(w, 3000),
                               .kind = EVENT_PARTITION});
}

static uint32_t up_count(const struct world *w)
{
    uint32_t up = 0;
    for (size_t i = 0; i < w->scenario.nodes; i++)
        up += w->nodes[i].replica != NULL;
    return up;
}

static void handle(struct world *w, const struct event *event)
{
    struct sim_node *node = &w->nodes[event->node];
    switch (event->kind) {
    case EVENT_MESSAGE:
        if (node->replica) {
            replica_on_message(node->replica, event->from, event->bytes, clock_of(w, event->node));
            if (node->history)
                replica_on_message(node->history, event->from, event->bytes,
                                   clock_of(w, event->node));
            take_actions(w, event->node);
        }
        drop(event->bytes);
        return;
    case EVENT_DURABLE:
        durable(w, event);
        return;
    case EVENT_TICK:
        tick(w, event);
        return;
    case EVENT_SUBMIT:
        if (node->replica)
            load_submit(w, event->node);
        return;
    case EVENT_CRASH:
        if (!w->healed && up_count(w) > 0)
            crash(w, event->node);
        return;
    case EVENT_ATTACK:
        if (!w->healed || w->scenario.liars_go_on) {
            if (node->replica)
                attack(w, event->node);
            push(w, (struct event){.at_ms = w->now_ms + ATTACK_EVERY_MS,
                                   .kind = EVENT_ATTACK,
                                   .node = event->node});
        }
        return;
    case EVENT_START:
        start(w, event->node);
        return;
    case EVENT_MOTION:
        membership_step(w);
        push(w, (struct event){.at_ms = w->now_ms + MOTION_EVERY_MS, .kind = EVENT_MOTION});
        return;
    case EVENT_PARTITION:
        if (!w->healed)
            partition(w);
        return;
    case EVENT_WIPE:
        if (node->replica && !node->liar) {
            crash(w, event->node);
            disk_release(&node->disk);
            snapshots_release(node);
            node->height = 0;
            node->wiped = node->lost = true;
        }
        return;
    }
}

/* ---- the coalition ------------------------------------------------------------------------- */

static void schedule(struct world *w)
{
    const struct scenario *s = &w->scenario;
    uint32_t nodes = (uint32_t)s->nodes, span = (uint32_t)s->trouble_ms;
    for (uint32_t i = 0; i < s->submits; i++)
        push(w, (struct event){.at_ms = w->now_ms + sim_below(w, span),
                               .kind = EVENT_SUBMIT,
                               .node = (uint16_t)sim_below(w, nodes)});
    uint32_t crashes = s->crashes ? 1 + sim_below(w, 12) : 0;
    for (uint32_t i = 0; i < crashes; i++)
        push(w, (struct event){.at_ms = w->now_ms + sim_below(w, span),
                               .kind = EVENT_CRASH,
                               .node = (uint16_t)sim_below(w, nodes)});
    if (s->wipes)
        push(w, (struct event){.at_ms = w->now_ms + sim_below(w, span),
                               .kind = EVENT_WIPE,
                               .node = (uint16_t)sim_below(w, nodes)});
    for (uint16_t i = 0; i < s->nodes; i++)
        if (w->nodes[i].liar && s->lie_kinds >= LIE_FLOOD)
            push(w, (struct event){.at_ms = w->now_ms + 100, .kind = EVENT_ATTACK, .node = i});
    if (s->partitions)
        push(w, (struct event){.at_ms = w->now_ms + sim_below(w, 2000), .kind = EVENT_PARTITION});
    if (s->motions)
        push(w, (struct event){.at_ms = w->now_ms + 100, .kind = EVENT_MOTION});
}

static void set_up(struct world *w)
{
    const struct scenario *s = &w->scenario;
    must(s->nodes > 0);
    w->now_ms = WORLD_START_MS;
    for (uint16_t i = 0; i < s->nodes; i++) {
        membership_first_keys(w, i);
        uint32_t skew_ms = s->clock_jumps && i < 2 ? 3600000 : s->skew_ms;
        w->nodes[i].skew_ms = (int64_t)sim_below(w, skew_ms + 1) - skew_ms / 2;
        w->nodes[i].write_ms = 1 + sim_below(w, s->slow_write_ms);
    }
    size_t founders = s->nodes - s->joiners;
    buffer_init(&w->motion.body, MOTION_SIZE_MAX);
    for (size_t i = 0; i < s->liars; i++)
        w->nodes[(s->seed + i) % (founders - s->snapshots)].liar = true;
    w->scratch = (struct message *)allocate(1, sizeof(*w->scratch));
    w->charter = world_charter(w);
    for (uint16_t i = s->away_ms ? 1 : 0; i < founders - s->snapshots; i++)
        start(w, i);
    if (s->snapshots)
        push(w, (struct event){.at_ms = w->now_ms + s->late_ms,
                               .kind = EVENT_START,
                               .node = (uint16_t)(s->nodes - 1)});
    if (s->away_ms)
        push(w, (struct event){.at_ms = w->now_ms + s->away_ms, .kind = EVENT_START});
    schedule(w);
}

/* ---- after the network healed -------------------------------------------------------------- */

static void heal(struct world *w)
{
    w->healed = true;
    for (uint16_t i = 0; i < w->scenario.nodes; i++) {
        w->nodes[i].side = 0;
        if (w->scenario.clock_jumps) /* to the right time, forwards or back */
            w->nodes[i].skew_ms = 0;
        push(w, (struct event){.at_ms = w->now_ms + 1, .kind = EVENT_START, .node = i});
    }
    /* New work, so that there is something to agree on. */
    for (uint32_t i = 0; i < w->scenario.nodes && !w->scenario.no_new_work; i++)
        push(w, (struct event){.at_ms = w->now_ms + 2000 + sim_below(w, 3000),
                               .kind = EVENT_SUBMIT,
                               .node = (uint16_t)i});
}

static bool kept(const struct world *w, const struct promise *promise, const struct sim_node *node)
{
    struct key_result result;
    struct partner_id partner = {promise->node};
    (void)w;
    /* What only a lost disk held is lost with it; what was decided is held by others. Who left
     * keeps what it acknowledged in its outbox, and says so. */
    if (!promise->decided && (!promise->durable || w->nodes[promise->node].lost ||
                              !membership_takes_part(w, promise->node)))
        return true;
    if (!state_key(replica_state(node->replica), partner, bytes_text(promise->key), &result))
        return false;
    return !promise->decided || promise->verdict == VERDICT_REPEAT ||
           (result.verdict == promise->verdict && result.index.v == promise->index);
}

/* Every honest node at one height, every promise kept there. */
static bool settled(struct world *w, char *why, size_t why_size)
{
    uint64_t height = 0;
    for (uint16_t i = 0; i < w->scenario.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        if (node->liar || !membership_takes_part(w, i))
            continue;
        if (node->retired && w->scenario.motions) {
            (void)snprintf(why, why_size, "node %u is not back", i);
            return false;
        }
        if (node->retired)
            continue;
        if (!node->replica) {
            (void)snprintf(why, why_size, "node %u is down", i);
            return false;
        }
        struct replica_status status;
        replica_status(node->replica, w->now_ms, &status);
        if (status.mempool_count > 0 || status.outbox_count > 0 ||
            (height && status.height != height)) {
            (void)snprintf(why, why_size, "node %u is at height %llu (another at %llu), %llu wait",
                           i, (unsigned long long)status.height, (unsigned long long)height,
                           (unsigned long long)status.mempool_count);
            return false;
        }
        height = status.height;
        if (status.gap.snapshot.height > 0) {
            (void)snprintf(why, why_size, "node %u has %llu records of its history of %llu", i,
                           (unsigned long long)status.gap.here_records,
                           (unsigned long long)status.gap.records);
            return false;
        }
        if (status.final_size != status.records) {
            (void)snprintf(why, why_size, "node %u has %llu records, and %llu of them are final", i,
                           (unsigned long long)status.records,
                           (unsigned long long)status.final_size);
            return false;
        }
        if (!membership_settled(w, i, why, why_size))
            return false;
        for (size_t p = 0; p < w->promise_count; p++)
            if (!kept(w, &w->promises[p], node)) {
                (void)snprintf(why, why_size, "promise %s of node %u is not kept at node %u",
                               w->promises[p].key, w->promises[p].node, i);
                return false;
            }
    }
    return true;
}

static void check_end(struct world *w)
{
    for (uint16_t i = 0; i < w->scenario.nodes && !w->failed; i++) {
        const struct sim_node *node = &w->nodes[i];
        struct error error;
        if (node->liar || !node->replica)
            continue;
        if (!state_check(replica_state(node->replica), &error))
            world_fail(w, "node %u at the end: %s", i, error.text);
        load_check_balances(w, i);
    }
    settle_count(w);
    deal_count(w);
    must(w->scenario.nodes > 0);
    uint16_t one = (uint16_t)(w->scenario.seed % (w->scenario.nodes - w->scenario.joiners));
    struct replica_config config = config_of(w, one);
    if (w->nodes[one].began == 0) /* else its store is not whole yet */
        images_check_end(w, one, &config);
    uint16_t late = (uint16_t)(w->scenario.nodes - 1);
    config = config_of(w, late);
    if (w->whole > 0 && w->nodes[late].replica && !w->failed)
        snapshots_check_end(w, late, &config);
}

/* Too few voters are left to promise progress: a wiped node beside liars. */
static bool progress_is_due(const struct world *w)
{
    const struct charter *charter = membership_now(w);
    size_t lost = 0;
    for (size_t i = 0; i < charter->voter_count; i++) {
        const struct sim_node *node = &w->nodes[charter->voters[i]];
        lost += node->liar || node->retired;
    }
    return lost <= quorum_faulty(charter->voter_count);
}

bool world_play(struct world *w, const struct scenario *scenario)
{
    w->scenario = *scenario;
    w->random = scenario->seed ^ UINT64_C(0xa5a5a5a5deadbeef);
    w->image_random = scenario->seed * UINT64_C(0x9e3779b97f4a7c15) + 7;
    set_up(w);
    uint64_t heal_at = WORLD_START_MS + scenario->trouble_ms;
    uint64_t end_at = heal_at + scenario->heal_ms, look_at = heal_at + 6000;
    char why[SIM_TEXT] = "";
    bool done = false;
    for (uint64_t steps = 0; !w->failed && !done && w->event_count > 0; steps++) {
        struct event event = pop(w);
        w->now_ms = event.at_ms;
        if (!w->healed && w->now_ms >= heal_at)
            heal(w);
        handle(w, &event);
        if (steps > EVENTS_MAX)
            world_fail(w, "more than %d events", EVENTS_MAX);
        if (w->healed && w->now_ms >= look_at) {
            look_at = w->now_ms + 500;
            done = settled(w, why, sizeof(why));
        }
        if (!done && w->now_ms >= end_at) {
            if (progress_is_due(w))
                world_fail(w, "no progress %llu s after the network healed: %s",
                           (unsigned long long)scenario->heal_ms / 1000, why);
            done = true;
        }
    }
    if (!w->failed)
        check_end(w);
    return !w->failed;
}

void world_release(struct world *w)
{
    for (size_t i = 0; i < w->event_count; i++)
        drop(w->events[i].bytes);
    for (size_t i = 0; i < SIM_NODES_MAX; i++) {
        replica_close(w->nodes[i].history);
        replica_close(w->nodes[i].replica);
        drop(w->nodes[i].history_writing);
        snapshots_release(&w->nodes[i]);
        for (size_t k = 0; k < w->nodes[i].own_count; k++)
            signing_key_close(w->nodes[i].own[k]);
        disk_release(&w->nodes[i].disk);
        drop(w->nodes[i].writing);
        images_release(&w->nodes[i]);
    }
    charter_close(w->charter);
    buffer_release(&w->motion.body);
    free(w->scratch);
    free(w->events);
    free(w->promises);
    free(w->sealed);
}
