/* cosign.h - who cosigned which checkpoint: the book that a node keeps of its own roots and of its
 * peers' cosignatures, until Q voters' over one (size, root) make that checkpoint final.
 *
 *   points   size  311 314 317 320 323     what this node computed itself, the newest 256
 *            root   r   r   r   r   r
 *   grocer         317     320             the newest 4 cosignatures of each node
 *   books              317     320     326 ahead of us: unchecked until we get there
 *   cinema         317*                    *another root: it contradicts us
 *
 * Who cosigns a checkpoint is said by the charter in force at its height, and where the next height
 * has other voters, by both: the last checkpoint under the old ones is final only with a quorum of
 * each, so that who knows only the old voters is led to the new ones (rule 8). The newest such
 * hand-over stays in the book however many heights follow.
 *
 * The book decides what is worth a signature check, so that none is checked twice and a liar buys
 * no more of them than this node's own log grows; the caller checks. Everything in it is bounded.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_COSIGN_H
#define NODE_COSIGN_H

#include "partners/charter.h"
#include "protocol/cosignature.h"

enum {
    COSIGN_POINTS_MAX = 256, /* a second of heights under load: peers are not later than that */
    COSIGN_HELD_MAX = 4,     /* a second of checkpoints, replica_cosign.c's COSIGN_EVERY_MS apart */
    COSIGN_FINAL_MAX =
        48 /* above Q of 64 voters; leaves 16 lines of a note for log and witnesses */
};

struct cosign_point {
    uint64_t size;
    struct hash root;
    const struct charter *charter, *next; /* in force at its height, and at the one after */
};

/* Cosignatures of one (size, root), nodes ascending. */
struct cosign_final {
    uint64_t size; /* 0: none */
    struct hash root;
    const struct charter *charter; /* whose keys signed; NULL: not known yet */
    size_t count;
    struct cosignature items[COSIGN_FINAL_MAX];
};

enum cosign_state {
    COSIGN_EMPTY,
    COSIGN_UNCHECKED, /* of a size that was not computed here yet */
    COSIGN_AGREES,
    COSIGN_CONTRADICTS /* another root than ours: well signed, and wrong */
};

struct cosign_held {
    enum cosign_state state;
    bool disputed; /* the node cosigned another root, too: of such a size nothing more is checked */
    struct cosignature item;
};

struct cosign_peer {
    struct cosign_held held[COSIGN_HELD_MAX];
    uint64_t agreed, conflicts;
    /* Two roots for one size under this node's key; or, with first.size 0, one against ours. The
     * first pair that was seen stays: it proves the lie to anybody (rule 6). */
    struct {
        struct cosignature first, second; /* second.size 0: none */
    } conflict;
};

struct cosign {
    struct node_id self;
    struct cosign_point points[COSIGN_POINTS_MAX]; /* [n % COSIGN_POINTS_MAX] */
    uint64_t point_count;                          /* ever */
    struct cosign_point handover;                  /* the newest; size 0: none */
    struct cosignature own;                        /* the newest that is durable; size 0: none */
    struct cosign_final final;
    struct cosign_peer peers[NODES_MAX]; /* our own cosignatures too */
};

void cosign_init(struct cosign *cosign, struct node_id self);

/* Do the same nodes vote, with the same keys? Else a checkpoint between is a hand-over. */
bool cosign_same_voters(const struct charter *a, const struct charter *b);
/* Counted with `has`, by node: are there Q of the point's voters, and of the next ones? */
bool cosign_has_quorum(const struct cosign_point *point, const bool has[NODES_MAX]);

/* ---- our own ------------------------------------------------------------------------------- */

/* The next root that was computed here and is durable, with its charters, which are borrowed; sizes
 * ascend. */
void cosign_computed(struct cosign *cosign, const struct cosign_point *point);
/* NULL: not computed here, or too long ago. Valid until the next point. */
const struct cosign_point *cosign_point_at(const struct cosign *cosign, uint64_t size);
/* Our cosignature, once it is durable; larger than any before. */
void cosign_own(struct cosign *cosign, const struct cosignature *own);

/* ---- a cosignature that arrives ------------------------------------------------------------ */

enum cosign_look {
    COSIGN_LOOK_IGNORE, /* known, or of no use */
    COSIGN_LOOK_KEEP,   /* of a size to come: cosign_keep() */
    COSIGN_LOOK_CHECK   /* worth a signature check; when it holds: cosign_take() */
};
/* `by_itself`: its own node brought it. Only then is it kept unchecked: others could fill the
 * node's places with junk. The node is not ours. */
enum cosign_look cosign_look(const struct cosign *cosign, const struct cosignature *item,
                             bool by_itself);
void cosign_keep(struct cosign *cosign, const struct cosignature *item);
/* Well signed, of a size that was computed here. */
enum cosign_state cosign_take(struct cosign *cosign, const struct cosignature *item);
/* Takes out one that was kept and whose size is computed by now; false: there is none. */
bool cosign_next_unchecked(struct cosign *cosign, struct cosignature *item_out);

/* ---- what follows -------------------------------------------------------------------------- */

/* Q voters' cosignatures of `size` make it final; true when `final` changed: a larger size, or one
 * more cosignature for the same. Of observers' as many are added as there is room for. */
bool cosign_finalise(struct cosign *cosign, uint64_t size);
/* As it was before a restart. */
void cosign_restore_final(struct cosign *cosign, const struct cosign_final *final);
/* Rule 10: Q voters other than us cosigned one and the same other root at `size`. */
bool cosign_alarm(const struct cosign *cosign, uint64_t size);
/* The newest cosignature of a node that is well signed; NULL: none. */
const struct cosignature *cosign_newest(const struct cosign *cosign, struct node_id node);

/* ---- in the store -------------------------------------------------------------------------- */

void cosign_final_put(const struct cosign_final *final, struct buffer *out);
bool cosign_final_decode(struct bytes bytes, struct cosign_final *final_out,
                         struct error *error) MUST_USE;

#endif
