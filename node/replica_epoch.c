/* The charter in force (rule 8): the ledger changes who takes part, and from an effective height on
 * another charter judges everything. All that a replica takes from its charter is switched here, at
 * one moment: after a height was executed and before the next one begins.
 *
 *     height      98   99 | 100  101          a ballot at 98 says: from 100 on
 *     charter      a    a |   b    b
 *     executed         99, then the switch, then agreement on 100
 *
 * A key that is in force no more counts for nothing from there on: its undecided batches are void,
 * its votes are of heights that are decided. What this node wrote under it, and nobody decided,
 * goes back to what waits for a batch, under the same idempotency keys, so that nothing doubles; in
 * one group with the height that made it void, so that nothing is lost.
 *
 * Which of its keys the node signs with, if any, the charter in force says too. */

#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/plant.h"

/* ---- keys ---------------------------------------------------------------------------------- */

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, PUBLIC_KEY_SIZE) == 0;
}

static bool has_node(const struct charter *charter, size_t node)
{
    return charter && node < charter->node_count;
}

static const struct public_key *sign_key(const struct charter *charter, size_t node)
{
    return has_node(charter, node) ? &charter->nodes[node].sign_key : NULL;
}

static const struct public_key *cosigner_key(const struct charter *charter, size_t node)
{
    return has_node(charter, node) ? &charter->nodes[node].cosigner_key.key : NULL;
}

static bool keys_differ(const struct public_key *a, const struct public_key *b)
{
    return a && b ? !same_key(a, b) : a != b;
}

/* The charter's own keys are curve points: whoever admits a key has looked. */
static bool open_again(struct verifier **verifier, const struct public_key *key)
{
    verifier_close(*verifier);
    *verifier = key ? verifier_open(key) : NULL;
    return !key || *verifier;
}

static bool take_verifiers(struct replica *r, const struct charter *before, struct error *error)
{
    for (size_t i = 0; i < r->charter->node_count; i++) {
        const struct public_key *sign = sign_key(r->charter, i);
        const struct public_key *cosign = cosigner_key(r->charter, i);
        if ((keys_differ(sign_key(before, i), sign) && !open_again(&r->verifiers[i], sign)) ||
            (keys_differ(cosigner_key(before, i), cosign) &&
             !open_again(&r->cosigning.verifiers[i], cosign)))
            return error_set(error, ERROR_INVALID, "charter: a key of node %s is no Ed25519 key",
                             r->charter->nodes[i].name);
    }
    return true;
}

/* ---- what this node may do ------------------------------------------------------------------ */

static bool hold(struct held_keys *held, const struct signing_key *key,
                 const struct signing_key *cosigner_key, struct error *error)
{
    memset(held, 0, sizeof(*held));
    if (key) {
        struct public_key public_key = signing_key_public(key);
        held->key = key;
        held->verifier = verifier_open(&public_key);
    }
    if (cosigner_key) {
        struct public_key public_key = signing_key_public(cosigner_key);
        held->cosigner_key = cosigner_key;
        held->cosigner = verifier_open(&public_key);
    }
    return ((!key || held->verifier) && (!cosigner_key || held->cosigner)) ||
           error_set(error, ERROR_INVALID, "a key of this node is no Ed25519 key");
}

static void let_go(struct held_keys *held)
{
    verifier_close(held->verifier);
    verifier_close(held->cosigner);
    memset(held, 0, sizeof(*held));
}

static const struct signing_key *own_key(const struct replica *r)
{
    const struct public_key *wanted = sign_key(r->charter, r->config.self.v);
    for (size_t i = 0; wanted && i < ARRAY_SIZE(r->held); i++) {
        if (!r->held[i].key)
            continue;
        struct public_key ours = signing_key_public(r->held[i].key);
        if (same_key(&ours, wanted))
            return r->held[i].key;
    }
    return NULL;
}

const struct signing_key *epoch_cosigner_key(const struct replica *r, const struct charter *charter)
{
    const struct public_key *wanted = cosigner_key(charter, r->config.self.v);
    if (!wanted || charter->nodes[r->config.self.v].left)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(r->held); i++) {
        if (!r->held[i].cosigner_key)
            continue;
        struct public_key ours = signing_key_public(r->held[i].cosigner_key);
        if (same_key(&ours, wanted))
            return r->held[i].cosigner_key;
    }
    return NULL;
}

/* A charter before the one in force named it for this node: what it signed, and what of that was
 * void, means nothing any more. */
