/* The coalition changes while it is in trouble: partners join with a node that follows, says that
 * it is ready and votes; nodes leave, alone or with their partners, become observers, get other
 * keys, one that lost its disk among them; partners get other keys to vote with; limits move. One
 * change at a time is on its way, since too many at once may leave more liars than a set of voters
 * can bear, which nobody promises to survive.
 *
 * The checks are made apart from the product: each height's certificate is counted again, by the
 * voters of that height. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "sim/world.h"

enum {
    READY_EVERY_MS = 300,
    AGAIN_AFTER = 8 /* steps: the motion, or who carried it, was lost */
};

/* ---- keys ----------------------------------------------------------------------------------- */

static struct signing_key *key_of(const struct world *w, uint16_t number, uint8_t kind,
                                  uint8_t generation)
{
    uint8_t seed32[SEED_SIZE] = {0};
    put_u64be(seed32, w->scenario.seed);
    seed32[29] = generation;
    seed32[30] = kind;
    seed32[31] = (uint8_t)number;
    return signing_key_from_seed(seed32);
}

enum { KEY_SIGN = 0, KEY_COSIGNER = 1, KEY_LOG = 2, KEY_GOVERNANCE = 3 };

/* The world closes it: a replica that lags may hold keys that are long out of force. */
static struct signing_key *own_key(struct world *w, uint16_t number, uint8_t kind,
                                   uint8_t generation)
{
    struct sim_node *node = &w->nodes[number];
    must(node->own_count < SIM_KEYS_MAX);
    return node->own[node->own_count++] = key_of(w, number, kind, generation);
}

void membership_first_keys(struct world *w, uint16_t number)
{
    w->nodes[number].key = own_key(w, number, KEY_SIGN, 0);
    w->nodes[number].cosigner_key = own_key(w, number, KEY_COSIGNER, 0);
}

static struct public_key public_of(const struct world *w, uint16_t number, uint8_t kind,
                                   uint8_t generation)
{
    struct signing_key *key = key_of(w, number, kind, generation);
    struct public_key public_key = signing_key_public(key);
    signing_key_close(key);
    return public_key;
}

/* All that a charter names of a node, in its `generation`. */
static struct node_keys node_keys_of(const struct world *w, uint16_t number, uint8_t generation)
{
    static const struct hash no_coalition;
    struct signing_key *key = key_of(w, number, KEY_SIGN, generation);
    struct node_keys keys = {.sign_key = signing_key_public(key),
                             .log_key = public_of(w, number, KEY_LOG, generation),
                             .cosigner_key = public_of(w, number, KEY_COSIGNER, generation),
                             .transport_key = {0x04, (uint8_t)number, generation}};
    keys.transport_signature = sign(key, PURPOSE_TRANSPORT, &no_coalition,
                                    bytes_of(keys.transport_key, TRANSPORT_KEY_SIZE));
    signing_key_close(key);
    return keys;
}

void membership_charter_node(const struct world *w, struct charter *c, uint16_t number)
{
    struct charter_node *node = &c->nodes[number];
    struct node_keys keys = node_keys_of(w, number, 0);
    char name[NOTE_NAME_MAX + 1];
    (void)snprintf(c->partners[number].name, sizeof(c->partners[number].name), "partner-%u",
                   number);
    c->partners[number].governance_key = public_of(w, number, KEY_GOVERNANCE, 0);
    (void)snprintf(node->name, sizeof(node->name), "node-%u", number);
    node->partner.v = number;
    node->sign_key = keys.sign_key;
    memcpy(node->transport_key, keys.transport_key, TRANSPORT_KEY_SIZE);
    node->transport_signature = keys.transport_signature;
    must(note_key_make(c->origin, NOTE_TYPE_ED25519, &keys.log_key, &node->log_key, NULL));
    must(charter_cosigner_name(c->origin, node->name, name));
    must(note_key_make(name, NOTE_TYPE_COSIGNATURE, &keys.cosigner_key, &node->cosigner_key, NULL));
}

/* ---- who knows best -------------------------------------------------------------------------- */

/* An honest node that is furthest; NULL: none is up. */
static const struct sim_node *guide(const struct world *w)
{
    const struct sim_node *best = NULL;
    for (size_t i = 0; i < w->scenario.nodes; i++) {
        const struct sim_node *node = &w->nodes[i];
        if (node->replica && !node->liar && (!best || node->height > best->height))
            best = node;
    }
    return best;
}

