// links: node
// also: sim/disk.c
/* Exchange rates over the API: what is published, and what becomes of purchases in other
 * currencies. */
#include "unit/apis_world.h"

#include "node/api_parts.h"
#include "node/receipt_words.h"

#define RATES "/v1/exchange-rates"
#define SEK(rate)                                                                                  \
    "{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"" rate "\"},"                                    \
    "{\"currency\":\"NOK\",\"rate\":\"0.085\"}]}"

static char member[MEMBER_TEXT_SIZE];

/* A sandbox in Vienna's winter, on the evening of the 21st of January; the till knows somebody. */
static void open_january(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->sandbox_start_ms = START_MS;
    draft->transitions[0].offset_s = 3600;
    open_apis(draft);
    clock_to("2027-01-21T22:30:00Z");
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{}"), 200);
    snprintf(member, sizeof(member), "%s", word("member"));
}

/* `more` is further members, each with a comma before it. */
static int earn_of(const char *key, const char *amount, const char *currency, const char *more)
{
    char body[512];
    snprintf(body, sizeof(body),
             "{\"member\":\"%s\",\"points\":10,\"purchase\":{\"amount\":\"%s\",\"currency\":\"%s\"}"
             "%s}",
             member, amount, currency, more);
    return ask(GROCER, "POST", "/v1/earn", TILL, key, body);
}

/* The `eligible` of the record that the last answer is about; what was answered stays. */
static uint64_t eligible(void)
{
    struct record record;
    struct transaction t;
    struct buffer bytes;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[GROCER].replica, (uint64_t)number("index"), &bytes, NULL));
    REQUIRE(record_decode(buffer_bytes(&bytes), &record, NULL));
    REQUIRE(transaction_decode(record.transaction, &t, NULL));
    REQUIRE(t.type == TRANSACTION_EARN);
    uint64_t found = t.body.earn.eligible;
    buffer_release(&bytes);
    return found;
}

static const char *exchange(const char *name)
{
    return word_in(json_object_get(answer.json, "exchange"), name);
}

/* ---- publishing ------------------------------------------------------------------------------ */

CASE(what_a_partner_publishes_is_told_by_all)
{
    open_january();
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    CHECK_TEXT(word("day"), "2027-01-21");
    CHECK_TEXT(word_in(item("rates", 0), "currency"), "NOK"); /* in order */
    CHECK_TEXT(word_in(item("rates", 1), "rate"), "0.0871");
    CHECK_INT(post(BOOKS, RATES, FINANCE, SEK("0.09")), 200);
    CHECK_INT(post(GROCER, RATES, OFFICE,
                   "{\"day\":\"2027-01-20\",\"rates\":[{\"currency\":\"SEK\",\"rate\":\"2\"}]}"),
              200);
    enrol_somebody();
    CHECK_INT(get(CINEMA, RATES), 200);
    CHECK_TEXT(word("currency"), "EUR");
    CHECK_TEXT(word("day"), "2027-01-21");
    CHECK_INT(count_of("exchange_rates"), 4);
    CHECK_INT(get(CINEMA, RATES "?partner=grocer&currency=SEK"), 200);
    REQUIRE(count_of("exchange_rates") == 1);
    json_t *days = json_object_get(item("exchange_rates", 0), "days");
    CHECK_TEXT(word_in(item("exchange_rates", 0), "partner"), "grocer");
    REQUIRE(json_array_size(days) == 2);
    CHECK_TEXT(word_in(json_array_get(days, 0), "day"), "2027-01-21"); /* newest first */
    CHECK_TEXT(word_in(json_array_get(days, 0), "rate"), "0.0871");
    CHECK_TEXT(word_in(json_array_get(days, 1), "rate"), "2.00");
    CHECK_INT(get(CINEMA, RATES "?limit=1"), 200);
    CHECK_INT(number("next"), 1);
    CHECK_INT(get(CINEMA, RATES "?from=3"), 200);
    CHECK_INT(count_of("exchange_rates"), 1);
    CHECK(json_is_null(json_object_get(answer.json, "next")));
    CHECK_INT(get(CINEMA, RATES "?partner=nobody"), 404);
    CHECK_INT(get(CINEMA, RATES "?currency=sek"), 400);
    CHECK_INT(get(CINEMA, RATES "?day=1"), 400);
    close_all();
}

/* It is tomorrow in Vienna an hour before it is in Greenwich. */
CASE(the_day_is_the_charters)
{
    open_january();
    clock_to("2027-01-21T23:30:00Z");
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    CHECK_TEXT(word("day"), "2027-01-22");
    CHECK_INT(post(GROCER, RATES, OFFICE,
                   "{\"day\":\"2027-01-23\",\"rates\":[{\"currency\":\"SEK\",\"rate\":\"2\"}]}"),
              422);
    CHECK_TEXT(word("code"), "bad-rate");
    close_all();
}

