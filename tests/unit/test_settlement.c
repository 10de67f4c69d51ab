// links: partners
/* Rounding once a line, nets that sum to zero, and few payments: ledger.md section 8.10-11. */
#include "unit/coalition.h"

#include "partners/charter_contracts.h"
#include "partners/state_parts.h"

#include <time.h>

static struct driver *open_four(const char *reimbursement)
{
    struct coalition_spec spec = {.names = {"alpha", "bravo", "carol", "delta"},
                                  .face = "1000000",
                                  .reimbursement = reimbursement};
    struct driver *driver = driver_open(coalition_found(coalition_draft(&spec)));
    struct transaction enrol = tx_enrol(1);
    REQUIRE(driver_apply(driver, 0, &enrol) == VERDICT_ACCEPTED);
    return driver;
}

/* `points` earned at one partner and spent at another: a debt of points * price. */
static void owe(struct driver *driver, uint16_t debtor, uint16_t creditor, int64_t points)
{
    struct transaction earn = tx_earn(1, points), redeem = tx_redeem(1, points);
    REQUIRE(driver_apply(driver, debtor, &earn) == VERDICT_ACCEPTED);
    REQUIRE(driver_apply(driver, creditor, &redeem) == VERDICT_ACCEPTED);
}

struct wanted {
    uint16_t debtor, creditor;
    int64_t rounded;
};
static void take_wanted(void *context, const struct settlement_pair *pair)
{
    struct wanted *wanted = context;
    if (pair->debtor.v == wanted->debtor && pair->creditor.v == wanted->creditor)
        wanted->rounded = (int64_t)pair->rounded.v;
}
static int64_t rounded(const struct driver *driver, uint16_t debtor, uint16_t creditor)
{
    struct settlement settlement;
    struct wanted wanted = {.debtor = debtor, .creditor = creditor};
    settlement_make(driver->state, take_wanted, &wanted, &settlement);
    settlement_release(&settlement);
    return wanted.rounded;
}

CASE(half_a_cent_goes_to_the_even_cent)
{
    struct driver *driver = open_four("5000"); /* half a cent a point */
    owe(driver, 0, 1, 1);
    owe(driver, 0, 2, 3);
    owe(driver, 1, 2, 5);
    CHECK_INT(rounded(driver, 0, 1), 0);
    CHECK_INT(rounded(driver, 0, 2), INT64_C(200000000));
    CHECK_INT(rounded(driver, 1, 2), INT64_C(200000000));
    CHECK_INT(owed_exact(driver, 0, 2), INT64_C(150000000));
    driver_close(driver);
}

CASE(each_line_class_is_rounded_on_its_own)
{
    struct driver *driver = open_four("4000"); /* 0.4 cent */
    owe(driver, 0, 1, 4);                      /* 1.6 cent -> 2 */
    struct transaction back = tx_unredeem(driver_last(driver), 3);
    CHECK_INT(driver_apply(driver, 1, &back), VERDICT_ACCEPTED); /* -1.2 cent -> -1 */
    CHECK_INT(owed_exact(driver, 0, 1), INT64_C(40000000));      /* 0.4 cent in all */
    CHECK_INT(rounded(driver, 0, 1), INT64_C(100000000));
    driver_close(driver);
}

CASE(own_points_spent_at_home_are_owed_to_nobody)
{
    struct driver *driver = open_four("9000");
    owe(driver, 2, 2, 1000);
    for (uint16_t i = 0; i < 4; i++)
        CHECK_INT(net_of(driver, i, false), 0);
    struct payment payments[4];
    CHECK_INT(payments_of(driver, payments), 0);
    driver_close(driver);
}

