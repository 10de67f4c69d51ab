#include "partners/journals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCOUNT_SIZE = 192, WHAT_SIZE = 256 };

/* Moves an amount from one account to another. */
struct move {
    struct date on;
    char what[WHAT_SIZE];
    char to[ACCOUNT_SIZE], from[ACCOUNT_SIZE];
    char currency[CURRENCY_SIZE];
    struct money amount;
};
/* What an account holds at the end of a day. */
struct holding {
    struct date on;
    char account[ACCOUNT_SIZE];
    char currency[CURRENCY_SIZE];
    struct money amount;
};
struct book {
    const struct journal_source *source;
    struct move *moves;
    size_t move_count, move_capacity;
    struct holding *holdings;
    size_t holding_count, holding_capacity;
};

static void book_release(struct book *book)
{
    free(book->moves);
    free(book->holdings);
}

static struct move *add_move(struct book *book, struct date on, const char *currency,
                             struct money amount)
{
    book->moves =
        array_grow(book->moves, &book->move_capacity, book->move_count + 1, sizeof(*book->moves));
    struct move *move = &book->moves[book->move_count++];
    *move = (struct move){.on = on, .amount = amount};
    memcpy(move->currency, currency, CURRENCY_SIZE);
    return move;
}

static void add_holding(struct book *book, struct date on, const char *account,
                        const char *currency, struct money amount)
{
    book->holdings = array_grow(book->holdings, &book->holding_capacity, book->holding_count + 1,
                                sizeof(*book->holdings));
    struct holding *holding = &book->holdings[book->holding_count++];
    *holding = (struct holding){.on = on, .amount = amount};
    (void)snprintf(holding->account, ACCOUNT_SIZE, "%s", account);
    memcpy(holding->currency, currency, CURRENCY_SIZE);
}

/* ---- accounts ------------------------------------------------------------------------------ */

/* The parts of beancount's accounts begin with a capital: "grocer" is Grocer, and since names have
 * no capitals of their own no two become one. Parts are joined with ':'. */
static void join(char account_out[ACCOUNT_SIZE], const char *root, const char *part,
                 const char *last)
{
    const char *parts[] = {part, last};
    size_t size = strlen(root);
    memcpy(account_out, root, size);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t length = strlen(parts[i]);
        if (length == 0)
            continue;
        must(size + 1 + length < ACCOUNT_SIZE);
        account_out[size] = ':';
        memcpy(account_out + size + 1, parts[i], length);
        char *first = &account_out[size + 1];
        if (*first >= 'a' && *first <= 'z')
            *first = (char)(*first - 'a' + 'A');
        size += 1 + length;
    }
    account_out[size] = 0;
}

static const char *name_of(const struct book *book, struct partner_id partner)
{
    must(partner.v < book->source->partner_count);
    return book->source->names[partner.v];
}

static void partner_account(const struct book *book, struct partner_id partner,
                            char account_out[ACCOUNT_SIZE])
{
    join(account_out, "Assets:Accrue:Partners", name_of(book, partner), "");
}

/* Of one period, so that nothing in it depends on whether the one before was paid. */
static void settlement_account(const struct book *book, char account_out[ACCOUNT_SIZE])
{
    join(account_out, "Assets:Accrue:Settlement", book->source->period, "");
}

/* Of one period, too: what is between partners, one of whom is in default. */
static void period_account(const struct book *book, const char *root, const char *name,
                           char account_out[ACCOUNT_SIZE])
{
    join(account_out, root, book->source->period, name);
}

static const char default_root[] = "Assets:Accrue:Default";
static const char keeper_root[] = "Liabilities:Accrue:Collateral-used";
static const char debtor_root[] = "Assets:Accrue:Collateral-used";

