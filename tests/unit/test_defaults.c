// links: partners
/* One that does not pay: worked example B with each of the charter's answers, by hand to the cent;
 * and over random books, payments and defaults that what is owed is what is paid or to be paid. */
#include "unit/books.h"

#include "partners/defaults.h"

static const struct partner_id grocer = {GROCER}, books = {BOOKS}, cinema = {CINEMA},
                               operator_partner = {OPERATOR};
static const struct hash totals = {{1}}, ann = {{3}}, bob = {{4}};

enum { DAY = 20000, LAST_DAY = DAY + 10 };

struct world {
    struct period_rules rules;
    struct period period;
    struct lines exact, closed;
    struct default_rules by;
};

static void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}

static int64_t euro(int64_t cents)
{
    return euro4(cents * 100);
}

static void close_period(struct world *world, size_t partners, const char *const *names)
{
    period_open(&world->period, 12, DAY, &world->rules, partners);
    check_verdict(
        period_propose(&world->period, grocer, &totals, &totals, &world->rules.calendar, DAY + 1),
        VERDICT_ACCEPTED);
    check_verdict(period_finalise(&world->period, world->exact.at, world->exact.count, &book_rules,
                                  names, DAY + 9, &world->closed),
                  VERDICT_ACCEPTED);
    world->by = (struct default_rules){.names = names, .minor_digits = 2};
}

/* Payments: grocer pays cinema 1,280.00 (0), the operator 1,080.00 (1), books 940.00 (2). */
static void begin(struct world *world)
{
    memset(world, 0, sizeof(*world));
    example_b(&world->exact, 0);
    close_period(world, EXAMPLE_PARTNERS, example_names);
}

static void end(struct world *world)
{
    period_release(&world->period);
    lines_release(&world->exact);
    lines_release(&world->closed);
}

static void pay(struct world *world, size_t payment)
{
    struct partner_id from = world->period.payments[payment].payment.from;
    check_verdict(period_pay(&world->period, from, payment, 1, &ann, false), VERDICT_ACCEPTED);
    check_verdict(period_pay(&world->period, from, payment, 1, &bob, false), VERDICT_ACCEPTED);
}

static void confirm(struct world *world, size_t payment)
{
    check_verdict(
        period_confirm(&world->period, world->period.payments[payment].payment.to, payment),
        VERDICT_ACCEPTED);
}

static enum verdict declare(struct world *world, struct partner_id partner, size_t payment,
                            const struct hash *approver, int64_t today)
{
    bool declared;
    enum verdict verdict = default_declare(&world->period, partner, payment, approver, false, today,
                                           LAST_DAY, &declared);
    CHECK(!declared);
    return verdict;
}

static struct money take_out(struct world *world, size_t payment)
{
    struct partner_id to = world->period.payments[payment].payment.to;
    bool declared;
    check_verdict(default_declare(&world->period, to, payment, &ann, false, LAST_DAY + 1, LAST_DAY,
                                  &declared),
                  VERDICT_ACCEPTED);
    CHECK(!declared);
    check_verdict(default_declare(&world->period, to, payment, &bob, false, LAST_DAY + 1, LAST_DAY,
                                  &declared),
                  VERDICT_ACCEPTED);
    REQUIRE(declared);
    struct money used = default_take_out(&world->period, &world->closed, payment, &world->by);
    CHECK(defaults_sound(&world->period, &world->closed));
    return used;
}

struct wanted {
    uint16_t from, to;
    int64_t cents;
    bool ring_fenced;
};

/* Those that are made from `first` on. */
static void check_payments(const struct world *world, size_t first, const struct wanted *wanted,
                           size_t count)
{
    CHECK_INT(world->period.payment_count, first + count);
    for (size_t i = 0; i < count && first + i < world->period.payment_count; i++) {
        const struct period_payment *payment = &world->period.payments[first + i];
        CHECK_INT(payment->payment.from.v, wanted[i].from);
        CHECK_INT(payment->payment.to.v, wanted[i].to);
        CHECK_INT(payment->payment.amount.v, euro(wanted[i].cents));
        CHECK_INT(payment->ring_fenced, wanted[i].ring_fenced);
        CHECK_INT(payment->round, world->period.default_count);
        CHECK_INT(payment->state, PAYMENT_DUE);
    }
}

