/* Over a lossy network (rule 11): saying where we stand, sending what others lack, fetching what we
 * lack, catching up by certificates (rule 9), and the question before the first signature (rule 3).
 */

#include <stdio.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

/* ---- what was signed by whom: for answers to rule 3's question ------------------------------ */

void gossip_remember_vote(struct replica *r, const struct vote *vote)
{
    struct peer_seen *seen = &r->seen[vote->voter.v];
    struct vote *kept = &seen->votes[vote->type - 1];
    bool newer =
        vote->height > kept->height || (vote->height == kept->height && vote->round > kept->round);
    if (seen->has_vote[vote->type - 1] && !newer)
        return;
    seen->has_vote[vote->type - 1] = true;
    *kept = *vote;
}

void gossip_remember_decided(struct replica *r, const struct vote *vote)
{
    r->seen[vote->voter.v].decided = *vote;
    gossip_remember_vote(r, vote);
}

void gossip_remember_proposal(struct replica *r, const struct proposal *proposal,
                              struct bytes bytes)
{
    struct peer_seen *seen = &r->seen[proposal->proposer.v];
    bool newer =
        proposal->height > seen->proposal_height ||
        (proposal->height == seen->proposal_height && proposal->round > seen->proposal_round);
    if (seen->proposal.size > 0 && !newer)
        return;
    /* Copied first: `bytes` may be the buffer itself when our own comes back. */
    seen->proposal_height = proposal->height;
    seen->proposal_round = proposal->round;
    buffer_clear(&seen->proposal);
    buffer_append(&seen->proposal, bytes);
}

bool gossip_may_serve(struct replica *r, uint16_t peer)
{
    struct peer_seen *seen = &r->seen[peer];
    uint64_t second = r->now_ms / 1000;
    if (seen->serve_second != second) {
        seen->serve_second = second;
        seen->served = seen->served_bytes = 0;
    }
    bool good = seen->served++ < SERVE_PER_SECOND && seen->served_bytes < SERVE_BYTES_PER_SECOND;
    seen->unserved += !good;
    return good;
}

static bool all_quiet(const struct replica *r)
{
    return consensus_step(r->consensus) == STEP_WAITING && !r->pending.used;
}

/* ---- status -------------------------------------------------------------------------------- */

void gossip_reset(struct replica *r)
{
    r->status_interval_ms = STATUS_FIRST_MS;
    r->status_at_ms = r->now_ms + STATUS_FIRST_MS;
}

static struct lane_head highest(const struct lane *lane)
{
    const struct lane_entry *tip = lane_tip(lane);
    if (!tip)
        return lane->decided;
    return (struct lane_head){.sequence = tip->batch.sequence, .id = tip->batch.id};
}

static void send_status(struct replica *r, uint16_t to)
{
    struct status *status = &r->out.body.status;
    r->out.kind = MESSAGE_STATUS;
    memset(status, 0, sizeof(*status));
    status->height = r->height + 1;
    status->lane_count = (uint16_t)r->charter->node_count;
    for (size_t i = 0; i < r->charter->node_count; i++)
        status->lanes[i] = highest(&r->lanes[i]);
    int32_t rounds[STATUS_ROUNDS_MAX];
    status->round_count = consensus_rounds(r->consensus, rounds, STATUS_ROUNDS_MAX);
    for (size_t i = 0; i < status->round_count; i++) {
        struct status_round *round = &status->rounds[i];
        round->round = rounds[i];
        round->prevotes = consensus_vote_mask(r->consensus, rounds[i], VOTE_PREVOTE);
        round->precommits = consensus_vote_mask(r->consensus, rounds[i], VOTE_PRECOMMIT);
        for (size_t slot = 0; slot < CONSENSUS_SLOTS; slot++)
            round->proposals += consensus_proposal(r->consensus, rounds[i], slot).size > 0;
    }
    replica_send(r, to, &r->out);
}

static const struct status_round *their_round(const struct status *status, int32_t round)
{
    for (size_t i = 0; i < status->round_count; i++)
        if (status->rounds[i].round == round)
            return &status->rounds[i];
    return NULL;
}

