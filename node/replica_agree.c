/* Agreement's hands: what consensus.h asks for is judged, signed, stored and sent here. */

#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"
#include "protocol/plant.h"

/* ---- judging a cut (rule 2) ---------------------------------------------------------------- */

static const struct passed *two_back(const struct replica *r, uint64_t height)
{
    const struct passed *passed = &r->passed[(height - 2) % HISTORY_KEPT];
    return height > 2 && passed->height == height - 2 ? passed : NULL;
}

static bool names_our_state(const struct replica *r, const struct cut *cut)
{
    const struct passed *passed = two_back(r, cut->height);
    if (!passed)
        return cut->height <= 2 && cut->record_count == 0 && hash_is_zero(&cut->state_digest) &&
               hash_is_zero(&cut->record_root);
    return cut->record_count == passed->count && hash_equal(&cut->state_digest, &passed->digest) &&
           hash_equal(&cut->record_root, &passed->root);
}

/* Limits never drop below the largest batch that was ever allowed: a batch that was made stays one
 * that can be decided, or its lane, which may not write another in its place, would stand still. */
static uint64_t at_least_a_batch(const struct replica *r, uint64_t limit)
{
    return limit > r->largest_batch ? limit : r->largest_batch;
}

/* Payload that a lane may still advance by, in a cut at `time_ms`. */
static uint64_t lane_room(const struct replica *r, const struct lane *lane, uint64_t time_ms)
{
    uint64_t used = lane->day == lane_day(time_ms) ? lane->day_bytes : 0;
    uint64_t today = at_least_a_batch(r, r->charter->limits.lane_day_bytes);
    uint64_t left = used < today ? today - used : 0;
    uint64_t share = at_least_a_batch(r, r->charter->limits.lane_cut_bytes);
    return left < share ? left : share;
}

static uint64_t cut_room(const struct replica *r)
{
    return at_least_a_batch(r, r->charter->limits.cut_bytes);
}

static bool judge_shape(const struct replica *r, const struct cut *cut, const char **why)
{
    *why = NULL;
    if (!hash_equal(&cut->coalition, &r->charter->coalition))
        *why = "it is of another coalition";
    else if (cut->height != r->height + 1 || !hash_equal(&cut->previous, &r->cut_id))
        *why = "it does not follow the last decided cut";
    else if (cut->lane_count != r->charter->node_count)
        *why = "it does not name every lane";
    else if (cut->time_ms <= r->cut_time_ms)
        *why = "its time is not later than the last";
    else if (!names_our_state(r, cut))
        *why = "its state digest or record root two heights back is not ours";
    return *why == NULL;
}

struct judged {
    uint64_t bytes;
    bool advances, missing;
};

static bool judge_lane(struct replica *r, const struct cut *cut, uint16_t number, bool fetch,
                       struct judged *judged, const char **why)
{
    const struct lane *lane = &r->lanes[number];
    const struct lane_head *head = &cut->lanes[number];
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    struct lane_head missing;
    size_t count = 0;
    if (fetch)
        lane_want(&r->lanes[number], head);
    switch (lane_path(lane, head, path, &count, &missing)) {
    case LANE_PATH_WRONG:
        *why = "a head does not descend from that lane's last decided head";
        return false;
    case LANE_PATH_MISSING:
        judged->missing = true;
        if (fetch)
            gossip_fetch(r, number, &missing);
        return true;
    case LANE_PATH_FOUND:
        break;
    }
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += path[i]->batch.payload.size;
    if (count > 0 && !epoch_lane_open(r, number)) {
        *why = "a lane advances whose node is suspended or has left";
        return false;
    }
    judged->bytes += bytes;
    judged->advances = judged->advances || count > 0;
    if (bytes > lane_room(r, lane, cut->time_ms)) {
        *why = "a lane takes more than its share";
        return false;
    }
    return true;
}

/* Without any batch: a heartbeat, what is due by time, or another charter at the height after: the
 * coalition does not wait for a till to get there. */
static bool height_brings_something(const struct replica *r, uint64_t time_ms)
{
    return time_ms >= r->cut_time_ms + r->charter->limits.heartbeat_ms ||
           time_ms >= state_next_due_ms(r->state) ||
           state_charter_at(r->state, r->height + 2) != r->charter;
}

