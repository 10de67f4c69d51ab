/* Cosigning (rule 10): what was executed here and is durable is signed, with the newest size signed
 * on disk before the signature leaves; Q voters' cosignatures over one (size, root) make that
 * checkpoint final. node/cosign.h keeps the book.
 *
 * Decided 2026-11-26: not every height is cosigned. A cosignature costs every node one signature
 * and N - 1 checks, as much as the votes of a lone height do, and a later checkpoint covers the
 * earlier ones. So a node signs, in this order:
 *
 *   - a height whose cut begins another quarter of a second (COSIGN_EVERY_MS of cut time): each
 *     node picks the same ones, or else under load no two would sign one size. A height after a
 *     pause is always such a one, so the lone redemption is cosigned at once;
 *   - the newest, when nothing has waited or happened for COSIGN_QUIET_MS;
 *   - the newest, when the coalition has stood still in the middle of something for COSIGN_LATE_MS.
 *
 * A hand-over, the last height under the voters that are about to change, is always signed, and the
 * later ones wait for it to be final, but not longer than HANDOVER_MS: those who leave may be gone.
 * A cosignature is made, and judged, with the keys of the charter in force at its height.
 *
 * None of it stands in a till's way: signing and checking what was kept wait for the next event, so
 * that answers go out first, and what is written rides with the next group that is written anyway,
 * or goes alone after UNASKED_MS.
 *
 * Over a lossy network: a node repeats its newest cosignature with its status while the newest
 * final checkpoint that it knows is older; whoever sees from it that a peer lacks a final
 * checkpoint of its own newest size answers with its own. */

#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

enum {
    COSIGN_EVERY_MS = 250,
    COSIGN_QUIET_MS = 25,
    COSIGN_LATE_MS = 500,
    COSIGN_AGAIN_MS = 100, /* between two answers to one peer */
    HANDOVER_MS = 10000,
    COSIGN_VALUE_MAX = 64 * 1024
};

void cosigning_release(struct replica *r)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(r->cosigning.verifiers[i]);
}

/* Is it signed with the node's key of that charter? */
static bool holds_by(const struct replica *r, const struct charter *charter,
                     const struct cosignature *item)
{
    if (item->node.v >= charter->node_count)
        return false;
    const struct public_key *key = &charter->nodes[item->node.v].cosigner_key.key;
    const struct public_key *at_hand = item->node.v < r->charter->node_count
                                           ? &r->charter->nodes[item->node.v].cosigner_key.key
                                           : NULL;
    if (at_hand && memcmp(key->at, at_hand->at, PUBLIC_KEY_SIZE) == 0)
        return cosignature_verify(item, r->cosigning.verifiers[item->node.v], charter->origin);
    struct verifier *verifier = verifier_open(key);
    bool good = verifier && cosignature_verify(item, verifier, charter->origin);
    verifier_close(verifier);
    return good;
}

/* Of a size that is computed here. */
static bool holds(const struct replica *r, const struct cosignature *item)
{
    const struct cosign_point *point = cosign_point_at(&r->cosigning.book, item->size);
    return point && holds_by(r, point->charter, item);
}

static bool holds_by_own(const struct replica *r, const struct cosignature *item)
{
    for (size_t i = 0; i < ARRAY_SIZE(r->held); i++)
        if (r->held[i].cosigner &&
            cosignature_verify(item, r->held[i].cosigner, r->charter->origin))
            return true;
    return false;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void send_item(struct replica *r, uint16_t to, const struct cosignature *item)
{
    r->out.kind = MESSAGE_COSIGNATURE;
    r->out.body.cosignature.item = *item;
    r->out.body.cosignature.final_size = r->cosigning.book.final.size;
    replica_send(r, to, &r->out);
}

static void send_own(struct replica *r, uint16_t to)
{
    struct cosigning *c = &r->cosigning;
    if (c->book.own.size == 0)
        return;
    for (size_t i = 0; i < NODES_MAX; i++)
        if (to == REPLICA_TO_ALL || to == i)
            c->sent_ms[i] = r->now_ms;
    send_item(r, to, &c->book.own);
}

void cosigning_repeat(struct replica *r)
{
    if (r->may_sign && r->cosigning.book.own.size > r->cosigning.book.final.size)
        send_own(r, REPLICA_TO_ALL);
}

void cosigning_may_sign(struct replica *r)
{
    r->cosigning.since_ms = r->cosigning.durable_ms = r->now_ms;
    send_own(r, REPLICA_TO_ALL);
}

void cosigning_answer(struct replica *r, uint16_t asker)
{
    const struct cosignature *newest = cosign_newest(&r->cosigning.book, (struct node_id){asker});
    if (newest)
        send_item(r, asker, newest);
}

/* The charter in force at the height whose seal is the last of the first `size` records. */
static const struct charter *charter_of_size(struct replica *r, uint64_t size, struct error *error)
{
    struct record seal;
    const struct cosign_point *point = cosign_point_at(&r->cosigning.book, size);
    if (point)
        return point->charter;
    buffer_clear(&r->record);
    if (size == 0 || !replica_record(r, size - 1, &r->record, error) ||
        !record_decode(buffer_bytes(&r->record), &seal, error))
        return NULL;
    if (seal.kind == RECORD_KIND_SEAL && seal.height <= r->height)
        return state_charter_at(r->state, seal.height);
    (void)error_set(error, ERROR_CORRUPT, "no height ends with record %llu",
                    (unsigned long long)size - 1);
    return NULL;
}

/* ---- what follows from a cosignature -------------------------------------------------------- */

static void maybe_final(struct replica *r, uint64_t size)
{
    if (!cosign_finalise(&r->cosigning.book, size))
        return;
    struct after *after = replica_after_unasked(r, AFTER_FINAL);
    buffer_init(&after->bytes, COSIGN_VALUE_MAX);
    cosign_final_put(&r->cosigning.book.final, &after->bytes);
    must(!after->bytes.overflowed);
    struct store_key key = key_final();
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&after->bytes));
}