static bool in_default(const struct book *book, struct partner_id partner, const char *currency)
{
    for (size_t i = 0; i < book->source->default_count; i++)
        if (partner_equal(book->source->defaults[i].partner, partner) &&
            strcmp(book->source->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

static bool has_default(const struct book *book, const char *currency)
{
    for (size_t i = 0; i < book->source->default_count; i++)
        if (strcmp(book->source->defaults[i].currency, currency) == 0)
            return true;
    return false;
}

/* Of payments and defaults, whichever are later. */
static struct date last_day(const struct journal_source *source)
{
    bool later = source->payment_count > 0 &&
                 date_to_days(source->paid_on) > date_to_days(source->defaulted_on);
    return later ? source->paid_on : source->defaulted_on;
}

/* An account that nothing has moved is not declared, and holds nothing. */
static void add_last_holding(struct book *book, const char *account, const char *currency,
                             struct money amount)
{
    for (size_t i = 0; i < book->move_count; i++)
        if (strcmp(book->moves[i].currency, currency) == 0 &&
            (strcmp(book->moves[i].to, account) == 0 ||
             strcmp(book->moves[i].from, account) == 0)) {
            add_holding(book, last_day(book->source), account, currency, amount);
            return;
        }
}

static void put_taken_words(const struct book *book, const struct taken_over *taken,
                            struct move *move)
{
    (void)snprintf(move->what, WHAT_SIZE, "default of %s: %s %s what it owes %s",
                   name_of(book, taken->debtor), name_of(book, taken->by),
                   taken->collateral ? "pays out of collateral" : "takes over",
                   name_of(book, taken->claimant));
}

/* ---- the coalition's book ------------------------------------------------------------------ */

static void put_line_words(const struct book *book, const struct line *line, struct move *move)
{
    char exact[MONEY_TEXT_SIZE];
    money_format(line->exact, 0, exact);
    (void)snprintf(move->what, WHAT_SIZE, "%s%s%s: %s owes %s, exactly %s",
                   book_class_word(line->book_class), line->tax_code[0] ? " " : "", line->tax_code,
                   name_of(book, line->debtor), name_of(book, line->creditor), exact);
}

static void coalition_lines(struct book *book)
{
    for (size_t i = 0; i < book->source->closed->count; i++) {
        const struct line *line = &book->source->closed->at[i];
        struct move *move = add_move(book, book->source->closed_on, line->currency, line->rounded);
        put_line_words(book, line, move);
        partner_account(book, line->creditor, move->to);
        partner_account(book, line->debtor, move->from);
    }
}

static void coalition_holdings(struct book *book, struct money *nets)
{
    const struct journal_source *source = book->source;
    char account[ACCOUNT_SIZE];
    for (size_t c = 0; c < source->currency_count; c++) {
        const char *currency = source->currencies[c].code;
        netting_nets(source->closed, currency, source->partner_count, nets);
        for (size_t i = 0; i < source->partner_count; i++) {
            partner_account(book, (struct partner_id){(uint16_t)i}, account);
            if (nets[i].v != 0)
                add_holding(book, source->closed_on, account, currency, nets[i]);
        }
    }
}

static void put_payment_words(const struct book *book, const struct booked_payment *booked,
                              struct move *move)
{
    (void)snprintf(move->what, WHAT_SIZE, "payment %s: %s pays %s", booked->end_to_end,
                   name_of(book, booked->payment.from), name_of(book, booked->payment.to));
}

static void payment_account_of(const struct book *book, const struct booked_payment *booked,
                               struct partner_id partner, char account_out[ACCOUNT_SIZE])
{
    if (booked->ring_fenced)
        period_account(book, default_root, name_of(book, partner), account_out);
    else
        partner_account(book, partner, account_out);
}

static void coalition_payments(struct book *book)
{
    for (size_t i = 0; i < book->source->payment_count; i++) {
        const struct booked_payment *booked = &book->source->payments[i];
        struct move *move =
            add_move(book, book->source->paid_on, booked->currency, booked->payment.amount);
        put_payment_words(book, booked, move);
        payment_account_of(book, booked, booked->payment.from, move->to);
        payment_account_of(book, booked, booked->payment.to, move->from);
    }
}

static void coalition_taken(struct book *book)
{
    for (size_t i = 0; i < book->source->taken_count; i++) {
        const struct taken_over *taken = &book->source->taken[i];
        struct debt_move moves[TAKEN_MOVES_MAX];
        size_t count = taken_over_moves(taken, moves);
        for (size_t k = 0; k < count; k++) {
            struct move *move =
                add_move(book, book->source->defaulted_on, taken->currency, moves[k].amount);
            put_taken_words(book, taken, move);
            partner_account(book, moves[k].creditor, move->to);
            partner_account(book, moves[k].debtor, move->from);
        }
    }
}

/* What is ring-fenced leaves both partners' accounts. */
static void coalition_ring_fenced(struct book *book, const struct booked_payment *payments,
                                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct booked_payment *own = &payments[i];
        const struct partner_id parties[] = {own->payment.from, own->payment.to};
        for (size_t k = 0; k < ARRAY_SIZE(parties) && own->ring_fenced; k++) {
            struct move *move =
                add_move(book, book->source->defaulted_on, own->currency, own->payment.amount);
            (void)snprintf(move->what, WHAT_SIZE, "ring-fenced: %s owes %s",
                           name_of(book, own->payment.from), name_of(book, own->payment.to));
            partner_account(book, parties[k], k == 0 ? move->to : move->from);
            period_account(book, default_root, name_of(book, parties[k]),
                           k == 0 ? move->from : move->to);
        }
    }
}

/* What payments to come would bring a partner. */
static struct money to_come(const struct book *book, struct partner_id partner,
                            const char *currency, bool ring_fenced)
{
    struct money sum = {0};
    for (size_t i = 0; i < book->source->open_count; i++) {
        const struct booked_payment *own = &book->source->open[i];
        if (own->ring_fenced != ring_fenced || strcmp(own->currency, currency) != 0)
            continue;
        if (partner_equal(own->payment.to, partner))
            sum.v += own->payment.amount.v;
        if (partner_equal(own->payment.from, partner))
            sum.v -= own->payment.amount.v;
    }
    return sum;
}

static void coalition_last_holdings(struct book *book)
{
    const struct journal_source *source = book->source;
    char account[ACCOUNT_SIZE];
    for (size_t c = 0; c < source->currency_count; c++) {
        const char *currency = source->currencies[c].code;
        for (uint16_t i = 0; i < source->partner_count && has_default(book, currency); i++) {
            struct partner_id partner = {i};
            partner_account(book, partner, account);
            add_last_holding(book, account, currency, to_come(book, partner, currency, false));
            period_account(book, default_root, source->names[i], account);
            add_last_holding(book, account, currency, to_come(book, partner, currency, true));
        }
    }
}

/* ---- one partner's book -------------------------------------------------------------------- */

/* What it owes is an expense, or tax that it may deduct; what it is owed is income, or tax that it
 * must hand on. */
static void own_accounts(const struct book *book, const struct line *line, bool owes,
                         struct move *move)
{
    const char *word = book_class_word(line->book_class);
    const char *other = name_of(book, owes ? line->creditor : line->debtor);
    bool tax = line->book_class == BOOK_TAX;
    if (owes) {
        join(move->to, tax ? "Assets:Accrue:Input-tax" : "Expenses:Accrue",
             tax ? line->tax_code : word, tax ? "" : other);
        join(move->from, "Liabilities:Accrue:Payable", other, "");
    } else {
        join(move->to, "Assets:Accrue:Receivable", other, "");
        join(move->from, tax ? "Liabilities:Accrue:Output-tax" : "Income:Accrue",
             tax ? line->tax_code : word, tax ? "" : other);
    }
}

static void own_lines(struct book *book, struct partner_id self)
{
    for (size_t i = 0; i < book->source->closed->count; i++) {
        const struct line *line = &book->source->closed->at[i];
        bool owes = partner_equal(line->debtor, self);
        if (!owes && !partner_equal(line->creditor, self))
            continue;
        struct move *move = add_move(book, book->source->closed_on, line->currency, line->rounded);
        put_line_words(book, line, move);
        own_accounts(book, line, owes, move);
    }
}

/* What stands between `self` and each of the others goes into the account of the period. */
static void own_netting(struct book *book, struct partner_id self, const char *currency,
                        struct money *payable, struct money *receivable)
{
    const struct journal_source *source = book->source;
    for (size_t i = 0; i < source->partner_count; i++)
        payable[i].v = receivable[i].v = 0;
    for (size_t i = 0; i < source->closed->count; i++) {
        const struct line *line = &source->closed->at[i];
        if (strcmp(line->currency, currency) != 0)
            continue;
        if (partner_equal(line->debtor, self))
            payable[line->creditor.v].v += line->rounded.v;
        else if (partner_equal(line->creditor, self))
            receivable[line->debtor.v].v += line->rounded.v;
    }
    for (size_t i = 0; i < source->partner_count; i++) {
        if (payable[i].v != 0) {
            struct move *move = add_move(book, source->closed_on, currency, payable[i]);
            (void)snprintf(move->what, WHAT_SIZE, "netting: owed to %s", source->names[i]);
            join(move->to, "Liabilities:Accrue:Payable", source->names[i], "");
            settlement_account(book, move->from);
        }
        if (receivable[i].v != 0) {
            struct move *move = add_move(book, source->closed_on, currency, receivable[i]);
            (void)snprintf(move->what, WHAT_SIZE, "netting: owed by %s", source->names[i]);
            settlement_account(book, move->to);
            join(move->from, "Assets:Accrue:Receivable", source->names[i], "");
        }
    }
}

/* Where what is between the two stands, once it is netted: with one in default, apart. */
static void account_with(const struct book *book, struct partner_id self, struct partner_id other,
                         const char *currency, char account_out[ACCOUNT_SIZE])
{
    if (in_default(book, self, currency) || in_default(book, other, currency))
        period_account(book, default_root, name_of(book, other), account_out);
    else
        settlement_account(book, account_out);
}

static struct money position_with(const struct book *book, struct partner_id self,
                                  struct partner_id other, const char *currency)
{
    struct money sum = {0};
    for (size_t i = 0; i < book->source->closed->count; i++) {
        const struct line *line = &book->source->closed->at[i];
        if (strcmp(line->currency, currency) != 0)
            continue;
        if (partner_equal(line->debtor, other) && partner_equal(line->creditor, self))
            sum.v += line->rounded.v;
        if (partner_equal(line->debtor, self) && partner_equal(line->creditor, other))
            sum.v -= line->rounded.v;
    }
    return sum;
}

/* What was netted with one in default is netted no more. */
static void own_positions(struct book *book, struct partner_id self, const char *currency)
{
    const struct journal_source *source = book->source;
    for (uint16_t i = 0; i < source->partner_count; i++) {
        struct partner_id other = {i};
        struct money amount = position_with(book, self, other, currency);
        if (amount.v == 0 ||
            !(in_default(book, self, currency) || in_default(book, other, currency)))
            continue;
        struct move *move = add_move(book, source->defaulted_on, currency, amount);
        (void)snprintf(move->what, WHAT_SIZE, "default: not netted with %s", source->names[i]);
        account_with(book, self, other, currency, move->to);
        settlement_account(book, move->from);
    }
}

/* The other side of collateral that is used. */
static void collateral_account(const struct book *book, struct partner_id self,
                               const struct taken_over *taken, char account_out[ACCOUNT_SIZE])
{
    bool debtor = partner_equal(taken->debtor, self);
    period_account(book, debtor ? debtor_root : keeper_root,
                   debtor ? "" : name_of(book, taken->debtor), account_out);
}

static void own_taken(struct book *book, struct partner_id self)
{
    for (size_t i = 0; i < book->source->taken_count; i++) {
        const struct taken_over *taken = &book->source->taken[i];
        bool debtor = partner_equal(taken->debtor, self), by = partner_equal(taken->by, self),
             claimant = partner_equal(taken->claimant, self);
        if (!debtor && !by && !claimant)
            continue;
        struct move *move =
            add_move(book, book->source->defaulted_on, taken->currency, taken->amount);
        put_taken_words(book, taken, move);
        if (debtor) /* it owes the claimant less */
            account_with(book, self, taken->claimant, taken->currency, move->to);
        else if (by && taken->collateral)
            collateral_account(book, self, taken, move->to);
        else
            account_with(book, self, by ? taken->debtor : taken->by, taken->currency, move->to);
        if (debtor && taken->collateral)
            collateral_account(book, self, taken, move->from);
        else
            account_with(book, self,
                         debtor     ? taken->by
                         : claimant ? taken->debtor
                                    : taken->claimant,
                         taken->currency, move->from);
    }
}

/* Every account that a default has changed holds what is to come. */
static void own_last_holdings(struct book *book, struct partner_id self, const char *currency)
{
    const struct journal_source *source = book->source;
    char account[ACCOUNT_SIZE], own[ACCOUNT_SIZE];
    struct money netted = {0};
    for (uint16_t i = 0; i < source->partner_count; i++) {
        struct money open = {0};
        for (size_t k = 0; k < source->open_count; k++) {
            const struct payment *payment = &source->open[k].payment;
            if (strcmp(source->open[k].currency, currency) != 0)
                continue;
            if (partner_equal(payment->from, self) && payment->to.v == i)
                open.v -= payment->amount.v;
            if (partner_equal(payment->to, self) && payment->from.v == i)
                open.v += payment->amount.v;
        }
        account_with(book, self, (struct partner_id){i}, currency, account);
        settlement_account(book, own);
        if (strcmp(account, own) == 0)
            netted.v += open.v;
        else
            add_last_holding(book, account, currency, open);
    }
    settlement_account(book, own);
    add_last_holding(book, own, currency, netted);
}

static void own_payments(struct book *book, struct partner_id self)
{
    for (size_t i = 0; i < book->source->payment_count; i++) {
        const struct booked_payment *booked = &book->source->payments[i];
        bool pays = partner_equal(booked->payment.from, self);
        if (!pays && !partner_equal(booked->payment.to, self))
            continue;
        struct move *move =
            add_move(book, book->source->paid_on, booked->currency, booked->payment.amount);
        put_payment_words(book, booked, move);
        account_with(book, self, pays ? booked->payment.to : booked->payment.from, booked->currency,
                     pays ? move->to : move->from);
        join(pays ? move->from : move->to, "Assets:Bank", booked->currency, "");
    }
}

static void own_book(struct book *book, struct partner_id self, struct money *nets)
{
    const struct journal_source *source = book->source;
    struct money *more = allocate(source->partner_count, sizeof(*more));
    char account[ACCOUNT_SIZE];
    own_lines(book, self);
    settlement_account(book, account);
    for (size_t c = 0; c < source->currency_count; c++) {
        const char *currency = source->currencies[c].code;
        size_t before = book->move_count;
        own_netting(book, self, currency, nets, more);
        netting_nets(source->closed, currency, source->partner_count, nets);
        if (book->move_count > before)
            add_holding(book, source->closed_on, account, currency, nets[self.v]);
    }
    free(more);
    own_payments(book, self);
    for (size_t c = 0; c < source->currency_count; c++)
        own_positions(book, self, source->currencies[c].code);
    own_taken(book, self);
    for (size_t c = 0; c < source->currency_count; c++)
        if (has_default(book, source->currencies[c].code))
            own_last_holdings(book, self, source->currencies[c].code);
}

/* ---- the three forms ----------------------------------------------------------------------- */

struct pen {
    const struct journal_source *source;
    enum journal_form form;
    struct buffer *out;
};

static void format_amount(const struct pen *pen, const char *currency, struct money amount,
                          char text_out[MONEY_TEXT_SIZE])
{
    for (size_t i = 0; i < pen->source->currency_count; i++)
        if (strcmp(pen->source->currencies[i].code, currency) == 0) {
            money_format(amount, pen->source->currencies[i].minor_digits, text_out);
            return;
        }
    must(!"a line's currency has a rule");
}

/* Texts of a journal are made of names, words and numbers, and need no escapes but these. */
static void put_quoted(struct buffer *out, const char *text)
{
    buffer_append_byte(out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)*c);
    }
    buffer_append_byte(out, '"');
}

