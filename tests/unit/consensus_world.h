/* consensus_world.h - one node's agreement, driven by hand. Four voters, nodes 2, 5, 7 and 9
 * (places 0 to 3), one may lie: f = 1, Q = 3. At height 1 round 0 is node 5's turn, then 7, 9, 2.
 * Votes that go in are taken as verified, so none is signed here.
 */
#ifndef TESTS_UNIT_CONSENSUS_WORLD_H
#define TESTS_UNIT_CONSENSUS_WORLD_H

#include "check.h"
#include "protocol/consensus.h"

enum { VOTERS = 4, HEIGHT = 1, SEEN_MAX = 64, OBSERVER = -1 };
enum { TIMEOUT_MS = 1000, TIMEOUT_DELTA_MS = 500 };

static const uint16_t voters[VOTERS] = {2, 5, 7, 9};

static struct world {
    struct consensus *c;
    struct consensus_config config;
    struct consensus_action seen[SEEN_MAX]; /* actions not looked at yet */
    size_t seen_count;
} world;

/* ---- the cuts A, B and C ------------------------------------------------------------------- */

struct example_cut {
    struct cut cut;
    struct buffer bytes;
};
static struct example_cut A, B, C;

static inline void make_cut(struct example_cut *example, uint64_t time_ms)
{
    memset(example, 0, sizeof(*example));
    example->cut.height = HEIGHT;
    example->cut.lane_count = 1;
    example->cut.time_ms = time_ms;
    buffer_init(&example->bytes, CUT_SIZE_MAX);
    cut_encode(&example->cut, &example->bytes);
}

/* ---- driving ------------------------------------------------------------------------------- */

static inline void drain(void)
{
    while (world.seen_count < SEEN_MAX && consensus_next(world.c, &world.seen[world.seen_count]))
        world.seen_count++;
    REQUIRE(world.seen_count < SEEN_MAX);
}

/* Takes the oldest action of a kind out of what was seen. */
static inline bool take(enum consensus_action_kind kind, struct consensus_action *action_out)
{
    drain();
    for (size_t i = 0; i < world.seen_count; i++)
        if (world.seen[i].kind == kind) {
            *action_out = world.seen[i];
            memmove(&world.seen[i], &world.seen[i + 1],
                    (world.seen_count - i - 1) * sizeof(world.seen[0]));
            world.seen_count--;
            return true;
        }
    return false;
}

static inline bool happens(enum consensus_action_kind kind)
{
    struct consensus_action action;
    return take(kind, &action);
}

static inline bool nothing_happens(void)
{
    drain();
    return world.seen_count == 0;
}

static inline void forget_seen(void)
{
    drain();
    world.seen_count = 0;
}

static inline bool timeout_set(enum timeout_kind kind, int32_t round)
{
    struct consensus_action action;
    while (take(ACTION_TIMEOUT, &action))
        if (action.timeout == kind && action.round == round)
            return true;
    return false;
}

/* We cast such a vote; cut NULL: nil. */
static inline bool casts(enum vote_type type, int32_t round, const struct example_cut *cut)
{
    struct consensus_action action;
    return take(ACTION_VOTE, &action) && action.vote.type == type && action.vote.round == round &&
           action.vote.height == HEIGHT && action.vote.nil == (cut == NULL) &&
           action.vote.voter.v == voters[world.config.self] &&
           (!cut || hash_equal(&action.vote.cut, &cut->cut.id));
}

static inline void open_world(int self)
{
    world.seen_count = 0;
    world.config = (struct consensus_config){.voters = voters,
                                             .voter_count = VOTERS,
                                             .proposers = voters,
                                             .proposer_count = VOTERS,
                                             .faulty = 1,
                                             .quorum = 3,
                                             .self = self,
                                             .timeout_ms = TIMEOUT_MS,
                                             .timeout_delta_ms = TIMEOUT_DELTA_MS};
    world.c = consensus_open();
    consensus_begin(world.c, &world.config, HEIGHT);
}

static inline void started(int self)
{
    open_world(self);
    consensus_start(world.c);
    forget_seen();
}

static inline void close_world(void)
{
    consensus_close(world.c);
    world.c = NULL;
}

static inline void propose_as(uint16_t node, int32_t round, int32_t valid_round,
                              const struct example_cut *cut, bool timely)
{
    static struct proposal proposal;
    memset(&proposal, 0, sizeof(proposal));
    proposal.height = HEIGHT;
    proposal.round = round;
    proposal.valid_round = valid_round;
    proposal.proposer.v = node;
    proposal.cut = cut->cut;
    proposal.cut_bytes = buffer_bytes(&cut->bytes);
    consensus_on_proposal(world.c, &proposal, bytes_text("proposal"), timely, valid_round >= 0);
}

static inline void propose(int32_t round, int32_t valid_round, const struct example_cut *cut)
{
    propose_as(consensus_proposer(&world.config, HEIGHT, round), round, valid_round, cut, true);
}

static inline void judge(const struct example_cut *cut, enum cut_status status)
{
    consensus_cut_status(world.c, &cut->cut.id, status);
}

static inline struct vote vote_of(size_t place, enum vote_type type, int32_t round,
                                  const struct example_cut *cut)
{
    struct vote vote = {.type = type,
                        .height = HEIGHT,
                        .round = round,
                        .nil = cut == NULL,
                        .valid_round = -1,
                        .voter = {voters[place]}};
    if (cut)
        vote.cut = cut->cut.id;
    memset(vote.signature.at, (int)place + 1, SIGNATURE_SIZE);
    return vote;
}

static inline void hear(size_t place, enum vote_type type, int32_t round,
                        const struct example_cut *cut)
{
    struct vote vote = vote_of(place, type, round, cut);
    consensus_on_vote(world.c, &vote);
}

static inline void hear_places(const char *places, enum vote_type type, int32_t round,
                               const struct example_cut *cut)
{
    for (; *places; places++)
        hear((size_t)(*places - '0'), type, round, cut);
}

/* Place 0 sees A proposed in round 0, prevotes it and locks it with places 1 and 2. */
static inline void locked_on_a(void)
{
    started(0);
    propose(0, -1, &A);
    judge(&A, CUT_VALID);
    hear_places("012", VOTE_PREVOTE, 0, &A);
    forget_seen();
}

static inline void enter_round_after(int32_t round)
{
    consensus_on_timeout(world.c, TIMEOUT_PRECOMMIT, HEIGHT, round);
}

static inline void make_cuts(void)
{
    make_cut(&A, 1);
    make_cut(&B, 2);
    make_cut(&C, 3);
}

static inline void release_cuts(void)
{
    buffer_release(&A.bytes);
    buffer_release(&B.bytes);
    buffer_release(&C.bytes);
}

#endif
