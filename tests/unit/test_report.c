// links: node
/* What a node tells of a settlement period, read back: it ties or is refused. And what reports make
 * of it. */
#include "unit/accounts.h"
#include "unit/period_answer.h"

#include "node/period_words.h"
#include "node/report.h"
#include "partners/pain001.h"
#include "partners/periods.h"

#include <stdlib.h>
#include <unistd.h>

#define SCHEMA ACCRUE_SHARED "/vectors/iso20022/pain.001.001.09.xsd"

/* Worked example B with taxed fees, final, as a node tells it. */
struct world {
    struct charter *charter;
    struct lines exact, closed;
    json_t *answer;
    struct accounts accounts;
};

static void world_init(struct world *world)
{
    struct error error;
    memset(world, 0, sizeof(*world));
    world->charter = answer_charter();
    answer_books(&world->exact, &world->closed);
    world->answer = answer_json(&world->exact, &world->closed);
    if (!accounts_read(bytes_text(accounts_text), &world->accounts, &error) ||
        !join_accounts(&world->accounts, ledger_text, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
}

static void world_release(struct world *world)
{
    json_decref(world->answer);
    lines_release(&world->exact);
    lines_release(&world->closed);
    charter_close(world->charter);
    accounts_release(&world->accounts);
}

static struct period_view *read_view(const struct world *world)
{
    struct period_view *view = NULL;
    struct error error;
    if (!period_view_read(world->answer, world->charter, &view, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    return view;
}

/* ---- reading --------------------------------------------------------------------------------- */

CASE(a_period_is_read_as_it_is_told)
{
    struct world world;
    world_init(&world);
    struct period_view *view = read_view(&world);
    CHECK_TEXT(view->name, "2026-11");
    CHECK_INT(view->number, 682);
    CHECK_TEXT(view->state, "final");
    CHECK(view->rooted && !view->preliminary);
    CHECK_INT(view->records, 4711);
    CHECK_INT(view->partner_count, EXAMPLE_PARTNERS);
    CHECK_INT(view->partners[CINEMA].answer, ANSWER_SIGNED);
    CHECK_INT(view->exact.count, world.exact.count);
    CHECK_INT(view->closed.count, world.closed.count);
    for (size_t i = 0; i < view->closed.count; i++) {
        CHECK_INT(line_compare(&view->closed.at[i], &world.closed.at[i]), 0);
        CHECK(view->closed.at[i].rounded.v == world.closed.at[i].rounded.v);
    }
    CHECK_INT(view->payment_count, 3);
    CHECK_INT(view->payments[0].payment.amount.v, euro4(12960000));
    CHECK_TEXT(view->redeemed[0].points, "400000");
    CHECK_INT(view->taxes[0].rate_bp, 2000);
    period_view_close(view);
    world_release(&world);
}

/* Computed apart, by another program, from what periods.h says. */
CASE(the_totals_are_those_of_the_format)
{
    struct world world;
    struct hash root = hash_bytes(bytes_text("root"));
    char totals[65];
    world_init(&world);
    totals_of(&world.exact, &root, totals);
    CHECK_TEXT(totals, "c53a628c9f9de2670d5a640c269df0d5a735b61c5e30ade582b53ffc5a91ec90");
    world_release(&world);
}

static bool is_read(const struct world *world, char why_out[ERROR_TEXT_SIZE])
{
    struct period_view *view = NULL;
    struct error error = {.text = ""};
    bool ok = period_view_read(world->answer, world->charter, &view, &error);
    snprintf(why_out, ERROR_TEXT_SIZE, "%s", error.text);
    CHECK(ok == (view != NULL));
    period_view_close(view);
    return ok;
}

CASE(what_does_not_tie_or_is_not_understood_is_refused)
{
    static const struct {
        const char *path, *value, *why;
    } lies[] = {
        {"totals", "\"00\"", "totals"},
        {"totals", "\"0000000000000000000000000000000000000000000000000000000000000000\"",
         "does not tie: the totals"},
        {"records", "4712", "does not tie: the totals"},
        {"lines.0.exact", "\"3600.01\"", "does not tie: the totals"},
        {"lines.0.creditor", "\"grocer\"", "totals"},
        {"rounded.0.rounded", "\"3600.01\"", "does not tie: the net"},
        {"nets.1.net", "\"0.00\"", "does not tie: the net of books"},
        {"nets.1.partner", "\"bookz\"", "other partners"},
        {"nets.3.partner", "\"../etc\"", "partner"},
        {"rounded.1.debtor", "\"books\"", "not in order"},
        {"lines.0.debtor", "\"nobody\"", "debtor"},
        {"lines.0.class", "\"gift\"", "class"},
        {"lines.0.exact", "3600", "exact"},
        {"lines.0.exact", "\"3600.\"", "exact"},
        {"lines.0.tax_code", "\"A-CODE-THAT-IS-LONG\"", "tax_code"},
        {"lines.0.tax_code", "\"AT-20\"", "tariff"}, /* the charter's own has none */
        {"lines.0.currency", "\"SEK\"", "tariff"},
        {"lines.0.currency", "\"USD\"", "currency"},
        {"lines.0.class", "\"tax\"", "class"},
        {"lines.0.tariff", "1", "does not tie: the totals"},
        {"lines.0.tariff", "64", "tariff"},
        {"nets.1.currency", "\"SEK\"", "other partners"},
        {"payments.0.currency", "\"SEK\"", "does not tie: its payments"},
        {"rounded.0.currency", "\"SEK\"", "does not tie: the net"},
        {"sums.0.exact", "\"0.00\"", "does not tie: its sums"},
        {"sums.0.rounded", "\"0.00\"", "does not tie: its sums"},
        {"sums.0.minor_digits", "3", "does not tie: its sums"},
        {"sums.0.currency", "\"SEK\"", "does not tie: its sums"},
        {"sums", "[]", "currency"},
        {"period", "\"2026-13\"", "period"},
        {"period", "\"2026-11-01\"", "period"},
        {"currency", "\"USD\"", "currency"},
        {"last_day", "\"2026-11-31\"", "last_day"},
        {"deadlines", "null", "propose"},
        {"ledger_time", "\"yesterday\"", "ledger_time"},
        {"records", "-1", "records"},
        {"root", "\"AAAA\"", "root"},
        {"lines", "{}", "lines"},
        {"payments.0.number", "1", "payments"},
        {"payments.0.amount", "\"1296.01\"", "does not tie: its payments"},
        {"payments.0.to", "\"books\"", "does not tie: its payments"},
        {"payments.2.from", "\"books\"", "does not tie: its payments"},
        {"rounded.0.exact", "\"3600.01\"", "does not tie: rounded lines"},
        {"payments.0.amount", "\"-1.00\"", "payments"},
        {"payments.0.state", "\"lost\"", "state"},
        {"answers.0.answer", "\"perhaps\"", "answer"},
        {"taxes.0.rate_bp", "10001", "rate_bp"},
        {"disputes", "[{}]", "record"},
        {"redeemed.0.points", "\"many\"", "points"},
    };
    struct world world;
    char why[ERROR_TEXT_SIZE];
    world_init(&world);
    CHECK(is_read(&world, why));
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        json_t *old =
            set_at(world.answer, lies[i].path, json_loads(lies[i].value, JSON_DECODE_ANY, NULL));
        bool read = is_read(&world, why);
        if (read || !strstr(why, lies[i].why)) {
            printf("%s as %s: %s\n", lies[i].path, lies[i].value, read ? "is read" : why);
            CHECK(!"is refused for its reason");
        }
        json_decref(set_at(world.answer, lies[i].path, old));
    }
    CHECK(is_read(&world, why)); /* nothing else has changed */
    world_release(&world);
}

/* Each member is needed, but for those that say nothing when they are false. */
CASE(what_lacks_a_part_is_refused)
{
    static const char *const may_lack[] = {"sandbox", "height", "preliminary", "ledger"};
    struct world world;
    char why[ERROR_TEXT_SIZE];
    const char *name;
    json_t *value;
    world_init(&world);
    json_t *whole = world.answer;
    json_object_foreach(whole, name, value)
    {
        bool needed = true;
        for (size_t i = 0; i < ARRAY_SIZE(may_lack); i++)
            needed = needed && strcmp(name, may_lack[i]) != 0;
        world.answer = json_copy(whole);
        json_object_del(world.answer, name);
        if (is_read(&world, why) == needed) {
            printf("without %s\n", name);
            CHECK(!"is read as it should be");
        }
        json_decref(world.answer);
    }
    world.answer = json_object();
    CHECK(!is_read(&world, why));
    json_decref(world.answer);
    world.answer = whole;
    world_release(&world);
}

CASE(money_is_read_as_it_is_written)
{
    static const char *const good[] = {"0",        "0.00",         "-0.27",
                                       "12.5",     "11880",        "0.0000000001",
                                       "-3300.00", "1.0000000000", "99999999999999999999"};
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "5.",
                                      "1.2.3",
                                      "1,00",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "--1",
                                      "0x1",
                                      "0.00000000001",
                                      "1000000000000000000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct money money, again;
        char text[MONEY_TEXT_SIZE];
        REQUIRE(money_parse(good[i], &money));
        money_format(money, 0, text);
        CHECK(money_parse(text, &again) && again.v == money.v);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct money money;
        if (money_parse(bad[i], &money)) {
            printf("'%s'\n", bad[i]);
            CHECK(!"is no money");
        }
    }
    struct money money;
    REQUIRE(money_parse("-0.27", &money));
    CHECK_INT(money.v, -INT64_C(2700000000));
}

/* ---- reports --------------------------------------------------------------------------------- */

/* Of the last orders. */
static struct buffer left_out;

static struct report_request request_of(const struct world *world, const struct period_view *view)
{
    buffer_release(&left_out);
    buffer_init(&left_out, REPORT_SIZE_MAX);
    return (struct report_request){.view = view,
                                   .accounts = &world->accounts,
                                   .has_partner = true,
                                   .partner = {GROCER},
                                   .execution = {2026, 12, 3},
                                   .paid_on = {2026, 12, 7},
                                   .left_out = &left_out};
}

/* The report as a text, or with what went wrong in `error`. */
static bool make(const char *name, enum report_format format, const struct report_request *request,
                 struct buffer *out, struct error *error)
{
    buffer_init(out, REPORT_SIZE_MAX);
    return report_write(name, format, request, out, error);
}

static bool has(struct buffer *out, const char *text)
{
    bool found = strstr(buffer_text(out), text) != NULL;
    if (!found)
        printf("not there: %s\n", text);
    return found;
}

static const char *const names[] = {"statement", "matrix",   "nets",      "payments",
                                    "fees",      "disputes", "exceptions"};

/* Of what grocer owes cinema for redemptions. */
static void carve_out(struct world *world, int64_t amount)
{
    struct line without = book_line(GROCER, CINEMA, BOOK_REDEMPTION, -amount);
    struct lines exact = {.at = NULL};
    for (size_t i = 0; i < world->exact.count; i++)
        lines_add(&exact, &world->exact.at[i]);
    lines_add(&exact, &without);
    lines_release(&world->closed);
    close_books(&exact, &world->closed);
    lines_release(&exact);
    json_object_set_new(world->answer, "rounded", lines_json(&world->closed, true));
    json_object_set_new(world->answer, "nets", nets_json(&world->closed));
    json_object_set_new(world->answer, "sums", sums_json(&world->exact, &world->closed));
    json_object_set_new(world->answer, "payments", payments_json(&world->closed));
}

CASE(every_report_names_its_checkpoint_and_totals)
{
    static const enum report_format formats[] = {REPORT_CSV, REPORT_JSON, REPORT_HTML};
    struct world world;
    world_init(&world);
    struct period_view *view = read_view(&world);
    struct report_request request = request_of(&world, view);
    const struct report_exception late = {.record = 17,
                                          .time_ms = 1793700000000,
                                          .till_ms = 1793600000000,
                                          .type = "earn",
                                          .verdict = "accepted",
                                          .partner = {BOOKS}};
    request.exceptions = &late;
    request.exception_count = 1;
    json_t *disputes = json_pack(
        "[{s:i, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:s}]", "record",
        12, "debtor", "grocer", "creditor", "cinema", "class", "redemption", "tariff", 0,
        "currency", "EUR", "tax_code", "", "code", "WRONG_AMOUNT", "by", "grocer", "state",
        "responded", "amount", "450.00", "offered", "270.00", "upheld", "rest", "entered", "0.00");
    char why[ERROR_TEXT_SIZE];
    json_object_set_new(world.answer, "disputes", disputes);
    CHECK(!is_read(&world, why)); /* what is disputed is still among what is rounded */
    CHECK(strstr(why, "does not tie: rounded lines"));
    carve_out(&world, euro4(4500000));
    period_view_close(view);
    view = read_view(&world);
    request.view = view;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        for (size_t k = 0; k < ARRAY_SIZE(formats); k++) {
            struct buffer out;
            struct error error;
            REQUIRE(report_known(names[i], formats[k], &error));
            REQUIRE(make(names[i], formats[k], &request, &out, &error));
            CHECK(has(&out, json_string_value(json_object_get(world.answer, "root"))));
            CHECK(has(&out, json_string_value(json_object_get(world.answer, "totals"))));
            CHECK(has(&out, "4711"));
            buffer_release(&out);
        }
    period_view_close(view);
    world_release(&world);
}

static void check_parts(const char *name, enum report_format format,
                        const struct report_request *request, const char *const *parts,
                        size_t count)
{
    struct buffer out;
    struct error error = {.text = ""};
    if (!make(name, format, request, &out, &error)) {
        printf("%s: %s\n", name, error.text);
        exit(1);
    }
    for (size_t i = 0; i < count; i++)
        CHECK(has(&out, parts[i]));
    buffer_release(&out);
}
#define CHECK_PARTS(name, format, request, ...)                                                    \
    check_parts(name, format, request, (const char *const[]){__VA_ARGS__},                         \
                ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

CASE(reports_say_what_the_period_says)
{
    struct world world;
    world_init(&world);
    struct period_view *view = read_view(&world);
    struct report_request request = request_of(&world, view);
    CHECK_PARTS("statement", REPORT_JSON, &request, "\"owed_to\":\"3150.00\"",
                "\"owed_by\":\"6570.00\"", "\"net\":\"-3420.00\"", "\"partner\":\"grocer\"");
    CHECK_PARTS("statement", REPORT_CSV, &request, "books,grocer,EUR,redemption,,2700.00,2700.00");
    CHECK_PARTS("statement", REPORT_HTML, &request, "Statement of grocer, 2026-11", "6,570.00",
                "This is a sandbox");
    CHECK_PARTS("matrix", REPORT_CSV, &request, "grocer,operator,EUR,720.00");
    CHECK_PARTS("matrix", REPORT_HTML, &request, "<svg", "3,600.00", "fill-opacity=\"0.70\"");
    CHECK_PARTS("matrix", REPORT_JSON, &request,
                "{\"debtor\":\"grocer\",\"creditor\":\"operator\",\"currency\":\"EUR\","
                "\"amount\":\"720.00\"}");
    CHECK_PARTS("nets", REPORT_CSV, &request, "grocer,EUR,-3420.00");
    CHECK_PARTS("nets", REPORT_HTML, &request, "<svg", "-3,420.00", "1,296.00", ">due<");
    CHECK_PARTS("nets", REPORT_JSON, &request,
                "{\"partner\":\"operator\",\"currency\":\"EUR\",\"net\":\"1296.00\"}",
                "\"due\":\"2026-12-07\"", "\"iban\":\"NL91ABNA0417164300\"");
    CHECK_PARTS("payments", REPORT_CSV, &request, "High Street Services,NL91ABNA0417164300");
    CHECK_PARTS("fees", REPORT_CSV, &request,
                "Green Grocer AG,ATU12345678,tax,AT-20,20.00,EUR,120.00");
    CHECK_PARTS("fees", REPORT_JSON, &request, "\"class\":\"tax\"", "\"amount\":\"120.00\"");
    request.has_partner = false;
    CHECK_PARTS("journal", REPORT_JOURNAL, &request, "; checkpoint ledger.example/test 4711 ",
                " totals ", "Assets:Accrue:Partners:Grocer", "= -3420.00 EUR");
    request.has_partner = true;
    CHECK_PARTS("journal", REPORT_JOURNAL, &request, "Assets:Accrue:Settlement:2026-11");
    period_view_close(view);
    world_release(&world);
}

/* More exact lines, of the tariff 1, in kronor; what is told follows. */
struct kronor {
    uint16_t debtor, creditor;
    enum book_class book_class;
    int64_t ten_thousandths;
    const char *tax;
};

static int compare_exact(const void *a, const void *b)
{
    return exact_line_compare(a, b);
}

static void owe_more(struct world *world, const struct kronor *more, size_t count)
{
    struct charter_line_rules rules;
    struct hash root = hash_bytes(bytes_text("root"));
    char totals[65];
    charter_line_rules(world->charter, &rules);
    for (size_t i = 0; i < count; i++) {
        struct line line = book_line(more[i].debtor, more[i].creditor, more[i].book_class,
                                     euro4(more[i].ten_thousandths));
        line.tariff = 1;
        memcpy(line.currency, "SEK", CURRENCY_SIZE);
        snprintf(line.tax_code, sizeof(line.tax_code), "%s", more[i].tax);
        lines_add(&world->exact, &line);
    }
    qsort(world->exact.at, world->exact.count, sizeof(struct line), compare_exact);
    lines_release(&world->closed);
    REQUIRE(lines_close(world->exact.at, world->exact.count, &rules.rules, &world->closed, NULL));
    totals_of(&world->exact, &root, totals);
    json_object_set_new(world->answer, "totals", json_string(totals));
    json_object_set_new(world->answer, "lines", lines_json(&world->exact, false));
    json_object_set_new(world->answer, "rounded", lines_json(&world->closed, true));
    json_object_set_new(world->answer, "nets", nets_json(&world->closed));
    json_object_set_new(world->answer, "sums", sums_json(&world->exact, &world->closed));
    json_object_set_new(world->answer, "payments", payments_json(&world->closed));
}

/* The grocer owes the cinema 475 kronor more, by a contract of theirs. */
static void owe_in_kronor(struct world *world)
{
    static const struct kronor more = {GROCER, CINEMA, BOOK_REDEMPTION, 4750000, ""};
    owe_more(world, &more, 1);
}

/* By hand: 475.005 is 475.00 half to even, and the tax on 100.50 at 25 % is 25.125, which is 25.12.
 * The grocer owes 475.00 + 100.50 + 25.12 = 600.62; of that the cinema gets 475.00 and the operator
 * 125.62. The euro lines are what they were. */
static void owe_fees_in_kronor(struct world *world)
{
    static const struct kronor more[] = {{GROCER, CINEMA, BOOK_REDEMPTION, 4750050, ""},
                                         {GROCER, OPERATOR, BOOK_ISSUE_FEE, 1005000, "SE-25"}};
    owe_more(world, more, ARRAY_SIZE(more));
}

static json_t *dispute_json(int record, const char *amount)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:n, s:s}",
                     "record", record, "debtor", "grocer", "creditor", "cinema", "class",
                     "redemption", "tariff", 0, "currency", "EUR", "tax_code", "", "code",
                     "WRONG_AMOUNT", "by", "grocer", "state", "open", "amount", amount, "offered",
                     "upheld", "rest", "entered", "0.00");
}