enum cut_status agree_judge(struct replica *r, const struct cut *cut, bool fetch,
                            const char **why_out)
{
    struct judged judged = {0};
    if (!judge_shape(r, cut, why_out) || !evidence_judge(r, cut, why_out))
        return CUT_INVALID;
    for (uint16_t i = 0; i < cut->lane_count; i++)
        if (!judge_lane(r, cut, i, fetch, &judged, why_out))
            return CUT_INVALID;
    if (judged.missing)
        return CUT_UNKNOWN;
    if (judged.bytes > cut_room(r))
        *why_out = "it is larger than a cut may be";
    else if (!judged.advances && cut->evidence_count == 0 &&
             !height_brings_something(r, cut->time_ms))
        *why_out = "it brings nothing new";
    else
        return CUT_VALID;
    return CUT_INVALID;
}

/* Whoever proposed it first: a cut that others had to propose again is still its work. */
static struct peer_seen *maker_of(struct replica *r, const struct hash *id, const char **name_out)
{
    int32_t round = consensus_cut_round(r->consensus, id);
    if (round < 0)
        return NULL;
    uint16_t maker = consensus_proposer(&r->agreement, r->height + 1, round);
    *name_out = r->charter->nodes[maker].name;
    return &r->seen[maker];
}

static void refuse_cut(struct replica *r, const struct hash *id, const char *why)
{
    const char *name = "nobody known";
    struct peer_seen *maker = maker_of(r, id, &name);
    if (maker)
        maker->refused_cuts++;
    replica_warn(r, "cut of height %llu, proposed by %s, is refused: %s",
                 (unsigned long long)r->height + 1, name, why);
}

/* The round that ends could not use them: whoever proposed them did not give their batches. */
static void note_unfetched(struct replica *r, int32_t round)
{
    const char *name;
    for (size_t i = 0; i < r->unjudged_count; i++) {
        const struct hash *id = &r->unjudged[i];
        struct peer_seen *maker =
            consensus_cut_round(r->consensus, id) == round ? maker_of(r, id, &name) : NULL;
        if (maker)
            maker->unfetched_cuts++;
    }
}

static void judge_one(struct replica *r, const struct hash *id)
{
    struct cut cut;
    struct bytes bytes = consensus_cut_bytes(r->consensus, id);
    const char *why = NULL;
    if (bytes.size == 0 || !cut_decode(bytes, &cut, NULL))
        return;
    /* Batches are fetched for the cuts of this round alone: those of liars' past rounds must not
     * take the turns, and the room, of the one that may be decided. */
    bool current = consensus_cut_matters(r->consensus, id);
    r->fetch_hint = consensus_proposer(&r->agreement, cut.height, consensus_round(r->consensus));
    enum cut_status status = agree_judge(r, &cut, current, &why);
    if (status == CUT_INVALID)
        refuse_cut(r, id, why);
    if (status != CUT_UNKNOWN) {
        consensus_cut_status(r->consensus, id, status);
        return;
    }
    for (size_t i = 0; i < r->unjudged_count; i++)
        if (hash_equal(&r->unjudged[i], id))
            return;
    if (r->unjudged_count == UNJUDGED_MAX) { /* the oldest; proposed again, it is judged again */
        memmove(r->unjudged, r->unjudged + 1, (UNJUDGED_MAX - 1) * sizeof(r->unjudged[0]));
        r->unjudged_count--;
    }
    r->unjudged[r->unjudged_count++] = *id;
}

static void want_cut(struct replica *r, struct bytes bytes)
{
    struct cut cut;
    if (bytes.size == 0 || !cut_decode(bytes, &cut, NULL) ||
        cut.lane_count != r->charter->node_count)
        return;
    for (uint16_t i = 0; i < cut.lane_count; i++)
        lane_want(&r->lanes[i], &cut.lanes[i]);
}

/* Of a new round: what may still be decided keeps its batches, the rest of the flood may go. */
static void want_anew(struct replica *r)
{
    struct consensus_lock lock;
    struct hash cuts[CONSENSUS_SLOTS];
    for (size_t i = 0; i < r->charter->node_count; i++)
        lane_unwant(&r->lanes[i]);
    consensus_lock(r->consensus, &lock);
    if (lock.locked_round >= 0)
        want_cut(r, consensus_cut_bytes(r->consensus, &lock.locked));
    if (lock.valid_round >= 0)
        want_cut(r, lock.valid_cut);
    size_t count = consensus_round_cuts(r->consensus, cuts);
    for (size_t i = 0; i < count; i++)
        want_cut(r, consensus_cut_bytes(r->consensus, &cuts[i]));
}

