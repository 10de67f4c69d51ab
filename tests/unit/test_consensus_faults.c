// links: protocol
/* The step function among liars, before its start, after a restart, and without a vote. */
#include "unit/consensus_world.h"

/* ---- liars --------------------------------------------------------------------------------- */

CASE(an_equivocating_proposers_second_cut_can_still_be_locked_and_decided)
{
    started(0);
    propose(0, -1, &A);
    propose(0, -1, &B);
    judge(&A, CUT_VALID);
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, &A));
    CHECK_INT(consensus_conflicts(world.c, 1), 1);
    hear(0, VOTE_PREVOTE, 0, &A);
    hear_places("123", VOTE_PREVOTE, 0, &B);
    CHECK(casts(VOTE_PRECOMMIT, 0, &B));
    hear_places("123", VOTE_PRECOMMIT, 0, &B);
    CHECK(happens(ACTION_DECIDED));
    close_world();
}

CASE(a_third_cut_takes_the_second_slot_only_when_votes_ask_for_it)
{
    started(0);
    propose(0, -1, &A);
    propose(0, -1, &B);
    forget_seen();
    propose(0, -1, &C);
    CHECK(nothing_happens() && consensus_cut_bytes(world.c, &C.cut.id).size == 0);
    hear_places("12", VOTE_PREVOTE, 0, &C);
    propose(0, -1, &C);
    CHECK(happens(ACTION_JUDGE));
    CHECK(bytes_equal(consensus_cut_bytes(world.c, &C.cut.id), buffer_bytes(&C.bytes)));
    close_world();
}

CASE(a_voter_counts_once_and_its_second_claim_is_a_conflict)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    forget_seen();
    hear(1, VOTE_PREVOTE, 0, &A);
    hear(1, VOTE_PREVOTE, 0, &A);
    hear(0, VOTE_PREVOTE, 0, &A);
    CHECK(!happens(ACTION_VOTE) && consensus_conflicts(world.c, 1) == 0);
    hear(1, VOTE_PREVOTE, 0, &B);
    CHECK_INT(consensus_conflicts(world.c, 1), 1);
    const struct vote *kept = consensus_vote(world.c, 0, VOTE_PREVOTE, 1, 0);
    CHECK(kept && hash_equal(&kept->cut, &A.cut.id));
    hear(2, VOTE_PREVOTE, 5, &A);
    hear(2, VOTE_PREVOTE, 5, &B);
    CHECK_INT(consensus_conflicts(world.c, 2), 1);
    close_world();
}

CASE(a_liars_later_claim_for_a_proposed_cut_counts_too)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear(0, VOTE_PREVOTE, 0, &A);
    hear(2, VOTE_PREVOTE, 0, &A);
    hear(1, VOTE_PREVOTE, 0, NULL); /* the liar's word to us */
    CHECK(!casts(VOTE_PRECOMMIT, 0, &A));
    hear(1, VOTE_PREVOTE, 0, &A); /* what it told another, relayed */
    CHECK(casts(VOTE_PRECOMMIT, 0, &A));
    CHECK_INT(consensus_conflicts(world.c, 1), 1);
    close_world();
}

CASE(a_round_that_is_left_unsigned_is_signed_as_nil)
{
    started(0);
    hear_places("123", VOTE_PRECOMMIT, 0, NULL);
    forget_seen();
    consensus_on_timeout(world.c, TIMEOUT_PRECOMMIT, consensus_height(world.c), 0);
    CHECK(casts(VOTE_PREVOTE, 0, NULL));
    CHECK(casts(VOTE_PRECOMMIT, 0, NULL));
    CHECK_INT(consensus_round(world.c), 1);
    close_world();
}

CASE(strangers_and_other_heights_do_not_count)
{
    started(0);
    struct vote vote = vote_of(1, VOTE_PRECOMMIT, 0, NULL);
    vote.voter.v = 3;
    consensus_on_vote(world.c, &vote);
    vote = vote_of(1, VOTE_PRECOMMIT, 0, NULL);
    vote.height++;
    consensus_on_vote(world.c, &vote);
    vote = vote_of(1, VOTE_PRECOMMIT, ROUND_MAX + 1, NULL);
    consensus_on_vote(world.c, &vote);
    CHECK_INT(consensus_vote_mask(world.c, 0, VOTE_PRECOMMIT), 0);
    CHECK_INT(consensus_vote_mask(world.c, ROUND_MAX + 1, VOTE_PRECOMMIT), 0);
    close_world();
}

