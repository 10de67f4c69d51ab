/* agreement.pml - the agreement of protocol/consensus.c, for spin: four voters, one of them a liar
 * whose place is fixed a run (-DLIAR=0..3), one height, ROUNDS rounds (2, or 3 in the soak), two
 * cuts. run.sh says how it is run.
 *
 * What must hold in every state that can be reached
 *   forked     no two honest nodes can decide different cuts;
 *   stuck      when the network heals here and the liar falls silent, some honest node can go on,
 *              round after round, until all three have passed the last round;
 *   undecided  and then there is an honest node whose round, with every message delivered, decides.
 *
 * What is modelled: lines 11-67 of arXiv 1807.04938 as consensus.c has them
 *   FRESH, AGAIN          enter_round (lines 14-20), ACTION_NEED_CUT and ACTION_PROPOSE
 *   TAKES, FREE_TO        rule_prevote (22, 28); a proof that is carried, or votes that are held
 *   prevote NIL           rule_prevote's refusal and TIMEOUT_PROPOSE (57), at any time
 *   precommit CUT         rule_lock (36): the lock and the precommit are one durable write
 *   precommit NIL         rule_precommit_nil (44), rule_prevote_timeout, TIMEOUT_PREVOTE (34, 61)
 *   MAY_LEAVE             rule_precommit_timeout and TIMEOUT_PRECOMMIT (47, 65); rule_catch_up (55)
 *   leave                 a node that leaves a round behind signs nil in it (see SILENT_LEAVE)
 *   FORK                  rule_decide (49): Q precommits of any round
 *
 * What is abstracted, and why nothing is lost
 *   Messages. A vote is a fact that stays (a bit of `prevotes` or `precommits`); a receiver may act
 *   on it at any later time or never. Guards only ask for "at least so many", so acting on a
 *   part of what was sent is acting later: loss, delay, order and repetition are all there.
 *   The liar has sent every vote: its bit stands in every mask from the start, and a receiver
 *   may count it for either cut and for nil. Real nodes keep its first claim: they can do less.
 *   In its own rounds it proposes either cut, fresh or again with any proof that can be made.
 *   Clocks. A timeout may fire at any time at which it is set; a cut that is unknown, late or held
 *   to be invalid is one that the timeout outruns.
 *   Deciding. A node that could decide may also never hear of it, so no node stops: that both cuts
 *   *can* be decided is a fork, since each can be decided by another honest node.
 *   Rounds and steps are not kept but read off the votes signed: a round without a signature of
 *   ours leaves no trace in anybody, so entering it is one step with the first signature in it.
 *   Restart. What a node has here is what its store has: its votes and proposals, and the lock,
 *   which is the newest precommit for a cut (one write). So a power cut changes nothing and may be
 *   anywhere. A valid value that came without a lock is not durable: for a proposal any
 *   provable one is taken, after healing none is counted upon.
 *   Durable before counted: written, sent and counted are one step, as sending may be delayed.
 *   After healing, of the liar's votes only those count that a re-proposal carries: it may have
 *   shown them to one node only, or that node may have forgotten them in a restart.
 *   The two cuts may change names, so the first round's honest proposer proposes A.
 *
 * CHANGE is the first height that another set of voters decides (rule 8): place 0 has left, place 4
 * has joined. Who left signs whatever it likes from now on, beside the liar among the voters:
 * two liars, and one of them counts nowhere. Each node learns at its own time what was decided below
 * (`knows`), and with it who votes here; until then it does not act (rule 9). The heights below are
 * agreements of their own, with one outcome each: that is what the rest of this file is about.
 *
 * Not here: a liar that goes on lying after the network heals (healed.pml), what the heights of a
 * change decide, the votes dropped to bound memory.
 *
 * Two mistakes are planted with CHANGE: OLD_VOTER, a node that votes before it knows, by the old
 * set; and OLD_JUDGE, a certificate of the old set is believed. Both end in a fork.
 *
 * Mistakes planted with -DPLANT_x, each of which has to be found. As in protocol/plant.h: NO_LOCK,
 * SMALL_QUORUM, LOST_STORE, EARLY_COUNT end in a fork, NO_PROOF and LOCAL_TEST undecided. And
 * SILENT_LEAVE, stuck: X goes on to round 1 by the precommits of Y, Z and the liar, having signed
 * no precommit in round 0; it signs in round 1, restarts, and has lost the liar's vote, which only
 * it had. Y and Z wait for a third vote of round 0 that nobody can give any more, X is one voter,
 * too few for line 55. So who leaves a round by line 65, or jumps past it by line 55, signs nil
 * in it where it has signed nothing. The model is of the design so mended: when it was written,
 * enter_round did not do this yet, and consensus.c had the mistake.
 *
 * WITNESS asks whether what the above is about can happen at all: that a cut which one node alone
 * locked in round 0 is proposed again in round 1 and decided there by honest votes.
 */
