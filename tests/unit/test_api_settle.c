// links: node
// also: sim/disk.c
/* Settlement over the API: a month of four partners from its last sale to its last payment, each
 * asking its own node with the tokens of its people. */
#include "unit/api_january.h"

#include "node/api_build.h"
#include "node/period_text.h"
#include "node/period_view.h"
#include "node/receipt_words.h"

/* ---- reading ------------------------------------------------------------------------------------
 */

CASE(the_open_period_is_told_as_it_stands)
{
    open_january();
    CHECK_INT(get(BOOKS, "/v1/periods"), 200);
    CHECK_TEXT(word("open"), "2027-01");
    CHECK_TEXT(word("length"), "month");
    CHECK_INT(number("records"), (long long)world_status(w, BOOKS).records);
    CHECK_INT(count_of("periods"), 1);
    CHECK_TEXT(word_in(item("periods", 0), "state"), "open");
    CHECK_TEXT(word_in(item("periods", 0), "first_day"), "2027-01-01");
    CHECK_TEXT(word_in(item("periods", 0), "last_day"), "2027-01-31");
    /* The 31st is a Sunday: what counts from it counts from the Monday after. */
    json_t *deadlines = json_object_get(item("periods", 0), "deadlines");
    CHECK_TEXT(word_in(deadlines, "propose"), "2027-02-02");
    CHECK_TEXT(word_in(deadlines, "answer"), "2027-02-04");
    CHECK_TEXT(word_in(deadlines, "pay"), "2027-02-08");
    CHECK(json_is_null(json_object_get(item("periods", 0), "totals")));
    CHECK_INT(get(BOOKS, JANUARY), 200);
    CHECK(flag("preliminary"));
    CHECK_TEXT(amount_of("lines", "grocer", "cinema", "redemption", "exact"), "1.35");
    CHECK_TEXT(amount_of("rounded", "grocer", "cinema", "issue-fee", "rounded"), "0.14");
    CHECK_TEXT(amount_of("lines", "grocer", "books", "redemption", "exact"), "(no line)");
    CHECK_TEXT(word_in(item("redeemed", 0), "points"), "150");
    CHECK_TEXT(word_in(item("nets", GROCER), "net"), "-1.49");
    CHECK_TEXT(word_in(item("nets", CINEMA), "net"), "1.49");
    CHECK_INT(count_of("payments"), 0);
    CHECK_INT(get(BOOKS, "/v1/settlement"), 200);
    CHECK_TEXT(word("period"), "2027-01");
    close_all();
}

CASE(a_name_that_is_no_periods_is_refused)
{
    static const char *const malformed[] = {"2027",       "2027-13", "2027-1", "2027-W03",
                                            "2027-01-01", "1969-12", "682",    "99999-01"};
    char target[64];
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
        snprintf(target, sizeof(target), "/v1/periods/%s", malformed[i]);
        CHECK_INT(get(GROCER, target), 400);
        CHECK_TEXT(word("code"), "malformed");
        CHECK(strstr(word("detail"), "2027-01") != NULL);
        snprintf(target, sizeof(target), "/v1/periods/%s/finalise", malformed[i]);
        CHECK_INT(post(GROCER, target, OFFICE, "{}"), 400);
    }
    CHECK_INT(get(GROCER, "/v1/periods/2027-02"), 404);
    CHECK_INT(get(GROCER, "/v1/periods/2026-12"), 404);
    CHECK_INT(post(GROCER, "/v1/periods/2026-12/finalise", OFFICE, "{}"), 404);
    CHECK_TEXT(word("code"), "unknown-period");
    CHECK_INT(post(GROCER, JANUARY "/payments/x/pay", OFFICE, "{}"), 400);
    CHECK_INT(post(GROCER, JANUARY "/payments/1048576/pay", OFFICE, "{}"), 400);
    close_all();
}

/* ---- who may ------------------------------------------------------------------------------------
 */

