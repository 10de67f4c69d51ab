// links: node
/* Statements: their sums, their CSV, and the PDF, which poppler reads where it is installed. */
#include "unit/books.h"
#include "unit/pdf.h"

#include "node/csv.h"
#include "node/paper.h"
#include "node/statement_pdf.h"

#include <unistd.h>

static const struct payment_account accounts[EXAMPLE_PARTNERS] = {
    {"Green Grocer AG", "AT611904300234573201", "BKAUATWWXXX", 1},
    {"Books + More Ltd", "IE29AIBK93115212345678", "AIBKIE2DXXX", 1},
    {"Lux Cinemas GmbH", "DE89370400440532013000", "COBADEFFXXX", 1},
    {"High Street Services", "NL91ABNA0417164300", "ABNANL2AXXX", 1}};

static const struct statement_party parties[EXAMPLE_PARTNERS] = {
    {"grocer", "Green Grocer AG", {"Marktplatz 1", "1010 Wien", "Austria"}, "ATU12345678"},
    {"books", "Books & More Ltd", {"12 Dawson Street", "Dublin 2", "Ireland"}, "IE1234567T"},
    {"cinema", "Lux Cinemas GmbH", {"Filmgasse 7", "50667 K\xc3\xb6ln", "Germany"}, "DE123456789"},
    {"operator",
     "High Street Services B.V.",
     {"Keizersgracht 100", "Amsterdam"},
     "NL123456789B01"}};

struct world {
    struct lines exact, closed;
    struct statement_payment payments[EXAMPLE_PARTNERS];
    struct statement statement;
};

/* The period of lines that are in world->exact. */
static void world_close(struct world *world)
{
    struct money nets[EXAMPLE_PARTNERS];
    struct payment payments[EXAMPLE_PARTNERS];
    for (size_t i = 0; i < world->exact.count; i++)
        if (book_class_is_fee(world->exact.at[i].book_class))
            memcpy(world->exact.at[i].tax_code, "AT-20", 6);
    close_books(&world->exact, &world->closed);
    netting_nets(&world->closed, "EUR", EXAMPLE_PARTNERS, nets);
    size_t count = netting_payments(example_names, nets, EXAMPLE_PARTNERS, payments);
    for (size_t i = 0; i < count; i++) {
        world->payments[i].payment = payments[i];
        world->payments[i].to = &accounts[payments[i].to.v];
        world->payments[i].state = "due";
        world->payments[i].due = (struct date){2026, 11, 6};
        end_to_end_make(&(struct payment_name){.period = 12,
                                               .currency = "EUR",
                                               .from = example_names[payments[i].from.v],
                                               .to = example_names[payments[i].to.v],
                                               .attempt = 1},
                        world->payments[i].end_to_end);
    }
    world->statement =
        (struct statement){.coalition = "high-street",
                           .issuer = {"operator",
                                      "High Street Rewards",
                                      {"High Street Services B.V.", "Keizersgracht 100",
                                       "1015 Amsterdam", "settlement@high-street.example"},
                                      "NL123456789B01"},
                           .period = "2026-10",
                           .from = {2026, 10, 1},
                           .to = {2026, 10, 31},
                           .issued = {2026, 11, 4},
                           .due = {2026, 11, 6},
                           .state = "final",
                           .currency = "EUR",
                           .minor_digits = 2,
                           .checkpoint_origin = "ledger.high-street.example/coalition",
                           .checkpoint_size = 1204711,
                           .checkpoint_root = hash_bytes(bytes_text("root")),
                           .totals = hash_bytes(bytes_text("totals")),
                           .parties = parties,
                           .party_count = EXAMPLE_PARTNERS,
                           .closed = &world->closed,
                           .taxes = book_taxes,
                           .tax_count = 3,
                           .payments = world->payments,
                           .payment_count = count};
}

static void world_release(struct world *world)
{
    lines_release(&world->exact);
    lines_release(&world->closed);
}

static void world_b(struct world *world)
{
    memset(world, 0, sizeof(*world));
    example_b(&world->exact, 0);
    world_close(world);
}

/* ---- sums ---------------------------------------------------------------------------------- */

