// links: node
/* A ledger that settles worked example B of ledger.md, audited: the second model reaches its
 * figures by itself, the report tells them, and what a quorum says of a proposal or a dispute that
 * is not so is found as what it is, fresh and going on. */
#include "unit/audit_lies.h"
#include "unit/ledger_settlement.h"

#include "node/audit_parts.h"
#include "node/audit_report.h"
#include "node/naive_parts.h"

#define CENT INT64_C(100000000)

/* ---- playing --------------------------------------------------------------------------------- */

static struct ledger *settled(const struct ledger_lies *lies)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_SETTLEMENT);
    if (lies)
        ledger->lies = *lies;
    ledger->lies_from = KEPT_HEIGHTS + 1;
    settlement_play(ledger);
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

static enum verdict verdict_at(const struct ledger *ledger, size_t height, uint16_t lane,
                               uint32_t position)
{
    struct record record;
    uint64_t index = record_of(ledger, height, lane, position).v;
    REQUIRE(record_decode(buffer_bytes(&ledger->records[index]), &record, NULL));
    return record.outcome.verdict;
}

CASE(the_ledger_has_taken_and_refused_what_it_should)
{
    struct ledger *ledger = settled(NULL);
    CHECK_TEXT(verdict_word(verdict_at(ledger, 5, A, 0)), "period-not-over");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 6, A, 0)), "wrong-totals");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 6, A, 1)), "wrong-totals");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 6, A, 2)), "accepted");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 6, A, 3)), "wrong-state");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 7, A, 0)), "accepted");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 7, B, 1)), "same-approver");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 8, C, 0)), "over-amount");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 8, DAN, 0)), "too-early");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 9, DAN, 0)), "accepted");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 10, A, 0)), "totals-changed");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 10, A, 1)), "accepted");
    CHECK_TEXT(verdict_word(verdict_at(ledger, 14, C, 0)), "accepted");
    ledger_close(ledger);
}

/* ---- the figures ----------------------------------------------------------------------------- */

static __int128 owed_in_all(const struct naive_period *period)
{
    __int128 sum = 0;
    for (size_t i = 0; i < period->owed.count; i++)
        sum += period->owed.at[i].exact;
    return sum;
}

static void check_payment(const struct naive_payment *payment, uint16_t creditor, int64_t cents)
{
    CHECK_INT(payment->from, A);
    CHECK_INT(payment->to, creditor);
    CHECK_INT(payment->amount, cents * CENT);
    CHECK_INT(payment->state, NAIVE_CONFIRMED);
}