static void judge_again(struct replica *r)
{
    struct hash ids[UNJUDGED_MAX];
    size_t count = r->unjudged_count;
    memcpy(ids, r->unjudged, count * sizeof(ids[0]));
    r->unjudged_count = 0;
    for (size_t i = 0; i < count; i++)
        judge_one(r, &ids[i]);
}

/* ---- proposing (rule 7) -------------------------------------------------------------------- */

/* Rule 5's "of a lane that may advance": a lane whose share of the day is used up starts nothing.
 */
static bool lane_may_advance(const struct replica *r, uint16_t number)
{
    const struct lane *lane = &r->lanes[number];
    const struct lane_entry *tip = lane_tip(lane), *entry = tip;
    while (entry && entry->batch.sequence > lane->decided.sequence + 1)
        entry = lane_find_at(lane, entry->batch.sequence - 1, &entry->batch.previous);
    uint64_t time_ms = r->now_ms > r->cut_time_ms ? r->now_ms : r->cut_time_ms + 1;
    return entry && epoch_lane_open(r, number) &&
           entry->batch.payload.size <= lane_room(r, lane, time_ms);
}

/* The lane's highest verified head within the limits. */
static struct lane_head head_within(const struct replica *r, uint16_t number, uint64_t time_ms,
                                    uint64_t *left)
{
    const struct lane *lane = &r->lanes[number];
    const struct lane_entry *tip = lane_tip(lane);
    struct lane_head head = lane->decided;
    if (!tip || !epoch_lane_open(r, number))
        return head;
    /* From the tip back to the decided head; then forward as far as the limits go. */
    const struct lane_entry *chain[LANE_BRANCH_MAX];
    size_t count = (size_t)(tip->batch.sequence - lane->decided.sequence);
    must(count <= LANE_BRANCH_MAX);
    for (size_t i = count; i-- > 0;) {
        chain[i] = tip;
        tip = i > 0 ? lane_find_at(lane, tip->batch.sequence - 1, &tip->batch.previous) : NULL;
        must(i == 0 || tip);
    }
    uint64_t room = lane_room(r, lane, time_ms);
    for (size_t i = 0; i < count && i < LANE_BATCHES_PER_CUT_MAX; i++) {
        uint64_t size = chain[i]->batch.payload.size;
        if (size > room || size > *left)
            break;
        room -= size;
        *left -= size;
        head = (struct lane_head){.sequence = chain[i]->batch.sequence, .id = chain[i]->batch.id};
    }
    return head;
}

static bool make_cut(struct replica *r, struct cut *cut)
{
    memset(cut, 0, sizeof(*cut));
    cut->coalition = r->charter->coalition;
    cut->height = r->height + 1;
    cut->previous = r->cut_id;
    cut->lane_count = (uint16_t)r->charter->node_count;
    cut->time_ms = r->now_ms > r->cut_time_ms ? r->now_ms : r->cut_time_ms + 1;
    const struct passed *passed = two_back(r, cut->height);
    if (passed) {
        cut->state_digest = passed->digest;
        cut->record_root = passed->root;
        cut->record_count = passed->count;
    }
    evidence_propose(r, cut);
    uint64_t room = cut_room(r);
    bool advances = cut->evidence_count > 0;
    /* Begin at another lane each height, so that none starves where the cut is full. */
    for (uint16_t i = 0; i < cut->lane_count; i++) {
        uint16_t lane = (uint16_t)((i + cut->height) % cut->lane_count);
        cut->lanes[lane] = head_within(r, lane, cut->time_ms, &room);
        advances = advances || cut->lanes[lane].sequence > r->lanes[lane].decided.sequence;
    }
    return advances || height_brings_something(r, cut->time_ms);
}

static void store_proposal(struct replica *r, struct proposal *proposal)
{
    proposal->proposer = r->config.self;
    proposal_sign(proposal, r->key, &r->charter->coalition);
    struct after *after = replica_after(r, AFTER_PROPOSAL);
    buffer_init(&after->bytes, MESSAGE_SIZE_MAX);
    proposal_put(proposal, &after->bytes);
    must(!after->bytes.overflowed);
    struct store_key key = key_proposal(proposal->height, proposal->round);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&after->bytes));
}

