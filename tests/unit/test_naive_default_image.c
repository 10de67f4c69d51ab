// links: node
/* What the naive model keeps of those who do not pay, as bytes, and what contradicts itself in
 * them. */
#include "unit/naive_debts.h"

static void write_model(const struct town *town, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    naive_write(town->model, out);
    REQUIRE(!out->overflowed);
}

static bool is_read_by(const struct town *town, enum naive_on_default how, struct naive **copy_out)
{
    struct error error;
    struct buffer bytes;
    write_model(town, &bytes);
    bool read = naive_read(rules_with(how, true), buffer_bytes(&bytes), copy_out, &error);
    buffer_release(&bytes);
    return read;
}

static bool is_read(const struct town *town, struct naive **copy_out)
{
    return is_read_by(town, NAIVE_MUTUALISE, copy_out);
}

/* In default, some paid, some sent, and one that failed late. */
static struct town troubled(void)
{
    struct town town = town_with(NAIVE_MUTUALISE, INT64_C(1000) * 1000000);
    pay(&town, TO_CINEMA);
    send(&town, TO_BOOKS);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    fail(&town, TO_BOOKS);
    REQUIRE(payment_at(&town, TO_BOOKS)->ring_fenced && january(&town)->payment_count > 4);
    on_day(&town, 48);
    TAKEN(&town, payment_at(&town, 3)->to, accuse(&town, 3, 1));
    TAKEN(&town, payment_at(&town, 3)->from, of_payment(&town, TRANSACTION_PAYMENT_SENT, 3, 1));
    return town;
}

