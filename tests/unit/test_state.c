// links: partners
/* The state machine, rule by rule: ledger.md sections 2 to 5 and 8. */
#include "unit/coalition.h"

#include <time.h>

enum { A, B, C, O };
enum { M1 = 1, M2 = 2, NOBODY = 99 };
#define MICRO INT64_C(10000) /* a point's price of one micro-unit, in 1e-10 */

/* Draft of three partners and an operator; members 1 (by A) and 2 (by B) are enrolled. */
static struct charter *draft_three(void)
{
    struct coalition_spec spec = {.names = {"ada", "bob", "cyd"},
                                  .operator_name = "ops",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .redemption_fee = "100"};
    return coalition_draft(&spec);
}

static struct driver *open_drafted(struct charter *draft)
{
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction first = tx_enrol(M1), second = tx_enrol(M2);
    REQUIRE(driver_apply(driver, A, &first) == VERDICT_ACCEPTED);
    REQUIRE(driver_apply(driver, B, &second) == VERDICT_ACCEPTED);
    return driver;
}

static struct driver *open_three(void)
{
    return open_drafted(draft_three());
}

static struct driver *open_policy(enum reversal_policy policy, int64_t deficit_max)
{
    struct charter *draft = draft_three();
    draft->policy.reversal = policy;
    draft->policy.deficit_max.v = deficit_max;
    return open_drafted(draft);
}

static enum verdict apply(struct driver *driver, uint16_t lane, struct transaction transaction)
{
    return driver_apply(driver, lane, &transaction);
}

/* Applies what must be accepted and returns its record. */
static struct record_index done(struct driver *driver, uint16_t lane,
                                struct transaction transaction)
{
    CHECK_INT(driver_apply(driver, lane, &transaction), VERDICT_ACCEPTED);
    return driver_last(driver);
}

static struct transaction earn_until(uint32_t member, int64_t points, uint64_t activates_ms,
                                     uint64_t expires_ms)
{
    struct transaction t = tx_earn(member, points);
    t.body.earn.lots[0].activates_ms = activates_ms;
    t.body.earn.lots[0].expires_ms = expires_ms;
    return t;
}

static uint64_t now(const struct driver *driver)
{
    return state_time_ms(driver->state);
}

/* ---- keys, times, documents ---------------------------------------------------------------- */

CASE(the_same_key_and_fields_are_decided_once)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 10);
    earn.key = bytes_text("till-7-1");
    struct record_index first = done(driver, A, earn);
    driver_pass(driver, 5000);
    earn.at_ms = now(driver) - 1; /* the time is not among the client's fields */
    CHECK_INT(apply(driver, A, earn), VERDICT_REPEAT);
    CHECK_INT(driver->effect_count, 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_FIRST);
    CHECK_INT(driver->effects[0].first.v, first.v);
    CHECK_INT(balance_of(driver, M1).spendable.v, 10);
    earn.body.earn.lots[0].quantity.v = 11;
    CHECK_INT(apply(driver, A, earn), VERDICT_KEY_REUSED);
    CHECK_INT(apply(driver, B, earn), VERDICT_ACCEPTED); /* keys are each partner's own */
    driver_close(driver);
}

CASE(a_refused_key_stays_refused)
{
    struct driver *driver = open_three();
    struct transaction redeem = tx_redeem(M1, 10);
    redeem.key = bytes_text("once");
    CHECK_INT(apply(driver, A, redeem), VERDICT_INSUFFICIENT);
    struct record_index refused = driver_last(driver);
    done(driver, A, tx_earn(M1, 10));
    CHECK_INT(apply(driver, A, redeem), VERDICT_REPEAT);
    CHECK_INT(driver->effects[0].first.v, refused.v);
    struct key_result result;
    REQUIRE(state_key(driver->state, (struct partner_id){A}, redeem.key, &result));
    CHECK_INT(result.verdict, VERDICT_INSUFFICIENT);
    CHECK_INT(result.index.v, refused.v);
    CHECK_INT(balance_of(driver, M1).spendable.v, 10);
    driver_close(driver);
}

CASE(a_key_is_forgotten_only_when_its_transaction_is_too_old)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 10);
    earn.key = bytes_text("yearly");
    earn.at_ms = now(driver);
    done(driver, A, earn);
    driver_pass(driver, 400 * DAY_MS);
    CHECK_INT(apply(driver, A, earn), VERDICT_REPEAT);
    driver_pass(driver, DAY_MS);
    CHECK_INT(apply(driver, A, earn), VERDICT_TOO_OLD);
    CHECK_INT(balance_of(driver, M1).spendable.v, 10);
    driver_close(driver);
}

CASE(times_are_bounded_and_lateness_is_marked)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 10);
    earn.at_ms = now(driver) + 5001;
    CHECK_INT(apply(driver, A, earn), VERDICT_FUTURE_DATED);
    earn.at_ms = now(driver) - 400 * DAY_MS - 1;
    CHECK_INT(apply(driver, A, earn), VERDICT_TOO_OLD);
    earn.at_ms = now(driver) - 60001;
    CHECK_INT(apply(driver, A, earn), VERDICT_ACCEPTED);
    CHECK(driver->outcome.late);
    earn.at_ms = now(driver) - 60000;
    CHECK_INT(apply(driver, A, earn), VERDICT_ACCEPTED);
    CHECK(!driver->outcome.late);
    driver_close(driver);
}

