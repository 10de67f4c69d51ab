/* Evidence (rule 6): two things that one key signed and that exclude each other, at the moment when
 * the second one arrives. Each piece is judged as a stranger would judge it before it is kept, so
 * that no mistake made here can accuse anybody.
 *
 * Beyond what agreement itself needs, nothing is kept for evidence's sake: what is compared with is
 * what is held anyway, or what the store has of a lane.
 *
 * What is kept goes into the next cut that this node proposes: a quorum judges it by the charter in
 * force there, and two heights later its node is suspended. What was seen too late, when the node
 * had other keys already, stays here as a proof for people. */

#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

enum {
    VALUE_SIZE_MAX = EVIDENCE_SIZE_MAX + 32,
    AMNESIA_ROUNDS_MAX = 64, /* looked back; heights of more rounds are no common thing */
    RIVALS_MAX = 16          /* batches at one place of a lane that the store is asked for */
};

/* ---- keeping ------------------------------------------------------------------------------- */

/* Pieces under keys that were replaced since accuse nobody: none of them may keep out one that
 * does.
 */
static bool is_known(const struct replica *r, uint16_t node, enum evidence_kind kind,
                     const struct evidence_place *place)
{
    for (size_t i = 0; i < r->evidence.count; i++) {
        const struct evidence_kept *kept = r->evidence.items[i];
        if (kept->holds && kept->node.v == node && kept->kind == kind &&
            kept->place.number == place->number && kept->place.round == place->round)
            return true;
    }
    return false;
}

static bool has_room(const struct replica *r, uint16_t node)
{
    size_t of_node = 0, in_all = 0;
    for (size_t i = 0; i < r->evidence.count; i++) {
        const struct evidence_kept *kept = r->evidence.items[i];
        of_node += kept->holds && kept->node.v == node;
        in_all += kept->holds;
    }
    return of_node < EVIDENCE_NODE_MAX && in_all < EVIDENCE_KEPT_MAX;
}

/* The earliest that does not hold any more, of that node or (`node` NULL) of any. */
static void evict(struct replica *r, const uint16_t *node)
{
    struct evidence_book *book = &r->evidence;
    size_t at = 0;
    while (at < book->count &&
           (book->items[at]->holds || (node && book->items[at]->node.v != *node)))
        at++;
    must(at < book->count); /* or there was no room */
    struct evidence_kept *kept = book->items[at];
    struct store_key key = key_evidence(kept->node.v, (int)kept->kind, &kept->id);
    store_delete(replica_group(r), store_key_bytes(&key));
    free(kept);
    book->count--;
    memmove(&book->items[at], &book->items[at + 1],
            (book->count - at) * sizeof(struct evidence_kept *));
}

/* Where has_room() said that there is some. */
static void make_room(struct replica *r, uint16_t node)
{
    size_t of_node = 0;
    for (size_t i = 0; i < r->evidence.count; i++)
        of_node += r->evidence.items[i]->node.v == node;
    if (of_node >= EVIDENCE_NODE_MAX)
        evict(r, &node);
    else if (r->evidence.count >= EVIDENCE_KEPT_MAX)
        evict(r, NULL);
}

static struct evidence_kept *add(struct replica *r, const struct evidence *evidence,
                                 struct bytes bytes, uint64_t seen_ms)
{
    struct evidence_book *book = &r->evidence;
    book->items = (struct evidence_kept **)array_grow(book->items, &book->capacity, book->count + 1,
                                                      sizeof(book->items[0]));
    struct evidence_kept *kept = (struct evidence_kept *)allocate(1, sizeof(*kept));
    must(bytes.size <= sizeof(kept->bytes));
    kept->id = hash_bytes(bytes);
    kept->kind = evidence->kind;
    kept->node = evidence->node;
    kept->place = evidence_place(evidence);
    kept->holds = true;
    kept->seen_ms = seen_ms;
    kept->size = (uint16_t)bytes.size;
    memcpy(kept->bytes, bytes.at, bytes.size);
    book->items[book->count++] = kept;
    return kept;
}

static struct evidence_keys keys_of(const struct replica *r)
{
    return (struct evidence_keys){.coalition = &r->charter->coalition,
                                  .origin = r->charter->origin,
                                  .node_count = r->charter->node_count,
                                  .signers = (const struct verifier *const *)r->verifiers,
                                  .cosigners =
                                      (const struct verifier *const *)r->cosigning.verifiers};
}

