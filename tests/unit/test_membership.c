// links: partners
/* The charter in force, height by height: evidence, amendments that wait, lapse or take effect. */
#include "changes.h"
#include "partners/state_parts.h"

enum { A, B, C, D, OPERATOR };

static const struct coalition_spec four = {.names = {"a", "b", "c", "d", NULL},
                                           .operator_name = "office",
                                           .face = "10000",
                                           .reimbursement = "9000"};

static struct driver *open_four(void)
{
    return driver_open(coalition_found(coalition_draft(&four)));
}

/* What a quorum would have put into the cut of the height that begins. */
static void accuse(struct driver *driver, uint16_t node)
{
    struct evidence evidence = {.kind = EVIDENCE_PREVOTES, .node = {node}};
    state_evidence(driver->state, &evidence);
}

static bool suspended(const struct driver *driver, uint64_t height, uint16_t node)
{
    return state_charter_at(driver->state, height)->nodes[node].suspended;
}

/* Lets a change of the test's own wait, as a carried motion does. */
static void wait_for(struct driver *driver, uint64_t height, struct change change)
{
    roster_add(&driver->state->roster, height, 7, &change);
}

CASE(the_file_is_in_force_until_something_changes)
{
    struct driver *driver = open_four();
    driver_seal(driver);
    CHECK(state_charter(driver->state) == driver->charter);
    for (uint64_t height = 1; height <= 3; height++)
        CHECK(state_charter_at(driver->state, height) == driver->charter);
    driver_close(driver);
}

CASE(evidence_suspends_two_heights_later)
{
    struct driver *driver = open_four();
    driver_seal(driver);
    CHECK(!state_accused(driver->state, (struct node_id){C}));
    driver_pass(driver, 1000); /* height 2 */
    accuse(driver, C);
    CHECK(state_accused(driver->state, (struct node_id){C}));
    CHECK_INT(driver_apply(driver, C, &(struct transaction){.type = TRANSACTION_ENROL}),
              VERDICT_ACCEPTED);
    driver_seal(driver);
    CHECK_INT(driver->automatic_count, 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_AMENDED);
    CHECK_INT(driver->effects[0].change, CHANGE_SUSPEND);
    CHECK_INT(driver->effects[0].what, C);
    CHECK_INT(driver->effects[0].height, 4);
    CHECK(!suspended(driver, 3, C));
    CHECK(suspended(driver, 4, C));
    CHECK_INT(state_charter_at(driver->state, 4)->voter_count, 4);
    driver_pass(driver, 1000); /* 3: its lane may still advance */
    CHECK(!state_charter(driver->state)->nodes[C].suspended);
    CHECK_INT(driver_apply(driver, C, &(struct transaction){.type = TRANSACTION_ENROL}),
              VERDICT_MEMBER_EXISTS);
    driver_pass(driver, 1000);
    CHECK(state_charter(driver->state)->nodes[C].suspended);
    CHECK(state_accused(driver->state, (struct node_id){C}));
    CHECK(!state_accused(driver->state, (struct node_id){B}));
    CHECK(state_accused(driver->state, (struct node_id){4}));
    driver_close(driver);
}

CASE(evidence_changes_the_digest)
{
    struct driver *driver = open_four(), *other = open_four();
    driver_pass(driver, 1000);
    driver_pass(other, 1000);
    accuse(driver, C);
    driver_seal(driver);
    driver_seal(other);
    struct hash one = state_digest(driver->state), two = state_digest(other->state);
    CHECK(!hash_equal(&one, &two));
    driver_close(driver);
    driver_close(other);
}

CASE(new_keys_come_before_or_after_a_suspension_and_end_it)
{
    for (uint64_t at = 3; at <= 6; at++) {
        struct driver *driver = open_four(); /* height 1 is open */
        driver_seal(driver);
        driver_pass(driver, 1000); /* 2 */
        accuse(driver, C);         /* for 4 */
        if (at > 3)
            wait_for(driver, at, change_replace_keys(C, 1));
        else
            driver->state->roster.amendments[0].height = 4;
        driver_seal(driver);
        CHECK(suspended(driver, 4, C) == (at != 4));
        for (int i = 0; i < 4; i++)
            driver_pass(driver, 1000);
        driver_seal(driver);
        CHECK(suspended(driver, 7, C) == (at == 3));
        CHECK(state_accused(driver->state, (struct node_id){C}) == (at == 3));
        driver_close(driver);
    }
}

/* Evidence about the key of now, while another is decided for the height after. */
CASE(a_suspension_of_a_key_that_is_gone_by_then_lapses)
{
    struct driver *driver = open_four();
    driver_seal(driver);
    wait_for(driver, 3, change_replace_keys(C, 1));
    driver_pass(driver, 1000); /* 2: 3 and 4 have the new key */
    driver_seal(driver);
    driver_pass(driver, 1000);
    driver_close(driver);
    driver = open_four(); /* height 1 */
    wait_for(driver, 3, change_replace_keys(C, 1));
    driver_pass(driver, 1000); /* 2: charters of 2 and 3 are known */
    accuse(driver, C);
    driver_seal(driver);
    CHECK_INT(driver->automatic_count, 2);
    CHECK_INT(driver->effects[0].kind, EFFECT_AMENDED);
    CHECK_INT(driver->effects[1].kind, EFFECT_LAPSED);
    CHECK_INT(driver->effects[1].change, CHANGE_SUSPEND);
    CHECK_INT(driver->effects[1].what, C);
    CHECK_INT(driver->effects[1].height, 4);
    CHECK(!suspended(driver, 4, C));
    CHECK(!state_accused(driver->state, (struct node_id){C}));
    driver_close(driver);
}