CASE(sums_are_those_of_the_lines)
{
    struct world world;
    world_b(&world);
    struct statement_sums sums = statement_sums(&world.statement);
    CHECK_INT(sums.owed_to.v, euro4(31500000)); /* 2,700 + 450 */
    CHECK_INT(sums.owed_by.v, euro4(65700000)); /* 3,600 + 2,250 + 600 + 120 of tax */
    sums = statement_sums_of_class(&world.statement, BOOK_REDEMPTION);
    CHECK_INT(sums.owed_by.v, euro4(58500000));
    sums = statement_sums_of_class(&world.statement, BOOK_TAX);
    CHECK_INT(sums.owed_by.v, euro4(1200000));
    CHECK_INT(
        statement_owed(&world.statement, (struct partner_id){BOOKS}, (struct partner_id){CINEMA}).v,
        euro4(7200000));
    world.statement.partner.v = OPERATOR;
    sums = statement_sums(&world.statement);
    CHECK_INT(sums.owed_to.v, euro4(12960000));
    CHECK_INT(sums.owed_by.v, 0);
    world_release(&world);
}

CASE(lines_stand_in_order_of_the_other_partners_names)
{
    struct world world;
    struct statement_line *lines;
    world_b(&world);
    REQUIRE(statement_lines(&world.statement, &lines) == 6);
    static const uint16_t others[] = {BOOKS, BOOKS, CINEMA, CINEMA, OPERATOR, OPERATOR};
    for (size_t i = 0; i < 6; i++)
        CHECK_INT(lines[i].other.v, others[i]);
    CHECK_INT(lines[4].line->book_class, BOOK_ISSUE_FEE);
    CHECK_INT(lines[5].line->book_class, BOOK_TAX);
    free(lines);
    world_release(&world);
}

