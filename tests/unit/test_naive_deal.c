// links: node
/* What partners agree upon, in the naive model alone and by figures worked out by hand from
 * FORMAT.md section 23: who may sign what, what a point costs then, how many there may be, and what
 * is left to pay. */
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

static void *copied(const void *rows, size_t size)
{
    void *copy = allocate(1, size);
    memcpy(copy, rows, size);
    return copy;
}

static struct naive_coalition *members(void)
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

static struct naive_rules rules_of(bool required)
{
    static const uint16_t lanes[PARTIES] = {GROCER, BOOKS, CINEMA, OPERATOR};
    static const struct naive_zone zone = {0, 0};
    static const struct naive_joint joint = {GROCER, CINEMA, BUDGET};
    static const struct naive_currency currencies[] = {{"EUR", 2}, {"SEK", 2}, {"JPY", 0}};
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
        .holidays = (int64_t *)allocate(1, sizeof(int64_t)),
        .taxes = (struct naive_tax *)copied(taxes, sizeof(taxes)),
        .tax_count = ARRAY_SIZE(taxes),
        .currencies = (struct naive_currency *)copied(currencies, sizeof(currencies)),
        .currency_count = ARRAY_SIZE(currencies),
        .fee_tax = "AT-20"};
    return rules;
}

/* Another height, so many days after the start. */
static void on_day(struct town *town, uint64_t day)
{
    const struct naive_tree tree = {.records = ++town->index};
    town->now_ms = START + day * DAY;
    naive_begin(town->model, town->now_ms, &tree);
}

static enum verdict say(struct town *town, uint16_t partner, struct transaction t)
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

static void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}
#define SAID(town, partner, t, verdict) check_verdict(say(town, partner, t), verdict)
#define TAKEN(town, partner, t)         SAID(town, partner, t, VERDICT_ACCEPTED)

static struct member_ref member(uint8_t number)
{
    return (struct member_ref){{number}};
}

static struct town town_of(bool required)
{
    struct town town = {.model = naive_open(rules_of(required))};
    on_day(&town, 0);
    for (uint8_t i = 1; i <= 2; i++) {
        struct transaction t = {.type = TRANSACTION_ENROL};
        t.body.enrol.member = member(i);
        TAKEN(&town, GROCER, t);
    }
    return town;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static struct transaction earn(int64_t points)
{
    struct transaction t = {.type = TRANSACTION_EARN};
    t.body.earn.member = member(1);
    t.body.earn.lot_count = 1;
    t.body.earn.lots[0].quantity.v = points;
    return t;
}

static struct transaction joint_earn(int64_t points, uint16_t first, uint16_t bp, uint16_t second)
{
    struct transaction t = earn(points);
    t.body.earn.lots[0].split =
        (struct funding_split){2, {{{first}, bp}, {{second}, (uint16_t)(BASIS_POINTS - bp)}}};
    return t;
}

static struct transaction redeem(int64_t points, int64_t amount)
{
    struct transaction t = {.type = TRANSACTION_REDEEM};
    t.body.redeem.member = member(1);
    t.body.redeem.points.v = points;
    t.body.redeem.amount.v = amount;
    return t;
}

static struct transaction hold(int64_t points)
{
    struct transaction t = {.type = TRANSACTION_HOLD};
    t.body.hold.member = member(1);
    t.body.hold.points.v = points;
    return t;
}

static struct transaction commit(uint64_t record)
{
    struct transaction t = {.type = TRANSACTION_COMMIT};
    t.body.commit.hold.v = record;
    return t;
}

static struct transaction take_back(enum transaction_type type, uint64_t record, int64_t points)
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

static struct rate_card card_of(uint16_t funder, uint16_t redeemer, uint64_t from, uint64_t until)
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

static struct transaction propose(const struct rate_card *card)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    t.body.deal.card = *card;
    return t;
}

static struct transaction countersign(const struct town *town, size_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = (uint32_t)number;
    if (number < naive_contract_count(town->model))
        t.body.deal.digest = rate_card_digest(&naive_contract_at(town->model, number)->card);
    return t;
}

static struct transaction withdraw(uint32_t number)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_WITHDRAW};
    t.body.deal.number = number;
    return t;
}

static struct transaction promote(uint16_t issuer, uint16_t bp, int64_t budget, uint64_t from,
                                  uint64_t until)
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
static void agree(struct town *town, struct rate_card card)
{
    TAKEN(town, card.funder.v, propose(&card));
    TAKEN(town, card.redeemer.v, countersign(town, naive_contract_count(town->model) - 1));
}

static int64_t owed(const struct town *town, uint16_t debtor, uint16_t creditor,
                    enum line_class line_class, size_t tariff)
{
    return (int64_t)naive_owed(town->model, debtor, creditor, line_class, tariff);
}

