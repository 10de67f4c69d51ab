/* keyring.h - the keys that a node has: those that its configuration names, and the next ones in a
 * folder beside them.
 *
 *   node.json's key, log_key, ...      the present set
 *   next/node.key log.key ...          the next set; may come while the node runs
 *
 * Which of the two is in force the charter in force says: the node goes on with the next ones by
 * itself at the height from which the coalition knows it by them. A key of either set is locked
 * (lock.h) as long as it is held. When the next ones have been in force for long, their files may
 * take the place of the present ones, and the folder be used for the next change.
 *
 * Touches the outside world. Threads: the loop's thread only.
 */
#ifndef NODE_KEYRING_H
#define NODE_KEYRING_H

#include "crypto/channel_keyfile.h"
#include "node/config.h"
#include "node/lock.h"
#include "partners/charter.h"

struct key_set {
    struct signing_key *sign, *log, *cosigner;
    struct channel_key *transport;
    struct lock lock;
};

struct keyring {
    const struct config *config; /* borrowed */
    struct key_set sets[2];
    bool has[2]; /* the first always, once it is open */
    struct key_set
        *found; /* the one that the folder held at the last KEYRING_NEW; NULL: none yet */
};

/* Reads the present set, and the next one if it is there. A next set that cannot be read is the
 * caller's to warn of: `trouble_out`, whose code is ERROR_NONE when there is none. */
bool keyring_open(struct keyring *ring, const struct config *config, struct error *trouble_out,
                  struct error *error) MUST_USE;
void keyring_close(struct keyring *ring); /* safe on a zeroed one */

/* The set that the charter names for the node; NULL: none of those that it has. */
const struct key_set *keyring_in_force(const struct keyring *ring, const struct charter *charter,
                                       struct node_id self);
/* The set whose transport key this is; NULL: none. */
const struct key_set *keyring_by_point(const struct keyring *ring,
                                       const uint8_t point[CHANNEL_POINT_SIZE]);

enum keyring_look {
    KEYRING_SAME, /* nothing new in the folder of next keys */
    KEYRING_NEW, /* it held another set, or other keys beside the signing key that it held before */
    KEYRING_TROUBLE
};
/* Looks into the folder, whose files may come one by one. A new set takes the place of the one that
 * is not `kept`; the set that is kept, and those that node.json names, stay as they were read.
 * After KEYRING_NEW the keys in `before_out` are not the ring's any more: they are released, with
 * key_set_release(), when nobody uses them. */
enum keyring_look keyring_look(struct keyring *ring, const struct key_set *kept,
                               struct key_set *before_out, struct error *trouble_out);
void key_set_release(struct key_set *set); /* safe on a zeroed one */

#endif
