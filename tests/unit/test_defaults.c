// links: partners
/* One that does not pay: worked example B with each of the charter's answers, by hand to the cent;
 * and over random books, payments and defaults that what is owed is what is paid or to be paid. */
#include "unit/books.h"

#include "partners/defaults.h"
#include "partners/sharing.h"

static const struct partner_id grocer = {GROCER}, books = {BOOKS}, cinema = {CINEMA},
                               operator_partner = {OPERATOR};
static const struct hash totals = {{1}}, ann = {{3}}, bob = {{4}};

/* Closed on the ninth day after the last one, to be paid by the tenth: every day is worked. */
enum { DAY = 20000, PAY_BY = DAY + 10, LAST_DAY = PAY_BY + 2 };

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
                                  names, &world->rules.calendar, DAY + 9, &world->closed),
                  VERDICT_ACCEPTED);
    world->by = (struct default_rules){.default_days = 2, .names = names, .minor_digits = 2};
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

static enum verdict send(struct world *world, size_t payment, uint32_t attempt, int64_t today)
{
    struct partner_id from = world->period.payments[payment].payment.from;
    enum verdict verdict = period_pay(&world->period, from, payment, attempt, &ann, false, today);
    return verdict != VERDICT_ACCEPTED
               ? verdict
               : period_pay(&world->period, from, payment, attempt, &bob, false, today);
}

static void pay(struct world *world, size_t payment)
{
    check_verdict(send(world, payment, 1, PAY_BY), VERDICT_ACCEPTED);
}

static enum verdict confirm_by(struct world *world, struct partner_id partner, size_t payment)
{
    return period_confirm(&world->period, partner, payment, &world->rules.calendar, LAST_DAY);
}

static void confirm(struct world *world, size_t payment)
{
    check_verdict(confirm_by(world, world->period.payments[payment].payment.to, payment),
                  VERDICT_ACCEPTED);
}

static enum verdict declare(struct world *world, struct partner_id partner, size_t payment,
                            const struct hash *approver, int64_t today)
{
    bool declared;
    struct speaker speaker = {0};
    if (payment < world->period.payment_count)
        speaker.partner = world->period.payments[payment].payment.to;
    enum verdict verdict = default_declare(&world->period, partner, payment, &speaker, approver,
                                           &world->by, today, &declared);
    CHECK(!declared);
    return verdict;
}

static bool sound(const struct world *world)
{
    return defaults_sound(&world->period, &world->closed, &book_rules);
}

static struct money take_out_on(struct world *world, size_t payment, int64_t today)
{
    struct speaker speaker = {.partner = world->period.payments[payment].payment.to};
    bool declared;
    check_verdict(default_declare(&world->period, speaker.partner, payment, &speaker, &ann,
                                  &world->by, today, &declared),
                  VERDICT_ACCEPTED);
    CHECK(!declared);
    check_verdict(default_declare(&world->period, speaker.partner, payment, &speaker, &bob,
                                  &world->by, today, &declared),
                  VERDICT_ACCEPTED);
    REQUIRE(declared);
    struct money used =
        default_take_out(&world->period, &world->closed, payment, &world->by, today);
    CHECK(sound(world));
    return used;
}

/* On the first day on which it may. */
static struct money take_out(struct world *world, size_t payment)
{
    return take_out_on(world, payment, world->period.payments[payment].pay_by + 3);
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
    check_verdict(send(&world, 3, 1, LAST_DAY), VERDICT_PAID_TWICE);
    check_verdict(confirm_by(&world, books, 4), VERDICT_PAID_TWICE);
    check_verdict(send(&world, 2, 1, LAST_DAY), VERDICT_WRONG_STATE); /* it is void */
    pay(&world, 5);
    check_verdict(period_fail(&world.period, books, 5), VERDICT_ACCEPTED);
    check_verdict(send(&world, 5, 2, LAST_DAY), VERDICT_ACCEPTED);
    confirm(&world, 5);
    check_verdict(confirm_by(&world, books, 5), VERDICT_PAID_TWICE);
    CHECK_INT(world.period.state, PERIOD_SETTLED);
    CHECK(sound(&world));
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
    CHECK(sound(&world));
    end(&world);
}

