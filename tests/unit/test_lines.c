// links: partners
/* The books of a period: rounding once a line, tax, nets and payments; worked examples A and B of
 * ledger.md section 8; and laws over random books. */
#include "unit/books.h"

static const struct line *line_of(const struct lines *lines, uint16_t debtor, uint16_t creditor,
                                  enum book_class book_class)
{
    for (size_t i = 0; i < lines->count; i++)
        if (lines->at[i].debtor.v == debtor && lines->at[i].creditor.v == creditor &&
            lines->at[i].book_class == book_class)
            return &lines->at[i];
    return NULL;
}

static void check_payment(const struct payment *payment, uint16_t from, uint16_t to,
                          int64_t ten_thousandths)
{
    CHECK_INT(payment->from.v, from);
    CHECK_INT(payment->to.v, to);
    CHECK_INT(payment->amount.v, euro4(ten_thousandths));
}

static void check_nets(const struct lines *closed, const int64_t *ten_thousandths)
{
    struct money nets[EXAMPLE_PARTNERS];
    netting_nets(closed, "EUR", EXAMPLE_PARTNERS, nets);
    for (int i = 0; i < EXAMPLE_PARTNERS; i++)
        CHECK_INT(nets[i].v, euro4(ten_thousandths[i]));
}

static size_t pay(const struct lines *closed, struct payment *payments)
{
    struct money nets[EXAMPLE_PARTNERS];
    netting_nets(closed, "EUR", EXAMPLE_PARTNERS, nets);
    return netting_payments(example_names, nets, EXAMPLE_PARTNERS, payments);
}

/* ---- worked examples ----------------------------------------------------------------------- */

CASE(example_a_closes_as_the_ledger_says)
{
    struct lines exact = {0}, closed;
    struct payment payments[EXAMPLE_PARTNERS];
    example_a(&exact);
    close_books(&exact, &closed);
    CHECK_INT(closed.count, 9);
    CHECK_INT(line_of(&closed, GROCER, CINEMA, BOOK_REDEMPTION)->exact.v, euro4(22860));
    CHECK_INT(line_of(&closed, GROCER, CINEMA, BOOK_REDEMPTION)->rounded.v, euro4(22900));
    CHECK_INT(line_of(&closed, GROCER, CINEMA, BOOK_REDEMPTION_CONTRA)->rounded.v, euro4(-4900));
    CHECK_INT(line_of(&closed, BOOKS, CINEMA, BOOK_REDEMPTION)->rounded.v, euro4(4100));
    CHECK_INT(line_of(&closed, BOOKS, CINEMA, BOOK_REDEMPTION_CONTRA)->rounded.v, euro4(-4100));
    CHECK_INT(line_of(&closed, GROCER, OPERATOR, BOOK_ISSUE_FEE)->exact.v, euro4(856));
    CHECK_INT(line_of(&closed, BOOKS, OPERATOR, BOOK_ISSUE_FEE)->exact.v, euro4(1344));
    CHECK(line_of(&closed, CINEMA, OPERATOR, BOOK_ISSUE_FEE) == NULL);
    check_nets(&closed, (int64_t[]){-2700, -17500, 18000, 2200});
    REQUIRE(pay(&closed, payments) == 3);
    check_payment(&payments[0], BOOKS, CINEMA, 17500);
    check_payment(&payments[1], GROCER, OPERATOR, 2200);
    check_payment(&payments[2], GROCER, CINEMA, 500);
    lines_release(&exact);
    lines_release(&closed);
}

CASE(example_b_closes_as_the_ledger_says)
{
    struct lines exact = {0}, closed;
    struct payment payments[EXAMPLE_PARTNERS];
    __int128 gross = 0;
    example_b(&exact, 0);
    close_books(&exact, &closed);
    for (size_t i = 0; i < closed.count; i++)
        gross += closed.at[i].rounded.v;
    CHECK_INT(gross, euro4(118800000));
    check_nets(&closed, (int64_t[]){-33000000, 9400000, 12800000, 10800000});
    REQUIRE(pay(&closed, payments) == 3);
    check_payment(&payments[0], GROCER, CINEMA, 12800000);
    check_payment(&payments[1], GROCER, OPERATOR, 10800000);
    check_payment(&payments[2], GROCER, BOOKS, 9400000);
    lines_release(&exact);
    lines_release(&closed);
}

