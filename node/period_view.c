#include "node/period_tie.h"

#include "node/time_text.h"
#include "partners/charter_contracts.h"
#include "partners/netting.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- money ---------------------------------------------------------------------------------- */

enum { NAME_WIDTH_MIN = 16 };

static const struct money money_max = {LINE_AMOUNT_MAX};

bool money_parse(const char *text, struct money *money_out)
{
    bool minus = text[0] == '-';
    const char *at = text + minus;
    __int128 value = 0;
    int decimals = -1; /* none before the point */
    if (*at < '0' || *at > '9')
        return false;
    for (; *at; at++) {
        if (*at == '.' && decimals < 0 && at[1]) {
            decimals = 0;
            continue;
        }
        if (*at < '0' || *at > '9' || decimals == MONEY_DECIMALS || value > money_max.v)
            return false;
        value = value * 10 + (*at - '0');
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < MONEY_DECIMALS; i++)
        value *= value <= money_max.v ? 10 : 1;
    if (value > money_max.v)
        return false;
    money_out->v = minus ? -value : value;
    return true;
}

/* ---- members of an object ------------------------------------------------------------------- */

static bool wrong(struct error *error, const char *name)
{
    return error_set(error, ERROR_INVALID,
                     "the node's answer about the period: '%s' is not "
                     "what it should be",
                     name);
}

static bool get_text(const json_t *object, const char *name, char *out, size_t size,
                     struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strlen(text) >= size)
        return wrong(error, name);
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool get_number(const json_t *object, const char *name, uint64_t max, uint64_t *out,
                       struct error *error)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > max)
        return wrong(error, name);
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool get_money(const json_t *object, const char *name, struct money *out,
                      struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    return (text && money_parse(text, out)) || wrong(error, name);
}

/* Nothing, where it is null. */
static bool get_money_or_null(const json_t *object, const char *name, struct money *out,
                              struct error *error)
{
    return json_is_null(json_object_get(object, name)) || get_money(object, name, out, error);
}

static bool get_date(const json_t *object, const char *name, struct date *out, struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    return (text && date_parse(bytes_text(text), out)) || wrong(error, name);
}

static bool get_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static bool get_root(const json_t *object, struct hash *out, struct error *error)
{
    const char *text = json_string_value(json_object_get(object, "root"));
    size_t size = 0;
    return (text && base64_decode(bytes_text(text), out->at, HASH_SIZE, &size) &&
            size == HASH_SIZE) ||
           wrong(error, "root");
}

static bool get_partner(const struct period_view *view, const json_t *object, const char *name,
                        struct partner_id *out, struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    return (text && period_view_partner(view, text, out)) || wrong(error, name);
}

/* Of a closed set of words. */
static bool get_word(const json_t *object, const char *name, const char *const *words, size_t count,
                     unsigned *out, struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = (unsigned)i;
            return true;
        }
    return wrong(error, name);
}

static bool get_class(const json_t *object, enum book_class *out, struct error *error)
{
    const char *words[BOOK_CLASS_COUNT];
    unsigned place = 0;
    for (size_t i = 0; i < BOOK_CLASS_COUNT; i++)
        words[i] = book_class_word((enum book_class)i);
    if (!get_word(object, "class", words, BOOK_CLASS_COUNT, &place, error))
        return false;
    *out = (enum book_class)place;
    return true;
}

static bool get_list(const json_t *object, const char *name, const json_t **list_out,
                     struct error *error)
{
    const json_t *list = json_object_get(object, name);
    if (!json_is_array(list) || json_array_size(list) > VIEW_LIST_MAX)
        return wrong(error, name);
    *list_out = list;
    return true;
}

/* ---- the head ------------------------------------------------------------------------------- */

/* Of the first currency: as many as there are partners. */
static size_t nets_of_one(const json_t *nets)
{
    const json_t *currency = json_object_get(json_array_get(nets, 0), "currency");
    size_t count = 0;
    while (count < json_array_size(nets) &&
           json_equal(json_object_get(json_array_get(nets, count), "currency"), currency))
        count++;
    return count;
}

