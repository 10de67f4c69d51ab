// links: node
// also: sim/disk.c
/* Payment accounts over the API: two people, a wait that everybody is told of, and what records and
 * receipts say. */
#include "unit/apis_world.h"

#include "node/api_build.h"
#include "node/api_parts.h"
#include "node/receipt_words.h"

/* A sandbox, on the 21st of January. */
static void open_january(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->sandbox_start_ms = START_MS;
    draft->settlement.account_days = 7;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    memcpy(draft->contracts.currencies[0].code, "SEK", CURRENCY_SIZE);
    draft->contracts.currencies[0].minor_digits = 2;
    open_apis(draft);
    clock_to("2027-01-21T00:00:00Z");
}

#define ACCOUNTS "/v1/payment-accounts"
#define VIENNA                                                                                     \
    "{\"currency\":\"EUR\",\"holder\":\"Gr\xc3\xbcner & S\xc3\xb6hne\","                           \
    "\"iban\":\"AT61 1904 3002 3457 3201\",\"bic\":\"BKAUATWW\"}"
#define BERLIN                                                                                     \
    "{\"currency\":\"EUR\",\"holder\":\"Gruner\",\"iban\":\"DE89370400440532013000\",\"bic\":"     \
    "null}"

static json_t *account_in(size_t place, const char *name)
{
    return json_object_get(item("accounts", place), name);
}

static void say_twice(uint16_t node, const char *body)
{
    CHECK_INT(post(node, ACCOUNTS, OFFICE, body), 200);
    CHECK_INT(post(node, ACCOUNTS, FINANCE, body), 200);
}

CASE(an_account_takes_two_people_and_a_wait)
{
    open_january();
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, VIENNA), 200);
    CHECK_TEXT(word("state"), "pending");
    CHECK_TEXT(word("holder"), "Gruner + Sohne");
    CHECK_TEXT(word("iban"), "AT611904300234573201");
    CHECK_TEXT(word("bic"), "BKAUATWW");
    CHECK_INT(number("approvals"), 1);
    CHECK(flag("second_approval_needed"));
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, VIENNA), 409);
    CHECK_TEXT(word("code"), "same-approver");
    CHECK_INT(post(GROCER, ACCOUNTS, FINANCE, VIENNA), 200);
    CHECK_TEXT(word("state"), "waiting");
    CHECK_INT(number("approvals"), 2);
    CHECK(!flag("second_approval_needed"));
    CHECK(strncmp(word("from"), "2027-01-28T00:00", 16) == 0);
    CHECK_INT(post(GROCER, ACCOUNTS, FINANCE, VIENNA), 409);
    CHECK_TEXT(word("code"), "nothing-to-do");
    enrol_somebody();
    CHECK_INT(get(BOOKS, ACCOUNTS), 200); /* all nodes tell it */
    CHECK_INT(number("account_days"), 7);
    CHECK_INT(count_of("accounts"), 1);
    CHECK_TEXT(word_in(item("accounts", 0), "partner"), "grocer");
    CHECK_TEXT(word_in(item("accounts", 0), "currency"), "EUR");
    CHECK(json_is_null(account_in(0, "in_force")));
    CHECK(json_is_null(account_in(0, "pending")));
    CHECK_TEXT(word_in(account_in(0, "waiting"), "iban"), "AT611904300234573201");
    clock_to("2027-01-28T01:00:00Z");
    CHECK_INT(get(BOOKS, ACCOUNTS), 200);
    CHECK_TEXT(word_in(account_in(0, "in_force"), "bic"), "BKAUATWW");
    CHECK(strncmp(word_in(account_in(0, "in_force"), "since"), "2027-01-28T00:00", 16) == 0);
    CHECK(json_is_null(account_in(0, "waiting")));
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, BERLIN), 200);
    CHECK_INT(get(GROCER, ACCOUNTS), 200);
    CHECK(json_is_null(json_object_get(account_in(0, "pending"), "bic")));
    CHECK(json_object_get(account_in(0, "pending"), "approver") == NULL); /* by whom not */
    close_all();
}