static void put_title(const struct pen *pen, const char *whose)
{
    buffer_printf(pen->out, "; %s, period %s of the coalition %s\n; checkpoint %s\n\n", whose,
                  pen->source->period, pen->source->coalition, pen->source->checkpoint);
}

static int compare_accounts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool of_one_period(const char *account)
{
    static const char settlement_root[] = "Assets:Accrue:Settlement";
    static const char *const roots[] = {settlement_root, default_root, keeper_root, debtor_root};
    for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
        size_t size = strlen(roots[i]);
        if (strncmp(account, roots[i], size) == 0 && account[size] == ':')
            return true;
    }
    return false;
}

static void put_account(const struct pen *pen, const char *account)
{
    char on[DATE_TEXT_SIZE];
    date_format(pen->source->closed_on, on);
    if (pen->form == JOURNAL_BEANCOUNT)
        buffer_printf(pen->out, "%s open %s\n", on, account);
    else
        buffer_printf(pen->out, "account %s\n", account);
}

static void put_commodities(const struct pen *pen)
{
    for (size_t i = 0; i < pen->source->currency_count; i++) {
        const struct currency_rule *rule = &pen->source->currencies[i];
        if (pen->form == JOURNAL_HLEDGER)
            buffer_printf(pen->out, "commodity 1000.%.*s %s\n", rule->minor_digits, "000",
                          rule->code);
        else if (pen->form == JOURNAL_LEDGER)
            buffer_printf(pen->out, "commodity %s\n", rule->code);
        else
            buffer_printf(pen->out, "option \"operating_currency\" \"%s\"\n", rule->code);
    }
}

