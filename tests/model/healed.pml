/* healed.pml - the agreement after the network heals, with a liar who goes on lying: four voters,
 * every round in step, every honest message delivered in its round. For spin; see run.sh.
 *
 * What must hold: within ROUNDS rounds the honest nodes decide. UNHEALED rounds come first in
 * which what one node was shown reaches no other, so that healing begins with any locks.
 *
 * A round here: the proposer's cut is offered (the liar offers each node what it likes: nothing,
 * one of two fresh cuts, or any lock's cut again, with its proof); each honest node prevotes
 * by lines 22 and 28; the liar's prevote completes a quorum of two honest ones for whom it
 * likes, and they lock (line 36); its precommit is never given, since that would only decide.
 * A cut is named by the round in which it was fresh, and by which of the two.
 *
 * ALL CLAIMS (as the paper keeps messages): the liar's prevote is relayed, and counts for that cut
 * with everybody, also where the liar has been heard with another claim. So a lock of one is a
 * valid value of all (line 42), and the next honest proposer proposes it.
 * PLANT_FIRST_CLAIM: a voter's first claim is kept and the second dropped, as consensus_on_vote
 * does. The liar says nil to two and the cut to one; two nodes lock in turn, the later always
 * refusing the earlier, and nothing is ever decided. (When this was written consensus.c did so.)
 */
#ifndef LIAR
#define LIAR 3
#endif
#define UNHEALED 3
#define ROUNDS 12
#define N 4
#define FRESH(r, which) (1 + 2 * (r) + (which))

#ifdef PLANT_FIRST_CLAIM
#define RELAYED false
#else
#define RELAYED (round >= UNHEALED)
#endif

byte round;
byte locked[N], locked_round[N]; /* 0: none; rounds count from 1 */
byte valid[N], valid_round[N];
byte offered[N], offered_round[N]; /* the cut and its validRound; 0: nothing is offered */
byte i, j, chosen, shown;
hidden byte endless;

#define FREE_TO(i)                                                                                 \
    (locked_round[i] == 0 || locked[i] == offered[i] ||                                            \
     (offered_round[i] > 0 && locked_round[i] <= offered_round[i]))
#define YES(i, c) (i != LIAR && offered[i] == (c) && (c) != 0 && FREE_TO(i))
#define VOTES(c) (YES(0, c) + YES(1, c) + YES(2, c) + YES(3, c))

inline offer(to, cut, its_round)
{
    offered[to] = cut;
    offered_round[to] = its_round
}

inline liar_offers(to)
{
    if
    :: offer(to, 0, 0)
    :: offer(to, FRESH(round, 0), 0)
    :: offer(to, FRESH(round, 1), 0)
    :: locked_round[0] > 0 -> offer(to, locked[0], locked_round[0])
    :: locked_round[1] > 0 -> offer(to, locked[1], locked_round[1])
    :: locked_round[2] > 0 -> offer(to, locked[2], locked_round[2])
    :: locked_round[3] > 0 -> offer(to, locked[3], locked_round[3])
    fi
}

inline propose()
{
    for (i : 0 .. N - 1) {
        if
        :: i == LIAR
        :: i != LIAR && round % N == LIAR -> liar_offers(i)
        :: i != LIAR && round % N != LIAR && round < UNHEALED -> offer(i, 0, 0) /* lost */
        :: i != LIAR && round % N != LIAR && valid_round[round % N] > 0 ->
            offer(i, valid[round % N], valid_round[round % N])
        :: i != LIAR && round % N != LIAR && valid_round[round % N] == 0 ->
            offer(i, FRESH(round, 0), 0)
        fi
    }
}

/* Whom the liar shows its vote: `shown`, not all of them, who lock; the rest as relaying has it. */
inline quorum(cut)
{
    if
    :: shown = 0
    :: shown = 1
    :: shown = 2
    :: shown = 4
    :: shown = 8
    :: shown = 3
    :: shown = 5
    :: shown = 6
    :: shown = 9
    :: shown = 10
    :: shown = 12
    fi;
    shown = shown & ~(1 << LIAR);
    for (j : 0 .. N - 1) {
        if
        :: j != LIAR && (shown >> j) & 1 ->
            locked[j] = cut;
            locked_round[j] = round + 1;
            valid[j] = cut;
            valid_round[j] = round + 1
        :: j != LIAR && !((shown >> j) & 1) && shown != 0 && RELAYED ->
            valid[j] = cut;
            valid_round[j] = round + 1
        :: else
        fi
    }
}

init {
end:
    do
    :: atomic {
        round < ROUNDS ->
        propose();
        chosen = 0;
        for (i : 0 .. N - 1) {
            if
            :: VOTES(offered[i]) >= 2 -> chosen = offered[i]
            :: else
            fi
        }
        if
        :: round >= UNHEALED && VOTES(chosen) == 3 -> goto decided
        :: VOTES(chosen) == 2 || (round < UNHEALED && VOTES(chosen) == 3) -> quorum(chosen)
        :: else
        fi;
        for (i : 0 .. N - 1) { offer(i, 0, 0) }
        i = 0; j = 0; chosen = 0; shown = 0;
        round = round + 1 }
    :: d_step { round == ROUNDS -> endless = 1; assert(!endless) }
    od;
decided:
    skip
}
