/* risk.h - what one partner has outstanding, the collateral that it has posted for it, and what
 * that lets it issue. protocol/SETTLEMENT.md section 25, ledger.md 8.4.
 *
 *     covered --alert_bp--> alert --prepaid_bp--> prepaid --refuse_bp--> refused
 *
 * All integers, nothing overflows: at most 2^32 lots of 10^8 points at prices of up to 10^13
 * micro-units, ten times over.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_RISK_H
#define PARTNERS_RISK_H

#include "partners/charter.h"
#include "protocol/verdict.h"

/* Far above what any can be, far below what 128 bits can. */
#define EXPOSURE_MAX ((__int128)1 << 120)

enum risk_mode { RISK_COVERED, RISK_ALERT, RISK_PREPAID, RISK_REFUSED };
const char *risk_mode_word(enum risk_mode mode);

struct risk {
    __int128 outstanding_bp; /* points times basis points, of lots that it pays for */
    struct micro price;      /* the most that one of these points can cost it */
    struct micro collateral; /* 0..COLLATERAL_MAX */
    enum risk_mode mode;
    /* When it entered RISK_PREPAID; zero in any other mode. */
    struct money entry_exposure;
    struct micro entry_collateral;
    bool changed; /* since its mode was settled */
};

/* In the charter's currency. */
struct money risk_exposure(const struct risk *risk);
struct money risk_needed(const struct charter_risk *rules, const struct risk *risk);
/* The mode that what it has and needs put it in. */
enum risk_mode risk_mode_of(const struct charter_risk *rules, const struct risk *risk);
/* Puts it there; true when that is another mode. */
bool risk_settle(const struct charter_risk *rules, struct risk *risk);
/* May it pay for that many more points (times basis points)? Never where they would leave it in
 * RISK_REFUSED. */
bool risk_allows(const struct charter_risk *rules, const struct risk *risk,
                 __int128 asked_bp) MUST_USE;
/* Collateral was posted, or is given back when negative: taken, or refused and nothing changes.
 * `owed` is what the partner has yet to pay. */
enum verdict risk_post(const struct charter_risk *rules, struct risk *risk, struct micro amount,
                       struct money owed) MUST_USE;

#endif
