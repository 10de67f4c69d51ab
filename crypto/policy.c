#include "crypto/policy.h"

#include <stdlib.h>
#include <string.h>

enum { NOTE_PASS_KEYS = 64 /* that note_open() checks at once */ };

struct parser {
    struct policy policy;
    size_t log_capacity, witness_capacity, key_capacity, group_capacity;
    uint64_t grouped_witnesses, grouped_groups; /* members of a group already */
    bool has_quorum;
};

/* ---- lines and fields ---------------------------------------------------------------------- */

static bool is_blank(uint8_t character)
{
    return character == ' ' || character == '\t';
}

/* Takes the next field off the front of `line`; false at its end. */
static bool field_next(struct bytes *line, struct bytes *field_out)
{
    size_t start = 0;
    while (start < line->size && is_blank(line->at[start])) {
        start++;
    }
    size_t end = start;
    while (end < line->size && !is_blank(line->at[end])) {
        end++;
    }
    if (start == end) {
        return false;
    }
    *field_out = bytes_of(line->at + start, end - start);
    *line = bytes_of(line->at + end, line->size - end);
    return true;
}

static bool field_is(struct bytes field, const char *word)
{
    return bytes_equal(field, bytes_text(word));
}

static bool line_ended(struct bytes *line, struct error *error)
{
    struct bytes field;
    return !field_next(line, &field) ||
           error_set(error, ERROR_INVALID, "more than belongs on such a line");
}

static bool field_copy(struct bytes field, size_t max, char *out, struct error *error)
{
    if (field.size > max) {
        return error_set(error, ERROR_LIMIT, "a name or URL has at most %zu bytes", max);
    }
    memcpy(out, field.at, field.size);
    out[field.size] = '\0';
    return true;
}

/* The optional last field. */
static bool url_next(struct bytes *line, char *url_out, struct error *error)
{
    struct bytes field;
    return !field_next(line, &field) ||
           (field_copy(field, POLICY_URL_MAX, url_out, error) && line_ended(line, error));
}

static bool key_next(struct bytes *line, uint8_t type, struct note_key *key_out,
                     struct error *error)
{
    struct bytes field;
    struct note_key key;
    if (!field_next(line, &field)) {
        return error_set(error, ERROR_INVALID, "the verifier key is missing");
    }
    if (!note_key_parse(field, &key, error)) {
        return false;
    }
    if (key.type != type) {
        return error_set(error, ERROR_INVALID, "the key is of type %02x, it must be %02x", key.type,
                         type);
    }
    *key_out = key;
    return true;
}

static bool same_key(const struct note_key *a, const struct note_key *b)
{
    return memcmp(a->key.at, b->key.at, PUBLIC_KEY_SIZE) == 0;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool find_witness(const struct policy *policy, struct bytes name, size_t *index_out)
{
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (field_is(name, policy->witnesses[i].name)) {
            *index_out = i;
            return true;
        }
    }
    return false;
}

static bool find_group(const struct policy *policy, struct bytes name, size_t *index_out)
{
    for (size_t i = 0; i < policy->group_count; i++) {
        if (field_is(name, policy->groups[i].name)) {
            *index_out = i;
            return true;
        }
    }
    return false;
}

/* A name that is being defined. */
static bool name_next(const struct policy *policy, struct bytes *line, char *name_out,
                      struct error *error)
{
    struct bytes name;
    size_t index = 0;
    if (!field_next(line, &name)) {
        return error_set(error, ERROR_INVALID, "the name is missing");
    }
    if (field_is(name, "none")) {
        return error_set(error, ERROR_INVALID, "the name \"none\" is taken by the format");
    }
    if (find_witness(policy, name, &index) || find_group(policy, name, &index)) {
        return error_set(error, ERROR_INVALID, "this name is defined already");
    }
    return field_copy(name, POLICY_NAME_MAX, name_out, error);
}

/* ---- lines of each kind ---------------------------------------------------------------------- */