/* What a node tells in three answers is read as one; what is not the whole is not read. */
CASE(disputes_come_in_pages)
{
    static const char *const amounts[] = {"100.00", "200.00", "150.00"};
    struct world world;
    struct error error;
    char why[ERROR_TEXT_SIZE];
    json_t *pages[ARRAY_SIZE(amounts)];
    uint64_t next = 0;
    world_init(&world);
    carve_out(&world, euro4(4500000));
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        pages[i] = json_deep_copy(world.answer);
        json_object_set_new(pages[i], "disputes",
                            json_pack("[o]", dispute_json(12 + (int)i, amounts[i])));
        json_object_set_new(pages[i], "disputes_next",
                            i + 1 < ARRAY_SIZE(pages) ? json_integer((json_int_t)i + 1)
                                                      : json_null());
    }
    json_t *own = world.answer;
    world.answer = pages[0];
    CHECK(!is_read(&world, why) && strstr(why, "disputes_next"));
    for (size_t i = 1; i < ARRAY_SIZE(pages); i++) {
        CHECK(period_view_next(pages[i - 1], &next));
        CHECK_INT(next, i);
        REQUIRE(period_view_join(pages[i - 1], pages[i], &error));
    }
    world.answer = pages[ARRAY_SIZE(pages) - 1];
    CHECK(!period_view_next(world.answer, &next));
    struct period_view *view = read_view(&world);
    REQUIRE(view->dispute_count == ARRAY_SIZE(amounts));
    for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
        CHECK_INT(view->disputes[i].about.record.v, 12 + i);
    period_view_close(view);
    /* A page without any would be asked for forever. */
    CHECK(!period_view_join(own, world.answer, &error));
    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        json_decref(pages[i]);
    world.answer = own;
    world_release(&world);
}

