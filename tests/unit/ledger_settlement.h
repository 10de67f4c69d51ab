/* ledger_settlement.h - a ledger of ledger.h that settles worked example B of ledger.md: ada is A,
 * bob B, cyd C and olaf, who has no node, O; dan and eve look on.
 *
 *     height   3           5      6        7         8        9      10       11   13  14   15
 *              January's   2.2.   ada      ada       cyd      5.2.   ada      ada       cyd 2.3.
 *              redemptions ends   proposes disputes  responds final  resolves pays      has it
 *                                          others sign        cyd takes points back (9, 11)
 *
 * Besides, bob (10), ada (14, 16) and cyd (16) say where they are paid.
 */
#ifndef TESTS_UNIT_LEDGER_SETTLEMENT_H
#define TESTS_UNIT_LEDGER_SETTLEMENT_H

#include "unit/ledger.h"

enum { A, B, C, DAN, EVE, O, SETTLEMENT_HEIGHTS = 16 };
enum { JANUARY = (2027 - 1970) * 12, SETTLEMENT_DISPUTED = 50000, SETTLEMENT_UPHELD = 30000 };
#define FEBRUARY_2_MS UINT64_C(1801566000000) /* 2027-02-02T11:00:00Z, a Tuesday */
#define FEBRUARY_5_MS (FEBRUARY_2_MS + 3 * DAY_MS)
#define MARCH_2_MS    (FEBRUARY_2_MS + 28 * DAY_MS)
/* What so many points are worth at the charter's reimbursement. */
#define WORTH(points) ((int64_t)(points)*9000 * BASIS_POINTS)

static inline struct transaction tx_settle(enum transaction_type type)
{
    struct transaction t = {.type = type};
    t.body.settle.period = JANUARY;
    return t;
}

static inline const struct closed_period *january(const struct ledger *ledger)
{
    const struct closed_period *closed = periods_find(state_periods(ledger->state), JANUARY);
    REQUIRE(closed != NULL);
    return closed;
}

/* As the next height will have it: its cut names the tree after height 4. */
static inline struct transaction tx_propose(const struct ledger *ledger)
{
    struct transaction t = tx_settle(TRANSACTION_PERIOD_PROPOSE);
    struct closed_period closed = *january(ledger);
    closed.records = ledger->past[3].count;
    closed.root = ledger->past[3].root;
    t.body.settle.records = closed.records;
    t.body.settle.root = closed.root;
    t.body.settle.totals = closed_period_totals(&closed);
    return t;
}

static inline struct transaction tx_sign(const struct ledger *ledger, uint8_t person)
{
    struct transaction t = tx_settle(TRANSACTION_PERIOD_SIGN);
    t.body.settle.totals = january(ledger)->totals;
    t.body.settle.approver.at[0] = person;
    return t;
}

/* The redemption of SETTLEMENT_DISPUTED points, the second of cyd's batch in height 3. */
static inline struct disputed_line disputed_line(const struct ledger *ledger)
{
    return (struct disputed_line){.record = record_of(ledger, 3, C, 1),
                                  .debtor = {A},
                                  .creditor = {C},
                                  .line_class = LINE_REDEMPTION};
}

/* `path` has room for it, and lives as long as the transaction. */
static inline struct transaction tx_dispute(const struct ledger *ledger,
                                            struct hash path[MERKLE_PROOF_MAX])
{
    struct transaction t = tx_settle(TRANSACTION_DISPUTE_OPEN);
    struct settle *says = &t.body.settle;
    size_t count = 0;
    says->line = disputed_line(ledger);
    says->code = DISPUTE_DUPLICATE;
    REQUIRE(merkle_prove_inclusion(&ledger->tree, says->line.record.v, january(ledger)->records,
                                   NULL, NULL, path, &count, NULL));
    says->evidence = buffer_bytes(&ledger->records[says->line.record.v]);
    says->path = bytes_of((const uint8_t *)path, count * HASH_SIZE);
    return t;
}

static inline struct transaction tx_about(const struct ledger *ledger, enum transaction_type type,
                                          int64_t amount)
{
    struct transaction t = tx_settle(type);
    t.body.settle.line = disputed_line(ledger);
    t.body.settle.amount = amount;
    return t;
}

static inline struct transaction tx_payment(enum transaction_type type, uint32_t payment)
{
    struct transaction t = tx_settle(type);
    t.body.settle.payment = payment;
    return t;
}

static inline struct transaction tx_sent(uint32_t payment, uint32_t attempt, uint8_t person)
{
    struct transaction t = tx_payment(TRANSACTION_PAYMENT_SENT, payment);
    t.body.settle.attempt = attempt;
    t.body.settle.approver.at[0] = person;
    return t;
}

static inline struct transaction tx_account(const char *iban, uint8_t person)
{
    struct transaction t = {.type = TRANSACTION_PAYMENT_ACCOUNT};
    struct account_words *words = &t.body.deal.account;
    memcpy(words->currency, "EUR", CURRENCY_SIZE);
    words->holder = bytes_text("Somebody + Sons");
    words->iban = bytes_text(iban);
    words->bic = bytes_text("");
    words->approver.at[0] = person;
    return t;
}