CASE(example_b_with_a_dispute_is_carved_out_before_rounding)
{
    struct lines exact = {0}, closed, next = {0}, next_closed;
    struct payment payments[EXAMPLE_PARTNERS];
    example_b(&exact, 50000);
    close_books(&exact, &closed);
    check_nets(&closed, (int64_t[]){-28500000, 9400000, 8300000, 10800000});
    REQUIRE(pay(&closed, payments) == 3);
    check_payment(&payments[0], GROCER, OPERATOR, 10800000);
    check_payment(&payments[1], GROCER, BOOKS, 9400000);
    check_payment(&payments[2], GROCER, CINEMA, 8300000);
    /* 30,000 points are upheld, the other 20,000 enter the next period. */
    struct line rest = book_line(GROCER, CINEMA, BOOK_DISPUTE, euro4(90) * 20000);
    lines_add(&next, &rest);
    close_books(&next, &next_closed);
    check_nets(&next_closed, (int64_t[]){-1800000, 0, 1800000, 0});
    lines_release(&exact);
    lines_release(&closed);
    lines_release(&next);
    lines_release(&next_closed);
}

/* ---- rules --------------------------------------------------------------------------------- */

CASE(half_a_unit_goes_to_the_even_one_in_each_currency)
{
    static const struct {
        const char *currency;
        int64_t exact, rounded;
    } cases[] = {
        {"EUR", INT64_C(50000000), 0},
        {"EUR", INT64_C(150000000), INT64_C(200000000)},
        {"EUR", INT64_C(250000000), INT64_C(200000000)},
        {"EUR", INT64_C(250000001), INT64_C(300000000)},
        {"EUR", INT64_C(-150000000), INT64_C(-200000000)},
        {"EUR", INT64_C(-50000000), 0},
        {"JPY", INT64_C(25000000000), INT64_C(20000000000)},
        {"JPY", INT64_C(35000000000), INT64_C(40000000000)},
        {"KWD", INT64_C(15000000), INT64_C(20000000)},
        {"KWD", INT64_C(14999999), INT64_C(10000000)},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct line line = book_line(GROCER, BOOKS, BOOK_NOTE, cases[i].exact);
        struct lines exact = {0}, closed;
        snprintf(line.currency, sizeof(line.currency), "%s", cases[i].currency);
        lines_add(&exact, &line);
        close_books(&exact, &closed);
        REQUIRE(closed.count == 1);
        CHECK_INT(closed.at[0].rounded.v, cases[i].rounded);
        lines_release(&exact);
        lines_release(&closed);
    }
}

