// links: node
/* A period with one in default, as a node tells it: read back it ties or is refused, and words and
 * reports of it say who bears what. */
#include "unit/accounts.h"
#include "unit/period_answer.h"

#include "node/period_default.h"
#include "node/period_words.h"
#include "node/report.h"

#include <unistd.h>

/* Worked example B, whose grocer pays nobody: payment 0 and 1 are its, 2 the cinema's. */
struct world {
    struct charter *charter;
    struct lines exact, closed;
    struct period period;
    json_t *answer;
    struct accounts accounts;
};

static void world_init(struct world *world)
{
    struct error error;
    memset(world, 0, sizeof(*world));
    world->charter = answer_charter();
    answer_books(&world->exact, &world->closed);
    world->period = answer_period(&world->closed);
    world->answer = answer_json(&world->exact, &world->closed);
    REQUIRE(accounts_read(bytes_text(accounts_text), &world->accounts, &error));
    REQUIRE(join_accounts(&world->accounts, ledger_text, &error));
}

static void make_default(struct world *world, size_t payment, bool mutualise, int64_t fund)
{
    answer_default(&world->period, &world->closed, payment, mutualise, fund);
    answer_set_period(world->answer, &world->period);
}

static void world_release(struct world *world)
{
    json_decref(world->answer);
    period_release(&world->period);
    lines_release(&world->exact);
    lines_release(&world->closed);
    charter_close(world->charter);
    accounts_release(&world->accounts);
}

static struct period_view *read_view(const struct world *world, char why_out[ERROR_TEXT_SIZE])
{
    struct period_view *view = NULL;
    struct error error = {.text = ""};
    bool read = period_view_read(world->answer, world->charter, &view, &error);
    CHECK(read == (view != NULL));
    snprintf(why_out, ERROR_TEXT_SIZE, "%s", error.text);
    return view;
}

static struct period_view *must_read(const struct world *world)
{
    char why[ERROR_TEXT_SIZE];
    struct period_view *view = read_view(world, why);
    CHECK_TEXT(why, "");
    REQUIRE(view != NULL);
    return view;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

CASE(a_period_with_a_default_is_read_as_it_is_told)
{
    static const int64_t funds[] = {0, 1000000000000};
    for (size_t i = 0; i < 4; i++) {
        struct world world;
        world_init(&world);
        make_default(&world, 0, i & 1, funds[i / 2]);
        struct period_view *view = must_read(&world);
        REQUIRE(view->default_count == 1 && view->payment_count == world.period.payment_count);
        CHECK_INT(view->defaults[0].partner.v, GROCER);
        CHECK_INT(view->taken_count, world.period.taken_count);
        CHECK((view->taken_count > 0) == (i > 0));
        for (size_t k = 0; k < view->payment_count; k++) {
            CHECK_INT(view->payments[k].state, world.period.payments[k].state);
            CHECK_INT(view->payments[k].round, k >= 3);
            CHECK_INT(view->payments[k].ring_fenced, world.period.payments[k].ring_fenced);
        }
        CHECK(!period_view_payable(&view->payments[0]));
        period_view_close(view);
        world_release(&world);
    }
}

/* What a default made has its number in its name: from one to another there may be several. */
CASE(what_a_default_made_is_named_by_its_number)
{
    struct world world;
    char first[END_TO_END_SIZE], again[END_TO_END_SIZE];
    world_init(&world);
    make_default(&world, 0, false, 0);
    struct period_view *view = must_read(&world);
    struct view_payment payment = view->payments[0];
    period_view_end_to_end(view, &payment, 1, first);
    payment.round = 1;
    payment.number = 4;
    period_view_end_to_end(view, &payment, 1, again);
    CHECK(strcmp(first, again) != 0);
    payment.number = 5;
    period_view_end_to_end(view, &payment, 1, first);
    CHECK(strcmp(first, again) != 0);
    period_view_close(view);
    world_release(&world);
}

CASE(a_default_that_does_not_tie_is_refused)
{
    static const struct {
        const char *path, *value, *why;
    } lies[] = {
        {"payments.3.amount", "\"1.00\"", "since a default"},
        {"payments.3.round", "0", "since a default"},
        {"payments.3.round", "2", "since a default"},
        {"payments.3.round", "65536", "round"},
        {"payments.3.state", "\"void\"", "since a default"},
        {"payments.0.state", "\"due\"", "since a default"},
        {"payments.0.round", "1", "settle its nets"},
        {"payments.0.amount", "\"1.00\"", "settle its nets"},
        {"payments.2.state", "\"sent\"", "since a default"},
        {"taken_over.0.amount", "\"0.01\"", "since a default"},
        {"taken_over.0.amount", "\"-0.01\"", "since a default"},
        {"taken_over.0.collateral", "false", "since a default"},
        {"taken_over.0.claimant", "\"grocer\"", "since a default"},
        {"taken_over.0.debtor", "\"books\"", "since a default"},
        {"taken_over.0.by", "\"nobody\"", "by"},
        {"taken_over.0.currency", "\"USD\"", "currency"},
        {"taken_over", "[]", "since a default"},
        {"defaults", "[]", "settle its nets"},
        {"defaults.0.partner", "\"books\"", "since a default"},
        {"defaults.0.currency", "\"SEK\"", "since a default"},
        {"defaults",
         "[{\"partner\":\"grocer\",\"currency\":\"EUR\"},"
         "{\"partner\":\"grocer\",\"currency\":\"EUR\"}]",
         "defaults"},
        {"payments.3.default_after", "\"soon\"", "default_after"},
        {"payments.3.pay_by", "null", "pay_by"},
        {"payments.3.pay_by", "\"1969-12-31\"", "pay_by"},
        {"payments.3.sent_on", "0", "sent_on"},
        {"payments.3.amount", "\"0.001\"", "since a default"},
        {"deadlines.disputes_end", "null", "disputes_end"},
        {"preliminary", "true", "defaults"},
    };
    struct world world;
    char why[ERROR_TEXT_SIZE];
    world_init(&world);
    make_default(&world, 0, true, 1000000000000);
    REQUIRE(json_array_size(json_object_get(world.answer, "taken_over")) > 0);
    period_view_close(must_read(&world));
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        json_t *old =
            set_at(world.answer, lies[i].path, json_loads(lies[i].value, JSON_DECODE_ANY, NULL));
        struct period_view *view = read_view(&world, why);
        if (view || !strstr(why, lies[i].why)) {
            printf("%s as %s: %s\n", lies[i].path, lies[i].value, view ? "is read" : why);
            CHECK(!"is refused for its reason");
        }
        period_view_close(view);
        json_decref(set_at(world.answer, lies[i].path, old));
    }
    period_view_close(must_read(&world));
    world_release(&world);
}

