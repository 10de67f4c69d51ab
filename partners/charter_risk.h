/* charter_risk.h - the charter's part on risk: how much collateral the operator holds of each
 * partner, and what happens when it is not enough.
 *
 *     "risk": {"floor": "1000.00", "breakage_bp": 1000, "haircut_bp": 10000,
 *              "alert_bp": 10000, "prepaid_bp": 11000, "refuse_bp": 12500}
 *
 * protocol/SETTLEMENT.md section 25. Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_RISK_H
#define PARTNERS_CHARTER_RISK_H

#include "partners/charter_json.h"

/* Absent: no collateral is asked for. Absent members: the defaults of section 25. After the
 * partners: there is an operator to hold it. */
void charter_risk_read(struct json_reader *reader, const struct spot *spot,
                       struct charter *charter);
/* NULL when no collateral is asked for. */
json_t *charter_risk_json(const struct charter *charter);

#endif
