/* period_answer.h - a settlement period as a node tells it, made of its books: worked example B in
 * November 2026, final.
 */
#ifndef TESTS_UNIT_PERIOD_ANSWER_H
#define TESTS_UNIT_PERIOD_ANSWER_H

#include "unit/books.h"
#include "unit/coalition.h"

#include "partners/defaults.h"
#include "partners/periods.h"

#include <jansson.h>

static inline json_t *money_json(struct money money)
{
    char text[MONEY_TEXT_SIZE];
    money_format(money, 2, text);
    return json_string(text);
}

static inline json_t *line_json(const struct line *line, bool rounded)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o}", "debtor", example_names[line->debtor.v], "creditor",
        example_names[line->creditor.v], "class", book_class_word(line->book_class), "currency",
        line->currency, "tax_code", line->tax_code, "exact", money_json(line->exact));
    if (rounded)
        json_object_set_new(json, "rounded", money_json(line->rounded));
    else
        json_object_set_new(json, "tariff", json_integer(line->tariff));
    return json;
}

static inline json_t *lines_json(const struct lines *lines, bool rounded)
{
    json_t *list = json_array();
    for (size_t i = 0; i < lines->count; i++)
        json_array_append_new(list, line_json(&lines->at[i], rounded));
    return list;
}

static const char *const currencies[] = {"EUR", "SEK"};

static inline json_t *nets_json(const struct lines *closed)
{
    struct money nets[EXAMPLE_PARTNERS];
    json_t *list = json_array();
    for (size_t c = 0; c < ARRAY_SIZE(currencies); c++) {
        if (c > 0 && !lines_have_currency(closed, currencies[c]))
            continue;
        netting_nets(closed, currencies[c], EXAMPLE_PARTNERS, nets);
        for (size_t i = 0; i < EXAMPLE_PARTNERS; i++)
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:o}", "partner", example_names[i],
                                            "currency", currencies[c], "net", money_json(nets[i])));
    }
    return list;
}

static inline json_t *sums_json(const struct lines *exact, const struct lines *closed)
{
    json_t *list = json_array();
    for (size_t c = 0; c < ARRAY_SIZE(currencies); c++) {
        struct money sums[2] = {{0}};
        if (c > 0 && !lines_have_currency(exact, currencies[c]))
            continue;
        for (size_t i = 0; i < exact->count; i++)
            if (strcmp(exact->at[i].currency, currencies[c]) == 0)
                sums[0].v += exact->at[i].exact.v;
        for (size_t i = 0; i < closed->count; i++)
            if (strcmp(closed->at[i].currency, currencies[c]) == 0)
                sums[1].v += closed->at[i].rounded.v;
        json_array_append_new(list, json_pack("{s:s, s:i, s:o, s:o}", "currency", currencies[c],
                                              "minor_digits", 2, "exact", money_json(sums[0]),
                                              "rounded", money_json(sums[1])));
    }
    return list;
}

static inline json_t *day_json(uint32_t day)
{
    char text[DATE_TEXT_SIZE];
    date_format(date_from_days(day), text);
    return day > 0 ? json_string(text) : json_null();
}

enum { PAY_BY = 20794, DEFAULT_DAYS = 5 }; /* 2026-12-07; its last day is a week later */

static inline json_t *payment_json(size_t number, const struct period_payment *own,
                                   const char *currency)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:i, s:b, s:s, s:i, s:b, s:b, s:b, s:b, s:o, s:o, "
                     "s:o}",
                     "number", (int)number, "from", example_names[own->payment.from.v], "to",
                     example_names[own->payment.to.v], "currency", currency, "amount",
                     money_json(own->payment.amount), "round", (int)own->round, "ring_fenced",
                     (int)own->ring_fenced, "state", payment_state_word(own->state), "attempt",
                     (int)own->attempt, "first_approval", 0, "default_first_approval", 0, "overdue",
                     0, "may_default", 0, "pay_by", day_json(own->pay_by), "sent_on",
                     day_json(own->sent_on), "default_after", day_json(own->pay_by + 7));
}