bool epoch_is_past(const struct replica *r, const struct held_keys *held)
{
    if (!held->key || held->key == r->key)
        return false;
    struct public_key key = signing_key_public(held->key);
    const struct charter *charter = r->charter;
    while (charter->from_height > 1) {
        charter = state_charter_at(r->state, charter->from_height - 1);
        const struct public_key *named = sign_key(charter, r->config.self.v);
        if (named && same_key(named, &key))
            return true;
    }
    return false;
}

static enum replica_standing standing_of(const struct replica *r)
{
    uint16_t self = r->config.self.v;
    if (!has_node(r->charter, self))
        return REPLICA_GUEST;
    if (r->charter->nodes[self].left)
        return REPLICA_LEFT;
    if (!own_key(r))
        return REPLICA_OTHER_KEY;
    return r->charter->nodes[self].suspended ? REPLICA_SUSPENDED : REPLICA_WRITES;
}

const char *epoch_standing_text(enum replica_standing standing)
{
    switch (standing) {
    case REPLICA_WRITES:
        return "it takes part";
    case REPLICA_GUEST:
        return "this node is not part of the coalition yet: it follows until a ballot admits it";
    case REPLICA_LEFT:
        return "this node has left the coalition: send the transaction to another node";
    case REPLICA_OTHER_KEY:
        return "another key is in force for this node than those that it holds: give it that key, "
               "or send the transaction to another node";
    case REPLICA_SUSPENDED:
        return "this node is suspended, for evidence that its key signed two things that exclude "
               "each other: a ballot for a fresh key ends that; send the transaction to another "
               "node";
    }
    return "";
}

static void take_own(struct replica *r)
{
    r->standing = standing_of(r);
    bool signs = r->standing == REPLICA_WRITES || r->standing == REPLICA_SUSPENDED;
    r->key = signs ? own_key(r) : NULL;
    r->agreement.self = -1;
    for (size_t i = 0; r->key && i < r->charter->voter_count; i++)
        if (r->charter->voters[i] == r->config.self.v)
            r->agreement.self = (int)i;
}

/* ---- voters -------------------------------------------------------------------------------- */

/* Turns are for those who are not suspended; where all are, for all, or nothing would ever be
 * decided again. */
static void take_proposers(struct replica *r)
{
    const struct charter *charter = r->charter;
    size_t count = 0;
    for (size_t i = 0; i < charter->voter_count; i++)
        if (!charter->nodes[charter->voters[i]].suspended)
            r->proposers[count++] = charter->voters[i];
    if (count == 0) {
        memcpy(r->proposers, charter->voters, charter->voter_count * sizeof(r->proposers[0]));
        count = charter->voter_count;
    }
    r->agreement.proposers = r->proposers;
    r->agreement.proposer_count = count;
}

static void take_voters(struct replica *r)
{
    const struct charter *charter = r->charter;
    for (size_t i = 0; i < r->agreement.voter_count; i++)
        r->seen[r->agreement.voters[i]].conflicts += consensus_conflicts(r->consensus, i);
    consensus_forget_conflicts(r->consensus);
    memset(r->is_voter, 0, sizeof(r->is_voter));
    for (size_t i = 0; i < charter->voter_count; i++)
        r->is_voter[charter->voters[i]] = true;
    size_t quorum = quorum_size(charter->voter_count);
    r->agreement = (struct consensus_config){
        .voters = charter->voters,
        .voter_count = charter->voter_count,
        .faulty = quorum_faulty(charter->voter_count),
        .quorum = PLANTED(PLANT_SMALL_QUORUM) && quorum > 1 ? quorum - 1 : quorum,
        .self = -1,
        .timeout_ms = charter->limits.timeout_ms,
        .timeout_delta_ms = charter->limits.timeout_delta_ms};
    take_proposers(r);
}

/* Over all charters so far: of the one before, which may be of an image, and of those before it. */
static uint64_t largest_batch(const struct replica *r)
{
    uint64_t largest = 0;
    const struct charter *charter = r->charter;
    for (;;) {
        if (charter->limits.batch_bytes > largest)
            largest = charter->limits.batch_bytes;
        if (charter->from_height <= 1)
            return largest;
        charter = state_charter_at(r->state, charter->from_height - 1);
    }
}

/* ---- judging by a charter that is not in force next ------------------------------------------ */

/* The node's verifier under `charter`: the one at hand, or one made in `made_out`. */
static const struct verifier *verifier_by(const struct replica *r, const struct charter *charter,
                                          size_t node, struct verifier **made_out)
{
    const struct public_key *key = sign_key(charter, node);
    *made_out = NULL;
    if (!key)
        return NULL;
    if (!keys_differ(sign_key(r->charter, node), key))
        return r->verifiers[node];
    return *made_out = verifier_open(key);
}

