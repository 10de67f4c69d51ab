/* random_deal.h - contracts and promotions at random, for random_play.h: mostly such as can be
 * agreed upon, by whom they bind; some with something wrong, and some by anybody.
 */
#ifndef TESTS_UNIT_RANDOM_DEAL_H
#define TESTS_UNIT_RANDOM_DEAL_H

#include "partners/charter_contracts.h"
#include "unit/random_play.h"

/* ---- a charter ------------------------------------------------------------------------------- */

static inline void random_contracts_charter(struct play *play, struct charter *draft)
{
    static const struct charter_currency others[] = {{.code = "JPY", .minor_digits = 0},
                                                     {.code = "SEK", .minor_digits = 2}};
    draft->contracts.required = any(play, 5) == 0;
    draft->contracts.notice_days = (uint32_t)(any(play, 3) == 0);
    if (any(play, 4) == 0)
        return;
    draft->contracts.currencies = allocate(ARRAY_SIZE(others), sizeof(others[0]));
    draft->contracts.currency_count = ARRAY_SIZE(others);
    memcpy(draft->contracts.currencies, others, sizeof(others));
}

/* ---- contracts ------------------------------------------------------------------------------- */

static inline uint64_t soon(struct play *play)
{
    return 1 + any(play, any(play, 3) ? 8000 : 2 * DAY_MS);
}

static inline void random_currency(struct play *play, char out[CURRENCY_SIZE])
{
    static const char *const codes[] = {"SEK", "JPY", "SEK", "USD"};
    memcpy(out, codes[any(play, any(play, 8) ? 3 : 4)], CURRENCY_SIZE);
    if (any(play, 3))
        memcpy(out, state_charter(play->driver->state)->currency, CURRENCY_SIZE);
}

static inline void random_tax(struct play *play, char out[TAX_CODE_SIZE])
{
    static const char *const codes[] = {"", "AT-20", "DE-19", "CH-8"};
    snprintf(out, TAX_CODE_SIZE, "%s", codes[any(play, any(play, 8) ? 3 : 4)]);
}

static inline int64_t random_cap(struct play *play)
{
    return any(play, 2) ? 0 : 1 + (int64_t)any(play, 200);
}

static inline struct rate_card random_rates(struct play *play)
{
    const struct charter *charter = state_charter(play->driver->state);
    bool wild = any(play, 8) == 0; /* anything */
    uint64_t parties_now = any(play, 4) ? PARTNERS : charter->partner_count + wild;
    struct rate_card card = {
        .funder = {(uint16_t)any(play, parties_now)},
        .redeemer = {(uint16_t)any(play, parties_now)},
        .face = {any(play, 12) ? 5000 + (int64_t)any(play, 20000) : 0},
        .period_cap = {random_cap(play)},
        .year_cap = {random_cap(play)},
        .from_ms = state_time_ms(play->driver->state) + soon(play),
    };
    card.from_ms += charter->contracts.notice_days * DAY_MS * (any(play, 6) > 0);
    if (card.redeemer.v == card.funder.v && !wild)
        card.redeemer.v = (uint16_t)((card.funder.v + 1U) % charter->partner_count);
    if (any(play, 4) == 0)
        card.until_ms = card.from_ms + (wild ? 0 : soon(play));
    card.reimbursement.v = (int64_t)any(play, (uint64_t)card.face.v + 1) + wild;
    random_currency(play, card.face_currency);
    if (any(play, 2))
        random_currency(play, card.settlement_currency);
    else
        memcpy(card.settlement_currency, card.face_currency, CURRENCY_SIZE);
    random_tax(play, card.redemption_tax);
    random_tax(play, card.fee_tax);
    if (wild || (charter->has_operator && card.redeemer.v == charter->operator_id.v)) {
        card.issue_fee.v = (int64_t)any(play, 500);
        card.redemption_fee.v = (int64_t)any(play, 200);
    }
    return card;
}

/* One of the last, as whom it is for; or any. */
static inline void random_answer(struct play *play, uint16_t lane, bool sign, size_t recent)
{
    const struct contracts *contracts = state_contracts(play->driver->state);
    struct transaction t = {.type =
                                sign ? TRANSACTION_CONTRACT_SIGN : TRANSACTION_CONTRACT_WITHDRAW};
    if (contracts->count < recent || any(play, 8) == 0)
        recent = contracts->count;
    size_t number = contracts->count - (recent ? 1 + any(play, recent) : 0);
    t.body.deal.number = (uint32_t)(number + (any(play, 30) == 0));
    if (number < contracts->count) {
        const struct contract_version *version = &contracts->versions[number];
        uint16_t proposer = version->proposer.v;
        uint16_t other =
            version->card.funder.v == proposer ? version->card.redeemer.v : version->card.funder.v;
        t.body.deal.digest = rate_card_digest(&version->card);
        t.body.deal.digest.at[3] ^= any(play, 12) == 0;
        lane = lane_of(play, sign == (any(play, 10) > 0) ? other : proposer, lane);
    }
    (void)feed(play, lane, t);
}

static inline void random_proposal(struct play *play, uint16_t lane)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    struct rate_card *card = &t.body.deal.card;
    const struct charter *charter = state_charter(play->driver->state);
    *card = random_rates(play);
    if (charter->has_operator && any(play, 4) == 0)
        card->redeemer = charter->operator_id;
    uint16_t party = any(play, 2) ? card->funder.v : card->redeemer.v;
    if (feed(play, lane_of(play, party, lane), t) == VERDICT_ACCEPTED && any(play, 6))
        random_answer(play, lane, true, 1);
}

/* ---- promotions ------------------------------------------------------------------------------ */

static inline void random_promotion(struct play *play, uint16_t lane)
{
    struct transaction t = {.type = TRANSACTION_PROMOTION_SIGN};
    const struct charter *charter = state_charter(play->driver->state);
    struct promotion *promotion = &t.body.deal.promotion;
    uint64_t now_ms = state_time_ms(play->driver->state);
    promotion->issuer.v = (uint16_t)any(play, any(play, 8) ? PARTNERS : charter->partner_count + 1);
    promotion->bp = (uint16_t)(any(play, 2) ? BASIS_POINTS : 1 + any(play, BASIS_POINTS));
    promotion->budget.v = 1 + (int64_t)any(play, 2000);
    if (any(play, 2))
        promotion->from_ms = now_ms + soon(play) - (any(play, 8) == 0 ? soon(play) : 0);
    if (any(play, 2))
        promotion->until_ms = now_ms + soon(play) + soon(play);
    (void)feed(play, lane, t);
}

static inline void random_deal(struct play *play, uint16_t lane)
{
    switch (any(play, 10)) {
    case 0:
    case 1:
    case 2:
        random_proposal(play, lane);
        return;
    case 3:
        random_answer(play, lane, false, 3);
        return;
    case 4:
    case 5:
        random_promotion(play, lane);
        return;
    default:
        random_answer(play, lane, true, 3);
    }
}

#endif
