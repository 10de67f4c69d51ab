// links: protocol
/* The step function against algorithm 1 of arXiv 1807.04938, line by line. */
#include "unit/consensus_world.h"

/* ---- lines 11-21: StartRound --------------------------------------------------------------- */

CASE(line_11_the_proposer_turns_with_height_and_round)
{
    struct consensus_config config = {.proposers = voters, .proposer_count = VOTERS};
    CHECK_INT(consensus_proposer(&config, 1, 0), 5);
    CHECK_INT(consensus_proposer(&config, 1, 3), 2);
    CHECK_INT(consensus_proposer(&config, 2, 0), 7);
    CHECK_INT(consensus_proposer(&config, INT64_MAX, ROUND_MAX), 9);
}

CASE(a_voter_without_turns_votes_and_is_never_waited_for)
{
    static const uint16_t turns[] = {2, 7, 9};
    struct consensus_config config = {.proposers = turns, .proposer_count = 3};
    for (uint64_t height = 1; height < 8; height++)
        CHECK(consensus_proposer(&config, height, 0) != 5);
    open_world(1); /* node 5 itself */
    world.config.proposers = turns;
    world.config.proposer_count = 3;
    consensus_begin(world.c, &world.config, 2);
    consensus_start(world.c);
    CHECK(!happens(ACTION_NEED_CUT));
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, 2, 0);
    struct consensus_action action;
    REQUIRE(take(ACTION_VOTE, &action));
    CHECK(action.vote.voter.v == 5 && action.vote.nil);
    close_world();
}

CASE(line_18_a_proposer_without_a_valid_value_asks_for_one)
{
    open_world(1);
    CHECK(nothing_happens());
    consensus_start(world.c);
    CHECK(happens(ACTION_NEED_CUT));
    CHECK(timeout_set(TIMEOUT_PROPOSE, 0));
    CHECK(nothing_happens());
    consensus_start(world.c);
    CHECK(nothing_happens());
    close_world();
}

CASE(line_16_a_proposer_with_a_valid_value_proposes_it_again)
{
    started(2); /* node 7: the proposer of round 1 */
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("012", VOTE_PREVOTE, 0, &A);
    forget_seen();
    enter_round_after(0);
    struct consensus_action action;
    REQUIRE(take(ACTION_PROPOSE, &action));
    CHECK(action.round == 1 && action.valid_round == 0 && hash_equal(&action.cut, &A.cut.id));
    CHECK(!happens(ACTION_NEED_CUT));
    close_world();
}

CASE(line_21_who_does_not_propose_waits_a_time_that_grows_to_a_minute)
{
    struct consensus_action action;
    open_world(0);
    consensus_start(world.c);
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK(action.timeout == TIMEOUT_PROPOSE && action.delay_ms == TIMEOUT_MS);
    CHECK(nothing_happens());
    enter_round_after(0);
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK_INT(action.delay_ms, TIMEOUT_MS + TIMEOUT_DELTA_MS);
    hear_places("12", VOTE_PREVOTE, 5000, NULL);
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK_INT(action.delay_ms, ROUND_TIMEOUT_MAX_MS);
    close_world();
}

/* ---- lines 22 and 28: the answer to a proposal --------------------------------------------- */

CASE(line_22_a_valid_fresh_cut_is_prevoted)
{
    started(0);
    propose(0, -1, &A);
    CHECK(happens(ACTION_JUDGE) && nothing_happens());
    judge(&A, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, &A));
    CHECK(nothing_happens() && consensus_step(world.c) == STEP_PREVOTE);
    close_world();
}

CASE(line_22_an_invalid_cut_gets_nil)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_INVALID);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    close_world();
}

