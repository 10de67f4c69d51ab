/* What each change does to the coalition, said a second time. */
#include "node/naive_coalition.h"

#include "crypto/note.h"

#include <stdlib.h>
#include <string.h>

/* ---- copies ---------------------------------------------------------------------------------- */

static void *copied(const void *list, size_t count, size_t size)
{
    void *copy = allocate(count + 1, size);
    if (count > 0)
        memcpy(copy, list, count * size);
    return copy;
}

struct naive_coalition *naive_coalition_copy(const struct naive_coalition *c)
{
    struct naive_coalition *copy = (struct naive_coalition *)allocate(1, sizeof(*copy));
    *copy = *c;
    copy->partners =
        (struct naive_partner *)copied(c->partners, c->partner_count, sizeof(*c->partners));
    copy->nodes = (struct naive_node *)copied(c->nodes, c->node_count, sizeof(*c->nodes));
    copy->retired = (struct public_key *)copied(c->retired, c->retired_count, sizeof(*c->retired));
    return copy;
}

void naive_coalition_free(struct naive_coalition *c)
{
    if (!c)
        return;
    free(c->partners);
    free(c->nodes);
    free(c->retired);
    free(c);
}

/* ---- counting -------------------------------------------------------------------------------- */

size_t naive_voters(const struct naive_coalition *c)
{
    size_t voters = 0;
    for (size_t i = 0; i < c->node_count; i++)
        voters += c->nodes[i].voter;
    return voters;
}

/* More than half of all and of the liars that N may have. */
size_t naive_quorum(size_t voters)
{
    size_t liars = voters > 0 ? (voters - 1) / 3 : 0;
    return (voters + liars) / 2 + 1;
}

bool naive_partner_votes(const struct naive_coalition *c, uint16_t partner)
{
    for (size_t i = 0; i < c->node_count; i++)
        if (c->nodes[i].voter && c->nodes[i].partner == partner)
            return true;
    return false;
}

/* Votes, or waits to. */
static bool has_candidate(const struct naive_coalition *c, uint16_t partner)
{
    for (size_t i = 0; i < c->node_count; i++)
        if ((c->nodes[i].voter || c->nodes[i].joining) && c->nodes[i].partner == partner)
            return true;
    return false;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return bytes_equal(bytes_of(a->at, PUBLIC_KEY_SIZE), bytes_of(b->at, PUBLIC_KEY_SIZE));
}

static bool key_had(const struct naive_coalition *c, const struct public_key *key)
{
    bool had = false;
    for (size_t i = 0; i < c->partner_count; i++)
        had = had || same_key(&c->partners[i].key, key);
    for (size_t i = 0; i < c->node_count; i++)
        had = had || same_key(&c->nodes[i].sign, key) || same_key(&c->nodes[i].log, key) ||
              same_key(&c->nodes[i].cosigner, key);
    for (size_t i = 0; i < c->retired_count; i++)
        had = had || same_key(&c->retired[i], key);
    return had;
}

/* A key that takes the place of `old`; the same one may stay. */
static enum verdict new_key(struct naive_coalition *c, const struct public_key *key,
                            struct public_key *old)
{
    if (same_key(key, old))
        return VERDICT_ACCEPTED;
    if (!public_key_usable(key))
        return VERDICT_BAD_KEY;
    if (key_had(c, key))
        return VERDICT_KEY_TAKEN;
    struct public_key *retired =
        (struct public_key *)copied(c->retired, c->retired_count, sizeof(*retired));
    retired[c->retired_count++] = *old;
    free(c->retired);
    c->retired = retired;
    *old = *key;
    return VERDICT_ACCEPTED;
}