static void add_votes(struct replica *r, int32_t round, enum vote_type type, uint64_t lacking)
{
    for (size_t place = 0; place < r->agreement.voter_count; place++) {
        const struct vote *vote;
        for (size_t claim = 0;
             (lacking >> place & 1) &&
             (vote = consensus_vote(r->consensus, round, type, place, claim)) != NULL;
             claim++) {
            bool ours = vote->voter.v == r->config.self.v;
            if ((ours || !PLANTED(PLANT_NO_PROOF)) && r->out.body.votes.count < MESSAGE_VOTES_MAX)
                r->out.body.votes.items[r->out.body.votes.count++] = *vote;
        }
    }
}

/* Votes of any round that we hold and they do not, others' included. A liar may have told them
 * another claim than us, which masks do not show: in a height that stalls all are sent again. */
static void send_lacking_votes(struct replica *r, uint16_t to, const struct status *status)
{
    bool stalled = replica_height_stalls(r) && !all_quiet(r);
    int32_t rounds[STATUS_ROUNDS_MAX];
    size_t count = consensus_rounds(r->consensus, rounds, STATUS_ROUNDS_MAX);
    r->out.kind = MESSAGE_VOTES;
    r->out.body.votes.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct status_round *theirs = stalled ? NULL : their_round(status, rounds[i]);
        uint64_t prevotes = consensus_vote_mask(r->consensus, rounds[i], VOTE_PREVOTE);
        uint64_t precommits = consensus_vote_mask(r->consensus, rounds[i], VOTE_PRECOMMIT);
        add_votes(r, rounds[i], VOTE_PREVOTE, prevotes & ~(theirs ? theirs->prevotes : 0));
        add_votes(r, rounds[i], VOTE_PRECOMMIT, precommits & ~(theirs ? theirs->precommits : 0));
    }
    if (r->out.body.votes.count > 0)
        replica_send(r, to, &r->out);
}

static void send_lacking_proposals(struct replica *r, uint16_t to, const struct status *status)
{
    int32_t rounds[STATUS_ROUNDS_MAX];
    size_t count = consensus_rounds(r->consensus, rounds, STATUS_ROUNDS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct status_round *theirs = their_round(status, rounds[i]);
        for (size_t slot = 0; slot < CONSENSUS_SLOTS; slot++) {
            struct bytes bytes = consensus_proposal(r->consensus, rounds[i], slot);
            /* Slots fill in different orders: who has fewer than both gets every one we hold. */
            if (bytes.size == 0 || (theirs && theirs->proposals >= CONSENSUS_SLOTS) ||
                (theirs && theirs->proposals == 1 &&
                 consensus_proposal(r->consensus, rounds[i], 1).size == 0))
                continue;
            r->out.kind = MESSAGE_PROPOSAL;
            r->out.body.proposal = bytes;
            replica_send(r, to, &r->out);
        }
    }
}

/* Our own lane is ours to repeat; other lanes are fetched by who needs them. */
static void send_lacking_batches(struct replica *r, uint16_t to, const struct status *status)
{
    uint16_t self = r->config.self.v;
    const struct lane *lane = &r->lanes[self];
    uint64_t theirs = self < status->lane_count ? status->lanes[self].sequence : 0;
    size_t sent = 0;
    for (size_t i = 0; i < lane->count && sent < FETCH_BYTES_MAX / 4; i++) {
        const struct lane_entry *entry = lane->entries[i];
        if (entry->hidden || entry->batch.sequence <= theirs)
            continue;
        r->out.kind = MESSAGE_BATCH;
        r->out.body.batch = buffer_bytes(&entry->bytes);
        replica_send(r, to, &r->out);
        sent += entry->bytes.size;
    }
}

static bool send_height(struct replica *r, uint16_t to, uint64_t height)
{
    struct buffer value;
    struct stored_height stored;
    buffer_init(&value, STORE_VALUE_MAX);
    struct store_key key = key_height(height);
    bool found =
        r->config.store.get(r->config.store.context, store_key_bytes(&key), &value, NULL) &&
        stored_height_decode(buffer_bytes(&value), &stored, NULL);
    if (found) {
        r->out.kind = MESSAGE_DECIDED;
        r->out.body.decided.certificate = stored.certificate;
        r->out.body.decided.cut = stored.cut;
        replica_send(r, to, &r->out);
    }
    buffer_release(&value);
    return found;
}