CASE(amounts_are_grouped_by_thousands)
{
    static const struct {
        __int128 ten_thousandths;
        const char *text;
    } cases[] = {{0, "0.00"},
                 {100, "0.01"},
                 {9990000, "999.00"},
                 {10000000, "1,000.00"},
                 {-10000000, "-1,000.00"},
                 {-9990000, "-999.00"},
                 {(__int128)INT64_C(1234567890) * 10000, "1,234,567,890.00"}};
    struct statement statement = {.minor_digits = 2};
    char text[STATEMENT_AMOUNT_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        statement_amount(&statement, (struct money){cases[i].ten_thousandths * 1000000}, text);
        CHECK_TEXT(text, cases[i].text);
    }
    statement.minor_digits = 0;
    statement_amount(&statement, (struct money){(__int128)1234567 * 10000000000}, text);
    CHECK_TEXT(text, "1,234,567");
    statement_amount(&statement, (struct money){-2 * LINE_AMOUNT_MAX * LINES_MAX}, text);
    CHECK(strlen(text) < STATEMENT_AMOUNT_SIZE - 1);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* One cell of a file that must be read whole; rows and columns from 0, with the heading. */
static void cell(struct buffer *file, size_t row, const char *column, char text_out[256])
{
    static struct csv csv;
    struct error error;
    enum csv_result result = CSV_END;
    size_t place = SIZE_MAX;
    csv_init(&csv, buffer_bytes(file), ',');
    for (size_t at = 0; at <= row; at++) {
        result = csv_next(&csv, &error);
        REQUIRE(result == CSV_ROW);
        for (size_t i = 0; at == 0 && i < csv.count; i++)
            if (strcmp(csv.fields[i], column) == 0)
                place = i;
    }
    REQUIRE(place < csv.count);
    snprintf(text_out, 256, "%s", csv.fields[place]);
}

static void check_cell(struct buffer *file, size_t row, const char *column, const char *expected)
{
    char text[256];
    cell(file, row, column, text);
    CHECK_TEXT(text, expected);
}

static size_t rows(struct buffer *file)
{
    static struct csv csv;
    size_t count = 0;
    csv_init(&csv, buffer_bytes(file), ',');
    while (csv_next(&csv, NULL) == CSV_ROW)
        count++;
    return count;
}

CASE(the_csv_has_a_row_a_line_and_names_its_checkpoint)
{
    struct world world;
    struct buffer out;
    world_b(&world);
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_lines(&world.statement, &out);
    CHECK_INT(rows(&out), 7);
    check_cell(&out, 1, "period", "2026-10");
    check_cell(&out, 1, "checkpoint_size", "1204711");
    check_cell(&out, 1, "checkpoint_root", "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=");
    check_cell(&out, 1, "totals",
               "fee6900ff6559f149214c86103a9ff56d26deb1923a74e3bcdc0625ccd1b2a49");
    check_cell(&out, 1, "debtor", "books");
    check_cell(&out, 1, "creditor", "grocer");
    check_cell(&out, 1, "class", "redemption");
    check_cell(&out, 1, "amount", "2700.00");
    check_cell(&out, 2, "debtor", "grocer");
    check_cell(&out, 2, "amount", "3600.00");
    check_cell(&out, 6, "class", "tax");
    check_cell(&out, 6, "tax_code", "AT-20");
    check_cell(&out, 6, "amount", "120.00");
    CHECK(strstr(buffer_text(&out), "\r\n"));
    buffer_release(&out);
    world_release(&world);
}

CASE(matrix_nets_payments_and_fees_have_their_files)
{
    struct world world;
    struct buffer out;
    world_b(&world);
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_matrix(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 9);
    check_cell(&out, 3, "creditor", "operator");
    check_cell(&out, 3, "amount", "720.00");
    buffer_clear(&out);
    statement_csv_nets(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + EXAMPLE_PARTNERS);
    check_cell(&out, 1, "net", "-3420.00");
    check_cell(&out, 4, "net", "1296.00");
    buffer_clear(&out);
    statement_csv_payments(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 3);
    check_cell(&out, 1, "to", "operator");
    check_cell(&out, 1, "amount", "1296.00");
    check_cell(&out, 1, "iban", "NL91ABNA0417164300");
    check_cell(&out, 1, "due", "2026-11-06");
    buffer_clear(&out);
    statement_csv_fees(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 2);
    check_cell(&out, 1, "supplier_name", "High Street Services B.V.");
    check_cell(&out, 1, "customer_tax_number", "ATU12345678");
    check_cell(&out, 1, "tax_percent", "20.00");
    check_cell(&out, 1, "amount", "600.00");
    check_cell(&out, 2, "class", "tax");
    check_cell(&out, 2, "amount", "120.00");
    buffer_release(&out);
    world_release(&world);
}

/* Tax without what it is a tax on would be no invoice. */
CASE(what_is_taxed_stands_beside_its_tax)
{
    struct world world;
    struct buffer out;
    world_b(&world);
    for (size_t i = 0; i < world.closed.count; i++) {
        struct line *line = &world.closed.at[i];
        if (line->debtor.v == GROCER && line->creditor.v == CINEMA)
            memcpy(line->tax_code, "AT-10", sizeof("AT-10"));
    }
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_fees(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 3);
    check_cell(&out, 1, "supplier", "cinema");
    check_cell(&out, 1, "class", "redemption");
    check_cell(&out, 1, "tax_code", "AT-10");
    buffer_release(&out);
    world_release(&world);
}

CASE(what_is_left_out_as_disputed_is_said)
{
    struct world world;
    char text[DISPUTED_WORDS_SIZE];
    world_b(&world);
    statement_disputed_words(&world.statement, text);
    CHECK_TEXT(text, "");
    world.statement.disputed_count = 2;
    world.statement.disputed_by.v = euro4(4500001);
    statement_disputed_words(&world.statement, text);
    CHECK_TEXT(text,
               "Left out of this period as disputed: 2 lines, exactly EUR 0.00 owed to you and "
               "EUR 450.0001 owed by you. The register of disputes has each.");
    world_release(&world);
}

/* What a spreadsheet would run is text; what would break a row is quoted. */
CASE(names_that_people_typed_do_no_harm_in_a_csv)
{
    static struct statement_party changed[EXAMPLE_PARTNERS];
    struct world world;
    struct buffer out;
    world_b(&world);
    memcpy(changed, parties, sizeof(changed));
    changed[OPERATOR].legal_name = "=cmd|' /C calc'!A0";
    changed[GROCER].legal_name = "Fruit, \"Veg\" & Co";
    world.statement.parties = changed;
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_fees(&world.statement, &out);
    check_cell(&out, 1, "supplier_name", "'=cmd|' /C calc'!A0");
    check_cell(&out, 1, "customer_name", "Fruit, \"Veg\" & Co");
    buffer_release(&out);
    world_release(&world);
}

/* ---- PDF ----------------------------------------------------------------------------------- */

static void make_pdf(const struct statement *statement, struct buffer *out)
{
    struct error error;
    buffer_init(out, STATEMENT_PDF_MAX);
    if (!statement_pdf(statement, out, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
}

CASE(the_pdf_says_what_the_statement_says)
{
    static const char *const parts[] = {
        "High Street Rewards",
        "Statement of account",
        "2026-10-EUR-grocer",
        "2026-10-01 to 2026-10-31",
        "Green Grocer AG",
        "VAT no. ATU12345678",
        "EUR 3,150.00",
        "EUR 6,570.00",
        "EUR 3,420.00",
        "You pay",
        "due on 2026-11-06",
        "NL91 ABNA 0417 1643 00",
        "1,296.00",
        "AT-20",
        "20 %",
        "Who owes whom",
        "ledger.high-street.example/coalition",
        "1204711",
        "SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=",
        "totals fee6900ff6559f149214c86103a9ff56d26deb1923a74e3bcdc0625ccd1b2a49",
        "accrue audit",
        "Page 1 of 2",
        "Page 2 of 2"};
    struct world world;
    struct buffer pdf, again, text;
    world_b(&world);
    make_pdf(&world.statement, &pdf);
    CHECK(pdf.size > 1000 && memcmp(pdf.at, "%PDF-", 5) == 0);
    make_pdf(&world.statement, &again);
    CHECK(bytes_equal(buffer_bytes(&pdf), buffer_bytes(&again)));
    if (pdf_readable()) {
        pdf_read(&pdf, "grocer", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        buffer_release(&text);
    }
    buffer_release(&pdf);
    buffer_release(&again);
    world_release(&world);
}

/* Worked example B, and in yen: the grocer owes the cinema 12,345.5, which is 12,346 half to even,
 * and is owed 1,000 by books, who is taxed at 10 % on 105 of a fee: 10.5, which is 10. */
static void world_of_two_currencies(struct world *world, struct statement *yen)
{
    static const struct {
        uint16_t debtor, creditor;
        enum book_class book_class;
        int64_t ten_thousandths;
        const char *tax;
    } lines[] = {{GROCER, CINEMA, BOOK_REDEMPTION, 123455000, ""},
                 {BOOKS, GROCER, BOOK_REDEMPTION, 10000000, ""},
                 {GROCER, OPERATOR, BOOK_ISSUE_FEE, 1050000, "AT-10"}};
    struct lines exact = {.at = NULL};
    memset(world, 0, sizeof(*world));
    example_b(&world->exact, 0);
    world_close(world);
    for (size_t i = 0; i < world->exact.count; i++)
        lines_add(&exact, &world->exact.at[i]);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct line line = book_line(lines[i].debtor, lines[i].creditor, lines[i].book_class,
                                     (__int128)lines[i].ten_thousandths * 1000000);
        memcpy(line.currency, "JPY", CURRENCY_SIZE);
        snprintf(line.tax_code, sizeof(line.tax_code), "%s", lines[i].tax);
        lines_add(&exact, &line);
    }
    lines_release(&world->closed);
    close_books(&exact, &world->closed);
    lines_release(&exact);
    *yen = world->statement;
    memcpy(yen->currency, "JPY", CURRENCY_SIZE);
    yen->minor_digits = 0;
    yen->payment_count = 0;
    world->statement.next = yen;
}

/* Of grocer, who is in default: of three payments one is void and one ring-fenced. */
static void default_of_grocer(struct world *world)
{
    static const struct period_default own = {.partner = {GROCER}, .currency = "EUR"};
    static const struct taken_over taken[] = {
        {{GROCER}, {BOOKS}, {OPERATOR}, "EUR", true, {INT64_C(2000000000000)}},
        {{GROCER}, {CINEMA}, {BOOKS}, "EUR", false, {INT64_C(123400000000)}}};
    static struct default_sums sums[EXAMPLE_PARTNERS];
    sums[CINEMA].ring_fenced.v = euro4(7777700);
    world->payments[0].is_void = true;
    world->payments[0].state = "void";
    world->payments[1].ring_fenced = true;
    world->payments[1].round = 1;
    world->statement.defaults = &own;
    world->statement.default_count = 1;
    world->statement.taken = taken;
    world->statement.taken_count = ARRAY_SIZE(taken);
    world->statement.sums = sums;
}

CASE(the_pdf_has_a_section_on_a_default)
{
    static const char *const parts[] = {
        "by the lines: see Default",
        "Your payments",
        "Your ring-fenced payments",
        "grocer is in default of what it owes in EUR.",
        "operator owes books 200.00 EUR for grocer, out of the collateral of grocer",
        "books takes over 12.34 EUR that grocer owes cinema: it owes that to cinema, and grocer",
        "+ Ring-fenced",
        "777.77"};
    struct world world;
    struct buffer pdf, text;
    world_b(&world);
    default_of_grocer(&world);
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        pdf_read(&pdf, "default", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        CHECK(!strstr(buffer_text(&text), world.payments[0].end_to_end)); /* void */
        CHECK(strstr(buffer_text(&text), world.payments[1].end_to_end));
        buffer_release(&text);
    }
    buffer_release(&pdf);
    world_release(&world);
}

CASE(a_default_has_rows_and_columns_of_its_own_in_csv)
{
    struct world world;
    struct buffer out;
    world_b(&world);
    default_of_grocer(&world);
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_lines(&world.statement, &out);
    CHECK_INT(rows(&out), 7 + 3);
    check_cell(&out, 7, "class", "collateral");
    check_cell(&out, 7, "amount", "-200.00");
    check_cell(&out, 8, "class", "taken-over");
    check_cell(&out, 8, "creditor", "cinema");
    check_cell(&out, 9, "creditor", "books");
    check_cell(&out, 9, "amount", "12.34");
    buffer_clear(&out);
    statement_csv_matrix(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 9 + 1);
    check_cell(&out, 1, "taken_over", "-187.66");
    check_cell(&out, 10, "debtor", "operator");
    check_cell(&out, 10, "amount", "0.00");
    check_cell(&out, 10, "taken_over", "200.00");
    buffer_clear(&out);
    statement_csv_payments(&world.statement, &out);
    check_cell(&out, 1, "state", "void");
    check_cell(&out, 2, "kind", "ring-fenced");
    check_cell(&out, 2, "round", "1");
    check_cell(&out, 2, "due", "");
    check_cell(&out, 3, "kind", "netted");
    buffer_clear(&out);
    statement_csv_nets(&world.statement, &out);
    check_cell(&out, 3, "ring_fenced", "777.77");
    buffer_release(&out);
    world_release(&world);
}

CASE(two_currencies_have_their_own_sums_and_rows)
{
    struct world world;
    struct statement yen;
    struct buffer out;
    world_of_two_currencies(&world, &yen);
    CHECK_INT(statement_sums(&world.statement).owed_by.v, euro4(65700000));
    CHECK_INT(statement_sums(&yen).owed_by.v, (12346 + 105 + 10) * 10000000000);
    CHECK_INT(statement_sums(&yen).owed_to.v, 1000 * 10000000000);
    buffer_init(&out, STATEMENT_CSV_MAX);
    statement_csv_lines(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 6 + 4);
    check_cell(&out, 1, "currency", "EUR");
    check_cell(&out, 7, "currency", "JPY");
    check_cell(&out, 8, "exact", "12345.5");
    check_cell(&out, 8, "amount", "12346");
    buffer_clear(&out);
    statement_csv_nets(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 2 * EXAMPLE_PARTNERS);
    check_cell(&out, 1, "net", "-3420.00");
    check_cell(&out, 5, "net", "-11461");
    buffer_clear(&out);
    statement_csv_matrix(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 9 + 3);
    buffer_clear(&out);
    statement_csv_fees(&world.statement, &out);
    CHECK_INT(rows(&out), 1 + 2 + 2);
    check_cell(&out, 4, "tax_code", "AT-10");
    check_cell(&out, 4, "tax_percent", "10.00");
    check_cell(&out, 4, "amount", "10");
    buffer_release(&out);
    world_release(&world);
}

/* One document: each currency has its figures and tables, headings say which, and pages count on.
 */
CASE(two_currencies_are_two_parts_of_one_pdf)
{
    static const char *const parts[] = {"2026-10-grocer",
                                        "EUR, JPY",
                                        "In EUR",
                                        "EUR 6,570.00",
                                        "By kind, EUR",
                                        "Your payments, EUR",
                                        "Line by line, EUR",
                                        "Fees and tax, EUR",
                                        "Who owes whom, EUR",
                                        "In JPY",
                                        "JPY 12,461",
                                        "JPY 1,000",
                                        "JPY 11,461",
                                        "By kind, JPY",
                                        "12345.5",
                                        "Line by line, JPY",
                                        "Fees and tax, JPY",
                                        "10 %",
                                        "Who owes whom, JPY",
                                        "Nets of all partners, JPY",
                                        "Page 1 of 4",
                                        "Page 4 of 4"};
    struct world world;
    struct statement yen;
    struct buffer pdf, text;
    world_of_two_currencies(&world, &yen);
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        pdf_read(&pdf, "two-currencies", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        CHECK(!strstr(buffer_text(&text), "Your payments, JPY"));
        CHECK(!strstr(buffer_text(&text), "19,031")); /* 6,570 + 12,461 */
        buffer_release(&text);
    }
    buffer_release(&pdf);
    world_release(&world);
}

/* A small one, with lines that came to less than nothing. */
CASE(worked_example_a_is_drawn_too)
{
    struct world world;
    struct buffer pdf, text;
    memset(&world, 0, sizeof(world));
    example_a(&world.exact);
    world_close(&world);
    world.statement.partner.v = BOOKS;
    world.statement.sandbox = true;
    world.payments[0].to = NULL;
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        static const char *const parts[] = {"SANDBOX: not real money",
                                            ("\xe2\x88\x92"
                                             "0.41"),
                                            "Claw-backs", "no effective account", "0.414"};
        pdf_read(&pdf, "books", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        buffer_release(&text);
    }
    buffer_release(&pdf);
    world_release(&world);
}

/* They are cut, and not made tiny: three quarters of the smallest font are six points high. */
CASE(long_names_stay_readable)
{
    static char names[EXAMPLE_PARTNERS][NAME_SIZE_MAX + 1];
    struct statement_party named[EXAMPLE_PARTNERS];
    struct world world;
    struct buffer pdf;
    world_b(&world);
    for (int i = 0; i < EXAMPLE_PARTNERS; i++) {
        snprintf(names[i], sizeof(names[i]), "w%d%050d-east%04d", i, 0, i);
        named[i] = parties[i];
        named[i].name = names[i];
    }
    world.statement.parties = named;
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        CHECK(pdf_height(&pdf, "names") >= 6);
    }
    buffer_release(&pdf);
    world_release(&world);
}

CASE(what_fees_are_for_is_said_in_full)
{
    static const enum book_class classes[] = {BOOK_REDEMPTION_CONTRA, BOOK_DISPUTE_FEE};
    struct world world;
    struct buffer pdf;
    memset(&world, 0, sizeof(world));
    example_b(&world.exact, 0);
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        struct line line = book_line(GROCER, CINEMA, classes[i], euro4(-990000));
        memcpy(line.tax_code, "AT-20", 6);
        lines_add(&world.exact, &line);
    }
    world_close(&world);
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        CHECK(pdf_width(&pdf, "fees", "reversed") >= 36);
        CHECK(pdf_width(&pdf, "fees", "fees") >= 17);
    }
    buffer_release(&pdf);
    world_release(&world);
}