/* ---- what it comes to ---------------------------------------------------------------------------
 */

/* For every partner, whatever the charter says, and after one default or two. */
CASE(what_is_owed_is_what_is_paid_or_to_be_paid)
{
    for (size_t i = 0; i < 8; i++) {
        struct world world;
        struct default_sums sums[EXAMPLE_PARTNERS];
        world_init(&world);
        world.period.payments[2].state = i & 4 ? PAYMENT_SENT : PAYMENT_DUE;
        make_default(&world, 0, i & 1, i & 2 ? 1000000000000 : 0);
        for (size_t k = 3; i & 1 && k < world.period.payment_count; k++)
            if (!world.period.payments[k].ring_fenced) {
                make_default(&world, k, true, 0);
                break;
            }
        struct period_view *view = must_read(&world);
        period_default_sums(view, "EUR", sums);
        __int128 collateral = 0;
        for (size_t k = 0; k < EXAMPLE_PARTNERS; k++) {
            CHECK(sums[k].net.v + sums[k].collateral.v == sums[k].netted.v + sums[k].ring_fenced.v);
            collateral += sums[k].collateral.v;
        }
        CHECK(collateral == 0);
        CHECK((sums[GROCER].collateral.v > 0) == ((i & 2) > 0));
        period_view_close(view);
        world_release(&world);
    }
}

/* What is shown before two people say it is what the ledger then does. */
CASE(what_is_shown_first_is_what_happens)
{
    struct world world;
    struct period then;
    world_init(&world);
    world.charter->settlement.on_default = DEFAULT_MUTUALISE;
    world.charter->risk.on = true;
    struct period_view *view = must_read(&world);
    struct view_payment *payment = &view->payments[0];
    CHECK(!period_default_possible(view, payment));
    payment->may_default = true;
    CHECK(period_default_possible(view, payment));
    view->today = date_from_days(PAY_BY + 8);
    period_default_preview(view, payment, (struct money){1000000000000}, &then);
    make_default(&world, 0, true, 1000000000000);
    struct hash shown = defaults_hash(&then), made = defaults_hash(&world.period);
    CHECK(hash_equal(&shown, &made));
    payment->state = PAYMENT_CONFIRMED;
    CHECK(!period_default_possible(view, payment));
    payment->state = PAYMENT_VOID;
    CHECK(!period_default_possible(view, payment));
    payment->state = PAYMENT_FAILED;
    payment->ring_fenced = true;
    CHECK(!period_default_possible(view, payment));
    payment->ring_fenced = false;
    period_view_close(view);
    view = must_read(&world);
    view->payments[0].state = PAYMENT_SENT; /* whatever a node says of one in default */
    view->payments[0].may_default = true;
    CHECK(!period_default_possible(view, &view->payments[0]));
    period_release(&then);
    period_view_close(view);
    world_release(&world);
}