CASE(the_model_reaches_the_figures_of_example_b)
{
    struct ledger *ledger = settled(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    const struct naive *model = audit_model(view.audit);
    REQUIRE(naive_period_count(model) == 2);
    const struct naive_period *month = naive_period_at(model, 0);
    CHECK_INT(month->number, JANUARY);
    CHECK_INT(month->state, NAIVE_SETTLED);
    CHECK_INT(owed_in_all(month), 1188000 * CENT);
    REQUIRE(month->payment_count == 3);
    check_payment(&month->payments[0], O, 108000);
    check_payment(&month->payments[1], B, 94000);
    check_payment(&month->payments[2], C, 83000);
    CHECK_INT(month->payments[2].attempts, 2);
    REQUIRE(month->dispute_count == 1);
    CHECK_INT(month->disputes[0].exact, 45000 * CENT);
    CHECK_INT(month->disputes[0].upheld, 27000 * CENT);
    /* 50,000 points came back: as much as stands is taken off, once the dispute is resolved. */
    CHECK_INT(month->disputes[0].back, -45000 * CENT);
    CHECK_INT(month->disputes[0].entered, -18000 * CENT);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

/* What is upheld of a dispute is cancelled, the rest enters the next month exactly, and a contra
 * takes back no more than that. */
CASE(the_next_month_has_what_was_not_upheld)
{
    struct ledger *ledger = settled(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    const struct naive_period *month = naive_period_at(audit_model(view.audit), 1);
    CHECK_INT(month->number, JANUARY + 1);
    CHECK_INT(month->state, NAIVE_CLOSED);
    CHECK_INT(month->first_record, ledger->past[3].count);
    CHECK_INT(month->records, ledger->past[13].count);
    REQUIRE(month->owed.count == 3);
    CHECK_INT(month->owed.at[0].line_class, LINE_REDEMPTION_CONTRA);
    CHECK_INT(month->owed.at[0].exact, -18000 * CENT);
    CHECK_INT(month->owed.at[1].line_class, LINE_DISPUTE);
    CHECK_INT(month->owed.at[1].exact, 18000 * CENT);
    CHECK_INT(month->owed.at[2].debtor, B); /* the fee on 1,000 points */
    CHECK_INT(month->owed.at[2].exact, 40 * CENT);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(an_audit_may_go_on_from_any_height)
{
    struct ledger *ledger = settled(NULL);
    check_goes_on(ledger, SETTLEMENT_HEIGHTS);
    ledger_close(ledger);
}

/* ---- lies ------------------------------------------------------------------------------------ */

static const struct ledger_lies verdicts = {.record = lie_verdict};

static const struct row rows[] = {
    {"totals that are none, taken", &verdicts, NULL, TRANSACTION_PERIOD_PROPOSE,
     VERDICT_WRONG_TOTALS, VERDICT_ACCEPTED, "period-totals"},
    {"the ledger's totals, refused", &verdicts, NULL, TRANSACTION_PERIOD_PROPOSE, VERDICT_ACCEPTED,
     VERDICT_WRONG_TOTALS, "period-totals"},
    {"totals that are none, refused for another reason", &verdicts, NULL,
     TRANSACTION_PERIOD_PROPOSE, VERDICT_WRONG_TOTALS, VERDICT_WRONG_STATE, "record-verdict"},
    {"a second proposal, taken", &verdicts, NULL, TRANSACTION_PERIOD_PROPOSE, VERDICT_WRONG_STATE,
     VERDICT_ACCEPTED, "record-verdict"},
    {"one person's two signatures", &verdicts, NULL, TRANSACTION_PERIOD_SIGN, VERDICT_SAME_APPROVER,
     VERDICT_ACCEPTED, "record-verdict"},
    {"a dispute refused", &verdicts, NULL, TRANSACTION_DISPUTE_OPEN, VERDICT_ACCEPTED,
     VERDICT_NOT_IN_PERIOD, "record-verdict"},
    {"more offered than is disputed", &verdicts, NULL, TRANSACTION_DISPUTE_RESPOND,
     VERDICT_OVER_AMOUNT, VERDICT_ACCEPTED, "record-verdict"},
    {"books closed too early", &verdicts, NULL, TRANSACTION_PERIOD_FINAL, VERDICT_TOO_EARLY,
     VERDICT_ACCEPTED, "record-verdict"},
    {"a payment that did not come, refused", &verdicts, NULL, TRANSACTION_PAYMENT_FAILED,
     VERDICT_ACCEPTED, VERDICT_WRONG_STATE, "record-verdict"},
    {"an account that is none, taken", &verdicts, NULL, TRANSACTION_PAYMENT_ACCOUNT,
     VERDICT_BAD_ACCOUNT, VERDICT_ACCEPTED, "record-verdict"},
    {"an account of one person", &verdicts, NULL, TRANSACTION_PAYMENT_ACCOUNT,
     VERDICT_SAME_APPROVER, VERDICT_ACCEPTED, "record-verdict"},
    {"an account refused", &verdicts, NULL, TRANSACTION_PAYMENT_ACCOUNT, VERDICT_ACCEPTED,
     VERDICT_BAD_ACCOUNT, "record-verdict"},
    {"an account that is there, once more", &verdicts, NULL, TRANSACTION_PAYMENT_ACCOUNT,
     VERDICT_NOTHING_TO_DO, VERDICT_ACCEPTED, "record-verdict"},
    {"rates of the coalition's own currency, taken", &verdicts, NULL, TRANSACTION_EXCHANGE_RATES,
     VERDICT_BAD_RATE, VERDICT_ACCEPTED, "record-verdict"},
    {"rates refused", &verdicts, NULL, TRANSACTION_EXCHANGE_RATES, VERDICT_ACCEPTED,
     VERDICT_BAD_RATE, "record-verdict"},
    {"what enters of a dispute", &effects, NULL, 0, EFFECT_OBLIGATION, AMOUNT,
     "record-obligations"},
    {"what it enters as", &effects, NULL, 0, EFFECT_OBLIGATION, CLASS, "record-obligations"},
};

static void one_lie(const struct row *row, const struct ledger *honest, const struct policy *policy)
{
    what = row->what;
    from = row->from;
    to = row->to;
    struct ledger *mutant = settled(row->lies);
    struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
    CHECK_INT(mutant->told, 1);
    CHECK_INT(mutant->past[KEPT_HEIGHTS - 1].count, honest->past[KEPT_HEIGHTS - 1].count);
    check_codes(row, &memory, policy, NULL, row->codes);
    check_codes(row, &memory, policy, state_path, row->codes);
    ledger_close(mutant);
}

CASE(every_lie_is_found_as_what_it_is_fresh_and_going_on)
{
    struct ledger *honest = settled(NULL);
    struct policy policy = memory_policy(honest, "none");
    keep(honest, &policy, KEPT_HEIGHTS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        one_lie(&rows[i], honest, &policy);
    policy_release(&policy);
    ledger_close(honest);
}

CASE(a_finding_tells_both_totals)
{
    what = TRANSACTION_PERIOD_PROPOSE;
    from = VERDICT_WRONG_TOTALS;
    to = VERDICT_ACCEPTED;
    struct ledger *mutant = settled(&verdicts);
    struct policy policy = memory_policy(mutant, "none");
    struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
    struct audit_view view = audit_of(&memory, &policy, NULL, "mutant");
    const struct audit_finding *findings;
    REQUIRE(view.audit && audit_findings(view.audit, &findings) == 1);
    char head[64];
    snprintf(head, sizeof(head), "period 2027-01: %llu records, totals ",
             (unsigned long long)mutant->past[3].count);
    CHECK(strncmp(findings[0].expected, head, strlen(head)) == 0);
    CHECK(strncmp(findings[0].found, head, strlen(head)) == 0);
    CHECK(strcmp(findings[0].expected, findings[0].found) != 0);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(mutant);
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

CASE(whatever_state_and_model_tell_differently_of_a_period_is_told)
{
    struct ledger *ledger = settled(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct naive *model = view.audit->model;
    struct naive_period *month = &model->periods[0];
    DIFFERS(model->period_count, 1);
    DIFFERS(model->open_period, JANUARY + 3);
    DIFFERS(month->state, NAIVE_FINAL);
    DIFFERS(month->last_day, 0);
    DIFFERS(month->propose_day, 0);
    DIFFERS(month->answer_day, 0);
    DIFFERS(month->pay_day, 0);
    DIFFERS(month->rooted, false);
    DIFFERS(month->first_record, 1);
    DIFFERS(month->records, 1);
    DIFFERS(month->root.at[4], 1);
    DIFFERS(month->totals.at[4], 1);
    DIFFERS(month->proposer, B);
    DIFFERS(month->answers[B].kind, NAIVE_SILENT);
    DIFFERS(month->answers[B].approver.at[1], 9);
    DIFFERS(month->owed.count, 1);
    DIFFERS(month->owed.at[1].exact, 1);
    DIFFERS(month->owed.at[1].line_class, LINE_NOTE);
    DIFFERS(month->owed.at[1].tariff, 1);
    DIFFERS(month->closed.at[1].rounded, 1);
    DIFFERS(month->closed.at[1].tax[0], 'X');
    DIFFERS(month->closed.at[1].currency[0], 'X');
    DIFFERS(month->closed.at[1].creditor, EVE);
    DIFFERS(month->disputes[0].upheld, 1);
    DIFFERS(month->disputes[0].entered, 1);
    DIFFERS(month->disputes[0].back, 1);
    DIFFERS(month->disputes[0].resolved, false);
    DIFFERS(month->disputes[0].code, DISPUTE_LATE);
    DIFFERS(month->disputes[0].tariff, 1);
    DIFFERS(month->payments[0].amount, 1);
    DIFFERS(month->payments[0].currency[0], 'X');
    DIFFERS(month->payments[0].state, NAIVE_SENT);
    DIFFERS(month->payments[0].to, EVE);
    DIFFERS(month->payments[0].attempts, 7);
    DIFFERS(model->periods[1].owed.at[0].exact, 1);
    struct naive_standing *standing = &model->standings.at[0];
    DIFFERS(model->standings.count, 0);
    DIFFERS(standing->funder, EVE);
    DIFFERS(standing->vintage, JANUARY + 1);
    DIFFERS(standing->expires, JANUARY);
    DIFFERS(standing->pools[POOL_SPENT], 1);
    DIFFERS(standing->ended, 1);
    DIFFERS(model->lots[0].vintage, JANUARY - 1); /* as it is now */
    CHECK(agree(&view));
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(whatever_state_and_model_tell_differently_of_an_account_is_told)
{
    struct ledger *ledger = settled(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct naive *model = view.audit->model;
    REQUIRE(naive_account_count(model) == 3); /* of bob, ada, cyd */
    struct naive_accounts *ada = &model->accounts[1], *cyd = &model->accounts[2];
    CHECK_TEXT(model->accounts[0].next.iban, BERLIN); /* which has come meanwhile */
    CHECK_TEXT(naive_account_at(model, 0).now.iban, BERLIN);
    CHECK_TEXT(ada->now.iban, VIENNA);
    CHECK_TEXT(ada->next.iban, BERLIN);
    CHECK_TEXT(ada->pending.iban, VIENNA);
    CHECK_TEXT(cyd->pending.iban, VIENNA);
    DIFFERS(model->account_count, 2);
    DIFFERS(cyd->partner, DAN);
    DIFFERS(cyd->currency[0], 'S');
    DIFFERS(cyd->pending.holder[0], 0);
    DIFFERS(ada->now.iban[5], '2');
    DIFFERS(ada->now.bic[0], 'X');
    DIFFERS(ada->now.from_ms, 1);
    DIFFERS(ada->next.holder[0], 'X');
    DIFFERS(ada->next.from_ms, ada->next.from_ms + 1);
    DIFFERS(ada->pending.holder[3], 'X');
    DIFFERS(ada->approver.at[0], 2);
    DIFFERS(model->accounts[0].next.from_ms, UINT64_MAX);
    CHECK(agree(&view));
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(whatever_state_and_model_tell_differently_of_a_rate_is_told)
{
    struct ledger *ledger = settled(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct naive *model = view.audit->model;
    REQUIRE(naive_rate_count(model) == 3);
    CHECK_INT(model->rates[0].rate, 87000);
    CHECK_INT(model->rates[1].rate, 87100);
    CHECK_TEXT(model->rates[2].currency, "NOK");
    DIFFERS(model->rate_count, 2);
    for (size_t i = 0; i < 3; i++) {
        DIFFERS(model->rates[i].partner, DAN);
        DIFFERS(model->rates[i].currency[0], 'X');
        DIFFERS(model->rates[i].day, model->rates[i].day + 7);
        DIFFERS(model->rates[i].rate, 1);
    }
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
    json_t *periods = json_object_get(json, "periods");
    json_t *vintages = json_object_get(json, "vintages"), *last = json_array_get(vintages, 0);
    const struct vintages *own = state_vintages(audit_state(report->views[0].audit));
    char hash[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&own->at[0].hash), hash);
    CHECK_INT(json_array_size(vintages), own->count + 1);
    CHECK_TEXT(text_at(last, "hash"), hash);
    CHECK_TEXT(text_at(last, "period"), "2027-01");
    CHECK(json_is_true(json_object_get(json_array_get(vintages, own->count), "open")));
    CHECK_INT(json_array_size(periods), 2);
    json_t *month = json_array_get(periods, 0);
    json_t *sums = json_array_get(json_object_get(month, "sums"), 0);
    json_t *nets = json_object_get(sums, "nets");
    CHECK_INT(json_array_size(json_object_get(month, "sums")), 1);
    CHECK_TEXT(text_at(sums, "currency"), "EUR");
    CHECK_TEXT(text_at(month, "period"), "2027-01");
    CHECK_TEXT(text_at(month, "state"), "settled");
    CHECK_INT(strlen(text_at(month, "totals")), HASH_HEX_SIZE);
    CHECK(json_is_true(json_object_get(month, "rounded")));
    CHECK_TEXT(text_at(nets, "ada"), "-2850.00");
    CHECK_TEXT(text_at(nets, "bob"), "940.00");
    CHECK_TEXT(text_at(nets, "cyd"), "830.00");
    CHECK_TEXT(text_at(nets, "olaf"), "1080.00");
    CHECK_TEXT(text_at(json_object_get(sums, "classes"), "redemption"), "10350.00");
    CHECK_TEXT(text_at(json_object_get(sums, "classes"), "issue-fee"), "1080.00");
    json_t *dispute = json_array_get(json_object_get(month, "disputes"), 0);
    CHECK_TEXT(text_at(dispute, "amount"), "450.00");
    CHECK_TEXT(text_at(dispute, "currency"), "EUR");
    CHECK_TEXT(text_at(dispute, "upheld"), "270.00");
    CHECK_TEXT(text_at(dispute, "code"), "DUPLICATE");
    CHECK_TEXT(text_at(dispute, "state"), "resolved");
    json_t *payment = json_array_get(json_object_get(month, "payments"), 2);
    CHECK_TEXT(text_at(payment, "to"), "cyd");
    CHECK_TEXT(text_at(payment, "amount"), "830.00");
    CHECK_TEXT(text_at(payment, "currency"), "EUR");
    CHECK_TEXT(text_at(payment, "state"), "confirmed");
    CHECK_TEXT(text_at(json_array_get(periods, 1), "state"), "ended");
    CHECK(json_is_false(json_object_get(json_array_get(periods, 1), "rounded")));
    json_decref(json);
}

static void check_page(const struct audit_report *report)
{
    static const char *const parts[] = {
        "<h2>Settlement period 2027-01, EUR, rounded</h2>", "<th>Net of ada</th><td>-2850.00</td>",
        "ada to cyd: EUR 830.00, confirmed", "DUPLICATE by ada; resolved, upheld 270.00",
        "<h2>Settlement period 2027-02, EUR, exact</h2>"};
    struct buffer page;
    buffer_init(&page, 1 << 20);
    audit_report_html(report, &page);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        bool told = strstr(buffer_text(&page), parts[i]) != NULL;
        if (!told)
            printf("not on the page: %s\n", parts[i]);
        CHECK(told);
    }
    buffer_release(&page);
}

/* What goes to the terminal, by way of a file. */
static void check_text(const struct audit_report *report)
{
    static const char *const parts[] = {
        "2027-01  settled", "net      ada -2850.00  bob 940.00  cyd 830.00  olaf 1080.00",
        "payment  ada to cyd  EUR 830.00, confirmed", "DUPLICATE by ada: resolved, upheld 270.00",
        "2027-02  ended"};
    char text[16384] = "";
    FILE *file = tmpfile();
    REQUIRE(file && fflush(stdout) == 0);
    int terminal = dup(STDOUT_FILENO);
    REQUIRE(terminal >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    audit_report_print(report);
    REQUIRE(fflush(stdout) == 0 && dup2(terminal, STDOUT_FILENO) >= 0);
    rewind(file);
    CHECK(fread(text, 1, sizeof(text) - 1, file) > 0);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        bool told = strstr(text, parts[i]) != NULL;
        if (!told)
            printf("not in the text: %s\n", parts[i]);
        CHECK(told);
    }
    close(terminal);
    (void)fclose(file);
}

CASE(the_report_tells_periods_nets_payments_and_disputes)
{
    struct ledger *ledger = settled(NULL);
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
    RUN(the_model_reaches_the_figures_of_example_b);
    RUN(the_next_month_has_what_was_not_upheld);
    RUN(an_audit_may_go_on_from_any_height);
    RUN(every_lie_is_found_as_what_it_is_fresh_and_going_on);
    RUN(a_finding_tells_both_totals);
    RUN(whatever_state_and_model_tell_differently_of_a_period_is_told);
    RUN(whatever_state_and_model_tell_differently_of_an_account_is_told);
    RUN(whatever_state_and_model_tell_differently_of_a_rate_is_told);
    RUN(the_report_tells_periods_nets_payments_and_disputes);
}

int main(void)
{
    return lies_run(cases);
}