CASE(a_document_line_is_booked_once)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 10), redeem = tx_redeem(M1, 500);
    earn.document = redeem.document = bytes_text("receipt 4711");
    earn.line = redeem.line = 3;
    CHECK_INT(apply(driver, A, redeem), VERDICT_INSUFFICIENT); /* books nothing */
    struct record_index first = done(driver, A, earn);
    CHECK_INT(apply(driver, A, earn), VERDICT_DUPLICATE_DOCUMENT);
    struct record_index index;
    CHECK(state_document(driver->state, (struct partner_id){A}, TRANSACTION_EARN, earn.document, 3,
                         &index));
    CHECK_INT(index.v, first.v);
    done(driver, B, earn);
    earn.line = 4;
    done(driver, A, earn);
    redeem.body.redeem.points.v = 5;
    done(driver, A, redeem);
    driver_close(driver);
}

CASE(bytes_that_are_no_transaction_change_nothing)
{
    struct driver *driver = open_three();
    uint8_t noise[64];
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)(i * 37);
    for (size_t size = 0; size <= sizeof(noise); size++) {
        CHECK_INT(driver_bytes(driver, A, bytes_of(noise, size)), VERDICT_MALFORMED);
        CHECK_INT(driver->effect_count, 0);
    }
    CHECK_INT(state_totals(driver->state).refused, sizeof(noise) + 1);
    driver_close(driver);
}

/* ---- members -------------------------------------------------------------------------------- */

CASE(members_and_cards_are_unique)
{
    struct driver *driver = open_three();
    CHECK_INT(apply(driver, C, tx_enrol(M1)), VERDICT_MEMBER_EXISTS);
    struct transaction link = {.type = TRANSACTION_CARD_LINK};
    link.body.card_link.member = member_number(M1);
    link.body.card_link.card.at[0] = 9;
    CHECK_INT(apply(driver, B, link), VERDICT_NOT_AUTHORISED);
    done(driver, A, link);
    CHECK_INT(apply(driver, A, link), VERDICT_NOTHING_TO_DO);
    link.body.card_link.member = member_number(M2);
    CHECK_INT(apply(driver, B, link), VERDICT_CARD_TAKEN);
    link.body.card_link.member = member_number(NOBODY);
    CHECK_INT(apply(driver, B, link), VERDICT_UNKNOWN_MEMBER);
    struct member_ref found, wanted = member_number(M1);
    REQUIRE(state_card(driver->state, &link.body.card_link.card, &found));
    CHECK(member_equal(&found, &wanted));
    CHECK_INT(apply(driver, A, tx_earn(NOBODY, 1)), VERDICT_UNKNOWN_MEMBER);
    CHECK_INT(apply(driver, A, tx_redeem(NOBODY, 1)), VERDICT_UNKNOWN_MEMBER);
    driver_close(driver);
}

/* ---- funding --------------------------------------------------------------------------------- */

static struct transaction earn_split(int64_t points, struct funding_split split)
{
    struct transaction t = tx_earn(M1, points);
    t.body.earn.lots[0].split = split;
    return t;
}

CASE(a_split_is_ordered_distinct_known_and_whole)
{
    struct driver *driver = open_three();
    static const struct funding_split bad[] = {
        {.count = 1, .funders = {{{A}, 9999}}},
        {.count = 2, .funders = {{{B}, 5000}, {{A}, 5000}}},
        {.count = 2, .funders = {{{A}, 5000}, {{A}, 5000}}},
        {.count = 2, .funders = {{{A}, 10000}, {{B}, 0}}},
        {.count = 1, .funders = {{{77}, 10000}}},
        {.count = 3, .funders = {{{A}, 10000}, {{B}, 10000}, {{C}, 10000}}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK_INT(apply(driver, A, earn_split(10, bad[i])), VERDICT_BAD_SPLIT);
    CHECK_INT(state_lot_count(driver->state), 0);
    driver_close(driver);
}

CASE(anothers_money_needs_the_charter_and_stays_within_its_budget)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, B, A, 60);
    struct driver *driver = open_drafted(draft);
    struct funding_split split = {.count = 2, .funders = {{{A}, 5000}, {{B}, 5000}}};
    CHECK_INT(apply(driver, A, earn_split(10, split)), VERDICT_NOT_AUTHORISED);
    struct record_index first = done(driver, B, earn_split(100, split)); /* 50 of 60 */
    CHECK_INT(apply(driver, B, earn_split(21, split)), VERDICT_NOT_AUTHORISED);
    done(driver, B, earn_split(20, split));
    CHECK_INT(apply(driver, B, earn_split(1, split)), VERDICT_NOT_AUTHORISED);
    done(driver, B, tx_refund(first, 40)); /* gives nothing back */
    CHECK_INT(apply(driver, B, earn_split(1, split)), VERDICT_NOT_AUTHORISED);
    driver_close(driver);
}

CASE(an_earns_lots_count_together_against_quantity_and_budget)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, B, A, 100);
    struct driver *driver = open_drafted(draft);
    struct transaction t = earn_split(60, (struct funding_split){1, {{{A}, 10000}}});
    t.body.earn.lot_count = 2;
    t.body.earn.lots[1] = t.body.earn.lots[0];
    CHECK_INT(apply(driver, B, t), VERDICT_NOT_AUTHORISED);
    t.body.earn.lots[1].quantity.v = 40;
    done(driver, B, t);
    t.body.earn.lots[0].split.count = t.body.earn.lots[1].split.count = 0;
    t.body.earn.lots[0].quantity.v = POINTS_PER_RECORD_MAX;
    t.body.earn.lots[1].quantity.v = 1;
    CHECK_INT(apply(driver, B, t), VERDICT_BAD_QUANTITY);
    driver_close(driver);
}

/* ---- time --------------------------------------------------------------------------------------
 */

