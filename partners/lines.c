#include "partners/lines.h"

#include <stdlib.h>
#include <string.h>

const char *book_class_word(enum book_class book_class)
{
    static const char *const words[] = {
#define X(name, number, word) [name] = word,
        BOOK_CLASSES(X)
#undef X
    };
    must(book_class < BOOK_CLASS_COUNT);
    return words[book_class];
}

bool book_class_is_fee(enum book_class book_class)
{
    return book_class == BOOK_ISSUE_FEE || book_class == BOOK_REDEMPTION_FEE ||
           book_class == BOOK_DISPUTE_FEE;
}

void lines_release(struct lines *lines)
{
    free(lines->at);
    *lines = (struct lines){0};
}

void lines_add(struct lines *lines, const struct line *line)
{
    lines->at = array_grow(lines->at, &lines->capacity, lines->count + 1, sizeof(*lines->at));
    lines->at[lines->count++] = *line;
}

bool lines_have_currency(const struct lines *lines, const char *currency)
{
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->at[i].currency, currency) == 0)
            return true;
    return false;
}

int line_compare(const struct line *a, const struct line *b)
{
    if (a->debtor.v != b->debtor.v)
        return a->debtor.v < b->debtor.v ? -1 : 1;
    if (a->creditor.v != b->creditor.v)
        return a->creditor.v < b->creditor.v ? -1 : 1;
    int order = strcmp(a->currency, b->currency);
    if (order != 0)
        return order;
    if (a->book_class != b->book_class)
        return a->book_class < b->book_class ? -1 : 1;
    return strcmp(a->tax_code, b->tax_code);
}

static int compare_for_qsort(const void *a, const void *b)
{
    return line_compare(a, b);
}

static const struct currency_rule *currency_rule(const struct line_rules *rules, const char *code)
{
    for (size_t i = 0; i < rules->currency_count; i++)
        if (strcmp(rules->currencies[i].code, code) == 0)
            return &rules->currencies[i];
    return NULL;
}

static const struct tax_rule *tax_rule(const struct line_rules *rules, const char *code)
{
    for (size_t i = 0; i < rules->tax_count; i++)
        if (strcmp(rules->taxes[i].code, code) == 0)
            return &rules->taxes[i];
    return NULL;
}

static bool check_line(const struct line *line, const struct line_rules *rules, size_t place,
                       struct error *error)
{
    if (!memchr(line->currency, 0, CURRENCY_SIZE) || !memchr(line->tax_code, 0, TAX_CODE_SIZE) ||
        line->book_class >= BOOK_CLASS_COUNT)
        return error_set(error, ERROR_INVALID, "line %zu: not a line", place);
    if (partner_equal(line->debtor, line->creditor))
        return error_set(error, ERROR_INVALID, "line %zu: partner %d owes itself", place,
                         line->debtor.v);
    if (line->book_class == BOOK_TAX)
        return error_set(error, ERROR_INVALID, "line %zu: tax is computed when the books close",
                         place);
    if (!currency_rule(rules, line->currency))
        return error_set(error, ERROR_INVALID, "line %zu: no minor unit is agreed for \"%s\"",
                         place, line->currency);
    if (line->tax_code[0] && !tax_rule(rules, line->tax_code))
        return error_set(error, ERROR_INVALID, "line %zu: no rate is agreed for tax code \"%s\"",
                         place, line->tax_code);
    if (line->exact.v > LINE_AMOUNT_MAX || line->exact.v < -LINE_AMOUNT_MAX)
        return error_set(error, ERROR_LIMIT, "line %zu: the amount is too large", place);
    return true;
}

static bool check_all(const struct line *exact, size_t count, const struct line_rules *rules,
                      struct error *error)
{
    if (count > LINES_MAX)
        return error_set(error, ERROR_LIMIT, "more than %d lines", LINES_MAX);
    for (size_t i = 0; i < rules->currency_count; i++)
        must(rules->currencies[i].minor_digits >= 0 &&
             rules->currencies[i].minor_digits <= CURRENCY_DIGITS_MAX);
    for (size_t i = 0; i < rules->tax_count; i++)
        must(rules->taxes[i].rate_bp >= 0 && rules->taxes[i].rate_bp <= TAX_RATE_BP_MAX);
    for (size_t i = 0; i < count; i++)
        if (!check_line(&exact[i], rules, i, error))
            return false;
    return true;
}

/* Sorted lines of one key become one; what comes to nothing goes. */
static void merge(struct lines *lines)
{
    size_t kept = 0;
    for (size_t i = 0; i < lines->count;) {
        struct line sum = lines->at[i++];
        while (i < lines->count && line_compare(&lines->at[i], &sum) == 0)
            sum.exact.v += lines->at[i++].exact.v;
        if (sum.exact.v != 0)
            lines->at[kept++] = sum;
    }
    lines->count = kept;
}

static void round_lines(struct lines *lines, size_t first, const struct line_rules *rules)
{
    for (size_t i = first; i < lines->count; i++) {
        struct line *line = &lines->at[i];
        const struct currency_rule *rule = currency_rule(rules, line->currency);
        line->rounded = money_round(line->exact, rule->minor_digits);
    }
}

/* The tax of one rounded line. A minor unit is at least 1e-3 of the currency, 1e7 units: rate and
 * basis points divide it exactly. */
static struct line tax_on(const struct line *line, const struct tax_rule *rule)
{
    _Static_assert(MONEY_DECIMALS - CURRENCY_DIGITS_MAX >= 4, "tax on a rounded line is exact");
    struct line tax = *line;
    tax.book_class = BOOK_TAX;
    tax.exact.v = line->rounded.v / BASIS_POINTS * rule->rate_bp;
    return tax;
}

static void add_tax(struct lines *lines, const struct line_rules *rules)
{
    struct lines taxes = {0};
    for (size_t i = 0; i < lines->count; i++)
        if (lines->at[i].tax_code[0]) {
            struct line tax = tax_on(&lines->at[i], tax_rule(rules, lines->at[i].tax_code));
            lines_add(&taxes, &tax);
        }
    if (taxes.count > 0)
        qsort(taxes.at, taxes.count, sizeof(*taxes.at), compare_for_qsort);
    merge(&taxes);
    for (size_t i = 0; i < taxes.count; i++)
        lines_add(lines, &taxes.at[i]);
    lines_release(&taxes);
}

bool lines_close(const struct line *exact, size_t count, const struct line_rules *rules,
                 struct lines *closed_out, struct error *error)
{
    if (!check_all(exact, count, rules, error))
        return false;
    struct lines lines = {0};
    for (size_t i = 0; i < count; i++)
        lines_add(&lines, &exact[i]);
    if (lines.count > 0)
        qsort(lines.at, lines.count, sizeof(*lines.at), compare_for_qsort);
    merge(&lines);
    round_lines(&lines, 0, rules);
    size_t untaxed = lines.count;
    add_tax(&lines, rules);
    round_lines(&lines, untaxed, rules);
    if (lines.count > 0)
        qsort(lines.at, lines.count, sizeof(*lines.at), compare_for_qsort);
    *closed_out = lines;
    return true;
}