/* ---- contracts ------------------------------------------------------------------------------- */

CASE(a_card_is_refused_for_what_is_wrong_with_it_in_this_order)
{
    struct town town = town_of(false);
    struct rate_card good = card_of(GROCER, CINEMA, 10, 20), card;
    agree(&town, good);
#define WRONG(change, verdict)                                                                     \
    do {                                                                                           \
        card = card_of(GROCER, CINEMA, 30, 0);                                                     \
        change;                                                                                    \
        SAID(&town, GROCER, propose(&card), verdict);                                              \
    } while (0)
    WRONG(card.redeemer.v = GROCER, VERDICT_BAD_CARD);
    WRONG(card.until_ms = card.from_ms, VERDICT_BAD_CARD);
    WRONG(memcpy(card.face_currency, "USD", 4), VERDICT_BAD_CARD);
    WRONG(memcpy(card.settlement_currency, "USD", 4), VERDICT_BAD_CARD);
    WRONG(memcpy(card.fee_tax, "AT-13", 6), VERDICT_BAD_CARD);
    WRONG(memcpy(card.redemption_tax, "AT-13", 6), VERDICT_BAD_CARD);
    WRONG(card.issue_fee.v = 1, VERDICT_BAD_CARD);
    WRONG(card.redemption_fee.v = 1, VERDICT_BAD_CARD);
    WRONG((card.reimbursement.v = 10001, card.funder.v = BOOKS), VERDICT_ABOVE_FACE);
    WRONG((card.funder.v = BOOKS, card.redeemer.v = 9), VERDICT_NOT_A_PARTY);
    WRONG((card.redeemer.v = 9, card.from_ms = START), VERDICT_UNKNOWN_PARTNER);
    WRONG(card.from_ms = START, VERDICT_NOTICE_TOO_SHORT);
    WRONG((card.from_ms = START + 2 * DAY - 1, card.until_ms = START + 15 * DAY),
          VERDICT_NOTICE_TOO_SHORT);
    WRONG(card.from_ms = good.from_ms, VERDICT_OVERLAP);
    WRONG(card.from_ms = START + 20 * DAY - 1, VERDICT_OVERLAP);
    WRONG(card.from_ms = START + 9 * DAY, VERDICT_OVERLAP); /* begins first, has no end */
    WRONG((card.from_ms = START + 2 * DAY, card.until_ms = good.from_ms + 1), VERDICT_OVERLAP);
    WRONG((card.from_ms = START + 2 * DAY, card.until_ms = good.from_ms), VERDICT_ACCEPTED);
    WRONG(card.from_ms = good.until_ms, VERDICT_ACCEPTED);
    WRONG((card.reimbursement.v = 20000, memcpy(card.face_currency, "SEK", 4)), VERDICT_ACCEPTED);
    WRONG((card.redeemer.v = OPERATOR, card.issue_fee.v = 1), VERDICT_ACCEPTED);
#undef WRONG
    naive_close(town.model);
}

CASE(the_other_party_signs_what_it_has_read)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0), same = card_of(GROCER, CINEMA, 10, 0);
    TAKEN(&town, CINEMA, propose(&card));
    TAKEN(&town, GROCER, propose(&same));
    struct transaction changed = countersign(&town, 0);
    changed.body.deal.digest.at[0] ^= 1;
    SAID(&town, GROCER, countersign(&town, 2), VERDICT_UNKNOWN_CONTRACT);
    SAID(&town, BOOKS, countersign(&town, 0), VERDICT_NOT_A_PARTY);
    SAID(&town, CINEMA, countersign(&town, 0), VERDICT_OWN_PROPOSAL);
    SAID(&town, GROCER, changed, VERDICT_CONTRACT_CHANGED);
    TAKEN(&town, GROCER, countersign(&town, 0));
    SAID(&town, GROCER, countersign(&town, 0), VERDICT_CONTRACT_CLOSED);
    SAID(&town, CINEMA, countersign(&town, 1), VERDICT_OVERLAP);
    SAID(&town, CINEMA, withdraw(9), VERDICT_UNKNOWN_CONTRACT);
    SAID(&town, CINEMA, withdraw(1), VERDICT_NOT_A_PARTY);
    TAKEN(&town, GROCER, withdraw(1));
    SAID(&town, GROCER, withdraw(1), VERDICT_CONTRACT_CLOSED);
    SAID(&town, CINEMA, countersign(&town, 1), VERDICT_CONTRACT_CLOSED);
    card = card_of(GROCER, CINEMA, 30, 0);
    TAKEN(&town, GROCER, propose(&card));
    on_day(&town, 30);
    SAID(&town, CINEMA, countersign(&town, 2), VERDICT_CONTRACT_TOO_LATE);
    naive_close(town.model);
}

