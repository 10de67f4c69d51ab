/* api_parts.h - what the files of the API (api_*.c) share; nobody else includes it.
 *
 * A call goes through: route found, token checked (api.c, api_auth, api_route) -> body taken ->
 * transaction built (api_build) and submitted (api_submit) -> parts decided -> answered from the
 * record (api_record). Threads: the loop's thread only.
 */
#ifndef NODE_API_PARTS_H
#define NODE_API_PARTS_H

#include "node/api.h"
#include "node/api_build.h"
#include "node/api_in_flight.h"
#include "node/api_problem.h"
#include "node/json_form.h"
#include "node/json_out.h"
#include "node/shown.h"

enum {
    API_ARGUMENTS_MAX = 2,
    API_ARGUMENT_SIZE = 192,
    API_FILTERS_MAX = 4, /* of a page, by name */
    API_PARTS_MAX = 1 + API_CARDS_MAX,
    API_ROUTES_MAX = 95,
    API_SUSPENSIONS_MAX = 64, /* told: the newest */
    API_DURATION_BUCKETS = 12
};
/* Upper bounds of the buckets but the last, which has none. */
extern const uint64_t api_duration_bounds_ms[API_DURATION_BUCKETS - 1];

struct api_call;
typedef void api_handler(struct api_call *call);

enum api_kind {
    API_READ,  /* answered by its handler at once */
    API_WRITE, /* a transaction from a body */
    API_BATCH, /* many, streamed */
    API_ASK,   /* a read with a body: the handler runs when it is complete */
    API_LATE   /* a read whose answer takes its time: made on another thread */
};
struct api_route {
    const char *method, *pattern; /* "{}" is one argument; a last "*" the rest of the path */
    enum api_kind kind;
    unsigned scopes; /* 0: open to all; API_ANY: any token */
    bool local;      /* open from this machine */
    api_handler *handler;
    enum transaction_type type; /* API_WRITE */
    bool log;                   /* open to all when the charter says that the log is public */
};
enum { API_ANY = API_TILL | API_OFFICE | API_AUDITOR | API_ADMIN | API_FINANCE };
extern const struct api_route api_routes[];
extern const size_t api_route_count;
/* NULL: no such path, or allow_out lists the methods it has. Fills the arguments. */
const struct api_route *api_route_find(struct bytes method, struct bytes path,
                                       char arguments_out[API_ARGUMENTS_MAX][API_ARGUMENT_SIZE],
                                       char allow_out[32]);
unsigned api_scopes_to_write(enum transaction_type type);
/* Whether a line of a batch may be one. Settlement steps may not: their approver is who asks, and a
 * line could name anybody. Nor may what partners agree upon: tills do not, and batches are theirs.
 */
bool api_in_batch(enum transaction_type type);

enum part_state { PART_WAITING, PART_DECIDED };
struct write_part {
    enum part_state state;
    uint64_t token; /* WAITING: of its entry in flight */
    uint64_t index; /* DECIDED */
    bool repeat;
};

struct api_batch;
struct report_job;

struct api_call {
    struct api *api;
    struct api_request request;
    struct api_responder responder;
    const struct api_route *route; /* NULL: answered before one was found */
    struct bytes query;
    char arguments[API_ARGUMENTS_MAX][API_ARGUMENT_SIZE];
    unsigned scopes;   /* of the token that asks */
    const char *asker; /* its name; "" where nobody's token was sent */
    bool head, answered, async;
    struct bytes key; /* API_WRITE: the idempotency key */
    char trace_id[33];
    uint64_t began_ms, deadline_ms;
    struct buffer body;
    struct write_part parts[API_PARTS_MAX];
    size_t part_count;
    struct build_exchange exchange; /* of an earn */
    bool late;                      /* cut off: durable is all that can be awaited */
    bool durable;                   /* in the lane, or the outbox */
    struct api_batch *batch;
    struct report_job *report;        /* that is made for it */
    struct api_call *previous, *next; /* of every call that is open */
};

struct decided { /* a part that waits to be rendered; calls may be closed meanwhile */
    struct api_call *call;
    uint64_t index;
};

struct api_allowance { /* of a second */
    uint64_t since_ms;
    uint32_t used;
};

