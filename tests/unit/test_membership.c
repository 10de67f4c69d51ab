// links: partners
/* The charter in force, height by height: evidence, amendments that wait, lapse or take effect. */
#include "partners/state_parts.h"
#include "unit/changes.h"

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

/* Whoever is accused last of all stays, and is accused no more while that is so: a cut for nothing
 * would follow the other. */
CASE(the_last_open_lane_is_not_suspended)
{
    struct driver *driver = open_four();
    driver_seal(driver);
    driver_pass(driver, 1000); /* 2 */
    accuse(driver, B);
    accuse(driver, C);
    accuse(driver, D);
    CHECK(!state_accused(driver->state, (struct node_id){A}));
    accuse(driver, A);
    driver_seal(driver);
    CHECK(suspended(driver, 4, B) && suspended(driver, 4, C) && suspended(driver, 4, D));
    CHECK(!suspended(driver, 4, A));
    CHECK_INT(driver->automatic_count, 5);
    CHECK_INT(driver->effects[4].kind, EFFECT_LAPSED);
    CHECK_INT(driver->effects[4].what, A);
    CHECK(state_accused(driver->state, (struct node_id){A}));
    wait_for(driver, 5, change_replace_keys(B, 1));
    driver_pass(driver, 1000); /* 3: the charter of 5 is known at its end */
    driver_seal(driver);
    CHECK(!suspended(driver, 5, B));
    CHECK(!state_accused(driver->state, (struct node_id){A}));
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
    CHECK_INT(state_obligation(driver->state, a, b, LINE_REDEMPTION, 0).v, (40 + 20) * 90000000LL);
    CHECK_INT(state_obligation(driver->state, a, e, LINE_REDEMPTION, 0).v, 40 * 90000000LL);
    CHECK_INT(state_obligation(driver->state, aa, b, LINE_REDEMPTION, 0).v, 20 * 90000000LL);
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
                           LINE_REDEMPTION, 0)
              .v > 0);
    driver_close(driver);
}

/* ---- motions, ballots, ready ----------------------------------------------------------------- */

static enum verdict propose(struct driver *driver, uint16_t lane, uint32_t delay,
                            struct change change)
{
    struct transaction t = {.type = TRANSACTION_MOTION};
    t.body.motion.motion = (struct motion){.delay = delay, .change = change};
    return driver_apply(driver, lane, &t);
}

/* The ballot of a founder, whose governance key has its own number, or of one who came later. */
static enum verdict ballot_by(struct driver *driver, uint16_t lane, struct record_index motion,
                              uint16_t partner, uint8_t kind, uint8_t number)
{
    struct transaction t = {.type = TRANSACTION_BALLOT};
    struct signing_key *key = coalition_key(kind, number);
    struct hash hash = {{0}};
    for (size_t i = 0; i < state_motion_count(driver->state); i++) {
        struct motion_view view;
        state_motion(driver->state, i, &view);
        if (view.record.v == motion.v)
            hash = view.hash;
    }
    t.body.ballot.motion = motion;
    t.body.ballot.partner.v = partner;
    t.body.ballot.signature = ballot_sign(key, &driver->charter->coalition, motion, &hash);
    signing_key_close(key);
    return driver_apply(driver, lane, &t);
}

static enum verdict ballot(struct driver *driver, uint16_t lane, struct record_index motion,
                           uint16_t partner)
{
    return ballot_by(driver, lane, motion, partner, 2, (uint8_t)partner);
}

static enum verdict say_ready(struct driver *driver, uint16_t lane, uint64_t height)
{
    struct transaction t = {.type = TRANSACTION_READY};
    t.body.ready.height = height;
    t.body.ready.digest = driver->state->digests[height % DIGESTS_KEPT];
    return driver_apply(driver, lane, &t);
}

/* Carried by A, B and C; returns its record. */
static struct record_index carry(struct driver *driver, uint32_t delay, struct change change)
{
    CHECK_INT(propose(driver, A, delay, change), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    for (uint16_t i = A; i <= C; i++)
        CHECK_INT(ballot(driver, D, motion, i), VERDICT_ACCEPTED);
    return motion;
}

CASE(a_motion_is_carried_at_q_ballots_and_takes_effect_after_its_delay)
{
    struct driver *driver = open_four(); /* height 1 */
    CHECK_INT(propose(driver, A, 3, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 0);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, A, motion, A), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, A, motion, B), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 0);
    driver_pass(driver, 1000); /* 2 */
    CHECK_INT(ballot(driver, D, motion, C), VERDICT_ACCEPTED);
    REQUIRE(driver->effect_count == 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_AMENDED);
    CHECK_INT(driver->effects[0].change, CHANGE_SET_LIMITS);
    CHECK_INT(driver->effects[0].what, motion.v);
    CHECK_INT(driver->effects[0].height, 5);
    CHECK_INT(ballot(driver, D, motion, D), VERDICT_MOTION_CLOSED);
    CHECK_INT(state_amendment_count(driver->state), 1);
    struct amendment_view view;
    state_amendment(driver->state, 0, &view);
    CHECK_INT(view.height, 5);
    CHECK_INT(view.what, motion.v);
    driver_pass(driver, 1000);
    driver_seal(driver);
    CHECK_INT(state_amendment_count(driver->state), 0);
    CHECK_INT(state_charter_at(driver->state, 4)->limits.timeout_ms, 1000);
    CHECK_INT(state_charter_at(driver->state, 5)->limits.timeout_ms, 77);
    driver_close(driver);
}

