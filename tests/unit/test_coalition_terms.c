// links: node
/* What a coalition says of settlement and contracts, from the command line to its charter. */
#include "check.h"

#include "node/cluster.h"
#include "node/coalition.h"
#include "partners/date.h"

#include <stdlib.h>
#include <string.h>

static void give(struct cli_texts *texts, const char *text)
{
    texts->at[texts->count++] = text;
}

/* The charter that a plan's folder gets; NULL with an error. */
static struct charter *found(struct coalition_plan *plan, struct error *error)
{
    char dir[] = "/tmp/accrue-terms.XXXXXX";
    char place[64], path[96];
    struct buffer json;
    struct charter *charter = NULL;
    REQUIRE(mkdtemp(dir) != NULL);
    snprintf(place, sizeof(place), "%s/new", dir);
    snprintf(path, sizeof(path), "%s/charter.json", place);
    plan->dir = place;
    buffer_init(&json, CHARTER_SIZE_MAX);
    if (coalition_partners(plan, "grocer,books", error) && coalition_make(plan, error))
        REQUIRE(cli_file_read(path, CHARTER_SIZE_MAX, &json, error) &&
                charter_parse(buffer_bytes(&json), &charter, NULL, error));
    buffer_release(&json);
    cluster_remove(dir);
    return charter;
}

CASE(the_charter_says_what_the_options_said)
{
    static struct coalition_plan plan;
    static struct coalition_texts texts;
    struct error error = {.code = ERROR_NONE};
    coalition_plan_init(&plan, 7100);
    texts.period = "week";
    texts.fee_tax = "DE-19";
    texts.redemption_tax = "DE-7";
    give(&texts.holidays, "2026-12-26");
    give(&texts.holidays, "2026-12-25"); /* in any order */
    give(&texts.taxes, "DE-19=1900");
    give(&texts.taxes, "DE-7=700");
    give(&texts.currencies, "SEK:2:0.0871");
    give(&texts.currencies, "JPY:0");
    texts.dispute_days = "15";
    texts.default_days = "0";
    texts.on_default = "mutualise";
    plan.contracts_required = true;
    plan.notice_days = 14;
    plan.operator_name = "books";
    plan.risk = (struct charter_risk){true, {1000000000}, 1000, 12000, 10000, 11000, 12500};
    REQUIRE(coalition_terms(&plan, &texts, &error));
    struct charter *charter = found(&plan, &error);
    CHECK_TEXT(error.text, "");
    REQUIRE(charter != NULL);
    CHECK_INT(charter->settlement.every, PERIOD_WEEK);
    CHECK_INT(charter->settlement.holiday_count, 2);
    CHECK_INT(charter->settlement.holidays[0], date_to_days((struct date){2026, 12, 25}));
    CHECK_INT(charter->settlement.holidays[1], date_to_days((struct date){2026, 12, 26}));
    CHECK_INT(charter->settlement.tax_count, 2);
    CHECK_TEXT(charter->settlement.taxes[1].code, "DE-7");
    CHECK_INT(charter->settlement.taxes[1].rate_bp, 700);
    CHECK_TEXT(charter->settlement.fee_tax, "DE-19");
    CHECK_TEXT(charter->settlement.redemption_tax, "DE-7");
    CHECK_INT(charter->settlement.dispute_days, 15);
    CHECK_INT(charter->settlement.default_days, 0);
    CHECK_INT(charter->settlement.on_default, DEFAULT_MUTUALISE);
    CHECK(charter->contracts.required);
    CHECK_INT(charter->contracts.notice_days, 14);
    CHECK_INT(charter->contracts.currency_count, 2);
    CHECK_TEXT(charter->contracts.currencies[0].code, "SEK");
    CHECK_INT(charter->contracts.currencies[0].minor_digits, 2);
    CHECK_INT(charter->contracts.currencies[0].collateral_rate.v, 87100);
    CHECK_INT(charter->contracts.currencies[1].collateral_rate.v, 0);
    CHECK(charter->risk.on && charter->risk.floor.v == 1000000000);
    CHECK_INT(charter->risk.breakage_bp, 1000);
    CHECK_INT(charter->risk.haircut_bp, 12000);
    CHECK_INT(charter->risk.refuse_bp, 12500);
    CHECK_TEXT(charter->contracts.currencies[1].code, "JPY");
    CHECK_INT(charter->contracts.currencies[1].minor_digits, 0);
    charter_close(charter);
}

CASE(without_options_it_is_months_and_no_contracts_are_needed)
{
    static struct coalition_plan plan;
    static const struct coalition_texts texts;
    struct error error = {.code = ERROR_NONE};
    coalition_plan_init(&plan, 7100);
    REQUIRE(coalition_terms(&plan, &texts, &error));
    struct charter *charter = found(&plan, &error);
    CHECK_TEXT(error.text, "");
    REQUIRE(charter != NULL);
    CHECK_INT(charter->settlement.every, PERIOD_MONTH);
    CHECK_INT(charter->settlement.holiday_count + charter->settlement.tax_count, 0);
    CHECK_INT(charter->settlement.dispute_days, 20);
    CHECK_INT(charter->settlement.default_days, 5);
    CHECK_INT(charter->settlement.on_default, DEFAULT_RING_FENCE);
    CHECK(!charter->contracts.required);
    CHECK_INT(charter->contracts.notice_days + charter->contracts.currency_count, 0);
    charter_close(charter);
}

enum { PERIOD, FEE_TAX, REDEMPTION_TAX, HOLIDAY, TAX, CURRENCY };

