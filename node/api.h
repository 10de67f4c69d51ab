/* api.h - what tills, offices and auditors ask of a node: the HTTP API without a socket.
 *
 * A request comes in as method, target and a few headers, then its body in pieces; an answer goes
 * out through a responder, at once or when the coalition has decided. The contract of the routes is
 * node/openapi.json.
 *
 * How its owner wires it (accrued.c):
 *   - after every event and every kick, drain replica_next(); give DURABLE, DECIDED and EXECUTED to
 *     api_on_action(); when nothing is left call api_settle(), even if nothing came: it answers,
 * and may submit again;
 *   - `kick` says that something was submitted: drain soon. It is called from inside api functions
 *     and must only take a note (uv_async_send, a zero timer), never drain.
 *   - api_on_time() about every 100 ms: deadlines of answers.
 *
 * Threads: the loop's thread only; reports are made on those of the owner's `work`.
 */
#ifndef NODE_API_H
#define NODE_API_H

#include "node/replica.h"

enum {
    API_TOKENS_MAX = 64,
    API_TOKEN_NAME_MAX = 63,
    API_TOKEN_SIZE_MAX = 512,              /* of a bearer token */
    API_TARGET_MAX = 2048,                 /* path and query */
    API_BODY_MAX = 64 * 1024,              /* of one write */
    API_BATCH_BODY_MAX = 64 * 1024 * 1024, /* of one NDJSON batch */
    API_BATCH_LINE_MAX = 16 * 1024,        /* of one of its lines */
    API_BATCH_LINES_MAX = 100000,          /* lines of a batch: 24 bytes each are kept */
    API_BATCH_WINDOW = 4096,               /* lines of a batch that wait for the coalition */
    API_BATCHES_MAX = 8,                   /* at once: their windows fit the table below */
    API_IN_FLIGHT_MAX = 65536,             /* keys that wait for the coalition */
    API_CALLS_MAX = 4096,                  /* requests under way */
    API_CARDS_MAX = 8,                     /* linked with an enrolment */
    API_PAGE_DEFAULT = 50,
    API_PAGE_MAX = 250,
    API_HEIGHTS_MAX = 256,                   /* of one answer */
    API_HEIGHTS_BYTES_MAX = 8 * 1024 * 1024, /* after which it stops */
    API_RESPONSE_MAX = 48 * 1024 * 1024,     /* a height proof of its largest, with room */
    API_ANSWER_MS = 30 * 1000,               /* then a write is answered 202 */
    API_PUBLIC_URL_MAX = 255,
    API_LINKS_PER_SECOND = 50, /* receipts behind public links, and as many wrong links */
    API_LINK_SIZE = API_PUBLIC_URL_MAX + 40,
    API_PAGE_POLICY_SIZE = 256,
    API_FILE_NAME_SIZE = 256,
    API_REPORTS_MAX = 2,          /* being made: threads of the pool that writes need, too */
    API_REPORT_ANSWERS_MAX = 256, /* that one is made of: of 64,000 records, say */
    API_REPORT_BYTES_MAX = 64 * 1024 * 1024 /* of those together */
};

/* `finance` settles periods, as `office` may, and touches no points. */
enum api_scope { API_TILL = 1, API_OFFICE = 2, API_AUDITOR = 4, API_ADMIN = 8, API_FINANCE = 16 };
/* "till", "office", "auditor", "admin", "finance". */
bool api_scope_from_word(struct bytes word, enum api_scope *scope_out) MUST_USE;

struct api_token {
    char name[API_TOKEN_NAME_MAX + 1];
    unsigned scopes;    /* of enum api_scope, joined */
    struct hash digest; /* SHA-256 of the token's text */
};

typedef void api_job(void *job);

struct api_config {
    struct bytes charter_bytes; /* of the coalition's beginning, the file as it is; borrowed, with
                                   all that follows, until api_close() */
    struct replica *replica;    /* its charter in force names everybody */
    struct node_id self;        /* of a guest: the number that it will have */
    const char *name;           /* of this node */
    const struct signing_key *log_key; /* the private half of its log key; NULL: it has none that
                                          the charter in force names, and shows no checkpoint */
    const struct api_token *tokens;
    size_t token_count;
    struct bytes secret;    /* the coalition's, for card numbers; at least 16 bytes */
    const char *public_url; /* "https://points.example", where people reach it; or NULL, "" */
    const char *version;
    size_t batch_body_max;                                    /* 0: API_BATCH_BODY_MAX */
    size_t report_answers_max;                                /* 0: API_REPORT_ANSWERS_MAX */
    size_t report_bytes_max;                                  /* 0: API_REPORT_BYTES_MAX */
    void *context;                                            /* of all below */
    uint64_t (*clock)(void *context);                         /* wall clock, ms since 1970 */
    void (*random)(void *context, uint8_t *out, size_t size); /* for trace ids only */
    void (*kick)(void *context);                              /* something was submitted */
    bool (*link_up)(void *context, uint16_t node);            /* NULL: by replica_status */
    void (*metrics)(void *context, struct buffer *out);       /* NULL: none to add */
    void (*warn)(void *context, const char *text);            /* NULL: kept quiet */
    /* Calls run(job) on another thread, then done(job) on the loop's, in its own time. NULL: both
     * are called at once. */
    void (*work)(void *context, api_job *run, api_job *done, void *job);
};

