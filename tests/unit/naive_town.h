/* naive_town.h - a coalition of the naive model alone, whose figures are worked out by hand from
 * SETTLEMENT.md section 23.
 */
#ifndef TESTS_UNIT_NAIVE_TOWN_H
#define TESTS_UNIT_NAIVE_TOWN_H

#include "check.h"
#include "node/naive_parts.h"

#define DAY    UINT64_C(86400000)
#define START  (18628 * DAY)  /* 2021-01-01 */
#define MICRO  INT64_C(10000) /* of a point's price, in 1e-10 */
#define BUDGET 100

enum { GROCER, BOOKS, CINEMA, OPERATOR, PARTIES };

struct town {
    struct naive *model;
    uint64_t now_ms, index;
    struct naive_result last;
};

/* ---- a coalition by hand --------------------------------------------------------------------- */

static const char *const names[PARTIES] = {"grocer", "books", "cinema", "operator"};

static inline void *copied(const void *rows, size_t size)
{
    void *copy = allocate(1, size);
    memcpy(copy, rows, size);
    return copy;
}

static inline struct naive_coalition *members(void)
{
    struct naive_coalition *coalition = (struct naive_coalition *)allocate(1, sizeof(*coalition));
    coalition->partner_count = coalition->node_count = PARTIES;
    coalition->partners = (struct naive_partner *)allocate(PARTIES, sizeof(struct naive_partner));
    coalition->nodes = (struct naive_node *)allocate(PARTIES, sizeof(struct naive_node));
    for (uint16_t i = 0; i < PARTIES; i++)
        coalition->nodes[i] = (struct naive_node){.partner = i, .voter = true};
    coalition->limits[LIMIT_ALLOCATIONS] = 16;
    return coalition;
}

static inline struct naive_rules rules_of(bool required)
{
    static const uint16_t lanes[PARTIES] = {GROCER, BOOKS, CINEMA, OPERATOR};
    static const struct naive_zone zone = {0, 0};
    static const struct naive_joint joint = {GROCER, CINEMA, BUDGET};
    static const struct naive_currency currencies[] = {{"EUR", 2, 0}, {"SEK", 2, 0}, {"JPY", 0, 0}};
    static const struct naive_tax taxes[] = {
        {"AT-20", 2000}, {"AT-10", 1000}, {"A", 1}, {"B", 2}, {"C", 3}};
    struct naive_rules rules = {.partners = allocate(PARTIES, sizeof(*rules.partners)),
                                .partner_count = PARTIES,
                                .lane_partner = (uint16_t *)copied(lanes, sizeof(lanes)),
                                .lane_count = PARTIES,
                                .operator_number = OPERATOR,
                                .zones = (struct naive_zone *)copied(&zone, sizeof(zone)),
                                .zone_count = 1,
                                .joint = (struct naive_joint *)copied(&joint, sizeof(joint)),
                                .joint_count = 1,
                                .contracts_required = required,
                                .notice_ms = 2 * DAY,
                                .face = 10000,
                                .reimbursement = 9000,
                                .issue_fee = 400,
                                .redemption_fee = 100,
                                .reversal = NAIVE_UNLIMITED,
                                .deficit_max = 1000000,
                                .grace_days = 30,
                                .allocations = 16,
                                .hold_default_ms = 900000,
                                .hold_max_ms = DAY,
                                .window_ms = 4000 * DAY,
                                .late_after_ms = DAY,
                                .clock_bound_ms = DAY,
                                .coalition = members()};
    for (size_t i = 0; i < PARTIES; i++)
        memcpy(rules.partners[i], names[i], strlen(names[i]) + 1);
    rules.settlement = (struct naive_settlement){
        .propose_days = 1,
        .answer_days = 3,
        .pay_days = 5,
        .dispute_days = 20,
        .default_days = 5,
        .holidays = (int64_t *)allocate(1, sizeof(int64_t)),
        .taxes = (struct naive_tax *)copied(taxes, sizeof(taxes)),
        .tax_count = ARRAY_SIZE(taxes),
        .currencies = (struct naive_currency *)copied(currencies, sizeof(currencies)),
        .currency_count = ARRAY_SIZE(currencies),
        .fee_tax = "AT-20"};
    return rules;
}

/* Another height, so many days after the start. */
static inline void on_day(struct town *town, uint64_t day)
{
    const struct naive_tree tree = {.records = ++town->index};
    town->now_ms = START + day * DAY;
    naive_begin(town->model, town->now_ms, &tree);
}

static inline enum verdict say(struct town *town, uint16_t partner, struct transaction t)
{
    char key[24];
    struct buffer bytes;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    (void)snprintf(key, sizeof(key), "%llu", (unsigned long long)++town->index);
    t.key = bytes_text(key);
    t.at_ms = town->now_ms;
    transaction_encode(&t, &bytes);
    town->last = naive_apply(town->model, partner, town->index, buffer_bytes(&bytes));
    buffer_release(&bytes);
    return town->last.verdict;
}

static inline void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}
#define SAID(town, partner, t, verdict) check_verdict(say(town, partner, t), verdict)
#define TAKEN(town, partner, t)         SAID(town, partner, t, VERDICT_ACCEPTED)

