// links: node
/* A ledger whose partners post collateral, audited: the second model reaches its modes by itself,
 * and what a quorum says of an earn or of collateral that is not so is found, fresh and going on.
 */
#include "unit/audit_lies.h"

#include "node/audit_parts.h"
#include "node/naive_parts.h"

enum { ADA, BOB, CYD }; /* ada holds the collateral */
enum { RISK_HEIGHTS = 9 };

static struct transaction tx_collateral(uint16_t partner, int64_t amount)
{
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    t.body.deal.collateral =
        (struct collateral){.partner = {partner}, .currency = "EUR", .amount = {amount}};
    return t;
}

/* A thousand points are worth 9.00. */
static void risk_height(struct ledger *ledger, uint64_t height)
{
    if (height == 1) {
        LANE(BOB, tx_enrol(1));
        LANE(ADA, tx_collateral(BOB, 9000000));
    } else if (height == 2) {
        LANE(BOB, tx_earn(1, 1050)); /* alert */
    } else if (height == 3) {
        LANE(CYD, tx_redeem(1, 10));
    } else if (height == 4) {
        LANE(BOB, tx_earn(1, 100)); /* prepaid */
    } else if (height == 5) {
        LANE(BOB, tx_earn(1, 1), tx_collateral(BOB, 1));
    } else if (height == 6) {
        LANE(ADA, tx_collateral(BOB, -1), tx_collateral(BOB, 90000), tx_collateral(99, 1));
    } else if (height == 7) {
        LANE(BOB, tx_earn(1, 11), tx_earn(1, 10), tx_adjust(1, 1));
    } else if (height == 8) {
        LANE(ADA, tx_collateral(CYD, 5000000), tx_collateral(CYD, -5000000));
    } else {
        LANE(ADA, tx_collateral(CYD, 1));
    }
}

static struct ledger *played(const struct ledger_lies *lies)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_RISK);
    if (lies)
        ledger->lies = *lies;
    ledger->lies_from = KEPT_HEIGHTS + 1;
    while (ledger->height_count < RISK_HEIGHTS) {
        ledger_begin(ledger);
        risk_height(ledger, ledger->height_count + 1);
        ledger_end(ledger);
    }
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

CASE(the_model_reaches_modes_by_itself)
{
    struct ledger *ledger = played(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct naive_risk bob = naive_risk_of(view.audit->model, BOB);
    CHECK_INT(bob.outstanding, 1150 * BASIS_POINTS); /* 1050 - 10 + 100 + 10 */
    CHECK_INT(bob.price, 9000);
    CHECK_INT(bob.collateral, 9090000);
    CHECK_INT(bob.mode, NAIVE_PREPAID);
    CHECK_INT(bob.exposure_then, INT64_C(1140) * 9000 * BASIS_POINTS);
    CHECK_INT(bob.collateral_then, 9000000);
    CHECK_INT(naive_risk_of(view.audit->model, CYD).collateral, 1);
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(an_audit_may_go_on_from_any_height)
{
    struct ledger *ledger = played(NULL);
    check_goes_on(ledger, RISK_HEIGHTS);
    ledger_close(ledger);
}

/* ---- lies ------------------------------------------------------------------------------------ */

static const struct ledger_lies verdicts = {.record = lie_verdict};

static const struct row rows[] = {
    {"an earn beyond the collateral, taken", &verdicts, NULL, TRANSACTION_EARN, VERDICT_OVER_LIMIT,
     VERDICT_ACCEPTED, "record-verdict"},
    {"an earn that is paid for, refused", &verdicts, NULL, TRANSACTION_EARN, VERDICT_ACCEPTED,
     VERDICT_OVER_LIMIT, "record-verdict"},
    {"a gift beyond the collateral, taken", &verdicts, NULL, TRANSACTION_ADJUST, VERDICT_OVER_LIMIT,
     VERDICT_ACCEPTED, "record-verdict"},
    {"collateral that is needed, given back", &verdicts, NULL, TRANSACTION_COLLATERAL,
     VERDICT_COLLATERAL_NEEDED, VERDICT_ACCEPTED, "record-verdict"},
    {"collateral that others write", &verdicts, NULL, TRANSACTION_COLLATERAL,
     VERDICT_NOT_AUTHORISED, VERDICT_ACCEPTED, "record-verdict"},
    {"collateral of nobody", &verdicts, NULL, TRANSACTION_COLLATERAL, VERDICT_UNKNOWN_PARTNER,
     VERDICT_ACCEPTED, "record-verdict"},
    {"collateral that is not taken", &verdicts, NULL, TRANSACTION_COLLATERAL, VERDICT_ACCEPTED,
     VERDICT_COLLATERAL_NEEDED, "record-verdict"},
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

CASE(whatever_state_and_model_tell_differently_of_collateral_is_told)
{
    struct ledger *ledger = played(NULL);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_view view = audited(&memory, &policy);
    struct naive_risk *bob = &view.audit->model->risks[BOB];
    DIFFERS(bob->outstanding, 1);
    DIFFERS(bob->price, 8999);
    DIFFERS(bob->collateral, 9090001);
    DIFFERS(bob->mode, NAIVE_ALERT);
    DIFFERS(bob->exposure_then, 1);
    DIFFERS(bob->collateral_then, 1);
    CHECK(agree(&view));
    audit_view_release(&view);
    policy_release(&policy);
    ledger_close(ledger);
}

static void cases(void)
{
    RUN(the_model_reaches_modes_by_itself);
    RUN(an_audit_may_go_on_from_any_height);
    RUN(every_lie_is_found_as_what_it_is_fresh_and_going_on);
    RUN(whatever_state_and_model_tell_differently_of_collateral_is_told);
}

int main(void)
{
    return lies_run(cases);
}
