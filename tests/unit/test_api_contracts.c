// links: node
// also: sim/disk.c
/* Contracts and promotions over the API: four partners, each asking its own node. Ledger time
 * begins on 2027-01-15. */
#include "unit/apis_world.h"

#include "node/api_parts.h"
#include "node/receipt_words.h"

/* ---- a coalition that may agree in euro and kronor ------------------------------------------- */

static void open_with(bool required)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->partners[FUEL].is_operator = true;
    draft->sandbox_start_ms = START_MS;
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 1;
    memcpy(draft->settlement.taxes[0].code, "SE-25", 6);
    draft->settlement.taxes[0].rate_bp = 2500;
    draft->contracts.required = required;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    memcpy(draft->contracts.currencies[0].code, "SEK", 4);
    draft->contracts.currencies[0].minor_digits = 2;
    open_apis(draft);
}

static void open_all(void)
{
    open_with(false);
}

#define FEBRUARY "2027-02-01T00:00:00.000Z"
/* The grocer's points at the cinema, in kronor from February on. */
static const char proposal[] =
    "{\"funder\":\"grocer\",\"redeemer\":\"cinema\",\"face\":\"0.01\",\"reimbursement\":\"0.095\","
    "\"currency\":\"SEK\",\"redemption_tax\":\"SE-25\",\"year_cap\":5000,\"from\":\"" FEBRUARY
    "\"}";

static const char *digest_body(void)
{
    static char text[96];
    snprintf(text, sizeof(text), "{\"digest\":\"%s\"}", word("digest"));
    return text;
}

/* Proposed by the grocer as number 0. */
static const char *propose(void)
{
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, proposal), 200);
    CHECK_INT(number("contract"), 0);
    return digest_body();
}

static void agree(void)
{
    const char *body = propose();
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", FINANCE, body), 200);
    CHECK_TEXT(word("state"), "signed");
}

static bool is_null(const char *name)
{
    return json_is_null(json_object_get(answer.json, name));
}

/* ---- who may, and mistakes ---------------------------------------------------------------------
 */

CASE(only_office_and_finance_agree)
{
    static const char *const steps[] = {"/v1/contracts", "/v1/contracts/0/sign",
                                        "/v1/contracts/0/withdraw", "/v1/contracts/0/end",
                                        "/v1/promotions"};
    static const char *const reads[] = {"/v1/contracts", "/v1/promotions"};
    static const int others[] = {TILL, AUDITOR, ADMIN};
    open_all();
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(others); k++)
            CHECK_INT(post(GROCER, steps[i], others[k], "{}"), 403);
        CHECK(post(GROCER, steps[i], OFFICE, "{}") != 403);
        CHECK(post(GROCER, steps[i], FINANCE, "{}") != 403);
    }
    for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
        CHECK_INT(get(GROCER, reads[i]), 200);
        CHECK_INT(ask(GROCER, "GET", reads[i], FINANCE, NULL, NULL), 200);
        CHECK_INT(ask(GROCER, "GET", reads[i], TILL, NULL, NULL), 403);
        CHECK_INT(ask(GROCER, "GET", reads[i], ADMIN, NULL, NULL), 403);
    }
    CHECK_INT(ask(GROCER, "GET", "/v1/prices", TILL, NULL, NULL), 200);
    CHECK_INT(ask(GROCER, "GET", "/v1/prices", ADMIN, NULL, NULL), 403);
    close_all();
}

static bool points_at(const char *pointer)
{
    json_t *error;
    size_t i;
    json_array_foreach(json_object_get(answer.json, "errors"), i, error)
    {
        if (strcmp(word_in(error, "pointer"), pointer) == 0)
            return true;
    }
    return false;
}