#define NOT_DISPUTED "\"disputed_lines\":0,\"disputed_to\":\"0.00\",\"disputed_by\":\"0.00\""

/* Every report has both currencies, each with its own sums, and none has a sum of the two. */
CASE(reports_of_two_currencies_and_two_taxes_add_up_apart)
{
    struct world world;
    world_init(&world);
    owe_fees_in_kronor(&world);
    struct period_view *view = read_view(&world);
    struct report_request request = request_of(&world, view);
    CHECK_PARTS(
        "statement", REPORT_JSON, &request, "\"currency\":null,\"currencies\":[\"EUR\",\"SEK\"]",
        "\"sums\":[{\"currency\":\"EUR\",\"owed_to\":\"3150.00\",\"owed_by\":\"6570.00\","
        "\"net\":\"-3420.00\"," NOT_DISPUTED "},{\"currency\":\"SEK\","
        "\"owed_to\":\"0.00\",\"owed_by\":\"600.62\",\"net\":\"-600.62\"," NOT_DISPUTED "}]",
        "\"exact\":\"475.005\",\"amount\":\"475.00\"");
    CHECK_PARTS("statement", REPORT_CSV, &request,
                "grocer,cinema,SEK,redemption,,475.005,475.00\r\n",
                "grocer,operator,SEK,tax,SE-25,25.125,25.12\r\n",
                "grocer,operator,EUR,tax,AT-20,120.00,120.00\r\n");
    CHECK_PARTS("statement", REPORT_HTML, &request, "<td>EUR, SEK</td>", "<h2>In all, in EUR</h2>",
                "<h2>In all, in SEK</h2>", "<h2>Lines, in SEK</h2>", "600.62", "6,570.00");
    CHECK_PARTS("fees", REPORT_CSV, &request, "tax,SE-25,25.00,SEK,25.12",
                "tax,AT-20,20.00,EUR,120.00");
    CHECK_PARTS("fees", REPORT_HTML, &request, "<h2>Fees and tax, in SEK</h2>", "25.12");
    CHECK_PARTS("matrix", REPORT_HTML, &request, "<h2>In SEK</h2>",
                "Who owes whom: debtors down, creditors across, in SEK", "125.62");
    CHECK_PARTS("matrix", REPORT_CSV, &request, "grocer,operator,EUR,720.00",
                "grocer,operator,SEK,125.62");
    CHECK_PARTS("nets", REPORT_CSV, &request, "grocer,EUR,-3420.00", "grocer,SEK,-600.62",
                "operator,SEK,125.62", "books,SEK,0.00");
    CHECK_PARTS("nets", REPORT_HTML, &request, "<h2>Payments, in SEK</h2>");
    CHECK_PARTS("payments", REPORT_JSON, &request,
                "\"number\":3,\"from\":\"grocer\",\"to\":\"cinema\",\"currency\":\"SEK\","
                "\"amount\":\"475.00\"",
                "\"amount\":\"125.62\"", "\"end_to_end\":\"P682-SEK-");
    CHECK_PARTS("journal", REPORT_JOURNAL, &request, "commodity 1000.00 SEK", "= -3420.00 EUR",
                "= -600.62 SEK", "Assets:Accrue:Input-tax:SE-25");
    /* Who has nothing to do with a currency does not see it. */
    request.partner.v = BOOKS;
    CHECK_PARTS("statement", REPORT_JSON, &request, "\"currencies\":[\"EUR\"]", "\"owed_to\":");
    period_view_close(view);
    world_release(&world);
}