static void put_declarations(const struct pen *pen, const struct book *book)
{
    const char **accounts = allocate(2 * book->move_count, sizeof(*accounts));
    for (size_t i = 0; i < book->move_count; i++) {
        accounts[2 * i] = book->moves[i].to;
        accounts[2 * i + 1] = book->moves[i].from;
    }
    if (book->move_count > 0)
        qsort(accounts, 2 * book->move_count, sizeof(*accounts), compare_accounts);
    if (pen->source->declare)
        put_commodities(pen);
    for (size_t i = 0; i < 2 * book->move_count; i++)
        if ((i == 0 || strcmp(accounts[i - 1], accounts[i]) != 0) &&
            (pen->source->declare || of_one_period(accounts[i])))
            put_account(pen, accounts[i]);
    buffer_append_byte(pen->out, '\n');
    free(accounts);
}

static void put_heading(const struct pen *pen, struct date on, const char *what)
{
    char day[DATE_TEXT_SIZE];
    date_format(on, day);
    if (pen->form == JOURNAL_BEANCOUNT) {
        buffer_printf(pen->out, "%s * \"Accrue %s\" ", day, pen->source->period);
        put_quoted(pen->out, what);
        buffer_append_byte(pen->out, '\n');
    } else {
        buffer_printf(pen->out, "%s * (%s) %s\n", day, pen->source->period, what);
    }
}