CASE(what_became_of_a_default_is_kept_and_goes_on)
{
    struct town town = troubled();
    struct naive *copy = NULL;
    struct buffer first, second;
    REQUIRE(is_read(&town, &copy));
    write_model(&town, &first);
    naive_close(town.model);
    town.model = copy;
    write_model(&town, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    SAID(&town, payment_at(&town, 3)->to, accuse(&town, 3, 1), VERDICT_SAME_APPROVER);
    TAKEN(&town, payment_at(&town, 3)->to, accuse(&town, 3, 2));
    CHECK_INT(january(&town)->default_count, 2);
    REQUIRE(is_read(&town, &copy)); /* with two of them */
    naive_close(copy);
    buffer_release(&first);
    buffer_release(&second);
    naive_close(town.model);
}

CASE(a_file_whose_defaults_do_not_add_up_is_refused)
{
    struct town town = troubled();
    struct naive *copy = NULL;
    struct naive_period *period = january(&town);
    const struct naive_payment void_one = *payment_at(&town, TO_OPERATOR);
    const struct naive_payment paid = *payment_at(&town, TO_CINEMA);
    const struct naive_payment late = *payment_at(&town, TO_BOOKS), due = *payment_at(&town, 3);
    const struct naive_default row = period->defaults[0];
    const struct naive_taking taking = period->takings[1];
    REQUIRE(taking.collateral && !period->takings[0].collateral);
    const size_t last = period->payment_count - 1;
    const struct naive_payment ring = period->payments[last];
#define TRIED(place, was, change)                                                                  \
    do {                                                                                           \
        change;                                                                                    \
        CHECK(!is_read(&town, &copy));                                                             \
        place = was;                                                                               \
    } while (0)
#define PAYMENT(number, was, change)                                                               \
    TRIED(period->payments[number], was, period->payments[number].change)
    PAYMENT(TO_OPERATOR, void_one, state = NAIVE_DUE);
    PAYMENT(TO_OPERATOR, void_one, ring_fenced = true);
    PAYMENT(TO_OPERATOR, void_one, amount -= CENT); /* other than its books give */
    PAYMENT(TO_OPERATOR, void_one, accuser = (struct hash){{1}});
    PAYMENT(TO_OPERATOR, void_one, approver = (struct hash){{1}});
    PAYMENT(TO_OPERATOR, void_one, round = 1);
    PAYMENT(TO_BOOKS, late, ring_fenced = false);
    PAYMENT(TO_BOOKS, late, attempts = 0);
    PAYMENT(TO_CINEMA, paid, accuser = (struct hash){{1}});
    PAYMENT(TO_CINEMA, paid, approver = (struct hash){{1}});
    PAYMENT(TO_CINEMA, paid, pay_by = (uint32_t)period->pay_day - 1);
    PAYMENT(TO_CINEMA, paid, sent_on = 0);
    PAYMENT(TO_CINEMA, paid, sent_on = (uint32_t)(town.now_ms / DAY) + 1);
    PAYMENT(TO_CINEMA, paid, attempts = 0);
    PAYMENT(3, due, state = NAIVE_VOID);
    PAYMENT(3, due, state = NAIVE_CONFIRMED); /* its approvers stand */
    PAYMENT(3, due, amount += CENT);
    PAYMENT(3, due, amount = 1);
    PAYMENT(3, due, amount = -due.amount);
    PAYMENT(3, due, attempts = 1);
    PAYMENT(3, due, sent_on = due.pay_by);
    PAYMENT(3, due, round = 0);
    PAYMENT(3, due, round = 2);
    PAYMENT(3, due, to = due.from);
    PAYMENT(3, due, ring_fenced = true);
    PAYMENT(3, due, currency[0] = 'X');
    PAYMENT(last, ring, to = CINEMA);
    PAYMENT(last, ring, ring_fenced = false);
    PAYMENT(last, ring, amount += CENT);
    TRIED(period->payment_count, last + 1, period->payment_count--);
    TRIED(period->defaults[0], row, period->defaults[0].partner = CINEMA);
    TRIED(period->defaults[0], row, memcpy(period->defaults[0].currency, "SEK", 4));
    TRIED(period->default_count, 1, period->default_count = 0);
    TRIED(period->takings[1], taking, period->takings[1].amount += CENT);
    TRIED(period->takings[1], taking, period->takings[1].collateral = false);
    TRIED(period->takings[1], taking, period->takings[1].by = BOOKS);
    TRIED(period->takings[1], taking, period->takings[1].claimant = GROCER);
    TRIED(period->takings[1], taking, period->takings[1].debtor = CINEMA);
    TRIED(period->state, NAIVE_FINAL, period->state = NAIVE_SETTLED);
    TRIED(period->state, NAIVE_FINAL, period->state = NAIVE_PROPOSED);
#undef TRIED
    naive_default_add(period, &row);
    CHECK(!is_read(&town, &copy));
    period->default_count--;
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    naive_close(town.model);
}

CASE(a_file_in_which_one_in_default_has_sent_late_is_refused)
{
    struct town town = town_with(NAIVE_MUTUALISE, INT64_C(1000) * 1000000);
    struct naive *copy = NULL;
    send(&town, TO_BOOKS);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    struct naive_payment *sent = &january(&town)->payments[TO_BOOKS];
    REQUIRE(sent->state == NAIVE_SENT && is_read(&town, &copy));
    naive_close(copy);
    sent->attempts = 2;
    CHECK(!is_read(&town, &copy));
    sent->attempts = 1;
    sent->sent_on += 7;
    CHECK(!is_read(&town, &copy));
    sent->sent_on -= 7;
    sent->accuser = (struct hash){{1}};
    CHECK(!is_read(&town, &copy));
    naive_close(town.model);
}

/* Only what comes back is ring-fenced between two that are not in default, or of a default in
 * another currency. */
CASE(money_that_comes_back_is_kept_and_nothing_else_like_it)
{
    static const struct debt debts[] = {{GROCER, OPERATOR, LINE_REDEMPTION, 900},
                                        {BOOKS, CINEMA, LINE_REDEMPTION, 500}};
    struct town town = town_by(rules_with(NAIVE_RING_FENCE, true));
    struct naive *copy = NULL;
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    confirm(&town, 1);
    struct naive_period *period = january(&town);
    REQUIRE(is_read_by(&town, NAIVE_RING_FENCE, &copy));
    naive_close(copy);
    period->payments[2].ring_fenced = true; /* and then nothing that was netted is due */
    period->state = NAIVE_SETTLED;
    CHECK(!is_read_by(&town, NAIVE_RING_FENCE, &copy));
    period->payments[2].ring_fenced = false;
    period->state = NAIVE_FINAL;
    period->payments[4].round = 2;
    CHECK(!is_read_by(&town, NAIVE_RING_FENCE, &copy));
    const struct naive_default other = {.partner = OPERATOR, .currency = "SEK"};
    naive_default_add(period, &other);
    REQUIRE(is_read_by(&town, NAIVE_RING_FENCE, &copy));
    naive_close(copy);
    period->payments[3].round = 2; /* of that one, in euro */
    CHECK(!is_read_by(&town, NAIVE_RING_FENCE, &copy));
    naive_close(town.model);
}

/* Only what was netted, was to be paid so long ago, and of which one person has said that it is not
 * paid, is ring-fenced between two that are not in default. */
CASE(what_was_waited_for_too_long_is_kept_and_nothing_else_like_it)
{
    struct town town = town_with(NAIVE_MUTUALISE, INT64_C(1000) * 1000000);
    struct naive *copy = NULL;
    on_day(&town, 61);
    begin_default(&town, TO_OPERATOR);
    pay(&town, TO_CINEMA);
    struct naive_period *period = january(&town);
    struct naive_payment *late = &period->payments[TO_OPERATOR];
    REQUIRE(late->ring_fenced && period->default_count == 0 && is_read(&town, &copy));
    naive_close(copy);
    const struct naive_payment was = *late;
#define TRIED(change)                                                                              \
    do {                                                                                           \
        late->change;                                                                              \
        CHECK(!is_read(&town, &copy));                                                             \
        *late = was;                                                                               \
    } while (0)
    TRIED(pay_by++);
    TRIED(accuser = (struct hash){{0}});
    TRIED(state = NAIVE_VOID);
    late->state = NAIVE_SENT;
    late->attempts = 1;
    late->sent_on = late->pay_by + 6;
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    late->sent_on--; /* on time */
    CHECK(!is_read(&town, &copy));
    *late = was;
#undef TRIED
    const struct naive_default other = {.partner = OPERATOR, .currency = "SEK"};
    struct naive_payment more = was;
    more.round = 1; /* of that one, in euro */
    naive_default_add(period, &other);
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    naive_payment_add(period, &more);
    CHECK(!is_read(&town, &copy));
    period->payment_count--;
    late = &period->payments[TO_OPERATOR];
    late->state = NAIVE_CONFIRMED;
    late->accuser = (struct hash){{0}};
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    naive_close(town.model);
}

/* Rows by which everybody owes as much as without them, in a file with defaults in two
 * currencies. */
CASE(a_file_with_a_payment_of_another_default_or_to_itself_is_refused)
{
    struct town town = troubled();
    struct naive *copy = NULL;
    struct naive_period *period = january(&town);
    const struct naive_default euro = period->defaults[0];
    naive_default_add(period, &euro);
    period->defaults[0].partner = OPERATOR;
    memcpy(period->defaults[0].currency, "SEK", CURRENCY_SIZE);
    for (size_t i = 3; i < period->payment_count; i++)
        period->payments[i].round = 2;
    REQUIRE(!payment_at(&town, 3)->ring_fenced && is_read(&town, &copy));
    naive_close(copy);
    period->payments[3].round = 1;
    CHECK(!is_read(&town, &copy));
    period->payments[3].round = 2;
    struct naive_payment more = period->payments[3];
    more.from = more.to;
    more.approver = more.accuser = (struct hash){{0}};
    naive_payment_add(period, &more);
    CHECK(!is_read(&town, &copy));
    naive_close(town.model);
}

static void check_refused_row(const struct town *town, struct naive_taking taking)
{
    struct naive *copy = NULL;
    struct naive_period *period = january(town);
    memcpy(taking.currency, "EUR", CURRENCY_SIZE);
    taking.amount = CENT;
    naive_taking_add(period, &taking);
    CHECK(!is_read(town, &copy));
    period->taking_count--;
}

/* Rows by which nobody owes more or less than without them. */
CASE(a_file_in_which_nobody_takes_over_anything_is_refused)
{
    struct town town = troubled();
    check_refused_row(&town,
                      (struct naive_taking){.debtor = GROCER, .claimant = GROCER, .by = BOOKS});
    check_refused_row(&town,
                      (struct naive_taking){.debtor = GROCER, .claimant = BOOKS, .by = GROCER});
    check_refused_row(&town,
                      (struct naive_taking){.debtor = GROCER, .claimant = BOOKS, .by = BOOKS});
    naive_close(town.model);
}

/* The grocer owes the one more, and the other less. */
static void move_in_ring(struct naive_period *period, uint16_t more, uint16_t less, int64_t amount)
{
    for (size_t i = 3; i < period->payment_count; i++) {
        struct naive_payment *payment = &period->payments[i];
        if (!payment->ring_fenced)
            continue;
        payment->amount += payment->to == more || payment->from == less ? amount : 0;
        payment->amount -= payment->to == less || payment->from == more ? amount : 0;
    }
}

CASE(a_file_is_refused_that_is_even_for_each_and_not_between_two)
{
    struct town town = troubled();
    struct naive *copy = NULL;
    struct naive_payment *netted = &january(&town)->payments[3];
    REQUIRE(!netted->ring_fenced && netted->state == NAIVE_DUE);
    netted->amount -= CENT;
    move_in_ring(january(&town), netted->to, netted->from, CENT);
    CHECK(!is_read(&town, &copy));
    netted->amount += CENT;
    move_in_ring(january(&town), netted->to, netted->from, -CENT);
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    naive_close(town.model);
}

CASE(a_file_is_refused_that_is_of_other_rules_or_out_of_order)
{
    struct town town = town_with(NAIVE_FUND, INT64_C(1000) * 1000000);
    struct naive *copy = NULL;
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    january(&town)->payments[TO_BOOKS].state = NAIVE_VOID; /* of no default */
    CHECK(!is_read_by(&town, NAIVE_FUND, &copy));
    january(&town)->payments[TO_BOOKS].state = NAIVE_DUE;
    begin_default(&town, TO_OPERATOR);
    CHECK(!is_read_by(&town, NAIVE_RING_FENCE, &copy));
    REQUIRE(is_read_by(&town, NAIVE_FUND, &copy));
    naive_close(copy);
    on_day(&town, 48);
    begin_default(&town, 3);
    REQUIRE(is_read_by(&town, NAIVE_FUND, &copy));
    naive_close(copy);
    january(&town)->payments[4].round = 2;
    CHECK(!is_read_by(&town, NAIVE_FUND, &copy));
    naive_close(town.model);
}

/* Books take over so much of the operator's claim on the grocer, and all is paid accordingly. */
static bool may_take_over(int64_t cents)
{
    struct town town = town_with(NAIVE_RING_FENCE, 0);
    struct naive *copy = NULL;
    pay(&town, TO_CINEMA);
    on_day(&town, 41);
    begin_default(&town, TO_OPERATOR);
    PAYMENTS(&town, 3, {CINEMA, OPERATOR, NET, 1, NAIVE_DUE, 48000},
             {CINEMA, BOOKS, NET, 1, NAIVE_DUE, 4000}, {GROCER, BOOKS, RING, 1, NAIVE_DUE, 90000},
             {GROCER, CINEMA, RING, 1, NAIVE_DUE, 52000},
             {GROCER, OPERATOR, RING, 1, NAIVE_DUE, 60000});
    struct naive_period *period = january(&town);
    struct naive_taking taking = {
        .debtor = GROCER, .claimant = OPERATOR, .by = BOOKS, .amount = cents * CENT};
    struct naive_payment netted = {.currency = "EUR",
                                   .from = BOOKS,
                                   .to = OPERATOR,
                                   .amount = taking.amount,
                                   .round = 1,
                                   .pay_by = period->payments[3].pay_by};
    memcpy(taking.currency, "EUR", CURRENCY_SIZE);
    naive_taking_add(period, &taking);
    naive_payment_add(period, &netted);
    period->payments[5].amount += taking.amount;
    struct naive_payment *less = &period->payments[7];
    less->amount -= taking.amount;
    if (less->amount < 0) {
        less->amount = -less->amount;
        less->from = OPERATOR;
        less->to = GROCER;
    }
    bool read = is_read_by(&town, NAIVE_RING_FENCE, &copy);
    if (read)
        naive_close(copy);
    naive_close(town.model);
    return read;
}

CASE(a_file_in_which_more_is_taken_over_than_was_claimed_is_refused)
{
    CHECK(may_take_over(59999));
    CHECK(!may_take_over(60001));
    CHECK(!may_take_over(90000));
}

/* The cinema owes books nothing but what it has taken over of them, and of that the operator takes
 * over in turn. */
CASE(what_is_taken_over_of_what_was_is_kept)
{
    static const struct debt debts[] = {{GROCER, BOOKS, LINE_REDEMPTION, 100000},
                                        {CINEMA, OPERATOR, LINE_REDEMPTION, 100000},
                                        {OPERATOR, CINEMA, LINE_REDEMPTION, 100000}};
    struct town town = town_by(rules_with(NAIVE_MUTUALISE, true));
    struct naive *copy = NULL;
    owe_in(&town, debts, ARRAY_SIZE(debts), 0);
    close_books(&town);
    on_day(&town, 41);
    begin_default(&town, 0);
    on_day(&town, 48);
    begin_default(&town, 1);
    TAKEN_OVER(&town, {GROCER, BOOKS, CINEMA, false, 33333},
               {GROCER, BOOKS, OPERATOR, false, 33333}, {CINEMA, BOOKS, OPERATOR, false, 16666});
    REQUIRE(is_read(&town, &copy));
    naive_close(copy);
    naive_close(town.model);
}

/* Why it is refused. */
static void check_why(const struct town *town, const char *why)
{
    struct naive *copy = NULL;
    struct error error = {0};
    struct buffer bytes;
    write_model(town, &bytes);
    CHECK(!naive_read(rules_with(NAIVE_MUTUALISE, true), buffer_bytes(&bytes), &copy, &error));
    CHECK(strstr(error.text, why) != NULL);
    buffer_release(&bytes);
}

/* Their sums have room: what a file says is added up before it is found to be wrong. */
CASE(a_file_of_more_than_all_can_owe_is_refused)
{
    const __int128 most = ((__int128)1 << 110) / CENT * CENT;
    struct town town = troubled();
    struct naive_period *period = january(&town);
    struct naive_taking taking = period->takings[0];
    struct naive_payment payment = period->payments[period->payment_count - 1];
    const size_t takings = period->taking_count, payments = period->payment_count;
    taking.amount = payment.amount = most;
    for (int i = 0; i <= 64; i++)
        naive_taking_add(period, &taking);
    check_why(&town, "more than can be taken over");
    period->taking_count = takings;
    for (int i = 0; i <= 64; i++)
        naive_payment_add(period, &payment);
    check_why(&town, "more than can be paid");
    period->payment_count = payments;
    period->owed.count = 0;
    for (uint16_t i = 0; i < PARTIES; i++)
        for (uint16_t j = 0; j < PARTIES; j++)
            for (int k = 0; k < LINE_CLASS_COUNT && i != j; k++) {
                const struct naive_line line = {
                    .debtor = i, .creditor = j, .line_class = k, .exact = most};
                naive_lines_add(&period->owed, &line);
            }
    REQUIRE(period->owed.count > 64);
    check_why(&town, "a line that cannot be");
    naive_close(town.model);
}

int main(void)
{
    RUN(what_became_of_a_default_is_kept_and_goes_on);
    RUN(a_file_whose_defaults_do_not_add_up_is_refused);
    RUN(a_file_in_which_one_in_default_has_sent_late_is_refused);
    RUN(money_that_comes_back_is_kept_and_nothing_else_like_it);
    RUN(what_was_waited_for_too_long_is_kept_and_nothing_else_like_it);
    RUN(a_file_with_a_payment_of_another_default_or_to_itself_is_refused);
    RUN(a_file_in_which_more_is_taken_over_than_was_claimed_is_refused);
    RUN(what_is_taken_over_of_what_was_is_kept);
    RUN(a_file_in_which_nobody_takes_over_anything_is_refused);
    RUN(a_file_is_refused_that_is_even_for_each_and_not_between_two);
    RUN(a_file_is_refused_that_is_of_other_rules_or_out_of_order);
    RUN(a_file_of_more_than_all_can_owe_is_refused);
    return check_report();
}
