// links: node
/* Where partners are paid and how they are addressed: the ledger's accounts, and a file that has to
 * agree with them. */
#include "unit/accounts.h"

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
    CHECK_TEXT(accounts_of(&accounts, "grocer")->iban, "AT611904300234573201");
    CHECK_TEXT(accounts_of(&accounts, "cinema")->name, "Lux Cin\xc3\xa9mas GmbH");
    CHECK(accounts_of(&accounts, "fuel") == NULL);
    /* Money goes nowhere that only a file knows. */
    CHECK(accounts_payment(&accounts, "grocer", "EUR") == NULL);
    accounts_release(&accounts);
}

CASE(money_goes_where_the_ledger_says)
{
    struct accounts accounts = {.at = NULL};
    struct error error;
    REQUIRE(join_accounts(&accounts, ledger_text, &error));
    const struct payment_account *cinema = accounts_payment(&accounts, "cinema", "EUR");
    REQUIRE(cinema != NULL);
    CHECK_TEXT(cinema->iban, "DE89370400440532013000");
    CHECK_TEXT(cinema->holder, "Lux Cinemas GmbH");
    CHECK_TEXT(cinema->bic, "");
    CHECK_INT(cinema->effective_ms, 1793491200000);
    CHECK_TEXT(accounts_payment(&accounts, "grocer", "EUR")->bic, "BKAUATWWXXX");
    CHECK(accounts_payment(&accounts, "cinema", "SEK") == NULL);
    CHECK(accounts_payment(&accounts, "fuel", "EUR") == NULL);
    accounts_release(&accounts);
    /* What waits is nobody's account yet. */
    REQUIRE(join_accounts(
        &accounts,
        "{\"accounts\":[{\"partner\":\"grocer\",\"currency\":\"EUR\",\"in_force\":null,"
        "\"waiting\":{\"holder\":\"x\",\"iban\":\"AT611904300234573201\",\"bic\":null,"
        "\"from\":\"2026-11-01T00:00:00.000Z\"},\"pending\":null}]}",
        &error));
    CHECK(accounts_payment(&accounts, "grocer", "EUR") == NULL);
    accounts_release(&accounts);
}

CASE(a_file_that_names_another_account_than_the_ledger_is_refused)
{
    static const struct {
        const char *file, *why; /* NULL: they agree */
    } rows[] = {
        {"{\"grocer\":{\"name\":\"x\"}}", NULL},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"AT61 1904 3002 3457 3201\"}}", NULL},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"AT611904300234573201\",\"bic\":\"BKAUATWWXXX\"}}",
         NULL},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"AT611904300234573201\",\"bic\":\"BKAUATWW\"}}",
         "on the ledger it is AT611904300234573201"},
        {"{\"grocer\":{\"name\":\"x\",\"iban\":\"DE89370400440532013000\"}}",
         "grocer is paid at DE89370400440532013000; on the ledger it is AT611904300234573201"},
        {"{\"fuel\":{\"name\":\"x\",\"iban\":\"GB29NWBK60161331926819\"}}",
         "no account of it is in force"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct accounts accounts = {.at = NULL};
        struct error error = {.text = ""};
        REQUIRE(accounts_read(bytes_text(rows[i].file), &accounts, &error));
        bool good = join_accounts(&accounts, ledger_text, &error);
        CHECK_INT(good, rows[i].why == NULL);
        if (rows[i].why && !strstr(error.text, rows[i].why)) {
            printf("%s: %s\n", rows[i].file, error.text);
            CHECK(!"is refused for its reason");
        }
        accounts_release(&accounts);
    }
}

/* One edit of a good answer. */
CASE(an_answer_about_accounts_is_read_strictly)
{
    static const struct {
        const char *from, *to, *why;
    } rows[] = {
        {"accounts", "accountz", "'accounts'"},
        {"\"grocer\"", "\"Grocer\"", "'partner'"},
        {"\"grocer\"", "4711    ", "'partner'"},
        {"\"books\",", "\"grocer\",", "'currency'"}, /* twice the same */
        {"\"EUR\"", "\"eur\"", "'currency'"},
        {"\"since\":\"2026", "\"since\":\"2O26", "'since'"},
        {"AT6119", "AT6219", "check digits"},
        {"Green Grocer AG", "Green Grocer \\u00fc", "holder"},
        {"Green Grocer AG", "Green\\u0000rocer", "'holder'"},
        {"\"BKAUATWWXXX\"", "\"BKAUATWWX\"", "a BIC has"},
        {"\"BKAUATWWXXX\"", "7", "'bic'"},
        {"{\"holder\":\"Green", "{\"holdr\":\"Green", "'holder'"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct accounts accounts = {.at = NULL};
        struct error error = {.text = ""};
        char text[2048];
        const char *at = strstr(ledger_text, rows[i].from);
        REQUIRE(at != NULL);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - ledger_text), ledger_text, rows[i].to,
                 at + strlen(rows[i].from));
        json_t *answer = json_loads(text, JSON_ALLOW_NUL, NULL);
        bool good = answer && accounts_join(&accounts, answer, &error);
        if (good || !strstr(error.text, rows[i].why)) {
            printf("%s: %s\n", rows[i].to, error.text);
            CHECK(!"is refused for its reason");
        }
        json_decref(answer);
        accounts_release(&accounts);
    }
}

int main(void)
{
    RUN(accounts_are_read_strictly);
    RUN(money_goes_where_the_ledger_says);
    RUN(a_file_that_names_another_account_than_the_ledger_is_refused);
    RUN(an_answer_about_accounts_is_read_strictly);
    return check_report();
}