CASE(line_22_an_untimely_fresh_cut_gets_nil)
{
    started(0);
    propose_as(5, 0, -1, &A, false);
    judge(&A, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    close_world();
}

CASE(line_28_an_untimely_cut_proposed_again_is_prevoted)
{
    started(0);
    enter_round_after(0);
    forget_seen();
    propose_as(7, 1, 0, &A, false);
    judge(&A, CUT_VALID);
    struct consensus_action action;
    CHECK(happens(ACTION_JUDGE));
    REQUIRE(take(ACTION_VOTE, &action));
    CHECK(!action.vote.nil && action.vote.valid_round == 0);
    close_world();
}

CASE(line_22_who_is_locked_elsewhere_prevotes_nil)
{
    locked_on_a();
    enter_round_after(0);
    forget_seen();
    propose(1, -1, &B);
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 1, NULL));
    close_world();
}

CASE(line_22_who_is_locked_on_the_proposed_cut_prevotes_it)
{
    locked_on_a();
    enter_round_after(0);
    forget_seen();
    propose(1, -1, &A);
    CHECK(casts(VOTE_PREVOTE, 1, &A));
    close_world();
}

CASE(line_29_a_valid_round_as_new_as_the_lock_unlocks)
{
    locked_on_a();
    enter_round_after(0);
    enter_round_after(1);
    forget_seen();
    propose(2, 1, &B); /* the others prevoted B in round 1 */
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 2, &B));
    close_world();
}

CASE(line_29_a_valid_round_equal_to_the_locks_unlocks)
{
    locked_on_a();
    enter_round_after(0);
    forget_seen();
    propose(1, 0, &B);
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 1, &B));
    close_world();
}

CASE(line_29_a_valid_round_older_than_the_lock_does_not_unlock)
{
    started(0);
    enter_round_after(0);
    propose(1, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("012", VOTE_PREVOTE, 1, &A); /* locked in round 1 */
    enter_round_after(1);
    forget_seen();
    propose(2, 0, &B);
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 2, NULL));
    close_world();
}

CASE(line_28_a_valid_round_without_its_proof_is_not_heard)
{
    static struct proposal proposal;
    started(0);
    enter_round_after(0);
    forget_seen();
    proposal = (struct proposal){.height = HEIGHT,
                                 .round = 1,
                                 .valid_round = 0,
                                 .proposer = {7},
                                 .cut_bytes = buffer_bytes(&A.bytes),
                                 .cut = A.cut};
    consensus_on_proposal(world.c, &proposal, bytes_text("p"), true, false);
    CHECK(nothing_happens() && consensus_proposal(world.c, 1, 0).size == 0);
    close_world();
}

CASE(line_22_a_second_proposal_gets_no_second_prevote)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, &A));
    propose(0, -1, &B);
    judge(&B, CUT_VALID);
    CHECK(!happens(ACTION_VOTE));
    close_world();
}

CASE(line_22_only_the_rounds_proposer_is_heard)
{
    started(0);
    propose_as(7, 0, -1, &A, true);
    propose_as(3, 0, -1, &A, true);
    CHECK(nothing_happens());
    close_world();
}

CASE(a_proposal_far_ahead_or_of_another_height_is_not_kept)
{
    started(0);
    propose(9, -1, &A);
    CHECK(nothing_happens() && consensus_proposal(world.c, 9, 0).size == 0);
    propose(8, -1, &A);
    CHECK(happens(ACTION_JUDGE) && consensus_proposal(world.c, 8, 0).size > 0);
    static struct proposal other;
    other = (struct proposal){.height = HEIGHT + 1,
                              .valid_round = -1,
                              .proposer = {7},
                              .cut_bytes = buffer_bytes(&A.bytes),
                              .cut = A.cut};
    consensus_on_proposal(world.c, &other, bytes_text("p"), true, false);
    CHECK(nothing_happens());
    close_world();
}

/* ---- line 34 ------------------------------------------------------------------------------- */

CASE(line_34_a_quorum_of_any_prevotes_sets_one_timeout)
{
    started(0);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    hear(0, VOTE_PREVOTE, 0, NULL);
    hear(1, VOTE_PREVOTE, 0, &A);
    CHECK(nothing_happens());
    hear(2, VOTE_PREVOTE, 0, &B);
    CHECK(timeout_set(TIMEOUT_PREVOTE, 0));
    hear(3, VOTE_PREVOTE, 0, &A);
    CHECK(nothing_happens());
    close_world();
}

