// links: node
/* A ledger with contracts and a promotion, audited: the second model reaches its figures by itself,
 * the report tells them in each currency, and what a quorum says of a price, a tariff or a verdict
 * that is not so is found as what it is, fresh and going on. */
#include "unit/audit_lies.h"
#include "unit/ledger_contracts.h"

#include "node/audit_parts.h"
#include "node/audit_report.h"
#include "node/naive_parts.h"

#define MICRO INT64_C(10000) /* of a point's price, in 1e-10 */

static struct ledger *agreed(const struct ledger_lies *lies, size_t skip)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_CONTRACTS);
    if (lies)
        ledger->lies = *lies;
    ledger->lies_from = KEPT_HEIGHTS + 1;
    ledger->honest_before = skip;
    contracts_play(ledger);
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

static void check_verdict_at(const struct ledger *ledger, size_t height, uint16_t lane,
                             uint32_t position, const char *word)
{
    struct record record;
    uint64_t index = record_of(ledger, height, lane, position).v;
    REQUIRE(record_decode(buffer_bytes(&ledger->records[index]), &record, NULL));
    CHECK_TEXT(verdict_word(record.outcome.verdict), word);
}

CASE(the_ledger_has_taken_and_refused_what_it_should)
{
    struct ledger *ledger = agreed(NULL, 0);
    check_verdict_at(ledger, 2, A, 0, "accepted");
    check_verdict_at(ledger, 3, C, 0, "accepted");
    check_verdict_at(ledger, 5, A, 0, "accepted");
    check_verdict_at(ledger, 5, A, 1, "above-face");
    check_verdict_at(ledger, 5, B, 0, "accepted");
    check_verdict_at(ledger, 6, B, 0, "contract-changed");
    check_verdict_at(ledger, 6, C, 0, "not-a-party");
    check_verdict_at(ledger, 7, A, 0, "overlap");
    check_verdict_at(ledger, 7, B, 0, "accepted");
    check_verdict_at(ledger, 8, A, 0, "accepted");
    check_verdict_at(ledger, 8, A, 1, "not-authorised");
    check_verdict_at(ledger, 9, C, 0, "accepted");
    check_verdict_at(ledger, 10, C, 0, "over-cap");
    check_verdict_at(ledger, 11, C, 0, "accepted");
    check_verdict_at(ledger, 12, A, 0, "contract-closed");
    check_verdict_at(ledger, 12, A, 1, "overlap");
    check_verdict_at(ledger, 12, B, 0, "overlap");
    ledger_close(ledger);
}

/* ---- the figures ----------------------------------------------------------------------------- */

