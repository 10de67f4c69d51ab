/* random_deal.h - random contracts and promotions for random_play.h: mostly such as come into force
 * soon, between those whom it is for; some with something wrong, and some by anybody.
 */
#ifndef TESTS_UNIT_RANDOM_DEAL_H
#define TESTS_UNIT_RANDOM_DEAL_H

#include "unit/random_play.h"

/* ---- a charter ------------------------------------------------------------------------------- */

static inline void random_deal_charter(struct play *play, struct charter *draft)
{
    draft->contracts.currencies = allocate(2, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 2;
    draft->contracts.currencies[0] = (struct charter_currency){"SEK", 2, {87100}};
    draft->contracts.currencies[1] = (struct charter_currency){"BHD", 3, {0}};
    draft->contracts.required = !play->quiet && any(play, 4) == 0;
    draft->contracts.notice_days = any(play, 8) == 0;
    if (play->quiet || any(play, 2))
        return;
    /* One that has a lane is the operator. */
    draft->partners[PARTNERS].is_operator = false;
    draft->partners[any(play, PARTNERS)].is_operator = true;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static inline void any_text(struct play *play, const char *const *texts, size_t count, char *out)
{
    const char *text = texts[any(play, count)];
    memcpy(out, text, strlen(text) + 1);
}

/* A moment that comes soon, mostly. */
static inline uint64_t any_moment(struct play *play, uint64_t after_ms)
{
    uint64_t notice_ms = state_charter(play->driver->state)->contracts.notice_days * DAY_MS;
    return after_ms + notice_ms + any(play, any(play, 5) ? 20000 : 5 * DAY_MS);
}

static inline struct rate_card random_card_of(struct play *play)
{
    static const char *const currencies[] = {"EUR", "EUR", "EUR", "SEK", "SEK", "BHD"};
    static const char *const taxes[] = {"", "", "AT-20", "DE-19"};
    const struct charter *charter = state_charter(play->driver->state);
    bool taxed = charter->settlement.tax_count > 0;
    struct rate_card card = {
        .funder = {(uint16_t)any(play, PARTNERS)},
        .redeemer = {(uint16_t)any(play, any(play, 20) ? PARTNERS : charter->partner_count + 2)},
        .face = {any(play, 12) ? 8000 + (int64_t)any(play, 4000) : 0},
        .from_ms = any_moment(play, state_time_ms(play->driver->state) + 1)};
    if (any(play, 30) == 0)
        card.from_ms = state_time_ms(play->driver->state) - any(play, 2);
    card.reimbursement.v = any(play, 8) ? (int64_t)any(play, (uint64_t)card.face.v + 1) : 9500;
    any_text(play, currencies, any(play, 3) ? ARRAY_SIZE(currencies) : 3, card.face_currency);
    any_text(play, currencies, ARRAY_SIZE(currencies), card.settlement_currency);
    if (any(play, 60) == 0)
        memcpy(card.face_currency, "USD", CURRENCY_SIZE);
    any_text(play, taxes, taxed || any(play, 60) == 0 ? ARRAY_SIZE(taxes) : 2, card.redemption_tax);
    any_text(play, taxes, taxed ? ARRAY_SIZE(taxes) : 2, card.fee_tax);
    if (any(play, 3) == 0)
        card.until_ms = any_moment(play, card.from_ms);
    if (any(play, 2))
        card.exit_days = (uint16_t)(1 + any(play, 3) / 2);
    if (any(play, 5) == 0)
        card.period_cap.v = 1 + (int64_t)any(play, 100);
    if (any(play, 5) == 0)
        card.year_cap.v = 1 + (int64_t)any(play, 300);
    if (any(play, 5) == 0)
        card.redeemer = charter->operator_id;
    if (partner_equal(card.redeemer, charter->operator_id) || any(play, 60) == 0) {
        card.issue_fee.v = (int64_t)any(play, 500);
        card.redemption_fee.v = (int64_t)any(play, 500);
    }
    return card;
}

/* One of the last versions, most often. */
static inline uint32_t any_version(struct play *play)
{
    size_t count = state_contracts(play->driver->state)->count;
    size_t back = any(play, any(play, 4) ? 1 : 40);
    return (uint32_t)(back < count ? count - 1 - back : count + back / 30);
}

static inline void random_signature(struct play *play, uint16_t lane)
{
    const struct contracts *contracts = state_contracts(play->driver->state);
    struct transaction t = {.type = TRANSACTION_CONTRACT_SIGN};
    uint32_t number = any_version(play);
    t.body.deal.number = number;
    if (number < contracts->count) {
        const struct contract_version *version = &contracts->versions[number];
        const struct rate_card *card = &version->card;
        bool by_funder = partner_equal(version->proposer, card->redeemer) != (any(play, 20) == 0);
        lane = lane_of(play, by_funder ? card->funder.v : card->redeemer.v, lane);
        t.body.deal.digest = rate_card_digest(card);
        t.body.deal.digest.at[3] ^= any(play, 20) == 0;
    }
    (void)feed(play, lane, t);
}

/* Mostly the other party signs at once. */
static inline void random_proposal(struct play *play, uint16_t lane)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = random_card_of(play);
    uint16_t proposer = any(play, 2) ? t.body.deal.card.funder.v : t.body.deal.card.redeemer.v;
    if (feed(play, any(play, 20) ? lane_of(play, proposer, lane) : lane, t) == VERDICT_ACCEPTED &&
        any(play, 3))
        random_signature(play, lane);
}

static inline void random_withdrawal(struct play *play, uint16_t lane)
{
    const struct contracts *contracts = state_contracts(play->driver->state);
    struct transaction t = {.type = TRANSACTION_CONTRACT_WITHDRAW};
    t.body.deal.number = any_version(play);
    if (t.body.deal.number < contracts->count && any(play, 5))
        lane = lane_of(play, contracts->versions[t.body.deal.number].proposer.v, lane);
    (void)feed(play, lane, t);
}

/* Of one of the last signed versions, mostly by a party, and about as soon as it may be. */
static inline void random_end(struct play *play, uint16_t lane)
{
    const struct contracts *contracts = state_contracts(play->driver->state);
    struct transaction t = {.type = TRANSACTION_CONTRACT_END};
    uint64_t now_ms = state_time_ms(play->driver->state);
    uint32_t number = any_version(play);
    for (size_t back = any(play, 6), i = contracts->count; i > 0 && any(play, 20); i--)
        if (contracts->versions[i - 1].state == CONTRACT_SIGNED && back-- == 0) {
            number = (uint32_t)(i - 1);
            break;
        }
    t.body.deal.number = number;
    t.body.deal.until_ms = now_ms + DAY_MS + any(play, 1000);
    if (number < contracts->count) {
        const struct rate_card *card = &contracts->versions[number].card;
        lane = lane_of(play, any(play, 2) ? card->funder.v : card->redeemer.v, lane);
        t.body.deal.until_ms = now_ms + card->exit_days * DAY_MS + any(play, 1000);
        if (t.body.deal.until_ms <= card->from_ms && any(play, 20))
            t.body.deal.until_ms = card->from_ms + 1;
        if (any(play, 10) == 0)
            t.body.deal.until_ms -= DAY_MS / 2;
    }
    (void)feed(play, lane, t);
}

static inline void random_promotion(struct play *play, uint16_t lane)
{
    struct transaction t = {.type = TRANSACTION_PROMOTION_SIGN};
    uint64_t now_ms = state_time_ms(play->driver->state);
    t.body.deal.promotion = (struct promotion){
        .issuer = {(uint16_t)any(play, any(play, 20) ? PARTNERS : PARTNERS + 3)},
        .bp = (uint16_t)(1 + any(play, BASIS_POINTS)),
        .budget = {1 + (int64_t)any(play, 400)},
        .from_ms = any(play, 3) ? 0 : any_moment(play, now_ms + (any(play, 10) > 0))};
    if (any(play, 4))
        t.body.deal.promotion.until_ms = any_moment(
            play, t.body.deal.promotion.from_ms ? t.body.deal.promotion.from_ms : now_ms);
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
    case 4:
    case 5:
    case 6:
        random_signature(play, lane);
        return;
    case 7:
        random_promotion(play, lane);
        return;
    case 8:
        random_end(play, lane);
        return;
    default:
        random_withdrawal(play, lane);
    }
}

#endif