CASE(only_office_and_finance_settle)
{
    static const char *const steps[] = {"/propose",          "/sign",
                                        "/disputes",         "/disputes/respond",
                                        "/disputes/resolve", "/finalise",
                                        "/payments/0/pay",   "/payments/0/confirm",
                                        "/payments/0/fail",  "/payments/0/default"};
    static const int others[] = {TILL, AUDITOR, ADMIN};
    char target[64];
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        snprintf(target, sizeof(target), JANUARY "%s", steps[i]);
        for (size_t k = 0; k < ARRAY_SIZE(others); k++)
            CHECK_INT(post(GROCER, target, others[k], "{}"), 403);
        CHECK(post(GROCER, target, OFFICE, "{}") != 403);
        CHECK(post(GROCER, target, FINANCE, "{}") != 403);
    }
    CHECK_INT(ask(GROCER, "GET", "/v1/periods", TILL, NULL, NULL), 403);
    CHECK_INT(ask(GROCER, "GET", JANUARY, ADMIN, NULL, NULL), 403);
    CHECK_INT(ask(GROCER, "GET", JANUARY, FINANCE, NULL, NULL), 200);
    CHECK_INT(post(GROCER, "/v1/earn", FINANCE, "{}"), 403);
    CHECK_INT(post(GROCER, "/v1/adjust", FINANCE, "{}"), 403);
    close_all();
}

CASE(two_people_of_a_partner_sign)
{
    open_proposed();
    const char *body = sign_body();
    CHECK_INT(ask(GROCER, "POST", JANUARY "/sign", OFFICE, "first", body), 200);
    CHECK_TEXT(word("period"), "2027-01");
    CHECK_TEXT(word("state"), "proposed");
    CHECK_INT(number("approvals"), 1);
    CHECK(flag("second_approval_needed"));
    /* The approver comes from the token: a body cannot name one, nor the same person be two. */
    CHECK_INT(post(GROCER, JANUARY "/sign", OFFICE, body), 409);
    CHECK_TEXT(word("code"), "same-approver");
    CHECK_INT(ask(GROCER, "POST", JANUARY "/sign", FINANCE, "first", body), 422);
    CHECK_TEXT(word("code"), "idempotency-key-reused");
    CHECK_INT(post(GROCER, JANUARY "/sign", FINANCE, "{\"totals\":\"x\",\"approver\":\"x\"}"), 400);
    CHECK_INT(count_of("errors"), 2);
    CHECK_INT(get(CINEMA, JANUARY), 200);
    CHECK_TEXT(word_in(item("answers", GROCER), "answer"), "none");
    CHECK(json_is_true(json_object_get(item("answers", GROCER), "first_approval")));
    CHECK(!json_is_true(json_object_get(item("answers", BOOKS), "first_approval")));
    CHECK_INT(post(GROCER, JANUARY "/sign", FINANCE, body), 200);
    CHECK_INT(number("approvals"), 2);
    CHECK(!flag("second_approval_needed"));
    CHECK_INT(ask(GROCER, "POST", JANUARY "/sign", OFFICE, "first", body), 200);
    CHECK(flag("repeat"));
    CHECK_INT(number("approvals"), 2);
    CHECK_INT(get(CINEMA, JANUARY), 200);
    CHECK_TEXT(word_in(item("answers", GROCER), "answer"), "signed");
    close_all();
}

CASE(an_approver_is_made_of_the_purpose_and_the_name)
{
    struct hash office = build_approver("office"), again = build_approver("office"),
                finance = build_approver("finance"),
                plain = hash_bytes(bytes_of("accrue approver\0office", 22));
    CHECK(hash_equal(&office, &again));
    CHECK(hash_equal(&office, &plain));
    CHECK(!hash_equal(&office, &finance));
}

/* ---- steps --------------------------------------------------------------------------------------
 */