CASE(the_last_round_is_entered_and_never_left)
{
    started(0);
    hear_places("12", VOTE_PREVOTE, ROUND_MAX, NULL);
    CHECK_INT(consensus_round(world.c), ROUND_MAX);
    enter_round_after(ROUND_MAX);
    CHECK_INT(consensus_round(world.c), ROUND_MAX);
    close_world();
}

/* ---- idle, restart, observing -------------------------------------------------------------- */

CASE(nothing_is_done_before_the_start_and_the_start_is_asked_for)
{
    open_world(0);
    CHECK(!consensus_wants_start(world.c));
    hear(1, VOTE_PREVOTE, 2, NULL);
    hear(1, VOTE_PRECOMMIT, 2, NULL);
    CHECK(!consensus_wants_start(world.c));
    hear(3, VOTE_PREVOTE, 0, NULL);
    CHECK(consensus_wants_start(world.c) && nothing_happens());
    close_world();
    open_world(0);
    propose(0, -1, &A);
    CHECK(consensus_wants_start(world.c));
    judge(&A, CUT_VALID);
    CHECK(!happens(ACTION_VOTE));
    consensus_start(world.c);
    CHECK(casts(VOTE_PREVOTE, 0, &A) && !consensus_wants_start(world.c));
    close_world();
}

CASE(a_decision_needs_no_start)
{
    open_world(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("123", VOTE_PRECOMMIT, 0, &A);
    CHECK(happens(ACTION_DECIDED) && !happens(ACTION_VOTE));
    close_world();
}

/* A lock on A of round 0 and our prevote and precommit for it, as read back from the store. */
static void restored_lock(bool precommitted)
{
    open_world(0);
    struct vote proof[3], own = vote_of(0, VOTE_PREVOTE, 0, &A);
    for (size_t i = 0; i < 3; i++)
        proof[i] = vote_of(i, VOTE_PREVOTE, 0, &A);
    consensus_restore_vote(world.c, &own);
    own = vote_of(0, VOTE_PRECOMMIT, 0, &A);
    if (precommitted) {
        consensus_restore_vote(world.c, &own);
        consensus_restore_lock(world.c, 0, &A.cut.id, 0, &A.cut.id, buffer_bytes(&A.bytes), proof,
                               3);
    }
}

CASE(after_a_restart_no_vote_is_cast_twice)
{
    restored_lock(true);
    CHECK(consensus_wants_start(world.c));
    consensus_start(world.c);
    propose(0, -1, &B);
    judge(&A, CUT_VALID);
    judge(&B, CUT_VALID);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    hear_places("123", VOTE_PREVOTE, 0, &B);
    CHECK(!happens(ACTION_VOTE));
    close_world();
    restored_lock(false); /* died between prevote and precommit */
    consensus_start(world.c);
    propose(0, -1, &B);
    judge(&B, CUT_VALID);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    CHECK(!happens(ACTION_VOTE));
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    CHECK(casts(VOTE_PRECOMMIT, 0, NULL));
    close_world();
}

CASE(after_a_restart_the_lock_still_binds)
{
    restored_lock(true);
    consensus_start(world.c);
    judge(&A, CUT_VALID);
    enter_round_after(0);
    forget_seen();
    propose(1, -1, &B);
    judge(&B, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 1, NULL));
    close_world();
}

CASE(after_a_restart_a_locked_proposer_proposes_its_cut_with_the_proof)
{
    restored_lock(true);
    consensus_start(world.c);
    forget_seen();
    for (int32_t round = 0; round < 3; round++)
        enter_round_after(round);
    struct consensus_action action;
    REQUIRE(take(ACTION_PROPOSE, &action)); /* round 3 is node 2's turn */
    CHECK(action.round == 3 && action.valid_round == 0 && hash_equal(&action.cut, &A.cut.id));
    static struct consensus_lock lock;
    consensus_lock(world.c, &lock);
    CHECK(lock.proof_count == 3 && bytes_equal(lock.valid_cut, buffer_bytes(&A.bytes)));
    close_world();
}

CASE(after_a_restart_no_round_is_proposed_in_twice)
{
    open_world(1);
    consensus_restore_proposal(world.c, 0); /* node 5's own, of round 0 */
    consensus_start(world.c);
    CHECK(!happens(ACTION_NEED_CUT) && !happens(ACTION_PROPOSE));
    CHECK(timeout_set(TIMEOUT_PROPOSE, 0));
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, &A));
    close_world();
}