CASE(line_34_waits_for_our_own_prevote)
{
    started(0);
    hear(1, VOTE_PREVOTE, 0, &A);
    hear(2, VOTE_PREVOTE, 0, &B);
    hear(3, VOTE_PREVOTE, 0, NULL);
    CHECK(nothing_happens());
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(casts(VOTE_PREVOTE, 0, NULL) && timeout_set(TIMEOUT_PREVOTE, 0));
    close_world();
}

/* ---- line 36 ------------------------------------------------------------------------------- */

CASE(line_36_a_quorum_of_prevotes_locks_and_precommits)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    forget_seen();
    hear_places("01", VOTE_PREVOTE, 0, &A);
    CHECK(nothing_happens());
    hear(2, VOTE_PREVOTE, 0, &A);
    struct consensus_action action;
    REQUIRE(take(ACTION_VOTE, &action));
    CHECK(action.vote.type == VOTE_PRECOMMIT && action.locks && action.vote.valid_round == -1);
    CHECK(hash_equal(&action.vote.cut, &A.cut.id));
    static struct consensus_lock lock;
    consensus_lock(world.c, &lock);
    CHECK(lock.locked_round == 0 && lock.valid_round == 0 && lock.proof_count == 3);
    CHECK(hash_equal(&lock.locked, &A.cut.id) && hash_equal(&lock.valid, &A.cut.id));
    CHECK(bytes_equal(lock.valid_cut, buffer_bytes(&A.bytes)));
    for (size_t i = 0; i < 3; i++)
        CHECK(lock.proof[i].type == VOTE_PREVOTE && hash_equal(&lock.proof[i].cut, &A.cut.id));
    close_world();
}

CASE(line_36_prevotes_split_between_cuts_lock_nothing)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    forget_seen();
    hear_places("01", VOTE_PREVOTE, 0, &A);
    hear_places("23", VOTE_PREVOTE, 0, &B);
    CHECK(!happens(ACTION_VOTE));
    close_world();
}

CASE(line_36_a_cut_that_is_not_held_valid_is_not_locked)
{
    started(0);
    propose(0, -1, &A);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    forget_seen();
    hear_places("123", VOTE_PREVOTE, 0, &A);
    CHECK(!happens(ACTION_VOTE));
    judge(&A, CUT_VALID); /* its batches came */
    CHECK(casts(VOTE_PRECOMMIT, 0, &A));
    close_world();
}

CASE(line_36_a_quorum_waits_for_our_own_prevote)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    enter_round_after(0);
    forget_seen();
    hear_places("123", VOTE_PREVOTE, 1, &A); /* the proposal of round 1 is lost */
    CHECK(nothing_happens());
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 1);
    CHECK(casts(VOTE_PREVOTE, 1, NULL) && casts(VOTE_PRECOMMIT, 1, &A));
    close_world();
}

CASE(line_42_after_a_precommit_of_nil_the_cut_becomes_valid_not_locked)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    forget_seen();
    hear_places("012", VOTE_PREVOTE, 0, &A);
    CHECK(!happens(ACTION_VOTE));
    static struct consensus_lock lock;
    consensus_lock(world.c, &lock);
    CHECK(lock.locked_round == -1 && lock.valid_round == 0 && lock.proof_count == 3);
    close_world();
}

/* ---- line 44 ------------------------------------------------------------------------------- */

CASE(line_44_a_quorum_of_nil_prevotes_precommits_nil)
{
    started(0);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    forget_seen();
    hear_places("01", VOTE_PREVOTE, 0, NULL);
    CHECK(nothing_happens());
    hear(3, VOTE_PREVOTE, 0, NULL);
    CHECK(casts(VOTE_PRECOMMIT, 0, NULL));
    CHECK_INT(consensus_step(world.c), STEP_PRECOMMIT);
    close_world();
}