CASE(a_period_is_proposed_once_it_is_over_and_its_tree_is_known)
{
    open_january();
    CHECK_INT(post(CINEMA, JANUARY "/propose", OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "period-not-over");
    CHECK(strstr(word("detail"), "last day") != NULL);
    CHECK_INT(number("index"), -999999); /* nothing was written */
    CHECK_INT(post(CINEMA, "/v1/periods/2026-12/propose", OFFICE, "{}"), 404);
    CHECK_TEXT(word("code"), "unknown-period");
    CHECK_INT(post(GROCER, "/v1/clock", ADMIN, "{\"to\":\"2027-02-02T09:00:00Z\"}"), 200);
    enrol_somebody();
    CHECK_INT(ask(CINEMA, "POST", JANUARY "/propose", OFFICE, "propose", "{}"), 409);
    CHECK(strstr(word("detail"), "ask again") != NULL);
    CHECK_INT(answer.retry_after_s, 1);
    enrol_somebody();
    CHECK_INT(post(CINEMA, JANUARY "/propose", OFFICE, "{\"totals\":\"x\"}"), 400);
    CHECK_INT(ask(CINEMA, "POST", JANUARY "/propose", OFFICE, "propose", "{}"), 200);
    CHECK_TEXT(word("state"), "proposed");
    CHECK(!flag("repeat"));
    long long index = number("index");
    CHECK_INT(ask(CINEMA, "POST", JANUARY "/propose", OFFICE, "propose", "{}"), 200);
    CHECK(flag("repeat"));
    CHECK_INT(number("index"), index);
    CHECK_INT(ask(CINEMA, "POST", "/v1/periods/2027-02/propose", OFFICE, "propose", "{}"), 422);
    CHECK_TEXT(word("code"), "idempotency-key-reused");
    CHECK_INT(post(BOOKS, JANUARY "/propose", OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "wrong-state");
    CHECK_INT(get(BOOKS, "/v1/periods"), 200);
    CHECK_INT(count_of("periods"), 2);
    CHECK_TEXT(word_in(item("periods", 0), "proposer"), "cinema");
    CHECK_TEXT(word("open"), "2027-02");
    close_all();
}

/* All mistakes of a form come at once. */
CASE(mistakes_of_forms_are_told)
{
    static const char wrong[] = "{\"record\":-1,\"debtor\":\"nobody\",\"creditor\":7,"
                                "\"class\":\"tax\",\"code\":\"BAD\",\"amount\":\"1\",\"x\":1}";
    static const char *const amounts[] = {
        "1",       "\"\"",  "\"1.\"",         "\"1,5\"", "\"0.00000000001\"",
        "\"--1\"", "\"-\"", "\"1000000000\"", "null"};
    char more[64];
    open_proposed();
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 5);
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE, wrong), 400);
    CHECK_INT(count_of("errors"), 7);
    CHECK_INT(post(GROCER, JANUARY "/disputes/respond", OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 5);
    for (size_t i = 0; i < ARRAY_SIZE(amounts); i++) {
        snprintf(more, sizeof(more), "\"amount\":%s", amounts[i]);
        CHECK_INT(post(GROCER, JANUARY "/disputes/resolve", OFFICE,
                       line_body(redemptions[0], "redemption", more)),
                  400);
        CHECK_TEXT(word_in(item("errors", 0), "pointer"), "/amount");
    }
    CHECK_INT(post(GROCER, JANUARY "/finalise", OFFICE, "{\"force\":true}"), 400);
    close_all();
}

CASE(a_dispute_brings_the_record_and_its_proof)
{
    static const char code[] = "\"code\":\"WRONG_AMOUNT\"";
    open_proposed();
    uint64_t enrolled = redemptions[0] - 1, later = world_status(w, GROCER).records - 2;
    CHECK_INT(ask(GROCER, "POST", JANUARY "/disputes", OFFICE, "d1",
                  line_body(redemptions[0], "redemption", code)),
              200);
    CHECK_INT(ask(GROCER, "POST", JANUARY "/disputes", OFFICE, "d1",
                  line_body(redemptions[0], "redemption", code)),
              200);
    CHECK(flag("repeat"));
    CHECK_INT(ask(GROCER, "POST", JANUARY "/disputes", OFFICE, "d1",
                  line_body(redemptions[1], "redemption", code)),
              422);
    CHECK_INT(
        post(GROCER, JANUARY "/disputes", OFFICE, line_body(redemptions[0], "redemption", code)),
        409);
    CHECK_TEXT(word("code"), "already-disputed");
    CHECK_INT(
        post(BOOKS, JANUARY "/disputes", OFFICE, line_body(redemptions[1], "redemption", code)),
        403);
    CHECK_TEXT(word("code"), "not-a-party");
    /* Neither a record without that line, nor one of February. */
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE, line_body(enrolled, "redemption", code)),
              409);
    CHECK_TEXT(word("code"), "not-in-period");
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE, line_body(later, "redemption", code)), 409);
    CHECK_TEXT(word("code"), "not-in-period");
    CHECK_INT(number("index"), -999999);
    /* What time alone brought: the fee for points that became active. The seal's JSON tells it. */
    char seal[64];
    snprintf(seal, sizeof(seal), "/v1/transactions/%llu", (unsigned long long)activation);
    CHECK_INT(get(CINEMA, seal), 200);
    CHECK_TEXT(word("kind"), "seal");
    CHECK_TEXT(amount_of("obligations", "grocer", "cinema", "issue-fee", "amount"), "0.04");
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE, line_body(activation, "issue-fee", code)),
              200);
    CHECK_INT(get(CINEMA, JANUARY), 200);
    CHECK_INT(count_of("disputes"), 2);
    CHECK_TEXT(word_in(item("disputes", 0), "amount"), "1.08");
    CHECK_TEXT(word_in(item("disputes", 0), "state"), "open");
    CHECK_TEXT(word_in(item("disputes", 0), "by"), "grocer");
    CHECK_TEXT(word_in(item("disputes", 1), "class"), "issue-fee");
    CHECK_TEXT(word_in(item("disputes", 1), "amount"), "0.04");
    CHECK_TEXT(amount_of("lines", "grocer", "cinema", "redemption", "exact"), "1.35");
    CHECK_TEXT(amount_of("rounded", "grocer", "cinema", "redemption", "rounded"), "0.27");
    CHECK_TEXT(amount_of("rounded", "grocer", "cinema", "issue-fee", "rounded"), "0.10");
    CHECK_TEXT(word_in(item("answers", GROCER), "answer"), "disputed");
    /* The register in pages; the rest of the answer is the whole period every time. */
    CHECK(json_is_null(json_object_get(answer.json, "disputes_next")));
    CHECK_INT(get(CINEMA, JANUARY "?limit=1"), 200);
    CHECK_INT(count_of("disputes"), 1);
    CHECK_INT(number("disputes_next"), 1);
    CHECK_INT(get(CINEMA, JANUARY "?disputes_from=1"), 200);
    CHECK_INT(count_of("disputes"), 1);
    CHECK_TEXT(word_in(item("disputes", 0), "class"), "issue-fee");
    CHECK(json_is_null(json_object_get(answer.json, "disputes_next")));
    CHECK(count_of("lines") > 0);
    CHECK_INT(get(CINEMA, JANUARY "?disputes_from=2"), 200);
    CHECK_INT(count_of("disputes"), 0);
    CHECK_INT(get(CINEMA, JANUARY "?disputes_from=x"), 400);
    CHECK_INT(get(CINEMA, JANUARY "?disputes=1"), 400);
    CHECK_INT(get(CINEMA, JANUARY "?limit=251"), 400);
    close_all();
}