static void owe(struct world *world, uint16_t debtor, uint16_t creditor, int64_t cents)
{
    struct line line = book_line(debtor, creditor, BOOK_REDEMPTION, euro(cents));
    lines_add(&world->exact, &line);
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
    confirm(&world, 2);
    check_verdict(declare(&world, books, 2, &bob, LAST_DAY + 1), VERDICT_PAID_TWICE);
    CHECK(hash_is_zero(&world.period.payments[2].accuser));
    (void)take_out(&world, 1);
    check_verdict(declare(&world, cinema, 0, &ann, LAST_DAY + 1), VERDICT_WRONG_STATE);
    REQUIRE(world.period.payments[world.period.payment_count - 1].ring_fenced);
    check_verdict(
        declare(&world, operator_partner, world.period.payment_count - 1, &ann, LAST_DAY + 9),
        VERDICT_WRONG_STATE);
    check_verdict(send(&world, 0, 1, LAST_DAY), VERDICT_WRONG_STATE);
    check_verdict(period_fail(&world.period, cinema, 0), VERDICT_WRONG_STATE);
    world.period.state = PERIOD_PROPOSED;
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_WRONG_STATE);
    world.period.state = PERIOD_SETTLED;
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_PAID_TWICE);
    end(&world);
}

/* Whoever says in time that it has sent is believed, until the payee says that it never came; not
 * who says so late, or again. */
CASE(a_payer_that_says_it_has_sent_gains_no_more_than_the_time_for_it)
{
    struct world world;
    begin(&world);
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_ACCEPTED);
    check_verdict(send(&world, 2, 1, LAST_DAY), VERDICT_ACCEPTED); /* just in time */
    check_verdict(declare(&world, books, 2, &bob, LAST_DAY + 1), VERDICT_WRONG_STATE);
    check_verdict(declare(&world, cinema, 0, &bob, LAST_DAY + 2), VERDICT_TOO_EARLY);
    check_verdict(period_fail(&world.period, books, 2), VERDICT_ACCEPTED);
    check_verdict(send(&world, 2, 2, LAST_DAY + 1), VERDICT_ACCEPTED);
    /* Who said it first is not forgotten meanwhile. */
    check_verdict(declare(&world, books, 2, &ann, LAST_DAY + 1), VERDICT_SAME_APPROVER);
    CHECK_INT(take_out_on(&world, 0, LAST_DAY + 1).v, 0);
    CHECK_INT(world.period.payments[2].state, PAYMENT_VOID); /* and is part of the claims */
    CHECK_INT(world.period.payment_count, 8);
    end(&world);
    /* What was sent in time still stands when others say it later. */
    begin(&world);
    check_verdict(send(&world, 2, 1, LAST_DAY), VERDICT_ACCEPTED);
    (void)take_out_on(&world, 0, LAST_DAY + 3);
    CHECK_INT(world.period.payments[2].state, PAYMENT_SENT);
    end(&world);
    /* First sent too late. */
    begin(&world);
    check_verdict(send(&world, 2, 1, LAST_DAY + 1), VERDICT_ACCEPTED);
    (void)take_out_on(&world, 0, LAST_DAY + 1);
    CHECK_INT(world.period.payments[2].state, PAYMENT_VOID);
    end(&world);
}

CASE(money_that_came_for_a_void_payment_is_paid_back)
{
    struct world world;
    begin(&world);
    pay(&world, 0);
    (void)take_out(&world, 2);
    size_t count = world.period.payment_count;
    check_verdict(confirm_by(&world, grocer, 2), VERDICT_NOT_A_PARTY);
    check_verdict(confirm_by(&world, books, 2), VERDICT_ACCEPTED);
    CHECK_INT(world.period.payments[2].state, PAYMENT_CONFIRMED);
    static const struct wanted wanted[] = {{BOOKS, GROCER, 94000, true}};
    check_payments(&world, count, wanted, 1);
    CHECK(sound(&world));
    check_verdict(confirm_by(&world, books, 2), VERDICT_PAID_TWICE);
    end(&world);
}

CASE(whoever_is_to_pay_has_a_day_for_it)
{
    struct world world;
    begin(&world);
    CHECK_INT(world.period.payments[0].pay_by, PAY_BY);
    (void)take_out_on(&world, 2, LAST_DAY + 9);
    CHECK_INT(world.period.payments[3].pay_by, LAST_DAY + 10);
    check_verdict(declare(&world, operator_partner, 3, &ann, LAST_DAY + 12), VERDICT_TOO_EARLY);
    check_verdict(declare(&world, operator_partner, 3, &ann, LAST_DAY + 13), VERDICT_ACCEPTED);
    end(&world);
}

