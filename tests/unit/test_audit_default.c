// links: node
/* A ledger on which one does not pay, and then another, audited: the second model reaches what each
 * of the others bears by itself, the report tells it, and what a quorum says of a default that is
 * not so is found as what it is, fresh and going on. */
#include "unit/audit_lies.h"
#include "unit/ledger_default.h"

#include "node/audit_parts.h"
#include "node/audit_report.h"
#include "node/naive_parts.h"

#define CENT INT64_C(100000000)

static struct ledger *played(const struct ledger_lies *lies)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_DEFAULT);
    if (lies)
        ledger->lies = *lies;
    ledger->lies_from = KEPT_HEIGHTS + 1;
    default_play(ledger);
    ledger_serve(ledger);
    return ledger;
}

static struct audit_view audited(struct memory_source *memory, const struct policy *policy)
{
    struct audit_view view = audit_of(memory, policy, NULL, "memory");
    char codes[CODES_TEXT];
    codes_of(&view, codes);
    CHECK_TEXT(codes, "");
    REQUIRE(view.audit != NULL);
    return view;
}

static void check_verdict(const struct ledger *ledger, size_t height, uint16_t lane,
                          uint32_t position, const char *word)
{
    struct record record;
    uint64_t index = record_of(ledger, height, lane, position).v;
    REQUIRE(record_decode(buffer_bytes(&ledger->records[index]), &record, NULL));
    CHECK_TEXT(verdict_word(record.outcome.verdict), word);
}

CASE(the_ledger_has_taken_and_refused_what_it_should)
{
    struct ledger *ledger = played(NULL);
    check_verdict(ledger, 7, B, 0, "accepted");
    check_verdict(ledger, 8, A, 0, "accepted");
    check_verdict(ledger, 9, A, 0, "too-early");
    check_verdict(ledger, 10, DAN, 0, "not-a-party");
    check_verdict(ledger, 10, DAN, 1, "wrong-state");
    check_verdict(ledger, 10, A, 0, "accepted");
    check_verdict(ledger, 10, A, 1, "same-approver");
    check_verdict(ledger, 10, A, 2, "accepted");
    check_verdict(ledger, 11, DAN, 0, "accepted");
    check_verdict(ledger, 11, A, 0, "accepted");
    check_verdict(ledger, 11, A, 1, "wrong-state");
    check_verdict(ledger, 11, A, 2, "too-early");
    check_verdict(ledger, 12, A, 0, "accepted");
    check_verdict(ledger, 12, A, 1, "accepted");
    check_verdict(ledger, 13, A, 0, "accepted");
    check_verdict(ledger, 14, B, 1, "accepted");
    check_verdict(ledger, 14, B, 2, "paid-twice");
    check_verdict(ledger, 14, C, 0, "too-early");
    check_verdict(ledger, 15, C, 0, "accepted");
    ledger_close(ledger);
}

/* ---- the figures ----------------------------------------------------------------------------- */

/* Bob owes dan 1800 - 740 and ada 1300. Cyd, who got 2500 and was owed 1800, makes up for 700 of
 * ada's. His collateral of 500 pays 180.72 and 319.28; what is left is shared by 1660, 4950 and
 * 3150: 197.29, 588.32 and 374.39. Dan owes cyd 900 - 366.33, and ada him 159.28; that is shared by
 * 1660 and 4950. */