CASE(terms_lie_in_order)
{
    struct driver *driver = open_three();
    uint64_t t = now(driver);
    CHECK_INT(apply(driver, A, earn_until(M1, 1, 0, t)), VERDICT_BAD_TERMS);
    CHECK_INT(apply(driver, A, earn_until(M1, 1, t + 10, t + 10)), VERDICT_BAD_TERMS);
    CHECK_INT(apply(driver, A, earn_until(M1, 1, t - 1, t + 10)), VERDICT_BAD_TERMS);
    done(driver, A, earn_until(M1, 1, t + 10, t + 11));
    driver_close(driver);
}

CASE(pending_points_activate_by_time_and_are_charged_then)
{
    struct driver *driver = open_three();
    done(driver, A, earn_until(M1, 100, now(driver) + 1000, 0));
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    CHECK_INT(balance_of(driver, M1).pending.v, 100);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 0);
    CHECK_INT(apply(driver, B, tx_redeem(M1, 1)), VERDICT_INSUFFICIENT);
    driver_seal(driver);
    CHECK_INT(state_next_due_ms(driver->state), driver->cut_ms + 1000);
    driver_pass(driver, 999);
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    driver_pass(driver, 1);
    CHECK_INT(balance_of(driver, M1).spendable.v, 100);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 100 * 400 * MICRO);
    driver_seal(driver);
    CHECK_INT(driver->automatic_count, 2); /* the move and the fee */
    CHECK(state_next_due_ms(driver->state) == UINT64_MAX);
    driver_close(driver);
}

CASE(activate_brings_activation_forward_once)
{
    struct driver *driver = open_three();
    struct record_index earn = done(driver, A, earn_until(M1, 100, now(driver) + DAY_MS, 0));
    CHECK_INT(apply(driver, B, tx_activate(earn)), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_activate(earn));
    CHECK_INT(balance_of(driver, M1).spendable.v, 100);
    CHECK_INT(apply(driver, A, tx_activate(earn)), VERDICT_ALREADY_ACTIVE);
    driver_pass(driver, 2 * DAY_MS);
    CHECK_INT(balance_of(driver, M1).spendable.v, 100);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 100 * 400 * MICRO);
    CHECK_INT(apply(driver, A, tx_activate((struct record_index){999})), VERDICT_UNKNOWN_REFERENCE);
    driver_close(driver);
}

CASE(a_lot_ends_by_time_alone_and_is_booked_by_its_issuer_or_later_by_anyone)
{
    struct driver *driver = open_three();
    struct lot_number ended[EXPIRE_LOTS_MAX];
    done(driver, A, earn_until(M1, 100, 0, now(driver) + 1000));
    done(driver, A, earn_until(M1, 50, 0, now(driver) + 1000));
    done(driver, A, earn_until(M1, 7, 0, 0));
    CHECK_INT(apply(driver, A, tx_expire(1)), VERDICT_NOT_EXPIRED);
    driver_pass(driver, 1000);
    CHECK_INT(balance_of(driver, M1).spendable.v, 7);
    CHECK_INT(balance_of(driver, M1).expired_unbooked.v, 150);
    CHECK_INT(apply(driver, C, tx_redeem(M1, 8)), VERDICT_INSUFFICIENT);
    CHECK_INT(state_lots_to_expire(driver->state, (struct partner_id){A}, ended, 8), 2);
    CHECK_INT(state_lots_to_expire(driver->state, (struct partner_id){B}, ended, 8), 0);
    CHECK_INT(apply(driver, B, tx_expire(1)), VERDICT_NOT_AUTHORISED);
    done(driver, A, tx_expire(1));
    CHECK_INT(lot_pool(driver, 1, POOL_EXPIRED), 100);
    CHECK_INT(apply(driver, A, tx_expire(1)), VERDICT_NOTHING_TO_DO);
    CHECK_INT(apply(driver, A, tx_expire(3)), VERDICT_NOT_EXPIRED);
    CHECK_INT(apply(driver, A, tx_expire(9)), VERDICT_UNKNOWN_REFERENCE);
    driver_pass(driver, 7 * DAY_MS);
    done(driver, B, tx_expire(2));
    CHECK_INT(balance_of(driver, M1).expired_unbooked.v, 0);
    driver_close(driver);
}

CASE(a_sandbox_clock_moves_ledger_time_from_the_next_height)
{
    struct coalition_spec spec = {.names = {"ada"}, .face = "1", .sandbox = true};
    struct driver *driver = driver_open(coalition_found(coalition_draft(&spec)));
    uint64_t start = UINT64_C(1483228800000);
    CHECK_INT(now(driver), start);
    done(driver, A, tx_clock(90 * DAY_MS));
    done(driver, A, tx_clock(DAY_MS));
    CHECK_INT(now(driver), start);
    driver_pass(driver, 5);
    CHECK_INT(now(driver), start + 91 * DAY_MS + 5);
    CHECK_INT(state_time_at(driver->state, driver->cut_ms + 7), start + 91 * DAY_MS + 12);
    CHECK_INT(apply(driver, A, tx_clock(TIME_MS_MAX)), VERDICT_BAD_QUANTITY);
    done(driver, A, tx_enrol(M1));
    done(driver, A, earn_until(M1, 1, now(driver) + 100, 0));
    driver_seal(driver);
    CHECK_INT(state_next_due_ms(driver->state), driver->cut_ms + 100);
    driver_close(driver);

    driver = open_three();
    CHECK_INT(apply(driver, A, tx_clock(1)), VERDICT_NOT_SANDBOX);
    driver_close(driver);
}