static void help_behind(struct replica *r, uint16_t to, uint64_t height)
{
    struct peer_seen *seen = &r->seen[to];
    if (seen->decided_sent_height == height && r->now_ms < seen->decided_sent_ms + FETCH_AGAIN_MS)
        return;
    seen->decided_sent_height = height;
    seen->decided_sent_ms = r->now_ms;
    for (uint64_t i = height; i <= r->shown.height && i < height + 4; i++)
        if (!send_height(r, to, i))
            return;
}

void gossip_ask_heights(struct replica *r, uint16_t peer, uint64_t first, uint64_t count)
{
    r->out.kind = MESSAGE_FETCH_HEIGHTS;
    r->out.body.fetch_heights.from = first;
    r->out.body.fetch_heights.count = count;
    replica_send(r, peer, &r->out);
}

/* Whoever says that it is ahead is asked, each at its own pace: one that claims it without end must
 * not take the turns of those that can answer. */
static void ask_ahead(struct replica *r, uint16_t peer, uint64_t ahead)
{
    struct peer_seen *seen = &r->seen[peer];
    if (r->pending.used || r->now_ms < seen->asked_heights_ms + FETCH_AGAIN_MS)
        return;
    seen->asked_heights_ms = r->now_ms;
    gossip_ask_heights(r, peer, r->height + 1,
                       ahead < FETCH_HEIGHTS_MAX ? ahead : FETCH_HEIGHTS_MAX);
}

