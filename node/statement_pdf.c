#include "node/statement_pdf.h"

#include "node/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT_SIZE = 512,
    BAR_HEIGHT = 8,
    BARS_MAX = 12, /* partners by themselves in the chart; the rest is one bar */
    BAR_STEP = 20,
    BAR_NAME_WIDTH = 110,
    BAR_AMOUNT_WIDTH = 88,
    PART_GAP = 40,   /* above a further currency */
    PART_NEEDS = 260 /* its title, figures and the first table's head stay together */
};

/* What stands between the partner and one other. */
struct position {
    const char *name;
    struct money owed_to, owed_by;
};
struct drawing { /* of one currency */
    const struct statement *statement;
    bool alone; /* there is no other currency */
    struct paper *paper;
    struct statement_line *lines;
    size_t line_count;
    struct position *positions; /* by name */
    size_t position_count;
};

struct drawings {
    struct drawing *at;
    size_t count;
};

/* ---- words --------------------------------------------------------------------------------- */

/* "redemption-contra" as people read it. */
static const char *class_title(enum book_class book_class)
{
    switch (book_class) {
    case BOOK_REDEMPTION:
        return "Redemptions";
    case BOOK_REDEMPTION_CONTRA:
        return "Redemptions reversed";
    case BOOK_CLAW_BACK:
        return "Claw-backs";
    case BOOK_ISSUE_FEE:
        return "Issue fees";
    case BOOK_REDEMPTION_FEE:
        return "Redemption fees";
    case BOOK_NOTE:
        return "Store credit notes";
    case BOOK_DONATION:
        return "Donations";
    case BOOK_DISPUTE:
        return "Settled disputes";
    case BOOK_DISPUTE_FEE:
        return "Settled disputes about fees";
    case BOOK_TAX:
        return "Tax";
    case BOOK_CLASS_COUNT:
        break;
    }
    return "?";
}

static void amount(const struct statement *statement, struct money money,
                   char text_out[STATEMENT_AMOUNT_SIZE])
{
    char plain[STATEMENT_AMOUNT_SIZE];
    statement_amount(statement, money, plain);
    /* A minus as wide as a digit, so that columns stand straight. */
    (void)snprintf(text_out, STATEMENT_AMOUNT_SIZE, "%s%s", plain[0] == '-' ? "\xe2\x88\x92" : "",
                   plain + (plain[0] == '-'));
}

/* Nothing for nothing: an empty cell is easier to read. */
static void amount_or_blank(const struct statement *statement, struct money money,
                            char text_out[STATEMENT_AMOUNT_SIZE])
{
    text_out[0] = 0;
    if (money.v != 0)
        amount(statement, money, text_out);
}

static struct money absolute(struct money money)
{
    return (struct money){money.v < 0 ? -money.v : money.v};
}

static const struct statement_party *self(const struct drawing *drawing)
{
    return &drawing->statement->parties[drawing->statement->partner.v];
}

static void statement_number(const struct drawing *drawing, char text_out[TEXT_SIZE])
{
    (void)snprintf(text_out, TEXT_SIZE, "%s%s%s-%s", drawing->statement->period,
                   drawing->alone ? "-" : "", drawing->alone ? drawing->statement->currency : "",
                   self(drawing)->name);
}

/* "EUR", "EUR, SEK" */
static void put_currencies(const struct drawing *drawing, char text_out[TEXT_SIZE])
{
    size_t size = 0;
    text_out[0] = 0;
    for (const struct statement *at = drawing->statement; at && size < TEXT_SIZE; at = at->next)
        size += (size_t)snprintf(text_out + size, TEXT_SIZE - size, "%s%s", size > 0 ? ", " : "",
                                 at->currency);
}

/* Each part of a statement in several currencies says which one it is in, on every heading. */
static void put_heading(const struct drawing *drawing, const char *words, double with)
{
    char text[TEXT_SIZE];
    (void)snprintf(text, sizeof(text), drawing->alone ? "%s" : "%s, %s", words,
                   drawing->statement->currency);
    paper_heading(drawing->paper, text, with);
}

/* ---- the head ------------------------------------------------------------------------------ */