/* All mistakes of a body come at once. */
CASE(mistakes_of_bodies_are_told)
{
    static const char card[] =
        "{\"funder\":\"nobody\",\"redeemer\":7,\"face\":0.01,\"reimbursement\":\"9.000001\","
        "\"face_currency\":\"eur\",\"currency\":\"EURO\",\"issue_fee\":\"-1\","
        "\"redemption_fee\":\"0.0000001\",\"redemption_tax\":\"de\",\"fee_tax\":\"\","
        "\"period_cap\":0,\"year_cap\":\"5\",\"from\":\"soon\",\"until\":\"2027-02-30\","
        "\"exit_days\":3661,\"x\":1}";
    static const char promotion[] = "{\"issuer\":\"nobody\",\"bp\":10001,\"budget\":0,\"from\":1,"
                                    "\"until\":\"never\",\"funder\":\"grocer\"}";
    static const char *const members[] = {
        "/funder",         "/redeemer", "/face",       "/reimbursement",
        "/face_currency",  "/currency", "/issue_fee",  "/redemption_fee",
        "/redemption_tax", "/fee_tax",  "/period_cap", "/year_cap",
        "/from",           "/until",    "/exit_days",  "/x"};
    open_all();
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, card), 400);
    CHECK_INT(count_of("errors"), ARRAY_SIZE(members));
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        CHECK(points_at(members[i]));
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 5); /* funder, redeemer, two prices, from */
    CHECK_INT(post(GROCER, "/v1/promotions", OFFICE, promotion), 400);
    CHECK_INT(count_of("errors"), 6);
    CHECK_INT(post(GROCER, "/v1/promotions", OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 3);
    CHECK_INT(post(GROCER, "/v1/contracts/0/sign", OFFICE, "{}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/0/sign", OFFICE, "{\"digest\":\"ff\"}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/0/withdraw", OFFICE, "{\"digest\":\"ff\"}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/0/end", OFFICE, "{\"until\":\"soon\"}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/0/end", OFFICE, "{\"from\":\"" FEBRUARY "\"}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/x/withdraw", OFFICE, "{}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/1048576/withdraw", OFFICE, "{}"), 400);
    CHECK_INT(post(GROCER, "/v1/contracts/0/withdraw", OFFICE, "{}"), 404);
    CHECK_TEXT(word("code"), "unknown-contract");
    CHECK_INT(get(GROCER, "/v1/contracts/0"), 404);
    CHECK_INT(get(GROCER, "/v1/contracts/-1"), 400);
    close_all();
}

CASE(no_line_of_a_batch_is_an_agreement)
{
    static const char lines[] =
        "{\"type\":\"contract-withdraw\",\"key\":\"b1\"}\n"
        "{\"type\":\"contract-end\",\"key\":\"b3\"}\n"
        "{\"type\":\"promotion-sign\",\"key\":\"b2\",\"issuer\":\"books\",\"bp\":1,\"budget\":1}\n";
    open_all();
    uint64_t records = world_status(w, GROCER).records;
    (void)post(GROCER, "/v1/batch", TILL, lines);
    world_pass(w, 500);
    CHECK_INT(world_status(w, GROCER).records, (long long)records);
    close_all();
}

/* ---- contracts ----------------------------------------------------------------------------------
 */

CASE(one_proposes_and_the_other_signs_what_it_has_read)
{
    open_all();
    const char *body = propose();
    CHECK_TEXT(word("state"), "proposed");
    CHECK_TEXT(word("from"), FEBRUARY);
    CHECK_INT(post(GROCER, "/v1/contracts/0/sign", OFFICE, body), 403);
    CHECK_TEXT(word("code"), "own-proposal");
    CHECK_INT(post(BOOKS, "/v1/contracts/0/sign", OFFICE, body), 403);
    CHECK_TEXT(word("code"), "not-a-party");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", OFFICE,
                   "{\"digest\":\"00000000000000000000000000000000000000000000000000000000000000"
                   "01\"}"),
              409);
    CHECK_TEXT(word("code"), "contract-changed");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/withdraw", OFFICE, "{}"), 403);
    CHECK_INT(ask(CINEMA, "POST", "/v1/contracts/0/sign", OFFICE, "sign", body), 200);
    CHECK_TEXT(word("state"), "signed");
    CHECK(!flag("repeat"));
    CHECK_INT(ask(CINEMA, "POST", "/v1/contracts/0/sign", OFFICE, "sign", body), 200);
    CHECK(flag("repeat"));
    CHECK_INT(ask(CINEMA, "POST", "/v1/contracts/1/sign", OFFICE, "sign", body), 422);
    CHECK_TEXT(word("code"), "idempotency-key-reused");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", OFFICE, body), 409);
    CHECK_TEXT(word("code"), "contract-closed");
    CHECK_INT(post(GROCER, "/v1/contracts/0/withdraw", OFFICE, "{}"), 409);
    close_all();
}

CASE(a_contract_is_told_in_full)
{
    open_all();
    agree();
    CHECK_INT(get(BOOKS, "/v1/contracts/0"), 200);
    CHECK_TEXT(word("state"), "signed");
    CHECK_TEXT(word("proposer"), "grocer");
    CHECK_TEXT(word("funder"), "grocer");
    CHECK_TEXT(word("redeemer"), "cinema");
    CHECK_TEXT(word("face"), "0.01");
    CHECK_TEXT(word("face_currency"), "EUR");
    CHECK_TEXT(word("reimbursement"), "0.095");
    CHECK_TEXT(word("currency"), "SEK");
    CHECK_TEXT(word("issue_fee"), "0.00");
    CHECK_TEXT(word("redemption_tax"), "SE-25");
    CHECK(is_null("fee_tax"));
    CHECK(is_null("period_cap"));
    CHECK_INT(number("year_cap"), 5000);
    CHECK_TEXT(word("from"), FEBRUARY);
    CHECK(is_null("until"));
    CHECK_INT(number("tariff"), 1);
    CHECK(!flag("in_force"));
    CHECK_INT(strlen(word("digest")), HASH_HEX_SIZE);
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(get(BOOKS, "/v1/contracts/0"), 200);
    CHECK(flag("in_force"));
    close_all();
}

