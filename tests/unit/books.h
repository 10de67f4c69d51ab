/* books.h - the books of the worked examples of ledger.md section 8, as lines, and chance for the
 * property tests.
 */
#ifndef TESTS_UNIT_BOOKS_H
#define TESTS_UNIT_BOOKS_H

#include "check.h"
#include "partners/lines.h"
#include "partners/netting.h"

enum { GROCER, BOOKS, CINEMA, OPERATOR, EXAMPLE_PARTNERS };

static const char *const example_names[] = {"grocer", "books", "cinema", "operator"};
static const struct currency_rule book_currencies[] = {{"EUR", 2}, {"JPY", 0}, {"KWD", 3}};
static const struct tax_rule book_taxes[] = {{"AT-20", 2000}, {"AT-10", 1000}, {"ZERO", 0}};
static const struct line_rules book_rules = {
    .currencies = book_currencies, .currency_count = 3, .taxes = book_taxes, .tax_count = 3};

static inline struct line book_line(uint16_t debtor, uint16_t creditor, enum book_class book_class,
                                    __int128 exact)
{
    return (struct line){.debtor = {debtor},
                         .creditor = {creditor},
                         .currency = "EUR",
                         .book_class = book_class,
                         .exact = {exact}};
}

/* Euro with four decimals, in 1e-10. */
static inline int64_t euro4(int64_t ten_thousandths)
{
    return ten_thousandths * 1000000;
}

static inline void close_books(const struct lines *exact, struct lines *closed_out)
{
    struct error error;
    if (!lines_close(exact->at, exact->count, &book_rules, closed_out, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
}

/* Every obligation of worked example A as its own line, in the order of the events. */
static inline void example_a(struct lines *lines)
{
    static const struct {
        uint16_t debtor, creditor;
        enum book_class book_class;
        int64_t ten_thousandths;
    } events[] = {
        {GROCER, OPERATOR, BOOK_ISSUE_FEE, 1000},        /* 1: 250 points */
        {BOOKS, OPERATOR, BOOK_ISSUE_FEE, 160 + 384},    /* 2: 40, and 160 at 6,000 bp */
        {GROCER, OPERATOR, BOOK_ISSUE_FEE, 256},         /*    at 4,000 bp */
        {GROCER, CINEMA, BOOK_REDEMPTION, 22860},        /* 3 */
        {BOOKS, CINEMA, BOOK_REDEMPTION, 4140},          /* 3 */
        {BOOKS, GROCER, BOOK_CLAW_BACK, 5400},           /* 4 */
        {GROCER, OPERATOR, BOOK_ISSUE_FEE, -400},        /* 4: 100 points taken back */
        {CINEMA, OPERATOR, BOOK_ISSUE_FEE, 480},         /* 5 */
        {CINEMA, GROCER, BOOK_REDEMPTION, 10800},        /* 6 */
        {CINEMA, OPERATOR, BOOK_ISSUE_FEE, -480},        /* 7 */
        {BOOKS, OPERATOR, BOOK_ISSUE_FEE, 800},          /* 8 */
        {BOOKS, CINEMA, BOOK_CLAW_BACK, 10800},          /* 8: the deficit is covered */
        {GROCER, CINEMA, BOOK_REDEMPTION_CONTRA, -4860}, /* 9 */
        {BOOKS, CINEMA, BOOK_REDEMPTION_CONTRA, -4140},  /* 9 */
    };
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        struct line line = book_line(events[i].debtor, events[i].creditor, events[i].book_class,
                                     euro4(events[i].ten_thousandths));
        lines_add(lines, &line);
    }
}

/* Worked example B: points spent and issued in a month, less `disputed` points of grocer's at
 * cinema, which are carved out before rounding. */
static inline void example_b(struct lines *lines, int64_t disputed)
{
    const struct {
        uint16_t debtor, creditor;
        int64_t points;
    } spent[] = {{GROCER, BOOKS, 400000}, {GROCER, CINEMA, 250000 - disputed},
                 {BOOKS, GROCER, 300000}, {BOOKS, CINEMA, 80000},
                 {CINEMA, GROCER, 50000}, {CINEMA, BOOKS, 120000}};
    static const int64_t issued[] = {1500000, 800000, 400000};
    for (size_t i = 0; i < ARRAY_SIZE(spent); i++) {
        struct line line = book_line(spent[i].debtor, spent[i].creditor, BOOK_REDEMPTION,
                                     euro4(90) * spent[i].points);
        lines_add(lines, &line);
    }
    for (uint16_t i = 0; i < ARRAY_SIZE(issued); i++) {
        struct line line = book_line(i, OPERATOR, BOOK_ISSUE_FEE, euro4(4) * issued[i]);
        lines_add(lines, &line);
    }
}

/* xorshift64*: the same numbers everywhere, from a seed that is not 0. */
static inline uint64_t chance(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

#endif
