#include "partners/statement.h"

#include "partners/csv_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- checks -------------------------------------------------------------------------------- */

/* C0, DEL, C1 (C2 80..9F), what begins a line (U+2028, U+2029), and what turns the direction of
 * writing (U+061C, U+200E, U+200F, U+202A..202E, U+2066..2069), with which a name could show other
 * figures than it has. `at` is in a valid text with a NUL. */
static bool is_control(const uint8_t *at)
{
    if (at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0))
        return true;
    if (at[0] == 0xD8 && at[1] == 0x9C)
        return true;
    return at[0] == 0xE2 && ((at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) ||
                             (at[1] == 0x80 && (at[2] == 0x8E || at[2] == 0x8F)) ||
                             (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9));
}

static bool check_typed(const char *what, const char *text, struct error *error)
{
    struct bytes bytes = bytes_text(text);
    if (bytes.size > STATEMENT_TEXT_MAX)
        return error_set(error, ERROR_LIMIT, "statement: %s has %zu bytes, at most %d", what,
                         bytes.size, STATEMENT_TEXT_MAX);
    if (!utf8_valid(bytes))
        return error_set(error, ERROR_INVALID, "statement: %s is not UTF-8", what);
    for (size_t i = 0; i < bytes.size; i++)
        if (is_control(bytes.at + i))
            return error_set(error, ERROR_INVALID, "statement: %s has a control character", what);
    return true;
}

static bool check_party(const struct statement_party *party, struct error *error)
{
    if (!check_typed("a legal name", party->legal_name, error) ||
        !check_typed("a name", party->name, error) ||
        (party->tax_number && !check_typed("a tax number", party->tax_number, error)))
        return false;
    for (size_t i = 0; i < STATEMENT_ADDRESS_LINES && party->address[i]; i++)
        if (!check_typed("an address", party->address[i], error))
            return false;
    return true;
}

static bool check_payments(const struct statement *statement, struct error *error)
{
    for (size_t i = 0; i < statement->payment_count; i++) {
        const struct statement_payment *payment = &statement->payments[i];
        if (payment->payment.from.v >= statement->party_count ||
            payment->payment.to.v >= statement->party_count)
            return error_set(error, ERROR_INVALID, "statement: a payment of no partner");
        if (payment->to && !payment_account_check("statement, payee", payment->to, error))
            return false;
    }
    return true;
}

static bool check_taken(const struct statement *statement, struct error *error)
{
    for (size_t i = 0; i < statement->taken_count; i++) {
        const struct taken_over *taken = &statement->taken[i];
        if (taken->debtor.v >= statement->party_count ||
            taken->claimant.v >= statement->party_count || taken->by.v >= statement->party_count)
            return error_set(error, ERROR_INVALID, "statement: taken over by no partner");
    }
    for (size_t i = 0; i < statement->default_count; i++)
        if (statement->defaults[i].partner.v >= statement->party_count)
            return error_set(error, ERROR_INVALID, "statement: no partner is in default");
    return true;
}

static bool check_one(const struct statement *statement, struct error *error)
{
    if (statement->partner.v >= statement->party_count)
        return error_set(error, ERROR_INVALID, "statement: no such partner");
    if (!check_party(&statement->issuer, error) ||
        !check_typed("the coalition", statement->coalition, error) ||
        !check_typed("the state", statement->state, error) ||
        !check_typed("the period", statement->period, error) ||
        !check_typed("the origin", statement->checkpoint_origin, error))
        return false;
    for (size_t i = 0; i < statement->party_count; i++)
        if (!check_party(&statement->parties[i], error))
            return false;
    for (size_t i = 0; i < statement->closed->count; i++) {
        const struct line *line = &statement->closed->at[i];
        if (line->debtor.v >= statement->party_count || line->creditor.v >= statement->party_count)
            return error_set(error, ERROR_INVALID, "statement: a line of no partner");
        if (line->tax_code[0] && statement_tax_rate_bp(statement, line->tax_code) < 0)
            return error_set(error, ERROR_INVALID, "statement: no rate for tax code %s",
                             line->tax_code);
    }
    return check_payments(statement, error) && check_taken(statement, error);
}

bool statement_check(const struct statement *statement, struct error *error)
{
    for (; statement; statement = statement->next)
        if (!check_one(statement, error))
            return false;
    return true;
}

/* ---- sums ---------------------------------------------------------------------------------- */