/* ---- exit ---------------------------------------------------------------------------------------
 */

static const char *with_exit(int days)
{
    static char text[512];
    snprintf(text, sizeof(text), "%.*s,\"exit_days\":%d}", (int)strlen(proposal) - 1, proposal,
             days);
    return text;
}

/* Proposed with so many days' notice, and signed. */
static void agree_with_exit(int days)
{
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, with_exit(days)), 200);
    const char *body = digest_body();
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", FINANCE, body), 200);
    CHECK(is_null("ends"));
}

static void check_ends(const char *when)
{
    CHECK_INT(get(BOOKS, "/v1/contracts/0"), 200);
    if (when)
        CHECK_TEXT(word("ends"), when);
    else
        CHECK(is_null("ends"));
}

CASE(either_party_ends_a_contract_with_the_notice_it_says)
{
    static const char june[] = "{\"until\":\"2027-06-01T00:00:00Z\"}";
    open_all();
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, june), 404);
    CHECK_TEXT(word("code"), "unknown-contract");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, "{}"), 404);
    agree_with_exit(90);
    check_ends(NULL);
    CHECK_INT(number("exit_days"), 90);
    CHECK_INT(post(BOOKS, "/v1/contracts/0/end", OFFICE, june), 403);
    CHECK_TEXT(word("code"), "not-a-party");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", TILL, june), 403);
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, "{\"until\":\"2027-03-01T00:00:00Z\"}"),
              422);
    CHECK_TEXT(word("code"), "notice-too-short");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, "{\"until\":\"" FEBRUARY "\"}"), 422);
    CHECK_TEXT(word("code"), "bad-card");
    CHECK_INT(ask(CINEMA, "POST", "/v1/contracts/0/end", FINANCE, "end", june), 200);
    CHECK_TEXT(word("state"), "signed");
    CHECK_TEXT(word("ends"), "2027-06-01T00:00:00.000Z");
    CHECK_INT(ask(CINEMA, "POST", "/v1/contracts/0/end", FINANCE, "end", june), 200);
    CHECK(flag("repeat"));
    check_ends("2027-06-01T00:00:00.000Z");
    CHECK(is_null("until")); /* what was signed stays */
    clock_to("2027-06-01T00:00:00Z");
    CHECK_INT(get(BOOKS, "/v1/contracts/0"), 200);
    CHECK(!flag("in_force"));
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, june), 409);
    CHECK_TEXT(word("code"), "contract-closed");
    close_all();
}

/* The first midnight after the notice and an hour; a repeat means the same though time went on. */
CASE(a_contract_ends_as_soon_as_the_notice_allows_when_no_time_is_said)
{
    open_all();
    agree_with_exit(30);
    CHECK_INT(ask(GROCER, "POST", "/v1/contracts/0/end", OFFICE, "end", "{\"until\":null}"), 200);
    CHECK_TEXT(word("ends"), "2027-02-15T00:00:00.000Z");
    long long index = number("index");
    clock_to("2027-01-20T00:00:00Z");
    CHECK_INT(ask(GROCER, "POST", "/v1/contracts/0/end", OFFICE, "end", "{\"until\":null}"), 200);
    CHECK(flag("repeat"));
    char target[64];
    snprintf(target, sizeof(target), "/v1/transactions/%lld", index);
    CHECK_INT(get(BOOKS, target), 200);
    CHECK_TEXT(word_in(json_object_get(answer.json, "body"), "until"), "2027-02-15T00:00:00.000Z");
    close_all();
}

/* Not before it has begun, and within an hour of midnight not that one. */
CASE(no_end_by_default_comes_too_early)
{
    open_all();
    agree_with_exit(1);
    CHECK_INT(post(GROCER, "/v1/contracts/0/end", OFFICE, "{}"), 200);
    CHECK_TEXT(word("ends"), "2027-02-02T00:00:00.000Z");
    close_all();
    open_all();
    agree_with_exit(30);
    clock_to("2027-02-10T23:30:00Z");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/end", OFFICE, "{}"), 200);
    CHECK_TEXT(word("ends"), "2027-03-14T00:00:00.000Z");
    close_all();
}

