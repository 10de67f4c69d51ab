// links: partners
/* Journals that hledger, ledger and beancount take, and whose balances are the nets and the lines
 * of the period. Each of the three programs is asked where it is installed. */
#include "unit/books.h"

#include "partners/journals.h"

#include <unistd.h>

static const char *const form_names[] = {"hledger", "ledger", "beancount"};
static const char *const form_programs[] = {"hledger", "ledger", "bean-check"};

static char folder[] = "/tmp/accrue-journals-XXXXXX";

/* A sanitizer sees nothing of another program: they read only what the full form writes. */
static bool installed(enum journal_form form)
{
    char command[128];
    if (check_share(2) < 2)
        return false;
    snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", form_programs[form]);
    bool there = system(command) == 0;
    if (!there)
        printf("skipped: %s is not installed\n", form_programs[form]);
    return there;
}

static void store(const struct buffer *text, char path_out[128], const char *name)
{
    snprintf(path_out, 128, "%s/%s", folder, name);
    FILE *file = fopen(path_out, "w");
    REQUIRE(file != NULL);
    REQUIRE(fwrite(text->at, 1, text->size, file) == text->size);
    REQUIRE(fclose(file) == 0);
}

/* The program's own verdict; what it says is shown when it is not the expected one. */
static bool accepts(enum journal_form form, const char *path)
{
    static const char *const checks[] = {"hledger check --strict -f",
                                         "ledger --strict --pedantic bal -f", "bean-check"};
    char command[512];
    snprintf(command, sizeof(command), "%s '%s' >%s/said 2>&1", checks[form], path, folder);
    return system(command) == 0;
}

static void show_what_it_said(void)
{
    char command[128];
    snprintf(command, sizeof(command), "cat %s/said", folder);
    (void)!system(command);
}

/* One account's balance, as the program adds it up, without currency. */
static void balance(enum journal_form form, const char *path, const char *account,
                    const char *currency, char text_out[64])
{
    char command[768], line[256] = "";
    if (form == JOURNAL_HLEDGER)
        snprintf(command, sizeof(command),
                 "hledger -f '%s' bal -N --flat -E 'acct:^%s$' 'cur:%s' | awk '{print $1; exit}'",
                 path, account, currency);
    else if (form == JOURNAL_LEDGER)
        snprintf(command, sizeof(command),
                 "ledger -f '%s' bal --flat --no-total -E --limit "
                 "'account == \"%s\" and commodity == \"%s\"' --balance-format "
                 "'%%(quantity(scrub(display_total)))\n' | head -1",
                 path, account, currency);
    else
        snprintf(command, sizeof(command),
                 "bean-query -q -f csv '%s' \"SELECT sum(number) AS n WHERE account = '%s' AND "
                 "currency = '%s'\" | sed -n '2{s/[ \\r]//g;p}'",
                 path, account, currency);
    FILE *pipe = popen(command, "r");
    REQUIRE(pipe != NULL);
    if (!fgets(line, sizeof(line), pipe))
        line[0] = 0;
    REQUIRE(pclose(pipe) == 0);
    line[strcspn(line, "\r\n ")] = 0;
    snprintf(text_out, 64, "%.63s", line[0] ? line : "0");
}

static void check_balance(enum journal_form form, const char *path, const char *account,
                          const char *currency, const char *expected)
{
    char seen[64];
    balance(form, path, account, currency, seen);
    /* The programs may drop zeros at the end. */
    if (strtod(seen, NULL) != strtod(expected, NULL) ||
        strspn(seen, "-0123456789.") != strlen(seen)) {
        printf("%s, %s: %s\n", form_names[form], account, path);
        CHECK_TEXT(seen, expected);
    }
}

/* Worked example A with taxed fees, and a note in yen that half of the world rounds otherwise. */
struct world {
    struct lines exact, closed;
    struct payment payments[EXAMPLE_PARTNERS];
    struct booked_payment booked[EXAMPLE_PARTNERS];
    struct journal_source source;
};

static void world_init(struct world *world)
{
    struct money nets[EXAMPLE_PARTNERS];
    memset(world, 0, sizeof(*world));
    example_a(&world->exact);
    struct line yen = book_line(CINEMA, BOOKS, BOOK_NOTE, INT64_C(12345000000000));
    memcpy(yen.currency, "JPY", 4);
    lines_add(&world->exact, &yen);
    for (size_t i = 0; i < world->exact.count; i++)
        if (book_class_is_fee(world->exact.at[i].book_class))
            memcpy(world->exact.at[i].tax_code, "AT-20", 6);
    close_books(&world->exact, &world->closed);
    netting_nets(&world->closed, "EUR", EXAMPLE_PARTNERS, nets);
    size_t count = netting_payments(example_names, nets, EXAMPLE_PARTNERS, world->payments);
    for (size_t i = 0; i < count; i++)
        world->booked[i] = (struct booked_payment){
            .payment = world->payments[i], .currency = "EUR", .end_to_end = "P12-EUR-\"x\\y\""};
    world->source = (struct journal_source){.coalition = "high-street",
                                            .period = "2026-10",
                                            .checkpoint = "ledger.example/high-street 4711 c3Vt",
                                            .names = example_names,
                                            .partner_count = EXAMPLE_PARTNERS,
                                            .currencies = book_currencies,
                                            .currency_count = 3,
                                            .closed_on = {2026, 10, 31},
                                            .closed = &world->closed,
                                            .payments = world->booked,
                                            .payment_count = count,
                                            .paid_on = {2026, 11, 5},
                                            .declare = true};
}

