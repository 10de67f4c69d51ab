// links: node
/* What a node tells of a settlement period, read back: it ties or is refused. And what reports make
 * of it. */
#include "unit/books.h"
#include "unit/coalition.h"

#include "node/period_words.h"
#include "node/report.h"
#include "partners/pain001.h"
#include "partners/periods.h"

#include <stdlib.h>
#include <unistd.h>

#define SCHEMA ACCRUE_SHARED "/vectors/iso20022/pain.001.001.09.xsd"

static const char accounts_text[] =
    "{\"grocer\":{\"name\":\"Green Grocer AG\",\"iban\":\"AT61 1904 3002 3457 3201\","
    "\"bic\":\"BKAUATWWXXX\",\"address\":[\"Marktplatz 1\",\"1010 Wien\"],"
    "\"tax_number\":\"ATU12345678\"},"
    "\"books\":{\"name\":\"Books & More Ltd\",\"iban\":\"IE29AIBK93115212345678\"},"
    "\"cinema\":{\"name\":\"Lux Cin\xc3\xa9mas GmbH\",\"iban\":\"DE89370400440532013000\"},"
    "\"operator\":{\"name\":\"High Street Services\",\"iban\":\"NL91ABNA0417164300\"}}";

/* Worked example B with taxed fees, final, as a node tells it. */
struct world {
    struct charter *charter;
    struct lines exact, closed;
    json_t *answer;
    struct accounts accounts;
};

static json_t *money_json(struct money money)
{
    char text[MONEY_TEXT_SIZE];
    money_format(money, 2, text);
    return json_string(text);
}

static json_t *line_json(const struct line *line, bool rounded)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "debtor", example_names[line->debtor.v], "creditor",
                  example_names[line->creditor.v], "class", book_class_word(line->book_class),
                  "tax_code", line->tax_code, "exact", money_json(line->exact));
    if (rounded)
        json_object_set_new(json, "rounded", money_json(line->rounded));
    return json;
}

static json_t *lines_json(const struct lines *lines, bool rounded)
{
    json_t *list = json_array();
    for (size_t i = 0; i < lines->count; i++)
        json_array_append_new(list, line_json(&lines->at[i], rounded));
    return list;
}

static json_t *nets_json(const struct lines *closed)
{
    struct money nets[EXAMPLE_PARTNERS];
    json_t *list = json_array();
    netting_nets(closed, "EUR", EXAMPLE_PARTNERS, nets);
    for (size_t i = 0; i < EXAMPLE_PARTNERS; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "partner", example_names[i], "net", money_json(nets[i])));
    return list;
}

static json_t *payments_json(const struct lines *closed)
{
    struct money nets[EXAMPLE_PARTNERS];
    struct payment payments[EXAMPLE_PARTNERS];
    json_t *list = json_array();
    netting_nets(closed, "EUR", EXAMPLE_PARTNERS, nets);
    size_t count = netting_payments(example_names, nets, EXAMPLE_PARTNERS, payments);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:o, s:s, s:i, s:b, s:b}", "number",
                                              (int)i, "from", example_names[payments[i].from.v],
                                              "to", example_names[payments[i].to.v], "amount",
                                              money_json(payments[i].amount), "state", "due",
                                              "attempt", 0, "first_approval", 0, "overdue", 0));
    return list;
}

static json_t *answers_json(const char *answer)
{
    json_t *list = json_array();
    for (size_t i = 0; i < EXAMPLE_PARTNERS; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "partner", example_names[i],
                                              "answer", answer, "first_approval", 0));
    return list;
}

/* SHA-256 over what periods.h says, of worked example B in November 2026. */
static void totals_of(const struct lines *exact, const struct hash *root, char hex_out[65])
{
    const struct closed_period closed = {
        .period = {.number = 682}, .records = 4711, .root = *root, .exact = *exact};
    struct hash totals = closed_period_totals(&closed);
    hex_encode(hash_as_bytes(&totals), hex_out);
}