static bool in_currency(const struct statement *statement, const struct line *line)
{
    return strcmp(line->currency, statement->currency) == 0;
}

static void add(struct statement_sums *sums, const struct statement *statement,
                const struct line *line)
{
    if (partner_equal(line->debtor, statement->partner))
        sums->owed_by.v += line->rounded.v;
    else if (partner_equal(line->creditor, statement->partner))
        sums->owed_to.v += line->rounded.v;
}

struct statement_sums statement_sums(const struct statement *statement)
{
    struct statement_sums sums = {.owed_to = {0}};
    for (size_t i = 0; i < statement->closed->count; i++)
        if (in_currency(statement, &statement->closed->at[i]))
            add(&sums, statement, &statement->closed->at[i]);
    return sums;
}

struct statement_sums statement_sums_of_class(const struct statement *statement,
                                              enum book_class book_class)
{
    struct statement_sums sums = {.owed_to = {0}};
    for (size_t i = 0; i < statement->closed->count; i++) {
        const struct line *line = &statement->closed->at[i];
        if (in_currency(statement, line) && line->book_class == book_class)
            add(&sums, statement, line);
    }
    return sums;
}

struct money statement_owed(const struct statement *statement, struct partner_id debtor,
                            struct partner_id creditor)
{
    struct money sum = {0};
    for (size_t i = 0; i < statement->closed->count; i++) {
        const struct line *line = &statement->closed->at[i];
        if (in_currency(statement, line) && partner_equal(line->debtor, debtor) &&
            partner_equal(line->creditor, creditor))
            sum.v += line->rounded.v;
    }
    return sum;
}

struct money statement_taken(const struct statement *statement, struct partner_id debtor,
                             struct partner_id creditor)
{
    struct money sum = {0};
    for (size_t i = 0; i < statement->taken_count; i++) {
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t count = taken_over_moves(&statement->taken[i], moves);
        for (size_t k = 0; k < count; k++)
            if (partner_equal(moves[k].debtor, debtor) &&
                partner_equal(moves[k].creditor, creditor))
                sum.v += moves[k].amount.v;
    }
    return sum;
}

int statement_tax_rate_bp(const struct statement *statement, const char *tax_code)
{
    for (size_t i = 0; i < statement->tax_count; i++)
        if (strcmp(statement->taxes[i].code, tax_code) == 0)
            return statement->taxes[i].rate_bp;
    return -1;
}

/* ---- lines --------------------------------------------------------------------------------- */

struct named_line { /* qsort's comparison gets no context */
    struct statement_line own;
    const char *other;
};

static int compare_lines(const void *a, const void *b)
{
    const struct named_line *one = a, *two = b;
    int order = strcmp(one->other, two->other);
    if (order != 0)
        return order;
    if (one->own.line->book_class != two->own.line->book_class)
        return one->own.line->book_class < two->own.line->book_class ? -1 : 1;
    order = strcmp(one->own.line->tax_code, two->own.line->tax_code);
    return order != 0 ? order : (int)one->own.owed - (int)two->own.owed;
}

size_t statement_lines(const struct statement *statement, struct statement_line **lines_out)
{
    struct named_line *named = allocate(statement->closed->count, sizeof(*named));
    size_t count = 0;
    for (size_t i = 0; i < statement->closed->count; i++) {
        const struct line *line = &statement->closed->at[i];
        bool owed = partner_equal(line->debtor, statement->partner);
        if (!in_currency(statement, line) ||
            (!owed && !partner_equal(line->creditor, statement->partner)))
            continue;
        struct partner_id other = owed ? line->creditor : line->debtor;
        named[count++] = (struct named_line){.own = {.line = line, .other = other, .owed = owed},
                                             .other = statement->parties[other.v].name};
    }
    if (count > 0)
        qsort(named, count, sizeof(*named), compare_lines);
    struct statement_line *lines = allocate(count, sizeof(*lines));
    for (size_t i = 0; i < count; i++)
        lines[i] = named[i].own;
    free(named);
    *lines_out = lines;
    return count;
}