void cosigning_final_durable(struct replica *r, struct bytes value)
{
    struct cosign_final *shown = &r->cosigning.shown;
    must(cosign_final_decode(value, shown, NULL));
    shown->charter = charter_of_size(r, shown->size, NULL);
}

static void contradicted(struct replica *r, const struct cosignature *item)
{
    const char *name = replica_node_name(r, item->node.v);
    unsigned long long size = item->size;
    if (cosign_alarm(&r->cosigning.book, item->size))
        replica_stop(r,
                     "%zu other voters, %s among them, cosigned another root for the first %llu "
                     "records than this node computed from the same decided cuts. Nothing was "
                     "changed; keep this folder, compare this node's log with the others'",
                     r->agreement.quorum, name, size);
    else
        replica_warn(r,
                     "node %s cosigned another root for the first %llu records than this node "
                     "computed: it lies, or its program or disk is damaged",
                     name, size);
}

/* Well signed, of a size that is computed here. */
static void take(struct replica *r, const struct cosignature *item)
{
    evidence_on_cosignature(r, item);
    if (cosign_take(&r->cosigning.book, item) == COSIGN_AGREES)
        maybe_final(r, item->size);
    else
        contradicted(r, item);
}

/* A folder that was lost, or is an old copy, learns here what its key has signed (rule 3). Our own
 * are sent only once they are durable: there is no newer one but of another folder. */
static void own_came_back(struct replica *r, uint16_t from, const struct cosignature *item)
{
    const struct cosignature *own = &r->cosigning.book.own;
    if (item->size < own->size || cosignature_same_claim(item, own))
        return;
    if (!holds_by_own(r, item)) {
        if (holds(r, item) || holds_by(r, r->charter, item)) /* of a key that was lost */
            peer_useless(r, from, 2);
        else
            peer_bad_signature(r, from, 2);
    } else if (!PLANTED(PLANT_LOST_STORE)) {
        gossip_retire(r, from, "a cosignature");
    }
}

void cosigning_on_message(struct replica *r, uint16_t from, const struct cosignature *item,
                          uint64_t final_size)
{
    struct cosigning *c = &r->cosigning;
    bool by_itself = item->node.v == from;
    if (item->node.v == r->config.self.v) {
        own_came_back(r, from, item);
        return;
    }
    switch (cosign_look(&c->book, item, by_itself)) {
    case COSIGN_LOOK_IGNORE:
        break;
    case COSIGN_LOOK_KEEP:
        cosign_keep(&c->book, item);
        break;
    case COSIGN_LOOK_CHECK:
        if (!holds(r, item)) {
            peer_bad_signature(r, from, 1);
            return;
        }
        take(r, item);
        break;
    }
    if (by_itself && r->may_sign && final_size < c->book.own.size &&
        r->now_ms >= c->sent_ms[from] + COSIGN_AGAIN_MS)
        send_own(r, from);
}

/* ---- our own ------------------------------------------------------------------------------- */

void cosigning_computed(struct replica *r, const struct passed *passed)
{
    struct cosign_point point = {.size = passed->count,
                                 .root = passed->root,
                                 .charter = state_charter_at(r->state, passed->height),
                                 .next = state_charter_at(r->state, passed->height + 1)};
    cosign_computed(&r->cosigning.book, &point);
}