static void note_own_round(struct replica *r, int32_t round)
{
    for (size_t i = 0; i < r->own_round_count; i++)
        if (r->own_rounds[i] == round)
            return;
    if (r->own_round_count < ARRAY_SIZE(r->own_rounds))
        r->own_rounds[r->own_round_count++] = round;
}

static uint64_t undecided_transactions(const struct replica *r)
{
    uint64_t count = 0;
    for (size_t i = 0; i < r->charter->node_count; i++)
        for (size_t k = 0; k < r->lanes[i].count; k++)
            if (!r->lanes[i].entries[k]->hidden)
                count += r->lanes[i].entries[k]->batch.transaction_count;
    return count;
}

uint64_t agree_awaits_company(const struct replica *r)
{
    if (r->want_cut_round != 0 || consensus_round(r->consensus) != 0)
        return 0;
    return replica_awaits(r, &r->cut_company, undecided_transactions(r), r->want_cut_ms);
}

static void propose_fresh(struct replica *r)
{
    if (r->want_cut_round < 0 || r->want_cut_round != consensus_round(r->consensus) ||
        consensus_step(r->consensus) == STEP_DECIDED || !r->may_sign || !r->key ||
        agree_awaits_company(r))
        return;
    struct cut cut;
    if (!make_cut(r, &cut))
        return;
    struct buffer bytes;
    buffer_init(&bytes, CUT_SIZE_MAX);
    cut_encode(&cut, &bytes);
    struct proposal *proposal = &r->proposal_in;
    memset(proposal, 0, sizeof(*proposal));
    proposal->height = cut.height;
    proposal->round = r->want_cut_round;
    proposal->valid_round = -1;
    proposal->cut_bytes = buffer_bytes(&bytes);
    proposal->cut = cut;
    note_own_round(r, proposal->round);
    store_proposal(r, proposal);
    buffer_release(&bytes);
    r->want_cut_round = -1;
}

static void propose_again(struct replica *r, const struct consensus_action *action)
{
    struct consensus_lock lock;
    consensus_lock(r->consensus, &lock);
    struct proposal *proposal = &r->proposal_in;
    memset(proposal, 0, sizeof(*proposal));
    must(lock.valid_round == action->valid_round && lock.valid_cut.size > 0);
    must(cut_decode(lock.valid_cut, &proposal->cut, NULL));
    proposal->height = r->height + 1;
    proposal->round = action->round;
    proposal->valid_round = action->valid_round;
    proposal->cut_bytes = lock.valid_cut;
    proposal->proof_count = lock.proof_count;
    memcpy(proposal->proof, lock.proof, lock.proof_count * sizeof(lock.proof[0]));
    note_own_round(r, proposal->round);
    store_proposal(r, proposal);
}

/* ---- proposals and votes that arrive ------------------------------------------------------- */

static bool proof_holds(struct replica *r, const struct proposal *proposal)
{
    if (proposal->valid_round < 0)
        return true;
    uint64_t seen[NODES_MAX / 64] = {0};
    size_t good = 0;
    for (size_t i = 0; i < proposal->proof_count; i++) {
        const struct vote *vote = &proposal->proof[i];
        uint16_t voter = vote->voter.v;
        if (vote->type != VOTE_PREVOTE || vote->height != proposal->height ||
            vote->round != proposal->valid_round || vote->nil ||
            !hash_equal(&vote->cut, &proposal->cut.id) || voter >= r->charter->node_count ||
            !r->is_voter[voter] || (seen[voter / 64] >> (voter % 64) & 1) ||
            !vote_verify(vote, r->verifiers[voter], &r->charter->coalition))
            return false;
        seen[voter / 64] |= UINT64_C(1) << (voter % 64);
        good++;
    }
    return good >= r->agreement.quorum;
}

static bool proposal_known(const struct replica *r, int32_t round, struct bytes bytes)
{
    for (size_t slot = 0; slot < CONSENSUS_SLOTS; slot++)
        if (bytes_equal(consensus_proposal(r->consensus, round, slot), bytes))
            return true;
    return false;
}