void taken_over_words(const struct taken_over *taken, const struct taken_names *names,
                      const char *amount, char text_out[TAKEN_WORDS_SIZE])
{
    const char *currency = taken->currency;
    if (!taken->collateral)
        (void)snprintf(text_out, TAKEN_WORDS_SIZE,
                       "%s takes over %s %s that %s owes %s: it owes that to %s, and %s owes it "
                       "that much",
                       names->by, amount, currency, names->debtor, names->claimant, names->claimant,
                       names->debtor);
    else if (partner_equal(taken->by, taken->claimant))
        (void)snprintf(text_out, TAKEN_WORDS_SIZE,
                       "%s keeps %s %s of the collateral of %s, for what it is owed", names->by,
                       amount, currency, names->debtor);
    else
        (void)snprintf(text_out, TAKEN_WORDS_SIZE,
                       "%s owes %s %s %s for %s, out of the collateral of %s", names->by,
                       names->claimant, amount, currency, names->debtor, names->debtor);
}

void statement_amount(const struct statement *statement, struct money money,
                      char text_out[STATEMENT_AMOUNT_SIZE])
{
    char plain[MONEY_TEXT_SIZE];
    money_format(money, statement->minor_digits, plain);
    size_t whole = strcspn(plain, "."), size = 0;
    for (size_t i = 0; i < whole; i++) {
        bool parted = i > 0 && plain[i - 1] != '-' && (whole - i) % 3 == 0;
        if (parted)
            text_out[size++] = ',';
        text_out[size++] = plain[i];
    }
    (void)snprintf(text_out + size, STATEMENT_AMOUNT_SIZE - size, "%s", plain + whole);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* Every row begins with where it comes from. */
#define SOURCE_COLUMNS "period", "from", "to", "checkpoint_size", "checkpoint_root", "totals"

static void put_source(const struct statement *statement, struct csv_out *csv)
{
    char text[32], root[BASE64_SIZE(HASH_SIZE) + 1], totals[HASH_HEX_SIZE + 1] = "";
    csv_out_field(csv, statement->period);
    date_format(statement->from, text);
    csv_out_field(csv, text);
    date_format(statement->to, text);
    csv_out_field(csv, text);
    (void)snprintf(text, sizeof(text), "%" PRIu64, statement->checkpoint_size);
    csv_out_field(csv, text);
    base64_encode(hash_as_bytes(&statement->checkpoint_root), root);
    csv_out_field(csv, root);
    if (!hash_is_zero(&statement->totals))
        hex_encode(hash_as_bytes(&statement->totals), totals);
    csv_out_field(csv, totals);
}

static void put_money(const struct statement *statement, struct csv_out *csv, struct money money)
{
    char text[MONEY_TEXT_SIZE];
    money_format(money, statement->minor_digits, text);
    csv_out_field(csv, text);
}

static const char *name_of(const struct statement *statement, struct partner_id partner)
{
    return statement->parties[partner.v].name;
}

static void put_rate(struct csv_out *csv, int rate_bp)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%d.%02d", rate_bp / 100, rate_bp % 100);
    csv_out_field(csv, text);
}

static void put_lines(const struct statement *statement, struct csv_out *csv)
{
    struct statement_line *lines;
    size_t count = statement_lines(statement, &lines);
    for (size_t i = 0; i < count; i++) {
        const struct line *line = lines[i].line;
        put_source(statement, csv);
        csv_out_field(csv, name_of(statement, line->debtor));
        csv_out_field(csv, name_of(statement, line->creditor));
        csv_out_field(csv, line->currency);
        csv_out_field(csv, book_class_word(line->book_class));
        csv_out_field(csv, line->tax_code);
        put_money(statement, csv, line->exact);
        put_money(statement, csv, line->rounded);
        csv_out_end_row(csv);
    }
    free(lines);
}

static void put_taken_line(const struct statement *statement, struct csv_out *csv,
                           const struct debt_move *move, bool collateral)
{
    put_source(statement, csv);
    csv_out_field(csv, name_of(statement, move->debtor));
    csv_out_field(csv, name_of(statement, move->creditor));
    csv_out_field(csv, statement->currency);
    csv_out_field(csv, collateral ? "collateral" : "taken-over");
    csv_out_field(csv, "");
    put_money(statement, csv, move->amount);
    put_money(statement, csv, move->amount);
    csv_out_end_row(csv);
}

/* Of the partner on either side, as lines are. */
static void put_taken_lines(const struct statement *statement, struct csv_out *csv)
{
    for (size_t i = 0; i < statement->taken_count; i++) {
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t count = taken_over_moves(&statement->taken[i], moves);
        for (size_t k = 0; k < count; k++)
            if (partner_equal(moves[k].debtor, statement->partner) ||
                partner_equal(moves[k].creditor, statement->partner))
                put_taken_line(statement, csv, &moves[k], statement->taken[i].collateral);
    }
}