const struct charter *membership_now(const struct world *w)
{
    const struct sim_node *best = guide(w);
    return best ? replica_charter(best->replica) : w->charter;
}

bool membership_takes_part(const struct world *w, uint16_t number)
{
    const struct charter *charter = membership_now(w);
    return number < charter->node_count && !charter->nodes[number].left;
}

static bool is_faulty(const struct world *w, uint16_t number)
{
    return w->nodes[number].liar || w->nodes[number].retired || w->nodes[number].wiped;
}

/* May the charter's voters do without this one? */
static bool can_spare(const struct world *w, const struct charter *charter, uint16_t number)
{
    size_t voters = 0, faulty = 0;
    for (size_t i = 0; i < charter->voter_count; i++) {
        uint16_t voter = charter->voters[i];
        voters += voter != number;
        faulty += voter != number && is_faulty(w, voter);
    }
    return voters == charter->voter_count || (voters >= 3 && faulty <= quorum_faulty(voters));
}

/* ---- motions --------------------------------------------------------------------------------- */

static void draw_admission(struct world *w, struct change *change, uint16_t number)
{
    struct sim_motion *motion = &w->motion;
    (void)snprintf(motion->partner_name, sizeof(motion->partner_name), "partner-%u", number);
    (void)snprintf(motion->node_name, sizeof(motion->node_name), "node-%u", number);
    change->kind = CHANGE_ADMIT;
    change->founds_partner = true;
    change->partner_name = bytes_text(motion->partner_name);
    change->key = public_of(w, number, KEY_GOVERNANCE, 0);
    change->node_name = bytes_text(motion->node_name);
    change->keys = node_keys_of(w, number, 0);
    change->address = bytes_text("tcp://127.0.0.1:7100");
    change->voter = sim_chance(w, 800);
}

/* The node holds the next keys from now on, and goes on with them when they are in force; one that
 * lost its disk comes back with nothing else. */
static void draw_keys(struct world *w, struct change *change, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    change->kind = CHANGE_REPLACE_KEYS;
    change->node.v = number;
    change->keys = node_keys_of(w, number, (uint8_t)(node->generation + 1));
    change->address = bytes_text("tcp://127.0.0.1:7101");
}

static void hold_next(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    struct error error;
    node->next_key = own_key(w, number, KEY_SIGN, (uint8_t)(node->generation + 1));
    node->next_cosigner_key = own_key(w, number, KEY_COSIGNER, (uint8_t)(node->generation + 1));
    if (node->replica)
        must(replica_hold_next(node->replica, node->next_key, node->next_cosigner_key, &error));
    if (!node->retired)
        return;
    node->retired = false;
    world_restart(w, number);
}

/* An honest node that lost its disk, was told so and stopped; node_count: there is none. */
static uint16_t lost_one(const struct world *w, const struct charter *charter)
{
    uint16_t i = 0;
    while (i < charter->node_count &&
           (!w->nodes[i].retired || w->nodes[i].liar || charter->nodes[i].left))
        i++;
    return i;
}

static bool draw_change(struct world *w, const struct charter *charter, struct change *change)
{
    uint32_t kind = sim_below(w, 100);
    uint16_t number = (uint16_t)sim_below(w, (uint32_t)charter->node_count);
    memset(change, 0, sizeof(*change));
    if (kind < 40 && !w->healed && charter->node_count < w->scenario.nodes) {
        draw_admission(w, change, (uint16_t)charter->node_count);
        return true;
    }
    uint16_t lost = lost_one(w, charter);
    if (lost < charter->node_count && (kind < 70 || w->healed)) {
        draw_keys(w, change, lost);
        return true;
    }
    const struct charter_node *node = &charter->nodes[number];
    if (node->left || w->nodes[number].own_count + 2 > SIM_KEYS_MAX)
        return false;
    if (kind < 70) {
        draw_keys(w, change, number);
    } else if (kind < 74) {
        change->kind = CHANGE_REPLACE_GOVERNANCE;
        change->partner = node->partner;
        change->key = public_of(w, node->partner.v, KEY_GOVERNANCE,
                                (uint8_t)(w->governance[node->partner.v] + 1));
    } else if (kind < 85) {
        change->kind = CHANGE_SET_LIMITS;
        change->limit_count = 1;
        change->limits[0] = (struct limit_value){LIMIT_HEARTBEAT_MS, 2000 + sim_below(w, 6000)};
    } else if (kind < 92) {
        change->kind = CHANGE_SET_VOTER;
        change->node.v = number;
        change->voter = !node->voter;
    } else if (kind < 96) {
        change->kind = CHANGE_REMOVE_NODE;
        change->node.v = number;
    } else { /* each has one node */
        change->kind = CHANGE_REMOVE_PARTNER;
        change->partner = node->partner;
    }
    bool leaves = change->kind == CHANGE_REMOVE_NODE || change->kind == CHANGE_REMOVE_PARTNER;
    bool shrinks = leaves || (change->kind == CHANGE_SET_VOTER && !change->voter);
    bool joins = change->kind == CHANGE_SET_VOTER && change->voter;
    return !(shrinks && !can_spare(w, charter, number)) &&
           !(joins && (node->joining || is_faulty(w, number)));
}

