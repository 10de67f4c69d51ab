/* plant.h - bugs planted on purpose, so that the simulator can show that its checks bite.
 *
 * Only the simulator's own build defines ACCRUE_PLANTS; in the product PLANTED() is false and the
 * compiler removes every trace. X(name, word, what is wrong).
 */
#ifndef PROTOCOL_PLANT_H
#define PROTOCOL_PLANT_H

#define PLANTS(X)                                                                                  \
    X(PLANT_NONE, "none", "nothing")                                                               \
    X(PLANT_NO_LOCK, "no-lock", "prevotes any valid cut, locked or not")                           \
    X(PLANT_SMALL_QUORUM, "small-quorum", "takes Q - 1 votes for a quorum")                        \
    X(PLANT_LOST_STORE, "lost-store", "votes on after its store was lost")                         \
    X(PLANT_EARLY_COUNT, "early-count", "sends and counts a vote before it is durable")            \
    X(PLANT_NO_PROOF, "no-proof", "proposes again without the lock's proof, relays no votes")      \
    X(PLANT_LOCAL_TEST, "local-test", "refuses a re-proposal by the clock")                        \
    X(PLANT_EARLY_COSIGN, "early-cosign", "sends a cosignature before it is durable")              \
    X(PLANT_OLD_VOTERS, "old-voters", "goes on with the voters of the beginning")                  \
    X(PLANT_NO_EVIDENCE, "no-evidence", "brings no evidence into its cuts")                        \
    X(PLANT_LOST_BATCHES, "lost-batches", "forgets what its own void batches held")                \
    X(PLANT_FRAME, "frame", "takes votes of two rounds of a height for a double vote")

enum plant {
#define X(name, word, wrong) name,
    PLANTS(X)
#undef X
};

#ifdef ACCRUE_PLANTS
extern enum plant plant_active;
#define PLANTED(plant) (plant_active == (plant))
#else
#define PLANTED(plant) 0
#endif

#endif