/* Whoever waits too long bears it alone: nobody else's books are opened again. */
CASE(what_is_said_too_late_is_ring_fenced_and_that_is_all)
{
    struct world world;
    begin(&world);
    world.by.mutualise = true;
    world.by.fund.v = euro(100);
    world.by.keeper = operator_partner;
    confirm(&world, 0);
    confirm(&world, 1);
    CHECK_INT(take_out_on(&world, 2, LAST_DAY + DEFAULT_CLAIM_DAYS + 1).v, 0);
    CHECK(world.period.payments[2].ring_fenced);
    CHECK_INT(world.period.payment_count, 3);
    CHECK_INT(world.period.default_count, 0);
    CHECK_INT(world.period.state, PERIOD_SETTLED);
    pay(&world, 2);
    confirm(&world, 2);
    end(&world);
    begin(&world);
    (void)take_out_on(&world, 2, LAST_DAY + DEFAULT_CLAIM_DAYS);
    CHECK_INT(world.period.default_count, 1);
    end(&world);
}

/* That it was paid is the payer's word where the payee has no node: it takes over nothing for it.
 */
CASE(a_payee_that_says_nothing_takes_over_nothing)
{
    static const bool silent[EXAMPLE_PARTNERS] = {[CINEMA] = true};
    struct world world = {0};
    owe(&world, GROCER, BOOKS, 100000);
    owe(&world, BOOKS, CINEMA, 99000);
    owe(&world, BOOKS, OPERATOR, 1000);
    close_period(&world, EXAMPLE_PARTNERS, example_names);
    world.by.silent = silent;
    pay(&world, 0);
    (void)take_out(&world, 1);
    CHECK_INT(world.period.taken_count, 0);
    end(&world);
}

CASE(of_a_payee_without_a_node_another_says_it)
{
    struct world world;
    struct speaker speaker = {.partner = operator_partner};
    bool declared;
    begin(&world);
    check_verdict(default_declare(&world.period, books, 2, &speaker, &ann, &world.by, LAST_DAY + 1,
                                  &declared),
                  VERDICT_NOT_A_PARTY);
    speaker.anyone = true;
    check_verdict(default_declare(&world.period, grocer, 2, &speaker, &ann, &world.by, LAST_DAY + 1,
                                  &declared),
                  VERDICT_NOT_A_PARTY);
    check_verdict(default_declare(&world.period, cinema, 2, &speaker, &ann, &world.by, LAST_DAY + 1,
                                  &declared),
                  VERDICT_ACCEPTED);
    speaker.anyone = false;
    check_verdict(default_declare(&world.period, operator_partner, 2, &speaker, &bob, &world.by,
                                  LAST_DAY + 1, &declared),
                  VERDICT_ACCEPTED);
    CHECK(declared);
    end(&world);
}

/* ---- what was paid on account of all ------------------------------------------------------- */

/* Grocer owes books 1,000, which owe cinema 990 and the operator 10: it pays them instead, cinema
 * alone. What cinema has got, it has of books' money. */
CASE(who_was_paid_for_another_takes_over_its_claim)
{
    struct world world = {0};
    owe(&world, GROCER, BOOKS, 100000);
    owe(&world, BOOKS, CINEMA, 99000);
    owe(&world, BOOKS, OPERATOR, 1000);
    close_period(&world, EXAMPLE_PARTNERS, example_names);
    pay(&world, 0);
    confirm(&world, 0);
    (void)take_out(&world, 1);
    static const struct wanted wanted[] = {{BOOKS, OPERATOR, 1000, false},
                                           {GROCER, BOOKS, 1000, true}};
    check_payments(&world, 2, wanted, ARRAY_SIZE(wanted));
    REQUIRE(world.period.taken_count == 1);
    CHECK_INT(world.period.taken[0].by.v, CINEMA);
    CHECK_INT(world.period.taken[0].claimant.v, BOOKS);
    CHECK_INT(world.period.taken[0].amount.v, euro(99000));
    end(&world);
}

enum { PARTNERS = 7, SEEDS = 3000, ZOO = 4, BANK, AIR };

static const char *const many_names[PARTNERS] = {"grocer", "books", "cinema", "operator",
                                                 "zoo",    "bank",  "air"};

/* Grocer owes cinema 900, as cinema does books; zoo owes cinema 100, bank owes books 100. At first
 * grocer is to pay books 900, bank cinema 100 and zoo books 100, and the last two do. Without
 * grocer cinema is to pay books 900, and does not either: bank has paid it 100 on account of zoo.
 */
CASE(who_owes_it_takes_over_what_others_have_paid_it)
{
    struct world world = {0};
    owe(&world, GROCER, CINEMA, 90000);
    owe(&world, CINEMA, BOOKS, 90000);
    owe(&world, ZOO, CINEMA, 10000);
    owe(&world, BANK, BOOKS, 10000);
    close_period(&world, PARTNERS, many_names);
    REQUIRE(world.period.payment_count == 3);
    CHECK_INT(world.period.payments[1].payment.from.v, BANK);
    pay(&world, 1);
    pay(&world, 2);
    (void)take_out(&world, 0);
    REQUIRE(world.period.payment_count == 5);
    bool of_bank = partner_equal(world.period.payments[1].payment.to, cinema);
    (void)take_out(&world, 3);
    if (of_bank) {
        REQUIRE(world.period.taken_count == 1);
        CHECK_INT(world.period.taken[0].by.v, ZOO);
        CHECK_INT(world.period.taken[0].claimant.v, BANK);
        CHECK_INT(world.period.taken[0].amount.v, euro(10000));
    }
    static const struct wanted wanted[] = {{CINEMA, BOOKS, 90000, true}};
    check_payments(&world, 5, wanted, ARRAY_SIZE(wanted));
    end(&world);
}