/* A seal without automatic effects has no line to dispute. */
CASE(a_seal_that_moved_nothing_is_not_disputed)
{
    open_proposed();
    struct buffer bytes;
    struct record record;
    uint64_t seal = redemptions[0];
    buffer_init(&bytes, RECORD_SIZE_MAX);
    do {
        buffer_clear(&bytes);
        REQUIRE(replica_record(w->nodes[GROCER].replica, ++seal, &bytes, NULL));
        REQUIRE(record_decode(buffer_bytes(&bytes), &record, NULL));
    } while (record.kind != RECORD_KIND_SEAL || seal == activation);
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE,
                   line_body(seal, "issue-fee", "\"code\":\"LATE\"")),
              409);
    CHECK_TEXT(word("code"), "not-in-period");
    CHECK_INT(number("index"), -999999);
    buffer_release(&bytes);
    close_all();
}

static void settle_disputes(void)
{
    const char *offer = "\"amount\":\"0.30\"", *more = "\"amount\":\"1.09\"";
    CHECK_INT(post(GROCER, JANUARY "/disputes/respond", OFFICE,
                   line_body(redemptions[0], "redemption", offer)),
              403);
    CHECK_TEXT(word("code"), "not-a-party");
    CHECK_INT(post(CINEMA, JANUARY "/disputes/respond", OFFICE,
                   line_body(redemptions[0], "redemption", more)),
              422);
    CHECK_TEXT(word("code"), "over-amount");
    CHECK_INT(post(CINEMA, JANUARY "/disputes/respond", FINANCE,
                   line_body(redemptions[1], "redemption", offer)),
              404);
    CHECK_TEXT(word("code"), "unknown-dispute");
    CHECK_INT(post(CINEMA, JANUARY "/disputes/respond", FINANCE,
                   line_body(redemptions[0], "redemption", offer)),
              200);
    CHECK_INT(get(FUEL, JANUARY), 200);
    CHECK_TEXT(word_in(item("disputes", 0), "state"), "responded");
    CHECK_TEXT(word_in(item("disputes", 0), "offered"), "0.30");
    CHECK(json_is_null(json_object_get(item("disputes", 0), "upheld")));
    CHECK_INT(ask(GROCER, "POST", JANUARY "/disputes/resolve", OFFICE, "resolve",
                  line_body(redemptions[0], "redemption", offer)),
              200);
    CHECK_INT(ask(GROCER, "POST", JANUARY "/disputes/resolve", OFFICE, "resolve",
                  line_body(redemptions[0], "redemption", offer)),
              200);
    CHECK(flag("repeat"));
    CHECK_INT(get(FUEL, JANUARY), 200);
    CHECK_TEXT(word_in(item("disputes", 0), "state"), "resolved");
    CHECK_TEXT(word_in(item("disputes", 0), "upheld"), "0.30");
    CHECK_TEXT(word_in(item("disputes", 0), "rest"), "0.78");
    CHECK_INT(get(FUEL, "/v1/periods/2027-02"), 200);
    CHECK_TEXT(amount_of("lines", "grocer", "cinema", "dispute", "exact"), "0.78");
}