static void store(struct replica *r, const struct evidence_kept *kept)
{
    struct buffer value;
    buffer_init(&value, VALUE_SIZE_MAX);
    codec_put_array(&value, 3);
    codec_put_uint(&value, FORMAT_VERSION);
    codec_put_uint(&value, kept->seen_ms);
    codec_put_bytes(&value, bytes_of(kept->bytes, kept->size));
    must(!value.overflowed);
    struct store_key key = key_evidence(kept->node.v, (int)kept->kind, &kept->id);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&value));
    buffer_release(&value);
}

static void tell(struct replica *r, const struct evidence *evidence, const struct hash *id)
{
    char hex[2 * HASH_SIZE + 1], words[EVIDENCE_WORDS_SIZE];
    hex_encode(hash_as_bytes(id), hex);
    evidence_words(evidence, replica_node_name(r, evidence->node.v), words);
    replica_warn(r, "evidence (%s): %s; 'accrue evidence get %s'", evidence_word(evidence->kind),
                 words, hex);
}

static const struct evidence_kept *take_in(struct replica *r, const struct evidence *evidence,
                                           struct bytes bytes)
{
    make_room(r, evidence->node.v);
    const struct evidence_kept *kept = add(r, evidence, bytes, r->now_ms);
    store(r, kept);
    tell(r, evidence, &kept->id);
    return kept;
}

static void send(struct replica *r, const struct evidence_kept *kept)
{
    r->out.kind = MESSAGE_EVIDENCE;
    r->out.body.evidence = bytes_of(kept->bytes, kept->size);
    replica_send(r, REPLICA_TO_ALL, &r->out);
}

static void keep(struct replica *r, enum evidence_kind kind, uint16_t node,
                 const struct evidence_item *a, const struct evidence_item *b)
{
    struct evidence evidence;
    struct evidence_keys keys = keys_of(r);
    struct buffer bytes;
    evidence_make(kind, &r->charter->coalition, (struct node_id){node}, a, b, &evidence);
    struct evidence_place place = evidence_place(&evidence);
    if (node == r->config.self.v || is_known(r, node, kind, &place) || !has_room(r, node) ||
        !evidence_verify(&evidence, &keys, NULL))
        return;
    buffer_init(&bytes, EVIDENCE_SIZE_MAX);
    evidence_encode(&evidence, &bytes);
    must(!bytes.overflowed);
    send(r, take_in(r, &evidence, buffer_bytes(&bytes)));
    buffer_release(&bytes);
}

/* ---- votes --------------------------------------------------------------------------------- */

static int place_of(const struct replica *r, uint16_t voter)
{
    for (size_t i = 0; i < r->agreement.voter_count; i++)
        if (r->agreement.voters[i] == voter)
            return (int)i;
    return -1;
}

static const struct vote *other_claim(const struct replica *r, const struct vote *vote, int place)
{
    const struct vote *held;
    if (PLANTED(PLANT_FRAME)) {
        const struct vote *newest = &r->seen[vote->voter.v].votes[vote->type - 1];
        if (newest->height == vote->height && !vote_same_claim(newest, vote))
            return newest;
    }
    for (size_t claim = 0; (held = consensus_vote(r->consensus, vote->round, vote->type,
                                                  (size_t)place, claim)) != NULL;
         claim++)
        if (!vote_same_claim(held, vote))
            return held;
    return NULL;
}

bool evidence_may_be(const struct replica *r, const struct vote *vote)
{
    int place = place_of(r, vote->voter.v);
    return place >= 0 && other_claim(r, vote, place) != NULL;
}

static void keep_votes(struct replica *r, enum evidence_kind kind, const struct vote *a,
                       const struct vote *b)
{
    struct evidence_item first = {.vote = *a}, second = {.vote = *b};
    keep(r, kind, a->voter.v, &first, &second);
}

static bool forgets(const struct vote *precommit, const struct vote *prevote)
{
    return !precommit->nil && !prevote->nil && prevote->round > precommit->round &&
           prevote->valid_round < precommit->round && !hash_equal(&precommit->cut, &prevote->cut);
}

/* In the rounds between `vote` and our own, what the voter said that this makes a lie. In the first
 * round there are none. */
static void look_for_amnesia(struct replica *r, const struct vote *vote, int place)
{
    bool precommit = vote->type == VOTE_PRECOMMIT;
    int32_t ours = consensus_round(r->consensus);
    int32_t first = precommit ? vote->round + 1 : vote->valid_round + 1;
    int32_t last = precommit || vote->round > ours ? ours : vote->round - 1;
    if (vote->nil)
        return;
    if (!precommit && first < last - AMNESIA_ROUNDS_MAX)
        first = last - AMNESIA_ROUNDS_MAX;
    for (int32_t round = first; round <= last && round <= first + AMNESIA_ROUNDS_MAX; round++) {
        const struct vote *held;
        enum vote_type type = precommit ? VOTE_PREVOTE : VOTE_PRECOMMIT;
        for (size_t claim = 0;
             (held = consensus_vote(r->consensus, round, type, (size_t)place, claim)) != NULL;
             claim++)
            if (precommit ? forgets(vote, held) : forgets(held, vote))
                keep_votes(r, EVIDENCE_AMNESIA, vote, held);
    }
}

