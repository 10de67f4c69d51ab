/* ids.h - identities as one-field structs, so that a member is never taken for a node.
 *
 * Partners and nodes are numbered by their place in the charter; numbers are never reused. A lane
 * has the number of the node that writes it.
 */
#ifndef PROTOCOL_IDS_H
#define PROTOCOL_IDS_H

#include "crypto/hash.h"
#include "protocol/limits.h"

enum { MEMBER_REF_SIZE = 16, MEMBER_TEXT_SIZE = 33 };

struct partner_id {
    uint16_t v;
};
struct node_id {
    uint16_t v;
};
struct member_ref { /* random, 128 bits */
    uint8_t at[MEMBER_REF_SIZE];
};
struct card_token { /* HMAC-SHA-256(coalition secret, card number) */
    uint8_t at[HASH_SIZE];
};
struct lot_number { /* 1, 2, ... in order of creation; 0 is no lot */
    uint64_t v;
};
struct record_index { /* place in the log, from 0 */
    uint64_t v;
};

static inline bool partner_equal(struct partner_id a, struct partner_id b)
{
    return a.v == b.v;
}
static inline bool member_equal(const struct member_ref *a, const struct member_ref *b)
{
    return __builtin_memcmp(a->at, b->at, MEMBER_REF_SIZE) == 0;
}
/* A partner's or a node's name: a letter, then letters, digits and '-' (a-z), 1..NAME_SIZE_MAX. */
bool name_valid(struct bytes name) MUST_USE;
/* "tcp://HOST:PORT", at most ADDRESS_SIZE_MAX bytes without spaces or control characters. */
bool address_valid(struct bytes address) MUST_USE;
void member_format(const struct member_ref *member, char text_out[MEMBER_TEXT_SIZE]);
bool member_parse(struct bytes text, struct member_ref *member_out) MUST_USE; /* 32 hex digits */

#endif