static void put_facts(struct drawing *drawing)
{
    const struct statement *statement = drawing->statement;
    char text[TEXT_SIZE], from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE];
    statement_number(drawing, text);
    letter_fact(drawing->paper, "Statement", text);
    date_format(statement->from, from);
    date_format(statement->to, to);
    (void)snprintf(text, sizeof(text), "%s to %s", from, to);
    letter_fact(drawing->paper, "Period", text);
    date_format(statement->issued, text);
    letter_fact(drawing->paper, "Issued", text);
    date_format(statement->due, text);
    letter_fact(drawing->paper, "Due", text);
    put_currencies(drawing, text);
    letter_fact(drawing->paper, drawing->alone ? "Currency" : "Currencies", text);
    letter_fact(drawing->paper, "State", statement->state);
}

static void put_addressee(struct drawing *drawing)
{
    struct paper *paper = drawing->paper;
    const struct statement_party *party = self(drawing);
    char text[TEXT_SIZE];
    paper_put(paper, PAPER_LEFT, 270, PAPER_ALIGN_LEFT, PAPER_BOLD, party->legal_name);
    paper_move(paper, 13);
    for (size_t i = 0; i < STATEMENT_ADDRESS_LINES && party->address[i]; i++) {
        paper_put(paper, PAPER_LEFT, 270, PAPER_ALIGN_LEFT, PAPER_TEXT, party->address[i]);
        paper_move(paper, 13);
    }
    if (party->tax_number) {
        (void)snprintf(text, sizeof(text), "VAT no. %s", party->tax_number);
        paper_put(paper, PAPER_LEFT, 270, PAPER_ALIGN_LEFT, PAPER_TEXT, text);
        paper_move(paper, 13);
    }
}

static void put_head(struct drawing *drawing)
{
    struct paper *paper = drawing->paper;
    letter_head(paper, &drawing->statement->issuer);
    double top = paper_y(paper);
    put_addressee(drawing);
    double end = paper_y(paper);
    paper_to(paper, top);
    put_facts(drawing);
    paper_to(paper, (end > paper_y(paper) ? end : paper_y(paper)) + 20);
    paper_put(paper, PAPER_LEFT, PAPER_INNER, PAPER_ALIGN_LEFT, PAPER_TITLE,
              "Statement of account");
    paper_move(paper, 32);
}

/* ---- figures and chart --------------------------------------------------------------------- */

static void put_figure(struct drawing *drawing, double x, const char *label, struct money money,
                       const char *below)
{
    struct paper *paper = drawing->paper;
    char text[STATEMENT_AMOUNT_SIZE], figure[TEXT_SIZE];
    double y = paper_y(paper);
    amount(drawing->statement, money, text);
    (void)snprintf(figure, sizeof(figure), "%s %s", drawing->statement->currency, text);
    paper_move(paper, 8);
    paper_put(paper, x, 150, PAPER_ALIGN_LEFT, PAPER_LABEL, label);
    paper_move(paper, 12);
    paper_put(paper, x, 152, PAPER_ALIGN_LEFT, PAPER_FIGURE, figure);
    paper_move(paper, 21);
    paper_put(paper, x, 152, PAPER_ALIGN_LEFT, PAPER_LABEL, below);
    paper_to(paper, y);
}

static void put_figures(struct drawing *drawing)
{
    struct statement_sums sums = statement_sums(drawing->statement);
    struct money net = {sums.owed_to.v - sums.owed_by.v};
    char due[DATE_TEXT_SIZE], below[TEXT_SIZE];
    date_format(drawing->statement->due, due);
    if (drawing->statement->sums) /* and not as it is here */
        (void)snprintf(below, sizeof(below), "by the lines: see Default");
    else
        (void)snprintf(below, sizeof(below), net.v == 0 ? "nothing is due%.0s" : "due on %s", due);
    paper_box(drawing->paper, PAPER_LEFT, PAPER_INNER, 58, PAPER_SHADE);
    put_figure(drawing, PAPER_LEFT + 12, "Owed to you", sums.owed_to, "by the other partners");
    put_figure(drawing, PAPER_LEFT + 178, "Owed by you", sums.owed_by, "to the other partners");
    put_figure(drawing, PAPER_LEFT + 344, net.v < 0 ? "You pay" : "You receive", absolute(net),
               below);
    paper_move(drawing->paper, 62);
}

