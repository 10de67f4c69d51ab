// links: node
// also: sim/disk.c
/* Default over the API: who may say it and when, what a period tells then; and the end of a dispute
 * that nobody resolves. */
#include "unit/api_january.h"

#include "node/period_view.h"
#include "node/receipt_words.h"

#define DEFAULT JANUARY "/payments/0/default"

/* What the period tells, read back: it ties. */
static void check_view(void)
{
    struct period_view *view = NULL;
    struct error error = {.text = ""};
    bool read = period_view_read(answer.json, w->charter, &view, &error);
    CHECK_TEXT(error.text, "");
    REQUIRE(read);
    CHECK_INT(view->default_count, count_of("defaults"));
    CHECK_INT(view->taken_count, count_of("taken_over"));
    period_view_close(view);
}

/* What the step says in the log, in JSON and in words. */
static void check_record(uint64_t index)
{
    char target[64];
    struct buffer bytes;
    struct receipt_words words;
    bool told = false;
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)index);
    CHECK_INT(ask(BOOKS, "GET", target, FINANCE, NULL, NULL), 200);
    CHECK_TEXT(word("type"), "payment-default");
    json_t *body = json_object_get(answer.json, "body");
    CHECK_TEXT(word_in(body, "period"), "2027-01");
    CHECK_INT(json_integer_value(json_object_get(body, "payment")), 0);
    CHECK_INT(strlen(word_in(body, "approver")), HASH_HEX_SIZE);
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[BOOKS].replica, index, &bytes, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
    for (size_t i = 0; i < words.count; i++)
        told = told || strstr(words.lines[i].value, "payment 0: its payer is in default") != NULL;
    CHECK(told);
    buffer_release(&bytes);
}