static enum verdict point_verdict(const struct naive_coalition *c, size_t but,
                                  const struct node_keys *keys)
{
    static const struct hash zeros;
    struct bytes point = bytes_of(keys->transport_key, TRANSPORT_KEY_SIZE);
    if (point.at[0] != 4)
        return VERDICT_BAD_KEY;
    for (size_t i = 0; i < c->node_count; i++)
        if (i != but && bytes_equal(bytes_of(c->nodes[i].point, TRANSPORT_KEY_SIZE), point))
            return VERDICT_KEY_TAKEN;
    struct verifier *signer = verifier_open(&keys->sign_key);
    bool signed_for = signer != NULL &&
                      verify(signer, PURPOSE_TRANSPORT, &zeros, point, &keys->transport_signature);
    verifier_close(signer);
    return signed_for ? VERDICT_ACCEPTED : VERDICT_BAD_SIGNATURE;
}

/* "ORIGIN/NODE" names the cosigner's key. */
static bool name_has_room(const struct naive_founding *founding, const char *node)
{
    return strlen(founding->origin) + 1 + strlen(node) <= NOTE_NAME_MAX;
}

/* ---- admission ------------------------------------------------------------------------------- */

static bool name_is(const char *name, struct bytes text)
{
    return bytes_equal(bytes_text(name), text);
}

static void put_text(char *out, struct bytes text)
{
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

static enum verdict add_partner(struct naive_coalition *c, const struct change *change)
{
    if (c->partner_count == PARTNERS_MAX)
        return VERDICT_COALITION_FULL;
    for (size_t i = 0; i < c->partner_count; i++)
        if (name_is(c->partners[i].name, change->partner_name))
            return VERDICT_NAME_TAKEN;
    if (!public_key_usable(&change->key))
        return VERDICT_BAD_KEY;
    if (key_had(c, &change->key))
        return VERDICT_KEY_TAKEN;
    struct naive_partner *more =
        (struct naive_partner *)copied(c->partners, c->partner_count, sizeof(*more));
    more[c->partner_count] = (struct naive_partner){.key = change->key};
    put_text(more[c->partner_count++].name, change->partner_name);
    free(c->partners);
    c->partners = more;
    return VERDICT_ACCEPTED;
}

static enum verdict keys_verdict(const struct naive_coalition *c, const struct node_keys *keys)
{
    const struct public_key *all[] = {&keys->sign_key, &keys->log_key, &keys->cosigner_key};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        if (!public_key_usable(all[i]))
            return VERDICT_BAD_KEY;
        if (key_had(c, all[i]))
            return VERDICT_KEY_TAKEN;
        for (size_t j = 0; j < i; j++)
            if (same_key(all[i], all[j]))
                return VERDICT_KEY_TAKEN;
    }
    return VERDICT_ACCEPTED;
}

static enum verdict add_node(const struct naive_founding *founding, struct naive_coalition *c,
                             uint16_t partner, const struct change *change)
{
    if (c->node_count == NODES_MAX)
        return VERDICT_COALITION_FULL;
    for (size_t i = 0; i < c->node_count; i++)
        if (name_is(c->nodes[i].name, change->node_name))
            return VERDICT_NAME_TAKEN;
    if (change->voter && has_candidate(c, partner))
        return VERDICT_BAD_VOTERS;
    enum verdict verdict = point_verdict(c, c->node_count, &change->keys);
    if (verdict == VERDICT_ACCEPTED)
        verdict = keys_verdict(c, &change->keys);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    struct naive_node *more = (struct naive_node *)copied(c->nodes, c->node_count, sizeof(*more));
    struct naive_node *node = &more[c->node_count++];
    *node = (struct naive_node){.partner = partner,
                                .joining = change->voter,
                                .sign = change->keys.sign_key,
                                .log = change->keys.log_key,
                                .cosigner = change->keys.cosigner_key};
    put_text(node->name, change->node_name);
    put_text(node->address, change->address);
    memcpy(node->point, change->keys.transport_key, TRANSPORT_KEY_SIZE);
    free(c->nodes);
    c->nodes = more;
    return name_has_room(founding, node->name) ? VERDICT_ACCEPTED : VERDICT_BAD_KEY;
}

static bool partner_stands(const struct naive_coalition *c, uint16_t partner)
{
    return partner < c->partner_count && !c->partners[partner].left;
}