bool epoch_certificate_holds(const struct replica *r, const struct charter *charter,
                             const struct certificate *certificate, struct error *error)
{
    const struct verifier *verifiers[NODES_MAX] = {NULL};
    struct verifier *made[NODES_MAX] = {NULL};
    bool is_voter[NODES_MAX] = {false};
    size_t quorum = quorum_size(charter->voter_count);
    if (charter == r->charter)
        quorum = r->agreement.quorum;
    for (size_t i = 0; i < charter->voter_count; i++) {
        uint16_t voter = charter->voters[i];
        verifiers[voter] = verifier_by(r, charter, voter, &made[voter]);
        is_voter[voter] = verifiers[voter] != NULL;
    }
    bool good = certificate_verify(certificate, &charter->coalition, verifiers, is_voter,
                                   charter->node_count, quorum, error);
    for (size_t i = 0; i < charter->voter_count; i++)
        verifier_close(made[charter->voters[i]]);
    return good;
}

bool epoch_vote_holds(const struct replica *r, const struct charter *charter,
                      const struct vote *vote)
{
    struct verifier *made;
    const struct verifier *verifier = verifier_by(r, charter, vote->voter.v, &made);
    bool good = verifier && charter->nodes[vote->voter.v].voter &&
                vote_verify(vote, verifier, &charter->coalition);
    verifier_close(made);
    return good;
}

typedef bool signed_holds(const void *item, const struct verifier *verifier,
                          const struct hash *coalition);

/* Signed with the key before the one in force, or with the next: honest, and too late or too early.
 */
static bool other_key_holds(const struct replica *r, uint16_t node, signed_holds *holds,
                            const void *item)
{
    uint64_t height = r->height + 1;
    const struct charter *others[] = {r->charter->from_height > 1
                                          ? state_charter_at(r->state, r->charter->from_height - 1)
                                          : r->charter,
                                      state_charter_at(r->state, height + 1)};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct verifier *made;
        if (!keys_differ(sign_key(others[i], node), sign_key(r->charter, node)))
            continue;
        const struct verifier *verifier = verifier_by(r, others[i], node, &made);
        bool good = verifier && holds(item, verifier, &r->charter->coalition);
        verifier_close(made);
        if (good)
            return true;
    }
    return false;
}

static bool batch_holds(const void *item, const struct verifier *verifier,
                        const struct hash *coalition)
{
    (void)coalition; /* the batch's own, which was compared */
    return batch_verify((const struct batch *)item, verifier);
}

bool epoch_other_key_holds(const struct replica *r, const struct batch *batch)
{
    return other_key_holds(r, batch->lane.v, batch_holds, batch);
}

static bool attestation_holds(const void *item, const struct verifier *verifier,
                              const struct hash *coalition)
{
    return attestation_verify((const struct attestation *)item, verifier, coalition);
}

bool epoch_other_key_attests(const struct replica *r, const struct attestation *item)
{
    return other_key_holds(r, item->node.v, attestation_holds, item);
}

/* Signed with a key that a charter before the one in force named. */
bool epoch_past_key_holds(const struct replica *r, const struct batch *batch)
{
    const struct charter *charter = r->charter;
    bool good = false;
    while (!good && charter->from_height > 1) {
        struct verifier *made;
        charter = state_charter_at(r->state, charter->from_height - 1);
        const struct verifier *verifier = verifier_by(r, charter, batch->lane.v, &made);
        good = verifier && batch_verify(batch, verifier);
        verifier_close(made);
    }
    return good;
}

/* ---- lanes ---------------------------------------------------------------------------------- */

bool epoch_lane_open(const struct replica *r, uint16_t lane)
{
    return has_node(r->charter, lane) && !r->charter->nodes[lane].left &&
           !r->charter->nodes[lane].suspended;
}

struct leaving {
    struct replica *r;
    uint16_t lane;
};

static void entry_left(void *context, const struct lane_entry *entry, bool decided)
{
    struct leaving *leaving = (struct leaving *)context;
    (void)decided;
    struct store_key key = key_batch(leaving->lane, entry->batch.sequence, &entry->batch.id);
    store_delete(replica_group(leaving->r), store_key_bytes(&key));
}

static void void_lane(struct replica *r, uint16_t number)
{
    struct lane *lane = &r->lanes[number];
    struct leaving leaving = {.r = r, .lane = number};
    if (lane->count == 0)
        return;
    /* A history shares the store with the replica whose outbox it is. */
    if (number == r->config.self.v && !r->history.is && !PLANTED(PLANT_LOST_BATCHES))
        replica_take_back(r, lane);
    lane_void(lane, entry_left, &leaving);
    r->fetch_at_ms[number] = 0;
}