void evidence_on_vote(struct replica *r, const struct vote *vote)
{
    int place = place_of(r, vote->voter.v);
    if (place < 0 || vote->height != consensus_height(r->consensus))
        return;
    const struct vote *other = other_claim(r, vote, place);
    if (other)
        keep_votes(r, vote->type == VOTE_PREVOTE ? EVIDENCE_PREVOTES : EVIDENCE_PRECOMMITS, vote,
                   other);
    look_for_amnesia(r, vote, place);
}

/* ---- proposals ----------------------------------------------------------------------------- */

static struct evidence_item proposal_item(const struct proposal *proposal)
{
    return (struct evidence_item){
        .proposal = {.claim = proposal_claim(proposal), .signature = proposal->signature}};
}

void evidence_on_proposal(struct replica *r, const struct proposal *proposal)
{
    struct proposal *held = NULL;
    for (size_t slot = 0; slot < CONSENSUS_SLOTS; slot++) {
        struct bytes bytes = consensus_proposal(r->consensus, proposal->round, slot);
        struct codec_reader reader;
        if (bytes.size == 0)
            break;
        if (!held)
            held = (struct proposal *)allocate(1, sizeof(*held));
        codec_reader_init(&reader, bytes);
        proposal_get(&reader, held);
        struct evidence_item a = proposal_item(held), b = proposal_item(proposal);
        if (!proposal_claim_equal(&a.proposal.claim, &b.proposal.claim))
            keep(r, EVIDENCE_PROPOSALS, proposal->proposer.v, &a, &b);
    }
    free(held);
}

/* ---- lanes --------------------------------------------------------------------------------- */

static void keep_batches(struct replica *r, const struct batch *a, const struct batch *b)
{
    struct evidence_item first = {.batch = *a}, second = {.batch = *b};
    keep(r, EVIDENCE_BATCHES, a->lane.v, &first, &second);
}

void evidence_on_batch(struct replica *r, const struct batch *batch)
{
    const struct lane_entry *rival = lane_rival(&r->lanes[batch->lane.v], batch);
    if (rival)
        keep_batches(r, &rival->batch, batch);
}

struct rival {
    const struct batch *batch;
    struct batch other;
    bool same, found;
};

static bool take_rival(void *visitor, struct bytes key, struct bytes value)
{
    struct rival *rival = (struct rival *)visitor;
    struct bytes header, signature, payload;
    rival->same = key.size > HASH_SIZE &&
                  memcmp(key.at + key.size - HASH_SIZE, rival->batch->id.at, HASH_SIZE) == 0;
    if (!rival->same && !rival->found && batch_open(value, &header, &signature, &payload, NULL) &&
        batch_header_decode(header, &rival->other, NULL)) {
        memcpy(rival->other.signature.at, signature.at, SIGNATURE_SIZE);
        rival->found = true;
    }
    return !rival->same;
}

void evidence_on_old_batch(struct replica *r, uint16_t from, const struct batch *batch)
{
    const struct lane_head *decided = &r->lanes[batch->lane.v].decided;
    struct evidence_place place = {.number = batch->sequence, .round = -1};
    bool head = batch->sequence == decided->sequence && hash_equal(&batch->id, &decided->id);
    if (head || batch->lane.v == r->config.self.v ||
        is_known(r, batch->lane.v, EVIDENCE_BATCHES, &place) || !has_room(r, batch->lane.v))
        return;
    struct rival rival = {.batch = batch};
    struct store_key prefix = key_batch(batch->lane.v, batch->sequence, &batch->id);
    prefix.size -= HASH_SIZE;
    const struct store *disk = &r->config.store;
    struct error error;
    if (!disk->scan(disk->context, store_key_bytes(&prefix), store_key_bytes(&prefix), false,
                    RIVALS_MAX, take_rival, &rival, &error) ||
        rival.same || !rival.found)
        return;
    if (batch_verify(batch, r->verifiers[batch->lane.v]))
        keep_batches(r, &rival.other, batch);
    else
        peer_bad_signature(r, from, 1);
}

/* ---- cosignatures -------------------------------------------------------------------------- */