CASE(only_office_and_finance_publish)
{
    static const int others[] = {TILL, AUDITOR, ADMIN};
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        CHECK_INT(post(GROCER, RATES, others[i], SEK("0.0871")), 403);
    CHECK_INT(ask(GROCER, "GET", RATES, TILL, NULL, NULL), 200);
    CHECK_INT(ask(GROCER, "GET", RATES, ADMIN, NULL, NULL), 403);
    CHECK(!api_in_batch(TRANSACTION_EXCHANGE_RATES));
    close_all();
}

CASE(mistakes_in_rates_are_told)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {
        {"{}", "/rates"},
        {"{\"rates\":[]}", "/rates"},
        {"{\"day\":\"2027-02-30\",\"rates\":[{\"currency\":\"SEK\",\"rate\":\"1\"}]}", "/day"},
        {"{\"rates\":[{\"currency\":\"sek\",\"rate\":\"1\"}]}", "/rates/0/currency"},
        {"{\"rates\":[{\"currency\":\"EUR\",\"rate\":\"1\"}]}", "/rates/0/currency"},
        {"{\"rates\":[{\"rate\":\"1\"}]}", "/rates/0/currency"},
        {"{\"rates\":[{\"currency\":\"SEK\"}]}", "/rates/0/rate"},
        {"{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"0\"}]}", "/rates/0/rate"},
        {"{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"1000000.000001\"}]}", "/rates/0/rate"},
        {"{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"0.0000001\"}]}", "/rates/0/rate"},
        {"{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"1\"},{\"currency\":\"SEK\",\"rate\":\"2\"}]"
         "}",
         "/rates/1/currency"},
        {"{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"1\",\"day\":1}]}", "/rates/0/day"},
    };
    open_january();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CHECK_INT(post(GROCER, RATES, OFFICE, rows[i].body), 400);
        CHECK_INT(count_of("errors"), 1);
        CHECK_TEXT(word_in(item("errors", 0), "pointer"), rows[i].pointer);
    }
    close_all();
}

CASE(a_record_of_rates_is_read)
{
    char target[64];
    struct receipt_words words;
    struct buffer bytes;
    open_january();
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    uint64_t index = (uint64_t)number("index");
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)index);
    CHECK_INT(get(GROCER, target), 200);
    json_t *body = json_object_get(answer.json, "body");
    CHECK_TEXT(word_in(body, "day"), "2027-01-21");
    json_t *sek = json_array_get(json_object_get(body, "rates"), 1);
    CHECK_TEXT(word_in(sek, "currency"), "SEK");
    CHECK_TEXT(word_in(sek, "rate"), "0.0871");
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[GROCER].replica, index, &bytes, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
    size_t told = 0;
    for (size_t i = 0; i < words.count; i++)
        told += strcmp(words.lines[i].value, "2027-01-21") == 0 ||
                strcmp(words.lines[i].value, "1 NOK is 0.085 EUR") == 0 ||
                strcmp(words.lines[i].value, "1 SEK is 0.0871 EUR") == 0;
    CHECK_INT(told, 3);
    buffer_release(&bytes);
    close_all();
}

/* ---- purchases ------------------------------------------------------------------------------- */

CASE(a_purchase_is_worth_what_the_partner_has_said)
{
    open_january();
    CHECK_INT(post(BOOKS, RATES, OFFICE, SEK("0.5")), 200); /* another's */
    CHECK_INT(earn_of("e1", "249.00", "SEK", ""), 409);
    CHECK_TEXT(word("code"), "no-rate");
    CHECK(strstr(word("detail"), "accrue rates publish SEK=... --day 2027-01-21") != NULL);
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    CHECK_INT(earn_of("e1", "249.00", "SEK", ""), 200); /* nothing was kept under its key */
    CHECK_INT(eligible(), 21687900);
    CHECK_TEXT(exchange("rate"), "0.0871");
    CHECK_TEXT(exchange("day"), "2027-01-21");
    CHECK_INT(earn_of("e2", "0.00001", "SEK", ""), 200); /* 0.871 of a micro-unit */
    CHECK_INT(eligible(), 1);
    CHECK_INT(earn_of("e3", "249.00", "EUR", ""), 200);
    CHECK_INT(eligible(), 249000000);
    CHECK(json_object_get(answer.json, "exchange") == NULL);
    close_all();
}