static void pay_january(void)
{
    CHECK_INT(post(CINEMA, JANUARY "/payments/0/pay", OFFICE, "{}"), 403);
    CHECK_TEXT(word("code"), "not-a-party");
    CHECK_INT(post(GROCER, JANUARY "/payments/1/pay", OFFICE, "{}"), 404);
    CHECK_TEXT(word("code"), "unknown-payment");
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", OFFICE, "{}"), 200);
    CHECK(flag("second_approval_needed"));
    CHECK_TEXT(word("payment_state"), "due");
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "same-approver");
    CHECK_INT(post(CINEMA, JANUARY "/payments/0/fail", OFFICE, "{}"), 409);
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", FINANCE, "{}"), 200);
    CHECK(!flag("second_approval_needed"));
    CHECK_INT(number("approvals"), 2);
    CHECK_TEXT(word("payment_state"), "sent");
    CHECK_INT(post(CINEMA, JANUARY "/payments/0/fail", OFFICE, "{}"), 200);
    CHECK_TEXT(word("payment_state"), "failed");
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", FINANCE, "{}"), 200);
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", OFFICE, "{}"), 200);
    CHECK_INT(post(GROCER, JANUARY "/payments/0/confirm", OFFICE, "{}"), 403);
    CHECK_INT(ask(CINEMA, "POST", JANUARY "/payments/0/confirm", OFFICE, "confirm", "{}"), 200);
    CHECK_TEXT(word("state"), "settled");
    CHECK_INT(ask(CINEMA, "POST", JANUARY "/payments/0/confirm", OFFICE, "confirm", "{}"), 200);
    CHECK(flag("repeat"));
}

/* What every record of a step says, in JSON and in words. */
static void read_the_log(void)
{
    static const struct {
        const char *type, *member;
    } wanted[] = {{"period-propose", "root"},    {"period-sign", "approver"},
                  {"dispute-open", "record"},    {"dispute-respond", "amount"},
                  {"dispute-resolve", "amount"}, {"period-final", "period"},
                  {"payment-sent", "approver"},  {"payment-confirmed", "payment"},
                  {"payment-failed", "payment"}};
    char target[64];
    size_t seen[ARRAY_SIZE(wanted)] = {0};
    for (uint64_t i = 0; i < world_status(w, BOOKS).records; i++) {
        snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)i);
        CHECK_INT(ask(BOOKS, "GET", target, FINANCE, NULL, NULL), 200);
        json_t *body = json_object_get(answer.json, "body");
        for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
            if (strcmp(word("type"), wanted[k].type) != 0)
                continue;
            seen[k]++;
            CHECK(json_object_get(body, wanted[k].member) != NULL);
            CHECK(strncmp(word_in(body, "period"), "20", 2) == 0);
            struct buffer bytes;
            struct receipt_words words;
            bool told = false;
            buffer_init(&bytes, RECORD_SIZE_MAX);
            REQUIRE(replica_record(w->nodes[BOOKS].replica, i, &bytes, NULL));
            REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
            for (size_t j = 0; j < words.count; j++)
                told = told || (strcmp(words.lines[j].label, "period") == 0 &&
                                strcmp(words.lines[j].value, word_in(body, "period")) == 0);
            CHECK(told);
            REQUIRE(receipt_words_of(buffer_bytes(&bytes), NULL, &words, NULL));
            buffer_release(&bytes);
        }
    }
    for (size_t k = 0; k < ARRAY_SIZE(wanted); k++)
        CHECK(seen[k] > 0);
}