CASE(open_proposals_of_a_partner_have_an_end)
{
    struct town town = town_of(false);
    for (int i = 0; i < NAIVE_PROPOSALS_MAX; i++) {
        struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
        TAKEN(&town, GROCER, propose(&card));
    }
    struct rate_card card = card_of(GROCER, CINEMA, 30, 0);
    SAID(&town, GROCER, propose(&card), VERDICT_TOO_MANY_CONTRACTS);
    TAKEN(&town, CINEMA, propose(&card));
    TAKEN(&town, GROCER, withdraw(7));
    TAKEN(&town, GROCER, propose(&card));
    SAID(&town, GROCER, propose(&card), VERDICT_TOO_MANY_CONTRACTS);
    on_day(&town, 10); /* past their day */
    TAKEN(&town, GROCER, propose(&card));
    naive_close(town.model);
}

CASE(a_tariff_is_made_once_and_no_more_than_there_is_room_for)
{
    static const char *const currencies[] = {"EUR", "SEK", "JPY"};
    static const char *const taxes[] = {"", "AT-20", "AT-10", "A", "B"};
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 11);
    for (size_t i = 0; i < TARIFFS_MAX + 1; i++) {
        memcpy(card.settlement_currency, currencies[i % 3], 4);
        snprintf(card.redemption_tax, TAX_CODE_SIZE, "%s", taxes[i / 3 % 5]);
        snprintf(card.fee_tax, TAX_CODE_SIZE, "%s", taxes[i / 15 % 5]);
        card.from_ms += DAY;
        card.until_ms += DAY;
        TAKEN(&town, GROCER, propose(&card));
        SAID(&town, CINEMA, countersign(&town, i),
             i < TARIFFS_MAX ? VERDICT_ACCEPTED : VERDICT_TOO_MANY_CONTRACTS);
    }
    /* One of them is the charter's own. */
    CHECK_INT(naive_tariff_count(town.model), TARIFFS_MAX);
    card.from_ms += DAY;
    card.until_ms += DAY;
    memcpy(card.redemption_tax, "", 1);
    memcpy(card.fee_tax, "", 1);
    agree(&town, card);
    CHECK_INT(naive_tariff_count(town.model), TARIFFS_MAX);
    CHECK_INT(naive_contract_at(town.model, 0)->tariff, 1);
    naive_close(town.model);
}

/* ---- prices ---------------------------------------------------------------------------------- */

CASE(a_lot_keeps_the_prices_of_its_epoch)
{
    struct town town = town_of(false);
    struct rate_card dearer = card_of(GROCER, CINEMA, 20, 30);
    dearer.reimbursement.v = 7000;
    memcpy(dearer.redemption_tax, "AT-10", 6);
    TAKEN(&town, GROCER, earn(100)); /* lot 1: the charter's, 9000 */
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    agree(&town, dearer);
    on_day(&town, 9);
    CHECK_INT(naive_epoch_count(town.model), 1);
    on_day(&town, 11);
    CHECK_INT(naive_epoch_count(town.model), 2);
    CHECK_INT(naive_epoch_at(town.model, 1), START + 10 * DAY);
    TAKEN(&town, GROCER, earn(100)); /* lot 2: 8000 */
    on_day(&town, 25);
    TAKEN(&town, GROCER, earn(100)); /* lot 3: 7000, taxed */
    on_day(&town, 29);
    CHECK_INT(naive_epoch_count(town.model), 3);
    TAKEN(&town, CINEMA, redeem(250, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0),
              100 * 9000 * MICRO + 100 * 8000 * MICRO);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 1), 50 * 7000 * MICRO);
    /* Last consumed comes back first, at what it was charged. */
    TAKEN(&town, CINEMA, take_back(TRANSACTION_REVERSE_REDEEM, town.index, 150));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION_CONTRA, 1), -50 * 7000 * MICRO);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION_CONTRA, 0), -100 * 8000 * MICRO);
    naive_close(town.model);
}

CASE(moments_between_two_heights_make_one_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 11));
    agree(&town, card_of(GROCER, CINEMA, 12, 0));
    TAKEN(&town, BOOKS, promote(CINEMA, 5000, BUDGET, 3, 13));
    on_day(&town, 14);
    REQUIRE(naive_epoch_count(town.model) == 2);
    CHECK_INT(naive_epoch_at(town.model, 1), START + 13 * DAY);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 10 * 8000 * MICRO);
    on_day(&town, 15);
    CHECK_INT(naive_epoch_count(town.model), 2);
    naive_close(town.model);
}

