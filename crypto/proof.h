/* proof.h - that an entry is in a log, checkable by itself: C2SP tlog-proof.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>            may be absent; nothing vouches for it
 *     index <decimal>
 *     <base64 of a hash>        from the leaf's sibling up to the root's child, one a line
 *     (an empty line)
 *     <the checkpoint: a signed note, as it is>
 *
 * A text has one reading and a reading one text: what parses comes back unchanged from
 * proof_format(). It is text all over, UTF-8 without control characters. Pure. Threads: any.
 */
#ifndef CRYPTO_PROOF_H
#define CRYPTO_PROOF_H

#include "crypto/merkle.h"
#include "crypto/policy.h"

enum {
    PROOF_EXTRA_MAX = 65535, /* an entry of a log (tlog-tiles) */
    PROOF_SIZE_MAX = 256 * 1024,
};

struct proof {
    struct bytes extra; /* size 0: absent. Borrowed: of proof_parse() from its scratch */
    uint64_t index;
    struct hash hashes[MERKLE_PROOF_MAX];
    size_t hash_count;
    struct bytes checkpoint; /* borrowed: of proof_parse() from the text */
};

/* Appends. Overflows the buffer rather than write half. */
void proof_format(const struct proof *proof, struct buffer *text_out);
/* `scratch` is cleared and takes the decoded extra data; a limit of PROOF_EXTRA_MAX is enough.
 * ERROR_INVALID: malformed; ERROR_LIMIT: longer than a maximum. Says nothing about whether it
 * holds. */
bool proof_parse(struct bytes text, struct buffer *scratch, struct proof *proof_out,
                 struct error *error) MUST_USE;
/* Whether the checkpoint satisfies the policy (see policy_check() for its errors) and `entry` is
 * its leaf `index`: else ERROR_CONFLICT. */
bool proof_verify(const struct proof *proof, struct bytes entry, const struct policy *policy,
                  struct checkpoint *checkpoint_out, struct policy_result *result_out,
                  struct error *error) MUST_USE;

#endif