/* Sixty partners: tables go on over pages with their heads, the chart keeps to twelve and the rest,
 * the matrix is left to the CSV. */
CASE(a_large_coalition_goes_over_pages)
{
    enum { MANY = 60 };
    static struct statement_party many[MANY];
    static char names[MANY][64];
    struct world world;
    struct buffer pdf, text;
    uint64_t seed = 5;
    memset(&world, 0, sizeof(world));
    for (uint16_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]),
                 "partner-%02d-with-a-name-that-is-as-long-as-names-get", i);
        many[i] =
            (struct statement_party){.name = names[i],
                                     .legal_name = "A Company Whose Legal Name Is Long Enough "
                                                   "to Be Cut Off by Every Table & Sons"};
        for (uint16_t j = 1; j <= 3; j++) {
            struct line line = book_line(i, (uint16_t)((i + j) % MANY), BOOK_REDEMPTION,
                                         (int64_t)(chance(&seed) % 90000000000000000));
            lines_add(&world.exact, &line);
        }
        if (i > 0) {
            struct line line = book_line(0, i, BOOK_CLAW_BACK, euro4(5000 * i));
            lines_add(&world.exact, &line);
        }
    }
    close_books(&world.exact, &world.closed);
    struct lines closed = world.closed;
    struct lines small = {0};
    struct line line = book_line(GROCER, BOOKS, BOOK_NOTE, 1);
    lines_add(&small, &line);
    lines_release(&world.exact);
    world.exact = small;
    world_close(&world);
    lines_release(&world.closed);
    world.closed = closed;
    world.statement.parties = many;
    world.statement.party_count = MANY;
    make_pdf(&world.statement, &pdf);
    if (pdf_readable()) {
        static const char *const parts[] = {"all others", "Page 1 of 5", "Page 5 of 5"};
        pdf_read(&pdf, "large", &text);
        pdf_check_has(&text, parts, ARRAY_SIZE(parts));
        CHECK(!strstr(buffer_text(&text), "Who owes whom"));
        buffer_release(&text);
    }
    buffer_release(&pdf);
    world_release(&world);
}

