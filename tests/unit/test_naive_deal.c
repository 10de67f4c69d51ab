// links: node
/* What partners agree upon, in the naive model alone: who may sign what, what promotions pay for,
 * what is left to pay in each currency, and what is kept of it. */
#include "unit/naive_town.h"

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

CASE(a_partner_has_a_share_of_contracts_and_promotions)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0);
    TAKEN(&town, GROCER, propose(&card));
    TAKEN(&town, BOOKS, promote(GROCER, 1, BUDGET, 10, 11));
    CHECK_INT(town.model->proposed_by[GROCER], 1);
    CHECK_INT(town.model->promoted_by[BOOKS], 1);
    TAKEN(&town, GROCER, withdraw(0));
    town.model->proposed_by[GROCER] = town.model->promoted_by[BOOKS] = NAIVE_SHARE_MAX;
    SAID(&town, GROCER, propose(&card), VERDICT_TOO_MANY_CONTRACTS);
    TAKEN(&town, CINEMA, propose(&card));
    SAID(&town, BOOKS, promote(GROCER, 1, BUDGET, 11, 12), VERDICT_TOO_MANY_CONTRACTS);
    TAKEN(&town, CINEMA, promote(BOOKS, 1, BUDGET, 11, 12));
    naive_close(town.model);
}

/* Another day, and the tariff of number i of 75 combinations. */
static struct rate_card card_taxed(uint16_t funder, size_t i)
{
    static const char *const currencies[] = {"EUR", "SEK", "JPY"};
    static const char *const taxes[] = {"", "AT-20", "AT-10", "A", "B"};
    static uint64_t day = 10;
    struct rate_card card = card_of(funder, CINEMA, day, day + 1);
    day++;
    memcpy(card.settlement_currency, currencies[i % 3], 4);
    snprintf(card.redemption_tax, TAX_CODE_SIZE, "%s", taxes[i / 3 % 5]);
    snprintf(card.fee_tax, TAX_CODE_SIZE, "%s", taxes[i / 15 % 5]);
    return card;
}

static void sign_taxed(struct town *town, uint16_t funder, size_t i, enum verdict verdict)
{
    struct rate_card card = card_taxed(funder, i);
    TAKEN(town, funder, propose(&card));
    SAID(town, CINEMA, countersign(town, town->model->contract_count - 1), verdict);
}

CASE(a_tariff_is_made_once_and_eight_at_most_by_one_proposer)
{
    struct town town = town_of(false);
    for (size_t i = 0; i < NAIVE_TARIFFS_MAX; i++)
        sign_taxed(&town, GROCER, i, VERDICT_ACCEPTED);
    CHECK_INT(naive_contract_at(town.model, 0)->tariff, 1);
    sign_taxed(&town, GROCER, 8, VERDICT_TOO_MANY_CONTRACTS);
    sign_taxed(&town, BOOKS, 8, VERDICT_ACCEPTED);
    sign_taxed(&town, GROCER, 8, VERDICT_ACCEPTED);
    sign_taxed(&town, GROCER, 15, VERDICT_ACCEPTED); /* the charter's own */
    CHECK_INT(naive_tariff_count(town.model), 10);
    naive_close(town.model);
}

CASE(there_are_no_more_tariffs_than_there_is_room_for)
{
    struct town town = town_of(false);
    size_t i = 0;
    for (; naive_tariff_count(town.model) < TARIFFS_MAX; i++) {
        struct rate_card card = card_taxed(GROCER, i);
        struct naive_tariff tariff;
        memcpy(tariff.currency, card.settlement_currency, CURRENCY_SIZE);
        memcpy(tariff.redemption_tax, card.redemption_tax, TAX_CODE_SIZE);
        memcpy(tariff.fee_tax, card.fee_tax, TAX_CODE_SIZE);
        if (naive_tariff_of(town.model, &card) == naive_tariff_count(town.model))
            naive_tariff_add(town.model, &tariff);
    }
    sign_taxed(&town, GROCER, i, VERDICT_TOO_MANY_CONTRACTS);
    sign_taxed(&town, GROCER, i - 1, VERDICT_ACCEPTED);
    CHECK_INT(naive_tariff_count(town.model), TARIFFS_MAX);
    naive_close(town.model);
}