CASE(a_card_that_gave_way_does_not_come_back)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    agree(&town, card_of(GROCER, CINEMA, 20, 30));
    on_day(&town, 31);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 10 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(where_contracts_are_required_nothing_is_spent_without_one)
{
    struct town town = town_of(true);
    TAKEN(&town, GROCER, earn(300));
    TAKEN(&town, GROCER, redeem(10, 0)); /* own points at own tills */
    SAID(&town, CINEMA, redeem(10, 0), VERDICT_NO_CONTRACT);
    SAID(&town, CINEMA, redeem(0, 10000), VERDICT_NO_CONTRACT);
    SAID(&town, CINEMA, hold(10), VERDICT_NO_CONTRACT);
    agree(&town, card_of(GROCER, CINEMA, 10, 12));
    struct rate_card later = card_of(GROCER, CINEMA, 20, 0);
    later.reimbursement.v = 1000;
    agree(&town, later);
    on_day(&town, 9);
    SAID(&town, CINEMA, redeem(10, 0), VERDICT_NO_CONTRACT);
    on_day(&town, 10); /* its first one, also when it is over */
    TAKEN(&town, CINEMA, redeem(10, 0));
    on_day(&town, 21);
    TAKEN(&town, CINEMA, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 20 * 8000 * MICRO);
    naive_close(town.model);
}

CASE(fees_go_by_the_card_with_the_operator_at_their_own_epochs)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, OPERATOR, 10, 0);
    card.issue_fee.v = 500;
    card.redemption_fee.v = 50;
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 0), 100 * 400 * MICRO);
    uint64_t first = town.index;
    TAKEN(&town, GROCER, hold(60));
    uint64_t held = town.index;
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 0);
    on_day(&town, 0);
    TAKEN(&town, GROCER, commit(held));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 60 * 100 * MICRO);
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 1), 100 * 500 * MICRO);
    TAKEN(&town, GROCER, redeem(20, 0));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 1), 20 * 50 * MICRO);
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 60));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 0), 0);
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_REDEMPTION_FEE, 1), 20 * 50 * MICRO);
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, first, 100));
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 0), 0);
    CHECK_INT(owed(&town, GROCER, OPERATOR, LINE_ISSUE_FEE, 1), 100 * 500 * MICRO);
    naive_close(town.model);
}

CASE(a_transferred_lot_keeps_its_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    TAKEN(&town, GROCER, earn(100));
    on_day(&town, 10);
    struct transaction t = {.type = TRANSACTION_TRANSFER};
    t.body.transfer.from = member(1);
    t.body.transfer.to = member(2);
    t.body.transfer.points.v = 100;
    TAKEN(&town, GROCER, t);
    t = redeem(100, 0);
    t.body.redeem.member = member(2);
    TAKEN(&town, CINEMA, t);
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 100 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(what_comes_back_of_an_expired_lot_keeps_its_epoch)
{
    struct town town = town_of(false);
    agree(&town, card_of(GROCER, CINEMA, 10, 0));
    struct transaction t = earn(100);
    t.body.earn.lots[0].expires_ms = START + 5 * DAY;
    TAKEN(&town, GROCER, t);
    TAKEN(&town, BOOKS, redeem(100, 0));
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    TAKEN(&town, BOOKS, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 100));
    TAKEN(&town, CINEMA, redeem(100, 0));
    CHECK_INT(owed(&town, GROCER, CINEMA, LINE_REDEMPTION, 0), 100 * 9000 * MICRO);
    naive_close(town.model);
}

CASE(a_claw_back_goes_by_the_card_of_the_lot_that_pays)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(BOOKS, GROCER, 10, 0);
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100));
    uint64_t earned = town.index;
    TAKEN(&town, GROCER, redeem(100, 0));
    on_day(&town, 10);
    TAKEN(&town, BOOKS, earn(30));
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, earned, 100));
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 1), 30 * 8000 * MICRO);
    TAKEN(&town, BOOKS, earn(20)); /* covers the deficit */
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 1), 50 * 8000 * MICRO);
    CHECK_INT(owed(&town, BOOKS, GROCER, LINE_CLAW_BACK, 0), 0);
    naive_close(town.model);
}

/* ---- amounts --------------------------------------------------------------------------------- */

static int64_t spent(const struct town *town)
{
    int64_t sum = 0;
    for (uint64_t i = 1; i <= naive_lot_count(town->model); i++) {
        int64_t pools[POOL_COUNT];
        naive_lot_pools(town->model, i, pools);
        sum += pools[POOL_SPENT];
    }
    return sum;
}