/* ---- line 47 ------------------------------------------------------------------------------- */

CASE(line_47_a_quorum_of_any_precommits_sets_one_timeout)
{
    started(0);
    hear(1, VOTE_PRECOMMIT, 0, &A);
    hear(2, VOTE_PRECOMMIT, 0, NULL);
    CHECK(nothing_happens());
    hear(3, VOTE_PRECOMMIT, 0, NULL);
    struct consensus_action action;
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK(action.timeout == TIMEOUT_PRECOMMIT && action.delay_ms == TIMEOUT_MS);
    hear(0, VOTE_PRECOMMIT, 0, &B);
    CHECK(nothing_happens());
    close_world();
}

/* Nothing can be decided in the round any more: waiting would only cost time. */
CASE(line_47_a_quorum_of_nil_precommits_ends_the_round_at_once)
{
    struct consensus_action action;
    started(0);
    hear_places("12", VOTE_PRECOMMIT, 0, NULL);
    CHECK(nothing_happens());
    hear(3, VOTE_PRECOMMIT, 0, NULL);
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK(action.timeout == TIMEOUT_PRECOMMIT && action.delay_ms == 0 && action.round == 0);
    hear(0, VOTE_PRECOMMIT, 0, NULL);
    CHECK(nothing_happens());
    close_world();
    started(0); /* the wait was on already: it is cut short, once */
    hear(0, VOTE_PRECOMMIT, 0, &A);
    hear_places("12", VOTE_PRECOMMIT, 0, NULL);
    CHECK(happens(ACTION_TIMEOUT));
    hear(3, VOTE_PRECOMMIT, 0, NULL);
    REQUIRE(take(ACTION_TIMEOUT, &action));
    CHECK(action.delay_ms == 0 && nothing_happens());
    close_world();
}

/* ---- line 49 ------------------------------------------------------------------------------- */

CASE(line_49_a_quorum_of_precommits_decides)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    forget_seen();
    hear_places("31", VOTE_PRECOMMIT, 0, &A);
    CHECK(!happens(ACTION_DECIDED));
    hear(2, VOTE_PRECOMMIT, 0, &A);
    struct consensus_action action;
    REQUIRE(take(ACTION_DECIDED, &action));
    CHECK(hash_equal(&action.cut, &A.cut.id) && consensus_step(world.c) == STEP_DECIDED);
    const struct certificate *certificate = consensus_certificate(world.c);
    CHECK(certificate->height == HEIGHT && certificate->round == 0 && certificate->count == 3);
    CHECK(certificate->votes[0].voter.v == 5 && certificate->votes[1].voter.v == 7 &&
          certificate->votes[2].voter.v == 9);
    CHECK_INT(certificate->votes[2].signature.at[0], 4);
    hear(0, VOTE_PRECOMMIT, 0, &B);
    consensus_on_timeout(world.c, TIMEOUT_PRECOMMIT, HEIGHT, 0);
    CHECK(!happens(ACTION_VOTE) && consensus_round(world.c) == 0);
    close_world();
}

CASE(line_49_a_quorum_of_an_earlier_round_decides)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("12", VOTE_PRECOMMIT, 0, &A);
    enter_round_after(0);
    enter_round_after(1);
    forget_seen();
    hear(3, VOTE_PRECOMMIT, 0, &A);
    CHECK(happens(ACTION_DECIDED));
    CHECK_INT(consensus_certificate(world.c)->round, 0);
    close_world();
}

CASE(line_49_a_quorum_of_a_later_round_decides)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("123", VOTE_PRECOMMIT, 4, &A);
    CHECK(happens(ACTION_DECIDED));
    CHECK_INT(consensus_certificate(world.c)->round, 4);
    close_world();
}