static json_t *answer_json(const struct world *world)
{
    struct hash root = hash_bytes(bytes_text("root"));
    char root_text[BASE64_SIZE(HASH_SIZE) + 1], totals[65];
    base64_encode(hash_as_bytes(&root), root_text);
    totals_of(&world->exact, &root, totals);
    json_t *answer = json_pack(
        "{s:s, s:b, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s}, s:i, s:i, s:s, s:s}",
        "currency", "EUR", "sandbox", 1, "ledger_time", "2026-12-02T10:00:00Z", "today",
        "2026-12-02", "height", 120, "period", "2026-11", "state", "final", "first_day",
        "2026-11-01", "last_day", "2026-11-30", "deadlines", "propose", "2026-12-01", "answer",
        "2026-12-03", "pay", "2026-12-07", "first_record", 0, "records", 4711, "root", root_text,
        "totals", totals);
    json_object_set_new(answer, "preliminary", json_false());
    json_object_set_new(
        answer, "ledger",
        json_pack("{s:i, s:i, s:s}", "height", 120, "records", 4800, "root", root_text));
    json_object_set_new(answer, "answers", answers_json("signed"));
    json_object_set_new(answer, "lines", lines_json(&world->exact, false));
    json_object_set_new(answer, "rounded", lines_json(&world->closed, true));
    json_object_set_new(answer, "nets", nets_json(&world->closed));
    json_object_set_new(answer, "payments", payments_json(&world->closed));
    json_object_set_new(answer, "redeemed",
                        json_pack("[{s:s, s:s, s:s}]", "debtor", "grocer", "creditor", "books",
                                  "points", "400000"));
    json_object_set_new(answer, "disputes", json_array());
    json_object_set_new(answer, "taxes",
                        json_pack("[{s:s, s:i}]", "code", "AT-20", "rate_bp", 2000));
    return answer;
}

static void world_init(struct world *world)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema"},
                                  .operator_name = "operator",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .sandbox = true};
    struct error error;
    struct lines apart = {.at = NULL};
    memset(world, 0, sizeof(*world));
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 1;
    draft->settlement.taxes[0] = (struct charter_tax){.code = "AT-20", .rate_bp = 2000};
    memcpy(draft->settlement.fee_tax, "AT-20", sizeof("AT-20"));
    world->charter = coalition_found(draft);
    example_b(&apart, 0);
    for (size_t i = 0; i < apart.count; i++)
        if (book_class_is_fee(apart.at[i].book_class))
            memcpy(apart.at[i].tax_code, "AT-20", 6);
    close_books(&apart, &world->closed);
    /* The exact lines in order, as a period has them: without taxes. */
    for (size_t i = 0; i < world->closed.count; i++) {
        struct line line = world->closed.at[i];
        line.rounded.v = 0;
        if (line.book_class != BOOK_TAX)
            lines_add(&world->exact, &line);
    }
    lines_release(&apart);
    world->answer = answer_json(world);
    if (!accounts_read(bytes_text(accounts_text), &world->accounts, &error)) {
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

/* Sets one member of the answer, found by a path such as "lines.0.exact"; gives the old value. */
static json_t *set_at(json_t *answer, const char *path, json_t *value)
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

/* ---- the partner's own file ------------------------------------------------------------------ */

CASE(accounts_are_read_strictly)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"[]", "no JSON object"},
        {"{\"Grocer\":{\"name\":\"x\"}}", "a partner's name"},
        {"{\"grocer\":\"AT61\"}", "/grocer: must be an object"},
        {"{\"grocer\":{}}", "/grocer/name: is needed"},
        {"{\"grocer\":{\"name\":\"x\",\"ibam\":\"y\"}}", "/grocer/ibam"},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"AT621904300234573201\"}}", "/grocer/iban"},
        {"{\"grocer\":{\"name\":\"x\",\"bic\":\"BKAUATWW\"}}", "/grocer/bic"},
        {"{\"grocer\":{\"name\":\"\xe4\xb8\xad\",\"iban\":\"AT611904300234573201\"}}",
         "/grocer/name"},
        {"{\"grocer\":{\"name\":\"x\",\"address\":[1]}}", "/grocer/address"},
        {"{\"grocer\":{\"name\":\"x\",\"address\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}}",
         "/grocer/address"},
        {"{\"a\":{\"name\":\"x\",\"iban\":\"AT611904300234573201\"},"
         "\"b\":{\"name\":\"y\",\"iban\":\"AT61 1904 3002 3457 3201\"}}",
         "a and b have the same IBAN"},
        {"{\"a\":{},\"b\":{}}", "2 mistakes"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct accounts accounts = {.at = NULL};
        struct error error = {.text = ""};
        bool read = accounts_read(bytes_text(wrong[i].text), &accounts, &error);
        if (read || !strstr(error.text, wrong[i].why)) {
            printf("%s: %s\n", wrong[i].text, error.text);
            CHECK(!"is refused for its reason");
        }
    }
    struct accounts accounts = {.at = NULL};
    REQUIRE(accounts_read(bytes_text(accounts_text), &accounts, NULL));
    CHECK_TEXT(accounts_payment(&accounts, "grocer")->iban, "AT611904300234573201");
    CHECK_TEXT(accounts_payment(&accounts, "cinema")->holder, "Lux Cinemas GmbH");
    CHECK_TEXT(accounts_of(&accounts, "cinema")->name, "Lux Cin\xc3\xa9mas GmbH");
    CHECK(accounts_payment(&accounts, "fuel") == NULL);
    accounts_release(&accounts);
    REQUIRE(accounts_read(bytes_text("{\"a\":{\"name\":\"x\"}}"), &accounts, NULL));
    CHECK(accounts_of(&accounts, "a") && !accounts_payment(&accounts, "a"));
    accounts_release(&accounts);
}