static bool same_public_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, PUBLIC_KEY_SIZE) == 0;
}

/* Is the change in force in that charter? */
static bool has_happened(const struct charter *charter, const struct change *change)
{
    const struct charter_node *node =
        change->node.v < charter->node_count ? &charter->nodes[change->node.v] : NULL;
    const struct charter_partner *partner =
        change->partner.v < charter->partner_count ? &charter->partners[change->partner.v] : NULL;
    switch (change->kind) {
    case CHANGE_ADMIT:
        for (size_t i = 0; i < charter->node_count; i++)
            if (same_public_key(&charter->nodes[i].sign_key, &change->keys.sign_key))
                return true;
        return false;
    case CHANGE_REMOVE_NODE:
        return node && node->left;
    case CHANGE_SET_VOTER:
        return node && (change->voter ? node->voter || node->joining : !node->voter);
    case CHANGE_REPLACE_KEYS:
        return node && same_public_key(&node->sign_key, &change->keys.sign_key);
    case CHANGE_SET_LIMITS:
        return charter->limits.heartbeat_ms == change->limits[0].value;
    case CHANGE_REMOVE_PARTNER:
        return partner && partner->left;
    case CHANGE_REPLACE_GOVERNANCE:
        return partner && same_public_key(&partner->governance_key, &change->key);
    case CHANGE_SUSPEND:
    case CHANGE_PROMOTE:
        break;
    }
    return false;
}

/* Any node that is up carries it, a liar too. */
static size_t carry(struct world *w, struct transaction *t, const char *what)
{
    char key[40];
    uint16_t number = (uint16_t)sim_below(w, (uint32_t)w->scenario.nodes);
    for (size_t i = 0; i < w->scenario.nodes; i++) {
        if (w->nodes[number].replica &&
            replica_standing(w->nodes[number].replica) == REPLICA_WRITES)
            break;
        number = (uint16_t)((number + 1) % w->scenario.nodes);
    }
    if (!w->nodes[number].replica)
        return 0;
    (void)snprintf(key, sizeof(key), "%s-%zu", what, w->promise_count);
    return load_send(w, number, t, key);
}

static void propose(struct world *w)
{
    struct sim_motion *motion = &w->motion;
    struct transaction t;
    memset(&t, 0, sizeof(t));
    t.type = TRANSACTION_MOTION;
    t.body.motion.motion.delay = MOTION_DELAY_MIN + (sim_chance(w, 300) ? sim_below(w, 6) : 0);
    t.body.motion.motion.change = motion->change;
    buffer_clear(&motion->body);
    motion_encode(&t.body.motion.motion, &motion->body);
    motion->waited = 0;
    motion->promise = carry(w, &t, "motion");
}

static void vote_on_it(struct world *w, const struct charter *charter)
{
    const struct sim_motion *motion = &w->motion;
    struct hash body = hash_bytes(buffer_bytes(&motion->body));
    struct record_index index = {w->promises[motion->promise - 1].index};
    for (size_t i = 0; i < charter->voter_count; i++) {
        struct transaction t;
        uint16_t partner = charter->nodes[charter->voters[i]].partner.v;
        if (!sim_chance(w, 600))
            continue;
        struct signing_key *key = key_of(w, partner, KEY_GOVERNANCE, w->governance[partner]);
        memset(&t, 0, sizeof(t));
        t.type = TRANSACTION_BALLOT;
        t.body.ballot.motion = index;
        t.body.ballot.partner.v = partner;
        t.body.ballot.signature = ballot_sign(key, &w->charter->coalition, index, &body);
        signing_key_close(key);
        (void)carry(w, &t, "ballot");
    }
}

