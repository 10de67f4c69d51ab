#include "partners/amend.h"

#include "partners/charter_limits.h"
#include "partners/charter_policy.h"

#include <stdlib.h>
#include <string.h>

enum { NODE_KEYS = 3 /* Ed25519 ones */ };

/* ---- keys ------------------------------------------------------------------------------------ */

static bool key_equal(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, PUBLIC_KEY_SIZE) == 0;
}

/* In use or retired, for whatever. */
static bool key_known(const struct charter *charter, const struct public_key *key)
{
    for (size_t i = 0; i < charter->partner_count; i++)
        if (key_equal(&charter->partners[i].governance_key, key))
            return true;
    for (size_t i = 0; i < charter->node_count; i++)
        if (key_equal(&charter->nodes[i].sign_key, key) ||
            key_equal(&charter->nodes[i].log_key.key, key) ||
            key_equal(&charter->nodes[i].cosigner_key.key, key))
            return true;
    for (size_t i = 0; i < charter->retired_key_count; i++)
        if (key_equal(&charter->retired_keys[i], key))
            return true;
    return false;
}

static enum verdict key_fresh(const struct charter *charter, const struct public_key *key)
{
    if (!public_key_usable(key))
        return VERDICT_BAD_KEY;
    return key_known(charter, key) ? VERDICT_KEY_TAKEN : VERDICT_ACCEPTED;
}

static void key_retire(struct charter *charter, const struct public_key *key)
{
    size_t size = (charter->retired_key_count + 1) * sizeof(*key);
    charter->retired_keys = realloc(charter->retired_keys, size);
    must(charter->retired_keys != NULL);
    charter->retired_keys[charter->retired_key_count++] = *key;
}

/* Puts `key` in the place of `old`, which may be the same. */
static enum verdict key_replace(struct charter *charter, const struct public_key *key,
                                struct public_key *old)
{
    if (key_equal(key, old))
        return VERDICT_ACCEPTED;
    enum verdict verdict = key_fresh(charter, key);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    key_retire(charter, old);
    *old = *key;
    return VERDICT_ACCEPTED;
}

/* The point is no other node's, and the signing key signs for it. */
static enum verdict check_transport(const struct charter *charter, size_t place,
                                    const struct node_keys *keys)
{
    static const struct hash no_coalition;
    if (keys->transport_key[0] != 0x04)
        return VERDICT_BAD_KEY;
    for (size_t i = 0; i < charter->node_count; i++)
        if (i != place &&
            memcmp(charter->nodes[i].transport_key, keys->transport_key, TRANSPORT_KEY_SIZE) == 0)
            return VERDICT_KEY_TAKEN;
    struct verifier *verifier = verifier_open(&keys->sign_key);
    bool holds = verifier && verify(verifier, PURPOSE_TRANSPORT, &no_coalition,
                                    bytes_of(keys->transport_key, TRANSPORT_KEY_SIZE),
                                    &keys->transport_signature);
    verifier_close(verifier);
    return holds ? VERDICT_ACCEPTED : VERDICT_BAD_SIGNATURE;
}

static bool name_keys(const struct charter *charter, struct charter_node *node,
                      const struct node_keys *keys)
{
    char name[NOTE_NAME_MAX + 1];
    return charter_cosigner_name(charter->origin, node->name, name) &&
           note_key_make(name, NOTE_TYPE_COSIGNATURE, &keys->cosigner_key, &node->cosigner_key,
                         NULL) &&
           note_key_make(charter->origin, NOTE_TYPE_ED25519, &keys->log_key, &node->log_key, NULL);
}