CASE(a_contract_without_exit_is_kept)
{
    open_all();
    agree();
    check_ends(NULL);
    CHECK_INT(number("exit_days"), 0);
    CHECK_INT(post(GROCER, "/v1/contracts/0/end", OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "no-exit");
    close_all();
}

/* What is left out is the charter's; null is none. */
CASE(a_card_that_leaves_much_out_gets_the_charters_terms)
{
    open_all();
    CHECK_INT(post(BOOKS, "/v1/contracts", OFFICE,
                   "{\"funder\":\"grocer\",\"redeemer\":\"books\",\"face\":\"0\","
                   "\"reimbursement\":\"0\",\"redemption_tax\":null,\"period_cap\":null,"
                   "\"until\":null,\"from\":\"2027-02-01T00:00:00Z\"}"),
              200);
    CHECK_INT(get(BOOKS, "/v1/contracts/0"), 200);
    CHECK_TEXT(word("currency"), "EUR");
    CHECK_TEXT(word("face_currency"), "EUR");
    CHECK_TEXT(word("face"), "0.00");
    CHECK_TEXT(word("proposer"), "books");
    CHECK(is_null("redemption_tax") && is_null("fee_tax") && is_null("signed"));
    CHECK(is_null("tariff"));
    close_all();
}

CASE(what_was_not_signed_is_withdrawn)
{
    open_all();
    const char *body = propose();
    CHECK_INT(post(GROCER, "/v1/contracts/0/withdraw", FINANCE, "{}"), 200);
    CHECK_TEXT(word("state"), "withdrawn");
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", OFFICE, body), 409);
    CHECK_TEXT(word("code"), "contract-closed");
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, proposal), 200);
    CHECK_INT(number("contract"), 1);
    close_all();
}

static void propose_many(void)
{
    static const char *const from[] = {"2027-02-01", "2027-03-01", "2027-04-01"};
    static const uint16_t other[] = {BOOKS, CINEMA, FUEL};
    static const char *const name[] = {"books", "cinema", "fuel"};
    char body[256];
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            snprintf(body, sizeof(body),
                     "{\"funder\":\"%s\",\"redeemer\":\"grocer\",\"face\":\"0.01\","
                     "\"reimbursement\":\"0.00%zu\",\"from\":\"%sT00:00:00Z\"}",
                     name[k], i + 1, from[i]);
            CHECK_INT(post(other[k], "/v1/contracts", OFFICE, body), 200);
        }
}

CASE(contracts_are_listed_by_partner_and_state_in_pages)
{
    open_all();
    propose_many();
    CHECK_INT(get(GROCER, "/v1/contracts/4"), 200);
    const char *body = digest_body();
    CHECK_INT(post(GROCER, "/v1/contracts/4/sign", OFFICE, body), 200);
    CHECK_INT(post(FUEL, "/v1/contracts/8/withdraw", OFFICE, "{}"), 200);
    CHECK_INT(get(GROCER, "/v1/contracts"), 200);
    CHECK_INT(count_of("contracts"), 9);
    CHECK(is_null("next"));
    CHECK_INT(get(GROCER, "/v1/contracts?partner=cinema"), 200);
    CHECK_INT(count_of("contracts"), 3);
    CHECK_TEXT(word_in(item("contracts", 2), "funder"), "cinema");
    CHECK_INT(get(GROCER, "/v1/contracts?partner=grocer&state=signed"), 200);
    CHECK_INT(count_of("contracts"), 1);
    CHECK_INT(json_integer_value(json_object_get(item("contracts", 0), "contract")), 4);
    CHECK_INT(get(GROCER, "/v1/contracts?state=withdrawn&partner=books"), 200);
    CHECK_INT(count_of("contracts"), 0);
    CHECK_INT(get(GROCER, "/v1/contracts?partner=fuel&limit=2"), 200);
    CHECK_INT(count_of("contracts"), 2);
    CHECK_INT(number("next"), 8);
    CHECK_INT(get(GROCER, "/v1/contracts?partner=fuel&limit=2&from=8"), 200);
    CHECK_INT(count_of("contracts"), 1);
    CHECK(is_null("next"));
    CHECK_INT(get(GROCER, "/v1/contracts?from=1000000"), 200);
    CHECK_INT(count_of("contracts"), 0);
    CHECK_INT(get(GROCER, "/v1/contracts?partner=nobody"), 404);
    CHECK_INT(get(GROCER, "/v1/contracts?state=open"), 400);
    CHECK_INT(get(GROCER, "/v1/contracts?funder=grocer"), 400);
    CHECK(strstr(word("detail"), "partner, state, from and limit") != NULL);
    CHECK_INT(get(GROCER, "/v1/contracts?limit=0"), 400);
    close_all();
}

/* ---- prices -------------------------------------------------------------------------------------
 */

