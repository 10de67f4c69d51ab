/* naive_debts.h - a month of naive_town.h that is ledger.md's example B, its books closed, and what
 * is said of its payments.
 */
#ifndef TESTS_UNIT_NAIVE_DEBTS_H
#define TESTS_UNIT_NAIVE_DEBTS_H

#include "unit/naive_town.h"

#define CENT INT64_C(100000000)

/* ---- a month of example B -------------------------------------------------------------------- */

struct debt {
    uint16_t debtor, creditor;
    enum line_class line_class;
    int64_t cents;
};

static const struct debt month[] = {
    {GROCER, BOOKS, LINE_REDEMPTION, 360000},  {GROCER, CINEMA, LINE_REDEMPTION, 225000},
    {BOOKS, GROCER, LINE_REDEMPTION, 270000},  {BOOKS, CINEMA, LINE_REDEMPTION, 72000},
    {CINEMA, GROCER, LINE_REDEMPTION, 45000},  {CINEMA, BOOKS, LINE_REDEMPTION, 108000},
    {GROCER, OPERATOR, LINE_ISSUE_FEE, 60000}, {BOOKS, OPERATOR, LINE_ISSUE_FEE, 32000},
    {CINEMA, OPERATOR, LINE_ISSUE_FEE, 16000}};
/* Its payments, by number. */
enum { TO_CINEMA, TO_OPERATOR, TO_BOOKS };

static inline struct naive_rules rules_with(enum naive_on_default how, bool risk)
{
    struct naive_rules rules = rules_of(false);
    rules.settlement.on_default = how;
    memset(rules.settlement.fee_tax, 0, sizeof(rules.settlement.fee_tax));
    rules.risk.on = risk;
    rules.risk.haircut_bp = rules.risk.alert_bp = 10000;
    rules.risk.prepaid_bp = 11000;
    rules.risk.refuse_bp = 12500;
    return rules;
}

static inline void owe_in(const struct town *town, const struct debt *debts, size_t count,
                          uint8_t tariff)
{
    for (size_t i = 0; i < count; i++)
        *naive_owed_cell(town->model, debts[i].debtor, debts[i].creditor, debts[i].line_class,
                         tariff) = debts[i].cents * CENT;
}

/* The period ends, and its books close on day 34: to be paid by day 35. */
static inline void close_books(struct town *town)
{
    on_day(town, 31);
    on_day(town, 32);
    TAKEN(town, GROCER, settle(town, TRANSACTION_PERIOD_PROPOSE));
    on_day(town, 34);
    TAKEN(town, GROCER, settle(town, TRANSACTION_PERIOD_FINAL));
}

static inline void post(struct town *town, uint16_t partner, int64_t micro)
{
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    t.body.deal.collateral =
        (struct collateral){.partner = {partner}, .currency = "EUR", .amount = {micro}};
    TAKEN(town, OPERATOR, t);
}

static inline struct town town_with(enum naive_on_default how, int64_t collateral_micro)
{
    struct town town = town_by(rules_with(how, collateral_micro > 0));
    if (collateral_micro > 0)
        post(&town, GROCER, collateral_micro);
    owe_in(&town, month, ARRAY_SIZE(month), 0);
    close_books(&town);
    return town;
}

/* ---- what is said of payments ---------------------------------------------------------------- */

static inline const struct naive_payment *payment_at(const struct town *town, uint32_t number)
{
    REQUIRE(number < january(town)->payment_count);
    return &january(town)->payments[number];
}

static inline struct transaction of_payment(const struct town *town, enum transaction_type type,
                                            uint32_t number, uint8_t approver)
{
    struct transaction t = settle(town, type);
    t.body.settle.payment = number;
    t.body.settle.approver = (struct hash){{approver}};
    t.body.settle.attempt =
        number < january(town)->payment_count ? january(town)->payments[number].attempts + 1 : 1;
    return t;
}

static inline void send(struct town *town, uint32_t number)
{
    uint16_t from = payment_at(town, number)->from;
    TAKEN(town, from, of_payment(town, TRANSACTION_PAYMENT_SENT, number, 1));
    TAKEN(town, from, of_payment(town, TRANSACTION_PAYMENT_SENT, number, 2));
}

static inline void confirm(struct town *town, uint32_t number)
{
    TAKEN(town, payment_at(town, number)->to,
          of_payment(town, TRANSACTION_PAYMENT_CONFIRMED, number, 0));
}

static inline void pay(struct town *town, uint32_t number)
{
    send(town, number);
    confirm(town, number);
}

static inline void fail(struct town *town, uint32_t number)
{
    TAKEN(town, payment_at(town, number)->to,
          of_payment(town, TRANSACTION_PAYMENT_FAILED, number, 0));
}

static inline struct transaction accuse(const struct town *town, uint32_t number, uint8_t approver)
{
    return of_payment(town, TRANSACTION_PAYMENT_DEFAULT, number, approver);
}

static inline void begin_default(struct town *town, uint32_t number)
{
    uint16_t to = payment_at(town, number)->to;
    TAKEN(town, to, accuse(town, number, 7));
    TAKEN(town, to, accuse(town, number, 8));
}

/* ---- what is expected ------------------------------------------------------------------------ */

enum kind { NET, RING };
struct expected {
    uint16_t from, to;
    enum kind kind;
    uint32_t round;
    enum naive_payment_state state;
    int64_t cents;
};

/* All payments of the period from number `first` on. */
static inline void check_payments(const struct town *town, size_t first,
                                  const struct expected *expected, size_t count)
{
    const struct naive_period *period = january(town);
    CHECK_INT(period->payment_count, first + count);
    REQUIRE(period->payment_count == first + count);
    for (size_t i = 0; i < count; i++) {
        const struct naive_payment *payment = &period->payments[first + i];
        CHECK_INT(payment->from, expected[i].from);
        CHECK_INT(payment->to, expected[i].to);
        CHECK_INT(payment->ring_fenced, expected[i].kind == RING);
        CHECK_INT(payment->round, expected[i].round);
        CHECK_INT(payment->state, expected[i].state);
        CHECK_INT(payment->amount, expected[i].cents * CENT);
    }
}
#define PAYMENTS(town, first, ...)                                                                 \
    do {                                                                                           \
        const struct expected rows[] = {__VA_ARGS__};                                              \
        check_payments(town, first, rows, ARRAY_SIZE(rows));                                       \
    } while (0)

struct taken {
    uint16_t debtor, claimant, by;
    bool collateral;
    int64_t cents;
};

static inline void check_taken(const struct town *town, const struct taken *expected, size_t count)
{
    const struct naive_period *period = january(town);
    CHECK_INT(period->taking_count, count);
    REQUIRE(period->taking_count == count);
    for (size_t i = 0; i < count; i++) {
        const struct naive_taking *taking = &period->takings[i];
        CHECK_INT(taking->debtor, expected[i].debtor);
        CHECK_INT(taking->claimant, expected[i].claimant);
        CHECK_INT(taking->by, expected[i].by);
        CHECK_INT(taking->collateral, expected[i].collateral);
        CHECK_INT(taking->amount, expected[i].cents * CENT);
        CHECK_TEXT(taking->currency, "EUR");
    }
}
#define TAKEN_OVER(town, ...)                                                                      \
    do {                                                                                           \
        static const struct taken rows[] = {__VA_ARGS__};                                          \
        check_taken(town, rows, ARRAY_SIZE(rows));                                                 \
    } while (0)

#endif