CASE(an_amount_is_covered_by_the_fewest_points_of_mixed_faces)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    card.face.v = 20000;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(100)); /* 100 a 0.01 */
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(100)); /* 100 a 0.02 */
    SAID(&town, CINEMA, redeem(0, 3000001), VERDICT_INSUFFICIENT);
    TAKEN(&town, CINEMA, redeem(0, 1030001)); /* 1.03 and a bit: 100, and 2 */
    CHECK_INT(spent(&town), 102);
    TAKEN(&town, CINEMA, redeem(0, 40000));
    CHECK_INT(spent(&town), 104);
    TAKEN(&town, CINEMA, redeem(0, 1));
    CHECK_INT(spent(&town), 105);
    naive_close(town.model);
}

CASE(faces_of_two_currencies_or_of_nothing_cover_no_amount)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 20);
    memcpy(card.face_currency, "SEK", 4);
    agree(&town, card);
    card = card_of(GROCER, CINEMA, 20, 0);
    card.face.v = card.reimbursement.v = 0;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(10));
    on_day(&town, 10);
    TAKEN(&town, GROCER, earn(10));
    TAKEN(&town, CINEMA, redeem(0, 50000)); /* out of the first alone */
    SAID(&town, CINEMA, redeem(0, 60000), VERDICT_MIXED_CURRENCIES);
    TAKEN(&town, CINEMA, redeem(5, 0)); /* points need no face */
    TAKEN(&town, CINEMA, redeem(0, 100000));
    on_day(&town, 20);
    TAKEN(&town, GROCER, earn(10));
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_BAD_QUANTITY);
    TAKEN(&town, CINEMA, redeem(10, 0));
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_INSUFFICIENT);
    naive_close(town.model);
}

/* ---- caps ------------------------------------------------------------------------------------ */

static void check_caps(bool year)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    (year ? &card.year_cap : &card.period_cap)->v = 50;
    agree(&town, card);
    TAKEN(&town, GROCER, earn(1000));
    TAKEN(&town, CINEMA, redeem(20, 0)); /* before it is in force: it counts */
    uint64_t redeemed = town.index;
    on_day(&town, 10);
    SAID(&town, CINEMA, redeem(31, 0), VERDICT_OVER_CAP);
    SAID(&town, CINEMA, hold(31), VERDICT_OVER_CAP);
    TAKEN(&town, BOOKS, redeem(31, 0)); /* somewhere else */
    TAKEN(&town, CINEMA, redeem(30, 0));
    SAID(&town, CINEMA, redeem(1, 0), VERDICT_OVER_CAP);
    SAID(&town, CINEMA, redeem(0, 1), VERDICT_OVER_CAP);
    TAKEN(&town, CINEMA, take_back(TRANSACTION_REVERSE_REDEEM, redeemed, 20));
    SAID(&town, CINEMA, redeem(21, 0), VERDICT_OVER_CAP);
    TAKEN(&town, CINEMA, hold(20)); /* counts when it is committed */
    uint64_t held = town.index;
    TAKEN(&town, CINEMA, redeem(20, 0));
    on_day(&town, 10);
    TAKEN(&town, CINEMA, commit(held));
    on_day(&town, 31); /* February */
    SAID(&town, CINEMA, redeem(50, 0), year ? VERDICT_OVER_CAP : VERDICT_ACCEPTED);
    on_day(&town, 364);
    SAID(&town, CINEMA, redeem(1, 0), year ? VERDICT_OVER_CAP : VERDICT_ACCEPTED);
    on_day(&town, 365);
    TAKEN(&town, CINEMA, redeem(50, 0));
    SAID(&town, CINEMA, redeem(1, 0), VERDICT_OVER_CAP);
    naive_close(town.model);
}

CASE(a_cap_holds_for_the_period_and_reversals_give_room)
{
    check_caps(false);
}

CASE(a_cap_holds_for_the_calendar_year)
{
    check_caps(true);
}

CASE(a_joint_lot_counts_by_its_shares)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(CINEMA, BOOKS, 10, 0);
    card.period_cap.v = 10;
    agree(&town, card);
    on_day(&town, 10);
    TAKEN(&town, GROCER, joint_earn(100, GROCER, 7500, CINEMA));
    SAID(&town, BOOKS, redeem(41, 0), VERDICT_OVER_CAP);
    TAKEN(&town, BOOKS, redeem(40, 0));
    CHECK_INT(owed(&town, GROCER, BOOKS, LINE_REDEMPTION, 0), 30 * 9000 * MICRO);
    CHECK_INT(owed(&town, CINEMA, BOOKS, LINE_REDEMPTION, 0), 10 * 8000 * MICRO);
    naive_close(town.model);
}

/* ---- promotions ------------------------------------------------------------------------------ */

