/* lines.h - the books of a period: exact lines in, one rounded line a (debtor, creditor, currency,
 * class, tax code) out. ledger.md section 8.10.
 *
 * Rounding happens here and nowhere else: to the currency's minor unit, half to even, once a line.
 * Tax is a line of its own, one a (debtor, creditor, currency, tax code), taken on the rounded
 * lines that carry the code, so that an invoice adds up on paper.
 *
 * Pure: the table that comes out does not depend on the order of what goes in. Threads: any.
 */
#ifndef PARTNERS_LINES_H
#define PARTNERS_LINES_H

#include "partners/charter.h"
#include "protocol/ids.h"
#include "protocol/limits.h"
#include "protocol/points.h"
#include "protocol/record.h"

/* X(name, number, word): the first ones are the classes of records (LINE_CLASSES). */
#define BOOK_CLASSES(X)                                                                            \
    X(BOOK_REDEMPTION, 0, "redemption")                                                            \
    X(BOOK_REDEMPTION_CONTRA, 1, "redemption-contra")                                              \
    X(BOOK_CLAW_BACK, 2, "claw-back")                                                              \
    X(BOOK_ISSUE_FEE, 3, "issue-fee")                                                              \
    X(BOOK_REDEMPTION_FEE, 4, "redemption-fee")                                                    \
    X(BOOK_NOTE, 5, "note")                                                                        \
    X(BOOK_DONATION, 6, "donation")                                                                \
    X(BOOK_DISPUTE, 7, "dispute")                                                                  \
    X(BOOK_DISPUTE_FEE, 8, "dispute-fee")                                                          \
    X(BOOK_TAX, 9, "tax")
enum book_class {
#define X(name, number, word) name = number,
    BOOK_CLASSES(X)
#undef X
        BOOK_CLASS_COUNT
};
_Static_assert((int)BOOK_REDEMPTION == (int)LINE_REDEMPTION &&
                   (int)BOOK_REDEMPTION_CONTRA == (int)LINE_REDEMPTION_CONTRA &&
                   (int)BOOK_CLAW_BACK == (int)LINE_CLAW_BACK &&
                   (int)BOOK_ISSUE_FEE == (int)LINE_ISSUE_FEE &&
                   (int)BOOK_REDEMPTION_FEE == (int)LINE_REDEMPTION_FEE &&
                   (int)BOOK_NOTE == (int)LINE_NOTE && (int)BOOK_DONATION == (int)LINE_DONATION &&
                   (int)BOOK_DISPUTE == (int)LINE_DISPUTE &&
                   (int)BOOK_DISPUTE_FEE == (int)LINE_DISPUTE_FEE &&
                   (int)BOOK_TAX == (int)LINE_CLASS_COUNT,
               "the books begin with the classes of records");
const char *book_class_word(enum book_class book_class);
bool book_class_is_fee(enum book_class book_class); /* issue, redemption, what a dispute left */

enum { LINES_MAX = 1 << 22, CURRENCY_DIGITS_MAX = 3 };
/* Of one exact line, either way; LINES_MAX of them stay within 127 bits. */
#define LINE_AMOUNT_MAX ((__int128)1000000000000000 * 1000000000000000)

struct line {
    struct partner_id debtor, creditor;
    char currency[CURRENCY_SIZE];
    char tax_code[TAX_CODE_SIZE];
    enum book_class book_class;
    uint8_t tariff;       /* of an exact line: which currency and tax codes it has them of */
    struct money exact;   /* may be negative, and is carried as it is */
    struct money rounded; /* written by lines_close() */
};
struct lines { /* zeroed is empty */
    struct line *at;
    size_t count, capacity;
};
struct currency_rule {
    char code[CURRENCY_SIZE];
    int minor_digits; /* 0..CURRENCY_DIGITS_MAX */
};
struct tax_rule {
    char code[TAX_CODE_SIZE];
    int rate_bp; /* 0..TAX_RATE_BP_MAX */
};
struct line_rules {
    const struct currency_rule *currencies;
    size_t currency_count;
    const struct tax_rule *taxes;
    size_t tax_count;
};

void lines_release(struct lines *lines);
void lines_add(struct lines *lines, const struct line *line);

/* Closes the books: sums the exact lines of one key, rounds each sum once, adds the tax lines.
 * Ascending by (debtor, creditor, currency, class, tax code); a line whose exact sum is nothing is
 * left out. ERROR_INVALID: a currency or tax code without a rule, a partner that owes itself, a tax
 * line that was not made here. ERROR_LIMIT: too many lines, or an amount beyond LINE_AMOUNT_MAX.
 * `closed_out` is the caller's to release. */
bool lines_close(const struct line *exact, size_t count, const struct line_rules *rules,
                 struct lines *closed_out, struct error *error) MUST_USE;

/* Order of closed lines: <0, 0, >0; 0 only for lines of one key. */
int line_compare(const struct line *a, const struct line *b);

#endif