/* Three lines of 0.4 cent each: one line of 1.2 cent, or three that come to nothing. */
CASE(a_line_is_rounded_once_and_apart_from_its_neighbours)
{
    struct lines exact = {0}, closed;
    for (int i = 0; i < 3; i++) {
        struct line line = book_line(GROCER, BOOKS, BOOK_REDEMPTION, euro4(40));
        lines_add(&exact, &line);
    }
    close_books(&exact, &closed);
    REQUIRE(closed.count == 1);
    CHECK_INT(closed.at[0].rounded.v, euro4(100));
    lines_release(&closed);
    exact.at[1].book_class = BOOK_CLAW_BACK;
    memcpy(exact.at[2].tax_code, "ZERO", 5);
    close_books(&exact, &closed);
    REQUIRE(closed.count == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(closed.at[i].rounded.v, 0);
    lines_release(&exact);
    lines_release(&closed);
}

CASE(tax_is_one_line_on_the_rounded_fees_of_its_code)
{
    struct lines exact = {0}, closed;
    struct line issue = book_line(GROCER, OPERATOR, BOOK_ISSUE_FEE, euro4(1000749));
    struct line redemption = book_line(GROCER, OPERATOR, BOOK_REDEMPTION_FEE, euro4(250051));
    struct line back = book_line(BOOKS, OPERATOR, BOOK_ISSUE_FEE, euro4(-12300));
    memcpy(issue.tax_code, "AT-20", 6);
    memcpy(redemption.tax_code, "AT-20", 6);
    memcpy(back.tax_code, "AT-10", 6);
    lines_add(&exact, &issue);
    lines_add(&exact, &redemption);
    lines_add(&exact, &back);
    close_books(&exact, &closed);
    CHECK_INT(closed.count, 5);
    /* 20 % of 100.07 + 25.01, not of 100.0749 + 25.0051. */
    const struct line *tax = line_of(&closed, GROCER, OPERATOR, BOOK_TAX);
    REQUIRE(tax != NULL);
    CHECK_INT(tax->exact.v, euro4(250160));
    CHECK_INT(tax->rounded.v, euro4(250200));
    CHECK_TEXT(tax->tax_code, "AT-20");
    tax = line_of(&closed, BOOKS, OPERATOR, BOOK_TAX);
    REQUIRE(tax != NULL);
    CHECK_INT(tax->rounded.v, euro4(-1200)); /* 0.123 and half to even */
    lines_release(&exact);
    lines_release(&closed);
}

static enum error_code refused(struct line line)
{
    struct lines closed = {0};
    struct error error = {0};
    CHECK(!lines_close(&line, 1, &book_rules, &closed, &error));
    CHECK(closed.at == NULL);
    return error.code;
}

CASE(what_is_no_line_is_refused)
{
    struct line good = book_line(GROCER, BOOKS, BOOK_REDEMPTION, 1), line = good;
    line.creditor.v = GROCER;
    CHECK_INT(refused(line), ERROR_INVALID);
    line = good;
    memcpy(line.currency, "GBP", 4);
    CHECK_INT(refused(line), ERROR_INVALID);
    line = good;
    memcpy(line.tax_code, "XX-99", 6);
    CHECK_INT(refused(line), ERROR_INVALID);
    line = good;
    line.book_class = BOOK_TAX;
    CHECK_INT(refused(line), ERROR_INVALID);
    line = good;
    line.exact.v = LINE_AMOUNT_MAX + 1;
    CHECK_INT(refused(line), ERROR_LIMIT);
    line.exact.v = -LINE_AMOUNT_MAX - 1;
    CHECK_INT(refused(line), ERROR_LIMIT);
}

CASE(no_lines_are_closed_books)
{
    struct lines closed;
    struct money nets[EXAMPLE_PARTNERS];
    struct payment payments[EXAMPLE_PARTNERS];
    REQUIRE(lines_close(NULL, 0, &book_rules, &closed, NULL));
    CHECK_INT(closed.count, 0);
    netting_nets(&closed, "EUR", EXAMPLE_PARTNERS, nets);
    CHECK_INT(netting_payments(example_names, nets, EXAMPLE_PARTNERS, payments), 0);
    lines_release(&closed);
}

CASE(amounts_pass_64_bits)
{
    struct lines exact = {0}, closed;
    struct money nets[2];
    struct payment payments[1];
    struct line line = book_line(GROCER, BOOKS, BOOK_NOTE, LINE_AMOUNT_MAX);
    lines_add(&exact, &line);
    lines_add(&exact, &line);
    close_books(&exact, &closed);
    netting_nets(&closed, "EUR", 2, nets);
    REQUIRE(netting_payments(example_names, nets, 2, payments) == 1);
    CHECK(payments[0].amount.v == 2 * LINE_AMOUNT_MAX);
    lines_release(&exact);
    lines_release(&closed);
}

/* ---- laws over random books ---------------------------------------------------------------- */

enum { RANDOM_PARTNERS = 12, RANDOM_LINES = 300, ROUNDS = 200 };

static const char *const random_names[RANDOM_PARTNERS] = {
    "alba", "bonn", "cork", "dale", "esse", "fano", "graz", "hull", "inns", "jena", "kiel", "lodi"};

static struct line random_line(uint64_t *seed)
{
    static const char *const currencies[] = {"EUR", "JPY", "KWD"};
    static const char *const codes[] = {"", "AT-20", "AT-10", "ZERO"};
    uint16_t debtor = (uint16_t)(chance(seed) % RANDOM_PARTNERS);
    uint16_t creditor =
        (uint16_t)((debtor + 1 + chance(seed) % (RANDOM_PARTNERS - 1)) % RANDOM_PARTNERS);
    struct line line = book_line(debtor, creditor, (enum book_class)(chance(seed) % BOOK_TAX),
                                 (int64_t)(chance(seed) % 2000000000000) - 500000000000);
    /* Halves are what rounding is about. */
    if (chance(seed) % 4 == 0)
        line.exact.v = line.exact.v / 50000000 * 50000000;
    snprintf(line.currency, sizeof(line.currency), "%s", currencies[chance(seed) % 3]);
    snprintf(line.tax_code, sizeof(line.tax_code), "%s", codes[chance(seed) % 4]);
    return line;
}

static void random_books(uint64_t *seed, struct lines *lines)
{
    size_t count = chance(seed) % RANDOM_LINES;
    for (size_t i = 0; i < count; i++) {
        struct line line = random_line(seed);
        lines_add(lines, &line);
    }
}

static void shuffle(uint64_t *seed, struct lines *lines)
{
    for (size_t i = lines->count; i > 1; i--) {
        size_t other = chance(seed) % i;
        struct line kept = lines->at[i - 1];
        lines->at[i - 1] = lines->at[other];
        lines->at[other] = kept;
    }
}

CASE(nets_sum_to_zero_and_payments_settle_them)
{
    uint64_t seed = 20261127;
    for (int round = 0; round < ROUNDS; round++) {
        struct lines exact = {0}, closed;
        struct money nets[RANDOM_PARTNERS];
        struct payment payments[RANDOM_PARTNERS];
        random_books(&seed, &exact);
        close_books(&exact, &closed);
        for (size_t c = 0; c < ARRAY_SIZE(book_currencies); c++) {
            __int128 sum = 0;
            size_t open = 0;
            netting_nets(&closed, book_currencies[c].code, RANDOM_PARTNERS, nets);
            for (size_t i = 0; i < RANDOM_PARTNERS; i++) {
                sum += nets[i].v;
                open += nets[i].v != 0;
            }
            CHECK(sum == 0);
            size_t count = netting_payments(random_names, nets, RANDOM_PARTNERS, payments);
            CHECK(count <= (open > 0 ? open - 1 : 0));
            for (size_t i = 0; i < count; i++) {
                CHECK(payments[i].amount.v > 0);
                nets[payments[i].from.v].v += payments[i].amount.v;
                nets[payments[i].to.v].v -= payments[i].amount.v;
            }
            for (size_t i = 0; i < RANDOM_PARTNERS; i++)
                CHECK(nets[i].v == 0);
        }
        lines_release(&exact);
        lines_release(&closed);
    }
}

CASE(the_order_of_lines_never_matters)
{
    uint64_t seed = 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct lines exact = {0}, closed, again;
        random_books(&seed, &exact);
        close_books(&exact, &closed);
        shuffle(&seed, &exact);
        close_books(&exact, &again);
        REQUIRE(closed.count == again.count);
        for (size_t i = 0; i < closed.count; i++) {
            CHECK(line_compare(&closed.at[i], &again.at[i]) == 0);
            CHECK(closed.at[i].exact.v == again.at[i].exact.v);
            CHECK(closed.at[i].rounded.v == again.at[i].rounded.v);
            CHECK(i == 0 || line_compare(&closed.at[i - 1], &closed.at[i]) < 0);
        }
        lines_release(&exact);
        lines_release(&closed);
        lines_release(&again);
    }
}

