/* period_watch.h - says once what happens to settlement periods, and which of their deadlines pass.
 *
 * What had happened before the first look is not told, but what is overdue then is, and who is in
 * default in a period that is not settled. Deadlines are of the charter's days: the last day of one
 * is warned of, and what passes it is overdue. What is ring-fenced has no day.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_PERIOD_WATCH_H
#define NODE_PERIOD_WATCH_H

#include "node/log.h"
#include "partners/periods.h"

/* X(name in metrics, level, message) */
#define PERIOD_EVENTS(X)                                                                           \
    X(ended, LOG_LEVEL_INFO, "a settlement period has ended")                                      \
    X(proposed, LOG_LEVEL_INFO, "a settlement period is proposed")                                 \
    X(final, LOG_LEVEL_INFO, "a settlement period is final")                                       \
    X(settled, LOG_LEVEL_INFO, "a settlement period is settled")                                   \
    X(answer_due, LOG_LEVEL_WARN, "today is the last day to sign or dispute a settlement period")  \
    X(payment_due, LOG_LEVEL_WARN, "today is the last day to send a payment")                      \
    X(proposal_overdue, LOG_LEVEL_WARN, "nobody has proposed a settlement period in time")         \
    X(final_overdue, LOG_LEVEL_WARN, "a settlement period can be final and is not")                \
    X(payment_overdue, LOG_LEVEL_WARN, "a payment was not sent in time")                           \
    X(default_possible, LOG_LEVEL_WARN, "the payer of a payment may be declared in default")       \
    X(in_default, LOG_LEVEL_WARN, "a partner is in default")

enum period_event_kind {
#define X(name, level, message) PERIOD_EVENT_##name,
    PERIOD_EVENTS(X)
#undef X
        PERIOD_EVENT_COUNT
};
enum log_level period_event_level(enum period_event_kind kind);
const char *period_event_message(enum period_event_kind kind);

struct period_event {
    enum period_event_kind kind;
    const struct closed_period *closed;
    int64_t until;                        /* of deadlines: the day, since 1970 */
    const struct period_payment *payment; /* of payments; and its number */
    size_t number;
    const struct period_default *in_default; /* of a default */
};

struct period_watch_row;
struct period_watch {              /* zeroed is new */
    struct period_watch_row *rows; /* of periods that were there at the last look, ascending */
    size_t count;
    bool begun;
    uint64_t counts[PERIOD_EVENT_COUNT];
};
void period_watch_release(struct period_watch *watch);

/* The charter says when one may be in default; `own` is the partner whose duties are warned of;
 * `today` as the charter's zone has it. */
void period_watch_look(struct period_watch *watch, const struct periods *periods,
                       const struct charter *charter, struct partner_id own, int64_t today,
                       void (*tell)(void *context, const struct period_event *event),
                       void *context);

/* Fields of a line about an event; texts live in `room`. Returns their count. */
enum { PERIOD_FIELDS_MAX = 8 };
struct period_event_room {
    char period[24], until[24], amount[MONEY_TEXT_SIZE], totals[HASH_HEX_SIZE + 1];
};
size_t period_event_fields(const struct period_event *event, const struct charter *charter,
                           struct period_event_room *room,
                           struct log_field fields_out[PERIOD_FIELDS_MAX]);

/* Counts of what was told, and how periods stand, in Prometheus' text format; the charter tells
 * currencies. */
void period_watch_metrics(const struct period_watch *watch, const struct periods *periods,
                          const struct charter *charter, int64_t today, struct buffer *out);

#endif