/* ---- by hand -------------------------------------------------------------------------------- */

/* Grocer has paid cinema. It owes books 3,600 - 2,700, cinema 2,250 - 450 - 1,280, the operator
 * 600; without it cinema owes 520.00, of which books are to get 40 and the operator 480. */
CASE(what_one_in_default_owes_is_ring_fenced)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    CHECK_INT(take_out(&world, 2).v, 0);
    static const struct wanted wanted[] = {{CINEMA, OPERATOR, 48000, false},
                                           {CINEMA, BOOKS, 4000, false},
                                           {GROCER, BOOKS, 90000, true},
                                           {GROCER, CINEMA, 52000, true},
                                           {GROCER, OPERATOR, 60000, true}};
    check_payments(&world, 3, wanted, ARRAY_SIZE(wanted));
    CHECK_INT(world.period.payments[0].state, PAYMENT_SENT);
    CHECK_INT(world.period.payments[1].state, PAYMENT_VOID);
    CHECK_INT(world.period.payments[2].state, PAYMENT_VOID);
    CHECK(hash_is_zero(&world.period.payments[2].accuser));
    CHECK_INT(world.period.taken_count, 0);
    CHECK(period_in_default(&world.period, grocer, "EUR"));
    CHECK(!period_in_default(&world.period, grocer, "SEK") &&
          !period_in_default(&world.period, books, "EUR"));
    end(&world);
}

/* Of 1,000.00 and less than a cent: 445.5445.., 257.4257.., 297.0297.. of 2,020.00. */
CASE(collateral_pays_in_proportion_to_the_claims)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    world.by.fund.v = euro(100000) + 99990000;
    world.by.keeper = operator_partner;
    CHECK_INT(take_out(&world, 2).v, euro(100000));
    static const struct wanted wanted[] = {{CINEMA, BOOKS, 26257, false},
                                           {OPERATOR, BOOKS, 22297, false},
                                           {GROCER, BOOKS, 45446, true},
                                           {GROCER, CINEMA, 26257, true},
                                           {GROCER, OPERATOR, 30297, true}};
    check_payments(&world, 3, wanted, ARRAY_SIZE(wanted));
    CHECK_INT(world.period.taken_count, 3);
    CHECK_INT(world.period.taken[0].amount.v, euro(44554));
    CHECK_INT(world.period.taken[1].amount.v, euro(25743));
    CHECK_INT(world.period.taken[2].amount.v, euro(29703));
    CHECK(world.period.taken[2].collateral &&
          partner_equal(world.period.taken[2].claimant, operator_partner));
    end(&world);
}

CASE(collateral_beyond_the_claims_is_left)
{
    struct world world;
    begin(&world);
    world.by.fund.v = euro(1000000);
    world.by.keeper = operator_partner;
    CHECK_INT(take_out(&world, 2).v, euro(330000));
    for (size_t i = 0; i < world.period.payment_count; i++)
        CHECK(!world.period.payments[i].ring_fenced);
    end(&world);
}

/* 2,020.00 by receivables of 4,680, 2,970 and 1,080: 1,082.89, 687.21 and 249.90. */
CASE(a_loss_is_shared_by_receivables)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    world.by.mutualise = true;
    CHECK_INT(take_out(&world, 2).v, 0);
    static const struct wanted wanted[] = {{CINEMA, OPERATOR, 68721, false},
                                           {BOOKS, OPERATOR, 14289, false},
                                           {GROCER, BOOKS, 108289, true},
                                           {GROCER, CINEMA, 68721, true},
                                           {GROCER, OPERATOR, 24990, true}};
    check_payments(&world, 3, wanted, ARRAY_SIZE(wanted));
    CHECK_INT(world.period.taken_count, 2);
    CHECK_INT(world.period.taken[0].by.v, BOOKS);
    CHECK_INT(world.period.taken[0].amount.v, euro(18289));
    CHECK(!world.period.taken[0].collateral);
    end(&world);
}

/* Cinema in turn: it owes the operator 160 and, for grocer, 167.21; books 360; and has paid none.
 */
