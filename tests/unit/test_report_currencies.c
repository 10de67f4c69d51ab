// links: node
/* A period that is owed in two currencies: what is read of it, and what its reports say. */
#include "unit/period_answer.h"

#include "node/period_words.h"
#include "node/report.h"

/* ---- a node's answer ---------------------------------------------------------------------------
 */

struct world {
    struct charter *charter;
    struct lines exact, closed;
    json_t *answer;
};

/* Worked example B, and by contracts of theirs the cinema is owed 475 kronor more by the grocer,
 * and 95 by books. */
static void world_init(struct world *world)
{
    struct charter_line_rules rules;
    struct lines euro = {.at = NULL};
    memset(world, 0, sizeof(*world));
    world->charter = answer_charter();
    charter_line_rules(world->charter, &rules);
    answer_books(&euro, &world->closed);
    for (size_t i = 0; i < euro.count; i++) {
        struct line line = euro.at[i];
        lines_add(&world->exact, &line);
        if (line.creditor.v != CINEMA || line.book_class != BOOK_REDEMPTION)
            continue;
        line.tariff = 1;
        line.exact.v = euro4(line.debtor.v == GROCER ? 4750000 : 950000);
        memcpy(line.currency, "SEK", CURRENCY_SIZE);
        lines_add(&world->exact, &line);
    }
    lines_release(&euro);
    lines_release(&world->closed);
    REQUIRE(lines_close(world->exact.at, world->exact.count, &rules.rules, &world->closed, NULL));
    world->answer = answer_json(&world->exact, &world->closed);
}

static void world_release(struct world *world)
{
    json_decref(world->answer);
    lines_release(&world->exact);
    lines_release(&world->closed);
    charter_close(world->charter);
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

/* ---- reading ------------------------------------------------------------------------------------
 */

CASE(each_currency_has_nets_and_payments_of_its_own)
{
    static const struct {
        const char *path, *value, *why;
    } lies[] = {{"nets.6.net", "\"0.00\"", "does not tie: the net of cinema"},
                {"nets.5.partner", "\"grocer\"", "does not tie: the net of books"},
                {"nets.4.currency", "\"EUR\"", "does not tie: the net of grocer"},
                {"payments.3.currency", "\"EUR\"", "does not tie: its payments"},
                {"sums.1.exact", "\"12071.00\"", "does not tie: its sums"},
                /* A tariff means the same in every line. */
                {"lines.6.currency", "\"EUR\"", "tariff"},
                {"lines.6.tax_code", "\"AT-20\"", "tariff"},
                {"rounded.2.currency", "\"EUR\"", "not in order"}};
    struct world world;
    char why[ERROR_TEXT_SIZE];
    world_init(&world);
    struct period_view *view = read_view(&world, why);
    CHECK_TEXT(why, "");
    REQUIRE(view != NULL);
    CHECK_INT(view->partner_count, EXAMPLE_PARTNERS);
    CHECK_INT(view->exact.at[6].tariff, 1);
    CHECK_INT(view->payment_count, 5);
    CHECK_TEXT(view->payments[3].currency, "SEK");
    CHECK_INT(view->payments[3].payment.amount.v, euro4(4750000));
    period_view_close(view);
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        json_t *old =
            set_at(world.answer, lies[i].path, json_loads(lies[i].value, JSON_DECODE_ANY, NULL));
        CHECK(read_view(&world, why) == NULL);
        CHECK(strstr(why, lies[i].why) != NULL);
        json_decref(set_at(world.answer, lies[i].path, old));
    }
    world_release(&world);
}

/* ---- telling ------------------------------------------------------------------------------------
 */

static bool has(struct buffer *out, const char *text)
{
    bool found = strstr(buffer_text(out), text) != NULL;
    if (!found)
        printf("not there: %s\n", text);
    return found;
}

static void next_words(const struct period_view *view, struct buffer *out)
{
    static const struct command_place nowhere;
    period_words_next(view, &nowhere, out);
}

CASE(words_say_the_currency_of_each_amount)
{
    static const struct {
        void (*put)(const struct period_view *view, struct buffer *out);
        const char *wanted;
    } all[] = {
        {period_words_nets, "partner                       SEK\ngrocer                    -475.00"},
        {period_words_pairs, "SEK           475.00           475.00"},
        {period_words_payments, "grocer pays cinema 475.00 SEK"},
        {next_words, "grocer pays cinema 475.00 SEK"}};
    struct world world;
    char why[ERROR_TEXT_SIZE];
    world_init(&world);
    struct period_view *view = read_view(&world, why);
    REQUIRE(view != NULL);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct buffer out;
        buffer_init(&out, PERIOD_WORDS_MAX);
        all[i].put(view, &out);
        CHECK(has(&out, all[i].wanted));
        buffer_release(&out);
    }
    period_view_close(view);
    world_release(&world);
}

static void words_of(const struct period_view *view,
                     void (*put)(const struct period_view *view, struct buffer *out),
                     struct buffer *out)
{
    buffer_init(out, PERIOD_WORDS_MAX);
    put(view, out);
}