static void world_release(struct world *world)
{
    lines_release(&world->exact);
    lines_release(&world->closed);
}

/* Writes a book and has it checked; false when the program is not there. */
static bool write_book(const struct journal_source *source, int partner, enum journal_form form,
                       char path_out[128])
{
    struct buffer out;
    struct error error;
    char name[64];
    buffer_init(&out, JOURNALS_SIZE_MAX);
    REQUIRE(partner < 0 ? journals_coalition(source, form, &out, &error)
                        : journals_partner(source, (struct partner_id){(uint16_t)partner}, form,
                                           &out, &error));
    snprintf(name, sizeof(name), "book-%d.%s", partner, form_names[form]);
    store(&out, path_out, name);
    buffer_release(&out);
    if (!installed(form))
        return false;
    bool good = accepts(form, path_out);
    CHECK(good);
    if (!good)
        show_what_it_said();
    return true;
}

/* ---- cases --------------------------------------------------------------------------------- */

CASE(the_coalitions_book_holds_every_net)
{
    /* EUR: fees 0.09 and 0.13 with 20 % tax: 0.02 and 0.03. */
    static const char *const nets[] = {"-0.29", "-1.78", "1.80", "0.27"};
    static const char *const accounts[] = {
        "Assets:Accrue:Partners:Grocer", "Assets:Accrue:Partners:Books",
        "Assets:Accrue:Partners:Cinema", "Assets:Accrue:Partners:Operator"};
    struct world world;
    world_init(&world);
    for (int form = 0; form < 3; form++) {
        char path[128];
        world.source.payment_count = 0;
        if (write_book(&world.source, -1, (enum journal_form)form, path)) {
            for (int i = 0; i < EXAMPLE_PARTNERS; i++)
                check_balance((enum journal_form)form, path, accounts[i], "EUR", nets[i]);
            check_balance((enum journal_form)form, path, accounts[BOOKS], "JPY", "1234");
            check_balance((enum journal_form)form, path, accounts[CINEMA], "JPY", "-1234");
        }
        world.source.payment_count = 3;
        if (write_book(&world.source, -1, (enum journal_form)form, path))
            for (int i = 0; i < EXAMPLE_PARTNERS; i++)
                check_balance((enum journal_form)form, path, accounts[i], "EUR", "0");
    }
    world_release(&world);
}

CASE(a_partners_book_says_what_it_spent_earned_and_is_owed)
{
    struct world world;
    world_init(&world);
    for (int form = 0; form < 3; form++) {
        enum journal_form f = (enum journal_form)form;
        char path[128];
        world.source.payment_count = 0;
        if (write_book(&world.source, GROCER, f, path)) {
            check_balance(f, path, "Expenses:Accrue:Redemption:Cinema", "EUR", "2.29");
            check_balance(f, path, "Expenses:Accrue:Redemption-contra:Cinema", "EUR", "-0.49");
            check_balance(f, path, "Expenses:Accrue:Issue-fee:Operator", "EUR", "0.09");
            check_balance(f, path, "Assets:Accrue:Input-tax:AT-20", "EUR", "0.02");
            check_balance(f, path, "Income:Accrue:Claw-back:Books", "EUR", "-0.54");
            check_balance(f, path, "Income:Accrue:Redemption:Cinema", "EUR", "-1.08");
            check_balance(f, path, "Liabilities:Accrue:Payable:Cinema", "EUR", "0");
            check_balance(f, path, "Assets:Accrue:Settlement:2026-10", "EUR", "-0.29");
        }
        world.source.payment_count = 3;
        if (write_book(&world.source, OPERATOR, f, path)) {
            check_balance(f, path, "Income:Accrue:Issue-fee:Books", "EUR", "-0.13");
            check_balance(f, path, "Liabilities:Accrue:Output-tax:AT-20", "EUR", "-0.05");
            check_balance(f, path, "Assets:Accrue:Settlement:2026-10", "EUR", "0");
            check_balance(f, path, "Assets:Bank:EUR", "EUR", "0.27");
        }
        if (write_book(&world.source, BOOKS, f, path))
            check_balance(f, path, "Assets:Accrue:Settlement:2026-10", "JPY", "1234");
    }
    world_release(&world);
}