CASE(a_month_is_settled_from_its_proposal_to_its_last_payment)
{
    open_proposed();
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE,
                   line_body(redemptions[0], "redemption", "\"code\":\"WRONG_AMOUNT\"")),
              200);
    sign_twice(CINEMA);
    sign_twice(BOOKS);
    sign_twice(GROCER); /* what it does not dispute */
    CHECK_INT(post(FUEL, JANUARY "/finalise", OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "too-early");
    sign_twice(FUEL);
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", OFFICE, "{}"), 409);
    CHECK_INT(ask(FUEL, "POST", JANUARY "/finalise", FINANCE, "final", "{}"), 200);
    CHECK_TEXT(word("state"), "final");
    CHECK_INT(ask(FUEL, "POST", JANUARY "/finalise", FINANCE, "final", "{}"), 200);
    CHECK(flag("repeat"));
    CHECK_INT(get(BOOKS, JANUARY), 200);
    CHECK(!flag("preliminary"));
    CHECK_TEXT(amount_of("rounded", "grocer", "cinema", "redemption", "rounded"), "0.27");
    CHECK_INT(count_of("payments"), 1);
    CHECK_TEXT(word_in(item("payments", 0), "amount"), "0.41");
    CHECK_TEXT(word_in(item("payments", 0), "from"), "grocer");
    CHECK_TEXT(word_in(item("payments", 0), "state"), "due");
    settle_disputes();
    clock_to("2027-02-09T12:00:00Z");
    CHECK_INT(get(BOOKS, JANUARY), 200);
    CHECK(json_is_true(json_object_get(item("payments", 0), "overdue")));
    pay_january();
    CHECK_INT(get(BOOKS, "/v1/periods"), 200);
    CHECK_TEXT(word_in(item("periods", 0), "state"), "settled");
    CHECK_INT(json_integer_value(
                  json_object_get(json_object_get(item("periods", 0), "payments"), "confirmed")),
              1);
    read_the_log();
    close_all();
}

/* ---- several currencies -------------------------------------------------------------------------
 */

/* The charter's terms tax nothing; a contract of the grocer and the cinema, in kronor from the 20th
 * on, taxes redemptions. */
static void open_in_two_currencies(void)
{
    struct charter *draft = january_draft();
    draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
    draft->settlement.tax_count = 1;
    draft->settlement.taxes[0] = (struct charter_tax){.code = "SE-25", .rate_bp = 2500};
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "SEK", .minor_digits = 2};
    open_apis(draft);
    CHECK_INT(post(GROCER, "/v1/contracts", OFFICE,
                   "{\"funder\":\"grocer\",\"redeemer\":\"cinema\",\"face\":\"0.01\","
                   "\"reimbursement\":\"0.0957\",\"currency\":\"SEK\","
                   "\"redemption_tax\":\"SE-25\",\"from\":\"2027-01-20T00:00:00Z\"}"),
              200);
    char body[96];
    snprintf(body, sizeof(body), "{\"digest\":\"%s\"}", word("digest"));
    CHECK_INT(post(CINEMA, "/v1/contracts/0/sign", FINANCE, body), 200);
}

/* By hand: 120 points of the 15th at 0.009 are 1.08 EUR; 50 of the 21st at 0.0957 are 4.785 SEK,
 * which is 4.78 half to even, with 25 % of tax 1.195, which is 1.20: 5.98 in all. The fee for 120
 * points is 0.048 EUR, which is 0.05; then the card, which is with the operator, asks for none. */