/* The names stand with the nets: every partner, in the order of the charter in force, once for each
 * currency. */
static bool read_partners(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *nets = NULL;
    if (!get_list(answer, "nets", &nets, error))
        return false;
    view->partner_count = nets_of_one(nets);
    if (view->partner_count == 0 || view->partner_count > PARTNERS_MAX)
        return wrong(error, "nets");
    view->partners = allocate(view->partner_count, sizeof(*view->partners));
    for (size_t i = 0; i < view->partner_count; i++) {
        struct view_partner *partner = &view->partners[i];
        if (!get_text(json_array_get(nets, i), "partner", partner->name, sizeof(partner->name),
                      error))
            return false;
        if (!name_valid(bytes_text(partner->name)))
            return wrong(error, "partner");
    }
    for (size_t i = 0; i < view->charter->partner_count; i++)
        if (i >= view->partner_count ||
            strcmp(view->partners[i].name, view->charter->partners[i].name) != 0)
            return error_set(error, ERROR_INVALID,
                             "the node's answer about the period names other partners than its "
                             "charter");
    return true;
}

static bool read_answers(struct period_view *view, const json_t *answer, struct error *error)
{
    static const char *const words[] = {"none", "signed", "disputed", "signed-rest"};
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "answers", &list, error))
        return false;
    json_array_foreach(list, i, item)
    {
        struct partner_id partner = {0};
        unsigned place = 0;
        if (!get_partner(view, item, "partner", &partner, error) ||
            !get_word(item, "answer", words, ARRAY_SIZE(words), &place, error))
            return false;
        view->partners[partner.v].answer = (enum period_answer)place;
        view->partners[partner.v].first_approval = get_bool(item, "first_approval");
    }
    return true;
}

static bool read_deadlines(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *deadlines = json_object_get(answer, "deadlines");
    return get_date(answer, "first_day", &view->first_day, error) &&
           get_date(answer, "last_day", &view->last_day, error) &&
           get_date(answer, "today", &view->today, error) &&
           get_date(deadlines, "propose", &view->propose_by, error) &&
           get_date(deadlines, "answer", &view->answer_by, error) &&
           get_date(deadlines, "pay", &view->pay_by, error) &&
           get_date(deadlines, "disputes_end", &view->disputes_end, error);
}

/* The tree that the period ends with; before that is known, the node's own. */
static bool read_checkpoint(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *known = json_object_get(answer, "root");
    if (!json_is_string(known) && !json_is_null(known))
        return wrong(error, "root");
    view->rooted = json_is_string(known);
    const json_t *from = view->rooted ? answer : json_object_get(answer, "ledger");
    const char *totals = json_string_value(json_object_get(answer, "totals"));
    if (!get_number(from, "records", INT64_MAX, &view->records, error) ||
        !get_root(from, &view->root, error) ||
        !get_number(answer, "first_record", INT64_MAX, &view->first_record, error))
        return false;
    return !view->rooted ||
           (totals && hex_decode(bytes_text(totals), view->totals.at, HASH_SIZE)) ||
           wrong(error, "totals");
}