static void begin(struct world *w, const struct charter *charter)
{
    struct sim_motion *motion = &w->motion;
    if (!draw_change(w, charter, &motion->change))
        return;
    motion->open = true;
    if (motion->change.kind == CHANGE_REPLACE_KEYS)
        hold_next(w, motion->change.node.v);
    if (motion->change.kind == CHANGE_ADMIT)
        world_restart(w, (uint16_t)charter->node_count);
    propose(w);
}

static void end(struct world *w)
{
    struct sim_motion *motion = &w->motion;
    motion->open = false;
    w->changes[motion->change.kind]++;
    w->governance[motion->change.partner.v] += motion->change.kind == CHANGE_REPLACE_GOVERNANCE;
    if (motion->change.kind != CHANGE_REPLACE_KEYS)
        return;
    struct sim_node *node = &w->nodes[motion->change.node.v];
    node->key = node->next_key;
    node->cosigner_key = node->next_cosigner_key;
    node->next_key = node->next_cosigner_key = NULL;
    node->generation++;
    w->returned += node->wiped;
    node->wiped = false; /* its new key has signed nothing that it does not know */
}

void membership_step(struct world *w)
{
    struct sim_motion *motion = &w->motion;
    const struct sim_node *best = guide(w);
    if (!best)
        return;
    const struct charter *charter = replica_charter(best->replica);
    if (motion->open && has_happened(charter, &motion->change))
        end(w);
    else if (motion->open && motion->promise && w->promises[motion->promise - 1].decided &&
             w->promises[motion->promise - 1].verdict == VERDICT_ACCEPTED)
        vote_on_it(w, charter);
    else if (motion->open && motion->waited++ >= AGAIN_AFTER)
        propose(w);
    else if (!motion->open && (!w->healed || lost_one(w, charter) < charter->node_count) &&
             sim_chance(w, 500))
        begin(w, charter);
}

