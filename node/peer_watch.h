/* peer_watch.h - says in the log which peer misbehaves, and how, without filling it.
 *
 * A peer gives one line at most each WATCH_FIRST_MS, and the wait doubles up to WATCH_LAST_MS while
 * it goes on: a liar that keeps at it for a day gives about 150. What honest peers do now and then
 * (a batch that was lost on its way, a vote that came late) is below what is told.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_PEER_WATCH_H
#define NODE_PEER_WATCH_H

#include "node/log.h"
#include "protocol/limits.h"

/* X(name in the log, how many at least since the last line) */
#define PEER_FAULTS(X)                                                                             \
    X(conflicts, 1)             /* signed two things that exclude each other */                    \
    X(cosignature_conflicts, 1) /* cosigned another root */                                        \
    X(refused_cuts, 1)          /* proposed what is invalid */                                     \
    X(unfetched_cuts, 3)        /* proposed what it did not give */                                \
    X(bad_signatures, 1)        /* carried them */                                                 \
    X(malformed, 1)             /* sent messages that do not decode */                             \
    X(bad_frames, 1)            /* or frames */                                                    \
    X(useless, 1000)            /* had signatures checked for nothing */                           \
    X(ignored, 1)               /* so many that it was not listened to */                          \
    X(over_budget, 1)           /* sent more than its share */                                     \
    X(incomplete, 50)           /* began messages and did not end them */                          \
    X(refused_handshakes, 20)   /* began too many handshakes */                                    \
    X(unserved, 1000)           /* asked for more than it gets */

enum peer_fault {
#define X(name, least) FAULT_##name,
    PEER_FAULTS(X)
#undef X
        FAULT_COUNT
};

enum { WATCH_FIRST_MS = 10000, WATCH_LAST_MS = 600000 };

struct peer_watch { /* of one peer; all zero at the start */
    uint64_t told[FAULT_COUNT], said_ms;
    uint32_t wait_ms;
};

/* `counts` since the start, by enum peer_fault. The fields of a line that is due: what came since
 * the last; 0: none is. */
size_t peer_watch_look(struct peer_watch *watch, const uint64_t counts[FAULT_COUNT],
                       uint64_t now_ms, struct log_field fields_out[FAULT_COUNT]);

#endif