CASE(what_is_not_final_says_so)
{
    struct world world;
    struct error error;
    struct buffer out;
    world_init(&world);
    json_object_set_new(world.answer, "preliminary", json_true());
    json_object_set_new(world.answer, "state", json_string("ended"));
    json_object_set_new(world.answer, "payments", json_array());
    struct period_view *view = read_view(&world);
    struct report_request request = request_of(&world, view);
    CHECK_PARTS("nets", REPORT_HTML, &request, "Preliminary:", "ended, preliminary", ">expected<",
                "1,296.00");
    CHECK_PARTS("nets", REPORT_JSON, &request, "\"preliminary\":true", "\"state\":\"expected\"");
    CHECK(!make("payments", REPORT_XML, &request, &out, &error));
    CHECK(strstr(error.text, "is not final"));
    buffer_release(&out);
    period_view_close(view);
    world_release(&world);
}

CASE(what_there_is_not_is_refused_with_what_there_is)
{
    struct error error;
    enum report_format format;
    CHECK(!report_known("taxes", REPORT_CSV, &error));
    CHECK(strstr(error.text, "statement, matrix, nets, payments, journal, fees, disputes"));
    CHECK(!report_known("matrix", REPORT_PDF, &error));
    CHECK(strstr(error.text, "csv, json, html"));
    CHECK(!report_known("journal", REPORT_CSV, &error));
    CHECK(report_known("payments", REPORT_XML, &error));
    CHECK(report_scope("payments", REPORT_XML) == REPORT_OF_ONE);
    CHECK(report_scope("payments", REPORT_CSV) == REPORT_OF_ALL);
    CHECK(report_format_from_word("journal", &format) && format == REPORT_JOURNAL);
    CHECK(!report_format_from_word("PDF", &format));
}