static enum verdict admit(const struct naive_founding *founding, struct naive_coalition *c,
                          const struct change *change)
{
    uint16_t partner = change->partner.v;
    if (change->founds_partner) {
        partner = (uint16_t)c->partner_count;
        enum verdict verdict = add_partner(c, change);
        if (verdict != VERDICT_ACCEPTED)
            return verdict;
    }
    return partner_stands(c, partner) ? add_node(founding, c, partner, change)
                                      : VERDICT_UNKNOWN_PARTNER;
}

/* ---- leaving, voting, keys ------------------------------------------------------------------- */

static void leave(struct naive_node *node)
{
    node->voter = node->joining = node->suspended = false;
    node->left = true;
}

static enum verdict remove_partner(const struct naive_founding *founding, struct naive_coalition *c,
                                   uint16_t partner)
{
    if (!partner_stands(c, partner))
        return VERDICT_UNKNOWN_PARTNER;
    if (partner == founding->operator_number)
        return VERDICT_OPERATOR_STAYS;
    c->partners[partner].left = true;
    for (size_t i = 0; i < c->node_count; i++)
        if (c->nodes[i].partner == partner)
            leave(&c->nodes[i]);
    return VERDICT_ACCEPTED;
}

static enum verdict remove_node(const struct naive_founding *founding, struct naive_coalition *c,
                                struct naive_node *node)
{
    size_t there = 0;
    for (size_t i = 0; i < c->node_count; i++)
        if (c->nodes[i].partner == founding->operator_number && !c->nodes[i].left)
            there++;
    if (node->partner == founding->operator_number && there == 1)
        return VERDICT_OPERATOR_STAYS;
    leave(node);
    return VERDICT_ACCEPTED;
}

static enum verdict make_voter(const struct naive_coalition *c, struct naive_node *node)
{
    if (node->voter || node->joining)
        return VERDICT_NOTHING_TO_DO;
    if (has_candidate(c, node->partner))
        return VERDICT_BAD_VOTERS;
    node->joining = true;
    return VERDICT_ACCEPTED;
}

static enum verdict make_observer(struct naive_node *node)
{
    if (!node->voter && !node->joining)
        return VERDICT_NOTHING_TO_DO;
    node->voter = node->joining = false;
    return VERDICT_ACCEPTED;
}

static enum verdict replace_keys(const struct naive_founding *founding, struct naive_coalition *c,
                                 size_t place, const struct change *change)
{
    struct naive_node *node = &c->nodes[place];
    struct naive_node was = *node;
    enum verdict verdict = point_verdict(c, place, &change->keys);
    if (verdict == VERDICT_ACCEPTED)
        verdict = new_key(c, &change->keys.sign_key, &node->sign);
    if (verdict == VERDICT_ACCEPTED)
        verdict = new_key(c, &change->keys.log_key, &node->log);
    if (verdict == VERDICT_ACCEPTED)
        verdict = new_key(c, &change->keys.cosigner_key, &node->cosigner);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!name_has_room(founding, node->name))
        return VERDICT_BAD_KEY;
    memcpy(node->point, change->keys.transport_key, TRANSPORT_KEY_SIZE);
    put_text(node->address, change->address);
    if (!same_key(&node->sign, &was.sign))
        node->suspended = false;
    bool same = same_key(&node->sign, &was.sign) && same_key(&node->log, &was.log) &&
                same_key(&node->cosigner, &was.cosigner) &&
                memcmp(node->point, was.point, sizeof(was.point)) == 0 &&
                strcmp(node->address, was.address) == 0;
    return same ? VERDICT_NOTHING_TO_DO : VERDICT_ACCEPTED;
}