CASE(the_model_reaches_the_figures_of_each_tariff)
{
    static const struct {
        uint16_t debtor, creditor;
        enum line_class line_class;
        uint8_t tariff;
        int64_t points_price;
    } lines[] = {{A, C, LINE_REDEMPTION, 0, 200 * 9000},
                 {A, C, LINE_REDEMPTION, 1, 25 * SEK_PRICE},
                 {A, C, LINE_REDEMPTION_CONTRA, 1, -10 * SEK_PRICE},
                 {A, O, LINE_ISSUE_FEE, 0, 250 * 400},
                 {B, C, LINE_REDEMPTION, 0, 25 * 9000},
                 {B, C, LINE_REDEMPTION_CONTRA, 0, -10 * 9000},
                 {B, O, LINE_ISSUE_FEE, 0, 50 * 400}};
    struct ledger *ledger = agreed(NULL, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    const struct naive *model = audit_model(view.audit);
    REQUIRE(naive_period_count(model) == 1);
    const struct naive_period *month = naive_period_at(model, 0);
    REQUIRE(month->owed.count == ARRAY_SIZE(lines));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        CHECK_INT(month->owed.at[i].debtor, lines[i].debtor);
        CHECK_INT(month->owed.at[i].creditor, lines[i].creditor);
        CHECK_INT(month->owed.at[i].line_class, lines[i].line_class);
        CHECK_INT(month->owed.at[i].tariff, lines[i].tariff);
        CHECK_INT(month->owed.at[i].exact, lines[i].points_price * MICRO);
    }
    CHECK_INT(naive_contract_count(model), 2);
    CHECK_INT(naive_promotion_at(model, 0)->used, 50 * BASIS_POINTS);
    CHECK_INT(naive_epoch_count(model), 3); /* the promotion begins, then the first card */
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(an_audit_may_go_on_from_any_height)
{
    struct ledger *ledger = agreed(NULL, 0);
    check_goes_on(ledger, CONTRACTS_HEIGHTS);
    ledger_close(ledger);
}

/* ---- lies ------------------------------------------------------------------------------------ */

static const struct ledger_lies verdicts = {.record = lie_verdict};

/* Records in which somebody owes, from the first one that may be changed. */
enum { ISSUED, REDEEMED, REVERSED };

/* Of `effects`, `what` is how many records are left as they are. */
static const struct row rows[] = {
    {"a card above its face, taken", &verdicts, NULL, TRANSACTION_CONTRACT_PROPOSE,
     VERDICT_ABOVE_FACE, VERDICT_ACCEPTED, "record-contract"},
    {"a good card, refused", &verdicts, NULL, TRANSACTION_CONTRACT_PROPOSE, VERDICT_ACCEPTED,
     VERDICT_NOTICE_TOO_SHORT, "record-contract"},
    {"two cards at a time, taken", &verdicts, NULL, TRANSACTION_CONTRACT_PROPOSE, VERDICT_OVERLAP,
     VERDICT_ACCEPTED, "record-contract"},
    {"a card signed that was not read", &verdicts, NULL, TRANSACTION_CONTRACT_SIGN,
     VERDICT_CONTRACT_CHANGED, VERDICT_ACCEPTED, "record-contract"},
    {"a card signed by a third", &verdicts, NULL, TRANSACTION_CONTRACT_SIGN, VERDICT_NOT_A_PARTY,
     VERDICT_ACCEPTED, "record-contract"},
    {"a signature refused", &verdicts, NULL, TRANSACTION_CONTRACT_SIGN, VERDICT_ACCEPTED,
     VERDICT_CONTRACT_TOO_LATE, "record-contract"},
    {"a signed card withdrawn", &verdicts, NULL, TRANSACTION_CONTRACT_WITHDRAW,
     VERDICT_CONTRACT_CLOSED, VERDICT_ACCEPTED, "record-contract"},
    {"a way out that the card has not", &verdicts, NULL, TRANSACTION_CONTRACT_END, VERDICT_NO_EXIT,
     VERDICT_ACCEPTED, "record-contract"},
    {"a promotion refused", &verdicts, NULL, TRANSACTION_PROMOTION_SIGN, VERDICT_ACCEPTED,
     VERDICT_BAD_CARD, "record-contract"},
    {"two promotions at a time, taken", &verdicts, NULL, TRANSACTION_PROMOTION_SIGN,
     VERDICT_OVERLAP, VERDICT_ACCEPTED, "record-contract"},
    {"more than the budget", &verdicts, NULL, TRANSACTION_EARN, VERDICT_NOT_AUTHORISED,
     VERDICT_ACCEPTED, "record-verdict"},
    {"more than the cap", &verdicts, NULL, TRANSACTION_REDEEM, VERDICT_OVER_CAP, VERDICT_ACCEPTED,
     "record-verdict"},
    {"a fee's price", &effects, NULL, ISSUED, EFFECT_OBLIGATION, AMOUNT, "record-obligations"},
    {"a fee's tariff", &effects, NULL, ISSUED, EFFECT_OBLIGATION, TARIFF, "record-obligations"},
    {"a price", &effects, NULL, REDEEMED, EFFECT_OBLIGATION, AMOUNT, "record-obligations"},
    {"a tariff", &effects, NULL, REDEEMED, EFFECT_OBLIGATION, TARIFF, "record-obligations"},
    {"a price that was charged", &effects, NULL, REVERSED, EFFECT_OBLIGATION, AMOUNT,
     "record-obligations"},
    {"a tariff that was charged", &effects, NULL, REVERSED, EFFECT_OBLIGATION, TARIFF,
     "record-obligations"},
};

static void one_lie(const struct row *row, const struct ledger *honest, const struct policy *policy)
{
    what = row->what;
    from = row->from;
    to = row->to;
    struct ledger *mutant = agreed(row->lies, row->lies == &effects ? (size_t)row->what : 0);
    struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
    CHECK_INT(mutant->told, 1);
    CHECK_INT(mutant->past[KEPT_HEIGHTS - 1].count, honest->past[KEPT_HEIGHTS - 1].count);
    check_codes(row, &memory, policy, NULL, row->codes);
    check_codes(row, &memory, policy, state_path, row->codes);
    ledger_close(mutant);
}

CASE(every_lie_is_found_as_what_it_is_fresh_and_going_on)
{
    struct ledger *honest = agreed(NULL, 0);
    struct policy policy = memory_policy(honest, "none");
    keep(honest, &policy, KEPT_HEIGHTS);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        one_lie(&rows[i], honest, &policy);
    policy_release(&policy);
    ledger_close(honest);
}

CASE(a_finding_tells_the_currencies_of_both)
{
    what = 0;
    from = EFFECT_OBLIGATION;
    to = TARIFF;
    struct ledger *mutant = agreed(&effects, REVERSED);
    struct policy policy = memory_policy(mutant, "none");
    struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
    struct audit_view view = audit_of(&memory, &policy, NULL, "mutant");
    const struct audit_finding *findings;
    REQUIRE(view.audit && audit_findings(view.audit, &findings) == 1);
    CHECK(strstr(findings[0].expected, "SEK -0.05 (redemption-contra, tariff 1)") ||
          strstr(findings[0].found, "EUR -0.05 (redemption-contra, tariff 0)"));
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

CASE(whatever_state_and_model_tell_differently_of_contracts_is_told)
{
    struct ledger *ledger = agreed(NULL, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = 12};
    struct audit_view view = audited(&memory, &policy);
    struct naive *model = view.audit->model;
    DIFFERS(model->contract_count, 1);
    DIFFERS(model->contracts[0].state, NAIVE_CARD_WITHDRAWN);
    DIFFERS(model->contracts[0].proposer, C);
    DIFFERS(model->contracts[0].tariff, 0);
    DIFFERS(model->contracts[0].ended_ms, 1);
    DIFFERS(model->contracts[1].card.reimbursement.v, 1);
    DIFFERS(model->promotion_count, 0);
    DIFFERS(model->promotions[0].issuer, C);
    DIFFERS(model->promotions[0].funder, C);
    DIFFERS(model->promotions[0].bp, 1);
    DIFFERS(model->promotions[0].budget, 1);
    DIFFERS(model->promotions[0].from_ms, 1);
    DIFFERS(model->promotions[0].until_ms, 1);
    DIFFERS(model->promotions[0].used, 1);
    DIFFERS(model->tariffs[1].currency[0], 'X');
    DIFFERS(model->tariffs[1].redemption_tax[0], 'X');
    DIFFERS(model->tariffs[1].fee_tax[0], 'X');
    DIFFERS(model->epochs[1], 1);
    DIFFERS(model->epoch_count, 2);
    DIFFERS(model->lots[0].epoch, 1);
    DIFFERS(*naive_owed_cell(model, A, C, LINE_REDEMPTION, 1), 1);
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

static struct audit_report report_of(const struct audit_view *view)
{
    return (struct audit_report){
        .views = view, .view_count = 1, .policy = AUDIT_POLICY_OF_CHARTER, .made_ms = START_MS};
}

static void check_page(const struct audit_report *report, const char *const *parts, size_t count)
{
    struct buffer page;
    buffer_init(&page, 1 << 20);
    audit_report_html(report, &page);
    for (size_t i = 0; i < count; i++) {
        bool told = strstr(buffer_text(&page), parts[i]) != NULL;
        if (!told)
            printf("not on the page: %s\n", parts[i]);
        CHECK(told);
    }
    buffer_release(&page);
}

CASE(the_report_tells_what_is_owed_in_each_currency)
{
    static const char *const parts[] = {"<th>EUR</th>", "<th>SEK</th>", ">0.075<", ">-0.075<"};
    struct ledger *ledger = agreed(NULL, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = 12};
    struct audit_view view = audited(&memory, &policy);
    struct audit_report report = report_of(&view);
    json_t *json = audit_report_json(&report);
    json_t *debts = json_object_get(json, "obligations");
    REQUIRE(json_array_size(debts) == 5);
    for (size_t i = 0; i < 5; i++)
        CHECK_TEXT(text_at(json_array_get(debts, i), "currency"), i < 4 ? "EUR" : "SEK");
    CHECK_TEXT(text_at(json_array_get(debts, 4), "debtor"), "ada");
    CHECK_TEXT(text_at(json_array_get(debts, 4), "creditor"), "cyd");
    CHECK_TEXT(text_at(json_array_get(debts, 4), "amount"), "0.075");
    check_page(&report, parts, ARRAY_SIZE(parts));
    json_decref(json);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(the_report_tells_a_period_in_each_currency)
{
    static const char *const parts[] = {"<h2>Settlement period 2027-01, EUR, exact</h2>",
                                        "<h2>Settlement period 2027-01, SEK, exact</h2>",
                                        "<th>Net of cyd</th><td>0.075</td>"};
    struct ledger *ledger = agreed(NULL, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct audit_report report = report_of(&view);
    json_t *json = audit_report_json(&report);
    json_t *sums = json_object_get(json_array_get(json_object_get(json, "periods"), 0), "sums");
    REQUIRE(json_array_size(sums) == 2);
    json_t *euro = json_array_get(sums, 0), *crowns = json_array_get(sums, 1);
    CHECK_TEXT(text_at(euro, "currency"), "EUR");
    CHECK_TEXT(text_at(json_object_get(euro, "nets"), "cyd"), "1.935");
    CHECK_TEXT(text_at(crowns, "currency"), "SEK");
    CHECK_TEXT(text_at(json_object_get(crowns, "nets"), "ada"), "-0.075");
    CHECK_TEXT(text_at(json_object_get(crowns, "classes"), "redemption"), "0.125");
    CHECK_TEXT(text_at(json_object_get(crowns, "classes"), "redemption-contra"), "-0.05");
    check_page(&report, parts, ARRAY_SIZE(parts));
    json_decref(json);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

static void cases(void)
{
    RUN(the_ledger_has_taken_and_refused_what_it_should);
    RUN(the_model_reaches_the_figures_of_each_tariff);
    RUN(an_audit_may_go_on_from_any_height);
    RUN(every_lie_is_found_as_what_it_is_fresh_and_going_on);
    RUN(a_finding_tells_the_currencies_of_both);
    RUN(whatever_state_and_model_tell_differently_of_contracts_is_told);
    RUN(the_report_tells_what_is_owed_in_each_currency);
    RUN(the_report_tells_a_period_in_each_currency);
}

int main(void)
{
    return lies_run(cases);
}