static inline struct transaction tx_rate(uint64_t time_ms, const char *currency, int64_t rate)
{
    struct transaction t = {.type = TRANSACTION_EXCHANGE_RATES};
    struct day_rates *rates = &t.body.deal.rates;
    rates->day = (uint32_t)(time_ms / DAY_MS);
    rates->count = 1;
    memcpy(rates->at[0].currency, currency, CURRENCY_SIZE);
    rates->at[0].rate.v = rate;
    return t;
}
#define VIENNA "AT611904300234573201"
#define BERLIN "DE89370400440532013000"

/* ---- the story ------------------------------------------------------------------------------- */

static inline void settlement_january(struct ledger *ledger, uint64_t height)
{
    if (height == 1) {
        LANE(A, tx_enrol(1));
        LANE(B, tx_enrol(2));
        LANE(C, tx_enrol(3));
    } else if (height == 2) {
        LANE(A, tx_earn(1, 1500000));
        LANE(B, tx_earn(2, 800000));
        LANE(C, tx_earn(3, 400000));
    } else if (height == 3) {
        LANE(A, tx_redeem(2, 300000), tx_redeem(3, 50000));
        LANE(B, tx_redeem(1, 400000), tx_redeem(3, 120000));
        LANE(C, tx_redeem(1, 200000), tx_redeem(1, SETTLEMENT_DISPUTED), tx_redeem(2, 80000));
    } else {
        LANE(DAN, tx_enrol(4));
    }
}

static inline void settlement_proposal(struct ledger *ledger, uint64_t height)
{
    struct hash path[MERKLE_PROOF_MAX];
    if (height == 5) {
        LANE(A, tx_settle(TRANSACTION_PERIOD_PROPOSE)); /* its tree is not known yet */
    } else if (height == 6) {
        struct transaction totals = tx_propose(ledger), root = totals;
        totals.body.settle.totals.at[9] ^= 1;
        root.body.settle.root.at[9] ^= 1;
        LANE(A, totals, root, tx_propose(ledger), tx_propose(ledger));
    } else if (height == 7) {
        LANE(A, tx_dispute(ledger, path), tx_sign(ledger, 1), tx_sign(ledger, 2));
        for (uint16_t lane = B; lane <= EVE; lane++)
            LANE(lane, tx_sign(ledger, 1), tx_sign(ledger, 1), tx_sign(ledger, 2));
    } else {
        LANE(C, tx_about(ledger, TRANSACTION_DISPUTE_RESPOND, WORTH(SETTLEMENT_DISPUTED) + 1),
             tx_about(ledger, TRANSACTION_DISPUTE_RESPOND, WORTH(SETTLEMENT_UPHELD)));
        LANE(DAN, tx_settle(TRANSACTION_PERIOD_FINAL)); /* olaf may still answer */
    }
}

static inline void settlement_money(struct ledger *ledger, uint64_t height)
{
    if (height == 9) {
        LANE(DAN, tx_settle(TRANSACTION_PERIOD_FINAL));
        LANE(C, tx_unredeem(disputed_line(ledger).record, 10000));
    } else if (height == 10) {
        LANE(A, tx_about(ledger, TRANSACTION_DISPUTE_RESOLVE, 1),
             tx_about(ledger, TRANSACTION_DISPUTE_RESOLVE, WORTH(SETTLEMENT_UPHELD)));
        LANE(B, tx_account(BERLIN "1", 1), tx_account(BERLIN, 1), tx_account(BERLIN, 1),
             tx_account(BERLIN, 2), tx_account(BERLIN, 3));
    } else if (height == 11) {
        LANE(C, tx_unredeem(disputed_line(ledger).record, 40000));
        for (uint32_t i = 0; i < 3; i++)
            LANE(A, tx_sent(i, 1, 1), tx_sent(i, 1, 2));
    } else if (height == 12) {
        LANE(B, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 1));
        LANE(C, tx_payment(TRANSACTION_PAYMENT_FAILED, 2));
    } else if (height == 13) {
        LANE(A, tx_sent(2, 2, 2), tx_sent(2, 2, 1));
        LANE(B, tx_earn(2, 1000), tx_rate(FEBRUARY_5_MS - DAY_MS, "SEK", 87000),
             tx_rate(FEBRUARY_5_MS, "SEK", 87100), tx_rate(FEBRUARY_5_MS, "EUR", 87100));
    } else if (height == 14) {
        LANE(C, tx_payment(TRANSACTION_PAYMENT_CONFIRMED, 2));
        LANE(A, tx_account(VIENNA, 1), tx_account(VIENNA, 2));
    } else if (height == 16) {
        LANE(A, tx_account(BERLIN, 1), tx_account(BERLIN, 2), tx_account(VIENNA, 1));
        LANE(C, tx_account(VIENNA, 1), tx_rate(MARCH_2_MS, "NOK", 85000));
    }
}

static inline void settlement_play(struct ledger *ledger)
{
    while (ledger->height_count < SETTLEMENT_HEIGHTS) {
        uint64_t height = ledger->height_count + 1;
        if (height == 5)
            ledger->later_ms = FEBRUARY_2_MS - START_MS;
        if (height == 9)
            ledger->later_ms = FEBRUARY_5_MS - START_MS;
        if (height == 15)
            ledger->later_ms = MARCH_2_MS - START_MS;
        ledger_begin(ledger);
        if (height < 5)
            settlement_january(ledger, height);
        else if (height < 9)
            settlement_proposal(ledger, height);
        else
            settlement_money(ledger, height);
        ledger_end(ledger);
    }
}

#endif