CASE(a_second_default_takes_over_what_the_first_left)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    world.by.mutualise = true;
    (void)take_out(&world, 2);
    size_t first = world.period.payment_count;
    world.by.mutualise = false;
    (void)take_out(&world, 3);
    static const struct wanted wanted[] = {{BOOKS, OPERATOR, 50289, false},
                                           {CINEMA, BOOKS, 36000, true},
                                           {CINEMA, OPERATOR, 32721, true}};
    check_payments(&world, first, wanted, ARRAY_SIZE(wanted));
    CHECK_INT(world.period.payments[3].state, PAYMENT_VOID);
    CHECK_INT(world.period.payments[4].state, PAYMENT_VOID);
    /* What grocer owes cinema stays between these two. */
    CHECK_INT(world.period.payments[6].state, PAYMENT_DUE);
    CHECK_INT(world.period.payments[6].payment.to.v, CINEMA);
    end(&world);
}

CASE(a_period_is_settled_without_what_is_ring_fenced)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    (void)take_out(&world, 2);
    confirm(&world, 3);
    confirm(&world, 0);
    CHECK_INT(world.period.state, PERIOD_FINAL);
    confirm(&world, 4);
    CHECK_INT(world.period.state, PERIOD_SETTLED);
    /* Nothing of it is paid any more but that. */
    check_verdict(period_pay(&world.period, grocer, 2, 1, &ann, false), VERDICT_PAID_TWICE);
    check_verdict(period_confirm(&world.period, books, 4), VERDICT_PAID_TWICE);
    pay(&world, 5);
    check_verdict(period_fail(&world.period, books, 5), VERDICT_ACCEPTED);
    check_verdict(period_pay(&world.period, grocer, 5, 2, &ann, false), VERDICT_ACCEPTED);
    confirm(&world, 5);
    check_verdict(period_confirm(&world.period, books, 5), VERDICT_PAID_TWICE);
    CHECK_INT(world.period.state, PERIOD_SETTLED);
    CHECK(defaults_sound(&world.period, &world.closed));
    end(&world);
}

CASE(what_fails_later_is_ring_fenced)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    (void)take_out(&world, 2);
    confirm(&world, 3);
    confirm(&world, 4);
    CHECK_INT(world.period.state, PERIOD_FINAL);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_ACCEPTED);
    CHECK(world.period.payments[0].ring_fenced);
    CHECK_INT(world.period.state, PERIOD_SETTLED);
    CHECK(defaults_sound(&world.period, &world.closed));
    end(&world);
}

/* ---- who may say it, and when ------------------------------------------------------------- */

CASE(reasons_to_refuse_it_are_asked_in_their_order)
{
    struct world world;
    begin(&world);
    check_verdict(declare(&world, books, 3, &ann, LAST_DAY), VERDICT_UNKNOWN_PAYMENT);
    check_verdict(declare(&world, grocer, 2, &ann, LAST_DAY), VERDICT_NOT_A_PARTY);
    check_verdict(declare(&world, cinema, 2, &ann, LAST_DAY), VERDICT_NOT_A_PARTY);
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY), VERDICT_TOO_EARLY);
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_ACCEPTED);
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_SAME_APPROVER);
    /* The payer pays after all: nobody says anything any more, until it failed. */
    pay(&world, 2);
    CHECK(hash_is_zero(&world.period.payments[2].accuser));
    check_verdict(declare(&world, books, 2, &bob, LAST_DAY + 1), VERDICT_WRONG_STATE);
    check_verdict(period_fail(&world.period, books, 2), VERDICT_ACCEPTED);
    check_verdict(declare(&world, books, 2, &bob, LAST_DAY + 1), VERDICT_ACCEPTED);
    confirm(&world, 2);
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_PAID_TWICE);
    (void)take_out(&world, 1);
    check_verdict(declare(&world, cinema, 0, &ann, LAST_DAY + 1), VERDICT_WRONG_STATE);
    REQUIRE(world.period.payments[world.period.payment_count - 1].ring_fenced);
    check_verdict(
        declare(&world, operator_partner, world.period.payment_count - 1, &ann, LAST_DAY + 1),
        VERDICT_WRONG_STATE);
    check_verdict(period_pay(&world.period, grocer, 0, 1, &ann, false), VERDICT_WRONG_STATE);
    check_verdict(period_confirm(&world.period, cinema, 0), VERDICT_WRONG_STATE);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_WRONG_STATE);
    world.period.state = PERIOD_PROPOSED;
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_WRONG_STATE);
    world.period.state = PERIOD_SETTLED;
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_PAID_TWICE);
    end(&world);
}