static void void_lanes(struct replica *r, const struct charter *before)
{
    for (uint16_t i = 0; i < r->charter->node_count; i++)
        if (!epoch_lane_open(r, i) || keys_differ(sign_key(before, i), sign_key(r->charter, i)))
            void_lane(r, i);
}

/* ---- the switch ------------------------------------------------------------------------------ */

bool epoch_init(struct replica *r, struct error *error)
{
    const struct replica_config *config = &r->config;
    if (!hold(&r->held[0], config->key, config->cosigner_key, error) ||
        !hold(&r->held[1], config->next_key, config->next_cosigner_key, error) ||
        !epoch_take(r, error))
        return false;
    cosign_init(&r->cosigning.book, r->config.self);
    return true;
}

bool epoch_take(struct replica *r, struct error *error)
{
    const struct charter *before = r->charter;
    r->charter = state_charter_at(r->state, state_height(r->state) + 1);
    if (r->charter == before)
        return true;
    if (!take_verifiers(r, before, error))
        return false;
    if (!before || !PLANTED(PLANT_OLD_VOTERS))
        take_voters(r);
    take_own(r);
    r->largest_batch = largest_batch(r);
    return true;
}

/* A node that catches up by others' certificates may have signed, in a life that its store does not
 * know, for those who vote from here on: they are asked, too (rule 3). Who answered since this node
 * started need not again, unless it was not asked about this key. */
static void ask_again(struct replica *r, bool other_key)
{
    for (size_t i = 0; i < NODES_MAX && other_key; i++)
        r->seen[i].answered = false;
    if (r->agreement.quorum == 1 || gossip_enough_answered(r) || PLANTED(PLANT_LOST_STORE))
        return;
    r->may_sign = false;
    r->asked_from = r->height;
    r->ask_at_ms = r->now_ms;
}

void epoch_enter(struct replica *r, bool caught_up)
{
    struct error error;
    const struct charter *before = r->charter;
    const struct signing_key *key = r->key;
    enum replica_standing standing = r->standing;
    must(epoch_take(r, &error));
    if (r->charter == before)
        return;
    void_lanes(r, before);
    evidence_judge_again(r);
    snapshot_judge_again(r);
    if (caught_up && (r->key != key || !cosign_same_voters(before, r->charter)))
        ask_again(r, r->key != key);
    r->asked_height = r->height; /* what came of later heights may have been judged in vain */
    if (r->standing != standing && r->standing != REPLICA_WRITES)
        replica_warn(r, "%s", epoch_standing_text(r->standing));
    replica_act(r, REPLICA_CHARTER)->action.height = r->charter->from_height;
}

void epoch_release(struct replica *r)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(r->verifiers[i]);
    for (size_t i = 0; i < ARRAY_SIZE(r->held); i++)
        let_go(&r->held[i]);
}

/* ---- asking ---------------------------------------------------------------------------------- */

const struct charter *replica_charter(const struct replica *r)
{
    return r->charter;
}

const struct charter *replica_next_charter(const struct replica *r)
{
    return state_charter_at(r->state, r->height + 2);
}

enum replica_standing replica_standing(const struct replica *r)
{
    return r->standing;
}

/* Its own, where only the keys beside it are other ones now; else that of what is not in force. Who
 * left signs nothing, and yet the key that the charter knew it by last is the one that stays, as
 * for whoever gave these keys (keyring.h). */
static size_t place_for(const struct replica *r, const struct signing_key *key)
{
    const struct signing_key *named = own_key(r);
    for (size_t i = 0; i < ARRAY_SIZE(r->held); i++)
        if (r->held[i].key == key)
            return i;
    return named && r->held[1].key == named ? 0 : 1;
}

bool replica_hold_next(struct replica *r, const struct signing_key *key,
                       const struct signing_key *cosigner_key, struct error *error)
{
    struct held_keys held;
    if (!hold(&held, key, cosigner_key, error)) {
        let_go(&held);
        return false;
    }
    size_t place = place_for(r, key);
    let_go(&r->held[place]);
    r->held[place] = held;
    const struct signing_key *before = r->key;
    take_own(r);
    if (r->key && r->key != before) {
        ask_again(r, true); /* it may have been in use elsewhere until now */
        /* What others told of its lane no vote may rely on, and nothing of its own may follow. */
        struct leaving leaving = {.r = r, .lane = r->config.self.v};
        lane_unhear(&r->lanes[r->config.self.v], entry_left, &leaving);
        agree_begin(r); /* from here on with a vote; what was heard is sent again */
        /* Before a restart without it the key may have voted at this very height. */
        if (!recover_votes(r, error)) {
            replica_stop(r, "%s", error->text);
            return false;
        }
    }
    return true;
}