/* Bars left of the middle are owed by the partner, right of it to it. What is negative (more was
 * reversed than made) counts on the other side. */
static void put_bar(struct drawing *drawing, const struct position *position, __int128 largest)
{
    struct paper *paper = drawing->paper;
    double room = (PAPER_INNER - BAR_NAME_WIDTH - 2 * BAR_AMOUNT_WIDTH) / 2.0;
    double middle = PAPER_LEFT + BAR_NAME_WIDTH + BAR_AMOUNT_WIDTH + room;
    struct money to = position->owed_to, by = position->owed_by;
    char text[STATEMENT_AMOUNT_SIZE];
    if (to.v < 0 || by.v < 0) {
        __int128 net = to.v - by.v;
        to.v = net > 0 ? net : 0;
        by.v = net < 0 ? -net : 0;
    }
    double right = room * (double)to.v / (double)largest;
    double left = room * (double)by.v / (double)largest;
    paper_put(paper, PAPER_LEFT, BAR_NAME_WIDTH, PAPER_ALIGN_LEFT, PAPER_TEXT, position->name);
    paper_move(paper, 2);
    paper_box(paper, middle - left, left, BAR_HEIGHT, PAPER_OWED_BY);
    paper_box(paper, middle, right, BAR_HEIGHT, PAPER_OWED_TO);
    paper_move(paper, -2);
    if (by.v != 0) {
        amount(drawing->statement, by, text);
        paper_put(paper, middle - left - BAR_AMOUNT_WIDTH - 4, BAR_AMOUNT_WIDTH, PAPER_ALIGN_RIGHT,
                  PAPER_SMALL, text);
    }
    if (to.v != 0) {
        amount(drawing->statement, to, text);
        paper_put(paper, middle + right + 4, BAR_AMOUNT_WIDTH, PAPER_ALIGN_LEFT, PAPER_SMALL, text);
    }
    paper_move(paper, BAR_STEP);
}

static __int128 size_of(const struct position *position)
{
    __int128 to = absolute(position->owed_to).v, by = absolute(position->owed_by).v;
    return to > by ? to : by;
}

static int compare_sizes(const void *a, const void *b)
{
    __int128 one = size_of(a), two = size_of(b);
    return one > two ? -1 : one < two;
}

/* The largest ones, and what is left of them in one bar. Returns how many there are. */
static size_t chart_bars(const struct drawing *drawing, struct position *bars)
{
    struct position *sorted = allocate(drawing->position_count, sizeof(*sorted));
    size_t count = 0;
    for (size_t i = 0; i < drawing->position_count; i++)
        sorted[i] = drawing->positions[i];
    qsort(sorted, drawing->position_count, sizeof(*sorted), compare_sizes);
    for (size_t i = 0; i < drawing->position_count; i++) {
        if (i < BARS_MAX) {
            bars[count++] = sorted[i];
            continue;
        }
        if (i == BARS_MAX)
            bars[count++] = (struct position){.name = "all others"};
        bars[BARS_MAX].owed_to.v += sorted[i].owed_to.v;
        bars[BARS_MAX].owed_by.v += sorted[i].owed_by.v;
    }
    free(sorted);
    return count;
}

static void put_chart(struct drawing *drawing)
{
    struct paper *paper = drawing->paper;
    struct position bars[BARS_MAX + 1];
    size_t count = chart_bars(drawing, bars);
    __int128 largest = 1;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        largest = size_of(&bars[i]) > largest ? size_of(&bars[i]) : largest;
    put_heading(drawing, "Between you and each partner", 20 + (double)count * BAR_STEP);
    double y = paper_y(paper) - 18;
    paper_to(paper, y);
    paper_box(paper, PAPER_RIGHT - 148, 7, 7, PAPER_OWED_BY);
    paper_box(paper, PAPER_RIGHT - 70, 7, 7, PAPER_OWED_TO);
    paper_move(paper, -2);
    paper_put(paper, PAPER_RIGHT - 138, 66, PAPER_ALIGN_LEFT, PAPER_LABEL, "owed by you");
    paper_put(paper, PAPER_RIGHT - 60, 60, PAPER_ALIGN_LEFT, PAPER_LABEL, "owed to you");
    paper_to(paper, y + 20);
    for (size_t i = 0; i < count; i++)
        put_bar(drawing, &bars[i], largest);
}

