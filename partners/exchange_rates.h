/* exchange_rates.h - what partners have said on the ledger that other currencies are worth, day by
 * day. It turns purchases into points at the partner that said it, and nothing else: no settlement
 * reads it.
 *
 * protocol/SETTLEMENT.md section 26; ledger.md section 2 (programme). Pure. Threads: one at a time.
 */
#ifndef PARTNERS_EXCHANGE_RATES_H
#define PARTNERS_EXCHANGE_RATES_H

#include "protocol/deal.h"
#include "protocol/verdict.h"

enum {
    RATE_DAYS_KEPT = 8,       /* of a currency: the latest */
    RATE_LATE_DAYS = 7,       /* so old may a day be that is published, and a rate that is used */
    RATE_CURRENCIES_MAX = 256 /* of a partner: ISO 4217 has fewer than 200 */
};

struct day_rate {
    uint32_t day;      /* since 1970, in the charter's zone */
    struct micro rate; /* micro-units of the charter's currency a unit, 1..RATE_MICRO_MAX */
};
/* Of one partner in one currency. */
struct rate_row {
    struct partner_id partner;
    char currency[CURRENCY_SIZE];
    uint8_t count;                      /* 1..RATE_DAYS_KEPT */
    struct day_rate at[RATE_DAYS_KEPT]; /* ascending by day */
};
struct exchange_rates {  /* zeroed is empty */
    struct rate_row *at; /* ascending by partner, then currency */
    size_t count, capacity;
};
void exchange_rates_release(struct exchange_rates *rates);

/* The partner publishes the rates of a day; `own` is the charter's currency, `today` the day of
 * ledger time. VERDICT_BAD_RATE leaves everything as it was. */
enum verdict exchange_rates_publish(struct exchange_rates *rates, struct partner_id partner,
                                    const struct day_rates *said, const char *own, int64_t today);
/* Of the day, or of the last one before it that has any, at most RATE_LATE_DAYS earlier. False:
 * there is none. */
bool exchange_rates_find(const struct exchange_rates *rates, struct partner_id partner,
                         const char *currency, int64_t day, struct day_rate *rate_out) MUST_USE;
/* NULL: the partner has never said anything of that currency. Borrowed until the next call. */
const struct rate_row *exchange_rates_of(const struct exchange_rates *rates,
                                         struct partner_id partner, const char *currency);
/* A row after those that are there, as an image has it. False, with nothing added: it is out of
 * order, or none that exchange_rates_publish() makes by `today`. */
bool exchange_rates_add(struct exchange_rates *rates, const struct rate_row *row, const char *own,
                        int64_t today) MUST_USE;

/* What an amount (> 0) is worth at a rate, in micro-units of the charter's currency, rounded half
 * up. False: it comes to nothing, or to more than INT64_MAX. */
bool exchange_rate_convert(struct micro amount, struct micro rate,
                           struct micro *worth_out) MUST_USE;

#endif