CASE(a_statement_that_cannot_be_shown_is_refused)
{
    static struct statement_party changed[EXAMPLE_PARTNERS];
    struct world world;
    struct buffer out;
    struct error error;
    world_b(&world);
    buffer_init(&out, STATEMENT_PDF_MAX);
    memcpy(changed, parties, sizeof(changed));
    world.statement.parties = changed;
    changed[BOOKS].legal_name = "bad \xff bytes";
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "a legal name is not UTF-8"));
    changed[BOOKS].legal_name = "line\nbreak";
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "control character"));
    changed[BOOKS].legal_name = "c1 \xc2\x9b"
                                "31m";
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "control character"));
    changed[BOOKS].legal_name = "turned \xe2\x80\xae"
                                "round";
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "control character"));
    static const char *const others[] = {"next line\xe2\x80\xa8", "next paragraph\xe2\x80\xa9",
                                         "to the left\xe2\x80\x8f", "arabic\xd8\x9c"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        changed[BOOKS].legal_name = others[i];
        CHECK(!statement_pdf(&world.statement, &out, &error));
        CHECK(strstr(error.text, "control character"));
    }
    changed[BOOKS] = parties[BOOKS];
    world.statement.partner.v = EXAMPLE_PARTNERS;
    CHECK(!statement_pdf(&world.statement, &out, &error));
    world.statement.partner.v = GROCER;
    const struct taken_over taken = {.by = {EXAMPLE_PARTNERS}, .currency = "EUR", .amount = {1}};
    const struct period_default own = {.partner = {EXAMPLE_PARTNERS}, .currency = "EUR"};
    world.statement.taken = &taken;
    world.statement.taken_count = 1;
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "taken over by no partner"));
    world.statement.taken_count = 0;
    world.statement.defaults = &own;
    world.statement.default_count = 1;
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "no partner is in default"));
    world.statement.default_count = 0;
    world.statement.tax_count = 0;
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK(strstr(error.text, "no rate for tax code AT-20"));
    world.statement.tax_count = 3;
    world.statement.party_count = 3;
    CHECK(!statement_pdf(&world.statement, &out, &error));
    CHECK_INT(out.size, 0);
    buffer_release(&out);
    world_release(&world);
}

int main(void)
{
    pdf_begin();
    RUN(sums_are_those_of_the_lines);
    RUN(lines_stand_in_order_of_the_other_partners_names);
    RUN(amounts_are_grouped_by_thousands);
    RUN(the_csv_has_a_row_a_line_and_names_its_checkpoint);
    RUN(matrix_nets_payments_and_fees_have_their_files);
    RUN(what_is_taxed_stands_beside_its_tax);
    RUN(what_is_left_out_as_disputed_is_said);
    RUN(names_that_people_typed_do_no_harm_in_a_csv);
    RUN(the_pdf_says_what_the_statement_says);
    RUN(the_pdf_has_a_section_on_a_default);
    RUN(a_default_has_rows_and_columns_of_its_own_in_csv);
    RUN(two_currencies_have_their_own_sums_and_rows);
    RUN(two_currencies_are_two_parts_of_one_pdf);
    RUN(worked_example_a_is_drawn_too);
    RUN(long_names_stay_readable);
    RUN(what_fees_are_for_is_said_in_full);
    RUN(a_large_coalition_goes_over_pages);
    RUN(a_statement_that_cannot_be_shown_is_refused);
    pdf_end();
    return check_report();
}