/* ---- redeeming ----------------------------------------------------------------------------------
 */

CASE(consumption_takes_what_ends_first)
{
    struct driver *driver = open_three();
    uint64_t t = now(driver);
    done(driver, A, earn_until(M1, 10, 0, 0));              /* lot 1: never ends */
    done(driver, A, earn_until(M1, 10, 0, t + 9000));       /* lot 2 */
    done(driver, A, earn_until(M1, 10, 0, t + 5000));       /* lot 3 */
    done(driver, B, earn_until(M1, 10, t + 100, t + 5000)); /* lot 4: active later than 3 */
    done(driver, C, earn_until(M1, 10, t + 50, t + 5000));  /* lot 5: active before 4 */
    driver_pass(driver, 1000);
    static const uint64_t order[] = {3, 5, 4, 2, 1};
    struct lot_view lots[8];
    struct member_ref ref = member_number(M1);
    CHECK_INT(state_lots(driver->state, &ref, 0, lots, 8), 5);
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(lots[i].number.v, order[i]);
    CHECK_INT(state_lots(driver->state, &ref, 3, lots, 8), 2);
    CHECK_INT(lots[0].number.v, 2);
    for (size_t i = 0; i < 5; i++) {
        done(driver, C, tx_redeem(M1, 10));
        CHECK_INT(lot_pool(driver, order[i], POOL_SPENT), 10);
    }
    driver_close(driver);
}

CASE(redeem_more_than_balance_is_refused)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 100));
    CHECK_INT(apply(driver, B, tx_redeem(M1, 101)), VERDICT_INSUFFICIENT);
    done(driver, B, tx_redeem(M1, 100));
    CHECK_INT(apply(driver, C, tx_redeem(M1, 1)), VERDICT_INSUFFICIENT);
    CHECK_INT(owed_in(driver, A, B, LINE_REDEMPTION), 100 * 9000 * MICRO);
    CHECK_INT(owed_in(driver, B, O, LINE_REDEMPTION_FEE), 100 * 100 * MICRO);
    CHECK(state_redeemed_bp(driver->state, (struct partner_id){A}, (struct partner_id){B}) ==
          100 * BASIS_POINTS);
    driver_close(driver);
}

CASE(an_amount_takes_the_fewest_points_that_cover_it)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 1000));
    struct transaction redeem = tx_redeem(M1, 0);
    redeem.body.redeem.amount.v = 50000; /* 5 points of 0.01 */
    done(driver, B, redeem);
    CHECK_INT(balance_of(driver, M1).spendable.v, 995);
    redeem.body.redeem.amount.v = 50001;
    done(driver, B, redeem);
    CHECK_INT(balance_of(driver, M1).spendable.v, 989);
    redeem.body.redeem.amount.v = INT64_C(10000) * POINTS_PER_RECORD_MAX + 1;
    CHECK_INT(apply(driver, B, redeem), VERDICT_INSUFFICIENT);
    done(driver, A, tx_earn(M1, POINTS_PER_RECORD_MAX));
    CHECK_INT(apply(driver, B, redeem), VERDICT_BAD_QUANTITY);
    redeem.body.redeem.amount.v--;
    done(driver, B, redeem);
    CHECK_INT(balance_of(driver, M1).spendable.v, 989);
    driver_close(driver);
}

