/* The tlog-policy of an amended charter: the text of the one before, with the coalition's own lines
 * made anew. Witnesses from outside and their groups stay as they are. */
#include "crypto/policy.h"
#include "partners/charter_policy.h"

#include <stdlib.h>
#include <string.h>

#define VOTER_PREFIX "voter/"

struct follow {
    const struct charter *before, *after;
    struct policy policy; /* of `before` */
    size_t nodes[POLICY_WITNESSES_MAX];
    uint64_t ours;            /* witnesses that are a node's, whose number is in `nodes` */
    uint64_t voters;          /* of those, the ones that voted */
    uint64_t staying;         /* witnesses that keep their line */
    bool newcomer[NODES_MAX]; /* votes from now on, and gets a line */
    size_t newcomers;
    struct buffer text;
};

static bool has(uint64_t mask, size_t place)
{
    return mask >> place & 1;
}

static bool key_is(const struct note_key *a, const struct note_key *b)
{
    return strcmp(a->name, b->name) == 0 && memcmp(a->key.at, b->key.at, PUBLIC_KEY_SIZE) == 0;
}

/* ---- who stays ------------------------------------------------------------------------------- */

/* A voter that votes no more loses its line, and a witness that begins to vote gets another. */
static void find_staying(struct follow *follow)
{
    const struct policy *policy = &follow->policy;
    for (size_t i = 0; i < policy->witness_count; i++) {
        size_t node = 0, count = follow->before->node_count;
        while (node < count &&
               !key_is(&policy->witness_keys[i], &follow->before->nodes[node].cosigner_key))
            node++;
        uint64_t bit = UINT64_C(1) << i;
        if (node == count) {
            follow->staying |= bit;
            continue;
        }
        const struct charter_node *was = &follow->before->nodes[node];
        const struct charter_node *is = &follow->after->nodes[node];
        follow->nodes[i] = node;
        follow->ours |= bit;
        follow->voters |= was->voter ? bit : 0;
        follow->staying |= !is->left && is->voter == was->voter ? bit : 0;
    }
    for (size_t i = 0; i < follow->after->node_count; i++) {
        bool voted = i < follow->before->node_count && follow->before->nodes[i].voter;
        follow->newcomer[i] = follow->after->nodes[i].voter && !voted;
        follow->newcomers += follow->newcomer[i];
    }
}

/* ---- the lines ------------------------------------------------------------------------------- */

static void end_line(struct follow *follow, const char *url)
{
    if (url[0])
        buffer_printf(&follow->text, " %s", url);
    buffer_append_text(&follow->text, "\n");
}

static void write_logs(struct follow *follow)
{
    for (size_t i = 0; i < follow->after->node_count; i++) {
        const char *url = "";
        if (follow->after->nodes[i].left)
            continue;
        for (size_t j = 0; j < follow->policy.log_count && i < follow->before->node_count; j++)
            if (key_is(&follow->policy.logs[j].key, &follow->before->nodes[i].log_key))
                url = follow->policy.logs[j].url;
        buffer_append_text(&follow->text, "log ");
        note_key_format(&follow->after->nodes[i].log_key, &follow->text);
        end_line(follow, url);
    }
}

static void write_witnesses(struct follow *follow)
{
    const struct policy *policy = &follow->policy;
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (!has(follow->staying, i))
            continue;
        buffer_printf(&follow->text, "witness %s ", policy->witnesses[i].name);
        note_key_format(has(follow->ours, i) ? &follow->after->nodes[follow->nodes[i]].cosigner_key
                                             : &policy->witness_keys[i],
                        &follow->text);
        end_line(follow, policy->witnesses[i].url);
    }
    for (size_t i = 0; i < follow->after->node_count; i++) {
        if (!follow->newcomer[i])
            continue;
        buffer_printf(&follow->text, "witness " VOTER_PREFIX "%s ", follow->after->nodes[i].name);
        note_key_format(&follow->after->nodes[i].cosigner_key, &follow->text);
        end_line(follow, "");
    }
}