/* ---- words --------------------------------------------------------------------------------------
 */

static bool says(const struct period_view *view,
                 void (*put)(const struct period_view *view, struct buffer *out), const char *text)
{
    struct buffer out;
    buffer_init(&out, PERIOD_WORDS_MAX);
    put(view, &out);
    bool found = strstr(buffer_text(&out), text) != NULL;
    if (!found)
        printf("not in it: %s\n%s", text, buffer_text(&out));
    buffer_release(&out);
    return found;
}

static void next_words(const struct period_view *view, struct buffer *out)
{
    static const struct command_place nowhere;
    period_words_next(view, &nowhere, out);
}

CASE(words_say_who_is_in_default_and_what_is_to_be_done)
{
    struct world world;
    world_init(&world);
    struct period_view *view = must_read(&world);
    view->payments[0].may_default = true;
    CHECK(says(view, period_words_payments, "due, may be declared in default"));
    CHECK(says(view, next_words,
               "or two people of operator say that grocer is in default\n"
               "    accrue settle default --payment 0 --period 2026-11\n"));
    period_view_close(view);
    make_default(&world, 0, true, 1000000000000);
    view = must_read(&world);
    CHECK(says(view, period_words_payments, "payment 0: grocer pays operator 1296.00 EUR, void"));
    CHECK(says(view, period_words_payments, "EUR, ring-fenced, due"));
    CHECK(says(view, next_words, "ring-fenced: grocer pays books "));
    CHECK(says(view, period_words_defaults, "grocer is in default of what it owes in EUR\n"));
    CHECK(
        says(view, period_words_defaults, "void, since nobody has sent them: payments 0, 1, 2\n"));
    CHECK(says(view, period_words_defaults, "EUR for grocer, out of the collateral of grocer"));
    CHECK(says(view, period_words_defaults, " takes over "));
    period_view_close(view);
    world_release(&world);
}

/* Payers pay, who is owed confirms and accuses, each at its own node. */
CASE(what_is_next_is_told_for_the_node_of_whoever_is_to_act)
{
    struct world world;
    world_init(&world);
    struct period_view *view = must_read(&world);
    json_t *nodes = json_pack("{s:s, s:s}", "grocer", "first", "operator", "house");
    const struct command_place place = {
        .dir = "demo", .node = "own", .self = "books", .nodes = nodes};
    static const char *const wanted[] = {
        "    accrue settle pay --payment 0 --period 2026-11 --dir demo --node first\n",
        "    accrue settle default --payment 0 --period 2026-11 --dir demo --node house\n",
        "    accrue settle confirm --payment 0 --period 2026-11 --dir demo --node house\n"};
    struct buffer out;
    buffer_init(&out, PERIOD_WORDS_MAX);
    view->payments[0].may_default = true;
    period_words_next(view, &place, &out);
    view->payments[0].state = PAYMENT_SENT;
    period_words_next(view, &place, &out);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        CHECK(strstr(buffer_text(&out), wanted[i]) != NULL);
    buffer_release(&out);
    json_decref(nodes);
    period_view_close(view);
    world_release(&world);
}

CASE(a_dispute_that_its_opener_leaves_is_the_others_to_end)
{
    struct world world;
    world_init(&world);
    struct period_view *view = must_read(&world);
    view->disputes = array_grow(view->disputes, &(size_t){0}, 1, sizeof(*view->disputes));
    view->dispute_count = 1;
    view->disputes[0] = (struct view_dispute){.about = {.record = {17},
                                                        .debtor = {GROCER},
                                                        .creditor = {CINEMA},
                                                        .line_class = LINE_REDEMPTION},
                                              .currency = "EUR",
                                              .by = {GROCER},
                                              .state = VIEW_DISPUTE_RESPONDED,
                                              .amount = {euro4(4500000)},
                                              .offered = {euro4(2700000)}};
    static const char offer[] = "or cinema ends it, and nothing is cancelled\n"
                                "    accrue settle resolve --record 17 --amount 0 --period "
                                "2026-11\n";
    struct buffer out;
    buffer_init(&out, PERIOD_WORDS_MAX);
    view->today = view->disputes_end;
    next_words(view, &out);
    CHECK(strstr(buffer_text(&out), "ends it") == NULL);
    buffer_release(&out);
    view->today = date_from_days(date_to_days(view->disputes_end) + 1);
    CHECK(says(view, next_words, offer));
    period_view_close(view);
    world_release(&world);
}

