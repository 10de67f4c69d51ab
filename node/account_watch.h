/* account_watch.h - alerts everyone when a partner changes where it is paid: once when a change is
 * approved and waits, and once when money goes there.
 *
 * Changes that wait at the first look are told too: whoever starts a node has to hear of them.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_ACCOUNT_WATCH_H
#define NODE_ACCOUNT_WATCH_H

#include "node/log.h"
#include "partners/charter.h"
#include "partners/payment_accounts.h"

/* X(name in metrics, message); all are warnings. */
#define ACCOUNT_EVENTS(X)                                                                          \
    X(waits, "a partner's payment account is about to change")                                     \
    X(given_up, "a payment account that was about to change stays as it is")                       \
    X(in_force, "a partner's payment account has changed")

enum account_event_kind {
#define X(name, message) ACCOUNT_EVENT_##name,
    ACCOUNT_EVENTS(X)
#undef X
        ACCOUNT_EVENT_COUNT
};
const char *account_event_message(enum account_event_kind kind);

struct account_event {
    enum account_event_kind kind;
    const struct account_row *row;
    const struct payment_account *account; /* of it, the one that it is about */
};

struct account_watch {        /* zeroed is new */
    struct account_row *rows; /* of the last look */
    size_t count;
    bool begun;
    uint64_t counts[ACCOUNT_EVENT_COUNT];
};
void account_watch_release(struct account_watch *watch);
void account_watch_look(struct account_watch *watch, const struct payment_accounts *accounts,
                        void (*tell)(void *context, const struct account_event *event),
                        void *context);

/* Fields of a line about an event; texts live in `room`. Returns their count. */
enum { ACCOUNT_FIELDS_MAX = 4 };
struct account_event_room {
    char from[32];
};
size_t account_event_fields(const struct account_event *event, const struct charter *charter,
                            struct account_event_room *room,
                            struct log_field fields_out[ACCOUNT_FIELDS_MAX]);

/* What was told, and how many changes wait, in Prometheus' text format. */
void account_watch_metrics(const struct account_watch *watch,
                           const struct payment_accounts *accounts, struct buffer *out);

#endif
