/* lock.h - one process a node key on this host, whatever folder it works in: two nodes that sign
 * with one key are two tongues of one voter, and the coalition would suspend it.
 *
 * Held by an abstract unix socket named after the key's hash: no file is left behind, and the
 * kernel lets go when the process ends, however it ends. It covers one network namespace; on other
 * hosts the peers see the second node's signatures (design, agreement rule 6).
 *
 * Threads: one at a time.
 */
#ifndef NODE_LOCK_H
#define NODE_LOCK_H

#include "crypto/sign.h"

struct lock {
    int fd;
};

/* ERROR_BUSY names the pid that has the key. */
bool lock_init(struct lock *lock, const struct public_key *key, struct error *error) MUST_USE;
void lock_release(struct lock *lock); /* safe after a failed init */

#endif