CASE(prices_are_the_charters_until_a_contract_begins)
{
    open_all();
    agree();
    CHECK_INT(get(GROCER, "/v1/prices"), 200);
    CHECK_INT(count_of("prices"), 12);
    CHECK_INT(get(GROCER, "/v1/prices?funder=grocer&redeemer=cinema"), 200);
    CHECK_INT(count_of("prices"), 1);
    CHECK_TEXT(word_in(item("prices", 0), "by"), "charter");
    CHECK_TEXT(word_in(item("prices", 0), "reimbursement"), "0.009");
    CHECK_TEXT(word_in(item("prices", 0), "currency"), "EUR");
    CHECK(json_is_null(json_object_get(item("prices", 0), "contract")));
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(get(GROCER, "/v1/prices?redeemer=cinema"), 200);
    CHECK_INT(count_of("prices"), 3);
    CHECK_TEXT(word_in(item("prices", 0), "by"), "contract");
    CHECK_INT(json_integer_value(json_object_get(item("prices", 0), "contract")), 0);
    CHECK_TEXT(word_in(item("prices", 0), "reimbursement"), "0.095");
    CHECK_TEXT(word_in(item("prices", 0), "currency"), "SEK");
    CHECK_TEXT(word_in(item("prices", 0), "face_currency"), "EUR");
    CHECK_TEXT(word_in(item("prices", 1), "by"), "charter");
    CHECK_INT(get(GROCER, "/v1/prices?limit=5"), 200);
    CHECK_INT(count_of("prices"), 5);
    CHECK_INT(number("next"), 7); /* books at fuel */
    CHECK_INT(get(GROCER, "/v1/prices?limit=250&from=7"), 200);
    CHECK_INT(count_of("prices"), 7);
    CHECK_INT(get(GROCER, "/v1/prices?funder=nobody"), 404);
    close_all();
}

CASE(where_contracts_are_required_there_is_no_price_without_one)
{
    open_with(true);
    CHECK_INT(get(GROCER, "/v1/prices?funder=grocer&redeemer=cinema"), 200);
    CHECK_TEXT(word_in(item("prices", 0), "by"), "nothing");
    CHECK(json_is_null(json_object_get(item("prices", 0), "reimbursement")));
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":100}"), 200);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":10}"), 409);
    CHECK_TEXT(word("code"), "no-contract");
    close_all();
}

/* ---- money that is not the charter's
 * --------------------------------------------------------------
 */

static json_t *owed(const char *currency)
{
    json_t *line;
    size_t i;
    json_array_foreach(json_object_get(answer.json, "obligations"), i, line)
    {
        if (strcmp(word_in(line, "currency"), currency) == 0 &&
            strcmp(word_in(line, "class"), "redemption") == 0)
            return line;
    }
    return NULL;
}

/* 100 points of January and 100 of February: 150 are spent, the older ones first. */
static long long spend_both(void)
{
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":100}"), 200);
    agree();
    clock_to("2027-02-01T00:00:00Z");
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":100}"), 200);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":150}"), 200);
    return number("index");
}

CASE(obligations_say_their_currency_their_tax_and_their_tariff)
{
    char target[64];
    open_all();
    long long index = spend_both();
    CHECK(owed("EUR") != NULL);
    CHECK_TEXT(word_in(owed("EUR"), "amount"), "0.9");
    CHECK_TEXT(word_in(owed("EUR"), "tax_code"), "");
    CHECK_INT(json_integer_value(json_object_get(owed("EUR"), "tariff")), 0);
    CHECK(owed("SEK") != NULL);
    CHECK_TEXT(word_in(owed("SEK"), "amount"), "4.75");
    CHECK_TEXT(word_in(owed("SEK"), "tax_code"), "SE-25");
    CHECK_INT(json_integer_value(json_object_get(owed("SEK"), "tariff")), 1);
    snprintf(target, sizeof(target), "/v1/transactions/%lld", index);
    CHECK_INT(get(BOOKS, target), 200);
    CHECK_TEXT(word_in(owed("SEK"), "amount"), "4.75");
    close_all();
}

static json_t *of_pair(const char *list, const char *currency, const char *name, const char *value)
{
    json_t *line;
    size_t i;
    json_array_foreach(json_object_get(answer.json, list), i, line)
    {
        if (strcmp(word_in(line, "currency"), currency) == 0 &&
            strcmp(word_in(line, name), value) == 0)
            return line;
    }
    return NULL;
}