CASE(a_promotion_is_signed_by_who_pays_for_it)
{
    struct town town = town_of(false);
    SAID(&town, BOOKS, promote(BOOKS, 5000, BUDGET, 0, 0), VERDICT_UNKNOWN_PARTNER);
    SAID(&town, BOOKS, promote(9, 5000, BUDGET, 0, 0), VERDICT_UNKNOWN_PARTNER);
    struct transaction past = promote(GROCER, 5000, BUDGET, 0, 0);
    past.body.deal.promotion.from_ms = START;
    SAID(&town, BOOKS, past, VERDICT_BAD_CARD);
    SAID(&town, BOOKS, promote(GROCER, 5000, BUDGET, 5, 5), VERDICT_BAD_CARD);
    SAID(&town, CINEMA, promote(GROCER, 5000, BUDGET, 0, 0), VERDICT_OVERLAP); /* the charter's */
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 10, 20));
    SAID(&town, BOOKS, promote(GROCER, 5000, BUDGET, 19, 0), VERDICT_OVERLAP);
    SAID(&town, BOOKS, promote(GROCER, 5000, BUDGET, 5, 11), VERDICT_OVERLAP);
    SAID(&town, BOOKS, promote(GROCER, 5000, BUDGET, 0, 0), VERDICT_OVERLAP);
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 0, 10));
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 20, 0));
    TAKEN(&town, BOOKS, promote(CINEMA, 5000, BUDGET, 15, 0)); /* for another issuer */
    CHECK_INT(naive_promotion_at(town.model, 1)->from_ms, START + 1);
    naive_close(town.model);
}