static inline json_t *payments_json(const struct lines *closed)
{
    struct money nets[EXAMPLE_PARTNERS];
    struct payment payments[EXAMPLE_PARTNERS];
    json_t *list = json_array();
    for (size_t c = 0; c < ARRAY_SIZE(currencies); c++) {
        netting_nets(closed, currencies[c], EXAMPLE_PARTNERS, nets);
        size_t count = netting_payments(example_names, nets, EXAMPLE_PARTNERS, payments);
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, payment_json(json_array_size(list),
                                                     &(struct period_payment){
                                                         .payment = payments[i], .pay_by = PAY_BY},
                                                     currencies[c]));
    }
    return list;
}

static inline json_t *answers_json(const char *answer)
{
    json_t *list = json_array();
    for (size_t i = 0; i < EXAMPLE_PARTNERS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "partner", example_names[i],
                                              "answer", answer, "first_approval", 0));
    return list;
}

/* SHA-256 over what periods.h says, of worked example B in November 2026. */
static inline void totals_of(const struct lines *exact, const struct hash *root, char hex_out[65])
{
    const struct closed_period closed = {
        .period = {.number = 682}, .records = 4711, .root = *root, .exact = *exact};
    struct hash totals = closed_period_totals(&closed);
    hex_encode(hash_as_bytes(&totals), hex_out);
}

static inline json_t *answer_json(const struct lines *exact, const struct lines *closed)
{
    struct hash root = hash_bytes(bytes_text("root"));
    char root_text[BASE64_SIZE(HASH_SIZE) + 1], totals[65];
    base64_encode(hash_as_bytes(&root), root_text);
    totals_of(exact, &root, totals);
    json_t *answer = json_pack(
        "{s:s, s:b, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:i, s:i, s:s, "
        "s:s}",
        "currency", "EUR", "sandbox", 1, "ledger_time", "2026-12-02T10:00:00Z", "today",
        "2026-12-02", "height", 120, "period", "2026-11", "state", "final", "first_day",
        "2026-11-01", "last_day", "2026-11-30", "deadlines", "propose", "2026-12-01", "answer",
        "2026-12-03", "pay", "2026-12-07", "disputes_end", "2026-12-31", "first_record", 0,
        "records", 4711, "root", root_text, "totals", totals);
    json_object_set_new(answer, "preliminary", json_false());
    json_object_set_new(
        answer, "ledger",
        json_pack("{s:i, s:i, s:s}", "height", 120, "records", 4800, "root", root_text));
    json_object_set_new(answer, "answers", answers_json("signed"));
    json_object_set_new(answer, "lines", lines_json(exact, false));
    json_object_set_new(answer, "rounded", lines_json(closed, true));
    json_object_set_new(answer, "nets", nets_json(closed));
    json_object_set_new(answer, "sums", sums_json(exact, closed));
    json_object_set_new(answer, "payments", payments_json(closed));
    json_object_set_new(answer, "defaults", json_array());
    json_object_set_new(answer, "taken_over", json_array());
    json_object_set_new(answer, "redeemed",
                        json_pack("[{s:s, s:s, s:s}]", "debtor", "grocer", "creditor", "books",
                                  "points", "400000"));
    json_object_set_new(answer, "disputes", json_array());
    json_object_set_new(answer, "taxes",
                        json_pack("[{s:s, s:i}, {s:s, s:i}]", "code", "AT-20", "rate_bp", 2000,
                                  "code", "SE-25", "rate_bp", 2500));
    return answer;
}

/* Fees are taxed; contracts may settle in kronor. */
static inline struct charter *answer_charter(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema"},
                                  .operator_name = "operator",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.taxes = allocate(2, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 2;
    draft->settlement.taxes[0] = (struct charter_tax){.code = "AT-20", .rate_bp = 2000};
    draft->settlement.taxes[1] = (struct charter_tax){.code = "SE-25", .rate_bp = 2500};
    memcpy(draft->settlement.fee_tax, "AT-20", sizeof("AT-20"));
    draft->settlement.rest_days = SATURDAY_AND_SUNDAY;
    draft->settlement.default_days = DEFAULT_DAYS;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "SEK", .minor_digits = 2};
    return coalition_found(draft);
}