/* Gives nodes[place] these keys; those that it has stay or are retired. */
static enum verdict take_keys(struct charter *charter, size_t place, const struct node_keys *keys)
{
    struct charter_node *node = &charter->nodes[place];
    struct public_key *const old[NODE_KEYS] = {&node->sign_key, &node->log_key.key,
                                               &node->cosigner_key.key};
    const struct public_key *const new[NODE_KEYS] = {&keys->sign_key, &keys->log_key,
                                                     &keys->cosigner_key};
    enum verdict verdict = check_transport(charter, place, keys);
    for (size_t i = 0; i < NODE_KEYS && verdict == VERDICT_ACCEPTED; i++)
        verdict = key_replace(charter, new[i], old[i]);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    memcpy(node->transport_key, keys->transport_key, TRANSPORT_KEY_SIZE);
    node->transport_signature = keys->transport_signature;
    return name_keys(charter, node, keys) ? VERDICT_ACCEPTED : VERDICT_BAD_KEY;
}

/* ---- who is meant ---------------------------------------------------------------------------- */

static struct charter_node *standing_node(struct charter *charter, struct node_id node)
{
    bool there = node.v < charter->node_count && !charter->nodes[node.v].left;
    return there ? &charter->nodes[node.v] : NULL;
}

static struct charter_partner *standing_partner(struct charter *charter, struct partner_id partner)
{
    bool there = partner.v < charter->partner_count && !charter->partners[partner.v].left;
    return there ? &charter->partners[partner.v] : NULL;
}

static bool has_voter(const struct charter *charter, struct partner_id partner)
{
    for (size_t i = 0; i < charter->node_count; i++)
        if (partner_equal(charter->nodes[i].partner, partner) &&
            (charter->nodes[i].voter || charter->nodes[i].joining))
            return true;
    return false;
}