void statement_csv_lines(const struct statement *statement, struct buffer *out)
{
    static const char *const heading[] = {SOURCE_COLUMNS, "debtor",   "creditor", "currency",
                                          "class",        "tax_code", "exact",    "amount"};
    struct csv_out csv = {.out = out};
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (; statement; statement = statement->next) {
        put_lines(statement, &csv);
        put_taken_lines(statement, &csv);
    }
}

static void put_pair(const struct statement *statement, struct csv_out *csv,
                     struct partner_id debtor, struct partner_id creditor, struct money owed)
{
    struct money taken = statement_taken(statement, debtor, creditor);
    if (owed.v == 0 && taken.v == 0)
        return;
    put_source(statement, csv);
    csv_out_field(csv, name_of(statement, debtor));
    csv_out_field(csv, name_of(statement, creditor));
    csv_out_field(csv, statement->currency);
    put_money(statement, csv, owed);
    put_money(statement, csv, taken);
    csv_out_end_row(csv);
}

static void put_matrix(const struct statement *statement, struct csv_out *csv)
{
    const struct lines *closed = statement->closed;
    /* Closed lines are in order of debtor, creditor, currency: a pair's stand together. */
    for (size_t i = 0; i < closed->count;) {
        const struct line *first = &closed->at[i];
        struct money sum = {0};
        for (; i < closed->count && partner_equal(closed->at[i].debtor, first->debtor) &&
               partner_equal(closed->at[i].creditor, first->creditor);
             i++)
            if (in_currency(statement, &closed->at[i]))
                sum.v += closed->at[i].rounded.v;
        put_pair(statement, csv, first->debtor, first->creditor, sum);
    }
}

static bool has_lines(const struct statement *statement, struct partner_id debtor,
                      struct partner_id creditor)
{
    for (size_t i = 0; i < statement->closed->count; i++)
        if (partner_equal(statement->closed->at[i].debtor, debtor) &&
            partner_equal(statement->closed->at[i].creditor, creditor))
            return true;
    return false;
}

/* Among the first `count` takings over. */
static bool was_moved(const struct statement *statement, size_t count, struct partner_id debtor,
                      struct partner_id creditor)
{
    for (size_t i = 0; i < count; i++) {
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t moved = taken_over_moves(&statement->taken[i], moves);
        for (size_t k = 0; k < moved; k++)
            if (partner_equal(moves[k].debtor, debtor) &&
                partner_equal(moves[k].creditor, creditor))
                return true;
    }
    return false;
}

/* Pairs that owe each other nothing but what was taken over. */
static void put_taken_pairs(const struct statement *statement, struct csv_out *csv)
{
    for (size_t i = 0; i < statement->taken_count; i++) {
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t count = taken_over_moves(&statement->taken[i], moves);
        for (size_t k = 0; k < count; k++)
            if (!was_moved(statement, i, moves[k].debtor, moves[k].creditor) &&
                !has_lines(statement, moves[k].debtor, moves[k].creditor))
                put_pair(statement, csv, moves[k].debtor, moves[k].creditor, (struct money){0});
    }
}

void statement_csv_matrix(const struct statement *statement, struct buffer *out)
{
    static const char *const heading[] = {SOURCE_COLUMNS, "debtor", "creditor",
                                          "currency",     "amount", "taken_over"};
    struct csv_out csv = {.out = out};
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (; statement; statement = statement->next) {
        put_matrix(statement, &csv);
        put_taken_pairs(statement, &csv);
    }
}

static void put_nets(const struct statement *statement, struct csv_out *csv)
{
    struct money *nets = allocate(statement->party_count, sizeof(*nets));
    const struct default_sums *sums = statement->sums;
    netting_nets(statement->closed, statement->currency, statement->party_count, nets);
    for (size_t i = 0; i < statement->party_count; i++) {
        put_source(statement, csv);
        csv_out_field(csv, statement->parties[i].name);
        csv_out_field(csv, statement->currency);
        put_money(statement, csv, nets[i]);
        put_money(statement, csv, sums ? sums[i].collateral : (struct money){0});
        put_money(statement, csv, sums ? sums[i].netted : nets[i]);
        put_money(statement, csv, sums ? sums[i].ring_fenced : (struct money){0});
        csv_out_end_row(csv);
    }
    free(nets);
}

