/* api_batch.h - what the two forms of a batch (api_batch_json.c, api_batch_cbor.c) share with
 * api_batch.c, which moves it along; nobody else includes it.
 *
 * Threads: the loop's thread only.
 */
#ifndef NODE_API_BATCH_H
#define NODE_API_BATCH_H

#include "node/api_parts.h"

enum line_state { LINE_WAITING, LINE_ACCEPTED, LINE_DECIDED, LINE_PROBLEM };
struct batch_line {
    uint64_t value;   /* WAITING: since when; DECIDED: record index; PROBLEM: size of its answer */
    uint8_t *answer;  /* PROBLEM: as it goes out */
    uint16_t verdict; /* DECIDED: of that record */
    uint8_t state;
    bool repeat, late;
    struct build_exchange exchange; /* of an earn */
};

/* How lines are read and answered. */
struct batch_form {
    const char *media_type;
    /* Takes lines off the front of a piece of the body while the batch is neither blocked nor
     * refused; what is left of a line goes into batch->line. Returns how much it took. */
    size_t (*feed)(struct api_call *call, struct bytes piece);
    /* The body is complete: what stands in batch->line is all there is of the last one. */
    void (*end)(struct api_call *call);
    /* Submits one line. False: the replica has no room, it is to be tried again. */
    bool (*take)(struct api_call *call, struct bytes line);
    /* Writes the answer of a line, numbered from 1, that came to nothing. */
    void (*refuse)(struct api_call *call, size_t number, const struct problem *problem,
                   struct buffer *out);
    /* Puts the answers of the next lines, none of which waits, into batch->chunk; counts `given`.
     */
    void (*render)(struct api_call *call);
};
extern const struct batch_form batch_json, batch_cbor;
extern const char api_not_in_batch[]; /* the detail of what api_in_batch() does not take */

struct api_batch {
    const struct batch_form *form;
    struct buffer line; /* the one that is being read, or that is stalled */
    bool skipping;      /* it is too long: its rest is dropped */
    bool stalled;       /* complete, and the replica had no room */
    bool refused;       /* the rest of the batch is dropped */
    bool too_large;     /* that is to be said, once the stalled line has its answer */
    bool ended;
    uint64_t stalled_ms;
    size_t received;
    struct batch_line *lines;
    size_t count, capacity;
    size_t waiting; /* lines in WAITING */
    size_t owned;   /* entries in flight that name this call */
    size_t oldest;  /* no line before it waits */
    size_t given;   /* lines rendered */
    bool input_paused, output_paused;
    struct buffer chunk;
    size_t chunk_at;
};

bool api_batch_blocked(const struct api_batch *batch);
/* Gives one line to the form. False: it is stalled, and has to stand in batch->line. */
bool api_batch_take(struct api_call *call, struct bytes line);
/* The line at hand goes to the lane under this owner; then what became of that is told, with true
 * unless the replica had no room. */
struct in_flight_owner api_batch_owner(struct api_call *call);
bool api_batch_submitted(struct api_call *call, const struct submission *submission);
/* The line at hand came to nothing. */
void api_batch_problem(struct api_call *call, const struct problem *problem);
void api_batch_refuse(struct api_call *call, enum problem_code code, const char *detail);

#endif