#define N 4
#define F 1
#ifndef LIAR
#define LIAR 0
#endif
#ifdef CHANGE
#define PLACES 5
#define VOTERS 30 /* a bit a place */
#define LIARS (1 | 1 << LIAR)
#define PROPOSER(r) (1 + (r) % N)
#define KNOWS(i) (knows >> (i) & 1)
#else
#define PLACES 4
#define VOTERS 15
#define LIARS (1 << LIAR)
#define PROPOSER(r) ((r) % N)
#define KNOWS(i) true
#endif
#define OLD_VOTERS 15
#define LIES(i) (LIARS >> (i) & 1)
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define LAST (ROUNDS - 1)

#ifdef PLANT_SMALL_QUORUM
#define Q 2
#else
#define Q 3
#endif
#ifdef PLANT_NO_LOCK
#define NO_LOCK true
#else
#define NO_LOCK false
#endif
#ifdef PLANT_NO_PROOF
#define PROOF_TRAVELS false
#else
#define PROOF_TRAVELS true
#endif
#ifdef PLANT_LOCAL_TEST
#define TAKES_OLD_CUTS false
#else
#define TAKES_OLD_CUTS true
#endif
#ifdef PLANT_OLD_VOTER
#define ACTS(i) true
#define SET_OF(i) (KNOWS(i) -> VOTERS : OLD_VOTERS)
#else
#define ACTS(i) KNOWS(i)
#define SET_OF(i) VOTERS
#endif
#ifdef PLANT_OLD_JUDGE
#define BELIEVED(votes, r, c) (QUORUM(votes, r, c, VOTERS) || QUORUM(votes, r, c, OLD_VOTERS))
#else
#define BELIEVED(votes, r, c) QUORUM(votes, r, c, VOTERS)
#endif
#ifdef PLANT_SILENT_LEAVE
#define LEAVES_A_VOTE false
#else
#define LEAVES_A_VOTE true
#endif

/* ---- what was said ------------------------------------------------------------------------- */

#define NIL 0
#define CUT_A 1
#define CUT_B 2
#define CLAIMS 3
#define AT(r, c) ((r) * CLAIMS + (c))

/* For each round and claim, a bit for each place that may have sent this vote. */
byte prevotes[ROUNDS * CLAIMS] = LIARS;
byte precommits[ROUNDS * CLAIMS] = LIARS;
/* Of an honest proposer: 0, or the cut + 4 * (validRound + 1). */
byte proposed[ROUNDS];

/* ---- what a node has: its own votes, 0 or 1 + claim ---------------------------------------- */

byte own_prevote[ROUNDS * PLACES];
byte own_precommit[ROUNDS * PLACES];
#ifdef CHANGE
byte knows; /* a bit a place */
#endif
#ifdef PLANT_EARLY_COUNT
byte unwritten[PLACES]; /* 0, or 1 + 2 * round + (it is a precommit) */
#define WRITTEN(i) (unwritten[i] == 0)
#else
#define WRITTEN(i) true
#endif

#define PREVOTE(i, r) own_prevote[(r) * PLACES + (i)]
#define PRECOMMIT(i, r) own_precommit[(r) * PLACES + (i)]
#define SIGNED(i, r) (PREVOTE(i, r) || PRECOMMIT(i, r) || (PROPOSER(r) == (i) && proposed[r]))
#define LOCKS(i, r) (PRECOMMIT(i, r) > 1 + NIL)

