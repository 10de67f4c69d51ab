/* batch.h - a node's signed step of its own lane: many transactions, one signature.
 *
 *     header  = [version, coalition, lane, sequence, previous batch id, created_ms, transactions,
 *                payload size, payload hash]
 *     payload = transactions as CBOR byte strings, one after the other
 *     batch   = [header as byte string, signature, payload as byte string]
 *     id      = SHA-256(header); the signature (PURPOSE_BATCH) is over the id
 *
 * A batch is valid by header, chain, signature, size and framing alone; what a transaction inside
 * it means is decided at execution. Pure. Threads: any.
 */
#ifndef PROTOCOL_BATCH_H
#define PROTOCOL_BATCH_H

#include "crypto/sign.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

enum { BATCH_HEADER_MAX = 256 };

struct batch {
    struct hash coalition;
    struct node_id lane;
    uint64_t sequence;    /* from 1 */
    struct hash previous; /* zero for sequence 1 */
    uint64_t created_ms;  /* the writer's clock; for people, decides nothing */
    uint32_t transaction_count;
    struct bytes payload; /* borrowed */
    struct hash payload_hash;
    struct hash id; /* computed, not sent */
    struct signature signature;
};

/* Appends one framed transaction to a payload. */
void batch_payload_put(struct buffer *payload, struct bytes transaction);
/* Takes the next transaction off a checked payload; false at its end. */
bool batch_payload_next(struct bytes *rest, struct bytes *transaction_out);

/* Fills in payload hash, id and signature. */
void batch_seal(struct batch *batch, const struct signing_key *key);
void batch_encode(const struct batch *batch, struct buffer *out);
/* Checks everything but chain and signature; borrows the payload from `bytes`. */
bool batch_decode(struct bytes bytes, struct batch *batch_out, struct error *error) MUST_USE;
/* Takes apart a batch that was checked before it was kept; hashes nothing. Borrows from `bytes`. */
bool batch_open(struct bytes bytes, struct bytes *header_out, struct bytes *signature_out,
                struct bytes *payload_out, struct error *error) MUST_USE;
/* The header alone, as it is signed. What is read has its id, no signature, and of its payload
 * nothing but the size. */
void batch_header_put(const struct batch *batch, struct buffer *out);
bool batch_header_decode(struct bytes header, struct batch *batch_out,
                         struct error *error) MUST_USE;
bool batch_verify(const struct batch *batch, const struct verifier *verifier) MUST_USE;

#endif