/* As above, but bank and zoo have sent late. Whoever of them pays cinema has paid one in default
 * then: that cannot be said of it by cinema, nor of cinema by anyone again. */
CASE(nobody_is_in_default_of_what_it_has_sent_to_one_that_is)
{
    struct world world = {0};
    owe(&world, GROCER, CINEMA, 90000);
    owe(&world, CINEMA, BOOKS, 90000);
    owe(&world, ZOO, CINEMA, 10000);
    owe(&world, BANK, BOOKS, 10000);
    close_period(&world, PARTNERS, many_names);
    check_verdict(send(&world, 1, 1, LAST_DAY + 1), VERDICT_ACCEPTED);
    check_verdict(send(&world, 2, 1, LAST_DAY + 1), VERDICT_ACCEPTED);
    (void)take_out_on(&world, 0, LAST_DAY + 1);
    (void)take_out_on(&world, 3, LAST_DAY + 5);
    CHECK(period_in_default(&world.period, cinema, "EUR"));
    size_t sent = partner_equal(world.period.payments[1].payment.to, cinema) ? 1 : 2;
    REQUIRE(partner_equal(world.period.payments[sent].payment.to, cinema));
    CHECK_INT(world.period.payments[sent].state, PAYMENT_SENT);
    check_verdict(declare(&world, cinema, sent, &ann, LAST_DAY + 9), VERDICT_WRONG_STATE);
    check_verdict(declare(&world, books, 3, &totals, LAST_DAY + 9), VERDICT_WRONG_STATE);
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
    struct partner_id to = payment->payment.to;
    uint32_t attempt = payment->attempt + 1;
    enum verdict verdict = VERDICT_ACCEPTED;
    if (how == 0)
        verdict = period_confirm(period, to, number, &world->rules.calendar, LAST_DAY);
    else if (how == 1)
        verdict = period_fail(period, to, number);
    else
        verdict = send(world, number, attempt, PAY_BY + number % 5);
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
    if (period->state != PERIOD_FINAL ||
        !default_possible(period, number, &world->by, payment->pay_by + 9))
        return;
    world->by.minor_digits = minor_digits(payment->currency);
    world->by.mutualise = below(seed, 2);
    world->by.fund.v = below(seed, 2) && !partner_equal(from, operator_partner)
                           ? (__int128)below(seed, 100000) * 77777777
                           : 0;
    world->by.keeper = operator_partner;
    struct money used = take_out_on(world, number, payment->pay_by + 9);
    CHECK(used.v >= 0 && used.v <= world->by.fund.v);
    CHECK(period_in_default(period, from, period->defaults[period->default_count - 1].currency));
}

/* A cent more, or void: seen. */
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
        CHECK(!sound(world));
        *payment = kept;
        payment->state = PAYMENT_VOID;
        CHECK(!sound(world));
        *payment = kept;
    }
    if (period->taken_count > 0) {
        struct taken_over *taken = &period->taken[below(seed, (uint32_t)period->taken_count)];
        taken->amount.v += euro(1);
        CHECK(!sound(world) || taken->collateral);
        taken->amount.v -= euro(1);
    }
    CHECK(sound(world));
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
        CHECK(sound(&world));
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
    RUN(a_payer_that_says_it_has_sent_gains_no_more_than_the_time_for_it);
    RUN(money_that_came_for_a_void_payment_is_paid_back);
    RUN(whoever_is_to_pay_has_a_day_for_it);
    RUN(what_is_said_too_late_is_ring_fenced_and_that_is_all);
    RUN(nobody_is_in_default_of_what_it_has_sent_to_one_that_is);
    RUN(a_payee_that_says_nothing_takes_over_nothing);
    RUN(of_a_payee_without_a_node_another_says_it);
    RUN(who_was_paid_for_another_takes_over_its_claim);
    RUN(who_owes_it_takes_over_what_others_have_paid_it);
    RUN(shares_sum_to_what_is_shared_and_ties_go_by_name);
    RUN(what_is_owed_is_what_is_paid_or_to_be_paid);
    return check_report();
}