/* The grocer owes the cinema 1.49, and does not pay. */
CASE(two_people_say_that_a_payer_is_in_default)
{
    open_proposed();
    clock_to("2027-02-05T09:00:00Z");
    CHECK_INT(post(FUEL, JANUARY "/finalise", FINANCE, "{}"), 200);
    clock_to("2027-02-15T09:00:00Z"); /* five business days after the 8th */
    CHECK_INT(get(BOOKS, JANUARY), 200);
    json_t *deadlines = json_object_get(answer.json, "deadlines");
    CHECK_TEXT(word_in(deadlines, "disputes_end"), "2027-03-04");
    CHECK_TEXT(word_in(item("payments", 0), "pay_by"), "2027-02-08");
    CHECK_TEXT(word_in(item("payments", 0), "default_after"), "2027-02-15");
    CHECK(json_is_null(json_object_get(item("payments", 0), "sent_on")));
    CHECK(json_is_true(json_object_get(item("payments", 0), "overdue")));
    CHECK(!json_is_true(json_object_get(item("payments", 0), "may_default")));
    CHECK_INT(post(CINEMA, DEFAULT, OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "too-early");
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    REQUIRE(count_of("payments_overdue") == 1);
    CHECK(!json_is_true(json_object_get(item("payments_overdue", 0), "may_default")));
    clock_to("2027-02-16T09:00:00Z");
    CHECK_INT(post(GROCER, DEFAULT, OFFICE, "{}"), 403);
    CHECK_TEXT(word("code"), "not-a-party");
    CHECK_INT(post(CINEMA, DEFAULT, OFFICE, "{\"approver\":\"x\"}"), 400);
    CHECK_INT(post(CINEMA, DEFAULT, OFFICE, "{}"), 200);
    CHECK_INT(number("approvals"), 1);
    CHECK(flag("second_approval_needed"));
    CHECK_TEXT(word("payment_state"), "due");
    CHECK_INT(get(BOOKS, JANUARY), 200);
    CHECK(json_is_true(json_object_get(item("payments", 0), "default_first_approval")));
    CHECK(json_is_true(json_object_get(item("payments", 0), "may_default")));
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    CHECK(json_is_true(json_object_get(item("payments_overdue", 0), "may_default")));
    CHECK_TEXT(word_in(item("payments_overdue", 0), "from"), "grocer");
    CHECK_INT(count_of("in_default"), 0);
    CHECK_INT(post(CINEMA, DEFAULT, OFFICE, "{}"), 409);
    CHECK_TEXT(word("code"), "same-approver");
    CHECK_INT(post(CINEMA, DEFAULT, FINANCE, "{}"), 200);
    CHECK_INT(number("approvals"), 2);
    CHECK(!flag("second_approval_needed"));
    CHECK_TEXT(word("payment_state"), "void");
    CHECK_TEXT(word("state"), "settled"); /* nobody else owes anything */
    check_record((uint64_t)number("index"));
    close_all();
}

/* The period is settled without what is ring-fenced, which is paid all the same. */
CASE(what_is_owed_with_one_in_default_is_ring_fenced_and_told_until_it_is_paid)
{
    open_proposed();
    clock_to("2027-02-05T09:00:00Z");
    CHECK_INT(post(FUEL, JANUARY "/finalise", FINANCE, "{}"), 200);
    clock_to("2027-02-16T09:00:00Z");
    CHECK_INT(post(CINEMA, DEFAULT, OFFICE, "{}"), 200);
    CHECK_INT(post(CINEMA, DEFAULT, FINANCE, "{}"), 200);
    CHECK_INT(get(BOOKS, JANUARY), 200);
    check_view();
    REQUIRE(count_of("payments") == 2);
    CHECK_TEXT(word_in(item("defaults", 0), "partner"), "grocer");
    CHECK_TEXT(word_in(item("defaults", 0), "currency"), "EUR");
    CHECK_INT(count_of("taken_over"), 0);
    CHECK_TEXT(word_in(item("payments", 0), "state"), "void");
    CHECK(!json_is_true(json_object_get(item("payments", 0), "overdue")));
    json_t *own = item("payments", 1);
    CHECK(json_is_true(json_object_get(own, "ring_fenced")));
    CHECK_INT(json_integer_value(json_object_get(own, "round")), 1);
    CHECK_TEXT(word_in(own, "amount"), "1.49");
    CHECK(!json_is_true(json_object_get(own, "overdue")));
    CHECK_INT(get(BOOKS, "/v1/periods"), 200);
    json_t *counts = json_object_get(item("periods", 0), "payments");
    CHECK_INT(json_integer_value(json_object_get(counts, "ring_fenced")), 1);
    CHECK_INT(json_integer_value(json_object_get(counts, "void")), 1);
    CHECK_INT(json_integer_value(json_object_get(counts, "overdue")), 0);
    CHECK_INT(json_integer_value(json_object_get(item("periods", 0), "defaults")), 1);
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    CHECK_INT(count_of("payments_overdue"), 0);
    CHECK_TEXT(word_in(item("in_default", 0), "partner"), "grocer");
    CHECK_INT(json_integer_value(json_object_get(item("in_default", 0), "ring_fenced")), 1);
    CHECK_INT(post(GROCER, JANUARY "/payments/0/pay", OFFICE, "{}"), 409);
    CHECK_INT(post(CINEMA, JANUARY "/payments/1/default", OFFICE, "{}"), 409);
    CHECK_INT(post(CINEMA, JANUARY "/payments/1/confirm", OFFICE, "{}"), 200);
    CHECK_TEXT(word("payment_state"), "confirmed");
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    CHECK_INT(count_of("in_default"), 0);
    /* Money for the void one came after all, and is to be paid back: that is told as well. */
    CHECK_INT(post(CINEMA, JANUARY "/payments/0/confirm", OFFICE, "{}"), 200);
    CHECK_INT(get(BOOKS, JANUARY), 200);
    check_view();
    REQUIRE(count_of("payments") == 3);
    CHECK_TEXT(word_in(item("payments", 2), "from"), "cinema");
    CHECK(json_is_true(json_object_get(item("payments", 2), "ring_fenced")));
    CHECK_INT(post(CINEMA, JANUARY "/payments/2/pay", OFFICE, "{}"), 200);
    CHECK_INT(post(CINEMA, JANUARY "/payments/2/pay", FINANCE, "{}"), 200);
    CHECK_INT(get(BOOKS, JANUARY), 200);
    check_view();
    CHECK_TEXT(word_in(item("payments", 2), "sent_on"), "2027-02-16");
    close_all();
}

/* Later than its opener's time, the other party ends a dispute by what it offered. */
CASE(a_dispute_is_ended_by_the_other_party_when_its_time_is_over)
{
    open_proposed();
    CHECK_INT(post(GROCER, JANUARY "/disputes", OFFICE,
                   line_body(redemptions[0], "redemption", "\"code\":\"WRONG_AMOUNT\"")),
              200);
    clock_to("2027-03-04T09:00:00Z");
    CHECK_INT(post(FUEL, JANUARY "/finalise", FINANCE, "{}"), 200);
    const char *nothing = line_body(redemptions[0], "redemption", "\"amount\":\"0\"");
    CHECK_INT(post(CINEMA, JANUARY "/disputes/resolve", OFFICE, nothing), 409);
    CHECK_TEXT(word("code"), "too-early");
    clock_to("2027-03-05T09:00:00Z");
    CHECK_INT(post(CINEMA, JANUARY "/disputes/resolve", OFFICE, nothing), 200);
    CHECK_INT(get(BOOKS, JANUARY), 200);
    CHECK_TEXT(word_in(item("disputes", 0), "state"), "resolved");
    CHECK_TEXT(word_in(item("disputes", 0), "rest"), "1.08");
    close_all();
}

int main(void)
{
    RUN(two_people_say_that_a_payer_is_in_default);
    RUN(what_is_owed_with_one_in_default_is_ring_fenced_and_told_until_it_is_paid);
    RUN(a_dispute_is_ended_by_the_other_party_when_its_time_is_over);
    return check_report();
}