CASE(line_49_precommits_of_different_rounds_or_cuts_do_not_add_up)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("12", VOTE_PRECOMMIT, 0, &A);
    enter_round_after(0);
    hear(3, VOTE_PRECOMMIT, 1, &A);
    hear(3, VOTE_PRECOMMIT, 0, &B);
    CHECK(!happens(ACTION_DECIDED));
    close_world();
}

CASE(line_49_a_decision_waits_for_the_cut_itself)
{
    started(0);
    hear_places("123", VOTE_PRECOMMIT, 0, &A);
    CHECK(!happens(ACTION_DECIDED));
    propose(0, -1, &A);
    CHECK(happens(ACTION_DECIDED));
    close_world();
}

CASE(line_49_a_quorum_for_a_cut_held_invalid_raises_an_alarm)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_INVALID);
    hear_places("123", VOTE_PRECOMMIT, 0, &A);
    CHECK(happens(ACTION_ALARM) && !happens(ACTION_DECIDED));
    close_world();
}

/* ---- line 55 ------------------------------------------------------------------------------- */

CASE(line_55_f_plus_1_voters_of_a_higher_round_pull_us_there)
{
    started(0);
    hear(1, VOTE_PREVOTE, 3, &A);
    hear(1, VOTE_PRECOMMIT, 3, &A);
    CHECK(consensus_round(world.c) == 0 && nothing_happens());
    hear(2, VOTE_PRECOMMIT, 3, NULL);
    CHECK_INT(consensus_round(world.c), 3);
    CHECK(happens(ACTION_NEED_CUT)); /* node 2's own turn */
    CHECK_INT(consensus_vote_mask(world.c, 3, VOTE_PREVOTE), 1 << 1);
    CHECK_INT(consensus_vote_mask(world.c, 3, VOTE_PRECOMMIT), 1 << 1 | 1 << 2);
    close_world();
}

CASE(line_55_the_round_that_f_plus_1_voters_reached_or_passed_is_entered)
{
    started(0);
    hear(1, VOTE_PREVOTE, 9, NULL);
    hear(2, VOTE_PREVOTE, 4, NULL);
    CHECK_INT(consensus_round(world.c), 4);
    hear(3, VOTE_PREVOTE, 7, NULL);
    CHECK_INT(consensus_round(world.c), 7);
    close_world();
}

CASE(line_55_of_a_voter_only_the_newest_higher_round_is_kept)
{
    started(0);
    for (int32_t round = 1; round <= 1000; round++)
        hear(1, VOTE_PREVOTE, round, NULL);
    hear(1, VOTE_PREVOTE, 500, NULL);
    CHECK_INT(consensus_vote_mask(world.c, 1000, VOTE_PREVOTE), 1 << 1);
    CHECK_INT(consensus_vote_mask(world.c, 500, VOTE_PREVOTE), 0);
    CHECK(consensus_vote(world.c, 1000, VOTE_PREVOTE, 1, 0) != NULL);
    CHECK(consensus_vote(world.c, 999, VOTE_PREVOTE, 1, 0) == NULL);
    CHECK_INT(consensus_round(world.c), 0);
    close_world();
}

/* ---- lines 57, 61 and 65: timeouts --------------------------------------------------------- */

CASE(line_57_no_proposal_in_time_gets_a_nil_prevote)
{
    started(0);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(nothing_happens());
    close_world();
}

CASE(line_61_no_quorum_of_prevotes_in_time_gets_a_nil_precommit)
{
    started(0);
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    CHECK(nothing_happens());
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    CHECK(casts(VOTE_PRECOMMIT, 0, NULL));
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    CHECK(nothing_happens());
    close_world();
}

CASE(line_65_no_decision_in_time_begins_the_next_round)
{
    started(0);
    enter_round_after(0);
    CHECK(consensus_round(world.c) == 1 && consensus_step(world.c) == STEP_PROPOSE);
    CHECK(timeout_set(TIMEOUT_PROPOSE, 1));
    close_world();
}