struct api {
    struct api_config config;
    const struct charter *charter;   /* in force */
    const struct charter_node *self; /* in it; NULL: a guest */
    struct partner_id partner;       /* of a guest: none that there is */
    struct note_key log_key;
    bool has_log_key; /* and config.log_key is its private half */
    struct in_flight *in_flight;
    struct api_call *calls;                    /* open ones */
    struct api_call *batches[API_BATCHES_MAX]; /* those of them that are */
    size_t call_count, batch_count, pending_count, report_count;
    struct decided *decided;
    size_t decided_count, decided_capacity;
    struct replica_status status;
    uint64_t status_ms;
    bool draining;
    struct shown shown;
    uint64_t final_size; /* what it was told last, with so many voters' cosignatures */
    size_t final_count;
    struct api_allowance links, guesses;          /* of the public, for receipts */
    uint64_t route_counts[API_ROUTES_MAX + 1][6]; /* by status / 100; the last: no route */
    uint64_t problem_counts[API_PROBLEM_COUNT];
    uint64_t durations[API_DURATION_BUCKETS], duration_sum_ms;
};

uint64_t api_now(const struct api *api);
const struct replica_status *api_status(struct api *api); /* of the last height */
const struct state *api_state(const struct api *api);
enum replica_standing api_standing(const struct api *api);
const char *api_standing_word(enum replica_standing standing);
/* Evidence on the ledger, newest first: whose, and from which height on it is suspended for it.
 * Size 0: the cut that brought it was pruned or is not here yet, and only the charters tell. */
struct api_suspension {
    struct node_id node;
    uint64_t from_height;
    struct hash evidence;
    uint64_t time_ms; /* of the cut that brought it */
    uint16_t size;
    uint8_t bytes[EVIDENCE_SIZE_MAX];
};
struct api_suspensions {
    size_t count;
    struct api_suspension at[API_SUSPENSIONS_MAX];
};
void api_suspensions(const struct api *api, struct api_suspensions *out);
void api_put_limits(struct json_out *json, const struct charter *charter);
/* What a node of any standing but REPLICA_WRITES answers to whoever wants to write, and what to do
 * about it. */
void api_standing_problem(enum replica_standing standing, struct problem *problem_out);
void api_refuse_standing(struct api_call *call, enum replica_standing standing);

/* ---- answering ------------------------------------------------------------------------------ */