CASE(a_period_in_two_currencies_has_lines_nets_sums_and_payments_of_each)
{
    open_in_two_currencies();
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    clock_to("2027-01-21T00:00:00Z");
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":80}"), 200);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":50}"), 200);
    /* A card in kronor, which have no rate: what is outstanding has no value. */
    CHECK_INT(get(BOOKS, JANUARY "/liability"), 200);
    CHECK_TEXT(word_in(item("rows", 0), "closing"), "30");
    CHECK(json_is_null(json_object_get(item("rows", 0), "value")));
    CHECK(json_is_null(json_object_get(item("ageing", 0), "value")));
    CHECK(json_is_null(json_object_get(item("partners", GROCER), "reimbursement")));
    CHECK_TEXT(word_in(item("partners", BOOKS), "reimbursement"), "0.009");
    clock_to("2027-02-02T09:00:00Z");
    CHECK_INT(get(BOOKS, JANUARY), 200);
    static const char *const lines[][5] = {{"redemption", "EUR", "", "1.08"},
                                           {"redemption", "SEK", "SE-25", "4.785"},
                                           {"issue-fee", "EUR", "", "0.048"}};
    REQUIRE(count_of("lines") == ARRAY_SIZE(lines));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        json_t *line = item("lines", i);
        CHECK_TEXT(word_in(line, "class"), lines[i][0]);
        CHECK_TEXT(word_in(line, "currency"), lines[i][1]);
        CHECK_TEXT(word_in(line, "tax_code"), lines[i][2]);
        CHECK_TEXT(word_in(line, "exact"), lines[i][3]);
        CHECK_INT(json_integer_value(json_object_get(line, "tariff")), i == 1);
    }
    CHECK_INT(count_of("nets"), 2 * 4);
    CHECK_TEXT(word_in(item("nets", GROCER), "net"), "-1.13");
    CHECK_TEXT(word_in(item("nets", 4 + GROCER), "currency"), "SEK");
    CHECK_TEXT(word_in(item("nets", 4 + GROCER), "net"), "-5.98");
    CHECK_TEXT(word_in(item("nets", 4 + CINEMA), "net"), "5.98");
    REQUIRE(count_of("sums") == 2);
    CHECK_TEXT(word_in(item("sums", 0), "exact"), "1.128");
    CHECK_TEXT(word_in(item("sums", 1), "exact"), "4.785");
    CHECK_TEXT(word_in(item("sums", 1), "rounded"), "5.98");
    CHECK_INT(post(CINEMA, JANUARY "/propose", OFFICE, "{}"), 200);
    for (uint16_t i = 0; i < 4; i++)
        sign_twice(i);
    CHECK_INT(post(FUEL, JANUARY "/finalise", OFFICE, "{}"), 200);
    CHECK_INT(get(BOOKS, JANUARY), 200);
    REQUIRE(count_of("payments") == 2);
    CHECK_TEXT(word_in(item("payments", 0), "currency"), "EUR");
    CHECK_TEXT(word_in(item("payments", 0), "amount"), "1.13");
    CHECK_TEXT(word_in(item("payments", 1), "currency"), "SEK");
    CHECK_TEXT(word_in(item("payments", 1), "amount"), "5.98");
    /* What commands make of the answer ties. */
    struct period_view *view = NULL;
    struct error error = {.text = ""};
    bool ties = period_view_read(answer.json, w->charter, &view, &error);
    if (!ties)
        printf("%s\n", error.text);
    CHECK(ties);
    period_view_close(view);
    close_all();
}

/* ---- a repeat of what is long ago ---------------------------------------------------------------
 */

static struct problem problem;
static enum error_code failing;

static bool record_fails(void *context, uint64_t index, struct buffer *out, struct error *error)
{
    (void)context;
    if (failing != ERROR_NONE)
        return error_set(error, failing, "record %llu", (unsigned long long)index);
    return replica_record(w->nodes[GROCER].replica, index, out, error);
}
static bool automatic_fails(void *context, uint64_t index, struct buffer *out, struct error *error)
{
    (void)context;
    (void)out;
    return error_set(error, ERROR_NOT_FOUND, "seal %llu", (unsigned long long)index);
}
static bool huge_record(void *context, uint64_t index, struct buffer *out, struct error *error)
{
    static const uint8_t zeros[DISPUTE_EVIDENCE_MAX + 1];
    (void)context;
    (void)index;
    (void)error;
    buffer_append(out, bytes_of(zeros, sizeof(zeros)));
    return true;
}
static bool path_of(void *context, uint64_t index, uint64_t size, struct hash path[64],
                    size_t *count_out, struct error *error)
{
    (void)context;
    return replica_prove_inclusion(w->nodes[GROCER].replica, index, size, path, count_out, error);
}

/* A dispute as the grocer's node builds it, with a log that fails. */
static bool build(struct build_input *input, uint64_t record, struct built *built)
{
    struct error error;
    json_t *body;
    REQUIRE(form_parse(bytes_text(line_body(record, "redemption", "\"code\":\"LATE\"")), &body,
                       &error));
    bool good = build_transaction(input, TRANSACTION_DISPUTE_OPEN, body, built, &problem);
    json_decref(body);
    return good;
}