CASE(ballots_count_once_for_those_who_have_a_say)
{
    struct driver *driver = open_four();
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver), no_motion = {motion.v + 1};
    CHECK_INT(ballot(driver, A, motion, A), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, A, motion, A), VERDICT_NOTHING_TO_DO);
    CHECK_INT(ballot(driver, B, motion, A), VERDICT_NOTHING_TO_DO);
    CHECK_INT(ballot(driver, A, motion, OPERATOR), VERDICT_NOT_A_VOTER);
    CHECK_INT(ballot(driver, A, motion, 5), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(ballot(driver, A, no_motion, B), VERDICT_UNKNOWN_MOTION);
    CHECK_INT(ballot_by(driver, A, motion, B, 2, C), VERDICT_BAD_SIGNATURE);
    CHECK_INT(ballot_by(driver, A, motion, B, 1, B), VERDICT_BAD_SIGNATURE); /* its node's key */
    CHECK_INT(ballot(driver, A, motion, B), VERDICT_ACCEPTED);
    struct motion_view view;
    REQUIRE(state_motion_count(driver->state) == 1);
    state_motion(driver->state, 0, &view);
    CHECK(view.open && !view.carried);
    CHECK_INT(view.ballot_count, 2);
    CHECK_INT(view.by.v, A);
    CHECK(view.record.v == motion.v);
    driver_close(driver);
}

CASE(a_ballot_of_one_motion_is_none_of_another)
{
    struct driver *driver = open_four();
    struct transaction t = {.type = TRANSACTION_BALLOT};
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct record_index first = driver_last(driver);
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct motion_view view;
    state_motion(driver->state, 0, &view);
    struct signing_key *key = coalition_key(2, B);
    t.body.ballot.motion = driver_last(driver);
    t.body.ballot.partner.v = B;
    t.body.ballot.signature = ballot_sign(key, &driver->charter->coalition, first, &view.hash);
    signing_key_close(key);
    CHECK_INT(driver_apply(driver, A, &t), VERDICT_BAD_SIGNATURE);
    driver_close(driver);
}

CASE(a_motion_is_open_for_thirty_days_and_known_for_sixty)
{
    struct driver *driver = open_four();
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, A, motion, A), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, A, motion, B), VERDICT_ACCEPTED);
    driver_pass(driver, MOTION_OPEN_MS - 1);
    CHECK_INT(ballot_by(driver, A, motion, C, 2, D), VERDICT_BAD_SIGNATURE); /* still open */
    driver_pass(driver, 1);
    CHECK_INT(ballot(driver, A, motion, C), VERDICT_MOTION_CLOSED);
    driver_pass(driver, MOTION_OPEN_MS - 1);
    CHECK_INT(ballot(driver, A, motion, C), VERDICT_MOTION_CLOSED);
    driver_pass(driver, 1);
    CHECK_INT(ballot(driver, A, motion, C), VERDICT_UNKNOWN_MOTION);
    CHECK_INT(state_motion_count(driver->state), 0);
    driver_close(driver);
}

CASE(what_cannot_fit_is_refused_when_it_is_proposed)
{
    struct driver *driver = open_four();
    CHECK_INT(propose(driver, A, 2, change_remove_node(9)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(propose(driver, A, 2, change_remove_partner(9)), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(propose(driver, A, 2, change_set_voter(B, true)), VERDICT_NOTHING_TO_DO);
    CHECK_INT(propose(driver, A, 2, change_admit(B, "b-2", 1, true)), VERDICT_BAD_VOTERS);
    CHECK_INT(propose(driver, A, 2, change_found("a", "e-1", 1, true)), VERDICT_NAME_TAKEN);
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 1)), VERDICT_BAD_LIMIT);
    struct change change = change_replace_governance(B, 1);
    change.key = driver->charter->nodes[C].sign_key;
    CHECK_INT(propose(driver, A, 2, change), VERDICT_KEY_TAKEN);
    CHECK_INT(propose(driver, A, 2, change_suspend(driver->charter, B)), VERDICT_MALFORMED);
    CHECK_INT(propose(driver, A, 2, change_promote(B)), VERDICT_MALFORMED);
    CHECK_INT(propose(driver, A, 1, change_remove_node(B)), VERDICT_MALFORMED);
    CHECK_INT(propose(driver, A, MOTION_DELAY_MAX + 1, change_remove_node(B)), VERDICT_MALFORMED);
    CHECK_INT(state_motion_count(driver->state), 0);
    driver_close(driver);
}