void agree_on_proposal(struct replica *r, uint16_t from, struct bytes bytes)
{
    struct proposal *proposal = &r->proposal_in;
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    proposal_get(&reader, proposal);
    if (!codec_finish(&reader, "proposal", NULL)) {
        peer_malformed(r, from);
        return;
    }
    uint16_t proposer = proposal->proposer.v;
    if (proposal->height != r->height + 1 || proposer >= r->charter->node_count ||
        proposer != consensus_proposer(&r->agreement, proposal->height, proposal->round) ||
        proposal_known(r, proposal->round, bytes) ||
        !consensus_takes_proposal(r->consensus, proposal))
        return;
    if (!proposal_verify(proposal, r->verifiers[proposer], &r->charter->coalition)) {
        peer_bad_signature(r, from, 1);
        return;
    }
    evidence_on_proposal(r, proposal);
    gossip_remember_proposal(r, proposal, bytes);
    uint64_t bound = r->charter->policy.clock_bound_ms;
    uint64_t time_ms = proposal->cut.time_ms;
    /* Where clocks were put back, the earliest time that a cut may have lies ahead of them: it is
     * never too late, or nothing could be decided until they have caught up. */
    bool earliest = time_ms == r->cut_time_ms + 1 && time_ms > r->now_ms;
    bool timely = earliest || (time_ms <= r->now_ms + bound && r->now_ms <= time_ms + bound);
    bool proven = proof_holds(r, proposal);
    if (!proven) /* nobody honest makes it, or passes it on */
        peer_bad_signature(r, from, 1 + proposal->proof_count);
    consensus_on_proposal(r->consensus, proposal, bytes, timely, proven);
}

static bool claim_held(const struct replica *r, const struct vote *vote, size_t place)
{
    const struct vote *held;
    for (size_t claim = 0;
         (held = consensus_vote(r->consensus, vote->round, vote->type, place, claim)) != NULL;
         claim++)
        if (vote_same_claim(held, vote))
            return true;
    return false;
}

/* Checking signatures is most of what a small height costs. Where a quorum stands for the same cut
 * in this round, our own vote included as soon as it is being written, one more changes nothing;
 * should the height stall all the same, it is sent again and then it counts. */
static bool vote_is_surplus(const struct replica *r, const struct vote *vote)
{
    const struct vote *own = &r->own_votes[vote->type - 1];
    if (vote->nil || vote->round != consensus_round(r->consensus) || replica_height_stalls(r))
        return false;
    size_t standing = own->height == vote->height && vote_same_claim(own, vote);
    for (size_t place = 0; place < r->agreement.voter_count; place++)
        standing += (int)place != r->agreement.self && claim_held(r, vote, place);
    return standing >= r->agreement.quorum;
}

/* Two claims are evidence (rule 6), also where the first was not worth checking. */
static void take_surplus(struct replica *r, const struct vote *vote)
{
    uint16_t voter = vote->voter.v;
    struct vote *surplus = &r->seen[voter].surplus[vote->type - 1];
    bool conflicts = surplus->height == vote->height && surplus->round == vote->round &&
                     !vote_same_claim(surplus, vote);
    if (conflicts && vote_verify(surplus, r->verifiers[voter], &r->charter->coalition)) {
        evidence_on_vote(r, surplus);
        consensus_on_vote(r->consensus, surplus);
    }
    if (conflicts)
        surplus->height = 0;
}

static bool vote_is_held(const struct replica *r, const struct vote *vote)
{
    for (size_t place = 0; place < r->agreement.voter_count; place++)
        if (r->agreement.voters[place] == vote->voter.v && claim_held(r, vote, place))
            return true;
    return false;
}

/* Beyond our round a voter's newest vote alone is kept. One was verified already: a liar could say
 * a hundred thousand rounds, and each would be worth a check. */
static const struct vote *newest_beyond(const struct replica *r, const struct vote *vote)
{
    const struct peer_seen *seen = &r->seen[vote->voter.v];
    const struct vote *newest = &seen->votes[vote->type - 1];
    int32_t ours = consensus_round(r->consensus);
    bool beyond = vote->round > ours && seen->has_vote[vote->type - 1] &&
                  newest->height == vote->height && newest->round > ours;
    return beyond ? newest : NULL;
}