static void copy_text(char *out, struct bytes text)
{
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

/* ---- each kind ------------------------------------------------------------------------------- */

static enum verdict found_partner(struct charter *charter, const struct change *change,
                                  struct partner_id *partner_out)
{
    struct partner_id same;
    if (charter->partner_count == PARTNERS_MAX)
        return VERDICT_COALITION_FULL;
    if (charter_partner_by_name(charter, change->partner_name, &same))
        return VERDICT_NAME_TAKEN;
    enum verdict verdict = key_fresh(charter, &change->key);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    size_t place = charter->partner_count;
    charter->partners = realloc(charter->partners, (place + 1) * sizeof(*charter->partners));
    must(charter->partners != NULL);
    struct charter_partner *partner = &charter->partners[charter->partner_count++];
    memset(partner, 0, sizeof(*partner));
    copy_text(partner->name, change->partner_name);
    partner->governance_key = change->key;
    *partner_out = (struct partner_id){(uint16_t)place};
    return VERDICT_ACCEPTED;
}

/* A node without keys cannot have any of another's: its own places are not compared yet. */
static enum verdict add_node(struct charter *charter, const struct change *change,
                             struct partner_id partner)
{
    struct node_id same;
    const struct public_key *const keys[NODE_KEYS] = {&change->keys.sign_key, &change->keys.log_key,
                                                      &change->keys.cosigner_key};
    if (charter->node_count == NODES_MAX)
        return VERDICT_COALITION_FULL;
    if (charter_node_by_name(charter, change->node_name, &same))
        return VERDICT_NAME_TAKEN;
    if (change->voter && has_voter(charter, partner))
        return VERDICT_BAD_VOTERS;
    enum verdict verdict = check_transport(charter, charter->node_count, &change->keys);
    for (size_t i = 0; i < NODE_KEYS && verdict == VERDICT_ACCEPTED; i++) {
        verdict = key_fresh(charter, keys[i]);
        for (size_t j = 0; j < i && verdict == VERDICT_ACCEPTED; j++)
            if (key_equal(keys[i], keys[j]))
                verdict = VERDICT_KEY_TAKEN;
    }
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    size_t place = charter->node_count;
    charter->nodes = realloc(charter->nodes, (place + 1) * sizeof(*charter->nodes));
    must(charter->nodes != NULL);
    struct charter_node *node = &charter->nodes[charter->node_count++];
    memset(node, 0, sizeof(*node));
    copy_text(node->name, change->node_name);
    copy_text(node->address, change->address);
    node->partner = partner;
    node->joining = change->voter;
    node->sign_key = change->keys.sign_key;
    memcpy(node->transport_key, change->keys.transport_key, TRANSPORT_KEY_SIZE);
    node->transport_signature = change->keys.transport_signature;
    return name_keys(charter, node, &change->keys) ? VERDICT_ACCEPTED : VERDICT_BAD_KEY;
}

static enum verdict admit(struct charter *charter, const struct change *change)
{
    struct partner_id partner = change->partner;
    enum verdict verdict = VERDICT_ACCEPTED;
    if (change->founds_partner)
        verdict = found_partner(charter, change, &partner);
    else if (!standing_partner(charter, partner))
        verdict = VERDICT_UNKNOWN_PARTNER;
    return verdict == VERDICT_ACCEPTED ? add_node(charter, change, partner) : verdict;
}

static void node_leaves(struct charter_node *node)
{
    node->left = true;
    node->voter = node->joining = node->suspended = false;
}

/* Who has no node signs nothing: no contract about fees, no collateral that is given back. */
static bool last_of_operator(const struct charter *charter, const struct charter_node *node)
{
    size_t others = 0;
    for (size_t i = 0; i < charter->node_count; i++)
        others += &charter->nodes[i] != node && !charter->nodes[i].left &&
                  partner_equal(charter->nodes[i].partner, node->partner);
    return charter->partners[node->partner.v].is_operator && others == 0;
}

static enum verdict remove_node(const struct charter *charter, struct charter_node *node)
{
    if (last_of_operator(charter, node))
        return VERDICT_OPERATOR_STAYS;
    node_leaves(node);
    return VERDICT_ACCEPTED;
}

static enum verdict remove_partner(struct charter *charter, const struct change *change)
{
    struct charter_partner *partner = standing_partner(charter, change->partner);
    if (!partner)
        return VERDICT_UNKNOWN_PARTNER;
    /* Contracts may owe it fees, and are not the charter's to know. */
    if (partner->is_operator)
        return VERDICT_OPERATOR_STAYS;
    partner->left = true;
    for (size_t i = 0; i < charter->node_count; i++)
        if (partner_equal(charter->nodes[i].partner, change->partner))
            node_leaves(&charter->nodes[i]);
    return VERDICT_ACCEPTED;
}

static enum verdict set_voter(struct charter *charter, struct charter_node *node, bool voter)
{
    if (voter == (node->voter || node->joining))
        return VERDICT_NOTHING_TO_DO;
    if (voter && has_voter(charter, node->partner))
        return VERDICT_BAD_VOTERS;
    node->joining = voter;
    node->voter = false;
    return VERDICT_ACCEPTED;
}

static enum verdict replace_keys(struct charter *charter, struct charter_node *node,
                                 const struct change *change)
{
    struct charter_node was = *node;
    enum verdict verdict = take_keys(charter, (size_t)(node - charter->nodes), &change->keys);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    copy_text(node->address, change->address);
    if (!key_equal(&node->sign_key, &was.sign_key))
        node->suspended = false;
    bool same = key_equal(&node->sign_key, &was.sign_key) &&
                key_equal(&node->log_key.key, &was.log_key.key) &&
                key_equal(&node->cosigner_key.key, &was.cosigner_key.key) &&
                memcmp(node->transport_key, was.transport_key, TRANSPORT_KEY_SIZE) == 0 &&
                strcmp(node->address, was.address) == 0;
    return same ? VERDICT_NOTHING_TO_DO : VERDICT_ACCEPTED;
}

static enum verdict replace_governance(struct charter *charter, const struct change *change)
{
    struct charter_partner *partner = standing_partner(charter, change->partner);
    if (!partner)
        return VERDICT_UNKNOWN_PARTNER;
    if (key_equal(&partner->governance_key, &change->key))
        return VERDICT_NOTHING_TO_DO;
    return key_replace(charter, &change->key, &partner->governance_key);
}

static enum verdict set_limits(struct charter *charter, const struct change *change)
{
    bool changes = false;
    for (size_t i = 0; i < change->limit_count; i++) {
        const struct limit_value *limit = &change->limits[i];
        struct limit_range range = charter_limit_range(limit->number);
        if (limit->value < range.min || limit->value > range.max)
            return VERDICT_BAD_LIMIT;
        changes = changes || charter_limit(charter, limit->number) != limit->value;
        charter_limit_set(charter, limit->number, limit->value);
    }
    if (!charter_limits_fit(charter))
        return VERDICT_BAD_LIMIT;
    return changes ? VERDICT_ACCEPTED : VERDICT_NOTHING_TO_DO;
}

bool charter_last_lane(const struct charter *charter, struct node_id node)
{
    size_t others = 0;
    for (size_t i = 0; i < charter->node_count; i++)
        others += i != node.v && !charter->nodes[i].left && !charter->nodes[i].suspended;
    return others == 0;
}

static enum verdict suspend(const struct charter *charter, struct charter_node *node,
                            const struct change *change)
{
    if (node->suspended || !key_equal(&node->sign_key, &change->key) ||
        charter_last_lane(charter, change->node))
        return VERDICT_NOTHING_TO_DO;
    node->suspended = true;
    return VERDICT_ACCEPTED;
}

static enum verdict promote(struct charter_node *node)
{
    if (!node->joining || node->suspended)
        return VERDICT_NOT_JOINING;
    node->joining = false;
    node->voter = true;
    return VERDICT_ACCEPTED;
}

static enum verdict change_node(struct charter *charter, const struct change *change)
{
    struct charter_node *node = standing_node(charter, change->node);
    if (!node)
        return VERDICT_UNKNOWN_NODE;
    switch (change->kind) {
    case CHANGE_REMOVE_NODE:
        return remove_node(charter, node);
    case CHANGE_SET_VOTER:
        return set_voter(charter, node, change->voter);
    case CHANGE_REPLACE_KEYS:
        return replace_keys(charter, node, change);
    case CHANGE_SUSPEND:
        return suspend(charter, node, change);
    case CHANGE_PROMOTE:
        return promote(node);
    case CHANGE_ADMIT:
    case CHANGE_REMOVE_PARTNER:
    case CHANGE_REPLACE_GOVERNANCE:
    case CHANGE_SET_LIMITS:
        break;
    }
    must(!"a change of a node");
    return VERDICT_UNKNOWN_NODE;
}

static enum verdict change_charter(struct charter *charter, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_ADMIT:
        return admit(charter, change);
    case CHANGE_REMOVE_PARTNER:
        return remove_partner(charter, change);
    case CHANGE_REPLACE_GOVERNANCE:
        return replace_governance(charter, change);
    case CHANGE_SET_LIMITS:
        return set_limits(charter, change);
    case CHANGE_REMOVE_NODE:
    case CHANGE_SET_VOTER:
    case CHANGE_REPLACE_KEYS:
    case CHANGE_SUSPEND:
    case CHANGE_PROMOTE:
        return change_node(charter, change);
    }
    must(!"a change outside its table");
    return VERDICT_UNKNOWN_NODE;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* As charter_parse() wants them. */
static bool voters_fit(struct charter *charter)
{
    size_t voters = 0;
    for (size_t i = 0; i < charter->node_count; i++)
        voters += charter->nodes[i].voter;
    if (voters == 0 || voters > VOTERS_MAX || (voters == 2 && !charter->two_voters_accepted))
        return false;
    charter_count_voters(charter);
    size_t f = quorum_faulty(voters), q = quorum_size(voters);
    return 2 * q > voters + f && q <= voters - f;
}

enum verdict charter_amend(const struct charter *before, const struct change *change,
                           uint64_t from_height, struct charter **after_out)
{
    must(from_height >= before->from_height);
    struct charter *after = charter_copy(before);
    after->from_height = from_height;
    enum verdict verdict = change_charter(after, change);
    if (verdict == VERDICT_ACCEPTED && !voters_fit(after))
        verdict = VERDICT_BAD_VOTERS;
    if (verdict == VERDICT_ACCEPTED && !charter_policy_follow(before, after))
        verdict = VERDICT_BAD_POLICY;
    if (verdict == VERDICT_ACCEPTED)
        *after_out = after;
    else
        charter_close(after);
    return verdict;
}
