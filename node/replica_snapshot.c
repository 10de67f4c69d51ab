/* Snapshots: at heights that all nodes agree on each makes the same bytes, the voters sign their
 * hash, and who holds them gives them to others piece by piece.
 *
 * Decided 2026-11-27: a snapshot is due in quiet moments alone, told by cut times and counts of
 * records, which are the same everywhere. Copying the state costs a node page faults for as long as
 * it is written (node/images.c), all would pay at once, and a quorum with them: under load that
 * halts the coalition for seconds, and nobody needs a snapshot that badly. A load that is never
 * quiet for a second leaves newcomers with an older snapshot and more heights to execute. */

#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

enum {
    QUIET_SHARE = 100,      /* with at most such a share of snapshot_records in a second ... */
    QUIET_RECORDS_MIN = 64, /* ... or so many records */
    ATTEST_AGAIN_MS = 1000, /* between two attestations of one node, or to one */
    BEAT_MS = 1000,
    ATTESTATION_VALUE_MAX = 1024
};

/* ---- when ---------------------------------------------------------------------------------- */

/* Quiet is the time since the last height that began a second, up to this one that begins another.
 */
static bool clock_step(struct snapshot_clock *clock, uint64_t every, uint64_t time_ms,
                       uint64_t records)
{
    if (time_ms / BEAT_MS == clock->beat_ms / BEAT_MS)
        return false;
    uint64_t most =
        every / QUIET_SHARE > QUIET_RECORDS_MIN ? every / QUIET_SHARE : QUIET_RECORDS_MIN;
    uint64_t seconds = (time_ms - clock->beat_ms) / BEAT_MS + 1;
    bool quiet = (records - clock->beat_records) / seconds <= most;
    bool due = every > 0 && quiet && records - clock->records >= every;
    clock->beat_ms = time_ms;
    clock->beat_records = records;
    if (due)
        clock->records = records;
    return due;
}

static void say_due(struct replica *r)
{
    r->attesting.taking = true;
    replica_act(r, REPLICA_SNAPSHOT)->action.height = r->height;
}

/* A node that catches up makes none: others have. Nor is one made while the store is read: the
 * state has gone on by the time that anybody hears of it. */
void snapshot_executed(struct replica *r)
{
    bool due = clock_step(&r->attesting.clock, r->charter->limits.snapshot_records, r->cut_time_ms,
                          r->tree.size);
    uint64_t recent_ms = r->cut_time_ms + 2 * r->charter->policy.clock_bound_ms;
    if (!due || !r->config.snapshots || r->history.is || recent_ms < r->now_ms)
        return;
    r->attesting.due = r->height;
    if (!r->attesting.replaying)
        say_due(r);
}

void snapshot_replayed(struct replica *r)
{
    r->attesting.replaying = false;
    if (r->attesting.due > 0 && r->attesting.due == r->height)
        say_due(r);
}

void replica_snapshot_taken(struct replica *r, uint64_t now_ms)
{
    r->attesting.taking = false;
    if (!r->stopped)
        replica_on_time(r, now_ms);
}

/* ---- what is held, and who attests it -------------------------------------------------------- */

void snapshot_hold(struct replica *r, const struct snapshot_name *name)
{
    struct snapshot_name *held = r->attesting.held;
    if (name->height == held[0].height || name->height <= held[1].height)
        return;
    if (name->height > held[0].height) {
        held[1] = held[0];
        held[0] = *name;
    } else {
        held[1] = *name;
    }
}

static bool is_held(const struct replica *r, const struct snapshot_name *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(r->attesting.held); i++)
        if (snapshot_name_equal(&r->attesting.held[i], name))
            return true;
    return false;
}

static const struct attestation *attestation_of(const struct replica *r, uint16_t node,
                                                const struct snapshot_name *name)
{
    for (size_t i = 0; i < ATTESTATIONS_KEPT; i++)
        if (snapshot_name_equal(&r->attesting.items[node][i].snapshot, name))
            return &r->attesting.items[node][i];
    return NULL;
}