CASE(a_partner_has_eight_open_motions_and_a_lane_sixteen_at_once)
{
    struct driver *driver = open_four();
    for (uint32_t i = 0; i < MOTIONS_OPEN_MAX; i++)
        CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77 + i)),
                  VERDICT_ACCEPTED);
    CHECK_INT(propose(driver, A, 2, change_remove_node(B)), VERDICT_TOO_MANY_MOTIONS);
    CHECK_INT(propose(driver, B, 2, change_remove_node(B)), VERDICT_ACCEPTED);
    struct record_index motion = {driver->index - 3}; /* A's last one that was accepted */
    for (uint16_t i = A; i <= C; i++)
        CHECK_INT(ballot(driver, C, motion, i), VERDICT_ACCEPTED);
    CHECK_INT(propose(driver, A, 2, change_remove_node(B)), VERDICT_ACCEPTED); /* one was carried */
    for (int i = 0; i < LANE_MOTIONS_MAX - MOTIONS_OPEN_MAX - 2; i++)
        CHECK_INT(propose(driver, A, 2, change_remove_node(9)), VERDICT_TOO_MANY_MOTIONS);
    CHECK_INT(ballot(driver, A, motion, D), VERDICT_TOO_MANY_MOTIONS);
    driver_pass(driver, 1000);
    CHECK_INT(ballot(driver, A, motion, D), VERDICT_MOTION_CLOSED);
    driver_close(driver);
}

CASE(no_more_than_ninety_six_changes_wait)
{
    struct driver *driver = open_four();
    for (uint64_t i = 0; i < PENDING_MAX; i++)
        wait_for(driver, 100 + i, change_set_limit(LIMIT_TIMEOUT_MS, 100 + i));
    CHECK_INT(propose(driver, A, 2, change_remove_node(B)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, A, motion, A), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, A, motion, B), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, A, motion, C), VERDICT_TOO_MANY_MOTIONS);
    driver_pass(driver, 1000);
    accuse(driver, C); /* evidence always finds room */
    driver_seal(driver);
    CHECK(suspended(driver, 4, C));
    driver_close(driver);
}

CASE(a_new_partner_votes_two_heights_after_it_is_ready)
{
    struct driver *driver = open_four(); /* 1 */
    carry(driver, 2, change_found("e", "e-1", 1, true));
    driver_pass(driver, 1000);
    driver_pass(driver, 1000); /* 3 */
    CHECK(state_charter(driver->state)->nodes[4].joining);
    CHECK_INT(say_ready(driver, A, 2), VERDICT_NOT_JOINING);
    CHECK_INT(say_ready(driver, 4, 3), VERDICT_WRONG_DIGEST); /* not after this height yet */
    CHECK_INT(say_ready(driver, 4, 0), VERDICT_WRONG_DIGEST);
    CHECK_INT(say_ready(driver, 4, 4), VERDICT_WRONG_DIGEST);
    CHECK_INT(say_ready(driver, 4, 2), VERDICT_ACCEPTED);
    REQUIRE(driver->effect_count == 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_AMENDED);
    CHECK_INT(driver->effects[0].change, CHANGE_PROMOTE);
    CHECK_INT(driver->effects[0].what, 4);
    CHECK_INT(driver->effects[0].height, 5);
    CHECK_INT(say_ready(driver, 4, 2), VERDICT_NOTHING_TO_DO);
    driver_seal(driver);
    CHECK_INT(state_charter_at(driver->state, 4)->voter_count, 4);
    CHECK_INT(state_charter_at(driver->state, 5)->voter_count, 5);
    driver_pass(driver, 1000);
    driver_pass(driver, 1000); /* 5: Q is 4 of 5 now */
    CHECK_INT(say_ready(driver, 4, 4), VERDICT_NOT_JOINING);
    CHECK_INT(propose(driver, 4, 2, change_remove_partner(A)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, 4, motion, B), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, 4, motion, C), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, 4, motion, D), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 0);
    CHECK_INT(ballot_by(driver, 4, motion, 5, CHANGES_KEY_KINDS + 2, 1), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 1);
    driver_pass(driver, 1000);
    driver_pass(driver, 1000);
    CHECK(state_charter(driver->state)->partners[A].left);
    driver_close(driver);
}