/* Rounds that may be "none" count from 1: round + 1. */
#if ROUNDS == 2
#define NEWEST(i) (SIGNED(i, 1) -> 1 : 0)
#define LOCKED_ROUND(i) (LOCKS(i, 1) -> 2 : (LOCKS(i, 0) -> 1 : 0))
#else
#define NEWEST(i) (SIGNED(i, 2) -> 2 : (SIGNED(i, 1) -> 1 : 0))
#define LOCKED_ROUND(i) (LOCKS(i, 2) -> 3 : (LOCKS(i, 1) -> 2 : (LOCKS(i, 0) -> 1 : 0)))
#endif
#define LOCKED(i) (PRECOMMIT(i, LOCKED_ROUND(i) - 1) - 1)

/* ---- thresholds ---------------------------------------------------------------------------- */

#ifdef CHANGE
#define FIFTH(mask) (((mask) >> 4) & 1)
#else
#define FIFTH(mask) 0
#endif
#define COUNT(mask)                                                                                \
    (((mask)&1) + (((mask) >> 1) & 1) + (((mask) >> 2) & 1) + (((mask) >> 3) & 1) + FIFTH(mask))
#define HONEST(mask) ((mask) & ~LIARS)
#define ANY(votes, r) (votes[AT(r, NIL)] | votes[AT(r, CUT_A)] | votes[AT(r, CUT_B)])
#define QUORUM(votes, r, c, set) (COUNT(votes[AT(r, c)] & (set)) >= Q)
#define QUORUM_ANY(votes, r, set) (COUNT(ANY(votes, r) & (set)) >= Q)
#define VOTED_IN(r) (HONEST(ANY(prevotes, r) | ANY(precommits, r)) != 0)
#if ROUNDS == 2
#define VOTED_FROM(r) ((r) <= 1 && VOTED_IN(1))
#else
#define VOTED_FROM(r) (((r) <= 1 && VOTED_IN(1)) || ((r) <= 2 && VOTED_IN(2)))
#endif

/* ---- rounds -------------------------------------------------------------------------------- */

/* Lines 65 and 55. */
#define MAY_LEAVE(i, r) (QUORUM_ANY(precommits, r, SET_OF(i)) || VOTED_FROM(r + 1))
#define ENTERS(i, r) (MAY_LEAVE(i, r - 1) && (!LEAVES_A_VOTE || PRECOMMIT(i, r - 1)))

#define IN_0(i) (NEWEST(i) == 0)
#define IN_1(i) (NEWEST(i) == 1 || (IN_0(i) && ENTERS(i, 1)))
#if ROUNDS == 2
#define IN(i, r) (((r) == 0 && IN_0(i)) || ((r) == 1 && IN_1(i)))
#else
#define IN_2(i)                                                                                    \
    (NEWEST(i) == 2 || (NEWEST(i) < 2 && ENTERS(i, 2) && (IN_1(i) || VOTED_FROM(2))))
#define IN(i, r)                                                                                   \
    (((r) == 0 && IN_0(i)) || ((r) == 1 && IN_1(i)) || ((r) == 2 && IN_2(i)))
#endif
#define STEP_PROPOSE(i, r)                                                                         \
    (ACTS(i) && !PREVOTE(i, r) && !PRECOMMIT(i, r) && WRITTEN(i) && IN(i, r))
#define STEP_PREVOTE(i, r)                                                                         \
    (ACTS(i) && PREVOTE(i, r) && !PRECOMMIT(i, r) && WRITTEN(i) && IN(i, r))

/* ---- proposals ----------------------------------------------------------------------------- */

#define FREE_TO(i, c, vr)                                                                          \
    (LOCKED_ROUND(i) == 0 || LOCKED(i) == c || ((vr) > 0 && LOCKED_ROUND(i) <= (vr)) || NO_LOCK)
#define LIAR_AGAIN(i, r, c, vr)                                                                    \
    ((vr) <= (r) && QUORUM(prevotes, (vr)-1, c, SET_OF(i)) && FREE_TO(i, c, vr))
#if ROUNDS == 2
#define LIAR_OFFERS(i, r, c) (FREE_TO(i, c, 0) || LIAR_AGAIN(i, r, c, 1))
#else
#define LIAR_OFFERS(i, r, c)                                                                       \
    (FREE_TO(i, c, 0) || LIAR_AGAIN(i, r, c, 1) || LIAR_AGAIN(i, r, c, 2))
