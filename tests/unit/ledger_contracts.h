/* ledger_contracts.h - a ledger of ledger.h on which ada (A), bob (B) and cyd (C) agree upon prices
 * and a promotion, and olaf, who has no node, gets the fees.
 *
 *     height   2          3        5           7        8         9        11       13
 *              A proposes C signs  B promises  B signs  A earns   C sells  C takes  2.2.
 *              a card in           A the half  another  half of   for 250  20 back  January
 *              SEK                 of a lot             it B's                      ends
 */
#ifndef TESTS_UNIT_LEDGER_CONTRACTS_H
#define TESTS_UNIT_LEDGER_CONTRACTS_H

#include "unit/ledger_settlement.h"

enum { CONTRACTS_HEIGHTS = 16, SEK_PRICE = 5000, SEK_CAP = 240 };

static inline struct rate_card card_of(uint16_t redeemer, const char *settled_in, uint64_t from_ms)
{
    struct rate_card card = {.funder = {A},
                             .redeemer = {redeemer},
                             .face_currency = "EUR",
                             .face = {10000},
                             .reimbursement = {SEK_PRICE},
                             .redemption_tax = "AT-20",
                             .from_ms = START_MS + from_ms};
    memcpy(card.settlement_currency, settled_in, CURRENCY_SIZE);
    return card;
}

static inline struct transaction tx_card(struct rate_card card)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = card;
    return t;
}

/* Contract 0 is in force from height 8 on, 1 never is. */
static inline struct rate_card first_card(void)
{
    struct rate_card card = card_of(C, "SEK", 6500);
    card.period_cap.v = SEK_CAP;
    return card;
}

static inline struct rate_card second_card(void)
{
    return card_of(B, "EUR", UINT64_C(4000) * DAY_MS);
}

static inline struct transaction tx_countersign(uint32_t number, struct rate_card card, bool same)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = number;
    t.body.deal.digest = rate_card_digest(&card);
    t.body.deal.digest.at[0] ^= !same;
    return t;
}

static inline struct transaction tx_withdraw(uint32_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_WITHDRAW};
    t.body.deal.number = number;
    return t;
}

static inline struct transaction tx_end(uint32_t number, uint64_t until_ms)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_END};
    t.body.deal.number = number;
    t.body.deal.until_ms = until_ms;
    return t;
}

static inline struct transaction tx_promote(uint16_t issuer, int64_t budget)
{
    struct transaction t = {.type = TRANSACTION_PROMOTION_SIGN};
    t.body.deal.promotion = (struct promotion){.issuer = {issuer}, .bp = 5000, .budget = {budget}};
    return t;
}

/* Half of it is bob's to pay for. */
static inline struct transaction tx_joint_earn(int64_t points)
{
    struct transaction t = tx_earn(1, points);
    t.body.earn.lots[0].split = (struct funding_split){2, {{{A}, 5000}, {{B}, 5000}}};
    return t;
}

static inline void contracts_agree(struct ledger *ledger, uint64_t height)
{
    struct rate_card above = second_card();
    above.reimbursement.v = above.face.v + 1;
    if (height == 1)
        LANE(A, tx_enrol(1));
    if (height == 2)
        LANE(A, tx_card(first_card()));
    if (height == 3)
        LANE(C, tx_countersign(0, first_card(), true));
    if (height == 4)
        LANE(A, tx_earn(1, 200));
    if (height == 5) {
        LANE(A, tx_card(second_card()), tx_card(above));
        LANE(B, tx_promote(A, 100));
    } else if (height == 6) {
        LANE(B, tx_countersign(1, second_card(), false));
        LANE(C, tx_countersign(1, second_card(), true));
    } else if (height == 7) {
        LANE(A, tx_card(first_card()));
        LANE(B, tx_countersign(1, second_card(), true));
    }
}

static inline void contracts_hold(struct ledger *ledger, uint64_t height)
{
    if (height == 8)
        LANE(A, tx_joint_earn(100), tx_joint_earn(102)); /* 50 of 100, and 51 */
    if (height == 9)
        LANE(C, tx_redeem(1, 250));
    if (height == 10)
        LANE(C, tx_redeem(1, 40)); /* A's 225, and 20 */
    if (height == 11)
        LANE(C, tx_unredeem(record_of(ledger, 9, C, 0), 20));
    if (height == 12) {
        LANE(A, tx_withdraw(1), tx_card(second_card()), tx_end(1, second_card().from_ms + 1));
        LANE(B, tx_promote(A, 100));
    }
}

static inline void contracts_play(struct ledger *ledger)
{
    while (ledger->height_count < CONTRACTS_HEIGHTS) {
        uint64_t height = ledger->height_count + 1;
        if (height == 13)
            ledger->later_ms = FEBRUARY_2_MS - START_MS;
        ledger_begin(ledger);
        if (height < 8)
            contracts_agree(ledger, height);
        else
            contracts_hold(ledger, height);
        ledger_end(ledger);
    }
}

#endif