CASE(readiness_names_one_of_the_last_256_heights)
{
    struct driver *driver = open_four();
    carry(driver, 2, change_found("e", "e-1", 1, true));
    while (driver->height < 258)
        driver_pass(driver, 1000);
    CHECK_INT(say_ready(driver, 4, 1), VERDICT_WRONG_DIGEST);
    struct transaction t = {.type = TRANSACTION_READY};
    t.body.ready.height = 2;
    t.body.ready.digest = hash_bytes(bytes_text("another ledger"));
    CHECK_INT(driver_apply(driver, 4, &t), VERDICT_WRONG_DIGEST);
    CHECK_INT(say_ready(driver, 4, 2), VERDICT_ACCEPTED);
    driver_close(driver);
}

CASE(a_ballot_of_one_who_has_left_does_not_carry)
{
    struct driver *driver = open_four();
    struct record_index leaves = carry(driver, 2, change_remove_partner(C));
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, D, motion, C), VERDICT_ACCEPTED);
    CHECK_INT(ballot(driver, D, motion, A), VERDICT_ACCEPTED);
    driver_pass(driver, 1000);
    driver_pass(driver, 1000); /* 3: A, B and D vote, and two of them are Q */
    (void)leaves;
    CHECK_INT(ballot(driver, D, motion, C), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(ballot(driver, D, motion, B), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 1);
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 78)), VERDICT_ACCEPTED);
    motion = driver_last(driver);
    CHECK_INT(ballot(driver, D, motion, A), VERDICT_ACCEPTED);
    CHECK_INT(driver->effect_count, 0);
    driver_close(driver);
}

CASE(a_replaced_governance_key_signs_no_more_ballots)
{
    struct driver *driver = open_four();
    carry(driver, 2, change_replace_governance(B, 9));
    driver_pass(driver, 1000);
    driver_pass(driver, 1000);
    CHECK_INT(propose(driver, A, 2, change_set_limit(LIMIT_TIMEOUT_MS, 77)), VERDICT_ACCEPTED);
    struct record_index motion = driver_last(driver);
    CHECK_INT(ballot(driver, A, motion, B), VERDICT_BAD_SIGNATURE);
    CHECK_INT(ballot_by(driver, A, motion, B, CHANGES_KEY_KINDS + 2, 9), VERDICT_ACCEPTED);
    driver_close(driver);
}

/* The motion that came later changes what the first was to change. */
CASE(of_two_motions_on_one_node_the_later_may_lapse)
{
    struct driver *driver = open_four();
    struct record_index first = carry(driver, 3, change_replace_keys(B, 1));
    struct record_index second = carry(driver, 2, change_remove_node(B));
    driver_seal(driver); /* 1: the second's turn is at 3, the first's at 4 */
    CHECK_INT(driver->automatic_count, 0);
    driver_pass(driver, 1000);
    driver_seal(driver);
    REQUIRE(driver->automatic_count == 1);
    CHECK_INT(driver->effects[0].kind, EFFECT_LAPSED);
    CHECK_INT(driver->effects[0].what, first.v);
    CHECK(state_charter_at(driver->state, 3)->nodes[B].left);
    (void)second;
    driver_close(driver);
}

int main(void)
{
    RUN(the_file_is_in_force_until_something_changes);
    RUN(evidence_suspends_two_heights_later);
    RUN(the_last_open_lane_is_not_suspended);
    RUN(evidence_changes_the_digest);
    RUN(new_keys_come_before_or_after_a_suspension_and_end_it);
    RUN(a_suspension_of_a_key_that_is_gone_by_then_lapses);
    RUN(amendments_take_effect_in_order_of_height_then_of_carrying);
    RUN(what_does_not_fit_any_more_lapses_and_changes_nothing);
    RUN(partners_that_come_later_earn_redeem_and_owe);
    RUN(nobody_funds_points_any_more_once_it_has_left);
    RUN(a_motion_is_carried_at_q_ballots_and_takes_effect_after_its_delay);
    RUN(ballots_count_once_for_those_who_have_a_say);
    RUN(a_ballot_of_one_motion_is_none_of_another);
    RUN(a_motion_is_open_for_thirty_days_and_known_for_sixty);
    RUN(what_cannot_fit_is_refused_when_it_is_proposed);
    RUN(a_partner_has_eight_open_motions_and_a_lane_sixteen_at_once);
    RUN(no_more_than_ninety_six_changes_wait);
    RUN(a_new_partner_votes_two_heights_after_it_is_ready);
    RUN(readiness_names_one_of_the_last_256_heights);
    RUN(a_ballot_of_one_who_has_left_does_not_carry);
    RUN(a_replaced_governance_key_signs_no_more_ballots);
    RUN(of_two_motions_on_one_node_the_later_may_lapse);
    return check_report();
}