/* The last checkpoint of voters that changed is not final yet, and larger ones wait for it. */
static bool handover_waits(const struct replica *r, uint64_t size)
{
    const struct cosigning *c = &r->cosigning;
    uint64_t handover = c->book.handover.size;
    return c->handover_ms > 0 && size > handover && c->book.final.size < handover &&
           r->now_ms < c->handover_ms + HANDOVER_MS;
}

/* Cut times of long ago are those of a node that catches up: nobody waits for its signatures. */
void cosigning_height(struct replica *r, const struct after *after)
{
    struct cosigning *c = &r->cosigning;
    uint64_t recent_ms = after->cut_time_ms + 2 * r->charter->policy.clock_bound_ms;
    bool begins = after->cut_time_ms / COSIGN_EVERY_MS != c->cut_time_ms / COSIGN_EVERY_MS;
    cosigning_computed(r, &r->shown);
    c->cut_time_ms = after->cut_time_ms;
    c->durable_ms = r->now_ms;
    if (c->since_ms == 0)
        c->since_ms = r->now_ms;
    const struct cosign_point *handover = &c->book.handover;
    bool hands_over = handover->size == after->size;
    if (hands_over)
        c->handover_ms = recent_ms >= r->now_ms ? r->now_ms : 0;
    if ((begins || hands_over) && recent_ms >= r->now_ms && !handover_waits(r, after->size))
        c->due = *cosign_point_at(&c->book, after->size);
    c->unchecked = true;
}

static bool is_quiet(const struct replica *r)
{
    return consensus_step(r->consensus) == STEP_WAITING && !r->pending.used &&
           r->waiting_count == 0 && r->height == r->shown.height;
}

uint64_t cosigning_due_ms(const struct replica *r)
{
    const struct cosigning *c = &r->cosigning;
    if (c->unchecked)
        return r->now_ms;
    if (!r->may_sign || r->shown.count <= c->signed_size)
        return UINT64_MAX;
    if (c->due.size > c->signed_size && epoch_cosigner_key(r, c->due.charter))
        return r->now_ms;
    const struct cosign_point *newest = cosign_point_at(&c->book, r->shown.count);
    if (!newest || !epoch_cosigner_key(r, newest->charter))
        return UINT64_MAX;
    if (handover_waits(r, r->shown.count))
        return c->handover_ms + HANDOVER_MS;
    uint64_t late_ms = c->since_ms + COSIGN_LATE_MS, quiet_ms = c->durable_ms + COSIGN_QUIET_MS;
    return is_quiet(r) && quiet_ms < late_ms ? quiet_ms : late_ms;
}

static void own_put(const struct cosignature *own, struct buffer *out)
{
    codec_put_array(out, 2);
    codec_put_uint(out, FORMAT_VERSION);
    cosignature_put(own, out);
    must(!out->overflowed);
}

static bool own_decode(struct bytes value, struct cosignature *own_out, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, value);
    codec_get_array(&reader, 2, 2);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    cosignature_get(&reader, own_out);
    return codec_finish(&reader, "own cosignature", error);
}

void cosigning_own_durable(struct replica *r, struct bytes value)
{
    struct cosignature own;
    must(own_decode(value, &own, NULL));
    cosign_own(&r->cosigning.book, &own);
    send_own(r, REPLICA_TO_ALL);
    maybe_final(r, own.size);
}

static void sign_point(struct replica *r, const struct cosign_point *point)
{
    struct cosigning *c = &r->cosigning;
    struct cosignature own = {.node = r->config.self,
                              .size = point->size,
                              .root = point->root,
                              .time_s = r->now_ms / 1000};
    must(own.size > c->signed_size);
    cosignature_sign(&own, epoch_cosigner_key(r, point->charter), r->charter->origin);
    c->signed_size = own.size;
    c->since_ms = r->shown.count > own.size ? r->now_ms : 0;
    struct after *after = replica_after_unasked(r, AFTER_COSIGNED);
    buffer_init(&after->bytes, COSIGN_VALUE_MAX);
    own_put(&own, &after->bytes);
    struct store_key key = key_cosigned();
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&after->bytes));
    if (PLANTED(PLANT_EARLY_COSIGN))
        send_item(r, REPLICA_TO_ALL, &own);
}

void cosigning_on_time(struct replica *r)
{
    struct cosigning *c = &r->cosigning;
    struct cosignature item;
    c->unchecked = false;
    while (!r->stopped && cosign_next_unchecked(&c->book, &item)) {
        if (holds(r, &item))
            take(r, &item);
        else
            peer_bad_signature(r, item.node.v, 1); /* kept only from itself */
    }
    if (r->stopped || r->now_ms < cosigning_due_ms(r))
        return;
    bool due = c->due.size > c->signed_size && epoch_cosigner_key(r, c->due.charter);
    sign_point(r, due ? &c->due : cosign_point_at(&c->book, r->shown.count));
}