/* ---- a way out ------------------------------------------------------------------------------- */

CASE(a_contract_is_ended_with_the_notice_that_it_gives)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 40), fixed = card_of(GROCER, BOOKS, 10, 40);
    card.exit_days = 7;
    agree(&town, card);
    agree(&town, fixed);
    card = card_of(GROCER, OPERATOR, 30, 0);
    TAKEN(&town, GROCER, propose(&card));
    on_day(&town, 20);
    SAID(&town, GROCER, end_contract(9, 30), VERDICT_UNKNOWN_CONTRACT);
    SAID(&town, BOOKS, end_contract(0, 30), VERDICT_NOT_A_PARTY);
    SAID(&town, OPERATOR, end_contract(2, 40), VERDICT_CONTRACT_CLOSED); /* never signed */
    SAID(&town, BOOKS, end_contract(1, 30), VERDICT_NO_EXIT);
    SAID(&town, CINEMA, end_contract(0, 10), VERDICT_BAD_CARD);
    SAID(&town, CINEMA, end_contract(0, 40), VERDICT_BAD_CARD);
    SAID(&town, CINEMA, end_contract(0, 26), VERDICT_NOTICE_TOO_SHORT);
    SAID(&town, CINEMA, end_contract(0, 15), VERDICT_NOTICE_TOO_SHORT);
    TAKEN(&town, CINEMA, end_contract(0, 30));
    CHECK_INT(naive_contract_at(town.model, 0)->ended_ms, START + 30 * DAY);
    CHECK_INT(naive_contract_at(town.model, 0)->card.until_ms, START + 40 * DAY);
    SAID(&town, GROCER, end_contract(0, 30), VERDICT_BAD_CARD); /* no later than it stands */
    TAKEN(&town, GROCER, end_contract(0, 27));
    on_day(&town, 27);
    SAID(&town, GROCER, end_contract(0, 35), VERDICT_CONTRACT_CLOSED);
    naive_close(town.model);
}

