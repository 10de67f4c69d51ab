#include "node/audit_policy.h"

#include "node/cosign.h"
#include "partners/charter_policy.h"

#include <stdlib.h>
#include <string.h>

/* ---- following ------------------------------------------------------------------------------- */

/* The charter as it would be with this policy; the caller closes it. */
static struct charter *with_policy(const struct charter *charter, struct bytes text)
{
    struct charter *copy = charter_copy(charter);
    char *own = (char *)allocate(text.size + 1, 1);
    if (text.size > 0)
        memcpy(own, text.at, text.size);
    free(copy->tlog_policy);
    copy->tlog_policy = own;
    return copy;
}

/* The text is one that the charter could have. */
static bool fits(const struct charter *charter, struct bytes text)
{
    struct charter *copy = with_policy(charter, text);
    bool good = charter_policy_check(copy, NULL);
    charter_close(copy);
    return good;
}

static const struct charter *charter_before(const struct state *state,
                                            const struct charter *charter)
{
    return charter->from_height > 1 ? state_charter_at(state, charter->from_height - 1) : NULL;
}

/* One charter on. */
static bool follow_one(const struct charter *from, const struct charter *to, struct bytes text,
                       struct buffer *text_out)
{
    struct charter *before = with_policy(from, text);
    struct charter *after = with_policy(to, text);
    bool good = charter_policy_follow(before, after);
    if (good) {
        buffer_clear(text_out);
        buffer_append_text(text_out, after->tlog_policy);
    }
    charter_close(before);
    charter_close(after);
    return good;
}

/* Along the charters, newest first, to the newest. */
static bool follow_all(const struct charter *const *charters, size_t count, struct bytes text,
                       struct buffer *text_out, struct error *error)
{
    struct buffer now, next;
    bool good = true;
    buffer_init(&now, POLICY_SIZE_MAX + 1);
    buffer_init(&next, POLICY_SIZE_MAX + 1);
    buffer_append(&now, text);
    for (size_t i = count - 1; i > 0 && good; i--) {
        good = follow_one(charters[i], charters[i - 1], buffer_bytes(&now), &next) ||
               error_set(error, ERROR_DENIED,
                         "the policy does not go along with the change of members at height %llu",
                         (unsigned long long)charters[i - 1]->from_height);
        buffer_clear(&now);
        buffer_append(&now, buffer_bytes(&next));
    }
    if (good)
        buffer_append(text_out, buffer_bytes(&now));
    buffer_release(&now);
    buffer_release(&next);
    return good;
}

bool audit_policy_follow(const struct state *state, struct bytes text, uint64_t height,
                         struct buffer *text_out, struct error *error)
{
    const struct charter **charters = NULL, *last = state_charter_at(state, height);
    size_t count = 0, capacity = 0;
    bool own = false, found = false;
    for (const struct charter *at = last; at && !found; at = charter_before(state, at)) {
        charters = (const struct charter **)array_grow((void *)charters, &capacity, count + 1,
                                                       sizeof(*charters));
        charters[count++] = at;
        own = bytes_equal(bytes_text(at->tlog_policy), text);
        found = own || fits(at, text);
    }
    if (own)
        buffer_append_text(text_out, last->tlog_policy);
    else if (found)
        found = follow_all(charters, count, text, text_out, error);
    else
        error_set(error, ERROR_NOT_FOUND,
                  "the policy is none that the coalition had, or could have had, at any height");
    free((void *)charters);
    return found;
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool knows_log(const struct policy *policy, const struct note_key *key)
{
    for (size_t i = 0; i < policy->log_count; i++)
        if (memcmp(policy->logs[i].key.key.at, key->key.at, PUBLIC_KEY_SIZE) == 0)
            return true;
    return false;
}

/* Log keys say who shows a checkpoint, and count for nothing else. */
static void add_logs(struct policy *policy, const struct charter *charter)
{
    for (size_t i = 0; i < charter->node_count; i++) {
        const struct note_key *key = &charter->nodes[i].log_key;
        if (policy->log_count == POLICY_LOGS_MAX || knows_log(policy, key))
            continue;
        struct policy_log *logs =
            (struct policy_log *)allocate(policy->log_count + 1, sizeof(*logs));
        memcpy(logs, policy->logs, policy->log_count * sizeof(*logs));
        logs[policy->log_count++].key = *key;
        free(policy->logs);
        policy->logs = logs;
    }
}

bool audit_policy_judge(const struct state *state, struct bytes text, struct bytes note,
                        struct policy *policy_out, struct checkpoint *checkpoint_out,
                        struct policy_result *result_out, struct error *error)
{
    uint64_t height = state_height(state);
    struct buffer now;
    *policy_out = (struct policy){.log_count = 0};
    buffer_init(&now, POLICY_SIZE_MAX + 1);
    bool good = audit_policy_follow(state, text, height, &now, error) &&
                policy_parse(buffer_bytes(&now), policy_out, error);
    buffer_release(&now);
    if (!good)
        return false;
    add_logs(policy_out, state_charter_at(state, height + 1));
    add_logs(policy_out, state_charter_at(state, height + 2));
    return policy_check(policy_out, note, checkpoint_out, result_out, error);
}

/* ---- hand-overs ------------------------------------------------------------------------------ */

bool audit_handover_holds(const struct state *state, struct bytes note,
                          struct handover *handover_out)
{
    const struct charter *charter = state_charter_at(state, state_height(state));
    const struct charter *next = state_charter_at(state, state_height(state) + 1);
    struct note_key keys[VOTERS_MAX];
    struct note_result result;
    struct error error;
    size_t count = 0;
    if (cosign_same_voters(charter, next))
        return true;
    /* With the keys that they have at the checkpoint's own height. */
    for (size_t i = 0; i < next->voter_count; i++)
        if (next->voters[i] < charter->node_count)
            keys[count++] = charter->nodes[next->voters[i]].cosigner_key;
    *handover_out = (struct handover){.quorum = quorum_size(next->voter_count)};
    if (note_open(note, keys, count, &result, &error))
        for (uint64_t left = result.verified; left; left &= left - 1)
            handover_out->cosigned++;
    return handover_out->cosigned >= handover_out->quorum;
}