/* Worked example B of ledger.md: a month at € 0.0090, without its fees. */
CASE(a_month_is_paid_from_the_largest_debtor_to_the_largest_creditor)
{
    struct driver *driver = open_four("9000");
    owe(driver, 0, 1, 400000);
    owe(driver, 0, 2, 250000);
    owe(driver, 1, 0, 300000);
    owe(driver, 1, 2, 80000);
    owe(driver, 2, 0, 50000);
    owe(driver, 2, 1, 120000);
    static const int64_t nets[] = {-2700, 1260, 1440, 0};
    for (uint16_t i = 0; i < 4; i++)
        CHECK_INT(net_of(driver, i, true), nets[i] * INT64_C(10000000000));
    struct payment payments[3];
    CHECK_INT(payments_of(driver, payments), 2);
    CHECK_INT(payments[0].from.v, 0);
    CHECK_INT(payments[0].to.v, 2);
    CHECK_INT(payments[0].amount.v, 1440 * INT64_C(10000000000));
    CHECK_INT(payments[1].from.v, 0);
    CHECK_INT(payments[1].to.v, 1);
    CHECK_INT(payments[1].amount.v, 1260 * INT64_C(10000000000));
    driver_close(driver);
}

CASE(equal_debts_are_paid_in_order_of_name)
{
    struct driver *driver = open_four("9000");
    owe(driver, 3, 1, 1000);
    owe(driver, 2, 0, 1000);
    struct payment payments[3];
    CHECK_INT(payments_of(driver, payments), 2);
    CHECK_INT(payments[0].from.v, 2);
    CHECK_INT(payments[0].to.v, 0);
    CHECK_INT(payments[1].from.v, 3);
    CHECK_INT(payments[1].to.v, 1);
    driver_close(driver);
}

CASE(exact_sums_pass_64_bits)
{
    struct driver *driver = open_four("1000000");
    for (int i = 0; i < 12; i++)
        owe(driver, 0, 1, POINTS_PER_RECORD_MAX);
    __int128 expected = (__int128)12 * POINTS_PER_RECORD_MAX * 1000000 * BASIS_POINTS;
    struct money open =
        settlement_open(driver->state, (struct partner_id){0}, (struct partner_id){1}, "EUR");
    CHECK(expected > INT64_MAX);
    CHECK(open.v == expected);
    driver_close(driver);
}

/* ---- many tariffs -----------------------------------------------------------------------------
 */

enum { OWED_SEED = 7 };

/* Each owes each in every class and tariff; seed 0: nothing. */
static void owe_in_all(struct driver *driver, uint64_t seed)
{
    size_t partners = state_charter(driver->state)->partner_count;
    size_t tariffs = driver->state->contracts.tariff_count;
    uint64_t random = seed;
    for (size_t i = 0; i < partners * partners * LINE_CLASS_COUNT * tariffs; i++) {
        size_t pair = i / LINE_CLASS_COUNT / tariffs;
        struct partner_id debtor = {(uint16_t)(pair / partners)},
                          creditor = {(uint16_t)(pair % partners)};
        __int128 amount = seed ? (__int128)(random >> 20) - (INT64_C(1) << 42) : 0;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        if (!partner_equal(debtor, creditor))
            obligations_set(&driver->state->obligations, debtor, creditor,
                            (enum line_class)(i / tariffs % LINE_CLASS_COUNT),
                            (uint8_t)(i % tariffs), (struct money){amount});
    }
}

/* Eight partners with so many tariffs of two currencies, some with the same tax codes. */
static struct driver *open_many(uint8_t tariffs)
{
    struct coalition_spec spec = {
        .names = {"alpha", "bravo", "carol", "delta", "early", "fjord", "grove", "honey"},
        .face = "1000000",
        .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "SEK", .minor_digits = 2};
    struct driver *driver = driver_open(coalition_found(draft));
    struct contracts *contracts = &driver->state->contracts;
    for (uint8_t t = 1; t < tariffs; t++) {
        struct tariff *tariff = &contracts->tariffs[contracts->tariff_count++];
        memcpy(tariff->currency, t % 2 ? "SEK" : "EUR", CURRENCY_SIZE);
        snprintf(tariff->redemption_tax, TAX_CODE_SIZE, "T%d", t % 5);
        snprintf(tariff->fee_tax, TAX_CODE_SIZE, "F%d", t / 5);
    }
    owe_in_all(driver, OWED_SEED);
    return driver;
}

/* Records made none of it, as closing would find. */
static void close_many(struct driver *driver)
{
    owe_in_all(driver, 0);
    driver->state->contracts.tariff_count = 1;
    driver_close(driver);
}