/* ---- reports ------------------------------------------------------------------------------------
 */

static struct buffer left_out;

static struct report_request request_of(const struct world *world, const struct period_view *view,
                                        uint16_t partner)
{
    buffer_release(&left_out);
    buffer_init(&left_out, REPORT_SIZE_MAX);
    return (struct report_request){.view = view,
                                   .accounts = &world->accounts,
                                   .has_partner = true,
                                   .partner = {partner},
                                   .execution = {2026, 12, 15},
                                   .paid_on = {2026, 12, 15},
                                   .left_out = &left_out};
}

static bool report_has(const char *name, enum report_format format,
                       const struct report_request *request, const char *text)
{
    struct buffer out;
    struct error error = {.text = ""};
    buffer_init(&out, REPORT_SIZE_MAX);
    bool made = report_write(name, format, request, &out, &error);
    bool found = made && strstr(buffer_text(&out), text) != NULL;
    if (!found)
        printf("not in %s: %s\n%s%.600s", name, text, error.text, made ? buffer_text(&out) : "");
    buffer_release(&out);
    return found;
}

/* The grocer's collateral of 500.00 pays 500.00 of what it owes; the rest is mutualised. By hand:
 * it owes books 900.00, the cinema 1800.00 and the operator 720.00. 500.00 of 3420.00 are 131.58,
 * 263.16 and 105.26. Receivables are 4680.00, 2970.00 and 1296.00 of 8946.00; of 2920.00 that are
 * left these are 1527.565, 969.417 and 423.018: the two largest remainders get a cent. Books lose
 * 768.42 by themselves, the cinema 1536.84 and the operator 614.74: so books take over 567.42 of
 * the cinema's claim and 191.72 of the operator's.
 */
CASE(reports_tell_who_bears_what)
{
    static const struct {
        const char *name;
        enum report_format format;
        const char *text;
    } all[] = {
        {"statement", REPORT_JSON,
         "{\"debtor\":\"grocer\",\"claimant\":\"cinema\",\"by\":\"operator\","
         "\"collateral\":true,\"amount\":\"263.16\"}"},
        {"statement", REPORT_JSON,
         "{\"debtor\":\"grocer\",\"claimant\":\"operator\",\"by\":\"operator\","
         "\"collateral\":true,\"amount\":\"105.26\"}"},
        {"statement", REPORT_JSON,
         "{\"debtor\":\"grocer\",\"claimant\":\"cinema\",\"by\":\"books\","
         "\"collateral\":false,\"amount\":\"567.42\"}"},
        {"statement", REPORT_CSV, "grocer,books,EUR,taken-over,,567.42,567.42"},
        {"statement", REPORT_CSV, "grocer,books,EUR,collateral,,-131.58,-131.58"},
        {"statement", REPORT_HTML, "<h2>Default</h2>"},
        {"statement", REPORT_HTML,
         "books takes over 191.72 EUR that grocer owes operator: it owes that to operator"},
        {"matrix", REPORT_CSV, "grocer,books,EUR,3600.00,627.56"},
        {"matrix", REPORT_CSV, "operator,cinema,EUR,0.00,263.16"},
        {"matrix", REPORT_JSON, "\"on_default\":\"ring-fence\",\"in_default\":[\"grocer\"]"},
        {"nets", REPORT_CSV, "grocer,EUR,-3420.00,500.00,0.00,-2920.00"},
        {"nets", REPORT_JSON,
         "{\"partner\":\"grocer\",\"net\":\"-3420.00\",\"collateral\":\"500.00\","
         "\"netted\":\"0.00\",\"ring_fenced\":\"-2920.00\"}"},
        {"nets", REPORT_HTML, "<td class=\"n\">-2,920.00</td>"},
        {"payments", REPORT_CSV, ",netted,0,void\r\n"},
        {"payments", REPORT_CSV, ",ring-fenced,1,due\r\n"},
        {"payments", REPORT_JSON, "\"due\":null,\"ring_fenced\":true,\"round\":1"},
        {"payments", REPORT_HTML, "<td>ring-fenced, due</td>"},
        {"payments", REPORT_HTML, "<td>void</td>"},
        {"journal", REPORT_JOURNAL, "default of grocer: operator pays out of collateral what it"}};
    struct world world;
    world_init(&world);
    make_default(&world, 0, true, INT64_C(500) * 10000000000);
    struct period_view *view = must_read(&world);
    struct report_request request = request_of(&world, view, BOOKS);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        CHECK(report_has(all[i].name, all[i].format, &request, all[i].text));
    period_view_close(view);
    world_release(&world);
}