static void put_move(const struct pen *pen, const struct move *move)
{
    char to[MONEY_TEXT_SIZE], from[MONEY_TEXT_SIZE];
    format_amount(pen, move->currency, move->amount, to);
    format_amount(pen, move->currency, (struct money){-move->amount.v}, from);
    put_heading(pen, move->on, move->what);
    buffer_printf(pen->out, "  %-48s  %14s %s\n  %-48s  %14s %s\n\n", move->to, to, move->currency,
                  move->from, from, move->currency);
}

/* beancount's assertion is about the beginning of a day, and lets a cent pass unless it is told
 * otherwise; the others' is about the place in the file: it follows the moves of its day, and a
 * move of nothing carries it. */
static void put_holding(const struct pen *pen, const struct holding *holding)
{
    char amount[MONEY_TEXT_SIZE], nothing[MONEY_TEXT_SIZE], day[DATE_TEXT_SIZE];
    format_amount(pen, holding->currency, holding->amount, amount);
    format_amount(pen, holding->currency, (struct money){0}, nothing);
    if (pen->form == JOURNAL_BEANCOUNT) {
        date_format(date_from_days(date_to_days(holding->on) + 1), day);
        buffer_printf(pen->out, "%s balance %-48s  %14s ~ 0 %s\n", day, holding->account, amount,
                      holding->currency);
        return;
    }
    bool of_close = date_to_days(holding->on) == date_to_days(pen->source->closed_on);
    put_heading(pen, holding->on, of_close ? "balance of the period" : "still to be paid");
    buffer_printf(pen->out, "  %-48s  %14s %s = %s %s\n\n", holding->account, nothing,
                  holding->currency, amount, holding->currency);
}