CASE(a_promotion_pays_up_to_its_share_and_budget)
{
    struct town town = town_of(false);
    TAKEN(&town, BOOKS, promote(GROCER, 2500, BUDGET, 0, 20));
    SAID(&town, GROCER, joint_earn(40, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    on_day(&town, 1);
    SAID(&town, GROCER, joint_earn(40, GROCER, 7499, BOOKS), VERDICT_NOT_AUTHORISED);
    SAID(&town, CINEMA, joint_earn(40, BOOKS, 2500, CINEMA), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, GROCER, joint_earn(320, GROCER, 7500, BOOKS)); /* 80 of 100 */
    uint64_t earned = town.index;
    SAID(&town, GROCER, joint_earn(84, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, GROCER, joint_earn(80, GROCER, 7500, BOOKS));
    SAID(&town, GROCER, joint_earn(1, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, earned, 40));
    SAID(&town, GROCER, joint_earn(41, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, GROCER, joint_earn(40, GROCER, 7500, BOOKS));
    TAKEN(&town, BOOKS, promote(GROCER, 2500, BUDGET, 20, 0));
    on_day(&town, 20); /* another one, with a budget of its own */
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, earned, 40));
    CHECK_INT(naive_promotion_at(town.model, 0)->used, (BUDGET - 10) * BASIS_POINTS);
    CHECK_INT(naive_promotion_at(town.model, 1)->used, 0);
    TAKEN(&town, GROCER, joint_earn(400, GROCER, 7500, BOOKS));
    SAID(&town, GROCER, joint_earn(1, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    naive_close(town.model);
}

/* ---- settling -------------------------------------------------------------------------------- */

static const struct naive_period *january(const struct town *town)
{
    REQUIRE(naive_period_count(town->model) > 0);
    return naive_period_at(town->model, 0);
}

static struct transaction settle(const struct town *town, enum transaction_type type)
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

/* Three currencies and two taxes, in January. */
static void play_january(struct town *town)
{
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    card.reimbursement.v = 333;
    memcpy(card.settlement_currency, "SEK", 4);
    memcpy(card.redemption_tax, "AT-10", 6);
    agree(town, card);
    card = card_of(GROCER, BOOKS, 10, 0);
    memcpy(card.settlement_currency, "JPY", 4);
    memcpy(card.fee_tax, "", 1);
    card.reimbursement.v = 155000;
    agree(town, card);
    on_day(town, 10);
    TAKEN(town, GROCER, earn(200));
    TAKEN(town, CINEMA, redeem(100, 0));
    TAKEN(town, BOOKS, redeem(10, 0));
    TAKEN(town, CINEMA, earn(50));
    struct transaction t = redeem(50, 0);
    TAKEN(town, BOOKS, t); /* of the grocer's: 50 a 0.155 */
    on_day(town, 31);
    on_day(town, 32);
}

CASE(each_currency_is_rounded_taxed_and_paid_by_itself)
{
    struct town town = town_of(false);
    play_january(&town);
    on_day(&town, 35);
    const struct naive_period *period = january(&town);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    on_day(&town, 45);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_FINAL));
    /* Fees: grocer 200 a 0.0004 = 0.08, books 60 and cinema 100 redeemed a 0.0001: 0.006, 0.01;
     * cinema issued 50: 0.02; taxed with 20 %. SEK: 100 a 0.000333 = 0.0333, with 10 %. JPY: 60 a
     * 0.155 = 9.3. */
    static const struct {
        uint16_t debtor, creditor;
        const char *currency;
        int line_class;
        const char *tax;
        int64_t exact, rounded; /* 1e-6 */
    } lines[] = {{GROCER, BOOKS, "JPY", LINE_REDEMPTION, "", 9300000, 9000000},
                 {GROCER, CINEMA, "SEK", LINE_REDEMPTION, "AT-10", 33300, 30000},
                 {GROCER, CINEMA, "SEK", NAIVE_TAX, "AT-10", 3000, 0},
                 {GROCER, OPERATOR, "EUR", LINE_ISSUE_FEE, "AT-20", 80000, 80000},
                 {GROCER, OPERATOR, "EUR", NAIVE_TAX, "AT-20", 16000, 20000},
                 {BOOKS, OPERATOR, "EUR", LINE_REDEMPTION_FEE, "AT-20", 6000, 10000},
                 {BOOKS, OPERATOR, "EUR", NAIVE_TAX, "AT-20", 2000, 0},
                 {CINEMA, OPERATOR, "EUR", LINE_ISSUE_FEE, "AT-20", 20000, 20000},
                 {CINEMA, OPERATOR, "EUR", LINE_REDEMPTION_FEE, "AT-20", 10000, 10000},
                 {CINEMA, OPERATOR, "EUR", NAIVE_TAX, "AT-20", 6000, 10000}};
    REQUIRE(period->closed.count == ARRAY_SIZE(lines));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const struct naive_line *line = &period->closed.at[i];
        CHECK_INT(line->debtor, lines[i].debtor);
        CHECK_INT(line->creditor, lines[i].creditor);
        CHECK_TEXT(line->currency, lines[i].currency);
        CHECK_INT(line->line_class, lines[i].line_class);
        CHECK_TEXT(line->tax, lines[i].tax);
        CHECK_INT(line->exact, lines[i].exact * MICRO);
        CHECK_INT(line->rounded, lines[i].rounded * MICRO);
    }
    static const struct {
        const char *currency;
        uint16_t from, to;
        int64_t amount; /* 1e-6 */
    } payments[] = {{"EUR", GROCER, OPERATOR, 100000},
                    {"EUR", CINEMA, OPERATOR, 40000},
                    {"EUR", BOOKS, OPERATOR, 10000},
                    {"JPY", GROCER, BOOKS, 9000000},
                    {"SEK", GROCER, CINEMA, 30000}};
    REQUIRE(period->payment_count == ARRAY_SIZE(payments));
    for (size_t i = 0; i < ARRAY_SIZE(payments); i++) {
        CHECK_TEXT(period->payments[i].currency, payments[i].currency);
        CHECK_INT(period->payments[i].from, payments[i].from);
        CHECK_INT(period->payments[i].to, payments[i].to);
        CHECK_INT(period->payments[i].amount, payments[i].amount * MICRO);
    }
    naive_close(town.model);
}

CASE(exact_lines_and_their_digest_name_the_tariff)
{
    struct town town = town_of(false);
    play_january(&town);
    struct naive_period period = *january(&town);
    REQUIRE(period.rooted && period.owed.count == 6);
    CHECK_INT(period.owed.at[0].tariff, 2); /* grocer to books, in JPY */
    CHECK_INT(period.owed.at[1].tariff, 1);
    CHECK_INT(period.owed.at[2].tariff, 0);
    struct hash before = naive_totals(&period);
    CHECK(hash_equal(&before, &period.totals));
    period.owed.at[0].tariff = 1;
    struct hash after = naive_totals(&period);
    CHECK(!hash_equal(&before, &after));
    naive_close(town.model);
}

/* ---- as bytes -------------------------------------------------------------------------------- */

CASE(what_was_agreed_is_kept_and_goes_on)
{
    struct town town = town_of(true);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    struct error error;
    struct naive *copy = NULL;
    struct buffer first, second;
    buffer_init(&first, 1 << 20);
    buffer_init(&second, 1 << 20);
    card.year_cap.v = 50;
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    card = card_of(GROCER, BOOKS, 40, 0);
    TAKEN(&town, GROCER, propose(&card));
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 20, 0));
    on_day(&town, 20);
    TAKEN(&town, GROCER, joint_earn(60, GROCER, 5000, BOOKS));
    TAKEN(&town, GROCER, earn(100));
    SAID(&town, CINEMA, redeem(30, 0), VERDICT_NO_CONTRACT); /* the books' half */
    TAKEN(&town, BOOKS, earn(1));
    naive_write(town.model, &first);
    REQUIRE(naive_read(rules_of(true), buffer_bytes(&first), &copy, &error));
    naive_write(copy, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    naive_close(town.model);
    town.model = copy;
    TAKEN(&town, BOOKS, countersign(&town, 1));
    SAID(&town, GROCER, joint_earn(160, GROCER, 5000, BOOKS), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, GROCER, joint_earn(140, GROCER, 5000, BOOKS));
    SAID(&town, BOOKS, redeem(10, 0), VERDICT_NO_CONTRACT);
    on_day(&town, 40);
    TAKEN(&town, BOOKS, redeem(10, 0));
    CHECK_INT(owed(&town, GROCER, BOOKS, LINE_REDEMPTION, 0), 5 * 8000 * MICRO);
    buffer_release(&first);
    buffer_release(&second);
    naive_close(town.model);
}