/* The assertions are not decoration: a file with one digit changed is refused. */
CASE(a_book_that_was_tampered_with_is_refused)
{
    struct world world;
    world_init(&world);
    for (int form = 0; form < 3; form++) {
        enum journal_form f = (enum journal_form)form;
        struct buffer out;
        char path[128];
        buffer_init(&out, JOURNALS_SIZE_MAX);
        REQUIRE(journals_coalition(&world.source, f, &out, NULL));
        char *place = strstr((char *)(uintptr_t)buffer_text(&out), " 2.29 EUR");
        REQUIRE(place != NULL);
        place[4] = '8';
        place = strstr(place, "-2.29 EUR");
        REQUIRE(place != NULL);
        place[4] = '8';
        store(&out, path, "tampered");
        if (installed(f))
            CHECK(!accepts(f, path));
        buffer_release(&out);
    }
    world_release(&world);
}

/* Only the first file of a set declares what the periods share. */
CASE(two_periods_stand_in_one_book)
{
    struct world world;
    world_init(&world);
    for (int form = 0; form < 3; form++) {
        enum journal_form f = (enum journal_form)form;
        struct buffer out;
        char path[128];
        buffer_init(&out, JOURNALS_SIZE_MAX);
        world.source.declare = true;
        world.source.period = "2026-10";
        world.source.closed_on = (struct date){2026, 10, 31};
        world.source.paid_on = (struct date){2026, 11, 5};
        REQUIRE(journals_partner(&world.source, (struct partner_id){GROCER}, f, &out, NULL));
        world.source.declare = false;
        world.source.period = "2026-11";
        world.source.closed_on = (struct date){2026, 11, 30};
        world.source.paid_on = (struct date){2026, 12, 5};
        REQUIRE(journals_partner(&world.source, (struct partner_id){GROCER}, f, &out, NULL));
        store(&out, path, "two");
        buffer_release(&out);
        if (!installed(f))
            continue;
        bool good = accepts(f, path);
        CHECK(good);
        if (!good)
            show_what_it_said();
        check_balance(f, path, "Expenses:Accrue:Redemption:Cinema", "EUR", "4.58");
        check_balance(f, path, "Assets:Accrue:Settlement:2026-11", "EUR", "0");
        check_balance(f, path, "Assets:Bank:EUR", "EUR", "-0.58");
    }
    world_release(&world);
}

/* ---- defaults ---------------------------------------------------------------------------------
 */

/* Worked example A, whose books (payment 0 is theirs) do not pay; what is sent, then confirmed. */
static const struct {
    bool mutualise;
    int64_t fund;             /* in cents */
    unsigned sent, confirmed; /* bits: payments, sent before the default, confirmed after it */
    bool again;               /* and another one does not pay */
    bool all_programs;
} defaults[] = {{false, 0, 0, 0, false, false},
                {false, 0, 4, 0xFF, false, false},
                {true, 100, 0, 0x10, false, true},
                {true, 0, 0, 0, true, false},
                {true, 50, 2, 0xAA, false, false}};

static struct period defaulted(const struct world *world, size_t scene)
{
    struct period_rules rules = {.propose_days = 1, .answer_days = 3, .pay_days = 5};
    struct default_rules terms = {.default_days = 5,
                                  .names = example_names,
                                  .minor_digits = 2,
                                  .mutualise = defaults[scene].mutualise,
                                  .fund = {defaults[scene].fund * INT64_C(100000000)},
                                  .keeper = {OPERATOR}};
    struct money nets[EXAMPLE_PARTNERS];
    struct period period;
    period_open(&period, 12, 20000, &rules, EXAMPLE_PARTNERS);
    period.state = PERIOD_FINAL;
    for (size_t c = 0; c < 2; c++) {
        netting_nets(&world->closed, book_currencies[c].code, EXAMPLE_PARTNERS, nets);
        period_add_payments(&period, nets, book_currencies[c].code, example_names, 0, 20005);
    }
    REQUIRE(period.payments[0].payment.from.v == BOOKS);
    for (size_t i = 1; i < period.payment_count; i++)
        if (defaults[scene].sent >> i & 1)
            period.payments[i].state = PAYMENT_SENT, period.payments[i].attempt = 1,
            period.payments[i].sent_on = 20004;
    (void)default_take_out(&period, &world->closed, 0, &terms, 20020);
    for (size_t i = 0; defaults[scene].again && i < period.payment_count; i++)
        if (!period.payments[i].ring_fenced && period.payments[i].state == PAYMENT_DUE &&
            strcmp(period.payments[i].currency, "EUR") == 0) {
            (void)default_take_out(&period, &world->closed, i, &terms, 20020);
            break;
        }
    for (size_t i = 0; i < period.payment_count; i++)
        if ((defaults[scene].confirmed >> i & 1) && period.payments[i].state != PAYMENT_VOID)
            period.payments[i].state = PAYMENT_CONFIRMED;
    return period;
}

