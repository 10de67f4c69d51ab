/* roster.h - the charters of a coalition by height, and the amendments that make one of another.
 *
 *     height   1 ......... 40 41 42 ...... 90 91 ....
 *     charter  the file's     from 41         from 91
 *
 * An amendment waits until its height is two ahead of the last executed one. Then its turn comes:
 * it makes a new charter, or it does not fit any more and lapses. So the charters of the next two
 * heights are always known, and do not change any more; nothing later is decided yet.
 *
 * Threads: one writer.
 */
#ifndef PARTNERS_ROSTER_H
#define PARTNERS_ROSTER_H

#include "partners/charter.h"
#include "protocol/motion.h"

enum {
    ROSTER_AHEAD = 2, /* heights whose charters are known beyond the last executed one */
    /* Amendments that wait; what suspensions add on top lives for one height. Bounds what lapses
     * can add to the effects of one. */
    PENDING_MAX = 96,
    /* All that ever were, but for suspensions: a charter each stays in memory. */
    AMENDMENTS_MAX = 4096
};

struct amendment {
    uint64_t height; /* from which on it holds */
    uint64_t what;   /* the motion's record; or the node, of kinds that no motion brings */
    enum change_kind kind;
    struct bytes change; /* encoded; the roster's own */
};

struct roster {
    const struct charter **charters; /* by from_height, ascending; the first is borrowed */
    size_t charter_count, charter_capacity;
    /* Those that took effect, in order; then those that wait, by height, then as they were added.
     */
    struct amendment *amendments;
    size_t amendment_count, effective_count, amendment_capacity;
};

/* `charter` is borrowed and must outlive the roster. */
void roster_init(struct roster *roster, const struct charter *charter);
void roster_release(struct roster *roster);

/* The charter in force at a height, from 1; of one that is not decided yet, the newest known. Lives
 * as long as the roster. */
const struct charter *roster_at(const struct roster *roster, uint64_t height);
const struct charter *roster_newest(const struct roster *roster);

/* Lets a change wait for its height. */
void roster_add(struct roster *roster, uint64_t height, uint64_t what, const struct change *change);
size_t roster_waiting(const struct roster *roster);
/* Whether one more may be decided. */
bool roster_has_room(const struct roster *roster);
/* Does a promote, or a suspension of the node under its newest known key, wait? */
bool roster_waits_for(const struct roster *roster, enum change_kind kind, struct node_id node);
/* The turn of the first that waits for `height` or one before: what it was, and whether it fits.
 * False: none does. */
struct turn {
    enum change_kind kind;
    uint64_t what, height;
    bool fits;
};
bool roster_turn(struct roster *roster, uint64_t height, struct turn *turn_out) MUST_USE;

#endif