void statement_csv_nets(const struct statement *statement, struct buffer *out)
{
    static const char *const heading[] = {SOURCE_COLUMNS, "partner", "currency",   "net",
                                          "collateral",   "netted",  "ring_fenced"};
    struct csv_out csv = {.out = out};
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (; statement; statement = statement->next)
        put_nets(statement, &csv);
}

static void put_payments(const struct statement *statement, struct csv_out *csv)
{
    char due[DATE_TEXT_SIZE], round[8];
    for (size_t i = 0; i < statement->payment_count; i++) {
        const struct statement_payment *payment = &statement->payments[i];
        (void)snprintf(round, sizeof(round), "%u", (unsigned)payment->round);
        put_source(statement, csv);
        date_format(payment->due, due);
        csv_out_field(csv, payment->ring_fenced ? "" : due);
        csv_out_field(csv, name_of(statement, payment->payment.from));
        csv_out_field(csv, name_of(statement, payment->payment.to));
        csv_out_field(csv, statement->currency);
        put_money(statement, csv, payment->payment.amount);
        csv_out_field(csv, payment->end_to_end);
        csv_out_typed(csv, payment->to ? payment->to->holder : "");
        csv_out_field(csv, payment->to ? payment->to->iban : "");
        csv_out_field(csv, payment->to ? payment->to->bic : "");
        csv_out_field(csv, payment->ring_fenced ? "ring-fenced" : "netted");
        csv_out_field(csv, round);
        csv_out_field(csv, payment->state);
        csv_out_end_row(csv);
    }
}

void statement_csv_payments(const struct statement *statement, struct buffer *out)
{
    static const char *const heading[] = {
        SOURCE_COLUMNS, "due",  "from", "to",   "currency", "amount", "end_to_end",
        "holder",       "iban", "bic",  "kind", "round",    "state"};
    struct csv_out csv = {.out = out};
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (; statement; statement = statement->next)
        put_payments(statement, &csv);
}

void statement_disputed_words(const struct statement *statement, char text_out[DISPUTED_WORDS_SIZE])
{
    char to[MONEY_TEXT_SIZE], by[MONEY_TEXT_SIZE];
    text_out[0] = '\0';
    if (statement->disputed_count == 0)
        return;
    money_format(statement->disputed_to, statement->minor_digits, to);
    money_format(statement->disputed_by, statement->minor_digits, by);
    (void)snprintf(text_out, DISPUTED_WORDS_SIZE,
                   "Left out of this period as disputed: %zu line%s, exactly %s %s owed to you and "
                   "%s %s owed by you. The register of disputes has each.",
                   statement->disputed_count, statement->disputed_count == 1 ? "" : "s",
                   statement->currency, to, statement->currency, by);
}

bool statement_line_invoiced(const struct line *line)
{
    return book_class_is_fee(line->book_class) || line->tax_code[0];
}

static void put_fees(const struct statement *statement, struct csv_out *csv)
{
    struct statement_line *lines;
    size_t count = statement_lines(statement, &lines);
    for (size_t i = 0; i < count; i++) {
        const struct line *line = lines[i].line;
        if (!statement_line_invoiced(line))
            continue;
        const struct statement_party *parties[] = {&statement->parties[line->creditor.v],
                                                   &statement->parties[line->debtor.v]};
        put_source(statement, csv);
        for (size_t p = 0; p < 2; p++) {
            csv_out_field(csv, parties[p]->name);
            csv_out_typed(csv, parties[p]->legal_name);
            csv_out_typed(csv, parties[p]->tax_number ? parties[p]->tax_number : "");
        }
        csv_out_field(csv, book_class_word(line->book_class));
        csv_out_field(csv, line->tax_code);
        put_rate(csv, line->tax_code[0] ? statement_tax_rate_bp(statement, line->tax_code) : 0);
        csv_out_field(csv, line->currency);
        put_money(statement, csv, line->rounded);
        csv_out_end_row(csv);
    }
    free(lines);
}

void statement_csv_fees(const struct statement *statement, struct buffer *out)
{
    static const char *const heading[] = {SOURCE_COLUMNS,        "supplier", "supplier_name",
                                          "supplier_tax_number", "customer", "customer_name",
                                          "customer_tax_number", "class",    "tax_code",
                                          "tax_percent",         "currency", "amount"};
    struct csv_out csv = {.out = out};
    csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    for (; statement; statement = statement->next)
        put_fees(statement, &csv);
}