/* The group of which every voter is a member; its place, or group_count. */
static size_t voters_group(const struct follow *follow)
{
    size_t i = 0;
    while (i < follow->policy.group_count &&
           (follow->policy.groups[i].witnesses & follow->voters) != follow->voters)
        i++;
    return i;
}

static void write_members(struct follow *follow, const struct policy_group *group, bool of_voters)
{
    for (size_t i = 0; i < follow->policy.witness_count; i++)
        if (has(group->witnesses & follow->staying, i))
            buffer_printf(&follow->text, " %s", follow->policy.witnesses[i].name);
    for (size_t i = 0; of_voters && i < follow->after->node_count; i++)
        if (follow->newcomer[i])
            buffer_printf(&follow->text, " " VOTER_PREFIX "%s", follow->after->nodes[i].name);
    for (size_t i = 0; i < follow->policy.group_count; i++)
        if (has(group->groups, i))
            buffer_printf(&follow->text, " %s", follow->policy.groups[i].name);
}

/* The voters' group asks for as many beyond Q as it did, the others for what they did; and none for
 * more than its members. */
static void write_groups(struct follow *follow)
{
    size_t old_quorum = quorum_size(follow->before->voter_count);
    size_t new_quorum = quorum_size(follow->after->voter_count);
    size_t ours = voters_group(follow);
    for (size_t i = 0; i < follow->policy.group_count; i++) {
        const struct policy_group *group = &follow->policy.groups[i];
        size_t wanted = group->threshold;
        size_t members = (size_t)__builtin_popcountll(group->witnesses & follow->staying) +
                         (size_t)__builtin_popcountll(group->groups);
        if (i == ours) {
            members += follow->newcomers;
            wanted = new_quorum + (wanted > old_quorum ? wanted - old_quorum : 0);
        }
        buffer_printf(&follow->text, "group %s %zu", group->name,
                      wanted < members ? wanted : members);
        write_members(follow, group, i == ours);
        buffer_append_text(&follow->text, "\n");
    }
}

static void write_quorum(struct follow *follow)
{
    const struct policy *policy = &follow->policy;
    const char *name = "none";
    if (policy->quorum == POLICY_ONE_WITNESS)
        name = policy->witnesses[policy->quorum_index].name;
    else if (policy->quorum == POLICY_ONE_GROUP)
        name = policy->groups[policy->quorum_index].name;
    buffer_printf(&follow->text, "quorum %s\n", name);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void take_text(struct charter *after, struct buffer *text)
{
    size_t size = text->size;
    char *own = allocate(size + 1, 1);
    memcpy(own, text->at, size);
    free(after->tlog_policy);
    after->tlog_policy = own;
}

static bool rewrite(const struct charter *before, struct charter *after)
{
    struct follow *follow = allocate(1, sizeof(*follow));
    follow->before = before;
    follow->after = after;
    buffer_init(&follow->text, POLICY_SIZE_MAX);
    bool good = policy_parse(bytes_text(before->tlog_policy), &follow->policy, NULL);
    if (good) {
        find_staying(follow);
        write_logs(follow);
        write_witnesses(follow);
        write_groups(follow);
        write_quorum(follow);
        good = !follow->text.overflowed;
    }
    if (good)
        take_text(after, &follow->text);
    policy_release(&follow->policy);
    buffer_release(&follow->text);
    free(follow);
    /* What the lines say together, a name twice or a group without members, is found here. */
    return good && charter_policy_check(after, NULL);
}

bool charter_policy_follow(const struct charter *before, struct charter *after)
{
    bool same_voters = before->voter_count == after->voter_count &&
                       memcmp(before->voters, after->voters, sizeof(before->voters)) == 0;
    return (same_voters && charter_policy_check(after, NULL)) || rewrite(before, after);
}