void evidence_on_cosignature(struct replica *r, const struct cosignature *item)
{
    const struct cosign_peer *peer = &r->cosigning.book.peers[item->node.v];
    for (size_t i = 0; i < COSIGN_HELD_MAX; i++) {
        const struct cosign_held *held = &peer->held[i];
        bool checked = held->state == COSIGN_AGREES || held->state == COSIGN_CONTRADICTS;
        if (!checked || held->item.size != item->size || cosignature_same_claim(&held->item, item))
            continue;
        struct evidence_item first = {.cosignature = held->item}, second = {.cosignature = *item};
        keep(r, EVIDENCE_COSIGNATURES, item->node.v, &first, &second);
    }
}

/* ---- onto the ledger ----------------------------------------------------------------------- */

static bool may_be_brought(const struct replica *r, struct node_id node)
{
    return node.v < r->charter->node_count && !r->charter->nodes[node.v].left &&
           !state_accused(r->state, node);
}

static bool is_due(const struct replica *r, const struct evidence_kept *kept)
{
    return kept->holds && may_be_brought(r, kept->node) && !PLANTED(PLANT_NO_EVIDENCE);
}

bool evidence_waits(const struct replica *r)
{
    for (size_t i = 0; i < r->evidence.count; i++)
        if (is_due(r, r->evidence.items[i]))
            return true;
    return false;
}

void evidence_repeat(struct replica *r)
{
    for (size_t i = 0; i < r->evidence.count; i++)
        if (is_due(r, r->evidence.items[i])) {
            send(r, r->evidence.items[i]);
            return;
        }
}

/* Only against who is not accused yet: more of it would be of no use, and cost its checks. */
void evidence_on_message(struct replica *r, uint16_t from, struct bytes bytes)
{
    struct evidence evidence;
    struct evidence_keys keys = keys_of(r);
    if (!evidence_decode(bytes, &evidence, NULL)) {
        peer_malformed(r, from);
        return;
    }
    struct evidence_place place = evidence_place(&evidence);
    uint16_t node = evidence.node.v;
    if (node == r->config.self.v || !may_be_brought(r, evidence.node) ||
        is_known(r, node, evidence.kind, &place) || !has_room(r, node))
        return;
    if (!evidence_verify(&evidence, &keys, NULL)) {
        peer_bad_signature(r, from, 2);
        return;
    }
    (void)take_in(r, &evidence, bytes);
}

/* Of each node the earliest; nodes as their lies were seen. */
void evidence_propose(const struct replica *r, struct cut *cut)
{
    bool nodes[NODES_MAX] = {false};
    for (size_t i = 0; i < r->evidence.count && cut->evidence_count < EVIDENCE_PER_CUT_MAX; i++) {
        const struct evidence_kept *kept = r->evidence.items[i];
        if (!is_due(r, kept) || nodes[kept->node.v])
            continue;
        nodes[kept->node.v] = true;
        cut->evidence[cut->evidence_count++] = bytes_of(kept->bytes, kept->size);
    }
}

bool evidence_judge(const struct replica *r, const struct cut *cut, const char **why_out)
{
    struct evidence_keys keys = keys_of(r);
    struct evidence evidence;
    for (size_t i = 0; i < cut->evidence_count; i++) {
        must(evidence_decode(cut->evidence[i], &evidence, NULL));
        if (!may_be_brought(r, evidence.node))
            *why_out =
                "it brings evidence against a node that has left, is accused already, or has "
                "the last open lane";
        else if (!evidence_verify(&evidence, &keys, NULL))
            *why_out = "it brings evidence that does not hold";
        else
            continue;
        return false;
    }
    return true;
}

void evidence_decided(struct replica *r, const struct cut *cut)
{
    struct evidence evidence;
    for (size_t i = 0; i < cut->evidence_count; i++) {
        must(evidence_decode(cut->evidence[i], &evidence, NULL));
        struct evidence_place place = evidence_place(&evidence);
        const char *name = replica_node_name(r, evidence.node.v);
        replica_warn(r,
                     "evidence against node %s is on the ledger: it is suspended from height %llu",
                     name, (unsigned long long)cut->height + 2);
        if (is_known(r, evidence.node.v, evidence.kind, &place) || !has_room(r, evidence.node.v))
            continue;
        (void)take_in(r, &evidence, cut->evidence[i]);
    }
}

void evidence_judge_again(struct replica *r)
{
    struct evidence_keys keys = keys_of(r);
    struct evidence evidence;
    for (size_t i = 0; i < r->evidence.count; i++) {
        struct evidence_kept *kept = r->evidence.items[i];
        must(evidence_decode(bytes_of(kept->bytes, kept->size), &evidence, NULL));
        kept->holds = evidence_verify(&evidence, &keys, NULL);
    }
}

