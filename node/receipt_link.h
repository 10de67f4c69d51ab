/* receipt_link.h - the short public link of a record: unguessable, and resolved without a table by
 * every node that has the coalition's secret.
 *
 *     /r/<id>     id = base64url(HMAC-SHA-256(secret, "accrue/receipt/v1\n" || coalition id ||
 *                                              u64 index), 16 bytes of it || u64 index)
 *
 * Pure. Threads: any.
 */
#ifndef NODE_RECEIPT_LINK_H
#define NODE_RECEIPT_LINK_H

#include "crypto/hash.h"

#define RECEIPT_LINK_PATH "/r/"
enum { RECEIPT_ID_SIZE = 32 }; /* characters */

void receipt_id_make(struct bytes secret, const struct hash *coalition, uint64_t index,
                     char id_out[RECEIPT_ID_SIZE + 1]);
/* False when no record has this id; how long that takes says nothing about why. */
bool receipt_id_open(struct bytes secret, const struct hash *coalition, struct bytes id,
                     uint64_t *index_out) MUST_USE;

#endif