void gossip_on_status(struct replica *r, uint16_t from, const struct status *status)
{
    r->seen[from].height = status->height > 0 ? status->height - 1 : 0;
    r->fetching.told = true;
    uint64_t ours = r->height + 1;
    if (!gossip_may_serve(r, from))
        return;
    if (status->height > ours) {
        ask_ahead(r, from, status->height - ours);
    } else if (status->height < ours) {
        help_behind(r, from, status->height);
    } else {
        send_lacking_votes(r, from, status);
        send_lacking_proposals(r, from, status);
        send_lacking_batches(r, from, status);
    }
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Who left may be gone; a hint names one that told us just now. */
static bool may_have_it(const struct replica *r, uint16_t peer)
{
    bool left = peer < r->charter->node_count && r->charter->nodes[peer].left;
    return peer != r->config.self.v && (!left || peer == r->fetch_hint);
}

void gossip_fetch(struct replica *r, uint16_t number, const struct lane_head *missing)
{
    if (missing->sequence == 0 || r->now_ms < r->fetch_at_ms[number])
        return;
    /* Whoever told us of the cut holds it, and so does its writer; ask another one each time. */
    r->fetch_at_ms[number] = r->now_ms + FETCH_AGAIN_MS / 4;
    r->out.kind = MESSAGE_FETCH_BATCHES;
    r->out.body.fetch_batches.count = 1;
    r->out.body.fetch_batches.items[0] =
        (struct fetch_batch){.lane = {number},
                             .head = missing->id,
                             .head_sequence = missing->sequence,
                             .above = r->lanes[number].decided.sequence};
    size_t nodes = r->charter->node_count;
    uint16_t peer = (uint16_t)((number + r->fetch_turn / 2) % nodes);
    if (r->fetch_turn % 2 == 0 && r->fetch_hint < NODES_MAX)
        peer = r->fetch_hint;
    r->fetch_turn = (uint16_t)((r->fetch_turn + 1) % (2 * nodes));
    for (size_t i = 0; i < nodes && !may_have_it(r, peer); i++)
        peer = (uint16_t)((peer + 1) % nodes);
    replica_send(r, peer, &r->out);
}

/* Crowded out by nearer or wanted ones: it leaves the disk as well, or a liar's forks would fill
 * it. */
static void crowded_out(void *context, const struct lane_entry *entry, bool decided)
{
    struct replica *r = (struct replica *)context;
    (void)decided;
    struct store_key key = key_batch(entry->batch.lane.v, entry->batch.sequence, &entry->batch.id);
    store_delete(replica_group(r), store_key_bytes(&key));
}

/* Is it worth a signature check? What nobody asked for may be too far, or come too fast. */
static bool takes_batch(struct replica *r, const struct batch *batch)
{
    const struct lane *lane = &r->lanes[batch->lane.v];
    return batch->sequence > lane->decided.sequence &&
           batch->sequence - lane->decided.sequence <= LANE_BRANCH_MAX &&
           !lane_find_at(lane, batch->sequence, &batch->id) &&
           replica_group(r)->ops.size <=
               GROUP_BYTES_BUSY * (size_t)(lane_wants(lane, batch) ? 2 : 1);
}

/* What waits for the right to sign was acknowledged, and no key is going to sign it here. */
void gossip_retire(struct replica *r, uint16_t from, const char *what)
{
    char waiting[160] = "";
    if (r->outbox_count > 0)
        (void)snprintf(waiting, sizeof(waiting),
                       ". Keep this folder: %zu transactions that were acknowledged wait in it "
                       "unsigned, send them again with their keys",
                       r->outbox_count);
    replica_stop(r,
                 "node %s holds %s signed by this node's key that this store does not know: the "
                 "folder is an old copy or was lost, or the key is in use elsewhere. This key must "
                 "not sign again: put back the newest folder, or join under a fresh key%s",
                 replica_node_name(r, from), what, waiting);
}

void gossip_on_batch(struct replica *r, uint16_t from, struct bytes bytes)
{
    struct batch batch;
    if (!batch_decode(bytes, &batch, NULL) ||
        !hash_equal(&batch.coalition, &r->charter->coalition)) {
        peer_malformed(r, from);
        return;
    }
    /* Too early for us, or too late for its lane. */
    if (!epoch_lane_open(r, batch.lane.v) || batch.payload.size > r->largest_batch) {
        peer_useless(r, from, 1);
        return;
    }
    struct lane *lane = &r->lanes[batch.lane.v];
    if (batch.sequence <= lane->decided.sequence)
        evidence_on_old_batch(r, from, &batch);
    if (!takes_batch(r, &batch))
        return;
    if (!batch_verify(&batch, r->verifiers[batch.lane.v])) {
        if (epoch_other_key_holds(r, &batch))
            peer_useless(r, from, 2);
        else
            peer_bad_signature(r, from, 2);
        return;
    }
    /* Ours, and not from us: unless it is of a key that was lost with its store, and that another
     * will replace. */
    if (batch.lane.v == r->config.self.v && r->key && !PLANTED(PLANT_LOST_STORE)) {
        char what[40];
        (void)snprintf(what, sizeof(what), "batch %llu", (unsigned long long)batch.sequence);
        gossip_retire(r, from, what);
        return;
    }
    evidence_on_batch(r, &batch);
    /* In a full lane, or beside another at its place, it costs more than a check: it is written,
     * and deleted again. Honest lanes have no forks, and who was asked for one serves what is
     * wanted. */
    bool crowds = lane->count >= LANE_BRANCH_MAX || lane_holds(lane, batch.sequence);
    if (crowds && !lane_wants(lane, &batch))
        peer_useless(r, from, 1);
    if (!lane_make_room(lane, &batch, bytes.size, crowded_out, r))
        return;
    struct lane_entry *entry = lane_add(lane, &batch, bytes, false);
    if (!entry)
        return;
    /* Written before any vote that relies on it: groups are applied in order (rule 3). Of our own
     * lane the store holds, undecided, what this node wrote and nothing else; it has no vote now.
     */
    entry->heard = batch.lane.v == r->config.self.v;
    struct store_key key = key_batch(batch.lane.v, batch.sequence, &batch.id);
    if (!entry->heard)
        store_put(replica_group(r), store_key_bytes(&key), bytes);
    struct lane_head before = {.sequence = batch.sequence - 1, .id = batch.previous};
    bool follows = entry->connected || lane_find_at(lane, before.sequence, &before.id);
    /* A chain that is complete: what else is missing is asked for at once. Otherwise the rest of
     * an answer is likely on its way, and asking at every batch of it would multiply it. */
    if (follows)
        r->fetch_at_ms[batch.lane.v] = 0;
    agree_on_batch(r); /* may free the entry; what cuts wait for is asked for first */
    if (!follows) {
        r->fetch_hint = from;
        gossip_fetch(r, batch.lane.v, &before);
    }
}

/* One batch, from memory or from the store; its predecessor's place in `at`. */
static bool send_batch(struct replica *r, uint16_t to, uint16_t number, struct lane_head *at,
                       size_t *sent)
{
    const struct lane_entry *entry = lane_find(&r->lanes[number], &at->id);
    struct buffer stored;
    struct batch batch;
    buffer_init(&stored, BATCH_SIZE_MAX);
    struct bytes bytes = {0};
    struct store_key key = key_batch(number, at->sequence, &at->id);
    if (entry && !entry->hidden)
        bytes = buffer_bytes(&entry->bytes);
    else if (r->config.store.get(r->config.store.context, store_key_bytes(&key), &stored, NULL))
        bytes = buffer_bytes(&stored);
    bool found = bytes.size > 0 && batch_decode(bytes, &batch, NULL);
    if (found) {
        r->out.kind = MESSAGE_BATCH;
        r->out.body.batch = bytes;
        replica_send(r, to, &r->out);
        *sent += bytes.size;
        *at = (struct lane_head){.sequence = batch.sequence - 1, .id = batch.previous};
    }
    buffer_release(&stored);
    return found;
}

void gossip_on_fetch_batches(struct replica *r, uint16_t from, const struct message *message)
{
    size_t sent = 0;
    for (size_t i = 0; i < message->body.fetch_batches.count && gossip_may_serve(r, from); i++) {
        const struct fetch_batch *item = &message->body.fetch_batches.items[i];
        struct lane_head at = {.sequence = item->head_sequence, .id = item->head};
        for (size_t n = 0;
             n < LANE_BATCHES_PER_CUT_MAX && at.sequence > item->above && sent < FETCH_BYTES_MAX &&
             r->seen[from].served_bytes < SERVE_BYTES_PER_SECOND;
             n++)
            if (!send_batch(r, from, item->lane.v, &at, &sent))
                break;
    }
}

/* Before a height's certificate go its batches, so that whoever is far behind need not ask for
 * each.
 */
static bool send_height_batches(struct replica *r, uint16_t to, uint64_t height, size_t *sent)
{
    struct buffer value;
    struct stored_height stored;
    struct stored_batch batch;
    buffer_init(&value, STORE_VALUE_MAX);
    struct store_key key = key_height(height);
    bool found =
        r->config.store.get(r->config.store.context, store_key_bytes(&key), &value, NULL) &&
        stored_height_decode(buffer_bytes(&value), &stored, NULL);
    while (found && stored_batch_next(&stored.batches, &batch)) {
        struct lane_head at = {.sequence = batch.sequence, .id = batch.id};
        found = send_batch(r, to, batch.lane.v, &at, sent) && *sent < FETCH_BYTES_MAX;
    }
    buffer_release(&value);
    return found;
}

void gossip_on_fetch_heights(struct replica *r, uint16_t from, uint64_t first, uint64_t count)
{
    if (!gossip_may_serve(r, from) || first == 0)
        return;
    size_t sent = 0;
    for (uint64_t i = 0; i < count && first + i <= r->shown.height &&
                         r->seen[from].served_bytes < SERVE_BYTES_PER_SECOND;
         i++) {
        bool more = count == 1 || send_height_batches(r, from, first + i, &sent);
        if (!send_height(r, from, first + i) || !more)
            return;
    }
}

/* An answer is worth FETCH_HEIGHTS_MAX heights; when half of them are executed, or nothing comes
 * any more, the next are asked for: a node that was away for a day must not wait for the next
 * status at each step. Who claims to be ahead may lie, so another one is asked each time. */
void gossip_catch_up(struct replica *r, bool stalled)
{
    if (r->history.is) /* it has a pace of its own */
        return;
    if (stalled || r->asked_height < r->height)
        r->asked_height = r->height;
    if (r->pending.used || r->asked_height > r->height + FETCH_HEIGHTS_MAX / 2)
        return;
    for (size_t i = 0; i < NODES_MAX; i++) { /* also those that the charter does not name yet */
        r->catch_up_turn = (uint16_t)((r->catch_up_turn + 1) % NODES_MAX);
        if (r->catch_up_turn == r->config.self.v ||
            r->seen[r->catch_up_turn].height < r->height + 2 ||
            r->seen[r->catch_up_turn].height <= r->asked_height)
            continue;
        gossip_ask_heights(r, r->catch_up_turn, r->asked_height + 1, FETCH_HEIGHTS_MAX / 2);
        r->asked_height += FETCH_HEIGHTS_MAX / 2;
        return;
    }
}

/* ---- rule 3's question --------------------------------------------------------------------- */

void gossip_on_ask(struct replica *r, uint16_t from, uint64_t nonce)
{
    if (!gossip_may_serve(r, from))
        return;
    cosigning_answer(r, from);
    struct answer *answer = &r->out.body.answer;
    const struct peer_seen *seen = &r->seen[from];
    struct lane *lane = &r->lanes[from];
    struct buffer stored;
    buffer_init(&stored, BATCH_SIZE_MAX);
    memset(answer, 0, sizeof(*answer));
    answer->nonce = nonce;
    const struct lane_entry *last = lane_last(lane);
    struct store_key key = key_batch(from, lane->decided.sequence, &lane->decided.id);
    if (last)
        answer->batch = buffer_bytes(&last->bytes);
    else if (lane->decided.sequence > 0 &&
             r->config.store.get(r->config.store.context, store_key_bytes(&key), &stored, NULL))
        answer->batch = buffer_bytes(&stored);
    for (size_t i = 0; i < 2; i++)
        if (seen->has_vote[i])
            answer->votes[answer->vote_count++] = seen->votes[i];
    answer->proposal = buffer_bytes(&seen->proposal);
    r->out.kind = MESSAGE_ANSWER;
    replica_send(r, from, &r->out);
    buffer_release(&stored);
}

static bool stored(const struct replica *r, const struct store_key *key)
{
    struct buffer value;
    buffer_init(&value, STORE_VALUE_MAX);
    bool found = r->config.store.get(r->config.store.context, store_key_bytes(key), &value, NULL);
    buffer_release(&value);
    return found;
}

/* Under any key that this node holds but those of the past: the store may be one of before the
 * change that put the newer one in force. In a closed lane what was undecided is void. */
static const char *newer_than_store(const struct replica *r, const struct verifier *own,
                                    const struct answer *answer, struct proposal *proposal)
{
    const struct hash *coalition = &r->charter->coalition;
    struct batch batch;
    if (answer->batch.size > 0 && batch_decode(answer->batch, &batch, NULL) &&
        batch.lane.v == r->config.self.v && hash_equal(&batch.coalition, coalition) &&
        batch_verify(&batch, own)) {
        struct store_key key = key_batch(batch.lane.v, batch.sequence, &batch.id);
        if (epoch_lane_open(r, batch.lane.v) &&
            batch.sequence > r->lanes[batch.lane.v].decided.sequence &&
            !lane_find(&r->lanes[batch.lane.v], &batch.id) && !stored(r, &key))
            return "a batch";
    }
    for (size_t i = 0; i < answer->vote_count; i++) {
        const struct vote *vote = &answer->votes[i];
        struct store_key key = key_vote(vote->height, vote->round, vote->type);
        if (vote->voter.v == r->config.self.v && vote->height > r->asked_from && !stored(r, &key) &&
            vote_verify(vote, own, coalition))
            return "a vote";
    }
    struct codec_reader reader;
    codec_reader_init(&reader, answer->proposal);
    if (answer->proposal.size == 0)
        return NULL;
    proposal_get(&reader, proposal);
    if (!codec_finish(&reader, "proposal", NULL) || proposal->proposer.v != r->config.self.v ||
        proposal->height <= r->asked_from || !proposal_verify(proposal, own, coalition))
        return NULL;
    struct store_key key = key_proposal(proposal->height, proposal->round);
    return stored(r, &key) ? NULL : "a proposal";
}

static bool drop_old(void *context, struct bytes key, struct bytes value)
{
    struct replica *r = (struct replica *)context;
    (void)value;
    if (key.size >= 9 && get_u64be(key.at + 1) <= r->height)
        store_delete(replica_group(r), key);
    return true;
}

/* What the answers are compared with: how high the store was, and the own votes that it had. A
 * start in between must compare with the same. */
void gossip_question_stays(struct replica *r)
{
    uint8_t height[8];
    if (r->asked_stored || !r->key)
        return;
    put_u64be(height, r->asked_from);
    struct store_key key = key_asked();
    store_put(replica_group(r), store_key_bytes(&key), bytes_of(height, sizeof(height)));
    r->asked_stored = true;
}

void gossip_question_over(struct replica *r)
{
    const struct store *store = &r->config.store;
    struct store_key kept[] = {key_prefix('V'), key_prefix('P')}, asked = key_asked();
    r->may_sign = true;
    if (!r->asked_stored)
        return;
    r->asked_stored = false;
    store_delete(replica_group(r), store_key_bytes(&asked));
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
        if (!store->scan(store->context, store_key_bytes(&kept[i]), store_key_bytes(&kept[i]),
                         false, SIZE_MAX, drop_old, r, &error))
            replica_stop(r, "the store cannot be read: %s", error.text);
}

/* Own votes of the undecided height are sent again (rule 3). */
static void may_sign_now(struct replica *r)
{
    gossip_question_over(r);
    gossip_reset(r);
    send_status(r, REPLICA_TO_ALL);
    cosigning_may_sign(r);
    replica_maybe_batch(r);
}

bool gossip_enough_answered(const struct replica *r)
{
    size_t answered = 0;
    for (size_t i = 0; i < r->charter->voter_count; i++)
        answered +=
            r->charter->voters[i] != r->config.self.v && r->seen[r->charter->voters[i]].answered;
    return answered + 1 >= r->agreement.quorum;
}

void gossip_on_answer(struct replica *r, uint16_t from, const struct answer *answer)
{
    if (r->may_sign || answer->nonce != r->config.nonce)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(r->held); i++) {
        const char *newer = r->held[i].verifier && !epoch_is_past(r, &r->held[i])
                                ? newer_than_store(r, r->held[i].verifier, answer, &r->proposal_in)
                                : NULL;
        if (newer && !PLANTED(PLANT_LOST_STORE)) {
            gossip_retire(r, from, newer);
            return;
        }
    }
    r->seen[from].answered = true;
    if (gossip_enough_answered(r) || PLANTED(PLANT_LOST_STORE))
        may_sign_now(r);
}

/* ---- time ---------------------------------------------------------------------------------- */

void gossip_on_time(struct replica *r)
{
    if (!r->may_sign && r->now_ms >= r->ask_at_ms) {
        r->ask_at_ms = r->now_ms + ASK_MS;
        r->out.kind = MESSAGE_ASK;
        r->out.body.ask.nonce = r->config.nonce;
        replica_send(r, REPLICA_TO_ALL, &r->out);
    }
    if (r->now_ms < r->status_at_ms)
        return;
    send_status(r, REPLICA_TO_ALL);
    cosigning_repeat(r);
    snapshot_repeat(r);
    evidence_repeat(r);
    gossip_catch_up(r, true);
    /* Batches that a cut waits for may have been lost with the request. */
    agree_on_batch(r);
    r->status_interval_ms = all_quiet(r) ? STATUS_LAST_MS : r->status_interval_ms * 2;
    if (r->status_interval_ms > STATUS_LAST_MS)
        r->status_interval_ms = STATUS_LAST_MS;
    r->status_at_ms = r->now_ms + r->status_interval_ms;
}