bool agree_on_vote(struct replica *r, uint16_t from, const struct vote *vote)
{
    uint16_t voter = vote->voter.v;
    if (voter >= r->charter->node_count || !r->is_voter[voter] || vote->height != r->height + 1 ||
        vote_is_held(r, vote))
        return true;
    const struct vote *newest = newest_beyond(r, vote);
    if (newest && newest->round > vote->round)
        return true;
    if (vote_is_surplus(r, vote) && !evidence_may_be(r, vote)) {
        r->seen[voter].surplus[vote->type - 1] = *vote;
        return true;
    }
    if (!vote_verify(vote, r->verifiers[voter], &r->charter->coalition)) {
        peer_bad_signature(r, from, 1);
        return false;
    }
    bool over = consensus_step(r->consensus) == STEP_DECIDED; /* late, as honest votes may be */
    evidence_on_vote(r, vote);
    gossip_remember_vote(r, vote);
    consensus_on_vote(r->consensus, vote);
    take_surplus(r, vote);
    if (newest || (!over && !vote_is_held(r, vote)))
        peer_useless(r, from, 1);
    return true;
}

/* ---- what we sign -------------------------------------------------------------------------- */

static void store_lock(struct replica *r)
{
    struct consensus_lock lock;
    consensus_lock(r->consensus, &lock);
    buffer_clear(&r->scratch);
    codec_put_array(&r->scratch, 8);
    codec_put_uint(&r->scratch, FORMAT_VERSION);
    codec_put_uint(&r->scratch, r->height + 1);
    codec_put_int(&r->scratch, lock.locked_round);
    codec_put_bytes(&r->scratch, hash_as_bytes(&lock.locked));
    codec_put_int(&r->scratch, lock.valid_round);
    codec_put_bytes(&r->scratch, hash_as_bytes(&lock.valid));
    codec_put_bytes(&r->scratch, lock.valid_cut);
    codec_put_array(&r->scratch, lock.proof_count);
    for (size_t i = 0; i < lock.proof_count; i++)
        vote_put(&lock.proof[i], &r->scratch);
    must(!r->scratch.overflowed);
    struct store_key key = key_lock();
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->scratch));
    r->lock_stored = true;
}

static void store_vote(struct replica *r, const struct consensus_action *action)
{
    struct vote vote = action->vote;
    vote_sign(&vote, r->key, &r->charter->coalition);
    note_own_round(r, vote.round);
    r->own_votes[vote.type - 1] = vote;
    buffer_clear(&r->record);
    vote_put(&vote, &r->record);
    struct store_key key = key_vote(vote.height, vote.round, vote.type);
    store_put(replica_group(r), store_key_bytes(&key), buffer_bytes(&r->record));
    if (action->locks)
        store_lock(r);
    if (PLANTED(PLANT_EARLY_COUNT)) {
        agree_vote_durable(r, &vote);
        return;
    }
    replica_after(r, AFTER_VOTE)->vote = vote;
}

void agree_vote_durable(struct replica *r, const struct vote *vote)
{
    gossip_remember_vote(r, vote);
    r->out.kind = MESSAGE_VOTES;
    r->out.body.votes.count = 1;
    r->out.body.votes.items[0] = *vote;
    replica_send(r, REPLICA_TO_ALL, &r->out);
    consensus_on_vote(r->consensus, vote);
}

void agree_proposal_durable(struct replica *r, struct bytes bytes)
{
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    struct proposal *proposal = &r->proposal_in;
    proposal_get(&reader, proposal);
    must(!reader.failed);
    gossip_remember_proposal(r, proposal, bytes);
    r->out.kind = MESSAGE_PROPOSAL;
    r->out.body.proposal = bytes;
    replica_send(r, REPLICA_TO_ALL, &r->out);
    consensus_on_proposal(r->consensus, proposal, bytes, true, true);
}

/* ---- deciding ------------------------------------------------------------------------------ */

/* What certificates of `height` are judged by: the charter in force there as far as it is known;
 * for later ones the last that is known, and again at their turn. */
static const struct charter *judge_of(const struct replica *r, uint64_t height)
{
    uint64_t known = r->height + 2;
    return height == r->height + 1 ? r->charter
                                   : state_charter_at(r->state, height < known ? height : known);
}

static void pend(struct replica *r, uint16_t from, const struct certificate *certificate,
                 struct bytes cut)
{
    r->pending.used = true;
    r->pending.from = from;
    r->pending.certificate = *certificate;
    buffer_clear(&r->pending.cut);
    buffer_append(&r->pending.cut, cut);
}

static void end_height(struct replica *r, const struct cut *cut, uint64_t records_before)
{
    bool caught_up = r->pending.from != REPLICA_TO_ALL;
    r->cut_company = (struct company){.expected = undecided_transactions(r) +
                                                  (r->tree.size - records_before - 1),
                                      .since_ms = r->now_ms};
    evidence_decided(r, cut);
    if (!r->may_sign)
        gossip_question_stays(r);
    epoch_enter(r, caught_up);
    agree_begin(r);
    gossip_catch_up(r, false);
}