/* ---- payment orders -------------------------------------------------------------------------- */

static bool validates(const struct buffer *document)
{
    if (system("command -v xmllint >/dev/null 2>&1") != 0 || access(SCHEMA, R_OK) != 0) {
        printf("skipped: no xmllint, or no %s\n", SCHEMA);
        return true;
    }
    FILE *pipe = popen("xmllint --nonet --noout --schema '" SCHEMA "' - 2>&1", "w");
    REQUIRE(pipe != NULL);
    REQUIRE(fwrite(document->at, 1, document->size, pipe) == document->size);
    return pclose(pipe) == 0;
}

static void set_payment(struct world *world, int payment, const char *state, int attempt)
{
    json_t *item = json_array_get(json_object_get(world->answer, "payments"), (size_t)payment);
    json_object_set_new(item, "state", json_string(state));
    json_object_set_new(item, "attempt", json_integer(attempt));
}

static void references(const struct buffer *orders, char first_out[END_TO_END_SIZE],
                       size_t *count_out)
{
    static const char tag[] = "<EndToEndId>";
    struct buffer copy;
    buffer_init(&copy, REPORT_SIZE_MAX);
    buffer_append(&copy, buffer_bytes(orders));
    const char *at = buffer_text(&copy);
    *count_out = 0;
    while ((at = strstr(at, tag)) != NULL) {
        at += sizeof(tag) - 1;
        if ((*count_out)++ == 0)
            snprintf(first_out, END_TO_END_SIZE, "%.*s", (int)strcspn(at, "<"), at);
    }
    buffer_release(&copy);
}