CASE(a_record_that_cannot_be_brought_is_said_to_be_so)
{
    static const struct {
        enum error_code code;
        enum problem_code wanted;
    } all[] = {{ERROR_GONE, PROBLEM_PRUNED},
               {ERROR_NOT_YET, PROBLEM_NOT_HERE_YET},
               {ERROR_NOT_FOUND, PROBLEM_NOT_FINAL},
               {ERROR_CORRUPT, PROBLEM_INTERNAL}};
    open_proposed();
    struct built built;
    struct build_input input = {.charter = w->charter,
                                .state = replica_state(w->nodes[GROCER].replica),
                                .secret = bytes_text("a secret of the coalition, 32 b."),
                                .key = bytes_text("key"),
                                .at_ms = START_MS,
                                .lone = true,
                                .settle = {.approver = "office"},
                                .record = record_fails,
                                .automatic = automatic_fails,
                                .prove = path_of};
    REQUIRE(period_from_name(w->charter, bytes_text("2027-01"), &input.settle.period));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        failing = all[i].code;
        CHECK(!build(&input, redemptions[0], &built));
        CHECK_INT(problem.code, all[i].wanted);
    }
    failing = ERROR_NONE;
    CHECK(!build(&input, activation, &built));
    CHECK_INT(problem.code, PROBLEM_TOO_LARGE);
    input.record = huge_record;
    CHECK(!build(&input, redemptions[0], &built));
    CHECK_INT(problem.code, PROBLEM_TOO_LARGE);
    input.record = record_fails;
    REQUIRE(build(&input, redemptions[0], &built));
    /* A repeat is built from what was decided first: the record need not be here any more. */
    struct transaction first = built.transaction;
    struct built again;
    failing = ERROR_GONE;
    input.first = &first;
    REQUIRE(build(&input, redemptions[0], &again));
    const struct settle *one = &built.transaction.body.settle,
                        *two = &again.transaction.body.settle;
    CHECK(bytes_equal(one->evidence, two->evidence));
    CHECK(bytes_equal(one->path, two->path));
    CHECK(one->path.size > 0);
    CHECK(!build(&input, redemptions[1], &again));
    CHECK_INT(problem.verdict, VERDICT_KEY_REUSED);
    built_release(&again);
    built_release(&built);
    close_all();
}

/* Anybody may write a step of a period that no calendar has. */
CASE(a_step_of_a_period_beyond_the_calendar_is_told_by_its_number)
{
    char text[PERIOD_TEXT_SIZE], target[64];
    struct buffer bytes;
    open_january();
    struct transaction t = {.type = TRANSACTION_PERIOD_FINAL,
                            .at_ms = w->now_ms,
                            .key = bytes_text("far-away"),
                            .body.settle = {.period = PERIOD_NUMBER_MAX}};
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    uint64_t records = world_status(w, FUEL).records;
    REQUIRE(replica_submit(w->nodes[FUEL].replica, buffer_bytes(&bytes), 0, w->now_ms, NULL));
    buffer_release(&bytes);
    world_pass(w, 1000);
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)records);
    CHECK_INT(get(GROCER, target), 200);
    CHECK_TEXT(word("verdict"), "unknown-period");
    CHECK_TEXT(word_in(json_object_get(answer.json, "body"), "period"), "number 4000000");
    CHECK_INT(get(GROCER, "/v1/transactions"), 200);
    period_text(NULL, 5, text);
    CHECK_TEXT(text, "number 5");
    period_text(w->charter, (9999 - 1970) * 12 + 11, text);
    CHECK_TEXT(text, "9999-12");
    period_text(w->charter, (9999 - 1970) * 12 + 12, text);
    CHECK_TEXT(text, "number 96360");
    CHECK(!day_text(-1, text));
    CHECK(!day_text(INT64_MAX, text));
    CHECK(day_text(0, text));
    CHECK_TEXT(text, "1970-01-01");
    close_all();
}

int main(void)
{
    RUN(the_open_period_is_told_as_it_stands);
    RUN(a_name_that_is_no_periods_is_refused);
    RUN(only_office_and_finance_settle);
    RUN(two_people_of_a_partner_sign);
    RUN(an_approver_is_made_of_the_purpose_and_the_name);
    RUN(a_period_is_proposed_once_it_is_over_and_its_tree_is_known);
    RUN(mistakes_of_forms_are_told);
    RUN(a_dispute_brings_the_record_and_its_proof);
    RUN(a_seal_that_moved_nothing_is_not_disputed);
    RUN(a_month_is_settled_from_its_proposal_to_its_last_payment);
    RUN(a_period_in_two_currencies_has_lines_nets_sums_and_payments_of_each);
    RUN(a_record_that_cannot_be_brought_is_said_to_be_so);
    RUN(a_step_of_a_period_beyond_the_calendar_is_told_by_its_number);
    return check_report();
}
