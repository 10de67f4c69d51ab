/* Whose cosignatures make a checkpoint final, after a change: lists made anew from lists. */
#include "node/naive_coalition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOBODY = NODES_MAX };

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, PUBLIC_KEY_SIZE) == 0;
}

/* The node whose cosigner key a witness's is, by name too; NOBODY: an outsider. */
static size_t node_of(const struct naive_founding *founding, const struct naive_coalition *c,
                      const struct naive_witness *witness)
{
    char name[NAIVE_TEXT + 66];
    for (size_t i = 0; i < c->node_count; i++) {
        (void)snprintf(name, sizeof(name), "%s/%s", founding->origin, c->nodes[i].name);
        if (same_key(&c->nodes[i].cosigner, &witness->key) && strcmp(name, witness->key_name) == 0)
            return i;
    }
    return NOBODY;
}

static bool is_voter(const struct naive_coalition *c, size_t node)
{
    return node < c->node_count && c->nodes[node].voter;
}

/* ---- what a policy asks for ------------------------------------------------------------------ */

/* The fewest voters among any who meet a group: the cheapest members, as many as it needs. */
static size_t least_of_group(const struct naive_policy *policy, size_t group,
                             const bool voter[NAIVE_WITNESSES])
{
    size_t costs[NAIVE_WITNESSES + NAIVE_GROUPS] = {0}, count = 0, sum = 0;
    const struct naive_group *of = &policy->groups[group];
    for (size_t i = 0; i < policy->witness_count; i++)
        if (of->has_witness[i])
            costs[count++] = voter[i];
    for (size_t i = 0; i < group; i++) /* a group's members are defined before it */
        if (of->has_group[i])
            costs[count++] = least_of_group(policy, i, voter);
    for (size_t taken = 0; taken < of->threshold && taken < count; taken++) {
        size_t cheapest = taken;
        for (size_t i = taken; i < count; i++)
            if (costs[i] < costs[cheapest])
                cheapest = i;
        size_t cost = costs[cheapest];
        costs[cheapest] = costs[taken];
        sum += cost;
    }
    return sum;
}

/* Every voter is a witness, and no fewer than Q of them are enough. */
static bool safe(const struct naive_founding *founding, const struct naive_coalition *c)
{
    const struct naive_policy *policy = &c->policy;
    bool voter[NAIVE_WITNESSES] = {false};
    size_t found = 0, voters = naive_voters(c);
    for (size_t i = 0; i < policy->witness_count; i++) {
        voter[i] = is_voter(c, node_of(founding, c, &policy->witnesses[i]));
        found += voter[i];
    }
    size_t least = policy->quorum_is_group ? least_of_group(policy, policy->quorum, voter)
                                           : (size_t)voter[policy->quorum];
    return found == voters && least >= naive_quorum(voters);
}

/* ---- whether it may stay as it is ------------------------------------------------------------ */

/* Log lines are the log keys of the nodes that have not left. */
static bool same_logs(const struct naive_coalition *a, const struct naive_coalition *b)
{
    if (a->node_count != b->node_count)
        return false;
    for (size_t i = 0; i < a->node_count; i++)
        if (a->nodes[i].left != b->nodes[i].left || !same_key(&a->nodes[i].log, &b->nodes[i].log))
            return false;
    return true;
}

static bool same_voters(const struct naive_coalition *a, const struct naive_coalition *b)
{
    for (size_t i = 0; i < b->node_count; i++)
        if (is_voter(a, i) != b->nodes[i].voter)
            return false;
    return true;
}

/* ---- made anew ------------------------------------------------------------------------------- */

struct renewal {
    const struct naive_founding *founding;
    const struct naive_coalition *before;
    struct naive_coalition *after;
    struct naive_policy policy;       /* the new one */
    size_t moved_to[NAIVE_WITNESSES]; /* of an old witness: its new place, or NAIVE_WITNESSES */
    bool is_new[NAIVE_WITNESSES + 1]; /* of a new place */
};

static bool add_witness(struct renewal *r, const char *name, const struct naive_witness *witness)
{
    struct naive_policy *policy = &r->policy;
    if (policy->witness_count == NAIVE_WITNESSES)
        return false;
    for (size_t i = 0; i < policy->witness_count; i++)
        if (strcmp(policy->witnesses[i].name, name) == 0 ||
            same_key(&policy->witnesses[i].key, &witness->key))
            return false;
    struct naive_witness *added = &policy->witnesses[policy->witness_count++];
    *added = *witness;
    (void)snprintf(added->name, sizeof(added->name), "%s", name);
    return true;
}