/* A request line and headers; borrowed until its call is closed. Absent: at is NULL. */
struct api_request {
    struct bytes method, target;
    struct bytes authorization, content_type, idempotency_key, prefer, if_none_match, traceparent,
        accept;
    bool loopback; /* the client is on this machine */
};

struct api_response {
    int status;
    const char *content_type;  /* NULL: no body */
    const char *cache_control; /* static text */
    const char *allow;         /* 405 */
    const char *page_policy;   /* of what the public sees: Content-Security-Policy, and with it no
                                  referrer, no index, and Vary: Accept; NULL: none */
    char etag[40];             /* "" for none; with its quotes */
    char location[160];        /* "" for none */
    char file_name[API_FILE_NAME_SIZE]; /* "" for none; else it is one to keep: RFC 6266 */
    char trace_id[33];
    int retry_after_s;       /* 0: none */
    bool challenge;          /* WWW-Authenticate: Bearer */
    bool preference_applied; /* Preference-Applied: respond-async */
    bool streams;            /* the body comes from api_read() */
    struct buffer body;      /* the responder takes it over and releases it */
};

struct api_responder {
    void *context;
    /* Exactly once a call, unless it is closed before; maybe from inside api_begin/feed/end. */
    void (*respond)(void *context, struct api_response *response);
    /* After api_feed() took less than given, or api_read() gave nothing: go on. */
    void (*wake)(void *context);
};

struct api;
struct api_call;
struct policy;
struct checkpoint;

/* ERROR_INVALID when the config cannot work: a short secret, too many witnesses. */
bool api_open(const struct api_config *config, struct api **api_out, struct error *error) MUST_USE;
/* Another charter is in force (REPLICA_CHARTER), or the node has its log key now: from here on
 * checkpoints are signed and shown by them. ERROR_LIMIT: its policy has too many witnesses, and the
 * one before stays. */
bool api_set_charter(struct api *api, const struct signing_key *log_key,
                     struct error *error) MUST_USE;
/* Every call must be closed before, and all work be done. NULL is fine. */
void api_close(struct api *api);

/* ---- requests ------------------------------------------------------------------------------ */

/* Headers are in: checks who asks for what, and may answer at once. Never NULL; the caller closes
 * it after it was answered and read, or when the client is gone. */
struct api_call *api_begin(struct api *api, const struct api_request *request,
                           const struct api_responder *responder);
/* The largest body that this call takes; 0: none. */
size_t api_body_max(const struct api_call *call);
/* The body is announced as larger: answers 413. */
void api_too_large(struct api_call *call);
/* Takes a piece of the body. Returns how much: less than given means wait for wake(). */
size_t api_feed(struct api_call *call, struct bytes piece);
/* The body is complete. */
void api_end(struct api_call *call);
/* The next bytes of a streamed answer: 0 with *end_out false means wait for wake(). */
size_t api_read(struct api_call *call, uint8_t *out, size_t size, bool *end_out);
/* What it submitted goes on. NULL is fine. */
void api_call_close(struct api_call *call);

/* A whole request at once: begin, feed, end. */
struct api_call *api_handle(struct api *api, const struct api_request *request, struct bytes body,
                            const struct api_responder *responder);

/* ---- events -------------------------------------------------------------------------------- */

void api_on_action(struct api *api, const struct replica_action *action);
/* Answers what was decided; batches go on. Call when replica_next() gives nothing more. */
void api_settle(struct api *api);
void api_on_time(struct api *api);
/* For a graceful stop: new writes get 503; then wait until nothing is pending. */
void api_drain(struct api *api);
size_t api_pending(const struct api *api); /* calls not answered */

/* ---- witnesses outside (shown.h) ------------------------------------------------------------ */

/* The charter's in force. Valid until api_set_charter(). */
const struct policy *api_policy(const struct api *api);
/* The checkpoint that they are asked to cosign; its note is appended. False: there is none yet. */
bool api_offered(struct api *api, struct checkpoint *checkpoint_out,
                 struct buffer *note_out) MUST_USE;
/* One of them has a larger one. */
void api_outrun(struct api *api);
/* What the policy's witness of this number cosigned: a line that was checked, without newline. */
void api_cosigned(struct api *api, size_t witness, const struct checkpoint *checkpoint,
                  struct bytes line);

#endif