static bool read_head(struct period_view *view, const json_t *answer, struct error *error)
{
    const char *time = json_string_value(json_object_get(answer, "ledger_time"));
    char currency[CURRENCY_SIZE];
    if (!get_text(answer, "period", view->name, sizeof(view->name), error) ||
        !get_text(answer, "state", view->state, sizeof(view->state), error) ||
        !get_text(answer, "currency", currency, sizeof(currency), error))
        return false;
    if (!period_from_name(view->charter, bytes_text(view->name), &view->number))
        return wrong(error, "period");
    if (strcmp(currency, view->charter->currency) != 0)
        return wrong(error, "currency");
    if (!time || !time_parse(bytes_text(time), &view->ledger_time_ms))
        return wrong(error, "ledger_time");
    view->preliminary = get_bool(answer, "preliminary");
    return read_deadlines(view, answer, error) && read_checkpoint(view, answer, error) &&
           read_partners(view, answer, error) && read_answers(view, answer, error);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static bool get_currency(const struct period_view *view, const json_t *item,
                         char out[CURRENCY_SIZE], struct error *error)
{
    return get_text(item, "currency", out, CURRENCY_SIZE, error) &&
           (charter_has_currency(view->charter, out) || wrong(error, "currency"));
}

/* A tariff with its currency and the tax that this class of lines carries: the same as wherever
 * else it is named. */
static bool get_tariff(struct period_view *view, const json_t *item, enum line_class line_class,
                       struct line *line, struct error *error)
{
    const struct charter *charter = view->charter;
    size_t kind = book_class_is_fee((enum book_class)line_class) ? 0 : 1;
    uint64_t tariff = 0;
    if (!get_number(item, "tariff", TARIFFS_MAX - 1, &tariff, error) ||
        !get_currency(view, item, line->currency, error) ||
        !get_text(item, "tax_code", line->tax_code, sizeof(line->tax_code), error))
        return false;
    struct view_terms *terms = &view->tariffs[tariff];
    line->tariff = (uint8_t)tariff;
    if ((tariff == 0 && (strcmp(line->currency, charter->currency) != 0 ||
                         strcmp(line->tax_code, charter_tax_code(charter, line_class)) != 0)) ||
        (terms->known && strcmp(terms->currency, line->currency) != 0) ||
        (terms->has_tax[kind] && strcmp(terms->tax[kind], line->tax_code) != 0))
        return wrong(error, "tariff");
    terms->known = terms->has_tax[kind] = true;
    memcpy(terms->currency, line->currency, CURRENCY_SIZE);
    memcpy(terms->tax[kind], line->tax_code, TAX_CODE_SIZE);
    return true;
}

/* Taxes are not owed yet by exact lines. */
static bool get_terms(struct period_view *view, const json_t *item, bool rounded, struct line *line,
                      struct error *error)
{
    if (rounded)
        return get_currency(view, item, line->currency, error) &&
               get_text(item, "tax_code", line->tax_code, sizeof(line->tax_code), error);
    return line->book_class == BOOK_TAX
               ? wrong(error, "class")
               : get_tariff(view, item, (enum line_class)line->book_class, line, error);
}

static bool read_line(struct period_view *view, const json_t *item, bool rounded, struct line *line,
                      struct error *error)
{
    return get_partner(view, item, "debtor", &line->debtor, error) &&
           get_partner(view, item, "creditor", &line->creditor, error) &&
           get_class(item, &line->book_class, error) &&
           get_terms(view, item, rounded, line, error) &&
           get_money(item, "exact", &line->exact, error) &&
           (!rounded || get_money(item, "rounded", &line->rounded, error));
}

static bool read_lines(struct period_view *view, const json_t *answer, const char *name,
                       bool rounded, struct lines *lines, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    int (*compare)(const struct line *, const struct line *) =
        rounded ? line_compare : exact_line_compare;
    if (!get_list(answer, name, &list, error))
        return false;
    json_array_foreach(list, i, item)
    {
        struct line line = {.exact = {0}};
        if (!read_line(view, item, rounded, &line, error))
            return false;
        if (lines->count > 0 && compare(&lines->at[lines->count - 1], &line) >= 0)
            return error_set(error, ERROR_INVALID,
                             "the node's answer about the period: '%s' is not in order", name);
        lines_add(lines, &line);
    }
    return true;
}

static bool read_redeemed(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "redeemed", &list, error))
        return false;
    view->redeemed = allocate(json_array_size(list), sizeof(*view->redeemed));
    json_array_foreach(list, i, item)
    {
        struct view_redeemed *redeemed = &view->redeemed[view->redeemed_count++];
        struct money points = {0};
        if (!get_partner(view, item, "debtor", &redeemed->debtor, error) ||
            !get_partner(view, item, "creditor", &redeemed->creditor, error) ||
            !get_money(item, "points", &points, error) ||
            !get_text(item, "points", redeemed->points, sizeof(redeemed->points), error))
            return false;
    }
    return true;
}