CASE(of_a_payee_without_a_node_anyone_else_may_say_it)
{
    struct world world;
    bool declared;
    begin(&world);
    check_verdict(
        default_declare(&world.period, grocer, 2, &ann, true, LAST_DAY + 1, LAST_DAY, &declared),
        VERDICT_NOT_A_PARTY);
    check_verdict(
        default_declare(&world.period, cinema, 2, &ann, true, LAST_DAY + 1, LAST_DAY, &declared),
        VERDICT_ACCEPTED);
    check_verdict(default_declare(&world.period, operator_partner, 2, &bob, true, LAST_DAY + 1,
                                  LAST_DAY, &declared),
                  VERDICT_ACCEPTED);
    CHECK(declared);
    end(&world);
}

/* ---- sharing out ------------------------------------------------------------------------------
 */

CASE(shares_sum_to_what_is_shared_and_ties_go_by_name)
{
    static const char *const names[] = {"c", "a", "b"};
    static const __int128 equal[] = {7, 7, 7}, some[] = {0, 1, 0};
    __int128 shares[3];
    share_out(11, equal, names, 3, shares);
    CHECK(shares[0] == 3 && shares[1] == 4 && shares[2] == 4);
    share_out(10, equal, names, 3, shares);
    CHECK(shares[0] == 3 && shares[1] == 4 && shares[2] == 3);
    share_out(5, some, names, 3, shares);
    CHECK(shares[0] == 0 && shares[1] == 5 && shares[2] == 0);
    /* Products of 190 bits: exactly a third, and two. */
    const __int128 large = ((__int128)1 << 97) / 3 * 3;
    const __int128 weights[] = {large / 3, large / 3 * 2, 0};
    share_out(large, weights, names, 3, shares);
    CHECK(shares[0] == large / 3 && shares[1] == large / 3 * 2 && shares[2] == 0);
}

/* ---- random books ------------------------------------------------------------------------------
 */

enum { PARTNERS = 7, SEEDS = 3000 };

static const char *const many_names[PARTNERS] = {"grocer", "books", "cinema", "operator",
                                                 "zoo",    "bank",  "air"};

static uint32_t below(uint64_t *seed, uint32_t limit)
{
    return (uint32_t)(chance(seed) >> 32) % limit;
}

static void begin_random(struct world *world, uint64_t *seed)
{
    memset(world, 0, sizeof(*world));
    size_t count = 1 + below(seed, 40);
    for (size_t i = 0; i < count; i++) {
        uint16_t debtor = (uint16_t)below(seed, PARTNERS);
        uint16_t creditor = (uint16_t)((debtor + 1 + below(seed, PARTNERS - 1)) % PARTNERS);
        struct line line =
            book_line(debtor, creditor, below(seed, 2) ? BOOK_REDEMPTION : BOOK_REDEMPTION_CONTRA,
                      (__int128)below(seed, 1000000) * 12345678 - 2000000000000);
        memcpy(line.currency, book_currencies[below(seed, 3)].code, CURRENCY_SIZE);
        if (below(seed, 3) == 0)
            memcpy(line.tax_code, "AT-20", sizeof("AT-20"));
        lines_add(&world->exact, &line);
    }
    close_period(world, PARTNERS, many_names);
}

static int minor_digits(const char *currency)
{
    for (size_t i = 0; i < ARRAY_SIZE(book_currencies); i++)
        if (strcmp(book_currencies[i].code, currency) == 0)
            return book_currencies[i].minor_digits;
    return -1;
}

/* Sent by two people, confirmed or failed, or refused. */
static void move(struct world *world, size_t number, uint32_t how)
{
    struct period *period = &world->period;
    const struct period_payment *payment = &period->payments[number];
    struct partner_id from = payment->payment.from, to = payment->payment.to;
    uint32_t attempt = payment->attempt + 1;
    enum verdict verdict = VERDICT_ACCEPTED;
    if (how == 0)
        verdict = period_confirm(period, to, number);
    else if (how == 1)
        verdict = period_fail(period, to, number);
    else if (period_pay(period, from, number, attempt, &ann, false) == VERDICT_ACCEPTED)
        verdict = period_pay(period, from, number, attempt, &bob, false);
    CHECK(verdict == VERDICT_ACCEPTED || verdict == VERDICT_WRONG_STATE ||
          verdict == VERDICT_PAID_TWICE);
}

