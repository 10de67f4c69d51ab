/* charter_contracts.h - the charter's part on contracts: whether there must be one, how long before
 * its first day it is proposed, and which currencies it may use beside the charter's own.
 *
 *     "contracts": {"required": false, "notice_days": 0,
 *                   "currencies": [{"code": "SEK", "minor_digits": 2, "collateral_rate":
 * "0.0871"}]}
 *
 * protocol/SETTLEMENT.md section 23. Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_CONTRACTS_H
#define PARTNERS_CHARTER_CONTRACTS_H

#include "partners/charter_json.h"

/* Absent, or absent members: not required, no notice, no further currency. After the charter's own
 * currency and its digits. */
void charter_contracts_read(struct json_reader *reader, const struct spot *spot,
                            struct charter *charter);
/* NULL when nothing differs from an absent part. */
json_t *charter_contracts_json(const struct charter *charter);
/* Arrays of its own in `copy`, which is a bitwise copy of `charter`. */
void charter_contracts_copy(struct charter *copy, const struct charter *charter);
void charter_contracts_free(struct charter *charter);

/* The charter's own, or one for contracts. */
bool charter_has_currency(const struct charter *charter, const char *code) MUST_USE;
/* What one of it counts for in the charter's currency; 0: it has no rate. Of one that it has. */
struct micro charter_collateral_rate(const struct charter *charter, const char *code);
/* Digits after the point of one that it has, 0..3. */
int charter_minor_digits(const struct charter *charter, const char *code);
/* One of settlement.taxes, or "": no tax. */
bool charter_has_tax(const struct charter *charter, const char *code) MUST_USE;

#endif