CASE(what_is_owed_now_is_told_in_each_currency)
{
    open_all();
    (void)spend_both();
    CHECK_INT(get(BOOKS, "/v1/settlement"), 200);
    CHECK_TEXT(word_in(of_pair("obligations", "EUR", "creditor", "cinema"), "open"), "0.90");
    CHECK_TEXT(word_in(of_pair("obligations", "EUR", "creditor", "cinema"), "points"), "150");
    json_t *kronor = of_pair("obligations", "SEK", "creditor", "cinema");
    CHECK_TEXT(word_in(kronor, "open"), "4.75");
    CHECK_TEXT(word_in(json_object_get(kronor, "classes"), "redemption"), "4.75");
    CHECK(json_is_null(json_object_get(kronor, "points")));
    CHECK(of_pair("obligations", "SEK", "creditor", "fuel") == NULL);
    CHECK_TEXT(word_in(of_pair("nets", "SEK", "partner", "grocer"), "open"), "-4.75");
    CHECK_TEXT(word_in(of_pair("nets", "EUR", "partner", "cinema"), "open"), "0.90");
    CHECK_INT(count_of("nets"), 8);
    CHECK_TEXT(word_in(of_pair("payments", "SEK", "to", "cinema"), "amount"), "4.75");
    CHECK_INT(get(BOOKS, "/v1/periods/2027-02"), 200);
    CHECK_TEXT(word_in(of_pair("lines", "SEK", "creditor", "cinema"), "exact"), "4.75");
    CHECK_TEXT(word_in(of_pair("rounded", "SEK", "class", "tax"), "rounded"), "1.19");
    CHECK_TEXT(word_in(of_pair("nets", "SEK", "partner", "cinema"), "receivable"), "5.94");
    close_all();
}

/* ---- disputes -----------------------------------------------------------------------------------
 */

#define PERIOD "/v1/periods/2027-02"

static const char *line_of(long long record, const char *more)
{
    static char text[256];
    snprintf(text, sizeof(text),
             "{\"record\":%lld,\"debtor\":\"grocer\",\"creditor\":\"cinema\",\"class\":"
             "\"redemption\",%s}",
             record, more);
    return text;
}

static long long tariff_of(const char *list)
{
    return json_integer_value(json_object_get(item(list, 0), "tariff"));
}

/* A record that owes by two tariffs, and one that owes by the second alone. */
CASE(a_dispute_names_the_tariff_where_the_record_has_several)
{
    static const char code[] = "\"code\":\"WRONG_RATE\"";
    open_all();
    long long both = spend_both();
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":20}"), 200);
    long long one = number("index");
    clock_to("2027-03-02T09:00:00Z");
    CHECK_INT(post(CINEMA, PERIOD "/propose", OFFICE, "{}"), 200);
    CHECK_INT(ask(GROCER, "POST", PERIOD "/disputes", OFFICE, "d1", line_of(one, code)), 200);
    CHECK_INT(ask(GROCER, "POST", PERIOD "/disputes", OFFICE, "d1", line_of(one, code)), 200);
    CHECK(flag("repeat"));
    CHECK_INT(get(BOOKS, PERIOD), 200);
    CHECK_INT(count_of("disputes"), 1);
    CHECK_INT(tariff_of("disputes"), 1);
    CHECK_TEXT(word_in(item("disputes", 0), "currency"), "SEK");
    CHECK_TEXT(word_in(item("disputes", 0), "amount"), "1.90");
    CHECK_INT(post(CINEMA, PERIOD "/disputes/respond", OFFICE, line_of(one, "\"amount\":\"0.40\"")),
              200);
    CHECK_INT(post(CINEMA, PERIOD "/disputes/respond", OFFICE,
                   line_of(one, "\"amount\":\"0.40\",\"tariff\":0")),
              404);
    CHECK_TEXT(word("code"), "unknown-dispute");
    /* Of two, the charter's is meant unless another is named. */
    CHECK_INT(post(GROCER, PERIOD "/disputes", OFFICE, line_of(both, code)), 200);
    CHECK_INT(
        post(GROCER, PERIOD "/disputes", OFFICE, line_of(both, "\"tariff\":1,\"code\":\"LATE\"")),
        200);
    CHECK_INT(
        post(GROCER, PERIOD "/disputes", OFFICE, line_of(both, "\"tariff\":2,\"code\":\"LATE\"")),
        409);
    CHECK_TEXT(word("code"), "not-in-period");
    CHECK_INT(
        post(GROCER, PERIOD "/disputes", OFFICE, line_of(both, "\"tariff\":64,\"code\":\"LATE\"")),
        400);
    CHECK_INT(get(BOOKS, PERIOD), 200);
    CHECK_INT(count_of("disputes"), 3);
    close_all();
}

/* ---- promotions ---------------------------------------------------------------------------------
 */

#define SHARED                                                                                     \
    "\"split\":[{\"partner\":\"grocer\",\"bp\":5000},{\"partner\":\"books\",\"bp\":5000}]}"

#define CARD(what)                                                                                 \
    "{\"face\":\"0.01\",\"reimbursement\":\"0.009\",\"from\":\"" FEBRUARY "\"," what "}"

