// links: node
/* A period with one in default, as a node tells it: read back it ties or is refused, and words and
 * reports of it say who bears what. */
#include "unit/accounts.h"
#include "unit/period_answer.h"

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

/* A payment of a default has another name than one between the same two at first. */
CASE(a_payments_name_has_its_round)
{
    struct world world;
    char first[END_TO_END_SIZE], again[END_TO_END_SIZE];
    world_init(&world);
    make_default(&world, 0, false, 0);
    struct period_view *view = must_read(&world);
    struct view_payment payment = view->payments[0];
    period_view_end_to_end(view, &payment, 1, first);
    payment.round = 1;
    period_view_end_to_end(view, &payment, 1, again);
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
        {"payments.3.ring_fenced", "true", "since a default"},
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
        {"deadlines.default_after", "\"soon\"", "default_after"},
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

int main(void)
{
    RUN(a_period_with_a_default_is_read_as_it_is_told);
    RUN(a_payments_name_has_its_round);
    RUN(a_default_that_does_not_tie_is_refused);
    return check_report();
}