/* What `journal_source` has of it; the arrays are the caller's. */
static void take_payments(struct world *world, const struct period *period,
                          struct booked_payment *booked, struct booked_payment *open)
{
    struct journal_source *source = &world->source;
    source->payments = booked;
    source->open = open;
    source->payment_count = source->open_count = 0;
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *own = &period->payments[i];
        struct booked_payment *into = own->state == PAYMENT_CONFIRMED
                                          ? &booked[source->payment_count++]
                                          : &open[source->open_count];
        source->open_count += own->state != PAYMENT_CONFIRMED && own->state != PAYMENT_VOID;
        *into = (struct booked_payment){
            .payment = own->payment, .end_to_end = "P12-x", .ring_fenced = own->ring_fenced};
        memcpy(into->currency, own->currency, CURRENCY_SIZE);
    }
    source->defaults = period->defaults;
    source->default_count = period->default_count;
    source->taken = period->taken;
    source->taken_count = period->taken_count;
    source->defaulted_on = (struct date){2026, 11, 13};
}

/* Every account holds what is still to be paid: the programs add it up themselves. */
CASE(books_with_a_default_hold_what_is_to_be_paid)
{
    for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
        struct world world;
        struct booked_payment booked[32], open[32];
        char path[128];
        world_init(&world);
        struct period period = defaulted(&world, i);
        REQUIRE(period.payment_count < ARRAY_SIZE(booked));
        CHECK(defaults_sound(&period, &world.closed, &book_rules));
        take_payments(&world, &period, booked, open);
        for (int form = 0; form < 3; form++)
            for (int who = -1; who < EXAMPLE_PARTNERS; who++)
                if (form == JOURNAL_HLEDGER || defaults[i].all_programs)
                    (void)write_book(&world.source, who, (enum journal_form)form, path);
        period_release(&period);
        world_release(&world);
    }
}

/* A claim that was not moved, or a payment that was left out, does not add up. */
CASE(a_book_of_a_default_that_does_not_tie_is_refused)
{
    static const int readers[] = {-1, BOOKS, OPERATOR};
    struct booked_payment booked[32], open[32];
    struct world world;
    struct error error;
    world_init(&world);
    struct period period = defaulted(&world, 2);
    take_payments(&world, &period, booked, open);
    REQUIRE(period.taken_count > 0 && period.taken[0].collateral);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(readers) && installed(JOURNAL_HLEDGER); i++) {
        int who = readers[i / 2];
        struct buffer out;
        char path[128];
        struct journal_source lie = world.source;
        lie.taken_count -= i & 1 ? 0 : lie.taken_count;
        lie.open_count -= i & 1 ? lie.open_count : 0;
        buffer_init(&out, JOURNALS_SIZE_MAX);
        REQUIRE(who < 0 ? journals_coalition(&lie, JOURNAL_HLEDGER, &out, &error)
                        : journals_partner(&lie, (struct partner_id){(uint16_t)who},
                                           JOURNAL_HLEDGER, &out, &error));
        store(&out, path, "lie");
        CHECK(!accepts(JOURNAL_HLEDGER, path));
        buffer_release(&out);
    }
    struct buffer out;
    buffer_init(&out, JOURNALS_SIZE_MAX);
    world.source.defaulted_on = world.source.closed_on;
    CHECK(!journals_coalition(&world.source, JOURNAL_HLEDGER, &out, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    buffer_release(&out);
    period_release(&period);
    world_release(&world);
}

CASE(a_payment_before_the_close_is_refused)
{
    struct world world;
    struct buffer out;
    struct error error;
    world_init(&world);
    buffer_init(&out, JOURNALS_SIZE_MAX);
    world.source.paid_on = world.source.closed_on;
    CHECK(!journals_coalition(&world.source, JOURNAL_HLEDGER, &out, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    buffer_release(&out);
    buffer_init(&out, 100);
    world.source.payment_count = 0;
    CHECK(!journals_coalition(&world.source, JOURNAL_HLEDGER, &out, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&out);
    world_release(&world);
}

int main(void)
{
    REQUIRE(mkdtemp(folder) != NULL);
    RUN(the_coalitions_book_holds_every_net);
    RUN(a_partners_book_says_what_it_spent_earned_and_is_owed);
    RUN(a_book_that_was_tampered_with_is_refused);
    RUN(two_periods_stand_in_one_book);
    RUN(books_with_a_default_hold_what_is_to_be_paid);
    RUN(a_book_of_a_default_that_does_not_tie_is_refused);
    RUN(a_payment_before_the_close_is_refused);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    (void)!system(command);
    return check_report();
}
