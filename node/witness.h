/* witness.h - what a witness says to a checkpoint: c2sp.org/tlog-witness without a socket or disk.
 *
 *     POST /add-checkpoint      old <size>\n  (<base64 hash>\n)*0-63  \n  <checkpoint, a note>
 *
 * A witness cosigns one root for a size, and after it only trees that go on from it. Whoever trusts
 * it need not fear that a log shows two people two trees. Statuses are those of the specification
 * as of 2026-07; its version 1.0.0 had 409 for another root at the same size.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_WITNESS_H
#define NODE_WITNESS_H

#include "crypto/merkle.h"
#include "crypto/note.h"

enum {
    WITNESS_BODY_MAX = 64 * 1024, /* of a request: the proof takes 3 KiB, the rest is the note */
    WITNESS_PROOF_MAX = 63        /* tlog-witness */
};

struct witness_request {
    uint64_t old_size;
    struct hash proof[WITNESS_PROOF_MAX];
    size_t proof_count;
    struct bytes note; /* into the body */
};
/* ERROR_INVALID when malformed, ERROR_LIMIT when it has more lines than it may. The note is taken
 * as it comes. */
bool witness_request_parse(struct bytes body, struct witness_request *request_out,
                           struct error *error) MUST_USE;
void witness_request_format(const struct witness_request *request, struct buffer *body_out);

/* The newest checkpoint of a log that was cosigned; all zero: none. */
struct witness_held {
    uint64_t size;
    struct hash root;
    uint64_t time_s; /* of the cosignature */
};

/* X(name, HTTP status, word for counters, what the answer and the log say) */
#define WITNESS_VERDICTS(X)                                                                        \
    X(WITNESS_COSIGNED, 200, "cosigned", "cosigned")                                               \
    X(WITNESS_MALFORMED, 400, "malformed", "the request is malformed")                             \
    X(WITNESS_OLD_BEYOND, 400, "old-beyond", "the old size is larger than the checkpoint's")       \
    X(WITNESS_UNTRUSTED, 403, "untrusted", "no trusted key of this log signed the checkpoint")     \
    X(WITNESS_UNKNOWN_LOG, 404, "unknown-log", "the log is not one of the policy")                 \
    X(WITNESS_STALE, 409, "stale", "the old size is not that of the newest checkpoint cosigned")   \
    X(WITNESS_INCONSISTENT, 422, "inconsistent", "the proof does not lead here from the old tree") \
    X(WITNESS_OTHER_ROOT, 422, "other-root", "another root was cosigned at this size")

enum witness_verdict {
#define X(name, status, word, reason) name,
    WITNESS_VERDICTS(X)
#undef X
        WITNESS_VERDICT_COUNT
};
int witness_status(enum witness_verdict verdict);
const char *witness_word(enum witness_verdict verdict);
const char *witness_reason(enum witness_verdict verdict);

/* First half: reads a request and checks who signed. `logs` are the keys that the witness trusts,
 * each named by its log's origin. On WITNESS_COSIGNED (nothing against it so far) the request and
 * the checkpoint are set, and note_out (empty before) holds the note with nothing but the trusted
 * signatures; on any other verdict all are untouched. */
enum witness_verdict witness_read(struct bytes body, const struct note_key *logs, size_t log_count,
                                  struct witness_request *request_out,
                                  struct checkpoint *checkpoint_out, struct buffer *note_out);
/* Second half: against what is held of that log. */
enum witness_verdict witness_judge(const struct witness_request *request,
                                   const struct checkpoint *checkpoint,
                                   const struct witness_held *held);

#endif