/* One verdict stands for many mistakes: its detail says which. */
CASE(a_refusal_says_what_was_wrong)
{
    static const char partners[] = "\"funder\":\"grocer\",\"redeemer\":\"cinema\"";
    static const struct {
        const char *path, *body, *code, *detail;
    } all[] = {
        {"/v1/contracts", CARD("\"funder\":\"grocer\",\"redeemer\":\"grocer\""), "bad-card",
         "Funder and redeemer are the same partner."},
        {"/v1/contracts", CARD("%s,\"currency\":\"NOK\""), "bad-card",
         "The charter does not have the currency of the reimbursement."},
        {"/v1/contracts", CARD("%s,\"face_currency\":\"NOK\""), "bad-card",
         "The charter does not have the currency of the face value."},
        {"/v1/contracts", CARD("%s,\"redemption_tax\":\"DE-7\""), "bad-card",
         "The charter does not have the redemption tax."},
        {"/v1/contracts", CARD("%s,\"fee_tax\":\"DE-7\""), "bad-card",
         "The charter does not have the fee tax."},
        {"/v1/contracts", CARD("%s,\"issue_fee\":\"0.001\""), "bad-card",
         "Fees are the operator's, and it is not the redeemer."},
        {"/v1/contracts", CARD("%s,\"until\":\"" FEBRUARY "\""), "bad-card",
         "It ends before it begins, or its dates are out of range."},
        {"/v1/promotions", "{\"issuer\":\"grocer\",\"bp\":5000,\"budget\":60}", "unknown-partner",
         "A promotion is for another partner: its own points a partner pays for anyway."},
        {"/v1/collateral", "{\"partner\":\"cinema\",\"amount\":\"5\"}", "not-authorised",
         "The charter asks for no collateral."},
        {"/v1/payment-accounts",
         "{\"currency\":\"NOK\",\"holder\":\"Grocer\",\"iban\":\"AT611904300234573201\"}",
         "bad-account", "The charter does not have the currency NOK."},
    };
    char body[512];
    open_all();
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        const char *mark = strstr(all[i].body, "%s");
        (void)snprintf(body, sizeof(body), "%.*s%s%s",
                       mark ? (int)(mark - all[i].body) : (int)strlen(all[i].body), all[i].body,
                       mark ? partners : "", mark ? mark + 2 : "");
        CHECK(post(GROCER, all[i].path, OFFICE, body) >= 400);
        CHECK_TEXT(word("code"), all[i].code);
        CHECK_TEXT(word("detail"), all[i].detail);
    }
    close_all();
}

CASE(a_promotion_pays_until_its_budget_is_used_up)
{
    open_all();
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":100," SHARED),
              403);
    CHECK_INT(
        post(BOOKS, "/v1/promotions", OFFICE, "{\"issuer\":\"grocer\",\"bp\":5000,\"budget\":60}"),
        200);
    CHECK_INT(number("promotion"), 0);
    enrol_somebody();
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":101," SHARED),
              200);
    CHECK_INT(get(CINEMA, "/v1/promotions"), 200);
    CHECK_INT(count_of("promotions"), 1);
    CHECK_TEXT(word_in(item("promotions", 0), "funder"), "books");
    CHECK_TEXT(word_in(item("promotions", 0), "issuer"), "grocer");
    CHECK_TEXT(word_in(item("promotions", 0), "used"), "50.5");
    CHECK_TEXT(word_in(item("promotions", 0), "left"), "9.5");
    CHECK(json_is_true(json_object_get(item("promotions", 0), "in_force")));
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":20," SHARED),
              403);
    CHECK_TEXT(word("detail"), "No promotion of the others in the split is in force for so large a "
                               "share, with as much of its budget left.");
    CHECK_INT(
        post(BOOKS, "/v1/promotions", OFFICE, "{\"issuer\":\"grocer\",\"bp\":100,\"budget\":60}"),
        409);
    CHECK_TEXT(word("code"), "overlap");
    CHECK_INT(get(CINEMA, "/v1/promotions?partner=books"), 200);
    CHECK_INT(count_of("promotions"), 1);
    CHECK_INT(get(CINEMA, "/v1/promotions?partner=fuel"), 200);
    CHECK_INT(count_of("promotions"), 0);
    close_all();
}

/* ---- records ------------------------------------------------------------------------------------
 */

static bool told(uint64_t index, const char *label, const char *value)
{
    struct buffer bytes;
    struct receipt_words words;
    bool found = false;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[BOOKS].replica, index, &bytes, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), NULL, &words, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
    for (size_t i = 0; i < words.count; i++)
        found = found || (strcmp(words.lines[i].label, label) == 0 &&
                          strcmp(words.lines[i].value, value) == 0);
    buffer_release(&bytes);
    return found;
}

