/* attestation.h - a voter's word that this is the snapshot of that height: the state and what else
 * a node needs to go on from there (node/snapshot_head.h), which equal histories give to the byte.
 *
 *     attestation = [height, size, id32, node, signature]
 *     id          = SHA-256(u64 size || SHA-256 of each SNAPSHOT_PIECE bytes)
 *     signed, with the purpose "snapshot": [version = 1, height, size, id32]
 *
 * The id covers a list of hashes, so that each piece can be checked as it arrives. A voter signs
 * only what it made itself; Q of them vouch for it.
 *
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_ATTESTATION_H
#define PROTOCOL_ATTESTATION_H

#include "crypto/sign.h"
#include "protocol/ids.h"

struct codec_reader;

enum {
    SNAPSHOT_PIECE = 1024 * 1024, /* bytes; the last one may be shorter */
    SNAPSHOT_PIECES_MAX = 32768   /* their hashes fit one message */
};

struct snapshot_name {
    uint64_t height, size; /* bytes, from 1 */
    struct hash id;
};

struct attestation {
    struct snapshot_name snapshot;
    struct node_id node;
    struct signature signature;
};

bool snapshot_name_equal(const struct snapshot_name *a, const struct snapshot_name *b);
/* How many pieces so many bytes are. */
uint64_t snapshot_piece_count(uint64_t size);
/* The hashes of all its pieces, one after the other; the size must fit their number. */
struct hash snapshot_id(uint64_t size, struct bytes piece_hashes);

void attestation_sign(struct attestation *attestation, const struct signing_key *key,
                      const struct hash *coalition);
bool attestation_verify(const struct attestation *attestation, const struct verifier *verifier,
                        const struct hash *coalition) MUST_USE;
void attestation_put(const struct attestation *attestation, struct buffer *out);
void attestation_get(struct codec_reader *reader, struct attestation *attestation_out);

#endif