void cosigning_set_clock(struct replica *r)
{
    struct cosigning *c = &r->cosigning;
    memset(c->sent_ms, 0, sizeof(c->sent_ms));
    c->durable_ms = r->now_ms;
    c->since_ms = c->since_ms ? r->now_ms : 0;
    c->handover_ms = c->handover_ms ? r->now_ms : 0;
}

/* ---- after a restart ----------------------------------------------------------------------- */

/* A root of ours that is known must be the one signed; and the log was longer once if it ends
 * before. */
static bool fits_log(const struct replica *r, uint64_t size, const struct hash *root,
                     struct error *error)
{
    const struct cosign_point *point = cosign_point_at(&r->cosigning.book, size);
    if (size > r->shown.count)
        return error_set(error, ERROR_CORRUPT,
                         "it is of %llu records, and the log here has %llu: something was lost",
                         (unsigned long long)size, (unsigned long long)r->shown.count);
    if (point && !hash_equal(&point->root, root))
        return error_set(error, ERROR_CORRUPT, "its root is not that of the log here");
    return true;
}

static bool take_own(struct replica *r, struct bytes value, struct error *error)
{
    struct cosignature own;
    if (!own_decode(value, &own, error))
        return false;
    if (own.node.v != r->config.self.v)
        return error_set(error, ERROR_CORRUPT, "it is not signed by this node");
    if (!fits_log(r, own.size, &own.root, error))
        return false;
    const struct charter *charter = charter_of_size(r, own.size, error);
    if (!charter || !holds_by(r, charter, &own))
        return charter ? error_set(error, ERROR_CORRUPT, "it is not signed by this node") : false;
    cosign_own(&r->cosigning.book, &own);
    r->cosigning.signed_size = own.size;
    return true;
}

static bool take_final(struct replica *r, struct bytes value, struct error *error)
{
    struct cosigning *c = &r->cosigning;
    size_t voters = 0;
    if (!cosign_final_decode(value, &c->shown, error) ||
        !fits_log(r, c->shown.size, &c->shown.root, error))
        return false;
    const struct charter *charter = charter_of_size(r, c->shown.size, error);
    if (!charter)
        return false;
    for (size_t i = 0; i < c->shown.count; i++) {
        const struct cosignature *item = &c->shown.items[i];
        if (!holds_by(r, charter, item))
            return error_set(error, ERROR_CORRUPT, "a cosignature of it does not hold");
        voters += charter->nodes[item->node.v].voter;
    }
    size_t quorum = quorum_size(charter->voter_count);
    if (voters < quorum)
        return error_set(error, ERROR_CORRUPT, "%zu voters cosigned it, not %zu", voters, quorum);
    c->shown.charter = charter;
    cosign_restore_final(&c->book, &c->shown);
    return true;
}

static bool take_value(struct replica *r, struct store_key key, const char *what,
                       bool (*take_it)(struct replica *r, struct bytes value, struct error *error),
                       struct error *error)
{
    const struct store *store = &r->config.store;
    struct buffer value;
    struct error why = {0};
    buffer_init(&value, COSIGN_VALUE_MAX);
    bool good = store->get(store->context, store_key_bytes(&key), &value, &why)
                    ? take_it(r, buffer_bytes(&value), &why)
                    : why.code == ERROR_NOT_FOUND;
    buffer_release(&value);
    return good || error_set(error, why.code == ERROR_INVALID ? ERROR_CORRUPT : why.code,
                             "the store is damaged: %s: %s", what, why.text);
}

bool cosigning_recover(struct replica *r, struct error *error)
{
    r->cosigning.cut_time_ms = r->cut_time_ms;
    return take_value(r, key_cosigned(), "own cosignature (entry S)", take_own, error) &&
           take_value(r, key_final(), "final checkpoint (entry F)", take_final, error);
}

/* ---- asking -------------------------------------------------------------------------------- */

const struct cosign_final *replica_final(const struct replica *r)
{
    return &r->cosigning.shown;
}

const struct cosign_peer *replica_cosigner(const struct replica *r, struct node_id node)
{
    return &r->cosigning.book.peers[node.v];
}

void cosigning_status(const struct replica *r, struct replica_status *status)
{
    const struct cosigning *c = &r->cosigning;
    status->final_size = c->shown.size;
    status->cosigned_size = c->book.own.size;
    for (size_t i = 0; i < NODES_MAX; i++) {
        status->cosignatures[i] = c->book.peers[i].agreed;
        status->cosignature_conflicts[i] = c->book.peers[i].conflicts;
    }
}
