/* random_risk.h - random charters that ask for collateral, and collateral around what is needed,
 * for random_play.h: so that partners go from one mode to the next and back.
 */
#ifndef TESTS_UNIT_RANDOM_RISK_H
#define TESTS_UNIT_RANDOM_RISK_H

#include "unit/random_play.h"

/* After the operator is known: mostly where it has a lane, to post collateral with. */
static inline void random_risk_charter(struct play *play, struct charter *draft)
{
    bool has_lane = !draft->partners[PARTNERS].is_operator;
    if (play->quiet || (has_lane ? any(play, 3) == 0 : any(play, 12) > 0)) {
        draft->settlement.on_default = DEFAULT_RING_FENCE; /* all else needs collateral */
        return;
    }
    draft->risk = (struct charter_risk){.on = true,
                                        .floor = {any(play, 2) ? (int64_t)any(play, 500000) : 0},
                                        .breakage_bp = (uint32_t)any(play, 3000),
                                        .haircut_bp = 8000 + (uint32_t)any(play, 5000)};
    draft->risk.alert_bp = 8000 + (uint32_t)any(play, 3000);
    draft->risk.prepaid_bp = draft->risk.alert_bp + (uint32_t)any(play, 3000);
    draft->risk.refuse_bp = draft->risk.prepaid_bp + (uint32_t)any(play, 6000);
}

static inline uint16_t operator_lane(const struct charter *charter)
{
    for (uint16_t i = 0; i < charter->node_count; i++)
        if (partner_equal(charter->nodes[i].partner, charter->operator_id))
            return i;
    return 0;
}

/* From what there is to between half and twice of what is needed, now or with some points more, or
 * a little of it. */
static inline void random_collateral(struct play *play, uint16_t lane)
{
    const struct charter *charter = state_charter(play->driver->state);
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    struct collateral *posted = &t.body.deal.collateral;
    posted->partner.v = (uint16_t)any(play, charter->partner_count);
    memcpy(posted->currency, any(play, 40) ? "EUR" : "SEK", CURRENCY_SIZE);
    const struct risk *risk = state_risk(play->driver->state, posted->partner);
    int64_t needed = (int64_t)(risk_needed(&charter->risk, risk).v / 10000);
    needed += 1 + risk->price.v * (int64_t)any(play, 600); /* and something to issue with */
    if (any(play, 4))
        posted->amount.v = needed / 2 + (int64_t)any(play, (uint64_t)needed) - risk->collateral.v;
    else
        posted->amount.v = (int64_t)any(play, 40000) - 20000;
    if (posted->amount.v == 0 || any(play, 40) == 0)
        posted->amount.v = any(play, 2) ? COLLATERAL_MAX : -1 - risk->collateral.v;
    if (any(play, 40) == 0)
        posted->partner.v = (uint16_t)(charter->partner_count + any(play, 2));
    (void)feed(play, any(play, 20) ? operator_lane(charter) : lane, t);
}

#endif
