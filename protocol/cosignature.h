/* cosignature.h - a node's word that the log had this root at this size: C2SP tlog-cosignature,
 * type 04, of the checkpoint "origin, size, root", apart from the note that it belongs to.
 *
 *     cosignature = [node, size, root id32, time, signature]
 *
 * What is signed is the published format's text (crypto/note.h), in which the origin names the log;
 * the node's cosigner key signs nothing else. The time, in seconds since 1970, is no claim: the
 * same size and root signed at another time contradicts nothing.
 *
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_COSIGNATURE_H
#define PROTOCOL_COSIGNATURE_H

#include "crypto/sign.h"
#include "protocol/ids.h"

struct codec_reader;

struct cosignature {
    struct node_id node;
    uint64_t size; /* records, from 1 */
    struct hash root;
    uint64_t time_s;
    struct signature signature;
};

/* Of one node: a second signature on it would be no second claim. */
bool cosignature_same_claim(const struct cosignature *a, const struct cosignature *b);
void cosignature_sign(struct cosignature *cosignature, const struct signing_key *key,
                      const char *origin);
bool cosignature_verify(const struct cosignature *cosignature, const struct verifier *verifier,
                        const char *origin) MUST_USE;
void cosignature_put(const struct cosignature *cosignature, struct buffer *out);
void cosignature_get(struct codec_reader *reader, struct cosignature *cosignature_out);

#endif