static bool read_taxes(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "taxes", &list, error))
        return false;
    if (json_array_size(list) > CHARTER_TAXES_MAX)
        return wrong(error, "taxes");
    json_array_foreach(list, i, item)
    {
        struct tax_rule *tax = &view->taxes[view->tax_count++];
        uint64_t rate = 0;
        if (!get_text(item, "code", tax->code, sizeof(tax->code), error) ||
            !get_number(item, "rate_bp", TAX_RATE_BP_MAX, &rate, error))
            return false;
        tax->rate_bp = (int)rate;
    }
    return true;
}

/* ---- payments and disputes ------------------------------------------------------------------- */

static bool read_payment_days(const json_t *item, struct view_payment *payment, struct error *error)
{
    payment->sent = !json_is_null(json_object_get(item, "sent_on"));
    if (!get_date(item, "pay_by", &payment->pay_by, error) ||
        !get_date(item, "default_after", &payment->default_after, error) ||
        (payment->sent && !get_date(item, "sent_on", &payment->sent_on, error)))
        return false;
    return date_to_days(payment->pay_by) > 0 || wrong(error, "pay_by");
}

static bool read_payment(const struct period_view *view, const json_t *item, size_t place,
                         struct view_payment *payment, struct error *error)
{
    static const char *const words[] = {"due", "sent", "confirmed", "failed", "void"};
    uint64_t number = 0, attempt = 0, round = 0;
    unsigned state = 0;
    if (!get_number(item, "number", PAYMENTS_MAX, &number, error) ||
        !get_number(item, "attempt", UINT32_MAX - 1, &attempt, error) ||
        !get_partner(view, item, "from", &payment->payment.from, error) ||
        !get_partner(view, item, "to", &payment->payment.to, error) ||
        !get_currency(view, item, payment->currency, error) ||
        !get_money(item, "amount", &payment->payment.amount, error) ||
        !get_number(item, "round", UINT16_MAX, &round, error) ||
        !get_word(item, "state", words, ARRAY_SIZE(words), &state, error))
        return false;
    if (number != place || payment->payment.amount.v <= 0)
        return wrong(error, "payments");
    if (!read_payment_days(item, payment, error))
        return false;
    payment->number = (uint32_t)number;
    payment->attempt = (uint32_t)attempt;
    payment->round = (uint16_t)round;
    payment->ring_fenced = get_bool(item, "ring_fenced");
    payment->accused = get_bool(item, "default_first_approval");
    payment->state = (enum payment_state)state;
    payment->first_approval = get_bool(item, "first_approval");
    payment->overdue = get_bool(item, "overdue");
    payment->may_default = get_bool(item, "may_default");
    return true;
}

static bool read_payments(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "payments", &list, error))
        return false;
    view->payments = allocate(json_array_size(list), sizeof(*view->payments));
    json_array_foreach(list, i, item)
    {
        if (!read_payment(view, item, i, &view->payments[view->payment_count++], error))
            return false;
    }
    return true;
}

static bool read_default(const struct period_view *view, const json_t *item,
                         struct period_default *own, struct error *error)
{
    if (!get_partner(view, item, "partner", &own->partner, error) ||
        !get_currency(view, item, own->currency, error))
        return false;
    for (const struct period_default *other = view->defaults; other < own; other++)
        if (partner_equal(other->partner, own->partner) &&
            strcmp(other->currency, own->currency) == 0)
            return wrong(error, "defaults");
    return true;
}

static bool read_defaults(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "defaults", &list, error))
        return false;
    if (json_array_size(list) > view->partner_count * (1 + CHARTER_CURRENCIES_MAX))
        return wrong(error, "defaults");
    view->defaults = allocate(json_array_size(list), sizeof(*view->defaults));
    json_array_foreach(list, i, item)
    {
        if (!read_default(view, item, &view->defaults[view->default_count++], error))
            return false;
    }
    return true;
}