static bool is_vouched(const struct replica *r, const struct snapshot_name *name)
{
    size_t voters = 0;
    for (size_t i = 0; i < r->charter->node_count; i++)
        voters += r->is_voter[i] && attestation_of(r, (uint16_t)i, name);
    return name->height > 0 && voters >= r->agreement.quorum;
}

bool snapshot_vouched(const struct replica *r, uint64_t least, struct snapshot_name *name_out)
{
    bool found = false;
    for (size_t i = 0; i < r->charter->node_count; i++)
        for (size_t k = 0; k < ATTESTATIONS_KEPT; k++) {
            const struct snapshot_name *name = &r->attesting.items[i][k].snapshot;
            if (name->height >= least && is_vouched(r, name)) {
                *name_out = *name;
                least = name->height + 1;
                found = true;
            }
        }
    return found;
}

size_t replica_vouched(const struct replica *r, struct attestation *out, size_t room)
{
    struct snapshot_name name;
    size_t count = 0;
    if (!snapshot_vouched(r, 1, &name))
        return 0;
    for (size_t i = 0; i < r->charter->node_count && count < room; i++) {
        const struct attestation *item = attestation_of(r, (uint16_t)i, &name);
        if (item)
            out[count++] = *item;
    }
    return count;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void send_item(struct replica *r, uint16_t to, const struct attestation *item)
{
    r->out.kind = MESSAGE_ATTESTATION;
    r->out.body.attestation = *item;
    replica_send(r, to, &r->out);
}

static const struct attestation *own_newest(const struct replica *r)
{
    const struct attestation *own = &r->attesting.items[r->config.self.v][0];
    return own->snapshot.height > 0 ? own : NULL;
}

/* Whoever lacks ours shows that by repeating its own. */
void snapshot_repeat(struct replica *r)
{
    const struct attestation *own = own_newest(r);
    if (own && r->may_sign && !is_vouched(r, &own->snapshot))
        send_item(r, REPLICA_TO_ALL, own);
}

static void answer_repeated(struct replica *r, uint16_t from, const struct attestation *item)
{
    const struct attestation *own = attestation_of(r, r->config.self.v, &item->snapshot);
    if (!own || item->node.v != from || r->now_ms < r->attesting.sent_ms[from] + ATTEST_AGAIN_MS)
        return;
    r->attesting.sent_ms[from] = r->now_ms;
    send_item(r, from, own);
}

/* ---- others' --------------------------------------------------------------------------------- */

static void value_put(const struct attestation *item, struct buffer *out)
{
    codec_put_array(out, 2);
    codec_put_uint(out, FORMAT_VERSION);
    attestation_put(item, out);
    must(!out->overflowed);
}

static bool value_decode(struct bytes value, struct attestation *item_out, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, value);
    codec_get_array(&reader, 2, 2);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    attestation_get(&reader, item_out);
    return codec_finish(&reader, "attestation", error);
}

/* The newest of a node first; what falls out leaves the disk as well. False: older than what is
 * kept, or another at its height. */
static bool insert(struct replica *r, const struct attestation *item, struct attestation *left_out)
{
    struct attestation *items = r->attesting.items[item->node.v];
    size_t at = 0;
    while (at < ATTESTATIONS_KEPT && items[at].snapshot.height > item->snapshot.height)
        at++;
    left_out->snapshot.height = 0;
    if (at == ATTESTATIONS_KEPT || items[at].snapshot.height == item->snapshot.height)
        return false;
    *left_out = items[ATTESTATIONS_KEPT - 1];
    memmove(&items[at + 1], &items[at], (ATTESTATIONS_KEPT - 1 - at) * sizeof(items[0]));
    items[at] = *item;
    return true;
}