/* Void ones are in no order to a bank; what is ring-fenced is, and says so to its payee. */
CASE(orders_are_of_what_is_owed_since_the_default)
{
    struct world world;
    char void_name[END_TO_END_SIZE];
    struct buffer out;
    struct error error = {.text = ""};
    world_init(&world);
    make_default(&world, 0, false, 0);
    struct period_view *view = must_read(&world);
    struct report_request request = request_of(&world, view, GROCER);
    buffer_init(&out, REPORT_SIZE_MAX);
    REQUIRE(report_write("payments", REPORT_XML, &request, &out, &error));
    CHECK(strstr(buffer_text(&out), "<CtrlSum>3420.00</CtrlSum>"));
    CHECK(strstr(buffer_text(&out), "<Ustrd>Ring-fenced, settlement 2026-11, records 4711"));
    CHECK(!strstr(buffer_text(&out), "<Ustrd>Settlement"));
    for (size_t i = 0; i < 3; i++) {
        period_view_end_to_end(view, &view->payments[i], 1, void_name);
        CHECK(!strstr(buffer_text(&out), void_name));
    }
    buffer_release(&out);
    period_view_close(view);
    world_release(&world);
}

/* The operator holds collateral in euro, in which nothing else is owed to it or by it. */
CASE(who_holds_collateral_is_told_what_it_owes_of_it)
{
    struct world world;
    struct charter_line_rules rules;
    struct lines whole;
    struct buffer out;
    struct error error = {.text = ""};
    world_init(&world);
    whole = world.exact;
    world.exact = (struct lines){.at = NULL};
    for (size_t i = 0; i < whole.count; i++) {
        struct line line = whole.at[i];
        if (line.creditor.v == OPERATOR) {
            line.tariff = 1;
            memcpy(line.currency, "SEK", CURRENCY_SIZE);
        }
        lines_add(&world.exact, &line);
    }
    lines_release(&whole);
    lines_release(&world.closed);
    period_release(&world.period);
    json_decref(world.answer);
    charter_line_rules(world.charter, &rules);
    REQUIRE(lines_close(world.exact.at, world.exact.count, &rules.rules, &world.closed, NULL));
    world.period = answer_period(&world.closed);
    world.answer = answer_json(&world.exact, &world.closed);
    make_default(&world, 0, false, INT64_C(500) * 10000000000);
    struct period_view *view = must_read(&world);
    struct report_request request = request_of(&world, view, OPERATOR);
    buffer_init(&out, REPORT_SIZE_MAX);
    CHECK(report_write("payments", REPORT_XML, &request, &out, &error));
    CHECK_TEXT(error.text, "");
    CHECK(strstr(buffer_text(&out), "<CtrlSum>500.00</CtrlSum>"));
    buffer_release(&out);
    CHECK(report_has("statement", REPORT_JSON, &request, "\"currencies\":[\"EUR\",\"SEK\"]"));
    period_view_close(view);
    world_release(&world);
}

int main(void)
{
    RUN(a_period_with_a_default_is_read_as_it_is_told);
    RUN(what_a_default_made_is_named_by_its_number);
    RUN(a_default_that_does_not_tie_is_refused);
    RUN(what_is_owed_is_what_is_paid_or_to_be_paid);
    RUN(what_is_shown_first_is_what_happens);
    RUN(words_say_who_is_in_default_and_what_is_to_be_done);
    RUN(what_is_next_is_told_for_the_node_of_whoever_is_to_act);
    RUN(a_dispute_that_its_opener_leaves_is_the_others_to_end);
    RUN(reports_tell_who_bears_what);
    RUN(orders_are_of_what_is_owed_since_the_default);
    RUN(who_holds_collateral_is_told_what_it_owes_of_it);
    buffer_release(&left_out);
    return check_report();
}