static bool parse_log(struct parser *parser, struct bytes line, struct error *error)
{
    struct policy *policy = &parser->policy;
    struct policy_log log = {.url = ""};
    if (policy->log_count == POLICY_LOGS_MAX) {
        return error_set(error, ERROR_LIMIT, "more than %d logs", POLICY_LOGS_MAX);
    }
    if (!key_next(&line, NOTE_TYPE_ED25519, &log.key, error) || !url_next(&line, log.url, error)) {
        return false;
    }
    for (size_t i = 0; i < policy->log_count; i++) {
        if (same_key(&policy->logs[i].key, &log.key)) {
            return error_set(error, ERROR_INVALID, "this key is that of another log line");
        }
    }
    policy->logs = array_grow(policy->logs, &parser->log_capacity, policy->log_count + 1,
                              sizeof(policy->logs[0]));
    policy->logs[policy->log_count++] = log;
    return true;
}

static bool parse_witness(struct parser *parser, struct bytes line, struct error *error)
{
    struct policy *policy = &parser->policy;
    struct policy_witness witness = {.url = ""};
    struct note_key key;
    if (policy->witness_count == POLICY_WITNESSES_MAX) {
        return error_set(error, ERROR_LIMIT, "more than %d witnesses", POLICY_WITNESSES_MAX);
    }
    if (!name_next(policy, &line, witness.name, error) ||
        !key_next(&line, NOTE_TYPE_COSIGNATURE, &key, error) ||
        !url_next(&line, witness.url, error)) {
        return false;
    }
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (same_key(&policy->witness_keys[i], &key)) {
            return error_set(error, ERROR_INVALID, "this key is that of another witness");
        }
    }
    size_t wanted = policy->witness_count + 1;
    policy->witnesses = array_grow(policy->witnesses, &parser->witness_capacity, wanted,
                                   sizeof(policy->witnesses[0]));
    policy->witness_keys = array_grow(policy->witness_keys, &parser->key_capacity, wanted,
                                      sizeof(policy->witness_keys[0]));
    policy->witnesses[policy->witness_count] = witness;
    policy->witness_keys[policy->witness_count++] = key;
    return true;
}

static bool member_add(struct parser *parser, struct bytes name, struct policy_group *group,
                       struct error *error)
{
    size_t index = 0;
    uint64_t *members = &group->witnesses;
    uint64_t *grouped = &parser->grouped_witnesses;
    if (!find_witness(&parser->policy, name, &index)) {
        members = &group->groups;
        grouped = &parser->grouped_groups;
        if (!find_group(&parser->policy, name, &index)) {
            return error_set(error, ERROR_INVALID, "a member is not defined on a line before");
        }
    }
    uint64_t bit = UINT64_C(1) << index;
    if (*grouped & bit) {
        return error_set(error, ERROR_INVALID, "a member is listed twice or in two groups");
    }
    *grouped |= bit;
    *members |= bit;
    return true;
}

static bool threshold_parse(struct bytes word, uint64_t members, uint32_t *threshold_out,
                            struct error *error)
{
    uint64_t threshold = field_is(word, "any") ? 1 : members;
    if (members == 0) {
        return error_set(error, ERROR_INVALID, "a group has at least one member");
    }
    if (!field_is(word, "any") && !field_is(word, "all") &&
        (!parse_u64(word, members, &threshold) || threshold == 0)) {
        return error_set(error, ERROR_INVALID, "the threshold is any, all, or 1 to %u",
                         (unsigned)members);
    }
    *threshold_out = (uint32_t)threshold;
    return true;
}

static bool parse_group(struct parser *parser, struct bytes line, struct error *error)
{
    struct policy *policy = &parser->policy;
    struct policy_group group = {.threshold = 0};
    struct bytes threshold, member;
    uint64_t members = 0;
    if (policy->group_count == POLICY_GROUPS_MAX) {
        return error_set(error, ERROR_LIMIT, "more than %d groups", POLICY_GROUPS_MAX);
    }
    if (!name_next(policy, &line, group.name, error)) {
        return false;
    }
    if (!field_next(&line, &threshold)) {
        return error_set(error, ERROR_INVALID, "the threshold is missing");
    }
    for (; field_next(&line, &member); members++) {
        if (!member_add(parser, member, &group, error)) {
            return false;
        }
    }
    if (!threshold_parse(threshold, members, &group.threshold, error)) {
        return false;
    }
    policy->groups = array_grow(policy->groups, &parser->group_capacity, policy->group_count + 1,
                                sizeof(policy->groups[0]));
    policy->groups[policy->group_count++] = group;
    return true;
}