static void store_item(struct replica *r, const struct attestation *item,
                       const struct attestation *left)
{
    struct buffer value;
    buffer_init(&value, ATTESTATION_VALUE_MAX);
    value_put(item, &value);
    struct store_key key = key_attestation(item->snapshot.height, item->node.v);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&value));
    buffer_release(&value);
    if (left->snapshot.height == 0)
        return;
    key = key_attestation(left->snapshot.height, left->node.v);
    store_delete(replica_group(r), store_key_bytes(&key));
}

static void compare_with_held(struct replica *r, const struct attestation *item)
{
    for (size_t i = 0; i < ARRAY_SIZE(r->attesting.held); i++) {
        const struct snapshot_name *held = &r->attesting.held[i];
        if (held->height == item->snapshot.height && !snapshot_name_equal(held, &item->snapshot))
            replica_warn(r,
                         "node %s attests another snapshot of height %llu than this node has: it "
                         "lies, or its program or disk is damaged, or ours",
                         r->charter->nodes[item->node.v].name, (unsigned long long)held->height);
    }
}

void snapshot_on_attestation(struct replica *r, uint16_t from, const struct attestation *item)
{
    uint16_t node = item->node.v;
    struct attestation left;
    if (node >= r->charter->node_count) {
        /* Beyond our height it may be of a node that joins before: of use once we are there. */
        if (item->snapshot.height <= r->shown.height)
            peer_malformed(r, from);
        return;
    }
    if (node == r->config.self.v || attestation_of(r, node, &item->snapshot)) {
        answer_repeated(r, from, item);
        return;
    }
    /* One that signs without end is heard once a second. */
    if (!r->is_voter[node] || r->now_ms < r->attesting.taken_ms[node] + ATTEST_AGAIN_MS)
        return;
    if (!attestation_verify(item, r->verifiers[node], &r->charter->coalition)) {
        /* From beyond our height it may be of a key that a ballot names there; or its voter does
         * not know of its next key yet. */
        if (item->snapshot.height > r->shown.height || epoch_other_key_attests(r, item))
            peer_useless(r, from, 1);
        else
            peer_bad_signature(r, from, 1);
        return;
    }
    if (!insert(r, item, &left)) {
        peer_useless(r, from, 1);
        return;
    }
    r->attesting.taken_ms[node] = r->now_ms;
    store_item(r, item, &left);
    compare_with_held(r, item);
    answer_repeated(r, from, item);
    fetch_look(r);
}

/* Of one node all were signed with one key. */
static void forget(struct replica *r, uint16_t node)
{
    struct attestation *items = r->attesting.items[node];
    for (size_t i = 0; i < ATTESTATIONS_KEPT && items[i].snapshot.height > 0; i++) {
        struct store_key key = key_attestation(items[i].snapshot.height, node);
        store_delete(replica_group(r), store_key_bytes(&key));
    }
    memset(items, 0, ATTESTATIONS_KEPT * sizeof(items[0]));
}

static bool still_holds(const struct replica *r, const struct attestation *item)
{
    uint16_t node = item->node.v;
    return node < r->charter->node_count && r->is_voter[node] &&
           attestation_verify(item, r->verifiers[node], &r->charter->coalition);
}

void snapshot_judge_again(struct replica *r)
{
    for (uint16_t i = 0; i < r->charter->node_count; i++)
        if (r->attesting.items[i][0].snapshot.height > 0 &&
            !still_holds(r, &r->attesting.items[i][0]))
            forget(r, i);
}

/* ---- our own --------------------------------------------------------------------------------- */