/* The same coalition with its partners numbered otherwise pays the same sums, name to name, in the
 * same order. */
CASE(the_numbers_of_partners_never_matter)
{
    uint64_t seed = 99;
    for (int round = 0; round < ROUNDS; round++) {
        uint16_t turn = (uint16_t)(1 + chance(&seed) % (RANDOM_PARTNERS - 1));
        const char *turned[RANDOM_PARTNERS];
        struct lines exact = {0}, closed, again;
        struct money nets[2][RANDOM_PARTNERS];
        struct payment payments[2][RANDOM_PARTNERS];
        random_books(&seed, &exact);
        close_books(&exact, &closed);
        for (size_t i = 0; i < exact.count; i++) {
            exact.at[i].debtor.v = (uint16_t)((exact.at[i].debtor.v + turn) % RANDOM_PARTNERS);
            exact.at[i].creditor.v = (uint16_t)((exact.at[i].creditor.v + turn) % RANDOM_PARTNERS);
        }
        for (size_t i = 0; i < RANDOM_PARTNERS; i++)
            turned[(i + turn) % RANDOM_PARTNERS] = random_names[i];
        close_books(&exact, &again);
        netting_nets(&closed, "EUR", RANDOM_PARTNERS, nets[0]);
        netting_nets(&again, "EUR", RANDOM_PARTNERS, nets[1]);
        size_t count = netting_payments(random_names, nets[0], RANDOM_PARTNERS, payments[0]);
        REQUIRE(count == netting_payments(turned, nets[1], RANDOM_PARTNERS, payments[1]));
        for (size_t i = 0; i < count; i++) {
            CHECK_TEXT(turned[payments[1][i].from.v], random_names[payments[0][i].from.v]);
            CHECK_TEXT(turned[payments[1][i].to.v], random_names[payments[0][i].to.v]);
            CHECK(payments[1][i].amount.v == payments[0][i].amount.v);
        }
        lines_release(&exact);
        lines_release(&closed);
        lines_release(&again);
    }
}

