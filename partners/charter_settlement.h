/* charter_settlement.h - the charter's part on settlement: how long a period is, by when what is
 * due, which days are worked, and taxes.
 *
 *     "settlement": {"period": "month", "propose_days": 1, "answer_days": 3, "pay_days": 5,
 *                    "rest_days": ["saturday", "sunday"], "holidays": ["2026-12-25"],
 *                    "taxes": [{"code": "DE-19", "rate_bp": 1900}],
 *                    "fee_tax": "DE-19", "redemption_tax": "DE-19", "account_days": 7,
 *                    "dispute_days": 20, "default_days": 5, "on_default": "mutualise"}
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_SETTLEMENT_H
#define PARTNERS_CHARTER_SETTLEMENT_H

#include "partners/charter_json.h"

/* Business days after a period's last day, where the charter does not say; Saturdays and Sundays
 * are none then. */
enum { USUAL_PROPOSE_DAYS = 1, USUAL_ANSWER_DAYS = 3, USUAL_PAY_DAYS = 5 };
enum { USUAL_DISPUTE_DAYS = 20, USUAL_DEFAULT_DAYS = 5 };
/* Days of 24 hours that an approved payment account waits, where the charter does not say. */
enum { USUAL_ACCOUNT_DAYS = 7 };

/* Absent, or absent members: the defaults of partners/charter.h. After the part on risk: a fund is
 * collateral. */
void charter_settlement_read(struct json_reader *reader, const struct spot *spot,
                             struct charter *charter);
json_t *charter_settlement_json(const struct charter *charter);
/* Another array of the same elements; never NULL. */
void *charter_array_copy(const void *array, size_t count, size_t size);
/* Arrays of its own in `copy`, which is a bitwise copy of `charter`. */
void charter_settlement_copy(struct charter *copy, const struct charter *charter);
void charter_settlement_free(struct charter *charter);

/* Deadlines count in these. Borrowed from the charter. */
struct business_days charter_business_days(const struct charter *charter);
/* Of a period's days to pay and to answer: the last day on which who does not pay cannot be
 * declared in default yet, and the last one on which a dispute is its opener's alone to resolve.
 * SETTLEMENT.md sections 27 and 22. */
int64_t charter_default_after(const struct charter *charter, int64_t pay);
int64_t charter_disputes_end(const struct charter *charter, int64_t answer);

#endif