CASE(timeouts_of_other_rounds_and_heights_mean_nothing)
{
    started(0);
    enter_round_after(0);
    forget_seen();
    enum timeout_kind kinds[] = {TIMEOUT_PROPOSE, TIMEOUT_PREVOTE, TIMEOUT_PRECOMMIT};
    for (size_t i = 0; i < 3; i++) {
        consensus_on_timeout(world.c, kinds[i], HEIGHT, 0);
        consensus_on_timeout(world.c, kinds[i], HEIGHT, 2);
        consensus_on_timeout(world.c, kinds[i], HEIGHT + 1, 1);
    }
    CHECK(nothing_happens() && consensus_round(world.c) == 1);
    close_world();
}

int main(void)
{
    make_cuts();
    RUN(line_11_the_proposer_turns_with_height_and_round);
    RUN(a_voter_without_turns_votes_and_is_never_waited_for);
    RUN(line_18_a_proposer_without_a_valid_value_asks_for_one);
    RUN(line_16_a_proposer_with_a_valid_value_proposes_it_again);
    RUN(line_21_who_does_not_propose_waits_a_time_that_grows_to_a_minute);
    RUN(line_22_a_valid_fresh_cut_is_prevoted);
    RUN(line_22_an_invalid_cut_gets_nil);
    RUN(line_22_an_untimely_fresh_cut_gets_nil);
    RUN(line_28_an_untimely_cut_proposed_again_is_prevoted);
    RUN(line_22_who_is_locked_elsewhere_prevotes_nil);
    RUN(line_22_who_is_locked_on_the_proposed_cut_prevotes_it);
    RUN(line_29_a_valid_round_as_new_as_the_lock_unlocks);
    RUN(line_29_a_valid_round_equal_to_the_locks_unlocks);
    RUN(line_29_a_valid_round_older_than_the_lock_does_not_unlock);
    RUN(line_28_a_valid_round_without_its_proof_is_not_heard);
    RUN(line_22_a_second_proposal_gets_no_second_prevote);
    RUN(line_22_only_the_rounds_proposer_is_heard);
    RUN(a_proposal_far_ahead_or_of_another_height_is_not_kept);
    RUN(line_34_a_quorum_of_any_prevotes_sets_one_timeout);
    RUN(line_34_waits_for_our_own_prevote);
    RUN(line_36_a_quorum_of_prevotes_locks_and_precommits);
    RUN(line_36_prevotes_split_between_cuts_lock_nothing);
    RUN(line_36_a_cut_that_is_not_held_valid_is_not_locked);
    RUN(line_36_a_quorum_waits_for_our_own_prevote);
    RUN(line_42_after_a_precommit_of_nil_the_cut_becomes_valid_not_locked);
    RUN(line_44_a_quorum_of_nil_prevotes_precommits_nil);
    RUN(line_47_a_quorum_of_any_precommits_sets_one_timeout);
    RUN(line_47_a_quorum_of_nil_precommits_ends_the_round_at_once);
    RUN(line_49_a_quorum_of_precommits_decides);
    RUN(line_49_a_quorum_of_an_earlier_round_decides);
    RUN(line_49_a_quorum_of_a_later_round_decides);
    RUN(line_49_precommits_of_different_rounds_or_cuts_do_not_add_up);
    RUN(line_49_a_decision_waits_for_the_cut_itself);
    RUN(line_49_a_quorum_for_a_cut_held_invalid_raises_an_alarm);
    RUN(line_55_f_plus_1_voters_of_a_higher_round_pull_us_there);
    RUN(line_55_the_round_that_f_plus_1_voters_reached_or_passed_is_entered);
    RUN(line_55_of_a_voter_only_the_newest_higher_round_is_kept);
    RUN(line_57_no_proposal_in_time_gets_a_nil_prevote);
    RUN(line_61_no_quorum_of_prevotes_in_time_gets_a_nil_precommit);
    RUN(line_65_no_decision_in_time_begins_the_next_round);
    RUN(timeouts_of_other_rounds_and_heights_mean_nothing);
    release_cuts();
    return check_report();
}
