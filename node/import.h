/* import.h - purchases and redemptions out of CSV files, as the events of members in time order.
 *
 * A mapping (JSON) says what the columns mean, one "source" a file:
 *
 *   {"sources": [{
 *     "type": "earn" | "redeem",
 *     "key": "basket-",                               idempotency key = this and the row's number
 *     "member": {"column": "household"},              the ledger sees HMAC(secret, value) only
 *     "points": {"column": "cents", "divisor": 100}   rounded down; or {"value": 50}
 *     "amount": {"column": "price"}                   instead of points, for redeem: money
 *     "minimum": {"column": "cents", "value": 100},   rows below it are skipped
 *     "time": {"column": "when", "suffix": "T23:59:59"},
 *     "document": {"column": "basket"},
 *     "currency": {"column": "currency"},             of earns: what the points' column is in
 *     "partner": {"column": "store", "modulo": 4, "of": ["grocer", "books", "cinema", "fuel"]}
 *                or {"column": "shop", "of": {"12": "grocer"}} or {"value": "grocer"}
 *     "separator": ";"
 *   }, ...]}
 *
 * Threads: one.
 */
#ifndef NODE_IMPORT_H
#define NODE_IMPORT_H

#include "node/csv.h"
#include "protocol/ids.h"

#include <jansson.h>

enum {
    IMPORT_SOURCES_MAX = 16,
    IMPORT_PARTNERS_MAX = 1024,
    IMPORT_REJECTS_MAX = 1000, /* kept; the rest is counted */
    IMPORT_FILE_MAX = 1024 * 1024 * 1024,
    IMPORT_EVENTS_MAX = 50000000,
    IMPORT_KEY_PREFIX_MAX = 40,
    IMPORT_WHY_SIZE = 160
};

enum import_type { IMPORT_EARN, IMPORT_REDEEM };

struct import_event {
    uint64_t time_ms;
    uint64_t row;         /* of its source, from 1, without the heading */
    int64_t points;       /* with a currency, until import_convert(): its column as it stands */
    int64_t amount_micro; /* > 0: instead of points */
    uint32_t member;      /* place in the plan's members */
    uint32_t document;    /* offset in the plan's texts; 0: none */
    uint32_t next;        /* the same member's next event of the plan; UINT32_MAX: none */
    uint16_t partner;     /* place in the plan's partners */
    uint8_t source;
    uint8_t type;
    uint32_t line;    /* of its file */
    char currency[4]; /* "": the coalition's */
};

struct import_reject {
    uint8_t source;
    uint64_t line;
    char why[IMPORT_WHY_SIZE];
};

struct import_plan {
    struct import_event *events; /* in time order; file order on ties */
    size_t event_count, event_capacity;
    struct member_ref *members; /* in order of first event */
    size_t member_count, member_capacity;
    uint32_t *member_table; /* open addressing: place + 1 */
    size_t member_table_size;
    char partners[IMPORT_PARTNERS_MAX][64];
    size_t partner_count;
    char keys[IMPORT_SOURCES_MAX][IMPORT_KEY_PREFIX_MAX + 1];
    struct buffer texts;
    struct import_reject *rejects;
    size_t reject_count, reject_capacity; /* reject_count may exceed what is kept */
    uint64_t skipped;                     /* rows below the minimum */
    size_t foreign_count;                 /* events with a currency that were not converted */
    int64_t divisors[IMPORT_SOURCES_MAX]; /* of the points' column */
    struct hash fingerprint;              /* of mapping and files */
};

/* Reads all files (`paths`, as many as the mapping has sources) into a plan. `secret` makes member
 * references. ERROR_INVALID for a mapping that is wrong or names a column that a file lacks; bad
 * rows become rejects. */
bool import_plan_open(json_t *mapping, const char *const *paths, size_t path_count,
                      struct bytes secret, struct import_plan *plan_out,
                      struct error *error) MUST_USE;
void import_plan_release(struct import_plan *plan);

/* What one unit of the event's currency is worth on its day at its partner, in micro-units of the
 * coalition's. False: why not. */
typedef bool import_rate(void *context, const struct import_event *event, int64_t *rate_out,
                         char why_out[IMPORT_WHY_SIZE]);
/* Turns every event that has a currency into points; one that has no rate, or comes to no points,
 * becomes a reject. The fingerprint is of what came of them, too. */
void import_convert(struct import_plan *plan, import_rate *rate, void *context);
/* The idempotency key of an event. */
void import_key(const struct import_plan *plan, const struct import_event *event, char key_out[72]);
const char *import_document(const struct import_plan *plan, const struct import_event *event);

#endif