/* Those of the close, or those that come last. */
static void put_holdings(const struct pen *pen, const struct book *book, bool of_close)
{
    for (size_t i = 0; i < book->holding_count; i++)
        if ((date_to_days(book->holdings[i].on) == date_to_days(book->source->closed_on)) ==
            of_close)
            put_holding(pen, &book->holdings[i]);
}

static bool put_book(const struct book *book, const char *whose, enum journal_form form,
                     struct buffer *out, struct error *error)
{
    const struct pen pen = {book->source, form, out};
    size_t next = 0;
    bool early = true;
    put_title(&pen, whose);
    put_declarations(&pen, book);
    for (; early && next < book->move_count; next += early) {
        early = date_to_days(book->moves[next].on) == date_to_days(book->source->closed_on);
        if (early)
            put_move(&pen, &book->moves[next]);
    }
    put_holdings(&pen, book, true);
    if (form == JOURNAL_BEANCOUNT)
        buffer_append_byte(out, '\n');
    for (; next < book->move_count; next++)
        put_move(&pen, &book->moves[next]);
    put_holdings(&pen, book, false);
    return !out->overflowed || error_set(error, ERROR_LIMIT, "the journal is too large");
}

static bool check_days(const struct journal_source *source, struct error *error)
{
    return ((source->payment_count == 0 ||
             date_to_days(source->paid_on) > date_to_days(source->closed_on)) &&
            (source->default_count == 0 ||
             date_to_days(source->defaulted_on) > date_to_days(source->closed_on))) ||
           error_set(error, ERROR_INVALID,
                     "journal: paid, or in default, before the day after the close");
}

bool journals_coalition(const struct journal_source *source, enum journal_form form,
                        struct buffer *out, struct error *error)
{
    struct book book = {.source = source};
    if (!check_days(source, error))
        return false;
    struct money *nets = allocate(source->partner_count, sizeof(*nets));
    coalition_lines(&book);
    coalition_holdings(&book, nets);
    coalition_payments(&book);
    coalition_taken(&book);
    coalition_ring_fenced(&book, source->payments, source->payment_count);
    coalition_ring_fenced(&book, source->open, source->open_count);
    coalition_last_holdings(&book);
    bool good = put_book(&book, "every partner", form, out, error);
    free(nets);
    book_release(&book);
    return good;
}

bool journals_partner(const struct journal_source *source, struct partner_id partner,
                      enum journal_form form, struct buffer *out, struct error *error)
{
    struct book book = {.source = source};
    if (!check_days(source, error))
        return false;
    struct money *nets = allocate(source->partner_count, sizeof(*nets));
    own_book(&book, partner, nets);
    bool good = put_book(&book, name_of(&book, partner), form, out, error);
    free(nets);
    book_release(&book);
    return good;
}
