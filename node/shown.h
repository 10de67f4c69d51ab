/* shown.h - which checkpoint a node shows: the newest final one that, with the cosignatures there
 * are, meets the policy of the charter; and which one the witnesses outside are asked about.
 *
 *   voters     ... 311 317 320 323 326          final: Q of them cosigned it
 *   offered            317                      one at a time, the same to all witnesses: two that
 *                                               cosign different sizes help nobody
 *   shown          311                          what GET /checkpoint gives
 *
 * Without witnesses outside, all three are the same. A witness is one of the policy with a URL.
 * Pure: time is an argument. Threads: one at a time.
 */
#ifndef NODE_SHOWN_H
#define NODE_SHOWN_H

#include "crypto/policy.h"

enum {
    SHOWN_OFFER_MS = 1000,      /* so long it waits for witnesses that it could do without */
    SHOWN_OFFER_MAX_MS = 15000, /* then it gives way to a newer one, shown or not */
    SHOWN_LINES_MAX = 15 /* witnesses outside: a note has 64 lines, nodes take 48, the log 1 */
};

struct shown_checkpoint {
    struct checkpoint checkpoint; /* size 0: none yet */
    struct buffer note;           /* signed by the log and by voters */
    struct buffer lines;          /* of witnesses outside */
    uint64_t cosigned;            /* bit i: the policy's witness i has */
};

struct shown {
    struct policy policy;
    uint64_t outside; /* bit i: witness i has a URL */
    struct shown_checkpoint newest, offered;
    uint64_t offered_ms;
    struct checkpoint checkpoint; /* that is shown; size 0: none yet */
    struct buffer note;
};

/* Takes the text of the policy. ERROR_LIMIT: more than SHOWN_LINES_MAX witnesses with a URL. */
bool shown_init(struct shown *shown, struct bytes policy, struct error *error) MUST_USE;
/* Another policy from here on, with other keys: what is newest and offered has to be given anew, by
 * shown_final(); what is shown stays until something larger meets the new one. ERROR_LIMIT as
 * above, and nothing has changed. */
bool shown_set_policy(struct shown *shown, struct bytes policy, struct error *error) MUST_USE;
void shown_release(struct shown *shown); /* safe on a zeroed one */
/* The bit of the witness with this key; 0: the policy has none. */
uint64_t shown_bit(const struct shown *shown, const struct note_key *key);

/* A final checkpoint, no smaller than any before, as a note, and who cosigned it. */
void shown_final(struct shown *shown, const struct checkpoint *checkpoint, struct bytes note,
                 uint64_t cosigned, uint64_t now_ms);
/* Moves the offer on when it is time. Call it before asking what is offered. */
void shown_on_time(struct shown *shown, uint64_t now_ms);
/* A witness outside has a larger checkpoint than is offered: a newer offer is due. */
void shown_outrun(struct shown *shown, uint64_t now_ms);
/* What a witness outside cosigned: a line without its newline, that was checked. Of anything but
 * what is offered it comes too late. */
void shown_cosigned(struct shown *shown, size_t witness, const struct checkpoint *checkpoint,
                    struct bytes line, uint64_t now_ms);

#endif