CASE(too_many_lots_are_refused_before_anything_changes)
{
    struct charter *draft = draft_three();
    draft->limits.allocations = 3;
    struct driver *driver = open_drafted(draft);
    for (int i = 0; i < 5; i++)
        done(driver, A, tx_earn(M1, 10));
    CHECK_INT(apply(driver, B, tx_redeem(M1, 31)), VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK_INT(apply(driver, B, tx_hold(M1, 31, 0)), VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK_INT(apply(driver, A, tx_transfer(M1, M2, 31)), VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK_INT(apply(driver, A, tx_adjust(M1, -31)), VERDICT_TOO_MANY_ALLOCATIONS);
    CHECK_INT(driver->effect_count, 0);
    CHECK_INT(balance_of(driver, M1).spendable.v, 50);
    done(driver, B, tx_redeem(M1, 30));
    driver_close(driver);
}

/* ---- holds --------------------------------------------------------------------------------------
 */

CASE(a_hold_pins_points_and_commits_exactly_those)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_earn(M1, 100));
    struct record_index hold = done(driver, C, tx_hold(M1, 150, 0));
    CHECK_INT(balance_of(driver, M1).spendable.v, 50);
    CHECK_INT(balance_of(driver, M1).held.v, 150);
    CHECK_INT(apply(driver, C, tx_redeem(M1, 51)), VERDICT_INSUFFICIENT);
    CHECK_INT(owed_exact(driver, A, C), 0);
    CHECK_INT(apply(driver, A, tx_commit(hold, 0)), VERDICT_NOT_AUTHORISED);
    CHECK_INT(apply(driver, C, tx_commit(hold, 151)), VERDICT_INSUFFICIENT);
    done(driver, C, tx_commit(hold, 120));
    CHECK_INT(lot_pool(driver, 1, POOL_SPENT), 100);
    CHECK_INT(lot_pool(driver, 2, POOL_SPENT), 20);
    CHECK_INT(lot_pool(driver, 2, POOL_REMAINING), 80);
    CHECK_INT(balance_of(driver, M1).held.v, 0);
    CHECK_INT(owed_exact(driver, B, C), 20 * 9000 * MICRO);
    CHECK_INT(apply(driver, C, tx_commit(hold, 0)), VERDICT_HOLD_CLOSED);
    CHECK_INT(apply(driver, C, tx_release(hold)), VERDICT_HOLD_CLOSED);
    struct hold_view view;
    REQUIRE(state_hold(driver->state, hold, &view));
    CHECK(!view.open);
    CHECK_INT(view.committed.v, 120);
    driver_close(driver);
}

CASE(a_hold_ends_by_ledger_time)
{
    struct driver *driver = open_three();
    done(driver, A, tx_earn(M1, 100));
    struct record_index hold = done(driver, C, tx_hold(M1, 60, 0));
    CHECK_INT(apply(driver, C, tx_hold(M1, 10, 7 * DAY_MS + 1)), VERDICT_BAD_TERMS);
    driver_pass(driver, 900 * 1000 - 1);
    CHECK_INT(balance_of(driver, M1).held.v, 60);
    driver_pass(driver, 1);
    CHECK_INT(balance_of(driver, M1).held.v, 0);
    CHECK_INT(balance_of(driver, M1).spendable.v, 100);
    CHECK_INT(apply(driver, C, tx_commit(hold, 0)), VERDICT_HOLD_EXPIRED);
    driver_close(driver);
}

CASE(held_points_outlive_their_lot_until_they_are_released)
{
    struct driver *driver = open_three();
    done(driver, A, earn_until(M1, 100, 0, now(driver) + 1000));
    struct record_index kept = done(driver, C, tx_hold(M1, 30, DAY_MS));
    struct record_index used = done(driver, C, tx_hold(M1, 20, DAY_MS));
    driver_pass(driver, 2000);
    done(driver, A, tx_expire(1));
    CHECK_INT(lot_pool(driver, 1, POOL_EXPIRED), 50);
    CHECK_INT(lot_pool(driver, 1, POOL_HELD), 50);
    done(driver, C, tx_commit(used, 0));
    CHECK_INT(lot_pool(driver, 1, POOL_SPENT), 20);
    done(driver, C, tx_release(kept));
    CHECK_INT(lot_pool(driver, 1, POOL_EXPIRED), 80);
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    driver_close(driver);
}

CASE(released_points_cover_a_deficit_first)
{
    struct driver *driver = open_three();
    done(driver, B, tx_earn(M1, 100));
    struct record_index earn = done(driver, A, tx_earn(M1, 40));
    struct record_index hold = done(driver, C, tx_hold(M1, 140, 0));
    done(driver, A, tx_refund(earn, 40)); /* all held: 40 owed to A */
    CHECK_INT(balance_of(driver, M1).deficit.v, 40);
    done(driver, C, tx_release(hold));
    CHECK_INT(balance_of(driver, M1).deficit.v, 0);
    CHECK_INT(balance_of(driver, M1).spendable.v, 100);
    CHECK_INT(lot_pool(driver, 1, POOL_CLAWED_BACK), 40);
    CHECK_INT(owed_in(driver, B, A, LINE_CLAW_BACK), 40 * 9000 * MICRO);
    driver_close(driver);
}

/* ---- reversing an earn
 * --------------------------------------------------------------------------- */

CASE(refunds_round_half_up_and_end_exactly)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 7);
    earn.body.earn.eligible = 1000;
    struct record_index index = done(driver, A, earn);
    for (int i = 0; i < 9; i++) {
        done(driver, A, tx_refund(index, 100));
        int64_t taken = (7 * (i + 1) + 5) / 10; /* half up */
        CHECK_INT(balance_of(driver, M1).spendable.v, 7 - taken);
    }
    CHECK_INT(apply(driver, A, tx_refund(index, 101)), VERDICT_OVER_REVERSED);
    done(driver, A, tx_refund(index, 100));
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    CHECK_INT(apply(driver, A, tx_refund(index, 1)), VERDICT_OVER_REVERSED);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 0);
    driver_close(driver);
}

CASE(only_the_earning_partner_reverses)
{
    struct driver *driver = open_three();
    struct record_index earn = done(driver, A, tx_earn(M1, 10));
    CHECK_INT(apply(driver, B, tx_refund(earn, 1)), VERDICT_NOT_AUTHORISED);
    struct record_index spent = done(driver, B, tx_redeem(M1, 5));
    CHECK_INT(apply(driver, A, tx_unredeem(spent, 1)), VERDICT_NOT_AUTHORISED);
    CHECK_INT(apply(driver, A, tx_refund(spent, 1)), VERDICT_UNKNOWN_REFERENCE);
    CHECK_INT(apply(driver, B, tx_unredeem(earn, 1)), VERDICT_UNKNOWN_REFERENCE);
    CHECK_INT(apply(driver, B, tx_unredeem(spent, 6)), VERDICT_OVER_REVERSED);
    driver_close(driver);
}

CASE(a_refund_of_several_lots_is_spread_by_largest_remainder)
{
    struct driver *driver = open_three();
    struct transaction earn = tx_earn(M1, 1);
    earn.body.earn.lot_count = 3;
    earn.body.earn.lots[1].quantity.v = earn.body.earn.lots[2].quantity.v = 1;
    struct record_index index = done(driver, A, earn);
    done(driver, A, tx_refund(index, 1));
    CHECK_INT(lot_pool(driver, 1, POOL_CLAWED_BACK), 1);
    done(driver, A, tx_refund(index, 1));
    CHECK_INT(lot_pool(driver, 2, POOL_CLAWED_BACK), 1);
    done(driver, A, tx_refund(index, 1));
    CHECK_INT(lot_pool(driver, 3, POOL_CLAWED_BACK), 1);
    driver_close(driver);
}