/* Executes the pending cut once every batch of it is held. Also before the voters have answered
 * rule 3's question, or a node that was away while they changed could wait for those who left: what
 * it is compared with stays what the store held when it was asked. */
void agree_try_execute(struct replica *r)
{
    if (!r->pending.used || r->stopped || r->attesting.taking || join_wanted(r) || fetch_holds(r) ||
        replica_group(r)->ops.size > GROUP_BYTES_BUSY)
        return;
    struct cut cut;
    must(cut_decode(buffer_bytes(&r->pending.cut), &cut, NULL));
    const char *why = NULL;
    const struct certificate *signers = &r->pending.certificate;
    r->fetch_hint = r->pending.from != REPLICA_TO_ALL
                        ? r->pending.from
                        : signers->votes[r->fetch_turn % signers->count].voter.v;
    switch (agree_judge(r, &cut, true, &why)) {
    case CUT_UNKNOWN:
        return;
    case CUT_INVALID:
        replica_stop(r,
                     "a quorum decided a cut at height %llu that is invalid here: %s. Nothing was "
                     "changed; keep this folder, compare this node's log with the others'",
                     (unsigned long long)cut.height, why);
        return;
    case CUT_VALID:
        break;
    }
    struct certificate certificate = r->pending.certificate;
    r->pending.used = false;
    uint64_t before = r->tree.size;
    execute_cut(r, &certificate, &cut, buffer_bytes(&r->pending.cut));
    end_height(r, &cut, before);
}

/* A certificate from elsewhere, judged by itself: also one of a later height, or else a liar's junk
 * would keep its place. */
static bool certificate_holds(struct replica *r, uint16_t from,
                              const struct certificate *certificate, struct bytes bytes)
{
    struct cut cut;
    if (!cut_decode(bytes, &cut, NULL) || !hash_equal(&cut.id, &certificate->cut) ||
        cut.height != certificate->height) {
        peer_bad_signature(r, from, certificate->count);
        return false;
    }
    if (epoch_certificate_holds(r, judge_of(r, certificate->height), certificate, NULL))
        return true;
    /* Others may vote at heights whose charter is not known here yet. */
    bool known = certificate->height <= r->height + 2;
    peer_bad_signature(r, from, known ? certificate->count : 1);
    return false;
}

void agree_on_decided(struct replica *r, uint16_t from, const struct certificate *certificate,
                      struct bytes cut)
{
    uint64_t next = r->height + 1;
    if (certificate->height < next || certificate->height >= next + AHEAD_MAX)
        return;
    struct decided *ahead = &r->ahead[certificate->height % AHEAD_MAX];
    bool known = certificate->height == next
                     ? r->pending.used
                     : ahead->used && ahead->certificate.height == certificate->height;
    if (known || !certificate_holds(r, from, certificate, cut))
        return;
    if (certificate->height == next) {
        pend(r, from, certificate, cut);
        agree_try_execute(r);
        return;
    }
    ahead->used = true;
    ahead->from = from;
    ahead->certificate = *certificate;
    ahead->charter = judge_of(r, certificate->height);
    buffer_clear(&ahead->cut);
    buffer_append(&ahead->cut, cut);
}

static void take_ahead(struct replica *r)
{
    struct decided *ahead = &r->ahead[(r->height + 1) % AHEAD_MAX];
    if (!ahead->used || ahead->certificate.height != r->height + 1 || r->pending.used)
        return;
    ahead->used = false;
    /* Judged when its charter was not known: what a set of voters that is gone says of a later
     * height means nothing. */
    if (ahead->charter == r->charter ||
        epoch_certificate_holds(r, r->charter, &ahead->certificate, NULL))
        pend(r, ahead->from, &ahead->certificate, buffer_bytes(&ahead->cut));
}

/* ---- the pump ------------------------------------------------------------------------------ */

void agree_begin(struct replica *r)
{
    consensus_begin(r->consensus, &r->agreement, r->height + 1);
    r->unjudged_count = 0;
    r->want_cut_round = -1;
    r->own_round_count = 0;
    r->lock_stored = false;
    for (size_t i = 0; i < ARRAY_SIZE(r->timers); i++)
        r->timers[i].set = false;
    gossip_reset(r);
    r->height_since_ms = r->now_ms;
}