CASE(a_purchase_goes_by_the_day_on_which_it_was_made)
{
    open_january();
    CHECK_INT(post(GROCER, RATES, OFFICE,
                   "{\"day\":\"2027-01-19\",\"rates\":[{\"currency\":\"SEK\",\"rate\":\"2\"}]}"),
              200);
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    CHECK_INT(earn_of("e1", "1", "SEK", ",\"at\":\"2027-01-20T22:59:59Z\""), 200);
    CHECK_INT(eligible(), 2000000);
    CHECK_TEXT(exchange("rate"), "2.00");
    CHECK_TEXT(exchange("day"), "2027-01-19"); /* the last one before */
    CHECK_INT(earn_of("e2", "1", "SEK", ",\"at\":\"2027-01-20T23:00:00Z\""), 200);
    CHECK_INT(eligible(), 87100);
    CHECK_INT(earn_of("e3", "1", "SEK", ",\"at\":\"2027-01-18T12:00:00Z\""), 409);
    CHECK_TEXT(word("code"), "no-rate");
    CHECK(strstr(word("detail"), "2027-01-18") != NULL);
    close_all();
}

/* Between the till's two attempts another rate was published: the first one's holds. */
CASE(a_repeat_has_the_rate_of_the_first)
{
    open_january();
    CHECK_INT(post(GROCER, RATES, OFFICE,
                   "{\"day\":\"2027-01-20\",\"rates\":[{\"currency\":\"SEK\",\"rate\":\"2\"}]}"),
              200);
    CHECK_INT(earn_of("e1", "1.5", "SEK", ""), 200);
    long long index = number("index");
    CHECK_INT(post(GROCER, RATES, OFFICE, SEK("0.0871")), 200);
    CHECK_INT(earn_of("e1", "1.5", "SEK", ""), 200);
    CHECK(flag("repeat"));
    CHECK_INT(number("index"), index);
    CHECK_TEXT(exchange("rate"), "2.00");
    CHECK_TEXT(exchange("day"), "2027-01-20");
    CHECK_INT(earn_of("e1", "1.6", "SEK", ""), 422); /* another purchase */
    CHECK_TEXT(word("code"), "idempotency-key-reused");
    close_all();
}

CASE(mistakes_in_a_purchase_are_told)
{
    static const struct {
        const char *purchase, *pointer;
    } rows[] = {
        {"{\"currency\":\"SEK\"}", "/purchase/amount"},
        {"{\"amount\":\"1\"}", "/purchase/currency"},
        {"{\"amount\":\"1\",\"currency\":\"kr\"}", "/purchase/currency"},
        {"{\"amount\":\"-1\",\"currency\":\"SEK\"}", "/purchase/amount"},
        {"{\"amount\":\"0\",\"currency\":\"EUR\"}", "/purchase/amount"},
        {"{\"amount\":\"0.000001\",\"currency\":\"SEK\"}", "/purchase/amount"},
        {"{\"amount\":\"9000000000000\",\"currency\":\"NOK\"}", "/purchase/amount"},
        {"{\"amount\":\"1\",\"currency\":\"SEK\",\"rate\":\"1\"}", "/purchase/rate"},
        {"{\"amount\":\"1\",\"currency\":\"SEK\"},\"eligible\":\"1\"", "/purchase"},
        {"7", "/purchase"},
    };
    char body[512];
    open_january();
    CHECK_INT(post(GROCER, RATES, OFFICE,
                   "{\"rates\":[{\"currency\":\"SEK\",\"rate\":\"0.0871\"},"
                   "{\"currency\":\"NOK\",\"rate\":\"1000000\"}]}"),
              200);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        snprintf(body, sizeof(body), "{\"member\":\"%s\",\"points\":10,\"purchase\":%s}", member,
                 rows[i].purchase);
        CHECK_INT(post(GROCER, "/v1/earn", TILL, body), 400);
        CHECK_INT(count_of("errors"), 1);
        CHECK_TEXT(word_in(item("errors", 0), "pointer"), rows[i].pointer);
    }
    close_all();
}

int main(void)
{
    RUN(what_a_partner_publishes_is_told_by_all);
    RUN(the_day_is_the_charters);
    RUN(only_office_and_finance_publish);
    RUN(mistakes_in_rates_are_told);
    RUN(a_record_of_rates_is_read);
    RUN(a_purchase_is_worth_what_the_partner_has_said);
    RUN(a_purchase_goes_by_the_day_on_which_it_was_made);
    RUN(a_repeat_has_the_rate_of_the_first);
    RUN(mistakes_in_a_purchase_are_told);
    return check_report();
}
