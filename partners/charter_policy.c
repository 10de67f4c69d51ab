#include "partners/charter_policy.h"

#include "crypto/policy.h"

#include <string.h>

bool charter_cosigner_name(const char *origin, const char *node, char name_out[NOTE_NAME_MAX + 1])
{
    size_t before = strlen(origin), after = strlen(node);
    if (before + 1 + after > NOTE_NAME_MAX)
        return false;
    memcpy(name_out, origin, before);
    name_out[before] = '/';
    memcpy(name_out + before + 1, node, after + 1);
    return true;
}

void charter_policy_format(const struct charter *charter, struct buffer *text_out)
{
    size_t voters = 0;
    for (size_t i = 0; i < charter->node_count; i++) {
        if (charter->nodes[i].left)
            continue;
        buffer_append_text(text_out, "log ");
        note_key_format(&charter->nodes[i].log_key, text_out);
        buffer_append_text(text_out, "\n");
        voters += charter->nodes[i].voter;
    }
    for (size_t i = 0; i < charter->node_count; i++) {
        if (!charter->nodes[i].voter)
            continue;
        buffer_printf(text_out, "witness voter/%s ", charter->nodes[i].name);
        note_key_format(&charter->nodes[i].cosigner_key, text_out);
        buffer_append_text(text_out, "\n");
    }
    buffer_printf(text_out, "group voters %zu", quorum_size(voters));
    for (size_t i = 0; i < charter->node_count; i++)
        if (charter->nodes[i].voter)
            buffer_printf(text_out, " voter/%s", charter->nodes[i].name);
    buffer_append_text(text_out, "\nquorum voters\n");
}

static bool same_key(const struct note_key *a, const struct note_key *b)
{
    return strcmp(a->name, b->name) == 0 && memcmp(a->key.at, b->key.at, PUBLIC_KEY_SIZE) == 0;
}

static bool has_log(const struct policy *policy, const struct note_key *key)
{
    for (size_t i = 0; i < policy->log_count; i++)
        if (same_key(&policy->logs[i].key, key))
            return true;
    return false;
}

/* A policy has each key once: as many as nodes, and every node's, are exactly those. */
static bool check_logs(const struct charter *charter, const struct policy *policy,
                       struct error *error)
{
    size_t standing = 0;
    for (size_t i = 0; i < charter->node_count; i++) {
        if (charter->nodes[i].left)
            continue;
        standing++;
        if (!has_log(policy, &charter->nodes[i].log_key))
            return error_set(error, ERROR_INVALID, "has no log line with the log key of node %s",
                             charter->nodes[i].name);
    }
    return policy->log_count == standing ||
           error_set(error, ERROR_INVALID, "has the key of a log that is no node's");
}

/* Sets bit i for each witnesses[i] that is a voter. */
static bool find_voters(const struct charter *charter, const struct policy *policy,
                        uint64_t *voters_out, struct error *error)
{
    uint64_t voters = 0;
    for (size_t i = 0; i < charter->voter_count; i++) {
        const struct charter_node *node = &charter->nodes[charter->voters[i]];
        size_t at = 0;
        while (at < policy->witness_count &&
               !same_key(&policy->witness_keys[at], &node->cosigner_key))
            at++;
        if (at == policy->witness_count)
            return error_set(error, ERROR_INVALID,
                             "has no witness with the cosigner key of voter %s", node->name);
        voters |= UINT64_C(1) << at;
    }
    *voters_out = voters;
    return true;
}

bool charter_policy_check(const struct charter *charter, struct error *error)
{
    struct policy policy;
    uint64_t voters = 0;
    if (!policy_parse(bytes_text(charter->tlog_policy), &policy, error))
        return false;
    size_t quorum = quorum_size(charter->voter_count), least = 0;
    bool good =
        check_logs(charter, &policy, error) && find_voters(charter, &policy, &voters, error);
    if (good && (least = policy_least(&policy, voters)) < quorum)
        good = error_set(error, ERROR_INVALID, "its quorum is met with %zu of the voters, not %zu",
                         least, quorum);
    policy_release(&policy);
    return good;
}