void api_response_init(struct api_response *response, int status, const char *content_type);
/* Answers; the response's body goes over. */
void api_respond(struct api_call *call, struct api_response *response);
/* With a strong ETag of the body, and 304 where the client has it. */
void api_respond_tagged(struct api_call *call, struct api_response *response);
/* 200 application/json, tagged. */
void api_respond_json(struct api_call *call, struct buffer *body);
void api_respond_problem(struct api_call *call, const struct problem *problem);
void api_refuse(struct api_call *call, enum problem_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A library or disk error: logged through warn, told as little of as possible. */
void api_respond_error(struct api_call *call, const struct error *error);

/* Does a Content-Type header name this type, parameters aside? */
bool api_media_type_is(struct bytes header, const char *want);

/* ---- queries -------------------------------------------------------------------------------- */

/* The text of ?name=...; false when absent. */
bool api_query(const struct api_call *call, const char *name, struct bytes *text_out);
/* A number that the API gave out as the place where a page begins; *given_out: it is there. False:
 * answered. */
bool api_query_place(struct api_call *call, const char *name, bool *given_out,
                     uint64_t *place_out) MUST_USE;
/* "next": where the next page of a list begins, or null. */
void api_put_next(struct json_out *json, bool more, uint64_t next);
/* Answers 400 and returns false when the query has a name that is neither of these. */
bool api_query_names(struct api_call *call, const char *a, const char *b);
/* Whether every name of the query is one of these. */
bool api_query_only(const struct api_call *call, const char *const known[], size_t count);
/* Numbers of the query; answers 400 and returns false when one is wrong or a name is unknown. */
bool api_page(struct api_call *call, const char *first_name, uint64_t *first, uint64_t *limit);
/* The same where the query may name more: up to API_FILTERS_MAX, the rest NULL. */
bool api_page_of(struct api_call *call, const char *first_name,
                 const char *const filters[API_FILTERS_MAX], uint64_t *first, uint64_t *limit);
/* The partner that ?name=... names. False: answered with 404, there is no such partner. Absent:
 * *given_out false. */
bool api_query_partner(struct api_call *call, const char *name, bool *given_out,
                       struct partner_id *partner_out);
bool api_argument_number(struct api_call *call, size_t place, uint64_t *number_out);
/* The period that the path names first; and the number of a payment that it names second. */
bool api_argument_period(struct api_call *call, uint32_t *number_out);
bool api_argument_payment(struct api_call *call, uint32_t *number_out);
/* The number of a contract, which the path names first. */
bool api_argument_contract(struct api_call *call, uint32_t *number_out);
bool api_argument_member(struct api_call *call, struct member_ref *member_out);

/* ---- writing -------------------------------------------------------------------------------- */

enum submitted { SUBMITTED_WAITS, SUBMITTED_DECIDED, SUBMITTED_REFUSED, SUBMITTED_BUSY };
struct submission {
    enum submitted result;
    uint64_t index;       /* DECIDED: where it stands, and ... */
    enum verdict verdict; /* ... with what verdict */
    uint64_t token;       /* WAITS */
    bool late;            /* WAITS: cut off, durable is all that can be awaited */
    struct problem problem;
};
struct api_form { /* what a transaction is built from */
    enum transaction_type type;
    json_t *body;
    struct bytes key;
    const struct member_ref *member; /* from the path; NULL: in the body */
    bool lone;                       /* not a line of a batch */
    struct build_settle settle;
    struct build_deal deal;
};
/* A body's transaction with the key's time; built_release() it. */
bool api_build(struct api *api, const struct api_form *form, struct built *built_out,
               struct problem *problem_out) MUST_USE;
/* What the ledger or this node remembers of the key, then the replica. */
void api_submit(struct api *api, const struct transaction *transaction,
                const struct in_flight_owner *owner, struct submission *out);
/* The same of bytes that were decoded already. */
void api_submit_encoded(struct api *api, struct bytes bytes, const struct transaction *decoded,
                        const struct in_flight_owner *owner, struct submission *out);
/* Plain or quoted; false when it is no key. */
bool api_key_parse(struct bytes header, struct bytes *key_out);
void api_write_end(struct api_call *call);
void api_write_on_durable(struct api_call *call);
void api_write_on_decided(struct api_call *call, uint32_t slot, uint64_t index, bool repeat);
/* Every part is decided: answers with the record, whose bytes are given. */
void api_write_answer(struct api_call *call, struct bytes record);
/* 202 and where to ask. */
void api_accepted(struct api_call *call, struct bytes key);

bool api_batch_begin(struct api_call *call);
size_t api_batch_feed(struct api_call *call, struct bytes piece);
void api_batch_end(struct api_call *call);
size_t api_batch_read(struct api_call *call, uint8_t *out, size_t size, bool *end_out);
void api_batch_on_durable(struct api_call *call, uint32_t slot);
void api_batch_on_decided(struct api_call *call, uint32_t slot, uint64_t index,
                          enum verdict verdict, bool repeat);
void api_batch_go_on(struct api_call *call); /* the world has moved: retry, expire, wake */
void api_batch_close(struct api_call *call);

/* The call is closed: its report, where one is being made, is for nobody. */
void api_report_forget(struct api_call *call);

/* ---- records as JSON ------------------------------------------------------------------------ */

/* The members of a write's result, into an open object; a line of a batch has another "status".
 * False when the record is no transaction. */
bool api_result_write(struct api *api, struct json_out *json, struct bytes bytes, bool repeat,
                      bool line);
/* What the verdict leaves open, into the problem's detail, as far as charter and state tell it now.
 * For what our own partner has written. */
void api_refusal_explain(const struct api *api, const struct transaction *t,
                         struct problem *problem);
/* A refused record as a problem document with index and balance. */
void api_refusal_write(struct api *api, struct json_out *json, struct bytes bytes, bool repeat,
                       const char *trace_id, struct bytes instance);
enum verdict api_record_verdict(struct bytes bytes);
void api_record_write(struct api *api, struct json_out *json, struct bytes bytes);
/* What time alone moved at a height, for its seal. */
void api_automatic_write(struct api *api, struct json_out *json, struct bytes effects);
void api_balance_write(struct api *api, struct json_out *json, const struct member_ref *member,
                       const struct balance *balance);
/* What an obligation is in: "currency", "tax_code" and "tariff". */
void api_put_tariff(const struct api *api, struct json_out *json, uint8_t tariff,
                    enum line_class line_class);
/* Contracts and their like: what a record says; and what has come of it, for who wrote it. */
void api_deal_body_write(const struct api *api, struct json_out *json, const struct transaction *t);
void api_deal_result_write(const struct api *api, struct json_out *json,
                           const struct transaction *t, struct record_index index);
/* The members that a card has in requests and answers. */
void api_card_write(const struct api *api, struct json_out *json, const struct rate_card *card);
/* "ends": from when on a version does not hold any more, as it stands; null: no end, or unsigned.
 */
void api_put_ends(struct json_out *json, const struct contracts *contracts,
                  const struct contract_version *version);
/* A payment account: what a record says; and what has come of it, for who approved it. */
void api_account_body_write(struct json_out *json, const struct account_words *words);
void api_account_result_write(const struct api *api, struct json_out *json,
                              const struct account_words *words);
/* The exchange rates of a day; and the one that a purchase was turned with, where one was. */
void api_rates_body_write(struct json_out *json, const struct day_rates *rates);
void api_exchange_write(struct json_out *json, const struct build_exchange *exchange);
/* Changes that wait, by no more than the last characters of their IBANs. */
void api_accounts_waiting_write(const struct api *api, struct json_out *json);
/* Collateral: what a record says; and what its partner has then. */
void api_collateral_body_write(const struct api *api, struct json_out *json,
                               const struct collateral *posted);
void api_collateral_result_write(const struct api *api, struct json_out *json,
                                 const struct collateral *posted);
/* Partners whose collateral does not cover what is needed. */
void api_risks_write(const struct api *api, struct json_out *json);
/* A settlement step: what its record says; and what its period has come to, for who took it. */
void api_settle_body_write(const struct api *api, struct json_out *json,
                           const struct transaction *t);
void api_settle_result_write(const struct api *api, struct json_out *json,
                             const struct transaction *t);
/* Payments that passed their day, and who is in default: everybody hears of it. */
void api_defaults_write(struct api *api, struct json_out *json);
/* Whether a payment was to be sent before that day, and was not. */
bool api_payment_overdue(const struct period_payment *payment, int64_t day);
/* Ledger time's day in the charter's zone. */
int64_t api_today(struct api *api);
/* Currency, ledger time and today; how far the ledger goes: into an open object. */
void api_put_now(struct api *api, struct json_out *json);
void api_put_ledger(struct api *api, struct json_out *json);
/* Points that are kept times basis points. */
void api_put_points_bp(struct json_out *json, const char *name, __int128 points_bp);
const char *api_partner_name(const struct api *api, struct partner_id partner);
struct money api_micro_money(struct micro micro); /* 1e-6 to 1e-10 */

/* ---- the log ----------------------------------------------------------------------------------
 */

/* The note that GET /checkpoint gives now, and the size it is of; valid until the next call.
 * ERROR_BUSY: there is none yet. */
bool api_checkpoint(struct api *api, struct bytes *note_out, uint64_t *size_out,
                    struct error *error) MUST_USE;
/* "/r/<id>" of a record, behind the node's public URL when it has one. */
void api_receipt_link(const struct api *api, uint64_t index, char link_out[API_LINK_SIZE]);

/* ---- handlers, by file ---------------------------------------------------------------------- */

api_handler api_get_member, api_get_member_lots, api_get_member_transactions, api_card_lookup,
    api_get_balances;                                                  /* api_members */
api_handler api_get_transaction, api_get_by_key, api_get_transactions; /* api_transactions */
api_handler api_get_coalition, api_get_charter, api_get_settlement;    /* api_coalition */
api_handler api_get_periods, api_get_period;                           /* api_settle */
api_handler api_get_exposure;                                          /* api_exposure */
api_handler api_get_accounts;                                          /* api_accounts */
api_handler api_get_exchange_rates;                                    /* api_rates */
api_handler api_get_contracts, api_get_contract, api_get_promotions, api_get_prices;
api_handler api_get_checkpoint, api_get_tile, api_get_height, api_get_heights; /* api_log */
api_handler api_get_report, api_get_report_of_now;                             /* api_reports */
api_handler api_get_liability;                                                 /* api_liability */
api_handler api_get_membership, api_get_policy;                                /* api_membership */
api_handler api_get_evidence_list, api_get_evidence;                           /* api_evidence */
api_handler api_get_receipt, api_get_receipt_link;                             /* api_receipt */
api_handler api_get_metrics, api_get_health, api_get_openapi;                  /* api_metrics */

#endif