static bool read_taken(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    if (!get_list(answer, "taken_over", &list, error))
        return false;
    view->taken = allocate(json_array_size(list), sizeof(*view->taken));
    json_array_foreach(list, i, item)
    {
        struct taken_over *taken = &view->taken[view->taken_count++];
        if (!get_partner(view, item, "debtor", &taken->debtor, error) ||
            !get_partner(view, item, "claimant", &taken->claimant, error) ||
            !get_partner(view, item, "by", &taken->by, error) ||
            !get_currency(view, item, taken->currency, error) ||
            !get_money(item, "amount", &taken->amount, error))
            return false;
        taken->collateral = get_bool(item, "collateral");
    }
    return true;
}

static bool read_dispute_money(const json_t *item, struct view_dispute *dispute,
                               struct error *error)
{
    return get_money(item, "amount", &dispute->amount, error) &&
           get_money_or_null(item, "offered", &dispute->offered, error) &&
           get_money_or_null(item, "upheld", &dispute->upheld, error) &&
           get_money_or_null(item, "rest", &dispute->rest, error) &&
           get_money_or_null(item, "entered", &dispute->entered, error);
}

/* Of a class of records, in a tariff. */
static bool read_disputed(struct period_view *view, const json_t *item,
                          struct view_dispute *dispute, struct error *error)
{
    struct line line = {.exact = {0}};
    if (!get_class(item, &line.book_class, error) || !get_terms(view, item, false, &line, error))
        return false;
    dispute->about.line_class = (enum line_class)line.book_class;
    dispute->about.tariff = line.tariff;
    memcpy(dispute->currency, line.currency, CURRENCY_SIZE);
    memcpy(dispute->tax_code, line.tax_code, TAX_CODE_SIZE);
    return true;
}

static bool read_dispute(struct period_view *view, const json_t *item, struct view_dispute *dispute,
                         struct error *error)
{
    static const char *const words[] = {"open", "responded", "resolved"};
    const char *code = json_string_value(json_object_get(item, "code"));
    unsigned state = 0;
    if (!get_number(item, "record", INT64_MAX, &dispute->about.record.v, error) ||
        !get_partner(view, item, "debtor", &dispute->about.debtor, error) ||
        !get_partner(view, item, "creditor", &dispute->about.creditor, error) ||
        !get_partner(view, item, "by", &dispute->by, error) ||
        !read_disputed(view, item, dispute, error) ||
        !get_word(item, "state", words, ARRAY_SIZE(words), &state, error) ||
        !read_dispute_money(item, dispute, error))
        return false;
    dispute->state = (enum view_dispute_state)state;
    return (code && dispute_code_from_word(code, &dispute->code)) || wrong(error, "code");
}

static bool read_disputes(struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    size_t i;
    json_t *item;
    uint64_t from;
    if (!get_list(answer, "disputes", &list, error))
        return false;
    if (period_view_next(answer, &from))
        return wrong(error, "disputes_next");
    view->disputes = allocate(json_array_size(list), sizeof(*view->disputes));
    json_array_foreach(list, i, item)
    {
        if (!read_dispute(view, item, &view->disputes[view->dispute_count++], error))
            return false;
    }
    return true;
}

/* ---- does it tie? ---------------------------------------------------------------------------- */

static bool check_totals(const struct period_view *view, struct error *error)
{
    const struct closed_period closed = {.period = {.number = view->number},
                                         .records = view->records,
                                         .root = view->root,
                                         .exact = view->exact};
    struct hash totals = closed_period_totals(&closed);
    return !view->rooted || hash_equal(&totals, &view->totals) ||
           error_set(error, ERROR_INVALID,
                     "the node's answer does not tie: the totals are not those of its lines");
}