CASE(pending_points_go_first_and_were_never_charged)
{
    struct driver *driver = open_three();
    struct record_index earn = done(driver, A, earn_until(M1, 100, now(driver) + 1000, 0));
    done(driver, A, tx_refund(earn, 30));
    CHECK_INT(lot_pool(driver, 1, POOL_PENDING), 70);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 0);
    driver_pass(driver, 1000);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 70 * 400 * MICRO);
    done(driver, A, tx_refund(earn, 70));
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 0);
    driver_close(driver);
}

CASE(points_that_expired_unspent_count_as_taken_back)
{
    struct driver *driver = open_three();
    struct record_index earn = done(driver, A, earn_until(M1, 100, 0, now(driver) + 1000));
    done(driver, B, tx_earn(M1, 500));
    done(driver, C, tx_redeem(M1, 40));
    driver_pass(driver, 1000); /* 60 have ended, not yet booked */
    done(driver, A, tx_refund(earn, 50));
    CHECK_INT(balance_of(driver, M1).spendable.v, 500);
    done(driver, A, tx_expire(1));
    done(driver, A, tx_refund(earn, 50)); /* 10 more expired, then 40 out of B's lot */
    CHECK_INT(balance_of(driver, M1).spendable.v, 460);
    CHECK_INT(state_totals(driver->state).expired_counted.v, 60);
    CHECK_INT(owed_in(driver, B, A, LINE_CLAW_BACK), 40 * 9000 * MICRO);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 60 * 400 * MICRO); /* none back on expiry */
    driver_close(driver);
}

CASE(claims_are_met_in_order_of_name_in_whole_points)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, C, A, 1000);
    coalition_joint(draft, C, B, 1000);
    struct driver *driver = open_drafted(draft);
    struct funding_split thirds = {.count = 3, .funders = {{{A}, 3333}, {{B}, 3333}, {{C}, 3334}}};
    struct record_index earn = done(driver, C, earn_split(100, thirds));
    done(driver, A, tx_redeem(M1, 100));
    int64_t before = owed_exact(driver, B, A);
    done(driver, C, tx_refund(earn, 100)); /* 33 to ada, 33 to bob, 34 to cyd, all owing */
    CHECK_INT(balance_of(driver, M1).deficit.v, 100);
    CHECK_INT(driver->effects[0].amount, 33);
    CHECK_INT(driver->effects[2].amount, 34);
    done(driver, B, tx_earn(M1, 40)); /* 33 for ada, 7 of bob's own */
    CHECK_INT(owed_exact(driver, B, A) - before, 33 * 9000 * MICRO);
    CHECK_INT(balance_of(driver, M1).deficit.v, 60);
    done(driver, B, tx_earn(M1, 60)); /* 26 of bob's own, 34 for cyd */
    CHECK_INT(owed_in(driver, B, C, LINE_CLAW_BACK), 34 * 9000 * MICRO);
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    driver_close(driver);
}

CASE(only_pending_waives_what_is_active_and_takes_it_when_it_comes_back)
{
    struct driver *driver = open_policy(REVERSAL_ONLY_PENDING, 0);
    struct record_index earn = done(driver, A, tx_earn(M1, 100));
    struct record_index spent = done(driver, B, tx_redeem(M1, 80));
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(balance_of(driver, M1).spendable.v, 20);
    CHECK_INT(state_totals(driver->state).waived.v, 100);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 100 * 400 * MICRO);
    done(driver, B, tx_unredeem(spent, 80));
    CHECK_INT(balance_of(driver, M1).spendable.v, 20);
    CHECK_INT(lot_pool(driver, 1, POOL_CLAWED_BACK), 80);
    CHECK_INT(state_totals(driver->state).waived.v, 20);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 20 * 400 * MICRO);
    CHECK_INT(owed_exact(driver, A, B), 0);
    driver_close(driver);
}

CASE(within_balance_never_makes_a_deficit)
{
    struct driver *driver = open_policy(REVERSAL_WITHIN_BALANCE, 0);
    struct record_index earn = done(driver, A, tx_earn(M1, 100));
    done(driver, B, tx_earn(M1, 30));
    done(driver, C, tx_redeem(M1, 110)); /* lot 2 keeps 20 */
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    CHECK_INT(balance_of(driver, M1).deficit.v, 0);
    CHECK_INT(state_totals(driver->state).waived.v, 80);
    CHECK_INT(owed_in(driver, B, A, LINE_CLAW_BACK), 20 * 9000 * MICRO);
    driver_close(driver);
}

CASE(beyond_deficit_max_a_reversal_stays_within_the_balance)
{
    struct driver *driver = open_policy(REVERSAL_UNLIMITED, 30);
    struct record_index earn = done(driver, A, tx_earn(M1, 100));
    struct record_index spent = done(driver, B, tx_redeem(M1, 100));
    done(driver, A, tx_refund(earn, 100));
    CHECK_INT(balance_of(driver, M1).deficit.v, 30);
    CHECK_INT(state_totals(driver->state).waived.v, 70);
    done(driver, B, tx_unredeem(spent, 100)); /* waived rests first, then the deficit */
    CHECK_INT(balance_of(driver, M1).spendable.v, 0);
    CHECK_INT(balance_of(driver, M1).deficit.v, 0);
    CHECK_INT(state_totals(driver->state).waived.v, 0);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 0);
    driver_close(driver);
}