static bool takes(int option, const char *text, struct coalition_plan *plan, struct error *error)
{
    static struct coalition_texts texts;
    memset(&texts, 0, sizeof(texts));
    coalition_plan_init(plan, 7100);
    if (option == PERIOD)
        texts.period = text;
    else if (option == FEE_TAX)
        texts.fee_tax = text;
    else if (option == REDEMPTION_TAX)
        texts.redemption_tax = text;
    else
        give(option == HOLIDAY ? &texts.holidays
             : option == TAX   ? &texts.taxes
                               : &texts.currencies,
             text);
    return coalition_terms(plan, &texts, error);
}

CASE(what_is_not_of_its_form_is_refused_and_said_how_it_should_be)
{
    static const struct {
        int option;
        const char *text, *says;
    } all[] = {{PERIOD, "year", "--period"},
               {PERIOD, "", "--period"},
               {FEE_TAX, "", "--fee-tax"},
               {FEE_TAX, "de", "--fee-tax"},
               {REDEMPTION_TAX, "A234567890123", "--redemption-tax"},
               {HOLIDAY, "2026-02-30", "--holiday"},
               {HOLIDAY, "25.12.2026", "--holiday"},
               {TAX, "DE-19", "--tax"},
               {TAX, "=1900", "--tax"},
               {TAX, "DE-19=", "--tax"},
               {TAX, "DE-19=10001", "--tax"},
               {TAX, "DE-19=19.5", "--tax"},
               {TAX, "de=1900", "--tax"},
               {TAX, "A234567890123=1", "--tax"},
               {CURRENCY, "SEK", "--settlement-currency"},
               {CURRENCY, "SEK:", "--settlement-currency"},
               {CURRENCY, "SEK:4", "--settlement-currency"},
               {CURRENCY, "sek:2", "--settlement-currency"},
               {CURRENCY, "S", "--settlement-currency"},
               {CURRENCY, "SEKK:2", "--settlement-currency"},
               {CURRENCY, "SEK:2:", "--settlement-currency"},
               {CURRENCY, "SEK:2:0", "--settlement-currency"},
               {CURRENCY, "SEK:2;1", "--settlement-currency"}};
    static struct coalition_plan plan;
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        CHECK(!takes(all[i].option, all[i].text, &plan, &error));
        CHECK(strncmp(error.text, all[i].says, strlen(all[i].says)) == 0);
    }
}

CASE(all_mistakes_about_defaults_are_said_at_once)
{
    static struct coalition_plan plan;
    static const struct coalition_texts texts = {
        .dispute_days = "367", .default_days = "soon", .on_default = "forgive"};
    struct error error;
    coalition_plan_init(&plan, 7100);
    CHECK(!coalition_terms(&plan, &texts, &error));
    CHECK_TEXT(error.text, "--dispute-days is 0 to 366 business days, not '367'; "
                           "--default-days is 0 to 366 business days, not 'soon'; "
                           "--on-default is ring-fence, fund or mutualise, not 'forgive'");
}

/* A fund is collateral; and the charter's reader, too, says all that is wrong. */
CASE(a_fund_needs_collateral)
{
    static struct coalition_plan plan;
    static const struct coalition_texts texts = {.on_default = "fund", .fee_tax = "DE-19"};
    struct error error;
    coalition_plan_init(&plan, 7100);
    REQUIRE(coalition_terms(&plan, &texts, &error));
    CHECK(found(&plan, &error) == NULL);
    CHECK(strstr(error.text, "settlement.on_default") != NULL);
    CHECK(strstr(error.text, "settlement.fee_tax") != NULL);
}

/* What the words say together, the charter's reader judges, and no folder is left. */
CASE(words_that_do_not_fit_together_make_no_coalition)
{
    static const struct {
        int option;
        const char *text, *says;
    } all[] = {{FEE_TAX, "DE-19", "settlement.fee_tax"},
               {CURRENCY, "EUR:2", "contracts.currencies"}};
    static struct coalition_plan plan;
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        REQUIRE(takes(all[i].option, all[i].text, &plan, &error));
        CHECK(found(&plan, &error) == NULL);
        CHECK(strstr(error.text, all[i].says) != NULL);
    }
}

/* More than there is room for must not overrun it. */
CASE(so_many_taxes_and_currencies_and_no_more)
{
    static struct coalition_plan plan;
    static struct coalition_texts texts;
    struct error error;
    coalition_plan_init(&plan, 7100);
    for (size_t i = 0; i <= CHARTER_TAXES_MAX; i++)
        give(&texts.taxes, "A=1");
    CHECK(!coalition_terms(&plan, &texts, &error));
    CHECK(strstr(error.text, "at most 64") != NULL);
    memset(&texts, 0, sizeof(texts));
    coalition_plan_init(&plan, 7100);
    for (size_t i = 0; i <= CHARTER_CURRENCIES_MAX; i++)
        give(&texts.currencies, "SEK:2");
    CHECK(!coalition_terms(&plan, &texts, &error));
    CHECK(strstr(error.text, "at most 32") != NULL);
}

int main(void)
{
    RUN(the_charter_says_what_the_options_said);
    RUN(without_options_it_is_months_and_no_contracts_are_needed);
    RUN(what_is_not_of_its_form_is_refused_and_said_how_it_should_be);
    RUN(all_mistakes_about_defaults_are_said_at_once);
    RUN(a_fund_needs_collateral);
    RUN(words_that_do_not_fit_together_make_no_coalition);
    RUN(so_many_taxes_and_currencies_and_no_more);
    return check_report();
}