#endif
#define TAKES(i, r, c)                                                                             \
    ((PROPOSER(r) == LIAR && LIAR_OFFERS(i, r, c)) ||                                              \
     (PROPOSER(r) != LIAR && proposed[r] % 4 == c && FREE_TO(i, c, proposed[r] / 4)))

#define MAY_PROPOSE(i, r) (PROPOSER(r) == i && !proposed[r] && STEP_PROPOSE(i, r))
#define FRESH(i, r) (MAY_PROPOSE(i, r) && LOCKED_ROUND(i) == 0)
#define AGAIN(i, r, c, vr)                                                                         \
    (MAY_PROPOSE(i, r) && (vr) <= (r) && PREVOTE(i, (vr)-1) && LOCKED_ROUND(i) <= (vr) &&          \
     QUORUM(prevotes, (vr)-1, c, SET_OF(i)))

/* ---- voting -------------------------------------------------------------------------------- */

inline sent_first(i, r, type)
{
#ifdef PLANT_EARLY_COUNT
    unwritten[i] = 1 + 2 * (r) + type;
#else
    skip;
#endif
}

inline prevote(i, r, c)
{
    PREVOTE(i, r) = 1 + c;
    prevotes[AT(r, c)] = prevotes[AT(r, c)] | (1 << i);
    sent_first(i, r, 0)
}

inline precommit(i, r, c)
{
    PRECOMMIT(i, r) = 1 + c;
    precommits[AT(r, c)] = precommits[AT(r, c)] | (1 << i);
    sent_first(i, r, 1)
}

inline leave(i, r)
{
    if
    :: !PREVOTE(i, r) -> prevote(i, r, NIL)
    :: else
    fi;
    precommit(i, r, NIL)
}

inline forget(i, r)
{
    PREVOTE(i, r) = 0;
    PRECOMMIT(i, r) = 0
}

/* One process a node and round, with no state of its own. */
#define I (_pid % PLACES)
#define R (_pid / PLACES)

active [PLACES * ROUNDS] proctype node()
{
end_liar:
    !LIES(I);
end:
    do
#ifdef CHANGE
    :: d_step { !KNOWS(I) -> knows = knows | (1 << I) }
#endif
    :: d_step { FRESH(I, R) -> proposed[R] = CUT_A }
    :: d_step { FRESH(I, R) && R > 0 -> proposed[R] = CUT_B }
    :: d_step { AGAIN(I, R, CUT_A, 1) -> proposed[R] = CUT_A + 4 * 1 }
    :: d_step { AGAIN(I, R, CUT_B, 1) -> proposed[R] = CUT_B + 4 * 1 }
#if ROUNDS > 2
    :: d_step { AGAIN(I, R, CUT_A, 2) -> proposed[R] = CUT_A + 4 * 2 }
    :: d_step { AGAIN(I, R, CUT_B, 2) -> proposed[R] = CUT_B + 4 * 2 }
#endif
    :: d_step { STEP_PROPOSE(I, R) && TAKES(I, R, CUT_A) -> prevote(I, R, CUT_A) }
    :: d_step { STEP_PROPOSE(I, R) && TAKES(I, R, CUT_B) -> prevote(I, R, CUT_B) }
    :: d_step { STEP_PROPOSE(I, R) -> prevote(I, R, NIL) }
    :: d_step { STEP_PREVOTE(I, R) && QUORUM(prevotes, R, CUT_A, SET_OF(I)) -> precommit(I, R, CUT_A) }
    :: d_step { STEP_PREVOTE(I, R) && QUORUM(prevotes, R, CUT_B, SET_OF(I)) -> precommit(I, R, CUT_B) }
    :: d_step { STEP_PREVOTE(I, R) && QUORUM_ANY(prevotes, R, SET_OF(I)) -> precommit(I, R, NIL) }
    :: d_step { LEAVES_A_VOTE && ACTS(I) && !PRECOMMIT(I, R) && WRITTEN(I) && NEWEST(I) <= R &&
                ((IN(I, R) && QUORUM_ANY(precommits, R, SET_OF(I))) || VOTED_FROM(R + 1)) ->
        leave(I, R) }
#ifdef PLANT_EARLY_COUNT
    :: d_step { unwritten[I] == 1 + 2 * R -> unwritten[I] = 0 }
    :: d_step { unwritten[I] == 2 + 2 * R -> unwritten[I] = 0 }
    :: d_step { unwritten[I] == 1 + 2 * R -> unwritten[I] = 0; PREVOTE(I, R) = 0 }
    :: d_step { unwritten[I] == 2 + 2 * R -> unwritten[I] = 0; PRECOMMIT(I, R) = 0 }
#endif
#ifdef PLANT_LOST_STORE
    :: d_step { SIGNED(I, R) -> forget(I, 0); forget(I, 1); forget(I, LAST) }
#endif
    od
}