CASE(a_waived_rest_is_met_by_any_lot_of_its_earn)
{
    struct charter *draft = draft_three();
    draft->policy.reversal = REVERSAL_WITHIN_BALANCE;
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = open_drafted(draft);
    struct transaction earn = tx_earn(M1, 50);
    earn.body.earn.lot_count = 2;
    earn.body.earn.lots[1].quantity.v = 50;
    earn.body.earn.lots[1].split = (struct funding_split){1, {{{B}, 10000}}};
    struct record_index index = done(driver, A, earn);
    struct record_index spent = done(driver, C, tx_redeem(M1, 100));
    done(driver, A, tx_refund(index, 50));   /* 25 of each, all waived */
    done(driver, C, tx_unredeem(spent, 40)); /* into lot 2: its own 25, then 15 of lot 1's */
    CHECK_INT(lot_pool(driver, 2, POOL_CLAWED_BACK), 40);
    CHECK_INT(state_totals(driver->state).waived.v, 10);
    CHECK_INT(owed_in(driver, B, A, LINE_CLAW_BACK), 15 * 9000 * MICRO);
    driver_close(driver);
}

CASE(many_open_claims_stop_growing)
{
    struct driver *driver = open_three();
    struct record_index earns[100];
    for (int i = 0; i < 100; i++)
        earns[i] = done(driver, i % 2 ? A : B, tx_earn(M1, 2));
    done(driver, C, tx_redeem(M1, 200));
    for (int i = 0; i < 100; i++)
        done(driver, i % 2 ? A : B, tx_refund(earns[i], 2));
    CHECK_INT(balance_of(driver, M1).deficit.v, 128);
    CHECK_INT(state_totals(driver->state).waived.v, 72);
    done(driver, C, tx_earn(M1, 1000));
    CHECK_INT(balance_of(driver, M1).spendable.v, 872);
    CHECK_INT(owed_in(driver, C, A, LINE_CLAW_BACK), 64 * 9000 * MICRO);
    driver_close(driver);
}

/* ---- reversing a redemption
 * ----------------------------------------------------------------------- */

CASE(what_comes_back_to_an_expired_lot_lives_on_for_the_days_of_grace)
{
    struct driver *driver = open_three();
    done(driver, A, earn_until(M1, 100, 0, now(driver) + 1000));
    struct record_index spent = done(driver, C, tx_redeem(M1, 100));
    driver_pass(driver, 5000);
    done(driver, C, tx_unredeem(spent, 60));
    CHECK_INT(lot_pool(driver, 1, POOL_SPENT), 40);
    CHECK_INT(lot_pool(driver, 1, POOL_TRANSFERRED), 60);
    struct lot_view child;
    REQUIRE(state_lot(driver->state, (struct lot_number){2}, &child));
    CHECK_INT(child.pools[POOL_REMAINING].v, 60);
    CHECK_INT(child.expires_ms, charter_end_of_day(driver->charter, now(driver), 30));
    CHECK_INT(child.issuer.v, A);
    CHECK_INT(owed_exact(driver, A, C), 40 * 9000 * MICRO);
    CHECK_INT(owed_in(driver, C, O, LINE_REDEMPTION_FEE), 40 * 100 * MICRO);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), 100 * 400 * MICRO); /* none for the child */
    driver_close(driver);
}

/* ---- adjust, transfer
 * ------------------------------------------------------------------------------ */

CASE(an_adjustment_downwards_touches_only_the_writers_own_lots)
{
    struct charter *draft = draft_three();
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = open_drafted(draft);
    done(driver, B, tx_earn(M1, 100));
    done(driver, A, earn_split(100, (struct funding_split){2, {{{A}, 9000}, {{B}, 1000}}}));
    CHECK_INT(apply(driver, A, tx_adjust(M1, -1)), VERDICT_INSUFFICIENT);
    done(driver, A, tx_adjust(M1, 20));
    CHECK_INT(balance_of(driver, M1).spendable.v, 220);
    CHECK_INT(apply(driver, A, tx_adjust(M1, -21)), VERDICT_INSUFFICIENT);
    done(driver, A, tx_adjust(M1, -20));
    CHECK_INT(lot_pool(driver, 3, POOL_CLAWED_BACK), 20);
    CHECK_INT(owed_exact(driver, B, A), 0);
    driver_close(driver);
}

CASE(a_transfer_makes_child_lots_and_reversals_stay_with_the_giver)
{
    struct driver *driver = open_three();
    uint64_t ends = now(driver) + DAY_MS;
    struct record_index earn = done(driver, B, earn_until(M1, 100, 0, ends));
    CHECK_INT(apply(driver, B, tx_transfer(M1, M2, 10)), VERDICT_NOT_AUTHORISED);
    CHECK_INT(apply(driver, A, tx_transfer(M1, M1, 10)), VERDICT_SAME_MEMBER);
    CHECK_INT(apply(driver, A, tx_transfer(M1, NOBODY, 10)), VERDICT_UNKNOWN_MEMBER);
    CHECK_INT(apply(driver, A, tx_transfer(M1, M2, 101)), VERDICT_INSUFFICIENT);
    done(driver, A, tx_transfer(M1, M2, 80));
    CHECK_INT(balance_of(driver, M2).spendable.v, 80);
    struct lot_view child;
    REQUIRE(state_lot(driver->state, (struct lot_number){2}, &child));
    CHECK_INT(child.expires_ms, ends);
    CHECK_INT(child.issuer.v, B);
    done(driver, B, tx_refund(earn, 100));
    CHECK_INT(balance_of(driver, M1).deficit.v, 80);
    CHECK_INT(balance_of(driver, M2).spendable.v, 80);
    CHECK_INT(apply(driver, A, tx_transfer(M1, M2, 1)), VERDICT_DEFICIT);
    done(driver, B, tx_transfer(M2, M1, 50)); /* the receiver's deficit is covered */
    CHECK_INT(balance_of(driver, M1).deficit.v, 30);
    CHECK_INT(owed_in(driver, B, O, LINE_ISSUE_FEE), 0);
    driver_close(driver);
}