CASE(an_observer_follows_and_never_votes)
{
    started(OBSERVER);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("012", VOTE_PREVOTE, 0, &A);
    consensus_on_timeout(world.c, TIMEOUT_PROPOSE, HEIGHT, 0);
    consensus_on_timeout(world.c, TIMEOUT_PREVOTE, HEIGHT, 0);
    for (int32_t round = 0; round < 4; round++)
        enter_round_after(round);
    CHECK(!happens(ACTION_VOTE) && !happens(ACTION_NEED_CUT) && !happens(ACTION_PROPOSE));
    hear_places("012", VOTE_PRECOMMIT, 0, &A);
    CHECK(happens(ACTION_DECIDED));
    close_world();
}

CASE(a_coalition_of_one_decides_alone)
{
    open_world(0);
    world.config.voter_count = world.config.proposer_count = 1;
    world.config.faulty = 0;
    world.config.quorum = 1;
    consensus_begin(world.c, &world.config, HEIGHT);
    consensus_start(world.c);
    CHECK(happens(ACTION_NEED_CUT));
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    CHECK(casts(VOTE_PREVOTE, 0, &A));
    hear(0, VOTE_PREVOTE, 0, &A);
    CHECK(casts(VOTE_PRECOMMIT, 0, &A));
    CHECK(!happens(ACTION_DECIDED));
    hear(0, VOTE_PRECOMMIT, 0, &A);
    CHECK(happens(ACTION_DECIDED));
    close_world();
}

CASE(a_vote_counts_only_once_it_is_given_back)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("12", VOTE_PREVOTE, 0, &A);
    CHECK(casts(VOTE_PREVOTE, 0, &A) && !happens(ACTION_VOTE)); /* two others and not yet ours */
    hear(0, VOTE_PREVOTE, 0, &A);
    CHECK(casts(VOTE_PRECOMMIT, 0, &A));
    close_world();
}

CASE(a_new_height_begins_with_nothing_of_the_last)
{
    locked_on_a();
    enter_round_after(0);
    consensus_begin(world.c, &world.config, HEIGHT + 1);
    CHECK(consensus_height(world.c) == HEIGHT + 1 && consensus_round(world.c) == 0);
    static struct consensus_lock lock;
    consensus_lock(world.c, &lock);
    CHECK(lock.locked_round == -1 && lock.valid_round == -1 && lock.proof_count == 0);
    CHECK(consensus_vote_mask(world.c, 0, VOTE_PREVOTE) == 0);
    CHECK(consensus_cut_bytes(world.c, &A.cut.id).size == 0);
    int32_t rounds[4];
    CHECK_INT(consensus_rounds(world.c, rounds, 4), 0);
    close_world();
}

CASE(rounds_that_hold_something_are_told_newest_first)
{
    started(0);
    propose(0, -1, &A);
    enter_round_after(0);
    enter_round_after(1);
    hear(1, VOTE_PRECOMMIT, 2, NULL);
    int32_t rounds[4] = {-1, -1, -1, -1};
    CHECK_INT(consensus_rounds(world.c, rounds, 4), 2);
    CHECK(rounds[0] == 2 && rounds[1] == 0);
    CHECK_INT(consensus_rounds(world.c, rounds, 1), 1);
    close_world();
}

int main(void)
{
    make_cuts();
    RUN(an_equivocating_proposers_second_cut_can_still_be_locked_and_decided);
    RUN(a_third_cut_takes_the_second_slot_only_when_votes_ask_for_it);
    RUN(a_voter_counts_once_and_its_second_claim_is_a_conflict);
    RUN(a_liars_later_claim_for_a_proposed_cut_counts_too);
    RUN(a_round_that_is_left_unsigned_is_signed_as_nil);
    RUN(strangers_and_other_heights_do_not_count);
    RUN(the_last_round_is_entered_and_never_left);
    RUN(nothing_is_done_before_the_start_and_the_start_is_asked_for);
    RUN(a_decision_needs_no_start);
    RUN(after_a_restart_no_vote_is_cast_twice);
    RUN(after_a_restart_the_lock_still_binds);
    RUN(after_a_restart_a_locked_proposer_proposes_its_cut_with_the_proof);
    RUN(after_a_restart_no_round_is_proposed_in_twice);
    RUN(an_observer_follows_and_never_votes);
    RUN(a_coalition_of_one_decides_alone);
    RUN(a_vote_counts_only_once_it_is_given_back);
    RUN(a_new_height_begins_with_nothing_of_the_last);
    RUN(rounds_that_hold_something_are_told_newest_first);
    release_cuts();
    return check_report();
}
