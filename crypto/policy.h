/* policy.h - whom a reader of a log trusts: C2SP tlog-policy.
 *
 * A text of lines: known logs, known witnesses, groups of them, and the quorum that a checkpoint
 * must be cosigned by.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> <k>|any|all <name>...        at least k of these witnesses and groups
 *     quorum <name>|none
 *
 * Names are opaque bytes and mean nothing outside the text. Since a name is a member of one group
 * at most, the groups below the quorum form a tree. Pure. Threads: any.
 */
#ifndef CRYPTO_POLICY_H
#define CRYPTO_POLICY_H

#include "crypto/note.h"

enum {
    POLICY_SIZE_MAX = 256 * 1024,
    POLICY_LOGS_MAX = 256,     /* a log key for each node that a coalition may have */
    POLICY_WITNESSES_MAX = 64, /* bits of a mask, and what note_open() takes */
    POLICY_GROUPS_MAX = 64,
    POLICY_NAME_MAX = 255,
    POLICY_URL_MAX = 255,
    POLICY_LOG_MASKS = POLICY_LOGS_MAX / 64
};

struct policy_log {
    struct note_key key; /* type 01; its name is the log's origin */
    char url[POLICY_URL_MAX + 1];
};
struct policy_witness {
    char name[POLICY_NAME_MAX + 1]; /* in the policy; the key has a name of its own */
    char url[POLICY_URL_MAX + 1];
};
struct policy_group {
    char name[POLICY_NAME_MAX + 1];
    uint32_t threshold; /* 1 .. number of members */
    uint64_t witnesses; /* members: bit i is witnesses[i] */
    uint64_t groups;    /* members: bit i is groups[i], one defined before */
};
enum policy_quorum { POLICY_NO_QUORUM, POLICY_ONE_WITNESS, POLICY_ONE_GROUP };

struct policy {
    struct policy_log *logs; /* in the order of the text, as the others */
    size_t log_count;        /* from 1 */
    struct policy_witness *witnesses;
    struct note_key *witness_keys; /* type 04; beside the names, as note_open() wants them */
    size_t witness_count;
    struct policy_group *groups;
    size_t group_count;
    enum policy_quorum quorum;
    size_t quorum_index; /* of the witness or group */
};

/* Strict: unknown words, names not defined before, a name or key defined twice, a name in two
 * groups, a threshold out of range, no log, not exactly one quorum line, a last line without its
 * newline: ERROR_INVALID, with the line's number. Beyond a maximum: ERROR_LIMIT. */
bool policy_parse(struct bytes text, struct policy *policy_out, struct error *error) MUST_USE;
void policy_release(struct policy *policy); /* safe on a zeroed one */

/* Whether these witnesses meet the quorum; bit i is witnesses[i]. */
bool policy_met(const struct policy *policy, uint64_t witnesses) MUST_USE;
/* The fewest witnesses out of `counted` that any set which meets the quorum has. */
size_t policy_least(const struct policy *policy, uint64_t counted);

struct policy_result {
    uint64_t logs[POLICY_LOG_MASKS]; /* bit i % 64 of [i / 64]: logs[i], whose name is the origin */
    uint64_t witnesses;              /* bit i: witnesses[i] cosigned it */
    uint64_t times_s[POLICY_WITNESSES_MAX]; /* when they say they did */
};
static inline bool policy_log_signed(const struct policy_result *result, size_t log)
{
    return result->logs[log / 64] >> log % 64 & 1;
}
/* Whether the note is a checkpoint that a log of the policy signed under its own origin, with
 * cosignatures that meet the quorum. ERROR_INVALID: malformed, or a signature of a known key does
 * not hold; ERROR_DENIED: too few have signed. */
bool policy_check(const struct policy *policy, struct bytes note, struct checkpoint *checkpoint_out,
                  struct policy_result *result_out, struct error *error) MUST_USE;

#endif
