/* import_rates.h - what rows in other currencies are worth, by the rates that their partners have
 * published (protocol/SETTLEMENT.md, 26). Threads: one.
 */
#ifndef NODE_IMPORT_RATES_H
#define NODE_IMPORT_RATES_H

#include "node/cli_http.h"
#include "node/import.h"
#include "partners/charter.h"
#include "partners/exchange_rates.h"

struct import_rates {
    struct charter *charter;     /* its currency, and its days */
    struct exchange_rates rates; /* a partner's number is its place in the plan */
};

/* Asks the nodes of the plan's partners (`targets`, in its order) for the charter and for all that
 * was published. */
bool import_rates_ask(const struct import_plan *plan, const struct cli_target *targets,
                      uint64_t patience_ms, struct import_rates *rates_out,
                      struct error *error) MUST_USE;
void import_rates_release(struct import_rates *rates);
/* Adds a page of GET /v1/exchange-rates of the partner at `place`; pages in their order. A node may
 * answer anything: ERROR_INVALID where it is no such page. */
bool import_rates_add(struct import_rates *rates, uint16_t place, const json_t *page,
                      struct error *error) MUST_USE;
/* An import_rate; `context` is a struct import_rates. */
bool import_rates_find(void *context, const struct import_event *event, int64_t *rate_out,
                       char why_out[IMPORT_WHY_SIZE]);

#endif