/* Going back to what is in force is done with the second approval. */
CASE(a_change_is_told_to_everybody_and_can_be_stopped)
{
    open_january();
    say_twice(GROCER, VIENNA);
    clock_to("2027-01-29T00:00:00Z");
    say_twice(GROCER, BERLIN);
    enrol_somebody();
    CHECK_INT(ask(CINEMA, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    REQUIRE(count_of("account_changes_waiting") == 1);
    json_t *change = item("account_changes_waiting", 0);
    CHECK_TEXT(word_in(change, "partner"), "grocer");
    CHECK_TEXT(word_in(change, "currency"), "EUR");
    CHECK_TEXT(word_in(change, "iban_ends"), "3000");
    CHECK(strncmp(word_in(change, "from"), "2027-02-05", 10) == 0);
    say_twice(GROCER, VIENNA);
    CHECK_TEXT(word("state"), "in-force");
    CHECK(strncmp(word("from"), "2027-01-28", 10) == 0);
    enrol_somebody();
    CHECK_INT(ask(CINEMA, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    CHECK_INT(count_of("account_changes_waiting"), 0);
    close_all();
}

CASE(only_office_and_finance_say_where_a_partner_is_paid)
{
    static const int others[] = {TILL, AUDITOR, ADMIN};
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        CHECK_INT(post(GROCER, ACCOUNTS, others[i], VIENNA), 403);
    CHECK_INT(ask(GROCER, "GET", ACCOUNTS, TILL, NULL, NULL), 403);
    CHECK_INT(ask(GROCER, "GET", ACCOUNTS, ADMIN, NULL, NULL), 403);
    CHECK_INT(ask(GROCER, "GET", ACCOUNTS, OFFICE, NULL, NULL), 200);
    CHECK(!api_in_batch(TRANSACTION_PAYMENT_ACCOUNT));
    close_all();
}

CASE(mistakes_in_an_account_are_told)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {
        {"{\"currency\":\"EURO\",\"holder\":\"x\",\"iban\":\"AT611904300234573201\"}", "/currency"},
        {"{\"currency\":\"EUR\",\"holder\":\"\xe4\xb8\xad\",\"iban\":\"AT611904300234573201\"}",
         "/holder"},
        {"{\"currency\":\"EUR\",\"holder\":\"x\",\"iban\":\"AT611904300234573202\"}", "/iban"},
        {"{\"currency\":\"EUR\",\"holder\":\"x\",\"iban\":\"AT611904300234573201\",\"bic\":\"A\"}",
         "/bic"},
        {"{\"currency\":\"EUR\",\"holder\":\"x\",\"iban\":\"AT611904300234573201\",\"approver\":"
         "\"me\"}",
         "/approver"},
    };
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, rows[i].body), 400);
        CHECK_INT(count_of("errors"), 1);
        CHECK_TEXT(word_in(item("errors", 0), "pointer"), rows[i].pointer);
    }
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 3);
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE,
                   "{\"currency\":\"CHF\",\"holder\":\"x\",\"iban\":\"AT611904300234573201\"}"),
              422);
    CHECK_TEXT(word("code"), "bad-account");
    close_all();
}

static const char *line_of(const struct receipt_words *words, const char *label)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->lines[i].label, label) == 0)
            return words->lines[i].value;
    return "(no line)";
}

/* The record says all of it; a receipt, which goes to anybody, the end of the IBAN. */
CASE(a_record_of_an_account_is_read)
{
    char target[64], key[HASH_HEX_SIZE + 1];
    struct receipt_words words;
    struct buffer bytes;
    open_january();
    CHECK_INT(post(GROCER, ACCOUNTS, OFFICE, VIENNA), 200);
    uint64_t index = (uint64_t)number("index");
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)index);
    CHECK_INT(get(GROCER, target), 200);
    json_t *body = json_object_get(answer.json, "body");
    struct hash approver = build_approver("office");
    hex_encode(hash_as_bytes(&approver), key);
    CHECK_TEXT(word_in(body, "currency"), "EUR");
    CHECK_TEXT(word_in(body, "holder"), "Gruner + Sohne");
    CHECK_TEXT(word_in(body, "iban"), "AT611904300234573201");
    CHECK_TEXT(word_in(body, "bic"), "BKAUATWW");
    CHECK_TEXT(word_in(body, "approver"), key);
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[GROCER].replica, index, &bytes, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
    CHECK_TEXT(line_of(&words, "holder"), "Gruner + Sohne");
    CHECK_TEXT(line_of(&words, "IBAN ends with"), "3201");
    CHECK_TEXT(line_of(&words, "approver"), key);
    for (size_t i = 0; i < words.count; i++)
        CHECK(!strstr(words.lines[i].value, "AT61"));
    buffer_release(&bytes);
    close_all();
}

/* In another currency of the charter it is another account. */
CASE(each_currency_has_an_account)
{
    open_january();
    say_twice(GROCER, VIENNA);
    say_twice(GROCER,
              "{\"currency\":\"SEK\",\"holder\":\"x\",\"iban\":\"DE89370400440532013000\"}");
    CHECK_TEXT(word("currency"), "SEK");
    CHECK_TEXT(word("state"), "waiting");
    CHECK_INT(get(GROCER, ACCOUNTS), 200);
    REQUIRE(count_of("accounts") == 2);
    CHECK_TEXT(word_in(account_in(0, "waiting"), "iban"), "AT611904300234573201");
    CHECK_TEXT(word_in(account_in(1, "waiting"), "iban"), "DE89370400440532013000");
    close_all();
}

int main(void)
{
    RUN(an_account_takes_two_people_and_a_wait);
    RUN(a_change_is_told_to_everybody_and_can_be_stopped);
    RUN(only_office_and_finance_say_where_a_partner_is_paid);
    RUN(mistakes_in_an_account_are_told);
    RUN(a_record_of_an_account_is_read);
    RUN(each_currency_has_an_account);
    return check_report();
}