CASE(a_contract_with_no_end_ends_where_the_next_begins)
{
    struct town town = town_of(false);
    struct rate_card card = card_of(GROCER, CINEMA, 10, 0),
                     between = card_of(GROCER, CINEMA, 20, 25);
    card.exit_days = 1;
    agree(&town, card);
    agree(&town, card_of(GROCER, CINEMA, 30, 0));
    SAID(&town, GROCER, end_contract(0, 30), VERDICT_BAD_CARD);
    TAKEN(&town, GROCER, propose(&between)); /* it gives way to any that comes after it */
    TAKEN(&town, GROCER, end_contract(0, 29));
    TAKEN(&town, GROCER, end_contract(0, 21));
    SAID(&town, CINEMA, countersign(&town, 2), VERDICT_OVERLAP); /* not any more */
    TAKEN(&town, GROCER, end_contract(0, 20));
    TAKEN(&town, CINEMA, countersign(&town, 2));
    on_day(&town, 20);
    SAID(&town, GROCER, end_contract(0, 25), VERDICT_CONTRACT_CLOSED);
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
    SAID(&town, GROCER, joint_earn(1, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    TAKEN(&town, BOOKS, promote(GROCER, 2500, BUDGET, 20, 0));
    on_day(&town, 20); /* another one, with a budget of its own */
    TAKEN(&town, GROCER, take_back(TRANSACTION_REVERSE_EARN, earned, 40));
    CHECK_INT(naive_promotion_at(town.model, 0)->used, BUDGET * BASIS_POINTS);
    CHECK_INT(naive_promotion_at(town.model, 1)->used, 0);
    TAKEN(&town, GROCER, joint_earn(400, GROCER, 7500, BOOKS));
    SAID(&town, GROCER, joint_earn(1, GROCER, 7500, BOOKS), VERDICT_NOT_AUTHORISED);
    naive_close(town.model);
}

/* ---- settling -------------------------------------------------------------------------------- */

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

/* A line of 300 from the grocer to the cinema, disputed by the grocer, in a period that is closed
 * on day 45, with the last day to answer on day 36. */
static struct town disputed(void)
{
    struct town town = town_of(false);
    play_january(&town);
    on_day(&town, 35);
    TAKEN(&town, GROCER, settle(&town, TRANSACTION_PERIOD_PROPOSE));
    struct naive_period *period = january(&town);
    period->disputes = (struct naive_dispute *)array_grow(
        period->disputes, &period->dispute_capacity, 1, sizeof(*period->disputes));
    period->disputes[period->dispute_count++] =
        (struct naive_dispute){.record = 3,
                               .debtor = GROCER,
                               .creditor = CINEMA,
                               .by = GROCER,
                               .line_class = LINE_REDEMPTION,
                               .tariff = 1,
                               .exact = 300};
    return town;
}

static struct transaction about_dispute(const struct town *town, enum transaction_type type,
                                        int64_t amount)
{
    struct transaction t = settle(town, type);
    t.body.settle.line = (struct disputed_line){.record = {3},
                                                .debtor = {GROCER},
                                                .creditor = {CINEMA},
                                                .line_class = LINE_REDEMPTION,
                                                .tariff = 1};
    t.body.settle.amount = amount;
    return t;
}

CASE(a_dispute_that_nobody_ends_is_ended_by_the_other_party)
{
    const enum transaction_type type = TRANSACTION_DISPUTE_RESOLVE;
    for (int offer = 0; offer <= 100; offer += 100) {
        struct town town = disputed();
        struct transaction none = about_dispute(&town, type, offer);
        none.body.settle.line.record.v = 4;
        if (offer)
            TAKEN(&town, CINEMA, about_dispute(&town, TRANSACTION_DISPUTE_RESPOND, offer));
        on_day(&town, 44);
        SAID(&town, CINEMA, none, VERDICT_UNKNOWN_DISPUTE);
        SAID(&town, BOOKS, about_dispute(&town, type, offer), VERDICT_NOT_A_PARTY);
        SAID(&town, CINEMA, about_dispute(&town, type, offer), VERDICT_WRONG_STATE);
        TAKEN(&town, BOOKS, settle(&town, TRANSACTION_PERIOD_FINAL));
        SAID(&town, GROCER, about_dispute(&town, type, 50), VERDICT_TOTALS_CHANGED);
        on_day(&town, 56); /* twenty after the 36th */
        SAID(&town, CINEMA, about_dispute(&town, type, 50), VERDICT_TOO_EARLY);
        on_day(&town, 57);
        SAID(&town, BOOKS, about_dispute(&town, type, offer), VERDICT_NOT_A_PARTY);
        SAID(&town, CINEMA, about_dispute(&town, type, 100), VERDICT_TOTALS_CHANGED);
        TAKEN(&town, CINEMA, about_dispute(&town, type, 0)); /* whatever it offered */
        SAID(&town, CINEMA, about_dispute(&town, type, 50), VERDICT_ALREADY_ANSWERED);
        CHECK_INT(owed(&town, GROCER, CINEMA, LINE_DISPUTE, 1), 300);
        naive_close(town.model);
    }
}

CASE(who_opened_a_dispute_takes_what_is_offered_or_nothing_at_any_time)
{
    for (int64_t taken = 0; taken <= 100; taken += 100) {
        struct town town = disputed();
        TAKEN(&town, CINEMA, about_dispute(&town, TRANSACTION_DISPUTE_RESPOND, 100));
        on_day(&town, 44);
        TAKEN(&town, BOOKS, settle(&town, TRANSACTION_PERIOD_FINAL));
        TAKEN(&town, GROCER, about_dispute(&town, TRANSACTION_DISPUTE_RESOLVE, taken));
        CHECK_INT(owed(&town, GROCER, CINEMA, LINE_DISPUTE, 1), 300 - taken);
        naive_close(town.model);
    }
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
    /* Signed in another order than proposed: the first gives way to the second. */
    struct rate_card way = card_of(CINEMA, GROCER, 30, 0), given = card_of(CINEMA, GROCER, 20, 0);
    TAKEN(&town, CINEMA, propose(&way));
    TAKEN(&town, CINEMA, propose(&given));
    TAKEN(&town, GROCER, countersign(&town, 2));
    TAKEN(&town, GROCER, countersign(&town, 1));
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
    TAKEN(&town, BOOKS, countersign(&town, 3));
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

static bool is_read_again(const struct town *town)
{
    struct naive *copy = NULL;
    struct error error;
    struct buffer bytes;
    buffer_init(&bytes, 1 << 22);
    naive_write(town->model, &bytes);
    bool read = naive_read(rules_of(false), buffer_bytes(&bytes), &copy, &error);
    naive_close(copy);
    buffer_release(&bytes);
    return read;
}

CASE(a_file_has_no_more_of_a_partner_than_its_share)
{
    const struct naive_contract withdrawn = {
        .card = card_of(GROCER, CINEMA, 10, 0), .state = NAIVE_CARD_WITHDRAWN, .proposer = GROCER};
    struct naive_promotion promotion = {
        .issuer = GROCER, .funder = BOOKS, .bp = 1, .budget = 1, .from_ms = START + 1};
    for (int promoted = 0; promoted < 2; promoted++) {
        struct town town = town_of(false);
        for (size_t i = 0; i <= NAIVE_SHARE_MAX; i++) {
            if (i == NAIVE_SHARE_MAX)
                CHECK(is_read_again(&town));
            if (promoted)
                naive_promotion_add(town.model, &promotion);
            else
                naive_contract_add(town.model, &withdrawn);
        }
        CHECK(!is_read_again(&town));
        naive_close(town.model);
    }
}

CASE(a_file_that_contradicts_itself_is_refused)
{
    struct town town = town_of(false);
    struct buffer good;
    buffer_init(&good, 1 << 20);
    agree(&town, card_of(GROCER, CINEMA, 10, 12));
    struct rate_card card = card_of(GROCER, CINEMA, 12, 0);
    card.exit_days = 3;
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&town, card);
    TAKEN(&town, BOOKS, promote(GROCER, 5000, BUDGET, 20, 0));
    on_day(&town, 20);
    TAKEN(&town, GROCER, end_contract(1, 30));
    TAKEN(&town, GROCER, joint_earn(60, GROCER, 5000, BOOKS));
    naive_write(town.model, &good);
    CHECK(is_read_again(&town));
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
    TRIED(contract->ended_ms = START + 12 * DAY, *contract = kept);
    TRIED(contract->card.until_ms = START + 30 * DAY, *contract = kept);
    TRIED(contract->card.exit_days = 0, *contract = kept);
    TRIED(town.model->contracts[0].ended_ms = START + 11 * DAY,
          town.model->contracts[0].ended_ms = 0);
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
    RUN(a_partner_has_a_share_of_contracts_and_promotions);
    RUN(a_tariff_is_made_once_and_eight_at_most_by_one_proposer);
    RUN(there_are_no_more_tariffs_than_there_is_room_for);
    RUN(a_contract_is_ended_with_the_notice_that_it_gives);
    RUN(a_contract_with_no_end_ends_where_the_next_begins);
    RUN(a_promotion_is_signed_by_who_pays_for_it);
    RUN(a_promotion_pays_up_to_its_share_and_budget);
    RUN(each_currency_is_rounded_taxed_and_paid_by_itself);
    RUN(exact_lines_and_their_digest_name_the_tariff);
    RUN(a_dispute_that_nobody_ends_is_ended_by_the_other_party);
    RUN(who_opened_a_dispute_takes_what_is_offered_or_nothing_at_any_time);
    RUN(what_was_agreed_is_kept_and_goes_on);
    RUN(a_file_has_no_more_of_a_partner_than_its_share);
    RUN(a_file_that_contradicts_itself_is_refused);
    return check_report();
}