CASE(the_model_reaches_what_each_bears)
{
    static const struct {
        uint16_t debtor, claimant, by;
        bool collateral;
        int64_t cents;
    } taken[] = {{B, A, C, false, 70000},   {B, A, A, true, 18072},  {B, DAN, A, true, 31928},
                 {B, DAN, C, false, 36633}, {B, A, C, false, 22199}, {DAN, C, A, false, 13402}};
    static const struct {
        uint16_t from, to;
        bool ring_fenced;
        enum naive_payment_state state;
        int64_t cents;
    } payments[] = {{B, C, false, NAIVE_CONFIRMED, 250000}, {B, A, false, NAIVE_CONFIRMED, 166000},
                    {B, DAN, true, NAIVE_FAILED, 74000},    {C, A, false, NAIVE_VOID, 58832},
                    {DAN, A, false, NAIVE_VOID, 37439},     {B, A, true, NAIVE_CONFIRMED, 19729},
                    {B, C, true, NAIVE_DUE, 58832},         {B, DAN, true, NAIVE_DUE, 37439},
                    {A, B, true, NAIVE_DUE, 166000},        {C, A, false, NAIVE_CONFIRMED, 98797},
                    {A, DAN, true, NAIVE_DUE, 2526},        {DAN, C, true, NAIVE_DUE, 39965}};
    struct ledger *ledger = played(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    const struct naive *model = audit_model(view.audit);
    REQUIRE(naive_period_count(model) == 1);
    const struct naive_period *month = naive_period_at(model, 0);
    CHECK_INT(month->state, NAIVE_SETTLED);
    CHECK_INT(month->default_count, 2);
    CHECK_INT(naive_risk_of(model, B).collateral, 0);
    CHECK_INT(naive_owed(model, B, C, LINE_DISPUTE, 0), 900 * CENT);
    REQUIRE(month->taking_count == ARRAY_SIZE(taken));
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        CHECK_INT(month->takings[i].debtor, taken[i].debtor);
        CHECK_INT(month->takings[i].claimant, taken[i].claimant);
        CHECK_INT(month->takings[i].by, taken[i].by);
        CHECK_INT(month->takings[i].collateral, taken[i].collateral);
        CHECK_INT(month->takings[i].amount, taken[i].cents * CENT);
    }
    REQUIRE(month->payment_count == ARRAY_SIZE(payments));
    for (size_t i = 0; i < ARRAY_SIZE(payments); i++) {
        CHECK_INT(month->payments[i].from, payments[i].from);
        CHECK_INT(month->payments[i].to, payments[i].to);
        CHECK_INT(month->payments[i].ring_fenced, payments[i].ring_fenced);
        CHECK_INT(month->payments[i].state, payments[i].state);
        CHECK_INT(month->payments[i].amount, payments[i].cents * CENT);
    }
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(an_audit_may_go_on_from_any_height)
{
    struct ledger *ledger = played(NULL);
    check_goes_on(ledger, DEFAULT_HEIGHTS);
    ledger_close(ledger);
}

/* ---- lies ------------------------------------------------------------------------------------ */

static const struct ledger_lies verdicts = {.record = lie_verdict};
static const struct row rows[] = {
    {"a default too early, taken", &verdicts, NULL, TRANSACTION_PAYMENT_DEFAULT, VERDICT_TOO_EARLY,
     VERDICT_ACCEPTED, "record-verdict"},
    {"one person who says it twice", &verdicts, NULL, TRANSACTION_PAYMENT_DEFAULT,
     VERDICT_SAME_APPROVER, VERDICT_ACCEPTED, "record-verdict"},
    {"another's word", &verdicts, NULL, TRANSACTION_PAYMENT_DEFAULT, VERDICT_NOT_A_PARTY,
     VERDICT_ACCEPTED, "record-verdict"},
    {"a default refused", &verdicts, NULL, TRANSACTION_PAYMENT_DEFAULT, VERDICT_ACCEPTED,
     VERDICT_WRONG_STATE, "record-verdict"},
    {"money that did not come", &verdicts, NULL, TRANSACTION_PAYMENT_CONFIRMED, VERDICT_ACCEPTED,
     VERDICT_WRONG_STATE, "record-verdict"},
    {"what is paid, and sent again", &verdicts, NULL, TRANSACTION_PAYMENT_SENT, VERDICT_PAID_TWICE,
     VERDICT_ACCEPTED, "record-verdict"},
    {"a dispute ended too early", &verdicts, NULL, TRANSACTION_DISPUTE_RESOLVE, VERDICT_TOO_EARLY,
     VERDICT_ACCEPTED, "record-verdict"},
    {"a dispute that nobody may end", &verdicts, NULL, TRANSACTION_DISPUTE_RESOLVE,
     VERDICT_ACCEPTED, VERDICT_NOT_A_PARTY, "record-verdict"},
};

CASE(every_lie_is_found_as_what_it_is_fresh_and_going_on)
{
    struct ledger *honest = played(NULL);
    struct policy policy = memory_policy(honest, "none");
    keep(honest, &policy, KEPT_HEIGHTS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        what = rows[i].what;
        from = rows[i].from;
        to = rows[i].to;
        struct ledger *mutant = played(rows[i].lies);
        struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
        CHECK_INT(mutant->told, 1);
        check_codes(&rows[i], &memory, &policy, NULL, rows[i].codes);
        check_codes(&rows[i], &memory, &policy, state_path, rows[i].codes);
        ledger_close(mutant);
    }
    policy_release(&policy);
    ledger_close(honest);
}

/* ---- two that tell different things ---------------------------------------------------------- */

static bool agree(const struct audit_view *view)
{
    struct audit_text want, have;
    return audit_model_agrees(view->audit, &want, &have);
}

#define DIFFERS(field, other)                                                                      \
    do {                                                                                           \
        CHECK(agree(&view));                                                                       \
        __typeof__(field) kept_ = (field);                                                         \
        (field) = (other);                                                                         \
        CHECK(!agree(&view));                                                                      \
        (field) = kept_;                                                                           \
    } while (0)

CASE(whatever_state_and_model_tell_differently_of_a_default_is_told)
{
    struct ledger *ledger = played(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = 11};
    struct audit_view view = audited(&memory, &policy);
    struct naive_period *month = &view.audit->model->periods[0];
    DIFFERS(month->default_count, 0);
    DIFFERS(month->defaults[0].partner, C);
    DIFFERS(month->defaults[0].currency[0], 'X');
    DIFFERS(month->taking_count, 3);
    DIFFERS(month->takings[1].debtor, C);
    DIFFERS(month->takings[1].claimant, C);
    DIFFERS(month->takings[1].by, C);
    DIFFERS(month->takings[1].currency[0], 'X');
    DIFFERS(month->takings[1].collateral, false);
    DIFFERS(month->takings[1].amount, 1);
    DIFFERS(month->payments[3].round, 0);
    DIFFERS(month->payments[3].ring_fenced, true);
    DIFFERS(month->payments[3].accuser.at[0], 9);
    DIFFERS(month->payments[1].state, NAIVE_DUE);
    DIFFERS(month->payments[3].pay_by, 1);
    DIFFERS(month->payments[0].sent_on, 1);
    CHECK(agree(&view));
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

/* ---- the report ------------------------------------------------------------------------------ */

static const char *text_at(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "nothing";
}

static void check_json(const struct audit_report *report)
{
    json_t *json = audit_report_json(report);
    json_t *month = json_array_get(json_object_get(json, "periods"), 0);
    json_t *defaults = json_object_get(month, "defaults");
    json_t *taken = json_object_get(month, "taken_over"), *paid = json_array_get(taken, 1);
    json_t *payments = json_object_get(month, "payments"), *ring = json_array_get(payments, 5);
    CHECK_INT(json_array_size(defaults), 2);
    CHECK_TEXT(text_at(json_array_get(defaults, 0), "partner"), "bob");
    CHECK_TEXT(text_at(json_array_get(defaults, 1), "partner"), "dan");
    CHECK_TEXT(text_at(json_array_get(defaults, 0), "currency"), "EUR");
    CHECK_INT(json_array_size(taken), 6);
    CHECK_TEXT(text_at(paid, "debtor"), "bob");
    CHECK_TEXT(text_at(paid, "claimant"), "ada");
    CHECK_TEXT(text_at(paid, "by"), "ada");
    CHECK_TEXT(text_at(paid, "amount"), "180.72");
    CHECK_TEXT(text_at(paid, "currency"), "EUR");
    CHECK(json_is_true(json_object_get(paid, "out_of_collateral")));
    CHECK(json_is_false(json_object_get(json_array_get(taken, 0), "out_of_collateral")));
    CHECK_TEXT(text_at(json_array_get(payments, 3), "state"), "void");
    CHECK(json_is_false(json_object_get(json_array_get(payments, 3), "ring_fenced")));
    CHECK(json_is_true(json_object_get(ring, "ring_fenced")));
    CHECK_INT(json_integer_value(json_object_get(ring, "round")), 1);
    json_decref(json);
}

static void check_parts(const char *text, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool told = strstr(text, parts[i]) != NULL;
        if (!told)
            printf("not told: %s\n", parts[i]);
        CHECK(told);
    }
}

static void check_page(const struct audit_report *report)
{
    static const char *const parts[] = {
        "<th>Default</th><td>bob does not pay what it owes in EUR</td>",
        "<th>Taken over by</th><td>ada, of the claim of dan on bob: EUR 319.28, out of collateral<",
        "<th>Taken over by</th><td>cyd, of the claim of ada on bob: EUR 700.00<",
        "cyd to ada: EUR 588.32, void<",
        "bob to cyd: EUR 588.32, due, ring-fenced<",
        "ada to bob: EUR 1660.00, due, ring-fenced<"};
    struct buffer page;
    buffer_init(&page, 1 << 20);
    audit_report_html(report, &page);
    check_parts(buffer_text(&page), parts, ARRAY_SIZE(parts));
    buffer_release(&page);
}

/* What goes to the terminal, by way of a file. */
static void check_text(const struct audit_report *report)
{
    static const char *const parts[] = {
        "default  bob does not pay what it owes in EUR\n",
        "default  ada takes over dan's claim on bob  EUR 319.28, out of collateral\n",
        "default  cyd takes over ada's claim on bob  EUR 700.00\n",
        "payment  cyd to ada  EUR 588.32, void\n",
        "payment  bob to cyd  EUR 588.32, due, ring-fenced\n",
        "payment  ada to bob  EUR 1660.00, due, ring-fenced\n"};
    char text[16384] = "";
    FILE *file = tmpfile();
    REQUIRE(file && fflush(stdout) == 0);
    int terminal = dup(STDOUT_FILENO);
    REQUIRE(terminal >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    audit_report_print(report);
    REQUIRE(fflush(stdout) == 0 && dup2(terminal, STDOUT_FILENO) >= 0);
    rewind(file);
    CHECK(fread(text, 1, sizeof(text) - 1, file) > 0);
    check_parts(text, parts, ARRAY_SIZE(parts));
    close(terminal);
    (void)fclose(file);
}

CASE(the_report_tells_who_does_not_pay_and_who_bears_it)
{
    struct ledger *ledger = played(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct audit_report report = {
        .views = &view, .view_count = 1, .policy = AUDIT_POLICY_OF_CHARTER, .made_ms = START_MS};
    check_json(&report);
    check_page(&report);
    check_text(&report);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

static void cases(void)
{
    RUN(the_ledger_has_taken_and_refused_what_it_should);
    RUN(the_model_reaches_what_each_bears);
    RUN(an_audit_may_go_on_from_any_height);
    RUN(every_lie_is_found_as_what_it_is_fresh_and_going_on);
    RUN(whatever_state_and_model_tell_differently_of_a_default_is_told);
    RUN(the_report_tells_who_does_not_pay_and_who_bears_it);
}

int main(void)
{
    return lies_run(cases);
}
