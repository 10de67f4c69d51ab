/* api_problem.h - RFC 9457 problem documents: the one table of those that are no verdict.
 *
 * A refused transaction has its code from protocol/verdict.h; everything before the ledger has it
 * from here. Pure. Threads: any.
 */
#ifndef NODE_API_PROBLEM_H
#define NODE_API_PROBLEM_H

#include "node/json_form.h"
#include "node/json_out.h"
#include "protocol/verdict.h"

/* X(name, status, code, title) */
#define API_PROBLEMS(X)                                                                            \
    X(PROBLEM_MALFORMED, 400, "malformed", "The request is malformed.")                            \
    X(PROBLEM_KEY_MISSING, 400, "idempotency-key-missing", "A write needs an Idempotency-Key.")    \
    X(PROBLEM_UNAUTHENTICATED, 401, "unauthenticated", "A valid bearer token is needed.")          \
    X(PROBLEM_FORBIDDEN, 403, "forbidden", "The token's scopes do not allow this.")                \
    X(PROBLEM_NOT_FOUND, 404, "not-found", "There is nothing here.")                               \
    X(PROBLEM_METHOD, 405, "method-not-allowed", "The resource has other methods.")                \
    X(PROBLEM_PRUNED, 410, "pruned", "This node keeps it no longer: it is in an archive.")         \
    X(PROBLEM_IN_FLIGHT, 409, "in-flight", "A request with this key is under way here.")           \
    X(PROBLEM_NO_RATE, 409, "no-rate", "The partner has published no exchange rate for that day.") \
    X(PROBLEM_NO_REPORT, 409, "no-report", "The report cannot be made as things stand.")           \
    X(PROBLEM_SUSPENDED, 409, "suspended", "The node is suspended from writing.")                  \
    X(PROBLEM_LEFT, 409, "left", "The node has left the coalition.")                               \
    X(PROBLEM_TOO_LARGE, 413, "too-large", "It is more than this node takes or gives at once.")    \
    X(PROBLEM_MEDIA_TYPE, 415, "unsupported-media-type", "The body is of another type.")           \
    X(PROBLEM_BUSY, 429, "busy", "The node has no room: try again later.")                         \
    X(PROBLEM_INTERNAL, 500, "internal", "The node could not do it.")                              \
    X(PROBLEM_NO_QUORUM, 503, "no-quorum", "The node is cut off from the coalition.")              \
    X(PROBLEM_NOT_FINAL, 503, "not-final", "The coalition has not made it final yet.")             \
    X(PROBLEM_JOINING, 503, "joining", "The node is not part of the coalition yet.")               \
    X(PROBLEM_KEYS_REPLACED, 503, "keys-replaced", "The node does not hold the keys in force.")    \
    X(PROBLEM_NOT_HERE_YET, 503, "not-here-yet", "The node is still fetching its history.")        \
    X(PROBLEM_REPORTS, 503, "reports-under-way", "As many reports as may be are being made.")      \
    X(PROBLEM_STOPPING, 503, "stopping", "The node is stopping.")                                  \
    X(PROBLEM_VERDICT, 0, "", "") /* code, status and title are the verdict's */

enum problem_code {
#define X(name, status, code, title) name,
    API_PROBLEMS(X)
#undef X
        API_PROBLEM_COUNT
};

enum { PROBLEM_DETAIL_SIZE = ERROR_TEXT_SIZE };

struct problem {
    enum problem_code code;
    enum verdict verdict; /* PROBLEM_VERDICT */
    char detail[PROBLEM_DETAIL_SIZE];
    int retry_after_s; /* 0: none */
    struct form_mistakes mistakes;
};

void problem_init(struct problem *problem, enum problem_code code);
void problem_init_verdict(struct problem *problem, enum verdict verdict);
/* What is not here by right: PROBLEM_PRUNED or PROBLEM_NOT_HERE_YET. False: the error says nothing
 * of the kind. */
bool problem_init_lacking(struct problem *problem_out, const struct error *error) MUST_USE;
int problem_status(const struct problem *problem);
const char *problem_word(const struct problem *problem);
/* The members of the document, into an open object: the caller may add more. `instance` is the path
 * asked for; `trace_id` 32 hex digits. */
void problem_write(const struct problem *problem, struct json_out *json, struct bytes instance,
                   const char *trace_id);

#endif
