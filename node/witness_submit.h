/* witness_submit.h - when a log turns to one of its witnesses, and what the answers mean: the other
 * side of witness.h.
 *
 * The log need not know what the witness has: it claims something, and a 409 says better. After a
 * success it comes again a second later at the earliest, after a failure later and later.
 *
 * Pure: time is an argument, milliseconds of any clock that does not go back. Threads: any.
 */
#ifndef NODE_WITNESS_SUBMIT_H
#define NODE_WITNESS_SUBMIT_H

#include "node/witness.h"

enum {
    SUBMIT_EVERY_MS = 1000,
    SUBMIT_BACKOFF_MS = 1000, /* doubling ... */
    SUBMIT_BACKOFF_MAX_MS = 5 * 60 * 1000,
    SUBMIT_CORRECTIONS_MAX = 3 /* other sizes told in a row, before it counts as a failure */
};

struct submit {
    uint64_t old_size;      /* what the witness has, as far as is known */
    uint64_t cosigned_size; /* of the newest checkpoint that it cosigned for us */
    uint64_t asked_size;    /* of the one that is under way */
    bool asking;
    unsigned failures, corrections; /* in a row */
    uint64_t due_ms;                /* not before */
};

/* Whether the checkpoint of this size, our newest, is to be posted now. When it is not yet time
 * only, *wait_ms_out says how long; else it is UINT64_MAX. A witness that said it is ahead, and may
 * have lied or lost its way once, is asked again after SUBMIT_BACKOFF_MAX_MS. */
bool submit_due(const struct submit *submit, uint64_t size, uint64_t now_ms, uint64_t *wait_ms_out);
/* The old size that a request with this checkpoint claims: 0 where the witness is ahead. */
uint64_t submit_claim(const struct submit *submit, uint64_t size);
/* It is under way, and claimed that. */
void submit_begin(struct submit *submit, uint64_t size);

enum submit_outcome {
    SUBMIT_COSIGNED,
    SUBMIT_CORRECTED, /* the witness told what it has; try again when submit_due() says so */
    SUBMIT_AHEAD,     /* it has more than our newest: wait for a newer one */
    SUBMIT_FAILED
};
struct submit_answer {
    int status; /* 0: nobody answered */
    bool holds; /* 200: its cosignature was found and holds */
    bool told;  /* 409: with a size */
    uint64_t size;
};
enum submit_outcome submit_end(struct submit *submit, const struct submit_answer *answer,
                               uint64_t now_ms);

/* The size in a 409: type text/x.tlog.size, a decimal and a newline. */
bool submit_size_parse(const char *content_type, struct bytes body, uint64_t *size_out) MUST_USE;
/* The first line of an answer that is a cosignature of the note's text by this key, and holds;
 * without its newline, into the answer. */
bool submit_cosignature(struct bytes note, struct bytes answer, const struct note_key *key,
                        struct bytes *line_out, uint64_t *time_s_out) MUST_USE;

#endif