/* Equal histories give equal bytes: what is signed again after a crash is the same claim. */
static void maybe_attest(struct replica *r)
{
    const struct snapshot_name *name = &r->attesting.held[0];
    if (!r->may_sign || !r->key || r->agreement.self < 0 || r->fetching.joining ||
        name->height <= r->attesting.own_height || name->height > r->shown.height)
        return;
    struct attestation own = {.snapshot = *name, .node = r->config.self};
    attestation_sign(&own, r->key, &r->charter->coalition);
    r->attesting.own_height = name->height;
    struct after *after = replica_after_unasked(r, AFTER_ATTESTED);
    buffer_init(&after->bytes, ATTESTATION_VALUE_MAX);
    value_put(&own, &after->bytes);
    struct store_key key = key_attestation(name->height, r->config.self.v);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&after->bytes));
}

void snapshot_own_durable(struct replica *r, struct bytes value)
{
    struct attestation own, left;
    must(value_decode(value, &own, NULL));
    if (!still_holds(r, &own)) { /* another key came into force while it was written */
        struct store_key key = key_attestation(own.snapshot.height, own.node.v);
        store_delete(replica_group(r), store_key_bytes(&key));
        return;
    }
    if (!insert(r, &own, &left))
        return;
    if (left.snapshot.height > 0) {
        struct store_key key = key_attestation(left.snapshot.height, left.node.v);
        store_delete(replica_group(r), store_key_bytes(&key));
    }
    send_item(r, REPLICA_TO_ALL, &own);
}

void replica_snapshot_made(struct replica *r, const struct snapshot_name *name)
{
    snapshot_hold(r, name);
}

void snapshot_on_time(struct replica *r)
{
    maybe_attest(r);
}

/* ---- serving --------------------------------------------------------------------------------- */

static void send_attestations(struct replica *r, uint16_t to)
{
    struct snapshot_name name;
    if (!snapshot_vouched(r, 1, &name))
        return;
    /* Of two the older may be the one that is here. */
    if (!is_held(r, &name) && is_vouched(r, &r->attesting.held[1]))
        name = r->attesting.held[1];
    for (size_t i = 0; i < r->charter->node_count; i++) {
        const struct attestation *item = attestation_of(r, (uint16_t)i, &name);
        if (item && r->is_voter[i])
            send_item(r, to, item);
    }
}

void snapshot_on_fetch(struct replica *r, uint16_t from, uint64_t height, uint64_t piece)
{
    const struct replica_snapshots *files = r->config.snapshots;
    if (!gossip_may_serve(r, from))
        return;
    if (height == 0) {
        send_attestations(r, from);
        return;
    }
    const struct snapshot_name *held = r->attesting.held;
    if (!files || (held[0].height != height && held[1].height != height))
        return;
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_PIECE);
    if (files->read(files->context, height, piece, &bytes) && bytes.size > 0) {
        r->out.kind = MESSAGE_SNAPSHOT_PIECE;
        r->out.body.snapshot_piece.height = height;
        r->out.body.snapshot_piece.piece = piece;
        r->out.body.snapshot_piece.bytes = buffer_bytes(&bytes);
        replica_send(r, from, &r->out);
    }
    buffer_release(&bytes);
}

/* ---- after a restart ------------------------------------------------------------------------- */

static bool take_stored(void *visitor, struct bytes key, struct bytes value)
{
    struct replica *r = (struct replica *)visitor;
    struct attestation item, left;
    struct error why;
    /* One that does not hold any more, its key replaced, is of no use to anybody. */
    bool good = value_decode(value, &item, &why) && still_holds(r, &item);
    struct store_key own = key_attestation(good ? item.snapshot.height : 0, good ? item.node.v : 0);
    good = good && bytes_equal(store_key_bytes(&own), key) && insert(r, &item, &left);
    if (!good)
        store_delete(replica_group(r), key);
    else if (item.node.v == r->config.self.v && item.snapshot.height > r->attesting.own_height)
        r->attesting.own_height = item.snapshot.height;
    return true;
}

bool snapshot_recover(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key prefix = key_prefix('N');
    return store->scan(store->context, store_key_bytes(&prefix), store_key_bytes(&prefix), false,
                       SIZE_MAX, take_stored, r, error);
}