static bool lane_waits(const struct replica *r)
{
    for (size_t i = 0; i < r->charter->node_count; i++)
        if (lane_may_advance(r, (uint16_t)i))
            return true;
    return false;
}

/* Who signs nothing needs no right to. */
bool agree_may_start(const struct replica *r)
{
    return (r->may_sign || !r->key) && !r->pending.used;
}

/* Rule 5. */
void agree_maybe_start(struct replica *r)
{
    if (r->history.is || !agree_may_start(r) || consensus_step(r->consensus) != STEP_WAITING)
        return;
    if (lane_waits(r) || evidence_waits(r) || consensus_wants_start(r->consensus) ||
        height_brings_something(r, r->now_ms)) {
        consensus_start(r->consensus);
        gossip_reset(r);
    }
}

void agree_on_batch(struct replica *r)
{
    agree_try_execute(r);
    if (!r->pending.used)
        judge_again(r);
    propose_fresh(r);
}

void agree_on_time(struct replica *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(r->timers); i++) {
        struct timer *timer = &r->timers[i];
        if (!timer->set || r->now_ms < timer->at_ms)
            continue;
        timer->set = false;
        consensus_on_timeout(r->consensus, (enum timeout_kind)i, timer->height, timer->round);
    }
    propose_fresh(r);
}

/* How long a timeout lasts is local: a proposer that has said nothing for seconds, not even its
 * status, or so much nonsense that it is not listened to, is not waited for as long as one that
 * talks. Safety never rests on it. */
static uint32_t patience(const struct replica *r, const struct consensus_action *action)
{
    uint64_t height = consensus_height(r->consensus);
    uint16_t proposer = consensus_proposer(&r->agreement, height, action->round);
    bool silent = proposer != r->config.self.v &&
                  (r->now_ms > r->seen[proposer].heard_ms + HEARD_RECENTLY_MS ||
                   peer_is_over_budget(r, proposer));
    if (action->timeout == TIMEOUT_PROPOSE && silent && action->delay_ms > SILENT_PROPOSER_MS)
        return SILENT_PROPOSER_MS;
    return action->delay_ms;
}

static void take_action(struct replica *r, const struct consensus_action *action)
{
    switch (action->kind) {
    case ACTION_NEED_CUT:
        r->want_cut_round = action->round;
        r->want_cut_ms = r->now_ms;
        propose_fresh(r);
        return;
    case ACTION_PROPOSE:
        propose_again(r, action);
        return;
    case ACTION_VOTE:
        store_vote(r, action);
        return;
    case ACTION_TIMEOUT:
        if (action->timeout == TIMEOUT_PROPOSE &&
            r->timers[TIMEOUT_PROPOSE].height == consensus_height(r->consensus))
            note_unfetched(r, r->timers[TIMEOUT_PROPOSE].round);
        r->timers[action->timeout] = (struct timer){.set = true,
                                                    .at_ms = r->now_ms + patience(r, action),
                                                    .height = consensus_height(r->consensus),
                                                    .round = action->round};
        if (action->timeout == TIMEOUT_PROPOSE) { /* a round begins */
            want_anew(r);
            judge_again(r);
        }
        return;
    case ACTION_JUDGE: {
        struct hash id = action->cut;
        judge_one(r, &id);
        return;
    }
    case ACTION_DECIDED:
        pend(r, REPLICA_TO_ALL, consensus_certificate(r->consensus),
             consensus_cut_bytes(r->consensus, &action->cut));
        agree_try_execute(r);
        return;
    case ACTION_ALARM:
        replica_stop(r,
                     "a quorum precommitted a cut at height %llu that is invalid here. Nothing was "
                     "changed; keep this folder, compare this node's log with the others'",
                     (unsigned long long)consensus_height(r->consensus));
        return;
    }
}

void agree_pump(struct replica *r)
{
    bool moved = true;
    while (moved && !r->stopped) {
        struct consensus_action action;
        moved = false;
        take_ahead(r);
        if (r->pending.used) {
            uint64_t before = r->height;
            agree_try_execute(r);
            moved = r->height != before;
        }
        agree_maybe_start(r);
        while (!r->stopped && consensus_next(r->consensus, &action)) {
            moved = true;
            take_action(r, &action);
        }
    }
}