/* A dispute has to name it: --tariff. */
CASE(a_line_of_several_tariffs_says_which)
{
    struct world world;
    struct buffer out;
    char why[ERROR_TEXT_SIZE];
    int count = 0;
    world_init(&world);
    struct period_view *view = read_view(&world, why);
    REQUIRE(view != NULL);
    words_of(view, period_words_pairs, &out);
    CHECK(has(&out, "SEK           475.00           475.00  tariff 1\n"));
    CHECK(has(&out, "SEK            95.00            95.00  tariff 1\n"));
    for (const char *at = buffer_text(&out); (at = strstr(at, "  tariff ")); at++)
        count++;
    CHECK_INT(count, 4); /* the two, and what they are owed in euro */
    buffer_release(&out);
    free(view->disputes);
    view->disputes = allocate(2, sizeof(*view->disputes));
    view->dispute_count = 2;
    for (size_t i = 0; i < 2; i++)
        view->disputes[i] = (struct view_dispute){.about = {.debtor = {GROCER},
                                                            .creditor = {CINEMA},
                                                            .tariff = 1,
                                                            .line_class = LINE_REDEMPTION},
                                                  .currency = "SEK"};
    view->disputes[1].about.line_class = LINE_CLAW_BACK;
    words_of(view, period_words_disputes, &out);
    CHECK(has(&out, "of redemption that grocer owes cinema (DUPLICATE, tariff 1), "));
    CHECK(has(&out, "of claw-back that grocer owes cinema (DUPLICATE), "));
    buffer_release(&out);
    period_view_close(view);
    world_release(&world);
}

/* Each table's rows are as long as its head, up to what follows the figures. */
static bool is_straight(struct buffer *out)
{
    size_t wanted = 0;
    bool straight = true;
    for (const char *line = buffer_text(out), *end; (end = strchr(line, '\n')); line = end + 1) {
        const char *more = strstr(line, "  tariff ");
        size_t size = (size_t)((more && more < end ? more : end) - line);
        straight = straight && (wanted == 0 || size == wanted);
        wanted = size;
    }
    return straight;
}

CASE(tables_are_as_wide_as_the_longest_name)
{
    struct world world;
    struct buffer out;
    char why[ERROR_TEXT_SIZE], name[NAME_SIZE_MAX + 1];
    world_init(&world);
    struct period_view *view = read_view(&world, why);
    REQUIRE(view != NULL);
    memset(name, 'n', sizeof(name));
    name[NAME_SIZE_MAX] = 0;
    memcpy(view->partners[CINEMA].name, name, sizeof(name));
    words_of(view, period_words_pairs, &out);
    CHECK(has(&out, name));
    CHECK(is_straight(&out));
    buffer_release(&out);
    words_of(view, period_words_nets, &out);
    CHECK(has(&out, name));
    CHECK(strstr(buffer_text(&out), "\ngrocer                                                  "));
    buffer_release(&out);
    period_view_close(view);
    world_release(&world);
}

CASE(a_report_may_be_of_one_currency_and_a_journal_is_of_all)
{
    static const struct {
        const char *name;
        enum report_format format;
        const char *currency, *wanted;
    } all[] = {{"statement", REPORT_JSON, "", "\"owed_by\":\"6570.00\""},
               {"statement", REPORT_JSON, "EUR", "\"owed_by\":\"6570.00\""},
               {"statement", REPORT_JSON, "SEK", "\"owed_by\":\"475.00\""},
               {"nets", REPORT_CSV, "EUR", "grocer,EUR,-3420.00"},
               {"nets", REPORT_CSV, "SEK", "grocer,SEK,-475.00"},
               {"nets", REPORT_HTML, "SEK", "<td>SEK</td>"},
               {"payments", REPORT_CSV, "SEK", "grocer,cinema,SEK,475.00"},
               {"payments", REPORT_JSON, "EUR", "\"currency\":\"EUR\",\"amount\":\"1296.00\""},
               {"matrix", REPORT_JSON, "SEK",
                "\"pairs\":[{\"debtor\":\"grocer\",\"creditor\":\"cinema\",\"currency\":\"SEK\","
                "\"amount\":\"475.00\"},"
                "{\"debtor\":\"books\",\"creditor\":\"cinema\",\"currency\":\"SEK\",\"amount\":"
                "\"95.00\"}]"},
               {"journal", REPORT_JOURNAL, "", "= -3420.00 EUR"},
               {"journal", REPORT_JOURNAL, "", "= -475.00 SEK"}};
    static const struct accounts nobodys;
    struct world world;
    struct error error = {.text = ""};
    char why[ERROR_TEXT_SIZE];
    world_init(&world);
    struct period_view *view = read_view(&world, why);
    REQUIRE(view != NULL);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct report_request request = {.view = view,
                                         .accounts = &nobodys,
                                         .has_partner = true,
                                         .partner = {GROCER},
                                         .execution = {2026, 12, 3},
                                         .paid_on = {2026, 12, 7}};
        struct buffer out;
        snprintf(request.currency, sizeof(request.currency), "%s", all[i].currency);
        buffer_init(&out, REPORT_SIZE_MAX);
        CHECK(report_write(all[i].name, all[i].format, &request, &out, &error));
        CHECK_TEXT(error.text, "");
        CHECK(has(&out, all[i].wanted));
        buffer_release(&out);
    }
    period_view_close(view);
    world_release(&world);
}

int main(void)
{
    RUN(each_currency_has_nets_and_payments_of_its_own);
    RUN(words_say_the_currency_of_each_amount);
    RUN(a_line_of_several_tariffs_says_which);
    RUN(tables_are_as_wide_as_the_longest_name);
    RUN(a_report_may_be_of_one_currency_and_a_journal_is_of_all);
    return check_report();
}