static bool parse_quorum(struct parser *parser, struct bytes line, struct error *error)
{
    struct policy *policy = &parser->policy;
    struct bytes name;
    if (parser->has_quorum) {
        return error_set(error, ERROR_INVALID, "a second quorum line");
    }
    if (!field_next(&line, &name)) {
        return error_set(error, ERROR_INVALID, "the name is missing");
    }
    if (field_is(name, "none")) {
        policy->quorum = POLICY_NO_QUORUM;
    } else if (find_witness(policy, name, &policy->quorum_index)) {
        policy->quorum = POLICY_ONE_WITNESS;
    } else if (find_group(policy, name, &policy->quorum_index)) {
        policy->quorum = POLICY_ONE_GROUP;
    } else {
        return error_set(error, ERROR_INVALID, "the quorum is not defined on a line before");
    }
    parser->has_quorum = true;
    return line_ended(&line, error);
}

static bool parse_line(struct parser *parser, struct bytes line, struct error *error)
{
    struct bytes word;
    for (size_t i = 0; i < line.size; i++) {
        if ((line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7F) {
            return error_set(error, ERROR_INVALID, "control characters do not belong here");
        }
    }
    if (!field_next(&line, &word) || word.at[0] == '#') {
        return true;
    }
    if (field_is(word, "log")) {
        return parse_log(parser, line, error);
    }
    if (field_is(word, "witness")) {
        return parse_witness(parser, line, error);
    }
    if (field_is(word, "group")) {
        return parse_group(parser, line, error);
    }
    if (field_is(word, "quorum")) {
        return parse_quorum(parser, line, error);
    }
    return error_set(error, ERROR_INVALID, "a line begins with log, witness, group, quorum or #");
}

static bool parse_lines(struct parser *parser, struct bytes text, struct error *error)
{
    for (size_t number = 1; text.size > 0; number++) {
        struct bytes line;
        if (!bytes_cut(&text, '\n', &line)) {
            return error_set(error, ERROR_INVALID, "line %zu does not end in a newline", number);
        }
        if (!parse_line(parser, line, error)) {
            return error_wrap(error, "line %zu", number);
        }
    }
    if (parser->policy.log_count == 0) {
        return error_set(error, ERROR_INVALID, "there is no log line");
    }
    return parser->has_quorum || error_set(error, ERROR_INVALID, "there is no quorum line");
}

bool policy_parse(struct bytes text, struct policy *policy_out, struct error *error)
{
    struct parser parser = {.has_quorum = false};
    if (text.size > POLICY_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a policy has at most %d bytes", POLICY_SIZE_MAX);
    }
    if (!parse_lines(&parser, text, error)) {
        policy_release(&parser.policy);
        return false;
    }
    *policy_out = parser.policy;
    return true;
}

void policy_release(struct policy *policy)
{
    free(policy->logs);
    free(policy->witnesses);
    free(policy->witness_keys);
    free(policy->groups);
    *policy = (struct policy){.log_count = 0};
}

/* ---- the quorum ------------------------------------------------------------------------------ */

static size_t bit_count(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

bool policy_met(const struct policy *policy, uint64_t witnesses)
{
    /* Members of a group are defined before it: one pass settles them all. */
    uint64_t met = 0;
    for (size_t i = 0; i < policy->group_count; i++) {
        const struct policy_group *group = &policy->groups[i];
        size_t members = bit_count(group->witnesses & witnesses) + bit_count(group->groups & met);
        met |= (uint64_t)(members >= group->threshold) << i;
    }
    switch (policy->quorum) {
    case POLICY_NO_QUORUM:
        return true;
    case POLICY_ONE_WITNESS:
        return witnesses >> policy->quorum_index & 1;
    case POLICY_ONE_GROUP:
        return met >> policy->quorum_index & 1;
    }
    must(false);
}

static int compare_sizes(const void *a, const void *b)
{
    size_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

/* No witness is in two groups, so members are paid for apart and the cheapest are taken. */
static size_t group_least(const struct policy_group *group, uint64_t counted,
                          const size_t least[POLICY_GROUPS_MAX])
{
    size_t costs[POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < POLICY_WITNESSES_MAX; i++) {
        if (group->witnesses >> i & 1) {
            costs[count++] = counted >> i & 1;
        }
    }
    for (size_t i = 0; i < POLICY_GROUPS_MAX; i++) {
        if (group->groups >> i & 1) {
            costs[count++] = least[i];
        }
    }
    must(group->threshold <= count);
    qsort(costs, count, sizeof(costs[0]), compare_sizes);
    size_t sum = 0;
    for (size_t i = 0; i < group->threshold; i++) {
        sum += costs[i];
    }
    return sum;
}

size_t policy_least(const struct policy *policy, uint64_t counted)
{
    size_t least[POLICY_GROUPS_MAX] = {0};
    for (size_t i = 0; i < policy->group_count; i++) {
        least[i] = group_least(&policy->groups[i], counted, least);
    }
    switch (policy->quorum) {
    case POLICY_NO_QUORUM:
        return 0;
    case POLICY_ONE_WITNESS:
        return counted >> policy->quorum_index & 1;
    case POLICY_ONE_GROUP:
        return least[policy->quorum_index];
    }
    must(false);
}

/* ---- checkpoints ------------------------------------------------------------------------------
 */

/* note_open(), where no signature of a known key is an answer too. */
static bool open_some(struct bytes note, const struct note_key *keys, size_t key_count,
                      struct note_result *result_out, struct error *error)
{
    struct error why = {.code = ERROR_NONE};
    if (note_open(note, keys, key_count, result_out, &why)) {
        return true;
    }
    *result_out = (struct note_result){.verified = 0};
    return why.code == ERROR_NOT_FOUND || error_set(error, why.code, "%s", why.text);
}

/* Leaves in the result the logs that signed; text_out is set when any did. */
static bool open_logs(const struct policy *policy, struct bytes note, struct policy_result *result,
                      struct bytes *text_out, struct error *error)
{
    struct note_key keys[NOTE_PASS_KEYS];
    for (size_t from = 0; from < policy->log_count; from += NOTE_PASS_KEYS) {
        struct note_result opened;
        size_t count = 0;
        for (; count < NOTE_PASS_KEYS && from + count < policy->log_count; count++) {
            keys[count] = policy->logs[from + count].key;
        }
        if (!open_some(note, keys, count, &opened, error)) {
            return false;
        }
        result->logs[from / 64] = opened.verified;
        if (opened.verified != 0) {
            *text_out = opened.text;
        }
    }
    return true;
}

/* A log's signature counts under its own origin only. */
static bool keep_own_logs(const struct policy *policy, const char *origin,
                          struct policy_result *result)
{
    bool any = false;
    for (size_t i = 0; i < policy->log_count; i++) {
        if (strcmp(policy->logs[i].key.name, origin) != 0) {
            result->logs[i / 64] &= ~(UINT64_C(1) << i % 64);
        }
        any = any || policy_log_signed(result, i);
    }
    return any;
}

bool policy_check(const struct policy *policy, struct bytes note, struct checkpoint *checkpoint_out,
                  struct policy_result *result_out, struct error *error)
{
    struct policy_result result = {.witnesses = 0};
    struct checkpoint checkpoint;
    struct note_result cosigned;
    struct bytes text = {.at = NULL};
    if (!open_logs(policy, note, &result, &text, error)) {
        return false;
    }
    if (!text.at) {
        return error_set(error, ERROR_DENIED, "no log of the policy signed this checkpoint");
    }
    if (!checkpoint_parse(text, &checkpoint, error)) {
        return false;
    }
    if (!keep_own_logs(policy, checkpoint.origin, &result)) {
        return error_set(error, ERROR_DENIED, "signed by a log, but not under its own origin");
    }
    if (!open_some(note, policy->witness_keys, policy->witness_count, &cosigned, error)) {
        return false;
    }
    if (!policy_met(policy, cosigned.verified)) {
        return error_set(error, ERROR_DENIED, "%zu of %zu witnesses cosigned it: no quorum",
                         bit_count(cosigned.verified), policy->witness_count);
    }
    result.witnesses = cosigned.verified;
    memcpy(result.times_s, cosigned.times_s, sizeof(result.times_s));
    *checkpoint_out = checkpoint;
    *result_out = result;
    return true;
}
