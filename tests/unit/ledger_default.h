/* ledger_default.h - a ledger of ledger.h on which bob (B) does not pay, and then dan: ada (A) gets
 * the fees and holds bob's collateral, and what is left is shared.
 *
 *     3               5        6           7                    8          9
 *     January's       2.2.     A           B disputes a line,   the books  5.2.
 *     redemptions     it ends  proposes    all sign             close      B pays C and dan
 *
 *     10              11               12          13           14        15
 *     16.2.           what dan got     25.2.       C pays A     2.3.      5.3.
 *     B is in         from B did not   dan is in                B pays A  C ends the dispute
 *     default         come, what A     default,
 *                     did is void      too
 */
#ifndef TESTS_UNIT_LEDGER_DEFAULT_H
#define TESTS_UNIT_LEDGER_DEFAULT_H

#include "unit/ledger_settlement.h"

enum { DEFAULT_HEIGHTS = 16 };
#define FEBRUARY_16_MS (FEBRUARY_2_MS + 14 * DAY_MS)
#define FEBRUARY_25_MS (FEBRUARY_2_MS + 23 * DAY_MS)
#define MARCH_5_MS     (FEBRUARY_2_MS + 31 * DAY_MS)

static inline struct transaction tx_accuse(uint32_t payment, uint8_t person)
{
    struct transaction t = tx_payment(TRANSACTION_PAYMENT_DEFAULT, payment);
    t.body.settle.approver.at[0] = person;
    return t;
}

/* What bob disputes of what cyd sold: a thousand points, 9.00. */
static inline struct transaction tx_of_bob(struct transaction t)
{
    t.body.settle.line.debtor.v = B;
    return t;
}

static inline void default_january(struct ledger *ledger, uint64_t height)
{
    struct transaction posted = {.type = TRANSACTION_COLLATERAL};
    posted.body.deal.collateral =
        (struct collateral){.partner = {B}, .currency = "EUR", .amount = {500000000}};
    if (height == 1) {
        LANE(A, posted);
        LANE(B, tx_enrol(1));
        LANE(C, tx_enrol(2));
        LANE(DAN, tx_enrol(3));
    } else if (height == 2) {
        LANE(B, tx_earn(1, 1000000));
        LANE(C, tx_earn(2, 500000));
        LANE(DAN, tx_earn(3, 400000));
    } else if (height == 3) {
        LANE(A, tx_redeem(1, 100000));
        LANE(B, tx_redeem(2, 100000));
        LANE(C, tx_redeem(1, 300000), tx_redeem(1, 1000), tx_redeem(3, 250000));
        LANE(DAN, tx_redeem(1, 200000), tx_redeem(2, 150000));
    } else {
        LANE(EVE, tx_enrol(4));
    }
}

static inline void default_books(struct ledger *ledger, uint64_t height)
{
    struct hash path[MERKLE_PROOF_MAX];
    if (height == 5) {
        LANE(EVE, tx_enrol(5));
    } else if (height == 6) {
        LANE(A, tx_propose(ledger));
    } else if (height == 7) {
        LANE(B, tx_of_bob(tx_dispute(ledger, path)));
        for (uint16_t lane = A; lane <= EVE; lane++)
            LANE(lane, tx_sign(ledger, 1), tx_sign(ledger, 2));
    } else {
        LANE(A, tx_settle(TRANSACTION_PERIOD_FINAL));
    }
}

/* Bob owes cyd 2500, ada 1660 and dan 740. */
static inline void default_money(struct ledger *ledger, uint64_t height)
{
    if (height == 9) {
        LANE(B, tx_sent(0, 1, 1), tx_sent(0, 1, 2), tx_sent(2, 1, 1), tx_sent(2, 1, 2));
        LANE(A, tx_accuse(1, 1));
    } else if (height == 10) {
        LANE(C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 0));
        LANE(DAN, tx_accuse(1, 1), tx_accuse(2, 1));
        LANE(A, tx_accuse(1, 1), tx_accuse(1, 1), tx_accuse(1, 2));
    } else if (height == 11) {
        LANE(DAN, tx_payment(TRANSACTION_PAYMENT_FAILED, 2));
        LANE(A, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 1), tx_accuse(5, 1), tx_accuse(4, 1));
    } else if (height == 12) {
        LANE(A, tx_accuse(4, 1), tx_accuse(4, 2));
    } else if (height == 13) {
        LANE(C, tx_sent(9, 1, 1), tx_sent(9, 1, 2));
        LANE(A, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 9));
    } else if (height == 14) {
        LANE(B, tx_sent(5, 1, 1), tx_sent(5, 1, 2), tx_sent(1, 1, 1));
        LANE(C, tx_of_bob(tx_about(ledger, TRANSACTION_DISPUTE_RESOLVE, 0)));
    } else if (height == 15) {
        LANE(A, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 5));
        LANE(C, tx_of_bob(tx_about(ledger, TRANSACTION_DISPUTE_RESOLVE, 0)));
    }
}

static inline void default_play(struct ledger *ledger)
{
    while (ledger->height_count < DEFAULT_HEIGHTS) {
        uint64_t height = ledger->height_count + 1;
        if (height == 5)
            ledger->later_ms = FEBRUARY_2_MS - START_MS;
        if (height == 9)
            ledger->later_ms = FEBRUARY_5_MS - START_MS;
        if (height == 10)
            ledger->later_ms = FEBRUARY_16_MS - START_MS;
        if (height == 12)
            ledger->later_ms = FEBRUARY_25_MS - START_MS;
        if (height == 14)
            ledger->later_ms = MARCH_2_MS - START_MS;
        if (height == 15)
            ledger->later_ms = MARCH_5_MS - START_MS;
        ledger_begin(ledger);
        if (height < 5)
            default_january(ledger, height);
        else if (height < 9)
            default_books(ledger, height);
        else
            default_money(ledger, height);
        ledger_end(ledger);
    }
}

#endif