/* The exact lines in order, as a period has them: without taxes; and what they close to. */
static inline void answer_books(struct lines *exact_out, struct lines *closed_out)
{
    struct lines apart = {.at = NULL};
    example_b(&apart, 0);
    for (size_t i = 0; i < apart.count; i++)
        if (book_class_is_fee(apart.at[i].book_class))
            memcpy(apart.at[i].tax_code, "AT-20", 6);
    close_books(&apart, closed_out);
    for (size_t i = 0; i < closed_out->count; i++) {
        struct line line = closed_out->at[i];
        line.rounded.v = 0;
        if (line.book_class != BOOK_TAX)
            lines_add(exact_out, &line);
    }
    lines_release(&apart);
}

/* The period of worked example B, with the payments that settle it, in both currencies. */
static inline struct period answer_period(const struct lines *closed)
{
    struct period_rules rules = {.calendar = {.rest_days = SATURDAY_AND_SUNDAY},
                                 .propose_days = 1,
                                 .answer_days = 3,
                                 .pay_days = 5};
    struct period period;
    struct money nets[EXAMPLE_PARTNERS];
    period_open(&period, 682, 20787, &rules, EXAMPLE_PARTNERS);
    period.state = PERIOD_FINAL;
    for (size_t c = 0; c < ARRAY_SIZE(currencies); c++) {
        netting_nets(closed, currencies[c], EXAMPLE_PARTNERS, nets);
        period_add_payments(&period, nets, currencies[c], example_names, 0,
                            (uint32_t)period.deadlines.pay);
    }
    return period;
}

/* The payer of a payment is in default: what the charter says of it, and how much of a fund the
 * operator has. */
static inline void answer_default(struct period *period, const struct lines *closed, size_t payment,
                                  bool mutualise, int64_t fund)
{
    struct default_rules rules = {.calendar = {.rest_days = SATURDAY_AND_SUNDAY},
                                  .default_days = DEFAULT_DAYS,
                                  .names = example_names,
                                  .minor_digits = 2,
                                  .mutualise = mutualise,
                                  .fund = {fund},
                                  .keeper = {OPERATOR}};
    (void)default_take_out(period, closed, payment, &rules, PAY_BY + 8);
}

/* What a node tells of payments, once there were defaults. */
static inline void answer_set_period(json_t *answer, const struct period *period)
{
    json_t *payments = json_array(), *defaults = json_array(), *taken = json_array();
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *own = &period->payments[i];
        json_array_append_new(payments, payment_json(i, own, own->currency));
    }
    for (size_t i = 0; i < period->default_count; i++)
        json_array_append_new(defaults, json_pack("{s:s, s:s}", "partner",
                                                  example_names[period->defaults[i].partner.v],
                                                  "currency", period->defaults[i].currency));
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *own = &period->taken[i];
        json_array_append_new(taken, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "debtor",
                                               example_names[own->debtor.v], "claimant",
                                               example_names[own->claimant.v], "by",
                                               example_names[own->by.v], "currency", own->currency,
                                               "collateral", (int)own->collateral, "amount",
                                               money_json(own->amount)));
    }
    json_object_set_new(answer, "payments", payments);
    json_object_set_new(answer, "defaults", defaults);
    json_object_set_new(answer, "taken_over", taken);
}

/* Sets one member of the answer, found by a path such as "lines.0.exact"; gives the old value. */
static inline json_t *set_at(json_t *answer, const char *path, json_t *value)
{
    char step[64];
    json_t *at = answer, *old;
    for (;;) {
        size_t size = strcspn(path, ".");
        REQUIRE(size < sizeof(step));
        memcpy(step, path, size);
        step[size] = 0;
        if (path[size] == 0)
            break;
        at = json_is_array(at) ? json_array_get(at, (size_t)(step[0] - '0'))
                               : json_object_get(at, step);
        path += size + 1;
    }
    REQUIRE(json_is_object(at));
    old = json_incref(json_object_get(at, step));
    json_object_set_new(at, step, value);
    return old;
}

#endif