static enum verdict set_limits(struct naive_coalition *c, const struct change *change)
{
    /* From the manual of charters; a batch takes the largest transaction. */
    static const uint64_t least[LIMIT_NUMBER_MAX + 1] = {0, 17408, 17408, 17408, 1048576,
                                                         1, 100,   10,    1,     0};
    static const uint64_t most[LIMIT_NUMBER_MAX + 1] = {
        0, 1048576, 16777216, 16777216, INT64_MAX, 1024, 86400000, 60000, 60000, INT64_MAX};
    _Static_assert(LIMIT_NUMBER_MAX == 9, "a limit has its range here");
    bool other = false;
    for (size_t i = 0; i < change->limit_count; i++) {
        size_t number = change->limits[i].number;
        uint64_t value = change->limits[i].value;
        if (value < least[number] || value > most[number])
            return VERDICT_BAD_LIMIT;
        other = other || c->limits[number] != value;
        c->limits[number] = value;
    }
    if (c->limits[LIMIT_BATCH_BYTES] > c->limits[LIMIT_LANE_CUT_BYTES] ||
        c->limits[LIMIT_LANE_CUT_BYTES] > c->limits[LIMIT_CUT_BYTES])
        return VERDICT_BAD_LIMIT;
    return other ? VERDICT_ACCEPTED : VERDICT_NOTHING_TO_DO;
}

static size_t open_lanes(const struct naive_coalition *c)
{
    size_t open = 0;
    for (size_t i = 0; i < c->node_count; i++)
        open += !c->nodes[i].left && !c->nodes[i].suspended;
    return open;
}

static enum verdict of_node(const struct naive_founding *founding, struct naive_coalition *c,
                            const struct change *change)
{
    if (change->node.v >= c->node_count || c->nodes[change->node.v].left)
        return VERDICT_UNKNOWN_NODE;
    struct naive_node *node = &c->nodes[change->node.v];
    if (change->kind == CHANGE_REMOVE_NODE)
        return remove_node(founding, c, node);
    if (change->kind == CHANGE_SET_VOTER)
        return change->voter ? make_voter(c, node) : make_observer(node);
    if (change->kind == CHANGE_REPLACE_KEYS)
        return replace_keys(founding, c, change->node.v, change);
    if (change->kind == CHANGE_SUSPEND) {
        if (node->suspended || !same_key(&node->sign, &change->key) || open_lanes(c) == 1)
            return VERDICT_NOTHING_TO_DO;
        node->suspended = true;
        return VERDICT_ACCEPTED;
    }
    must(change->kind == CHANGE_PROMOTE);
    if (!node->joining || node->suspended)
        return VERDICT_NOT_JOINING;
    node->voter = true;
    node->joining = false;
    return VERDICT_ACCEPTED;
}

static enum verdict change_kind_of(const struct naive_founding *founding, struct naive_coalition *c,
                                   const struct change *change)
{
    if (change->kind == CHANGE_ADMIT)
        return admit(founding, c, change);
    if (change->kind == CHANGE_REMOVE_PARTNER)
        return remove_partner(founding, c, change->partner.v);
    if (change->kind == CHANGE_SET_LIMITS)
        return set_limits(c, change);
    if (change->kind != CHANGE_REPLACE_GOVERNANCE)
        return of_node(founding, c, change);
    if (!partner_stands(c, change->partner.v))
        return VERDICT_UNKNOWN_PARTNER;
    struct public_key *key = &c->partners[change->partner.v].key;
    return same_key(key, &change->key) ? VERDICT_NOTHING_TO_DO : new_key(c, &change->key, key);
}

enum verdict naive_change(const struct naive_founding *founding, struct naive_coalition *c,
                          const struct change *change)
{
    struct naive_coalition *before = naive_coalition_copy(c);
    enum verdict verdict = change_kind_of(founding, c, change);
    size_t voters = naive_voters(c);
    if (verdict == VERDICT_ACCEPTED &&
        (voters == 0 || voters > VOTERS_MAX || (voters == 2 && !founding->two_voters)))
        verdict = VERDICT_BAD_VOTERS;
    if (verdict == VERDICT_ACCEPTED && !naive_policy_follow(founding, before, c))
        verdict = VERDICT_BAD_POLICY;
    naive_coalition_free(before);
    return verdict;
}