CASE(amendments_take_effect_in_order_of_height_then_of_carrying)
{
    struct driver *driver = open_four();
    wait_for(driver, 9, change_set_limit(LIMIT_TIMEOUT_MS, 90));
    wait_for(driver, 5, change_set_limit(LIMIT_TIMEOUT_MS, 50));
    wait_for(driver, 7, change_set_limit(LIMIT_TIMEOUT_MS, 71));
    wait_for(driver, 7, change_set_limit(LIMIT_TIMEOUT_MS, 72));
    wait_for(driver, 3, change_set_limit(LIMIT_TIMEOUT_MS, 30));
    while (driver->height < 10)
        driver_pass(driver, 1000);
    static const uint32_t timeouts[] = {0, 1000, 1000, 30, 30, 50, 50, 72, 72, 90, 90};
    for (uint64_t height = 1; height <= 10; height++)
        CHECK_INT(state_charter_at(driver->state, height)->limits.timeout_ms, timeouts[height]);
    CHECK_INT(roster_waiting(&driver->state->roster), 0);
    CHECK_INT(driver->state->roster.charter_count, 5); /* one for both of height 7 */
    driver_close(driver);
}

CASE(what_does_not_fit_any_more_lapses_and_changes_nothing)
{
    struct driver *driver = open_four();
    wait_for(driver, 5, change_remove_node(B));
    wait_for(driver, 5, change_replace_keys(B, 1));
    while (driver->height < 3)
        driver_pass(driver, 1000);
    driver_seal(driver);
    CHECK_INT(driver->automatic_count, 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_LAPSED);
    CHECK_INT(driver->effects[0].change, CHANGE_REPLACE_KEYS);
    CHECK_INT(driver->effects[0].what, 7);
    CHECK_INT(driver->effects[0].height, 5);
    CHECK(state_charter_at(driver->state, 5)->nodes[B].left);
    CHECK_INT(state_charter_at(driver->state, 5)->retired_key_count, 0);
    driver_close(driver);
}

/* Everything that is kept by partner has room for those that come, and keeps what it had. */
CASE(partners_that_come_later_earn_redeem_and_owe)
{
    struct driver *driver = open_four();
    struct transaction enrol = tx_enrol(1), earn = tx_earn(1, 100), redeem = tx_redeem(1, 40);
    CHECK_INT(driver_apply(driver, A, &enrol), VERDICT_ACCEPTED);
    CHECK_INT(driver_apply(driver, A, &earn), VERDICT_ACCEPTED);
    CHECK_INT(driver_apply(driver, B, &redeem), VERDICT_ACCEPTED);
    wait_for(driver, 3, change_found("aa", "aa-1", 1, false));
    wait_for(driver, 3, change_found("e", "e-1", 2, false));
    driver_pass(driver, 1000);
    driver_pass(driver, 1000); /* 3 */
    CHECK_INT(state_charter(driver->state)->partner_count, 7);
    CHECK_INT(driver_apply(driver, 5, &redeem), VERDICT_ACCEPTED);
    CHECK_INT(driver_apply(driver, 4, &earn), VERDICT_ACCEPTED);
    CHECK_INT(driver_apply(driver, B, &redeem), VERDICT_ACCEPTED);
    struct partner_id a = {A}, b = {B}, aa = {5}, e = {6};
    CHECK_INT(state_obligation(driver->state, a, b, LINE_REDEMPTION).v, (40 + 20) * 90000000LL);
    CHECK_INT(state_obligation(driver->state, a, e, LINE_REDEMPTION).v, 40 * 90000000LL);
    CHECK_INT(state_obligation(driver->state, aa, b, LINE_REDEMPTION).v, 20 * 90000000LL);
    driver_close(driver);
}

CASE(nobody_funds_points_any_more_once_it_has_left)
{
    struct charter *draft = coalition_draft(&four);
    coalition_joint(draft, A, B, 1000);
    struct driver *driver = driver_open(coalition_found(draft));
    struct transaction enrol = tx_enrol(1), earn = tx_earn(1, 100);
    earn.body.earn.lots[0].split =
        (struct funding_split){.count = 2, .funders = {{{A}, 5000}, {{B}, 5000}}};
    CHECK_INT(driver_apply(driver, A, &enrol), VERDICT_ACCEPTED);
    CHECK_INT(driver_apply(driver, A, &earn), VERDICT_ACCEPTED);
    wait_for(driver, 3, change_remove_partner(B));
    driver_pass(driver, 1000);
    CHECK_INT(driver_apply(driver, A, &earn), VERDICT_ACCEPTED);
    driver_pass(driver, 1000);
    CHECK_INT(driver_apply(driver, A, &earn), VERDICT_UNKNOWN_PARTNER);
    struct transaction redeem = tx_redeem(1, 150); /* what B paid for is still worth it */
    CHECK_INT(driver_apply(driver, C, &redeem), VERDICT_ACCEPTED);
    CHECK(state_obligation(driver->state, (struct partner_id){B}, (struct partner_id){C},
                           LINE_REDEMPTION)
              .v > 0);
    driver_close(driver);
}

int main(void)
{
    RUN(the_file_is_in_force_until_something_changes);
    RUN(evidence_suspends_two_heights_later);
    RUN(evidence_changes_the_digest);
    RUN(new_keys_come_before_or_after_a_suspension_and_end_it);
    RUN(a_suspension_of_a_key_that_is_gone_by_then_lapses);
    RUN(amendments_take_effect_in_order_of_height_then_of_carrying);
    RUN(what_does_not_fit_any_more_lapses_and_changes_nothing);
    RUN(partners_that_come_later_earn_redeem_and_owe);
    RUN(nobody_funds_points_any_more_once_it_has_left);
    return check_report();
}
