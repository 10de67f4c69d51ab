/* naive_coalition.h - who takes part, as the naive model has it: lists, looked through and copied.
 *
 * Threads: as node/naive_model.h.
 */
#ifndef NODE_NAIVE_COALITION_H
#define NODE_NAIVE_COALITION_H

#include "protocol/motion.h"
#include "protocol/verdict.h"

enum { NAIVE_WITNESSES = 64, NAIVE_GROUPS = 64, NAIVE_TEXT = 256 };

struct naive_partner {
    char name[64];
    struct public_key key; /* governance */
    bool left;
};
struct naive_node {
    char name[64];
    uint16_t partner;
    bool voter, left, suspended, joining;
    struct public_key sign, log, cosigner;
    uint8_t point[TRANSPORT_KEY_SIZE];
    char address[NAIVE_TEXT];
};
/* The tlog-policy, without its logs: they are the nodes'. */
struct naive_witness {
    char name[NAIVE_TEXT], key_name[NAIVE_TEXT];
    struct public_key key;
};
struct naive_group {
    char name[NAIVE_TEXT];
    size_t threshold;
    bool has_witness[NAIVE_WITNESSES], has_group[NAIVE_GROUPS];
};
struct naive_policy {
    size_t witness_count, group_count;
    struct naive_witness witnesses[NAIVE_WITNESSES];
    struct naive_group groups[NAIVE_GROUPS];
    bool quorum_is_group;
    size_t quorum; /* a witness or a group */
};

struct naive_coalition {
    struct naive_partner *partners;
    size_t partner_count;
    struct naive_node *nodes;
    size_t node_count;
    struct public_key *retired; /* keys that were replaced */
    size_t retired_count;
    uint64_t limits[LIMIT_NUMBER_MAX + 1]; /* by number */
    struct naive_policy policy;
};

/* What no change changes. */
struct naive_founding {
    struct hash coalition;
    char origin[NAIVE_TEXT];
    bool two_voters;
    int operator_number; /* -1: nobody */
};

struct naive_coalition *naive_coalition_copy(const struct naive_coalition *coalition);
void naive_coalition_free(struct naive_coalition *coalition); /* NULL is fine */
size_t naive_voters(const struct naive_coalition *coalition);
size_t naive_quorum(size_t voters);
bool naive_partner_votes(const struct naive_coalition *coalition, uint16_t partner);

/* Changes it in place; when it is refused, what is left of it means nothing. */
enum verdict naive_change(const struct naive_founding *founding, struct naive_coalition *coalition,
                          const struct change *change);
/* The policy of `after`, still that of `before`, follows the nodes. False: it cannot. */
bool naive_policy_follow(const struct naive_founding *founding,
                         const struct naive_coalition *before, struct naive_coalition *after);

#endif