CASE(records_say_what_was_agreed_upon_in_json_and_in_words)
{
    static const struct {
        const char *type, *member, *label, *value;
    } all[] = {
        {"contract-propose", "reimbursement", "reimbursement", "0.095 SEK a point"},
        {"contract-sign", "digest", "contract signed", "number 0"},
        {"contract-propose", "exit_days", "notice to end it", "30 days"},
        {"contract-end", "until", "contract ends", "number 1"},
        {"contract-end", "until", "not any more from", "2027-07-01T00:00:00.000Z"},
        {"contract-withdraw", "contract", "contract withdrawn", "number 2"},
        {"promotion-sign", "budget", "promotion",
         "the writer pays for up to 50.00 % of points of partner 0 (grocer)"},
        {"redeem", "points", "owed",
         "partner 0 (grocer) to partner 2 (cinema): 4.75 in the currency of tariff 1 (redemption)"},
    };
    char target[64];
    size_t seen[ARRAY_SIZE(all)] = {0};
    open_all();
    (void)spend_both();
    static const char with_books[] =
        "{\"funder\":\"grocer\",\"redeemer\":\"books\",\"face\":\"0.01\","
        "\"reimbursement\":\"0.009\",\"from\":\"2027-05-01T00:00:00Z\",\"exit_days\":30}";
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE, with_books), 200);
    const char *body = digest_body();
    CHECK_INT(post(BOOKS, "/v1/contracts/1/sign", OFFICE, body), 200);
    CHECK_INT(post(GROCER, "/v1/contracts/1/end", OFFICE, "{\"until\":\"2027-07-01T00:00:00Z\"}"),
              200);
    CHECK_INT(
        post(GROCER, "/v1/contracts", OFFICE,
             "{\"funder\":\"grocer\",\"redeemer\":\"fuel\","
             "\"face\":\"0.01\",\"reimbursement\":\"0.009\",\"from\":\"2027-05-01T00:00:00Z\"}"),
        200);
    CHECK_INT(post(GROCER, "/v1/contracts/2/withdraw", OFFICE, "{}"), 200);
    CHECK_INT(
        post(BOOKS, "/v1/promotions", OFFICE, "{\"issuer\":\"grocer\",\"bp\":5000,\"budget\":60}"),
        200);
    for (uint64_t i = 0; i < world_status(w, BOOKS).records; i++) {
        snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)i);
        CHECK_INT(get(BOOKS, target), 200);
        for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
            if (strcmp(word("type"), all[k].type) != 0)
                continue;
            CHECK(json_object_get(json_object_get(answer.json, "body"), all[k].member) != NULL);
            seen[k] += told(i, all[k].label, all[k].value);
        }
    }
    for (size_t k = 0; k < ARRAY_SIZE(all); k++)
        CHECK(seen[k] > 0);
    close_all();
}

/* A client can ask for less then; of a node that failed it could not know. */
CASE(an_answer_that_is_too_large_is_said_to_be_so)
{
    struct buffer body;
    open_all();
    CHECK_INT(get(GROCER, "/v1/contracts"), 200);
    json_decref(answer.json);
    memset(&answer, 0, sizeof(answer));
    struct api_call call = {.api = apis[GROCER], .responder = {.respond = on_respond}};
    apis[GROCER]->pending_count++;
    buffer_init(&body, 4);
    buffer_append_text(&body, "{\"contracts\":[]}");
    CHECK(body.overflowed);
    api_respond_json(&call, &body);
    CHECK_INT(answer.status, 413);
    CHECK_TEXT(word("code"), "too-large");
    close_all();
}

int main(void)
{
    RUN(only_office_and_finance_agree);
    RUN(mistakes_of_bodies_are_told);
    RUN(no_line_of_a_batch_is_an_agreement);
    RUN(one_proposes_and_the_other_signs_what_it_has_read);
    RUN(a_contract_is_told_in_full);
    RUN(either_party_ends_a_contract_with_the_notice_it_says);
    RUN(a_contract_ends_as_soon_as_the_notice_allows_when_no_time_is_said);
    RUN(no_end_by_default_comes_too_early);
    RUN(a_contract_without_exit_is_kept);
    RUN(a_card_that_leaves_much_out_gets_the_charters_terms);
    RUN(what_was_not_signed_is_withdrawn);
    RUN(contracts_are_listed_by_partner_and_state_in_pages);
    RUN(prices_are_the_charters_until_a_contract_begins);
    RUN(where_contracts_are_required_there_is_no_price_without_one);
    RUN(obligations_say_their_currency_their_tax_and_their_tariff);
    RUN(what_is_owed_now_is_told_in_each_currency);
    RUN(a_dispute_names_the_tariff_where_the_record_has_several);
    RUN(a_refusal_says_what_was_wrong);
    RUN(a_promotion_pays_until_its_budget_is_used_up);
    RUN(records_say_what_was_agreed_upon_in_json_and_in_words);
    RUN(an_answer_that_is_too_large_is_said_to_be_so);
    return check_report();
}