static void orders_of(const struct world *world, struct buffer *out)
{
    struct period_view *view = read_view(world);
    struct report_request request = request_of(world, view);
    struct error error;
    if (!make("payments", REPORT_XML, &request, out, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    period_view_close(view);
}

CASE(orders_are_what_is_not_sent_yet)
{
    struct world world;
    struct buffer all, some;
    char first[END_TO_END_SIZE], again[END_TO_END_SIZE];
    size_t count;
    world_init(&world);
    orders_of(&world, &all);
    CHECK(has(&all, "<CtrlSum>3420.00</CtrlSum>"));
    CHECK(has(&all, "<Nm>Lux Cinemas GmbH</Nm>"));
    CHECK(has(&all, "Settlement 2026-11, records 4711, totals "));
    CHECK(validates(&all));
    references(&all, first, &count);
    CHECK_INT(count, 3);
    set_payment(&world, 1, "sent", 1);
    set_payment(&world, 2, "confirmed", 1);
    set_payment(&world, 0, "failed", 1);
    orders_of(&world, &some);
    CHECK(has(&some, "<CtrlSum>1296.00</CtrlSum>"));
    references(&some, again, &count);
    CHECK_INT(count, 1);
    CHECK(strcmp(first, again) != 0); /* sent anew: another name */
    buffer_release(&all);
    buffer_release(&some);
    world_release(&world);
}

/* The same file again has the same name, by which the bank knows it; another one has another. */
CASE(a_file_is_named_by_what_it_pays)
{
    struct world world;
    struct buffer one, two, other;
    world_init(&world);
    orders_of(&world, &one);
    orders_of(&world, &two);
    CHECK(bytes_equal(buffer_bytes(&one), buffer_bytes(&two)));
    set_payment(&world, 1, "sent", 1);
    orders_of(&world, &other);
    const char *name = strstr(buffer_text(&one), "<MsgId>");
    REQUIRE(name != NULL);
    char id[64];
    snprintf(id, sizeof(id), "%.*s", (int)strcspn(name, "/"), name);
    CHECK(strlen(id) > 20 && strstr(buffer_text(&other), id) == NULL);
    buffer_release(&one);
    buffer_release(&two);
    buffer_release(&other);
    world_release(&world);
}

CASE(orders_need_accounts_and_something_to_pay)
{
    static const struct {
        const char *accounts;
        uint16_t partner;
        const char *why;
    } cases[] = {
        {"{\"accounts\":[]}", GROCER, "no account of grocer in EUR is in force"},
        {"{\"accounts\":[" IN_FORCE("grocer", "x", "AT611904300234573201", "null") "]}", GROCER,
         "no account of operator in EUR is in force"},
        {"{\"accounts\":[" IN_FORCE("cinema", "x", "AT611904300234573201", "null") "]}", CINEMA,
         "cinema has nothing to pay"},
    };
    struct world world;
    world_init(&world);
    struct period_view *view = read_view(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct accounts accounts = {.at = NULL};
        struct report_request request = request_of(&world, view);
        struct buffer out;
        struct error error = {.text = ""};
        REQUIRE(join_accounts(&accounts, cases[i].accounts, &error));
        request.accounts = &accounts;
        request.partner.v = cases[i].partner;
        CHECK(!make("payments", REPORT_XML, &request, &out, &error));
        CHECK(strstr(error.text, cases[i].why));
        CHECK_INT(out.size, 0);
        buffer_release(&out);
        accounts_release(&accounts);
    }
    period_view_close(view);
    world_release(&world);
}

#define GROCER_AND(...) "{\"accounts\":[" GROCERS "," __VA_ARGS__ "]}"

/* Grocer pays three; one of them cannot be paid, and the others are. */
CASE(who_cannot_be_paid_keeps_no_other_from_it)
{
    static const struct {
        const char *accounts, *why;
    } cases[] = {
        {GROCER_AND(BOOKS_ "," SERVICES), "to cinema: no account of cinema in EUR is in force"},
        {GROCER_AND(BOOKS_ "," SERVICES
                           "," IN_FORCE("cinema", "x", "TR330006100519786457841326", "null")),
         "to cinema: SEPA does not reach the account TR33"},
        {GROCER_AND(BOOKS_ "," SERVICES
                           "," IN_FORCE("cinema", "x", "AT611904300234573201", "null")),
         "to cinema: AT611904300234573201 is the payer's own account"},
    };
    struct world world;
    world_init(&world);
    struct period_view *view = read_view(&world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct accounts accounts = {.at = NULL};
        struct report_request request = request_of(&world, view);
        struct buffer out;
        struct error error = {.text = ""};
        char first[END_TO_END_SIZE];
        size_t count;
        REQUIRE(join_accounts(&accounts, cases[i].accounts, &error));
        request.accounts = &accounts;
        REQUIRE(make("payments", REPORT_XML, &request, &out, &error));
        references(&out, first, &count);
        CHECK_INT(count, 2);
        CHECK(!strstr(buffer_text(&out), "TR33") && has(&out, "<NbOfTxs>2</NbOfTxs>"));
        CHECK(validates(&out));
        CHECK(has(&left_out, "left out: payment ") && has(&left_out, cases[i].why));
        CHECK(strchr(buffer_text(&left_out), '\n') == strrchr(buffer_text(&left_out), '\n'));
        buffer_release(&out);
        accounts_release(&accounts);
    }
    period_view_close(view);
    world_release(&world);
}

static const char kronor_text[] =
    "{\"accounts\":[" GROCERS "," BOOKS_ "," CINEMAS "," SERVICES
    ",{\"partner\":\"grocer\",\"currency\":\"SEK\",\"in_force\":{\"holder\":\"Green Grocer AG\","
    "\"iban\":\"AT611904300234573201\",\"bic\":null,\"since\":\"2026-11-01T00:00:00.000Z\"}},"
    "{\"partner\":\"cinema\",\"currency\":\"SEK\",\"in_force\":{\"holder\":\"Lux Cinemas GmbH\","
    "\"iban\":\"SE4550000000058398257466\",\"bic\":\"ESSESESS\","
    "\"since\":\"2026-11-01T00:00:00.000Z\"}}]}";

/* Euro goes by SEPA, kronor as a plain transfer to the account for kronor, each in its own file;
 * none is left out unsaid. */
CASE(orders_are_in_one_currency)
{
    struct world world;
    struct accounts accounts = {.at = NULL};
    struct buffer out;
    struct error error;
    world_init(&world);
    owe_in_kronor(&world);
    REQUIRE(join_accounts(&accounts, kronor_text, &error));
    struct period_view *view = read_view(&world);
    struct report_request request = request_of(&world, view);
    request.accounts = &accounts;
    CHECK(!make("payments", REPORT_XML, &request, &out, &error));
    CHECK(strstr(error.text, "grocer pays in EUR and in SEK, each by a file of its own"));
    CHECK_INT(out.size, 0);
    buffer_release(&out);
    memcpy(request.currency, "EUR", CURRENCY_SIZE);
    REQUIRE(make("payments", REPORT_XML, &request, &out, &error));
    CHECK(has(&out, "<CtrlSum>3420.00</CtrlSum>") && has(&out, "<Cd>SEPA</Cd>"));
    CHECK(!strstr(buffer_text(&out), "SEK"));
    CHECK(validates(&out));
    buffer_release(&out);
    memcpy(request.currency, "SEK", CURRENCY_SIZE);
    REQUIRE(make("payments", REPORT_XML, &request, &out, &error));
    CHECK(has(&out, "<InstdAmt Ccy=\"SEK\">475.00</InstdAmt>"));
    CHECK(has(&out, "<IBAN>SE4550000000058398257466</IBAN>") && has(&out, "P682-SEK-"));
    CHECK(!strstr(buffer_text(&out), "SEPA"));
    CHECK(validates(&out));
    buffer_release(&out);
    /* What is sent leaves one currency, which needs no naming. */
    request.currency[0] = 0;
    period_view_close(view);
    set_payment(&world, 3, "sent", 1);
    request.view = view = read_view(&world);
    REQUIRE(make("payments", REPORT_XML, &request, &out, &error));
    CHECK(has(&out, "<CtrlSum>3420.00</CtrlSum>"));
    buffer_release(&out);
    period_view_close(view);
    accounts_release(&accounts);
    world_release(&world);
}

/* ---- in words -------------------------------------------------------------------------------- */

static const struct command_place nowhere;

static void check_next(const struct world *world, const char *expected)
{
    struct period_view *view = read_view(world);
    struct buffer out;
    buffer_init(&out, PERIOD_WORDS_MAX);
    period_words_next(view, &nowhere, &out);
    CHECK(has(&out, expected));
    buffer_release(&out);
    period_view_close(view);
}

CASE(what_is_next_is_told_with_who_and_when)
{
    struct world world;
    world_init(&world);
    check_next(&world, "until the end of 2026-12-07: grocer pays operator 1296.00 EUR, and two "
                       "people there say so");
    set_payment(&world, 0, "sent", 1);
    check_next(&world, "once 1296.00 EUR of grocer are there: operator confirms\n"
                       "    accrue settle confirm --payment 0 --period 2026-11\n");
    set_payment(&world, 0, "failed", 1);
    check_next(&world, "anew: the last one never came");
    for (int i = 0; i < 3; i++)
        set_payment(&world, i, "confirmed", 1);
    check_next(&world, "nothing: it is settled");
    json_object_set_new(world.answer, "payments", json_array());
    json_object_set_new(world.answer, "preliminary", json_true());
    json_object_set_new(world.answer, "state", json_string("proposed"));
    check_next(&world, "now: any partner makes it final\n    accrue settle finalise");
    json_object_set_new(world.answer, "answers", answers_json("signed-rest"));
    check_next(&world, "now: any partner makes it final");
    json_object_set_new(json_array_get(json_object_get(world.answer, "answers"), BOOKS), "answer",
                        json_string("disputed"));
    check_next(&world, "until the end of 2026-12-03: books (the rest) signs, or disputes");
    json_object_set_new(world.answer, "answers", answers_json("none"));
    check_next(&world, "until the end of 2026-12-03: grocer, books, cinema, operator sign, or "
                       "dispute what is wrong; silence accepts");
    json_object_set_new(world.answer, "today", json_string("2026-12-04"));
    check_next(&world, "now: any partner makes it final");
    json_object_set_new(world.answer, "state", json_string("ended"));
    check_next(&world, "from 2026-12-01 on: any partner proposes it\n    accrue settle propose "
                       "--period 2026-11\n");
    json_object_set_new(world.answer, "root", json_null());
    json_object_set_new(world.answer, "totals", json_null());
    check_next(&world, "the next decision tells which records it ends with");
    json_object_set_new(world.answer, "state", json_string("open"));
    check_next(&world, "nothing yet: the period goes on to the end of 2026-11-30");
    world_release(&world);
}

int main(void)
{
    RUN(a_period_is_read_as_it_is_told);
    RUN(the_totals_are_those_of_the_format);
    RUN(what_does_not_tie_or_is_not_understood_is_refused);
    RUN(what_lacks_a_part_is_refused);
    RUN(money_is_read_as_it_is_written);
    RUN(every_report_names_its_checkpoint_and_totals);
    RUN(reports_say_what_the_period_says);
    RUN(disputes_come_in_pages);
    RUN(reports_of_two_currencies_and_two_taxes_add_up_apart);
    RUN(what_is_not_final_says_so);
    RUN(what_there_is_not_is_refused_with_what_there_is);
    RUN(orders_are_what_is_not_sent_yet);
    RUN(a_file_is_named_by_what_it_pays);
    RUN(orders_need_accounts_and_something_to_pay);
    RUN(who_cannot_be_paid_keeps_no_other_from_it);
    RUN(orders_are_in_one_currency);
    RUN(what_is_next_is_told_with_who_and_when);
    return check_report();
}