/* ---- after a restart ----------------------------------------------------------------------- */

static bool verify_by(const struct charter *charter, const struct evidence *evidence,
                      struct error *error)
{
    const struct verifier *signers[NODES_MAX] = {NULL}, *cosigners[NODES_MAX] = {NULL};
    struct evidence_keys keys = {.coalition = &charter->coalition,
                                 .origin = charter->origin,
                                 .node_count = charter->node_count,
                                 .signers = signers,
                                 .cosigners = cosigners};
    uint16_t node = evidence->node.v;
    if (node >= charter->node_count)
        return error_set(error, ERROR_INVALID, "the charter has no node %u", node);
    struct verifier *signer = verifier_open(&charter->nodes[node].sign_key);
    struct verifier *cosigner = verifier_open(&charter->nodes[node].cosigner_key.key);
    signers[node] = signer;
    cosigners[node] = cosigner;
    bool good = signer && cosigner && evidence_verify(evidence, &keys, error);
    verifier_close(signer);
    verifier_close(cosigner);
    return good;
}

/* Under the keys in force, or some that were before. */
static bool held_once(const struct replica *r, const struct evidence *evidence, bool *now_out,
                      struct error *error)
{
    const struct charter *charter = r->charter;
    bool good = verify_by(charter, evidence, error);
    *now_out = good;
    while (!good && charter->from_height > 1) {
        charter = state_charter_at(r->state, charter->from_height - 1);
        good = verify_by(charter, evidence, error);
    }
    return good;
}

struct taking {
    struct replica *r;
    struct error *error;
    bool failed;
};

static bool value_decode(struct replica *r, struct bytes key, struct bytes value,
                         struct error *error)
{
    struct codec_reader reader;
    struct evidence evidence;
    bool holds = false;
    codec_reader_init(&reader, value);
    codec_get_array(&reader, 3, 3);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    uint64_t seen_ms = codec_get_uint(&reader, INT64_MAX);
    struct bytes bytes = codec_get_bytes(&reader, 1, EVIDENCE_SIZE_MAX);
    if (!codec_finish(&reader, "evidence", error) || !evidence_decode(bytes, &evidence, error) ||
        !held_once(r, &evidence, &holds, error))
        return false;
    struct hash id = hash_bytes(bytes);
    struct store_key expected = key_evidence(evidence.node.v, (int)evidence.kind, &id);
    if (!bytes_equal(key, store_key_bytes(&expected)))
        return error_set(error, ERROR_CORRUPT, "it lies under the key of another");
    add(r, &evidence, bytes, seen_ms)->holds = holds;
    return true;
}

static bool take(void *visitor, struct bytes key, struct bytes value)
{
    struct taking *taking = (struct taking *)visitor;
    char hex[2 * STORE_KEY_MAX + 1];
    if (value_decode(taking->r, key, value, taking->error))
        return true;
    hex_encode(bytes_of(key.at + 1, key.size - 1), hex);
    taking->failed = true;
    taking->error->code = ERROR_CORRUPT;
    return error_wrap(taking->error, "the store is damaged: evidence (entry E %s)", hex);
}

static int by_time(const void *a, const void *b)
{
    const struct evidence_kept *first = *(const struct evidence_kept *const *)a;
    const struct evidence_kept *second = *(const struct evidence_kept *const *)b;
    if (first->seen_ms != second->seen_ms)
        return first->seen_ms < second->seen_ms ? -1 : 1;
    return memcmp(first->id.at, second->id.at, HASH_SIZE);
}

bool evidence_recover(struct replica *r, struct error *error)
{
    const struct store *disk = &r->config.store;
    struct store_key prefix = key_prefix('E');
    struct taking taking = {.r = r, .error = error};
    if (!disk->scan(disk->context, store_key_bytes(&prefix), store_key_bytes(&prefix), false,
                    EVIDENCE_KEPT_MAX, take, &taking, error) ||
        taking.failed)
        return false;
    if (r->evidence.count > 0)
        qsort(r->evidence.items, r->evidence.count, sizeof(r->evidence.items[0]), by_time);
    return true;
}

void evidence_release(struct replica *r)
{
    for (size_t i = 0; i < r->evidence.count; i++)
        free(r->evidence.items[i]);
    free(r->evidence.items);
}

/* ---- asking -------------------------------------------------------------------------------- */

size_t replica_evidence_count(const struct replica *r)
{
    return r->evidence.count;
}

const struct evidence_kept *replica_evidence(const struct replica *r, size_t number)
{
    must(number < r->evidence.count);
    return r->evidence.items[number];
}