/* In its own class each line cancels, in another (a contra) its rounding does: half to even is the
 * same on both sides of nothing. */
CASE(a_reversal_of_everything_returns_to_zero)
{
    uint64_t seed = 4242;
    for (int round = 0; round < ROUNDS; round++) {
        bool contra = round % 2;
        struct lines exact = {0}, closed;
        struct money nets[RANDOM_PARTNERS];
        random_books(&seed, &exact);
        size_t count = exact.count;
        for (size_t i = 0; i < count; i++) {
            if (contra)
                exact.at[i].book_class = BOOK_REDEMPTION;
            struct line back = exact.at[i];
            back.exact.v = -back.exact.v;
            if (contra)
                back.book_class = BOOK_REDEMPTION_CONTRA;
            lines_add(&exact, &back);
        }
        close_books(&exact, &closed);
        CHECK(contra || closed.count == 0);
        for (size_t c = 0; c < ARRAY_SIZE(book_currencies); c++) {
            netting_nets(&closed, book_currencies[c].code, RANDOM_PARTNERS, nets);
            for (size_t i = 0; i < RANDOM_PARTNERS; i++)
                CHECK(nets[i].v == 0);
        }
        lines_release(&exact);
        lines_release(&closed);
    }
}

int main(void)
{
    RUN(example_a_closes_as_the_ledger_says);
    RUN(example_b_closes_as_the_ledger_says);
    RUN(example_b_with_a_dispute_is_carved_out_before_rounding);
    RUN(half_a_unit_goes_to_the_even_one_in_each_currency);
    RUN(a_line_is_rounded_once_and_apart_from_its_neighbours);
    RUN(tax_is_one_line_on_the_rounded_fees_of_its_code);
    RUN(what_is_no_line_is_refused);
    RUN(no_lines_are_closed_books);
    RUN(amounts_pass_64_bits);
    RUN(nets_sum_to_zero_and_payments_settle_them);
    RUN(the_order_of_lines_never_matters);
    RUN(the_numbers_of_partners_never_matter);
    RUN(a_reversal_of_everything_returns_to_zero);
    return check_report();
}