/* ---- much at once
 * ----------------------------------------------------------------------------------- */

CASE(what_does_not_fit_one_seal_waits_for_the_next)
{
    struct driver *driver = open_three();
    enum { MANY = 3000 };
    for (int i = 0; i < MANY; i++)
        done(driver, A, earn_until(M1, 10, now(driver) + 1000, 0));
    driver_pass(driver, 1000);
    int64_t first = balance_of(driver, M1).spendable.v;
    CHECK(first > 0 && first < 10 * MANY);
    driver_seal(driver);
    CHECK(state_next_due_ms(driver->state) <= driver->cut_ms);
    for (int i = 0; i < 10; i++)
        driver_pass(driver, 1);
    CHECK_INT(balance_of(driver, M1).spendable.v, 10 * MANY);
    CHECK_INT(owed_in(driver, A, O, LINE_ISSUE_FEE), MANY * 10 * 400 * MICRO);
    driver_close(driver);
}

CASE(digests_tell_histories_apart)
{
    struct driver *one = open_three(), *two = open_three(), *other = open_three();
    done(one, A, tx_earn(M1, 10));
    done(two, A, tx_earn(M1, 10));
    done(other, A, tx_earn(M1, 11));
    driver_pass(one, 1);
    driver_pass(two, 1);
    driver_pass(other, 1);
    struct hash a = state_digest(one->state), b = state_digest(two->state),
                c = state_digest(other->state);
    CHECK(hash_equal(&a, &b));
    CHECK(!hash_equal(&a, &c));
    driver_close(one);
    driver_close(two);
    driver_close(other);
}

/* Says how fast it is, and fails only where it is slower than any use of it would bear. */
static void measure(struct driver *driver, const char *what, uint16_t lane, bool redeem)
{
    enum { ROUNDS = 100000, MEMBERS = 5000 };
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t member = 10 + (uint32_t)(i * 7919 % MEMBERS);
        struct transaction t = redeem ? tx_redeem(member, 3) : tx_earn(member, 5);
        REQUIRE(driver_apply(driver, lane, &t) == VERDICT_ACCEPTED);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t us =
        (end.tv_sec - start.tv_sec) * INT64_C(1000000) + (end.tv_nsec - start.tv_nsec) / 1000;
    printf("%s: %lld transactions/s\n", what, (long long)ROUNDS * 1000000 / (us + 1));
    CHECK(us < 60 * INT64_C(1000000));
}

CASE(a_hundred_thousand_earns_and_redemptions)
{
    struct driver *driver = open_three();
    for (uint32_t i = 0; i < 5000; i++)
        done(driver, A, tx_enrol(10 + i));
    measure(driver, "earn", A, false);
    measure(driver, "redeem", B, true);
    driver_close(driver);
}

int main(void)
{
    RUN(the_same_key_and_fields_are_decided_once);
    RUN(a_refused_key_stays_refused);
    RUN(a_key_is_forgotten_only_when_its_transaction_is_too_old);
    RUN(times_are_bounded_and_lateness_is_marked);
    RUN(a_document_line_is_booked_once);
    RUN(bytes_that_are_no_transaction_change_nothing);
    RUN(members_and_cards_are_unique);
    RUN(a_split_is_ordered_distinct_known_and_whole);
    RUN(anothers_money_needs_the_charter_and_stays_within_its_budget);
    RUN(an_earns_lots_count_together_against_quantity_and_budget);
    RUN(terms_lie_in_order);
    RUN(pending_points_activate_by_time_and_are_charged_then);
    RUN(activate_brings_activation_forward_once);
    RUN(a_lot_ends_by_time_alone_and_is_booked_by_its_issuer_or_later_by_anyone);
    RUN(a_sandbox_clock_moves_ledger_time_from_the_next_height);
    RUN(consumption_takes_what_ends_first);
    RUN(redeem_more_than_balance_is_refused);
    RUN(an_amount_takes_the_fewest_points_that_cover_it);
    RUN(too_many_lots_are_refused_before_anything_changes);
    RUN(a_hold_pins_points_and_commits_exactly_those);
    RUN(a_hold_ends_by_ledger_time);
    RUN(held_points_outlive_their_lot_until_they_are_released);
    RUN(released_points_cover_a_deficit_first);
    RUN(refunds_round_half_up_and_end_exactly);
    RUN(only_the_earning_partner_reverses);
    RUN(a_refund_of_several_lots_is_spread_by_largest_remainder);
    RUN(pending_points_go_first_and_were_never_charged);
    RUN(points_that_expired_unspent_count_as_taken_back);
    RUN(claims_are_met_in_order_of_name_in_whole_points);
    RUN(only_pending_waives_what_is_active_and_takes_it_when_it_comes_back);
    RUN(within_balance_never_makes_a_deficit);
    RUN(beyond_deficit_max_a_reversal_stays_within_the_balance);
    RUN(a_waived_rest_is_met_by_any_lot_of_its_earn);
    RUN(many_open_claims_stop_growing);
    RUN(what_comes_back_to_an_expired_lot_lives_on_for_the_days_of_grace);
    RUN(an_adjustment_downwards_touches_only_the_writers_own_lots);
    RUN(a_transfer_makes_child_lots_and_reversals_stay_with_the_giver);
    RUN(what_does_not_fit_one_seal_waits_for_the_next);
    RUN(digests_tell_histories_apart);
    RUN(a_hundred_thousand_earns_and_redemptions);
    return check_report();
}
