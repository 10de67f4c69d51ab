#include "partners/periods.h"

#include "partners/charter_settlement.h"
#include "partners/period_calendar.h"

#include <stdlib.h>
#include <string.h>

void closed_period_free(struct closed_period *closed)
{
    period_release(&closed->period);
    lines_release(&closed->exact);
    lines_release(&closed->closed);
    free(closed->redeemed);
    free(closed);
}

void periods_release(struct periods *periods)
{
    for (size_t i = 0; i < periods->count; i++)
        closed_period_free(periods->at[i]);
    free(periods->at);
    *periods = (struct periods){0};
}

struct closed_period *periods_find(const struct periods *periods, uint32_t number)
{
    size_t low = 0, high = periods->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (periods->at[middle]->period.number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < periods->count && periods->at[low]->period.number == number ? periods->at[low]
                                                                             : NULL;
}

void periods_add(struct periods *periods, struct closed_period *closed)
{
    must(periods->count == 0 ||
         periods->at[periods->count - 1]->period.number < closed->period.number);
    periods->at = (struct closed_period **)array_grow(periods->at, &periods->capacity,
                                                      periods->count + 1, sizeof(periods->at[0]));
    periods->at[periods->count++] = closed;
}

/* What a dispute cancelled must be known as long as something can be taken back of it, and what is
 * ring-fenced until it is paid. */
static bool is_past(const struct closed_period *closed)
{
    for (size_t i = 0; i < closed->period.dispute_count; i++) {
        const struct dispute *dispute = &closed->period.disputes[i];
        if (!dispute->resolved || dispute->upheld.v != 0)
            return false;
    }
    for (size_t i = 0; i < closed->period.payment_count; i++)
        if (closed->period.payments[i].ring_fenced && payment_is_open(&closed->period.payments[i]))
            return false;
    return closed->period.state == PERIOD_SETTLED;
}

void periods_forget(struct periods *periods, dispute_leaves *leaving, void *context)
{
    size_t kept = 0, past = 0;
    for (size_t i = 0; i < periods->count; i++)
        past += is_past(periods->at[i]);
    if (past <= PERIODS_KEPT)
        return;
    for (size_t i = 0; i < periods->count; i++) {
        struct closed_period *closed = periods->at[i];
        if (past <= PERIODS_KEPT || !is_past(closed)) {
            periods->at[kept++] = closed;
            continue;
        }
        past--;
        for (size_t j = 0; j < closed->period.dispute_count; j++)
            leaving(context, &closed->period.disputes[j]);
        closed_period_free(closed);
    }
    periods->count = kept;
}

/* ---- the charter's rules ------------------------------------------------------------------- */

const char *charter_tax_code(const struct charter *charter, enum line_class line_class)
{
    return book_class_is_fee((enum book_class)line_class) ? charter->settlement.fee_tax
                                                          : charter->settlement.redemption_tax;
}

static void currency_add(struct charter_line_rules *out, const char *code, int minor_digits)
{
    size_t at = out->rules.currency_count++;
    for (; at > 0 && strcmp(out->currencies[at - 1].code, code) > 0; at--)
        out->currencies[at] = out->currencies[at - 1];
    memcpy(out->currencies[at].code, code, CURRENCY_SIZE);
    out->currencies[at].minor_digits = minor_digits;
}

void charter_line_rules(const struct charter *charter, struct charter_line_rules *out)
{
    memset(out, 0, sizeof(*out));
    currency_add(out, charter->currency, charter->minor_digits);
    must(charter->contracts.currency_count <= CHARTER_CURRENCIES_MAX);
    for (size_t i = 0; i < charter->contracts.currency_count; i++)
        currency_add(out, charter->contracts.currencies[i].code,
                     charter->contracts.currencies[i].minor_digits);
    for (size_t i = 0; i < charter->settlement.tax_count; i++) {
        memcpy(out->taxes[i].code, charter->settlement.taxes[i].code, TAX_CODE_SIZE);
        out->taxes[i].rate_bp = charter->settlement.taxes[i].rate_bp;
    }
    out->rules.currencies = out->currencies;
    out->rules.taxes = out->taxes;
    out->rules.tax_count = charter->settlement.tax_count;
}

struct period_rules charter_period_rules(const struct charter *charter)
{
    return (struct period_rules){.calendar = charter_business_days(charter),
                                 .propose_days = charter->settlement.propose_days,
                                 .answer_days = charter->settlement.answer_days,
                                 .pay_days = charter->settlement.pay_days};
}

/* ---- the end of a period ------------------------------------------------------------------- */

struct line line_of_tariff(const struct tariff *tariffs, struct partner_id debtor,
                           struct partner_id creditor, enum line_class line_class, uint8_t tariff,
                           struct money exact)
{
    struct line line = {.debtor = debtor,
                        .creditor = creditor,
                        .book_class = (enum book_class)line_class,
                        .tariff = tariff,
                        .exact = exact};
    memcpy(line.currency, tariffs[tariff].currency, CURRENCY_SIZE);
    memcpy(line.tax_code, tariff_tax(&tariffs[tariff], line_class), TAX_CODE_SIZE);
    return line;
}

int exact_line_compare(const struct line *a, const struct line *b)
{
    if (a->debtor.v != b->debtor.v)
        return a->debtor.v < b->debtor.v ? -1 : 1;
    if (a->creditor.v != b->creditor.v)
        return a->creditor.v < b->creditor.v ? -1 : 1;
    if (a->book_class != b->book_class)
        return a->book_class < b->book_class ? -1 : 1;
    return (a->tariff > b->tariff) - (a->tariff < b->tariff);
}

struct closed_period *period_books_now(const struct obligations *obligations,
                                       const struct charter *charter,
                                       const struct contracts *contracts, uint32_t number,
                                       uint64_t first_record)
{
    struct closed_period *closed = allocate(1, sizeof(*closed));
    struct period_rules rules = charter_period_rules(charter);
    struct obligation_walk walk = {0};
    struct obligation_change key;
    struct money amount;
    size_t capacity = 0;
    while (obligations_next(obligations, &walk, &key, &amount)) {
        struct line line = line_of_tariff(contracts->tariffs, key.debtor, key.creditor,
                                          key.line_class, key.tariff, amount);
        lines_add(&closed->exact, &line);
    }
    struct redeemed redeemed;
    struct redeemed_walk pairs = {0};
    while (obligations_next_redeemed(obligations, &pairs, &redeemed.debtor, &redeemed.creditor,
                                     &redeemed.points_bp)) {
        closed->redeemed = array_grow(closed->redeemed, &capacity, closed->redeemed_count + 1,
                                      sizeof(*closed->redeemed));
        closed->redeemed[closed->redeemed_count++] = redeemed;
    }
    period_open(&closed->period, number, period_last_day(charter, number), &rules,
                obligations->partner_count);
    closed->first_record = first_record;
    return closed;
}

struct closed_period *period_close_books(struct obligations *obligations,
                                         const struct charter *charter,
                                         const struct contracts *contracts, uint32_t number,
                                         uint64_t first_record)
{
    struct closed_period *closed =
        period_books_now(obligations, charter, contracts, number, first_record);
    obligations_begin_period(obligations);
    if (closed->exact.count == 0) {
        closed_period_free(closed);
        return NULL;
    }
    return closed;
}

enum verdict period_books_close(const struct charter *charter, struct closed_period *closed,
                                int64_t today)
{
    size_t count = closed->period.partner_count;
    const char **names = (const char **)allocate(count, sizeof(names[0]));
    struct business_days calendar = charter_business_days(charter);
    struct charter_line_rules rules;
    charter_line_rules(charter, &rules);
    for (size_t i = 0; i < count; i++)
        names[i] = charter->partners[i].name;
    enum verdict verdict = period_finalise(&closed->period, closed->exact.at, closed->exact.count,
                                           &rules.rules, names, &calendar, today, &closed->closed);
    free((void *)names);
    return verdict;
}

enum { TOTALS_HEAD_SIZE = 4 + 8 + HASH_SIZE, TOTALS_LINE_SIZE = 2 + 2 + 1 + 1 + 16 };

struct hash closed_period_totals(const struct closed_period *closed)
{
    struct hasher hasher;
    uint8_t head[TOTALS_HEAD_SIZE], row[TOTALS_LINE_SIZE];
    hasher_init(&hasher);
    put_u32be(head, (uint32_t)closed->period.number);
    put_u64be(head + 4, closed->records);
    memcpy(head + 12, closed->root.at, HASH_SIZE);
    hasher_update(&hasher, bytes_of(head, sizeof(head)));
    for (size_t i = 0; i < closed->exact.count; i++) {
        const struct line *line = &closed->exact.at[i];
        unsigned __int128 amount = (unsigned __int128)line->exact.v;
        put_u16be(row, line->debtor.v);
        put_u16be(row + 2, line->creditor.v);
        row[4] = (uint8_t)line->book_class;
        row[5] = line->tariff;
        put_u64be(row + 6, (uint64_t)(amount >> 64));
        put_u64be(row + 14, (uint64_t)amount);
        hasher_update(&hasher, bytes_of(row, sizeof(row)));
    }
    struct hash totals = hasher_result(&hasher);
    hasher_release(&hasher);
    return totals;
}