/* ---- tables -------------------------------------------------------------------------------- */

static void put_classes(struct drawing *drawing)
{
    static const struct paper_column columns[] = {
        {"For", 3, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Owed to you", 1.4, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"Owed by you", 1.4, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"Net", 1.4, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    const struct statement *statement = drawing->statement;
    struct paper_table table;
    char to[STATEMENT_AMOUNT_SIZE], by[STATEMENT_AMOUNT_SIZE], net[STATEMENT_AMOUNT_SIZE];
    put_heading(drawing, "By kind", 60);
    paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
    for (int i = 0; i < BOOK_CLASS_COUNT; i++) {
        struct statement_sums sums = statement_sums_of_class(statement, (enum book_class)i);
        if (sums.owed_to.v == 0 && sums.owed_by.v == 0)
            continue;
        amount_or_blank(statement, sums.owed_to, to);
        amount_or_blank(statement, sums.owed_by, by);
        amount(statement, (struct money){sums.owed_to.v - sums.owed_by.v}, net);
        paper_table_row(&table, (const char *[]){class_title((enum book_class)i), to, by, net});
    }
    struct statement_sums sums = statement_sums(statement);
    amount(statement, sums.owed_to, to);
    amount(statement, sums.owed_by, by);
    amount(statement, (struct money){sums.owed_to.v - sums.owed_by.v}, net);
    paper_table_sum(&table, (const char *[]){"Total", to, by, net});
    paper_table_end(&table);
}

static void put_line(const struct drawing *drawing, struct paper_table *table,
                     const struct statement_line *own, bool named)
{
    const struct statement *statement = drawing->statement;
    char exact[MONEY_TEXT_SIZE], to[STATEMENT_AMOUNT_SIZE] = "", by[STATEMENT_AMOUNT_SIZE] = "";
    named = paper_table_need(table) || named;
    money_format(own->line->exact, statement->minor_digits, exact);
    amount(statement, own->line->rounded, own->owed ? by : to);
    paper_table_row(table, (const char *[]){named ? statement->parties[own->other.v].name : "",
                                            class_title(own->line->book_class), own->line->tax_code,
                                            exact, to, by});
}

/* Every line, grouped by partner, with a sum where there is more than one. */
static void put_lines(struct drawing *drawing)
{
    static const struct paper_column columns[] = {
        {"Partner", 2, PAPER_ALIGN_LEFT, PAPER_BOLD},
        {"For", 2.7, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Tax code", 1, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Exact", 1.9, PAPER_ALIGN_RIGHT, PAPER_SMALL},
        {"Owed to you", 1.6, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"Owed by you", 1.6, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    struct paper_table table;
    size_t at = 0;
    if (drawing->line_count == 0)
        return;
    put_heading(drawing, "Line by line", 60);
    paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < drawing->position_count; i++) {
        const struct position *position = &drawing->positions[i];
        char to[STATEMENT_AMOUNT_SIZE], by[STATEMENT_AMOUNT_SIZE];
        size_t first = at;
        for (; at < drawing->line_count &&
               partner_equal(drawing->lines[at].other, drawing->lines[first].other);
             at++)
            put_line(drawing, &table, &drawing->lines[at], at == first);
        if (at - first < 2)
            continue;
        amount_or_blank(drawing->statement, position->owed_to, to);
        amount_or_blank(drawing->statement, position->owed_by, by);
        const char *name = paper_table_need(&table) ? position->name : "";
        paper_table_sum(&table, (const char *[]){name, "Sum", "", "", to, by});
    }
    paper_table_end(&table);
    paper_move(drawing->paper, 2);
    paper_paragraph(drawing->paper, PAPER_SMALL,
                    "Each line is the exact sum of what the ledger recorded, rounded once to the "
                    "currency's smallest unit, half to even.");
}

static void put_fee(const struct drawing *drawing, struct paper_table *table,
                    const struct statement_line *own)
{
    const struct statement *statement = drawing->statement;
    const struct line *line = own->line;
    char rate[24] = "", net[STATEMENT_AMOUNT_SIZE] = "", tax[STATEMENT_AMOUNT_SIZE] = "";
    int rate_bp = line->tax_code[0] ? statement_tax_rate_bp(statement, line->tax_code) : -1;
    if (rate_bp >= 0)
        (void)snprintf(rate, sizeof(rate), rate_bp % 100 ? "%d.%02d %%" : "%d %%", rate_bp / 100,
                       rate_bp % 100);
    amount(statement, line->rounded, line->book_class == BOOK_TAX ? tax : net);
    paper_table_row(table, (const char *[]){statement->parties[line->creditor.v].name,
                                            statement->parties[line->debtor.v].name,
                                            class_title(line->book_class), line->tax_code, rate,
                                            net, tax});
}

static void put_fees(struct drawing *drawing)
{
    static const struct paper_column columns[] = {
        {"Supplier", 1.45, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Customer", 1.45, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"For", 2.6, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Tax code", 1, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Rate", 0.85, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"Before tax", 1.4, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"Tax", 1.3, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    struct paper_table table;
    struct money net = {0}, tax = {0};
    char net_text[STATEMENT_AMOUNT_SIZE], tax_text[STATEMENT_AMOUNT_SIZE];
    bool begun = false;
    for (size_t i = 0; i < drawing->line_count; i++) {
        const struct line *line = drawing->lines[i].line;
        bool is_tax = line->book_class == BOOK_TAX;
        if (!statement_line_invoiced(line))
            continue;
        if (!begun) {
            put_heading(drawing, "Fees and tax", 60);
            paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
            begun = true;
        }
        put_fee(drawing, &table, &drawing->lines[i]);
        *(is_tax ? &tax : &net) = (struct money){(is_tax ? tax.v : net.v) + line->rounded.v};
    }
    if (!begun)
        return;
    amount(drawing->statement, net, net_text);
    amount(drawing->statement, tax, tax_text);
    paper_table_sum(&table, (const char *[]){"Total", "", "", "", "", net_text, tax_text});
    paper_table_end(&table);
}

static void put_disputed(struct drawing *drawing)
{
    char text[DISPUTED_WORDS_SIZE];
    statement_disputed_words(drawing->statement, text);
    if (!text[0])
        return;
    put_heading(drawing, "Disputed", 40);
    paper_paragraph(drawing->paper, PAPER_TEXT, text);
}

/* Rows owe, columns are owed. */
static void put_matrix(struct drawing *drawing)
{
    const struct statement *statement = drawing->statement;
    struct paper_column columns[STATEMENT_MATRIX_MAX + 2];
    char cells[STATEMENT_MATRIX_MAX + 1][STATEMENT_AMOUNT_SIZE];
    const char *row[STATEMENT_MATRIX_MAX + 2];
    struct paper_table table;
    size_t count = statement->party_count;
    if (count > STATEMENT_MATRIX_MAX)
        return;
    put_heading(drawing, "Who owes whom", 20 + 16 * (double)(count + 1));
    columns[0] = (struct paper_column){"owes \xe2\x86\x93   is owed \xe2\x86\x92", 1.3,
                                       PAPER_ALIGN_LEFT, PAPER_BOLD};
    for (size_t i = 0; i < count; i++)
        columns[i + 1] =
            (struct paper_column){statement->parties[i].name, 1, PAPER_ALIGN_RIGHT, PAPER_TEXT};
    columns[count + 1] = (struct paper_column){"all", 1, PAPER_ALIGN_RIGHT, PAPER_BOLD};
    paper_table_begin(&table, drawing->paper, columns, count + 2);
    for (uint16_t debtor = 0; debtor < count; debtor++) {
        struct money sum = {0};
        row[0] = statement->parties[debtor].name;
        for (uint16_t creditor = 0; creditor < count; creditor++) {
            struct money owed = statement_owed(statement, (struct partner_id){debtor},
                                               (struct partner_id){creditor});
            sum.v += owed.v;
            amount_or_blank(statement, owed, cells[creditor]);
            row[creditor + 1] = cells[creditor];
        }
        amount(statement, sum, cells[count]);
        row[count + 1] = cells[count];
        paper_table_row(&table, row);
    }
    paper_table_end(&table);
}

static void put_nets(struct drawing *drawing)
{
    static const struct paper_column columns[] = {{"Partner", 2, PAPER_ALIGN_LEFT, PAPER_TEXT},
                                                  {"Company", 3, PAPER_ALIGN_LEFT, PAPER_TEXT},
                                                  {"Receives", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT},
                                                  {"Pays", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    const struct statement *statement = drawing->statement;
    struct money *nets = allocate(statement->party_count, sizeof(*nets));
    struct paper_table table;
    netting_nets(statement->closed, statement->currency, statement->party_count, nets);
    put_heading(drawing, "Nets of all partners", 60);
    paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < statement->party_count; i++) {
        const struct statement_party *party = &statement->parties[i];
        char text[STATEMENT_AMOUNT_SIZE];
        amount(statement, absolute(nets[i]), text);
        paper_table_row(&table,
                        (const char *[]){party->name, party->legal_name, nets[i].v >= 0 ? text : "",
                                         nets[i].v < 0 ? text : ""});
    }
    paper_table_end(&table);
    free(nets);
}

static void put_payment(const struct drawing *drawing, struct paper_table *table,
                        const struct statement_payment *payment)
{
    const struct statement *statement = drawing->statement;
    char text[STATEMENT_AMOUNT_SIZE], iban[IBAN_TEXT_SIZE] = "";
    amount(statement, payment->payment.amount, text);
    if (payment->to)
        iban_format(payment->to->iban, iban);
    paper_table_row(table,
                    (const char *[]){statement->parties[payment->payment.from.v].name,
                                     payment->to ? payment->to->holder
                                                 : statement->parties[payment->payment.to.v].name,
                                     payment->to ? iban : "no effective account",
                                     payment->end_to_end, text});
}

/* Of the partner, due on that day, or ring-fenced where that is NULL; void ones are not owed. */
static bool is_own(const struct statement *statement, const struct statement_payment *payment,
                   const struct date *due)
{
    return !payment->is_void &&
           (due ? !payment->ring_fenced && date_to_days(payment->due) == date_to_days(*due)
                : payment->ring_fenced) &&
           (partner_equal(payment->payment.from, statement->partner) ||
            partner_equal(payment->payment.to, statement->partner));
}

static void put_payments_of(struct drawing *drawing, const struct date *due, const char *title,
                            const char *note)
{
    static const struct paper_column columns[] = {
        {"From", 1.05, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"To", 2, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Account (IBAN)", 2.7, PAPER_ALIGN_LEFT, PAPER_MONO},
        {"Reference (EndToEndId)", 2.6, PAPER_ALIGN_LEFT, PAPER_MONO},
        {"Amount", 1.25, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    const struct statement *statement = drawing->statement;
    struct paper_table table;
    size_t own = 0;
    for (size_t i = 0; i < statement->payment_count; i++)
        own += is_own(statement, &statement->payments[i], due);
    if (own == 0)
        return;
    put_heading(drawing, title, 60);
    paper_paragraph(drawing->paper, PAPER_SMALL, note);
    paper_move(drawing->paper, 6);
    paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < statement->payment_count; i++)
        if (is_own(statement, &statement->payments[i], due))
            put_payment(drawing, &table, &statement->payments[i]);
    paper_table_end(&table);
}

/* Those that a default has made are due on a day of their own. */
static bool is_first_of_day(const struct statement *statement, size_t payment)
{
    const struct date *due = &statement->payments[payment].due;
    for (size_t i = 0; i < payment; i++)
        if (is_own(statement, &statement->payments[i], due))
            return false;
    return is_own(statement, &statement->payments[payment], due);
}

static void put_payments(struct drawing *drawing)
{
    const struct statement *statement = drawing->statement;
    char due[DATE_TEXT_SIZE], text[TEXT_SIZE];
    for (size_t i = 0; i < statement->payment_count; i++) {
        if (!is_first_of_day(statement, i))
            continue;
        date_format(statement->payments[i].due, due);
        (void)snprintf(text, sizeof(text),
                       "To be sent by %s with the reference as it stands: banks hand it on, and "
                       "the receiver confirms the payment by it.",
                       due);
        put_payments_of(drawing, &statement->payments[i].due, "Your payments", text);
    }
    put_payments_of(drawing, NULL, "Your ring-fenced payments",
                    "Of and to partners in default, or paid back: apart from the netting and "
                    "without a day, with the reference as it stands.");
}

/* ---- defaults ------------------------------------------------------------------------------ */

static void put_taken(struct drawing *drawing)
{
    const struct statement *statement = drawing->statement;
    char amount_text[STATEMENT_AMOUNT_SIZE], text[TAKEN_WORDS_SIZE];
    for (size_t i = 0; i < statement->taken_count; i++) {
        const struct taken_over *taken = &statement->taken[i];
        const struct taken_names names = {statement->parties[taken->debtor.v].name,
                                          statement->parties[taken->claimant.v].name,
                                          statement->parties[taken->by.v].name};
        amount(statement, taken->amount, amount_text);
        taken_over_words(taken, &names, amount_text, text);
        paper_paragraph(drawing->paper, PAPER_TEXT, text);
    }
}

static void put_positions(struct drawing *drawing)
{
    static const struct paper_column columns[] = {
        {"Partner", 2, PAPER_ALIGN_LEFT, PAPER_TEXT},
        {"Net", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"+ Collateral", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"= Netted", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT},
        {"+ Ring-fenced", 1.5, PAPER_ALIGN_RIGHT, PAPER_TEXT}};
    const struct statement *statement = drawing->statement;
    struct paper_table table;
    paper_table_begin(&table, drawing->paper, columns, ARRAY_SIZE(columns));
    for (size_t i = 0; i < statement->party_count; i++) {
        const struct default_sums *sums = &statement->sums[i];
        char text[4][STATEMENT_AMOUNT_SIZE];
        amount(statement, sums->net, text[0]);
        amount(statement, sums->collateral, text[1]);
        amount(statement, sums->netted, text[2]);
        amount(statement, sums->ring_fenced, text[3]);
        paper_table_row(&table, (const char *[]){statement->parties[i].name, text[0], text[1],
                                                 text[2], text[3]});
    }
    paper_table_end(&table);
}

/* Who does not pay, who bears what of it, and how nets become payments. */
static void put_default(struct drawing *drawing)
{
    const struct statement *statement = drawing->statement;
    char text[TEXT_SIZE];
    if (!statement->sums)
        return;
    put_heading(drawing, "Default", 60);
    for (size_t i = 0; i < statement->default_count; i++) {
        (void)snprintf(text, sizeof(text), "%s is in default of what it owes in %s.",
                       statement->parties[statement->defaults[i].partner.v].name,
                       statement->currency);
        paper_paragraph(drawing->paper, PAPER_TEXT, text);
    }
    put_taken(drawing);
    paper_move(drawing->paper, 6);
    paper_paragraph(drawing->paper, PAPER_SMALL,
                    "What each receives, or pays with a minus: the net of the lines, and what "
                    "collateral has paid, come to the payments that are netted and those that are "
                    "ring-fenced, made or to be made. Void payments are part of neither.");
    paper_move(drawing->paper, 6);
    put_positions(drawing);
}

static struct letter_source source_of(const struct statement *statement)
{
    return (struct letter_source){.coalition = statement->coalition,
                                  .origin = statement->checkpoint_origin,
                                  .records = statement->checkpoint_size,
                                  .root = statement->checkpoint_root,
                                  .digest =
                                      hash_is_zero(&statement->totals) ? NULL : &statement->totals,
                                  .digest_name = "totals"};
}

static void put_checkpoint(struct drawing *drawing)
{
    struct letter_source source = source_of(drawing->statement);
    bool known = source.digest != NULL;
    letter_checkpoint(drawing->paper, &source, "How to check this statement",
                      known ? "Every figure follows from the coalition's ledger up to the "
                              "checkpoint below, and from the disputes. Anyone can recompute it "
                              "from the records: accrue audit. What partners sign of it is the "
                              "digest named totals."
                            : "The period's last figures are not known yet: these are what the "
                              "coalition's ledger has up to the checkpoint below, and may "
                              "change.");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void add_positions(struct drawing *drawing)
{
    drawing->positions = allocate(drawing->line_count, sizeof(*drawing->positions));
    for (size_t i = 0; i < drawing->line_count; i++) {
        const struct statement_line *own = &drawing->lines[i];
        if (i == 0 || !partner_equal(drawing->lines[i - 1].other, own->other))
            drawing->positions[drawing->position_count++].name =
                drawing->statement->parties[own->other.v].name;
        struct position *position = &drawing->positions[drawing->position_count - 1];
        *(own->owed ? &position->owed_by : &position->owed_to) = (struct money){
            (own->owed ? position->owed_by.v : position->owed_to.v) + own->line->rounded.v};
    }
}

/* One a currency; release() them. */
static struct drawings prepare(const struct statement *statement)
{
    struct drawings drawings = {.count = 0};
    for (const struct statement *at = statement; at; at = at->next)
        drawings.count++;
    drawings.at = allocate(drawings.count, sizeof(*drawings.at));
    for (size_t i = 0; i < drawings.count; i++, statement = statement->next) {
        struct drawing *drawing = &drawings.at[i];
        drawing->statement = statement;
        drawing->alone = drawings.count == 1;
        drawing->line_count = statement_lines(statement, &drawing->lines);
        add_positions(drawing);
    }
    return drawings;
}

static void release(struct drawings *drawings)
{
    for (size_t i = 0; i < drawings->count; i++) {
        free(drawings->at[i].lines);
        free(drawings->at[i].positions);
    }
    free(drawings->at);
}

static void put_part(struct drawing *drawing)
{
    put_figures(drawing);
    put_chart(drawing);
    put_classes(drawing);
    put_payments(drawing);
    put_default(drawing);
    put_lines(drawing);
    put_disputed(drawing);
    put_fees(drawing);
    put_matrix(drawing);
    put_nets(drawing);
}

/* One after the other; where there are several, each below its title. */
static void put_parts(void *context, struct paper *paper)
{
    const struct drawings *drawings = (const struct drawings *)context;
    char title[TEXT_SIZE];
    for (size_t i = 0; i < drawings->count; i++)
        drawings->at[i].paper = paper;
    put_head(&drawings->at[0]);
    for (size_t i = 0; i < drawings->count; i++) {
        if (drawings->count > 1) {
            paper_move(paper, i > 0 ? PART_GAP : 0);
            paper_need(paper, PART_NEEDS);
            (void)snprintf(title, sizeof(title), "In %s", drawings->at[i].statement->currency);
            paper_put(paper, PAPER_LEFT, PAPER_INNER, PAPER_ALIGN_LEFT, PAPER_TITLE, title);
            paper_move(paper, 32);
        }
        put_part(&drawings->at[i]);
    }
    put_checkpoint(&drawings->at[0]);
}

bool statement_pdf(const struct statement *statement, struct buffer *out, struct error *error)
{
    struct letter_source source = source_of(statement);
    char title[TEXT_SIZE], number[TEXT_SIZE], footer[LETTER_FOOTER_SIZE], issued[DATE_TEXT_SIZE];
    if (!statement_check(statement, error))
        return false;
    struct drawings drawings = prepare(statement);
    statement_number(&drawings.at[0], number);
    date_format(statement->issued, issued);
    (void)snprintf(title, sizeof(title), "Statement %.200s", number);
    letter_footer(&source, number, footer);
    struct paper_about about = {.title = title,
                                .author = statement->issuer.legal_name,
                                .date = issued,
                                .footer = footer,
                                .banner = statement->sandbox ? LETTER_SANDBOX : NULL};
    bool good = paper_write(&about, put_parts, &drawings, STATEMENT_PDF_MAX, out, error);
    release(&drawings);
    return good;
}
