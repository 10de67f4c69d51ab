/* risk_watch.h - tells when the node's own partner may issue less than before, or more: its mode of
 * protocol/SETTLEMENT.md section 25.
 *
 * Pure. Threads: one at a time.
 */
#ifndef NODE_RISK_WATCH_H
#define NODE_RISK_WATCH_H

#include "node/log.h"
#include "partners/risk.h"

struct risk_watch { /* zeroed is new: covered */
    enum risk_mode mode;
    uint64_t changes;
};
/* True when the mode is another than at the last look; at the first, than covered. */
bool risk_watch_look(struct risk_watch *watch, const struct risk *own) MUST_USE;
const char *risk_watch_message(enum risk_mode mode);

/* Fields of a line about it; texts live in `room`. Returns their count. */
enum { RISK_FIELDS_MAX = 5 };
struct risk_room {
    char exposure[MONEY_TEXT_SIZE], needed[MONEY_TEXT_SIZE], collateral[MONEY_TEXT_SIZE];
};
size_t risk_watch_fields(const struct charter *charter, const struct risk *own,
                         struct risk_room *room, struct log_field fields_out[RISK_FIELDS_MAX]);

/* In Prometheus' text format; nothing where the charter asks for no collateral. */
void risk_watch_metrics(const struct risk_watch *watch, const struct charter *charter,
                        const struct risk *own, struct buffer *out);

#endif