static void step(struct world *world, uint64_t *seed)
{
    struct period *period = &world->period;
    size_t number = below(seed, (uint32_t)period->payment_count);
    const struct period_payment *payment = &period->payments[number];
    struct partner_id from = payment->payment.from;
    uint32_t how = below(seed, 5);
    if (how < 4) {
        move(world, number, how);
        return;
    }
    if (period->state != PERIOD_FINAL || payment->ring_fenced ||
        (payment->state != PAYMENT_DUE && payment->state != PAYMENT_FAILED))
        return;
    world->by.minor_digits = minor_digits(payment->currency);
    world->by.mutualise = below(seed, 2);
    world->by.fund.v = below(seed, 2) && !partner_equal(from, operator_partner)
                           ? (__int128)below(seed, 100000) * 77777777
                           : 0;
    world->by.keeper = operator_partner;
    struct money used = take_out(world, number);
    CHECK(used.v >= 0 && used.v <= world->by.fund.v);
    CHECK(period_in_default(period, from, period->defaults[period->default_count - 1].currency));
}

/* A cent more, another payee, a default that was none: seen. */
static void damage(struct world *world, uint64_t *seed)
{
    struct period *period = &world->period;
    for (size_t i = 0; i < period->payment_count; i++) {
        struct period_payment *payment = &period->payments[i];
        struct period_payment kept = *payment;
        bool any = false;
        for (size_t j = 0; j < period->default_count; j++)
            any = any || strcmp(period->defaults[j].currency, payment->currency) == 0;
        if (!any || payment->state == PAYMENT_VOID)
            continue;
        payment->payment.amount.v += euro(1);
        CHECK(!defaults_sound(period, &world->closed));
        *payment = kept;
        payment->state = PAYMENT_VOID;
        CHECK(!defaults_sound(period, &world->closed));
        *payment = kept;
        if (!payment->ring_fenced && payment->state == PAYMENT_DUE) {
            payment->ring_fenced = true;
            CHECK(!defaults_sound(period, &world->closed));
            *payment = kept;
        }
    }
    if (period->taken_count > 0) {
        struct taken_over *taken = &period->taken[below(seed, (uint32_t)period->taken_count)];
        taken->amount.v += euro(1);
        CHECK(!defaults_sound(period, &world->closed) || taken->collateral);
        taken->amount.v -= euro(1);
    }
    CHECK(defaults_sound(period, &world->closed));
}

CASE(what_is_owed_is_what_is_paid_or_to_be_paid)
{
    size_t defaults = 0, taken = 0, settled = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t draw = seed;
        struct world world;
        begin_random(&world, &draw);
        for (int i = 0; i < 60 && world.period.payment_count > 0; i++)
            step(&world, &draw);
        CHECK(defaults_sound(&world.period, &world.closed));
        damage(&world, &draw);
        defaults += world.period.default_count;
        taken += world.period.taken_count;
        settled += world.period.state == PERIOD_SETTLED;
        end(&world);
    }
    printf("%zu defaults, %zu claims taken over, %zu periods settled\n", defaults, taken, settled);
    CHECK(defaults > SEEDS && taken > SEEDS && settled > 10);
}

int main(void)
{
    RUN(what_one_in_default_owes_is_ring_fenced);
    RUN(collateral_pays_in_proportion_to_the_claims);
    RUN(collateral_beyond_the_claims_is_left);
    RUN(a_loss_is_shared_by_receivables);
    RUN(a_second_default_takes_over_what_the_first_left);
    RUN(a_period_is_settled_without_what_is_ring_fenced);
    RUN(what_fails_later_is_ring_fenced);
    RUN(reasons_to_refuse_it_are_asked_in_their_order);
    RUN(of_a_payee_without_a_node_anyone_else_may_say_it);
    RUN(shares_sum_to_what_is_shared_and_ties_go_by_name);
    RUN(what_is_owed_is_what_is_paid_or_to_be_paid);
    return check_report();
}