/* One currency's nets, which begin at a place of the list. */
static bool check_nets_of(const struct period_view *view, const json_t *list, size_t first,
                          const char *currency, struct error *error)
{
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    bool ok = true;
    netting_nets(&view->closed, currency, view->partner_count, nets);
    for (size_t i = 0; i < view->partner_count && ok; i++) {
        const json_t *item = json_array_get(list, first + i);
        char told[CURRENCY_SIZE];
        struct money net = {0};
        const char *name = json_string_value(json_object_get(item, "partner"));
        ok = get_text(item, "currency", told, sizeof(told), error) &&
             get_money(item, "net", &net, error);
        if (ok && (net.v != nets[i].v || strcmp(told, currency) != 0 || !name ||
                   strcmp(name, view->partners[i].name) != 0))
            ok = error_set(error, ERROR_INVALID,
                           "the node's answer does not tie: the net of %s is not that of its lines",
                           view->partners[i].name);
    }
    free(nets);
    return ok;
}

static bool is_used(const struct period_view *view, const char *currency)
{
    return strcmp(currency, view->charter->currency) == 0 ||
           lines_have_currency(&view->closed, currency);
}

static bool check_nets(const struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = json_object_get(answer, "nets");
    struct charter_line_rules rules;
    size_t first = 0;
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        if (!is_used(view, rules.currencies[i].code))
            continue;
        if (!check_nets_of(view, list, first, rules.currencies[i].code, error))
            return false;
        first += view->partner_count;
    }
    return first == json_array_size(list) || wrong(error, "nets");
}

static bool untied(struct error *error, const char *what)
{
    return error_set(error, ERROR_INVALID, "the node's answer does not tie: %s", what);
}

static struct money sum_of(const struct lines *lines, const char *currency, bool rounded)
{
    struct money sum = {0};
    for (size_t i = 0; i < lines->count; i++)
        if (strcmp(lines->at[i].currency, currency) == 0)
            sum.v += rounded ? lines->at[i].rounded.v : lines->at[i].exact.v;
    return sum;
}

static bool check_sum(const struct period_view *view, const json_t *item,
                      const struct currency_rule *currency, struct error *error)
{
    char told[CURRENCY_SIZE];
    uint64_t digits = 0;
    struct money exact = {0}, rounded = {0};
    if (!get_text(item, "currency", told, sizeof(told), error) ||
        !get_number(item, "minor_digits", CURRENCY_DIGITS_MAX, &digits, error) ||
        !get_money(item, "exact", &exact, error) || !get_money(item, "rounded", &rounded, error))
        return false;
    return (strcmp(told, currency->code) == 0 && (int)digits == currency->minor_digits &&
            exact.v == sum_of(&view->exact, told, false).v &&
            rounded.v == sum_of(&view->closed, told, true).v) ||
           untied(error, "its sums are not those of its lines");
}

static bool check_sums(const struct period_view *view, const json_t *answer, struct error *error)
{
    const json_t *list = NULL;
    struct charter_line_rules rules;
    size_t place = 0;
    if (!get_list(answer, "sums", &list, error))
        return false;
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        const char *code = rules.currencies[i].code;
        if (strcmp(code, view->charter->currency) != 0 && !lines_have_currency(&view->exact, code))
            continue;
        if (!check_sum(view, json_array_get(list, place++), &rules.currencies[i], error))
            return false;
    }
    return place == json_array_size(list) || wrong(error, "sums");
}

/* ---- pages ----------------------------------------------------------------------------------- */

bool period_view_next(const json_t *answer, uint64_t *from_out)
{
    const json_t *next = json_object_get(answer, "disputes_next");
    if (!json_is_integer(next) || json_integer_value(next) < 0)
        return false;
    *from_out = (uint64_t)json_integer_value(next);
    return true;
}