static inline struct member_ref member(uint8_t number)
{
    return (struct member_ref){{number}};
}

static inline struct town town_by(struct naive_rules rules)
{
    struct town town = {.model = naive_open(rules)};
    on_day(&town, 0);
    for (uint8_t i = 1; i <= 2; i++) {
        struct transaction t = {.type = TRANSACTION_ENROL};
        t.body.enrol.member = member(i);
        TAKEN(&town, GROCER, t);
    }
    return town;
}

static inline struct town town_of(bool required)
{
    return town_by(rules_of(required));
}

/* ---- transactions ---------------------------------------------------------------------------- */

static inline struct transaction earn(int64_t points)
{
    struct transaction t = {.type = TRANSACTION_EARN};
    t.body.earn.member = member(1);
    t.body.earn.lot_count = 1;
    t.body.earn.lots[0].quantity.v = points;
    return t;
}

static inline struct transaction joint_earn(int64_t points, uint16_t first, uint16_t bp,
                                            uint16_t second)
{
    struct transaction t = earn(points);
    t.body.earn.lots[0].split =
        (struct funding_split){2, {{{first}, bp}, {{second}, (uint16_t)(BASIS_POINTS - bp)}}};
    return t;
}

static inline struct transaction redeem(int64_t points, int64_t amount)
{
    struct transaction t = {.type = TRANSACTION_REDEEM};
    t.body.redeem.member = member(1);
    t.body.redeem.points.v = points;
    t.body.redeem.amount.v = amount;
    return t;
}

static inline struct transaction hold(int64_t points)
{
    struct transaction t = {.type = TRANSACTION_HOLD};
    t.body.hold.member = member(1);
    t.body.hold.points.v = points;
    return t;
}

static inline struct transaction commit(uint64_t record)
{
    struct transaction t = {.type = TRANSACTION_COMMIT};
    t.body.commit.hold.v = record;
    return t;
}

static inline struct transaction take_back(enum transaction_type type, uint64_t record,
                                           int64_t points)
{
    struct transaction t = {.type = type};
    if (type == TRANSACTION_REVERSE_EARN) {
        t.body.reverse_earn.earn.v = record;
        t.body.reverse_earn.refunded = (uint64_t)points;
    } else {
        t.body.reverse_redeem.redemption.v = record;
        t.body.reverse_redeem.points.v = points;
    }
    return t;
}

static inline struct rate_card card_of(uint16_t funder, uint16_t redeemer, uint64_t from,
                                       uint64_t until)
{
    return (struct rate_card){.funder = {funder},
                              .redeemer = {redeemer},
                              .face_currency = "EUR",
                              .settlement_currency = "EUR",
                              .face = {10000},
                              .reimbursement = {8000},
                              .fee_tax = "AT-20",
                              .from_ms = START + from * DAY,
                              .until_ms = until ? START + until * DAY : 0};
}

static inline struct transaction propose(const struct rate_card *card)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = *card;
    return t;
}

static inline struct transaction countersign(const struct town *town, size_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = (uint32_t)number;
    if (number < naive_contract_count(town->model))
        t.body.deal.digest = rate_card_digest(&naive_contract_at(town->model, number)->card);
    return t;
}

static inline struct transaction withdraw(uint32_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_WITHDRAW};
    t.body.deal.number = number;
    return t;
}

static inline struct transaction end_contract(uint32_t number, uint64_t day)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_END};
    t.body.deal.number = number;
    t.body.deal.until_ms = START + day * DAY;
    return t;
}

static inline struct transaction promote(uint16_t issuer, uint16_t bp, int64_t budget,
                                         uint64_t from, uint64_t until)
{
    struct transaction t = {.type = TRANSACTION_PROMOTION_SIGN};
    t.body.deal.promotion = (struct promotion){.issuer = {issuer},
                                               .bp = bp,
                                               .budget = {budget},
                                               .from_ms = from ? START + from * DAY : 0,
                                               .until_ms = until ? START + until * DAY : 0};
    return t;
}

/* Proposed by the funder, signed by the redeemer. */
static inline void agree(struct town *town, struct rate_card card)
{
    TAKEN(town, card.funder.v, propose(&card));
    TAKEN(town, card.redeemer.v, countersign(town, naive_contract_count(town->model) - 1));
}

/* ---- settling -------------------------------------------------------------------------------- */

static inline struct naive_period *january(const struct town *town)
{
    REQUIRE(naive_period_count(town->model) > 0);
    return &town->model->periods[0];
}

static inline struct transaction settle(const struct town *town, enum transaction_type type)
{
    struct transaction t = {.type = type};
    const struct naive_period *period = january(town);
    t.body.settle = (struct settle){.period = period->number,
                                    .records = period->records,
                                    .root = period->root,
                                    .totals = period->totals,
                                    .approver = {{1}}};
    return t;
}

static inline int64_t owed(const struct town *town, uint16_t debtor, uint16_t creditor,
                           enum line_class line_class, size_t tariff)
{
    return (int64_t)naive_owed(town->model, debtor, creditor, line_class, tariff);
}

#endif