/* What the service does by itself: a node that is to vote says so once it is near the head. */
void membership_tick(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    const struct charter *charter = replica_charter(node->replica);
    if (number >= charter->node_count || !charter->nodes[number].joining ||
        replica_standing(node->replica) != REPLICA_WRITES || w->now_ms < node->ready_ms ||
        node->height + 8 < w->sealed_count)
        return;
    struct replica_status status;
    struct transaction t;
    char key[40];
    replica_status(node->replica, w->now_ms, &status);
    if (status.height == 0)
        return;
    node->ready_ms = w->now_ms + READY_EVERY_MS;
    memset(&t, 0, sizeof(t));
    t.type = TRANSACTION_READY;
    t.body.ready.height = status.height;
    t.body.ready.digest = status.digest;
    (void)snprintf(key, sizeof(key), "ready-%zu", w->promise_count);
    (void)load_send(w, number, &t, key);
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool stored_cut(struct world *w, uint16_t number, uint64_t height, struct buffer *value,
                       struct stored_height *stored, struct cut *cut)
{
    struct store store = disk_store(&w->nodes[number].disk);
    struct store_key key = key_height(height);
    buffer_clear(value);
    return height > 0 && store.get(store.context, store_key_bytes(&key), value, NULL) &&
           stored_height_decode(buffer_bytes(value), stored, NULL) &&
           cut_decode(stored->cut, cut, NULL);
}

static void check_signers(struct world *w, uint16_t number, const struct charter *charter,
                          const struct certificate *certificate)
{
    size_t good = 0, voters = 0;
    for (size_t i = 0; i < charter->node_count; i++)
        voters += charter->nodes[i].voter && !charter->nodes[i].left;
    for (size_t i = 0; i < certificate->count; i++) {
        uint16_t voter = certificate->votes[i].voter.v;
        struct vote vote = {.type = VOTE_PRECOMMIT,
                            .height = certificate->height,
                            .round = certificate->round,
                            .cut = certificate->cut,
                            .valid_round = -1,
                            .voter = {voter},
                            .signature = certificate->votes[i].signature};
        struct verifier *verifier =
            voter < charter->node_count ? verifier_open(&charter->nodes[voter].sign_key) : NULL;
        good += verifier && charter->nodes[voter].voter && !charter->nodes[voter].left &&
                vote_verify(&vote, verifier, &charter->coalition);
        verifier_close(verifier);
    }
    if (good != certificate->count || good < (voters + (voters - 1) / 3) / 2 + 1)
        world_fail(w, "node %u took height %llu from %zu signers, of whom %zu vote there, of %zu",
                   number, (unsigned long long)certificate->height, certificate->count, good,
                   voters);
}

static void check_lanes(struct world *w, uint16_t number, const struct charter *charter,
                        const struct cut *cut, const struct cut *before)
{
    if (cut->lane_count != charter->node_count)
        world_fail(w, "node %u: the cut of height %llu has %u lanes, the charter %zu nodes", number,
                   (unsigned long long)cut->height, cut->lane_count, charter->node_count);
    for (uint16_t i = 0; i < cut->lane_count && i < charter->node_count; i++) {
        uint64_t was = i < before->lane_count ? before->lanes[i].sequence : 0;
        if (cut->lanes[i].sequence != was &&
            (charter->nodes[i].left || charter->nodes[i].suspended))
            world_fail(w, "node %u: lane %u advances at height %llu and must not", number, i,
                       (unsigned long long)cut->height);
    }
}

void membership_check_height(struct world *w, uint16_t number, uint64_t height)
{
    const struct state *state = replica_state(w->nodes[number].replica);
    uint64_t began = w->nodes[number].began;
    if (began > 0 && height <= began + 1) /* its history is on its way */
        return;
    struct stored_height *stored = (struct stored_height *)allocate(1, sizeof(*stored));
    struct cut *cuts = (struct cut *)allocate(2, sizeof(*cuts));
    struct buffer value;
    buffer_init(&value, STORE_VALUE_MAX);
    if (height > 1 && !stored_cut(w, number, height - 1, &value, stored, &cuts[0]))
        world_fail(w, "node %u does not hold height %llu", number, (unsigned long long)height - 1);
    else if (!stored_cut(w, number, height, &value, stored, &cuts[1]))
        world_fail(w, "node %u does not hold height %llu", number, (unsigned long long)height);
    else {
        const struct charter *charter = state_charter_at(state, height);
        check_signers(w, number, charter, &stored->certificate);
        check_lanes(w, number, charter, &cuts[1], &cuts[0]);
    }
    buffer_release(&value);
    free(cuts);
    free(stored);
}

void membership_check_charter(struct world *w, uint16_t number)
{
    const struct charter *charter = replica_charter(w->nodes[number].replica);
    for (uint16_t i = 0; i < charter->node_count; i++) {
        struct sim_node *node = &w->nodes[i];
        if (charter->nodes[i].suspended && !w->nodes[i].liar && !w->nodes[i].wiped)
            world_fail(w, "node %u holds the honest node %u to be suspended", number, i);
        if (charter->from_height <= w->charter_from)
            continue;
        w->changes[CHANGE_SUSPEND] += charter->nodes[i].suspended && !node->suspended;
        w->changes[CHANGE_PROMOTE] += charter->nodes[i].voter && node->joins;
        node->suspended = charter->nodes[i].suspended;
        node->joins = charter->nodes[i].joining;
    }
    if (charter->from_height > w->charter_from)
        w->charter_from = charter->from_height;
}

bool membership_settled(const struct world *w, uint16_t number, char *why, size_t why_size)
{
    const struct replica *replica = w->nodes[number].replica;
    const struct charter *charter = replica_charter(replica);
    if (charter->nodes[number].joining) {
        (void)snprintf(why, why_size, "node %u waits to become a voter", number);
        return false;
    }
    for (size_t i = 0; i < replica_evidence_count(replica); i++) {
        const struct evidence_kept *kept = replica_evidence(replica, i);
        if (kept->holds && !charter->nodes[kept->node.v].left &&
            !charter->nodes[kept->node.v].suspended) {
            (void)snprintf(why, why_size, "node %u lied, node %u can prove it, nobody suspends it",
                           kept->node.v, number);
            return false;
        }
    }
    return true;
}