bool period_view_join(const json_t *earlier, json_t *answer, struct error *error)
{
    json_t *first = json_object_get(earlier, "disputes");
    json_t *then = json_object_get(answer, "disputes");
    size_t count = json_array_size(first);
    if (count == 0 || !json_is_array(then) || count + json_array_size(then) > VIEW_LIST_MAX)
        return wrong(error, "disputes");
    json_t *all = json_copy(first);
    json_array_extend(all, then);
    json_object_set_new(answer, "disputes", all);
    return true;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool read_all(struct period_view *view, const json_t *answer, struct error *error)
{
    return read_head(view, answer, error) &&
           read_lines(view, answer, "lines", false, &view->exact, error) &&
           read_lines(view, answer, "rounded", true, &view->closed, error) &&
           read_redeemed(view, answer, error) && read_taxes(view, answer, error) &&
           read_payments(view, answer, error) && read_defaults(view, answer, error) &&
           read_taken(view, answer, error) && read_disputes(view, answer, error) &&
           check_totals(view, error) && check_nets(view, answer, error) &&
           check_sums(view, answer, error) && period_tie_rounded(view, error) &&
           period_tie_payments(view, error);
}

bool period_view_read(const json_t *answer, const struct charter *charter,
                      struct period_view **view_out, struct error *error)
{
    struct period_view *view = allocate(1, sizeof(*view));
    view->charter = charter;
    if (!read_all(view, answer, error)) {
        period_view_close(view);
        return false;
    }
    *view_out = view;
    return true;
}

void period_view_close(struct period_view *view)
{
    if (!view)
        return;
    lines_release(&view->exact);
    lines_release(&view->closed);
    free(view->partners);
    free(view->payments);
    free(view->defaults);
    free(view->taken);
    free(view->disputes);
    free(view->redeemed);
    free(view);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool period_view_partner(const struct period_view *view, const char *name,
                         struct partner_id *partner_out)
{
    for (size_t i = 0; i < view->partner_count; i++)
        if (strcmp(view->partners[i].name, name) == 0) {
            partner_out->v = (uint16_t)i;
            return true;
        }
    return false;
}

const char *period_view_name(const struct period_view *view, struct partner_id partner)
{
    must(partner.v < view->partner_count);
    return view->partners[partner.v].name;
}

int period_view_name_width(const struct period_view *view)
{
    size_t width = NAME_WIDTH_MIN;
    for (size_t i = 0; i < view->partner_count; i++)
        if (strlen(view->partners[i].name) > width)
            width = strlen(view->partners[i].name);
    return (int)width;
}

void period_view_end_to_end(const struct period_view *view, const struct view_payment *payment,
                            uint32_t attempt, char text_out[END_TO_END_SIZE])
{
    const struct payment_name name = {.coalition = view->charter->coalition,
                                      .period = view->number,
                                      .currency = payment->currency,
                                      .from = period_view_name(view, payment->payment.from),
                                      .to = period_view_name(view, payment->payment.to),
                                      .attempt = attempt,
                                      .number = payment->round > 0 ? payment->number : 0};
    end_to_end_make(&name, text_out);
}

bool period_view_in_default(const struct period_view *view, struct partner_id partner,
                            const char *currency)
{
    for (size_t i = 0; i < view->default_count; i++)
        if (partner_equal(view->defaults[i].partner, partner) &&
            strcmp(view->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

bool period_view_has_default(const struct period_view *view, const char *currency)
{
    for (size_t i = 0; i < view->default_count; i++)
        if (strcmp(view->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

bool period_view_payable(const struct view_payment *payment)
{
    return payment->state == PAYMENT_DUE || payment->state == PAYMENT_FAILED;
}

uint32_t period_view_attempt(const struct view_payment *payment)
{
    bool under_way = payment->state == PAYMENT_SENT || payment->state == PAYMENT_CONFIRMED;
    return payment->attempt + (!under_way || payment->attempt == 0);
}

size_t period_view_payments(const struct period_view *view, struct view_payment **payments_out)
{
    size_t count = view->payment_count;
    if (!view->preliminary) {
        *payments_out = allocate(count, sizeof(**payments_out));
        if (count > 0)
            memcpy(*payments_out, view->payments, count * sizeof(**payments_out));
        return count;
    }
    return period_tie_expected(view, payments_out);
}

bool period_view_has_currency(const struct period_view *view, const char *currency)
{
    return lines_have_currency(&view->closed, currency) ||
           lines_have_currency(&view->exact, currency);
}

void period_view_amount(const struct period_view *view, const char *currency, struct money money,
                        char text_out[MONEY_TEXT_SIZE])
{
    money_format(money, charter_minor_digits(view->charter, currency), text_out);
}