/* Old lines without those of voters that begin or cease to be one, or of nodes that left. */
static bool keep_witnesses(struct renewal *r)
{
    const struct naive_policy *old = &r->before->policy;
    for (size_t i = 0; i < old->witness_count; i++) {
        struct naive_witness witness = old->witnesses[i];
        size_t node = node_of(r->founding, r->before, &witness);
        r->moved_to[i] = NAIVE_WITNESSES;
        if (node != NOBODY) {
            if (r->after->nodes[node].left || is_voter(r->before, node) != is_voter(r->after, node))
                continue;
            witness.key = r->after->nodes[node].cosigner;
        }
        r->moved_to[i] = r->policy.witness_count;
        if (!add_witness(r, witness.name, &witness))
            return false;
    }
    return true;
}

static bool add_voters(struct renewal *r)
{
    char name[80];
    for (size_t i = 0; i < r->after->node_count; i++) {
        const struct naive_node *node = &r->after->nodes[i];
        struct naive_witness witness = {.key = node->cosigner};
        if (!node->voter || is_voter(r->before, i))
            continue;
        (void)snprintf(name, sizeof(name), "voter/%s", node->name);
        int size = snprintf(witness.key_name, sizeof(witness.key_name), "%s/%s",
                            r->founding->origin, node->name);
        must(size > 0 && (size_t)size < sizeof(witness.key_name));
        r->is_new[r->policy.witness_count] = true;
        if (!add_witness(r, name, &witness))
            return false;
    }
    return true;
}

/* The first group that has every old voter. */
static size_t voters_group(const struct renewal *r)
{
    const struct naive_policy *old = &r->before->policy;
    for (size_t group = 0; group < old->group_count; group++) {
        bool all = true;
        for (size_t i = 0; i < old->witness_count; i++)
            if (is_voter(r->before, node_of(r->founding, r->before, &old->witnesses[i])))
                all = all && old->groups[group].has_witness[i];
        if (all)
            return group;
    }
    return old->group_count;
}

static bool renew_group(struct renewal *r, size_t group, bool of_voters)
{
    const struct naive_policy *old = &r->before->policy;
    struct naive_group *to = &r->policy.groups[group];
    size_t members = 0, old_q = naive_quorum(naive_voters(r->before));
    *to = old->groups[group];
    memset(to->has_witness, 0, sizeof(to->has_witness));
    for (size_t i = 0; i < old->witness_count; i++)
        if (old->groups[group].has_witness[i] && r->moved_to[i] < NAIVE_WITNESSES)
            to->has_witness[r->moved_to[i]] = true;
    for (size_t i = 0; of_voters && i < r->policy.witness_count; i++)
        to->has_witness[i] = to->has_witness[i] || r->is_new[i];
    for (size_t i = 0; i < NAIVE_WITNESSES; i++)
        members += to->has_witness[i];
    for (size_t i = 0; i < NAIVE_GROUPS; i++)
        members += to->has_group[i];
    if (of_voters)
        to->threshold = naive_quorum(naive_voters(r->after)) +
                        (to->threshold > old_q ? to->threshold - old_q : 0);
    if (to->threshold > members)
        to->threshold = members;
    for (size_t i = 0; i < r->policy.witness_count; i++)
        if (strcmp(r->policy.witnesses[i].name, to->name) == 0)
            return false;
    return members > 0;
}

static bool renew(struct renewal *r)
{
    const struct naive_policy *old = &r->before->policy;
    if (!keep_witnesses(r) || !add_voters(r))
        return false;
    size_t ours = voters_group(r);
    r->policy.group_count = old->group_count;
    for (size_t i = 0; i < old->group_count; i++)
        if (!renew_group(r, i, i == ours))
            return false;
    r->policy.quorum_is_group = old->quorum_is_group;
    r->policy.quorum = old->quorum_is_group ? old->quorum : r->moved_to[old->quorum];
    if (!old->quorum_is_group && r->policy.quorum == NAIVE_WITNESSES)
        return false;
    r->after->policy = r->policy;
    return safe(r->founding, r->after);
}

bool naive_policy_follow(const struct naive_founding *founding,
                         const struct naive_coalition *before, struct naive_coalition *after)
{
    if (same_logs(before, after) && same_voters(before, after) && safe(founding, after))
        return true;
    struct renewal *r = (struct renewal *)allocate(1, sizeof(*r));
    r->founding = founding;
    r->before = before;
    r->after = after;
    bool good = renew(r);
    free(r);
    return good;
}