CASE(a_file_that_contradicts_itself_is_refused)
{
    struct town town = town_of(false);
    struct buffer good;
    buffer_init(&good, 1 << 20);
    agree(&town, card_of(GROCER, CINEMA, 10, 12));
    struct rate_card card = card_of(GROCER, CINEMA, 12, 0);
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 20, 0));
    on_day(&town, 20);
    TAKEN(&town, GROCER, joint_earn(60, GROCER, 5000, BOOKS));
    naive_write(town.model, &good);
    struct naive_promotion *promotion = &town.model->promotions[0];
    struct naive_contract *contract = &town.model->contracts[1];
    const struct naive_contract kept = *contract;
#define TRIED(change, undo)                                                                        \
    do {                                                                                           \
        struct naive *copy = NULL;                                                                 \
        struct error error;                                                                        \
        struct buffer bytes;                                                                       \
        buffer_init(&bytes, 1 << 20);                                                              \
        change;                                                                                    \
        naive_write(town.model, &bytes);                                                           \
        undo;                                                                                      \
        CHECK(!naive_read(rules_of(false), buffer_bytes(&bytes), &copy, &error));                  \
        buffer_release(&bytes);                                                                    \
    } while (0)
    TRIED(contract->tariff = 0, *contract = kept);
    TRIED(contract->state = NAIVE_CARD_PROPOSED, *contract = kept);
    TRIED(contract->card.from_ms--, *contract = kept);
    TRIED(contract->card.issue_fee.v = 1, *contract = kept);
    TRIED(contract->proposer = BOOKS, *contract = kept);
    TRIED(memcpy(contract->card.settlement_currency, "JPY", 4), *contract = kept);
    TRIED(promotion->used = (BUDGET + 1) * BASIS_POINTS, promotion->used = 30 * BASIS_POINTS);
    TRIED(promotion->issuer = BOOKS, promotion->issuer = GROCER);
    TRIED(town.model->epochs[1] = START + 21 * DAY, town.model->epochs[1] = START + 20 * DAY);
    TRIED(town.model->lots[0].epoch = 2, town.model->lots[0].epoch = 1);
#undef TRIED
    struct buffer again;
    buffer_init(&again, 1 << 20);
    naive_write(town.model, &again);
    CHECK(bytes_equal(buffer_bytes(&good), buffer_bytes(&again)));
    buffer_release(&again);
    buffer_release(&good);
    naive_close(town.model);
}

int main(void)
{
    RUN(a_card_is_refused_for_what_is_wrong_with_it_in_this_order);
    RUN(the_other_party_signs_what_it_has_read);
    RUN(open_proposals_of_a_partner_have_an_end);
    RUN(a_tariff_is_made_once_and_no_more_than_there_is_room_for);
    RUN(a_lot_keeps_the_prices_of_its_epoch);
    RUN(moments_between_two_heights_make_one_epoch);
    RUN(a_card_that_gave_way_does_not_come_back);
    RUN(where_contracts_are_required_nothing_is_spent_without_one);
    RUN(fees_go_by_the_card_with_the_operator_at_their_own_epochs);
    RUN(a_transferred_lot_keeps_its_epoch);
    RUN(what_comes_back_of_an_expired_lot_keeps_its_epoch);
    RUN(a_claw_back_goes_by_the_card_of_the_lot_that_pays);
    RUN(an_amount_is_covered_by_the_fewest_points_of_mixed_faces);
    RUN(faces_of_two_currencies_or_of_nothing_cover_no_amount);
    RUN(a_cap_holds_for_the_period_and_reversals_give_room);
    RUN(a_cap_holds_for_the_calendar_year);
    RUN(a_joint_lot_counts_by_its_shares);
    RUN(a_promotion_is_signed_by_who_pays_for_it);
    RUN(a_promotion_pays_up_to_its_share_and_budget);
    RUN(each_currency_is_rounded_taxed_and_paid_by_itself);
    RUN(exact_lines_and_their_digest_name_the_tariff);
    RUN(what_was_agreed_is_kept_and_goes_on);
    RUN(a_file_that_contradicts_itself_is_refused);
    return check_report();
}