/* ---- what must hold ------------------------------------------------------------------------ */

#define STAND(votes, r) (COUNT(HONEST(ANY(votes, r))) >= Q)
#define STAND_FOR(votes, r, c) (COUNT(HONEST(votes[AT(r, c)])) >= Q)
#if ROUNDS == 2
#define SOME_ROUND(what, votes, c) (what(votes, 0, c) || what(votes, 1, c))
#else
#define SOME_ROUND(what, votes, c) (what(votes, 0, c) || what(votes, 1, c) || what(votes, 2, c))
#endif
#define FORK                                                                                       \
    (SOME_ROUND(BELIEVED, precommits, CUT_A) && SOME_ROUND(BELIEVED, precommits, CUT_B))

#define DECIDES                                                                                    \
    (SOME_ROUND(STAND_FOR, precommits, CUT_A) || SOME_ROUND(STAND_FOR, precommits, CUT_B))
/* Over the voters; `a` is what `what` takes beside the place, and may mean nothing to it. */
#ifdef CHANGE
#define ALL(what, a) (what(1, a) && what(2, a) && what(3, a) && what(4, a))
#define ANY_OF(what, a) (what(1, a) || what(2, a) || what(3, a) || what(4, a))
#define HOW_MANY(what, a) (what(1, a) + what(2, a) + what(3, a) + what(4, a))
#else
#define ALL(what, a) (what(0, a) && what(1, a) && what(2, a) && what(3, a))
#define ANY_OF(what, a) (what(0, a) || what(1, a) || what(2, a) || what(3, a))
#define HOW_MANY(what, a) (what(0, a) + what(1, a) + what(2, a) + what(3, a))
#endif
#define BEYOND(i, r) (!LIES(i) && NEWEST(i) > (r))
#define CATCHES_UP(r) (HOW_MANY(BEYOND, r) >= F + 1)
#define GOES_ON(i, r)                                                                              \
    (!PREVOTE(i, r) || (!PRECOMMIT(i, r) && STAND(prevotes, r)) || STAND(precommits, r) ||         \
     CATCHES_UP(r))
#define NOW
#define MOVES(i, now) (!LIES(i) && GOES_ON(i, NEWEST(i)))
#define STUCK !ANY_OF(MOVES, NOW)

#define SHOWN(p, i)                                                                                \
    (PROOF_TRAVELS || i == p || STAND_FOR(prevotes, LOCKED_ROUND(p) - 1, LOCKED(p)))
#define ACCEPTS(i, p)                                                                              \
    (LIES(i) || (LOCKED_ROUND(p) == 0 && LOCKED_ROUND(i) == 0) ||                                \
     (LOCKED_ROUND(p) > 0 && TAKES_OLD_CUTS && SHOWN(p, i) &&                                      \
      FREE_TO(i, LOCKED(p), LOCKED_ROUND(p))))
#define ROUND_OF(p, now) (!LIES(p) && ALL(ACCEPTS, p))
#define NO_ROUND !ANY_OF(ROUND_OF, NOW)

hidden byte forked, stuck, undecided, witnessed;

active proctype watcher()
{
end:
    do
#ifdef WITNESS
    :: d_step { COUNT(HONEST(precommits[AT(0, CUT_A)])) == 1 && proposed[1] == CUT_A + 4 * 1 &&
                STAND_FOR(precommits, 1, CUT_A) -> witnessed = 1; assert(!witnessed) }
#else
    :: d_step { FORK -> forked = 1; assert(!forked) }
    :: d_step { !DECIDES && STUCK -> stuck = 1; assert(!stuck) }
    :: d_step { !DECIDES && NO_ROUND -> undecided = 1; assert(!undecided) }
#endif
    od
}