/* ---- reports --------------------------------------------------------------------------------- */

static struct report_request request_of(const struct world *world, const struct period_view *view)
{
    return (struct report_request){.view = view,
                                   .accounts = &world->accounts,
                                   .has_partner = true,
                                   .partner = {GROCER},
                                   .execution = {2026, 12, 3},
                                   .paid_on = {2026, 12, 7}};
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
    json_t *disputes =
        json_pack("[{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:s}]", "record",
                  12, "debtor", "grocer", "creditor", "cinema", "class", "redemption", "tax_code",
                  "", "code", "WRONG_AMOUNT", "by", "grocer", "state", "responded", "amount",
                  "450.00", "offered", "270.00", "upheld", "rest", "entered", "0.00");
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
                "{\"debtor\":\"grocer\",\"creditor\":\"operator\",\"amount\":\"720.00\"}");
    CHECK_PARTS("nets", REPORT_CSV, &request, "grocer,EUR,-3420.00");
    CHECK_PARTS("nets", REPORT_HTML, &request, "<svg", "-3,420.00", "1,296.00", ">due<");
    CHECK_PARTS("nets", REPORT_JSON, &request, "{\"partner\":\"operator\",\"net\":\"1296.00\"}",
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
        {"{}", GROCER, "no account of grocer"},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"AT611904300234573201\"}}", GROCER,
         "no account of operator"},
        {"{\"cinema\":{\"name\":\"x\",\"iban\":\"AT611904300234573201\"}}", CINEMA,
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
        REQUIRE(accounts_read(bytes_text(cases[i].accounts), &accounts, NULL));
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

/* ---- in words -------------------------------------------------------------------------------- */

static void check_next(const struct world *world, const char *expected)
{
    struct period_view *view = read_view(world);
    struct buffer out;
    buffer_init(&out, PERIOD_WORDS_MAX);
    period_words_next(view, &out);
    CHECK(has(&out, expected));
    buffer_release(&out);
    period_view_close(view);
}

CASE(what_is_next_is_told_with_who_and_when)
{
    struct world world;
    world_init(&world);
    check_next(&world, "until the end of 2026-12-07: grocer pays operator 1296.00 EUR, and two "
                       "people there says so");
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
    RUN(accounts_are_read_strictly);
    RUN(every_report_names_its_checkpoint_and_totals);
    RUN(reports_say_what_the_period_says);
    RUN(what_is_not_final_says_so);
    RUN(what_there_is_not_is_refused_with_what_there_is);
    RUN(orders_are_what_is_not_sent_yet);
    RUN(a_file_is_named_by_what_it_pays);
    RUN(orders_need_accounts_and_something_to_pay);
    RUN(what_is_next_is_told_with_who_and_when);
    return check_report();
}