/* The books, line by line, each sum of a (currency, class, tax code) looked for among all. */
static struct money naive_rounded(const struct driver *driver, struct partner_id debtor,
                                  struct partner_id creditor, const char *currency)
{
    const struct contracts *contracts = state_contracts(driver->state);
    struct money sum = {0};
    for (int i = 0; i < LINE_CLASS_COUNT; i++)
        for (size_t first = 0; first < contracts->tariff_count; first++) {
            const struct tariff *key = &contracts->tariffs[first];
            struct money exact = {0};
            bool earlier = false;
            for (size_t t = 0; t < contracts->tariff_count; t++) {
                const struct tariff *tariff = &contracts->tariffs[t];
                if (strcmp(tariff->currency, key->currency) != 0 ||
                    strcmp(tariff_tax(tariff, (enum line_class)i),
                           tariff_tax(key, (enum line_class)i)) != 0)
                    continue;
                earlier = earlier || t < first;
                exact.v += state_obligation(driver->state, debtor, creditor, (enum line_class)i,
                                            (uint8_t)t)
                               .v;
            }
            if (!earlier && strcmp(key->currency, currency) == 0)
                sum.v += money_round(exact, 2).v;
        }
    return sum;
}

struct compared {
    const struct driver *driver;
    const struct settlement *settlement;
    size_t count;
};
static void compare_pair(void *context, const struct settlement_pair *pair)
{
    struct compared *compared = context;
    const char *currency = compared->settlement->rules.currencies[pair->currency].code;
    CHECK(pair->open.v ==
          settlement_open(compared->driver->state, pair->debtor, pair->creditor, currency).v);
    CHECK(pair->rounded.v ==
          naive_rounded(compared->driver, pair->debtor, pair->creditor, currency).v);
    compared->count++;
}

CASE(lines_of_many_tariffs_are_those_of_the_books)
{
    struct settlement settlement;
    struct driver *driver = open_many(TARIFFS_MAX);
    struct compared compared = {.driver = driver, .settlement = &settlement};
    settlement_make(driver->state, compare_pair, &compared, &settlement);
    CHECK_INT(compared.count, 8 * 7 * 2);
    for (size_t i = 0; i < settlement.rules.rules.currency_count; i++) {
        __int128 open = 0, rounded = 0;
        for (size_t p = 0; p < settlement.partner_count; p++) {
            open += settlement_nets(&settlement, i, false)[p].v;
            rounded += settlement_nets(&settlement, i, true)[p].v;
        }
        CHECK(settlement.used[i] && open == 0 && rounded == 0);
    }
    settlement_release(&settlement);
    close_many(driver);
}

/* Of processor time, the least of several. */
static int64_t cost_ns(const struct driver *driver)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < 7; i++) {
        struct timespec from, to;
        struct settlement settlement;
        REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from) == 0);
        for (int k = 0; k < 4; k++) {
            settlement_make(driver->state, NULL, NULL, &settlement);
            settlement_release(&settlement);
        }
        REQUIRE(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to) == 0);
        int64_t ns = (to.tv_sec - from.tv_sec) * INT64_C(1000000000) + to.tv_nsec - from.tv_nsec;
        least = ns < least ? ns : least;
    }
    return least;
}

/* Eight times as many are 64 times the work where each tariff looks at all others. */
CASE(the_cost_does_not_grow_with_the_square_of_the_tariffs)
{
    struct driver *few = open_many(TARIFFS_MAX / 8), *many = open_many(TARIFFS_MAX);
    int64_t less = cost_ns(few), more = cost_ns(many);
    CHECK(more < 24 * less);
    if (more >= 24 * less)
        printf("%lld ns, %lld ns\n", (long long)less, (long long)more);
    close_many(few);
    close_many(many);
}

int main(void)
{
    RUN(half_a_cent_goes_to_the_even_cent);
    RUN(each_line_class_is_rounded_on_its_own);
    RUN(own_points_spent_at_home_are_owed_to_nobody);
    RUN(a_month_is_paid_from_the_largest_debtor_to_the_largest_creditor);
    RUN(equal_debts_are_paid_in_order_of_name);
    RUN(exact_sums_pass_64_bits);
    RUN(lines_of_many_tariffs_are_those_of_the_books);
    RUN(the_cost_does_not_grow_with_the_square_of_the_tariffs);
    return check_report();
}
